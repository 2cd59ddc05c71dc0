//! What published cargo-vet says of a project: our question, answered by other people's rules.
//!
//! The fence never judges by this. It is here so that everything we say about cargo-vet can be checked against the
//! real one: fixtures hold what cargo-vet 0.10.3 said of whole projects, and a test that [`verdict`] says the same.
//! Where the fence's own judgement differs on purpose, docs/limitations.md tells.
//!
//! The main path is [`verdict`]:
//! 1. [`Criteria`] gives every criterion a bit and closes the implications, so that a set of criteria is a number.
//! 2. Requirements flow from the project's members down to what they are built from, bent by policies.
//! 3. For each crate that is not the project's own, audits, windows, exemptions and stand-ins become edges between
//!    versions; a release meets a criterion if edges that carry it lead from nothing to the release.
//! 4. A violation that contradicts any audit or exemption of a crate spoils all its releases.
//!
//! Left out: fetching (the store is taken as it lies, like `cargo vet --locked`), suggestions, `--filter-graph`, and
//! what cargo-vet checks of the files themselves: that they are formatted, that `imports.lock` has the imports of
//! `config.toml`, that no window ends more than a year ahead.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use fence_model::facts::{AuditedVersion, Claim, DependencyKind};
use semver::{Version, VersionReq};

use crate::cargo_vet::{
    AuditAs, AuditRecord, Exemption, Importable, PackagePolicy, PolicyEntry, SAFE_TO_DEPLOY, SAFE_TO_RUN,
    VetConfig, VetImports, VetSet, WindowRecord, format_version,
};
use crate::error::excerpt;

/// How many criteria cargo-vet can tell apart, the two that every set knows included; it keeps a bit for each.
pub const MAX_CRITERIA: usize = 64;

/// A project's `supply-chain` folder.
#[derive(Debug, Clone, Copy)]
pub struct Store<'a> {
    /// `config.toml`: policies and exemptions.
    pub config: &'a VetConfig,
    /// `audits.toml`: the project's own records and criteria.
    pub audits: &'a VetSet,
    /// `imports.lock`: other people's records, and who published what.
    pub imports: &'a VetImports,
}

/// One package of a build with all features, for all platforms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name; a package that never saw a registry may have a name that is no crate name.
    pub name: Box<str>,
    /// Its version, with the revision where it comes from git.
    pub version: AuditedVersion,
    /// Where it comes from.
    pub source: Source,
    /// What it is to the workspace.
    pub place: Place,
    /// What it needs; a package that is needed twice for different ends is listed twice.
    pub dependencies: Vec<Dependency>,
}

/// Where a package comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// From crates.io, and so in need of audits.
    CratesIo,
    /// From a folder, from git, or from another registry: taken for the project's own.
    Elsewhere,
}

/// What a package is to the workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// One of its members: its tests are built too.
    Member,
    /// Needed by a member, directly or not.
    Dependency,
}

/// One thing that a package needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dependency {
    /// Which package, by its place in the list given to [`Graph::new`].
    pub package: usize,
    /// What for.
    pub kind: DependencyKind,
}

/// The packages of a build, and the order in which requirements flow through them.
#[derive(Debug, Clone)]
pub struct Graph {
    packages: Vec<Package>,
    /// Every package that a member leads to, each before all that it is built from.
    downwards: Vec<usize>,
    /// Members that no other package of the build, tests aside, is built from.
    roots: BTreeSet<usize>,
}

