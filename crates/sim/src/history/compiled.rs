//! History made ready: the facts of each crate, built once and shared by all policies.

use std::collections::BTreeMap;
use std::sync::Arc;

use fence_evidence::advisories::AdvisoryRecord;
use fence_model::facts::{
    self, Advisory, Audit, AuditedVersion, Birth, Claim, CrateFacts, DependencyKind, ReleaseFacts, Window,
};
use fence_model::look_alike::KnownNames;
use fence_model::{CrateName, Span, Time};
use semver::{Version, VersionReq};

use super::{AuditsCount, By, CrateHistory, History, Needed, names};

/// The criteria that records of this history meet; what meets less is left out when it is read.
const CRITERIA: &str = "safe-to-deploy";

/// A release, by its place among all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReleaseNumber(pub u32);

/// History made ready.
#[derive(Debug)]
pub struct Compiled<'h> {
    /// What it was made of.
    pub history: &'h History,
    crates: Vec<CompiledCrate<'h>>,
    /// All requirements of releases, each once: what meets it, the first published first.
    requirements: Vec<Requirement>,
    /// Names that others imitate, as of moments in order.
    names: Vec<(Time, KnownNames)>,
    /// How many dependencies are on crates outside the history.
    pub unread_births: usize,
    /// How many dependencies there are.
    pub dependencies: usize,
}

/// What meets a requirement.
#[derive(Debug)]
pub enum Requirement {
    /// The package is outside the history: nobody asked, so it counts as met.
    Outside,
    /// These, the first published first.
    MetBy(Box<[ReleaseNumber]>),
}

#[derive(Debug)]
struct CompiledCrate<'h> {
    name: &'h CrateName,
    told: &'h CrateHistory,
    /// By version; all of them.
    releases: Vec<ReleaseFacts<'h>>,
    /// Of each release, which requirements have to be met.
    needs: Vec<Needs>,
    advisories: Vec<&'h AdvisoryRecord>,
    audits: Vec<Audit<'h>>,
    windows: Vec<Window<'h>>,
    /// The number of its first release.
    first: u32,
}

impl<'h> Compiled<'h> {
    /// Makes a history ready. Lists of names are counted as of `name_days`.
    pub fn of(history: &'h History, audits: AuditsCount, name_days: &[Time]) -> Self {
        let first_of = |krate: &CrateHistory| krate.releases.iter().map(|r| r.published).min();
        let of_index =
            history.crates.iter().filter_map(|(name, krate)| Some((name.as_str(), first_of(krate)?)));
        let elsewhere = history.births.iter().map(|(name, born)| (name.as_str(), *born));
        let births: BTreeMap<&str, Time> = elsewhere.chain(of_index).collect();
        let mut lists: Vec<(&Vec<Needed>, u32)> =
            history.lists.iter().map(|(list, at)| (list, *at)).collect();
        lists.sort_unstable_by_key(|(_, at)| *at);
        let shared: Vec<Arc<[facts::Dependency<'h>]>> = lists
            .iter()
            .map(|(list, _)| list.iter().map(|needed| dependency(history, needed, &births)).collect())
            .collect();

        let mut crates: Vec<CompiledCrate<'h>> = Vec::with_capacity(history.crates.len());
        let mut first = 0;
        for (name, told) in &history.crates {
            let releases = releases(history, told, &shared);
            let advisories = {
                let mut all: Vec<&AdvisoryRecord> = told.advisories.iter().collect();
                all.sort_by_key(|record| (record.known, &record.id));
                all
            };
            let krate = CompiledCrate {
                name,
                told,
                audits: audit_facts(history, told, &releases, audits),
                windows: windows(history, told, audits),
                needs: Vec::new(),
                advisories,
                first,
                releases,
            };
            first += krate.releases.len() as u32;
            crates.push(krate);
        }
        let places: BTreeMap<&str, usize> =
            crates.iter().enumerate().map(|(at, krate)| (krate.name.as_str(), at)).collect();
        let (needs, requirements) = requirements(&crates, &places);
        for (krate, needs) in crates.iter_mut().zip(needs) {
            krate.needs = needs;
        }
        let of_crates = || crates.iter().map(|krate| (krate.name.as_str(), krate.releases.as_slice()));
        let names = name_days.iter().map(|day| (*day, names::as_of(*day, of_crates()))).collect();
        let all =
            || crates.iter().flat_map(|krate| krate.releases.iter()).flat_map(|r| r.dependencies.iter());
        let unread_births =
            all().filter(|d| d.birth == Birth::Unread && d.kind != DependencyKind::Dev).count();
        let dependencies = all().filter(|d| d.kind != DependencyKind::Dev).count();
        Self { history, crates, requirements, names, unread_births, dependencies }
    }

    /// How many crates there are.
    pub fn crates(&self) -> usize {
        self.crates.len()
    }

    /// How many releases there are.
    pub fn releases(&self) -> usize {
        self.crates.last().map_or(0, |last| last.first as usize + last.releases.len())
    }

    /// The place of a crate.
    pub fn crate_at(&self, name: &str) -> Option<usize> {
        self.crates.binary_search_by(|krate| krate.name.as_str().cmp(name)).ok()
    }

    /// The crate of a release, and the place in it.
    pub fn place(&self, number: ReleaseNumber) -> (usize, usize) {
        let krate = self.crates.partition_point(|krate| krate.first <= number.0) - 1;
        // Crates without releases share the number of their successor.
        (krate, (number.0 - self.crates[krate].first) as usize)
    }

    /// A release by its crate and version.
    pub fn number(&self, krate: usize, version: &Version) -> Option<ReleaseNumber> {
        let krate = &self.crates[krate];
        let place = krate.releases.binary_search_by(|release| release.version.cmp(version)).ok()?;
        Some(ReleaseNumber(krate.first + place as u32))
    }

    /// The name of a crate.
    pub fn name(&self, krate: usize) -> &'h CrateName {
        self.crates[krate].name
    }

