//! Readings of packages: made once for each pair of releases, kept, and handed to the judgement from there.
//!
//! What is kept is named by the digests of both packages and by the version of the scanner, so it is never out of date.
//! What could not be read, and a scanner that did not come to an end, are not kept: the next one tries again.

use std::num::NonZeroUsize;

use fence_model::readings::{BuildCode, Copied, Finding, Looked, NewPanics, Pair, Reading, Unread};
use fence_model::{CrateName, Digest, ReleaseId};
use fence_scan::likeness::{Alike, FingerprintSet, Relation};
use fence_scan::{Asks, Capability, Comparison, Place as Ground, Report, Severity};
use semver::Version;

use crate::cache::{Cache, Place};
use crate::environment::Environment;
use crate::index::IndexSource;
use crate::packages::{PackageError, Packages};
use crate::progress::Progress;
use crate::scanner::{FAILED, Packed, Scanner};
use crate::side_by_side;

/// How many packages are read at a time on each core: one waits for its registry while another is read.
const AT_ONCE_ON_A_CORE: usize = 2;

/// The folder of readings that ask for nobody.
const CALM: &str = "calm";
/// The folder of those that ask for a reviewer.
const ASKING: &str = "asking";
/// In place of a base's digest, where there is none.
const ALONE: &str = "alone";
/// How many that ask are kept in mind: whoever has read more has a cache that somebody filled.
const MOST_ASKING: usize = 20_000;

/// Readings on disk.
#[derive(Debug, Clone)]
pub struct Shelf(Cache);

impl Shelf {
    /// Those in this cache.
    pub fn of(cache: &Cache) -> Self {
        Self(cache.clone())
    }

    /// The reading of a pair, if one is there and whole.
    pub fn get(&self, pair: Pair) -> Option<Reading> {
        [CALM, ASKING].iter().find_map(|shelf| self.read(&place(shelf, pair)))
    }

    /// All that ask for a reviewer: they count whatever the age of a release, so that waiting does not make them forgotten.
    /// There are few.
    pub fn asking(&self) -> Vec<(Pair, Reading)> {
        let folder = self.0.path(&Place::of(&["readings", &fence_scan::SCANNER.to_string(), ASKING]));
        let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let pairs = files.filter_map(|file| pair_of(file.file_name().to_str()?)).take(MOST_ASKING);
        pairs.filter_map(|pair| Some((pair, self.read(&place(ASKING, pair))?))).collect()
    }

    fn read(&self, place: &Place) -> Option<Reading> {
        self.0.read_value(place)
    }

    /// Keeps a reading, where it is one that another scanner would repeat.
    ///
    /// # Errors
    /// What the disk says, in words.
    pub fn put(&self, pair: Pair, reading: &Reading) -> Result<(), String> {
        if reading.incomplete {
            return Ok(());
        }
        let shelf = if reading.speaks_against() { ASKING } else { CALM };
        self.0.write_value(&place(shelf, pair), reading)
    }
}

fn place(shelf: &str, pair: Pair) -> Place {
    let base = pair.base.map_or_else(|| ALONE.to_owned(), |base| base.to_string());
    let file = format!("{}-{base}", pair.release);
    Place::of(&["readings", &fence_scan::SCANNER.to_string(), shelf, &file])
}

/// The pair that a file is named after.
fn pair_of(file: &str) -> Option<Pair> {
    let (release, base) = file.split_once('-')?;
    let base = if base == ALONE { None } else { Some(base.parse().ok()?) };
    Some(Pair { release: release.parse().ok()?, base })
}

/// Reads packages that nobody read yet.
pub struct Reader<'a> {
    /// Where cargo's cache is.
    pub environment: &'a Environment,
    /// The registry of a crate; none where the network is not to be used.
    pub registry_of: &'a (dyn Fn(&CrateName) -> Option<&'a IndexSource> + Sync),
    /// Who reads.
    pub scanner: &'a Scanner,
    /// Where readings are kept.
    pub shelf: &'a Shelf,
    /// Who is told.
    pub progress: &'a dyn Progress,
}

