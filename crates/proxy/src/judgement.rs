//! What becomes of one crate: pure, from what is known, to what is served of it.
//!
//! [`Case::shown`] judges each release on its own and writes the page that is served; whether what a release needs is
//! admitted too cargo finds out by itself, when it asks for that. [`Case::decide`] is asked when the bytes of a release
//! are: by then its neighbours are looked at as well.
//!
//! Either may turn on what is not at hand: since when a package is there that a release newly needs, or what
//! becomes of it. Then that is taken for the worst, and named as [`Lacking`]: who asks brings it and asks again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use fence_client::cargo_config::Registry;
use fence_client::gather::{self, Evidence};
use fence_model::beside::{Older, beside};
use fence_model::decision::{Because, Decision};
use fence_model::facts::{Birth, CrateFacts, DependencyKind, Feed, Gone};
use fence_model::judge::{Asked, Checksum, InUse, Judge, Treatment};
use fence_model::look_alike::KnownNames;
use fence_model::policy::{Baseline, Policy, PublishTimes};
use fence_model::readings::{Readings, Unread};
use fence_model::settle::{self, FactsOf, InUseByCrate, Settlement};
use fence_model::view::{self, Mark, ReleaseVerdict};
use fence_model::words::outlook;
use fence_model::{CaretClass, Code, CrateName, Digest, ReleaseId, Time, Verdict};
use fence_registry::journal::Memory;
use fence_registry::serve::{Yanked, serve};
use fence_registry::{IndexFile, Limits};
use semver::Version;

use crate::answer::IndexPage;
use crate::page::page_of;
use crate::views::{File, View};

/// How many packages a judgement of one crate asks to be read: whoever releases by the hundred waits his turn.
const MOST_UNREAD: usize = 8;

/// What is asked, the same for every crate of a registry.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) baseline: &'a Baseline,
    pub(crate) evidence: &'a Evidence,
    pub(crate) names: &'a KnownNames,
    /// The registry that is asked.
    pub(crate) registry: &'a Registry,
    pub(crate) source: &'a SourceOf,
    /// What was read in packages.
    pub(crate) readings: &'a Readings,
    pub(crate) now: Time,
}

/// How the policy sees a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SourceOf {
    /// It is crates.io, of which feeds speak.
    CratesIo,
    /// It is another, with this index address as lockfiles write it.
    Other(String),
}

/// A crate, with all that is at hand about it.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) view: View,
    pub(crate) memory: Memory,
}

/// What is not at hand, and might change the answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lacking {
    /// Packages of which it matters since when they are there.
    pub(crate) births: BTreeSet<CrateName>,
    /// Crates of which it matters what becomes of them.
    pub(crate) crates: BTreeSet<CrateName>,
    /// Releases of which it matters what their packages hold. It is judged without, and again when they were read.
    pub(crate) unread: BTreeSet<Unread>,
}

impl Lacking {
    pub(crate) fn is_nothing(&self) -> bool {
        self.births.is_empty() && self.crates.is_empty()
    }
}

/// What is served of a crate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Shown {
    /// The index file, filtered.
    pub(crate) bytes: Vec<u8>,
    /// Lines that nobody can read, and that are left out.
    pub(crate) left_out: usize,
    /// Releases that are held though nothing newer of their class is admitted: what somebody may be waiting for.
    pub(crate) waiting: Vec<Version>,
    /// Those among them that people are shown first: the one of the crate's newest class, and fixes of what builds get
    /// instead.
    pub(crate) first: Vec<Version>,
    /// How many releases are not admitted.
    pub(crate) refused: usize,
    /// The releases that are shown as not yanked though the registry says so.
    pub(crate) unyanked: Vec<Version>,
    /// When time alone may change this.
    pub(crate) until: Option<Time>,
    /// Up to when the feeds speak by which this was judged, where a release waits for a newer word of theirs.
    pub(crate) lags: Option<Time>,
}

