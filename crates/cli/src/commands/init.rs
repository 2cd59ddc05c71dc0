//! `cargo fence init`: sets a project up, green at once.

use fence_client::Environment;
use fence_client::project::{self, baseline};
use fence_model::decision::Verdict;
use fence_model::policy::{Baseline, BaselineEntry, Standing};
use fence_model::project::Judged;
use fence_model::{Code, Level, code};

use crate::args::{Files, Global, LevelArg, Sources};
use crate::commands::Outcome;
use crate::error::{CliError, Misuse, shown};
use crate::render::{human, text};
use crate::session::{Opening, Session};
use crate::shell::Shell;

/// Set this project up: write fence.toml and fence.lock
///
/// What is locked now becomes the baseline and stays admitted, unless something blocks it. Releases that are still
/// younger than their wait are listed and marked: `check` lets them pass with a warning until they are old enough.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How hard a release must be to forge: low, medium or high
    #[arg(long, value_name = "LEVEL", value_parser = |text: &str| text.parse::<Level>())]
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

    // The policy first: without a baseline it is merely strict, while a baseline without it excuses.
    if !policy.exists() {
        project::write(policy, &policy_text(session.level(), AUDIT_SETS))?;
        shell.status("Created", &format!("{} (level {})", shown(policy), session.level()));
    }
    project::write(lock, &baseline::format(&baseline))?;
    shell.status("Created", &format!("{} ({recorded})", shown(lock)));
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

/// A new `fence.toml`: what differs from the defaults, and comments that say what else there is.
pub(crate) fn policy_text(level: Level, sets: &[AuditSet]) -> String {
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
    for AuditSet { name, file } in sets {
        text += &format!("[feeds.{name}]\nrole = \"audits\"\nfile = \"{file}\"\n\n");
    }
    text.trim_end().to_owned() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use fence_client::project::policy;
    use fence_model::Time;
    use fence_model::policy::Policy;

    #[test]
    fn a_new_policy_reads_and_differs_from_the_defaults_only_where_it_says() {
        for level in Level::ALL {
            let text = policy_text(level, AUDIT_SETS);
            let read = policy::parse(&text, Time::EARLIEST).unwrap();
            assert_eq!(read.feeds.len(), AUDIT_SETS.len());
            assert_eq!(Policy { feeds: Default::default(), ..read }, Policy { level, ..Policy::default() });
        }
    }

    #[test]
    fn a_new_policy_is_short_and_commented() {
        insta::assert_snapshot!(policy_text(Level::High, &AUDIT_SETS[..1]), @r#"
        # What this project asks of the releases that reach its build; `cargo fence check` judges by it.
        # Everything that is left out has its default.

        level = "high"

        # Whose audits count. Each set may admit releases: remove those that you do not trust.
        # Advisories come from RustSec without being named here.
        [feeds.bytecode-alliance]
        role = "audits"
        file = "https://raw.githubusercontent.com/bytecodealliance/wasmtime/main/supply-chain/audits.toml"
        "#);
        insta::assert_snapshot!(policy_text(Level::Medium, &[]), @r#"
        # What this project asks of the releases that reach its build; `cargo fence check` judges by it.
        # Everything that is left out has its default.

        # level = "medium"
        "#);
    }
}