    /// What is told of a release, whenever that was.
    pub fn release(&self, number: ReleaseNumber) -> &ReleaseFacts<'h> {
        let (krate, place) = self.place(number);
        &self.crates[krate].releases[place]
    }

    /// The releases of a crate, by version.
    pub fn releases_of(&self, krate: usize) -> impl Iterator<Item = (ReleaseNumber, &ReleaseFacts<'h>)> {
        let krate = &self.crates[krate];
        (krate.first..).map(ReleaseNumber).zip(&krate.releases)
    }

    /// The numbers of a crate's releases.
    pub fn numbers_of(&self, krate: usize) -> std::ops::Range<ReleaseNumber> {
        let krate = &self.crates[krate];
        ReleaseNumber(krate.first)..ReleaseNumber(krate.first + krate.releases.len() as u32)
    }

    /// When a release was published.
    pub fn published(&self, number: ReleaseNumber) -> Time {
        self.release(number).published.unwrap_or(Time::EARLIEST)
    }

    /// The requirements that have to be met before a release can be built.
    pub fn needs(&self, number: ReleaseNumber) -> impl Iterator<Item = &Requirement> {
        let (krate, place) = self.place(number);
        self.crates[krate].needs[place].iter().map(|at| &self.requirements[*at as usize])
    }

    /// The advisories on a crate, whenever they became known, the first known first.
    pub fn advisories(&self, krate: usize) -> &[&'h AdvisoryRecord] {
        &self.crates[krate].advisories
    }

    /// The next moment after `now` at which something becomes known of a crate that may change what becomes of its releases.
    pub fn next_news(&self, krate: usize, now: Time) -> Option<Time> {
        let krate = &self.crates[krate];
        let advisories =
            krate.advisories.iter().flat_map(|record| [Some(record.known), record.withdrawn]).flatten();
        let audits = krate.audits.iter().map(|audit| audit.known);
        advisories.chain(audits).filter(|known| *known > now).min()
    }

    /// Which of the advisories on a crate are known at a moment, and which of them withdrawn: two moments of which this is
    /// equal have the same.
    pub fn advice_known(&self, krate: usize, now: Time) -> (usize, usize) {
        let advisories = &self.crates[krate].advisories;
        let withdrawn = advisories.iter().filter(|record| record.withdrawn.is_some_and(|time| time <= now));
        (advisories.iter().filter(|record| record.known <= now).count(), withdrawn.count())
    }

    /// The place of the list of names that was known at a moment: the last that was counted by then, else the first.
    pub fn names_known(&self, now: Time) -> usize {
        self.names.partition_point(|(day, _)| *day <= now).saturating_sub(1)
    }

    /// A list of names.
    pub fn names(&self, place: usize) -> &KnownNames {
        &self.names[place].1
    }

    /// All lists of names, in order of time.
    pub fn all_names(&self) -> impl Iterator<Item = &KnownNames> {
        self.names.iter().map(|(_, names)| names)
    }

    /// Whether any advisory on the crate is ever known.
    pub fn is_ever_advised(&self, krate: usize) -> bool {
        !self.crates[krate].advisories.is_empty()
    }

    /// What was known of a crate at a moment, and nothing that became known later.
    pub fn facts_at(&self, krate: usize, now: Time) -> CrateFacts<'h> {
        let all = &self.crates[krate].releases;
        let shown = |release: &&ReleaseFacts<'h>| release.published.is_some_and(|published| published <= now);
        let audits = &self.crates[krate].audits;
        CrateFacts {
            releases: all.iter().filter(shown).cloned().collect(),
            audits: audits.iter().filter(|audit| audit.known <= now).cloned().collect(),
            ..self.facts_advised_at(krate, now)
        }
    }

    /// All releases and audits of a crate, with the advisories that were known at a moment. What a judgement of one of
    /// the releases takes from this is the same as from [`Self::facts_at`]: whatever it looks at of others, it asks as of
    /// the release's own publication, and of audits it takes those that are known.
    pub fn facts_advised_at(&self, krate: usize, now: Time) -> CrateFacts<'h> {
        let krate = &self.crates[krate];
        let advised = |record: &&'h AdvisoryRecord| -> Advisory<'h> {
            let fact = record.as_fact();
            Advisory { withdrawn: fact.withdrawn.filter(|time| *time <= now), ..fact }
        };
        CrateFacts {
            releases: krate.releases.clone(),
            advisories: krate.advisories.iter().filter(|record| record.known <= now).map(advised).collect(),
            audits: krate.audits.clone(),
            windows: krate.windows.clone(),
            ..CrateFacts::unknown(krate.name.clone())
        }
    }

    /// What was told of a crate's publishers: how many releases have one.
    pub fn publishers(&self) -> usize {
        let known =
            |krate: &CompiledCrate<'_>| krate.told.releases.iter().filter(|r| r.publisher.is_some()).count();
        self.crates.iter().map(known).sum()
    }
}

