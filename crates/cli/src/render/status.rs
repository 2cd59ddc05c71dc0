//! A fence as it says it is: a line for whatever is well, more for what somebody has to look at.

use std::cmp::Reverse;

use fence_model::Time;

use super::text;
use crate::neighbour::{Alarm, AskedBy, Feed, Held, Mounted, Neighbour, Refused, Status};
use crate::shell::{Ink, Shell, Verbosity};
use crate::standing::CRATES_IO;

/// How many of a kind are told of unless all are asked for.
const TOLD: usize = 20;

/// The page, with a line end; nothing where all is well and only what is not is asked for. `here` is the folder of the
/// policy that counts here.
pub(crate) fn page(neighbour: &Neighbour, here: &str, shell: &Shell) -> String {
    let status = &neighbour.status;
    let rows = [
        version(status),
        policy(neighbour, here),
        asked_by(neighbour),
        registries(&status.registries),
        feeds(status),
        clock(status),
        kept(status),
        alarms(status),
        held(status),
        refused(status),
    ];
    let is_shown = |row: &Row| match shell.verbosity {
        Verbosity::Quiet => row.mood == Mood::Bad,
        Verbosity::Normal | Verbosity::Verbose => !row.says.is_empty(),
    };
    let rows: Vec<Row> = rows.into_iter().filter(is_shown).collect();
    if rows.is_empty() {
        return String::new();
    }
    let most = if shell.verbosity == Verbosity::Verbose { usize::MAX } else { TOLD };
    let mut page = heading(neighbour, &rows, shell);
    for row in &rows {
        page += &row.render(most, shell);
    }
    page
}

/// What is told of one thing.
struct Row {
    word: &'static str,
    mood: Mood,
    /// The first line, which counts.
    says: String,
    /// Particulars, a line each.
    more: Vec<String>,
    /// Particulars that are told only where all are asked for: the first line has counted them.
    folded: Vec<String>,
}

/// Whether somebody has to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Good,
    /// It is what a fence is for.
    Usual,
    Bad,
}

impl Row {
    fn good(word: &'static str, says: impl Into<String>) -> Self {
        Self { word, mood: Mood::Good, says: says.into(), more: Vec::new(), folded: Vec::new() }
    }

    fn bad(word: &'static str, says: impl Into<String>) -> Self {
        Self { mood: Mood::Bad, ..Self::good(word, says) }
    }

    fn render(&self, most: usize, shell: &Shell) -> String {
        const INDENT: usize = 14;
        let word = format!("{:<10}", self.word);
        let word = if self.mood == Mood::Bad { shell.colour.paint(Ink::Waiting, &word) } else { word };
        let mut lines = vec![format!("  {word}  {}", text::wrap(&self.says, INDENT, INDENT, shell.width))];
        let folded: &[String] = if shell.verbosity == Verbosity::Verbose { &self.folded } else { &[] };
        for line in self.more.iter().take(most).chain(folded) {
            lines.push(format!("{:INDENT$}{}", "", text::wrap(line, INDENT, INDENT + 2, shell.width)));
        }
        if self.more.len() > most {
            let folded = self.more.len() - most;
            lines.push(format!("{:INDENT$}and {folded} more (`--verbose` shows them)", ""));
        }
        lines.iter().map(|line| line.trim_end().to_owned() + "\n").collect()
    }
}

fn heading(neighbour: &Neighbour, rows: &[Row], shell: &Shell) -> String {
    let bad: Vec<String> =
        rows.iter().filter(|row| row.mood == Mood::Bad).map(|row| row.word.to_owned()).collect();
    let (ink, health) = match bad.as_slice() {
        [] => (Ink::Good, "is well".to_owned()),
        bad => (Ink::Waiting, format!("wants somebody to look at the {}", text::and(bad))),
    };
    let base = text::harmless(&neighbour.base);
    let line = text::wrap(&format!("the fence at {base} {health}"), 0, 2, shell.width);
    // What was wrapped in its middle stays as it is.
    let line = line.replacen(&base, &shell.colour.paint(Ink::Strong, &base), 1);
    line.replacen(&health, &shell.colour.paint(ink, &health), 1) + "\n"
}

