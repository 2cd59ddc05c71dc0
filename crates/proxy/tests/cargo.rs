//! End to end: the installed cargo, unchanged, asks a fence that stands in front of a registry, all over loopback. No
//! other network is there. What cargo prints is what a user sees.

mod world;

use std::path::Path;
use std::time::{Duration, Instant};

use fence_model::Span;
use fence_proxy::fence::Tokens;
use fence_proxy::server::CertificateFiles;
use fence_testkit::cargo::Cargo;
use fence_testkit::publishing::{Publishing, release};
use insta::assert_snapshot;
use world::{OWN, Served, World, in_front_of};

/// A registry in which `glob` has two releases of long ago and one of an hour, and `top` needs it.
fn some_history() -> World {
    let world = World::at("2026-08-20T08:00:00Z");
    world.registry.publish(release("glob", "0.3.2").at("2024-01-01T00:00:00Z"));
    world.registry.publish(release("glob", "0.3.3").at("2025-01-01T00:00:00Z"));
    world.registry.publish(release("glob", "0.3.4").at("2026-08-20T07:00:00Z"));
    world.registry.publish(release("top", "1.0.0").needs("glob", "^0.3").at("2025-02-01T00:00:00Z"));
    world
}

/// A project that depends on `dependencies`, behind a fence.
fn behind(served: &Served, dependencies: &str) -> Cargo {
    Cargo::new().project(dependencies).replace_crates_io(&served.index("crates-io"))
}

