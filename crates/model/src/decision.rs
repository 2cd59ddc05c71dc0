//! What a judgement says: the verdict, the reasons, and the ways out.
//!
//! A decision is a value that can be kept, compared byte for byte, logged and rendered by anybody; nothing here
//! renders. [`crate::words`] has the one-sentence wording that all programs share.

use semver::Version;
use serde::Serialize;

use crate::code::{Code, Effect, Level};
use crate::facts::{AdvisoryKind, DependencyKind, FeedState};
use crate::names::{Digest, ReleaseId};
use crate::quorum::{Cluster, Quorum, Share};
use crate::readings::{Copied, Finding, NewPanics, Unread};
use crate::time::{Span, Time};

/// May this release reach a build?
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Yes.
    Admit,
    /// Not yet.
    Hold,
    /// No.
    Block,
}

impl Verdict {
    /// The word that outputs use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admit => "admit",
            Self::Hold => "hold",
            Self::Block => "block",
        }
    }
}

/// The judgement of one release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The release.
    pub release: ReleaseId,
    /// The digest that was judged; none where neither index nor lockfile names one.
    pub digest: Option<Digest>,
    /// May it reach a build?
    pub verdict: Verdict,
    /// The level that was asked for.
    pub level: Level,
    /// The level whose rules it passes, and what nobody could tell.
    pub attained: Attained,
    /// What admits it; none unless admitted.
    pub grounds: Option<Grounds>,
    /// The release that it was compared with.
    pub base: Option<Version>,
    /// Where its code can panic and that of its base could not, where both were read: told, and never weighed.
    pub panics: NewPanics,
    /// How its quorum stands, of one that is not admitted or that a quorum admits; none where nobody tells who owns the
    /// crate, or who maintains what depends on it.
    pub quorum: Option<Support>,
    /// When it was published, as the index says.
    pub published: Option<Time>,
    /// How its wait came about.
    pub clock: Clock,
    /// Everything found, for and against, sorted: the gravest first.
    pub reasons: Vec<Reason>,
    /// What is to be read before this is all that it could be.
    pub unread: Vec<Unread>,
    /// What would admit it, the cheapest first; empty if admitted.
    pub clears: Vec<Way>,
}

impl Decision {
    /// Whether only an override is left: nothing that anybody can vouch for would admit it.
    pub fn is_no_way(&self) -> bool {
        self.verdict != Verdict::Admit && self.clears.iter().all(|way| way.is_override())
    }

    /// The reason of `code`, if it was found; the first where there are several.
    pub fn reason(&self, code: Code) -> Option<&Reason> {
        self.reasons.iter().find(|reason| reason.code == code)
    }

    /// Whether `code` was found.
    pub fn has(&self, code: Code) -> bool {
        self.reason(code).is_some()
    }

    /// Whether some review code stands: time alone will not admit this release.
    pub fn needs_review(&self) -> bool {
        self.reasons.iter().any(|reason| reason.stands && reason.effect == Effect::Review)
    }

    /// The distinct codes that stand against the release, in the order of its reasons.
    pub fn standing_codes(&self) -> Vec<Code> {
        let mut codes = Vec::new();
        for reason in self.reasons.iter().filter(|r| r.stands && r.effect >= Effect::Hold) {
            if !codes.contains(&reason.code) {
                codes.push(reason.code);
            }
        }
        codes
    }
}

/// The highest level whose rules a release passes by evidence and age, without baseline and exceptions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Attained {
    /// The level, if it passes any.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub level: Option<Level>,
    /// What was unknown when that was found, in a fixed order.
    pub unknown: Vec<Unknown>,
}

/// How the quorum of a release stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Support {
    /// How it stands.
    pub quorum: Quorum,
    /// What people call those who could complete it.
    pub names: Vec<(Cluster, String)>,
}

/// What nobody told the fence, so that the codes resting on it could not be looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Unknown {
    /// Whether and when releases were yanked, deleted or backdated: no journal was kept.
    Journal,
    /// What the advisory feed says: it is absent.
    Advisories,
    /// How old a new dependency is: nobody read its index file, so `young-dependency` could not be looked for.
    Dependencies,
    /// Who published the release, or one before it that may be of the same account: `new-publisher`,
    /// `known-publisher`, `ci-known`, and who is involved.
    Publishers,
    /// What the code can do: `new-capability`, `new-build-code`, `unreviewed-finding`, `lesser-finding`, `unchanged-code`, `clone`.
    Capabilities,
    /// Who owns the crate and who maintains its dependents: `quorum`, `objected`, and the second half of `new-crate`.
    People,
    /// Whether audits are signed with hardware keys and one reviewer was drawn: asked for at level high.
    Signatures,
    /// Whether the package matches its repository: asked for at level high.
    Repository,
}

