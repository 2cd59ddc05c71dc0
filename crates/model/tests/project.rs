//! A whole project: what is held through its dependencies, what waits beside it, what would fix it.

use std::num::NonZeroUsize;

use fence_model::decision::Verdict::{Admit, Hold};
use fence_model::facts::{AdvisoryKind, Birth, CrateFacts};
use fence_model::judge::Treatment;
use fence_model::policy::{PublishTimes, RegistryTreatment, TrustedRegistry};
use fence_model::project::{Judged, Origin, Reach, Report, judge_project, settlement, treatment_by_crate};
use fence_model::settle::{FactsOf, Known};
use fence_model::{Code, CrateName, Level, Time, Verdict};
use fence_testkit::world::{World, digest, name, version};

/// When a package was born of which nobody asks.
const OLD: Birth = Birth::At(Time::from_unix(1_420_070_400));

/// Crates a to e, each needing just the release of the next that was published with it; the last is of yesterday.
fn chain() -> World {
    let mut world = World::at("2026-08-20T12:00:00Z");
    let crates = ["a", "b", "c", "d", "e"];
    for (place, of) in crates.into_iter().enumerate() {
        let published = if of == "e" { "2026-08-19" } else { "2026-08-01" };
        for (at, published) in [("1.0.0", "2026-01-01"), ("1.0.1", published)] {
            let release = world.release(of, at, published);
            if let Some(next) = crates.get(place + 1) {
                release.needs(next, if at == "1.0.0" { "=1.0.0" } else { "=1.0.1" });
            }
        }
    }
    world
}

/// Locks release `at` of the crates, each depending on the one before it in this list.
fn lock(world: &mut World, crates: &[(&str, &str)]) {
    let mut below: Option<usize> = None;
    for (of, at) in crates {
        below = Some(world.lock(of, at, below.as_slice()));
    }
}

fn verdicts(report: &Report) -> Vec<(String, Verdict)> {
    let mut verdicts: Vec<(String, Verdict)> =
        report.decisions().map(|decision| (decision.release.to_string(), decision.verdict)).collect();
    verdicts.sort();
    verdicts
}

#[test]
fn what_needs_something_held_is_held_through_all_layers() {
    let mut world = chain();
    lock(&mut world, &[("e", "1.0.1"), ("d", "1.0.1"), ("c", "1.0.1"), ("b", "1.0.1"), ("a", "1.0.1")]);
    let report = world.report();
    assert!(report.decisions().all(|decision| decision.verdict == Hold));
    let needs_held = report.decisions().filter(|decision| decision.has(Code::NeedsHeld)).count();
    assert_eq!(needs_held, 4);
    // An exception for the one at the bottom admits all.
    world.except("e", "1.0.1", &[Code::Young], world.now);
    assert!(world.report().decisions().all(|decision| decision.verdict == Admit));
}

#[test]
fn the_number_of_hands_does_not_show() {
    let mut world = World::at("2026-08-20T12:00:00Z");
    for number in 0..150 {
        let of: &'static str = format!("crate-{number:03}").leak();
        world.release(of, "1.0.0", "2020-01-01");
        let published = if number % 7 == 0 { "2026-08-18" } else { "2026-05-01" };
        let release = world.release(of, "1.0.1", published);
        if number > 0 {
            release.needs(format!("crate-{:03}", number - 1).leak(), "^1.0.1");
        }
        world.release(of, "1.0.2", "2026-08-19");
        let below = (number > 0).then(|| number - 1);
        world.lock(of, if number % 11 == 0 { "1.0.0" } else { "1.0.1" }, below.as_slice());
    }
    let told = |hands| format!("{:?}", world.report_by(NonZeroUsize::new(hands).unwrap()));
    let alone = told(1);
    assert!(alone.contains("NeedsHeld") && alone.contains("Admit"));
    for hands in [2, 3, 4, 64] {
        assert_eq!(told(hands), alone, "{hands} hands");
    }
}

