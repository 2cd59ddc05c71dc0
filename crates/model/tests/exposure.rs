//! What is left to somebody who knows the policy: told in small worlds, and held against trying everything in made-up ones.

use std::num::NonZeroUsize;

use fence_model::exposure::people::{Approves, Bound, Helper, Sources, helpers};
use fence_model::exposure::{
    Exposure, Identity, Kind, Next, Point, Question, Target, exposure, frontier, wait_with,
};
use fence_model::facts::{
    Account, Advisory, AdvisoryKind, Bound as End, Claim, Feed, FeedState, Publisher, Range, ReleaseFacts,
    Sighting,
};
use fence_model::judge::{Asked, Context, Judge, Neighbourhood, Treatment};
use fence_model::policy::{
    AllowedSource, FeedRole, FeedSource, PublishTimes, RUSTSEC, RegistryTreatment, Trust, TrustedRegistry,
};
use fence_model::project::Origin;
use fence_model::readings::{Looked, Reading};
use fence_model::settle::FactsOf;
use fence_model::{CaretClass, CrateName, Level, Span, Verdict};
use fence_testkit::people::maintainers;
use fence_testkit::world::{World, digest, version};
use proptest::prelude::*;
use proptest::test_runner::Config;
use semver::Version;

use generated::{Lots, signers, subjects, worlds};

#[allow(dead_code, reason = "the properties use all of it")]
mod generated;

/// A world with one crate that has been there for long, and a policy at medium.
fn world() -> World {
    let mut world = World::at("2026-08-20T12:00:00Z");
    for (at, published) in [("1.0.0", "2024-01-01"), ("1.0.1", "2025-06-01"), ("1.0.2", "2026-03-01")] {
        world.release("tidy", at, published);
    }
    world.lock("tidy", "1.0.2", &[]);
    world
}

/// The policy trusts a set, which somebody keeps.
fn trusts(world: &mut World, sources: &mut Sources, set: &str) {
    world.policy.feeds.insert(set.to_owned(), FeedSource::of(FeedRole::Audits));
    sources.keepers.insert(set.to_owned(), format!("forge.example/{set}"));
}

/// The policy names reviewers in a feed of statements; none keeps it, or somebody does.
fn reviewers(world: &mut World, sources: &mut Sources, names: &[&str], keeper: Option<&str>) {
    let mut feed = FeedSource::of(FeedRole::Statements);
    feed.reviewers =
        names.iter().map(|name| (name.parse().expect("it is a principal"), Trust::High)).collect();
    world.policy.feeds.insert("people".to_owned(), feed);
    sources.keepers.extend(keeper.map(|keeper| ("people".to_owned(), keeper.to_owned())));
}

fn exposed(world: &World, sources: &Sources) -> Exposure {
    let question = Question { asked: world.asked(), locked: &world.locked, facts: world, sources };
    exposure(&question, NonZeroUsize::MIN)
}

fn tell(points: &[Point]) -> Vec<String> {
    let point = |point: &Point| {
        let who: Vec<String> =
            point.identities.iter().map(|one| format!("{} {}", one.kind.as_str(), one.name)).collect();
        format!("{} after {}: {}", point.identities.len(), point.wait, who.join(" + "))
    };
    points.iter().map(point).collect()
}

/// All that is told of a world.
fn show(world: &World, sources: &Sources) -> String {
    told(&exposed(world, sources))
}

fn told(exposure: &Exposure) -> String {
    let mut lines = Vec::new();
    for package in &exposure.packages {
        let next = match &package.next {
            Next::Release(next) => format!(", next {next}"),
            Next::Source => String::new(),
            Next::Nothing => ", no next".to_owned(),
        };
        lines.push(format!("{} at {}{next}, {} accounts", package.release, package.level, package.accounts));
        lines.extend(tell(&package.points).into_iter().map(|point| format!("  {point}")));
    }
    let in_short = |frontier: &[fence_model::exposure::Weakest]| {
        let one =
            |point: &fence_model::exposure::Weakest| format!("{} after {}", point.identities, point.wait);
        let all: Vec<String> = frontier.iter().map(one).collect();
        if all.is_empty() { "nobody".to_owned() } else { all.join(", ") }
    };
    lines.push(format!("project: {}", in_short(&exposure.frontier)));
    for changed in &exposure.changes {
        lines.push(format!("  {} -> {}", changed.lines.replace('\n', " "), in_short(&changed.frontier)));
        lines.push(format!("      {}", changed.cost));
    }
    lines.join("\n")
}

