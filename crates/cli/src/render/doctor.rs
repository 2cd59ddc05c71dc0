//! What the doctor saw and found, for people: the route first, then a block for each finding, then a line that counts.

use std::path::Path;

use fence_client::cargo_config::{IndexLocation, Located};
use fence_client::http::shown as shown_address;

use super::text;
use crate::doctor::{Answer, Finding, Fix, Gravity, Seen, Spot};
use crate::error::shown;
use crate::shell::{Ink, Shell, Verbosity};

/// The whole report, with a line end.
pub(crate) fn report(seen: &Seen, findings: &[Finding], shell: &Shell) -> String {
    let is_told = |finding: &&Finding| match shell.verbosity {
        Verbosity::Quiet => finding.gravity <= Gravity::Broken,
        Verbosity::Normal | Verbosity::Verbose => true,
    };
    let told: Vec<&Finding> = findings.iter().filter(is_told).collect();
    if told.is_empty() && shell.verbosity == Verbosity::Quiet {
        return String::new();
    }
    let mut parts = Vec::new();
    if shell.verbosity > Verbosity::Quiet {
        parts.push(way(seen, shell));
    }
    parts.extend(told.iter().map(|finding| block(finding, shell)));
    parts.join("\n") + &summary(findings, shell)
}

/// How cargo comes from crates.io to what answers, and what that said.
fn way(seen: &Seen, shell: &Shell) -> String {
    let mut told = String::new();
    let mut say = |verb: &str, words: &str| {
        let verb = shell.colour.paint(Ink::Good, &format!("{verb:>12}"));
        told += &format!("{verb} {}\n", text::wrap(&text::harmless(words), 13, 13, shell.width));
    };
    if let Ok(route) = &seen.route {
        let mut steps = vec!["crates-io".to_owned()];
        steps.extend(route.steps.iter().map(|step| format!("{} ({})", step.to, located(&step.at))));
        say("Route", &steps.join(" -> "));
        let place = match &route.registry.location {
            _ if route.registry.is_crates_io() => "crates.io itself".to_owned(),
            IndexLocation::Sparse(url) => shown_address(url),
            IndexLocation::Git(url) => format!("the git repository {}", shown_address(url)),
            IndexLocation::Folder(folder) => format!("the folder {}", shown(folder)),
            IndexLocation::Vendored(folder) => format!("the vendored folder {}", shown(folder)),
        };
        say("Index", &place);
    }
    match &seen.answer {
        Answer::NotAsked(why) => say("Not asked", why),
        Answer::Silent(_) => say("Answer", "none"),
        Answer::Denied(_) => say("Answer", "a token is wanted"),
        Answer::Answered(answered) => {
            match &answered.fence {
                Some(fence) => {
                    let policy = fence.policy.as_ref();
                    let policy = policy.map_or("no project".to_owned(), |policy| shown(Path::new(policy)));
                    let words =
                        format!("{}, level {}, by the policy of {policy}", fence.version, fence.level);
                    say("Fence", &words);
                }
                None => say("Fence", "none"),
            }
            let mut answers = Vec::new();
            if let Some(downloads) = &answered.downloads {
                answers.push(format!(
                    "packages from {}",
                    shown_address(downloads.split('{').next().unwrap_or_default())
                ));
            }
            match &answered.index {
                Some((name, Ok(Some(releases)))) => {
                    answers.push(format!("{} of {name}", text::count(*releases, "release")));
                }
                Some((name, Ok(None))) => answers.push(format!("no crate {name}")),
                Some((name, Err(_))) => answers.push(format!("nothing about {name}")),
                None => {}
            }
            say("Answer", &answers.join(", "));
        }
    }
    told
}

fn located(at: &Located) -> String {
    match at {
        Located::File(file, Some(line)) => format!("{}:{line}", shown(file)),
        Located::File(file, None) => shown(file),
        Located::Variable(name) => format!("${name}"),
    }
}

/// One finding.
fn block(finding: &Finding, shell: &Shell) -> String {
    let Finding { code, gravity, what, places, because, fixes } = finding;
    let ink = match gravity {
        Gravity::Open | Gravity::Broken => Ink::Bad,
        Gravity::Warning => Ink::Waiting,
        Gravity::Note => Ink::Note,
    };
    let word = format!("{}[{code}]", gravity.as_str());
    let indent = word.len() + 2;
    let what = text::wrap(&plain(what), indent, 6, shell.width);
    let mut told = format!("{}: {what}\n", shell.colour.paint(ink, &word));
    for place in places {
        let place = match place {
            Spot::File(file, Some(line)) => format!("{}:{line}", shown(file)),
            Spot::File(file, None) => shown(file),
            Spot::Variable(name) => format!("${name}"),
        };
        told += &format!("  {} {}\n", shell.colour.paint(Ink::Place, "-->"), text::harmless(&place));
    }
    for line in because {
        told += &format!(
            "   {} {}\n",
            shell.colour.paint(Ink::Place, "="),
            text::wrap(&plain(line), 5, 7, shell.width)
        );
    }
    for Fix { what, lines } in fixes {
        told += &format!(
            "{}: {}\n",
            shell.colour.paint(Ink::Note, "help"),
            text::wrap(&plain(what), 6, 6, shell.width)
        );
        told.extend(lines.iter().map(|line| format!("      {}", plain(line)).trim_end().to_owned() + "\n"));
    }
    told
}

/// Words of which a stranger may have chosen some, fit for a terminal. Each is cut by itself: a sentence is whole.
fn plain(words: &str) -> String {
    words.split(' ').map(text::harmless).collect::<Vec<_>>().join(" ")
}

fn summary(findings: &[Finding], shell: &Shell) -> String {
    let count = |gravity| findings.iter().filter(|finding| finding.gravity == gravity).count();
    let (open, broken) = (count(Gravity::Open), count(Gravity::Broken));
    let mut words = Vec::new();
    match (open, broken) {
        (0, 0) => words.push("no way around the fence was found".to_owned()),
        (0, _) => {}
        (1, _) => words.push("1 way around the fence is open".to_owned()),
        (n, _) => words.push(format!("{n} ways around the fence are open")),
    }
    if broken > 0 {
        words.push(format!(
            "{} not work",
            if broken == 1 { "1 thing does".to_owned() } else { format!("{broken} things do") }
        ));
    }
    for (n, what) in [(count(Gravity::Warning), "warning"), (count(Gravity::Note), "note")] {
        if n > 0 {
            words.push(text::count(n, what));
        }
    }
    let ink = match (open, broken) {
        (0, 0) => Ink::Good,
        (0, _) => Ink::Waiting,
        _ => Ink::Bad,
    };
    format!("{} {}\n", shell.colour.paint(ink, "    Finished"), words.join(", "))
}
