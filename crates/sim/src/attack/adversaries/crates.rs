//! Attacks by crates that the attacker owns himself.

use std::sync::Arc;

use fence_model::facts::{Birth, Dependency, DependencyKind};
use fence_model::readings::Reading;
use fence_model::{ReleaseId, Span, Time};
use semver::Version;

use super::{Stage, own_crate, own_release};
use crate::attack::detection::Like;
use crate::attack::registry::name;
use crate::attack::script::{Act, Hears, Script, What, plain, quiet};

/// The name of his crate.
const OWN: &str = "quite-useful";

/// His crate is clean until it is old enough; then the target, whose account he has stolen, is made to depend on it, and
/// a patch of his crate is malicious. How old he lets it become, and how long he leaves between the two, is his choice.
pub(super) fn aged_dependency<'a>(stage: &Stage<'a>) -> Vec<Script<'a>> {
    let own = name(OWN);
    let after = |aged: i64, between: i64| {
        let born = stage.start;
        let adopted = born + Span::days(aged);
        let turned = adopted + Span::days(between);
        let publish = |version: Version, at: Time| {
            let release = own_release(&own, version, at, Arc::new([]));
            (at, Act::Publish(own.clone(), Box::new(release), quiet()))
        };
        let mut adopting = stage.release(0, adopted);
        let needs = Dependency {
            package: OWN,
            requirement: "^1",
            kind: DependencyKind::Normal,
            optional: false,
            birth: Birth::At(born),
        };
        adopting.dependencies = adopting.dependencies.iter().copied().chain([needs]).collect();
        let through = vec![stage.id(&adopting.version)];
        let adopt = Act::Publish(stage.target.name.clone(), Box::new(adopting), quiet());
        let bad = Version::new(1, 0, 2);
        Script {
            variant: format!("{aged} days old, turned {between} days after"),
            before: vec![stage.target.facts(), own_crate(&own, stage.target.has_journal())],
            acts: vec![
                publish(Version::new(1, 0, 0), born),
                publish(Version::new(1, 0, 1), born + Span::days(aged / 2)),
                (adopted, adopt),
                publish(bad.clone(), turned),
            ],
            bad: ReleaseId { name: own.clone(), version: bad },
            through,
            open: turned,
            like: Like::Takeover,
            holdings: vec![
                stage.holds(What::Account, 1, adopted),
                stage.holds(What::Made, 1, born),
                stage.holds(What::Crate, 1, born),
            ],
            hears: Hears::All,
        }
    };
    let mut variants = Vec::new();
    for aged in [1, 91, 181, 366] {
        for between in [0, 8, 31] {
            variants.push(after(aged, between));
        }
    }
    variants
}

/// A crate that is malicious from its first release on; somebody takes it for another. What it does is what it is for, as
/// far as anybody can see.
pub(super) fn new_crate<'a>(stage: &Stage<'a>) -> Vec<Script<'a>> {
    let own = name(OWN);
    let with = |(variant, reading): (&str, Reading)| {
        let version = Version::new(0, 1, 0);
        let release = own_release(&own, version.clone(), stage.start, Arc::new([]));
        Script {
            variant: variant.into(),
            before: vec![own_crate(&own, stage.target.has_journal())],
            acts: vec![(stage.start, Act::Publish(own.clone(), Box::new(release), reading))],
            bad: ReleaseId { name: own.clone(), version },
            through: Vec::new(),
            open: stage.start,
            like: Like::NewCrate,
            holdings: vec![stage.holds(What::Made, 1, stage.start), stage.holds(What::Crate, 1, stage.start)],
            hears: Hears::All,
        }
    };
    vec![with(("with findings", plain())), with(("without", quiet()))]
}
