//! The second pass: what only a crate's neighbours can tell.
//!
//! A release whose requirement no admitted release meets is `needs-held`: cargo could not resolve it anyway. A
//! release whose only visible change is a requirement raised to a fix is `carries-fix`. Both look from dependent
//! to dependency only: nobody's pin holds somebody else's crate. The way is [`Settlement::decide`]: look down the
//! requirements until an admitted release meets each, then judge.

use std::cell::{LazyCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use semver::{Version, VersionReq};

use crate::code::Level;
use crate::decision::{Decision, Reason, Verdict};
use crate::facts::{Advisory, AdvisoryKind, CrateFacts, Dependency, DependencyKind, ReleaseFacts};
use crate::findings::FIX_FOLLOWS_WITHIN;
use crate::judge::{Asked, Context, InUse, Judge, Neighbourhood, Raised, Treatment};
use crate::kin::Kin;
use crate::names::{CaretClass, CrateName, ReleaseId};
use crate::people::Maintainer;
use crate::time::Time;
use crate::view::ReleaseVerdict;
use crate::ways;

/// How deep requirements are followed. The deepest real tree seen is some 40; an index made to be slow may have
/// circles that cargo would refuse.
const DEEPEST: usize = 256;

/// Facts about crates, by name. The one thing that a settlement asks of the outside; answered from memory.
pub trait FactsOf: Sync {
    /// What is known about a crate; one of which nothing is known has no releases.
    fn facts_of(&self, name: &CrateName) -> CrateFacts<'_>;
    /// Whether anything is known about it.
    fn known(&self, name: &CrateName) -> Known;
    /// Whether an advisory may speak of it; where none does there is no need to ask for its facts.
    fn may_be_advised(&self, name: &CrateName) -> bool;
    /// Who would be heard of a release of this version, if it came out now; none where nobody tells. Only what nobody has
    /// published yet is asked about: releases have their own.
    fn voices_of(&self, _name: &CrateName, _version: &Version) -> Option<Arc<[Maintainer<'_>]>> {
        None
    }
}

/// Whether anything is known about a crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// It is at hand.
    Something,
    /// It was asked for, and there is none or it cannot be had: it meets no requirement.
    Nothing,
    /// Nobody asked, since no release in use needs it. Then a release beside those in use is told by what it is itself;
    /// taking it for one that cargo cannot resolve would hold what it could have been replaced by, and a fence, which
    /// asks for every crate, would hand that out.
    NotAskedFor,
}

/// The releases that a project has in use, by crate.
pub type InUseByCrate = BTreeMap<CrateName, Vec<InUse>>;

/// What many releases are judged by: the question, the facts, and what is in use. Shared by all who judge at once.
pub(crate) struct Case<'a> {
    pub(crate) asked: Asked<'a>,
    facts: &'a dyn FactsOf,
    in_use: InUseByCrate,
    treatment: BTreeMap<CrateName, Treatment<'a>>,
    /// What the project brings itself: it meets requirements, whatever a registry has under the same name.
    own: BTreeMap<CrateName, Vec<Version>>,
    /// The level of each crate that is not judged at the one that is asked for.
    levels: BTreeMap<CrateName, Level>,
}

/// What becomes of a release on its own, and when that may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// The verdict.
    pub verdict: Verdict,
    /// All that was found about it.
    pub reasons: Vec<Reason>,
    /// Of one that is not admitted, the next moment at which that may change while the facts stay as they are; none if
    /// time changes nothing any more.
    pub changes: Option<Time>,
}

/// Settles releases of many crates; each is decided once.
pub struct Settlement<'a> {
    pub(crate) case: Case<'a>,
    /// Whether a release is admitted, once that was asked.
    admitted: RefCell<Verdicts>,
    search: RefCell<Search>,
}

type Verdicts = BTreeMap<CrateName, BTreeMap<Version, bool>>;

/// A release that was decided alone, and what it needs of its neighbours.
pub(crate) struct Alone<'a> {
    pub(crate) decision: Decision,
    raised: Option<Raised>,
    needs: Arc<[Dependency<'a>]>,
}

