//! A sample of the upgrades that projects made, for whoever fetches packages and reads them.

use std::collections::BTreeSet;

use fence_model::judge::{Asked, Context, Judge};
use fence_model::policy::{Baseline, Policy};
use fence_model::readings::Readings;
use fence_model::settle::FactsOf as _;
use fence_model::{Digest, ReleaseId};

use crate::backtest::reviews::Reviewers;
use crate::backtest::upgrades::{Kind, Upgrades};
use crate::backtest::{AsOf, Rule, admissions, speaking_feeds};
use crate::halves::hash;
use crate::history::{Compiled, ReleaseNumber};

/// A release, and the one that the judgement compared it with when it was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    /// The release, and its digest.
    pub release: (ReleaseId, Digest),
    /// Its base, where it has one.
    pub base: Option<(ReleaseId, Digest)>,
}

/// Draws so many upgrades by a seed, each as likely as any other, and returns their releases, each once, in order.
pub fn sample(
    compiled: &Compiled<'_>,
    policy: &Policy,
    (upgrades, reviewers): (&Upgrades, Reviewers),
    (count, seed): (usize, u64),
) -> Vec<Drawn> {
    let mut drawn: Vec<(u64, ReleaseNumber)> = upgrades
        .all
        .iter()
        .enumerate()
        .filter(|(_, upgrade)| upgrade.kind == Kind::Upgrade)
        .map(|(at, upgrade)| (hash(seed, &at.to_le_bytes()), upgrade.release))
        .collect();
    drawn.sort_unstable();
    drawn.truncate(count);
    let releases: BTreeSet<ReleaseNumber> = drawn.into_iter().map(|(_, release)| release).collect();

    // What was reviewed may be a base.
    let rule = Rule::Fence(Box::new(policy.clone()));
    let reviews = admissions(compiled, &rule, &Readings::NOT_ASKED, (upgrades, reviewers)).reviews;
    let (baseline, feeds, as_of) = (Baseline::default(), speaking_feeds(), AsOf::new(compiled, reviews));
    let beside_its_base = |number: ReleaseNumber| {
        let published = compiled.published(number);
        as_of.set(published);
        let asked = Asked {
            policy,
            level: policy.level,
            baseline: &baseline,
            feeds: &feeds,
            names: compiled.names(compiled.names_known(published)),
            readings: &Readings::NOT_ASKED,
            now: published,
        };
        let (krate, _) = compiled.place(number);
        let judge = Judge::new(asked, Context::default(), as_of.facts_of(compiled.name(krate)));
        let release = compiled.release(number);
        let id = |version| ReleaseId { name: compiled.name(krate).clone(), version };
        let base = judge.decide(&release.version, &fence_model::judge::Neighbourhood::default()).base;
        let base = base.and_then(|version| {
            let of_base = compiled.release(compiled.number(krate, &version)?);
            Some((id(version), of_base.digest))
        });
        Drawn { release: (id(release.version.clone()), release.digest), base }
    };
    releases.into_iter().map(beside_its_base).collect()
}
