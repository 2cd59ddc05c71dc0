//! One registry in front of which the fence stands, and all that is in memory of it.

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use fence_client::cache::ContentDigest;
use fence_client::cargo_config::IndexLocation;
use fence_client::index::IndexSource;
use fence_client::journal::{JournalError, JournalFile};
use fence_model::facts::Birth;
use fence_model::look_alike::KnownNames;
use fence_model::{CrateName, Digest, ReleaseId, Span, Time};
use fence_registry::config::RegistryConfig;
use fence_registry::journal::Torn;
use semver::Version;
use tokio::sync::Semaphore;

use super::asking::Trouble;
use super::reading::HeldBefore;
use super::status::RefusedLately;
use super::{ASKED_AT_LEAST, ASKED_AT_ONCE, Editions, Journals, Mount, Setup, StartError, Times};
use crate::answer::IndexPage;
use crate::event::{Event, Weight};
use crate::judgement::SourceOf;
use crate::page;
use crate::pages::Rank;
use crate::scribe::Scribe;
use crate::views::{File, Views};

/// How many names that no registry has are remembered: who asks for more gets them asked again.
const MOST_SEEN_IN_VAIN: usize = 20_000;

/// How many pages are in memory: more crates than any project's tree, at some four kilobytes each.
const MOST_PAGES: usize = 50_000;

/// A registry.
pub(super) struct Stall {
    pub(super) path: String,
    pub(super) source: IndexSource,
    pub(super) source_of: SourceOf,
    pub(super) scribe: Scribe,
    pub(super) views: Views,
    /// By name in lower case, as the paths of an index have it; and so are the others.
    seen: RwLock<HashMap<CrateName, Arc<Seen>>>,
    seen_in_vain: AtomicUsize,
    births_in_vain: AtomicUsize,
    births: RwLock<HashMap<CrateName, Born>>,
    shelf: RwLock<HashMap<CrateName, Arc<Shelved>>>,
    recent: Mutex<Recent>,
    pub(super) config: Mutex<Option<(Time, Option<RegistryConfig>)>>,
    pub(super) admitted: Mutex<Admitted>,
    /// Requests that may go to it yet.
    pub(super) asked_at_once: Semaphore,
}

/// What is known of a crate's view without reading it.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) presence: Presence,
    /// As [`View::checked`](crate::views::View::checked) and [`View::read`](crate::views::View::read).
    pub(super) checked: Time,
    pub(super) read: Time,
    pub(super) validator: Option<String>,
    /// The digest of its file.
    pub(super) digest: Option<Digest>,
    /// Its file, as long as it is not on disk: it is being written, or the disk would not take it.
    pub(super) unwritten: Option<File>,
    /// What went wrong when the registry was asked last, and when.
    pub(super) trouble: Option<(Time, Trouble)>,
}

impl Seen {
    /// Of a crate of which nothing is known.
    pub(super) const UNKNOWN: Self = Self {
        presence: Presence::Unknown,
        checked: Time::EARLIEST,
        read: Time::EARLIEST,
        validator: None,
        digest: None,
        unwritten: None,
        trouble: None,
    };
}

/// Files that came a moment ago: what was just asked for is mostly judged next.
#[derive(Debug, Default)]
struct Recent {
    files: VecDeque<(CrateName, File)>,
    bytes: usize,
}

/// How many bytes of files are kept at hand. Few index files have more than one of these megabytes.
const RECENT_BYTES: usize = 8 << 20;

/// Whether a registry has a crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    Listed,
    Nonexistent,
    /// It was asked, and did not tell.
    Unknown,
}

/// Since when a package is there, and until when that is believed.
#[derive(Debug, Clone, Copy)]
struct Born {
    birth: Birth,
    until: Time,
}

/// Releases that were found admitted, their neighbours considered.
#[derive(Debug, Default)]
pub(super) struct Admitted {
    pub(super) editions: Editions,
    /// Counts up whenever they are forgotten.
    pub(super) epoch: u64,
    pub(super) since: Option<Time>,
    pub(super) releases: Vec<ReleaseId>,
}

