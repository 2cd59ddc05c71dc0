//! `cargo fence init`: sets a project up, green at once.

use std::path::Path;

use fence_client::Environment;
use fence_client::gather::from_here;
use fence_client::project::{self, baseline, edit};
use fence_model::decision::Verdict;
use fence_model::policy::{Baseline, BaselineEntry, FeedRole, FeedSource, Policy, RUSTSEC, Standing};
use fence_model::project::Judged;
use fence_model::{Code, Level, code};

use crate::args::{Files, Global, LevelArg, Sources, level_parser};
use crate::commands::Outcome;
use crate::error::{CliError, Misuse, shown};
use crate::render::{human, text};
use crate::session::{Opening, Session, feeds_of};
use crate::shell::Shell;

/// Set this project up: write fence.toml and fence.lock
///
/// What is locked now becomes the baseline and stays admitted, unless something blocks it. Releases that are still
/// younger than their wait are listed and marked: `check` lets them pass with a warning until they are old enough.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How hard a release must be to forge: low, medium or high
    #[arg(long, value_name = "LEVEL", value_parser = level_parser(), hide_possible_values = true)]
    level: Option<Level>,
    /// Record releases that are younger than their wait like all others, without a warning
    #[arg(long)]
    accept_young: bool,
    #[command(flatten)]
    sources: Sources,
}

