//! `cargo fence review`: what does a release change, for somebody who is to vouch for it?

mod web;

use std::path::Path;

use fence_client::Environment;
use fence_client::cache::Cache;
use fence_client::packages::{Found, Listed, PackageError, Packages};
use fence_client::project::ProjectError;
use fence_client::scanner::Packed;
use fence_client::source::Records;
use fence_model::beside::{Older, beside};
use fence_model::decision::Decision;
use fence_model::{CrateName, Time};
use fence_scan::Severity;
use semver::Version;

use crate::args::{Global, Sources, Spec};
use crate::commands::Outcome;
use crate::commands::scan::{Opened, is_release, registry, severity, warn_of_open};
use crate::error::{CliError, Misuse};
use crate::looking::scanner;
use crate::pager;
use crate::render::review::{self, Review};
use crate::session::{self, Opening, Session};
use crate::shell::Shell;

/// Show what a release changes, for somebody who is to vouch for it
///
/// First what is known of the release and what the change gained, then the findings, then the changed files by what they
/// can do: build code, code with new capabilities or findings, other code, the manifest. What no build of a dependent
/// reads is folded: tests, documents, comments and formatting.
///
/// It is compared with the release that Cargo.lock has, else with the one that the fence judges it by, else with the
/// newest older one.
///
/// On a terminal the pages are turned by keys: n and N go to the next and previous finding, f and F to the next and
/// previous file, o unfolds, / searches, q ends, h tells all keys.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A release as CRATE@VERSION, CRATE for its newest, a folder with a Cargo.toml, or a `.crate` file
    #[arg(value_name = "PACKAGE")]
    package: String,
    /// Compare with this: a VERSION of the same crate, CRATE@VERSION, a folder, or a `.crate` file
    #[arg(long, value_name = "PACKAGE")]
    from: Option<String>,
    /// Show all of its code, as new: for somebody who vouches for all of it
    #[arg(long, conflicts_with = "from")]
    whole: bool,
    /// Unfold tests, documents, comments and formatting, too
    #[arg(long)]
    all: bool,
    /// Show where the release can panic and the other could not, too
    #[arg(long)]
    panics: bool,
    /// Print everything at once, on a terminal too
    #[arg(long)]
    no_pager: bool,
    /// Open it in a browser, as a page of the fence that stands here (`cargo fence serve`): BROWSER says in which
    #[arg(long, conflicts_with_all = ["all", "panics", "no_pager", "least", "whole"])]
    web: bool,
    /// Show findings from this severity on: none, low, medium or high
    #[arg(long, value_name = "SEVERITY", value_parser = severity, default_value = "low")]
    least: Severity,
    #[command(flatten)]
    sources: Sources,
}

/// What a change is compared with.
struct Base {
    packed: Packed,
    /// Its version, where it is a release of the same crate.
    version: Option<Version>,
    /// What it is, and why it is that.
    told: String,
}

/// What the project at hand says of the release.
#[derive(Default)]
struct Standing {
    locked: Vec<Version>,
    decision: Option<Decision>,
    /// Why there is no decision.
    undecided: Option<String>,
    now: Option<Time>,
}