impl Unknown {
    /// The word that outputs use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Journal => "journal",
            Self::Advisories => "advisories",
            Self::Dependencies => "dependencies",
            Self::Publishers => "publishers",
            Self::Capabilities => "capabilities",
            Self::People => "people",
            Self::Signatures => "signatures",
            Self::Repository => "repository",
        }
    }
}

/// What admits a release; the strongest where several would.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Grounds {
    /// One or two audits.
    Audited,
    /// A quorum of those who maintain its dependents.
    Quorum,
    /// Its wait is over.
    Age,
    /// Its wait is over, and was shorter because it fixes something known.
    Fix,
    /// The policy calls its registry one's own.
    FirstParty,
    /// It was locked when the fence was set up.
    Baseline,
    /// An exception names it.
    Exception,
    /// The level lets sources pass that the fence cannot judge.
    Unjudged,
}

impl Grounds {
    /// The words that outputs use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Audited => "audited",
            Self::Quorum => "by quorum",
            Self::Age => "by age",
            Self::Fix => "as a fix",
            Self::FirstParty => "first-party",
            Self::Baseline => "baseline",
            Self::Exception => "by exception",
            Self::Unjudged => "unjudged",
        }
    }
}

/// How a release's wait came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// When its time in the open began, moved on by as long as it was yanked since; none if it is not in the open.
    pub opened: Option<Time>,
    /// Up to when time is counted: now, or earlier where an adverse feed stands still.
    pub counted: Time,
    /// How long it has been in the open, as counted.
    pub age: Span,
    /// How long it has to be.
    pub wait: Span,
    /// When the wait is over, if nothing else changes.
    pub until: Option<Time>,
    /// What made the wait what it is, in order.
    pub steps: Vec<Step>,
}

/// One thing that changed a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// What did; none for the base wait of the level.
    pub code: Option<Code>,
    /// The wait after it.
    pub wait: Span,
}

/// One thing found about a release.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reason {
    /// Its stable name.
    pub code: Code,
    /// What it does at the level that was asked for.
    pub effect: Effect,
    /// Whether it still counts: a review code that an audit cleared, or any code that an exception names, does not.
    pub stands: bool,
    /// Since when it is so, or has been known.
    pub known: Option<Time>,
    /// What exactly was found.
    pub because: Because,
}

