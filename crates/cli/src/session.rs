//! One run on one project: its files, the facts about its releases, and the judgement.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use fence_client::Environment;
use fence_client::cache::Cache;
use fence_client::cargo_config::{CargoConfig, NetworkMode};
use fence_client::gather::{
    self, About, Age, FeedStatements, GatherError, Knowledge, Problem, Refresh, Request, Tally, Updated,
};
use fence_client::http::{Http, Network};
use fence_client::project::changes::Change;
use fence_client::project::{self, Project, lockfile};
use fence_client::readings::Shelf;
use fence_client::revision::{Files, Revision};
use fence_client::scope::{self, Scope};
use fence_client::snapshot::SourceKind;
use fence_evidence::cargo_vet::origin_of;
use fence_model::decision::Decision;
use fence_model::exposure::{self, Exposure};
use fence_model::judge::Asked;
use fence_model::look_alike::KnownNames;
use fence_model::policy::{Baseline, FeedRole, FeedSource, Policy, Scan};
use fence_model::project::{Locked, Report, judge_project, settlement};
use fence_model::readings::{Readings, Unread};
use fence_model::settle::{FactsOf, Settlement};
use fence_model::{CrateName, Digest, Kind, Kinds, Level, ReleaseId, Span, Time};
use fence_registry::Journal;
use fence_registry::lockfile::{Lockfile, Package};
use semver::Version;

use crate::args::{Global, LevelArg, NamedPath, Reach, Sources};
use crate::commands::Outcome;
use crate::error::{self, CliError, Misuse, Undecidable, shown};
use crate::judges::{Judges, local_feeds};
use crate::looking::Looking;
use crate::render::{Checked, SetUp, human};
use crate::shell::Shell;

/// A project with everything that is known about its releases.
pub(crate) struct Session {
    pub(crate) project: Project,
    pub(crate) policy: Policy,
    pub(crate) now: Time,
    level: LevelArg,
    judges: Judges,
    /// What a change alters of the policy.
    changes: Vec<Change>,
    /// As what each package of the lockfile is needed, where that was asked.
    needed: Option<Vec<Kinds>>,
    set_up: SetUp,
    baseline: Baseline,
    lockfile: Lockfile,
    locked: Vec<Locked>,
    knowledge: Knowledge,
    names: KnownNames,
    /// What was read in packages.
    readings: Readings,
    looking: Looking,
    /// The judgement of the lockfile, where it was made to find out what to read.
    judged: Cell<Option<Report>>,
    tally: Tally,
}

/// Where a release is, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// The index shows it.
    Shown,
    /// A journal saw it, and the index does not show it any more.
    Gone,
    /// The index does not show it, or was not read, and no journal saw it.
    Unknown,
}

/// What a session is opened for.
pub(crate) struct Opening<'a> {
    /// Where facts come from.
    pub(crate) sources: &'a Sources,
    /// A level instead of the policy's.
    pub(crate) level: LevelArg,
    /// The part of the project that is judged.
    pub(crate) scope: Scope,
    /// Which facts are asked for again.
    pub(crate) refresh: Refresh,
    /// The revision whose policy judges, where not the one that lies here.
    pub(crate) policy_from: Option<&'a str>,
}

impl<'a> Opening<'a> {
    /// For all of a project, at the policy's level, with facts that are not too old.
    pub(crate) fn all(sources: &'a Sources) -> Self {
        let (level, scope) = (LevelArg::default(), Scope::default());
        Self { sources, level, scope, refresh: Refresh::Old, policy_from: None }
    }
}

/// How often a judgement may ask for more to be read: what was read may give a release another base.
const MOST_ROUNDS: usize = 4;

/// The moment that this machine's clock shows. Nothing below the commands reads a clock.
pub(crate) fn clock() -> Time {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time::from_unix(i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX))
}

