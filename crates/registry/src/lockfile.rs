//! Cargo.lock, versions 1 to 4: which releases a build takes, and what needs them.
//!
//! [`Lockfile::parse`] goes in two steps. First the bytes become entries, borrowed text with line numbers:
//! `canonical` reads the form that cargo writes, line by line, since a warm check reads a lockfile each time and
//! should cost nothing; `general` takes everything else that is TOML. They agree wherever both read. Then the
//! entries become packages, and each dependency's short form (`"syn"`, `"syn 2.0.1"`,
//! `"syn 2.0.1 (registry+…)"`) the index of the package that cargo would take it for.
//!
//! Cargo silently ignores a dependency that it cannot resolve and writes the lockfile anew. Here it is an error:
//! the file was cut short or badly merged, and what would be built is not what it says. [`Lockfile::salvage`] reads
//! on nevertheless.

mod canonical;
mod difference;
mod general;
#[cfg(test)]
mod tests;

pub use difference::{Came, Difference};

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use fence_model::{Digest, ReleaseId};
use semver::Version;

use crate::error::shown;
use crate::{DependencyFault, Error, Limits};

/// What a Cargo.lock says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lockfile {
    /// The format's version.
    pub version: LockfileVersion,
    /// The packages in the file's order; in version 1 the `[root]` package comes first. Patches that nothing
    /// uses are left out.
    pub packages: Vec<Package>,
}

/// The format's version. Versions 1 and 2 do not say which they are; cargo tells them by what they hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LockfileVersion {
    /// Checksums in `[metadata]`, all dependencies in full.
    V1,
    /// Checksums in the packages, short dependencies.
    V2,
    /// As 2, with `version = 3`; git branches are told from default branches.
    V3,
    /// As 3, with git references encoded as in addresses.
    V4,
}

/// One package of a lockfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name. That of a registry's package is a crate name; a local one may have letters beyond ASCII.
    pub name: Box<str>,
    /// Its full version.
    pub version: Version,
    /// Where it comes from.
    pub source: Source,
    /// The SHA-256 of its `.crate`; only packages of registries have one.
    pub checksum: Option<Digest>,
    /// What it depends on, of all kinds, as indices into [`Lockfile::packages`].
    pub dependencies: Vec<usize>,
    /// The package that `[replace]` put in its place, as an index into [`Lockfile::packages`].
    pub replaced_by: Option<usize>,
    /// The 1-based line of its `name`.
    pub line: u32,
}

impl Package {
    /// Which release of its registry it is; `None` for what no registry has.
    pub fn release(&self) -> Option<ReleaseId> {
        match self.source {
            Source::CratesIo | Source::Registry { .. } => {
                Some(ReleaseId { name: self.name.parse().ok()?, version: self.version.clone() })
            }
            Source::Path | Source::Git { .. } | Source::Unknown { .. } => None,
        }
    }
}

/// Where a package comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A folder: a member of the workspace, or a path dependency.
    Path,
    /// crates.io, by whichever of its well-known source ids.
    CratesIo,
    /// Another registry.
    Registry {
        /// How its index is read.
        protocol: IndexProtocol,
        /// The address of its index.
        url: Arc<str>,
    },
    /// A git repository.
    Git {
        /// The repository's address.
        url: Arc<str>,
        /// What was asked for.
        reference: GitReference,
        /// The commit that is locked.
        revision: Option<Arc<str>>,
    },
    /// Anything else, as written: a vendored directory, a local registry, or what cargo will think of next.
    Unknown {
        /// The source id.
        id: Arc<str>,
    },
}

/// How a registry's index is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IndexProtocol {
    /// As a git repository (`registry+…`).
    Git,
    /// File by file over HTTP (`sparse+…`).
    Sparse,
}

/// What of a git repository was asked for, decoded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GitReference {
    /// Whatever its HEAD is.
    DefaultBranch,
    /// A branch.
    Branch(Arc<str>),
    /// A tag.
    Tag(Arc<str>),
    /// A commit, or another reference by its full name.
    Revision(Arc<str>),
}

