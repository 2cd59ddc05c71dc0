//! The judgement of one release.
//!
//! The way through this file is [`Judge::decide`]: find everything that speaks for or against the release
//! (`findings.rs`), weigh it at the level asked for (`weigh`), take what the project itself excuses into
//! account, and list the ways out (`ways.rs`). Nothing here reads a clock or looks anything up: facts,
//! policy and `now` come in as values, and the same values give the same decision, byte for byte.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use semver::Version;

use crate::audits::{VouchedSince, Vouching};
use crate::bases::Bases;
use crate::clock::{self, Feeds};
use crate::code::{Code, CodeClass, Effect, Level};
use crate::decision::{Attained, Because, Chain, Clock, Decision, Grounds, Reason, Step, Unknown, Verdict};
use crate::facts::{Audit, CrateFacts, Feed, FeedState, ReleaseFacts, Sighting};
use crate::history::History;
use crate::involved::Circle;
use crate::look_alike::{BetterKnown, KnownNames};
use crate::names::{CrateName, Digest, ReleaseId};
use crate::people::Word;
use crate::policy::{Baseline, BaselineEntry, Exception, Policy, Standing};
use crate::quorum::Cluster;
use crate::readings::{Looked, NewPanics, Pair, Reading, Readings, Unread};
use crate::time::{Span, Time};
use crate::ways;

/// What is asked, the same for all crates of one judgement.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// The level to judge at: the policy's, or what a command asks for instead.
    pub level: Level,
    /// What was locked when the fence was set up.
    pub baseline: &'a Baseline,
    /// The feeds that speak against releases: the index and advisories. Where one stands still, the clock does.
    pub feeds: &'a [Feed],
    /// Names that others imitate.
    pub names: &'a KnownNames,
    /// What was read in packages.
    pub readings: &'a Readings,
    /// The present moment.
    pub now: Time,
}

/// What a project, or a proxy, knows about its use of one crate.
#[derive(Debug, Clone, Default)]
pub struct Context<'a> {
    /// How the policy treats the registry that the crate comes from.
    pub treatment: Treatment<'a>,
    /// The releases in use: those of the lockfile, or for a proxy every admitted one.
    pub in_use: Vec<InUse>,
}

/// How the policy treats a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Treatment<'a> {
    /// By the rules.
    #[default]
    Judged,
    /// As one's own; the registry's index address.
    FirstParty(&'a str),
    /// Not named by the policy; the registry's index address.
    Foreign(&'a str),
}

/// A release in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InUse {
    /// Its version.
    pub version: Version,
    /// What the lockfile says of its bytes.
    pub checksum: Checksum,
}

/// What a lockfile says of a release's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksum {
    /// They have this digest.
    Locked(Digest),
    /// Nothing, though it should.
    Missing,
    /// There is no lockfile to ask.
    NotAsked,
}

/// What only the neighbours of a crate can tell about one release; see [`crate::settle`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Neighbourhood {
    /// Requirements, by package, that no admitted release meets.
    pub unmet: Vec<(String, String)>,
    /// A requirement raised to a fix, where that is the only change that the index shows.
    pub raised: Option<Raised>,
}

/// A requirement raised to a release that fixes an advisory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raised {
    /// The package.
    pub package: String,
    /// The new requirement.
    pub requirement: String,
    /// The advisory.
    pub id: String,
}

/// Judges the releases of one crate.
pub struct Judge<'a> {
    pub(crate) asked: Asked<'a>,
    pub(crate) context: Context<'a>,
    pub(crate) history: History<'a>,
    /// The baseline's entries of the crate: asked for by every release.
    pub(crate) recorded: &'a [BaselineEntry],
    /// The chains of all audits; and those where some are left out, of who is involved, or at another moment, or where
    /// some may begin elsewhere. That takes looking at all of them only where some are signed.
    vouching: OnceCell<Vouching>,
    has_signers: bool,
    vouching_otherwise: RefCell<BTreeMap<Otherwise, Arc<Vouching>>>,
    /// Who is around a release, by its place.
    circles: RefCell<BTreeMap<usize, Arc<Circle<'a>>>>,
    /// Whether a release had been admitted before an objection, by its place, the moment, and what feeds told by then.
    pub(crate) admitted_before: RefCell<BTreeMap<PastMoment, bool>>,
    /// The better-known crate that the crate may be taken for, once that was asked: of all its early releases.
    pub(crate) known_as: OnceCell<Option<BetterKnown<'a>>>,
    pub(crate) bases: Bases,
}

/// A release, a moment, and the state of the feeds as of it.
pub(crate) type PastMoment = (usize, Time, Vec<(FeedState, Option<Time>)>);

/// What makes chains of audits other than those of all: which are left out, and at which releases they may begin, by
/// their places.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Otherwise {
    out: Vec<usize>,
    begins: Arc<[usize]>,
}

