//! What is said of 20 real lockfiles, and a proof of each way: the steps are taken in a graph of names and versions that
//! shares nothing with the search.
//!
//! docs/duplicates.md counts what was wrong when the snapshot was read. The table there is printed by
//! `cargo test -p fence-registry duplicates::tests::real -- --nocapture`.

use std::cell::RefCell;
use std::collections::HashMap;

use super::*;
use crate::lockfile::Package;
use crate::{IndexFile, fence_data};

/// What is counted of a lockfile; one that is blocked counts by its first obstacle.
const COLUMNS: [&str; 9] = [
    "older versions",
    "with others",
    "by `cargo update`",
    "by a manifest",
    "no release",
    "would trade",
    "too far",
    "other",
    "not proven",
];

/// The index files of the data, each read when it is first asked about.
#[derive(Default)]
struct Index {
    files: HashMap<String, Vec<u8>>,
    releases: RefCell<HashMap<String, Option<Rc<[Release]>>>>,
}

impl Index {
    fn releases(&self, name: &str) -> Option<Rc<[Release]>> {
        let read = || {
            let bytes = self.files.get(&name.to_lowercase())?;
            let file = IndexFile::parse(&name.parse().ok()?, bytes, &Limits::default()).ok()?;
            Some(Release::all(&file).into())
        };
        self.releases.borrow_mut().entry(name.to_owned()).or_insert_with(read).clone()
    }

    fn release(&self, name: &str, version: &Version) -> Option<Release> {
        self.releases(name)?.iter().find(|release| release.version == *version).cloned()
    }
}

struct Real<'a> {
    index: &'a Index,
    lockfile: &'a Lockfile,
}

impl Known for Real<'_> {
    fn own(&self, _: usize) -> Option<Rc<[Need]>> {
        None
    }

    fn releases(&self, name: &str, package: usize) -> Option<Rc<[Release]>> {
        (self.lockfile.packages[package].source == Source::CratesIo).then(|| self.index.releases(name))?
    }

    fn rust_version(&self) -> Option<&Version> {
        None
    }
}

/// A package after the steps: its name and version, and what it asks for.
type Node = (String, Version);

/// What a package asks for: the crate, the requirement, and what is locked for it.
struct Edge {
    name: String,
    requirement: VersionReq,
    locked: Option<Version>,
}

fn any() -> VersionReq {
    VersionReq::STAR
}

fn caret(version: &Version) -> VersionReq {
    let version = Version { build: semver::BuildMetadata::EMPTY, ..version.clone() };
    format!("^{version}").parse().unwrap()
}

/// The lockfile as names and versions, and steps taken in it.
struct Taken<'a> {
    real: &'a Real<'a>,
    /// What is locked in the place of what.
    updates: HashMap<Node, Version>,
    /// What manifests of the project ask for.
    requires: HashMap<(Node, String), Version>,
    reached: BTreeSet<Node>,
    asked_by: HashMap<Node, Node>,
    wrong: Vec<String>,
}

impl<'a> Taken<'a> {
    /// With what cargo updates by itself, since it locks no two compatible versions of one crate.
    fn of(real: &'a Real<'a>, steps: &[Step]) -> Self {
        let mut along = HashMap::new();
        loop {
            let taken = Self::once(real, steps, &along);
            let more = taken.behind();
            if more.is_empty() {
                return taken;
            }
            along.extend(more);
        }
    }

    /// What is locked in a lower version than a compatible one that is new, each with that one.
    fn behind(&self) -> Vec<(Node, Version)> {
        let locked = (0..self.real.lockfile.packages.len()).map(|at| node(self.real.lockfile, at));
        let behind = locked.filter(|node| self.reached.contains(node)).filter_map(|node| {
            let is_later = |(name, version): &&Node| {
                *name == node.0 && line(version) == line(&node.1) && *version > node.1
            };
            let later = self.reached.iter().filter(is_later).map(|(_, version)| version.clone()).max()?;
            Some((node, later))
        });
        behind.collect()
    }

    fn once(real: &'a Real<'a>, steps: &[Step], along: &HashMap<Node, Version>) -> Self {
        let node = |at: usize| node(real.lockfile, at);
        let mut taken = Self {
            real,
            updates: along.clone(),
            requires: HashMap::new(),
            reached: BTreeSet::new(),
            asked_by: HashMap::new(),
            wrong: Vec::new(),
        };
        for step in steps {
            match step {
                Step::Update { package, to } => _ = taken.updates.insert(node(*package), to.clone()),
                Step::Require { own, name, version } => {
                    _ = taken.requires.insert((node(*own), name.to_string()), version.clone());
                }
            }
        }
        let packages = &real.lockfile.packages;
        let is_needed = |at: usize| packages.iter().any(|package| package.dependencies.contains(&at));
        for (at, package) in packages.iter().enumerate() {
            if package.source == Source::Path || !is_needed(at) {
                taken.reach(node(at));
            }
        }
        taken
    }

