//! Worlds made up from lots: crates with releases, dependencies, yanks, journals, advisories, audits, windows,
//! deletions and lines that contradict each other; policies, exceptions, baselines, feeds and moments.
//!
//! A world is read off a list of numbers, and a number of zero always picks the plainest choice. So proptest, which
//! knows nothing of worlds, shrinks a failing one to the few things that matter.

use std::sync::Arc;

use fence_model::code::GENERATION;
use fence_model::facts::{
    Account, Advisory, AdvisoryKind, Audit, AuditedVersion, Birth, Bound, Claim, CrateFacts, Dependency,
    DependencyKind, FeedState, Gone, Identity, Maintainer, Owner, Publisher, Range, Reader, ReleaseFacts,
    Remark, RestsOn, Says, Sighting, Statement, Window, Yank,
};
use fence_model::judge::{Checksum, InUse, Treatment};
use fence_model::policy::{Baseline, BaselineEntry, Exception, Standing};
use fence_model::readings::{BuildCode, Copied, Finding, Looked, Reading};
use fence_model::{Code, CodeClass, CrateName, Digest, Effect, Level, Span, Time};
use fence_testkit::people::{maintainer, maintainers, member, person};
use fence_testkit::world::{World, digest, name, time, version};
use proptest::prelude::*;
use semver::{Version, VersionReq};

/// The crates of a world. The last is a letter more than a well-known one; `nowhere` is in no index.
pub(crate) const CRATES: [&str; 4] = ["tidy", "core", "extra", "alphabets"];
const NAMES: &str = "alphabet\t2015-01-01\t5000\n";
const VERSIONS: [&str; 8] =
    ["1.0.0", "1.0.1", "1.0.2", "1.1.0", "0.9.0", "2.0.0", "1.2.0-rc.1", "1.0.1+rebuilt"];
const ORIGINS: [&str; 4] = ["mozilla", "google", "zcash", "fermyon"];
const PEOPLE: [&str; 4] = ["ann", "bob", "cat", "dan"];
/// Some are ids of the others, some of nobody's.
const ALIASES: [&str; 4] = ["RUSTSEC-2026-0001", "RUSTSEC-2026-0002", "CVE-2026-1", "CVE-2026-2"];
const IDS: [&str; 3] = ["RUSTSEC-2026-0001", "RUSTSEC-2026-0002", "RUSTSEC-2026-0003"];

/// Numbers from which choices are read; zeros when they have run out.
#[derive(Clone)]
pub(crate) struct Lots(std::vec::IntoIter<u8>);

impl std::fmt::Debug for Lots {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} lots", self.0.len())
    }
}

impl Lots {
    pub(crate) fn new(numbers: Vec<u8>) -> Self {
        Self(numbers.into_iter())
    }

    fn draw(&mut self) -> usize {
        self.0.next().map_or(0, usize::from)
    }

    /// One of these, the first being the plainest.
    pub(crate) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.draw() % from.len()].clone()
    }

    /// A number below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.draw() % n
    }

    /// Whether something that happens once in `n` times happens.
    pub(crate) fn once_in(&mut self, n: usize) -> bool {
        self.draw() % n == n - 1
    }
}

/// A world, and lots left over for what a test does to it.
pub(crate) fn worlds() -> impl Strategy<Value = (World, Lots)> {
    prop::collection::vec(any::<u8>(), 0..1_400).prop_map(|numbers| {
        let mut lots = Lots::new(numbers);
        let world = world(&mut lots);
        (world, lots)
    })
}