/// The moment at which a release is judged: the present, or one that is supposed, to find the ways out.
#[derive(Clone, Copy)]
pub(crate) struct Moment<'f> {
    pub(crate) now: Time,
    pub(crate) feeds: Feeds<'f>,
    /// Independent audits of the release beyond those known.
    pub(crate) more_audits: usize,
    /// Clusters that approve the release beyond those who do.
    pub(crate) more_approvals: &'f [Cluster],
}

/// What a release comes to at a moment.
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    pub(crate) grounds: Option<Grounds>,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) digest: Option<Digest>,
    pub(crate) time: Timing,
    pub(crate) weighed: Weighed,
    /// What made the wait what it is, in order.
    pub(crate) steps: Vec<Step>,
}

/// What a release comes to before the project excuses anything.
struct Evidence {
    reasons: Vec<Reason>,
    time: Timing,
    weighed: Weighed,
    steps: Vec<Step>,
}

/// Judges one release on its own, without its neighbours.
pub fn judge<'a>(
    asked: Asked<'a>,
    context: Context<'a>,
    facts: CrateFacts<'a>,
    version: &Version,
) -> Decision {
    Judge::new(asked, context, facts).decide(version, &Neighbourhood::default())
}

impl<'a> Judge<'a> {
    /// Takes what is known about a crate.
    pub fn new(asked: Asked<'a>, context: Context<'a>, facts: CrateFacts<'a>) -> Self {
        Self {
            asked,
            context,
            recorded: asked.baseline.entries_of(facts.name.as_str()),
            has_signers: facts.audits.iter().any(|audit| audit.signer.is_some()),
            history: History::new(facts),
            vouching: OnceCell::new(),
            vouching_otherwise: RefCell::default(),
            circles: RefCell::default(),
            admitted_before: RefCell::default(),
            known_as: OnceCell::new(),
            bases: Bases::default(),
        }
    }

    /// The same judge at another moment. What it found out so far is as of moments of its own, and stays; the facts are
    /// those that it was given, so they have to be what is known at that moment.
    #[must_use]
    pub fn at(mut self, now: Time) -> Self {
        self.asked.now = now;
        self
    }

    /// The crate.
    pub fn name(&self) -> &CrateName {
        &self.history.facts.name
    }

    /// The releases that the index shows, lowest version first, one per version.
    pub fn releases(&self) -> &[ReleaseFacts<'a>] {
        &self.history.facts.releases
    }

