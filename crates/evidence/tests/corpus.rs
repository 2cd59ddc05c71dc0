//! The fuzz targets' checks hold on their corpus, and on everything that the other tests read.

#[path = "../../../fuzz/checks/evidence.rs"]
mod checks;

/// Runs `check` on every file of a target's corpus.
fn replay(target: &str, check: fn(&[u8])) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/");
    let mut replayed = 0;
    for entry in std::fs::read_dir(format!("{folder}{target}")).expect("a corpus") {
        check(&std::fs::read(entry.expect("an entry").path()).expect("a file"));
        replayed += 1;
    }
    assert!(replayed > 0, "{target} has no corpus");
}

#[test]
fn crev() {
    replay("crev", checks::crev_proofs);
}

#[test]
fn rustsec_advisory() {
    replay("rustsec_advisory", checks::rustsec_advisory);
}

#[test]
fn osv() {
    replay("osv", checks::osv);
}

#[test]
fn vet_audits() {
    replay("vet_audits", checks::vet_audits);
}

#[test]
fn vet_config() {
    replay("vet_config", checks::vet_config);
}

#[test]
fn vet_imports() {
    replay("vet_imports", checks::vet_imports);
}

#[test]
fn statement() {
    replay("statement", checks::statement);
}

#[test]
fn dump_table() {
    replay("dump_table", checks::dump_table);
}
