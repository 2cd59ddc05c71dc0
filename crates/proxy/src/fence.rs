//! The fence itself: who answers cargo.
//!
//! The way of a request for an index file:
//!
//! 1. [`Answers::at_hand`]: the page lies in memory, the registry confirmed it lately, and nothing that it rests on has
//!    changed since: rules, evidence, the passing of a wait. Nearly all requests end here.
//! 2. `asking`: otherwise the registry is asked (once for all who wait), what it says is written into the journal and
//!    kept; if it is slow, wrong or down, what it said last is taken, and marked stale.
//! 3. `pages`: the crate is judged, what its judgement lacks is brought, and the page is made.
//!
//! What people read (`reading`) is judged in the same way, and becomes HTML in `crate::pages`; what a release changes
//! (`changes`) is read for them alone.
//!
//! A request for a package (`downloads`) is decided anew, its neighbours considered, and its bytes are compared with
//! their digest before the first of them is sent.

mod asking;
mod changes;
mod downloads;
mod looking;
mod pages;
mod reading;
mod stall;
mod status;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::Duration;

use bytes::Bytes;
use fence_client::cache::Cache;
use fence_client::cargo_config::{CargoConfig, Registry};
use fence_client::gather::{About, Evidence, GatherError, Problem, Refresh, Request};
use fence_client::http::Network;
use fence_client::journal::JournalError;
use fence_client::progress::Silent;
use fence_client::project::ProjectError;
use fence_model::look_alike::KnownNames;
use fence_model::{Code, CrateName, Span, Time};
use fence_registry::config::RegistryConfig;
use fence_registry::lockfile::{Lockfile, LockfileVersion};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet, spawn_blocking};

use self::asking::Trouble;
pub use self::changes::Compares;
use self::changes::{Changes, READER_WAITS};
use self::downloads::Wanted;
use self::looking::Looking;
pub use self::looking::Reads;
use self::pages::Paged;
use self::reading::Remembered;
use self::stall::{Stall, reading, time, writing};
pub use self::status::{FeedStatus, Held, Refusal, RegistryStatus, Status};
use crate::alarms::{Alarm, AlarmKind, Alarms, Heard};
use crate::answer::{Answer, Answers, Ask, Figure, InTime, IndexPage, View, download_template};
use crate::event::{Event, Log, Weight};
use crate::flights::{Aside, Flights};
use crate::judgement::Chronicle;
use crate::packages::Packages;
use crate::rules::{Looked, Rulebook, RulesOf};

/// What time it is.
pub type Clock = Arc<dyn Fn() -> Time + Send + Sync>;

/// What a fence is made of.
pub struct Setup {
    /// The registries in front of which it stands.
    pub mounts: Vec<Mount>,
    /// Whose policy counts.
    pub rules: RulesOf,
    /// What cargo is told: for feeds and for crates.io.
    pub cargo: CargoConfig,
    /// Feeds by name that are read from this machine instead.
    pub feeds: Vec<(String, PathBuf)>,
    /// Whether the network may be asked.
    pub network: Network,
    /// Where things are kept that can be made again.
    pub cache: Cache,
    /// The folder of the journals, which cannot.
    pub state: PathBuf,
    /// What if another fence writes to a journal.
    pub journals: Journals,
    /// The address under which clients reach it, without a slash at the end.
    pub base: String,
    /// For how long it stands.
    pub term: Term,
    /// Whether clients have to show a token.
    pub tokens: Tokens,
    /// What time it is.
    pub clock: Clock,
    /// Who hears of what happens.
    pub log: Arc<dyn Log>,
    /// What went wrong with feeds, in words.
    pub words: fn(&[Problem]) -> Vec<String>,
    /// What a code means, in paragraphs of Markdown, for who reads its page.
    pub explain: fn(Code) -> &'static str,
    /// Who reads packages; none where nobody does.
    pub reads: Option<Reads>,
    /// Who compares packages for people; none where nobody does.
    pub compares: Option<Compares>,
    /// How patient it is.
    pub times: Times,
}

/// For how long a fence stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term {
    /// Until somebody stops it: its pages can be looked at.
    Open,
    /// For one command of cargo's, and it is gone afterwards.
    OneCommand,
}

/// What a fence does if another one writes to the journal of a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Journals {
    /// It does not start.
    Shared,
    /// It writes one of its own, and knows no more than that tells.
    OwnIfNeedBe,
}

