//! Compares the scanner's capabilities with a table made by hand: `capabilities FOLDER`.
//!
//! The folder has the `.crate` files that `tests/capabilities.txt` names. Says precision and recall for each capability, and
//! each difference with the place that the scanner gives.

use std::collections::BTreeSet;
use std::path::PathBuf;

use fence_scan::{Capability, Limits, Place, scan, unpack};

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).expect("a folder of .crate files"));
    let mut counts = [(0_u32, 0_u32, 0_u32); Capability::ALL.len()];
    for line in include_str!("../tests/capabilities.txt").lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut words = line.split_whitespace();
        let release = words.next().expect("a line is not empty");
        let truth: BTreeSet<&str> = words.collect();
        let bytes = std::fs::read(folder.join(format!("{release}.crate"))).expect("a package of the table");
        let report = scan(&unpack(&bytes, &Limits::default()));
        for (capability, (both, more, fewer)) in Capability::ALL.into_iter().zip(&mut counts) {
            match (report.capabilities.contains(&capability), truth.contains(capability.as_str())) {
                (true, true) => *both += 1,
                (true, false) => {
                    *more += 1;
                    let of = |of: &&fence_scan::Use| of.capability == capability && of.place != Place::Tests;
                    let at = report.uses.iter().find(of);
                    let at = at.map_or_else(String::new, |of| {
                        format!("{} in {}:{}", of.through, of.span.file, of.span.line)
                    });
                    println!("{release}: {capability} is not in the table: {at}");
                }
                (false, true) => {
                    *fewer += 1;
                    println!("{release}: {capability} is missed");
                }
                (false, false) => {}
            }
        }
    }
    println!("{:16} {:>6} {:>9} {:>6}", "", "right", "too many", "missed");
    let mut all = (0, 0, 0);
    for (capability, (both, more, fewer)) in Capability::ALL.into_iter().zip(counts) {
        println!("{:16} {both:6} {more:9} {fewer:6}", capability.as_str());
        all = (all.0 + both, all.1 + more, all.2 + fewer);
    }
    let share = |part: u32, rest: u32| f64::from(part) * 100.0 / f64::from(part + rest);
    println!("precision {:.1} %, recall {:.1} %", share(all.0, all.1), share(all.0, all.2));
}
