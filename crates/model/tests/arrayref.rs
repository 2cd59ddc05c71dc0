//! The takeover of arrayref on 2026-08-20, as a film: what the judgement says at each step.
//!
//! Publish times are those of the index, events those of the advisories and of the Rust project's notice; what
//! they leave open is assumed: the hour of the clean copy of proc-macro1, the requirement on it, and the minutes
//! of yanks and un-yanks. A journal was kept, with a read every few minutes.
//! [`the_film_is_the_one_that_was_recorded`] compares with the recorded timeline, where that is at hand.

use fence_model::facts::{AdvisoryKind, DependencyKind, Gone};
use fence_model::view::{Bytes, Mark};
use fence_model::{Code, Level, Time, Verdict};
use fence_testkit::world::{World, digest, name, show, time, version};

/// The crate whose name is imitated, its day of birth and how many clusters of crates need it.
const KNOWN: &str = "proc-macro2\t2017-07-06\t145\n";

/// arrayref's releases before the takeover, as the index has them; it never had a dependency but for tests.
const HISTORY: [(&str, &str); 15] = [
    ("0.1.0", "2015-08-24T18:49:31Z"),
    ("0.1.1", "2015-08-26T15:39:54Z"),
    ("0.2.0", "2015-08-26T15:54:02Z"),
    ("0.2.1", "2015-08-27T15:56:48Z"),
    ("0.2.2", "2015-08-30T19:23:12Z"),
    ("0.3.0", "2015-08-30T19:27:08Z"),
    ("0.3.1", "2015-09-07T17:34:35Z"),
    ("0.3.2", "2015-09-21T13:37:56Z"),
    ("0.3.3", "2017-01-18T23:08:06Z"),
    ("0.3.4", "2017-04-25T03:16:05Z"),
    ("0.3.5", "2018-08-16T13:36:26Z"),
    ("0.3.6", "2020-01-26T13:28:30Z"),
    ("0.3.7", "2023-03-20T18:41:21Z"),
    ("0.3.8", "2024-07-20T22:13:30Z"),
    ("0.3.9", "2024-09-14T12:24:40Z"),
];

/// What the thief yanked.
const YANKED: [&str; 5] = ["0.3.5", "0.3.6", "0.3.7", "0.3.8", "0.3.9"];

const PUBLISHED: &str = "2026-08-20T07:15:00Z";
const BEFORE: &str = "2026-08-20T07:10:00Z";
const FIRST_CONTACT: &str = "2026-06-01T00:00:00Z";

/// At 07:30Z: arrayref 0.3.10 is out for a quarter of an hour, the good releases are yanked.
fn takeover() -> World {
    let mut world = World::at("2026-08-20T07:30:00Z");
    world.known_names(KNOWN);
    for (at, published) in HISTORY {
        world
            .release("arrayref", at, published)
            .depends("quickcheck", "^1", DependencyKind::Dev, false)
            .seen(FIRST_CONTACT, None);
    }
    world.release("proc-macro2", "1.0.106", "2025-08-18T00:00:00Z").seen(FIRST_CONTACT, None);
    let clean = "2026-08-20T02:11:00Z";
    world.release("proc-macro1", "1.0.106", clean).seen("2026-08-20T02:15:00Z", Some("2026-08-20T02:10:00Z"));
    let dirty = "2026-08-20T07:11:00Z";
    world.release("proc-macro1", "1.0.107", dirty).seen("2026-08-20T07:15:00Z", Some(BEFORE));
    world
        .release("arrayref", "0.3.10", PUBLISHED)
        .depends("quickcheck", "^1", DependencyKind::Dev, false)
        .needs("proc-macro1", "^1.0.107")
        .seen("2026-08-20T07:15:00Z", Some(BEFORE));
    for at in YANKED {
        world.edit("arrayref", at).seen_yanked("2026-08-20T07:20:00Z", None);
    }
    world.lock("arrayref", "0.3.9", &[]);
    world
}

/// A release vanishes, and two reads miss it.
fn delete(world: &mut World, of: &str, at: &str, gone_at: &str, still_gone_at: &str) {
    let facts = world.krate(of);
    let place = facts.releases.iter().position(|r| r.version == version(at)).expect("it was published");
    let release = facts.releases.remove(place);
    let sighting = release.sighting.expect("a journal was kept");
    facts.gone.push(Gone {
        version: release.version,
        digest: release.digest,
        published: release.published,
        first_seen: sighting.first_seen,
        gone_at: time(gone_at),
        still_gone_at: time(still_gone_at),
    });
}