    /// The crate's facts.
    pub fn facts(&self) -> &CrateFacts<'a> {
        &self.history.facts
    }

    /// Judges the release of this version, whether or not the index shows it.
    pub fn decide(&self, version: &Version, neighbours: &Neighbourhood) -> Decision {
        let position = self.history.position(version);
        let release = position.map(|at| self.history.release(at));
        let outcome = self.outcome(version, neighbours, self.present());
        let attained = self.attained(position, &outcome.reasons, &outcome.time);
        let unread = position.map_or_else(Vec::new, |at| self.unread(at, &outcome));
        let Outcome { verdict, grounds, reasons, digest, time, weighed, steps } = outcome;
        let mut decision = Decision {
            release: ReleaseId { name: self.name().clone(), version: version.clone() },
            digest,
            verdict,
            level: self.asked.level,
            attained,
            grounds,
            base: position
                .and_then(|at| self.base(at))
                .map(|base| self.history.release(base).version.clone()),
            panics: position.and_then(|at| self.reading(at)).map_or_else(NewPanics::default, |of| of.panics),
            quorum: position
                .filter(|_| verdict != Verdict::Admit || grounds == Some(Grounds::Quorum))
                .and_then(|at| self.support(at, self.present())),
            published: release.and_then(|r| r.published),
            clock: Clock {
                opened: time.opened,
                counted: time.counted,
                age: time.age(),
                wait: weighed.wait,
                until: time.opened.map(|opened| opened + weighed.wait),
                steps,
            },
            reasons,
            unread,
            clears: Vec::new(),
        };
        if decision.verdict != Verdict::Admit {
            decision.reasons.extend(self.held_fix(version));
            decision.clears = ways::out(self, &decision, time.audits, neighbours);
        }
        decision.reasons.sort_by(|a, b| {
            b.stands.cmp(&a.stands).then_with(|| b.effect.cmp(&a.effect)).then_with(|| a.cmp(b))
        });
        decision
    }

    /// What is asked, as a moment.
    pub(crate) fn present(&self) -> Moment<'a> {
        Moment { now: self.asked.now, feeds: Feeds(self.asked.feeds), more_audits: 0, more_approvals: &[] }
    }

    /// The straight way to a verdict: find, weigh, add what the clock says, and see what the project excuses.
    pub(crate) fn outcome(
        &self,
        version: &Version,
        neighbours: &Neighbourhood,
        moment: Moment<'_>,
    ) -> Outcome {
        let release = self.history.position(version).map(|at| self.history.release(at));
        let Evidence { mut reasons, time, weighed, steps } = self.evidence(version, neighbours, moment);
        let digest = release.map(|r| r.digest).or_else(|| self.locked_digest(version));
        let (verdict, grounds) = self.excuse(version, digest, release, &weighed, moment.now, &mut reasons);
        Outcome { verdict, grounds, reasons, digest, time, weighed, steps }
    }

    /// The verdict before the project excuses anything.
    pub(crate) fn by_evidence(
        &self,
        version: &Version,
        neighbours: &Neighbourhood,
        moment: Moment<'_>,
    ) -> Verdict {
        verdict_of(&self.evidence(version, neighbours, moment).reasons)
    }

    fn evidence(&self, version: &Version, neighbours: &Neighbourhood, moment: Moment<'_>) -> Evidence {
        let position = self.history.position(version);
        let release = position.map(|at| self.history.release(at));
        let mut reasons = self.findings(version, position, neighbours, moment);
        let chains = position.map_or_else(Vec::new, |at| self.chains(at, moment.now));
        let quorum = position.and_then(|at| self.quorum_reason(at, moment));
        let can_be_audited = release.is_some_and(|release| moment.now >= vouchable_from(release));
        let more_audits = if can_be_audited { moment.more_audits } else { 0 };
        let counted = counted(release, moment);
        let time = Timing {
            opened: position.and_then(|at| self.opened(at, counted)),
            counted,
            audits: chains.len() + more_audits,
            has_quorum: quorum.is_some(),
        };
        reasons.extend(audit_reason(chains));
        reasons.extend(quorum);

        self.give_effects(release, &mut reasons);
        let mut steps = Vec::new();
        let tell = |step| steps.push(step);
        let weighed = weigh(self.asked.policy, self.asked.level, standing(&reasons), &time, tell);
        // Of a release that the index does not show, that is all there is to say.
        if let Some(release) = release {
            reasons.extend(conditions(release, &time, &weighed, moment));
        }
        for reason in &mut reasons {
            reason.stands &= !time.clears((reason.code, reason.effect));
        }
        Evidence { reasons, time, weighed, steps }
    }

    /// Since when a release is in the open without a break that matters, as of `counted`; moved on by as long as it was yanked
    /// since, so that all time from there to `counted` is age.
    pub(crate) fn opened(&self, at: usize, counted: Time) -> Option<Time> {
        let release = self.history.release(at);
        let opened = match clock::long_yank(release) {
            // A long yank starts the clock again, unless the release had been admitted by then.
            Some((yanked_at, unyanked_at)) if !self.was_admitted_by(at, yanked_at) => unyanked_at,
            _ => clock::first_open(release)?,
        };
        Some(opened + clock::yanked_for(release, opened, counted))
    }

    /// What came of looking into the release at `at`, beside its base; none where nobody looks or did yet.
    pub(crate) fn looked(&self, at: usize) -> Option<&'a Looked> {
        let readings = self.asked.readings;
        let was_looked_at = readings.is_asked() && readings.has(self.history.release(at).digest);
        // To find a base takes longer than to see that nobody looked.
        if was_looked_at { readings.of(self.pair(at)) } else { None }
    }

    /// What was read of the release at `at`.
    pub(crate) fn reading(&self, at: usize) -> Option<&'a Reading> {
        self.looked(at).and_then(|looked| match looked {
            Looked::Read(reading) => Some(reading),
            Looked::InVain(_) => None,
        })
    }

    fn pair(&self, at: usize) -> Pair {
        let digest = |at: usize| self.history.release(at).digest;
        Pair { release: digest(at), base: self.base(at).map(digest) }
    }

    /// The base of a release, where that is so young itself that it should have been read, and was not, and nobody vouches
    /// for it.
    pub(crate) fn unread_base(&self, at: usize) -> Option<usize> {
        let ceiling = self.asked.policy.wait.ceiling;
        let base = self.base(at)?;
        let is_young = self
            .appeared(base)
            .zip(self.appeared(at))
            .is_some_and(|(base, release)| base + ceiling > release);
        let is_read = || matches!(self.looked(base), Some(Looked::Read(_)));
        (is_young && !is_read() && self.vouched_since(base).once.is_none()).then_some(base)
    }

    /// What is to be read before a decision is all that it could be: a release that is new or held, for which nobody
    /// vouches, and that was not looked at; and the young ones below it that stand for its base.
    fn unread(&self, at: usize, outcome: &Outcome) -> Vec<Unread> {
        let is_vouched_for = matches!(
            outcome.grounds,
            Some(
                Grounds::Audited
                    | Grounds::Quorum
                    | Grounds::FirstParty
                    | Grounds::Baseline
                    | Grounds::Exception
            )
        );
        let is_wanted = match outcome.verdict {
            Verdict::Admit => !is_vouched_for && is_unscanned(&outcome.reasons),
            Verdict::Hold => true,
            Verdict::Block => false,
        };
        if !self.asked.readings.is_asked() || !is_wanted {
            return Vec::new();
        }
        // Each is younger than the ceiling beside the next, so that there are not many.
        let chain = std::iter::successors(Some(at), |at| self.unread_base(*at));
        chain.filter(|at| self.is_to_be_read(*at)).map(|at| self.as_unread(at)).collect()
    }

    /// What is to be read for a release that is new; what is held for long is read when somebody asks about it.
    pub(crate) fn unread_of_new(&self, version: &Version, outcome: &Outcome) -> Vec<Unread> {
        let at = self.history.position(version).filter(|_| is_unscanned(&outcome.reasons));
        at.map_or_else(Vec::new, |at| self.unread(at, outcome))
    }

    /// Whether nobody looked at a release, or a scanner did not come to an end with it.
    fn is_to_be_read(&self, at: usize) -> bool {
        match self.looked(at) {
            None => true,
            Some(Looked::Read(reading)) => reading.incomplete,
            Some(Looked::InVain(_)) => false,
        }
    }

    fn as_unread(&self, at: usize) -> Unread {
        let version = |at: usize| self.history.release(at).version.clone();
        Unread {
            release: ReleaseId { name: self.name().clone(), version: version(at) },
            base: self.base(at).map(version),
            pair: self.pair(at),
        }
    }

    pub(crate) fn vouched_since(&self, at: usize) -> VouchedSince {
        let since = |vouching: &Vouching, version: &Version| vouching.since(version);
        self.asked_of_audits(at, Word::EVER, since).unwrap_or_default()
    }

    fn chains(&self, at: usize, now: Time) -> Vec<Chain> {
        let audits = &self.history.facts.audits;
        let chains = |vouching: &Vouching, version: &Version| vouching.chains(audits, version);
        self.asked_of_audits(at, Word::StandsAt(now), chains).unwrap_or_default()
    }

    /// When the last record became known that ends a chain to a release.
    pub(crate) fn last_read(&self, at: usize, word: Word) -> Option<Time> {
        self.asked_of_audits(at, word, |vouching, version| vouching.last(version)).flatten()
    }

    /// Asks the audits about a release, but those of whoever is involved in it.
    fn asked_of_audits<T>(
        &self,
        at: usize,
        word: Word,
        ask: impl FnOnce(&Vouching, &Version) -> T,
    ) -> Option<T> {
        let audits = &self.history.facts.audits;
        if audits.is_empty() {
            return None;
        }
        let version = &self.history.release(at).version;
        let is_out = |audit: &Audit<'_>| {
            let is_involved = |signer| {
                let read = audit.claim.versions().and_then(|(_, to)| self.history.position(&to.version));
                self.is_involved(at, signer) || read.is_some_and(|read| self.is_involved(read, signer))
            };
            !word.takes(audit.known, audit.until) || audit.signer.as_ref().is_some_and(is_involved)
        };
        let may_be_out = word != Word::EVER || self.has_signers;
        let places = 0..if may_be_out { audits.len() } else { 0 };
        let out: Vec<usize> = places.filter(|place| is_out(&audits[*place])).collect();
        let begins = self.begins(at);
        if out.is_empty() && begins.is_empty() {
            return Some(ask(self.vouching.get_or_init(|| self.vouching(&[], &[])), version));
        }
        let otherwise = Otherwise { out, begins };
        let known = self.vouching_otherwise.borrow().get(&otherwise).cloned();
        let vouching = known.unwrap_or_else(|| {
            let vouching = Arc::new(self.vouching(&otherwise.out, &otherwise.begins));
            self.vouching_otherwise.borrow_mut().insert(otherwise, Arc::clone(&vouching));
            vouching
        });
        Some(ask(&vouching, version))
    }

    /// The audit records that vouch for a release: those of every chain that leads to it and meets the criteria that
    /// the policy asks for.
    pub fn vouchers(&self, version: &Version) -> impl Iterator<Item = &Audit<'a>> {
        let at = self.history.position(version);
        let records = at.and_then(|at| {
            self.asked_of_audits(at, Word::StandsAt(self.asked.now), |vouching, version| {
                vouching.records(version)
            })
        });
        records.into_iter().flatten().map(|place| &self.history.facts.audits[place])
    }

    /// The chains of all audits but those at some places, sorted, beginning also at these releases.
    fn vouching(&self, without: &[usize], begins: &[usize]) -> Vouching {
        let seen = |version: &Version| {
            let position = self.history.position(version);
            position.map_or(Time::EARLIEST, |at| vouchable_from(self.history.release(at)))
        };
        let is_of_these = |version: &Version, digest: Option<Digest>| {
            let shown = || self.history.position(version).map(|at| self.history.release(at).digest);
            digest.is_none_or(|digest| shown() == Some(digest))
        };
        let counts = |place: usize, audit: &Audit<'_>| {
            let Some((from, to)) = audit.claim.versions() else { return false };
            without.binary_search(&place).is_err()
                && is_of_these(&to.version, audit.digest)
                && from.is_none_or(|from| is_of_these(&from.version, audit.from_digest))
        };
        let begins: Vec<&Version> = begins.iter().map(|at| &self.history.release(*at).version).collect();
        Vouching::new(&self.history.facts.audits, &self.asked.policy.criteria, seen, counts, &begins)
    }

    /// When what people signed about a release ends, by its own word.
    pub(crate) fn turns(&self, version: &Version) -> Vec<Time> {
        let ends = self.history.facts.audits.iter().filter_map(|audit| audit.until);
        let mut turns: Vec<Time> = ends.map(|until| until + Span::seconds(1)).collect();
        turns.extend(self.history.position(version).into_iter().flat_map(|at| self.statements_turn(at)));
        turns
    }

    /// Who is around a release.
    pub(crate) fn circle(&self, at: usize) -> Arc<Circle<'a>> {
        let known = self.circles.borrow().get(&at).cloned();
        known.unwrap_or_else(|| {
            let circle = Arc::new(Circle::of(&self.history.facts, self.history.release(at)));
            self.circles.borrow_mut().insert(at, Arc::clone(&circle));
            circle
        })
    }

    /// What a code does to this release: the policy's word, but nothing for codes that came in after the project
    /// was set up and the release was published.
    pub(crate) fn effect(&self, code: Code, release: Option<&ReleaseFacts<'_>>) -> Effect {
        self.effect_at(code, self.asked.level, release)
    }

    fn effect_at(&self, code: Code, level: Level, release: Option<&ReleaseFacts<'_>>) -> Effect {
        let Baseline { since, generation, .. } = *self.asked.baseline;
        let is_later = code.generation() > generation;
        if is_later && release.and_then(|r| r.published).is_some_and(|published| published <= since) {
            return Effect::Note;
        }
        self.asked.policy.effect(code, level)
    }

    pub(crate) fn give_effects(&self, release: Option<&ReleaseFacts<'_>>, reasons: &mut [Reason]) {
        for reason in reasons {
            reason.effect = self.effect(reason.code, release);
        }
    }

    /// The highest level whose rules the release passes by evidence and age alone.
    fn attained(&self, at: Option<usize>, reasons: &[Reason], time: &Timing) -> Attained {
        let release = at.map(|at| self.history.release(at));
        // At the highest level age admits nothing that audits of changes could begin at.
        let from_the_start = reasons.iter().find_map(|reason| match &reason.because {
            Because::Audits(chains) => Some(chains.iter().filter(|chain| chain.begins.is_none()).count()),
            _ => None,
        });
        let passes = |level: Level| {
            let audits = from_the_start.filter(|_| level == Level::High).unwrap_or(time.audits);
            let time = &Timing { audits, ..*time };
            let found = reasons.iter().filter_map(|r| match (r.code.class(), r.code) {
                // Excused or not, it is in the way of every level.
                (CodeClass::Condition, Code::ClockStopped) if r.effect > Effect::Note => {
                    Some((r.code, Effect::Hold))
                }
                // Young and unaudited it is at one level and not at another: weighing tells.
                (CodeClass::Condition, _) => None,
                _ => Some((r.code, self.effect_at(r.code, level, release))),
            });
            weigh(self.asked.policy, level, found, time, |_| ()).verdict == Verdict::Admit
        };
        let level = Level::ALL.into_iter().rev().find(|level| passes(*level));
        let mut unknown = Vec::new();
        if !self.history.facts.journalled {
            unknown.push(Unknown::Journal);
        }
        if Feeds(self.asked.feeds).any_absent() {
            unknown.push(Unknown::Advisories);
        }
        if reasons.iter().any(|r| matches!(r.because, Because::DependencyUnread { .. })) {
            unknown.push(Unknown::Dependencies);
        }
        unknown.extend(at.map_or(Some(Unknown::Publishers), |at| self.publishers_unknown(at)));
        if !self.asked.readings.is_asked() || reasons.iter().any(|r| r.code == Code::Unscanned) {
            unknown.push(Unknown::Capabilities);
        }
        if self.history.facts.owners.is_none() || release.is_none_or(|r| r.voices.is_none()) {
            unknown.push(Unknown::People);
        }
        if level == Some(Level::High) {
            unknown.extend([Unknown::Signatures, Unknown::Repository]);
        }
        Attained { level, unknown }
    }

    /// What the project itself excuses: its own registry, its baseline, its exceptions; and the verdict after that.
    fn excuse(
        &self,
        version: &Version,
        digest: Option<Digest>,
        release: Option<&ReleaseFacts<'_>>,
        weighed: &Weighed,
        now: Time,
        reasons: &mut Vec<Reason>,
    ) -> (Verdict, Option<Grounds>) {
        let by_evidence = verdict_of(reasons);
        let mut grounds = (by_evidence == Verdict::Admit).then_some(match weighed {
            Weighed { is_audited: true, .. } => Grounds::Audited,
            Weighed { is_by_quorum: true, .. } => Grounds::Quorum,
            Weighed { is_fix: true, .. } => Grounds::Fix,
            _ => Grounds::Age,
        });
        let favour =
            |code, because, known| Reason { code, effect: Effect::Favour, stands: true, known, because };

        let mut apply =
            |reasons: &mut Vec<Reason>, reason: Reason, by: Grounds, clears: &dyn Fn(&Reason) -> bool| {
                for other in reasons.iter_mut().filter(|r| clears(r)) {
                    other.stands = false;
                }
                reasons.push(reason);
                if grounds.is_none() && verdict_of(reasons) == Verdict::Admit {
                    grounds = Some(by);
                }
            };
        let not_a_block = |reason: &Reason| reason.effect < Effect::Block && reason.effect > Effect::Warn;
        let holds = |reason: &Reason| matches!(reason.effect, Effect::Hold | Effect::Review);
        if let Treatment::FirstParty(registry) = self.context.treatment {
            let because = Because::Source(registry.to_owned());
            apply(reasons, favour(Code::FirstParty, because, None), Grounds::FirstParty, &not_a_block);
        }
        if let Some(entry) = self.baseline_entry(version, digest, release) {
            let (recorded, known) = (entry.recorded, Some(entry.recorded));
            match entry.standing {
                Standing::Settled => {
                    let because = Because::Recorded { recorded };
                    let reason = favour(Code::Baseline, because, known);
                    apply(reasons, reason, Grounds::Baseline, &not_a_block);
                }
                // Nobody vouches for it yet: all that it is excused goes on being said.
                Standing::Young => {
                    let mut excused = reasons.iter_mut().filter(|r| r.stands && holds(r)).peekable();
                    if excused.peek().is_some() {
                        excused.for_each(|reason| reason.effect = Effect::Warn);
                        let because = Because::RecordedYoung { recorded };
                        let reason = favour(Code::Baseline, because, known);
                        apply(reasons, reason, Grounds::Baseline, &|_| false);
                    }
                }
            }
        } else if let Some(entry) = self.recorded.iter().find(|entry| entry.version == *version)
            && release.and_then(|r| r.published).is_some_and(|published| published > entry.recorded)
        {
            let because = Because::RecordedTooEarly { recorded: entry.recorded };
            let known = Some(entry.recorded);
            reasons.push(Reason {
                code: Code::Baseline,
                effect: Effect::Note,
                stands: false,
                known,
                because,
            });
        }
        for exception in self.exceptions(version, digest, now) {
            let because = Because::Excused {
                because: exception.because.clone(),
                until: exception.until,
                codes: exception.codes.clone(),
            };
            // What speaks for a release, and what is only said, needs no excuse.
            let names =
                |reason: &Reason| reason.effect > Effect::Note && exception.codes.contains(&reason.code);
            apply(reasons, favour(Code::Exception, because, None), Grounds::Exception, &names);
        }
        (verdict_of(reasons), grounds)
    }

    /// The baseline's entry of a release, if it is valid: the digest fits and the release is no younger.
    pub(crate) fn baseline_entry(
        &self,
        version: &Version,
        digest: Option<Digest>,
        release: Option<&ReleaseFacts<'_>>,
    ) -> Option<&'a BaselineEntry> {
        let entry = self.recorded.iter().find(|entry| entry.version == *version)?;
        let is_younger =
            release.and_then(|r| r.published).is_some_and(|published| published > entry.recorded);
        (Some(entry.digest) == digest && !is_younger).then_some(entry)
    }

    fn exceptions(
        &self,
        version: &Version,
        digest: Option<Digest>,
        now: Time,
    ) -> impl Iterator<Item = &'a Exception> {
        self.asked.policy.exceptions.iter().filter(move |exception| {
            exception.name == *self.name()
                && exception.version == *version
                && Some(exception.digest) == digest
                && now <= exception.until
        })
    }

    /// What lockfiles say of a release's bytes; more than one where registries share a name.
    pub(crate) fn checksums(&self, version: &Version) -> impl Iterator<Item = Checksum> {
        self.context
            .in_use
            .iter()
            .filter(move |in_use| in_use.version == *version)
            .map(|in_use| in_use.checksum)
    }

    fn locked_digest(&self, version: &Version) -> Option<Digest> {
        let digest = |checksum| match checksum {
            Checksum::Locked(digest) => Some(digest),
            Checksum::Missing | Checksum::NotAsked => None,
        };
        self.checksums(version).filter_map(digest).min()
    }
}

