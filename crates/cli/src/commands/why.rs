//! `cargo fence why`: everything that is known about one release, and which rule decided.

use fence_client::Environment;
use fence_client::cache::Cache;
use fence_client::source::Records;
use fence_model::ReleaseId;

use crate::args::{Global, LevelArg, Sources, Spec};
use crate::commands::Outcome;
use crate::error::{CliError, Misuse};
use crate::journals;
use crate::render::why;
use crate::session::{Opening, Presence, Session};
use crate::shell::Shell;

/// Explain the verdict on a release: every fact in time order, the wait step by step, the ways out
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The crate, or one release of it; without a version, those in the lockfile
    #[arg(value_name = "CRATE[@VERSION]")]
    spec: Spec,
    #[command(flatten)]
    level: LevelArg,
    #[command(flatten)]
    sources: Sources,
}

/// Prints a page for each release that was asked about. The exit code says only whether there is one.
pub(crate) fn run(
    args: &Args,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<Outcome, CliError> {
    let mut session = Session::open(
        Opening { level: args.level, ..Opening::all(&args.sources) },
        global,
        environment,
        shell,
    )?;
    let locked = session.locked_releases(&args.spec.name);
    let releases = match &args.spec.version {
        Some(version) => vec![ReleaseId { name: args.spec.name.clone(), version: version.clone() }],
        None if locked.is_empty() => return Err(Misuse::NotLocked(args.spec.name.clone()).into()),
        None => locked.clone(),
    };
    // What the index shows no more, a fence of this machine may have seen while it did.
    let lost = releases.iter().find(|release| session.presence(release) == Presence::Unknown);
    let journal = lost
        .filter(|_| args.sources.journal.is_none())
        .and_then(|release| journals::that_saw(release, environment, session.now));
    let seen_by = journal.map(|(path, journal)| {
        session.recall(journal);
        path
    });
    let sources = Records::of(&Cache::of(environment)?);
    let mut pages = Vec::new();
    for release in releases {
        let presence = session.presence(&release);
        if !locked.contains(&release) && presence == Presence::Unknown {
            let misuse = if locked.is_empty() { Misuse::NotRead } else { Misuse::UnknownRelease };
            return Err(misuse(release).into());
        }
        let decide = |session: &Session| session.decide(&release);
        let decision = session.look(shell, decide, |decision| decision.unread.clone())?;
        let source = decision.digest.and_then(|digest| sources.get(digest));
        let path = session.path_to(&release);
        let seen_by = seen_by.as_deref().filter(|_| presence == Presence::Gone);
        pages.push(why::page(&decision, source.as_ref(), path.as_deref(), seen_by, session.now, shell));
    }
    shell.print(&pages.join("\n"))?;
    Ok(Outcome::Pass)
}
