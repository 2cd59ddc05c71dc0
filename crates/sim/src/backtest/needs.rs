//! What a release's requirements add: `needs-held`, as arithmetic on the moments since which releases are admitted.
//!
//! An admission stays, so a requirement is met from the moment on at which the first of what it takes is admitted, and a release is
//! admitted when it is on its own and all its requirements are met. Where releases need each other in a circle, one that is
//! being asked about counts as not admitted, as the judgement's own look down the requirements has it; what rested on
//! that is asked again.

use fence_model::Time;

use super::walk::Walk;
use crate::history::{ReleaseNumber, Requirement};

impl Walk<'_, '_> {
    /// Since when a release is admitted with what it needs.
    pub(super) fn settled(&self, number: ReleaseNumber) -> Option<Time> {
        if let Some(known) = self.settled.borrow()[number.0 as usize] {
            return known;
        }
        if !self.open.borrow_mut().insert(number) {
            self.rested_on_open.set(true);
            return None;
        }
        let before = self.rested_on_open.replace(false);
        let alone = self.alone_since(number);
        let settled = alone.and_then(|alone| self.all_met(number, alone));
        self.open.borrow_mut().remove(&number);
        // Nothing makes it sooner than it is on its own.
        let is_sure = !self.rested_on_open.get() || settled == alone || self.open.borrow().is_empty();
        if is_sure {
            self.settled.borrow_mut()[number.0 as usize] = Some(settled);
            self.rested_on_open.set(before);
        }
        settled
    }

    fn all_met(&self, number: ReleaseNumber, alone: Time) -> Option<Time> {
        let compiled = self.compiled;
        let mut needs = compiled.needs(number);
        needs.try_fold(alone, |since, need| match need {
            Requirement::Outside => Some(since),
            Requirement::MetBy(these) => self.met_since(these, since).map(|met| since.max(met)),
        })
    }

    /// Since when one of these, the first published first, is admitted; as early as `enough` is all that matters.
    fn met_since(&self, these: &[ReleaseNumber], enough: Time) -> Option<Time> {
        let known = |number: &ReleaseNumber| self.settled.borrow()[number.0 as usize].flatten();
        if these.iter().any(|number| known(number).is_some_and(|since| since <= enough)) {
            return Some(enough);
        }
        let mut best: Option<Time> = None;
        for number in these {
            // None is admitted before it is published.
            if best.is_some_and(|best| self.compiled.published(*number) >= best) {
                break;
            }
            let since = self.settled(*number);
            best = best.into_iter().chain(since).min();
            if best.is_some_and(|best| best <= enough) {
                break;
            }
        }
        best
    }
}