/// How crates.io is told from other registries: lockfiles name it by ids that depend on nothing but history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CratesIo<'a> {
    /// The source ids that mean crates.io, as lockfiles spell them: its git index and its sparse index.
    pub source_ids: &'a [&'a str],
}

impl Lockfile {
    /// Reads the bytes of a Cargo.lock.
    ///
    /// # Errors
    /// The `Lockfile…` variants of [`Error`], each with the line, and [`Error::TooLarge`].
    pub fn parse(bytes: &[u8], crates_io: CratesIo<'_>, limits: &Limits) -> Result<Self, Error> {
        let (lockfile, gaps) = Self::salvage(bytes, crates_io, limits)?;
        gaps.into_iter().next().map_or(Ok(lockfile), Err)
    }

    /// As [`Self::parse`], but dependencies that name no package, or more than one, are left out as cargo does,
    /// and told: for those who look at history, where such files were committed, and not at a build to come.
    ///
    /// # Errors
    /// All those of [`Self::parse`] but [`Error::LockfileDependency`].
    pub fn salvage(
        bytes: &[u8],
        crates_io: CratesIo<'_>,
        limits: &Limits,
    ) -> Result<(Self, Vec<Error>), Error> {
        let text = text(bytes, limits)?;
        assemble(canonical::read(text).map_or_else(|| general::read(text), Ok)?, crates_io, limits)
    }

    /// How a package comes into the project: the shortest way to it from a package that nothing depends on, both
    /// ends included. Of equally short ways it is the one whose packages come first in the file.
    ///
    /// Empty if `package` is no index into [`Self::packages`].
    pub fn way_to(&self, package: usize) -> Vec<usize> {
        let mut needed_by = vec![Vec::new(); self.packages.len()];
        for (dependent, entry) in self.packages.iter().enumerate() {
            for &dependency in entry.dependencies.iter().chain(&entry.replaced_by) {
                if dependency != dependent {
                    needed_by[dependency].push(dependent);
                }
            }
        }
        // Breadth first, from the package upwards; `via` leads back down.
        let mut via: Vec<Option<usize>> = vec![None; self.packages.len()];
        let mut queue: Vec<usize> = if package < self.packages.len() { vec![package] } else { Vec::new() };
        let mut next = 0;
        while let Some(&at) = queue.get(next) {
            next += 1;
            if needed_by[at].is_empty() {
                return std::iter::successors(Some(at), |&at| via[at]).collect();
            }
            for &dependent in &needed_by[at] {
                if via[dependent].is_none() && dependent != package {
                    via[dependent] = Some(at);
                    queue.push(dependent);
                }
            }
        }
        // Dev dependencies may close a circle that nothing outside depends on: then it is its own way in.
        queue.truncate(1);
        queue
    }
}

/// The entries of a lockfile, as written; what both readers make.
#[derive(Debug, Default, PartialEq, Eq)]
struct Entries<'a> {
    /// `version = `, with its line.
    version: Option<(u32, u32)>,
    packages: Vec<Entry<'a>>,
    /// The dependencies of all packages, one after the other: each package has a range of them.
    dependencies: Vec<Located<'a>>,
    /// The checksums of version 1: the package in its full form, and the digest or `<none>`.
    checksums: Vec<(Located<'a>, Located<'a>)>,
}

/// One `[[package]]` as written.
#[derive(Debug, PartialEq, Eq)]
struct Entry<'a> {
    name: Located<'a>,
    version: Cow<'a, str>,
    source: Option<Cow<'a, str>>,
    checksum: Option<Located<'a>>,
    dependencies: Range<usize>,
    replace: Option<Located<'a>>,
}

/// Text with the 1-based line that it stands in.
#[derive(Debug, PartialEq, Eq)]
struct Located<'a> {
    text: Cow<'a, str>,
    line: u32,
}

fn text<'a>(bytes: &'a [u8], limits: &Limits) -> Result<&'a str, Error> {
    if bytes.len() > limits.lockfile_bytes {
        return Err(Error::TooLarge { what: "lockfile", bytes: bytes.len(), limit: limits.lockfile_bytes });
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count() as u32;
        Error::LockfileSyntax { line, why: "invalid UTF-8".into() }
    })
}

