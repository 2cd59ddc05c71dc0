//! Edits of `fence.toml` that leave everything else as it was: comments, order, blank lines.
//!
//! An edit is text in, text out. The new text is read again and compared with what was meant before anybody gets
//! to see it, so that an oddly written file is refused, never mangled.

use std::fmt;

use fence_model::Time;
use fence_model::policy::{Exception, Policy};
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, value};

use super::policy::{self, PolicyProblem};

/// Why a policy was not edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EditError {
    /// The exception, or the policy with it, breaks a rule; nothing else was wrong before.
    Rule(Vec<PolicyProblem>),
    /// The file writes its exceptions in a form that cannot be added to, such as an inline array.
    Form,
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule(problems) => {
                let first = problems.first().map(|problem| problem.fault.to_string()).unwrap_or_default();
                f.write_str(&first)
            }
            Self::Form => f.write_str("its exceptions are not written as `[[exceptions]]` tables"),
        }
    }
}

impl std::error::Error for EditError {}

/// What an edit did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edited {
    /// There was no exception for the release.
    Added,
    /// There was one, and it is replaced in its place.
    Replaced,
}

/// Adds `exception` to the policy `text`, which reads; an earlier one for the same release is replaced.
pub fn add_exception(text: &str, exception: &Exception, now: Time) -> Result<(String, Edited), EditError> {
    let mut document: DocumentMut = text.parse().map_err(|_| EditError::Form)?;
    // Comments at the end of a file belong to the file: the first exception comes after them.
    let end = if document.contains_key("exceptions") {
        None
    } else {
        document.trailing().as_str().map(str::to_owned)
    };
    if end.is_some() {
        document.set_trailing("");
    }
    let exceptions = document.entry("exceptions").or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    let tables = exceptions.as_array_of_tables_mut().ok_or(EditError::Form)?;
    let edited = if let Some(table) = tables.iter_mut().find(|table| is_for(table, exception)) {
        fill(table, exception);
        Edited::Replaced
    } else {
        let mut table = Table::new();
        fill(&mut table, exception);
        if let Some(end) = end.filter(|end| !end.trim().is_empty()) {
            table.decor_mut().set_prefix(format!("{}\n\n", end.trim_end()));
        }
        tables.push(table);
        Edited::Added
    };
    let new = document.to_string();
    let read = policy::parse(&new, now).map_err(EditError::Rule)?;
    let before = policy::parse(text, now).map_err(EditError::Rule)?;
    if read != with(before, exception) {
        return Err(EditError::Form);
    }
    Ok((new, edited))
}

/// What the policy is meant to be after the edit.
fn with(mut policy: Policy, exception: &Exception) -> Policy {
    let same = |e: &&mut Exception| e.name == exception.name && e.version == exception.version;
    match policy.exceptions.iter_mut().find(same) {
        Some(old) => *old = exception.clone(),
        None => policy.exceptions.push(exception.clone()),
    }
    policy
}

fn is_for(table: &Table, exception: &Exception) -> bool {
    let is = |key: &str, wanted: &str| table.get(key).and_then(Item::as_str) == Some(wanted);
    is("crate", exception.name.as_str()) && is("version", &exception.version.to_string())
}

fn fill(table: &mut Table, exception: &Exception) {
    let Exception { name, version, digest, codes, because, until } = exception;
    let mut set = |key: &str, new: toml_edit::Value| match table.get_mut(key).and_then(Item::as_value_mut) {
        // The comment at the end of a line is part of the old value's surroundings.
        Some(old) => {
            let decor = old.decor().clone();
            *old = new;
            *old.decor_mut() = decor;
        }
        None => {
            table.insert(key, value(new));
        }
    };
    set("crate", name.as_str().into());
    set("version", version.to_string().into());
    set("digest", digest.to_string().into());
    set("codes", codes.iter().map(|code| code.as_str()).collect::<Array>().into());
    set("because", because.as_str().into());
    set("until", written(*until).into());
}