/// Reads a world off lots.
pub(crate) fn world(lots: &mut Lots) -> World {
    let mut world =
        World::at("2026-08-20T12:00:00Z").level(lots.pick(&[Level::Medium, Level::Low, Level::High]));
    world.known_names(NAMES);
    for of in CRATES.into_iter().take(1 + lots.below(CRATES.len())) {
        let facts = krate(lots, of, world.now);
        world.crates.insert(name(of), facts);
    }
    story(lots, &mut world);
    policy(lots, &mut world);
    project(lots, &mut world);
    for feed in &mut world.feeds {
        let (state, age) = lots.pick(&[
            (FeedState::Current, Some(Span::ZERO)),
            (FeedState::Current, Some(Span::ZERO)),
            (FeedState::Current, Some(Span::ZERO)),
            (FeedState::Current, Some(Span::ZERO)),
            (FeedState::Current, Some(Span::ZERO)),
            (FeedState::Current, Some(Span::ZERO)),
            (FeedState::Current, Some(Span::ZERO)),
            (FeedState::Current, Some(Span::ZERO)),
            (FeedState::Stale, Some(Span::hours(5))),
            (FeedState::Stale, Some(Span::days(9))),
            (FeedState::Invalid, Some(Span::days(60))),
            (FeedState::Absent, None),
        ]);
        (feed.state, feed.as_of) = (state, age.map(|age| world.now - age));
    }
    if lots.once_in(2) {
        readings(lots, &mut world);
    }
    world
}

/// Somebody looks into packages, and has read some of them beside others.
fn readings(lots: &mut Lots, world: &mut World) {
    world.look_into_packages();
    let releases =
        |facts: &CrateFacts<'_>| facts.releases.iter().map(|r| r.version.clone()).collect::<Vec<_>>();
    let crates: Vec<_> = world.crates.iter().map(|(of, facts)| (of.clone(), releases(facts))).collect();
    for (of, versions) in &crates {
        for at in versions {
            let bases = versions.iter().filter(|base| *base < at).map(ToString::to_string).map(Some);
            for base in bases.chain([None]).filter(|_| !lots.once_in(3)).collect::<Vec<_>>() {
                let looked = looked(lots);
                world.looked(of.as_str(), &at.to_string(), base.as_deref(), looked);
            }
        }
    }
}

/// What came of looking at a release.
fn looked(lots: &mut Lots) -> Looked {
    let mut reading = Reading::default();
    match lots.below(10) {
        3 => return Looked::InVain("there is no network".into()),
        4 => reading.unchanged = true,
        5 => reading.capabilities = vec!["net".into()],
        6 => {
            reading.build_code =
                lots.pick(&[BuildCode::New, BuildCode::Acts(vec!["main in build.rs".into()])]);
        }
        7 => {
            let severity = lots.pick(&["medium", "high"]).into();
            reading.findings = vec![Finding { severity, ..finding() }];
        }
        8 => reading.copied = vec![copied()],
        9 => reading.incomplete = true,
        _ => {}
    }
    Looked::Read(reading)
}

/// A better-known crate whose code this is.
pub(crate) fn copied() -> Copied {
    Copied { name: "alphabet".into(), version: "1.2.3".into(), of_known: 97, of_new: 92 }
}

/// A finding that asks for a reviewer.
pub(crate) fn finding() -> Finding {
    Finding { code: "fetch-and-run".into(), severity: "high".into(), place: "build.rs:12".into() }
}