/// Entries into packages: the step in which text gets its meaning.
fn assemble(
    entries: Entries<'_>,
    crates_io: CratesIo<'_>,
    limits: &Limits,
) -> Result<(Lockfile, Vec<Error>), Error> {
    if entries.version.is_none() && entries.packages.is_empty() {
        return Err(Error::LockfileEmpty);
    }
    if let Some(first_too_many) = entries.packages.get(limits.lockfile_packages) {
        return Err(Error::LockfilePackages {
            line: first_too_many.name.line,
            limit: limits.lockfile_packages,
        });
    }
    let by_name = ByName::of(&entries.packages)?;
    let mut gaps = Vec::new();
    let mut sources = Sources { crates_io, latest: (None, Source::Path) };
    let mut packages = Vec::with_capacity(entries.packages.len());
    for entry in &entries.packages {
        let mut resolve =
            |dependency: &Located<'_>| by_name.resolve(entry, dependency).map_err(|gap| gaps.push(gap)).ok();
        let dependencies =
            entries.dependencies[entry.dependencies.clone()].iter().filter_map(&mut resolve).collect();
        let replaced_by = entry.replace.as_ref().and_then(&mut resolve);
        packages.push(package(entry, sources.of(entry.source.as_deref()), dependencies, replaced_by)?);
    }
    let version = version_of(&entries)?;
    for (package, checksum) in &entries.checksums {
        if version != LockfileVersion::V1 {
            return Err(Error::LockfileMixedChecksums { line: package.line });
        }
        // Checksums of packages that are no longer there stay behind in old files; cargo drops them too.
        if checksum.text != "<none>"
            && let Ok(index) = by_name.find(&package.text)
        {
            packages[index].checksum = Some(digest(&entries.packages[index], checksum)?);
        }
    }
    Ok((Lockfile { version, packages }, gaps))
}

fn version_of(entries: &Entries<'_>) -> Result<LockfileVersion, Error> {
    match entries.version {
        Some((3, _)) => Ok(LockfileVersion::V3),
        Some((4, _)) => Ok(LockfileVersion::V4),
        // Versions 1 and 2 never wrote their number, and cargo refuses it as well.
        Some((found, line)) => Err(Error::LockfileVersion { line, found }),
        None => {
            let short = |dependency: &Located<'_>| !dependency.text.contains(' ');
            let second = entries.packages.iter().any(|entry| entry.checksum.is_some())
                || entries.dependencies.iter().any(short);
            Ok(if second { LockfileVersion::V2 } else { LockfileVersion::V1 })
        }
    }
}

fn package(
    entry: &Entry<'_>,
    source: Source,
    dependencies: Vec<usize>,
    replaced_by: Option<usize>,
) -> Result<Package, Error> {
    let line = entry.name.line;
    let of_registry = matches!(source, Source::CratesIo | Source::Registry { .. });
    if of_registry && !fence_model::names::is_crate_name(&entry.name.text) {
        return Err(Error::LockfileName { line, found: shown(&entry.name.text) });
    }
    let version = Version::parse(&entry.version).map_err(|error| Error::LockfilePackageVersion {
        line,
        name: shown(&entry.name.text),
        found: shown(&entry.version),
        why: error.to_string(),
    })?;
    let checksum = entry.checksum.as_ref().map(|checksum| digest(entry, checksum)).transpose()?;
    Ok(Package {
        name: (&*entry.name.text).into(),
        version,
        source,
        checksum,
        dependencies,
        replaced_by,
        line,
    })
}

fn digest(entry: &Entry<'_>, checksum: &Located<'_>) -> Result<Digest, Error> {
    checksum.text.parse().map_err(|_| Error::LockfileChecksum {
        line: checksum.line,
        name: shown(&entry.name.text),
        version: shown(&entry.version),
        found: shown(&checksum.text),
    })
}

