//! A small history, replayed: who waits, for how long, and that nothing later than a moment is looked at.

use std::fmt::Write as _;

use fence_evidence::advisories::{AdvisoryRecord, Collection};
use fence_model::facts::{AdvisoryKind, Bound, DependencyKind, Range};
use fence_model::policy::Policy;
use fence_model::readings::{BuildCode, Looked, Pair, Reading, Readings};
use fence_model::{Level, Span, Time};
use fence_sim::backtest::check::differences;
use fence_sim::backtest::cost::Cost;
use fence_sim::backtest::reviews::Reviewers;
use fence_sim::backtest::upgrades::{Kind, Upgrades};
use fence_sim::backtest::{Admissions, Named, Rule, admissions};
use fence_sim::halves::{Half, hash};
use fence_sim::history::{AuditsCount, Change, Compiled, Dependency, History, Publisher, Release, years};
use fence_sim::readings::{complete, read};
use fence_testkit::world::{digest, name, time, version};

/// A history that is told by verbs.
#[derive(Default)]
struct Story(History);

impl Story {
    fn release(&mut self, of: &str, at: &str, published: &str, needs: &[(&str, &str)]) -> &mut Self {
        let needs = needs.iter().map(|(package, requirement)| Dependency {
            package,
            requirement,
            kind: DependencyKind::Normal,
            optional: false,
        });
        let published = moment(published);
        let digest = digest(&format!("{of} {at}"));
        let dependencies = needs.collect();
        self.0.tell(&name(of), Release { version: version(at), digest, published, dependencies });
        self
    }

    /// An advisory that `fixed` fixes.
    fn vulnerable(&mut self, id: &str, of: &str, fixed: &str, known: &str) -> &mut Self {
        self.0.advise(AdvisoryRecord {
            id: id.into(),
            package: name(of),
            collection: Collection::Crates,
            kind: AdvisoryKind::Vulnerability,
            known: moment(known),
            withdrawn: None,
            patched: vec![Range { lower: Bound::Inclusive(version(fixed)), upper: Bound::Unbounded }],
            unaffected: Vec::new(),
            title: id.into(),
            url: None,
            aliases: Vec::new(),
            related: Vec::new(),
            categories: Vec::new(),
            cvss: None,
        });
        self
    }

    fn upgrade(&mut self, project: &str, at: &str, of: &str, old: &str, new: &str) -> &mut Self {
        self.change(project, at, of, Some(old), new)
    }

    /// A project takes what it had not.
    fn addition(&mut self, project: &str, at: &str, of: &str, new: &str) -> &mut Self {
        self.change(project, at, of, None, new)
    }

    fn change(&mut self, project: &str, at: &str, of: &str, old: Option<&str>, new: &str) -> &mut Self {
        let change = Change {
            project: project.into(),
            at: moment(at),
            actor: "human".into(),
            name: name(of),
            old: old.map(version),
            new: version(new),
        };
        self.0.changes.push(change);
        self
    }
}

fn moment(text: &str) -> Time {
    if text.len() == 10 { time(&format!("{text}T12:00:00Z")) } else { time(text) }
}

/// Crates that were there for years, one that is silent, one that needs the others, and two projects.
fn story() -> Story {
    let mut story = Story::default();
    for (at, day) in [("1.0.0", "2020-01-01"), ("1.1.0", "2021-02-01"), ("1.2.0", "2022-01-10")] {
        story.release("calm", at, day, &[]);
        story.release("needy", at, day, &[("calm", "^1.0")]);
        story.release("silent", at, day, &[]);
    }
    story.release("calm", "1.3.0", "2024-01-10", &[]);
    story.release("needy", "1.3.0", "2024-01-11", &[("calm", "^1.3")]);
    story.release("silent", "1.3.0", "2024-02-01", &[]);
    story.release("fresh", "0.1.0", "2024-01-20", &[]);
    story.release("calm", "1.4.0", "2024-02-01", &[("fresh", "^0.1")]);
    story.release("needy", "1.3.1", "2024-03-01", &[("calm", "^1.3")]);
    story.vulnerable("RUSTSEC-2024-0001", "needy", "1.3.1", "2024-03-02");
    story
        .upgrade("one", "2024-01-12", "calm", "1.2.0", "1.3.0")
        .upgrade("one", "2024-01-13", "needy", "1.2.0", "1.3.0")
        .upgrade("two", "2024-02-05", "silent", "1.2.0", "1.3.0")
        .upgrade("two", "2024-02-20", "calm", "1.3.0", "1.4.0")
        .upgrade("two", "2024-03-04", "needy", "1.3.0", "1.3.1");
    story
}

fn replay(story: &Story, rule: &Rule, reviewers: Reviewers) -> String {
    let compiled = Compiled::of(&story.0, AuditsCount::Never, &years(2022..=2024));
    let upgrades = Upgrades::of(&compiled);
    let found = admissions(&compiled, rule, &Readings::NOT_ASKED, (&upgrades, reviewers));
    told(&compiled, &upgrades, &found)
}