/// Whether clients have to show a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tokens {
    /// Anybody may ask.
    None,
    /// Who asks has to show one.
    Required,
}

/// One registry in front of which a fence stands.
#[derive(Debug, Clone)]
pub struct Mount {
    /// The folder of the fence's address under which it is reached: `crates-io`.
    pub path: String,
    /// The registry.
    pub registry: Registry,
    /// How lockfiles write its index address; none for crates.io.
    pub index: Option<String>,
}

/// How patient a fence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// How long what a registry said is good without asking again.
    pub fresh_for: Span,
    /// How long a client waits for a registry before it gets what that said last.
    pub patience: Duration,
    /// How long a reader waits for a change that nobody read yet, before the page says that it is being read.
    pub reader_waits: Duration,
    /// How long a registry that failed is left alone, for each crate.
    pub leave_alone: Span,
    /// How often the feeds are asked: what they revoke is refused within that, and a little.
    pub feeds_every: Duration,
    /// How often crates that were asked for are looked at again in the background.
    pub follow_every: Span,
    /// For how long after they were asked for.
    pub follow_for: Span,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            fresh_for: Span::minutes(1),
            patience: Duration::from_secs(5),
            reader_waits: READER_WAITS,
            leave_alone: Span::seconds(10),
            feeds_every: Duration::from_secs(40),
            follow_every: Span::minutes(10),
            follow_for: Span::days(1),
        }
    }
}

/// How many requests go to registries at a time; each has its part, so that one that does not answer holds up nobody who
/// asks another.
const ASKED_AT_ONCE: usize = 24;

/// How many packages are read at a time.
const READ_AT_ONCE: usize = 8;

/// How many requests go to a registry at a time, however many there are.
const ASKED_AT_LEAST: usize = 2;

/// How many crates are followed at a time, beside those that somebody waits for.
const FOLLOWED_AT_ONCE: usize = 4;

/// How many pages are squeezed in a second: some milliseconds of one core.
const SQUEEZED_AT_ONCE: usize = 100;

/// How many refused downloads the status shows.
const REFUSALS_SHOWN: usize = 100;

/// Why there is no fence.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The rules cannot be read.
    #[error("{0}")]
    Rules(ProjectError),
    /// The feeds cannot be read at all.
    #[error("{0}")]
    Evidence(GatherError),
    /// A feed that speaks against releases was never read, so nothing can be decided.
    #[error("{feed} was never read, so nothing can be decided: {why}")]
    NeverRead {
        /// The feed.
        feed: String,
        /// Why.
        why: String,
    },
    /// A journal cannot be opened.
    #[error("{0}")]
    Journal(JournalError),
    /// The machine has no room for another thread.
    #[error("no thread can be started: {0}")]
    Thread(std::io::Error),
}

/// Who answers cargo. Clones are the same fence.
#[derive(Clone)]
pub struct Fence(Arc<Inner>);

/// What counts up when what everything rests on changes: the rules, the evidence.
type Editions = (u64, u64);

struct Inner {
    /// Since when it stands.
    since: Time,
    stalls: Vec<Stall>,
    rulebook: Rulebook,
    evidence: RwLock<Arc<Evidence>>,
    evidence_edition: AtomicU64,
    /// The edition of the rules for which it was read.
    read_for: AtomicU64,
    renewing: Mutex<()>,
    /// Up to when all feeds that speak against releases do.
    spoken: AtomicI64,
    /// What was told of the feeds last: it is told once.
    told: Mutex<BTreeSet<String>>,
    names: KnownNames,
    cargo: CargoConfig,
    feeds: Vec<(String, PathBuf)>,
    network: Network,
    looking: Looking,
    changes: Changes,
    cache: Cache,
    packages: Packages,
    base: String,
    term: Term,
    tokens: Tokens,
    clock: Clock,
    log: Arc<dyn Log>,
    words: fn(&[Problem]) -> Vec<String>,
    explain: fn(Code) -> &'static str,
    times: Times,
    alarms: Alarms,
    refusals: Mutex<Vec<Refusal>>,
    judged_at_once: Semaphore,
    followed_at_once: Semaphore,
    /// Registries that are asked what they say of themselves.
    introducing: Flights<usize, Result<Option<RegistryConfig>, Trouble>>,
    /// Feeds that are read, for rules that have changed.
    reading_feeds: Flights<(), bool>,
    /// The status that is made.
    telling: Flights<(), Bytes>,
    /// Registries that are asked for a crate.
    asking_for: Flights<(usize, CrateName), Result<(), Trouble>>,
    /// Pages that are made.
    making: Flights<(usize, CrateName), Result<Paged, Trouble>>,
    /// Packages that are fetched. Not by digest: what one registry does not have, or does not send, is another's to send.
    fetching: Flights<(usize, Wanted), Result<Bytes, Answer>>,
    /// What somebody read about.
    remembered_releases: Remembered<reading::Place, reading::Judged>,
    remembered_crates: Remembered<(usize, CrateName), Arc<Chronicle>>,
    background: Mutex<Vec<JoinHandle<()>>>,
    /// What is read though nobody waits for it.
    aside: Aside,
    /// What is written to disk and nobody waits for.
    writing: Mutex<Vec<JoinHandle<()>>>,
    runtime: Handle,
}