/// Why cargo-vet would not judge.
///
/// The graph's faults are those of whoever made it from cargo's metadata; all others are the project's, in the file
/// that the message names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A dependency that is no package.
    #[error("package {package:?} needs package number {number}, and there are only {count}")]
    NoSuchPackage {
        /// The package that needs it.
        package: Box<str>,
        /// The number.
        number: usize,
        /// How many packages there are.
        count: usize,
    },
    /// Packages that are built from each other, which cargo never allows.
    #[error("package {package:?} is built from itself by way of its dependencies")]
    Circle {
        /// One of them.
        package: Box<str>,
    },
    /// More criteria than cargo-vet has bits for.
    #[error("audits.toml: {count} criteria, and cargo-vet can tell only {MAX_CRITERIA} apart: remove some")]
    TooManyCriteria {
        /// How many, the two that every set knows included.
        count: usize,
    },
    /// A criterion with the name of one that every set knows.
    #[error("audits.toml: the criterion {criterion:?} is built in: give yours another name")]
    BuiltIn {
        /// The criterion.
        criterion: Box<str>,
    },
    /// A criterion that implies itself.
    #[error("audits.toml: the criterion {criterion:?} implies itself: break the circle of `implies`")]
    ImpliesItself {
        /// The criterion.
        criterion: Box<str>,
    },
    /// A criterion that nobody defined.
    #[error("{record}: {criterion:?} is not a criterion: define it in audits.toml, or correct the name")]
    UnknownCriterion {
        /// File and record.
        record: Box<str>,
        /// The criterion.
        criterion: Box<str>,
    },
    /// A policy for all versions of a crate from crates.io, or for some of them only.
    #[error(
        "config.toml: {package:?} comes from crates.io, so its policies are per version, \
         and version {version} has none: write [policy.\"{package}:{version}\"]"
    )]
    PolicyWithoutVersion {
        /// The package.
        package: Box<str>,
        /// The version that lacks one.
        version: Box<str>,
    },
    /// A policy for what is not in the build.
    #[error("config.toml: the policy {policy:?} is for nothing in the build: remove it")]
    PolicyUnused {
        /// The policy's key.
        policy: Box<str>,
    },
}

impl Graph {
    /// Orders `packages`, which may come in any order.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchPackage`], or [`Refusal::Circle`] where packages are built from each other; tests may need
    /// what needs them.
    pub fn new(packages: Vec<Package>) -> Result<Self, Refusal> {
        for package in &packages {
            if let Some(wrong) = package.dependencies.iter().find(|needed| needed.package >= packages.len()) {
                return Err(Refusal::NoSuchPackage {
                    package: excerpt(&package.name),
                    number: wrong.package,
                    count: packages.len(),
                });
            }
        }
        let members: Vec<usize> =
            (0..packages.len()).filter(|&package| packages[package].place == Place::Member).collect();
        let mut walk =
            Walk { packages: &packages, state: vec![Visit::Unseen; packages.len()], upwards: Vec::new() };
        for &member in &members {
            walk.visit(member)?;
        }
        // Only now are the roots to be seen: tests come after, for a test may need what is built from its package.
        let built: BTreeSet<usize> =
            walk.upwards.iter().flat_map(|&package| packages[package].built_from()).collect();
        let roots = members.iter().copied().filter(|member| !built.contains(member)).collect();
        for &member in &members {
            for needed in packages[member].needed_by_tests() {
                walk.visit(needed)?;
            }
        }
        let mut downwards = walk.upwards;
        downwards.reverse();
        Ok(Self { packages, downwards, roots })
    }

    /// The packages, in the order in which they were given.
    pub fn packages(&self) -> &[Package] {
        &self.packages
    }
}

impl Package {
    /// What its code and its build script are built from.
    fn built_from(&self) -> impl Iterator<Item = usize> {
        self.dependencies
            .iter()
            .filter(|needed| needed.kind != DependencyKind::Dev)
            .map(|needed| needed.package)
    }

    fn needed_by_tests(&self) -> impl Iterator<Item = usize> {
        self.dependencies
            .iter()
            .filter(|needed| needed.kind == DependencyKind::Dev)
            .map(|needed| needed.package)
    }

    fn policy<'a>(&self, config: &'a VetConfig) -> Option<&'a PolicyEntry> {
        config.policy.get(&*self.name).and_then(|policy| policy.of(&self.version))
    }

    fn needs_audits(&self, config: &VetConfig) -> bool {
        let audit_as = self.policy(config).map_or(AuditAs::Unsaid, |policy| policy.audit_as);
        self.source == Source::CratesIo || audit_as == AuditAs::Published
    }
}

/// A walk that lists every package after all that it is built from. It keeps its own stack: how deep packages
/// nest is a stranger's choice.
struct Walk<'a> {
    packages: &'a [Package],
    state: Vec<Visit>,
    upwards: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Visit {
    Unseen,
    Open,
    Listed,
}

