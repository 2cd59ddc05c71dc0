//! A small world to judge in: releases, journals, advisories and audits in the words of the field.
//!
//! A test tells its story with verbs and looks at what is decided:
//!
//! ```
//! use fence_testkit::world::World;
//!
//! let mut world = World::at("2026-08-20T07:30:00Z");
//! world.release("arrayref", "0.3.9", "2024-09-14T12:24:40Z");
//! world.release("arrayref", "0.3.10", "2026-08-20T07:15:00Z").needs("proc-macro1", "^1.0.107");
//! let decision = world.decide("arrayref", "0.3.10");
//! assert!(decision.has(fence_model::Code::YoungDependency));
//! ```

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use fence_model::code::GENERATION;
use fence_model::decision::Decision;
use fence_model::facts::{
    Advisory, AdvisoryKind, Audit, AuditedVersion, Birth, Bound, Claim, CrateFacts, Dependency,
    DependencyKind, Feed, FeedState, Gone, Publisher, Range, ReleaseFacts, Remark, Sighting, Window, Yank,
};
use fence_model::judge::{Asked, Checksum, InUse, Treatment};
use fence_model::look_alike::KnownNames;
use fence_model::policy::{Baseline, BaselineEntry, Exception, Policy, Standing, Wait};
use fence_model::project::{Locked, Origin, Report, judge_project, settlement};
use fence_model::readings::{Looked, Pair, Reading, Readings};
use fence_model::settle::{FactsOf, InUseByCrate, Known, Settlement};
use fence_model::view::{ReleaseVerdict, Shown, view};
use fence_model::{Code, CrateName, Digest, Level, Span, Time};
use semver::{Version, VersionReq};

/// Everything that a judgement rests on, to be changed by verbs.
#[derive(Debug, Clone)]
pub struct World {
    /// The present moment.
    pub now: Time,
    /// The policy.
    pub policy: Policy,
    /// What was locked when the fence was set up.
    pub baseline: Baseline,
    /// The feeds that speak against releases.
    pub feeds: Vec<Feed>,
    /// Facts by crate.
    pub crates: BTreeMap<CrateName, CrateFacts<'static>>,
    /// Releases in use, by crate.
    pub in_use: InUseByCrate,
    /// How the policy treats the registries of crates, where not by the rules.
    pub treatment: BTreeMap<CrateName, Treatment<'static>>,
    /// Names that others imitate.
    pub names: Arc<KnownNames>,
    /// What was read in packages.
    pub readings: Readings,
    /// The lockfile, in the order of [`World::lock`].
    pub locked: Vec<Locked>,
}

