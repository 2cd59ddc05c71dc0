//! `cargo fence object`: signs that a release should not be used.

use fence_client::Environment;
use fence_evidence::statement::Content;

use crate::args::{Global, Spec};
use crate::commands::Outcome;
use crate::commands::sign::{Desk, ReviewArgs, SignArgs, WhyArgs, comment, subjects};
use crate::error::CliError;
use crate::shell::Shell;

/// Sign that a release should not be used
///
/// An objection of one reviewer, or of one who maintains a dependent, stops the clock for a week; two, or one of somebody
/// who owns the crate, block the release. docs/reviewing.md tells the whole.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The releases; one signature covers them all
    #[arg(value_name = "CRATE@VERSION", required = true)]
    specs: Vec<Spec>,
    #[command(flatten)]
    review: ReviewArgs,
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
    let until = args.review.until(desk.now)?;
    let looked = desk.look(&args.specs, None)?;
    let (releases, reader) = (subjects(&looked), args.review.reader());
    desk.sign(why, Content::Object { releases, reader, until }, looked)
}
