//! `cargo fence withdraw`: signs that earlier statements no longer hold.

use std::path::PathBuf;

use fence_client::Environment;
use fence_evidence::Limits;
use fence_evidence::statement::{self, Content, Kind};

use crate::args::Global;
use crate::commands::Outcome;
use crate::commands::sign::{Desk, SignArgs};
use crate::error::{CliError, Misuse, shown};
use crate::render::signing;
use crate::shell::Shell;

/// Sign that earlier statements of yours no longer hold
///
/// The files stay where they are: whoever has them learns from the withdrawal that they do not count.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The statements; one signature covers them all
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    sign: SignArgs,
}

/// Reads them, shows them, signs.
pub(crate) fn run(
    args: &Args,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<Outcome, CliError> {
    let desk = Desk::open(&args.sign, global, environment, shell)?;
    let mut statements = Vec::new();
    for file in &args.files {
        let file = environment.current_folder().join(file);
        let bytes = super::verify::read(&file)?;
        let read = statement::read(&shown(&file), &bytes, &Limits::default());
        let statement = read.map_err(|problem| CliError::new(problem.to_string()))?;
        if statement.signer != desk.principal {
            return Err(Misuse::NotYours { file, signer: statement.signer }.into());
        }
        if statement.kind() == Kind::Withdraw {
            return Err(Misuse::WithdrawsWithdrawal(file).into());
        }
        shell.print(&signing::said(&statement, shell))?;
        statements.push(statement::id(&bytes));
    }
    desk.sign(Content::Withdraw { statements }, &[])
}
