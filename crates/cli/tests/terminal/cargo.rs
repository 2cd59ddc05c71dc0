//! `cargo fence cargo`: the installed cargo, behind a fence that stands for one run or longer.

use std::fs;

use fence_testkit::publishing::release;
use fence_testkit::registry::FakeRegistry;
use insta::assert_snapshot;

use crate::standing::Standing;

const GLOB: &str = "glob = \"0.3\"";

/// Expected: what cargo prints and how it ends is the same with and without `fence`; the registry is `fence` for both.
#[track_caller]
fn passes_through(standing: &Standing, words: &str) {
    let plain: Vec<&str> = words.split(' ').collect();
    let target = standing.cargo.folder().join("target");
    let direct = match plain[..] {
        [one] => standing.cargo.run([one]),
        [one, two] => standing.cargo.run([one, two]),
        [one, two, three] => standing.cargo.run([one, two, three]),
        _ => panic!("{words}"),
    };
    let _ = fs::remove_dir_all(&target);
    let fenced = standing.run(&format!("--quiet cargo {words}"));
    let _ = fs::remove_dir_all(&target);
    assert_eq!((&fenced.stdout, &fenced.stderr, fenced.code), (&direct.stdout, &direct.stderr, direct.code));
}

#[test]
fn what_cargo_says_is_passed_through() {
    let standing = Standing::before("glob = \"=0.3.3\"");
    standing.cargo.write("src/main.rs", "fn main() { println!(\"said\"); std::process::exit(7); }\n");
    standing.cargo.run(["generate-lockfile"]);
    let before = standing.cargo.folder().join("Cargo.lock");
    let locked = fs::read(&before).unwrap();
    passes_through(&standing, "build --quiet");
    passes_through(&standing, "run --quiet");
    passes_through(&standing, "--locked -q check");
    passes_through(&standing, "tree --locked");
    passes_through(&standing, "no-such-command");
    passes_through(&standing, "build --no-such-option");
    standing.cargo.write("src/main.rs", "fn main() { no }\n");
    passes_through(&standing, "check --quiet");
    assert_eq!(fs::read(&before).unwrap(), locked);
}

