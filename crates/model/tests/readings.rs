//! How readings of packages are judged: what a release gained beside its base, and what it means that nobody read it.

use fence_model::readings::{BuildCode, Copied, Finding, Looked, NewPanics, Pair, Reading, Readings, Unread};
use fence_model::{Code, Level, Verdict};
use fence_testkit::world::{World, digest, show};

/// A crate with a release of long ago and one of ten days, which somebody looks into.
fn world() -> World {
    let mut world = World::at("2026-08-25T12:00:00Z");
    world.release("tidy", "1.0.0", "2026-01-01");
    world.release("tidy", "1.0.1", "2026-08-15");
    world.look_into_packages();
    world
}

fn reading(reading: Reading) -> World {
    let mut world = world();
    world.read("tidy", "1.0.1", Some("1.0.0"), reading);
    world
}

/// Expects the decision on tidy 1.0.1 to read as the snapshot.
macro_rules! check {
    ($world:expr, @$expected:literal) => {
        insta::assert_snapshot!(show(&$world.decide("tidy", "1.0.1")), @$expected)
    };
}

#[test]
fn what_was_read_and_asks_for_nobody_is_admitted_by_age() {
    check!(reading(Reading::default()), @"tidy 1.0.1 admit (by age)");
}

#[test]
fn what_nobody_read_waits_for_the_ceiling() {
    check!(world(), @"
    tidy 1.0.1 hold
      young [hold]: in the open for 10 days, 30 days are asked for
      unscanned [ceiling]: its package has not been read yet
      > wait until 2026-09-14T12:00:00Z
      > one audit by a trusted reviewer or set, from 2026-08-25T12:00:00Z on
      > an exception for young
    ");
    let mut in_vain = world();
    in_vain.looked("tidy", "1.0.1", Some("1.0.0"), Looked::InVain("there is no network".into()));
    check!(in_vain, @"
    tidy 1.0.1 hold
      young [hold]: in the open for 10 days, 30 days are asked for
      unscanned [ceiling]: its package could not be read: there is no network
      > wait until 2026-09-14T12:00:00Z
      > one audit by a trusted reviewer or set, from 2026-08-25T12:00:00Z on
      > an exception for young
    ");
    check!(world().level(Level::Low), @"
    tidy 1.0.1 admit (by age)
      unscanned [note]: its package has not been read yet
    ");
    check!(world().later("2026-09-14T12:00:00Z"), @"tidy 1.0.1 admit (by age)");
}

#[test]
fn an_audit_needs_no_reading() {
    let mut world = world();
    world.full_audit("mozilla", "tidy", "1.0.1", "2026-08-20");
    assert!(world.decide("tidy", "1.0.1").unread.is_empty());
    check!(world, @"
    tidy 1.0.1 admit (audited)
      unscanned [ceiling]: its package has not been read yet
      audited-once [favour]: audited by mozilla (1.0.1)
    ");
}

#[test]
fn a_new_capability_asks_for_a_reviewer() {
    let net = Reading { capabilities: vec!["net".into()], ..Reading::default() };
    check!(reading(net.clone()), @"
    tidy 1.0.1 hold
      new-capability [review]: can use the network, which 1.0.0 could not
      > one audit by a trusted reviewer or set, from 2026-08-25T12:00:00Z on
      > an exception for new-capability
    ");
    check!(reading(net.clone()).level(Level::Low), @"
    tidy 1.0.1 admit (by age)
      new-capability [double]: can use the network, which 1.0.0 could not
    ");
    let mut seen = reading(net);
    seen.delta_audit("mozilla", "tidy", "1.0.0", "1.0.1", "2026-08-20");
    seen.full_audit("mozilla", "tidy", "1.0.0", "2026-02-20");
    check!(seen, @"
    tidy 1.0.1 admit (audited)
      audited-once [favour]: audited by mozilla (1.0.0 → 1.0.1)
      new-capability [review, cleared]: can use the network, which 1.0.0 could not
    ");
}

#[test]
fn new_build_code_asks_for_a_reviewer() {
    check!(reading(Reading { build_code: BuildCode::New, ..Reading::default() }), @"
    tidy 1.0.1 hold
      new-build-code [review]: runs code where it is built, which 1.0.0 did not
      > one audit by a trusted reviewer or set, from 2026-08-25T12:00:00Z on
      > an exception for new-build-code
    ");
    let acts = BuildCode::Acts(vec!["main in build.rs".into(), "fetch in build.rs".into()]);
    check!(reading(Reading { build_code: acts, ..Reading::default() }), @"
    tidy 1.0.1 hold
      new-build-code [review]: what acts where it is built is new or changed since 1.0.0: main in build.rs, fetch in build.rs
      > one audit by a trusted reviewer or set, from 2026-08-25T12:00:00Z on
      > an exception for new-build-code
    ");
}

#[test]
fn a_finding_asks_for_a_reviewer_at_every_level() {
    let finding =
        Finding { code: "fetch-and-run".into(), severity: "high".into(), place: "build.rs:12".into() };
    let found = reading(Reading { findings: vec![finding], ..Reading::default() });
    check!(found, @"
    tidy 1.0.1 hold
      unreviewed-finding [review]: fetch-and-run (high) at build.rs:12, which nobody has looked at
      > one audit by a trusted reviewer or set, from 2026-08-25T12:00:00Z on
      > an exception for unreviewed-finding
    ");
    assert_eq!(found.level(Level::Low).decide("tidy", "1.0.1").verdict, Verdict::Hold);
}

#[test]
fn unchanged_code_waits_half_as_long() {
    let mut world = reading(Reading { unchanged: true, ..Reading::default() });
    world = world.later("2026-08-19T12:00:00Z");
    check!(world, @"
    tidy 1.0.1 admit (by age)
      unchanged-code [favour]: all that is built is as in 1.0.0, but for the version
    ");
}

/// A reading beside another release than the base says nothing.
#[test]
fn a_reading_beside_another_release_does_not_count() {
    let mut world = world();
    world.release("tidy", "0.9.0", "2025-01-01");
    world.read("tidy", "1.0.1", Some("0.9.0"), Reading::default());
    world.read("tidy", "1.0.1", None, Reading::default());
    assert!(world.decide("tidy", "1.0.1").has(Code::Unscanned));
}

/// Who brings a capability in by one release and uses it in the next is found out at the next as well: what asks for a
/// reviewer is nobody's base.
#[test]
fn a_release_that_asks_for_a_reviewer_is_no_base() {
    let mut world = reading(Reading { capabilities: vec!["net".into()], ..Reading::default() });
    world.release("tidy", "1.0.2", "2026-08-24");
    let decision = world.decide("tidy", "1.0.2");
    assert_eq!(decision.base.map(|base| base.to_string()).as_deref(), Some("1.0.0"));
}

/// What is held asks to be read as well, whatever its age; what is blocked, and what somebody vouches for, does not.
#[test]
fn it_is_said_what_is_to_be_read() {
    let mut world = world();
    world.release("fresh", "1.0.0", "2026-08-24");
    world.release("tidy", "1.0.2", "2026-08-24").needs("fresh", "^1");
    let unread = |world: &World, at: &str| -> Vec<String> {
        let beside = |unread: &Unread| match &unread.base {
            Some(base) => format!("{} beside {base}", unread.release),
            None => format!("{} alone", unread.release),
        };
        world.decide("tidy", at).unread.iter().map(beside).collect()
    };
    assert!(unread(&world, "1.0.0").is_empty());
    assert_eq!(unread(&world, "1.0.1"), ["tidy 1.0.1 beside 1.0.0"]);
    // What stands for a base is read as well.
    assert_eq!(unread(&world, "1.0.2"), ["tidy 1.0.2 beside 1.0.1", "tidy 1.0.1 beside 1.0.0"]);
    world.read("tidy", "1.0.1", Some("1.0.0"), Reading::default());
    assert!(unread(&world, "1.0.1").is_empty());
    assert_eq!(unread(&world, "1.0.2"), ["tidy 1.0.2 beside 1.0.1"]);
    let finding = Finding { code: "scanner-failed".into(), severity: "high".into(), place: String::new() };
    let failed = Reading { incomplete: true, findings: vec![finding], ..Reading::default() };
    world.readings = Readings::of_these([(pair(), failed)]);
    assert_eq!(unread(&world, "1.0.1"), ["tidy 1.0.1 beside 1.0.0"], "another try may tell more");
}

fn pair() -> Pair {
    Pair { release: digest("tidy 1.0.1"), base: Some(digest("tidy 1.0.0")) }
}

/// Who lets a release lie that nobody looks at, and publishes it once more, has it read beside what came before.
#[test]
fn what_nobody_read_is_no_measure_for_the_next() {
    let mut world = world();
    world.release("tidy", "1.0.2", "2026-08-24");
    world.read("tidy", "1.0.2", Some("1.0.1"), Reading { unchanged: true, ..Reading::default() });
    let mut read = world.later("2026-09-02T12:00:00Z");
    assert!(read.decide("tidy", "1.0.2").has(Code::Unscanned));
    let net = Reading { capabilities: vec!["net".into()], ..Reading::default() };
    read.read("tidy", "1.0.1", Some("1.0.0"), net);
    assert_eq!(read.decide("tidy", "1.0.2").unread.len(), 1, "beside 1.0.0, since 1.0.1 is no base any more");
}

/// Withdrawing all that was there hides nothing.
#[test]
fn without_a_base_all_is_new_but_for_a_first_release() {
    let mut world = World::at("2026-08-25T12:00:00Z");
    world.release("tidy", "1.0.0", "2026-01-01");
    world.edit("tidy", "1.0.0").facts().yanked = true;
    world.release("tidy", "1.0.1", "2026-08-15");
    world.look_into_packages();
    let has = Reading { capabilities: vec!["net".into()], build_code: BuildCode::New, ..Reading::default() };
    world.read("tidy", "1.0.1", None, has.clone());
    check!(world, @"
    tidy 1.0.1 hold
      new-build-code [review]: runs code where it is built, and all that came before is withdrawn
      new-capability [review]: can use the network, and all that came before is withdrawn
      > one audit by a trusted reviewer or set, from 2026-08-25T12:00:00Z on
      > an exception for new-capability, new-build-code
    ");
    let mut first = World::at("2026-08-25T12:00:00Z");
    first.release("tidy", "1.0.1", "2026-08-15");
    first.look_into_packages();
    first.read("tidy", "1.0.1", None, has);
    assert!(!first.decide("tidy", "1.0.1").has(Code::NewCapability));
}

/// A name that is known is what attackers borrow, by copying what is behind it.
#[test]
fn a_copy_of_a_better_known_crate_asks_for_a_reviewer() {
    let copied =
        |name: &str, of_known| Copied { name: name.into(), version: "1.0.0".into(), of_known, of_new: 88 };
    let copy = Reading { copied: vec![copied("neat", 94), copied("neater", 60)], ..Reading::default() };
    check!(reading(copy.clone()), @"
    tidy 1.0.1 hold
      clone [review]: much like neat 1.0.0: 94 % of that is in it, 88 % of it is in that, whoever made them
      > one audit by a trusted reviewer or set, from 2026-08-25T12:00:00Z on
      > an exception for clone
    ");
    check!(reading(copy.clone()).level(Level::Low), @"
    tidy 1.0.1 hold
      young [hold]: in the open for 10 days, 30 days are asked for
      clone [ceiling]: much like neat 1.0.0: 94 % of that is in it, 88 % of it is in that, whoever made them
      > wait until 2026-09-14T12:00:00Z
      > one audit by a trusted reviewer or set, from 2026-08-25T12:00:00Z on
      > an exception for young
    ");
    // A crate's first release has no base, and may be a copy all the same.
    let mut first = World::at("2026-08-25T12:00:00Z");
    first.release("tidier", "1.0.0", "2026-01-01");
    first.look_into_packages();
    first.read("tidier", "1.0.0", None, copy);
    insta::assert_snapshot!(show(&first.decide("tidier", "1.0.0")), @"
    tidier 1.0.0 hold
      clone [review]: much like neat 1.0.0: 94 % of that is in it, 88 % of it is in that, whoever made them
      > one audit by a trusted reviewer or set, from 2026-08-25T12:00:00Z on
      > an exception for clone
    ");
}

/// Most releases that do more can panic in more places.
#[test]
fn where_it_can_panic_is_told_and_never_weighed() {
    let panics = NewPanics { places: 30, from_input: 12 };
    let more = reading(Reading { panics, ..Reading::default() });
    let (with, without) = (more.decide("tidy", "1.0.1"), reading(Reading::default()).decide("tidy", "1.0.1"));
    assert_eq!(with.panics, panics);
    assert_eq!(show(&with), show(&without));
}