/// A page, and what it rests on.
#[derive(Debug)]
pub(super) struct Shelved {
    pub(super) page: Arc<IndexPage>,
    /// Whether its bytes are as few as they get.
    pub(super) size: Size,
    /// The digest of the registry's file.
    pub(super) made_from: Digest,
    pub(super) editions: Editions,
    /// When it has to be made again, whatever else.
    pub(super) until: Time,
    /// Up to when the feeds spoke by which it was judged, where that is what a release waits for.
    pub(super) lags: Option<Time>,
    /// When the registry was asked for the file last, and up to when it speaks.
    pub(super) read: AtomicI64,
    pub(super) checked: AtomicI64,
    /// Until when it is served as stale without asking, since the registry did not answer.
    pub(super) stale_until: AtomicI64,
    /// When a client asked for it last.
    pub(super) asked: AtomicI64,
    /// The newest releases that are held, by class.
    pub(super) waiting: Vec<Version>,
    /// Those among them that people are shown first whether or not a build asked for them.
    pub(super) first: Vec<Version>,
    /// How many releases are not admitted.
    pub(super) refused: usize,
    /// What readers were told of those that wait.
    pub(super) told: Told,
    /// Whether something was read meanwhile that may change it.
    pub(super) outdated: AtomicBool,
}

/// What is on a registry's shelf, in figures.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ShelfStock {
    /// Crates of which a page is there.
    pub(super) crates: usize,
    /// Releases of them that are not admitted.
    pub(super) refused_releases: usize,
    /// Bytes of these pages, compressed.
    pub(super) page_bytes: usize,
}

/// What readers were told of a crate last.
#[derive(Debug, Default)]
pub(super) struct Told(Mutex<Option<HeldBefore>>);

/// How well a page is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    AsMade,
    Squeezed,
}

impl Shelved {
    /// The same with its page squeezed.
    fn squeezed(&self) -> Self {
        let copy = |cell: &AtomicI64| AtomicI64::new(cell.load(Ordering::Acquire));
        Self {
            page: Arc::new(page::squeezed(&self.page)),
            size: Size::Squeezed,
            made_from: self.made_from,
            editions: self.editions,
            until: self.until,
            lags: self.lags,
            read: copy(&self.read),
            checked: copy(&self.checked),
            stale_until: copy(&self.stale_until),
            asked: copy(&self.asked),
            waiting: self.waiting.clone(),
            first: self.first.clone(),
            refused: self.refused,
            told: Told::default(),
            outdated: AtomicBool::new(self.outdated.load(Ordering::Acquire)),
        }
    }

    /// What readers were told of the releases that wait, if it still holds.
    pub(super) fn told_before(
        &self,
        basis: (Editions, Time),
        now: Time,
    ) -> Option<Arc<[crate::judgement::Told]>> {
        let told = self.told.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.as_ref().and_then(|told| told.still(basis, now))
    }

    /// Takes down what readers are told.
    pub(super) fn tell(&self, told: HeldBefore) {
        *self.told.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(told);
    }

    /// Whether it is served as stale without asking, since the registry just failed.
    pub(super) fn is_left_alone(&self, now: Time, leave_alone: Span) -> bool {
        let until = time(&self.stale_until);
        now <= until && until - now <= leave_alone
    }

    /// Whether all that it rests on, but for the registry's word, is what it was. `spoken` is up to when all feeds
    /// speak.
    pub(super) fn stands(&self, editions: Editions, spoken: Time, now: Time) -> bool {
        let is_behind = self.lags.is_some_and(|as_of| as_of < spoken.min(time(&self.checked)));
        let is_outdated = self.outdated.load(Ordering::Acquire);
        self.editions == editions && now < self.until && !is_behind && !is_outdated
    }
}

/// The time that is kept in `cell`.
pub(super) fn time(cell: &AtomicI64) -> Time {
    Time::from_unix(cell.load(Ordering::Acquire))
}

impl Stall {
    pub(super) fn open(mount: Mount, setup: &Setup, now: Time) -> Result<Self, StartError> {
        let folder = folder_of(&mount);
        let (journal, torn, path) = journal(&setup.state.join("journal"), &folder, setup)?;
        if let Some(torn) = torn {
            setup.log.tell(&Event {
                at: now,
                weight: Weight::Note,
                what: "journal-mended",
                fields: vec![("file", path.display().to_string()), ("line", torn.line.to_string())],
                words: format!("{}: line {} was half written, and is cut off", path.display(), torn.line),
            });
        }
        Ok(Self {
            scribe: Scribe::start(journal).map_err(StartError::Thread)?,
            views: Views::of(&setup.cache, &folder),
            source: IndexSource::new(mount.registry, setup.network.clone()),
            source_of: mount.index.map_or(SourceOf::CratesIo, SourceOf::Other),
            path: mount.path,
            seen: RwLock::default(),
            seen_in_vain: AtomicUsize::new(0),
            births_in_vain: AtomicUsize::new(0),
            births: RwLock::default(),
            shelf: RwLock::default(),
            recent: Mutex::default(),
            config: Mutex::default(),
            admitted: Mutex::default(),
            asked_at_once: Semaphore::new((ASKED_AT_ONCE / setup.mounts.len()).max(ASKED_AT_LEAST)),
        })
    }

