//! `cargo fence check --cache`: what a real cargo keeps, and what becomes of it afterwards.

use std::fs;
use std::path::PathBuf;

use fence_testkit::cargo::Run;
use fence_testkit::publishing::release;
use insta::assert_snapshot;

use crate::standing::Standing;

/// A project whose cargo has fetched two releases, before there was a fence.
fn fetched() -> Standing {
    let standing = Standing::before_a_mirror("glob = \"=0.3.3\"\nlexopt = \"0.3\"");
    standing.registry.publish(release("lexopt", "0.3.2"));
    let run = standing.cargo.run(["fetch"]);
    assert_eq!(run.code, Some(0), "{run}");
    standing
}

/// The folders of cargo's cache, packages and unpacked, of the one registry in it.
fn folders(standing: &Standing) -> [PathBuf; 2] {
    ["cache", "src"].map(|part| {
        let mut folders = fs::read_dir(standing.cargo.home().join("registry").join(part)).unwrap();
        folders.find_map(|entry| Some(entry.unwrap().path()).filter(|path| path.is_dir())).unwrap()
    })
}

/// What a person sees, without the name that cargo gives the registry's folder.
fn check(standing: &Standing, options: &str) -> String {
    settled(&standing.run(&format!("check --cache{options}")))
}

fn settled(run: &Run) -> String {
    let text = run.to_string();
    let mut parts = text.split("127.0.0.1-");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |before, part| {
        before + "[registry]" + part.trim_start_matches(|c: char| c.is_ascii_hexdigit())
    })
}

fn malicious(standing: &Standing, name: &str, unaffected: &str) {
    standing.cargo.write(
        &format!("advisories/crates/{name}/RUSTSEC-2026-0900.md"),
        &format!(
            "```toml\n[advisory]\nid = \"RUSTSEC-2026-0900\"\npackage = \"{name}\"\ndate = \"2026-01-01\"\n\
             categories = [\"malicious\"]\n\n[versions]\npatched = []\nunaffected = [\"{unaffected}\"]\n```\n\n# {name} was malware\n"
        ),
    );
}

