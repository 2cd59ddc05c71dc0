//! The journal: what a fence saw of a registry, and when.
//!
//! A registry tells what is, never what was. A fence that reads index files again and again knows more, if it
//! writes down what it saw: since when a release has been in the open, when it was yanked, that it is gone.
//!
//! A journal is a text file of JSON lines, one for each intact read of one crate's index file, holding what
//! changed since the read before:
//!
//! ```text
//! {"at":"2026-08-20T07:16:00Z","crate":"arrayref","seen":[{"version":"0.3.10","cksum":"a2…","yanked":false,"published":"2026-08-20T07:15:00Z"}],"yanked":["0.3.9"]}
//! {"at":"2026-08-20T08:46:00Z","crate":"arrayref","unyanked":["0.3.9"],"gone":["0.3.10"]}
//! {"at":"2026-08-20T08:51:00Z","crate":"arrayref"}
//! ```
//!
//! Empty lists are left out. A line without lists is a read that changed nothing, and says a lot: what it did not
//! show was not there. A read that failed, or gave a part of a file, has no line.
//!
//! [`Observation::between`] makes a line from what two reads showed and its `Display` writes it; [`Journal::parse`]
//! reads all lines; [`Journal::memory`] folds those of one crate, up to a moment, into what the judgement takes.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;

use fence_model::facts::{Gone, Sighting, Yank};
use fence_model::{CrateName, Digest, Span, Time};
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::error::without_place;
use crate::{ChangeFault, Error, IndexFile, Limits};

/// A release that comes back before it was missing for as long, in two reads, was never away: mirrors lag behind
/// each other. It is the time after which a missing release counts as deleted, too.
const BLINK: Span = Span::minutes(5);

/// What one read of a crate's index file showed that the read before had not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observation {
    /// When the file was read.
    pub at: Time,
    /// The crate whose file it is.
    #[serde(rename = "crate")]
    pub name: CrateName,
    /// Releases that were not there, or not with this digest and publish time. Of a version that is in the file
    /// twice, all lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<Seen>,
    /// Releases that were there and not yanked, and are yanked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub yanked: Vec<Version>,
    /// Releases that were yanked, and no longer are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unyanked: Vec<Version>,
    /// Releases that were there, and no longer are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<Version>,
}

/// A release as one read showed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// The version.
    pub version: Version,
    /// The digest that its line names.
    #[serde(rename = "cksum")]
    pub digest: Digest,
    /// Whether it was yanked.
    pub yanked: bool,
    /// When the registry said that it was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<Time>,
}

/// All that one read of a crate's index file showed, by version.
///
/// Where a file has a version twice, the lines with different digests are all kept, in the file's order, and they
/// count as yanked only if all of them are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown(BTreeMap<Version, Vec<Seen>>);

impl Shown {
    /// What a read showed; an empty one where the registry said that it has no such crate.
    pub fn of(file: &IndexFile<'_>) -> Self {
        file.releases
            .iter()
            .map(|line| Seen {
                version: line.version.clone(),
                digest: line.digest,
                yanked: line.yanked,
                published: line.published,
            })
            .collect()
    }
}

impl Shown {
    /// The versions that it showed, lowest first.
    pub fn versions(&self) -> impl Iterator<Item = &Version> {
        self.0.keys()
    }
}

impl FromIterator<Seen> for Shown {
    fn from_iter<I: IntoIterator<Item = Seen>>(lines: I) -> Self {
        let mut shown = Self::default();
        for seen in lines {
            let same_version = shown.0.entry(seen.version.clone()).or_default();
            if !same_version.iter().any(|other| other.digest == seen.digest) {
                same_version.push(seen);
            }
        }
        for same_version in shown.0.values_mut() {
            let yanked = all_yanked(same_version);
            same_version.iter_mut().for_each(|seen| seen.yanked = yanked);
        }
        shown
    }
}

impl Observation {
    /// What changed from `previous` to `next`, which was read at `at`. For the first read of a crate, `previous`
    /// is [`Shown::default`].
    pub fn between(name: CrateName, at: Time, previous: &Shown, next: &Shown) -> Self {
        let mut change = Self::unchanged(name, at);
        for (version, lines) in &next.0 {
            let before = previous.0.get(version).map_or(&[][..], Vec::as_slice);
            let same = |(a, b): (&Seen, &Seen)| a.digest == b.digest && a.published == b.published;
            if before.len() != lines.len() || !before.iter().zip(lines).all(same) {
                change.seen.extend(lines.iter().cloned());
            } else {
                match (all_yanked(before), all_yanked(lines)) {
                    (false, true) => change.yanked.push(version.clone()),
                    (true, false) => change.unyanked.push(version.clone()),
                    (true, true) | (false, false) => {}
                }
            }
        }
        change.gone.extend(previous.0.keys().filter(|version| !next.0.contains_key(version)).cloned());
        change
    }