impl Walk<'_> {
    fn visit(&mut self, start: usize) -> Result<(), Refusal> {
        enum Step {
            Enter(usize),
            Leave(usize),
        }
        let mut steps = vec![Step::Enter(start)];
        while let Some(step) = steps.pop() {
            match step {
                Step::Leave(package) => {
                    self.state[package] = Visit::Listed;
                    self.upwards.push(package);
                }
                Step::Enter(package) => match self.state[package] {
                    Visit::Listed => {}
                    Visit::Open => {
                        return Err(Refusal::Circle { package: excerpt(&self.packages[package].name) });
                    }
                    Visit::Unseen => {
                        self.state[package] = Visit::Open;
                        steps.push(Step::Leave(package));
                        steps.extend(self.packages[package].built_from().map(Step::Enter));
                    }
                },
            }
        }
        Ok(())
    }
}

/// The criteria of a project, in cargo-vet's order: the two that every set knows, then its own by name.
#[derive(Debug, Clone)]
pub struct Criteria<'a> {
    names: Vec<&'a str>,
    /// Each with all that it implies, directly or not.
    closed: Vec<CriteriaSet>,
}

/// Some of a project's criteria, implied ones included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CriteriaSet(u64);

impl CriteriaSet {
    /// Whether nothing is asked or met.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of `others` are among these.
    pub fn contains(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// These and `others`.
    pub fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// These but not `others`.
    pub fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    fn one(criterion: usize) -> Self {
        Self(1 << criterion)
    }

    fn has(self, criterion: usize) -> bool {
        self.contains(Self::one(criterion))
    }
}

impl<'a> Criteria<'a> {
    /// The criteria that `set` defines, and the two that every set knows.
    ///
    /// # Errors
    ///
    /// All of [`Refusal::TooManyCriteria`], [`Refusal::BuiltIn`], [`Refusal::ImpliesItself`] and
    /// [`Refusal::UnknownCriterion`] that apply.
    pub fn of(set: &'a VetSet) -> Result<Self, Vec<Refusal>> {
        let own = set.criteria.keys().map(|name| &**name);
        let names: Vec<&str> = [SAFE_TO_RUN, SAFE_TO_DEPLOY].into_iter().chain(own.clone()).collect();
        if names.len() > MAX_CRITERIA {
            return Err(vec![Refusal::TooManyCriteria { count: names.len() }]);
        }
        let mut refusals: Vec<Refusal> = own
            .filter(|name| [SAFE_TO_RUN, SAFE_TO_DEPLOY].contains(name))
            .map(|name| Refusal::BuiltIn { criterion: name.into() })
            .collect();
        let mut criteria = Self { names, closed: Vec::new() };
        let mut implies = vec![CriteriaSet::default(); criteria.names.len()];
        implies[1] = CriteriaSet::one(0);
        for (name, criterion) in &set.criteria {
            let place = || format!("audits.toml: criteria.{}", excerpt(name));
            refusals.extend(criteria.unknown(&criterion.implies, place));
            if let Some(number) = criteria.number(name) {
                let implied = criterion.implies.iter().filter_map(|implied| criteria.number(implied));
                implies[number] = implied.map(CriteriaSet::one).fold(implies[number], CriteriaSet::and);
            }
        }
        for number in 0..criteria.names.len() {
            let implied = reach(implies[number], &implies);
            if implied.has(number) {
                refusals.push(Refusal::ImpliesItself { criterion: excerpt(criteria.names[number]) });
            }
            criteria.closed.push(implied.and(CriteriaSet::one(number)));
        }
        if refusals.is_empty() { Ok(criteria) } else { Err(refusals) }
    }

    /// The names of all criteria.
    pub fn names(&self) -> &[&'a str] {
        &self.names
    }

    /// The names of `set`.
    pub fn all_of(&self, set: CriteriaSet) -> impl Iterator<Item = &'a str> {
        (0..self.names.len()).filter(move |&number| set.has(number)).map(|number| self.names[number])
    }

