//! What a machine needs beside Rust: `git`, for feeds that are git repositories and for their tests. What only the bench
//! of the proxy needs is installed when it is asked for.

use std::process::{Command, Stdio};

use crate::run;

/// Programs that must be there, with the Debian package that brings each.
const NEEDED: [(&str, &str); 1] = [("git", "git")];

/// What `bench proxy` compares the fence with, and loads both with.
const NEEDED_TO_BENCH: [(&str, &str); 2] = [("nginx", "nginx"), ("wrk", "wrk")];

/// Installs what every task needs.
pub(crate) fn run() -> Result<(), String> {
    install(&NEEDED)
}

/// Installs what benches need beside that.
pub(crate) fn for_benches() -> Result<(), String> {
    run().and_then(|()| install(&NEEDED_TO_BENCH))
}

/// Whether a bench of the proxy can be run.
pub(crate) fn is_ready_to_bench() -> Result<(), String> {
    match missing(&NEEDED_TO_BENCH).as_slice() {
        [] => Ok(()),
        missing => Err(format!("missing: {}; `cargo xtask setup bench` installs it", missing.join(", "))),
    }
}

fn missing(needed: &[(&str, &'static str)]) -> Vec<&'static str> {
    needed.iter().filter(|(program, _)| !is_there(program)).map(|(_, package)| *package).collect()
}

/// Installs what is missing where `apt-get` can do it, and says what to install elsewhere.
fn install(needed: &[(&str, &'static str)]) -> Result<(), String> {
    let missing = missing(needed);
    if missing.is_empty() {
        return Ok(());
    }
    if !is_there("apt-get") {
        return Err(format!("please install {} with your system's package manager", missing.join(", ")));
    }
    run::command(Command::new("apt-get").args(["update", "--quiet"]))?;
    run::command(
        Command::new("apt-get")
            .args(["install", "--yes", "--quiet", "--no-install-recommends"])
            .args(&missing),
    )
}

fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}