#[test]
fn the_order_of_a_lockfile_does_not_show() {
    let mut world = chain();
    lock(&mut world, &[("e", "1.0.1"), ("d", "1.0.1"), ("c", "1.0.1"), ("b", "1.0.1"), ("a", "1.0.1")]);
    let expected = verdicts(&world.report());
    let last = world.locked.len() - 1;
    let mut reversed = world.clone();
    reversed.locked.reverse();
    for package in &mut reversed.locked {
        package.dependencies.iter_mut().for_each(|dependency| *dependency = last - *dependency);
    }
    assert_eq!(verdicts(&reversed.report()), expected);
}

#[test]
fn a_requirement_that_another_admitted_release_meets_holds_nobody() {
    let mut world = chain();
    world.edit("d", "1.0.1").facts().dependencies = [].into();
    world.edit("d", "1.0.1").needs("e", "^1");
    lock(&mut world, &[("e", "1.0.1"), ("d", "1.0.1")]);
    let expected = [("d 1.0.1".to_owned(), Admit), ("e 1.0.1".to_owned(), Hold)];
    assert_eq!(verdicts(&world.report()), expected);
}

/// A folder of one's own and a registry's release may have one name and version.
#[test]
fn what_the_project_brings_meets_requirements_beside_a_held_namesake() {
    let mut world = World::at("2026-08-20T12:00:00Z");
    world.release("e", "1.0.0", "2026-08-19");
    world.release("f", "1.0.0", "2015-01-01");
    world.release("f", "1.0.1", "2026-08-19");
    world.release("d", "1.0.0", "2020-01-01").needs("e", "^1").of_birth(OLD).needs("f", "^1");
    world.lock("e", "1.0.0", &[]);
    world.lock("f", "1.0.1", &[]);
    world.lock("d", "1.0.0", &[0, 1]);
    let own = {
        let mut world = world.clone();
        world.lock_from("e", "1.0.0", Origin::Path);
        world.locked.remove(3)
    };
    for place in [0, world.locked.len()] {
        let mut world = world.clone();
        world.locked.insert(place, own.clone());
        if place == 0 {
            world.locked[3].dependencies = vec![1, 2];
        }
        let report = world.report();
        let of_d = report.decisions().find(|decision| decision.release.name == name("d")).unwrap();
        assert_eq!(of_d.verdict, Admit, "own package at {place}");
    }
}

#[test]
fn what_the_project_brings_itself_meets_requirements() {
    let mut world = chain();
    // Its own copy of e in place of the registry's, and beside it something that is held.
    world.release("f", "1.0.0", "2015-01-01");
    world.release("f", "1.0.1", "2026-08-19");
    world.edit("d", "1.0.1").needs("f", "^1");
    world.edit("d", "1.0.0").needs("f", "^1");
    world.lock_from("e", "1.0.1", Origin::Path);
    world.lock("f", "1.0.1", &[]);
    world.lock("d", "1.0.1", &[0, 1]);
    let expected = [("d 1.0.1".to_owned(), Admit), ("f 1.0.1".to_owned(), Hold)];
    assert_eq!(verdicts(&world.report()), expected);
}

#[test]
fn circles_end() {
    let mut world = World::at("2026-08-20T12:00:00Z");
    world.release("out", "1.0.0", "2015-01-01");
    world.release("out", "2.0.0", "2026-08-19");
    for release in ["1.0.0", "1.0.1", "1.0.2", "1.0.3", "1.0.4", "1.0.5", "1.0.6", "1.0.7"] {
        world.release("ring", release, "2026-01-01").needs("gem", "^1");
        world.release("gem", release, "2026-01-01").needs("ring", "^1");
    }
    // Nothing in the circle is admitted before anything else in it is.
    assert_eq!(world.decide("ring", "1.0.7").verdict, Hold);
    // One release that stands on its own admits all of it, whoever is asked first.
    world.release("gem", "1.0.8", "2026-01-01").needs("out", "^1");
    assert_eq!(world.decide("ring", "1.0.7").verdict, Admit);
    assert_eq!(world.decide("gem", "1.0.0").verdict, Admit);
    let (ring, gem) = (name("ring"), name("gem"));
    let (first, last) = (version("1.0.0"), version("1.0.8"));
    for order in
        [[(&gem, &first), (&ring, &first), (&gem, &last)], [(&gem, &last), (&ring, &first), (&gem, &first)]]
    {
        assert!(world.decide_all(order).iter().all(|decision| decision.verdict == Admit));
    }
}

