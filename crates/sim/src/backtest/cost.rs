//! What a rule costs: which upgrades would have waited, for how long, and how often a reviewer would have been asked.
//!
//! An upgrade waits if its release was not admitted when the project committed it; its delay is the time from then to the
//! admission. A project would rather have taken an older release meanwhile, or a newer one afterwards; that is not followed.

use std::collections::BTreeSet;

use fence_model::{Code, Span, Time};

use super::Admissions;
use super::upgrades::{Fix, Kind, Upgrade, Upgrades};

/// What a rule costs some upgrades.
#[derive(Debug, Clone, Default)]
pub struct Cost {
    /// How many upgrades there are.
    pub upgrades: usize,
    /// How many of them would have waited.
    pub waited: usize,
    /// The delays of those that time alone ends, in seconds, sorted.
    pub delays: Vec<i64>,
    /// How many time alone would never have let in.
    pub never: usize,
    /// How many were held by a code that asks for a reviewer.
    pub held_for_review: usize,
    /// How many were held only because something that they need was.
    pub held_by_needs: usize,
    /// How many different releases a project would have asked a reviewer for, summed over projects.
    pub reviews: usize,
    /// For how many months projects are told of, summed.
    pub months: f64,
    /// Fixes whose advisory was known: how many there are, and those that waited.
    pub known_fixes: Waiting,
    /// Other fixes.
    pub other_fixes: Waiting,
    /// How often each code held or made longer, among those that waited.
    pub codes: Vec<(Code, usize)>,
}

/// How many there are, and how many of them waited.
#[derive(Debug, Clone, Copy, Default)]
pub struct Waiting {
    /// How many there are.
    pub all: usize,
    /// How many waited.
    pub waited: usize,
    /// How many waited for more than a day.
    pub over_a_day: usize,
    /// How many waited for more than a day, and no other release that does the same was let in within that day.
    pub without_a_way: usize,
    /// The longest delay that time ends, in seconds.
    pub longest: i64,
}

impl Waiting {
    fn count(&mut self, delay: Option<Option<i64>>, has_a_way: impl Fn() -> bool) {
        self.all += 1;
        let Some(delay) = delay else { return };
        self.waited += 1;
        let is_over_a_day = delay.is_none_or(|delay| delay > 86_400);
        self.over_a_day += usize::from(is_over_a_day);
        self.without_a_way += usize::from(is_over_a_day && !has_a_way());
        self.longest = self.longest.max(delay.unwrap_or_default());
    }
}

impl Cost {
    /// What a rule costs those changes of one kind that are `wanted`.
    pub fn of(
        upgrades: &Upgrades,
        admissions: &Admissions,
        kind: Kind,
        wanted: impl Fn(&Upgrade) -> bool,
    ) -> Self {
        let mut cost = Self::default();
        let mut asked: BTreeSet<(usize, u32)> = BTreeSet::new();
        let mut projects: BTreeSet<usize> = BTreeSet::new();
        let mut codes = vec![0_usize; Code::ALL.len()];
        for upgrade in upgrades.all.iter().filter(|upgrade| upgrade.kind == kind && wanted(upgrade)) {
            let Some(fate) = admissions.of(upgrade.release) else { continue };
            projects.insert(upgrade.project);
            cost.upgrades += 1;
            let delay = (!fate.is_admitted_at(upgrade.at)).then(|| delay(fate.admitted, upgrade.at));
            let has_a_way = || has_a_way(upgrade, admissions);
            match upgrade.fix {
                Some(Fix::Known) => cost.known_fixes.count(delay, has_a_way),
                Some(Fix::Unknown) => cost.other_fixes.count(delay, has_a_way),
                None => {}
            }
            let Some(delay) = delay else { continue };
            cost.waited += 1;
            match delay {
                Some(delay) => cost.delays.push(delay),
                None => cost.never += 1,
            }
            let Some(phase) = fate.phase_at(upgrade.at) else {
                cost.held_by_needs += 1;
                continue;
            };
            if !phase.review.is_empty() {
                cost.held_for_review += 1;
                asked.insert((upgrade.project, upgrade.release.0));
            }
            phase.review.iter().chain(phase.longer.iter()).for_each(|code| codes[code as usize] += 1);
        }
        cost.delays.sort_unstable();
        cost.reviews = asked.len();
        cost.months = projects.iter().map(|project| upgrades.months[*project]).sum();
        cost.codes =
            Code::ALL.iter().map(|code| (*code, codes[*code as usize])).filter(|(_, n)| *n > 0).collect();
        cost
    }

    /// The share that waited.
    pub fn share(&self) -> f64 {
        share(self.waited, self.upgrades)
    }

    /// How long an upgrade would have waited in the mean, in days: those that do not wait count as none, those that time
    /// never lets in are left out.
    pub fn mean_days(&self) -> f64 {
        let counted = self.upgrades - self.never;
        self.delays.iter().sum::<i64>() as f64 / 86_400.0 / (counted.max(1) as f64)
    }

    /// A quantile of the delays of those that waited, in days; none where a reviewer alone would have ended it.
    pub fn quantile_days(&self, of: f64) -> Option<f64> {
        let place = (of * (self.waited.max(1) - 1) as f64).round() as usize;
        self.delays.get(place).map(|seconds| *seconds as f64 / 86_400.0)
    }

    /// How many reviews a project would have asked for in a month, in the mean.
    pub fn reviews_per_month(&self) -> f64 {
        if self.months > 0.0 { self.reviews as f64 / self.months } else { 0.0 }
    }
}

/// Whether another release that leaves the same vulnerability behind is let in within a day.
fn has_a_way(upgrade: &Upgrade, admissions: &Admissions) -> bool {
    let in_time = upgrade.at + Span::days(1);
    upgrade.ways.iter().filter_map(|way| admissions.of(*way)).any(|fate| fate.is_admitted_at(in_time))
}

/// Whether an upgrade is a fix whose advisory was known, waits for more than a day, and there is no other way to it.
pub fn is_stuck(upgrade: &Upgrade, admissions: &Admissions) -> bool {
    let in_time = upgrade.at + Span::days(1);
    upgrade.fix == Some(Fix::Known)
        && admissions.of(upgrade.release).is_some_and(|fate| !fate.is_admitted_at(in_time))
        && !has_a_way(upgrade, admissions)
}

/// From a moment to the admission, in seconds; none if there is none.
fn delay(admitted: Option<Time>, from: Time) -> Option<i64> {
    admitted.map(|admitted| (admitted - from).as_seconds())
}

/// A share of all; of none it is none.
pub fn share(of: usize, all: usize) -> f64 {
    if all == 0 { 0.0 } else { of as f64 / all as f64 }
}