/// The moment that a text names; tests write only good ones.
pub fn time(text: &str) -> Time {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// The version that a text names.
pub fn version(text: &str) -> Version {
    Version::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The crate that a text names.
pub fn name(text: &str) -> CrateName {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// A digest that is the same for the same words and differs for others.
pub fn digest(of: &str) -> Digest {
    // FNV-1a, four times over: a test's digests need to differ, not to resist anybody.
    let mut bytes = [0; 32];
    for (part, chunk) in (0u64..).zip(bytes.chunks_exact_mut(8)) {
        let hash = of.bytes().fold(0xcbf2_9ce4_8422_2325 ^ part, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        chunk.copy_from_slice(&hash.to_le_bytes());
    }
    Digest(bytes)
}

/// How long releases of a world wait.
fn week(level: Level) -> Span {
    match level {
        Level::Low => Span::days(3),
        Level::Medium => Span::days(7),
        Level::High => Span::days(14),
    }
}

impl World {
    /// A world at this moment: current feeds, nothing published; and the default policy, but that its releases wait for a week, as
    /// these stories are told in weeks.
    pub fn at(now: &str) -> Self {
        let now = time(now);
        let wait =
            Wait { base: Some(week(Level::Medium)), floor_audited_once: Span::hours(6), ..Wait::default() };
        let feed = |name: &str| Feed { name: name.into(), state: FeedState::Current, as_of: Some(now) };
        Self {
            now,
            policy: Policy { wait, ..Policy::default() },
            baseline: Baseline::default(),
            feeds: vec![feed("index"), feed("rustsec")],
            crates: BTreeMap::new(),
            in_use: InUseByCrate::new(),
            treatment: BTreeMap::new(),
            names: Arc::new(KnownNames::default()),
            readings: Readings::NOT_ASKED,
            locked: Vec::new(),
        }
    }

    /// The same world at another moment, its feeds read again.
    pub fn later(&self, now: &str) -> Self {
        self.at_time(time(now))
    }

    /// The same world at another moment, its feeds read again.
    pub fn at_time(&self, now: Time) -> Self {
        let mut world = self.clone();
        world.now = now;
        for feed in &mut world.feeds {
            feed.as_of = Some(now);
        }
        world
    }

    /// Judges at this level: at low releases wait for half a week, at high for two.
    pub fn level(mut self, level: Level) -> Self {
        if self.policy.wait.base == Some(week(self.policy.level)) {
            self.policy.wait.base = Some(week(level));
        }
        self.policy.level = level;
        for asked in self.locked.iter_mut().filter_map(|package| package.level.as_mut()) {
            *asked = level;
        }
        self
    }

    /// Facts about a crate, to be changed.
    pub fn krate(&mut self, of: &str) -> &mut CrateFacts<'static> {
        self.crates.entry(name(of)).or_insert_with(|| CrateFacts::unknown(name(of)))
    }

    /// Publishes a release; a bare day means noon.
    pub fn release(&mut self, of: &str, at: &str, published: &str) -> Verb<'_> {
        let published =
            if published.len() == 10 { format!("{published}T12:00:00Z") } else { published.to_owned() };
        let release = ReleaseFacts {
            version: version(at),
            digest: digest(&format!("{of} {at}")),
            published: Some(time(&published)),
            yanked: false,
            dependencies: Arc::new([]),
            sighting: None,
            publisher: None,
            voices: None,
        };
        let facts = self.krate(of);
        facts.releases.push(release);
        let at = facts.releases.len() - 1;
        Verb { world: self, of: name(of), at }
    }

    /// The release of this version, to be changed.
    pub fn edit(&mut self, of: &str, at: &str) -> Verb<'_> {
        let wanted = version(at);
        let at = self.krate(of).releases.iter().position(|r| r.version == wanted);
        let at = at.unwrap_or_else(|| panic!("{of} {wanted} was not published"));
        Verb { world: self, of: name(of), at }
    }

    /// An advisory; `patched` is a lower bound, or nothing.
    pub fn advisory(
        &mut self,
        id: &'static str,
        of: &str,
        kind: AdvisoryKind,
        known: &str,
        patched: Option<&str>,
    ) {
        let patched = patched
            .map(|from| Range { lower: Bound::Inclusive(version(from)), upper: Bound::Unbounded })
            .into_iter()
            .collect();
        let advisory = Advisory {
            id,
            kind,
            known: time(known),
            patched,
            unaffected: vec![],
            withdrawn: None,
            title: "a title",
            aliases: vec![],
        };
        self.krate(of).advisories.push(advisory);
    }

    /// The same advisory from another database: its id there, among the aliases of which is the crate's first one.
    /// What it says otherwise is for the caller to change.
    pub fn retold(&mut self, id: &'static str, of: &str) -> &mut Advisory<'static> {
        let advisories = &mut self.krate(of).advisories;
        let first = advisories.first().unwrap_or_else(|| panic!("{of} has an advisory"));
        advisories.push(Advisory { id, aliases: vec![first.id], ..first.clone() });
        advisories.last_mut().unwrap_or_else(|| panic!("it was just told"))
    }

    /// A full audit to the policy's criteria.
    pub fn full_audit(&mut self, origin: &'static str, of: &str, at: &str, known: &str) {
        let claim = Claim::Full(AuditedVersion { version: version(at), git: None });
        self.audit(origin, of, claim, known);
    }

    /// A delta audit to the policy's criteria.
    pub fn delta_audit(&mut self, origin: &'static str, of: &str, from: &str, to: &str, known: &str) {
        let audited = |at: &str| AuditedVersion { version: version(at), git: None };
        self.audit(origin, of, Claim::Delta { from: audited(from), to: audited(to) }, known);
    }

    /// A violation of the policy's criteria.
    pub fn violation(&mut self, origin: &'static str, of: &str, requirement: &str, known: &str) {
        let requirement = VersionReq::parse(requirement).unwrap_or_else(|error| panic!("{error}"));
        self.audit(origin, of, Claim::Violation(requirement), known);
    }

    /// A review that counts for nothing.
    pub fn remark(&mut self, origin: &'static str, of: &str, at: &str, remark: Remark, known: &str) {
        let at = AuditedVersion { version: version(at), git: None };
        self.audit(origin, of, Claim::Remark(at, remark), known);
    }

    fn audit(&mut self, origin: &'static str, of: &str, claim: Claim, known: &str) {
        let criteria = vec!["safe-to-deploy"];
        let audit = Audit {
            feed: Some(origin),
            origin,
            who: vec![origin],
            signer: None,
            digest: None,
            from_digest: None,
            known: time(known),
            until: None,
            claim,
            criteria,
        };
        self.krate(of).audits.push(audit);
    }

    /// A trusted window for a publisher, by user id.
    pub fn window(&mut self, origin: &'static str, of: &str, user: u64, start: &str, end: &str) {
        let criteria = vec!["safe-to-deploy"];
        let publisher = Publisher::User(user);
        self.krate(of).windows.push(Window {
            origin,
            publisher,
            start: time(start),
            end: time(end),
            criteria,
        });
    }

    /// The journal saw a release vanish: first and last intact reads that lacked it.
    pub fn vanished(&mut self, of: &str, at: &str, first_seen: &str, gone_at: &str, still_gone_at: &str) {
        let gone = Gone {
            version: version(at),
            digest: digest(&format!("{of} {at}")),
            published: Some(time(first_seen)),
            first_seen: time(first_seen),
            gone_at: time(gone_at),
            still_gone_at: time(still_gone_at),
        };
        let facts = self.krate(of);
        facts.journalled = true;
        facts.gone.push(gone);
    }

    /// The project has a release in use, locked with its right digest.
    pub fn lock(&mut self, of: &str, at: &str, dependencies: &[usize]) -> usize {
        let digest = digest(&format!("{of} {at}"));
        let in_use = InUse { version: version(at), checksum: Checksum::Locked(digest) };
        self.in_use.entry(name(of)).or_default().push(in_use);
        let at = self.lock_from(of, at, Origin::CratesIo(Some(digest)));
        self.locked[at].dependencies = dependencies.to_vec();
        at
    }

    /// The lockfile has a package from there.
    pub fn lock_from(&mut self, of: &str, at: &str, origin: Origin) -> usize {
        self.locked.push(Locked {
            name: name(of),
            version: version(at),
            origin,
            dependencies: Vec::new(),
            level: Some(self.policy.level),
        });
        self.locked.len() - 1
    }

    /// The release was locked when the fence was set up.
    pub fn baseline(&mut self, of: &str, at: &str, recorded: &str) {
        self.record(of, at, recorded, Standing::Settled);
    }

    /// The release was locked when the fence was set up, and younger than its wait.
    pub fn young_baseline(&mut self, of: &str, at: &str, recorded: &str) {
        self.record(of, at, recorded, Standing::Young);
    }

    fn record(&mut self, of: &str, at: &str, recorded: &str, standing: Standing) {
        let entry = BaselineEntry {
            name: name(of),
            version: version(at),
            digest: digest(&format!("{of} {at}")),
            recorded: time(recorded),
            standing,
        };
        let mut entries = std::mem::take(&mut self.baseline.entries);
        entries.push(entry);
        self.baseline = Baseline::new(time(recorded), GENERATION, entries);
    }

    /// An exception for a release and these codes.
    pub fn except(&mut self, of: &str, at: &str, codes: &[Code], until: Time) {
        self.policy.exceptions.push(Exception {
            name: name(of),
            version: version(at),
            digest: digest(&format!("{of} {at}")),
            codes: codes.to_vec(),
            because: "a test".to_owned(),
            until,
        });
    }

    /// Somebody looks into packages.
    pub fn look_into_packages(&mut self) {
        self.readings = Readings::NONE_YET;
    }

    /// A scanner read a release beside another of its crate, or alone.
    pub fn read(&mut self, of: &str, at: &str, base: Option<&str>, reading: Reading) {
        self.looked(of, at, base, Looked::Read(reading));
    }

    /// What came of looking at a release beside another of its crate, or alone.
    pub fn looked(&mut self, of: &str, at: &str, base: Option<&str>, looked: Looked) {
        let digest = |at: &str| digest(&format!("{of} {at}"));
        self.readings.add(Pair { release: digest(at), base: base.map(digest) }, looked);
    }

    /// Better-known names, in the form of the shipped list.
    pub fn known_names(&mut self, list: &'static str) {
        self.names = Arc::new(KnownNames::parse(list).unwrap_or_else(|error| panic!("{error:?}")));
    }

    /// What is asked.
    pub fn asked(&self) -> Asked<'_> {
        Asked {
            policy: &self.policy,
            level: self.policy.level,
            baseline: &self.baseline,
            feeds: &self.feeds,
            names: &self.names,
            readings: &self.readings,
            now: self.now,
        }
    }

    /// Decides a release, its neighbours considered.
    pub fn decide(&self, of: &str, at: &str) -> Decision {
        self.decide_all([(&name(of), &version(at))]).remove(0)
    }

    /// Decides releases in one settlement, in this order.
    pub fn decide_all<'r>(
        &self,
        releases: impl IntoIterator<Item = (&'r CrateName, &'r Version)>,
    ) -> Vec<Decision> {
        let settlement = Settlement::new(self.asked(), self, self.in_use.clone(), self.treatment.clone());
        let decide = |(name, version)| settlement.decide(&settlement.judge(name), version);
        releases.into_iter().map(decide).collect()
    }

    /// What a registry shows of a crate.
    pub fn view(&self, of: &str) -> Vec<Shown> {
        let settlement = Settlement::new(self.asked(), self, self.in_use.clone(), self.treatment.clone());
        let judge = settlement.judge(&name(of));
        let judged = |release: &ReleaseFacts<'_>| ReleaseVerdict {
            version: release.version.clone(),
            verdict: settlement.decide(&judge, &release.version).verdict,
            until: None,
            unread: Vec::new(),
        };
        let judged: Vec<ReleaseVerdict> = judge.releases().iter().map(judged).collect();
        view(&judge, &judged, self.now)
    }

    /// Judges the lockfile.
    pub fn report(&self) -> Report {
        self.report_by(NonZeroUsize::MIN)
    }

    /// Judges the lockfile with that many hands.
    pub fn report_by(&self, hands: NonZeroUsize) -> Report {
        judge_project(&settlement(self.asked(), &self.locked, self), &self.locked, hands)
    }
}

