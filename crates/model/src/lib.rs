//! What the fence talks about, and how it decides.
//!
//! Nothing here does I/O, reads a clock or draws lots: everything is a value, and the same values give the same
//! decision. The way of the data is [`facts`] and [`policy`] → [`judge`] → [`settle`] → [`view`].

pub mod code;
pub mod decision;
pub mod facts;
pub mod names;
pub mod policy;
pub mod time;

pub use decision::{Decision, Verdict};
pub use code::{Code, CodeClass, Effect, Level};
pub use names::{CaretClass, CrateName, Digest, ReleaseId};
pub use time::{Span, Time};
