//! Facts: what is known about a crate and its releases, from whom, and since when.
//!
//! Facts are plain values. Whoever gathers them — the client from its snapshot, a proxy from its memory, a replay
//! from history — fills in the same types, in any order, and leaves out what became known after the moment it
//! asks about. Text is borrowed from wherever the facts are kept.
//!
//! Not known is not the same as not so: an `Option` here is `None` when nobody told, and the decision says so.

use std::fmt;
use std::sync::Arc;

use semver::Version;

use crate::names::{CrateName, Digest};
use crate::time::Time;

pub use crate::people::{Account, Identity, Maintainer, Owner, Reader, RestsOn, Says, Statement};

/// Everything known about one crate of one registry.
#[derive(Debug, Clone)]
pub struct CrateFacts<'a> {
    /// The crate's name.
    pub name: CrateName,
    /// The releases that its index file shows, in any order. Two of one version are both judged; the worse counts.
    pub releases: Vec<ReleaseFacts<'a>>,
    /// Releases that the journal remembers and the index file no longer shows.
    pub gone: Vec<Gone>,
    /// Advisories on this crate, in any order, from feeds in the advisory role.
    pub advisories: Vec<Advisory<'a>>,
    /// Audit records on this crate, in any order, from sets that the policy trusts.
    pub audits: Vec<Audit<'a>>,
    /// Windows of time in which a trusted set vouches for a publisher of this crate.
    pub windows: Vec<Window<'a>>,
    /// Who owns the crate or did, in any order; none where nobody told.
    pub owners: Option<Vec<Owner<'a>>>,
    /// What people signed about releases of this crate, in any order, verified.
    pub statements: Vec<Statement<'a>>,
    /// Whether a source tells the publisher of every release, so that one of which it tells none is nobody's. Else
    /// the publishers of some releases are known, and any other release may be anybody's.
    pub publishers_told: bool,
    /// Whether a journal was kept: without one, yank history and deletions are unknown.
    pub journalled: bool,
}

impl CrateFacts<'_> {
    /// A crate of which nothing is known but its name.
    pub fn unknown(name: CrateName) -> Self {
        Self {
            name,
            releases: Vec::new(),
            gone: Vec::new(),
            advisories: Vec::new(),
            audits: Vec::new(),
            windows: Vec::new(),
            owners: None,
            statements: Vec::new(),
            publishers_told: false,
            journalled: false,
        }
    }

    /// When the crate's first release was published, as far as the index and the journal show; where no publish
    /// time is believed, when it was first seen.
    pub fn born(&self) -> Option<Time> {
        let shown = self.releases.iter().filter_map(ReleaseFacts::appeared);
        let gone = self.gone.iter().map(|g| g.published.unwrap_or(g.first_seen));
        shown.chain(gone).min()
    }
}

/// What the index, the journal and the feeds say about one release.
#[derive(Debug, Clone)]
pub struct ReleaseFacts<'a> {
    /// The full version.
    pub version: Version,
    /// The digest that the index names now.
    pub digest: Digest,
    /// When the registry says that it was published.
    pub published: Option<Time>,
    /// Whether the index marks it as yanked.
    pub yanked: bool,
    /// What it depends on, all kinds; equal lists of neighbouring releases may share one allocation.
    pub dependencies: Arc<[Dependency<'a>]>,
    /// What the journal saw of it; boxed, since most checks have no journal and hold many releases.
    pub sighting: Option<Box<Sighting>>,
    /// Who published it, where a feed tells.
    pub publisher: Option<Publisher<'a>>,
    /// Who is eligible for its quorum, each cluster once, in any order; none where no graph is at hand. Whoever is
    /// involved may be among them, and does not count.
    pub voices: Option<Arc<[Maintainer<'a>]>>,
}

impl ReleaseFacts<'_> {
    /// When the release appeared to the world: its publish time, or else its first sight.
    pub fn appeared(&self) -> Option<Time> {
        self.published.or(self.sighting.as_deref().map(|sighting| sighting.first_seen))
    }
}

/// One dependency of a release, by the real name of its package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dependency<'a> {
    /// The package's real name, not the name it is renamed to.
    pub package: &'a str,
    /// The version requirement, as the index spells it.
    pub requirement: &'a str,
    /// For what it is needed.
    pub kind: DependencyKind,
    /// Whether a feature switches it on.
    pub optional: bool,
    /// Since when the package's crate is there.
    pub birth: Birth,
}

/// What is known about since when a crate that others depend on is there. Of two, the later in this order is the
/// graver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Birth {
    /// Nobody was asked: there was no network, or only a part of an index is at hand. So it is unknown, and said to
    /// be.
    Unread,
    /// Its first release was published then.
    At(Time),
    /// It was asked for, and nothing came back that tells: no answer, one that makes no sense, or no time that is
    /// believed; or it could have been asked for, and was not. It counts as young, or whoever makes an index file
    /// unreadable would hide what is young.
    Untold,
    /// Its registry has no such crate; what it will be is up to whoever creates it.
    Nonexistent,
}

