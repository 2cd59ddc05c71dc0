//! Which packages of a lockfile are needed, and as what.
//!
//! A lockfile names whatever any platform, feature or test of the project may need, and does not say which of it is
//! needed how. [`reach`] says it, from what the packages declare: first features, then kinds.
//!
//! 1. Features are switched on from the roots downwards, as cargo's first resolver does: those of one package are
//!    one set, whoever asks, for whatever platform and kind. So what is optional, and what it brings, is known.
//! 2. Kinds are handed down from the roots along what is switched on: what a build script or a proc macro needs runs
//!    while the project is built; what a test needs is for tests. Here platforms count, except for what runs on the
//!    machine that builds, of which nothing is known.
//!
//! Wherever something is not known, more counts, never less: a package of which no declaration is at hand needs all
//! that is locked beneath it in every way, and one that may be a proc macro is taken for one as well.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use cfg_expr::targets::{ALL_BUILTINS, TargetInfo, get_builtin_target_by_triple};
use cfg_expr::{Expression, Predicate};
use fence_model::facts::DependencyKind;
use fence_model::{Kind, Kinds};

use crate::lockfile::Lockfile;
use crate::manifest::{Declared, Macros, Manifest};

/// What is asked about.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Where the ways begin: packages that are built for themselves.
    pub roots: Vec<Root>,
    /// The platforms that it is built for; none means all of them.
    pub targets: Vec<Target>,
    /// Whether tests, examples and benchmarks of the roots count.
    pub tests: Tests,
    /// Whether features that only tests ask for are on everywhere.
    pub resolver: Resolver,
}

/// Which of cargo's resolvers the project uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Resolver {
    /// The first, or one that nobody knows: what a test asks of a package, every build of it has.
    #[default]
    First,
    /// A later one: what a test asks for, only tests have.
    Later,
}

/// A package that is built for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Its place in the lockfile.
    pub package: usize,
    /// Which of its features are on.
    pub features: Features,
}

/// Which features of a root are on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Features {
    /// All, and everything optional.
    All,
    /// These, as cargo spells them (`feature`, `dependency/feature`).
    These(Vec<String>),
}

/// Whether tests count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tests {
    /// They do.
    #[default]
    Count,
    /// They do not.
    Excluded,
}

/// A platform that something is built for.
#[derive(Debug, Clone, Copy)]
pub struct Target(&'static TargetInfo);

impl Target {
    /// The platform of that name, if the Rust project has one.
    pub fn named(triple: &str) -> Option<Self> {
        get_builtin_target_by_triple(triple).map(Self)
    }

    /// Whether a dependency for the platform `wanted` may be needed. What a compiler may be told by flags is not
    /// known, and may hold.
    fn may_be(self, wanted: &str) -> bool {
        if !wanted.starts_with("cfg(") {
            return wanted == self.0.triple.as_str();
        }
        let Ok(expression) = Expression::parse(wanted) else { return true };
        let holds = expression.eval(|predicate| match predicate {
            Predicate::Target(target) => Some(target.matches(self.0)),
            Predicate::Test | Predicate::ProcMacro => Some(false),
            _ => None,
        });
        holds.unwrap_or(true)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.triple.as_str())
    }
}

/// Whether there is a platform, of those that the Rust project has or a triple that somebody made, for which a dependency
/// for `wanted` is needed. What a compiler may be told by flags may hold; what cargo cannot read holds nowhere.
pub(crate) fn is_for_some_platform(wanted: &str) -> bool {
    if !wanted.starts_with("cfg(") {
        return true;
    }
    Expression::parse(wanted).is_ok() && ALL_BUILTINS.iter().any(|platform| Target(platform).may_be(wanted))
}

