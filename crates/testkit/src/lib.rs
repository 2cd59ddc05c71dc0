//! What tests of several crates share: a world to judge in, a fake registry, reviewers who sign. A dev-dependency only, used from `tests/` folders.

pub mod crev;
pub mod registry;
pub mod world;
