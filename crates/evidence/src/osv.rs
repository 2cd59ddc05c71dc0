//! Advisories in the OSV format, version 1: one JSON file per record, as RustSec, GitHub and the collectors of
//! malware export them.
//!
//! [`parse_record`] reads one, [`format()`] writes them. The first gives an [`AdvisoryRecord`] for each crate that a record is about; packages of other ecosystems
//! are passed over. What it says of versions is translated by [`affected`]. What the text says to people is never
//! evidence.
//!
//! ````text
//! {
//!   "id": "GHSA-wcg3-cvx6-7396",
//!   "modified": "2023-06-13T20:51:28Z",
//!   "published": "2021-08-25T20:56:46Z",
//!   "aliases": ["CVE-2020-26235", "RUSTSEC-2020-0071"],
//!   "summary": "Segmentation fault in time",
//!   "affected": [{
//!     "package": { "ecosystem": "crates.io", "name": "time" },
//!     "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "0.2.7" }, { "fixed": "0.2.23" }] }]
//!   }]
//! }
//! ````
//!
//! Keys that are not known here are left alone; an event that is not known makes the record a problem, since it may
//! mean that more is affected. What kind of advisory it is, databases say in places of their own: malware has ids
//! that begin with `MAL-`, RustSec's `categories`, or GitHub's weakness CWE-506 (embedded malicious code); RustSec
//! repeats what is `informational` in its export. Where a record says nothing of the sort it is a vulnerability.

pub mod affected;
mod format;

use std::collections::BTreeMap;

use fence_model::facts::AdvisoryKind;
use fence_model::{CrateName, Time};
use serde::Deserialize;
use serde_json::Value;

use crate::Limits;
use crate::advisories::{AdvisoryRecord, Collection, clean, is_id};
use crate::error::{Error, Problem, excerpt, message};
use affected::Affected;

pub use format::{Told, format};

/// What OSV calls the registry that crates come from.
const ECOSYSTEM: &str = "crates.io";

/// The id that the file at `path` is called by; `None` if it is no OSV record.
pub fn id_of(path: &str) -> Option<&str> {
    let file = path.rsplit('/').next()?;
    file.strip_suffix(".json").filter(|id| is_id(id))
}

/// Reads the record that lies at `path`: what it says of each crate, sorted by name; nothing where it is about other
/// ecosystems.
///
/// # Errors
///
/// What keeps it from being used, with its line where that is known. A record is used whole or not at all.
pub fn parse_record(path: &str, bytes: &[u8], limits: &Limits) -> Result<Vec<AdvisoryRecord>, Problem> {
    let fail = |line, error| Problem { file: path.into(), line, record: "".into(), error };
    if bytes.len() > limits.osv_bytes {
        return Err(fail(None, Error::TooLong { bytes: bytes.len(), limit: limits.osv_bytes }));
    }
    let record: Record = serde_json::from_slice(bytes).map_err(|error| {
        let text = error.to_string();
        let why = text.rfind(" at line ").map_or(&*text, |end| &text[..end]);
        let line = u32::try_from(error.line()).ok().filter(|line| *line > 0);
        fail(line, Error::NotOsv(message(&why)))
    })?;
    record.understood(id_of(path), limits).map_err(|error| fail(None, error))
}

/// A record as it is written. `null` and a key that is left out mean the same.
#[derive(Deserialize)]
struct Record {
    schema_version: Option<String>,
    id: String,
    modified: Option<String>,
    published: Option<String>,
    withdrawn: Option<String>,
    aliases: Option<Vec<Box<str>>>,
    related: Option<Vec<Box<str>>>,
    summary: Option<String>,
    details: Option<String>,
    severity: Option<Vec<Severity>>,
    affected: Option<Vec<Package>>,
    references: Option<Vec<Reference>>,
    database_specific: Option<Value>,
}

#[derive(Deserialize)]
struct Severity {
    score: Option<Box<str>>,
}

#[derive(Deserialize)]
struct Reference {
    url: Option<Box<str>>,
}

#[derive(Deserialize)]
struct Package {
    package: Option<Named>,
    ranges: Option<Vec<Timeline>>,
    versions: Option<Vec<String>>,
    database_specific: Option<Value>,
}

#[derive(Deserialize)]
struct Named {
    ecosystem: String,
    name: String,
}

#[derive(Deserialize)]
struct Timeline {
    #[serde(rename = "type")]
    kind: String,
    events: Option<Vec<BTreeMap<String, String>>>,
}

