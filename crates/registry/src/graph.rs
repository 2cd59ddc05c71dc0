//! Who depends on whom in a whole registry, and who stands behind them.
//!
//! ```text
//! index files -> Builder -> Growth { vocabulary, graph, what is still too young }
//!                             |  read(index file)   a release is new, yanked, gone
//!                             |  until(moment)      what has come of age
//!                             v
//!                           Graph, Owners -> Weights -> voices of a release -> fence_model::quorum
//! ```
//!
//! The graph is that of one moment. It has one row for each crate: what its newest release that is old enough by then
//! depends on, normally or for its build, not optionally, and on some platform at all. [`declared`] says which release
//! that is. Crates and requirements are numbers ([`CrateId`], [`RequirementId`]) that a [`Vocabulary`] gives out, never
//! anew; so numbers of yesterday's graph are good today.
//!
//! # Shape and cost
//!
//! A [`Graph`] is an immutable base, shared by all that came of it, and what has changed since. The base has the rows of
//! all crates twice, by dependent and by dependency, each as one array of links and one of starts: 16 bytes for a
//! dependency, 8 for a crate. Names take their letters and some 12 bytes each. A change replaces the row of one crate: a
//! few steps for each of its dependencies, whatever the registry's size. Once much has changed ([`Graph::has_grown`]),
//! [`Growth::merge`] makes a new base: a pass over all.
//!
//! [`Weights`] are made of a graph and its [`Owners`] in three passes, each over all crates on several threads; its docs
//! say what they cost. A release's voices are then read from one row.
//!
//! # What is not in it
//!
//! Files of owners: an [`Owners`] table is plain, and made by whoever knows them. Yanks of the past: an index says what is
//! yanked now, so a graph of an earlier moment has the yanks of today.

pub mod declared;
mod growth;
mod lists;
mod owners;
mod rows;
#[cfg(test)]
mod tests;
mod vocabulary;
mod weights;

pub use growth::{Builder, Growth};
pub use owners::{Owners, Ownership};
pub use rows::{Graph, Link};
pub use vocabulary::{CrateId, RequirementId, Vocabulary};
pub use weights::{Tenure, Weights};
