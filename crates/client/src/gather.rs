//! The join: lockfile, policy, registries and feeds become [`Knowledge`], from which every release is judged.
//!
//! The main path of [`gather`]:
//!
//! 1. the project's snapshot is read and checked; a damaged one is forgotten and made again;
//! 2. if nothing in it is too old and nothing is missing, that was all: nothing is parsed;
//! 3. otherwise feeds are read and compiled (`feeds`), each once for all projects of this machine;
//! 4. index files are read; those that are unchanged are copied from the old snapshot, the others parsed
//!    (`crates`), then those of dependencies outside the lockfile whose age a judgement asks for;
//! 5. all of it is written as one new snapshot, and read in place like any other.
//!
//! What cannot be read is used from the last snapshot, its age kept, and told as a [`Problem`].
//!
//! Two times are handed in: `clock` is the machine's, by which reads are dated and ages told; `now` is the moment
//! asked about. They differ in a replay only: then what became known after `now` is left out.

mod crates;
mod dump;
mod evidence;
mod feeds;
mod knowledge;
mod packages;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use fence_model::facts::FeedState;
use fence_model::policy::{self, FeedRole, FeedSource, Policy, PublishTimes};
use fence_model::{CrateName, ReleaseId, Span, Time};
use fence_registry::Journal;
use fence_registry::lockfile::{Lockfile, Source};

use crate::cache::{Cache, CacheError, ContentDigest, Keep, Place};
use crate::cargo_config::{CargoConfig, ConfigError, IndexLocation, Registry};
use crate::feed::FeedError;
use crate::http::Network;
use crate::index::IndexError;
use crate::progress::Progress;
use crate::project::lockfile::registry_id;
use crate::snapshot::{Snapshot, SnapshotError, SourceKind, SourceRecord, WriteError};

pub use evidence::Evidence;
pub use feeds::{FeedStatements, StatementsRead, from_here};
pub use knowledge::{Age, Knowledge, remember};

/// Where the RustSec database is; the feed `rustsec` of a policy that does not say otherwise.
pub const RUSTSEC: &str = "https://github.com/rustsec/advisory-db";

/// What a snapshot calls crates.io, which a lockfile writes in several ways.
const CRATES_IO: &str = "crates.io";

/// A clock may be behind a time that was written down by this much: several machines may share a cache or journal.
pub const CLOCK_TOLERANCE: Span = Span::minutes(5);

/// What is to be known, and how it may be come by.
pub struct Request<'a> {
    /// The releases that are asked about: the project's lockfile.
    pub lockfile: &'a Lockfile,
    /// What has them.
    pub about: About,
    /// Its policy: which feeds there are, how old facts may be, whose publish times are believed.
    pub policy: &'a Policy,
    /// The folder of its `fence.toml`, to which the policy's paths are relative.
    pub root: &'a Path,
    /// What cargo is told: which registry answers.
    pub cargo: &'a CargoConfig,
    /// A folder that answers for crates.io instead, in the layout of a sparse index.
    pub index: Option<&'a Path>,
    /// Feeds by name that are read from a folder, archive or file of this machine instead.
    pub feeds: &'a [(String, PathBuf)],
    /// What is read again.
    pub refresh: Refresh,
    /// Whether the network may be asked.
    pub network: &'a Network,
    /// Where snapshots and copies are kept.
    pub cache: &'a Cache,
    /// The moment asked about.
    pub now: Time,
    /// The machine's clock.
    pub clock: Time,
    /// What this fence saw before, if it was written down.
    pub journal: Option<Journal>,
    /// Who is told how it goes.
    pub progress: &'a dyn Progress,
}

/// What has the releases that are asked about. Each is remembered by itself, or they would take turns in forgetting what
/// the other one knew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum About {
    /// A project.
    Project,
    /// Cargo's cache, as seen from a project.
    CargoCache,
}

/// What is read again, though something is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refresh {
    /// Nothing: only what was never read.
    Missing,
    /// What is older than the policy's `freshness` allows.
    Old,
    /// Everything.
    All,
}

