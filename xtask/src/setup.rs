//! What a machine needs beside Rust: `git`, for feeds that are git repositories and for their tests, and for the tests of
//! pages a browser, its driver and axe. What only the bench of the proxy needs is installed when it is asked for.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::{axe, run};

/// Programs that must be there, with the Debian package that brings each.
const NEEDED: [(&str, &str); 1] = [("git", "git")];

/// What the tests of pages need; npm fetches axe.
const NEEDED_TO_BROWSE: [(&str, &str); 3] =
    [("chromium", "chromium"), ("chromedriver", "chromium-driver"), ("npm", "npm")];

/// What `bench proxy` compares the fence with, and loads both with.
const NEEDED_TO_BENCH: [(&str, &str); 2] = [("nginx", "nginx"), ("wrk", "wrk")];

/// Installs what every task needs.
pub(crate) fn run() -> Result<(), String> {
    install(&NEEDED)
}

/// Installs what the tests need. Where the browser cannot be installed the tests of pages say that they are skipped; in CI
/// that is an error, so that a green run cannot hide it.
pub(crate) fn for_tests(root: &Path) -> Result<(), String> {
    run()?;
    let browser = install(&NEEDED_TO_BROWSE).and_then(|()| axe::fetch(&run::target_folder(root)?));
    match browser {
        Err(why) if std::env::var_os("CI").is_none() => {
            eprintln!("note: the tests of pages will be skipped: {why}");
            Ok(())
        }
        told => told,
    }
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
    // Somebody else may be installing something.
    let apt_get = || {
        let mut command = Command::new("apt-get");
        command.arg("--option=DPkg::Lock::Timeout=600").env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    run::command(apt_get().args(["update", "--quiet"]))?;
    run::command(apt_get().args(["install", "--yes", "--quiet", "--no-install-recommends"]).args(&missing))
}

fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}
