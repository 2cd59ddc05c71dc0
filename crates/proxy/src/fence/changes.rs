//! What a release changes, for who reads it: both packages are fetched and compared where a scanner is shut in, once for
//! all who ask.
//!
//! ```text
//! page ──> kept? ──> shown
//!           └─ no ─> under way, one at a time ──> both packages ──> scanner ──> kept
//!                     └─ longer than a reader waits ──> "it is being read", and the page asks again
//! ```
//!
//! No request of cargo's comes by here, and none waits for what is done here: readers have a place of their own to read in,
//! and there are bounds on how many wait for it and on how much of what was read is kept.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use fence_client::scanner::{FAILED, Packed};
use fence_model::{CrateName, Digest, ReleaseId, Span, Time};
use fence_scan::reading::Reading;
use semver::Version;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::Inner;
use super::reading::Judged;
use super::stall::lower;
use crate::answer::{About, Answer, Change, Layout};
use crate::change::Shown;
use crate::flights::Flights;
use crate::judgement::{Beside, Case, Known, Lacking};
use crate::pages::{self, Changed, Reviewed, State};

/// Who compares two packages, and takes the text of what changed.
pub type Compares = Arc<dyn Fn(&Packed, &Packed) -> Reading + Send + Sync>;

/// How long a reader waits for a change before the page says that it is being read.
pub(super) const READER_WAITS: Duration = Duration::from_millis(1500);

/// How many changes are read at a time. A scanner has a core for itself for some seconds, and builds come first.
const AT_ONCE: usize = 1;

/// How many may wait for that. Whoever comes then is told to come back.
const WAITING: usize = 8;

/// Bytes of what is kept for readers, as [`Shown`] counts them: at least eight of the longest, and hundreds of usual ones.
const KEPT_BYTES: usize = 32 << 20;

/// How many are kept whatever they take.
const MOST_KEPT: usize = 256;

/// For how long what could not be had is left alone.
const FAILED_FOR: Span = Span::minutes(1);

/// How many that could not be had are remembered.
const FAILED_KEPT: usize = 64;

/// The bytes of two packages: a release, and what it is compared with, if anything.
type Pair = (Digest, Option<Digest>);

/// What was read, and who reads.
pub(super) struct Changes {
    compares: Option<Compares>,
    kept: Mutex<Kept>,
    under_way: Flights<(usize, Pair), Outcome>,
    at_once: Semaphore,
    waiting: Arc<Semaphore>,
}

/// What comes of reading a change.
type Outcome = Result<Arc<Shown>, Arc<str>>;

/// How far a change is.
enum Progress {
    Read(Arc<Shown>),
    Failed(Arc<str>),
    UnderWay,
}

/// A release to compare with another.
#[derive(Clone)]
struct Compared {
    new: (ReleaseId, Digest),
    /// None where there is nothing to compare with.
    old: Option<(ReleaseId, Digest)>,
}

impl Compared {
    fn pair(&self) -> Pair {
        (self.new.1, self.old.as_ref().map(|(_, digest)| *digest))
    }
}

/// The latest changes that were read, and what could not be.
#[derive(Default)]
struct Kept {
    /// The one that was asked for last is the last.
    shown: VecDeque<(Pair, Arc<Shown>)>,
    bytes: usize,
    failed: BTreeMap<Pair, (Time, Arc<str>)>,
}

impl Kept {
    fn get(&mut self, pair: Pair) -> Option<Arc<Shown>> {
        let at = self.shown.iter().position(|(of, _)| *of == pair)?;
        let found = self.shown.remove(at)?;
        let shown = Arc::clone(&found.1);
        self.shown.push_back(found);
        Some(shown)
    }

    /// Keeps one, the latest whatever it takes, and lets go of the oldest beyond `most` bytes.
    fn put(&mut self, pair: Pair, shown: Arc<Shown>, most: usize) {
        self.failed.remove(&pair);
        self.shown.retain(|(of, _)| *of != pair);
        self.shown.push_back((pair, shown));
        self.bytes = self.shown.iter().map(|(_, shown)| shown.bytes).sum();
        while (self.bytes > most || self.shown.len() > MOST_KEPT) && self.shown.len() > 1 {
            self.bytes -= self.shown.pop_front().map_or(0, |(_, shown)| shown.bytes);
        }
    }

    fn fail(&mut self, pair: Pair, why: Arc<str>, now: Time) {
        if self.failed.len() >= FAILED_KEPT {
            self.failed.clear();
        }
        self.failed.insert(pair, (now, why));
    }