impl Reader<'_> {
    /// What came of looking at each, side by side.
    pub fn look(&self, unread: Vec<Unread>) -> Vec<(Pair, Looked)> {
        let kept =
            |unread: &Unread| self.shelf.get(unread.pair).map(|found| (unread.pair, Looked::Read(found)));
        let (mut looked, mut left) = (Vec::new(), Vec::new());
        for unread in unread {
            match kept(&unread) {
                Some(found) => looked.push(found),
                None => left.push(unread),
            }
        }
        if left.is_empty() {
            return looked;
        }
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        self.progress.begin("packages", left.len());
        looked.extend(side_by_side::map(left, cores * AT_ONCE_ON_A_CORE, |unread| {
            let found = self.look_at(&unread).unwrap_or_else(|error| Looked::InVain(error.to_string()));
            self.progress.advance();
            (unread.pair, found)
        }));
        self.progress.end();
        looked
    }

    fn look_at(&self, unread: &Unread) -> Result<Looked, PackageError> {
        let new = self.package(&unread.release, unread.pair.release)?;
        let base = unread.base_release();
        let old = base.map(|(release, digest)| self.package(&release, digest)).transpose()?;
        let reading = read(self.scanner, old.as_ref(), &new);
        if let Err(why) = self.shelf.put(unread.pair, &reading) {
            self.progress.warn(&why);
        }
        Ok(Looked::Read(reading))
    }

    fn package(&self, release: &ReleaseId, digest: Digest) -> Result<Packed, PackageError> {
        let packages =
            Packages { environment: self.environment, registry: (self.registry_of)(&release.name) };
        packages.of_digest(release, digest)
    }
}

/// Reads a package, beside that of its base or alone.
pub fn read(scanner: &Scanner, base: Option<&Packed>, package: &Packed) -> Reading {
    match base {
        Some(base) => of_change(&scanner.compare(base, package).result),
        None => of_release(&scanner.scan(package).result),
    }
}

/// A comparison in the judgement's words.
fn of_change(change: &Comparison) -> Reading {
    let Asks { new_capabilities, build_code, build_uses, findings, unchanged, .. } = Asks::of(change);
    let mut acting: Vec<String> = build_uses
        .iter()
        .map(|acts| match acts.function.as_str() {
            "" => acts.span.file.clone(),
            function => format!("{function} in {}", acts.span.file),
        })
        .collect();
    acting.sort();
    acting.dedup();
    Reading {
        capabilities: new_capabilities
            .iter()
            // New build code says so itself.
            .filter(|of| **of != Capability::BuildTimeExec || build_code != fence_scan::BuildCode::New)
            .map(|capability| capability.as_str().to_owned())
            .collect(),
        build_code: match build_code {
            fence_scan::BuildCode::Same | fence_scan::BuildCode::Changed => BuildCode::AsBefore,
            fence_scan::BuildCode::Acts => BuildCode::Acts(acting),
            fence_scan::BuildCode::New => BuildCode::New,
        },
        incomplete: findings.iter().any(|finding| finding.code == FAILED),
        findings: findings.iter().map(finding).collect(),
        unchanged,
        copied: change.copied.iter().filter_map(copied).collect(),
        panics: NewPanics { places: change.panics.places, from_input: change.panics.from_input },
    }
}

/// A report in the judgement's words: without a base all of it is new, and of findings only what is grave asks.
fn of_release(report: &Report) -> Reading {
    let is_grave =
        |found: &&fence_scan::Finding| found.severity == Severity::High && found.place != Ground::Tests;
    let findings = report.findings.iter().filter(is_grave).map(finding).collect();
    let has = |of: &&Capability| Asks::REVIEWED.contains(of) && **of != Capability::BuildTimeExec;
    let is_copy = |of: &&Alike| of.relation == Relation::Copy;
    let mut copies: Vec<&Alike> = report.alike.iter().filter(is_copy).collect();
    // What is known itself is nobody's copy; which of two is, nobody can tell from their code.
    if !copies.is_empty() && FingerprintSet::shipped().has(&report.name) {
        copies.clear();
    }
    let builds = report.capabilities.contains(&Capability::BuildTimeExec);
    Reading {
        capabilities: report.capabilities.iter().filter(has).map(|of| of.as_str().to_owned()).collect(),
        build_code: if builds { BuildCode::New } else { BuildCode::AsBefore },
        findings,
        copied: copies.into_iter().filter_map(copied).collect(),
        panics: NewPanics::default(),
        unchanged: false,
        incomplete: report.findings.iter().any(|finding| finding.code == FAILED),
    }
}