    fn reach(&mut self, node: Node) {
        if !self.reached.insert(node.clone()) {
            return;
        }
        for edge in self.edges(&node) {
            let Edge { name, requirement, locked } = edge;
            let to = match locked {
                // It stays as it is, unless a step updates it.
                Some(version) => match self.updates.get(&(name.clone(), version.clone())) {
                    Some(to) => to.clone(),
                    None => version,
                },
                None => match self.choose(&name, &requirement) {
                    Some(version) => version,
                    None => continue,
                },
            };
            if !requirement.matches(&to) {
                self.wrong.push(format!("{} {} asks for {name} {requirement}, not {to}", node.0, node.1));
            }
            let to = (name, to);
            self.asked_by.entry(to.clone()).or_insert_with(|| node.clone());
            self.reach(to);
        }
    }

    /// What a package asks for after the steps.
    fn edges(&self, node: &Node) -> Vec<Edge> {
        let lockfile = self.real.lockfile;
        let at = (0..lockfile.packages.len()).find(|at| super::real::node(lockfile, *at) == *node);
        let is_updated = self.updates.iter().any(|((name, _), to)| *name == node.0 && *to == node.1);
        let index = self.real.index;
        if let Some(at) = at {
            let package = &lockfile.packages[at];
            let release = index.release(&node.0, &node.1).filter(|_| package.source == Source::CratesIo);
            let edge = |of: &usize| {
                let Package { name, version, .. } = &lockfile.packages[*of];
                let own = self.requires.get(&(node.clone(), name.to_string()));
                if let Some(asked) = own.filter(|asked| *asked > version) {
                    return Edge { name: name.to_string(), requirement: caret(asked), locked: None };
                }
                let is_it = |need: &&Need| need.package == **name && need.takes(version);
                let requirement = match &release {
                    Some(release) => {
                        release.needs.iter().find(is_it).and_then(|need| need.requirement.clone())
                    }
                    // What `cargo add` writes.
                    None => Some(caret(version)),
                };
                let locked = Some(version.clone());
                Edge { name: name.to_string(), requirement: requirement.unwrap_or_else(any), locked }
            };
            return package.dependencies.iter().map(edge).collect();
        }
        // A release that is locked anew. What was optional and off stays off.
        let had = |name: &str| {
            let of_name = lockfile.packages.iter().filter(|package| *package.name == *node.0);
            let mut dependencies = of_name.flat_map(|package| &package.dependencies);
            dependencies.any(|at| *lockfile.packages[*at].name == *name)
        };
        let Some(release) = index.release(&node.0, &node.1) else {
            assert!(!is_updated, "{} {} is no release", node.0, node.1);
            return Vec::new();
        };
        let is_on = |need: &&Need| !need.optional || had(&need.package);
        let edge = |need: &Need| Edge {
            name: need.package.clone(),
            requirement: need.requirement.clone().unwrap_or_else(any),
            locked: None,
        };
        release.needs.iter().filter(is_on).map(edge).collect()
    }

    /// What cargo locks for a new requirement: the highest of what is there, else the newest release.
    fn choose(&self, name: &str, requirement: &VersionReq) -> Option<Version> {
        let packages = self.real.lockfile.packages.iter().filter(|package| *package.name == *name);
        let kept = packages.map(|package| {
            let version = &package.version;
            self.updates.get(&(name.to_owned(), version.clone())).unwrap_or(version).clone()
        });
        kept.filter(|version| requirement.matches(version)).max().or_else(|| {
            let releases = self.real.index.releases(name)?;
            let offered = releases.iter().filter(|release| !release.yanked);
            offered.map(|release| release.version.clone()).rfind(|version| requirement.matches(version))
        })
    }

    fn versions_of(&self, name: &str) -> usize {
        self.reached.iter().filter(|(of, _)| of == name).count()
    }
}

fn node(lockfile: &Lockfile, at: usize) -> Node {
    let package = &lockfile.packages[at];
    (package.name.to_string(), package.version.clone())
}

