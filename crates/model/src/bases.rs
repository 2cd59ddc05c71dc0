//! The base of each release, and since when a release counts as admitted for those that come after it.
//!
//! The base is the highest lower release that was admitted, by audit or by a full unshortened wait under this very
//! policy, when the release appeared; failing that, the highest that was older than the ceiling then. Never a
//! yanked release or a pre-release. So a staging release burns no flag: what it brought in is still new to the next.
//!
//! Everything is asked as of the release's own appearance, so a base never changes as time goes by, and a later
//! `now` cannot turn an admission into a hold. The answer for a release needs the answers for lower ones. For most
//! of them a glance suffices ([`Judge::was_surely_admitted`]); otherwise they are found from the lowest up and kept.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::clock;
use crate::code::{Code, Level};
use crate::decision::{Because, Reason, Verdict};
use crate::facts::{AdvisoryKind, Birth, DependencyKind, ReleaseFacts};
use crate::findings::LOOK_ALIKE_UNTIL;
use crate::judge::{Judge, Timing, standing, weigh};
use crate::policy::Standing;
use crate::time::Time;

/// What was found so far of a crate's releases, by their places in its history.
#[derive(Default)]
pub(crate) struct Bases {
    bases: RefCell<BTreeMap<usize, Option<usize>>>,
    /// From the lowest release up, since when it counts as admitted.
    admitted: RefCell<Vec<Option<Time>>>,
}

impl Judge<'_> {
    /// The release that the one at `at` is compared with.
    pub(crate) fn base(&self, at: usize) -> Option<usize> {
        if let Some(base) = self.bases.bases.borrow().get(&at) {
            return *base;
        }
        let base = self.find_base(at);
        self.bases.bases.borrow_mut().insert(at, base);
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
        let is_sure = self.was_surely_admitted(at, moment);
        // Where tests run, the glance is held against the full answer.
        if is_sure && !cfg!(debug_assertions) {
            return true;
        }
        let admitted = self.admitted(at).is_some_and(|admitted| admitted <= moment);
        debug_assert!(admitted || !is_sure, "{} {}", self.name(), self.history.release(at).version);
        admitted
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

    /// From when a release counts as admitted for later ones; none if never.
    fn admitted(&self, at: usize) -> Option<Time> {
        loop {
            // Nothing stays borrowed: finding the answer for a release asks for those of lower ones.
            let next = self.bases.admitted.borrow().len();
            if next > at {
                return self.bases.admitted.borrow()[at];
            }
            let admitted = self.admitted_since(next, self.base(next));
            self.bases.admitted.borrow_mut().push(admitted);
        }
    }

    /// Whether it takes only a glance to see that a release had been admitted at `moment`: it had been in the open
    /// for the ceiling, which no wait exceeds, and nothing at all can have asked for a reviewer or blocked.
    fn was_surely_admitted(&self, at: usize, moment: Time) -> bool {
        let policy = self.asked.policy;
        let facts = &self.history.facts;
        let release = self.history.release(at);
        let Some(opened) = clock::first_open(release) else { return false };
        let grown_up = self.history.born.map_or(opened, |born| born + policy.wait.crate_tenure);
        let is_old = opened + policy.wait.ceiling <= moment && grown_up <= moment;
        let was_never_yanked = match release.sighting.as_deref() {
            Some(s) => s.lacked_at.is_none() && s.yanked_at.is_none() && !s.first_seen_yanked,
            None => !release.yanked,
        };
        let is_calm = facts.gone.is_empty()
            && self.history.ambiguous.is_empty()
            && facts.advisories.iter().all(|advisory| advisory.kind != AdvisoryKind::Malicious)
            && policy.codes.is_empty()
            && self.asked.level < Level::High;
        let needs_only_old = || {
            release.dependencies.iter().filter(|d| d.kind != DependencyKind::Dev).all(|dependency| {
                let settled = policy.wait.crate_tenure.max(LOOK_ALIKE_UNTIL);
                let then = opened.min(release.published.unwrap_or(opened));
                matches!(dependency.birth, Birth::At(born) if born + settled <= then)
            })
        };
        if !(is_old && was_never_yanked && is_calm && needs_only_old()) {
            return false;
        }
        let mut found = Vec::new();
        self.blocks(at, &mut found);
        self.name_close(release, &mut found);
        self.yanked_older(at, &mut found);
        found.retain(|reason| reason.code != Code::YankedAround);
        found.is_empty()
    }

    /// From when a release counts as admitted for later ones: by audit, or by a full, unshortened wait; never if
    /// something stands that neither clears, or if it was withdrawn before.
    fn admitted_since(&self, at: usize, base: Option<usize>) -> Option<Time> {
        let release = self.history.release(at);
        let opened = clock::first_open(release)?;
        let mut reasons = Vec::new();
        self.blocks(at, &mut reasons);
        if !reasons.is_empty() {
            return None;
        }
        self.against(at, base, &mut reasons);
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
        let admitted = [by_age, with(1, vouched.once), with(2, vouched.twice)].into_iter().flatten().min()?;
        // While it is yanked no time counts; what comes back after more than a day starts anew, and asks for a
        // reviewer. So who publishes, yanks and un-yanks a release does not make it the base of the next.
        let withdrawn = if release.yanked {
            release.sighting.as_deref().and_then(|s| s.yanked_at)
        } else {
            clock::long_yank(release).map(|(yanked_at, _)| yanked_at)
        };
        (withdrawn.is_none_or(|withdrawn| admitted <= withdrawn)).then_some(admitted)
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
        let time = Timing { opened: Some(opened), counted: Time::LATEST, audits };
        let grown_up = weigh(policy, self.asked.level, standing(reasons), &time, |_| ());
        if grown_up.verdict != Verdict::Admit {
            return None;
        }
        let grown_up = opened + grown_up.wait;
        // Being a new crate lapses, but until then it stands.
        let tenure = self.history.born.map_or(opened, |born| born + policy.wait.crate_tenure);
        if grown_up >= tenure {
            return Some(grown_up);
        }
        let new_crate = (Code::NewCrate, self.effect(Code::NewCrate, Some(release)));
        let found = standing(reasons).chain([new_crate]);
        let young = weigh(policy, self.asked.level, found, &time, |_| ());
        match young.verdict {
            Verdict::Admit => Some((opened + young.wait).min(tenure)),
            Verdict::Hold | Verdict::Block => Some(tenure),
        }
    }
}