/// Something that went wrong, and what was done instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// A feed could not be had.
    Feed {
        /// Its name.
        name: String,
        /// Why.
        error: FeedError,
        /// As of when the content is that is used instead; `None` if there is none.
        used: Option<Time>,
    },
    /// A feed was had, and is nothing that can be understood.
    FeedInvalid {
        /// Its name.
        name: String,
        /// What is wrong, with file and line.
        because: String,
        /// As of when the content is that is used instead; `None` if there is none.
        used: Option<Time>,
    },
    /// One record could not be understood; the rest was used.
    Record {
        /// The feed or registry.
        source: String,
        /// The file in the feed, or the crate of the index file.
        place: String,
        /// The line, from 1; 0 where the whole file is meant.
        line: u32,
        /// What is wrong.
        because: String,
    },
    /// Index files could not be had; older ones are used.
    IndexOld {
        /// The registry.
        registry: String,
        /// Of which crates.
        crates: Vec<CrateName>,
        /// Why, for the first of them.
        error: IndexError,
    },
    /// Index files could not be had, and nothing is known of these crates: they cannot be judged.
    IndexUnread {
        /// The registry.
        registry: String,
        /// Of which crates.
        crates: Vec<CrateName>,
        /// Why, for the first of them.
        error: IndexError,
    },
    /// Index files of packages outside the lockfile could not be had: whether these are too young for what newly
    /// depends on them is not known, so they count as young.
    AgesUntold {
        /// The registry.
        registry: String,
        /// Which packages.
        crates: Vec<CrateName>,
        /// Why, for the first of them.
        error: IndexError,
    },
    /// All releases of crates vanished from the index: the last view stays, and its clock stands still.
    IndexShrunk {
        /// The registry.
        registry: String,
        /// Which crates.
        crates: Vec<CrateName>,
    },
    /// One name is locked from two registries; all of it is judged by the facts of the first.
    SharedName {
        /// The name.
        name: CrateName,
        /// The registry whose facts count.
        judged_by: String,
    },
    /// A snapshot was no use, and was made again.
    Snapshot {
        /// The file.
        path: PathBuf,
        /// What was wrong with it.
        error: SnapshotError,
    },
    /// The clock is more than a day ahead of everything that was read.
    ClockAhead {
        /// What it shows.
        clock: Time,
        /// The newest time that was read.
        newest: Time,
    },
}

/// Why nothing can be known at all.
#[derive(Debug)]
pub enum GatherError {
    /// Cargo's configuration does not say which registry to ask.
    Cargo(ConfigError),
    /// The cache cannot be read or written.
    Cache(CacheError),
    /// More than a snapshot holds.
    TooMuch(WriteError),
    /// The machine's clock is earlier than something that was written down before.
    ClockBehind {
        /// What it shows.
        clock: Time,
        /// The later time that was written down.
        seen: Time,
        /// Where.
        by: WrittenDown,
    },
    /// A snapshot that was written a moment ago makes no sense: the fence's own fault.
    Snapshot(SnapshotError),
}

/// Where a time was written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WrittenDown {
    /// In the journal.
    Journal,
    /// In the snapshot at this path.
    Snapshot(PathBuf),
    /// In the index, as the publish time of a release of this crate.
    Index(CrateName),
}

impl fmt::Display for GatherError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cargo(error) => write!(f, "{error}"),
            Self::Cache(error) => write!(f, "{error}"),
            Self::TooMuch(error) => write!(f, "{error}"),
            Self::ClockBehind { clock, seen, by: WrittenDown::Journal } => {
                write!(f, "the clock shows {clock}, but the journal was written at {seen}")
            }
            Self::ClockBehind { clock, seen, by: WrittenDown::Snapshot(path) } => {
                write!(f, "the clock shows {clock}, but {} was written at {seen}", path.display())
            }
            Self::ClockBehind { clock, seen, by: WrittenDown::Index(name) } => {
                write!(
                    f,
                    "the clock shows {clock}, but the index has a release of {name} published at {seen}"
                )
            }
            Self::Snapshot(error) => write!(f, "a snapshot that was just written cannot be read: {error}"),
        }
    }
}

impl std::error::Error for GatherError {}

