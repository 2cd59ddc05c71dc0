//! The judgement of a whole project: every release that its lockfile names, what waits beside them, and what
//! would fix them.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use semver::Version;

use crate::code::{Code, Effect, Level};
use crate::decision::{Because, Decision, Reason, Verdict};
use crate::facts::AdvisoryKind;
use crate::hands::shared;
use crate::judge::{Asked, Checksum, InUse, Judge, Treatment};
use crate::names::{CaretClass, CrateName, Digest, ReleaseId};
use crate::policy::{Policy, RegistryTreatment};
use crate::settle::{Alone, Case, FactsOf, InUseByCrate, Settlement};

/// One package of a lockfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locked {
    /// Its name.
    pub name: CrateName,
    /// Its version.
    pub version: Version,
    /// Where it comes from.
    pub origin: Origin,
    /// The packages that it depends on, as places in the same list.
    pub dependencies: Vec<usize>,
    /// The level to judge it at; none where nobody asked for it.
    pub level: Option<Level>,
}

/// Where a locked package comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// crates.io, with the digest that the lockfile names.
    CratesIo(Option<Digest>),
    /// Another registry: its index address as the lockfile writes it, and the digest.
    Registry(String, Option<Digest>),
    /// A git repository: its address without query and fragment, and the revision.
    Git {
        /// The address.
        url: String,
        /// The full revision.
        revision: String,
    },
    /// A folder of the project's own: not judged.
    Path,
    /// Anything else, as the lockfile writes it.
    Other(String),
}

/// What a project's lockfile comes to.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// One judgement per package of the lockfile, in its order.
    pub packages: Vec<Judged>,
    /// Newer compatible releases that are not admitted: the newest of each class, by name.
    pub waiting: Vec<Waiting>,
    /// Releases in use with a vulnerability, and the admitted release that is free of it.
    pub fixes: Vec<AdmittedFix>,
}

/// What became of one package of the lockfile.
#[derive(Debug, Clone)]
pub enum Judged {
    /// A registry release, decided.
    Decided(Box<Decision>),
    /// A folder of the project's own.
    Own,
    /// Nothing that was asked for needs it, so it was not judged.
    Aside,
    /// A source that the fence cannot judge: the reason, and whether the policy lets it pass.
    Unjudged {
        /// What it is.
        reason: Reason,
        /// Whether the build may use it.
        verdict: Verdict,
    },
}

/// A newer release that is not admitted.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// The release in use.
    pub in_use: Version,
    /// The decision on the newer one.
    pub decision: Decision,
}

/// A release in use that is vulnerable, and an admitted release that is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdmittedFix {
    /// The release in use.
    pub in_use: ReleaseId,
    /// The lowest admitted release that is free of its vulnerabilities; of its own class if there is one.
    pub fix: Version,
    /// Whether `cargo update` reaches it: it is of the class in use.
    pub reach: Reach,
    /// The advisories, by id.
    pub advisories: Vec<String>,
}

/// Whether a requirement on the release in use lets another release in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Of the same caret class.
    Compatible,
    /// Of another: a requirement has to change.
    Breaking,
}

/// What the releases of one crate come to on their own.
struct CrateAlone<'a> {
    /// Those in use, in the lockfile's order.
    in_use: Vec<Alone<'a>>,
    newer: Vec<Newer<'a>>,
    /// Whether one in use has a vulnerability.
    is_vulnerable: bool,
}

/// A newer release beside one in use, decided alone.
struct Newer<'a> {
    in_use: Version,
    alone: Alone<'a>,
}

/// A settlement for a project: what it has in use, and how the policy treats the registries that it comes from.
pub fn settlement<'a>(asked: Asked<'a>, locked: &'a [Locked], facts: &'a dyn FactsOf) -> Settlement<'a> {
    let own = locked.iter().filter(|package| match judged_by_source(asked, package) {
        Some(Judged::Own | Judged::Unjudged { verdict: Verdict::Admit, .. }) => true,
        Some(Judged::Unjudged { .. } | Judged::Decided(_) | Judged::Aside) | None => false,
    });
    Settlement::new(asked, facts, in_use_by_crate(locked), treatment_by_crate(asked, locked))
        .with_own(own.map(Locked::release))
        .with_levels(level_by_crate(locked))
}

