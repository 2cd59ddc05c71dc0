//! Looks up since when crates are there, for a backtest whose index has only a part of those that others need.
//!
//! `cargo run --release -p fence-client --example births < names > births.tsv` takes a name on each line and prints the name, a
//! tab, and when the first of its releases was published. What the registry does not have any more is left out, and counted at the
//! end.

use std::io::{BufRead as _, Write as _};
use std::num::NonZeroUsize;
use std::sync::Mutex;

use fence_client::Environment;
use fence_client::cargo_config::CargoConfig;
use fence_client::http::{Http, Network};
use fence_client::index::{IndexAnswer, IndexSource};
use fence_model::{CrateName, Time};
use fence_registry::Limits;
use fence_registry::index::IndexFile;

fn main() {
    let environment = Environment::of_process();
    let cargo = CargoConfig::read(environment.current_folder(), &environment).expect("cargo's configuration");
    let http = Http::new(&cargo.http_settings().expect("settings")).expect("a client");
    let crates_io = cargo.past_own_fence().crates_io().expect("crates.io");
    let registry = IndexSource::new(crates_io, Network::Online(http));

    let name = |line: std::io::Result<String>| line.expect("a line").trim().parse().expect("a name");
    let names: Vec<CrateName> = std::io::stdin().lock().lines().map(name).collect();
    let (next, missing) = (Mutex::new(names.iter()), Mutex::new(0_usize));
    let look_up = || {
        loop {
            let Some(name) = next.lock().expect("no panic").next() else { return };
            match born(&registry, name) {
                Ok(born) => writeln!(std::io::stdout(), "{name}\t{born}").expect("somebody listens"),
                Err(why) => {
                    eprintln!("{name}: {why}");
                    *missing.lock().expect("no panic") += 1;
                }
            }
        }
    };
    let hands = 4 * std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    std::thread::scope(|scope| (0..hands).for_each(|_| drop(scope.spawn(look_up))));
    eprintln!("{} names, {} without an answer", names.len(), missing.lock().expect("no panic"));
}

fn born(registry: &IndexSource, name: &CrateName) -> Result<Time, String> {
    match registry.ask(name, None).map_err(|error| error.to_string())? {
        IndexAnswer::Read { bytes, .. } => {
            let file =
                IndexFile::parse(name, &bytes, &Limits::default()).map_err(|error| error.to_string())?;
            let first = file.releases.iter().filter_map(|release| release.published).min();
            first.ok_or_else(|| "no release tells when it was published".to_owned())
        }
        IndexAnswer::Unchanged | IndexAnswer::DoesNotExist => Err("not there".to_owned()),
    }
}
