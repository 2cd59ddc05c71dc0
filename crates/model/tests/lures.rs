//! Which yanks of older releases make a lure, and which are the bare pattern of one.

use fence_model::Code;
use fence_testkit::world::{World, show};

/// A crate whose three good releases were yanked, at that moment if somebody saw it, and tidy 1.0.4 of 2026-08-18.
fn lure(yanked_at: Option<&str>) -> World {
    let mut world = World::at("2026-08-20T12:00:00Z");
    for (at, published) in [("1.0.0", "2025-01-01"), ("1.0.1", "2025-07-01"), ("1.0.2", "2026-01-01")] {
        let release = world.release("tidy", at, published);
        match yanked_at {
            Some(yanked_at) => release.seen("2026-06-01T00:00:00Z", None).seen_yanked(yanked_at, None),
            None => release.yanked(),
        };
    }
    let release = world.release("tidy", "1.0.4", "2026-08-18T12:00:00Z");
    if yanked_at.is_some() {
        release.seen("2026-08-18T12:10:00Z", Some("2026-08-18T12:00:00Z"));
    }
    world
}

/// Expects tidy 1.0.4 to have this of both codes, or neither.
fn check(what: &str, expected: Option<Code>, world: &World) {
    let decision = world.decide("tidy", "1.0.4");
    let found = [Code::YankLure, Code::YankedAround].into_iter().find(|code| decision.has(*code));
    assert_eq!(found, expected, "{what}\n{}", show(&decision));
}

const AROUND: &str = "2026-08-18T13:00:00Z";

#[test]
fn yanks_around_a_release_are_a_lure_and_of_unknown_time_the_pattern_of_one() {
    check("an hour after", Some(Code::YankLure), &lure(Some(AROUND)));
    check("at some time", Some(Code::YankedAround), &lure(None));
}

/// Who publishes a bad release can publish a good one first.
#[test]
fn a_young_release_in_between_makes_no_lure_undone() {
    for yanked_at in [Some(AROUND), None] {
        let expected = if yanked_at.is_some() { Code::YankLure } else { Code::YankedAround };
        let with = |published: &str| {
            let mut world = lure(yanked_at);
            world.release("tidy", "1.0.3", published);
            world
        };
        check("just before", Some(expected), &with("2026-08-18T11:00:00Z"));
        check("just after", Some(expected), &with("2026-08-18T13:00:00Z"));
        check("weeks before", Some(expected), &with("2026-07-19T12:10:01Z"));
        check("as old as the ceiling", None, &with("2026-07-19T12:00:00Z"));
    }
}

#[test]
fn who_saw_the_yanks_is_warned_no_less_than_who_did_not() {
    check("a week before", Some(Code::YankLure), &lure(Some("2026-08-11T12:10:00Z")));
    check("earlier", Some(Code::YankedAround), &lure(Some("2026-08-11T12:09:59Z")));
    let mut apart = lure(Some(AROUND));
    apart.edit("tidy", "1.0.0").seen_yanked("2026-06-05T00:00:00Z", None);
    apart.edit("tidy", "1.0.1").seen_yanked("2026-07-05T00:00:00Z", None);
    check("months apart", Some(Code::YankedAround), &apart);
    insta::assert_snapshot!(show(&apart.decide("tidy", "1.0.4")), @"
    tidy 1.0.4 hold
      young [hold]: in the open for 1 day, 14 days are asked for
      yanked-around [double]: the 3 newest older compatible releases, 1.0.0 to 1.0.2, are yanked, the last seen on 2026-08-18
      > wait until 2026-09-01T12:10:00Z
      > one audit by a trusted reviewer or set, from 2026-08-20T12:00:00Z on
      > an exception for young
    ");
}

#[test]
fn what_is_yanked_much_later_was_not_yanked_around_it() {
    let mut world = lure(Some("2026-09-17T12:10:00Z")).later("2026-09-20T12:00:00Z");
    check("when it is as old as the ceiling", None, &world);
    // Once more is not for the first time.
    for at in ["1.0.0", "1.0.1", "1.0.2"] {
        world
            .edit("tidy", at)
            .seen_yanked(AROUND, Some("2026-09-17T12:00:00Z"))
            .seen_yanked_again("2026-09-17T12:10:00Z", None);
    }
    check("again, when it is as old", Some(Code::YankLure), &world);
}
