//! Which registry a folder of cargo's cache is of.
//!
//! Cargo names these folders by the address of the registry and a hash of it, and the hash was another one before Rust
//! 1.85; so both names of every address that is known here are looked for. The folder of a registry that nobody names any
//! more stays unknown: a hash does not tell its address.

use std::collections::BTreeMap;

use tame_index::{CRATES_IO_HTTP_INDEX, CRATES_IO_INDEX};

use super::{CargoConfig, ConfigError, IndexLocation};

/// What the packages in a folder of cargo's cache are of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum FolderOf {
    /// crates.io, or what stands in its place.
    CratesIo,
    /// Another registry: its index address, as lockfiles write it.
    Registry(String),
}

impl CargoConfig {
    /// The names of all folders that are known: those of crates.io, of what replaces it, of the registries of this
    /// configuration, and of `fences`, sparse indexes that stand in front of crates.io.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn folders(&self, fences: &[String]) -> Result<BTreeMap<String, FolderOf>, ConfigError> {
        let mut folders = BTreeMap::new();
        let mut add = |address: &str, of: &FolderOf| {
            for stable in [true, false] {
                if let Ok(folder) = tame_index::utils::url_to_local_dir(address, stable) {
                    folders.insert(folder.dir_name, of.clone());
                }
            }
        };
        for name in self.registry_names() {
            // One that is half described has no folder.
            if let Ok((_, address)) = self.registry_named(&name) {
                add(&with_slash(&address), &FolderOf::Registry(address.clone()));
            }
        }
        // Last, since what stands in for crates.io may be one of those.
        let replacement = match self.route_of_crates_io()?.registry.location {
            IndexLocation::Sparse(url) => Some(format!("sparse+{url}")),
            IndexLocation::Git(url) => Some(url),
            IndexLocation::Folder(_) | IndexLocation::Vendored(_) => None,
        };
        let own = [CRATES_IO_HTTP_INDEX.to_owned(), CRATES_IO_INDEX.to_owned()];
        for address in replacement.into_iter().chain(fences.iter().cloned()).chain(own) {
            add(&with_slash(&address), &FolderOf::CratesIo);
        }
        Ok(folders)
    }
}

/// Cargo writes the address of a sparse index with a slash at its end.
fn with_slash(address: &str) -> String {
    let is_sparse = address.starts_with("sparse+");
    if is_sparse && !address.ends_with('/') { format!("{address}/") } else { address.to_owned() }
}
