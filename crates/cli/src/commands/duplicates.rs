//! `cargo fence duplicates`: what is locked twice, and what does the same.

use std::path::PathBuf;

use clap::ValueEnum;
use fence_client::Environment;
use fence_client::cache::Cache;
use fence_client::cargo_config::CargoConfig;
use fence_client::duplicates::{Alike, Facts, alike};
use fence_client::scope;
use fence_registry::duplicates::purposes::{self, Found};
use fence_registry::duplicates::{Before, duplicates};
use fence_scan::likeness::FingerprintSet;

use crate::args::{Global, Sources};
use crate::commands::Outcome;
use crate::error::{CliError, Misuse};
use crate::render::duplicates as human;
use crate::render::duplicates_json as json;
use crate::render::text;
use crate::session;
use crate::shell::Shell;

/// Say which crates are locked in several versions, and what would unite them
///
/// Of each older version it says who asks for it, what leaves Cargo.lock with it, and the smallest change that does
/// without it. Then it names crates of the project for which the standard library has a replacement, those that do the same
/// as another one, and those that are nearly the same code. docs/duplicates.md says what counts.
///
/// Exit codes: 0 also where there are duplicates, unless --fail-on says otherwise; 2 where it could not be told.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How to print the result: human or json (docs/duplicates.schema.json)
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    #[arg(hide_default_value = true, hide_possible_values = true)]
    format: Format,
    /// End with exit code 1 where there is a duplicate that is new, or any: new or all. New is what fence.lock does not
    /// record, or with --compare what was not there
    #[arg(long, value_name = "WHICH", hide_possible_values = true)]
    fail_on: Option<FailOn>,
    /// Call new what came into Cargo.lock since the change that this is began, compared with this git revision
    #[arg(long, value_name = "REVISION")]
    compare: Option<String>,
    /// Look at this lockfile
    #[arg(long, value_name = "PATH")]
    lockfile: Option<PathBuf>,
    /// Read the registry's index from a folder of index files
    #[arg(long, value_name = "FOLDER")]
    index: Option<PathBuf>,
}

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Human,
    /// For machines: one document, as docs/duplicates.schema.json describes it
    Json,
}

/// Which duplicates are a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Those that are new
    New,
    /// All
    All,
}

/// Reads, searches, prints.
pub(crate) fn run(
    args: &Args,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<Outcome, CliError> {
    let sources =
        Sources { lockfile: args.lockfile.clone(), index: args.index.clone(), ..Sources::default() };
    let project = session::find(&sources, global, environment)?;
    let lockfile = project.read_lockfile()?;
    // Freshness is all that is asked of the policy, so its exceptions need not have begun.
    let policy = project.read_policy(session::clock())?;
    let config =
        CargoConfig::read_from(project.files(), environment.current_folder(), environment)?.past_own_fence();
    let index = session::index(&sources, environment)?;
    let cache = Cache::of(environment)?;
    let (cargo, cargo_home) = (session::cargo(environment), environment.cargo_home());
    let network = session::network(global, &config)?;
    let mut known = Facts::read(
        scope::Project {
            lockfile: &lockfile,
            root: &project.root,
            cargo: &cargo,
            config: &config,
            index: index.as_deref(),
            cargo_home: cargo_home.as_deref(),
            cache: &cache,
            clock: session::clock(),
        },
        policy.freshness.index,
        &network,
        shell,
    )?;
    let mut several = duplicates(&lockfile, &known);
    for _ in 0..MOST_ROUNDS {
        if !known.read_more(&network, shell)? {
            break;
        }
        several = duplicates(&lockfile, &known);
    }
    let before = match &args.compare {
        Some(revision) => {
            let before = session::lockfile_since(&project, revision)?.map(|lockfile| lockfile.packages);
            let before = before.unwrap_or_default();
            Some(Before::of(before.iter().map(|package| (&*package.name, &package.version))))
        }
        None => project.read_baseline()?.map(|baseline| {
            Before::of(baseline.entries.iter().map(|entry| (entry.name.as_str(), &entry.version)))
        }),
    };
    if args.fail_on == Some(FailOn::New) && before.is_none() {
        return Err(Misuse::NothingKnownBefore.into());
    }
    let told = Told {
        lockfile: &lockfile,
        file: &project.lockfile,
        duplicates: several,
        found: purposes::found(&lockfile, &known),
        alike: alike(&lockfile, FingerprintSet::shipped()),
        before,
        known: &known,
    };
    if let Some(why) = &known.own_unknown {
        shell.warning(&text::harmless(&format!("{why}; so what this project itself asks for is not known")));
    }
    if !known.unread.is_empty() {
        let names: Vec<String> = known.unread.iter().map(ToString::to_string).collect();
        shell.warning(&format!(
            "of {} no index file is to be had, so their releases are not known",
            text::some(&names, UNREAD_TOLD)
        ));
    }
    match args.format {
        Format::Human => shell.print(&human::told(&told, shell))?,
        Format::Json => shell.print(&json::told(&told))?,
    }
    let is_failure = match args.fail_on {
        None => false,
        Some(FailOn::All) => told.any(|_| true),
        Some(FailOn::New) => told.any(|is_new| is_new == Some(true)),
    };
    Ok(if is_failure { Outcome::Fail } else { Outcome::Pass })
}

/// How many crates are named of which nothing is known.
const UNREAD_TOLD: usize = 4;
/// How often a search may ask for index files of crates that are not locked: each time those that the ones before need.
const MOST_ROUNDS: usize = 4;

/// All that is told.
pub(crate) struct Told<'a> {
    pub(crate) lockfile: &'a fence_registry::Lockfile,
    pub(crate) file: &'a std::path::Path,
    pub(crate) duplicates: Vec<fence_registry::duplicates::Duplicate>,
    pub(crate) found: Vec<Found>,
    /// Crates of different names that are nearly the same code.
    pub(crate) alike: Vec<Alike>,
    /// What was there before, where that is known.
    pub(crate) before: Option<Before>,
    pub(crate) known: &'a Facts<'a>,
}

impl Told<'_> {
    /// Whether an older version beside the newest is new; none where nobody knows.
    pub(crate) fn is_new(&self, older: usize, newest: usize) -> Option<bool> {
        let packages = &self.lockfile.packages;
        let before = self.before.as_ref()?;
        Some(!before.had_both(&packages[older].name, &packages[older].version, &packages[newest].version))
    }

    /// Whether something that was found is new: one of its crates was not there.
    pub(crate) fn is_found_new(&self, found: &Found) -> Option<bool> {
        match found {
            Found::Replaced { package, .. } => self.is_any_new([*package]),
            Found::SamePurpose { crates, prefer, .. } => {
                self.is_any_new(crates.iter().map(|(at, _)| *at).chain(*prefer))
            }
        }
    }

    /// Whether one of these crates was not there; none where nobody knows.
    pub(crate) fn is_any_new(&self, crates: impl IntoIterator<Item = usize>) -> Option<bool> {
        let before = self.before.as_ref()?;
        Some(crates.into_iter().any(|at| !before.had(&self.lockfile.packages[at].name)))
    }

    fn any(&self, counts: impl Fn(Option<bool>) -> bool) -> bool {
        self.duplicates.iter().any(|duplicate| {
            duplicate.older.iter().any(|older| counts(self.is_new(older.package, duplicate.newest)))
        }) || self.found.iter().any(|found| counts(self.is_found_new(found)))
            || self.alike.iter().any(|alike| counts(self.is_any_new(alike.packages)))
    }
}
