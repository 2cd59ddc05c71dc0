//! People in the judgement: who publishes, who is involved, who approves, objects and revokes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use fence_model::decision::{Grounds, Need};
use fence_model::facts::{Account, AdvisoryKind, Bound, Identity, Publisher, Range, Reader};
use fence_model::quorum::Quorum;
use fence_model::words::quorum::support_sentence;
use fence_model::{Code, Effect, Level, Span, Verdict};
use fence_testkit::people::{maintainer, maintainers, member, person};
use fence_testkit::world::{World, digest, name, show, time, version};

const OF: &str = "tidy";
const AT: &str = "1.1.0";
const NOW: &str = "2026-08-20T12:00:00Z";

/// A crate with a history of one account, and a release by another; its owner and those who maintain what depends on it
/// are known.
fn taken_over() -> World {
    let mut world = World::at(NOW);
    for (at, published) in [("1.0.0", "2024-09-01"), ("1.0.1", "2025-06-01"), ("1.0.2", "2026-03-01")] {
        world.release(OF, at, published).by_user(1);
    }
    world.release("tidy", AT, "2026-08-17").by_user(2).heard_by(maintainers(12));
    world.krate(OF).publishers_told = true;
    world.owner(OF, Account::User(1), "2023-01-01");
    world
}

/// The same release by the account that always published.
fn as_ever() -> World {
    let mut world = taken_over();
    world.edit(OF, AT).by_user(1);
    world
}

fn told(world: &World) -> String {
    let decision = world.decide(OF, AT);
    let support = decision
        .quorum
        .as_ref()
        .map_or_else(String::new, |support| format!("\n  quorum: {}", support_sentence(support)));
    show(&decision) + &support
}

mod publishers {
    use super::*;

    fn is_new(world: &World, at: &str) -> bool {
        world.decide(OF, at).has(Code::NewPublisher)
    }

    #[test]
    fn an_account_is_new_for_90_days_after_its_first_release() {
        let world = taken_over();
        insta::assert_snapshot!(told(&world));
        let first = time("2026-08-17T12:00:00Z");
        let days = |days| world.at_time(first + Span::days(days));
        assert_eq!(days(89).decide(OF, AT).verdict, Verdict::Hold);
        assert_eq!(days(90).decide(OF, AT).verdict, Verdict::Admit);
        assert!(!is_new(&as_ever(), AT));
    }

    #[test]
    fn later_releases_of_an_account_that_is_new_are_its_too() {
        let mut world = taken_over();
        world.release(OF, "1.1.1", "2026-08-19").by_user(2);
        assert!(is_new(&world, "1.1.1"));
        let mut settled = taken_over();
        settled.release(OF, "0.9.0", "2026-05-01").by_user(2);
        assert!(!is_new(&settled, AT));
    }

    #[test]
    fn an_untold_publisher_may_be_anybody_unless_all_are_told() {
        let mut world = taken_over();
        world.edit(OF, "1.0.1").facts().publisher = None;
        assert!(is_new(&world, AT));
        world.krate(OF).publishers_told = false;
        let decision = world.decide(OF, AT);
        assert!(!decision.has(Code::NewPublisher));
        assert!(decision.attained.unknown.iter().any(|unknown| unknown.as_str() == "publishers"));
        // Whoever published just now does not become known by it.
        world.edit(OF, "1.0.1").facts().published = Some(time("2026-08-01T12:00:00Z"));
        assert!(is_new(&world, AT));
    }

    #[test]
    fn who_made_the_crate_is_not_new_on_it() {
        let mut world = World::at(NOW);
        world.release(OF, "1.0.0", "2026-07-01").by_user(1);
        world.release(OF, "1.0.1", "2026-08-01").by_user(1);
        world.krate(OF).publishers_told = true;
        assert!(!is_new(&world, "1.0.0") && !is_new(&world, "1.0.1"));
        // Nobody knows of those that vanished who published them.
        world.vanished(OF, "0.9.0", "2024-01-01", "2026-01-01T12:00:00Z", "2026-01-01T13:00:00Z");
        assert!(is_new(&world, "1.0.1"));
    }

