//! People: who owns a crate, who signs for its releases, and who stands behind its dependents.
//!
//! Accounts are the registry's numbers, never logins: a login can be given to somebody else. Text is borrowed from
//! wherever the facts are kept, as in [`crate::facts`].

use semver::Version;

use crate::names::Digest;
use crate::quorum::Cluster;
use crate::time::Time;

/// An account of the registry, by its number; users and teams are counted apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// A person's.
    User(u64),
    /// A team's.
    Team(u64),
}

/// An account that owns a crate, or did.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner<'a> {
    /// The account.
    pub account: Account,
    /// Since when it owns the crate.
    pub since: Time,
    /// When it was seen to own the crate no longer; none for one that does.
    pub until: Option<Time>,
    /// The organisation it belongs to: of a team login `github:org:team` that is `org`.
    pub organisation: Option<&'a str>,
}

/// Somebody whose signature was verified.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity<'a> {
    /// The name under which the allowed signers of its feed list the key; of a key of the security role its fingerprint. In
    /// another feed the same name may be somebody else.
    pub principal: &'a str,
    /// The accounts that it is bound to, by statements of both sides; none for one that is not bound.
    pub accounts: Vec<Account>,
    /// The organisation it belongs to.
    pub organisation: Option<&'a str>,
    /// The fingerprint of the key that signed; none where it is told who somebody is, not what they signed.
    pub key: Option<&'a str>,
}

impl<'a> Identity<'a> {
    /// One that is bound to no account.
    pub fn unbound(principal: &'a str) -> Self {
        Self { principal, accounts: Vec::new(), organisation: None, key: None }
    }

    /// Whether both are one voice, as far as is known: by name, by key, by account, or of one organisation.
    pub fn is_same(&self, other: &Self) -> bool {
        let is_one = |one: Option<&str>, other: Option<&str>| {
            one.zip(other).is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
        };
        self.principal == other.principal
            || (self.key.is_some() && self.key == other.key)
            || is_one(self.organisation, other.organisation)
            || self.accounts.iter().any(|one| other.accounts.contains(one))
    }
}

/// What somebody signed about a release, but audits: those are [`crate::facts::Audit`]s. Withdrawn statements are left
/// out by whoever gathers facts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Statement<'a> {
    /// Who signed. Of [`Says::Revoke`] a key that the policy names in its security role.
    pub signer: Identity<'a>,
    /// The feed that brought it, by its name in the policy.
    pub feed: &'a str,
    /// The release's version.
    pub version: Version,
    /// The digest of its `.crate`: of other bytes it says nothing.
    pub digest: Digest,
    /// When this fence or its feed first had it.
    pub known: Time,
    /// The last moment of it, by its own word.
    pub until: Option<Time>,
    /// What it says.
    pub says: Says,
    /// Who did the review.
    pub reader: Reader,
    /// Whether the policy names the signer as a reviewer, and not as a machine.
    pub is_reviewer: bool,
    /// Whether the policy believes the feed about the signer's accounts. What they say for a release is dropped where they are
    /// involved, whoever says that they are; to block by being involved takes the policy's belief.
    pub is_believed: bool,
    /// Why, by the signer's word.
    pub comment: &'a str,
}

/// What a statement says of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Says {
    /// It may be used.
    Approve(RestsOn),
    /// It should not be used.
    Object,
    /// The security role takes it out of use.
    Revoke,
}

/// On what an approval rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RestsOn {
    /// Trust in those who made the release.
    Trust,
    /// A look at what changed.
    Diff,
    /// An audit.
    Audit,
}

/// Who did a review, whoever signed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reader {
    /// A person.
    Person,
    /// A program: its reviews are told, and count for nothing.
    Machine,
}

/// Which of the things that people signed count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// Those that stand at a moment: known by then, and not ended by their own word.
    StandsAt(Time),
    /// Those that were known by a moment, whether they ended since or not: they counted when they were needed.
    KnownBy(Time),
}

impl Word {
    /// All that was ever said.
    pub(crate) const EVER: Self = Self::KnownBy(Time::LATEST);

    /// Whether something counts that became known then and ends by its own word.
    pub(crate) fn takes(self, known: Time, until: Option<Time>) -> bool {
        match self {
            Self::StandsAt(now) => known <= now && until.is_none_or(|until| now <= until),
            Self::KnownBy(now) => known <= now,
        }
    }
}

/// Somebody who maintains dependents of a release, and is eligible for its quorum by the graph: a person, or an
/// organisation, which is one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Maintainer<'a> {
    /// Its number in the graph.
    pub cluster: Cluster,
    /// How many other clusters stand behind it.
    pub reach: u32,
    /// What people call it.
    pub name: &'a str,
    /// Its accounts.
    pub accounts: Vec<Account>,
    /// The organisation that it is, or belongs to.
    pub organisation: Option<&'a str>,
    /// The principal that is bound to it: it is enrolled, and can approve and object.
    pub signer: Option<&'a str>,
    /// The feed whose allowed signers mean that principal: of the same name in another feed nobody knows who that is. None
    /// where principals are told apart by their names alone.
    pub feed: Option<&'a str>,
}
