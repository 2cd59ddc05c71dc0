//! crev proofs: what reviewers signed about releases and about each other.
//!
//! The main path: [`read_feed`] reads the `.proof.crev` files of a feed, one by one ([`parse_proofs`]), and hands out the
//! proofs whose signatures hold; [`WebOfTrust::new`] works out whose of them count under a policy;
//! [`WebOfTrust::crates`] says what they mean, in the types of [`fence_model::facts`]. [`recursive_digest`] is what a
//! review calls the content that it is about.
//!
//! # The format
//!
//! A file is a row of proofs, with blank lines between them. A proof is a body and a signature between three lines:
//!
//! ```text
//! ----- BEGIN CREV PROOF -----
//! kind: trust
//! version: -1
//! date: "2019-11-01T13:18:48.905396928-07:00"
//! from:
//!   id-type: crev
//!   id: FYlr8YoYGVvDwHQxqEIs89reKKDy-oWisoO0qXXEfHE
//!   url: "https://github.com/dpc/crev-proofs"
//! ids:
//!   - id-type: crev
//!     id: WJlSxaMnJ7GLdgFZKR_JrivA9KmmEZO806KlZZHHkyg
//!     url: "https://github.com/vorner/crev-proofs"
//! trust: low
//! ----- SIGN CREV PROOF -----
//! 9Mdr_MoLQizrse1Wci-Qe9f9l8qDzfZOY4TIGD24Xv-e-krNDKd6XO7awR99OhBS98eEKvRZcVfpCbKUod7-BQ
//! ----- END CREV PROOF -----
//! ```
//!
//! Until 2019 the lines named the kind, which the body then does not: `-----BEGIN CREV TRUST-----` (for a while with
//! a space before the last dashes), `-----BEGIN CREV TRUST SIGNATURE-----`, `-----END CREV TRUST-----`. Reviews are
//! of the kind `package review`. The signature is Ed25519 over the body, each line ended by a line feed, by the key
//! that `from.id` is; keys, signatures and digests are URL-safe base64 without padding.

mod armour;
mod body;
mod digest;
mod trust;
mod yaml;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, VerifyingKey};
use fence_model::{CrateName, ReviewerId, Time};
use semver::Version;

use crate::Parsed;
use crate::error::{Error, Problem, excerpt};
use crate::limits::Limits;
use armour::Armoured;

pub use digest::{Entry, RecursiveDigest, recursive_digest};
pub use trust::{CrateReviews, Review, Source, WebOfTrust};

/// What somebody signed. There is no other way to one than a signature that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The line on which it begins, from 1.
    pub line: u32,
    /// Whose it is.
    pub from: Author,
    /// When it was signed, by the signer's word.
    pub date: Time,
    /// What it says.
    pub content: Content,
}

/// An id, and where its owner keeps their proofs, by their own word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// The public key.
    pub id: ReviewerId,
    /// The address of a repository.
    pub url: Option<Box<str>>,
}

/// What a proof says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A release was reviewed.
    Review(Box<PackageReview>),
    /// Others are trusted, or are not.
    Trust(TrustProof),
    /// Some files of a project were reviewed, which says nothing about a release.
    CodeReview,
}

/// A review of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageReview {
    /// What was reviewed.
    pub package: ReviewedPackage,
    /// What was known already, where only the change from there was looked at: an earlier release of the same crate.
    pub diff_base: Option<ReviewedPackage>,
    /// How it was looked at, and what came of it; none where only issues or advisories are told.
    pub opinion: Option<Opinion>,
    /// Ids of what is wrong with this release, or was not yet mended in it.
    pub issues: Vec<Box<str>>,
    /// Ids of what was wrong with releases before this one.
    pub advisories: Vec<Box<str>>,
    /// Who read the code.
    pub reader: Reader,
}

/// A release, as a review names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewedPackage {
    /// Its registry.
    pub source: Registry,
    /// Its crate.
    pub name: CrateName,
    /// Its version.
    pub version: Version,
    /// The digest of its unpacked content.
    pub digest: RecursiveDigest,
}

/// Where a reviewed release was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registry {
    /// crates.io.
    CratesIo,
    /// Elsewhere: another registry's crate of the same name is another crate.
    Other,
}

/// How a release was looked at, and what came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opinion {
    /// How closely the code was read.
    pub thoroughness: Grade,
    /// How well it was understood.
    pub understanding: Grade,
    /// What the reviewer thinks of it.
    pub rating: Rating,
}

/// How much, in crev's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// Not at all.
    None,
    /// A little.
    Low,
    /// Somewhat.
    Medium,
    /// Highly.
    High,
}

/// What a reviewer thinks of a release, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rating {
    /// Not to be used at all.
    Dangerous,
    /// Better avoided.
    Negative,
    /// Neither.
    Neutral,
    /// Fit for use.
    Positive,
    /// Fit for use where much depends on it.
    Strong,
}

/// Who read the code that a review is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reader {
    /// The one who signed.
    Person,
    /// A machine, by the word of the one who signed.
    Machine,
}

/// What somebody thinks of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustProof {
    /// Of whom.
    pub ids: Vec<Author>,
    /// How much they are trusted.
    pub trust: Trust,
}

/// How much somebody is trusted, in crev's words, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trust {
    /// Nobody is to believe them.
    Distrust,
    /// By this grade.
    Grade(Grade),
}

