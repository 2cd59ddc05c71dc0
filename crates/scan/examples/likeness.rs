//! Says of each pair of a list how alike the two are: `likeness LIST SET FOLDER…`.
//!
//! A line of the list is `CRATE VERSION CRATE VERSION copy|other WHY…`, the known package first. The folders hold `.crate`
//! files; SET says what is common.

use std::path::PathBuf;

use fence_scan::likeness::{FEWEST, Fingerprint, FingerprintSet, Shares};
use fence_scan::{Limits, unpack};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [list, set, folders @ ..] = arguments.as_slice() else {
        panic!("likeness LIST SET FOLDER…");
    };
    let set = FingerprintSet::parse(&std::fs::read(set).expect("a set")).expect("a set");
    let fingerprint = |name: &str, version: &str| {
        let file = format!("{name}-{version}.crate");
        let path = folders.iter().map(|folder| PathBuf::from(folder).join(&file)).find(|path| path.exists());
        let bytes = std::fs::read(path.unwrap_or_else(|| panic!("{file} is in none of the folders")));
        Fingerprint::of(&unpack(&bytes.expect("a file"), &Limits::default()))
    };
    // Copies found and missed, others called copies and not.
    let mut counts = [0_usize; 4];
    let list = std::fs::read_to_string(list).expect("a list");
    let lines = list.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    for line in lines {
        let words: Vec<&str> = line.split(' ').collect();
        let [known, known_version, new, new_version, truth, ..] = words.as_slice() else {
            panic!("no pair: {line}");
        };
        let (left, right) = (fingerprint(known, known_version), fingerprint(new, new_version));
        let shares = set.shares(&left, &right);
        let found = shares.and_then(Shares::relation);
        let at = match (*truth, found) {
            ("copy", Some(_)) => 0,
            ("copy", None) => 1,
            ("other", Some(_)) => 2,
            _ => 3,
        };
        counts[at] += 1;
        let Shares { of_known, of_new, both } = shares.unwrap_or_default();
        let small =
            if shares.is_none() { format!(" too little code: {FEWEST} are needed") } else { String::new() };
        println!(
            "{} {truth:5} {found:?} known {of_known:.2} new {of_new:.2} both {both:.2} of {} and {}: {known} {known_version}, {new} {new_version}{small}",
            if at == 1 || at == 2 { "WRONG" } else { "right" },
            set.own(&left),
            set.own(&right),
        );
    }
    let [found, missed, wrong, right] = counts;
    println!(
        "{found} of {} copies found, {wrong} of {} others called copies: precision {:.3}, recall {:.3}",
        found + missed,
        wrong + right,
        found as f64 / (found + wrong).max(1) as f64,
        found as f64 / (found + missed).max(1) as f64,
    );
}