    /// The names of `set` but for those that others of it imply: how cargo-vet prints a set.
    pub fn strongest_of(&self, set: CriteriaSet) -> impl Iterator<Item = &'a str> {
        let implied = move |number: usize| {
            (0..self.names.len())
                .any(|other| other != number && set.has(other) && self.closed[other].has(number))
        };
        (0..self.names.len())
            .filter(move |&number| set.has(number) && !implied(number))
            .map(|number| self.names[number])
    }

    /// `names` and all that they imply. Unknown ones are passed over: [`verdict`] has refused them before.
    pub fn closure<S: AsRef<str>>(&self, names: &[S]) -> CriteriaSet {
        let known = names.iter().filter_map(|name| self.number(name.as_ref()));
        known.map(|number| self.closed[number]).fold(CriteriaSet::default(), CriteriaSet::and)
    }

    fn everything(&self) -> CriteriaSet {
        self.closed.iter().copied().fold(CriteriaSet::default(), CriteriaSet::and)
    }

    fn number(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| *known == name)
    }

    fn unknown(&self, names: &[Box<str>], record: impl Fn() -> String) -> Vec<Refusal> {
        let unknown = names.iter().filter(|name| self.number(name).is_none());
        unknown
            .map(|name| Refusal::UnknownCriterion { record: record().into(), criterion: excerpt(name) })
            .collect()
    }
}

/// All that `start` leads to by way of `implies`.
fn reach(start: CriteriaSet, implies: &[CriteriaSet]) -> CriteriaSet {
    let mut reached = start;
    loop {
        let step = (0..implies.len()).filter(|&number| reached.has(number));
        let next = step.map(|number| implies[number]).fold(reached, CriteriaSet::and);
        if next == reached {
            return reached;
        }
        reached = next;
    }
}

/// What cargo-vet says of a project.
#[derive(Debug, Clone)]
pub struct VetVerdict<'a> {
    /// The criteria that it speaks of.
    pub criteria: Criteria<'a>,
    /// What it says of each package that needs audits, in the order of the graph.
    pub releases: Vec<ReleaseVerdict<'a>>,
}

/// What cargo-vet says of one package.
#[derive(Debug, Clone)]
pub struct ReleaseVerdict<'a> {
    /// The package, by its place in [`Graph::packages`].
    pub package: usize,
    /// What is asked of it.
    pub required: CriteriaSet,
    /// What was found.
    pub finding: Finding<'a>,
}

/// What the records on a crate come to, for one release.
#[derive(Debug, Clone)]
pub enum Finding<'a> {
    /// They contradict each other.
    Conflicts(Vec<Conflict<'a>>),
    /// By criterion, in the order of [`Criteria::names`]: the records that lead from nothing to the release, in
    /// that order; `None` where none do.
    Paths(Vec<Option<Vec<Origin>>>),
}

/// A violation, and a record that says the contrary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conflict<'a> {
    /// Who says that it is a violation: an import's name, or `None` for the project itself.
    pub told_by: Option<&'a str>,
    /// Which versions it is about.
    pub violation: &'a VersionReq,
    /// What it contradicts.
    pub contradicts: Contradicted<'a>,
}

/// What a violation contradicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contradicted<'a> {
    /// An exemption.
    Exemption(&'a Exemption),
    /// An audit, and whose: an import's name, or `None` for the project itself.
    Audit(Option<&'a str>, &'a AuditRecord),
}

/// Which record an edge between two versions comes from. Numbers count records of the crate, in the order of their
/// file; imports are counted in the order of their names. The order of the variants is cargo-vet's preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// An audit of the project's own.
    Own(usize),
    /// An audit of an import.
    Imported {
        /// The import.
        import: usize,
        /// The audit.
        audit: usize,
    },
    /// A wildcard audit, for a release of the publisher it names.
    Wildcard {
        /// The import; none for the project's own.
        import: Option<usize>,
        /// The wildcard audit.
        audit: usize,
        /// Who published what.
        published: usize,
    },
    /// A release of a publisher whom the project trusts.
    Trusted {
        /// Who published what.
        published: usize,
    },
    /// An exemption.
    Exemption(usize),
    /// An unpublished version that is judged by a published one.
    Unpublished(usize),
}

/// On what a release rests that meets everything asked of it: cargo-vet's three lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    /// `vetted_fully`: audits and windows only.
    Audits,
    /// `vetted_partially`: audits upon an exemption of another version.
    AuditsUponExemption,
    /// `vetted_with_exemptions`: for some criterion, nothing but an exemption.
    Exemption,
}

/// What cargo-vet prints at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Conclusion {
    /// Everything meets what is asked of it.
    Success,
    /// Something does not.
    Missing,
    /// Records contradict each other; whatever is missing goes unsaid.
    Conflict,
}

