//! What bad input gets, as a user meets it: the file, the place and the way out, and nothing overwritten.
//!
//! Two kinds. What the fence cannot decide without ends every command with exit code 2. What it can do without is
//! told in a warning, and the rest is used.

use std::io::Write as _;

use crate::calm;
use crate::project::Project;

/// Expected: the snapshot `name` and exit code 2, and no command that writes does so.
fn undecided(name: &str, spoil: impl Fn(&mut Project)) {
    let mut project = calm();
    spoil(&mut project);
    let before = project.files();
    let seen = project.run("check");
    for write in ["init", "except glob@0.3.3 --codes young --because \"we read it\" --until \"7 days\""] {
        let refused = project.run(write);
        assert!(refused.ends_with("[exit code 2]"), "{refused}");
    }
    assert!(seen.ends_with("[exit code 2]"), "{seen}");
    assert_eq!(project.files(), before, "{name}");
    insta::assert_snapshot!(name, settled(&seen));
}

/// Expected: the snapshot `name` and exit code 0.
fn told(name: &str, spoil: impl Fn(&mut Project)) {
    let mut project = calm();
    spoil(&mut project);
    let before = project.files();
    let seen = project.run("check");
    assert!(seen.ends_with("[exit code 0]"), "{seen}");
    assert_eq!(project.files(), before, "{name}");
    insta::assert_snapshot!(name, settled(&seen));
}

/// A project's snapshot is named by a hash of where it lies, and how small an archive gets depends on how the compressor
/// was compiled.
fn settled(seen: &str) -> String {
    let is_hash = |word: &&str| word.len() == 16 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let words = seen.split(|c: char| !c.is_ascii_alphanumeric());
    let seen = words.filter(is_hash).fold(seen.to_owned(), |seen, hash| seen.replace(hash, "[hash]"));
    match seen.split_once(" bytes of archive") {
        Some((before, after)) => {
            let before = before.trim_end_matches(|c: char| c.is_ascii_digit());
            format!("{before}[…] bytes of archive{after}")
        }
        None => seen,
    }
}

/// Replaces the one `old` in a file of the project.
fn replace(project: &mut Project, file: &str, old: &str, new: &str) {
    let text = project.read(file);
    assert_eq!(text.matches(old).count(), 1, "{old} in {file}");
    project.write(file, text.replace(old, new));
}

const GLOB: &str = "index/gl/ob/glob";

#[test]
fn a_lockfile() {
    undecided("no lockfile", |project| std::fs::remove_file(project.path("Cargo.lock")).unwrap());
    undecided("empty lockfile", |project| project.write("Cargo.lock", ""));
    undecided("lockfile that is no text", |project| project.write("Cargo.lock", b"version = 4\n\xff\n"));
    undecided("lockfile of a newer cargo", |project| {
        replace(project, "Cargo.lock", "version = 4\n", "version = 5\n");
    });
    undecided("truncated lockfile", |project| {
        let text = project.read("Cargo.lock");
        project.write("Cargo.lock", &text[..text.len() - 40]);
    });
    undecided("lockfile with a conflict", |project| {
        let package = "[[package]]\nname = \"glob\"";
        replace(project, "Cargo.lock", package, &format!("<<<<<<< HEAD\n{package}"));
    });
    undecided("lockfile with a release twice", |project| project.lock(&("glob", "0.3.3", &[])));
}

#[test]
fn a_policy() {
    let policy = |name: &str, text: &str| undecided(name, |project| project.write("fence.toml", text));
    policy("policy that is not TOML", "level = low\n");
    policy("policy with an unknown key", "levle = \"low\"\n\n[wait]\nbaze = \"7 days\"\n");
    policy("policy with a length of time without a unit", "[wait]\nbase = \"7\"\nceiling = 30\n");
    let exception = |left_out: &str| {
        let mut text = "[[exceptions]]\n".to_owned();
        for line in [
            "crate = \"glob\"",
            "version = \"0.3.3\"",
            "digest = \"0cc23270f6e1808e30a928bdc84dea0b9b4136a8bc82338574f23baf47bbd280\"",
            "codes = [\"young\"]",
            "because = \"we read it\"",
            "until = \"2026-09-01\"",
        ] {
            if line.split(' ').next() != Some(left_out) {
                text += &format!("{line}\n");
            }
        }
        text
    };
    policy("exception without digest", &exception("digest"));
    policy("exception without reason", &exception("because"));
    policy("exception without end", &exception("until"));
    policy("exception of nothing", "[[exceptions]]\n");
    policy(
        "exception with an empty reason and a late end",
        &exception("").replace("we read it", " ").replace("2026-09-01", "2036-09-01"),
    );
    undecided("baseline with a conflict", |project| {
        project.write("fence.lock", "fence.lock format=1 codes=1 since=2026-08-20T07:15:00Z\n<<<<<<< HEAD\n");
    });
}