/// Judges every package of a lockfile.
///
/// `settlement` is the project's own, see [`settlement()`]; what it finds out here helps to answer what else it is
/// asked. Facts of one crate are asked for, used and let go before those of the next, and only where a neighbour
/// changes something are they asked for again. `hands` is how many threads may judge at once; what they find does
/// not depend on it.
pub fn judge_project(settlement: &Settlement<'_>, locked: &[Locked], hands: NonZeroUsize) -> Report {
    let asked = settlement.case.asked;
    let mut report = Report { packages: Vec::with_capacity(locked.len()), ..Report::default() };
    let mut places: BTreeMap<&CrateName, Vec<usize>> = BTreeMap::new();
    for (at, package) in locked.iter().enumerate() {
        report.packages.push(match (judged_by_source(asked, package), package.level) {
            (Some(Judged::Own), _) => Judged::Own,
            (_, None) => Judged::Aside,
            (Some(judged), Some(_)) => judged,
            (None, Some(_)) => {
                places.entry(&package.name).or_default().push(at);
                Judged::Aside // until it is decided below
            }
        });
    }
    // First every locked release on its own, and the newer ones beside it, so that requirements are mostly met by
    // what is known when they are looked at.
    let mut alone: Vec<Option<Alone<'_>>> = locked.iter().map(|_| None).collect();
    let mut newer: Vec<Newer<'_>> = Vec::new();
    let mut vulnerable: Vec<&[usize]> = Vec::new();
    let places: Vec<Vec<usize>> = places.into_values().collect();
    let case = &settlement.case;
    let found = shared(&places, hands, |places| crate_alone(case, locked, places));
    for (places, found) in places.iter().zip(found) {
        for (&at, decided) in places.iter().zip(found.in_use) {
            settlement.remember(&decided.decision.release, decided.decision.verdict);
            alone[at] = Some(decided);
        }
        newer.extend(found.newer);
        if found.is_vulnerable {
            vulnerable.push(places);
        }
    }
    // Then again, from the bottom up, those to which a release that is not admitted leads. What was found of them
    // alone is forgotten first, all of it: a release beside the lockfile may ask for any of them.
    let above = above_what_is_not_admitted(locked, &report, &alone);
    above.iter().for_each(|&at| settlement.forget(&locked[at].release()));
    for at in above {
        alone[at] = alone[at].take().map(|alone| settlement.settled(alone));
    }
    for (judged, alone) in report.packages.iter_mut().zip(alone) {
        if let Some(Alone { decision, .. }) = alone {
            *judged = Judged::Decided(Box::new(decision));
        }
    }
    // Last, what lies beside the releases in use.
    for Newer { in_use, alone } in newer {
        let decision = settlement.settled(alone).decision;
        if decision.verdict != Verdict::Admit {
            report.waiting.push(Waiting { in_use, decision });
        }
    }
    for places in vulnerable {
        let judge = settlement.judge(&locked[places[0]].name);
        report
            .fixes
            .extend(places.iter().filter_map(|&at| admitted_fix(settlement, &judge, &locked[at].version)));
    }
    report
}

fn crate_alone<'a>(case: &Case<'a>, locked: &[Locked], places: &[usize]) -> CrateAlone<'a> {
    let judge = case.judge(&locked[places[0]].name);
    let in_use: Vec<&Version> = places.iter().map(|&at| &locked[at].version).collect();
    CrateAlone {
        newer: newer_releases(case, &judge, &in_use),
        is_vulnerable: in_use.iter().any(|version| !vulnerabilities(&judge, version).is_empty()),
        in_use: in_use.into_iter().map(|version| case.alone(&judge, version)).collect(),
    }
}

impl Locked {
    /// Its name and version.
    pub fn release(&self) -> ReleaseId {
        ReleaseId { name: self.name.clone(), version: self.version.clone() }
    }

    /// The address that it comes from, where that is no registry's.
    pub(crate) fn source(&self) -> Option<String> {
        match &self.origin {
            Origin::Git { url, .. } => Some(url.clone()),
            Origin::Other(source) => Some(source.clone()),
            Origin::CratesIo(_) | Origin::Registry(..) | Origin::Path => None,
        }
    }

    /// The same package as it would be after a change at its source.
    pub(crate) fn at_another_revision(&self) -> Self {
        let mut other = self.clone();
        if let Origin::Git { revision, .. } = &mut other.origin {
            revision.insert_str(0, "another than ");
        }
        other
    }
}

impl Report {
    /// The decisions on registry releases, in the lockfile's order.
    pub fn decisions(&self) -> impl Iterator<Item = &Decision> {
        self.packages.iter().filter_map(|package| match package {
            Judged::Decided(decision) => Some(&**decision),
            Judged::Own | Judged::Aside | Judged::Unjudged { .. } => None,
        })
    }
}