#[test]
fn without_anybody_an_account_and_the_wait_are_all_that_stands() {
    insta::assert_snapshot!(show(&world(), &Sources::default()));
}

#[test]
fn a_known_publisher_waits_less() {
    let mut world = world();
    for at in ["1.0.0", "1.0.1", "1.0.2"] {
        world.edit("tidy", at).by_user(7);
    }
    insta::assert_snapshot!(show(&world, &Sources::default()));
}

#[test]
fn who_owns_the_crate_and_never_published_takes_longer() {
    let mut world = world();
    for at in ["1.0.0", "1.0.1", "1.0.2"] {
        world.edit("tidy", at).by_user(7);
    }
    world.krate("tidy").publishers_told = true;
    world.owner("tidy", Account::User(8), "2024-01-01");
    insta::assert_snapshot!(show(&world, &Sources::default()));
}

#[test]
fn each_set_that_is_trusted_is_somebody_to_take_over() {
    let (mut world, mut sources) = (world(), Sources::default());
    trusts(&mut world, &mut sources, "google");
    trusts(&mut world, &mut sources, "mozilla");
    insta::assert_snapshot!(show(&world, &sources));
    // Two sets in one repository have one keeper.
    sources.keepers.insert("google".to_owned(), "forge.example/mozilla".to_owned());
    insta::assert_snapshot!(show(&world, &sources));
}

#[test]
fn who_keeps_a_feed_of_statements_is_all_of_its_reviewers() {
    let (mut world, mut sources) = (world(), Sources::default());
    reviewers(&mut world, &mut sources, &["ann", "bob"], None);
    insta::assert_snapshot!("in_the_project", show(&world, &sources));
    reviewers(&mut world, &mut sources, &["ann", "bob"], Some("forge.example/team"));
    insta::assert_snapshot!("kept_by_others", show(&world, &sources));
}

#[test]
fn who_is_involved_vouches_for_nothing() {
    let (mut world, mut sources) = (world(), Sources::default());
    reviewers(&mut world, &mut sources, &["ann", "bob"], None);
    world.edit("tidy", "1.0.2").by_user(1);
    world.krate("tidy").publishers_told = true;
    world.owner("tidy", Account::User(1), "2024-01-01");
    sources.bound.push(Bound {
        feed: "people".to_owned(),
        principal: "ann".to_owned(),
        accounts: vec![Account::User(1)],
        organisation: None,
    });
    insta::assert_snapshot!(show(&world, &sources));
}

/// Where no advisories are read, nobody makes a fix of what comes next.
#[test]
fn a_quorum_takes_as_many_as_it_needs_or_whoever_enrols_them() {
    let (mut world, mut sources) = (world(), Sources::default());
    let unread = FeedSource { enabled: false, ..FeedSource::of(FeedRole::Advisories) };
    world.policy.feeds.insert(RUSTSEC.to_owned(), unread);
    world.edit("tidy", "1.0.2").by_user(1).heard_by(maintainers(12));
    world.krate("tidy").publishers_told = true;
    world.owner("tidy", Account::User(1), "2024-01-01");
    reviewers(&mut world, &mut sources, &[], None);
    insta::assert_snapshot!("voices", show(&world, &sources));
    reviewers(&mut world, &mut sources, &[], Some("forge.example/team"));
    world.policy.feeds.get_mut("people").expect("it was just written").enrols = true;
    insta::assert_snapshot!("whoever_enrols", show(&world, &sources));
}

#[test]
fn at_high_an_account_alone_never_does() {
    let (mut world, mut sources) = (world().level(Level::High), Sources::default());
    insta::assert_snapshot!("without_sets", show(&world, &sources));
    trusts(&mut world, &mut sources, "google");
    trusts(&mut world, &mut sources, "mozilla");
    insta::assert_snapshot!("with_two", show(&world, &sources));
}

/// A release without dependencies is never one with a new dependency, whatever the one in use has.
#[test]
fn the_next_release_needs_nothing() {
    let mut world = world();
    world.release("core", "1.0.0", "2020-01-01");
    world.release("tidy", "1.0.3", "2026-08-19").needs("core", "^1");
    world.lock("tidy", "1.0.3", &[]);
    insta::assert_snapshot!(show(&world, &Sources::default()));
}