/// From when on audits of a release can be of its bytes. An index may show a release before the machine's own
/// first look at it, so the publish time counts where it is known, unless a read lacked the release after it.
pub(crate) fn vouchable_from(release: &ReleaseFacts<'_>) -> Time {
    let sighting = release.sighting.as_deref();
    let first_seen = sighting.map(|s| s.first_seen);
    let shown = release.published.into_iter().chain(first_seen).min().unwrap_or(Time::EARLIEST);
    sighting.and_then(|s| s.lacked_at).map_or(shown, |lacked_at| shown.max(lacked_at))
}

/// Up to when a release's time is counted: a yank that stands stops it as a silent feed does.
pub(crate) fn counted(release: Option<&ReleaseFacts<'_>>, moment: Moment<'_>) -> Time {
    let counted = moment.feeds.counted(moment.now);
    match release.filter(|r| r.yanked).and_then(|r| r.sighting.as_deref()).and_then(Sighting::yanked_at) {
        Some(yanked_at) => counted.min(yanked_at),
        None => counted,
    }
}

/// What the clock and the level have against the release, now that its wait is known.
fn conditions(
    release: &ReleaseFacts<'_>,
    time: &Timing,
    weighed: &Weighed,
    moment: Moment<'_>,
) -> Vec<Reason> {
    let mut conditions = Vec::new();
    let mut push = |code, effect, because, known| {
        conditions.push(Reason { code, effect, stands: true, known, because });
    };
    if weighed.is_young {
        let because = match time.opened {
            Some(_) => Because::Young { age: time.age(), wait: weighed.wait },
            None => Because::AgeUnknown,
        };
        push(Code::Young, Effect::Hold, because, time.opened);
    }
    if weighed.is_unaudited {
        push(Code::Unaudited, Effect::Hold, Because::AuditsMissing { have: time.audits }, None);
    }
    // What a silent feed would say about a release that it has not seen may be anything. One of which nobody knows
    // the beginning may be as old as you like, but a feed that was never read has not seen it either.
    let unseen = match time.opened.or(release.appeared()) {
        Some(began) => moment.feeds.behind(began),
        None => moment.feeds.never_read(),
    };
    let matters = weighed.is_young && time.opened.is_some_and(|o| moment.now - o >= weighed.wait);
    let stopped = unseen.or_else(|| moment.feeds.behind(moment.now).filter(|_| matters));
    if let Some(feed) = stopped {
        let effect = if unseen.is_some() { Effect::Hold } else { Effect::Note };
        let because = Because::FeedBehind { feed: feed.name.clone(), state: feed.state, as_of: feed.as_of };
        push(Code::ClockStopped, effect, because, feed.as_of);
    }
    conditions
}

