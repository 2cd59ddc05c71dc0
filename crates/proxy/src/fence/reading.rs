//! What people read: what a page shows is gathered here, judged as a download would be, and handed to
//! [`crate::pages`].
//!
//! Nobody's reading counts as a build's asking: a page puts nothing on the shelf, and crates that were only looked at
//! are not followed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use fence_model::words::text::{ago, and};
use fence_model::{CrateName, Decision, Digest, Span, Time, Verdict};
use semver::Version;
use tokio::task::{JoinSet, spawn_blocking};

use super::asking::{Trouble, Viewed};
use super::downloads::ADMITTED_FOR;
use super::stall::{Shelved, lower, time};
use super::status::behind;
use super::{Editions, Inner};
use crate::answer::{About, Answer, Page};
use crate::judgement::{Beside, Case, Chronicle, Known, Lacking, Told};
use crate::pages::{self, Extent, Found, Frame, Ground, Held, Rank, Release, Search, Waiting};

/// How many crates the pages of what is held tell of.
const HELD_TOLD: usize = 120;

/// What somebody wants to know of who asks what is held, where not all can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// What people are shown first.
    First,
    /// What is of older classes: crates that have no such thing are left out.
    Older,
}

/// How many crates a search finds at most.
const FOUND: usize = 30;

/// How long what was told of a crate's held releases is told again. Ages in it are as old; dates are not.
const TOLD_FOR: Span = Span::minutes(10);

/// How many releases, and how many crates, are remembered for who reads about one after the other.
const REMEMBERED: usize = 64;

/// What was judged for readers a moment ago, by what they read about.
#[derive(Debug)]
pub(super) struct Remembered<K, V>(Mutex<BTreeMap<K, (Basis, V)>>);

/// A release of a registry.
pub(super) type Place = (usize, CrateName, Version);

/// What a judgement rests on, and when it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Basis {
    editions: Editions,
    epoch: u64,
    spoken: Time,
    /// The digest of the crate's index file.
    digest: Option<Digest>,
    at: Time,
}

/// A release as it was judged for a reader.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    told: Told,
    ground: Ground,
    beside: Result<Beside, &'static str>,
}

impl Judged {
    pub(super) fn decision(&self) -> &Decision {
        &self.told.decision
    }

    /// The release to read it beside; or why there is none.
    pub(super) fn beside(&self) -> &Result<Beside, &'static str> {
        &self.beside
    }
}

/// The held releases of a crate as they were told last.
#[derive(Debug, Clone)]
pub(super) struct HeldBefore {
    at: Time,
    editions: Editions,
    spoken: Time,
    /// When the first of them may be admitted.
    until: Time,
    told: Arc<[Told]>,
}

impl Inner {
    /// The page that somebody asks for.
    pub(super) async fn read(self: Arc<Self>, page: Page) -> Answer {
        match page {
            Page::Waiting => html(pages::waiting(&self.waiting(Wanted::First).await)),
            Page::Older => html(pages::older(&self.waiting(Wanted::Older).await)),
            Page::Policy => self.policy_page(),
            Page::Status => {
                let status = Arc::clone(&self).status_telling_of(Vec::new()).await;
                html(pages::status(&self.frame(), &status))
            }
            Page::Search { sought } => html(pages::search(&self.found(&sought))),
            Page::Code(code) => {
                let rules = self.rulebook.in_force();
                html(pages::code(&self.frame(), code, &rules.policy, (self.explain)(code)))
            }
            Page::Sign(code) => match pages::sign(&self.frame(), code) {
                Some(page) => html(page),
                None => self.nothing(&format!("the scanner has no code {code}.")),
            },
            Page::Change(change) => match self.stall_at(&change.registry) {
                Some(at) => self.change_page(at, change).await,
                None => self.nothing(&self.no_such_registry(&change.registry)),
            },
            Page::Crate { registry, name } => match self.stall_at(&registry) {
                Some(at) => self.crate_page(at, name, Extent::Latest).await,
                None => self.nothing(&self.no_such_registry(&registry)),
            },
            Page::Releases { registry, name } => match self.stall_at(&registry) {
                Some(at) => self.crate_page(at, name, Extent::All).await,
                None => self.nothing(&self.no_such_registry(&registry)),
            },
            Page::Release { registry, name, version } => match self.stall_at(&registry) {
                Some(at) => self.release_page(at, name, version).await,
                None => self.nothing(&self.no_such_registry(&registry)),
            },
        }
    }

