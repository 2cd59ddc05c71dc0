//! `cargo fence list`: all releases in columns.

use fence_client::Environment;
use fence_model::Effect;
use fence_model::decision::{Decision, Grounds, Verdict};

use crate::args::{Global, LevelArg, ScopeArgs, Sources};
use crate::commands::Outcome;
use crate::error::CliError;
use crate::render::human;
use crate::session::{Opening, Session};
use crate::shell::Shell;

/// List the locked releases, each with its verdict and what it rests on
///
/// Flags that pick releases can be combined: a release is listed if any of them picks it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Those that are held
    #[arg(long)]
    held: bool,
    /// Those that are blocked
    #[arg(long)]
    blocked: bool,
    /// Those that are admitted
    #[arg(long)]
    admitted: bool,
    /// Those that are admitted with a warning
    #[arg(long)]
    warned: bool,
    /// Those that only the baseline or an exception admits
    #[arg(long)]
    excused: bool,
    #[command(flatten)]
    level: LevelArg,
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    sources: Sources,
}

/// Prints the table. Its exit code says only whether there is one: `check` is the one that judges.
pub(crate) fn run(
    args: &Args,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<Outcome, CliError> {
    let session = Session::open(
        Opening { level: args.level, scope: args.scope.scope(), ..Opening::all(&args.sources) },
        global,
        environment,
        shell,
    )?;
    let settlement = session.settlement();
    let report = session.report(&settlement)?;
    let stay = |decision: &Decision| settlement.stay(decision);
    let checked = session.checked(&report, &stay, Outcome::Pass);
    shell.print(&human::list(&checked, shell.colour, |decision| args.wants(decision)))?;
    Ok(Outcome::Pass)
}

impl Args {
    fn wants(&self, decision: &Decision) -> bool {
        let all = !(self.held || self.blocked || self.admitted || self.warned || self.excused);
        let is_warned = || decision.reasons.iter().any(|r| r.stands && r.effect == Effect::Warn);
        let is_admitted = decision.verdict == Verdict::Admit;
        all || (self.held && decision.verdict == Verdict::Hold)
            || (self.blocked && decision.verdict == Verdict::Block)
            || (self.admitted && is_admitted)
            || (self.warned && is_admitted && is_warned())
            || (self.excused && matches!(decision.grounds, Some(Grounds::Baseline | Grounds::Exception)))
    }
}
