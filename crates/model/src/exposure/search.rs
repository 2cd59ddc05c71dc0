//! The search for few identities.
//!
//! What a judgement asks for is listed by the judgement itself: [`Decision::clears`](crate::Decision) names each way out, as so
//! many independent audits, or approvals by such maintainers, and from when on that admits. So the search is over identities
//! alone, of whom those that are alike need not be told apart, and each answer is that of the judgement about facts in which
//! they did what they can.
//!
//! For the release that is supposed it is exact while at most two feeds enrol signers: of more, one of their keepers or all of
//! them are tried.

use std::collections::{BTreeMap, BTreeSet};

use crate::decision::{Decision, Need};
use crate::facts::Publisher;
use crate::judge::Treatment;
use crate::time::Span;

use super::people::{Approves, Helper, Vouches};
use super::{Identity, Kind, Point, Target};

/// With how few identities, among those who may publish and these, the next release of a crate is admitted how soon; and how
/// many accounts would each do for the first point.
pub fn frontier(target: &Target<'_>, helpers: &[Helper]) -> (Vec<Point>, usize) {
    let mut best: BTreeMap<usize, Point> = BTreeMap::new();
    let mut alone: Vec<Option<Span>> = Vec::new();
    for publisher in target.publishers() {
        let mut search = Search { target, helpers, publisher, best: &mut best };
        alone.push(search.run());
    }
    let mut points: Vec<Point> = Vec::new();
    for point in best.into_values() {
        if points.last().is_none_or(|last| point.wait < last.wait) {
            points.push(point);
        }
    }
    let first = points.first().filter(|point| point.identities.len() == 1).map(|point| point.wait);
    let accounts = alone.iter().filter(|wait| wait.is_some() && **wait == first).count();
    (points, accounts)
}

/// The search for those who help one account.
struct Search<'s, 'a> {
    target: &'s Target<'a>,
    helpers: &'s [Helper],
    publisher: Option<Publisher<'a>>,
    /// What was found so far, by the number of identities.
    best: &'s mut BTreeMap<usize, Point>,
}

impl Search<'_, '_> {
    /// Finds all that is worth finding, and tells how long the account waits alone.
    fn run(&mut self) -> Option<Span> {
        let is_keeper = |helper: &&Helper| matches!(helper.approves, Approves::Everybody { .. });
        let keepers: Vec<&Helper> = self.helpers.iter().filter(is_keeper).collect();
        let alone = self.with(&[]);
        let mut sets: Vec<Vec<&Helper>> = keepers.iter().map(|keeper| vec![*keeper]).collect();
        if keepers.len() > 1 {
            sets.push(keepers);
        }
        for set in &sets {
            self.with(set);
        }
        // One advisory does what any number of them does.
        if let Some(reporter) = self.helpers.iter().find(|helper| helper.reports()) {
            sets.insert(0, Vec::new());
            for mut set in sets {
                set.push(reporter);
                self.with(&set);
            }
        }
        alone
    }

    /// Tries a set, and what the judgement says that it lacks; tells how long the set waits as it is.
    fn with(&mut self, set: &[&Helper]) -> Option<Span> {
        let (decision, wait) = self.tried(set);
        if wait == Some(Span::ZERO) {
            return wait;
        }
        let ways = decision.clears.iter().filter(|way| !way.is_override());
        let (mut one, mut two) = (None, None);
        for way in ways {
            let after = self.target.until(way.earliest);
            for need in &way.needs {
                match need {
                    Need::Audits(1) => one = Some(after),
                    Need::Audits(_) => two = Some(after),
                    Need::Quorum(approvers) => {
                        let voices: Vec<Helper> =
                            approvers.iter().map(|by| self.target.voice(&by.name, &by.signer)).collect();
                        let all: Vec<&Helper> = set.iter().copied().chain(&voices).collect();
                        self.tried(&all);
                    }
                    Need::Feed(_) | Need::Admitted { .. } | Need::Exception(_) => {}
                }
            }
        }
        self.single(set, one, two);
        // Beside two audits an advisory does nothing.
        if !set.iter().any(|helper| helper.reports()) {
            self.pairs(set, two);
        }
        wait
    }

