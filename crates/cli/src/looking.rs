//! Looking into packages: a judgement says what it wants read, and is asked again with what came of it.
//!
//! ```text
//! judge ──> unread pairs ──> kept readings, else packages ──> scanner, shut in ──> readings ──> judge again
//! ```

use std::collections::{BTreeMap, BTreeSet};

use fence_client::Environment;
use fence_client::cache::Cache;
use fence_client::cargo_config::CargoConfig;
use fence_client::gather::registry_of;
use fence_client::http::Network;
use fence_client::index::IndexSource;
use fence_client::readings::{Reader, Shelf};
use fence_client::scanner::Scanner;
use fence_model::CrateName;
use fence_model::readings::{Looked, Pair, Unread};
use fence_registry::lockfile::{Lockfile, Source};

use crate::error::CliError;
use crate::shell::Shell;

/// Where packages come from, and who reads them.
pub(crate) struct Looking {
    environment: Environment,
    shelf: Shelf,
    /// The registry that stands for crates.io, and those of crates that come from others; none where the network is not
    /// to be used.
    registries: Option<(IndexSource, BTreeMap<CrateName, IndexSource>)>,
}

/// The scanner, whose workers are this program.
pub(crate) fn scanner() -> Result<Scanner, CliError> {
    Scanner::of_process().map_err(|error| CliError::new(format!("the scanner cannot be started: {error}")))
}

impl Looking {
    /// For the packages of a lockfile, and others of crates.io.
    pub(crate) fn of(
        lockfile: &Lockfile,
        cargo: &CargoConfig,
        network: &Network,
        cache: &Cache,
        environment: &Environment,
    ) -> Result<Self, CliError> {
        let registries = match network {
            Network::Offline => None,
            Network::Online(_) => {
                let source = |source| {
                    Ok::<_, CliError>(IndexSource::new(registry_of(source, None, cargo)?, network.clone()))
                };
                let mut others = BTreeMap::new();
                for package in &lockfile.packages {
                    if let (Source::Registry { .. }, Some(release)) = (&package.source, package.release()) {
                        others.insert(release.name, source(&package.source)?);
                    }
                }
                Some((source(&Source::CratesIo)?, others))
            }
        };
        Ok(Self { environment: environment.clone(), shelf: Shelf::of(cache), registries })
    }

    /// What came of looking at each: kept readings, and new ones.
    pub(crate) fn look(
        &self,
        unread: BTreeSet<Unread>,
        shell: &Shell,
    ) -> Result<Vec<(Pair, Looked)>, CliError> {
        let scanner = scanner()?;
        let registry_of = |name: &CrateName| {
            self.registries.as_ref().map(|(crates_io, others)| others.get(name).unwrap_or(crates_io))
        };
        let reader = Reader {
            environment: &self.environment,
            registry_of: &registry_of,
            scanner: &scanner,
            shelf: &self.shelf,
            progress: shell,
        };
        Ok(reader.look(unread.into_iter().collect()))
    }
}