/// The packages sorted by name, version and source, so that each short form is found by bisection. Cargo writes
/// them in nearly this order, which makes the sort one pass. (A hash table would want random keys against
/// chosen collisions, and nothing here is random.)
struct ByName<'e, 'a> {
    entries: &'e [Entry<'a>],
    order: Vec<Named>,
}

/// One package in the order of names.
#[derive(Clone, Copy)]
struct Named {
    /// How its name starts: most comparisons end with this, without a look at the name.
    start: u64,
    /// Its index.
    at: usize,
}

impl<'e, 'a> ByName<'e, 'a> {
    fn of(entries: &'e [Entry<'a>]) -> Result<Self, Error> {
        fn key<'k>(entry: &'k Entry<'_>) -> (&'k str, &'k str, Option<&'k str>) {
            (&entry.name.text, &entry.version, entry.source.as_deref())
        }
        let mut order: Vec<Named> = entries
            .iter()
            .enumerate()
            .map(|(at, entry)| Named { start: start(&entry.name.text), at })
            .collect();
        order.sort_by(|a, b| {
            a.start.cmp(&b.start).then_with(|| key(&entries[a.at]).cmp(&key(&entries[b.at])))
        });
        for pair in order.windows(2) {
            let (first, second) = (&entries[pair[0].at], &entries[pair[1].at]);
            if pair[0].start == pair[1].start && key(first) == key(second) {
                return Err(Error::LockfileDuplicate {
                    line: second.name.line,
                    first: first.name.line,
                    name: shown(&second.name.text),
                    version: shown(&second.version),
                });
            }
        }
        Ok(Self { entries, order })
    }

    fn resolve(&self, dependent: &Entry<'_>, dependency: &Located<'_>) -> Result<usize, Error> {
        self.find(&dependency.text).map_err(|fault| Error::LockfileDependency {
            line: dependency.line,
            package: shown(&dependent.name.text),
            dependency: shown(&dependency.text),
            fault,
        })
    }

    /// The package that cargo takes `name`, `name version` or `name version (source)` for: a form without
    /// version names the only one of that name, a form without source the local one, or else the only one.
    fn find(&self, form: &str) -> Result<usize, DependencyFault> {
        let (name, version) = word(form);
        let key = start(name);
        let named = equal(&self.order, |named| {
            named.start.cmp(&key).then_with(|| (*self.entries[named.at].name.text).cmp(name))
        });
        let Some(version) = version else {
            let version = |named: &Named| &self.entries[named.at].version;
            let (first, others) = named.split_first().ok_or(DependencyFault::Absent)?;
            if others.iter().any(|other| version(other) != version(first)) {
                return Err(DependencyFault::Ambiguous);
            }
            return self.without_source(named);
        };
        let (version, source) = word(version);
        let versioned = equal(named, |named| (*self.entries[named.at].version).cmp(version));
        let Some(source) = source else {
            return self.without_source(versioned);
        };
        let source =
            source.strip_prefix('(').and_then(|s| s.strip_suffix(')')).ok_or(DependencyFault::Absent)?;
        let is_it = |named: &&Named| {
            self.entries[named.at].source.as_deref().is_some_and(|other| same_source(other, source))
        };
        let mut sourced = versioned.iter().filter(is_it);
        match (sourced.next(), sourced.next()) {
            (Some(only), None) => Ok(only.at),
            (None, _) => Err(DependencyFault::Absent),
            (Some(_), Some(_)) => Err(DependencyFault::Ambiguous),
        }
    }

    fn without_source(&self, candidates: &[Named]) -> Result<usize, DependencyFault> {
        // Without source sorts first, and the duplicate check left at most one such.
        match *candidates {
            [] => Err(DependencyFault::Absent),
            [only] => Ok(only.at),
            [first, ..] if self.entries[first.at].source.is_none() => Ok(first.at),
            _ => Err(DependencyFault::Ambiguous),
        }
    }
}

/// The first eight bytes of a name, in an order that agrees with that of names.
fn start(name: &str) -> u64 {
    let mut bytes = [0; 8];
    let length = name.len().min(8);
    bytes[..length].copy_from_slice(&name.as_bytes()[..length]);
    u64::from_be_bytes(bytes)
}