/// A line that cannot be read is told; where it may be the line of a locked release, nothing is decided.
#[test]
fn an_index_line() {
    let younger = |change: (&'static str, &'static str)| {
        move |project: &mut Project| {
            let text = project.read(GLOB);
            let last = text.lines().last().unwrap();
            let changed = last.replace(change.0, change.1);
            assert_ne!(changed, last);
            project.write(GLOB, text.replace(last, &changed));
        }
    };
    told("an index line that is not JSON", younger(("\"deps\": [", "\"deps\": ")));
    told("an index line with an odd version", younger(("\"0.3.4\"", "\"0.3\"")));
    told("an index line with a short checksum", younger(("\"e4eba85e", "\"")));
    told("an index line of an unknown schema", younger(("\"yanked\"", "\"v\": 3, \"yanked\"")));

    let locked =
        |old: &'static str, new: &'static str| move |project: &mut Project| replace(project, GLOB, old, new);
    undecided(
        "a locked index line that is not JSON",
        locked("{\"name\": \"glob\", \"vers\": \"0.3.3\"", "{\"name\": \"glob\", \"vers\" \"0.3.3\""),
    );
    undecided("a locked index line with an odd version", locked("\"0.3.3\"", "\"0.3.3.0\""));
    undecided("a locked index line with a short checksum", locked("\"0cc23270", "\""));
    undecided(
        "a locked index line of an unknown schema",
        locked("\"pubtime\": \"2025-08-11T09:47:13Z\"", "\"v\": 3"),
    );
    undecided("no such index", |project| {
        std::fs::rename(project.path("index"), project.path("gone")).unwrap();
    });
}

#[test]
fn advisories() {
    told("an advisory that does not parse", |project| {
        project.write("advisories/crates/shlex/RUSTSEC-2024-9999.md", "```toml\n[advisory]\nid = 1\n```\n");
    });
    undecided("no such feed", |project| {
        std::fs::rename(project.path("advisories"), project.path("gone")).unwrap();
    });
    undecided("a feed without advisories", |project| project.read_advisories_from("index"));
}

/// What is printed where the advisories cannot be reached is done to the letter, and works.
#[test]
fn advisories_out_of_reach() {
    let mut project = calm();
    project.read_advisories_as_configured();
    let seen = project.run("check");
    insta::assert_snapshot!("advisories out of reach", seen);
    let (_, hint) = seen.split_once("to judge without it, write `").unwrap();
    let (line, rest) = hint.split_once("` under `").unwrap();
    let (table, _) = rest.split_once('`').unwrap();
    project.write("fence.toml", format!("{table}\n{line}\n"));
    assert!(project.run("check").ends_with("[exit code 0]"));

    for source in ["path = \"advisories\"", "archive = \"gone.tar\""] {
        assert!(seen.contains(source.split('"').next().unwrap()), "{seen}");
    }
    project.write("fence.toml", format!("{table}\npath = \"advisories\"\n"));
    assert!(project.run("check").ends_with("[exit code 0]"));
}

/// Whatever is written about it, the feed of advisories is never taken for anything else, nor is its silence taken for
/// nothing to be said.
#[test]
fn advisories_that_are_none() {
    let mut project = calm();
    project.read_advisories_as_configured();
    project.write("audits.toml", "[audits]\n");
    for keys in ["role = \"audits\"\npath = \"advisories\"", "path = \"index\"", "file = \"audits.toml\""] {
        project.write("fence.toml", format!("[feeds.rustsec]\n{keys}\n"));
        let seen = project.run("check");
        assert!(seen.ends_with("[exit code 2]"), "{seen}");
        let seen = project.run("doctor");
        assert!(seen.contains("broken[undecided]"), "{seen}");
    }
}

/// A `.tar` with one entry after the other.
fn tar<'a>(entries: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, bytes) in entries {
        let mut header = tar::Header::new_ustar();
        // Not `set_path`: it refuses what a hostile archive has.
        header.as_ustar_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        // 2026-08-21T06:28:00Z
        header.set_mtime(1_787_293_680);
        header.set_cksum();
        archive.append(&header, bytes).unwrap();
    }
    archive.into_inner().unwrap()
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The project's own advisories in an archive.
fn packed(project: &Project) -> Vec<u8> {
    let files = project.files();
    let advisories = files.iter().filter_map(|(path, bytes)| {
        Some((path.strip_prefix(project.path("advisories")).ok()?.to_str()?, bytes.as_slice()))
    });
    tar(advisories)
}

#[test]
fn an_archive_of_advisories() {
    let archive = |name: &str, bytes: &dyn Fn(&Project) -> Vec<u8>| {
        undecided(name, |project| {
            project.write("db.tar.gz", bytes(project));
            project.read_advisories_from("db.tar.gz");
        });
    };
    archive("a truncated archive", &|project| {
        let whole = gz(&packed(project));
        whole[..whole.len() / 2].to_vec()
    });
    archive("an archive that is a bomb", &|_| gz(&tar([("crates/a.txt", [0; 2 << 20].as_slice())])));
    archive("an archive that leads outside", &|_| tar([("../../.cargo/config.toml", b"".as_slice())]));
    archive("an archive of too many files", &|_| {
        let entry = &tar([("crates/a.txt", b"".as_slice())])[..512];
        [entry.repeat(200_001), vec![0; 1_024]].concat()
    });
    archive("an archive that is a page", &|_| b"<!doctype html>".to_vec());
}

