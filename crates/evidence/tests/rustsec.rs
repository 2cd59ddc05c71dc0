//! What is read of advisories, and what is said of those that cannot be.

use fence_evidence::advisories::read_database;
use fence_evidence::rustsec::{AdvisoryPath, parse_advisory, ranges};
use fence_evidence::{Error, Limits, Parsed};
use fence_model::facts::Range;
use fence_testkit::world::interval;

const ARRAYREF: &[u8] = include_bytes!("data/advisories/crates/arrayref/RUSTSEC-2026-0260.md");
const TIME: &[u8] = include_bytes!("data/advisories/crates/time/RUSTSEC-2020-0071.md");
const WITHDRAWN: &[u8] = include_bytes!("data/advisories/crates/libpulse-binding/RUSTSEC-2020-0055.md");
const STD: &[u8] = include_bytes!("data/advisories/rust/std/CVE-2017-20004.md");

/// An advisory on `foo` with these lines in its tables.
fn advisory(head: &str, versions: &str) -> String {
    format!(
        "```toml\n[advisory]\nid = \"RUSTSEC-2026-0001\"\npackage = \"foo\"\n{head}\n\n[versions]\n{versions}\n```\n\n# Foo\n\nText.\n"
    )
}

/// What `text` as the advisory of `foo` is said to be.
fn read(text: &str) -> String {
    let path = AdvisoryPath::parse("crates/foo/RUSTSEC-2026-0001.md").expect("a path");
    match parse_advisory(&path, text.as_bytes(), &Limits::default()) {
        Ok(record) => format!(
            "{:?}, {} patched, {} unaffected",
            record.kind,
            record.patched.len(),
            record.unaffected.len()
        ),
        Err(problem) => problem.to_string(),
    }
}