fn version(status: &Status) -> Row {
    let (theirs, ours) = (text::harmless(&status.version), env!("CARGO_PKG_VERSION"));
    let here = if theirs == ours { String::new() } else { format!(", and {ours} here") };
    let up = status.since.map(|since| format!(", up for {}", (status.now - since).in_words()));
    Row::good("version", theirs + &here + &up.unwrap_or_default())
}

fn policy(neighbour: &Neighbour, here: &str) -> Row {
    let status = &neighbour.status;
    let whose = match &status.policy {
        None => String::new(),
        Some(folder) if folder == here => format!(", of {}", text::harmless(folder)),
        // Another machine's folders cannot be compared with those here.
        Some(folder) if neighbour.is_on_this_machine() => {
            format!(", of {}, not of this project", text::harmless(folder))
        }
        Some(folder) => format!(", of {} there", text::harmless(folder)),
    };
    let told = format!("level {}{whose}", text::harmless(&status.level));
    match &status.policy_wrong {
        None => Row::good("policy", told),
        Some(why) => {
            let why = text::harmless(why);
            Row::bad("policy", format!("{told}; as it was before, since it is wrong now: {why}"))
        }
    }
}

fn asked_by(neighbour: &Neighbour) -> Row {
    let who = match &neighbour.asked_by {
        AskedBy::Cargo => "cargo, as it is configured here".to_owned(),
        AskedBy::CargoFence(registry) => {
            let registry = text::harmless(registry);
            format!("`cargo fence cargo` alone; what cargo is told here leads to {registry}")
        }
    };
    Row::good("asked by", who)
}

fn registries(mounted: &[Mounted]) -> Row {
    let line = |Mounted { path, name, crates, refused_releases, journal_lines }: &Mounted| {
        let crates = text::count(*crates, "crate");
        let (path, name) = (text::harmless(path), text::harmless(name));
        format!(
            "{path}: in front of {name}; {crates} asked for, {} of them not admitted; journal of {}",
            text::count(*refused_releases, "release"),
            text::count(*journal_lines, "line"),
        )
    };
    match mounted {
        [one] => Row::good("registry", line(one)),
        several => Row {
            more: several.iter().map(line).collect(),
            ..Row::good("registries", several.len().to_string())
        },
    }
}

fn feeds(status: &Status) -> Row {
    let line = |Feed { name, state, as_of, .. }: &Feed| {
        let age = match as_of {
            Some(as_of) => format!(", as of {}", text::ago(*as_of, status.now)),
            None => ", never read".to_owned(),
        };
        format!("{} {}{age}", text::harmless(name), text::harmless(state))
    };
    let is_well = status.feeds.iter().all(|feed| feed.state == "current");
    match status.feeds.as_slice() {
        [] => Row::good("feeds", "none: nothing but the index speaks"),
        feeds if is_well => Row::good("feeds", feeds.iter().map(line).collect::<Vec<_>>().join("; ")),
        feeds => {
            let bad = feeds.iter().filter(|feed| feed.state != "current").count();
            let says = format!("{bad} of {} not current", feeds.len());
            let (unread, others): (Vec<&Feed>, Vec<&Feed>) =
                feeds.iter().partition(|feed| feed.is_unread_audits());
            let unread: Vec<String> = unread.into_iter().map(|feed| text::harmless(&feed.name)).collect();
            let others = others.into_iter().map(line);
            let unread = (!unread.is_empty())
                .then(|| format!("audits never read: {}; they count for nothing here", text::and(&unread)));
            Row { more: others.chain(unread).collect(), ..Row::bad("feeds", says) }
        }
    }
}