impl Session {
    /// Finds the project, reads its files, and gathers the facts about all that is locked.
    pub(crate) fn open(
        opening: Opening<'_>,
        global: &Global,
        environment: &Environment,
        shell: &Shell,
    ) -> Result<Self, CliError> {
        let Opening { sources, level, scope, refresh, policy_from } = opening;
        let now = sources.now.unwrap_or_else(clock);
        let here = find(sources, global, environment)?;
        let judges = Judges::of(&here, policy_from, environment)?;
        let project = judges.project(&here);
        for other in &project.passed_over {
            shell.warning(&format!(
                "{} is judged, not {}; `--manifest-path` or `--lockfile` says which is meant",
                shown(&project.lockfile),
                shown(other)
            ));
        }
        let policy = project.read_policy(now)?;
        let baseline = project.read_baseline()?;
        let (judges, changes) = judges.compare(&here, environment, now)?;
        let lockfile = project.read_lockfile()?;
        let asking = Asking {
            sources,
            project: &project,
            policy: &policy,
            lockfile: &lockfile,
            cargo: CargoConfig::read_from(project.files(), environment.current_folder(), environment)?
                .past_own_fence(),
            index: index(sources, environment)?,
            cache: Cache::of(environment)?,
            now,
        };
        let network = network(global, &asking.cargo)?;
        let (knowledge, tally) = asking.gather(refresh, &network, environment, shell)?;
        decidable(&knowledge, &policy, now)?;
        all_lines_read(&knowledge, &lockfile)?;
        let needed = if scope.is_everything() && (level.level.is_some() || !policy.has_levels()) {
            None
        } else {
            match asking.needed(&scope, environment) {
                Ok(needed) => Some(needed),
                Err(error) if scope.is_everything() => {
                    let (what, level) = (error.message, policy.strictest_level());
                    shell.warning(&format!("{what}; so all that is locked is judged at level {level}"));
                    None
                }
                Err(error) => return Err(error),
            }
        };
        let level_of = |kinds: Kinds| level.level.or(kinds.iter().map(|kind| policy.level_of(kind)).max());
        let strictest = level.level.unwrap_or(policy.strictest_level());
        let locked = lockfile::locked(&lockfile, |place| match &needed {
            None => Some(strictest),
            // Cargo locks nothing that no part of a project needs: who needs this is not known.
            Some(needed) if needed[place].is_empty() => scope.is_everything().then_some(strictest),
            Some(needed) => level_of(needed[place]),
        });
        // A folder of index files has no packages.
        let readings = match (policy.scan, &asking.index) {
            (Scan::New, None) => Readings::of_these(Shelf::of(&asking.cache).asking()),
            (Scan::Off, _) | (_, Some(_)) => Readings::NOT_ASKED,
        };
        let looking = Looking::of(&lockfile, &asking.cargo, &network, &asking.cache, environment)?;
        let mut session = Self {
            level,
            needed,
            now,
            readings,
            looking,
            judged: Cell::default(),
            names: knowledge.names().map_err(GatherError::from)?,
            tally,
            project,
            policy,
            judges,
            changes,
            set_up: if baseline.is_some() { SetUp::Done } else { SetUp::NotYet },
            baseline: baseline.unwrap_or_default(),
            lockfile,
            locked,
            knowledge,
        };
        if refresh != Refresh::All && session.readings.is_asked() {
            let judge = |session: &Self| session.report(&session.settlement());
            let report = session.look(shell, judge, unread_in)?;
            session.judged.set(Some(report));
        }
        Ok(session)
    }

    /// What `judge` says once the packages were read that it wants read, as far as they can be had. Each is looked at
    /// once.
    pub(crate) fn look<T>(
        &mut self,
        shell: &Shell,
        judge: impl Fn(&Self) -> Result<T, CliError>,
        wants: impl Fn(&T) -> Vec<Unread>,
    ) -> Result<T, CliError> {
        for _ in 0..MOST_ROUNDS {
            let judged = judge(self)?;
            let is_new = |unread: &Unread| self.readings.of(unread.pair).is_none();
            let unread: BTreeSet<Unread> = wants(&judged).into_iter().filter(is_new).collect();
            if unread.is_empty() {
                return Ok(judged);
            }
            for (pair, looked) in self.looking.look(unread, shell)? {
                self.readings.add(pair, looked);
            }
            self.judged.take();
        }
        judge(self)
    }

    /// The judgement of the whole lockfile.
    pub(crate) fn report(&self, settlement: &Settlement<'_>) -> Result<Report, CliError> {
        // Whatever else the settlement is asked it finds out then, and the same.
        if let Some(report) = self.judged.take() {
            return Ok(report);
        }
        let hands = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        self.undamaged(judge_project(settlement, &self.locked, hands))
    }