/// The birth of a package of which a test says nothing: that of its crate in the world, if there is one.
const AS_THE_WORLD_SAYS: Birth = Birth::Nonexistent;

impl World {
    fn birth(&self, of: &Dependency<'_>) -> Birth {
        match (of.birth, self.crates.get(of.package)) {
            (AS_THE_WORLD_SAYS, Some(facts)) => facts.born().map_or(Birth::Untold, Birth::At),
            (told, _) => told,
        }
    }
}

impl FactsOf for World {
    fn facts_of(&self, name: &CrateName) -> CrateFacts<'_> {
        let Some(facts) = self.crates.get(name) else { return CrateFacts::unknown(name.clone()) };
        let mut facts = facts.clone();
        // A dependency's crate is as old as this world says, unless a test said otherwise.
        for release in &mut facts.releases {
            if release.dependencies.iter().any(|d| d.birth == AS_THE_WORLD_SAYS) {
                release.dependencies =
                    release.dependencies.iter().map(|d| Dependency { birth: self.birth(d), ..*d }).collect();
            }
        }
        facts
    }

    fn known(&self, name: &CrateName) -> Known {
        if self.crates.contains_key(name) { Known::Something } else { Known::Nothing }
    }

    fn may_be_advised(&self, name: &CrateName) -> bool {
        self.crates.get(name).is_some_and(|facts| !facts.advisories.is_empty())
    }
}

