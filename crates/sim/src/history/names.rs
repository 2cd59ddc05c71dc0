//! Names that others imitate, as they were known at the start of a year.
//!
//! The list that the fence ships is of today: to judge last year by it would be to know the future. So lists are counted
//! from the history itself, over the newest release that each crate had by then.

use std::collections::{BTreeMap, BTreeSet};

use fence_model::Time;
use fence_model::facts::{DependencyKind, ReleaseFacts};
use fence_model::look_alike::{BETTER_KNOWN, KnownNames, clusters, family};

/// The list as of a moment, over all crates' releases.
pub(super) fn as_of<'f>(
    then: Time,
    crates: impl Iterator<Item = (&'f str, &'f [ReleaseFacts<'f>])>,
) -> KnownNames {
    let mut born: BTreeMap<&str, Time> = BTreeMap::new();
    let mut edges: BTreeSet<(&str, &str)> = BTreeSet::new();
    for (name, releases) in crates {
        let appeared = || releases.iter().filter_map(|release| Some((release.published?, release)));
        let Some(first) = appeared().map(|(published, _)| published).min().filter(|first| *first <= then)
        else {
            continue;
        };
        born.insert(name, first);
        let newest = appeared().filter(|(published, _)| *published <= then).max_by_key(|(time, _)| *time);
        let needed = newest.into_iter().flat_map(|(_, release)| release.dependencies.iter());
        edges.extend(needed.filter(|d| d.kind != DependencyKind::Dev).map(|d| (name, d.package)));
    }
    let mut names = KnownNames::default();
    for (name, count) in clusters(edges.iter().copied()) {
        // Of a crate outside the history nobody tells when it was born.
        if let Some(born) = born.get(name).filter(|_| count >= BETTER_KNOWN) {
            names.see(name, *born, count);
        }
    }
    // What a crate needs is its kin, whatever it is called.
    for (name, package) in edges.iter().filter(|(name, package)| family(name) == family(package)) {
        names.vouch(name, package);
    }
    names
}
