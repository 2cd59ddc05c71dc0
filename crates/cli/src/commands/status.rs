//! `cargo fence status`: the fence that stands for this project, as it says it is.

use clap::ValueEnum;
use fence_client::Environment;

use crate::args::Global;
use crate::commands::Outcome;
use crate::error::CliError;
use crate::neighbour;
use crate::render::status;
use crate::shell::Shell;
use crate::standing::policy_of;

/// Show how the fence is that stands here: policy, feeds, clock, alarms, what is held
///
/// It is the fence that cargo is told to ask in this folder, else the one that `cargo fence serve` stood up here. Exit
/// codes: 0 a fence answers, 2 none does. With `--quiet` it prints only what somebody has to look at.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How to print it: human, or json (the fence's own /status.json)
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    #[arg(hide_default_value = true, hide_possible_values = true)]
    format: Format,
}

/// How it is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Human,
    /// For machines: what the fence says, as it says it
    Json,
}

/// Prints what the fence says of itself. The exit code says only whether there is one.
pub(crate) fn run(
    args: &Args,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<Outcome, CliError> {
    let project = policy_of(global, environment)?;
    let neighbour = neighbour::of(&project, global.reach(), environment)?;
    let text = match args.format {
        Format::Human => status::page(&neighbour, &project.policy_folder().display().to_string(), shell),
        Format::Json => format!("{}\n", neighbour.document),
    };
    shell.print(&text)?;
    Ok(Outcome::Pass)
}
