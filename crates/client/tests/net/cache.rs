//! The cache: whole or not at all.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use fence_client::Environment;
use fence_client::cache::{
    Cache, CacheError, ContentDigest, Disk as _, Keep, Kept, Place, RealDisk, replace_file_as_it_is,
};

use crate::support::{Fault, FaultyDisk, write};

#[test]
fn the_environment_says_where_it_lies() {
    let check = |environment: Environment, expected: &str| {
        let place = match Cache::of(&environment) {
            Ok(cache) => cache.path(&Place::of(&["x"])).display().to_string(),
            Err(error) => format!("{error}; {}", error.hint()),
        };
        assert_eq!(place, expected);
    };
    let here = Path::new("/here");
    check(Environment::of([("CARGO_FENCE_CACHE", "/c"), ("HOME", "/h")], here), "/c/v1/x");
    check(Environment::of([("CARGO_FENCE_CACHE", "c")], here), "/here/c/v1/x");
    check(
        Environment::of([("CARGO_FENCE_CACHE", ""), ("XDG_CACHE_HOME", "/xdg"), ("HOME", "/h")], here),
        "/xdg/cargo-fence/v1/x",
    );
    if cfg!(all(unix, not(target_os = "macos"))) {
        check(Environment::of([("HOME", "/h")], here), "/h/.cache/cargo-fence/v1/x");
    }
    check(
        Environment::of([], here),
        "no folder for the cache: neither CARGO_FENCE_CACHE nor a home folder is set; \
         set CARGO_FENCE_CACHE to a folder that you can write to",
    );
}

#[test]
fn a_strangers_name_stays_inside() {
    let cache = Cache::at(Path::new("/c"));
    let check = |parts: &[&str], expected: &str| {
        assert_eq!(cache.path(&Place::of(parts)).display().to_string(), expected);
    };
    check(&["index", "host-0123", "se", "rd", "serde"], "/c/v1/index/host-0123/se/rd/serde");
    check(&["..", "../..", "/etc/passwd"], "/c/v1/_./_._../_etc_passwd");
    check(&[".git", "", "a\\b", "C:"], "/c/v1/_git/a_b/C_");
    let place = Place::index("[--1]", &"Inflector".parse().unwrap());
    assert_eq!(cache.path(&place).display().to_string(), "/c/v1/index/_--1_/in/fl/inflector");
}

#[test]
fn what_was_kept_is_read_back_and_damage_is_noticed() {
    let kept = Kept { notes: vec![("checked", "now\nor never".into())], bytes: b"\n\n{}\n".to_vec() };
    let bytes = kept.format();
    let read = Kept::parse(&bytes, &["checked"]).unwrap();
    assert_eq!((read.note("checked"), read.note("other")), (Some("nowor never"), None));
    assert_eq!(read.bytes, kept.bytes);

    assert_eq!(Kept::parse(&bytes, &["other"]), None, "a key that nobody expects");
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        assert_eq!(Kept::parse(&flipped, &["checked"]), None, "bit flipped at {at}");
        assert_eq!(Kept::parse(&bytes[..at], &["checked"]), None, "cut at {at}");
    }
}

#[test]
fn the_example_of_the_documentation_is_what_is_written() {
    let kept = Kept { notes: vec![("checked", "2026-11-22T08:30:00Z".into())], bytes: b"abc\n".to_vec() };
    let covered = "checked: 2026-11-22T08:30:00Z\n\nabc\n";
    let expected = format!("fence-kept 1\ndigest: {}\n{covered}", ContentDigest::of(covered.as_bytes()));
    assert_eq!(String::from_utf8(kept.format()).unwrap(), expected);
}

/// After a fault at any step, a reader finds the old bytes or the new ones; and a new try goes through.
#[test]
fn a_fault_at_every_step_leaves_the_old_or_the_new() {
    let place = Place::of(&["a", "b"]);
    for keep in [Keep::ForNow, Keep::ForGood] {
        for fault in [Fault::Before, Fault::After, Fault::Halfway] {
            let mut outcomes = Vec::new();
            for fails_at in 0.. {
                let folder = tempfile::tempdir().unwrap();
                Cache::at(folder.path()).write(&place, b"the old bytes", keep).unwrap();

                let disk = Arc::new(FaultyDisk::new(fails_at, fault));
                let cache = Cache::on(folder.path(), disk.clone());
                let written = cache.write(&place, b"the new bytes", keep);
                let read = String::from_utf8(cache.read(&place).unwrap().unwrap()).unwrap();
                if disk.steps.load(Ordering::Relaxed) <= fails_at {
                    written.unwrap();
                    assert_eq!(read, "the new bytes");
                    break;
                }
                assert!(matches!(written, Err(CacheError::Unwritable { .. })), "{written:?}");
                outcomes.push(read);

                let after = Cache::at(folder.path());
                after.write(&place, b"the newest bytes", keep).unwrap();
                assert_eq!(after.read(&place).unwrap().unwrap(), b"the newest bytes");
            }
            // Folders, file, rename: only a rename whose success was lost shows the new bytes.
            let renamed = if fault == Fault::After { "the new bytes" } else { "the old bytes" };
            assert_eq!(outcomes, ["the old bytes", "the old bytes", renamed], "{fault:?}");
        }
    }
}

