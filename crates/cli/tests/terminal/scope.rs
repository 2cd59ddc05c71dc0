//! What is judged of a lockfile: a part of the project, and each kind of use at its own level.

use super::project::Project;

/// A project that needs lexopt, for its build script shlex, for its tests glob, and on Windows winnable, if
/// somebody asks for it. All of it is four days young: held at medium, and at low admitted but for the new crate.
fn of_all_kinds() -> Project {
    let mut project = Project::at("2026-08-22T12:00:00Z", &[]);
    for name in ["glob", "lexopt", "shlex"] {
        project.publish(name, "9.0.0", "2026-08-18T12:00:00Z", &[]);
    }
    project.publish("winnable", "9.0.0", "2026-08-18T12:00:00Z", &[]);
    for (name, dependencies) in [
        ("app", &["glob", "lexopt", "shlex", "winnable"][..]),
        ("glob", &[]),
        ("lexopt", &[]),
        ("shlex", &[]),
        ("winnable", &[]),
    ] {
        project.lock(&(name, if name == "app" { "0.1.0" } else { "9.0.0" }, dependencies));
    }
    project.write(
        "Cargo.toml",
        "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\nlexopt = \"9\"\n\n\
         [build-dependencies]\nshlex = \"9\"\n\n[dev-dependencies]\nglob = \"9\"\n\n\
         [target.'cfg(windows)'.dependencies]\nwinnable = { version = \"9\", optional = true }\n",
    );
    std::fs::create_dir(project.path("src")).unwrap();
    project.write("src/main.rs", "fn main() {}\n");
    ask_cargo(&mut project);
    project
}

/// From now on commands find the cargo that runs this test.
fn ask_cargo(project: &mut Project) {
    project.set("CARGO", &std::env::var("CARGO").unwrap());
}

/// Which releases are judged, and which of them are held.
fn judged(project: &Project, options: &str) -> String {
    let document: serde_json::Value =
        serde_json::from_str(&project.stdout(&format!("check --format json {options}"))).unwrap();
    let releases = document["releases"].as_array().unwrap().iter().map(|release| {
        let kinds: Vec<&str> =
            release["kinds"].as_array().unwrap().iter().filter_map(|k| k.as_str()).collect();
        let of = |key: &str| release[key].as_str().unwrap().to_owned();
        let kinds = if kinds.is_empty() { "anything".to_owned() } else { kinds.join("+") };
        format!("{} {} at {} for {kinds}", of("verdict"), of("name"), of("level"))
    });
    let aside = &document["counts"]["aside"];
    releases.chain([format!("{aside} aside")]).collect::<Vec<_>>().join("\n")
}

