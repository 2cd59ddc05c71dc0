//! `cargo fence completions`: what a shell needs to complete the command line.

use clap::{Command, CommandFactory, ValueEnum};
use clap_complete::aot::{self, Generator};

use crate::args::Cli;
use crate::commands::Outcome;
use crate::error::CliError;
use crate::shell::Shell;

/// Print a script that completes commands and options in a shell
///
/// In bash, fish and zsh the script completes both `cargo-fence` and `cargo fence`; in elvish and PowerShell the first
/// alone. The rest of cargo stays with cargo's own completion, which bash and zsh need to have first (see `rustup
/// completions`).
///
/// One line sets it up:
///
///   bash, in ~/.bashrc                  eval "$(cargo fence completions bash)"
///   zsh, once, to a folder of $fpath    cargo fence completions zsh > ~/.zfunc/_cargo-fence
///   fish, in config.fish                cargo fence completions fish | source
///   elvish, in rc.elv                   eval (cargo fence completions elvish | slurp)
///   PowerShell, in $PROFILE             cargo fence completions powershell | Out-String | Invoke-Expression
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// The shell: bash, zsh, fish, elvish or powershell
    #[arg(value_name = "SHELL", hide_possible_values = true)]
    dialect: Dialect,
}

/// The language that the script is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Dialect {
    /// GNU's shell
    Bash,
    /// The Z shell
    Zsh,
    /// The friendly interactive shell
    Fish,
    /// Elvish
    Elvish,
    /// PowerShell
    #[value(name = "powershell")]
    PowerShell,
}

/// Prints the script.
pub(crate) fn run(args: &Args, shell: &Shell) -> Result<Outcome, CliError> {
    shell.print(&script(args.dialect))?;
    Ok(Outcome::Pass)
}

/// The script for the program, and what leads cargo's word to it.
///
/// Zsh needs no bridge: cargo's own completion calls the function `_cargo-fence` for `cargo fence`.
fn script(dialect: Dialect) -> String {
    match dialect {
        Dialect::Bash => {
            // For a name with a hyphen the generator spells half of its labels another way, and nothing below a
            // command is completed: https://github.com/clap-rs/clap/issues/6421
            let script = generated(aot::Bash).replace("cargo__subcmd__fence", "cargo__fence");
            script + include_str!("completions/bridge.bash")
        }
        Dialect::Zsh => generated(aot::Zsh),
        Dialect::Fish => generated(aot::Fish) + include_str!("completions/bridge.fish"),
        Dialect::Elvish => generated(aot::Elvish),
        Dialect::PowerShell => generated(aot::PowerShell),
    }
}

fn generated(generator: impl Generator) -> String {
    let mut script = Vec::new();
    aot::generate(generator, &mut shown(&Cli::command()), "cargo-fence", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// The command line as its help shows it. What is hidden there is for tests, and generators of scripts do not know
/// that an option can be hidden.
fn shown(command: &Command) -> Command {
    let arguments = command.get_arguments().filter(|argument| !argument.is_hide_set()).cloned();
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let shown = Command::new(command.get_name().to_owned())
        .about(about)
        .disable_help_subcommand(true)
        .args(arguments)
        .subcommands(command.get_subcommands().map(shown));
    match command.get_version() {
        Some(version) => shown.version(version.to_owned()),
        None => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every word that the command line has, hidden ones apart.
    fn words(command: &Command, of: fn(&clap::Arg) -> bool) -> Vec<String> {
        let arguments = command.get_arguments().filter(|argument| of(argument));
        let own = arguments.filter_map(|argument| argument.get_long()).map(str::to_owned);
        let commands = command.get_subcommands().flat_map(|command| words(command, of));
        own.chain(commands).collect()
    }

    #[test]
    fn a_script_knows_all_that_is_shown_and_nothing_that_is_hidden() {
        let command = Cli::command();
        for dialect in Dialect::value_variants() {
            let script = script(*dialect);
            let has = |word: &str| {
                script
                    .split(|c: char| c != '-' && !c.is_alphanumeric())
                    .any(|found| found.trim_start_matches('-') == word)
            };
            for name in command.get_subcommands().map(Command::get_name) {
                assert!(has(name), "{dialect:?} lacks {name}");
            }
            for option in words(&command, |argument| !argument.is_hide_set()) {
                assert!(has(&option), "{dialect:?} lacks --{option}");
            }
            let hidden = words(&command, clap::Arg::is_hide_set);
            assert!(!hidden.is_empty());
            for option in hidden {
                assert!(
                    !script.contains(&format!("--{option}")) && !script.contains(&format!("-l {option}")),
                    "{dialect:?} shows --{option}"
                );
            }
        }
    }
}
