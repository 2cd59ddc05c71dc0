//! One release on a page: the verdict, what led to it in time order, the wait, the ways out.

use std::path::Path;

use fence_client::source::Record;
use fence_model::decision::{Decision, Verdict};
use fence_model::words::{self, help, story};
use fence_model::{Code, Time};

use super::text;
use crate::error::shown;
use crate::shell::{Colour, Ink, Shell, Verbosity};

/// The page, with a line end. `source` is how it compares with its repository, where somebody looked; `path` leads from the project to the release, if it is locked; `seen_by` is the journal that saw
/// what the index shows no more.
pub(crate) fn page(
    decision: &Decision,
    source: Option<&Record>,
    path: Option<&[String]>,
    seen_by: Option<&Path>,
    now: Time,
    shell: &Shell,
) -> String {
    let mut lines = vec![heading(decision, shell.colour)];
    for fact in story::facts(decision, now) {
        let day = fact.at.map_or_else(|| " ".repeat(10), |at| at.date());
        let does = if fact.does.is_empty() { String::new() } else { format!("  → {}", fact.does) };
        let code = fact.reason.map(|reason| format!("{}: ", reason.code)).unwrap_or_default();
        let what = code + &fact.sentence;
        let line = text::wrap(&format!("{what}{does}"), 14, 14, shell.width);
        lines.push(format!("  {day}  {line}"));
    }
    let mut row = |word: &str, rest: String| {
        lines.push(format!("  {word:<10}  {}", text::wrap(&rest, 14, 14, shell.width)));
    };
    row("wait", story::wait(decision, now));
    if let Some(base) = &decision.base {
        row("compared", format!("with {base}"));
    }
    let (name, version) = (&decision.release.name, &decision.release.version);
    if decision.panics.places > 0 {
        let told = words::new_panics(decision.panics);
        row("panics", format!("{told}: `cargo fence review {name}@{version} --panics`"));
    }
    match source {
        Some(record) => {
            for (at, told) in record.told().iter().enumerate() {
                row(if at == 0 { "source" } else { "" }, text::harmless(&told.words));
            }
        }
        None if decision.digest.is_some() => {
            row("source", format!("not compared with its repository: `cargo fence source {name}@{version}`"));
        }
        None => {}
    }
    if let Some(support) = &decision.quorum {
        row("quorum", text::harmless(&words::quorum::support_sentence(support)));
    }
    if let Some(attained) = story::attained(decision) {
        row("attains", attained);
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
    if let Some(journal) = seen_by {
        row("seen by", format!("a fence of this machine, in {}", shown(journal)));
    }
    if decision.has(Code::Deleted) {
        let name = &decision.release.name;
        if path.is_some() {
            row(
                "to do",
                format!("`cargo update -p {name}` takes an admitted one, before anything is built again"),
            );
        }
        row(
            if path.is_some() { "" } else { "to do" },
            "`cargo fence check --cache` says whether cargo keeps it; `cargo fence explain deleted`, what it means".to_owned(),
        );
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
        lines.extend(help::reviews(decision).into_iter().map(|command| format!("              {command}")));
        if decision.clears.iter().any(|way| way.is_override()) {
            // A command is to be copied, so it is never wrapped.
            lines.push(format!(
                "              {}",
                help::except(decision, "…", &help::usual_end(decision, now))
            ));
        }
    }
    lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n") + "\n"
}

fn heading(decision: &Decision, colour: Colour) -> String {
    let release = colour.paint(Ink::Strong, &decision.release.to_string());
    let ink = match decision.verdict {
        Verdict::Admit => Ink::Good,
        Verdict::Hold => Ink::Waiting,
        Verdict::Block => Ink::Bad,
    };
    let verdict = story::verdict(decision);
    format!("{release} is {}, level {}", colour.paint(ink, &verdict), decision.level)
}