#[test]
fn only_what_was_asked_for_is_judged() {
    let project = of_all_kinds();
    insta::assert_snapshot!(judged(&project, ""), @r"
    admit glob at medium for anything
    admit lexopt at medium for anything
    admit shlex at medium for anything
    hold winnable at medium for anything
    0 aside
    ");
    insta::assert_snapshot!(judged(&project, "--exclude-dev"), @r"
    admit lexopt at medium for normal+build
    admit shlex at medium for build
    hold winnable at medium for normal+build
    1 aside
    ");
    insta::assert_snapshot!(judged(&project, "--target x86_64-unknown-linux-gnu"), @r"
    admit glob at medium for dev
    admit lexopt at medium for normal+build
    admit shlex at medium for build
    1 aside
    ");
    insta::assert_snapshot!(judged(&project, "--target x86_64-pc-windows-msvc --no-default-features"), @r"
    admit glob at medium for dev
    admit lexopt at medium for normal+build
    admit shlex at medium for build
    1 aside
    ");
    insta::assert_snapshot!(judged(&project, "-F winnable -p app --exclude-dev"), @r"
    admit lexopt at medium for normal+build
    admit shlex at medium for build
    hold winnable at medium for normal+build
    1 aside
    ");
}

#[test]
fn what_was_left_out_is_counted() {
    insta::assert_snapshot!(of_all_kinds().run("check --exclude-dev --level low"), @r#"
    $ cargo fence check --exclude-dev --level low
        Checking 3 releases at level low (index 0 min old, rustsec 0 min)
    held[young]: winnable 9.0.0
      --> Cargo.lock:34
       |
    34 | name = "winnable"
       | ^^^^^^^^^^^^^^^^^ published 4 days ago; admitted in 26 days, on 2026-09-17
       |
       = new-crate: the crate is 4 days old, first published on 2026-08-18
       = through: app > winnable
    help: look at what is known about it
          cargo fence why winnable@9.0.0
        Finished 2 admitted (2 by age), 1 held, 0 blocked, 1 of this project, 1 not asked for in […]s
    [exit code 1]
    "#);
}

#[test]
fn each_kind_of_use_has_its_level() {
    let mut project = of_all_kinds();
    project.write("fence.toml", "level = \"low\"\n\n[levels]\nbuild = \"high\"\n");
    insta::assert_snapshot!(judged(&project, ""), @r"
    admit glob at low for dev
    hold lexopt at high for normal+build
    hold shlex at high for build
    hold winnable at high for normal+build
    0 aside
    ");
    // That lexopt is no proc macro, its unpacked manifest says.
    let unpacked = project.path("home/.cargo/registry/src/somewhere/lexopt-9.0.0");
    std::fs::create_dir_all(&unpacked).unwrap();
    std::fs::write(unpacked.join("Cargo.toml"), "[package]\nname = \"lexopt\"\n\n[lib]\n").unwrap();
    insta::assert_snapshot!(judged(&project, ""), @r"
    admit glob at low for dev
    admit lexopt at low for normal
    hold shlex at high for build
    hold winnable at high for normal+build
    0 aside
    ");
    insta::assert_snapshot!(project.run("check --verbose --exclude-dev"), @r#"
    $ cargo fence check --verbose --exclude-dev
        Checking 3 releases at level low, build high (index 0 min old, rustsec 0 min)
    held[review]: winnable 9.0.0
      --> Cargo.lock:34
       |
    34 | name = "winnable"
       | ^^^^^^^^^^^^^^^^^ published 4 days ago; needs a reviewer, age alone will not admit it
       |
       = new-crate: the crate is 4 days old, first published on 2026-08-18
       = unaudited: level high asks for two independent audits; there is none
       = through: app > winnable
    help: look at what is known about it, and at what it changes
          cargo fence why winnable@9.0.0
          cargo fence review winnable@9.0.0
    help: or let it in for a while, on your own word
          cargo fence except winnable@9.0.0 --codes new-crate,young,unaudited --because "…" --until 2026-08-29

    held[unaudited]: shlex 9.0.0
      --> Cargo.lock:28
       |
    28 | name = "shlex"
       | ^^^^^^^^^^^^^^ published 4 days ago; held until evidence speaks for it
       |
       = unaudited: level high asks for two independent audits; there is none
       = through: app > shlex
    help: look at what is known about it
          cargo fence why shlex@9.0.0
        Finished 1 admitted (1 by age), 2 held, 0 blocked, 1 of this project, 1 not asked for in […]s
    [exit code 1]
    "#);
    // What only the command line asks for holds for all.
    insta::assert_snapshot!(judged(&project, "--level low"), @"
    admit glob at low for anything
    admit lexopt at low for anything
    admit shlex at low for anything
    hold winnable at low for anything
    0 aside
    ");
}

#[test]
fn where_kinds_cannot_be_told_the_strictest_level_holds() {
    let mut project = of_all_kinds();
    project.write("fence.toml", "level = \"low\"\n\n[levels]\nbuild = \"high\"\n");
    std::fs::remove_file(project.path("Cargo.toml")).unwrap();
    insta::assert_snapshot!(project.run("check --quiet"), @r#"
    $ cargo fence check --quiet
    warning: . has no Cargo.toml; so all that is locked is judged at level high
    held[review]: winnable 9.0.0
      --> Cargo.lock:34
       |
    34 | name = "winnable"
       | ^^^^^^^^^^^^^^^^^ published 4 days ago; needs a reviewer, age alone will not admit it
       |
       = new-crate: the crate is 4 days old, first published on 2026-08-18
       = unaudited: level high asks for two independent audits; there is none
       = through: app > winnable
    help: look at what is known about it, and at what it changes
          cargo fence why winnable@9.0.0
          cargo fence review winnable@9.0.0
    help: or let it in for a while, on your own word
          cargo fence except winnable@9.0.0 --codes new-crate,young,unaudited --because "…" --until 2026-08-29

    held[unaudited]: glob 9.0.0
      --> Cargo.lock:16
       |
    16 | name = "glob"
       | ^^^^^^^^^^^^^ published 4 days ago; held until evidence speaks for it
       |
       = unaudited: level high asks for two independent audits; there is none
       = through: app > glob
    help: look at what is known about it
          cargo fence why glob@9.0.0

    held[unaudited]: lexopt 9.0.0
      --> Cargo.lock:22
       |
    22 | name = "lexopt"
       | ^^^^^^^^^^^^^^^ published 4 days ago; held until evidence speaks for it
       |
       = unaudited: level high asks for two independent audits; there is none
       = through: app > lexopt
    help: look at what is known about it
          cargo fence why lexopt@9.0.0

    held[unaudited]: shlex 9.0.0
      --> Cargo.lock:28
       |
    28 | name = "shlex"
       | ^^^^^^^^^^^^^^ published 4 days ago; held until evidence speaks for it
       |
       = unaudited: level high asks for two independent audits; there is none
       = through: app > shlex
    help: look at what is known about it
          cargo fence why shlex@9.0.0
        Finished 0 admitted, 4 held, 0 blocked, 1 of this project in […]s
    [exit code 1]
    "#);
}

#[test]
fn what_there_is_not_cannot_be_asked_for() {
    let mut project = of_all_kinds();
    insta::assert_snapshot!(project.run("check -p ap"), @"
    $ cargo fence check -p ap
    error: the workspace has no package `ap`
    hint: its packages are app
    [exit code 2]
    ");
    insta::assert_snapshot!(project.run("check --target x86_64-linux"), @"
    $ cargo fence check --target x86_64-linux
    error: there is no target `x86_64-linux`
    hint: `rustc --print target-list` lists them
    [exit code 2]
    ");
    insta::assert_snapshot!(project.run("list -F nothing"), @"
    $ cargo fence list -F nothing
    error: no package that is asked about has the feature `nothing`
    hint: `cargo metadata --no-deps` lists the features of each package
    [exit code 2]
    ");
    project.set("CARGO", "no-such-cargo");
    insta::assert_snapshot!(project.run("check --exclude-dev"), @"
    $ cargo fence check --exclude-dev
    error: cargo does not tell what Cargo.toml declares: it cannot be started: No such file or directory (os error 2)
    hint: `cargo metadata --no-deps` has to work in that folder
    [exit code 2]
    ");
    project.write("Cargo.toml", "[package]\nname = \"other\"\nversion = \"0.1.0\"\n");
    ask_cargo(&mut project);
    insta::assert_snapshot!(project.run("check --exclude-dev"), @"
    $ cargo fence check --exclude-dev
    error: the lockfile lacks other 0.1.0, a package of the workspace in .
    hint: `cargo update --workspace` makes it that of the project; `--manifest-path` says of which
    [exit code 2]
    ");
}

/// A manifest that says another version than the lockfile: what its package needs would be of no use to anybody.
#[test]
fn what_is_locked_is_not_left_out_because_the_lockfile_is_old() {
    let mut project = of_all_kinds();
    project.write("Cargo.toml", project.read("Cargo.toml").replace("0.1.0", "0.2.0"));
    insta::assert_snapshot!(project.run("check --exclude-dev"), @"
    $ cargo fence check --exclude-dev
    error: the lockfile lacks app 0.2.0, a package of the workspace in .
    hint: `cargo update --workspace` makes it that of the project; `--manifest-path` says of which
    [exit code 2]
    ");
    let mut project = of_all_kinds();
    project.publish("stray", "9.0.0", "2026-08-18T12:00:00Z", &[]);
    project.lock(&("stray", "9.0.0", &[]));
    project.write("fence.toml", "[levels]\nbuild = \"high\"\n");
    insta::assert_snapshot!(judged(&project, ""), @r"
    admit glob at medium for dev
    hold lexopt at high for normal+build
    hold shlex at high for build
    hold stray at high for anything
    hold winnable at high for normal+build
    0 aside
    ");
}
