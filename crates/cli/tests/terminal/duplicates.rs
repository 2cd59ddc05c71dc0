//! What is locked twice, and what does the same.

use super::project::Project;

/// A project that has shlex twice: older than its own by way of glob, which could do without, and of lexopt, which
/// cannot. It asks for a crate that the standard library replaces, which lexopt needs as well.
fn twice() -> Project {
    let mut project = Project::at("2026-08-22T12:00:00Z", &[]);
    for (name, version, needs) in [
        ("glob", "9.0.0", &[("shlex", "^8")][..]),
        ("glob", "9.1.0", &[("shlex", "^9")]),
        ("shlex", "8.0.0", &[("winnable", "^1")]),
        ("shlex", "9.0.0", &[]),
        ("winnable", "1.0.0", &[]),
        ("quickest", "8.0.0", &[]),
        ("quickest", "9.0.0", &[]),
        ("lexopt", "9.0.0", &[("quickest", "^8"), ("lazy_static", "^1")]),
        ("lazy_static", "1.5.0", &[]),
        ("dirs", "9.0.0", &[]),
        ("dirs-next", "2.0.0", &[]),
    ] {
        project.publish(name, version, "2026-01-18T12:00:00Z", needs);
    }
    for locked in [
        (
            "app",
            "0.1.0",
            &["dirs", "dirs-next", "glob", "lazy_static", "lexopt", "quickest 9.0.0", "shlex 9.0.0"][..],
        ),
        ("quickest", "8.0.0", &[]),
        ("quickest", "9.0.0", &[]),
        ("dirs", "9.0.0", &[]),
        ("dirs-next", "2.0.0", &[]),
        ("glob", "9.0.0", &["shlex 8.0.0"]),
        ("lazy_static", "1.5.0", &[]),
        ("lexopt", "9.0.0", &["quickest 8.0.0", "lazy_static"]),
        ("shlex", "8.0.0", &["winnable"]),
        ("shlex", "9.0.0", &[]),
        ("winnable", "1.0.0", &[]),
    ] {
        project.lock(&locked);
    }
    manifest(&mut project, "");
    project
}

/// Writes the manifest, and lets commands ask the cargo that runs this test about it.
fn manifest(project: &mut Project, more: &str) {
    project.write(
        "Cargo.toml",
        format!(
            "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n{more}\n[dependencies]\n\
             quickest = \"9\"\ndirs = \"9\"\ndirs-next = \"2\"\nglob = \"9\"\nlazy_static = \"1\"\nlexopt = \"9\"\n\
             shlex = \"9\"\n"
        ),
    );
    project.write("src/main.rs", "fn main() {}\n");
    project.set("CARGO", &std::env::var("CARGO").unwrap());
}

#[test]
fn what_is_locked_twice_is_told_with_a_way_out() {
    let mut project = twice();
    let folder = "home/.cargo/registry/src/registry";
    project.write(&format!("{folder}/shlex-8.0.0/src/lib.rs"), "// one\n// two\n");
    project.write(&format!("{folder}/shlex-8.0.0/tests/all.rs"), "// three\n");
    project.write(&format!("{folder}/shlex-8.0.0/Cargo.toml"), "[package]\nbuild = \"build.rs\"\n");
    project.write(&format!("{folder}/winnable-1.0.0/src/lib.rs"), "// one\n");
    project.write(&format!("{folder}/winnable-1.0.0/Cargo.toml"), "[lib]\nproc-macro = true\n");
    let published = |of: &str, id: u32, login: &str| {
        format!(
            "[[publisher.{of}]]\nversion = \"8.0.0\"\nwhen = \"2020-01-01\"\nuser-id = {id}\nuser-login = \"{login}\"\n\n"
        )
    };
    let vet = published("shlex", 7, "bob\\u001b[2J") + &published("glob", 8, "ann");
    project.write("supply-chain/imports.lock", vet);
    insta::assert_snapshot!(project.run("duplicates"));
    insta::assert_snapshot!("all that is known of them", project.run("duplicates --verbose"));
}

