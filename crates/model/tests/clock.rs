//! Since when a release is in the open: what the journal, yanks and feeds do to its age.

use fence_model::facts::FeedState;
use fence_model::{Code, Level, Verdict};
use fence_testkit::world::{World, show, time};

const NOW: &str = "2026-08-20T12:00:00Z";

/// A crate of long ago with a release of 2026-06-01, to be seen and yanked by a test.
fn tidy() -> World {
    let mut world = World::at(NOW);
    world.release("tidy", "1.0.0", "2026-01-01");
    world.release("tidy", "1.0.1", "2026-06-01T12:00:00Z");
    world
}

/// Expects tidy 1.0.1 to be in the open since `expected`.
fn check(world: &World, expected: Option<&str>) {
    let decision = world.decide("tidy", "1.0.1");
    assert_eq!(decision.clock.opened, expected.map(time), "{}", show(&decision));
}

#[test]
fn without_a_journal_the_publish_time_counts() {
    check(&tidy(), Some("2026-06-01T12:00:00Z"));
    let mut world = tidy();
    world.edit("tidy", "1.0.1").facts().published = None;
    check(&world, None);
    assert_eq!(world.decide("tidy", "1.0.1").verdict, Verdict::Hold);
}

#[test]
fn at_first_contact_the_publish_time_counts_unless_it_lies_ahead() {
    let mut world = tidy();
    world.edit("tidy", "1.0.1").seen("2026-08-01T00:00:00Z", None);
    check(&world, Some("2026-06-01T12:00:00Z"));
    world.edit("tidy", "1.0.1").facts().published = Some(time("2026-12-01"));
    check(&world, Some("2026-08-01T00:00:00Z"));
}

#[test]
fn where_an_earlier_read_lacked_it_first_sight_counts() {
    let mut world = tidy();
    world.edit("tidy", "1.0.1").seen("2026-06-01T12:10:00Z", Some("2026-06-01T12:00:00Z"));
    check(&world, Some("2026-06-01T12:10:00Z"));
    assert_eq!(world.decide("tidy", "1.0.1").verdict, Verdict::Admit);
}

#[test]
fn an_index_may_be_late_by_an_hour_before_a_release_is_backdated() {
    let backdated = |lacked_at: &str| {
        let mut world = tidy();
        world.edit("tidy", "1.0.1").seen("2026-06-02T00:00:00Z", Some(lacked_at));
        world.decide("tidy", "1.0.1").has(Code::Backdated)
    };
    assert!(!backdated("2026-06-01T13:00:00Z"));
    assert!(backdated("2026-06-01T13:00:01Z"));
}

#[test]
fn a_release_first_seen_yanked_starts_when_it_is_un_yanked() {
    let mut world = tidy();
    let mut seen = |lacked_at, unyanked_at| {
        let first_seen = "2026-06-01T13:00:00Z";
        world.edit("tidy", "1.0.1").seen(first_seen, lacked_at).seen_yanked(first_seen, unyanked_at);
        let mut verb = world.edit("tidy", "1.0.1");
        verb.facts().sighting.as_deref_mut().expect("it was seen").first_seen_yanked = true;
        world.clone()
    };
    let lacked_at = Some("2026-06-01T12:30:00Z");
    check(&seen(lacked_at, None), None);
    check(&seen(lacked_at, Some("2026-06-01T20:00:00Z")), Some("2026-06-01T20:00:00Z"));
    // At first contact nobody knows whether it was in the open before; but what is un-yanked then begins anew.
    check(&seen(None, None), Some("2026-06-01T12:00:00Z"));
    check(&seen(None, Some("2026-06-01T20:00:00Z")), Some("2026-06-01T20:00:00Z"));
}

#[test]
fn a_yank_of_more_than_a_day_starts_the_clock_again_unless_it_had_been_admitted() {
    let opened = |from: &str, until: &str| {
        let mut world = tidy();
        world.edit("tidy", "1.0.1").seen("2026-06-01T12:10:00Z", None).seen_yanked(from, Some(until));
        let decision = world.decide("tidy", "1.0.1");
        (decision.clock.opened.expect("it is in the open").to_string(), decision.has(Code::Unyanked))
    };
    // A day, which is no age either, and a second more than a day.
    let moved_on = "2026-06-02T12:00:00Z".to_owned();
    assert_eq!(opened("2026-06-03T00:00:00Z", "2026-06-04T00:00:00Z"), (moved_on, false));
    let back = "2026-06-04T00:00:01Z";
    assert_eq!(opened("2026-06-03T00:00:00Z", back), (back.to_owned(), true));
    // Seven days are its wait; it had been admitted when they were over.
    let back = "2026-07-01T00:00:00Z";
    assert_eq!(opened("2026-06-08T11:59:59Z", back), (back.to_owned(), true));
    let moved_on = "2026-06-24T00:00:00Z".to_owned();
    assert_eq!(opened("2026-06-08T12:00:00Z", "2026-07-01T00:00:00Z"), (moved_on, false));
}

