//! The directions between our crates: which may know which.
//!
//! The table is that of ARCHITECTURE.md. An edge that is not in it fails with the sentence that it would break.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::run;

/// Each crate with the crates of ours that it may depend on, and the sentence that any other edge would break.
const DIRECTIONS: [(&str, &[&str], &str); 11] = [
    (
        "fence-model",
        &[],
        "`model` depends on nothing of ours: the decision knows no formats and no signatures",
    ),
    ("fence-registry", &["fence-model"], "`registry` is pure: bytes in, what a registry says out"),
    ("fence-evidence", &["fence-model"], "`evidence` is handed bytes and never fetches"),
    (
        "fence-scan",
        &["fence-model"],
        "`scan` is handed bytes and never fetches; it reads what attackers write",
    ),
    ("fence-trust", &[], "`trust` depends on nothing of ours: a signature knows nothing of what it signs"),
    (
        "fence-client",
        &["fence-model", "fence-registry", "fence-evidence", "fence-scan", "fence-trust"],
        "`client` is the only way verified facts enter a machine; it knows no commands and renders nothing",
    ),
    (
        "fence-proxy",
        &["fence-model", "fence-registry", "fence-scan", "fence-client"],
        "`proxy` enforces from what the client verified, and shows what the scanner read: it reads no formats of \
         evidence itself",
    ),
    (
        "cargo-fence",
        &[
            "fence-model",
            "fence-registry",
            "fence-evidence",
            "fence-scan",
            "fence-trust",
            "fence-client",
            "fence-proxy",
        ],
        "`cli` works from facts that the client verified, with few dependencies, and never from a store or a server",
    ),
    (
        "fence-sim",
        &["fence-model", "fence-registry", "fence-evidence", "fence-scan", "fence-testkit"],
        "`sim` replays through the judgement alone: no store, server, proxy or client, and nothing that runs for users \
         depends on it",
    ),
    (
        "fence-testkit",
        &["fence-model", "fence-registry"],
        "`testkit` serves tests and knows only what they share",
    ),
    (
        "xtask",
        &["fence-model", "fence-registry", "fence-evidence", "fence-client"],
        "`xtask` is no part of any program",
    ),
];

/// Crates that pure crates must not reach, directly: they bring I/O, clocks, randomness or async.
const IMPURE: [&str; 12] = [
    "tokio",
    "hyper",
    "ureq",
    "reqwest",
    "rusqlite",
    "sqlx",
    "rand",
    "getrandom",
    "fs-err",
    "tempfile",
    "rustls",
    "curl",
];
const PURE: [&str; 5] = ["fence-model", "fence-registry", "fence-evidence", "fence-scan", "fence-trust"];

/// How many packages the client's whole tree may have; cargo-deny's has 211.
const LARGEST_CLIENT_TREE: usize = 210;

/// Compares `cargo metadata` with the table; prints every edge that should not be, and the client tree's size.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let metadata = run::output(run::cargo(root).args(["metadata", "--format-version=1", "--locked"]))?;
    let metadata: Value =
        serde_json::from_slice(&metadata).map_err(|error| format!("cargo metadata: {error}"))?;
    let mut broken = wrong_edges(&direct_dependencies(&metadata));
    let tree = run::output(run::cargo(root).args([
        "tree",
        "--locked",
        "--package=cargo-fence",
        "--edges=normal,build",
        "--prefix=none",
        "--format={p}",
        "--target=all",
    ]))?;
    let tree = String::from_utf8_lossy(&tree);
    let packages: BTreeSet<&str> =
        tree.lines().map(|line| line.trim_end_matches(" (*)").trim_end_matches(" (proc-macro)")).collect();
    println!(
        "the client's tree has {} packages on all targets, at most {LARGEST_CLIENT_TREE} are allowed",
        packages.len()
    );
    if packages.len() > LARGEST_CLIENT_TREE {
        broken.push(format!(
            "the client's tree has {} packages: who installs it must be able to audit it",
            packages.len()
        ));
    }
    if broken.is_empty() { Ok(()) } else { Err(broken.join("\n       ")) }
}

/// The direct dependencies of each of our crates, dev-dependencies aside.
fn direct_dependencies(metadata: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let mut edges = BTreeMap::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        // Path packages have no source.
        if !package["source"].is_null() {
            continue;
        }
        let name = package["name"].as_str().unwrap_or_default().to_owned();
        let needed = package["dependencies"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|dependency| dependency["kind"] != "dev")
            .filter_map(|dependency| dependency["name"].as_str().map(str::to_owned))
            .collect();
        edges.insert(name, needed);
    }
    edges
}

fn wrong_edges(edges: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let ours: BTreeSet<&str> = edges.keys().map(String::as_str).collect();
    let mut wrong = Vec::new();
    for (name, needed) in edges {
        let Some((_, allowed, sentence)) = DIRECTIONS.iter().find(|(known, ..)| known == name) else {
            wrong.push(format!(
                "{name} is not in the table of directions: say what it may depend on, and why"
            ));
            continue;
        };
        for other in needed {
            if ours.contains(other.as_str()) && !allowed.contains(&other.as_str()) {
                wrong.push(format!("{name} -> {other}: {sentence}"));
            }
            if PURE.contains(&name.as_str()) && IMPURE.contains(&other.as_str()) {
                wrong.push(format!(
                    "{name} -> {other}: no pure crate touches async, HTTP, files, clocks or randomness"
                ));
            }
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(list: &[(&str, &[&str])]) -> BTreeMap<String, BTreeSet<String>> {
        list.iter()
            .map(|(name, to)| ((*name).to_owned(), to.iter().map(|t| (*t).to_owned()).collect()))
            .collect()
    }

    #[test]
    fn an_edge_against_the_table_says_which_sentence_it_breaks() {
        let wrong = wrong_edges(&edges(&[
            ("fence-model", &["fence-client", "tokio"]),
            ("fence-client", &["fence-model"]),
        ]));
        assert_eq!(
            wrong,
            [
                "fence-model -> fence-client: `model` depends on nothing of ours: the decision knows no formats and no signatures",
                "fence-model -> tokio: no pure crate touches async, HTTP, files, clocks or randomness",
            ]
        );
        assert_eq!(wrong_edges(&edges(&[("fence-new", &[])])).len(), 1);
    }

    #[test]
    fn this_workspace_keeps_its_directions() {
        run(&crate::root()).unwrap();
    }
}
