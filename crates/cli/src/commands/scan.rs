//! `cargo fence scan`: what can the code of a package do?

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use fence_client::Environment;
use fence_client::cargo_config::CargoConfig;
use fence_client::http::Network;
use fence_client::index::IndexSource;
use fence_client::packages::{self, Folder, Packages};
use fence_client::scanner::{Packed, Scanned, Scanner};
use fence_model::ReleaseId;
use fence_registry::lockfile::Source;
use fence_scan::{Report, Severity};

use crate::args::{Global, Sources, Spec};
use crate::commands::Outcome;
use crate::error::{CliError, Misuse, shown};
use crate::looking::scanner;
use crate::render::panics;
use crate::render::scan as human;
use crate::render::scan_formats as formats;
use crate::render::text;
use crate::session;
use crate::shell::Shell;

/// Say what the code of a package can do, and what in it a reviewer should look at
///
/// The package is a release, a folder or a `.crate` file. Its code is read as tokens, not run. What is found has a code,
/// which `cargo fence explain` explains, and a severity: none, low, medium, high.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A release as CRATE or CRATE@VERSION, a folder with a Cargo.toml, or a `.crate` file
    #[arg(value_name = "PACKAGE", required_unless_present = "lockfile")]
    package: Option<String>,
    /// Scan all releases of a registry that this lockfile names
    #[arg(long, value_name = "PATH", conflicts_with = "package")]
    lockfile: Option<PathBuf>,
    /// Show where the code can panic instead of what it can do, first what input from outside reaches
    #[arg(long, conflicts_with = "lockfile")]
    panics: bool,
    #[command(flatten)]
    pub(crate) shown: ShownArgs,
}

/// How findings are shown, and when they count as a failure.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct ShownArgs {
    /// How the result is written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
    /// Show findings from this severity on: none, low, medium or high
    #[arg(long, value_name = "SEVERITY", value_parser = severity, default_value = "low")]
    pub(crate) least: Severity,
    /// End with exit code 1 where there is a finding of this severity or a graver one
    #[arg(long, value_name = "SEVERITY", value_parser = severity)]
    pub(crate) fail_on: Option<Severity>,
}

/// How the result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people
    Human,
    /// For machines: one document, as docs/scan.schema.json describes it
    Json,
    /// For what collects the findings of many tools: a SARIF 2.1.0 log
    Sarif,
    /// For GitHub's workflows: annotations
    Github,
}

pub(crate) fn severity(text: &str) -> Result<Severity, String> {
    let all = [Severity::None, Severity::Low, Severity::Medium, Severity::High];
    let found = all.into_iter().find(|severity| severity.as_str() == text);
    found.ok_or_else(|| "a severity is none, low, medium or high".to_owned())
}