#[test]
fn what_was_held_back_is_told_afterwards() {
    let standing = Standing::before(GLOB);
    assert_snapshot!(standing.run("cargo build"), @"
    $ cargo fence cargo build
        Updating `fence` index
         Locking 1 package to latest compatible version
     Downloading crates ...
      Downloaded glob v0.3.3 (registry `fence`)
       Compiling app v0.1.0 ([project])
       Compiling glob v0.3.3
        Finished `dev` profile [unoptimized + debuginfo] target(s) in […]
            Held glob 0.3.4: published […] years ago; needs a reviewer, age alone will not admit it
                 (instead: 0.3.3)
             Ask `cargo fence why glob@0.3.4` for all that is known of one
    [exit code 0]
    ");
    assert_eq!(standing.cargo.lockfile()["glob"], ["0.3.3"]);
    assert_snapshot!(standing.run("--quiet cargo update"), @"
    $ cargo fence --quiet cargo update
        Updating `fence` index
         Locking 0 packages to latest compatible versions
    [exit code 0]
    ");
}

#[test]
fn what_was_refused_is_told_afterwards() {
    let standing = Standing::before("glob = \"=0.3.4\"");
    // Locked before there was a fence.
    standing.cargo.run(["generate-lockfile"]);
    let run = standing.run("cargo fetch --locked");
    // It comes first or not at all.
    let told = run.to_string().replace("  Downloaded extra v1.0.0 (registry `fence`)\n", "");
    assert_snapshot!(told, @"
    $ cargo fence cargo fetch --locked
        Updating `fence` index
     Downloading crates ...
    error: failed to download from `http://127.0.0.1:[…]/crates-io/dl/glob/0.3.4/8d1e652a5cd43faf351f3a09d928257be610f19831d4f0a60310d14a1b59792b`

    Caused by:
      failed to get successful HTTP response from `http://127.0.0.1:[…]/crates-io/dl/glob/0.3.4/8d1e652a5cd43faf351f3a09d928257be610f19831d4f0a60310d14a1b59792b` (127.0.0.1), got 403
      body:
      the fence holds glob 0.3.4: published […] years ago; needs a reviewer, age alone will not admit it
      stay on 0.3.3: cargo update -p glob@0.3.4 --precise 0.3.3
      new-dependency: new dependency extra
      dormant: no release for 365 days before 2020-01-01
      more: cargo fence why glob@0.3.4
         Refused glob 0.3.4
    [exit code 101]
    ");
}

#[test]
fn a_program_is_installed_from_behind_the_fence() {
    let standing = Standing::before("");
    standing.registry.publish(release("tool", "1.0.0").program().needs("glob", "^0.3"));
    assert_snapshot!(standing.run("cargo install tool --debug"), @"
    $ cargo fence cargo install tool --debug
        Updating `fence` index
    error: could not find `tool` in registry `crates-io` with version `*`
            Held tool 1.0.0: published […] years ago; needs a reviewer, age alone will not admit it
             Ask `cargo fence why tool@1.0.0` for all that is known of one
    [exit code 101]
    ");
}

#[test]
fn a_fence_that_stands_is_used_and_left_alone() {
    let mut standing = Standing::before(GLOB);
    let served = standing.serve("serve --listen 127.0.0.1:0");
    standing.listen = served.address;
    let asked = || {
        let metrics = served.get("/metrics");
        let pages = metrics.lines().find(|line| line.starts_with("fence_pages{")).unwrap().to_owned();
        pages.rsplit_once(' ').unwrap().1.to_owned()
    };
    assert_eq!(asked(), "0");
    assert_snapshot!(standing.run("cargo update"), @"
    $ cargo fence cargo update
        Updating `fence` index
         Locking 1 package to latest compatible version
            Held glob 0.3.4: published […] years ago; needs a reviewer, age alone will not admit it
                 (instead: 0.3.3)
             Ask `cargo fence why glob@0.3.4` for all that is known of one, or look at
                 http://127.0.0.1:[…]/crates-io/crate/glob/0.3.4
    [exit code 0]
    ");
    assert_eq!(asked(), "1", "{}", served.get("/metrics"));
    assert_eq!(standing.cargo.lockfile()["glob"], ["0.3.3"]);
}

#[test]
fn a_port_that_another_program_has_is_left_to_it() {
    let mut standing = Standing::before(GLOB);
    let other = FakeRegistry::start();
    standing.listen = other.host_and_port().parse().unwrap();
    assert_eq!(standing.run("--quiet cargo update").code, Some(0));
    assert_eq!(standing.cargo.lockfile()["glob"], ["0.3.3"]);
    let asked: Vec<String> = other.take_requests().into_iter().map(|request| request.path).collect();
    assert_eq!(asked, ["status.json"]);
}

/// The fence of one project is not that of another.
#[test]
fn a_fence_that_stands_for_another_project_is_left_to_it() {
    let mut standing = Standing::before(GLOB);
    let other = Standing::before("");
    let served = other.serve("serve --listen 127.0.0.1:0");
    standing.listen = served.address;
    assert_eq!(standing.run("--quiet cargo update").code, Some(0));
    assert!(served.get("/metrics").contains("fence_pages{registry=\"crates-io\"} 0\n"));
}

#[test]
fn without_a_network_it_serves_what_it_has() {
    let standing = Standing::before(GLOB);
    assert_snapshot!(standing.run("--offline cargo update"), @"
    $ cargo fence --offline cargo update
        Updating `fence` index
    error: failed to get `glob` as a dependency of package `app v0.1.0 ([project])`

    Caused by:
      failed to query replaced source registry `crates-io`

    Caused by:
      download of gl/ob/glob failed

    Caused by:
      failed to get successful HTTP response from `http://127.0.0.1:[…]/crates-io/gl/ob/glob` (127.0.0.1), got 503
      body:
      nothing is known of glob: no copy of the index file of glob is on this machine
      run once without `--offline`, or name a copy of the index with `--index <folder>`
    [exit code 101]
    ");
    standing.run("cargo fetch");
    standing.registry.server().always(fence_testkit::registry::Act::status(503));
    fs::remove_dir_all(standing.cargo.home().join("registry")).unwrap();
    assert_snapshot!(standing.run("--offline cargo fetch --locked"), @"
    $ cargo fence --offline cargo fetch --locked
        Updating `fence` index
     Downloading crates ...
      Downloaded glob v0.3.3 (registry `fence`)
            Held glob 0.3.4: published […] years ago; needs a reviewer, age alone will not admit it
                 (instead: 0.3.3)
             Ask `cargo fence why glob@0.3.4` for all that is known of one
    [exit code 0]
    ");
}

#[test]
fn what_keeps_it_from_running_says_what_to_do() {
    let standing = Standing::before(GLOB);
    let listens_at = |listen: &str| {
        standing.run_with("cargo build", |command| {
            command.env("CARGO_FENCE_LISTEN", listen);
        })
    };
    assert_snapshot!(listens_at("nowhere"), @r#"
    $ cargo fence cargo build
    error: CARGO_FENCE_LISTEN is "nowhere", which is no address and port
    hint: write it as 127.0.0.1:[…]
    [exit code 2]
    "#);
    assert_snapshot!(standing.run_with("cargo build", |command| {
        command.env("CARGO", "/no/such/cargo");
    }), @"
    $ cargo fence cargo build
    error: /no/such/cargo cannot be started: No such file or directory (os error 2)
    [exit code 2]
    ");
    standing.cargo.write("fence.toml", "level = \"huge\"\n");
    assert_snapshot!(standing.run("cargo build"), @r#"
    $ cargo fence cargo build
    error: fence.toml is not a policy: there is a problem
     --> fence.toml:1:9
      |
    1 | level = "huge"
      |         ^^^^^^ `level`: unknown variant `huge`, expected one of `low`, `medium`, `high`
    [exit code 2]
    "#);
}

/// Cargo starts `cargo-probe` for `cargo probe`, and does not hand on what it was told on its command line.
#[cfg(unix)]
#[test]
fn a_program_that_cargo_starts_is_told_to_be_past_the_fence() {
    let standing = Standing::before(GLOB);
    script(&standing, "bin/cargo-probe", "echo probed");
    assert_snapshot!(standing.run_with("cargo probe", |command| with_bin(&standing, command)), @"
    $ cargo fence cargo probe
    warning: cargo-probe is a program of its own, and cargo does not tell it of the fence: what it fetches is not judged
             `cargo fence serve --help` says how everything gets behind a fence
    probed
    [exit code 0]
    ");
}

/// Which toolchain `+name` means only the cargo in the path knows.
#[cfg(unix)]
#[test]
fn a_toolchain_is_asked_of_the_cargo_in_the_path() {
    let standing = Standing::before(GLOB);
    script(&standing, "bin/cargo", "echo \"$@\"");
    assert_snapshot!(
        standing.run_with("cargo +nightly build --release", |command| with_bin(&standing, command)), @r#"
    $ cargo fence cargo +nightly build --release
    +nightly --config source.crates-io.replace-with="fence" --config registries.fence.index="sparse+http://127.0.0.1:[…]/crates-io/" build --release
    [exit code 0]
    "#);
}

#[cfg(unix)]
fn script(standing: &Standing, file: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    standing.cargo.write(file, &format!("#!/bin/sh\n{text}\n"));
    fs::set_permissions(standing.cargo.folder().join(file), fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(unix)]
fn with_bin(standing: &Standing, command: &mut std::process::Command) {
    let path = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{}:{path}", standing.cargo.folder().join("bin").display()));
}