    pub(super) fn frame(&self) -> Frame {
        let mut notices = Vec::new();
        notices.extend(
            self.rulebook.wrong().map(|why| format!("The policy as it is now is not in force: {why}")),
        );
        let now = self.now();
        let told = |(name, as_of): (String, Time)| match as_of {
            Time::EARLIEST => format!("{name} (never read)"),
            as_of => format!("{name} ({})", ago(as_of, now)),
        };
        let behind: Vec<String> = behind(self.speaking(now), now).map(told).collect();
        if !behind.is_empty() {
            notices.push(format!(
                "Time stands still for young releases: there is no newer word of {}. What was admitted stays so.",
                and(&behind)
            ));
        }
        Frame { now, held: self.held_in_all(), alarms: self.alarms.latest().len(), notices }
    }

    /// Up to when those speak whose silence stops the clock: the advisory feeds, and registries that are a folder, which
    /// somebody has to bring up to date. Another registry is asked whenever it matters.
    pub(super) fn speaking(&self, now: Time) -> Vec<(String, Time)> {
        let feeds = self.evidence().adverse(now).into_iter();
        let feeds = feeds.map(|feed| (feed.name, feed.as_of.unwrap_or(Time::EARLIEST)));
        let folders = self.stalls.iter().filter(|stall| stall.is_folder());
        let folders = folders.map(|stall| (stall.path.clone(), stall.source.speaks_until(now)));
        // Of a folder out of which nothing was read yet nothing is known.
        feeds.chain(folders.filter(|(_, as_of)| *as_of > Time::EARLIEST)).collect()
    }

    pub(super) fn nothing(&self, why: &str) -> Answer {
        Answer::Page { html: pages::absent(&self.frame(), why).into(), about: About::Nothing }
    }

    pub(super) fn nobody_can_tell(&self, what: &str, trouble: &Trouble) -> Answer {
        let why = format!("{what}: {trouble}\n{}", trouble.hint());
        Answer::Page { html: pages::unavailable(&self.frame(), &why).into(), about: About::Unknown }
    }

    async fn waiting(self: Arc<Self>, wanted: Wanted) -> Waiting {
        let (held, more) = Arc::clone(&self).held(wanted).await;
        let refused = self.refused_lately();
        let older = self.stalls.iter().map(|stall| stall.older(&refused)).sum();
        Waiting { frame: self.frame(), held, older, more, base: self.base.clone() }
    }

    fn policy_page(&self) -> Answer {
        let rules = self.rulebook.in_force();
        let folder = self.rulebook.folder();
        html(pages::policy(&pages::Rules {
            frame: self.frame(),
            policy: &rules.policy,
            baseline: &rules.baseline,
            feeds: fence_client::gather::feeds_of(&rules.policy).into_iter().collect(),
            folder: (!folder.as_os_str().is_empty()).then(|| folder.display().to_string()),
        }))
    }

    /// How many releases are held, wherever that is told.
    pub(super) fn held_in_all(&self) -> usize {
        let refused = self.refused_lately();
        self.stalls.iter().map(|stall| stall.held(&refused)).sum()
    }

