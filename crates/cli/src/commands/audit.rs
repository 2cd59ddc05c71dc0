//! `cargo fence audit`: signs that a release's code was read, and what it meets; or all that somebody audited with cargo-vet.

use std::path::{Path, PathBuf};

use fence_client::Environment;
use fence_client::packages::PackageError;
use fence_evidence::Limits;
use fence_evidence::cargo_vet::parse_audits;
use fence_evidence::statement::Content;
use fence_evidence::statement::vet::{self, Draft, NoStatement};
use semver::Version;

use crate::args::{Global, Spec};
use crate::commands::Outcome;
use crate::commands::sign::{
    Desk, HOW, Looked, ReviewArgs, SignArgs, Table, Unsigned, bases, comment, one_from, subjects,
};
use crate::commands::verify::read_at_most;
use crate::error::{CliError, Misuse, shown};
use crate::render::text::harmless;
use crate::shell::Shell;

/// Sign that a release's code was read, all of it or the change from another, and what it meets
///
/// Read it first: `cargo fence review` shows what changed. Shows what is signed and how much of it there is to read, asks,
/// signs with an SSH key as git does, and writes two files: the statement and its signature. It admits for those whose
/// policy names the signer as a reviewer. With --import, signs what the signer audited with cargo-vet before.
/// docs/reviewing.md tells the whole.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The releases; one signature covers them all
    #[arg(value_name = "CRATE@VERSION", required_unless_present = "import")]
    specs: Vec<Spec>,
    /// The release from which the change was read; without this, all of the code was
    #[arg(long, value_name = "VERSION", conflicts_with = "import")]
    from: Option<Version>,
    /// What the code meets, in cargo-vet's words; can be repeated
    #[arg(
        long = "criteria",
        value_name = "NAME",
        default_value = "safe-to-deploy",
        conflicts_with = "import"
    )]
    criteria: Vec<String>,
    /// Sign the audits of this audits.toml of cargo-vet whose `who` names the signer, as NAME or as `Full Name <NAME>`
    #[arg(long, value_name = "FILE", conflicts_with = "specs")]
    import: Option<PathBuf>,
    #[command(flatten)]
    review: ReviewArgs,
    /// Why, for people who read the statement; with --import, for audits that have no notes
    #[arg(long, short, value_name = "TEXT", help_heading = HOW, required_unless_present = "import")]
    message: Option<String>,
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
    let why = args.message.as_deref().map(comment).transpose()?;
    let desk = Desk::open(&args.sign, global, environment, shell)?;
    if let Some(file) = &args.import {
        let unsigned =
            imported(args, &environment.current_folder().join(file), why.as_deref(), &desk, shell)?;
        return desk.sign_all(unsigned);
    }
    let until = args.review.until(desk.now)?;
    let looked = desk.look(&args.specs, from)?;
    let mut criteria: Vec<Box<str>> = args.criteria.iter().map(|name| name.as_str().into()).collect();
    criteria.sort_unstable();
    criteria.dedup();
    let (releases, bases, reader) = (subjects(&looked), bases(&looked), args.review.reader());
    let content = Content::Audit { releases, bases, criteria, reader, until };
    desk.sign(why.ok_or(Misuse::NoComment)?, content, looked)
}

/// What the signer can sign of a file of cargo-vet's. What stays behind is told.
fn imported(
    args: &Args,
    file: &Path,
    why: Option<&str>,
    desk: &Desk<'_>,
    shell: &Shell,
) -> Result<Vec<Unsigned>, CliError> {
    let limits = Limits::default();
    let bytes = read_at_most(file, limits.vet_file_bytes)
        .map_err(|error| CliError::new(format!("{} cannot be read: {error}", shown(file))))?;
    let set = parse_audits(&shown(file), &bytes, &limits).map_err(|problem| {
        CliError::new(problem.to_string()).hint("it has to be an audits.toml of cargo-vet")
    })?;
    let drafts = vet::drafts(&set.value, &desk.principal, why, &limits);
    for problem in &set.problems {
        shell.warning(&format!("not signed: {problem}"));
    }
    for left in &drafts.left {
        let way_out =
            if left.because == NoStatement::NoNotes { ": `-m` says it of all such audits" } else { "" };
        shell.warning(&format!("not signed: {}: {}{way_out}", harmless(&left.entry), left.because));
    }
    if drafts.of_others > 0 {
        let entries =
            if drafts.of_others == 1 { "1 entry" } else { &format!("{} entries", drafts.of_others) };
        shell.status("Passed over", &format!("{entries} of others, who sign for themselves"));
    }
    let until = args.review.until(desk.now)?;
    let table = desk.table()?;
    let mut unsigned = Vec::new();
    for draft in &drafts.drafts {
        let looked = looked(draft, &table, shell)?;
        if !looked.is_empty() {
            let (releases, bases) = (subjects(&looked), bases(&looked));
            let content = draft.content(releases, bases, args.review.reader(), until);
            unsigned.push(Unsigned { comment: draft.comment.clone(), content, looked });
        }
    }
    match unsigned.is_empty() {
        true => Err(Misuse::NothingToImport { file: file.to_owned(), signer: desk.principal.clone() }.into()),
        false => Ok(unsigned),
    }
}

/// The releases of a draft, but for those that are no longer in the registry.
fn looked(draft: &Draft, table: &Table<'_>, shell: &Shell) -> Result<Vec<Looked>, CliError> {
    let mut looked = Vec::new();
    for of in &draft.releases {
        match table.look(&of.release, of.from.as_ref()) {
            Ok(found) => looked.push(found),
            Err(error) => match *error {
                gone @ PackageError::DoesNotExist { .. } => {
                    shell.warning(&format!("not signed: {}: {gone}", of.release));
                }
                error => return Err(error.into()),
            },
        }
    }
    Ok(looked)
}
