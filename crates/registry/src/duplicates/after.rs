//! The lockfile after some steps, by which a way is proven and made shorter.

use std::rc::Rc;

use super::search::{LONGEST_WAY, Search, is_offered};
use super::{Need, Release, Step, line};

/// The lockfile after some steps, as far as it can be told.
pub(super) struct After<'a> {
    search: &'a Search<'a>,
    steps: &'a [Step],
    /// What is still needed.
    pub(super) is_reached: Vec<bool>,
    /// Whether something that would be locked anew asks for another version than a step brings.
    is_refused: bool,
}

impl<'a> After<'a> {
    pub(super) fn of(search: &'a Search<'a>, steps: &'a [Step]) -> Self {
        let count = search.packages.len();
        let mut after = Self { search, steps, is_reached: vec![false; count], is_refused: false };
        let is_root = |at: &usize| search.is_own(*at) || search.needed_by[*at].is_empty();
        let mut left: Vec<usize> = (0..count).filter(is_root).collect();
        while let Some(at) = left.pop() {
            let at = after.place(at);
            if !std::mem::replace(&mut after.is_reached[at], true) {
                let dependencies = after.dependencies(at);
                left.extend(dependencies);
            }
        }
        after
    }

    /// Whether a package is gone, and whatever was updated is what all that is left asks for.
    pub(super) fn is_without(&self, older: usize) -> bool {
        let search = self.search;
        let is_allowed = |step: &Step| {
            let Step::Update { package, to } = step else { return true };
            search.needed_by[*package].iter().filter(|asker| self.is_reached[**asker]).all(
                |&asker| match self.steps.iter().find(|step| step.is_of(asker)) {
                    Some(Step::Update { .. }) => self.needs(asker).is_none_or(|needs| {
                        let of_it = |need: &&Need| need.package == *search.packages[*package].name;
                        let mut of_it = needs.iter().filter(of_it).peekable();
                        of_it.peek().is_none() || of_it.any(|need| need.takes(to))
                    }),
                    Some(Step::Require { name, .. }) if *name == search.packages[*package].name => true,
                    _ => search.allows(asker, *package, to),
                },
            )
        };
        !self.is_refused && !self.is_reached[older] && self.steps.iter().all(is_allowed)
    }

    fn update(&self, package: usize) -> Option<&Step> {
        self.steps.iter().find(|step| matches!(step, Step::Update { package: of, .. } if *of == package))
    }

    /// Where a package is found: itself, or another locked version that takes its place.
    fn place(&self, package: usize) -> usize {
        let Some(Step::Update { to, .. }) = self.update(package) else { return package };
        let mut beside = self.search.beside(package);
        beside.find(|at| self.search.packages[*at].version == *to).unwrap_or(package)
    }

    fn needs(&self, package: usize) -> Option<Rc<[Need]>> {
        self.update(package)
            .and_then(|step| self.search.needs_after(step))
            .or_else(|| self.search.needs(package))
    }

    fn dependencies(&mut self, package: usize) -> Vec<usize> {
        let packages = self.search.packages;
        let before: Vec<usize> =
            packages[package].dependencies.iter().chain(&packages[package].replaced_by).copied().collect();
        if self.update(package).is_some() {
            return self.met(&self.needs(package).unwrap_or_default(), &before, LONGEST_WAY);
        }
        let is_left = |at: &usize| {
            !self.steps.iter().any(|step| match step {
                Step::Require { own, name, version } => {
                    *own == package
                        && *packages[*at].name == **name
                        && line(&packages[*at].version) != line(version)
                }
                Step::Update { .. } => false,
            })
        };
        before.into_iter().filter(is_left).collect()
    }

    /// The locked packages that meet needs of one that had `before`. What would be locked anew asks in turn.
    fn met(&mut self, needs: &[Need], before: &[usize], deepest: usize) -> Vec<usize> {
        let packages = self.search.packages;
        let mut met = Vec::new();
        for need in needs {
            let of_name = |at: &usize| *packages[*at].name == *need.package;
            let had = before.iter().copied().find(of_name);
            // What was optional and off stays off.
            if need.optional && had.is_none() {
                continue;
            }
            let takes = |at: &usize| of_name(at) && need.takes(&packages[*at].version);
            let taken = before.iter().copied().find(takes).or_else(|| (0..packages.len()).rev().find(takes));
            let Some(locked) = (0..packages.len()).find(of_name) else { continue };
            match taken {
                Some(at) => met.push(at),
                None if deepest > 0 => {
                    let releases = self.search.known.releases(locked).unwrap_or_default();
                    let is_it = |release: &&Release| is_offered(release) && need.takes(&release.version);
                    let Some(new) = releases.iter().rfind(is_it) else { continue };
                    let before: &[usize] = had.map_or(&[], |at| &packages[at].dependencies);
                    self.is_refused |= new.needs.iter().any(|need| self.refuses(need, before));
                    met.extend(self.met(&new.needs, before, deepest - 1));
                }
                None => {}
            }
        }
        met
    }

    /// Whether a need of something new takes none of what a step brings, though it is what is there.
    fn refuses(&self, need: &Need, before: &[usize]) -> bool {
        let packages = self.search.packages;
        let is_it = |at: usize| *packages[at].name == *need.package;
        let is_on = !need.optional || before.iter().any(|at| is_it(*at));
        is_on
            && self.steps.iter().any(|step| match step {
                Step::Update { package, to } => {
                    is_it(*package) && need.takes(&packages[*package].version) && !need.takes(to)
                }
                Step::Require { .. } => false,
            })
    }
}

impl Step {
    fn is_of(&self, of: usize) -> bool {
        match self {
            Self::Update { package, .. } => *package == of,
            Self::Require { own, .. } => *own == of,
        }
    }
}