#[test]
fn a_fresh_resolution_takes_the_newest_admitted_release() {
    let world = some_history();
    let served = world.serve();
    let cargo = behind(&served, "top = \"1\"");
    assert_snapshot!(cargo.run(["build"]), @"
    $ cargo build
        Updating `fence` index
         Locking 2 packages to latest compatible versions
     Downloading crates ...
      Downloaded glob v0.3.3 (registry `fence`)
      Downloaded top v1.0.0 (registry `fence`)
       Compiling app v0.1.0 ([project])
       Compiling glob v0.3.3
       Compiling top v1.0.0
        Finished `dev` profile [unoptimized + debuginfo] target(s) in […]
    [exit code 0]
    ");
    assert_eq!(cargo.lockfile()["glob"], ["0.3.3"]);
}

#[test]
fn a_pinned_release_that_is_held_fails_with_the_fences_words() {
    let world = some_history();
    let direct = Cargo::new().project("glob = \"0.3\"").replace_crates_io(&world.registry.index_url());
    direct.run(["generate-lockfile"]);
    assert_eq!(direct.lockfile()["glob"], ["0.3.4"]);
    let served = world.serve();
    let cargo = behind(&served, "glob = \"0.3\"");
    cargo.write("Cargo.lock", &std::fs::read_to_string(direct.folder().join("Cargo.lock")).unwrap());
    assert_snapshot!(cargo.run(["fetch", "--locked"]), @"
    $ cargo fetch --locked
        Updating `fence` index
     Downloading crates ...
    error: failed to download from `http://127.0.0.1:[…]/crates-io/dl/glob/0.3.4/7a09326de2e346883982ce87af89f7c87ad1c2bcaa922e2278a13835b3a4f09f`

    Caused by:
      failed to get successful HTTP response from `http://127.0.0.1:[…]/crates-io/dl/glob/0.3.4/7a09326de2e346883982ce87af89f7c87ad1c2bcaa922e2278a13835b3a4f09f` (127.0.0.1), got 403
      body:
      the fence holds glob 0.3.4: published 1 hour ago; admitted in 14 days, on 2026-09-03
      stay on 0.3.3: cargo update -p glob@0.3.4 --precise 0.3.3
      dormant: no release for 596 days before 2026-08-20
      more: cargo fence why glob@0.3.4
      its page: http://127.0.0.1:[…]/crates-io/crate/glob/0.3.4
    [exit code 101]
    ");
    assert_snapshot!(cargo.run(["update", "-p", "glob@0.3.4", "--precise", "0.3.3"]), @"
    $ cargo update -p glob@0.3.4 --precise 0.3.3
        Updating `fence` index
     Downgrading glob v0.3.4 -> v0.3.3
    [exit code 0]
    ");
    assert_snapshot!(cargo.run(["fetch", "--locked"]), @"
    $ cargo fetch --locked
     Downloading crates ...
      Downloaded glob v0.3.3 (registry `fence`)
    [exit code 0]
    ");
}

#[test]
fn precise_is_answered_by_the_refusal() {
    let world = some_history();
    let served = world.serve();
    let cargo = behind(&served, "glob = \"0.3\"");
    cargo.run(["generate-lockfile"]);
    assert_snapshot!(cargo.run(["update", "-p", "glob", "--precise", "0.3.4"]), @"
    $ cargo update -p glob --precise 0.3.4
        Updating `fence` index
    warning: selected package `glob@0.3.4` was yanked by the author
      |
      = help: if possible, try a compatible non-yanked version
        Updating glob v0.3.3 -> v0.3.4
    [exit code 0]
    ");
    assert_snapshot!(cargo.run(["build"]), @"
    $ cargo build
     Downloading crates ...
    error: failed to download from `http://127.0.0.1:[…]/crates-io/dl/glob/0.3.4/7a09326de2e346883982ce87af89f7c87ad1c2bcaa922e2278a13835b3a4f09f`

    Caused by:
      failed to get successful HTTP response from `http://127.0.0.1:[…]/crates-io/dl/glob/0.3.4/7a09326de2e346883982ce87af89f7c87ad1c2bcaa922e2278a13835b3a4f09f` (127.0.0.1), got 403
      body:
      the fence holds glob 0.3.4: published 1 hour ago; admitted in 14 days, on 2026-09-03
      stay on 0.3.3: cargo update -p glob@0.3.4 --precise 0.3.3
      dormant: no release for 596 days before 2026-08-20
      more: cargo fence why glob@0.3.4
      its page: http://127.0.0.1:[…]/crates-io/crate/glob/0.3.4
    [exit code 101]
    ");
}

#[test]
fn a_requirement_that_only_held_releases_meet_is_not_met() {
    let world = some_history();
    let served = world.serve();
    let cargo = behind(&served, "glob = \"=0.3.4\"");
    assert_snapshot!(cargo.run(["build"]), @r#"
    $ cargo build
        Updating `fence` index
    error: failed to select a version for the requirement `glob = "=0.3.4"`
      version 0.3.4 is yanked
    location searched: `fence` index (which is replacing registry `crates-io`)
    required by package `app v0.1.0 ([project])`
    [exit code 101]
    "#);
}

#[test]
fn good_releases_that_are_yanked_upstream_stay_in_use() {
    let world = some_history();
    let served = world.serve();
    let cargo = behind(&served, "glob = \"0.3\"");
    cargo.run(["generate-lockfile"]);
    world.registry.yank("glob", "0.3.2");
    world.registry.yank("glob", "0.3.3");
    world.later(Span::minutes(5));
    assert_snapshot!(cargo.run(["update"]), @"
    $ cargo update
        Updating `fence` index
         Locking 0 packages to latest compatible versions
    [exit code 0]
    ");
    assert_eq!(cargo.lockfile()["glob"], ["0.3.3"]);
    // Whoever begins now gets the good one too.
    let fresh = behind(&served, "glob = \"0.3\"");
    assert_snapshot!(fresh.run(["build"]), @"
    $ cargo build
        Updating `fence` index
         Locking 1 package to latest compatible version
     Downloading crates ...
      Downloaded glob v0.3.3 (registry `fence`)
       Compiling app v0.1.0 ([project])
       Compiling glob v0.3.3
        Finished `dev` profile [unoptimized + debuginfo] target(s) in […]
    [exit code 0]
    ");
    assert_eq!(fresh.lockfile()["glob"], ["0.3.3"]);
}

#[test]
fn another_policy_reaches_a_client_that_has_all_in_its_cache() {
    let world = some_history();
    let served = world.serve();
    let cargo = behind(&served, "glob = \"0.3\"");
    cargo.run(["update"]);
    assert_eq!(cargo.lockfile()["glob"], ["0.3.3"]);
    let until_it_locks = |version: &str| {
        let began = Instant::now();
        while cargo.lockfile()["glob"] != [version] {
            assert!(began.elapsed() < Duration::from_secs(60), "{}", cargo.run(["update"]));
            cargo.run(["update"]);
        }
    };
    world.policy("level = \"medium\"\n[wait]\nbase = \"0 days\"");
    until_it_locks("0.3.4");
    world.policy("level = \"medium\"");
    let began = Instant::now();
    loop {
        let fresh = behind(&served, "glob = \"0.3\"");
        fresh.run(["update"]);
        if fresh.lockfile()["glob"] == ["0.3.3"] {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{:?}", fresh.lockfile());
    }
    // And so does who has the other one locked, when it is asked to update.
    assert_eq!(cargo.lockfile()["glob"], ["0.3.4"]);
    cargo.run(["update"]);
    assert_eq!(cargo.lockfile()["glob"], ["0.3.3"]);
}

#[test]
fn a_deleted_release_is_told_to_be_deleted() {
    let world = some_history();
    let served = world.serve();
    let cargo = behind(&served, "glob = \"=0.3.3\"");
    cargo.run(["generate-lockfile"]);
    world.registry.delete("glob", "0.3.3");
    for _ in 0..2 {
        world.later(Span::minutes(6));
        world.page(&served.fence, "glob");
    }
    assert_snapshot!(cargo.run(["build", "--locked"]), @"
    $ cargo build --locked
     Downloading crates ...
    error: failed to download from `http://127.0.0.1:[…]/crates-io/dl/glob/0.3.3/6dcc4a4c54c7bf1c0a78663dd36dc5746f574815218e17ed51560f48381618e7`

    Caused by:
      failed to get successful HTTP response from `http://127.0.0.1:[…]/crates-io/dl/glob/0.3.3/6dcc4a4c54c7bf1c0a78663dd36dc5746f574815218e17ed51560f48381618e7` (127.0.0.1), got 403
      body:
      the fence blocks glob 0.3.3, however long it waits
      stay on 0.3.2: cargo update -p glob@0.3.3 --precise 0.3.2
      deleted: seen since 2026-08-20T08:00:00Z, gone from the index since 2026-08-20T08:06:00Z
      more: cargo fence why glob@0.3.3
      its page: http://127.0.0.1:[…]/crates-io/crate/glob/0.3.3
    [exit code 101]
    ");
}

#[test]
fn cargo_install_gets_admitted_releases_only() {
    let world = some_history();
    world.registry.publish(
        release("hello-from-here", "1.0.0").program().needs("glob", "^0.3").at("2025-03-01T00:00:00Z"),
    );
    world.registry.publish(release("hello-from-here", "1.1.0").program().at("2026-08-20T07:30:00Z"));
    let served = world.serve();
    let cargo = behind(&served, "");
    assert_snapshot!(cargo.run(["install", "hello-from-here", "--debug"]), @"
    $ cargo install hello-from-here --debug
        Updating `fence` index
     Downloading crates ...
      Downloaded hello-from-here v1.0.0 (registry `fence`)
      Installing hello-from-here v1.0.0
        Updating `fence` index
         Locking 1 package to latest compatible version
     Downloading crates ...
      Downloaded glob v0.3.3 (registry `fence`)
       Compiling glob v0.3.3
       Compiling hello-from-here v1.0.0
        Finished `dev` profile [unoptimized + debuginfo] target(s) in […]
      Installing [home]/bin/hello-from-here
       Installed package `hello-from-here v1.0.0` (executable `hello-from-here`)
    warning: be sure to add `[home]/bin` to your PATH to be able to run the installed binaries
    [exit code 0]
    ");
    assert_snapshot!(cargo.run(["install", "hello-from-here", "--debug", "--version", "1.1.0"]), @"
    $ cargo install hello-from-here --debug --version 1.1.0
        Updating `fence` index
    error: cannot install package `hello-from-here`, it has been yanked from registry `crates-io`
    [exit code 101]
    ");
}

#[test]
fn another_registry_has_a_fence_of_its_own() {
    let world = some_history();
    let own = Publishing::start();
    own.publish(release("inside", "1.0.0").at("2025-01-01T00:00:00Z"));
    own.publish(release("inside", "1.1.0").at("2026-08-20T07:30:00Z"));
    let index = format!("sparse+{}", own.index_url());
    world.policy(&format!("level = \"medium\"\n[[registries]]\nindex = \"{index}\"\npublish-times = \"trusted\"\ntreat = \"judged\""));
    let served = world.serve_with(|setup, _| setup.mounts.push(in_front_of(&world, &own)));
    let cargo = behind(&served, "inside = { version = \"1\", registry = \"own\" }\nglob = \"0.3\"")
        .registry(OWN, &served.index(OWN));
    assert_snapshot!(cargo.run(["build"]), @"
    $ cargo build
        Updating `fence` index
        Updating `own` index
         Locking 2 packages to latest compatible versions
     Downloading crates ...
      Downloaded glob v0.3.3 (registry `fence`)
      Downloaded inside v1.0.0 (registry `own`)
       Compiling app v0.1.0 ([project])
       Compiling glob v0.3.3
       Compiling inside v1.0.0 (registry `own`)
        Finished `dev` profile [unoptimized + debuginfo] target(s) in […]
    [exit code 0]
    ");
    assert_eq!(
        (&cargo.lockfile()["inside"], &cargo.lockfile()["glob"]),
        (&vec!["1.0.0".to_owned()], &vec!["0.3.3".to_owned()])
    );
}

/// As a team's fence is reached: over TLS, under a name, with a certificate that cargo is told to trust.
#[test]
fn a_fence_is_reached_over_tls() {
    let world = some_history();
    let tls = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls").join(name);
    let served = world.serve_with(|_, settings| {
        settings.certificate =
            Some(CertificateFiles { certificate: tls("first.pem"), key: tls("first.key") });
    });
    let index = served.index("crates-io");
    assert!(index.starts_with("https://127.0.0.1:"), "{index}");
    let trusting = |pair: &str| {
        let cargo = behind(&served, "top = \"1\"").set("CARGO_NET_RETRY", "0");
        cargo.configure(&format!("[http]\ncainfo = {:?}\n", tls(pair).display().to_string()));
        cargo
    };
    assert_snapshot!(trusting("first.pem").run(["fetch"]));
    let stranger = trusting("second.pem").run(["fetch"]);
    assert_eq!(stranger.code, Some(101), "{stranger}");
    assert!(stranger.stderr.contains("certificate"), "{stranger}");
}

#[test]
fn a_fence_that_wants_a_token_gets_cargos() {
    let world = some_history();
    let served = world.serve_with(|setup, settings| {
        setup.tokens = Tokens::Required;
        settings.tokens = Some(fence_proxy::server::Tokens::new(["secret"]).unwrap());
    });
    let cargo = behind(&served, "glob = \"0.3\"");
    assert_snapshot!(cargo.run(["fetch"]), @"
    $ cargo fetch
        Updating `fence` index
    error: failed to get `glob` as a dependency of package `app v0.1.0 ([project])`

    Caused by:
      failed to query replaced source registry `crates-io`

    Caused by:
      authenticated registries require a credential-provider to be configured
      see https://doc.rust-lang.org/cargo/reference/registry-authentication.html for details
    [exit code 101]
    ");
    let cargo = behind(&served, "glob = \"0.3\"").token("fence", "secret");
    assert_snapshot!(cargo.run(["fetch"]), @"
    $ cargo fetch
        Updating `fence` index
         Locking 1 package to latest compatible version
     Downloading crates ...
      Downloaded glob v0.3.3 (registry `fence`)
    [exit code 0]
    ");
}

#[test]
fn a_dry_run_of_publishing_verifies_through_the_fence() {
    let world = some_history();
    let own = Publishing::start();
    let served = world.serve_with(|setup, _| setup.mounts.push(in_front_of(&world, &own)));
    let cargo = behind(&served, "glob = \"0.3\"").registry(OWN, &served.index(OWN));
    assert_snapshot!(cargo.run(["publish", "--dry-run", "--allow-dirty", "--registry", OWN]), @"
    $ cargo publish --dry-run --allow-dirty --registry own
        Updating `own` index
       Packaging app v0.1.0 ([project])
        Updating `fence` index
        Packaged 4 files, 1.2KiB (819B compressed)
       Verifying app v0.1.0 ([project])
     Downloading crates ...
      Downloaded glob v0.3.3 (registry `fence`)
       Compiling app v0.1.0 ([project]/target/package/app-0.1.0)
       Compiling glob v0.3.3
        Finished `dev` profile [unoptimized + debuginfo] target(s) in […]
       Uploading app v0.1.0 ([project])
    warning: aborting upload due to dry run
    [exit code 0]
    ");
}

#[test]
fn a_fence_that_knows_nothing_of_a_crate_says_why() {
    let world = some_history();
    let served = world.serve();
    let cargo = behind(&served, "glob = \"0.3\"").set("CARGO_NET_RETRY", "0");
    world.registry.server().always(fence_testkit::registry::Act::status(503));
    assert_snapshot!(cargo.run(["fetch"]), @"
    $ cargo fetch
        Updating `fence` index
    error: failed to get `glob` as a dependency of package `app v0.1.0 ([project])`

    Caused by:
      failed to query replaced source registry `crates-io`

    Caused by:
      download of gl/ob/glob failed

    Caused by:
      failed to get successful HTTP response from `http://127.0.0.1:[…]/crates-io/gl/ob/glob` (127.0.0.1), got 503
      body:
      nothing is known of glob: http://127.0.0.1:[…]/index/gl/ob/glob cannot be reached: the server answered 503
      try again in a while, or use what is on this machine with `--offline`
    [exit code 101]
    ");
}

/// The takeover of arrayref on 2026-08-20, step by step: a project that updates at every one of them never gets what
/// is bad, and never lacks what is good.
#[test]
fn the_takeover_of_arrayref_as_a_film() {
    let world = World::at("2026-08-19T12:00:00Z");
    for (version, at) in [
        ("0.3.5", "2018-08-16T13:36:26Z"),
        ("0.3.6", "2020-01-26T13:28:30Z"),
        ("0.3.7", "2023-03-20T18:41:21Z"),
        ("0.3.8", "2024-07-20T22:13:30Z"),
        ("0.3.9", "2024-09-14T12:24:40Z"),
    ] {
        world.registry.publish(release("arrayref", version).at(at));
    }
    world.registry.publish(release("proc-macro2", "1.0.106").at("2025-08-18T00:00:00Z"));
    world.registry.publish(release("blake3", "1.8.2").needs("arrayref", "^0.3.5").at("2025-04-22T19:44:54Z"));
    let served = world.serve();
    let cargo = behind(&served, "blake3 = \"1\"");
    let mut film = String::new();
    let mut step = |at: &str, what: &str, happens: &dyn Fn(&Publishing)| {
        happens(&world.registry);
        world.now(at);
        // Somebody else's project, so that the fence looks again.
        for name in ["arrayref", "proc-macro1"] {
            world.page(&served.fence, name);
        }
        let update = cargo.run(["update"]);
        let fresh = behind(&served, "blake3 = \"1\"");
        let resolved = fresh.run(["generate-lockfile"]);
        assert_eq!(resolved.code, Some(0), "{at}: {resolved}");
        for project in [&cargo, &fresh] {
            assert_eq!(project.lockfile()["arrayref"], ["0.3.9"], "{at} {what}");
            assert!(!project.lockfile().contains_key("proc-macro1"), "{at} {what}");
        }
        let fetched = cargo.run(["fetch", "--locked"]);
        assert_eq!(fetched.code, Some(0), "{at}: {fetched}");
        film += &format!("{at} {what}\n{update}\n{}\n\n", world.page(&served.fence, "arrayref"));
    };
    step("2026-08-19T12:00:00Z", "the day before", &|_| ());
    step("2026-08-20T02:20:00Z", "a clean copy of proc-macro2 under another name", &|registry| {
        registry.publish(release("proc-macro1", "1.0.106").at("2026-08-20T02:11:00Z"));
    });
    step("2026-08-20T07:12:00Z", "the dirty one", &|registry| {
        registry.publish(
            release("proc-macro1", "1.0.107")
                .at("2026-08-20T07:11:00Z")
                .build_script("// downloads and runs"),
        );
    });
    step("2026-08-20T07:17:00Z", "arrayref 0.3.10, and the good ones yanked", &|registry| {
        registry.publish(
            release("arrayref", "0.3.10").needs("proc-macro1", "^1.0.107").at("2026-08-20T07:15:00Z"),
        );
        for version in ["0.3.5", "0.3.6", "0.3.7", "0.3.8", "0.3.9"] {
            registry.yank("arrayref", version);
        }
    });
    step("2026-08-20T08:00:00Z", "an hour later", &|_| ());
    step("2026-08-20T08:41:00Z", "deleted, and the good ones back", &|registry| {
        registry.delete("arrayref", "0.3.10");
        registry.delete("proc-macro1", "1.0.106");
        registry.delete("proc-macro1", "1.0.107");
        for version in ["0.3.5", "0.3.6", "0.3.7", "0.3.8", "0.3.9"] {
            registry.unyank("arrayref", version);
        }
    });
    step("2026-08-20T09:00:00Z", "later that day", &|_| ());
    step("2026-08-30T09:00:00Z", "ten days later", &|_| ());
    assert_snapshot!(film);
}
