//! The fence as a registry: unmodified cargo asks it, and gets what the policy admits.
//!
//! The main path: a request is parsed into an [`Ask`](answer::Ask); the [`Fence`](fence::Fence), who
//! [`Answers`](answer::Answers), has the page at hand or makes it, and the server writes the
//! [`Answer`](answer::Answer) as HTTP. To make a page the registry is asked for its index file (`views` keeps what it
//! said last), the read is written into the journal (`scribe`), and the crate is judged (`judgement`).
//!
//! What people ask for in a browser the same fence answers with `pages`; what a release changes is a `change` there.
//!
//! Nothing is served that was not written down, judged by the rules in force (`rules`), and compared with its digest.

pub mod alarms;
pub mod answer;
mod change;
pub mod event;
pub mod fence;
mod flights;
mod judgement;
pub mod log;
mod packages;
mod page;
mod pages;
pub mod refusal;
mod rules;
mod scribe;
pub mod server;
mod views;

pub use judgement::page_at_first_contact;
pub use packages::Stock;
pub use rules::RulesOf;
