//! What somebody can do about a release that is not admitted, with the commands: the cheapest first.

use semver::Version;

use super::outlook;
use crate::code::Code;
use crate::decision::{Because, Decision, Need, Reason, Verdict};
use crate::names::ReleaseId;
use crate::policy::LONGEST_EXCEPTION;
use crate::time::{Span, Time};

/// A way out: what it is, and the commands for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Help {
    /// What it is.
    pub what: String,
    /// What to type.
    pub commands: Vec<String>,
}

/// How commands name the release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// The crate's name is enough.
    ByCrate,
    /// It takes the version too.
    ByVersion,
}

/// Whether a release is in the lockfile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placed {
    /// It is.
    Locked,
    /// It is newer than the one that is.
    Newer,
}

/// The ways out, the cheapest first: stay, wait, look, vouch, except. `stay` is the release that is admitted instead.
pub fn helps(
    decision: &Decision,
    stay: Option<&Version>,
    (named, place): (Named, Placed),
    now: Time,
) -> Vec<Help> {
    let (name, version) = (&decision.release.name, &decision.release.version);
    let spec = format!("{name}@{version}");
    let mut helps = Vec::new();
    let fixes = decision.reason(Code::HeldFix).filter(|_| decision.verdict == Verdict::Hold);
    if let Some(reason) = fixes {
        let end = usual_end(decision, now);
        let (until, how_long) = match end == (now + Span::days(7)).date() {
            true => ("\"7 days\"".to_owned(), "for 7 days".to_owned()),
            false => (end.clone(), format!("until {end}")),
        };
        let mut commands = vec![except(decision, &fix_reason(reason), &until)];
        if place == Placed::Newer {
            commands.push(format!("cargo update -p {name} --precise {version}"));
        }
        let what = format!("weigh both risks; if the fix matters more, let it in {how_long}");
        helps.push(Help { what, commands });
    }
    if let Some(stay) = stay {
        let package = match named {
            Named::ByCrate => name.as_str(),
            Named::ByVersion => &spec,
        };
        helps.push(Help {
            what: format!("stay on {stay}, which is admitted"),
            commands: vec![format!("cargo update -p {package} --precise {stay}")],
        });
    }
    let or =
        |helps: &[Help], what: &str| if helps.is_empty() { what.to_owned() } else { format!("or {what}") };
    if decision.clears.iter().any(|way| way.is_wait() && way.earliest <= now) {
        let what = or(&helps, "ask the feeds again that stand still");
        helps.push(Help { what, commands: vec!["cargo fence update".to_owned()] });
    }
    // Nobody has to vouch for what time clears, or for what waits for somebody else.
    let reviews = reviews(decision);
    let asks_for_review = !reviews.is_empty();
    let look = match asks_for_review {
        true => "look at what is known about it, and at what it changes",
        false => "look at what is known about it",
    };
    let commands = std::iter::once(why(&decision.release)).chain(reviews).collect();
    helps.push(Help { what: or(&helps, look), commands });
    if asks_for_review && fixes.is_none() {
        helps.push(Help {
            what: "or let it in for a while, on your own word".to_owned(),
            commands: vec![except(decision, "…", &usual_end(decision, now))],
        });
    }
    helps
}

/// The command that tells all that is known of a release.
pub fn why(release: &ReleaseId) -> String {
    format!("cargo fence why {}@{}", release.name, release.version)
}

/// The commands that show what a release changes, where somebody has to look at that: beside its base, and beside the crate
/// that it is nearly a copy of.
pub fn reviews(decision: &Decision) -> Vec<String> {
    if decision.verdict != Verdict::Hold || !decision.needs_review() {
        return Vec::new();
    }
    let ReleaseId { name, version } = &decision.release;
    let review = format!("cargo fence review {name}@{version}");
    let copied = decision.reason(Code::Clone).and_then(|reason| match &reason.because {
        Because::CopyOf(of) => Some(format!("{review} --from {}@{}", of.name, of.version)),
        _ => None,
    });
    std::iter::once(review).chain(copied).collect()
}

