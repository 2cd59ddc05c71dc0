//! What a registry says: bytes in, typed values out.
//!
//! Four kinds of bytes come from strangers, or from a disk that may have lost power, and each has one way in:
//!
//! * [`index`]: a crate's index file, one line of JSON per release → [`IndexFile`] →
//!   [`fence_model::facts::ReleaseFacts`];
//! * [`config`]: a registry's `config.json` → [`RegistryConfig`] → where a release is downloaded from;
//! * [`lockfile`]: a project's Cargo.lock → [`Lockfile`]: which releases a build takes;
//! * [`journal`]: what a fence saw at each read of an index file → [`Journal`] →
//!   [`fence_model::facts::Sighting`] and [`fence_model::facts::Gone`].
//!
//! [`reach()`](reach::reach) says which packages of a lockfile are needed how, from what they declare ([`manifest`]);
//! [`duplicates`] says which crates are locked twice, and what would unite them;
//! [`graph`] says who depends on whom in a whole registry, and who stands behind them;
//! [`serve()`](serve::serve) writes an index file as a filtering registry shows it; [`path`] says under which path an index keeps a crate. Everything that can go wrong is one variant of
//! [`Error`], and everything that is too much is one number of [`Limits`]. Nothing here reads files, asks the
//! network or looks at a clock.

pub mod config;
pub mod duplicates;
mod error;
#[cfg(test)]
mod fence_data;
pub mod graph;
pub mod index;
pub mod journal;
mod limits;
pub mod lockfile;
pub mod manifest;
pub mod path;
pub mod reach;
pub mod serve;

pub use config::RegistryConfig;
pub use error::{ChangeFault, DependencyFault, Error};
pub use index::IndexFile;
pub use journal::Journal;
pub use limits::Limits;
pub use lockfile::Lockfile;
pub use manifest::Manifest;
pub use path::IndexPath;
