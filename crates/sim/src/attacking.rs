//! `fence-sim attack`: reads what is asked, makes the registry, and tells what came of it.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use fence_model::Level;
use fence_sim::attack::detection::Detections;
use fence_sim::attack::{Adversary, Question, Registry, attack, report};
use fence_sim::backtest::Named;
use fence_sim::incidents::Incident;
use fence_testkit::synthetic::{Shapes, Synthetic};

use crate::args::Format;
use crate::edge::Failure;
use crate::given::{AS_OF, folder, policy, text_of};

/// The flat ages that the fence is compared with, in days.
const FLAT: [i64; 5] = [1, 3, 7, 14, 30];

/// Adversaries who know the policy, run many times against a registry that was never published.
#[derive(Debug, Args)]
pub(crate) struct Attacking {
    /// The folder of real data, of which `facts.json` gives the shapes of the registry; that of the environment variable
    /// FENCE_DATA unless set.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// How many crates the registry has.
    #[arg(long, default_value_t = 250_000, value_parser = clap::value_parser!(u32).range(10..=10_000_000))]
    crates: u32,
    /// How many runs of each adversary.
    #[arg(long, default_value_t = 1_000)]
    runs: usize,
    /// From what all lots are drawn.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A policy to attack, a `fence.toml`, in place of the three levels.
    #[arg(long, value_name = "FILE", conflicts_with = "level")]
    policy: Option<PathBuf>,
    /// One level to attack, in place of all three.
    #[arg(long)]
    level: Option<Level>,
    /// Of 100 maintainers, how many are enrolled.
    #[arg(long, value_name = "PERCENT", default_value_t = 30, value_parser = clap::value_parser!(u32).range(0..=100))]
    enrolled: u32,
    /// The victim keeps no journal: what was yanked when is not known.
    #[arg(long)]
    no_journal: bool,
    /// How many threads work; the answer is the same.
    #[arg(long)]
    threads: Option<NonZeroUsize>,
    /// `human` or `json`.
    #[arg(long, default_value = "human")]
    format: Format,
    /// Prints to standard error how long each step took, and the most memory that it needed.
    #[arg(long)]
    measure: bool,
}

/// Runs it, and returns what is to be printed.
pub(crate) fn run(asked: &Attacking) -> Result<String, Failure> {
    let data = folder(asked.data.as_ref())?;
    let rules = rules(asked)?;
    let measure = |what: &str, since: Instant| {
        if asked.measure {
            eprintln!("{what}: {}; peak so far {}", report::took(since.elapsed()), peak());
        }
    };
    let start = Instant::now();
    let hands = asked.threads.or_else(|| std::thread::available_parallelism().ok());
    let hands = hands.unwrap_or(NonZeroUsize::MIN);
    let synthetic = Synthetic::of(shapes(&data)?, asked.crates, AS_OF, asked.seed);
    let registry = Registry::of(synthetic, (asked.enrolled, asked.seed), hands);
    measure(&format!("registry of {} crates, {} dependencies", asked.crates, registry.links()), start);
    let attacking = Instant::now();
    let question = Question {
        runs: asked.runs,
        seed: asked.seed,
        has_journal: !asked.no_journal,
        adversaries: Adversary::ALL.into(),
        hands,
    };
    let found = attack(&registry, &rules, &Detections::of(&Incident::shipped()), &question);
    measure("attacks", attacking);
    Ok(match asked.format {
        Format::Human => report::human(&found),
        Format::Json => report::json(&found),
    })
}

fn rules(asked: &Attacking) -> Result<Vec<Named>, Failure> {
    let mut rules = match (&asked.policy, asked.level) {
        (Some(file), _) => vec![Named::policy("policy".into(), policy(file)?)],
        (None, Some(level)) => vec![Named::fence(level)],
        (None, None) => Level::ALL.map(Named::fence).into(),
    };
    rules.extend(FLAT.map(Named::flat));
    Ok(rules)
}

fn shapes(data: &Path) -> Result<Shapes, Failure> {
    Ok(Shapes::read(&text_of(&data.join("facts.json"))?))
}

/// The most memory that the process needed, where the system tells.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes: Option<u64> = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok());
    kilobytes.map_or_else(|| "unknown".into(), |kilobytes| format!("{} MB", kilobytes / 1024))
}