/// Writes `fence.toml`, unless it is there, and `fence.lock`.
pub(crate) fn run(
    args: &Args,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<Outcome, CliError> {
    if global.files() == Files::Locked {
        return Err(Misuse::Locked("fence.lock").into());
    }
    let session = Session::open(
        Opening { level: LevelArg { level: args.level }, ..Opening::all(&args.sources) },
        global,
        environment,
        shell,
    )?;
    let (policy, lock) = (&session.project.policy, &session.project.baseline);
    if lock.exists() {
        return Err(Misuse::AlreadySetUp(lock.clone()).into());
    }
    if policy.exists() && args.level.is_some_and(|level| level != session.policy.level) {
        return Err(Misuse::OtherLevel(policy.clone()).into());
    }

    let report = session.report(&session.settlement())?;
    let mut entries = Vec::new();
    let mut young = Vec::new();
    let mut blocked = Vec::new();
    for package in &report.packages {
        let Judged::Decided(decision) = package else { continue };
        let Some(digest) = decision.digest else { continue };
        // What a feed has not seen yet is young too: nobody can have spoken against it.
        let is_young =
            || decision.standing_codes().iter().any(|code| matches!(code, Code::Young | Code::ClockStopped));
        let standing = match decision.verdict {
            Verdict::Block => {
                blocked.push(decision.release.to_string());
                continue;
            }
            Verdict::Hold if is_young() && !args.accept_young => {
                young.push(format!("{} ({})", decision.release, human::brief(decision, session.now)));
                Standing::Young
            }
            Verdict::Admit | Verdict::Hold => Standing::Settled,
        };
        entries.push(BaselineEntry {
            name: decision.release.name.clone(),
            version: decision.release.version.clone(),
            digest,
            recorded: session.now,
            standing,
        });
    }
    let recorded = text::count(entries.len(), "release");
    let baseline = Baseline { since: session.now, generation: code::GENERATION, entries };

    let given = given(&args.sources, &session.project.root, environment)?;
    // The policy first: without a baseline it is merely strict, while a baseline without it excuses.
    if !policy.exists() {
        project::write(policy, &policy_text(session.level(), AUDIT_SETS, &given))?;
        shell.status("Created", &format!("{} (level {})", shown(policy), session.level()));
    } else if let Some(lacking) = lacking(&session.policy, &given) {
        shell.warning(&format!(
            "{} is there and stays as it is, so what `--feed` names counted for this run alone; to keep it, write there\n\n\
             {lacking}",
            shown(policy)
        ));
    }
    project::write(lock, &baseline::format(&baseline))?;
    shell.status("Created", &format!("{} ({recorded})", shown(lock)));
    for problem in session.problems() {
        shell.warning(&text::harmless(&problem));
    }
    if !young.is_empty() {
        let (are, them) = if young.len() == 1 { ("is", "it") } else { ("are", "them") };
        shell.warning(&format!(
            "{} {are} younger than the wait, and nothing vouches for {them} yet: {}\n      `cargo fence check` lets \
             {them} pass, and warns until something does",
            text::count(young.len(), "release"),
            young.join(", ")
        ));
    }
    if !blocked.is_empty() {
        shell.warning(&format!(
            "{} blocked, which no baseline excuses: {}\n      cargo fence check",
            text::count(blocked.len(), "release"),
            blocked.join(", ")
        ));
    }
    Ok(Outcome::Pass)
}

/// An audit set that people know: its name among users of cargo-vet, its address, and what its own criteria count
/// as.
pub(crate) struct AuditSet {
    name: &'static str,
    file: &'static str,
}

/// The sets that `init` writes into a new policy: those of organisations that publish audits of crates they ship.
/// They are written out, not built in, because whom one trusts has to be seen.
pub(crate) const AUDIT_SETS: &[AuditSet] = &[
    AuditSet {
        name: "bytecode-alliance",
        file: "https://raw.githubusercontent.com/bytecodealliance/wasmtime/main/supply-chain/audits.toml",
    },
    AuditSet {
        name: "embark-studios",
        file: "https://raw.githubusercontent.com/EmbarkStudios/rust-ecosystem/main/audits.toml",
    },
    AuditSet {
        name: "google",
        file: "https://raw.githubusercontent.com/google/rust-crate-audits/main/audits.toml",
    },
    AuditSet {
        name: "isrg",
        file: "https://raw.githubusercontent.com/divviup/libprio-rs/main/supply-chain/audits.toml",
    },
    AuditSet {
        name: "mozilla",
        file: "https://raw.githubusercontent.com/mozilla/supply-chain/main/audits.toml",
    },
    AuditSet {
        name: "zcash",
        file: "https://raw.githubusercontent.com/zcash/rust-ecosystem/main/supply-chain/audits.toml",
    },
];

/// The feeds that `--feed` names, as the next command has to find them in the policy: by a path from its folder, where they
/// lie below it.
fn given(
    sources: &Sources,
    root: &Path,
    environment: &Environment,
) -> Result<Vec<(String, FeedSource)>, CliError> {
    let is_a_name = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let feeds = feeds_of(&sources.feeds, environment)?.into_iter();
    Ok(feeds
        .filter(|(name, _)| is_a_name(name))
        .map(|(name, path)| {
            let path = path.strip_prefix(root).unwrap_or(&path);
            let source = from_here(&name, path, None);
            (name, source)
        })
        .collect())
}

/// What a policy has to say to read the feeds that were given; nothing where it says so already.
fn lacking(policy: &Policy, given: &[(String, FeedSource)]) -> Option<String> {
    let is_lacking = |(name, source): &&(String, FeedSource)| policy.feeds.get(name) != Some(source);
    let lacking: String =
        given.iter().filter(is_lacking).map(|(name, source)| feed_text(name, source)).collect();
    (!lacking.is_empty()).then(|| lacking.trim_end().lines().map(|line| format!("      {line}\n")).collect())
}

/// A new `fence.toml`: what differs from the defaults, and comments that say what else there is. Those of the sets that
/// are among `given` are read there.
pub(crate) fn policy_text(level: Level, sets: &[AuditSet], given: &[(String, FeedSource)]) -> String {
    let mut text = String::from(
        "# What this project asks of the releases that reach its build; `cargo fence check` judges by it.\n\
         # Everything that is left out has its default.\n\n",
    );
    let line = format!("level = \"{level}\"\n");
    text += &if level == Level::default() { format!("# {line}") } else { line };
    if !sets.is_empty() {
        text += "\n# Whose audits count. Each set may admit releases: remove those that you do not trust.\n\
                 # Advisories come from RustSec without being named here.\n";
    }
    let is_given = |name: &str| given.iter().any(|(given, _)| given == name);
    for AuditSet { name, file } in sets.iter().filter(|set| !is_given(set.name)) {
        text += &format!("[feeds.{name}]\nrole = \"audits\"\nfile = \"{file}\"\n\n");
    }
    if !given.is_empty() {
        text = text.trim_end().to_owned() + "\n\n# As `--feed` gave them to `cargo fence init`.\n";
    }
    text.extend(given.iter().map(|(name, source)| feed_text(name, source)));
    text.trim_end().to_owned() + "\n"
}

/// A feed of this machine as a policy names it, with an empty line after it.
fn feed_text(name: &str, source: &FeedSource) -> String {
    let mut text = format!("[feeds.{name}]\n");
    if name != RUSTSEC {
        let role = match source.role {
            FeedRole::Advisories => "advisories",
            FeedRole::Audits => "audits",
            FeedRole::Crev => "crev",
            FeedRole::Statements => "statements",
            FeedRole::Dump => "dump",
        };
        text += &format!("role = \"{role}\"\n");
    }
    let places = [("archive", &source.archive), ("file", &source.file), ("path", &source.path)];
    for (key, place) in places.into_iter().filter_map(|(key, place)| Some((key, place.as_ref()?))) {
        text += &format!("{key} = {}\n", edit::quoted(place));
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use fence_client::project::policy;
    use fence_model::Time;

    #[test]
    fn a_new_policy_reads_and_differs_from_the_defaults_only_where_it_says() {
        for level in Level::ALL {
            let text = policy_text(level, AUDIT_SETS, &[]);
            let read = policy::parse(&text, Time::EARLIEST).unwrap();
            assert_eq!(read.feeds.len(), AUDIT_SETS.len());
            assert_eq!(Policy { feeds: Default::default(), ..read }, Policy { level, ..Policy::default() });
        }
    }

    #[test]
    fn a_new_policy_reads_the_feeds_that_it_was_made_by() {
        let given = [("google", "/a b/sets.toml"), (RUSTSEC, "db.tar.zst"), ("own", "\\x\"")];
        let given = given.map(|(name, path)| (name.to_owned(), from_here(name, Path::new(path), None)));
        let text = policy_text(Level::Medium, AUDIT_SETS, &given);
        let read = policy::parse(&text, Time::EARLIEST).unwrap();
        for (name, source) in given {
            assert_eq!(read.feeds[&name], source, "{text}");
        }
        assert_eq!(read.feeds.len(), AUDIT_SETS.len() + 2);
    }

    #[test]
    fn a_new_policy_is_short_and_commented() {
        insta::assert_snapshot!(policy_text(Level::High, &AUDIT_SETS[..1], &[]), @r#"
        # What this project asks of the releases that reach its build; `cargo fence check` judges by it.
        # Everything that is left out has its default.

        level = "high"

        # Whose audits count. Each set may admit releases: remove those that you do not trust.
        # Advisories come from RustSec without being named here.
        [feeds.bytecode-alliance]
        role = "audits"
        file = "https://raw.githubusercontent.com/bytecodealliance/wasmtime/main/supply-chain/audits.toml"
        "#);
        insta::assert_snapshot!(policy_text(Level::Medium, &[], &[]), @r#"
        # What this project asks of the releases that reach its build; `cargo fence check` judges by it.
        # Everything that is left out has its default.

        # level = "medium"
        "#);
    }
}
