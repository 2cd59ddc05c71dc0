//! The ways out of a hold: what to add, and from when on that admits.
//!
//! Each way is exact: with just what it needs, at its earliest moment, the judgement admits. Ways are ordered as a
//! person would try them: wait, evidence, override.

use crate::code::{Code, CodeClass, Effect};
use crate::decision::{Decision, Need, Verdict, Way};
use crate::judge::{Judge, Neighbourhood, Timing, weigh};
use crate::time::{Span, Time};

/// The ways out for a decision that does not admit.
pub(crate) fn out(
    judge: &Judge<'_>,
    decision: &Decision,
    time: &Timing,
    neighbours: &Neighbourhood,
) -> Vec<Way> {
    let mut ways = Vec::new();
    if decision.verdict == Verdict::Hold && !is_stuck(decision) {
        let admitted = neighbours.unmet.iter().map(|(package, requirement)| Need::Admitted {
            package: package.clone(),
            requirement: requirement.clone(),
        });
        let admitted: Vec<Need> = admitted.collect();
        let now = judge.asked.now;
        let offer = |audits: usize, earliest: Option<Time>, ways: &mut Vec<Way>| {
            let Some(earliest) = earliest else { return };
            let earliest = earliest.max(now);
            // A dearer way is worth naming only if it is sooner.
            if ways.last().is_some_and(|way: &Way| way.earliest <= earliest) {
                return;
            }
            let mut needs = admitted.clone();
            if audits > 0 {
                needs.push(Need::Audits(audits));
            }
            let silent = judge.asked.feeds.iter().filter(|f| f.as_of.unwrap_or(Time::EARLIEST) < earliest);
            needs.extend(silent.map(|feed| Need::Feed(feed.name.clone())));
            ways.push(Way { needs, earliest });
        };
        offer(0, by_waiting(judge, decision, time), &mut ways);
        for more in 1..=2usize.saturating_sub(time.audits) {
            offer(more, by_audits(judge, decision, time, more), &mut ways);
        }
    }
    // No exception can name bytes that nobody has.
    if decision.digest.is_some() {
        let codes = decision.standing_codes();
        ways.push(Way { needs: vec![Need::Exception(codes)], earliest: judge.asked.now });
    }
    ways
}

/// Whether something stands that neither time nor audits nor neighbours clear.
fn is_stuck(decision: &Decision) -> bool {
    let clearable = [Code::NeedsHeld, Code::Young, Code::Unaudited, Code::ClockStopped];
    decision.reasons.iter().any(|reason| {
        reason.stands
            && (reason.effect == Effect::Block
                || reason.effect == Effect::Hold && !clearable.contains(&reason.code)
                || reason.effect == Effect::Review && reason.code == Code::Missing)
    })
}

/// When time alone admits: the wait is over, and being a new crate has lapsed if that is in the way.
fn by_waiting(judge: &Judge<'_>, decision: &Decision, time: &Timing) -> Option<Time> {
    let opened = time.opened?;
    let policy = judge.asked.policy;
    if decision.reasons.iter().any(|r| r.stands && r.code == Code::Unaudited)
        || yank_stops_clock(judge, decision, time)
    {
        return None;
    }
    let without_new_crate: Vec<_> =
        decision.reasons.iter().filter(|r| r.code != Code::NewCrate).cloned().collect();
    if without_new_crate.iter().any(|r| r.stands && r.effect == Effect::Review) {
        return None;
    }
    let rules: Vec<_> =
        without_new_crate.into_iter().filter(|r| r.code.class() != CodeClass::Condition).collect();
    let lapsed = opened + weigh(policy, decision.level, &rules, time).wait;
    let tenure = judge.history.born.map_or(opened, |born| born + policy.wait.crate_tenure);
    let young_crate = decision.reasons.iter().find(|r| r.stands && r.code == Code::NewCrate);
    match young_crate.map(|r| r.effect) {
        None => Some(lapsed),
        Some(Effect::Review | Effect::Hold) => Some(lapsed.max(tenure)),
        Some(_) => Some(lapsed.max(tenure).min(opened + decision.clock.wait)),
    }
}

/// When `more` independent audits of this release admit it.
fn by_audits(judge: &Judge<'_>, decision: &Decision, time: &Timing, more: usize) -> Option<Time> {
    let audits = time.audits + more;
    let needed = if decision.reasons.iter().any(|r| r.stands && r.code == Code::Unaudited) { 2 } else { 1 };
    if audits < needed {
        return None;
    }
    let rules: Vec<_> =
        decision.reasons.iter().filter(|r| r.code.class() != CodeClass::Condition).cloned().collect();
    let wait = weigh(judge.asked.policy, decision.level, &rules, &Timing { audits, ..*time }).wait;
    if wait > Span::ZERO && yank_stops_clock(judge, decision, time) {
        return None;
    }
    match time.opened {
        Some(opened) => Some(opened + wait),
        None => (wait == Span::ZERO).then_some(judge.asked.now),
    }
}

/// Whether the release is yanked now, so that its age grows no more.
fn yank_stops_clock(judge: &Judge<'_>, decision: &Decision, time: &Timing) -> bool {
    let release = judge.history.position(&decision.release.version).map(|at| judge.history.release(at));
    release.is_some_and(|r| r.yanked && r.sighting.as_deref().is_some_and(|s| s.yanked_at.is_some()))
        && time.counted < judge.asked.now
}