/// For what a dependency is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DependencyKind {
    /// By the library or program itself.
    Normal,
    /// By its build script.
    Build,
    /// By its tests, examples and benchmarks: never reaches a dependent's build.
    Dev,
}

/// What a fence's journal saw of one release that the index shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// The first read that showed it.
    pub first_seen: Time,
    /// The digest under which it was first seen.
    pub first_digest: Digest,
    /// The last read before `first_seen` that lacked it; `None` where `first_seen` was the first contact.
    pub lacked_at: Option<Time>,
    /// Whether it was yanked when first seen.
    pub first_seen_yanked: bool,
    /// Its yanks, in order; where it was yanked when first seen, the first begins then.
    pub yanks: Vec<Yank>,
}

impl Sighting {
    /// When the present yank began, or the latest.
    pub fn yanked_at(&self) -> Option<Time> {
        self.yanks.last().map(|yank| yank.at)
    }

    /// Whether the last read that counts showed it yanked.
    pub fn is_yanked(&self) -> bool {
        self.yanks.last().is_some_and(|yank| yank.until.is_none())
    }
}

/// A yank that a journal saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Yank {
    /// The first read that showed the release yanked.
    pub at: Time,
    /// The first read that showed it un-yanked after that; none as long as the yank stands.
    pub until: Option<Time>,
}

/// A release that was seen and is no longer in its index file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// Its version.
    pub version: Version,
    /// The digest under which it was seen.
    pub digest: Digest,
    /// When the registry said that it was published.
    pub published: Option<Time>,
    /// The first read that showed it.
    pub first_seen: Time,
    /// The first intact read that lacked it.
    pub gone_at: Time,
    /// The last intact read that lacked it; equal to `gone_at` after a single such read.
    pub still_gone_at: Time,
}

/// Who published a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Publisher<'a> {
    /// A person's account, by the registry's number.
    User(u64),
    /// A trusted publisher: a repository's CI, such as `github:owner/repo`; [`Self::UNKNOWN_CI`] where nobody tells of
    /// which.
    Ci(&'a str),
}

impl Publisher<'_> {
    /// The CI of a repository that nobody tells.
    pub const UNKNOWN_CI: Self = Publisher::Ci("");

    /// Whether both may be one, as far as is known.
    pub(crate) fn may_be(self, other: Self) -> bool {
        let both_are_ci = matches!((self, other), (Publisher::Ci(_), Publisher::Ci(_)));
        self == other || (both_are_ci && (self == Self::UNKNOWN_CI || other == Self::UNKNOWN_CI))
    }
}

impl fmt::Display for Publisher<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user {id}"),
            Self::Ci("") => f.write_str("the CI of an unknown repository"),
            Self::Ci(name) => write!(f, "CI of {name}"),
        }
    }
}

/// One end of a [`Range`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Bound {
    /// No end.
    Unbounded,
    /// This version is inside.
    Inclusive(Version),
    /// This version is outside.
    Exclusive(Version),
}

/// A range of versions by semver precedence; unlike a cargo requirement it treats pre-releases as any other version.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Range {
    /// The lower end.
    pub lower: Bound,
    /// The upper end.
    pub upper: Bound,
}

impl Range {
    /// Whether `version` lies inside; build metadata plays no part.
    pub fn contains(&self, version: &Version) -> bool {
        let above = match &self.lower {
            Bound::Unbounded => true,
            Bound::Inclusive(end) => version.cmp_precedence(end).is_ge(),
            Bound::Exclusive(end) => version.cmp_precedence(end).is_gt(),
        };
        let below = match &self.upper {
            Bound::Unbounded => true,
            Bound::Inclusive(end) => version.cmp_precedence(end).is_le(),
            Bound::Exclusive(end) => version.cmp_precedence(end).is_lt(),
        };
        above && below
    }
}

/// What an advisory says about a crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advisory<'a> {
    /// Its id, such as `RUSTSEC-2026-0260`.
    pub id: &'a str,
    /// What it says.
    pub kind: AdvisoryKind,
    /// When it became known, or the end of the day it is dated by.
    pub known: Time,
    /// Releases that it says are fixed.
    pub patched: Vec<Range>,
    /// Releases that it says were never affected.
    pub unaffected: Vec<Range>,
    /// When it was withdrawn: from then on it says nothing.
    pub withdrawn: Option<Time>,
    /// Its first line.
    pub title: &'a str,
    /// Other databases' ids of the same thing, such as `CVE-2026-12345`. Advisories that share an id, their own or
    /// one of these, are one.
    pub aliases: Vec<&'a str>,
}