    /// The releases that are held of the crates that were asked for last, and how many crates more have some.
    pub(super) async fn held(self: Arc<Self>, wanted: Wanted) -> (Vec<Held>, usize) {
        let now = self.now();
        let mut asked: Vec<(Time, usize, CrateName, Arc<Shelved>)> = Vec::new();
        for (at, stall) in self.stalls.iter().enumerate() {
            let shelved = stall.all_waiting().into_iter();
            asked.extend(shelved.map(|(name, shelved)| (time(&shelved.asked), at, name, shelved)));
        }
        asked.sort_by(|a, b| (b.0, a.1, &a.2).cmp(&(a.0, b.1, &b.2)));
        let refused = self.refused_lately();
        if wanted == Wanted::Older {
            asked.retain(|(_, at, name, shelved)| self.stalls[*at].older_of(name, shelved, &refused) > 0);
        }
        let more = asked.len().saturating_sub(HELD_TOLD);
        if more > 0 && wanted == Wanted::First {
            // What is left out is rather what has a page of its own.
            let (first, older): (Vec<_>, Vec<_>) = asked
                .into_iter()
                .partition(|(_, at, name, shelved)| self.stalls[*at].held_of(name, shelved, &refused) > 0);
            asked = first.into_iter().chain(older).collect();
        }
        asked.truncate(HELD_TOLD);
        let (editions, spoken) = (self.editions(), self.spoken());
        let mut all: Vec<Option<Vec<Held>>> = vec![None; asked.len()];
        let mut under_way: JoinSet<(usize, Vec<Held>)> = JoinSet::new();
        for (place, (asked, at, name, shelved)) in asked.into_iter().enumerate() {
            let stall = &self.stalls[at];
            let registry = stall.path.clone();
            let rank = |version: &Version| (version.clone(), stall.rank(&name, &shelved, version, &refused));
            let ranks: BTreeMap<Version, Rank> = shelved.waiting.iter().map(rank).collect();
            let held_of = move |told: &[Told]| {
                let held = told.iter().filter(|told| told.decision.verdict != Verdict::Admit);
                let held = held.map(|Told { decision, stay }| Held {
                    registry: registry.clone(),
                    decision: Arc::clone(decision),
                    stay: stay.clone(),
                    asked,
                    rank: ranks.get(&decision.release.version).copied().unwrap_or(Rank::Older),
                });
                held.collect::<Vec<_>>()
            };
            match shelved.told_before((editions, spoken), now) {
                Some(told) => all[place] = Some(held_of(&told)),
                None => {
                    let inner = Arc::clone(&self);
                    under_way.spawn(async move {
                        (place, held_of(&inner.tell_held(at, name, &shelved, (editions, spoken), now).await))
                    });
                }
            }
        }
        for (place, held) in under_way.join_all().await {
            all[place] = Some(held);
        }
        (all.into_iter().flatten().flatten().collect(), more)
    }

    /// What there is to say of the held releases of a crate, judged now.
    async fn tell_held(
        self: Arc<Self>,
        at: usize,
        name: CrateName,
        shelved: &Shelved,
        (editions, spoken): (Editions, Time),
        now: Time,
    ) -> Arc<[Told]> {
        let Ok(Viewed { view, .. }) = self.at_rest(at, &name, None).await else { return Arc::new([]) };
        let memory = self.stalls[at].scribe.recall(name.clone(), now).await;
        let crates = BTreeMap::from([(name.clone(), Known { view, memory })]);
        let versions = shelved.waiting.clone();
        let tell = move |case: &Case<'_>| case.told(&name, &versions);
        let Ok((told, _)) = self.with_all(at, crates, now, tell).await else { return Arc::new([]) };
        let told: Arc<[Told]> = told.into();
        let ends = told.iter().flat_map(|told| {
            let ways = told.decision.clears.iter().filter(|way| way.is_wait()).map(|way| way.earliest);
            ways.filter(|earliest| *earliest > now)
        });
        let until = ends.min().unwrap_or(Time::LATEST);
        shelved.tell(HeldBefore { at: now, editions, spoken, until, told: Arc::clone(&told) });
        told
    }

    async fn crate_page(self: Arc<Self>, at: usize, name: CrateName, extent: Extent) -> Answer {
        let (subject, stall) = (lower(&name), &self.stalls[at]);
        let trouble = self.look(at, &subject, self.times.fresh_for).await;
        let (now, place) = (self.now(), (at, subject.clone()));
        let basis = self.basis(at, &subject, now);
        let chronicle = match self.remembered_crates.recall(&place, basis) {
            Some(chronicle) => Some(chronicle),
            None => match self.judge_crate(&place, trouble.clone(), now).await {
                Ok(chronicle) => chronicle.inspect(|chronicle| {
                    self.remembered_crates.remember(place, (basis, Arc::clone(chronicle)));
                }),
                Err(trouble) => {
                    return self.nobody_can_tell(&format!("nothing is known of {name}"), &trouble);
                }
            },
        };
        let Some(chronicle) = chronicle else {
            return self.nothing(&format!("{} has no crate {name}.", stall.source.registry().name));
        };
        let about = format!("{}/{subject}", stall.path);
        let mut alarms = self.alarms.latest();
        alarms.retain(|alarm| alarm.about.eq_ignore_ascii_case(&about));
        let stale = trouble.map(|trouble| trouble.to_string());
        html(pages::crate_page(&self.frame(), &stall.path, &chronicle, extent, &alarms, stale.as_deref()))
    }