impl Fence {
    /// Reads rules, evidence and journals. Call it where a runtime runs; [`Fence::start`] begins the work in the
    /// background.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn build(setup: Setup) -> Result<Self, StartError> {
        let now = (setup.clock)();
        let rulebook = Rulebook::read(setup.rules.clone(), now).map_err(StartError::Rules)?;
        let mut stalls = Vec::with_capacity(setup.mounts.len());
        for mount in setup.mounts.clone() {
            stalls.push(Stall::open(mount, &setup, now)?);
        }
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let inner = Inner {
            since: now,
            stalls,
            rulebook,
            evidence: RwLock::default(),
            evidence_edition: AtomicU64::new(0),
            read_for: AtomicU64::new(0),
            renewing: Mutex::default(),
            reading_feeds: Flights::default(),
            telling: Flights::default(),
            spoken: AtomicI64::new(Time::LATEST.unix()),
            told: Mutex::default(),
            names: KnownNames::shipped(),
            cargo: setup.cargo,
            feeds: setup.feeds,
            network: setup.network,
            packages: Packages::of(&setup.cache),
            looking: Looking::new(setup.reads, &setup.cache, cores.min(READ_AT_ONCE)),
            changes: Changes::new(setup.compares),
            cache: setup.cache,
            base: setup.base,
            term: setup.term,
            tokens: setup.tokens,
            clock: setup.clock,
            log: setup.log,
            words: setup.words,
            explain: setup.explain,
            times: setup.times,
            alarms: Alarms::default(),
            refusals: Mutex::default(),
            judged_at_once: Semaphore::new(cores),
            followed_at_once: Semaphore::new(FOLLOWED_AT_ONCE),
            introducing: Flights::default(),
            asking_for: Flights::default(),
            making: Flights::default(),
            fetching: Flights::default(),
            remembered_releases: Remembered::default(),
            remembered_crates: Remembered::default(),
            background: Mutex::default(),
            aside: Aside::default(),
            writing: Mutex::default(),
            runtime: Handle::current(),
        };
        let fence = Self(Arc::new(inner));
        fence.renew_evidence(Refresh::Old).await.map_err(StartError::Evidence)?;
        match fence.0.never_read() {
            None => Ok(fence),
            Some(feed) => {
                let words = (fence.0.words)(fence.0.evidence().problems());
                Err(StartError::NeverRead { feed, why: words.join("; ") })
            }
        }
    }

    /// Begins the work in the background: feeds are asked again and again, crates that were asked for are followed,
    /// journals are kept short. It ends with the fence.
    pub fn start(&self) {
        let times = self.0.times;
        let mut work = self.0.background.lock().unwrap_or_else(PoisonError::into_inner);
        work.push(every(times.feeds_every, &self.0, |fence| async move {
            // What went wrong is told where it went wrong.
            let _ = fence.renew_evidence(Refresh::All).await;
        }));
        let look = Duration::from_secs(5);
        work.push(every(look, &self.0, |fence| async move { fence.follow().await }));
        work.push(every(Duration::from_secs(1), &self.0, |fence| async move { fence.squeeze().await }));
        work.push(every(Duration::from_secs(3600), &self.0, |fence| async move { fence.compact().await }));
    }

    /// Waits until what was handed out is on disk, so that it need not be fetched again.
    pub async fn rest(&self) {
        let writing = std::mem::take(&mut *self.0.writing.lock().unwrap_or_else(PoisonError::into_inner));
        for write in writing {
            // A write that failed was told of.
            let _ = write.await;
        }
    }

    /// Waits until what nobody waits for is done: packages that are read.
    pub async fn idle(&self) {
        self.0.aside.rest().await;
    }

    /// Reads the feeds again.
    ///
    /// # Errors
    /// [`GatherError`]: nothing could be read at all; what was known stays in force.
    pub async fn renew_evidence(&self, refresh: Refresh) -> Result<(), GatherError> {
        let inner = Arc::clone(&self.0);
        let lost = || GatherError::Snapshot(fence_client::snapshot::SnapshotError::Foreign);
        spawn_blocking(move || inner.renew_evidence(refresh)).await.unwrap_or_else(|_| Err(lost()))
    }

    /// Asks again for the crates that were asked for lately, as far as it is time.
    pub async fn follow(&self) {
        let now = self.0.now();
        let mut under_way = JoinSet::new();
        for (at, stall) in self.0.stalls.iter().enumerate() {
            for name in stall.due(now, self.0.times) {
                let fence = self.clone();
                under_way.spawn(async move {
                    let Ok(_permit) = fence.0.followed_at_once.acquire().await else { return };
                    // Where the file is another one the page is made again before somebody asks.
                    if fence.0.refreshed(at, &name).await.is_ok() {
                        let _ = fence.0.page(at, &name).await;
                    }
                });
            }
        }
        while under_way.join_next().await.is_some() {}
    }

    /// What the fence says of itself.
    pub async fn status(&self) -> Status {
        Arc::clone(&self.0).status().await
    }

    /// Squeezes some of the pages in memory, so few that nobody notices.
    pub async fn squeeze(&self) {
        let inner = Arc::clone(&self.0);
        let squeeze = move || inner.stalls.iter().for_each(|stall| stall.squeeze(SQUEEZED_AT_ONCE));
        // The pages are as good as before where that fails.
        let _ = spawn_blocking(squeeze).await;
    }

    /// Shortens the journals where much of them is worthless by now.
    pub async fn compact(&self) {
        for stall in &self.0.stalls {
            if let Err(error) = stall.scribe.compact().await {
                self.0.alarm(
                    AlarmKind::Journal,
                    &stall.path,
                    format!("the journal cannot be shortened: {error}"),
                );
            }
        }
    }
}

