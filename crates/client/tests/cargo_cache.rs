//! Cargo's cache as it lies on disk: what is read, what is told, and what is left alone.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use fence_client::cargo_cache::{CargoCache, Examined, Inventory, RemoveError};
use fence_client::progress::Silent;
use fence_client::{Environment, Limits, lockfiles};
use fence_model::Digest;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

const REGISTRY: &str = "registry.example-0123456789abcdef";

/// A home of cargo's.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        fs::create_dir_all(home.path("registry")).unwrap();
        home
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn cache(&self) -> CargoCache {
        let environment = Environment::of([("CARGO_HOME", self.0.path().to_str().unwrap())], self.0.path());
        CargoCache::of(&environment).unwrap().unwrap()
    }

    fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Keeps a package, and what cargo unpacks of it.
    fn keep(&self, release: &str, files: &[(&str, &str)]) {
        self.write(&format!("registry/cache/{REGISTRY}/{release}.crate"), packed(release, files));
        for (path, text) in files {
            self.write(&format!("registry/src/{REGISTRY}/{release}/{path}"), text);
        }
        self.write(&format!("registry/src/{REGISTRY}/{release}/.cargo-ok"), "{\"v\":1}");
    }

    fn unpacked(&self, path: &str) -> PathBuf {
        self.path(&format!("registry/src/{REGISTRY}/{path}"))
    }

    fn examined(&self) -> (Inventory, Vec<Examined>) {
        let cache = self.cache();
        let inventory = cache.list().unwrap();
        let examined = cache.examine(&inventory.kept, NonZeroUsize::new(2).unwrap(), &Silent);
        (inventory, examined)
    }

    /// What is said of it all.
    fn told(&self) -> String {
        let (inventory, examined) = self.examined();
        let of = |path: &Option<PathBuf>| if path.is_some() { "yes" } else { "no" };
        let mut text = String::new();
        for (kept, examined) in inventory.kept.iter().zip(examined) {
            let digest = match &examined.digest {
                Some(Ok(digest)) => {
                    let packed = fs::read(kept.package.as_ref().unwrap()).unwrap();
                    let is_its = *digest == Digest(Sha256::digest(&packed).into());
                    (if is_its { "its digest" } else { "another digest" }).into()
                }
                Some(Err(why)) => why.clone(),
                None => "none".into(),
            };
            text += &format!(
                "{} package {} unpacked {}: {digest}, {:?}\n",
                kept.release,
                of(&kept.package),
                of(&kept.unpacked),
                examined.unpacked
            );
        }
        for odd in inventory.odd {
            text += &format!("odd: {:?}\n", odd);
        }
        let real = self.0.path().canonicalize().unwrap();
        text.replace(real.to_str().unwrap(), "[home]").replace(REGISTRY, "[registry]")
    }
}

