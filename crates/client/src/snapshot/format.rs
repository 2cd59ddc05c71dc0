//! The layout of a snapshot: its sections, the fixed width of their records, and the header that counts them.
//!
//! A record is a [`Row`]: a struct whose fields lie one after the other, each little-endian and of fixed width,
//! without padding. The same declaration makes the reader's and the writer's side, so the two cannot disagree.

use fence_model::facts::{Account, AdvisoryKind, Birth, DependencyKind, Reader, Remark, RestsOn, Says};
use fence_model::{Digest, Time};

use super::{Presence, SourceKind};
use crate::cache::ContentDigest;

/// The first bytes of every snapshot. The line feed shows damage by a transfer that rewrites line ends.
pub(super) const MAGIC: [u8; 8] = *b"cgfence\n";
/// The layout that this module reads and writes. Any change of a row, a section or a meaning raises it; an older
/// snapshot is made again, never converted.
pub const FORMAT: u32 = 8;
/// Where the checksum lies: after magic, format, and four bytes that are zero.
pub(super) const CHECKSUM_AT: usize = 16;
/// Where the counts of the sections begin: the first byte that the checksum covers.
pub(super) const COUNTS_AT: usize = 24;
/// The length of the header: magic, format, zeros, checksum, and a count per section.
pub(super) const HEADER_BYTES: usize = COUNTS_AT + 4 * Section::ALL.len();

/// The parts of a snapshot, in the order in which they lie in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// What the snapshot was made from.
    Sources,
    /// The crates, sorted by registry and name.
    Crates,
    /// The releases of all crates, crate by crate, in version order.
    Releases,
    /// The distinct dependency lists of all crates, crate by crate: runs of `ListEntries`.
    Lists,
    /// The dependencies of all lists, list by list.
    ListEntries,
    /// The distinct dependencies.
    Dependencies,
    /// The packages that are depended on, with the time of their first release.
    Packages,
    /// The distinct versions.
    Versions,
    /// The advisories, crate by crate.
    Advisories,
    /// The version ranges of all advisories, advisory by advisory.
    Ranges,
    /// The audit records, crate by crate.
    Audits,
    /// The windows, crate by crate.
    Windows,
    /// Who published which version, crate by crate, in version order.
    Publishers,
    /// What was signed of releases, crate by crate.
    Statements,
    /// What is known of audits that were signed as statements.
    Signed,
    /// Who signed.
    Identities,
    /// Who owns crates, crate by crate.
    Owners,
    /// The accounts of all identities, identity by identity.
    Accounts,
    /// Who is eligible for the quorums of crates, each once.
    Maintainers,
    /// The caret classes of crates for which somebody is eligible, crate by crate.
    Classes,
    /// Who is eligible for the releases of a class, class by class.
    Voices,
    /// Who is bound to accounts of the registry.
    Enrolled,
    /// Since when each statement of a feed is known.
    Seen,
    /// The elements of lists of words, such as criteria and auditors.
    Words,
    /// What could not be understood in the sources.
    Problems,
    /// Names that others may be taken for.
    Known,
    /// All text, in UTF-8, without separators. Its count is in bytes.
    Text,
}

impl Section {
    /// All sections, in their order.
    pub const ALL: [Self; 27] = [
        Self::Sources,
        Self::Crates,
        Self::Releases,
        Self::Lists,
        Self::ListEntries,
        Self::Dependencies,
        Self::Packages,
        Self::Versions,
        Self::Advisories,
        Self::Ranges,
        Self::Audits,
        Self::Windows,
        Self::Publishers,
        Self::Statements,
        Self::Signed,
        Self::Identities,
        Self::Owners,
        Self::Accounts,
        Self::Maintainers,
        Self::Classes,
        Self::Voices,
        Self::Enrolled,
        Self::Seen,
        Self::Words,
        Self::Problems,
        Self::Known,
        Self::Text,
    ];