/// A release whose story goes on.
#[derive(Debug)]
pub struct Verb<'w> {
    world: &'w mut World,
    of: CrateName,
    at: usize,
}

impl Verb<'_> {
    /// The facts, to be changed in ways that no verb has.
    pub fn facts(&mut self) -> &mut ReleaseFacts<'static> {
        let of = self.world.crates.get_mut(&self.of);
        &mut of.unwrap_or_else(|| panic!("{} exists", self.of)).releases[self.at]
    }

    /// It needs a package.
    pub fn needs(self, package: &'static str, requirement: &'static str) -> Self {
        self.depends(package, requirement, DependencyKind::Normal, false)
    }

    /// It depends on a package in some way.
    pub fn depends(
        mut self,
        package: &'static str,
        requirement: &'static str,
        kind: DependencyKind,
        optional: bool,
    ) -> Self {
        let facts = self.facts();
        let new = Dependency { package, requirement, kind, optional, birth: AS_THE_WORLD_SAYS };
        facts.dependencies = facts.dependencies.iter().copied().chain([new]).collect();
        self
    }

    /// That is known of the package that it was last said to depend on, whatever crates the world has.
    pub fn of_birth(mut self, birth: Birth) -> Self {
        let facts = self.facts();
        let mut dependencies = facts.dependencies.to_vec();
        dependencies.last_mut().unwrap_or_else(|| panic!("a dependency comes first")).birth = birth;
        facts.dependencies = dependencies.into();
        self
    }

    /// The index marks it as yanked.
    pub fn yanked(mut self) -> Self {
        self.facts().yanked = true;
        self
    }

    /// An account published it.
    pub fn by_user(mut self, id: u64) -> Self {
        self.facts().publisher = Some(Publisher::User(id));
        self
    }

    /// The journal first saw it then; an earlier read lacked it, or there was none.
    pub fn seen(mut self, first_seen: &str, lacked_at: Option<&str>) -> Self {
        let facts = self.facts();
        facts.sighting = Some(Box::new(Sighting {
            first_seen: time(first_seen),
            first_digest: facts.digest,
            lacked_at: lacked_at.map(time),
            first_seen_yanked: false,
            yanks: Vec::new(),
        }));
        self.world.krate(self.of.clone().as_str()).journalled = true;
        self
    }

    /// The journal saw it yanked then, and perhaps un-yanked later.
    pub fn seen_yanked(mut self, at: &str, unyanked: Option<&str>) -> Self {
        let facts = self.facts();
        facts.yanked = unyanked.is_none();
        let sighting = facts.sighting.as_deref_mut().unwrap_or_else(|| panic!("seen() comes first"));
        sighting.yanks = vec![Yank { at: time(at), until: unyanked.map(time) }];
        self
    }

    /// And then again.
    pub fn seen_yanked_again(mut self, at: &str, unyanked: Option<&str>) -> Self {
        let facts = self.facts();
        facts.yanked = unyanked.is_none();
        let sighting = facts.sighting.as_deref_mut().unwrap_or_else(|| panic!("seen() comes first"));
        sighting.yanks.push(Yank { at: time(at), until: unyanked.map(time) });
        self
    }
}

