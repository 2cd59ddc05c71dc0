//! The scene of an incident: the facts that a fence would have had, handed to the same judgement as ever.
//!
//! A crate that was taken over has its real history up to then, where the history at hand has the crate; else that of an
//! unremarkable one: a release a month for a year, all by one account.

use std::collections::BTreeMap;
use std::sync::Arc;

use fence_model::facts::{
    Birth, CrateFacts, Dependency, DependencyKind, Publisher, ReleaseFacts, Sighting, Yank,
};
use fence_model::judge::{Asked, Context, Judge};
use fence_model::policy::{Baseline, Policy};
use fence_model::readings::{BuildCode, Pair, Reading, Readings};
use fence_model::settle::{FactsOf, InUseByCrate, Known, Settlement};
use fence_model::{Code, CrateName, Digest, Span, Time};
use semver::Version;

use super::{Bound, Group, Incident};
use crate::backtest::{Codes, Phase, Rule, speaking_feeds, step};
use crate::history::Compiled;

/// The account that published a crate's good releases, and another.
const OWN: Publisher<'static> = Publisher::User(1);
const OTHER: Publisher<'static> = Publisher::User(2);

/// What a rule would have made of an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// When the malicious release was removed.
    pub removed: Time,
    /// When it would have been admitted, had it stayed; none if time never does that.
    pub admitted: Option<Time>,
    /// What kept it when it was removed.
    pub reasons: Codes,
    /// Which of these ask for a reviewer.
    pub reviews: Codes,
}

impl Outcome {
    /// Whether it was never let in.
    pub fn is_stopped(&self) -> bool {
        self.admitted.is_none_or(|admitted| admitted > self.removed)
    }

    /// How much longer it would have waited than it was there, in seconds; less than none where it was let in, none if it waits
    /// for ever.
    pub fn spare(&self) -> Option<i64> {
        self.admitted.map(|admitted| admitted.unix() - self.removed.unix())
    }
}

/// What a rule would have made of an incident.
pub fn judge(compiled: &Compiled<'_>, incident: &Incident, bound: Bound, rule: &Rule) -> Outcome {
    let removed = incident.removed(bound);
    let policy = match rule {
        Rule::FlatAge(age) => {
            let admitted = Some(incident.published + *age);
            return Outcome { removed, admitted, reasons: Codes::default(), reviews: Codes::default() };
        }
        Rule::Fence(policy) => policy,
    };
    let Ok(version) = Version::parse(&incident.version) else {
        unreachable!("a test reads the versions of all incidents");
    };
    let facts = facts(compiled, incident, bound, &version);
    let found = walk(compiled, incident, bound, policy, (&facts, &version));
    let last = found.phases.iter().rev().find(|phase| phase.from <= removed).or(found.phases.first());
    let (mut reasons, mut reviews) = (Codes::default(), Codes::default());
    if let Some(Phase { review, longer, .. }) = last {
        review.iter().chain(longer.iter()).for_each(|code| reasons.add(code));
        reviews = *review;
    }
    Outcome { removed, admitted: found.admitted, reasons, reviews }
}

fn walk(
    compiled: &Compiled<'_>,
    incident: &Incident,
    bound: Bound,
    policy: &Policy,
    (facts, version): (&CrateFacts<'_>, &Version),
) -> crate::backtest::Alone {
    let readings = readings(incident, bound, facts, version);
    let (baseline, feeds) = (Baseline::default(), speaking_feeds());
    let asked = Asked {
        policy,
        level: policy.level,
        baseline: &baseline,
        feeds: &feeds,
        names: compiled.names(compiled.names_known(incident.published)),
        readings: &readings,
        now: incident.published,
    };
    let one = One(facts);
    let settlement = Settlement::new(asked, &one, InUseByCrate::new(), BTreeMap::new());
    let mut judge = Some(Judge::new(asked, Context::default(), facts.clone()));
    let outlook_at = |now| {
        let moved =
            judge.take().unwrap_or_else(|| Judge::new(asked, Context::default(), facts.clone())).at(now);
        let outlook = settlement.outlook(&moved, version);
        judge = Some(moved);
        outlook
    };
    step(incident.published, outlook_at, |_| None)
}

/// One crate, and nothing known of others.
struct One<'f>(&'f CrateFacts<'f>);

impl FactsOf for One<'_> {
    fn facts_of(&self, name: &CrateName) -> CrateFacts<'_> {
        if self.0.name == *name { self.0.clone() } else { CrateFacts::unknown(name.clone()) }
    }

    fn known(&self, name: &CrateName) -> Known {
        if self.0.name == *name { Known::Something } else { Known::NotAskedFor }
    }

    fn may_be_advised(&self, _: &CrateName) -> bool {
        false
    }
}

