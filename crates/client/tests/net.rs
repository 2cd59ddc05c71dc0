//! How facts enter the machine: the cache, cargo's configuration, the index and the feeds, against a registry on
//! loopback that breaks as it is told.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

#[path = "net/cache.rs"]
mod cache;
#[path = "net/cargo_config.rs"]
mod cargo_config;
#[path = "net/corpus.rs"]
mod corpus;
#[path = "net/feed.rs"]
mod feed;
#[path = "net/index.rs"]
mod index;
#[path = "net/journal.rs"]
mod journal;
#[path = "net/support.rs"]
mod support;
