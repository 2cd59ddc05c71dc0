//! Whose proofs count under a policy, and for what.
//!
//! The policy names reviewers by id. Where it sets `reach`, those whom one of them trusts that much count too: as
//! that one's voice, never as another, and for no more than either trust allows. Nobody further away counts. Of what
//! one person signed about one thing, the latest holds, and of two at one time the worse; but a machine's review takes
//! no person's back, and an issue told by itself takes back what vouched, never a warning.
//!
//! What a review counts for is the least of three: how closely the reviewer read, how well they understood, and how
//! much they are trusted. The table is in docs/decisions.md.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use fence_model::facts::{Audit, AuditedVersion, Claim, Remark};
use fence_model::policy::{self, Reach};
use fence_model::{CrateName, ReviewerId, Time};
use semver::{Comparator, Op, Version, VersionReq};

use super::{
    Author, Content, Grade, Opinion, PackageReview, Proof, Rating, Reader, RecursiveDigest, Registry, Trust,
};
use crate::cargo_vet::{SAFE_TO_DEPLOY, SAFE_TO_RUN, origin_of};

/// What a policy says of a feed of proofs.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// Whose reviews count, and for how much.
    pub trust: &'a BTreeMap<ReviewerId, policy::Trust>,
    /// How much one of these must trust others for them to count too.
    pub reach: Option<Reach>,
}

impl Source<'_> {
    /// Whether what `id` signs may matter: with a reach, that of anybody may.
    pub(super) fn may_count(self, id: &ReviewerId) -> bool {
        self.reach.is_some() || self.trust.contains_key(id)
    }
}

/// Who counts, through whom, and what they wrote.
#[derive(Debug)]
pub struct WebOfTrust<'a> {
    /// By crate, in the order of versions and authors.
    reviews: BTreeMap<&'a CrateName, Vec<Signed<'a>>>,
}

/// What reviewers who count say of one crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrateReviews<'a> {
    /// The crate.
    pub name: &'a CrateName,
    /// The reviews.
    pub reviews: Vec<Review<'a>>,
}

/// A review as evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review<'a> {
    /// What it counts for. It is known since it was signed, or since its author is trusted, by the words of those
    /// who signed.
    pub audit: Audit<'a>,
    /// What the reviewer had before them: the content of the release, and of the one it was compared with. Empty
    /// where the review does not speak for the release: a warning stands, whatever it was about.
    pub contents: Vec<(&'a Version, RecursiveDigest)>,
}

/// A review that counts, and all that is known about who signed it.
#[derive(Debug)]
struct Signed<'a> {
    review: &'a PackageReview,
    opinion: Opinion,
    /// Whether its author tells of something wrong with the release, in it or later.
    is_doubted: bool,
    date: Time,
    standing: Standing,
    /// As people call the author.
    label: String,
    /// The author, then those through whom alone they count.
    who: Vec<String>,
}

/// How much somebody counts for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Standing {
    worth: Worth,
    /// Through whom, if the policy does not name them.
    through: BTreeSet<ReviewerId>,
    /// Since when.
    since: Time,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Worth {
    /// A machine: shown.
    Machine,
    /// Named, and distrusted by another who is named: only warnings count.
    Silenced,
    /// As much as this.
    Trusted(Grade),
}

impl<'a> WebOfTrust<'a> {
    /// Works out which of `proofs` count.
    pub fn new(proofs: &'a [Proof], source: Source<'_>) -> Self {
        let standings = standings(proofs, source);
        let mut latest: BTreeMap<(&CrateName, &Version, ReviewerId, Reader), Signed<'a>> = BTreeMap::new();
        let mut doubts: BTreeMap<(&CrateName, &Version, ReviewerId, Reader), Time> = BTreeMap::new();
        for proof in proofs {
            let Content::Review(review) = &proof.content else { continue };
            let Some(standing) = standings.get(&proof.from.id) else { continue };
            if review.package.source != Registry::CratesIo {
                continue;
            }
            let key = (&review.package.name, &review.package.version, proof.from.id, review.reader);
            let Some(opinion) = review.opinion else {
                // An advisory on earlier releases is often signed by itself, and says nothing of this one.
                if !review.issues.is_empty() {
                    let since = doubts.entry(key).or_insert(proof.date);
                    *since = proof.date.max(*since);
                }
                continue;
            };
            let signed = Signed::of(proof, review, opinion, standing);
            match latest.get(&key) {
                Some(other) if other.rank() >= signed.rank() => {}
                _ => drop(latest.insert(key, signed)),
            }
        }
        let mut reviews: BTreeMap<&CrateName, Vec<Signed<'_>>> = BTreeMap::new();
        for (key, mut signed) in latest {
            signed.is_doubted |= doubts.get(&key).is_some_and(|since| *since >= signed.date);
            reviews.entry(key.0).or_default().push(signed);
        }
        Self { reviews }
    }

