//! The lockfile after some steps, by which a way is proven and made shorter.
//!
//! What stays as it is keeps what is locked for it. A release that is new asks anew, and cargo gives it the highest version
//! that is locked already, or else the newest release, which asks in turn. Two compatible versions of one crate are
//! never locked: where something new asks for a later one than is locked, that one [lags behind](After::behind).

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use semver::{Comparator, Op, Version, VersionReq};

use super::search::{Search, is_offered};
use super::{Need, Release, Step, line};

/// How many releases that are not locked yet are looked at: what brings in more is no way to have less.
const MOST_NEW: usize = 100;

/// The lockfile after some steps, as far as it can be told.
pub(super) struct After<'a> {
    search: &'a Search<'a>,
    steps: &'a [Step],
    /// What is still needed.
    is_reached: Vec<bool>,
    /// What is locked beside, by name and version.
    new: BTreeSet<(Rc<str>, Version)>,
    /// What lags behind, and the version that is asked for.
    behind: BTreeMap<usize, Version>,
    /// Whether something that is new asks for what cannot be had.
    is_refused: bool,
}

impl<'a> After<'a> {
    pub(super) fn of(search: &'a Search<'a>, steps: &'a [Step]) -> Self {
        let count = search.packages.len();
        let mut after = Self {
            search,
            steps,
            is_reached: vec![false; count],
            new: BTreeSet::new(),
            behind: BTreeMap::new(),
            is_refused: false,
        };
        let is_root = |at: &usize| search.is_own(*at) || search.needed_by[*at].is_empty();
        let mut left: Vec<usize> = (0..count).filter(is_root).collect();
        while let Some(at) = left.pop() {
            let at = after.place(at);
            if !std::mem::replace(&mut after.is_reached[at], true) {
                left.extend(after.dependencies(at));
            }
        }
        after
    }

    /// Whether a package is gone, what was updated is what all that is left asks for, and no other crate is in more versions
    /// than before.
    pub(super) fn is_without(&self, older: usize) -> bool {
        !self.is_refused
            && !self.is_reached[older]
            && self.steps.iter().all(|step| self.is_allowed(step))
            && self.new.iter().all(|(name, _)| !self.is_in_more(name))
    }

    /// Updates that are needed besides: of what others keep locked, where something new asks for a later version.
    pub(super) fn behind(&self) -> Vec<Step> {
        let behind = self.behind.iter().filter(|(at, _)| self.is_reached[**at]);
        behind.map(|(at, wanted)| Step::Update { package: *at, to: wanted.clone() }).collect()
    }

    /// Crates that are locked in no version before.
    pub(super) fn brings(&self) -> Vec<(Rc<str>, Version)> {
        let is_foreign = |(name, _): &&(Rc<str>, Version)| self.search.of_name(name).next().is_none();
        self.new.iter().filter(is_foreign).cloned().collect()
    }

    fn is_allowed(&self, step: &Step) -> bool {
        let Step::Update { package, to } = step else { return true };
        let Search { packages, needed_by, .. } = self.search;
        let name = &packages[*package].name;
        let mut askers = needed_by[*package].iter().copied().filter(|asker| self.is_reached[*asker]);
        askers.all(|asker| {
            if let Some(step) = self.update(asker) {
                let needs = self.search.needs_after(step).unwrap_or_default();
                let mut of_it = needs.iter().filter(|need| need.package == **name).peekable();
                return of_it.peek().is_none() || of_it.any(|need| need.takes(to));
            }
            self.asked_anew(asker, name).is_some() || self.search.allows(asker, *package, to)
        })
    }

    fn is_in_more(&self, name: &str) -> bool {
        let lines = |versions: Vec<&Version>| versions.into_iter().map(line).collect::<BTreeSet<String>>();
        let packages = self.search.packages;
        let had = lines(self.search.of_name(name).map(|at| &packages[at].version).collect());
        let kept = self.search.of_name(name).filter(|at| self.is_reached[*at]).map(|at| self.version(at));
        let new = self.new.iter().filter(|(of, _)| **of == *name).map(|(_, version)| version);
        lines(kept.chain(new).collect()).len() > had.len().max(1)
    }

