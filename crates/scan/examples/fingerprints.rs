//! Makes the shipped set of fingerprints, measures one, or says which of its packages are alike:
//! `fingerprints make FILE FOLDER…`, `fingerprints bench FOLDER…`, `fingerprints pairs FILE`.
//!
//! The folders hold `.crate` files, such as `registry/cache/…` of cargo's. The newest release of each crate that is there is known.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use fence_scan::likeness::{Fingerprint, FingerprintSet, Shares};
use fence_scan::{Limits, unpack};
use semver::Version;

fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["make", out, folders @ ..] => make(folders, Path::new(out)),
        ["bench", folders @ ..] => bench(folders),
        ["pairs", file] => pairs(Path::new(file)),
        _ => Err("fingerprints make FILE FOLDER…, fingerprints bench FOLDER…, or fingerprints pairs FILE"
            .to_owned()),
    }
}

/// Writes the set of the folders' packages to `out`.
fn make(folders: &[&str], out: &Path) -> Result<(), String> {
    let mut newest: BTreeMap<String, (Version, PathBuf)> = BTreeMap::new();
    for (name, version, path) in packages(folders)? {
        let is_newer = |(other, _): &(Version, PathBuf)| {
            // A release that is none yet is known only where there is no other.
            (version.pre.is_empty(), &version) > (other.pre.is_empty(), other)
        };
        if newest.get(&name).is_none_or(is_newer) {
            newest.insert(name, (version, path));
        }
    }
    let mut fingerprints = Vec::new();
    for (name, (version, path)) in newest {
        fingerprints.push((name, version.to_string(), of_file(&path)?));
    }
    let count = fingerprints.len();
    let set = FingerprintSet::of(fingerprints);
    let file = set.format();
    println!(
        "{count} crates, {} with enough code to be known; {} numbers are common; {} bytes",
        set.packages().len(),
        set.common(),
        file.len()
    );
    std::fs::write(out, file).map_err(|error| format!("{}: {error}", out.display()))
}

/// 2,500 packages with each other, and one new release against all of them.
fn bench(folders: &[&str]) -> Result<(), String> {
    const PACKAGES: usize = 2500;
    let mut fingerprints = Vec::new();
    for (name, version, path) in packages(folders)? {
        fingerprints.push((name, version.to_string(), of_file(&path)?));
        if fingerprints.len() == PACKAGES {
            break;
        }
    }
    let real = fingerprints.len();
    // Where fewer are at hand, some are known twice, under another name: harder, since they are alike.
    for number in 0..PACKAGES.saturating_sub(real) {
        let (name, version, fingerprint) = fingerprints[number % real].clone();
        fingerprints.push((format!("{name}-copy{number}"), version, fingerprint));
    }
    let largest = fingerprints.iter().max_by_key(|(_, _, fingerprint)| fingerprint.len()).cloned();
    let some: Vec<Fingerprint> = fingerprints.iter().step_by(25).map(|(_, _, of)| of.clone()).collect();
    let set = FingerprintSet::of(fingerprints);
    println!(
        "{real} real packages, {} made of them; {} have enough code to be known",
        PACKAGES - real,
        set.packages().len()
    );
    let ms = |begin: Instant| begin.elapsed().as_secs_f64() * 1e3;
    let begin = Instant::now();
    let pairs = set.pairs();
    let alike = pairs.iter().filter(|(_, _, shares)| shares.relation().is_some()).count();
    println!(
        "each with each: {:.0} ms; {} pairs have anything in common, {alike} are alike",
        ms(begin),
        pairs.len()
    );
    let mut times: Vec<f64> = some
        .iter()
        .map(|new| {
            let begin = Instant::now();
            std::hint::black_box(set.alike(new));
            ms(begin)
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!(
        "one against all: median {:.2} ms, longest {:.2} ms of {}",
        times[times.len() / 2],
        times[times.len() - 1],
        times.len()
    );
    if let Some((name, version, new)) = largest {
        let begin = Instant::now();
        std::hint::black_box(set.alike(&new));
        println!("the largest, {name} {version} with {} numbers: {:.2} ms", new.len(), ms(begin));
    }
    let file = set.format();
    let begin = Instant::now();
    FingerprintSet::parse(&file).map_err(|problem| problem.to_string())?;
    println!("reading the set of {} bytes: {:.1} ms", file.len(), ms(begin));
    Ok(())
}

/// The packages of a set that are alike.
fn pairs(file: &Path) -> Result<(), String> {
    let bytes = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let set = FingerprintSet::parse(&bytes).map_err(|problem| problem.to_string())?;
    for (one, other, shares) in set.pairs() {
        if let Some(relation) = shares.relation() {
            let Shares { of_known, of_new, both } = shares;
            println!(
                "{} {} {relation:?} {of_known:.2} {of_new:.2} {both:.2} of {} and {}",
                one.name, other.name, one.size, other.size
            );
        }
    }
    Ok(())
}

/// All packages of the folders, by name, version and path; each release once.
fn packages(folders: &[&str]) -> Result<Vec<(String, Version, PathBuf)>, String> {
    let mut all = BTreeMap::new();
    for folder in folders {
        let failed = |error: std::io::Error| format!("{folder}: {error}");
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let stem =
                path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".crate"));
            if let Some((name, version)) = stem.and_then(split) {
                all.entry((name.to_owned(), version)).or_insert(path);
            }
        }
    }
    if all.is_empty() {
        return Err("there are no .crate files: name folders such as registry/cache/… of cargo's".to_owned());
    }
    Ok(all.into_iter().map(|((name, version), path)| (name, version, path)).collect())
}

/// `name-1.0.0` in its parts: the first `-` after which a version stands.
fn split(stem: &str) -> Option<(&str, Version)> {
    stem.match_indices('-').find_map(|(at, _)| Some((&stem[..at], stem[at + 1..].parse().ok()?)))
}

fn of_file(path: &Path) -> Result<Fingerprint, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(Fingerprint::of(&unpack(&bytes, &Limits::default())))
}
