//! What cargo keeps, as a person reads it: what must not be built from there and who would build it, then what else lies
//! there, and a last line that counts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fence_client::cargo_cache::{Kept, Odd, Oddness};
use fence_client::gather::Age;
use fence_model::{Code, Digest, Time};

use super::human::age_of;
use super::text;
use crate::commands::Outcome;
use crate::error::shown;
use crate::shell::{Ink, Shell, Verbosity};
use crate::stock::{Against, Charge, ChargeCode};

/// How many lockfiles are told of one release; the others are counted.
const LOCKFILES_TOLD: usize = 5;

/// How many of what only `--verbose` lists in full are told.
const OTHERS_TOLD: usize = 3;

/// Cargo's cache, looked at: all that a renderer needs.
pub(crate) struct Looked {
    /// `$CARGO_HOME/registry`; none where cargo never used one.
    pub(crate) cache: Option<PathBuf>,
    /// At which level it was judged.
    pub(crate) level: String,
    /// As of when.
    pub(crate) now: Time,
    /// How old the facts are.
    pub(crate) ages: Vec<Age>,
    /// What else to know.
    pub(crate) problems: Vec<String>,
    /// How many packages there are.
    pub(crate) packages: usize,
    /// How many unpacked folders.
    pub(crate) unpacked: usize,
    /// Of these, those whose package is gone.
    pub(crate) alone: usize,
    /// How many bytes were read.
    pub(crate) bytes: u64,
    /// Releases against which there is nothing to say.
    pub(crate) sound: usize,
    /// Releases that must not be built from there.
    pub(crate) bad: Vec<Bad>,
    /// Releases that the policy would hold, and why.
    pub(crate) held: Vec<(Place, String)>,
    /// Releases of which nobody can tell, and why.
    pub(crate) undecided: Vec<(Place, String)>,
    /// Folders of registries that nobody names, and how many releases are in them.
    pub(crate) unknown: BTreeMap<String, usize>,
    /// What cargo did not put there.
    pub(crate) odd: Vec<Odd>,
    /// How many lockfiles were looked at, if any were searched for.
    pub(crate) searched: Option<usize>,
    /// What was removed.
    pub(crate) removed: Vec<PathBuf>,
}

/// A release in the cache.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// What of it lies where.
    pub(crate) kept: Kept,
    /// By whose facts it was judged.
    pub(crate) registry: String,
}

/// A release that must not be built from there.
pub(crate) struct Bad {
    /// What of it lies where.
    pub(crate) place: Place,
    /// What speaks against it, the gravest first; never empty.
    pub(crate) charges: Vec<Charge>,
    /// The digest of its package, if that could be read.
    pub(crate) digest: Option<Digest>,
    /// The lockfiles that name it, and the line.
    pub(crate) lockfiles: Vec<(PathBuf, u32)>,
}

/// What is being looked at.
pub(crate) fn header(looked: &Looked) -> String {
    let Some(cache) = &looked.cache else { return "nothing: cargo keeps no registry here".to_owned() };
    let ages: Vec<String> =
        looked.ages.iter().enumerate().map(|(at, age)| age_of(at, age, looked.now)).collect();
    let ages = if ages.is_empty() { String::new() } else { format!(" ({})", ages.join(", ")) };
    format!(
        "{} and {} in {} at level {}{ages}",
        text::count(looked.packages, "package"),
        text::count(looked.unpacked, "unpacked folder"),
        text::harmless(&shown(cache)),
        looked.level
    )
}

/// Everything that was found; with a line end where there is anything.
pub(crate) fn findings(looked: &Looked, is_being_removed: bool, shell: &Shell) -> String {
    let mut parts: Vec<String> = looked.bad.iter().map(|bad| block(bad, looked, shell)).collect();
    parts.extend(what_to_do(looked, is_being_removed, shell));
    let is_verbose = shell.verbosity == Verbosity::Verbose;
    if shell.verbosity > Verbosity::Quiet || !looked.bad.is_empty() {
        parts.extend(undecided(looked, is_verbose, shell));
        parts.extend(odd(looked, is_verbose, shell));
        parts.extend(held(looked, is_verbose, shell));
        parts.extend(unknown(looked, is_verbose, shell));
        // What is the reason for something above was told there.
        let is_told = |problem: &&String| looked.undecided.iter().any(|(_, why)| why == *problem);
        let problems = looked.problems.iter().filter(|problem| !is_told(problem));
        parts.extend(problems.map(|problem| line(shell, Ink::Waiting, "warning", problem)));
    }
    if parts.is_empty() { String::new() } else { parts.join("\n") + "\n" }
}

