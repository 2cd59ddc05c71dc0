//! What is read of cargo-vet's files, what is said of what cannot be, and what a set means to a policy.

use std::collections::BTreeMap;

use fence_evidence::cargo_vet::{
    AuditAs, PackagePolicy, SetFacts, Source, Standing, Suggestion, VetSet, format_version, origin_of,
    parse_audits, parse_config, parse_imports, parse_version,
};
use fence_evidence::{Limits, Parsed};
use fence_model::Time;
use fence_model::facts::{Claim, Publisher};

/// A set without problems.
fn set(text: &str) -> VetSet {
    let Parsed { value, problems } =
        parse_audits("audits.toml", text.as_bytes(), &Limits::default()).unwrap_or_else(|p| panic!("{p}"));
    assert_eq!(problems, []);
    value
}

/// What is wrong with a set, one line each.
fn problems(text: &str) -> String {
    match parse_audits("audits.toml", text.as_bytes(), &Limits::default()) {
        Ok(parsed) => parsed.problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
        Err(problem) => format!("nothing read: {problem}"),
    }
}

/// What `set` means to a policy that maps its criteria by `map` (`theirs = ours, ours; …`).
fn meaning(set: &VetSet, map: &str, standing: Standing) -> String {
    let criteria_map: BTreeMap<String, Vec<String>> = map
        .split("; ")
        .filter_map(|pair| pair.split_once(" = "))
        .map(|(theirs, ours)| {
            (theirs.into(), ours.split(", ").filter(|word| !word.is_empty()).map(Into::into).collect())
        })
        .collect();
    let url = Some("https://raw.githubusercontent.com/example/set/main/supply-chain/audits.toml");
    let source =
        Source { feed: "example", url, criteria_map: &criteria_map, standing, known: Time::EARLIEST };
    let facts = SetFacts::new(set, &source);
    let mut lines = Vec::new();
    for evidence in facts.crates() {
        for audit in &evidence.audits {
            let claim = match &audit.claim {
                Claim::Full(version) => format_version(version),
                Claim::Delta { from, to } => format!("{} -> {}", format_version(from), format_version(to)),
                Claim::Violation(requirement) => format!("not {requirement}"),
                Claim::Remark(..) => panic!("a set has none"),
            };
            lines.push(format!(
                "{} {claim}: {} by {:?} in {}",
                evidence.name,
                audit.criteria.join(" "),
                audit.who,
                audit.origin
            ));
        }
        for window in &evidence.windows {
            let publisher = match window.publisher {
                Publisher::User(id) => id.to_string(),
                Publisher::Ci(name) => name.to_owned(),
            };
            let (start, end) = (window.start, window.end);
            lines.push(format!(
                "{} from {start} to {end}: {} by {publisher} in {}",
                evidence.name,
                window.criteria.join(" "),
                window.origin
            ));
        }
    }
    lines.join("\n")
}

