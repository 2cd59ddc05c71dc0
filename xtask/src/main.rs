//! What the project does to itself: `cargo xtask <task>`.
//!
//! Each task is a file; this one only knows their names. Tasks print what they do and end with exit code 1 and a
//! sentence when something is wrong.

mod axe;
mod bench;
mod connection;
mod directions;
mod docs;
mod dump;
mod e2e;
mod fetch;
mod figures;
mod graph;
mod known_names;
mod laid_out;
mod measure;
mod run;
mod scan;
mod server;
mod setup;
mod statements;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask <task>

  setup [bench]         install what a machine needs beside Rust (git, and for tests chromium, its driver and axe), if
                        it is missing; with `bench` also what `bench proxy` needs (nginx, wrk)
  check                 set up, then build the fence and run it on this workspace
  test                  set up, then run all tests of the workspace
  directions            compare the crates' dependencies with the table of ARCHITECTURE.md
  docs [--check]        write docs/policy.md from the policy's type, or check that it is current
  known-names           make the shipped list of better-known names from FENCE_DATA
  fingerprints FOLDER…  make the shipped set of fingerprints from folders of .crate files
  figures [--write]     what the default policies stop and cost over real history, held against docs/figures.json
  e2e                   fetch the packages of real projects through the fence, over the network
  bench check [--runs N]   `check` against cargo-audit, cargo-deny and cargo-vet, whole processes in pairs
  bench exposure [--runs N]  `exposure` of lockfiles with 583 and 1,035 packages, with 22 audit sets and with none
  bench cold [--runs N]    `check` with nothing cached, over the network, against cargo's own index phase
  bench update             compiling the advisory database and the audit sets
  bench proxy [--runs N]   the fence as a registry against nginx, under wrk; fetches through it against direct ones
  bench pages [--runs N]   how fast pages for people are answered
  bench scan               packages unpacked and scanned: FENCE_CRATES names a folder of .crate files
  bench likeness FOLDER…   2,500 packages of folders of .crate files compared with each other, and one with all
  bench statements         10,000 statements parsed and verified, on one thread and on two
  bench graph [--large]    the graph of dependents of a made-up registry: 250,000 crates; with --large also 10 million
  bench dump               a database dump of 250,000 crates made up and read
  corpus [NAMES]           what the scanner finds and misses in its corpus, by technique and difficulty
  bench noise [--runs N]   nginx against nginx in the same way: how far the figures of `bench proxy` can be trusted
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let root = root();
    let outcome = match words.as_slice() {
        ["setup"] => setup::for_tests(&root),
        ["setup", "bench"] => setup::for_benches(),
        ["check", rest @ ..] => {
            setup::run().and_then(|()| run::check(&root, fence_data().ok().as_deref(), rest))
        }
        ["test", rest @ ..] => setup::for_tests(&root).and_then(|()| run::tests(&root, rest)),
        ["directions"] => directions::run(&root),
        ["docs"] => docs::run(&root, docs::Mode::Write),
        ["docs", "--check"] => docs::run(&root, docs::Mode::Check),
        ["known-names"] => fence_data()
            .and_then(|data| known_names::run(&data, &root.join("crates/model/data/known-names.tsv"))),
        ["fingerprints", folders @ ..] => scan::fingerprints(&root, folders),
        ["figures", rest @ ..] => data_if_any().and_then(|data| figures::run(&root, data.as_deref(), rest)),
        ["e2e"] => fence_data().and_then(|data| e2e::run(&root, &data)),
        ["bench", "check", rest @ ..] => fence_data().and_then(|data| bench::check(&root, &data, rest)),
        ["bench", "exposure", rest @ ..] => fence_data().and_then(|data| bench::exposure(&root, &data, rest)),
        ["bench", "cold", rest @ ..] => fence_data().and_then(|data| bench::cold(&root, &data, rest)),
        ["bench", "update", rest @ ..] => fence_data().and_then(|data| bench::update(&root, &data, rest)),
        ["bench", "proxy", rest @ ..] => fence_data().and_then(|data| bench::proxy::run(&root, &data, rest)),
        ["bench", "scan", rest @ ..] => scan::bench(&root, rest),
        ["bench", "likeness", folders @ ..] => scan::likeness(&root, folders),
        ["bench", "statements"] => statements::bench(&root),
        ["bench", "graph", rest @ ..] => fence_data().and_then(|data| graph::bench(&root, &data, rest)),
        ["bench", "dump"] => fence_data().and_then(|data| dump::bench(&root, &data)),
        ["corpus", rest @ ..] => scan::corpus(&root, rest),
        ["bench", "pages", rest @ ..] => {
            fence_data().and_then(|data| bench::proxy::pages(&root, &data, rest))
        }
        ["bench", "noise", rest @ ..] => {
            fence_data().and_then(|data| bench::proxy::noise(&root, &data, rest))
        }
        [] | ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            Ok(())
        }
        other => Err(format!("no task `{}`\n\n{USAGE}", other.join(" "))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

/// The workspace's folder.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// The folder with real data: what FENCE_DATA names, else the one beside the checkout.
fn fence_data() -> Result<PathBuf, String> {
    let beside = root().join("../shared/data");
    let folder = match std::env::var_os("FENCE_DATA") {
        Some(folder) => PathBuf::from(folder),
        None if beside.is_dir() => beside,
        None => return Err("FENCE_DATA is not set: it names the folder with real data".to_owned()),
    };
    if folder.is_dir() {
        Ok(folder)
    } else {
        Err(format!("FENCE_DATA names {}, which is no folder", folder.display()))
    }
}

/// The same, where there is one; a name that leads nowhere is a mistake all the same.
fn data_if_any() -> Result<Option<PathBuf>, String> {
    match fence_data() {
        Err(_) if std::env::var_os("FENCE_DATA").is_none() => Ok(None),
        found => found.map(Some),
    }
}