impl VetVerdict<'_> {
    /// What cargo-vet prints at the end.
    pub fn conclusion(&self) -> Conclusion {
        if self.releases.iter().any(|release| matches!(release.finding, Finding::Conflicts(_))) {
            Conclusion::Conflict
        } else if self.releases.iter().any(|release| !release.missing().is_empty()) {
            Conclusion::Missing
        } else {
            Conclusion::Success
        }
    }
}

impl ReleaseVerdict<'_> {
    /// The criteria that it meets, whether asked for or not; none where records contradict each other.
    pub fn met(&self) -> CriteriaSet {
        match &self.finding {
            Finding::Conflicts(_) => CriteriaSet::default(),
            Finding::Paths(paths) => {
                let met = (0..paths.len()).filter(|&criterion| paths[criterion].is_some());
                met.map(CriteriaSet::one).fold(CriteriaSet::default(), CriteriaSet::and)
            }
        }
    }

    /// The criteria that are asked for and not met.
    pub fn missing(&self) -> CriteriaSet {
        self.required.without(self.met())
    }

    /// On what it rests; `None` where something is missing.
    pub fn basis(&self) -> Option<Basis> {
        let Finding::Paths(paths) = &self.finding else { return None };
        if !self.missing().is_empty() {
            return None;
        }
        let required = paths.iter().enumerate().filter(|(criterion, _)| self.required.has(*criterion));
        let basis = required.filter_map(|(_, path)| path.as_deref()).map(basis_of).max();
        Some(basis.unwrap_or(Basis::Audits))
    }
}

fn basis_of(path: &[Origin]) -> Basis {
    let exempted = path.iter().any(|origin| matches!(origin, Origin::Exemption(_)));
    let audited = path.iter().any(|origin| !matches!(origin, Origin::Exemption(_) | Origin::Unpublished(_)));
    match (exempted, audited) {
        (false, _) => Basis::Audits,
        (true, true) => Basis::AuditsUponExemption,
        (true, false) => Basis::Exemption,
    }
}

/// Says what `cargo vet --locked` would say of the packages of `graph`, given `store`.
///
/// # Errors
///
/// Everything for which cargo-vet would refuse to judge: see [`Refusal`], and [`Criteria::of`].
pub fn verdict<'a>(graph: &Graph, store: Store<'a>) -> Result<VetVerdict<'a>, Vec<Refusal>> {
    let criteria = Criteria::of(store.audits)?;
    let mut refusals = unknown_criteria(&criteria, store);
    refusals.extend(misplaced_policies(graph, store.config));
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let required = requirements(graph, store.config, &criteria);
    let mut crates: BTreeMap<&str, Result<AuditGraph<'a>, Vec<Conflict<'a>>>> = BTreeMap::new();
    let mut releases = Vec::new();
    for (number, package) in graph.packages.iter().enumerate() {
        if !package.needs_audits(store.config) {
            continue;
        }
        let audits =
            crates.entry(&package.name).or_insert_with(|| audit_graph(&package.name, store, &criteria));
        let finding = match audits {
            Err(conflicts) => Finding::Conflicts(conflicts.clone()),
            Ok(audits) => {
                let search = |criterion| audits.path_to(&package.version, criterion);
                Finding::Paths((0..criteria.names.len()).map(search).collect())
            }
        };
        releases.push(ReleaseVerdict { package: number, required: required[number], finding });
    }
    Ok(VetVerdict { criteria, releases })
}

fn unknown_criteria(criteria: &Criteria<'_>, store: Store<'_>) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let mut check = |file: &str, table: &str, key: &str, names: &[Box<str>]| {
        refusals.extend(criteria.unknown(names, || format!("{file}: {table}.{}", excerpt(key))));
    };
    for (name, exemptions) in &store.config.exemptions {
        exemptions.iter().for_each(|e| check("config.toml", "exemptions", name.as_str(), &e.criteria));
    }
    for (name, policy) in &store.config.policy {
        for entry in entries(policy) {
            let lists =
                entry.criteria.iter().chain(&entry.dev_criteria).chain(entry.dependency_criteria.values());
            lists.for_each(|names| check("config.toml", "policy", name.as_str(), names));
        }
    }
    let own = [("audits.toml", String::new(), store.audits)];
    let imported = store
        .imports
        .sets
        .iter()
        .map(|(name, set)| ("imports.lock", format!("audits.{}.", excerpt(name)), set));
    for (file, prefix, set) in own.into_iter().chain(imported) {
        for (name, audits) in &set.audits {
            audits.iter().for_each(|a| check(file, &format!("{prefix}audits"), name.as_str(), &a.criteria));
        }
        for (name, windows) in &set.wildcard_audits {
            let table = format!("{prefix}wildcard-audits");
            windows.iter().for_each(|w| check(file, &table, name.as_str(), &w.criteria));
        }
    }
    // Whom an import trusts is its own affair: only the project's own trust counts.
    for (name, windows) in &store.audits.trusted {
        windows.iter().for_each(|w| check("audits.toml", "trusted", name.as_str(), &w.criteria));
    }
    refusals
}

