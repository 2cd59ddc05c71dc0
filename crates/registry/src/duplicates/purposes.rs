//! Crates for which the standard library has a replacement, and crates for one purpose.
//!
//! The list is `purposes.toml`, reviewed like code. Only what a package of the project asks for itself is
//! [told](found): of what its dependencies use nobody here can decide.

use std::sync::LazyLock;

use serde::Deserialize;

use super::{Known, rust};
use crate::lockfile::{Lockfile, Source};

/// What the list says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Purposes {
    /// Crates that the standard library replaces, by name.
    pub std: Vec<Replaced>,
    /// Purposes that several crates have.
    pub purpose: Vec<Purpose>,
}

/// A crate that the standard library replaces.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replaced {
    /// The crate.
    #[serde(rename = "crate")]
    pub name: String,
    /// The Rust in which the replacement is stable, such as `1.70`.
    pub since: String,
    /// The replacement.
    pub instead: String,
    /// What has no counterpart there.
    pub unless: Option<String>,
}

/// A purpose that several crates have.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Purpose {
    /// What they are for.
    pub what: String,
    /// The crates, by name.
    pub members: Vec<String>,
    /// The one to stay with; without it, any one.
    pub prefer: Option<String>,
    /// Why.
    pub because: String,
}

/// What the list says about a project. Places are those of the lockfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The project asks for a crate that the standard library replaces.
    Replaced {
        /// The locked crate.
        package: usize,
        /// Packages of the project that ask for it.
        asked_by: Vec<usize>,
        /// What the list says.
        row: &'static Replaced,
    },
    /// A package of the project asks for several crates of one purpose, or for one beside which the preferred one is locked.
    SamePurpose {
        /// The crates that the project asks for and need not, each with the packages of the project that do.
        crates: Vec<(usize, Vec<usize>)>,
        /// The preferred one, where there is one.
        prefer: Option<usize>,
        /// What the list says.
        row: &'static Purpose,
    },
}

/// How packages are called by custom that use nothing of what they ask for.
const UNIFIES_FEATURES: &str = "workspace-hack";

static PURPOSES: LazyLock<Result<Purposes, toml::de::Error>> =
    LazyLock::new(|| toml::from_str(include_str!("purposes.toml")));

/// The list. A test reads it, so that there is one.
pub fn purposes() -> Option<&'static Purposes> {
    PURPOSES.as_ref().ok()
}

impl Found {
    fn replaced(&self) -> Option<usize> {
        match self {
            Self::Replaced { package, .. } => Some(*package),
            Self::SamePurpose { .. } => None,
        }
    }
}

/// What the list says about a project, in the list's order.
pub fn found(lockfile: &Lockfile, known: &dyn Known) -> Vec<Found> {
    let Some(Purposes { std, purpose }) = purposes() else { return Vec::new() };
    let asks = Asks::of(lockfile);
    let is_stable = |since: &str| match (rust(since), known.rust_version()) {
        (Some(since), Some(own)) => since <= *own,
        (since, None) => since.is_some(),
        (None, _) => false,
    };
    let replaced = std.iter().filter(|row| is_stable(&row.since)).flat_map(|row| {
        let asked = asks.of_project(&row.name);
        asked.into_iter().map(move |(package, asked_by)| Found::Replaced { package, asked_by, row })
    });
    let mut found: Vec<Found> = replaced.collect();
    // What had better go altogether need not be one of two.
    let mut told: Vec<usize> = found.iter().filter_map(Found::replaced).collect();
    for row in purpose {
        let mut crates: Vec<(usize, Vec<usize>)> =
            row.members.iter().flat_map(|name| asks.of_project(name)).collect();
        let prefer = row.prefer.as_ref().and_then(|name| asks.newest(name));
        crates.retain(|(at, _)| Some(&*lockfile.packages[*at].name) != row.prefer.as_deref());
        if prefer.is_none() {
            // What one package of the project asks for and another does not, may be meant so.
            let name = |at: usize| &lockfile.packages[at].name;
            let asked_for = crates.clone();
            let is_shared = |(at, own): (usize, &usize)| {
                asked_for.iter().any(|(other, asked_by)| name(*other) != name(at) && asked_by.contains(own))
            };
            for (at, asked_by) in &mut crates {
                asked_by.retain(|own| is_shared((*at, own)));
            }
            crates.retain(|(_, asked_by)| !asked_by.is_empty());
        }
        let is_several = row.prefer.is_none() || prefer.is_some();
        // The more special row comes first.
        let is_told = crates.iter().any(|(at, _)| told.contains(at));
        if !crates.is_empty() && is_several && !is_told {
            told.extend(crates.iter().map(|(at, _)| *at));
            found.push(Found::SamePurpose { crates, prefer, row });
        }
    }
    found
}

/// Which crates the packages of a project ask for themselves.
struct Asks<'a> {
    lockfile: &'a Lockfile,
}

impl<'a> Asks<'a> {
    fn of(lockfile: &'a Lockfile) -> Self {
        Self { lockfile }
    }

    /// The locked versions of a crate that packages of the project ask for, each with these packages.
    fn of_project(&self, name: &str) -> Vec<(usize, Vec<usize>)> {
        let packages = &self.lockfile.packages;
        let of_name = |at: &usize| *packages[*at].name == *name && packages[*at].source != Source::Path;
        let asked = (0..packages.len()).filter(of_name).map(|at| {
            let asks = |own: &usize| {
                packages[*own].source == Source::Path
                    && packages[*own].dependencies.contains(&at)
                    && !packages[*own].name.ends_with(UNIFIES_FEATURES)
            };
            (at, (0..packages.len()).filter(asks).collect::<Vec<_>>())
        });
        asked.filter(|(_, asked_by)| !asked_by.is_empty()).collect()
    }

    fn newest(&self, name: &str) -> Option<usize> {
        let packages = self.lockfile.packages.iter().enumerate();
        let of_name = packages.filter(|(_, package)| *package.name == *name);
        of_name.max_by_key(|(_, package)| &package.version).map(|(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_reads_and_is_in_order() {
        let Purposes { std, purpose } = purposes().unwrap();
        assert!(std.is_sorted_by(|a, b| a.name < b.name), "rows of std are sorted by crate");
        for row in std {
            assert!(rust(&row.since).is_some(), "{row:?}");
        }
        for row in purpose {
            assert!(row.members.is_sorted_by(|a, b| a < b) && row.members.len() > 1, "{row:?}");
            assert!(row.prefer.as_ref().is_none_or(|prefer| row.members.contains(prefer)), "{row:?}");
        }
    }
}
