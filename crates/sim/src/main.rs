//! The program `fence-sim`: replays history, and attacks, through the judgement of the fence.

mod args;
mod attacking;
mod edge;
mod given;
mod replay;
mod table;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Command};

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Attack(asked) => attacking::run(&asked),
        Command::Backtest(asked) => replay::backtest(&asked),
        Command::Releases(asked) => replay::releases(&asked),
    };
    match done {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::from(2)
        }
    }
}
