//! Adversaries on a small registry: what each does, what is said of it from moment to moment, and what comes of many runs.

use std::fmt::Write as _;
use std::num::NonZeroUsize;

use fence_model::exposure::observed::Takeover;
use fence_model::policy::{Policy, Wait};
use fence_model::{Level, Span, Time};
use fence_sim::attack::adversaries::WHOLE_QUORUM;
use fence_sim::attack::detection::{Detections, Heard, Like, takeovers};
use fence_sim::attack::play::play;
use fence_sim::attack::script::{Price, Script};
use fence_sim::attack::{Adversary, Question, Registry, Report, Stage, attack, report};
use fence_sim::backtest::{Named, Rule};
use fence_sim::incidents::Incident;
use fence_testkit::synthetic::{Shapes, Synthetic};

const CRATES: u32 = 300;
/// A crate with enough maintainers of dependents for a quorum.
const TARGET: u32 = 1;

fn registry() -> Registry {
    let as_of: Time = "2026-11-22T00:00:00Z".parse().expect("a moment");
    Registry::of(Synthetic::of(Shapes::few(), CRATES, as_of, 1), (60, 1), hands(2))
}

fn hands(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).expect("some")
}

fn question(adversaries: &[Adversary]) -> Question {
    Question { runs: 90, seed: 1, has_journal: true, adversaries: adversaries.into(), hands: hands(2) }
}

fn detections() -> Detections {
    Detections::of(&Incident::shipped())
}

fn with_base(days: i64) -> Named {
    let wait = Wait { base: Some(Span::days(days)), ..Wait::default() };
    Named::policy(format!("base {days} d"), Policy { wait, ..Policy::default() })
}

/// The variant that is admitted the soonest.
fn best<'s, 'a>(variants: &'s [Script<'a>], rule: &Rule) -> &'s Script<'a> {
    let stays =
        |script: &Script<'_>| play(script, rule, None).admitted.map(|at| at.max(script.open) - script.open);
    let key = |script: &&Script<'_>| (stays(script).is_none(), stays(script), script.price(script.open));
    variants.iter().min_by_key(key).expect("each adversary has a variant")
}

/// What happens in each script, and what is said of it, at each level and by a flat age.
fn timelines(adversary: Adversary) -> String {
    let registry = registry();
    let target = registry.target(TARGET, true);
    let mut text = String::new();
    let mut rules: Vec<Named> = Level::ALL.map(Named::fence).into();
    rules.push(Named::flat(7));
    for Named { name, rule } in rules {
        let level = if let Rule::Fence(policy) = &rule { policy.level } else { Level::Low };
        let wanted: Vec<_> =
            registry.to_be_made(&target, level).map(|count| (&target, count)).into_iter().collect();
        let made = registry.make(&wanted);
        let stage = Stage { level, made: Some(&made), ..Stage::of(&registry, &target) };
        let variants = adversary.variants(&stage);
        let script = best(&variants, &rule);
        // Approvals and audits are many of one kind.
        let mut events = play(script, &rule, Some(script.open + Span::days(40))).events;
        events.dedup_by(|(later, what), (at, before)| {
            let kind = |text: &str| text.split(' ').nth(1).map(str::to_owned);
            later == at && kind(what) == kind(before) && what.contains(" approves ")
        });
        let Price { identities, held_seconds, crates, .. } =
            script.price(play(script, &rule, None).admitted.unwrap_or(script.open));
        let _ = writeln!(
            text,
            "{name}: {}; {identities} identities, {} days in all, {crates} crates",
            script.variant,
            held_seconds / 86_400
        );
        events.iter().for_each(|(at, what)| {
            let _ = writeln!(text, "  {at}  {what}");
        });
    }
    text
}

macro_rules! timelines {
    ($($name:ident: $adversary:expr;)+) => {
        $(
            #[test]
            fn $name() {
                insta::assert_snapshot!(timelines($adversary));
            }
        )+
    };
}

timelines! {
    a_takeover_by_night: Adversary::Night;
    a_takeover_within_old_capabilities: Adversary::Quiet;
    a_takeover_as_a_fix: Adversary::AsFix;
    staging_by_clean_versions: Adversary::Staging;
    a_dependency_of_his_own: Adversary::AgedDependency;
    publish_yank_wait_unyank: Adversary::YankAndWait;
    a_yank_lure: Adversary::YankLure;
    dependents_bought_over_a_year: Adversary::Sybils;
    one_reviewer_bribed: Adversary::Reviewers(1);
    two_reviewers_bribed: Adversary::Reviewers(2);
    a_quorum_bribed: Adversary::Maintainers(WHOLE_QUORUM);
    a_patient_maintainer: Adversary::Patient;
    feeds_blocked: Adversary::BlockedFeeds;
    an_old_index: Adversary::OldIndex;
    an_old_view: Adversary::OldView;
    the_fence_stolen: Adversary::Fence;
    a_new_crate: Adversary::NewCrate;
}

fn attacked(rules: &[Named], question: &Question) -> Report {
    attack(&registry(), rules, &detections(), question)
}

/// How many runs of each adversary reached a build, for each rule.
fn reached(report: &Report) -> Vec<Vec<usize>> {
    report.rows.iter().map(|row| row.cells.iter().map(|cell| cell.reached).collect()).collect()
}

#[test]
fn the_report_of_a_small_registry() {
    let mut rules: Vec<Named> = Level::ALL.map(Named::fence).into();
    rules.push(Named::flat(7));
    let found = attacked(&rules, &question(&Adversary::ALL));
    insta::assert_snapshot!(report::human(&found));
}