fn clock(status: &Status) -> Row {
    let behind: Vec<String> = status.behind.iter().map(|feed| text::harmless(feed)).collect();
    match status.counted_up_to {
        // One of a version that does not tell.
        None if status.since.is_none() => Row::good("clock", ""),
        None => Row::good("clock", "runs: no feed speaks against releases"),
        Some(_) if behind.is_empty() => Row::good("clock", "runs"),
        Some(Time::EARLIEST) => {
            Row::bad("clock", format!("stands still: {} was never read", text::and(&behind)))
        }
        Some(counted) => Row::bad(
            "clock",
            format!("stands at {counted}: young releases wait for a newer {}", text::and(&behind)),
        ),
    }
}

fn kept(status: &Status) -> Row {
    match &status.kept {
        None => Row::good("kept", ""),
        Some(kept) => {
            let packages = text::count(usize::try_from(kept.packages).unwrap_or(usize::MAX), "package");
            Row::good("kept", format!("{packages}, {}", text::size(kept.bytes)))
        }
    }
}

fn alarms(status: &Status) -> Row {
    let line = |Alarm { kind, since, at, about, words }: &Alarm| {
        let again = match at > since {
            true => format!(", last {}", text::ago(*at, status.now)),
            false => String::new(),
        };
        let (kind, about, words) = (text::harmless(kind), text::harmless(about), text::harmless(words));
        format!("{kind} {about}, {}{again}: {words}", text::ago(*since, status.now))
    };
    match status.alarms.len() {
        0 => Row::good("alarms", "none"),
        n => Row { more: status.alarms.iter().map(line).collect(), ..Row::bad("alarms", n.to_string()) },
    }
}

fn held(status: &Status) -> Row {
    let line = |Held { registry, name, version, instead, label, why, .. }: &Held| {
        let of = if registry == CRATES_IO { String::new() } else { format!(" of {registry}") };
        let instead = instead.as_ref().map(|instead| format!(" (instead: {instead})")).unwrap_or_default();
        let label = label.as_deref().unwrap_or("held");
        text::harmless(&format!("{label} {name} {version}{of}: {why}{instead}"))
    };
    let (older, mut held): (Vec<&Held>, Vec<&Held>) = status.held.iter().partition(|held| held.older);
    // What a build could not have comes before what is merely the newest.
    let was_refused = |held: &Held| {
        let release = format!("{} {}", held.name, held.version);
        status.refused.iter().any(|refused| refused.release == release)
    };
    held.sort_by_cached_key(|held| {
        (Reverse(was_refused(held)), Reverse(held.published), Reverse(held.asked))
    });
    // A fence that does not count them tells of all that it holds.
    let counted = status.held_releases.unwrap_or(held.len());
    let says = match counted {
        0 => "nothing of what was asked for".to_owned(),
        n => format!("{} of crates that were asked for", text::count(n, "release")),
    };
    let aside = match older.len() {
        0 => String::new(),
        n => format!("; and {} of older classes, which no build asked for", text::count(n, "release")),
    };
    Row {
        mood: Mood::Usual,
        more: held.into_iter().map(line).collect(),
        folded: older.into_iter().map(line).collect(),
        ..Row::good("held", says + &aside)
    }
}

fn refused(status: &Status) -> Row {
    let line = |Refused { at, release, why }: &Refused| {
        // What it is called is said by the first words of why.
        let first = why.lines().next().unwrap_or_default();
        let why =
            if first.contains(release.as_str()) { first.to_owned() } else { format!("{release}: {first}") };
        text::harmless(&format!("{}: {why}", text::ago(*at, status.now)))
    };
    match status.refused.len() {
        0 => Row::good("refused", "no downloads"),
        n => Row {
            mood: Mood::Usual,
            more: status.refused.iter().map(line).collect(),
            ..Row::good("refused", text::count(n, "download"))
        },
    }
}
