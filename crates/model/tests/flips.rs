//! Every code counts: taking away the one fact that it rests on flips the verdict, or, for what is only said,
//! takes the reason away.

use fence_model::facts::{Account, AdvisoryKind, Birth, DependencyKind, FeedState, Publisher, Remark};
use fence_model::judge::{Checksum, InUse, Treatment};
use fence_model::policy::BaselineEntry;
use fence_model::project::{Judged, Origin};
use fence_model::readings::{BuildCode, Copied, Finding, Looked, Pair, Reading};
use fence_model::{Code, CodeClass, Level, Span, Verdict};
use fence_testkit::people::{maintainer, maintainers, person};
use fence_testkit::world::{World, digest, name, show, time, version};

/// One fact: the code that rests on it, a world with it, and the same world without.
struct Flip {
    code: Code,
    what: &'static str,
    with: World,
    without: World,
}

/// What every case is about.
const OF: &str = "tidy";
const AT: &str = "1.0.1";

/// A crate with a release of early in the year, and the one to judge, published `published`.
fn tidy(published: &str) -> World {
    let mut world = World::at("2026-08-20T12:00:00Z");
    world.release(OF, "1.0.0", "2026-01-01");
    world.release(OF, AT, published);
    world
}

/// Adds a fact to a world.
fn flip(code: Code, what: &'static str, without: World, add: impl FnOnce(&mut World)) -> Flip {
    let mut with = without.clone();
    add(&mut with);
    Flip { code, what, with, without }
}

fn blocks() -> Vec<Flip> {
    let old = || tidy("2026-05-01");
    let advisory = |world: &mut World| {
        world.advisory("RUSTSEC-2026-0001", OF, AdvisoryKind::Malicious, "2026-05-02", None);
    };
    let mut withdrawn = old();
    advisory(&mut withdrawn);
    withdrawn.krate(OF).advisories[0].withdrawn = Some(time("2026-05-03"));
    let other = digest("other bytes");
    let mut gone = World::at("2026-08-20T12:00:00Z");
    gone.release(OF, "1.0.0", "2026-01-01");
    gone.lock(OF, AT, &[]);
    gone.vanished(OF, AT, "2026-05-01", "2026-08-01T12:00:00Z", "2026-08-01T12:04:59Z");
    let mut seen = old();
    seen.edit(OF, AT).seen("2026-05-02", None);
    let mut locked = old();
    locked.lock(OF, AT, &[]);
    let mut recorded = old();
    recorded.baseline(OF, AT, "2026-06-01");
    let checksum = |checksum| {
        move |world: &mut World| {
            world.in_use.insert(name(OF), vec![InUse { version: version(AT), checksum }]);
        }
    };
    vec![
        flip(Code::Malicious, "an advisory", old(), advisory),
        flip(Code::Malicious, "that it was not withdrawn", withdrawn, |world| {
            world.krate(OF).advisories[0].withdrawn = None;
        }),
        flip(Code::Violation, "a violation", old(), |world| {
            world.violation("mozilla", OF, "=1.0.1", "2026-06-01");
        }),
        flip(Code::Deleted, "a second read that lacks it", gone, |world| {
            world.krate(OF).gone[0].still_gone_at = time("2026-08-01T12:05:00Z");
        }),
        flip(Code::ChecksumChanged, "that the journal saw other bytes", seen, move |world| {
            let release = &mut world.krate(OF).releases[1];
            release.sighting.as_deref_mut().expect("it was seen").first_digest = other;
        }),
        flip(
            Code::ChecksumChanged,
            "that the journal saw other bytes before it vanished",
            old(),
            move |world| {
                world.vanished(OF, AT, "2025-01-01", "2025-02-01", "2025-02-02");
                world.krate(OF).gone[0].digest = other;
            },
        ),
        flip(
            Code::ChecksumChanged,
            "that other bytes are locked",
            locked.clone(),
            checksum(Checksum::Locked(other)),
        ),
        flip(Code::ChecksumChanged, "that no bytes are locked", locked, checksum(Checksum::Missing)),
        flip(Code::ChecksumChanged, "that the baseline has other bytes", recorded, move |world| {
            world.baseline.entries =
                vec![BaselineEntry { digest: other, ..world.baseline.entries[0].clone() }];
        }),
        flip(Code::ChecksumChanged, "a second line with other bytes", old(), move |world| {
            world.release(OF, AT, "2026-05-01").facts().digest = other;
        }),
        flip(Code::ChecksumChanged, "a second line with another dependency", old(), |world| {
            world.release("core", "1.0.0", "2015-01-01");
            world.release(OF, AT, "2026-05-01").needs("core", "^1");
        }),
    ]
}

