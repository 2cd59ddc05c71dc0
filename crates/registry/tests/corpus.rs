//! The fuzz targets' checks hold on their corpus, and on the excerpts that the other tests read.

#[path = "../../../fuzz/checks/registry.rs"]
mod checks;

/// Runs `check` on every file of a target's corpus, and on every shorter part of the small ones.
fn replay(target: &str, check: fn(&[u8])) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/");
    let mut replayed = 0;
    for entry in std::fs::read_dir(format!("{folder}{target}")).expect("a corpus") {
        let bytes = std::fs::read(entry.expect("an entry").path()).expect("a file");
        check(&bytes);
        if bytes.len() < 2_000 {
            (0..bytes.len()).for_each(|end| check(&bytes[..end]));
        }
        replayed += 1;
    }
    assert!(replayed > 0, "{target} has no corpus");
}

#[test]
fn index_file() {
    replay("index_file", checks::index_file);
}

#[test]
fn lockfile() {
    replay("lockfile", checks::lockfile);
    checks::lockfile(include_bytes!("data/excerpt.lock"));
}

#[test]
fn journal() {
    replay("journal", checks::journal);
}

#[test]
fn config_json() {
    replay("config_json", checks::config_json);
}
