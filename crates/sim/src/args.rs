//! What the program is asked for.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use fence_model::{Level, Span};
use fence_sim::backtest::reviews::Reviewers;
use fence_sim::halves::Half;
use fence_sim::history::AuditsCount;

use crate::attacking::Attacking;

/// Replays history through the judgement of the fence.
#[derive(Debug, Parser)]
#[command(name = "fence-sim", disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What there is to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// What policies would have stopped, and what they would have cost: three years of upgrades, and incidents that happened.
    Backtest(Backtest),
    /// Adversaries who know the policy, run many times against a registry that was never published.
    Attack(Attacking),
    /// The releases that projects took, each beside its base, for whoever fetches and reads their packages.
    Releases(Releases),
}

/// How to replay.
#[derive(Debug, Args)]
pub(crate) struct Backtest {
    /// The folder of real data; that of the environment variable FENCE_DATA unless set.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,
    /// A `fence.toml`, judged beside the default policies.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// The level whose policy is told of at length.
    #[arg(long, default_value = "medium")]
    pub(crate) level: Level,
    /// Which projects and campaigns: `fit`, to choose by; `report`, to report on; or `all`.
    #[arg(long, default_value = "all")]
    pub(crate) half: HalfArg,
    /// Audits are not dated: count them `never`, or so long after publication (`7 days`).
    #[arg(long, default_value = "never", value_parser = audits)]
    pub(crate) audits: AuditsCount,
    /// Reviews that the policy asks for are given `never`, or so long after the first project asked (`7 days`).
    #[arg(long, default_value = "never", value_parser = reviewers)]
    pub(crate) answered: Reviewers,
    /// Readings of packages that were fetched and scanned, a line of JSON each; the others are drawn by their rates.
    #[arg(long, value_name = "FILE")]
    pub(crate) readings: Option<PathBuf>,
    /// By which readings and samples are drawn.
    #[arg(long, default_value_t = 20_260_822)]
    pub(crate) seed: u64,
    /// Holds the replay of so many upgrades against the judgement at the moment of their commit.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) check: usize,
    /// Tries a thousand policies on one half, and reports the best on the other.
    #[arg(long)]
    pub(crate) sweep: bool,
    /// Tells of each incident.
    #[arg(long)]
    pub(crate) incidents: bool,
    /// Writes the curves as SVG to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// `human` or `json`.
    #[arg(long, default_value = "human")]
    pub(crate) format: Format,
}

/// Of which releases.
#[derive(Debug, Args)]
pub(crate) struct Releases {
    /// The folder of real data; that of the environment variable FENCE_DATA unless set.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,
    /// As in a backtest: what was reviewed may be a base.
    #[arg(long, default_value = "never", value_parser = reviewers)]
    pub(crate) answered: Reviewers,
    /// By whose bases.
    #[arg(long, default_value = "medium")]
    pub(crate) level: Level,
}

/// What is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Human,
    Json,
}

/// Which half.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum HalfArg {
    Fit,
    Report,
    All,
}

impl From<HalfArg> for Half {
    fn from(half: HalfArg) -> Self {
        match half {
            HalfArg::Fit => Self::Fit,
            HalfArg::Report => Self::Report,
            HalfArg::All => Self::All,
        }
    }
}

fn audits(text: &str) -> Result<AuditsCount, String> {
    match text {
        "never" => Ok(AuditsCount::Never),
        span => span.parse::<Span>().map(AuditsCount::After).map_err(|error| error.to_string()),
    }
}

fn reviewers(text: &str) -> Result<Reviewers, String> {
    match text {
        "never" => Ok(Reviewers::Nobody),
        span => span.parse::<Span>().map(Reviewers::Answer).map_err(|error| error.to_string()),
    }
}
