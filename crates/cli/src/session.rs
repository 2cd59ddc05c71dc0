//! One run on one project: its files, the facts about its releases, and the judgement.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use fence_client::Environment;
use fence_client::cache::Cache;
use fence_client::cargo_config::{CargoConfig, NetworkMode};
use fence_client::gather::{self, Age, GatherError, Knowledge, Problem, Refresh, Request, Tally, Updated};
use fence_client::http::{Http, Network};
use fence_client::project::{self, Project, lockfile};
use fence_client::snapshot::SourceKind;
use fence_model::decision::Decision;
use fence_model::judge::Asked;
use fence_model::look_alike::KnownNames;
use fence_model::policy::{Baseline, Policy};
use fence_model::project::{Locked, Report, judge_project, settlement};
use fence_model::settle::{FactsOf, Settlement};
use fence_model::{CrateName, Digest, Level, ReleaseId, Span, Time};
use fence_registry::Journal;
use fence_registry::lockfile::{Lockfile, Package};
use semver::Version;

use crate::args::{Global, LevelArg, NamedPath, Reach, Sources};
use crate::commands::Outcome;
use crate::error::{self, CliError, Misuse, Undecidable, shown};
use crate::render::{Checked, SetUp, human};
use crate::shell::Shell;

/// A project with everything that is known about its releases.
pub(crate) struct Session {
    pub(crate) project: Project,
    pub(crate) policy: Policy,
    pub(crate) level: Level,
    pub(crate) now: Time,
    set_up: SetUp,
    baseline: Baseline,
    lockfile: Lockfile,
    locked: Vec<Locked>,
    knowledge: Knowledge,
    names: KnownNames,
    tally: Tally,
}

/// The moment that this machine's clock shows. Nothing below the commands reads a clock.
pub(crate) fn clock() -> Time {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time::from_unix(i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX))
}

impl Session {
    /// Finds the project, reads its files, and gathers the facts about all that is locked; those that are too old
    /// are asked for again.
    pub(crate) fn open(
        sources: &Sources,
        level: LevelArg,
        global: &Global,
        environment: &Environment,
        shell: &Shell,
    ) -> Result<Self, CliError> {
        Self::open_with(Refresh::Old, sources, level, global, environment, shell)
    }

    /// The same, and `refresh` says which facts are asked for again.
    pub(crate) fn open_with(
        refresh: Refresh,
        sources: &Sources,
        level: LevelArg,
        global: &Global,
        environment: &Environment,
        shell: &Shell,
    ) -> Result<Self, CliError> {
        let now = sources.now.unwrap_or_else(clock);
        let project = find(sources, global, environment)?;
        for other in &project.passed_over {
            shell.warning(&format!(
                "{} is judged, not {}; `--manifest-path` or `--lockfile` says which is meant",
                shown(&project.lockfile),
                shown(other)
            ));
        }
        let policy = project.read_policy(now)?;
        let baseline = project.read_baseline()?;
        let lockfile = project.read_lockfile()?;
        let locked = lockfile::locked(&lockfile);
        let asking = Asking { sources, project: &project, policy: &policy, lockfile: &lockfile, now };
        let (knowledge, tally) = asking.gather(refresh, global, environment, shell)?;
        decidable(&knowledge, &policy, now)?;
        all_lines_read(&knowledge, &lockfile)?;
        Ok(Self {
            level: level.level.unwrap_or(policy.level),
            now,
            names: knowledge.names().map_err(GatherError::from)?,
            tally,
            project,
            policy,
            set_up: if baseline.is_some() { SetUp::Done } else { SetUp::NotYet },
            baseline: baseline.unwrap_or_default(),
            lockfile,
            locked,
            knowledge,
        })
    }

    /// The judgement of the whole lockfile.
    pub(crate) fn report(&self, settlement: &Settlement<'_>) -> Result<Report, CliError> {
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
            level: self.level,
            now: self.now,
            ages: self.knowledge.ages(),
            problems: self.problems(),
            outcome,
            set_up: self.set_up,
        }
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

    /// The path from the project to a locked release; none if it is not locked.
    pub(crate) fn path_to(&self, release: &ReleaseId) -> Option<Vec<String>> {
        let packages = &self.lockfile.packages;
        let at = packages.iter().position(|package| package.release().as_ref() == Some(release))?;
        Some(human::path(&self.lockfile, at))
    }

    fn asked(&self) -> Asked<'_> {
        Asked {
            policy: &self.policy,
            level: self.level,
            baseline: &self.baseline,
            feeds: self.knowledge.feeds(),
            names: &self.names,
            now: self.now,
        }
    }
}

/// What facts are gathered for.
struct Asking<'a> {
    sources: &'a Sources,
    project: &'a Project,
    policy: &'a Policy,
    lockfile: &'a Lockfile,
    now: Time,
}

impl Asking<'_> {
    fn gather(
        &self,
        refresh: Refresh,
        global: &Global,
        environment: &Environment,
        shell: &Shell,
    ) -> Result<(Knowledge, Tally), CliError> {
        let here = environment.current_folder();
        let cargo = CargoConfig::read(here, environment)?;
        let is_offline = global.reach() == Reach::Offline || cargo.network_mode()? == NetworkMode::Offline;
        let network =
            if is_offline { Network::Offline } else { Network::Online(Http::new(&cargo.http_settings()?)?) };
        let cache = Cache::of(environment)?;
        let index = match &self.sources.index {
            Some(folder) if !here.join(folder).is_dir() => {
                return Err(Misuse::NoSuchIndex(here.join(folder)).into());
            }
            folder => folder.as_ref().map(|folder| here.join(folder)),
        };
        let feeds = self.feeds(environment)?;
        let journal =
            self.sources.journal.as_ref().map(|file| journal(&here.join(file), shell)).transpose()?;
        let request = Request {
            lockfile: self.lockfile,
            policy: self.policy,
            root: self.project.policy_folder(),
            cargo: &cargo,
            index: index.as_deref(),
            feeds: &feeds,
            refresh,
            network: &network,
            cache: &cache,
            now: self.now,
            clock: clock(),
            journal,
            progress: shell,
        };
        match refresh {
            Refresh::All => {
                let Updated { knowledge, tally } = gather::update(request)?;
                Ok((knowledge, tally))
            }
            Refresh::Missing | Refresh::Old => Ok((gather::gather(request)?, Tally::default())),
        }
    }

    /// The feeds that `--feed` names, each with a path that is there.
    fn feeds(&self, environment: &Environment) -> Result<Vec<(String, PathBuf)>, CliError> {
        let feeds = self.sources.feeds.iter().map(|NamedPath { name, path }| {
            let path = environment.current_folder().join(path);
            if path.exists() {
                Ok((name.clone(), path))
            } else {
                Err(Misuse::NoSuchFeed(name.clone(), path).into())
            }
        });
        feeds.collect()
    }
}

/// A journal that somebody kept. Its last line may be cut off, where power failed: the rest counts.
fn journal(file: &Path, shell: &Shell) -> Result<Journal, CliError> {
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
    if let Some(problem) = unread {
        return Err(Undecidable::Index(problem).into());
    }
    for age in knowledge.ages().iter().filter(|age| age.kind != SourceKind::Audits) {
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

fn find(sources: &Sources, global: &Global, environment: &Environment) -> Result<Project, CliError> {
    let start = environment.current_folder().to_owned();
    Ok(project::find(&project::Asked {
        start,
        manifest: global.manifest_path.clone(),
        lockfile: sources.lockfile.clone(),
        cargo: Some(environment.var("CARGO").unwrap_or("cargo").into()),
    })?)
}