    /// A read that showed what the read before had shown.
    pub fn unchanged(name: CrateName, at: Time) -> Self {
        Self { at, name, seen: Vec::new(), yanked: Vec::new(), unyanked: Vec::new(), gone: Vec::new() }
    }

    /// Whether the read showed what the read before had shown.
    pub fn is_unchanged(&self) -> bool {
        self.seen.is_empty() && self.yanked.is_empty() && self.unyanked.is_empty() && self.gone.is_empty()
    }

    /// Turns what the read before had shown into what this one showed.
    fn apply(&self, shown: &mut Shown) -> Result<(), (Version, ChangeFault)> {
        for version in &self.gone {
            shown.0.remove(version).ok_or_else(|| (version.clone(), ChangeFault::NeverSeen))?;
        }
        for (versions, yanked, fault) in [
            (&self.yanked, true, ChangeFault::AlreadyYanked),
            (&self.unyanked, false, ChangeFault::NotYanked),
        ] {
            for version in versions {
                let lines =
                    shown.0.get_mut(version).ok_or_else(|| (version.clone(), ChangeFault::NeverSeen))?;
                if all_yanked(lines) == yanked {
                    return Err((version.clone(), fault));
                }
                lines.iter_mut().for_each(|seen| seen.yanked = yanked);
            }
        }
        // The lines of a version that is seen anew take the place of those that it had.
        for seen in &self.seen {
            shown.0.remove(&seen.version);
        }
        for seen in &self.seen {
            shown.0.entry(seen.version.clone()).or_default().push(seen.clone());
        }
        Ok(())
    }
}

impl fmt::Display for Observation {
    /// The line of the journal, without its end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

/// All reads that were written down, by crate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Journal {
    crates: BTreeMap<CrateName, Reads>,
    lines: u32,
}

/// The reads of one crate.
///
/// They are kept as they are written, since a registry has many releases and few of its crates are asked about at a
/// time: as values they take ten times the room.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Reads {
    /// Lines with their ends, in order.
    text: String,
    /// The last of them.
    latest: Latest,
}

/// What has to be known of a last line without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Latest {
    at: Time,
    is_unchanged: bool,
    /// Where it begins.
    start: usize,
}

impl Default for Latest {
    /// Of no line at all.
    fn default() -> Self {
        Self { at: Time::EARLIEST, is_unchanged: false, start: 0 }
    }
}

impl Reads {
    fn observations(&self) -> impl Iterator<Item = Observation> {
        // Each was understood, or made here, before it was kept.
        self.text.lines().filter_map(|line| serde_json::from_str(line).ok())
    }

    /// Adds a line.
    fn push(&mut self, observation: &Observation) {
        let (at, start) = (observation.at, self.text.len());
        self.latest = Latest { at, is_unchanged: observation.is_unchanged(), start };
        // Writing to a string does not fail.
        let _ = writeln!(self.text, "{observation}");
        self.text.shrink_to_fit();
    }

    /// What the last of them showed.
    fn shown(&self) -> Shown {
        let mut shown = Shown::default();
        for observation in self.observations() {
            // Each was found to follow on those before it.
            let _ = observation.apply(&mut shown);
        }
        shown
    }
}

/// A last line that was not written to its end: the writer lost power, or is still at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Torn {
    /// The 1-based line.
    pub line: u32,
    /// The bytes before it: cut to this length, the file is whole again.
    pub offset: usize,
}