/// What is wrong with a way: requirements that are not met, the version that is still there, other crates that are in more
/// versions than before.
fn wrong(real: &Real<'_>, older: usize, steps: &[Step]) -> Vec<String> {
    let (before, after) = (Taken::of(real, &[]), Taken::of(real, steps));
    let mut wrong = after.wrong.clone();
    wrong.retain(|sentence| !before.wrong.contains(sentence));
    if after.reached.contains(&node(real.lockfile, older)) {
        let of = node(real.lockfile, older);
        let (asker, version) = &after.asked_by[&of];
        wrong.push(format!("it is still there, for {asker} {version}"));
    }
    let names: BTreeSet<&str> = before.reached.iter().map(|(name, _)| &**name).collect();
    for name in names {
        let (had, has) = (before.versions_of(name), after.versions_of(name));
        if had < has {
            let of_name = after.asked_by.iter().filter(|((of, _), _)| of == name);
            let askers: Vec<String> =
                of_name.map(|((_, version), (asker, of))| format!("{version} for {asker} {of}")).collect();
            wrong.push(format!("{name} is in {has} versions, and was in {had}: {}", askers.join(", ")));
        }
    }
    wrong
}

#[test]
fn real_lockfiles() {
    let Some(files) = fence_data::index() else { return };
    let of_name =
        |(path, bytes): (String, Vec<u8>)| (path.rsplit('/').next().unwrap_or_default().to_owned(), bytes);
    let index = Index { files: files.into_iter().map(of_name).collect(), ..Index::default() };
    let files = fence_data::lockfiles().unwrap();
    let id = format!("registry+{}", tame_index::CRATES_IO_INDEX);
    let (mut everything, mut wrongs) = (String::new(), Vec::new());
    println!("| lockfile | {} |", COLUMNS.join(" | "));
    println!("|---|{}", "---:|".repeat(COLUMNS.len()));
    let mut sums = [0; COLUMNS.len()];
    let mut files: Vec<_> = files.iter().filter(|(path, _)| path.starts_with("lockfiles/")).collect();
    files.sort();
    for (path, bytes) in files {
        let file = path.trim_start_matches("lockfiles/");
        let lockfile = Lockfile::parse(bytes, CratesIo { source_ids: &[&id] }, &Limits::default()).unwrap();
        let real = Real { index: &index, lockfile: &lockfile };
        let all = duplicates(&lockfile, &real);
        everything += &format!("== {file}\n{}", said(&lockfile, &all));
        for row in purposes::found(&lockfile, &real) {
            everything += &format!("{}\n", found(&lockfile, &row));
        }
        let mut row = [0; COLUMNS.len()];
        for older in all.iter().flat_map(|duplicate| &duplicate.older) {
            row[0] += 1;
            let column = match &older.way {
                Way::With(_) => 1,
                Way::Steps { steps, .. } => {
                    let name = node(&lockfile, older.package);
                    let found = wrong(&real, older.package, steps);
                    row[8] += usize::from(!found.is_empty());
                    wrongs.extend(found.iter().map(|why| format!("{file}: {} {}: {why}", name.0, name.1)));
                    let is_own = |step: &Step| matches!(step, Step::Require { .. });
                    2 + usize::from(steps.iter().any(is_own))
                }
                Way::Blocked(obstacles) => match obstacles[0] {
                    Obstacle::NoRelease { .. } => 4,
                    Obstacle::Trades { .. } => 5,
                    Obstacle::TooFar { .. } => 6,
                    Obstacle::Unknown { .. } | Obstacle::Pinned { .. } | Obstacle::Rust { .. } => 7,
                },
            };
            row[column] += 1;
        }
        println!("| {} | {} |", file.trim_end_matches(".lock"), row.map(|n| n.to_string()).join(" | "));
        for (sum, n) in sums.iter_mut().zip(row) {
            *sum += n;
        }
    }
    println!("| together | {} |", sums.map(|n| n.to_string()).join(" | "));
    insta::assert_snapshot!(everything);
    assert!(wrongs.is_empty(), "{wrongs:#?}");
}

fn found(lockfile: &Lockfile, found: &purposes::Found) -> String {
    let name = |at: usize| format!("{} {}", lockfile.packages[at].name, lockfile.packages[at].version);
    let own = |all: &[usize]| all.iter().map(|at| name(*at)).collect::<Vec<_>>().join(", ");
    match found {
        purposes::Found::Replaced { package, asked_by, row } => {
            format!("{} for {}: since {} {}", name(*package), own(asked_by), row.since, row.instead)
        }
        purposes::Found::SamePurpose { crates, prefer, row } => {
            let crates: Vec<String> =
                crates.iter().map(|(at, asked_by)| format!("{} for {}", name(*at), own(asked_by))).collect();
            let stay = prefer.map(|at| format!(", stay with {}", name(at))).unwrap_or_default();
            format!("{}: {}{stay}", row.what, crates.join("; "))
        }
    }
}
