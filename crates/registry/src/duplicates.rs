//! One crate in several versions: who asks for which, and the smallest change that unites them.
//!
//! [`duplicates`] takes a lockfile and what is [known](Known) beside it. The newest version of a crate stays. Of each
//! older one it says
//!
//! 1. who [asks](Asker) for it, with the requirement;
//! 2. what [leaves](Older::leaves) the lockfile with it: all that is reached through it alone;
//! 3. the [way](Way) to do without it: each dependent has to ask for a version that stays. A dependent of a registry does
//!    so in a later release, which its own dependents have to take in turn; a package of the project does so by its
//!    manifest. Where no release does, that is said instead.
//!
//! A way that is longer than what somebody does to be rid of a duplicate is none. It never trades: a release that brings in
//! another version of something that is locked already is not proposed. What features switch off is not known here, so
//! optional dependencies of the candidates do not count against them.

mod after;
pub mod purposes;
mod search;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use fence_model::facts::DependencyKind;
use semver::{Op, Version, VersionReq};

use search::Search;

use crate::index::IndexFile;
use crate::lockfile::{Lockfile, Source};

/// What is known beside a lockfile.
pub trait Known {
    /// What a package of the project declares, by its place in the lockfile; none where that is not known.
    fn own(&self, package: usize) -> Option<Rc<[Need]>>;
    /// All releases of a crate at the registry that a locked package comes from, lowest version first; none where they are
    /// not known.
    fn releases(&self, name: &str, of_registry_of: usize) -> Option<Rc<[Release]>>;
    /// The oldest Rust that the project is to build with, where it says so.
    fn rust_version(&self) -> Option<&Version>;
}

/// A dependency that is declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// The name of its package.
    pub package: String,
    /// The versions that it takes; none where what was written is no requirement, which takes all.
    pub requirement: Option<VersionReq>,
    /// Whether only a feature switches it on.
    pub optional: bool,
}

/// A release of a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Its version.
    pub version: Version,
    /// Whether it is withdrawn.
    pub yanked: bool,
    /// The oldest Rust that it says it builds with.
    pub rust_version: Option<Version>,
    /// Whether it links a library that is no crate, which only a release with a build script may say.
    pub links: bool,
    /// What it depends on, but for its tests.
    pub needs: Rc<[Need]>,
}

/// A crate that is locked in several versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// Its name.
    pub name: Box<str>,
    /// The newest, which stays, by its place in the lockfile.
    pub newest: usize,
    /// Who asks for the newest.
    pub asked_by: Vec<Asker>,
    /// The others, newest first.
    pub older: Vec<Older>,
}

/// An older version of a crate that is locked in several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Older {
    /// Its place in the lockfile.
    pub package: usize,
    /// Who asks for it.
    pub asked_by: Vec<Asker>,
    /// All that leaves the lockfile with it, itself first.
    pub leaves: Vec<usize>,
    /// How it may leave.
    pub way: Way,
}

/// A package that depends on another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    /// Its place in the lockfile.
    pub package: usize,
    /// Its requirement as written; none where it is not known.
    pub requirement: Option<String>,
}

/// How a version may leave a lockfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// It goes with an older version of another crate, which all that asks for it needs.
    With(usize),
    /// By changes.
    Steps {
        /// The changes, in this order.
        steps: Vec<Step>,
        /// Crates that come in by them, each with its version, and were not locked in any.
        brings: Vec<(Rc<str>, Version)>,
    },
    /// It cannot yet, because of these.
    Blocked(Vec<Obstacle>),
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A locked package goes to this version, which what asks for it allows: `cargo update … --precise …`.
    Update {
        /// Its place in the lockfile.
        package: usize,
        /// The lowest version that will do.
        to: Version,
    },
    /// A package of the project asks for this version in its manifest.
    Require {
        /// Its place in the lockfile.
        own: usize,
        /// Of this crate.
        name: Box<str>,
        /// The lowest version that will do.
        version: Version,
    },
}

/// Why a dependent keeps a version in a lockfile.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Obstacle {
    /// No later release of it will do.
    NoRelease {
        /// The dependent.
        package: usize,
        /// What it asks for: the version itself, or what stands between the two.
        of: usize,
        /// Its newest release, which asks for no version that stays.
        newest: Version,
    },
    /// Later releases will do, and want a newer Rust than the project does.
    Rust {
        /// The dependent.
        package: usize,
        /// The Rust that the lowest of them wants.
        wants: Version,
    },
    /// Later releases will do, and bring in another version of something that is locked.
    Trades {
        /// The dependent.
        package: usize,
        /// The lowest of them.
        to: Version,
        /// What it would bring in, as `name requirement`.
        brings: String,
    },
    /// It comes from no registry, or its releases are not known.
    Unknown {
        /// The dependent.
        package: usize,
    },
    /// A manifest of the project asks for exactly this version, or for several of the crate, which somebody will have meant.
    Pinned {
        /// The package of the project.
        package: usize,
    },
    /// Too much would have to follow.
    TooFar {
        /// The dependent.
        package: usize,
    },
}

impl Step {
    /// The package that it updates, by its place in the lockfile; none where it is no update.
    pub fn updates(&self) -> Option<usize> {
        match self {
            Self::Update { package, .. } => Some(*package),
            Self::Require { .. } => None,
        }
    }
}

