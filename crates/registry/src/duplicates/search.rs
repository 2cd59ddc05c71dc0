//! The search for a way: from a version upwards, through what asks for it, to releases that ask for another.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use semver::{Version, VersionReq};

use super::after::After;
use super::{Asker, Known, Need, Obstacle, Release, Step, Way, line};
use crate::lockfile::{Lockfile, Package, Source};

/// How many releases may have to follow one another on a way: a longer one is nothing that somebody does to be rid of a
/// duplicate.
pub(super) const LONGEST_WAY: usize = 3;
/// How many steps a way may have.
const MOST_STEPS: usize = 6;
/// How many incompatible successors of a release are tried.
const MOST_LINES: usize = 3;

/// Who needs whom, and what is known of them.
pub(super) struct Search<'a> {
    pub(super) packages: &'a [Package],
    pub(super) needed_by: Vec<Vec<usize>>,
    pub(super) known: &'a dyn Known,
}

impl<'a> Search<'a> {
    pub(super) fn of(lockfile: &'a Lockfile, known: &'a dyn Known) -> Self {
        let packages = &lockfile.packages;
        let mut needed_by = vec![Vec::new(); packages.len()];
        for (dependent, package) in packages.iter().enumerate() {
            for &dependency in package.dependencies.iter().chain(&package.replaced_by) {
                if dependency != dependent {
                    needed_by[dependency].push(dependent);
                }
            }
        }
        Self { packages, needed_by, known }
    }

    /// All locked versions of a crate.
    pub(super) fn of_name(&self, name: &str) -> impl Iterator<Item = usize> {
        let packages = self.packages.iter().enumerate();
        packages.filter(move |(_, package)| *package.name == *name).map(|(at, _)| at)
    }

    pub(super) fn is_own(&self, package: usize) -> bool {
        self.packages[package].source == Source::Path
    }

    /// All releases of a locked package's crate.
    fn releases(&self, package: usize) -> Option<Rc<[Release]>> {
        self.known.releases(&self.packages[package].name, package)
    }

    /// What a locked package declares.
    pub(super) fn needs(&self, package: usize) -> Option<Rc<[Need]>> {
        if self.is_own(package) {
            return self.known.own(package);
        }
        let version = &self.packages[package].version;
        let releases = self.releases(package)?;
        releases.iter().find(|release| release.version == *version).map(|release| Rc::clone(&release.needs))
    }

    pub(super) fn askers(&self, package: usize) -> Vec<Asker> {
        let Package { name, version, .. } = &self.packages[package];
        let asker = |&dependent: &usize| {
            let needs = self.needs(dependent);
            let written = needs.iter().flat_map(|needs| needs.iter()).find_map(|need| {
                let is_it = need.package == **name && need.takes(version);
                is_it.then(|| need.requirement.as_ref().map_or_else(|| "*".to_owned(), VersionReq::to_string))
            });
            Asker { package: dependent, requirement: written }
        };
        self.needed_by[package].iter().map(asker).collect()
    }

    /// All that nothing reaches any more without `gone`, itself first.
    pub(super) fn leaves_with(&self, gone: usize) -> Vec<usize> {
        let is_root = |at: usize| self.is_own(at) || self.needed_by[at].is_empty();
        let mut is_reached = vec![false; self.packages.len()];
        let mut left: Vec<usize> =
            (0..self.packages.len()).filter(|at| *at != gone && is_root(*at)).collect();
        while let Some(at) = left.pop() {
            if at != gone && !std::mem::replace(&mut is_reached[at], true) {
                left.extend(self.packages[at].dependencies.iter().chain(&self.packages[at].replaced_by));
            }
        }
        let lost = (0..self.packages.len()).filter(|at| *at != gone && !is_reached[*at]);
        [gone].into_iter().chain(lost).collect()
    }

    pub(super) fn way(&self, older: usize) -> Way {
        match self.leave(older, LONGEST_WAY, &mut Vec::new()) {
            Err(obstacles) => Way::Blocked(obstacles.into_iter().collect()),
            Ok(steps) => {
                let steps = self.fewest(older, steps).and_then(|steps| self.with_what_lags(older, steps));
                match steps.filter(|steps| steps.len() <= MOST_STEPS) {
                    Some(steps) => {
                        let brings = After::of(self, &steps).brings();
                        Way::Steps { steps, brings }
                    }
                    None => Way::Blocked(vec![Obstacle::TooFar { package: older }]),
                }
            }
        }
    }

