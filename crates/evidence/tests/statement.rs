//! Statements: one spelling, and words for every other.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use fence_evidence::Limits;
use fence_evidence::crev::Reader;
use fence_evidence::statement::{Content, Kind, RestsOn, Statement, Subject, id, read, write};
use fence_model::{Digest, ReleaseId, Time};
use proptest::prelude::*;

const DIGEST: &str = "1515151515151515151515151515151515151515151515151515151515151515";

fn limits() -> Limits {
    Limits::default()
}

fn subject(name: &str, version: &str, byte: u8) -> Subject {
    let release = ReleaseId { name: name.parse().unwrap(), version: version.parse().unwrap() };
    Subject { release, digest: Digest([byte; 32]) }
}

fn says(content: Content) -> Statement {
    Statement {
        signer: "ann@example.org".parse().unwrap(),
        made: "2026-11-30T10:00:00Z".parse().unwrap(),
        comment: "Read.".into(),
        content,
    }
}

fn approval() -> Statement {
    let releases = vec![subject("itoa", "1.0.15", 0x15)];
    says(Content::Approve { releases, rests_on: RestsOn::Trust, reader: Reader::Person, until: None })
}

fn text(statement: &Statement) -> String {
    String::from_utf8(write(statement, &limits()).unwrap()).unwrap()
}

