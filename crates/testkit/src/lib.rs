//! What tests of several crates share: a world to judge in, a registry that breaks, one that people publish to and one of any
//! size with its database dump, the installed cargo, reviewers who sign, real data. A dev-dependency, used from `tests/` folders, for benchmarks
//! by its own examples, and by `fence-sim`, which attacks its registry.

pub mod browser;
pub mod cargo;
pub mod crev;
pub mod dump;
pub mod people;
pub mod publishing;
pub mod real;
pub mod registry;
pub mod ssh;
pub mod synthetic;
pub mod world;