fn dependency<'h>(
    history: &'h History,
    needed: &Needed,
    births: &BTreeMap<&str, Time>,
) -> facts::Dependency<'h> {
    let package = history.texts.of(needed.package);
    facts::Dependency {
        package,
        requirement: history.texts.of(needed.requirement),
        kind: needed.kind,
        optional: needed.optional,
        birth: births.get(package).map_or(Birth::Unread, |born| Birth::At(*born)),
    }
}

fn publisher(history: &History, by: By) -> facts::Publisher<'_> {
    match by {
        By::User(id) => facts::Publisher::User(id),
        By::Ci(name) => facts::Publisher::Ci(history.texts.of(name)),
    }
}

/// The releases by version, of two of one version the first that was told.
fn releases<'h>(
    history: &'h History,
    told: &'h CrateHistory,
    shared: &[Arc<[facts::Dependency<'h>]>],
) -> Vec<ReleaseFacts<'h>> {
    let mut releases: Vec<ReleaseFacts<'h>> = told
        .releases
        .iter()
        .map(|told| ReleaseFacts {
            version: told.version.clone(),
            digest: told.digest,
            published: Some(told.published),
            yanked: false,
            dependencies: Arc::clone(&shared[told.needs as usize]),
            sighting: None,
            publisher: told.publisher.map(|by| publisher(history, by)),
            voices: None,
        })
        .collect();
    releases.sort_by(|a, b| a.version.cmp(&b.version));
    releases.dedup_by(|later, first| later.version == first.version);
    releases
}

