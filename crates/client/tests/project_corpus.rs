//! The fuzz targets' checks hold on their corpus, and on every shorter part of it.

#[path = "../../../fuzz/checks/project.rs"]
mod checks;

fn replay(target: &str, check: fn(&[u8])) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/");
    let mut replayed = 0;
    for entry in std::fs::read_dir(format!("{folder}{target}")).expect("a corpus") {
        let bytes = std::fs::read(entry.expect("an entry").path()).expect("a file");
        (0..=bytes.len()).for_each(|end| check(&bytes[..end]));
        replayed += 1;
    }
    assert!(replayed > 0, "{target} has no corpus");
}

#[test]
fn policy() {
    replay("policy", checks::policy);
}

#[test]
fn baseline() {
    replay("baseline", checks::baseline);
}