#[test]
fn real_advisories_are_read() {
    let files = [
        ("crates/time/RUSTSEC-2020-0071.md", TIME),
        ("crates/arrayref/RUSTSEC-2026-0260.md", ARRAYREF),
        ("crates/libpulse-binding/RUSTSEC-2020-0055.md", WITHDRAWN),
        ("rust/std/CVE-2017-20004.md", STD),
        ("README.md", b"# Advisories"),
        ("crates/time/notes.md", b"# Notes"),
        ("crates/time/.RUSTSEC-2020-0071.md.swp", b"\0"),
        ("support.toml", b""),
    ];
    let Parsed { value, problems } = read_database("RustSec", files, &Limits::default()).expect("a database");
    assert_eq!(problems, []);
    let lines: Vec<String> = value
        .iter()
        .map(|record| {
            let intervals = |ranges: &[Range]| ranges.iter().map(interval).collect::<Vec<_>>().join(" ");
            format!(
                "{} {}/{} {:?}: {}\n  known {}, withdrawn {:?}\n  patched {}; unaffected {}\n  url {:?}, cvss {:?}\n  aliases {:?}, related {:?}, categories {:?}",
                record.id,
                record.collection.as_str(),
                record.package,
                record.kind,
                record.title,
                record.known,
                record.withdrawn,
                intervals(&record.patched),
                intervals(&record.unaffected),
                record.url.as_deref().unwrap_or_default(),
                record.cvss.as_deref().unwrap_or_default(),
                record.aliases,
                record.related,
                record.categories,
            )
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    CVE-2017-20004 rust/std Vulnerability: MutexGuard<Cell<i32>> must not be Sync
      known 2017-04-29T23:59:59Z, withdrawn None
      patched [1.19.0, ..); unaffected (.., 1.0.0)
      url "https://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-2017-20004", cvss ""
      aliases [], related [], categories ["thread-safety"]
    RUSTSEC-2020-0055 crates/libpulse-binding Vulnerability: Please see RUSTSEC-2018-0020
      known 2020-10-21T23:59:59Z, withdrawn Some(2020-10-22T23:59:59Z)
      patched ; unaffected (0.0.0, ..)
      url "https://rustsec.org/advisories/RUSTSEC-2018-0020.html", cvss ""
      aliases [], related [], categories []
    RUSTSEC-2020-0071 crates/time Vulnerability: Potential segfault in the time crate
      known 2020-11-18T23:59:59Z, withdrawn None
      patched [0.2.23, ..); unaffected [0.2.0, 0.2.0] [0.2.1, 0.2.1] [0.2.2, 0.2.2] [0.2.3, 0.2.3] [0.2.4, 0.2.4] [0.2.5, 0.2.5] [0.2.6, 0.2.6]
      url "https://github.com/time-rs/time/issues/293", cvss "CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"
      aliases ["CVE-2020-26235", "GHSA-wcg3-cvx6-7396"], related [], categories ["code-execution", "memory-corruption"]
    RUSTSEC-2026-0260 crates/arrayref Malicious: `arrayref` 0.3.10 was removed from crates.io due to a malicious dependency
      known 2026-08-20T23:59:59Z, withdrawn None
      patched ; unaffected (.., 0.3.9]
      url "https://blog.rust-lang.org/2026/08/20/supply-chain-attack-on-arrayref", cvss ""
      aliases [], related [], categories ["malicious"]
    "#);
}

#[test]
fn requirements_are_ranges_by_precedence() {
    let texts = [
        ">1.2",
        ">= 1.2.3",
        "<1.2.3-rc.1",
        "<= 1",
        "=1.2",
        "^1.2.3",
        "1.2.3",
        "^0.2",
        "^0.0.3",
        "^0",
        "~1.2.3",
        "~1",
        "*",
        "^1.2.3-beta.1",
        ">= 1.2, < 1.5",
        "< 1.5, >= 1.2",
        ">1.2.3+build",
        // Rejected.
        "",
        "1.*",
        ">=1, <2, <3",
        ">=1, >2",
        "<1, <2",
        "=1, >2",
        "^1, <2",
        ">=2, <1",
        ">1, <1",
        "> 1 < 2",
        "one",
        "^0.0.18446744073709551615",
    ];
    let lines: Vec<String> = texts
        .iter()
        .map(|text| match ranges::parse_range(text) {
            Ok(range) => format!("{text:?} is {}", interval(&range)),
            Err(error) => error.to_string(),
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    ">1.2" is (1.2.0, ..)
    ">= 1.2.3" is [1.2.3, ..)
    "<1.2.3-rc.1" is (.., 1.2.3-rc.1)
    "<= 1" is (.., 1.0.0]
    "=1.2" is [1.2.0, 1.2.0]
    "^1.2.3" is [1.2.3, 2.0.0-0)
    "1.2.3" is [1.2.3, 2.0.0-0)
    "^0.2" is [0.2.0, 0.3.0-0)
    "^0.0.3" is [0.0.3, 0.0.4-0)
    "^0" is [0.0.0, 1.0.0-0)
    "~1.2.3" is [1.2.3, 1.3.0-0)
    "~1" is [1.0.0, 2.0.0-0)
    "*" is (.., ..)
    "^1.2.3-beta.1" is [1.2.3-beta.1, 2.0.0-0)
    ">= 1.2, < 1.5" is [1.2.0, 1.5.0)
    "< 1.5, >= 1.2" is [1.2.0, 1.5.0)
    ">1.2.3+build" is (1.2.3, ..)
    "" is not a version requirement: unexpected end of input while parsing major version number
    "1.*" is not one range of versions: only >, >=, <, <=, =, ^ and ~ are understood
    ">=1, <2, <3" is not one range of versions: it has more than two parts
    ">=1, >2" is not one range of versions: it sets the same end twice
    "<1, <2" is not one range of versions: it sets the same end twice
    "=1, >2" is not one range of versions: a part that sets both ends must be alone
    "^1, <2" is not one range of versions: a part that sets both ends must be alone
    ">=2, <1" is not one range of versions: it ends before it begins
    ">1, <1" is not one range of versions: it ends before it begins
    "> 1 < 2" is not a version requirement: expected comma after major version number, found '<'
    "one" is not a version requirement: unexpected character 'o' while parsing major version number
    "^0.0.18446744073709551615" is not one range of versions: its numbers are too big
    "#);
}

#[test]
fn a_pre_release_is_a_version_like_any_other() {
    let range = ranges::parse_range(">= 1.2.0").expect("a range");
    let contains = |text: &str| range.contains(&text.parse().expect("a version"));
    assert!(contains("1.3.0-beta.1") && contains("1.2.0+build") && !contains("1.2.0-rc.1"));
    let range = ranges::parse_range("^1.2").expect("a range");
    assert!(!range.contains(&"2.0.0-alpha.1".parse().expect("a version")));
}

#[test]
fn the_gravest_kind_counts() {
    let kinds = [
        ("", ""),
        ("unsound", ""),
        ("unmaintained", ""),
        ("notice", ""),
        ("something-new", ""),
        ("", "\"malicious\""),
        ("unmaintained", "\"code-execution\", \"malicious\""),
        ("", "\"malicious-looking\""),
    ];
    let lines: Vec<String> = kinds
        .iter()
        .map(|(informational, categories)| {
            let informational = match informational.is_empty() {
                true => String::new(),
                false => format!("informational = \"{informational}\"\n"),
            };
            let head = format!("date = \"2026-01-31\"\n{informational}categories = [{categories}]");
            format!("{informational:?} {categories}: {}", read(&advisory(&head, "patched = []")))
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    "" : Vulnerability, 0 patched, 0 unaffected
    "informational = \"unsound\"\n" : Unsound, 0 patched, 0 unaffected
    "informational = \"unmaintained\"\n" : Unmaintained, 0 patched, 0 unaffected
    "informational = \"notice\"\n" : Notice, 0 patched, 0 unaffected
    "informational = \"something-new\"\n" : Notice, 0 patched, 0 unaffected
    "" "malicious": Malicious, 0 patched, 0 unaffected
    "informational = \"unmaintained\"\n" "code-execution", "malicious": Malicious, 0 patched, 0 unaffected
    "" "malicious-looking": Vulnerability, 0 patched, 0 unaffected
    "#);
}

#[test]
fn what_a_later_format_adds_is_left_alone() {
    let later = advisory(
        "date = \"2026-01-31\"\nexploit = { seen = true }",
        "patched = [\">=2\"]\nyanked = true\n\n[new]",
    );
    assert_eq!(read(&later), "Vulnerability, 1 patched, 0 unaffected");
    let headless = later.replace("[advisory]\n", "");
    assert_eq!(read(&headless), "Vulnerability, 1 patched, 0 unaffected");
    let crlf = later.replace('\n', "\r\n");
    assert_eq!(read(&crlf), "Vulnerability, 1 patched, 0 unaffected");
}

/// Each kind of fault, with its line and what is wrong.
#[test]
fn what_cannot_be_read_is_named_with_its_line() {
    const DATE: &str = "date = \"2026-01-31\"";
    let good = advisory(DATE, "patched = []");
    let many = format!("patched = [{}]", "\"=1.0.0\", ".repeat(201));
    let cases = [
        String::new(),
        "# Foo\n\nText.\n".to_owned(),
        "```toml".to_owned(),
        "```toml\n[advisory]\n".to_owned(),
        good.replace("# Foo\n\nText.\n", ""),
        good.replace("# Foo", "Foo"),
        good.replace("# Foo\n\nText.\n", "# Foo"),
        good.replace("2026-01-31\"", "2026-01-31"),
        good.replace("[advisory]\n", "").replace("2026-01-31\"", "2026-01-31"),
        good.replace("id = \"RUSTSEC-2026-0001\"\n", ""),
        good.replace("RUSTSEC-2026-0001", "RUSTSEC-2026-0002"),
        good.replace("RUSTSEC-2026-0001", "../../etc"),
        good.replace("package = \"foo\"", "package = \"bar\""),
        good.replace("package = \"foo\"", "package = 3"),
        good.replace("[versions]", "[version]"),
        advisory("", "patched = []"),
        advisory("date = 2026-01-31", "patched = []"),
        advisory("date = \"2026-02-30\"", "patched = []"),
        advisory("date = \"2026-01-31\"\nwithdrawn = \"soon\"", "patched = []"),
        advisory("date = \"2026-01-31\"\ncollection = \"rust\"", "patched = []"),
        advisory("date = \"2026-01-31\"\naliases = [\"CVE-2026-1\", 2]", "patched = []"),
        advisory(DATE, ""),
        advisory(DATE, "patched = [\"\\u001b[2J\"]"),
        advisory(DATE, "patched = [\">= 1.0\"]\nunaffected = [\"< 1.0\", \"1.4\"]"),
        advisory(DATE, "patched = [\"1.*\"]"),
        advisory(DATE, &many),
        advisory(&format!("{DATE}\n#{}", "x".repeat(256 << 10)), "patched = []"),
    ];
    let lines: Vec<String> = cases.iter().map(|text| read(text)).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    crates/foo/RUSTSEC-2026-0001.md:1: an advisory begins with a block that is fenced by ```toml and ```
    crates/foo/RUSTSEC-2026-0001.md:1: an advisory begins with a block that is fenced by ```toml and ```
    crates/foo/RUSTSEC-2026-0001.md:1: an advisory begins with a block that is fenced by ```toml and ```
    crates/foo/RUSTSEC-2026-0001.md:1: an advisory begins with a block that is fenced by ```toml and ```
    crates/foo/RUSTSEC-2026-0001.md:11: after its TOML block an advisory has a title, such as `# Use after free in …`, and a text
    crates/foo/RUSTSEC-2026-0001.md:11: after its TOML block an advisory has a title, such as `# Use after free in …`, and a text
    crates/foo/RUSTSEC-2026-0001.md:11: after its TOML block an advisory has a title, such as `# Use after free in …`, and a text
    crates/foo/RUSTSEC-2026-0001.md:5: not TOML: invalid basic string, expected `"`
    crates/foo/RUSTSEC-2026-0001.md:4: not TOML: invalid basic string, expected `"`
    crates/foo/RUSTSEC-2026-0001.md:2: `id` is missing
    crates/foo/RUSTSEC-2026-0001.md:3: this advisory says "RUSTSEC-2026-0002" where its path says "RUSTSEC-2026-0001"
    crates/foo/RUSTSEC-2026-0001.md:3: "../../etc" is not an advisory's id, such as `RUSTSEC-2026-0001`
    crates/foo/RUSTSEC-2026-0001.md:4: this advisory says "bar" where its path says "foo"
    crates/foo/RUSTSEC-2026-0001.md:4: "package" must be a string, and is a number
    crates/foo/RUSTSEC-2026-0001.md:2: `versions` is missing
    crates/foo/RUSTSEC-2026-0001.md:2: `date` is missing
    crates/foo/RUSTSEC-2026-0001.md:5: "date" must be a string, and is a date without quotes
    crates/foo/RUSTSEC-2026-0001.md:5: "2026-02-30" is not a day: write it as `2026-08-20`
    crates/foo/RUSTSEC-2026-0001.md:6: "soon" is not a day: write it as `2026-08-20`
    crates/foo/RUSTSEC-2026-0001.md:6: this advisory says "rust" where its path says "crates"
    crates/foo/RUSTSEC-2026-0001.md:6: "aliases" must be a string or a list of strings, and is a number
    crates/foo/RUSTSEC-2026-0001.md:7: `patched` is missing
    crates/foo/RUSTSEC-2026-0001.md:7: "\u{1b}[2J" is not a version requirement: unexpected character '\u{1b}' while parsing major version number
    crates/foo/RUSTSEC-2026-0001.md:7: ">= 1.0" and "1.4" overlap
    crates/foo/RUSTSEC-2026-0001.md:7: "1.*" is not one range of versions: only >, >=, <, <=, =, ^ and ~ are understood
    crates/foo/RUSTSEC-2026-0001.md:7: there are 201 ranges, and at most 200 are read
    crates/foo/RUSTSEC-2026-0001.md: the file has 262269 bytes, and at most 262144 are read
    "#);

    let mut bytes = good.into_bytes();
    bytes[30] = 0xff;
    let path = AdvisoryPath::parse("crates/foo/RUSTSEC-2026-0001.md").expect("a path");
    let problem = parse_advisory(&path, &bytes, &Limits::default()).expect_err("not UTF-8");
    assert_eq!(problem.to_string(), "crates/foo/RUSTSEC-2026-0001.md:3: the file is not UTF-8");
}

#[test]
fn one_broken_advisory_does_not_spoil_a_database() {
    let good = advisory("date = \"2026-01-31\"", "patched = []");
    let broken = good.replace("2026-01-31", "yesterday");
    let files = [
        ("crates/foo/RUSTSEC-2026-0001.md", good.as_str()),
        ("crates/foo/RUSTSEC-2026-0002.md", &broken.replace("0001", "0002")),
        ("crates/bar/RUSTSEC-2026-0001.md", &good.replace("foo", "bar")),
        ("crates/foo/RUSTSEC-0000-0000.md", &good.replace("2026-0001", "0000-0000")),
        ("crates/b a r/RUSTSEC-2026-0003.md", &good.replace("foo", "b a r").replace("0001", "0003")),
    ];
    let bytes = files.iter().map(|(path, text)| (*path, text.as_bytes()));
    let Parsed { value, problems } = read_database("RustSec", bytes, &Limits::default()).expect("a database");
    let used: Vec<String> = value.iter().map(|record| format!("{} {}", record.id, record.package)).collect();
    assert_eq!(used, ["RUSTSEC-2026-0001 bar", "RUSTSEC-2026-0001 foo"]);
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    crates/b a r/RUSTSEC-2026-0003.md:4: "b a r" is not a crate name: letters, digits, `-` and `_`, at most 64, not starting with `-`
    crates/foo/RUSTSEC-2026-0001.md: "RUSTSEC-2026-0001" is also the id of "crates/bar/RUSTSEC-2026-0001.md"
    crates/foo/RUSTSEC-2026-0002.md:5: "yesterday" is not a day: write it as `2026-08-20`
    "#);

    let few = Limits { problems: 1, ..Limits::default() };
    let bytes = files.iter().map(|(path, text)| (*path, text.as_bytes()));
    let parsed = read_database("RustSec", bytes, &few).expect("a database");
    assert_eq!(parsed.problems.len(), 2);
    assert_eq!(parsed.problems[1].error, Error::TooManyProblems { limit: 1 });
}

/// Nothing said is not nothing to say: an empty database is the wrong folder, or somebody's attack.
#[test]
fn a_database_without_advisories_is_an_error() {
    let limits = Limits::default();
    let nothing = read_database("RustSec", [("main/crates/foo/RUSTSEC-2026-0001.md", &b""[..])], &limits);
    insta::assert_snapshot!(nothing.expect_err("nothing"), @"RustSec: no advisory on a crate could be read: an advisory database has files such as `crates/foo/RUSTSEC-2026-0001.md`, an OSV export such as `RUSTSEC-2026-0001.json`");
    let one = Limits { advisories: 1, ..limits };
    let broken = [("crates/a/RUSTSEC-2026-0001.md", &b""[..]), ("crates/b/RUSTSEC-2026-0002.md", b"")];
    insta::assert_snapshot!(read_database("RustSec", broken, &one).expect_err("too many"), @"RustSec: there are more than 1 advisories");
}

#[test]
fn paths_print_back_what_was_read() {
    for path in
        ["crates/foo/RUSTSEC-2026-0001.md", "rust/std/CVE-2015-20001.md", "crates/foo/GHSA-4mmc-49vf-jmcp.md"]
    {
        assert_eq!(AdvisoryPath::parse(path).map(|place| place.to_string()).as_deref(), Some(path));
    }
    for other in [
        "crates/foo/README.md",
        "crates/foo/RUSTSEC-2026.md",
        "crates/foo/RUSTSEC-2026-0001.toml",
        "crates/RUSTSEC-2026-0001.md",
        "crates/foo/bar/RUSTSEC-2026-0001.md",
        "advisories/foo/RUSTSEC-2026-0001.md",
        "/crates/foo/RUSTSEC-2026-0001.md",
        "crates/foo/RUSTSEC-2026-00O1.md",
    ] {
        assert_eq!(AdvisoryPath::parse(other), None, "{other}");
    }
}

#[test]
fn titles_are_fit_for_a_terminal() {
    let good = advisory("date = \"2026-01-31\"", "patched = []");
    let titled = |title: &str| {
        let path = AdvisoryPath::parse("crates/foo/RUSTSEC-2026-0001.md").expect("a path");
        let text = good.replace("# Foo", &format!("# {title}"));
        parse_advisory(&path, text.as_bytes(), &Limits::default()).expect("an advisory").title
    };
    assert_eq!(&*titled("  Use after free in `Foo::bar`  "), "Use after free in `Foo::bar`");
    assert_eq!(&*titled("MutexGuard\\<Cell\\<i32\\>\\> in C:\\dir"), "MutexGuard<Cell<i32>> in C:\\dir");
    assert_eq!(&*titled("\u{1b}[2Jgone \u{202e}desrever"), "[2Jgone desrever");
    assert_eq!(titled(&"x".repeat(1_000)).len(), 200);
}