/// A look down the requirements that is under way.
///
/// Cargo refuses crates that need each other, but an index made to be slow may have such circles, and those of
/// different versions lead from crate to crate and back in any real one. A release that is still being asked
/// about is taken as not admitted. If that turns out wrong, what rested on it is asked again; what was found
/// admitted rests on nothing taken.
#[derive(Default)]
struct Search {
    /// Releases being asked about.
    open: BTreeSet<ReleaseId>,
    /// Those of them that were taken as not admitted.
    taken: BTreeSet<ReleaseId>,
    /// Releases found not admitted, perhaps because of what was taken.
    held: BTreeSet<ReleaseId>,
    /// What became of what was taken.
    taken_were: Taken,
}

/// Whether what a search took for granted was so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Taken {
    #[default]
    Right,
    Wrong,
}

/// How often a search starts again. Each time it has found another release admitted that asks for itself in a
/// circle; nobody's honest index has one.
const MOST_SEARCHES: usize = 8;

impl<'a> Settlement<'a> {
    /// Prepares to settle; crates that `treatment` does not name are judged by the rules.
    pub fn new(
        asked: Asked<'a>,
        facts: &'a dyn FactsOf,
        in_use: InUseByCrate,
        treatment: BTreeMap<CrateName, Treatment<'a>>,
    ) -> Self {
        let case = Case { asked, facts, in_use, treatment, own: BTreeMap::new(), levels: BTreeMap::new() };
        Self { case, admitted: RefCell::default(), search: RefCell::default() }
    }

    /// Adds releases that the project brings itself: they meet requirements.
    pub(crate) fn with_own(mut self, own: impl Iterator<Item = ReleaseId>) -> Self {
        for ReleaseId { name, version } in own {
            self.case.own.entry(name).or_default().push(version);
        }
        self
    }

    /// Sets the level of some crates; the others are judged at the one that is asked for.
    pub(crate) fn with_levels(mut self, levels: BTreeMap<CrateName, Level>) -> Self {
        self.case.levels = levels;
        self
    }

    /// Adds releases of which it was found before, by the same policy and facts, that they are admitted.
    #[must_use]
    pub fn knowing(self, admitted: impl IntoIterator<Item = ReleaseId>) -> Self {
        admitted.into_iter().for_each(|release| self.remember(&release, Verdict::Admit));
        self
    }

    /// The releases that were found admitted, their neighbours considered.
    pub fn admitted(&self) -> Vec<ReleaseId> {
        let admitted = self.admitted.borrow();
        let of_crate = |(name, releases): (&CrateName, &BTreeMap<Version, bool>)| {
            let admitted = releases.iter().filter(|(_, is_admitted)| **is_admitted);
            let id = |(version, _): (&Version, _)| ReleaseId { name: name.clone(), version: version.clone() };
            admitted.map(id).collect::<Vec<_>>()
        };
        admitted.iter().flat_map(of_crate).collect()
    }