#[test]
fn a_deep_chain_is_followed_and_a_bottomless_one_is_held() {
    let deep = |length: usize| {
        let mut world = World::at("2026-08-20T12:00:00Z");
        for place in 0..length {
            let of: &'static str = format!("link{place}").leak();
            let next: &'static str = format!("link{}", place + 1).leak();
            let release = world.release(of, "1.0.0", "2026-01-01");
            if place + 1 < length {
                release.needs(next, "^1");
            }
        }
        world.decide("link0", "1.0.0").verdict
    };
    assert_eq!(deep(100), Admit);
    assert_eq!(deep(2_000), Hold);
}

#[test]
fn the_newest_compatible_release_waits() {
    let mut world = World::at("2026-08-20T12:00:00Z");
    for (at, published) in [
        ("1.0.0", "2026-01-01"),
        ("1.0.1", "2026-08-01"),
        ("1.0.2", "2026-08-18"),
        ("1.1.0", "2026-08-19"),
        ("1.2.0-rc.1", "2026-08-19"),
        ("2.0.0", "2026-08-19"),
    ] {
        world.release("tidy", at, published);
    }
    world.lock("tidy", "1.0.0", &[]);
    let waiting = |world: &World| -> Vec<String> {
        world
            .report()
            .waiting
            .iter()
            .map(|w| format!("{} > {}", w.in_use, w.decision.release.version))
            .collect()
    };
    assert_eq!(waiting(&world), ["1.0.0 > 1.1.0"]);
    // What cargo would not choose does not wait.
    world.edit("tidy", "1.1.0").yanked();
    assert_eq!(waiting(&world), ["1.0.0 > 1.0.2"]);
    // Two releases in use: each class has its own.
    world.lock("tidy", "2.0.0", &[]);
    world.release("tidy", "2.0.1", "2026-08-19");
    assert_eq!(waiting(&world), ["1.0.0 > 1.0.2", "2.0.0 > 2.0.1"]);
    // Later nothing waits.
    assert_eq!(waiting(&world.later("2026-12-01T00:00:00Z")), [""; 0]);
}

#[test]
fn the_lowest_admitted_release_without_the_vulnerability_is_the_fix() {
    let mut world = World::at("2026-08-20T12:00:00Z");
    for (at, published) in [
        ("1.0.0", "2026-01-01"),
        ("1.0.1", "2026-02-01"),
        ("1.0.2", "2026-08-01"),
        ("1.0.3", "2026-08-02"),
        ("2.0.0", "2026-03-01"),
    ] {
        world.release("tidy", at, published);
    }
    world.lock("tidy", "1.0.0", &[]);
    let fixes = |world: &World| -> Vec<String> {
        let told = |fix: &fence_model::project::AdmittedFix| {
            format!("{} > {} {:?} {}", fix.in_use, fix.fix, fix.reach, fix.advisories.join(" "))
        };
        world.report().fixes.iter().map(told).collect()
    };
    assert_eq!(fixes(&world), [""; 0]);
    world.advisory("RUSTSEC-2026-0001", "tidy", AdvisoryKind::Vulnerability, "2026-08-01", Some("1.0.2"));
    assert_eq!(fixes(&world), ["tidy 1.0.0 > 1.0.2 Compatible RUSTSEC-2026-0001"]);
    // One that is held fixes nothing yet.
    world.edit("tidy", "1.0.2").facts().published = None;
    assert_eq!(fixes(&world), ["tidy 1.0.0 > 1.0.3 Compatible RUSTSEC-2026-0001"]);
    // A second vulnerability, in all of the class.
    world.advisory("RUSTSEC-2026-0002", "tidy", AdvisoryKind::Vulnerability, "2026-08-01", Some("2.0.0"));
    assert_eq!(fixes(&world), ["tidy 1.0.0 > 2.0.0 Breaking RUSTSEC-2026-0001 RUSTSEC-2026-0002"]);
    assert_eq!(world.report().fixes[0].reach, Reach::Breaking);
    // What is unsound only is no vulnerability.
    world.krate("tidy").advisories.iter_mut().for_each(|advisory| advisory.kind = AdvisoryKind::Unsound);
    assert_eq!(fixes(&world), [""; 0]);
}