/// Things that hardly ever come about by lot alone; what else was drawn for the crates stays.
fn story(lots: &mut Lots, world: &mut World) {
    let days = |days: usize| now() - Span::days(i64::try_from(days).expect("it is small"));
    let known = lots.pick(&[days(1), days(3), days(20)]);
    match lots.below(16) {
        8..=10 => quorum_story(lots, world),
        11 => chain_story(lots, world),
        12 => {
            for (key, ago) in [("SHA256:one", 2), ("SHA256:two", 1)] {
                world.revoke(key, "tidy", VERSIONS[lots.below(2)], &days(ago).to_string());
            }
        }
        13 | 14 => {
            // CI of one repository, for long.
            *world.krate("tidy") = CrateFacts::unknown(name("tidy"));
            for (at, age) in [("0.9.0", 900), ("1.0.0", 600), ("1.0.1", 300), ("1.0.2", lots.below(9))] {
                world.release("tidy", at, &days(age).to_string()).by_ci("github:tidy/tidy");
            }
        }
        4 => {
            // Two who do not know each other vouch for whatever there is.
            let versions: Vec<Version> =
                world.krate("tidy").releases.iter().map(|r| r.version.clone()).collect();
            for at in versions {
                for origin in [ORIGINS[2], ORIGINS[3]] {
                    world.full_audit(origin, "tidy", &at.to_string(), &now().to_string());
                }
            }
        }
        5 => {
            // A thief yanks what is good around a release of his own.
            *world.krate("tidy") = CrateFacts::unknown(name("tidy"));
            for (at, age) in [("1.0.0", 900), ("1.0.1", 600), ("1.0.2", 500)] {
                let published = days(age);
                let mut verb =
                    world.release("tidy", at, &published.to_string()).seen(&published.to_string(), None);
                yank(verb.facts(), days(2) + Span::hours(3));
            }
            let published = days(2).to_string();
            world.release("tidy", "1.1.0", &published).seen(&published, None);
        }
        6 => {
            *world.krate("tidy") = CrateFacts::unknown(name("tidy"));
            world.release("tidy", "1.0.0", &days(900).to_string());
            world.release("tidy", "1.0.1", &days(2 + lots.below(8)).to_string());
            world.advisory(IDS[0], "tidy", AdvisoryKind::Vulnerability, &known.to_string(), Some("1.0.1"));
        }
        7 => {
            for of in ["tidy", "core"] {
                *world.krate(of) = CrateFacts::unknown(name(of));
            }
            world.release("core", "1.0.0", &days(900).to_string());
            world.release("core", "1.0.1", &days(4).to_string());
            world.advisory(IDS[0], "core", AdvisoryKind::Vulnerability, &known.to_string(), Some("1.0.1"));
            world.release("tidy", "1.0.0", &days(900).to_string()).needs("core", "^1");
            world.release("tidy", "1.0.1", &days(4 - lots.below(4)).to_string()).needs("core", "^1.0.1");
        }
        _ => {}
    }
}

/// A release of a crate that has a history, in the hands of those who maintain what depends on it.
fn quorum_story(lots: &mut Lots, world: &mut World) {
    let days = |days: usize| now() - Span::days(i64::try_from(days).expect("it is small"));
    *world.krate("tidy") = CrateFacts::unknown(name("tidy"));
    for (at, age) in [("1.0.0", 900), ("1.0.1", 600), ("1.0.2", 300)] {
        world.release("tidy", at, &days(age).to_string()).by_user(1);
    }
    let age = lots.pick(&[5, 1, 2, 9, 12]);
    let by = lots.pick(&[1, 2, 101]);
    world.release("tidy", "1.1.0", &days(age).to_string()).by_user(by).heard_by(maintainers(12));
    world.krate("tidy").publishers_told = true;
    world.owner("tidy", Account::User(1), "2020-01-01");
    for number in 0..lots.pick(&[3, 4, 5, 2, 0]) {
        world.approve(&maintainer(number), "tidy", "1.1.0", &days(lots.below(age + 1)).to_string());
    }
    if lots.once_in(2) {
        world.object(&maintainer(11), "tidy", "1.1.0", &days(lots.below(age + 1)).to_string());
    }
}

/// A chain of audits that begins with one that may be of somebody involved: the release in between is too young to begin
/// one itself.
fn chain_story(lots: &mut Lots, world: &mut World) {
    let days = |days: i64| (now() - Span::days(days)).to_string();
    *world.krate("tidy") = CrateFacts::unknown(name("tidy"));
    world.release("tidy", "1.0.0", &days(900)).by_user(1);
    world.release("tidy", "1.0.1", &days(5)).by_user(1);
    let release = world.release("tidy", "1.1.0", &days(2));
    match lots.below(2) {
        0 => release.by_user(1),
        _ => release.by_ci("github:tidy/tidy"),
    };
    world.owner("tidy", Account::User(1), "2020-01-01");
    let by = lots.pick(&[member("tom", 5, "Tidy"), person("ann", 1), member("cat", 3, "acme")]);
    world.signed_audit(&by, "tidy", "1.0.1", &days(4));
    world.delta_audit(ORIGINS[0], "tidy", "1.0.1", "1.1.0", &days(1));
}

