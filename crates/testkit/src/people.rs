//! People in a small world: who owns and publishes, who maintains dependents, and what they sign.

use fence_model::facts::{
    Account, Audit, AuditedVersion, Claim, Identity, Maintainer, Owner, Publisher, Reader, RestsOn, Says,
    Statement,
};
use fence_model::quorum::Cluster;

use crate::world::{Verb, World, digest, time, version};

/// Names of those who maintain dependents; as principals they sign by these, too.
pub const MAINTAINERS: [&str; 16] = [
    "ada", "ben", "cleo", "dora", "emil", "fay", "gus", "hana", "ivo", "jan", "kim", "lea", "max", "nora",
    "ole", "pia",
];

/// The account from which on the maintainers' are numbered.
pub const FIRST_MAINTAINER: u64 = 100;

/// Somebody who is bound to one account.
pub fn person(principal: &'static str, user: u64) -> Identity<'static> {
    Identity { principal, accounts: vec![Account::User(user)], organisation: None, key: None }
}

/// Somebody who is bound to one account, and belongs to an organisation.
pub fn member(principal: &'static str, user: u64, organisation: &'static str) -> Identity<'static> {
    Identity { organisation: Some(organisation), ..person(principal, user) }
}

/// The first `count` maintainers of dependents, enrolled and of equal weight.
pub fn maintainers(count: usize) -> Vec<Maintainer<'static>> {
    let numbered = MAINTAINERS.iter().zip(0u32..).take(count);
    let one = |(name, number): (&&'static str, u32)| Maintainer {
        cluster: Cluster(number),
        reach: 20,
        name,
        accounts: vec![Account::User(FIRST_MAINTAINER + u64::from(number))],
        organisation: None,
        signer: Some(name),
        feed: Some("people"),
    };
    numbered.map(one).collect()
}

/// The identity of the maintainer of that number.
pub fn maintainer(number: usize) -> Identity<'static> {
    person(MAINTAINERS[number], FIRST_MAINTAINER + u64::try_from(number).unwrap_or(u64::MAX))
}

impl World {
    /// Somebody owns the crate; from now on it is known who does.
    pub fn owner(&mut self, of: &str, account: Account, since: &str) -> &mut Owner<'static> {
        let owners = self.krate(of).owners.get_or_insert_default();
        owners.push(Owner { account, since: time(since), until: None, organisation: None });
        owners.last_mut().unwrap_or_else(|| panic!("it was just pushed"))
    }

    /// Somebody approves a release.
    pub fn approve(&mut self, by: &Identity<'static>, of: &str, at: &str, known: &str) {
        self.state(by, of, at, known, Says::Approve(RestsOn::Diff));
    }

    /// Somebody objects to a release.
    pub fn object(
        &mut self,
        by: &Identity<'static>,
        of: &str,
        at: &str,
        known: &str,
    ) -> &mut Statement<'static> {
        self.state(by, of, at, known, Says::Object)
    }

    /// A reviewer whom the policy names objects to a release.
    pub fn reviewer_objects(&mut self, by: &Identity<'static>, of: &str, at: &str, known: &str) {
        self.state(by, of, at, known, Says::Object).is_reviewer = true;
    }

    /// A key of the security role takes a release out of use.
    pub fn revoke(&mut self, key: &'static str, of: &str, at: &str, known: &str) {
        self.state(&Identity::unbound(key), of, at, known, Says::Revoke);
    }

    /// Somebody signs something about a release.
    pub fn state(
        &mut self,
        by: &Identity<'static>,
        of: &str,
        at: &str,
        known: &str,
        says: Says,
    ) -> &mut Statement<'static> {
        let statement = Statement {
            signer: by.clone(),
            feed: "people",
            version: version(at),
            digest: digest(&format!("{of} {at}")),
            known: time(known),
            until: None,
            says,
            reader: Reader::Person,
            is_reviewer: false,
            is_believed: true,
            comment: "Look at what the build script does.",
        };
        let statements = &mut self.krate(of).statements;
        statements.push(statement);
        statements.last_mut().unwrap_or_else(|| panic!("it was just pushed"))
    }

    /// A reviewer whom the policy names signed a full audit.
    pub fn signed_audit(
        &mut self,
        by: &Identity<'static>,
        of: &str,
        at: &str,
        known: &str,
    ) -> &mut Audit<'static> {
        let audit = Audit {
            feed: None,
            origin: by.principal,
            who: vec![by.principal],
            signer: Some(by.clone()),
            digest: Some(digest(&format!("{of} {at}"))),
            from_digest: None,
            known: time(known),
            until: None,
            claim: Claim::Full(AuditedVersion { version: version(at), git: None }),
            criteria: vec!["safe-to-deploy"],
        };
        let audits = &mut self.krate(of).audits;
        audits.push(audit);
        audits.last_mut().unwrap_or_else(|| panic!("it was just pushed"))
    }
}

impl Verb<'_> {
    /// The CI of a repository published it.
    pub fn by_ci(mut self, repository: &'static str) -> Self {
        self.facts().publisher = Some(Publisher::Ci(repository));
        self
    }

    /// These are eligible for its quorum.
    pub fn heard_by(mut self, maintainers: Vec<Maintainer<'static>>) -> Self {
        self.facts().voices = Some(maintainers.into());
        self
    }
}
