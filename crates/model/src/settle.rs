//! The second pass: what only a crate's neighbours can tell.
//!
//! A release whose requirement no admitted release meets is `needs-held`: cargo could not resolve it anyway. A
//! release whose only visible change is a requirement raised to a fix is `carries-fix`. Both look from dependent
//! to dependency only: nobody's pin holds somebody else's crate. Requirements that are not optional and reach a
//! build form no circles between crates, so looking down ends.

use std::cell::RefCell;
use std::collections::BTreeMap;

use semver::{Version, VersionReq};

use crate::decision::{Decision, Verdict};
use crate::facts::{AdvisoryKind, CrateFacts, DependencyKind, ReleaseFacts};
use crate::judge::{Asked, Context, InUse, Judge, Neighbourhood, Raised, Treatment};
use crate::names::CrateName;

/// How deep requirements are followed. The deepest real tree seen is some 40; an index made to be slow may have
/// circles that cargo would refuse.
const DEEPEST: usize = 256;

/// Facts about crates, by name. The one thing that a settlement asks of the outside; answered from memory.
pub trait FactsOf {
    /// What is known about a crate; one of which nothing is known has no releases.
    fn facts_of(&self, name: &CrateName) -> CrateFacts<'_>;
    /// Whether anything is known about it.
    fn knows(&self, name: &CrateName) -> bool;
}

/// The releases that a project has in use, by crate.
pub type InUseByCrate = BTreeMap<CrateName, Vec<InUse>>;

/// Settles releases of many crates; each is decided once.
pub struct Settlement<'a> {
    asked: Asked<'a>,
    facts: &'a dyn FactsOf,
    in_use: &'a InUseByCrate,
    treatment: BTreeMap<CrateName, Treatment<'a>>,
    /// Whether a release is admitted, once that was asked.
    admitted: RefCell<BTreeMap<CrateName, BTreeMap<Version, bool>>>,
}

impl<'a> Settlement<'a> {
    /// Prepares to settle; crates that `treatment` does not name are judged by the rules.
    pub fn new(
        asked: Asked<'a>,
        facts: &'a dyn FactsOf,
        in_use: &'a InUseByCrate,
        treatment: BTreeMap<CrateName, Treatment<'a>>,
    ) -> Self {
        Self { asked, facts, in_use, treatment, admitted: RefCell::default() }
    }

