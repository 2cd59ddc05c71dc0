//! The eight properties that every judgement has, whatever the policy, the context and the facts.
//!
//! The worlds are those of [`generated`]; [`worlds_reach_every_code_and_verdict`] counts that they are not dull.

use std::collections::BTreeMap;

use fence_model::decision::{Because, Decision, Grounds, Need, Reason};
use fence_model::facts::{
    Account, Advisory, AdvisoryKind, Audit, AuditedVersion, Bound, Claim, CrateFacts, FeedState, Identity,
    Maintainer, Owner, Publisher, Range, Reader, ReleaseFacts, RestsOn, Says, Statement, Yank,
};
use fence_model::judge::{Checksum, InUse};
use fence_model::policy::{Baseline, Exception};
use fence_model::readings::{BuildCode, Looked, Pair};
use fence_model::{Code, CrateName, Effect, Level, Span, Time, Verdict};
use fence_testkit::world::{World, digest, show, version};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng};
use semver::{Version, VersionReq};

use generated::{Lots, signers, subjects, worlds};

mod generated;

/// What a release comes to in a world, its neighbours considered.
fn decide(world: &World, (of, at): &(CrateName, Version)) -> Decision {
    world.decide_all([(of, at)]).remove(0)
}

/// The facts of a release's crate.
fn facts<'w>(world: &'w mut World, (of, _): &(CrateName, Version)) -> &'w mut CrateFacts<'static> {
    world.crates.entry(of.clone()).or_insert_with(|| CrateFacts::unknown(of.clone()))
}

/// A full audit of a release by somebody of whom nobody else has heard.
fn fresh_audit(at: &Version, who: &'static str, known: Time) -> Audit<'static> {
    Audit {
        feed: Some(who),
        origin: who,
        who: vec![who],
        signer: None,
        digest: None,
        from_digest: None,
        known,
        until: None,
        claim: Claim::Full(AuditedVersion { version: at.clone(), git: None }),
        criteria: vec!["safe-to-deploy"],
    }
}

/// Whether somebody is involved in a release, as the design says it, in other words than the judgement has.
fn is_involved(world: &World, (of, at): &(CrateName, Version), who: &Identity<'static>) -> bool {
    let Some(facts) = world.crates.get(of) else { return false };
    let Some(release) = facts.releases.iter().find(|release| release.version == *at) else { return false };
    let published = release.appeared();
    let was_owner = |owner: &&Owner<'static>| match (owner.until, published) {
        (Some(until), Some(published)) => until + Span::days(365) >= published,
        _ => true,
    };
    let owners: Vec<&Owner<'static>> = facts.owners.iter().flatten().filter(was_owner).collect();
    let mut accounts: Vec<Account> = owners.iter().map(|owner| owner.account).collect();
    if let Some(Publisher::User(id)) = release.publisher {
        accounts.push(Account::User(id));
    }
    let voices = release.voices.as_deref().unwrap_or_default();
    let of_accounts = |one: &&Maintainer<'static>| one.accounts.iter().any(|own| accounts.contains(own));
    let mut organisations: Vec<String> =
        owners.iter().filter_map(|owner| owner.organisation).map(str::to_lowercase).collect();
    organisations
        .extend(voices.iter().filter(of_accounts).filter_map(|one| one.organisation).map(str::to_lowercase));
    if let Some(Publisher::Ci(repository)) = release.publisher {
        let owner = repository.trim_start_matches("github:").split('/').next().unwrap_or_default();
        organisations.push(owner.to_lowercase());
    }
    let is_of = |organisation: Option<&str>| {
        organisation.is_some_and(|own| organisations.contains(&own.to_lowercase()))
    };
    let of_voice = |one: &Maintainer<'static>| {
        one.signer == Some(who.principal) && (of_accounts(&one) || is_of(one.organisation))
    };
    who.accounts.iter().any(|own| accounts.contains(own))
        || is_of(who.organisation)
        || voices.iter().any(of_voice)
}

/// An approval of a release by one of those who sign.
fn approval_by(signer: &str, decision: &Decision, known: Time) -> Statement<'static> {
    let signer = signers().into_iter().find(|one| one.principal == signer).expect("it is one of them");
    Statement {
        signer,
        feed: "people",
        version: decision.release.version.clone(),
        digest: decision.digest.expect("it is shown"),
        known,
        until: None,
        says: Says::Approve(RestsOn::Trust),
        reader: Reader::Person,
        is_reviewer: false,
        is_believed: true,
        comment: "a comment",
    }
}

/// An exception for a release, for these codes.
fn pardon(world: &mut World, decision: &Decision, codes: &[Code]) {
    let Some(digest) = decision.digest else { return };
    world.policy.exceptions.push(Exception {
        name: decision.release.name.clone(),
        version: decision.release.version.clone(),
        digest,
        codes: codes.to_vec(),
        because: "a test".to_owned(),
        until: Time::LATEST,
    });
}