/// 08:50Z: both crates are deleted, the good releases are back.
fn cleaned_up() -> World {
    let mut world = takeover().later("2026-08-20T08:50:00Z");
    for at in ["1.0.106", "1.0.107"] {
        delete(&mut world, "proc-macro1", at, "2026-08-20T08:05:00Z", "2026-08-20T08:45:00Z");
    }
    delete(&mut world, "arrayref", "0.3.10", "2026-08-20T08:42:00Z", "2026-08-20T08:48:00Z");
    for at in YANKED {
        world.edit("arrayref", at).seen_yanked("2026-08-20T07:20:00Z", Some("2026-08-20T08:45:00Z"));
    }
    world
}

/// 16:00Z: the advisories are out. That on arrayref says of no release that it is patched, and of those before that
/// they are unaffected.
fn advised() -> World {
    use fence_model::facts::{Bound, Range};
    let mut world = cleaned_up().later("2026-08-20T16:00:00Z");
    let known = "2026-08-20T15:46:12Z";
    world.advisory("RUSTSEC-2026-0260", "arrayref", AdvisoryKind::Malicious, known, None);
    let before = Range { lower: Bound::Unbounded, upper: Bound::Inclusive(version("0.3.9")) };
    world.krate("arrayref").advisories[0].unaffected.push(before);
    world.advisory("RUSTSEC-2026-0265", "proc-macro1", AdvisoryKind::Malicious, known, None);
    world
}

/// What a project reads that locked 0.3.10 while it was out.
fn show_with_victim(mut world: World, of: &str, at: &str) -> String {
    world.lock(of, at, &[]);
    show(&world.decide(of, at))
}

