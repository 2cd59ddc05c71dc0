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
    assert_snapshot!(project.run("enable --yes --offline"), @"");
    assert_snapshot!(changes_nothing(&project, "enable --yes --offline"), @"");
    assert_snapshot!(project.run("disable --yes"), @"");
    assert_eq!(project.all_files(), before);
    assert!(!project.path(".cargo").exists());
    assert_snapshot!(changes_nothing(&project, "disable --yes"), @"");

    project.write(".cargo/config.toml", "# Ours.\r\n[registries.own]\r\ntoken = \"secret\"");
    let before = project.all_files();
    let seen = project.run("enable --yes --offline");
    assert!(!seen.contains("secret"), "{seen}");
    assert_snapshot!(seen, @"");
    assert_snapshot!(project.run("disable --yes"), @"");
    assert_eq!(project.all_files(), before);
}

#[test]
fn everything_that_cargo_does_is_switched_on_and_off() {
    let project = offline();
    let before = project.all_files();
    assert_snapshot!(project.run("enable --global --yes --offline"), @"");
    assert_snapshot!(changes_nothing(&project, "disable --yes"), @"");
    assert_snapshot!(project.run("disable --global --yes --quiet"), @"");
    assert_eq!(project.all_files(), before);
}

#[test]
fn nothing_is_written_without_a_yes_or_where_files_are_locked() {
    let mut project = offline();
    assert_snapshot!(changes_nothing(&project, "enable --offline"), @"");
    assert_snapshot!(changes_nothing(&project, "enable --offline --yes --locked"), @"");
    project.run("enable --yes --offline");
    assert_snapshot!(changes_nothing(&project, "disable --frozen --yes"), @"");
    project.write("Cargo.lock", "version = 4\n");
    assert_snapshot!(changes_nothing(&project, "disable"), @"");
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
    assert_snapshot!(changes_nothing(&project, "enable --yes --offline"), @"");
}

/// The whole way, with the installed cargo and a mirror that stands in for crates.io.
#[cfg(unix)]
#[test]
fn a_newcomer_switches_on_meets_a_held_release_and_switches_off() {
    let mut standing = Standing::behind_a_mirror("glob = \"0.3\"");
    assert_snapshot!(standing.run("enable --yes"), @"");
    let served = standing.serve(&format!("serve --listen {}", standing.listen));
    // Told that it stands in for the mirror itself, it goes on asking the mirror.
    assert_eq!(served.address, standing.listen);
    assert_snapshot!(standing.run("enable --yes"), @"");
    assert_snapshot!(standing.cargo.run(["update"]), @"");
    assert_eq!(standing.cargo.lockfile()["glob"], ["0.3.3"]);
    let locked = fs::read_to_string(standing.cargo.folder().join("Cargo.lock")).unwrap();
    assert!(locked.contains(tame_index::CRATES_IO_INDEX), "{locked}");
    assert_snapshot!(standing.run("disable --yes"), @"");
    assert!(!standing.cargo.folder().join(".cargo").exists());
    standing.listen = served.address;
    drop(served);
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
    assert_snapshot!(standing.run("enable --yes"), @"");
    let mut other = Standing::behind_a_mirror("");
    other.listen = other.registry.server().host_and_port().parse().unwrap();
    assert_snapshot!(other.run("enable --yes"), @"");
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
        assert_snapshot!(asked(&project), @"");
        let unit = project.read("home/.config/systemd/user/cargo-fence-7344.service");
        assert_snapshot!(settled(&project, &project.run(install)), @"");
        assert_eq!(project.read("home/.config/systemd/user/cargo-fence-7344.service"), unit);
        assert_snapshot!(settled(&project, &project.run("serve --uninstall --yes")), @"");
        fs::remove_file(project.path("home/asked")).unwrap();
        let removed = project.run("serve --uninstall --yes --quiet --listen 127.0.0.1:7344");
        assert_snapshot!(removed, @"");
        assert_snapshot!(asked(&project), @"");
        fs::remove_file(project.path("home/asked")).unwrap();
        assert_eq!(project.all_files(), before);
        assert!(!project.path("home/.config/systemd").exists());
        assert_snapshot!(project.run("serve --uninstall --yes"), @"");
    }

    #[test]
    fn where_systemd_does_not_run_it_is_written_all_the_same() {
        let project = with_systemctl("echo 'Failed to connect to bus: No medium found' >&2; exit 1");
        let quiet = "serve --install --yes --quiet";
        assert_snapshot!(project.run(quiet), @"");
        assert!(project.path("home/.config/systemd/user/cargo-fence.service").exists());
        assert_snapshot!(project.run("serve --uninstall --yes --quiet"), @"");
        fs::remove_file(project.path("home/bin/systemctl")).unwrap();
        assert_snapshot!(project.run(quiet), @"");
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
