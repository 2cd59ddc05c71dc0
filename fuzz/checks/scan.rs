//! What must hold of whatever bytes the scanner is given. The fuzz targets run these checks on invented bytes,
//! `crates/scan/tests/hostile.rs` on the corpus.

#![allow(dead_code, reason = "each target uses its own check")]

use fence_scan::likeness::{Fingerprint, FingerprintSet};
use fence_scan::reading::{self, Fate, Hunk};
use fence_scan::{File, Limits, Package, Report, Scan, compare, scan, unpack};

/// Whatever is in a source file, it is read to its end, and what is found lies in it.
pub(crate) fn source(bytes: &[u8]) {
    // One half of it is the library, and the other the build script.
    let (library, build) = bytes.split_at(bytes.len() / 2);
    let package = package(&[("src/lib.rs", library), ("build.rs", build)]);
    let scanned = Scan::of(&package);
    holds(&package, &scanned.report);
    // Nor is its likeness to anything kept from being measured.
    let _ = Fingerprint::of(&package);
    let panics = fence_scan::panics::panics(&scanned);
    for site in panics.functions.iter().flat_map(|of| &of.sites) {
        let lines = library.iter().filter(|byte| **byte == b'\n').count() + 1;
        assert!(site.span.file == "src/lib.rs" && site.span.line as usize <= lines, "{site:?}");
    }
    assert_eq!(fence_scan::panics::compare(&panics, &panics).gained, []);
    // Nothing is new in what did not change.
    let same = compare(&scanned, &scanned);
    assert!(same.unchanged && same.findings.is_empty() && same.review_lines == 0, "{same:?}");
}

/// Whatever a file was and becomes, each line that is shown of it is one of its own, where it says, and nothing that was
/// added or taken away is left out unsaid.
pub(crate) fn change(bytes: &[u8]) {
    let (before, after) = bytes.split_at(bytes.len() / 2);
    let [before, after] = [before, after].map(|bytes| package(&[("src/lib.rs", bytes)]));
    let read = reading::read(&Scan::of(&before), &Scan::of(&after));
    for file in &read.files {
        for hunk in &file.hunks {
            shows(hunk, before.file(&file.file.path), after.file(&file.file.path));
        }
        let shown = |fate: Fate| {
            let lines = file.hunks.iter().flat_map(|hunk| &hunk.lines);
            lines.filter(|line| line.fate == fate).count() as u64
        };
        let (added, removed) = (shown(Fate::New), shown(Fate::Gone));
        assert!(added <= file.added && removed <= file.removed, "{file:?}");
        if file.left_out == 0 && file.binary.is_none() {
            assert_eq!((added, removed), (file.added, file.removed), "{file:?}");
        }
    }
}

/// Whether each line of a hunk is that of the file at its number.
fn shows(hunk: &Hunk, before: Option<&[u8]>, after: Option<&[u8]>) {
    for line in &hunk.lines {
        let text = if line.fate == Fate::Gone { before } else { after };
        let of_file = text.and_then(|text| text.split(|byte| *byte == b'\n').nth(line.number as usize - 1));
        let of_file = String::from_utf8_lossy(of_file.expect("a line of the file")).into_owned();
        let shown: String = line.pieces.iter().map(|piece| piece.text.as_str()).collect();
        match line.cut {
            0 => assert_eq!(shown.trim_end_matches('\r'), of_file.trim_end_matches('\r'), "{line:?}"),
            _ => assert!(of_file.starts_with(&shown), "{line:?}"),
        }
    }
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
    fence_scan::origin::Origin::of(&package);
}

/// Whatever a repository lists and its links say, what is found for a path is a file that it lists, or none.
pub(crate) fn source_tree(bytes: &[u8]) {
    use fence_scan::origin::{Counterpart, Tree};
    let (listing, target) = bytes.split_at(bytes.len() * 3 / 4);
    let Ok(mut tree) = Tree::parse(listing, 100) else { return };
    let links = tree.unread_links();
    for (path, _) in &links {
        tree.lead(path.clone(), target);
    }
    for (path, _) in &links {
        for path in [path.clone(), format!("{path}/a"), format!("{path}/../a")] {
            if let Counterpart::File { path, .. } = tree.find(&path) {
                assert!(matches!(tree.find(&path), Counterpart::File { path: same, .. } if same == path));
            }
        }
    }
    tree.find(&String::from_utf8_lossy(target));
}

/// A package of a manifest and these files.
fn package(files: &[(&str, &[u8])]) -> Package {
    let manifest = b"[package]\nname = \"a\"\nversion = \"1.0.0\"\ndescription = \"Pads words\"\n";
    let file = |(path, bytes): (&str, &[u8])| File { path: path.to_owned(), bytes: bytes.to_vec() };
    Package::of(std::iter::once(("Cargo.toml", &manifest[..])).chain(files.iter().copied()).map(file))
}

/// Whatever a set of fingerprints is, what is accepted is written again as it was, and what it is asked has an answer.
pub(crate) fn fingerprints(bytes: &[u8]) {
    let Ok(set) = FingerprintSet::parse(bytes) else { return };
    assert_eq!(set.format(), bytes);
    assert!(set.alike(&Fingerprint::default()).is_empty());
    for (_, _, shares) in set.pairs().into_iter().take(1000) {
        for share in [shares.of_known, shares.of_new, shares.both] {
            assert!((0.0..=1.0).contains(&share), "{shares:?}");
        }
    }
}

fn holds(package: &Package, report: &Report) {
    for finding in &report.findings {
        let lines = package
            .file(&finding.file)
            .map_or(0, |bytes| bytes.iter().filter(|byte| **byte == b'\n').count() + 1);
        assert!(finding.line as usize <= lines, "{finding:?}");
    }
}