/// What exactly was found: the values behind a code.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Because {
    /// Younger than its wait.
    Young {
        /// Its age as counted.
        age: Span,
        /// Its wait.
        wait: Span,
    },
    /// Neither publish time nor first sight is known.
    AgeUnknown,
    /// Fewer independent audits than level high asks for.
    AuditsMissing {
        /// How many there are.
        have: usize,
    },
    /// A requirement that no admitted release meets.
    RequirementHeld {
        /// The package.
        package: String,
        /// The requirement.
        requirement: String,
    },
    /// The release in use is vulnerable, and this one is not.
    FixHeld {
        /// The release in use, or the newest admitted one.
        in_use: Version,
        /// The advisories that this release is free of.
        advisories: Vec<String>,
    },
    /// A feed stands still.
    FeedBehind {
        /// The feed.
        feed: String,
        /// What became of it.
        state: FeedState,
        /// Up to when it speaks.
        as_of: Option<Time>,
    },
    /// The crate was silent before.
    Silence {
        /// How long.
        length: Span,
        /// When the silence ended.
        ended: Time,
    },
    /// A dependency that the base lacks.
    DependencyAdded {
        /// The package.
        package: String,
        /// For what.
        kind: DependencyKind,
    },
    /// A new dependency whose crate was young when this release was published.
    DependencyYoung {
        /// The package.
        package: String,
        /// How old its crate was when this release was published; none if it did not exist before.
        age: Span,
    },
    /// A dependency that the base lacks, and of which nobody read how old its crate is.
    DependencyUnread {
        /// The package.
        package: String,
        /// For what.
        kind: DependencyKind,
    },
    /// A new dependency of which it was asked in vain how old its crate is.
    DependencyUntold {
        /// The package.
        package: String,
    },
    /// A new dependency whose crate does not exist.
    DependencyNonexistent {
        /// The package.
        package: String,
    },
    /// A new dependency whose name is close to a better-known one.
    DependencyLookAlike {
        /// The package.
        package: String,
        /// The better-known crate.
        known_as: String,
        /// How they are close.
        likeness: &'static str,
    },
    /// The good older releases were yanked together.
    YankedTogether {
        /// The lowest of the yanked releases next below this one.
        first: Version,
        /// The highest of them.
        last: Version,
        /// How many were yanked together.
        count: usize,
        /// When the first was seen yanked.
        at: Time,
    },
    /// The good older releases are yanked, as far as is known not around this one.
    YankedBelow {
        /// The lowest of the yanked releases next below this one.
        first: Version,
        /// The highest of them.
        last: Version,
        /// How many there are.
        count: usize,
        /// When the last yank that somebody saw happen was seen; none without a journal.
        latest: Option<Time>,
    },
    /// A name close to a better-known one.
    NameClose {
        /// The better-known crate.
        known_as: String,
        /// How they are close.
        likeness: &'static str,
    },
    /// The crate is young.
    CrateYoung {
        /// When its first release was published.
        born: Time,
        /// How old the crate is, as counted.
        age: Span,
    },
    /// An advisory.
    Advisory {
        /// Its id.
        id: String,
        /// The ids under which other databases tell of the same thing, of those that were read.
        also: Vec<String>,
        /// What it says.
        kind: AdvisoryKind,
        /// Its first line.
        title: String,
        /// When it became known.
        known: Time,
        /// The lowest release that is free of it, from this one on, if any is known.
        fixed_in: Option<Version>,
    },
    /// A requirement raised to a release that fixes an advisory.
    RequirementRaised {
        /// The package.
        package: String,
        /// The new requirement.
        requirement: String,
        /// The advisory.
        id: String,
    },
    /// An audit set says no.
    AuditViolation {
        /// Whose.
        origin: String,
        /// Which releases.
        requirement: String,
    },
    /// A review that counts for nothing.
    Remarked {
        /// Whose.
        origin: String,
        /// What it says.
        remark: crate::facts::Remark,
    },
    /// It vanished.
    Vanished {
        /// When it was first seen.
        first_seen: Option<Time>,
        /// The first read that lacked it.
        gone_at: Time,
    },
    /// The digest differs from the one that somebody saw before.
    DigestChanged {
        /// The digest that the index names now.
        now: Digest,
        /// The other digest.
        seen: Digest,
        /// Who saw it.
        by: Witness,
    },
    /// The lockfile names no digest for a release of a registry.
    DigestMissing,
    /// Two lines of the index name different digests for one version, or tell different things of one digest.
    DigestAmbiguous {
        /// One of them.
        one: Digest,
        /// The other; the same where the lines differ in something else.
        other: Digest,
    },
    /// A publish time before a read that lacked it.
    PublishedBefore {
        /// The publish time.
        published: Time,
        /// The read.
        lacked_at: Time,
    },
    /// It was yanked, and is not now.
    YankTakenBack {
        /// When it was seen yanked, so that it was for more than a day in all.
        yanked_at: Time,
        /// When it was seen un-yanked, the last time that came to as much.
        unyanked_at: Time,
    },
    /// All earlier releases of the name vanished.
    NameReused {
        /// How many.
        count: usize,
        /// When the last of them was seen gone.
        gone_at: Time,
    },
    /// Not in the index.
    NotInIndex,
    /// A source that cannot be judged.
    Source(String),
    /// Audits.
    Audits(Vec<Chain>),
    /// Enough of those who maintain dependents approve.
    Approved {
        /// The share that approves.
        share: Share,
        /// The share that has to.
        needed: Share,
        /// Who they are.
        who: Vec<String>,
        /// When so much of it ends by its own word that it is not enough any more.
        until: Option<Time>,
    },
    /// An account, or a way of publishing, that is new on this crate.
    PublisherNew {
        /// The publisher.
        publisher: String,
        /// What is new.
        new: NewWay,
        /// When the first such release was published.
        since: Time,
    },
    /// A publisher with a history on this crate.
    PublisherKnown {
        /// The publisher.
        publisher: String,
        /// The first of its releases that were admitted before this one.
        since: Time,
    },
    /// Objections that block.
    Objected {
        /// Why they do.
        weight: Objectors,
        /// Who objects.
        who: Vec<String>,
        /// What the first of them says.
        comment: String,
    },
    /// One objection.
    Objection {
        /// Who objects.
        who: String,
        /// How it stands.
        standing: ObjectionState,
        /// What they say.
        comment: String,
    },
    /// Keys of the security role took it out of use.
    Revoked {
        /// The keys' fingerprints.
        keys: Vec<String>,
        /// How many it takes.
        threshold: usize,
        /// What the first of them says.
        comment: String,
    },
    /// Inside a window.
    PublisherVouched {
        /// The publisher.
        publisher: String,
        /// Whose window.
        origin: String,
        /// The window's end.
        until: Time,
    },
    /// In the baseline.
    Recorded {
        /// When.
        recorded: Time,
    },
    /// In the baseline, where it was recorded when it was younger than its wait.
    RecordedYoung {
        /// When.
        recorded: Time,
    },
    /// In the baseline, but published after it was made, so that the entry is invalid.
    RecordedTooEarly {
        /// When the entry was made.
        recorded: Time,
    },
    /// In the exceptions.
    Excused {
        /// Why.
        because: String,
        /// Until when.
        until: Time,
        /// The codes.
        codes: Vec<Code>,
    },
    /// It can do something that its base could not.
    CapabilityGained {
        /// What, in the scanner's words.
        capability: String,
        /// The base; none where all that came before is withdrawn.
        base: Option<Version>,
    },
    /// Code that runs where dependents are built is new.
    BuildCodeNew {
        /// The base, which has none.
        base: Option<Version>,
    },
    /// Code that runs where dependents are built, and acts on more than the build, is new or changed.
    BuildCodeActs {
        /// The functions, with their files.
        functions: Vec<String>,
        /// The base; none where all that came before is withdrawn.
        base: Option<Version>,
    },
    /// A scanner found something.
    Found(Finding),
    /// It is a copy of a better-known crate, by its code. Whose crates both are is not known.
    CopyOf(Copied),
    /// All that is built is that of the base.
    Unchanged {
        /// The base.
        base: Version,
    },
    /// Nobody read it.
    Unscanned {
        /// Why not; none where nobody tried yet.
        why: Option<String>,
    },
    /// Its publisher yanked it.
    Withdrawn {
        /// When that was first seen; none without a journal.
        at: Option<Time>,
    },
}

