//! The commands. Each file has the arguments, whose doc comment is the help, and the function that answers.

pub(crate) mod approve;
pub(crate) mod audit;
pub(crate) mod cache;
pub(crate) mod cargo;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod diff;
pub(crate) mod disable;
pub(crate) mod doctor;
pub(crate) mod duplicates;
pub(crate) mod enable;
pub(crate) mod except;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod exposure;
pub(crate) mod init;
pub(crate) mod list;
pub(crate) mod object;
pub(crate) mod review;
pub(crate) mod revoke;
pub(crate) mod scan;
pub(crate) mod serve;
pub(crate) mod sign;
pub(crate) mod source;
pub(crate) mod statements;
pub(crate) mod status;
pub(crate) mod update;
pub(crate) mod verify;
pub(crate) mod why;
pub(crate) mod withdraw;

use std::process::ExitCode;

use fence_client::Environment;

use crate::args::{Cli, Command};
use crate::error::CliError;
use crate::shell::Shell;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All is well.
    Pass,
    /// The policy says no.
    Fail,
    /// Nobody can say: network, files, usage.
    Undecided,
}

impl Outcome {
    /// 0, 1 and 2: scripts rely on the last never looking like the first.
    pub(crate) fn exit_code(self) -> ExitCode {
        match self {
            Self::Pass => ExitCode::SUCCESS,
            Self::Fail => ExitCode::from(1),
            Self::Undecided => ExitCode::from(2),
        }
    }
}

/// Runs the command that was asked for, and says how the process ends.
pub(crate) fn run(cli: &Cli, environment: &Environment, shell: &Shell) -> Result<ExitCode, CliError> {
    let Cli { global, command } = cli;
    let outcome = match command {
        Command::Check(args) => check::run(args, global, environment, shell),
        Command::Why(args) => why::run(args, global, environment, shell),
        Command::List(args) => list::run(args, global, environment, shell),
        Command::Init(args) => init::run(args, global, environment, shell),
        Command::Except(args) => except::run(args, global, environment, shell),
        Command::Update(args) => update::run(args, global, environment, shell),
        Command::Scan(args) => scan::run(args, global, environment, shell),
        Command::Diff(args) => diff::run(args, global, environment, shell),
        Command::Review(args) => review::run(args, global, environment, shell),
        Command::Approve(args) => approve::run(args, global, environment, shell),
        Command::Object(args) => object::run(args, global, environment, shell),
        Command::Audit(args) => audit::run(args, global, environment, shell),
        Command::Revoke(args) => revoke::run(args, global, environment, shell),
        Command::Withdraw(args) => withdraw::run(args, global, environment, shell),
        Command::Statements(args) => statements::run(args, global, environment, shell),
        Command::Verify(args) => verify::run(args, global, environment, shell),
        Command::Source(args) => source::run(args, global, environment, shell),
        Command::Duplicates(args) => duplicates::run(args, global, environment, shell),
        Command::Exposure(args) => exposure::run(args, global, environment, shell),
        Command::Explain(args) => explain::run(args, shell),
        Command::Enable(args) => enable::run(args, global, environment, shell),
        Command::Disable(args) => disable::run(args, global, environment, shell),
        Command::Doctor(args) => doctor::run(args, global, environment, shell),
        Command::Serve(args) => serve::run(args, global, environment, shell),
        Command::Status(args) => status::run(args, global, environment, shell),
        // It ends as cargo did.
        Command::Cargo(args) => return cargo::run(args, global, environment, shell),
        Command::Export(args) => export::run(args, global, environment, shell),
        Command::Completions(args) => completions::run(args, shell),
    };
    outcome.map(Outcome::exit_code)
}
