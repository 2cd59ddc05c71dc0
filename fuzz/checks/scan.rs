//! What must hold of whatever bytes the scanner is given. The fuzz targets run these checks on invented bytes,
//! `crates/scan/tests/hostile.rs` on the corpus.

#![allow(dead_code, reason = "each target uses its own check")]

use fence_scan::{File, Limits, Package, Report, Scan, compare, scan, unpack};

/// Whatever is in a source file, it is read to its end, and what is found lies in it.
pub(crate) fn source(bytes: &[u8]) {
    let manifest = b"[package]\nname = \"a\"\nversion = \"1.0.0\"\ndescription = \"Pads words\"\n";
    let file = |path: &str, bytes: &[u8]| File { path: path.to_owned(), bytes: bytes.to_vec() };
    // One half of it is the library, and the other the build script.
    let (library, build) = bytes.split_at(bytes.len() / 2);
    let package =
        Package::of([file("Cargo.toml", manifest), file("src/lib.rs", library), file("build.rs", build)]);
    let scanned = Scan::of(&package);
    holds(&package, &scanned.report);
    // Nothing is new in what did not change.
    let same = compare(&scanned, &scanned);
    assert!(same.unchanged && same.findings.is_empty() && same.review_lines == 0, "{same:?}");
}

/// Whatever an archive is, its files are within the limits and inside of the package.
pub(crate) fn crate_file(bytes: &[u8]) {
    let limits = Limits { bytes: 1 << 20, file_bytes: 1 << 16, files: 100, ratio: 200, path_bytes: 200 };
    let package = unpack(bytes, &limits);
    assert!(package.files().len() <= 100);
    for (path, bytes) in package.files() {
        assert!(bytes.len() <= 1 << 16 && path.len() <= 600, "{path}");
        assert!(!path.starts_with('/') && path.split('/').all(|part| part != ".."), "{path}");
    }
    holds(&package, &scan(&package));
}

fn holds(package: &Package, report: &Report) {
    for finding in &report.findings {
        let lines = package
            .file(&finding.file)
            .map_or(0, |bytes| bytes.iter().filter(|byte| **byte == b'\n').count() + 1);
        assert!(finding.line as usize <= lines, "{finding:?}");
    }
}