/// What changes of a policy cost is told at the level that was asked for.
#[test]
fn changes_are_about_the_level_that_is_asked_for() {
    let mut world = world();
    world.policy.level = Level::Low;
    let asked = Asked { level: Level::Medium, ..world.asked() };
    let sources = Sources::default();
    let question = Question { asked, locked: &world.locked, facts: &world, sources: &sources };
    insta::assert_snapshot!(told(&exposure(&question, NonZeroUsize::MIN)));
}

/// A base wait is that of all levels: what is twice the lowest may be less than the highest.
#[test]
fn no_change_weakens_another_package() {
    let mut world = world();
    world.release("loose", "1.0.0", "2026-03-01");
    let loose = world.lock("loose", "1.0.0", &[]);
    world.locked[loose].level = Some(Level::Low);
    world.policy.level = Level::Low;
    insta::assert_snapshot!(show(&world, &Sources::default()));
}

/// Whatever number of them there is: they vouch for one.
#[test]
fn signers_of_one_organisation_are_asked_about_once() {
    let (mut world, mut sources) = (world(), Sources::default());
    let names: Vec<String> = (0..600).map(|number| format!("signer-{number}")).collect();
    reviewers(&mut world, &mut sources, &names.iter().map(String::as_str).collect::<Vec<_>>(), None);
    world.edit("tidy", "1.0.2").by_user(1);
    world.krate("tidy").publishers_told = true;
    world.owner("tidy", Account::User(1), "2024-01-01");
    sources.bound.extend((100..).zip(&names).map(|(number, name)| Bound {
        feed: "people".to_owned(),
        principal: name.clone(),
        accounts: vec![Account::User(number)],
        organisation: Some("acme".to_owned()),
    }));
    let points = &exposed(&world, &sources).packages[0].points;
    assert_eq!(
        tell(points),
        ["1 after 7 days: publisher user 1", "2 after 6 hours: publisher user 1 + reviewer signer-0"]
    );
}

#[test]
fn what_comes_from_elsewhere() {
    const INDEX: &str = "sparse+https://registry.example/";
    let mut world = world();
    world.release("own", "0.1.0", "2026-01-01");
    world.lock_from("own", "0.1.0", Origin::Registry(INDEX.to_owned(), Some(digest("own 0.1.0"))));
    world.policy.registries.push(TrustedRegistry {
        index: INDEX.to_owned(),
        treat: RegistryTreatment::FirstParty,
        publish_times: PublishTimes::Trusted,
    });
    let git = |url: &str| Origin::Git { url: url.to_owned(), revision: "a".repeat(40) };
    world.lock_from("pinned", "0.2.0", git("https://forge.example/pinned"));
    world
        .policy
        .sources
        .push(AllowedSource { git: "https://forge.example/pinned".to_owned(), rev: "a".repeat(40) });
    insta::assert_snapshot!("at_medium", show(&world, &Sources::default()));
    insta::assert_snapshot!("at_low", show(&world.level(Level::Low), &Sources::default()));
}

#[test]
fn hands_do_not_show() {
    let (mut world, mut sources) = (World::at("2026-08-20T12:00:00Z"), Sources::default());
    for of in
        ["a", "b", "c"].into_iter().flat_map(|a| ["a", "b", "c", "d", "e", "f"].map(|b| format!("{a}{b}x")))
    {
        world.release(&of, "1.0.0", "2025-01-01");
        world.lock(&of, "1.0.0", &[]);
    }
    trusts(&mut world, &mut sources, "mozilla");
    let question = Question { asked: world.asked(), locked: &world.locked, facts: &world, sources: &sources };
    let by = |hands: usize| exposure(&question, NonZeroUsize::new(hands).expect("it is not zero"));
    assert_eq!(by(1), by(2));
    assert_eq!(by(1).packages.len(), 18);
}

/// The worlds in which everything is tried are not dull: everybody who could help does in some of them.
#[test]
fn worlds_have_everybody_who_helps() {
    let mut helped = std::collections::BTreeSet::new();
    // Numbers that look drawn, and are the same each time.
    let mut state: u32 = 1;
    let mut draw = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        u8::try_from(state >> 24).unwrap_or_default()
    };
    for _ in 0..800 {
        let mut lots = Lots::new((0..900).map(|_| draw()).collect());
        let mut world = generated::world(&mut lots);
        let sources = trusting(&mut lots, &mut world);
        let Some(target) = target(&world, &subjects(&world)[0]) else { continue };
        let (points, _) = frontier(&target, &helpers(&world.policy, &sources));
        helped.extend(
            points
                .iter()
                .flat_map(|point| point.identities.iter().map(|one| (point.identities.len(), one.kind))),
        );
    }
    for kind in [Kind::AuditSet, Kind::Keeper, Kind::Reviewer, Kind::Reporter] {
        assert!(helped.contains(&(2, kind)) && helped.contains(&(3, kind)), "{kind:?}: {helped:?}");
    }
    assert!(helped.iter().any(|(number, kind)| *number > 3 && *kind == Kind::Voice), "{helped:?}");
}