/// The command for the exception that the decision itself says would admit the release.
pub fn except(decision: &Decision, because: &str, until: &str) -> String {
    let needed = decision.clears.iter().flat_map(|way| &way.needs).find_map(|need| match need {
        Need::Exception(codes) => Some(codes.clone()),
        Need::Feed(_) | Need::Audits(_) | Need::Quorum(_) | Need::Admitted { .. } => None,
    });
    let codes = needed.unwrap_or_else(|| decision.standing_codes());
    let codes: Vec<_> = codes.iter().map(|code| code.as_str()).collect();
    let (name, version) = (&decision.release.name, &decision.release.version);
    format!(
        "cargo fence except {name}@{version} --codes {} --because \"{because}\" --until {until}",
        codes.join(",")
    )
}

/// The day on which an exception ends that nobody chose an end for: in a week, or on the day after the wait where that is
/// longer, since an exception that ends before the wait leaves the release held once more.
pub fn usual_end(decision: &Decision, now: Time) -> String {
    // What asks for a reviewer outlasts the wait: a longer exception would only be a longer one.
    let is_young = decision.standing_codes().contains(&Code::Young) && !decision.needs_review();
    let after = decision.clock.until.filter(|_| is_young).map(|until| until + Span::days(1));
    after.unwrap_or(now).max(now + Span::days(7)).min(now + LONGEST_EXCEPTION).date()
}

/// Who can let the release in, in a few words: `a reviewer`, `time`, `nobody but you, by an exception`.
pub fn who_clears(decision: &Decision, now: Time) -> String {
    let is_waiting = decision.clears.iter().any(|way| way.is_wait() && way.earliest > now);
    let feeds: Vec<String> = decision
        .clears
        .iter()
        .filter(|way| way.is_wait() && way.earliest <= now)
        .flat_map(|way| way.needs.iter().filter_map(outlook::feed))
        .collect();
    let audits = decision.clears.iter().flat_map(|way| &way.needs).find_map(|need| match need {
        Need::Audits(n) => Some(*n),
        Need::Feed(_) | Need::Quorum(_) | Need::Admitted { .. } | Need::Exception(_) => None,
    });
    let approvers = decision.clears.iter().flat_map(|way| &way.needs).find_map(|need| match need {
        Need::Quorum(approvers) => Some(approvers.len()),
        Need::Feed(_) | Need::Audits(_) | Need::Admitted { .. } | Need::Exception(_) => None,
    });
    let packages: Vec<String> = decision
        .clears
        .iter()
        .flat_map(|way| &way.needs)
        .filter_map(|need| match need {
            Need::Admitted { package, .. } => Some(super::text::harmless(package)),
            Need::Feed(_) | Need::Audits(_) | Need::Quorum(_) | Need::Exception(_) => None,
        })
        .collect();
    let mut who = Vec::new();
    if is_waiting {
        who.push("time".to_owned());
    }
    if !feeds.is_empty() {
        who.push(format!("a newer word of {}", super::text::and(&feeds)));
    }
    if !packages.is_empty() {
        who.push(format!("whatever admits {}", super::text::and(&packages)));
    }
    match audits {
        None => {}
        Some(1) => who.push("a reviewer whom the policy trusts".to_owned()),
        Some(n) => who.push(format!("{n} independent reviewers whom the policy trusts")),
    }
    match approvers {
        None => {}
        Some(1) => who.push("one more who maintains a dependent".to_owned()),
        Some(n) => who.push(format!("{n} who maintain dependents")),
    }
    if decision.clears.iter().any(|way| way.is_override()) {
        let you = if who.is_empty() { "nobody but you, by an exception" } else { "you, by an exception" };
        who.push(you.to_owned());
    }
    if who.is_empty() { "nobody".to_owned() } else { super::text::or(&who) }
}

/// Why a fix is let in. It becomes a part of a command, and a feed may call its advisories whatever it likes.
fn fix_reason(reason: &Reason) -> String {
    let plain = |id: &String| -> String {
        id.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.:".contains(*c)).take(40).collect()
    };
    match &reason.because {
        Because::FixHeld { advisories, .. } => {
            format!("fixes {}", advisories.iter().map(plain).collect::<Vec<_>>().join(", "))
        }
        _ => "…".to_owned(),
    }
}
