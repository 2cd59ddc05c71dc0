//! The third pass: what a registry shows of a crate, given the decisions on its releases.
//!
//! A release that is not admitted stays in the index, marked as yanked, and its bytes are refused with a text: so
//! new resolutions take the newest admitted release, and a pinned one fails with the fence's own words. A yank is
//! passed through, with one exception: an attacker with an owner's token can yank the good releases so that cargo
//! walks to the bad one ([`is_lured_away`]).

use semver::Version;

use crate::decision::{Decision, Verdict};
use crate::judge::Judge;
use crate::names::CaretClass;
use crate::time::{Span, Time};

/// How one release is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its version.
    pub version: Version,
    /// The value of `yanked` that is served.
    pub mark: Mark,
    /// Whether its bytes are given out.
    pub bytes: Bytes,
}

/// The value of `yanked` that is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// As upstream has it.
    AsUpstream,
    /// Yanked, since it is not admitted.
    Yanked,
    /// Not yanked, though upstream says so: the yank is part of a lure.
    UnYanked,
}

/// Whether a release's bytes are given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bytes {
    /// They are.
    Served,
    /// They are refused, with the decision's words.
    Refused,
}

/// A release that appears later than this after the yank is not what the yank was for.
const LURE_FOLLOWS_WITHIN: Span = Span::days(7);
/// And for no longer than this.
const UNYANKED_FOR: Span = Span::days(14);
/// Yanks this close together are one act.
const TOGETHER: Span = Span::days(1);

/// What a registry shows of a crate. `decisions` are those on its releases; a release without one is refused.
pub fn view(judge: &Judge<'_>, decisions: &[Decision], now: Time) -> Vec<Shown> {
    let is_admitted = |version: &Version| {
        decisions.iter().any(|d| d.release.version == *version && d.verdict == Verdict::Admit)
    };
    judge
        .releases()
        .iter()
        .map(|release| {
            let (mark, bytes) = if !is_admitted(&release.version) {
                (Mark::Yanked, Bytes::Refused)
            } else if release.yanked && is_lured_away(judge, &release.version, &is_admitted, now) {
                (Mark::UnYanked, Bytes::Served)
            } else {
                (Mark::AsUpstream, Bytes::Served)
            };
            Shown { version: release.version.clone(), mark, bytes }
        })
        .collect()
}

/// Whether the yank of an admitted release looks like a lure, so that the release is shown un-yanked.
///
/// All of it has to hold: it was admitted for at least the ceiling and is the newest admitted of its class; the
/// yank was seen together with that of every other admitted release of the class within a day,
/// while a held, young, un-yanked successor existed or appeared within 7 days; no advisory affects it. For 14 days at most.
pub fn is_lured_away(
    judge: &Judge<'_>,
    version: &Version,
    is_admitted: &dyn Fn(&Version) -> bool,
    now: Time,
) -> bool {
    let class = CaretClass::of(version);
    let releases = judge.releases();
    let Some(at) = judge.history.position(version) else { return false };
    let same_class = |other: &&crate::facts::ReleaseFacts<'_>| {
        CaretClass::of(&other.version) == class && other.version.pre.is_empty()
    };
    let admitted: Vec<_> = releases.iter().filter(same_class).filter(|r| is_admitted(&r.version)).collect();
    let is_newest = admitted.last().is_some_and(|newest| newest.version == *version);
    let ceiling = judge.asked.policy.wait.ceiling;

    let yank_of = |r: &crate::facts::ReleaseFacts<'_>| {
        r.sighting.as_deref().filter(|_| r.yanked).and_then(|s| s.yanked_at)
    };
    let Some(yanked_at) = yank_of(&releases[at]) else { return false };
    let was_admitted_long = judge.was_admitted_by(at, yanked_at - ceiling);
    let all_together = admitted.iter().all(|r| {
        yank_of(r).is_some_and(|other| other - yanked_at <= TOGETHER && yanked_at - other <= TOGETHER)
    });
    let lure = releases.iter().enumerate().filter(|(_, r)| same_class(r)).any(|(next, r)| {
        let opened = judge.opened(next);
        r.version > *version
            && !r.yanked
            && !is_admitted(&r.version)
            && opened.is_some_and(|opened| {
                yanked_at - opened < ceiling && opened <= yanked_at + LURE_FOLLOWS_WITHIN
            })
    });
    is_newest
        && was_admitted_long
        && all_together
        && lure
        && now - yanked_at <= UNYANKED_FOR
        && judge.advisories(version).next().is_none()
}