/// A decision for who reads about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) decision: Arc<Decision>,
    /// The release that is admitted instead, of the same class.
    pub(crate) stay: Option<Version>,
}

/// A release to read another beside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Beside {
    pub(crate) version: Version,
    /// Why it is that, as the end of a sentence.
    pub(crate) why: &'static str,
    pub(crate) digest: Digest,
}

/// A crate for who reads about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chronicle {
    /// The crate, as it spells itself.
    pub(crate) name: CrateName,
    /// The releases that the index shows, lowest version first.
    pub(crate) releases: Vec<Entry>,
    /// Those that somebody saw and that are gone.
    pub(crate) gone: Vec<Gone>,
}

/// One release of a crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) judged: ReleaseVerdict,
    /// When it was published, or first seen.
    pub(crate) appeared: Option<Time>,
    /// Whether its registry says that it was yanked.
    pub(crate) yanked: bool,
    /// How it is shown to cargo.
    pub(crate) mark: Mark,
    /// In a word and in a line, where it is not admitted: not for all, since that takes longer.
    pub(crate) why: Option<(String, String)>,
}

/// How many releases of a crate that are not admitted are told of in words.
const EXPLAINED: usize = 30;

/// One question about some crates.
pub(crate) struct Case<'a> {
    question: Question<'a>,
    feeds: Vec<Feed>,
    /// By name in lower case.
    crates: BTreeMap<&'a str, Loaded<'a>>,
    births: &'a (dyn Fn(&str, Option<&str>) -> Option<Birth> + Sync),
    lacking: Mutex<Lacking>,
}

struct Loaded<'a> {
    known: &'a Known,
    file: OnceLock<Option<IndexFile<'a>>>,
}