/// Whoever is asked has read the release a week after the first project asked.
const IN_A_WEEK: Reviewers = Reviewers::Answer(Span::days(7));

fn told(compiled: &Compiled<'_>, upgrades: &Upgrades, found: &Admissions) -> String {
    let mut out = String::new();
    for upgrade in &upgrades.all {
        let (krate, _) = compiled.place(upgrade.release);
        let fate = found.of(upgrade.release).expect("it was asked");
        let _ = write!(out, "{} {}", compiled.name(krate), compiled.release(upgrade.release).version);
        let since = fate.admitted.map_or_else(|| "never".to_owned(), |since| since.to_string());
        let _ = write!(out, " published {}, admitted {since}", fate.published);
        for phase in &fate.phases {
            let codes: Vec<&str> =
                phase.review.iter().chain(phase.longer.iter()).map(|code| code.as_str()).collect();
            let _ = write!(out, "; from {}: {}", phase.from.date(), codes.join(" "));
        }
        out.push('\n');
    }
    out
}

fn fence(level: Level) -> Rule {
    Named::fence(level).rule
}

#[test]
fn each_release_is_admitted_once_its_wait_and_that_of_what_it_needs_are_over() {
    insta::assert_snapshot!(replay(&story(), &fence(Level::Medium), Reviewers::Nobody));
}

#[test]
fn a_flat_age_knows_nothing_but_age() {
    insta::assert_snapshot!(replay(&story(), &Rule::FlatAge(Span::days(7)), Reviewers::Nobody));
}

#[test]
fn what_asks_for_a_reviewer_has_one_in_time_and_what_was_reviewed_is_a_base() {
    let mut story = story();
    story.addition("two", "2024-02-20", "fresh", "0.1.0");
    // It needs what the reviewed one brought in, and nothing new beside it.
    story.release("calm", "1.5.0", "2024-03-10", &[("fresh", "^0.1")]);
    story.upgrade("one", "2024-03-11", "calm", "1.3.0", "1.5.0");
    // Who asks later waits no longer than who asked first.
    story.upgrade("one", "2024-02-25", "calm", "1.3.0", "1.4.0");
    insta::assert_snapshot!(replay(&story, &fence(Level::Medium), IN_A_WEEK));
    assert_ne!(
        replay(&story, &fence(Level::Medium), IN_A_WEEK),
        replay(&story, &fence(Level::Medium), Reviewers::Nobody)
    );
}

#[test]
fn a_dependency_outside_the_index_is_as_old_as_it_is() {
    let with = |born: Option<&str>| {
        let mut story = story();
        story.release("calm", "1.5.0", "2024-03-10", &[("elsewhere", "1")]);
        story.upgrade("one", "2024-03-11", "calm", "1.3.0", "1.5.0");
        if let Some(born) = born {
            story.0.born(name("elsewhere"), moment(born));
        }
        let all = replay(&story, &fence(Level::Medium), Reviewers::Nobody);
        all.lines().last().expect("the last upgrade").to_owned()
    };
    insta::assert_snapshot!([with(Some("2019-01-01")), with(Some("2024-03-01")), with(None)].join("\n"));
}

#[test]
fn costs_are_counted_by_upgrade() {
    let story = story();
    let compiled = Compiled::of(&story.0, AuditsCount::Never, &years(2022..=2024));
    let upgrades = Upgrades::of(&compiled);
    let found =
        admissions(&compiled, &fence(Level::Medium), &Readings::NOT_ASKED, (&upgrades, Reviewers::Nobody));
    let cost = Cost::of(&upgrades, &found, Kind::Upgrade, |_| true);
    insta::assert_debug_snapshot!(cost);
}