#[test]
fn what_is_as_it_should_be_is_one_line() {
    assert_snapshot!(check(&fetched(), ""), @"
    $ cargo fence check --cache
        Checking 2 packages and 2 unpacked folders in [home]/registry at level medium
                 (index 0 min old, rustsec 0 min)
        Finished 2 sound, 0 not to be built from in […]
    [exit code 0]
    ");
}

#[test]
fn what_is_malicious_is_found_with_who_would_build_it() {
    let standing = fetched();
    malicious(&standing, "lexopt", "< 0.3.2");
    assert_snapshot!(check(&standing, ""), @"
    $ cargo fence check --cache
        Checking 2 packages and 2 unpacked folders in [home]/registry at level medium
                 (index 0 min old, rustsec 0 min)
    blocked[malicious]: lexopt 0.3.2
      --> cache/[registry]/lexopt-0.3.2.crate
      --> src/[registry]/lexopt-0.3.2
       = malicious: RUSTSEC-2026-0900: lexopt was malware

    help: take it out of the cache: cargo builds from there without asking anybody
          cargo fence check --cache --remove
    help: and treat what built it as compromised: code in it ran while cargo built, and again with the
          program
    help: or see first whose lockfiles lead there
          cargo fence check --cache --projects ~

        Finished 1 sound, 1 not to be built from in […]
    [exit code 1]
    ");
    assert_snapshot!(check(&standing, " --projects ."), @"
    $ cargo fence check --cache --projects .
        Checking 2 packages and 2 unpacked folders in [home]/registry at level medium
                 (index 0 min old, rustsec 0 min)
    blocked[malicious]: lexopt 0.3.2
      --> cache/[registry]/lexopt-0.3.2.crate
      --> src/[registry]/lexopt-0.3.2
       = malicious: RUSTSEC-2026-0900: lexopt was malware
       = locked by: Cargo.lock:20

    help: take it out of the cache: cargo builds from there without asking anybody
          cargo fence check --cache --remove
    help: and treat what built it as compromised: code in it ran while cargo built, and again with the
          program

        Finished 1 sound, 1 not to be built from, 1 lockfile searched in […]
    [exit code 1]
    ");
}

#[test]
fn what_the_index_does_not_have_any_more_was_deleted() {
    let standing = fetched();
    standing.registry.publish(release("lexopt", "0.3.3"));
    standing.registry.delete("lexopt", "0.3.2");
    assert_snapshot!(check(&standing, ""), @"
    $ cargo fence check --cache
        Checking 2 packages and 2 unpacked folders in [home]/registry at level medium
                 (index 0 min old, rustsec 0 min)
    blocked[deleted]: lexopt 0.3.2
      --> cache/[registry]/lexopt-0.3.2.crate
      --> src/[registry]/lexopt-0.3.2
       = deleted: the index does not have it any more

    help: take it out of the cache: cargo builds from there without asking anybody
          cargo fence check --cache --remove
    help: or see first whose lockfiles lead there
          cargo fence check --cache --projects ~

        Finished 1 sound, 1 not to be built from in […]
    [exit code 1]
    ");
}

#[test]
fn what_is_not_what_it_was_is_found() {
    let standing = fetched();
    let [packages, unpacked] = folders(&standing);
    fs::write(packages.join("glob-0.3.3.crate"), "other bytes").unwrap();
    fs::write(unpacked.join("lexopt-0.3.2/src/lib.rs"), "pub fn other() {}\n").unwrap();
    fs::write(unpacked.join("lexopt-0.3.2/build.rs"), "fn main() {}\n").unwrap();
    assert_snapshot!(check(&standing, ""), @"
    $ cargo fence check --cache
        Checking 2 packages and 2 unpacked folders in [home]/registry at level medium
                 (index 0 min old, rustsec 0 min)
    blocked[checksum-changed]: glob 0.3.3
      --> cache/[registry]/glob-0.3.3.crate
      --> src/[registry]/glob-0.3.3
       = checksum-changed: the package's bytes have digest a3ead5ee, and the index names 6dcc4a4c

    changed[unpacked-changed]: lexopt 0.3.2
      --> src/[registry]/lexopt-0.3.2
       = unpacked-changed: build.rs is not in the package
       = unpacked-changed: src/lib.rs is not as it was packed

    help: take it out of the cache: cargo builds from there without asking anybody
          cargo fence check --cache --remove
    help: and treat what built it as compromised: code in it ran while cargo built, and again with the
          program
    help: or see first whose lockfiles lead there
          cargo fence check --cache --projects ~

        Finished 0 sound, 2 not to be built from in […]
    [exit code 1]
    ");
}

/// Whoever changes what is unpacked can take away the package that would tell.
#[test]
fn what_is_unpacked_without_a_package_is_not_called_sound() {
    let standing = fetched();
    let [packages, unpacked] = folders(&standing);
    fs::write(unpacked.join("lexopt-0.3.2/src/lib.rs"), "pub fn other() {}\n").unwrap();
    fs::remove_file(packages.join("lexopt-0.3.2.crate")).unwrap();
    assert_snapshot!(check(&standing, ""), @"
    $ cargo fence check --cache
        Checking 1 package and 2 unpacked folders in [home]/registry at level medium
                 (index 0 min old, rustsec 0 min)
    warning: nobody can tell of 1 release
          lexopt 0.3.2: there is no package to compare the unpacked folder with: remove the folder, and
            cargo downloads it again

        Finished 1 sound, 0 not to be built from, 1 undecided in […]
    [exit code 2]
    ");
}

#[test]
fn what_is_held_is_counted_and_no_finding() {
    let standing = Standing::before_a_mirror("glob = \"=0.3.4\"");
    standing.cargo.run(["fetch"]);
    assert_snapshot!(check(&standing, ""), @"
    $ cargo fence check --cache
        Checking 2 packages and 2 unpacked folders in [home]/registry at level medium
                 (index 0 min old, rustsec 0 min)
    note: the policy would hold 1 release if it came today (`--verbose` lists them)

        Finished 2 sound, 0 not to be built from in […]
    [exit code 0]
    ");
    assert_snapshot!(check(&standing, " --verbose"), @"
    $ cargo fence check --cache --verbose
        Checking 2 packages and 2 unpacked folders in [home]/registry at level medium
                 (index 0 min old, rustsec 0 min)
    note: the policy would hold 1 release if it came today
          glob 0.3.4: held[review] (new-dependency)

        Finished 2 sound, 0 not to be built from in […]
    [exit code 0]
    ");
}

#[test]
fn what_is_found_is_removed_and_nothing_else() {
    let standing = fetched();
    malicious(&standing, "lexopt", "< 0.3.2");
    let [packages, unpacked] = folders(&standing);
    fs::write(unpacked.join("glob-0.3.3/src/lib.rs"), "pub fn other() {}\n").unwrap();
    assert_snapshot!(check(&standing, " --remove"), @"
    $ cargo fence check --cache --remove
        Checking 2 packages and 2 unpacked folders in [home]/registry at level medium
                 (index 0 min old, rustsec 0 min)
    error: nothing was removed: there is no terminal to ask on
    hint: add `--yes` to remove it without a question
    blocked[malicious]: lexopt 0.3.2
      --> cache/[registry]/lexopt-0.3.2.crate
      --> src/[registry]/lexopt-0.3.2
       = malicious: RUSTSEC-2026-0900: lexopt was malware

    changed[unpacked-changed]: glob 0.3.3
      --> src/[registry]/glob-0.3.3
       = unpacked-changed: src/lib.rs is not as it was packed

    help: treat what built it as compromised: code in it ran while cargo built, and again with the
          program

        Finished 0 sound, 2 not to be built from in […]
    [exit code 2]
    ");
    assert!(packages.join("lexopt-0.3.2.crate").is_file());
    assert_snapshot!(check(&standing, " --remove --yes"), @"
    $ cargo fence check --cache --remove --yes
        Checking 2 packages and 2 unpacked folders in [home]/registry at level medium
                 (index 0 min old, rustsec 0 min)
    blocked[malicious]: lexopt 0.3.2
      --> cache/[registry]/lexopt-0.3.2.crate
      --> src/[registry]/lexopt-0.3.2
       = malicious: RUSTSEC-2026-0900: lexopt was malware

    changed[unpacked-changed]: glob 0.3.3
      --> src/[registry]/glob-0.3.3
       = unpacked-changed: src/lib.rs is not as it was packed

    help: treat what built it as compromised: code in it ran while cargo built, and again with the
          program

        Finished 0 sound, 2 not to be built from, 3 removed in […]
    [exit code 1]
    ");
    let names = |folder: &PathBuf| {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!((names(&packages), names(&unpacked)), (vec!["glob-0.3.3.crate".to_owned()], Vec::new()));
    assert_snapshot!(check(&standing, ""), @"
    $ cargo fence check --cache
        Checking 1 package and 0 unpacked folders in [home]/registry at level medium
                 (index 0 min old, rustsec 0 min)
        Finished 1 sound, 0 not to be built from in […]
    [exit code 0]
    ");
    // Cargo unpacks again what was changed.
    assert_eq!(standing.cargo.run(["fetch"]).code, Some(0));
    assert!(unpacked.join("glob-0.3.3/src/lib.rs").is_file());
}

#[test]
fn where_nobody_can_tell_the_exit_code_says_so() {
    let standing = fetched();
    // Neither the registry nor a copy of its index files.
    fs::remove_dir_all(standing.cargo.home().join("registry/index")).unwrap();
    assert_snapshot!(check(&standing, " --offline"), @"
    $ cargo fence check --cache --offline
        Checking 2 packages and 2 unpacked folders in [home]/registry at level medium
                 (index never read, rustsec 0 min)
    warning: nobody can tell of 2 releases
          glob 0.3.3, lexopt 0.3.2: 2 index files (glob, lexopt) of mirror cannot be read: no copy of
            the index file of glob is on this machine

        Finished 0 sound, 0 not to be built from, 2 undecided in […]
    [exit code 2]
    ");
    let nowhere = standing.run_with("check --cache", |command| {
        command.env("CARGO_HOME", standing.cargo.home().join("nowhere"));
    });
    assert_snapshot!(settled(&nowhere), @"
    $ cargo fence check --cache
        Checking nothing: cargo keeps no registry here
        Finished 0 sound, 0 not to be built from in […]
    [exit code 0]
    ");
}

#[test]
fn a_registry_that_nobody_names_is_held_against_feeds_alone() {
    let standing = fetched();
    for folder in folders(&standing) {
        fs::rename(&folder, folder.with_file_name("elsewhere.example-0123456789abcdef")).unwrap();
    }
    let [packages, _] = folders(&standing);
    // One has bytes that crates.io knows, the other two are of some other registry.
    fs::write(packages.join("lexopt-0.3.2.crate"), "other bytes").unwrap();
    fs::write(packages.join("private-1.0.0.crate"), "a package").unwrap();
    assert_snapshot!(check(&standing, " --verbose"), @"
    $ cargo fence check --cache --verbose
        Checking 3 packages and 2 unpacked folders in [home]/registry at level medium
                 (index 0 min old, rustsec 0 min)
    warning: nobody can tell of 1 release
          lexopt 0.3.2: the unpacked folder cannot be compared: the package cannot be read: invalid gzip
            header

    note: 1 release comes from registries that cargo's configuration here does not name: only feeds were
          asked about them
          elsewhere.example-0123456789abcdef: 1

        Finished 1 sound, 0 not to be built from, 1 undecided, 1 of unknown registries in […]
    [exit code 2]
    ");
    malicious(&standing, "lexopt", "< 0.3.2");
    assert_snapshot!(check(&standing, ""), @"
    $ cargo fence check --cache
        Checking 3 packages and 2 unpacked folders in [home]/registry at level medium
                 (index 0 min old, rustsec 0 min)
    blocked[malicious]: lexopt 0.3.2
      --> cache/elsewhere.example-0123456789abcdef/lexopt-0.3.2.crate
      --> src/elsewhere.example-0123456789abcdef/lexopt-0.3.2
       = malicious: RUSTSEC-2026-0900: lexopt was malware

    help: take it out of the cache: cargo builds from there without asking anybody
          cargo fence check --cache --remove
    help: and treat what built it as compromised: code in it ran while cargo built, and again with the
          program
    help: or see first whose lockfiles lead there
          cargo fence check --cache --projects ~

    note: 1 release comes from registries that cargo's configuration here does not name: only feeds were
          asked about them
          elsewhere.example-0123456789abcdef: 1

        Finished 1 sound, 1 not to be built from, 1 of unknown registries in […]
    [exit code 1]
    ");
}

#[cfg(unix)]
#[test]
fn hostile_names_reach_no_terminal() {
    let standing = fetched();
    let [packages, unpacked] = folders(&standing);
    fs::write(packages.join("a\u{1b}[2J\n::error::b-1.0.0.crate"), "").unwrap();
    std::os::unix::fs::symlink("/etc", unpacked.join("linked-1.0.0")).unwrap();
    fs::write(unpacked.join("lexopt-0.3.2/\u{1b}]0;owned\u{7}\n::error::"), "").unwrap();
    let seen = check(&standing, " --verbose");
    assert!(!seen.contains('\u{1b}') && !seen.contains("\n::"), "{seen:?}");
    assert_snapshot!(seen, @r"
    $ cargo fence check --cache --verbose
        Checking 2 packages and 2 unpacked folders in [home]/registry at level medium
                 (index 0 min old, rustsec 0 min)
    changed[unpacked-changed]: lexopt 0.3.2
      --> src/[registry]/lexopt-0.3.2
       = unpacked-changed: \u{1b}]0;owned\u{7}\u{a}::error:: is not in the package

    help: take it out of the cache: cargo builds from there without asking anybody
          cargo fence check --cache --remove
    help: and treat what built it as compromised: code in it ran while cargo built, and again with the
          program
    help: or see first whose lockfiles lead there
          cargo fence check --cache --projects ~

    warning: cargo did not put this into its cache, and it was not looked at
          cache/[registry]/a\u{1b}[2J\u{a}::error::b-1.0.0.crate: not the name of a
            release
          src/[registry]/linked-1.0.0: a link

        Finished 1 sound, 1 not to be built from, 2 not cargo's in […]
    [exit code 1]
    ");
}

#[test]
fn as_json_it_is_one_document() {
    let standing = fetched();
    malicious(&standing, "lexopt", "< 0.3.2");
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../../../docs/check-cache.schema.json")).unwrap();
    let check = |options: &str, expected: &str| {
        let run = standing.run(&format!("check --cache --format json{options}"));
        let document: serde_json::Value =
            serde_json::from_str(&run.stdout).unwrap_or_else(|why| panic!("{why}: {run}"));
        jsonschema::validate(&schema, &document).unwrap();
        assert_eq!(document["verdict"], expected, "{run}");
        document
    };
    let document = check(" --projects .", "fail");
    assert_eq!(document["findings"][0]["name"], "lexopt");
    assert_eq!(document["findings"][0]["reasons"][0]["code"], "malicious");
    assert_eq!(document["findings"][0]["lockfiles"][0]["line"], 20);
    assert_eq!(document["counts"]["sound"], 1);
    check(" --remove --yes", "fail");
    let document = check("", "pass");
    assert_eq!(document["counts"]["packages"], 1);
    check(" --manifest-path nowhere/Cargo.toml", "undecided");
}

#[test]
fn other_options_of_check_do_not_go_with_it() {
    let standing = fetched();
    assert_snapshot!(check(&standing, " --format sarif"), @"
    $ cargo fence check --cache --format sarif
    error: what --cache finds is told for people and as JSON only
    hint: leave out `--format`, or write `--format json`
    [exit code 2]
    ");
    for options in [" --lockfile Cargo.lock", " --package app", " --compare main", " --policy-from main"] {
        assert_eq!(standing.run(&format!("check --cache{options}")).code, Some(2), "{options}");
    }
    assert_eq!(standing.run("check --projects .").code, Some(2));
}