fn conditions() -> Vec<Flip> {
    let mut locked = tidy("2026-08-15");
    locked.lock(OF, "1.0.0", &[]);
    let mut audited = tidy("2026-08-15");
    audited.full_audit("mozilla", OF, AT, "2026-08-16");
    audited.full_audit("google", OF, AT, "2026-08-16");
    vec![
        flip(Code::Young, "that it is of this week", tidy("2026-08-10"), |world| {
            world.krate(OF).releases[1].published = Some(time("2026-08-15"));
        }),
        flip(Code::Young, "that nobody knows since when it is there", tidy("2026-08-10"), |world| {
            world.krate(OF).releases[1].published = None;
        }),
        flip(Code::Unaudited, "that level high is asked for", tidy("2026-05-01"), |world| {
            world.policy.level = Level::High;
        }),
        flip(Code::NeedsHeld, "that what it needs is held", two_crates("2026-01-01"), |world| {
            world.krate("core").releases[1].published = Some(time("2026-08-19"));
        }),
        flip(Code::HeldFix, "that the release in use is vulnerable", locked, |world| {
            world.advisory("RUSTSEC-2026-0001", OF, AdvisoryKind::Vulnerability, "2026-08-01", Some("1.0.1"));
        }),
        flip(Code::ClockStopped, "that a feed has not seen it", audited.clone(), |world| {
            (world.feeds[1].state, world.feeds[1].as_of) = (FeedState::Stale, Some(time("2026-08-14")));
        }),
        flip(Code::ClockStopped, "that a feed was never read", audited, |world| {
            (world.feeds[0].state, world.feeds[0].as_of) = (FeedState::Absent, None);
        }),
    ]
}

/// tidy 1.0.1 needs core 1.0.1 and nothing else; tidy 1.0.0 needs core 1.0.0.
fn two_crates(published: &str) -> World {
    let mut world = tidy("2026-05-01");
    world.release("core", "1.0.0", "2015-01-01");
    world.release("core", "1.0.1", published);
    world.edit(OF, "1.0.0").needs("core", "=1.0.0");
    world.edit(OF, AT).needs("core", "=1.0.1");
    world
}

