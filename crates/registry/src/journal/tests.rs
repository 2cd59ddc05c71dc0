use proptest::prelude::*;

use super::*;

const ARRAYREF: &[u8] = include_bytes!("../../tests/data/index/arrayref");

fn parse(text: &str) -> Result<(Journal, Option<Torn>), Error> {
    Journal::parse(text.as_bytes(), &Limits::DEFAULT)
}

fn read(text: &str) -> Journal {
    let (journal, torn) = parse(text).unwrap();
    assert_eq!(torn, None);
    journal
}

fn time(text: &str) -> Time {
    text.parse().unwrap()
}

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

fn name(text: &str) -> CrateName {
    text.parse().unwrap()
}

/// A release as a read shows it: version, one digit for its digest, `!` if it is yanked.
fn shown(releases: &[&str]) -> Shown {
    releases
        .iter()
        .map(|text| {
            let (version, digest) = text.trim_end_matches('!').split_once(' ').unwrap();
            Seen {
                version: version.parse().unwrap(),
                digest: digest.repeat(64).parse().unwrap(),
                yanked: text.ends_with('!'),
                published: Some(time("2026-01-01T00:00:00Z")),
            }
        })
        .collect()
}

/// The journal of the crate `a`, read at each of these times of 2026-08-20 (`01T00:00` for another day), showing
/// these releases.
fn journal(reads: &[(&str, &[&str])]) -> Journal {
    let mut journal = Journal::default();
    for (at, releases) in reads {
        let next = shown(releases);
        let observation = Observation::between(name("a"), moment(at), &journal.shown(&name("a")), &next);
        journal.record(observation).unwrap();
        assert_eq!(journal.shown(&name("a")), next);
    }
    journal
}

fn moment(at: &str) -> Time {
    let at = if at.contains('T') { at.to_owned() } else { format!("20T{at}") };
    time(&format!("2026-08-{at}:00Z"))
}

/// What the journal says of the crate `a` at its end, a line for each release.
fn told(journal: &Journal) -> String {
    let memory = journal.memory(&name("a"), Time::LATEST);
    let short = |time: Time| time.to_string()[8..16].to_owned();
    let maybe = |time: Option<Time>| time.map_or("-".to_owned(), short);
    let mut out = Vec::new();
    for (version, sighting) in &memory.sightings {
        let Sighting { first_seen, first_digest, lacked_at, first_seen_yanked, yanks } = sighting;
        let times = |yank: &Yank| format!("{} to {}", short(yank.at), maybe(yank.until));
        let yanks: Vec<String> = yanks.iter().map(times).collect();
        out.push(format!(
            "{version}: seen {}{} as {}, lacked {}{}{}",
            short(*first_seen),
            if *first_seen_yanked { " yanked" } else { "" },
            &first_digest.to_string()[..1],
            maybe(*lacked_at),
            if yanks.is_empty() { "" } else { ", yanked " },
            yanks.join(" and "),
        ));
    }
    for Gone { version, digest, first_seen, gone_at, still_gone_at, .. } in &memory.gone {
        out.push(format!(
            "{version}: gone {} to {}, seen {} as {}",
            short(*gone_at),
            short(*still_gone_at),
            short(*first_seen),
            &digest.to_string()[..1],
        ));
    }
    out.join("\n")
}

fn check(reads: &[(&str, &[&str])], expected: &str) {
    let journal = journal(reads);
    assert_eq!(told(&journal), expected);
    assert_eq!(read(&journal.to_string()), journal);
    assert_eq!(told(&journal.compacted()), expected);
    assert_eq!(read(&journal.compacted().to_string()), journal.compacted());
}

#[test]
fn what_the_first_read_shows_was_lacked_by_none() {
    check(
        &[("07:00", &["1.0.0 a", "1.1.0 b!"]), ("08:00", &["1.0.0 a", "1.1.0 b!"])],
        "1.0.0: seen 20T07:00 as a, lacked -\n\
         1.1.0: seen 20T07:00 yanked as b, lacked -, yanked 20T07:00 to -",
    );
}

