//! Names that are close, held to the check that crates.io makes, and the names that are known.

use std::collections::BTreeMap;

use fence_model::Time;
use fence_model::look_alike::{KnownNames, Likeness, close, clusters, family};
use proptest::prelude::*;
use typomania::checks::{Bitflips, Omitted, SwappedWords, Typos};
use typomania::{AuthorSet, Corpus, Harness, Package};

fn check(pairs: &[(&str, &str)], expected: Option<Likeness>) {
    for (name, other) in pairs {
        assert_eq!(close(name, other), expected, "{name} and {other}");
    }
}

#[test]
fn it_is_said_how_names_are_close() {
    check(
        &[
            ("env-logger", "env_logger"),
            ("envlogger", "env_logger"),
            ("bit-flags", "bitflags"),
            ("Serde", "serde"),
        ],
        Some(Likeness::Separators),
    );
    check(
        &[
            ("proc-macro1", "proc-macro2"),
            ("syn2", "syn"),
            ("sha", "sha2"),
            ("foo-1-22", "foo-1"),
            ("base65", "base64"),
            ("_-1", "_"),
        ],
        Some(Likeness::Number),
    );
    check(&[("serdee", "serde"), ("tokkio", "tokio"), ("llog", "log")], Some(Likeness::Doubled));
    check(
        &[("rands", "rand"), ("tracings", "tracing"), ("xserde", "serde"), ("toikio", "tokio")],
        Some(Likeness::Added),
    );
    check(
        &[("serd", "serde"), ("oken", "token"), ("quot", "quote"), ("toko", "tokio")],
        Some(Likeness::Omitted),
    );
    check(&[("rewqest", "reqwest"), ("sedre", "serde"), ("akrmt", "akrtm")], Some(Likeness::Swapped));
    check(&[("sawy", "savvy"), ("cornposer", "composer"), ("rnio", "mio")], Some(Likeness::Confusable));
    check(
        &[("tokip", "tokio"), ("yokio", "tokio"), ("serxe", "serde"), ("se4de", "serde")],
        Some(Likeness::Key),
    );
    check(&[("sevde", "serde"), ("lnb", "lfb")], Some(Likeness::BitFlip));
    check(&[("toaio", "tokio"), ("libm", "libc")], Some(Likeness::Replaced));
    check(&[("cfg_if", "if-cfg"), ("json_serde", "serde-json"), ("a-b-c", "c-a-b")], Some(Likeness::Words));
    check(
        &[("rand-core", "rand"), ("rs_serde", "serde"), ("rust-serde", "serde")],
        Some(Likeness::AffixAdded),
    );
    check(&[("libgit2", "libgit2-sys"), ("time", "time-core")], Some(Likeness::AffixOmitted));
}

#[test]
fn other_names_are_not_close() {
    check(
        &[
            ("serde", "serde"),
            ("serde", "tokio"),
            ("serde_json", "serde"),
            ("se", "serde"),
            ("tokyyo", "tokio"),
            ("a-b", "a-c-b"),
            ("aa-aa-bb", "aa-bb-bb"),
            ("liblog", "log"),
            ("123", "456"),
            ("wm", "vvrn"),
        ],
        None,
    );
}

#[test]
fn families_stand_in_for_owners() {
    for (name, expected) in
        [("windows-sys", "windows"), ("serde_json", "serde"), ("log", "log"), ("_a_b", "a")]
    {
        assert_eq!(family(name), expected);
    }
    let edges = [
        ("windows-core", "windows-sys"),
        ("mio", "windows-sys"),
        ("mio", "windows-sys"),
        ("tokio-util", "windows-sys"),
        ("tokio-macros", "windows-sys"),
        ("mio", "log"),
    ];
    assert_eq!(clusters(edges), BTreeMap::from([("log", 1), ("windows-sys", 2)]));
}

const LIST: &str = "# a list\n\
    cc\t2014-12-16\t56\n\
    jiff\t2024-02-17\t18\tjiff-core jiff-sys\n\
    log\t2014-12-13\t131\n\
    proc-macro2\t2017-07-06\t145\n\
    quote\t2016-09-03\t149\n\
    quots\t2020-01-01\t20\n";

/// What `name`, born on that day, is taken for.
fn taken_for(names: &KnownNames, name: &str, born: &str) -> Option<String> {
    let known = names.better_known(name, born.parse().ok())?;
    Some(format!("{} of {}, {} clusters, {}", known.name, known.born.date(), known.clusters, known.likeness))
}

fn list() -> KnownNames {
    KnownNames::parse(LIST).expect("a list")
}

