//! `cargo fence check --cache`: may what cargo keeps be built from?
//!
//! What lies in the cache is read on all cores; then each registry's part of it is judged by the same facts and the same
//! judgement as a lockfile. Only at the end, and only where somebody asks for it, is anything removed.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Instant;

use fence_client::cache::Cache;
use fence_client::cargo_cache::{CargoCache, Examined, Inventory, Kept};
use fence_client::cargo_config::{CargoConfig, FolderOf};
use fence_client::gather::{self, About, Age, GatherError, Knowledge, Problem, Refresh, Request};
use fence_client::http::Network;
use fence_client::lockfiles;
use fence_client::project::{self, Project, lockfile};
use fence_client::{Environment, Limits};
use fence_model::decision::Decision;
use fence_model::judge::Asked;
use fence_model::policy::{Baseline, Policy};
use fence_model::project::{Judged, judge_project, settlement};
use fence_model::readings::Readings;
use fence_model::{CrateName, Level, ReleaseId, Time};
use fence_registry::Journal;
use fence_registry::lockfile::{IndexProtocol, Lockfile, LockfileVersion, Package, Source};

use crate::args::{Global, LevelArg, Sources};
use crate::commands::Outcome;
use crate::commands::check::Format;
use crate::error::{self, CliError, Misuse, shown};
use crate::neighbour;
use crate::render::cache::{self as human, Bad, Looked, Place};
use crate::render::{cache_json as json, text};
use crate::session::{clock, feeds_of, index, journal, network, speaks};
use crate::shell::{Answered, Shell};
use crate::standing::{CRATES_IO, policy_of};
use crate::stock::{self, Against, Known, Origin, Shown, Standing};

/// So many crates of a registry may have vanished as a whole before that says more about the registry than about them.
const VANISHED_AT_LEAST: usize = 3;

/// And such a part of all of its crates: one in so many.
const VANISHED_ONE_IN: usize = 10;

/// What of `check` is about cargo's cache.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Cargo's cache")]
pub(crate) struct CacheArgs {
    /// Look at what cargo keeps in its home in place of a lockfile: what is malicious, revoked or deleted by now, and what
    /// is not what it was when it was downloaded
    #[arg(long, conflicts_with_all = [
        "lockfile", "policy_from", "compare", "packages", "workspace", "exclude_dev", "targets", "features",
        "all_features", "no_default_features",
    ])]
    pub(crate) cache: bool,
    /// Say which lockfiles below these folders lead to what is found
    #[arg(long, value_name = "PATH", num_args = 1.., requires = "cache")]
    projects: Vec<PathBuf>,
    /// Remove what is found from the cache, after a question
    #[arg(long, requires = "cache")]
    remove: bool,
    /// Remove it without a question
    #[arg(long, requires = "remove")]
    yes: bool,
}

