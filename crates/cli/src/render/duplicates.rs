//! Duplicates for people: what can leave Cargo.lock, by how much leaves with it; then what cannot yet, in short.

use fence_registry::duplicates::purposes::Found;
use fence_registry::duplicates::{Asker, Duplicate, Obstacle, Older, Step, Way, line};
use fence_registry::lockfile::Package;

use super::text::{and, count, harmless, wrap};
use crate::commands::duplicates::Told;
use crate::error::shown;
use crate::shell::{Ink, Shell, Verbosity};

/// How many names are told before the rest is counted.
const NAMES: usize = 5;

/// How many versions are told that cannot leave yet.
const BLOCKED: usize = 8;

/// All of it.
pub(crate) fn told(told: &Told<'_>, shell: &Shell) -> String {
    let mut all: Vec<(&Duplicate, &Older)> =
        told.duplicates.iter().flat_map(|of| of.older.iter().map(move |older| (of, older))).collect();
    all.sort_by_key(|(_, older)| std::cmp::Reverse((told.lines(older), older.leaves.len())));
    let of = |is_it: fn(&Way) -> bool| all.iter().copied().filter(move |(_, older)| is_it(&older.way));
    let mut text = String::new();
    let mut ways: Vec<(&Duplicate, &Older)> = of(|way| matches!(way, Way::Steps(_))).collect();
    // What cargo does by itself comes before what somebody has to write.
    ways.sort_by_key(|(_, older)| own_steps(&older.way) > 0);
    for (at, (duplicate, older)) in ways.iter().enumerate() {
        let same = |(_, other): &&(&Duplicate, &Older)| other.way == older.way;
        if !ways[..at].iter().any(|way| same(&way)) {
            let others = ways[at + 1..].iter().filter(same).map(|(_, other)| told.name(other.package));
            text += &told.block(duplicate, older, others.collect(), shell);
        }
    }
    for found in &told.found {
        text += &told.found(found, shell);
    }
    let blocked: Vec<(&Duplicate, &Older)> = of(|way| matches!(way, Way::Blocked(_))).collect();
    if shell.verbosity == Verbosity::Verbose {
        for (duplicate, older) in &blocked {
            text += &told.block(duplicate, older, Vec::new(), shell);
        }
    } else if !blocked.is_empty() {
        text += &format!(
            "{}: {} cannot leave yet\n",
            shell.colour.paint(Ink::Note, "note"),
            count(blocked.len(), "older version")
        );
        for (duplicate, older) in blocked.iter().take(BLOCKED) {
            text += &format!("      {}\n", wrap(&told.blocked(duplicate, older), 6, 8, shell.width));
        }
        if blocked.len() > BLOCKED {
            text +=
                &format!("      and {} more: `cargo fence duplicates --verbose`\n", blocked.len() - BLOCKED);
        }
    }
    if !text.is_empty() || shell.verbosity > Verbosity::Quiet {
        text += &told.end(&all, &ways, shell);
    }
    text
}

fn own_steps(way: &Way) -> usize {
    let Way::Steps(steps) = way else { return 0 };
    steps.iter().filter(|step| matches!(step, Step::Require { .. })).count()
}

