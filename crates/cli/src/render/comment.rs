//! A check as a comment on a change of Cargo.lock: what came in, why each was admitted, what to look at.

use fence_model::decision::{Decision, Grounds, Reason, Verdict};
use fence_model::policy::Severity;
use fence_model::project::Judged;
use fence_model::{Code, CodeClass, Effect, words};
use fence_registry::lockfile::{Came, Difference, Lockfile, Source};
use semver::Version;

use super::block::{Folding, Help, Picture};
use super::findings::{self, PolicyTold};
use super::markdown::{self, code, plain, row};
use super::{Checked, block, human, text};
use crate::error::CliError;

/// The first line, by which a later run finds its comment again.
const MARK: &str = "<!-- cargo-fence -->";
/// How long a comment may be: GitHub takes 65,536 characters.
const LONGEST: usize = 60_000;

/// What a check is compared with.
pub(crate) struct Compared<'a> {
    /// What people call it: `origin/main`.
    pub(crate) name: &'a str,
    /// The lockfile that was there.
    pub(crate) before: &'a Lockfile,
    /// What is there now otherwise.
    pub(crate) difference: &'a Difference,
}

/// The comment, with a line end.
pub(crate) fn comment(checked: &Checked<'_>, compared: &Compared<'_>, folding: Folding) -> String {
    let came: Vec<&Came> =
        compared.difference.came.iter().filter(|came| is_of_others(checked, came)).collect();
    let mut rows: Vec<(u8, String)> = came.iter().filter_map(|came| told(checked, came, folding)).collect();
    // What somebody has to look at stands first; otherwise as locked.
    rows.sort_by_key(|(rank, _)| *rank);
    let verdict = markdown::verdict(checked.outcome);
    let mut out = format!(
        "{MARK}\n### cargo fence: {} came in, {verdict}\n\nAgainst {}: {} at level {}.\n",
        text::count(came.len(), "package"),
        plain(compared.name),
        plain(&human::counts(checked)),
        plain(&checked.levels),
    );
    // A change that alters much of the policy leaves room for what came in all the same.
    out.extend(findings::policy(checked).map(|told| policy(told, LONGEST / 3)));
    if !rows.is_empty() {
        out += "\n| release | why | what to look at |\n|---|---|---|\n";
    }
    let rows: Vec<String> = rows.into_iter().map(|(_, row)| row).collect();
    out += &fitting(&rows, LONGEST.saturating_sub(out.len()), "\nand", "as `cargo fence list` shows them");
    out + &gone(compared) + &others(checked, &came)
}

/// The parts for which there is room, and how many there are more.
fn fitting(parts: &[String], room: usize, and: &str, shown: &str) -> String {
    let mut out = String::new();
    let mut left_out = 0;
    for part in parts {
        if out.len() + part.len() < room { out += part } else { left_out += 1 }
    }
    if left_out > 0 {
        out += &format!("{and} {left_out} more, {shown}\n");
    }
    out
}

/// The comment on a change whose check came to nothing.
pub(crate) fn undecided(error: &CliError) -> String {
    format!("{MARK}\n{}", markdown::undecided(error))
}

fn is_of_others(checked: &Checked<'_>, came: &Came) -> bool {
    checked.lockfile.packages[came.package].source != Source::Path
}

/// A row, and how early it stands; none for what was not judged because nobody asked.
fn told(checked: &Checked<'_>, came: &Came, folding: Folding) -> Option<(u8, String)> {
    let at = came.package;
    match &checked.report.packages[at] {
        Judged::Own | Judged::Aside => None,
        Judged::Unjudged { reason, verdict } => {
            let rank = if *verdict == Verdict::Admit { 2 } else { 0 };
            Some((rank, row(&human::unjudged_block(checked, at, reason))))
        }
        Judged::Decided(decision) if decision.verdict != Verdict::Admit => {
            let picture = block::picture(&human::subject(checked, at, decision), folding, checked.now);
            let version = instead(&decision.release.version, came.instead_of.as_ref());
            Some((0, row(&Picture { version, ..picture })))
        }
        Judged::Decided(decision) => {
            let looks = looks(checked, decision);
            Some((if looks.is_empty() { 2 } else { 1 }, admitted(decision, came.instead_of.as_ref(), &looks)))
        }
    }
}