/// Else a release that is shown for two minutes a day would grow old unseen.
#[test]
fn yanked_time_is_no_age_however_short_the_yanks() {
    let mut world = World::at("2026-06-08T12:00:00Z");
    world.release("tidy", "1.0.0", "2026-01-01");
    world
        .release("tidy", "1.0.1", "2026-06-01T12:00:00Z")
        .seen("2026-06-01T12:10:00Z", Some("2026-06-01T12:00:00Z"))
        .seen_yanked("2026-06-02T12:10:00Z", Some("2026-06-02T14:10:00Z"))
        .seen_yanked_again("2026-06-05T12:00:00Z", Some("2026-06-05T12:30:00Z"));
    insta::assert_snapshot!(show(&world.decide("tidy", "1.0.1")), @"
    tidy 1.0.1 hold
      young [hold]: in the open for 6 days, 7 days are asked for
      > wait until 2026-06-08T14:40:00Z
      > one audit by a trusted reviewer or set, from 2026-06-08T12:00:00Z on
      > an exception for young
    ");
    // In the open for as long as is asked for, and yanked again: that takes nothing away.
    let mut admitted = world.later("2026-06-08T14:40:00Z");
    assert_eq!(admitted.decide("tidy", "1.0.1").verdict, Verdict::Admit);
    for until in [Some("2026-06-09T10:00:00Z"), None] {
        admitted.edit("tidy", "1.0.1").seen_yanked_again("2026-06-08T14:40:00Z", until);
        let decision = admitted.later("2026-06-10T00:00:00Z").decide("tidy", "1.0.1");
        assert_eq!(decision.verdict, Verdict::Admit, "{}", show(&decision));
    }
}

#[test]
fn yanks_of_more_than_a_day_in_all_are_as_one() {
    let opened = |last: &str| {
        let mut world = tidy();
        world
            .edit("tidy", "1.0.1")
            .seen("2026-06-01T12:10:00Z", None)
            .seen_yanked("2026-06-01T12:10:00Z", Some("2026-06-02T12:00:00Z"))
            .seen_yanked_again("2026-06-02T12:02:00Z", Some(last));
        let decision = world.decide("tidy", "1.0.1");
        (decision.clock.opened.expect("it is in the open").to_string(), decision.has(Code::Unyanked))
    };
    // A day, and a second more than a day.
    assert_eq!(opened("2026-06-02T12:12:00Z"), ("2026-06-02T12:00:00Z".to_owned(), false));
    assert_eq!(opened("2026-06-02T12:12:01Z"), ("2026-06-02T12:12:01Z".to_owned(), true));
}

/// Who may yank must not be able to wipe out what restarts the clock.
#[test]
fn another_yank_makes_no_long_one_forgotten() {
    let mut world = tidy();
    world
        .edit("tidy", "1.0.1")
        .seen("2026-06-01T12:10:00Z", None)
        .seen_yanked("2026-06-01T12:15:00Z", Some("2026-06-21T12:00:00Z"))
        .seen_yanked_again("2026-06-21T13:00:00Z", None);
    insta::assert_snapshot!(show(&world.decide("tidy", "1.0.1")), @"
    tidy 1.0.1 hold
      unyanked [review]: yanked at 2026-06-01T12:15:00Z before it was ever admitted, back since 2026-06-21T12:00:00Z
      young [hold]: in the open for 1 hour, 7 days are asked for
      yanked [warn]: yanked by its publisher, seen on 2026-06-21
      > 2 independent audits by trusted reviewers or sets, from 2026-08-20T12:00:00Z on
      > an exception for unyanked, young
    ");
    world.edit("tidy", "1.0.1").facts().yanked = false;
    world.edit("tidy", "1.0.1").facts().sighting.as_deref_mut().unwrap().yanks[1].until =
        Some(time("2026-06-21T13:10:00Z"));
    let decision = world.decide("tidy", "1.0.1");
    assert!(decision.has(Code::Unyanked));
    check(&world, Some("2026-06-21T12:10:00Z"));
}

#[test]
fn what_the_baseline_had_recorded_before_a_yank_had_been_admitted() {
    let mut world = tidy();
    let yank = ("2026-06-03T00:00:00Z", Some("2026-07-01T00:00:00Z"));
    world.edit("tidy", "1.0.1").seen("2026-06-01T12:10:00Z", None).seen_yanked(yank.0, yank.1);
    let (mut late, mut young) = (world.clone(), world.clone());
    world.baseline("tidy", "1.0.1", "2026-06-02T00:00:00Z");
    assert!(!world.decide("tidy", "1.0.1").has(Code::Unyanked));
    late.baseline("tidy", "1.0.1", "2026-06-04T00:00:00Z");
    assert!(late.decide("tidy", "1.0.1").has(Code::Unyanked));
    young.young_baseline("tidy", "1.0.1", "2026-06-02T00:00:00Z");
    assert!(young.decide("tidy", "1.0.1").has(Code::Unyanked));
}

#[test]
fn while_it_is_yanked_no_time_counts() {
    let mut world = tidy();
    world.edit("tidy", "1.0.1").seen("2026-06-01T12:10:00Z", None).seen_yanked("2026-06-04T12:00:00Z", None);
    insta::assert_snapshot!(show(&world.decide("tidy", "1.0.1")), @"
    tidy 1.0.1 hold
      young [hold]: in the open for 3 days, 7 days are asked for
      yanked [warn]: yanked by its publisher, seen on 2026-06-04
      > one audit by a trusted reviewer or set, from 2026-08-20T12:00:00Z on
      > an exception for young
    ");
    // Withdrawn after its wait, it stays admitted for those who have it.
    world.edit("tidy", "1.0.1").seen_yanked("2026-06-08T12:00:00Z", None);
    assert_eq!(world.decide("tidy", "1.0.1").verdict, Verdict::Admit);
}

#[test]
fn the_stalest_feed_says_up_to_when_time_counts() {
    let mut world = tidy();
    world.feeds[0].as_of = Some(time("2026-06-09"));
    (world.feeds[1].state, world.feeds[1].as_of) = (FeedState::Stale, Some(time("2026-06-08")));
    let decision = world.decide("tidy", "1.0.1");
    assert_eq!(decision.clock.counted, time("2026-06-08"));
    insta::assert_snapshot!(show(&decision), @"
    tidy 1.0.1 hold
      young [hold]: in the open for 6 days, 7 days are asked for
      clock-stopped [note]: rustsec is stale, as of 2026-06-08T00:00:00Z, and the clock stands still there
      > wait until 2026-08-20T12:00:00Z
      > an exception for young
    ");
    world.feeds[1].as_of = Some(time("2026-06-08T12:00:00Z"));
    assert_eq!(world.decide("tidy", "1.0.1").verdict, Verdict::Admit);
}

#[test]
fn a_feed_that_was_never_read_admits_nothing_by_age() {
    let mut world = tidy();
    (world.feeds[1].state, world.feeds[1].as_of) = (FeedState::Absent, None);
    insta::assert_snapshot!(show(&world.decide("tidy", "1.0.1")), @"
    tidy 1.0.1 hold
      new-crate [review]: the crate is 0 seconds old, first published on 2026-01-01
      young [hold]: in the open for 0 seconds, 7 days are asked for
      clock-stopped [hold]: rustsec was never read, so time does not count
      > wait until 2026-08-20T12:00:00Z
      > an exception for new-crate, young, clock-stopped
    ");
    // Nor anything else of which nobody knows since when it is there.
    world.edit("tidy", "1.0.1").facts().published = None;
    world.full_audit("mozilla", "tidy", "1.0.1", "2026-08-01");
    world.full_audit("google", "tidy", "1.0.1", "2026-08-01");
    assert_eq!(world.decide("tidy", "1.0.1").verdict, Verdict::Hold);
}

#[test]
fn no_wait_exceeds_the_ceiling() {
    let mut world = tidy().level(Level::High);
    world.policy.wait.ceiling = fence_model::Span::days(5);
    world.policy.wait.base = None;
    assert_eq!(world.decide("tidy", "1.0.1").clock.wait, fence_model::Span::days(5));
}