/// Does `work` for a fence again and again, as long as there is one.
fn every<F>(
    period: Duration,
    fence: &Arc<Inner>,
    work: impl Fn(Fence) -> F + Send + 'static,
) -> JoinHandle<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let fence: Weak<Inner> = Arc::downgrade(fence);
    tokio::spawn(async move {
        let mut clock = tokio::time::interval(period);
        clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        clock.tick().await;
        loop {
            clock.tick().await;
            let Some(fence) = fence.upgrade() else { return };
            work(Fence(fence)).await;
        }
    })
}

impl Drop for Inner {
    fn drop(&mut self) {
        let background = self.background.get_mut().unwrap_or_else(PoisonError::into_inner);
        background.iter().for_each(JoinHandle::abort);
    }
}

impl Inner {
    fn now(&self) -> Time {
        (self.clock)()
    }

    fn evidence(&self) -> Arc<Evidence> {
        Arc::clone(&reading(&self.evidence))
    }

    /// What everything that is judged rests on, beside the registry's own word.
    fn editions(&self) -> Editions {
        (self.rulebook.edition(), self.evidence_edition.load(Ordering::Acquire))
    }

    /// Up to when all feeds speak.
    fn spoken(&self) -> Time {
        time(&self.spoken)
    }

    fn tell(&self, weight: Weight, what: &'static str, fields: Vec<(&'static str, String)>, words: String) {
        self.log.tell(&Event { at: self.now(), weight, what, fields, words });
    }

    fn alarm(&self, kind: AlarmKind, about: &str, words: String) {
        let at = self.now();
        self.raise(Alarm { kind, since: at, at, about: about.to_owned(), words });
    }

    fn raise(&self, alarm: Alarm) {
        if self.alarms.raise(alarm.clone()) == Heard::New {
            self.tell(Weight::Alarm, alarm.kind.as_str(), vec![("about", alarm.about)], alarm.words);
        }
    }

    /// Does what nobody waits for; [`Fence::rest`] does.
    fn in_background(&self, work: impl FnOnce() + Send + 'static) {
        let work = self.runtime.spawn_blocking(work);
        let mut writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        writing.retain(|work| !work.is_finished());
        writing.push(work);
    }

    /// A feed that speaks against releases and was never read.
    fn never_read(&self) -> Option<String> {
        let evidence = self.evidence();
        let adverse = evidence.adverse(self.now()).into_iter();
        adverse.filter(|feed| feed.as_of.is_none()).map(|feed| feed.name).next()
    }

    fn renew_evidence(&self, refresh: Refresh) -> Result<(), GatherError> {
        // One at a time, so that none that began under an earlier policy takes the place of a later one.
        let _one = self.renewing.lock().unwrap_or_else(PoisonError::into_inner);
        let rules = self.rulebook.in_force();
        let (now, folder) = (self.now(), self.rulebook.folder());
        let lockfile = Lockfile { version: LockfileVersion::V4, packages: Vec::new() };
        let read_now = Evidence::read(&Request {
            lockfile: &lockfile,
            about: About::Project,
            policy: &rules.policy,
            root: &folder,
            cargo: &self.cargo,
            index: None,
            feeds: &self.feeds,
            refresh,
            network: &self.network,
            cache: &self.cache,
            now,
            clock: now,
            journal: None,
            progress: &Silent,
        });
        let evidence = match read_now {
            Ok(evidence) => evidence,
            Err(error) => {
                self.tell(Weight::Warning, "feeds-unread", Vec::new(), error.to_string());
                // There is nothing better to judge by; the next time comes soon.
                self.read_for.store(rules.edition, Ordering::Release);
                return Err(error);
            }
        };
        let is_same = evidence.identity()? == self.evidence().identity()?;
        let words: BTreeSet<String> = (self.words)(evidence.problems()).into_iter().collect();
        let told =
            std::mem::replace(&mut *self.told.lock().unwrap_or_else(PoisonError::into_inner), words.clone());
        for words in words.difference(&told) {
            self.tell(Weight::Warning, "feed", Vec::new(), words.clone());
        }
        let adverse = evidence.adverse(Time::LATEST).into_iter();
        let spoken = adverse.map(|feed| feed.as_of.unwrap_or(Time::EARLIEST)).min();
        *writing(&self.evidence) = Arc::new(evidence);
        self.read_for.store(rules.edition, Ordering::Release);
        self.spoken.store(spoken.unwrap_or(Time::LATEST).unix(), Ordering::Release);
        if !is_same {
            let edition = self.evidence_edition.fetch_add(1, Ordering::AcqRel) + 1;
            // What a fence begins with is new to nobody.
            if edition > 1 {
                let fields = vec![("edition", edition.to_string())];
                self.tell(Weight::Note, "feeds-changed", fields, "the feeds have something new".to_owned());
            }
        }
        Ok(())
    }

    /// Puts changed rules in force.
    fn look_at_rules(self: &Arc<Self>) {
        match self.rulebook.look(self.now()) {
            Looked::Unchanged => {}
            Looked::Changed => {
                self.tell(Weight::Note, "rules-changed", Vec::new(), "another policy is in force".to_owned());
            }
            Looked::Wrong(why) => {
                let words = format!("the policy as it is now is not in force: {why}");
                self.tell(Weight::Alarm, "rules-wrong", Vec::new(), words);
            }
        }
    }
}

