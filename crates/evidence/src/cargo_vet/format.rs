//! Audit records written, as cargo-vet imports them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use fence_model::CrateName;
use fence_model::facts::{Audit, Claim};
use serde::Serialize;

use super::{AuditRecord, Importable, SAFE_TO_DEPLOY, SAFE_TO_RUN, format_version};

/// An `audits.toml` of records that others made, each with its origin: `aggregated-from` has it where it is a place,
/// as in the files that `cargo vet aggregate` makes, and the notes say which feed brought it. Criteria are
/// the policy's words; those that cargo-vet does not have are declared. `remarks` go first, as comments.
pub fn format_audits(remarks: &[String], audits: &BTreeMap<CrateName, Vec<&Audit<'_>>>) -> String {
    let description = "A criterion of the project that exported these records; ask there what it means.";
    let records = audits.iter().map(|(name, audits)| {
        (name.as_str(), audits.iter().filter_map(|audit| Record::of_others(audit)).collect())
    });
    write(remarks, description, records.collect())
}

/// An `audits.toml` of these records, as [`parse_audits`](super::parse_audits) reads it. Criteria that cargo-vet does not
/// have are declared, each with `description`. `remarks` go first, as comments.
pub fn format_records(
    remarks: &[String],
    description: &str,
    audits: &BTreeMap<CrateName, Vec<AuditRecord>>,
) -> String {
    let records =
        audits.iter().map(|(name, records)| (name.as_str(), records.iter().filter_map(Record::of).collect()));
    write(remarks, description, records.collect())
}

fn write(remarks: &[String], description: &str, audits: BTreeMap<&str, Vec<Record<'_>>>) -> String {
    let own: BTreeSet<&str> = audits
        .values()
        .flatten()
        .flat_map(|record| record.criteria.iter().copied())
        .filter(|criterion| ![SAFE_TO_RUN, SAFE_TO_DEPLOY].contains(criterion))
        .collect();
    let criteria = own.into_iter().map(|name| (name, Criterion { description })).collect();
    let file = File { criteria, audits };
    // A comment is a line: what breaks lines would begin something else.
    let line = |text: &String| format!("# {text}\n").replace(|c: char| c.is_control() && c != '\n', " ");
    let head: String = remarks.iter().map(|text| line(&text.replace('\n', " "))).collect();
    // Tables of strings and lists of them: there is nothing that TOML cannot say.
    head + "\n" + &toml::to_string_pretty(&file).unwrap_or_default()
}

#[derive(Serialize)]
struct File<'a> {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    criteria: BTreeMap<&'a str, Criterion<'a>>,
    audits: BTreeMap<&'a str, Vec<Record<'a>>>,
}

/// What is known of a criterion here: nothing but its name.
#[derive(Serialize)]
struct Criterion<'a> {
    description: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Record<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    who: Vec<&'a str>,
    criteria: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delta: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    violation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    importable: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aggregated_from: Option<Addresses<'a>>,
}

/// One address, or several.
#[derive(Serialize)]
#[serde(untagged)]
enum Addresses<'a> {
    One(Cow<'a, str>),
    Several(&'a [Box<str>]),
}

impl<'a> Record<'a> {
    /// A record that others made, as cargo-vet has it; none for what vouches for nothing.
    fn of_others(audit: &'a Audit<'_>) -> Option<Self> {
        let notes = match audit.feed {
            Some(feed) => format!("Made by others: the feed {feed} brought it, of {}.", audit.origin),
            None => format!("Made by others: a review that {} signed.", audit.origin),
        };
        // An origin is a repository or a file, without the protocol; or a feed's own name, where nobody knows.
        let is_place = audit.feed.is_some() && audit.origin.contains('/');
        let who = match audit.feed {
            Some(_) => &audit.who,
            // Through whom somebody is trusted, that one did not look.
            None => audit.who.get(..1).unwrap_or_default(),
        };
        Some(Self {
            who: who.to_vec(),
            criteria: audit.criteria.clone(),
            notes: Some(notes.into()),
            aggregated_from: is_place.then(|| Addresses::One(format!("https://{}", audit.origin).into())),
            ..Self::claiming(&audit.claim)?
        })
    }

    /// A record as it is.
    fn of(record: &'a AuditRecord) -> Option<Self> {
        Some(Self {
            who: record.who.iter().map(|who| &**who).collect(),
            criteria: record.criteria.iter().map(|name| &**name).collect(),
            importable: (record.importable == Importable::AtHome).then_some(false),
            notes: record.notes.as_deref().map(Cow::Borrowed),
            aggregated_from: match &*record.aggregated_from {
                [] => None,
                [one] => Some(Addresses::One(Cow::Borrowed(one))),
                several => Some(Addresses::Several(several)),
            },
            ..Self::claiming(&record.claim)?
        })
    }

    /// What is claimed, by nobody yet; none for remarks, which cargo-vet has not.
    fn claiming(claim: &Claim) -> Option<Self> {
        let (version, delta, violation) = match claim {
            Claim::Full(at) => (Some(format_version(at)), None, None),
            Claim::Delta { from, to } => {
                (None, Some(format!("{} -> {}", format_version(from), format_version(to))), None)
            }
            Claim::Violation(requirement) => (None, None, Some(requirement.to_string())),
            Claim::Remark(..) => return None,
        };
        Some(Self {
            who: Vec::new(),
            criteria: Vec::new(),
            version,
            delta,
            violation,
            importable: None,
            notes: None,
            aggregated_from: None,
        })
    }
}
