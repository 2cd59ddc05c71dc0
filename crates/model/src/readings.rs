//! Readings: what a scanner found when it read a release beside its base.
//!
//! A reading is bound to the bytes of both, so it stays true whatever becomes of the index, and whoever has it can hand it
//! on. The judgement asks for the one that compares a release with the base that it found itself; a reading beside any
//! other release says nothing.
//!
//! Who did not look ([`Readings::NOT_ASKED`]) is told so: the codes that rest on readings are then unknown. Who looks, and
//! lacks a reading, has a release that nobody read (`unscanned`): it waits for the ceiling.

use std::collections::BTreeMap;

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::names::{Digest, ReleaseId};

/// The bytes that a reading is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pair {
    /// The release that is judged.
    pub release: Digest,
    /// The release that it is compared with; none where it was read alone.
    pub base: Option<Digest>,
}

/// What was found about a pair.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Reading {
    /// Capabilities that the base nowhere has, and that a reviewer must have seen come: `net`, `process`.
    pub capabilities: Vec<String>,
    /// What became of the code that runs where dependents are built.
    pub build_code: BuildCode,
    /// Findings at medium or above, the gravest first.
    pub findings: Vec<Finding>,
    /// Whether all that is built is the same, but for the version.
    pub unchanged: bool,
    /// The better-known crates that it is a copy of by its code, and its base is not, the most alike first.
    #[serde(default)]
    pub copied: Vec<Copied>,
    /// Where it can panic and its base could not: said, and never judged.
    #[serde(default)]
    pub panics: NewPanics,
    /// Whether the scanner did not come to an end, so that another try may tell more.
    #[serde(default)]
    pub incomplete: bool,
}

impl Reading {
    /// Whether any of it speaks against the release.
    pub fn speaks_against(&self) -> bool {
        self.asks() || !self.findings.is_empty()
    }

    /// Whether any of it asks for a reviewer, at the level medium.
    pub fn asks(&self) -> bool {
        !self.capabilities.is_empty()
            || self.build_code != BuildCode::AsBefore
            || self.findings.iter().any(Finding::is_grave)
            || !self.copied.is_empty()
    }
}

/// A better-known crate of which a release is a copy, by its code.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Copied {
    /// The crate.
    pub name: String,
    /// The release of it that was compared.
    pub version: String,
    /// How much of that release's code is here too, in percent.
    pub of_known: u8,
    /// How much of the code here is that release's, in percent.
    pub of_new: u8,
}

/// Places where a release can panic and its base could not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct NewPanics {
    /// How many.
    pub places: u64,
    /// In how many of them a value comes from what looks like input.
    pub from_input: u64,
}

/// What became of the code that runs where dependents are built: build scripts and procedural macros.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BuildCode {
    /// Nothing that asks for a reviewer.
    #[default]
    AsBefore,
    /// The base has none.
    New,
    /// Something in it that acts on more than the build is new or changed: these functions, with their files.
    Acts(Vec<String>),
}

/// A finding of a scanner.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Finding {
    /// The scanner's name for it: `fetch-and-run`.
    pub code: String,
    /// How grave it calls it: `medium` or `high`.
    pub severity: String,
    /// Where, within the package: `build.rs:12`, or a file alone; empty for the package as a whole.
    pub place: String,
}

impl Finding {
    /// Whether it asks for a reviewer by itself. What a scanner calls otherwise than `medium`, this fence takes for grave.
    pub fn is_grave(&self) -> bool {
        self.severity != "medium"
    }
}

/// What came of looking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    /// It was read.
    Read(Reading),
    /// It could not be, for this reason.
    InVain(String),
}

/// The readings at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readings {
    is_asked: bool,
    of: BTreeMap<Pair, Looked>,
    /// By release alone: what a replay supposes.
    supposed: BTreeMap<Digest, Looked>,
}

impl Readings {
    /// Of who does not look into packages.
    pub const NOT_ASKED: Self = Self { is_asked: false, of: BTreeMap::new(), supposed: BTreeMap::new() };

