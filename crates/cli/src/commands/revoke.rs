//! `cargo fence revoke`: the security role takes a release out of use.

use fence_client::Environment;
use fence_evidence::statement::Content;

use crate::args::{Global, Spec};
use crate::commands::Outcome;
use crate::commands::sign::{Desk, SignArgs, WhyArgs, comment, subjects};
use crate::error::CliError;
use crate::shell::Shell;

/// Sign, for the security role, that a release is taken out of use
///
/// It blocks wherever as many keys of `[security]` in fence.toml sign it as `threshold` says.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The releases; one signature covers them all
    #[arg(value_name = "CRATE@VERSION", required = true)]
    specs: Vec<Spec>,
    #[command(flatten)]
    why: WhyArgs,
    #[command(flatten)]
    sign: SignArgs,
}

/// Looks, shows, signs.
pub(crate) fn run(
    args: &Args,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<Outcome, CliError> {
    let why = comment(&args.why.message)?;
    let desk = Desk::open(&args.sign, global, environment, shell)?;
    let looked = desk.look(&args.specs, None)?;
    desk.sign(why, Content::Revoke { releases: subjects(&looked) }, looked)
}