/// A moment before now; the plainest is long ago.
fn past(lots: &mut Lots, now: Time) -> Time {
    now - lots.pick(&[
        Span::days(400),
        Span::days(1_500),
        Span::days(95),
        Span::days(45),
        Span::days(31),
        Span::days(20),
        Span::days(8),
        Span::days(7),
        Span::days(4),
        Span::days(2),
        Span::hours(30),
        Span::hours(7),
        Span::hours(1),
        Span::ZERO,
        Span::days(370),
        Span::days(700),
    ])
}

fn krate(lots: &mut Lots, of: &'static str, now: Time) -> CrateFacts<'static> {
    let mut facts = CrateFacts::unknown(name(of));
    facts.journalled = lots.once_in(2);
    // One act in which many are yanked, as a thief would.
    let act = now - lots.pick(&[Span::days(3), Span::hours(2), Span::days(40)]);
    let is_act = lots.once_in(4);
    for _ in 0..1 + lots.below(6) {
        let mut release = release(lots, of, now, facts.journalled);
        if is_act && lots.below(8) > 1 {
            yank(&mut release, act);
        }
        // Two lines of one version are for the property on contradictions.
        if facts.releases.iter().all(|other| other.version != release.version) {
            facts.releases.push(release);
        }
    }
    if facts.journalled {
        for _ in 0..lots.pick(&[0, 0, 0, 1, 2]) {
            let gone = gone(lots, of, now);
            if facts.releases.iter().all(|other| other.version != gone.version) || lots.once_in(4) {
                facts.gone.push(gone);
            }
        }
        if lots.once_in(12) {
            facts.gone.extend(facts.releases.drain(..).map(|r| Gone {
                version: r.version,
                digest: r.digest,
                published: r.published,
                first_seen: now - Span::days(50),
                gone_at: now - Span::days(40),
                still_gone_at: now - Span::days(39),
            }));
            facts.releases.push(release(lots, of, now, true));
        }
    }
    facts.advisories = (0..lots.pick(&[0, 0, 1, 2])).map(|_| advisory(lots, now)).collect();
    facts.audits = (0..lots.pick(&[0, 0, 1, 3, 5])).map(|_| audit(lots, now)).collect();
    facts.windows = (0..lots.pick(&[0, 0, 1])).map(|_| window(lots, now)).collect();
    people(lots, &mut facts, now);
    facts
}

/// Everybody who signs: some own crates, some belong to one organisation, one is bound to nothing.
pub(crate) fn signers() -> Vec<Identity<'static>> {
    let mut all: Vec<Identity<'static>> = (0..12).map(maintainer).collect();
    all.extend([
        person("ann", 1),
        person("bob", 2),
        member("cat", 3, "acme"),
        member("dan", 4, "acme"),
        // Of whoever owns the repository from which CI publishes.
        member("tom", 5, "Tidy"),
        Identity::unbound("eve"),
        // Another key of bob's.
        person("bob's other key", 2),
    ]);
    all
}

/// Somebody who owns a crate, or publishes.
fn account(lots: &mut Lots) -> Account {
    lots.pick(&[
        Account::User(1),
        Account::User(2),
        Account::User(3),
        Account::User(101),
        Account::User(103),
        Account::Team(1),
    ])
}