#[test]
fn at_half_past_seven_the_thief_is_held() {
    let world = takeover();
    let arrayref = world.decide("arrayref", "0.3.10");
    for code in [Code::Young, Code::Dormant, Code::YoungDependency, Code::YankLure] {
        assert!(arrayref.has(code), "{code}");
    }
    let imitation = world.decide("proc-macro1", "1.0.107");
    for code in [Code::Young, Code::NewCrate, Code::LookAlike] {
        assert!(imitation.has(code), "{code}");
    }
    insta::assert_snapshot!(show(&arrayref), @"
    arrayref 0.3.10 hold
      young-dependency [review]: new in this release, proc-macro1 was 5 hours old when this was published
      young-dependency [review]: new in this release, proc-macro1 looks like proc-macro2 (another number)
      yank-lure [review]: 5 older releases, 0.3.5 to 0.3.9, were yanked around this one on 2026-08-20
      young [hold]: in the open for 15 minutes, 28 days are asked for
      needs-held [hold]: needs proc-macro1 ^1.0.107, of which no release is admitted
      dormant [double]: no release for 704 days before 2026-08-20
      new-dependency [double]: new dependency proc-macro1
      > an admitted release of proc-macro1 ^1.0.107, one audit by a trusted reviewer or set, from 2026-08-20T13:15:00Z on
      > an admitted release of proc-macro1 ^1.0.107, 2 independent audits by trusted reviewers or sets, from 2026-08-20T07:30:00Z on
      > an exception for needs-held, young-dependency, yank-lure, young
    ");
    insta::assert_snapshot!(show(&imitation), @"
    proc-macro1 1.0.107 hold
      look-alike [review]: looks like proc-macro2 (another number)
      new-crate [review]: the crate is 5 hours old, first published on 2026-08-20
      young [hold]: in the open for 15 minutes, 7 days are asked for
      > one audit by a trusted reviewer or set, from 2026-08-20T13:15:00Z on
      > 2 independent audits by trusted reviewers or sets, from 2026-08-20T07:30:00Z on
      > an exception for look-alike, new-crate, young
    ");
    // The clean copy, published only so that the crate would have a past.
    insta::assert_snapshot!(show(&world.decide("proc-macro1", "1.0.106")), @"
    proc-macro1 1.0.106 hold
      look-alike [review]: looks like proc-macro2 (another number)
      new-crate [review]: the crate is 5 hours old, first published on 2026-08-20
      young [hold]: in the open for 5 hours, 7 days are asked for
      > one audit by a trusted reviewer or set, from 2026-08-20T08:15:00Z on
      > 2 independent audits by trusted reviewers or sets, from 2026-08-20T07:30:00Z on
      > an exception for look-alike, new-crate, young
    ");
}

#[test]
fn no_passing_of_time_admits_either() {
    for level in [Level::Medium, Level::High] {
        for days in [1, 7, 30, 89, 90, 91, 365, 366, 3_650, 36_500] {
            let later = takeover().level(level).at_time(takeover().now + fence_model::Span::days(days));
            for (of, at) in [("arrayref", "0.3.10"), ("proc-macro1", "1.0.107")] {
                let decision = later.decide(of, at);
                assert_eq!(decision.verdict, Verdict::Hold, "{level}, {days} days: {}", show(&decision));
                assert!(!decision.clears.iter().any(|way| way.is_wait()), "{}", show(&decision));
            }
        }
    }
}

#[test]
fn at_low_the_wait_is_the_ceiling() {
    insta::assert_snapshot!(show(&takeover().level(Level::Low).decide("arrayref", "0.3.10")), @"
    arrayref 0.3.10 hold
      young [hold]: in the open for 15 minutes, 30 days are asked for
      needs-held [hold]: needs proc-macro1 ^1.0.107, of which no release is admitted
      young-dependency [ceiling]: new in this release, proc-macro1 was 5 hours old when this was published
      young-dependency [ceiling]: new in this release, proc-macro1 looks like proc-macro2 (another number)
      yank-lure [ceiling]: 5 older releases, 0.3.5 to 0.3.9, were yanked around this one on 2026-08-20
      dormant [double]: no release for 704 days before 2026-08-20
      new-dependency [double]: new dependency proc-macro1
      > an admitted release of proc-macro1 ^1.0.107, from 2026-09-19T07:15:00Z on
      > an admitted release of proc-macro1 ^1.0.107, one audit by a trusted reviewer or set, from 2026-08-20T13:15:00Z on
      > an admitted release of proc-macro1 ^1.0.107, 2 independent audits by trusted reviewers or sets, from 2026-08-20T07:30:00Z on
      > an exception for needs-held, young
    ");
}

#[test]
fn without_a_journal_the_pattern_alone_is_seen() {
    let mut world = takeover();
    for facts in world.crates.values_mut() {
        facts.journalled = false;
        facts.releases.iter_mut().for_each(|release| release.sighting = None);
    }
    insta::assert_snapshot!(show(&world.decide("arrayref", "0.3.10")), @"
    arrayref 0.3.10 hold
      young-dependency [review]: new in this release, proc-macro1 was 5 hours old when this was published
      young-dependency [review]: new in this release, proc-macro1 looks like proc-macro2 (another number)
      young [hold]: in the open for 15 minutes, 30 days are asked for
      needs-held [hold]: needs proc-macro1 ^1.0.107, of which no release is admitted
      dormant [double]: no release for 704 days before 2026-08-20
      new-dependency [double]: new dependency proc-macro1
      yanked-around [double]: the 5 newest older compatible releases, 0.3.5 to 0.3.9, are yanked; since when is not known
      > an admitted release of proc-macro1 ^1.0.107, one audit by a trusted reviewer or set, from 2026-08-20T13:15:00Z on
      > an admitted release of proc-macro1 ^1.0.107, 2 independent audits by trusted reviewers or sets, from 2026-08-20T07:30:00Z on
      > an exception for needs-held, young-dependency, young
    ");
}

#[test]
fn the_good_release_is_admitted_and_shown_as_it_was() {
    let world = takeover();
    assert_eq!(world.decide("arrayref", "0.3.9").verdict, Verdict::Admit);
    insta::assert_snapshot!(show(&world.decide("arrayref", "0.3.9")), @"
    arrayref 0.3.9 admit (by age)
      yanked [warn]: yanked by its publisher, seen on 2026-08-20
    ");
    let shown = |world: &World| {
        let lines: Vec<String> = world
            .view("arrayref")
            .iter()
            .skip(9)
            .map(|shown| format!("{} {:?} {:?}", shown.version, shown.mark, shown.bytes))
            .collect();
        lines.join("\n")
    };
    insta::assert_snapshot!(shown(&world), @"
    0.3.4 AsUpstream Served
    0.3.5 AsUpstream Served
    0.3.6 AsUpstream Served
    0.3.7 AsUpstream Served
    0.3.8 AsUpstream Served
    0.3.9 UnYanked Served
    0.3.10 Yanked Refused
    ");
    let newest = world.view("arrayref").into_iter().find(|shown| shown.version == version("0.3.9"));
    assert_eq!(newest.map(|shown| (shown.mark, shown.bytes)), Some((Mark::UnYanked, Bytes::Served)));
    // When upstream has cleaned up there is nothing left to mend.
    insta::assert_snapshot!(shown(&cleaned_up()), @"
    0.3.4 AsUpstream Served
    0.3.5 AsUpstream Served
    0.3.6 AsUpstream Served
    0.3.7 AsUpstream Served
    0.3.8 AsUpstream Served
    0.3.9 AsUpstream Served
    ");
}

#[test]
fn after_the_deletion_it_blocks() {
    insta::assert_snapshot!(show_with_victim(cleaned_up(), "arrayref", "0.3.10"), @"
    arrayref 0.3.10 block
      deleted [block]: seen since 2026-08-20T07:15:00Z, gone from the index since 2026-08-20T08:42:00Z
      > an exception for deleted
    ");
    insta::assert_snapshot!(show_with_victim(cleaned_up(), "proc-macro1", "1.0.107"), @"
    proc-macro1 1.0.107 block
      deleted [block]: seen since 2026-08-20T07:15:00Z, gone from the index since 2026-08-20T08:05:00Z
      > an exception for deleted
    ");
    insta::assert_snapshot!(show(&cleaned_up().decide("arrayref", "0.3.9")), @"arrayref 0.3.9 admit (by age)");
}

#[test]
fn after_the_advisory_it_is_malware() {
    insta::assert_snapshot!(show_with_victim(advised(), "arrayref", "0.3.10"), @"
    arrayref 0.3.10 block
      malicious [block]: RUSTSEC-2026-0260: a title
      deleted [block]: seen since 2026-08-20T07:15:00Z, gone from the index since 2026-08-20T08:42:00Z
      > an exception for deleted, malicious
    ");
    insta::assert_snapshot!(show(&advised().decide("arrayref", "0.3.9")), @"arrayref 0.3.9 admit (by age)");
    // And for a mirror that kept it, where nothing was deleted.
    let mut kept = takeover().later("2026-08-20T16:00:00Z");
    kept.crates.get_mut("arrayref").expect("it is there").advisories =
        advised().krate("arrayref").advisories.clone();
    insta::assert_snapshot!(show(&kept.decide("arrayref", "0.3.10")), @"
    arrayref 0.3.10 block
      malicious [block]: RUSTSEC-2026-0260: a title
      young-dependency [review]: new in this release, proc-macro1 was 5 hours old when this was published
      young-dependency [review]: new in this release, proc-macro1 looks like proc-macro2 (another number)
      yank-lure [review]: 5 older releases, 0.3.5 to 0.3.9, were yanked around this one on 2026-08-20
      young [hold]: in the open for 8 hours, 28 days are asked for
      needs-held [hold]: needs proc-macro1 ^1.0.107, of which no release is admitted
      dormant [double]: no release for 704 days before 2026-08-20
      new-dependency [double]: new dependency proc-macro1
      > an exception for needs-held, malicious, young-dependency, yank-lure, young
    ");
}

#[test]
fn a_later_honest_release_comes_after_a_takeover() {
    let mut world = advised().later("2026-10-20T12:00:00Z");
    world
        .release("arrayref", "0.3.11", "2026-09-20T12:00:00Z")
        .seen("2026-09-20T12:05:00Z", Some("2026-09-20T12:00:00Z"));
    let decision = world.decide("arrayref", "0.3.11");
    assert!(!decision.has(Code::Malicious));
    insta::assert_snapshot!(show(&decision), @"
    arrayref 0.3.11 hold
      after-takeover [review]: RUSTSEC-2026-0260: a title
      dormant [double]: no release for 735 days before 2026-09-20
      > one audit by a trusted reviewer or set, from 2026-10-20T12:00:00Z on
      > an exception for after-takeover
    ");
    world.full_audit("mozilla", "arrayref", "0.3.11", "2026-10-01T00:00:00Z");
    insta::assert_snapshot!(show(&world.decide("arrayref", "0.3.11")), @"
    arrayref 0.3.11 admit (audited)
      dormant [double]: no release for 735 days before 2026-09-20
      audited-once [favour]: audited by mozilla (0.3.11)
      after-takeover [review, cleared]: RUSTSEC-2026-0260: a title
    ");
}

#[test]
fn another_hand_that_takes_the_imitations_name_is_known_by_it() {
    let mut world = advised().later("2028-08-20T12:00:00Z");
    world
        .release("proc-macro1", "1.0.108", "2027-09-20T12:00:00Z")
        .seen("2027-09-20T12:05:00Z", Some("2027-09-20T12:00:00Z"));
    insta::assert_snapshot!(show(&world.decide("proc-macro1", "1.0.108")), @"
    proc-macro1 1.0.108 hold
      after-takeover [review]: RUSTSEC-2026-0265: a title
      reincarnated [review]: all 2 earlier releases of this name vanished by 2026-08-20T08:05:00Z
      > one audit by a trusted reviewer or set, from 2028-08-20T12:00:00Z on
      > an exception for after-takeover, reincarnated
    ");
}

/// The facts above against the recorded timeline and index.
#[test]
fn the_film_is_the_one_that_was_recorded() {
    let Some(data) = std::env::var_os("FENCE_DATA").map(std::path::PathBuf::from) else {
        eprintln!("skipped: FENCE_DATA is not set");
        return;
    };
    let recorded = std::fs::read_to_string(data.join("advisory-db/incident-2026-08-20-arrayref.json"));
    let recorded: serde_json::Value =
        serde_json::from_str(&recorded.expect("the timeline is there")).expect("it is JSON");
    let events = recorded["timeline"].as_array().expect("it has events");
    let moment = |event: &str, of: &str, at: Option<&str>| -> Vec<Time> {
        let is_it = |e: &&serde_json::Value| {
            e["event"] == event && e["crate"] == of && at.is_none_or(|at| e["version"] == at)
        };
        events.iter().filter(is_it).map(|e| time(e["time"].as_str().expect("it has a time"))).collect()
    };
    let world = takeover();
    let published = |of: &str, at: &str| {
        let releases = &world.crates[&name(of)].releases;
        releases.iter().find(|r| r.version == version(at)).and_then(|r| r.published).into_iter().collect()
    };
    for (of, at) in [("arrayref", "0.3.10"), ("proc-macro1", "1.0.106"), ("proc-macro1", "1.0.107")] {
        let expected: Vec<Time> = published(of, at);
        assert_eq!(moment("publish", of, Some(at)), expected, "{of} {at}");
    }
    let yank = events.iter().find(|e| e["event"] == "yank").expect("there was one");
    assert_eq!(yank["versions"], serde_json::json!(YANKED));
    assert!(moment("yank", "arrayref", None) < vec![time("2026-08-20T07:20:00Z")], "a read after it saw it");
    assert_eq!(moment("delete", "arrayref", Some("0.3.10")), [time("2026-08-20T08:41:40Z")]);

    let archive = std::fs::File::open(data.join("index/index-small.tar.zst")).expect("the index is there");
    let archive = ruzstd::decoding::StreamingDecoder::new(archive).expect("it is zstd");
    let mut archive = tar::Archive::new(archive);
    let mut entry = archive
        .entries()
        .expect("it is a tar archive")
        .map(|entry| entry.expect("it is whole"))
        .find(|entry| entry.path().expect("it has a path").ends_with("ar/ra/arrayref"))
        .expect("arrayref is in it");
    let mut lines = String::new();
    std::io::Read::read_to_string(&mut entry, &mut lines).expect("it is text");
    let shown: Vec<(String, String)> = lines
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("it is JSON"))
        .map(|line| {
            let text = |key: &str| line[key].as_str().expect("it is there").to_owned();
            let builds =
                line["deps"].as_array().expect("a list").iter().filter(|d| d["kind"] != "dev").count();
            assert_eq!(builds, 0, "{line}");
            (text("vers"), text("pubtime"))
        })
        .collect();
    let expected = HISTORY.map(|(at, published)| (at.to_owned(), published.to_owned()));
    assert_eq!(shown, expected);
    assert_ne!(digest("arrayref 0.3.9"), digest("arrayref 0.3.10"));
}
