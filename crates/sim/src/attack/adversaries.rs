//! The adversaries: each knows the policy, and has variants from which he takes the one that is admitted the soonest.

mod crates;
mod feeds;
mod people;
mod takeovers;
mod yanks;

use std::sync::Arc;

use fence_model::facts::{CrateFacts, Dependency, Maintainer, Publisher, ReleaseFacts};
use fence_model::readings::Reading;
use fence_model::{CrateName, Digest, Level, ReleaseId, Span, Time};
use semver::Version;

use super::detection::Like;
use super::registry::{Made, Registry, Target};
use super::script::{Act, Hears, Holding, Script, What};

/// Who attacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Adversary {
    /// Steals an account and publishes a patch with a build script that fetches and runs.
    Night,
    /// Steals an account and stays within what the crate could do before.
    Quiet,
    /// The same, as the fix of a vulnerability that he has reported himself.
    AsFix,
    /// Publishes clean releases first, with what the malicious one will need.
    Staging,
    /// Has a crate of his own come of age, makes the target depend on it, and then turns it.
    AgedDependency,
    /// Publishes, yanks, waits and un-yanks.
    YankAndWait,
    /// Yanks the good releases around his own.
    YankLure,
    /// Makes dependents over a year, and approves as their maintainers.
    Sybils,
    /// Has so many reviewers whom the policy names.
    Reviewers(usize),
    /// Has as many maintainers of dependents as a quorum takes, or fewer.
    Maintainers(usize),
    /// Helps for months, and is made an owner.
    Patient,
    /// Keeps the victim from hearing of advisories, or of anything.
    BlockedFeeds,
    /// Shows the victim an index that stands still and claims to be of today.
    OldIndex,
    /// The same, and advisories too.
    OldView,
    /// Has the fence itself, with its policy.
    Fence,
    /// Publishes a new crate that is malicious from the first release, or once it is new no more.
    NewCrate,
}

/// How many maintainers are asked for a quorum at most.
pub const WHOLE_QUORUM: usize = usize::MAX;

impl Adversary {
    /// All that the report has.
    pub const ALL: [Self; 17] = [
        Self::Night,
        Self::Quiet,
        Self::AsFix,
        Self::Staging,
        Self::AgedDependency,
        Self::YankAndWait,
        Self::YankLure,
        Self::Sybils,
        Self::Reviewers(1),
        Self::Reviewers(2),
        Self::Maintainers(WHOLE_QUORUM),
        Self::Patient,
        Self::BlockedFeeds,
        Self::OldIndex,
        Self::OldView,
        Self::Fence,
        Self::NewCrate,
    ];

    /// What tables call him.
    pub fn name(self) -> String {
        match self {
            Self::Night => "takeover by night".into(),
            Self::Quiet => "takeover, old capabilities".into(),
            Self::AsFix => "… as a fix he reported".into(),
            Self::Staging => "… staged by clean versions".into(),
            Self::AgedDependency => "… by a dependency of his".into(),
            Self::YankAndWait => "publish, yank, wait, un-yank".into(),
            Self::YankLure => "yank lure".into(),
            Self::Sybils => "dependents bought over a year".into(),
            Self::Reviewers(1) => "1 reviewer bribed".into(),
            Self::Reviewers(count) => format!("{count} reviewers bribed"),
            Self::Maintainers(WHOLE_QUORUM) => "maintainers of a quorum bribed".into(),
            Self::Maintainers(count) => format!("{count} maintainers bribed"),
            Self::Patient => "patient new maintainer".into(),
            Self::BlockedFeeds => "blocked feeds".into(),
            Self::OldIndex => "index shown as of yesterday".into(),
            Self::OldView => "index and advisories so".into(),
            Self::Fence => "the fence itself stolen".into(),
            Self::NewCrate => "new crate".into(),
        }
    }

    /// His variants, on this stage; none where he cannot act.
    pub fn variants<'a>(self, stage: &Stage<'a>) -> Vec<Script<'a>> {
        match self {
            Self::Night => takeovers::night(stage),
            Self::Quiet => takeovers::within_old(stage),
            Self::AsFix => takeovers::as_fix(stage),
            Self::Staging => takeovers::staging(stage),
            Self::AgedDependency => crates::aged_dependency(stage),
            Self::YankAndWait => yanks::wait(stage),
            Self::YankLure => yanks::lure(stage),
            Self::Sybils => people::sybils(stage),
            Self::Reviewers(count) => people::reviewers(stage, count),
            Self::Maintainers(count) => people::maintainers(stage, count),
            Self::Patient => people::patient(stage),
            Self::BlockedFeeds => feeds::blocked(stage),
            Self::OldIndex => feeds::old_index(stage),
            Self::OldView => feeds::old_view(stage),
            Self::Fence => feeds::fence(stage),
            Self::NewCrate => crates::new_crate(stage),
        }
    }
}

