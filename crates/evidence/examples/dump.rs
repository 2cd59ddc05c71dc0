//! How fast a database dump is read, and in how much memory.
//!
//! ```sh
//! cargo run --release -p fence-evidence --example dump -- write facts.json 250000 dump.tar.gz
//! cargo run --release -p fence-evidence --example dump -- read dump.tar.gz
//! cargo run --release -p fence-evidence --example dump -- read dump.tar.gz people     without dependencies
//! ```
//!
//! The archive is unpacked on the way, as a client does, and never as a whole in memory; how long unpacking takes alone is told
//! beside. `cargo xtask bench dump` runs this, each step in a process of its own.

use std::fs::File;
use std::hint::black_box;
use std::io::{self, BufReader, BufWriter};
use std::time::{Duration, Instant};

use fence_evidence::Limits;
use fence_evidence::dump::{Dump, Reader};
use fence_model::Time;
use fence_model::facts::Publisher;
use fence_testkit::dump::{LAYOUTS, MadeUp};
use fence_testkit::synthetic::{Shapes, Synthetic};
use flate2::bufread::GzDecoder;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["write", facts, crates, file] => write(facts, crates, file),
        ["read", file] => read(file, Reader::with_dependencies(&Limits::default())),
        ["read", file, "people"] => read(file, Reader::new(&Limits::default())),
        other => panic!("what is {other:?}?"),
    }
}

fn write(facts: &str, crates: &str, file: &str) {
    let facts = std::fs::read_to_string(facts).unwrap_or_else(|error| panic!("{facts}: {error}"));
    let crates = crates.parse().unwrap_or_else(|_| panic!("{crates} is a number of crates"));
    let registry = Synthetic::of(Shapes::read(&facts), crates, Time::from_unix(1_795_000_000), 1);
    let out = File::create(file).unwrap_or_else(|error| panic!("{file}: {error}"));
    let made = MadeUp::of(&registry, LAYOUTS[LAYOUTS.len() - 1]);
    let ((), time) = timed(|| made.archive(BufWriter::new(out)).expect("an archive"));
    println!("made up in {:.0} s", time.as_secs_f64());
}

fn read(file: &str, mut reader: Reader) {
    let mut archive = open(file);
    let (mut bytes, start) = (0, Instant::now());
    for entry in archive.entries().expect("an archive") {
        let mut entry = entry.expect("an entry");
        let path = entry.path().ok().and_then(|path| path.to_str().map(str::to_owned)).expect("a path");
        if let Some(part) = reader.wants(&path) {
            bytes += entry.size();
            reader.read(part, &mut entry).unwrap_or_else(|error| panic!("{error}"));
        }
        if reader.is_complete() {
            break;
        }
    }
    let taken = start.elapsed();
    println!(
        "  {:.0} MB of tables unpacked and read: {:.1} s; peak {}",
        bytes as f64 / 1e6,
        taken.as_secs_f64(),
        peak()
    );
    let (dump, joining) = timed(|| reader.finish().unwrap_or_else(|error| panic!("{error}")));
    println!("  put together: {:.1} s; peak of all {}", joining.as_secs_f64(), peak());
    println!(
        "  {} crates, {} releases, {} dependencies, {} accounts",
        dump.crates().len(),
        dump.releases(),
        dump.dependencies().map_or_else(|| "no".to_owned(), |count| count.to_string()),
        dump.accounts().count()
    );
    for skipped in dump.skipped().iter().filter(|skipped| skipped.malformed + skipped.dangling > 0) {
        println!("  {}: {} malformed, {} dangling", skipped.table, skipped.malformed, skipped.dangling);
    }
    let (walked, time) = timed(|| walk(&dump));
    println!("  all of it looked at once ({walked:?}): {:.2} s", time.as_secs_f64());
    println!("dump read: {:.1} s, peak {}", (taken + joining).as_secs_f64(), peak());
    drop(dump);
    let ((), alone) = timed(|| {
        let mut archive = open(file);
        for entry in archive.entries().expect("an archive") {
            io::copy(&mut entry.expect("an entry"), &mut io::sink()).expect("bytes");
        }
    });
    println!("  unpacking alone: {:.1} s", alone.as_secs_f64());
}

/// Releases by users, by CI and by nobody who is known, owners, and dependencies for builds.
fn walk(dump: &Dump) -> [usize; 5] {
    let mut counts = [0; 5];
    for of in dump.crates() {
        counts[3] += black_box(of.owners()).count();
        for release in of.releases() {
            let kind = match black_box(release.publisher()) {
                Some(Publisher::User(_)) => 0,
                Some(Publisher::Ci(_)) => 1,
                None => 2,
            };
            counts[kind] += 1;
            counts[4] += release.dependencies().filter(|need| !need.optional && !need.on.is_empty()).count();
        }
    }
    counts
}

fn open(file: &str) -> tar::Archive<GzDecoder<BufReader<File>>> {
    let bytes = File::open(file).unwrap_or_else(|error| panic!("{file}: {error}"));
    tar::Archive::new(GzDecoder::new(BufReader::with_capacity(1 << 16, bytes)))
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let value = work();
    (value, start.elapsed())
}

/// The most memory that this process had, as Linux counts it.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: Option<u64> = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    kib.map_or_else(|| "unknown".to_owned(), |kib| format!("{:.0} MB", kib as f64 * 1.024e-3))
}
