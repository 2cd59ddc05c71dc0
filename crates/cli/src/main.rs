//! `cargo fence`: judges what a build would let in.
//!
//! The way of a command: [`args`] says what was asked, a function in [`commands`] gathers values and decides,
//! [`render`] turns the result into what a person or a machine reads, [`shell`] puts that on the terminal. What goes
//! wrong on the way is worded in [`error`] and ends with exit code 2: could not decide.

mod args;
mod commands;
mod configuration;
#[cfg(test)]
mod docs;
mod doctor;
mod error;
mod explain;
mod journals;
mod judges;
mod looking;
mod neighbour;
mod pager;
mod render;
mod session;
mod shell;
mod standing;
mod stock;

use std::process::ExitCode;

use clap::Parser;
use fence_client::Environment;

fn main() -> ExitCode {
    // The scanner's worker is this program again, and nothing else of it.
    if std::env::args_os().nth(1).is_some_and(|word| word == fence_client::scanner::WORKER) {
        return match fence_client::scanner::work() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                commands::Outcome::Undecided.exit_code()
            }
        };
    }
    let environment = Environment::of_process();
    let cli =
        args::Cli::parse_from(args::with_cargos_own_marked(args::without_cargos_word(std::env::args_os())));
    let shell = shell::Shell::of_process(&environment, &cli.global);
    match commands::run(&cli, &environment, &shell) {
        Ok(code) => code,
        Err(error) => {
            shell.error(&error);
            commands::Outcome::Undecided.exit_code()
        }
    }
}