/// Looks, judges, prints, and removes.
pub(crate) fn run(
    args: &CacheArgs,
    level: LevelArg,
    format: Format,
    sources: &Sources,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<Outcome, CliError> {
    let outcome = looked_at(args, level, format, sources, global, environment, shell);
    if let (Err(error), Format::Json) = (&outcome, format) {
        shell.print(&json::undecided(error))?;
    }
    outcome
}

fn looked_at(
    args: &CacheArgs,
    level: LevelArg,
    format: Format,
    sources: &Sources,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<Outcome, CliError> {
    let started = Instant::now();
    if !matches!(format, Format::Human | Format::Json) {
        return Err(Misuse::CacheFormat.into());
    }
    let project = policy_of(global, environment)?;
    let now = sources.now.unwrap_or_else(clock);
    let policy = project.read_policy(now)?;
    let baseline = project.read_baseline()?.unwrap_or_default();
    let level = level.level.unwrap_or(policy.strictest_level());
    let unreadable =
        |why: std::io::Error| CliError::new(format!("cargo's cache cannot be read: {why}")).hint(CACHE_HINT);
    let cargo_cache = CargoCache::of(environment).map_err(unreadable)?;
    let inventory = match &cargo_cache {
        Some(cargo_cache) => cargo_cache.list().map_err(unreadable)?,
        None => Inventory::default(),
    };
    let hands = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let examined = match &cargo_cache {
        Some(cargo_cache) => cargo_cache.examine(&inventory.kept, hands, shell),
        None => Vec::new(),
    };
    let asking = Asking {
        sources,
        project: &project,
        policy: &policy,
        baseline: &baseline,
        level,
        // What a fence shows of the registry is judged already.
        config: CargoConfig::read(environment.current_folder(), environment)?.past_own_fence(),
        index: index(sources, environment)?,
        journal: sources
            .journal
            .as_ref()
            .map(|file| journal(&environment.current_folder().join(file), shell))
            .transpose()?,
        cache: Cache::of(environment)?,
        hands,
        now,
    };
    let groups = asking.groups(&inventory, cargo_cache.as_ref(), environment)?;
    let mut looked = Looked {
        cache: cargo_cache.as_ref().map(|cargo_cache| cargo_cache.root().to_owned()),
        level: level.to_string(),
        now,
        ages: Vec::new(),
        problems: Vec::new(),
        packages: inventory.kept.iter().filter(|kept| kept.package.is_some()).count(),
        unpacked: inventory.kept.iter().filter(|kept| kept.unpacked.is_some()).count(),
        alone: inventory.kept.iter().filter(|kept| kept.package.is_none()).count(),
        bytes: examined.iter().map(|examined| examined.bytes).sum(),
        sound: 0,
        bad: Vec::new(),
        held: Vec::new(),
        undecided: Vec::new(),
        unknown: BTreeMap::new(),
        odd: inventory.odd.clone(),
        searched: None,
        removed: Vec::new(),
    };
    for group in groups {
        let told = asking.judge(&group, &inventory.kept, &examined, global, environment, shell)?;
        looked.problems.extend(told.problems);
        merge_ages(&mut looked.ages, told.ages);
        for (at, standing) in told.standings {
            let kept = &inventory.kept[at];
            let place = Place { kept: kept.clone(), registry: group.name.clone() };
            match standing {
                Standing::Sound => looked.sound += 1,
                Standing::Held(why) => looked.held.push((place, why)),
                Standing::Undecided(why) => looked.undecided.push((place, why)),
                Standing::Unknown => *looked.unknown.entry(kept.folder.clone()).or_default() += 1,
                Standing::Bad(charges) => {
                    let digest = examined[at].digest.clone().and_then(Result::ok);
                    looked.bad.push(Bad { place, charges, digest, lockfiles: Vec::new() });
                }
            }
        }
    }
    looked.bad.sort_by(|a, b| {
        let key = |bad: &Bad| (bad.charges.first().cloned(), bad.place.kept.release.to_string());
        key(a).cmp(&key(b)).then_with(|| a.place.kept.folder.cmp(&b.place.kept.folder))
    });
    if !args.projects.is_empty() {
        let here = environment.current_folder();
        let places: Vec<PathBuf> = args.projects.iter().map(|place| here.join(place)).collect();
        // What lies unpacked in the cache has lockfiles of its own, which lead nowhere.
        let aside = cargo_cache.as_ref().map_or(Path::new("\0"), CargoCache::root);
        search(&places, aside, &mut looked);
    }
    if format == Format::Human {
        shell.status("Checking", &human::header(&looked));
    }
    // What is asked about is shown first.
    let is_to_be_removed = args.remove && !looked.bad.is_empty();
    if format == Format::Human {
        shell.print(&human::findings(&looked, is_to_be_removed, shell))?;
    }
    let removed = match &cargo_cache {
        Some(cargo_cache) if is_to_be_removed => remove(args, cargo_cache, &mut looked, shell),
        _ => Ok(()),
    };
    let outcome = outcome(&looked);
    match format {
        Format::Json => shell.print(&json::document(&looked, outcome, removed.as_ref().err()))?,
        _ => shell.print(&human::summary(&looked, outcome, shell, started.elapsed()))?,
    }
    // Printed is the result; what is left to say is why it is still there.
    match removed {
        Ok(()) => Ok(outcome),
        Err(error) => {
            shell.error(&error);
            Ok(Outcome::Undecided)
        }
    }
}

const CACHE_HINT: &str = "make it readable, or set CARGO_HOME to your own folder";

/// What was found stays found when it is removed: it may have been built before.
fn outcome(looked: &Looked) -> Outcome {
    if !looked.bad.is_empty() {
        Outcome::Fail
    } else if !looked.undecided.is_empty() || !looked.odd.is_empty() {
        Outcome::Undecided
    } else {
        Outcome::Pass
    }
}

/// What is judged by, for all registries.
struct Asking<'a> {
    sources: &'a Sources,
    project: &'a Project,
    policy: &'a Policy,
    baseline: &'a Baseline,
    level: Level,
    config: CargoConfig,
    index: Option<PathBuf>,
    journal: Option<Journal>,
    cache: Cache,
    hands: NonZeroUsize,
    now: Time,
}

/// The part of the cache that is judged by the facts of one registry.
struct Group {
    source: Source,
    /// What people call it.
    name: String,
    /// Places in the inventory.
    members: Vec<(usize, Origin)>,
}

/// What one part comes to.
struct Told {
    standings: Vec<(usize, Standing)>,
    ages: Vec<Age>,
    problems: Vec<String>,
}

impl Asking<'_> {
    /// The inventory, parted by registry. What is of nobody's registry is held against what is known of crates.io.
    fn groups(
        &self,
        inventory: &Inventory,
        cargo_cache: Option<&CargoCache>,
        environment: &Environment,
    ) -> Result<Vec<Group>, CliError> {
        let fences = neighbour::addresses(neighbour::listen(environment)?);
        let fences: Vec<String> = fences.map(|at| format!("sparse+http://{at}/{CRATES_IO}/")).collect();
        let folders = self.config.folders(&fences)?;
        let mut groups: BTreeMap<Source, Group> = BTreeMap::new();
        let mut guessed: BTreeMap<&str, Origin> = BTreeMap::new();
        for (at, kept) in inventory.kept.iter().enumerate() {
            let (source, origin) = match folders.get(&kept.folder) {
                Some(FolderOf::CratesIo) => (Source::CratesIo, Origin::Known),
                Some(FolderOf::Registry(address)) => (source_of(address), Origin::Known),
                None => {
                    let origin = guessed.entry(&kept.folder).or_insert_with(|| {
                        // A fence that stands in front of crates.io elsewhere, or stood.
                        let template = fence_proxy::answer::download_template(CRATES_IO);
                        let address = cargo_cache.and_then(|cache| cache.download_address(&kept.folder));
                        let is_fence = address.is_some_and(|address| address.ends_with(&template));
                        if is_fence { Origin::Known } else { Origin::Unknown }
                    });
                    (Source::CratesIo, *origin)
                }
            };
            let name = match &source {
                Source::Registry { url, .. } => url.to_string(),
                _ => "crates.io".to_owned(),
            };
            let group =
                groups.entry(source.clone()).or_insert_with(|| Group { source, name, members: Vec::new() });
            group.members.push((at, origin));
        }
        Ok(groups.into_values().collect())
    }

    /// Judges one part.
    fn judge(
        &self,
        group: &Group,
        kept: &[Kept],
        examined: &[Examined],
        global: &Global,
        environment: &Environment,
        shell: &Shell,
    ) -> Result<Told, CliError> {
        let digest =
            |at: usize| examined[at].digest.as_ref().and_then(|digest| digest.as_ref().ok().copied());
        let mut releases: BTreeMap<&ReleaseId, usize> = BTreeMap::new();
        for (at, _) in &group.members {
            let first = releases.entry(&kept[*at].release).or_insert(*at);
            // One of which the bytes are there says more than an unpacked folder.
            if digest(*first).is_none() {
                *first = *at;
            }
        }
        let mut lockfile = Lockfile { version: LockfileVersion::V4, packages: Vec::new() };
        for (release, at) in &releases {
            lockfile.packages.push(Package {
                name: release.name.as_str().into(),
                version: release.version.clone(),
                source: group.source.clone(),
                checksum: digest(*at),
                dependencies: Vec::new(),
                replaced_by: None,
                line: 0,
            });
        }
        let knowledge = self.gather(&lockfile, global, environment, shell)?;
        let view = View::of(&knowledge, &group.source, &lockfile)?;
        if view.unread.len() < view.crates {
            speaks(&knowledge, self.policy, self.now)?;
        }
        // What the index names is judged; whether the bytes are those is another question, asked of each copy.
        for (package, release) in lockfile.packages.iter_mut().zip(releases.keys()) {
            if let Shown::As(digest) = view.shown(release) {
                package.checksum = Some(digest);
            }
        }
        let locked = lockfile::locked(&lockfile, |_| Some(self.level));
        let names = knowledge.names().map_err(GatherError::from)?;
        let asked = Asked {
            policy: self.policy,
            level: self.level,
            baseline: self.baseline,
            feeds: knowledge.feeds(),
            names: &names,
            // What lies there is no news: nobody waits for it.
            readings: &Readings::NOT_ASKED,
            now: self.now,
        };
        let report = judge_project(&settlement(asked, &locked, &knowledge), &locked, self.hands);
        if let Some(damage) = knowledge.damage() {
            return Err(GatherError::Snapshot(damage).into());
        }
        let decisions: BTreeMap<&ReleaseId, &Decision> = releases
            .keys()
            .zip(&report.packages)
            .filter_map(|(release, judged)| match judged {
                Judged::Decided(decision) => Some((*release, &**decision)),
                Judged::Own | Judged::Aside | Judged::Unjudged { .. } => None,
            })
            .collect();
        let standings = group.members.iter().map(|(at, origin)| {
            let release = &kept[*at].release;
            let known = Known {
                examined: &examined[*at],
                origin: *origin,
                shown: view.shown(release),
                // Of a crate that nobody could read the judgement knows advisories alone, and these count.
                decision: decisions.get(release).copied(),
                because: view.because(release),
            };
            (*at, stock::told(&known))
        });
        Ok(Told {
            standings: standings.collect(),
            ages: knowledge.ages().to_vec(),
            problems: error::problems(knowledge.problems()),
        })
    }

    fn gather(
        &self,
        lockfile: &Lockfile,
        global: &Global,
        environment: &Environment,
        shell: &Shell,
    ) -> Result<Knowledge, CliError> {
        let network = network(global, &self.config)?;
        Ok(gather::gather(Request {
            lockfile,
            about: About::CargoCache,
            policy: self.policy,
            root: self.project.policy_folder(),
            cargo: &self.config,
            index: self.index.as_deref(),
            feeds: &feeds_of(&self.sources.feeds, environment)?,
            // Who looks for what is bad by now does not want to hear what was known this morning.
            refresh: if matches!(network, Network::Offline) { Refresh::Old } else { Refresh::All },
            network: &network,
            cache: &self.cache,
            now: self.now,
            clock: clock(),
            journal: self.journal.clone(),
            progress: shell,
        })?)
    }
}

