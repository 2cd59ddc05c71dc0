//! Looking into packages: what a judgement wants read is read in the background, once for all who want it.
//!
//! ```text
//! judgement ──> Unread ──> kept? ──> readings ──> the page is made again
//!                           └─ no ─> both packages ──> scanner, in a process of its own ──> kept ──┘
//! ```
//!
//! Who asks for a page does not wait: a release that nobody read is held meanwhile. Who asks for the bytes of one does,
//! where nothing but that holds it.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use bytes::Bytes;
use fence_client::cache::Cache;
use fence_client::readings::Shelf;
use fence_client::scanner::Packed;
use fence_client::source::Records;
use fence_model::policy::Scan;
use fence_model::readings::{Looked, Pair, Reading, Readings, Unread};
use fence_model::{CrateName, Digest, ReleaseId, Span, Time};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::Inner;
use super::downloads::Wanted;
use super::stall::{lower, reading, writing};
use crate::answer::Answer;
use crate::event::Weight;
use crate::flights::Flights;
use crate::rules::Rules;

/// Who reads a package, beside that of its base or alone.
pub type Reads = Arc<dyn Fn(Option<&Packed>, &Packed) -> Reading + Send + Sync>;

/// How long a package that could not be had is left alone.
const TRIED_AGAIN_AFTER: Span = Span::minutes(10);

/// What was read, and who reads.
pub(super) struct Looking {
    reads: Option<Reads>,
    shelf: Shelf,
    /// How packages compare with their repositories, as far as somebody looked.
    pub(super) sources: Records,
    readings: RwLock<Arc<Readings>>,
    /// How many readings there were of each crate, by name in lower case.
    editions: Mutex<HashMap<CrateName, u64>>,
    under_way: Flights<(usize, Pair), ()>,
    at_once: Semaphore,
    tried_in_vain: Mutex<HashMap<Pair, Time>>,
}

impl Looking {
    pub(super) fn new(reads: Option<Reads>, cache: &Cache, at_once: usize) -> Self {
        let shelf = Shelf::of(cache);
        Self {
            reads,
            // What asks for a reviewer counts whatever the age of a release.
            readings: RwLock::new(Arc::new(Readings::of_these(shelf.asking()))),
            editions: Mutex::default(),
            shelf,
            sources: Records::of(cache),
            under_way: Flights::default(),
            at_once: Semaphore::new(at_once),
            tried_in_vain: Mutex::default(),
        }
    }

    /// How many readings there were of a crate.
    pub(super) fn edition_of(&self, name: &CrateName) -> u64 {
        let editions = self.editions.lock().unwrap_or_else(PoisonError::into_inner);
        editions.get(name).copied().unwrap_or_default()
    }

    fn add(&self, Unread { release, pair, .. }: &Unread, found: Reading) {
        Arc::make_mut(&mut writing(&self.readings)).add(*pair, Looked::Read(found));
        let mut editions = self.editions.lock().unwrap_or_else(PoisonError::into_inner);
        *editions.entry(lower(&release.name)).or_default() += 1;
    }

    pub(super) fn is_left_alone(&self, pair: Pair, now: Time) -> bool {
        let tried = self.tried_in_vain.lock().unwrap_or_else(PoisonError::into_inner);
        tried.get(&pair).is_some_and(|at| *at <= now && now - *at < TRIED_AGAIN_AFTER)
    }

    fn tried(&self, pair: Pair, now: Time) {
        let mut tried = self.tried_in_vain.lock().unwrap_or_else(PoisonError::into_inner);
        tried.retain(|_, at| *at <= now && now - *at < TRIED_AGAIN_AFTER);
        tried.insert(pair, now);
    }
}

impl Inner {
    /// What was read of a registry's packages, as far as the rules want them read and somebody can.
    pub(super) fn readings(&self, at: usize, rules: &Rules) -> Arc<Readings> {
        let is_asked = self.looking.reads.is_some()
            && rules.policy.scan == Scan::New
            // A folder of index files has no packages.
            && !self.stalls[at].is_folder();
        if is_asked { Arc::clone(&reading(&self.looking.readings)) } else { Arc::new(Readings::NOT_ASKED) }
    }

