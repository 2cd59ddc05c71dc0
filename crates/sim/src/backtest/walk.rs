//! The walk of one release through time: what the judgement says when it is published, and at each moment at which that may
//! change.
//!
//! Between two such moments nothing changes but its age, and the end of its wait is one of them; so what is found is exact. There is one
//! judge for each crate and state of its advisories: what it looks at of other releases it asks as of publication.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::RwLock;
use std::sync::atomic::{AtomicI64, Ordering};

use fence_model::code::Effect;
use fence_model::facts::{Audit, CrateFacts, Feed, FeedState};
use fence_model::judge::{Asked, Context, Judge};
use fence_model::policy::{Baseline, Policy};
use fence_model::readings::Readings;
use fence_model::settle::{FactsOf, InUseByCrate, Known, Outlook, Settlement};
use fence_model::{Code, CrateName, Time, Verdict};

use super::HORIZON;
use super::reviews::Reviews;
use crate::history::{Compiled, ReleaseNumber};

/// A set of codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Codes(u64);

impl Codes {
    /// Adds one.
    pub fn add(&mut self, code: Code) {
        self.0 |= 1 << code as u8;
    }

    /// Whether it is among them.
    pub fn has(self, code: Code) -> bool {
        self.0 & (1 << code as u8) != 0
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// All of them, in the order of the table.
    pub fn iter(self) -> impl Iterator<Item = Code> {
        Code::ALL.iter().copied().filter(move |code| self.has(*code))
    }
}

/// What keeps a release from being admitted, from a moment on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phase {
    /// The first moment.
    pub from: Time,
    /// What asks for a reviewer, or blocks.
    pub review: Codes,
    /// What else holds, or made the wait longer.
    pub longer: Codes,
}

/// What becomes of a release as time goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fate {
    /// When it was published.
    pub published: Time,
    /// Since when it is admitted on its own; none if time never does that.
    pub alone: Option<Time>,
    /// Since when it is admitted with what it needs; none if time never does that.
    pub admitted: Option<Time>,
    /// What kept it, in order of time.
    pub phases: Box<[Phase]>,
}

impl Fate {
    /// Of a release that a flat age admits.
    pub fn by_age(published: Time, admitted: Time) -> Self {
        let phases =
            Box::new([Phase { from: published, review: Codes::default(), longer: Codes::default() }]);
        Self { published, alone: Some(admitted), admitted: Some(admitted), phases }
    }

    /// Whether it is admitted at a moment.
    pub fn is_admitted_at(&self, moment: Time) -> bool {
        self.admitted.is_some_and(|admitted| admitted <= moment)
    }

    /// What keeps it at a moment, on its own; none where that is only what it needs.
    pub fn phase_at(&self, moment: Time) -> Option<&Phase> {
        phase_at(self.alone, &self.phases, moment)
    }
}

/// The facts as of the moment that is asked about.
pub(crate) struct AsOf<'c, 'h> {
    compiled: &'c Compiled<'h>,
    now: AtomicI64,
    reviews: RwLock<Reviews>,
}

impl<'c, 'h> AsOf<'c, 'h> {
    /// A history to which reviewers added these.
    pub(crate) fn new(compiled: &'c Compiled<'h>, reviews: Reviews) -> Self {
        Self { compiled, now: AtomicI64::new(Time::EARLIEST.unix()), reviews: reviews.into() }
    }

    /// All releases and audits of a crate, with the advisories that are known now.
    pub(super) fn facts_advised(&self, krate: usize) -> CrateFacts<'h> {
        let mut facts = self.compiled.facts_advised_at(krate, self.now());
        facts.audits.extend(self.reviews_of(krate));
        facts
    }

    fn reviews_of(&self, krate: usize) -> Vec<Audit<'h>> {
        self.reviews().of(self.compiled, krate)
    }

    pub(super) fn reviews(&self) -> std::sync::RwLockReadGuard<'_, Reviews> {
        self.reviews.read().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    pub(super) fn add_review(&self, of: ReleaseNumber, known: Time) {
        self.reviews.write().unwrap_or_else(|poisoned| poisoned.into_inner()).add(of, known);
    }

    pub(crate) fn set(&self, now: Time) {
        self.now.store(now.unix(), Ordering::Relaxed);
    }

    fn now(&self) -> Time {
        Time::from_unix(self.now.load(Ordering::Relaxed))
    }
}

