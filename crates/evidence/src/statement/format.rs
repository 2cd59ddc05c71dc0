//! The bytes of a statement: JSON as in RFC 8785, with one line feed at its end.
//!
//! The structs have their fields in the order of their keys' bytes, and `serde_json` writes strings as that RFC does.
//! [`parse`] reads any spelling, makes a statement of it, writes that again and compares: so there is one spelling, and
//! one place that knows it.

use std::str::FromStr;

use fence_model::{CrateName, Digest, Principal, ReleaseId, Time};
use semver::Version;
use serde::{Deserialize, Serialize};

use super::{COMMENT_BYTES, Content, Kind, Reader, RestsOn, Statement, Subject};
use crate::error::{Error, excerpt, message};
use crate::limits::Limits;

const TYPE: &str = "https://in-toto.io/Statement/v1";
const PURL: &str = "pkg:cargo/";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    _type: String,
    predicate: Predicate,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    subject: Vec<Named>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Predicate {
    #[serde(skip_serializing_if = "Option::is_none")]
    bases: Option<Vec<Named>>,
    comment: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    criteria: Option<Vec<Box<str>>>,
    made: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reader: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rests_on: Option<String>,
    signer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
}

/// What in-toto calls a resource descriptor.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    digest: Digests,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Digests {
    sha256: String,
}

/// The statement that `bytes` are in canonical form.
pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<Statement, Error> {
    if bytes.len() > limits.statement_bytes {
        return Err(Error::TooLong { bytes: bytes.len(), limit: limits.statement_bytes });
    }
    let document: Document =
        serde_json::from_slice(bytes).map_err(|error| Error::NotStatement(message(&error)))?;
    let statement = document.statement(limits)?;
    let canonical = format(&statement);
    if canonical == bytes {
        return Ok(statement);
    }
    let at = canonical.iter().zip(bytes).take_while(|(ours, theirs)| ours == theirs).count();
    let shown = |bytes: &[u8]| excerpt(&String::from_utf8_lossy(&bytes[at..bytes.len().min(at + 24)]));
    Err(Error::NotCanonical { at, found: shown(bytes), expected: shown(&canonical) })
}