    /// All releases of a crate, judged now; none where there is no such crate.
    async fn judge_crate(
        self: &Arc<Self>,
        (at, subject): &(usize, CrateName),
        trouble: Option<Trouble>,
        now: Time,
    ) -> Result<Option<Arc<Chronicle>>, Trouble> {
        let crates = self.known(*at, subject, trouble, now).await?;
        let subject = subject.clone();
        let tell = move |case: &Case<'_>| case.chronicle(&subject);
        let (chronicle, _) = self.with_all(*at, crates, now, tell).await?;
        Ok(chronicle.map(Arc::new))
    }

    async fn release_page(self: Arc<Self>, at: usize, name: CrateName, version: Version) -> Answer {
        let (judged, trouble) = match self.judged_for_reader(at, &name, &version).await {
            Ok(judged) => judged,
            Err(answer) => return answer,
        };
        let change = self.reviewed(at, &judged);
        let Judged { told: Told { decision, stay }, ground, .. } = judged;
        let source = match decision.digest {
            Some(digest) => {
                let inner = Arc::clone(&self);
                spawn_blocking(move || inner.looking.sources.get(digest)).await.ok().flatten()
            }
            None => None,
        };
        html(pages::release(&Release {
            source,
            frame: self.frame(),
            registry: self.stalls[at].path.clone(),
            decision,
            stay,
            ground,
            stale: trouble.map(|trouble| trouble.to_string()),
            change,
        }))
    }

    /// A release as it is judged now, and what went wrong where the registry was asked; or the page that says why not.
    pub(super) async fn judged_for_reader(
        self: &Arc<Self>,
        at: usize,
        name: &CrateName,
        version: &Version,
    ) -> Result<(Judged, Option<Trouble>), Answer> {
        let (subject, stall) = (lower(name), &self.stalls[at]);
        let trouble = self.look(at, &subject, self.times.fresh_for).await;
        let (now, place) = (self.now(), (at, subject.clone(), version.clone()));
        let basis = self.basis(at, &subject, now);
        if let Some(judged) = self.remembered_releases.recall(&place, basis) {
            return Ok((judged, trouble));
        }
        match self.judge_release(&place, trouble.clone(), now).await {
            Ok(Some(judged)) => {
                // One that was judged alone for want of time is judged again.
                if judged.ground == Ground::Whole {
                    self.remembered_releases.remember(place, (basis, judged.clone()));
                }
                Ok((judged, trouble))
            }
            Ok(None) => {
                Err(self
                    .nothing(&format!("{} has no release {name} {version}.", stall.source.registry().name)))
            }
            Err(trouble) => Err(self.nobody_can_tell(&format!("nothing is known of {name}"), &trouble)),
        }
    }

    fn basis(&self, at: usize, subject: &CrateName, now: Time) -> Basis {
        let stall = &self.stalls[at];
        Basis {
            editions: self.editions(),
            epoch: stall.admitted_epoch(),
            spoken: self.spoken(),
            digest: stall.seen(subject).and_then(|seen| seen.digest),
            at: now,
        }
    }

    /// What is known of a crate that was looked at.
    pub(super) async fn known(
        self: &Arc<Self>,
        at: usize,
        subject: &CrateName,
        trouble: Option<Trouble>,
        now: Time,
    ) -> Result<BTreeMap<CrateName, Known>, Trouble> {
        let Viewed { view, .. } = self.at_rest(at, subject, trouble).await?;
        let memory = self.stalls[at].scribe.recall(subject.clone(), now).await;
        Ok(BTreeMap::from([(subject.clone(), Known { view, memory })]))
    }