/// Reads that changed nothing count: the last of them is what a new release was lacked by.
#[test]
fn a_new_release_was_lacked_by_the_read_before() {
    check(
        &[
            ("07:00", &["1.0.0 a"]),
            ("08:00", &["1.0.0 a"]),
            ("09:00", &["1.0.0 a"]),
            ("10:00", &["1.0.0 a", "1.0.1 b"]),
        ],
        "1.0.0: seen 20T07:00 as a, lacked -\n\
         1.0.1: seen 20T10:00 as b, lacked 20T09:00",
    );
}

#[test]
fn yanks_and_unyanks_have_their_times() {
    check(
        &[
            ("07:00", &["1.0.0 a", "1.1.0 b", "1.2.0 c"]),
            ("08:00", &["1.0.0 a!", "1.1.0 b!", "1.2.0 c"]),
            ("09:00", &["1.0.0 a!", "1.1.0 b", "1.2.0 c"]),
        ],
        "1.0.0: seen 20T07:00 as a, lacked -, yanked 20T08:00 to -\n\
         1.1.0: seen 20T07:00 as b, lacked -, yanked 20T08:00 to 20T09:00\n\
         1.2.0: seen 20T07:00 as c, lacked -",
    );
}

/// Who may yank must not be able to wipe out what restarts the clock.
#[test]
fn no_yank_makes_another_forgotten() {
    check(
        &[
            ("01T00:00", &["1.0.0 a!"]),
            ("19T00:00", &["1.0.0 a"]),
            ("20T07:00", &["1.0.0 a!"]),
            ("20T07:10", &["1.0.0 a"]),
            ("20T07:20", &["1.0.0 a!"]),
        ],
        "1.0.0: seen 01T00:00 yanked as a, lacked -, \
         yanked 01T00:00 to 19T00:00 and 20T07:00 to 20T07:10 and 20T07:20 to -",
    );
}

#[test]
fn a_deleted_release_stays_known_and_every_read_confirms_it() {
    check(
        &[
            ("07:00", &["1.0.0 a", "1.0.1 b"]),
            ("08:00", &["1.0.0 a"]),
            ("08:01", &["1.0.0 a"]),
            ("09:00", &[]),
        ],
        "1.0.0: gone 20T09:00 to 20T09:00, seen 20T07:00 as a\n\
         1.0.1: gone 20T08:00 to 20T09:00, seen 20T07:00 as b",
    );
}

/// The bytes that a version had first are what counts, whatever it has later.
#[test]
fn other_bytes_do_not_replace_the_first_digest() {
    check(
        &[("07:00", &["1.0.0 a"]), ("08:00", &["1.0.0 b"]), ("09:00", &["1.0.0 b!"])],
        "1.0.0: seen 20T07:00 as a, lacked -, yanked 20T09:00 to -",
    );
    check(
        &[("07:00", &["1.0.0 a", "1.0.0 b!"]), ("08:00", &["1.0.0 b!"])],
        "1.0.0: seen 20T07:00 as a, lacked -, yanked 20T08:00 to -",
    );
}

/// A mirror that lags behind makes no deletion; a deletion that is taken back starts the time in the open anew.
#[test]
fn a_release_that_comes_back_was_away_only_if_two_reads_say_so() {
    check(
        &[("07:00", &["1.0.0 a"]), ("08:00", &[]), ("08:04", &[]), ("09:00", &["1.0.0 a"])],
        "1.0.0: seen 20T07:00 as a, lacked -",
    );
    check(
        &[("07:00", &["1.0.0 a"]), ("08:00", &[]), ("08:05", &[]), ("09:00", &["1.0.0 c"])],
        "1.0.0: seen 20T09:00 as a, lacked 20T08:05",
    );
}

