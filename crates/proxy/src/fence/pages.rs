//! Making pages: a crate is judged, what its judgement lacks is brought, and what is served is put on the shelf.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use fence_client::gather::Evidence;
use fence_model::facts::Birth;
use fence_model::readings::Readings;
use fence_model::{CrateName, Span, Time};
use fence_registry::journal::Memory;
use tokio::task::{JoinSet, spawn_blocking};

use super::Inner;
use super::asking::{Trouble, Viewed};
use super::stall::{Shelved, Size, lower, time};
use crate::alarms::AlarmKind;
use crate::answer::IndexPage;
use crate::event::Weight;
use crate::judgement::{Case, Known, Lacking, Question, Shown};
use crate::page::page_of;
use crate::rules::Rules;
use crate::views::View;

/// How often a judgement may find that it lacks something. Each time it goes one step further from the crate.
const MOST_ROUNDS: usize = 24;

/// How long a page stands whose judgement could not bring what it lacked.
const UNTIL_ASKED_AGAIN: Span = Span::seconds(10);

/// What a wait does not tell lapses with time as well (the youth of a crate): pages are made again so often.
const LONGEST_STANDING: Span = Span::hours(1);

/// A first publish time never changes, unless a crate is deleted and its name given away: so a copy of this age tells it.
pub(super) const BIRTH_BELIEVED_FOR: Span = Span::days(1);

/// What there is to serve of a crate.
#[derive(Clone)]
pub(super) struct Paged {
    /// The page; none where the registry has no such crate.
    pub(super) shelved: Option<Arc<Shelved>>,
    /// What went wrong, where it is the registry's last word but not its present one.
    pub(super) trouble: Option<Trouble>,
}

/// Whether a judgement had all that it asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ground {
    Whole,
    Lacking,
}

impl Inner {
    /// The page of a crate, made now if the one on the shelf will not do; once for all who want it.
    pub(super) async fn page(self: &Arc<Self>, at: usize, name: &CrateName) -> Result<Paged, Trouble> {
        let errand = || {
            let (inner, name) = (Arc::clone(self), name.clone());
            async move { inner.make_page(at, name).await }
        };
        self.making.join((at, name.clone()), errand).await.unwrap_or(Err(Trouble::Lost))
    }

    async fn make_page(self: Arc<Self>, at: usize, name: CrateName) -> Result<Paged, Trouble> {
        let stall = &self.stalls[at];
        let trouble = self.look(at, &name, self.times.fresh_for).await;
        let (now, editions) = (self.now(), self.editions());
        let stale_until = if trouble.is_some() { now + self.times.leave_alone } else { Time::EARLIEST };
        let on_shelf = stall.shelved(&name);
        if let (Some(shelved), Some(seen)) = (&on_shelf, stall.seen(&name))
            && shelved.stands(editions, self.spoken(), now)
            && Some(shelved.made_from) == seen.digest
        {
            shelved.read.store(seen.read.unix(), Ordering::Release);
            shelved.checked.store(seen.checked.unix(), Ordering::Release);
            shelved.stale_until.store(stale_until.unix(), Ordering::Release);
            return Ok(Paged { shelved: on_shelf, trouble });
        }
        let Viewed { view, trouble } = self.at_rest(at, &name, trouble).await?;
        let Some(file) = view.file.clone() else { return Ok(Paged { shelved: None, trouble }) };
        let (made_from, read, checked) = (file.digest, view.read, view.checked);
        let read_before = self.looking.edition_of(&name);
        let ((shown, page), ground) = self.judged(at, &name, view, now).await?;
        self.tell_of_page(at, &name, &shown);
        let until = match (ground, shown.until) {
            (Ground::Lacking, _) => now + UNTIL_ASKED_AGAIN,
            (Ground::Whole, Some(until)) => until.min(now + LONGEST_STANDING),
            (Ground::Whole, None) => now + LONGEST_STANDING,
        };
        let Shown { bytes, waiting, first, refused, lags, .. } = shown;
        let page = match page {
            Some(page) => page,
            None => spawn_blocking(move || page_of(&bytes)).await.map_err(|_| Trouble::Lost)?,
        };
        let asked = on_shelf.map_or(now, |before| time(&before.asked));
        let shelved = Arc::new(Shelved {
            page: Arc::new(page),
            size: Size::AsMade,
            made_from,
            editions,
            until,
            lags,
            read: AtomicI64::new(read.unix()),
            checked: AtomicI64::new(checked.unix()),
            stale_until: AtomicI64::new(stale_until.unix()),
            asked: AtomicI64::new(asked.unix()),
            waiting,
            first,
            refused,
            told: Default::default(),
            outdated: AtomicBool::new(false),
        });
        stall.shelve(name.clone(), Arc::clone(&shelved));
        // What was read while it was made may be about it; what is read from now on outdates this one.
        if self.looking.edition_of(&name) != read_before {
            stall.outdate(&name);
        }
        Ok(Paged { shelved: Some(shelved), trouble })
    }

    fn tell_of_page(&self, at: usize, name: &CrateName, shown: &Shown) {
        let about = format!("{}/{name}", self.stalls[at].path);
        if shown.left_out > 0 {
            let words = format!(
                "{} lines of the index file of {name} cannot be read, and are left out",
                shown.left_out
            );
            self.tell(Weight::Warning, "left-out", vec![("about", about.clone())], words);
        }
        for version in &shown.unyanked {
            let words = format!("{name} {version} is shown though it was yanked, which looks like a lure");
            self.alarm(AlarmKind::Lure, &about, words);
        }
    }