/// Owners, those who maintain dependents, and what they sign.
fn people(lots: &mut Lots, facts: &mut CrateFacts<'static>, now: Time) {
    if lots.once_in(2) {
        return;
    }
    facts.publishers_told = lots.once_in(2);
    if !lots.once_in(4) {
        let owner = |lots: &mut Lots| Owner {
            account: account(lots),
            since: past(lots, now),
            until: lots.pick(&[None, None, Some(now - Span::days(3)), Some(now - Span::days(1_400))]),
            organisation: lots.pick(&[None, None, Some("acme"), Some("Acme"), Some("tidy")]),
        };
        facts.owners = Some((0..lots.pick(&[1, 0, 2, 3])).map(|_| owner(lots)).collect());
    }
    for release in &mut facts.releases {
        release.voices = voices(lots);
    }
    for _ in 0..lots.pick(&[0, 1, 2, 4, 12]) {
        let Some((version, digest)) = pick_of(lots, facts) else { break };
        let says = lots.pick(&[
            Says::Approve(RestsOn::Trust),
            Says::Approve(RestsOn::Diff),
            Says::Approve(RestsOn::Audit),
            Says::Object,
            Says::Revoke,
        ]);
        let statement = statement(lots, now, (version, digest), says);
        facts.statements.push(statement);
    }
}

/// A release of a crate, mostly with the digest that it has.
fn pick_of(lots: &mut Lots, facts: &CrateFacts<'_>) -> Option<(Version, Digest)> {
    let releases: Vec<_> = facts.releases.iter().map(|r| (r.version.clone(), r.digest)).collect();
    let (version, digest) = (!releases.is_empty()).then(|| lots.pick(&releases))?;
    Some((version, if lots.once_in(12) { digest_of(lots) } else { digest }))
}

/// Somebody signs something about a release.
pub(crate) fn statement(
    lots: &mut Lots,
    now: Time,
    (version, digest): (Version, Digest),
    says: Says,
) -> Statement<'static> {
    let signer = lots.pick(&signers());
    Statement {
        is_reviewer: matches!(signer.principal, "bob" | "cat" | "eve" | "bob's other key"),
        is_believed: lots.pick(&[true, true, false]),
        signer,
        feed: "people",
        version,
        digest,
        known: past(lots, now),
        until: lots.pick(&[
            None,
            None,
            None,
            Some(now),
            Some(now + Span::days(2)),
            Some(now - Span::days(1)),
        ]),
        says,
        reader: lots.pick(&[Reader::Person, Reader::Person, Reader::Person, Reader::Machine]),
        comment: "a comment",
    }
}

/// Who maintains dependents of a release: mostly enough for a quorum.
fn voices(lots: &mut Lots) -> Option<Arc<[Maintainer<'static>]>> {
    let mut voices = maintainers(lots.pick(&[12, 12, 12, 11, 3, 0]));
    for one in &mut voices {
        match lots.below(16) {
            13 => one.organisation = Some("tidy"),
            14 => one.organisation = Some("acme"),
            15 => one.signer = None,
            _ => {}
        }
        one.reach = lots.pick(&[20, 20, 1, 0, 400]);
    }
    (!lots.once_in(6)).then(|| voices.into())
}

fn release(lots: &mut Lots, of: &str, now: Time, journalled: bool) -> ReleaseFacts<'static> {
    let at = lots.pick(&VERSIONS);
    let published = past(lots, now) + if lots.once_in(16) { Span::days(3) } else { Span::ZERO };
    let digest = digest(&format!("{of} {at}"));
    let mut release = ReleaseFacts {
        version: version(at),
        digest,
        published: (!lots.once_in(16)).then_some(published),
        yanked: false,
        dependencies: dependencies(lots, of, published),
        sighting: None,
        publisher: lots.pick(&[
            None,
            Some(Publisher::User(1)),
            Some(Publisher::Ci("github:tidy/tidy")),
            Some(Publisher::User(2)),
            Some(Publisher::User(103)),
            Some(Publisher::UNKNOWN_CI),
        ]),
        voices: None,
    };
    if journalled {
        let first_seen =
            published + lots.pick(&[Span::minutes(10), Span::ZERO, Span::days(2), Span::days(30)]);
        let first_seen = first_seen.min(now);
        release.sighting = Some(Box::new(Sighting {
            first_seen,
            first_digest: if lots.once_in(24) { self::digest_of(lots) } else { digest },
            lacked_at: lots.pick(&[
                Some(first_seen - Span::hours(1)),
                None,
                Some(first_seen - Span::minutes(1)),
                Some(first_seen - Span::days(5)),
            ]),
            first_seen_yanked: false,
            yanks: Vec::new(),
        }));
    }
    match lots.below(10) {
        8 => {
            let at = past(lots, now);
            yank(&mut release, at);
        }
        9 => {
            let at = past(lots, now);
            yank(&mut release, at);
            unyank(lots, &mut release, now);
        }
        _ => {}
    }
    release
}

