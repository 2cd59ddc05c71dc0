//! `cargo fence audit`: signs that a release's code was read, and what it meets.

use fence_client::Environment;
use fence_evidence::statement::Content;
use semver::Version;

use crate::args::{Global, Spec};
use crate::commands::Outcome;
use crate::commands::sign::{Desk, ReviewArgs, SignArgs, bases, one_from, subjects};
use crate::error::CliError;
use crate::shell::Shell;

/// Sign that a release's code was read, all of it or the change from another, and what it meets
///
/// Read it first: `cargo fence review` shows what changed. Shows what is signed and how much of it there is to read, asks,
/// signs with an SSH key as git does, and writes two files: the statement and its signature. It admits for those whose
/// policy names the signer as a reviewer. docs/reviewing.md tells the whole.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The releases; one signature covers them all
    #[arg(value_name = "CRATE@VERSION", required = true)]
    specs: Vec<Spec>,
    /// The release from which the change was read; without this, all of the code was
    #[arg(long, value_name = "VERSION")]
    from: Option<Version>,
    /// What the code meets, in cargo-vet's words; can be repeated
    #[arg(long = "criteria", value_name = "NAME", default_value = "safe-to-deploy")]
    criteria: Vec<String>,
    #[command(flatten)]
    review: ReviewArgs,
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
    let from = one_from(&args.specs, args.from.as_ref())?;
    let desk = Desk::open(&args.sign, global, environment, shell)?;
    let until = args.review.until(desk.now)?;
    let looked = desk.look(&args.specs, from)?;
    let mut criteria: Vec<Box<str>> = args.criteria.iter().map(|name| name.as_str().into()).collect();
    criteria.sort_unstable();
    criteria.dedup();
    let (releases, bases, reader) = (subjects(&looked), bases(&looked), args.review.reader());
    desk.sign(Content::Audit { releases, bases, criteria, reader, until }, &looked)
}