    /// How many bytes one record of it takes.
    pub(super) const fn record_bytes(self) -> usize {
        match self {
            Self::Sources => SourceRow::BYTES,
            Self::Crates => CrateRow::BYTES,
            Self::Releases => ReleaseRow::BYTES,
            Self::Lists => ListRow::BYTES,
            Self::ListEntries => EntryRow::BYTES,
            Self::Dependencies => DependencyRow::BYTES,
            Self::Packages => PackageRow::BYTES,
            Self::Versions => VersionRow::BYTES,
            Self::Advisories => AdvisoryRow::BYTES,
            Self::Ranges => RangeRow::BYTES,
            Self::Audits => AuditRow::BYTES,
            Self::Windows => WindowRow::BYTES,
            Self::Publishers => PublisherRow::BYTES,
            Self::Statements => StatementRow::BYTES,
            Self::Signed => SignedRow::BYTES,
            Self::Identities => IdentityRow::BYTES,
            Self::Owners => OwnerRow::BYTES,
            Self::Accounts => AccountRow::BYTES,
            Self::Maintainers => MaintainerRow::BYTES,
            Self::Classes => ClassRow::BYTES,
            Self::Voices => VoiceRow::BYTES,
            Self::Enrolled => EnrolledRow::BYTES,
            Self::Seen => SeenRow::BYTES,
            Self::Words => WordRow::BYTES,
            Self::Problems => ProblemRow::BYTES,
            Self::Known => KnownRow::BYTES,
            Self::Text => 1,
        }
    }
}

/// A value of fixed width inside a row.
pub(super) trait Field: Sized {
    /// How many bytes it takes.
    const BYTES: usize;
    /// Takes it from the front of `bytes`; `None` where they are too few or no such value.
    fn take(bytes: &mut &[u8]) -> Option<Self>;
    /// Appends it.
    fn put(&self, out: &mut Vec<u8>);
}

/// A record of a section.
pub(super) trait Row: Field {
    /// Where such records lie.
    const SECTION: Section;
}

/// A number of the file: which record of a section.
pub(super) type Id = u32;

/// Neighbouring records of one section: `count` of them from `first`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Run {
    /// The first of them.
    pub first: Id,
    /// How many.
    pub count: u32,
}

/// A text: where it begins in the last section, and how many bytes it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Text {
    /// Its first byte.
    pub start: u32,
    /// Its length in bytes.
    pub length: u32,
}