/// Whether the advisory `id`, and all that share an id with it, say nothing of a release that is no block.
fn own_is_silent(world: &World, (of, at): &(CrateName, Version), id: &str) -> bool {
    let all = &world.crates[of].advisories;
    let ids = |a: &Advisory<'static>| [vec![a.id], a.aliases.clone()].concat();
    let mut kin = vec![id];
    while let Some(next) = all
        .iter()
        .find(|a| ids(a).iter().any(|id| kin.contains(id)) && !ids(a).iter().all(|id| kin.contains(id)))
    {
        kin.extend(ids(next));
    }
    let speaks = |a: &&Advisory<'static>| {
        a.withdrawn.is_none() && a.affects(at) && a.kind != AdvisoryKind::Malicious && kin.contains(&a.id)
    };
    !all.iter().any(|a| speaks(&a))
}

fn shuffle<T>(lots: &mut Lots, items: &mut [T]) {
    for last in (1..items.len()).rev() {
        items.swap(last, lots.below(last + 1));
    }
}

proptest! {
    #![proptest_config(Config { cases: 250, failure_persistence: None, ..Config::default() })]

    /// Property 1: same facts in any order, same decision, byte for byte.
    #[test]
    fn the_order_of_facts_does_not_show((world, mut lots) in worlds()) {
        let mut other = world.clone();
        for facts in other.crates.values_mut() {
            shuffle(&mut lots, &mut facts.releases);
            shuffle(&mut lots, &mut facts.gone);
            shuffle(&mut lots, &mut facts.advisories);
            shuffle(&mut lots, &mut facts.audits);
            shuffle(&mut lots, &mut facts.windows);
            shuffle(&mut lots, &mut facts.statements);
            facts.owners.iter_mut().for_each(|owners| shuffle(&mut lots, owners));
            for release in &mut facts.releases {
                let mut dependencies = release.dependencies.to_vec();
                shuffle(&mut lots, &mut dependencies);
                release.dependencies = dependencies.into();
                let voices = release.voices.as_deref().map(<[_]>::to_vec);
                release.voices = voices.map(|mut voices| {
                    shuffle(&mut lots, &mut voices);
                    voices.into()
                });
            }
        }
        shuffle(&mut lots, &mut other.feeds);
        shuffle(&mut lots, &mut other.policy.exceptions);
        other.in_use.values_mut().for_each(|in_use| shuffle(&mut lots, in_use));
        for subject in subjects(&world) {
            let (one, two) = (decide(&world, &subject), decide(&other, &subject));
            prop_assert_eq!(format!("{one:?}"), format!("{two:?}"));
        }
        // Nor does the order in which releases are asked about.
        let mut order = subjects(&world);
        shuffle(&mut lots, &mut order);
        let decisions = world.decide_all(order.iter().map(|(of, at)| (of, at)));
        for (subject, decision) in order.iter().zip(&decisions) {
            prop_assert_eq!(&decide(&world, subject), decision);
        }
    }

    /// Property 1, second half: of two facts under one key the worse counts.
    #[test]
    fn of_two_facts_under_one_key_the_worse_counts(
        (world, mut lots) in worlds(), (other, _) in worlds()
    ) {
        for subject @ (of, at) in &subjects(&world) {
            let find = |world: &World| {
                let releases = world.crates.get(of).map_or(&[][..], |facts| &facts.releases);
                releases.iter().find(|r| r.version == *at).cloned()
            };
            let (Some(one), Some(mut two)) = (find(&world), find(&other)) else { continue };
            two.sighting.clone_from(&one.sighting);
            if lots.once_in(2) {
                two = ReleaseFacts { yanked: two.yanked, ..one.clone() };
            }
            let with = |releases: &[&ReleaseFacts<'static>]| {
                let mut world = world.clone();
                let facts = facts(&mut world, subject);
                facts.releases.retain(|r| r.version != *at);
                facts.releases.extend(releases.iter().copied().cloned());
                decide(&world, subject)
            };
            let (alone, other, both) = (with(&[&one]), with(&[&two]), with(&[&one, &two]));
            prop_assert_eq!(format!("{both:?}"), format!("{:?}", with(&[&two, &one])));
            let is_pardoned = both.has(Code::Exception) && both.has(Code::ChecksumChanged);
            prop_assert!(
                both.verdict >= alone.verdict.max(other.verdict) || is_pardoned,
                "{}\n{}\n{}", show(&alone), show(&other), show(&both)
            );
        }
        // Of two advisories under one id both are heard.
        let Some(found) = other.crates.values().flat_map(|facts| &facts.advisories).next() else { return Ok(()) };
        for subject in subjects(&world) {
            let mut both = world.clone();
            let own = &mut facts(&mut both, &subject).advisories;
            let Some(id) = own.first().map(|own| own.id) else { continue };
            own.push(Advisory { id, ..found.clone() });
            let mut alone = world.clone();
            let own = &mut facts(&mut alone, &subject).advisories;
            own[0] = Advisory { id, ..found.clone() };
            let (one, two) = (decide(&world, &subject), decide(&alone, &subject));
            let both = decide(&both, &subject);
            prop_assert!(
                both.verdict >= one.verdict.max(two.verdict),
                "{}\n{}\n{}", show(&one), show(&two), show(&both)
            );
        }
    }

    /// Property 1, of advisories under several ids: one that another database tells again, under an id of its own and
    /// with the first one's among its aliases, makes nothing better, whatever it says; which of the two names the
    /// other does not show, and no advisory is told twice for it.
    #[test]
    fn what_another_database_tells_again_makes_nothing_better(
        (world, mut lots) in worlds(), (other, _) in worlds()
    ) {
        let mut found = other.crates.values().flat_map(|facts| &facts.advisories);
        let Some(found) = found.next() else { return Ok(()) };
        for subject in subjects(&world) {
            let before = decide(&world, &subject);
            let mut one = world.clone();
            let own = &mut facts(&mut one, &subject).advisories;
            if own.is_empty() {
                continue;
            }
            let at = lots.below(own.len());
            let id = own[at].id;
            own.push(Advisory { id: "GHSA-aaaa-bbbb-cccc", aliases: vec![id], ..found.clone() });
            let mut two = world.clone();
            let own = &mut facts(&mut two, &subject).advisories;
            own[at].aliases.push("GHSA-aaaa-bbbb-cccc");
            own.insert(0, Advisory { id: "GHSA-aaaa-bbbb-cccc", aliases: vec![], ..found.clone() });
            let (after, turned) = (decide(&one, &subject), decide(&two, &subject));
            prop_assert!(after.verdict >= before.verdict, "{}\n{}", show(&before), show(&after));
            prop_assert_eq!(format!("{after:?}"), format!("{turned:?}"));
            let told = |decision: &Decision| {
                let advice = [Code::Vulnerable, Code::Unsound, Code::Unmaintained, Code::Notice];
                decision.reasons.iter().filter(|r| advice.contains(&r.code)).count()
            };
            let is_news = own_is_silent(&world, &subject, id);
            prop_assert!(told(&after) <= told(&before) + usize::from(is_news), "{}\n{}", show(&before), show(&after));
        }
    }

    /// Property 2: with facts fixed, a later `now` never turns admit into hold or block, except by the end of an
    /// exception or of something signed that says its end, and then reason and date are told from the day of admission.
    #[test]
    fn time_takes_nothing_away((world, mut lots) in worlds()) {
        let now = world.now + lots.pick(&[
            Span::days(1), Span::seconds(1), Span::hours(6), Span::days(3), Span::days(14), Span::days(30), Span::days(90), Span::days(5_000),
        ]);
        // Feeds go on, and then ages grow; or they stand still.
        let later = if lots.once_in(2) { World { now, ..world.clone() } } else { world.at_time(now) };
        for subject in subjects(&world) {
            let before = decide(&world, &subject);
            if before.verdict != Verdict::Admit {
                continue;
            }
            let until = |reason: &Reason| match &reason.because {
                Because::Excused { until, .. } => Some(*until),
                Because::Approved { until, .. } => *until,
                Because::Audits(chains) => chains.iter().filter_map(|chain| chain.until).min(),
                _ => None,
            };
            let has_end = before.reasons.iter().filter_map(until).any(|until| until >= world.now && until < later.now);
            if before.grounds == Some(Grounds::Exception) {
                let told = before.reasons.iter().any(|reason| {
                    matches!(reason.because, Because::Excused { until, .. } if until >= world.now)
                });
                prop_assert!(told, "{}", show(&before));
            }
            let after = decide(&later, &subject);
            // That a neighbour's admission ends is the neighbour's affair.
            let is_neighbours = after.has(Code::NeedsHeld) && !before.has(Code::NeedsHeld);
            prop_assert!(
                after.verdict == Verdict::Admit || has_end || is_neighbours,
                "{}\n{}", show(&before), show(&after)
            );
        }
    }

    /// A release that was yanked for a while is admitted no sooner for it, however often and long.
    #[test]
    fn a_yank_that_was_taken_back_admits_nothing((world, mut lots) in worlds()) {
        for subject @ (_, at) in &subjects(&world) {
            let before = decide(&world, subject);
            let mut other = world.clone();
            let own = facts(&mut other, subject).releases.iter_mut().find(|release| release.version == *at);
            let Some(sighting) = own.and_then(|release| release.sighting.as_deref_mut()) else { continue };
            let last = sighting.yanks.last().map_or(Some(sighting.first_seen), |yank| yank.until);
            let Some(last) = last.filter(|_| !sighting.yanks.is_empty() || !sighting.first_seen_yanked) else { continue };
            let at = last + lots.pick(&[Span::seconds(1), Span::hours(5), Span::days(1), Span::days(7), Span::days(40)]);
            let until = at + lots.pick(&[Span::minutes(5), Span::hours(23), Span::days(1), Span::days(9)]);
            if until > world.now {
                continue;
            }
            sighting.yanks.push(Yank { at, until: Some(until) });
            let after = decide(&other, subject);
            prop_assert!(after.verdict >= before.verdict, "{}\n{}", show(&before), show(&after));
            prop_assert!(after.clock.age <= before.clock.age, "{}\n{}", show(&before), show(&after));
        }
    }

    /// Property 3: more audits about a release never make it worse; more violations, or advisories that say that
    /// it is affected, never make it better. Findings and what people say are below.
    #[test]
    fn evidence_works_in_its_own_direction((world, mut lots) in worlds()) {
        for subject @ (_, at) in &subjects(&world) {
            let before = decide(&world, subject);

            let mut vouched = world.clone();
            let mut audit = generated::audit(&mut lots, world.now);
            audit.claim = match audit.claim {
                Claim::Delta { from, .. } => {
                    Claim::Delta { from, to: AuditedVersion { version: at.clone(), git: None } }
                }
                Claim::Full(_) | Claim::Violation(_) | Claim::Remark(..) => {
                    Claim::Full(AuditedVersion { version: at.clone(), git: None })
                }
            };
            facts(&mut vouched, subject).audits.push(audit);
            let after = decide(&vouched, subject);
            prop_assert!(after.verdict <= before.verdict, "{}\n{}", show(&before), show(&after));
            prop_assert!(after.clock.wait <= before.clock.wait, "{}\n{}", show(&before), show(&after));

            let mut failed = world.clone();
            let mut violation = fresh_audit(at, "fresh", world.now);
            let exactly = format!("={}.{}.{}", at.major, at.minor, at.patch);
            violation.claim = Claim::Violation(VersionReq::parse(&exactly).expect("it is one"));
            facts(&mut failed, subject).audits.push(violation);
            let after = decide(&failed, subject);
            prop_assert!(after.verdict >= before.verdict, "{}\n{}", show(&before), show(&after));

            for kind in [AdvisoryKind::Malicious, AdvisoryKind::Vulnerability, AdvisoryKind::Unsound] {
                let mut advised = world.clone();
                let beside = |lower, upper| Range { lower, upper };
                let only_this = vec![
                    beside(Bound::Unbounded, Bound::Exclusive(at.clone())),
                    beside(Bound::Exclusive(at.clone()), Bound::Unbounded),
                ];
                let unaffected = lots.pick(&[only_this, vec![]]);
                facts(&mut advised, subject).advisories.push(Advisory {
                    id: "RUSTSEC-2026-9999",
                    kind,
                    known: world.now - lots.pick(&[Span::ZERO, Span::days(3), Span::days(50), Span::days(900)]),
                    patched: vec![],
                    unaffected,
                    withdrawn: None,
                    title: "a title",
                    aliases: lots.pick(&[vec![], vec!["RUSTSEC-2026-0001"]]),
                });
                let after = decide(&advised, subject);
                prop_assert!(after.verdict >= before.verdict, "{}\n{}", show(&before), show(&after));
            }
        }
    }

    /// Property 3, of people: more approvals never make a release worse; more objections and revocations never better.
    #[test]
    fn what_people_say_works_in_its_own_direction((world, mut lots) in worlds()) {
        for subject @ (of, at) in &subjects(&world) {
            let before = decide(&world, subject);
            let about = (at.clone(), digest(&format!("{of} {at}")));
            let mut with = |says: Says, known: Option<Time>| {
                let mut world = world.clone();
                let statement = generated::statement(&mut lots, world.now, about.clone(), says);
                let known = known.unwrap_or(statement.known);
                facts(&mut world, subject).statements.push(Statement { known, ..statement });
                decide(&world, subject)
            };
            let after = with(Says::Approve(RestsOn::Trust), None);
            prop_assert!(after.verdict <= before.verdict, "{}\n{}", show(&before), show(&after));
            prop_assert!(after.clock.wait <= before.clock.wait, "{}\n{}", show(&before), show(&after));
            let after = with(Says::Revoke, None);
            prop_assert!(after.verdict >= before.verdict, "{}\n{}", show(&before), show(&after));
            // One that lapsed before may be the third of somebody who only notifies from then on.
            let after = with(Says::Object, Some(world.now));
            prop_assert!(after.verdict >= before.verdict, "{}\n{}", show(&before), show(&after));
        }
    }

    /// Nobody's own release is admitted by those who are involved in it, whatever they approve and audit.
    #[test]
    fn the_involved_admit_nothing((world, mut lots) in worlds()) {
        for subject @ (of, at) in &subjects(&world) {
            let before = decide(&world, subject);
            let mut with = world.clone();
            let involved: Vec<Identity<'static>> =
                signers().into_iter().filter(|signer| is_involved(&world, subject, signer)).collect();
            if involved.is_empty() {
                continue;
            }
            for _ in 0..6 {
                let signer = lots.pick(&involved);
                let known = world.now - Span::hours(i64::try_from(lots.below(48)).expect("it is small"));
                let own = facts(&mut with, subject);
                if lots.once_in(2) {
                    let mut audit = fresh_audit(at, signer.principal, known);
                    (audit.feed, audit.signer) = (None, Some(signer));
                    own.audits.push(audit);
                } else {
                    let about = (at.clone(), digest(&format!("{of} {at}")));
                    let said = generated::statement(&mut lots, world.now, about, Says::Approve(RestsOn::Audit));
                    own.statements.push(Statement { signer, known, until: None, ..said });
                }
            }
            let after = decide(&with, subject);
            prop_assert_eq!(after.verdict, before.verdict, "{}\n{}", show(&before), show(&after));
            prop_assert_eq!(after.clock, before.clock);
        }
    }

    /// Property 5: without all positive statements of those who are involved, nothing changes.
    #[test]
    fn without_the_involved_nothing_changes((world, _) in worlds()) {
        for subject in &subjects(&world) {
            let before = decide(&world, subject);
            let mut silent = world.clone();
            let own = facts(&mut silent, subject);
            own.audits.retain(|audit| {
                let is_own = audit.signer.as_ref().is_some_and(|signer| is_involved(&world, subject, signer));
                !(is_own && matches!(audit.claim, Claim::Full(_) | Claim::Delta { .. }))
            });
            own.statements.retain(|one| {
                !(is_involved(&world, subject, &one.signer) && matches!(one.says, Says::Approve(_)))
            });
            let after = decide(&silent, subject);
            prop_assert_eq!(before.verdict, after.verdict, "{}\n{}", show(&before), show(&after));
        }
    }

    /// No mix of accounts of one organisation is a quorum, however many maintain dependents, and whatever a graph counts
    /// them as.
    #[test]
    fn one_organisation_is_no_quorum((world, mut lots) in worlds()) {
        let mut world = world;
        for own in world.crates.values_mut() {
            let approvers: Vec<&str> = own
                .statements
                .iter()
                .filter(|one| matches!(one.says, Says::Approve(_)))
                .map(|one| one.signer.principal)
                .collect();
            for release in &mut own.releases {
                let Some(voices) = release.voices.as_deref() else { continue };
                let mut voices = voices.to_vec();
                for one in voices.iter_mut().filter(|one| one.signer.is_some_and(|by| approvers.contains(&by))) {
                    one.organisation = Some(lots.pick(&["Evil", "evil"]));
                }
                release.voices = Some(voices.into());
            }
        }
        for subject in subjects(&world) {
            let decision = decide(&world, &subject);
            prop_assert!(!decision.has(Code::Quorum), "{}", show(&decision));
        }
    }

    /// Who publishes a bad release may publish another just before it, right below: a lure stays one.
    #[test]
    fn a_decoy_makes_no_lure_undone((world, _) in worlds()) {
        for subject @ (of, at) in &subjects(&world) {
            let below = if at.patch > 0 { (at.minor, at.patch - 1) } else if at.minor > 0 { (at.minor - 1, 9) } else { continue };
            let decoy = format!("{}.{}.{}+decoy", at.major, below.0, below.1);
            let before = decide(&world, subject);
            let mut other = world.clone();
            let own = facts(&mut other, subject).releases.iter().find(|release| release.version == *at).cloned();
            let Some(ReleaseFacts { published: Some(published), publisher, sighting, .. }) = own else { continue };
            let mut verb = other.release(of.as_str(), &decoy, &(published - Span::hours(1)).to_string());
            verb.facts().publisher = publisher;
            if let Some(sighting) = sighting {
                let first_seen = (sighting.first_seen - Span::hours(1)).to_string();
                drop(verb.seen(&first_seen, sighting.lacked_at.map(|at| (at - Span::hours(1)).to_string()).as_deref()));
            }
            let after = decide(&other, subject);
            let was_lure = [Code::YankLure, Code::YankedAround].into_iter().find(|code| before.has(*code));
            prop_assert!(was_lure.is_none_or(|code| after.has(code)), "{}\n{}", show(&before), show(&after));
        }
    }

    /// Property 4: block codes win over everything but an exception that names them.
    #[test]
    fn block_codes_win((world, _) in worlds()) {
        for subject in subjects(&world) {
            let decision = decide(&world, &subject);
            let blocks: Vec<Code> =
                decision.reasons.iter().filter(|r| r.effect == Effect::Block).map(|r| r.code).collect();
            let (of, at) = &subject;
            let is_named = |code: &Code| {
                world.policy.exceptions.iter().any(|e| {
                    e.name == *of
                        && e.version == *at
                        && Some(e.digest) == decision.digest
                        && world.now <= e.until
                        && e.codes.contains(code)
                })
            };
            let expected = !blocks.iter().all(is_named);
            prop_assert_eq!(decision.verdict == Verdict::Block, expected, "{}", show(&decision));
        }
    }

    /// Property 5, of anybody: without all audits of somebody, no hold becomes admit, and what was admitted without them
    /// is judged as before.
    #[test]
    fn without_somebodys_statements_nothing_is_better((world, _) in worlds()) {
        for subject @ (_, at) in &subjects(&world) {
            let before = decide(&world, subject);
            for person in ["ann", "bob", "cat", "dan"] {
                let mut silent = world.clone();
                let is_about = |claim: &Claim| match claim {
                    Claim::Full(of) | Claim::Delta { to: of, .. } => of.version == *at,
                    Claim::Violation(_) | Claim::Remark(..) => false,
                };
                facts(&mut silent, subject).audits.retain(|a| !(is_about(&a.claim) && a.who.contains(&person)));
                let after = decide(&silent, subject);
                prop_assert!(after.verdict >= before.verdict, "{}\n{}", show(&before), show(&after));
                if !before.has(Code::Audited) && !before.has(Code::AuditedOnce) {
                    prop_assert_eq!(&after.verdict, &before.verdict);
                }
            }
            let mut silent = world.clone();
            facts(&mut silent, subject).windows.clear();
            let after = decide(&silent, subject);
            prop_assert!(after.verdict >= before.verdict, "{}\n{}", show(&before), show(&after));
        }
    }

    /// Property 6: each way in `clears`, applied exactly, admits at its time, and a pure wait not a second before.
    /// Ways are ordered wait, evidence, override; a hold with nothing but an override says so.
    #[test]
    fn ways_out_lead_out((world, _) in worlds()) {
        for subject @ (_, at) in &subjects(&world) {
            let decision = decide(&world, subject);
            prop_assert_eq!(decision.clears.is_empty(), decision.verdict == Verdict::Admit || decision.digest.is_none());
            let order: Vec<u8> = decision.clears.iter().map(rank).collect();
            prop_assert!(order.is_sorted(), "{}", show(&decision));
            let only_overrides = decision.verdict != Verdict::Admit && order.iter().all(|rank| *rank == 2);
            prop_assert_eq!(decision.is_no_way(), only_overrides);
            for way in &decision.clears {
                let mut then = world.clone();
                then.now = way.earliest;
                for need in &way.needs {
                    match need {
                        Need::Feed(feed) => {
                            let feed = then.feeds.iter_mut().find(|f| f.name == *feed).expect("it is asked for");
                            feed.as_of = Some(way.earliest);
                        }
                        Need::Audits(count) => {
                            let fresh = ["fresh one", "fresh two"].into_iter().take(*count);
                            let audits = fresh.map(|who| fresh_audit(at, who, way.earliest));
                            facts(&mut then, subject).audits.extend(audits);
                        }
                        Need::Quorum(approvers) => {
                            for by in approvers {
                                let approval = approval_by(&by.signer, &decision, way.earliest);
                                facts(&mut then, subject).statements.push(approval);
                            }
                        }
                        Need::Admitted { package, requirement } => admit(&mut then, package, requirement),
                        Need::Exception(codes) => pardon(&mut then, &decision, codes),
                    }
                }
                // A requirement that nothing can be said to meet admits nobody. And that a neighbour's exception will
                // have ended by then is the neighbour's affair.
                let ends = |e: &Exception| e.name != subject.0 && e.until < way.earliest;
                if way.needs.iter().any(is_unmeetable) || world.policy.exceptions.iter().any(ends) {
                    continue;
                }
                let after = decide(&then, subject);
                prop_assert_eq!(
                    after.verdict, Verdict::Admit,
                    "{}\nby {:?}\n{}", show(&decision), way, show(&after)
                );
                if way.is_wait() && way.earliest > world.now {
                    then.now = way.earliest - Span::seconds(1);
                    for feed in then.feeds.iter_mut().filter(|feed| way.needs.contains(&Need::Feed(feed.name.clone()))) {
                        feed.as_of = Some(then.now);
                    }
                    let too_early = decide(&then, subject);
                    prop_assert!(too_early.verdict != Verdict::Admit, "{}\n{}", show(&decision), show(&too_early));
                }
            }
        }
    }

    /// Property 3, of what is read: whatever more is found in a release never makes it better.
    #[test]
    fn findings_make_nothing_better((world, mut lots) in worlds()) {
        for subject @ (of, at) in &subjects(&world) {
            let before = decide(&world, subject);
            let mut read = world.clone();
            let base = before.base.as_ref().map(ToString::to_string);
            let digest = |at: &str| digest(&format!("{of} {at}"));
            let pair = Pair { release: digest(&at.to_string()), base: base.as_deref().map(digest) };
            let Some(Looked::Read(reading)) = world.readings.of(pair) else { continue };
            let mut more = reading.clone();
            match lots.below(4) {
                1 => more.capabilities.push("process".into()),
                2 => more.build_code = BuildCode::New,
                3 => more.copied.push(generated::copied()),
                _ => more.findings.push(generated::finding()),
            }
            read.read(of.as_str(), &at.to_string(), base.as_deref(), more);
            let after = decide(&read, subject);
            prop_assert!(after.verdict >= before.verdict, "{}\n{}", show(&before), show(&after));
        }
    }

    /// Property 7, of what is read: who has not read a release admits nothing that a reader holds, before the ceiling.
    #[test]
    fn what_nobody_read_is_admitted_no_sooner((world, _) in worlds()) {
        let mut unread = world.clone();
        unread.look_into_packages();
        if !world.readings.is_asked() {
            return Ok(());
        }
        for subject @ (of, at) in &subjects(&world) {
            let (before, after) = (decide(&world, subject), decide(&unread, subject));
            // Others that were read are no bases, and an audit answers what a reading asks.
            let ceiling = world.policy.wait.ceiling;
            let is_bounded = after.verdict != Verdict::Admit
                || before.verdict == Verdict::Admit
                || after.base != before.base
                || after.clock.age >= ceiling
                || matches!(after.grounds, Some(Grounds::FirstParty | Grounds::Baseline | Grounds::Exception))
                || world.policy.level == Level::Low
                || before.has(Code::NeedsHeld);
            prop_assert!(is_bounded, "{of} {at}\n{}\n{}", show(&before), show(&after));
        }
    }

    /// Property 7: making any feed absent or older never admits what was held.
    #[test]
    fn silent_feeds_admit_nothing((world, mut lots) in worlds()) {
        let silenced = lots.below(world.feeds.len());
        let mut silent = world.clone();
        let feed = &mut silent.feeds[silenced];
        match lots.pick(&[FeedState::Absent, FeedState::Stale, FeedState::Invalid]) {
            FeedState::Absent => (feed.state, feed.as_of) = (FeedState::Absent, None),
            state => {
                let older = Span::hours(1 + 30 * i64::try_from(lots.below(60)).expect("it is small"));
                (feed.state, feed.as_of) = (state, feed.as_of.map(|as_of| as_of - older));
            }
        }
        // What an absent feed would have said is not known either.
        let mut deaf = silent.clone();
        if deaf.feeds[1].as_of.is_none() {
            deaf.crates.values_mut().for_each(|facts| facts.advisories.clear());
        }
        for subject in subjects(&world) {
            let before = decide(&world, &subject);
            let after = decide(&silent, &subject);
            prop_assert!(
                before.verdict == Verdict::Admit || after.verdict != Verdict::Admit,
                "{}\n{}", show(&before), show(&after)
            );
            let after = decide(&deaf, &subject);
            // Who excuses the silence itself has taken what it hides upon himself.
            let is_excused = after.has(Code::Exception)
                && after.reason(Code::ClockStopped).is_some_and(|reason| !reason.stands);
            prop_assert!(
                before.verdict != Verdict::Hold || after.verdict != Verdict::Admit || is_excused,
                "{}\n{}", show(&before), show(&after)
            );
        }
    }

    /// Property 8: what a proxy admits, `check` under the same policy admits.
    #[test]
    fn what_a_proxy_admits_check_admits((world, _) in worlds()) {
        // A proxy: no baseline, no lockfile; every older admitted release is in use for the newer.
        let mut proxy = world.clone();
        proxy.baseline = Baseline::default();
        proxy.in_use.clear();
        // And a project whose lockfile and baseline name the bytes that the index names, as one has that fetched
        // them through the proxy. What its journal knows the project does not, where the index can tell it.
        let mut check = world.clone();
        for facts in check.crates.values_mut().filter(|facts| needs_no_journal(facts)) {
            facts.journalled = false;
            facts.releases.iter_mut().for_each(|release| release.sighting = None);
        }
        let named: BTreeMap<(CrateName, Version), _> = world
            .crates
            .values()
            .flat_map(|facts| facts.releases.iter().map(|r| ((facts.name.clone(), r.version.clone()), r.digest)))
            .collect();
        for entry in &mut check.baseline.entries {
            if let Some(digest) = named.get(&(entry.name.clone(), entry.version.clone())) {
                entry.digest = *digest;
            }
        }
        for (of, in_use) in &mut check.in_use {
            for in_use in in_use {
                let digest = named.get(&(of.clone(), in_use.version.clone()));
                in_use.checksum = digest.map_or(in_use.checksum, |digest| Checksum::Locked(*digest));
            }
        }
        for subject @ (of, at) in &subjects(&world) {
            let decision = decide(&proxy, subject);
            if decision.verdict != Verdict::Admit {
                continue;
            }
            // It can have served only what the index shows.
            if named.contains_key(subject) {
                let served = InUse { version: at.clone(), checksum: Checksum::NotAsked };
                proxy.in_use.entry(of.clone()).or_default().push(served);
            }
            let checked = decide(&check, subject);
            prop_assert_eq!(checked.verdict, Verdict::Admit, "{}\n{}", show(&decision), show(&checked));
        }
    }
}