/// The bytes of a statement, whether it is allowed or not.
pub(super) fn format(statement: &Statement) -> Vec<u8> {
    let mut document = Document::of(statement);
    document.sort();
    // Strings as keys, and strings, lists and structs of them as values: nothing of that can fail.
    let mut bytes = serde_json::to_vec(&document).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

impl Document {
    fn of(statement: &Statement) -> Self {
        let Statement { signer, made, comment, content } = statement;
        let mut predicate = Predicate {
            bases: statement.bases().map(|bases| bases.iter().map(Named::of).collect()),
            comment: comment.to_string(),
            criteria: None,
            made: made.to_string(),
            reader: None,
            rests_on: None,
            signer: signer.to_string(),
            until: None,
        };
        match content {
            Content::Approve { rests_on, reader, until, .. } => {
                predicate.rests_on = Some(rests_on.as_str().to_owned());
                predicate.looked(*reader, until);
            }
            Content::Object { reader, until, .. } => predicate.looked(*reader, until),
            Content::Audit { criteria, reader, until, .. } => {
                predicate.criteria = Some(criteria.clone());
                predicate.looked(*reader, until);
            }
            Content::Revoke { .. } | Content::Withdraw { .. } => {}
        }
        let subject = match content {
            Content::Withdraw { statements } => statements
                .iter()
                .map(|digest| Named { digest: Digests { sha256: digest.to_string() }, name: None })
                .collect(),
            _ => statement.releases().iter().map(Named::of).collect(),
        };
        Self {
            _type: TYPE.to_owned(),
            predicate,
            predicate_type: statement.kind().predicate_type().to_owned(),
            subject,
        }
    }

    /// Subjects in the order of their names, or of their digests where they have none, and bases with them.
    fn sort(&mut self) {
        match &mut self.predicate.bases {
            Some(bases) if bases.len() == self.subject.len() => {
                let mut pairs: Vec<_> = self.subject.drain(..).zip(bases.drain(..)).collect();
                pairs.sort_by(|(one, _), (other, _)| one.key().cmp(&other.key()));
                (self.subject, *bases) = pairs.into_iter().unzip();
            }
            _ => self.subject.sort_by(|one, other| one.key().cmp(&other.key())),
        }
    }

    fn statement(self, limits: &Limits) -> Result<Statement, Error> {
        if self._type != TYPE {
            return Err(Error::StatementType { found: excerpt(&self._type) });
        }
        let kind = Kind::ALL.into_iter().find(|kind| kind.predicate_type() == self.predicate_type);
        let kind = kind.ok_or_else(|| Error::StatementKind {
            found: excerpt(&self.predicate_type),
            known: Kind::ALL.map(Kind::predicate_type).to_vec(),
        })?;
        let count = self.subject.len();
        if !(1..=limits.statement_subjects).contains(&count) {
            return Err(Error::Subjects { count, limit: limits.statement_subjects });
        }
        let predicate = self.predicate;
        predicate.fits(kind)?;
        let made = time(&predicate.made)?;
        let content = predicate.content(kind, self.subject)?;
        if let Content::Approve { until: Some(until), .. }
        | Content::Object { until: Some(until), .. }
        | Content::Audit { until: Some(until), .. } = &content
            && *until <= made
        {
            return Err(Error::Until);
        }
        Ok(Statement {
            signer: signer(&predicate.signer)?,
            made,
            comment: comment(predicate.comment)?,
            content,
        })
    }
}

impl Predicate {
    fn looked(&mut self, reader: Reader, until: &Option<Time>) {
        self.reader = Some(word_of(reader).to_owned());
        self.until = until.map(|until| until.to_string());
    }

    /// Every key has a meaning in a statement of this kind, and none is missing.
    fn fits(&self, kind: Kind) -> Result<(), Error> {
        use Kind::{Approve, Audit, Object};
        let diff = self.rests_on.as_deref() == Some("diff");
        let looked: &[Kind] = &[Approve, Object, Audit];
        let with_bases: &[Kind] = if diff { &[Approve, Audit] } else { &[Audit] };
        for (key, is_there, kinds, required) in [
            ("reader", self.reader.is_some(), looked, true),
            ("until", self.until.is_some(), looked, false),
            ("restsOn", self.rests_on.is_some(), &[Approve][..], true),
            ("criteria", self.criteria.is_some(), &[Audit][..], true),
            ("bases", self.bases.is_some(), with_bases, kind == Approve),
        ] {
            match (kinds.contains(&kind), is_there) {
                (false, true) => return Err(Error::Misfit { key, kind: kind.as_str() }),
                (true, false) if required => return Err(Error::Missing(key)),
                _ => {}
            }
        }
        Ok(())
    }

    /// What it says of these subjects; only of keys that fit.
    fn content(&self, kind: Kind, subject: Vec<Named>) -> Result<Content, Error> {
        if kind == Kind::Withdraw {
            return withdrawn(subject);
        }
        let releases = releases(&subject)?;
        let until = self.until.as_deref().map(time).transpose()?;
        let reader = || match self.reader.as_deref() {
            Some("person") => Ok(Reader::Person),
            Some("machine") => Ok(Reader::Machine),
            other => Err(word("reader", other, &["person", "machine"])),
        };
        let bases = self.bases.as_deref().map(|bases| bases_of(bases, &releases)).transpose()?;
        Ok(match kind {
            Kind::Approve => {
                let rests_on = match (self.rests_on.as_deref(), bases) {
                    (Some("trust"), _) => RestsOn::Trust,
                    (Some("audit"), _) => RestsOn::Audit,
                    (Some("diff"), Some(bases)) => RestsOn::Diff(bases),
                    (other, _) => return Err(word("restsOn", other, &["trust", "diff", "audit"])),
                };
                Content::Approve { releases, rests_on, reader: reader()?, until }
            }
            Kind::Object => Content::Object { releases, reader: reader()?, until },
            Kind::Audit => {
                let criteria = criteria(self.criteria.as_deref().unwrap_or_default())?;
                Content::Audit { releases, bases, criteria, reader: reader()?, until }
            }
            Kind::Revoke | Kind::Withdraw => Content::Revoke { releases },
        })
    }
}

impl Named {
    fn of(subject: &Subject) -> Self {
        let ReleaseId { name, version } = &subject.release;
        let version = version.to_string().replace('+', "%2B");
        Self {
            digest: Digests { sha256: subject.digest.to_string() },
            name: Some(format!("{PURL}{name}@{version}")),
        }
    }

    fn key(&self) -> (Option<&str>, &str) {
        (self.name.as_deref(), &self.digest.sha256)
    }

    fn digest(&self) -> Result<Digest, Error> {
        let text = &self.digest.sha256;
        text.parse().map_err(|_why| Error::Sha256 { text: excerpt(text) })
    }

    fn release(&self) -> Result<Subject, Error> {
        let text = self.name.as_deref().ok_or(Error::Missing("name"))?;
        let release = text.strip_prefix(PURL).and_then(|rest| {
            let (name, version) = rest.split_once('@')?;
            let name = CrateName::from_str(name).ok()?;
            let version = Version::parse(&version.replace("%2B", "+")).ok()?;
            Some(ReleaseId { name, version })
        });
        let release = release.ok_or_else(|| Error::PackageUrl { text: excerpt(text) })?;
        Ok(Subject { release, digest: self.digest()? })
    }
}

impl RestsOn {
    const fn as_str(&self) -> &'static str {
        match self {
            Self::Trust => "trust",
            Self::Diff(_) => "diff",
            Self::Audit => "audit",
        }
    }
}