macro_rules! rows {
    ($( $(#[doc = $doc:literal])+ $name:ident in $section:ident { $( $field:ident: $type:ty, )+ } )+) => { $(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) struct $name { $( pub $field: $type, )+ }

        impl Field for $name {
            const BYTES: usize = 0 $( + <$type as Field>::BYTES )+;

            #[inline]
            fn take(bytes: &mut &[u8]) -> Option<Self> {
                Some(Self { $( $field: <$type as Field>::take(bytes)?, )+ })
            }

            fn put(&self, out: &mut Vec<u8>) {
                $( self.$field.put(out); )+
            }
        }

        impl Row for $name {
            const SECTION: Section = Section::$section;
        }
    )+ };
}

rows! {
    /// A registry or feed, and the state in which it was read.
    SourceRow in Sources {
        kind: SourceKind, name: Text, settings: Text, identity: Text, as_of: Option<Time>, read: Option<Time>,
    }
    /// A crate: its name, its index file, and which records are about it.
    CrateRow in Crates {
        registry: u32, name: Text,
        presence: Presence, checked: Time, validator: Option<Text>, digest: ContentDigest,
        releases: Run, lists: Run, advisories: Run, audits: Run, windows: Run, publishers: Run,
        statements: Run, owners: Run, classes: Run, owners_told: bool, publishers_told: bool,
    }
    /// A release; `list` counts from the first list of its crate.
    ReleaseRow in Releases {
        version: Id, list: u32, published: Option<Time>, yanked: bool, digest: Digest,
    }
    /// A dependency list.
    ListRow in Lists { entries: Run, }
    /// One dependency of a list.
    EntryRow in ListEntries { dependency: Id, }
    /// A dependency, as often as it stands in lists.
    DependencyRow in Dependencies { package: Id, requirement: Text, kind: DependencyKind, optional: bool, }
    /// A package that is depended on. `asked` is when its first release was last looked for.
    PackageRow in Packages { registry: u32, name: Text, birth: Birth, asked: Option<Time>, }
    /// A version: `text` where its three numbers do not say all of it, or do not fit.
    VersionRow in Versions { major: u32, minor: u32, patch: u32, text: Option<Text>, }
    /// An advisory. Its patched ranges lie before its unaffected ones.
    AdvisoryRow in Advisories {
        id: Text, title: Text, kind: AdvisoryKind, known: Time, withdrawn: Option<Time>, patched: Run, unaffected: Run,
        aliases: Run,
    }
    /// A version range.
    RangeRow in Ranges { lower: End, upper: End, }
    /// An audit record: `to` is the version of a full audit or a remark, `requirement` that of a violation.
    AuditRow in Audits {
        feed: Option<Text>, origin: Text, who: Run, criteria: Run, known: Time,
        from: Option<Id>, from_git: Option<Text>, to: Option<Id>, to_git: Option<Text>, requirement: Option<Text>,
        remark: Option<Remark>, contents: Run, signed: Option<Id>,
    }
    /// A window of time in which a publisher is vouched for.
    WindowRow in Windows {
        origin: Text, user: Option<u64>, ci: Option<Text>, start: Time, end: Time, known: Time, criteria: Run,
    }
    /// Who published one version.
    PublisherRow in Publishers { version: Id, digest: Option<Digest>, user: Option<u64>, ci: Option<Text>, }
    /// What was signed of a release.
    StatementRow in Statements {
        signer: Id, feed: Text, version: Id, digest: Digest, known: Time, until: Option<Time>, says: Says, reader: Reader,
        is_reviewer: bool, is_believed: bool, comment: Text,
    }
    /// Who signed an audit, over which bytes, and when it ends. A full one has no second digest.
    SignedRow in Signed { signer: Id, digest: Digest, from_digest: Option<Digest>, until: Option<Time>, }
    /// Somebody whose signature was verified.
    IdentityRow in Identities { principal: Text, organisation: Option<Text>, accounts: Run, key: Option<Text>, }
    /// An account that owns a crate, or did.
    OwnerRow in Owners { account: Account, since: Time, until: Option<Time>, organisation: Option<Text>, }
    /// One account of an identity.
    AccountRow in Accounts { account: Account, }
    /// Somebody who maintains dependents: a person, or an organisation, which is one.
    MaintainerRow in Maintainers { cluster: u32, account: Account, name: Text, organisation: Option<Text>, }
    /// A caret class, by its newest release that is known.
    ClassRow in Classes { newest: Id, voices: Run, }
    /// Somebody who is eligible, and how many others stand behind them.
    VoiceRow in Voices { maintainer: Id, reach: u32, }
    /// Somebody who is bound to accounts.
    EnrolledRow in Enrolled { feed: Text, identity: Id, }
    /// A statement of a feed, by its id, and since when it is known.
    SeenRow in Seen { id: Digest, known: Time, }
    /// One word of a list.
    WordRow in Words { text: Text, }
    /// What could not be understood: in which source, where, and why.
    ProblemRow in Problems { source: u32, place: Text, line: u32, because: Text, }
    /// A name that others may be taken for: when its crate was born, how many families of crates need it, and the
    /// packages with names close to it that it needs itself.
    KnownRow in Known { name: Text, born: Time, clusters: u32, kin: Run, }
}

/// One end of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// No end.
    Unbounded,
    /// This version is inside.
    Inclusive(Id),
    /// This version is outside.
    Exclusive(Id),
}

impl Field for End {
    const BYTES: usize = 5;

    fn take(bytes: &mut &[u8]) -> Option<Self> {
        let tag = u8::take(bytes)?;
        let version = u32::take(bytes)?;
        match (tag, version) {
            (0, NO_ID) => Some(Self::Unbounded),
            (1, version) => Some(Self::Inclusive(version)),
            (2, version) => Some(Self::Exclusive(version)),
            _ => None,
        }
    }