fn against() -> Vec<Flip> {
    let old = || tidy("2026-05-01");
    let mut with_old = tidy("2026-08-10");
    with_old.release("old", "1.0.0", "2015-01-01");
    let mut with_young = tidy("2026-07-01");
    with_young.release("fresh", "1.0.0", "2026-06-30");
    let mut unread = old();
    unread.edit(OF, AT).depends("somewhere", "^1", DependencyKind::Normal, true).of_birth(Birth::Unread);
    let mut with_look_alike = old();
    with_look_alike.release("alphabets", "1.0.0", "2026-01-01");
    with_look_alike.edit(OF, AT).needs("alphabets", "^1");
    let mut imitating = World::at("2026-08-20T12:00:00Z");
    imitating.release(OF, "1.0.0", "2026-03-01");
    imitating.release(OF, AT, "2026-04-01");
    let mut lured = tidy("2026-07-01");
    lured.release(OF, "0.9.0", "2025-12-01");
    for at in ["1.0.0", "1.0.1"] {
        lured.edit(OF, at).seen("2026-07-01T12:00:00Z", None);
    }
    let mut lure = World::at("2026-08-20T12:00:00Z");
    for (at, published) in [("0.9.9", "2026-01-01"), ("1.0.0-rc.1", "2026-01-02"), (AT, "2026-07-10")] {
        lure.release(OF, at, published)
            .seen(if at == AT { "2026-07-10T12:10:00Z" } else { "2026-06-01" }, None);
    }
    for at in ["1.0.0", "1.0.0+again"] {
        lure.release(OF, at, "2026-02-01").seen("2026-06-01", None);
    }
    let yanked = |world: &mut World, seen: bool| {
        for at in ["1.0.0", "1.0.0+again"] {
            let verb = world.edit(OF, at);
            if seen {
                verb.seen_yanked("2026-07-10T13:00:00Z", None)
            } else {
                verb.yanked()
            };
        }
    };
    let mut around = World::at("2026-08-20T12:00:00Z");
    for (at, published) in [("1.0.0", "2026-01-01"), ("1.0.0+again", "2026-02-01"), (AT, "2026-08-10")] {
        around.release(OF, at, published);
    }
    let mut journalled = old();
    journalled.edit(OF, AT).seen("2026-08-01", None);
    let mut locked = World::at("2026-08-20T12:00:00Z");
    locked.release(OF, "1.0.0", "2026-01-01");
    locked.release(OF, AT, "2026-05-01");
    locked.lock(OF, AT, &[]);
    let missing = Flip {
        code: Code::Missing,
        what: "that the index lacks it",
        with: {
            let mut with = locked.clone();
            with.krate(OF).releases.pop();
            with
        },
        without: locked,
    };
    vec![
        flip(Code::Dormant, "that the crate was silent", tidy("2026-08-10"), |world| {
            world.krate(OF).releases[0].published = Some(time("2025-01-01"));
        }),
        flip(Code::NewDependency, "a dependency", with_old.clone(), |world| {
            world.edit(OF, AT).needs("old", "^1");
        }),
        flip(Code::NewDependency, "an optional build dependency", with_old, |world| {
            world.edit(OF, AT).depends("old", "^1", DependencyKind::Build, true);
        }),
        flip(Code::YoungDependency, "a dependency of yesterday", with_young, |world| {
            world.edit(OF, AT).needs("fresh", "^1");
        }),
        flip(Code::YoungDependency, "a dependency that does not exist", old(), |world| {
            world.edit(OF, AT).depends("nowhere", "^1", DependencyKind::Normal, true);
        }),
        flip(Code::YoungDependency, "that nobody could tell how old a dependency is", unread, |world| {
            world.edit(OF, AT).of_birth(Birth::Untold);
        }),
        flip(Code::YoungDependency, "a dependency with a name like another's", with_look_alike, |world| {
            world.known_names("alphabet\t2015-01-01\t5000\n");
        }),
        flip(Code::YankLure, "yanks of the good releases around it", lure, |world| yanked(world, true)),
        flip(Code::YankedAround, "yanks of the good releases at some time", around, |world| {
            yanked(world, false);
        }),
        flip(Code::LookAlike, "a better-known crate", imitating, |world| {
            world.known_names("tidyy\t2015-01-01\t5000\n");
        }),
        flip(Code::NewCrate, "that the crate is young", tidy("2026-08-10"), |world| {
            world.krate(OF).releases[0].published = Some(time("2026-06-01"));
        }),
        flip(Code::AfterTakeover, "an advisory of before", old(), |world| {
            world.advisory("RUSTSEC-2026-0001", OF, AdvisoryKind::Malicious, "2026-04-01", None);
        }),
        flip(Code::Backdated, "a read that lacked it after it claims to be published", journalled, |world| {
            let release = &mut world.krate(OF).releases[1];
            release.sighting.as_deref_mut().expect("it was seen").lacked_at = Some(time("2026-05-02"));
        }),
        flip(Code::Unyanked, "a yank of days before it was ever admitted", lured, |world| {
            world.edit(OF, AT).seen_yanked("2026-07-02T12:00:00Z", Some("2026-07-05T12:00:00Z"));
        }),
        flip(Code::Reincarnated, "that all earlier releases vanished", old(), |world| {
            world.vanished(OF, "0.9.0", "2025-01-01", "2025-02-01", "2025-02-02");
        }),
        missing,
        flip(
            Code::ForeignRegistry,
            "that it is of a registry that the policy does not name",
            old(),
            |world| {
                world.treatment.insert(name(OF), Treatment::Foreign("sparse+https://other.example/"));
            },
        ),
    ]
}

