//! What the scanner's speed is compared with: all Rust files of a folder of `.crate` files, parsed by ra_ap_syntax.
//!
//! No part of xtask: `cargo xtask bench scan` builds it as a program of its own, so that our lockfile stays without it.

use std::io::Read as _;
use std::time::{Duration, Instant};

use ra_ap_syntax::{Edition, SourceFile};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        arguments.iter().position(|word| word == name).and_then(|at| arguments.get(at + 1)).cloned()
    };
    let without = value("--without");
    let begin = Instant::now();
    let (mut bytes, mut parsing) = (0, Duration::ZERO);
    let mut paths: Vec<_> = std::fs::read_dir(&arguments[0])
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "crate"))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            !without.as_ref().is_some_and(|without| name.starts_with(without))
        })
        .collect();
    paths.sort();
    for path in paths {
        let packed = std::fs::read(path).expect("a file");
        let mut archive = tar::Archive::new(flate2::read::MultiGzDecoder::new(packed.as_slice()));
        for entry in archive.entries().expect("an archive") {
            let mut entry = entry.expect("an entry");
            if !entry.path_bytes().ends_with(b".rs") {
                continue;
            }
            let mut text = Vec::new();
            entry.read_to_end(&mut text).expect("a file");
            let text = String::from_utf8_lossy(&text);
            bytes += text.len();
            let start = busy(begin);
            drop(SourceFile::parse(&text, Edition::Edition2021));
            parsing += busy(begin) - start;
        }
    }
    let seconds = parsing.as_secs_f64();
    println!("{} MB of Rust parsed in {seconds:.2} s, {:.1} MB/s per core", bytes / 1_000_000, bytes as f64 / 1e6 / seconds);
}

/// How long this thread was at work; where the system does not tell, how long ago it all began.
fn busy(begin: Instant) -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat");
    let told = told.ok().and_then(|told| told.split(' ').next()?.parse().ok());
    told.map_or_else(|| begin.elapsed(), Duration::from_nanos)
}
