//! `cargo fence doctor`: does everything that is built here come through the fence?

use clap::ValueEnum;
use fence_client::Environment;

use crate::args::{Global, Sources};
use crate::commands::Outcome;
use crate::doctor::{Finding, Gravity, diagnose, look};
use crate::error::CliError;
use crate::render::{doctor as human, doctor_json as json};
use crate::shell::Shell;

/// Ask what answers for crates.io here, and name every way around the fence
///
/// Asks as cargo would: for the registry's configuration, for one index file, and whether packages come from the same
/// place. Looks at cargo's configuration, manifests, lockfile, cache and clock, and at the policy. Exit codes: 0 nothing
/// gets around the fence, 1 something does, 2 the fence, or what should tell, does not work. Warnings and notes change no
/// exit code.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How to print the result: human or json (docs/doctor.schema.json)
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    #[arg(hide_default_value = true, hide_possible_values = true)]
    format: Format,
    #[command(flatten)]
    sources: Sources,
}

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Human,
    /// For machines: one document, as docs/doctor.schema.json describes it
    Json,
}

/// Looks, diagnoses, prints.
pub(crate) fn run(
    args: &Args,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<Outcome, CliError> {
    let seen = match look(&args.sources, global, environment, shell) {
        Ok(seen) => seen,
        Err(error) => {
            if args.format == Format::Json {
                shell.print(&json::undecided(&error))?;
            }
            return Err(error);
        }
    };
    let findings = diagnose(&seen);
    let outcome = outcome(&findings);
    match args.format {
        Format::Json => shell.print(&json::document(&seen, &findings, outcome))?,
        Format::Human => shell.print(&human::report(&seen, &findings, shell))?,
    }
    Ok(outcome)
}

/// What findings come to. Something open is certain, whatever else does not work.
fn outcome(findings: &[Finding]) -> Outcome {
    let has = |gravity| findings.iter().any(|finding| finding.gravity == gravity);
    if has(Gravity::Open) {
        Outcome::Fail
    } else if has(Gravity::Broken) {
        Outcome::Undecided
    } else {
        Outcome::Pass
    }
}
