//! `cargo xtask e2e`: the packages of real projects through the fence, over the network. No part of CI.
//!
//! A lockfile alone has no manifests. So for each there is a project that depends on exactly its releases, and begins
//! with it as its own lockfile, for what was yanked since. A fence that has recorded the lockfile stands in front of
//! crates.io, and unmodified cargo, its home empty, resolves and fetches through it. Then the project's lockfile must
//! name the same releases with the same checksums, and each `.crate` that cargo stored must have its checksum's bytes.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

use sha2::{Digest as _, Sha256};

use crate::fetch::{self, Route};
use crate::laid_out::{self, LaidOut, emptied, folder_entries, write};
use crate::run;

/// The lockfiles.
const PROJECTS: [&str; 2] = ["ripgrep", "wasmtime"];

/// The checksums of releases, by name and version: all that a lockfile has from registries.
type Locked = BTreeMap<(String, String), String>;

/// Fetches all of them, and compares.
pub(crate) fn run(root: &Path, data: &Path) -> Result<(), String> {
    let laid_out = LaidOut::of(root, data)?;
    let program = laid_out::program(root)?;
    for name in PROJECTS {
        let lockfile = data.join(format!("lockfiles/{name}.lock"));
        let folder = laid_out.folder.join("e2e").join(name);
        let fence = fetch::vouching_fence(&program, &laid_out, &folder.join("fence"), &lockfile)?.start()?;
        let start = Instant::now();
        let expected = read(&lockfile)?;
        let project = folder.join("project");
        emptied(&project)?;
        write(&project.join("Cargo.toml"), manifest(&expected))?;
        write(&project.join("src/lib.rs"), "")?;
        fs::copy(&lockfile, project.join("Cargo.lock")).map_err(|error| error.to_string())?;
        let home = folder.join("home");
        fetch::empty_home(&home, Route::Through(fence.address))?;
        // Takes what is not this project's out of the lockfile, and leaves the releases as they are.
        run::output(fetch::cargo(&project, &home).args(["update", "--workspace"]))?;
        run::output(fetch::cargo(&project, &home).args(["fetch", "--locked"]))?;

        let mut wrong = differences("Cargo.lock", &expected, &read(&project.join("Cargo.lock"))?);
        wrong.extend(differences("cargo's cache", &expected, &stored(&home, fence.address, &expected)?));
        if !wrong.is_empty() {
            return Err(format!("{name}, through the fence:\n       {}", wrong.join("\n       ")));
        }
        println!(
            "{name}: {} releases resolved and fetched through the fence in {:.1} s, all digests equal",
            expected.len(),
            start.elapsed().as_secs_f64()
        );
    }
    Ok(())
}

/// A project that needs just these releases, each under a name of its own.
fn manifest(locked: &Locked) -> String {
    let mut manifest =
        "[package]\nname = \"e2e\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[workspace]\n\n\
                        [dependencies]\n"
            .to_owned();
    for (number, (name, version)) in locked.keys().enumerate() {
        // Requirements know no build metadata. Without default features nothing comes in that was not locked.
        let version = version.split('+').next().unwrap_or_default();
        manifest += &format!(
            "p{number} = {{ package = \"{name}\", version = \"={version}\", default-features = false }}\n"
        );
    }
    manifest
}

fn read(lockfile: &Path) -> Result<Locked, String> {
    let text = fs::read_to_string(lockfile).map_err(|error| format!("{}: {error}", lockfile.display()))?;
    locked(&text).map_err(|error| format!("{}: {error}", lockfile.display()))
}

fn locked(text: &str) -> Result<Locked, String> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
    let packages = table.get("package").and_then(toml::Value::as_array).ok_or("it has no packages")?;
    let field = |package: &toml::Value, name: &str| Some(package.get(name)?.as_str()?.to_owned());
    Ok(packages
        .iter()
        .filter_map(|package| {
            Some(((field(package, "name")?, field(package, "version")?), field(package, "checksum")?))
        })
        .collect())
}

/// The digests of the `.crate` files beneath `home` that came from the fence at `address`, for as many of `wanted` as
/// there are. Cargo names a registry's folder after its host, so what went past the fence is not among them.
fn stored(home: &Path, address: SocketAddr, wanted: &Locked) -> Result<Locked, String> {
    let host = address.ip().to_string();
    let mut stored = Locked::new();
    for registry in folder_entries(&home.join("registry/cache"))? {
        if !registry.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&host)) {
            continue;
        }
        for (name, version) in wanted.keys() {
            if let Ok(bytes) = fs::read(registry.join(format!("{name}-{version}.crate"))) {
                let digest: String =
                    Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
                stored.insert((name.clone(), version.clone()), digest);
            }
        }
    }
    Ok(stored)
}

/// What `found` at `place` has too much, too little, or otherwise.
fn differences(place: &str, expected: &Locked, found: &Locked) -> Vec<String> {
    let mut wrong = Vec::new();
    for (release @ (name, version), checksum) in expected {
        match found.get(release) {
            None => wrong.push(format!("{place} lacks {name} {version}")),
            Some(other) if other != checksum => {
                wrong.push(format!("{place} has {name} {version} as {other}, not as {checksum}"));
            }
            Some(_) => {}
        }
    }
    let more = found.keys().filter(|release| !expected.contains_key(*release));
    wrong.extend(more.map(|(name, version)| format!("{place} has {name} {version}, which was not locked")));
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCKFILE: &str = r#"
version = 4

[[package]]
name = "a"
version = "1.0.0+build"
source = "registry+somewhere"
checksum = "aa"

[[package]]
name = "app"
version = "0.1.0"
dependencies = ["a"]

[[package]]
name = "b"
version = "0.2.0-rc.1"
source = "registry+somewhere"
checksum = "bb"
"#;

    #[test]
    fn the_manifest_needs_just_what_a_registry_has() {
        let manifest = manifest(&locked(LOCKFILE).unwrap());
        let (_, dependencies) = manifest.split_once("[dependencies]\n").unwrap();
        assert_eq!(
            dependencies,
            "p0 = { package = \"a\", version = \"=1.0.0\", default-features = false }\n\
             p1 = { package = \"b\", version = \"=0.2.0-rc.1\", default-features = false }\n"
        );
    }

    #[test]
    fn every_difference_is_told() {
        let expected = locked(LOCKFILE).unwrap();
        let check = |found: &str, told: &[&str]| {
            assert_eq!(differences("Cargo.lock", &expected, &locked(found).unwrap()), told, "{found}");
        };
        check(LOCKFILE, &[]);
        check(&LOCKFILE.replace("\"aa\"", "\"cc\""), &["Cargo.lock has a 1.0.0+build as cc, not as aa"]);
        check(
            &LOCKFILE.replace("rc.1", "rc.2"),
            &["Cargo.lock lacks b 0.2.0-rc.1", "Cargo.lock has b 0.2.0-rc.2, which was not locked"],
        );
    }
}
