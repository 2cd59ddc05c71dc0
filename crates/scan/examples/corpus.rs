//! Recall at medium or above, and false positives at high, over the corpus: `cargo xtask corpus`.
//!
//! With names as arguments: all findings of these cases. With `--half 0` or `--half 1`: that half of the cases alone, so
//! that rules written on one half can be measured on the other.

use std::collections::BTreeMap;

use fence_scan::Severity;

#[path = "../tests/corpus/cases.rs"]
mod cases;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let half = arguments
        .iter()
        .position(|word| word == "--half")
        .map(|at| arguments[at + 1].parse::<usize>().expect("0 or 1"));
    let names: Vec<&String> = if half.is_some() { Vec::new() } else { arguments.iter().collect() };
    let mut by_difficulty: BTreeMap<(bool, String), (u32, u32)> = BTreeMap::new();
    let mut by_technique: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut honest_medium = 0;
    for case in cases::all() {
        if half.is_some_and(|half| case.name.bytes().map(usize::from).sum::<usize>() % 2 != half) {
            continue;
        }
        if !names.is_empty() && !names.iter().any(|name| case.name == **name) {
            continue;
        }
        let findings = case.findings();
        let gravest = cases::Case::gravest(&findings);
        let is_right =
            if case.is_suspicious { gravest >= Severity::Medium } else { gravest < Severity::High };
        let entry = by_difficulty.entry((case.is_suspicious, case.difficulty.clone())).or_default();
        entry.0 += u32::from(is_right);
        entry.1 += 1;
        if case.is_suspicious {
            for technique in &case.techniques {
                let entry = by_technique.entry(technique.clone()).or_default();
                entry.0 += u32::from(is_right);
                entry.1 += 1;
            }
        } else {
            honest_medium += u32::from(gravest == Severity::Medium);
        }
        if !is_right || !names.is_empty() {
            let codes: Vec<String> = findings
                .iter()
                .map(|of| {
                    format!(
                        "      {} {} {}:{} {} ({})",
                        of.severity.as_str(),
                        of.code,
                        of.file,
                        of.line,
                        of.reason,
                        of.function
                    )
                })
                .collect();
            wrong.push(format!(
                "  {} [{}; {}] {}\n{}",
                case.name,
                case.techniques.join(" "),
                case.difficulty,
                case.about,
                codes.join("\n")
            ));
        }
    }
    for ((is_suspicious, difficulty), (right, all)) in &by_difficulty {
        let what = if *is_suspicious { "suspicious, medium or above" } else { "honest, not high" };
        println!("{what:28} {difficulty:8} {right:3} of {all:3}");
    }
    println!("honest at medium: {honest_medium}");
    println!("recall by technique:");
    for (technique, (right, all)) in &by_technique {
        println!("  {technique:4} {right:3} of {all:3}");
    }
    println!("{}:\n{}", if names.is_empty() { "wrong" } else { "asked for" }, wrong.join("\n"));
}
