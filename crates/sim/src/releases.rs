//! The releases that projects took, for whoever fetches their packages and reads them.

use std::collections::BTreeSet;

use fence_model::judge::{Asked, Context, Judge};
use fence_model::policy::{Baseline, Policy};
use fence_model::readings::Readings;
use fence_model::settle::FactsOf as _;
use fence_model::{Digest, ReleaseId};

use crate::backtest::reviews::Reviewers;
use crate::backtest::upgrades::Upgrades;
use crate::backtest::{AsOf, Rule, admissions, speaking_feeds};
use crate::history::{Compiled, ReleaseNumber};

/// A release, and the one that the judgement compared it with when it was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// The release, and its digest.
    pub release: (ReleaseId, Digest),
    /// Its base, where it has one.
    pub base: Option<(ReleaseId, Digest)>,
}

/// The releases that changes brought in, each once, with their bases under a policy.
pub fn beside_their_bases(
    compiled: &Compiled<'_>,
    policy: &Policy,
    (upgrades, reviewers): (&Upgrades, Reviewers),
) -> Vec<Beside> {
    let releases: BTreeSet<ReleaseNumber> = upgrades.all.iter().map(|upgrade| upgrade.release).collect();

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
        Beside { release: (id(release.version.clone()), release.digest), base }
    };
    releases.into_iter().map(beside_its_base).collect()
}