    #[test]
    fn hands_are_new_where_ci_published_and_ci_where_hands_did() {
        let mut world = as_ever();
        world.edit(OF, AT).by_ci("github:tidy/tidy");
        insta::assert_snapshot!(told(&world));
        let mut by_hand = as_ever();
        for at in ["1.0.1", "1.0.2"] {
            by_hand.edit(OF, at).by_ci("github:tidy/tidy");
        }
        insta::assert_snapshot!(told(&by_hand));
        // By hand again, after CI had begun: the account goes on doing both.
        by_hand.edit(OF, "1.0.2").by_user(1);
        assert!(!is_new(&by_hand, AT));
    }

    #[test]
    fn the_ci_of_another_repository_is_new_and_of_an_unknown_one_may_be_the_old() {
        let by = |repository| {
            let mut world = as_ever();
            for at in ["1.0.1", "1.0.2"] {
                world.edit(OF, at).by_ci("github:tidy/tidy");
            }
            world.edit(OF, AT).by_ci(repository);
            world
        };
        assert!(!is_new(&by("github:tidy/tidy"), AT));
        assert!(is_new(&by("github:thief/tidy"), AT));
        assert!(!is_new(&by(""), AT));
    }

    #[test]
    fn three_admitted_releases_over_90_days_are_a_history() {
        let world = as_ever();
        assert_eq!(
            world.decide(OF, AT).reason(Code::KnownPublisher).map(|reason| reason.effect),
            Some(Effect::Favour)
        );
        insta::assert_snapshot!(told(&world));
        let mut two = as_ever();
        two.krate(OF).releases.remove(0);
        assert!(!two.decide(OF, AT).has(Code::KnownPublisher));
        // Two years before, but one of them turned out bad.
        let mut bad = as_ever();
        bad.revoke("SHA256:one", OF, "1.0.0", "2026-01-01");
        assert!(!bad.decide(OF, AT).has(Code::KnownPublisher));
        let mut by_ci = as_ever();
        for release in &mut by_ci.krate(OF).releases {
            release.publisher = Some(Publisher::Ci("github:tidy/tidy"));
        }
        assert!(by_ci.decide(OF, AT).has(Code::CiKnown));
        for release in &mut by_ci.krate(OF).releases {
            release.publisher = Some(Publisher::UNKNOWN_CI);
        }
        assert!(!by_ci.decide(OF, AT).has(Code::CiKnown));
    }

    /// A window vouches for an account, and so for whoever has it now.
    #[test]
    fn nothing_known_shortens_the_wait_of_who_published_malware() {
        let mut world = as_ever();
        world.window("mozilla", OF, 1, "2024-01-01", "2027-01-01");
        assert!(world.decide(OF, AT).has(Code::KnownPublisher));
        world.release(OF, "1.1.1", "2026-08-18").by_user(1);
        world.advisory("RUSTSEC-2026-0001", OF, AdvisoryKind::Malicious, "2026-08-19", Some("1.1.2"));
        world.krate(OF).advisories[0].unaffected =
            vec![Range { lower: Bound::Unbounded, upper: Bound::Exclusive(version("1.1.1")) }];
        let decision = world.decide(OF, AT);
        assert!(!decision.has(Code::KnownPublisher) && !decision.has(Code::Malicious), "{}", show(&decision));
    }

    #[test]
    fn nothing_known_shortens_the_wait_of_who_is_new() {
        let mut world = taken_over().level(Level::Low);
        world.window("mozilla", OF, 2, "2020-01-01", "2030-01-01");
        let decision = world.decide(OF, AT);
        assert!(
            decision.has(Code::NewPublisher) && !decision.has(Code::KnownPublisher),
            "{}",
            show(&decision)
        );
        assert_eq!(decision.clock.wait, Span::days(6));
    }

