//! Exposure for people: the frontier, whom it takes, the one change that helps, and what it does not say.

use fence_model::exposure::observed::unnoticed;
use fence_model::exposure::{Exposed, Identity, Kind, Next, Point, Weakest, wait_with};
use fence_model::{CrateName, Span};

use super::text::{and, count, harmless, some, wrap};
use crate::commands::exposure::Told;
use crate::shell::{Ink, Shell, Verbosity};

/// How many names are told before the rest is counted.
const NAMES: usize = 4;

/// What no figure here says.
pub(crate) const NOT_COVERED: &str = "not covered: whoever can change fence.toml, fence.lock or the project itself; the registry; \
     code that waits longer than the policy does; crates that somebody adds; one person who is several of these";

/// What is told where there is nothing to tell of.
pub(crate) const NOTHING_JUDGED: &str = "no release is judged, so there is nothing to tell";

/// Why nothing is told of a release.
pub(crate) const NO_HIGHER: &str = "no version is higher";

/// All of it, or of one crate.
pub(crate) fn told(told: &Told<'_>, name: Option<&CrateName>, shell: &Shell) -> String {
    match name {
        None => project(told, shell),
        Some(name) => told.of(name).map(|one| package(told, one, shell)).collect(),
    }
}

fn project(told: &Told<'_>, shell: &Shell) -> String {
    let exposure = told.exposure;
    if told.is_nothing_judged() {
        return format!("{NOTHING_JUDGED}\n");
    }
    let releases = count(exposure.packages.len(), "release");
    let mut text = format!(
        "Of {releases} at level {}, a malicious next one gets in for somebody who controls\n",
        told.level
    );
    if exposure.frontier.is_empty() {
        text += "  nobody: no identity that the policy trusts is enough\n";
    }
    for point in &exposure.frontier {
        let head = line(point.identities, point.wait, shell);
        let weakest = format!("weakest: {}", weakest(told, point, shell));
        text += &format!("{head}{}\n", wrap(&weakest, COLUMN, COLUMN, shell.width));
        if let Some(own) = told.point(point) {
            text += &whom(own, shell);
        }
    }
    text += &last(told, shell);
    text += &found(told, exposure.frontier.iter().map(|point| point.wait), shell);
    text += &help(told, shell);
    text + &note(shell)
}

fn package(told: &Told<'_>, one: &Exposed, shell: &Shell) -> String {
    let next = match &one.next {
        Next::Release(next) => format!("a malicious {next}"),
        Next::Source => "what comes after it".to_owned(),
        Next::Nothing => return format!("{}: {NO_HIGHER}, so nothing is told of it\n", one.release),
    };
    let mut text =
        format!("{} at level {}: {next} gets in for somebody who controls\n", one.release, one.level);
    if one.points.is_empty() {
        text += "  nobody: no identity that the policy trusts is enough\n";
    }
    for point in &one.points {
        text += line(point.identities.len(), point.wait, shell).trim_end();
        text += "\n";
        text += &whom(point, shell);
    }
    if one.accounts > 1 {
        text += &format!("note: {} would each do as the first\n", count(one.accounts, "account"));
    }
    text += &found(told, one.points.iter().map(|point| point.wait), shell);
    text + &note(shell)
}

/// Those after which nothing can come.
fn last(told: &Told<'_>, shell: &Shell) -> String {
    let packages = told.exposure.packages.iter().filter(|one| one.next == Next::Nothing);
    let names: Vec<String> = packages.map(|one| one.release.to_string()).collect();
    if names.is_empty() {
        return String::new();
    }
    let text = format!("of {} nothing is told: {NO_HIGHER}", and(&names));
    format!("{}: {}\n", shell.colour.paint(Ink::Note, "note"), wrap(&text, 6, 6, shell.width))
}

/// Where the weakest are told.
const COLUMN: usize = 46;

fn line(identities: usize, wait: Span, shell: &Shell) -> String {
    let identities =
        if identities == 1 { "1 identity".to_owned() } else { format!("{identities} identities") };
    let wait =
        if wait == Span::ZERO { "at once".to_owned() } else { format!("after {} unnoticed", words(wait)) };
    let pad = COLUMN.saturating_sub(18 + wait.chars().count());
    format!("  {:16}{}{}", identities, shell.colour.paint(Ink::Strong, &wait), " ".repeat(pad))
}

