//! OSV records written: what databases say of releases that somebody has in use.

use std::collections::BTreeMap;

use fence_model::facts::{Advisory, AdvisoryKind};
use fence_model::{CrateName, Time};
use semver::Version;
use serde_json::{Value, json};

use super::ECOSYSTEM;
use super::affected::Affected;

/// The version of the format that is written.
const SCHEMA_VERSION: &str = "1.7.5";

/// An advisory on a crate, and what it was told for.
#[derive(Debug, Clone)]
pub struct Told<'a> {
    /// The crate.
    pub package: CrateName,
    /// What is said of it.
    pub advisory: Advisory<'a>,
    /// The releases in use that it says are affected.
    pub in_use: Vec<Version>,
}

/// A list of records, one per id, sorted: an entry of `affected` for each advisory of the id, so that read again
/// they say the same of every release. Kinds are told where RustSec's export tells them, the releases in use beside
/// them as `in_use`.
///
/// Of the text only the title is there, and what is not known of a record is not made up: `modified`, which the
/// format asks for, is when it became known, or was withdrawn.
pub fn format(all: &[Told<'_>]) -> String {
    let mut by_id: BTreeMap<&str, Vec<&Told<'_>>> = BTreeMap::new();
    for told in all {
        by_id.entry(told.advisory.id).or_default().push(told);
    }
    let records: Vec<Value> = by_id.into_iter().map(|(id, told)| record(id, &told)).collect();
    // Strings and lists of them: there is nothing that JSON cannot say.
    serde_json::to_string_pretty(&records).unwrap_or_default() + "\n"
}

fn record(id: &str, told: &[&Told<'_>]) -> Value {
    let advisories = || told.iter().map(|told| &told.advisory);
    let published = advisories().map(|a| a.known).min().unwrap_or(Time::EARLIEST);
    // One that stands keeps the record standing.
    let withdrawn: Option<Vec<Time>> = advisories().map(|a| a.withdrawn).collect();
    let withdrawn = withdrawn.and_then(|times| times.into_iter().max());
    let mut aliases: Vec<&str> = advisories().flat_map(|a| a.aliases.iter().copied()).collect();
    aliases.sort_unstable();
    aliases.dedup();
    let mut record = json!({
        "schema_version": SCHEMA_VERSION,
        "id": id,
        "modified": withdrawn.unwrap_or(published).to_string(),
        "published": published.to_string(),
        "aliases": aliases,
        "summary": advisories().next().map_or("", |a| a.title),
        "affected": told.iter().map(|told| affected(told)).collect::<Vec<_>>(),
    });
    if let Some(withdrawn) = withdrawn {
        record["withdrawn"] = withdrawn.to_string().into();
    }
    record
}

fn affected(Told { package, advisory, in_use }: &Told<'_>) -> Value {
    let affected = Affected { patched: advisory.patched.clone(), unaffected: advisory.unaffected.clone() };
    let ranges: Vec<Value> = affected
        .ranges()
        .iter()
        .map(|events| {
            let events: Vec<Value> =
                events.iter().map(|event| json!({ event.key(): event.to_string() })).collect();
            json!({ "type": "SEMVER", "events": events })
        })
        .collect();
    let (categories, informational): (&[&str], _) = match advisory.kind {
        AdvisoryKind::Malicious => (&["malicious"], None),
        AdvisoryKind::Vulnerability => (&[], None),
        AdvisoryKind::Unsound => (&[], Some("unsound")),
        AdvisoryKind::Unmaintained => (&[], Some("unmaintained")),
        AdvisoryKind::Notice => (&[], Some("notice")),
    };
    json!({
        "package": { "ecosystem": ECOSYSTEM, "name": package.as_str(), "purl": format!("pkg:cargo/{package}") },
        "ranges": ranges,
        "database_specific": {
            "categories": categories,
            "informational": informational,
            "in_use": in_use.iter().map(ToString::to_string).collect::<Vec<_>>(),
        },
    })
}