    /// The judge of one crate, to decide releases with [`Settlement::decide`].
    pub fn judge(&self, name: &CrateName) -> Judge<'a> {
        let context = Context {
            treatment: self.treatment.get(name).copied().unwrap_or_default(),
            in_use: self.in_use.get(name).cloned().unwrap_or_default(),
        };
        Judge::new(self.asked, context, self.facts.facts_of(name))
    }

    /// Decides a release without looking whether its requirements are met: enough for a lockfile of which every
    /// release turns out admitted, since its packages meet one another's requirements.
    pub fn decide_alone(&self, judge: &Judge<'a>, version: &Version) -> Decision {
        let raised = self.raised(judge, version);
        let decision = judge.decide(version, &Neighbourhood { unmet: Vec::new(), raised });
        self.remember(judge.name(), version, decision.verdict);
        decision
    }

    /// Decides a release, its neighbours considered.
    pub fn decide(&self, judge: &Judge<'a>, version: &Version) -> Decision {
        self.decide_within(judge, version, DEEPEST)
    }

    /// Forgets the verdict on a release, so that it is asked again with its neighbours.
    pub(crate) fn forget(&self, name: &CrateName, version: &Version) {
        if let Some(releases) = self.admitted.borrow_mut().get_mut(name) {
            releases.remove(version);
        }
    }

    fn remember(&self, name: &CrateName, version: &Version, verdict: Verdict) {
        let mut admitted = self.admitted.borrow_mut();
        admitted.entry(name.clone()).or_default().insert(version.clone(), verdict == Verdict::Admit);
    }

    fn decide_within(&self, judge: &Judge<'a>, version: &Version, depth: usize) -> Decision {
        let unmet = match judge.releases().iter().find(|release| release.version == *version) {
            Some(release) => self.unmet(release, depth),
            None => Vec::new(),
        };
        let raised = self.raised(judge, version);
        let decision = judge.decide(version, &Neighbourhood { unmet, raised });
        self.remember(judge.name(), version, decision.verdict);
        decision
    }

    /// The requirements of `release`, by package, that no admitted release meets.
    fn unmet(&self, release: &ReleaseFacts<'_>, depth: usize) -> Vec<(String, String)> {
        let mut unmet: Vec<(String, String)> = release
            .dependencies
            .iter()
            .filter(|dependency| !dependency.optional && dependency.kind != DependencyKind::Dev)
            .filter(|dependency| !self.is_met(dependency.package, dependency.requirement, depth))
            .map(|dependency| (dependency.package.to_owned(), dependency.requirement.to_owned()))
            .collect();
        unmet.sort();
        unmet.dedup();
        unmet
    }

    fn is_met(&self, package: &str, requirement: &str, depth: usize) -> bool {
        let (Ok(name), Ok(wanted)) = (package.parse::<CrateName>(), VersionReq::parse(requirement)) else {
            return false;
        };
        // What was found admitted before answers most questions: a project's own locked releases.
        let found = |admitted: &BTreeMap<CrateName, BTreeMap<Version, bool>>| {
            admitted
                .get(&name)
                .is_some_and(|releases| releases.iter().any(|(v, ok)| *ok && wanted.matches(v)))
        };
        if found(&self.admitted.borrow()) {
            return true;
        }
        if depth == 0 || !self.facts.knows(&name) {
            return false;
        }
        let judge = self.judge(&name);
        // Releases in use first: they are the likeliest answer, and the others are asked only if it is no.
        let in_use = judge.context.in_use.iter().map(|in_use| &in_use.version);
        let candidates: Vec<Version> = in_use
            .chain(judge.releases().iter().rev().map(|release| &release.version))
            .filter(|version| wanted.matches(version))
            .cloned()
            .collect();
        candidates.iter().any(|version| {
            let known = self.admitted.borrow().get(&name).and_then(|releases| releases.get(version)).copied();
            known.unwrap_or_else(|| self.decide_within(&judge, version, depth - 1).verdict == Verdict::Admit)
        })
    }

    /// The requirement that `version` raises to a fix, if the index shows no other change against its base.
    fn raised(&self, judge: &Judge<'a>, version: &Version) -> Option<Raised> {
        let at = judge.history.position(version)?;
        let base = judge.standing(at).base?;
        let (release, base) = (judge.history.release(at), judge.history.release(base));
        if release.dependencies.len() != base.dependencies.len() {
            return None;
        }
        let mut raised = None;
        for (new, old) in release.dependencies.iter().zip(base.dependencies.iter()) {
            if (new.package, new.kind, new.optional) != (old.package, old.kind, old.optional) {
                return None;
            }
            if new.requirement != old.requirement {
                let id = self.fix_between(new.package, old.requirement, new.requirement)?;
                let found =
                    Raised { package: new.package.to_owned(), requirement: new.requirement.to_owned(), id };
                raised = raised.or(Some(found));
            }
        }
        raised
    }

    /// The vulnerability of `package` that a requirement let in and its successor shuts out, the lowest release
    /// that the successor takes being a fix.
    fn fix_between(&self, package: &str, old: &str, new: &str) -> Option<String> {
        let name: CrateName = package.parse().ok()?;
        let (old, new) = (VersionReq::parse(old).ok()?, VersionReq::parse(new).ok()?);
        let facts = self.facts.facts_of(&name);
        let lowest = |wanted: &VersionReq| {
            facts.releases.iter().map(|r| &r.version).filter(|v| wanted.matches(v)).min().cloned()
        };
        let (before, after) = (lowest(&old)?, lowest(&new)?);
        let mut fixed: Vec<&str> = facts
            .advisories
            .iter()
            .filter(|a| a.kind == AdvisoryKind::Vulnerability && a.withdrawn.is_none())
            .filter(|a| a.affects(&before) && a.fixes(&after))
            .map(|a| a.id)
            .collect();
        fixed.sort_unstable();
        fixed.first().map(|id| (*id).to_owned())
    }
}