/// With how many identities at most everything is tried.
const MOST_TRIED: usize = 5;

/// A policy that trusts some of everybody, and waits of all lengths.
fn trusting(lots: &mut Lots, world: &mut World) -> Sources {
    let mut sources = Sources::default();
    for set in ["google", "mozilla"] {
        if lots.once_in(2) {
            trusts(world, &mut sources, set);
            if lots.once_in(4) {
                sources.keepers.insert(set.to_owned(), "forge.example/both".to_owned());
            }
        }
    }
    for feed in ["people", "others"] {
        if lots.once_in(2) {
            let mut source = FeedSource::of(FeedRole::Statements);
            for name in ["ann", "bob", "cat", "dan"] {
                let trust = lots.pick(&[None, None, Some(Trust::High), Some(Trust::Low)]);
                let trust = trust.map(|trust| (name.parse().expect("it is a principal"), trust));
                source.reviewers.extend(trust);
            }
            source.enrols = lots.once_in(2);
            world.policy.feeds.insert(feed.to_owned(), source);
            if lots.once_in(2) {
                sources.keepers.insert(feed.to_owned(), format!("forge.example/{feed}"));
            }
            let bound = signers().into_iter().map(|one| Bound {
                feed: feed.to_owned(),
                principal: one.principal.to_owned(),
                accounts: one.accounts,
                organisation: one.organisation.map(str::to_owned),
            });
            sources.bound.extend(bound);
        }
    }
    let waits = [Span::hours(6), Span::ZERO, Span::days(3), Span::days(10), Span::days(30)];
    world.policy.wait.floor_audited_once = lots.pick(&waits);
    world.policy.wait.floor_fix = lots.pick(&waits);
    world.policy.wait.floor_known = lots.pick(&waits);
    sources
}

/// Everybody who could help with a target: those whom the policy trusts, and those who are heard.
fn everybody(world: &World, sources: &Sources, of: &CrateName) -> Vec<Helper> {
    let mut all = helpers(&world.policy, sources);
    let facts = world.facts_of(of);
    let voices =
        facts.releases.iter().flat_map(|release| release.voices.iter().flat_map(|voices| voices.iter()));
    for voice in voices {
        let (Some(principal), Some(feed)) = (voice.signer, voice.feed) else { continue };
        let approves = Approves::As { feed: feed.to_owned(), principal: principal.to_owned() };
        if all.iter().all(|other| other.approves != approves) {
            let identity = Identity { kind: Kind::Voice, name: voice.name.to_owned() };
            all.push(Helper { identity, vouches: Vec::new(), approves });
        }
    }
    all
}

/// The frontier by trying everything.
fn tried(target: &Target<'_>, everybody: &[Helper]) -> Vec<(usize, Span)> {
    let mut best: Vec<Option<Span>> = vec![None; MOST_TRIED + 1];
    let mut sets: Vec<Vec<&Helper>> = vec![Vec::new()];
    for helper in everybody {
        let with = sets.iter().filter(|set| set.len() + 1 < MOST_TRIED).cloned();
        let with: Vec<Vec<&Helper>> = with.map(|set| set.into_iter().chain([helper]).collect()).collect();
        sets.extend(with);
    }
    for publisher in target.publishers() {
        for set in &sets {
            let wait = target.wait(&target.decide(publisher, set));
            let own = &mut best[set.len() + 1];
            *own = (*own).into_iter().chain(wait).min();
        }
    }
    envelope(best.into_iter().enumerate().filter_map(|(identities, wait)| Some((identities, wait?))))
}

fn envelope(points: impl Iterator<Item = (usize, Span)>) -> Vec<(usize, Span)> {
    let mut kept: Vec<(usize, Span)> = Vec::new();
    for (identities, wait) in points {
        if kept.last().is_none_or(|(_, last)| wait < *last) {
            kept.push((identities, wait));
        }
    }
    kept
}

