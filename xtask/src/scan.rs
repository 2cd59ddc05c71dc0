//! The scanner measured: what it finds in the corpus, and how fast it reads real packages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::measure::percentile;
use crate::run;

/// Recall and false positives over the corpus, by technique and difficulty.
pub(crate) fn corpus(root: &Path, words: &[&str]) -> Result<(), String> {
    run::command(Command::new(example(root, "corpus")?).args(words))
}

/// Makes the shipped set of fingerprints from folders of `.crate` files.
pub(crate) fn fingerprints(root: &Path, folders: &[&str]) -> Result<(), String> {
    let set = root.join("crates/scan/data/fingerprints.bin");
    run::command(Command::new(example(root, "fingerprints")?).arg("make").arg(set).args(folders))
}

/// 2,500 packages of folders of `.crate` files compared with each other, and one with all.
pub(crate) fn likeness(root: &Path, folders: &[&str]) -> Result<(), String> {
    run::command(Command::new(example(root, "fingerprints")?).arg("bench").args(folders))
}

/// All `.crate` files of the folder that `FENCE_CRATES` names, such as a `registry/cache/…` of cargo's after
/// `cargo fetch --locked` of wasmtime: unpacked and scanned on two threads, and on one, in turn with ra_ap_syntax, which
/// only parses them. With and without `windows*`, which are bindings and nearly half of wasmtime's bytes.
pub(crate) fn bench(root: &Path, words: &[&str]) -> Result<(), String> {
    let folder = std::env::var("FENCE_CRATES").map_err(|_| {
        "FENCE_CRATES has to name a folder of .crate files: `cargo fetch` leaves one in registry/cache"
            .to_owned()
    })?;
    let rounds = match words {
        [] => 3,
        ["--rounds", rounds] => rounds.parse().map_err(|_| format!("{rounds} is no number of rounds"))?,
        _ => return Err("bench scan takes `--rounds NUMBER` alone".to_owned()),
    };
    let (scanner, parser) = (example(root, "crates")?, parser(root)?);
    for _ in 0..rounds {
        print!("{}", printed(&scanner, &[&folder, "--threads", "2"])?);
    }
    for without in [&[][..], &["--without", "windows"]] {
        println!("\non one thread, {}", if without.is_empty() { "all packages" } else { "without windows*" });
        let (mut scanned, mut parsed) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            let one = printed(&scanner, &[&[&folder, "--threads", "1"], without].concat())?;
            let other = printed(&parser, &[&[folder.as_str()], without].concat())?;
            print!("{one}{other}");
            scanned.push(rate(&one)?);
            parsed.push(rate(&other)?);
        }
        let pairs = scanned.iter().zip(&parsed).map(|(scanned, parsed)| scanned / parsed).collect();
        println!(
            "medians: scanned {:.0} MB/s, parsed {:.0} MB/s; of the pairs, {:.2}",
            percentile(scanned, 50),
            percentile(parsed, 50),
            percentile(pairs, 50),
        );
    }
    Ok(())
}

/// The number before the words that both programs end a line with.
fn rate(printed: &str) -> Result<f64, String> {
    let line = printed.lines().find_map(|line| line.strip_suffix(" MB/s per core"));
    let rate = line.and_then(|line| line.rsplit(' ').next()?.parse().ok());
    rate.ok_or_else(|| format!("no rate in {printed:?}"))
}

fn printed(command: &Path, words: &[&str]) -> Result<String, String> {
    let printed = run::output(Command::new(command).args(words))?;
    Ok(String::from_utf8_lossy(&printed).into_owned())
}

/// An example of the scanner, built.
fn example(root: &Path, name: &str) -> Result<PathBuf, String> {
    let mut build = run::cargo(root);
    build.args(["build", "--quiet", "--release", "--locked", "--package=fence-scan"]);
    run::command(build.arg(format!("--example={name}")))?;
    Ok(run::target_folder(root)?.join("release/examples").join(name))
}

/// The release of ra_ap_syntax that is measured.
const PARSER: &str = "0.0.349";

/// A program that parses with ra_ap_syntax, in a workspace of its own below `target`.
fn parser(root: &Path) -> Result<PathBuf, String> {
    let folder = run::target_folder(root)?.join("bench/parser");
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(folder.join("src")).map_err(failed)?;
    let manifest = format!(
        "[package]\nname = \"parser\"\nedition = \"2024\"\n\n[dependencies]\nra_ap_syntax = \"={PARSER}\"\n\
         flate2 = \"1\"\ntar = \"0.4\"\n\n[profile.release]\nlto = \"thin\"\ncodegen-units = 1\n\n[workspace]\n"
    );
    fs::write(folder.join("Cargo.toml"), manifest).map_err(failed)?;
    fs::write(folder.join("src/main.rs"), include_str!("bench/parse.rs")).map_err(failed)?;
    let mut build = run::cargo(&folder);
    build.args(["build", "--quiet", "--release", "--target-dir"]).arg(folder.join("target"));
    run::command(&mut build)?;
    Ok(folder.join("target/release/parser"))
}
