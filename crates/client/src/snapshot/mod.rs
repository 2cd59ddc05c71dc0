//! Snapshots: compiled facts, read in one call and used in place.
//!
//! The main path: [`Contents`] is what a snapshot holds, as a plain value; [`write()`] makes the bytes of one;
//! [`Snapshot::open`] checks bytes and hands out [`CrateView`]s that decode one crate at a time. Copying a crate
//! from an old snapshot into new contents is [`CrateView::record`].
//!
//! # The format
//!
//! All numbers are little-endian and unsigned unless said otherwise; nothing is padded. A snapshot is
//!
//! * the 8 bytes `cgfence\n`, the format version (4 bytes, [`FORMAT`]), 4 zero bytes;
//! * a checksum (8 bytes): XXH3-64 with seed 0 over everything behind it. It detects damage, not attack: whoever
//!   can write the file also controls the builds of that account;
//! * for each [`Section`] the number of its records (4 bytes each; for the last, the number of its bytes);
//! * the sections themselves, one after the other. A section is so many records of one fixed width, so where each
//!   begins follows from the counts, and sections cannot overlap or leave gaps.
//!
//! Records name each other by number, from 0 in their section; a *run* is a first number and a count, a *text* its
//! first byte in the last section and its length. Times are signed seconds since 1970. What is missing is an extreme
//! value: number or first byte `0xffff_ffff`, account `0xffff_ffff_ffff_ffff`, time −2^63. The rows are declared in
//! `format.rs`, field by field in file order.
//!
//! Sorted are: crates by registry and name, and a crate's releases and publishers by version. So looking up is a
//! binary search, and equal contents give equal bytes.
//!
//! The last section is all text, checked for UTF-8 once, when a snapshot is opened. Every other reference is
//! checked when it is followed, and answers with a [`SnapshotError`].
//!
//! The smallest snapshot that says something, one crate without releases, registry 0, never read:
//!
//! ```text
//! 63 67 66 65 6e 63 65 0a  08 00 00 00  00 00 00 00     "cgfence\n", format 8, zeros
//! xx xx xx xx xx xx xx xx                               checksum of what follows
//! 00 00 00 00  01 00 00 00  00 00 00 00 (24 times)      no source, one crate, nothing in 24 sections
//! 01 00 00 00                                           one byte of text
//! 00 00 00 00  00 00 00 00  01 00 00 00                 the crate: registry 0, its name begins at 0 and has 1 byte
//! 00  00 00 00 00 00 00 00 00                           not read, checked at 0
//! ff ff ff ff  00 00 00 00                              no validator
//! 00 (32 times)                                         digest of its index file: none
//! 00 00 00 00 00 00 00 00 (9 times)                     nine empty runs: releases … classes
//! 00 00                                                 nobody told who owns it, nor who published
//! 61                                                    "a"
//! ```

mod format;
mod read;
mod write;

use std::fmt;
use std::sync::Arc;

use fence_model::facts::{
    Account, Advisory, Audit, Birth, DependencyKind, Identity, Owner, Publisher, Statement, Window,
};
use fence_model::{Digest, Time};
use semver::Version;

use crate::cache::ContentDigest;

pub use format::{FORMAT, Section};
pub use read::{CrateView, Snapshot};
pub(crate) use read::{QUORUM_LASTS, Voices, publisher_of};
pub(crate) use write::read_again;
pub use write::write;

/// Everything that a snapshot holds. Order carries no meaning; [`write()`] sorts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contents<'a> {
    /// What it was made from. Crates and packages name registries by their place in this list.
    pub sources: Vec<SourceRecord<'a>>,
    /// The crates.
    pub crates: Vec<CrateRecord<'a>>,
    /// The packages that crates depend on, as far as something is known about them.
    pub packages: Vec<PackageRecord<'a>>,
    /// What could not be understood in the sources.
    pub problems: Vec<ProblemRecord<'a>>,
    /// The names that others may be taken for, as the crates show.
    pub known: Vec<KnownRecord<'a>>,
    /// Since when each statement of a feed is known, withdrawn ones and withdrawals among them.
    pub seen: Vec<SeenRecord>,
    /// Who is bound to accounts of the registry, as feeds tell that a policy believes about it.
    pub enrolled: Vec<EnrolledRecord<'a>>,
}

/// A registry or a feed that a snapshot was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceRecord<'a> {
    /// What it is.
    pub kind: SourceKind,
    /// Its name: a registry's address, or a feed's name in the policy.
    pub name: &'a str,
    /// The settings under which it was compiled; other settings ask for a new compilation.
    pub settings: &'a str,
    /// Equal identity, equal content; of a registry, the selection of releases that was asked about.
    pub identity: &'a str,
    /// The moment up to which it tells everything it knew.
    pub as_of: Option<Time>,
    /// When this machine last read it, or made sure that nothing had changed.
    pub read: Option<Time>,
}

