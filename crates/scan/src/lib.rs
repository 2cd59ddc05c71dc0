//! What the code of a release can do, and what a reviewer should look at. Pure: bytes in, a report out.
//!
//! The way of a scan:
//!
//! 1. [`unpack()`] opens a `.crate` file within [`Limits`]; a folder's files come from whoever calls;
//! 2. `lex`, `word`, `source`: each file of Rust is read once, as tokens whose words are numbers, into functions, imports,
//!    paths and *signs*;
//! 3. `names`: files become modules from the roots that the manifest names, and paths get their meaning;
//! 4. `scope`: functions with what they lead to; `hidden`: what their texts do not show;
//! 5. `rules`: signs that belong together become findings;
//! 6. [`Report`], and [`compare()`] for two of them; [`Asks`] says what of a change wants a reviewer, and [`reading`] has
//!    the text of a change;
//! 7. [`likeness`]: whose code it is, whatever its names are.
//!
//! Beside it, [`origin`] is what a package says of its repository, and [`against`] compares the two.
//!
//! Nothing here believes what it reads: no file is so broken that it is not read, and what was not read is said.

pub mod against;
mod asks;
mod diff;
mod hidden;
mod lex;
pub mod likeness;
mod literal;
mod manifest;
mod names;
pub mod origin;
mod package;
pub mod panics;
pub mod reading;
mod report;
mod rules;
mod scan;
mod scope;
mod sign;
mod source;
mod unpack;
mod word;

pub use asks::{Asks, BuildCode};
pub use diff::{Change, Comparison, FileChange, compare};
pub use package::{File, Package, Problem, ProblemKind};
pub use report::{Amount, Blind, Capability, Clue, Finding, Place, Report, Severity, Span, Unanalyzed, Use};
pub use rules::{Explanation, explanations};
pub use scan::{SCANNER, Scan, scan};
pub use unpack::{Limits, unpack};