impl GatherError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Cargo(error) => error.hint().into(),
            Self::Cache(error) => error.hint().into(),
            Self::TooMuch(_) => "leave out a feed".into(),
            Self::ClockBehind { by: WrittenDown::Journal, .. } => {
                "set the machine's clock; if it was ahead when the journal was written, use another journal"
                    .into()
            }
            Self::ClockBehind { by: WrittenDown::Index(_), .. } => {
                "set the machine's clock; if it is right, tell the registry's operators".into()
            }
            Self::ClockBehind { by: WrittenDown::Snapshot(path), .. } => format!(
                "set the machine's clock; if it was ahead when that was written, delete {}",
                path.display()
            ),
            Self::Snapshot(_) => "report this as a bug of the fence".into(),
        }
    }
}

impl From<CacheError> for GatherError {
    fn from(error: CacheError) -> Self {
        Self::Cache(error)
    }
}

impl From<SnapshotError> for GatherError {
    fn from(error: SnapshotError) -> Self {
        Self::Snapshot(error)
    }
}

impl From<WriteError> for GatherError {
    fn from(error: WriteError) -> Self {
        Self::TooMuch(error)
    }
}

/// Gathers what is known about the releases of a lockfile and all their siblings.
///
/// # Errors
///
/// [`GatherError`]; whatever can be worked around is a [`Problem`] of the knowledge instead.
pub fn gather(request: Request<'_>) -> Result<Knowledge, GatherError> {
    Ok(gather_counted(request)?.0)
}

/// What an update did.
#[derive(Debug)]
pub struct Updated {
    /// What is known now.
    pub knowledge: Knowledge,
    /// What was read, and what of it was new.
    pub tally: Tally,
}

/// What the feeds of statements hold, and what went wrong with them. The lockfile of the request plays no part.
///
/// # Errors
///
/// As [`gather`].
pub fn statements(request: &Request<'_>) -> Result<(Vec<FeedStatements>, Vec<Problem>), GatherError> {
    let mut problems = Vec::new();
    let told = feeds::statements(request, &mut problems)?;
    Ok((told, problems))
}

/// Reads everything again, and says what changed.
///
/// # Errors
///
/// As [`gather`].
pub fn update(request: Request<'_>) -> Result<Updated, GatherError> {
    let (knowledge, tally) = gather_counted(Request { refresh: Refresh::All, ..request })?;
    Ok(Updated { knowledge, tally })
}

/// What was read, and what of it was new.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// The feeds that were read, by name.
    pub feeds: Vec<FeedTally>,
    /// Crates whose index files were read.
    pub crates_read: usize,
    /// Crates whose index files had changed, or were read for the first time.
    pub crates_changed: usize,
    /// Packages outside the lockfile whose first release was looked up.
    pub packages_asked: usize,
}

/// What one feed came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedTally {
    /// Its name.
    pub name: String,
    /// What became of it.
    pub read: FeedRead,
    /// How many advisories it has now.
    pub advisories: usize,
    /// How many audit records it has now.
    pub audits: usize,
    /// How many windows it has now.
    pub windows: usize,
    /// How many approvals, objections and revocations it has now, counted by release.
    pub statements: usize,
    /// Of how many crates it tells who owns them.
    pub owned: usize,
}

/// What became of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FeedRead {
    /// It was young enough, and was not asked.
    NotAsked,
    /// It is what it was.
    Unchanged,
    /// It has something new.
    Changed,
    /// It could not be had or understood.
    Failed,
}

/// The feeds of a policy by name: its own, and RustSec unless the policy speaks of it.
pub fn feeds_of(policy: &Policy) -> BTreeMap<String, FeedSource> {
    let mut feeds = policy.feeds.clone();
    feeds.entry(policy::RUSTSEC.to_owned()).or_insert_with(|| FeedSource {
        git: Some(RUSTSEC.to_owned()),
        ..FeedSource::of(FeedRole::Advisories)
    });
    feeds
}

/// A registry of the lockfile, and what is locked from it.
struct LockedRegistry {
    source: Source,
    registry: Registry,
    times: PublishTimes,
    /// Sorted, each once.
    crates: Vec<CrateName>,
    /// What is locked, digested: another selection asks for the ages of other dependencies.
    locked: String,
}