/// Scans, and prints.
pub(crate) fn run(
    args: &Args,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<Outcome, CliError> {
    let scanner = scanner()?;
    if let Some(lockfile) = &args.lockfile {
        return of_lockfile(lockfile.clone(), args, &scanner, global, environment, shell);
    }
    let asked = args.package.as_deref().unwrap_or_default();
    let package = Opened::of(asked, global, environment, shell)?;
    if args.panics {
        let scanned = scanner.panics(&package.packed).map_err(CliError::of_worker)?;
        warn_of_open(&scanned.open, shell);
        shell.print(&match args.shown.format {
            Format::Human => panics::report(&scanned.result, shell),
            Format::Json => panics::json_of_report(&scanned.result, &scanned.open),
            Format::Sarif | Format::Github => return Err(Misuse::PanicsFormat.into()),
        })?;
        return Ok(Outcome::Pass);
    }
    let scanned = scanner.scan(&package.packed);
    warn_of_open(&scanned.open, shell);
    let report = scanned.result;
    let text = match args.shown.format {
        Format::Human => human::report(&report, asked, args.shown.least, shell),
        Format::Json => formats::json_of_report(&report, &scanned.open),
        Format::Sarif => formats::sarif(&report.findings, args.shown.least),
        Format::Github => formats::github(&report.findings, args.shown.least),
    };
    shell.print(&text)?;
    Ok(outcome(report.gravest(), args.shown.fail_on))
}

/// 1 where a severity is as grave as somebody said.
pub(crate) fn outcome(gravest: Severity, fail_on: Option<Severity>) -> Outcome {
    match fail_on {
        Some(least) if gravest >= least && gravest > Severity::None => Outcome::Fail,
        _ => Outcome::Pass,
    }
}

/// Says what this machine cannot keep the scanner from.
pub(crate) fn warn_of_open(open: &[String], shell: &Shell) {
    for why in open {
        shell.warning(&format!("the scanner is not shut in as it should be: {why}"));
    }
}

/// A package that was asked for.
pub(crate) struct Opened {
    pub(crate) packed: Packed,
}

/// Whether `asked` names a release: what is a folder or a file is that.
pub(crate) fn is_release(asked: &str, environment: &Environment) -> bool {
    let path = environment.current_folder().join(asked);
    !path.is_dir() && !path.is_file() && !asked.ends_with(".crate")
}

impl Opened {
    /// Finds what `asked` names: what is a folder or a file is one, all else is a release.
    pub(crate) fn of(
        asked: &str,
        global: &Global,
        environment: &Environment,
        shell: &Shell,
    ) -> Result<Self, CliError> {
        let path = environment.current_folder().join(asked);
        if path.is_dir() {
            let Folder { packed, unread } = packages::of_folder(&path)?;
            if !unread.is_empty() {
                let unread: Vec<String> = unread.iter().map(|path| text::harmless(path)).collect();
                let told = text::some(&unread, UNREAD_TOLD);
                shell.warning(&format!(
                    "links, and what builds and version control leave there, are not read: {told}"
                ));
            }
            return Ok(Self { packed });
        }
        if !is_release(asked, environment) {
            return Ok(Self { packed: packages::of_file(&path)? });
        }
        let spec: Spec = asked.parse().map_err(|why| Misuse::NoPackage(asked.to_owned(), why))?;
        let registry = registry(global, environment)?;
        let packages = Packages { environment, registry: registry.as_ref() };
        let found = packages.release(&spec.name, spec.version.as_ref())?;
        Ok(Self { packed: found.package })
    }
}

/// The registry that stands for crates.io; none where the network is not to be used.
pub(crate) fn registry(global: &Global, environment: &Environment) -> Result<Option<IndexSource>, CliError> {
    let cargo = CargoConfig::read(environment.current_folder(), environment)?;
    Ok(match session::network(global, &cargo)? {
        Network::Offline => None,
        // A fence in front would withhold what is to be looked at because it is held.
        online => Some(IndexSource::new(cargo.past_own_fence().crates_io()?, online)),
    })
}

/// How many paths that are not read are told.
const UNREAD_TOLD: usize = 4;

/// A release's number, and what came of it.
type Done = (usize, Result<Scanned<Report>, CliError>);

/// Scans all releases of a lockfile, on all cores.
fn of_lockfile(
    lockfile: PathBuf,
    args: &Args,
    scanner: &Scanner,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<Outcome, CliError> {
    let sources = Sources { lockfile: Some(lockfile.clone()), ..Sources::default() };
    let locked = session::find(&sources, global, environment)?.read_lockfile()?;
    let releases: Vec<ReleaseId> = locked
        .packages
        .iter()
        .filter(|package| package.source == Source::CratesIo)
        .filter_map(|package| {
            Some(ReleaseId { name: package.name.parse().ok()?, version: package.version.clone() })
        })
        .collect();
    let registry = registry(global, environment)?;
    let packages = Packages { environment, registry: registry.as_ref() };
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<Done>> = Mutex::new(Vec::new());
    let hands = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    shell.status("Scanning", &format!("{} releases of {}", releases.len(), shown(&lockfile)));
    std::thread::scope(|scope| {
        for _ in 0..hands {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(release) = releases.get(at) else { break };
                    let found =
                        packages.release(&release.name, Some(&release.version)).map_err(CliError::from);
                    let scanned = found.map(|found| scanner.scan(&found.package));
                    done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((at, scanned));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    let mut reports = Vec::new();
    let mut open = Vec::new();
    for (_, scanned) in done {
        let scanned = scanned?;
        open.extend(scanned.open.into_iter().filter(|why| !open.contains(why)).collect::<Vec<_>>());
        reports.push(scanned.result);
    }
    warn_of_open(&open, shell);
    let gravest = reports.iter().map(Report::gravest).max().unwrap_or(Severity::None);
    let findings = || reports.iter().flat_map(|report| report.findings.iter().cloned()).collect::<Vec<_>>();
    let text = match args.shown.format {
        Format::Human => human::reports(&reports, args.shown.least, shell),
        Format::Json => formats::json_of_reports(&reports, &open),
        Format::Sarif => formats::sarif(&findings(), args.shown.least),
        Format::Github => formats::github(&findings(), args.shown.least),
    };
    shell.print(&text)?;
    Ok(outcome(gravest, args.shown.fail_on))
}