/// A file of the user's own is replaced whole as well, and stays readable for whom it was.
#[cfg(unix)]
#[test]
fn a_file_that_is_replaced_keeps_its_permissions_after_a_fault_at_every_step() {
    use std::os::unix::fs::PermissionsExt as _;
    for fault in [Fault::Before, Fault::After, Fault::Halfway] {
        let mut outcomes = Vec::new();
        for fails_at in 0.. {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("config.toml");
            write(&file, "old");
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
            let disk = FaultyDisk::new(fails_at, fault);
            let replaced = replace_file_as_it_is(&disk, &file, b"new");
            let mode = std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{fault:?} at {fails_at}");
            let names: Vec<_> =
                std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
            assert_eq!(names, ["config.toml"], "{fault:?} at {fails_at}");
            let read = std::fs::read_to_string(&file).unwrap();
            if disk.steps.load(Ordering::Relaxed) <= fails_at {
                replaced.unwrap();
                assert_eq!(read, "new");
                break;
            }
            replaced.unwrap_err();
            outcomes.push(read);
        }
        // The folder, the file, the rename.
        let renamed = if fault == Fault::After { "new" } else { "old" };
        assert_eq!(outcomes, ["old", "old", renamed], "{fault:?}");
    }
}

#[test]
fn a_file_that_was_not_there_is_made_whole_or_not_at_all_after_a_fault_at_every_step() {
    for fault in [Fault::Before, Fault::After, Fault::Halfway] {
        let mut outcomes = Vec::new();
        for fails_at in 0.. {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join(".cargo/config.toml");
            let disk = FaultyDisk::new(fails_at, fault);
            let made = replace_file_as_it_is(&disk, &file, b"new");
            let read = std::fs::read_to_string(&file).unwrap_or_else(|_| "none".to_owned());
            let left = std::fs::read_dir(folder.path().join(".cargo")).map_or(0, Iterator::count);
            assert_eq!(left, usize::from(read != "none"), "{fault:?} at {fails_at}");
            if disk.steps.load(Ordering::Relaxed) <= fails_at {
                made.unwrap();
                assert_eq!(read, "new");
                break;
            }
            made.unwrap_err();
            outcomes.push(read);
            replace_file_as_it_is(&RealDisk, &file, b"newer").unwrap();
            assert_eq!(std::fs::read_to_string(&file).unwrap(), "newer");
        }
        let renamed = if fault == Fault::After { "new" } else { "none" };
        assert_eq!(outcomes, ["none", "none", renamed], "{fault:?}");
    }
}

/// In a folder to which somebody else writes, a link may wait under the name of the file that is about to be written.
#[cfg(unix)]
#[test]
fn a_planted_link_is_neither_followed_nor_removed() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let (file, victim) = (folder.path().join("config.toml"), folder.path().join("victim"));
    write(&victim, "of somebody else");
    for old in [None, Some("old")] {
        if let Some(old) = old {
            write(&file, old);
        }
        let disk = FaultyDisk::new(1, Fault::Planted);
        replace_file_as_it_is(&disk, &file, b"new").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "of somebody else");
        assert!(!std::fs::symlink_metadata(&file).unwrap().is_symlink());
    }
    let links = std::fs::read_dir(folder.path()).unwrap().filter(|e| e.as_ref().unwrap().path().is_symlink());
    assert_eq!(links.count(), 2, "both stay what they were");
    // And a file that is not for everybody never is, not even before there is anything in it.
    let closed = folder.path().join("closed");
    let permissions = std::fs::Permissions::from_mode(0o640);
    RealDisk.write_new(&closed, b"x", Keep::ForNow, Some(&permissions)).unwrap();
    assert_eq!(std::fs::metadata(&closed).unwrap().permissions().mode() & 0o777, 0o640);
    let again = RealDisk.write_new(&closed, b"y", Keep::ForNow, None).unwrap_err();
    assert_eq!(again.kind(), std::io::ErrorKind::AlreadyExists);
}

#[test]
fn a_cache_that_cannot_be_used_says_which_file() {
    let folder = tempfile::tempdir().unwrap();
    // A file where a folder should be: nobody can write below it, whoever runs the test.
    write(&folder.path().join("v1"), "in the way");
    let cache = Cache::at(folder.path());
    let place = Place::of(&["index", "x"]);
    let shown = |error: CacheError| {
        format!("{error}; {}", error.hint()).replace(&folder.path().display().to_string(), "/c")
    };
    assert_eq!(
        shown(cache.write(&place, b"x", Keep::ForNow).unwrap_err()),
        "the cache cannot be written: /c/v1/index/x: Not a directory (os error 20); make the folder yours, \
         free some space, or set CARGO_FENCE_CACHE to another folder; everything in it can be deleted"
    );
    assert_eq!(
        shown(cache.read(&place).unwrap_err()),
        "the cache cannot be read: /c/v1/index/x: Not a directory (os error 20); make the folder yours, \
         free some space, or set CARGO_FENCE_CACHE to another folder; everything in it can be deleted"
    );
}
