//! The judgement of a whole project: every release that its lockfile names, what waits beside them, and what
//! would fix them.

use std::collections::BTreeMap;

use semver::Version;

use crate::code::{Code, Effect};
use crate::decision::{Because, Decision, Reason, Verdict};
use crate::facts::AdvisoryKind;
use crate::judge::{Asked, Checksum, InUse, Judge, Treatment};
use crate::names::{CaretClass, CrateName, Digest, ReleaseId};
use crate::policy::RegistryTreatment;
use crate::settle::{FactsOf, InUseByCrate, Settlement};

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

/// Judges every package of a lockfile.
pub fn judge_project(asked: Asked<'_>, locked: &[Locked], facts: &dyn FactsOf) -> Report {
    let in_use = in_use_by_crate(locked);
    let settlement = Settlement::new(asked, facts, &in_use, treatment_by_crate(asked, locked));

    let mut report = Report { packages: Vec::with_capacity(locked.len()), ..Report::default() };
    let mut places: BTreeMap<&CrateName, Vec<usize>> = BTreeMap::new();
    for (at, package) in locked.iter().enumerate() {
        report.packages.push(match &package.origin {
            Origin::CratesIo(_) | Origin::Registry(..) => {
                places.entry(&package.name).or_default().push(at);
                Judged::Own // replaced below, when its crate is judged
            }
            Origin::Path => Judged::Own,
            Origin::Git { url, revision } => {
                let allowed = asked.policy.sources.iter().any(|s| s.git == *url && s.rev == *revision);
                unjudged(asked, format!("git {url} at {revision}"), allowed)
            }
            Origin::Other(source) => unjudged(asked, source.clone(), false),
        });
    }
    // First every locked release on its own, so that requirements are mostly met by what is known then; facts of
    // one crate are let go before those of the next are asked for.
    let mut worth_a_second_look: Vec<&CrateName> = Vec::new();
    for places in places.values() {
        let judge = settlement.judge(&locked[places[0]].name);
        for &at in places {
            let decision = settlement.decide_alone(&judge, &locked[at].version);
            report.packages[at] = Judged::Decided(Box::new(decision));
        }
        if has_more_to_tell(&judge, places.iter().map(|&at| &locked[at].version)) {
            worth_a_second_look.push(&locked[places[0]].name);
        }
    }
    // What the project brings itself meets requirements too.
    for (package, judged) in locked.iter().zip(&report.packages) {
        if matches!(judged, Judged::Own | Judged::Unjudged { verdict: Verdict::Admit, .. }) {
            settlement.provide(&package.name, &package.version);
        }
    }
    // Then again, from the bottom up, those to which a release that is not admitted leads. What was found of them
    // alone is forgotten first, all of it: a release beside the lockfile may ask for any of them.
    let above = above_what_is_not_admitted(locked, &report);
    for &at in &above {
        settlement.forget(&locked[at].name, &locked[at].version);
    }
    for at in above {
        let judge = settlement.judge(&locked[at].name);
        report.packages[at] = Judged::Decided(Box::new(settlement.decide(&judge, &locked[at].version)));
    }
    // Last, what lies beside the releases in use.
    for name in worth_a_second_look {
        let judge = settlement.judge(name);
        let places = &places[name];
        let versions: Vec<&Version> = places.iter().map(|&at| &locked[at].version).collect();
        report.waiting.extend(waiting(&settlement, &judge, &versions));
        for &at in places {
            report.fixes.extend(admitted_fix(&settlement, &judge, &locked[at].version));
        }
    }
    report
}

impl Report {
    /// The decisions on registry releases, in the lockfile's order.
    pub fn decisions(&self) -> impl Iterator<Item = &Decision> {
        self.packages.iter().filter_map(|package| match package {
            Judged::Decided(decision) => Some(&**decision),
            Judged::Own | Judged::Unjudged { .. } => None,
        })
    }
}

/// The decided packages that depend, directly or not, on one that is not admitted: dependencies before dependents.
fn above_what_is_not_admitted(locked: &[Locked], report: &Report) -> Vec<usize> {
    let is_held = |at: usize| match &report.packages[at] {
        Judged::Decided(decision) => decision.verdict != Verdict::Admit,
        Judged::Unjudged { verdict, .. } => *verdict != Verdict::Admit,
        Judged::Own => false,
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
                if matches!(report.packages[at], Judged::Decided(_)) {
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

/// Whether newer releases are to be looked at: something compatible that is newer, or something to be fixed.
fn has_more_to_tell<'v>(judge: &Judge<'_>, mut in_use: impl Iterator<Item = &'v Version>) -> bool {
    in_use.any(|version| {
        newest_compatible(judge, version).is_some()
            || judge.advisories(version).any(|a| a.kind == AdvisoryKind::Vulnerability)
    })
}

/// The newest compatible release above one in use that cargo may choose.
fn newest_compatible<'j>(judge: &'j Judge<'_>, in_use: &Version) -> Option<&'j Version> {
    let class = CaretClass::of(in_use);
    let newer = judge.releases().iter().rev().take_while(|release| release.version > *in_use);
    let mut of_class =
        newer.filter(|r| CaretClass::of(&r.version) == class && r.version.pre.is_empty() && !r.yanked);
    of_class.next().map(|release| &release.version)
}

/// The newest compatible release above one in use, if it is held and no admitted one lies above it.
fn waiting<'a>(settlement: &Settlement<'a>, judge: &Judge<'a>, in_use: &[&Version]) -> Vec<Waiting> {
    let mut found = Vec::new();
    for version in in_use {
        let class = CaretClass::of(version);
        let Some(newest) = newest_compatible(judge, version) else { continue };
        // Two releases of one class are in use only while the lockfile is being changed by hand.
        if in_use.iter().any(|other| **other > **version && CaretClass::of(other) == class) {
            continue;
        }
        let decision = settlement.decide(judge, newest);
        if decision.verdict != Verdict::Admit {
            found.push(Waiting { in_use: (*version).clone(), decision });
        }
    }
    found
}

/// The lowest admitted release that is free of the vulnerabilities of the one in use.
fn admitted_fix<'a>(settlement: &Settlement<'a>, judge: &Judge<'a>, in_use: &Version) -> Option<AdmittedFix> {
    let mut advisories: Vec<String> = judge
        .advisories(in_use)
        .filter(|a| a.kind == AdvisoryKind::Vulnerability)
        .map(|a| a.id.to_owned())
        .collect();
    if advisories.is_empty() {
        return None;
    }
    advisories.sort();
    let class = CaretClass::of(in_use);
    let is_free =
        |version: &Version| !judge.advisories(version).any(|a| a.kind == AdvisoryKind::Vulnerability);
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
pub fn in_use_by_crate(locked: &[Locked]) -> InUseByCrate {
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
    let index = match origin {
        Origin::CratesIo(_) => return Some(Treatment::Judged),
        Origin::Registry(index, _) => index,
        Origin::Git { .. } | Origin::Path | Origin::Other(_) => return None,
    };
    let named = asked.policy.registries.iter().find(|registry| is_same_index(&registry.index, index));
    Some(match named.map(|registry| registry.treat) {
        Some(RegistryTreatment::FirstParty) => Treatment::FirstParty(index),
        Some(RegistryTreatment::Judged) => Treatment::Judged,
        None => Treatment::Foreign(index),
    })
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