    /// Whether it may hold a part of a registry only: then it says nothing by lacking something.
    pub(super) fn is_folder(&self) -> bool {
        matches!(self.source.registry().location, IndexLocation::Folder(_))
    }

    /// Whether an index that names a registry by `address` means this one.
    pub(super) fn is_at(&self, address: &str) -> bool {
        match &self.source_of {
            SourceOf::CratesIo => fence_client::cargo_config::is_crates_io(address),
            SourceOf::Other(index) => fence_client::cargo_config::same_address(index, address),
        }
    }

    pub(super) fn seen(&self, name: &CrateName) -> Option<Arc<Seen>> {
        reading(&self.seen).get(name).cloned()
    }

    pub(super) fn note(&self, name: &CrateName, seen: Seen) {
        let is_in_vain = seen.presence != Presence::Listed;
        let mut all = writing(&self.seen);
        all.insert(name.clone(), Arc::new(seen));
        // Looked through only once in so many of those names.
        if is_in_vain && self.seen_in_vain.fetch_add(1, Ordering::Relaxed) >= MOST_SEEN_IN_VAIN {
            self.seen_in_vain.store(0, Ordering::Relaxed);
            all.retain(|_, seen| seen.presence == Presence::Listed);
        }
    }

    /// The same, unless something is known by now.
    pub(super) fn note_first(&self, name: &CrateName, seen: Seen) {
        writing(&self.seen).entry(name.clone()).or_insert_with(|| Arc::new(seen));
    }

    /// Keeps a file at hand for a while.
    pub(super) fn hold(&self, name: &CrateName, file: &File) {
        let recent = &mut *self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.files.retain(|(held, file)| {
            let is_other = held != name;
            recent.bytes -= if is_other { 0 } else { file.bytes.len() };
            is_other
        });
        recent.bytes += file.bytes.len();
        recent.files.push_back((name.clone(), file.clone()));
        while recent.bytes > RECENT_BYTES
            && let Some((_, file)) = recent.files.pop_front()
        {
            recent.bytes -= file.bytes.len();
        }
    }

    /// A file that came a moment ago, or that is still to be written.
    pub(super) fn at_hand(&self, name: &CrateName, seen: &Seen) -> Option<File> {
        let held = || {
            let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
            recent.files.iter().find(|(held, _)| held == name).map(|(_, file)| file.clone())
        };
        seen.unwritten.clone().or_else(held)
    }

    pub(super) fn forget(&self, name: &CrateName) {
        writing(&self.seen).remove(name);
    }

    /// The registry confirmed the file of a crate: the page that was made from it is good for another while.
    pub(super) fn confirm(&self, name: &CrateName, seen: &Seen) {
        if let Some(shelved) = reading(&self.shelf).get(name)
            && Some(shelved.made_from) == seen.digest
        {
            shelved.read.store(seen.read.unix(), Ordering::Release);
            shelved.checked.store(seen.checked.unix(), Ordering::Release);
            shelved.stale_until.store(Time::EARLIEST.unix(), Ordering::Release);
        }
    }

    /// The file of a crate is on disk now.
    pub(super) fn written(&self, name: &CrateName, file: Option<&File>) {
        let mut all = writing(&self.seen);
        let Some(seen) = all.get_mut(name) else { return };
        // Meanwhile a newer one may have come.
        if seen.unwritten.as_ref().map(|file| file.digest) == file.map(|file| file.digest) {
            *seen = Arc::new(Seen { unwritten: None, ..Seen::clone(seen) });
        }
    }

