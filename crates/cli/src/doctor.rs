//! Does everything that is built here come through the fence?
//!
//! [`look`](look::look) reads what there is to be seen: cargo's configuration, the answer of whoever it leads to, manifests
//! and lockfile, the machine, the policy. It gives [`Seen`], plain values. [`diagnose`] says what they mean: a [`Finding`]
//! for each way around the fence, each thing that keeps it from working, and each thing to know. It reads nothing, so that
//! every finding has a test that is data.

mod look;
mod machine;
mod policy;
mod route;
mod sources;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fence_client::cargo_config::{Located, Setting, Way};
use fence_client::cargo_says::Declared;
use fence_client::gather::Age;
use fence_model::policy::Policy;
use fence_model::{ReleaseId, Span, Time};
use fence_registry::lockfile::Lockfile;
use semver::Version;

use crate::neighbour::Status;
pub(crate) use look::look;

/// How a clock may differ from another one before that is told.
const CLOCK_TOLERANCE: Span = Span::minutes(5);

/// Every code, as docs/doctor.md has them.
const CODES: [&str; 51] = [
    "no-route",
    "not-a-fence",
    "git-index",
    "vendored",
    "local-registry",
    "downloads-elsewhere",
    "http-proxy",
    "fence-silent",
    "fence-denied",
    "index-unread",
    "not-asked",
    "config-unreadable",
    "other-policy",
    "policy-not-in-force",
    "fence-feed",
    "project-only",
    "plain-http",
    "alias",
    "cargo-home",
    "environment",
    "shadowed-config",
    "offline",
    "git-dependency",
    "other-registry",
    "unknown-source",
    "patch",
    "replace",
    "path-outside",
    "no-lockfile",
    "manifest-unreadable",
    "old-cargo",
    "cargo-unknown",
    "unreadable",
    "clock-off",
    "journal-ahead",
    "warm-cache",
    "policy-invalid",
    "undecided",
    "no-baseline",
    "no-policy",
    "feed-stale",
    "feed-absent",
    "feed-invalid",
    "feed-problems",
    "no-audits",
    "no-reviewers",
    "no-way-out",
    "refused",
    "exception-ended",
    "exception-ends",
    "times-untold",
];

/// What there is to be seen.
pub(crate) struct Seen {
    /// The moment asked about.
    pub(crate) now: Time,
    /// Where, and by whose policy.
    pub(crate) project: ProjectSeen,
    /// How cargo comes from crates.io to what answers for it; what is wrong with its configuration otherwise.
    pub(crate) route: Result<Way, Wrong>,
    /// What answers there.
    pub(crate) answer: Answer,
    /// What else cargo's configuration says.
    pub(crate) config: ConfigSeen,
    /// What the manifests take from elsewhere, and what of them could not be read.
    pub(crate) declared: (Vec<Declared>, Vec<String>),
    /// The lockfile, and what is locked there from where; none where there is none.
    pub(crate) lockfile: Option<(PathBuf, Lockfile)>,
    /// This machine.
    pub(crate) machine: MachineSeen,
    /// What the policy comes to here; none where it cannot be read or nothing is locked.
    pub(crate) judged: Option<Result<JudgedSeen, Wrong>>,
}

/// What is wrong with something, in words, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Wrong {
    pub(crate) what: String,
    pub(crate) hints: Vec<String>,
}

/// The project.
pub(crate) struct ProjectSeen {
    /// Where `fence.toml` is, or would be.
    pub(crate) policy_file: PathBuf,
    pub(crate) has_policy: bool,
    pub(crate) has_baseline: bool,
    /// The policy, or what is wrong with it.
    pub(crate) policy: Result<Policy, Wrong>,
    /// The lines of its exceptions in the file, in their order.
    pub(crate) exception_lines: Vec<Option<usize>>,
}

/// What answers for crates.io.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Nobody was asked: why.
    NotAsked(&'static str),
    /// It did not answer.
    Silent(Wrong),
    /// It wants a token, or another one.
    Denied(Wrong),
    /// It answered.
    Answered(Box<Answered>),
}

/// What somebody said who answers for crates.io.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Answered {
    /// Where it says that packages are; none where it has no `config.json`.
    pub(crate) downloads: Option<String>,
    /// The crate whose index file was asked for, and how many releases that has, or why it could not be had.
    pub(crate) index: Option<(String, Result<Option<usize>, String>)>,
    /// What it says of itself as a fence; none where it is no fence.
    pub(crate) fence: Option<Status>,
    /// What time it was there, and here.
    pub(crate) clock: Option<(Time, Time)>,
}

