//! The fuzz target's check holds on its corpus.

#[path = "../../../fuzz/checks/snapshot.rs"]
mod checks;

/// Every file of the corpus, and every shorter part of it.
#[test]
fn snapshot() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/snapshot");
    let mut replayed = 0;
    for entry in std::fs::read_dir(folder).expect("a corpus") {
        let bytes = std::fs::read(entry.expect("an entry").path()).expect("a file");
        checks::snapshot(&bytes);
        if bytes.len() < 2_000 {
            (0..bytes.len()).for_each(|end| checks::snapshot(&bytes[..end]));
        }
        replayed += 1;
    }
    assert!(replayed > 0, "snapshot has no corpus");
}