#[test]
fn real_excerpts_are_read() {
    let audits = include_str!("data/audits/ariel-os.audits.toml");
    insta::assert_snapshot!(meaning(&set(audits), "", Standing::Own), @r#"
    embassy-net 0.9.1 -> 0.9.1@git:37683fe299f12028e5a77af9f742f496da08afcd: safe-to-deploy safe-to-run by ["chrysn <chrysn@fsfe.org>"] in github.com/example/set
    embassy-net-tuntap 0.1.0: safe-to-deploy safe-to-run by ["chrysn <chrysn@fsfe.org>"] in github.com/example/set
    embassy-time 0.5.0@git:32919cd38e4a5ad5fc21dfb339abd45a74bd1dc9 -> 0.5.1@git:3c1b5fbf28237ea7144ae970c3aec11c38023c3f: safe-to-deploy safe-to-run by ["ROMemories <152802150+ROMemories@users.noreply.github.com>"] in github.com/example/set
    "#);
    insta::assert_snapshot!(meaning(&set(audits), "", Standing::Foreign), @r#"embassy-net-tuntap 0.1.0: safe-to-deploy safe-to-run by ["chrysn <chrysn@fsfe.org>"] in github.com/example/set"#);

    let config = include_bytes!("data/audits/embedded-services.config.toml");
    let Parsed { value, problems } = parse_config("config.toml", config, &Limits::default()).expect("a file");
    assert_eq!(problems, []);
    insta::assert_debug_snapshot!(value, @r#"
    VetConfig {
        version: Some(
            "0.10",
        ),
        default_criteria: "safe-to-deploy",
        imports: {
            "OpenDevicePartnership": Import {
                url: [
                    "https://raw.githubusercontent.com/OpenDevicePartnership/rust-crate-audits/main/audits.toml",
                ],
                exclude: [],
                criteria_map: {},
            },
            "bytecode-alliance": Import {
                url: [
                    "https://raw.githubusercontent.com/bytecodealliance/wasmtime/main/supply-chain/audits.toml",
                ],
                exclude: [],
                criteria_map: {},
            },
            "google": Import {
                url: [
                    "https://raw.githubusercontent.com/google/rust-crate-audits/main/audits.toml",
                ],
                exclude: [],
                criteria_map: {},
            },
            "mozilla": Import {
                url: [
                    "https://raw.githubusercontent.com/mozilla/supply-chain/main/audits.toml",
                ],
                exclude: [],
                criteria_map: {},
            },
        },
        policy: {
            "embassy-imxrt": Every(
                PolicyEntry {
                    audit_as: FirstParty,
                    criteria: None,
                    dev_criteria: None,
                    dependency_criteria: {},
                    notes: None,
                },
            ),
            "keyberon": Every(
                PolicyEntry {
                    audit_as: FirstParty,
                    criteria: None,
                    dev_criteria: None,
                    dependency_criteria: {},
                    notes: None,
                },
            ),
        },
        exemptions: {},
    }
    "#);

    let imports = include_bytes!("data/audits/rosenpass.imports.lock");
    let Parsed { value, problems } =
        parse_imports("imports.lock", imports, &Limits::default()).expect("a file");
    assert_eq!(problems, []);
    insta::assert_debug_snapshot!(value.publishers.values().next(), @r#"
    Some(
        [
            PublishedRecord {
                version: Version {
                    major: 1,
                    minor: 4,
                    patch: 2,
                },
                when: 2025-08-14T00:00:00Z,
                publisher: User(
                    696,
                ),
                login: Some(
                    "fitzgen",
                ),
                name: Some(
                    "Nick Fitzgerald",
                ),
            },
        ],
    )
    "#);
    let sets: Vec<String> = value
        .sets
        .iter()
        .map(|(name, set)| format!("[{name}]\n{}", meaning(set, "", Standing::Own)))
        .collect();
    insta::assert_snapshot!(sets.join("\n"), @r#"
    [actix]

    [bytecode-alliance]
    addr2line 0.19.0 -> 0.20.0: safe-to-deploy safe-to-run by ["Alex Crichton <alex@alexcrichton.com>"] in github.com/example/set
    arbitrary from 2020-01-14T00:00:00Z to 2026-08-20T23:59:59Z: safe-to-deploy safe-to-run by 696 in github.com/example/set
    bumpalo from 2019-03-16T00:00:00Z to 2026-08-20T23:59:59Z: safe-to-deploy safe-to-run by 696 in github.com/example/set
    derive_arbitrary from 2020-01-14T00:00:00Z to 2026-08-20T23:59:59Z: safe-to-deploy safe-to-run by 696 in github.com/example/set
    "#);
}

#[test]
fn every_form_of_a_record_is_read() {
    let full = set(r#"
        [[audits.foo]]
        who = ["Ann <ann@example.org>", "Bob <bob@example.org>"]
        criteria = ["safe-to-run", "safe-to-deploy"]
        version = "1.0.0-rc.1+build"
        notes = "Read it."
        importable = true

        [[audits.foo]]
        criteria = "safe-to-run"
        delta = "1.0.0->1.0.1@git:0123456789abcdef0123456789ABCDEF01234567"

        [[audits.foo]]
        who = "Cho <cho@example.org>"
        criteria = "safe-to-deploy"
        violation = ">=2, <2.1"
        aggregated-from = ["https://github.com/first/set/raw/main/audits.toml", "https://example.org/second.toml"]

        [[wildcard-audits.foo]]
        who = "Ann <ann@example.org>"
        criteria = "safe-to-deploy"
        user-id = 0x10
        start = "2024-02-28"
        end = "2024-03-01"
        renew = false

        [[trusted.foo]]
        criteria = ["safe-to-run"]
        trusted-publisher = "github:foo/foo"
        start = "2024-02-28"
        end = "2024-02-29"
        "#);
    insta::assert_debug_snapshot!(full, @r#"
    VetSet {
        criteria: {},
        audits: {
            "foo": [
                AuditRecord {
                    who: [
                        "Ann <ann@example.org>",
                        "Bob <bob@example.org>",
                    ],
                    criteria: [
                        "safe-to-run",
                        "safe-to-deploy",
                    ],
                    claim: Full(
                        AuditedVersion {
                            version: Version {
                                major: 1,
                                minor: 0,
                                patch: 0,
                                pre: Prerelease("rc.1"),
                                build: BuildMetadata("build"),
                            },
                            git: None,
                        },
                    ),
                    importable: Everywhere,
                    notes: Some(
                        "Read it.",
                    ),
                    aggregated_from: [],
                },
                AuditRecord {
                    who: [],
                    criteria: [
                        "safe-to-run",
                    ],
                    claim: Delta {
                        from: AuditedVersion {
                            version: Version {
                                major: 1,
                                minor: 0,
                                patch: 0,
                            },
                            git: None,
                        },
                        to: AuditedVersion {
                            version: Version {
                                major: 1,
                                minor: 0,
                                patch: 1,
                            },
                            git: Some(
                                "0123456789abcdef0123456789ABCDEF01234567",
                            ),
                        },
                    },
                    importable: Everywhere,
                    notes: None,
                    aggregated_from: [],
                },
                AuditRecord {
                    who: [
                        "Cho <cho@example.org>",
                    ],
                    criteria: [
                        "safe-to-deploy",
                    ],
                    claim: Violation(
                        VersionReq {
                            comparators: [
                                Comparator {
                                    op: GreaterEq,
                                    major: 2,
                                    minor: None,
                                    patch: None,
                                    pre: Prerelease(""),
                                },
                                Comparator {
                                    op: Less,
                                    major: 2,
                                    minor: Some(
                                        1,
                                    ),
                                    patch: None,
                                    pre: Prerelease(""),
                                },
                            ],
                        },
                    ),
                    importable: Everywhere,
                    notes: None,
                    aggregated_from: [
                        "https://github.com/first/set/raw/main/audits.toml",
                        "https://example.org/second.toml",
                    ],
                },
            ],
        },
        wildcard_audits: {
            "foo": [
                WindowRecord {
                    who: [
                        "Ann <ann@example.org>",
                    ],
                    criteria: [
                        "safe-to-deploy",
                    ],
                    publisher: User(
                        16,
                    ),
                    start: 2024-02-28T00:00:00Z,
                    end: 2024-02-29T23:59:59Z,
                    renewal: Declined,
                    notes: None,
                    aggregated_from: [],
                },
            ],
        },
        trusted: {
            "foo": [
                WindowRecord {
                    who: [],
                    criteria: [
                        "safe-to-run",
                    ],
                    publisher: Ci(
                        "github:foo/foo",
                    ),
                    start: 2024-02-28T00:00:00Z,
                    end: 2024-02-28T23:59:59Z,
                    renewal: Suggested,
                    notes: None,
                    aggregated_from: [],
                },
            ],
        },
    }
    "#);
    insta::assert_snapshot!(meaning(&full, "", Standing::Foreign), @r#"
    foo 1.0.0-rc.1+build: safe-to-deploy safe-to-run by ["Ann <ann@example.org>", "Bob <bob@example.org>"] in github.com/example/set
    foo 1.0.0 -> 1.0.1@git:0123456789abcdef0123456789ABCDEF01234567: safe-to-run by [] in github.com/example/set
    foo not >=2, <2.1: safe-to-deploy by ["Cho <cho@example.org>"] in github.com/first/set
    foo from 2024-02-28T00:00:00Z to 2024-02-29T23:59:59Z: safe-to-deploy safe-to-run by 16 in github.com/example/set
    foo from 2024-02-28T00:00:00Z to 2024-02-28T23:59:59Z: safe-to-run by github:foo/foo in github.com/example/set
    "#);
}

#[test]
fn one_broken_record_does_not_spoil_a_file() {
    insta::assert_snapshot!(
        problems(
            r#"
[criteria.paranoid]
description = "Everything was read."
implies = ["safe-to-deploy", 3]

[criteria.careful]
descriptoin = "Most was read."

[[audits.ok]]
criteria = "safe-to-deploy"
version = "1.0.0"

[[audits.broken]]
criteria = "safe-to-deploy"

[[audits.broken]]
criteria = "safe-to-deploy"
version = "1.0.0"
delta = "0.9.0 -> 1.0.0"

[[audits.broken]]
criteria = "safe-to-deploy"
version = "1.0"

[[audits.broken]]
criteria = "safe-to-deploy"
version = 1.0

[[audits.broken]]
criteria = "safe-to-deploy"
version = "1.0.0@git:1234"

[[audits.broken]]
criteria = "safe-to-deploy"
version = "1.0.0@sha:0123456789abcdef0123456789abcdef01234567"

[[audits.broken]]
criteria = "safe-to-deploy"
delta = "1.0.0 - 2.0.0"

[[audits.broken]]
criteria = "safe-to-deploy"
delta = "1.0.0 -> "

[[audits.broken]]
criteria = "safe-to-deploy"
violation = "most"

[[audits.broken]]
criteria = { safe-to-deploy = true }
version = "1.0.0"

[[audits.broken]]
criteria = "safe-to-deploy"
version = "1.0.0"
importable = "no"

[[audits.broken]]
criteria = "safe-to-deploy"
version = "1.0.0"
expires = "2026-01-01"

[[audits."not a name\u001b[2J"]]
criteria = "safe-to-deploy"
version = "1.0.0"

[audits.single]
criteria = "safe-to-deploy"
version = "1.0.0"

[[wildcard-audits.broken]]
criteria = "safe-to-deploy"
user-id = -1
start = "2024-01-01"
end = "2025-01-01"

[[wildcard-audits.broken]]
criteria = "safe-to-deploy"
user-id = 1
trusted-publisher = "github:foo/foo"
start = "2024-01-01"
end = "2025-01-01"

[[trusted.broken]]
criteria = "safe-to-deploy"
start = "2024-01-01"
end = "2025-01-01"

[[trusted.broken]]
criteria = "safe-to-deploy"
user-id = 1
start = 2024-01-01
end = "2025-01-01"

[[trusted.broken]]
criteria = "safe-to-deploy"
user-id = 1
start = "2024-01-01T00:00:00Z"
end = "2025-01-01"

[[trusted.broken]]
criteria = "safe-to-deploy"
user-id = 1
start = "2024-01-01"
"#
        ),
        @r#"
    audits.toml:4: criteria.paranoid: "implies" must be a string or a list of strings, and is a number
    audits.toml:7: criteria.careful: "descriptoin" is not a key known here, so the record may mean something else than it seems to
    audits.toml:13: audits.broken: an audit has exactly one of `version`, `delta` and `violation`
    audits.toml:16: audits.broken: an audit has exactly one of `version`, `delta` and `violation`
    audits.toml:23: audits.broken: "1.0" is not a version: unexpected end of input while parsing minor version number
    audits.toml:27: audits.broken: "version" must be a string, and is a fraction
    audits.toml:31: audits.broken: "1.0.0@git:1234" names no revision: after the `@` comes `git:` and 40 hexadecimal digits
    audits.toml:35: audits.broken: "1.0.0@sha:0123456789abcdef0123456789abcdef01234567" names no revision: after the `@` comes `git:` and 40 hexadecimal digits
    audits.toml:39: audits.broken: "1.0.0 - 2.0.0" is not a change: write it as `1.0.0 -> 1.1.0`
    audits.toml:43: audits.broken: "" is not a version: empty string, expected a semver version
    audits.toml:47: audits.broken: "most" is not a version requirement: unexpected character 'm' while parsing major version number
    audits.toml:50: audits.broken: "criteria" must be a string or a list of strings, and is a table
    audits.toml:56: audits.broken: "importable" must be `true` or `false`, and is a string
    audits.toml:61: audits.broken: "expires" is not a key known here, so the record may mean something else than it seems to
    audits.toml:63: audits.not a name\u{1b}[2J: "not a name\u{1b}[2J" is not a crate name: letters, digits, `-` and `_`, at most 64, not starting with `-`
    audits.toml:67: audits.single: "single" must be a list of tables, and is a table
    audits.toml:73: wildcard-audits.broken: "user-id" must be a whole number from 0 to 18446744073709551615, and is a number
    audits.toml:77: wildcard-audits.broken: exactly one of `user-id` and `trusted-publisher` names the publisher
    audits.toml:84: trusted.broken: exactly one of `user-id` and `trusted-publisher` names the publisher
    audits.toml:92: trusted.broken: "start" must be a string, and is a date without quotes
    audits.toml:98: trusted.broken: "2024-01-01T00:00:00Z" is not a day: write it as `2026-08-20`
    audits.toml:101: trusted.broken: `end` is missing
    "#
    );
    insta::assert_snapshot!(problems("audits = 3\ncriteria = []\n"), @r#"
    audits.toml:1: audits: "audits" must be a table, and is a number
    audits.toml:2: criteria: "criteria" must be a table, and is a list
    "#);
}

#[test]
fn a_broken_file_is_an_error_with_its_line() {
    insta::assert_snapshot!(problems("[audits]\n\n[[audits.foo]\n"), @"nothing read: audits.toml:3: not TOML: unclosed array table, expected `]`");
    insta::assert_snapshot!(problems("<<<<<<< HEAD\n"), @"nothing read: audits.toml:1: not TOML: key with no value, expected `=`");
    insta::assert_snapshot!(problems("a = 1\na = 2\n"), @"nothing read: audits.toml:2: not TOML: duplicate key");
    insta::assert_snapshot!(problems(&format!("a = {}", "[".repeat(10_000))), @"nothing read: audits.toml:1: not TOML: cannot recurse further; max recursion depth met");
    let limits = Limits { vet_file_bytes: 10, problems: 1, ..Limits::default() };
    let long = parse_audits("audits.toml", b"# long enough", &limits).expect_err("too long");
    insta::assert_snapshot!(long, @"audits.toml: the file has 13 bytes, and at most 10 are read");
    let bytes = parse_imports("imports.lock", b"\n\n\xff", &limits).expect_err("not UTF-8");
    insta::assert_snapshot!(bytes, @"imports.lock:3: the file is not UTF-8");
    let criteria: String =
        (0..70).map(|n| format!("[criteria.c{n:02}]\nimplies = \"c{:02}\"\n", n + 1)).collect();
    insta::assert_snapshot!(problems(&criteria), @"audits.toml:1: criteria: more than 64 criteria are not understood");
    let implied = ["\"c\""; 65].join(", ");
    insta::assert_snapshot!(problems(&format!("[criteria.c]\nimplies = [{implied}]\n")), @"audits.toml:2: criteria.c: more than 64 criteria are not understood");
    let limits = Limits { problems: 1, ..Limits::default() };
    let many = parse_audits("audits.toml", b"[audits]\n'a b' = []\n'b c' = []\n'c d' = []", &limits)
        .expect("a file");
    let lines: Vec<String> = many.problems.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    audits.toml:2: audits.a b: "a b" is not a crate name: letters, digits, `-` and `_`, at most 64, not starting with `-`
    audits.toml:3: audits.b c: more than 1 problems; the others are not listed
    "#);
}

#[test]
fn configurations_say_what_is_asked() {
    let text = r#"
default-criteria = "careful"

[cargo-vet]
version = "0.10"

[imports.two]
url = ["https://example.org/a.toml", "https://example.org/b.toml"]
exclude = ["foo", "bar"]

[imports.two.criteria-map]
their-own = ["safe-to-run", "careful"]
fully-reviewed = "safe-to-deploy"

[policy.own]
audit-as-crates-io = true
criteria = []
dev-criteria = "safe-to-run"
notes = "ours"

[policy.own.dependency-criteria]
foo = []
bar = "careful"

[policy."forked:1.0.0"]
audit-as-crates-io = false

[policy."forked:1.0.0@git:0123456789abcdef0123456789abcdef01234567"]
criteria = "safe-to-run"

[policy.mixed]

[policy."mixed:1.0.0"]

[policy."b a d:1.0.0"]

[policy."bad:one"]

[[exemptions.foo]]
version = "1.0.0"
criteria = "safe-to-deploy"
suggest = false
notes = "later"

[[exemptions.foo]]
version = "one"
criteria = "safe-to-deploy"

[imports.bad]
url = "https://example.org/c.toml"
exclude = "b a d"
"#;
    let Parsed { value, problems } =
        parse_config("config.toml", text.as_bytes(), &Limits::default()).expect("a file");
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    config.toml:33: policy.mixed: policies for all versions and for single versions of one crate exclude each other
    config.toml:35: policy.b a d:1.0.0: "b a d" is not a crate name: letters, digits, `-` and `_`, at most 64, not starting with `-`
    config.toml:37: policy.bad:one: "one" is not a version: unexpected character 'o' while parsing major version number
    config.toml:46: exemptions.foo: "one" is not a version: unexpected character 'o' while parsing major version number
    config.toml:51: imports.bad: "b a d" is not a crate name: letters, digits, `-` and `_`, at most 64, not starting with `-`
    "#);
    insta::assert_debug_snapshot!(value, @r#"
    VetConfig {
        version: Some(
            "0.10",
        ),
        default_criteria: "careful",
        imports: {
            "two": Import {
                url: [
                    "https://example.org/a.toml",
                    "https://example.org/b.toml",
                ],
                exclude: [
                    "foo",
                    "bar",
                ],
                criteria_map: {
                    "fully-reviewed": [
                        "safe-to-deploy",
                    ],
                    "their-own": [
                        "safe-to-run",
                        "careful",
                    ],
                },
            },
        },
        policy: {
            "forked": PerVersion(
                {
                    AuditedVersion {
                        version: Version {
                            major: 1,
                            minor: 0,
                            patch: 0,
                        },
                        git: None,
                    }: PolicyEntry {
                        audit_as: FirstParty,
                        criteria: None,
                        dev_criteria: None,
                        dependency_criteria: {},
                        notes: None,
                    },
                    AuditedVersion {
                        version: Version {
                            major: 1,
                            minor: 0,
                            patch: 0,
                        },
                        git: Some(
                            "0123456789abcdef0123456789abcdef01234567",
                        ),
                    }: PolicyEntry {
                        audit_as: Unsaid,
                        criteria: Some(
                            [
                                "safe-to-run",
                            ],
                        ),
                        dev_criteria: None,
                        dependency_criteria: {},
                        notes: None,
                    },
                },
            ),
            "mixed": Every(
                PolicyEntry {
                    audit_as: Unsaid,
                    criteria: None,
                    dev_criteria: None,
                    dependency_criteria: {},
                    notes: None,
                },
            ),
            "own": Every(
                PolicyEntry {
                    audit_as: Published,
                    criteria: Some(
                        [],
                    ),
                    dev_criteria: Some(
                        [
                            "safe-to-run",
                        ],
                    ),
                    dependency_criteria: {
                        "bar": [
                            "careful",
                        ],
                        "foo": [],
                    },
                    notes: Some(
                        "ours",
                    ),
                },
            ),
        },
        exemptions: {
            "foo": [
                Exemption {
                    version: AuditedVersion {
                        version: Version {
                            major: 1,
                            minor: 0,
                            patch: 0,
                        },
                        git: None,
                    },
                    criteria: [
                        "safe-to-deploy",
                    ],
                    suggestion: Withheld,
                    notes: Some(
                        "later",
                    ),
                },
            ],
        },
    }
    "#);

    let forked = &value.policy["forked"];
    let PackagePolicy::PerVersion(entries) = forked else { panic!("{forked:?}") };
    assert_eq!(entries.len(), 2);
    let version = parse_version("1.0.0").expect("a version");
    assert_eq!(forked.of(&version).map(|entry| entry.audit_as), Some(AuditAs::FirstParty));
    assert_eq!(forked.of(&parse_version("1.0.1").expect("a version")), None);
    assert_eq!(value.exemptions["foo"][0].suggestion, Suggestion::Withheld);
}

#[test]
fn unpublished_versions_say_what_stands_in_for_them() {
    let text = "[[unpublished.foo]]\nversion = \"2.0.0-dev\"\naudited_as = \"1.9.0\"\n\n[[unpublished.foo]]\nversion = \"2.0.1-dev\"\n\n[[publisher.foo]]\nversion = \"1.9.0\"\nwhen = \"2026-01-01\"\ntrusted-publisher = \"github:foo/foo\"\n\n[audits]\nother = 3\n";
    let Parsed { value, problems } =
        parse_imports("imports.lock", text.as_bytes(), &Limits::default()).expect("a file");
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    imports.lock:5: unpublished.foo: `audited_as` is missing
    imports.lock:14: audits.other: "other" must be a table, and is a number
    "#);
    let stand_in = &value.unpublished["foo"][0];
    assert_eq!(format_version(&stand_in.version), "2.0.0-dev");
    assert_eq!(format_version(&stand_in.audited_as), "1.9.0");
    assert_eq!(value.publishers["foo"][0].publisher.as_fact(), Publisher::Ci("github:foo/foo"));
}

#[test]
fn versions_print_back_what_was_read() {
    for text in ["1.2.3", "1.2.3-rc.1+b", "1.2.3@git:0123456789abcdef0123456789abcdef01234567"] {
        assert_eq!(format_version(&parse_version(text).expect(text)), text);
    }
    for bad in [
        "",
        "1.2",
        "1.2.3@",
        "1.2.3@git:",
        "@git:0123456789abcdef0123456789abcdef01234567",
        "1.2.3@git:g123456789abcdef0123456789abcdef01234567",
    ] {
        assert!(parse_version(bad).is_err(), "{bad}");
    }
}

const GRADES: &str = r#"
[criteria.grade-a]
implies = "grade-b"

[criteria.grade-b]
implies = ["grade-c", "elsewhere"]

[criteria.grade-c]

[criteria.shippable]
implies = "safe-to-deploy"
"#;

/// A set with `GRADES` and one record of these keys.
fn graded(record: &str) -> VetSet {
    set(&format!("{GRADES}\n[[audits.foo]]\n{record}\n"))
}

#[test]
fn criteria_are_the_policys_and_closed_under_implication() {
    let check = |criteria: &str, map: &str, expected: &str| {
        let set = graded(&format!("criteria = {criteria}\nversion = \"1.0.0\""));
        let meant = meaning(&set, map, Standing::Foreign);
        let words = meant.split(": ").nth(1).and_then(|rest| rest.split(" by ").next()).unwrap_or("nothing");
        assert_eq!(words, expected, "{criteria} under {map:?}");
    };
    check(r#""safe-to-deploy""#, "", "safe-to-deploy safe-to-run");
    check(r#""safe-to-run""#, "", "safe-to-run");
    check(r#"["safe-to-run", "grade-a"]"#, "", "safe-to-run");
    check(r#""shippable""#, "", "safe-to-deploy safe-to-run");
    check(r#""grade-a""#, "", "nothing");
    check(r#""unheard-of""#, "", "nothing");
    check(r#""unheard-of""#, "unheard-of = safe-to-run", "safe-to-run");
    check(r#""grade-a""#, "grade-c = safe-to-run", "safe-to-run");
    check(r#""grade-a""#, "grade-b = safe-to-deploy", "safe-to-deploy safe-to-run");
    check(r#""grade-c""#, "grade-b = safe-to-deploy", "nothing");
    check(r#""grade-a""#, "grade-a = own-word, other; grade-c = third", "other own-word third");
    // A map can lower what a set's own word for deploying counts as, and take its word away.
    check(r#""safe-to-deploy""#, "safe-to-deploy = safe-to-run", "safe-to-run");
    check(r#""safe-to-deploy""#, "safe-to-deploy = ; safe-to-run = ", "nothing");
    check(r#""safe-to-deploy""#, "safe-to-deploy = ", "safe-to-run");
}

/// Failing a criterion is failing all that imply it: a release that is not fit to run is not fit to ship.
#[test]
fn a_violation_fails_what_implies_the_criterion_it_names() {
    let check = |criteria: &str, map: &str, expected: &str| {
        let set = graded(&format!("criteria = {criteria}\nviolation = \"*\""));
        let meant = meaning(&set, map, Standing::Foreign);
        let words = meant.split(": ").nth(1).and_then(|rest| rest.split(" by ").next()).unwrap_or("nothing");
        assert_eq!(words, expected, "{criteria} under {map:?}");
    };
    check(r#""safe-to-run""#, "", "safe-to-deploy safe-to-run");
    check(r#""safe-to-deploy""#, "", "safe-to-deploy");
    check(r#"["safe-to-deploy", "safe-to-run"]"#, "", "safe-to-deploy safe-to-run");
    check(r#""shippable""#, "", "nothing");
    check(r#""grade-c""#, "grade-b = safe-to-deploy", "safe-to-deploy");
    check(r#""grade-c""#, "grade-a = safe-to-run", "safe-to-deploy safe-to-run");
    check(r#""grade-a""#, "grade-b = safe-to-deploy", "nothing");
}

/// A key that nobody knows may take back what an audit grants, but not what a violation says.
#[test]
fn a_violation_is_used_whatever_else_it_says() {
    let violation =
        "[[audits.foo]]\ncriteria = \"safe-to-run\"\nviolation = \"*\"\nexpires = \"2026-01-01\"\n";
    assert_eq!(problems(violation), "");
    let audit = violation.replace("violation = \"*\"", "version = \"1.0.0\"");
    insta::assert_snapshot!(problems(&audit), @r#"audits.toml:4: audits.foo: "expires" is not a key known here, so the record may mean something else than it seems to"#);
}

#[test]
fn implying_in_circles_ends() {
    let circle = set(
        "[criteria.a]\nimplies = \"b\"\n\n[criteria.b]\nimplies = \"a\"\n\n[[audits.foo]]\ncriteria = \"a\"\nversion = \"1.0.0\"\n",
    );
    insta::assert_snapshot!(meaning(&circle, "b = safe-to-deploy", Standing::Foreign), @"foo 1.0.0: safe-to-deploy safe-to-run by [] in github.com/example/set");
}

#[test]
fn a_set_has_one_origin_by_whatever_address() {
    let check = |url: &str, expected: &str| assert_eq!(origin_of(url), expected, "{url}");
    for url in [
        "https://raw.githubusercontent.com/mozilla/supply-chain/main/audits.toml",
        "https://raw.githubusercontent.com/mozilla/supply-chain/refs/heads/main/audits.toml",
        "https://github.com/mozilla/supply-chain/raw/main/audits.toml",
        "https://github.com/Mozilla/supply-chain/blob/main/audits.toml?plain=1#L3",
        "https://github.com/mozilla/supply-chain",
        "https://github.com/mozilla/supply-chain.git",
        "ssh://git@github.com/mozilla/supply-chain.git",
        "http://www.github.com/mozilla/supply-chain/",
    ] {
        check(url, "github.com/mozilla/supply-chain");
    }
    check(
        "https://hg.mozilla.org/mozilla-central/raw-file/tip/supply-chain/audits.toml",
        "hg.mozilla.org/mozilla-central",
    );
    check(
        "https://chromium.googlesource.com/chromiumos/third_party/rust_crates/+/refs/heads/main/cargo-vet/audits.toml?format=TEXT",
        "chromium.googlesource.com/chromiumos/third_party/rust_crates",
    );
    check("https://gitlab.com/group/sub/project/-/raw/main/audits.toml", "gitlab.com/group/sub/project");
    check("https://codeberg.org/owner/project/raw/branch/main/audits.toml", "codeberg.org/owner/project");
    check("https://Example.org/audits.toml", "example.org/audits.toml");
    check("https://example.org", "example.org");
    check("not an address", "not an address");
    check("", "");
}

/// A feed whose address is not known is its own origin, and an aggregated record is its first writer's.
#[test]
fn records_belong_to_whoever_wrote_them_first() {
    let set = set(
        "[[audits.foo]]\ncriteria = \"safe-to-run\"\nversion = \"1.0.0\"\n\n[[audits.foo]]\ncriteria = \"safe-to-run\"\nversion = \"1.0.0\"\naggregated-from = [\"https://github.com/first/set\", \"https://github.com/second/set\"]\n",
    );
    let none = BTreeMap::new();
    let source = Source {
        feed: "ours",
        url: None,
        criteria_map: &none,
        standing: Standing::Own,
        known: Time::EARLIEST,
    };
    let facts = SetFacts::new(&set, &source);
    let foo = "foo".parse().expect("a name");
    let evidence = facts.of(&foo);
    let origins: Vec<&str> = evidence.audits.iter().map(|audit| audit.origin).collect();
    assert_eq!(origins, ["ours", "github.com/first/set"]);
    let bar = "bar".parse().expect("a name");
    assert!(facts.of(&bar).audits.is_empty());
}
