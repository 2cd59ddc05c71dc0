//! What is read of OSV records, and what is said of those that cannot be.

use fence_evidence::advisories::{AdvisoryRecord, read_database};
use fence_evidence::osv::affected::{Affected, Event};
use fence_evidence::osv::{Told, format, parse_record};
use fence_evidence::{Limits, Parsed};
use fence_model::Time;
use fence_model::facts::{Advisory, AdvisoryKind, Range};
use fence_testkit::world::interval;
use proptest::prelude::*;
use proptest::sample::select;
use semver::Version;

const GITHUB: &[u8] = include_bytes!("data/osv/GHSA-2222-3333-4444.json");
const GITHUB_MALWARE: &[u8] = include_bytes!("data/osv/GHSA-5555-6666-7777.json");
const MALWARE: &[u8] = include_bytes!("data/osv/MAL-2025-99999.json");
const RUSTSEC: &[u8] = include_bytes!("data/osv/RUSTSEC-2024-9001.json");
const MARKDOWN: &[u8] = include_bytes!("data/advisories/crates/arrayref/RUSTSEC-2026-0260.md");

fn intervals(patched: &[Range], unaffected: &[Range]) -> String {
    let all = |ranges: &[Range]| ranges.iter().map(interval).collect::<Vec<_>>().join(" ");
    format!("patched {}; unaffected {}", all(patched), all(unaffected))
}

/// A record on `foo` with these keys beside its id and time; `affected` is what stands in the entry beside the name.
fn record(keys: &str, affected: &str) -> String {
    format!(
        r#"{{"id": "GHSA-1", "modified": "2026-01-31T10:20:30Z", {keys}
"affected": [{{"package": {{"ecosystem": "crates.io", "name": "foo"}}, {affected}}}]}}"#
    )
}

