//! `cargo fence exposure`: what is left to somebody who knows the policy.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use fence_client::Environment;
use fence_model::CrateName;
use fence_model::exposure::observed::{Takeover, takeovers};
use fence_model::exposure::{Exposed, Exposure};

use crate::args::{Global, LevelArg, Sources};
use crate::commands::Outcome;
use crate::error::{CliError, Misuse, shown};
use crate::render::{exposure as human, exposure_json as json, picture};
use crate::session::{Opening, Session};
use crate::shell::Shell;

/// Say what a malicious release would take: how many identities, and how long unnoticed
///
/// For each locked release a next one is supposed, which somebody publishes from an account of the crate and which can do no
/// more than the one before it, and the policy decides about it. What is told is for how long that would have to stay unnoticed,
/// with fewer identities and with more; of the whole project the least. docs/exposure.md says what the figures do not say.
///
/// Exit codes: 0 whatever is left; 2 where it could not be told.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Tell of this crate alone, and of whom it takes
    #[arg(long = "crate", value_name = "NAME")]
    name: Option<CrateName>,
    /// How to print the result: human or json (docs/exposure.schema.json)
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    #[arg(hide_default_value = true, hide_possible_values = true)]
    format: Format,
    /// Draw it, too: an SVG, for light and dark pages
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Draw a badge that tells the first line, as SVG
    #[arg(long, value_name = "FILE")]
    badge: Option<PathBuf>,
    #[command(flatten)]
    level: LevelArg,
    #[command(flatten)]
    sources: Sources,
}

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Human,
    /// For machines: one document, as docs/exposure.schema.json describes it
    Json,
}

/// Reads, searches, prints.
pub(crate) fn run(
    args: &Args,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<Outcome, CliError> {
    let opening = Opening { level: args.level, ..Opening::all(&args.sources) };
    let session = Session::open(opening, global, environment, shell)?;
    let exposure = session.exposure()?;
    let takeovers = takeovers();
    let told = Told {
        level: session.levels(),
        lockfile: &session.project.lockfile,
        exposure: &exposure,
        takeovers: &takeovers,
    };
    if let Some(name) = &args.name
        && told.of(name).next().is_none()
    {
        return Err(Misuse::NotJudged(name.clone()).into());
    }
    let here = environment.current_folder();
    if let Some(file) = &args.svg {
        write(&here.join(file), &picture::frontier(&told))?;
    }
    if let Some(file) = &args.badge {
        write(&here.join(file), &picture::badge(&told))?;
    }
    match args.format {
        Format::Human => shell.print(&human::told(&told, args.name.as_ref(), shell))?,
        Format::Json => shell.print(&json::told(&told, args.name.as_ref()))?,
    }
    Ok(Outcome::Pass)
}

fn write(file: &Path, text: &str) -> Result<(), CliError> {
    std::fs::write(file, text).map_err(|why| {
        CliError::new(format!("{} cannot be written: {why}", shown(file)))
            .hint("name a file in a folder that is there")
    })
}

/// All that is told.
pub(crate) struct Told<'a> {
    /// The levels, in words.
    pub(crate) level: String,
    pub(crate) lockfile: &'a Path,
    pub(crate) exposure: &'a Exposure,
    pub(crate) takeovers: &'a [Takeover],
}

impl Told<'_> {
    /// The packages of a crate.
    pub(crate) fn of(&self, name: &CrateName) -> impl Iterator<Item = &Exposed> {
        self.exposure.packages.iter().filter(move |one| one.release.name == *name)
    }
}