/// What else cargo's configuration says.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConfigSeen {
    /// Files that cargo does not read because of another beside them.
    pub(crate) shadowed: Vec<(PathBuf, PathBuf)>,
    /// `registries.crates-io.protocol`.
    pub(crate) protocol: Option<Setting>,
    /// `[registries]` but for crates.io: the name, the address, where that stands.
    pub(crate) registries: Vec<(String, String, Located)>,
    /// Variables that say where a registry is, and others that matter, by name.
    pub(crate) variables: BTreeMap<String, String>,
    /// `[alias]`.
    pub(crate) aliases: Vec<Setting>,
    /// `[patch]` and `paths`.
    pub(crate) overrides: Vec<Setting>,
    /// Whether cargo is told to stay offline, and where.
    pub(crate) offline: Option<Located>,
    /// The proxy that requests over plain HTTP would take, where it comes from, and the hosts that are asked without one.
    pub(crate) proxy: Option<(String, String, Option<String>)>,
    /// Where `CARGO_HOME` leads, if it is set to another folder than the usual one.
    pub(crate) moved_home: Option<PathBuf>,
    /// Whether the usual home's configuration replaces crates.io, which then does not count.
    pub(crate) replaced_in_usual_home: Option<Located>,
}

/// This machine.
#[derive(Debug, Clone, Default)]
pub(crate) struct MachineSeen {
    /// The version of cargo, or why it does not tell.
    pub(crate) cargo: Option<Result<Version, String>>,
    /// Packages in cargo's cache that came from crates.io itself.
    pub(crate) past: usize,
    /// The journals of this machine's fences whose last line is in the future.
    pub(crate) journals_ahead: Vec<(PathBuf, Time)>,
    /// Journals and caches that could not be read.
    pub(crate) unreadable: Vec<String>,
}

/// What the policy comes to.
#[derive(Debug, Clone, Default)]
pub(crate) struct JudgedSeen {
    /// How old everything is that it was judged by.
    pub(crate) ages: Vec<Age>,
    /// What went wrong while it was read.
    pub(crate) problems: Vec<String>,
    /// Locked releases that only an exception would admit, with the line of the lockfile.
    pub(crate) no_way_out: Vec<(ReleaseId, u32)>,
    /// Locked releases that are held or blocked.
    pub(crate) refused: usize,
    /// Registries of the lockfile whose publish times are not believed, so that age says nothing: their addresses.
    pub(crate) times_untold: Vec<String>,
}

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Gravity {
    /// Something reaches a build past the fence: exit code 1.
    Open,
    /// The fence, or what should tell about it, does not work: exit code 2.
    Broken,
    /// It may become one of both, or weakens the fence.
    Warning,
    /// Something to know.
    Note,
}

impl Gravity {
    /// The word that outputs use.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Broken => "broken",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Its stable name.
    pub(crate) code: &'static str,
    pub(crate) gravity: Gravity,
    /// What it is, in a sentence.
    pub(crate) what: String,
    /// Where it stands.
    pub(crate) places: Vec<Spot>,
    /// What more is known, a line each.
    pub(crate) because: Vec<String>,
    /// What to do, the best first.
    pub(crate) fixes: Vec<Fix>,
}

/// A place that a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Spot {
    /// A file, and a line where that can be told.
    File(PathBuf, Option<usize>),
    /// An environment variable.
    Variable(String),
}

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fix {
    /// What.
    pub(crate) what: String,
    /// Commands to run or lines to write, as they are; may be none.
    pub(crate) lines: Vec<String>,
}

/// Everything that is to be said about what was seen, the gravest first, in the order of the chapters.
pub(crate) fn diagnose(seen: &Seen) -> Vec<Finding> {
    let mut findings = route::findings(seen);
    findings.extend(sources::findings(seen));
    findings.extend(machine::findings(seen));
    findings.extend(policy::findings(seen));
    findings.sort_by_key(|finding| finding.gravity);
    findings
}

/// What comes of a feed's silence.
const fn while_silent(is_audits: bool) -> &'static str {
    if is_audits { "new audits in it do not count" } else { "what is young does not get older" }
}

/// `text` where it is one plain word of a command; else `instead`, for a person to fill in. Nobody who writes a
/// configuration file gets to write what somebody else copies into a shell.
fn word<'a>(text: &'a str, instead: &'a str) -> &'a str {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/[]@+".contains(c);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(is_plain) { text } else { instead }
}

impl Finding {
    fn new(code: &'static str, gravity: Gravity, what: impl Into<String>) -> Self {
        debug_assert!(CODES.contains(&code), "docs/doctor.md does not have {code}");
        Self { code, gravity, what: what.into(), places: Vec::new(), because: Vec::new(), fixes: Vec::new() }
    }

    fn at(mut self, spot: impl Into<Spot>) -> Self {
        self.places.push(spot.into());
        self
    }

    fn in_file(self, file: &Path, line: Option<usize>) -> Self {
        self.at(Spot::File(file.to_owned(), line))
    }

    fn because(mut self, line: impl Into<String>) -> Self {
        self.because.push(line.into());
        self
    }

    fn fix(mut self, what: impl Into<String>, lines: &[&str]) -> Self {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        self.fixes.push(Fix { what: what.into(), lines });
        self
    }

    /// What somebody else found wrong, with what he says is to be done.
    fn wrong(self, wrong: &Wrong) -> Self {
        let told = self.because(wrong.what.clone());
        wrong.hints.iter().fold(told, |finding, hint| finding.fix(hint.clone(), &[]))
    }
}

impl From<&Located> for Spot {
    fn from(located: &Located) -> Self {
        match located {
            Located::File(file, line) => Self::File(file.clone(), *line),
            Located::Variable(name) => Self::Variable(name.clone()),
        }
    }
}
