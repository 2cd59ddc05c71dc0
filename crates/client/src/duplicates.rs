//! What is known of a lockfile's crates, for [`duplicates`](fence_registry::duplicates): their index files, what the
//! project's own packages declare, what each release [costs](cost), and which of them are [alike](mod@alike).
//!
//! Index files are read as for a check, and where they cannot be had their copies of any age are: a way out of a
//! duplicate may be a release too old, and harms nobody. Each is parsed when it is first asked about. A crate that is not
//! locked, and that a way would bring in, is noted; [`Facts::read_more`] reads its index file, and the search is made again.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::rc::Rc;

use fence_model::{CrateName, Span};
use fence_registry::IndexFile;
use fence_registry::duplicates::{Known, Need, Release, rust};
use fence_registry::lockfile::Source;
use fence_registry::manifest::Declared;
use semver::Version;

use crate::cargo_config::ConfigError;
use crate::gather::registry_of;
use crate::http::Network;
use crate::index::{ANY_AGE, IndexOutcome, Wanted, read_index};
use crate::progress::Progress;
use crate::readings::Shelf;
use crate::scope::{Project, ScopeError};

pub mod alike;
pub mod cost;

pub use alike::{Alike, alike};
use cost::Publishers;
pub use cost::{AtBuild, Cost, Publisher};

/// Crates, by the registry that they come from.
type OfRegistry<'a> = BTreeMap<&'a Source, BTreeSet<CrateName>>;
/// The releases of crates; none of those of which there is no index file that reads.
type Parsed<'a> = BTreeMap<(&'a Source, CrateName), Option<Rc<[Release]>>>;

/// What is known of a project's crates.
pub struct Facts<'a> {
    project: Project<'a>,
    fresh_for: Span,
    files: BTreeMap<(&'a Source, CrateName), Vec<u8>>,
    parsed: RefCell<Parsed<'a>>,
    /// What was asked about, is not locked and was not read yet.
    wanted: RefCell<OfRegistry<'a>>,
    own: BTreeMap<usize, Rc<[Need]>>,
    rust_version: Option<Version>,
    unpacked: Vec<PathBuf>,
    shelf: Shelf,
    publishers: Publishers,
    costs: RefCell<BTreeMap<usize, Cost>>,
    /// Why the manifests of the project's own packages are not known, if so.
    pub own_unknown: Option<ScopeError>,
    /// The locked crates of which no index file was to be had.
    pub unread: Vec<CrateName>,
}

impl<'a> Facts<'a> {
    /// Reads it all. Index files that were confirmed within `fresh_for` are not asked for again.
    ///
    /// # Errors
    /// [`ConfigError`], where cargo's configuration does not say which registry to ask.
    pub fn read(
        project: Project<'a>,
        fresh_for: Span,
        network: &Network,
        progress: &dyn Progress,
    ) -> Result<Self, ConfigError> {
        let mut locked = OfRegistry::new();
        for package in &project.lockfile.packages {
            if let Some(release) = package.release() {
                locked.entry(&package.source).or_default().insert(release.name);
            }
        }
        let (members, own_unknown) = match project.members() {
            Ok(members) => (members, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let rusts = members.iter().filter_map(|(_, member)| rust(member.rust_version.as_deref()?));
        let rust_version = rusts.min();
        let need = |declared: Declared| Need {
            package: declared.package,
            requirement: declared.requirement,
            optional: declared.optional,
        };
        let own = members
            .into_iter()
            .map(|(place, member)| (place, member.manifest.dependencies.into_iter().map(need).collect()))
            .collect();
        let mut facts = Self {
            unpacked: project.unpacked(),
            shelf: Shelf::of(project.cache),
            publishers: Publishers::of(project.root),
            project,
            fresh_for,
            files: BTreeMap::new(),
            parsed: RefCell::default(),
            wanted: RefCell::default(),
            own,
            rust_version,
            costs: RefCell::default(),
            own_unknown,
            unread: Vec::new(),
        };
        facts.unread = facts.read_index_files(locked, network, progress)?;
        Ok(facts)
    }

    /// Reads the index files of crates that were asked about and are not locked. Whether there were any: then the search
    /// has more to go by.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_more(&mut self, network: &Network, progress: &dyn Progress) -> Result<bool, ConfigError> {
        let wanted = self.wanted.take();
        let is_more = !wanted.is_empty();
        self.read_index_files(wanted, network, progress)?;
        Ok(is_more)
    }

    /// Reads index files. The crates of which none is to be had.
    fn read_index_files(
        &mut self,
        wanted: OfRegistry<'a>,
        network: &Network,
        progress: &dyn Progress,
    ) -> Result<Vec<CrateName>, ConfigError> {
        let &Project { index, config, cache, clock, .. } = &self.project;
        let mut unread = Vec::new();
        for (source, names) in wanted {
            let registry = registry_of(source, index, config)?;
            let mut ask = |names: Vec<CrateName>, fresh_for: Span, network: &Network| {
                let asked: Vec<Wanted<'_>> = names.iter().map(|name| Wanted { name, known: None }).collect();
                let told = read_index(&registry, &asked, Some(fresh_for), network, cache, clock, progress);
                let mut failed = Vec::new();
                for (name, outcome) in names.into_iter().zip(told) {
                    match outcome {
                        IndexOutcome::Read(entry) => _ = self.files.insert((source, name), entry.bytes),
                        _ => failed.push(name),
                    }
                }
                failed
            };
            let failed = ask(names.into_iter().collect(), self.fresh_for, network);
            let failed = if failed.is_empty() { failed } else { ask(failed, ANY_AGE, &Network::Offline) };
            for name in &failed {
                self.parsed.borrow_mut().insert((source, name.clone()), None);
            }
            unread.extend(failed);
        }
        Ok(unread)
    }

    /// What a locked release costs, as far as that is at hand.
    pub fn cost(&self, package: usize) -> Cost {
        let read = || {
            let locked = &self.project.lockfile.packages[package];
            let releases = self.releases(&locked.name, package);
            let of_it = releases.iter().flat_map(|all| all.iter()).find(|of| of.version == locked.version);
            Cost::of(
                locked,
                of_it.is_some_and(|release| release.links),
                &self.unpacked,
                &self.shelf,
                &self.publishers,
            )
        };
        self.costs.borrow_mut().entry(package).or_insert_with(read).clone()
    }
}

impl Known for Facts<'_> {
    fn own(&self, package: usize) -> Option<Rc<[Need]>> {
        self.own.get(&package).cloned()
    }

    fn releases(&self, name: &str, of_registry_of: usize) -> Option<Rc<[Release]>> {
        let beside = &self.project.lockfile.packages[of_registry_of];
        beside.release()?;
        let of = (&beside.source, name.parse::<CrateName>().ok()?);
        if let Some(parsed) = self.parsed.borrow().get(&of) {
            return parsed.clone();
        }
        let Some(bytes) = self.files.get(&of) else {
            self.wanted.borrow_mut().entry(of.0).or_default().insert(of.1);
            return None;
        };
        let file = IndexFile::parse(&of.1, bytes, &fence_registry::Limits::default()).ok();
        let releases: Option<Rc<[Release]>> = file.map(|file| Release::all(&file).into());
        self.parsed.borrow_mut().insert(of, releases.clone());
        releases
    }

    fn rust_version(&self) -> Option<&Version> {
        self.rust_version.as_ref()
    }
}
