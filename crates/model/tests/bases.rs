//! What a release is compared with.

use fence_model::facts::{Birth, Dependency, DependencyKind};
use fence_model::{Code, Level, Span, Verdict};
use fence_testkit::world::{World, show, time};

/// A world in 2026 with dependencies of 2015 at hand.
fn world() -> World {
    let mut world = World::at("2026-08-20T12:00:00Z");
    for old in ["old", "older"] {
        world.release(old, "1.0.0", "2015-01-01");
    }
    world.release("fresh", "1.0.0", "2026-07-01");
    world
}

/// Expects `at` of tidy to be compared with `expected`.
fn check(world: &World, at: &str, expected: Option<&str>) {
    let decision = world.decide("tidy", at);
    assert_eq!(decision.base.as_ref().map(ToString::to_string).as_deref(), expected, "{}", show(&decision));
}

#[test]
fn the_base_is_the_highest_lower_release_that_was_admitted_when_this_one_appeared() {
    let mut world = world();
    world.release("tidy", "1.0.0", "2026-01-01");
    world.release("tidy", "1.0.1", "2026-07-01T12:00:00Z");
    world.release("tidy", "1.0.2", "2026-07-08T11:59:59Z");
    world.release("tidy", "1.0.3", "2026-07-08T12:00:00Z");
    check(&world, "1.0.0", None);
    check(&world, "1.0.1", Some("1.0.0"));
    check(&world, "1.0.2", Some("1.0.0"));
    check(&world, "1.0.3", Some("1.0.1"));
}

#[test]
fn a_staging_release_burns_no_flag() {
    let mut world = world();
    world.release("tidy", "1.0.0", "2020-01-01");
    world.release("tidy", "1.0.1", "2026-07-05").needs("fresh", "^1");
    world.release("tidy", "1.0.2", "2026-08-19").needs("fresh", "^1");
    // Held for a reviewer who never came, the first is no base, however old it grows.
    let decision = world.decide("tidy", "1.0.2");
    check(&world, "1.0.2", Some("1.0.0"));
    assert!(decision.has(Code::YoungDependency), "{}", show(&decision));
    // Had it been audited, what it brought in would be known.
    world.full_audit("mozilla", "tidy", "1.0.1", "2026-07-20");
    check(&world, "1.0.2", Some("1.0.1"));
    assert!(!world.decide("tidy", "1.0.2").has(Code::NewDependency));
}

/// Else a dependency that nobody reads would hide what comes with it from the next release.
#[test]
fn what_is_of_unknown_age_makes_no_base() {
    let base = |birth| {
        let mut world = world();
        world.release("tidy", "1.0.0", "2020-01-01");
        world
            .release("tidy", "1.0.1", "2026-05-01")
            .needs("old", "^1")
            .depends("far", "^1", DependencyKind::Normal, true)
            .of_birth(birth);
        world.release("tidy", "1.0.2", "2026-08-01").needs("old", "^1");
        assert_eq!(world.decide("tidy", "1.0.1").has(Code::YoungDependency), birth == Birth::Untold);
        world.decide("tidy", "1.0.2").base.expect("there is one").to_string()
    };
    assert_eq!(base(Birth::At(time("2015-01-01"))), "1.0.1");
    assert_eq!(base(Birth::Unread), "1.0.0");
    assert_eq!(base(Birth::Untold), "1.0.0");
}

#[test]
fn at_high_one_audit_makes_no_base() {
    let mut world = world().level(Level::High);
    world.release("tidy", "1.0.0", "2026-06-01");
    world.release("tidy", "1.0.1", "2026-08-01");
    world.release("tidy", "1.0.2", "2026-08-19");
    world.full_audit("mozilla", "tidy", "1.0.1", "2026-08-02");
    check(&world, "1.0.2", Some("1.0.0"));
    world.full_audit("google", "tidy", "1.0.1", "2026-08-02");
    check(&world, "1.0.2", Some("1.0.1"));
}

#[test]
fn a_second_audit_does_not_push_the_first_back() {
    let mut world = world();
    world.release("tidy", "1.0.0", "2026-06-01");
    world.release("tidy", "1.0.1", "2026-08-01");
    world.release("tidy", "1.0.2", "2026-08-03");
    world.full_audit("mozilla", "tidy", "1.0.1", "2026-08-02");
    check(&world, "1.0.2", Some("1.0.1"));
    world.full_audit("google", "tidy", "1.0.1", "2026-08-19");
    check(&world, "1.0.2", Some("1.0.1"));
}