#[test]
fn a_project_without_any_says_so() {
    let mut project = super::calm();
    project.write("src/main.rs", "fn main() {}\n");
    project.set("CARGO", &std::env::var("CARGO").unwrap());
    insta::assert_snapshot!(project.run("duplicates"), @"
    $ cargo fence duplicates
        Finished no crate is locked in several versions
    [exit code 0]
    ");
    insta::assert_snapshot!(project.run("duplicates --quiet"), @"
    $ cargo fence duplicates --quiet

    [exit code 0]
    ");
}

#[test]
fn the_projects_rust_is_respected() {
    let mut project = twice();
    manifest(&mut project, "rust-version = \"1.70\"\n");
    let said = project.run("duplicates");
    assert!(!said.contains("replaced: lazy_static"), "LazyLock came with 1.80:\n{said}");
}

#[test]
fn only_what_is_new_fails() {
    let project = twice();
    assert_eq!(project.exit_code("duplicates"), Some(0));
    assert_eq!(project.exit_code("duplicates --fail-on all"), Some(1));
    insta::assert_snapshot!(project.run("duplicates --fail-on new"));
    insta::assert_snapshot!(
        "what is recorded is not new",
        project.run("init") + &project.run("duplicates --fail-on new")
    );
}

#[test]
fn a_change_is_held_against_what_was_there_before_it() {
    let mut project = twice();
    project.start_repository();
    project.branch("change");
    assert_eq!(project.exit_code("duplicates --compare main --fail-on new"), Some(0));
    project.publish("dirs", "8.0.0", "2026-01-18T12:00:00Z", &[]);
    project.lock(&("dirs", "8.0.0", &[]));
    project.relock(&("dirs-next", "2.0.0", &["dirs 8.0.0"]));
    project.relock(&(
        "app",
        "0.1.0",
        &[
            "quickest 9.0.0",
            "dirs 9.0.0",
            "dirs-next",
            "glob",
            "lazy_static",
            "lexopt",
            "quickest 9.0.0",
            "shlex 9.0.0",
        ],
    ));
    project.commit();
    insta::assert_snapshot!(project.run("duplicates --compare main --fail-on new"));
}

#[test]
fn machines_are_told_the_same() {
    let mut document: serde_json::Value =
        serde_json::from_str(&twice().stdout("duplicates --format json")).unwrap();
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../../../docs/duplicates.schema.json")).unwrap();
    jsonschema::validate(&schema, &document).unwrap();
    document["fence_version"] = "[version]".into();
    insta::assert_snapshot!(format!("{document:#}"));
}

#[test]
fn a_fork_beside_what_it_was_forked_from_is_told() {
    let mut project = twice();
    for (name, version) in [("paste", "1.0.7"), ("pastey", "0.2.1")] {
        project.publish(name, version, "2026-01-18T12:00:00Z", &[]);
        project.lock(&(name, version, &[]));
    }
    project.relock(&("glob", "9.0.0", &["paste", "pastey", "shlex 8.0.0"]));
    let said = project.run("duplicates");
    let from = said.find("alike").unwrap();
    insta::assert_snapshot!(&said[from..], @"
    alike: paste 1.0.7 and pastey 0.2.1
      --> Cargo.lock:64
       = asked for: paste 1.0.7 by glob 9.0.0
       = asked for: pastey 0.2.1 by glob 9.0.0
       = because: 91 % of the code of paste is in pastey, and 80 % of that of pastey in paste

    note: 1 older version cannot leave yet
          quickest 8.0.0 beside 9.0.0 (1 package): lexopt 9.0.0, the newest release, asks for it
        Finished 2 crates in several versions, 1 can leave by `cargo update`, 1 cannot yet, 2 told of
                 what they are for, 1 alike under two names
    [exit code 0]
    ");
    assert_eq!(project.exit_code("duplicates --fail-on all"), Some(1));
}

/// A lockfile may have any name and requirement in it, and a terminal obeys what it is sent.
#[test]
fn names_that_steer_a_terminal_are_shown_harmless() {
    let mut project = twice();
    project.write(
        "Cargo.lock",
        "version = 4\n\n[[package]]\nname = \"evil\\u001b[2J\"\nversion = \"1.0.0\"\nsource = \"git+file:///x#1\"\n\n\
         [[package]]\nname = \"evil\\u001b[2J\"\nversion = \"2.0.0\"\nsource = \"git+file:///x#1\"\n\n\
         [[package]]\nname = \"app\\u202e\"\nversion = \"0.1.0\"\n\
         dependencies = [\"evil\\u001b[2J 1.0.0\", \"evil\\u001b[2J 2.0.0\"]\n",
    );
    for command in ["duplicates", "duplicates --verbose"] {
        let said = project.run(command);
        assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said:?}");
    }
    assert!(!project.run("duplicates --format json").contains('\u{1b}'));
    insta::assert_snapshot!(project.run("duplicates --verbose"), @r"
    $ cargo fence duplicates --verbose
    warning: the lockfile lacks app 0.1.0, a package of the workspace in .; so what this project itself asks for is not known
    duplicate: evil\u{1b}[2J 1.0.0 beside 2.0.0
      --> Cargo.lock:4
       = asked for by: app\u{202e}
       = leaves: 1 package
       = stays: app\u{202e} asks for exactly this version, or for both

        Finished 1 crate in several versions, 1 cannot yet
    [exit code 0]
    ");
}