/// What a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceKind {
    /// A registry's index.
    Registry,
    /// A feed in the advisory role.
    Advisories,
    /// A feed in the audit role.
    Audits,
    /// A feed of statements: it can speak against releases as well as for them.
    Statements,
    /// A database dump: who published what.
    Dump,
}

impl SourceKind {
    /// Whether its silence could hide something that speaks against a release.
    pub const fn is_adverse(self) -> bool {
        match self {
            Self::Registry | Self::Advisories | Self::Statements | Self::Dump => true,
            Self::Audits => false,
        }
    }
}

/// What a snapshot holds of one crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrateRecord<'a> {
    /// The registry, by its place among the sources.
    pub registry: u32,
    /// The crate's name, as its registry spells it.
    pub name: &'a str,
    /// Its index file when it was last read.
    pub index: IndexRecord<'a>,
    /// Its releases.
    pub releases: Vec<ReleaseRecord<'a>>,
    /// The advisories on it.
    pub advisories: Vec<Advisory<'a>>,
    /// The audit records on it.
    pub audits: Vec<AuditRecord<'a>>,
    /// The windows on it.
    pub windows: Vec<WindowRecord<'a>>,
    /// Who published which version.
    pub publishers: Vec<PublisherRecord<'a>>,
    /// Whether these are the publishers of all of its releases, as far as a publisher was ever told.
    pub publishers_told: bool,
    /// What was signed of its releases, but audits.
    pub statements: Vec<Statement<'a>>,
    /// Who owns it; none where nobody told.
    pub owners: Option<Vec<Owner<'a>>>,
    /// Who is eligible for the quorums of its releases, by caret class; nothing where no graph is at hand.
    pub classes: Vec<ClassRecord<'a>>,
}

impl<'a> CrateRecord<'a> {
    /// A crate of which nothing is known yet.
    pub fn new(registry: u32, name: &'a str) -> Self {
        Self {
            registry,
            name,
            index: IndexRecord::UNREAD,
            releases: Vec::new(),
            advisories: Vec::new(),
            audits: Vec::new(),
            windows: Vec::new(),
            publishers: Vec::new(),
            publishers_told: false,
            statements: Vec::new(),
            owners: None,
            classes: Vec::new(),
        }
    }
}

/// Who is eligible for the releases of a caret class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassRecord<'a> {
    /// Its newest release that is known.
    pub newest: Version,
    /// Who is eligible, by number; may be shared by classes.
    pub voices: Arc<[VoiceRecord<'a>]>,
}

/// Somebody who is eligible for a quorum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct VoiceRecord<'a> {
    /// Their number in the graph.
    pub cluster: u32,
    /// Their account, or one of them.
    pub account: Account,
    /// What people call them.
    pub name: &'a str,
    /// The organisation that they are.
    pub organisation: Option<&'a str>,
    /// How many others stand behind them.
    pub reach: u32,
}

/// An audit record, and what its auditor had before them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord<'a> {
    /// The record.
    pub audit: Audit<'a>,
    /// Digests of unpacked content, as the feed has them, of the version that is vouched for and of the one that was
    /// known; none where the record names none, or where they were compared with what the registry serves.
    pub contents: Vec<&'a str>,
}

impl<'a> From<Audit<'a>> for AuditRecord<'a> {
    /// A record that does not say what it was about.
    fn from(audit: Audit<'a>) -> Self {
        Self { audit, contents: Vec::new() }
    }
}

/// A crate's index file, as it was last read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexRecord<'a> {
    /// Whether the registry had it.
    pub presence: Presence,
    /// When the registry last confirmed that.
    pub checked: Time,
    /// What the registry calls this state of the file: an entity tag or a date.
    pub validator: Option<&'a str>,
    /// The digest of its bytes: what an unchanged file is known by.
    pub digest: ContentDigest,
}

impl IndexRecord<'_> {
    /// Of an index file that was never read.
    pub const UNREAD: Self = Self {
        presence: Presence::Unread,
        checked: Time::EARLIEST,
        validator: None,
        digest: ContentDigest([0; 32]),
    };
}

/// Whether a registry has an index file for a crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Presence {
    /// Nobody has asked, or nobody was answered.
    Unread,
    /// The registry has it.
    Listed,
    /// The registry says that there is no such crate.
    Nonexistent,
}

