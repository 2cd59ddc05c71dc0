//! One release in full: the verdict, what led to it in the order of time, how its wait came about.
//!
//! `cargo fence why` and a fence's page of a release are made of these words, so that they say the same. A stranger's
//! text in them is harmless already; it is never markup, and whoever writes markup has to escape it.

use std::collections::BTreeSet;

use super::outlook;
use super::sentence_in;
use super::text::{ago, ahead, harmless};
use crate::code::{Code, Effect};
use crate::decision::{Decision, Grounds, Reason, Step, Verdict};
use crate::time::{Span, Time};

/// What became of a release, in a few words: `admitted: by age`, `held[review]`.
pub fn verdict(decision: &Decision) -> String {
    match (decision.verdict, decision.grounds) {
        (Verdict::Admit, Some(Grounds::Audited)) => "admitted: audited".to_owned(),
        (Verdict::Admit, Some(grounds)) => format!("admitted: {}", grounds.as_str()),
        (Verdict::Admit, None) => "admitted".to_owned(),
        (Verdict::Hold | Verdict::Block, _) => outlook::label(decision),
    }
}

/// One thing that is known about a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact<'d> {
    /// Since when it is so, or has been known; none for what has no date.
    pub at: Option<Time>,
    /// The reason that it is; none for what the index alone tells.
    pub reason: Option<&'d Reason>,
    /// What it is, in a sentence.
    pub sentence: String,
    /// What it does to the verdict, in a few words; nothing where it changes nothing, or where another fact with the same
    /// code is said to do it already: a code counts once.
    pub does: &'static str,
}

/// All that was found about a release in the order of time; what has no date stands last, beside what holds now.
pub fn facts(decision: &Decision, now: Time) -> Vec<Fact<'_>> {
    let told = |at, sentence| Fact { at: Some(at), reason: None, sentence, does: "" };
    let published = decision.published.map(|at| told(at, format!("published {}", ago(at, now))));
    let opened = decision.clock.opened.filter(|opened| Some(*opened) != decision.published);
    let opened = opened.map(|at| told(at, "its time in the open begins".to_owned()));
    let reasons = decision.reasons.iter().map(|reason| Fact {
        at: reason.known,
        reason: Some(reason),
        sentence: harmless(&sentence_in(reason, decision, now)),
        does: does(reason),
    });
    let mut facts: Vec<Fact<'_>> = published.into_iter().chain(opened).chain(reasons).collect();
    facts.sort_by_key(|fact| (fact.at.is_none(), fact.at));
    let mut said = BTreeSet::new();
    for fact in &mut facts {
        let is_new = fact.reason.is_none_or(|reason| said.insert((reason.code, fact.does)));
        if !is_new {
            fact.does = "";
        }
    }
    facts
}

/// What a reason does to the verdict, in a few words; nothing where it changes nothing.
pub fn does(reason: &Reason) -> &'static str {
    match (reason.stands, reason.effect) {
        (false, Effect::Favour | Effect::Note) => "",
        (false, _) => "overridden",
        (true, effect) => effect_does(effect),
    }
}

/// What an effect does to the verdict, in a few words; nothing where it changes nothing.
pub const fn effect_does(effect: Effect) -> &'static str {
    match effect {
        Effect::Favour => "speaks for it",
        Effect::Note => "",
        Effect::Warn => "warns",
        Effect::Double => "doubles the wait",
        Effect::Ceiling => "raises the wait to the ceiling",
        Effect::Hold => "holds",
        Effect::Review => "asks for a reviewer",
        Effect::Block => "blocks",
    }
}

/// A clock that is this far behind stands still, though nothing depends on it yet.
const STANDS_STILL: Span = Span::days(1);

/// `7 days (level medium), then 14 days (dormant); in the open for 3 days, over in 11 days, on 2026-09-01`.
pub fn wait(decision: &Decision, now: Time) -> String {
    let clock = &decision.clock;
    let steps: Vec<String> = clock
        .steps
        .iter()
        .map(|Step { code, wait }| match code {
            None => format!("{wait} (level {})", decision.level),
            Some(code) => format!("{wait} ({code})"),
        })
        .collect();
    let steps = if steps.is_empty() { clock.wait.to_string() } else { steps.join(", then ") };
    let open = match clock.opened {
        None => "not in the open".to_owned(),
        Some(_) => format!("in the open for {}", clock.age.in_words()),
    };
    let over = match clock.until {
        Some(until) if until > now => format!(", over {}", ahead(until, now)),
        Some(until) => format!(", over since {}", until.date()),
        None => String::new(),
    };
    // A feed that was read a while ago, as feeds are, is not one that stands still.
    let stands_still = decision.has(Code::ClockStopped) || now - clock.counted >= STANDS_STILL;
    let stopped = if clock.counted < now && stands_still {
        format!("; counted up to {} only", clock.counted)
    } else {
        String::new()
    };
    format!("{steps}; {open}{over}{stopped}")
}

/// The level that the release attains by itself, and what nobody could tell; none where there is nothing to say.
pub fn attained(decision: &Decision) -> Option<String> {
    let attained = &decision.attained;
    if attained.unknown.is_empty() && attained.level.is_none() {
        return None;
    }
    let level = match attained.level {
        Some(level) => format!("level {level} by itself"),
        None => "no level by itself".to_owned(),
    };
    let unknown: Vec<&str> = attained.unknown.iter().map(|unknown| unknown.as_str()).collect();
    Some(if unknown.is_empty() { level } else { format!("{level}; unknown: {}", unknown.join(", ")) })
}
