//! Exposure: what is left to somebody who knows the policy.
//!
//! For each locked release it is asked how a malicious next release of its crate would be admitted: how many independent
//! identities somebody must control for it, and how long it must stay unnoticed. The answer is a *frontier*: with one identity
//! after 7 days, with two after 6 hours, with three at once. A project's frontier is the pointwise minimum over its crates.
//!
//! The way is [`exposure`] → [`Target`] → [`search`](search::frontier). A target makes facts that are not there: the crate's
//! own, one more release above those that are, published now by an account that the attacker holds, and what the attacker's
//! other identities would sign. [`Judge`](crate::judge::Judge) decides about these as about any others, so there are no rules
//! here, only a search for few identities. [`people`] says who could be taken over, by the policy; [`changes`] what other
//! policies would leave; [`observed`] how long takeovers did stay unnoticed.
//!
//! Attackers adapt, so the next release is one that stays within what the crate could do before: no dependency, no
//! capability, no finding. Whatever the scanner and the dependencies' ages stop beyond that is no part of the measure, and
//! nor is somebody who can change `fence.toml`, the project or the registry itself.

pub mod changes;
pub mod observed;
pub mod people;
mod search;
mod target;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use semver::Version;

use crate::code::Level;
use crate::facts::Publisher;
use crate::hands::shared;
use crate::judge::{Asked, Treatment};
use crate::names::{CrateName, ReleaseId};
use crate::policy::Policy;
use crate::project::{self, Locked, Origin};
use crate::settle::{FactsOf, InUseByCrate};
use crate::time::Span;

pub use search::frontier;
pub use target::{MOST_PUBLISHERS, Target};

use changes::{Change, Changed};
use people::{Helper, Sources};

/// What is asked of a project.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// By what is judged. Its level is the one that changes are about: the policy's, or whichever was asked for in its place; each
    /// package has its own.
    pub asked: Asked<'a>,
    /// What is locked.
    pub locked: &'a [Locked],
    /// What is known of it.
    pub facts: &'a dyn FactsOf,
    /// Who keeps the policy's feeds, and which accounts its signers have.
    pub sources: &'a Sources,
}

/// What is left to somebody who knows the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure {
    /// Each judged package, in the lockfile's order.
    pub packages: Vec<Exposed>,
    /// The pointwise minimum over these.
    pub frontier: Vec<Weakest>,
    /// Who could help whoever holds an account, of those whom the policy trusts.
    pub helpers: Vec<Identity>,
    /// Single changes of the policy that raise the frontier, those that raise it most first.
    pub changes: Vec<Changed>,
}

/// What is left of one package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposed {
    /// The release in use.
    pub release: ReleaseId,
    /// The level at which it is judged.
    pub level: Level,
    /// What would come next.
    pub next: Next,
    /// With how few identities it is admitted how soon, the fewest first: each point has more identities than the one before
    /// it, and a shorter wait. Empty where nobody whom the policy trusts can have it admitted.
    pub points: Vec<Point>,
    /// How many accounts would each do for the first point.
    pub accounts: usize,
}

/// What comes after a release in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// A release of this version.
    Release(Version),
    /// Whatever lies at its source by then: it comes from no registry.
    Source,
    /// No release, since no version is higher: there is nothing to tell.
    Nothing,
}

/// With these identities a next release is admitted after this time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// Whom it takes, whoever publishes first. Others may do as well.
    pub identities: Vec<Identity>,
    /// How long it must stay unnoticed.
    pub wait: Span,
}

/// A point of a project's frontier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weakest {
    /// How many identities it takes.
    pub identities: usize,
    /// How long the release must stay unnoticed.
    pub wait: Span,
    /// The packages of which that holds, as places in [`Exposure::packages`].
    pub packages: Vec<usize>,
}

/// Somebody, or something, that can be taken over.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// What it is.
    pub kind: Kind,
    /// What it is called.
    pub name: String,
}

