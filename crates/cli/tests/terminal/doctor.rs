//! `cargo fence doctor`: what answers for crates.io, proved by asking it, and every way around it.

use std::fs;

use insta::assert_snapshot;

use crate::calm;
use crate::project::Project;
use crate::standing::Standing;

/// A calm project in which cargo can be asked.
fn with_cargo() -> Project {
    let mut project = calm();
    project.write("src/main.rs", "fn main() {}\n");
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    project.set("CARGO", &cargo);
    project.set("PATH", &std::env::var("PATH").unwrap_or_default());
    project
}

/// A project that is led to a fence of its own, which serves.
fn behind_a_fence() -> (Standing, crate::standing::Served) {
    let standing = Standing::before_a_mirror("glob = \"=0.3.3\"");
    assert_eq!(standing.cargo.run(["generate-lockfile"]).code, Some(0));
    assert_eq!(standing.run("init").code, Some(0));
    let served = standing.serve("serve --listen 127.0.0.1:0");
    standing.cargo.write(
        ".cargo/config.toml",
        &format!(
            "[source.crates-io]\nreplace-with = \"our-fence\"\n\n[registries.our-fence]\nindex = \"sparse+http://{}/crates-io/\"\n",
            served.address
        ),
    );
    (standing, served)
}

#[test]
fn the_route_is_proved_by_asking() {
    let (standing, _served) = behind_a_fence();
    assert_snapshot!(standing.run("doctor"), @r#"
    $ cargo fence doctor
           Route crates-io -> our-fence (.cargo/config.toml:2)
           Index http://127.0.0.1:[…]/crates-io/
           Fence 0.1.0, level medium, by the policy of .
          Answer packages from http://127.0.0.1:[…]/crates-io/dl/, 2 releases of glob

    warning[project-only]: the route counts in this folder alone: `cargo install`, and other projects,
          ask crates.io itself
      --> .cargo/config.toml:2
    help: lead all that you do with cargo there
          cargo fence enable --global
    help: or install from behind the fence
          cargo fence cargo install PROGRAM

    note[other-registry]: another registry is configured: mirror (http://127.0.0.1:[…]/index/)
      --> [home]/config.toml:5

    note[no-reviewers]: what needs a reviewer waits for an exception: the policy knows nobody whose
          audits count
      --> fence.toml
    help: name sets of audits that you trust, in fence.toml
          [feeds.NAME]
          role = "audits"
          file = "https://…/audits.toml"
        Finished no way around the fence was found, 1 warning, 2 notes
    [exit code 0]
    "#);
}

#[test]
fn in_the_user_s_own_configuration_it_counts_for_all() {
    let (standing, _served) = behind_a_fence();
    let own = fs::read_to_string(standing.cargo.folder().join(".cargo/config.toml")).unwrap();
    fs::remove_file(standing.cargo.folder().join(".cargo/config.toml")).unwrap();
    fs::write(standing.cargo.home().join("config.toml"), own).unwrap();
    assert_snapshot!(standing.run("doctor"), @r#"
    $ cargo fence doctor
           Route crates-io -> our-fence ([home]/config.toml:2)
           Index http://127.0.0.1:[…]/crates-io/
           Fence 0.1.0, level medium, by the policy of .
          Answer packages from http://127.0.0.1:[…]/crates-io/dl/, 2 releases of glob

    note[no-reviewers]: what needs a reviewer waits for an exception: the policy knows nobody whose
          audits count
      --> fence.toml
    help: name sets of audits that you trust, in fence.toml
          [feeds.NAME]
          role = "audits"
          file = "https://…/audits.toml"
        Finished no way around the fence was found, 1 note
    [exit code 0]
    "#);
    assert_snapshot!(standing.run("doctor --quiet"), @"
    $ cargo fence doctor --quiet
    [exit code 0]
    ");
}

/// `cargo fence enable` in a project, and then `--global`: what counts for all is said twice.
#[test]
fn in_both_it_counts_for_all() {
    let (standing, _served) = behind_a_fence();
    let own = fs::read_to_string(standing.cargo.folder().join(".cargo/config.toml")).unwrap();
    fs::write(standing.cargo.home().join("config.toml"), own).unwrap();
    let doctor = standing.run("doctor").to_string();
    assert!(!doctor.contains("project-only"), "{doctor}");
}

#[test]
fn a_fence_that_does_not_answer_is_no_route() {
    let (standing, served) = behind_a_fence();
    drop(served);
    assert_snapshot!(standing.run("doctor"), @r#"
    $ cargo fence doctor
           Route crates-io -> our-fence (.cargo/config.toml:2)
           Index http://127.0.0.1:[…]/crates-io/
          Answer none

    broken[fence-silent]: nothing can be fetched: http://127.0.0.1:[…]/crates-io/ answers for
          crates.io here, and does not answer
      --> .cargo/config.toml:2
       = http://127.0.0.1:[…]/crates-io/config.json cannot be reached: nobody listens there
    help: start the fence, in the folder whose policy counts
          cargo fence serve
    help: look at the connection and at `http.proxy` in cargo's configuration, or use what is on this
          machine with `--offline`

    note[other-registry]: another registry is configured: mirror (http://127.0.0.1:[…]/index/)
      --> [home]/config.toml:5

    note[no-reviewers]: what needs a reviewer waits for an exception: the policy knows nobody whose
          audits count
      --> fence.toml
    help: name sets of audits that you trust, in fence.toml
          [feeds.NAME]
          role = "audits"
          file = "https://…/audits.toml"
        Finished 1 thing does not work, 2 notes
    [exit code 2]
    "#);
}

#[test]
fn a_registry_that_is_no_fence_is_told_from_one() {
    let standing = Standing::before_a_mirror("");
    assert_snapshot!(standing.run("doctor"), @r#"
    $ cargo fence doctor
           Route crates-io -> mirror ([home]/config.toml:2)
           Index http://127.0.0.1:[…]/index/
           Fence none
          Answer packages from http://127.0.0.1:[…]/packages/, no crate serde

    open[not-a-fence]: http://127.0.0.1:[…]/index/ answers for crates.io, and is no fence
      --> [home]/config.toml:2
    help: run cargo behind a fence that stands in front of it
          cargo fence cargo build
    help: or start one for good
          cargo fence serve

    warning[no-baseline]: nothing says what was locked before there was a fence: fence.lock is missing
    help: record it
          cargo fence init

    note[no-lockfile]: there is no Cargo.lock here: what is locked was not looked at

    note[no-reviewers]: what needs a reviewer waits for an exception: the policy knows nobody whose
          audits count
      --> fence.toml
    help: name sets of audits that you trust, in fence.toml
          [feeds.NAME]
          role = "audits"
          file = "https://…/audits.toml"
        Finished 1 way around the fence is open, 1 warning, 2 notes
    [exit code 1]
    "#);
}

#[test]
fn without_a_replacement_cargo_asks_crates_io_itself() {
    assert_snapshot!(with_cargo().run("doctor"), @r#"
    $ cargo fence doctor
           Route crates-io
           Index crates.io itself
       Not asked the network is not to be used

    open[no-route]: cargo asks crates.io itself: nothing leads it to a fence
    help: lead it there, in this project or in all
          cargo fence enable
          cargo fence enable --global
    help: start the fence that it is led to, or let the system do so
          cargo fence serve
    help: or go behind one for a single command, without configuring anything
          cargo fence cargo build

    warning[no-baseline]: nothing says what was locked before there was a fence: fence.lock is missing
    help: record it
          cargo fence init

    note[no-reviewers]: what needs a reviewer waits for an exception: the policy knows nobody whose
          audits count
    help: name sets of audits that you trust, in fence.toml
          [feeds.NAME]
          role = "audits"
          file = "https://…/audits.toml"
        Finished 1 way around the fence is open, 1 warning, 1 note
    [exit code 1]
    "#);
}

#[test]
fn every_way_around_is_named() {
    let mut project = with_cargo();
    let revision = "0123456789012345678901234567890123456789";
    project.write(
        "Cargo.toml",
        "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\nglob = \"0.3\"\n\
         far = { git = \"https://git.example/far\" }\nouter = { path = \"../outer\" }\n\n\
         [patch.crates-io]\nlexopt = { git = \"https://git.example/lexopt\" }\n",
    );
    project.lock_from("far", "0.2.0", &format!("source = \"git+https://git.example/far#{revision}\"\n"), &[]);
    project.lock_from("own", "1.0.0", "source = \"sparse+https://own.example/index/\"\n", &[]);
    project.write(
        ".cargo/config.toml",
        "[source.crates-io]\nreplace-with = \"vendored\"\n\n[source.vendored]\ndirectory = \"vendor\"\n\n\
         [registries.own]\nindex = \"sparse+https://own.example/index/\"\n\n[alias]\nfence = \"run\"\n",
    );
    project.set("CARGO_SOURCE_CRATES_IO_REPLACE_WITH", "fence");
    assert_snapshot!(project.run("doctor"), @r#"
    $ cargo fence doctor
           Route crates-io -> vendored (.cargo/config.toml:2)
           Index the vendored folder vendor
       Not asked it is no sparse registry

    open[vendored]: crates.io is answered from a vendored folder, vendor: whatever lies there is built
      --> .cargo/config.toml:2
    help: judge what is locked, which the folder should hold
          cargo fence check
    help: vendor anew from behind a fence
          cargo fence cargo vendor

    open[alias]: `cargo fence` is an alias of something else here
      --> .cargo/config.toml:11
       = run
    help: take the alias out
    help: until then, start the fence by its own name
          cargo-fence fence check

    open[git-dependency]: far 0.2.0 comes from a git repository, past the fence: https://git.example/far
      --> Cargo.toml:8
       = at 0123456789012345678901234567890123456789
    help: take a release from the registry instead
    help: or read that revision, and allow it by name in fence.toml
          [[sources]]
          git = "…"
          rev = "…"

    open[other-registry]: own 1.0.0 comes from another registry, past the fence:
          https://own.example/index/
      --> Cargo.lock:40
      --> .cargo/config.toml:8
    help: let the fence stand in front of it too
          cargo fence serve --registry own
    help: and say in fence.toml how it is to be judged: `[[registries]]`

    open[patch]: lexopt of crates-io is put in place from the git repository https://git.example/lexopt
      --> Cargo.toml:12
    help: take it out as soon as a release has what it is for

    broken[undecided]: what is locked cannot be judged
       = the index file of own of own cannot be read: no copy of the index file of own is on this
           machine
    help: run once without `--offline`, or name a copy of the index with `--index <folder>`

    warning[environment]: CARGO_SOURCE_CRATES_IO_REPLACE_WITH does nothing: cargo takes no source from
          the environment
      --> $CARGO_SOURCE_CRATES_IO_REPLACE_WITH
    help: write `[source]` into a config.toml
          unset CARGO_SOURCE_CRATES_IO_REPLACE_WITH

    warning[path-outside]: a folder outside the workspace is built: /tmp/outer
      --> Cargo.toml:9
       = nothing of it is judged; what it needs of registries is, as far as it is locked here
    help: make it a member of the workspace, if it is your own

    warning[no-baseline]: nothing says what was locked before there was a fence: fence.lock is missing
    help: record it
          cargo fence init

    note[no-reviewers]: what needs a reviewer waits for an exception: the policy knows nobody whose
          audits count
    help: name sets of audits that you trust, in fence.toml
          [feeds.NAME]
          role = "audits"
          file = "https://…/audits.toml"
        Finished 5 ways around the fence are open, 1 thing does not work, 3 warnings, 1 note
    [exit code 1]
    "#);
}

#[test]
fn as_json_it_is_one_document() {
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../../../docs/doctor.schema.json")).unwrap();
    let check = |project: &Project, line: &str, expected: &str| {
        let document: serde_json::Value = serde_json::from_str(&project.stdout(line)).unwrap();
        jsonschema::validate(&schema, &document).unwrap();
        assert_eq!(document["verdict"], expected, "{document:#}");
        document
    };
    let project = with_cargo();
    let document = check(&project, "doctor --format json", "fail");
    assert_eq!(document["findings"][0]["code"], "no-route");
    assert_eq!(document["route"]["answers"], "not-asked");
    check(&project, "doctor --format json --manifest-path nowhere/Cargo.toml", "undecided");
}
