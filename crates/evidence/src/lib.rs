//! What others know: advisories, cargo-vet audits, crev proofs, statements and the registry's database dump, bytes in, facts out.
//!
//! Nothing here fetches, opens files or asks the time: whoever has the bytes hands them in with a name for
//! messages. The main path is [`advisories::read_database`] → [`advisories::AdvisoryRecord`] for advisories,
//! [`cargo_vet::parse_audits`] → [`cargo_vet::SetFacts`] for audit sets, and [`crev::parse_proofs`] →
//! [`crev::WebOfTrust`] for signed reviews; all end in the types of [`fence_model::facts`]. [`statement`] reads and
//! writes what people sign; whether they did is for others to say. [`dump`] reads the database dump of crates.io, which tells
//! who published what and who owns it, and is refused as a whole where it cannot be trusted.
//!
//! One broken record never spoils a file, nor one broken file a database: what cannot be used is reported as a
//! [`Problem`] with its place, and the rest is used.

pub mod advisories;
pub mod cargo_vet;
pub mod crev;
mod document;
pub mod dump;
mod error;
mod limits;
pub mod osv;
pub mod rustsec;
pub mod statement;
pub mod vet_verdict;

pub use error::{Error, Problem};
pub use limits::Limits;

/// What was read, and what had to be left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed<T> {
    /// All that could be read.
    pub value: T,
    /// What could not, in the order of the file.
    pub problems: Vec<Problem>,
}