fn yank(release: &mut ReleaseFacts<'_>, at: Time) {
    release.yanked = true;
    if let Some(sighting) = release.sighting.as_deref_mut() {
        sighting.first_seen_yanked = at <= sighting.first_seen;
        sighting.yanks = vec![Yank { at: at.max(sighting.first_seen), until: None }];
    }
}

fn unyank(lots: &mut Lots, release: &mut ReleaseFacts<'_>, now: Time) {
    release.yanked = false;
    let Some(sighting) = release.sighting.as_deref_mut() else { return };
    let after = |lots: &mut Lots| {
        lots.pick(&[Span::days(3), Span::hours(2), Span::days(1), Span::days(40), Span::hours(20)])
    };
    let mut back = now;
    for yank in &mut sighting.yanks {
        back = (yank.at + after(lots)).min(now);
        yank.until = Some(back);
    }
    // Some are yanked again and again, and the last yank of some stands.
    for _ in 0..lots.pick(&[0, 0, 1, 2, 4]) {
        let at = (back + lots.pick(&[Span::minutes(2), Span::hours(3), Span::days(6)])).min(now);
        back = (at + after(lots)).min(now);
        sighting.yanks.push(Yank { at, until: Some(back) });
    }
    if lots.once_in(4)
        && let Some(last) = sighting.yanks.last_mut()
    {
        last.until = None;
        release.yanked = true;
    }
}

fn digest_of(lots: &mut Lots) -> Digest {
    digest(lots.pick(&["other bytes", "yet other bytes"]))
}

fn dependencies(lots: &mut Lots, of: &str, published: Time) -> Arc<[Dependency<'static>]> {
    let packages: Vec<&'static str> =
        CRATES.into_iter().chain(["nowhere"]).filter(|package| *package != of).collect();
    (0..lots.pick(&[0, 0, 1, 1, 2, 3]))
        .map(|_| Dependency {
            package: lots.pick(&packages),
            requirement: lots.pick(&["*", "^1", "=1.0.1", "^1.0.2", "^2", "not a requirement"]),
            kind: lots.pick(&[DependencyKind::Normal, DependencyKind::Build, DependencyKind::Dev]),
            optional: lots.once_in(4),
            birth: lots.pick(&[
                Birth::Nonexistent,
                Birth::At(published - Span::days(800)),
                Birth::At(published - Span::days(10)),
                Birth::Untold,
                Birth::Unread,
            ]),
        })
        .collect()
}

fn gone(lots: &mut Lots, of: &str, now: Time) -> Gone {
    let at = lots.pick(&VERSIONS);
    let first_seen = past(lots, now);
    let gone_at = (first_seen + Span::days(1)).min(now);
    Gone {
        version: version(at),
        digest: if lots.once_in(4) { digest_of(lots) } else { digest(&format!("{of} {at}")) },
        published: lots.pick(&[Some(first_seen), None]),
        first_seen,
        gone_at,
        still_gone_at: gone_at + lots.pick(&[Span::minutes(5), Span::ZERO, Span::minutes(4)]),
    }
}

