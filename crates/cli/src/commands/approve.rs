//! `cargo fence approve`: signs that a release may be used.

use clap::ValueEnum;
use fence_client::Environment;
use fence_evidence::statement::{Content, RestsOn};
use semver::Version;

use crate::args::{Global, Spec};
use crate::commands::Outcome;
use crate::commands::sign::{Desk, ReviewArgs, SignArgs, WhyArgs, bases, comment, one_from, subjects};
use crate::error::{CliError, Misuse};
use crate::shell::Shell;

/// Sign that a release may be used
///
/// Shows what is signed and how much of it there is to read, asks, signs with an SSH key as git does, and writes two files:
/// the statement and its signature. Approvals of those who maintain dependents make a quorum; that a reviewer read the
/// code, `cargo fence audit` says. docs/reviewing.md tells the whole.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The releases; one signature covers them all
    #[arg(value_name = "CRATE@VERSION", required = true)]
    specs: Vec<Spec>,
    /// The release from which the change was read
    #[arg(long, value_name = "VERSION")]
    from: Option<Version>,
    /// On what it rests: trust in those who made it, a look at the diff, or an audit of the code
    #[arg(long, value_name = "WHAT", hide_possible_values = true)]
    rests_on: Option<Rests>,
    #[command(flatten)]
    review: ReviewArgs,
    #[command(flatten)]
    why: WhyArgs,
    #[command(flatten)]
    sign: SignArgs,
}

/// On what an approval rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Rests {
    /// Trust in those who made it
    Trust,
    /// A look at the change
    Diff,
    /// An audit of the code
    Audit,
}

/// Looks, shows, signs.
pub(crate) fn run(
    args: &Args,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<Outcome, CliError> {
    let rests_on = match (args.rests_on, &args.from) {
        (None, None) => Rests::Trust,
        (None, Some(_)) | (Some(Rests::Diff), Some(_)) => Rests::Diff,
        (Some(Rests::Diff), None) => return Err(Misuse::DiffOfNothing.into()),
        (Some(Rests::Trust | Rests::Audit), Some(_)) => return Err(Misuse::BaseOfNoDiff.into()),
        (Some(other), None) => other,
    };
    let from = one_from(&args.specs, args.from.as_ref())?;
    let why = comment(&args.why.message)?;
    let desk = Desk::open(&args.sign, global, environment, shell)?;
    let until = args.review.until(desk.now)?;
    let looked = desk.look(&args.specs, from)?;
    let rests_on = match (rests_on, bases(&looked)) {
        (Rests::Diff, Some(bases)) => RestsOn::Diff(bases),
        (Rests::Audit, _) => RestsOn::Audit,
        (Rests::Trust | Rests::Diff, _) => RestsOn::Trust,
    };
    let (releases, reader) = (subjects(&looked), args.review.reader());
    desk.sign(why, Content::Approve { releases, rests_on, reader, until }, looked)
}
