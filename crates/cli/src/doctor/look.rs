//! The reading: files, the environment, cargo, and one conversation with whoever answers for crates.io.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use fence_client::Environment;
use fence_client::cargo_cache::CargoCache;
use fence_client::cargo_config::{
    CargoConfig, FolderOf, IndexLocation, Located, NetworkMode, Reach as Counts, Registry, Way,
};
use fence_client::cargo_says;
use fence_client::gather::times_of_registry;
use fence_client::http::{Http, HttpError, HttpSettings, Network};
use fence_client::index::{IndexAnswer, IndexError, IndexSource};
use fence_client::journal::read_journal;
use fence_client::project::lockfile::registry_id;
use fence_client::project::{self, Project, read_text};
use fence_client::toml_lines::TomlLines;
use fence_model::decision::Verdict;
use fence_model::policy::{PublishTimes, RegistryTreatment};
use fence_model::project::Judged;
use fence_model::{CrateName, Time};
use fence_registry::IndexFile;
use fence_registry::lockfile::{Lockfile, Source};

use super::{
    Answer, Answered, CLOCK_TOLERANCE, ConfigSeen, JudgedSeen, MachineSeen, ProjectSeen, Seen, Wrong,
};
use crate::args::{Global, Reach, Sources};
use crate::error::{CliError, shown};
use crate::journals;
use crate::neighbour;
use crate::session::{Opening, Session, cargo, clock};
use crate::shell::Shell;
use crate::standing::policy_of;

/// Seconds that whoever answers for crates.io may take. A person waits.
const PATIENCE: Duration = Duration::from_secs(10);

/// The crate that is asked for where nothing is locked. Every mirror of crates.io has it.
const USUAL_CRATE: &str = "serde";

