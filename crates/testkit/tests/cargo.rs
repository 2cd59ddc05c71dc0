//! The installed cargo against a registry that people publish to, with nothing between them: what both promise to
//! tests of the fence. End to end, over loopback.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use fence_testkit::cargo::{Cargo, REPLACEMENT, Run};
use fence_testkit::publishing::{Publishing, release};

/// A project that depends on `dependencies` of the registry.
fn cargo(registry: &Publishing, dependencies: &str) -> Cargo {
    Cargo::new().project(dependencies).replace_crates_io(&registry.index_url())
}

/// Expected: the command did its work.
fn succeeds(run: &Run) {
    assert_eq!(run.code, Some(0), "{run}");
}

/// Expected: it ended with an error that says all of `words`.
fn fails(run: &Run, words: &[&str]) {
    assert_eq!(run.code, Some(101), "{run}");
    for word in words {
        assert!(run.stderr.contains(word), "{word}\n{run}");
    }
}

#[test]
fn what_is_published_is_resolved_downloaded_and_built() {
    let registry = Publishing::start();
    registry.publish(release("tiny", "1.0.0"));
    registry.publish(release("tiny", "1.1.0"));
    registry.publish(release("tiny", "2.0.0"));
    registry.publish(release("code-maker", "0.3.0"));
    registry.publish(release("for-tests", "1.0.0"));
    registry.publish(
        release("Large_One", "0.2.5")
            .needs("tiny", "^1")
            .needs_to_build("code-maker", "0.3")
            .needs_to_test("for-tests", "1")
            .build_script("println!(\"cargo::rustc-env=MADE={}\", code_maker::VERSION);"),
    );
    let cargo = cargo(&registry, "Large_One = \"0.2\"\ntiny = \"2\"");
    cargo.write("src/main.rs", "fn main() { println!(\"{} {}\", Large_One::VERSION, tiny::VERSION); }\n");
    let run = cargo.run(["run", "--quiet"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "0.2.5 2.0.0\n"), "{run}");
    let locked = cargo.lockfile();
    assert_eq!(locked.keys().collect::<Vec<_>>(), ["Large_One", "code-maker", "tiny"]);
    assert_eq!(locked["tiny"], ["1.1.0", "2.0.0"]);
}

#[test]
fn a_yanked_release_is_passed_over_until_it_is_taken_back() {
    let registry = Publishing::start();
    registry.publish(release("a", "1.0.0"));
    registry.publish(release("a", "1.0.1"));
    registry.yank("a", "1.0.1");
    let cargo = cargo(&registry, "a = \"1\"");
    succeeds(&cargo.run(["update"]));
    assert_eq!(cargo.lockfile()["a"], ["1.0.0"]);
    registry.unyank("a", "1.0.1");
    succeeds(&cargo.run(["update"]));
    assert_eq!(cargo.lockfile()["a"], ["1.0.1"]);
}

#[test]
fn an_index_file_is_sent_again_only_when_it_changed() {
    let registry = Publishing::start();
    registry.publish(release("a", "1.0.0"));
    let cargo = cargo(&registry, "a = \"1\"");
    succeeds(&cargo.run(["update"]));
    let asked = |cargo: &Cargo| {
        registry.server().take_requests();
        succeeds(&cargo.run(["update"]));
        let requests = registry.server().take_requests();
        let request = requests.into_iter().find(|request| request.path == "index/1/a").unwrap();
        request.headers.get("if-none-match").cloned()
    };
    let first = asked(&cargo);
    assert!(first.is_some());
    registry.publish(release("a", "1.0.1"));
    assert_eq!(asked(&cargo), first);
    assert_ne!(asked(&cargo), first);
    assert_eq!(cargo.lockfile()["a"], ["1.0.1"]);
}

#[test]
fn a_deleted_release_is_nowhere() {
    let registry = Publishing::start();
    registry.publish(release("a", "1.0.0"));
    registry.publish(release("a", "1.0.1"));
    let one = cargo(&registry, "a = \"1\"");
    succeeds(&one.run(["update"]));
    registry.delete("a", "1.0.1");
    // The index still had the line when this one was locked, and nobody has its bytes.
    fails(&one.run(["fetch", "--locked"]), &["a"]);
    succeeds(&one.run(["update"]));
    assert_eq!(one.lockfile()["a"], ["1.0.0"]);
    registry.delete("a", "1.0.0");
    fails(&cargo(&registry, "a = \"1\"").run(["update"]), &["no matching package named `a` found"]);
}

#[test]
fn other_bytes_are_refused_by_who_locked_the_first() {
    let registry = Publishing::start();
    registry.publish(release("a", "1.0.0"));
    let one = cargo(&registry, "a = \"1\"");
    succeeds(&one.run(["update"]));
    let before = registry.digest("a", "1.0.0");
    registry.change_bytes("a", "1.0.0");
    assert_ne!(registry.digest("a", "1.0.0"), before);
    fails(&one.run(["fetch", "--locked"]), &["failed to verify the checksum of `a v1.0.0"]);
    // Who comes later cannot know.
    succeeds(&cargo(&registry, "a = \"1\"").run(["fetch"]));
}

#[test]
fn a_damaged_package_is_refused_by_everybody() {
    let registry = Publishing::start();
    registry.publish(release("a", "1.0.0"));
    registry.damage("a", "1.0.0");
    fails(&cargo(&registry, "a = \"1\"").run(["fetch"]), &["failed to verify the checksum of `a v1.0.0"]);
}

#[test]
fn a_registry_with_a_token_answers_nobody_else() {
    let registry = Publishing::start().with_token("secret");
    registry.publish(release("a", "1.0.0"));
    fails(&cargo(&registry, "a = \"1\"").run(["fetch"]), &["authenticated registries"]);
    let wrong = cargo(&registry, "a = \"1\"").token(REPLACEMENT, "guessed");
    fails(&wrong.run(["fetch"]), &["401"]);
    let right = cargo(&registry, "a = \"1\"").token(REPLACEMENT, "secret");
    registry.server().take_requests();
    succeeds(&right.run(["fetch"]));
    let requests = registry.server().take_requests();
    let told: Vec<&str> = requests
        .iter()
        .filter(|request| request.headers.get("authorization").is_some_and(|token| token == "secret"))
        .map(|request| request.path.as_str())
        .collect();
    assert_eq!(told, ["index/config.json", "index/1/a", "packages/1/a-1.0.0.crate"]);
}

#[test]
fn a_program_is_installed() {
    let registry = Publishing::start();
    registry.publish(release("a", "1.0.0"));
    registry.publish(release("tool", "0.4.0").needs("a", "1").program());
    let cargo = cargo(&registry, "");
    succeeds(&cargo.run(["install", "tool"]));
    let output = cargo.command(cargo.home().join("bin/tool")).output().unwrap();
    insta::assert_snapshot!(cargo.told("tool", &output), @"
    $ tool
    tool 0.4.0
    [exit code 0]
    ");
}

#[test]
fn another_registry_stands_beside() {
    let registry = Publishing::start();
    let other = Publishing::start();
    registry.publish(release("a", "1.0.0"));
    other.publish(release("a", "1.0.7"));
    let cargo = cargo(&registry, "a = { version = \"1\", registry = \"other\" }")
        .registry("other", &other.index_url());
    succeeds(&cargo.run(["fetch"]));
    assert_eq!(cargo.lockfile()["a"], ["1.0.7"]);
    assert_eq!(registry.server().take_requests(), []);
}
