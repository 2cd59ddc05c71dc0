//! What one index file says for the graph: which release of the crate speaks for it, from when on.
//!
//! Of the releases that are not yanked and were published long enough ago the one of the highest version speaks, a
//! pre-release only where there is nothing else. A release without a publish time is never old enough. A crate of which
//! nothing speaks depends on nothing.
//!
//! Time only adds: whatever the index says today, each moment to come is told now. So one reading gives a list of releases,
//! each with the moment from which on it speaks; yanks and new releases come with the next reading.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use fence_model::facts::DependencyKind;
use fence_model::{Span, Time};
use semver::Version;

use super::{CrateId, Link, Vocabulary};
use crate::IndexFile;
use crate::index::{IndexDependency, IndexLine};

/// A release that speaks for its crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Speaker {
    /// From when on it speaks, until the next does.
    pub from: Time,
    /// What it depends on: sorted, without the crate itself.
    pub needs: Vec<Link>,
}

/// The crate of an index file, and the releases that speak for it from `as_of` on, in order of time: the first of them
/// since some time, if any; then those that will. Releases speak from the age of `age` on.
pub fn declared(
    file: &IndexFile<'_>,
    (as_of, age): (Time, Span),
    vocabulary: &mut Vocabulary,
) -> (CrateId, Vec<Speaker>) {
    let id = vocabulary.crate_named(file.name.as_str());
    // Of two lines of one version the later one counts, as in cargo.
    let mut releases: BTreeMap<(Reverse<bool>, &Version), &IndexLine<'_>> = BTreeMap::new();
    for release in &file.releases {
        releases.insert((Reverse(!release.version.pre.is_empty()), &release.version), release);
    }
    let mut speakers = Vec::new();
    // From the highest downwards, each speaks until the earliest of those above it does.
    let mut earliest = None;
    for release in releases.values().rev() {
        let Some(published) = release.published.filter(|_| !release.yanked) else { continue };
        let from = published + age;
        if earliest.is_some_and(|earliest| earliest <= from.max(as_of)) {
            continue;
        }
        earliest = Some(from.max(as_of));
        speakers.push(Speaker { from, needs: needs(id, release, vocabulary) });
        if from <= as_of {
            break;
        }
    }
    speakers.reverse();
    (id, speakers)
}

fn needs(id: CrateId, release: &IndexLine<'_>, vocabulary: &mut Vocabulary) -> Vec<Link> {
    let mut needs: Vec<Link> = Vec::new();
    for dependency in &release.dependencies {
        if counts(dependency, vocabulary) {
            let link = Link {
                with: vocabulary.crate_named(dependency.package_name()),
                requirement: vocabulary.requirement_written(&dependency.requirement),
            };
            if link.with != id {
                needs.push(link);
            }
        }
    }
    needs.sort_unstable();
    needs.dedup();
    needs
}

/// Whether whoever builds the release has to build this, on some platform, and it is of this registry.
fn counts(dependency: &IndexDependency<'_>, vocabulary: &mut Vocabulary) -> bool {
    dependency.kind != DependencyKind::Dev
        && !dependency.optional
        && dependency.registry.is_none()
        && dependency.target.as_deref().is_none_or(|target| vocabulary.may_be(target))
}