    /// Has read what a judgement wants read: whether there is something by now that the judgement did not know. The
    /// rest is read in the background.
    pub(super) async fn look_into(self: &Arc<Self>, at: usize, unread: BTreeSet<Unread>) -> bool {
        if unread.is_empty() {
            return false;
        }
        let inner = Arc::clone(self);
        let kept = spawn_blocking(move || {
            let (mut is_news, mut left) = (false, Vec::new());
            for unread in unread {
                match inner.looking.shelf.get(unread.pair) {
                    Some(found) => {
                        inner.looking.add(&unread, found);
                        is_news = true;
                    }
                    None if inner.looking.under_way.has(&(at, unread.pair)) => {}
                    None => left.push(unread),
                }
            }
            (is_news, left)
        });
        let Ok((is_news, left)) = kept.await else { return false };
        for unread in left {
            // What is read for a fence that is gone is read for nobody.
            let inner = Arc::downgrade(self);
            self.aside.send(async move {
                if let Some(inner) = inner.upgrade() {
                    inner.read_once(at, unread).await;
                }
            });
        }
        is_news
    }

    /// Reads a release, once for all who want it, and unless that was tried in vain just now.
    pub(super) async fn read_once(self: &Arc<Self>, at: usize, unread: Unread) {
        if self.looking.is_left_alone(unread.pair, self.now()) {
            return;
        }
        let errand = || {
            let (inner, unread) = (Arc::clone(self), unread.clone());
            async move { inner.read_package(at, unread).await }
        };
        let _ = self.looking.under_way.join((at, unread.pair), errand).await;
    }

    async fn read_package(self: Arc<Self>, at: usize, unread: Unread) {
        let Ok(_permit) = self.looking.at_once.acquire().await else { return };
        let Some(reads) = self.looking.reads.clone() else { return };
        let pair = unread.pair;
        let packages = async {
            let new = self.package(at, unread.release.clone(), pair.release).await?;
            let old = match unread.base_release() {
                Some((base, digest)) => Some(self.package(at, base, digest).await?),
                None => None,
            };
            Ok::<_, Answer>((old, new))
        };
        let Ok((old, new)) = packages.await else {
            // Why was told where it went wrong.
            return self.looking.tried(pair, self.now());
        };
        let inner = Arc::clone(&self);
        let read = spawn_blocking(move || {
            let packed = |bytes: Bytes| Packed::Crate(bytes.into());
            let (old, new) = (old.map(packed), packed(new));
            let found = reads(old.as_ref(), &new);
            if let Err(why) = inner.looking.shelf.put(pair, &found) {
                inner.tell(Weight::Warning, "cache", Vec::new(), why);
            }
            found
        });
        let Ok(found) = read.await else { return self.looking.tried(pair, self.now()) };
        self.tell_of_reading(at, &unread, &found);
        if found.incomplete {
            // It counts as found meanwhile.
            self.looking.tried(pair, self.now());
        }
        self.looking.add(&unread, found);
        let stall = &self.stalls[at];
        stall.outdate(&lower(&unread.release.name));
        // What was judged for readers rests on what was read.
        stall.forget_admitted();
    }

    pub(super) async fn package(
        self: &Arc<Self>,
        at: usize,
        ReleaseId { name, version }: ReleaseId,
        digest: Digest,
    ) -> Result<Bytes, Answer> {
        let wanted = Wanted { name, version, digest };
        Arc::clone(self).bytes_of(at, wanted).await
    }

    fn tell_of_reading(&self, at: usize, Unread { release, base, .. }: &Unread, found: &Reading) {
        let beside = base.as_ref().map_or_else(String::new, |base| format!(" beside {base}"));
        let grave = found.capabilities.len() + found.findings.len();
        let words = match grave {
            0 => format!("read {release}{beside}"),
            count => format!("read {release}{beside}: {count} new capabilities and findings"),
        };
        let about = format!("{}/{}", self.stalls[at].path, release.name);
        self.tell(Weight::Note, "read", vec![("about", about)], words);
    }
}