    /// Of who does, and has nothing yet.
    pub const NONE_YET: Self = Self { is_asked: true, of: BTreeMap::new(), supposed: BTreeMap::new() };

    /// Of who does, and has these.
    pub fn of_these(read: impl IntoIterator<Item = (Pair, Reading)>) -> Self {
        let of = read.into_iter().map(|(pair, reading)| (pair, Looked::Read(reading))).collect();
        Self { is_asked: true, of, supposed: BTreeMap::new() }
    }

    /// Whether packages are looked into.
    pub fn is_asked(&self) -> bool {
        self.is_asked
    }

    /// Adds what came of looking at a pair. What was read to its end is never taken back by a later try in vain.
    pub fn add(&mut self, pair: Pair, looked: Looked) {
        let is_whole = |looked: &Looked| matches!(looked, Looked::Read(reading) if !reading.incomplete);
        if !self.of.get(&pair).is_some_and(is_whole) || is_whole(&looked) {
            self.of.insert(pair, looked);
        }
    }

    /// Supposes what would come of looking at a release beside whatever base, where nobody looked: a replay draws it by
    /// rates that were measured.
    pub fn suppose(&mut self, release: Digest, looked: Looked) {
        self.supposed.insert(release, looked);
    }

    /// Those of these releases alone.
    pub(crate) fn among(&self, releases: impl IntoIterator<Item = Digest>) -> Self {
        if self.of.is_empty() {
            return self.clone();
        }
        let of_one = |release: Digest| {
            let lowest = Pair { release, base: None };
            self.of.range(lowest..).take_while(move |(pair, _)| pair.release == release)
        };
        let of =
            releases.into_iter().flat_map(of_one).map(|(pair, looked)| (*pair, looked.clone())).collect();
        Self { is_asked: self.is_asked, of, supposed: self.supposed.clone() }
    }

    /// What came of looking at a pair; none where nobody tried.
    pub fn of(&self, pair: Pair) -> Option<&Looked> {
        self.of.get(&pair).or_else(|| self.supposed.get(&pair.release))
    }

    /// Whether a release was looked at, beside whatever other.
    pub fn has(&self, release: Digest) -> bool {
        let lowest = Pair { release, base: None };
        let is_read = self.of.range(lowest..).next().is_some_and(|(pair, _)| pair.release == release);
        is_read || self.supposed.contains_key(&release)
    }
}

/// A release that nobody looked at yet, with the base that it is to be read beside: what was found there might change
/// its decision.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unread {
    /// The release.
    pub release: ReleaseId,
    /// The version of its base, where it has one.
    pub base: Option<Version>,
    /// The bytes of both.
    pub pair: Pair,
}

impl Unread {
    /// The base and its bytes, where there is one.
    pub fn base_release(&self) -> Option<(ReleaseId, Digest)> {
        let (version, digest) = self.base.clone().zip(self.pair.base)?;
        Some((ReleaseId { name: self.release.name.clone(), version }, digest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_not_taken_back() {
        let pair = Pair { release: Digest([1; 32]), base: Some(Digest([0; 32])) };
        let mut readings = Readings::NONE_YET;
        assert!(!readings.has(pair.release) && readings.of(pair).is_none());
        readings.add(pair, Looked::InVain("no network".into()));
        readings.add(pair, Looked::Read(Reading::default()));
        readings.add(pair, Looked::InVain("no network".into()));
        assert_eq!(readings.of(pair), Some(&Looked::Read(Reading::default())));
        assert!(readings.has(pair.release) && !readings.has(Digest([0; 32])));
    }

    #[test]
    fn what_was_read_goes_before_what_is_supposed() {
        let pair = Pair { release: Digest([1; 32]), base: Some(Digest([0; 32])) };
        let mut readings = Readings::NONE_YET;
        readings.suppose(pair.release, Looked::Read(Reading { unchanged: true, ..Reading::default() }));
        assert!(readings.has(pair.release) && readings.of(Pair { base: None, ..pair }).is_some());
        readings.add(pair, Looked::Read(Reading::default()));
        assert_eq!(readings.of(pair), Some(&Looked::Read(Reading::default())));
    }
}