/// The last line.
pub(crate) fn summary(looked: &Looked, outcome: Outcome, shell: &Shell, took: Duration) -> String {
    if shell.verbosity == Verbosity::Quiet && outcome == Outcome::Pass {
        return String::new();
    }
    let (ink, verb) = match outcome {
        Outcome::Pass => (Ink::Good, "Finished"),
        Outcome::Fail => (Ink::Bad, "Finished"),
        Outcome::Undecided => (Ink::Waiting, "Finished"),
    };
    let mut counts = vec![format!("{} sound", looked.sound + looked.held.len())];
    counts.push(format!("{} not to be built from", looked.bad.len()));
    let unknown: usize = looked.unknown.values().sum();
    for (count, what) in [
        (looked.undecided.len(), "undecided"),
        (unknown, "of unknown registries"),
        (looked.odd.len(), "not cargo's"),
    ] {
        if count > 0 {
            counts.push(format!("{count} {what}"));
        }
    }
    if let Some(searched) = looked.searched {
        counts.push(format!("{} searched", text::count(searched, "lockfile")));
    }
    if !looked.removed.is_empty() {
        counts.push(format!("{} removed", looked.removed.len()));
    }
    let seconds = took.as_secs_f64();
    let text = format!("{} in {seconds:.2}s", counts.join(", "));
    format!(
        "{} {}\n",
        shell.colour.paint(ink, &format!("{verb:>12}")),
        text::wrap(&text, 13, 13, shell.width)
    )
}

/// One release that must not be built from there.
fn block(bad: &Bad, looked: &Looked, shell: &Shell) -> String {
    let Bad { place, charges, lockfiles, .. } = bad;
    let colour = shell.colour;
    let code = charges.first().map(|charge| charge.code.to_string()).unwrap_or_default();
    let word = match charges.first().map(|charge| charge.code) {
        Some(ChargeCode::UnpackedChanged) => "changed",
        _ => "blocked",
    };
    let release = place.kept.release.to_string();
    let heading = colour.paint(Ink::Bad, &format!("{word}[{code}]"));
    let mut told = format!("{heading}: {}\n", colour.paint(Ink::Strong, &release));
    let is_release = charges.iter().any(|charge| charge.against == Against::Release);
    for path in place.kept.package.iter().filter(|_| is_release).chain(&place.kept.unpacked) {
        told += &format!("  {} {}\n", colour.paint(Ink::Place, "-->"), inside(path, looked));
    }
    let sign = colour.paint(Ink::Place, "=");
    let mut fact = |text: &str| told += &format!("   {sign} {}\n", text::wrap(text, 5, 9, shell.width));
    for charge in charges {
        fact(&format!("{}: {}", charge.code, charge.sentence));
    }
    let most = if shell.verbosity == Verbosity::Verbose { lockfiles.len() } else { LOCKFILES_TOLD };
    for (file, line) in lockfiles.iter().take(most) {
        fact(&format!("locked by: {}:{line}", text::harmless(&shown(file))));
    }
    if lockfiles.len() > most {
        fact(&format!("locked by: and {} more lockfiles", lockfiles.len() - most));
    }
    if lockfiles.is_empty() && looked.searched.is_some() {
        fact("locked by: none of the lockfiles that were searched");
    }
    told
}

fn what_to_do(looked: &Looked, is_being_removed: bool, shell: &Shell) -> Option<String> {
    if looked.bad.is_empty() {
        return None;
    }
    // A release may be deleted for many reasons; whoever was in the cache, or is called bad, had one.
    let is_hostile = |charge: &Charge| charge.code != ChargeCode::Code(Code::Deleted);
    let was_built = looked.bad.iter().any(|bad| bad.charges.iter().any(is_hostile));
    let mut text = String::new();
    if !is_being_removed {
        text += &help(shell, "take it out of the cache: cargo builds from there without asking anybody");
        text += "      cargo fence check --cache --remove\n";
    }
    if was_built {
        let and = if is_being_removed { "" } else { "and " };
        text += &help(
            shell,
            &format!(
                "{and}treat what built it as compromised: code in it ran while cargo built, and again with the program"
            ),
        );
    }
    if !is_being_removed && looked.searched.is_none() {
        text += &help(shell, "or see first whose lockfiles lead there");
        text += "      cargo fence check --cache --projects ~\n";
    }
    (!text.is_empty()).then_some(text)
}