/// The part of `sorted` that compares as equal.
fn equal(sorted: &[Named], order: impl Fn(&Named) -> Ordering) -> &[Named] {
    let start = sorted.partition_point(|named| order(named).is_lt());
    let length = sorted[start..].iter().take_while(|named| order(named).is_eq()).count();
    &sorted[start..start + length]
}

/// The first word, and what follows the space after it.
fn word(text: &str) -> (&str, Option<&str>) {
    match text.bytes().position(|byte| byte == b' ') {
        Some(end) => (&text[..end], Some(&text[end + 1..])),
        None => (text, None),
    }
}

/// Whether two source ids are one source to cargo: the locked commit plays no part, nor do the spellings of one
/// repository (a slash or `.git` at the end; upper case where the forge does not tell it from lower).
fn same_source(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    canonical_git(a).is_some_and(|a| canonical_git(b) == Some(a))
}

fn canonical_git(id: &str) -> Option<(String, GitReference)> {
    let Source::Git { url, reference, .. } = source(id) else { return None };
    let url = url.trim_end_matches('/');
    let url = url.strip_suffix(".git").unwrap_or(url);
    let folds =
        url.split_once("://").is_some_and(|(_, rest)| rest.to_ascii_lowercase().starts_with("github.com/"));
    Some((if folds { url.to_ascii_lowercase() } else { url.to_owned() }, reference))
}

/// Source ids into sources; neighbours mostly have the same, so the latest is kept.
struct Sources<'c, 'e> {
    crates_io: CratesIo<'c>,
    latest: (Option<&'e str>, Source),
}

impl<'e> Sources<'_, 'e> {
    fn of(&mut self, id: Option<&'e str>) -> Source {
        if self.latest.0 != id {
            let source = match id {
                None => Source::Path,
                Some(id) if self.crates_io.source_ids.contains(&id) => Source::CratesIo,
                Some(id) => source(id),
            };
            self.latest = (id, source);
        }
        self.latest.1.clone()
    }
}

fn source(id: &str) -> Source {
    match id.split_once('+') {
        Some(("registry", url)) => Source::Registry { protocol: IndexProtocol::Git, url: url.into() },
        Some(("sparse", url)) => Source::Registry { protocol: IndexProtocol::Sparse, url: url.into() },
        Some(("git", url)) => {
            let (url, revision) = match url.split_once('#') {
                Some((url, revision)) => (url, Some(revision.into())),
                None => (url, None),
            };
            let (url, query) = url.split_once('?').unwrap_or((url, ""));
            let reference = query.split('&').fold(GitReference::DefaultBranch, |reference, pair| {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                match key {
                    "branch" | "ref" => GitReference::Branch(decoded(value)),
                    "tag" => GitReference::Tag(decoded(value)),
                    "rev" => GitReference::Revision(decoded(value)),
                    _ => reference,
                }
            });
            Source::Git { url: url.into(), reference, revision }
        }
        // Cargo leaves folders without a source; an id that names one is as good.
        Some(("path", _)) => Source::Path,
        _ => Source::Unknown { id: id.into() },
    }
}

/// A value of an address's query: `%2B` and `+` stand for `+` and a space.
fn decoded(value: &str) -> Arc<str> {
    if !value.contains(['%', '+']) {
        return value.into();
    }
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = match (byte, after) {
            (b'%', [high, low, ..]) => (*high as char).to_digit(16).zip((*low as char).to_digit(16)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                bytes.push((high << 4 | low) as u8);
                rest = &after[2..];
            }
            None => {
                bytes.push(if byte == b'+' { b' ' } else { byte });
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into()
}

/// The first line that a merge left behind, if there is one.
fn conflict(text: &str) -> Option<u32> {
    let marks = |line: &str| ["<<<<<<<", "|||||||", ">>>>>>>"].iter().any(|mark| line.starts_with(mark));
    (1..).zip(text.lines()).find(|(_, line)| marks(line)).map(|(line, _)| line)
}
