//! What history holds: every fact with the moment at which it became known.
//!
//! A [`History`] is told release by release ([`History::tell`] and its neighbours), then compiled once into
//! [`Compiled`], which all policies share. [`Compiled::facts_at`] gives the facts of a crate as they were known at a moment,
//! with nothing later in them.
//!
//! Some facts have no moment. Yank flags are those of the day on which the index was read, so there are none here. Audits of
//! cargo-vet are not dated; see [`AuditsCount`]. Publishers are known of some releases only.

mod compiled;
mod names;

use std::collections::BTreeMap;

use fence_evidence::advisories::AdvisoryRecord;
use fence_model::facts::DependencyKind;
use fence_model::{CrateName, Digest, Span, Time};
use semver::Version;

pub(crate) use compiled::audit_by;
pub use compiled::{Compiled, ReleaseNumber, Requirement, years};

/// All that was told.
#[derive(Debug, Default)]
pub struct History {
    texts: Texts,
    crates: BTreeMap<CrateName, CrateHistory>,
    lists: BTreeMap<Vec<Needed>, u32>,
    /// When crates were born of which no release is told.
    births: BTreeMap<CrateName, Time>,
    /// The changes of lockfiles, in the order in which they were told.
    pub changes: Vec<Change>,
    /// What had to be left out, and how often.
    pub left_out: BTreeMap<&'static str, usize>,
}

/// What became known of a crate.
#[derive(Debug, Default)]
struct CrateHistory {
    releases: Vec<Told>,
    advisories: Vec<AdvisoryRecord>,
    audits: Vec<AuditTold>,
    windows: Vec<WindowTold>,
}

/// A release, as told.
#[derive(Debug)]
struct Told {
    version: Version,
    digest: Digest,
    published: Time,
    needs: u32,
    publisher: Option<By>,
}

/// A dependency, its texts by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Needed {
    package: u32,
    requirement: u32,
    kind: DependencyKind,
    optional: bool,
}

/// Who published, the CI's name by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    User(u64),
    Ci(u32),
}

/// An audit record, its texts by number.
#[derive(Debug)]
struct AuditTold {
    origin: u32,
    from: Option<Version>,
    to: Version,
}

/// A window of trust.
#[derive(Debug)]
struct WindowTold {
    by: By,
    start: Time,
    end: Time,
}

/// A dependency, as it is told.
#[derive(Debug, Clone, Copy)]
pub struct Dependency<'t> {
    /// The package's real name.
    pub package: &'t str,
    /// The requirement, as the index spells it.
    pub requirement: &'t str,
    /// For what it is needed.
    pub kind: DependencyKind,
    /// Whether a feature switches it on.
    pub optional: bool,
}

/// A release, as it is told.
#[derive(Debug, Clone)]
pub struct Release<'t> {
    /// Its version.
    pub version: Version,
    /// Its bytes.
    pub digest: Digest,
    /// When it was published.
    pub published: Time,
    /// What it depends on.
    pub dependencies: Vec<Dependency<'t>>,
}

/// Who published a release or is trusted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Publisher<'t> {
    /// An account, by its number.
    User(u64),
    /// A repository's CI.
    Ci(&'t str),
}

/// A change of one package in a project's lockfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The project.
    pub project: String,
    /// When it was committed.
    pub at: Time,
    /// Who did it: `human`, `renovate`, `dependabot`, `other-bot`.
    pub actor: String,
    /// The crate.
    pub name: CrateName,
    /// The version before; none where the crate is new in the lockfile.
    pub old: Option<Version>,
    /// The version after.
    pub new: Version,
}

/// Whether audits count, of which nobody tells when they became known. Two bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AuditsCount {
    /// Never: the unfavourable bound.
    #[default]
    Never,
    /// So long after the release that they lead to was published: the favourable bound, since all are taken to come in time.
    After(Span),
}

/// Texts by number; each is kept once.
#[derive(Debug, Default)]
struct Texts {
    all: Vec<Box<str>>,
    numbers: BTreeMap<Box<str>, u32>,
}

impl Texts {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.all.len() as u32;
        self.all.push(text.into());
        self.numbers.insert(text.into(), number);
        number
    }

    fn of(&self, number: u32) -> &str {
        &self.all[number as usize]
    }
}

impl History {
    /// Tells of a release. Of two of one version the first counts; an index has one.
    pub fn tell(&mut self, of: &CrateName, release: Release<'_>) {
        let texts = &mut self.texts;
        let needs: Vec<Needed> = release
            .dependencies
            .iter()
            .map(|dependency| Needed {
                package: texts.number(dependency.package),
                requirement: texts.number(dependency.requirement),
                kind: dependency.kind,
                optional: dependency.optional,
            })
            .collect();
        let next = self.lists.len() as u32;
        let needs = *self.lists.entry(needs).or_insert(next);
        let Release { version, digest, published, .. } = release;
        let told = Told { version, digest, published, needs, publisher: None };
        self.crates.entry(of.clone()).or_default().releases.push(told);
    }

    /// Tells when the first release of a crate was published, of which no release is told.
    pub fn born(&mut self, of: CrateName, at: Time) {
        self.births.insert(of, at);
    }

    /// Tells what an advisory says, known since `record.known`.
    pub fn advise(&mut self, record: AdvisoryRecord) {
        self.crates.entry(record.package.clone()).or_default().advisories.push(record);
    }

    /// Tells who published a release.
    pub fn published_by(&mut self, of: &CrateName, version: &Version, by: Publisher<'_>) {
        let by = self.by(by);
        let releases = self.crates.get_mut(of).map(|krate| &mut krate.releases);
        match releases.and_then(|releases| releases.iter_mut().find(|told| told.version == *version)) {
            Some(told) => told.publisher = Some(by),
            None => self.leave_out("publishers of releases that the index does not show"),
        }
    }

    /// Tells of an audit that leads to a release, from another where it is a delta.
    pub fn audited(&mut self, of: &CrateName, origin: &str, from: Option<Version>, to: Version) {
        let origin = self.texts.number(origin);
        self.crates.entry(of.clone()).or_default().audits.push(AuditTold { origin, from, to });
    }

    /// Tells of a window of trust in a publisher.
    pub fn trusted(&mut self, of: &CrateName, by: Publisher<'_>, start: Time, end: Time) {
        let by = self.by(by);
        self.crates.entry(of.clone()).or_default().windows.push(WindowTold { by, start, end });
    }

    /// Whether anything was told of a crate.
    pub fn has(&self, of: &CrateName) -> bool {
        self.crates.contains_key(of)
    }

    /// Counts something that had to be left out.
    pub fn leave_out(&mut self, what: &'static str) {
        *self.left_out.entry(what).or_default() += 1;
    }

    fn by(&mut self, publisher: Publisher<'_>) -> By {
        match publisher {
            Publisher::User(id) => By::User(id),
            Publisher::Ci(name) => By::Ci(self.texts.number(name)),
        }
    }
}