/// The kinds of advisory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AdvisoryKind {
    /// The release is malware.
    Malicious,
    /// A vulnerability.
    Vulnerability,
    /// Safe code can cause undefined behaviour.
    Unsound,
    /// Nobody maintains it.
    Unmaintained,
    /// Anything else worth knowing.
    Notice,
}

impl Advisory<'_> {
    /// Whether it says that `version` is affected.
    pub fn affects(&self, version: &Version) -> bool {
        !self.patched.iter().chain(&self.unaffected).any(|range| range.contains(version))
    }

    /// Whether it says that `version` is fixed.
    pub fn fixes(&self, version: &Version) -> bool {
        self.patched.iter().any(|range| range.contains(version))
    }
}

/// One audit record, from a set that the policy trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit<'a> {
    /// The feed that brought it, by its name in the policy: whoever can write to the feed can write any origin
    /// into its records. None where a signature by the first of `who` was verified: that no feed can forge.
    pub feed: Option<&'a str>,
    /// Whose record it is: the set it was first written in, also where another set repeats it; or whoever signed.
    pub origin: &'a str,
    /// Who vouches with it, as the set spells them; of a signed record the one who signed, then those through whom
    /// alone the policy trusts that one.
    pub who: Vec<&'a str>,
    /// Who signed it, where it is a statement of the fence's own kind whose signature was verified; none for the
    /// records of cargo-vet and crev. Who is involved in a release does not vouch for it.
    pub signer: Option<Identity<'a>>,
    /// The digest of the release that was read: of other bytes it says nothing. Without one it binds to the bytes
    /// that were known first.
    pub digest: Option<Digest>,
    /// The same of the release that a delta starts from.
    pub from_digest: Option<Digest>,
    /// When this fence or its feed first had it.
    pub known: Time,
    /// The last moment of it, by its own word.
    pub until: Option<Time>,
    /// What it says.
    pub claim: Claim,
    /// The criteria that it meets, in the policy's words, implied ones included; for a violation those that it
    /// fails, and so all that imply them: what is not fit to run is not fit to ship. One that was signed fails all,
    /// whatever a policy calls them.
    pub criteria: Vec<&'a str>,
}

impl<'a> Audit<'a> {
    /// Who vouches with it: those of `who`, and whoever signed.
    pub(crate) fn people(&self) -> impl Iterator<Item = &'a str> {
        self.who.iter().copied().chain(self.signer.as_ref().map(|signer| signer.principal))
    }
}

/// What an audit record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// All of a release was read.
    Full(AuditedVersion),
    /// The change between two releases was read.
    Delta {
        /// The release that was known.
        from: AuditedVersion,
        /// The release that is vouched for if `from` is.
        to: AuditedVersion,
    },
    /// Releases that meet the requirement fail the criteria.
    Violation(semver::VersionReq),
    /// Something to know about a release, which counts for nothing.
    Remark(AuditedVersion, Remark),
}

/// What a review says that counts for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Remark {
    /// A trusted reviewer thinks badly of the release, short of calling it dangerous.
    Negative,
    /// A machine thinks well of the release, or has no opinion.
    MachineReviewed,
    /// A machine thinks badly of the release.
    MachineWarned,
}

impl Claim {
    /// The versions that were known and that are vouched for; none for what vouches for nothing.
    pub(crate) fn versions(&self) -> Option<(Option<&AuditedVersion>, &AuditedVersion)> {
        match self {
            Self::Full(at) => Some((None, at)),
            Self::Delta { from, to } => Some((Some(from), to)),
            Self::Violation(_) | Self::Remark(..) => None,
        }
    }
}

/// A version as audit sets name it: a published one, or a git revision near it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuditedVersion {
    /// The version.
    pub version: Version,
    /// The revision, where it is not the published package that was read.
    pub git: Option<Box<str>>,
}

/// A window of time in which a trusted set vouches for whatever a publisher publishes of a crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window<'a> {
    /// Whose window it is.
    pub origin: &'a str,
    /// Who is vouched for.
    pub publisher: Publisher<'a>,
    /// The first moment of the window.
    pub start: Time,
    /// The last moment of the window.
    pub end: Time,
    /// The criteria, in the policy's words, implied ones included.
    pub criteria: Vec<&'a str>,
}

/// A feed that speaks against releases, and until when it can be believed to have spoken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// Its name: `index`, or as in the policy.
    pub name: String,
    /// What it was when last tried.
    pub state: FeedState,
    /// The moment up to which it is known to tell everything it knew; none where it was never read.
    pub as_of: Option<Time>,
}

/// What became of the last try to read a feed: four different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FeedState {
    /// Read, whole, and young enough.
    Current,
    /// Read before, and not reachable or too old now.
    Stale,
    /// Never read.
    Absent,
    /// Read, and not to be understood.
    Invalid,
}

impl FeedState {
    /// The word that outputs use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Stale => "stale",
            Self::Absent => "absent",
            Self::Invalid => "invalid",
        }
    }
}
