//! Audit records written, as cargo-vet imports them.

use std::collections::{BTreeMap, BTreeSet};

use fence_model::CrateName;
use fence_model::facts::{Audit, Claim};
use serde::Serialize;

use super::{SAFE_TO_DEPLOY, SAFE_TO_RUN, format_version};

/// An `audits.toml` of records that others made, each with its origin: `aggregated-from` has it where it is a place,
/// as in the files that `cargo vet aggregate` makes, and the notes say which feed brought it. Criteria are
/// the policy's words; those that cargo-vet does not have are declared. `remarks` go first, as comments.
pub fn format_audits(remarks: &[String], audits: &BTreeMap<CrateName, Vec<&Audit<'_>>>) -> String {
    let own: BTreeSet<&str> = audits
        .values()
        .flatten()
        .flat_map(|audit| audit.criteria.iter().copied())
        .filter(|criterion| ![SAFE_TO_RUN, SAFE_TO_DEPLOY].contains(criterion))
        .collect();
    let file = File {
        criteria: own.into_iter().map(|name| (name, Criterion { description: DESCRIPTION })).collect(),
        audits: audits
            .iter()
            .map(|(name, audits)| {
                (name.as_str(), audits.iter().filter_map(|audit| Record::of(audit)).collect())
            })
            .collect(),
    };
    // A comment is a line: what breaks lines would begin something else.
    let line = |text: &String| format!("# {text}\n").replace(|c: char| c.is_control() && c != '\n', " ");
    let head: String = remarks.iter().map(|text| line(&text.replace('\n', " "))).collect();
    // Tables of strings and lists of them: there is nothing that TOML cannot say.
    head + "\n" + &toml::to_string_pretty(&file).unwrap_or_default()
}

/// What is known of a criterion here: nothing but its name.
const DESCRIPTION: &str = "A criterion of the project that exported these records; ask there what it means.";

#[derive(Serialize)]
struct File<'a> {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    criteria: BTreeMap<&'a str, Criterion>,
    audits: BTreeMap<&'a str, Vec<Record<'a>>>,
}

#[derive(Serialize)]
struct Criterion {
    description: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Record<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    who: &'a [&'a str],
    criteria: &'a [&'a str],
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delta: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    violation: Option<String>,
    notes: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    aggregated_from: Option<String>,
}

impl<'a> Record<'a> {
    /// A record as cargo-vet has it; none for what vouches for nothing.
    fn of(audit: &'a Audit<'_>) -> Option<Self> {
        let (version, delta, violation) = match &audit.claim {
            Claim::Full(at) => (Some(format_version(at)), None, None),
            Claim::Delta { from, to } => {
                (None, Some(format!("{} -> {}", format_version(from), format_version(to))), None)
            }
            Claim::Violation(requirement) => (None, None, Some(requirement.to_string())),
            Claim::Remark(..) => return None,
        };
        let notes = match audit.feed {
            Some(feed) => format!("Made by others: the feed {feed} brought it, of {}.", audit.origin),
            None => format!("Made by others: a review that {} signed.", audit.origin),
        };
        // An origin is a repository or a file, without the protocol; or a feed's own name, where nobody knows.
        let is_place = audit.feed.is_some() && audit.origin.contains('/');
        Some(Self {
            who: match audit.feed {
                Some(_) => &audit.who,
                // Through whom somebody is trusted, that one did not look.
                None => audit.who.get(..1).unwrap_or_default(),
            },
            criteria: &audit.criteria,
            version,
            delta,
            violation,
            notes,
            aggregated_from: is_place.then(|| format!("https://{}", audit.origin)),
        })
    }
}
