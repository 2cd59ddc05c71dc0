//! The ways out of a hold: what to add, and from when on that admits.
//!
//! Each way is exact: with just what it needs, at its earliest moment, the judgement admits. That is so because
//! the judgement itself is asked: for every moment at which something lapses, and all evidence that may be added, what
//! would be decided then. Ways are ordered as a person would try them: wait, evidence, override.

use crate::clock::Feeds;
use crate::code::Code;
use crate::decision::{Decision, Need, Reason, Verdict, Way};
use crate::judge::{Judge, Moment, Neighbourhood, Outcome};
use crate::quorum::Cluster;
use crate::time::Time;
use semver::Version;

/// As many audits as any level asks for.
const MOST_AUDITS: usize = 2;

/// The ways out for a decision that does not admit, given the audits that it has.
pub(crate) fn out(
    judge: &Judge<'_>,
    decision: &Decision,
    audits: usize,
    neighbours: &Neighbourhood,
) -> Vec<Way> {
    let mut ways: Vec<Way> = Vec::new();
    if decision.verdict == Verdict::Hold {
        let met = Neighbourhood { unmet: Vec::new(), raised: neighbours.raised.clone() };
        for more in 0..=MOST_AUDITS.saturating_sub(audits) {
            let added = Added { audits: more, approvals: &[] };
            let Some((earliest, as_of)) = earliest(judge, decision, &met, added) else { continue };
            // A dearer way is worth naming only if it is sooner.
            if ways.last().is_none_or(|way| earliest < way.earliest) {
                let audits = (more > 0).then_some(Need::Audits(more));
                ways.push(Way { needs: needs(judge, neighbours, audits, as_of), earliest, as_of });
            }
        }
        let asks_for_audits = |way: &&Way| way.needs.iter().any(|need| matches!(need, Need::Audits(_)));
        let wait = ways.first().filter(|way| !asks_for_audits(way)).map(|way| way.earliest);
        ways.extend(by_quorum(judge, decision, neighbours, &met, wait));
    }
    // No exception can name bytes that nobody has.
    if decision.digest.is_some() {
        let codes = decision.standing_codes();
        let now = judge.asked.now;
        ways.push(Way { needs: vec![Need::Exception(codes)], earliest: now, as_of: now });
    }
    ways
}

/// What is supposed to be added.
#[derive(Clone, Copy)]
struct Added<'s> {
    audits: usize,
    approvals: &'s [Cluster],
}

/// The way by a quorum, if there is one to be had and it is sooner than waiting: of the sets that could complete it the
/// one that does so the earliest.
fn by_quorum(
    judge: &Judge<'_>,
    decision: &Decision,
    neighbours: &Neighbourhood,
    met: &Neighbourhood,
    wait: Option<Time>,
) -> Option<Way> {
    let at = judge.history.position(&decision.release.version)?;
    let sets = judge.completing(at, judge.present());
    let ways = sets.into_iter().filter_map(|approvers| {
        let approvals = judge.clusters_of(at, &approvers);
        let (earliest, as_of) = earliest(judge, decision, met, Added { audits: 0, approvals: &approvals })?;
        let needs = needs(judge, neighbours, Some(Need::Quorum(approvers)), as_of);
        Some(Way { needs, earliest, as_of })
    });
    let count = |way: &Way| {
        way.needs.iter().map(|need| if let Need::Quorum(of) = need { of.len() } else { 0 }).sum::<usize>()
    };
    ways.filter(|way| wait.is_none_or(|wait| way.earliest < wait))
        .min_by_key(|way| (way.earliest, count(way)))
}

