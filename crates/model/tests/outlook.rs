//! What a replay asks of the judgement: the same verdict as a decision, and the next moment at which it may change; at other
//! moments, and with effects that no level has.

use std::collections::BTreeMap;

use fence_model::code::Effect;
use fence_model::settle::{InUseByCrate, Settlement};
use fence_model::{Code, Level, Time, Verdict};
use fence_testkit::world::{World, name, time, version};

/// A young crate, one that was silent and brings it in, and one of which nothing is to be said.
fn world() -> World {
    let mut world = World::at("2026-01-10T00:00:00Z");
    for (at, day) in [("1.0.0", "2022-01-01"), ("1.1.0", "2022-03-01")] {
        world.release("silent", at, day);
        world.release("calm", at, day);
    }
    world.release("calm", "1.1.1", "2025-06-01");
    world.release("fresh", "0.1.0", "2025-12-20");
    world.release("silent", "1.2.0", "2026-01-09").needs("fresh", "^0.1");
    world.release("calm", "1.2.0", "2026-01-01");
    world.release("calm", "1.3.0", "2026-01-09");
    world
}

/// The moments through which one judge is moved until it admits; as one alone decides at each of them.
fn walk(world: &World, of: &str, at: &str) -> Vec<(Time, Verdict)> {
    let mut world = world.clone();
    world.feeds.iter_mut().for_each(|feed| feed.as_of = Some(Time::LATEST));
    let settlement = |world: &World| {
        let settlement: Settlement<'_> =
            Settlement::new(world.asked(), world, InUseByCrate::new(), BTreeMap::new());
        settlement.outlook(&settlement.judge(&name(of)), &version(at))
    };
    let asked = Settlement::new(world.asked(), &world, InUseByCrate::new(), BTreeMap::new());
    let mut judge = asked.judge(&name(of));
    let mut now = world.now;
    let mut moments = Vec::new();
    loop {
        judge = judge.at(now);
        let outlook = asked.outlook(&judge, &version(at));
        let mut then = world.clone();
        then.now = now;
        assert_eq!(outlook, settlement(&then), "{of} {at} at {now}");
        let decided = asked.decide_alone(&judge, &version(at));
        assert_eq!(outlook.verdict, decided.verdict, "{of} {at} at {now}");
        moments.push((now, outlook.verdict));
        match outlook.changes {
            Some(next) => now = next,
            None => return moments,
        }
    }
}

#[test]
fn a_judge_that_is_moved_says_what_one_says_that_was_made_then() {
    let admitted = |of: &str, at: &str| {
        let (now, verdict) = walk(&world(), of, at).pop().expect("a moment");
        assert_eq!(verdict, Verdict::Admit, "{of} {at}");
        now
    };
    // Seven days after noon of the day on which it was published.
    assert_eq!(admitted("calm", "1.2.0"), time("2026-01-10T00:00:00Z"));
    assert_eq!(admitted("calm", "1.3.0"), time("2026-01-16T12:00:00Z"));
    // When its dependency is 90 days old.
    assert_eq!(admitted("silent", "1.2.0"), time("2026-03-20T12:00:00Z"));
    assert_eq!(admitted("fresh", "0.1.0"), time("2026-03-20T12:00:00Z"));
}

#[test]
fn a_way_that_only_waits_is_where_the_walk_ends() {
    for level in [Level::Low, Level::Medium] {
        let world = world().level(level);
        for (of, at) in [("calm", "1.3.0"), ("silent", "1.2.0"), ("fresh", "0.1.0")] {
            let walked = walk(&world, of, at).pop().map(|(now, _)| now);
            let asked = Settlement::new(world.asked(), &world, InUseByCrate::new(), BTreeMap::new());
            let decision = asked.decide_alone(&asked.judge(&name(of)), &version(at));
            let way = decision.clears.iter().find(|way| way.is_wait()).map(|way| way.earliest);
            assert_eq!(way, walked, "{of} {at} at {level}");
        }
    }
}

#[test]
fn a_supposed_effect_stands_in_place_of_the_levels() {
    let mut world = world();
    assert_eq!(world.policy.effect(Code::YoungDependency, Level::Medium), Effect::Review);
    world.policy.codes.insert(Code::YoungDependency, Effect::Review);
    world.policy.supposed.insert(Code::YoungDependency, Effect::Note);
    assert_eq!(world.policy.effect(Code::YoungDependency, Level::Medium), Effect::Note);
    // Doubled for the silence and for the dependency: 28 days.
    let walked = walk(&world, "silent", "1.2.0").pop().map(|(now, _)| now);
    assert_eq!(walked, Some(time("2026-02-06T12:00:00Z")));
    world.policy.supposed.insert(Code::Dormant, Effect::Review);
    let walked = walk(&world, "silent", "1.2.0").pop();
    assert_eq!(walked.map(|(_, verdict)| verdict), Some(Verdict::Hold));
    // No file can say so.
    let written = serde_json::to_string(&world.policy).expect("JSON");
    assert!(!written.contains("supposed"), "{written}");
}
