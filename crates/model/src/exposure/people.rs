//! Who could be taken over, by the policy: all whose word it counts for a release.
//!
//! What a helper can have written is made as the feeds would bring it, for [`Judge`](crate::judge::Judge) to count or not.
//! Who can only speak against releases, such as a key of the security role, is no helper. Whoever keeps advisories is none
//! either, since to withhold them stops the clock; but a flaw that is reported makes what comes next a fix, and who reports
//! it may be anybody.

use std::collections::BTreeMap;

use crate::facts::{
    Advisory, AdvisoryKind, Audit, AuditedVersion, Bound as End, Claim, CrateFacts, Range, ReleaseFacts,
    Window,
};
use crate::people::{Account, Identity as Signer, Reader, RestsOn, Says, Statement};
use crate::policy::{FeedRole, FeedSource, Policy, RUSTSEC, Trust};
use crate::time::Time;

use super::{Identity, Kind};

const SAFE_TO_RUN: &str = "safe-to-run";
const SAFE_TO_DEPLOY: &str = "safe-to-deploy";

/// What a policy does not say itself of those whom it trusts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// Who keeps each feed, by the feed's name: two in one repository have one keeper. A feed that is not there lies with the
    /// project, and whoever can write into it can change the policy as well.
    pub keepers: BTreeMap<String, String>,
    /// Which accounts signers have.
    pub bound: Vec<Bound>,
}

/// Which accounts a signer has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// The feed in which it signs.
    pub feed: String,
    /// By which name.
    pub principal: String,
    /// The accounts.
    pub accounts: Vec<Account>,
    /// The organisation it belongs to.
    pub organisation: Option<String>,
}

/// Somebody who could be taken over to help whoever publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Helper {
    /// Who it is.
    pub identity: Identity,
    /// As whom it can vouch for a release, each for itself.
    pub vouches: Vec<Vouches>,
    /// How it has a part in quorums.
    pub approves: Approves,
}

/// As whom somebody vouches for a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Vouches {
    /// As whatever people and origins an audit set names.
    Set {
        /// The feed that brings it.
        feed: String,
        /// A name that nobody else has.
        name: String,
    },
    /// As a crev id.
    Crev(String),
    /// As a signer, with these accounts.
    Signer {
        /// By which name.
        principal: String,
        /// Which accounts it has.
        accounts: Vec<Account>,
        /// The organisation it belongs to.
        organisation: Option<String>,
    },
}

/// How somebody has a part in quorums.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Approves {
    /// Not at all.
    Nothing,
    /// As a signer of a feed, if that one is heard.
    As {
        /// The feed.
        feed: String,
        /// By which name.
        principal: String,
    },
    /// As everybody who is heard, but for those whom another feed enrols: who keeps a feed that enrols says who its signers
    /// are.
    Everybody {
        /// The feed.
        feed: String,
    },
}