/// A wait, exactly: `3 days 12 hours`.
pub(crate) fn words(wait: Span) -> String {
    let seconds = wait.as_seconds();
    let units = [("day", 86_400, i64::MAX), ("hour", 3_600, 24), ("minute", 60, 60), ("second", 1, 60)];
    let parts = units.iter().filter_map(|(unit, length, of)| {
        let number = seconds / length % of;
        (number > 0).then(|| count(usize::try_from(number).unwrap_or(usize::MAX), unit))
    });
    let parts: Vec<String> = parts.take(2).collect();
    if parts.is_empty() { "no time".to_owned() } else { parts.join(" ") }
}

fn weakest(told: &Told<'_>, point: &Weakest, shell: &Shell) -> String {
    let all = told.exposure.packages.len();
    if point.packages.len() == all && all > NAMES && shell.verbosity < Verbosity::Verbose {
        return format!("each of the {all}");
    }
    let names: Vec<String> =
        point.packages.iter().map(|at| told.exposure.packages[*at].release.to_string()).collect();
    match shell.verbosity {
        Verbosity::Verbose => and(&names),
        _ => some(&names, NAMES),
    }
}

/// Who it takes, in words.
fn whom(point: &Point, shell: &Shell) -> String {
    let who: Vec<String> = point.identities.iter().map(described).collect();
    format!("      {}\n", wrap(&and(&who), 6, 6, shell.width))
}

fn described(identity: &Identity) -> String {
    let name = harmless(&identity.name);
    match identity.kind {
        Kind::Publisher => name,
        Kind::Registry => format!("whoever can publish in {name}"),
        Kind::Source => format!("whoever can change {name}"),
        Kind::AuditSet => format!("the audit set {name}"),
        Kind::Keeper => format!("who keeps the statements of {name}"),
        Kind::Reviewer => format!("the reviewer {name}"),
        Kind::Voice => format!("{name}, who maintains a dependent"),
        Kind::Reporter => format!("whoever has an advisory published in {name}"),
    }
}

/// How many takeovers lasted that long.
fn found(told: &Told<'_>, waits: impl Iterator<Item = Span>, shell: &Shell) -> String {
    let lasted = waits.filter(|wait| *wait > Span::ZERO).map(|wait| {
        let unnoticed = unnoticed(told.takeovers, wait);
        format!(
            "{} had lasted {} or longer, so at most {} of those that are found do",
            unnoticed.longer,
            words(wait),
            unnoticed.bound()
        )
    });
    let lasted: Vec<String> = lasted.collect();
    if lasted.is_empty() {
        return String::new();
    }
    let text = format!("of {} takeovers that were found, {} (95 %)", told.takeovers.len(), lasted.join("; "));
    format!("{}: {}\n", shell.colour.paint(Ink::Note, "note"), wrap(&text, 6, 6, shell.width))
}

/// The cheapest change that strengthens, and what it costs.
fn help(told: &Told<'_>, shell: &Shell) -> String {
    let Some(changed) = told.exposure.advice() else { return String::new() };
    let first = changed.frontier.iter().map(|point| point.identities).chain([1]).min().unwrap_or(1);
    let raised = (1..=told.exposure.frontier.iter().map(|p| p.identities).max().unwrap_or(1).max(first))
        .find_map(|n| {
            let (before, after) = (at(&told.exposure.frontier, n), at(&changed.frontier, n));
            (before != after).then(|| {
                let identities = if n == 1 { "1 identity".to_owned() } else { format!("{n} identities") };
                match after {
                    None => format!("{identities} would be too few"),
                    Some(wait) => format!("{identities} would take {}", words(wait)),
                }
            })
        });
    let text = format!("with this {}; {}", raised.unwrap_or_default(), changed.cost);
    let mut lines =
        format!("{}: {}\n", shell.colour.paint(Ink::Note, "help"), wrap(&text, 6, 6, shell.width));
    for line in changed.lines.lines() {
        lines += &format!("      {}\n", harmless(line));
    }
    lines
}

fn at(frontier: &[Weakest], identities: usize) -> Option<Span> {
    frontier.iter().filter(|point| point.identities <= identities).map(|point| point.wait).min()
}

fn note(shell: &Shell) -> String {
    format!("{}: {}\n", shell.colour.paint(Ink::Note, "note"), wrap(NOT_COVERED, 6, 6, shell.width))
}

impl Told<'_> {
    /// Whether there is nothing to tell of.
    pub(crate) fn is_nothing_judged(&self) -> bool {
        self.exposure.packages.iter().all(|one| one.next == Next::Nothing)
    }

    /// The point of the first of the weakest packages that a point of the frontier is from.
    pub(crate) fn point(&self, point: &Weakest) -> Option<&Point> {
        let first = &self.exposure.packages[*point.packages.first()?];
        debug_assert_eq!(wait_with(&first.points, point.identities), Some(point.wait));
        first.points.iter().find(|own| own.wait == point.wait)
    }
}