/// A row for an admitted release.
fn admitted(decision: &Decision, instead_of: Option<&Version>, looks: &[String]) -> String {
    let release = &decision.release;
    let version = instead(&release.version, instead_of);
    let grounds = decision.grounds.map_or("admitted", Grounds::as_str);
    let favours =
        decision.reasons.iter().filter(|reason| reason.stands && reason.code.class() == CodeClass::For);
    let favours: Vec<String> = favours.map(|reason| format!("<br>{}", said(reason))).collect();
    let age = match decision.grounds {
        Some(Grounds::Age | Grounds::Fix) => {
            format!(
                ": {} in the open, {} asked",
                decision.clock.age.in_words(),
                decision.clock.wait.in_words()
            )
        }
        _ => String::new(),
    };
    let look = match looks {
        [] => "–".to_owned(),
        looks => format!("{}<br>{}", looks.join("<br>"), code(&words::help::why(release))),
    };
    format!(
        "| {} {} | {}{}{} | {look} |\n",
        plain(release.name.as_str()),
        plain(&version),
        plain(grounds),
        plain(&age),
        favours.concat(),
    )
}

/// A version, and which it is there instead of.
fn instead(version: &Version, of: Option<&Version>) -> String {
    match of {
        None => format!("{version} (new)"),
        Some(old) if old == version => format!("{old} (other bytes or source)"),
        Some(old) if old > version => format!("{old} → {version} (back)"),
        Some(old) => format!("{old} → {version}"),
    }
}

/// What to look at though a release is admitted: what speaks against it, cleared or not, and what the policy warns of.
fn looks(checked: &Checked<'_>, decision: &Decision) -> Vec<String> {
    let is_warned = |code: Code| {
        human::warned_codes(checked.policy)
            .into_iter()
            .any(|(warned, severity, _)| warned == code && severity != Severity::Allow)
    };
    let is_worth_it = |reason: &&Reason| match reason.code.class() {
        CodeClass::Against | CodeClass::Block => reason.code != Code::Young && reason.effect > Effect::Note,
        CodeClass::Warning => is_warned(reason.code),
        CodeClass::For | CodeClass::Condition => false,
    };
    decision.reasons.iter().filter(is_worth_it).map(said).collect()
}

fn said(reason: &Reason) -> String {
    format!("{}: {}", plain(reason.code.as_str()), plain(&text::harmless(&words::sentence(reason))))
}

fn policy(told: PolicyTold, room: usize) -> String {
    let PolicyTold { what, changes, help, .. } = told;
    let mut out = format!("\n**{}**\n\n", plain(&what));
    let changes: Vec<String> = changes.iter().map(|change| format!("* {}\n", plain(change))).collect();
    out += &fitting(&changes, room, "* and", "as `cargo fence check` shows them");
    if let Some(Help { what, commands }) = help {
        let commands: Vec<String> = commands.iter().map(|command| code(command)).collect();
        out += &format!("\n{}: {}\n", plain(&what), commands.join(", "));
    }
    out
}

/// What is no longer there.
fn gone(compared: &Compared<'_>) -> String {
    let packages = compared.difference.left.iter().map(|&at| &compared.before.packages[at]);
    let names: Vec<String> =
        packages.map(|package| plain(&format!("{} {}", package.name, package.version))).collect();
    if names.is_empty() { String::new() } else { format!("\nNo longer there: {}.\n", words::line_of(&names)) }
}

/// What fails the check and did not come in with this change.
fn others(checked: &Checked<'_>, came: &[&Came]) -> String {
    let is_old = |at: &usize| came.iter().all(|came| came.package != *at);
    let refused =
        human::refused(checked).into_iter().map(|(at, decision)| (at, decision.release.to_string()));
    let unjudged = human::not_judged(checked, Verdict::Hold).map(|(at, _)| {
        let package = &checked.lockfile.packages[at];
        (at, format!("{} {}", package.name, package.version))
    });
    let names: Vec<String> =
        refused.chain(unjudged).filter(|(at, _)| is_old(at)).map(|(_, name)| plain(&name)).collect();
    if names.is_empty() {
        return String::new();
    }
    format!(
        "\nNot admitted, and there before this change: {}. `cargo fence check` tells why.\n",
        words::line_of(&names)
    )
}
