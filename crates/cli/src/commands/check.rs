//! `cargo fence check`: may what is locked reach a build?

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use clap::ValueEnum;
use fence_client::Environment;
use fence_model::decision::{Decision, Verdict};
use fence_model::facts::FeedState;
use fence_model::policy::{Policy, Severity};
use fence_model::project::{Judged, Report};

use crate::args::{Global, LevelArg, ScopeArgs, Sources};
use crate::commands::Outcome;
use crate::error::{CliError, shown};
use crate::render::block::Folding;
use crate::render::findings::Root;
use crate::render::{github, human, json, sarif};
use crate::session::{Opening, Session};
use crate::shell::{Shell, Verbosity};

/// Judge every release of Cargo.lock
///
/// Each release that is not admitted is shown with reasons and with what to do. Exit codes: 0 the policy is met, 1
/// the policy says no, 2 the fence could not decide.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    level: LevelArg,
    #[command(flatten)]
    scope: ScopeArgs,
    /// How to print the result: human, json (docs/check.schema.json), sarif, or github (annotations and a job summary)
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    #[arg(hide_default_value = true, hide_possible_values = true)]
    format: Format,
    #[command(flatten)]
    sources: Sources,
}

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Human,
    /// For machines: one document, as docs/check.schema.json describes it
    Json,
    /// For what collects the findings of many tools: a SARIF 2.1.0 log
    Sarif,
    /// For GitHub's workflows: annotations, and a summary where `GITHUB_STEP_SUMMARY` says
    Github,
}

/// Gathers, judges, prints. In formats for machines, a check that comes to nothing prints a document too.
pub(crate) fn run(
    args: &Args,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<Outcome, CliError> {
    let outcome = checked(args, global, environment, shell);
    if let Err(error) = &outcome {
        let root = Root::of(environment, environment.current_folder());
        match args.format {
            Format::Human => {}
            Format::Json => shell.print(&json::undecided(error))?,
            Format::Sarif => shell.print(&sarif::undecided(error, &root))?,
            Format::Github => {
                shell.print(&github::undecided(error, &root))?;
                summarise(&github::undecided_summary(error), environment, shell);
            }
        }
    }
    outcome
}

fn checked(
    args: &Args,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<Outcome, CliError> {
    let started = Instant::now();
    let session = Session::open(
        Opening { level: args.level, scope: args.scope.scope(), ..Opening::all(&args.sources) },
        global,
        environment,
        shell,
    )?;
    let settlement = session.settlement();
    let report = session.report(&settlement)?;
    let outcome = outcome(&report, &session.policy);
    let stay = |decision: &Decision| settlement.stay(decision);
    let checked = session.checked(&report, &stay, outcome);
    let lockfile = &checked.project.lockfile;
    let root = Root::of(environment, lockfile.parent().unwrap_or(lockfile));
    match args.format {
        Format::Json => shell.print(&json::check(&checked))?,
        Format::Sarif => shell.print(&sarif::check(&checked, &root))?,
        Format::Github => {
            let folding = Folding::of(shell.verbosity);
            shell.print(&github::annotations(&checked, &root, folding))?;
            summarise(&github::summary(&checked, folding), environment, shell);
            shell.status("Finished", &human::counts(&checked));
        }
        Format::Human => {
            // Where all is well the last line says it all.
            let is_stale = session.ages().iter().any(|age| age.state != FeedState::Current);
            if outcome != Outcome::Pass || is_stale || shell.verbosity == Verbosity::Verbose {
                shell.status("Checking", &human::header(&checked));
            }
            shell.print(&human::check(&checked, shell, started.elapsed()))?;
        }
    }
    Ok(outcome)
}

/// Appends to the summary of a job, where there is one. Without it the verdict is the same, and it is printed: so
/// what goes wrong here is a warning.
fn summarise(text: &str, environment: &Environment, shell: &Shell) {
    let Some(file) = environment.var("GITHUB_STEP_SUMMARY") else { return };
    let file = environment.current_folder().join(Path::new(file));
    let appended = OpenOptions::new()
        .append(true)
        .create(true)
        .open(&file)
        .and_then(|mut f| f.write_all(text.as_bytes()));
    if let Err(why) = appended {
        shell.warning(&format!("the job summary cannot be written to {}: {why}", shown(&file)));
    }
}

/// What a report comes to under a policy.
///
/// Everything that is not admitted fails, and so does what the policy calls an error: a vulnerable, unsound,
/// unmaintained or yanked release in use, or a newer release that nobody has approved.
pub(crate) fn outcome(report: &Report, policy: &Policy) -> Outcome {
    let is_refused = |package: &Judged| match package {
        Judged::Decided(decision) => decision.verdict != Verdict::Admit,
        Judged::Unjudged { verdict, .. } => *verdict != Verdict::Admit,
        Judged::Own | Judged::Aside => false,
    };
    let is_error = |decision: &Decision| {
        human::warned_codes(policy).into_iter().any(|(code, severity, _)| {
            severity == Severity::Error && decision.reasons.iter().any(|r| r.code == code && r.stands)
        })
    };
    let newer = policy.newer_unapproved == Severity::Error && !report.waiting.is_empty();
    if newer || report.packages.iter().any(is_refused) || report.decisions().any(is_error) {
        Outcome::Fail
    } else {
        Outcome::Pass
    }
}
