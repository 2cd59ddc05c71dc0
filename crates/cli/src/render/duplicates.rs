//! Duplicates for people: what can leave Cargo.lock, by how much leaves with it; then what cannot yet, in short.

use std::collections::BTreeSet;

use fence_client::duplicates::{Alike, AtBuild, Publisher};
use fence_registry::duplicates::purposes::Found;
use fence_registry::duplicates::{Asker, Duplicate, Obstacle, Older, Step, Way, leaves_with, line};
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
    all.sort_by_cached_key(|(_, older)| std::cmp::Reverse((told.lines(older), older.leaves.len())));
    let of = |is_it: fn(&Way) -> bool| all.iter().copied().filter(move |(_, older)| is_it(&older.way));
    let mut text = String::new();
    let mut ways: Vec<(&Duplicate, &Older)> = of(|way| matches!(way, Way::Steps { .. })).collect();
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
    for alike in &told.alike {
        text += &told.alike(alike, shell);
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
    let Way::Steps { steps, .. } = way else { return 0 };
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
        older.leaves.iter().filter_map(|at| self.known.cost(*at).lines).sum()
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
        text += &row("leaves", &self.leaves(&older.leaves), shell);
        text += &self.costs(&older.leaves, duplicate.newest, shell);
        if !others.is_empty() {
            text += &row("in the same way", &some(others), shell);
        }
        match &older.way {
            Way::Steps { steps, brings } => {
                if !brings.is_empty() {
                    let names = brings.iter().map(|(name, version)| format!("{} {version}", harmless(name)));
                    text += &row("brings in", &some(names.collect()), shell);
                }
                text + &self.help(duplicate, older, steps, shell) + "\n"
            }
            Way::Blocked(obstacles) => {
                for obstacle in obstacles {
                    text += &row("stays", &self.obstacle(older, obstacle), shell);
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

    /// What leaves, the first at the head: how much it is, and what goes along.
    fn leaves(&self, leaves: &[usize]) -> String {
        let of = count(leaves.len(), "package");
        let known: Vec<u64> = leaves.iter().filter_map(|at| self.known.cost(*at).lines).collect();
        let lines: u64 = known.iter().sum();
        let lines = match leaves.len() - known.len() {
            _ if known.is_empty() => String::new(),
            0 => format!(" with {lines} lines of Rust"),
            unread => format!(" with {lines} lines of Rust, {unread} not counted"),
        };
        let others = some(leaves[1..].iter().map(|at| self.name(*at)).collect());
        if others.is_empty() { format!("{of}{lines}") } else { format!("{of}{lines}: also {others}") }
    }

    /// What else it costs to keep what leaves: what of it runs at build, and what it can do that the one that stays cannot.
    fn costs(&self, leaves: &[usize], stays: usize, shell: &Shell) -> String {
        let mut text = String::new();
        let at_build = leaves.iter().filter_map(|at| match self.known.cost(*at).at_build? {
            AtBuild::Nothing => None,
            AtBuild::Script => Some(format!("{} (build script)", self.name(*at))),
            AtBuild::Macro => Some(format!("{} (proc macro)", self.name(*at))),
        });
        let at_build = some(at_build.collect());
        if !at_build.is_empty() {
            text += &row("runs at build", &at_build, shell);
        }
        let stays = self.known.cost(stays).capabilities.unwrap_or_default();
        let of = leaves.iter().filter_map(|at| self.known.cost(*at).capabilities).flatten();
        let gone: BTreeSet<String> = of.filter(|capability| !stays.contains(capability)).collect();
        if !gone.is_empty() {
            text += &row("can", &harmless(&gone.into_iter().collect::<Vec<_>>().join(", ")), shell);
        }
        let publisher = |at: usize| self.known.cost(at).publisher;
        let staying: BTreeSet<Publisher> = (0..self.lockfile.packages.len())
            .filter(|at| !leaves.contains(at))
            .filter_map(publisher)
            .collect();
        let only: BTreeSet<Publisher> = leaves.iter().filter_map(|at| publisher(*at)).collect();
        let only: Vec<String> = only.difference(&staying).map(|of| harmless(&of.to_string())).collect();
        if !only.is_empty() {
            text +=
                &row("trusts", &format!("{}, who published nothing else that is locked", some(only)), shell);
        }
        text
    }

    /// The steps in their order; what follows one another of one kind stands together.
    fn help(&self, duplicate: &Duplicate, older: &Older, steps: &[Step], shell: &Shell) -> String {
        let newest = self.name(duplicate.newest);
        let mut text = String::new();
        let of_one_kind = |left: &Step, right: &Step| left.updates().is_some() && right.updates().is_some();
        for group in steps.chunk_by(of_one_kind) {
            let and = if text.is_empty() { "" } else { "then " };
            match &group[0] {
                Step::Require { own, name, version } => {
                    text += &help(&format!("{and}{}", self.require(*own, name, version)), shell);
                }
                // Whoever takes both may have been moved by then.
                Step::Update { package, .. } if *package == older.package && !text.is_empty() => {
                    text += &help(&format!("then, if {} is still locked", self.name(*package)), shell);
                    text += &self.updates(group);
                }
                Step::Update { .. } => {
                    let (last, first) = match group.split_last() {
                        Some((last, first)) if last.updates() == Some(older.package) && !first.is_empty() => {
                            (Some(last), first)
                        }
                        _ => (None, group),
                    };
                    text += &help(&format!("{and}lock {newest} alone"), shell);
                    text += &self.updates(first);
                    if let Some(last) = last {
                        text +=
                            &help(&format!("then, if {} is still locked", self.name(older.package)), shell);
                        text += &self.updates(std::slice::from_ref(last));
                    }
                }
            }
        }
        text
    }

    fn require(&self, own: usize, name: &str, version: &semver::Version) -> String {
        let packages = &self.lockfile.packages;
        let now = packages[own].dependencies.iter().find(|at| *packages[**at].name == *name);
        let is_compatible = now.is_some_and(|at| line(&packages[*at].version) == line(version));
        let but = if is_compatible { "" } else { ", which may have another interface" };
        format!("let {} ask for {} {version}{but}", self.name(own), harmless(name))
    }

    /// The commands of updates, a line each.
    fn updates(&self, steps: &[Step]) -> String {
        let command = |step: &Step| match step {
            Step::Update { package, to } => {
                let Package { name, version, .. } = &self.lockfile.packages[*package];
                format!("      cargo update -p {}@{version} --precise {to}\n", harmless(name))
            }
            Step::Require { .. } => String::new(),
        };
        steps.iter().map(command).collect()
    }

    fn obstacle(&self, older: &Older, obstacle: &Obstacle) -> String {
        match obstacle {
            Obstacle::NoRelease { package, of, newest } => {
                let (package, version) = (self.name(*package), &self.lockfile.packages[*package].version);
                let of = if *of == older.package { "it".to_owned() } else { self.name(*of) };
                if newest == version {
                    format!("{package}, the newest release, asks for {of}")
                } else {
                    format!(
                        "{package} asks for {of}, and {newest}, its newest release, for no version that stays"
                    )
                }
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
            Obstacle::Pinned { package } => {
                format!("{} asks for exactly this version, or for both", self.name(*package))
            }
            Obstacle::TooFar { package } => {
                format!("{}: too much would have to follow it", self.name(*package))
            }
        }
    }

    fn blocked(&self, duplicate: &Duplicate, older: &Older) -> String {
        let Way::Blocked(obstacles) = &older.way else { return String::new() };
        let newest = &self.lockfile.packages[duplicate.newest].version;
        let is_new = if self.is_new(older.package, duplicate.newest) == Some(true) { "new: " } else { "" };
        let because =
            some_of(obstacles.iter().map(|obstacle| self.obstacle(older, obstacle)).collect(), 1, "; ");
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
                if others.is_empty() {
                    text += &self.would_leave(*package, shell);
                } else {
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
                    let others = self.others(*package, asked_by);
                    if others.is_empty() {
                        text += &self.would_leave(*package, shell);
                    } else {
                        text += &row("stays locked for", &others, shell);
                    }
                }
                let advice = match prefer {
                    Some(prefer) => format!("stay with {}: {}", self.name(*prefer), said.because),
                    None => format!("one of them may do: {}", said.because),
                };
                text + &help(&advice, shell) + "\n"
            }
        }
    }

    /// What leaves with a package, where nobody else asks for it.
    fn would_leave(&self, package: usize, shell: &Shell) -> String {
        let leaves = leaves_with(self.lockfile, package);
        row("leaves", &self.leaves(&leaves), shell)
    }

    fn alike(&self, alike: &Alike, shell: &Shell) -> String {
        let [one, other] = alike.packages;
        let is_new = if self.is_any_new(alike.packages) == Some(true) { "[new]" } else { "" };
        let what = format!("{} and {}", self.name(one), self.name(other));
        let mut text = self.head(&format!("alike{is_new}"), &what, other, shell);
        for at in alike.packages {
            let askers = self.others(at, &[]);
            if !askers.is_empty() {
                text += &row("asked for", &format!("{} by {askers}", self.name(at)), shell);
            }
        }
        let [one, other] = alike.packages.map(|at| harmless(&self.lockfile.packages[at].name));
        let [of_one, of_other] = alike.percent;
        let said = format!(
            "{of_one} % of the code of {one} is in {other}, and {of_other} % of that of {other} in {one}"
        );
        text + &row("because", &said, shell) + "\n"
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
        part(self.alike.len(), "alike under two names");
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
