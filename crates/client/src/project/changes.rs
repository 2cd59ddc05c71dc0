//! What a change alters of the policy that judges it.
//!
//! [`of_policy`] compares two policies key by key, as `fence.toml` would write them, so that a key that is yet to come
//! is compared too; [`of_baseline`] names the releases that `fence.lock` gained and lost.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use fence_model::policy::{Baseline, BaselineEntry, Policy};
use fence_model::{ReleaseId, words};
use toml::{Table, Value};

/// One thing that was altered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A key of `fence.toml` has another value; what is not written has its default, which is no value here.
    Key {
        /// The key, with the tables that it stands in.
        key: String,
        /// What it was.
        before: Option<String>,
        /// What it is.
        after: Option<String>,
    },
    /// An entry of a list of `fence.toml`, such as an exception, is new.
    Added(String),
    /// An entry of a list of `fence.toml` is gone.
    Removed(String),
    /// Releases were recorded in `fence.lock`.
    Recorded(Vec<ReleaseId>),
    /// Releases were struck from `fence.lock`.
    Struck(Vec<ReleaseId>),
    /// Files that the policy reads are not what they were.
    Files {
        /// What they are for: a feed's name, or cargo's configuration.
        what: String,
        /// Where they lie.
        path: PathBuf,
    },
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |releases: &[ReleaseId]| {
            words::line_of(&releases.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        match self {
            Self::Key { key, before: Some(before), after: Some(after) } => {
                write!(f, "`{key}` was {before} and is {after}")
            }
            Self::Key { key, before: None, after: Some(after) } => write!(f, "`{key}` is new: {after}"),
            Self::Key { key, before: Some(before), after: None } => {
                write!(f, "`{key}` is gone; it was {before}")
            }
            Self::Key { key, before: None, after: None } => write!(f, "`{key}`"),
            Self::Added(entry) => write!(f, "new: {entry}"),
            Self::Removed(entry) => write!(f, "gone: {entry}"),
            Self::Recorded(releases) => write!(f, "fence.lock records {}", names(releases)),
            Self::Struck(releases) => write!(f, "fence.lock lacks {}", names(releases)),
            Self::Files { what, path } => write!(f, "the files of {what} in {} differ", path.display()),
        }
    }
}

/// What `after` has otherwise than `before`.
pub fn of_policy(before: &Policy, after: &Policy) -> Vec<Change> {
    let mut changes = Vec::new();
    compare("", &written(before), &written(after), &mut changes);
    changes
}

/// What of the baseline is new or gone. A release of which anything differs is both.
pub fn of_baseline(before: &Baseline, after: &Baseline) -> Vec<Change> {
    let mut changes = Vec::new();
    let head = |of: &Baseline| Some(format!("codes={} since={}", of.generation, of.since));
    if head(before) != head(after) {
        let key = "the head of fence.lock".to_owned();
        changes.push(Change::Key { key, before: head(before), after: head(after) });
    }
    let (old, new) = (entries(before), entries(after));
    let beyond = |one: &BTreeSet<&BaselineEntry>, other: &BTreeSet<&BaselineEntry>| -> Vec<ReleaseId> {
        let release = |of: &&BaselineEntry| ReleaseId { name: of.name.clone(), version: of.version.clone() };
        one.difference(other).map(release).collect()
    };
    let (recorded, struck) = (beyond(&new, &old), beyond(&old, &new));
    changes.extend((!recorded.is_empty()).then_some(Change::Recorded(recorded)));
    changes.extend((!struck.is_empty()).then_some(Change::Struck(struck)));
    changes
}

fn entries(baseline: &Baseline) -> BTreeSet<&BaselineEntry> {
    baseline.entries.iter().collect()
}

/// A policy as `fence.toml` would have it.
fn written(policy: &Policy) -> Table {
    // A policy is made of tables, lists and words, which TOML has all of.
    Table::try_from(policy).unwrap_or_default()
}

fn compare(path: &str, before: &Table, after: &Table, changes: &mut Vec<Change>) {
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for key in keys {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match (before.get(key), after.get(key)) {
            (Some(before), Some(after)) if before == after => {}
            (Some(Value::Table(before)), Some(Value::Table(after))) => compare(&path, before, after, changes),
            (Some(Value::Array(before)), Some(Value::Array(after))) if is_of_tables(before, after) => {
                let entry = |value: &Value| described(&path, value);
                changes.extend(
                    before.iter().filter(|old| !after.contains(old)).map(|old| Change::Removed(entry(old))),
                );
                changes.extend(
                    after.iter().filter(|new| !before.contains(new)).map(|new| Change::Added(entry(new))),
                );
            }
            (before, after) => {
                let text = |value: Option<&Value>| value.map(ToString::to_string);
                changes.push(Change::Key { key: path, before: text(before), after: text(after) });
            }
        }
    }
}