    /// What becomes of each release of a crate on its own, whatever becomes of what it needs: cargo finds that out when
    /// it asks for what it needs.
    pub fn each_alone(&self, judge: &Judge<'a>) -> Vec<ReleaseVerdict> {
        let judged = |release: &ReleaseFacts<'a>| {
            let outcome = |raised| {
                let neighbours = Neighbourhood { unmet: Vec::new(), raised };
                judge.outcome(&release.version, &neighbours, judge.present())
            };
            let mut found = outcome(None);
            // A fix that it carries shortens a wait, so it is looked for where there is one.
            if found.verdict == Verdict::Hold
                && let Some(raised) = self.case.raised(judge, &release.version)
            {
                found = outcome(Some(raised));
            }
            let waits = found.verdict == Verdict::Hold && found.weighed.is_young;
            let until = found.time.opened.filter(|_| waits).map(|opened| opened + found.weighed.wait);
            let unread = judge.unread_of_new(&release.version, &found);
            ReleaseVerdict { version: release.version.clone(), verdict: found.verdict, until, unread }
        };
        judge.releases().iter().map(judged).collect()
    }

    /// What becomes of a release on its own, and when that may change: less than a decision, for whoever asks a hundred
    /// thousand times.
    pub fn outlook(&self, judge: &Judge<'a>, version: &Version) -> Outlook {
        let outcome = |raised| {
            let neighbours = Neighbourhood { unmet: Vec::new(), raised };
            judge.outcome(version, &neighbours, judge.present())
        };
        let mut found = outcome(None);
        if found.verdict == Verdict::Hold
            && let Some(raised) = self.case.raised(judge, version)
        {
            found = outcome(Some(raised));
        }
        let changes =
            (found.verdict != Verdict::Admit).then(|| ways::changes(judge, version, &found)).flatten();
        Outlook { verdict: found.verdict, reasons: found.reasons, changes }
    }

    /// The judge of one crate, to decide releases with [`Settlement::decide`].
    pub fn judge(&self, name: &CrateName) -> Judge<'a> {
        self.case.judge(name)
    }

    /// Decides a release on its own, whatever becomes of what it needs.
    pub fn decide_alone(&self, judge: &Judge<'a>, version: &Version) -> Decision {
        self.case.alone(judge, version).decision
    }

    /// Decides a release that was decided alone. If its requirements are met, that stands; otherwise its crate's
    /// facts are asked for again.
    pub(crate) fn settled(&self, alone: Alone<'a>) -> Alone<'a> {
        let ReleaseId { name, version } = &alone.decision.release;
        let judge = LazyCell::new(|| self.judge(name));
        let with = |unmet| Neighbourhood { unmet, raised: alone.raised.clone() };
        let unmet = self.look_down(&alone.decision.release, &alone.needs, &|unmet| match unmet.is_empty() {
            true => alone.decision.verdict,
            false => judge.outcome(version, &with(unmet), judge.present()).verdict,
        });
        if unmet.is_empty() {
            self.remember(&alone.decision.release, alone.decision.verdict);
            return alone;
        }
        let decision = judge.decide(version, &with(unmet));
        self.remember(&decision.release, decision.verdict);
        Alone { decision, ..alone }
    }

    /// Decides a release, its neighbours considered.
    pub fn decide(&self, judge: &Judge<'a>, version: &Version) -> Decision {
        let release = ReleaseId { name: judge.name().clone(), version: version.clone() };
        let position = judge.history.position(version);
        let needs = position.map_or(&[][..], |at| &judge.history.release(at).dependencies);
        let raised = self.case.raised(judge, version);
        let with = |unmet| Neighbourhood { unmet, raised: raised.clone() };
        let unmet = self.look_down(&release, needs, &|unmet| {
            judge.outcome(version, &with(unmet), judge.present()).verdict
        });
        let decision = judge.decide(version, &with(unmet));
        // One that is neither shown nor in use meets nobody's requirement, whatever an exception says of it.
        if position.is_some() || judge.checksums(version).next().is_some() {
            self.remember(&decision.release, decision.verdict);
        }
        decision
    }

    /// The highest admitted release below one that was decided, among those that a requirement on it would also
    /// take: where to stay.
    pub fn stay(&self, decision: &Decision) -> Option<Version> {
        let ReleaseId { name, version } = &decision.release;
        let judge = self.judge(name);
        let class = CaretClass::of(version);
        let is_below =
            |lower: &&Version| **lower < *version && CaretClass::of(lower) == class && lower.pre.is_empty();
        let mut below = judge.releases().iter().rev().map(|release| &release.version).filter(is_below);
        below.find(|lower| self.decide(&judge, lower).verdict == Verdict::Admit).cloned()
    }

    /// Takes down the verdict on a release: it meets requirements from now on, or does not.
    pub(crate) fn remember(&self, release: &ReleaseId, verdict: Verdict) {
        let mut admitted = self.admitted.borrow_mut();
        let releases = admitted.entry(release.name.clone()).or_default();
        releases.insert(release.version.clone(), verdict == Verdict::Admit);
    }

    /// Forgets the verdict on a release, so that it is asked again with its neighbours.
    pub(crate) fn forget(&self, release: &ReleaseId) {
        if let Some(releases) = self.admitted.borrow_mut().get_mut(&release.name) {
            releases.remove(&release.version);
        }
    }

    /// The requirements of a release that nothing meets, and so what becomes of it, `verdict` says; asked again as
    /// long as what was taken for granted on the way turns out wrong.
    fn look_down(
        &self,
        release: &ReleaseId,
        needs: &[Dependency<'_>],
        verdict: &dyn Fn(Vec<(String, String)>) -> Verdict,
    ) -> Vec<(String, String)> {
        let mut unmet = Vec::new();
        for _ in 0..MOST_SEARCHES {
            self.search.replace(Search::default());
            unmet = self.unmet(release, needs, DEEPEST);
            if self.search.borrow().taken.contains(release) {
                self.found(release, verdict(unmet.clone()));
            }
            if self.search.borrow().taken_were == Taken::Right {
                break;
            }
        }
        let found_held = std::mem::take(&mut self.search.borrow_mut().held);
        for held in found_held {
            self.remember(&held, Verdict::Hold);
        }
        unmet
    }

    /// The requirements of a release, by package, that no admitted release meets.
    fn unmet(&self, release: &ReleaseId, needs: &[Dependency<'_>], depth: usize) -> Vec<(String, String)> {
        self.search.borrow_mut().open.insert(release.clone());
        let mut unmet: Vec<(String, String)> = needs
            .iter()
            .filter(|dependency| !dependency.optional && dependency.kind != DependencyKind::Dev)
            .filter(|dependency| !self.is_met(dependency.package, dependency.requirement, depth))
            .map(|dependency| (dependency.package.to_owned(), dependency.requirement.to_owned()))
            .collect();
        self.search.borrow_mut().open.remove(release);
        unmet.sort();
        unmet.dedup();
        unmet
    }

    fn is_met(&self, package: &str, requirement: &str, depth: usize) -> bool {
        let (Ok(name), Ok(wanted)) = (package.parse::<CrateName>(), VersionReq::parse(requirement)) else {
            return false;
        };
        // What was found admitted before answers most questions: a project's own locked releases.
        let is_own = || self.case.own.get(&name).is_some_and(|own| own.iter().any(|v| wanted.matches(v)));
        let is_known = self
            .admitted
            .borrow()
            .get(&name)
            .is_some_and(|releases| releases.iter().any(|(v, ok)| *ok && wanted.matches(v)));
        if is_known || is_own() {
            return true;
        }
        if depth == 0 {
            return false;
        }
        match self.case.facts.known(&name) {
            Known::Something => {}
            Known::Nothing => return false,
            Known::NotAskedFor => return true,
        }
        let judge = self.judge(&name);
        // Releases in use first: they are the likeliest answer, and the others are asked only if it is no.
        let in_use = judge.context.in_use.iter().map(|in_use| &in_use.version);
        let candidates: Vec<Version> = in_use
            .chain(judge.releases().iter().rev().map(|release| &release.version))
            .filter(|version| wanted.matches(version))
            .cloned()
            .collect();
        candidates.into_iter().any(|version| self.is_admitted(&judge, version, depth - 1))
    }

    /// Whether a release that meets a requirement is admitted itself.
    fn is_admitted(&self, judge: &Judge<'a>, version: Version, depth: usize) -> bool {
        let known = self.admitted.borrow().get(judge.name()).and_then(|known| known.get(&version)).copied();
        if let Some(known) = known {
            return known;
        }
        let release = ReleaseId { name: judge.name().clone(), version };
        {
            let search = &mut *self.search.borrow_mut();
            if search.open.contains(&release) {
                search.taken.insert(release);
                return false;
            }
            if search.held.contains(&release) {
                return false;
            }
        }
        // What its own facts hold, its neighbours cannot admit: there is no need to look further down.
        let alone = Neighbourhood { unmet: Vec::new(), raised: self.case.raised(judge, &release.version) };
        if judge.outcome(&release.version, &alone, judge.present()).verdict == Verdict::Admit {
            let position = judge.history.position(&release.version);
            let needs = position.map_or(&[][..], |at| &judge.history.release(at).dependencies);
            let neighbours = Neighbourhood { unmet: self.unmet(&release, needs, depth), ..alone };
            let verdict = judge.outcome(&release.version, &neighbours, judge.present()).verdict;
            self.found(&release, verdict);
            verdict == Verdict::Admit
        } else {
            self.search.borrow_mut().held.insert(release);
            false
        }
    }

    /// Takes down what became of a release, now that its neighbours are known.
    fn found(&self, release: &ReleaseId, verdict: Verdict) {
        let search = &mut *self.search.borrow_mut();
        if verdict == Verdict::Admit {
            self.remember(release, verdict);
            if search.taken.contains(release) {
                search.taken_were = Taken::Wrong;
            }
        } else {
            search.held.insert(release.clone());
        }
    }
}

impl<'a> Case<'a> {
    pub(crate) fn judge(&self, name: &CrateName) -> Judge<'a> {
        let context = Context {
            treatment: self.treatment.get(name).copied().unwrap_or_default(),
            in_use: self.in_use.get(name).cloned().unwrap_or_default(),
        };
        let level = self.levels.get(name).copied().unwrap_or(self.asked.level);
        Judge::new(Asked { level, ..self.asked }, context, self.facts.facts_of(name))
    }

    /// Decides a release without looking whether its requirements are met; [`Settlement::settled`] does that, once
    /// more is known of its neighbours.
    pub(crate) fn alone(&self, judge: &Judge<'a>, version: &Version) -> Alone<'a> {
        let raised = self.raised(judge, version);
        let position = judge.history.position(version);
        Alone {
            decision: judge.decide(version, &Neighbourhood { unmet: Vec::new(), raised: raised.clone() }),
            raised,
            needs: position.map(|at| judge.history.release(at).dependencies.clone()).unwrap_or_default(),
        }
    }

    /// The requirement that `version` raises to a fix, if the index shows no other change against its base.
    fn raised(&self, judge: &Judge<'a>, version: &Version) -> Option<Raised> {
        let at = judge.history.position(version)?;
        let base = judge.base(at)?;
        let (release, base) = (judge.history.release(at), judge.history.release(base));
        if release.dependencies.len() != base.dependencies.len()
            || Arc::ptr_eq(&release.dependencies, &base.dependencies)
        {
            return None;
        }
        // Sorted, since the order of a manifest says nothing.
        let sorted = |release: &ReleaseFacts<'a>| {
            let mut sorted = release.dependencies.to_vec();
            sorted.sort_by_key(|d| (d.package, d.kind, d.optional, d.requirement));
            sorted
        };
        let mut raised = None;
        for (new, old) in sorted(release).iter().zip(&sorted(base)) {
            if (new.package, new.kind, new.optional) != (old.package, old.kind, old.optional) {
                return None;
            }
            if new.requirement != old.requirement {
                let id =
                    self.fix_between(new.package, old.requirement, new.requirement, release.published?)?;
                let found =
                    Raised { package: new.package.to_owned(), requirement: new.requirement.to_owned(), id };
                raised = raised.or(Some(found));
            }
        }
        raised
    }

    /// The vulnerability of `package` that a requirement let in and its successor shuts out, the lowest release
    /// that the successor takes being the fix: the lowest of its class, and no older than the advisory by much.
    ///
    /// Who carries it has to do so within days of fix and advisory, as of `published`: nobody is in a hurry for a
    /// fix of years ago, and an advisory that old would be an excuse at hand for whoever takes a crate over.
    fn fix_between(&self, package: &str, old: &str, new: &str, published: Time) -> Option<String> {
        let name: CrateName = package.parse().ok()?;
        if !self.facts.may_be_advised(&name) {
            return None;
        }
        let (old, new) = (VersionReq::parse(old).ok()?, VersionReq::parse(new).ok()?);
        let facts = self.facts.facts_of(&name);
        let lowest = |wanted: &dyn Fn(&Version) -> bool| {
            facts.releases.iter().filter(|r| wanted(&r.version)).min_by_key(|r| &r.version)
        };
        let before = &lowest(&|version| old.matches(version))?.version;
        let after = lowest(&|version| new.matches(version))?;
        let is_carried = |a: &Advisory<'_>| {
            let class = CaretClass::of(&after.version);
            let is_in_it = |v: &Version| CaretClass::of(v) == class && v.pre.is_empty() && a.fixes(v);
            let appeared = after.published.filter(|appeared| *appeared <= a.known + FIX_FOLLOWS_WITHIN);
            a.kind == AdvisoryKind::Vulnerability
                && a.withdrawn.is_none()
                && a.affects(before)
                && lowest(&is_in_it).is_some_and(|fix| fix.version == after.version)
                && appeared.is_some_and(|appeared| published <= appeared.max(a.known) + FIX_FOLLOWS_WITHIN)
        };
        // Where several advisories are one, all have to say so.
        let all = &facts.advisories;
        Kin::of(all).agreed(all, is_carried).map(|at| all[at].id).min().map(str::to_owned)
    }
}