/// Reads the proofs of all files of a feed, by their paths; messages call it `name`. Each file is somebody's own, so one
/// that is broken says nothing about the others. Proofs of those who cannot count under `source` are passed over: to
/// verify a signature takes long, and anybody can make ids and sign with them.
pub fn read_feed<'a, P: AsRef<str>>(
    name: &str,
    files: impl IntoIterator<Item = (P, &'a [u8])>,
    limits: &Limits,
    source: Source<'_>,
) -> Parsed<Vec<Proof>> {
    let mut all = Parsed { value: Vec::new(), problems: Vec::new() };
    let mut has_more = false;
    for (path, bytes) in files {
        match proofs_of(path.as_ref(), bytes, limits, &|id| source.may_count(id)) {
            Ok(of_file) => {
                all.value.extend(of_file.value);
                all.problems.extend(of_file.problems);
            }
            Err(problem) => all.problems.push(problem),
        }
        // File by file, since many small ones can have more problems than there is memory for.
        has_more |= all.problems.len() > limits.problems;
        all.problems.truncate(limits.problems);
    }
    if has_more {
        let error = Error::TooManyProblems { limit: limits.problems };
        all.problems.push(Problem { file: name.into(), line: None, record: "".into(), error });
    }
    all
}

/// Reads the proofs of `bytes`, which messages call `file`. A proof that cannot be understood, or is not signed by
/// whom it names, is a problem and is left out.
///
/// # Errors
///
/// The file is too long, or is no text.
pub fn parse_proofs(file: &str, bytes: &[u8], limits: &Limits) -> Result<Parsed<Vec<Proof>>, Problem> {
    proofs_of(file, bytes, limits, &|_| true)
}

/// The same, of those who are `wanted`.
fn proofs_of(
    file: &str,
    bytes: &[u8],
    limits: &Limits,
    wanted: &dyn Fn(&ReviewerId) -> bool,
) -> Result<Parsed<Vec<Proof>>, Problem> {
    let problem =
        |line, record: &str, error| Problem { file: file.into(), line, record: record.into(), error };
    if bytes.len() > limits.crev_file_bytes {
        let error = Error::TooLong { bytes: bytes.len(), limit: limits.crev_file_bytes };
        return Err(problem(None, "", error));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        problem(Some(u32::try_from(before + 1).unwrap_or(u32::MAX)), "", Error::NotUtf8)
    })?;
    let mut proofs = Vec::new();
    let mut problems: Vec<Problem> = Vec::new();
    for found in armour::proofs(text, limits.crev_proof_bytes) {
        let (line, record, error) = match found {
            Ok(armoured) => match open(&armoured, wanted) {
                Ok(proof) => {
                    proofs.extend(proof);
                    continue;
                }
                Err(Fault { line, record, error }) => (line, record, error),
            },
            Err((line, error)) => (line, "".into(), error),
        };
        match problems.len().cmp(&limits.problems) {
            std::cmp::Ordering::Less => problems.push(problem(Some(line), &record, error)),
            std::cmp::Ordering::Equal => {
                problems.push(problem(Some(line), "", Error::TooManyProblems { limit: limits.problems }));
            }
            std::cmp::Ordering::Greater => break,
        }
    }
    Ok(Parsed { value: proofs, problems })
}

/// Something wrong with one proof.
struct Fault {
    line: u32,
    /// What the proof is about, where that is known and believed.
    record: Box<str>,
    error: Error,
}

/// The proof, if its author signed it; none if its author is not wanted. Nothing but the author's id is taken from a
/// body before that.
fn open(proof: &Armoured<'_>, wanted: &dyn Fn(&ReviewerId) -> bool) -> Result<Option<Proof>, Fault> {
    let plain = |(line, error)| Fault { line, record: "".into(), error };
    let body = yaml::parse(&proof.body, proof.line + 1).map_err(plain)?;
    let from = body::author(&body).map_err(plain)?;
    if !wanted(&from.id) {
        return Ok(None);
    }
    verify(&from.id, proof).map_err(|error| plain((proof.signature_line, error)))?;
    let fault = |(line, error)| Fault { line, record: body::about(&body).unwrap_or_default(), error };
    body::read(&body, from, proof).map(Some).map_err(fault)
}

/// Whether the body is signed by the key that `id` is.
///
/// Strictly: a key of small order, under which one signature may fit many texts, signs nothing.
fn verify(id: &ReviewerId, proof: &Armoured<'_>) -> Result<(), Error> {
    let signature =
        from_base64(proof.signature).ok_or_else(|| Error::Signature { text: excerpt(proof.signature) })?;
    let forged = || Error::Forged { id: *id };
    let key = VerifyingKey::from_bytes(&id.0).map_err(|_not_a_point| forged())?;
    key.verify_strict(proof.body.as_bytes(), &Signature::from_bytes(&signature)).map_err(|_opaque| forged())
}

/// The `N` bytes that `text` stands for in URL-safe base64 without padding, in its one spelling.
fn from_base64<const N: usize>(text: &str) -> Option<[u8; N]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

impl fmt::Display for Rating {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dangerous => "dangerous",
            Self::Negative => "negative",
            Self::Neutral => "neutral",
            Self::Positive => "positive",
            Self::Strong => "strong",
        })
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        })
    }
}

impl fmt::Display for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Distrust => f.write_str("distrust"),
            Self::Grade(grade) => write!(f, "{grade}"),
        }
    }
}