    fn put(&self, out: &mut Vec<u8>) {
        let (tag, version) = match *self {
            Self::Unbounded => (0, NO_ID),
            Self::Inclusive(version) => (1, version),
            Self::Exclusive(version) => (2, version),
        };
        out.push(tag);
        version.put(out);
    }
}

impl Field for Birth {
    const BYTES: usize = 9;

    #[inline]
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        let tag = u8::take(bytes)?;
        let time = <Option<Time> as Field>::take(bytes)?;
        match (tag, time) {
            (0, None) => Some(Self::Unread),
            (1, Some(time)) => Some(Self::At(time)),
            (2, None) => Some(Self::Untold),
            (3, None) => Some(Self::Nonexistent),
            _ => None,
        }
    }

    fn put(&self, out: &mut Vec<u8>) {
        let (tag, time) = match *self {
            Self::Unread => (0, None),
            Self::At(time) => (1, Some(time)),
            Self::Untold => (2, None),
            Self::Nonexistent => (3, None),
        };
        out.push(tag);
        time.put(out);
    }
}

macro_rules! numbers {
    ($($type:ty),+) => { $(
        impl Field for $type {
            const BYTES: usize = size_of::<$type>();

            #[inline]
            fn take(bytes: &mut &[u8]) -> Option<Self> {
                let (first, rest) = bytes.split_first_chunk()?;
                *bytes = rest;
                Some(Self::from_le_bytes(*first))
            }

            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
        }
    )+ };
}

numbers!(u8, u32, u64, i64);

impl Field for bool {
    const BYTES: usize = 1;

    #[inline]
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        match u8::take(bytes)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
}

impl Field for Digest {
    const BYTES: usize = 32;

    #[inline]
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        let (first, rest) = bytes.split_first_chunk()?;
        *bytes = rest;
        Some(Self(*first))
    }

    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
}

impl Field for ContentDigest {
    const BYTES: usize = 32;

    fn take(bytes: &mut &[u8]) -> Option<Self> {
        let (first, rest) = bytes.split_first_chunk()?;
        *bytes = rest;
        Some(Self(*first))
    }

    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
}

impl Field for Time {
    const BYTES: usize = 8;

    #[inline]
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        i64::take(bytes).map(Self::from_unix)
    }

    fn put(&self, out: &mut Vec<u8>) {
        self.unix().put(out);
    }
}

/// Stands for "no time": before anything that [`Time`] can hold.
const NO_TIME: i64 = i64::MIN;

impl Field for Option<Time> {
    const BYTES: usize = 8;

    #[inline]
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        let seconds = i64::take(bytes)?;
        Some((seconds != NO_TIME).then(|| Time::from_unix(seconds)))
    }

    fn put(&self, out: &mut Vec<u8>) {
        self.map_or(NO_TIME, Time::unix).put(out);
    }
}

/// Stands for "no record": no section may hold so many.
const NO_ID: u32 = u32::MAX;

impl Field for Option<Id> {
    const BYTES: usize = 4;

    #[inline]
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        let id = u32::take(bytes)?;
        Some((id != NO_ID).then_some(id))
    }

    fn put(&self, out: &mut Vec<u8>) {
        self.unwrap_or(NO_ID).put(out);
    }
}

/// Stands for "no account": registries count theirs from 1 upwards.
const NO_USER: u64 = u64::MAX;

impl Field for Option<u64> {
    const BYTES: usize = 8;

    fn take(bytes: &mut &[u8]) -> Option<Self> {
        let user = u64::take(bytes)?;
        Some((user != NO_USER).then_some(user))
    }

    fn put(&self, out: &mut Vec<u8>) {
        self.unwrap_or(NO_USER).put(out);
    }
}

impl Field for Run {
    const BYTES: usize = 8;

    #[inline]
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        Some(Self { first: u32::take(bytes)?, count: u32::take(bytes)? })
    }

    fn put(&self, out: &mut Vec<u8>) {
        self.first.put(out);
        self.count.put(out);
    }
}