#[test]
fn a_name_is_taken_for_an_older_one_with_ten_times_the_clusters() {
    let check = |name: &str, born: &str, expected: Option<&str>| {
        assert_eq!(taken_for(&list(), name, born).as_deref(), expected, "{name} of {born}");
    };
    check("proc-macro1", "2026-08-20", Some("proc-macro2 of 2017-07-06, 145 clusters, another number"));
    check("proc-macro1", "", Some("proc-macro2 of 2017-07-06, 145 clusters, another number"));
    // Older than the known one, or as old.
    check("proc-macro1", "2017-07-05", None);
    check("proc-macro1", "2017-07-06", None);
    // Of two, the better known.
    check("quota", "2026-08-20", Some("quote of 2016-09-03, 149 clusters, one bit flipped"));
    // Known itself: 149 is not ten times 20.
    check("quots", "2020-01-01", None);
    // One more character makes too many honest names of a short one; other likenesses stay.
    check("cbc", "2026-08-20", None);
    check("lgo", "2026-08-20", Some("log of 2014-12-13, 131 clusters, two characters swapped"));
    check("logg", "2026-08-20", Some("log of 2014-12-13, 131 clusters, one character doubled"));
    // What the better-known crate needs itself.
    check("jiff-core", "2026-08-20", None);
    check("jiff-cli", "2026-08-20", Some("jiff of 2024-02-17, 18 clusters, a common affix added"));
}

#[test]
fn an_index_at_hand_adds_names_and_clears_none() {
    let day = |text: &str| text.parse::<Time>().unwrap();
    let mut names = list();
    names.see("polymarket-client-sdk", day("2025-01-01"), 12);
    names.see("quotas", day("2026-08-20"), 50);
    names.see("quote", day("2015-01-01"), 3);
    names.see("proc-macro1", day("2026-08-20"), 400);
    let check = |name: &str, expected: &str| {
        assert_eq!(taken_for(&names, name, "2026-08-21").as_deref(), Some(expected), "{name}");
    };
    check("polymarkets-client-sdk", "polymarket-client-sdk of 2025-01-01, 12 clusters, one character added");
    check("quota", "quote of 2015-01-01, 149 clusters, one bit flipped");
    // Fifty dependents of their own making do not clear it.
    check("proc-macro1", "proc-macro2 of 2017-07-06, 145 clusters, another number");

    names.vouch("quote", "quota");
    names.vouch("polymarket-client-sdk", "polymarket-client-sdk-core");
    names.vouch("nobody", "proc-macro1");
    assert_eq!(taken_for(&names, "polymarket-client-sdk-core", "2026-08-21"), None);
    assert_eq!(
        taken_for(&names, "quota", "2026-08-21").as_deref(),
        Some("quotas of 2026-08-20, 50 clusters, one character left out")
    );
}

#[test]
fn what_is_no_list_is_refused_by_line() {
    let check = |list: &'static str, expected: &str| {
        assert_eq!(KnownNames::parse(list).unwrap_err().to_string(), expected);
    };
    let line_2 = "known names, line 2: expected a name, a day and a number, parted by tabs";
    check("# a\nlog 2014-12-13 131\n", line_2);
    check("a\t2014-12-13\t1\nlog\t2014-13-13\t131\n", line_2);
    check("a\t2014-12-13\t1\nlog\t2014-12-13\t-1\n", line_2);
    check("a\t2014-12-13\t1\nl/g\t2014-12-13\t1\n", line_2);
    check("a\t2014-12-13\t1\nlog\t2014-12-13\t1\tlogg\t1\n", line_2);
    check("# a\n\n", line_2);
    check(
        "b\t2014-12-13\t1\na\t2014-12-13\t1\n",
        "known names, line 2: the name does not come after the one before",
    );
    check(
        "a\t2014-12-13\t1\na\t2014-12-13\t1\n",
        "known names, line 2: the name does not come after the one before",
    );
}

/// Names of real attacks, against what is shipped.
#[test]
fn the_shipped_list_knows_what_is_squatted() {
    let names = KnownNames::shipped();
    let told: Vec<String> = [
        "proc-macro1",
        "envlogger",
        "lazystatic",
        "oncecell",
        "serd",
        "if-cfg",
        "bit-flags",
        "rands",
        "tracings",
        "rewqest",
    ]
    .into_iter()
    .map(|name| match names.better_known(name, Some("2026-08-20".parse().unwrap())) {
        Some(known) => format!("{name}: {}, {}", known.name, known.likeness),
        None => format!("{name}: none"),
    })
    .collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    proc-macro1: proc-macro2, another number
    envlogger: env_logger, other separators
    lazystatic: lazy_static, other separators
    oncecell: once_cell, other separators
    serd: serde, one character left out
    if-cfg: cfg-if, words in another order
    bit-flags: bitflags, other separators
    rands: rand, one character added
    tracings: tracing, one character added
    rewqest: reqwest, two characters swapped
    ");
}

/// A registry of one known crate, whose owners are nobody else's.
struct One(String, Nobody);

struct Nobody;

impl AuthorSet for Nobody {
    fn contains(&self, _: &str) -> bool {
        false
    }
}

impl Package for Nobody {
    fn authors(&self) -> &dyn AuthorSet {
        self
    }

    fn description(&self) -> Option<&str> {
        None
    }

    fn shared_authors(&self, _: &dyn AuthorSet) -> bool {
        false
    }
}

impl Corpus for One {
    fn contains_name(&self, name: &str) -> typomania::Result<bool> {
        Ok(self.0 == name)
    }