#[test]
fn failing_an_admitted_one_it_is_one_older_than_the_ceiling() {
    let mut world = world();
    // A new crate: nothing of it is admitted before its tenure is over.
    world.release("tidy", "1.0.0", "2026-06-01T12:00:00Z");
    world.release("tidy", "1.0.1", "2026-07-01T11:59:59Z");
    world.release("tidy", "1.0.2", "2026-07-01T12:00:00Z");
    check(&world, "1.0.1", None);
    check(&world, "1.0.2", Some("1.0.0"));
}

#[test]
fn neither_yanked_releases_nor_pre_releases_are_bases() {
    let mut world = world();
    world.release("tidy", "1.0.0", "2020-01-01");
    world.release("tidy", "1.0.1", "2020-02-01").yanked();
    world.release("tidy", "1.1.0-rc.1", "2020-03-01");
    world.release("tidy", "1.1.0", "2026-08-01");
    check(&world, "1.1.0", Some("1.0.0"));
}

#[test]
fn a_yank_after_publication_takes_no_base_away() {
    let base = |yanked_at: &str| {
        let mut world = world();
        world.release("tidy", "1.0.0", "2020-01-01").needs("old", "^1");
        world.release("tidy", "1.0.1", "2020-02-01").needs("old", "^1").seen("2026-01-01", None);
        world.edit("tidy", "1.0.1").seen_yanked(yanked_at, None);
        world.release("tidy", "1.0.2", "2026-08-01").needs("old", "^1");
        world.decide("tidy", "1.0.2").base.expect("there is one").to_string()
    };
    assert_eq!(base("2026-08-01T11:59:59Z"), "1.0.0");
    assert_eq!(base("2026-08-02T00:00:00Z"), "1.0.1");
}

#[test]
fn what_was_yanked_before_its_wait_was_over_is_no_base_when_it_is_back() {
    let base = |yanked_at: &str| {
        let mut world = world();
        world.release("tidy", "1.0.0", "2020-01-01");
        world
            .release("tidy", "1.0.1", "2026-05-01")
            .seen("2026-05-01T12:10:00Z", None)
            .seen_yanked(yanked_at, Some("2026-07-01T00:00:00Z"));
        world.release("tidy", "1.0.2", "2026-08-01");
        world.decide("tidy", "1.0.2").base.expect("there is one").to_string()
    };
    assert_eq!(base("2026-05-02T00:00:00Z"), "1.0.0");
    assert_eq!(base("2026-05-20T00:00:00Z"), "1.0.1");
}

#[test]
fn what_was_hardly_ever_in_the_open_is_no_base() {
    let base = |back: &str| {
        let mut world = world();
        world.release("tidy", "1.0.0", "2026-01-01");
        let mut verb = world.release("tidy", "1.0.1", "2026-07-25").seen("2026-07-25T12:00:00Z", None);
        let day = |day: i64, at: &str| format!("2026-07-{}T{at}Z", 25 + day);
        verb = verb.seen_yanked(&day(0, "12:10:00"), Some(&day(0, back)));
        for n in 1..6 {
            verb = verb.seen_yanked_again(&day(n, "12:10:00"), Some(&day(n, back)));
        }
        drop(verb);
        world.release("tidy", "1.0.2", "2026-08-01T14:00:00Z");
        world.decide("tidy", "1.0.2").base.expect("there is one").to_string()
    };
    // Two hours were to spare.
    assert_eq!(base("12:30:00"), "1.0.1");
    assert_eq!(base("12:35:00"), "1.0.0");
    // More than a day in all is as one yank of more than a day.
    assert_eq!(base("20:00:00"), "1.0.0");
}