/// What weighing needs to know about time and audits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    pub(crate) opened: Option<Time>,
    pub(crate) counted: Time,
    pub(crate) audits: usize,
    /// Whether a quorum is reached.
    pub(crate) has_quorum: bool,
}

impl Timing {
    /// One audit, or a quorum, clears whatever holds or asks for a reviewer, and is answered by reading the release.
    fn clears(&self, (code, effect): (Code, Effect)) -> bool {
        (self.audits > 0 || self.has_quorum)
            && matches!(effect, Effect::Hold | Effect::Review)
            && code.is_answered_by_audits()
    }

    pub(crate) fn age(&self) -> Span {
        self.opened.map_or(Span::ZERO, |opened| self.counted - opened)
    }
}

/// What a release's reasons come to at one level, before the project excuses anything.
#[derive(Debug, Clone)]
pub(crate) struct Weighed {
    pub(crate) verdict: Verdict,
    pub(crate) wait: Span,
    pub(crate) is_young: bool,
    pub(crate) is_unaudited: bool,
    pub(crate) is_audited: bool,
    /// Whether it would not be admitted without its quorum.
    pub(crate) is_by_quorum: bool,
    pub(crate) is_fix: bool,
}

/// Weighs what stands, codes with their effects at `level`, into a wait and a verdict:
/// `max(floor, min(ceiling, base wait × lengthening × max(½, shortening)))`. Each change of the wait is told to
/// `tell`. The releases below one that is judged are weighed too, so nothing is kept here.
pub(crate) fn weigh(
    policy: &Policy,
    level: Level,
    found: impl Iterator<Item = (Code, Effect)>,
    time: &Timing,
    mut tell: impl FnMut(Step),
) -> Weighed {
    let limits = &policy.wait;
    let mut wait = policy.base_wait(level).min(limits.ceiling);
    tell(Step { code: None, wait });
    let mut set = |wait: &mut Span, to: Span, code: Code| {
        if *wait != to {
            *wait = to;
            tell(Step { code: Some(code), wait: to });
        }
    };
    let (mut doubled, mut favour, mut effects) = (Codes::default(), Codes::default(), [false; 8]);
    let (mut is_unscanned, mut is_cleared) = (false, false);
    for (code, effect) in found {
        if time.clears((code, effect)) {
            is_cleared = true;
            continue;
        }
        effects[effect as usize] = true;
        is_unscanned |= code == Code::Unscanned && effect > Effect::Note;
        match effect {
            Effect::Favour => {
                favour.insert(code);
            }
            // One doubling per code, however often it was found.
            Effect::Double if doubled.insert(code) == Inserted::First => {
                let to = wait.times(2).min(limits.ceiling);
                set(&mut wait, to, code);
            }
            Effect::Ceiling => set(&mut wait, limits.ceiling, code),
            _ => {}
        }
    }
    let full_wait = wait;
    let stands = |effect: Effect| effects[effect as usize];
    // While a review code stands nothing shortens, nor where nobody knows whether one would.
    if !stands(Effect::Review) && !is_unscanned {
        for code in [Code::KnownPublisher, Code::CiKnown, Code::UnchangedCode, Code::CarriesFix] {
            if favour.contains(code) {
                let to = full_wait.half().max(limits.floor_known).min(full_wait);
                set(&mut wait, to, code);
            }
        }
        if favour.contains(Code::FixesAdvisory) {
            let to = wait.min(limits.floor_fix);
            set(&mut wait, to, Code::FixesAdvisory);
        }
    }
    let wait_of_nobody = wait;
    // Those who approve know what they do, whatever nobody scanned.
    if time.has_quorum {
        let to = wait.min(limits.floor_fix);
        set(&mut wait, to, Code::Quorum);
    }
    let unaudited_wait = wait;
    match time.audits {
        0 => {}
        1 => set(&mut wait, unaudited_wait.min(limits.floor_audited_once), Code::AuditedOnce),
        _ => set(&mut wait, Span::ZERO, Code::Audited),
    }
    let age = time.age();
    let is_young = age < wait || (time.opened.is_none() && wait > Span::ZERO);
    let is_unaudited = level == Level::High && time.audits < 2;
    let verdict = if stands(Effect::Block) {
        Verdict::Block
    } else if stands(Effect::Review) || stands(Effect::Hold) || is_young || is_unaudited {
        Verdict::Hold
    } else {
        Verdict::Admit
    };
    let fixes = favour.contains(Code::FixesAdvisory) || favour.contains(Code::CarriesFix);
    let is_fix = fixes && age < full_wait && unaudited_wait < full_wait;
    let is_by_quorum = time.has_quorum && (is_cleared || age < wait_of_nobody);
    let is_audited = time.audits > 0;
    Weighed { verdict, wait, is_young, is_unaudited, is_audited, is_by_quorum, is_fix }
}

