//! The base of each release, and since when a release counts as admitted for those that come after it.
//!
//! The base is the highest lower release that was admitted, by audit or by a full unshortened wait under this very
//! policy, when the release appeared; failing that, the highest that was older than the ceiling then. Never a
//! yanked release or a pre-release. So a staging release burns no flag: what it brought in is still new to the next.
//!
//! Everything is asked as of the release's own appearance, so a base never changes as time goes by, and a later
//! `now` cannot turn an admission into a hold. The answer for a release needs the answers for lower ones. For most
//! of them a glance suffices, that they surely were admitted or surely were not ([`Judge::at_a_glance`]); the others
//! are found by asking further down, and kept.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::clock;
use crate::code::{Code, Effect, Level};
use crate::decision::{Because, Reason, Verdict};
use crate::facts::{AdvisoryKind, Birth, Claim, DependencyKind, ReleaseFacts, Sighting};
use crate::findings::LOOK_ALIKE_UNTIL;
use crate::history::new_dependencies;
use crate::judge::{Judge, Timing, standing, weigh};
use crate::people::Word;
use crate::policy::Standing;
use crate::time::Time;

/// How many releases may each be waiting for the answer of a lower one. Real crates need a handful; where an index
/// is made to go deeper, the answers are found from the lowest release up instead.
const MOST_WAITING: usize = 64;

/// How many lower releases a glance takes in.
pub(crate) const NEAR: usize = 16;

/// What was found so far of a crate's releases.
#[derive(Default)]
pub(crate) struct Bases {
    /// By their places in its history; shorter than that where nobody asked about the highest.
    found: RefCell<Vec<Found>>,
    /// How many releases are waiting for the answer of a lower one.
    depth: Cell<usize>,
    /// At which lower ones an audit of a change to a release may begin, by its place.
    begins: RefCell<BTreeMap<usize, Arc<[usize]>>>,
}

/// What was found of one release: nothing yet, or an answer, which may be that there is none.
#[derive(Clone, Copy, Default)]
struct Found {
    base: Option<Option<usize>>,
    /// From when on a glance tells that it is admitted for later ones.
    surely: Option<Option<Time>>,
    /// Since when it counts as admitted for later ones.
    admission: Option<Admission>,
}

impl Bases {
    fn of(&self, at: usize) -> Found {
        self.found.borrow().get(at).copied().unwrap_or_default()
    }

    fn note(&self, at: usize, note: impl FnOnce(&mut Found)) {
        let found = &mut *self.found.borrow_mut();
        if found.len() <= at {
            found.resize(at + 1, Found::default());
        }
        note(&mut found[at]);
    }
}

/// What a glance at a release tells of a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Glance {
    Admitted,
    NotAdmitted,
    Unclear,
}

/// Since when a release counts as admitted for later ones, and since when it would by its full wait alone.
#[derive(Debug, Clone, Copy)]
struct Admission {
    since: Option<Time>,
    by_age: Option<Time>,
}

impl Admission {
    const NEVER: Self = Self { since: None, by_age: None };
}

