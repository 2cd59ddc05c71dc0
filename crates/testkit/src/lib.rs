//! What tests of several crates share: a world to judge in, a registry that breaks and one that people publish to, the
//! installed cargo, reviewers who sign, real data. A dev-dependency only, used from `tests/` folders.

pub mod browser;
pub mod cargo;
pub mod crev;
pub mod publishing;
pub mod real;
pub mod registry;
pub mod world;
