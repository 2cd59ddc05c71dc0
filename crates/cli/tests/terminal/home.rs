//! The fence switched on and off, and as a service of systemd: what is shown, written, refused, and left behind.

use std::fs;

use insta::assert_snapshot;

use crate::calm;
use crate::project::Project;
use crate::standing::Standing;

/// A project where nothing is asked of the network.
fn offline() -> Project {
    let mut project = calm();
    project.set("CARGO_FENCE_LISTEN", "127.0.0.1:7343");
    project
}

/// Expected: after `command`, every file of the project and of its user is what it was before.
#[track_caller]
fn changes_nothing(project: &Project, command: &str) -> String {
    let before = project.all_files();
    let seen = project.run(command);
    assert_eq!(project.all_files(), before, "{seen}");
    seen
}

#[test]
fn a_project_is_switched_on_and_off_without_a_trace() {
    let mut project = offline();
    let before = project.all_files();
    assert_snapshot!(project.run("enable --yes --offline"), @r#"
    $ cargo fence enable --yes --offline
         Enabled the fence at http://127.0.0.1:7343, for this project, in .cargo/config.toml
            Next a fence has to answer at http://127.0.0.1:7343: without it cargo can neither resolve
                 nor download
            Next `cargo fence init` records what Cargo.lock pins today, so that none of it is refused
    --- /dev/null
    +++ .cargo/config.toml
    @@ -0,0 +1,7 @@
    +# `cargo fence enable` made this file and its folder; `cargo fence disable` removes them.
    +# If cargo cannot connect, no fence answers there: start it, or let cargo ask without one by `cargo fence disable`.
    +[source.crates-io]
    +replace-with = "fence"
    +
    +[registries.fence]
    +index = "sparse+http://127.0.0.1:7343/crates-io/"
    [exit code 0]
    "#);
    assert_snapshot!(changes_nothing(&project, "enable --yes --offline"), @"
    $ cargo fence enable --yes --offline
       Unchanged .cargo/config.toml leads cargo to http://127.0.0.1:7343 already
            Next a fence has to answer at http://127.0.0.1:7343: without it cargo can neither resolve
                 nor download
            Next `cargo fence init` records what Cargo.lock pins today, so that none of it is refused
    [exit code 0]
    ");
    assert_snapshot!(project.run("disable --yes"), @r#"
    $ cargo fence disable --yes
        Disabled the fence, for this project, in .cargo/config.toml
    --- .cargo/config.toml
    +++ /dev/null
    @@ -1,7 +0,0 @@
    -# `cargo fence enable` made this file and its folder; `cargo fence disable` removes them.
    -# If cargo cannot connect, no fence answers there: start it, or let cargo ask without one by `cargo fence disable`.
    -[source.crates-io]
    -replace-with = "fence"
    -
    -[registries.fence]
    -index = "sparse+http://127.0.0.1:7343/crates-io/"
    [exit code 0]
    "#);
    assert_eq!(project.all_files(), before);
    assert!(!project.path(".cargo").exists());
    assert_snapshot!(changes_nothing(&project, "disable --yes"), @"
    $ cargo fence disable --yes
       Unchanged nothing in .cargo/config.toml leads to a fence
    [exit code 0]
    ");

    project.write(".cargo/config.toml", "# Ours.\r\n[registries.own]\r\ntoken = \"secret\"");
    let before = project.all_files();
    let seen = project.run("enable --yes --offline");
    assert!(!seen.contains("secret"), "{seen}");
    assert_snapshot!(seen, @r#"
    $ cargo fence enable --yes --offline
         Enabled the fence at http://127.0.0.1:7343, for this project, in .cargo/config.toml
            Next a fence has to answer at http://127.0.0.1:7343: without it cargo can neither resolve
                 nor download
            Next `cargo fence init` records what Cargo.lock pins today, so that none of it is refused
    --- .cargo/config.toml
    +++ .cargo/config.toml
    @@ -1,3 +1,11 @@
     # Ours.
     [registries.own]
    -token = …
    \ No newline at end of file
    +token = …
    +
    +# `cargo fence enable` wrote this; `cargo fence disable` takes it out again.
    +# If cargo cannot connect, no fence answers there: start it, or let cargo ask without one by `cargo fence disable`.
    +[source.crates-io]
    +replace-with = "fence"
    +
    +[registries.fence]
    +index = "sparse+http://127.0.0.1:7343/crates-io/"
    \ No newline at end of file
    [exit code 0]
    "#);
    assert_snapshot!(project.run("disable --yes"), @r#"
    $ cargo fence disable --yes
        Disabled the fence, for this project, in .cargo/config.toml
    --- .cargo/config.toml
    +++ .cargo/config.toml
    @@ -1,11 +1,3 @@
     # Ours.
     [registries.own]
    -token = …
    -
    -# `cargo fence enable` wrote this; `cargo fence disable` takes it out again.
    -# If cargo cannot connect, no fence answers there: start it, or let cargo ask without one by `cargo fence disable`.
    -[source.crates-io]
    -replace-with = "fence"
    -
    -[registries.fence]
    -index = "sparse+http://127.0.0.1:7343/crates-io/"
    \ No newline at end of file
    +token = …
    \ No newline at end of file
    [exit code 0]
    "#);
    assert_eq!(project.all_files(), before);
}

#[test]
fn everything_that_cargo_does_is_switched_on_and_off() {
    let project = offline();
    let before = project.all_files();
    assert_snapshot!(project.run("enable --global --yes --offline"), @r#"
    $ cargo fence enable --global --yes --offline
         Enabled the fence at http://127.0.0.1:7343, for everything that you do with cargo, in
                 home/.cargo/config.toml
            Next a fence has to answer at http://127.0.0.1:7343: without it cargo can neither resolve
                 nor download
            Next `cargo fence init` records what Cargo.lock pins today, so that none of it is refused
    --- /dev/null
    +++ home/.cargo/config.toml
    @@ -0,0 +1,7 @@
    +# `cargo fence enable` made this file and its folder; `cargo fence disable` removes them.
    +# If cargo cannot connect, no fence answers there: start it, or let cargo ask without one by `cargo fence disable`.
    +[source.crates-io]
    +replace-with = "fence"
    +
    +[registries.fence]
    +index = "sparse+http://127.0.0.1:7343/crates-io/"
    [exit code 0]
    "#);
    assert_snapshot!(changes_nothing(&project, "disable --yes"), @"
    $ cargo fence disable --yes
       Unchanged nothing in .cargo/config.toml leads to a fence
    warning: cargo still asks a fence here, by home/.cargo/config.toml: `cargo fence disable --global` ends that
    [exit code 0]
    ");
    assert_snapshot!(project.run("disable --global --yes --quiet"), @"
    $ cargo fence disable --global --yes --quiet

    [exit code 0]
    ");
    assert_eq!(project.all_files(), before);
}

#[test]
fn nothing_is_written_without_a_yes_or_where_files_are_locked() {
    let mut project = offline();
    assert_snapshot!(changes_nothing(&project, "enable --offline"), @r#"
    $ cargo fence enable --offline
    error: nothing was changed: there is no terminal to ask on
    hint: add `--yes` to change it without a question
    --- /dev/null
    +++ .cargo/config.toml
    @@ -0,0 +1,7 @@
    +# `cargo fence enable` made this file and its folder; `cargo fence disable` removes them.
    +# If cargo cannot connect, no fence answers there: start it, or let cargo ask without one by `cargo fence disable`.
    +[source.crates-io]
    +replace-with = "fence"
    +
    +[registries.fence]
    +index = "sparse+http://127.0.0.1:7343/crates-io/"
    [exit code 2]
    "#);
    assert_snapshot!(changes_nothing(&project, "enable --offline --yes --locked"), @r#"
    $ cargo fence enable --offline --yes --locked
    error: cargo's configuration has to be written, and `--locked` or `--frozen` forbids it
    --- /dev/null
    +++ .cargo/config.toml
    @@ -0,0 +1,7 @@
    +# `cargo fence enable` made this file and its folder; `cargo fence disable` removes them.
    +# If cargo cannot connect, no fence answers there: start it, or let cargo ask without one by `cargo fence disable`.
    +[source.crates-io]
    +replace-with = "fence"
    +
    +[registries.fence]
    +index = "sparse+http://127.0.0.1:7343/crates-io/"
    [exit code 2]
    "#);
    project.run("enable --yes --offline");
    assert_snapshot!(changes_nothing(&project, "disable --frozen --yes"), @r#"
    $ cargo fence disable --frozen --yes
    error: cargo's configuration has to be written, and `--locked` or `--frozen` forbids it
    --- .cargo/config.toml
    +++ /dev/null
    @@ -1,7 +0,0 @@
    -# `cargo fence enable` made this file and its folder; `cargo fence disable` removes them.
    -# If cargo cannot connect, no fence answers there: start it, or let cargo ask without one by `cargo fence disable`.
    -[source.crates-io]
    -replace-with = "fence"
    -
    -[registries.fence]
    -index = "sparse+http://127.0.0.1:7343/crates-io/"
    [exit code 2]
    "#);
    project.write("Cargo.lock", "version = 4\n");
    assert_snapshot!(changes_nothing(&project, "disable"), @r#"
    $ cargo fence disable
    error: nothing was changed: there is no terminal to ask on
    hint: add `--yes` to change it without a question
    --- .cargo/config.toml
    +++ /dev/null
    @@ -1,7 +0,0 @@
    -# `cargo fence enable` made this file and its folder; `cargo fence disable` removes them.
    -# If cargo cannot connect, no fence answers there: start it, or let cargo ask without one by `cargo fence disable`.
    -[source.crates-io]
    -replace-with = "fence"
    -
    -[registries.fence]
    -index = "sparse+http://127.0.0.1:7343/crates-io/"
    [exit code 2]
    "#);
}

/// Cargo writes the lockfile into the workspace's folder, wherever in it somebody stands: so it has to be that one from the
/// first, or nobody finds afterwards what was written.
#[test]
fn before_there_is_a_lockfile_the_workspace_is_switched() {
    let mut project = offline();
    fs::remove_file(project.path("Cargo.lock")).unwrap();
    project.write("Cargo.toml", "[workspace]\nmembers = [\"a\"]\n");
    project.write("a/Cargo.toml", "[package]\nname = \"a\"\n");
    let before = project.all_files();
    assert_eq!(project.exit_code("enable --yes --offline --manifest-path a/Cargo.toml"), Some(0));
    let written = project.read(".cargo/config.toml");
    assert!(written.contains("[registries.fence]"), "{written}");
    project.write("Cargo.lock", "version = 4\n");
    assert_eq!(project.exit_code("disable --yes --manifest-path a/Cargo.toml"), Some(0));
    fs::remove_file(project.path("Cargo.lock")).unwrap();
    assert_eq!(project.all_files(), before);

    // And where there is no project, nobody can say where one would be.
    fs::remove_file(project.path("Cargo.toml")).unwrap();
    assert_snapshot!(changes_nothing(&project, "enable --yes --offline"), @"
    $ cargo fence enable --yes --offline
    error: no Cargo.toml in the current folder or above it, so that no project is meant
    hint: `--global` is for all that you do with cargo; `--manifest-path` names a project
    [exit code 2]
    ");
    assert_snapshot!(changes_nothing(&project, "disable --yes"), @"
    $ cargo fence disable --yes
    error: no Cargo.toml in the current folder or above it, so that no project is meant
    hint: `--global` is for all that you do with cargo; `--manifest-path` names a project
    [exit code 2]
    ");
    project.write(".cargo/config.toml", written.replace("made this file and its folder", "wrote this"));
    assert_eq!(project.exit_code("disable --yes"), Some(0));
    assert!(!project.read(".cargo/config.toml").contains("replace-with"));
}

/// A user's home has a `.cargo` as well, and is no project.
#[test]
fn the_user_s_own_file_is_not_a_project_s() {
    let mut project = offline();
    let home = project.path("").display().to_string();
    project.set("CARGO_HOME", &format!("{home}/.cargo"));
    assert_eq!(project.exit_code("enable --yes --offline --global"), Some(0));
    fs::remove_file(project.path("Cargo.toml")).unwrap();
    fs::remove_file(project.path("Cargo.lock")).unwrap();
    for command in ["enable --yes --offline", "disable --yes"] {
        let seen = changes_nothing(&project, command);
        assert!(seen.contains("hint: `--global`"), "{seen}");
    }
}

/// Expected: a clear word, and not a byte changed.
#[test]
fn what_is_in_the_way_is_told_and_left_alone() {
    let mut told = String::new();
    let mut refused = |file: &str, text: &str, command: &str| {
        let mut project = offline();
        project.write(file, text);
        let seen = changes_nothing(&project, command);
        assert!(seen.ends_with("[exit code 2]"), "{seen}");
        told += &format!("{seen}\n\n");
    };
    let config = ".cargo/config.toml";
    let enable = "enable --yes --offline";
    let vendored = "[source.crates-io]\nreplace-with = \"v\"\n[source.v]\ndirectory = \"vendor\"\n";
    let local = "[source.crates-io]\nreplace-with = \"v\"\n[source.v]\nlocal-registry = \"vendor\"\n";
    let git =
        "[source.crates-io]\nreplace-with = \"v\"\n[source.v]\nregistry = \"https://git.example/index\"\n";
    let registry =
        "[source.crates-io]\nreplace-with = \"m\"\n[registries.m]\nindex = \"sparse+https://m.example/\"\n";
    refused(config, vendored, enable);
    refused(config, local, enable);
    refused(config, git, enable);
    refused(config, registry, enable);
    refused(config, "[registries.fence]\nindex = \"sparse+https://other.example/\"\n", enable);
    refused(config, "[source.fence]\nregistry = \"sparse+https://other.example/\"\n", enable);
    refused(
        "home/.cargo/config.toml",
        "[registries.fence]\nindex = \"sparse+https://other.example/\"\n",
        enable,
    );
    refused(config, "[net\n", enable);
    refused(config, "[net\n", "disable --yes");
    refused(config, "include = \"more.toml\"\n", enable);
    refused(".cargo/config", "[net]\n", enable);
    refused(config, "x = 1\n", "enable --yes --url ftp://fence.example");
    refused(config, "x = 1\n", "enable --yes --url https://user@fence.example");
    refused(config, "x = 1\n", "enable --yes --global --project");
    let inline = "source = { crates-io = { replace-with = \"fence\" } }\nregistries.fence.index = \"sparse+http://127.0.0.1:7343/crates-io/\"\n";
    refused(config, inline, "disable --yes");
    assert_snapshot!(told);
}

#[cfg(unix)]
#[test]
fn links_and_read_only_files_are_left_alone() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let mut project = offline();
    project.write("elsewhere.toml", "[net]\n");
    fs::create_dir(project.path(".cargo")).unwrap();
    symlink("../elsewhere.toml", project.path(".cargo/config.toml")).unwrap();
    let mut told = changes_nothing(&project, "enable --yes --offline") + "\n\n";
    fs::remove_dir_all(project.path(".cargo")).unwrap();
    project.write("other/config.toml", "");
    symlink("other", project.path(".cargo")).unwrap();
    told += &(changes_nothing(&project, "enable --yes --offline") + "\n\n");
    fs::remove_file(project.path(".cargo")).unwrap();
    project.write(".cargo/config.toml", "");
    fs::set_permissions(project.path(".cargo/config.toml"), fs::Permissions::from_mode(0o444)).unwrap();
    told += &changes_nothing(&project, "enable --yes --offline");
    assert_snapshot!(told);
    // Some keep the old name as a link to the new one.
    let project = offline();
    fs::create_dir(project.path(".cargo")).unwrap();
    fs::write(project.path(".cargo/config.toml"), "").unwrap();
    symlink("config.toml", project.path(".cargo/config")).unwrap();
    assert_eq!(project.exit_code("enable --yes --offline"), Some(0));
}

#[test]
fn an_environment_that_says_otherwise_is_told() {
    let mut project = offline();
    project.set("CARGO_REGISTRIES_FENCE_INDEX", "sparse+https://other.example/");
    assert_snapshot!(changes_nothing(&project, "enable --yes --offline"), @"
    $ cargo fence enable --yes --offline
    error: `registries.fence` is taken by the environment variable CARGO_REGISTRIES_FENCE_INDEX, and is not this fence
    hint: rename it there, or name its own address with `--url` if it is the fence that is meant
    [exit code 2]
    ");
}

/// The whole way, with the installed cargo and a mirror that stands in for crates.io.
#[cfg(unix)]
#[test]
fn a_newcomer_switches_on_meets_a_held_release_and_switches_off() {
    let standing = Standing::behind_a_mirror("glob = \"0.3\"");
    assert_snapshot!(standing.run("enable --yes"), @r#"
    $ cargo fence enable --yes
         Enabled the fence at http://127.0.0.1:[…], for this project, in .cargo/config.toml
    warning: no fence answers at http://127.0.0.1:[…] yet, and without it cargo can neither resolve nor download: nobody listens there
             `cargo fence serve` starts one; `cargo fence serve --install` lets systemd start it whenever you log in
    --- /dev/null
    +++ .cargo/config.toml
    @@ -0,0 +1,7 @@
    +# `cargo fence enable` made this file and its folder; `cargo fence disable` removes them.
    +# If cargo cannot connect, no fence answers there: start it, or let cargo ask without one by `cargo fence disable`.
    +[source.mirror]
    +replace-with = "fence"
    +
    +[registries.fence]
    +index = "sparse+http://127.0.0.1:[…]/crates-io/"
    [exit code 0]
    "#);
    let served = standing.serve(&format!("serve --listen {}", standing.listen));
    // Told that it stands in for the mirror itself, it goes on asking the mirror.
    assert_snapshot!(standing.run("enable --yes"), @"
    $ cargo fence enable --yes
       Unchanged .cargo/config.toml leads cargo to http://127.0.0.1:[…] already
         Answers http://127.0.0.1:[…], by the policy of [project]
    [exit code 0]
    ");
    assert_snapshot!(standing.cargo.run(["update"]), @"
    $ cargo update
        Updating `fence` index
         Locking 1 package to latest compatible version
    [exit code 0]
    ");
    assert_eq!(standing.cargo.lockfile()["glob"], ["0.3.3"]);
    let locked = fs::read_to_string(standing.cargo.folder().join("Cargo.lock")).unwrap();
    assert!(locked.contains(tame_index::CRATES_IO_INDEX), "{locked}");
    // Who judges himself asks the mirror, not the fence, to which what it holds is yanked; and needs no fence.
    let address = served.address;
    drop(served);
    let check = standing.run("check");
    assert!(
        check.code == Some(0) && check.stdout.contains("approval: glob 0.3.4 (needs a reviewer)"),
        "{check}"
    );
    assert_snapshot!(standing.run("disable --yes"), @r#"
    $ cargo fence disable --yes
        Disabled the fence, for this project, in .cargo/config.toml
    --- .cargo/config.toml
    +++ /dev/null
    @@ -1,7 +0,0 @@
    -# `cargo fence enable` made this file and its folder; `cargo fence disable` removes them.
    -# If cargo cannot connect, no fence answers there: start it, or let cargo ask without one by `cargo fence disable`.
    -[source.mirror]
    -replace-with = "fence"
    -
    -[registries.fence]
    -index = "sparse+http://127.0.0.1:[…]/crates-io/"
    [exit code 0]
    "#);
    assert!(!standing.cargo.folder().join(".cargo").exists());
    assert_eq!(address, standing.listen);
    standing.cargo.run(["update"]);
    assert_eq!(standing.cargo.lockfile()["glob"], ["0.3.4"]);
}

/// A fence that wants tokens is told by what it answers; so is what is no fence.
#[test]
fn what_answers_at_the_address_decides_what_is_written() {
    let mut standing = Standing::behind_a_mirror("");
    standing.cargo.write("tokens", "a-token-of-some-length\n");
    let served = standing.serve("serve --listen 127.0.0.1:0 --tokens tokens");
    standing.listen = served.address;
    assert_snapshot!(standing.run("enable --yes"), @r#"
    $ cargo fence enable --yes
         Enabled the fence at http://127.0.0.1:[…], for this project, in .cargo/config.toml
            Next `cargo login --registry fence` with a token: the fence wants one
    --- /dev/null
    +++ .cargo/config.toml
    @@ -0,0 +1,8 @@
    +# `cargo fence enable` made this file and its folder; `cargo fence disable` removes them.
    +# If cargo cannot connect, no fence answers there: start it, or let cargo ask without one by `cargo fence disable`.
    +[source.mirror]
    +replace-with = "fence"
    +
    +[registries.fence]
    +index = "sparse+http://127.0.0.1:[…]/crates-io/"
    +credential-provider = ["cargo:token"]
    [exit code 0]
    "#);
    let mut other = Standing::behind_a_mirror("");
    other.listen = other.registry.server().host_and_port().parse().unwrap();
    assert_snapshot!(other.run("enable --yes"), @r#"
    $ cargo fence enable --yes
         Enabled the fence at http://127.0.0.1:[…], for this project, in .cargo/config.toml
    warning: what answers at http://127.0.0.1:[…] is no fence in front of crates.io, and without it cargo can neither resolve nor download
             `cargo fence serve --help` says how one is started
    --- /dev/null
    +++ .cargo/config.toml
    @@ -0,0 +1,7 @@
    +# `cargo fence enable` made this file and its folder; `cargo fence disable` removes them.
    +# If cargo cannot connect, no fence answers there: start it, or let cargo ask without one by `cargo fence disable`.
    +[source.mirror]
    +replace-with = "fence"
    +
    +[registries.fence]
    +index = "sparse+http://127.0.0.1:[…]/crates-io/"
    [exit code 0]
    "#);
}

/// A machine has several names for itself, and a fence does not mind by which it is asked.
#[test]
fn a_fence_that_is_asked_by_another_name_answers_all_the_same() {
    let standing = Standing::behind_a_mirror("");
    let served = standing.serve("serve --listen 127.0.0.1:0");
    let port = served.address.port();
    let enabled = standing.run(&format!("enable --yes --url http://localhost:{port}"));
    assert!(enabled.code == Some(0) && !enabled.stderr.contains("warning"), "{enabled}");
    let doctor = standing.run("doctor").to_string();
    assert!(doctor.contains("packages from") && !doctor.contains("downloads-elsewhere"), "{doctor}");
    drop(served);
    assert_eq!(standing.run("disable --yes").code, Some(0));

    // One that leads elsewhere for packages is a fence as well, and somebody has to be told.
    let _served = standing.serve(&format!("serve --listen {} --url http://127.0.0.1:1", standing.listen));
    assert_snapshot!(standing.run("enable --yes --quiet"), @"
    $ cargo fence enable --yes --quiet
    warning: the fence at http://127.0.0.1:[…] sends cargo elsewhere for packages, to http://127.0.0.1:[…]/crates-io/dl/
             whoever runs it says with `cargo fence serve --url URL` where its clients reach it
    [exit code 0]
    ");
}

/// Services, with a systemctl of ours.
#[cfg(target_os = "linux")]
mod service {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// A project in whose path a `systemctl` is that writes down what it is asked, and answers `answer`.
    fn with_systemctl(answer: &str) -> Project {
        let mut project = calm();
        project.write("fence.toml", "[feeds.rustsec]\nrole = \"advisories\"\npath = \"advisories\"\n");
        let script =
            format!("#!/bin/sh\necho \"$@\" >> '{}'\n{answer}\n", project.path("home/asked").display());
        project.write("home/bin/systemctl", script);
        let program = project.path("home/bin/systemctl");
        fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
        let path = project.path("home/bin").display().to_string();
        project.set("PATH", &path);
        project
    }

    fn asked(project: &Project) -> String {
        fs::read_to_string(project.path("home/asked")).unwrap_or_default()
    }

    /// What is seen, but for the lines that differ between machines.
    fn settled(project: &Project, seen: &str) -> String {
        let differs = |line: &&str| {
            !line.starts_with("+Environment=PATH") && !line.contains("PrivateTmp") && !line.starts_with("@@")
        };
        let lines: Vec<&str> = seen.lines().filter(differs).collect();
        let program = env!("CARGO_BIN_EXE_cargo-fence");
        let folder = fs::canonicalize(project.path("")).unwrap().display().to_string();
        lines.join("\n").replace(program, "[program]").replace(&folder, "[project]")
    }

    #[test]
    fn it_is_installed_with_the_options_that_were_given_and_removed_without_a_trace() {
        let project = with_systemctl("");
        let install = "serve --install --yes --listen 127.0.0.1:7344 --log json --registry own";
        let before = project.all_files();
        assert_snapshot!("a service is installed", settled(&project, &project.run(install)));
        assert_snapshot!(asked(&project), @"
        --user daemon-reload
        --user enable cargo-fence-7344.service
        --user restart cargo-fence-7344.service
        ");
        let unit = project.read("home/.config/systemd/user/cargo-fence-7344.service");
        assert_snapshot!(settled(&project, &project.run(install)), @"
        $ cargo fence serve --install --yes --listen 127.0.0.1:7344 --log json --registry own
           Unchanged home/.config/systemd/user/cargo-fence-7344.service is as it would be written
                 Ran `systemctl --user daemon-reload`
                 Ran `systemctl --user enable cargo-fence-7344.service`
                 Ran `systemctl --user restart cargo-fence-7344.service`
                Next `journalctl --user -u cargo-fence-7344.service -f` shows what it does
                Next `loginctl enable-linger` keeps it running while you are logged out
        [exit code 0]
        ");
        assert_eq!(project.read("home/.config/systemd/user/cargo-fence-7344.service"), unit);
        assert_snapshot!(settled(&project, &project.run("serve --uninstall --yes")), @"
        $ cargo fence serve --uninstall --yes
        error: there is no home/.config/systemd/user/cargo-fence.service
        hint: cargo-fence-7344.service is there; `--listen 127.0.0.1:PORT` says which is meant, by its port
        [exit code 2]
        ");
        fs::remove_file(project.path("home/asked")).unwrap();
        let removed = project.run("serve --uninstall --yes --quiet --listen 127.0.0.1:7344");
        assert_snapshot!(removed, @"
        $ cargo fence serve --uninstall --yes --quiet --listen 127.0.0.1:7344

        [exit code 0]
        ");
        assert_snapshot!(asked(&project), @"
        --user disable --now cargo-fence-7344.service
        --user daemon-reload
        ");
        fs::remove_file(project.path("home/asked")).unwrap();
        assert_eq!(project.all_files(), before);
        assert!(!project.path("home/.config/systemd").exists());
        assert_snapshot!(project.run("serve --uninstall --yes"), @"
        $ cargo fence serve --uninstall --yes
           Unchanged there is no home/.config/systemd/user/cargo-fence.service
        [exit code 0]
        ");
    }

    #[test]
    fn the_port_alone_says_which_service_is_removed() {
        let project = with_systemctl("");
        let before = project.all_files();
        assert_eq!(project.exit_code("serve --install --yes --listen 127.0.0.1:7344"), Some(0));
        assert_eq!(project.exit_code("serve --uninstall --yes --listen 0.0.0.0:7344"), Some(0));
        fs::remove_file(project.path("home/asked")).unwrap();
        assert_eq!(project.all_files(), before);
    }

    /// Expected: refused before systemd is asked anything.
    #[test]
    fn a_service_whose_file_is_a_link_is_left_alone() {
        let project = with_systemctl("");
        assert_eq!(project.exit_code("serve --install --yes"), Some(0));
        fs::remove_file(project.path("home/asked")).unwrap();
        let file = project.path("home/.config/systemd/user/cargo-fence.service");
        fs::rename(&file, project.path("home/elsewhere.service")).unwrap();
        std::os::unix::fs::symlink(project.path("home/elsewhere.service"), &file).unwrap();
        assert_snapshot!(changes_nothing(&project, "serve --uninstall --yes"), @"
        $ cargo fence serve --uninstall --yes
        error: home/.config/systemd/user/cargo-fence.service is a link, and neither it nor what it leads to is changed from here
        hint: `systemctl --user mask` makes such a link, and `unmask` removes it; remove any other one by hand
        [exit code 2]
        ");
        assert_snapshot!(changes_nothing(&project, "serve --install --yes"), @"
        $ cargo fence serve --install --yes
        error: home/.config/systemd/user/cargo-fence.service is a link, and neither it nor what it leads to is changed from here
        hint: `systemctl --user mask` makes such a link, and `unmask` removes it; remove any other one by hand
        [exit code 2]
        ");
        assert_eq!(asked(&project), "");
    }

    #[test]
    fn where_systemd_does_not_run_it_is_written_all_the_same() {
        let project = with_systemctl("echo 'Failed to connect to bus: No medium found' >&2; exit 1");
        let quiet = "serve --install --yes --quiet";
        assert_snapshot!(project.run(quiet), @"
        $ cargo fence serve --install --yes --quiet
        warning: systemd does not run for this user here (Failed to connect to bus: No medium found); the service is written, and nothing is started
                 where it runs: systemctl --user daemon-reload && systemctl --user enable --now cargo-fence.service
        [exit code 0]
        ");
        assert!(project.path("home/.config/systemd/user/cargo-fence.service").exists());
        assert_snapshot!(project.run("serve --uninstall --yes --quiet"), @"
        $ cargo fence serve --uninstall --yes --quiet
        warning: systemd does not run for this user here (Failed to connect to bus: No medium found); where it does, stop a fence that runs still:
                 systemctl --user stop cargo-fence.service && systemctl --user daemon-reload
        [exit code 0]
        ");
        fs::remove_file(project.path("home/bin/systemctl")).unwrap();
        assert_snapshot!(project.run(quiet), @"
        $ cargo fence serve --install --yes --quiet
        warning: systemd does not run for this user here (there is no systemctl); the service is written, and nothing is started
                 where it runs: systemctl --user daemon-reload && systemctl --user enable --now cargo-fence.service
        [exit code 0]
        ");
    }

    #[test]
    fn what_goes_wrong_with_a_service_says_what_to_do() {
        let project = with_systemctl("echo 'Job failed.' >&2; exit 1");
        let mut told = project.run("serve --install --quiet --yes") + "\n\n";
        told += &(project.run("serve --install --listen 127.0.0.1:7345") + "\n\n");
        let mut project = with_systemctl("");
        project.write("home/.config/systemd/user/cargo-fence.service", "[Unit]\n");
        told += &(changes_nothing(&project, "serve --install --yes") + "\n\n");
        told += &(changes_nothing(&project, "serve --uninstall --yes") + "\n\n");
        told += &(changes_nothing(&project, "serve --install --uninstall") + "\n\n");
        told += &changes_nothing(&project, "serve --install --yes --tokens none");
        assert_snapshot!(settled(&project, &told));
    }
}