/// Audits can only admit, so that nothing is undecided without them.
#[test]
fn an_audit_set() {
    let feed = |name: &str, place: &str, bytes: &[u8]| {
        told(name, |project| {
            let key = if place.ends_with(".toml") { "file" } else { "archive" };
            project.write("fence.toml", format!("[feeds.ours]\nrole = \"audits\"\n{key} = \"{place}\"\n"));
            project.write(place, bytes);
        });
    };
    let set = b"[[audits.glob]]\nwho = \"A\"\ncriteria = \"safe-to-deploy\"\nversion = \"0.3.3\"\n";
    feed("an audit set that is cut off", "set.tar.gz", &gz(&tar([("audits.toml", set.as_slice())]))[..60]);
    feed("an audit set with a conflict", "set.toml", &[b"<<<<<<< HEAD\n", set.as_slice()].concat());
    let odd =
        [set.as_slice(), b"\n[[audits.glob]]\nwho = \"A\"\ncriteria = \"safe-to-deploy\"\nversion = 3\n"];
    feed("an audit set with an odd record", "set.toml", &odd.concat());
}

/// What was read before stays in use, and the clock stands still.
#[test]
fn an_archive_that_turns_bad() {
    let mut project = calm();
    project.write("db.tar.gz", gz(&packed(&project)));
    project.read_advisories_from("db.tar.gz");
    insta::assert_snapshot!(project.run("check"), @"
    $ cargo fence check
        Finished 4 admitted (4 by age), 1 of this project at level medium in […]s
    [exit code 0]
    ");
    project.write("db.tar.gz", &gz(&packed(&project))[..100]);
    let seen = project.run("update");
    // The index files were written a moment ago, by the clock of this machine.
    let lines: Vec<&str> = seen.lines().map(|line| line.split(", as of ").next().unwrap()).collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    $ cargo fence update
    warning: feed rustsec is invalid: db.tar.gz: it is cut off; what it said up to 2026-08-21T06:28:00Z is used
           Index 4 crates read, 0 changed
            Feed rustsec: failed, 2 advisory records
    [exit code 0]
    ");
}

#[test]
fn a_damaged_snapshot_is_made_again() {
    let project = calm();
    project.run("check");
    for place in ["projects", "compiled"] {
        for file in std::fs::read_dir(project.path("cache/v1").join(place)).unwrap() {
            let file = file.unwrap().path();
            let mut bytes = std::fs::read(&file).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            std::fs::write(file, bytes).unwrap();
        }
    }
    insta::assert_snapshot!(settled(&project.run("check")), @"
    $ cargo fence check
    warning: cache/v1/projects/[hash] is damaged and was made again: the snapshot is damaged:
          its checksum does not match

    warning: cache/v1/compiled/rustsec-[hash] is damaged and was made again: the snapshot is
          damaged: its checksum does not match
        Finished 4 admitted (4 by age), 1 of this project at level medium in […]s
    [exit code 0]
    ");
    insta::assert_snapshot!(project.run("check"), @"
    $ cargo fence check
        Finished 4 admitted (4 by age), 1 of this project at level medium in […]s
    [exit code 0]
    ");
}

#[test]
fn a_cache() {
    undecided("a cache that cannot be written", |project| project.write("cache", "a file"));
}

#[test]
fn a_clock() {
    // Something was written down long after the clock's present, so that the clock is wrong.
    undecided("a clock far in the past", |project| {
        let digest = "a".repeat(64);
        let seen = format!(
            r#"{{"version":"0.3.3","cksum":"{digest}","yanked":false,"published":"2025-08-11T09:47:13Z"}}"#
        );
        project.keep_journal(
            "journal.jsonl",
            &format!("{{\"at\":\"2199-01-01T00:00:00Z\",\"crate\":\"glob\",\"seen\":[{seen}]}}\n"),
        );
    });
    undecided("a clock behind the index", |project| {
        project.publish("glob", "0.3.9", "2199-01-01T00:00:00Z", &[]);
    });
    // Everything that was read is older than the moment asked about by more than a day.
    told("a clock far in the future", |project| project.date_facts("2026-08-20"));
}

#[test]
fn registries_that_the_fence_cannot_ask() {
    let checksum = "c4".repeat(32);
    let locked = |source: &str| {
        let source = format!("source = \"{source}\"\nchecksum = \"{checksum}\"\n");
        move |project: &mut Project| project.lock_from("ours", "1.0.0", &source, &[])
    };
    undecided("a sparse registry that was never asked", locked("sparse+https://registry.example/"));
    undecided("a registry with a git index", locked("registry+https://registry.example/index"));
}