fn entries(policy: &PackagePolicy) -> Vec<&PolicyEntry> {
    match policy {
        PackagePolicy::Every(entry) => vec![entry],
        PackagePolicy::PerVersion(entries) => entries.values().collect(),
    }
}

/// Policies for what is not in the build, and crates from crates.io that need policies per version and lack them.
fn misplaced_policies(graph: &Graph, config: &VetConfig) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let mut versions: BTreeMap<&str, BTreeSet<&AuditedVersion>> = BTreeMap::new();
    let mut published: BTreeSet<&str> = BTreeSet::new();
    for package in &graph.packages {
        versions.entry(&package.name).or_default().insert(&package.version);
        if package.source == Source::CratesIo {
            published.insert(&package.name);
        }
    }
    for (name, policy) in &config.policy {
        let present = versions.get(name.as_str());
        let without = |version: &AuditedVersion| Refusal::PolicyWithoutVersion {
            package: name.as_str().into(),
            version: format_version(version).into(),
        };
        match (policy, present) {
            (PackagePolicy::Every(_), None) => {
                refusals.push(Refusal::PolicyUnused { policy: name.as_str().into() });
            }
            (PackagePolicy::Every(_), Some(present)) => {
                if published.contains(name.as_str()) {
                    refusals.extend(present.iter().map(|version| without(version)));
                }
            }
            (PackagePolicy::PerVersion(entries), present) => {
                let none = BTreeSet::new();
                let present = present.unwrap_or(&none);
                let unused = entries.keys().filter(|version| !present.contains(version));
                refusals.extend(unused.map(|version| Refusal::PolicyUnused {
                    policy: format!("{name}:{}", format_version(version)).into(),
                }));
                let particular = entries.values().any(|entry| !entry.dependency_criteria.is_empty());
                if published.contains(name.as_str()) && particular {
                    let lacking = present.iter().filter(|version| !entries.contains_key(version));
                    refusals.extend(lacking.map(|version| without(version)));
                }
            }
        }
    }
    refusals
}

/// What is asked of each package.
///
/// A member that nothing is built from is asked to be fit for deployment, its tests to be fit for running; all pass
/// on what is asked of them. A policy for a package replaces what others ask of it; a policy for one of its
/// dependencies replaces what it passes on to that one.
fn requirements(graph: &Graph, config: &VetConfig, criteria: &Criteria<'_>) -> Vec<CriteriaSet> {
    let mut required = vec![CriteriaSet::default(); graph.packages.len()];
    let ask =
        |required: &mut [CriteriaSet], policy: Option<&PolicyEntry>, needed: usize, usual: CriteriaSet| {
            let particular =
                policy.and_then(|policy| policy.dependency_criteria.get(&*graph.packages[needed].name));
            let asked = particular.map_or(usual, |names| criteria.closure(names));
            required[needed] = required[needed].and(asked);
        };
    for package in graph.packages.iter().filter(|package| package.place == Place::Member) {
        let policy = package.policy(config);
        let own = policy.and_then(|policy| policy.dev_criteria.as_deref());
        let usual = own.map_or_else(|| criteria.closure(&[SAFE_TO_RUN]), |names| criteria.closure(names));
        package.needed_by_tests().for_each(|needed| ask(&mut required, policy, needed, usual));
    }
    for &number in &graph.downwards {
        let package = &graph.packages[number];
        let policy = package.policy(config);
        if let Some(names) = policy.and_then(|policy| policy.criteria.as_deref()) {
            required[number] = criteria.closure(names);
        } else if graph.roots.contains(&number) {
            required[number] = required[number].and(criteria.closure(&[SAFE_TO_DEPLOY]));
        }
        let usual = required[number];
        package.built_from().for_each(|needed| ask(&mut required, policy, needed, usual));
    }
    required
}

