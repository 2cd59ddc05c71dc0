//! What a machine needs beside Rust: `git`, for feeds that are git repositories and for their tests.

use std::process::{Command, Stdio};

use crate::run;

/// Programs that must be there, with the Debian package that brings each.
const NEEDED: [(&str, &str); 1] = [("git", "git")];

/// Installs what is missing where `apt-get` can do it, and says what to install elsewhere.
pub(crate) fn run() -> Result<(), String> {
    let missing: Vec<&str> =
        NEEDED.iter().filter(|(program, _)| !is_there(program)).map(|(_, package)| *package).collect();
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
