//! What a verified statement means to a policy.
//!
//! Audits by the policy's reviewers become audits, as those of cargo-vet sets are; by others they say nothing. Approvals,
//! objections and revocations are handed on with who signed, for the judgement to count.

use fence_model::facts::{Audit, AuditedVersion, Claim, Remark};
use fence_model::people::{self, Identity, Says};
use fence_model::policy::Trust;
use fence_model::{CrateName, Principal, Time};

use std::collections::BTreeMap;

use super::{Bound, Content, Enrolled, Reader, RestsOn, Statement, Subject};
use crate::cargo_vet::{SAFE_TO_RUN, words_met};

/// What a policy says of a feed of statements.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// What the policy calls the feed.
    pub feed: &'a str,
    /// Whose audits count, and for how much at most.
    pub reviewers: &'a BTreeMap<Principal, Trust>,
    /// What criteria of others count as in the policy's words.
    pub criteria_map: &'a BTreeMap<String, Vec<String>>,
    /// Which accounts its signers have.
    pub enrolled: &'a Enrolled,
    /// Whether the policy believes it about that.
    pub enrols: bool,
}

/// A statement whose signature was verified.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// What it says.
    pub statement: &'a Statement,
    /// The fingerprint of the key that signed it.
    pub key: &'a str,
    /// The names by which what it says is known to be one voice: the principal, the key, the organisation.
    pub voice: &'a [String],
    /// When it became known.
    pub known: Time,
}

/// What a statement says of one release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence<'a> {
    /// Its code was read.
    Audit(Audit<'a>),
    /// Anything else.
    Statement(people::Statement<'a>),
}

/// The names by which what `signer` signs with `key` is one voice: whoever has two names for one key, two keys under one
/// name, or two people in one organisation is still one.
pub fn voice(signer: &Principal, key: &str, bound: Option<&Bound>) -> Vec<String> {
    let organisation = bound.and_then(|bound| bound.organisation.as_ref());
    let organisation = organisation.map(|name| format!("organisation={name}"));
    [signer.to_string(), key.to_owned()].into_iter().chain(organisation).collect()
}

impl<'a> Source<'a> {
    /// What `signed` says of each of its releases, in their order.
    pub fn evidence(self, signed: Signed<'a>) -> Vec<(&'a CrateName, Evidence<'a>)> {
        let releases = signed.statement.releases();
        let bases = signed.statement.bases();
        let base = |place: usize| bases.and_then(|bases| bases.get(place));
        releases
            .iter()
            .enumerate()
            .filter_map(|(place, subject)| {
                Some((&subject.release.name, self.about(signed, subject, base(place))?))
            })
            .collect()
    }

    fn about(
        self,
        signed: Signed<'a>,
        subject: &'a Subject,
        base: Option<&'a Subject>,
    ) -> Option<Evidence<'a>> {
        let statement = |signer, says, reader, until: Option<Time>| {
            Some(Evidence::Statement(people::Statement {
                signer,
                feed: self.feed,
                version: subject.release.version.clone(),
                digest: subject.digest,
                known: signed.known,
                until,
                says,
                reader,
                is_reviewer: self
                    .reviewers
                    .get(&signed.statement.signer)
                    .is_some_and(|of| *of > Trust::Machine),
                is_believed: self.enrols,
                comment: &signed.statement.comment,
            }))
        };
        let signer = self.identity(&signed.statement.signer, signed.key);
        match &signed.statement.content {
            Content::Approve { rests_on, reader, until, .. } => {
                let rests_on = match rests_on {
                    RestsOn::Trust => people::RestsOn::Trust,
                    RestsOn::Diff(_) => people::RestsOn::Diff,
                    RestsOn::Audit => people::RestsOn::Audit,
                };
                statement(signer, Says::Approve(rests_on), read_by(*reader), *until)
            }
            Content::Object { reader, until, .. } => {
                statement(signer, Says::Object, read_by(*reader), *until)
            }
            // Its signer is a key of the policy's security role, whatever it calls itself.
            Content::Revoke { .. } => {
                statement(Identity::unbound(signed.key), Says::Revoke, people::Reader::Person, None)
            }
            Content::Audit { criteria, reader, until, .. } => {
                let trust = *self.reviewers.get(&signed.statement.signer)?;
                let at = |of: &Subject| AuditedVersion { version: of.release.version.clone(), git: None };
                let (claim, criteria) = match (trust, reader, base) {
                    (Trust::Machine, ..) | (_, Reader::Machine, _) => {
                        (Claim::Remark(at(subject), Remark::MachineReviewed), Vec::new())
                    }
                    (_, Reader::Person, Some(base)) => {
                        (Claim::Delta { from: at(base), to: at(subject) }, self.words(criteria, trust))
                    }
                    (_, Reader::Person, None) => (Claim::Full(at(subject)), self.words(criteria, trust)),
                };
                let counts = !criteria.is_empty() || matches!(claim, Claim::Remark(..));
                counts.then(|| {
                    Evidence::Audit(Audit {
                        feed: None,
                        origin: signed.statement.signer.as_str(),
                        who: signed.voice.iter().map(String::as_str).collect(),
                        known: signed.known,
                        claim,
                        criteria,
                        signer: Some(signer),
                        digest: Some(subject.digest),
                        from_digest: base.map(|base| base.digest),
                        until: *until,
                    })
                })
            }
            Content::Withdraw { .. } => None,
        }
    }

    fn identity(self, signer: &'a Principal, key: &'a str) -> Identity<'a> {
        let bound = self.enrolled.of(signer);
        Identity {
            principal: signer.as_str(),
            accounts: bound.map_or_else(Vec::new, |bound| bound.accounts.clone()),
            organisation: bound.and_then(|bound| bound.organisation.as_deref()),
            key: Some(key),
        }
    }

    /// The policy's words for what an audit says, as far as its author is trusted.
    fn words(self, criteria: &'a [Box<str>], trust: Trust) -> Vec<&'a str> {
        let mut words = words_met(criteria.iter().map(|criterion| &**criterion), self.criteria_map);
        if trust <= Trust::Low {
            words.retain(|word| *word == SAFE_TO_RUN);
        }
        words
    }
}

fn read_by(reader: Reader) -> people::Reader {
    match reader {
        Reader::Person => people::Reader::Person,
        Reader::Machine => people::Reader::Machine,
    }
}