/// The records on one crate as edges between its versions, by the version that they vouch for.
#[derive(Debug)]
struct AuditGraph<'a> {
    edges: BTreeMap<VersionRef<'a>, Vec<Edge<'a>>>,
}

/// A version as records name it, borrowed. Ordered as cargo-vet orders versions, for it prefers lower ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct VersionRef<'a> {
    version: &'a Version,
    git: Option<&'a str>,
}

impl<'a> From<&'a AuditedVersion> for VersionRef<'a> {
    fn from(audited: &'a AuditedVersion) -> Self {
        Self { version: &audited.version, git: audited.git.as_deref() }
    }
}

/// One way to vouch for a version.
#[derive(Debug, Clone, Copy)]
struct Edge<'a> {
    /// The version that must be vouched for first; none where the whole release was read.
    from: Option<VersionRef<'a>>,
    criteria: CriteriaSet,
    origin: Origin,
    caveat: Caveat,
}

/// How gladly cargo-vet uses an edge; a path is as bad as its worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Caveat {
    None,
    /// An audit of the project's own that others cannot use.
    AtHome,
    Exemption,
    Unpublished,
}

/// The edges of the crate `name`, or all contradictions among its records.
fn audit_graph<'a>(
    name: &str,
    store: Store<'a>,
    criteria: &Criteria<'_>,
) -> Result<AuditGraph<'a>, Vec<Conflict<'a>>> {
    let mut graph = AuditGraph { edges: BTreeMap::new() };
    let mut add = |to: VersionRef<'a>, edge: Edge<'a>| graph.edges.entry(to).or_default().push(edge);
    let imported =
        store.imports.sets.iter().enumerate().map(|(number, (name, set))| (Some((number, &**name)), set));
    let sets: Vec<(Option<(usize, &str)>, &VetSet)> = imported.chain([(None, store.audits)]).collect();
    let exemptions = store.config.exemptions.get(name).map_or(&[][..], Vec::as_slice);

    for (import, set) in &sets {
        for (number, record) in set.audits.get(name).into_iter().flatten().enumerate() {
            let (from, to) = match &record.claim {
                Claim::Full(version) => (None, version),
                Claim::Delta { from, to } => (Some(from.into()), to),
                Claim::Violation(_) | Claim::Remark(..) => continue,
            };
            let (origin, caveat) = match (import, record.importable) {
                (Some((import, _)), _) => (Origin::Imported { import: *import, audit: number }, Caveat::None),
                (None, Importable::Everywhere) => (Origin::Own(number), Caveat::None),
                (None, Importable::AtHome) => (Origin::Own(number), Caveat::AtHome),
            };
            let criteria = criteria.closure(&record.criteria);
            add(to.into(), Edge { from, criteria, origin, caveat });
        }
    }
    for (published, release) in store.imports.publishers.get(name).into_iter().flatten().enumerate() {
        let covers = |window: &WindowRecord| {
            window.publisher == release.publisher
                && window.start <= release.when
                && release.when <= window.end
        };
        let to = VersionRef { version: &release.version, git: None };
        let edge = |window: &WindowRecord, origin| Edge {
            from: None,
            criteria: criteria.closure(&window.criteria),
            origin,
            caveat: Caveat::None,
        };
        for (import, set) in &sets {
            for (audit, window) in set.wildcard_audits.get(name).into_iter().flatten().enumerate() {
                if covers(window) {
                    let import = import.map(|(number, _)| number);
                    add(to, edge(window, Origin::Wildcard { import, audit, published }));
                }
            }
        }
        for window in store.audits.trusted.get(name).into_iter().flatten().filter(|window| covers(window)) {
            add(to, edge(window, Origin::Trusted { published }));
        }
    }
    for (number, record) in store.imports.unpublished.get(name).into_iter().flatten().enumerate() {
        add(
            (&record.version).into(),
            Edge {
                from: Some((&record.audited_as).into()),
                criteria: criteria.everything(),
                origin: Origin::Unpublished(number),
                caveat: Caveat::Unpublished,
            },
        );
    }
    for (number, exemption) in exemptions.iter().enumerate() {
        add(
            (&exemption.version).into(),
            Edge {
                from: None,
                criteria: criteria.closure(&exemption.criteria),
                origin: Origin::Exemption(number),
                caveat: Caveat::Exemption,
            },
        );
    }
    let conflicts = conflicts(name, &sets, exemptions, criteria);
    if conflicts.is_empty() { Ok(graph) } else { Err(conflicts) }
}

