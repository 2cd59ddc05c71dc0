//! The corpus: what the scanner has to find in code that was written to hide, and what it has to leave alone.
//!
//! `cargo xtask corpus` says more: by technique, and which cases it misses.

use std::collections::BTreeMap;

use fence_scan::Severity;

#[path = "corpus/cases.rs"]
mod cases;

#[test]
fn what_is_found_is_found_again_and_no_honest_crate_is_called_dangerous() {
    let mut found: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for case in cases::all() {
        assert!(
            !case.techniques.is_empty() && !case.about.is_empty(),
            "{}: a case says what it is about",
            case.name
        );
        let gravest = cases::Case::gravest(&case.findings());
        if case.is_suspicious {
            let entry = found.entry(case.difficulty.clone()).or_default();
            entry.0 += u32::from(gravest >= Severity::Medium);
            entry.1 += 1;
        } else if gravest >= Severity::High {
            wrong.push(case.name);
        }
    }
    assert_eq!(wrong, Vec::<String>::new(), "honest crates with a finding at high");
    let (easy, medium, hard) = (found["easy"], found["medium"], found["hard"]);
    assert!(easy.0 == easy.1 && easy.1 >= 29, "easy cases: {easy:?}");
    assert!(medium.0 == medium.1 && medium.1 >= 34, "medium cases: {medium:?}");
    assert!(hard.0 >= 26, "hard cases: {hard:?}");
}