/// A day where the time is the first second of one.
fn written(time: Time) -> String {
    let text = time.to_string();
    text.strip_suffix("T00:00:00Z").map_or(text.clone(), str::to_owned)
}

/// A text as a value in TOML, quoted as it has to be.
pub fn quoted(text: &str) -> String {
    toml_edit::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Time {
        "2026-08-20T12:00:00Z".parse().unwrap()
    }

    fn exception(version: &str, until: &str) -> Exception {
        Exception {
            name: "serde".parse().unwrap(),
            version: version.parse().unwrap(),
            digest: "a2".repeat(32).parse().unwrap(),
            codes: vec![fence_model::Code::Young, fence_model::Code::NewDependency],
            because: "read by \"two\" of us".to_owned(),
            until: until.parse().unwrap(),
        }
    }

    fn check(text: &str, exception: &Exception) -> String {
        match add_exception(text, exception, now()) {
            Ok((text, edited)) => format!("{edited:?}\n{text}"),
            Err(error) => format!("refused: {error}"),
        }
    }

    const COMMENTED: &str = r#"# Our policy.
level = "medium" # not high yet

# Talk to Ann before you touch these.
[[exceptions]]
crate = "serde"
version = "1.0.1" # pinned
digest = "b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3"
because = "old"
codes = ["young"]
until = "2026-09-30" # then we upgrade

[wait]
# Weeks are long.
ceiling = "20 days"
# The end
"#;

    #[test]
    fn comments_and_order_survive_an_added_exception() {
        insta::assert_snapshot!(check(COMMENTED, &exception("1.0.229", "2026-09-01T06:00:00Z")), @r#"
        Added
        # Our policy.
        level = "medium" # not high yet

        # Talk to Ann before you touch these.
        [[exceptions]]
        crate = "serde"
        version = "1.0.1" # pinned
        digest = "b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3"
        because = "old"
        codes = ["young"]
        until = "2026-09-30" # then we upgrade

        [[exceptions]]
        crate = "serde"
        version = "1.0.229"
        digest = "a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2"
        codes = ["young", "new-dependency"]
        because = 'read by "two" of us'
        until = "2026-09-01T06:00:00Z"

        [wait]
        # Weeks are long.
        ceiling = "20 days"
        # The end
        "#);
    }

    #[test]
    fn comments_and_order_survive_a_replaced_exception() {
        insta::assert_snapshot!(check(COMMENTED, &exception("1.0.1", "2026-10-30")), @r#"
        Replaced
        # Our policy.
        level = "medium" # not high yet

        # Talk to Ann before you touch these.
        [[exceptions]]
        crate = "serde"
        version = "1.0.1" # pinned
        digest = "a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2"
        because = 'read by "two" of us'
        codes = ["young", "new-dependency"]
        until = "2026-10-30" # then we upgrade

        [wait]
        # Weeks are long.
        ceiling = "20 days"
        # The end
        "#);
    }

    #[test]
    fn an_exception_can_be_the_first_word() {
        insta::assert_snapshot!(check("# nothing yet", &exception("1.0.0", "2026-09-01")), @r#"
        Added
        # nothing yet

        [[exceptions]]
        crate = "serde"
        version = "1.0.0"
        digest = "a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2"
        codes = ["young", "new-dependency"]
        because = 'read by "two" of us'
        until = "2026-09-01"
        "#);
    }

    #[test]
    fn what_breaks_a_rule_is_refused() {
        insta::assert_snapshot!(check(COMMENTED, &exception("1.0.0", "2027-09-01")), @"refused: the exception for serde 1.0.0 runs until 2027-09-01, but at most 180 days are allowed from today");
        insta::assert_snapshot!(check("exceptions = []", &exception("1.0.0", "2026-09-01")), @"refused: its exceptions are not written as `[[exceptions]]` tables");
    }
}