fn target<'w>(world: &'w World, (of, at): &(CrateName, Version)) -> Option<Target<'w>> {
    let treatment: Treatment<'w> = world.treatment.get(of).copied().unwrap_or_default();
    let in_use = world.in_use.get(of).cloned().unwrap_or_default();
    Target::new(world.asked(), treatment, in_use, world.facts_of(of), at, |_| None)
}

proptest! {
    #![proptest_config(Config { cases: 60, failure_persistence: None, ..Config::default() })]

    /// The search finds what trying everything finds, with as many identities as that can be tried for.
    #[test]
    fn nothing_is_missed((mut world, mut lots) in worlds()) {
        let sources = trusting(&mut lots, &mut world);
        let subject @ (of, _) = &subjects(&world)[0];
        let Some(target) = target(&world, subject) else { return Ok(()) };
        let (points, _) = frontier(&target, &helpers(&world.policy, &sources));
        let found = points.iter().map(|point| (point.identities.len(), point.wait));
        let found: Vec<(usize, Span)> = found.filter(|(identities, _)| *identities <= MOST_TRIED).collect();
        prop_assert_eq!(found, tried(&target, &everybody(&world, &sources, of)), "{:?}", tell(&points));
    }

    /// Trusting less never makes it easier: each single change that takes trust away leaves a frontier that is no lower.
    #[test]
    fn less_trust_is_no_less_safe((mut world, mut lots) in worlds()) {
        let sources = trusting(&mut lots, &mut world);
        let subject = &subjects(&world)[0];
        let Some(target) = target(&world, subject) else { return Ok(()) };
        let all = helpers(&world.policy, &sources);
        let (points, _) = frontier(&target, &all);
        for left_out in 0..all.len() {
            let mut fewer = all.clone();
            fewer.remove(left_out);
            let (after, _) = frontier(&target, &fewer);
            for point in &after {
                let before = wait_with(&points, point.identities.len());
                prop_assert!(before.is_some_and(|before| before <= point.wait), "{:?}\n{:?}", tell(&points), tell(&after));
            }
        }
    }
}

/// What somebody could publish in place of what the search supposes.
struct Other<'w> {
    release: ReleaseFacts<'w>,
    /// Whether a flaw is reported that it mends.
    is_reported: bool,
}

/// Releases of all sorts that come in place of the one in use whatever else is there: above all others, with what any needs and
/// without.
fn others<'w>(
    world: &'w World,
    (of, in_use): &(CrateName, Version),
    publisher: Option<Publisher<'w>>,
) -> Vec<Other<'w>> {
    let facts = world.facts_of(of);
    let gone = facts.gone.iter().map(|gone| &gone.version);
    let there = facts.releases.iter().map(|release| &release.version).chain(gone).chain([in_use]);
    let Some(highest) = there.filter(|at| CaretClass::of(at) == CaretClass::of(in_use)).max().cloned() else {
        return Vec::new();
    };
    let free = (0..4).flat_map(|minor| (0..4).map(move |patch| Version::new(in_use.major, minor, patch)));
    let free = free.filter(|at| *at > highest && CaretClass::of(at) == CaretClass::of(in_use));
    let needed = facts.releases.iter().map(|release| release.dependencies.clone()).collect::<Vec<_>>();
    let has_times =
        facts.releases.is_empty() || facts.releases.iter().any(|release| release.published.is_some());
    let now = world.now;
    let sighting = Sighting {
        first_seen: now,
        first_digest: digest("somebody else's"),
        lacked_at: Some(now - Span::seconds(1)),
        first_seen_yanked: false,
        yanks: Vec::new(),
    };
    let mut all = Vec::new();
    for version in free {
        for dependencies in needed.iter().cloned().chain([[].into()]) {
            for is_reported in [false, true] {
                let release = ReleaseFacts {
                    version: version.clone(),
                    digest: digest("somebody else's"),
                    published: has_times.then_some(now),
                    yanked: false,
                    dependencies: dependencies.clone(),
                    sighting: (facts.journalled || !has_times).then(|| Box::new(sighting.clone())),
                    publisher,
                    voices: None,
                };
                all.push(Other { release, is_reported });
            }
        }
    }
    all
}

