use std::fmt::Write;

use proptest::prelude::*;

use super::*;
use crate::{IndexPath, fence_data};

const ARRAYREF: &[u8] = include_bytes!("../../tests/data/index/arrayref");
const MEMCHR: &[u8] = include_bytes!("../../tests/data/index/memchr");

fn parse<'a>(name: &str, bytes: &'a [u8]) -> IndexFile<'a> {
    IndexFile::parse(&name.parse().unwrap(), bytes, &Limits::DEFAULT).unwrap()
}

/// One line of an index file of the crate `a`; `change` puts other JSON in place of what is there.
fn line(change: &[(&str, &str)]) -> String {
    let mut line = format!(
        r#"{{"name":"a","vers":"1.0.0","deps":[],"cksum":"{}","features":{{}},"yanked":false,"pubtime":"2026-08-20T07:15:00Z"}}"#,
        "ab".repeat(32)
    );
    for (old, new) in change {
        assert!(line.contains(old), "{old} is in {line}");
        line = line.replace(old, new);
    }
    line
}

#[test]
fn a_file_tells_every_release() {
    let file = parse("arrayref", ARRAYREF);
    assert_eq!((file.releases.len(), file.skipped.len(), file.problems.len()), (15, 0, 0));
    let latest = file.releases.last().unwrap();
    assert_eq!(latest.version.to_string(), "0.3.9");
    assert_eq!(latest.digest.short(), "76a2e812");
    assert_eq!(latest.published.unwrap().to_string(), "2024-09-14T12:24:40Z");
    assert_eq!(file.born().unwrap().to_string(), "2015-08-24T18:49:31Z");
}

/// Renamed, optional, for the build, for a platform, from elsewhere: as the line tells it.
#[test]
fn a_line_tells_all_that_is_kept() {
    insta::assert_debug_snapshot!(parse("memchr", MEMCHR).releases);
    let text = line(&[(
        "\"deps\":[]",
        r#""deps":[{"name":"b","req":"^1","features":[],"optional":false,"default_features":true,"target":"cfg(unix)","kind":"build","registry":"https://r.example/index","package":"real-b"},{"name":"c\u002dd","req":"*","kind":"later"}],"links":"z","unknown":[{}]"#,
    )]);
    insta::assert_debug_snapshot!(parse("a", text.as_bytes()).releases);
}

#[test]
fn yanked_may_be_null_or_left_out() {
    for (written, yanked) in [("\"yanked\":true,", true), ("\"yanked\": null ,", false), ("", false)] {
        let text = line(&[("\"yanked\":false,", written)]);
        assert_eq!(parse("a", text.as_bytes()).releases[0].yanked, yanked, "{text}");
    }
}

/// As cargo does; but a lockfile may name one, so they are told.
#[test]
fn lines_of_a_newer_schema_are_skipped_and_told() {
    let newer = line(&[("\"yanked\":false", "\"yanked\":false,\"v\":3")]);
    let of_another_shape = line(&[("\"deps\":[]", "\"deps\":7,\"v\":4"), ("1.0.0", "1.1.0")]);
    let text = format!("{newer}\n{of_another_shape}\n{}\n", line(&[("1.0.0", "1.2.0")]));
    let file = parse("a", text.as_bytes());
    assert_eq!(
        file.skipped,
        [
            Skipped { line: 1, version: Version::new(1, 0, 0), schema: 3 },
            Skipped { line: 2, version: Version::new(1, 1, 0), schema: 4 },
        ]
    );
    assert_eq!((file.releases.len(), file.problems.len()), (1, 0));
}

#[test]
fn two_lines_of_one_version_are_both_there() {
    let text = format!("{}\n{}\n", line(&[]), line(&[("abab", "cdcd")]));
    let versions: Vec<_> = parse("a", text.as_bytes())
        .releases
        .iter()
        .map(|r| format!("{} {}", r.version, r.digest.short()))
        .collect();
    assert_eq!(versions, ["1.0.0 abababab", "1.0.0 cdcdcdcd"]);
}