impl Need {
    fn takes(&self, version: &Version) -> bool {
        self.requirement.as_ref().is_none_or(|requirement| requirement.matches(version))
    }

    fn is_pinned(&self) -> bool {
        let comparators = self.requirement.as_ref().map(|requirement| &requirement.comparators);
        comparators.is_some_and(|all| all.iter().any(|one| one.op == Op::Exact))
    }
}

impl Release {
    /// The releases of an index file, lowest version first. A requirement or a Rust that does not read is as good as none.
    pub fn all(file: &IndexFile<'_>) -> Vec<Self> {
        let mut releases: Vec<Self> = file
            .releases
            .iter()
            .map(|line| Self {
                version: line.version.clone(),
                yanked: line.yanked,
                rust_version: line.rust_version.as_deref().and_then(rust),
                links: line.links.is_some(),
                needs: line
                    .dependencies
                    .iter()
                    .filter(|declared| declared.kind != DependencyKind::Dev)
                    .map(|declared| Need {
                        package: declared.package_name().to_owned(),
                        requirement: VersionReq::parse(&declared.requirement).ok(),
                        optional: declared.optional,
                    })
                    .collect(),
            })
            .collect();
        releases.sort_by(|a, b| a.version.cmp(&b.version));
        releases
    }
}

/// A version of Rust as manifests write it: `1.80`, or `1.80.0`.
pub fn rust(text: &str) -> Option<Version> {
    let mut parts = text.split('.');
    let mut part = |required: bool| match parts.next() {
        Some(number) => number.parse::<u64>().ok(),
        None => (!required).then_some(0),
    };
    let (major, minor, patch) = (part(true)?, part(false)?, part(false)?);
    Some(Version::new(major, minor, patch))
}

/// The part of a version that cargo holds compatible releases by: `1`, `0.3`, `0.0.7`.
pub fn line(version: &Version) -> String {
    match (version.major, version.minor) {
        (0, 0) => format!("0.0.{}", version.patch),
        (0, minor) => format!("0.{minor}"),
        (major, _) => major.to_string(),
    }
}

/// The crates that are locked in several versions, by name.
pub fn duplicates(lockfile: &Lockfile, known: &dyn Known) -> Vec<Duplicate> {
    let search = Search::of(lockfile, known);
    let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, package) in lockfile.packages.iter().enumerate() {
        if package.source != Source::Path {
            by_name.entry(&package.name).or_default().push(at);
        }
    }
    by_name.retain(|_, of_name| of_name.len() > 1);
    let packages = &lockfile.packages;
    for of_name in by_name.values_mut() {
        of_name.sort_by(|a, b| packages[*b].version.cmp(&packages[*a].version));
    }
    let olders: Vec<usize> = by_name.values().flat_map(|of_name| of_name[1..].iter().copied()).collect();
    let leaves: BTreeMap<usize, Vec<usize>> =
        olders.iter().map(|at| (*at, search.leaves_with(*at))).collect();
    // The largest group that a version leaves with is the one that somebody has to part with.
    let goes_with = |at: usize| {
        let larger = olders.iter().filter(|other| **other != at && leaves[other].contains(&at));
        larger.max_by_key(|other| leaves[other].len()).copied()
    };
    by_name
        .iter()
        .map(|(name, of_name)| Duplicate {
            name: (*name).into(),
            newest: of_name[0],
            asked_by: search.askers(of_name[0]),
            older: of_name[1..]
                .iter()
                .map(|&at| Older {
                    package: at,
                    asked_by: search.askers(at),
                    leaves: leaves[&at].clone(),
                    way: goes_with(at).map_or_else(|| search.way(at), Way::With),
                })
                .collect(),
        })
        .collect()
}

/// All that leaves a lockfile with a package, itself first.
pub fn leaves_with(lockfile: &Lockfile, package: usize) -> Vec<usize> {
    Search::of(lockfile, &Nothing).leaves_with(package)
}

/// Nothing is known beside the lockfile.
struct Nothing;

impl Known for Nothing {
    fn own(&self, _: usize) -> Option<Rc<[Need]>> {
        None
    }

    fn releases(&self, _: &str, _: usize) -> Option<Rc<[Release]>> {
        None
    }

    fn rust_version(&self) -> Option<&Version> {
        None
    }
}

/// The crates that were there before, by which what is new is told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Before(BTreeMap<String, BTreeSet<String>>);

impl Before {
    /// Of these releases.
    pub fn of<'r>(releases: impl IntoIterator<Item = (&'r str, &'r Version)>) -> Self {
        let mut before = BTreeMap::<String, BTreeSet<String>>::new();
        for (name, version) in releases {
            before.entry(name.to_owned()).or_default().insert(line(version));
        }
        Self(before)
    }

    /// Whether a crate was there in two versions like these: an update within both is no new duplicate.
    pub fn had_both(&self, name: &str, older: &Version, newest: &Version) -> bool {
        self.0.get(name).is_some_and(|lines| lines.contains(&line(older)) && lines.contains(&line(newest)))
    }

    /// Whether a crate was there.
    pub fn had(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}