    fn get(&self, name: &str) -> typomania::Result<Option<&dyn Package>> {
        Ok((self.0 == name).then_some(&self.1))
    }
}

const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz1234567890-_";

/// All checks of typomania, with more typos than any registry's table has: each character may stand for each.
fn typomania(known: &str) -> Harness<One> {
    let typos = ALPHABET.chars().map(|typed| {
        let drawn: &[&str] = match typed {
            'm' => &["rn"],
            'w' => &["vv"],
            '-' | '_' => &[""],
            _ => &[],
        };
        (typed, ALPHABET.chars().map(String::from).chain(drawn.iter().map(ToString::to_string)).collect())
    });
    Harness::<One>::builder()
        .with_check(Bitflips::new(ALPHABET, std::iter::once(known)))
        .with_check(Omitted::new(ALPHABET))
        .with_check(SwappedWords::new("-_"))
        .with_check(Typos::new(typos))
        .build(One(known.to_owned(), Nobody))
}

/// Whether typomania finds `name` close to the crate of its corpus; if it does, so must [`close`] and [`KnownNames`].
fn is_found_by_both(harness: &Harness<One>, name: &str, known: &str) -> bool {
    let squats = harness.check_package(name, Box::new(Nobody)).expect("a corpus that answers");
    if !squats.is_empty() {
        let likeness = close(name, known).unwrap_or_else(|| panic!("{name} and {known}: {squats:?}"));
        assert_ne!(likeness, Likeness::Added, "{name} and {known} are found by both");
        let mut names = KnownNames::default();
        names.see(known, Time::EARLIEST, 1_000);
        assert!(names.better_known(name, None).is_some(), "{name} and {known}: {squats:?}");
    }
    !squats.is_empty()
}

/// Everything that one slip makes of names of all shapes.
#[test]
fn all_that_typomania_finds_is_found() {
    let mut found = 0;
    for known in
        ["cc", "a-b", "serde_json", "proc-macro2", "windows_x86_64_msvc", "savvy-rn1", "one-2-three-4-five"]
    {
        let harness = typomania(known);
        let mut try_name = |name: &str| found += u32::from(is_found_by_both(&harness, name, known));
        for at in 0..=known.len() {
            for character in
                ALPHABET.chars().map(String::from).chain(["rn", "vv", "", "007"].map(String::from))
            {
                try_name(&format!("{}{character}{}", &known[..at], &known[at..]));
                if at < known.len() {
                    try_name(&format!("{}{character}{}", &known[..at], &known[at + 1..]));
                }
                if at + 2 <= known.len() {
                    let swapped: String = known[at..at + 2].chars().rev().collect();
                    try_name(&format!("{}{swapped}{}", &known[..at], &known[at + 2..]));
                    try_name(&format!("{}{character}{}", &known[..at], &known[at + 2..]));
                }
            }
        }
        let mut words: Vec<&str> = known.split(['-', '_']).collect();
        for turn in 0..words.len() {
            words.rotate_left(1);
            words.swap(0, turn);
            for separator in ["-", "_"] {
                try_name(&words.join(separator));
                try_name(&format!("{}{separator}six", words.join(separator)));
            }
        }
    }
    assert!(found > 5_000, "{found}");
}

/// The affixes that crates.io checks beside, at either end, added and left out.
#[test]
fn all_affixes_of_crates_io_are_found() {
    for affix in ["api", "cli", "core", "lib", "rs", "rust", "sys"] {
        for separator in ["-", "_"] {
            for name in [format!("foo{separator}{affix}"), format!("{affix}{separator}foo")] {
                assert_eq!(close(&name, "foo"), Some(Likeness::AffixAdded), "{name}");
                assert_eq!(close("foo", &name), Some(Likeness::AffixOmitted), "{name}");
            }
        }
    }
}

/// So many cases, or as many as the environment asks for.
fn at_least(cases: u32) -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig { cases: config.cases.max(cases), ..config }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..at_least(4_000) })]

    /// Names over few characters, so that many pairs are close.
    #[test]
    fn all_that_typomania_finds_of_any_names_is_found(known in "[abmnrvw1_-]{1,5}", name in "[abmnrvw1_-]{1,6}") {
        is_found_by_both(&typomania(&known), &name, &known);
    }

    /// Nothing that is close is lost by the test on letters that comes first.
    #[test]
    fn known_names_find_all_that_is_close(known in "[a-e]{1,4}(-[a-e]{1,3}){0,3}", name in "[a-e]{1,4}(-[a-e]{1,3}){0,6}") {
        let mut names = KnownNames::default();
        names.see(&known, Time::EARLIEST, 1_000);
        let expected = close(&name, &known).filter(|likeness| *likeness != Likeness::Added || known.len() > 3);
        prop_assert_eq!(names.better_known(&name, None).map(|known| known.likeness), expected);
        if name.split('-').count() <= 5 {
            prop_assert_eq!(close(&name, &known).is_some(), close(&known, &name).is_some());
        }
    }
}