    /// What is served of a crate, with all that its judgement asks for.
    async fn judged(
        self: &Arc<Self>,
        at: usize,
        name: &CrateName,
        view: View,
        now: Time,
    ) -> Result<((Shown, Option<IndexPage>), Ground), Trouble> {
        let memory = self.stalls[at].scribe.recall(name.clone(), now).await;
        let crates = BTreeMap::from([(name.clone(), Known { view, memory })]);
        let subject = name.clone();
        let show = move |case: &Case<'_>| {
            let (shown, lacking) = case.shown(&subject);
            let page = lacking.is_nothing().then(|| page_of(&shown.bytes));
            ((shown, page), lacking)
        };
        self.with_all(at, crates, now, show).await
    }

    /// What `judge` makes of a case, which is asked again with what it lacks until it lacks nothing.
    pub(super) async fn with_all<T: Send + 'static>(
        self: &Arc<Self>,
        at: usize,
        mut crates: BTreeMap<CrateName, Known>,
        now: Time,
        judge: impl Fn(&Case<'_>) -> (T, Lacking) + Clone + Send + 'static,
    ) -> Result<(T, Ground), Trouble> {
        let mut rounds = 0;
        loop {
            let (told, mut lacking, back) = self.on_a_core(at, crates, now, judge.clone()).await?;
            crates = back;
            let unread = std::mem::take(&mut lacking.unread);
            let is_news = lacking.is_nothing() && rounds < MOST_ROUNDS && self.look_into(at, unread).await;
            if lacking.is_nothing() && !is_news {
                return Ok((told, Ground::Whole));
            }
            if rounds == MOST_ROUNDS {
                return Ok((told, Ground::Lacking));
            }
            rounds += 1;
            self.bring(at, lacking, &mut crates, now).await;
        }
    }

    /// Runs a judgement where it may take its time, and gives back the crates that it was handed.
    async fn on_a_core<T: Send + 'static>(
        self: &Arc<Self>,
        at: usize,
        crates: BTreeMap<CrateName, Known>,
        now: Time,
        judge: impl FnOnce(&Case<'_>) -> (T, Lacking) + Send + 'static,
    ) -> Result<(T, Lacking, BTreeMap<CrateName, Known>), Trouble> {
        let Ok(_permit) = self.judged_at_once.acquire().await else { return Err(Trouble::Lost) };
        let inner = Arc::clone(self);
        let judged = spawn_blocking(move || {
            let (rules, evidence) = (inner.rulebook.in_force(), inner.evidence());
            let births = |package: &str, registry: Option<&str>| inner.birth(at, package, registry, now);
            let readings = inner.readings(at, &rules);
            let (told, lacking) = {
                let case = Case::new(inner.question(at, &rules, &evidence, &readings, now), &crates, &births);
                judge(&case)
            };
            (told, lacking, crates)
        });
        judged.await.map_err(|_| Trouble::Lost)
    }

    fn question<'a>(
        &'a self,
        at: usize,
        rules: &'a Rules,
        evidence: &'a Evidence,
        readings: &'a Readings,
        now: Time,
    ) -> Question<'a> {
        let stall = &self.stalls[at];
        Question {
            policy: &rules.policy,
            baseline: &rules.baseline,
            evidence,
            names: &self.names,
            registry: stall.source.registry(),
            source: &stall.source_of,
            readings,
            now,
        }
    }

    /// Since when a package is there, of the registry `at` or, where an index names another, of that one.
    fn birth(&self, at: usize, package: &str, registry: Option<&str>, now: Time) -> Option<Birth> {
        match registry {
            None => self.stalls[at].birth(package, now),
            Some(address) => {
                let stall = self.stalls.iter().find(|stall| stall.is_at(address));
                Some(stall.and_then(|stall| stall.birth(package, now)).unwrap_or(Birth::Untold))
            }
        }
    }

    /// Brings what a judgement lacked: births into memory, crates into `crates`.
    async fn bring(
        self: &Arc<Self>,
        at: usize,
        lacking: Lacking,
        crates: &mut BTreeMap<CrateName, Known>,
        now: Time,
    ) {
        let mut births = JoinSet::new();
        for name in lacking.births {
            let (inner, name) = (Arc::clone(self), lower(&name));
            births.spawn(async move {
                let viewed = inner.view(at, &name, BIRTH_BELIEVED_FOR).await;
                if inner.stalls[at].birth(name.as_str(), now).is_none() {
                    let view = viewed.ok().map(|viewed| viewed.view);
                    inner.learn_birth(at, &name, view, now + UNTIL_ASKED_AGAIN).await;
                }
            });
        }
        let mut others = JoinSet::new();
        for name in lacking.crates {
            let (inner, name) = (Arc::clone(self), lower(&name));
            others.spawn(async move {
                let checked = Time::EARLIEST;
                let nothing = View { file: None, validator: None, checked, read: checked };
                let known = match inner.view(at, &name, inner.times.fresh_for).await {
                    Ok(Viewed { view, .. }) => {
                        let memory = inner.stalls[at].scribe.recall(name.clone(), now).await;
                        Known { view, memory }
                    }
                    // What went wrong was told where it went wrong.
                    Err(_) => Known { view: nothing, memory: Memory::default() },
                };
                (name, known)
            });
        }
        while births.join_next().await.is_some() {}
        while let Some(joined) = others.join_next().await {
            crates.extend(joined);
        }
    }
}
