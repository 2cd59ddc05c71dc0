//! What is needed how, against the word of cargo itself: on this workspace, whatever `cargo tree` names is there.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use fence_client::Environment;
use fence_client::cache::Cache;
use fence_client::cargo_config::CargoConfig;
use fence_client::project::lockfile;
use fence_client::scope::{Choice, Project, Scope, needed};
use fence_model::Time;
use fence_registry::reach::Tests;

const LINUX: &str = "x86_64-unknown-linux-gnu";
const WINDOWS: &str = "x86_64-pc-windows-msvc";

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The packages that cargo says are needed, as `name version`.
fn told_by_cargo(options: &str) -> BTreeSet<String> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap());
    command.args(["tree", "--locked", "--offline", "--prefix", "none", "--no-dedupe", "--format", "{p}"]);
    command.args(options.split(' ')).current_dir(workspace());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let package = |line: &str| {
        let mut words = line.split(' ');
        Some(format!("{} {}", words.next()?, words.next()?.strip_prefix('v')?))
    };
    lines.lines().filter_map(package).collect()
}

fn told_by_us(scope: &Scope) -> BTreeSet<String> {
    let root = workspace();
    let text = std::fs::read_to_string(root.join("Cargo.lock")).unwrap();
    let lockfile = lockfile::parse(&text).unwrap();
    let environment = Environment::of_process();
    let (kept, cargo_home) = (tempfile::tempdir().unwrap(), environment.cargo_home());
    let project = Project {
        lockfile: &lockfile,
        root: &root,
        cargo: Path::new(environment.var("CARGO").unwrap()),
        config: &CargoConfig::read(&root, &environment).unwrap(),
        index: None,
        cargo_home: cargo_home.as_deref(),
        cache: &Cache::at(kept.path()),
        clock: Time::from_unix(0),
    };
    let kinds = needed(&project, scope).unwrap();
    let packages = lockfile.packages.iter().zip(kinds).filter(|(_, kinds)| !kinds.is_empty());
    packages.map(|(package, _)| format!("{} {}", package.name, package.version)).collect()
}

/// Whatever is not known counts, so ours may name more; it must name nothing less.
fn check(cargo: &str, scope: &Scope) {
    let (cargos, ours) = (told_by_cargo(cargo), told_by_us(scope));
    assert!(cargos.len() > 5, "{cargo}");
    let missing: Vec<&String> = cargos.difference(&ours).collect();
    assert!(missing.is_empty(), "{cargo}: {missing:?}");
}

fn for_target(target: &str) -> Scope {
    Scope { targets: vec![target.to_owned()], tests: Tests::Excluded, ..Scope::default() }
}

#[test]
fn nothing_is_missing_that_cargo_needs() {
    check("--workspace --all-features --target all --edges normal,build,dev", &Scope::default());
    for target in [LINUX, WINDOWS] {
        let options = format!("--workspace --all-features --edges normal,build --target {target}");
        check(&options, &for_target(target));
    }
    let features = Choice::These { default: false, named: vec!["schema".to_owned()] };
    let of_model = Scope { packages: vec!["fence-model".to_owned()], features, ..for_target(LINUX) };
    check(
        &format!("-p fence-model --no-default-features -F schema --edges normal,build --target {LINUX}"),
        &of_model,
    );
    assert!(told_by_us(&of_model).len() < told_by_us(&Scope::default()).len());
}
