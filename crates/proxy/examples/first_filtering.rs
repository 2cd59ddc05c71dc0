//! How fast a whole index is parsed, and parsed, judged, filtered, hashed and compressed from nothing, on two threads.
//!
//! ```sh
//! cargo run --release -p fence-proxy --example first_filtering -- target/bench/index
//! ```
//!
//! Index files are read into memory before the clock starts. `cargo xtask bench proxy` runs this.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fence_model::look_alike::KnownNames;
use fence_model::policy::Policy;
use fence_model::{CrateName, Time};
use fence_proxy::page_at_first_contact;
use fence_registry::{IndexFile, Limits};

const ROUNDS: usize = 7;
const THREADS: usize = 2;

fn main() {
    let folder = std::env::args().nth(1).unwrap_or_else(|| panic!("name a folder of index files"));
    let mut files = Vec::new();
    read(Path::new(&folder), &mut files);
    // Large and small ones everywhere, so that the threads have alike to do.
    files.sort_by_key(|(name, bytes)| (bytes.len() % 97, name.clone()));
    let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    let megabytes = bytes as f64 / 1e6;
    println!("{} index files, {megabytes:.0} MB", files.len());

    let parsed = median(|| {
        let births = files.iter().map(|(name, bytes)| born(name, bytes)).filter(Option::is_some).count();
        assert!(births > 0);
    });
    println!("parsed on one core: {:.0} MB/s", megabytes / parsed.as_secs_f64());

    let now: Time = "2026-11-23T00:00:00Z".parse().unwrap_or(Time::LATEST);
    let (policy, names) = (Policy::default(), KnownNames::shipped());
    let mut compressed = 0;
    let all = median(|| {
        let births: HashMap<&str, Time> =
            on_threads(&files, |(name, bytes)| Some((name.as_str(), born(name, bytes)?)))
                .into_iter()
                .flatten()
                .collect();
        let born = |package: &str| births.get(package).copied();
        let pages = on_threads(&files, |(name, bytes)| {
            page_at_first_contact(name, bytes.clone(), (&policy, &names), &born, now).gzip.len()
        });
        compressed = pages.iter().sum();
    });
    println!(
        "parsed twice (once for ages), judged, filtered, hashed and compressed to {:.1} MB on {THREADS} threads: {:.2} s",
        compressed as f64 / 1e6,
        all.as_secs_f64()
    );
}

fn born(name: &CrateName, bytes: &[u8]) -> Option<Time> {
    IndexFile::parse(name, bytes, &Limits::DEFAULT).ok()?.born()
}

/// What `work` makes of each file, side by side.
fn on_threads<'f, T: Send>(
    files: &'f [(CrateName, Vec<u8>)],
    work: impl Fn(&'f (CrateName, Vec<u8>)) -> T + Sync,
) -> Vec<T> {
    let work = &work;
    std::thread::scope(|scope| {
        let shares = files.chunks(files.len().div_ceil(THREADS));
        let threads: Vec<_> =
            shares.map(|share| scope.spawn(move || share.iter().map(work).collect::<Vec<T>>())).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    })
}

fn median(mut work: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let began = Instant::now();
            work();
            began.elapsed()
        })
        .collect();
    times.sort();
    times[ROUNDS / 2]
}

fn read(folder: &Path, files: &mut Vec<(CrateName, Vec<u8>)>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    for path in paths {
        if path.is_dir() {
            read(&path, files);
        } else if path.file_name().is_some_and(|name| name != "config.json") {
            let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            // How a crate spells its name stands inside.
            let spelt =
                bytes.split(|byte| *byte == b'"').nth(3).and_then(|name| std::str::from_utf8(name).ok());
            if let Some(name) = spelt.and_then(|name| name.parse().ok()) {
                files.push((name, bytes));
            }
        }
    }
}
