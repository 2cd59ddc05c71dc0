//! Fetch, verify, cache: the only way verified facts enter a machine.
//!
//! The main path: [`project`] reads what the project asks for, [`cargo_config`] which registry cargo would ask and
//! how; [`gather`] then reads what is missing or old through [`index`] and [`feed`], compiles it into a [`snapshot`],
//! and hands the judgement its facts from there.
//!
//! * [`scope`] says which part of a project is asked about, and as what it needs each release.
//! * [`duplicates`] reads what is known of crates that are locked twice.
//! * [`journal`] keeps what was seen of a registry, and when.
//! * [`switch`] leads a file of cargo's configuration to a fence, and back to the byte.
//! * [`cargo_cache`] looks at what cargo keeps of registries, and [`lockfiles`] finds who would build it.
//! * [`cargo_says`] is what the installed cargo tells of itself and of a project, and [`toml_lines`] where a key stands.
//! * [`packages`] are brought, [`scanner`] reads them where that does no harm, and [`readings`] keeps what came of it.
//! * [`source`] reads the repository that a package says it was made from.
//! * [`revision`] reads policy and baseline as they were before a change.
//! * [`http`] is the one client; [`http::Network`] says by its type whether it may be used.
//! * [`cache`] is the one place on disk, in which everything is whole or absent, and can be made again.
//! * [`Limits`] is how much of anything is taken from a stranger.
//! * [`Environment`] is read once, by the program; the clock is an argument everywhere.
//!
//! Absent, unreachable and invalid are three different errors in every room.

pub mod cache;
pub mod cargo_cache;
pub mod cargo_config;
pub mod cargo_says;
pub mod duplicates;
pub mod environment;
pub mod feed;
pub mod gather;
pub mod http;
pub mod index;
pub mod journal;
mod limits;
pub mod lockfiles;
pub mod packages;
mod process;
pub mod progress;
pub mod project;
pub mod readings;
pub mod revision;
pub mod scanner;
pub mod scope;
mod side_by_side;
pub mod signing;
pub mod snapshot;
pub mod source;
pub mod statements;
pub mod switch;
pub mod toml_lines;

pub use environment::Environment;
pub use limits::Limits;