fn help(shell: &Shell, what: &str) -> String {
    format!("{}: {}\n", shell.colour.paint(Ink::Note, "help"), text::wrap(what, 6, 6, shell.width))
}

fn undecided(looked: &Looked, is_verbose: bool, shell: &Shell) -> Option<String> {
    if looked.undecided.is_empty() {
        return None;
    }
    let what = format!("nobody can tell of {}", text::count(looked.undecided.len(), "release"));
    let mut by_reason: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (place, why) in &looked.undecided {
        by_reason.entry(why).or_default().push(place.kept.release.to_string());
    }
    let all = by_reason.into_iter().map(|(why, releases)| {
        let most = if is_verbose { releases.len() } else { OTHERS_TOLD.min(releases.len()) };
        let more = releases.len() - most;
        let named = releases[..most].join(", ");
        let named = if more > 0 { format!("{named} and {more} more") } else { named };
        format!("{named}: {}", text::harmless(why))
    });
    Some(listed(shell, Ink::Waiting, "warning", &what, all.collect(), is_verbose))
}

fn held(looked: &Looked, is_verbose: bool, shell: &Shell) -> Option<String> {
    if looked.held.is_empty() {
        return None;
    }
    let what =
        format!("the policy would hold {} if it came today", text::count(looked.held.len(), "release"));
    if !is_verbose {
        return Some(line(shell, Ink::Note, "note", &format!("{what} (`--verbose` lists them)")));
    }
    let all = looked.held.iter().map(|(place, why)| format!("{}: {why}", place.kept.release));
    Some(listed(shell, Ink::Note, "note", &what, all.collect(), is_verbose))
}

fn unknown(looked: &Looked, is_verbose: bool, shell: &Shell) -> Option<String> {
    if looked.unknown.is_empty() {
        return None;
    }
    let count: usize = looked.unknown.values().sum();
    let what = format!(
        "{} from registries that cargo's configuration here does not name: only feeds were asked about them",
        if count == 1 { "1 release comes".to_owned() } else { format!("{count} releases come") }
    );
    let all = looked.unknown.iter().map(|(folder, count)| format!("{}: {count}", text::harmless(folder)));
    Some(listed(shell, Ink::Note, "note", &what, all.collect(), is_verbose))
}

fn odd(looked: &Looked, is_verbose: bool, shell: &Shell) -> Option<String> {
    if looked.odd.is_empty() {
        return None;
    }
    let what = "cargo did not put this into its cache, and it was not looked at";
    let all = looked.odd.iter().map(|odd| format!("{}: {}", inside(&odd.path, looked), oddness(&odd.what)));
    Some(listed(shell, Ink::Waiting, "warning", what, all.collect(), is_verbose))
}

/// What is odd, in words.
pub(super) fn oddness(what: &Oddness) -> String {
    match what {
        Oddness::Link => "a link".to_owned(),
        Oddness::Kind => "neither a package nor an unpacked folder".to_owned(),
        Oddness::Name => "not the name of a release".to_owned(),
        Oddness::Unreadable(why) => text::harmless(why),
        Oddness::TooMany(limit) => format!("more than {limit} entries, and the others were not looked at"),
    }
}

/// A line, and a few or all of what it is about.
fn listed(shell: &Shell, ink: Ink, word: &str, what: &str, all: Vec<String>, is_verbose: bool) -> String {
    let mut told = line(shell, ink, word, what);
    let most = if is_verbose { all.len() } else { OTHERS_TOLD };
    for one in all.iter().take(most) {
        told += &format!("      {}\n", text::wrap(one, 6, 8, shell.width));
    }
    if all.len() > most {
        told += &format!("      and {} more (`--verbose` lists them)\n", all.len() - most);
    }
    told
}

fn line(shell: &Shell, ink: Ink, word: &str, what: &str) -> String {
    let label = shell.colour.paint(ink, word);
    format!("{label}: {}\n", text::wrap(what, word.len() + 2, 6, shell.width))
}

/// A path inside the cache, as people write it.
fn inside(path: &Path, looked: &Looked) -> String {
    let below = looked.cache.as_ref().and_then(|cache| path.strip_prefix(cache).ok());
    text::harmless(&below.unwrap_or(path).display().to_string())
}