impl Journal {
    /// Reads a journal. A last line without its end is dropped and told.
    ///
    /// # Errors
    /// The `Journal…` variants of [`Error`], each with the line, and [`Error::TooLarge`]. A line that does not
    /// follow on those before it is an error: a journal from which something was cut would forget what speaks
    /// against a release.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<(Self, Option<Torn>), Error> {
        if bytes.len() > limits.journal_bytes {
            return Err(Error::TooLarge { what: "journal", bytes: bytes.len(), limit: limits.journal_bytes });
        }
        let mut by_crate: BTreeMap<CrateName, Vec<(u32, &[u8])>> = BTreeMap::new();
        let mut rest = bytes;
        let mut lines = 0;
        let mut wrong: Option<(u32, Error)> = None;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            lines += 1;
            let (line, text) = (lines, &rest[..end]);
            if end > limits.journal_line_bytes {
                let limit = limits.journal_line_bytes;
                wrong = Some((line, Error::JournalLineTooLong { line, bytes: end, limit }));
                break;
            }
            match serde_json::from_slice::<Named>(text) {
                Ok(Named { name }) => by_crate.entry(name).or_default().push((line, text)),
                Err(_) => {
                    wrong = observation(line, text).err().map(|error| (line, error));
                    break;
                }
            }
            rest = &rest[end + 1..];
        }
        // Crate by crate, so that only what one of them showed is in memory at a time.
        let mut journal = Self { crates: BTreeMap::new(), lines };
        for (name, lines) in by_crate {
            match reads(&lines) {
                Ok(reads) => drop(journal.crates.insert(name, reads)),
                // The first line that is wrong is the one to tell of.
                Err(found) => wrong = Some(wrong.filter(|(line, _)| *line < found.0).unwrap_or(found)),
            }
        }
        if let Some((_, error)) = wrong {
            return Err(error);
        }
        let torn = Torn { line: lines + 1, offset: bytes.len() - rest.len() };
        Ok((journal, (!rest.is_empty()).then_some(torn)))
    }

    /// Adds a read, as the next line.
    ///
    /// # Errors
    /// [`Error::JournalOrder`] if it lies before the latest read of its crate, [`Error::JournalChange`] if it
    /// does not follow on what that showed. The journal is then what it was.
    pub fn record(&mut self, observation: Observation) -> Result<(), Error> {
        let line = self.lines + 1;
        let reads = self.crates.get(&observation.name);
        comes_after(&observation, reads.map(|reads| reads.latest.at), line)?;
        if !observation.is_unchanged() {
            let mut shown = reads.map(Reads::shown).unwrap_or_default();
            follows(&observation, &mut shown, line)?;
        }
        self.crates.entry(observation.name.clone()).or_default().push(&observation);
        self.lines = line;
        Ok(())
    }

    /// What the latest read of a crate showed: the `previous` of the next [`Observation::between`].
    pub fn shown(&self, name: &CrateName) -> Shown {
        self.crates.get(name).map(Reads::shown).unwrap_or_default()
    }

    /// When a crate was read last.
    pub fn latest_of(&self, name: &CrateName) -> Option<Time> {
        Some(self.crates.get(name)?.latest.at)
    }

    /// What all reads of a crate up to `until`, that moment included, say together.
    pub fn memory(&self, name: &CrateName, until: Time) -> Memory {
        let mut lives = Lives::default();
        for observation in self.crates.get(name).into_iter().flat_map(Reads::observations) {
            if observation.at <= until {
                lives.observe(&observation);
            }
        }
        lives.memory()
    }

    /// How many reads it has.
    pub fn lines(&self) -> usize {
        usize::try_from(self.lines).unwrap_or(usize::MAX)
    }

    /// The crates that were read, by name.
    pub fn crates(&self) -> impl Iterator<Item = &CrateName> {
        self.crates.keys()
    }

    /// The latest time that is written down, of any crate: a clock that shows less is wrong.
    pub fn latest(&self) -> Option<Time> {
        self.crates.values().map(|reads| reads.latest.at).max()
    }

    /// The journal without the reads that a later one made worthless: of several in a row that changed nothing
    /// only the last is kept. [`Self::memory`] of any moment after the last read stays the same.
    pub fn compacted(&self) -> Self {
        let mut journal = Self::default();
        for (name, reads) in &self.crates {
            for observation in reads.observations() {
                let kept = journal.crates.entry(name.clone()).or_default();
                if kept.latest.is_unchanged && observation.is_unchanged() {
                    kept.text.truncate(kept.latest.start);
                    journal.lines -= 1;
                }
                kept.push(&observation);
                journal.lines += 1;
            }
        }
        journal
    }
}

/// The crate that a line is about.
#[derive(Deserialize)]
struct Named {
    #[serde(rename = "crate")]
    name: CrateName,
}

fn observation(line: u32, text: &[u8]) -> Result<Observation, Error> {
    serde_json::from_slice(text).map_err(|error| Error::JournalSyntax {
        line,
        column: error.column(),
        why: without_place(&error),
    })
}

/// The reads of one crate, from its lines; or the first that is wrong.
fn reads(lines: &[(u32, &[u8])]) -> Result<Reads, (u32, Error)> {
    let mut shown = Shown::default();
    let mut reads = Reads::default();
    for (line, text) in lines {
        let wrong = |error| (*line, error);
        let observation = observation(*line, text).map_err(wrong)?;
        let latest = (!reads.text.is_empty()).then_some(reads.latest.at);
        comes_after(&observation, latest, *line).map_err(wrong)?;
        follows(&observation, &mut shown, *line).map_err(wrong)?;
        reads.push(&observation);
    }
    Ok(reads)
}

/// Whether a read lies where its line does.
fn comes_after(observation: &Observation, latest: Option<Time>, line: u32) -> Result<(), Error> {
    match latest {
        Some(earlier) if earlier > observation.at => {
            let (name, at) = (observation.name.clone(), observation.at);
            Err(Error::JournalOrder { line, name, at, earlier })
        }
        _ => Ok(()),
    }
}