impl<'a> Case<'a> {
    /// A case with what is at hand of some crates, by name in lower case. `births` says since when packages are there, by
    /// name and, where it is not the same, the index address of their registry; none where nobody looked.
    pub(crate) fn new(
        question: Question<'a>,
        crates: &'a BTreeMap<CrateName, Known>,
        births: &'a (dyn Fn(&str, Option<&str>) -> Option<Birth> + Sync),
    ) -> Self {
        let mut feeds = question.evidence.adverse(question.now);
        // The index speaks up to where the oldest of the views does.
        let listed = crates.values().filter(|known| known.view.file.is_some());
        let checked = listed.map(|known| known.view.checked.min(question.now)).min();
        feeds.insert(0, index_feed(question, checked));
        let loaded =
            |(name, known): (&'a CrateName, _)| (name.as_str(), Loaded { known, file: OnceLock::new() });
        Self {
            question,
            feeds,
            crates: crates.iter().map(loaded).collect(),
            births,
            lacking: Mutex::default(),
        }
    }

    /// What is served of the crate `subject`, and what might change it.
    pub(crate) fn shown(&self, subject: &CrateName) -> (Shown, Lacking) {
        let Some((bytes, file)) = self.file(subject) else { return Default::default() };
        let settlement = self.settlement(&[]);
        let judge = settlement.judge(subject);
        let judged = settlement.each_alone(&judge);
        let marks: BTreeMap<Version, Mark> = view::view(&judge, &judged, self.question.now)
            .into_iter()
            .map(|shown| (shown.version, shown.mark))
            .collect();
        let served = serve(bytes, file, |line| match marks.get(&line.version) {
            Some(Mark::AsUpstream) => Yanked::AsUpstream,
            Some(Mark::UnYanked) => Yanked::No,
            // One of which there are no facts, since it is dated in the future, is nobody's to build with.
            Some(Mark::Yanked) | None => Yanked::Yes,
        });
        let refused = judged.iter().filter(|judged| judged.verdict != Verdict::Admit).count();
        let unyanked =
            marks.into_iter().filter(|(_, mark)| *mark == Mark::UnYanked).map(|(version, _)| version);
        let (waiting, leads) = waiting(file, &judged);
        let fixes = self.fixes(subject, &waiting, &judged);
        let is_first = |version: &&Version| Some(*version) == leads.as_ref() || fixes.contains(version);
        let shown = Shown {
            bytes: served.bytes,
            left_out: served.left_out.len(),
            first: waiting.iter().filter(is_first).cloned().collect(),
            waiting,
            refused,
            unyanked: unyanked.collect(),
            until: self.until(subject, &judged),
            lags: self.lags(&judged),
        };
        let held = judged.iter().filter(|judged| judged.verdict == Verdict::Hold);
        // The newest first, which most people want; the next page asks for the rest.
        let unread = judged.iter().rev().flat_map(|judged| judged.unread.clone()).take(MOST_UNREAD).collect();
        let lacking = self.lacking_of(&judge, held.map(|judged| &judged.version).collect());
        (shown, Lacking { unread, ..lacking })
    }

    /// Those of the releases that wait which fix what builds get instead of them.
    fn fixes(&self, subject: &CrateName, waiting: &[Version], judged: &[ReleaseVerdict]) -> Vec<Version> {
        if waiting.is_empty() || !self.may_be_advised(subject) {
            return Vec::new();
        }
        let in_use = admitted_of(judged);
        let settlement = self.settlement(&[(subject, &in_use)]);
        let judge = settlement.judge(subject);
        let is_fix =
            |version: &&Version| tell(&settlement, &judge, judged, version).decision.has(Code::HeldFix);
        waiting.iter().filter(is_fix).cloned().collect()
    }

    /// The decisions on some releases of the crate `subject` on their own, for who reads about them.
    pub(crate) fn told(&self, subject: &CrateName, versions: &[Version]) -> (Vec<Told>, Lacking) {
        let alone = self.settlement(&[]);
        let judged = alone.each_alone(&alone.judge(subject));
        let in_use = admitted_of(&judged);
        let settlement = self.settlement(&[(subject, &in_use)]);
        let judge = settlement.judge(subject);
        let told = |version: &Version| tell(&settlement, &judge, &judged, version);
        let told: Vec<Told> = versions.iter().map(told).collect();
        let unread = told.iter().flat_map(|told| told.decision.unread.clone()).take(MOST_UNREAD).collect();
        let lacking = self.lacking_of(&judge, versions.iter().collect());
        (told, Lacking { unread, ..lacking })
    }

    /// All releases of the crate `subject`; none where nothing is known of it.
    pub(crate) fn chronicle(&self, subject: &CrateName) -> (Option<Chronicle>, Lacking) {
        let now = self.question.now;
        let alone = self.settlement(&[]);
        let judged = alone.each_alone(&alone.judge(subject));
        let in_use = admitted_of(&judged);
        let settlement = self.settlement(&[(subject, &in_use)]);
        let judge = settlement.judge(subject);
        let mut gone = judge.facts().gone.clone();
        gone.retain(|gone| judge.releases().iter().all(|release| release.version != gone.version));
        if judge.releases().is_empty() && gone.is_empty() {
            return (None, Lacking::default());
        }
        let marks: BTreeMap<Version, Mark> =
            view::view(&judge, &judged, now).into_iter().map(|shown| (shown.version, shown.mark)).collect();
        let not_admitted = judged.iter().filter(|judged| judged.verdict != Verdict::Admit);
        let explained: BTreeSet<&Version> =
            not_admitted.clone().rev().take(EXPLAINED).map(|judged| &judged.version).collect();
        let entries = judge.releases().iter().zip(&judged).map(|(release, own)| Entry {
            appeared: release.appeared(),
            yanked: release.yanked,
            mark: marks.get(&release.version).copied().unwrap_or(Mark::Yanked),
            why: explained.contains(&release.version).then(|| {
                let Told { decision, .. } = tell(&settlement, &judge, &judged, &release.version);
                (outlook::label(&decision), outlook::line(&decision, now))
            }),
            judged: own.clone(),
        });
        let chronicle = Chronicle { name: judge.name().clone(), releases: entries.collect(), gone };
        let held = not_admitted.filter(|judged| judged.verdict == Verdict::Hold);
        let lacking = self.lacking_of(&judge, held.map(|judged| &judged.version).collect());
        (Some(chronicle), lacking)
    }

    /// What was not at hand and is needed by these releases: what was taken for the worst and admitted all the same was
    /// not worth asking.
    fn lacking_of(&self, judge: &Judge<'_>, held: BTreeSet<&Version>) -> Lacking {
        let mut lacking = self.lacking();
        let needed: BTreeSet<&str> = judge
            .releases()
            .iter()
            .filter(|release| held.contains(&release.version))
            .flat_map(|release| release.dependencies.iter())
            .filter(|dependency| dependency.kind != DependencyKind::Dev)
            .map(|dependency| dependency.package)
            .collect();
        lacking.births.retain(|name| needed.contains(name.as_str()));
        lacking
    }

    /// The decision on a release, its neighbours considered, and what might change it if it is not admitted. `admitted`
    /// are releases of which that is known; those that are found on the way are given back.
    pub(crate) fn decide(
        &self,
        subject: &CrateName,
        version: &Version,
        admitted: Vec<ReleaseId>,
    ) -> (Decision, Vec<ReleaseId>, Lacking) {
        let alone = self.settlement(&[]);
        let judge = alone.judge(subject);
        let in_use: Vec<Version> =
            in_its_place(&judge, &alone.each_alone(&judge), version).into_iter().collect();
        let settlement = self.settlement(&[(subject, &in_use)]).knowing(admitted);
        let judge = settlement.judge(subject);
        let own = settlement.decide_alone(&judge, version);
        if own.verdict != Verdict::Admit {
            // What its own facts hold, its neighbours cannot admit; but some of its facts may not be at hand.
            let Lacking { births, .. } = self.lacking();
            let unread = own.unread.iter().cloned().collect();
            return (own, Vec::new(), Lacking { births, crates: BTreeSet::new(), unread });
        }
        drop(self.lacking());
        let decision = settlement.decide(&judge, version);
        let lacking = match decision.verdict {
            // It was admitted without them.
            Verdict::Admit => Lacking::default(),
            Verdict::Hold | Verdict::Block => self.lacking(),
        };
        (decision, settlement.admitted(), lacking)
    }

    /// The digests under which the index shows a release of the crate `subject`.
    pub(crate) fn digests(&self, subject: &CrateName, version: &Version) -> Vec<Digest> {
        let releases = self.file(subject).map_or(&[][..], |(_, file)| &file.releases);
        releases.iter().filter(|line| line.version == *version).map(|line| line.digest).collect()
    }

    /// Whether somebody saw a release of the crate `subject` that is gone.
    pub(crate) fn remembers(&self, subject: &CrateName, version: &Version) -> bool {
        let memory = self.loaded(subject).map(|loaded| &loaded.known.memory);
        memory.is_some_and(|memory| memory.has(version))
    }

    /// The release to read another of the crate `subject` beside, whose judgement has `base`; or why there is none.
    pub(crate) fn beside(
        &self,
        subject: &CrateName,
        version: &Version,
        base: Option<&Version>,
    ) -> Result<Beside, &'static str> {
        let listed = self.file(subject).map_or(&[][..], |(_, file)| &file.releases).iter();
        let older = listed.map(|line| Older { version: &line.version, yanked: line.yanked });
        // The judgement may remember one that is gone.
        let base = base.filter(|base| !self.digests(subject, base).is_empty());
        let (version, why) = beside(version, &[], base, older)?;
        let digest =
            self.digests(subject, &version).first().copied().ok_or("since there is no older release")?;
        Ok(Beside { version, why, digest })
    }