#[test]
fn a_held_fix_says_so() {
    let mut world = World::at("2026-08-20T12:00:00Z");
    world.release("tidy", "1.0.0", "2026-01-01");
    world.release("tidy", "1.0.1", "2026-08-20T06:00:00Z");
    world.lock("tidy", "1.0.0", &[]);
    world.advisory(
        "RUSTSEC-2026-0001",
        "tidy",
        AdvisoryKind::Vulnerability,
        "2026-08-20T00:00:00Z",
        Some("1.0.1"),
    );
    let report = world.report();
    insta::assert_snapshot!(fence_testkit::world::show(&report.waiting[0].decision), @"
    tidy 1.0.1 hold
      young [hold]: in the open for 6 hours, 1 day is asked for
      held-fix [note]: 1.0.0, in use, is vulnerable (RUSTSEC-2026-0001), and this release is not
      fixes-advisory [favour]: RUSTSEC-2026-0001: a title (fixed in 1.0.1)
      > wait until 2026-08-21T06:00:00Z
      > one audit by a trusted reviewer or set, from 2026-08-20T12:00:00Z on
      > an exception for young
    ");
}

/// A project with one's own crate, and perhaps the same name from elsewhere.
fn own_and_stranger(stranger: Option<Origin>) -> World {
    let own = "sparse+https://own.example/index/";
    let mut world = World::at("2026-08-20T12:00:00Z");
    world.policy.registries.push(TrustedRegistry {
        index: own.to_owned(),
        treat: RegistryTreatment::FirstParty,
        publish_times: PublishTimes::Untrusted,
    });
    world.release("ours", "1.0.0", "2026-08-19");
    world.release("ours", "99.0.0", "2026-08-19");
    world.lock_from("ours", "1.0.0", Origin::Registry(own.to_owned(), Some(digest("ours 1.0.0"))));
    if let Some(stranger) = stranger {
        world.lock_from("ours", "99.0.0", stranger);
    }
    world
}

#[test]
fn a_stranger_with_the_name_of_ones_own_crate_is_not_oneself() {
    let world = own_and_stranger(None);
    assert_eq!(verdicts(&world.report()), [("ours 1.0.0".to_owned(), Admit)]);
    let public = || Origin::CratesIo(Some(digest("ours 99.0.0")));
    let foreign =
        || Origin::Registry("sparse+https://other.example/".to_owned(), Some(digest("ours 99.0.0")));
    for (stranger, expected) in [(public(), None), (foreign(), Some(Code::ForeignRegistry))] {
        let world = own_and_stranger(Some(stranger));
        let report = world.report();
        let found = report.decisions().find(|decision| decision.release.version == version("99.0.0"));
        let found = found.expect("it is locked");
        assert_eq!(found.verdict, Hold);
        assert!(!found.has(Code::FirstParty));
        assert!(expected.is_none_or(|code| found.has(code)));
    }
    let world = own_and_stranger(None);
    let treatment = treatment_by_crate(world.asked(), &world.locked);
    assert!(matches!(treatment.get(&name("ours")), Some(Treatment::FirstParty(_))));
}

#[test]
fn own_folders_are_not_judged() {
    let mut world = World::at("2026-08-20T12:00:00Z");
    world.lock_from("app", "0.1.0", Origin::Path);
    assert!(matches!(world.report().packages[..], [Judged::Own]));
}

/// Two crates that are held at medium, since they are a week young, and not at low.
fn two_young() -> World {
    let mut world = World::at("2026-08-20T12:00:00Z");
    for of in ["a", "b"] {
        world.release(of, "1.0.0", "2026-01-01");
        world.release(of, "1.0.1", "2026-08-16");
        world.lock(of, "1.0.1", &[]);
    }
    world
}

#[test]
fn each_package_is_judged_at_its_own_level() {
    let mut world = two_young();
    world.policy.wait.base = None;
    let mut world = world.level(Level::High);
    assert_eq!(verdicts(&world.report()), [("a 1.0.1".to_owned(), Hold), ("b 1.0.1".to_owned(), Hold)]);
    world.locked[1].level = Some(Level::Low);
    let report = world.report();
    assert_eq!(verdicts(&report), [("a 1.0.1".to_owned(), Hold), ("b 1.0.1".to_owned(), Admit)]);
    let levels: Vec<Level> = report.decisions().map(|decision| decision.level).collect();
    assert_eq!(levels, [Level::High, Level::Low]);
    // Another release of b in use at the stricter level makes all of b stricter.
    world.release("b", "0.9.0", "2019-01-01");
    world.lock("b", "0.9.0", &[]);
    let expected = [("a 1.0.1", Hold), ("b 0.9.0", Hold), ("b 1.0.1", Hold)].map(|(r, v)| (r.to_owned(), v));
    assert_eq!(verdicts(&world.report()), expected);
}

#[test]
fn what_nobody_asked_for_is_set_aside_and_still_judged_where_others_rest_on_it() {
    let mut world = two_young();
    world.locked[1].level = None;
    let report = world.report();
    assert!(matches!(report.packages[..], [Judged::Decided(_), Judged::Aside]));
    assert_eq!(report.waiting.len(), 0);
    // What needs it is held for it, as long as no older release meets the requirement.
    world.release("c", "1.0.0", "2020-01-01").needs("b", "^1.0.1").of_birth(OLD);
    world.lock("c", "1.0.0", &[1]);
    let of_c = world.decide("c", "1.0.0");
    assert!(of_c.has(Code::NeedsHeld));
    // A source that cannot be judged is set aside as well; a folder of one's own stays what it is.
    let git = Origin::Git { url: "https://git.example/x".into(), revision: "a".repeat(40) };
    for origin in [git, Origin::Path] {
        let at = world.lock_from("x", "1.0.0", origin);
        world.locked[at].level = None;
    }
    assert!(matches!(world.report().packages[3..], [Judged::Aside, Judged::Own]));
}

/// The facts of a world's locked crates: nobody asked for the others.
struct OfLocked<'w>(&'w World);