/// One release, as the index has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseRecord<'a> {
    /// The full version.
    pub version: Version,
    /// The digest of its `.crate`.
    pub digest: Digest,
    /// When the registry says that it was published, whether or not a policy believes it.
    pub published: Option<Time>,
    /// Whether the index marks it as yanked.
    pub yanked: bool,
    /// What it depends on; equal lists may share one allocation.
    pub dependencies: Arc<[DependencyRecord<'a>]>,
}

/// Stands for a registry that is not among the sources.
pub const ELSEWHERE: u32 = u32::MAX;

/// One dependency, as the index has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DependencyRecord<'a> {
    /// The registry of the package, by its place among the sources, or [`ELSEWHERE`].
    pub registry: u32,
    /// The package's real name.
    pub package: &'a str,
    /// The version requirement, as the index spells it.
    pub requirement: &'a str,
    /// For what it is needed.
    pub kind: DependencyKind,
    /// Whether a feature switches it on.
    pub optional: bool,
}

/// A package that releases depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackageRecord<'a> {
    /// Its registry, by its place among the sources.
    pub registry: u32,
    /// Its name.
    pub name: &'a str,
    /// Since when it is there.
    pub birth: Birth,
    /// When that was last told, or [`PackageRecord::IN_VAIN`]; none where nobody wanted to know.
    pub asked: Option<Time>,
}

impl PackageRecord<'_> {
    /// When a package was asked about of which nobody could tell: before anything, so that it is asked again.
    pub const IN_VAIN: Time = Time::EARLIEST;
}

/// A window, and since when it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowRecord<'a> {
    /// The window.
    pub window: Window<'a>,
    /// When this machine first had it.
    pub known: Time,
}

/// Who published one version of a crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublisherRecord<'a> {
    /// The version.
    pub version: Version,
    /// The digest of what they published; none where only the version is told.
    pub digest: Option<Digest>,
    /// Who.
    pub publisher: Publisher<'a>,
}

/// Somebody who is bound to accounts of the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolledRecord<'a> {
    /// The feed that says so, and whose allowed signers say who that is.
    pub feed: &'a str,
    /// Who, and to which accounts.
    pub identity: Identity<'a>,
}

/// A statement of a feed, and since when it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SeenRecord {
    /// The SHA-256 of its bytes.
    pub id: Digest,
    /// Since when.
    pub known: Time,
}

/// Something in a source that could not be understood; the rest was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProblemRecord<'a> {
    /// The source, by its place among the sources.
    pub source: u32,
    /// The file: a path in the feed, or a crate's name for an index file.
    pub place: &'a str,
    /// The line in it, from 1; 0 where the whole file is meant.
    pub line: u32,
    /// Why, in the words of who tried to read it.
    pub because: &'a str,
}

/// A name that others may be taken for, as the crates at hand show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownRecord<'a> {
    /// The crate's name.
    pub name: &'a str,
    /// When its first release was published.
    pub born: Time,
    /// How many families of crates need it.
    pub clusters: u32,
    /// The packages with names close to it that it needs itself.
    pub kin: Vec<&'a str>,
}

/// Why bytes are no usable snapshot. None of it is anybody's fault but the disk's, or an older fence's: the answer
/// is to make it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotError {
    /// Not a snapshot at all.
    Foreign,
    /// A snapshot of another format.
    OtherFormat {
        /// The format that it says it has.
        found: u32,
    },
    /// Shorter or longer than its header says.
    Length {
        /// By the header.
        expected: u64,
        /// What there is.
        found: u64,
    },
    /// Its bytes are not those that were written.
    Checksum,
    /// A record that makes no sense, under a checksum that does.
    Record {
        /// Its section.
        section: Section,
        /// Its number.
        number: u32,
    },
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => write!(f, "not a snapshot"),
            Self::OtherFormat { found } => {
                write!(f, "a snapshot of format {found}, and this fence reads format {FORMAT}")
            }
            Self::Length { expected, found } => {
                write!(f, "the snapshot has {found} bytes, and its header counts {expected}")
            }
            Self::Checksum => write!(f, "the snapshot is damaged: its checksum does not match"),
            Self::Record { section, number } => {
                write!(f, "the snapshot is damaged: record {number} of {section:?} makes no sense")
            }
        }
    }
}

impl std::error::Error for SnapshotError {}

/// Why contents do not fit into a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteError {
    /// More than 2^32 − 2 records of one section, or as many bytes of text.
    TooMany {
        /// The section.
        section: Section,
    },
    /// Two records about one crate of one registry.
    Twice {
        /// The crate.
        name: String,
    },
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Twice { name } => write!(f, "two records about the crate {name} in one snapshot"),
            Self::TooMany { section } => {
                write!(
                    f,
                    "too much for one snapshot: {section:?} would hold more than {} records",
                    u32::MAX - 1
                )
            }
        }
    }
}

impl std::error::Error for WriteError {}
