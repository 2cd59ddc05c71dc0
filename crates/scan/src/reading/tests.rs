//! What is to be read of small changes.

use super::*;
use crate::File;

const MANIFEST: &str = "[package]\nname = \"x\"\nversion = \"1.0.0\"\n";

fn package(files: &[(&str, &str)]) -> Package {
    let manifest = ("Cargo.toml", MANIFEST);
    let files = std::iter::once(&manifest).chain(files);
    Package::of(files.map(|(path, text)| File { path: (*path).to_owned(), bytes: text.as_bytes().to_vec() }))
}

fn reading(old: &[(&str, &str)], new: &[(&str, &str)]) -> Reading {
    let (old, new) = (package(old), package(new));
    read(&Scan::of(&old), &Scan::of(&new))
}

/// The hunks of a library's change: what they weigh, where they are, and their lines, what differs between `»` and `«`.
fn shown(old: &str, new: &str) -> Vec<String> {
    let reading = reading(&[("src/lib.rs", old)], &[("src/lib.rs", new)]);
    let piece =
        |piece: &Piece| if piece.differs { format!("»{}«", piece.text) } else { piece.text.clone() };
    let line = |line: &Line| {
        let sign = match line.fate {
            Fate::Kept => ' ',
            Fate::Gone => '-',
            Fate::New => '+',
        };
        format!("{sign}{} {}", line.number, line.pieces.iter().map(piece).collect::<String>())
    };
    let hunk = |hunk: &Hunk| {
        let lines: Vec<String> = hunk.lines.iter().map(line).collect();
        format!("{:?} in {:?}: {}", hunk.weight, hunk.function, lines.join(" | "))
    };
    reading.files.iter().flat_map(|file| &file.hunks).map(hunk).collect()
}

#[test]
fn what_differs_in_a_line_is_marked() {
    let old = "pub fn f() -> u8 {\n    g(1, 2)\n}\n";
    assert_eq!(
        shown(old, &old.replace('2', "3")),
        ["Read in \"f\":  1 pub fn f() -> u8 { | -2     g(1, »2«) | +2     g(1, »3«) |  3 }"]
    );
}

#[test]
fn comments_and_formatting_are_mere_looks() {
    let old = "/// Says a.\npub fn f(a: u8) -> u8 { a }\n";
    let new = "/// Says b.\npub fn f(\n    a: u8,\n) -> u8 {\n    a\n}\n";
    let seen = shown(old, new);
    assert!(seen.len() == 1 && seen[0].starts_with("Looks in"), "{seen:?}");
}

#[test]
fn tests_are_told_apart_from_code() {
    let old = "pub fn f() {}\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn t() {\n        assert!(true);\n    }\n}\n";
    let seen = shown(old, &old.replace("true", "1 == 1"));
    assert!(seen.len() == 1 && seen[0].starts_with("Tests in \"t\""), "{seen:?}");
    let reading = reading(&[("src/lib.rs", old)], &[("src/lib.rs", &old.replace("true", "1 == 1"))]);
    assert_eq!(reading.comparison.review_lines, 0);
    let seen = shown(old, &old.replace("#[cfg(test)]", "#[cfg(not(test))]"));
    assert!(seen[0].starts_with("Read"), "what is a test no more is to be read: {seen:?}");
}

/// Expected: code that a comment takes away, though no line of it changed, is no mere matter of looks.
#[test]
fn what_opens_a_comment_is_to_be_read() {
    let old = "pub fn f() {\n    check();\n    // */\n}\n";
    let seen = shown(old, &old.replace("f() {\n", "f() {\n    /*\n"));
    assert!(seen.iter().all(|hunk| hunk.starts_with("Read")), "{seen:?}");
}