    /// What is said of each crate, sorted by name. A review that says nothing under the policy is left out.
    pub fn crates(&self) -> impl Iterator<Item = CrateReviews<'_>> {
        self.reviews
            .iter()
            .map(|(name, signed)| CrateReviews {
                name,
                reviews: signed.iter().filter_map(Signed::evidence).collect(),
            })
            .filter(|of| !of.reviews.is_empty())
    }
}

impl<'a> Signed<'a> {
    fn of(proof: &Proof, review: &'a PackageReview, opinion: Opinion, standing: &Standing) -> Self {
        let through = standing.through.iter().map(ToString::to_string);
        Self {
            review,
            opinion,
            is_doubted: !review.issues.is_empty(),
            date: proof.date,
            standing: standing.clone(),
            label: label(&proof.from),
            who: std::iter::once(proof.from.id.to_string()).chain(through).collect(),
        }
    }

    /// Of what its author signed about one release the highest holds: the latest, and at one time the worse. What is
    /// neither better nor worse is in it so that the order of proofs does not show.
    fn rank(&self) -> impl Ord {
        let Self { review: PackageReview { package, diff_base, .. }, opinion, .. } = self;
        let care = opinion.thoroughness.min(opinion.understanding);
        let base = diff_base.as_ref().map(|base| (&base.version, base.digest));
        let worse = (Reverse((opinion.rating, care, !self.is_doubted)), base, package.digest, &self.label);
        (self.date, worse)
    }

    fn evidence(&self) -> Option<Review<'_>> {
        let PackageReview { package, diff_base, reader, .. } = self.review;
        let at = |version: &Version| AuditedVersion { version: version.clone(), git: None };
        let (claim, criteria) = match said(self.opinion, *reader, self.standing.worth, self.is_doubted)? {
            Said::Good(criteria) => {
                let to = at(&package.version);
                let claim = match diff_base {
                    None => Claim::Full(to),
                    Some(base) => Claim::Delta { from: at(&base.version), to },
                };
                (claim, criteria)
            }
            // Whatever is fit for less is not fit for more.
            Said::Dangerous => (Claim::Violation(exactly(&package.version)), BOTH),
            Said::Remark(remark) => (Claim::Remark(at(&package.version), remark), &[][..]),
        };
        let contents = match claim {
            Claim::Full(_) | Claim::Delta { .. } => {
                let read = std::iter::once(package).chain(diff_base);
                read.map(|package| (&package.version, package.digest)).collect()
            }
            Claim::Violation(_) | Claim::Remark(..) => Vec::new(),
        };
        let audit = Audit {
            feed: None,
            origin: &self.label,
            who: self.who.iter().map(String::as_str).collect(),
            signer: None,
            digest: None,
            from_digest: None,
            known: self.date.max(self.standing.since),
            until: None,
            claim,
            criteria: criteria.to_vec(),
        };
        Some(Review { audit, contents })
    }
}

/// What a review says under a policy.
enum Said {
    /// The release meets these criteria.
    Good(&'static [&'static str]),
    /// Nobody should use it.
    Dangerous,
    /// Something to know.
    Remark(Remark),
}

const BOTH: &[&str] = &[SAFE_TO_DEPLOY, SAFE_TO_RUN];

/// The table of docs/decisions.md.
fn said(opinion: Opinion, reader: Reader, worth: Worth, is_doubted: bool) -> Option<Said> {
    let trusted = match (worth, reader, opinion.rating) {
        (Worth::Machine, ..) | (_, Reader::Machine, _) => {
            let is_bad = opinion.rating <= Rating::Negative;
            return Some(Said::Remark(if is_bad { Remark::MachineWarned } else { Remark::MachineReviewed }));
        }
        (_, _, Rating::Dangerous) => return Some(Said::Dangerous),
        (_, _, Rating::Negative) => return Some(Said::Remark(Remark::Negative)),
        (_, _, Rating::Neutral) | (Worth::Silenced, ..) => return None,
        (Worth::Trusted(trusted), _, Rating::Positive | Rating::Strong) => trusted,
    };
    // Who tells of something wrong with a release does not vouch for it, whatever the rating says.
    if is_doubted {
        return None;
    }
    match opinion.thoroughness.min(opinion.understanding).min(trusted) {
        Grade::None => None,
        Grade::Low => Some(Said::Good(&[SAFE_TO_RUN])),
        Grade::Medium | Grade::High => Some(Said::Good(BOTH)),
    }
}

