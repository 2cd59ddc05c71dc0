//! What can be asked: the command line, whose doc comments are the help.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use fence_client::scope::{Choice, Scope};
use fence_model::{CrateName, Level, Time};
use fence_registry::reach::Tests;
use semver::Version;

use crate::commands::{
    approve, audit, cargo, check, completions, diff, disable, doctor, duplicates, enable, except, explain,
    export, exposure, init, list, object, review, revoke, scan, serve, source, statements, status, update,
    verify, why, withdraw,
};

/// Judges what a build would let in: every locked release, with reasons
///
/// Exit codes: 0 the policy is met, 1 the policy says no, 2 the fence could not decide.
#[derive(Debug, Parser)]
#[command(name = "cargo-fence", bin_name = "cargo fence", version, propagate_version = false)]
#[command(disable_help_subcommand = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of all commands")]
pub(crate) struct Global {
    /// Path to the Cargo.toml of the project
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) manifest_path: Option<PathBuf>,
    /// When to use colour: auto, always or never
    #[arg(long, global = true, value_name = "WHEN", hide_possible_values = true)]
    pub(crate) color: Option<ColourChoice>,
    /// Print results only, and nothing where all is well
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Print all repeats, whole digests, and how old facts are
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
    /// Change no file of the project
    #[arg(long, global = true)]
    pub(crate) locked: bool,
    /// Use no network
    #[arg(long, global = true)]
    pub(crate) offline: bool,
    /// Both --locked and --offline
    #[arg(long, global = true)]
    pub(crate) frozen: bool,
}

/// When to use colour, in cargo's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColourChoice {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// May files of the project be changed?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Files {
    /// They may.
    Writable,
    /// `--locked` or `--frozen` forbids it.
    Locked,
}

/// May the network be used?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// It may.
    Online,
    /// `--offline` or `--frozen` forbids it.
    Offline,
}

impl Global {
    /// What `--locked` and `--frozen` say.
    pub(crate) fn files(&self) -> Files {
        if self.locked || self.frozen { Files::Locked } else { Files::Writable }
    }

    /// What `--offline` and `--frozen` say.
    pub(crate) fn reach(&self) -> Reach {
        if self.offline || self.frozen { Reach::Offline } else { Reach::Online }
    }
}

/// The commands that exist. Hints name no others.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Check(check::Args),
    Why(why::Args),
    List(list::Args),
    Init(init::Args),
    Except(except::Args),
    Update(update::Args),
    Scan(scan::Args),
    Diff(diff::Args),
    Review(review::Args),
    Approve(approve::Args),
    Object(object::Args),
    Audit(audit::Args),
    Revoke(revoke::Args),
    Withdraw(withdraw::Args),
    Statements(statements::Args),
    Verify(verify::Args),
    Source(source::Args),
    Duplicates(duplicates::Args),
    Exposure(exposure::Args),
    Explain(explain::Args),
    Enable(enable::Args),
    Disable(disable::Args),
    Doctor(doctor::Args),
    Serve(serve::Args),
    Status(status::Args),
    Cargo(cargo::Args),
    Export(export::Args),
    Completions(completions::Args),
}

/// Where facts come from, for commands that judge.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Where facts come from")]
pub(crate) struct Sources {
    /// Judge this lockfile, under the policy of the current folder
    #[arg(long, value_name = "PATH")]
    pub(crate) lockfile: Option<PathBuf>,
    /// Read the registry's index from a folder of index files
    #[arg(long, value_name = "FOLDER")]
    pub(crate) index: Option<PathBuf>,
    /// Read a feed from a folder, an archive or a file instead of where the policy says; can be repeated
    #[arg(long = "feed", value_name = "NAME=PATH", value_parser = named_path)]
    pub(crate) feeds: Vec<NamedPath>,
    /// Judge as of this moment, for tests and replays; facts that became known later are left out
    #[arg(long, hide = true, value_name = "TIME", value_parser = |text: &str| text.parse::<Time>())]
    pub(crate) now: Option<Time>,
    /// Use this journal of what was seen when
    #[arg(long, hide = true, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,
}

/// `--policy-from`, for commands that judge a change.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct PolicyFrom {
    /// Judge by policy, baseline and exceptions as they were at this git revision, so that a change cannot excuse
    /// itself
    #[arg(long, value_name = "REVISION")]
    pub(crate) policy_from: Option<String>,
}

/// `--level`, for commands that judge.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct LevelArg {
    /// Judge by this level instead of the policy's: low, medium or high
    #[arg(long, value_name = "LEVEL", value_parser = level_parser(), hide_possible_values = true)]
    pub(crate) level: Option<Level>,
}

/// Reads a level, and lets shells complete it.
pub(crate) fn level_parser() -> impl TypedValueParser<Value = Level> {
    PossibleValuesParser::new(Level::ALL.map(Level::as_str)).try_map(|text| text.parse::<Level>())
}

/// What is judged of the lockfile: all of it, or what a part of the project needs.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "What is judged")]
pub(crate) struct ScopeArgs {
    /// Judge only what this package of the workspace needs; can be repeated
    #[arg(long = "package", short = 'p', value_name = "SPEC")]
    packages: Vec<String>,
    /// Judge what any package of the workspace needs, as without --package
    #[arg(long, conflicts_with = "packages")]
    workspace: bool,
    /// Leave out what only tests, examples and benchmarks need
    #[arg(long)]
    exclude_dev: bool,
    /// Leave out what only other platforms need; can be repeated
    #[arg(long = "target", value_name = "TRIPLE")]
    targets: Vec<String>,
    /// Count these features and the default ones, and leave out what only others need; separated by commas or spaces
    #[arg(
        long,
        short = 'F',
        value_name = "FEATURES",
        value_delimiter = ',',
        conflicts_with = "all_features"
    )]
    features: Vec<String>,
    /// Count all features, as a lockfile does
    #[arg(long)]
    all_features: bool,
    /// Count no features but those that --features names
    #[arg(long, conflicts_with = "all_features")]
    no_default_features: bool,
}