impl FactsOf for AsOf<'_, '_> {
    fn facts_of(&self, name: &CrateName) -> CrateFacts<'_> {
        match self.compiled.crate_at(name.as_str()) {
            Some(krate) => {
                let mut facts = self.compiled.facts_at(krate, self.now());
                facts
                    .audits
                    .extend(self.reviews_of(krate).into_iter().filter(|audit| audit.known <= self.now()));
                facts
            }
            None => CrateFacts::unknown(name.clone()),
        }
    }

    fn known(&self, name: &CrateName) -> Known {
        // What no project of the history had locked, nobody asked for.
        match self.compiled.crate_at(name.as_str()) {
            Some(_) => Known::Something,
            None => Known::NotAskedFor,
        }
    }

    fn may_be_advised(&self, name: &CrateName) -> bool {
        self.compiled.crate_at(name.as_str()).is_some_and(|krate| self.compiled.is_ever_advised(krate))
    }
}

/// Feeds that speak up to any moment: history is read long after it happened.
pub(crate) fn speaking_feeds() -> Vec<Feed> {
    ["index", "rustsec"]
        .map(|name| Feed { name: name.into(), state: FeedState::Current, as_of: Some(Time::LATEST) })
        .into()
}

/// Which judge is asked: of which names, and of which advisories, known and withdrawn.
type Epoch = (usize, (usize, usize));

/// A walk under one policy.
pub struct Walk<'w, 'h> {
    pub(super) compiled: &'w Compiled<'h>,
    asked: Asked<'w>,
    as_of: &'w AsOf<'w, 'h>,
    settlements: Vec<Settlement<'w>>,
    judges: RefCell<Vec<Vec<(Epoch, Judge<'w>)>>>,
    pub(super) alone: RefCell<Vec<Option<Alone>>>,
    pub(super) settled: RefCell<Vec<Option<Option<Time>>>>,
    pub(super) open: RefCell<std::collections::BTreeSet<ReleaseNumber>>,
    pub(super) rested_on_open: Cell<bool>,
    /// How often the judgement was asked.
    pub asked_times: Cell<usize>,
}

/// What becomes of a release on its own.
#[derive(Debug, Clone)]
pub(crate) struct Alone {
    pub(crate) admitted: Option<Time>,
    pub(crate) phases: Box<[Phase]>,
}

impl Alone {
    /// Whether it asks for a reviewer at a moment.
    pub(super) fn asks_at(&self, moment: Time) -> bool {
        phase_at(self.admitted, &self.phases, moment).is_some_and(|phase| !phase.review.is_empty())
    }
}

/// What keeps a release at a moment that is admitted on its own since another.
fn phase_at(alone: Option<Time>, phases: &[Phase], moment: Time) -> Option<&Phase> {
    if alone.is_some_and(|alone| alone <= moment) {
        return None;
    }
    phases.iter().rev().find(|phase| phase.from <= moment).or(phases.first())
}

/// Prepares a walk under a policy, and hands it to `with`.
pub(crate) fn walk(
    compiled: &Compiled<'_>,
    policy: &Policy,
    readings: &Readings,
    with: impl FnOnce(&Walk<'_, '_>),
) {
    let (baseline, feeds, as_of) =
        (Baseline::default(), speaking_feeds(), AsOf::new(compiled, Reviews::at(policy.level)));
    let asked = Asked {
        policy,
        level: policy.level,
        baseline: &baseline,
        feeds: &feeds,
        names: compiled.names(0),
        readings,
        now: Time::EARLIEST,
    };
    let settlement =
        |names| Settlement::new(Asked { names, ..asked }, &as_of, InUseByCrate::new(), BTreeMap::new());
    let settlements = compiled.all_names().map(settlement).collect();
    with(&Walk {
        compiled,
        asked,
        as_of: &as_of,
        settlements,
        judges: RefCell::new((0..compiled.crates()).map(|_| Vec::new()).collect()),
        alone: RefCell::new(vec![None; compiled.releases()]),
        settled: RefCell::new(vec![None; compiled.releases()]),
        open: RefCell::default(),
        rested_on_open: Cell::new(false),
        asked_times: Cell::new(0),
    });
}

impl<'w> Walk<'w, '_> {
    /// What becomes of a release.
    pub fn fate(&self, number: ReleaseNumber) -> Fate {
        let admitted = self.settled(number);
        let alone = self.alone(number);
        Fate {
            published: self.compiled.published(number),
            alone: alone.admitted,
            admitted,
            phases: alone.phases,
        }
    }