/// A record with these events in its one range.
fn events(events: &str) -> String {
    record("", &format!(r#""ranges": [{{"type": "SEMVER", "events": [{events}]}}]"#))
}

/// What `text` as `GHSA-1.json` is said to be.
fn read(text: &str) -> String {
    match parse_record("GHSA-1.json", text.as_bytes(), &Limits::default()) {
        Ok(records) => {
            let all: Vec<String> = records
                .iter()
                .map(|record| {
                    format!("{:?}, {}", record.kind, intervals(&record.patched, &record.unaffected))
                })
                .collect();
            if all.is_empty() { "nothing".to_owned() } else { all.join(" and ") }
        }
        Err(problem) => problem.to_string(),
    }
}

#[test]
fn exported_records_are_read() {
    let files = [
        ("RUSTSEC-2024-9001.json", RUSTSEC),
        ("MAL-2025-99999.json", MALWARE),
        ("records/GHSA-2222-3333-4444.json", GITHUB),
        ("GHSA-5555-6666-7777.json", GITHUB_MALWARE),
        ("crates/arrayref/RUSTSEC-2026-0260.md", MARKDOWN),
        ("package.json", b"{}"),
        ("GHSA-2222-3333-4444.json.sig", b""),
    ];
    let Parsed { value, problems } = read_database("osv", files, &Limits::default()).expect("a database");
    assert_eq!(problems, []);
    let shown = |record: &AdvisoryRecord| {
        format!(
            "{} {} {:?}: {}\n  known {}, withdrawn {:?}\n  {}\n  url {:?}, cvss {:?}\n  aliases {:?}, related {:?}, categories {:?}",
            record.id,
            record.package,
            record.kind,
            record.title,
            record.known,
            record.withdrawn,
            intervals(&record.patched, &record.unaffected),
            record.url.as_deref().unwrap_or_default(),
            record.cvss.as_deref().unwrap_or_default(),
            record.aliases,
            record.related,
            record.categories,
        )
    };
    let lines: Vec<String> = value.iter().map(shown).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    GHSA-2222-3333-4444 tidy Vulnerability: tidy has a use after free in `Tidy::sweep`
      known 2024-02-08T23:59:59Z, withdrawn None
      patched [0.9.4, 1.0.0); unaffected (1.0.2, ..)
      url "https://example.org/tidy/security", cvss "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
      aliases ["CVE-2024-11111", "RUSTSEC-2024-9001"], related [], categories []
    GHSA-2222-3333-4444 tidy-sys Vulnerability: tidy has a use after free in `Tidy::sweep`
      known 2024-02-08T23:59:59Z, withdrawn None
      patched ; unaffected (.., 1.0.0) (1.0.0, ..)
      url "https://example.org/tidy/security", cvss "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
      aliases ["CVE-2024-11111", "RUSTSEC-2024-9001"], related [], categories []
    GHSA-5555-6666-7777 untidy Malicious: Malware in untidy
      known 2025-09-25T23:59:59Z, withdrawn None
      patched ; unaffected 
      url "", cvss ""
      aliases [], related [], categories []
    MAL-2025-99999 untidy Malicious: Malicious code in untidy (crates.io)
      known 2025-09-24T23:59:59Z, withdrawn None
      patched ; unaffected (.., 0.1.0) (0.1.0, 0.1.1) (0.1.1, ..)
      url "", cvss ""
      aliases ["GHSA-5555-6666-7777"], related [], categories []
    RUSTSEC-2024-9001 tidy Unsound: Sweeping twice frees twice
      known 2024-02-07T23:59:59Z, withdrawn Some(2024-03-01T23:59:59Z)
      patched [0.9.4, 1.0.0) [1.0.3-0, ..); unaffected 
      url "https://example.org/crates/tidy", cvss ""
      aliases ["CVE-2024-11111", "GHSA-2222-3333-4444"], related ["CVE-2023-1"], categories ["memory-corruption"]
    RUSTSEC-2026-0260 arrayref Malicious: `arrayref` 0.3.10 was removed from crates.io due to a malicious dependency
      known 2026-08-20T23:59:59Z, withdrawn None
      patched ; unaffected (.., 0.3.9]
      url "https://blog.rust-lang.org/2026/08/20/supply-chain-attack-on-arrayref", cvss ""
      aliases [], related [], categories ["malicious"]
    "#);
}

#[test]
fn what_a_range_leaves_is_patched_only_after_a_fix() {
    let cases = [
        r#"{"introduced": "0"}"#,
        r#"{"introduced": "1.0.0"}, {"fixed": "1.2.0"}"#,
        r#"{"fixed": "1.2.0"}, {"introduced": "1.0.0"}"#,
        r#"{"introduced": "0.0.0-0"}, {"last_affected": "1.2.0"}"#,
        r#"{"introduced": "0"}, {"fixed": "1.2.0"}, {"introduced": "2.0.0"}"#,
        r#"{"introduced": "0"}, {"fixed": "1.2.0"}, {"introduced": "1.2.0"}, {"fixed": "1.3.0"}"#,
        r#"{"introduced": "1.2.0"}, {"last_affected": "1.2.0"}"#,
        r#"{"introduced": "1.2.0"}, {"fixed": "1.2.0"}"#,
        r#"{"last_affected": "1.2.0"}, {"introduced": "1.2.0"}"#,
        r#"{"introduced": "0"}, {"fixed": "1.2.0"}, {"fixed": "1.3.0"}"#,
        r#"{"introduced": "0"}, {"introduced": "1.0.0"}, {"last_affected": "1.1.0"}, {"fixed": "1.2.0"}"#,
        r#"{"introduced": "0"}, {"limit": "1.0.0"}, {"limit": "2.0.0"}"#,
        r#"{"introduced": "0"}, {"fixed": "1.2.0"}, {"limit": "*"}"#,
        r#"{"introduced": "0"}, {"fixed": "1.2.0"}, {"limit": "1.0.0"}"#,
        r#"{"introduced": "3.0.0"}, {"limit": "1.0.0"}"#,
        r#"{"introduced": "1"}, {"fixed": "1.2-rc.1"}"#,
        r#"{"introduced": "1.0.0+a"}, {"fixed": "1.0.0+b"}"#,
    ];
    let lines: Vec<String> = cases.iter().map(|text| format!("{text}: {}", read(&events(text)))).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    {"introduced": "0"}: Vulnerability, patched ; unaffected 
    {"introduced": "1.0.0"}, {"fixed": "1.2.0"}: Vulnerability, patched [1.2.0, ..); unaffected (.., 1.0.0)
    {"fixed": "1.2.0"}, {"introduced": "1.0.0"}: Vulnerability, patched [1.2.0, ..); unaffected (.., 1.0.0)
    {"introduced": "0.0.0-0"}, {"last_affected": "1.2.0"}: Vulnerability, patched ; unaffected (1.2.0, ..)
    {"introduced": "0"}, {"fixed": "1.2.0"}, {"introduced": "2.0.0"}: Vulnerability, patched [1.2.0, 2.0.0); unaffected 
    {"introduced": "0"}, {"fixed": "1.2.0"}, {"introduced": "1.2.0"}, {"fixed": "1.3.0"}: Vulnerability, patched [1.3.0, ..); unaffected 
    {"introduced": "1.2.0"}, {"last_affected": "1.2.0"}: Vulnerability, patched ; unaffected (.., 1.2.0) (1.2.0, ..)
    {"introduced": "1.2.0"}, {"fixed": "1.2.0"}: Vulnerability, patched ; unaffected (.., ..)
    {"last_affected": "1.2.0"}, {"introduced": "1.2.0"}: Vulnerability, patched ; unaffected (.., 1.2.0) (1.2.0, ..)
    {"introduced": "0"}, {"fixed": "1.2.0"}, {"fixed": "1.3.0"}: Vulnerability, patched [1.2.0, ..); unaffected 
    {"introduced": "0"}, {"introduced": "1.0.0"}, {"last_affected": "1.1.0"}, {"fixed": "1.2.0"}: Vulnerability, patched ; unaffected (1.1.0, ..)
    {"introduced": "0"}, {"limit": "1.0.0"}, {"limit": "2.0.0"}: Vulnerability, patched ; unaffected [2.0.0, ..)
    {"introduced": "0"}, {"fixed": "1.2.0"}, {"limit": "*"}: Vulnerability, patched [1.2.0, ..); unaffected 
    {"introduced": "0"}, {"fixed": "1.2.0"}, {"limit": "1.0.0"}: Vulnerability, patched ; unaffected [1.0.0, ..)
    {"introduced": "3.0.0"}, {"limit": "1.0.0"}: Vulnerability, patched ; unaffected (.., ..)
    {"introduced": "1"}, {"fixed": "1.2-rc.1"}: Vulnerability, patched [1.2.0-rc.1, ..); unaffected (.., 1.0.0)
    {"introduced": "1.0.0+a"}, {"fixed": "1.0.0+b"}: Vulnerability, patched ; unaffected (.., ..)
    "#);
}

#[test]
fn ranges_and_versions_are_united() {
    let cases = [
        r#""versions": ["1.0.0"]"#,
        r#""versions": ["1.1.0", "1.0.0", "1.1.0"], "ranges": null"#,
        r#""versions": ["1.5.0"], "ranges": [{"type": "SEMVER", "events": [{"introduced": "1.0.0"}, {"fixed": "2.0.0"}]}]"#,
        r#""versions": ["2.0.0"], "ranges": [{"type": "SEMVER", "events": [{"introduced": "1.0.0"}, {"fixed": "2.0.0"}]}]"#,
        r#""versions": ["3.0.0"], "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "1.0.0"}, {"fixed": "2.0.0"}]}]"#,
        r#""versions": ["3.0.0"], "ranges": [{"type": "GIT", "repo": "https://example.org", "events": [{"introduced": "0"}]}]"#,
        r#""ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.0.0"}]}, {"type": "SEMVER", "events": [{"introduced": "0.5.0"}, {"last_affected": "1.0.0"}]}]"#,
        r#""ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"limit": "1.0.0"}]}, {"type": "SEMVER", "events": [{"introduced": "0.5.0"}, {"fixed": "1.0.0"}]}]"#,
    ];
    let lines: Vec<String> =
        cases.iter().map(|text| format!("{text}: {}", read(&record("", text)))).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    "versions": ["1.0.0"]: Vulnerability, patched ; unaffected (.., 1.0.0) (1.0.0, ..)
    "versions": ["1.1.0", "1.0.0", "1.1.0"], "ranges": null: Vulnerability, patched ; unaffected (.., 1.0.0) (1.0.0, 1.1.0) (1.1.0, ..)
    "versions": ["1.5.0"], "ranges": [{"type": "SEMVER", "events": [{"introduced": "1.0.0"}, {"fixed": "2.0.0"}]}]: Vulnerability, patched [2.0.0, ..); unaffected (.., 1.0.0)
    "versions": ["2.0.0"], "ranges": [{"type": "SEMVER", "events": [{"introduced": "1.0.0"}, {"fixed": "2.0.0"}]}]: Vulnerability, patched ; unaffected (.., 1.0.0) (2.0.0, ..)
    "versions": ["3.0.0"], "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "1.0.0"}, {"fixed": "2.0.0"}]}]: Vulnerability, patched [2.0.0, 3.0.0); unaffected (.., 1.0.0) (3.0.0, ..)
    "versions": ["3.0.0"], "ranges": [{"type": "GIT", "repo": "https://example.org", "events": [{"introduced": "0"}]}]: Vulnerability, patched ; unaffected (.., 3.0.0) (3.0.0, ..)
    "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.0.0"}]}, {"type": "SEMVER", "events": [{"introduced": "0.5.0"}, {"last_affected": "1.0.0"}]}]: Vulnerability, patched ; unaffected (1.0.0, ..)
    "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"limit": "1.0.0"}]}, {"type": "SEMVER", "events": [{"introduced": "0.5.0"}, {"fixed": "1.0.0"}]}]: Vulnerability, patched [1.0.0, ..); unaffected
    "#);
}

