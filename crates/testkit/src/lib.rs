//! What tests of several crates share: a world to judge in. A dev-dependency only, used from `tests/` folders.

pub mod registry;
pub mod world;