    /// Since when a package is there, if that is known.
    pub(super) fn birth(&self, package: &str, now: Time) -> Option<Birth> {
        let births = reading(&self.births);
        let born = match package.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => births.get(package.to_ascii_lowercase().as_str()),
            false => births.get(package),
        };
        born.filter(|born| now <= born.until).map(|born| born.birth)
    }

    /// Takes down since when a package is there; that is believed until `until`.
    pub(super) fn note_birth(&self, name: &CrateName, birth: Birth, until: Time) {
        let is_in_vain = !matches!(birth, Birth::At(_));
        let mut all = writing(&self.births);
        all.insert(name.clone(), Born { birth, until });
        if is_in_vain && self.births_in_vain.fetch_add(1, Ordering::Relaxed) >= MOST_SEEN_IN_VAIN {
            self.births_in_vain.store(0, Ordering::Relaxed);
            all.retain(|_, born| matches!(born.birth, Birth::At(_)));
        }
    }

    pub(super) fn shelved(&self, name: &CrateName) -> Option<Arc<Shelved>> {
        reading(&self.shelf).get(name).cloned()
    }

    /// What `look` sees of a page on the shelf, without taking it down.
    pub(super) fn glance<T>(&self, name: &str, look: impl FnOnce(&Shelved) -> Option<T>) -> Option<T> {
        reading(&self.shelf).get(name).and_then(|shelved| look(shelved))
    }

    pub(super) fn shelve(&self, name: CrateName, shelved: Arc<Shelved>) {
        let mut shelf = writing(&self.shelf);
        if shelf.len() >= MOST_PAGES {
            // Half of them go, those that nobody asked for longest; each can be made again.
            let mut asked: Vec<i64> =
                shelf.values().map(|shelved| shelved.asked.load(Ordering::Relaxed)).collect();
            let middle = asked.len() / 2;
            let (_, median, _) = asked.select_nth_unstable(middle);
            let median = *median;
            let mut left = middle;
            shelf.retain(|_, shelved| {
                let asked = shelved.asked.load(Ordering::Relaxed);
                let stays = asked > median || (asked == median && left > 0);
                left = left.saturating_sub(usize::from(stays && asked == median));
                stays
            });
        }
        shelf.insert(name, shelved);
    }

    /// Has the page of a crate made again when it is asked for next.
    pub(super) fn outdate(&self, name: &CrateName) {
        if let Some(shelved) = reading(&self.shelf).get(name) {
            shelved.outdated.store(true, Ordering::Release);
        }
    }

    /// Squeezes some of the pages that are as they were made.
    pub(super) fn squeeze(&self, most: usize) {
        let is_large = |shelved: &Arc<Shelved>| shelved.size == Size::AsMade;
        let some: Vec<(CrateName, Arc<Shelved>)> = reading(&self.shelf)
            .iter()
            .filter(|(_, shelved)| is_large(shelved))
            .take(most)
            .map(|(name, shelved)| (name.clone(), Arc::clone(shelved)))
            .collect();
        for (name, before) in some {
            let squeezed = Arc::new(before.squeezed());
            // Meanwhile another page may have been made.
            if let Some(shelved) = writing(&self.shelf).get_mut(&name)
                && Arc::ptr_eq(shelved, &before)
            {
                *shelved = squeezed;
            }
        }
    }

    /// What is on the shelf, in figures.
    pub(super) fn stock(&self) -> ShelfStock {
        reading(&self.shelf).values().fold(ShelfStock::default(), |all, shelved| ShelfStock {
            crates: all.crates + 1,
            refused_releases: all.refused_releases + shelved.refused,
            page_bytes: all.page_bytes + shelved.page.gzip.len(),
        })
    }

    /// How many releases of the crates on the shelf are held: those that people are shown first. Whoever tells a number
    /// tells this one; those of older classes are counted apart.
    pub(super) fn held(&self, refused: &RefusedLately) -> usize {
        let shelf = reading(&self.shelf);
        shelf.iter().map(|(name, shelved)| self.held_of(name, shelved, refused)).sum()
    }

    /// The same of one of them.
    pub(super) fn held_of(&self, name: &CrateName, shelved: &Shelved, refused: &RefusedLately) -> usize {
        if !refused.has_any(&self.path, name) {
            return shelved.first.len();
        }
        let ranks = shelved.waiting.iter().map(|version| self.rank(name, shelved, version, refused));
        ranks.filter(|rank| *rank != Rank::Older).count()
    }

    /// How many are held beside those: the newest ones of older classes.
    pub(super) fn older(&self, refused: &RefusedLately) -> usize {
        reading(&self.shelf).iter().map(|(name, shelved)| self.older_of(name, shelved, refused)).sum()
    }

    /// The same of one crate.
    pub(super) fn older_of(&self, name: &CrateName, shelved: &Shelved, refused: &RefusedLately) -> usize {
        shelved.waiting.len() - self.held_of(name, shelved, refused)
    }

    /// How early people are shown a release that waits.
    pub(super) fn rank(
        &self,
        name: &CrateName,
        shelved: &Shelved,
        version: &Version,
        refused: &RefusedLately,
    ) -> Rank {
        Rank::of(refused.has(&self.path, name, version), shelved.first.contains(version))
    }

    /// The crates on the shelf of which a release waits.
    pub(super) fn all_waiting(&self) -> Vec<(CrateName, Arc<Shelved>)> {
        let shelf = reading(&self.shelf);
        let waiting = shelf.iter().filter(|(_, shelved)| !shelved.waiting.is_empty());
        waiting.map(|(name, shelved)| (name.clone(), Arc::clone(shelved))).collect()
    }

    /// The crates on the shelf that have `part` in their name, with how many of their releases are held and when a client asked
    /// for them last; and those of `names` that have it and are not there. A registry that is not crates.io has no known
    /// names.
    pub(super) fn crates_with(
        &self,
        part: &str,
        names: &KnownNames,
        refused: &RefusedLately,
    ) -> (Vec<(CrateName, usize, Time)>, Vec<CrateName>) {
        let shelf = reading(&self.shelf);
        let asked = shelf.iter().filter(|(name, _)| name.as_str().contains(part)).map(|(name, shelved)| {
            (name.clone(), self.held_of(name, shelved, refused), time(&shelved.asked))
        });
        let asked = asked.collect();
        let known = match self.source_of {
            SourceOf::CratesIo => names
                .listed()
                .filter(|name| name.contains(part) && !shelf.contains_key(*name))
                .filter_map(|name| name.parse().ok())
                .collect(),
            SourceOf::Other(_) => Vec::new(),
        };
        (asked, known)
    }

    /// The crates that were asked for lately, and are to be asked for again.
    pub(super) fn due(&self, now: Time, times: Times) -> Vec<CrateName> {
        let is_due = |shelved: &Shelved| {
            now - time(&shelved.asked) <= times.follow_for && now - time(&shelved.read) >= times.follow_every
        };
        let shelf = reading(&self.shelf);
        shelf.iter().filter(|(_, shelved)| is_due(shelved)).map(|(name, _)| name.clone()).collect()
    }
}

