//! Audits that people signed, to cargo-vet and back: what both can say survives, and the rest is named.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::collections::{BTreeMap, BTreeSet};

use fence_evidence::Limits;
use fence_evidence::cargo_vet::{AuditRecord, format_records, parse_audits};
use fence_evidence::crev::Reader;
use fence_evidence::statement::vet::{Drafts, NoRecord, drafts, records};
use fence_evidence::statement::{Content, RestsOn, Statement, Subject, id, read, write};
use fence_model::{CrateName, Principal, ReleaseId, Time};
use proptest::prelude::*;

const SIGNERS: [&str; 2] = ["ann@example.org", "bob@example.org"];

/// What both can say of a release: who, which, from which, what it meets, why.
type Said = (String, String, Option<String>, Vec<Box<str>>, String);

fn limits() -> Limits {
    Limits::default()
}

fn now() -> Time {
    "2026-11-30T10:00:00Z".parse().unwrap()
}

fn ann() -> Principal {
    SIGNERS[0].parse().unwrap()
}

/// A release with the digest that it has in the only registry.
fn subject(name: &str, version: &str) -> Subject {
    let release = ReleaseId { name: name.parse().unwrap(), version: version.parse().unwrap() };
    Subject { digest: id(release.to_string().as_bytes()), release }
}

fn says(signer: &str, comment: &str, content: Content) -> Statement {
    Statement { signer: signer.parse().unwrap(), made: Time::from_unix(0), comment: comment.into(), content }
}

fn said(statement: &Statement) -> Vec<Said> {
    let Content::Audit { releases, bases, criteria, .. } = &statement.content else { return Vec::new() };
    let base = |place: usize| bases.as_ref().map(|bases| bases[place].release.version.to_string());
    let of = |(place, subject): (usize, &Subject)| {
        let release = subject.release.to_string();
        let (signer, comment) = (statement.signer.to_string(), statement.comment.to_string());
        (signer, release, base(place), criteria.clone(), comment)
    };
    releases.iter().enumerate().map(of).collect()
}

/// The audit set of these statements.
fn exported(statements: &[Statement]) -> String {
    let mut audits: BTreeMap<CrateName, Vec<AuditRecord>> = BTreeMap::new();
    for (name, record) in statements.iter().flat_map(|statement| records(statement, now()).unwrap()) {
        audits.entry(name.clone()).or_default().push(record);
    }
    format_records(&["By\nall".to_owned()], "Ask them.", &audits)
}

fn imported(text: &str, signer: &Principal, otherwise: Option<&str>) -> Drafts {
    let set = parse_audits("audits.toml", text.as_bytes(), &limits()).unwrap();
    assert_eq!(set.problems, Vec::new(), "{text}");
    drafts(&set.value, signer, otherwise, &limits())
}

/// The statements that come of drafts, as everybody reads them.
fn signed(drafts: &Drafts, signer: &Principal) -> Vec<Statement> {
    let statement = |draft: &fence_evidence::statement::vet::Draft| {
        let at = |version: &semver::Version, of: &ReleaseId| subject(of.name.as_str(), &version.to_string());
        let releases = draft.releases.iter().map(|of| at(&of.release.version, &of.release)).collect();
        let bases = draft.releases.iter().map(|of| Some(at(of.from.as_ref()?, &of.release))).collect();
        let content = draft.content(releases, bases, Reader::Person, None);
        let bytes = write(&says(signer.as_str(), &draft.comment, content), &limits()).unwrap();
        read("x", &bytes, &limits()).unwrap()
    };
    drafts.drafts.iter().map(statement).collect()
}

