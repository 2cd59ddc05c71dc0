//! The replay held against the judgement itself: for some upgrades, what it decides at the very moment of the commit, from
//! nothing but what was known then.

use std::collections::BTreeMap;

use fence_model::Verdict;
use fence_model::judge::{Asked, Context, Judge};
use fence_model::policy::{Baseline, Policy};
use fence_model::readings::Readings;
use fence_model::settle::{FactsOf, InUseByCrate, Settlement};

use super::Admissions;
use super::upgrades::Upgrade;
use super::walk::{AsOf, speaking_feeds};
use crate::history::Compiled;

/// An upgrade of which replay and judgement say different things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The release, as name and version.
    pub release: String,
    /// When it was committed.
    pub at: fence_model::Time,
    /// What the judgement says.
    pub decided: Verdict,
    /// Its codes that stand.
    pub codes: Vec<fence_model::Code>,
}

/// Decides each of these upgrades at the moment of its commit, neighbours considered, from facts of which none became known
/// later; and returns those of which the replay says otherwise.
pub fn differences<'u>(
    compiled: &Compiled<'_>,
    policy: &Policy,
    readings: &Readings,
    admissions: &Admissions,
    upgrades: impl IntoIterator<Item = &'u Upgrade>,
) -> Vec<Difference> {
    let (baseline, feeds, as_of) =
        (Baseline::default(), speaking_feeds(), AsOf::new(compiled, admissions.reviews.clone()));
    let mut different = Vec::new();
    for upgrade in upgrades {
        let release = compiled.release(upgrade.release);
        let (krate, _) = compiled.place(upgrade.release);
        as_of.set(upgrade.at);
        let asked = Asked {
            policy,
            level: policy.level,
            baseline: &baseline,
            feeds: &feeds,
            names: compiled.names(compiled.names_known(compiled.published(upgrade.release))),
            readings,
            now: upgrade.at,
        };
        let settlement = Settlement::new(asked, &as_of, InUseByCrate::new(), BTreeMap::new());
        let judge = Judge::new(asked, Context::default(), as_of.facts_of(compiled.name(krate)));
        let decision = settlement.decide(&judge, &release.version);
        let says = admissions.of(upgrade.release).is_some_and(|fate| fate.is_admitted_at(upgrade.at));
        if says != (decision.verdict == Verdict::Admit) {
            different.push(Difference {
                release: decision.release.to_string(),
                at: upgrade.at,
                decided: decision.verdict,
                codes: decision.standing_codes(),
            });
        }
    }
    different
}