/// Whether an index tells by itself all that a journal may know in favour of a crate's releases: nothing is yanked, nothing is
/// gone, and each has a publish time that had come when it was seen. docs/limitations.md lists the rest.
fn needs_no_journal(facts: &CrateFacts<'_>) -> bool {
    let is_told = |release: &ReleaseFacts<'_>| {
        let seen = release.sighting.as_deref();
        !release.yanked
            && seen.is_none_or(|seen| release.published <= Some(seen.first_seen))
            && release.published.is_some()
    };
    facts.gone.is_empty() && facts.releases.iter().all(is_told)
}

/// Where a way stands in their order: wait, evidence, override.
fn rank(way: &fence_model::decision::Way) -> u8 {
    match (way.is_override(), way.needs.iter().any(|need| matches!(need, Need::Audits(_) | Need::Quorum(_))))
    {
        (true, _) => 2,
        (false, true) => 1,
        (false, false) => 0,
    }
}

fn is_unmeetable(need: &Need) -> bool {
    matches!(need, Need::Admitted { requirement, .. } if VersionReq::parse(requirement).is_err())
}

/// Admits a release of `package` that meets the requirement, by exception: one of its own releases, or else one
/// that appears just now, which changes nothing about those before it.
fn admit(world: &mut World, package: &str, requirement: &str) {
    let Ok(wanted) = VersionReq::parse(requirement) else { return };
    let of: CrateName = package.parse().expect("it is a name");
    let shown =
        world.crates.get(&of).and_then(|facts| facts.releases.iter().find(|r| wanted.matches(&r.version)));
    let at = shown.map(|release| release.version.clone()).unwrap_or_else(|| {
        let at = ["1.9.9", "1.0.1", "2.9.9"].into_iter().find(|at| wanted.matches(&version(at)));
        let at = at.unwrap_or_else(|| panic!("no release meets {requirement}"));
        let now = world.now.to_string();
        world.release(package, at, &now);
        version(at)
    });
    let decision = decide(world, &(of, at));
    pardon(world, &decision, Code::ALL);
}

