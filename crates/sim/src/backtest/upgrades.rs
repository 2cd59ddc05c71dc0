//! The upgrades that real projects made, as history tells of them.

use std::collections::{BTreeMap, BTreeSet};

use fence_evidence::advisories::AdvisoryRecord;
use fence_model::facts::AdvisoryKind;
use fence_model::{CaretClass, Time};
use semver::Version;

use crate::history::{Compiled, ReleaseNumber};

/// What a change of a lockfile is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A package went to a higher version.
    Upgrade,
    /// A package came in.
    Addition,
}

/// Whether an upgrade leaves a vulnerability behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fix {
    /// Its advisory was known when the upgrade was committed.
    Known,
    /// Its advisory became known later.
    Unknown,
}

/// One change.
#[derive(Debug, Clone)]
pub struct Upgrade {
    /// The project, by its place in [`Upgrades::projects`].
    pub project: usize,
    /// When it was committed.
    pub at: Time,
    /// Who did it, by the place in [`Upgrades::actors`].
    pub actor: usize,
    /// What it is.
    pub kind: Kind,
    /// The release that came in.
    pub release: ReleaseNumber,
    /// Whether it leaves a vulnerability behind.
    pub fix: Option<Fix>,
    /// Of one that does, the other releases of the same class that would have done it too, published by then.
    pub ways: Vec<ReleaseNumber>,
}

/// All changes, and what had to be left out of them.
#[derive(Debug, Default)]
pub struct Upgrades {
    /// The projects, sorted.
    pub projects: Vec<String>,
    /// Who made changes, sorted.
    pub actors: Vec<String>,
    /// The changes, in the order in which they were told.
    pub all: Vec<Upgrade>,
    /// For how many months each project is told of.
    pub months: Vec<f64>,
    /// What was left out, and how often.
    pub left_out: BTreeMap<&'static str, usize>,
}

impl Upgrades {
    /// Joins the changes of a history with its releases.
    pub fn of(compiled: &Compiled<'_>) -> Self {
        let changes = &compiled.history.changes;
        let sorted = |of: BTreeSet<&String>| of.into_iter().cloned().collect::<Vec<String>>();
        let projects = sorted(changes.iter().map(|change| &change.project).collect());
        let actors = sorted(changes.iter().map(|change| &change.actor).collect());
        let mut upgrades = Self { months: months(compiled, &projects), projects, actors, ..Self::default() };
        for change in changes {
            let mut leave_out = |why| *upgrades.left_out.entry(why).or_default() += 1;
            let Some(krate) = compiled.crate_at(change.name.as_str()) else {
                leave_out("crate not in the index");
                continue;
            };
            let Some(release) = compiled.number(krate, &change.new) else {
                leave_out("release not in the index");
                continue;
            };
            if change.old.as_ref().is_some_and(|old| *old > change.new) {
                leave_out("downgrade");
                continue;
            }
            if compiled.published(release) > change.at {
                leave_out("committed before it was published");
                continue;
            }
            let place = |of: &[String], what: &String| of.binary_search(what).unwrap_or_default();
            let fix = change
                .old
                .as_ref()
                .and_then(|old| fix(compiled.advisories(krate), old, &change.new, change.at));
            let ways = match &change.old {
                Some(old) if fix.is_some() => ways(compiled, krate, (old, &change.new), change.at),
                _ => Vec::new(),
            };
            upgrades.all.push(Upgrade {
                project: place(&upgrades.projects, &change.project),
                at: change.at,
                actor: place(&upgrades.actors, &change.actor),
                kind: if change.old.is_some() { Kind::Upgrade } else { Kind::Addition },
                release,
                fix,
                ways,
            });
        }
        upgrades
    }

    /// The releases that came in by any change, or could have in place of one, each once.
    pub fn releases(&self) -> Vec<ReleaseNumber> {
        let of = |upgrade: &Upgrade| [upgrade.release].into_iter().chain(upgrade.ways.clone());
        let all: BTreeSet<ReleaseNumber> = self.all.iter().flat_map(of).collect();
        all.into_iter().collect()
    }
}

/// The other releases that leave behind what going from one version to another does.
fn ways(
    compiled: &Compiled<'_>,
    krate: usize,
    (old, new): (&Version, &Version),
    at: Time,
) -> Vec<ReleaseNumber> {
    let of_both = |version: &Version| {
        let class = CaretClass::of(version);
        class == CaretClass::of(new) || class == CaretClass::of(old)
    };
    let leaves = |version: &Version| {
        let advisories = compiled.advisories(krate).iter().map(|record| record.as_fact());
        let mut left = advisories.filter(|a| {
            a.kind == AdvisoryKind::Vulnerability
                && a.withdrawn.is_none()
                && a.affects(old)
                && !a.affects(new)
        });
        left.all(|advisory| !advisory.affects(version))
    };
    compiled
        .releases_of(krate)
        .filter(|(_, release)| {
            release.version != *new && release.version > *old && release.version.pre.is_empty()
        })
        .filter(|(_, release)| release.published.is_some_and(|published| published <= at))
        .filter(|(_, release)| of_both(&release.version) && leaves(&release.version))
        .map(|(number, _)| number)
        .collect()
}

/// Whether going from `old` to `new` leaves a vulnerability behind; one that was known goes first.
fn fix(advisories: &[&AdvisoryRecord], old: &Version, new: &Version, at: Time) -> Option<Fix> {
    advisories
        .iter()
        .filter(|record| record.kind == AdvisoryKind::Vulnerability && record.withdrawn.is_none())
        .map(|record| record.as_fact())
        .filter(|advisory| advisory.affects(old) && !advisory.affects(new))
        .map(|advisory| if advisory.known <= at { Fix::Known } else { Fix::Unknown })
        .min()
}

/// From a project's first change to its last, in months of 30.44 days; at least one.
fn months(compiled: &Compiled<'_>, projects: &[String]) -> Vec<f64> {
    let of = |project: &String| {
        let times = compiled.history.changes.iter().filter(|c| c.project == *project).map(|c| c.at.unix());
        let (first, last) =
            times.fold((i64::MAX, i64::MIN), |(first, last), at| (first.min(at), last.max(at)));
        ((last - first) as f64 / (30.44 * 86_400.0)).max(1.0)
    };
    projects.iter().map(of).collect()
}