impl Field for Text {
    const BYTES: usize = 8;

    #[inline]
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        Some(Self { start: u32::take(bytes)?, length: u32::take(bytes)? })
    }

    fn put(&self, out: &mut Vec<u8>) {
        self.start.put(out);
        self.length.put(out);
    }
}

impl Field for Option<Text> {
    const BYTES: usize = 8;

    #[inline]
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        let text = Text::take(bytes)?;
        Some((text.start != NO_ID).then_some(text))
    }

    fn put(&self, out: &mut Vec<u8>) {
        self.unwrap_or(Text { start: NO_ID, length: 0 }).put(out);
    }
}

/// Stands for "no remark".
const NO_REMARK: u8 = u8::MAX;

impl Field for Option<Remark> {
    const BYTES: usize = 1;

    fn take(bytes: &mut &[u8]) -> Option<Self> {
        match bytes.first()? {
            &NO_REMARK => u8::take(bytes).map(|_none| None),
            _ => Remark::take(bytes).map(Some),
        }
    }

    fn put(&self, out: &mut Vec<u8>) {
        match self {
            None => NO_REMARK.put(out),
            Some(remark) => remark.put(out),
        }
    }
}

impl Field for Account {
    const BYTES: usize = 9;

    fn take(bytes: &mut &[u8]) -> Option<Self> {
        let tag = u8::take(bytes)?;
        let number = u64::take(bytes)?;
        match tag {
            0 => Some(Self::User(number)),
            1 => Some(Self::Team(number)),
            _ => None,
        }
    }

    fn put(&self, out: &mut Vec<u8>) {
        let (tag, number) = match *self {
            Self::User(number) => (0u8, number),
            Self::Team(number) => (1, number),
        };
        tag.put(out);
        number.put(out);
    }
}

impl Field for Option<Digest> {
    const BYTES: usize = 33;

    fn take(bytes: &mut &[u8]) -> Option<Self> {
        let there = bool::take(bytes)?;
        let digest = Digest::take(bytes)?;
        Some(there.then_some(digest))
    }

    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        self.unwrap_or(Digest([0; 32])).put(out);
    }
}

impl Field for Says {
    const BYTES: usize = 1;

    fn take(bytes: &mut &[u8]) -> Option<Self> {
        match u8::take(bytes)? {
            0 => Some(Self::Object),
            1 => Some(Self::Revoke),
            2 => Some(Self::Approve(RestsOn::Trust)),
            3 => Some(Self::Approve(RestsOn::Diff)),
            4 => Some(Self::Approve(RestsOn::Audit)),
            _ => None,
        }
    }

    fn put(&self, out: &mut Vec<u8>) {
        out.push(match self {
            Self::Object => 0,
            Self::Revoke => 1,
            Self::Approve(RestsOn::Trust) => 2,
            Self::Approve(RestsOn::Diff) => 3,
            Self::Approve(RestsOn::Audit) => 4,
        });
    }
}

macro_rules! tags {
    ($( $type:ident { $( $variant:ident = $tag:literal, )+ } )+) => { $(
        impl Field for $type {
            const BYTES: usize = 1;

            #[inline]
            fn take(bytes: &mut &[u8]) -> Option<Self> {
                match u8::take(bytes)? {
                    $( $tag => Some(Self::$variant), )+
                    _ => None,
                }
            }

            fn put(&self, out: &mut Vec<u8>) {
                out.push(match self { $( Self::$variant => $tag, )+ });
            }
        }
    )+ };
}

tags! {
    SourceKind { Registry = 0, Advisories = 1, Audits = 2, Statements = 3, Dump = 4, }
    Reader { Person = 0, Machine = 1, }
    Presence { Unread = 0, Listed = 1, Nonexistent = 2, }
    DependencyKind { Normal = 0, Build = 1, Dev = 2, }
    Remark { Negative = 0, MachineReviewed = 1, MachineWarned = 2, }
    AdvisoryKind { Malicious = 0, Vulnerability = 1, Unsound = 2, Unmaintained = 3, Notice = 4, }
}