fn in_favour() -> Vec<Flip> {
    let young = || tidy("2026-08-16");
    let mut audited_once = tidy("2026-08-20T11:00:00Z");
    audited_once.full_audit("mozilla", OF, AT, "2026-08-20T11:30:00Z");
    let mut carrying = World::at("2026-08-20T12:00:00Z");
    carrying.release("core", "1.0.0", "2026-01-01");
    carrying.release("core", "1.0.1", "2026-08-12");
    carrying.release(OF, "1.0.0", "2026-02-01").needs("core", "^1");
    carrying.release(OF, AT, "2026-08-16").needs("core", "^1.0.1");
    let mut published = young();
    published.edit(OF, AT).by_user(7);
    vec![
        flip(Code::Audited, "a second audit", audited_once, |world| {
            world.full_audit("google", OF, AT, "2026-08-20T11:30:00Z");
        }),
        flip(Code::AuditedOnce, "an audit", tidy("2026-08-20T06:00:00Z"), |world| {
            world.full_audit("mozilla", OF, AT, "2026-08-20T11:30:00Z");
        }),
        flip(Code::FixesAdvisory, "an advisory on its base", tidy("2026-08-19T12:00:00Z"), |world| {
            world.advisory("RUSTSEC-2026-0001", OF, AdvisoryKind::Vulnerability, "2026-08-18", Some("1.0.1"));
        }),
        flip(Code::CarriesFix, "an advisory on what its base needs", carrying, |world| {
            world.advisory(
                "RUSTSEC-2026-0001",
                "core",
                AdvisoryKind::Vulnerability,
                "2026-08-12",
                Some("1.0.1"),
            );
        }),
        flip(Code::KnownPublisher, "a window", published, |world| {
            world.window("mozilla", OF, 7, "2020-01-01", "2027-01-01");
        }),
        flip(Code::Baseline, "an entry of the baseline", young(), |world| {
            world.baseline(OF, AT, "2026-08-17");
        }),
        flip(Code::Baseline, "an entry of the baseline that was young then", young(), |world| {
            world.young_baseline(OF, AT, "2026-08-17");
        }),
        flip(Code::Exception, "an exception", young(), |world| {
            world.except(OF, AT, &[Code::Young], world.now);
        }),
        flip(Code::FirstParty, "that it is one's own", young(), |world| {
            world.treatment.insert(name(OF), Treatment::FirstParty("sparse+https://own.example/"));
        }),
    ]
}

fn warnings() -> Vec<Flip> {
    let old = || tidy("2026-05-01");
    let advised =
        |kind| move |world: &mut World| world.advisory("RUSTSEC-2026-0001", OF, kind, "2026-06-01", None);
    let withdrawn = |kind| {
        let mut world = old();
        advised(kind)(&mut world);
        world.krate(OF).advisories[0].withdrawn = Some(time("2026-07-01"));
        world
    };
    let stands = |world: &mut World| world.krate(OF).advisories[0].withdrawn = None;
    let kinds = [
        (Code::Vulnerable, AdvisoryKind::Vulnerability),
        (Code::Unsound, AdvisoryKind::Unsound),
        (Code::Unmaintained, AdvisoryKind::Unmaintained),
        (Code::Notice, AdvisoryKind::Notice),
    ];
    let mut flips = vec![flip(Code::Yanked, "a yank", old(), |world| drop(world.edit(OF, AT).yanked()))];
    let remarked = |remark| move |world: &mut World| world.remark("ann", OF, AT, remark, "2026-07-01");
    let remarks = [
        (Code::Disliked, Remark::Negative),
        (Code::MachineReviewed, Remark::MachineReviewed),
        (Code::MachineReviewed, Remark::MachineWarned),
    ];
    flips.extend(remarks.map(|(code, remark)| flip(code, "a review", old(), remarked(remark))));
    for (code, kind) in kinds {
        flips.push(flip(code, "an advisory", old(), advised(kind)));
        flips.push(flip(code, "that it was not withdrawn", withdrawn(kind), stands));
    }
    flips
}

/// What was read in packages.
fn readings() -> Vec<Flip> {
    let looked_into = |published: &str| {
        let mut world = tidy(published);
        world.look_into_packages();
        world
    };
    let read = |reading: Reading| {
        let mut plain = looked_into("2026-08-10");
        plain.read(OF, AT, Some("1.0.0"), Reading::default());
        (plain, move |world: &mut World| world.readings.add(pair(), Looked::Read(reading)))
    };
    let finding =
        Finding { code: "fetch-and-run".into(), severity: "high".into(), place: "build.rs:1".into() };
    let copied = Copied { name: "neat".into(), version: "1.0.0".into(), of_known: 94, of_new: 88 };
    let gains = [
        (Code::NewCapability, Reading { capabilities: vec!["net".into()], ..Reading::default() }),
        (Code::NewBuildCode, Reading { build_code: BuildCode::New, ..Reading::default() }),
        (Code::UnreviewedFinding, Reading { findings: vec![finding.clone()], ..Reading::default() }),
        (
            Code::LesserFinding,
            Reading {
                findings: vec![Finding { severity: "medium".into(), ..finding }],
                ..Reading::default()
            },
        ),
        (Code::Clone, Reading { copied: vec![copied], ..Reading::default() }),
    ];
    let mut flips: Vec<Flip> = gains
        .into_iter()
        .map(|(code, reading)| {
            let (without, add) = read(reading);
            flip(code, "a reading", without, add)
        })
        .collect();
    let mut young = looked_into("2026-08-16");
    young.read(OF, AT, Some("1.0.0"), Reading::default());
    flips.push(flip(Code::UnchangedCode, "a reading", young, |world| {
        world.readings.add(pair(), Looked::Read(Reading { unchanged: true, ..Reading::default() }));
    }));
    flips.push(flip(Code::Unscanned, "that somebody looks", tidy("2026-08-10"), World::look_into_packages));
    flips
}

