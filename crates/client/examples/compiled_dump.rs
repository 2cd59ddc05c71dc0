//! How long it takes to gather a database dump, and in how much memory.
//!
//! ```sh
//! cargo run --release -p fence-client --example compiled_dump -- dump.tar.gz           who published and owns what
//! cargo run --release -p fence-client --example compiled_dump -- dump.tar.gz graph     and who depends on whom
//! ```
//!
//! The project locks nothing, so nothing else is read; the second run finds the dump unchanged. `cargo xtask bench dump` makes
//! the dump up and runs this.

use std::path::Path;
use std::time::Instant;

use fence_client::Environment;
use fence_client::cache::Cache;
use fence_client::cargo_config::CargoConfig;
use fence_client::gather::{About, Refresh, Request, feeds_of, update};
use fence_client::http::Network;
use fence_client::progress::Silent;
use fence_client::project::lockfile;
use fence_model::Time;
use fence_model::policy::{FeedRole, FeedSource, Policy, RUSTSEC};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let dump = words.first().expect("a dump");
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    let mut policy = Policy::default();
    let mut rustsec = feeds_of(&policy).remove(RUSTSEC).expect("it is built in");
    rustsec.enabled = false;
    policy.feeds.insert(RUSTSEC.to_owned(), rustsec);
    let dump = std::fs::canonicalize(dump).expect("a dump");
    let archive = Some(dump.to_string_lossy().into_owned());
    policy.feeds.insert("people".to_owned(), FeedSource { archive, ..FeedSource::of(FeedRole::Dump) });
    if words.get(1).is_some_and(|word| word == "graph") {
        // Somebody is enrolled: then it matters who depends on whom.
        std::fs::create_dir(root.join("team")).expect("a folder");
        std::fs::write(root.join("team/allowed_signers"), "").expect("a file");
        let path = Some("team".to_owned());
        let team = FeedSource { path, enrols: true, ..FeedSource::of(FeedRole::Statements) };
        policy.feeds.insert("team".to_owned(), team);
    }
    let cache = Cache::at(&root.join("cache"));
    for what in ["read", "found unchanged"] {
        let start = Instant::now();
        gather(&policy, root, &cache);
        println!("dump {what}: {:.1} s, peak {}", start.elapsed().as_secs_f64(), peak());
    }
    let compiled = std::fs::read_dir(root.join("cache/v1/compiled")).expect("what was compiled");
    let bytes: u64 = compiled.map(|file| file.expect("a file").metadata().expect("its size").len()).sum();
    println!("  {:.0} MB compiled", bytes as f64 / 1e6);
}

fn gather(policy: &Policy, root: &Path, cache: &Cache) {
    let clock = Time::from_unix(1_795_100_000);
    let updated = update(Request {
        lockfile: &lockfile::parse("version = 4\n").expect("a lockfile"),
        about: About::Project,
        policy,
        root,
        cargo: &CargoConfig::read(root, &Environment::of([], root)).expect("a configuration"),
        index: None,
        feeds: &[],
        refresh: Refresh::All,
        network: &Network::Offline,
        cache,
        now: clock,
        clock,
        journal: None,
        progress: &Silent,
    });
    let updated = updated.unwrap_or_else(|error| panic!("{error}"));
    let failed = |problem: &&fence_client::gather::Problem| {
        !matches!(problem, fence_client::gather::Problem::Record { .. })
    };
    assert_eq!(updated.knowledge.problems().iter().find(failed), None);
}

/// The most memory that this process had, as Linux counts it.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: Option<u64> = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    kib.map_or_else(|| "unknown".to_owned(), |kib| format!("{:.0} MB", kib as f64 * 1.024e-3))
}