#[test]
fn worlds_reach_every_code_and_verdict() {
    let mut codes: BTreeMap<Code, usize> = BTreeMap::new();
    let mut verdicts: BTreeMap<Verdict, usize> = BTreeMap::new();
    let mut grounds: BTreeMap<Grounds, usize> = BTreeMap::new();
    let mut rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    for _ in 0..2_500 {
        let numbers =
            (0..1_200).map(|_| u8::try_from(rng.next_u32() % 256).expect("it is below 256")).collect();
        let world = generated::world(&mut Lots::new(numbers));
        for subject in subjects(&world) {
            let decision = decide(&world, &subject);
            *verdicts.entry(decision.verdict).or_default() += 1;
            decision.grounds.into_iter().for_each(|by| *grounds.entry(by).or_default() += 1);
            let mut found: Vec<Code> = decision.reasons.iter().map(|reason| reason.code).collect();
            found.sort();
            found.dedup();
            found.into_iter().for_each(|code| *codes.entry(code).or_default() += 1);
        }
    }
    println!("{verdicts:?}\n{grounds:?}\n{codes:#?}");
    for verdict in [Verdict::Admit, Verdict::Hold, Verdict::Block] {
        assert!(verdicts.get(&verdict).is_some_and(|count| *count > 300), "{verdict:?}: {verdicts:?}");
    }
    for by in [
        Grounds::Audited,
        Grounds::Quorum,
        Grounds::Age,
        Grounds::Fix,
        Grounds::FirstParty,
        Grounds::Baseline,
        Grounds::Exception,
    ] {
        assert!(grounds.get(&by).is_some_and(|count| *count >= 10), "{by:?}: {grounds:?}");
    }
    for code in Code::ALL.iter().filter(|code| later_work_fills_in(**code)) {
        assert_eq!(codes.get(code), None, "{code} rests on facts that nobody gathers");
    }
    for code in Code::ALL.iter().filter(|code| !later_work_fills_in(**code)) {
        assert!(codes.get(code).is_some_and(|count| *count >= 10), "{code} is hardly ever found: {codes:#?}");
    }
}

/// Codes that rest on facts which nobody gathers yet, or that the judgement of one release never gives.
fn later_work_fills_in(code: Code) -> bool {
    matches!(
        code,
        // Of sources that are no registries; see `fence_model::project`.
        Code::UnjudgedSource
    )
}