fn range(lots: &mut Lots) -> Range {
    let at = || version("1.0.1");
    lots.pick(&[
        Range { lower: Bound::Inclusive(at()), upper: Bound::Unbounded },
        Range { lower: Bound::Inclusive(version("1.0.2")), upper: Bound::Unbounded },
        Range { lower: Bound::Unbounded, upper: Bound::Exclusive(at()) },
        Range { lower: Bound::Exclusive(at()), upper: Bound::Inclusive(version("1.1.0")) },
        Range { lower: Bound::Unbounded, upper: Bound::Unbounded },
    ])
}

fn advisory(lots: &mut Lots, now: Time) -> Advisory<'static> {
    Advisory {
        id: lots.pick(&IDS),
        kind: lots.pick(&[
            AdvisoryKind::Vulnerability,
            AdvisoryKind::Vulnerability,
            AdvisoryKind::Malicious,
            AdvisoryKind::Unsound,
            AdvisoryKind::Unmaintained,
            AdvisoryKind::Notice,
        ]),
        known: past(lots, now),
        patched: (0..lots.pick(&[1, 0, 1, 2])).map(|_| range(lots)).collect(),
        unaffected: (0..lots.pick(&[0, 0, 0, 1])).map(|_| range(lots)).collect(),
        withdrawn: lots.once_in(8).then_some(now),
        title: lots.pick(&["a title", "another title"]),
        aliases: (0..lots.pick(&[0, 0, 1, 2])).map(|_| lots.pick(&ALIASES)).collect(),
    }
}

/// An audit record of some origin.
pub(crate) fn audit(lots: &mut Lots, now: Time) -> Audit<'static> {
    let mut audited = || AuditedVersion {
        version: version(lots.pick(&VERSIONS)),
        git: lots.once_in(10).then(|| "abcdef".into()),
    };
    let (one, other) = (audited(), audited());
    let claim = match lots.below(9) {
        0..=3 => Claim::Full(one),
        4..=6 => Claim::Delta { from: one, to: other },
        7 => Claim::Remark(one, lots.pick(&[Remark::Negative, Remark::MachineReviewed])),
        _ => Claim::Violation(VersionReq::parse(lots.pick(&["=1.0.1", "^1"])).expect("it is one")),
    };
    // One in four is a statement of the fence's own kind.
    let signer = lots.once_in(4).then(|| lots.pick(&signers()));
    Audit {
        // One in three is signed.
        feed: lots.pick(&[Some(ORIGINS[0]), Some(ORIGINS[1]), None]).filter(|_| signer.is_none()),
        origin: lots.pick(&ORIGINS),
        who: signer.as_ref().map_or_else(|| vec![lots.pick(&PEOPLE)], |signer| vec![signer.principal]),
        digest: None,
        from_digest: None,
        known: past(lots, now),
        until: signer.as_ref().and_then(|_| lots.pick(&[None, None, Some(now + Span::days(2)), Some(now)])),
        signer,
        claim,
        criteria: lots.pick(&[vec!["safe-to-deploy"], vec!["safe-to-deploy"], vec!["safe-to-run"]]),
    }
}

fn window(lots: &mut Lots, now: Time) -> Window<'static> {
    let start = past(lots, now);
    Window {
        origin: lots.pick(&ORIGINS),
        publisher: lots.pick(&[Publisher::User(1), Publisher::User(2)]),
        start,
        end: start + lots.pick(&[Span::days(3_000), Span::days(30)]),
        criteria: lots.pick(&[vec!["safe-to-deploy"], vec!["safe-to-run"]]),
    }
}