/// A source as a lockfile would have it, for a registry's address.
fn source_of(address: &str) -> Source {
    let (protocol, url) = match (address.strip_prefix("sparse+"), address.strip_prefix("registry+")) {
        (Some(url), _) => (IndexProtocol::Sparse, url),
        (None, Some(url)) => (IndexProtocol::Git, url),
        (None, None) => (IndexProtocol::Git, address),
    };
    Source::Registry { protocol, url: url.into() }
}

/// What the index says of the releases in the cache.
struct View {
    shown: BTreeMap<ReleaseId, Shown>,
    /// Crates whose index files nobody could read, wholly or at all.
    unread: BTreeSet<CrateName>,
    /// How many crates there are.
    crates: usize,
    because: String,
}

impl View {
    fn of(knowledge: &Knowledge, source: &Source, asked: &Lockfile) -> Result<Self, CliError> {
        let mut unread = BTreeSet::new();
        let mut because = "the index does not tell".to_owned();
        let label = lockfile::registry_id(source).unwrap_or_else(|| "crates.io".to_owned());
        for problem in knowledge.problems() {
            match problem {
                Problem::IndexUnread { crates, .. } => unread.extend(crates.iter().cloned()),
                // A line that cannot be understood may be that of any release of its crate.
                Problem::Record { source, place, .. } if *source == label => {
                    unread.extend(place.parse::<CrateName>().ok());
                }
                _ => continue,
            }
            because = error::problems(std::slice::from_ref(problem)).concat();
        }
        let mut by_crate: BTreeMap<CrateName, Vec<ReleaseId>> = BTreeMap::new();
        for release in asked.packages.iter().filter_map(Package::release) {
            by_crate.entry(release.name.clone()).or_default().push(release);
        }
        let mut shown = BTreeMap::new();
        let mut vanished = Vec::new();
        for (name, releases) in &by_crate {
            let facts = knowledge.crate_facts(source, name).map_err(GatherError::from)?;
            if facts.releases.is_empty() && !unread.contains(name) {
                vanished.push(name.clone());
            }
            for release in releases {
                let found = facts.releases.iter().find(|known| known.version == release.version);
                let says = match found {
                    Some(known) => Shown::As(known.digest),
                    None if unread.contains(name) => Shown::Unread,
                    None => Shown::Not,
                };
                shown.insert(release.clone(), says);
            }
        }
        if vanished.len() > VANISHED_AT_LEAST && vanished.len() * VANISHED_ONE_IN > by_crate.len() {
            because = format!(
                "the index has none of {}, which says more about the index",
                text::count(vanished.len(), "crate")
            );
            for (release, says) in &mut shown {
                if vanished.binary_search(&release.name).is_ok() {
                    *says = Shown::Unread;
                }
            }
            unread.extend(vanished);
        }
        Ok(Self { shown, unread, crates: by_crate.len(), because })
    }