/// The decided packages that depend, directly or not, on one that is not admitted: dependencies before dependents.
fn above_what_is_not_admitted(locked: &[Locked], report: &Report, alone: &[Option<Alone<'_>>]) -> Vec<usize> {
    let is_held = |at: usize| match (&alone[at], &report.packages[at]) {
        (Some(alone), _) => alone.decision.verdict != Verdict::Admit,
        (None, Judged::Unjudged { verdict, .. }) => *verdict != Verdict::Admit,
        (None, _) => false,
    };
    let mut state = vec![Walked::Unseen; locked.len()];
    let mut above = Vec::new();
    for start in 0..locked.len() {
        // Depth first without recursion: a lockfile may be as deep as somebody cares to write it.
        let mut stack = vec![(start, 0)];
        while let Some((at, next)) = stack.pop() {
            if next == 0 {
                if state[at] != Walked::Unseen {
                    continue;
                }
                state[at] = Walked::Clean;
            }
            if let Some(&dependency) = locked[at].dependencies.get(next) {
                stack.push((at, next + 1));
                stack.push((dependency, 0));
                continue;
            }
            let leads = locked[at].dependencies.iter().any(|&d| is_held(d) || state[d] == Walked::Leads);
            if leads {
                state[at] = Walked::Leads;
                if alone[at].is_some() {
                    above.push(at);
                }
            }
        }
    }
    above
}

/// What is known of a package while the tree is walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Walked {
    Unseen,
    Clean,
    Leads,
}

/// The newest compatible release above one in use that cargo may choose.
fn newest_compatible<'j>(judge: &'j Judge<'_>, in_use: &Version) -> Option<&'j Version> {
    let class = CaretClass::of(in_use);
    let newer = judge.releases().iter().rev().take_while(|release| release.version > *in_use);
    let mut of_class =
        newer.filter(|r| CaretClass::of(&r.version) == class && r.version.pre.is_empty() && !r.yanked);
    of_class.next().map(|release| &release.version)
}

/// For each class in use, the newest compatible release above the one in use.
fn newer_releases<'a>(case: &Case<'a>, judge: &Judge<'a>, in_use: &[&Version]) -> Vec<Newer<'a>> {
    let mut found = Vec::new();
    for version in in_use {
        let class = CaretClass::of(version);
        let Some(newest) = newest_compatible(judge, version) else { continue };
        // Two releases of one class are in use only while the lockfile is being changed by hand.
        if in_use.iter().any(|other| **other > **version && CaretClass::of(other) == class) {
            continue;
        }
        found.push(Newer { in_use: (*version).clone(), alone: case.alone(judge, newest) });
    }
    found
}

/// The ids of the vulnerabilities of a release, sorted; what several databases tell has one.
fn vulnerabilities(judge: &Judge<'_>, version: &Version) -> Vec<String> {
    let told = judge.told(version, |a| a.kind == AdvisoryKind::Vulnerability);
    let mut ids: Vec<String> =
        told.into_iter().map(|at| judge.history.facts.advisories[at].id.to_owned()).collect();
    ids.sort();
    ids
}

/// The lowest admitted release that is free of the vulnerabilities of the one in use.
fn admitted_fix<'a>(settlement: &Settlement<'a>, judge: &Judge<'a>, in_use: &Version) -> Option<AdmittedFix> {
    let advisories = vulnerabilities(judge, in_use);
    if advisories.is_empty() {
        return None;
    }
    let class = CaretClass::of(in_use);
    let is_free = |version: &Version| vulnerabilities(judge, version).is_empty();
    let above =
        judge.releases().iter().filter(|r| r.version > *in_use && r.version.pre.is_empty() && !r.yanked);
    let (near, far): (Vec<_>, Vec<_>) = above.partition(|r| CaretClass::of(&r.version) == class);
    let fix =
        near.into_iter().chain(far).map(|r| r.version.clone()).find(|version| {
            is_free(version) && settlement.decide(judge, version).verdict == Verdict::Admit
        })?;
    let reach = if CaretClass::of(&fix) == class { Reach::Compatible } else { Reach::Breaking };
    let in_use = ReleaseId { name: judge.name().clone(), version: in_use.clone() };
    Some(AdmittedFix { in_use, fix, reach, advisories })
}

