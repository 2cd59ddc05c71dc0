//! `cargo fence explain`: a page for each code.

use fence_model::Code;

use crate::commands::Outcome;
use crate::error::{CliError, Misuse};
use crate::explain;
use crate::shell::Shell;

/// Explain a code: what it means, why it matters, what to do
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The code, such as `young` or `yank-lure`
    #[arg(value_name = "CODE", required_unless_present_any = ["list", "all"])]
    code: Option<String>,
    /// List all codes
    #[arg(long, conflicts_with_all = ["code", "all"])]
    list: bool,
    /// Print all pages as one document
    #[arg(long, conflicts_with = "code")]
    all: bool,
}

/// Prints a page, the list, or all pages.
pub(crate) fn run(args: &Args, shell: &Shell) -> Result<Outcome, CliError> {
    let text = match &args.code {
        Some(word) => match word.parse::<Code>() {
            Ok(code) => explain::page(code),
            Err(_) => explain::page_of_scanner(word).ok_or_else(|| Misuse::UnknownCode(word.clone()))?,
        },
        None if args.list => explain::list(shell.colour),
        None => explain::all(),
    };
    shell.print(&text)?;
    Ok(Outcome::Pass)
}