    fn shown(&self, release: &ReleaseId) -> Shown {
        self.shown.get(release).copied().unwrap_or(Shown::Unread)
    }

    fn because(&self, release: &ReleaseId) -> &str {
        if self.unread.contains(&release.name) { &self.because } else { "it could not be judged" }
    }
}

/// The index counts as old as the oldest of all registries; a feed is the same for all.
fn merge_ages(known: &mut Vec<Age>, ages: Vec<Age>) {
    for age in ages {
        match known.iter_mut().find(|other| other.name == age.name) {
            Some(other) if age.as_of < other.as_of => *other = age,
            Some(_) => {}
            None => known.push(age),
        }
    }
}

/// Finds the lockfiles that lead to what was found.
fn search(places: &[PathBuf], aside: &Path, looked: &mut Looked) {
    let found = lockfiles::find(places, aside, &Limits::DEFAULT);
    looked.problems.extend(found.problems.iter().map(|problem| text::harmless(problem)));
    let mut bad: BTreeMap<ReleaseId, Vec<usize>> = BTreeMap::new();
    for (at, found) in looked.bad.iter().enumerate() {
        bad.entry(found.place.kept.release.clone()).or_default().push(at);
    }
    for file in &found.lockfiles {
        let limit = project::Limits::default().lockfile_bytes;
        let read = project::read_text(file, limit).map_err(|error| error.to_string());
        let parsed = read.and_then(|text| {
            let text = text.ok_or_else(|| "it is gone".to_owned())?;
            lockfile::parse(&text).map_err(|problem| problem.to_string())
        });
        let parsed = match parsed {
            Ok(parsed) => parsed,
            Err(why) => {
                looked.problems.push(text::harmless(&format!("{}: {why}", shown(file))));
                continue;
            }
        };
        for package in &parsed.packages {
            let Some(release) = package.release() else { continue };
            for at in bad.get(&release).into_iter().flatten() {
                looked.bad[*at].lockfiles.push((file.clone(), package.line));
            }
        }
    }
    looked.searched = Some(found.lockfiles.len());
}