/// Where an attack happens.
#[derive(Clone, Copy)]
pub struct Stage<'a> {
    /// The registry.
    pub registry: &'a Registry,
    /// The crate that is attacked.
    pub target: &'a Target,
    /// The clusters that were made, where somebody made some.
    pub made: Option<&'a Made>,
    /// When the attack begins: a day after the moment of the graph.
    pub start: Time,
    /// The criteria that audits have to meet.
    pub criteria: &'a str,
    /// The level that the attacker has to pass.
    pub level: Level,
}

impl<'a> Stage<'a> {
    /// The stage for a crate.
    pub fn of(registry: &'a Registry, target: &'a Target) -> Self {
        let start = registry.as_of() + Span::days(1);
        Self { registry, target, made: None, start, criteria: "safe-to-deploy", level: Level::Medium }
    }

    /// The release of the target that comes `patches` after its newest, with the account that publishes it.
    fn release(&self, patches: u64, published: Time) -> ReleaseFacts<'a> {
        let next = &self.target.next;
        let version = Version::new(next.major, next.minor, next.patch + patches);
        ReleaseFacts {
            digest: digest(self.target.name.as_str(), &version),
            version,
            published: Some(published),
            yanked: false,
            dependencies: self.target.newest_dependencies(),
            sighting: None,
            publisher: Some(self.target.publisher()),
            voices: None,
        }
    }

    /// A takeover of the target in which one release is published.
    fn takeover(&self, variant: &str, reading: Reading) -> Script<'a> {
        let release = self.release(0, self.start);
        let bad = self.id(&release.version);
        let publish = Act::Publish(self.target.name.clone(), Box::new(release), reading);
        Script {
            variant: variant.into(),
            before: vec![self.target.facts()],
            acts: vec![(self.start, publish)],
            bad,
            through: Vec::new(),
            open: self.start,
            like: Like::Takeover,
            holdings: vec![self.holds(What::Account, 1, self.start)],
            hears: Hears::All,
        }
    }

    /// The same, and these maintainers of dependents are heard.
    fn takeover_heard_by(
        &self,
        variant: &str,
        reading: Reading,
        voices: &Arc<[Maintainer<'a>]>,
    ) -> Script<'a> {
        let mut script = self.takeover(variant, reading);
        for (_, act) in &mut script.acts {
            if let Act::Publish(_, release, _) = act {
                release.voices = Some(Arc::clone(voices));
            }
        }
        script
    }

    fn id(&self, version: &Version) -> ReleaseId {
        ReleaseId { name: self.target.name.clone(), version: version.clone() }
    }

    fn holds(&self, what: What, count: usize, since: Time) -> Holding {
        Holding { what, count, since }
    }
}

/// A crate that somebody makes.
fn own_crate<'a>(name: &CrateName, has_journal: bool) -> CrateFacts<'a> {
    CrateFacts {
        publishers_told: true,
        journalled: has_journal,
        owners: Some(Vec::new()),
        ..CrateFacts::unknown(name.clone())
    }
}

/// A release of it.
fn own_release<'a>(
    name: &CrateName,
    version: Version,
    published: Time,
    dependencies: Arc<[Dependency<'a>]>,
) -> ReleaseFacts<'a> {
    ReleaseFacts {
        digest: digest(name.as_str(), &version),
        version,
        published: Some(published),
        yanked: false,
        dependencies,
        sighting: None,
        publisher: Some(ATTACKER),
        voices: None,
    }
}

/// The attacker's own account: no cluster has its number.
const ATTACKER_NUMBER: u64 = u32::MAX as u64 + 1;
const ATTACKER: Publisher<'static> = Publisher::User(ATTACKER_NUMBER);

/// A digest that no release of the registry has, and no other of these: FNV-1a over name and version, four times over.
fn digest(name: &str, version: &Version) -> Digest {
    let mut bytes = [0; 32];
    let text = format!("{name} {version}");
    for (part, chunk) in (0u64..).zip(bytes.chunks_exact_mut(8)) {
        let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325 ^ part, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        chunk.copy_from_slice(&hash.to_le_bytes());
    }
    bytes[0] |= 1;
    Digest(bytes)
}