    fn update(&self, package: usize) -> Option<&'a Step> {
        self.steps.iter().find(|step| matches!(step, Step::Update { package: of, .. } if *of == package))
    }

    /// The version that a manifest of the project asks for in place of what it asked for.
    fn asked_anew(&self, of: usize, name: &str) -> Option<&'a Version> {
        self.steps.iter().find_map(|step| match step {
            Step::Require { own, name: it, version } if *own == of && **it == *name => Some(version),
            _ => None,
        })
    }

    /// The version of a package.
    fn version(&self, package: usize) -> &'a Version {
        match self.update(package) {
            Some(Step::Update { to, .. }) => to,
            _ => &self.search.packages[package].version,
        }
    }

    /// Where a package is found: itself, or another locked version that takes its place.
    fn place(&self, package: usize) -> usize {
        let Some(Step::Update { to, .. }) = self.update(package) else { return package };
        let mut beside = self.search.beside(package);
        beside.find(|at| self.search.packages[*at].version == *to).unwrap_or(package)
    }

    fn dependencies(&mut self, package: usize) -> Vec<usize> {
        let packages = self.search.packages;
        let before: Vec<usize> =
            packages[package].dependencies.iter().chain(&packages[package].replaced_by).copied().collect();
        if let Some(step) = self.update(package) {
            let needs = self.search.needs_after(step).unwrap_or_default();
            return self.met(&needs, &before, package);
        }
        let mut dependencies = Vec::new();
        for at in before {
            let asked = self.asked_anew(package, &packages[at].name);
            match asked.filter(|asked| packages[at].version < **asked) {
                Some(asked) => {
                    dependencies.extend(self.met(&[Need::at_least(&packages[at].name, asked)], &[at], at));
                }
                None => dependencies.push(at),
            }
        }
        dependencies
    }

    /// The locked packages that meet needs of a new release, of which the one in its place had `before`.
    fn met(&mut self, needs: &[Need], before: &[usize], of_registry_of: usize) -> Vec<usize> {
        let packages = self.search.packages;
        let mut met = Vec::new();
        for need in needs {
            let had = before.iter().copied().find(|at| *packages[*at].name == *need.package);
            // What was optional and off stays off.
            if need.optional && had.is_none() {
                continue;
            }
            let of_name: Vec<usize> = self.search.of_name(&need.package).collect();
            let takes = |at: &usize| need.takes(self.version(*at));
            match of_name.iter().copied().filter(takes).max_by_key(|at| self.version(*at)) {
                Some(at) => met.push(at),
                None => met.extend(self.met_anew(need, &of_name, had, of_registry_of)),
            }
        }
        met
    }

    /// The same, where nothing that is locked will do.
    fn met_anew(
        &mut self,
        need: &Need,
        of_name: &[usize],
        had: Option<usize>,
        of_registry_of: usize,
    ) -> Vec<usize> {
        let search = self.search;
        let beside = of_name.first().copied().unwrap_or(of_registry_of);
        let Some(releases) = search.known.releases(&need.package, beside) else { return Vec::new() };
        let fits = |release: &&Release| is_offered(release) && need.takes(&release.version);
        let Some(newest) = releases.iter().rfind(fits) else {
            self.is_refused = true;
            return Vec::new();
        };
        let own_line = line(&newest.version);
        if let Some(at) = of_name.iter().copied().find(|at| line(self.version(*at)) == own_line) {
            // Nobody is led back to an older version.
            self.is_refused |= newest.version < *self.version(at);
            let wanted = self.behind.entry(at).or_insert_with(|| newest.version.clone());
            if newest.version < *wanted {
                *wanted = newest.version.clone();
            }
        }
        if !self.new.insert((need.package.as_str().into(), newest.version.clone())) {
            return Vec::new();
        }
        if self.new.len() > MOST_NEW {
            self.is_refused = true;
            return Vec::new();
        }
        let before = had.map_or(&[][..], |at| &search.packages[at].dependencies);
        self.met(&newest.needs, before, beside)
    }
}

impl Need {
    /// What somebody writes who asks for a version.
    fn at_least(package: &str, version: &Version) -> Self {
        let Version { major, minor, patch, pre, .. } = version.clone();
        let comparator = Comparator { op: Op::Caret, major, minor: Some(minor), patch: Some(patch), pre };
        let requirement = Some(VersionReq { comparators: vec![comparator] });
        Self { package: package.to_owned(), requirement, optional: false }
    }
}