    /// The decision on a release as its download would be decided. What it needs may have to be asked for first; a reader
    /// does not wait for that for ever.
    async fn judge_release(
        self: &Arc<Self>,
        (at, subject, version): &Place,
        trouble: Option<Trouble>,
        now: Time,
    ) -> Result<Option<Judged>, Trouble> {
        let (at, stall) = (*at, &self.stalls[*at]);
        let crates = self.known(at, subject, trouble, now).await?;
        let before = (self.editions(), stall.admitted_epoch());
        let admitted = stall.admitted_before(self.editions(), now);
        let whole = {
            let (subject, version) = (subject.clone(), version.clone());
            move |case: &Case<'_>| {
                if case.digests(&subject, &version).is_empty() && !case.remembers(&subject, &version) {
                    return (None, Lacking::default());
                }
                let (decision, found, lacking) = case.decide(&subject, &version, admitted.clone());
                let stay = match decision.verdict {
                    Verdict::Admit => None,
                    Verdict::Hold | Verdict::Block => case.stay(&subject, &decision),
                };
                let beside = case.beside(&subject, &version, decision.base.as_ref());
                (Some((Told { decision: Arc::new(decision), stay }, beside, found)), lacking)
            }
        };
        let judging = self.with_all(at, crates.clone(), now, whole);
        if let Ok(judged) = tokio::time::timeout(self.times.patience, judging).await {
            let (judged, _) = judged?;
            return Ok(judged.map(|(told, beside, found)| {
                stall.remember_admitted(found, before, self.now());
                Judged { told, ground: Ground::Whole, beside }
            }));
        }
        let (subject, versions) = (subject.clone(), [version.clone()]);
        let alone = move |case: &Case<'_>| {
            let told = case.told(&subject, &versions).0.pop().map(|told| {
                let version = &told.decision.release.version;
                let beside = case.beside(&subject, version, told.decision.base.as_ref());
                Judged { told, ground: Ground::Alone, beside }
            });
            (told, Lacking::default())
        };
        Ok(self.with_all(at, crates, now, alone).await?.0)
    }

    /// The crates with `sought` in their name: those that were asked for, and those whose names the fence knows.
    fn found(&self, sought: &str) -> Search {
        let frame = self.frame();
        let wanted = sought.to_ascii_lowercase();
        let mut found = Vec::new();
        let mut unasked = Vec::new();
        let refused = self.refused_lately();
        if !wanted.is_empty() {
            for stall in &self.stalls {
                let (asked, known) = stall.crates_with(&wanted, &self.names, &refused);
                let exact: Option<CrateName> = wanted.parse().ok();
                let is_there = |name: &CrateName| asked.iter().any(|(asked, ..)| asked == name);
                unasked.extend(
                    exact
                        .filter(|name| !is_there(name) && !known.contains(name))
                        .map(|name| (stall.path.clone(), name)),
                );
                let of = |name, held, asked| Found { registry: stall.path.clone(), name, held, asked };
                found.extend(known.into_iter().map(|name| of(name, 0, None)));
                found.extend(asked.into_iter().map(|(name, held, asked)| of(name, held, Some(asked))));
            }
        }
        // The name itself, then what begins so, then what was asked for; short names before long ones.
        found.sort_by_cached_key(|found| {
            let name = found.name.as_str();
            let rank = if name == wanted {
                0
            } else if name.starts_with(&wanted) {
                1
            } else {
                2
            };
            (rank, found.asked.is_none(), name.len(), name.to_owned(), found.registry.clone())
        });
        let more = found.len().saturating_sub(FOUND);
        found.truncate(FOUND);
        Search { frame, sought: sought.to_owned(), found, more, unasked }
    }
}

impl<K, V> Default for Remembered<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Ord, V: Clone> Remembered<K, V> {
    /// What was judged on the same basis, a moment ago.
    fn recall(&self, key: &K, basis: Basis) -> Option<V> {
        let remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (before, value) = remembered.get(key)?;
        let is_same = Basis { at: basis.at, ..*before } == basis;
        let is_recent = before.at <= basis.at && basis.at - before.at <= ADMITTED_FOR;
        (is_same && is_recent).then(|| value.clone())
    }

    fn remember(&self, key: K, value: (Basis, V)) {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED {
            remembered.clear();
        }
        remembered.insert(key, value);
    }
}

impl HeldBefore {
    /// What was told, if it still holds.
    pub(super) fn still(&self, (editions, spoken): (Editions, Time), now: Time) -> Option<Arc<[Told]>> {
        let is_recent = self.at <= now && now - self.at <= TOLD_FOR && now < self.until;
        (self.editions == editions && self.spoken == spoken && is_recent).then(|| Arc::clone(&self.told))
    }
}

/// A page about something that there is.
fn html(html: String) -> Answer {
    Answer::Page { html: Bytes::from(html), about: About::Something }
}