    /// Who is asked for judgements; what is found for one question helps to answer the next.
    pub(crate) fn settlement(&self) -> Settlement<'_> {
        settlement(self.asked(), &self.locked, &self.knowledge)
    }

    /// How old everything is that was asked for.
    pub(crate) fn ages(&self) -> &[Age] {
        self.knowledge.ages()
    }

    /// What was read, and what of it was new.
    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// What went wrong and changed no more than what is known.
    pub(crate) fn problems(&self) -> Vec<String> {
        error::problems(self.knowledge.problems())
    }

    fn problems_where(&self, is_wanted: impl Fn(&Problem) -> bool) -> Vec<String> {
        let wanted: Vec<Problem> =
            self.knowledge.problems().iter().filter(|p| is_wanted(p)).cloned().collect();
        error::problems(&wanted)
    }

    /// Whether it is a record that only speaks for releases, in a set that does not lie with the policy; or a row of a
    /// database dump, of which crates.io has always some that nobody can read. With more of them the dump would be refused.
    fn is_of_others(&self, problem: &Problem) -> bool {
        let Problem::Record { source, .. } = problem else { return false };
        let Some(feed) = self.policy.feeds.get(source) else { return false };
        let places = [&feed.git, &feed.archive, &feed.file, &feed.path];
        feed.role == FeedRole::Dump
            || feed.role != FeedRole::Advisories
                && places.into_iter().flatten().any(|place| is_elsewhere(place))
    }

    /// The judgement of one release, locked or not.
    pub(crate) fn decide(&self, release: &ReleaseId) -> Result<Decision, CliError> {
        let settlement = self.settlement();
        self.undamaged(settlement.decide(&settlement.judge(&release.name), &release.version))
    }

    /// What was judged, unless the snapshot turned out to make no sense on the way.
    fn undamaged<T>(&self, judged: T) -> Result<T, CliError> {
        match self.knowledge.damage() {
            None => Ok(judged),
            Some(damage) => Err(GatherError::Snapshot(damage).into()),
        }
    }

    /// All that a renderer needs.
    pub(crate) fn checked<'a>(
        &'a self,
        report: &'a Report,
        stay: &'a dyn Fn(&Decision) -> Option<Version>,
        outcome: Outcome,
    ) -> Checked<'a> {
        Checked {
            project: &self.project,
            lockfile: &self.lockfile,
            report,
            stay,
            policy: &self.policy,
            level: self.level(),
            levels: self.levels(),
            needed: self.needed.as_deref(),
            judges: &self.judges,
            changes: &self.changes,
            now: self.now,
            ages: self.knowledge.ages(),
            problems: self.problems_where(|problem| !self.is_of_others(problem)),
            others_problems: self.problems_where(|problem| self.is_of_others(problem)),
            outcome,
            set_up: self.set_up,
        }
    }

    /// The level that is asked for, but for single kinds of use.
    pub(crate) fn level(&self) -> Level {
        self.level.level.unwrap_or(self.policy.level)
    }

    /// The level that is asked for, in words: `medium`, or `medium, build high`.
    pub(crate) fn levels(&self) -> String {
        let level = self.level();
        let of = |kind: Kind| self.level.level.unwrap_or(self.policy.level_of(kind));
        let others = Kind::ALL.into_iter().filter(|kind| of(*kind) != level);
        let others: Vec<String> = others.map(|kind| format!("{} {}", kind.as_str(), of(kind))).collect();
        if others.is_empty() { level.to_string() } else { format!("{level}, {}", others.join(", ")) }
    }

    /// The lockfile.
    pub(crate) fn lockfile(&self) -> &Lockfile {
        &self.lockfile
    }

    /// The lockfile as it was where the change that is checked out began, as a branch off `name`.
    pub(crate) fn lockfile_since(&self, name: &str) -> Result<Lockfile, CliError> {
        let before = lockfile_since(&self.project, name)?;
        // A project's first lockfile brings in all that it names.
        Ok(before.unwrap_or(Lockfile { version: self.lockfile.version, packages: Vec::new() }))
    }

    /// The registry releases of a crate that the lockfile has.
    pub(crate) fn locked_releases(&self, name: &CrateName) -> Vec<ReleaseId> {
        self.lockfile
            .packages
            .iter()
            .filter_map(|package| package.release())
            .filter(|r| r.name == *name)
            .collect()
    }

    /// The digest of a release, by the lockfile or else by the index.
    pub(crate) fn digest_of(&self, release: &ReleaseId) -> Option<Digest> {
        let is_it = |package: &&Package| package.release().as_ref() == Some(release);
        let locked = self.lockfile.packages.iter().find(is_it).and_then(|package| package.checksum);
        locked.or_else(|| {
            let facts = self.knowledge.facts_of(&release.name);
            facts.releases.iter().find(|known| known.version == release.version).map(|known| known.digest)
        })
    }

    /// What is known of where a release is.
    pub(crate) fn presence(&self, release: &ReleaseId) -> Presence {
        let facts = self.knowledge.facts_of(&release.name);
        if facts.releases.iter().any(|shown| shown.version == release.version) {
            Presence::Shown
        } else if facts.gone.iter().any(|gone| gone.version == release.version) {
            Presence::Gone
        } else {
            Presence::Unknown
        }
    }

    /// What is left to somebody who knows the policy.
    pub(crate) fn exposure(&self) -> Result<Exposure, CliError> {
        let feeds = gather::feeds_of(&self.policy);
        let kept = feeds.iter().filter_map(|(name, feed)| Some((name.clone(), keeper(feed)?)));
        let bound = self.knowledge.enrolled().map_err(GatherError::from)?;
        let sources = exposure::people::Sources { keepers: kept.collect(), bound };
        let question = exposure::Question {
            asked: Asked { level: self.level(), ..self.asked() },
            locked: &self.locked,
            facts: &self.knowledge,
            sources: &sources,
        };
        let hands = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        self.undamaged(exposure::exposure(&question, hands))
    }

    /// Adds what a fence saw.
    pub(crate) fn recall(&mut self, journal: Journal) {
        self.knowledge.recall(journal);
    }

    /// The path from the project to a locked release; none if it is not locked.
    pub(crate) fn path_to(&self, release: &ReleaseId) -> Option<Vec<String>> {
        let packages = &self.lockfile.packages;
        let at = packages.iter().position(|package| package.release().as_ref() == Some(release))?;
        Some(human::path(&self.lockfile, at))
    }

    fn asked(&self) -> Asked<'_> {
        Asked {
            policy: &self.policy,
            level: self.level.level.unwrap_or(self.policy.strictest_level()),
            baseline: &self.baseline,
            feeds: self.knowledge.feeds(),
            names: &self.names,
            readings: &self.readings,
            now: self.now,
        }
    }
}

