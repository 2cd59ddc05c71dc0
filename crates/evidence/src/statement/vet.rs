//! Audits that people signed as records of cargo-vet, and the other way round.
//!
//! Both say: this person read that release, all of it or the change from another, it meets these criteria, and why.
//! [`records`] writes that of a statement for cargo-vet, [`drafts`] makes of an audit set what its author can sign; what
//! only one of the two can say is named: [`NoRecord`], [`NoStatement`]. A draft has no digests, since cargo-vet has
//! none: who signs looks them up, and [`Draft::content`] takes them in.

use std::collections::{BTreeMap, BTreeSet};

use fence_model::facts::{AuditedVersion, Claim};
use fence_model::{CrateName, Principal, ReleaseId, Time};
use semver::Version;

use super::format::{comment, criteria};
use super::{Content, Reader, Statement, Subject};
use crate::cargo_vet::{AuditRecord, Importable, PublisherId, VetSet, WindowRecord, format_version};
use crate::error::Error;
use crate::limits::Limits;

/// Why cargo-vet has no record for a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoRecord {
    /// Who approves does not say that the code was read.
    #[error("an approval is no audit")]
    Approval,
    /// Who objects does not say which criteria are failed.
    #[error("an objection is no violation of criteria")]
    Objection,
    /// Nor does the security role.
    #[error("a revocation is no violation of criteria")]
    Revocation,
    /// It is about statements.
    #[error("a withdrawal is about statements")]
    Withdrawal,
    /// An importer of the record would take it for a person's.
    #[error("a machine did the review")]
    Machine,
    /// The record would have no end.
    #[error("it ended at {0}")]
    Ended(Time),
}

/// The records of an audit as of `now`, one for each of its releases, in their order.
///
/// # Errors
///
/// cargo-vet has none for it.
pub fn records(statement: &Statement, now: Time) -> Result<Vec<(&CrateName, AuditRecord)>, NoRecord> {
    let Content::Audit { releases, bases, criteria, reader, until } = &statement.content else {
        return Err(match statement.content {
            Content::Approve { .. } => NoRecord::Approval,
            Content::Object { .. } => NoRecord::Objection,
            Content::Revoke { .. } => NoRecord::Revocation,
            Content::Withdraw { .. } | Content::Audit { .. } => NoRecord::Withdrawal,
        });
    };
    match (reader, until) {
        (Reader::Machine, _) => return Err(NoRecord::Machine),
        (Reader::Person, Some(until)) if *until <= now => return Err(NoRecord::Ended(*until)),
        (Reader::Person, _) => {}
    }
    let at = |of: &Subject| AuditedVersion { version: of.release.version.clone(), git: None };
    let record = |place: usize, subject: &Subject| AuditRecord {
        who: vec![statement.signer.as_str().into()],
        criteria: criteria.clone(),
        claim: match bases.as_ref().and_then(|bases| bases.get(place)) {
            Some(base) => Claim::Delta { from: at(base), to: at(subject) },
            None => Claim::Full(at(subject)),
        },
        importable: Importable::Everywhere,
        notes: Some(statement.comment.clone()),
        aggregated_from: Vec::new(),
    };
    let places = releases.iter().enumerate();
    Ok(places.map(|(place, subject)| (&subject.release.name, record(place, subject))).collect())
}

/// What a set's author can sign.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drafts {
    /// As few as there can be, in the order in which the set, by crate, first asks for each.
    pub drafts: Vec<Draft>,
    /// Their entries that no statement says.
    pub left: Vec<Left>,
    /// How many entries others made, who can sign them themselves.
    pub of_others: usize,
}

/// An audit that can be signed once its digests are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Why, for people.
    pub comment: Box<str>,
    /// What is met, in the order of a statement.
    pub criteria: Vec<Box<str>>,
    /// Which releases: all with a base, or none.
    pub releases: Vec<Audited>,
}

/// A release, and the version from which the change was read; none where all of it was.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Audited {
    /// The release.
    pub release: ReleaseId,
    /// Where the change begins.
    pub from: Option<Version>,
}

/// An entry that no statement says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// It, in short: `itoa 1.0.14 -> 1.0.15`.
    pub entry: String,
    /// Why.
    pub because: NoStatement,
}

/// Why no statement says what an entry of cargo-vet says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoStatement {
    /// It is about releases to come.
    #[error("a violation is about ranges of versions, and a statement about releases with their bytes")]
    Violation,
    /// It has no bytes that a registry knows.
    #[error("a git revision is no release of a registry")]
    Revision,
    /// It is about releases to come.
    #[error("a wildcard audit is about releases to come, and a statement about releases with their bytes")]
    Wildcard,
    /// Nobody read anything.
    #[error("trust in a publisher is a matter of the policy")]
    Trusted,
    /// Whoever reads a feed reads all of it.
    #[error("it is not for others (`importable = false`), and a statement is for all who read it")]
    AtHome,
    /// Nobody says why.
    #[error("it has no notes, and a statement says why")]
    NoNotes,
    /// A change from nothing to nothing.
    #[error("it is a change from a release to itself")]
    OwnBase,
    /// Something that statements do not let pass.
    #[error(transparent)]
    Unsayable(#[from] Error),
}

impl Draft {
    /// What is signed, of these releases and bases with their digests, each in the order of [`Self::releases`].
    pub fn content(
        &self,
        releases: Vec<Subject>,
        bases: Option<Vec<Subject>>,
        reader: Reader,
        until: Option<Time>,
    ) -> Content {
        Content::Audit { releases, bases, criteria: self.criteria.clone(), reader, until }
    }
}

