//! The program `fence-sim`: replays history through the judgement of the fence.

mod args;
mod edge;
mod replay;
mod table;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Command};

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Backtest(backtest) => replay::backtest(&backtest),
        Command::Sample(asked) => replay::sample(&asked),
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
