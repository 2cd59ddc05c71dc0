//! How single releases are judged: each reason flips a verdict, and goes when its fact goes.

use fence_model::decision::Unknown;
use fence_model::facts::{Account, AdvisoryKind, Birth, Bound, DependencyKind, FeedState, Range};
use fence_model::policy::Severity;
use fence_model::readings::Reading;
use fence_model::{Code, Effect, Level, Span, Verdict};
use fence_testkit::people::{maintainer, maintainers};
use fence_testkit::world::{World, show, time, version};

/// An ordinary crate with a release of long ago and one published `published`.
fn crate_with_update(now: &str, published: &str) -> World {
    let mut world = World::at(now);
    world.release("tidy", "1.0.0", "2026-01-01");
    world.release("tidy", "1.0.1", published);
    world
}

/// Expects the decision on tidy 1.0.1 to read as the snapshot.
macro_rules! check {
    ($world:expr, @$expected:literal) => {
        insta::assert_snapshot!(show(&$world.decide("tidy", "1.0.1")), @$expected)
    };
}

#[test]
fn an_unremarkable_release_waits_seven_days() {
    let world = crate_with_update("2026-08-20T12:00:00Z", "2026-08-15");
    check!(world, @"
    tidy 1.0.1 hold
      young [hold]: in the open for 5 days, 7 days are asked for
      > wait until 2026-08-22T12:00:00Z
      > one audit by a trusted reviewer or set, from 2026-08-20T12:00:00Z on
      > an exception for young
    ");
    check!(world.later("2026-08-22T12:00:00Z"), @"tidy 1.0.1 admit (by age)");
}

#[test]
fn a_dependency_that_the_base_lacks_doubles_the_wait() {
    let mut world = crate_with_update("2026-08-28T12:00:00Z", "2026-08-15");
    world.release("old", "1.0.0", "2019-01-01");
    let without = world.clone();
    world.edit("tidy", "1.0.1").needs("old", "^1");
    assert_eq!(without.decide("tidy", "1.0.1").verdict, Verdict::Admit);
    check!(world, @"
    tidy 1.0.1 hold
      young [hold]: in the open for 13 days, 14 days are asked for
      new-dependency [double]: new dependency old
      > wait until 2026-08-29T12:00:00Z
      > one audit by a trusted reviewer or set, from 2026-08-28T12:00:00Z on
      > an exception for young
    ");
}

#[test]
fn a_young_dependency_asks_for_a_reviewer() {
    let mut world = crate_with_update("2026-10-28T12:00:00Z", "2026-08-15");
    world.release("fresh", "1.0.0", "2026-08-15T07:00:00Z");
    world.baseline("fresh", "1.0.0", "2026-08-20");
    world.edit("tidy", "1.0.1").needs("fresh", "^1");
    check!(world, @"
    tidy 1.0.1 hold
      young-dependency [review]: new in this release, fresh was 5 hours old when this was published
      new-dependency [double]: new dependency fresh
      > wait until 2026-11-13T07:00:00Z
      > one audit by a trusted reviewer or set, from 2026-10-28T12:00:00Z on
      > an exception for young-dependency
    ");
    world.full_audit("mozilla", "tidy", "1.0.1", "2026-08-20");
    check!(world, @"
    tidy 1.0.1 admit (audited)
      new-dependency [double]: new dependency fresh
      audited-once [favour]: audited by mozilla (1.0.1)
      young-dependency [review, cleared]: new in this release, fresh was 5 hours old when this was published
    ");
}

/// What it brought in is by then no more of a risk than in a release that comes out that day; whether it is let in itself
/// is asked as ever. To the releases after it what it brought in is new all the same.
#[test]
fn a_young_dependency_grows_up() {
    let mut world = crate_with_update("2026-11-13T06:59:59Z", "2026-08-15");
    world.release("fresh", "1.0.0", "2026-08-15T07:00:00Z");
    world.edit("tidy", "1.0.1").needs("fresh", "^1");
    assert_eq!(world.decide("tidy", "1.0.1").verdict, Verdict::Hold);
    let grown_up = "2026-11-13T07:00:00Z";
    check!(world.later(grown_up), @"
    tidy 1.0.1 admit (by age)
      new-dependency [double]: new dependency fresh
    ");
    // A clock that stands still keeps it young.
    let mut silent = world.later("2026-12-01");
    (silent.feeds[1].state, silent.feeds[1].as_of) = (FeedState::Stale, Some(time("2026-11-13T06:59:59Z")));
    check!(silent, @"
    tidy 1.0.1 hold
      young-dependency [review]: new in this release, fresh was 5 hours old when this was published
      needs-held [hold]: needs fresh ^1, of which no release is admitted
      new-dependency [double]: new dependency fresh
      > an admitted release of fresh ^1, from 2026-12-01T00:00:00Z on
      > an exception for needs-held, young-dependency
    ");
    // Fresh is no longer to be had, or is no longer what it was.
    let mut blocked = world.clone();
    blocked.advisory("RUSTSEC-2026-0001", "fresh", AdvisoryKind::Malicious, "2026-11-01", None);
    check!(blocked.later(grown_up), @"
    tidy 1.0.1 hold
      needs-held [hold]: needs fresh ^1, of which no release is admitted
      new-dependency [double]: new dependency fresh
      > an admitted release of fresh ^1, from 2026-11-13T07:00:00Z on
      > an exception for needs-held
    ");
    // One that looks like another's does not stop doing so.
    let mut alike = world.clone();
    alike.known_names("freshh\t2015-01-01\t5000\n");
    check!(alike.later("2027-06-01"), @"
    tidy 1.0.1 hold
      young-dependency [review]: new in this release, fresh looks like freshh (one character left out)
      needs-held [hold]: needs fresh ^1, of which no release is admitted
      new-dependency [double]: new dependency fresh
      > an admitted release of fresh ^1, one audit by a trusted reviewer or set, from 2027-06-01T00:00:00Z on
      > an exception for needs-held, young-dependency
    ");
    // Published when fresh was still young: the release before it makes it no older.
    world.release("tidy", "1.0.2", "2026-10-01");
    world.edit("tidy", "1.0.2").needs("fresh", "^1");
    insta::assert_snapshot!(show(&world.decide("tidy", "1.0.2")), @"
    tidy 1.0.2 hold
      young-dependency [review]: new in this release, fresh was 47 days old when this was published
      needs-held [hold]: needs fresh ^1, of which no release is admitted
      new-dependency [double]: new dependency fresh
      > an admitted release of fresh ^1, from 2026-11-13T07:00:00Z on
      > an admitted release of fresh ^1, one audit by a trusted reviewer or set, from 2026-11-13T06:59:59Z on
      > an exception for needs-held, young-dependency
    ");
}

/// It passes, what stands against it goes on being said, and when it would pass without the baseline that is over.
#[test]
fn what_was_young_when_it_was_recorded_is_excused_aloud() {
    let mut world = crate_with_update("2026-08-20T12:00:00Z", "2026-08-15");
    world.release("fresh", "1.0.0", "2026-08-15T07:00:00Z");
    world.baseline("fresh", "1.0.0", "2026-08-20");
    world.young_baseline("tidy", "1.0.1", "2026-08-17");
    check!(world, @"
    tidy 1.0.1 admit (baseline)
      young [warn]: in the open for 5 days, 7 days are asked for
      baseline [favour]: locked when the fence was set up, on 2026-08-17, younger than its wait then
    ");
    check!(world.later("2026-08-22T12:00:00Z"), @"tidy 1.0.1 admit (by age)");
    let mut unseen = world.clone();
    world.edit("tidy", "1.0.1").needs("fresh", "^1");
    check!(world.later("2026-10-22T12:00:00Z"), @"
    tidy 1.0.1 admit (baseline)
      new-dependency [double]: new dependency fresh
      young-dependency [warn]: new in this release, fresh was 5 hours old when this was published
      baseline [favour]: locked when the fence was set up, on 2026-08-17, younger than its wait then
    ");
    // What a feed cannot have seen is no part of any level, excused or not.
    unseen.full_audit("mozilla", "tidy", "1.0.1", "2026-08-18");
    unseen.full_audit("google", "tidy", "1.0.1", "2026-08-18");
    (unseen.feeds[1].state, unseen.feeds[1].as_of) = (FeedState::Stale, Some(time("2026-08-14")));
    let decision = unseen.decide("tidy", "1.0.1");
    assert_eq!((decision.verdict, decision.attained.level), (Verdict::Admit, None), "{}", show(&decision));
    // Of another release under the same version nothing is excused, nor what blocks.
    world.edit("tidy", "1.0.1").facts().digest = fence_testkit::world::digest("other bytes");
    assert_eq!(world.decide("tidy", "1.0.1").verdict, Verdict::Block);
}

/// What was recorded when it was young is no reason to believe in a name.
#[test]
fn nothing_rests_on_what_was_recorded_young() {
    let codes = |record: &dyn Fn(&mut World)| {
        let mut world = World::at("2026-08-20T12:00:00Z");
        world.release("tidy", "1.0.0", "2026-03-01");
        world.release("tidy", "1.0.1", "2026-05-01").needs("alphabets", "^1");
        world.release("alphabets", "1.0.0", "2026-01-01");
        world.known_names("alphabet\t2015-01-01\t5000\ntidyy\t2015-01-01\t5000\n");
        record(&mut world);
        let decision = world.decide("tidy", "1.0.1");
        [Code::LookAlike, Code::YoungDependency].map(|code| decision.has(code))
    };
    assert_eq!(codes(&|_| ()), [true, true]);
    for (of, known) in [("tidy", [false, true]), ("alphabets", [true, false])] {
        assert_eq!(codes(&|world| world.young_baseline(of, "1.0.0", "2026-06-01")), [true, true]);
        assert_eq!(codes(&|world| world.baseline(of, "1.0.0", "2026-06-01")), known);
    }
}

/// What nobody read is new, and said to be unknown; what was asked for in vain counts as young.
#[test]
fn a_dependency_of_unknown_age_is_told_apart_from_a_young_one() {
    let needs = |birth: Birth| {
        let mut world = crate_with_update("2026-08-28T12:00:00Z", "2026-08-14");
        world.edit("tidy", "1.0.1").depends("far", "^1", DependencyKind::Normal, true).of_birth(birth);
        world
    };
    let unread = needs(Birth::Unread);
    check!(unread, @"
    tidy 1.0.1 admit (by age)
      new-dependency [double]: new dependency far, of unknown age: its index file was not read
    ");
    check!(needs(Birth::Untold), @"
    tidy 1.0.1 hold
      young-dependency [review]: new in this release, far counts as young: the index does not tell how old it is
      new-dependency [double]: new dependency far
      > one audit by a trusted reviewer or set, from 2026-08-28T12:00:00Z on
      > an exception for young-dependency
    ");
    check!(needs(Birth::Nonexistent), @"
    tidy 1.0.1 hold
      young-dependency [review]: new in this release, far does not exist, and anybody may create it
      new-dependency [double]: new dependency far
      > one audit by a trusted reviewer or set, from 2026-08-28T12:00:00Z on
      > an exception for young-dependency
    ");
    check!(needs(Birth::At(time("2015-01-01"))), @"
    tidy 1.0.1 admit (by age)
      new-dependency [double]: new dependency far
    ");
    let is_unknown =
        |world: &World, at: &str| world.decide("tidy", at).attained.unknown.contains(&Unknown::Dependencies);
    assert!(is_unknown(&unread, "1.0.1"));
    // Nothing is unknown of a release that does not need it, nor where somebody was asked.
    assert!(!is_unknown(&unread, "1.0.0"));
    assert!(!is_unknown(&needs(Birth::Untold), "1.0.1"));
}

#[test]
fn dev_dependencies_reach_no_build() {
    let mut world = crate_with_update("2026-08-28T12:00:00Z", "2026-08-15");
    world.release("fresh", "1.0.0", "2026-08-15T07:00:00Z");
    world.edit("tidy", "1.0.1").depends("fresh", "^1", DependencyKind::Dev, false);
    check!(world, @"tidy 1.0.1 admit (by age)");
}

#[test]
fn two_independent_audits_admit_at_once_and_one_after_six_hours() {
    let mut world = crate_with_update("2026-08-15T13:00:00Z", "2026-08-15");
    world.full_audit("mozilla", "tidy", "1.0.1", "2026-08-15T12:30:00Z");
    check!(world, @"
    tidy 1.0.1 hold
      young [hold]: in the open for 1 hour, 6 hours are asked for
      audited-once [favour]: audited by mozilla (1.0.1)
      > wait until 2026-08-15T18:00:00Z
      > one audit by a trusted reviewer or set, from 2026-08-15T13:00:00Z on
      > an exception for young
    ");
    check!(world.later("2026-08-15T18:00:00Z"), @"
    tidy 1.0.1 admit (audited)
      audited-once [favour]: audited by mozilla (1.0.1)
    ");
    world.delta_audit("google", "tidy", "1.0.0", "1.0.1", "2026-08-15T12:30:00Z");
    world.full_audit("google", "tidy", "1.0.0", "2026-02-01");
    check!(world, @"
    tidy 1.0.1 admit (audited)
      audited [favour]: audited by mozilla (1.0.1), and by google (1.0.0 → 1.0.1)
    ");
}

#[test]
fn an_audit_of_the_change_from_an_admitted_release_counts() {
    let mut world = crate_with_update("2026-08-15T18:00:00Z", "2026-08-15");
    world.delta_audit("mozilla", "tidy", "1.0.0", "1.0.1", "2026-08-15T12:30:00Z");
    check!(world, @"
    tidy 1.0.1 admit (audited)
      audited-once [favour]: audited by mozilla (the change from 1.0.0 to 1.0.1)
    ");
    // What its wait admitted lies open to everybody; that somebody read the change is enough below the highest level.
    world.delta_audit("google", "tidy", "1.0.0", "1.0.1", "2026-08-15T12:30:00Z");
    check!(world, @"
    tidy 1.0.1 admit (audited)
      audited [favour]: audited by google (the change from 1.0.0 to 1.0.1), and by mozilla (the change from 1.0.0 to 1.0.1)
    ");
    assert_eq!(world.decide("tidy", "1.0.1").attained.level, Some(Level::Medium));
    assert_eq!(world.level(Level::High).decide("tidy", "1.0.1").verdict, Verdict::Hold);
}

/// Else what was held for what it can do would come in with an innocent change to it.
#[test]
fn an_audit_of_a_change_to_what_was_never_admitted_counts_for_nothing() {
    let needs_fresh = |needed_by: &[&str]| {
        let mut world = crate_with_update("2026-08-20T12:00:00Z", "2026-06-15");
        world.release("fresh", "1.0.0", "2026-06-14");
        world.release("tidy", "1.0.2", "2026-08-19");
        for version in needed_by {
            world.edit("tidy", version).depends("fresh", "^1", DependencyKind::Normal, false);
        }
        world.delta_audit("mozilla", "tidy", "1.0.1", "1.0.2", "2026-08-19T12:30:00Z");
        world.decide("tidy", "1.0.2")
    };
    assert_eq!(needs_fresh(&[]).verdict, Verdict::Admit);
    insta::assert_snapshot!(show(&needs_fresh(&["1.0.1", "1.0.2"])), @"
    tidy 1.0.2 hold
      young-dependency [review]: new in this release, fresh was 66 days old when this was published
      young [hold]: in the open for 1 day, 14 days are asked for
      needs-held [hold]: needs fresh ^1, of which no release is admitted
      new-dependency [double]: new dependency fresh
      > an admitted release of fresh ^1, from 2026-09-12T12:00:00Z on
      > an admitted release of fresh ^1, one audit by a trusted reviewer or set, from 2026-08-20T12:00:00Z on
      > an exception for needs-held, young-dependency, young
    ");
    // Nor is it enough that the release in between was admitted after this one appeared.
    let mut world = crate_with_update("2026-08-25T12:00:00Z", "2026-08-17");
    world.release("tidy", "1.0.2", "2026-08-22");
    world.delta_audit("mozilla", "tidy", "1.0.1", "1.0.2", "2026-08-22T12:30:00Z");
    assert_eq!(world.decide("tidy", "1.0.2").verdict, Verdict::Hold);
    // Through one that was read it is.
    world.delta_audit("mozilla", "tidy", "1.0.0", "1.0.1", "2026-08-22T12:30:00Z");
    assert_eq!(world.decide("tidy", "1.0.2").verdict, Verdict::Admit);
}

/// A crate with an update of 2026-08-15, another that followed `later`, and half a day after that an audit of the change
/// between them.
fn changed_again(later: &str) -> World {
    let later = time(later);
    let mut world = crate_with_update(&(later + Span::hours(12)).to_string(), "2026-08-15");
    world.release("tidy", "1.0.2", &later.to_string());
    world.delta_audit("mozilla", "tidy", "1.0.1", "1.0.2", &(later + Span::minutes(30)).to_string());
    world
}

/// Else a release would come in that nobody reads, with an audit of a change to it.
#[test]
fn an_audit_of_a_change_to_what_nobody_read_counts_when_that_is_as_old_as_the_ceiling() {
    let verdict = |later: &str, story: &dyn Fn(&mut World)| {
        let mut world = changed_again(later);
        story(&mut world);
        world.decide("tidy", "1.0.2").verdict
    };
    let is_scanned = |world: &mut World| world.look_into_packages();
    assert_eq!(verdict("2026-08-23T12:00:00Z", &|_| ()), Verdict::Admit);
    assert_eq!(verdict("2026-08-23T12:00:00Z", &is_scanned), Verdict::Hold);
    assert_eq!(verdict("2026-09-14T11:59:59Z", &is_scanned), Verdict::Hold);
    assert_eq!(verdict("2026-09-14T12:00:00Z", &is_scanned), Verdict::Admit);
    let is_read = |world: &mut World| {
        world.look_into_packages();
        world.read("tidy", "1.0.1", Some("1.0.0"), Reading::default());
    };
    assert_eq!(verdict("2026-08-23T12:00:00Z", &is_read), Verdict::Admit);
}

#[test]
fn an_audit_of_a_change_to_what_somebody_objects_to_counts_when_that_is_answered() {
    let verdict = |later: &str, objected: &[&str], answered: Option<&str>| {
        let mut world = changed_again(later);
        world.owner("tidy", Account::User(1), "2023-01-01");
        // Of those who object, two are too light to block.
        let mut voices = maintainers(12);
        for light in [0, 11] {
            voices[light].reach = 1;
        }
        world.edit("tidy", "1.0.1").heard_by(voices);
        for (number, known) in objected.iter().enumerate() {
            world.object(&maintainer(number * 11), "tidy", "1.0.1", known);
        }
        if let Some(known) = answered {
            world.delta_audit("google", "tidy", "1.0.0", "1.0.1", known);
        }
        world.decide("tidy", "1.0.2").verdict
    };
    let (during, later) = ("2026-08-20T12:00:00Z", "2026-09-10T12:00:00Z");
    assert_eq!(verdict("2026-08-27T11:59:59Z", &[during], None), Verdict::Hold);
    assert_eq!(verdict("2026-08-27T12:00:00Z", &[during], None), Verdict::Admit);
    // Against what was admitted it only alarms.
    assert_eq!(verdict("2026-08-27T11:59:59Z", &["2026-08-23T12:00:00Z"], None), Verdict::Admit);
    assert_eq!(verdict(later, &[during, during], None), Verdict::Hold);
    assert_eq!(verdict(later, &[during, during], Some("2026-09-01T12:00:00Z")), Verdict::Admit);
}

/// A release in between that somebody audited takes no other audit away.
#[test]
fn another_audited_release_takes_no_audit_of_a_change_away() {
    let mut world = crate_with_update("2026-08-20T12:00:00Z", "2026-08-17");
    world.release("tidy", "1.0.2", "2026-08-19");
    world.delta_audit("mozilla", "tidy", "1.0.0", "1.0.2", "2026-08-19T12:30:00Z");
    assert_eq!(world.decide("tidy", "1.0.2").verdict, Verdict::Admit);
    world.full_audit("google", "tidy", "1.0.1", "2026-08-17T12:30:00Z");
    assert_eq!(world.decide("tidy", "1.0.2").base, Some("1.0.1".parse().unwrap()));
    assert_eq!(world.decide("tidy", "1.0.2").verdict, Verdict::Admit);
}

#[test]
fn malware_blocks_and_what_comes_after_a_takeover_asks_for_a_reviewer() {
    let mut world = crate_with_update("2026-12-20T12:00:00Z", "2026-08-15");
    world.advisory("RUSTSEC-2026-0001", "tidy", AdvisoryKind::Malicious, "2026-08-15T23:59:59Z", None);
    check!(world, @"
    tidy 1.0.1 block
      malicious [block]: RUSTSEC-2026-0001: a title
      > an exception for malicious
    ");
    world.release("tidy", "1.0.2", "2026-09-15");
    insta::assert_snapshot!(show(&world.decide("tidy", "1.0.2")), @"
    tidy 1.0.2 hold
      after-takeover [review]: RUSTSEC-2026-0001: a title
      > one audit by a trusted reviewer or set, from 2026-12-20T12:00:00Z on
      > an exception for after-takeover
    ");
}

#[test]
fn a_signed_warning_counts_whatever_the_policy_calls_its_criteria() {
    let mut world = crate_with_update("2026-08-20T12:00:00Z", "2026-08-15");
    world.policy.criteria = "ours".to_owned();
    world.violation("crev:ann", "tidy", "=1.0.1", "2026-08-16");
    let blocks = |world: &World| world.decide("tidy", "1.0.1").has(Code::Violation);
    assert!(!blocks(&world), "a set says which criteria a release fails");
    world.crates.values_mut().flat_map(|facts| &mut facts.audits).for_each(|audit| audit.feed = None);
    assert!(blocks(&world));
}

/// A vulnerable release of long ago in use, and what fixes it according to one database.
fn vulnerable_crate() -> World {
    let mut world = crate_with_update("2026-08-20T12:00:00Z", "2026-08-15");
    world.release("tidy", "1.0.2", "2026-08-16");
    world.advisory("RUSTSEC-2026-0001", "tidy", AdvisoryKind::Vulnerability, "2026-08-14", Some("1.0.1"));
    world
}

#[test]
fn what_two_databases_tell_is_told_once_with_both_ids() {
    let mut world = vulnerable_crate();
    world.retold("GHSA-aaaa-bbbb-cccc", "tidy");
    insta::assert_snapshot!(show(&world.decide("tidy", "1.0.0")), @"
    tidy 1.0.0 admit (by age)
      vulnerable [warn]: RUSTSEC-2026-0001 (also GHSA-aaaa-bbbb-cccc): a title (fixed in 1.0.1)
    ");
}

#[test]
fn where_two_databases_disagree_what_either_calls_affected_is() {
    let mut world = vulnerable_crate();
    let before = world.decide("tidy", "1.0.1");
    assert!(before.has(Code::FixesAdvisory) && !before.has(Code::Vulnerable));
    let fixed_later = Range { lower: Bound::Inclusive(version("1.0.2")), upper: Bound::Unbounded };
    world.retold("GHSA-aaaa-bbbb-cccc", "tidy").patched = vec![fixed_later];
    check!(world, @"
    tidy 1.0.1 hold
      young [hold]: in the open for 5 days, 7 days are asked for
      vulnerable [warn]: GHSA-aaaa-bbbb-cccc (also RUSTSEC-2026-0001): a title (fixed in 1.0.2)
      > wait until 2026-08-22T12:00:00Z
      > one audit by a trusted reviewer or set, from 2026-08-20T12:00:00Z on
      > an exception for young
    ");
}

#[test]
fn the_kind_that_the_policy_minds_most_is_told() {
    let mut world = vulnerable_crate();
    world.retold("GHSA-aaaa-bbbb-cccc", "tidy").kind = AdvisoryKind::Unsound;
    let told = |world: &World| {
        let decision = world.decide("tidy", "1.0.0");
        [Code::Vulnerable, Code::Unsound].map(|code| decision.has(code))
    };
    assert_eq!(told(&world), [true, false]);
    world.policy.unsound = Severity::Error;
    assert_eq!(told(&world), [false, true]);
    // What fails the check by itself is told by itself: an exception for the one kind silences no other.
    world.policy.vulnerable = Severity::Error;
    assert_eq!(told(&world), [true, true]);
}

/// Taking back speaks for a release, and of what speaks for it all have to be sure.
#[test]
fn what_one_database_took_back_stands_while_another_says_it() {
    let mut world = vulnerable_crate();
    world.retold("GHSA-aaaa-bbbb-cccc", "tidy").withdrawn = Some(time("2026-08-17"));
    insta::assert_snapshot!(show(&world.decide("tidy", "1.0.0")), @"
    tidy 1.0.0 admit (by age)
      vulnerable [warn]: RUSTSEC-2026-0001: a title (fixed in 1.0.1)
    ");
    assert!(!world.decide("tidy", "1.0.1").has(Code::FixesAdvisory));
}

#[test]
fn malware_to_one_database_is_malware() {
    let mut world = vulnerable_crate();
    world.retold("MAL-2026-1", "tidy").kind = AdvisoryKind::Malicious;
    insta::assert_snapshot!(show(&world.decide("tidy", "1.0.0")), @"
    tidy 1.0.0 block
      malicious [block]: MAL-2026-1 (also RUSTSEC-2026-0001): a title (fixed in 1.0.1)
      vulnerable [warn]: RUSTSEC-2026-0001 (also MAL-2026-1): a title (fixed in 1.0.1)
      > an exception for malicious
    ");
}

/// An open-ended range of what is patched names every later class as well.
#[test]
fn where_a_class_has_its_fix_no_later_class_is_in_a_hurry() {
    for [vulnerable, fix, later] in
        [["1.0.4", "1.0.5", "2.0.0"], ["0.0.4", "0.0.5", "0.0.6"], ["1.0.4", "2.0.0", "3.0.0"]]
    {
        let mut world = World::at("2026-08-21T18:00:00Z");
        world.release("tidy", vulnerable, "2026-01-01");
        world.advisory("RUSTSEC-2026-0001", "tidy", AdvisoryKind::Vulnerability, "2026-08-18", Some(fix));
        world.release("tidy", later, "2026-08-20");
        let only = world.decide("tidy", later);
        assert!(only.has(Code::FixesAdvisory), "{}", show(&only));
        world.release("tidy", fix, "2026-08-18T18:00:00Z");
        assert!(world.decide("tidy", fix).has(Code::FixesAdvisory));
        let decision = world.decide("tidy", later);
        assert!(!decision.has(Code::FixesAdvisory), "{}", show(&decision));
        // One that is published later, below it, takes nothing from it.
        world.edit("tidy", fix).facts().published = Some(time("2026-08-20T13:00:00Z"));
        assert!(world.decide("tidy", later).has(Code::FixesAdvisory));
    }
}

#[test]
fn a_class_that_has_something_to_fix_has_a_fix_of_its_own() {
    let mut world = World::at("2026-08-21T18:00:00Z");
    world.release("tidy", "1.0.4", "2026-01-01");
    world.release("tidy", "2.0.0", "2026-08-15");
    world.advisory("RUSTSEC-2026-0001", "tidy", AdvisoryKind::Vulnerability, "2026-08-18", Some("2.0.1"));
    let of_the_old =
        Range { lower: Bound::Inclusive(version("1.0.5")), upper: Bound::Exclusive(version("2.0.0")) };
    world.krate("tidy").advisories[0].patched.push(of_the_old);
    world.release("tidy", "1.0.5", "2026-08-18T18:00:00Z");
    world.release("tidy", "2.0.1", "2026-08-20");
    let decision = world.decide("tidy", "2.0.1");
    assert_eq!(decision.base, Some(version("1.0.4")));
    assert!(decision.has(Code::FixesAdvisory), "{}", show(&decision));
}

#[test]
fn an_exception_names_its_codes_and_ends() {
    let mut world = crate_with_update("2026-08-20T12:00:00Z", "2026-08-15");
    world.except("tidy", "1.0.1", &[Code::Young], time("2026-08-21"));
    check!(world, @"
    tidy 1.0.1 admit (by exception)
      exception [favour]: young until 2026-08-21: a test
      young [hold, cleared]: in the open for 5 days, 7 days are asked for
    ");
    assert_eq!(world.later("2026-08-21T12:00:00Z").decide("tidy", "1.0.1").verdict, Verdict::Hold);
}

#[test]
fn a_silent_feed_stops_the_clock() {
    let mut world = crate_with_update("2026-08-30T12:00:00Z", "2026-08-15");
    assert_eq!(world.decide("tidy", "1.0.1").verdict, Verdict::Admit);
    world.feeds[1].as_of = Some(time("2026-08-18"));
    check!(world, @"
    tidy 1.0.1 hold
      young [hold]: in the open for 2 days, 7 days are asked for
      clock-stopped [note]: rustsec is as of 2026-08-18T00:00:00Z, and the clock stands still there
      > wait until 2026-08-30T12:00:00Z
      > an exception for young
    ");
    world.feeds[1].as_of = Some(time("2026-08-14"));
    check!(world, @"
    tidy 1.0.1 hold
      young [hold]: in the open for 0 seconds, 7 days are asked for
      clock-stopped [hold]: rustsec is as of 2026-08-14T00:00:00Z, and the clock stands still there
      > wait until 2026-08-30T12:00:00Z
      > an exception for young, clock-stopped
    ");
}

#[test]
fn high_asks_for_two_audits() {
    let mut world = crate_with_update("2026-12-20T12:00:00Z", "2026-08-15").level(Level::High);
    check!(world, @"
    tidy 1.0.1 hold
      unaudited [hold]: level high asks for two independent audits; there is none
      > 2 independent audits by trusted reviewers or sets, from 2026-12-20T12:00:00Z on
      > an exception for unaudited
    ");
    world.full_audit("mozilla", "tidy", "1.0.1", "2026-08-15T12:30:00Z");
    world.full_audit("google", "tidy", "1.0.1", "2026-08-15T12:30:00Z");
    check!(world, @"
    tidy 1.0.1 admit (audited)
      audited [favour]: audited by google (1.0.1), and by mozilla (1.0.1)
    ");
}

#[test]
fn a_release_whose_requirement_is_held_is_held() {
    let mut world = crate_with_update("2026-08-30T12:00:00Z", "2026-08-15");
    world.release("tidy-core", "1.0.0", "2020-01-01");
    world.release("tidy-core", "1.0.1", "2026-08-29");
    world.edit("tidy", "1.0.0").needs("tidy-core", "=1.0.0");
    world.edit("tidy", "1.0.1").needs("tidy-core", "=1.0.1");
    check!(world, @"
    tidy 1.0.1 hold
      needs-held [hold]: needs tidy-core =1.0.1, of which no release is admitted
      > an admitted release of tidy-core =1.0.1, from 2026-08-30T12:00:00Z on
      > an exception for needs-held
    ");
}

#[test]
fn a_new_crate_waits_out_its_tenure() {
    let mut world = World::at("2026-08-20T12:00:00Z");
    world.release("tidy", "1.0.1", "2026-08-01");
    check!(world, @"
    tidy 1.0.1 hold
      new-crate [review]: the crate is 19 days old, first published on 2026-08-01
      > wait until 2026-10-30T12:00:00Z
      > one audit by a trusted reviewer or set, from 2026-08-20T12:00:00Z on
      > an exception for new-crate
    ");
    check!(world.clone().level(Level::Low), @"
    tidy 1.0.1 hold
      young [hold]: in the open for 19 days, 30 days are asked for
      new-crate [ceiling]: the crate is 19 days old, first published on 2026-08-01
      > wait until 2026-08-31T12:00:00Z
      > one audit by a trusted reviewer or set, from 2026-08-20T12:00:00Z on
      > an exception for young
    ");
    check!(world.later("2026-10-30T12:00:00Z"), @"tidy 1.0.1 admit (by age)");
}

#[test]
fn an_audit_answers_what_a_policy_holds_but_not_for_the_neighbours() {
    let mut world = crate_with_update("2026-10-20T12:00:00Z", "2026-08-15").level(Level::Low);
    world.release("fresh", "1.0.0", "2026-08-15T07:00:00Z");
    world.release("fresh", "1.0.1", "2026-10-20T07:00:00Z");
    world.baseline("fresh", "1.0.0", "2026-08-20");
    world.edit("tidy", "1.0.1").needs("fresh", "^1");
    world.full_audit("mozilla", "tidy", "1.0.1", "2026-08-20");
    // A stricter word for a code must not be a milder one at any level: an audit answers both.
    for effect in [Effect::Hold, Effect::Review] {
        world.policy.codes = [(Code::YoungDependency, effect)].into();
        assert_eq!(world.decide("tidy", "1.0.1").verdict, Verdict::Admit, "{effect:?}");
    }
    // Nobody's reading meets a requirement, whatever the policy calls that.
    world.policy.codes = [(Code::NeedsHeld, Effect::Review)].into();
    world.edit("tidy", "1.0.1").needs("fresh", "=1.0.1");
    check!(world, @"
    tidy 1.0.1 hold
      needs-held [review]: needs fresh =1.0.1, of which no release is admitted
      young-dependency [ceiling]: new in this release, fresh was 5 hours old when this was published
      new-dependency [double]: new dependency fresh
      audited-once [favour]: audited by mozilla (1.0.1)
      > an admitted release of fresh =1.0.1, from 2026-10-20T12:00:00Z on
      > an exception for needs-held
    ");
}

#[test]
fn a_violation_covers_the_prereleases_of_what_it_covers() {
    let check = |requirement: &str, covered: &[&'static str], spared: &[&'static str]| {
        let mut world = World::at("2026-08-20T12:00:00Z");
        for at in covered.iter().chain(spared) {
            world.release("tidy", at, "2020-01-01");
        }
        world.violation("mozilla", "tidy", requirement, "2020-03-01T00:00:00Z");
        for (of, expected) in [(covered, true), (spared, false)] {
            for at in of {
                assert_eq!(world.decide("tidy", at).has(Code::Violation), expected, "{requirement} {at}");
            }
        }
    };
    check("<0.8.0", &["0.7.9", "0.7.9-rc.1", "0.8.0-rc.1"], &["0.8.0", "0.8.1-rc.1"]);
    check(">=0.7, <0.8", &["0.7.0-rc.1", "0.7.5", "0.8.0-alpha"], &["0.6.9", "0.8.0", "0.9.0-rc.1"]);
    check("<=0.8.0", &["0.8.0", "0.8.0-rc.1"], &["0.8.1-rc.1"]);
    check("=0.7.3", &["0.7.3", "0.7.3-rc.1"], &["0.7.4-rc.1"]);
    check("<0.8.0-rc.2", &["0.8.0-rc.1"], &["0.8.0-rc.2", "0.8.0"]);
}