    /// The five crates of which the audit sets tell the most publishers.
    const HISTORIES: &str = include_str!("fixtures/publishers.csv");

    #[derive(Debug, Clone, Copy)]
    struct Row {
        of: &'static str,
        at: &'static str,
        day: &'static str,
        publisher: Publisher<'static>,
    }

    fn row(line: &'static str) -> Row {
        let cells: Vec<&str> = line.split(',').collect();
        let publisher = match cells[3] {
            "" => Publisher::Ci(cells[6]),
            user => Publisher::User(user.parse().expect("it is a number")),
        };
        Row { of: cells[0], at: cells[1], day: cells[2], publisher }
    }

    fn histories() -> BTreeMap<&'static str, Vec<Row>> {
        let mut all: BTreeMap<&str, Vec<Row>> = BTreeMap::new();
        for row in HISTORIES.lines().skip(1).map(row) {
            all.entry(row.of).or_default().push(row);
        }
        all.values_mut().for_each(|rows| rows.sort_by_key(|row| (row.day, version(row.at))));
        all
    }

    /// As if these were all the releases that there are.
    fn world_of(rows: &[Row]) -> World {
        let mut world = World::at("2026-08-01T00:00:00Z");
        for row in rows {
            world.release(row.of, row.at, row.day).facts().publisher = Some(row.publisher);
        }
        world.krate(rows[0].of).publishers_told = true;
        world
    }

    /// The day of each release with `new-publisher` on the day after it was published.
    fn flagged(rows: &[Row]) -> Vec<&'static str> {
        let world = world_of(rows);
        let is_flagged = |row: &&Row| {
            let day_after = time(&format!("{}T12:00:00Z", row.day)) + Span::days(1);
            world.at_time(day_after).decide(row.of, row.at).has(Code::NewPublisher)
        };
        rows.iter().filter(is_flagged).map(|row| row.day).collect()
    }

    #[test]
    fn five_real_histories_have_new_publishers_only_where_they_changed_hands() {
        let mut told = String::new();
        for (of, rows) in histories() {
            let mut hands: Vec<(String, &str)> = Vec::new();
            for row in &rows {
                if hands.last().is_none_or(|(by, _)| *by != row.publisher.to_string()) {
                    hands.push((row.publisher.to_string(), row.day));
                }
            }
            let hands: Vec<String> = hands.iter().map(|(by, since)| format!("{by} from {since}")).collect();
            let _ = writeln!(told, "{of}, {} releases: {}", rows.len(), hands.join(", "));
            let _ = writeln!(told, "  new: {}", flagged(&rows).join(" "));
        }
        insta::assert_snapshot!(told);
    }

    #[test]
    fn a_takeover_in_the_stable_years_of_each_is_told() {
        for (of, rows) in histories() {
            let thief = |day, publisher| Row { of, at: "999.0.0", day, publisher };
            for stranger in [
                thief("2023-12-01", Publisher::User(999_999)),
                thief("2025-06-01", Publisher::User(999_999)),
                thief("2025-06-01", Publisher::Ci("github:thief/wasm-tools")),
                thief("2025-06-01", Publisher::UNKNOWN_CI),
                thief("2026-07-25", Publisher::Ci("github:thief/wasm-tools")),
                // The account that published before, in other hands.
                thief("2026-07-25", Publisher::User(73_222)),
            ] {
                let mut rows: Vec<Row> = rows.iter().filter(|row| row.day < stranger.day).copied().collect();
                let before = flagged(&rows);
                rows.push(stranger);
                let after = flagged(&rows);
                assert_eq!(after.len(), before.len() + 1, "{stranger:?}");
                let world = world_of(&rows).later(&format!("{}T13:00:00Z", stranger.day));
                assert_eq!(world.decide(of, "999.0.0").verdict, Verdict::Hold);
            }
        }
    }

    #[test]
    fn the_histories_are_those_of_the_real_data() {
        let Some(data) = std::env::var_os("FENCE_DATA").map(std::path::PathBuf::from) else {
            eprintln!("skipped: FENCE_DATA is not set");
            return;
        };
        let all = std::fs::read_to_string(data.join("audits/publishers.csv")).expect("it is there");
        let mut releases: BTreeMap<&str, usize> = BTreeMap::new();
        for line in all.lines().skip(1) {
            *releases.entry(line.split(',').next().unwrap_or_default()).or_default() += 1;
        }
        let mut most: Vec<(usize, &str)> = releases.iter().map(|(of, count)| (*count, *of)).collect();
        most.sort_by_key(|(count, of)| (std::cmp::Reverse(*count), *of));
        let mut best: Vec<&str> = most.iter().take(5).map(|(_, of)| *of).collect();
        best.sort_unstable();
        assert_eq!(best, histories().into_keys().collect::<Vec<_>>());
        let is_best = |line: &&str| best.contains(&line.split(',').next().unwrap_or_default());
        let excerpt: Vec<&str> = all.lines().take(1).chain(all.lines().skip(1).filter(is_best)).collect();
        assert_eq!(excerpt, HISTORIES.lines().collect::<Vec<_>>());
    }
}

