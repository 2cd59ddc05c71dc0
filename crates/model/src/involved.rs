//! Who is involved in a release: its publisher; owners of the crate, directly or by team, now, at publication or within
//! a year before; and their organisations.
//!
//! What they say for the release does not count, what they say against it counts in full. Nothing here rests on what
//! somebody signed: who does not sign cannot make others seem uninvolved, and who signs involves nobody else.

use std::collections::BTreeMap;

use crate::facts::{CrateFacts, Publisher, ReleaseFacts};
use crate::people::{Account, Identity, Maintainer, Statement};
use crate::quorum::{Cluster, Enrolment, Voice};
use crate::time::Span;

/// For how long an owner who left is still involved in what is published.
const INVOLVED_FOR: Span = Span::days(365);

/// Those around one release: who is involved in it, and who may speak for it.
#[derive(Debug, Default)]
pub(crate) struct Circle<'a> {
    accounts: Vec<Account>,
    organisations: Vec<&'a str>,
    /// Who is eligible and not involved, under the number of the voice that each is part of; none where nobody told who owns the crate, or who maintains what
    /// depends on it.
    pub(crate) maintainers: Option<Vec<Maintainer<'a>>>,
    /// The same, weighed.
    pub(crate) voices: Vec<(Voice, Enrolment)>,
    /// Those who are enrolled and involved.
    signers: Vec<&'a str>,
}

impl<'a> Circle<'a> {
    pub(crate) fn of(facts: &CrateFacts<'a>, release: &ReleaseFacts<'a>) -> Self {
        let mut circle = Self::default();
        match release.publisher {
            Some(Publisher::User(id)) => circle.accounts.push(Account::User(id)),
            Some(Publisher::Ci(repository)) => circle.organisations.extend(owner_of(repository)),
            None => {}
        }
        for owner in facts.owners.iter().flatten() {
            // One who came after the publication and left again is involved too: nobody else would be asked less.
            let left_before = |published| owner.until.is_some_and(|until| until < published - INVOLVED_FOR);
            if !release.appeared().is_some_and(left_before) {
                circle.accounts.push(owner.account);
                circle.organisations.extend(owner.organisation);
            }
        }
        let Some(voices) = release.voices.as_deref() else { return circle };
        let own = voices.iter().filter(|one| one.accounts.iter().any(|own| circle.accounts.contains(own)));
        let organisations: Vec<&str> = own.filter_map(|one| one.organisation).collect();
        circle.organisations.extend(organisations);

        let mut maintainers: Vec<Maintainer<'a>> = voices.to_vec();
        maintainers.sort_unstable();
        maintainers.dedup_by_key(|one| one.cluster);
        circle.signers = maintainers
            .iter()
            .filter(|one| circle.has(&one.accounts, one.organisation))
            .filter_map(|one| one.signer)
            .collect();
        if facts.owners.is_some() {
            maintainers.retain(|one| !circle.has(&one.accounts, one.organisation));
            let (voices, numbers) = united(&maintainers);
            maintainers.iter_mut().zip(numbers).for_each(|(one, number)| one.cluster = number);
            circle.voices = voices;
            circle.maintainers = Some(maintainers);
        }
        circle
    }

    fn has(&self, accounts: &[Account], organisation: Option<&str>) -> bool {
        accounts.iter().any(|account| self.accounts.contains(account))
            || organisation
                .is_some_and(|own| self.organisations.iter().any(|other| other.eq_ignore_ascii_case(own)))
    }

    /// Whether somebody is involved.
    pub(crate) fn involves(&self, identity: &Identity<'_>) -> bool {
        self.has(&identity.accounts, identity.organisation) || self.signers.contains(&identity.principal)
    }

    /// Somebody of a cluster, who can sign for it if anybody can.
    pub(crate) fn named(&self, cluster: Cluster) -> Option<&Maintainer<'a>> {
        let own = || self.maintainers.iter().flatten().filter(|one| one.cluster == cluster);
        own().find(|one| one.signer.is_some()).or_else(|| own().next())
    }

    /// The maintainer whose word a statement is: of the principal that signed it, in the feed that enrols that one.
    pub(crate) fn maintainer(&self, said: &Statement<'_>) -> Option<&Maintainer<'a>> {
        let is_of_feed = |one: &&Maintainer<'_>| one.feed.is_none_or(|feed| feed == said.feed);
        self.maintainers
            .iter()
            .flatten()
            .filter(is_of_feed)
            .find(|one| one.signer == Some(said.signer.principal))
    }

    /// The maintainer for whom a principal signs, in whatever feed enrols it.
    pub(crate) fn enrolled(&self, principal: &str) -> Option<&Maintainer<'a>> {
        self.maintainers.iter().flatten().find(|one| one.signer == Some(principal))
    }
}

/// The voices of maintainers, who come in the order of their clusters, and the cluster of which each is one. An
/// organisation is one, with the reach of whoever has most: also where a graph counts its people apart.
fn united(maintainers: &[Maintainer<'_>]) -> (Vec<(Voice, Enrolment)>, Vec<Cluster>) {
    let mut organisations: BTreeMap<String, Cluster> = BTreeMap::new();
    let mut voices: BTreeMap<Cluster, (u32, Enrolment)> = BTreeMap::new();
    let mut numbers = Vec::with_capacity(maintainers.len());
    for one in maintainers {
        let own = one.organisation.map(str::to_ascii_lowercase);
        let number = own.map_or(one.cluster, |own| *organisations.entry(own).or_insert(one.cluster));
        let enrolment = if one.signer.is_some() { Enrolment::Enrolled } else { Enrolment::Unbound };
        let voice = voices.entry(number).or_insert((one.reach, enrolment));
        *voice = (voice.0.max(one.reach), voice.1.min(enrolment));
        numbers.push(number);
    }
    let voices = voices.into_iter().map(|(number, (reach, enrolment))| (Voice::of(number, reach), enrolment));
    (voices.collect(), numbers)
}

/// The owner of a repository such as `github:owner/repo`.
fn owner_of(repository: &str) -> Option<&str> {
    let (_, path) = repository.split_once(':')?;
    path.split('/').next().filter(|owner| !owner.is_empty())
}