/// The takeover of 2026-08-20 by its published timeline: 0.3.10 appears, all others are yanked around it, it is
/// deleted, the others come back.
#[test]
fn the_arrayref_takeover_as_a_journal() {
    let file = IndexFile::parse(&name("arrayref"), ARRAYREF, &Limits::DEFAULT).unwrap();
    let before: Vec<Seen> = Shown::of(&file).0.into_values().flatten().collect();
    let bad = Seen {
        version: version("0.3.10"),
        digest: "bad0".repeat(16).parse().unwrap(),
        yanked: false,
        published: Some(time("2026-08-20T07:15:00Z")),
    };
    let lured = before.iter().cloned().map(|mut seen| {
        seen.yanked = seen.version >= version("0.3.5");
        seen
    });
    let with_bad: Shown = before.iter().cloned().chain([bad.clone()]).collect();
    let lured: Shown = lured.chain([bad]).collect();
    let before: Shown = before.into_iter().collect();
    let mut journal = Journal::default();
    for (at, next) in [
        ("2026-08-19T07:00:00Z", &before),
        ("2026-08-20T07:00:00Z", &before),
        ("2026-08-20T07:16:00Z", &with_bad),
        ("2026-08-20T07:30:00Z", &lured),
        ("2026-08-20T08:46:00Z", &before),
        ("2026-08-20T08:51:00Z", &before),
    ] {
        let change =
            Observation::between(name("arrayref"), time(at), &journal.shown(&name("arrayref")), next);
        journal.record(change).unwrap();
    }
    let text = journal.to_string();
    insta::assert_snapshot!(text.lines().skip(1).collect::<Vec<_>>().join("\n"));

    let at = |until: &str| read(&text).memory(&name("arrayref"), time(until));
    let lure = at("2026-08-20T07:30:00Z");
    assert_eq!(lure.sightings[&version("0.3.10")].lacked_at, Some(time("2026-08-20T07:00:00Z")));
    assert_eq!(lure.sightings[&version("0.3.9")].yanked_at(), Some(time("2026-08-20T07:30:00Z")));
    assert_eq!(lure.gone, []);
    let after = at("2026-08-20T12:00:00Z");
    assert_eq!(after.sightings[&version("0.3.9")].yanks[0].until, Some(time("2026-08-20T08:46:00Z")));
    let [gone] = &after.gone[..] else { panic!("{:?}", after.gone) };
    assert_eq!((gone.version.to_string(), gone.digest.short()), ("0.3.10".into(), "bad0bad0".into()));
    assert_eq!(gone.still_gone_at, time("2026-08-20T08:51:00Z"));
    assert_eq!(at("2026-08-18T00:00:00Z"), Memory::default());
    assert_eq!(journal.latest(), Some(time("2026-08-20T08:51:00Z")));
}

#[test]
fn a_last_line_that_was_not_finished_is_dropped_and_told() {
    let whole = journal(&[("07:00", &["1.0.0 a"]), ("08:00", &["1.0.0 a!"])]).to_string();
    let first = whole.find('\n').unwrap() + 1;
    for cut in first + 1..whole.len() {
        let (rest, torn) = parse(&whole[..cut]).unwrap();
        assert_eq!(torn, Some(Torn { line: 2, offset: first }));
        assert_eq!(rest.to_string(), whole[..first]);
    }
    assert_eq!(parse(&whole[..first]).unwrap().1, None);
    assert_eq!(parse("").unwrap(), (Journal::default(), None));
}