/// All who could help under a policy: sets, keepers, reviewers, and whoever reports a flaw.
pub fn helpers(policy: &Policy, sources: &Sources) -> Vec<Helper> {
    let mut helpers: Vec<Helper> = Vec::new();
    // It is read unless the policy says otherwise.
    if !policy.feeds.contains_key(RUSTSEC) {
        helpers.push(Helper::reporter(RUSTSEC));
    }
    for (name, feed) in policy.feeds.iter().filter(|(_, feed)| feed.enabled) {
        let keeper = sources.keepers.get(name);
        match feed.role {
            FeedRole::Audits if counts_set(policy, feed) => {
                let Some(keeper) = keeper else { continue };
                let vouches = Vouches::Set { feed: name.clone(), name: format!("whoever keeps {name}") };
                let identity = Identity::new(Kind::AuditSet, keeper);
                match helpers.iter_mut().find(|other| other.identity == identity) {
                    Some(other) => other.vouches.push(vouches),
                    None => {
                        helpers.push(Helper {
                            identity,
                            vouches: vec![vouches],
                            approves: Approves::Nothing,
                        });
                    }
                }
            }
            FeedRole::Crev => {
                let counted = feed.trust.iter().filter(|(_, trust)| counts_word(policy, **trust));
                helpers.extend(counted.map(|(id, _)| Helper {
                    identity: Identity::new(Kind::Reviewer, id.to_string()),
                    vouches: vec![Vouches::Crev(id.to_string())],
                    approves: Approves::Nothing,
                }));
            }
            FeedRole::Statements => {
                let is_mapped = maps(feed, &policy.criteria);
                let counts =
                    |trust: Trust| counts_word(policy, trust) || (is_mapped && trust >= Trust::Medium);
                let reviewers = || feed.reviewers.iter().filter(|(_, trust)| counts(**trust));
                helpers.extend(reviewers().map(|(principal, _)| {
                    let principal = principal.as_str();
                    let is_own = |bound: &&Bound| bound.feed == *name && bound.principal == principal;
                    let bound = sources.bound.iter().find(is_own);
                    Helper {
                        identity: Identity::new(Kind::Reviewer, principal),
                        vouches: vec![Vouches::Signer {
                            principal: principal.to_owned(),
                            accounts: bound.map_or_else(Vec::new, |bound| bound.accounts.clone()),
                            organisation: bound.and_then(|bound| bound.organisation.clone()),
                        }],
                        approves: Approves::As { feed: name.clone(), principal: principal.to_owned() },
                    }
                }));
                let Some(keeper) = keeper else { continue };
                // Who says whose key is whose can be all of them.
                let as_reviewer = |(principal, _): (&crate::Principal, &Trust)| Vouches::Signer {
                    principal: principal.to_string(),
                    accounts: Vec::new(),
                    organisation: None,
                };
                let approves = match feed.enrols {
                    true => Approves::Everybody { feed: name.clone() },
                    false => Approves::Nothing,
                };
                let vouches: Vec<Vouches> = reviewers().take(MOST_VOUCHED).map(as_reviewer).collect();
                if !vouches.is_empty() || approves != Approves::Nothing {
                    helpers.push(Helper { identity: Identity::new(Kind::Keeper, keeper), vouches, approves });
                }
            }
            FeedRole::Advisories => helpers.push(Helper::reporter(name)),
            FeedRole::Audits | FeedRole::Dump => {}
        }
    }
    helpers
}

/// Whether fewer helpers are left in a way that could matter: of those that are alike two do whatever more of them do.
pub(super) fn are_fewer(left: &[Helper], before: &[Helper]) -> bool {
    let is_gone = |helper: &&Helper| !left.contains(helper);
    before
        .iter()
        .filter(is_gone)
        .any(|gone| left.iter().filter(|other| other.is_like(gone)).count() < MOST_VOUCHED)
}

/// As many audits as any level asks for.
const MOST_VOUCHED: usize = 2;

/// Whether whoever writes into a set can meet the criteria that the policy asks for.
fn counts_set(policy: &Policy, feed: &FeedSource) -> bool {
    [SAFE_TO_RUN, SAFE_TO_DEPLOY].contains(&policy.criteria.as_str()) || maps(feed, &policy.criteria)
}

fn maps(feed: &FeedSource, criteria: &str) -> bool {
    feed.criteria_map.values().flatten().any(|own| own == criteria)
}

/// Whether a reviewer who is trusted that much can meet them.
fn counts_word(policy: &Policy, trust: Trust) -> bool {
    match policy.criteria.as_str() {
        SAFE_TO_RUN => trust >= Trust::Low,
        SAFE_TO_DEPLOY => trust >= Trust::Medium,
        _ => false,
    }
}

impl Helper {
    /// One of those who are heard in a quorum.
    pub(crate) fn voice(name: &str, feed: &str, principal: &str) -> Self {
        Self {
            identity: Identity::new(Kind::Voice, name),
            vouches: Vec::new(),
            approves: Approves::As { feed: feed.to_owned(), principal: principal.to_owned() },
        }
    }

    /// Whoever has an advisory published in a database.
    fn reporter(feed: &str) -> Self {
        let identity = Identity::new(Kind::Reporter, feed);
        Self { identity, vouches: Vec::new(), approves: Approves::Nothing }
    }

    /// Whether it reports a flaw, which the next release mends.
    pub(super) fn reports(&self) -> bool {
        self.identity.kind == Kind::Reporter
    }

    /// As whom it vouches, where that is one alone.
    pub(super) fn only_voucher(&self) -> Option<&Vouches> {
        let [only] = self.vouches.as_slice() else { return None };
        Some(only)
    }

