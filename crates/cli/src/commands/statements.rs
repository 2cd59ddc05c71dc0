//! `cargo fence statements`: what people signed, whether it counts, and why not.

use fence_client::Environment;

use crate::args::{Global, Sources, Spec};
use crate::commands::Outcome;
use crate::error::{self, CliError};
use crate::render::statements;
use crate::session;
use crate::shell::Shell;

/// List what people signed about releases, whether it counts, and why not
///
/// Of all feeds of statements that fence.toml names. Exit codes: 0 all that is signed counts or was withdrawn, 1 something
/// does not, 2 a feed cannot be read. `--format cargo-vet` writes the audits among them as an audits.toml.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only what is said of this crate, or of one release of it
    #[arg(value_name = "CRATE[@VERSION]")]
    spec: Option<Spec>,
    /// How the result is written: human, json or cargo-vet
    #[arg(long, value_name = "FORMAT", default_value = "human", hide_possible_values = true)]
    format: Format,
    #[command(flatten)]
    sources: Sources,
}

/// How the result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people
    Human,
    /// For machines: one document, as docs/statements.schema.json describes it
    Json,
    /// For cargo-vet: an audits.toml of what people audited, with what is left out as comments
    CargoVet,
}

/// Reads, verifies, prints.
pub(crate) fn run(
    args: &Args,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<Outcome, CliError> {
    let (feeds, problems) = session::statements(&args.sources, global, environment, shell)?;
    let asked = |name: &fence_model::CrateName, version: &semver::Version| {
        args.spec.as_ref().is_none_or(|spec| {
            spec.name == *name && spec.version.as_ref().is_none_or(|asked| asked == version)
        })
    };
    let listed = statements::list(&feeds, &asked);
    for problem in error::problems(&problems) {
        shell.warning(&problem);
    }
    shell.print(&match args.format {
        Format::Human => statements::human(&listed, shell),
        Format::Json => statements::json(&listed),
        Format::CargoVet => {
            let now = args.sources.now.unwrap_or_else(session::clock);
            statements::cargo_vet(&listed, &asked, now)
        }
    })?;
    Ok(if listed.iter().any(|feed| feed.unreadable.is_some()) {
        Outcome::Undecided
    } else if listed.iter().any(|feed| !feed.refused.is_empty()) {
        Outcome::Fail
    } else {
        Outcome::Pass
    })
}
