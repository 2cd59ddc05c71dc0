//! The scanner measured: what it finds in the corpus, and how fast it reads real packages.

use std::path::Path;

use crate::run;

/// Recall and false positives over the corpus, by technique and difficulty.
pub(crate) fn corpus(root: &Path, words: &[&str]) -> Result<(), String> {
    example(root, "corpus", words)
}

/// All `.crate` files of the folder that `FENCE_CRATES` names, such as a `registry/cache/…` of cargo's after
/// `cargo fetch --locked` of wasmtime: unpacked and scanned, on two threads and on one, with and without `windows*`.
pub(crate) fn bench(root: &Path, words: &[&str]) -> Result<(), String> {
    let folder = std::env::var("FENCE_CRATES").map_err(|_| {
        "FENCE_CRATES has to name a folder of .crate files: `cargo fetch` leaves one in registry/cache"
            .to_owned()
    })?;
    for more in [&["--threads", "2"][..], &["--threads", "1"], &["--threads", "1", "--without", "windows"]] {
        let all: Vec<&str> = [&[folder.as_str()], more, words].concat();
        example(root, "crates", &all)?;
    }
    Ok(())
}

fn example(root: &Path, name: &str, words: &[&str]) -> Result<(), String> {
    let mut command = run::cargo(root);
    command.args(["run", "--quiet", "--release", "--locked", "--package=fence-scan"]);
    command.arg(format!("--example={name}")).arg("--").args(words);
    run::command(&mut command)
}