/// One bad line costs that line alone, and is told.
#[test]
fn bad_lines_are_told_and_the_rest_is_used() {
    let bad = [
        "<html>".to_owned(),
        "{}".to_owned(),
        line(&[("\"name\":\"a\"", "\"name\":\"b\"")]),
        line(&[("\"1.0.0\"", "\"1.0\"")]),
        line(&[("\"1.0.0\"", "\"01.0.0\"")]),
        line(&[("abab", "ab")]),
        line(&[("abab", "ABAB")]),
        line(&[("T07:15:00Z", "")]),
        line(&[("T07:15:00Z", "T07:15:00+02:00")]),
        line(&[("08-20T", "13-20T")]),
        line(&[("\"yanked\":false", "\"yanked\":\"no\"")]),
        line(&[("\"deps\":[]", "\"deps\":[{}]")]),
        line(&[("}", "")]),
        line(&[("\"name\"", "\"name\":\"a\",\"name\"")]),
        "{\"name\":\"a\",\"vers\":\"1.0.0\",\"v\":9".to_owned(),
        "\u{0}".to_owned(),
    ];
    let text = format!("{}\n\n \r\n{}", bad.join("\n"), line(&[]));
    let file = parse("a", text.as_bytes());
    assert_eq!(file.releases.len(), 1);
    assert_eq!(file.releases[0].line, 19);
    let told = file.problems.iter().fold(String::new(), |mut told, problem| {
        writeln!(told, "{problem}").unwrap();
        told
    });
    insta::assert_snapshot!(format!("{told}hint: {}", file.problems[0].hint()));
}

#[test]
fn limits_hold() {
    let name: CrateName = "arrayref".parse().unwrap();
    let narrow = Limits { index_line_bytes: 320, index_file_bytes: 5_000, ..Limits::DEFAULT };
    let file = IndexFile::parse(&name, ARRAYREF, &narrow).unwrap();
    assert_eq!((file.releases.len(), file.problems.len()), (8, 7));
    assert_eq!(
        file.problems[0].to_string(),
        "index of arrayref, line 9: 323 bytes, and at most 320 are read"
    );
    let error = IndexFile::parse(&name, &ARRAYREF.repeat(2), &narrow).unwrap_err();
    assert_eq!(error.to_string(), "the index file has 9672 bytes, and at most 5000 are read");
}

#[test]
fn facts_name_real_packages_and_their_registries() {
    let deps = r#""deps":[{"name":"b","req":"^1","kind":"build","optional":true,"package":"real-b"},{"name":"c","req":"*","kind":"dev","registry":"https://r.example/index"}]"#;
    let text = [
        line(&[("\"deps\":[]", deps)]),
        line(&[("\"deps\":[]", deps), ("1.0.0", "1.0.1"), ("\"yanked\":false", "\"yanked\":true")]),
        line(&[("1.0.0", "1.0.2")]),
    ]
    .join("\n");
    let file = parse("a", text.as_bytes());
    let facts = file.facts(|package, registry| match (package, registry) {
        ("real-b", None) => Birth::At(Time::from_unix(7)),
        ("c", Some("https://r.example/index")) => Birth::Untold,
        other => panic!("{other:?}"),
    });
    assert_eq!(
        facts[0].dependencies[..],
        [
            Dependency {
                package: "real-b",
                requirement: "^1",
                kind: DependencyKind::Build,
                optional: true,
                birth: Birth::At(Time::from_unix(7))
            },
            Dependency {
                package: "c",
                requirement: "*",
                kind: DependencyKind::Dev,
                optional: false,
                birth: Birth::Untold
            },
        ]
    );
    assert!(Arc::ptr_eq(&facts[0].dependencies, &facts[1].dependencies));
    assert!(facts[2].dependencies.is_empty());
    assert_eq!(facts.iter().map(|f| f.yanked).collect::<Vec<_>>(), [false, true, false]);
}

/// All 2,497 files: every line is a release, and every file lies where its crate's path says.
#[test]
fn real_indexes_are_read_whole() {
    let Some(files) = fence_data::index() else { return };
    assert_eq!(files.len(), 2_497);
    let mut releases = 0;
    for (path, bytes) in &files {
        let text = std::str::from_utf8(bytes).unwrap();
        let name: CrateName = text.split('"').nth(3).unwrap().parse().unwrap();
        assert!(path.ends_with(IndexPath::of(&name).as_str()), "{path}");
        let file = parse(name.as_str(), bytes);
        assert_eq!((&file.problems, &file.skipped), (&Vec::new(), &Vec::new()), "{path}");
        assert_eq!(file.facts(|_, _| Birth::Unread).len(), text.lines().count(), "{path}");
        releases += file.releases.len();
    }
    assert_eq!(releases, 83_446);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is done to a file, each of its lines is told as exactly one thing.
    #[test]
    fn no_line_vanishes(at in any::<prop::sample::Index>(), cut in 0usize..9, put in prop::collection::vec(any::<u8>(), 0..4)) {
        let mut bytes = ARRAYREF.to_vec();
        let at = at.index(bytes.len());
        let end = (at + cut).min(bytes.len());
        bytes.splice(at..end, put);
        let lines = bytes.split(|b| *b == b'\n').filter(|line| !line.iter().all(u8::is_ascii_whitespace)).count();
        let file = parse("arrayref", &bytes);
        prop_assert_eq!(file.releases.len() + file.skipped.len() + file.problems.len(), lines);
    }
}