    fn failed(&self, pair: Pair, now: Time) -> Option<Arc<str>> {
        let (at, why) = self.failed.get(&pair)?;
        (*at <= now && now - *at <= FAILED_FOR).then(|| Arc::clone(why))
    }
}

impl Changes {
    pub(super) fn new(compares: Option<Compares>) -> Self {
        Self {
            compares,
            kept: Mutex::default(),
            under_way: Flights::default(),
            at_once: Semaphore::new(AT_ONCE),
            waiting: Arc::new(Semaphore::new(WAITING)),
        }
    }

    fn kept<T>(&self, look: impl FnOnce(&mut Kept) -> T) -> T {
        look(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Inner {
    /// What the page of a release tells of its change; nothing where nobody could read it.
    pub(super) fn reviewed(&self, at: usize, judged: &Judged) -> Option<Reviewed> {
        let release = &judged.decision().release;
        let digest = judged.decision().digest.filter(|_| self.why_nobody_reads(at).is_none())?;
        let beside = judged.beside();
        let pair = (digest, beside.as_ref().ok().map(|beside| beside.digest));
        Some(Reviewed {
            page: Change {
                registry: self.stalls[at].path.clone(),
                name: release.name.clone(),
                version: release.version.clone(),
                from: None,
                layout: Layout::Inline,
            },
            beside: beside.clone().map(|beside| (beside.version, beside.why)),
            shown: self.changes.kept(|kept| kept.get(pair)),
        })
    }

    /// The page of a change.
    pub(super) async fn change_page(self: Arc<Self>, at: usize, asked: Change) -> Answer {
        let (judged, _) = match self.judged_for_reader(at, &asked.name, &asked.version).await {
            Ok(judged) => judged,
            Err(answer) => return answer,
        };
        let name = judged.decision().release.name.clone();
        // As the crate spells itself.
        let asked = Change { name: name.clone(), ..asked };
        let beside = match &asked.from {
            None => judged.beside().clone(),
            Some(from) => match self.asked_for(at, &name, from).await {
                Some(beside) => Ok(beside),
                None => {
                    let registry = &self.stalls[at].source.registry().name;
                    return self
                        .nothing(&format!("{registry} has no release {name} {from} to compare with."));
                }
            },
        };
        let of = |version: &Version| ReleaseId { name: name.clone(), version: version.clone() };
        let old = beside.as_ref().ok().map(|beside| (of(&beside.version), beside.digest));
        let progress = match (self.why_nobody_reads(at), judged.decision().digest) {
            (Some(why), _) => Progress::Failed(why.into()),
            (None, None) => Progress::Failed("the index shows no package of it".into()),
            (None, Some(digest)) => {
                let compared = Compared { new: (of(&asked.version), digest), old };
                self.change_of(at, compared).await
            }
        };
        let beside = beside.map(|beside| (beside.version, beside.why));
        let frame = self.frame();
        let written = spawn_blocking(move || {
            let (state, about) = match &progress {
                Progress::Read(shown) => (State::Read(shown), About::Something),
                Progress::UnderWay => (State::UnderWay, About::UnderWay),
                Progress::Failed(why) => (State::Failed(why), About::Unknown),
            };
            (pages::change(&Changed { frame, asked: &asked, beside, state }), about)
        });
        match written.await {
            Ok((page, about)) => Answer::Page { html: page.into(), about },
            Err(_) => self.nobody_can_tell("the page cannot be written", &super::asking::Trouble::Lost),
        }
    }

    /// Why nobody reads the packages of a registry.
    fn why_nobody_reads(&self, at: usize) -> Option<&'static str> {
        if self.changes.compares.is_none() {
            return Some("this fence reads no packages");
        }
        self.stalls[at]
            .is_folder()
            .then_some("its registry is a folder of index files, which has no packages")
    }

    /// The release that somebody wants a comparison with; none where the index does not show it.
    async fn asked_for(self: &Arc<Self>, at: usize, name: &CrateName, from: &Version) -> Option<Beside> {
        let now = self.now();
        let subject = lower(name);
        let crates: BTreeMap<CrateName, Known> = self.known(at, &subject, None, now).await.ok()?;
        let from = from.clone();
        let find = move |case: &Case<'_>| (case.as_asked(&subject, &from), Lacking::default());
        self.with_all(at, crates, now, find).await.ok()?.0
    }

    /// A change as far as it is: read, or waited for as long as a reader waits.
    async fn change_of(self: &Arc<Self>, at: usize, compared: Compared) -> Progress {
        let (pair, now) = (compared.pair(), self.now());
        let (shown, failed) = self.changes.kept(|kept| (kept.get(pair), kept.failed(pair, now)));
        match (shown, failed) {
            (Some(shown), _) => return Progress::Read(shown),
            (None, Some(why)) => return Progress::Failed(why),
            (None, None) => {}
        }
        let place = match self.changes.under_way.has(&(at, pair)) {
            true => None,
            false => match Arc::clone(&self.changes.waiting).try_acquire_owned() {
                Ok(place) => Some(place),
                Err(_) => {
                    return Progress::Failed("too many changes are being read; come back in a minute".into());
                }
            },
        };
        let errand = || {
            let inner = Arc::clone(self);
            async move {
                let read = inner.read_change(at, compared).await;
                drop(place);
                read
            }
        };
        let read = self.changes.under_way.join((at, pair), errand);
        match tokio::time::timeout(self.times.reader_waits, read).await {
            Ok(Some(Ok(shown))) => Progress::Read(shown),
            Ok(Some(Err(why))) => Progress::Failed(why),
            Ok(None) => Progress::Failed("the fence failed in the middle of it; report this as a bug".into()),
            Err(_) => Progress::UnderWay,
        }
    }

    /// Fetches both packages, has them compared, and keeps what a page shows of it.
    async fn read_change(self: Arc<Self>, at: usize, compared: Compared) -> Outcome {
        let pair = compared.pair();
        let read = self.compare(at, compared).await.map_err(Arc::from);
        let now = self.now();
        self.changes.kept(|kept| match &read {
            Ok(shown) => kept.put(pair, Arc::clone(shown), KEPT_BYTES),
            Err(why) => kept.fail(pair, Arc::clone(why), now),
        });
        read
    }

    async fn compare(
        self: &Arc<Self>,
        at: usize,
        Compared { new, old }: Compared,
    ) -> Result<Arc<Shown>, String> {
        let lost = || "the fence stops".to_owned();
        let compares = self.changes.compares.clone().ok_or_else(lost)?;
        let _permit = self.changes.at_once.acquire().await.map_err(|_| lost())?;
        let package = async |(release, digest): (ReleaseId, Digest)| {
            self.package(at, release, digest).await.map_err(|answer| why(&answer))
        };
        let new = package(new).await?;
        let old = match old {
            Some(old) => Some(package(old).await?),
            None => None,
        };
        let read = spawn_blocking(move || {
            let packed = |bytes: Bytes| Packed::Crate(bytes.into());
            let old = old.map_or_else(|| Packed::Files(Vec::new()), packed);
            let reading = compares(&old, &packed(new));
            let failed = reading.comparison.findings.iter().find(|finding| finding.code == FAILED);
            match failed {
                Some(failed) => Err(failed.reason.clone()),
                None => Ok(Arc::new(Shown::of(reading))),
            }
        });
        read.await.unwrap_or_else(|_| Err("the scanner failed in the middle of it".to_owned()))
    }
}

/// Why there is no package, in a line.
fn why(answer: &Answer) -> String {
    let why = match answer {
        Answer::Absent(why) | Answer::Refused(why) | Answer::Unavailable { why, .. } => why.as_str(),
        _ => "its package cannot be had",
    };
    why.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_has_a_bound_and_what_was_read_last_stays() {
        let (mut kept, pair) = (Kept::default(), |n: u8| (Digest([n; 32]), None));
        let of = |bytes: usize| Arc::new(Shown::of_bytes(bytes));
        (1..=4).for_each(|n| kept.put(pair(n), of(10), 40));
        assert!(kept.get(pair(1)).is_some(), "all have room");
        kept.put(pair(5), of(15), 40);
        let is_there: Vec<bool> = (1..=5).map(|n| kept.get(pair(n)).is_some()).collect();
        assert_eq!(is_there, [true, false, false, true, true], "those go that nobody read for longest");
        kept.put(pair(6), of(100), 40);
        assert!(
            kept.get(pair(6)).is_some() && kept.shown.len() == 1,
            "the latest is there whatever it takes"
        );
    }

    #[test]
    fn what_failed_is_tried_again_after_a_while() {
        let (mut kept, pair, now) = (Kept::default(), (Digest([1; 32]), None), Time::from_unix(1_000_000));
        kept.fail(pair, "no".into(), now);
        assert!(kept.failed(pair, now + FAILED_FOR).is_some());
        assert!(kept.failed(pair, now + FAILED_FOR + Span::seconds(1)).is_none());
    }
}