#[test]
fn one_of_each_kind_and_its_file() {
    let until: Option<Time> = Some("2027-01-01T00:00:00Z".parse().unwrap());
    let ryu = subject("ryu", "1.0.5+build.7", 0x52);
    let itoa = subject("itoa", "1.0.15", 0x15);
    let bases = vec![subject("ryu", "1.0.4", 0x51), subject("itoa", "1.0.14", 0x14)];
    let reader = Reader::Machine;
    let all = [
        approval(),
        says(Content::Approve {
            releases: vec![ryu.clone(), itoa.clone()],
            rests_on: RestsOn::Diff(bases),
            reader,
            until,
        }),
        says(Content::Object { releases: vec![itoa.clone()], reader, until }),
        says(Content::Audit {
            releases: vec![ryu.clone()],
            bases: None,
            criteria: vec!["safe-to-deploy".into()],
            reader: Reader::Person,
            until: None,
        }),
        says(Content::Revoke { releases: vec![ryu, itoa] }),
        says(Content::Withdraw { statements: vec![Digest([9; 32]), Digest([3; 32])] }),
    ];
    let mut shown = Vec::new();
    for statement in all {
        let bytes = write(&statement, &limits()).unwrap();
        let again = read("x", &bytes, &limits()).unwrap();
        assert_eq!(write(&again, &limits()).unwrap(), bytes);
        shown.push(format!(
            "{} under {}\n{}",
            statement.file_name(&bytes),
            statement.kind().namespace(),
            std::str::from_utf8(&bytes).unwrap()
        ));
    }
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn any_other_spelling_is_refused_in_words() {
    let good = text(&approval());
    let audit = text(&says(Content::Audit {
        releases: vec![subject("itoa", "1.0.15", 0x15), subject("ryu", "1.0.5+b", 0x52)],
        bases: Some(vec![subject("itoa", "1.0.14", 0x14), subject("ryu", "1.0.4", 0x51)]),
        criteria: vec!["safe-to-deploy".into(), "safe-to-run".into()],
        reader: Reader::Person,
        until: Some("2027-01-01T00:00:00Z".parse().unwrap()),
    }));
    let first = format!("{{\"digest\":{{\"sha256\":\"{DIGEST}\"}},\"name\":\"pkg:cargo/itoa@1.0.15\"}}");
    let one = |what: &str, with: &str| (format!("{what} → {with}"), good.replacen(what, with, 1));
    let of_audit =
        |what: &str, with: &str| (format!("audit: {what} → {with}"), audit.replacen(what, with, 1));
    let cases = [
        ("nothing".to_owned(), String::new()),
        ("deep".to_owned(), "[".repeat(1_000)),
        ("no line feed".to_owned(), good.trim_end().to_owned()),
        ("two line feeds".to_owned(), format!("{good}\n")),
        ("carriage return".to_owned(), good.replace('\n', "\r\n")),
        ("byte order mark".to_owned(), format!("\u{feff}{good}")),
        one("\"predicate\":", "\"predicate\": "),
        one(
            "{\"comment\":\"Read.\",\"made\":\"2026-11-30T10:00:00Z\"",
            "{\"made\":\"2026-11-30T10:00:00Z\",\"comment\":\"Read.\"",
        ),
        one("Read.", "\\u0052ead."),
        one("Read.", "Read\\/."),
        one("Read.", "Re\\tad"),
        one("Read.", "\\u001b[2J"),
        one("Read.", ""),
        one("Read.", &"x".repeat(2_001)),
        one("Read.", "\\ud800"),
        one("Statement/v1", "Statement/v0.1"),
        one("urn:fence:approve:v1", "urn:fence:approve:v2"),
        one("urn:fence:approve:v1", "urn:fence:object:v1"),
        one("urn:fence:approve:v1", "urn:fence:revoke:v1"),
        one("urn:fence:approve:v1", "urn:fence:withdraw:v1"),
        one("10:00:00Z", "10:00:00+00:00"),
        one("10:00:00Z", "10:00:00.5Z"),
        one("2026-11-30T10:00:00Z", "2026-11-30"),
        one("2026-11-30T10:00:00Z", "yesterday"),
        one("ann@example.org", "*@example.org"),
        one("ann@example.org", "ann lee@example.org"),
        one("ann@example.org", ""),
        one("\"person\"", "\"nobody\""),
        one("\"person\"", "null"),
        one("\"reader\":\"person\",", ""),
        one("\"trust\"", "\"diff\""),
        one("\"trust\"", "\"hope\""),
        one("\"signer\"", "\"nonce\":1,\"signer\""),
        one("\"made\"", "\"comment\":\"Not read.\",\"made\""),
        one("\"ann@example.org\"", "\"ann@example.org\",\"until\":\"2026-11-30T10:00:00Z\""),
        one(&first, ""),
        one(&first, &format!("{first},{first}")),
        one("@1.0.15", "@1.0"),
        one("@1.0.15", "@1.0.15?repository_url=example.org"),
        one("@1.0.15", "@1.0.15%2bb"),
        one("@1.0.15", "@1.0.15+b"),
        one("pkg:cargo/itoa", "pkg:npm/itoa"),
        one("pkg:cargo/itoa", "pkg:cargo/../itoa"),
        one("151515", "15151"),
        one("151515", "A51515"),
        one("\"sha256\"", "\"sha512\""),
        of_audit("@1.0.14", "@1.0.15"),
        of_audit("ryu@1.0.4", "itoa@1.0.4"),
        of_audit("\"safe-to-deploy\",\"safe-to-run\"", "\"safe-to-run\",\"safe-to-deploy\""),
        of_audit("\"safe-to-deploy\",\"safe-to-run\"", ""),
        of_audit("safe-to-run", "Safe to run"),
        of_audit("\"criteria\":[\"safe-to-deploy\",\"safe-to-run\"],", ""),
        of_audit(&first, &first.replace("itoa", "zoa")),
    ];
    let mut shown = Vec::new();
    for (what, bytes) in cases {
        let what: String = what.chars().take(100).collect();
        let problem = read("approve.json", bytes.as_bytes(), &limits()).expect_err(&what);
        shown.push(format!("{what}\n    {problem}"));
    }
    let many = vec![0; limits().statement_bytes + 1];
    shown.push(format!("too long\n    {}", read("approve.json", &many, &limits()).unwrap_err()));
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn nothing_is_written_that_nobody_would_read() {
    let check = |statement: Statement| write(&statement, &limits()).unwrap_err().to_string();
    let releases: Vec<_> = (0..201).map(|minor| subject("a", &format!("1.{minor}.0"), 1)).collect();
    let twice = vec![subject("a", "1.0.0", 1), subject("b", "1.0.0", 1), subject("a", "1.0.0", 2)];
    let words = [
        check(says(Content::Revoke { releases })),
        check(says(Content::Revoke { releases: twice })),
        check(Statement { comment: "\u{7}".into(), ..approval() }),
        check(says(Content::Withdraw { statements: vec![Digest([1; 32]), Digest([1; 32])] })),
    ];
    insta::assert_snapshot!(words.join("\n"));
}

#[test]
fn a_statement_speaks_of_its_releases_alone() {
    let statement = says(Content::Revoke {
        releases: vec![subject("ryu", "1.0.5+b", 0x52), subject("itoa", "1.0.15", 0x15)],
    });
    let about = |name: &str, version: &str, byte: u8| {
        let outcome = statement.about(&name.parse().unwrap(), &version.parse().unwrap(), &Digest([byte; 32]));
        outcome.map_err(|error| error.to_string())
    };
    assert_eq!(about("itoa", "1.0.15", 0x15), Ok(1));
    assert_eq!(about("ryu", "1.0.5+b", 0x52), Ok(0));
    insta::assert_snapshot!(
        [
            about("itoa", "1.0.15", 0x16),
            about("itoa", "1.0.14", 0x15),
            about("ryu", "1.0.5", 0x52),
            about("Itoa", "1.0.15", 0x15)
        ]
        .map(Result::unwrap_err)
        .join("\n")
    );
}

#[test]
fn kinds_share_no_namespace() {
    for one in Kind::ALL {
        assert!(Kind::ALL.iter().all(|other| one == *other || one.namespace() != other.namespace()));
    }
    assert_eq!(id(b"").to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/// Any statement that is allowed, its releases in any order.
fn statements() -> impl Strategy<Value = Statement> {
    let version = "(0|[1-9][0-9]{0,3})\\.[0-9]\\.[0-9](-[a-z]{1,4}(\\.[1-9])?)?(\\+[a-z0-9]{1,5})?";
    let release = ("[a-zA-Z][a-zA-Z0-9_-]{0,10}", version, any::<u8>());
    let releases = prop::collection::btree_map("[a-z]{1,4}", release, 1..6).prop_map(|releases| {
        let of = |(prefix, (name, version, byte)): (String, (String, String, u8))| {
            subject(&format!("{prefix}_{name}"), &version, byte)
        };
        releases.into_iter().rev().map(of).collect::<Vec<_>>()
    });
    let until = prop::option::of((1_900_000_000i64..4_000_000_000).prop_map(Time::from_unix));
    let reader = prop::sample::select(&[Reader::Person, Reader::Machine][..]);
    let comment = "[ -~éß→\u{202e}\n\"\\\\]{1,60}";
    ((0usize..6), releases, until, reader, comment, 0i64..1_800_000_000).prop_map(
        |(kind, releases, until, reader, comment, made)| {
            let before = |subject: &Subject| {
                let mut base = subject.clone();
                base.release.version.major += 1;
                base
            };
            let bases: Vec<_> = releases.iter().map(before).collect();
            let content = match kind {
                0 => Content::Approve { releases, rests_on: RestsOn::Audit, reader, until },
                1 => Content::Approve { releases, rests_on: RestsOn::Diff(bases), reader, until },
                2 => Content::Object { releases, reader, until },
                3 => Content::Audit {
                    releases,
                    bases: Some(bases),
                    criteria: vec!["a".into(), "b-1".into()],
                    reader,
                    until,
                },
                4 => Content::Revoke { releases },
                _ => Content::Withdraw {
                    statements: releases
                        .iter()
                        .map(|subject| id(subject.release.name.as_str().as_bytes()))
                        .collect(),
                },
            };
            Statement {
                signer: "ann@example.org".parse().unwrap(),
                made: Time::from_unix(made),
                comment: comment.into(),
                content,
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_written_is_read_and_written_again(statement in statements()) {
        let bytes = write(&statement, &limits()).unwrap();
        let again = read("x", &bytes, &limits()).unwrap();
        prop_assert_eq!(write(&again, &limits()).unwrap(), bytes);
        prop_assert_eq!((&again.signer, again.made, &again.comment), (&statement.signer, statement.made, &statement.comment));
        for subject in statement.releases() {
            let place = again.about(&subject.release.name, &subject.release.version, &subject.digest).unwrap();
            if let (Some(bases), Some(given)) = (again.bases(), statement.bases()) {
                let before = statement.releases().iter().position(|other| other == subject).unwrap();
                prop_assert_eq!(&bases[place], &given[before]);
            }
        }
    }

    /// Whatever is done to the bytes: what is still a statement is in its one spelling.
    #[test]
    fn no_statement_has_two_spellings(statement in statements(), at in any::<prop::sample::Index>(), with in "[ -~\n]{0,3}") {
        let mut bytes = write(&statement, &limits()).unwrap();
        let at = at.index(bytes.len());
        bytes.splice(at..(at + 1), with.bytes());
        if let Ok(read) = read("x", &bytes, &limits()) {
            prop_assert_eq!(write(&read, &limits()).unwrap(), bytes);
        }
    }
}