/// The earliest moment from now on at which what is added admits the release, all feeds speaking and its
/// requirements met; and up to when the feeds have to speak for it.
///
/// What is found changes only when something lapses; between such moments only the age grows, so that the one
/// other moment to look at is the end of the wait.
fn earliest(
    judge: &Judge<'_>,
    decision: &Decision,
    met: &Neighbourhood,
    added: Added<'_>,
) -> Option<(Time, Time)> {
    let at = |now| {
        let mut feeds = judge.asked.feeds.to_vec();
        feeds.iter_mut().for_each(|feed| feed.as_of = feed.as_of.max(Some(now)));
        let moment =
            Moment { now, feeds: Feeds(&feeds), more_audits: added.audits, more_approvals: added.approvals };
        judge.outcome(&decision.release.version, met, moment)
    };
    let is_admitted = |now| at(now).verdict == Verdict::Admit;
    let found = Found::of(judge, decision);
    let moments = lapses(judge, &found);
    moments.iter().enumerate().find_map(|(place, &start)| {
        let outcome = at(start);
        if outcome.verdict == Verdict::Admit {
            // Long ago enough may be enough: when the wait ended, and neither the crate nor what it newly needs was new.
            let over = outcome.time.opened.map_or(start, |opened| opened + outcome.weighed.wait);
            let as_of = grown_up(judge, &found).filter(|time| *time <= start).fold(over, Time::max);
            return Some((start, as_of.min(start)));
        }
        let over = outcome.time.opened? + outcome.weighed.wait;
        let is_before_the_next = moments.get(place + 1).is_none_or(|next| over < *next);
        (over > start && is_before_the_next && is_admitted(over)).then_some((over, over))
    })
}

/// The next moment at which what becomes of a release may change, all feeds speaking: something lapses, or its wait is
/// over.
pub(crate) fn changes(judge: &Judge<'_>, version: &Version, outcome: &Outcome) -> Option<Time> {
    let published = judge.history.position(version).and_then(|at| judge.history.release(at).published);
    let found = Found { version, opened: opened(judge, version), published, reasons: &outcome.reasons };
    let over = found.opened.map(|opened| opened + outcome.weighed.wait);
    lapses(judge, &found).into_iter().chain(over).filter(|moment| *moment > judge.asked.now).min()
}

/// What was found about a release, as far as it may lapse.
#[derive(Clone, Copy)]
struct Found<'d> {
    version: &'d Version,
    opened: Option<Time>,
    published: Option<Time>,
    reasons: &'d [Reason],
}

impl<'d> Found<'d> {
    fn of(judge: &Judge<'_>, decision: &'d Decision) -> Self {
        let Decision { release, published, reasons, .. } = decision;
        let opened = opened(judge, &release.version);
        Self { version: &release.version, opened, published: *published, reasons }
    }
}

/// Since when a release is in the open as of now, up to which feeds may not speak yet.
fn opened(judge: &Judge<'_>, version: &Version) -> Option<Time> {
    judge.opened(judge.history.position(version)?, judge.asked.now)
}

/// The moments, from now on, at which something that was found may lapse, in order.
fn lapses(judge: &Judge<'_>, found: &Found<'_>) -> Vec<Time> {
    let wait = &judge.asked.policy.wait;
    let unremarkable = found.opened.map(|opened| opened + wait.ceiling);
    let now = judge.asked.now;
    // A time in the future has to come before anything counts.
    let begun = found.opened.max(found.published);
    let mut moments: Vec<Time> = [Some(now), unremarkable, begun]
        .into_iter()
        .flatten()
        .chain(grown_up(judge, found))
        .chain(judge.turns(found.version))
        .filter(|moment| *moment >= now)
        .collect();
    moments.sort_unstable();
    moments.dedup();
    moments
}

/// When the crate, and each young dependency that was found, is new no more; and when it matters no more that nobody read
/// the release.
fn grown_up(judge: &Judge<'_>, found: &Found<'_>) -> impl Iterator<Item = Time> {
    let own = judge.history.born.map(|born| born + judge.asked.policy.wait.crate_tenure);
    let is_unread = || found.reasons.iter().any(|reason| reason.code == Code::Unscanned);
    let unread = found.opened.filter(|_| is_unread());
    let read = unread.map(|opened| opened + judge.asked.policy.wait.ceiling);
    let needed = found.reasons.iter().filter_map(|reason| judge.grows_up(reason));
    let at = judge.history.position(found.version);
    let lapsed = at.map_or_else(Vec::new, |at| judge.objections_lapse(at));
    own.into_iter().chain(read).chain(needed).chain(lapsed)
}

fn needs(judge: &Judge<'_>, neighbours: &Neighbourhood, evidence: Option<Need>, as_of: Time) -> Vec<Need> {
    let admitted = neighbours.unmet.iter().map(|(package, requirement)| Need::Admitted {
        package: package.clone(),
        requirement: requirement.clone(),
    });
    let silent = judge.asked.feeds.iter().filter(|f| f.as_of.unwrap_or(Time::EARLIEST) < as_of);
    let mut silent: Vec<Need> = silent.map(|feed| Need::Feed(feed.name.clone())).collect();
    silent.sort();
    admitted.chain(evidence).chain(silent).collect()
}