#[test]
fn a_line_that_does_not_follow_is_an_error() {
    let first = journal(&[("07:00", &["1.0.0 a", "1.1.0 b!"])]).to_string();
    let check = |line: &str, expected: &str| {
        let error = parse(&format!("{first}{line}\n")).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert!(error.hint().starts_with("the journal was changed by something else"));
    };
    let at = "\"at\":\"2026-08-20T08:00:00Z\",\"crate\":\"a\"";
    check("", "line 2, column 0: not a line of a journal: EOF while parsing a value");
    check("{}", "line 2, column 2: not a line of a journal: missing field `at`");
    check(
        "{\"at\":\"yesterday\",\"crate\":\"a\"}",
        "line 2, column 17: not a line of a journal: \"yesterday\" is not a time: write it as 2026-08-20T07:15:00Z or 2026-08-20",
    );
    check(
        &format!("{{{at},\"forgotten\":[]}}"),
        "line 2, column 52: not a line of a journal: unknown field `forgotten`, expected one of `at`, `crate`, `seen`, `yanked`, `unyanked`, `gone`",
    );
    check(&format!("{{{at},\"gone\":[\"2.0.0\"]}}"), "line 2: a 2.0.0 changes without having been seen");
    check(&format!("{{{at},\"yanked\":[\"2.0.0\"]}}"), "line 2: a 2.0.0 changes without having been seen");
    check(&format!("{{{at},\"yanked\":[\"1.1.0\"]}}"), "line 2: a 1.1.0 is yanked a second time");
    check(
        &format!("{{{at},\"unyanked\":[\"1.0.0\"]}}"),
        "line 2: a 1.0.0 is un-yanked without having been yanked",
    );
    check(
        "{\"at\":\"2026-08-20T06:59:59Z\",\"crate\":\"a\"}",
        "line 2: a was read at 2026-08-20T06:59:59Z, before the read of 2026-08-20T07:00:00Z that stands above it",
    );
    let narrow = Limits { journal_bytes: 40, journal_line_bytes: 20, ..Limits::DEFAULT };
    let error = |text: &str| Journal::parse(text.as_bytes(), &narrow).unwrap_err().to_string();
    assert_eq!(error(&" ".repeat(41)), "the journal has 41 bytes, and at most 40 are read");
    assert_eq!(error(&(" ".repeat(21) + "\n")), "line 1: 21 bytes, and at most 20 are read");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Any sequence of index files makes a journal that shows each of them again, reads back as written, and
    /// keeps its memory when it is compacted.
    #[test]
    fn journals_of_any_files_read_back(
        reads in prop::collection::vec((0i64..90_000, prop::collection::vec((0u64..4, 0u8..3, any::<bool>()), 0..5)), 1..8),
    ) {
        let mut journal = Journal::default();
        let mut at = Time::from_unix(1_000_000_000);
        let mut moments = Vec::new();
        for (later, releases) in reads {
            at = at + Span::seconds(later);
            let next: Shown = releases
                .into_iter()
                .map(|(minor, digest, yanked)| Seen {
                    version: Version::new(1, minor, 0),
                    digest: Digest([digest; 32]),
                    yanked,
                    published: None,
                })
                .collect();
            let change = Observation::between(name("a"), at, &journal.shown(&name("a")), &next);
            prop_assert_eq!(change.is_unchanged(), journal.shown(&name("a")) == next);
            journal.record(change).unwrap();
            prop_assert_eq!(journal.shown(&name("a")), next.clone());
            let memory = journal.memory(&name("a"), at);
            prop_assert!(memory.sightings.keys().eq(next.0.keys()));
            for (version, sighting) in &memory.sightings {
                prop_assert_eq!(next.0[version][0].yanked, sighting.is_yanked());
                prop_assert_eq!(sighting.first_seen_yanked, sighting.yanks.first().is_some_and(|yank| yank.at == sighting.first_seen));
                let order: Vec<Time> = sighting.yanks.iter().flat_map(|yank| [Some(yank.at), yank.until]).flatten().collect();
                prop_assert!(order.is_sorted(), "{:?}", order);
                let stand = sighting.yanks.iter().filter(|yank| yank.until.is_none());
                prop_assert!(stand.count() <= 1);
                prop_assert!(sighting.lacked_at.is_none_or(|lacked| lacked <= sighting.first_seen));
            }
            moments.push((at, memory));
        }
        let again = read(&journal.to_string());
        prop_assert_eq!(&again, &journal);
        prop_assert_eq!(journal.compacted().memory(&name("a"), at), journal.memory(&name("a"), at));
        // Reads of one second count together; the last of them is what that second showed.
        for (pair, next) in moments.iter().zip(moments.iter().skip(1)) {
            if pair.0 < next.0 {
                prop_assert_eq!(&again.memory(&name("a"), pair.0), &pair.1);
            }
        }
    }
}