    /// Whether nothing but the kind and the number of what it can say matters: no release is its own.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let is_nobody =
            |helper: &Self| helper.vouches.iter().all(|one| !matches!(one, Vouches::Signer { .. }));
        self.identity.kind == other.identity.kind
            && self.vouches.len() == other.vouches.len()
            && is_nobody(self)
            && is_nobody(other)
    }

    /// Adds to what is known the audits that it writes of a release, the windows that it opens for whoever published it, and the
    /// flaw that the release mends.
    pub(crate) fn vouch<'h>(
        &'h self,
        release: &ReleaseFacts<'h>,
        criteria: &'h str,
        now: Time,
        facts: &mut CrateFacts<'h>,
    ) {
        if self.reports() {
            facts.advisories.push(mended_by(release, now));
        }
        let (audits, windows) = (&mut facts.audits, &mut facts.windows);
        let audit = |feed, origin: &'h str, signer: Option<Signer<'h>>| Audit {
            feed,
            origin,
            who: vec![origin],
            digest: signer.as_ref().map(|_| release.digest),
            signer,
            from_digest: None,
            known: now,
            until: None,
            claim: Claim::Full(AuditedVersion { version: release.version.clone(), git: None }),
            criteria: vec![criteria],
        };
        for vouches in &self.vouches {
            match vouches {
                Vouches::Set { feed, name } => {
                    audits.push(audit(Some(feed), name, None));
                    let window = |publisher| Window {
                        origin: name,
                        publisher,
                        start: now,
                        end: Time::LATEST,
                        criteria: vec![criteria],
                    };
                    windows.extend(release.publisher.map(window));
                }
                Vouches::Crev(id) => audits.push(audit(None, id, None)),
                Vouches::Signer { principal, accounts, organisation } => {
                    let signer = Signer {
                        principal,
                        accounts: accounts.clone(),
                        organisation: organisation.as_deref(),
                        key: None,
                    };
                    audits.push(audit(None, principal, Some(signer)));
                }
            }
        }
    }

    /// Takes the place of those who are heard of a release, where it says who they are.
    pub(crate) fn enrol<'h>(&'h self, release: &mut ReleaseFacts<'h>) {
        let Approves::Everybody { feed: own } = &self.approves else { return };
        let Some(voices) = &release.voices else { return };
        let mut voices = voices.to_vec();
        for voice in &mut voices {
            if voice.signer.is_none() || voice.feed == Some(own) {
                (voice.signer, voice.feed) = (Some(voice.name), Some(own.as_str()));
            }
        }
        release.voices = Some(voices.into());
    }

    /// The approvals that it signs of a release.
    pub(crate) fn approve<'h>(&'h self, release: &ReleaseFacts<'h>, now: Time) -> Vec<Statement<'h>> {
        let approval = |feed: &'h str, principal: &'h str| Statement {
            signer: Signer::unbound(principal),
            feed,
            version: release.version.clone(),
            digest: release.digest,
            known: now,
            until: None,
            says: Says::Approve(RestsOn::Audit),
            reader: Reader::Person,
            is_reviewer: false,
            is_believed: true,
            comment: "",
        };
        match &self.approves {
            Approves::Nothing => Vec::new(),
            Approves::As { feed, principal } => vec![approval(feed, principal)],
            Approves::Everybody { feed } => {
                let own = release.voices.iter().flat_map(|voices| voices.iter());
                let own = own.filter(|voice| voice.feed == Some(feed)).filter_map(|voice| voice.signer);
                own.map(|principal| approval(feed, principal)).collect()
            }
        }
    }
}

/// A flaw of all releases below one that was reported now, under an id that is no other's.
fn mended_by<'h>(release: &ReleaseFacts<'_>, now: Time) -> Advisory<'h> {
    let from_here = Range { lower: End::Inclusive(release.version.clone()), upper: End::Unbounded };
    Advisory {
        id: "reported by whoever publishes",
        kind: AdvisoryKind::Vulnerability,
        known: now,
        patched: vec![from_here],
        unaffected: Vec::new(),
        withdrawn: None,
        title: "an old flaw",
        aliases: Vec::new(),
    }
}