    /// Changes by which nothing asks for `older` any more; some of them may turn out to be needless.
    fn leave(
        &self,
        older: usize,
        longest: usize,
        on_the_way: &mut Vec<usize>,
    ) -> Result<Vec<Step>, BTreeSet<Obstacle>> {
        let name = &self.packages[older].name;
        let stay: Vec<Version> =
            self.newer_beside(older).map(|at| self.packages[at].version.clone()).collect();
        let wanted =
            Wanted { name, versions: self.in_lines_of(older, &stay), ask_for: stay.iter().max().cloned() };
        let mut steps = Vec::new();
        let mut obstacles = BTreeSet::new();
        // Whoever takes both stays with the one that is locked until it is told.
        let mut undecided: Vec<Rc<[Need]>> = Vec::new();
        on_the_way.push(older);
        for &dependent in &self.needed_by[older] {
            if let Some(needs) = self.needs(dependent).filter(|needs| wanted.is_met_by(needs)) {
                undecided.push(needs);
                continue;
            }
            match self.adapt(dependent, &wanted, longest, on_the_way) {
                Ok(found) => add(&mut steps, found),
                Err(obstacle) => _ = obstacles.insert(obstacle),
            }
        }
        on_the_way.pop();
        let takes_older = |needs: &Rc<[Need]>| {
            needs.iter().any(|need| need.package == **name && need.takes(&self.packages[older].version))
        };
        undecided.extend(steps.iter().filter_map(|step| self.needs_after(step)).filter(takes_older));
        if !undecided.is_empty() {
            let mut highest_first: Vec<&Version> = stay.iter().collect();
            highest_first.sort();
            let all_take = |version: &&&Version| {
                let of_it = |need: &&Need| need.package == **name;
                undecided.iter().all(|needs| needs.iter().filter(of_it).all(|need| need.takes(version)))
            };
            match highest_first.iter().rev().find(all_take) {
                Some(to) => steps.push(Step::Update { package: older, to: (**to).clone() }),
                None => _ = obstacles.insert(Obstacle::TooFar { package: older }),
            }
        }
        // Who cannot follow may be there for somebody alone who can.
        let is_done = obstacles.is_empty() || After::of(self, &steps).is_without(older);
        if is_done { Ok(steps) } else { Err(obstacles) }
    }

    /// The other locked versions of a package's crate, of the same registry.
    pub(super) fn beside(&self, package: usize) -> impl Iterator<Item = usize> {
        let Package { name, source, .. } = &self.packages[package];
        let all = self.packages.iter().enumerate();
        let is_it = move |(at, other): &(usize, &Package)| {
            *at != package && other.name == *name && other.source == *source
        };
        all.filter(is_it).map(|(at, _)| at)
    }

    /// Those of them that are newer: nobody is led back to an older one.
    fn newer_beside(&self, package: usize) -> impl Iterator<Item = usize> {
        self.beside(package).filter(move |at| self.packages[*at].version > self.packages[package].version)
    }

    /// These versions, and all that cargo could lock in their place.
    fn in_lines_of(&self, package: usize, versions: &[Version]) -> Vec<Version> {
        let lines: BTreeSet<String> = versions.iter().map(line).collect();
        let releases = self.releases(package);
        let releases = releases.iter().flat_map(|releases| releases.iter());
        let compatible =
            releases.filter(|release| is_offered(release) && lines.contains(&line(&release.version)));
        versions.iter().cloned().chain(compatible.map(|release| release.version.clone())).collect()
    }

