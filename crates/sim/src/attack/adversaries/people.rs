//! Attacks on those whose word counts: reviewers, maintainers of dependents, and whoever is trusted with a crate.

use std::sync::Arc;

use fence_model::facts::{
    Account, Audit, AuditedVersion, Claim, Identity, Maintainer, Owner, Reader, RestsOn, Says, Statement,
};
use fence_model::quorum::{Enrolment, Quorum, Rules, Voice, quorum};
use fence_model::{Digest, Span};
use semver::Version;

use super::{ATTACKER, ATTACKER_NUMBER, Stage};
use crate::attack::detection::Like;
use crate::attack::registry::MADE_BEFORE;
use crate::attack::script::{Act, Script, What, plain, quiet};

/// The names under which a policy has its reviewers.
const REVIEWERS: [&str; 4] = ["reviewer-1", "reviewer-2", "reviewer-3", "reviewer-4"];

/// So many reviewers, each independent of the others, sign an audit of the release.
pub(super) fn reviewers<'a>(stage: &Stage<'a>, count: usize) -> Vec<Script<'a>> {
    let with = |count: usize| {
        let mut script = stage.takeover(&format!("{count} audits"), plain());
        let (version, digest) = published(&script);
        for reviewer in REVIEWERS.into_iter().take(count) {
            let audit = Audit {
                feed: None,
                origin: reviewer,
                who: vec![reviewer],
                signer: Some(Identity::unbound(reviewer)),
                digest: Some(digest),
                from_digest: None,
                known: stage.start,
                until: None,
                claim: Claim::Full(AuditedVersion { version: version.clone(), git: None }),
                criteria: vec![stage.criteria],
            };
            script.acts.push((stage.start, Act::Vouch(stage.target.name.clone(), audit)));
        }
        if count > 0 {
            script.holdings.push(stage.holds(What::Reviewer, count, stage.start));
        }
        script
    };
    // He need not use them, nor show what a reading would find.
    let mut variants: Vec<Script<'a>> = (0..=count).map(with).collect();
    variants.push(stage.takeover("no audits, old capabilities", quiet()));
    variants
}

/// Maintainers of dependents approve, up to as many as he has: the heaviest that could complete the quorum.
pub(super) fn maintainers<'a>(stage: &Stage<'a>, most: usize) -> Vec<Script<'a>> {
    let all = stage.registry.maintainers(stage.target);
    let own = completing(stage, &all);
    let approving: Vec<Maintainer<'a>> = own.into_iter().take(most).collect();
    let voices: Arc<[Maintainer<'a>]> = all.into();
    let mut variants = vec![stage.takeover_heard_by("nobody approves", quiet(), &voices)];
    if !approving.is_empty() {
        let variant = format!("{} approve", approving.len());
        let mut script = stage.takeover_heard_by(&variant, plain(), &voices);
        approve(stage, &mut script, &approving);
        script.holdings.push(stage.holds(What::Maintainer, approving.len(), stage.start));
        variants.push(script);
    }
    variants
}

/// Clusters that he has owned for a year own crates that depend on the target; they are enrolled and approve.
pub(super) fn sybils<'a>(stage: &Stage<'a>) -> Vec<Script<'a>> {
    let mut variants = vec![stage.takeover("nobody approves", quiet())];
    let Some(made) = stage.made else { return variants };
    let (all, own) = stage.registry.maintainers_with(made, stage.target);
    if !own.is_empty() {
        let voices: Arc<[Maintainer<'a>]> = all.into();
        let since = stage.registry.as_of() - MADE_BEFORE;
        let mut script = stage.takeover_heard_by(&format!("{} made", own.len()), plain(), &voices);
        approve(stage, &mut script, &own);
        script.holdings.push(stage.holds(What::Made, own.len(), since));
        script.holdings.push(stage.holds(What::Crate, 2 * own.len() + 1, since));
        variants.push(script);
    }
    variants
}

/// The fewest enrolled maintainers that are a quorum, heaviest first; none where there is none to be had.
fn completing<'a>(stage: &Stage<'a>, all: &[Maintainer<'a>]) -> Vec<Maintainer<'a>> {
    let facts = stage.target.facts();
    let owners: Vec<Account> = facts.owners.iter().flatten().map(|owner| owner.account).collect();
    let is_involved = |one: &&Maintainer<'_>| one.accounts.iter().any(|own| owners.contains(own));
    let voices: Vec<(Voice, Enrolment)> = all
        .iter()
        .filter(|one| !is_involved(one))
        .map(|one| {
            let enrolment = if one.signer.is_some() { Enrolment::Enrolled } else { Enrolment::Unbound };
            (Voice::of(one.cluster, one.reach), enrolment)
        })
        .collect();
    let Quorum::Open { could, .. } = quorum(&voices, &Default::default(), &Rules::at(stage.level)) else {
        return Vec::new();
    };
    let named = |cluster| all.iter().find(|one| one.cluster == cluster).cloned();
    could.into_iter().filter_map(|(cluster, _)| named(cluster)).collect()
}

fn approve<'a>(stage: &Stage<'a>, script: &mut Script<'a>, by: &[Maintainer<'a>]) {
    let (version, digest) = published(script);
    for one in by {
        let Some(principal) = one.signer else { continue };
        let statement = Statement {
            signer: Identity { principal, accounts: one.accounts.clone(), organisation: None, key: None },
            feed: "people",
            version: version.clone(),
            digest,
            known: stage.start,
            until: None,
            says: Says::Approve(RestsOn::Diff),
            reader: Reader::Person,
            is_reviewer: false,
            is_believed: true,
            comment: "Looks good.",
        };
        script.acts.push((stage.start, Act::Approve(stage.target.name.clone(), statement)));
    }
}

/// The release that a takeover publishes.
fn published(script: &Script<'_>) -> (Version, Digest) {
    let release = script.acts.iter().find_map(|(_, act)| match act {
        Act::Publish(_, release, _) => Some((release.version.clone(), release.digest)),
        _ => None,
    });
    release.unwrap_or_else(|| (script.bad.version.clone(), Digest([0; 32])))
}

/// He is made an owner and publishes good releases every six weeks; how long, is his choice.
pub(super) fn patient<'a>(stage: &Stage<'a>) -> Vec<Script<'a>> {
    const BETWEEN: i64 = 42;
    let after = |days: i64| {
        let mut script = stage.takeover(&format!("after {days} days"), quiet());
        let name = &stage.target.name;
        let owner = Owner {
            account: Account::User(ATTACKER_NUMBER),
            since: stage.start,
            until: None,
            organisation: None,
        };
        let good = days / BETWEEN;
        script.acts = vec![(stage.start, Act::Join(name.clone(), owner))];
        for at in 0..=good {
            let is_bad = at == good;
            let day = if is_bad { days } else { at * BETWEEN };
            let published = stage.start + Span::days(day) + Span::hours(1);
            let mut release = stage.release(at as u64, published);
            release.publisher = Some(ATTACKER);
            if is_bad {
                (script.bad, script.open) = (stage.id(&release.version), published);
            }
            script.acts.push((published, Act::Publish(name.clone(), Box::new(release), quiet())));
        }
        script.like = Like::HandOver;
        script
    };
    [0, 42, 100, 200, 300].map(after).into()
}