impl Judge<'_> {
    /// The release that the one at `at` is compared with.
    pub(crate) fn base(&self, at: usize) -> Option<usize> {
        if let Some(base) = self.bases.of(at).base {
            return base;
        }
        let base = self.find_base(at);
        self.bases.note(at, |found| found.base = Some(base));
        base
    }

    fn find_base(&self, at: usize) -> Option<usize> {
        let then = self.appeared(at)?;
        let ceiling = self.asked.policy.wait.ceiling;
        let mut old_enough = None;
        for lower in self.history.comparable(at, then) {
            if self.was_admitted_for_later(lower, then) {
                return Some(lower);
            }
            if old_enough.is_none() && self.appeared(lower).is_some_and(|time| time + ceiling <= then) {
                old_enough = Some(lower);
            }
        }
        old_enough
    }

    /// Whether a release counted as admitted, for others, at a moment.
    pub(crate) fn was_admitted_for_later(&self, at: usize, moment: Time) -> bool {
        let cheap = self.cheap_admission(at, moment);
        // Where tests run, the glance is held against the full answer.
        if let (Some(was_admitted), false) = (cheap, cfg!(debug_assertions)) {
            return was_admitted;
        }
        let admitted = self.admission(at).since.is_some_and(|admitted| admitted <= moment);
        let version = &self.history.release(at).version;
        debug_assert!(cheap.is_none_or(|cheap| cheap == admitted), "{} {version} at {moment}", self.name());
        admitted
    }

    /// The same, if it was found before or takes only a glance.
    pub(crate) fn cheap_admission(&self, at: usize, moment: Time) -> Option<bool> {
        if let Some(admission) = self.bases.of(at).admission {
            return Some(admission.since.is_some_and(|admitted| admitted <= moment));
        }
        match self.at_a_glance(at, moment) {
            Glance::Admitted => Some(true),
            Glance::NotAdmitted => Some(false),
            Glance::Unclear => None,
        }
    }

    /// Whether a release had been admitted at `moment`, by audit, full wait, or as settled in the baseline, leaving
    /// its later yank aside.
    pub(crate) fn was_admitted_by(&self, at: usize, moment: Time) -> bool {
        let release = self.history.release(at);
        self.baseline_entry(&release.version, Some(release.digest), Some(release))
            .is_some_and(|entry| entry.standing == Standing::Settled && entry.recorded <= moment)
            || self.was_admitted_for_later(at, moment)
    }

    /// When a release appeared to the world: what its own base is asked for as of.
    pub(crate) fn appeared(&self, at: usize) -> Option<Time> {
        clock::first_open(self.history.release(at)).or(self.history.release(at).published)
    }

    /// From when a release counts as admitted for later ones.
    fn admission(&self, at: usize) -> Admission {
        let known = |at| self.bases.of(at).admission;
        if let Some(admission) = known(at) {
            return admission;
        }
        let depth = self.bases.depth.get();
        let lowest = if depth < MOST_WAITING { at } else { 0 };
        self.bases.depth.set(depth + 1);
        // Nothing stays borrowed: finding the answer for a release asks for those of lower ones.
        for next in (lowest..=at).filter(|next| known(*next).is_none()) {
            let admission = self.find_admission(next);
            self.bases.note(next, |found| found.admission = Some(admission));
        }
        self.bases.depth.set(depth);
        known(at).unwrap_or(Admission::NEVER)
    }

    /// The lower releases at which an audit of a change that ends at `at` may begin: those that a full wait, and nothing
    /// else, had admitted when it appeared, and that nothing held then: not that nobody had read them, nor an objection.
    /// The more were, the more audits count, so one that is audited in between takes nothing away.
    pub(crate) fn begins(&self, at: usize) -> Arc<[usize]> {
        let known = self.bases.begins.borrow().get(&at).cloned();
        known.unwrap_or_else(|| {
            let begins: Arc<[usize]> = self.find_begins(at).into();
            self.bases.begins.borrow_mut().insert(at, Arc::clone(&begins));
            begins
        })
    }

    fn find_begins(&self, at: usize) -> Vec<usize> {
        let Some(then) = self.appeared(at) else { return Vec::new() };
        let deltas = || {
            self.history.facts.audits.iter().filter_map(|audit| match &audit.claim {
                Claim::Delta { from, to } => Some((from, to)),
                Claim::Full(_) | Claim::Violation(_) | Claim::Remark(..) => None,
            })
        };
        let version = &self.history.release(at).version;
        if !deltas().any(|(_, to)| to.version == *version) {
            return Vec::new();
        }
        let is_begun_from = |lower: &usize| {
            let version = &self.history.release(*lower).version;
            deltas().any(|(from, _)| from.version == *version && from.git.is_none())
        };
        let was_admitted_by_age = |lower: &usize| {
            let admitted = self.admitted_by_age(*lower).filter(|admitted| *admitted <= then);
            admitted.is_some_and(|admitted| !self.is_objected_to(*lower, admitted, then))
        };
        let mut begins: Vec<usize> =
            self.history.comparable(at, then).filter(is_begun_from).filter(was_admitted_by_age).collect();
        begins.sort_unstable();
        begins
    }

    /// Since when a full wait, and nothing else, admits a release, objections aside; where readings are asked for, one that
    /// nobody read when it is as old as the ceiling.
    fn admitted_by_age(&self, at: usize) -> Option<Time> {
        let by_age = self.admission(at).by_age?;
        let release = self.history.release(at);
        let is_asked =
            self.asked.readings.is_asked() && self.effect(Code::Unscanned, Some(release)) > Effect::Note;
        if !is_asked || self.is_read(at) {
            return Some(by_age);
        }
        let opened = clock::first_open(release)?;
        Some(clock::aged(release, opened, self.asked.policy.wait.ceiling)?.max(by_age))
    }

    /// Whether it takes only a glance to see that a release gains no dependency: a lower one near it that surely was
    /// admitted had them all. Then there is no need to know its base.
    pub(crate) fn surely_gains_nothing(&self, at: usize) -> bool {
        let Some(then) = self.appeared(at) else { return false };
        let mut near = self.history.comparable(at, then).take(NEAR);
        let surely = near.find(|lower| self.at_a_glance(*lower, then) == Glance::Admitted);
        surely.is_some_and(|lower| {
            new_dependencies(self.history.release(at), Some(self.history.release(lower))).is_empty()
        })
    }

    fn at_a_glance(&self, at: usize, moment: Time) -> Glance {
        let Some(opened) = clock::first_open(self.history.release(at)) else { return Glance::NotAdmitted };
        let waits = &self.asked.policy.wait;
        if opened + waits.ceiling <= moment {
            let surely = self.bases.of(at).surely.unwrap_or_else(|| {
                let surely = self.surely_admitted_from(at, opened);
                self.bases.note(at, |found| found.surely = Some(surely));
                surely
            });
            if surely.is_some_and(|surely| surely <= moment) { Glance::Admitted } else { Glance::Unclear }
        } else if opened + self.asked.policy.base_wait(self.asked.level) > moment
            && self.vouched_since(at).once.is_none_or(|known| known > moment)
        {
            // Its time was shorter than the level's wait, which only audits shorten here, and there was none.
            Glance::NotAdmitted
        } else {
            Glance::Unclear
        }
    }

    /// From when on it takes only a glance to see that a release is admitted: it has been in the open for the
    /// ceiling, which no wait exceeds, and nothing at all can have asked for a reviewer or blocked.
    fn surely_admitted_from(&self, at: usize, opened: Time) -> Option<Time> {
        let policy = self.asked.policy;
        let facts = &self.history.facts;
        let release = self.history.release(at);
        let grown_up = self.history.born.map_or(opened, |born| born + policy.wait.crate_tenure);
        let was_never_yanked = match release.sighting.as_deref() {
            Some(s) => s.lacked_at.is_none() && s.yanks.is_empty() && !s.first_seen_yanked,
            None => !release.yanked,
        };
        let is_calm = facts.gone.is_empty()
            && self.history.ambiguous.is_empty()
            && !self.asked.readings.has(release.digest)
            && facts.advisories.iter().all(|advisory| advisory.kind != AdvisoryKind::Malicious)
            && policy.codes.is_empty()
            && policy.supposed.iter().all(|(code, effect)| *effect <= code.effect(self.asked.level))
            && self.asked.level < Level::High;
        let needs_only_old = || {
            release.dependencies.iter().filter(|d| d.kind != DependencyKind::Dev).all(|dependency| {
                let settled = policy.wait.crate_tenure.max(LOOK_ALIKE_UNTIL);
                let then = opened.min(release.published.unwrap_or(opened));
                matches!(dependency.birth, Birth::At(born) if born + settled <= then)
            })
        };
        if !(was_never_yanked && is_calm && needs_only_old()) {
            return None;
        }
        let mut found = Vec::new();
        self.blocks(at, Word::EVER, &|_| false, &mut found);
        found.extend(self.new_publisher(at));
        self.name_close(release, &mut found);
        self.yanked_older(at, &mut found);
        found.retain(|reason| reason.code != Code::YankedAround);
        found.is_empty().then(|| grown_up.max(opened + policy.wait.ceiling))
    }

    /// From when a release counts as admitted for later ones: by audit, or by a full, unshortened wait; never if
    /// something stands that neither clears, or if it was withdrawn before.
    fn find_admission(&self, at: usize) -> Admission {
        let release = self.history.release(at);
        let Some(opened) = clock::first_open(release) else { return Admission::NEVER };
        let mut reasons = Vec::new();
        self.blocks(at, Word::EVER, &|_| true, &mut reasons);
        if !reasons.is_empty() {
            return Admission::NEVER;
        }
        self.against(at, &mut reasons);
        // What nobody knows to be old is no measure for others: what a release brings in beside a dependency that
        // was never read stays new in its successors.
        let is_unread = |r: &&Reason| matches!(r.because, Because::DependencyUnread { .. });
        if let Some(unread) = reasons.iter().find(is_unread).cloned() {
            reasons.push(Reason { code: Code::YoungDependency, ..unread });
        }
        self.give_effects(Some(release), &mut reasons);
        let by_age = self.admitted_with(release, opened, &reasons, 0);
        let vouched = self.vouched_since(at);
        let with = |audits, known: Option<Time>| {
            known.and_then(|known| Some(self.admitted_with(release, opened, &reasons, audits)?.max(known)))
        };
        let since = [by_age, with(1, vouched.once), with(2, vouched.twice)].into_iter().flatten().min();
        let mut objected = Vec::new();
        self.objected(at, Word::EVER, &|known| since.is_some_and(|since| since < known), &mut objected);
        if !objected.is_empty() {
            return Admission::NEVER;
        }
        // While it is yanked no time counts; what was away for more than a day starts anew, and asks for a
        // reviewer. So who publishes, yanks and un-yanks a release does not make it the base of the next.
        let yanked_at = release.sighting.as_deref().filter(|_| release.yanked).and_then(Sighting::yanked_at);
        let long_yank = clock::long_yank(release).map(|(yanked_at, _)| yanked_at);
        let withdrawn = yanked_at.into_iter().chain(long_yank).min();
        let before = |time: &Time| withdrawn.is_none_or(|withdrawn| *time <= withdrawn);
        Admission { since: since.filter(before), by_age: by_age.filter(before) }
    }

    /// When a release against which `reasons` stand is admitted, given that many audits; none if never.
    fn admitted_with(
        &self,
        release: &ReleaseFacts<'_>,
        opened: Time,
        reasons: &[Reason],
        audits: usize,
    ) -> Option<Time> {
        let policy = self.asked.policy;
        let time = Timing { opened: Some(opened), counted: Time::LATEST, audits, has_quorum: false };
        let grown_up = weigh(policy, self.asked.level, standing(reasons), &time, |_| ());
        if grown_up.verdict != Verdict::Admit {
            return None;
        }
        let grown_up = clock::aged(release, opened, grown_up.wait)?;
        // Being a new crate lapses, but until then it stands.
        let tenure = self.history.born.map_or(opened, |born| born + policy.wait.crate_tenure);
        if grown_up >= tenure {
            return Some(grown_up);
        }
        let new_crate = (Code::NewCrate, self.effect(Code::NewCrate, Some(release)));
        let found = standing(reasons).chain([new_crate]);
        let young = weigh(policy, self.asked.level, found, &time, |_| ());
        match young.verdict {
            Verdict::Admit => {
                let aged = clock::aged(release, opened, young.wait);
                Some(aged.map_or(tenure, |aged| aged.min(tenure)))
            }
            Verdict::Hold | Verdict::Block => Some(tenure),
        }
    }
}