    /// A release of the crate `subject` to read another beside, because somebody asked for it; none where there is none.
    pub(crate) fn as_asked(&self, subject: &CrateName, version: &Version) -> Option<Beside> {
        let digest = self.digests(subject, version).first().copied()?;
        Some(Beside { version: version.clone(), why: "as you asked", digest })
    }

    /// The release of the crate `subject` to stay on instead of one that is not admitted: the highest below it that is
    /// shown as admitted.
    pub(crate) fn stay(&self, subject: &CrateName, decision: &Decision) -> Option<Version> {
        let settlement = self.settlement(&[]);
        let judge = settlement.judge(subject);
        stay(&judge, &settlement.each_alone(&judge), &decision.release.version)
    }

    fn lacking(&self) -> Lacking {
        std::mem::take(&mut *self.lacking.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn settlement<'s>(&'s self, in_use: &[(&CrateName, &[Version])]) -> Settlement<'s> {
        let Question { policy, baseline, names, readings, now, source, .. } = self.question;
        let asked = Asked {
            policy,
            level: policy.strictest_level(),
            baseline,
            feeds: &self.feeds,
            names,
            readings,
            now,
        };
        let used = |version: &Version| InUse { version: version.clone(), checksum: Checksum::NotAsked };
        let in_use: InUseByCrate = in_use
            .iter()
            .map(|(name, versions)| ((*name).clone(), versions.iter().map(used).collect()))
            .collect();
        let treatment = match source {
            SourceOf::CratesIo => Treatment::Judged,
            SourceOf::Other(index) => fence_model::project::treatment_of(policy, index),
        };
        let treatments = match treatment {
            Treatment::Judged => BTreeMap::new(),
            other => self.names().map(|name| (name, other)).collect(),
        };
        Settlement::new(asked, self, in_use, treatments)
    }