/// Removes what was found, if that is wanted.
fn remove(
    args: &CacheArgs,
    cargo_cache: &CargoCache,
    looked: &mut Looked,
    shell: &Shell,
) -> Result<(), CliError> {
    let condemned: Vec<Kept> = looked
        .bad
        .iter()
        .map(|Bad { place, charges, .. }| {
            let is_release = charges.iter().any(|charge| charge.against == Against::Release);
            let package = place.kept.package.clone().filter(|_| is_release);
            Kept { package, ..place.kept.clone() }
        })
        .collect();
    if !args.yes {
        let packages = condemned.iter().filter(|kept| kept.package.is_some()).count();
        let folders = condemned.iter().filter(|kept| kept.unpacked.is_some()).count();
        let question = format!(
            "remove {} and {} from cargo's cache?",
            text::count(packages, "package"),
            text::count(folders, "unpacked folder")
        );
        match shell.ask(&question) {
            Some(Answered::Yes) => {}
            Some(Answered::No) => {
                shell.status("Kept", "what was found: nothing was removed");
                return Ok(());
            }
            None => return Err(Misuse::NobodyToAsk.into()),
        }
    }
    let (removed, outcome) = cargo_cache.remove(&condemned);
    looked.removed = removed;
    outcome.map_err(|error| CliError::new(error.to_string()).hint(error.hint()))
}
