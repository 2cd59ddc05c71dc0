//! What a change of a lockfile brings in, and what it drops.

use std::collections::{BTreeMap, BTreeSet};

use fence_model::Digest;
use semver::Version;

use super::{Lockfile, Package, Source};

/// What one lockfile has otherwise than another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// What came in, in the file's order.
    pub came: Vec<Came>,
    /// What is no longer there and nothing replaces, as places in the earlier lockfile.
    pub left: Vec<usize>,
}

/// A package that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Came {
    /// Its place in the lockfile.
    pub package: usize,
    /// The version of the same package that it replaces; its own where source or bytes changed under it.
    pub instead_of: Option<Version>,
}

impl Lockfile {
    /// What this lockfile has otherwise than `before`. A version that came is paired with the nearest one of its name
    /// that left, so that of two versions each finds its own. One's own package replaces none of others, nor the other
    /// way round: where a folder takes a release's place, the release is gone.
    pub fn since(&self, before: &Self) -> Difference {
        let (old, new): (BTreeSet<_>, BTreeSet<_>) =
            (before.packages.iter().map(identity).collect(), self.packages.iter().map(identity).collect());
        let mut left: BTreeMap<(&str, bool), Vec<usize>> = BTreeMap::new();
        for (place, package) in before.packages.iter().enumerate() {
            if !new.contains(&identity(package)) {
                left.entry(kin(package)).or_default().push(place);
            }
        }
        let mut came = Vec::new();
        for (place, package) in self.packages.iter().enumerate() {
            if old.contains(&identity(package)) {
                continue;
            }
            let candidates = left.entry(kin(package)).or_default();
            let nearest = (0..candidates.len())
                .min_by_key(|&at| distance(&before.packages[candidates[at]].version, &package.version));
            let instead_of = nearest.map(|at| before.packages[candidates.remove(at)].version.clone());
            came.push(Came { package: place, instead_of });
        }
        let mut left: Vec<usize> = left.into_values().flatten().collect();
        left.sort_unstable();
        Difference { came, left }
    }
}

/// What makes an entry that of one package; what it depends on does not matter.
fn identity(package: &Package) -> (&str, &Version, &Source, Option<Digest>) {
    (&package.name, &package.version, &package.source, package.checksum)
}

/// What a package may be a version of: its name, and whether it is the project's own.
fn kin(package: &Package) -> (&str, bool) {
    (&package.name, package.source == Source::Path)
}

fn distance(one: &Version, other: &Version) -> (u64, u64, u64) {
    (one.major.abs_diff(other.major), one.minor.abs_diff(other.minor), one.patch.abs_diff(other.patch))
}