/// Audits by two people, of few crates and versions, so that they meet.
fn audits() -> impl Strategy<Value = Vec<Statement>> {
    let versions = ["1.0.0", "1.0.1", "2.0.0-rc.1", "2.0.0+b.7"];
    let name = prop::sample::select(&["itoa", "ryu", "Under_score", "a-b"][..]);
    let release = (name, 0..versions.len(), 1..versions.len());
    let releases = prop::collection::btree_map(release, Just(()), 1..5);
    let criteria = prop::collection::btree_set(
        prop::sample::select(&["safe-to-deploy", "safe-to-run", "x-1"][..]),
        1..4,
    );
    let comment = prop_oneof![
        Just("Read.".to_owned()),
        "[ -~éß→\u{202e}\n\"'\\\\#]{1,60}".prop_filter("not blank", |text| !text.trim().is_empty()),
    ];
    let audit = (prop::sample::select(&SIGNERS[..]), releases, any::<bool>(), criteria, comment);
    let audit = audit.prop_map(move |(signer, releases, is_change, criteria, comment)| {
        let pairs: BTreeMap<(&str, usize), usize> =
            releases.into_keys().map(|(name, at, step)| ((name, at), (at + step) % versions.len())).collect();
        let releases = pairs.keys().map(|(name, at)| subject(name, versions[*at])).collect();
        let bases = || pairs.iter().map(|((name, _), from)| subject(name, versions[*from])).collect();
        let bases = is_change.then(bases);
        let criteria = criteria.into_iter().map(Into::into).collect();
        says(
            signer,
            &comment,
            Content::Audit { releases, bases, criteria, reader: Reader::Person, until: None },
        )
    });
    prop::collection::vec(audit, 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_both_can_say_survives_there_and_back(statements in audits()) {
        let before: BTreeSet<Said> = statements.iter().flat_map(said).collect();
        let text = exported(&statements);
        let mut after = BTreeSet::new();
        let mut kinds = BTreeSet::new();
        for signer in SIGNERS.map(|signer| signer.parse::<Principal>().unwrap()) {
            let made = imported(&text, &signer, None);
            prop_assert_eq!(&made.left, &Vec::new());
            let again = signed(&made, &signer);
            // Nothing is said twice.
            let all: Vec<Said> = again.iter().flat_map(said).collect();
            prop_assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
            after.extend(all);
            kinds.extend(made.drafts.iter().map(|draft| {
                (signer.to_string(), draft.comment.clone(), draft.criteria.clone(), draft.releases[0].from.is_some())
            }));
        }
        prop_assert_eq!(&after, &before);
        let before: BTreeSet<_> = before
            .into_iter()
            .map(|(signer, _, from, criteria, comment)| (signer, comment.into(), criteria, from.is_some()))
            .collect();
        prop_assert_eq!(kinds, before);
        // And what came back makes the same set.
        let back: Vec<Statement> = SIGNERS
            .iter()
            .flat_map(|signer| {
                let signer = signer.parse().unwrap();
                signed(&imported(&text, &signer, None), &signer)
            })
            .collect();
        let facts = |text: &str| {
            let set = parse_audits("x", text.as_bytes(), &limits()).unwrap().value.audits;
            let records = set.into_iter().flat_map(|(name, of)| of.into_iter().map(move |of| format!("{name} {of:?}")));
            records.collect::<BTreeSet<String>>()
        };
        prop_assert_eq!(facts(&exported(&back)), facts(&text));
    }
}

#[test]
fn one_signature_covers_as_many_as_it_may() {
    let entry = |n: usize, from: &str| {
        format!(
            "[[audits.ryu]]\nwho = \"Ann <ann@example.org>\"\ncriteria = \"safe-to-run\"\nnotes = \"Read.\"\n\
             delta = \"{from} -> 1.0.{n}\"\n\n"
        )
    };
    let mut text: String = (1..=401).map(|n| entry(n, "1.0.0")).collect();
    // The same again, and one of them from another base.
    text += &entry(7, "1.0.0");
    text += &entry(7, "0.9.0");
    let made = imported(&text, &ann(), None);
    let sizes: Vec<usize> = made.drafts.iter().map(|draft| draft.releases.len()).collect();
    assert_eq!((sizes, made.left, made.of_others), (vec![200, 200, 1, 1], vec![], 0));
}

#[test]
fn what_no_statement_says_is_named() {
    let by_ann = "who = [\"Bob\", \"Ann Lee <ann@example.org>\"]\n";
    let read = "criteria = \"safe-to-deploy\"\nnotes = \"Read.\"\n";
    let mut text = "[criteria.\"Our Own\"]\ndescription = \"ours\"\n\n".to_owned();
    for rest in [
        "criteria = \"safe-to-deploy\"\nnotes = \"Not good.\"\nviolation = \"<1.0\"\n",
        &format!("{read}version = \"1.0.1@git:{}\"\n", "a1".repeat(20)),
        &format!("{read}delta = \"1.0.2@git:{} -> 1.0.2\"\n", "a1".repeat(20)),
        &format!("{read}delta = \"1.0.3 -> 1.0.3\"\n"),
        &format!("{read}version = \"1.0.4\"\nimportable = false\n"),
        "criteria = \"safe-to-deploy\"\nversion = \"1.0.5\"\n",
        "criteria = \"safe-to-deploy\"\nversion = \"1.0.6\"\nnotes = \" \\n\"\n",
        "criteria = \"safe-to-deploy\"\nversion = \"1.0.7\"\nnotes = \"Red\\u001b[31m\"\n",
        "criteria = \"Our Own\"\nversion = \"1.0.8\"\nnotes = \"Read.\"\n",
        &format!("criteria = \"safe-to-run\"\nversion = \"1.0.9\"\nnotes = \"{}\"\n", "x".repeat(2_001)),
        &format!("{read}version = \"1.0.10\"\n"),
    ] {
        text += &format!("[[audits.ryu]]\n{by_ann}{rest}\n");
    }
    for who in ["Bob <bob@example.org>", "ann@example.org.evil", "<ann@example.org> Bob", "Ann"] {
        text += &format!("[[audits.itoa]]\nwho = \"{who}\"\n{read}version = \"1.0.0\"\n\n");
    }
    let window = "criteria = \"safe-to-deploy\"\nuser-id = 7\nstart = \"2026-01-01\"\nend = \"2026-12-31\"\n";
    text += &format!("[[wildcard-audits.ryu]]\n{by_ann}{window}\n");
    text += &format!("[[wildcard-audits.itoa]]\nwho = \"Bob\"\n{window}\n[[trusted.itoa]]\n{window}");

    let made = imported(&text, &ann(), None);
    let mut told: Vec<String> =
        made.left.iter().map(|left| format!("{}: {}", left.entry, left.because)).collect();
    told.extend(made.drafts.iter().map(|draft| format!("signed: {draft:?}")));
    told.push(format!("{} of others", made.of_others));
    insta::assert_snapshot!(told.join("\n"));
    // A comment for what has none.
    let made = imported(&text, &ann(), Some("Read by me."));
    let all: Vec<_> = made.drafts.iter().map(|draft| (&*draft.comment, draft.releases.len())).collect();
    assert_eq!(all, [("Read by me.", 2), ("Read.", 1)]);
}

#[test]
fn what_cargo_vet_does_not_say_is_named() {
    let releases = vec![subject("ryu", "1.0.1")];
    let audit = |reader, until| Content::Audit {
        releases: releases.clone(),
        bases: None,
        criteria: vec!["safe-to-run".into()],
        reader,
        until,
    };
    let reader = Reader::Person;
    let check = |content: Content, because: NoRecord| {
        assert_eq!(records(&says(SIGNERS[0], "Read.", content), now()).unwrap_err(), because);
    };
    check(audit(Reader::Machine, None), NoRecord::Machine);
    check(audit(reader, Some(now())), NoRecord::Ended(now()));
    let releases = || releases.clone();
    check(
        Content::Approve { releases: releases(), rests_on: RestsOn::Audit, reader, until: None },
        NoRecord::Approval,
    );
    check(Content::Object { releases: releases(), reader, until: None }, NoRecord::Objection);
    check(Content::Revoke { releases: releases() }, NoRecord::Revocation);
    check(Content::Withdraw { statements: vec![id(b"")] }, NoRecord::Withdrawal);
    let later = Some(now() + fence_model::Span::days(1));
    assert_eq!(records(&says(SIGNERS[0], "Read.", audit(reader, later)), now()).unwrap().len(), 1);
}