/// None where the worker says something that is no release: the package that it read may have told it what to say, and this
/// goes into commands that people copy.
fn copied(of: &Alike) -> Option<Copied> {
    let name: CrateName = of.name.parse().ok()?;
    let version: Version = of.version.parse().ok()?;
    let (of_known, of_new) = (of.of_known, of.of_new);
    Some(Copied { name: name.to_string(), version: version.to_string(), of_known, of_new })
}

fn finding(found: &fence_scan::Finding) -> Finding {
    let place = match found.line {
        0 => found.file.clone(),
        line => format!("{}:{line}", found.file),
    };
    Finding { code: found.code.clone(), severity: found.severity.as_str().to_owned(), place }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::Keep;

    fn pair() -> Pair {
        Pair { release: Digest([1; 32]), base: Some(Digest([2; 32])) }
    }

    fn found(code: &str) -> Reading {
        let finding = Finding { code: code.into(), severity: "high".into(), place: "build.rs:1".into() };
        Reading { findings: vec![finding], ..Reading::default() }
    }

    #[test]
    fn what_was_read_is_kept_for_this_pair() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::of(&Cache::at(folder.path()));
        assert_eq!(shelf.get(pair()), None);
        shelf.put(pair(), &found("fetch-and-run")).unwrap();
        assert_eq!(shelf.get(pair()), Some(found("fetch-and-run")));
        assert_eq!(shelf.get(Pair { base: None, ..pair() }), None);
    }

    #[test]
    fn those_that_ask_are_found_without_being_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::of(&Cache::at(folder.path()));
        let alone = Pair { base: None, ..pair() };
        let calm = Pair { release: Digest([3; 32]), base: None };
        shelf.put(pair(), &found("fetch-and-run")).unwrap();
        shelf.put(alone, &found("time-bomb")).unwrap();
        shelf.put(calm, &Reading::default()).unwrap();
        let mut asking = shelf.asking();
        asking.sort_by_key(|(pair, _)| *pair);
        assert_eq!(asking, [(alone, found("time-bomb")), (pair(), found("fetch-and-run"))]);
        assert_eq!(shelf.get(calm), Some(Reading::default()));
    }

    #[test]
    fn a_damaged_reading_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path());
        let shelf = Shelf::of(&cache);
        shelf.put(pair(), &found("fetch-and-run")).unwrap();
        let mut bytes = cache.read(&place(ASKING, pair())).unwrap().unwrap();
        let last = bytes.len() - 2;
        bytes[last] ^= 1;
        cache.write(&place(ASKING, pair()), &bytes, Keep::ForNow).unwrap();
        assert_eq!(shelf.get(pair()), None);
    }

    /// The machine may have been busy: another try may come to an end.
    #[test]
    fn a_scanner_that_failed_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::of(&Cache::at(folder.path()));
        shelf.put(pair(), &Reading { incomplete: true, ..found(FAILED) }).unwrap();
        assert_eq!(shelf.get(pair()), None);
    }

    #[test]
    fn without_a_base_only_what_is_grave_asks() {
        let finding = |severity, place| fence_scan::Finding {
            code: "time-bomb".into(),
            severity,
            file: "src/lib.rs".into(),
            line: 7,
            column: 1,
            length: 1,
            place,
            function: String::new(),
            reason: String::new(),
            text: String::new(),
            clues: Vec::new(),
        };
        let findings = vec![
            finding(Severity::High, Ground::Normal),
            finding(Severity::Medium, Ground::Normal),
            finding(Severity::High, Ground::Tests),
        ];
        let reading = of_release(&Report { findings, ..Report::default() });
        assert_eq!(reading.findings.len(), 1);
        assert_eq!(reading.findings[0].place, "src/lib.rs:7");
    }
}