impl FactsOf for OfLocked<'_> {
    fn facts_of(&self, name: &CrateName) -> CrateFacts<'_> {
        self.0.facts_of(name)
    }

    fn known(&self, name: &CrateName) -> Known {
        if self.0.in_use.contains_key(name) { self.0.known(name) } else { Known::NotAskedFor }
    }

    fn may_be_advised(&self, name: &CrateName) -> bool {
        self.0.may_be_advised(name)
    }
}

/// Expected: `a` needs `b`, of which the locked release is too young; the one before it would do. What that needs is in
/// no lockfile, and is no reason to hold `a`: a fence, which asks for it, hands `a` out.
#[test]
fn what_nobody_asked_for_is_no_reason_to_hold() {
    let mut world = World::at("2026-08-20T12:00:00Z");
    world.release("a", "1.0.0", "2020-01-01").needs("b", "^1");
    world.release("b", "1.0.0", "2020-01-01").needs("was-needed", "^1").of_birth(OLD);
    world.release("b", "1.0.1", "2026-08-19");
    world.release("was-needed", "1.0.0", "2020-01-01");
    lock(&mut world, &[("b", "1.0.1"), ("a", "1.0.0")]);
    let expected = [("a 1.0.0", Admit), ("b 1.0.1", Hold)].map(|(r, v)| (r.to_owned(), v));
    assert_eq!(verdicts(&world.report()), expected);
    let facts = OfLocked(&world);
    let report =
        judge_project(&settlement(world.asked(), &world.locked, &facts), &world.locked, NonZeroUsize::MIN);
    assert_eq!(verdicts(&report), expected);
}