#[test]
fn a_report_for_programs() {
    let found = attacked(&[Named::fence(Level::Medium)], &question(&[Adversary::Quiet]));
    insta::assert_snapshot!(report::json(&found));
}

#[test]
fn the_same_seed_gives_the_same_on_any_number_of_threads() {
    let rules: Vec<Named> = Level::ALL.map(Named::fence).into();
    let once = question(&[Adversary::Quiet, Adversary::Sybils, Adversary::Staging]);
    let found = attacked(&rules, &once);
    for count in [1, 3] {
        assert_eq!(attacked(&rules, &Question { hands: hands(count), ..once.clone() }), found);
    }
    let other = attacked(&rules, &Question { seed: 2, ..once });
    assert_ne!(reached(&other), reached(&found));
}

#[test]
fn more_who_are_bribed_never_make_it_less_likely() {
    let rules: Vec<Named> = Level::ALL.map(Named::fence).into();
    let bribed: [fn(usize) -> Adversary; 2] = [Adversary::Reviewers, Adversary::Maintainers];
    for of in bribed {
        let adversaries: Vec<Adversary> = (0..=4).map(of).collect();
        let rows = reached(&attacked(&rules, &question(&adversaries)));
        for pair in rows.windows(2) {
            assert!(pair[0].iter().zip(&pair[1]).all(|(fewer, more)| fewer <= more), "{rows:?}");
        }
        assert!(
            rows[0] != rows[4] || of(0) == Adversary::Maintainers(0),
            "somebody is worth bribing: {rows:?}"
        );
    }
}

/// What helps against one rule may hurt against another: whoever can go without does no worse than who has nothing else.
#[test]
fn a_weapon_that_is_in_the_way_is_not_used() {
    let mut rules: Vec<Named> = Level::ALL.map(Named::fence).into();
    rules.extend([1, 7].map(Named::flat));
    let armed = [
        Adversary::BlockedFeeds,
        Adversary::YankLure,
        Adversary::Reviewers(1),
        Adversary::Maintainers(WHOLE_QUORUM),
        Adversary::Sybils,
    ];
    let alone = reached(&attacked(&rules, &question(&[Adversary::Quiet])));
    for row in reached(&attacked(&rules, &question(&armed))) {
        assert!(row.iter().zip(&alone[0]).all(|(armed, alone)| armed >= alone), "{row:?}, {alone:?}");
    }
}

/// A crate of his own that was clean for long waits no longer than an upgrade does.
#[test]
fn a_crate_that_turned_is_no_new_one() {
    let rules = [Named::fence(Level::Medium)];
    let found = attacked(&rules, &question(&[Adversary::NewCrate]));
    let stays = found.rows[0].cells[0].stays_seconds.expect("it is admitted");
    assert!(stays <= Span::days(7).as_seconds(), "{stays}");
}

#[test]
fn who_is_bribed_signs_by_the_criteria_that_the_policy_asks_for() {
    let asking = |criteria: &str| {
        Named::policy(criteria.into(), Policy { criteria: criteria.into(), ..Policy::default() })
    };
    let rules = ["safe-to-deploy", "safe-to-run", "our-own"].map(asking);
    let found = attacked(&rules, &question(&[Adversary::Reviewers(2)]));
    assert_eq!(reached(&found), [[90, 90, 90]]);
}

/// There are two lists of takeovers, since the tool for projects has none of the data of this one; they say the same.
#[test]
fn exposure_counts_the_same_takeovers() {
    let line = |one: &Takeover| format!("{}\t{}\t{}\n", one.id, one.shortest, one.longest);
    let listed: String = fence_model::exposure::observed::takeovers().iter().map(line).collect();
    assert_eq!(listed, takeovers(&Incident::shipped()));
}

/// Where only advisories are heard, it is heard of when they came, which was later.
#[test]
fn advisories_come_after_the_removal() {
    let detections = detections();
    let takeovers = detections.like(Like::Takeover);
    let staying = |hours: i64, heard| takeovers.staying(Span::hours(hours), heard).high;
    assert!(staying(8, Heard::Advisory) > staying(8, Heard::Removal));
    assert!(staying(48, Heard::Advisory) == staying(48, Heard::Removal));
}

#[test]
fn a_longer_wait_never_makes_it_more_likely() {
    let fences: Vec<Named> = [0, 1, 3, 7, 14, 30].map(with_base).into();
    let flats: Vec<Named> = [1, 3, 7, 14, 30].map(Named::flat).into();
    for rules in [fences, flats] {
        let found = attacked(&rules, &question(&Adversary::ALL));
        for row in reached(&found) {
            assert!(row.windows(2).all(|pair| pair[0] >= pair[1]), "{row:?}");
        }
    }
}

#[test]
fn a_registry_of_any_size_has_crates_of_every_rank() {
    let as_of: Time = "2026-11-22T00:00:00Z".parse().expect("a moment");
    for crates in [10, 11, 99, 1_000] {
        let registry = Registry::of(Synthetic::of(Shapes::few(), crates, as_of, 1), (30, 1), hands(1));
        let found = attack(&registry, &[Named::flat(1)], &detections(), &question(&[Adversary::Quiet]));
        let by_rank = &found.rows[0].cells[0].by_rank;
        assert!(by_rank.len() == 3 && by_rank.values().all(|(runs, _)| *runs == 30), "{by_rank:?}");
    }
}
