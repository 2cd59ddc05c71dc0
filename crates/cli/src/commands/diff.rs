//! `cargo fence diff`: what can a release do that another could not?

use fence_client::Environment;
use fence_scan::Severity;

use crate::args::Global;
use crate::commands::Outcome;
use crate::commands::scan::{Format, Opened, ShownArgs, outcome, warn_of_open};
use crate::error::{CliError, Misuse};
use crate::looking::scanner;
use crate::render::panics;
use crate::render::scan as human;
use crate::render::scan_formats as formats;
use crate::shell::Shell;

/// Compare two packages: what the newer can do that the older could not, and how much there is to read
///
/// Capabilities, findings, dependencies, build code and changed lines; formatting, comments and tests count for nothing.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The older package: a release as CRATE@VERSION, a folder, or a `.crate` file
    #[arg(value_name = "OLD")]
    old: String,
    /// The newer package, likewise; @VERSION is another release of the same crate
    #[arg(value_name = "NEW")]
    new: String,
    /// Show only where the newer can panic and the older could not, first what input from outside reaches
    #[arg(long)]
    panics: bool,
    #[command(flatten)]
    shown: ShownArgs,
}

/// Compares, and prints.
pub(crate) fn run(
    args: &Args,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<Outcome, CliError> {
    let scanner = scanner()?;
    let new = match (args.new.strip_prefix('@'), args.old.split_once('@')) {
        (Some(version), Some((name, _))) => format!("{name}@{version}"),
        _ => args.new.clone(),
    };
    let old = Opened::of(&args.old, global, environment, shell)?;
    let new = Opened::of(&new, global, environment, shell)?;
    if args.panics {
        let compared = scanner.panics_change(&old.packed, &new.packed).map_err(CliError::of_worker)?;
        warn_of_open(&compared.open, shell);
        shell.print(&match args.shown.format {
            Format::Human => panics::change(&compared.result, shell),
            Format::Json => panics::json_of_change(&compared.result, &compared.open),
            Format::Sarif | Format::Github => return Err(Misuse::PanicsFormat.into()),
        })?;
        return Ok(Outcome::Pass);
    }
    let compared = scanner.compare(&old.packed, &new.packed);
    warn_of_open(&compared.open, shell);
    let comparison = compared.result;
    let text = match args.shown.format {
        Format::Human => human::comparison(&comparison, args.shown.least, shell),
        Format::Json => formats::json_of_comparison(&comparison, &compared.open),
        Format::Sarif => formats::sarif(&comparison.findings, args.shown.least),
        Format::Github => formats::github(&comparison.findings, args.shown.least),
    };
    shell.print(&text)?;
    let gravest = comparison.findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::None);
    Ok(outcome(gravest, args.shown.fail_on))
}
