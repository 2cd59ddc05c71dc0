//! Packages against clones of their repositories, many at once.
//!
//! `cargo run --release -p fence-client --example sources CRATES CLONES` takes a folder of `.crate` files and a folder of
//! clones, bare or not, each called `owner+name`, or holding one called `repo`. Packages whose repository is not there are
//! passed over. A line for each package, and one for each difference and each fact but that a tag is where it should be.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fence_client::cache::Cache;
use fence_client::http::{HttpSettings, Network};
use fence_client::scanner::{self, Scanner};
use fence_client::source::{Fact, Looker, Place};
use fence_client::{Limits, packages};

fn main() {
    if std::env::args().nth(1).is_some_and(|word| word == scanner::WORKER) {
        scanner::work().expect("a job");
        return;
    }
    let folder =
        |at| PathBuf::from(std::env::args().nth(at).expect("a folder of packages and one of clones"));
    let (crates, clones) = (folder(1), folder(2));
    let scanner = Scanner::of_process().expect("this program");
    let looker = Looker {
        scanner: &scanner,
        // Clones need no room.
        cache: &Cache::at(Path::new("no-cache")),
        network: &Network::Offline,
        settings: &HttpSettings::default(),
        limits: Limits::DEFAULT,
    };
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(crates).expect("packages").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    let mut totals: BTreeMap<&str, u64> = BTreeMap::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "crate")) {
        let package = packages::of_file(file).expect("a package");
        let Ok(origin) = scanner.origin(&package) else { continue };
        let Ok(Place::Address { url, .. }) = Place::of_manifest(&origin.result.repository) else { continue };
        let mut parts = url.trim_end_matches(".git").rsplit('/');
        let (name, owner) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let clone = clones.join(format!("{owner}+{name}"));
        let clone = if clone.join("repo").is_dir() { clone.join("repo") } else { clone };
        if !clone.is_dir() {
            continue;
        }
        let called = file.file_stem().unwrap_or_default().to_string_lossy();
        let source = match looker.look(&package, Some(&Place::Clone(clone)), None) {
            Ok(source) => source,
            Err(error) => {
                println!("{called}: {error}");
                continue;
            }
        };
        let facts: Vec<String> = source
            .facts
            .iter()
            .filter(|fact| !matches!(fact, Fact::Tagged { .. }))
            .map(|fact| format!("{fact:?}"))
            .collect();
        match source.against {
            None => println!("{called}: not compared; {}", facts.join(", ")),
            Some(against) => {
                *totals.entry("packages compared").or_default() += 1;
                *totals.entry("files the same").or_default() += against.same;
                let is_same = !against.differences.iter().any(|one| one.kind.is_grave());
                *totals.entry("packages without a difference").or_default() += u64::from(is_same);
                println!(
                    "{called}: {} the same, {} not; {}",
                    against.same,
                    against.differences.len(),
                    facts.join(", ")
                );
                for one in against.differences {
                    *totals.entry(one.kind.as_str()).or_default() += 1;
                    let (kind, file) = (one.kind.as_str(), one.file.as_str());
                    println!("    {kind} {file} {}:{} +{} {}", one.path, one.line, one.lines, one.what);
                }
            }
        }
    }
    println!("{totals:?}");
}