/// Who counts, by id.
fn standings(proofs: &[Proof], source: Source<'_>) -> BTreeMap<ReviewerId, Standing> {
    let opinions = opinions(proofs);
    let mut standings: BTreeMap<ReviewerId, Standing> = BTreeMap::new();
    for (id, trust) in source.trust {
        let worth = match trust {
            policy::Trust::Machine => Worth::Machine,
            policy::Trust::Low => Worth::Trusted(Grade::Low),
            policy::Trust::Medium => Worth::Trusted(Grade::Medium),
            policy::Trust::High => Worth::Trusted(Grade::High),
        };
        standings.insert(*id, Standing { worth, through: BTreeSet::new(), since: Time::EARLIEST });
    }
    let named: BTreeMap<ReviewerId, Grade> = standings
        .iter()
        .filter_map(|(id, standing)| match standing.worth {
            Worth::Trusted(grade) => Some((*id, grade)),
            Worth::Machine | Worth::Silenced => None,
        })
        .collect();
    let reach = source.reach.map(|reach| match reach {
        Reach::Low => Grade::Low,
        Reach::Medium => Grade::Medium,
        Reach::High => Grade::High,
    });
    let mut distrusted = BTreeSet::new();
    for ((from, of), (since, trust)) in &opinions {
        let Some(own) = named.get(from) else { continue };
        match trust {
            Trust::Distrust if from != of => drop(distrusted.insert(*of)),
            Trust::Grade(grade) if reach.is_some_and(|reach| *grade >= reach) => {
                if source.trust.contains_key(of) {
                    continue;
                }
                let worth = Worth::Trusted(*own.min(grade));
                let standing = standings.entry(*of).or_insert_with(|| Standing {
                    worth,
                    through: BTreeSet::new(),
                    since: *since,
                });
                // The best word counts, since it was given.
                if (worth, Reverse(since)) > (standing.worth, Reverse(&standing.since)) {
                    (standing.worth, standing.since) = (worth, *since);
                }
                standing.through.insert(*from);
            }
            Trust::Distrust | Trust::Grade(_) => {}
        }
    }
    for id in distrusted {
        // The policy's own word makes one whom it names heard at least as a warning; others are not heard at all.
        if !source.trust.contains_key(&id) {
            standings.remove(&id);
        } else if let Some(standing) = standings.get_mut(&id) {
            standing.worth = standing.worth.min(Worth::Silenced);
        }
    }
    standings
}

/// What people think of each other, by who and of whom: since when, and how much. The latest of each.
fn opinions(proofs: &[Proof]) -> BTreeMap<(ReviewerId, ReviewerId), (Time, Trust)> {
    let mut opinions: BTreeMap<(ReviewerId, ReviewerId), (Time, Trust)> = BTreeMap::new();
    for proof in proofs {
        let Content::Trust(said) = &proof.content else { continue };
        for of in &said.ids {
            let new = (proof.date, said.trust);
            opinions
                .entry((proof.from.id, of.id))
                .and_modify(|old| {
                    if new.0 > old.0 || (new.0 == old.0 && new.1 < old.1) {
                        *old = new;
                    }
                })
                .or_insert(new);
        }
    }
    opinions
}

/// What people call a reviewer: the owner of the repository of their proofs, by their own word, and so the beginning of
/// their id.
fn label(author: &Author) -> String {
    let short = author.id.short();
    let repository = author.url.as_deref().map(origin_of);
    let owner = repository.as_deref().and_then(|repository| repository.split('/').nth(1));
    let is_plain = |owner: &&str| {
        owner.len() <= 40 && owner.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    match owner.filter(is_plain) {
        Some(owner) => format!("crev:{owner}@{short}"),
        None => format!("crev:{short}"),
    }
}

/// The requirement that this version alone meets.
fn exactly(version: &Version) -> VersionReq {
    let Version { major, minor, patch, pre, .. } = version;
    let only = Comparator {
        op: Op::Exact,
        major: *major,
        minor: Some(*minor),
        patch: Some(*patch),
        pre: pre.clone(),
    };
    VersionReq { comparators: vec![only] }
}