impl LockedRegistry {
    /// Where it was asked, as the snapshot remembers it: another place is another index.
    fn settings(&self) -> String {
        match &self.registry.location {
            IndexLocation::Sparse(url) => format!("sparse {url}"),
            IndexLocation::Folder(folder) => format!("folder {}", folder.display()),
            IndexLocation::Git(url) => format!("git {url}"),
            IndexLocation::Vendored(folder) => format!("vendored {}", folder.display()),
        }
    }

    /// What the lockfile calls it.
    fn label(&self) -> String {
        registry_id(&self.source).unwrap_or_else(|| CRATES_IO.to_owned())
    }
}

fn gather_counted(request: Request<'_>) -> Result<(Knowledge, Tally), GatherError> {
    let mut problems = Vec::new();
    let registries = locked_registries(&request, &mut problems)?;
    let configured = feeds::configured(&request);
    let place = place_of(&request, &registries);
    let old = match open(request.cache, &place, &mut problems)? {
        Some(old) if is_of(&old, &registries)? => Some(old),
        _ => None,
    };
    check_clock(&request, old.as_ref(), &place)?;

    let mut tally = Tally::default();
    let read = crates::read(&request, old.as_ref(), &registries, &mut problems, &mut tally)?;
    // Before anything is dated by a clock that is wrong, and kept.
    check_clock_by_index(&request, &registries, &read)?;
    let mut failed = Failed { index: read.is_failed, feeds: BTreeMap::new() };
    let feeds_are_fresh = match &old {
        Some(old) => feeds::are_fresh(&request, old, &configured)?,
        None => false,
    };
    let snapshot = match old {
        Some(old) if feeds_are_fresh && !read.is_news && request.refresh != Refresh::All => old,
        old => {
            let feeds = feeds::read(&request, &configured, &mut problems, &mut tally)?;
            let states = feeds.iter().filter_map(|feed| Some((feed.name.clone(), feed.failed?)));
            failed.feeds.extend(states);
            let bytes = crates::compile(
                &request,
                old.as_ref(),
                &registries,
                &feeds,
                &read,
                &mut problems,
                &mut tally,
            )?;
            request.cache.write(&place, &bytes, Keep::ForNow)?;
            Snapshot::open(bytes)?
        }
    };
    Ok((Knowledge::new(request, snapshot, registries, &failed, problems)?, tally))
}

/// What could not be had this time.
struct Failed {
    index: bool,
    feeds: BTreeMap<String, FeedState>,
}

/// The registries of the lockfile, crates.io first.
fn locked_registries(
    request: &Request<'_>,
    problems: &mut Vec<Problem>,
) -> Result<Vec<LockedRegistry>, GatherError> {
    let mut by_source: BTreeMap<&Source, BTreeSet<ReleaseId>> = BTreeMap::new();
    for package in &request.lockfile.packages {
        if let Some(release) = package.release() {
            by_source.entry(&package.source).or_default().insert(release);
        }
    }
    let mut registries: Vec<LockedRegistry> = Vec::with_capacity(by_source.len());
    for (source, releases) in by_source {
        let registry = registry_of(source, request.index, request.cargo).map_err(GatherError::Cargo)?;
        let selection: String = releases.iter().map(|release| format!("{release}\n")).collect();
        let mut crates: Vec<CrateName> = releases.into_iter().map(|release| release.name).collect();
        crates.dedup();
        for earlier in &registries {
            let shared = crates.iter().filter(|name| earlier.crates.binary_search(name).is_ok());
            problems.extend(shared.map(|name| Problem::SharedName {
                name: name.clone(),
                judged_by: earlier.registry.name.clone(),
            }));
        }
        registries.push(LockedRegistry {
            source: source.clone(),
            times: times_of(request.policy, source),
            locked: ContentDigest::of(selection.as_bytes()).short(),
            crates,
            registry,
        });
    }
    Ok(registries)
}

