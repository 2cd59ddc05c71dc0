//! `cargo fence update`: asks the registry and the feeds again.

use fence_client::Environment;
use fence_client::gather::{Age, FeedRead, FeedTally, Refresh, Tally};

use crate::args::{Global, Sources};
use crate::commands::Outcome;
use crate::error::CliError;
use crate::render::text;
use crate::session::{Opening, Session};
use crate::shell::{Shell, Verbosity};

/// Ask the registry and all feeds again, and say what changed
///
/// Changes no file of the project. `check` asks again by itself when its facts are older than the policy's
/// `freshness`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    sources: Sources,
}

/// Reads everything again, and tells what of it was new.
pub(crate) fn run(
    args: &Args,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<Outcome, CliError> {
    let opening = Opening { refresh: Refresh::All, ..Opening::all(&args.sources) };
    let session = Session::open(opening, global, environment, shell)?;
    for problem in session.problems() {
        shell.warning(&text::harmless(&problem));
    }
    if shell.verbosity > Verbosity::Quiet {
        shell.print(&told(session.tally(), session.ages()))?;
    }
    Ok(Outcome::Pass)
}

/// One line for the index and one for each feed.
fn told(tally: &Tally, ages: &[Age]) -> String {
    let as_of = |name: &str| {
        let age = ages.iter().find(|age| age.name == name).and_then(|age| age.as_of);
        age.map_or_else(|| "never read".to_owned(), |as_of| format!("as of {as_of}"))
    };
    let crates = text::count(tally.crates_read, "crate");
    let mut lines =
        vec![format!("       Index {crates} read, {} changed, {}", tally.crates_changed, as_of("index"))];
    for FeedTally { name, read, advisories, audits, windows, statements, owned } in &tally.feeds {
        let word = match read {
            FeedRead::NotAsked => "not asked",
            FeedRead::Unchanged => "unchanged",
            FeedRead::Changed => "changed",
            FeedRead::Failed => "failed",
        };
        let counts = [
            (*advisories, "advisory record"),
            (*audits, "audit"),
            (*windows, "window"),
            (*statements, "statement"),
            (*owned, "crate"),
        ];
        let counts: Vec<String> =
            counts.into_iter().filter(|(n, _)| *n > 0).map(|(n, one)| text::count(n, one)).collect();
        let counts = if counts.is_empty() { "nothing".to_owned() } else { text::and(&counts) };
        lines.push(format!("        Feed {}: {word}, {counts}, {}", text::harmless(name), as_of(name)));
    }
    lines.join("\n") + "\n"
}