    /// The names of the crates at hand, in lower case and as they spell themselves.
    fn names(&self) -> impl Iterator<Item = CrateName> {
        let lower = self.crates.keys().filter_map(|name| name.parse().ok());
        lower.flat_map(|name: CrateName| {
            let spelt = self.file(&name).map(|(_, file)| file.name.clone());
            std::iter::once(name).chain(spelt)
        })
    }

    fn loaded(&self, name: &CrateName) -> Option<&Loaded<'a>> {
        match name.as_str().bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => self.crates.get(name.as_str().to_ascii_lowercase().as_str()),
            false => self.crates.get(name.as_str()),
        }
    }

    /// The bytes of a crate's index file, and what they say.
    fn file(&self, name: &CrateName) -> Option<(&'a [u8], &IndexFile<'a>)> {
        let loaded = self.loaded(name)?;
        let bytes: &'a [u8] = &loaded.known.view.file.as_ref()?.bytes;
        let parsed = loaded.file.get_or_init(|| parsed(name, bytes));
        Some((bytes, parsed.as_ref()?))
    }

    fn birth(&self, package: &str, registry: Option<&str>) -> Birth {
        (self.births)(package, registry).unwrap_or_else(|| {
            if let (Ok(name), None) = (package.parse(), registry) {
                self.lacking.lock().unwrap_or_else(PoisonError::into_inner).births.insert(name);
            }
            Birth::Untold
        })
    }

    /// When time alone may change what becomes of some release: a wait ends, or an exception does.
    fn until(&self, subject: &CrateName, judged: &[ReleaseVerdict]) -> Option<Time> {
        let exceptions =
            self.question.policy.exceptions.iter().filter(|exception| exception.name == *subject);
        let ends = exceptions.map(|exception| exception.until).filter(|until| *until >= self.question.now);
        let waits = judged.iter().filter_map(|judged| judged.until);
        waits.filter(|until| *until > self.question.now).chain(ends).min()
    }

    /// Up to when the feeds speak, if a release is old enough and they have not said so yet.
    fn lags(&self, judged: &[ReleaseVerdict]) -> Option<Time> {
        let is_over = |judged: &ReleaseVerdict| judged.until.is_some_and(|until| until <= self.question.now);
        let as_of = self.feeds.iter().map(|feed| feed.as_of.unwrap_or(Time::EARLIEST)).min();
        as_of.filter(|_| judged.iter().any(is_over))
    }
}

