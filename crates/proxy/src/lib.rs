//! The fence as a registry: unmodified cargo asks it, and gets what the policy admits.
//!
//! The main path: a request is parsed into an [`Ask`], somebody who [`Answers`] has an [`Answer`] for it, and the
//! server writes that as HTTP.

pub mod answer;
pub mod event;
pub mod log;
pub mod server;