impl Record {
    fn understood(self, outside: Option<&str>, limits: &Limits) -> Result<Vec<AdvisoryRecord>, Error> {
        if let Some(version) = self.schema_version.as_deref().filter(|v| v.split('.').next() != Some("1")) {
            return Err(Error::OsvVersion { found: excerpt(version) });
        }
        if !is_id(&self.id) {
            return Err(Error::AdvisoryId { id: excerpt(&self.id) });
        }
        if let Some(outside) = outside.filter(|outside| *outside != self.id) {
            return Err(Error::Misplaced { inside: excerpt(&self.id), outside: excerpt(outside) });
        }
        let mut by_crate: BTreeMap<&str, Vec<&Package>> = BTreeMap::new();
        for package in self.affected.iter().flatten() {
            match &package.package {
                Some(named) if named.ecosystem == ECOSYSTEM => {
                    by_crate.entry(&named.name).or_default().push(package);
                }
                Some(_) | None => {}
            }
        }
        let published = self.published.as_deref().or(self.modified.as_deref());
        let known = end_of_day(published.ok_or(Error::Missing("published"))?)?;
        let withdrawn = self.withdrawn.as_deref().map(end_of_day).transpose()?;
        // The text's first line stands in for a title that is not given.
        let summary = self.summary.as_deref().filter(|summary| !summary.trim().is_empty());
        let line = || self.details.as_deref().and_then(|details| details.trim().lines().next());
        let title = clean(summary.or_else(line).unwrap_or("(no title)"));
        let mut records = Vec::with_capacity(by_crate.len());
        for (name, packages) in by_crate {
            let Affected { patched, unaffected } = releases(name, &packages, limits)?;
            let said = packages.iter().filter_map(|package| package.database_specific.as_ref());
            let categories: Vec<Box<str>> =
                said.flat_map(|said| words(said, "categories")).map(Into::into).collect();
            records.push(AdvisoryRecord {
                id: self.id.as_str().into(),
                package: name.parse::<CrateName>()?,
                collection: Collection::Crates,
                kind: self.kind(&packages),
                known,
                withdrawn,
                patched,
                unaffected,
                title: title.clone(),
                url: self.references.iter().flatten().find_map(|reference| reference.url.clone()),
                aliases: self.aliases.clone().unwrap_or_default(),
                related: self.related.clone().unwrap_or_default(),
                categories,
                cvss: self.severity.iter().flatten().find_map(|severity| severity.score.clone()),
            });
        }
        Ok(records)
    }

    /// The gravest thing that the record says of itself, or of these packages.
    fn kind(&self, packages: &[&Package]) -> AdvisoryKind {
        let of_all = self.database_specific.as_ref();
        let is_malware = self.id.starts_with("MAL-")
            || of_all.is_some_and(|said| {
                words(said, "cwe_ids").any(|cwe| cwe == "CWE-506") || word(said, "type") == Some("malware")
            });
        if is_malware {
            return AdvisoryKind::Malicious;
        }
        let of_one = |package: &&Package| {
            let said = package.database_specific.as_ref();
            if said.is_some_and(|said| words(said, "categories").any(|word| word == "malicious")) {
                return AdvisoryKind::Malicious;
            }
            match said.and_then(|said| word(said, "informational")) {
                None => AdvisoryKind::Vulnerability,
                Some("unsound") => AdvisoryKind::Unsound,
                Some("unmaintained") => AdvisoryKind::Unmaintained,
                Some(_) => AdvisoryKind::Notice,
            }
        };
        packages.iter().map(of_one).min().unwrap_or(AdvisoryKind::Vulnerability)
    }
}

/// Which releases of the crate `name` are affected, all entries on it taken together.
fn releases(name: &str, packages: &[&Package], limits: &Limits) -> Result<Affected, Error> {
    // Ranges over commits say nothing of releases.
    let is_of_releases = |range: &&Timeline| matches!(&*range.kind, "SEMVER" | "ECOSYSTEM");
    let timelines = || packages.iter().flat_map(|p| p.ranges.iter().flatten()).filter(is_of_releases);
    let versions = || packages.iter().flat_map(|p| p.versions.iter().flatten());
    let count =
        versions().count() + timelines().map(|range| range.events.iter().flatten().count()).sum::<usize>();
    match count {
        0 => Err(Error::NoAffected { package: excerpt(name) }),
        _ if count > limits.osv_points => Err(Error::TooManyPoints { count, limit: limits.osv_points }),
        _ => {
            let ranges = timelines()
                .map(|range| range.events.iter().flatten().map(event).collect())
                .collect::<Result<Vec<Vec<_>>, _>>()?;
            let versions = versions().map(|text| affected::version(text)).collect::<Result<Vec<_>, _>>()?;
            Affected::of(&ranges, &versions)
        }
    }
}

fn event(written: &BTreeMap<String, String>) -> Result<affected::Event, Error> {
    let mut words = written.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let (Some((key, text)), None) = (words.next(), words.next()) else { return Err(Error::Event) };
    affected::Event::parse(key, text)
}

/// The last second of the day in which `text` falls. RustSec's export writes noon for a day without a time; and an
/// advisory is known for certain only when its day has passed.
fn end_of_day(text: &str) -> Result<Time, Error> {
    let time = text.parse::<Time>().ok().filter(|_| text.contains('T'));
    time.and_then(|time| Time::end_of_day(&time.date())).ok_or_else(|| Error::Moment { text: excerpt(text) })
}

/// The text under `key`, where there is some.
fn word<'v>(of: &'v Value, key: &str) -> Option<&'v str> {
    of.get(key).and_then(Value::as_str)
}

/// The texts in the list under `key`.
fn words<'v>(of: &'v Value, key: &str) -> impl Iterator<Item = &'v str> {
    of.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}