/// How each package of the lockfile is needed. `manifests` is what they declare, in the lockfile's order; none where
/// nobody knows.
pub fn reach(lockfile: &Lockfile, manifests: &[Option<Manifest>], wanted: &Wanted) -> Vec<Kinds> {
    let mut graph = Graph {
        lockfile,
        manifests,
        roots: wanted.roots.iter().map(|root| root.package).collect(),
        tests_ask: wanted.tests == Tests::Count || wanted.resolver == Resolver::First,
        switched_on: vec![SwitchedOn::default(); lockfile.packages.len()],
        open: Vec::new(),
        weak: BTreeSet::new(),
    };
    graph.switch_on(&wanted.roots);
    graph.kinds(wanted)
}

/// What is switched on in one package.
#[derive(Debug, Clone, Default)]
struct SwitchedOn {
    /// Whether anything asks for it.
    itself: bool,
    features: BTreeSet<String>,
    /// Its dependencies, by place in its manifest.
    dependencies: BTreeSet<usize>,
}

/// What is still to be switched on in a package.
#[derive(Debug)]
enum Switch {
    Itself,
    Everything,
    Feature(String),
}

struct Graph<'a> {
    lockfile: &'a Lockfile,
    manifests: &'a [Option<Manifest>],
    roots: BTreeSet<usize>,
    /// Whether what the tests of the roots ask for is on.
    tests_ask: bool,
    switched_on: Vec<SwitchedOn>,
    open: Vec<(usize, Switch)>,
    /// Features of dependencies that are wanted if the dependency is there anyway: package, alias, feature.
    weak: BTreeSet<(usize, String, String)>,
}

impl<'a> Graph<'a> {
    fn switch_on(&mut self, roots: &[Root]) {
        for Root { package, features } in roots {
            self.open.push((*package, Switch::Itself));
            match features {
                Features::All => self.open.push((*package, Switch::Everything)),
                Features::These(named) => named.iter().for_each(|value| self.apply(*package, value)),
            }
        }
        loop {
            while let Some((package, switch)) = self.open.pop() {
                match switch {
                    Switch::Itself => self.package(package),
                    Switch::Everything => self.everything(package),
                    Switch::Feature(feature) => self.feature(package, feature),
                }
            }
            for (package, alias, feature) in self.weak.clone() {
                let is_on = self.declared(package, &alias).iter().any(|at| self.is_on(package, *at));
                if is_on {
                    self.ask_of(package, &alias, &feature);
                    self.weak.remove(&(package, alias, feature));
                }
            }
            if self.open.is_empty() {
                return;
            }
        }
    }

    /// A package that somebody needs: all of it that is not optional.
    fn package(&mut self, package: usize) {
        if std::mem::replace(&mut self.switched_on[package].itself, true) {
            return;
        }
        let manifests = self.manifests;
        match &manifests[package] {
            None => {
                for dependency in self.beneath(package) {
                    self.open.extend([(dependency, Switch::Itself), (dependency, Switch::Everything)]);
                }
            }
            Some(manifest) => {
                for (at, declared) in manifest.dependencies.iter().enumerate() {
                    if !declared.optional {
                        self.dependency(package, at);
                    }
                }
                for dependency in self.undeclared(package, manifest) {
                    self.open.extend([(dependency, Switch::Itself), (dependency, Switch::Everything)]);
                }
            }
        }
    }

    fn everything(&mut self, package: usize) {
        let manifests = self.manifests;
        let Some(manifest) = &manifests[package] else { return };
        for feature in manifest.features.keys() {
            self.feature(package, feature.clone());
        }
        for at in 0..manifest.dependencies.len() {
            self.dependency(package, at);
        }
    }

    fn feature(&mut self, package: usize, feature: String) {
        let manifests = self.manifests;
        let Some(manifest) = &manifests[package] else { return };
        if self.switched_on[package].features.contains(&feature) {
            return;
        }
        match manifest.features.get(&feature) {
            Some(values) => values.iter().for_each(|value| self.apply(package, value)),
            None => self.alias(package, &feature),
        }
        self.switched_on[package].features.insert(feature);
    }

