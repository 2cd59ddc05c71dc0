//! What a registry shows: what is not admitted is refused, and a lure is undone.

use fence_model::facts::AdvisoryKind;
use fence_model::view::{Mark, Shown};
use fence_testkit::world::{World, time, version};

/// A thief yanks the good releases an hour after he published his own.
fn lure() -> World {
    let mut world = World::at("2026-08-20T14:00:00Z");
    for (at, published) in [("1.0.0", "2024-01-01"), ("1.0.1", "2025-01-01"), ("1.0.2", "2025-06-01")] {
        world
            .release("tidy", at, published)
            .seen("2026-06-01T00:00:00Z", None)
            .seen_yanked("2026-08-20T13:00:00Z", None);
    }
    world
        .release("tidy", "1.0.3", "2026-08-20T12:00:00Z")
        .seen("2026-08-20T12:10:00Z", Some("2026-08-20T12:00:00Z"));
    world
}

/// Leaves a release as it was, when others are yanked.
fn leave(world: &mut World, at: &str) {
    let mut verb = world.edit("tidy", at);
    let facts = verb.facts();
    facts.yanked = false;
    facts.sighting.as_deref_mut().expect("it was seen").yanks.clear();
}

fn mark(world: &World, at: &str) -> Mark {
    let shown: Vec<Shown> = world.view("tidy");
    shown.into_iter().find(|shown| shown.version == version(at)).expect("it is shown").mark
}

/// Expects the newest good release to be shown like this after something was changed.
fn check(what: &str, expected: Mark, change: impl FnOnce(&mut World)) {
    let mut world = lure();
    change(&mut world);
    assert_eq!(mark(&world, "1.0.2"), expected, "{what}");
}

#[test]
fn a_lure_is_undone_for_the_newest_good_release() {
    insta::assert_debug_snapshot!(
        lure().view("tidy").iter().map(|s| format!("{} {:?} {:?}", s.version, s.mark, s.bytes)).collect::<Vec<_>>(),
        @r#"
    [
        "1.0.0 AsUpstream Served",
        "1.0.1 AsUpstream Served",
        "1.0.2 UnYanked Served",
        "1.0.3 Yanked Refused",
    ]
    "#
    );
}

#[test]
fn every_condition_is_needed() {
    check("as it is", Mark::UnYanked, |_| ());
    check("it was admitted, but not for the ceiling", Mark::AsUpstream, |world| {
        let published = "2026-07-20T00:00:00Z";
        world.edit("tidy", "1.0.2").facts().published = Some(time(published));
        world.edit("tidy", "1.0.2").seen(published, None).seen_yanked("2026-08-20T13:00:00Z", None);
    });
    check("it is not the newest admitted one", Mark::AsUpstream, |world| {
        world.release("tidy", "1.0.2+again", "2026-01-01").seen("2026-06-01T00:00:00Z", None);
    });
    let first_contact = |world: &mut World, yanked: bool| {
        world.baseline("tidy", "1.0.2", "2026-06-01");
        let contact = "2026-08-20T13:00:00Z";
        let mut verb = world.edit("tidy", "1.0.2").seen(contact, None).seen_yanked(contact, None);
        verb.facts().sighting.as_deref_mut().expect("it was seen").first_seen_yanked = yanked;
    };
    check("the journal began while it was yanked", Mark::AsUpstream, |world| first_contact(world, true));
    check("the journal began just before", Mark::UnYanked, |world| first_contact(world, false));
    check("the others were yanked days apart", Mark::AsUpstream, |world| {
        for at in ["1.0.0", "1.0.1"] {
            world.edit("tidy", at).seen_yanked("2026-08-22T00:00:00Z", None);
        }
        world.now = time("2026-08-22T14:00:00Z");
        world.feeds.iter_mut().for_each(|feed| feed.as_of = Some(world.now));
    });
    check("one more was left, and just one was yanked with it", Mark::AsUpstream, |world| {
        leave(world, "1.0.0");
        leave(world, "1.0.1");
    });
    check("there is nothing to be lured to", Mark::AsUpstream, |world| {
        world.krate("tidy").releases.pop();
    });
    check("what it lures to is yanked too", Mark::AsUpstream, |world| {
        world.edit("tidy", "1.0.3").yanked();
    });
    check("what it lures to is admitted", Mark::AsUpstream, |world| {
        world.full_audit("mozilla", "tidy", "1.0.3", "2026-08-20T13:00:00Z");
        world.full_audit("google", "tidy", "1.0.3", "2026-08-20T13:00:00Z");
    });
    check("what it lures to is of another class", Mark::AsUpstream, |world| {
        world.krate("tidy").releases.pop();
        world.release("tidy", "2.0.0", "2026-08-20T12:00:00Z");
    });
    check("an advisory affects it", Mark::AsUpstream, |world| {
        world.advisory("RUSTSEC-2026-0001", "tidy", AdvisoryKind::Vulnerability, "2026-08-01", Some("1.0.3"));
    });
    check("an advisory affected it and was withdrawn", Mark::UnYanked, |world| {
        world.advisory("RUSTSEC-2026-0001", "tidy", AdvisoryKind::Vulnerability, "2026-08-01", Some("1.0.3"));
        world.krate("tidy").advisories[0].withdrawn = Some(time("2026-08-02"));
    });
    check("older ones were withdrawn long before", Mark::UnYanked, |world| {
        world.edit("tidy", "1.0.0").seen_yanked("2026-06-10T00:00:00Z", None);
    });
    check("a pre-release of before is left", Mark::UnYanked, |world| {
        world.release("tidy", "1.0.3-rc.1", "2025-09-01").seen("2026-06-01T00:00:00Z", None);
    });
    check("what it lures to is a pre-release, which nobody is lured to", Mark::AsUpstream, |world| {
        world.krate("tidy").releases.pop();
        world.release("tidy", "1.0.3-rc.1", "2026-08-20T12:00:00Z");
    });
    check("older ones are left", Mark::UnYanked, |world| {
        world.release("tidy", "0.9.0", "2015-01-01");
        leave(world, "1.0.0");
    });
}

#[test]
fn it_ends_after_a_fortnight() {
    assert_eq!(mark(&lure().later("2026-09-03T13:00:00Z"), "1.0.2"), Mark::UnYanked);
    assert_eq!(mark(&lure().later("2026-09-03T13:00:01Z"), "1.0.2"), Mark::AsUpstream);
}

#[test]
fn a_successor_may_follow_within_a_week() {
    let with_successor = |at: &str| {
        let mut world = lure().later("2026-08-28T14:00:00Z");
        world.krate("tidy").releases.pop();
        world.release("tidy", "1.0.3", at);
        mark(&world, "1.0.2")
    };
    assert_eq!(with_successor("2026-08-27T13:00:00Z"), Mark::UnYanked);
    assert_eq!(with_successor("2026-08-27T13:00:01Z"), Mark::AsUpstream);
}