/// What people do and say.
fn people() -> Vec<Flip> {
    let heard = |published: &str| {
        let mut world = tidy(published);
        world.edit(OF, AT).heard_by(maintainers(16));
        world.owner(OF, Account::User(1), "2020-01-01");
        world
    };
    let by = |publisher| move |world: &mut World| world.edit(OF, AT).facts().publisher = Some(publisher);
    let mut ours = tidy("2026-08-12");
    ours.edit(OF, "1.0.0").by_user(1);
    by(Publisher::User(1))(&mut ours);
    let history = |publisher: Publisher<'static>| {
        let mut world = tidy("2026-08-16");
        for (at, published) in [("0.8.0", "2025-10-01"), ("0.9.0", "2025-11-01")] {
            world.release(OF, at, published);
        }
        for release in
            world.krate(OF).releases.iter_mut().filter(|release| release.version != version("1.0.0"))
        {
            release.publisher = Some(publisher);
        }
        (world, move |world: &mut World| world.edit(OF, "1.0.0").facts().publisher = Some(publisher))
    };
    let (by_hand, third_by_hand) = history(Publisher::User(1));
    let (by_ci, third_by_ci) = history(Publisher::Ci("github:tidy/tidy"));
    let mut approved = heard("2026-08-18");
    for number in 0..4 {
        approved.approve(&maintainer(number), OF, AT, "2026-08-19");
    }
    let object = |known: &'static str| {
        move |world: &mut World| {
            world.object(&maintainer(0), OF, AT, known);
        }
    };
    let mut once = heard("2026-05-01");
    once.object(&maintainer(0), OF, AT, "2026-05-02");
    vec![
        flip(Code::Revoked, "a revocation", heard("2026-05-01"), |world| {
            world.revoke("SHA256:one", OF, AT, "2026-06-01");
        }),
        flip(Code::Objected, "an objection of the owner", heard("2026-05-01"), |world| {
            world.object(&person("owner", 1), OF, AT, "2026-06-01");
        }),
        flip(Code::Objected, "a second objection", once, |world| {
            world.object(&maintainer(1), OF, AT, "2026-05-03");
        }),
        flip(Code::NewPublisher, "another account", ours, by(Publisher::User(2))),
        flip(Code::KnownPublisher, "a third release", by_hand, third_by_hand),
        flip(Code::CiKnown, "a third release", by_ci, third_by_ci),
        flip(Code::Quorum, "a fifth approval", approved, |world| {
            world.approve(&maintainer(4), OF, AT, "2026-08-19");
        }),
        flip(Code::Objection, "an objection", heard("2026-08-12"), object("2026-08-18")),
        flip(Code::LateObjection, "an objection", heard("2026-05-01"), object("2026-08-18")),
        flip(Code::ObjectionNoted, "an objection", heard("2026-05-01"), object("2026-05-02")),
    ]
}

/// The release to judge, beside the one before it.
fn pair() -> Pair {
    Pair { release: digest("tidy 1.0.1"), base: Some(digest("tidy 1.0.0")) }
}

fn all() -> impl Iterator<Item = Flip> {
    [blocks(), conditions(), against(), in_favour(), readings(), warnings(), people()].into_iter().flatten()
}