fn facts<'f>(
    compiled: &'f Compiled<'_>,
    incident: &'f Incident,
    bound: Bound,
    version: &Version,
) -> CrateFacts<'f> {
    let Ok(name) = incident.name.parse::<CrateName>() else {
        unreachable!("a test reads the names of all incidents");
    };
    // A package of another registry has nothing to do with a crate of the same name.
    let own = compiled.crate_at(&incident.name).filter(|_| incident.group == Group::Takeover);
    let mut facts = match own {
        _ if incident.is_new(bound) => CrateFacts::unknown(name),
        Some(krate) => compiled.facts_at(krate, incident.published - Span::seconds(1)),
        None => unremarkable(name, incident.published),
    };
    // Nobody has a dump of the registry in the unfavourable bound.
    let publisher = |who| (bound != Bound::Unfavourable).then_some(who);
    for release in &mut facts.releases {
        release.publisher = publisher(release.publisher.unwrap_or(OWN));
    }
    if incident.yanked && bound != Bound::Unfavourable {
        yank_the_newest(&mut facts, incident.published);
    }
    let own = facts.releases.iter().max_by_key(|release| release.published).and_then(|r| r.publisher);
    let inherited =
        facts.releases.iter().max_by_key(|release| release.published).map(|r| r.dependencies.to_vec());
    let mut dependencies = inherited.unwrap_or_default();
    dependencies.extend(incident.adds.iter().map(|added| Dependency {
        package: &added.name,
        requirement: "*",
        kind: DependencyKind::Normal,
        optional: false,
        birth: Birth::At(added.born.unwrap_or(match bound {
            Bound::Unfavourable | Bound::Told => Time::EARLIEST,
            Bound::Favourable => incident.published,
        })),
    }));
    facts.releases.push(ReleaseFacts {
        version: version.clone(),
        digest: Digest([0xee; 32]),
        published: Some(incident.published),
        yanked: false,
        dependencies: dependencies.into(),
        sighting: None,
        publisher: publisher(if incident.is_by_own_hand(bound) { own.unwrap_or(OWN) } else { OTHER }),
        voices: None,
    });
    facts
}

/// A crate with a release a month for a year, the last of them 20 days before.
fn unremarkable(name: CrateName, then: Time) -> CrateFacts<'static> {
    let release = |month: u8| ReleaseFacts {
        version: Version::new(1, u64::from(month), 0),
        digest: Digest([month; 32]),
        published: Some(then - Span::days(20 + 30 * i64::from(12 - month))),
        yanked: false,
        dependencies: Arc::new([]),
        sighting: None,
        publisher: Some(OWN),
        voices: None,
    };
    CrateFacts { releases: (0..=12).map(release).collect(), ..CrateFacts::unknown(name) }
}

/// As a journal would have seen it: the five newest releases were withdrawn a minute later.
fn yank_the_newest(facts: &mut CrateFacts<'_>, published: Time) {
    facts.journalled = true;
    facts.releases.sort_by(|a, b| a.version.cmp(&b.version));
    for release in facts.releases.iter_mut().rev().take(5) {
        release.yanked = true;
        release.sighting = Some(Box::new(Sighting {
            first_seen: release.published.unwrap_or(published),
            first_digest: release.digest,
            lacked_at: None,
            first_seen_yanked: false,
            yanks: vec![Yank { at: published + Span::minutes(1), until: None }],
        }));
    }
}

/// What a scanner would have read: in the unfavourable bound nobody looked.
fn readings(incident: &Incident, bound: Bound, facts: &CrateFacts<'_>, version: &Version) -> Readings {
    if bound == Bound::Unfavourable {
        return Readings::NOT_ASKED;
    }
    let of_malicious = Reading {
        capabilities: incident.capability.then(|| "process".to_owned()).into_iter().collect(),
        build_code: if incident.build { BuildCode::New } else { BuildCode::AsBefore },
        ..Reading::default()
    };
    // Whatever the judgement compares a release with, that was read.
    let bases = || facts.releases.iter().map(|release| Some(release.digest)).chain([None]);
    let read = |release: &ReleaseFacts<'_>| {
        let reading = if release.version == *version { of_malicious.clone() } else { Reading::default() };
        let release = release.digest;
        bases().map(move |base| (Pair { release, base }, reading.clone())).collect::<Vec<_>>()
    };
    Readings::of_these(facts.releases.iter().flat_map(read))
}

/// The codes that rest on facts of an incident, each of which a rule can be tried without.
pub const SINGLE_CODES: [Code; 9] = [
    Code::NewCrate,
    Code::LookAlike,
    Code::YoungDependency,
    Code::NewDependency,
    Code::NewPublisher,
    Code::Dormant,
    Code::NewBuildCode,
    Code::NewCapability,
    Code::YankLure,
];
