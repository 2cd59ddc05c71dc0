//! What the fence talks about, and how it decides.
//!
//! Nothing here does I/O, reads a clock or draws lots: everything is a value, and the same values give the same
//! decision. The way of the data is [`facts`] and [`policy`] → [`judge`] → [`settle`] → [`view`].

mod audits;
mod bases;
pub mod beside;
pub mod clock;
pub mod code;
pub mod decision;
pub mod exposure;
pub mod facts;
mod findings;
mod hands;
mod history;
mod involved;
pub mod judge;
mod kin;
pub mod kind;
pub mod look_alike;
pub mod names;
pub mod people;
pub mod policy;
pub mod project;
mod publishers;
pub mod quorum;
pub mod readings;
pub mod settle;
mod statements;
pub mod time;
pub mod view;
mod ways;
pub mod words;

pub use code::{Code, CodeClass, Effect, Level};
pub use decision::{Decision, Verdict};
pub use kind::{Kind, Kinds};
pub use names::{CaretClass, CrateName, Digest, Principal, ReleaseId, ReviewerId};
pub use time::{Span, Time};