/// A decision in a few lines, for snapshots: the verdict, each reason, each way out.
pub fn show(decision: &Decision) -> String {
    let mut lines = vec![format!(
        "{} {}{}",
        decision.release,
        decision.verdict.as_str(),
        decision.grounds.map_or_else(String::new, |grounds| format!(" ({})", grounds.as_str())),
    )];
    for reason in &decision.reasons {
        let stands = if reason.stands { "" } else { ", cleared" };
        let effect = format!("{:?}", reason.effect).to_lowercase();
        lines.push(format!("  {} [{effect}{stands}]: {}", reason.code, fence_model::words::sentence(reason)));
    }
    for way in &decision.clears {
        // A decision does not say when it was made; as told before, every way has its time.
        lines.push(format!("  > {}", fence_model::words::way(way, Time::EARLIEST)));
    }
    lines.join("\n")
}

/// A range as an interval, `[1.0.0, 2.0.0)`, for snapshots.
pub fn interval(range: &Range) -> String {
    let lower = match &range.lower {
        Bound::Unbounded => "(..".to_owned(),
        Bound::Inclusive(version) => format!("[{version}"),
        Bound::Exclusive(version) => format!("({version}"),
    };
    match &range.upper {
        Bound::Unbounded => format!("{lower}, ..)"),
        Bound::Inclusive(version) => format!("{lower}, {version}]"),
        Bound::Exclusive(version) => format!("{lower}, {version})"),
    }
}