const fn word_of(reader: Reader) -> &'static str {
    match reader {
        Reader::Person => "person",
        Reader::Machine => "machine",
    }
}

/// Each release once; two digests of one release would say two things.
fn releases(subject: &[Named]) -> Result<Vec<Subject>, Error> {
    let releases: Vec<_> = subject.iter().map(Named::release).collect::<Result<_, _>>()?;
    once(subject.iter().filter_map(|named| named.name.as_deref()))?;
    Ok(releases)
}

fn withdrawn(subject: Vec<Named>) -> Result<Content, Error> {
    if subject.iter().any(|named| named.name.is_some()) {
        return Err(Error::Misfit { key: "name", kind: Kind::Withdraw.as_str() });
    }
    once(subject.iter().map(|named| &*named.digest.sha256))?;
    let statements = subject.iter().map(Named::digest).collect::<Result<_, _>>()?;
    Ok(Content::Withdraw { statements })
}

/// In their order equal ones would be side by side; out of it, they are refused later.
fn once<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), Error> {
    let mut last = None;
    for name in names {
        if last.replace(name) == Some(name) {
            return Err(Error::SubjectTwice { name: excerpt(name) });
        }
    }
    Ok(())
}

fn bases_of(bases: &[Named], releases: &[Subject]) -> Result<Vec<Subject>, Error> {
    let bases: Vec<_> = bases.iter().map(Named::release).collect::<Result<_, _>>()?;
    let belongs = |(base, subject): (&Subject, &Subject)| {
        base.release.name == subject.release.name && base.release.version != subject.release.version
    };
    if bases.len() == releases.len() && bases.iter().zip(releases).all(belongs) {
        Ok(bases)
    } else {
        Err(Error::Bases)
    }
}

/// Criteria as a statement has them.
pub(super) fn criteria(criteria: &[Box<str>]) -> Result<Vec<Box<str>>, Error> {
    let name = |name: &str| {
        (1..=64).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let fit = (1..=16).contains(&criteria.len())
        && criteria.iter().all(|text| name(text))
        && criteria.windows(2).all(|pair| pair[0] < pair[1]);
    if fit { Ok(criteria.to_vec()) } else { Err(Error::Criteria) }
}

fn signer(text: &str) -> Result<Principal, Error> {
    text.parse().map_err(|_why| Error::Signer { text: excerpt(text) })
}

/// A comment that a statement can have.
pub(super) fn comment(text: String) -> Result<Box<str>, Error> {
    let fit = (1..=COMMENT_BYTES).contains(&text.len()) && text.chars().all(|c| c == '\n' || !c.is_control());
    if fit { Ok(text.into()) } else { Err(Error::Comment { limit: COMMENT_BYTES }) }
}

fn time(text: &str) -> Result<Time, Error> {
    text.parse().map_err(|_why| Error::Moment { text: excerpt(text) })
}

fn word(key: &'static str, found: Option<&str>, known: &[&'static str]) -> Error {
    Error::Word { key, text: excerpt(found.unwrap_or_default()), known: known.to_vec() }
}