/// What an identity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An account, or a repository's CI, that publishes releases of the crate.
    Publisher,
    /// Whoever can publish in a registry that the policy takes for its own.
    Registry,
    /// Whoever can change what lies at an address from which the project takes a package as it comes.
    Source,
    /// Whoever can write into an audit set that the policy trusts.
    AuditSet,
    /// Whoever keeps a feed of statements, and says there whose key is whose.
    Keeper,
    /// A reviewer whom the policy names.
    Reviewer,
    /// A maintainer of dependents, who has a voice in a quorum.
    Voice,
    /// Whoever has an advisory published in a database, of a flaw that the next release mends.
    Reporter,
}

impl Kind {
    /// The word that outputs use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Publisher => "publisher",
            Self::Registry => "registry",
            Self::Source => "source",
            Self::AuditSet => "audit-set",
            Self::Keeper => "keeper",
            Self::Reviewer => "reviewer",
            Self::Voice => "voice",
            Self::Reporter => "reporter",
        }
    }
}

impl Identity {
    pub(crate) fn new(kind: Kind, name: impl Into<String>) -> Self {
        Self { kind, name: name.into() }
    }

    /// Whoever publishes as this; of none it is not known who can.
    pub(crate) fn publisher(publisher: Option<Publisher<'_>>) -> Self {
        let name = publisher.map_or_else(|| "whoever can publish it".to_owned(), |of| of.to_string());
        Self::new(Kind::Publisher, name)
    }
}

/// Finds what is left to somebody who knows the policy, now and after single changes of it. `hands` is how many threads may
/// search at once; what they find does not depend on it.
pub fn exposure(question: &Question<'_>, hands: NonZeroUsize) -> Exposure {
    let (policy, level) = (question.asked.policy, question.asked.level);
    let helpers = people::helpers(policy, question.sources);
    let is_worth_it = |change: &Change| {
        people::are_fewer(&people::helpers(&change.made_to(policy), question.sources), &helpers)
            || !matches!(change, Change::WithoutFeed(_))
    };
    let changes: Vec<Change> = Change::all(policy, level).into_iter().filter(is_worth_it).collect();
    let changed: Vec<Policy> = changes.iter().map(|change| change.made_to(policy)).collect();
    let all = [(policy, None)].into_iter().chain(changed.iter().zip(changes.iter().map(Some)));
    let cases: Vec<Case<'_>> = all
        .map(|(policy, change)| Case {
            change,
            policy,
            helpers: people::helpers(policy, question.sources),
            treatment: project::treatment_by_crate(Asked { policy, ..question.asked }, question.locked),
        })
        .collect();
    let in_use = project::in_use_by_crate(question.locked);
    // Of each crate the facts are asked for once, whatever is asked of them.
    let mut crates: BTreeMap<&CrateName, Vec<usize>> = BTreeMap::new();
    for (at, package) in question.locked.iter().enumerate() {
        if package.level.is_some() && package.origin != Origin::Path {
            crates.entry(&package.name).or_default().push(at);
        }
    }
    let crates: Vec<Vec<usize>> = crates.into_values().collect();
    let found = shared(&crates, hands, |places| search_crate(question, &cases, &in_use, places));
    let mut found: Vec<(usize, Vec<Exposed>)> = found.into_iter().flatten().collect();
    found.sort_by_key(|(at, _)| *at);

    let of_case = |case: usize| found.iter().map(|(_, exposed)| exposed[case].clone()).collect::<Vec<_>>();
    let packages = of_case(0);
    let frontier = weakest(&packages);
    // What helps the weakest may weaken others: a base wait is that of all levels.
    let outcomes = changes.iter().enumerate().filter_map(|(at, change)| {
        let after = of_case(at + 1);
        let weakens = packages.iter().zip(&after).any(|(before, after)| after.is_weaker_than(before));
        (!weakens).then(|| (change.clone(), weakest(&after)))
    });
    Exposure {
        changes: changes::ranked((policy, level), &frontier, outcomes),
        helpers: helpers.into_iter().map(|helper| helper.identity).collect(),
        packages,
        frontier,
    }
}