/// What is new about how a release was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NewWay {
    /// The account, or the repository.
    Account,
    /// By hand, where CI published before.
    ByHand,
    /// By CI, where only hands published before.
    ByCi,
}

/// Why objections block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Objectors {
    /// Somebody involved says that it is not theirs.
    Involved,
    /// Two reviewers whom the policy names.
    Reviewers,
    /// That share of the enrolled weight.
    Share(Share),
}

/// How an objection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectionState {
    /// It holds the release until then.
    Open(Time),
    /// Somebody else objected within its time: it holds until it is answered.
    Seconded,
    /// The release had been admitted by then.
    Late,
    /// Its time is over, and nobody seconded it.
    Lapsed,
    /// Somebody read the release after it, or a quorum approved after it.
    Answered,
    /// The signer let three lapse within 90 days before.
    Muted,
    /// The signer is neither a reviewer nor somebody who maintains dependents.
    Uncounted,
}

/// Who saw another digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Witness {
    /// The journal, first.
    Journal,
    /// The lockfile.
    Lockfile,
    /// The baseline.
    Baseline,
}

/// Audits that lead to a release: a full one and deltas from there, or deltas from a release that a full wait admitted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Chain {
    /// Whose records it is made of, sorted.
    pub origins: Vec<String>,
    /// The release that a full wait admitted and at which deltas begin, where no full audit is behind them.
    pub begins: Option<String>,
    /// The versions from the fully audited one, or else the first after `begins`, to this release, as the sets name them.
    pub versions: Vec<String>,
    /// When its last record became known.
    pub known: Time,
    /// When the first of its records ends by its own word.
    pub until: Option<Time>,
    /// Who signed some of it and is bound to no account, so that nobody knows whether they are involved.
    pub unbound: Vec<String>,
}

/// One way in which a held release would be admitted: add exactly what it needs, at the earliest time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Way {
    /// What has to be added; nothing means that waiting is enough.
    pub needs: Vec<Need>,
    /// The earliest moment at which that admits.
    pub earliest: Time,
    /// Up to when the feeds that it names have to speak, at least.
    pub as_of: Time,
}

impl Way {
    /// Whether this way goes against the judgement.
    pub fn is_override(&self) -> bool {
        self.needs.iter().any(|need| matches!(need, Need::Exception(_)))
    }

    /// Whether waiting is all that it takes.
    pub fn is_wait(&self) -> bool {
        self.needs.iter().all(|need| matches!(need, Need::Feed(_)))
    }
}

/// Somebody who could complete a quorum.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Approver {
    /// What people call them.
    pub name: String,
    /// The principal under which they sign.
    pub signer: String,
    /// Their share of the enrolled weight.
    pub share: Share,
}

/// A thing to add.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// A feed that speaks up to the earliest moment of the way.
    Feed(String),
    /// That many independent audits of this release, by trusted sets.
    Audits(usize),
    /// Approvals of this release by these, who maintain its dependents.
    Quorum(Vec<Approver>),
    /// An admitted release of a package that meets a requirement.
    Admitted {
        /// The package.
        package: String,
        /// The requirement.
        requirement: String,
    },
    /// An exception that names these codes.
    Exception(Vec<Code>),
}