/// Who keeps a feed: the repository that it lies in. None of one that lies with the policy, which whoever can write into it can
/// change as well.
fn keeper(feed: &FeedSource) -> Option<String> {
    let places = [&feed.git, &feed.archive, &feed.file, &feed.path];
    let place = places.into_iter().flatten().find(|place| is_elsewhere(place))?;
    Some(origin_of(place))
}

/// Whether a feed lies elsewhere than with the policy.
fn is_elsewhere(place: &str) -> bool {
    place.contains("://") || place.contains('@') || Path::new(place).is_absolute()
}

/// What the project's feeds of statements hold, and what went wrong with them.
pub(crate) fn statements(
    sources: &Sources,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<(Vec<FeedStatements>, Vec<Problem>), CliError> {
    let now = sources.now.unwrap_or_else(clock);
    let project = find(sources, global, environment)?;
    let (policy, lockfile) = (project.read_policy(now)?, project.read_lockfile()?);
    let cargo = CargoConfig::read_from(project.files(), environment.current_folder(), environment)?;
    let asking = Asking {
        sources,
        project: &project,
        policy: &policy,
        lockfile: &lockfile,
        cargo: cargo.past_own_fence(),
        index: None,
        cache: Cache::of(environment)?,
        now,
    };
    let feeds = asking.feeds(environment)?;
    let network = network(global, &asking.cargo)?;
    Ok(gather::statements(&asking.request(&feeds, Refresh::Old, &network, shell))?)
}

/// What the judgement of a lockfile wants read.
fn unread_in(report: &Report) -> Vec<Unread> {
    let waiting = report.waiting.iter().map(|waiting| &waiting.decision);
    report.decisions().chain(waiting).flat_map(|decision| decision.unread.clone()).collect()
}

/// What facts are gathered for.
struct Asking<'a> {
    sources: &'a Sources,
    project: &'a Project,
    policy: &'a Policy,
    lockfile: &'a Lockfile,
    cargo: CargoConfig,
    /// A folder that answers for crates.io instead.
    index: Option<PathBuf>,
    cache: Cache,
    now: Time,
}