/// One policy, with what follows from it.
struct Case<'a> {
    /// In what it differs from the project's own.
    change: Option<&'a Change>,
    policy: &'a Policy,
    helpers: Vec<Helper>,
    treatment: BTreeMap<CrateName, Treatment<'a>>,
}

/// What is left of the packages at `places`, which are of one crate: of each in each case.
fn search_crate(
    question: &Question<'_>,
    cases: &[Case<'_>],
    in_use: &InUseByCrate,
    places: &[usize],
) -> Vec<(usize, Vec<Exposed>)> {
    let name = &question.locked[places[0]].name;
    let facts = question.facts.facts_of(name);
    let strictest = places.iter().filter_map(|&at| question.locked[at].level).max();
    let own = strictest.unwrap_or(question.asked.level);
    let in_use = in_use.get(name).cloned().unwrap_or_default();
    let one = |at: usize| {
        let package = &question.locked[at];
        let of_case = |case: &Case<'_>| {
            let level = case.change.map_or(own, |change| change.level_of(question.asked.level, own));
            let asked = Asked { policy: case.policy, level, ..question.asked };
            let exposed = |next, points, accounts| Exposed {
                release: package.release(),
                level,
                next,
                points,
                accounts,
            };
            if let Some(judged) = project::judged_by_source(asked, &package.at_another_revision()) {
                let is_admitted =
                    matches!(judged, project::Judged::Unjudged { verdict: crate::Verdict::Admit, .. });
                let by = |source: String| vec![Identity::new(Kind::Source, source)];
                let point = |source| Point { identities: by(source), wait: Span::ZERO };
                let points = package.source().filter(|_| is_admitted).map(point);
                return exposed(Next::Source, points.into_iter().collect(), 1);
            }
            let treatment = case.treatment.get(name).copied().unwrap_or_default();
            let facts = match case.change {
                Some(change) => change.facts(question.sources, question.asked.policy, facts.clone()),
                None => facts.clone(),
            };
            let voices = |next: &Version| question.facts.voices_of(name, next);
            match Target::new(asked, treatment, in_use.clone(), facts, &package.version, voices) {
                None => exposed(Next::Nothing, Vec::new(), 0),
                Some(target) => {
                    let (points, accounts) = frontier(&target, &case.helpers);
                    exposed(Next::Release(target.next().clone()), points, accounts)
                }
            }
        };
        (at, cases.iter().map(of_case).collect())
    };
    places.iter().map(|&at| one(at)).collect()
}

/// The pointwise minimum over packages.
fn weakest(packages: &[Exposed]) -> Vec<Weakest> {
    let most =
        packages.iter().flat_map(|one| &one.points).map(|point| point.identities.len()).max().unwrap_or(0);
    let mut frontier: Vec<Weakest> = Vec::new();
    for identities in 1..=most {
        let waits = packages.iter().map(|one| wait_with(&one.points, identities));
        let Some(wait) = waits.clone().flatten().min() else { continue };
        if frontier.last().is_none_or(|last| wait < last.wait) {
            let packages =
                waits.enumerate().filter(|(_, own)| *own == Some(wait)).map(|(at, _)| at).collect();
            frontier.push(Weakest { identities, wait, packages });
        }
    }
    frontier
}

/// How long it takes with that many identities; none where that is never enough.
pub fn wait_with(points: &[Point], identities: usize) -> Option<Span> {
    points.iter().filter(|point| point.identities.len() <= identities).map(|point| point.wait).min()
}

impl Exposed {
    /// Whether with some number of identities it takes less time.
    fn is_weaker_than(&self, other: &Self) -> bool {
        let is_sooner = |point: &Point| {
            let wait = wait_with(&other.points, point.identities.len());
            wait.is_none_or(|wait| point.wait < wait)
        };
        self.points.iter().any(is_sooner)
    }
}

impl Exposure {
    /// The change to begin with: of those that raise the frontier the cheapest.
    pub fn advice(&self) -> Option<&Changed> {
        self.changes.iter().min_by_key(|changed| &changed.change)
    }
}