/// What `signer` can sign of a set: the entries whose `who` names them, exactly or as `Name <signer>`. `otherwise` is why,
/// for entries without notes.
///
/// One signature covers what shares comment, criteria and kind, up to the limit of a statement; a release stands in each
/// once, so one that was read from two bases is signed twice.
pub fn drafts(set: &VetSet, signer: &Principal, otherwise: Option<&str>, limits: &Limits) -> Drafts {
    let is_own = |who: &[Box<str>]| who.iter().any(|who| names(who, signer));
    let mut made = Drafts::default();
    let mut groups = Groups::default();
    for (name, record) in each(&set.audits) {
        if !is_own(&record.who) {
            made.of_others += 1;
            continue;
        }
        match draft(name, record, otherwise) {
            Ok((key, audited)) => groups.add(key, audited),
            Err(because) => made.left.push(Left { entry: entry(name, &record.claim), because }),
        }
    }
    let windows = [
        ("wildcard audit", NoStatement::Wildcard, &set.wildcard_audits),
        ("trusted", NoStatement::Trusted, &set.trusted),
    ];
    for (kind, because, windows) in windows {
        for (name, window) in each(windows) {
            // Whoever is trusted is so by the set's owner, and `who` is empty.
            if !window.who.is_empty() && !is_own(&window.who) {
                made.of_others += 1;
                continue;
            }
            made.left.push(Left { entry: described(name, kind, window), because: because.clone() });
        }
    }
    made.drafts = groups.drafts(limits.statement_subjects);
    made
}

/// What one signature can cover together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    comment: Box<str>,
    criteria: Vec<Box<str>>,
    is_change: bool,
}

/// Releases by what one signature can cover together, in the order in which they came.
#[derive(Debug, Default)]
struct Groups {
    places: BTreeMap<Key, usize>,
    groups: Vec<(Key, Vec<Audited>)>,
}

impl Groups {
    fn add(&mut self, key: Key, audited: Audited) {
        let place = *self.places.entry(key.clone()).or_insert(self.groups.len());
        match self.groups.get_mut(place) {
            Some((_, group)) => group.push(audited),
            None => self.groups.push((key, vec![audited])),
        }
    }

    fn drafts(self, limit: usize) -> Vec<Draft> {
        let mut drafts = Vec::new();
        for (key, group) in self.groups {
            // The same entry twice says nothing more; the same release from another base goes to the next layer.
            let mut seen = BTreeSet::new();
            let mut times: BTreeMap<ReleaseId, usize> = BTreeMap::new();
            let mut layers: Vec<Vec<Audited>> = Vec::new();
            for audited in group {
                if !seen.insert(audited.clone()) {
                    continue;
                }
                let layer = times.entry(audited.release.clone()).or_default();
                match layers.get_mut(*layer) {
                    Some(others) => others.push(audited),
                    None => layers.push(vec![audited]),
                }
                *layer += 1;
            }
            drafts.extend(layers.iter().flat_map(|layer| layer.chunks(limit)).map(|releases| Draft {
                comment: key.comment.clone(),
                criteria: key.criteria.clone(),
                releases: releases.to_vec(),
            }));
        }
        drafts
    }
}

/// What an entry says, as statements say it.
fn draft(
    name: &CrateName,
    record: &AuditRecord,
    otherwise: Option<&str>,
) -> Result<(Key, Audited), NoStatement> {
    let (at, from) = match &record.claim {
        Claim::Full(at) => (at, None),
        Claim::Delta { from, to } => (to, Some(from)),
        Claim::Violation(_) | Claim::Remark(..) => return Err(NoStatement::Violation),
    };
    if [Some(at), from].into_iter().flatten().any(|version| version.git.is_some()) {
        return Err(NoStatement::Revision);
    }
    if from.is_some_and(|from| from.version == at.version) {
        return Err(NoStatement::OwnBase);
    }
    if record.importable == Importable::AtHome {
        return Err(NoStatement::AtHome);
    }
    let notes = record.notes.as_deref().filter(|notes| !notes.trim().is_empty());
    let notes = notes.or(otherwise).ok_or(NoStatement::NoNotes)?;
    let met: BTreeSet<Box<str>> = record.criteria.iter().cloned().collect();
    let key = Key {
        comment: comment(notes.to_owned())?,
        criteria: criteria(&met.into_iter().collect::<Vec<_>>())?,
        is_change: from.is_some(),
    };
    let release = ReleaseId { name: name.clone(), version: at.version.clone() };
    Ok((key, Audited { release, from: from.map(|from| from.version.clone()) }))
}

/// Whether `who` is `signer`, or `Name <signer>`.
fn names(who: &str, signer: &Principal) -> bool {
    let address = who.strip_suffix('>').and_then(|who| who.rsplit_once(" <"));
    who == signer.as_str() || address.is_some_and(|(_, address)| address == signer.as_str())
}

/// All records, each with its crate.
fn each<T>(records: &BTreeMap<CrateName, Vec<T>>) -> impl Iterator<Item = (&CrateName, &T)> {
    records.iter().flat_map(|(name, records)| records.iter().map(move |record| (name, record)))
}

fn entry(name: &CrateName, claim: &Claim) -> String {
    match claim {
        Claim::Full(at) | Claim::Remark(at, _) => format!("{name} {}", format_version(at)),
        Claim::Delta { from, to } => format!("{name} {} -> {}", format_version(from), format_version(to)),
        Claim::Violation(requirement) => format!("{name} {requirement}"),
    }
}

fn described(name: &CrateName, kind: &str, window: &WindowRecord) -> String {
    match &window.publisher {
        PublisherId::User(id) => format!("{name}, {kind}, user {id}"),
        PublisherId::Ci(of) => format!("{name}, {kind}, {of}"),
    }
}
