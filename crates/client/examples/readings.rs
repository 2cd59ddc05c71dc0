//! Reads pairs of releases of history, for a backtest that asks what a scanner would have said.
//!
//! `fence-sim releases | cargo run --release -p fence-client --example readings | sort > readings.tsv` takes a line for each pair,
//! `NAME VERSION SHA-256`, and behind it the version and digest of the release that it is compared with, where there is one. It prints a
//! line for each that could be read: name, version, base or `-`, and in JSON what the fence would keep and is worth telling. What
//! could not be had, such as a package that was deleted, is told on standard error with why, and counted at the end.

use std::io::{BufRead as _, Write as _};
use std::num::NonZeroUsize;
use std::sync::Mutex;

use fence_client::cargo_config::CargoConfig;
use fence_client::http::{Http, Network};
use fence_client::index::IndexSource;
use fence_client::packages::Packages;
use fence_client::scanner::{self, Scanner};
use fence_client::{Environment, readings};
use fence_model::readings::Reading;
use fence_model::{Digest, ReleaseId};
use serde_json::Value;

/// A release by its bytes.
type Named = (ReleaseId, Digest);

fn main() {
    if std::env::args().nth(1).is_some_and(|word| word == scanner::WORKER) {
        scanner::work().expect("a job");
        return;
    }
    let scanner = std::env::args().nth(1).map(|program| Scanner::of(program.into()));
    let scanner = scanner.unwrap_or_else(|| Scanner::of_process().expect("this program"));
    let environment = Environment::of_process();
    let cargo = CargoConfig::read(environment.current_folder(), &environment).expect("cargo's configuration");
    let http = Http::new(&cargo.http_settings().expect("settings")).expect("a client");
    let crates_io = cargo.past_own_fence().crates_io().expect("crates.io");
    let registry = IndexSource::new(crates_io, Network::Online(http));
    let packages = Packages { environment: &environment, registry: Some(&registry) };

    let pairs: Vec<(Named, Option<Named>)> =
        std::io::stdin().lock().lines().map(|line| pair(&line.expect("a line"))).collect();
    let (next, missing) = (Mutex::new(pairs.iter()), Mutex::new(0_usize));
    let read = || {
        loop {
            let Some((release, base)) = next.lock().expect("no panic").next() else { return };
            let package = |(release, digest): &Named| {
                packages.of_digest(release, *digest).map_err(|error| error.to_string())
            };
            let both = package(release).and_then(|new| Ok((new, base.as_ref().map(package).transpose()?)));
            match both {
                Ok((new, old)) => {
                    let reading = readings::read(&scanner, old.as_ref(), &new);
                    let of_base = base.as_ref().map_or("-".to_owned(), |(base, _)| base.version.to_string());
                    let ReleaseId { name, version } = &release.0;
                    writeln!(std::io::stdout(), "{name}\t{version}\t{of_base}\t{}", told(&reading))
                        .expect("somebody listens");
                }
                Err(why) => {
                    eprintln!("{}: {why}", release.0);
                    *missing.lock().expect("no panic") += 1;
                }
            }
        }
    };
    let hands = 2 * std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    std::thread::scope(|scope| (0..hands).for_each(|_| drop(scope.spawn(read))));
    eprintln!("{} pairs, {} not to be had", pairs.len(), missing.lock().expect("no panic"));
}

/// What a reading tells: all but what is as in one that has nothing to tell, and panics, which are not judged.
fn told(reading: &Reading) -> String {
    let fields = |reading: &Reading| match serde_json::to_value(reading).expect("JSON") {
        Value::Object(fields) => fields,
        other => panic!("{other} has no fields"),
    };
    let (nothing, mut all) = (fields(&Reading::default()), fields(reading));
    all.retain(|key, value| key != "panics" && nothing.get(key) != Some(value));
    if all.is_empty() { String::new() } else { Value::Object(all).to_string() }
}

fn pair(line: &str) -> (Named, Option<Named>) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let named = |name: &str, version: &str, digest: &str| {
        let release =
            ReleaseId { name: name.parse().expect("a name"), version: version.parse().expect("a version") };
        (release, digest.parse().expect("a digest"))
    };
    match words.as_slice() {
        [name, version, digest] => (named(name, version, digest), None),
        [name, version, digest, base, of_base] => {
            (named(name, version, digest), Some(named(name, base, of_base)))
        }
        _ => panic!("{line} is no pair"),
    }
}