mod audits {
    use super::*;

    #[test]
    fn two_reviewers_who_own_nothing_admit_a_held_release() {
        let mut world = taken_over();
        world.signed_audit(&person("rae", 50), OF, AT, "2026-08-18");
        insta::assert_snapshot!(told(&world));
        world.signed_audit(&Identity::unbound("sam"), OF, AT, "2026-08-19");
        insta::assert_snapshot!(told(&world));
    }

    #[test]
    fn whoever_is_involved_vouches_for_nothing() {
        let audited_by = |who: &Identity<'static>, change: &dyn Fn(&mut World)| {
            let mut world = taken_over();
            change(&mut world);
            world.signed_audit(who, OF, AT, "2026-08-18");
            world.decide(OF, AT).has(Code::AuditedOnce)
        };
        let nothing = |_: &mut World| {};
        assert!(audited_by(&person("rae", 50), &nothing));
        assert!(!audited_by(&person("publisher", 2), &nothing));
        assert!(!audited_by(&person("owner", 1), &nothing));
        let owner = |until: Option<&'static str>, since: &'static str| {
            move |world: &mut World| {
                world.owner(OF, Account::User(50), since).until = until.map(time);
            }
        };
        assert!(!audited_by(&person("rae", 50), &owner(None, "2026-08-18")));
        assert!(!audited_by(&person("rae", 50), &owner(Some("2025-08-18"), "2020-01-01")));
        assert!(audited_by(&person("rae", 50), &owner(Some("2025-08-16"), "2020-01-01")));
        let team =
            |world: &mut World| world.owner(OF, Account::Team(7), "2020-01-01").organisation = Some("acme");
        assert!(!audited_by(&member("rae", 50, "Acme"), &team));
        assert!(audited_by(&member("rae", 50, "other"), &team));
        let ci = |world: &mut World| {
            world.edit(OF, AT).by_ci("github:acme/tidy");
        };
        assert!(!audited_by(&member("rae", 50, "acme"), &ci));
    }

    #[test]
    fn one_account_or_organisation_is_one_voice_under_two_keys() {
        let audits = |one: Identity<'static>, other: Identity<'static>| {
            let mut world = taken_over();
            world.signed_audit(&one, OF, AT, "2026-08-18");
            world.signed_audit(&other, OF, AT, "2026-08-18");
            world.decide(OF, AT).has(Code::Audited)
        };
        assert!(audits(person("rae", 50), person("sam", 51)));
        assert!(!audits(person("rae", 50), person("rae's other key", 50)));
        assert!(!audits(member("rae", 50, "acme"), member("sam", 51, "Acme")));
    }

    #[test]
    fn an_audit_of_other_bytes_or_that_ended_does_not_count() {
        let mut other = taken_over();
        other.signed_audit(&person("rae", 50), OF, AT, "2026-08-18").digest = Some(digest("other bytes"));
        assert_eq!(other.decide(OF, AT).verdict, Verdict::Hold);
        let mut ending = taken_over();
        ending.signed_audit(&person("rae", 50), OF, AT, "2026-08-18").until = Some(time("2026-08-21"));
        insta::assert_snapshot!(told(&ending));
        assert_eq!(ending.later("2026-08-21T00:00:00Z").decide(OF, AT).verdict, Verdict::Admit);
        assert_eq!(ending.later("2026-08-21T00:00:01Z").decide(OF, AT).verdict, Verdict::Hold);
    }
}