/// Compares, and shows.
pub(crate) fn run(
    args: &Args,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<Outcome, CliError> {
    if args.web {
        return web::open(args, global, environment, shell);
    }
    let scanner = scanner()?;
    let mut standing = Standing::default();
    let (mut published, mut source) = (None, None);
    let (packed, base) = if is_release(&args.package, environment) {
        let spec: Spec = args.package.parse().map_err(|why| Misuse::NoPackage(args.package.clone(), why))?;
        let registry = registry(global, environment)?;
        let packages = Packages { environment, registry: registry.as_ref() };
        let found = packages.release(&spec.name, spec.version.as_ref())?;
        standing = Standing::of(&found, args, global, environment, shell)?;
        source = Records::of(&Cache::of(environment)?).get(found.digest);
        let listed = packages.list(&spec.name)?;
        published =
            listed.iter().find(|one| one.version == found.release.version).and_then(|one| one.published);
        let base = match &args.from {
            _ if args.whole => nothing("as you asked"),
            Some(from) => named(from, Some(&spec.name), global, environment, shell)?,
            None => match choose(&found.release.version, &standing, &listed) {
                Ok((version, why)) => Base {
                    packed: packages.release(&spec.name, Some(&version))?.package,
                    told: format!("{version}, {why}"),
                    version: Some(version),
                },
                Err(why) => nothing(why),
            },
        };
        (found.package, base)
    } else {
        let base = match &args.from {
            Some(from) => named(from, None, global, environment, shell)?,
            None => nothing("since `--from` names nothing"),
        };
        (Opened::of(&args.package, global, environment, shell)?.packed, base)
    };
    let read = scanner.read(&base.packed, &packed);
    warn_of_open(&read.open, shell);
    let panics = args.panics.then(|| scanner.panics_change(&base.packed, &packed)).transpose();
    let panics = panics.map_err(CliError::of_worker)?.map(|scanned| scanned.result);
    let now = standing.now.or(args.sources.now).unwrap_or_else(session::clock);
    let review = Review {
        asked: &args.package,
        reading: &read.result,
        panics: panics.as_ref(),
        source,
        base: base.told,
        base_version: base.version,
        published: standing.decision.as_ref().and_then(|decision| decision.published).or(published),
        decision: standing.decision.as_ref(),
        undecided: standing.undecided,
        least: args.least,
        all: args.all,
        now,
    };
    let page = review::page(&review, shell);
    if !args.no_pager && pager::show(&page, environment, shell)? {
        return Ok(Outcome::Pass);
    }
    shell.print(&review::print(&page))?;
    Ok(Outcome::Pass)
}

/// Nothing to compare with: all is new.
fn nothing(why: &str) -> Base {
    Base {
        packed: Packed::Files(Vec::new()),
        version: None,
        told: format!("nothing, {why}: all of it is new"),
    }
}

/// What `--from` names: of the same crate a version is enough.
fn named(
    from: &str,
    name: Option<&CrateName>,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<Base, CliError> {
    let version = from.strip_prefix('@').unwrap_or(from).parse::<Version>().ok();
    if let (Some(name), Some(version)) = (name, version) {
        let packed = Opened::of(&format!("{name}@{version}"), global, environment, shell)?.packed;
        return Ok(Base { packed, told: format!("{version}, as you asked"), version: Some(version) });
    }
    let packed = Opened::of(from, global, environment, shell)?.packed;
    let is_of_crate = |spec: &Spec| Some(&spec.name) == name;
    let version = from.parse::<Spec>().ok().filter(is_of_crate).and_then(|spec| spec.version);
    // Where on this machine a file lies is nothing that a page for others needs.
    let from = Path::new(from).file_name().map_or(from.into(), |name| name.to_string_lossy());
    Ok(Base { packed, told: format!("{from}, as you asked"), version })
}

/// The release to compare with where nobody says, and why it is that.
fn choose(
    version: &Version,
    standing: &Standing,
    listed: &[Listed],
) -> Result<(Version, &'static str), &'static str> {
    let base = standing.decision.as_ref().and_then(|decision| decision.base.as_ref());
    let listed = listed.iter().map(|one| Older { version: &one.version, yanked: one.yanked });
    beside(version, &standing.locked, base, listed)
}

impl Standing {
    /// What the project says, if there is one that has the crate.
    fn of(
        found: &Found,
        args: &Args,
        global: &Global,
        environment: &Environment,
        shell: &Shell,
    ) -> Result<Self, CliError> {
        let release = &found.release;
        let project = match session::find_if_any(&args.sources, global, environment) {
            Ok(project) => project,
            Err(ProjectError::NoLockfile(_)) => return Ok(Self::default()),
            Err(error) => return Err(error.into()),
        };
        let lockfile = project.read_lockfile()?;
        let of_crate = lockfile.packages.iter().filter_map(|package| package.release());
        let locked: Vec<Version> =
            of_crate.filter(|locked| locked.name == release.name).map(|locked| locked.version).collect();
        if locked.is_empty() {
            let undecided = Some("not given: the project here does not use it".to_owned());
            return Ok(Self { undecided, ..Self::default() });
        }
        let opened = Session::open(Opening::all(&args.sources), global, environment, shell);
        let (decision, undecided, now) = match opened {
            Ok(mut session) if session.digest_of(release).is_some() => {
                // What cargo keeps without the network has not been compared with anything yet.
                if let Some(wanted) = session.digest_of(release).filter(|wanted| *wanted != found.digest) {
                    let (release, got) = (release.clone(), found.digest);
                    return Err(PackageError::OtherBytes { release, got, wanted }.into());
                }
                let decide = |session: &Session| session.decide(release);
                let decision = session.look(shell, decide, |decision| decision.unread.clone())?;
                (Some(decision), None, Some(session.now))
            }
            Ok(session) => {
                (None, Some("not given: the index here does not have it yet".to_owned()), Some(session.now))
            }
            // The change can be read all the same.
            Err(error) => (None, Some(format!("not known: {}", error.message)), None),
        };
        Ok(Self { locked, decision, undecided, now })
    }
}
