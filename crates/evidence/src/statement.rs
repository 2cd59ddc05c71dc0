//! Statements: what people sign about releases.
//!
//! [`read`] takes the bytes that were signed, [`write()`] makes them; [`Statement::about`] says whether a statement speaks
//! of the release that is judged. Whether it was signed, and by whom, is not known here: the signature is beside it, and
//! [`Kind::namespace`] is what it has to be made under. The format is told in `docs/statements.md`: an in-toto Statement
//! v1 in one canonical spelling, so that what was read is what was signed.
//!
//! ```json
//! {"_type":"https://in-toto.io/Statement/v1","predicate":{"comment":"…","made":"2026-11-30T10:00:00Z",…},…}
//! ```

mod enrolled;
mod facts;
mod format;
pub mod vet;

use std::fmt;

use fence_model::{CrateName, Digest, Principal, ReleaseId, Time};
use semver::Version;
use sha2::{Digest as _, Sha256};

use crate::error::{Error, Problem};
use crate::limits::Limits;

pub use crate::crev::Reader;
pub use enrolled::{Bound, Enrolled, FILE as ENROLLED_FILE};
pub use facts::{Evidence, Signed, Source, voice};

/// Bytes of a comment: a page of text.
const COMMENT_BYTES: usize = 2_000;

/// What somebody says about releases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Who, by the statement's own word: a principal of the allowed signers.
    pub signer: Principal,
    /// When, by the signer's word; it decides nothing.
    pub made: Time,
    /// Why, for people.
    pub comment: Box<str>,
    /// What.
    pub content: Content,
}

/// What a statement says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// These releases may be used.
    Approve {
        /// Which.
        releases: Vec<Subject>,
        /// On what the signer relies.
        rests_on: RestsOn,
        /// Who looked.
        reader: Reader,
        /// When it ends.
        until: Option<Time>,
    },
    /// These releases should not be used.
    Object {
        /// Which.
        releases: Vec<Subject>,
        /// Who looked.
        reader: Reader,
        /// When it ends.
        until: Option<Time>,
    },
    /// The code of these releases meets criteria.
    Audit {
        /// Which.
        releases: Vec<Subject>,
        /// The releases from which the change was read, one for each; none where all of the code was.
        bases: Option<Vec<Subject>>,
        /// What it meets, such as `safe-to-deploy`, in the order of their bytes.
        criteria: Vec<Box<str>>,
        /// Who looked.
        reader: Reader,
        /// When it ends.
        until: Option<Time>,
    },
    /// The security role takes these releases out of use.
    Revoke {
        /// Which.
        releases: Vec<Subject>,
    },
    /// Earlier statements of the same signer no longer hold.
    Withdraw {
        /// Which, by their [`id`].
        statements: Vec<Digest>,
    },
}

/// On what an approval rests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestsOn {
    /// On those who made the release.
    Trust,
    /// On a look at the change from these releases, one for each that is approved.
    Diff(Vec<Subject>),
    /// On an audit of the code.
    Audit,
}

/// A release, bound to its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Crate and version, on crates.io.
    pub release: ReleaseId,
    /// SHA-256 of its `.crate` file.
    pub digest: Digest,
}

/// The kinds of statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// These releases may be used.
    Approve,
    /// These releases should not be used.
    Object,
    /// The code of these releases meets criteria.
    Audit,
    /// The security role takes these releases out of use.
    Revoke,
    /// Earlier statements no longer hold.
    Withdraw,
}

/// Why a statement says nothing about a release.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAbout {
    /// It is about something else.
    #[error("this statement is not about {asked}, but about {}", named(.first, *.more))]
    Other {
        /// The release that is judged.
        asked: ReleaseId,
        /// The first that it is about; none where it is about statements.
        first: Option<ReleaseId>,
        /// How many more it is about.
        more: usize,
    },
    /// It is about other bytes under the same name.
    #[error("this statement is about {release} with the digest {signed}, and this one has {asked}")]
    OtherDigest {
        /// The release.
        release: ReleaseId,
        /// The digest that was signed.
        signed: Digest,
        /// That of the release that is judged.
        asked: Digest,
    },
}

/// The statement that `bytes` are, which messages call `file`.
///
/// # Errors
///
/// They are none, or not in canonical form: always the fault of who wrote or changed them.
pub fn read(file: &str, bytes: &[u8], limits: &Limits) -> Result<Statement, Problem> {
    let problem = |error| Problem { file: file.into(), line: None, record: "".into(), error };
    format::parse(bytes, limits).map_err(problem)
}