impl Told<'_> {
    /// A package by name and version, fit for a terminal.
    fn name(&self, package: usize) -> String {
        let package = &self.lockfile.packages[package];
        match package.release() {
            Some(release) => release.to_string(),
            None if package.source == fence_registry::lockfile::Source::Path => harmless(&package.name),
            None => format!("{} {}", harmless(&package.name), package.version),
        }
    }

    /// The lines of Rust that leave with a version, as far as they are known.
    fn lines(&self, older: &Older) -> u64 {
        older.leaves.iter().filter_map(|at| self.known.lines(*at)).sum()
    }

    fn mark(&self, is_new: Option<bool>) -> &'static str {
        if is_new == Some(true) { "duplicate[new]" } else { "duplicate" }
    }

    /// A version with what is known of it; `others` leave in the same way.
    fn block(&self, duplicate: &Duplicate, older: &Older, others: Vec<String>, shell: &Shell) -> String {
        let newest = &self.lockfile.packages[duplicate.newest].version;
        let what = format!("{} beside {newest}", self.name(older.package));
        let mark = self.mark(self.is_new(older.package, duplicate.newest));
        let mut text = self.head(mark, &what, older.package, shell);
        text += &row("asked for by", &self.askers(&older.asked_by), shell);
        text += &row("leaves", &self.leaves(older), shell);
        if !others.is_empty() {
            text += &row("in the same way", &some(others), shell);
        }
        match &older.way {
            Way::Steps(steps) => text + &self.help(duplicate, older, steps, shell) + "\n",
            Way::Blocked(obstacles) => {
                for obstacle in obstacles {
                    text += &row("stays", &self.obstacle(obstacle), shell);
                }
                text + "\n"
            }
            Way::With(_) => text + "\n",
        }
    }

    fn head(&self, mark: &str, what: &str, package: usize, shell: &Shell) -> String {
        let colour = shell.colour;
        format!(
            "{}: {}\n  {} {}:{}\n",
            colour.paint(Ink::Waiting, mark),
            colour.paint(Ink::Strong, what),
            colour.paint(Ink::Place, "-->"),
            shown(self.file.file_name().map_or(self.file, std::path::Path::new)),
            self.lockfile.packages[package].line
        )
    }

    fn askers(&self, askers: &[Asker]) -> String {
        let one = |asker: &Asker| match &asker.requirement {
            Some(requirement) => format!("{} ({requirement})", self.name(asker.package)),
            None => self.name(asker.package),
        };
        some(askers.iter().map(one).collect())
    }

    fn leaves(&self, older: &Older) -> String {
        let of = count(older.leaves.len(), "package");
        let unread = older.leaves.iter().filter(|at| self.known.lines(**at).is_none()).count();
        let lines = match (self.lines(older), unread) {
            (_, unread) if unread == older.leaves.len() => String::new(),
            (lines, 0) => format!(" with {lines} lines of Rust"),
            (lines, unread) => format!(" with {lines} lines of Rust, {unread} not counted"),
        };
        let others = some(older.leaves[1..].iter().map(|at| self.name(*at)).collect());
        if others.is_empty() { format!("{of}{lines}") } else { format!("{of}{lines}: also {others}") }
    }

    fn help(&self, duplicate: &Duplicate, older: &Older, steps: &[Step], shell: &Shell) -> String {
        let newest = self.name(duplicate.newest);
        let mut text = String::new();
        for step in steps {
            if let Step::Require { own, name, version } = step {
                let asks = |at: &&usize| *self.lockfile.packages[**at].name == **name;
                let now = self.lockfile.packages[*own].dependencies.iter().find(asks);
                let is_compatible =
                    now.is_some_and(|at| line(&self.lockfile.packages[*at].version) == line(version));
                let but = if is_compatible { "" } else { ", which may have another interface" };
                let what = format!("let {} ask for {} {version}{but}", self.name(*own), harmless(name));
                text += &help(&what, shell);
            }
        }
        let updates: Vec<(usize, String)> = steps
            .iter()
            .filter_map(|step| match step {
                Step::Update { package, to } => {
                    let Package { name, version, .. } = &self.lockfile.packages[*package];
                    Some((*package, format!("      cargo update -p {name}@{version} --precise {to}\n")))
                }
                Step::Require { .. } => None,
            })
            .collect();
        // Whoever takes both may have been moved by then.
        let (first, last) = match updates.split_last() {
            Some((last, first)) if last.0 == older.package && !(first.is_empty() && text.is_empty()) => {
                (first, Some(last))
            }
            _ => (&updates[..], None),
        };
        let and = if text.is_empty() { "" } else { "and " };
        if !first.is_empty() {
            text += &help(&format!("{and}lock {newest} alone"), shell);
            text.extend(first.iter().map(|(_, line)| line.as_str()));
        }
        if let Some((_, line)) = last {
            text += &help(&format!("and if {} is still locked then", self.name(older.package)), shell);
            text += line;
        }
        text
    }

    fn obstacle(&self, obstacle: &Obstacle) -> String {
        match obstacle {
            Obstacle::NoRelease { package, newest }
                if *newest == self.lockfile.packages[*package].version =>
            {
                format!("{}, the newest release, asks for it", self.name(*package))
            }
            Obstacle::NoRelease { package, newest } => {
                format!(
                    "{}: {newest}, its newest release, does not ask for another that is locked",
                    self.name(*package)
                )
            }
            Obstacle::Rust { package, wants } => {
                format!("{}: releases that ask for another want Rust {wants}", self.name(*package))
            }
            Obstacle::Trades { package, to, brings } => {
                format!(
                    "{}: {to} asks for another, and brings in {} beside what is locked",
                    self.name(*package),
                    harmless(brings)
                )
            }
            Obstacle::Unknown { package } => {
                format!("{}: its other releases are not known", self.name(*package))
            }
            Obstacle::Pinned { package } => format!("{} asks for exactly this version", self.name(*package)),
            Obstacle::TooFar { package } => {
                format!("{}: too much would have to follow it", self.name(*package))
            }
        }
    }

    fn blocked(&self, duplicate: &Duplicate, older: &Older) -> String {
        let Way::Blocked(obstacles) = &older.way else { return String::new() };
        let newest = &self.lockfile.packages[duplicate.newest].version;
        let is_new = if self.is_new(older.package, duplicate.newest) == Some(true) { "new: " } else { "" };
        let because = some_of(obstacles.iter().map(|obstacle| self.obstacle(obstacle)).collect(), 1, "; ");
        format!(
            "{is_new}{} beside {newest} ({}): {because}",
            self.name(older.package),
            count(older.leaves.len(), "package")
        )
    }

    fn found(&self, found: &Found, shell: &Shell) -> String {
        let is_new = if self.is_found_new(found) == Some(true) { "[new]" } else { "" };
        let own = |asked_by: &[usize]| some(asked_by.iter().map(|at| self.name(*at)).collect());
        match found {
            Found::Replaced { package, asked_by, row: said } => {
                let mut text = self.head(&format!("replaced{is_new}"), &self.name(*package), *package, shell);
                text += &row("asked for by", &own(asked_by), shell);
                let others = self.others(*package, asked_by);
                if !others.is_empty() {
                    text += &row("stays locked for", &others, shell);
                }
                let unless =
                    said.unless.as_ref().map(|unless| format!(", unless {unless}")).unwrap_or_default();
                text + &help(&format!("since Rust {} there is {}{unless}", said.since, said.instead), shell)
                    + "\n"
            }
            Found::SamePurpose { crates, prefer, row: said } => {
                let names: Vec<String> =
                    crates.iter().map(|(at, _)| *at).chain(*prefer).map(|at| self.name(at)).collect();
                let what = format!("{} for {}", and(&names), said.what);
                let first = crates.first().map_or(0, |(at, _)| *at);
                let mut text = self.head(&format!("same-purpose{is_new}"), &what, first, shell);
                for (package, asked_by) in crates {
                    text +=
                        &row("asked for", &format!("{} by {}", self.name(*package), own(asked_by)), shell);
                }
                let advice = match prefer {
                    Some(prefer) => format!("stay with {}: {}", self.name(*prefer), said.because),
                    None => format!("one of them may do: {}", said.because),
                };
                text + &help(&advice, shell) + "\n"
            }
        }
    }

    /// Who else asks for a package than packages of the project.
    fn others(&self, package: usize, own: &[usize]) -> String {
        let packages = self.lockfile.packages.iter().enumerate();
        let asks = packages.filter(|(at, other)| other.dependencies.contains(&package) && !own.contains(at));
        some(asks.map(|(at, _)| self.name(at)).collect())
    }

    fn end(&self, all: &[(&Duplicate, &Older)], ways: &[(&Duplicate, &Older)], shell: &Shell) -> String {
        let by_update = ways.iter().filter(|(_, older)| own_steps(&older.way) == 0).count();
        let by_hand = ways.len() - by_update;
        let with = all.iter().filter(|(_, older)| matches!(older.way, Way::With(_))).count();
        let mut parts = vec![match self.duplicates.len() {
            0 => "no crate is locked in several versions".to_owned(),
            n => format!("{} in several versions", count(n, "crate")),
        }];
        let mut part = |n: usize, what: &str| {
            if n > 0 {
                parts.push(format!("{n} {what}"));
            }
        };
        part(by_update, "can leave by `cargo update`");
        part(by_hand, "by what this project asks for");
        part(all.len() - ways.len() - with, "cannot yet");
        part(with, "would go with others");
        let news =
            all.iter().filter(|(of, older)| self.is_new(older.package, of.newest) == Some(true)).count();
        part(news, "new");
        part(self.found.len(), "told of what they are for");
        let ink = if self.duplicates.is_empty() { Ink::Good } else { Ink::Waiting };
        format!(
            "{} {}\n",
            shell.colour.paint(ink, "    Finished"),
            wrap(&parts.join(", "), 13, 13, shell.width)
        )
    }
}

fn row(what: &str, text: &str, shell: &Shell) -> String {
    let said = format!("{what}: {text}");
    format!("   {} {}\n", shell.colour.paint(Ink::Place, "="), wrap(&said, 5, 7, shell.width))
}

fn help(text: &str, shell: &Shell) -> String {
    format!("{}: {}\n", shell.colour.paint(Ink::Note, "help"), wrap(text, 6, 6, shell.width))
}

fn some(names: Vec<String>) -> String {
    some_of(names, NAMES, ", ")
}

/// The first names, and how many more there are.
fn some_of(mut names: Vec<String>, most: usize, between: &str) -> String {
    let more = names.len().saturating_sub(most);
    names.truncate(most);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    names.join(between)
}