impl ScopeArgs {
    /// The part of the project that is meant.
    pub(crate) fn scope(&self) -> Scope {
        let named = || self.features.iter().flat_map(|features| features.split_whitespace());
        let features = match (self.features.is_empty(), self.no_default_features) {
            (true, false) => Choice::All,
            (_, without_default) => {
                Choice::These { default: !without_default, named: named().map(str::to_owned).collect() }
            }
        };
        Scope {
            packages: self.packages.clone(),
            targets: self.targets.clone(),
            features,
            tests: if self.exclude_dev { Tests::Excluded } else { Tests::Count },
        }
    }
}

/// `NAME=PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedPath {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
}

/// `CRATE` or `CRATE@VERSION`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spec {
    pub(crate) name: CrateName,
    pub(crate) version: Option<Version>,
}

impl std::fmt::Display for Spec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.version {
            Some(version) => write!(f, "{}@{version}", self.name),
            None => write!(f, "{}", self.name),
        }
    }
}

impl std::str::FromStr for Spec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, version) = match text.split_once('@') {
            None => (text, None),
            Some((name, version)) => {
                let version = Version::parse(version)
                    .map_err(|why| format!("{version:?} is not a full version such as 1.2.3: {why}"))?;
                (name, Some(version))
            }
        };
        Ok(Self { name: name.parse().map_err(|why| format!("{why}"))?, version })
    }
}

/// The arguments without the word that cargo puts before them: `cargo fence check` runs `cargo-fence fence check`.
pub(crate) fn without_cargos_word(
    arguments: impl IntoIterator<Item = OsString>,
) -> impl Iterator<Item = OsString> {
    arguments.into_iter().enumerate().filter(|(at, word)| *at != 1 || word != "fence").map(|(_, word)| word)
}

/// The arguments with all that stands behind `cargo fence cargo` marked as cargo's: `--locked` there is cargo's own, not
/// ours of the same name. Only a question for help is ours.
pub(crate) fn with_cargos_own_marked(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    let command = Cli::command();
    let takes_value = |word: &OsString| {
        let named = |option: &clap::Arg| option.get_long().is_some_and(|long| word == &*format!("--{long}"));
        command.get_arguments().any(|option| named(option) && option.get_action().takes_values())
    };
    let mut at = 1;
    while let Some(word) = arguments.get(at) {
        match word.as_encoded_bytes() {
            [b'-', ..] => at += if takes_value(word) { 2 } else { 1 },
            b"cargo" => {
                let is_for_help = |next: &OsString| next == "-h" || next == "--help";
                if arguments.get(at + 1).is_some_and(|next| !is_for_help(next)) {
                    arguments.insert(at + 1, "--".into());
                }
                break;
            }
            _ => break,
        }
    }
    arguments
}

pub(crate) fn named_path(text: &str) -> Result<NamedPath, String> {
    match text.split_once('=') {
        Some((name, path)) if !name.is_empty() && !path.is_empty() => {
            Ok(NamedPath { name: name.to_owned(), path: path.into() })
        }
        _ => Err("a feed is given as its name, `=`, and a path".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn cargos_word_is_dropped_where_cargo_puts_it() {
        let words = |line: &str| {
            let words = line.split(' ').map(OsString::from);
            without_cargos_word(words).map(|word| word.into_string().unwrap()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(words("cargo-fence fence check"), "cargo-fence check");
        assert_eq!(words("cargo-fence check"), "cargo-fence check");
        assert_eq!(words("cargo-fence why fence"), "cargo-fence why fence");
    }

    #[test]
    fn what_stands_behind_cargo_is_cargos() {
        let check = |line: &str, expected: &str| {
            let words = with_cargos_own_marked(line.split(' ').map(OsString::from));
            let words: Vec<_> = words.into_iter().map(|word| word.into_string().unwrap()).collect();
            assert_eq!(words.join(" "), expected);
            Cli::try_parse_from(words)
                .map(|_| ())
                .or_else(|error| if error.exit_code() == 0 { Ok(()) } else { Err(error) })
        };
        let good = |line, expected| check(line, expected).unwrap();
        good("cargo-fence cargo build --locked", "cargo-fence cargo -- build --locked");
        good("cargo-fence cargo --offline build -q", "cargo-fence cargo -- --offline build -q");
        good("cargo-fence cargo -- build", "cargo-fence cargo -- -- build");
        good("cargo-fence cargo --help", "cargo-fence cargo --help");
        good("cargo-fence cargo build --help", "cargo-fence cargo -- build --help");
        good(
            "cargo-fence -q --color never cargo +nightly test",
            "cargo-fence -q --color never cargo -- +nightly test",
        );
        good("cargo-fence --color=never cargo test", "cargo-fence --color=never cargo -- test");
        good("cargo-fence why cargo", "cargo-fence why cargo");
        check("cargo-fence cargo", "cargo-fence cargo").unwrap_err();
    }

    #[test]
    fn a_spec_prints_back_what_was_read() {
        for text in ["serde", "serde@1.0.229", "a@1.0.0-rc.1+b"] {
            assert_eq!(text.parse::<Spec>().unwrap().to_string(), text);
        }
        for bad in ["", "serde@", "serde@1", "a b", "@1.0.0"] {
            assert!(bad.parse::<Spec>().is_err(), "{bad}");
        }
    }
}
