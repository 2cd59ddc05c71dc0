//! Cargo's own configuration: which registry answers, with which token, and how the network is used.
//!
//! [`CargoConfig::read`] merges the files as cargo does — `.cargo/config.toml` from the project's folder upwards,
//! then `$CARGO_HOME/config.toml`, with their `include`s, and the credentials file — and the environment over
//! them. Then
//!
//! * [`CargoConfig::registry`] answers for a source id of a Cargo.lock: it follows source replacement to the
//!   [`Registry`] that is asked in its place, with its token;
//! * [`CargoConfig::http_settings`] and [`CargoConfig::network_mode`] say how.
//!
//! Only the keys that matter to this are looked at; cargo itself tells about mistakes elsewhere.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::{Table, Value};

use crate::environment::Environment;
use crate::http::{HttpSettings, Secret};
use crate::limits::Limits;

/// What cargo is told, for the project that it was read for.
#[derive(Debug, Clone)]
pub struct CargoConfig {
    merged: Table,
    credentials: Table,
    environment: Environment,
    cargo_home: Option<PathBuf>,
}

/// A registry that can be asked about crates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    /// What Cargo.lock calls it, such as `registry+https://…` or `sparse+https://…/`.
    pub source: String,
    /// What people call it: `crates.io`, the name in cargo's configuration, or its address.
    pub name: String,
    /// Where its index is: not always where `source` points, because cargo replaces sources.
    pub location: IndexLocation,
    /// How it is convinced, if it is not open to everybody.
    pub credentials: Credentials,
    /// Where cargo keeps its copies of this index's files, if it keeps any.
    pub cargo_copies: Option<PathBuf>,
}

/// Where an index is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexLocation {
    /// Files over HTTP below this address, which ends in `/`.
    Sparse(String),
    /// Files in a folder, in the layout of a sparse index; a `config.json` may lie at its root.
    Folder(PathBuf),
    /// A git repository, which the fence does not read.
    Git(String),
    /// A folder of unpacked crates (`cargo vendor`), which has no index.
    Vendored(PathBuf),
}

/// What is shown to a registry that wants to know who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Nothing is configured.
    None,
    /// A token.
    Token(Secret),
    /// A program of the user's that prints a token.
    FromStdout {
        /// The program.
        program: String,
        /// Its arguments.
        arguments: Vec<String>,
    },
    /// A provider that only cargo can ask.
    OnlyCargo {
        /// The provider, as configured.
        provider: String,
        /// The environment variable that gives the fence a token instead.
        variable: String,
    },
}