fn policy(lots: &mut Lots, world: &mut World) {
    let wait = &mut world.policy.wait;
    wait.base = lots.pick(&[None, None, None, Some(Span::hours(2)), Some(Span::days(12))]);
    wait.floor_audited_once = lots.pick(&[Span::hours(6), Span::ZERO, Span::days(2)]);
    wait.crate_tenure = lots.pick(&[Span::days(90), Span::days(90), Span::days(10), Span::ZERO]);
    let against: Vec<Code> =
        Code::ALL.iter().copied().filter(|code| code.class() == CodeClass::Against).collect();
    for _ in 0..lots.pick(&[0, 0, 1, 2]) {
        let code = lots.pick(&against);
        world.policy.codes.insert(code, lots.pick(&[Effect::Ceiling, Effect::Hold, Effect::Review]));
    }
    let releases = releases(world);
    for _ in 0..lots.pick(&[0, 0, 1, 2]) {
        let Some((of, at, digest)) = pick_release(lots, &releases) else { continue };
        let codes = (0..1 + lots.below(4)).map(|_| lots.pick(Code::ALL)).chain([Code::Young]).collect();
        // One that ends while a dependent waits would make the dependent's way out a guess about its neighbour.
        let is_alone = of.as_str() == CRATES[0];
        let until = if is_alone {
            lots.pick(&[Span::days(100), Span::days(2), Span::ZERO])
        } else {
            Span::days(3_000)
        };
        let until = world.now + until;
        let because = "a test".to_owned();
        world.policy.exceptions.push(Exception { name: of, version: at, digest, codes, because, until });
    }
}

fn project(lots: &mut Lots, world: &mut World) {
    let releases = releases(world);
    let mut entries = Vec::new();
    for _ in 0..lots.pick(&[0, 0, 0, 1, 2]) {
        let Some((of, at, digest)) = pick_release(lots, &releases) else { continue };
        let digest = if lots.once_in(10) { digest_of(lots) } else { digest };
        let recorded = past(lots, world.now);
        let standing = lots.pick(&[Standing::Settled, Standing::Young]);
        entries.push(BaselineEntry { name: of, version: at, digest, recorded, standing });
    }
    world.baseline = Baseline::new(past(lots, world.now), GENERATION, entries);
    for _ in 0..lots.pick(&[0, 0, 1, 2, 3]) {
        let Some((of, at, digest)) = pick_release(lots, &releases) else { continue };
        let version = if lots.once_in(8) { version("1.0.9") } else { at };
        let checksum = lots.pick(&[
            Checksum::Locked(digest),
            Checksum::Locked(digest),
            Checksum::Locked(digest),
            Checksum::NotAsked,
            Checksum::Missing,
            Checksum::Locked(fence_testkit::world::digest("locked bytes")),
        ]);
        world.in_use.entry(of).or_default().push(InUse { version, checksum });
    }
    for of in CRATES {
        let treatment = match lots.below(16) {
            14 => Treatment::FirstParty("sparse+https://own.example/"),
            15 => Treatment::Foreign("sparse+https://other.example/"),
            _ => continue,
        };
        world.treatment.insert(name(of), treatment);
    }
}

type Release = (CrateName, Version, Digest);

/// All releases that an index shows or a journal remembers.
fn releases(world: &World) -> Vec<Release> {
    let shown = world.crates.values().flat_map(|facts| {
        let shown = facts.releases.iter().map(|r| (facts.name.clone(), r.version.clone(), r.digest));
        shown.chain(facts.gone.iter().map(|g| (facts.name.clone(), g.version.clone(), g.digest)))
    });
    shown.collect()
}

fn pick_release(lots: &mut Lots, releases: &[Release]) -> Option<Release> {
    (!releases.is_empty()).then(|| lots.pick(releases))
}

/// Every release that there is something to say about: shown, gone, or in use; each once.
pub(crate) fn subjects(world: &World) -> Vec<(CrateName, Version)> {
    let mut all: Vec<(CrateName, Version)> =
        releases(world).into_iter().map(|(of, at, _)| (of, at)).collect();
    for (of, releases) in &world.in_use {
        all.extend(releases.iter().map(|in_use| (of.clone(), in_use.version.clone())));
    }
    all.sort();
    all.dedup();
    all
}

/// The moment at which every generated world is.
pub(crate) fn now() -> Time {
    time("2026-08-20T12:00:00Z")
}
