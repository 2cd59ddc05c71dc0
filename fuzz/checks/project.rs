//! What must hold of whatever text stands in a project's own files. The fuzz targets run these checks on invented
//! bytes, `crates/client/tests/project_corpus.rs` on the corpus.

#![allow(dead_code, reason = "each target uses its own check")]

use fence_client::project::policy::{self, Place, PolicyProblem};
use fence_client::project::{baseline, edit};
use fence_model::policy::{Exception, Policy};
use fence_model::{Code, Span, Time};

/// A policy reads as its type reads it, or every problem has a place in the text; and what reads can be added to.
pub(crate) fn policy(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let now: Time = "2026-08-20T12:00:00Z".parse().expect("a time");
    let by_type = toml::from_str::<Policy>(text);
    match policy::parse(text, now) {
        Ok(policy) => {
            match by_type.ok().filter(|read| read.problems(now).is_empty()) {
                Some(read) => assert_eq!(read, policy),
                // The table of this feed may say only in what it differs from the one that is built in.
                None => assert!(policy.feeds.contains_key("rustsec")),
            }
            assert_eq!(policy.problems(now), []);
            added_to(text, &policy, now);
        }
        Err(problems) => {
            // The type does not know that the feed of this name is nothing but advisories.
            let is_refused =
                |read: Policy| !read.problems(now).is_empty() || read.feeds.contains_key("rustsec");
            assert!(by_type.map_or(true, is_refused));
            assert!(!problems.is_empty());
            for PolicyProblem { place: Place { line, column, width, text: source }, fault } in problems {
                assert!(!fault.to_string().is_empty() && !fault.to_string().contains('\n'));
                assert!(line >= 1 && column >= 1 && width >= 1);
                assert!(text.split('\n').nth(line - 1).is_some_and(|found| found.starts_with(&source)));
            }
        }
    }
}

/// An exception is added as it was meant, or refused; twice is the same as once.
fn added_to(text: &str, policy: &Policy, now: Time) {
    let exception = Exception {
        name: "fuzzed".parse().expect("a name"),
        version: "1.2.3".parse().expect("a version"),
        digest: "a2".repeat(32).parse().expect("a digest"),
        codes: vec![Code::Young],
        because: "a \"reason\"\nof two lines".to_owned(),
        until: now + Span::days(7),
    };
    if let Ok((new, _)) = edit::add_exception(text, &exception, now) {
        let read = policy::parse(&new, now).expect("an edited policy reads");
        assert!(read.exceptions.contains(&exception));
        assert_eq!(Policy { exceptions: policy.exceptions.clone(), ..read }, *policy);
        let (again, edited) = edit::add_exception(&new, &exception, now).expect("it can be edited again");
        assert_eq!((again, edited), (new, edit::Edited::Replaced));
    }
}

/// A baseline is written in one way only.
pub(crate) fn baseline(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match baseline::parse(text) {
        Ok(read) => assert_eq!(baseline::format(&read), text),
        Err(error) => {
            assert!(error.line >= 1 && error.line <= text.matches('\n').count() + 1);
            assert!(!error.to_string().contains('\n'));
        }
    }
}
