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

/// His crate is clean until it is old enough, with as many releases as make its publisher known; then the target, whose account he
/// has stolen, is made to depend on it, and a patch of his crate is malicious. How old he lets it become, and how long he leaves between the two, is his choice.
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
        let bad = Version::new(1, 0, 3);
        Script {
            variant: format!("{aged} days old, turned {between} days after"),
            before: vec![stage.target.facts(), own_crate(&own, stage.target.has_journal())],
            acts: vec![
                publish(Version::new(1, 0, 0), born),
                publish(Version::new(1, 0, 1), born + Span::hours(aged * 8)),
                publish(Version::new(1, 0, 2), born + Span::hours(aged * 16)),
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

/// A crate of his that somebody takes for another. It is malicious from its first release on, or some clean ones come first, and
/// it turns a day after it is new no more. What it does is what it is for, as far as anybody can see.
///
/// One that turned is found like new crates too: those of which incidents tell were found by whoever looked at the crate, few use
/// his, and what is new about it is not its release but its name. They stayed the longest, so that flatters no rule.
pub(super) fn new_crate<'a>(stage: &Stage<'a>) -> Vec<Script<'a>> {
    const TURNS: i64 = 91;
    let own = name(OWN);
    let with = |variant: &str, clean: usize, reading: Reading| {
        let publish = |at: usize, reading: &Reading| {
            let day = if clean == 0 { 0 } else { TURNS * at as i64 / clean as i64 };
            let (version, published) = (Version::new(0, 1, at as u64), stage.start + Span::days(day));
            let release = own_release(&own, version, published, Arc::new([]));
            (published, Act::Publish(own.clone(), Box::new(release), reading.clone()))
        };
        let acts: Vec<_> = (0..=clean).map(|at| publish(at, &reading)).collect();
        Script {
            variant: variant.into(),
            before: vec![own_crate(&own, stage.target.has_journal())],
            open: acts.last().map_or(stage.start, |(at, _)| *at),
            acts,
            bad: ReleaseId { name: own.clone(), version: Version::new(0, 1, clean as u64) },
            through: Vec::new(),
            like: Like::NewCrate,
            holdings: vec![stage.holds(What::Made, 1, stage.start), stage.holds(What::Crate, 1, stage.start)],
            hears: Hears::All,
        }
    };
    vec![
        with("with findings", 0, plain()),
        with("without", 0, quiet()),
        with("turned after 1 clean release", 1, quiet()),
        with("turned after 3 clean releases", 3, quiet()),
    ]
}