    /// The least that makes `dependent` ask for what is wanted alone.
    fn adapt(
        &self,
        dependent: usize,
        wanted: &Wanted<'_>,
        longest: usize,
        on_the_way: &mut Vec<usize>,
    ) -> Result<Vec<Step>, Obstacle> {
        let unknown = Obstacle::Unknown { package: dependent };
        if self.is_own(dependent) {
            let version = wanted.ask_for.clone().ok_or(unknown)?;
            let needs = self.known.own(dependent).unwrap_or_default();
            let dependencies = &self.packages[dependent].dependencies;
            let asked_for =
                dependencies.iter().filter(|at| *self.packages[**at].name == *wanted.name).count();
            let is_pinned = needs.iter().any(|need| need.package == wanted.name && need.is_pinned());
            if is_pinned || asked_for > 1 {
                return Err(Obstacle::Pinned { package: dependent });
            }
            return Ok(vec![Step::Require { own: dependent, name: wanted.name.into(), version }]);
        }
        if wanted.versions.is_empty() {
            return Err(unknown);
        }
        let releases = self.releases(dependent).ok_or_else(|| unknown.clone())?;
        if longest == 0 || on_the_way.contains(&dependent) {
            return Err(Obstacle::TooFar { package: dependent });
        }
        // Where the dependent is locked in another version that will do, it is a duplicate that may leave as well.
        let will_do = |at: usize| self.needs(at).is_some_and(|needs| wanted.is_met_by(&needs));
        if self.newer_beside(dependent).any(will_do)
            && let Ok(steps) = self.leave(dependent, longest - 1, on_the_way)
        {
            return Ok(steps);
        }
        let locked = &self.packages[dependent];
        let newest = releases.iter().rfind(|release| is_offered(release)).ok_or(unknown)?;
        let later = releases.iter().filter(|release| is_offered(release) && release.version > locked.version);
        let will_do: Vec<&Release> = later.filter(|release| wanted.is_met_by(&release.needs)).collect();
        let Some(lowest) = will_do.first() else {
            let of = on_the_way.last().copied().unwrap_or(dependent);
            return Err(Obstacle::NoRelease { package: dependent, of, newest: newest.version.clone() });
        };
        let builds: Vec<&Release> = will_do.iter().copied().filter(|release| self.builds(release)).collect();
        if builds.is_empty() {
            let wants = lowest.rust_version.clone().unwrap_or_else(|| lowest.version.clone());
            return Err(Obstacle::Rust { package: dependent, wants });
        }
        let here: Rc<[Need]> = self.needs(dependent).unwrap_or_default();
        let fair: Vec<&Release> = builds
            .iter()
            .copied()
            .filter(|release| self.trade(dependent, &here, release, on_the_way).is_none())
            .collect();
        if fair.is_empty() {
            let brings = self.trade(dependent, &here, builds[0], on_the_way).unwrap_or_default();
            return Err(Obstacle::Trades { package: dependent, to: builds[0].version.clone(), brings });
        }
        on_the_way.push(dependent);
        let found = self.take_one(dependent, &fair, longest, on_the_way);
        on_the_way.pop();
        found
    }

    /// The fewest steps by which one of these releases takes the place of `dependent`.
    fn take_one(
        &self,
        dependent: usize,
        releases: &[&Release],
        longest: usize,
        on_the_way: &mut Vec<usize>,
    ) -> Result<Vec<Step>, Obstacle> {
        let name = &self.packages[dependent].name;
        let locked_lines: BTreeSet<String> =
            self.beside(dependent).map(|at| line(&self.packages[at].version)).collect();
        // What is there for the dependent alone does not ask once it is another.
        let leaves = self.leaves_with(dependent);
        let mut best: Option<Vec<Step>> = None;
        let mut obstacle = Obstacle::TooFar { package: dependent };
        let mut lines = BTreeSet::new();
        for release in releases {
            let refuses = |asker: &&usize| {
                !leaves.contains(*asker) && !self.allows(**asker, dependent, &release.version)
            };
            let refusing: Vec<&usize> = self.needed_by[dependent].iter().filter(refuses).collect();
            if refusing.is_empty() {
                return Ok(vec![Step::Update { package: dependent, to: release.version.clone() }]);
            }
            // Of compatible releases one is refused like the other.
            let own_line = line(&release.version);
            if locked_lines.contains(&own_line) || !lines.insert(own_line.clone()) || lines.len() > MOST_LINES
            {
                continue;
            }
            let of_line: Vec<&Release> =
                releases.iter().copied().filter(|other| line(&other.version) == own_line).collect();
            let versions = of_line.iter().map(|release| release.version.clone()).collect();
            let wanted = Wanted { name, versions, ask_for: Some(release.version.clone()) };
            let mut steps = Vec::new();
            let follow = refusing.into_iter().try_for_each(|&asker| {
                add(&mut steps, self.adapt(asker, &wanted, longest - 1, on_the_way)?);
                Ok(())
            });
            if let Err(other) = follow {
                obstacle = other;
                continue;
            }
            // What follows may ask for more than the lowest.
            let asked: Vec<Rc<[Need]>> = steps.iter().filter_map(|step| self.needs_after(step)).collect();
            let takes = |release: &&&Release| {
                let of_it = |need: &&Need| need.package == **name;
                asked.iter().all(|needs| needs.iter().filter(of_it).all(|need| need.takes(&release.version)))
            };
            let Some(to) = of_line.iter().find(takes) else { continue };
            // Where a manifest asks anew, cargo takes the release by itself.
            if !steps.iter().all(|step| matches!(step, Step::Require { .. })) {
                steps.push(Step::Update { package: dependent, to: to.version.clone() });
            }
            if best.as_ref().is_none_or(|best| steps.len() < best.len()) {
                best = Some(steps);
            }
        }
        best.ok_or(obstacle)
    }