impl Inner {
    /// Whether the evidence is what the rules in force ask for.
    fn has_evidence(&self) -> bool {
        self.read_for.load(Ordering::Acquire) == self.rulebook.edition()
    }

    /// Reads the feeds that the rules in force ask for, if that was not done: whom they do not trust any more has no say
    /// in the next answer.
    async fn with_evidence(self: &Arc<Self>) {
        if !self.has_evidence() {
            let inner = Arc::clone(self);
            let errand = || async move { Fence(inner).renew_evidence(Refresh::Old).await.is_ok() };
            // What went wrong was told.
            let _ = self.reading_feeds.join((), errand).await;
        }
    }
}

impl Answers for Fence {
    fn at_hand(&self, ask: &Ask) -> Option<Answer> {
        let inner = &self.0;
        inner.look_at_rules();
        if let Ask::Asset(asset) = ask {
            return Some(Answer::Asset(*asset));
        }
        if !inner.has_evidence() {
            return None;
        }
        let Ask::Index { registry, name } = ask else { return None };
        let stall = inner.stalls.iter().find(|stall| stall.path == *registry)?;
        let (now, editions) = (inner.now(), inner.editions());
        stall.glance(name.as_str(), |shelved| {
            if !shelved.stands(editions, inner.spoken(), now) {
                return None;
            }
            let read = time(&shelved.read);
            let page = if read <= now && now - read <= inner.times.fresh_for {
                Arc::clone(&shelved.page)
            } else if shelved.is_left_alone(now, inner.times.leave_alone) {
                Arc::new(IndexPage { view: View::Stale, ..IndexPage::clone(&shelved.page) })
            } else {
                return None;
            };
            shelved.asked.store(now.unix(), Ordering::Release);
            Some(Answer::Index(page))
        })
    }