    /// What one word of a feature switches on.
    fn apply(&mut self, package: usize, value: &str) {
        if let Some(alias) = value.strip_prefix("dep:") {
            self.alias(package, alias);
        } else if let Some((alias, feature)) = value.split_once("?/") {
            self.weak.insert((package, alias.to_owned(), feature.to_owned()));
        } else if let Some((alias, feature)) = value.split_once('/') {
            self.alias(package, alias);
            // A feature of the dependency's own name is on with it, and may bring more than the dependency.
            self.open.push((package, Switch::Feature(alias.to_owned())));
            self.ask_of(package, alias, feature);
        } else {
            self.open.push((package, Switch::Feature(value.to_owned())));
        }
    }

    /// The dependencies of that alias, be they optional.
    fn alias(&mut self, package: usize, alias: &str) {
        for at in self.declared(package, alias) {
            self.dependency(package, at);
        }
    }

    fn dependency(&mut self, package: usize, at: usize) {
        let manifests = self.manifests;
        let Some(declared) = manifests[package].as_ref().map(|manifest| &manifest.dependencies[at]) else {
            return;
        };
        let is_asked =
            declared.kind != DependencyKind::Dev || (self.tests_ask && self.roots.contains(&package));
        if !is_asked || !self.switched_on[package].dependencies.insert(at) {
            return;
        }
        for dependency in self.meant(package, declared) {
            self.open.push((dependency, Switch::Itself));
            let default = declared.default_features.then(|| "default".to_owned());
            let features = default.into_iter().chain(declared.features.iter().cloned());
            self.open.extend(features.map(|feature| (dependency, Switch::Feature(feature))));
        }
    }

    /// Asks the dependencies of that alias for a feature.
    fn ask_of(&mut self, package: usize, alias: &str, feature: &str) {
        let manifests = self.manifests;
        let Some(manifest) = &manifests[package] else { return };
        for at in self.declared(package, alias) {
            for dependency in self.meant(package, &manifest.dependencies[at]) {
                self.open.push((dependency, Switch::Feature(feature.to_owned())));
            }
        }
    }

    fn is_on(&self, package: usize, at: usize) -> bool {
        self.switched_on[package].dependencies.contains(&at)
    }

    /// The places of what a package declares under that alias.
    fn declared(&self, package: usize, alias: &str) -> Vec<usize> {
        let declared = self.manifests[package].iter().flat_map(|manifest| manifest.dependencies.iter());
        declared.enumerate().filter(|(_, declared)| declared.alias == alias).map(|(at, _)| at).collect()
    }

    /// What is locked beneath a package, replacements included.
    fn beneath(&self, package: usize) -> Vec<usize> {
        let of = &self.lockfile.packages[package];
        of.dependencies.iter().chain(&of.replaced_by).copied().collect()
    }

    /// The locked packages that a declared dependency may mean.
    fn meant(&self, package: usize, declared: &Declared) -> Vec<usize> {
        self.beneath(package).into_iter().filter(|&at| self.may_mean(declared, at)).collect()
    }

    fn may_mean(&self, declared: &Declared, at: usize) -> bool {
        let locked = &self.lockfile.packages[at];
        let takes = |requirement: &semver::VersionReq| requirement.matches(&locked.version);
        *locked.name == *declared.package && declared.requirement.as_ref().is_none_or(takes)
    }

    /// What is locked beneath a package, and none of its declarations can mean: so they are not all there is.
    fn undeclared(&self, package: usize, manifest: &Manifest) -> Vec<usize> {
        let is_declared =
            |at: usize| manifest.dependencies.iter().any(|declared| self.may_mean(declared, at));
        self.beneath(package).into_iter().filter(|&at| !is_declared(at)).collect()
    }

