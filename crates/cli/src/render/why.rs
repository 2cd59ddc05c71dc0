//! One release on a page: the verdict, what led to it in time order, the wait, the ways out.

use fence_model::decision::{Decision, Grounds, Reason, Step, Verdict};
use fence_model::words::{self, outlook};
use fence_model::{Effect, Span, Time};

use super::{block, text};
use crate::shell::{Colour, Ink, Shell, Verbosity};

/// The page, with a line end.
pub(crate) fn page(decision: &Decision, path: Option<&[String]>, now: Time, shell: &Shell) -> String {
    let mut lines = vec![heading(decision, shell.colour)];
    let mut rows = facts(decision, now);
    // What has no date stands last, beside what holds now.
    rows.sort_by_key(|row| (row.time.is_none(), row.time));
    for Row { time, what, does } in &rows {
        let day = time.map_or_else(|| " ".repeat(10), |time| time.date());
        let does = if does.is_empty() { String::new() } else { format!("  → {does}") };
        let line = text::wrap(&format!("{what}{does}"), 14, 14, shell.width);
        lines.push(format!("  {day}  {line}"));
    }
    let mut row = |word: &str, rest: String| {
        lines.push(format!("  {word:<10}  {}", text::wrap(&rest, 14, 14, shell.width)));
    };
    row("wait", wait(decision, now));
    if let Some(base) = &decision.base {
        row("compared", format!("with {base}"));
    }
    if !decision.attained.unknown.is_empty() || decision.attained.level.is_some() {
        row("attains", attained(decision));
    }
    match (decision.digest, shell.verbosity) {
        (Some(digest), Verbosity::Verbose) => row("digest", digest.to_string()),
        (Some(digest), _) => row("digest", format!("{}…", digest.short())),
        (None, _) => row("digest", "unknown".to_owned()),
    }
    match path {
        Some(path) if path.len() > 1 => row("through", path.join(" > ")),
        Some(_) => {}
        None => row("through", "not in the lockfile".to_owned()),
    }
    if decision.verdict != Verdict::Admit {
        row("ways out", if decision.is_no_way() { "none but an override".to_owned() } else { String::new() });
        for way in &decision.clears {
            let mark = if way.is_override() {
                " (override)"
            } else if way.is_wait() && way.earliest <= now {
                ": `cargo fence update`"
            } else {
                ""
            };
            row("", format!("- {}{mark}", text::harmless(&words::way(way, now))));
        }
        let spec = format!("{}@{}", decision.release.name, decision.release.version);
        if decision.clears.iter().any(|way| way.is_override()) {
            let until = (now + Span::days(7)).date();
            // A command is to be copied, so it is never wrapped.
            lines.push(format!("              {}", block::except(decision, &spec, "…", &until)));
        }
    }
    lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n") + "\n"
}

fn heading(decision: &Decision, colour: Colour) -> String {
    let release = colour.paint(Ink::Strong, &decision.release.to_string());
    let (ink, verdict) = match (decision.verdict, decision.grounds) {
        (Verdict::Admit, Some(Grounds::Audited)) => (Ink::Good, "admitted: audited".to_owned()),
        (Verdict::Admit, Some(grounds)) => (Ink::Good, format!("admitted: {}", grounds.as_str())),
        (Verdict::Admit, None) => (Ink::Good, "admitted".to_owned()),
        (Verdict::Hold, _) => (Ink::Waiting, outlook::label(decision)),
        (Verdict::Block, _) => (Ink::Bad, outlook::label(decision)),
    };
    format!("{release} is {}, level {}", colour.paint(ink, &verdict), decision.level)
}

struct Row {
    time: Option<Time>,
    what: String,
    does: &'static str,
}

/// All that was found, each with its time if it has one.
fn facts(decision: &Decision, now: Time) -> Vec<Row> {
    let mut rows = Vec::new();
    if let Some(published) = decision.published {
        let what = format!("published {}", text::ago(published, now));
        rows.push(Row { time: Some(published), what, does: "" });
    }
    if let Some(opened) = decision.clock.opened.filter(|opened| Some(*opened) != decision.published) {
        rows.push(Row { time: Some(opened), what: "its time in the open begins".to_owned(), does: "" });
    }
    rows.extend(decision.reasons.iter().map(|reason| Row {
        time: reason.known,
        what: format!("{}: {}", reason.code, text::harmless(&words::sentence(reason))),
        does: does(reason),
    }));
    rows
}

fn does(reason: &Reason) -> &'static str {
    match (reason.stands, reason.effect) {
        (false, Effect::Favour | Effect::Note) => "",
        (false, _) => "overridden",
        (true, Effect::Favour) => "speaks for it",
        (true, Effect::Note) => "",
        (true, Effect::Warn) => "warns",
        (true, Effect::Double) => "doubles the wait",
        (true, Effect::Ceiling) => "raises the wait to the ceiling",
        (true, Effect::Hold) => "holds",
        (true, Effect::Review) => "asks for a reviewer",
        (true, Effect::Block) => "blocks",
    }
}

/// `7 days (medium), 14 days (dormant); in the open for 3 days, over in 11 days, on 2026-09-01`.
fn wait(decision: &Decision, now: Time) -> String {
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
        Some(until) if until > now => format!(", over {}", text::ahead(until, now)),
        Some(until) => format!(", over since {}", until.date()),
        None => String::new(),
    };
    let stopped =
        if clock.counted < now { format!("; counted up to {} only", clock.counted) } else { String::new() };
    format!("{steps}; {open}{over}{stopped}")
}

fn attained(decision: &Decision) -> String {
    let level = match decision.attained.level {
        Some(level) => format!("level {level} by itself"),
        None => "no level by itself".to_owned(),
    };
    let unknown: Vec<String> = decision.attained.unknown.iter().map(|u| u.as_str().to_owned()).collect();
    if unknown.is_empty() { level } else { format!("{level}; unknown: {}", unknown.join(", ")) }
}
