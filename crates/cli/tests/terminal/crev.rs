//! Releases that people reviewed with crev: real proofs, and one of them with a byte changed.

use std::fs;
use std::path::Path;

use fence_testkit::crev::real;

use crate::project::Project;

const AUTHOR: &str = "6OZqHXqyUAF57grEY7IVMjRljdd9dgDxiNtr1NF1BdY";

/// The day after a release of aseprite that somebody reviewed, who thinks little of the releases before it.
fn reviewed(trust: &str) -> Project {
    let mut project = Project::at("2020-10-12T12:00:00Z", &[("app", "0.1.0", &["aseprite"])]);
    project.publish("aseprite", "0.1.0", "2020-01-01T00:00:00Z", &[]);
    project.publish("aseprite", "0.1.1", "2020-02-01T00:00:00Z", &[]);
    project.publish("aseprite", "0.1.2", "2020-10-11T09:00:00Z", &[]);
    project.lock(&("aseprite", "0.1.2", &[]));
    project.write(
        "fence.toml",
        format!("[wait]\nbase = \"7 days\"\nfloor-audited-once = \"6 hours\"\n\n[feeds.maulingmonkey]\nrole = \"crev\"\npath = \"proofs\"\ntrust = {{ {AUTHOR} = \"{trust}\" }}\n"),
    );
    project.write("proofs/2020-10.proof.crev", proofs());
    project
}

fn proofs() -> String {
    let sample = "../evidence/tests/data/crev/MaulingMonkey+crev-proofs";
    let file = format!("{sample}/{AUTHOR}/reviews/2020-10-package-dnBrJQ.proof.crev");
    real(&fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap())
}

#[test]
fn a_review_by_somebody_trusted_admits() {
    let project = reviewed("medium");
    insta::assert_snapshot!(project.run("check"), @r"
    $ cargo fence check
        Finished 1 admitted (1 audited), 1 of this project at level medium in […]s
    [exit code 0]
    ");
    insta::assert_snapshot!(project.run("list"), @r"
    $ cargo fence list
    admit  aseprite  0.1.2  audited
    [exit code 0]
    ");
    insta::assert_snapshot!(project.run("why aseprite"), @r"
    $ cargo fence why aseprite
    aseprite 0.1.2 is admitted: audited, level medium
      2020-10-11  published 1 day ago
      2020-10-11  audited-once: audited by crev:maulingmonkey@6OZqHXqy (0.1.2)  → speaks for it
      wait        7 days (level medium), then 6 hours (audited-once); in the open for 1 day, over since
                  2020-10-11
      compared    with 0.1.1
      source      not compared with its repository: `cargo fence source aseprite@0.1.2`
      attains     level medium by itself; unknown: journal, publishers, capabilities, people
      digest      e1e1e1e1…
      through     app > aseprite
    [exit code 0]
    ");
    insta::assert_snapshot!(project.run("why aseprite@0.1.1"), @r"
    $ cargo fence why aseprite@0.1.1
    aseprite 0.1.1 is admitted: by age, level medium
      2020-02-01  published 254 days ago
      2020-10-11  disliked: crev:maulingmonkey@6OZqHXqy thinks badly of it, without calling it dangerous
      wait        7 days (level medium); in the open for 254 days, over since 2020-02-08
      compared    with 0.1.0
      source      not compared with its repository: `cargo fence source aseprite@0.1.1`
      attains     level medium by itself; unknown: journal, publishers, capabilities, people
      digest      e1e1e1e1…
      through     not in the lockfile
    [exit code 0]
    ");
    let update = project.run("update");
    assert!(update.contains("Feed maulingmonkey: unchanged, 7 audits,"), "{update}");
}

#[test]
fn a_review_that_was_changed_admits_nothing() {
    let mut project = reviewed("medium");
    project.write(
        "proofs/2020-10.proof.crev",
        proofs().replacen("Looks fairly exhaustive", "Looks fairly exhaustible", 1),
    );
    insta::assert_snapshot!(project.run("check"), @r#"
    $ cargo fence check
        Checking 1 release at level medium (index 0 min old, maulingmonkey 0 min, rustsec 0 min)
    held[young]: aseprite 0.1.2
      --> Cargo.lock:13
       |
    13 | name = "aseprite"
       | ^^^^^^^^^^^^^^^^^ published 1 day ago; admitted in 6 days, on 2020-10-18
       |
       = through: app > aseprite
    help: stay on 0.1.1, which is admitted
          cargo update -p aseprite --precise 0.1.1
    help: or look at what is known about it
          cargo fence why aseprite@0.1.2

    warning: maulingmonkey: 2020-10.proof.crev, line 78: the signature is not
          6OZqHXqyUAF57grEY7IVMjRljdd9dgDxiNtr1NF1BdY's over this text: it was changed after signing, or
          forged; the rest is used
        Finished 0 admitted, 1 held, 0 blocked, 1 of this project in […]s
    [exit code 1]
    "#);
}

#[test]
fn a_machine_s_review_is_shown_and_admits_nothing() {
    let project = reviewed("machine");
    insta::assert_snapshot!(project.run("why aseprite"), @r#"
    $ cargo fence why aseprite
    aseprite 0.1.2 is held[young], level medium
      2020-10-11  published 1 day ago
      2020-10-11  young: in the open for 1 day, 7 days are asked for  → holds
      2020-10-11  machine-reviewed: crev:maulingmonkey@6OZqHXqy had a machine review it, which found
                  nothing bad
      wait        7 days (level medium); in the open for 1 day, over in 6 days, on 2020-10-18
      compared    with 0.1.1
      source      not compared with its repository: `cargo fence source aseprite@0.1.2`
      attains     no level by itself; unknown: journal, publishers, capabilities, people
      digest      e1e1e1e1…
      through     app > aseprite
      ways out
                  - wait until 2020-10-18T09:00:00Z
                  - one audit by a trusted reviewer or set
                  - an exception for young (override)
                  cargo fence except aseprite@0.1.2 --codes young --because "…" --until 2020-10-19
    [exit code 0]
    "#);
}