#[test]
fn what_any_admitted_release_needed_is_nothing_new() {
    let mut world = world();
    world.release("tidy", "1.0.0", "2020-01-01").needs("old", "^1");
    world.release("tidy", "1.0.1", "2020-02-01");
    world.release("tidy", "1.0.2", "2026-08-01").needs("old", "^1").needs("older", "^1");
    insta::assert_snapshot!(show(&world.decide("tidy", "1.0.2")), @"
    tidy 1.0.2 hold
      young [hold]: in the open for 19 days, 28 days are asked for
      dormant [double]: no release for 2373 days before 2026-08-01
      new-dependency [double]: new dependency older
      > wait until 2026-08-29T12:00:00Z
      > one audit by a trusted reviewer or set, from 2026-08-20T12:00:00Z on
      > an exception for young
    ");
}

#[test]
fn dependencies_for_tests_do_not_make_one_for_the_build_known() {
    let mut world = world();
    world.release("tidy", "1.0.0", "2020-01-01").depends("old", "^1", DependencyKind::Dev, false);
    world.release("tidy", "1.0.1", "2026-08-01").depends("old", "^1", DependencyKind::Build, false);
    assert!(world.decide("tidy", "1.0.1").has(Code::NewDependency));
}

#[test]
fn a_first_release_gains_nothing_and_one_whose_past_is_withdrawn_gains_everything() {
    let gains = |story: &dyn Fn(&mut World)| {
        let mut world = world();
        story(&mut world);
        world.release("tidy", "1.0.5", "2026-08-01").needs("old", "^1");
        world.decide("tidy", "1.0.5").has(Code::NewDependency)
    };
    assert!(!gains(&|_| ()));
    assert!(gains(&|world| drop(world.release("tidy", "1.0.0", "2020-01-01").yanked())));
    assert!(gains(&|world| drop(world.release("tidy", "1.0.0-rc.1", "2020-01-01"))));
    assert!(gains(&|world| world.vanished("tidy", "1.0.0", "2020-01-01", "2026-07-01", "2026-07-02")));
    // By time: one that is published later, below this one, makes nothing new; one above, before it, does.
    assert!(!gains(&|world| drop(world.release("tidy", "1.0.0", "2026-08-10"))));
    assert!(gains(&|world| drop(world.release("tidy", "2.0.0", "2020-01-01"))));
}

#[test]
fn a_base_stays_what_it_was() {
    let mut world = world();
    world.release("tidy", "1.0.0", "2020-01-01");
    world.release("tidy", "1.0.1", "2026-08-01");
    world.release("tidy", "1.0.2", "2026-08-02");
    for now in ["2026-08-03", "2026-08-20", "2030-01-01"] {
        check(&world.at_time(time(now)), "1.0.2", Some("1.0.0"));
    }
    assert_eq!(world.at_time(time("2030-01-01")).decide("tidy", "1.0.2").verdict, Verdict::Admit);
}

/// The publish time is a claim; that a release lies in the open later than others is what was seen.
#[test]
fn a_claimed_first_place_hides_no_dependency() {
    let mut world = world();
    world.release("tidy", "1.0.0", "2020-02-02").seen("2026-01-01T00:00:00Z", None);
    let late = world.release("tidy", "1.0.1", "2020-02-01").needs("fresh", "^1");
    let mut late = late
        .seen("2026-07-01T00:00:00Z", None)
        .seen_yanked("2026-07-01T00:00:00Z", Some("2026-07-01T20:00:00Z"));
    late.facts().sighting.as_deref_mut().unwrap().first_seen_yanked = true;
    let decision = world.decide("tidy", "1.0.1");
    assert!(decision.has(Code::YoungDependency), "{}", show(&decision));
    assert_eq!(decision.verdict, Verdict::Hold);
}

/// Two lists in turn, each new to the other, as an index made to be slow may have them. No lower release was ever
/// admitted, so all of a list stays new.
#[test]
fn lists_that_alternate_are_new_to_each_other() {
    let mut world = World::at("2026-08-20T12:00:00Z");
    let packages: Vec<&'static str> = (0..120).map(|n| &*format!("package-{n:03}").leak()).collect();
    let young = Birth::At(time("2026-08-19T00:00:00Z"));
    world.release("tidy", "0.9.0", "2015-01-01").yanked();
    for n in 0..300 {
        let at: &'static str = format!("1.{n}.0").leak();
        let published = (time("2026-06-20T00:00:00Z") + Span::minutes(n)).to_string();
        let mut release = world.release("tidy", at, &published);
        let half = if n % 2 == 0 { &packages[..60] } else { &packages[60..] };
        let needs = half.iter().map(|package| Dependency {
            package,
            requirement: "*",
            kind: DependencyKind::Normal,
            optional: true,
            birth: young,
        });
        release.facts().dependencies = needs.collect();
    }
    let decision = world.decide("tidy", "1.299.0");
    assert_eq!(decision.reasons.iter().filter(|reason| reason.code == Code::NewDependency).count(), 60);
}