mod quorums {
    use super::*;

    fn approved_by(count: usize) -> World {
        let mut world = taken_over();
        for number in 0..count {
            world.approve(&maintainer(number), OF, AT, "2026-08-18");
        }
        world
    }

    #[test]
    fn enough_who_maintain_dependents_admit_it_and_a_day_has_to_pass() {
        insta::assert_snapshot!(told(&approved_by(0)));
        insta::assert_snapshot!(told(&approved_by(2)));
        let reached = approved_by(4);
        insta::assert_snapshot!(told(&reached));
        assert_eq!(reached.decide(OF, AT).grounds, Some(Grounds::Quorum));
        let at = |moment| reached.later(moment).decide(OF, AT).verdict;
        assert_eq!(at("2026-08-18T11:59:59Z"), Verdict::Hold);
        assert_eq!(at("2026-08-18T12:00:00Z"), Verdict::Admit);
    }

    #[test]
    fn what_does_not_count() {
        let with_fourth = |change: &dyn Fn(&mut World)| {
            let mut world = approved_by(4);
            change(&mut world);
            world.decide(OF, AT).has(Code::Quorum)
        };
        assert!(with_fourth(&|_| {}));
        let statement = |change: fn(&mut fence_model::facts::Statement<'static>)| {
            with_fourth(&move |world: &mut World| change(&mut world.krate(OF).statements[3]))
        };
        assert!(!statement(|one| one.reader = Reader::Machine));
        assert!(!statement(|one| one.digest = digest("other bytes")));
        assert!(!statement(|one| one.known = time("2026-08-16")));
        assert!(!statement(|one| one.until = Some(time("2026-08-19"))));
        assert!(!statement(|one| one.version = version("1.0.2")));
        // A name that nobody listens to, and one who approved before.
        assert!(!statement(|one| one.signer = person("stranger", 60)));
        assert!(!statement(|one| one.signer = maintainer(0)));
        // The name of somebody who is enrolled, in a feed that means somebody else by it.
        assert!(!statement(|one| one.feed = "another"));
        // Whoever is involved, whatever their weight.
        assert!(!with_fourth(&|world| {
            world.owner(OF, Account::User(103), "2020-01-01");
        }));
        // Whoever objects since.
        assert!(!with_fourth(&|world| {
            world.object(&maintainer(3), OF, AT, "2026-08-19");
        }));
        // Who owns the crate has to be known.
        assert!(!with_fourth(&|world| world.krate(OF).owners = None));
        assert!(!with_fourth(&|world| world.edit(OF, AT).facts().voices = None));
    }

    #[test]
    fn an_organisation_is_one() {
        let mut voices = maintainers(14);
        voices[..4].iter_mut().for_each(|one| one.organisation = Some("acme"));
        let mut world = approved_by(4);
        world.edit(OF, AT).heard_by(voices);
        insta::assert_snapshot!(told(&world));
    }

    #[test]
    fn where_too_few_are_enrolled_there_is_none() {
        let mut world = approved_by(4);
        world.edit(OF, AT).heard_by(maintainers(9));
        insta::assert_snapshot!(told(&world));
    }

