//! What is known of a lockfile's crates, for [`duplicates`](fence_registry::duplicates): their index files, what the
//! project's own packages declare, and how much code there is to an unpacked release.
//!
//! Index files are read as for a check, and where they cannot be had their copies of any age are: a way out of a
//! duplicate may be a release too old, and harms nobody. Each is parsed when it is first asked about.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use fence_model::{CrateName, Span};
use fence_registry::IndexFile;
use fence_registry::duplicates::{Known, Need, Release, rust};
use fence_registry::lockfile::{Lockfile, Source};
use fence_registry::manifest::Declared;
use semver::Version;

use crate::cargo_config::ConfigError;
use crate::gather::registry_of;
use crate::http::Network;
use crate::index::{ANY_AGE, IndexOutcome, Wanted, read_index};
use crate::progress::Progress;
use crate::scope::{Project, ScopeError};

/// Bytes of Rust that are counted of one release: the largest that are known have 20 MB.
const MOST_SOURCE_BYTES: u64 = 64 << 20;
/// Entries of folders that are looked at in one release.
const MOST_ENTRIES: usize = 100_000;

/// What is known of a project's crates.
pub struct Facts<'a> {
    lockfile: &'a Lockfile,
    files: BTreeMap<(&'a Source, CrateName), Vec<u8>>,
    parsed: RefCell<BTreeMap<usize, Option<Rc<[Release]>>>>,
    own: BTreeMap<usize, Rc<[Need]>>,
    rust_version: Option<Version>,
    unpacked: Vec<PathBuf>,
    /// Why the manifests of the project's own packages are not known, if so.
    pub own_unknown: Option<ScopeError>,
    /// The crates of which no index file was to be had.
    pub unread: Vec<CrateName>,
}

impl<'a> Facts<'a> {
    /// Reads it all. Index files that were confirmed within `fresh_for` are not asked for again.
    ///
    /// # Errors
    /// [`ConfigError`], where cargo's configuration does not say which registry to ask.
    pub fn read(
        project: &Project<'a>,
        fresh_for: Span,
        network: &Network,
        progress: &dyn Progress,
    ) -> Result<Self, ConfigError> {
        let lockfile = project.lockfile;
        let mut wanted: BTreeMap<&'a Source, Vec<CrateName>> = BTreeMap::new();
        for package in &lockfile.packages {
            if let Some(release) = package.release() {
                wanted.entry(&package.source).or_default().push(release.name);
            }
        }
        let mut files = BTreeMap::new();
        let mut unread = Vec::new();
        for (source, mut names) in wanted {
            names.sort();
            names.dedup();
            let registry = registry_of(source, project.index, project.config)?;
            let mut ask = |names: Vec<CrateName>, fresh_for: Span, network: &Network| {
                let asked: Vec<Wanted<'_>> = names.iter().map(|name| Wanted { name, known: None }).collect();
                let told = read_index(
                    &registry,
                    &asked,
                    Some(fresh_for),
                    network,
                    project.cache,
                    project.clock,
                    progress,
                );
                let mut failed = Vec::new();
                for (name, outcome) in names.into_iter().zip(told) {
                    match outcome {
                        IndexOutcome::Read(entry) => _ = files.insert((source, name), entry.bytes),
                        _ => failed.push(name),
                    }
                }
                failed
            };
            let failed = ask(names, fresh_for, network);
            unread.extend(if failed.is_empty() { failed } else { ask(failed, ANY_AGE, &Network::Offline) });
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
        let unpacked = project.unpacked();
        let parsed = RefCell::default();
        Ok(Self { lockfile, files, parsed, own, rust_version, unpacked, own_unknown, unread })
    }

    /// How many lines of Rust there are to a locked release, but for tests, examples and benchmarks; none where cargo has
    /// not unpacked it.
    pub fn lines(&self, package: usize) -> Option<u64> {
        let package = &self.lockfile.packages[package];
        let folder = format!("{}-{}", package.release()?.name, package.version);
        let folder =
            self.unpacked.iter().map(|registry| registry.join(&folder)).find(|folder| folder.is_dir())?;
        lines_of(&folder)
    }
}

impl Known for Facts<'_> {
    fn own(&self, package: usize) -> Option<Rc<[Need]>> {
        self.own.get(&package).cloned()
    }

    fn releases(&self, package: usize) -> Option<Rc<[Release]>> {
        let parse = || {
            let locked = &self.lockfile.packages[package];
            let name = locked.release()?.name;
            let bytes = self.files.get(&(&locked.source, name.clone()))?;
            let file = IndexFile::parse(&name, bytes, &fence_registry::Limits::default()).ok()?;
            Some(Release::all(&file).into())
        };
        self.parsed.borrow_mut().entry(package).or_insert_with(parse).clone()
    }

    fn rust_version(&self) -> Option<&Version> {
        self.rust_version.as_ref()
    }
}

/// The lines of the `.rs` files below a folder; none where they cannot all be read.
fn lines_of(folder: &Path) -> Option<u64> {
    let mut left = vec![folder.to_owned()];
    let (mut lines, mut bytes, mut entries) = (0, 0, 0);
    while let Some(at) = left.pop() {
        for entry in fs::read_dir(&at).ok()? {
            let entry = entry.ok()?;
            entries += 1;
            let (kind, path) = (entry.file_type().ok()?, entry.path());
            let is_aside = at == folder
                && ["tests", "examples", "benches"].iter().any(|name| entry.file_name() == *name);
            if kind.is_dir() && !is_aside {
                left.push(path);
            } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "rs") {
                bytes += entry.metadata().ok()?.len();
                if bytes > MOST_SOURCE_BYTES {
                    return None;
                }
                let text = fs::read(path).ok()?;
                lines += text.iter().filter(|byte| **byte == b'\n').count() as u64;
            }
            if entries > MOST_ENTRIES {
                return None;
            }
        }
    }
    Some(lines)
}