/// The codes that stand among reasons, with their effects.
pub(crate) fn standing(reasons: &[Reason]) -> impl Iterator<Item = (Code, Effect)> {
    reasons.iter().filter(|reason| reason.stands).map(|reason| (reason.code, reason.effect))
}

/// A set of codes.
#[derive(Debug, Clone, Copy, Default)]
struct Codes(u64);

const _: () = assert!(Code::ALL.len() <= 64, "a set of codes has a bit for each");

/// Whether a set lacked a code before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inserted {
    First,
    Again,
}

impl Codes {
    fn insert(&mut self, code: Code) -> Inserted {
        let before = *self;
        self.0 |= 1 << code as u8;
        if before.contains(code) { Inserted::Again } else { Inserted::First }
    }

    fn contains(self, code: Code) -> bool {
        self.0 & 1 << code as u8 != 0
    }
}

fn is_unscanned(reasons: &[Reason]) -> bool {
    reasons.iter().any(|reason| reason.code == Code::Unscanned && reason.effect > Effect::Note)
}

/// The verdict of reasons of which all are known.
fn verdict_of(reasons: &[Reason]) -> Verdict {
    let worst = reasons.iter().filter(|r| r.stands).map(|r| r.effect).max();
    match worst {
        Some(Effect::Block) => Verdict::Block,
        Some(Effect::Hold | Effect::Review) => Verdict::Hold,
        _ => Verdict::Admit,
    }
}

fn audit_reason(chains: Vec<Chain>) -> Option<Reason> {
    let code = match chains.len() {
        0 => return None,
        1 => Code::AuditedOnce,
        _ => Code::Audited,
    };
    let known = chains.iter().map(|chain| chain.known).max();
    Some(Reason { code, effect: Effect::Favour, stands: true, known, because: Because::Audits(chains) })
}

impl std::fmt::Debug for Judge<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Judge").field("name", self.name()).finish_non_exhaustive()
    }
}