/// The bytes of `statement`, to be signed. Releases come into their order. What is written is read again before, so
/// nothing is signed that nobody would read.
///
/// # Errors
///
/// Something in it is not allowed there.
pub fn write(statement: &Statement, limits: &Limits) -> Result<Vec<u8>, Error> {
    let bytes = format::format(statement);
    format::parse(&bytes, limits)?;
    Ok(bytes)
}

/// What a statement is called where another withdraws it: SHA-256 of its bytes.
pub fn id(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

impl Statement {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self.content {
            Content::Approve { .. } => Kind::Approve,
            Content::Object { .. } => Kind::Object,
            Content::Audit { .. } => Kind::Audit,
            Content::Revoke { .. } => Kind::Revoke,
            Content::Withdraw { .. } => Kind::Withdraw,
        }
    }

    /// The releases that it is about; none where it is about statements.
    pub fn releases(&self) -> &[Subject] {
        match &self.content {
            Content::Approve { releases, .. }
            | Content::Object { releases, .. }
            | Content::Audit { releases, .. }
            | Content::Revoke { releases } => releases,
            Content::Withdraw { .. } => &[],
        }
    }

    /// The releases from which the change was read, in the order of [`Self::releases`]; none where there are none.
    pub fn bases(&self) -> Option<&[Subject]> {
        match &self.content {
            Content::Approve { rests_on: RestsOn::Diff(bases), .. }
            | Content::Audit { bases: Some(bases), .. } => Some(bases),
            _ => None,
        }
    }

    /// The place among [`Self::releases`] of this very release.
    ///
    /// # Errors
    ///
    /// The statement says nothing about it.
    pub fn about(&self, name: &CrateName, version: &Version, digest: &Digest) -> Result<usize, NotAbout> {
        let releases = self.releases();
        let same = |subject: &Subject| subject.release.name == *name && subject.release.version == *version;
        match releases.iter().position(same) {
            Some(place) if releases[place].digest == *digest => Ok(place),
            Some(place) => Err(NotAbout::OtherDigest {
                release: releases[place].release.clone(),
                signed: releases[place].digest,
                asked: *digest,
            }),
            None => Err(NotAbout::Other {
                asked: ReleaseId { name: name.clone(), version: version.clone() },
                first: releases.first().map(|subject| subject.release.clone()),
                more: releases.len().saturating_sub(1),
            }),
        }
    }

    /// What its file is called, of its bytes: `approve-itoa-1.0.15-5c0d9c3dfb5a8b5a.json`; of a statement as it was
    /// [`read`], whose releases are in their order. Readers go by what is inside.
    pub fn file_name(&self, bytes: &[u8]) -> String {
        let mut name = self.kind().as_str().to_owned();
        if let [first, others @ ..] = self.releases() {
            name += &format!("-{}-{}", first.release.name, first.release.version);
            if !others.is_empty() {
                name += &format!("-and-{}", others.len());
            }
        }
        format!("{name}-{}.json", &id(bytes).to_string()[..16])
    }
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Approve, Self::Object, Self::Audit, Self::Revoke, Self::Withdraw];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Object => "object",
            Self::Audit => "audit",
            Self::Revoke => "revoke",
            Self::Withdraw => "withdraw",
        }
    }

    /// What it is signed under, so that a signature of one kind is none of another.
    pub const fn namespace(self) -> &'static str {
        match self {
            Self::Approve => "fence-approve@cargo-fence",
            Self::Object => "fence-object@cargo-fence",
            Self::Audit => "fence-audit@cargo-fence",
            Self::Revoke => "fence-revoke@cargo-fence",
            Self::Withdraw => "fence-withdraw@cargo-fence",
        }
    }

    /// The `predicateType` of in-toto.
    const fn predicate_type(self) -> &'static str {
        match self {
            Self::Approve => "urn:fence:approve:v1",
            Self::Object => "urn:fence:object:v1",
            Self::Audit => "urn:fence:audit:v1",
            Self::Revoke => "urn:fence:revoke:v1",
            Self::Withdraw => "urn:fence:withdraw:v1",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a statement is about, in short.
fn named(first: &Option<ReleaseId>, more: usize) -> String {
    match (first, more) {
        (None, _) => "statements".to_owned(),
        (Some(first), 0) => first.to_string(),
        (Some(first), more) => format!("{first} and {more} more"),
    }
}