#[test]
fn every_reason_counts() {
    for Flip { code, what, with, without } in all() {
        let (with, without) = (with.decide(OF, AT), without.decide(OF, AT));
        let told = format!("{code}, {what}\n{}\n{}", show(&with), show(&without));
        assert!(with.reason(code).is_some_and(|reason| reason.stands), "{told}");
        assert!(!without.has(code), "{told}");
        match code.class() {
            // Nothing but this one fact is in the way.
            CodeClass::Block => assert_eq!(with.verdict, Verdict::Block, "{told}"),
            CodeClass::Against | CodeClass::Condition if code != Code::HeldFix => {
                assert_eq!((with.verdict, without.verdict), (Verdict::Hold, Verdict::Admit), "{told}");
            }
            CodeClass::For => {
                assert_eq!((with.verdict, without.verdict), (Verdict::Admit, Verdict::Hold), "{told}");
            }
            CodeClass::Warning | CodeClass::Against | CodeClass::Condition => {
                assert_eq!(with.verdict, without.verdict, "{told}");
            }
        }
        assert!(code.class() != CodeClass::Block || without.verdict < Verdict::Block, "{told}");
    }
}

#[test]
fn every_code_has_its_flip() {
    let flipped: Vec<Code> = all().map(|flip| flip.code).collect();
    for code in Code::ALL {
        // Of sources that are no registries; the test below is its flip.
        let is_flipped = flipped.contains(code) || *code == Code::UnjudgedSource;
        assert!(is_flipped, "{code}");
    }
}

/// Where a project takes a package from, and what becomes of it under a policy.
fn judge_source(level: Level, origin: Origin, allow: bool) -> Option<Verdict> {
    let mut world = World::at("2026-08-20T12:00:00Z").level(level);
    if let (true, Origin::Git { url, revision }) = (allow, &origin) {
        let (git, rev) = (url.clone(), revision.clone());
        world.policy.sources.push(fence_model::policy::AllowedSource { git, rev });
    }
    world.lock_from(OF, AT, origin);
    match world.report().packages.remove(0) {
        Judged::Unjudged { reason, verdict } => {
            assert_eq!(reason.code, Code::UnjudgedSource);
            assert_eq!(reason.stands, verdict == Verdict::Hold);
            Some(verdict)
        }
        Judged::Own => None,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_source_that_cannot_be_judged_is_held_unless_the_policy_names_it() {
    let git = || Origin::Git { url: "https://git.example/tidy".into(), revision: "a".repeat(40) };
    let other = || Origin::Other("sftp://files.example/tidy".into());
    for level in [Level::Medium, Level::High] {
        assert_eq!(judge_source(level, git(), false), Some(Verdict::Hold), "{level}");
        assert_eq!(judge_source(level, git(), true), Some(Verdict::Admit), "{level}");
        assert_eq!(judge_source(level, other(), false), Some(Verdict::Hold), "{level}");
    }
    assert_eq!(judge_source(Level::Low, git(), false), Some(Verdict::Admit));
    assert_eq!(judge_source(Level::High, Origin::Path, false), None);
}

/// Whether a release of `age` with one reason against it is admitted, at each level.
#[test]
fn levels_ask_for_what_the_table_says() {
    let held = |level: Level, code: Code, age: Span| {
        let flip = against().into_iter().find(|flip| flip.code == code).expect("it has a flip");
        let world = flip.with.level(level);
        let opened = world.decide(OF, AT).clock.opened.expect("it is in the open");
        world.at_time(opened + age).decide(OF, AT).verdict == Verdict::Hold
    };
    let days = |n| Span::days(n);
    let until = |level, code, span: Span| {
        held(level, code, Span::seconds(span.as_seconds() - 1)) && !held(level, code, span)
    };
    for code in [Code::Dormant, Code::NewDependency] {
        assert!(until(Level::Low, code, days(6)), "{code}");
        assert!(until(Level::Medium, code, days(14)), "{code}");
    }
    for code in [Code::YoungDependency, Code::YankLure, Code::LookAlike] {
        assert!(until(Level::Low, code, days(30)), "{code}");
        // The dependency is a day older than the release, and young for 90 days.
        if code == Code::YoungDependency {
            assert!(until(Level::Medium, code, days(89)), "{code}");
        } else {
            assert!(held(Level::Medium, code, days(10_000)), "{code}");
        }
    }
    for code in [Code::AfterTakeover, Code::Backdated, Code::Unyanked, Code::Reincarnated] {
        assert!(held(Level::Low, code, days(10_000)), "{code}");
        assert!(held(Level::Medium, code, days(10_000)), "{code}");
    }
}
