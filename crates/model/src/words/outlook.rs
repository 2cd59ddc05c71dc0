//! What stands between a release and the build, for people: in a word, in a line, reason by reason.

use super::text::{ago, ahead, and, harmless};
use crate::code::{Code, Effect};
use crate::decision::{Because, Decision, Need, Reason, Verdict};
use crate::time::Time;

/// What stands between the release and the build, in a word.
pub fn label(decision: &Decision) -> String {
    let code = chief(decision);
    match decision.verdict {
        Verdict::Admit => "admitted".to_owned(),
        Verdict::Block => format!("blocked[{code}]"),
        Verdict::Hold if code != Code::HeldFix && decision.needs_review() => "held[review]".to_owned(),
        Verdict::Hold => format!("held[{code}]"),
    }
}

/// The code that says most about why a release is not admitted. That it is young says least.
pub fn chief(decision: &Decision) -> Code {
    let says_most = |code: &Code| match decision.verdict {
        Verdict::Block => is_block(decision, *code),
        Verdict::Admit | Verdict::Hold => *code != Code::Young,
    };
    match decision.verdict {
        Verdict::Hold if decision.has(Code::HeldFix) => Code::HeldFix,
        _ => decision.standing_codes().into_iter().find(says_most).unwrap_or(Code::Young),
    }
}

fn is_block(decision: &Decision, code: Code) -> bool {
    decision
        .reasons
        .iter()
        .any(|reason| reason.stands && reason.code == code && reason.effect == Effect::Block)
}

/// What it takes, and until when, in a line.
pub fn line(decision: &Decision, now: Time) -> String {
    let published = match decision.published {
        Some(time) => format!("published {}; ", ago(time, now)),
        None => String::new(),
    };
    let outlook = match decision.verdict {
        Verdict::Admit => "admitted".to_owned(),
        Verdict::Block => "blocked, however long it waits".to_owned(),
        Verdict::Hold => hold_outlook(decision, now),
    };
    published + &outlook
}

fn hold_outlook(decision: &Decision, now: Time) -> String {
    if decision.needs_review() {
        let wait = decision.clears.iter().find(|way| way.is_wait() && way.earliest > now);
        return if let Some(way) = wait {
            // What makes it ask for a reviewer ends by itself, as the youth of a crate does.
            format!("needs a reviewer until it is admitted {}", ahead(way.earliest, now))
        } else if decision.is_no_way() {
            "needs a reviewer, and nobody whom the policy trusts can be one".to_owned()
        } else {
            "needs a reviewer, age alone will not admit it".to_owned()
        };
    }
    if let Some(way) = decision.clears.iter().find(|way| way.is_wait()) {
        // A way that lies in the past waits for a clock that stands still.
        return if way.earliest > now {
            format!("admitted {}", ahead(way.earliest, now))
        } else {
            let feeds: Vec<String> = way.needs.iter().filter_map(feed).collect();
            format!("old enough, and waits for a newer {}", and(&feeds))
        };
    }
    let needed: Vec<String> = decision.clears.iter().flat_map(|way| &way.needs).filter_map(package).collect();
    if needed.is_empty() {
        "held until evidence speaks for it".to_owned()
    } else {
        format!("waits for {}", and(&needed))
    }
}

/// The feed that a need names.
pub fn feed(need: &Need) -> Option<String> {
    match need {
        Need::Feed(name) => Some(harmless(name)),
        Need::Audits(_) | Need::Quorum(_) | Need::Admitted { .. } | Need::Exception(_) => None,
    }
}

fn package(need: &Need) -> Option<String> {
    match need {
        Need::Admitted { package, requirement } => {
            Some(format!("{} {}", harmless(package), harmless(requirement)))
        }
        Need::Feed(_) | Need::Audits(_) | Need::Quorum(_) | Need::Exception(_) => None,
    }
}

/// The reasons against the release that are worth telling: both risks of a held fix first, then as the decision orders
/// them. That it is young is said by [`line()`] already.
pub fn told(decision: &Decision) -> Vec<&Reason> {
    let told = decision.reasons.iter().filter(|reason| tells(reason));
    let (first, then): (Vec<_>, Vec<_>) = told.partition(|reason| reason.code == Code::HeldFix);
    first.into_iter().chain(then).filter(|reason| !is_told_by_another(reason, decision)).collect()
}

fn tells(reason: &Reason) -> bool {
    let is_against = reason.stands && reason.effect >= Effect::Warn;
    let is_said_anyway = matches!(reason.because, Because::Young { .. });
    (is_against && !is_said_anyway) || matches!(reason.code, Code::HeldFix | Code::ClockStopped)
}

/// Whether a reason that is told says the same and more: what is new and young needs no second line for being new.
fn is_told_by_another(reason: &Reason, decision: &Decision) -> bool {
    let Because::DependencyAdded { package: added, .. } = &reason.because else { return false };
    decision.reasons.iter().any(|other| match &other.because {
        Because::DependencyYoung { package, .. }
        | Because::DependencyUntold { package }
        | Because::DependencyNonexistent { package }
        | Because::DependencyLookAlike { package, .. } => package == added,
        _ => false,
    })
}