/// The page of a crate at first contact with a registry that the policy trusts as it does crates.io, with no evidence
/// but the index: parsed, judged, filtered, hashed and compressed. What a fence does for each crate, for those who
/// measure it; `born` says when the first release of a package was published.
pub fn page_at_first_contact(
    name: &CrateName,
    bytes: Vec<u8>,
    (policy, names): (&Policy, &KnownNames),
    born: &(dyn Fn(&str) -> Option<Time> + Sync),
    now: Time,
) -> IndexPage {
    let view = View { file: Some(File::of(bytes)), validator: None, checked: now, read: now };
    let crates = BTreeMap::from([(name.clone(), Known { view, memory: Memory::default() })]);
    let births = |package: &str, _: Option<&str>| Some(born(package).map_or(Birth::Unread, Birth::At));
    let (baseline, evidence) = (Baseline::default(), Evidence::default());
    let registry = Registry::in_folder(std::path::Path::new(""));
    let source = &SourceOf::CratesIo;
    let question = Question {
        policy,
        baseline: &baseline,
        evidence: &evidence,
        names,
        registry: &registry,
        source,
        readings: &Readings::NOT_ASKED,
        now,
    };
    page_of(&Case::new(question, &crates, &births).shown(name).0.bytes)
}

impl FactsOf for Case<'_> {
    fn facts_of(&self, name: &CrateName) -> CrateFacts<'_> {
        let Question { evidence, registry, source, now, policy, .. } = self.question;
        let Some((_, file)) = self.file(name) else { return CrateFacts::unknown(name.clone()) };
        let mut facts = CrateFacts::unknown(file.name.clone());
        let times = match source {
            SourceOf::CratesIo => PublishTimes::Trusted,
            SourceOf::Other(index) => gather::times_of_registry(policy, index),
        };
        facts.releases = file.facts(|package, registry| self.birth(package, registry));
        facts.releases.retain_mut(|release| {
            release.published = release.published.filter(|_| times == PublishTimes::Trusted);
            release.published.is_none_or(|published| published <= now)
        });
        // Feeds speak of crates.io's crates; another registry's of the same name is another crate.
        if *source == SourceOf::CratesIo && evidence.complete(&mut facts, registry, now).is_err() {
            // A compiled feed that makes no sense knows of no crate: better nothing is known than half of it.
            return CrateFacts::unknown(name.clone());
        }
        if let Some(Loaded { known: Known { view, memory }, .. }) = self.loaded(name) {
            gather::remember(&mut facts, Some(view.checked), memory.clone(), now);
        }
        facts
    }

    fn known(&self, name: &CrateName) -> settle::Known {
        match self.loaded(name) {
            Some(Loaded { known: Known { view: View { file: Some(_), .. }, .. }, .. }) => {
                settle::Known::Something
            }
            Some(_) => settle::Known::Nothing,
            None => {
                self.lacking.lock().unwrap_or_else(PoisonError::into_inner).crates.insert(name.clone());
                settle::Known::Nothing
            }
        }
    }

    fn may_be_advised(&self, name: &CrateName) -> bool {
        // What one that is not at hand would say only ever shortens a wait.
        let is_advised = self.question.evidence.may_be_advised(name.as_str());
        is_advised && self.known(name) == settle::Known::Something
    }
}

fn admitted_of(judged: &[ReleaseVerdict]) -> Vec<Version> {
    let admitted = judged.iter().filter(|judged| judged.verdict == Verdict::Admit);
    admitted.map(|judged| judged.version.clone()).collect()
}

/// The decision on a release on its own. `settlement` has every admitted release in use, so that one serves for all; but
/// a fix is one for who would have what is admitted in its place.
fn tell<'a>(
    settlement: &Settlement<'a>,
    judge: &Judge<'a>,
    judged: &[ReleaseVerdict],
    version: &Version,
) -> Told {
    let mut decision = settlement.decide_alone(judge, version);
    let place = in_its_place(judge, judged, version);
    decision.reasons.retain(|reason| match &reason.because {
        Because::FixHeld { in_use, .. } => Some(in_use) == place.as_ref(),
        _ => true,
    });
    Told { stay: stay(judge, judged, version), decision: Arc::new(decision) }
}