/// How many fences may write journals of their own beside the first.
const OWN_JOURNALS: usize = 16;

/// Opens the journal of a registry, or the first one beside it that nobody writes to.
fn journal(
    state: &Path,
    folder: &str,
    setup: &Setup,
) -> Result<(JournalFile, Option<Torn>, PathBuf), StartError> {
    let mut number = 1;
    loop {
        let name = if number == 1 { format!("{folder}.jsonl") } else { format!("{folder}-{number}.jsonl") };
        let path = state.join(name);
        match (JournalFile::open_on(&path, setup.cache.disk()), setup.journals) {
            (Ok((journal, torn)), _) => return Ok((journal, torn, path)),
            (Err(JournalError::InUse { .. }), Journals::OwnIfNeedBe) if number < OWN_JOURNALS => number += 1,
            (Err(error), _) => return Err(StartError::Journal(error)),
        }
    }
}

/// A name for a registry's folder and journal, which stays the same as long as the registry does.
fn folder_of(mount: &Mount) -> String {
    let place = match &mount.registry.location {
        IndexLocation::Sparse(place) | IndexLocation::Git(place) => place.clone(),
        IndexLocation::Folder(folder) | IndexLocation::Vendored(folder) => folder.display().to_string(),
    };
    format!("{}-{}", mount.path, ContentDigest::of(place.as_bytes()).short())
}

/// A name as the paths of an index have it.
pub(super) fn lower(name: &CrateName) -> CrateName {
    let lower = name.as_str().to_ascii_lowercase();
    lower.parse().unwrap_or_else(|_| name.clone())
}

// Whoever panicked while holding a lock left the map whole: each change of it is one step.
pub(super) fn reading<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn writing<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