    /// The second step: kinds, from the roots downwards.
    fn kinds(&self, wanted: &Wanted) -> Vec<Kinds> {
        let mut seen: BTreeMap<usize, BTreeSet<As>> = BTreeMap::new();
        let mut open: Vec<(usize, As)> = Vec::new();
        for root in &self.roots {
            let is_macro = self.manifests[*root].as_ref().is_some_and(|m| m.macros == Macros::Proc);
            open.push((*root, if is_macro { As::Build } else { As::Normal }));
            if wanted.tests == Tests::Count {
                open.extend(self.tested(*root, wanted));
            }
        }
        while let Some((package, mut needed)) = open.pop() {
            // A root was told apart already.
            if !self.roots.contains(&package) {
                match self.manifests[package].as_ref().map_or(Macros::Untold, |manifest| manifest.macros) {
                    Macros::None => {}
                    Macros::Proc => needed = needed.for_host(),
                    Macros::Untold if needed.is_for_host() => {}
                    Macros::Untold => open.push((package, needed.for_host())),
                }
            }
            if !seen.entry(package).or_default().insert(needed) {
                continue;
            }
            open.extend(self.below(package, needed, wanted));
        }
        let kinds = |package| -> Kinds {
            let ways = seen.get(&package).into_iter().flatten();
            ways.fold(Kinds::NONE, |kinds, needed| kinds.with(needed.kind()))
        };
        (0..self.lockfile.packages.len()).map(kinds).collect()
    }

    /// What a package needs itself to be needed so.
    fn below(&self, package: usize, needed: As, wanted: &Wanted) -> Vec<(usize, As)> {
        let everything = |all: Vec<usize>| {
            all.into_iter().flat_map(|at| [(at, needed), (at, needed.for_host())]).collect()
        };
        let Some(manifest) = &self.manifests[package] else { return everything(self.beneath(package)) };
        let mut below: Vec<_> = everything(self.undeclared(package, manifest));
        for at in &self.switched_on[package].dependencies {
            let declared = &manifest.dependencies[*at];
            let next = match declared.kind {
                DependencyKind::Dev => continue,
                DependencyKind::Build => needed.for_host(),
                DependencyKind::Normal => needed,
            };
            if next.is_for_host() || wanted.may_be_for(declared) {
                below.extend(self.meant(package, declared).into_iter().map(|dependency| (dependency, next)));
            }
        }
        below
    }

    /// What the tests of a root need.
    fn tested(&self, root: usize, wanted: &Wanted) -> Vec<(usize, As)> {
        let Some(manifest) = &self.manifests[root] else { return Vec::new() };
        let on = self.switched_on[root].dependencies.iter().map(|at| &manifest.dependencies[*at]);
        // The tests of a proc macro run where it is built, which may be any platform.
        let needed = if manifest.macros == Macros::Proc { As::DevBuild } else { As::Dev };
        on.filter(|declared| declared.kind == DependencyKind::Dev)
            .filter(|declared| needed.is_for_host() || wanted.may_be_for(declared))
            .flat_map(|declared| self.meant(root, declared))
            .map(|dependency| (dependency, needed))
            .collect()
    }
}

impl Wanted {
    fn may_be_for(&self, declared: &Declared) -> bool {
        match &declared.target {
            Some(target) if !self.targets.is_empty() => self.targets.iter().any(|own| own.may_be(target)),
            _ => true,
        }
    }
}

/// A kind, and for tests also whether the machine that builds runs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum As {
    Normal,
    Build,
    Dev,
    DevBuild,
}

impl As {
    fn for_host(self) -> Self {
        match self {
            Self::Normal | Self::Build => Self::Build,
            Self::Dev | Self::DevBuild => Self::DevBuild,
        }
    }

    fn is_for_host(self) -> bool {
        self == self.for_host()
    }

    fn kind(self) -> Kind {
        match self {
            Self::Normal => Kind::Normal,
            Self::Build => Kind::Build,
            Self::Dev | Self::DevBuild => Kind::Dev,
        }
    }
}