/// The registry that answers for what a lockfile takes from `source`; `index` is a folder that does for crates.io.
///
/// # Errors
/// What is wrong with cargo's configuration.
pub fn registry_of(
    source: &Source,
    index: Option<&Path>,
    cargo: &CargoConfig,
) -> Result<Registry, ConfigError> {
    match (registry_id(source), index) {
        (Some(id), _) => cargo.registry(&id),
        (None, Some(folder)) => Ok(Registry::in_folder(folder)),
        (None, None) => cargo.crates_io(),
    }
}

/// Whether the publish times of a registry are believed: crates.io's are.
fn times_of(policy: &Policy, source: &Source) -> PublishTimes {
    registry_id(source).map_or(PublishTimes::Trusted, |id| times_of_registry(policy, &id))
}

/// The same of a registry that is not crates.io, by its index address.
pub fn times_of_registry(policy: &Policy, index: &str) -> PublishTimes {
    let bare = |index: &str| index.strip_prefix("registry+").unwrap_or(index).to_owned();
    let named = policy.registries.iter().find(|registry| bare(&registry.index) == bare(index));
    named.map_or(PublishTimes::Untrusted, |registry| registry.publish_times)
}

/// Where the snapshot of this project lies: one per folder and set of registries.
fn place_of(request: &Request<'_>, registries: &[LockedRegistry]) -> Place {
    let mut key = request.root.display().to_string();
    if request.about == About::CargoCache {
        key += "\ncargo's cache";
    }
    for registry in registries {
        key += &format!("\n{} {}", registry.label(), registry.settings());
    }
    Place::of(&["projects", &ContentDigest::of(key.as_bytes()).short()])
}

/// The snapshot at `place`, if there is one and it is whole.
fn open(cache: &Cache, place: &Place, problems: &mut Vec<Problem>) -> Result<Option<Snapshot>, GatherError> {
    let Some(bytes) = cache.read(place)? else { return Ok(None) };
    match Snapshot::open(bytes) {
        Ok(snapshot) => Ok(Some(snapshot)),
        // That of an older fence is nothing to talk about.
        Err(SnapshotError::OtherFormat { .. }) => Ok(None),
        Err(error) => {
            problems.push(Problem::Snapshot { path: cache.path(place), error });
            Ok(None)
        }
    }
}

/// Whether the snapshot is of these registries, under the same numbers.
fn is_of(snapshot: &Snapshot, registries: &[LockedRegistry]) -> Result<bool, GatherError> {
    let sources = snapshot.sources()?;
    let of = |source: &&SourceRecord<'_>| source.kind == SourceKind::Registry;
    let same = |(old, new): (&SourceRecord<'_>, &LockedRegistry)| {
        old.name == new.label() && old.settings == new.settings()
    };
    let registries_before = sources.iter().filter(of).count();
    Ok(registries_before == registries.len() && sources.iter().filter(of).zip(registries).all(same))
}

/// The clock must not be behind the publish times of a registry that is believed.
fn check_clock_by_index(
    request: &Request<'_>,
    registries: &[LockedRegistry],
    read: &crates::IndexRead,
) -> Result<(), GatherError> {
    match crates::newest_release(registries, read) {
        Some((seen, name)) if request.clock + CLOCK_TOLERANCE < seen => {
            let by = WrittenDown::Index(name.clone());
            Err(GatherError::ClockBehind { clock: request.clock, seen, by })
        }
        _ => Ok(()),
    }
}

/// The clock must not be behind what was written down with it.
fn check_clock(request: &Request<'_>, old: Option<&Snapshot>, place: &Place) -> Result<(), GatherError> {
    let journalled = request.journal.as_ref().and_then(Journal::latest);
    let sources = old.map(Snapshot::sources).transpose()?.unwrap_or_default();
    let read = sources.iter().filter_map(|source| source.read).max();
    let behind = |seen: &Time| request.clock + CLOCK_TOLERANCE < *seen;
    let (seen, by) = match (journalled.filter(behind), read.filter(behind)) {
        (Some(seen), _) => (seen, WrittenDown::Journal),
        (None, Some(seen)) => (seen, WrittenDown::Snapshot(request.cache.path(place))),
        (None, None) => return Ok(()),
    };
    Err(GatherError::ClockBehind { clock: request.clock, seen, by })
}
