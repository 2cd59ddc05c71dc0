//! Compares pairs of releases, and says which changes ask for a reviewer: `pairs FOLDER LIST [--all]`.
//!
//! The list has a line `CRATE OLDER NEWER` for each pair, the folder a file `CRATE-VERSION.crate` for each release. Which
//! pairs docs/scanner.md is about, and how to get them again, is said in `tests/pairs.txt` and
//! `tests/pairs-unseen.txt`.

use std::path::Path;

use fence_scan::{Asks, BuildCode, Limits, Package, Scan, compare, unpack};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, list, more @ ..] = arguments.as_slice() else {
        panic!("pairs FOLDER LIST [--all]");
    };
    let all = more.iter().any(|word| word == "--all");
    let (mut pairs, mut asking, mut unchanged, mut lines) = (0, 0, 0, Vec::new());
    let (mut capability, mut build, mut finding) = (0, 0, 0);
    for line in std::fs::read_to_string(list).expect("a list").lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut words = line.split_whitespace();
        let (Some(name), Some(from), Some(to)) = (words.next(), words.next(), words.next()) else {
            panic!("`{line}` is not CRATE OLDER NEWER");
        };
        let (old, new) =
            (open(folder.as_ref(), name, from.to_owned()), open(folder.as_ref(), name, to.to_owned()));
        let change = compare(&Scan::of(&old), &Scan::of(&new));
        let asks = Asks::of(&change);
        pairs += 1;
        lines.push(change.review_lines);
        unchanged += u32::from(asks.unchanged);
        if !asks.for_a_reviewer() {
            if all {
                let others: Vec<&str> = asks.other_capabilities.iter().map(|of| of.as_str()).collect();
                println!(
                    "{name} {from} {to}: {} lines, build code {:?}, {}",
                    change.review_lines,
                    asks.build_code,
                    others.join(" ")
                );
            }
            continue;
        }
        asking += 1;
        capability += u32::from(!asks.new_capabilities.is_empty());
        build += u32::from(asks.new_build_code());
        finding += u32::from(!asks.findings.is_empty());
        println!("{name} {from} {to}: asks for a reviewer, {} lines", change.review_lines);
        for gained in &asks.new_capabilities {
            let through = change.uses.iter().find(|of| of.capability == *gained);
            let through = through.map_or_else(String::new, |of| {
                format!(
                    "{} in {}, {}:{} ({})",
                    of.through,
                    of.function,
                    of.span.file,
                    of.span.line,
                    of.place.as_str()
                )
            });
            println!("    new-capability {gained}: {through}");
        }
        if asks.build_code == BuildCode::New {
            println!("    new-build-code: the older had none");
        }
        for of in &asks.build_uses {
            println!(
                "    new-build-code {}: {} in {}, {}:{}",
                of.capability, of.through, of.function, of.span.file, of.span.line
            );
        }
        for of in &asks.findings {
            println!(
                "    unreviewed-finding {} {} {}:{} {} [{}]",
                of.severity.as_str(),
                of.code,
                of.file,
                of.line,
                of.reason,
                of.function
            );
        }
    }
    lines.sort_unstable();
    println!(
        "{pairs} pairs: {asking} ask for a reviewer ({:.1} %): new-capability {capability}, new-build-code {build}, unreviewed-finding {finding}",
        f64::from(asking) * 100.0 / f64::from(pairs)
    );
    println!(
        "unchanged-code {unchanged}; half of them have at most {} lines to read",
        lines[lines.len() / 2]
    );
}

fn open(folder: &Path, name: &str, version: String) -> Package {
    let path = folder.join(format!("{name}-{version}.crate"));
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    unpack(&bytes, &Limits::default())
}