    #[test]
    fn its_end_is_told_from_the_day_on_which_it_admits() {
        let mut world = approved_by(5);
        for (number, until) in [(0, "2026-08-22"), (1, "2026-08-25")] {
            world.krate(OF).statements[number].until = Some(time(until));
        }
        let decision = world.decide(OF, AT);
        insta::assert_snapshot!(show(&decision));
        assert_eq!(world.later("2026-08-25T00:00:00Z").decide(OF, AT).verdict, Verdict::Admit);
        assert_eq!(world.later("2026-08-25T00:00:01Z").decide(OF, AT).verdict, Verdict::Hold);
    }

    #[test]
    fn at_high_it_takes_half_and_two_audits_all_the_same() {
        let world = approved_by(4).level(Level::High);
        let decision = world.decide(OF, AT);
        assert!(!decision.has(Code::Quorum));
        assert!(matches!(decision.quorum.map(|support| support.quorum), Some(Quorum::Open { .. })));
        let world = approved_by(6).level(Level::High);
        let decision = world.decide(OF, AT);
        assert!(decision.has(Code::Quorum) && decision.verdict == Verdict::Hold, "{}", show(&decision));
        assert!(
            !decision.clears.iter().flat_map(|way| &way.needs).any(|need| matches!(need, Need::Quorum(_)))
        );
    }
}

mod objections {
    use super::*;

    fn objected(known: &str) -> World {
        let mut world = as_ever();
        world.object(&maintainer(0), OF, AT, known);
        world
    }

    /// A release that was admitted by age before anybody said anything.
    fn admitted() -> World {
        let mut world = as_ever();
        world.edit(OF, AT).facts().published = Some(time("2026-08-01T12:00:00Z"));
        world
    }

    #[test]
    fn one_by_a_maintainer_of_a_dependent_holds_for_seven_days() {
        let mut voices = maintainers(12);
        voices[0].reach = 3;
        let mut world = objected("2026-08-19");
        world.edit(OF, AT).heard_by(voices);
        insta::assert_snapshot!(told(&world));
        assert_eq!(world.later("2026-08-25T23:59:59Z").decide(OF, AT).verdict, Verdict::Hold);
        let lapsed = world.later("2026-08-26T00:00:00Z").decide(OF, AT);
        insta::assert_snapshot!(show(&lapsed));
        // A feed that stands still may have more to say.
        let mut stale = world.later("2026-08-26T00:00:00Z");
        stale.feeds[1].as_of = Some(time("2026-08-25"));
        assert_eq!(stale.decide(OF, AT).verdict, Verdict::Hold);
    }

    #[test]
    fn one_by_a_reviewer_does_too_and_by_a_stranger_is_noted() {
        let mut world = as_ever();
        world.reviewer_objects(&person("rae", 50), OF, AT, "2026-08-19");
        assert!(world.decide(OF, AT).has(Code::Objection));
        let mut world = as_ever();
        world.object(&person("stranger", 60), OF, AT, "2026-08-19");
        insta::assert_snapshot!(told(&world));
    }

