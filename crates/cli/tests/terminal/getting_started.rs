//! `docs/getting-started.md`, walked through as its reader would: every command in it is run, every output compared.
//!
//! A block of `console` holds commands after `$ ` and what they print. What happens in the world between two blocks
//! is said in a comment of the page, and done by [`meanwhile`]. With `FENCE_WRITE_DOCS` set the outputs are written.

use crate::calm;
use crate::project::Project;

#[test]
fn the_page_in_docs_shows_what_a_beginner_sees() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/getting-started.md");
    let page = std::fs::read_to_string(path).unwrap();
    let mut project = calm();
    project.later("2026-08-18T12:00:00Z");
    let walked = walk(&page, &mut project);
    if std::env::var_os("FENCE_WRITE_DOCS").is_some() {
        return std::fs::write(path, walked).unwrap();
    }
    assert!(
        walked == page,
        "docs/getting-started.md is out of date: run `FENCE_WRITE_DOCS=1 cargo test -p cargo-fence docs`"
    );
}

/// The page with the outputs that its commands have today.
fn walk(page: &str, project: &mut Project) -> String {
    let mut walked = String::new();
    let mut is_console = false;
    let mut exit_code = String::new();
    for line in page.lines() {
        match line {
            "```console" => is_console = true,
            "```" => is_console = false,
            // A recipe's commands have to be understood too; what they print is the CI's.
            _ if line.trim_start().starts_with("- run: cargo fence ") => {
                project.must_exist(line.trim_start().trim_start_matches("- run: "));
            }
            _ => {
                if let Some(event) = line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->")) {
                    meanwhile(event, project);
                }
            }
        }
        match line.strip_prefix("$ ") {
            Some("echo $?") if is_console => walked += &format!("{line}\n{exit_code}\n"),
            Some(command) if is_console => {
                let (output, code) = printed(command, project);
                walked += &format!("{line}\n{output}");
                exit_code = code;
            }
            // What was printed once is replaced by what is printed now.
            None if is_console && line != "```console" => {}
            _ => walked += &format!("{line}\n"),
        }
    }
    walked
}

/// What `command` prints, and its exit code.
fn printed(command: &str, project: &Project) -> (String, String) {
    if let Some(file) = command.strip_prefix("cat ") {
        // That the advisories lie in a folder of the project is the test's doing, not the reader's.
        let text = project.read(file);
        let text = text.split("\n# As `--feed`").next().unwrap_or_default();
        return (text.to_owned(), "0".to_owned());
    }
    let line = command.strip_prefix("cargo fence ");
    let seen = project.run(line.unwrap_or_else(|| panic!("nobody knows what `{command}` prints")));
    let (_, seen) = seen.split_once('\n').unwrap();
    let (seen, code) = seen.rsplit_once("[exit code ").unwrap();
    (seen.replace("[…]s", "0.01s"), code.trim_end_matches(']').to_owned())
}

/// What happens between two commands.
fn meanwhile(event: &str, project: &mut Project) {
    match event {
        "from here on: the audit sets can be read, and know none of these crates" => {
            let sets = ["bytecode-alliance", "embark-studios", "google", "isrg", "mozilla", "zcash"];
            project.read_nothing_from(&sets);
        }
        "meanwhile: lexopt 0.3.3 is published, and two days later locked" => {
            project.publish("lexopt", "0.3.3", "2026-08-16T12:00:00Z", &[]);
            project.relock(&("lexopt", "0.3.3", &["arrayref"]));
        }
        "meanwhile: arrayref is taken over, and 0.3.10 locked" => {
            project.later("2026-08-20T07:30:00Z");
            project.publish("proc-macro1", "1.0.106", "2026-08-20T02:11:00Z", &[]);
            project.publish("proc-macro1", "1.0.107", "2026-08-20T07:11:00Z", &[]);
            project.publish("arrayref", "0.3.10", "2026-08-20T07:15:00Z", &[("proc-macro1", "^1.0.107")]);
            project.yank("arrayref", &["0.3.5", "0.3.6", "0.3.7", "0.3.8", "0.3.9"]);
            project.relock(&("arrayref", "0.3.10", &["proc-macro1"]));
            project.lock(&("proc-macro1", "1.0.107", &[]));
        }
        "meanwhile: arrayref 0.3.9 is locked again" => {
            project.unlock("proc-macro1");
            project.relock(&("arrayref", "0.3.9", &[]));
        }
        _ => panic!("nobody knows how to bring about: {event}"),
    }
}
