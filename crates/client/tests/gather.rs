//! Gathering: what is read, what is kept, what is told when something cannot be had.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use fence_client::cache::{Cache, ContentDigest};
use fence_client::cargo_config::CargoConfig;
use fence_client::gather::{
    About, FeedRead, GatherError, Knowledge, Problem, Refresh, Request, Updated, gather, update,
};
use fence_client::http::{Http, HttpSettings, Network};
use fence_client::progress::{Progress, Silent};
use fence_client::project::lockfile;
use fence_client::{Environment, Limits as ClientLimits};
use fence_model::facts::{Birth, CrateFacts};
use fence_model::policy::{FeedRole, FeedSource, Policy, Reach, Trust};
use fence_model::settle::{FactsOf, Known};
use fence_model::{CrateName, Time};
use fence_registry::lockfile::{Lockfile, Source};
use fence_registry::{IndexFile, IndexPath, Journal, Limits};
use fence_testkit::crev::Reviewer;
use fence_testkit::registry::{Act, FakeRegistry, Validators};
use tame_index::{CRATES_IO_HTTP_INDEX, CRATES_IO_INDEX};

#[test]
fn facts_come_from_index_and_feeds() {
    let world = World::new();
    world.index("serde", "2026-09-01", &[release("1.0.0", "2020-01-01"), yanked("1.0.1", "2026-08-01")]);
    world.advisory("serde", "RUSTSEC-2026-0001", "2026-08-02", "patched = [\">= 1.0.1\"]");
    world.audits("mozilla", "2026-08-30", &full_audit("serde", "1.0.1"));
    insta::assert_snapshot!(facts(&world.gather("2026-09-01"), "serde"), @r"
    1.0.0 published 2020-01-01
    1.0.1 published 2026-08-01, yanked
    RUSTSEC-2026-0001 known 2026-08-02T00:00:00Z
    audit by mozilla known 2026-08-30T00:00:00Z: safe-to-deploy, safe-to-run
    ");
}

#[test]
fn what_was_not_known_at_the_moment_asked_about_is_left_out() {
    let world = World::new();
    world.index("serde", "2026-09-01", &[release("1.0.0", "2020-01-01"), release("1.0.1", "2026-08-01")]);
    world.advisory("serde", "RUSTSEC-2026-0001", "2026-08-02", "patched = []");
    world.audits("mozilla", "2026-08-30", &full_audit("serde", "1.0.1"));
    let then = world.ask("2026-07-31", "2026-09-01", Refresh::Old, None).unwrap();
    insta::assert_snapshot!(facts(&then, "serde"), @"1.0.0 published 2020-01-01");
    // What is known now was known then of everything that is older, so no feed is stale then.
    insta::assert_snapshot!(ages(&then), @r"
    index: current, as of 2026-09-01T00:00:00Z
    mozilla: current, as of 2026-08-30T00:00:00Z
    rustsec: current, as of 2026-08-02T00:00:00Z
    ");
    let until: Vec<_> = then.feeds().iter().map(|feed| (feed.name.as_str(), feed.as_of)).collect();
    assert_eq!(until, [("index", Some(time("2026-07-31"))), ("rustsec", Some(time("2026-07-31")))]);
}

#[test]
fn what_is_unchanged_is_not_parsed_again() {
    let world = World::new();
    world.index("serde", "2026-09-01", &[release("1.0.0", "2020-01-01")]);
    world.index("syn", "2026-09-01", &[release("2.0.0", "2023-01-01")]);
    let first = facts(&world.gather("2026-09-01"), "serde");
    // Other bytes under the same size and time: who looked would see them.
    world.index("serde", "2026-09-01", &[release("9.9.9", "2020-01-01")]);
    world.index("syn", "2026-09-02", &[release("2.0.0", "2023-01-01"), release("2.0.1", "2026-09-02")]);
    let second = world.gather("2026-09-02");
    assert_eq!(facts(&second, "serde"), first);
    insta::assert_snapshot!(facts(&second, "syn"), @r"
    2.0.0 published 2023-01-01
    2.0.1 published 2026-09-02
    ");
}

#[test]
fn an_index_file_that_vanishes_leaves_its_last_view_and_an_alarm() {
    let world = World::new();
    world.index("serde", "2026-09-01", &[release("1.0.0", "2020-01-01")]);
    world.index("syn", "2026-09-01", &[release("2.0.0", "2023-01-01")]);
    let before = facts(&world.gather("2026-09-01"), "serde");
    fs::remove_file(world.index_file("serde")).unwrap();
    world.index("syn", "2026-09-03", &[release("2.0.0", "2023-01-01")]);
    let after = world.gather("2026-09-03");
    assert_eq!(facts(&after, "serde"), before);
    insta::assert_snapshot!(world.problems(&after), @r#"
    IndexShrunk { registry: "<folder>/index", crates: ["serde"] }
    ClockAhead { clock: 2026-09-03T00:00:00Z, newest: 2026-09-01T00:00:00Z }
    "#);
    insta::assert_snapshot!(ages(&after), @"index: stale, as of 2026-09-01T00:00:00Z");
}

#[test]
fn an_index_that_is_not_there_is_told_once_and_its_crates_are_unknown() {
    let world = World::new();
    world.lock(&[("serde", "1.0.0"), ("syn", "2.0.0")]);
    fs::remove_dir_all(world.path("index")).unwrap();
    let knowledge = world.gather("2026-09-01");
    insta::assert_snapshot!(world.problems(&knowledge), @r#"IndexUnread { registry: "<folder>/index", crates: ["serde", "syn"], error: NoFolder { folder: "<folder>/index", cause: "No such file or directory (os error 2)" } }"#);
    insta::assert_snapshot!(ages(&knowledge), @"index: absent, as of never");
    assert!(knowledge.facts_of(&name("serde")).releases.is_empty());
}

#[test]
fn a_crate_that_the_registry_never_had_is_known_not_to_be_there() {
    let world = World::new();
    world.index("syn", "2026-09-01", &[release("2.0.0", "2023-01-01")]);
    world.lock(&[("serde", "1.0.0")]);
    let knowledge = world.gather("2026-09-01");
    insta::assert_snapshot!(world.problems(&knowledge), @"");
    assert!(knowledge.facts_of(&name("serde")).releases.is_empty());
}

#[test]
fn a_bad_line_is_told_at_every_gathering_and_the_rest_is_used() {
    let world = World::new();
    world.index("serde", "2026-09-01", &[release("1.0.0", "2020-01-01"), "{\"name\":".to_owned()]);
    let told = r#"Record { source: "crates.io", place: "serde", line: 0, because: "#;
    for _ in 0..2 {
        let knowledge = world.gather("2026-09-01");
        assert!(world.problems(&knowledge).starts_with(told), "{}", world.problems(&knowledge));
        assert_eq!(facts(&knowledge, "serde"), "1.0.0 published 2020-01-01\n");
    }
}

#[test]
fn an_advisory_that_does_not_parse_is_told_and_the_rest_is_used() {
    let world = World::new();
    world.index("serde", "2026-09-01", &[release("1.0.0", "2020-01-01")]);
    world.advisory("serde", "RUSTSEC-2026-0001", "2026-08-02", "patched = []");
    world.advisory("serde", "RUSTSEC-2026-0002", "2026-08-02", "patched = [\"no version\"]");
    for _ in 0..2 {
        let knowledge = world.gather("2026-09-01");
        assert_eq!(knowledge.facts_of(&name("serde")).advisories.len(), 1);
        let told = world.problems(&knowledge);
        assert!(told.contains("crates/serde/RUSTSEC-2026-0002.md"), "{told}");
    }
}

#[test]
fn osv_records_stand_beside_those_of_rustsec() {
    let world = World::new();
    world.index("serde", "2026-09-01", &[release("1.0.0", "2020-01-01")]);
    world.advisory("serde", "RUSTSEC-2026-0001", "2026-08-02", "patched = [\">= 1.0.1\"]");
    let record = |id: &str, affected: &str| {
        let text = format!(
            r#"{{"id": "{id}", "modified": "2026-08-03T10:00:00Z", "aliases": ["RUSTSEC-2026-0001"], "affected":
            [{{"package": {{"ecosystem": "crates.io", "name": "serde"}}, "versions": ["{affected}"]}}]}}"#
        );
        put(&world.path("osv").join(format!("{id}.json")), &text, "2026-08-03");
    };
    record("GHSA-aaaa-bbbb-cccc", "1.0.0");
    record("MAL-2026-1", "no version");
    world.add_feed("osv");
    let knowledge = world.gather("2026-09-01");
    let serde = knowledge.facts_of(&name("serde"));
    let told: Vec<_> = serde.advisories.iter().map(|a| (a.id, a.aliases.clone())).collect();
    assert_eq!(told, [("GHSA-aaaa-bbbb-cccc", vec!["RUSTSEC-2026-0001"]), ("RUSTSEC-2026-0001", vec![])]);
    insta::assert_snapshot!(world.problems(&knowledge), @r#"Record { source: "osv", place: "MAL-2026-1.json", line: 0, because: "\"no version\" is not a version: unexpected character 'n' while parsing major version number" }"#);
}

#[test]
fn an_audit_is_known_since_this_machine_first_had_it() {
    let world = World::new();
    world.index("serde", "2026-09-01", &[release("1.0.0", "2020-01-01")]);
    world.audits("mozilla", "2026-08-01", &full_audit("serde", "1.0.0"));
    world.gather("2026-09-01");
    let both = full_audit("serde", "1.0.0") + &full_audit("serde", "1.0.1");
    world.audits("mozilla", "2026-09-02", &both);
    let known = |knowledge: &Knowledge| -> Vec<String> {
        knowledge.facts_of(&name("serde")).audits.iter().map(|audit| audit.known.to_string()).collect()
    };
    // Young enough: the feed is not looked at.
    assert_eq!(known(&world.gather("2026-09-01T05:00:00Z")), ["2026-08-01T00:00:00Z"]);
    // The first keeps its time; the second was first had at this read.
    let later = ["2026-08-01T00:00:00Z", "2026-09-03T00:00:00Z"];
    assert_eq!(known(&world.gather("2026-09-03")), later);
    // Later compilations keep both.
    world.audits("mozilla", "2026-09-04", &(both + &full_audit("syn", "2.0.0")));
    assert_eq!(known(&world.gather("2026-09-05")), later);
}

#[test]
fn todays_advisory_counts_today() {
    let world = World::new();
    world.index("serde", "2026-09-01", &[release("1.0.0", "2020-01-01")]);
    world.advisory("serde", "RUSTSEC-2026-0001", "2026-09-01", "patched = []");
    let morning = "2026-09-01T08:00:00Z";
    let first = world.gather(morning);
    assert_eq!(first.facts_of(&name("serde")).advisories[0].known, time("2026-09-01"));
}

#[test]
fn a_feed_that_is_gone_is_used_from_the_last_snapshot() {
    let world = World::new();
    world.index("serde", "2026-09-01", &[release("1.0.0", "2020-01-01")]);
    world.advisory("serde", "RUSTSEC-2026-0001", "2026-08-02", "patched = []");
    world.gather("2026-09-01");
    fs::remove_dir_all(world.path("rustsec")).unwrap();
    let after = world.gather("2026-09-02");
    assert_eq!(after.facts_of(&name("serde")).advisories.len(), 1);
    assert!(
        world.problems(&after).starts_with("Feed { name: \"rustsec\", error: Absent"),
        "{}",
        world.problems(&after)
    );
    insta::assert_snapshot!(ages(&after), @r"
    index: stale, as of 2026-09-01T00:00:00Z
    rustsec: stale, as of 2026-08-02T00:00:00Z
    ");
}

#[test]
fn a_feed_that_turns_invalid_is_used_from_the_last_snapshot() {
    let world = World::new();
    world.index("serde", "2026-09-01", &[release("1.0.0", "2020-01-01")]);
    world.audits("mozilla", "2026-08-01", &full_audit("serde", "1.0.0"));
    world.gather("2026-09-01");
    world.audits("mozilla", "2026-09-02", "<<<<<<< HEAD\n");
    let after = world.gather("2026-09-02");
    assert_eq!(after.facts_of(&name("serde")).audits.len(), 1);
    assert!(
        world.problems(&after).starts_with("FeedInvalid { name: \"mozilla\""),
        "{}",
        world.problems(&after)
    );
    assert!(ages(&after).contains("mozilla: invalid, as of 2026-08-01T00:00:00Z"), "{}", ages(&after));
}

#[test]
fn a_feed_that_was_never_read_is_absent() {
    let world = World::new();
    world.index("serde", "2026-09-01", &[release("1.0.0", "2020-01-01")]);
    let world = world.with_feed("rustsec");
    let knowledge = world.gather("2026-09-01");
    insta::assert_snapshot!(ages(&knowledge), @r"
    index: current, as of 2026-09-01T00:00:00Z
    rustsec: absent, as of never
    ");
    assert_eq!(knowledge.feeds()[1].as_of, None);
}

/// Feeds are asked side by side; what is told of them is in their order, whichever ended first.
#[test]
fn one_slow_feed_holds_up_no_other() {
    let mut world = World::new();
    world.index("serde", "2026-09-01", &[release("1.0.0", "2020-01-01")]);
    let fake = FakeRegistry::start();
    for (name, text) in [("a", "<<<<<<< HEAD\n"), ("b", &full_audit("serde", "1.0.0"))] {
        fake.serve(name, text);
        // No answer before all three were asked.
        fake.next(name, [Act::AfterRequests(3)]);
    }
    for name in ["a", "b", "c"] {
        world.add_source(name, &fake.url(name));
    }
    let told = Told::default();
    let updated = world.with_request("2026-09-01", "2026-09-01", Refresh::Old, None, |request| {
        let network = online(|pause| panic!("it waited for {pause:?}"));
        update(Request { network: &network, progress: &told, ..request }).unwrap()
    });
    let read: Vec<_> = updated.tally.feeds.iter().map(|feed| (feed.name.as_str(), feed.read)).collect();
    assert_eq!(read, [("a", FeedRead::Failed), ("b", FeedRead::Changed), ("c", FeedRead::Failed)]);
    let problems = world.problems(&updated.knowledge).replace(&fake.host_and_port(), "fake");
    insta::assert_snapshot!(problems, @r#"
    FeedInvalid { name: "a", because: "a:1: not TOML: key with no value, expected `=`", used: None }
    Feed { name: "c", error: Absent { feed: "c", place: "http://fake/c", cause: "the server says that there is no such file" }, used: None }
    "#);
    insta::assert_snapshot!(told.text(), @"3 feeds, one, one, one, end");
}

/// Six sets that nobody serves: no retries, each told.
#[test]
fn feeds_that_nobody_serves_cost_no_time() {
    let mut world = World::new();
    world.index("serde", "2026-09-01", &[release("1.0.0", "2020-01-01")]);
    let gone = FakeRegistry::start().url("set.toml");
    for name in ["a", "b", "c", "d", "e", "f"] {
        world.add_source(name, &gone);
    }
    let knowledge = world.with_request("2026-09-01", "2026-09-01", Refresh::Old, None, |request| {
        let network = online(|pause| panic!("it waited for {pause:?}"));
        gather(Request { network: &network, ..request }).unwrap()
    });
    let unreachable = |problem: &&Problem| match problem {
        Problem::Feed { error, .. } => error.to_string().ends_with("nobody listens there"),
        _ => false,
    };
    assert_eq!(knowledge.problems().iter().filter(unreachable).count(), 6);
}

#[test]
fn an_update_says_what_changed() {
    let world = World::new();
    world.index("serde", "2026-09-01", &[release("1.0.0", "2020-01-01")]);
    world.advisory("serde", "RUSTSEC-2026-0001", "2026-08-02", "patched = []");
    let told = |updated: &Updated| {
        let feed = &updated.tally.feeds[0];
        (feed.read, feed.advisories, updated.tally.crates_read, updated.tally.crates_changed)
    };
    assert_eq!(told(&world.update("2026-09-01")), (FeedRead::Changed, 1, 1, 1));
    assert_eq!(told(&world.update("2026-09-01")), (FeedRead::Unchanged, 1, 1, 0));
    world.advisory("syn", "RUSTSEC-2026-0002", "2026-08-03", "patched = []");
    assert_eq!(told(&world.update("2026-09-01")), (FeedRead::Changed, 2, 1, 0));
}

#[test]
fn a_damaged_snapshot_is_made_again_and_told() {
    let world = World::new();
    world.index("serde", "2026-09-01", &[release("1.0.0", "2020-01-01")]);
    world.advisory("serde", "RUSTSEC-2026-0001", "2026-08-02", "patched = []");
    let before = facts(&world.gather("2026-09-01"), "serde");
    for (place, told) in [("projects", 1), ("compiled", 0)] {
        let file = only_file(&world.path("cache").join("v1").join(place));
        let mut bytes = fs::read(&file).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&file, &bytes).unwrap();
        let after = world.gather("2026-09-01");
        assert_eq!(facts(&after, "serde"), before);
        let damaged = after.problems().iter().filter(|p| matches!(p, Problem::Snapshot { .. })).count();
        // A compiled feed is not looked at while the project's snapshot is good.
        assert_eq!(damaged, told, "{place}: {}", world.problems(&after));
        assert_eq!(facts(&world.gather("2026-09-01"), "serde"), before);
    }
}

#[test]
fn an_unwritable_cache_is_named() {
    let world = World::new();
    world.index("serde", "2026-09-01", &[release("1.0.0", "2020-01-01")]);
    fs::write(world.path("cache"), "a file where the folder should be").unwrap();
    let Err(error) = world.ask("2026-09-01", "2026-09-01", Refresh::Old, None) else {
        panic!("it was written")
    };
    assert!(matches!(error, GatherError::Cache(_)), "{error}");
    assert!(error.to_string().contains(world.path("cache").to_str().unwrap()), "{error}");
}

#[test]
fn a_clock_behind_what_was_written_down_decides_nothing() {
    let world = World::new();
    world.index("serde", "2026-09-01", &[release("1.0.0", "2020-01-01")]);
    world.advisory("serde", "RUSTSEC-2026-0001", "2026-08-02", "patched = []");
    world.gather("2026-09-01");
    let Err(error) = world.ask("2026-08-31", "2026-08-31", Refresh::Old, None) else {
        panic!("it was believed")
    };
    let snapshot = only_file(&world.path("cache/v1/projects")).display().to_string();
    let told = format!("{error}; {}", error.hint()).replace(&snapshot, "<snapshot>");
    insta::assert_snapshot!(told, @"the clock shows 2026-08-31T00:00:00Z, but <snapshot> was written at 2026-09-01T00:00:00Z; set the machine's clock; if it was ahead when that was written, delete <snapshot>");
}

/// The first check of a machine whose clock starts in 1970 writes nothing down under that date.
#[test]
fn a_clock_behind_the_newest_release_decides_nothing() {
    let world = World::new();
    world.index("serde", "2026-09-01", &[release("1.0.0", "2020-01-01"), release("1.0.1", "2026-08-01")]);
    world.audits("mozilla", "2026-08-30", &full_audit("serde", "1.0.1"));
    let Err(error) = world.ask("2026-07-31", "2026-07-31", Refresh::Old, None) else {
        panic!("it was believed")
    };
    insta::assert_snapshot!(format!("{error}; {}", error.hint()), @"the clock shows 2026-07-31T00:00:00Z, but the index has a release of serde published at 2026-08-01T00:00:00Z; set the machine's clock; if it is right, tell the registry's operators");
    assert!(!world.path("cache/v1/compiled").exists());
}

#[test]
fn a_clock_far_ahead_of_everything_is_told() {
    let world = World::new();
    world.index("serde", "2026-09-01", &[release("1.0.0", "2020-01-01")]);
    insta::assert_snapshot!(world.problems(&world.gather("2036-09-01")), @"ClockAhead { clock: 2036-09-01T00:00:00Z, newest: 2026-09-01T00:00:00Z }");
}

/// A dependency outside the lockfile is looked up where it is new in the release in use or a later one.
#[test]
fn new_dependencies_are_looked_up_for_their_age() {
    let world = World::new();
    let with = |version: &str, published: &str, packages: &[&str]| {
        let needs = packages.iter().map(|package| {
            let kind = if *package == "tested" { "dev" } else { "normal" };
            let registry = if *package == "elsewhere" { r#","registry":"https://own.example/""# } else { "" };
            format!(r#"{{"name":"{package}","req":"^1","features":[],"optional":true,"default_features":true,"target":null,"kind":"{kind}"{registry}}}"#)
        });
        let needs: Vec<String> = needs.collect();
        release(version, published).replace("\"deps\":[]", &format!("\"deps\":[{}]", needs.join(",")))
    };
    world.index(
        "app",
        "2026-09-01",
        &[
            with("1.0.0", "2026-01-01", &["always"]),
            with("1.1.0", "2026-02-01", &["always", "dropped"]),
            with("1.2.0", "2026-03-01", &["always", "new", "tested"]),
            with("1.3.0", "2026-04-01", &["always", "newer", "absent", "elsewhere"]),
        ],
    );
    for package in ["always", "dropped", "new", "newer", "tested"] {
        world.put_index(package, "2026-09-01", &[release("1.0.0", "2026-03-01")]);
    }
    world.lock(&[("app", "1.2.0")]);
    let updated = world.update("2026-09-01");
    let facts = updated.knowledge.facts_of(&name("app"));
    let march = Birth::At(time("2026-03-01"));
    let expected = [
        // A folder need not hold all of an index.
        ("absent", Birth::Unread),
        // Not looked up: in all of the class that is in use it is nothing new.
        ("always", Birth::Untold),
        // A release below the one in use may be the one to stay on.
        ("dropped", march),
        // Nothing is locked from its registry, which so may be anybody's.
        ("elsewhere", Birth::Untold),
        ("new", march),
        ("newer", march),
        ("tested", Birth::Untold),
    ];
    assert_eq!(births(&facts), expected.map(|(package, birth)| (package.to_owned(), birth)));
    assert_eq!(updated.tally.packages_asked, 4);
    // What is known stays known: only the one that nobody knows is asked for again.
    assert_eq!(world.update("2026-09-01").tally.packages_asked, 1);
    // What may be compared with nothing has everything new, but for the first release.
    world.index(
        "app",
        "2026-09-02",
        &[with("1.0.0", "2026-01-01", &["dropped"]), with("1.1.0", "2026-01-30", &["always", "dropped"])],
    );
    let knowledge = world.gather("2026-09-02");
    let expected = |birth| ["always", "dropped"].map(|package| (package.to_owned(), birth));
    assert_eq!(births(&knowledge.facts_of(&name("app"))), expected(march));
    // At a moment before they were born they did not exist.
    let then = world.ask("2026-02-15", "2026-09-02", Refresh::Old, None).unwrap();
    assert_eq!(births(&then.facts_of(&name("app"))), expected(Birth::Nonexistent));
}

/// What a registry says of a package, what it fails to say, and what nobody asked it are three different things.
#[test]
fn an_age_that_nobody_told_is_asked_for_again() {
    let world = World::new();
    world.lock(&[("app", "1.1.0")]);
    let fake = FakeRegistry::start();
    let needs = ["absent", "empty", "failing", "there"].map(|package| {
        format!(r#"{{"name":"{package}","req":"^1","features":[],"optional":true,"default_features":true,"target":null,"kind":"normal"}}"#)
    });
    let app = release("1.0.0", "2026-01-01")
        + "\n"
        + &release("1.1.0", "2026-03-01").replace("\"deps\":[]", &format!("\"deps\":[{}]", needs.join(",")));
    fake.serve("index/3/a/app", app.replace("NAME", "app"));
    let there = || release("1.0.0", "2026-02-01").replace("NAME", "there");
    fake.serve("index/th/er/there", there());
    fake.serve("index/em/pt/empty", there().replace("there", "other"));
    fake.serve("index/fa/il/failing", there().replace("there", "failing"));
    world.replace_crates_io(&fake);
    let all = ["index/ab/se/absent", "index/em/pt/empty", "index/fa/il/failing", "index/th/er/there"];
    let asked = |clock: &str, network: &Network| {
        let knowledge = world.with_request(clock, clock, Refresh::Old, None, |request| {
            gather(Request { index: None, network, ..request }).unwrap()
        });
        let problems = world.problems(&knowledge).replace(&fake.url(""), "http://fake/");
        let births = births(&knowledge.facts_of(&name("app")));
        fake.take_requests();
        births.iter().map(|(of, birth)| format!("{of} {birth:?}\n")).collect::<String>() + &problems
    };
    for path in all {
        fake.next(path, [Act::status(503)]);
    }
    insta::assert_snapshot!(asked("2026-09-01", &without_retries()), @r#"
    absent Untold
    empty Untold
    failing Untold
    there Untold
    AgesUntold { registry: "http://fake/index/", crates: ["absent", "empty", "failing", "there"], error: Unreachable(Unavailable { url: "http://fake/index/ab/se/absent", status: 503 }) }
    "#);
    // Without network there is nobody to ask, so nothing fails.
    fs::remove_file(only_file(&world.path("cache/v1/projects"))).unwrap();
    insta::assert_snapshot!(asked("2026-09-01T00:01:00Z", &Network::Offline), @"
    absent Unread
    empty Unread
    failing Unread
    there Unread
    ");
    // What nobody could tell is asked for again when somebody can be asked, however fresh all else is.
    fake.next("index/fa/il/failing", [Act::status(503)]);
    insta::assert_snapshot!(asked("2026-09-01T00:02:00Z", &without_retries()), @r#"
    absent Nonexistent
    empty Untold
    failing Untold
    there At(2026-02-01T00:00:00Z)
    AgesUntold { registry: "http://fake/index/", crates: ["failing"], error: Unreachable(Unavailable { url: "http://fake/index/fa/il/failing", status: 503 }) }
    "#);
    // What was asked in vain stays so where nobody is asked.
    world.lock(&[("app", "1.0.0")]);
    assert!(asked("2026-09-01T00:02:00Z", &Network::Offline).contains("failing Untold"));
    insta::assert_snapshot!(asked("2026-09-01T00:03:00Z", &without_retries()), @"
    absent Nonexistent
    empty Untold
    failing At(2026-02-01T00:00:00Z)
    there At(2026-02-01T00:00:00Z)
    ");
    assert_eq!(
        asked("2026-09-01T00:04:00Z", &Network::Offline),
        asked("2026-09-01T00:05:00Z", &without_retries())
    );
}

/// What is no longer locked holds no clock up.
/// No shipped list can have the names of one's own registry.
#[test]
fn names_that_enough_crates_at_hand_need_are_known() {
    let world = World::new();
    world.index("ticketing", "2026-09-01", &[needing("1.0.0", "2020-01-01", "ticketing-core")]);
    let families = ["ape", "bat", "cow", "dog", "elk", "fox", "gnu", "hen", "imp"];
    for family in families {
        world.index(family, "2026-09-01", &[needing("1.0.0", "2021-01-01", "ticketing")]);
    }
    // Not yet one that tells: it may be published just to make the name known.
    world.index("jay", "2026-09-01", &[needing("1.0.0", "2026-08-01", "ticketing")]);
    let taken_for = |name: &str| {
        let names = world.gather("2026-09-01").names().unwrap();
        names.better_known(name, Some(time("2026-08-30"))).map(|known| known.name.to_owned())
    };
    assert_eq!(taken_for("ticketting"), None);
    world.index("kid", "2026-09-01", &[needing("1.0.0", "2021-01-01", "ticketing")]);
    assert_eq!(taken_for("ticketting").as_deref(), Some("ticketing"));
    assert_eq!(taken_for("ticketing-core"), None, "it is what ticketing itself needs");
}

#[test]
fn a_crate_that_left_the_lockfile_is_forgotten() {
    let world = World::new();
    world.index("serde", "2026-09-01", &[release("1.0.0", "2020-01-01")]);
    world.index("syn", "2026-09-01", &[release("2.0.0", "2023-01-01")]);
    assert_eq!(world.gather("2026-09-01").known(&name("syn")), Known::Something);
    world.lock(&[("serde", "1.0.0")]);
    let knowledge = world.gather("2026-09-01");
    assert_eq!(knowledge.known(&name("serde")), Known::Something);
    assert_eq!(knowledge.known(&name("syn")), Known::NotAskedFor);
}

/// The takeover of arrayref on 2026-08-20, as a journal saw it; the index at hand is that of months later.
#[test]
fn a_journal_tells_what_the_index_of_today_does_not() {
    let world = World::new();
    let old = [release("0.3.8", "2024-07-01"), release("0.3.9", "2024-09-14")];
    world.index("arrayref", "2026-08-20T09:00:00Z", &old);
    let digest = "a".repeat(64);
    let seen = |version: &str, published: &str| {
        format!(
            r#"{{"version":"{version}","cksum":"{digest}","yanked":false,"published":"{published}T00:00:00Z"}}"#
        )
    };
    let journal = format!(
        "{{\"at\":\"2026-08-19T00:00:00Z\",\"crate\":\"arrayref\",\"seen\":[{},{}]}}\n\
         {{\"at\":\"2026-08-20T07:16:00Z\",\"crate\":\"arrayref\",\"seen\":[{}],\"yanked\":[\"0.3.8\",\"0.3.9\"]}}\n\
         {{\"at\":\"2026-08-20T08:45:00Z\",\"crate\":\"arrayref\",\"unyanked\":[\"0.3.8\",\"0.3.9\"],\"gone\":[\"0.3.10\"]}}\n",
        seen("0.3.8", "2024-07-01"),
        seen("0.3.9", "2024-09-14"),
        seen("0.3.10", "2026-08-20"),
    );
    let (journal, torn) = Journal::parse(journal.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(torn, None);
    let at = |now: &str| {
        let knowledge = world.ask(now, "2026-09-01", Refresh::Old, Some(journal.clone())).unwrap();
        facts(&knowledge, "arrayref")
    };
    insta::assert_snapshot!(at("2026-08-18"), @r"
    0.3.8 published 2024-07-01
    0.3.9 published 2024-09-14
    ");
    insta::assert_snapshot!(at("2026-08-20T07:30:00Z"), @r"
    0.3.8 published 2024-07-01, yanked, seen 2026-08-19T00:00:00Z, yanked 2026-08-20T07:16:00Z
    0.3.9 published 2024-09-14, yanked, seen 2026-08-19T00:00:00Z, yanked 2026-08-20T07:16:00Z
    journalled
    ");
    // The index was read at nine: a second read that lacks what the journal saw go.
    insta::assert_snapshot!(at("2026-08-20T09:30:00Z"), @r"
    0.3.8 published 2024-07-01, seen 2026-08-19T00:00:00Z, yanked 2026-08-20T07:16:00Z, un-yanked 2026-08-20T08:45:00Z
    0.3.9 published 2024-09-14, seen 2026-08-19T00:00:00Z, yanked 2026-08-20T07:16:00Z, un-yanked 2026-08-20T08:45:00Z
    gone 0.3.10 at 2026-08-20T08:45:00Z, still at 2026-08-20T09:00:00Z
    journalled
    ");
}

/// A registry is asked for what is old, with what identifies the last answer, and for nothing else.
#[test]
fn a_registry_is_asked_when_its_word_is_old() {
    let world = World::new();
    world.lock(&[("serde", "1.0.0"), ("syn", "2.0.0")]);
    let fake = FakeRegistry::start();
    fake.send_validators(Validators::ETag);
    fake.serve("index/se/rd/serde", release("1.0.0", "2020-01-01").replace("NAME", "serde"));
    fake.serve("index/3/s/syn", release("2.0.0", "2023-01-01").replace("NAME", "syn"));
    world.replace_crates_io(&fake);
    let online = without_retries();
    let asked = |clock: &str, network: &Network| {
        let knowledge = world.with_request(clock, clock, Refresh::Old, None, |request| {
            gather(Request { index: None, network, ..request }).unwrap()
        });
        let mut paths: Vec<String> = fake
            .take_requests()
            .into_iter()
            .filter(|request| !request.path.ends_with("config.json"))
            .map(|r| {
                format!(
                    "{}{}",
                    r.path,
                    if r.headers.contains_key("if-none-match") { " if changed" } else { "" }
                )
            })
            .collect();
        paths.sort();
        format!("{paths:?} {} {}", ages(&knowledge).trim(), world.problems(&knowledge))
    };
    insta::assert_snapshot!(asked("2026-09-01", &online), @r#"["index/3/s/syn", "index/se/rd/serde"] index: current, as of 2026-09-01T00:00:00Z "#);
    insta::assert_snapshot!(asked("2026-09-01T00:05:00Z", &online), @"[] index: current, as of 2026-09-01T00:00:00Z ");
    insta::assert_snapshot!(asked("2026-09-01T01:00:00Z", &online), @r#"["index/3/s/syn if changed", "index/se/rd/serde if changed"] index: current, as of 2026-09-01T01:00:00Z "#);
    // Out of reach, and out of use: the last view stays, its clock stands still.
    insta::assert_snapshot!(asked("2026-09-01T02:00:00Z", &Network::Offline), @"[] index: stale, as of 2026-09-01T01:00:00Z ");
    fake.always(Act::status(503));
    let told = asked("2026-09-01T03:00:00Z", &online);
    assert!(told.contains("index: stale, as of 2026-09-01T01:00:00Z IndexOld"), "{told}");
    assert!(told.contains("crates: [\"serde\", \"syn\"], error: Unreachable"), "{told}");
    // A damaged snapshot is made again from the copies of the index files, which are of the time of their writing.
    let file = only_file(&world.path("cache/v1/projects"));
    fs::write(&file, "damaged").unwrap();
    let told = asked("2026-09-01T04:00:00Z", &online);
    assert!(told.contains("index: stale, as of 2026-09-01T00:00:00Z"), "{told}");
    assert!(told.contains("error: Foreign"), "{told}");
}

/// Two registries with a crate of one name: each has its own facts, and the clash is told.
#[test]
fn registries_are_kept_apart() {
    let world = World::new();
    world.index("serde", "2026-09-01", &[release("1.0.0", "2020-01-01")]);
    world.advisory("serde", "RUSTSEC-2026-0001", "2026-08-02", "patched = []");
    fs::create_dir_all(world.path(".cargo")).unwrap();
    fs::write(
        world.path(".cargo/config.toml"),
        "[registries.own]\nindex = \"sparse+https://own.example/\"\n",
    )
    .unwrap();
    let mut text = fs::read_to_string(world.path("Cargo.lock")).unwrap();
    let digest = "b".repeat(64);
    write!(text, "\n[[package]]\nname = \"serde\"\nversion = \"7.0.0\"\nsource = \"sparse+https://own.example/\"\nchecksum = \"{digest}\"\n").unwrap();
    fs::write(world.path("Cargo.lock"), text).unwrap();
    let knowledge = world.gather("2026-09-01");
    let own = world.lockfile().packages.iter().find(|p| p.source != Source::CratesIo).unwrap().source.clone();
    let of = |source: &Source| {
        let facts = knowledge.crate_facts(source, &name("serde")).unwrap();
        (facts.releases.len(), facts.advisories.len())
    };
    assert_eq!(of(&Source::CratesIo), (1, 1));
    assert_eq!(of(&own), (0, 0));
    let told = world.problems(&knowledge);
    assert!(told.contains("SharedName { name: \"serde\", judged_by: \"<folder>/index\" }"), "{told}");
    assert!(told.contains("IndexUnread { registry: \"own\", crates: [\"serde\"], error: NoCopy"), "{told}");
}

/// A crate of one's own registry names crates.io by the address of its index, whichever answers for it here.
#[test]
fn what_a_registry_needs_of_crates_io_is_looked_up_there() {
    let world = World::new();
    world.index("serde", "2026-09-01", &[release("1.0.0", "2020-01-01")]);
    for package in ["there", "too"] {
        world.put_index(package, "2026-09-01", &[release("1.0.0", "2026-02-01")]);
    }
    let fake = FakeRegistry::start();
    let own = format!("sparse+{}", fake.url("own/"));
    fake.serve("own/ne/ar/near", release("1.0.0", "2026-02-01").replace("NAME", "near"));
    let needs = [
        ("far", "https://other.example/index"),
        ("near", own.as_str()),
        ("there", CRATES_IO_INDEX),
        ("too", CRATES_IO_HTTP_INDEX),
    ]
    .map(|(package, registry)| {
        format!(r#"{{"name":"{package}","req":"^1","features":[],"optional":true,"default_features":true,"target":null,"kind":"normal","registry":"{registry}"}}"#)
    });
    let ours = release("1.0.0", "2026-01-01")
        + "\n"
        + &release("1.1.0", "2026-03-01").replace("\"deps\":[]", &format!("\"deps\":[{}]", needs.join(",")));
    fake.serve("own/ou/rs/ours", ours.replace("NAME", "ours"));
    let mut text = fs::read_to_string(world.path("Cargo.lock")).unwrap();
    text += &locked("ours", "1.1.0").replace(&format!("registry+{CRATES_IO_INDEX}"), &own);
    fs::write(world.path("Cargo.lock"), text).unwrap();
    fs::create_dir_all(world.path(".cargo")).unwrap();
    fs::write(world.path(".cargo/config.toml"), format!("[registries.own]\nindex = \"{own}\"\n")).unwrap();
    let knowledge = world.with_request("2026-09-01", "2026-09-01", Refresh::Old, None, |request| {
        gather(Request { network: &without_retries(), ..request }).unwrap()
    });
    let february = Birth::At(time("2026-02-01"));
    // Nobody said that the publish times of one's own registry are to be believed.
    let expected = [("far", Birth::Untold), ("near", Birth::Untold), ("there", february), ("too", february)];
    let found = births(&knowledge.facts_of(&name("ours")));
    assert_eq!(
        found,
        expected.map(|(package, birth)| (package.to_owned(), birth)),
        "{}",
        world.problems(&knowledge)
    );
}

/// All of ripgrep's crates: what the snapshot hands out is what their index files say.
#[test]
fn real_index_files_come_through_unchanged() {
    let Some(data) = fence_data() else { return };
    let world = World::new();
    unpack(&data.join("index/index-small.tar.zst"), &world.path("index"));
    fs::copy(data.join("lockfiles/ripgrep.lock"), world.path("Cargo.lock")).unwrap();
    let knowledge = world.ask("2027-01-01", "2027-01-01", Refresh::Old, None).unwrap();
    let mut compared = 0;
    let births: RefCell<BTreeMap<String, Birth>> = RefCell::default();
    for package in world.lockfile().packages {
        let Some(release) = package.release() else { continue };
        let bytes = fs::read(world.index_file(release.name.as_str())).unwrap();
        let file = IndexFile::parse(&release.name, &bytes, &Limits::default()).unwrap();
        let mut expected = file.facts(|package, _| {
            *births.borrow_mut().entry(package.to_owned()).or_insert_with(|| {
                let Ok(bytes) = fs::read(world.index_file(package)) else { return Birth::Unread };
                let file = IndexFile::parse(&name(package), &bytes, &Limits::default()).unwrap();
                Birth::At(file.born().unwrap())
            })
        });
        expected.sort_by(|a, b| a.version.cmp(&b.version));
        let facts = knowledge.facts_of(&release.name);
        assert_eq!(facts.releases.len(), expected.len());
        for (found, expected) in facts.releases.iter().zip(&expected) {
            assert_eq!((&found.version, found.digest), (&expected.version, expected.digest));
            assert_eq!((found.published, found.yanked), (expected.published, expected.yanked));
            // Once each, in order; a package outside the lockfile has no age where none is asked for.
            let mut dependencies = expected.dependencies.to_vec();
            dependencies.sort_unstable();
            dependencies.dedup();
            let mut found = found.dependencies.to_vec();
            found.sort_unstable();
            assert_eq!(found.len(), dependencies.len());
            for (found, expected) in found.iter().zip(&dependencies) {
                let key = |d: &fence_model::facts::Dependency<'_>| {
                    (d.package.to_owned(), d.requirement.to_owned(), d.kind, d.optional)
                };
                assert_eq!(key(found), key(expected));
                let is_known = matches!(found.birth, Birth::At(_));
                assert!(!is_known || found.birth == expected.birth, "{found:?}");
            }
            compared += 1;
        }
    }
    assert!(compared > 1_000, "{compared}");
}

/// The 990 packages of the largest lockfile stay within what a check can read in a blink.
#[test]
fn the_largest_project_fits() {
    let Some(data) = fence_data() else { return };
    let world = World::new();
    unpack(&data.join("index/index.tar.zst"), &world.path("index"));
    fs::copy(data.join("lockfiles/nushell.lock"), world.path("Cargo.lock")).unwrap();
    let world = world.with_feed("rustsec");
    fs::create_dir_all(world.path("rustsec")).unwrap();
    unpack(&data.join("advisory-db/advisory-db.tar.zst"), &world.path("rustsec"));
    let knowledge = world.gather("2026-11-22");
    let names: BTreeSet<CrateName> =
        world.lockfile().packages.iter().filter_map(|p| Some(p.release()?.name)).collect();
    let releases: usize = names.iter().map(|name| knowledge.facts_of(name).releases.len()).sum();
    assert_eq!((names.len(), knowledge.damage()), (866, None));
    assert!(releases > 30_000, "{releases}");
    let bytes = fs::metadata(only_file(&world.path("cache/v1/projects"))).unwrap().len();
    assert!(bytes < 4_000_000, "{bytes} bytes");
}

/// The crates of a lockfile, reviewed by people who sign.
#[test]
fn crev_reviews_are_audits_of_who_signed() {
    let mut world = World::new();
    let [ann, bob, cat] = ["ann", "bob", "cat"].map(Reviewer::called);
    world.index("serde", "2026-09-01", &[release("1.0.0", "2020-01-01"), release("1.0.1", "2026-08-01")]);
    world.trust(&[(&ann, Trust::High)], Some(Reach::High));
    let good = |who: &Reviewer, date, version| who.review(date, "serde", version, "high high positive");
    let anns = good(&ann, "2021-03-01T10:00:00Z", "1.0.0") + &ann.trust("2021-04-01T00:00:00Z", &bob, "high");
    world.proofs("ann", "2026-08-20", &anns);
    world.proofs(
        "bob",
        "2026-08-20",
        &(good(&bob, "2021-01-01T00:00:00Z", "1.0.0") + &good(&cat, "2021-01-01T00:00:00Z", "1.0.0")),
    );
    let first = world.gather("2026-09-01");
    // At first contact the word of who signed is taken; bob counts since ann trusts him, cat never does.
    insta::assert_snapshot!(facts(&first, "serde"), @"
    1.0.0 published 2020-01-01
    1.0.1 published 2026-08-01
    audit by crev:bob@ZV6Rs3wU known 2021-04-01T00:00:00Z: safe-to-deploy, safe-to-run
    audit by crev:ann@ei621x62 known 2021-03-01T10:00:00Z: safe-to-deploy, safe-to-run
    ");
    // Later ones are known from when they came, whatever date they bear: nobody rewrites what was known.
    let more = good(&ann, "2026-08-02T00:00:00Z", "1.0.1");
    world.proofs("ann", "2026-09-02", &(anns.clone() + &more));
    insta::assert_snapshot!(facts(&world.gather("2026-09-02T12:00:00Z"), "serde"), @"
    1.0.0 published 2020-01-01
    1.0.1 published 2026-08-01
    audit by crev:bob@ZV6Rs3wU known 2021-04-01T00:00:00Z: safe-to-deploy, safe-to-run
    audit by crev:ann@ei621x62 known 2021-03-01T10:00:00Z: safe-to-deploy, safe-to-run
    audit by crev:ann@ei621x62 known 2026-09-02T12:00:00Z: safe-to-deploy, safe-to-run
    ");
    // A changed mind is a new review, and takes the old one back.
    let worse = ann.review("2026-09-03T00:00:00Z", "serde", "1.0.0", "low high positive");
    world.proofs("ann", "2026-09-03", &(anns + &more + &worse));
    let third = world.gather("2026-09-03T12:00:00Z");
    insta::assert_snapshot!(facts(&third, "serde"), @"
    1.0.0 published 2020-01-01
    1.0.1 published 2026-08-01
    audit by crev:bob@ZV6Rs3wU known 2021-04-01T00:00:00Z: safe-to-deploy, safe-to-run
    audit by crev:ann@ei621x62 known 2026-09-03T12:00:00Z: safe-to-run
    audit by crev:ann@ei621x62 known 2026-09-02T12:00:00Z: safe-to-deploy, safe-to-run
    ");
    assert_eq!(world.problems(&third), "");
}

#[test]
fn a_proof_that_is_not_signed_by_its_author_is_told_and_left_out() {
    let mut world = World::new();
    let ann = Reviewer::called("ann");
    world.index("serde", "2026-09-01", &[release("1.0.0", "2020-01-01"), release("1.0.1", "2026-08-01")]);
    world.trust(&[(&ann, Trust::High)], None);
    let good = |version| ann.review("2026-08-02T00:00:00Z", "serde", version, "high high positive");
    world.proofs("ann", "2026-08-20", &(good("1.0.0").replace("1.0.0", "1.0.1") + &good("1.0.0")));
    world.proofs("broken", "2026-08-20", "not a proof\n");
    let knowledge = world.gather("2026-09-01");
    insta::assert_snapshot!(facts(&knowledge, "serde"), @"
    1.0.0 published 2020-01-01
    1.0.1 published 2026-08-01
    audit by crev:ann@ei621x62 known 2026-08-02T00:00:00Z: safe-to-deploy, safe-to-run
    ");
    insta::assert_snapshot!(world.problems(&knowledge), @r#"
    Record { source: "crev", place: "ann.proof.crev", line: 19, because: "the signature is not ei621x624oVEAyqUiyDiXb-w_69bHdy4E5zSbxJqij8's over this text: it was changed after signing, or forged" }
    Record { source: "crev", place: "broken.proof.crev", line: 1, because: "this is no part of a proof, which begins with `----- BEGIN CREV PROOF -----`" }
    "#);
    // A feed without any proofs is none.
    let mut empty = World::new();
    empty.index("serde", "2026-09-01", &[release("1.0.0", "2020-01-01")]);
    empty.trust(&[(&ann, Trust::High)], None);
    fs::create_dir(empty.path("crev")).unwrap();
    insta::assert_snapshot!(empty.problems(&empty.gather("2026-09-01")), @r#"FeedInvalid { name: "crev", because: "crev: it has no file that ends in .proof.crev", used: None }"#);
}

/// Expected: who is taken out of `trust` does not count any more, also where whoever serves the feed makes it invalid
/// from then on; an invalid feed alone takes nothing away.
#[test]
fn who_is_trusted_no_more_is_not_brought_back_by_an_invalid_feed() {
    let mut world = World::new();
    let [ann, bob] = ["ann", "bob"].map(Reviewer::called);
    world.index("serde", "2026-09-01", &[release("1.0.0", "2020-01-01")]);
    world.trust(&[(&ann, Trust::High)], None);
    world.proofs(
        "ann",
        "2026-08-20",
        &ann.review("2026-08-02T00:00:00Z", "serde", "1.0.0", "high high positive"),
    );
    const COUNTS: &str = "audit by crev:ann";
    assert!(facts(&world.gather("2026-09-01"), "serde").contains(COUNTS));
    fs::remove_file(world.path("crev/ann.proof.crev")).unwrap();
    let invalid = world.gather("2026-09-03");
    assert!(facts(&invalid, "serde").contains(COUNTS));
    assert!(world.problems(&invalid).contains("FeedInvalid"));
    world.trust(&[(&bob, Trust::High)], None);
    assert!(!facts(&world.gather("2026-09-05"), "serde").contains(COUNTS));
}

/// Expected: a review of other content than the package that cargo has does not count, and is told; without the
/// package at hand, or with another file in its place, it counts.
#[test]
fn a_review_of_other_content_does_not_count() {
    const PACKAGE: &[u8] = include_bytes!("../../evidence/tests/data/crev/crates/aseprite-0.1.2.crate");
    let ann = Reviewer::called("ann");
    let digest = ContentDigest::of(PACKAGE).to_string();
    let line = release("0.1.2", "2020-10-01").replace(&"a".repeat(64), &digest).replace("NAME", "aseprite");
    let outcome = |reviewed: &str, at_hand: Option<&[u8]>| {
        let mut world = World::new();
        world.lock(&[("aseprite", "0.1.2")]);
        world.trust(&[(&ann, Trust::High)], None);
        let date = "2020-10-11T00:00:00Z";
        world.proofs(
            "ann",
            "2026-08-20",
            &ann.review_of(date, "aseprite", "0.1.2", "high high positive", reviewed, ""),
        );
        let fake = FakeRegistry::start();
        fake.serve("index/as/ep/aseprite", line.clone());
        world.replace_crates_io(&fake);
        let home = world.path("cargo");
        let environment = Environment::of([("CARGO_HOME", home.to_str().unwrap())], world.folder.path());
        let cargo = CargoConfig::read(world.folder.path(), &environment).unwrap();
        let packages = cargo.crates_io().unwrap().cargo_packages.unwrap();
        if let Some(bytes) = at_hand {
            fs::create_dir_all(&packages).unwrap();
            fs::write(packages.join("aseprite-0.1.2.crate"), bytes).unwrap();
        }
        let network = without_retries();
        let clock = "2026-09-01";
        let knowledge = world.with_request(clock, clock, Refresh::Old, None, |request| {
            gather(Request { index: None, network: &network, cargo: &cargo, ..request }).unwrap()
        });
        format!("{}\n{}", facts(&knowledge, "aseprite"), world.problems(&knowledge))
    };
    const SIGNED: &str = "jrZmi4CTvdxVA7wossNNRgjpWNIc1kJOo8T0qQbxssU";
    let other = SIGNED.replacen('j', "k", 1);
    let counts = outcome(SIGNED, Some(PACKAGE));
    insta::assert_snapshot!(counts, @"
    0.1.2 published 2020-10-01
    audit by crev:ann@ei621x62 known 2020-10-11T00:00:00Z: safe-to-deploy, safe-to-run
    ");
    assert_eq!(outcome(SIGNED, None), counts);
    assert_eq!(outcome(&other, None), counts);
    assert_eq!(outcome(&other, Some(b"another file")), counts);
    insta::assert_snapshot!(outcome(&other, Some(PACKAGE)), @r#"
    0.1.2 published 2020-10-01

    Record { source: "crev", place: "aseprite 0.1.2", line: 0, because: "the review by crev:ann@ei621x62 is of content krZmi4CTvdxVA7wossNNRgjpWNIc1kJOo8T0qQbxssU, and the package in cargo's cache has jrZmi4CTvdxVA7wossNNRgjpWNIc1kJOo8T0qQbxssU" }
    "#);
}

/// A project in a folder of its own, with an index and feeds beside it.
struct World {
    folder: tempfile::TempDir,
    feeds: RefCell<Vec<(String, PathBuf)>>,
    policy: Policy,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("index")).unwrap();
        let mut policy = Policy::default();
        // Only the feeds that a test names.
        let mut rustsec = fence_client::gather::feeds_of(&policy).remove("rustsec").unwrap();
        rustsec.enabled = false;
        policy.feeds.insert("rustsec".to_owned(), rustsec);
        let world = Self { folder, feeds: Vec::new().into(), policy };
        fs::write(world.path("Cargo.lock"), "version = 4\n").unwrap();
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn with_feed(self, feed: &str) -> Self {
        self.add_feed(feed);
        self
    }

    fn add_feed(&self, feed: &str) {
        let mut feeds = self.feeds.borrow_mut();
        if feeds.iter().all(|(name, _)| name != feed) {
            feeds.push((feed.to_owned(), feed.into()));
        }
    }

    /// The policy names an audit set at this address.
    fn add_source(&mut self, name: &str, address: &str) {
        let set = FeedSource { file: Some(address.to_owned()), ..FeedSource::of(FeedRole::Audits) };
        self.policy.feeds.insert(name.to_owned(), set);
    }

    /// The policy trusts these reviewers, whose proofs lie in the folder `crev`.
    fn trust(&mut self, named: &[(&Reviewer, Trust)], reach: Option<Reach>) {
        let trust = named.iter().map(|(who, trust)| (who.id(), *trust)).collect();
        let path = Some("crev".to_owned());
        let source = FeedSource { path, trust, reach, ..FeedSource::of(FeedRole::Crev) };
        self.policy.feeds.insert("crev".to_owned(), source);
    }

    fn proofs(&self, file: &str, changed: &str, text: &str) {
        put(&self.path("crev").join(format!("{file}.proof.crev")), text, changed);
    }

    fn index_file(&self, name: &str) -> PathBuf {
        self.path("index").join(IndexPath::of(&name.parse().unwrap()).as_str())
    }

    /// Cargo's configuration lets `fake` answer for crates.io.
    fn replace_crates_io(&self, fake: &FakeRegistry) {
        let config = format!(
            "[source.crates-io]\nreplace-with = \"fake\"\n[source.fake]\nregistry = \"sparse+{}\"\n",
            fake.url("index/")
        );
        fs::create_dir_all(self.path(".cargo")).unwrap();
        fs::write(self.path(".cargo/config.toml"), config).unwrap();
    }

    /// The index shows `lines` of a crate since the moment `changed`; the lockfile locks the first of them.
    fn index(&self, name: &str, changed: &str, lines: &[String]) {
        self.put_index(name, changed, lines);
        let mut text = fs::read_to_string(self.path("Cargo.lock")).unwrap();
        if !text.contains(&format!("name = \"{name}\"")) {
            let first = lines[0].split("\"vers\":\"").nth(1).unwrap().split('"').next().unwrap();
            text += &locked(name, first);
            fs::write(self.path("Cargo.lock"), text).unwrap();
        }
    }

    fn put_index(&self, name: &str, changed: &str, lines: &[String]) {
        let text: String = lines.iter().map(|line| line.replace("NAME", name) + "\n").collect();
        put(&self.index_file(name), &text, changed);
    }

    /// The problems, a line each, without the folder of this test.
    fn problems(&self, knowledge: &Knowledge) -> String {
        let told: Vec<String> = knowledge.problems().iter().map(|problem| format!("{problem:?}")).collect();
        told.join("\n").replace(self.folder.path().to_str().unwrap(), "<folder>")
    }

    fn lock(&self, packages: &[(&str, &str)]) {
        let text: String = packages.iter().map(|(name, version)| locked(name, version)).collect();
        fs::write(self.path("Cargo.lock"), format!("version = 4\n{text}")).unwrap();
    }

    fn lockfile(&self) -> Lockfile {
        lockfile::parse(&fs::read_to_string(self.path("Cargo.lock")).unwrap()).unwrap()
    }

    fn advisory(&self, package: &str, id: &str, date: &str, versions: &str) {
        let text = format!(
            "```toml\n[advisory]\nid = \"{id}\"\npackage = \"{package}\"\ndate = \"{date}\"\n\n\
             [versions]\n{versions}\n```\n\n# Something is wrong\n\nIt is.\n"
        );
        put(&self.path("rustsec/crates").join(package).join(format!("{id}.md")), &text, date);
        self.add_feed("rustsec");
    }

    fn audits(&self, feed: &str, changed: &str, text: &str) {
        put(&self.path(feed).join("audits.toml"), text, changed);
        self.add_feed(feed);
    }

    fn gather(&self, clock: &str) -> Knowledge {
        self.ask(clock, clock, Refresh::Old, None).unwrap()
    }

    fn ask(
        &self,
        now: &str,
        clock: &str,
        refresh: Refresh,
        journal: Option<Journal>,
    ) -> Result<Knowledge, GatherError> {
        self.with_request(now, clock, refresh, journal, gather)
    }

    fn update(&self, clock: &str) -> Updated {
        self.with_request(clock, clock, Refresh::Old, None, update).unwrap()
    }

    fn with_request<T>(
        &self,
        now: &str,
        clock: &str,
        refresh: Refresh,
        journal: Option<Journal>,
        ask: impl Fn(Request<'_>) -> T,
    ) -> T {
        let environment = Environment::of([], self.folder.path());
        ask(Request {
            lockfile: &self.lockfile(),
            about: About::Project,
            policy: &self.policy,
            root: self.folder.path(),
            cargo: &CargoConfig::read(self.folder.path(), &environment).unwrap(),
            index: Some(&self.path("index")),
            feeds: &self.feeds.borrow(),
            refresh,
            network: &Network::Offline,
            cache: &Cache::at(&self.path("cache")),
            now: time(now),
            clock: time(clock),
            journal,
            progress: &Silent,
        })
    }
}

/// A client that does `pause` where it would wait.
fn online(pause: fn(Duration)) -> Network {
    Network::Online(Http::with(&HttpSettings::default(), ClientLimits::DEFAULT, Arc::new(pause)).unwrap())
}

/// Keeps what it is told.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Told {
    fn text(&self) -> String {
        self.0.lock().unwrap().join(", ")
    }
}

impl Progress for Told {
    fn begin(&self, what: &str, total: usize) {
        self.0.lock().unwrap().push(format!("{total} {what}"));
    }

    fn advance(&self) {
        self.0.lock().unwrap().push("one".to_owned());
    }

    fn end(&self) {
        self.0.lock().unwrap().push("end".to_owned());
    }

    fn warn(&self, text: &str) {
        self.0.lock().unwrap().push(text.to_owned());
    }
}

fn locked(name: &str, version: &str) -> String {
    let digest = "a".repeat(64);
    format!(
        "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n\
         source = \"registry+{CRATES_IO_INDEX}\"\nchecksum = \"{digest}\"\n"
    )
}

fn release(version: &str, published: &str) -> String {
    let digest = "a".repeat(64);
    format!(
        r#"{{"name":"NAME","vers":"{version}","deps":[],"cksum":"{digest}","features":{{}},"yanked":false,"pubtime":"{published}T00:00:00Z"}}"#
    )
}

fn needing(version: &str, published: &str, package: &str) -> String {
    let dependency = format!(
        r#"{{"name":"{package}","req":"^1","features":[],"optional":false,"default_features":true,"target":null,"kind":"normal"}}"#
    );
    release(version, published).replace("\"deps\":[]", &format!("\"deps\":[{dependency}]"))
}

fn yanked(version: &str, published: &str) -> String {
    release(version, published).replace("\"yanked\":false", "\"yanked\":true")
}

fn full_audit(package: &str, version: &str) -> String {
    format!("[[audits.{package}]]\nwho = \"A\"\ncriteria = \"safe-to-deploy\"\nversion = \"{version}\"\n\n")
}

/// Writes a file that was last changed at `changed`.
fn put(path: &Path, text: &str, changed: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    let seconds = u64::try_from(time(changed).unix()).unwrap();
    let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    fs::File::options().write(true).open(path).unwrap().set_modified(changed).unwrap();
}

fn time(text: &str) -> Time {
    text.parse().unwrap()
}

fn name(text: &str) -> CrateName {
    text.parse().unwrap()
}

/// What is known of the packages that a crate needs.
fn births(facts: &CrateFacts<'_>) -> Vec<(String, Birth)> {
    let all: BTreeMap<String, Birth> = facts
        .releases
        .iter()
        .flat_map(|release| release.dependencies.iter())
        .map(|dependency| (dependency.package.to_owned(), dependency.birth))
        .collect();
    all.into_iter().collect()
}

/// A network that does not try twice.
fn without_retries() -> Network {
    Network::Online(Http::new(&HttpSettings { retries: 0, ..HttpSettings::default() }).unwrap())
}

/// All that is known of a crate, a line each.
fn facts(knowledge: &Knowledge, crate_name: &str) -> String {
    let facts = knowledge.facts_of(&name(crate_name));
    let mut text = String::new();
    for release in &facts.releases {
        let published = release.published.map_or_else(|| "at some time".to_owned(), Time::date);
        write!(text, "{} published {published}", release.version).unwrap();
        if release.yanked {
            text.push_str(", yanked");
        }
        if let Some(sighting) = &release.sighting {
            write!(text, ", seen {}", sighting.first_seen).unwrap();
            let unyanked_at = sighting.yanks.last().and_then(|yank| yank.until);
            let times = [("yanked", sighting.yanked_at()), ("un-yanked", unyanked_at)];
            for (what, at) in times.into_iter().filter_map(|(what, at)| Some((what, at?))) {
                write!(text, ", {what} {at}").unwrap();
            }
        }
        text.push('\n');
    }
    for gone in &facts.gone {
        writeln!(text, "gone {} at {}, still at {}", gone.version, gone.gone_at, gone.still_gone_at).unwrap();
    }
    for advisory in &facts.advisories {
        writeln!(text, "{} known {}", advisory.id, advisory.known).unwrap();
    }
    for audit in &facts.audits {
        writeln!(text, "audit by {} known {}: {}", audit.origin, audit.known, audit.criteria.join(", "))
            .unwrap();
    }
    if facts.journalled {
        text.push_str("journalled\n");
    }
    text
}

fn ages(knowledge: &Knowledge) -> String {
    let age = |age: &fence_client::gather::Age| {
        let as_of = age.as_of.map_or_else(|| "never".to_owned(), |as_of| as_of.to_string());
        format!("{}: {}, as of {as_of}\n", age.name, age.state.as_str())
    };
    knowledge.ages().iter().map(age).collect()
}

fn only_file(folder: &Path) -> PathBuf {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

/// The folder of large real data, if there is one.
fn fence_data() -> Option<PathBuf> {
    let data = std::env::var_os("FENCE_DATA").map(PathBuf::from);
    if data.is_none() {
        eprintln!("skipped: FENCE_DATA is not set");
    }
    data
}

fn unpack(archive: &Path, folder: &Path) {
    let mut file = fs::File::open(archive).unwrap();
    let stream = ruzstd::decoding::StreamingDecoder::new(&mut file).unwrap();
    tar::Archive::new(stream).unpack(folder).unwrap();
}
