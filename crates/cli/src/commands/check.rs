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

use crate::args::{Global, LevelArg, PolicyFrom, ScopeArgs, Sources};
use crate::commands::Outcome;
use crate::commands::cache::{self, CacheArgs};
use crate::error::{CliError, Misuse, shown};
use crate::render::block::Folding;
use crate::render::comment::Compared;
use crate::render::findings::Root;
use crate::render::{comment, github, human, json, markdown, sarif};
use crate::session::{Opening, Session};
use crate::shell::{Shell, Verbosity};

/// Judge every release of Cargo.lock
///
/// Each release that is not admitted is shown with reasons and with what to do. Exit codes: 0 the policy is met, 1
/// the policy says no, 2 the fence could not decide.
///
/// With --cache it is what cargo keeps that is judged, which no build asks for again: exit code 1 where something there
/// must not be built from.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    level: LevelArg,
    #[command(flatten)]
    policy_from: PolicyFrom,
    /// How to print the result: human, json (docs/check.schema.json), sarif, github (annotations and a job summary),
    /// or markdown (a comment on a change, with --compare)
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    #[arg(hide_default_value = true, hide_possible_values = true)]
    format: Format,
    /// Tell what came into Cargo.lock since the change that this is began, compared with this git revision
    #[arg(long, value_name = "REVISION")]
    compare: Option<String>,
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    cache: CacheArgs,
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
    /// For people who look at a change: a comment in Markdown, for which `--compare` says with what
    Markdown,
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
    if args.cache.cache {
        return cache::run(&args.cache, args.level, args.format, &args.sources, global, environment, shell);
    }
    let outcome = checked(args, global, environment, shell);
    if let Err(error) = &outcome {
        let root = Root::of(environment, environment.current_folder());
        match args.format {
            Format::Human => {}
            Format::Json => shell.print(&json::undecided(error))?,
            Format::Sarif => shell.print(&sarif::undecided(error, &root))?,
            Format::Markdown => shell.print(&comment::undecided(error))?,
            Format::Github => {
                shell.print(&github::undecided(error, &root))?;
                summarise(&markdown::undecided(error), environment, shell);
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
    let compare = match (&args.compare, args.format) {
        (Some(revision), Format::Markdown) => Some(revision.as_str()),
        (None, Format::Markdown) => return Err(Misuse::NothingToCompare.into()),
        (Some(_), _) => return Err(Misuse::CompareIsForMarkdown.into()),
        (None, _) => None,
    };
    let session = Session::open(
        Opening {
            level: args.level,
            scope: args.scope.scope(),
            policy_from: args.policy_from.policy_from.as_deref(),
            ..Opening::all(&args.sources)
        },
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
        Format::Markdown => {
            // Asked for above, or there is no such format.
            let Some(revision) = compare else { return Err(Misuse::NothingToCompare.into()) };
            let before = session.lockfile_since(revision)?;
            let difference = session.lockfile().since(&before);
            let compared = Compared { name: revision, before: &before, difference: &difference };
            shell.print(&comment::comment(&checked, &compared, Folding::of(shell.verbosity)))?;
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
