//! What attackers write: the corpus of the fuzz targets, tokens in any order, and archives that are not what they seem.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::fs;
use std::path::Path;

use fence_scan::{Limits, ProblemKind, unpack};
use proptest::prelude::*;

#[path = "../../../fuzz/checks/scan.rs"]
mod checks;

fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()))
        .collect();
    files.sort();
    assert!(files.len() >= 5, "{target}");
    files
}

#[test]
fn the_corpus_of_the_fuzz_targets_holds() {
    for (_, bytes) in corpus("scan_source") {
        checks::source(&bytes);
    }
    for (_, bytes) in corpus("change") {
        checks::change(&bytes);
    }
    for (_, bytes) in corpus("crate_file") {
        checks::crate_file(&bytes);
    }
    for (_, bytes) in corpus("fingerprints") {
        checks::fingerprints(&bytes);
    }
    for (_, bytes) in corpus("source_tree") {
        checks::source_tree(&bytes);
    }
}

#[test]
fn an_archive_that_cargo_never_makes_says_what_is_wrong() {
    let problems = |name: &str| -> Vec<String> {
        let (_, bytes) = corpus("crate_file").into_iter().find(|(of, _)| of == name).unwrap();
        let limits = Limits { bytes: 100_000, file_bytes: 1000, ..Limits::default() };
        unpack(&bytes, &limits)
            .problems
            .into_iter()
            .map(|problem| format!("{:?}: {}", problem.kind, problem.what))
            .collect()
    };
    assert_eq!(problems("plain"), Vec::<String>::new());
    assert_eq!(
        problems("tampered"),
        [
            "Tampering: a-1.0.0/../../x leads out of the package, or says its path in two ways",
            "Tampering: a-1.0.0/l is a link or device, which cargo never packs",
            "Tampering: b/x lies outside of the package's folder a-1.0.0",
            "Tampering: the package has two files called Cargo.toml: which one counts depends on who unpacks it",
            "Tampering: Cargo.toml and cargo.toml are one file on some systems",
        ]
    );
    let (_, bomb) = corpus("crate_file").into_iter().find(|(of, _)| of == "bomb").unwrap();
    let of_bomb = unpack(&bomb, &Limits { bytes: 100_000, ..Limits::default() });
    assert!(
        of_bomb.problems.iter().any(|problem| problem.kind == ProblemKind::Limit),
        "{:?}",
        of_bomb.problems
    );
    assert!(problems("text")[0].starts_with("Damage: "), "{:?}", problems("text"));
    assert!(problems("cut")[0].starts_with("Damage: "), "{:?}", problems("cut"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn tokens_in_any_order_are_read_to_their_end(tokens in prop::collection::vec(prop::sample::select(TOKENS), 0..120)) {
        checks::source(tokens.join(" ").as_bytes());
    }

    #[test]
    fn bytes_in_any_order_are_read_to_their_end(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        checks::source(&bytes);
        checks::crate_file(&bytes);
    }
}

const TOKENS: &[&str] = &[
    "fn",
    "f",
    "main",
    "use",
    "std",
    "::",
    "process",
    "Command",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "<",
    ">",
    ";",
    ",",
    "as",
    "self",
    "super",
    "crate",
    "impl",
    "for",
    "Drop",
    "mod",
    "tests",
    "#",
    "!",
    "=",
    "\"sh\"",
    "\"-c\"",
    "\"aHR0cDovL2EuZXhhbXBsZS94\"",
    "0x63",
    "b'c'",
    "'a",
    "const",
    "static",
    "X",
    ":",
    "extern",
    "\"C\"",
    "macro_rules",
    "$",
    "include",
    "env",
    "\"OUT_DIR\"",
    "cfg",
    "test",
    "path",
    "\"../x.dat\"",
    "unsafe",
    ".",
    "rev",
    "new",
    "type",
    "*",
    "^",
    "net",
    "TcpStream",
    "connect",
    "trait",
    "where",
    "pub",
    "concat",
    "let",
    "link_section",
    "\".init_array\"",
    "no_mangle",
    "r#\"x\"#",
    "/*",
    "//",
    "\n",
];