impl Asking<'_> {
    fn gather(
        &self,
        refresh: Refresh,
        network: &Network,
        environment: &Environment,
        shell: &Shell,
    ) -> Result<(Knowledge, Tally), CliError> {
        let feeds = self.feeds(environment)?;
        let here = environment.current_folder();
        let journal =
            self.sources.journal.as_ref().map(|file| journal(&here.join(file), shell)).transpose()?;
        let request = Request { journal, ..self.request(&feeds, refresh, network, shell) };
        match refresh {
            Refresh::All => {
                let Updated { knowledge, tally } = gather::update(request)?;
                Ok((knowledge, tally))
            }
            Refresh::Missing | Refresh::Old => Ok((gather::gather(request)?, Tally::default())),
        }
    }

    /// What is asked, without what a fence saw before.
    fn request<'r>(
        &'r self,
        feeds: &'r [(String, PathBuf)],
        refresh: Refresh,
        network: &'r Network,
        shell: &'r Shell,
    ) -> Request<'r> {
        Request {
            lockfile: self.lockfile,
            about: About::Project,
            policy: self.policy,
            root: self.project.policy_folder(),
            cargo: &self.cargo,
            index: self.index.as_deref(),
            feeds,
            refresh,
            network,
            cache: &self.cache,
            now: self.now,
            clock: clock(),
            journal: None,
            progress: shell,
        }
    }

    /// As what the part of the project that `scope` names needs each package of the lockfile.
    fn needed(&self, scope: &Scope, environment: &Environment) -> Result<Vec<Kinds>, CliError> {
        let cargo_home = environment.cargo_home();
        let asked = scope::Project {
            lockfile: self.lockfile,
            root: &self.project.root,
            cargo: &cargo(environment),
            config: &self.cargo,
            index: self.index.as_deref(),
            cargo_home: cargo_home.as_deref(),
            cache: &self.cache,
            clock: clock(),
        };
        Ok(scope::needed(&asked, scope)?)
    }

    /// The feeds that `--feed` names, each with a path that is there; and those that lie in the repository, as they
    /// were when the policy was what it is asked for.
    fn feeds(&self, environment: &Environment) -> Result<Vec<(String, PathBuf)>, CliError> {
        let mut feeds = feeds_of(&self.sources.feeds, environment)?;
        let Some(revision) = &self.project.revision else { return Ok(feeds) };
        for (name, place) in local_feeds(self.policy, self.project) {
            if feeds.iter().any(|(named, _)| *named == name) || !revision.covers(&place) {
                continue;
            }
            let copy = revision.copy(&place, &self.cache)?;
            // What was not there then is not there now either: the feed says so itself.
            feeds.push((name, copy.unwrap_or_else(|| revision.shown(&place))));
        }
        Ok(feeds)
    }
}

/// A project's lockfile as it was where the change that is checked out began, as a branch off `name`; none where it had
/// none.
pub(crate) fn lockfile_since(project: &Project, name: &str) -> Result<Option<Lockfile>, CliError> {
    let began = Revision::find(&project.root, name)?.common_with_head()?;
    if !began.covers(&project.lockfile) {
        return Err(Misuse::LockfileElsewhere(project.lockfile.clone()).into());
    }
    Ok(project.read_lockfile_of(Files(Some(&began)))?)
}

/// Whether the network may be asked, and how.
pub(crate) fn network(global: &Global, cargo: &CargoConfig) -> Result<Network, CliError> {
    let is_offline = global.reach() == Reach::Offline || cargo.network_mode()? == NetworkMode::Offline;
    Ok(match is_offline {
        true => Network::Offline,
        false => Network::Online(Http::new(&cargo.http_settings()?)?),
    })
}

/// The feeds that `--feed` names, each with its path, if it is there.
pub(crate) fn feeds_of(
    feeds: &[NamedPath],
    environment: &Environment,
) -> Result<Vec<(String, PathBuf)>, CliError> {
    let feeds = feeds.iter().map(|NamedPath { name, path }| {
        let path = environment.current_folder().join(path);
        if path.exists() {
            Ok((name.clone(), path))
        } else {
            Err(Misuse::NoSuchFeed(name.clone(), path).into())
        }
    });
    feeds.collect()
}

/// The folder that `--index` names, if it is there.
pub(crate) fn index(sources: &Sources, environment: &Environment) -> Result<Option<PathBuf>, CliError> {
    let folder = sources.index.as_ref().map(|folder| environment.current_folder().join(folder));
    match folder {
        Some(folder) if !folder.is_dir() => Err(Misuse::NoSuchIndex(folder).into()),
        folder => Ok(folder),
    }
}