/// What becomes of all upgrades before a moment.
fn until(story: &Story, moment: Time, reviewers: Reviewers) -> String {
    let all = replay(story, &fence(Level::Medium), reviewers);
    // Whatever lies after the moment may be otherwise.
    let is_before = |line: &&str| {
        let since = line.split("admitted ").nth(1).and_then(|rest| rest.get(..20));
        since.and_then(|since| since.parse::<Time>().ok()).is_some_and(|since| since <= moment)
    };
    all.lines().filter(is_before).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_future_changes_nothing_that_was_decided_before_it() {
    for (moment, reviewers) in [(moment("2024-02-15"), Reviewers::Nobody), (moment("2024-02-28"), IN_A_WEEK)]
    {
        the_future_changes_nothing_before(moment, reviewers);
    }
}

fn the_future_changes_nothing_before(moment: Time, reviewers: Reviewers) {
    let as_it_was = until(&story(), moment, reviewers);
    assert!(as_it_was.lines().count() >= 3, "{as_it_was}");
    for seed in 0..64_u64 {
        let mut other = story();
        // Whatever may happen later: lower and higher releases, advisories on what was decided, new names and projects.
        for place in 0..12_u64 {
            let lot = hash(seed, &place.to_le_bytes());
            let of = ["calm", "needy", "silent", "fresh"][(lot % 4) as usize];
            let at = format!("1.{}.{}", (lot >> 8) % 6, 10 + (lot >> 16) % 50);
            let day = moment + Span::hours(1 + ((lot >> 24) % 5_000) as i64);
            let needs = [("calm", "^1.4"), ("fresh", "*"), ("unborn", "^9")];
            match (lot >> 40) % 4 {
                3 => drop(other.upgrade("three", &day.to_string(), "calm", "1.3.0", "1.4.0")),
                0 => drop(other.vulnerable(&format!("RUSTSEC-2024-1{place:03}"), of, &at, &day.to_string())),
                _ => drop(other.release(of, &at, &day.to_string(), &needs[..((lot >> 50) % 4) as usize])),
            }
        }
        // Nobody upgrades to what is not there.
        let until_then = until(&other, moment, reviewers);
        let of_the_first: Vec<&str> = until_then.lines().take(as_it_was.lines().count()).collect();
        assert_eq!(of_the_first.join("\n"), as_it_was, "seed {seed}");
    }
}

#[test]
fn the_replay_says_what_the_judgement_says_at_the_moment_of_each_commit() {
    let story = story();
    let compiled = Compiled::of(&story.0, AuditsCount::Never, &years(2022..=2024));
    let upgrades = Upgrades::of(&compiled);
    for level in Level::ALL {
        let policy = Policy { level, ..Policy::default() };
        for reviewers in [Reviewers::Nobody, IN_A_WEEK] {
            let found = admissions(&compiled, &fence(level), &Readings::NOT_ASKED, (&upgrades, reviewers));
            let different = differences(&compiled, &policy, &Readings::NOT_ASKED, &found, &upgrades.all);
            assert_eq!(different, [], "{level}");
        }
    }
}

#[test]
fn facts_at_a_moment_hold_nothing_later() {
    let mut story = story();
    story.0.published_by(&name("calm"), &version("1.3.0"), Publisher::User(7));
    story.0.audited(&name("calm"), "a set", None, version("1.3.0"));
    let compiled = Compiled::of(&story.0, AuditsCount::After(Span::days(2)), &years(2022..=2024));
    let calm = compiled.crate_at("calm").expect("it was told of");
    let seen = |day: &str| {
        let facts = compiled.facts_at(calm, moment(day));
        (facts.releases.len(), facts.audits.len(), facts.advisories.len())
    };
    assert_eq!(seen("2019-01-01"), (0, 0, 0));
    assert_eq!(seen("2024-01-11"), (4, 0, 0));
    assert_eq!(seen("2024-01-12"), (4, 1, 0));
    let needy = compiled.crate_at("needy").expect("it was told of");
    assert_eq!(compiled.facts_at(needy, moment("2024-03-01")).advisories.len(), 0);
    assert_eq!(compiled.facts_at(needy, moment("2024-03-02")).advisories.len(), 1);
}

#[test]
fn readings_of_a_file_stand_and_the_others_are_drawn_from_them() {
    let story = story();
    let compiled = Compiled::of(&story.0, AuditsCount::Never, &years(2022..=2024));
    let lines = "calm\t1.3.0\t1.2.0\t{\"build-code\":\"new\"}\nfresh\t0.1.0\t-\t\n";
    let measured = read(lines, &compiled).expect("they are good");
    assert_eq!(measured[1].1, Reading::default());
    let (readings, rates) = complete(&compiled, measured, 1);
    assert_eq!((rates.sample, rates.asks, rates.build_code, rates.unchanged), (1, 1.0, 1.0, 0.0));
    // The only reading beside a base is that of all others; the one of its own stands.
    let of = |of: &str, base: Option<&str>| {
        let pair = Pair { release: digest(of), base: base.map(digest) };
        readings.of(pair).cloned()
    };
    let new = Reading { build_code: BuildCode::New, ..Reading::default() };
    assert_eq!(of("silent 1.3.0", Some("silent 1.2.0")), Some(Looked::Read(new)));
    assert_eq!(of("fresh 0.1.0", None), Some(Looked::Read(Reading::default())));
    let wrong = ["calm\t1.3.0\t-", "calm\t9.9.9\t-\t", "calm\t1.3.0\t-\t{\"new\":1}", "calm\t1.3.0\t-\t{"];
    let errors = wrong.map(|line| read(line, &compiled).expect_err("it makes no sense"));
    insta::assert_snapshot!(errors.join("\n"), @r#"
    readings, line 1: 3 columns are not four
    readings, line 1: the index has no calm 9.9.9
    readings, line 1: a reading has no "new"
    readings, line 1: EOF while parsing an object at line 1 column 1
    "#);
}

#[test]
fn halves_part_everything() {
    for of in ["uv", "zebra", "cargo", "helix"] {
        assert_ne!(Half::Fit.has(of), Half::Report.has(of), "{of}");
        assert!(Half::All.has(of));
    }
}