/// The releases that a lockfile has in use, by crate.
pub(crate) fn in_use_by_crate(locked: &[Locked]) -> InUseByCrate {
    let mut by_crate = InUseByCrate::new();
    for package in locked {
        let checksum = match &package.origin {
            Origin::CratesIo(digest) | Origin::Registry(_, digest) => {
                digest.map_or(Checksum::Missing, Checksum::Locked)
            }
            Origin::Git { .. } | Origin::Path | Origin::Other(_) => continue,
        };
        let in_use = InUse { version: package.version.clone(), checksum };
        by_crate.entry(package.name.clone()).or_default().push(in_use);
    }
    by_crate
}

/// The strictest level at which any release of a crate is asked for: all of its releases are judged at that, since
/// what is found of one rests on what was found of those before it.
fn level_by_crate(locked: &[Locked]) -> BTreeMap<CrateName, Level> {
    let mut by_crate: BTreeMap<CrateName, Level> = BTreeMap::new();
    for package in locked {
        let Some(level) = package.level else { continue };
        let strictest = by_crate.entry(package.name.clone()).or_insert(level);
        *strictest = level.max(*strictest);
    }
    by_crate
}

/// How the policy treats the registries of a lockfile's crates, where not as crates.io.
///
/// Where a name comes from several registries, the strictest treatment counts for all: a stranger who publishes
/// the name of one's own crate elsewhere must not be taken for oneself.
pub fn treatment_by_crate<'a>(asked: Asked<'a>, locked: &'a [Locked]) -> BTreeMap<CrateName, Treatment<'a>> {
    let mut by_crate: BTreeMap<CrateName, Treatment<'a>> = BTreeMap::new();
    let strictness = |treatment: &Treatment<'a>| match *treatment {
        Treatment::FirstParty(index) => (0, index),
        Treatment::Judged => (1, ""),
        Treatment::Foreign(index) => (2, index),
    };
    for package in locked {
        let Some(treatment) = treatment(asked, &package.origin) else { continue };
        let known = by_crate.entry(package.name.clone()).or_insert(treatment);
        *known = [*known, treatment].into_iter().max_by_key(strictness).unwrap_or(treatment);
    }
    by_crate.retain(|_, treatment| *treatment != Treatment::Judged);
    by_crate
}

fn treatment<'a>(asked: Asked<'a>, origin: &'a Origin) -> Option<Treatment<'a>> {
    match origin {
        Origin::CratesIo(_) => Some(Treatment::Judged),
        Origin::Registry(index, _) => Some(treatment_of(asked.policy, index)),
        Origin::Git { .. } | Origin::Path | Origin::Other(_) => None,
    }
}

/// How a policy treats the registry with this index address, which is not crates.io's.
pub fn treatment_of<'a>(policy: &Policy, index: &'a str) -> Treatment<'a> {
    let named = policy.registries.iter().find(|registry| is_same_index(&registry.index, index));
    match named.map(|registry| registry.treat) {
        Some(RegistryTreatment::FirstParty) => Treatment::FirstParty(index),
        Some(RegistryTreatment::Judged) => Treatment::Judged,
        None => Treatment::Foreign(index),
    }
}

/// Whether two spellings of an index address mean the same: with and without the protocol that cargo writes
/// before it, and the last slash.
fn is_same_index(one: &str, other: &str) -> bool {
    let bare = |address: &str| {
        let address =
            address.strip_prefix("registry+").or(address.strip_prefix("sparse+")).unwrap_or(address);
        address.trim_end_matches('/').to_owned()
    };
    bare(one) == bare(other)
}

/// What becomes of a package for its source alone; none for a registry's, which is decided by facts.
pub(crate) fn judged_by_source(asked: Asked<'_>, package: &Locked) -> Option<Judged> {
    let at = Asked { level: package.level.unwrap_or(asked.level), ..asked };
    match &package.origin {
        Origin::CratesIo(_) | Origin::Registry(..) => None,
        Origin::Path => Some(Judged::Own),
        Origin::Git { url, revision } => {
            let is_allowed = asked.policy.sources.iter().any(|s| s.git == *url && s.rev == *revision);
            Some(unjudged(at, format!("git {url} at {revision}"), is_allowed))
        }
        Origin::Other(source) => Some(unjudged(at, source.clone(), false)),
    }
}

fn unjudged(asked: Asked<'_>, source: String, is_allowed: bool) -> Judged {
    let effect = asked.policy.effect(Code::UnjudgedSource, asked.level);
    let holds = effect >= Effect::Hold && !is_allowed;
    let reason = Reason {
        code: Code::UnjudgedSource,
        effect: if is_allowed { Effect::Note } else { effect },
        stands: holds,
        known: None,
        because: Because::Source(source),
    };
    Judged::Unjudged { reason, verdict: if holds { Verdict::Hold } else { Verdict::Admit } }
}