/// Turns what the read before had shown into what this one showed, if it follows on it.
fn follows(observation: &Observation, shown: &mut Shown, line: u32) -> Result<(), Error> {
    observation.apply(shown).map_err(|(version, fault)| Error::JournalChange {
        line,
        name: observation.name.clone(),
        version,
        fault,
    })
}

impl fmt::Display for Journal {
    /// All lines with their ends, crate by crate.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.crates.values().try_for_each(|reads| f.write_str(&reads.text))
    }
}

/// What a journal knows of one crate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memory {
    /// The releases that the latest read showed.
    pub sightings: BTreeMap<Version, Sighting>,
    /// The releases that some read showed, and the latest did not.
    pub gone: Vec<Gone>,
    /// The latest read; `None` if there is none, and so nothing is known.
    pub latest_read: Option<Time>,
}

impl Memory {
    /// Whether some read showed a release.
    pub fn has(&self, version: &Version) -> bool {
        self.sightings.contains_key(version) || self.gone.iter().any(|gone| gone.version == *version)
    }
}

/// The releases of one crate, read by read.
#[derive(Default)]
struct Lives {
    releases: BTreeMap<Version, Life>,
    latest_read: Option<Time>,
}

/// One release, read by read.
struct Life {
    first_ever: Time,
    first_digest: Digest,
    first_seen: Time,
    lacked_at: Option<Time>,
    first_seen_yanked: bool,
    yanks: Vec<Yank>,
    /// As of the latest read that showed it.
    latest: Seen,
    /// The first and the latest read that lacked it.
    gone: Option<(Time, Time)>,
}

impl Lives {
    fn observe(&mut self, observation: &Observation) {
        let at = observation.at;
        for version in &observation.gone {
            if let Some(life) = self.releases.get_mut(version) {
                life.gone = Some((at, at));
            }
        }
        for (versions, yanked) in [(&observation.yanked, true), (&observation.unyanked, false)] {
            for version in versions {
                if let Some(life) = self.releases.get_mut(version) {
                    life.set_yanked(at, yanked);
                }
            }
        }
        for seen in &observation.seen {
            match self.releases.get_mut(&seen.version) {
                Some(life) => life.seen_anew(at, seen),
                None => {
                    let life = Life::new(at, self.latest_read, seen);
                    self.releases.insert(seen.version.clone(), life);
                }
            }
        }
        for (_, still_gone_at) in self.releases.values_mut().filter_map(|life| life.gone.as_mut()) {
            *still_gone_at = at;
        }
        self.latest_read = Some(at);
    }

    fn memory(self) -> Memory {
        let mut memory = Memory { latest_read: self.latest_read, ..Memory::default() };
        for (version, life) in self.releases {
            match life.gone {
                None => {
                    memory.sightings.insert(version, life.sighting());
                }
                Some((gone_at, still_gone_at)) => memory.gone.push(Gone {
                    version,
                    digest: life.latest.digest,
                    published: life.latest.published,
                    first_seen: life.first_ever,
                    gone_at,
                    still_gone_at,
                }),
            }
        }
        memory
    }
}

impl Life {
    fn new(at: Time, lacked_at: Option<Time>, seen: &Seen) -> Self {
        Self {
            first_ever: at,
            first_digest: seen.digest,
            first_seen: at,
            lacked_at,
            first_seen_yanked: seen.yanked,
            yanks: if seen.yanked { vec![Yank { at, until: None }] } else { Vec::new() },
            latest: seen.clone(),
            gone: None,
        }
    }

    /// It is there with another digest or publish time, or it is there again.
    fn seen_anew(&mut self, at: Time, seen: &Seen) {
        match self.gone.take() {
            // Deleted and published again: its time in the open begins anew. What it was first is remembered.
            Some((gone_at, still_gone_at)) if still_gone_at - gone_at >= BLINK => {
                let (first_ever, first_digest) = (self.first_ever, self.first_digest);
                *self = Self { first_ever, first_digest, ..Self::new(at, Some(still_gone_at), seen) };
            }
            _ => {
                if self.latest.yanked != seen.yanked {
                    self.set_yanked(at, seen.yanked);
                }
                self.latest = seen.clone();
            }
        }
    }

    fn set_yanked(&mut self, at: Time, yanked: bool) {
        self.latest.yanked = yanked;
        match self.yanks.last_mut() {
            Some(Yank { until: until @ None, .. }) if !yanked => *until = Some(at),
            _ if yanked => self.yanks.push(Yank { at, until: None }),
            _ => {}
        }
    }

    fn sighting(self) -> Sighting {
        Sighting {
            first_seen: self.first_seen,
            first_digest: self.first_digest,
            lacked_at: self.lacked_at,
            first_seen_yanked: self.first_seen_yanked,
            yanks: self.yanks,
        }
    }
}

fn all_yanked(lines: &[Seen]) -> bool {
    lines.iter().all(|seen| seen.yanked)
}