    /// One more helper: the first of each sort, and of those who sign by name each until one reaches what an audit does.
    fn single(&mut self, set: &[&Helper], one: Option<Span>, two: Option<Span>) {
        // An audit is not sooner than that, nor is a window for the account.
        let has_two = self.helpers.iter().any(|helper| helper.vouches.len() > 1);
        let audited = [one, two.filter(|_| has_two)].into_iter().flatten();
        let least = audited.fold(self.target.floor_known(), Span::min);
        if self.is_beaten(set.len() + 2, least) {
            return;
        }
        let mut asked: Vec<&Helper> = Vec::new();
        let mut is_reached = [false; 2];
        for helper in self.helpers.iter().filter(|helper| !helper.vouches.is_empty() && !set.contains(helper))
        {
            let goal = if helper.vouches.len() > 1 { two.or(one) } else { one };
            let by_name = helper.identity.kind != Kind::AuditSet;
            let is_done = is_reached[usize::from(helper.vouches.len() > 1)];
            // A set can do more than audit: it can vouch for an account.
            if asked.iter().any(|other| other.is_like(helper)) || (by_name && (goal.is_none() || is_done)) {
                continue;
            }
            asked.push(helper);
            let all: Vec<&Helper> = set.iter().copied().chain([helper]).collect();
            let (_, wait) = self.tried(&all);
            is_reached[usize::from(helper.vouches.len() > 1)] |= wait.is_some() && wait <= goal;
        }
    }

    /// Two more helpers, until two reach what two independent audits do.
    fn pairs(&mut self, set: &[&Helper], two: Option<Span>) {
        let Some(goal) = two else { return };
        let free = |helper: &&Helper| !helper.vouches.is_empty() && !set.contains(helper);
        let free: Vec<&Helper> = self.helpers.iter().filter(free).collect();
        let sorts = self.sorts(&free);
        let mut asked: BTreeSet<[usize; 2]> = BTreeSet::new();
        for (place, one) in free.iter().enumerate() {
            for (other_place, other) in free.iter().enumerate().skip(place + 1) {
                if self.is_beaten(set.len() + 3, goal) {
                    return;
                }
                let mut of_sorts = [sorts[place], sorts[other_place]];
                of_sorts.sort_unstable();
                if asked.insert(of_sorts) {
                    let all: Vec<&Helper> = set.iter().copied().chain([*one, *other]).collect();
                    self.tried(&all);
                }
            }
        }
    }

    /// Of each helper the place of the first that is like it: a pair of two sorts is asked about once.
    fn sorts(&self, helpers: &[&Helper]) -> Vec<usize> {
        let organisations: Vec<Option<String>> =
            helpers.iter().map(|helper| self.organisation(helper)).collect();
        let are_alike = |one: usize, other: usize| {
            one == other
                || helpers[one].is_like(helpers[other])
                || organisations[one].as_ref().is_some_and(|own| organisations[other].as_ref() == Some(own))
        };
        let first = |place| (0..place).find(|before| are_alike(*before, place)).unwrap_or(place);
        (0..helpers.len()).map(first).collect()
    }

    /// The organisation of a signer of whom nothing else matters: who has no part in this crate, and shares no account with
    /// somebody elsewhere. Two of one organisation vouch for one, whoever they are.
    fn organisation(&self, helper: &Helper) -> Option<String> {
        let Vouches::Signer { principal, accounts, organisation } = helper.only_voucher()? else {
            return None;
        };
        let own = organisation.as_ref()?.to_ascii_lowercase();
        let is_elsewhere = |of: &Vouches| match of {
            Vouches::Signer { accounts: others, organisation, .. } => {
                organisation.as_ref().is_none_or(|other| !other.eq_ignore_ascii_case(&own))
                    && others.iter().any(|account| accounts.contains(account))
            }
            Vouches::Set { .. } | Vouches::Crev(_) => false,
        };
        let shares = || self.helpers.iter().flat_map(|other| &other.vouches).any(is_elsewhere);
        (!self.target.knows(principal, accounts) && !shares()).then_some(own)
    }

    /// Whether with as few identities it was found to take no longer.
    fn is_beaten(&self, identities: usize, wait: Span) -> bool {
        self.best.range(..=identities).any(|(_, point)| point.wait <= wait)
    }

    /// Asks the judgement about a set, and keeps the answer if it is better than what was found.
    fn tried(&mut self, set: &[&Helper]) -> (Decision, Option<Span>) {
        let decision = self.target.decide(self.publisher, set);
        let wait = self.target.wait(&decision);
        let identities = set.len() + 1;
        if let Some(wait) = wait
            && self.best.get(&identities).is_none_or(|point| wait < point.wait)
        {
            let publisher = match self.target.treatment() {
                Treatment::FirstParty(index) => Identity::new(Kind::Registry, index),
                Treatment::Judged | Treatment::Foreign(_) => Identity::publisher(self.publisher),
            };
            let helpers = set.iter().map(|helper| helper.identity.clone());
            let point = Point { identities: [publisher].into_iter().chain(helpers).collect(), wait };
            self.best.insert(identities, point);
        }
        (decision, wait)
    }
}
