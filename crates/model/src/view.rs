//! The third pass: what a registry shows of a crate, given the decisions on its releases.
//!
//! A release that is not admitted stays in the index, marked as yanked, and its bytes are refused with a text: so
//! new resolutions take the newest admitted release, and a pinned one fails with the fence's own words. A yank is
//! passed through, with one exception: an attacker with an owner's token can yank the good releases so that cargo
//! walks to the bad one ([`is_lured_away`]).

use std::collections::BTreeSet;

use semver::Version;

use crate::clock;
use crate::decision::Verdict;
use crate::facts::ReleaseFacts;
use crate::findings::{LURE_FOLLOWS_WITHIN, YANKED_TOGETHER, YANKS_OF_A_LURE};
use crate::judge::Judge;
use crate::names::CaretClass;
use crate::readings::Unread;
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

/// No release is shown un-yanked for longer than this.
const UNYANKED_FOR: Span = Span::days(14);

/// What became of one release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseVerdict {
    /// Its version.
    pub version: Version,
    /// Whether it may reach a build.
    pub verdict: Verdict,
    /// When its wait ends, where it is held for being young. If that is past, a feed is behind.
    pub until: Option<Time>,
    /// What is to be read before this is all that it could be, where the release is new.
    pub unread: Vec<Unread>,
}

/// What a registry shows of a crate. `judged` are its releases; one that is not among them is refused.
pub fn view(judge: &Judge<'_>, judged: &[ReleaseVerdict], now: Time) -> Vec<Shown> {
    let admitted: BTreeSet<&Version> =
        judged.iter().filter(|j| j.verdict == Verdict::Admit).map(|j| &j.version).collect();
    let is_admitted = |version: &Version| admitted.contains(version);
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
/// All of it has to hold: it was admitted for at least the ceiling and is the newest admitted of its class, those
/// left aside that were yanked before; every other one was yanked within a day of it, or at least one other that
/// had been admitted as long; while a held, young, un-yanked successor existed or appeared within 7 days; no
/// advisory affects it. For 14 days at most.
pub fn is_lured_away(
    judge: &Judge<'_>,
    version: &Version,
    is_admitted: &dyn Fn(&Version) -> bool,
    now: Time,
) -> bool {
    let Some(at) = judge.history.position(version) else { return false };
    let release = judge.history.release(at);
    let Some(yanked_at) = clock::yank_seen(release).filter(|_| release.yanked) else { return false };
    let class = CaretClass::of(version);
    let ceiling = judge.asked.policy.wait.ceiling;
    let of_class: Vec<(usize, &ReleaseFacts<'_>)> = judge
        .releases()
        .iter()
        .enumerate()
        .filter(|(_, r)| CaretClass::of(&r.version) == class && r.version.pre.is_empty())
        .collect();

    // What was yanked before, or nobody saw being yanked, was no choice when this one was.
    let was_gone_before = |r: &ReleaseFacts<'_>| {
        r.yanked && clock::yank_seen(r).is_none_or(|other| other + YANKED_TOGETHER < yanked_at)
    };
    let is_together = |r: &ReleaseFacts<'_>| {
        let yank = clock::yank_seen(r).filter(|_| r.yanked);
        yank.is_some_and(|other| other - yanked_at <= YANKED_TOGETHER && yanked_at - other <= YANKED_TOGETHER)
    };
    let was_admitted_long = |at: usize| judge.was_admitted_by(at, yanked_at - ceiling);
    let choices: Vec<_> =
        of_class.iter().filter(|(_, r)| is_admitted(&r.version) && !was_gone_before(r)).collect();
    let is_newest = choices.last().is_some_and(|(newest, _)| *newest == at);
    let together: Vec<_> = choices.iter().filter(|(_, r)| is_together(r)).collect();
    let is_one_act = together.len() == choices.len()
        || together.iter().filter(|(at, _)| was_admitted_long(*at)).count() >= YANKS_OF_A_LURE;

    let is_lure = |(next, r): &(usize, &ReleaseFacts<'_>)| {
        *next > at
            && !r.yanked
            && !is_admitted(&r.version)
            && judge.opened(*next, now).is_some_and(|opened| {
                yanked_at - opened < ceiling && opened <= yanked_at + LURE_FOLLOWS_WITHIN
            })
    };
    is_newest
        && was_admitted_long(at)
        && is_one_act
        && of_class.iter().any(is_lure)
        && now - yanked_at <= UNYANKED_FOR
        && judge.advisories(version).next().is_none()
}