/// An entry of a list: an exception as people speak of it, anything else as it is written.
fn described(list: &str, entry: &Value) -> String {
    let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
    if list != "exceptions" {
        return format!("[[{list}]] {entry}");
    }
    let codes = entry.get("codes").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    format!(
        "an exception for {} {} ({}) until {}, because {:?}, of digest {}",
        text("crate"),
        text("version"),
        codes.collect::<Vec<_>>().join(", "),
        text("until"),
        text("because"),
        text("digest"),
    )
}

/// Whether lists have entries that stand for themselves.
fn is_of_tables(before: &[Value], after: &[Value]) -> bool {
    before.iter().chain(after).any(Value::is_table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::{baseline, policy};

    /// What two policies differ in, a line each.
    fn told(before: &str, after: &str) -> String {
        let parse = |text: &str| policy::parse(text, "2026-08-20T12:00:00Z".parse().unwrap()).unwrap();
        let changes = of_policy(&parse(before), &parse(after));
        changes.iter().map(|change| format!("{change}\n")).collect()
    }

    const EXCEPTION: &str = "[[exceptions]]\ncrate = \"serde\"\nversion = \"1.0.229\"\ncodes = [\"young\"]\nbecause = \"read\"\nuntil = \"2026-09-30\"\ndigest = \"a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2\"\n";

    #[test]
    fn every_key_that_differs_is_told() {
        assert_eq!(told("", ""), "");
        assert_eq!(told("level = \"medium\"", "# the default, written out\n"), "");
        let feed = "[feeds.own]\nrole = \"audits\"\npath = \"audits\"\n";
        insta::assert_snapshot!(told(
            &format!("level = \"high\"\n[codes]\ndormant = \"review\"\n{feed}"),
            &format!("levels.dev = \"low\"\n[wait]\nbase = \"1 day\"\n{EXCEPTION}"),
        ), @r#"
        `codes.dormant` is gone; it was "review"
        new: an exception for serde 1.0.229 (young) until 2026-09-30T00:00:00Z, because "read", of digest a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2
        `feeds.own` is gone; it was { path = "audits", role = "audits" }
        `level` was "high" and is "medium"
        `levels` is new: { dev = "low" }
        `wait.base` is new: "1 day"
        "#);
        insta::assert_snapshot!(told(EXCEPTION, &EXCEPTION.replace("2026-09-30", "2026-10-30")), @r#"
        gone: an exception for serde 1.0.229 (young) until 2026-09-30T00:00:00Z, because "read", of digest a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2
        new: an exception for serde 1.0.229 (young) until 2026-10-30T00:00:00Z, because "read", of digest a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2
        "#);
    }

    #[test]
    fn what_the_baseline_gains_and_loses_is_told() {
        let parse = |entries: &[&str]| {
            let lines = entries.iter().map(|entry| format!("{entry}\n")).collect::<String>();
            baseline::parse(&format!("fence.lock format=1 codes=1 since=2026-08-20T07:15:00Z\n{lines}"))
                .unwrap()
        };
        let line = |release: &str, time: &str| format!("{release} {} {time}", "a2".repeat(32));
        let (a, b) = (line("a 1.0.0", "2026-08-20T07:15:00Z"), line("b 1.0.0", "2026-08-20T07:15:00Z"));
        let young = format!("{b} young");
        let told = |before: &[&str], after: &[&str]| {
            let changes = of_baseline(&parse(before), &parse(after));
            changes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        };
        assert_eq!(told(&[&a, &b], &[&a, &b]), "");
        assert_eq!(told(&[&a], &[&a, &b]), "fence.lock records b 1.0.0");
        assert_eq!(told(&[&a, &b], &[&b]), "fence.lock lacks a 1.0.0");
        assert_eq!(told(&[&young], &[&b]), "fence.lock records b 1.0.0; fence.lock lacks b 1.0.0");
        let none = of_baseline(&Baseline::default(), &parse(&[&a]));
        assert!(none[0].to_string().starts_with("`the head of fence.lock` was codes="), "{}", none[0]);
    }
}