/// Every pair of a violation and a record that vouches for something it forbids. Windows are not looked at.
fn conflicts<'a>(
    name: &str,
    sets: &[(Option<(usize, &'a str)>, &'a VetSet)],
    exemptions: &'a [Exemption],
    criteria: &Criteria<'_>,
) -> Vec<Conflict<'a>> {
    let records = || {
        sets.iter().flat_map(|(import, set)| {
            let whose = import.map(|(_, name)| name);
            set.audits.get(name).into_iter().flatten().map(move |record| (whose, record))
        })
    };
    let mut conflicts = Vec::new();
    for (told_by, record) in records() {
        let Claim::Violation(violation) = &record.claim else { continue };
        // Each criterion on its own: whoever vouches for all of any one, implied criteria included, is contradicted.
        let failed: Vec<CriteriaSet> =
            record.criteria.iter().map(|name| criteria.closure(std::slice::from_ref(name))).collect();
        let forbids = |names: &[Box<str>], versions: &[&AuditedVersion]| {
            let vouched = criteria.closure(names);
            failed.iter().any(|failed| vouched.contains(*failed))
                && versions.iter().any(|version| violation.matches(&version.version))
        };
        let exempted = exemptions
            .iter()
            .filter(|exemption| forbids(&exemption.criteria, &[&exemption.version]))
            .map(Contradicted::Exemption);
        let audited = records()
            .filter(|(_, audit)| match &audit.claim {
                Claim::Full(version) => forbids(&audit.criteria, &[version]),
                Claim::Delta { from, to } => forbids(&audit.criteria, &[from, to]),
                Claim::Violation(_) | Claim::Remark(..) => false,
            })
            .map(|(whose, audit)| Contradicted::Audit(whose, audit));
        conflicts.extend(exempted.chain(audited).map(|contradicted| Conflict {
            told_by,
            violation,
            contradicts: contradicted,
        }));
    }
    conflicts
}

impl AuditGraph<'_> {
    /// The best way from nothing to `target` along edges that carry `criterion`, in that order.
    ///
    /// cargo-vet searches backwards and never takes a worse edge while a better one leads anywhere, so the order in
    /// which it looks decides what a release is said to rest on; the order here is its own.
    fn path_to(&self, target: &AuditedVersion, criterion: usize) -> Option<Vec<Origin>> {
        /// A version that was reached, best first: by the worst edge so far, then the lower version, then the lower
        /// version that is exempted, then the shorter path, then the origin of its latest edge.
        #[derive(PartialEq, Eq, PartialOrd, Ord)]
        struct Reached<'a> {
            caveat: Caveat,
            version: Option<VersionRef<'a>>,
            exempted: Option<VersionRef<'a>>,
            length: usize,
            origin: Option<Origin>,
            /// The latest edge of the path, in `steps`.
            step: Option<usize>,
        }
        let start = VersionRef::from(target);
        let mut steps: Vec<(Origin, Option<usize>)> = Vec::new();
        let mut visited = BTreeSet::new();
        let mut queue = BinaryHeap::from([Reverse(Reached {
            caveat: Caveat::None,
            version: Some(start),
            exempted: None,
            length: 0,
            origin: None,
            step: None,
        })]);
        while let Some(Reverse(reached)) = queue.pop() {
            let Some(version) = reached.version else {
                let path = std::iter::successors(reached.step, |&step| steps[step].1);
                return Some(path.map(|step| steps[step].0).collect());
            };
            if !visited.insert(version) {
                continue;
            }
            let usable = self.edges.get(&version).into_iter().flatten().filter(|edge| {
                edge.criteria.has(criterion) && edge.from.is_none_or(|from| !visited.contains(&from))
            });
            for edge in usable {
                let caveat = reached.caveat.max(edge.caveat);
                steps.push((edge.origin, reached.step));
                queue.push(Reverse(Reached {
                    caveat,
                    version: edge.from,
                    exempted: (caveat == Caveat::Exemption).then_some(version),
                    length: reached.length + 1,
                    origin: Some(edge.origin),
                    step: Some(steps.len() - 1),
                }));
            }
        }
        None
    }
}