/// A journal that somebody kept. Its last line may be cut off, where power failed: the rest counts.
pub(crate) fn journal(file: &Path, shell: &Shell) -> Result<Journal, CliError> {
    let limits = fence_registry::Limits::default();
    let text = project::read_text(file, limits.journal_bytes as u64)?
        .ok_or_else(|| project::ProjectError::NoSuchFile(file.to_owned()))?;
    let (journal, torn) = Journal::parse(text.as_bytes(), &limits)
        .map_err(|problem| CliError::new(error::in_file(file, &problem)).hint(problem.hint()))?;
    if let Some(torn) = torn {
        shell.warning(&format!("{}, line {} is cut off and does not count", shown(file), torn.line));
    }
    Ok(journal)
}

/// Whether what is known is enough to decide by. A view that lacks releases, or is older than the policy allows, is
/// no reason to hold them: it is a reason to say that nobody knows.
fn decidable(knowledge: &Knowledge, policy: &Policy, now: Time) -> Result<(), CliError> {
    let unread = knowledge.problems().iter().find(|problem| matches!(problem, Problem::IndexUnread { .. }));
    match unread {
        Some(problem) => Err(Undecidable::Index(problem).into()),
        None => speaks(knowledge, policy, now),
    }
}

/// Whether index and feeds speak at all, and lately enough for the policy.
pub(crate) fn speaks(knowledge: &Knowledge, policy: &Policy, now: Time) -> Result<(), CliError> {
    // Without advisories whatever is old enough is admitted: that takes somebody's word.
    let is_off = |feed: &FeedSource| feed.role == FeedRole::Advisories && !feed.enabled;
    if !knowledge.ages().iter().any(|age| age.kind == SourceKind::Advisories)
        && !policy.feeds.values().any(is_off)
    {
        return Err(Undecidable::NoAdvisories.into());
    }
    for age in knowledge.ages().iter().filter(|age| age.kind.is_adverse()) {
        let limit = policy.freshness.limit;
        match age.as_of {
            None => {
                let is_about = |problem: &&Problem| match problem {
                    Problem::Feed { name, .. } | Problem::FeedInvalid { name, .. } => *name == age.name,
                    _ => false,
                };
                let problem = knowledge.problems().iter().find(is_about);
                return Err(Undecidable::NeverRead { name: &age.name, problem }.into());
            }
            Some(as_of) if limit > Span::ZERO && now - as_of > limit => {
                return Err(Undecidable::TooOld { name: &age.name, as_of, now, limit }.into());
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Whether every locked release that the index lacks is known not to be in it. It is not, where a line of its crate
/// cannot be understood: that line may be its own, and a release that is there must not be called missing.
fn all_lines_read(knowledge: &Knowledge, lockfile: &Lockfile) -> Result<(), CliError> {
    for problem in knowledge.problems() {
        let Problem::Record { source, place, .. } = problem else { continue };
        for package in lockfile.packages.iter().filter(|package| *package.name == **place) {
            let registry = lockfile::registry_id(&package.source).unwrap_or_else(|| "crates.io".to_owned());
            let Some(release) = package.release().filter(|_| registry == *source) else { continue };
            let facts = knowledge.crate_facts(&package.source, &release.name).map_err(GatherError::from)?;
            if facts.releases.iter().all(|shown| shown.version != release.version) {
                return Err(Undecidable::IndexLine { release, problem }.into());
            }
        }
    }
    Ok(())
}

pub(crate) fn find(
    sources: &Sources,
    global: &Global,
    environment: &Environment,
) -> Result<Project, CliError> {
    Ok(find_if_any(sources, global, environment)?)
}

/// The same, for a command that does without a project where there is none.
pub(crate) fn find_if_any(
    sources: &Sources,
    global: &Global,
    environment: &Environment,
) -> Result<Project, project::ProjectError> {
    let start = environment.current_folder().to_owned();
    project::find(&project::Asked {
        start,
        manifest: global.manifest_path.clone(),
        lockfile: sources.lockfile.clone(),
        cargo: Some(cargo(environment)),
    })
}

/// The cargo to ask: the one that started this, or the one in the path.
pub(crate) fn cargo(environment: &Environment) -> PathBuf {
    environment.var("CARGO").unwrap_or("cargo").into()
}