    fn in_time(&self, ask: Ask) -> InTime {
        let inner = Arc::clone(&self.0);
        Box::pin(async move {
            inner.with_evidence().await;
            match ask {
                Ask::Status => {
                    let told = Arc::clone(&inner);
                    let errand = || async move { json(&told.status().await) };
                    Answer::Json(inner.telling.join((), errand).await.unwrap_or_default())
                }
                Ask::Page(page) => inner.read(page).await,
                Ask::Asset(asset) => Answer::Asset(asset),
                Ask::Config { registry } => match inner.stall_at(&registry) {
                    Some(at) => inner.config(at).await,
                    None => Answer::Absent(inner.no_such_registry(&registry)),
                },
                Ask::Index { registry, name } => match inner.stall_at(&registry) {
                    Some(at) => inner.index(at, name).await,
                    None => Answer::Absent(inner.no_such_registry(&registry)),
                },
                Ask::Package { registry, name, version, digest } => match inner.stall_at(&registry) {
                    Some(at) => inner.download(at, Wanted { name, version, digest }).await,
                    None => Answer::Absent(inner.no_such_registry(&registry)),
                },
            }
        })
    }

    fn health(&self) -> Result<(), String> {
        match self.0.rulebook.wrong() {
            None => Ok(()),
            Some(why) => Err(format!("the policy as it is now is not in force: {why}")),
        }
    }

    fn figures(&self) -> Vec<Figure> {
        self.0.figures()
    }
}

impl Inner {
    fn stall_at(&self, registry: &str) -> Option<usize> {
        self.stalls.iter().position(|stall| stall.path == registry)
    }

    fn no_such_registry(&self, registry: &str) -> String {
        let there: Vec<&str> = self.stalls.iter().map(|stall| stall.path.as_str()).collect();
        format!("this fence stands in front of {}, and not of {registry}", there.join(", "))
    }

    async fn index(self: Arc<Self>, at: usize, name: CrateName) -> Answer {
        match self.page(at, &name).await {
            Ok(Paged { shelved: Some(shelved), trouble }) => {
                shelved.asked.store(self.now().unix(), Ordering::Release);
                Answer::Index(match trouble {
                    None => Arc::clone(&shelved.page),
                    Some(_) => Arc::new(IndexPage { view: View::Stale, ..IndexPage::clone(&shelved.page) }),
                })
            }
            Ok(Paged { shelved: None, .. }) => {
                Answer::Absent(format!("{} has no crate {name}", self.stalls[at].source.registry().name))
            }
            Err(trouble) => self.unavailable(&format!("nothing is known of {name}"), &trouble),
        }
    }

    /// `config.json`: downloads come from here and name the bytes that were shown; all else is the registry's own.
    async fn config(self: Arc<Self>, at: usize) -> Answer {
        let api = self.introduced(at).await.and_then(|config| config.api);
        let dl = format!("{}{}", self.base, download_template(&self.stalls[at].path));
        let mut config = serde_json::json!({ "dl": dl });
        if let Some(api) = api {
            config["api"] = api.into();
        }
        if self.tokens == Tokens::Required {
            config["auth-required"] = true.into();
        }
        Answer::Json(Bytes::from(config.to_string()))
    }
}

fn json(value: &impl serde::Serialize) -> Bytes {
    // Plain values with plain keys.
    Bytes::from(serde_json::to_vec(value).unwrap_or_default())
}
