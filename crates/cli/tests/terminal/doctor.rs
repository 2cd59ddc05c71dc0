//! `cargo fence doctor`: what answers for crates.io, proved by asking it, and every way around it.

use std::fs;

use insta::assert_snapshot;

use crate::calm;
use crate::project::Project;
use crate::standing::Standing;

/// A project that is led to a fence of its own, which serves.
fn behind_a_fence() -> (Standing, crate::standing::Served) {
    let standing = Standing::before("glob = \"=0.3.3\"");
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
    assert_snapshot!(standing.run("doctor"), @"");
}

#[test]
fn in_the_user_s_own_configuration_it_counts_for_all() {
    let (standing, _served) = behind_a_fence();
    let own = fs::read_to_string(standing.cargo.folder().join(".cargo/config.toml")).unwrap();
    fs::remove_file(standing.cargo.folder().join(".cargo/config.toml")).unwrap();
    fs::write(standing.cargo.home().join("config.toml"), own).unwrap();
    assert_snapshot!(standing.run("doctor"), @"");
    assert_snapshot!(standing.run("doctor --quiet"), @"");
}

#[test]
fn a_fence_that_does_not_answer_is_no_route() {
    let (standing, served) = behind_a_fence();
    drop(served);
    assert_snapshot!(standing.run("doctor"), @"");
}

#[test]
fn a_registry_that_is_no_fence_is_told_from_one() {
    let standing = Standing::before("");
    assert_snapshot!(standing.run("doctor"), @"");
}

#[test]
fn without_a_replacement_cargo_asks_crates_io_itself() {
    assert_snapshot!(calm().run("doctor"), @"");
}

#[test]
fn every_way_around_is_named() {
    let mut project = calm();
    let revision = "0123456789012345678901234567890123456789";
    project.write(
        "Cargo.toml",
        "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\nglob = \"0.3\"\n\
         far = { git = \"https://git.example/far\" }\nouter = { path = \"../outer\" }\n\n\
         [patch.crates-io]\nlexopt = { git = \"https://git.example/lexopt\" }\n",
    );
    project.write("src/main.rs", "fn main() {}\n");
    project.lock_from("far", "0.2.0", &format!("source = \"git+https://git.example/far#{revision}\"\n"), &[]);
    project.lock_from("own", "1.0.0", "source = \"sparse+https://own.example/index/\"\n", &[]);
    project.write(
        ".cargo/config.toml",
        "[source.crates-io]\nreplace-with = \"vendored\"\n\n[source.vendored]\ndirectory = \"vendor\"\n\n\
         [registries.own]\nindex = \"sparse+https://own.example/index/\"\n\n[alias]\nfence = \"run\"\n",
    );
    project.set("CARGO_SOURCE_CRATES_IO_REPLACE_WITH", "fence");
    assert_snapshot!(project.run("doctor"), @"");
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
    let project = calm();
    let document = check(&project, "doctor --format json", "fail");
    assert_eq!(document["findings"][0]["code"], "no-route");
    assert_eq!(document["route"]["answers"], "not-asked");
    check(&project, "doctor --format json --manifest-path nowhere/Cargo.toml", "undecided");
}
