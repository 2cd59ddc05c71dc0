//! How often is the place that the fix of a denial of service changed among the first ten that `panics` ranks?
//!
//! `cargo run --release -p fence-scan --example panics FOLDER` takes `crates/scan/tests/panics.txt` and a folder of `.crate`
//! files. Of each advisory the last affected release is ranked; a function counts as fixed where the first fixed release
//! changed, removed or added lines in it. Chance is what ten functions of the list, drawn blindly, would find.

use std::collections::BTreeMap;
use std::path::Path;

use fence_scan::panics::{Panics, panics};
use fence_scan::{Limits, Package, Scan, unpack};

const FIRST: usize = 10;

fn main() {
    let folder = std::env::args().nth(1).expect("a folder of `.crate` files");
    let list = include_str!("../tests/panics.txt");
    let verbose = std::env::args().any(|word| word == "-v");
    let (mut all, mut hits, mut by_chance, mut possible) = (0, 0, 0.0, 0);
    for line in list.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let fields: Vec<&str> = line.split('\t').collect();
        let &[advisory, name, old, new, title] = fields.as_slice() else { panic!("{line}") };
        let open = |version: &str| {
            let path = Path::new(&folder).join(format!("{name}-{version}.crate"));
            std::fs::read(path).ok().map(|bytes| unpack(&bytes, &Limits::default()))
        };
        let (Some(old), Some(new)) = (open(old), open(new)) else {
            println!("{advisory} {name}: not at hand");
            continue;
        };
        let ranked = panics(&Scan::of(&old));
        let fixed = fixed(&old, &new, &ranked);
        let first = fixed.first().copied();
        let is_hit = first.is_some_and(|at| at < FIRST);
        let chance = chance(ranked.functions.len(), fixed.len());
        all += 1;
        hits += usize::from(is_hit);
        possible += usize::from(first.is_some());
        by_chance += chance;
        println!(
            "{} {advisory} {name}: first fixed at {}, {} of {} listed functions fixed, chance {chance:.2}  {title}",
            if is_hit { "hit " } else { "miss" },
            first.map_or("none".to_owned(), |at| (at + 1).to_string()),
            fixed.len(),
            ranked.functions.len(),
        );
        if verbose {
            for (at, of) in ranked
                .functions
                .iter()
                .enumerate()
                .filter(|(at, _)| *at < FIRST || fixed.contains(at))
                .take(40)
            {
                let kinds: Vec<_> = of
                    .sites
                    .iter()
                    .take(4)
                    .map(|site| format!("{}{}", site.kind.as_str(), if site.from_input { "*" } else { "" }))
                    .collect();
                println!(
                    "      {}{:4} {:6} {} {}:{} [{}] {} {}",
                    if fixed.contains(&at) { "F" } else { " " },
                    at + 1,
                    of.score,
                    of.function,
                    of.file,
                    of.line,
                    of.input,
                    kinds.join(" "),
                    of.path.join(" > ")
                );
            }
        }
    }
    println!(
        "{hits} of {all} among the first {FIRST}; {by_chance:.1} by chance; {possible} are in the list at all"
    );
}

/// The functions of the list that the fix changed, by their places in it.
fn fixed(old: &Package, new: &Package, ranked: &Panics) -> Vec<usize> {
    let mut changed: BTreeMap<String, Vec<(u32, u32)>> = BTreeMap::new();
    for (path, before) in old.files().filter(|(path, _)| path.ends_with(".rs")) {
        let Some(after) = new.file(path) else { continue };
        let (before, after) = (String::from_utf8_lossy(before), String::from_utf8_lossy(after));
        let input = imara_diff::InternedInput::new(&*before, &*after);
        let diff = imara_diff::Diff::compute(imara_diff::Algorithm::Histogram, &input);
        let lines =
            diff.hunks().map(|hunk| (hunk.before.start + 1, hunk.before.end.max(hunk.before.start + 1)));
        changed.insert(path.to_owned(), lines.collect());
    }
    let touches = |of: &fence_scan::panics::Panicking| {
        changed
            .get(&of.file)
            .is_some_and(|lines| lines.iter().any(|(from, to)| *from <= of.end && *to >= of.line))
    };
    (0..ranked.functions.len()).filter(|at| touches(&ranked.functions[*at])).collect()
}

/// How likely ten of `all`, drawn blindly, have one of `some`.
fn chance(all: usize, some: usize) -> f64 {
    let misses = (0..FIRST.min(all)).map(|at| {
        let left = (all - at) as f64;
        ((all - some) as f64 - at as f64).max(0.0) / left
    });
    1.0 - misses.product::<f64>()
}