#[test]
fn files_come_by_what_they_can_do() {
    let old = [("src/lib.rs", "pub fn a() {}\nmod b;\nmod c;\n"), ("src/b.rs", ""), ("src/c.rs", "")];
    let new = [
        ("src/lib.rs", "pub fn a() {}\nmod b;\nmod c;\nconst D: &str = include_str!(\"../d.txt\");\n"),
        ("src/b.rs", "pub fn b() { c(); }\n"),
        ("src/c.rs", "pub fn c() { std::process::Command::new(\"x\").spawn(); }\n"),
        ("build.rs", "fn main() {}\n"),
        ("tests/t.rs", "#[test] fn t() {}\n"),
        ("d.txt", "d\n"),
        ("tests/e.txt", "e\n"),
        ("README.md", "x\n"),
        ("Cargo.lock", "x\n"),
        ("data.bin", "\u{0}\u{0}\u{0}"),
    ];
    let groups: Vec<(Group, String)> =
        reading(&old, &new).files.into_iter().map(|file| (file.group, file.file.path)).collect();
    let expected = [
        (Group::Build, "build.rs"),
        (Group::Suspect, "src/c.rs"),
        (Group::Code, "src/b.rs"),
        (Group::Code, "src/lib.rs"),
        (Group::Foreign, "d.txt"),
        (Group::Tests, "tests/t.rs"),
        (Group::Tests, "tests/e.txt"),
        (Group::Documents, "README.md"),
        (Group::Other, "data.bin"),
        (Group::Other, "Cargo.lock"),
    ];
    assert_eq!(groups, expected.map(|(group, path)| (group, path.to_owned())));
}

#[test]
fn what_is_beyond_a_limit_is_counted() {
    let long = format!("pub const A: &str = \"{}\";\n", "ü".repeat(2_000));
    let many = "pub const B: u8 = 1;\n".repeat(FILE_LINES + 5);
    let reading = reading(
        &[("src/lib.rs", "mod m;\n"), ("src/m.rs", "")],
        &[("src/lib.rs", &format!("mod m;\n{long}")), ("src/m.rs", &many)],
    );
    let of = |path: &str| reading.files.iter().find(|file| file.file.path == path).unwrap();
    assert_eq!(of("src/m.rs").left_out, 5);
    let line = of("src/lib.rs").hunks[0].lines.iter().find(|line| line.cut > 0).unwrap();
    let shown: usize = line.pieces.iter().map(|piece| piece.text.len()).sum();
    assert!(shown <= LINE_BYTES && line.pieces.iter().all(|piece| !piece.text.contains('\u{fffd}')));
    assert_eq!(shown as u64 + line.cut, long.trim_end().len() as u64);
}

#[test]
fn a_commit_is_what_cargo_writes() {
    let of = |text: &str| commit(&package(&[(".cargo_vcs_info.json", text)]));
    let id = "0123456789abcdef0123456789abcdef01234567";
    let clean = of(&format!("{{\n  \"git\": {{\n    \"sha1\": \"{id}\"\n  }},\n  \"path_in_vcs\": \"\"\n}}"));
    assert_eq!(clean, Some(Commit { id: id.to_owned(), is_dirty: false }));
    let dirty = of(&format!("{{\"git\":{{\"sha1\":\"{id}\",\"dirty\":true}}}}")).unwrap();
    assert!(dirty.is_dirty);
    assert_eq!(of("{\"git\":{\"sha1\":\"\u{1b}[2J\"}}"), None);
}

proptest::proptest! {
    /// Expected: of any two files every line is there once, on its side, in its order.
    #[test]
    fn nothing_of_a_change_is_lost(old in "[a-c/*\"' \n]{0,120}", new in "[a-c/*\"' \n]{0,120}") {
        let reading = reading(&[("src/lib.rs", &old)], &[("src/lib.rs", &new)]);
        let file = reading.files.iter().find(|file| file.file.path == "src/lib.rs");
        let Some(file) = file else { proptest::prop_assert_eq!(&old, &new); return Ok(()) };
        let text = |line: &Line| line.pieces.iter().map(|piece| piece.text.as_str()).collect::<String>();
        let lines = || file.hunks.iter().flat_map(|hunk| &hunk.lines);
        let olds: Vec<&str> = old.split('\n').collect();
        let news: Vec<&str> = new.split('\n').collect();
        for line in lines() {
            let side = if line.fate == Fate::Gone { &olds } else { &news };
            proptest::prop_assert_eq!(side[line.number as usize - 1], text(line));
        }
        // Both sides are the same once the changes are taken out.
        let count = |fate| lines().filter(|line| line.fate == fate).count();
        proptest::prop_assert_eq!(
            old.lines().count() - count(Fate::Gone),
            new.lines().count() - count(Fate::New)
        );
    }
}