    /// What becomes of a release on its own.
    pub(super) fn alone(&self, number: ReleaseNumber) -> Alone {
        if let Some(known) = &self.alone.borrow()[number.0 as usize] {
            return known.clone();
        }
        let found = self.find_alone(number);
        self.alone.borrow_mut()[number.0 as usize] = Some(found.clone());
        found
    }

    /// Since when a release is admitted on its own.
    pub(super) fn alone_since(&self, number: ReleaseNumber) -> Option<Time> {
        if let Some(known) = &self.alone.borrow()[number.0 as usize] {
            return known.admitted;
        }
        self.alone(number).admitted
    }

    /// What becomes of it was found before somebody reviewed it.
    pub(super) fn reviewed(&self, number: ReleaseNumber, known: Time) {
        self.as_of.add_review(number, known);
        self.alone.borrow_mut()[number.0 as usize] = None;
        self.judges.borrow_mut()[self.compiled.place(number).0].clear();
    }

    /// The reviews that were given.
    pub(super) fn reviews(&self) -> Reviews {
        self.as_of.reviews().clone()
    }

    fn find_alone(&self, number: ReleaseNumber) -> Alone {
        let compiled = self.compiled;
        let (krate, _) = compiled.place(number);
        let release = compiled.release(number);
        let names = compiled.names_known(compiled.published(number));
        let outlook_at = |now| {
            self.as_of.set(now);
            let epoch = (names, compiled.advice_known(krate, now));
            let judge = self.take_judge(krate, epoch).at(now);
            let outlook = self.settlements[names].outlook(&judge, &release.version);
            self.asked_times.set(self.asked_times.get() + 1);
            self.judges.borrow_mut()[krate].push((epoch, judge));
            outlook
        };
        let review = self.as_of.reviews().known(number);
        step(compiled.published(number), outlook_at, |now| {
            [compiled.next_news(krate, now), review.filter(|known| *known > now)].into_iter().flatten().min()
        })
    }

    fn take_judge(&self, krate: usize, epoch: Epoch) -> Judge<'w> {
        let known = &mut self.judges.borrow_mut()[krate];
        if let Some(at) = known.iter().position(|(of, _)| *of == epoch) {
            return known.swap_remove(at).1;
        }
        let asked = Asked { names: self.compiled.names(epoch.0), ..self.asked };
        Judge::new(asked, Context::default(), self.as_of.facts_advised(krate))
    }
}

/// Steps from moment to moment until a release is admitted: those at which time changes something, and those of news.
pub(crate) fn step(
    from: Time,
    mut outlook_at: impl FnMut(Time) -> Outlook,
    next_news: impl Fn(Time) -> Option<Time>,
) -> Alone {
    let mut now = from;
    let mut phases: Vec<Phase> = Vec::new();
    loop {
        let outlook = outlook_at(now);
        if outlook.verdict == Verdict::Admit {
            return Alone { admitted: Some(now), phases: phases.into() };
        }
        let phase = phase(now, &outlook.reasons);
        let is_news = |last: &Phase| (last.review, last.longer) != (phase.review, phase.longer);
        if phases.last().is_none_or(is_news) {
            phases.push(phase);
        }
        match [outlook.changes, next_news(now)].into_iter().flatten().min().filter(|next| *next < HORIZON) {
            Some(next) => now = next,
            None => return Alone { admitted: None, phases: phases.into() },
        }
    }
}

fn phase(from: Time, reasons: &[fence_model::decision::Reason]) -> Phase {
    let (mut review, mut longer) = (Codes::default(), Codes::default());
    for reason in reasons.iter().filter(|reason| reason.stands) {
        match reason.effect {
            Effect::Review | Effect::Block => review.add(reason.code),
            Effect::Double | Effect::Ceiling => longer.add(reason.code),
            Effect::Hold if reason.code != Code::Young => longer.add(reason.code),
            _ => {}
        }
    }
    Phase { from, review, longer }
}