    #[test]
    fn a_second_one_in_time_keeps_it_until_somebody_answers() {
        let mut voices = maintainers(16);
        voices[..2].iter_mut().for_each(|one| one.reach = 1);
        let mut world = objected("2026-08-17T16:00:00Z");
        world.edit(OF, AT).heard_by(voices);
        world.object(&maintainer(1), OF, AT, "2026-08-24");
        let later = world.later("2026-10-01T00:00:00Z");
        insta::assert_snapshot!(told(&later));
        // An audit from before is no answer, one from after is; and so is a quorum of those who approve after it.
        let mut before = later.clone();
        before.signed_audit(&person("rae", 50), OF, AT, "2026-08-17T13:00:00Z");
        assert_eq!(before.decide(OF, AT).verdict, Verdict::Hold);
        let mut after = later.clone();
        after.signed_audit(&person("rae", 50), OF, AT, "2026-08-25");
        assert_eq!(after.decide(OF, AT).verdict, Verdict::Admit);
        let approved = |known: &[&str]| {
            let mut world = later.clone();
            for (number, known) in known.iter().enumerate() {
                world.approve(&maintainer(number + 2), OF, AT, known);
            }
            world.decide(OF, AT).verdict
        };
        assert_eq!(approved(&["2026-08-17T14:00:00Z"; 6]), Verdict::Hold);
        assert_eq!(approved(&["2026-08-25"; 6]), Verdict::Admit);
        // Too late, it is another one, which lapses by itself.
        let mut late = objected("2026-08-18");
        late.edit(OF, AT).heard_by(maintainers(16));
        late.object(&maintainer(1), OF, AT, "2026-08-26");
        assert!(!late.later("2026-10-01T00:00:00Z").decide(OF, AT).has(Code::Objection));
    }

    #[test]
    fn a_tenth_of_the_weight_blocks_and_so_do_two_reviewers_or_somebody_involved() {
        let mut world = as_ever();
        world.edit(OF, AT).heard_by(maintainers(16));
        world.object(&maintainer(0), OF, AT, "2026-08-18");
        assert_eq!(world.decide(OF, AT).verdict, Verdict::Hold);
        world.object(&maintainer(1), OF, AT, "2026-08-18");
        insta::assert_snapshot!(told(&world));
        let mut world = as_ever();
        world.reviewer_objects(&person("rae", 50), OF, AT, "2026-08-18");
        world.reviewer_objects(&person("rae's other key", 50), OF, AT, "2026-08-18");
        assert!(!world.decide(OF, AT).has(Code::Objected));
        world.reviewer_objects(&person("sam", 51), OF, AT, "2026-08-19");
        insta::assert_snapshot!(told(&world));
        let mut world = admitted();
        world.object(&person("owner", 1), OF, AT, "2026-08-19");
        insta::assert_snapshot!(told(&world));
    }

    /// Ten voices of one weight have a tenth each, and none can have more: one stolen key is not enough.
    #[test]
    fn a_tenth_of_one_holds_and_does_not_block() {
        let mut world = as_ever();
        world.edit(OF, AT).heard_by(maintainers(10));
        world.object(&maintainer(0), OF, AT, "2026-08-18");
        let decision = world.decide(OF, AT);
        assert!(decision.has(Code::Objection) && !decision.has(Code::Objected), "{}", show(&decision));
        // Nor with another key of the same person.
        world.object(&maintainer(0), OF, AT, "2026-08-19").signer.principal = "another key";
        assert!(!world.decide(OF, AT).has(Code::Objected));
        world.object(&maintainer(1), OF, AT, "2026-08-19");
        assert!(world.decide(OF, AT).has(Code::Objected));
    }

    #[test]
    fn a_tenth_that_comes_after_it_was_admitted_is_a_warning() {
        let mut world = admitted();
        world.edit(OF, AT).heard_by(maintainers(12));
        for number in 0..4 {
            world.object(&maintainer(number), OF, AT, "2026-08-19");
        }
        let decision = world.decide(OF, AT);
        assert_eq!(decision.verdict, Verdict::Admit, "{}", show(&decision));
        assert!(decision.has(Code::LateObjection) && !decision.has(Code::Objected));
        // And it stays what later releases are compared with.
        world.release(OF, "1.1.1", "2026-08-19").by_user(1);
        assert_eq!(world.decide(OF, "1.1.1").base, Some(version(AT)));
        // What came before it was admitted counts alone.
        world.krate(OF).statements[0].known = time("2026-08-03T12:00:00Z");
        assert!(!world.decide(OF, AT).has(Code::Objected));
        world.krate(OF).statements[1].known = time("2026-08-04T12:00:00Z");
        assert!(world.decide(OF, AT).has(Code::Objected));
        assert_eq!(world.decide(OF, "1.1.1").base, Some(version("1.0.2")));
    }

