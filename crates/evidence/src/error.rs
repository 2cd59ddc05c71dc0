//! What can be wrong with foreign files, in words for the people who will read about it.
//!
//! An [`Error`] says what is wrong, a [`Problem`] also where. Text of the file is always quoted with its control
//! characters escaped and cut short: it may have been written to be printed on somebody's terminal.

use std::fmt;

/// What is wrong, and where: `audits.toml:12: audits.serde: \`delta\` …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file, as its reader was told to call it.
    pub file: Box<str>,
    /// The line, from 1; that of the record's beginning where nothing narrower is known, and none where the file as
    /// a whole is meant.
    pub line: Option<u32>,
    /// The record inside the file, such as `audits.serde`; empty where there is but one, or the file is meant.
    pub record: Box<str>,
    /// What is wrong.
    pub error: Error,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.escape_debug())?;
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        f.write_str(" ")?;
        if !self.record.is_empty() {
            write!(f, "{}: ", self.record.escape_debug())?;
        }
        write!(f, "{}", self.error)
    }
}

impl std::error::Error for Problem {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

/// What can be wrong with an audit set, an advisory or a proof. All of it is the fault of whoever wrote the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The file is longer than any honest one.
    #[error("the file has {bytes} bytes, and at most {limit} are read")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The limit of [`Limits`](crate::Limits).
        limit: usize,
    },
    /// The file is not UTF-8.
    #[error("the file is not UTF-8")]
    NotUtf8,
    /// The file is not TOML.
    #[error("not TOML: {0}")]
    NotToml(Box<str>),
    /// More problems than are worth reporting.
    #[error("more than {limit} problems; the others are not listed")]
    TooManyProblems {
        /// The limit of [`Limits`](crate::Limits).
        limit: usize,
    },
    /// A key that every such record has is missing.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A key that gives the record a meaning that nobody here knows.
    #[error("{key:?} is not a key known here, so the record may mean something else than it seems to")]
    UnknownKey {
        /// The key.
        key: Box<str>,
    },
    /// A value of another type than its key has.
    #[error("{key:?} must be {expected}, and is {found}")]
    Type {
        /// The key.
        key: Box<str>,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// A name that no registry accepts.
    #[error(transparent)]
    CrateName(#[from] fence_model::names::NameError),
    /// Text that is no version.
    #[error("{text:?} is not a version: {cause}")]
    Version {
        /// What was written.
        text: Box<str>,
        /// What is wrong with it.
        cause: Box<str>,
    },
    /// Text that is no version requirement.
    #[error("{text:?} is not a version requirement: {cause}")]
    Requirement {
        /// What was written.
        text: Box<str>,
        /// What is wrong with it.
        cause: Box<str>,
    },
    /// What follows the `@` of a version names no revision.
    #[error("{text:?} names no revision: after the `@` comes `git:` and 40 hexadecimal digits")]
    Revision {
        /// What was written.
        text: Box<str>,
    },
    /// A change without an arrow.
    #[error("{text:?} is not a change: write it as `1.0.0 -> 1.1.0`")]
    Delta {
        /// What was written.
        text: Box<str>,
    },
    /// Text that is no day.
    #[error("{text:?} is not a day: write it as `2026-08-20`")]
    Day {
        /// What was written.
        text: Box<str>,
    },
    /// None, or more than one, of the keys that say what an audit is about.
    #[error("an audit has exactly one of `version`, `delta` and `violation`")]
    Claim,
    /// None, or both, of the keys that say who published.
    #[error("exactly one of `user-id` and `trusted-publisher` names the publisher")]
    Publisher,
    /// Two policies for one crate that cannot both hold.
    #[error("policies for all versions and for single versions of one crate exclude each other")]
    MixedPolicy,
    /// More criteria than cargo-vet itself can tell apart.
    #[error("more than {limit} criteria are not understood")]
    TooManyCriteria {
        /// The limit of [`Limits`](crate::Limits).
        limit: usize,
    },
    /// An advisory that does not begin with its TOML block.
    #[error("an advisory begins with a block that is fenced by ```toml and ```")]
    NoFrontMatter,
    /// An advisory whose first line after the TOML block is no title.
    #[error("after its TOML block an advisory has a title, such as `# Use after free in …`, and a text")]
    NoTitle,
    /// An id that no advisory can have.
    #[error("{id:?} is not an advisory's id, such as `RUSTSEC-2026-0001`")]
    AdvisoryId {
        /// What was written.
        id: Box<str>,
    },
    /// The file is not JSON, or not of the shape of an OSV record.
    #[error("not an OSV record: {0}")]
    NotOsv(Box<str>),
    /// A later OSV format, whose records may mean something else.
    #[error("schema_version {found:?} is not read: 1.x is")]
    OsvVersion {
        /// What was written.
        found: Box<str>,
    },
    /// Text that is no moment.
    #[error("{text:?} is not a time: write it as `2026-08-20T07:15:00Z`")]
    Moment {
        /// What was written.
        text: Box<str>,
    },
    /// An event that does not say one thing.
    #[error("an event has exactly one of `introduced`, `fixed`, `last_affected` and `limit`")]
    Event,
    /// A record that calls a crate affected and does not say which of its releases.
    #[error(
        "it does not say which releases of {package:?} are affected: there are neither versions nor ranges of them"
    )]
    NoAffected {
        /// The crate.
        package: Box<str>,
    },
    /// More events and versions than any honest record has.
    #[error("there are {count} events and versions, and at most {limit} are read")]
    TooManyPoints {
        /// How many there are.
        count: usize,
        /// The limit of [`Limits`](crate::Limits).
        limit: usize,
    },
    /// An advisory in a folder or file of another name.
    #[error("this advisory says {inside:?} where its path says {outside:?}")]
    Misplaced {
        /// What the advisory says of itself.
        inside: Box<str>,
        /// What its path says.
        outside: Box<str>,
    },
    /// Two advisories of one id. Both are used: which of them is right is not for their reader to guess.
    #[error("{id:?} is also the id of {file:?}")]
    Twice {
        /// The id.
        id: Box<str>,
        /// The file that has it too.
        file: Box<str>,
    },
    /// A requirement that is no single range of versions.
    #[error("{text:?} is not one range of versions: {why}")]
    Range {
        /// What was written.
        text: Box<str>,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Two ranges of one advisory that have versions in common.
    #[error("{one:?} and {other:?} overlap")]
    Overlap {
        /// The one that comes first.
        one: Box<str>,
        /// The one that comes later.
        other: Box<str>,
    },
    /// More ranges than any honest advisory has.
    #[error("there are {count} ranges, and at most {limit} are read")]
    TooManyRanges {
        /// How many there are.
        count: usize,
        /// The limit of [`Limits`](crate::Limits).
        limit: usize,
    },
    /// Nothing in a database was an advisory that could be read.
    #[error(
        "no advisory on a crate could be read: an advisory database has files such as \
         `crates/foo/RUSTSEC-2026-0001.md`, an OSV export such as `RUSTSEC-2026-0001.json`"
    )]
    NoAdvisories,
    /// Text between proofs.
    #[error("this is no part of a proof, which begins with `----- BEGIN CREV PROOF -----`")]
    OutsideProof,
    /// A proof without its last lines.
    #[error("this proof is cut off: after its text come a signature and the line that ends it")]
    Unfinished,
    /// A proof is longer than crev itself reads.
    #[error("this proof has {bytes} bytes, and at most {limit} are read")]
    ProofTooLong {
        /// Its length.
        bytes: usize,
        /// The limit of [`Limits`](crate::Limits).
        limit: usize,
    },
    /// A proof's text is not the YAML that crev writes.
    #[error("not the YAML that crev writes: {0}")]
    NotYaml(&'static str),
    /// An id that is no public key.
    #[error(transparent)]
    ReviewerId(fence_model::names::ReviewerIdError),
    /// Text that is no signature.
    #[error("{text:?} is not a signature: 86 letters, digits, `-` and `_`, which stand for 64 bytes")]
    Signature {
        /// What was written.
        text: Box<str>,
    },
    /// A signature that does not belong to the text above it, or not to its author.
    #[error("the signature is not {id}'s over this text: it was changed after signing, or forged")]
    Forged {
        /// The author, by the text's own word.
        id: fence_model::ReviewerId,
    },
    /// A proof in a format that nobody here knows.
    #[error("{version:?} is not a version of proofs that is known here, which is -1")]
    ProofVersion {
        /// What was written.
        version: Box<str>,
    },
    /// A kind of proof that nobody here knows, or that stands where it does not belong.
    #[error(
        "{kind:?} is not a kind of proof that is known here: package review, code review or trust, in one place"
    )]
    ProofKind {
        /// What was written.
        kind: Box<str>,
    },
    /// Text that is no digest of a package's content.
    #[error("{text:?} is not a digest of content: BLAKE2b, 43 letters, digits, `-` and `_`")]
    ContentDigest {
        /// What was written.
        text: Box<str>,
    },
    /// A review of the change from another crate.
    #[error("`package-diff-base` is not a release of the crate under review")]
    DiffBase,
    /// A word that its key does not take.
    #[error("`{key}` is {text:?}, and can be {}", known.join(", "))]
    Word {
        /// The key.
        key: &'static str,
        /// What was written.
        text: Box<str>,
        /// What can be.
        known: Vec<&'static str>,
    },
    /// The file is not JSON, or not of the shape of a statement.
    #[error("not a statement: {0}")]
    NotStatement(Box<str>),
    /// A line that binds no signer to accounts.
    #[error("nobody is enrolled by it: {0}")]
    Enrolled(Box<str>),
    /// Another format, or a later version of it.
    #[error("`_type` is {found:?}, and only in-toto Statement v1 is read")]
    StatementType {
        /// What was written.
        found: Box<str>,
    },
    /// A kind of statement that nobody here knows.
    #[error("{found:?} is not a kind of statement that is known here: {}", known.join(", "))]
    StatementKind {
        /// What was written.
        found: Box<str>,
        /// What can be.
        known: Vec<&'static str>,
    },
    /// A key that has no meaning in a statement of this kind.
    #[error("`{key}` has no meaning here, in a statement of the kind {kind:?}")]
    Misfit {
        /// The key.
        key: &'static str,
        /// The kind.
        kind: &'static str,
    },
    /// None, or more subjects than any honest statement has.
    #[error("a statement has 1 to {limit} subjects, and this one has {count}")]
    Subjects {
        /// How many there are.
        count: usize,
        /// The limit of [`Limits`](crate::Limits).
        limit: usize,
    },
    /// One subject twice.
    #[error("{name:?} is a subject twice")]
    SubjectTwice {
        /// Its name.
        name: Box<str>,
    },
    /// A subject that is no release of crates.io.
    #[error("{text:?} is not a release on crates.io: write it as `pkg:cargo/serde@1.0.0`")]
    PackageUrl {
        /// What was written.
        text: Box<str>,
    },
    /// Text that is no SHA-256.
    #[error("{text:?} is {}", fence_model::names::DigestError)]
    Sha256 {
        /// What was written.
        text: Box<str>,
    },
    /// Bases that do not belong to the subjects.
    #[error("`bases` has one release for each subject, in their order: another version of the same crate")]
    Bases,
    /// A comment that is empty, too long, or moves cursors.
    #[error("`comment` is 1 to {limit} bytes of text, without control characters but line feeds")]
    Comment {
        /// How many bytes it may have.
        limit: usize,
    },
    /// A signer that no line of allowed signers can name.
    #[error(
        "{text:?} is not a signer, such as ann@example.org: up to 255 ASCII characters, no blanks, commas, quotes and backslashes, \
         and none of * ? ! #"
    )]
    Signer {
        /// What was written.
        text: Box<str>,
    },
    /// Criteria that are none, or not in their order.
    #[error(
        "`criteria` are 1 to 16 names such as safe-to-deploy, each once and in the order of their bytes: \
         lower-case letters, digits and `-`, up to 64"
    )]
    Criteria,
    /// A statement that ends before it was made.
    #[error("`until` is not later than `made`")]
    Until,
    /// A statement that could be written in another way, and so be signed twice.
    #[error("not in canonical form: at byte {at} stands {found:?} where {expected:?} is expected")]
    NotCanonical {
        /// How many bytes are as expected.
        at: usize,
        /// What follows them.
        found: Box<str>,
        /// What should.
        expected: Box<str>,
    },
    /// More advisories than any honest database has.
    #[error("there are more than {limit} advisories")]
    TooManyAdvisories {
        /// The limit of [`Limits`](crate::Limits).
        limit: usize,
    },
}

/// What a parser says of foreign text, fit for a terminal: it may repeat the text as it is.
pub(crate) fn message(error: &dyn fmt::Display) -> Box<str> {
    let printable = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    excerpt(&error.to_string().chars().map(printable).collect::<String>())
}

/// Foreign text, short enough to be quoted.
pub(crate) fn excerpt(text: &str) -> Box<str> {
    const SHOWN_CHARS: usize = 80;
    match text.char_indices().nth(SHOWN_CHARS) {
        None => text.into(),
        Some((end, _)) => format!("{}…", &text[..end]).into(),
    }
}
