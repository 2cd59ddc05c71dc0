//! Scans all `.crate` files of a folder: `crates FOLDER [--threads N] [--list SEVERITY] [--slow] [--reports FILE]`.
//!
//! Says how long unpacking and scanning took, in processor time where the system tells it, and which releases have a finding of that severity or above. `--only` and
//! `--without` choose by what the files' names begin with. `--reports` writes the reports, one to a line, so that two
//! scanners can be compared. `--pairs` instead compares each release with the next of its name that the folder has.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fence_scan::{Limits, Report, Scan, Severity, compare, scan, unpack};

/// How long this thread was at work; where the system does not tell, how long ago it all began.
fn busy(begin: Instant) -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat");
    let told = told.ok().and_then(|told| told.split(' ').next()?.parse().ok());
    told.map_or_else(|| begin.elapsed(), Duration::from_nanos)
}

/// Compares each release with the next of its name, and says how long that took.
fn pairs(mut paths: Vec<PathBuf>) {
    paths.sort();
    let begin = Instant::now();
    let mut took = Vec::new();
    let named = |path: &PathBuf| {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        stem.rsplit_once('-').map(|(name, _)| name.to_owned())
    };
    for pair in paths.windows(2).filter(|pair| named(&pair[0]) == named(&pair[1])) {
        let [old, new] = [0, 1].map(|at| std::fs::read(&pair[at]).expect("a file"));
        let start = busy(begin);
        let [old, new] = [old, new].map(|bytes| unpack(&bytes, &Limits::default()));
        let unpacked = busy(begin) - start;
        let compared = compare(&Scan::of(&old), &Scan::of(&new));
        let all = busy(begin) - start;
        took.push((all, all - unpacked, compared.review_lines, pair[1].file_stem().map(ToOwned::to_owned)));
    }
    took.sort();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    for (what, at) in [("median", 50), ("90th percentile", 90), ("longest", 100)] {
        let (all, apart, lines, name) = &took[(took.len() - 1) * at / 100];
        let name = name.clone().unwrap_or_default();
        println!(
            "{what} of {} pairs: {:.1} ms from .crate files, {:.1} ms of it after unpacking; {} with {lines} lines to read",
            took.len(),
            ms(*all),
            ms(*apart),
            name.to_string_lossy(),
        );
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        arguments.iter().position(|word| word == name).and_then(|at| arguments.get(at + 1)).cloned()
    };
    let folder = PathBuf::from(arguments.first().expect("a folder of .crate files"));
    let threads: usize = value("--threads").map_or(2, |threads| threads.parse().expect("a number"));
    let list = match value("--list").as_deref() {
        Some("low") => Some(Severity::Low),
        Some("medium") => Some(Severity::Medium),
        Some("high") => Some(Severity::High),
        _ => None,
    };
    let without = value("--without").unwrap_or_default();
    let only = value("--only").unwrap_or_default();
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "crate"))
        .filter(|path| {
            let begins =
                |with: &str| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(with));
            begins(&only) && (without.is_empty() || !begins(&without))
        })
        .collect();
    // The largest first, so that none is left alone at the end.
    paths.sort_by_key(|path| std::cmp::Reverse(std::fs::metadata(path).map_or(0, |of| of.len())));
    if arguments.iter().any(|word| word == "--pairs") {
        return pairs(paths);
    }
    let next = AtomicUsize::new(0);
    let reports: Mutex<Vec<(PathBuf, Report, Duration, Duration)>> = Mutex::new(Vec::new());
    let begin = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let bytes = std::fs::read(path).expect("a file");
                    let start = busy(begin);
                    let package = unpack(&bytes, &Limits::default());
                    drop(bytes);
                    let unpacked = busy(begin) - start;
                    let start = busy(begin);
                    let report = scan(&package);
                    let scanned = busy(begin) - start;
                    reports.lock().expect("no panic").push((path.clone(), report, unpacked, scanned));
                }
            });
        }
    });
    let wall = begin.elapsed();
    let mut reports = reports.into_inner().expect("no panic");
    let unpacking: Duration = reports.iter().map(|(_, _, unpacked, _)| *unpacked).sum();
    let scanning: Duration = reports.iter().map(|(_, _, _, scanned)| *scanned).sum();
    let bytes: u64 = reports.iter().map(|(_, report, _, _)| report.read.rust_bytes).sum();
    println!(
        "{} packages, {} MB of Rust: {:.2} s on {threads} threads; unpacking {:.2} s, scanning {:.2} s, {:.0} MB/s per core",
        reports.len(),
        bytes / 1_000_000,
        wall.as_secs_f64(),
        unpacking.as_secs_f64(),
        scanning.as_secs_f64(),
        bytes as f64 / 1e6 / scanning.as_secs_f64(),
    );
    let count = |severity| reports.iter().filter(|(_, report, _, _)| report.gravest() == severity).count();
    println!(
        "high {}, medium {}, low {}",
        count(Severity::High),
        count(Severity::Medium),
        count(Severity::Low)
    );
    if let Some(file) = value("--reports") {
        reports.sort_by(|left, right| left.0.cmp(&right.0));
        let mut out = std::io::BufWriter::new(std::fs::File::create(file).expect("a file to write"));
        for (path, report, _, _) in &reports {
            write!(out, "{} ", path.file_stem().unwrap_or_default().to_string_lossy()).expect("a disk");
            serde_json::to_writer(&mut out, report).expect("a report is JSON");
            writeln!(out).expect("a disk");
        }
    }
    if let Some(least) = list {
        reports.sort_by(|left, right| left.0.cmp(&right.0));
        for (path, report, _, _) in &reports {
            for finding in report.findings.iter().filter(|finding| finding.severity >= least) {
                println!(
                    "{} {} {} {}:{} {} [{}]",
                    path.file_stem().unwrap_or_default().to_string_lossy(),
                    finding.severity.as_str(),
                    finding.code,
                    finding.file,
                    finding.line,
                    finding.reason,
                    finding.function
                );
            }
        }
    }
    if arguments.iter().any(|word| word == "--slow") {
        reports.sort_by_key(|(_, _, _, scanned)| std::cmp::Reverse(*scanned));
        for (path, report, unpacked, scanned) in reports.iter().take(15) {
            println!(
                "{:40} {:7.1} ms scanning, {:7.1} ms unpacking, {} kB",
                path.file_stem().unwrap_or_default().to_string_lossy(),
                scanned.as_secs_f64() * 1e3,
                unpacked.as_secs_f64() * 1e3,
                report.read.rust_bytes / 1000
            );
        }
    }
}