    #[test]
    fn where_too_few_are_enrolled_a_tenth_is_nothing() {
        let mut world = as_ever();
        world.edit(OF, AT).heard_by(maintainers(1));
        world.object(&maintainer(0), OF, AT, "2026-08-18");
        let decision = world.decide(OF, AT);
        assert!(decision.has(Code::Objection) && !decision.has(Code::Objected), "{}", show(&decision));
    }

    #[test]
    fn against_a_release_that_was_admitted_it_is_a_warning() {
        let mut voices = maintainers(12);
        voices[0].reach = 3;
        let mut world = admitted();
        world.edit(OF, AT).heard_by(voices);
        world.object(&maintainer(0), OF, AT, "2026-08-19");
        insta::assert_snapshot!(told(&world));
        // Not by an exception, which may have been written since.
        let mut excused = taken_over();
        excused.edit(OF, AT).heard_by(maintainers(16));
        excused.except(OF, AT, &[Code::NewPublisher, Code::Young], time("2026-12-01"));
        assert_eq!(excused.decide(OF, AT).verdict, Verdict::Admit);
        excused.object(&maintainer(0), OF, AT, "2026-08-19");
        assert_eq!(excused.decide(OF, AT).verdict, Verdict::Hold);
    }

    #[test]
    fn who_let_three_lapse_only_notifies() {
        let mut world = as_ever();
        world.edit(OF, AT).heard_by(maintainers(16));
        for (at, known) in [("1.0.0", "2026-06-01"), ("1.0.1", "2026-06-20"), ("1.0.2", "2026-07-10")] {
            world.object(&maintainer(0), OF, at, known);
            world.object(&maintainer(0), OF, AT, "2026-08-18");
            let is_third = at == "1.0.2";
            assert_eq!(world.decide(OF, AT).has(Code::Objection), !is_third, "{}", told(&world));
            world.krate(OF).statements.pop();
        }
        world.object(&maintainer(0), OF, AT, "2026-08-18");
        insta::assert_snapshot!(told(&world));
        // Long ago they are forgotten.
        assert!(!world.decide(OF, AT).has(Code::Objection));
        world.krate(OF).statements[0].known = time("2026-05-01");
        assert!(world.decide(OF, AT).has(Code::Objection));
    }

    #[test]
    fn a_machine_is_told_and_counts_for_nothing() {
        let mut world = as_ever();
        world.object(&maintainer(0), OF, AT, "2026-08-18").reader = Reader::Machine;
        insta::assert_snapshot!(told(&world));
    }
}

#[test]
fn what_a_threshold_of_the_security_role_revokes_is_blocked() {
    let mut world = as_ever();
    world.policy.security.threshold = 2;
    world.revoke("SHA256:one", OF, AT, "2026-08-18");
    world.revoke("SHA256:one", OF, AT, "2026-08-19");
    assert_eq!(world.decide(OF, AT).verdict, Verdict::Hold);
    world.revoke("SHA256:two", OF, AT, "2026-08-19");
    insta::assert_snapshot!(told(&world));
    world.krate(OF).statements[2].digest = digest("other bytes");
    assert_eq!(world.decide(OF, AT).verdict, Verdict::Hold);
    assert!(world.crates.contains_key(&name(OF)));
}

#[test]
fn thousands_of_objections_by_one_are_as_one() {
    let mut world = as_ever();
    world.edit(OF, AT).heard_by(maintainers(16));
    for second in 0..5_000 {
        let known = time("2026-08-18T00:00:00Z") + Span::seconds(second);
        world.object(&maintainer(0), OF, AT, &known.to_string()).until = (second % 2 == 0).then_some(known);
    }
    let decision = world.decide(OF, AT);
    assert_eq!(decision.reasons.iter().filter(|reason| reason.code == Code::Objection).count(), 8);
    assert_eq!(decision.verdict, Verdict::Hold);
}
