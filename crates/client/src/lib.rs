//! (being written)

pub mod project;
pub mod snapshot;
pub mod cache;
pub mod cargo_config;
pub mod environment;
pub mod feed;
pub mod gather;
pub mod http;
pub mod index;
mod limits;
mod process;
pub mod progress;

pub use environment::Environment;
pub use limits::Limits;