/// Looks at everything.
///
/// # Errors
/// Only where nobody can say what to look at; what is wrong with any of it is part of what was seen.
pub(crate) fn look(
    sources: &Sources,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<Seen, CliError> {
    let now = sources.now.unwrap_or_else(clock);
    let project = policy_of(global, environment)?;
    let lockfile = project.read_lockfile().ok().map(|lockfile| (project.lockfile.clone(), lockfile));
    let config = CargoConfig::read(environment.current_folder(), environment);
    let route = match &config {
        Ok(config) => config.way().map_err(|error| Wrong::from(CliError::from(error))),
        Err(error) => Err(Wrong::from(CliError::from(error.clone()))),
    };
    let answer = match (&route, &config) {
        (Ok(route), Ok(config)) => {
            answer(route, config, lockfile.as_ref().map(|(_, lockfile)| lockfile), global)
        }
        _ => Answer::NotAsked("cargo's configuration does not say whom to ask"),
    };
    let judged = project.lockfile.is_file().then(|| judged(sources, global, environment, shell));
    let machine = machine(&route, config.as_ref().ok(), environment);
    Ok(Seen {
        now,
        declared: cargo_says::declared(&cargo(environment), &project.root),
        project: project_seen(&project, now),
        answer,
        config: config.map_or_else(|_| ConfigSeen::default(), |config| config_seen(&config, environment)),
        route,
        lockfile,
        machine,
        judged,
    })
}

impl From<CliError> for Wrong {
    fn from(error: CliError) -> Self {
        let places = error.places.iter().map(|complaint| {
            format!("{}, line {}: {}", shown(&complaint.file), complaint.place.line, complaint.message)
        });
        let what = std::iter::once(error.message.clone()).chain(places).collect::<Vec<_>>().join("; ");
        Self { what, hints: error.hints }
    }
}

fn project_seen(project: &Project, now: Time) -> ProjectSeen {
    let text = read_text(&project.policy, project::Limits::default().policy_bytes).ok().flatten();
    let lines = text.as_deref().and_then(TomlLines::read);
    let exception_lines = lines.map_or_else(Vec::new, |lines| {
        let line = |at: usize| lines.line(&["exceptions", &at.to_string(), "crate"]);
        (0..lines.length(&["exceptions"])).map(line).collect()
    });
    ProjectSeen {
        policy_file: project.policy.clone(),
        has_policy: project.has_policy(),
        has_baseline: project.baseline.is_file(),
        policy: project.read_policy(now).map_err(|error| Wrong::from(CliError::from(error))),
        exception_lines,
    }
}

/// What answers for crates.io, asked as cargo would ask it.
fn answer(route: &Way, config: &CargoConfig, lockfile: Option<&Lockfile>, global: &Global) -> Answer {
    if !matches!(route.registry.location, IndexLocation::Sparse(_)) {
        return Answer::NotAsked("it is no sparse registry");
    }
    if global.reach() == Reach::Offline || matches!(config.network_mode(), Ok(NetworkMode::Offline)) {
        return Answer::NotAsked("the network is not to be used");
    }
    let http = config.http_settings().map_err(CliError::from).and_then(|settings| {
        let timeout = settings.timeout.min(PATIENCE);
        Http::new(&HttpSettings { timeout, retries: 0, ..settings }).map_err(CliError::from)
    });
    let http = match http {
        Ok(http) => http,
        Err(error) => return Answer::Silent(error.into()),
    };
    ask(&route.registry, http, lockfile)
}

fn ask(registry: &Registry, http: Http, lockfile: Option<&Lockfile>) -> Answer {
    let source = IndexSource::new(registry.clone(), Network::Online(http.clone()));
    let wrong = |error: &IndexError| Wrong { what: error.to_string(), hints: vec![error.hint()] };
    let downloads = match source.config() {
        Ok(config) => config.map(|config| config.dl),
        // What makes no sense is no fence's answer, and an answer.
        Err(IndexError::Config { .. } | IndexError::NotAnIndexFile { .. } | IndexError::Invalid(_)) => None,
        Err(
            error @ (IndexError::Refused(HttpError::Denied { .. })
            | IndexError::OnlyCargo { .. }
            | IndexError::NoToken { .. }
            | IndexError::TokenInTheClear { .. }),
        ) => return Answer::Denied(wrong(&error)),
        Err(error) => return Answer::Silent(wrong(&error)),
    };
    let clock = http.date().map(|there| (there, clock()));
    let fence = neighbour::answering(&http, registry).ok().flatten().map(|(status, _)| status);
    Answer::Answered(Box::new(Answered { downloads, index: index_file(&source, lockfile), fence, clock }))
}

/// One index file: of a crate that is locked, if there is one.
fn index_file(
    source: &IndexSource,
    lockfile: Option<&Lockfile>,
) -> Option<(String, Result<Option<usize>, String>)> {
    let locked = lockfile.into_iter().flat_map(|lockfile| &lockfile.packages);
    let mut names = locked.filter(|package| package.source == Source::CratesIo).map(|package| &*package.name);
    let name: CrateName = names.next().unwrap_or(USUAL_CRATE).parse().ok()?;
    let read = match source.ask(&name, None) {
        Ok(IndexAnswer::Read { bytes, .. }) => {
            IndexFile::parse(&name, &bytes, &fence_registry::Limits::DEFAULT)
                .map(|file| Some(file.releases.len()))
                .map_err(|error| error.to_string())
        }
        Ok(IndexAnswer::DoesNotExist | IndexAnswer::Unchanged) => Ok(None),
        Err(error) => Err(error.to_string()),
    };
    Some((name.to_string(), read))
}

fn config_seen(config: &CargoConfig, environment: &Environment) -> ConfigSeen {
    let registries = config.registry_names().into_iter().filter_map(|name| {
        let (_, address) = config.registry_named(&name).ok()?;
        let at = config.setting(&["registries", &name, "index"])?.at;
        Some((name, address, at))
    });
    let is_told = |name: &str| {
        name.starts_with("CARGO_SOURCE_")
            || (name.starts_with("CARGO_REGISTRIES_") && name.ends_with("_INDEX"))
    };
    let variables = environment.names().filter(|name| is_told(name));
    let usual_home = environment.home().map(|home| home.join(".cargo"));
    let moved_home = environment.cargo_home().filter(|home| Some(home) != usual_home.as_ref());
    ConfigSeen {
        shadowed: config.shadowed(environment.current_folder()),
        protocol: config.setting(&["registries", "crates-io", "protocol"]),
        registries: registries.collect(),
        variables: variables
            .filter_map(|name| Some((name.to_owned(), environment.var(name)?.to_owned())))
            .collect(),
        aliases: config.settings_below("alias"),
        overrides: config.settings_below("patch").into_iter().chain(config.setting(&["paths"])).collect(),
        offline: config
            .setting(&["net", "offline"])
            .filter(|setting| setting.words == ["true"])
            .map(|setting| setting.at),
        proxy: proxy(config, environment),
        replaced_in_usual_home: moved_home
            .as_ref()
            .and(usual_home)
            .and_then(|home| replaced_in(&home, environment)),
        moved_home,
    }
}

/// Where the configuration of a home replaces crates.io.
fn replaced_in(home: &Path, environment: &Environment) -> Option<Located> {
    let environment = environment.clone().with("CARGO_HOME", home.to_str()?);
    let route = CargoConfig::read(home.parent()?, &environment).ok()?.way().ok()?;
    route.steps.into_iter().find(|step| step.reach == Counts::User).map(|step| step.at)
}

/// The proxy of plain HTTP, what names it, and the hosts that are asked without one.
fn proxy(config: &CargoConfig, environment: &Environment) -> Option<(String, String, Option<String>)> {
    let settings = config.http_settings().ok()?;
    let proxy = settings.http_proxy?;
    let from = match config.setting(&["http", "proxy"]).map(|setting| setting.at) {
        Some(Located::File(file, Some(line))) => format!("{}:{line}", shown(&file)),
        Some(Located::File(file, None)) => shown(&file),
        Some(Located::Variable(name)) => name,
        None => {
            let mut names = ["http_proxy", "all_proxy", "ALL_PROXY"].into_iter();
            names.find(|name| environment.var(name).is_some())?.to_owned()
        }
    };
    Some((proxy, from, settings.no_proxy))
}

fn machine(
    route: &Result<Way, Wrong>,
    config: Option<&CargoConfig>,
    environment: &Environment,
) -> MachineSeen {
    let mut seen = MachineSeen {
        cargo: Some(cargo_says::version(&cargo(environment), environment.current_folder())),
        ..MachineSeen::default()
    };
    match CargoCache::of(environment).and_then(|cache| cache.map(|cache| cache.list()).transpose()) {
        Ok(inventory) => {
            let folders: BTreeMap<String, FolderOf> =
                config.and_then(|config| config.folders(&[]).ok()).unwrap_or_default();
            let through = route.as_ref().ok().filter(|route| !route.steps.is_empty());
            let through =
                through.and_then(|route| route.registry.cargo_packages.as_ref()?.file_name()?.to_str());
            for kept in inventory.into_iter().flat_map(|inventory| inventory.kept) {
                if kept.package.is_none() {
                    continue;
                }
                let is_past = Some(&*kept.folder) != through;
                if is_past && folders.get(&kept.folder) == Some(&FolderOf::CratesIo) {
                    seen.past += 1;
                }
            }
        }
        Err(error) => seen.unreadable.push(format!("cargo's cache: {error}")),
    }
    let now = clock();
    for path in journals::all(environment) {
        match read_journal(&path) {
            Ok((journal, _)) => {
                if let Some(latest) = journal.latest().filter(|latest| *latest > now + CLOCK_TOLERANCE) {
                    seen.journals_ahead.push((path, latest));
                }
            }
            Err(error) => seen.unreadable.push(error.to_string()),
        }
    }
    seen
}

/// What the policy comes to for what is locked.
fn judged(
    sources: &Sources,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<JudgedSeen, Wrong> {
    let session = Session::open(Opening::all(sources), global, environment, shell)?;
    let settlement = session.settlement();
    let report = session.report(&settlement)?;
    let mut seen =
        JudgedSeen { ages: session.ages().to_vec(), problems: session.problems(), ..JudgedSeen::default() };
    for (judged, package) in report.packages.iter().zip(&session.lockfile().packages) {
        let Judged::Decided(decision) = judged else { continue };
        if decision.verdict != Verdict::Admit {
            seen.refused += 1;
        }
        if decision.verdict == Verdict::Hold && decision.is_no_way() {
            seen.no_way_out.push((decision.release.clone(), package.line));
        }
    }
    let policy = &session.policy;
    let mut indexes: Vec<String> =
        session.lockfile().packages.iter().filter_map(|package| registry_id(&package.source)).collect();
    indexes.sort();
    indexes.dedup();
    indexes.retain(|index| {
        let bare = |index: &str| index.trim_start_matches("registry+").to_owned();
        let named = policy.registries.iter().find(|registry| bare(&registry.index) == bare(index));
        named.is_some_and(|registry| registry.treat == RegistryTreatment::Judged)
            && times_of_registry(policy, index) == PublishTimes::Untrusted
    });
    seen.times_untold = indexes;
    Ok(seen)
}