    /// Whether `asker` takes `version` in place of the locked `package`. What a manifest that is not at hand asks for is
    /// taken to be what `cargo add` writes.
    pub(super) fn allows(&self, asker: usize, package: usize, version: &Version) -> bool {
        let locked = &self.packages[package];
        let Some(needs) = self.needs(asker) else {
            return self.is_own(asker) && line(version) == line(&locked.version);
        };
        // It may ask for another version of it as well, under another name.
        let of_it = |need: &&Need| need.package == *locked.name && need.takes(&locked.version);
        needs.iter().filter(of_it).all(|need| need.takes(version))
    }

    pub(super) fn builds(&self, release: &Release) -> bool {
        match (self.known.rust_version(), &release.rust_version) {
            (Some(own), Some(wanted)) => wanted <= own,
            _ => true,
        }
    }

    /// What a release would bring in beside another version of it that is locked and stays, and that the one before did not
    /// need.
    fn trade(
        &self,
        dependent: usize,
        before: &[Need],
        release: &Release,
        on_the_way: &[usize],
    ) -> Option<String> {
        let leaves = OnceCell::new();
        let goes = |at: &usize| {
            on_the_way.contains(at) || leaves.get_or_init(|| self.leaves_with(dependent)).contains(at)
        };
        let is_traded = |need: &&Need| {
            let locked: Vec<usize> =
                (0..self.packages.len()).filter(|at| *self.packages[*at].name == *need.package).collect();
            let may_take = |at: &usize| {
                let versions = self.in_lines_of(*at, std::slice::from_ref(&self.packages[*at].version));
                versions.iter().any(|version| need.takes(version))
            };
            !locked.is_empty() && !locked.iter().any(may_take) && !locked.iter().all(goes)
        };
        let is_on = |need: &Need| {
            let mut had = self.packages[dependent].dependencies.iter();
            !need.optional || had.any(|at| *self.packages[*at].name == *need.package)
        };
        let is_new = |need: &&Need| is_on(need) && !before.contains(need);
        release.needs.iter().filter(is_new).find(is_traded).map(|need| match &need.requirement {
            Some(requirement) => format!("{} {requirement}", need.package),
            None => need.package.clone(),
        })
    }

    /// What a package declares once a step was taken.
    pub(super) fn needs_after(&self, step: &Step) -> Option<Rc<[Need]>> {
        let Step::Update { package, to } = step else { return None };
        let releases = self.releases(*package)?;
        releases.iter().find(|release| release.version == *to).map(|release| Rc::clone(&release.needs))
    }

    /// The steps without those that the others make needless; none where they do not lead to the end.
    fn fewest(&self, older: usize, mut steps: Vec<Step>) -> Option<Vec<Step>> {
        for at in (0..steps.len()).rev() {
            let mut fewer = steps.clone();
            fewer.remove(at);
            if After::of(self, &fewer).is_without(older) {
                steps = fewer;
            }
        }
        After::of(self, &steps).is_without(older).then_some(steps)
    }

    /// The steps with what cargo does not update by itself for them; none where they lead astray.
    ///
    /// Of what lags behind their needs, cargo takes along what releases keep locked. What a package of the project keeps
    /// locked it holds on to, until it is told first.
    fn with_what_lags(&self, older: usize, steps: Vec<Step>) -> Option<Vec<Step>> {
        let (mut all, mut first) = (steps.clone(), Vec::new());
        for _ in 0..=LONGEST_WAY {
            let after = After::of(self, &all);
            let behind = after.behind();
            if behind.is_empty() {
                first.extend(steps);
                return after.is_without(older).then_some(first);
            }
            // One that is updated already is asked for in a later version yet.
            let is_again = |step: &Step| {
                step.updates().is_some() && behind.iter().any(|one| one.updates() == step.updates())
            };
            all.retain(|step| !is_again(step));
            let is_held = |step: &&Step| {
                step.updates().is_some_and(|at| self.needed_by[at].iter().any(|asker| self.is_own(*asker)))
            };
            first.extend(behind.iter().filter(is_held).cloned());
            all.extend(behind);
        }
        None
    }
}

pub(super) fn is_offered(release: &Release) -> bool {
    !release.yanked && release.version.pre.is_empty()
}

/// Versions of a crate, of which every need of it has to take one.
struct Wanted<'a> {
    name: &'a str,
    versions: Vec<Version>,
    /// What a manifest of the project would have to ask for.
    ask_for: Option<Version>,
}

impl Wanted<'_> {
    fn is_met_by(&self, needs: &[Need]) -> bool {
        let of_it = |need: &&Need| need.package == self.name;
        needs.iter().filter(of_it).all(|need| self.versions.iter().any(|version| need.takes(version)))
    }
}

fn add(steps: &mut Vec<Step>, found: Vec<Step>) {
    for step in found {
        if !steps.contains(&step) {
            steps.push(step);
        }
    }
}