#[test]
fn the_gravest_kind_counts() {
    let all = r#""versions": ["1.0.0"]"#;
    let of_entry = |said: &str| record("", &format!(r#"{all}, "database_specific": {said}"#));
    let of_record = |said: &str| record(&format!(r#""database_specific": {said},"#), all);
    let cases = [
        of_entry("null"),
        of_entry("3"),
        of_entry(r#"{"informational": null}"#),
        of_entry(r#"{"informational": "unsound"}"#),
        of_entry(r#"{"informational": "unmaintained"}"#),
        of_entry(r#"{"informational": "notice"}"#),
        of_entry(r#"{"informational": "something-new"}"#),
        of_entry(r#"{"informational": "unsound", "categories": ["code-execution", "malicious"]}"#),
        of_entry(r#"{"categories": "malicious"}"#),
        of_record(r#"{"cwe_ids": ["CWE-506"]}"#),
        of_record(r#"{"cwe_ids": ["CWE-5060", 506]}"#),
        of_record(r#"{"type": "malware"}"#),
        of_record(r#"{"type": "reviewed"}"#),
        record(r#""aliases": ["MAL-2026-1"],"#, all),
    ];
    let lines: Vec<String> = cases
        .iter()
        .map(|text| read(text).split(',').next().map(str::to_owned).unwrap_or_default())
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    Vulnerability
    Vulnerability
    Vulnerability
    Unsound
    Unmaintained
    Notice
    Notice
    Malicious
    Vulnerability
    Malicious
    Vulnerability
    Malicious
    Vulnerability
    Vulnerability
    ");
}

#[test]
fn one_record_speaks_of_several_crates_or_none() {
    let two = record(
        "",
        r#""versions": ["1.0.0"]}, {"package": {"ecosystem": "crates.io", "name": "bar"}, "versions": ["2.0.0"]"#,
    );
    assert_eq!(read(&two).matches("Vulnerability").count(), 2);
    let other = two.replace("crates.io", "npm");
    assert_eq!(read(&other), "nothing");
    assert_eq!(read(&record("", "").replace(", }", "}").replace("affected", "affects")), "nothing");
}

/// Each kind of fault, with what is wrong.
#[test]
fn what_cannot_be_read_is_named() {
    let good = record("", r#""versions": ["1.0.0"]"#);
    let many = format!(r#""versions": [{}"1.0.0"]"#, r#""1.0.0", "#.repeat(4_000));
    let cases = [
        String::new(),
        "[]".to_owned(),
        good[..good.len() - 5].to_owned(),
        good.replace("\"id\": \"GHSA-1\"", "\"id\": 1"),
        good.replace("\"id\": \"GHSA-1\",", ""),
        good.replace("GHSA-1", "GHSA-2"),
        good.replace("GHSA-1", "../../etc"),
        good.replace("GHSA-1", "\\u001b[2J"),
        good.replace("\"modified\": \"2026-01-31T10:20:30Z\",", ""),
        good.replace("2026-01-31T10:20:30Z", "2026-01-31"),
        good.replace("2026-01-31T10:20:30Z", "yesterday"),
        record(r#""withdrawn": "soon","#, r#""versions": ["1.0.0"]"#),
        record(r#""schema_version": "2.0.0","#, r#""versions": ["1.0.0"]"#),
        record(r#""aliases": "CVE-1","#, r#""versions": ["1.0.0"]"#),
        good.replace("\"foo\"", "\"no name\""),
        record("", r#""versions": []"#),
        record("", r#""ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]"#),
        record("", r#""versions": ["one"]"#),
        record("", &many),
        record("", r#""ranges": [{"type": "SEMVER", "events": {"introduced": "0"}}]"#),
        events(r#"{"introduced": "0", "fixed": "1.0.0"}"#),
        events(r#"{"introduced": 0}"#),
        events("{}"),
        events(r#"{"introduced": "0"}, {"reintroduced": "1.0.0"}"#),
        events(r#"{"introduced": "0"}, {"fixed": "\u001b[2J"}"#),
        events(r#"{"introduced": "0"}, {"fixed": "0.0.1.2"}"#),
        events(r#"{"fixed": "1.0.0"}"#),
        record(&format!(r#""details": "{}","#, "x".repeat(1 << 20)), r#""versions": ["1.0.0"]"#),
    ];
    let lines: Vec<String> = cases.iter().map(|text| read(text)).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    GHSA-1.json:1: not an OSV record: EOF while parsing a value
    GHSA-1.json:1: not an OSV record: invalid length 0, expected struct Record with 13 elements
    GHSA-1.json:2: not an OSV record: EOF while parsing a string
    GHSA-1.json:1: not an OSV record: invalid type: integer `1`, expected a string
    GHSA-1.json:2: not an OSV record: missing field `id`
    GHSA-1.json: this advisory says "GHSA-2" where its path says "GHSA-1"
    GHSA-1.json: "../../etc" is not an advisory's id, such as `RUSTSEC-2026-0001`
    GHSA-1.json: "\u{1b}[2J" is not an advisory's id, such as `RUSTSEC-2026-0001`
    GHSA-1.json: `published` is missing
    GHSA-1.json: "2026-01-31" is not a time: write it as `2026-08-20T07:15:00Z`
    GHSA-1.json: "yesterday" is not a time: write it as `2026-08-20T07:15:00Z`
    GHSA-1.json: "soon" is not a time: write it as `2026-08-20T07:15:00Z`
    GHSA-1.json: schema_version "2.0.0" is not read: 1.x is
    GHSA-1.json:1: not an OSV record: invalid type: string "CVE-1", expected a sequence
    GHSA-1.json: "no name" is not a crate name: letters, digits, `-` and `_`, at most 64, not starting with `-`
    GHSA-1.json: it does not say which releases of "foo" are affected: there are neither versions nor ranges of them
    GHSA-1.json: it does not say which releases of "foo" are affected: there are neither versions nor ranges of them
    GHSA-1.json: "one" is not a version: unexpected character 'o' while parsing major version number
    GHSA-1.json: there are 4001 events and versions, and at most 4000 are read
    GHSA-1.json:2: not an OSV record: invalid type: map, expected a sequence
    GHSA-1.json: an event has exactly one of `introduced`, `fixed`, `last_affected` and `limit`
    GHSA-1.json:2: not an OSV record: invalid type: integer `0`, expected a string
    GHSA-1.json: an event has exactly one of `introduced`, `fixed`, `last_affected` and `limit`
    GHSA-1.json: an event has exactly one of `introduced`, `fixed`, `last_affected` and `limit`
    GHSA-1.json: "\u{1b}[2J" is not a version: unexpected character '\u{1b}' while parsing major version number
    GHSA-1.json: "0.0.1.2" is not a version: unexpected character '.' after patch version number
    GHSA-1.json: `introduced` is missing
    GHSA-1.json: the file has 1048736 bytes, and at most 1048576 are read
    "#);
}

#[test]
fn one_broken_record_does_not_spoil_an_export() {
    let good = record("", r#""versions": ["1.0.0"]"#);
    let broken = good.replace("1.0.0", "one");
    let files = [
        ("GHSA-1.json", good.as_bytes()),
        ("elsewhere/GHSA-1.json", good.as_bytes()),
        ("GHSA-2.json", broken.as_bytes()),
    ];
    let Parsed { value, problems } = read_database("osv", files, &Limits::default()).expect("a database");
    assert_eq!(value.len(), 2);
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    GHSA-2.json: this advisory says "GHSA-1" where its path says "GHSA-2"
    elsewhere/GHSA-1.json: "GHSA-1" is also the id of "GHSA-1.json"
    "#);
    let foreign = good.replace("crates.io", "npm");
    let nothing = read_database("osv", [("GHSA-1.json", foreign.as_bytes())], &Limits::default());
    insta::assert_snapshot!(nothing.expect_err("nothing on crates"), @"osv: no advisory on a crate could be read: an advisory database has files such as `crates/foo/RUSTSEC-2026-0001.md`, an OSV export such as `RUSTSEC-2026-0001.json`");
}

/// What is written is read again as the same records, by way of a file for each.
#[test]
fn what_is_written_is_read_again() {
    let files = [
        ("GHSA-2222-3333-4444.json", GITHUB),
        ("MAL-2025-99999.json", MALWARE),
        ("RUSTSEC-2024-9001.json", RUSTSEC),
        ("crates/arrayref/RUSTSEC-2026-0260.md", MARKDOWN),
    ];
    let before = read_database("osv", files, &Limits::default()).expect("a database").value;
    let told = |record: &AdvisoryRecord| -> String {
        let fact = record.as_fact();
        let told =
            Told { package: record.package.clone(), advisory: fact, in_use: vec![Version::new(1, 0, 0)] };
        format(&[told])
    };
    for record in &before {
        let list: Vec<serde_json::Value> = serde_json::from_str(&told(record)).expect("a list");
        let [one] = list.as_slice() else { panic!("one record") };
        let again = parse_record("any", one.to_string().as_bytes(), &Limits::default()).expect("it is one");
        let (again, before) = (again[0].as_fact(), record.as_fact());
        for text in [
            "0.0.1",
            "0.3.9",
            "0.3.10-0",
            "0.3.10",
            "0.9.3",
            "0.9.4",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.2",
            "1.0.3",
        ] {
            let version: Version = text.parse().expect("a version");
            assert_eq!(again.affects(&version), before.affects(&version), "{} {version}", before.id);
            assert_eq!(again.fixes(&version), before.fixes(&version), "{} {version}", before.id);
        }
        let rest =
            |fact: Advisory<'_>| format!("{:?}", Advisory { patched: vec![], unaffected: vec![], ..fact });
        assert_eq!(rest(again), rest(before));
    }
    let all: Vec<Told<'_>> = before
        .iter()
        .map(|r| Told { package: r.package.clone(), advisory: r.as_fact(), in_use: vec![] })
        .collect();
    insta::assert_snapshot!(format(&all[..2]), @r#"
    [
      {
        "affected": [
          {
            "database_specific": {
              "categories": [],
              "in_use": [],
              "informational": null
            },
            "package": {
              "ecosystem": "crates.io",
              "name": "tidy",
              "purl": "pkg:cargo/tidy"
            },
            "ranges": [
              {
                "events": [
                  {
                    "introduced": "0"
                  },
                  {
                    "fixed": "0.9.4"
                  }
                ],
                "type": "SEMVER"
              },
              {
                "events": [
                  {
                    "introduced": "1.0.0"
                  },
                  {
                    "last_affected": "1.0.2"
                  }
                ],
                "type": "SEMVER"
              }
            ]
          },
          {
            "database_specific": {
              "categories": [],
              "in_use": [],
              "informational": null
            },
            "package": {
              "ecosystem": "crates.io",
              "name": "tidy-sys",
              "purl": "pkg:cargo/tidy-sys"
            },
            "ranges": [
              {
                "events": [
                  {
                    "introduced": "1.0.0"
                  },
                  {
                    "last_affected": "1.0.0"
                  }
                ],
                "type": "SEMVER"
              }
            ]
          }
        ],
        "aliases": [
          "CVE-2024-11111",
          "RUSTSEC-2024-9001"
        ],
        "id": "GHSA-2222-3333-4444",
        "modified": "2024-02-08T23:59:59Z",
        "published": "2024-02-08T23:59:59Z",
        "schema_version": "1.7.5",
        "summary": "tidy has a use after free in `Tidy::sweep`"
      }
    ]
    "#);
}

/// OSV's own algorithm, word for word: whether `version` is affected according to one range. Events of one version
/// go in the order that [`affected`](fence_evidence::osv::affected) names; the specification leaves it open.
fn is_affected_to_osv(version: &Version, events: &[Event]) -> bool {
    let at_least = |at: &Version| version.cmp_precedence(at).is_ge();
    let limits: Vec<&Option<Version>> =
        events.iter().filter_map(|e| if let Event::Limit(at) = e { Some(at) } else { None }).collect();
    if !limits.is_empty() && !limits.iter().any(|at| at.as_ref().is_none_or(|at| !at_least(at))) {
        return false;
    }
    let key = |event: &Event| match event {
        Event::Introduced(None) | Event::Limit(_) => (None, 0),
        Event::Fixed(at) => (Some(at.clone()), 0),
        Event::Introduced(Some(at)) => (Some(at.clone()), 0),
        Event::LastAffected(at) => (Some(at.clone()), 1),
    };
    let mut sorted = events.to_vec();
    sorted.sort_by(|one, other| {
        let ((one, rank), (other, other_rank)) = (key(one), key(other));
        match (&one, &other) {
            (Some(one), Some(other)) => one.cmp_precedence(other).then(rank.cmp(&other_rank)),
            _ => one.is_some().cmp(&other.is_some()),
        }
    });
    let mut vulnerable = false;
    for event in &sorted {
        match event {
            Event::Introduced(at) if at.as_ref().is_none_or(at_least) => vulnerable = true,
            Event::Fixed(at) if at_least(at) => vulnerable = false,
            Event::LastAffected(at) if version.cmp_precedence(at).is_gt() => vulnerable = false,
            _ => {}
        }
    }
    vulnerable
}

/// Versions close to each other, pre-releases and build metadata included, so that ends meet.
fn versions() -> impl Strategy<Value = Version> {
    let texts = [
        "0.0.0-0",
        "0.0.0",
        "0.9.0-rc.1",
        "0.9.0",
        "1.0.0-0",
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-rc.1",
        "1.0.0",
        "1.0.0+build",
        "1.0.1-0",
        "1.0.1",
        "1.1.0",
        "2.0.0-0",
        "2.0.0",
    ];
    select(texts.to_vec()).prop_map(|text| text.parse().expect("a version"))
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => versions().prop_map(|at| Event::Introduced(Some(at))),
        1 => Just(Event::Introduced(None)),
        3 => versions().prop_map(Event::Fixed),
        3 => versions().prop_map(Event::LastAffected),
        1 => versions().prop_map(|at| Event::Limit(Some(at))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// The translation affects what OSV's algorithm affects, of any events, and calls fixed only what follows a fix.
    #[test]
    fn a_translation_affects_what_osv_affects(
        mut ranges in prop::collection::vec(prop::collection::vec(event(), 0..6), 0..4),
        listed in prop::collection::vec(versions(), 0..3),
        asked in versions(),
    ) {
        for range in &mut ranges {
            if !range.iter().any(|event| matches!(event, Event::Introduced(_))) {
                range.push(Event::Introduced(None));
            }
        }
        let Affected { patched, unaffected } = Affected::of(&ranges, &listed).expect("all introduce something");
        let advisory = Advisory {
            id: "GHSA-1",
            kind: AdvisoryKind::Vulnerability,
            known: Time::EARLIEST,
            patched,
            unaffected,
            withdrawn: None,
            title: "a title",
            aliases: vec![],
        };
        let expected = listed.iter().any(|at| at.cmp_precedence(&asked).is_eq())
            || ranges.iter().any(|events| is_affected_to_osv(&asked, events));
        prop_assert_eq!(advisory.affects(&asked), expected, "{:?}", advisory);
        if advisory.fixes(&asked) {
            let is_fix = |event: &Event| matches!(event, Event::Fixed(at) if asked.cmp_precedence(at).is_ge());
            prop_assert!(!expected && ranges.iter().flatten().any(is_fix), "{:?}", advisory);
        }
        // Written and read again it says the same.
        let told = Affected { patched: advisory.patched.clone(), unaffected: advisory.unaffected.clone() };
        let again = Affected::of(&told.ranges(), &[]).expect("each begins somewhere");
        let again = Advisory { patched: again.patched, unaffected: again.unaffected, ..advisory.clone() };
        if told.ranges().is_empty() {
            prop_assert!(!advisory.affects(&asked));
        } else {
            let both = |a: &Advisory<'_>| (a.affects(&asked), a.fixes(&asked));
            prop_assert_eq!(both(&again), both(&advisory), "{:?} and {:?}", advisory, again);
        }
    }
}