fn packed(release: &str, files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(1);
        archive.append_data(&mut header, format!("{release}/{path}"), text.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

#[test]
fn what_cargo_put_there_is_sound() {
    let home = Home::new();
    home.keep("a-1.0.0", &[("Cargo.toml", "[package]\n"), ("src/lib.rs", "")]);
    home.keep("a-1-2.0.0-rc.1+b-2", &[("src/lib.rs", "// Longer.\n")]);
    home.write(&format!("registry/cache/{REGISTRY}/only-0.1.0.crate"), packed("only-0.1.0", &[]));
    home.write(&format!("registry/src/{REGISTRY}/alone-0.1.0/src/lib.rs"), "");
    home.write("registry/CACHEDIR.TAG", "");
    home.write("registry/src/CACHEDIR.TAG", "");
    insta::assert_snapshot!(home.told(), @"
    a 1.0.0 package yes unpacked yes: its digest, Some(Same)
    a-1 2.0.0-rc.1+b-2 package yes unpacked yes: its digest, Some(Same)
    alone 0.1.0 package no unpacked yes: none, Some(NothingToCompare)
    only 0.1.0 package yes unpacked no: its digest, None
    ");
}

#[test]
fn a_home_without_a_registry_has_no_cache() {
    let folder = tempfile::tempdir().unwrap();
    let environment = Environment::of([("CARGO_HOME", folder.path().to_str().unwrap())], folder.path());
    assert!(CargoCache::of(&environment).unwrap().is_none());
    assert_eq!(Home::new().told(), "");
}

#[test]
fn what_was_changed_added_or_taken_away_is_told() {
    let home = Home::new();
    let files = [
        ("Cargo.toml", "[package]\n"),
        ("src/lib.rs", "pub fn f() {}\n"),
        ("src/gone.rs", ""),
        ("README", "r"),
    ];
    home.keep("a-1.0.0", &files);
    fs::write(home.unpacked("a-1.0.0/src/lib.rs"), "pub fn g() {}\n").unwrap();
    fs::write(home.unpacked("a-1.0.0/README"), "longer").unwrap();
    fs::remove_file(home.unpacked("a-1.0.0/src/gone.rs")).unwrap();
    fs::write(home.unpacked("a-1.0.0/build.rs"), "fn main() {}\n").unwrap();
    insta::assert_snapshot!(home.told(), @r#"
    a 1.0.0 package yes unpacked yes: its digest, Some(Different { differences: [Difference { path: "README", change: Changed }, Difference { path: "build.rs", change: Added }, Difference { path: "src/gone.rs", change: Missing }, Difference { path: "src/lib.rs", change: Changed }], more: 0 })
    "#);
}

#[test]
fn of_many_differences_the_first_are_told() {
    let home = Home::new();
    home.keep("a-1.0.0", &[("src/lib.rs", "")]);
    for number in 0..100 {
        fs::write(home.unpacked(&format!("a-1.0.0/src/{number:03}.rs")), "").unwrap();
    }
    let (_, examined) = home.examined();
    let told = format!("{:?}", examined[0].unpacked);
    assert!(told.contains("019.rs") && !told.contains("020.rs") && told.contains("more: 80"), "{told}");
}

#[test]
fn a_package_that_cannot_be_unpacked_is_not_compared() {
    let home = Home::new();
    home.keep("a-1.0.0", &[("src/lib.rs", "")]);
    home.write(&format!("registry/cache/{REGISTRY}/a-1.0.0.crate"), "no archive");
    home.keep("b-1.0.0", &[("src/lib.rs", "")]);
    home.write(
        &format!("registry/cache/{REGISTRY}/b-1.0.0.crate"),
        packed("other-1.0.0", &[("src/lib.rs", "")]),
    );
    let (_, examined) = home.examined();
    let told: Vec<String> = examined.iter().map(|examined| format!("{:?}", examined.unpacked)).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    Some(Uncompared("the package cannot be read: invalid gzip header"))
    Some(Uncompared("the package cannot be read: it has a file that lies outside of its folder"))
    "#);
}

#[test]
fn a_bomb_is_not_unpacked_to_its_end() {
    let home = Home::new();
    let zeros = "\0".repeat(4 << 20);
    home.write(&format!("registry/cache/{REGISTRY}/a-1.0.0.crate"), packed("a-1.0.0", &[("bomb", &zeros)]));
    home.write(&format!("registry/src/{REGISTRY}/a-1.0.0/bomb"), &zeros);
    let limits = Limits { unpacked_ratio: 20, package_unpacked_bytes: 1 << 20, ..Limits::DEFAULT };
    let cache = home.cache().with_limits(limits);
    let examined = cache.examine(&cache.list().unwrap().kept, NonZeroUsize::MIN, &Silent);
    insta::assert_snapshot!(format!("{:?}", examined[0].unpacked), @r#"
    Some(Uncompared("the package cannot be read: it unpacks to more than 1048576 bytes"))
    "#);
}

#[cfg(unix)]
#[test]
fn links_and_strange_names_are_told_and_not_followed() {
    use std::os::unix::fs::symlink;
    let home = Home::new();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "s").unwrap();
    home.keep("a-1.0.0", &[("src/lib.rs", "")]);
    let packages = home.path(&format!("registry/cache/{REGISTRY}"));
    symlink(outside.path().join("secret"), packages.join("b-1.0.0.crate")).unwrap();
    symlink(outside.path(), home.unpacked("c-1.0.0")).unwrap();
    symlink(outside.path(), home.path("registry/cache/linked-0123456789abcdef")).unwrap();
    fs::write(packages.join("no release.crate"), "").unwrap();
    fs::write(packages.join("d-1.0.0.crate\u{1b}[2J"), "").unwrap();
    fs::create_dir(packages.join("e-1.0.0.crate")).unwrap();
    // A link inside of an unpacked folder is itself what differs.
    symlink(outside.path(), home.unpacked("a-1.0.0/src/linked")).unwrap();
    fs::remove_file(home.unpacked("a-1.0.0/src/lib.rs")).unwrap();
    symlink(outside.path().join("secret"), home.unpacked("a-1.0.0/src/lib.rs")).unwrap();
    insta::assert_snapshot!(home.told(), @r#"
    a 1.0.0 package yes unpacked yes: its digest, Some(Different { differences: [Difference { path: "src/lib.rs", change: Changed }, Difference { path: "src/linked", change: Added }], more: 0 })
    odd: Odd { path: "[home]/registry/cache/linked-0123456789abcdef", what: Link }
    odd: Odd { path: "[home]/registry/cache/[registry]/b-1.0.0.crate", what: Link }
    odd: Odd { path: "[home]/registry/cache/[registry]/d-1.0.0.crate\u{1b}[2J", what: Name }
    odd: Odd { path: "[home]/registry/cache/[registry]/e-1.0.0.crate", what: Kind }
    odd: Odd { path: "[home]/registry/cache/[registry]/no release.crate", what: Name }
    odd: Odd { path: "[home]/registry/src/[registry]/c-1.0.0", what: Link }
    "#);
}

#[test]
fn what_is_condemned_is_removed_and_nothing_else() {
    let home = Home::new();
    home.keep("a-1.0.0", &[("src/lib.rs", "")]);
    home.keep("a-1.0.1", &[("src/lib.rs", "")]);
    home.keep("b-1.0.0", &[("src/lib.rs", "")]);
    let cache = home.cache();
    let mut condemned = cache.list().unwrap().kept;
    condemned.retain(|kept| kept.release.to_string() != "a 1.0.1");
    // Of the second one the unpacked folder alone.
    condemned[1].package = None;
    let (removed, outcome) = cache.remove(&condemned);
    outcome.unwrap();
    assert_eq!(removed.len(), 3);
    insta::assert_snapshot!(home.told(), @"
    a 1.0.1 package yes unpacked yes: its digest, Some(Same)
    b 1.0.0 package yes unpacked no: its digest, None
    ");
}

#[test]
fn while_cargo_is_at_work_nothing_is_removed() {
    let home = Home::new();
    home.keep("a-1.0.0", &[("src/lib.rs", "")]);
    let lock = fs::File::create(home.path(".package-cache-mutate")).unwrap();
    // A cargo that builds.
    lock.lock_shared().unwrap();
    let cache = home.cache();
    let kept = cache.list().unwrap().kept;
    let (removed, outcome) = cache.remove(&kept);
    assert!(matches!(outcome, Err(RemoveError::InUse { .. })), "{outcome:?}");
    assert!(removed.is_empty());
    assert_eq!(cache.list().unwrap().kept, kept);
    drop(lock);
    cache.remove(&kept).1.unwrap();
    assert_eq!(cache.list().unwrap(), Inventory::default());
}

#[cfg(unix)]
#[test]
fn nothing_outside_of_the_cache_is_removed() {
    use std::os::unix::fs::symlink;
    let home = Home::new();
    home.keep("a-1.0.0", &[("src/lib.rs", "")]);
    let cache = home.cache();
    let kept = cache.list().unwrap().kept;
    // Meanwhile somebody puts links in the place of what was looked at.
    let outside = tempfile::tempdir().unwrap();
    fs::create_dir_all(outside.path().join("a-1.0.0")).unwrap();
    fs::write(outside.path().join("a-1.0.0/precious"), "p").unwrap();
    let folder = home.path(&format!("registry/src/{REGISTRY}"));
    let put = |to: &Path, at: &Path| {
        fs::remove_dir_all(at).unwrap();
        symlink(to, at).unwrap();
    };
    put(&outside.path().join("a-1.0.0"), &folder.join("a-1.0.0"));
    assert!(matches!(cache.remove(&kept).1, Err(RemoveError::Exchanged { .. })));
    put(outside.path(), &folder);
    assert!(matches!(cache.remove(&kept).1, Err(RemoveError::Exchanged { .. })));
    assert_eq!(fs::read_to_string(outside.path().join("a-1.0.0/precious")).unwrap(), "p");
    // Nor does a path that was never in it count.
    let mut forged = kept;
    forged[0].unpacked = Some(outside.path().join("a-1.0.0"));
    assert!(matches!(cache.remove(&forged).1, Err(RemoveError::Exchanged { .. })));
    assert!(outside.path().join("a-1.0.0/precious").is_file());
}

#[test]
fn lockfiles_are_found_below_folders() {
    let home = Home::new();
    for file in [
        "projects/a/Cargo.lock",
        "projects/a/target/package/a-1.0.0/Cargo.lock",
        "projects/a/.git/Cargo.lock",
        "projects/b/fuzz/Cargo.lock",
        "projects/b/Cargo.toml",
        "registry/src/x/a-1.0.0/Cargo.lock",
    ] {
        home.write(file, "");
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink(home.path("projects"), home.path("projects/b/loop")).unwrap();
    let root = home.0.path().canonicalize().unwrap();
    let told = |places: &[&str], limits: &Limits| {
        let places: Vec<PathBuf> = places.iter().map(|place| home.path(place)).collect();
        let found = lockfiles::find(&places, &root.join("registry"), limits);
        let text = format!("{:?}\n{:?}", found.lockfiles, found.problems);
        text.replace(root.to_str().unwrap(), "[home]").replace(home.0.path().to_str().unwrap(), "[home]")
    };
    insta::assert_snapshot!(told(&["", "projects/a"], &Limits::DEFAULT), @r#"
    ["[home]/projects/a/Cargo.lock", "[home]/projects/b/fuzz/Cargo.lock"]
    []
    "#);
    insta::assert_snapshot!(told(&["projects/a/Cargo.lock", "nowhere"], &Limits::DEFAULT), @r#"
    ["[home]/projects/a/Cargo.lock"]
    ["[home]/nowhere cannot be searched: No such file or directory (os error 2)"]
    "#);
    let few = Limits { searched_entries: 2, ..Limits::DEFAULT };
    assert!(told(&["projects"], &few).contains("more than 2 files and folders"));
    let flat = Limits { searched_depth: 0, ..Limits::DEFAULT };
    assert!(told(&["projects"], &flat).contains("lies too deep"));
}