fn audit_facts<'h>(
    history: &'h History,
    told: &'h CrateHistory,
    releases: &[ReleaseFacts<'h>],
    audits: AuditsCount,
) -> Vec<Audit<'h>> {
    let AuditsCount::After(delay) = audits else { return Vec::new() };
    let published = |version: &Version| {
        let at = releases.binary_search_by(|release| release.version.cmp(version)).ok()?;
        releases[at].published
    };
    let at = |version: &Version| AuditedVersion { version: version.clone(), git: None };
    told.audits
        .iter()
        .filter_map(|audit| {
            let origin = history.texts.of(audit.origin);
            let claim = match &audit.from {
                Some(from) => Claim::Delta { from: at(from), to: at(&audit.to) },
                None => Claim::Full(at(&audit.to)),
            };
            Some(audit_by(origin, claim, published(&audit.to)? + delay))
        })
        .collect()
}

/// An audit of the criteria that the default policy asks for, by whoever is called so.
pub(crate) fn audit_by(who: &str, claim: Claim, known: Time) -> Audit<'_> {
    Audit {
        feed: Some(who),
        origin: who,
        who: vec![who],
        signer: None,
        digest: None,
        from_digest: None,
        known,
        until: None,
        claim,
        criteria: vec![CRITERIA],
    }
}

/// Windows are not dated either: they count where audits do.
fn windows<'h>(history: &'h History, told: &'h CrateHistory, audits: AuditsCount) -> Vec<Window<'h>> {
    if audits == AuditsCount::Never {
        return Vec::new();
    }
    let window = |window: &super::WindowTold| Window {
        origin: "cargo-vet",
        publisher: publisher(history, window.by),
        start: window.start,
        end: window.end,
        criteria: vec![CRITERIA],
    };
    told.windows.iter().map(window).collect()
}

/// The requirements of a release, by their places; neighbours mostly share them.
type Needs = Arc<[u32]>;

/// Of each crate's releases the requirements that have to be met, and all requirements.
fn requirements(
    crates: &[CompiledCrate<'_>],
    places: &BTreeMap<&str, usize>,
) -> (Vec<Vec<Needs>>, Vec<Requirement>) {
    let mut all: Vec<Requirement> = Vec::new();
    let mut known: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    let mut needs = Vec::with_capacity(crates.len());
    for krate in crates {
        let mut last: Option<(&ReleaseFacts<'_>, Needs)> = None;
        let mut of_crate = Vec::with_capacity(krate.releases.len());
        for release in &krate.releases {
            let list = match &last {
                Some((before, list)) if Arc::ptr_eq(&before.dependencies, &release.dependencies) => {
                    Arc::clone(list)
                }
                _ => release
                    .dependencies
                    .iter()
                    .filter(|d| !d.optional && d.kind != DependencyKind::Dev)
                    .map(|d| {
                        *known.entry((d.package, d.requirement)).or_insert_with(|| {
                            all.push(met_by(crates, places, d));
                            all.len() as u32 - 1
                        })
                    })
                    .collect(),
            };
            last = Some((release, Arc::clone(&list)));
            of_crate.push(list);
        }
        needs.push(of_crate);
    }
    (needs, all)
}

fn met_by(
    crates: &[CompiledCrate<'_>],
    places: &BTreeMap<&str, usize>,
    dependency: &facts::Dependency<'_>,
) -> Requirement {
    let Some(&place) = places.get(dependency.package) else { return Requirement::Outside };
    let krate = &crates[place];
    if krate.releases.is_empty() {
        return Requirement::Outside;
    }
    let Ok(wanted) = VersionReq::parse(dependency.requirement) else {
        return Requirement::MetBy(Box::default());
    };
    let matching =
        krate.releases.iter().zip(krate.first..).filter(|(release, _)| wanted.matches(&release.version));
    let mut matching: Vec<(Option<Time>, u32)> = matching.map(|(r, number)| (r.published, number)).collect();
    matching.sort_unstable();
    Requirement::MetBy(matching.into_iter().map(|(_, number)| ReleaseNumber(number)).collect())
}

/// The start of each of these years.
pub fn years(range: std::ops::RangeInclusive<i64>) -> Vec<Time> {
    // 2023-01-01 and days from there; the range is of a few years.
    let start = Time::from_unix(1_672_531_200);
    let days = |year: i64| (year - 2023) * 365 + (year - 2021) / 4;
    range.map(|year| start + Span::days(days(year))).collect()
}
