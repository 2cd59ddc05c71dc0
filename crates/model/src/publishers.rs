//! What the history of a crate's publishers tells of a release: `new-publisher`, `known-publisher`, `ci-known`.
//!
//! All of it compares a release with those that appeared before it. A release of which nobody tells the publisher is
//! nobody's where a source tells all of them, and else may be anybody's: then it makes nobody new, and nobody known.

use crate::code::Code;
use crate::decision::{Because, NewWay, Reason, Unknown};
use crate::facts::{AdvisoryKind, Claim, Publisher};
use crate::findings::reason;
use crate::judge::Judge;
use crate::people::Word;
use crate::time::Time;

/// How many admitted releases make a history.
const RELEASES_OF_A_HISTORY: usize = 3;

impl<'a> Judge<'a> {
    /// Why the publisher of a release is new on the crate, as of the release: an account whose first release is younger
    /// than the tenure, by hand where CI published, by CI where hands did.
    pub(crate) fn new_publisher(&self, at: usize) -> Option<Reason> {
        let release = self.history.release(at);
        let (publisher, then) = (release.publisher?, release.appeared()?);
        let tenure = self.asked.policy.wait.publisher_tenure;
        let earlier = || self.history.before(then).iter().copied();
        let by = |other: usize| self.history.release(other).publisher;
        let may_be_own = |other: usize| match by(other) {
            Some(other) => publisher.may_be(other),
            None => !self.history.facts.publishers_told,
        };
        let nobody_else =
            earlier().all(|(_, other)| may_be_own(other)) && !self.history.has_gone_before(then);
        if nobody_else {
            return None;
        }
        let is_ci = |publisher: Option<Publisher<'_>>| matches!(publisher, Some(Publisher::Ci(_)));
        let ci_since = earlier().find(|(_, other)| is_ci(by(*other))).map(|(time, _)| time);
        // A way of publishing begins where the other one had begun.
        let (new, from) = match (publisher, ci_since) {
            (Publisher::Ci(_), None) => (NewWay::ByCi, Time::EARLIEST),
            (Publisher::User(_), Some(since)) => (NewWay::ByHand, since),
            _ => (NewWay::Account, Time::EARLIEST),
        };
        let first = |from| {
            earlier().find(|(time, other)| *time >= from && may_be_own(*other) && !self.is_tainted(*other))
        };
        let is_old = |first: Option<(Time, usize)>| first.is_some_and(|(time, _)| time + tenure <= then);
        let since = |first: Option<(Time, usize)>| first.map_or(then, |(time, _)| time);
        let (ever, lately) = (first(Time::EARLIEST), first(from));
        let (new, since) = match (is_old(ever), is_old(lately)) {
            (_, true) => return None,
            (false, false) if new == NewWay::ByHand => (NewWay::Account, since(ever)),
            (_, false) => (new, since(lately)),
        };
        let because = Because::PublisherNew { publisher: publisher.to_string(), new, since };
        Some(reason(Code::NewPublisher, Some(since), because))
    }

    /// When the publisher that is a reason is new no more.
    pub(crate) fn publisher_settles(&self, reason: &Reason) -> Option<Time> {
        let Because::PublisherNew { since, .. } = reason.because else { return None };
        Some(since + self.asked.policy.wait.publisher_tenure)
    }

    /// The publisher's history on the crate: three releases that were admitted when this one appeared, the first of them
    /// the tenure before. That none turned out bad is asked by [`Judge::has_tainted`].
    pub(crate) fn known_publisher(&self, at: usize) -> Option<Reason> {
        let release = self.history.release(at);
        let (publisher, then) = (release.publisher?, release.appeared()?);
        let code = match publisher {
            Publisher::UNKNOWN_CI => return None,
            Publisher::Ci(_) => Code::CiKnown,
            Publisher::User(_) => Code::KnownPublisher,
        };
        let own = |(_, other): &(Time, usize)| self.history.release(*other).publisher == Some(publisher);
        let earlier = self.history.before(then).iter().filter(|other| own(other));
        let admitted = |(_, other): &&(Time, usize)| self.was_admitted_for_later(*other, then);
        let history: Vec<&(Time, usize)> = earlier.filter(admitted).take(RELEASES_OF_A_HISTORY).collect();
        let since = history.first()?.0;
        let is_enough =
            history.len() == RELEASES_OF_A_HISTORY && since + self.asked.policy.wait.publisher_tenure <= then;
        let because = Because::PublisherKnown { publisher: publisher.to_string(), since };
        is_enough.then(|| reason(code, Some(since), because))
    }

    /// Whether something that nobody tells of publishers may matter to a release.
    pub(crate) fn publishers_unknown(&self, at: usize) -> Option<Unknown> {
        let release = self.history.release(at);
        let is_untold = |at: usize| self.history.release(at).publisher.is_none();
        let is_unknown = release.publisher.is_none()
            || (!self.history.facts.publishers_told
                && release
                    .appeared()
                    .is_none_or(|then| self.history.before(then).iter().any(|(_, at)| is_untold(*at))));
        is_unknown.then_some(Unknown::Publishers)
    }

    /// Whether a release of a publisher on this crate, earlier or later, turned out bad.
    pub(crate) fn has_tainted(&self, publisher: Publisher<'_>) -> bool {
        let own = |(_, at): &&(Time, usize)| self.history.release(*at).publisher == Some(publisher);
        self.history.before(Time::LATEST).iter().filter(own).any(|(_, at)| self.is_tainted(*at))
    }

    /// Whether a release turned out bad: then it is nobody's good history.
    fn is_tainted(&self, at: usize) -> bool {
        let facts = &self.history.facts;
        let is_calm = facts.statements.is_empty()
            && facts.advisories.iter().all(|advisory| advisory.kind != AdvisoryKind::Malicious)
            && facts.audits.iter().all(|audit| !matches!(audit.claim, Claim::Violation(_)));
        if is_calm {
            return false;
        }
        let mut found = Vec::new();
        self.blocks(at, Word::EVER, &|_| false, &mut found);
        found.iter().any(|reason| {
            matches!(reason.code, Code::Malicious | Code::Revoked | Code::Violation | Code::Objected)
        })
    }
}
