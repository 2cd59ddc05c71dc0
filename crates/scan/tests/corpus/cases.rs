//! The cases of the corpus: one text file each, of which `README.md` beside this gives the format.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::fs;
use std::path::{Path, PathBuf};

use fence_scan::{File, Finding, Package, Scan, Severity, compare, scan};

/// A case.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) is_suspicious: bool,
    pub(crate) techniques: Vec<String>,
    pub(crate) difficulty: String,
    pub(crate) about: String,
    /// The package, or the older and the newer one.
    pub(crate) packages: Vec<Package>,
}

impl Case {
    /// Scans the package, or compares the two.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        match self.packages.as_slice() {
            [one] => scan(one).findings,
            [old, new] => compare(&Scan::of(old), &Scan::of(new)).findings,
            _ => panic!("{}: one package or two", self.name),
        }
    }

    pub(crate) fn gravest(findings: &[Finding]) -> Severity {
        findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::None)
    }
}

/// All cases, sorted by name.
pub(crate) fn all() -> Vec<Case> {
    let corpus = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut cases = Vec::new();
    for (folder, is_suspicious) in [("suspicious", true), ("honest", false)] {
        let mut paths: Vec<PathBuf> =
            fs::read_dir(corpus.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        cases.extend(paths.iter().map(|path| read(path, is_suspicious)));
    }
    cases
}

fn read(path: &Path, is_suspicious: bool) -> Case {
    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
    let text = fs::read_to_string(path).unwrap();
    let (header, body) = text.split_once("\n-- ").unwrap_or_else(|| panic!("{name}: no files"));
    let value = |key: &str| {
        let line = header.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
        line.unwrap_or_else(|| panic!("{name}: no {key}")).trim().to_owned()
    };
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for part in body.split("\n-- ") {
        let (head, contents) = part.split_once('\n').unwrap_or((part, ""));
        let head = head
            .trim_end()
            .strip_suffix("--")
            .unwrap_or_else(|| panic!("{name}: `{head}` is no head"))
            .trim();
        let (path, bytes) = match head.strip_suffix("(hex)") {
            Some(path) => (path.trim(), unhex(&name, contents)),
            None => (head, format!("{contents}\n").into_bytes()),
        };
        files.push((path.to_owned(), bytes));
    }
    let of = |prefix: &str| -> Vec<File> {
        let files = files.iter().filter_map(|(path, bytes)| Some((path.strip_prefix(prefix)?, bytes)));
        files.map(|(path, bytes)| File { path: path.to_owned(), bytes: bytes.clone() }).collect()
    };
    let is_pair = files.iter().any(|(path, _)| path.starts_with("old/Cargo.toml"));
    let packages = if is_pair {
        vec![Package::of(of("old/")), Package::of(of("new/"))]
    } else {
        vec![Package::of(of(""))]
    };
    Case {
        techniques: value("technique").split_whitespace().map(str::to_owned).collect(),
        difficulty: value("difficulty"),
        about: value("about"),
        packages,
        is_suspicious,
        name,
    }
}

fn unhex(name: &str, text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    assert!(digits.len().is_multiple_of(2), "{name}: an odd number of hex digits");
    let value = |digit: u8| char::from(digit).to_digit(16).unwrap() as u8;
    digits.chunks(2).map(|pair| value(pair[0]) << 4 | value(pair[1])).collect()
}