/// How long that takes, by the judgement alone.
fn waits<'w>(world: &'w World, of: &CrateName, other: &Other<'w>) -> Option<Span> {
    let mut facts = world.facts_of(of);
    if other.is_reported {
        let fixed = Range { lower: End::Inclusive(other.release.version.clone()), upper: End::Unbounded };
        facts.advisories.push(Advisory {
            id: "mine",
            kind: AdvisoryKind::Vulnerability,
            known: world.now,
            patched: vec![fixed],
            unaffected: Vec::new(),
            withdrawn: None,
            title: "",
            aliases: Vec::new(),
        });
    }
    facts.releases.push(other.release.clone());
    let asked = world.asked();
    let speaking = |feed: &Feed| Feed { state: FeedState::Current, as_of: Some(world.now), ..feed.clone() };
    let feeds: Vec<Feed> = asked.feeds.iter().map(speaking).collect();
    let mut readings = asked.readings.clone();
    let treatment = world.treatment.get(of).copied().unwrap_or_default();
    let in_use = world.in_use.get(of).cloned().unwrap_or_default();
    let decision = loop {
        let asked = Asked { feeds: &feeds, readings: &readings, ..asked };
        let context = Context { treatment, in_use: in_use.clone() };
        let decision = Judge::new(asked, context, facts.clone())
            .decide(&other.release.version, &Neighbourhood::default());
        if decision.unread.is_empty() {
            break decision;
        }
        for one in decision.unread {
            readings.add(one.pair, Looked::Read(Reading::default()));
        }
    };
    let ways = decision.clears.iter().filter(|way| way.is_wait());
    match decision.verdict {
        Verdict::Admit => Some(Span::ZERO),
        Verdict::Hold | Verdict::Block => ways.map(|way| way.earliest - world.now).min(),
    }
}

proptest! {
    #![proptest_config(Config { cases: 60, failure_persistence: None, ..Config::default() })]

    /// The release that the search supposes is the best that an account can publish, with a flaw that is reported and without:
    /// no other version, and none that needs something, is sooner.
    #[test]
    fn no_other_release_is_sooner((mut world, mut lots) in worlds()) {
        let sources = trusting(&mut lots, &mut world);
        // Of versions that are not there nobody has said anything yet.
        for facts in world.crates.values_mut() {
            let there: Vec<Version> = facts.releases.iter().map(|release| release.version.clone()).collect();
            facts.advisories.retain(|advisory| advisory.kind != AdvisoryKind::Malicious);
            facts.statements.retain(|statement| there.contains(&statement.version));
            facts.audits.retain(|audit| match &audit.claim {
                Claim::Full(at) | Claim::Delta { to: at, .. } => there.contains(&at.version),
                Claim::Violation(_) | Claim::Remark(..) => false,
            });
        }
        let subject @ (of, _) = &subjects(&world)[0];
        let Some(target) = target(&world, subject) else { return Ok(()) };
        let (points, _) = frontier(&target, &helpers(&world.policy, &sources));
        for other in target.publishers().into_iter().flat_map(|publisher| others(&world, subject, publisher)) {
            let Some(wait) = waits(&world, of, &other) else { continue };
            let supposed = wait_with(&points, if other.is_reported { 2 } else { 1 });
            let version = &other.release.version;
            prop_assert!(
                supposed.is_some_and(|supposed| supposed <= wait),
                "{of} {version} after {wait}, reported {}: {:?}", other.is_reported, tell(&points)
            );
        }
    }
}

#[test]
fn next_versions() {
    let mut world = World::at("2026-08-20T12:00:00Z");
    for at in [
        "0.0.4",
        "0.0.9",
        "0.3.1",
        "0.3.4",
        "0.4.0",
        "0.5.18446744073709551615",
        "1.0.0-rc.1",
        "1.2.9",
        "2.0.18446744073709551615",
    ] {
        world.release("tidy", at, "2025-01-01");
    }
    world.vanished("tidy", "0.3.9", "2025-01-01T00:00:00Z", "2025-02-01T00:00:00Z", "2025-03-01T00:00:00Z");
    let of = "tidy".parse().expect("it is a name");
    let next = |at: &str| {
        target(&world, &(CrateName::clone(&of), version(at))).map(|target| target.next().to_string())
    };
    assert_eq!(
        ["0.0.4", "0.3.1", "0.4.0", "1.2.9", "2.0.18446744073709551615"].map(next),
        ["0.0.10", "0.3.10", "0.4.1", "1.2.10", "2.1.0"].map(|next| Some(next.to_owned()))
    );
    assert_eq!(next("0.5.18446744073709551615"), None);
    world.lock("tidy", "0.0.4", &[]);
    world.lock("tidy", "0.5.18446744073709551615", &[]);
    insta::assert_snapshot!(show(&world, &Sources::default()));
}