/// What builds get in place of `version`: what they stay on, or the newest that is admitted of an earlier class.
fn in_its_place(judge: &Judge<'_>, judged: &[ReleaseVerdict], version: &Version) -> Option<Version> {
    stay(judge, judged, version).or_else(|| {
        let is_below = |judged: &&ReleaseVerdict| {
            judged.verdict == Verdict::Admit && judged.version < *version && judged.version.pre.is_empty()
        };
        judged.iter().filter(is_below).map(|judged| &judged.version).max().cloned()
    })
}

/// The highest release below `version`, of its class, that is admitted; rather one that was not yanked.
fn stay(judge: &Judge<'_>, judged: &[ReleaseVerdict], version: &Version) -> Option<Version> {
    let is_instead = |judged: &&ReleaseVerdict| {
        judged.verdict == Verdict::Admit
            && judged.version < *version
            && judged.version.pre.is_empty()
            && CaretClass::of(&judged.version) == CaretClass::of(version)
    };
    let is_withdrawn = |version: &Version| {
        judge.releases().iter().any(|release| release.version == *version && release.yanked)
    };
    let mut below: Vec<&Version> = judged.iter().filter(is_instead).map(|judged| &judged.version).collect();
    below.sort();
    let standing = below.iter().rev().find(|version| !is_withdrawn(version));
    standing.or(below.last()).map(|version| Version::clone(version))
}

/// What an index file says; none where it cannot be read at all.
pub(crate) fn parsed<'a>(name: &CrateName, bytes: &'a [u8]) -> Option<IndexFile<'a>> {
    let name = spelt(bytes).filter(|spelt| spelt.as_str().eq_ignore_ascii_case(name.as_str()));
    IndexFile::parse(&name?, bytes, &Limits::DEFAULT).ok()
}

/// How a crate spells its own name: the path of its file is in lower case.
fn spelt(bytes: &[u8]) -> Option<CrateName> {
    #[derive(serde::Deserialize)]
    struct Named<'a> {
        #[serde(borrow)]
        name: std::borrow::Cow<'a, str>,
    }
    let mut lines = bytes.split(|byte| *byte == b'\n');
    lines.find_map(|line| serde_json::from_slice::<Named<'_>>(line).ok()?.name.parse().ok())
}

/// The index as a feed: as old as the view of the crate that is judged.
fn index_feed(question: Question<'_>, checked: Option<Time>) -> Feed {
    use fence_model::facts::FeedState;
    let state = match checked {
        None => FeedState::Absent,
        Some(as_of) if question.now - as_of > question.policy.freshness.index => FeedState::Stale,
        Some(_) => FeedState::Current,
    };
    Feed { name: "index".to_owned(), state, as_of: checked }
}

/// The newest release of each class that is held though the registry offers it and nothing newer is admitted; and the one
/// among them that is of the newest class of all.
fn waiting(file: &IndexFile<'_>, judged: &[ReleaseVerdict]) -> (Vec<Version>, Option<Version>) {
    let is_offered = |version: &Version| {
        version.pre.is_empty() && file.releases.iter().any(|line| line.version == *version && !line.yanked)
    };
    let mut newest: BTreeMap<CaretClass, &ReleaseVerdict> = BTreeMap::new();
    for judged in judged {
        if is_offered(&judged.version) {
            let newest = newest.entry(CaretClass::of(&judged.version)).or_insert(judged);
            if newest.version < judged.version {
                *newest = judged;
            }
        }
    }
    let is_held = |judged: &&ReleaseVerdict| judged.verdict != Verdict::Admit;
    let leads = newest.values().copied().max_by_key(|judged| &judged.version).filter(is_held);
    let leads = leads.map(|judged| judged.version.clone());
    (newest.into_values().filter(is_held).map(|judged| judged.version.clone()).collect(), leads)
}
