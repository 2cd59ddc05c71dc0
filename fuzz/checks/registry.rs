//! What must hold of whatever bytes `fence-registry` is given. The fuzz targets run these checks on invented bytes,
//! `crates/registry/tests/corpus.rs` on the corpus.

#![allow(dead_code, reason = "each target uses its own check")]

use fence_model::facts::Birth;
use fence_model::{CrateName, Digest, Time};
use fence_registry::journal::{Observation, Shown};
use fence_registry::lockfile::{CratesIo, Package};
use fence_registry::{Error, IndexFile, Journal, Limits, Lockfile, RegistryConfig};

/// What the excerpt of a real lockfile and the corpus call crates.io.
const IDS: [&str; 2] = ["registry+REGISTRY", "registry+https://registry.example/index"];

fn crates_io() -> CratesIo<'static> {
    CratesIo { source_ids: &IDS }
}

/// Each line of an index file is told as exactly one thing, and what is told makes a journal.
pub(crate) fn index_file(bytes: &[u8]) {
    let name: CrateName = "a".parse().expect("a name");
    let file = match IndexFile::parse(&name, bytes, &Limits::DEFAULT) {
        Ok(file) => file,
        Err(error) => return told(&error),
    };
    let is_blank = |line: &&[u8]| line.iter().all(u8::is_ascii_whitespace);
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !is_blank(line)).count();
    assert_eq!(file.releases.len() + file.skipped.len() + file.problems.len(), lines);
    file.problems.iter().for_each(told);
    for (facts, line) in file.facts(|_, _| Birth::Unread).iter().zip(&file.releases) {
        assert_eq!(facts.dependencies.len(), line.dependencies.len());
        assert!(line.published >= file.born() || line.published.is_none());
    }
    let next = Shown::of(&file);
    let observation = Observation::between(name.clone(), Time::EARLIEST, &Shown::default(), &next);
    let (journal, torn) =
        Journal::parse(format!("{observation}\n").as_bytes(), &Limits::DEFAULT).expect("a journal's line");
    assert_eq!((journal.shown(&name), torn), (next, None));
}

/// A lockfile's dependencies name its packages, and how it is spelt makes no difference.
pub(crate) fn lockfile(bytes: &[u8]) {
    let lockfile = match Lockfile::parse(bytes, crates_io(), &Limits::DEFAULT) {
        Ok(lockfile) => lockfile,
        Err(error) => {
            told(&error);
            if let Ok((_, gaps)) = Lockfile::salvage(bytes, crates_io(), &Limits::DEFAULT) {
                assert_eq!(gaps.first(), Some(&error));
                gaps.iter().for_each(told);
            }
            return;
        }
    };
    for (at, Package { dependencies, replaced_by, line, .. }) in lockfile.packages.iter().enumerate() {
        assert!(dependencies.iter().chain(replaced_by).all(|at| *at < lockfile.packages.len()));
        assert!(*line >= 1);
        if at < 20 {
            assert_eq!(lockfile.way_to(at).last(), Some(&at));
        }
    }
    // White space that cargo would not write sends the file to the other reader.
    let text = std::str::from_utf8(bytes).expect("text, since it was read");
    if let Some((head, rest)) = text.split_once("\n[[package]]")
        && !head.contains(['"', '\''])
    {
        let spelt_otherwise = format!("{head}\n[[ package ]]{rest}");
        assert_eq!(Lockfile::parse(spelt_otherwise.as_bytes(), crates_io(), &Limits::DEFAULT), Ok(lockfile));
    }
}

/// A journal reads back as it is written, whole where it was torn, and remembers as much when it is compacted.
pub(crate) fn journal(bytes: &[u8]) {
    let (journal, torn) = match Journal::parse(bytes, &Limits::DEFAULT) {
        Ok(read) => read,
        Err(error) => return told(&error),
    };
    if let Some(torn) = torn {
        let whole = Journal::parse(&bytes[..torn.offset], &Limits::DEFAULT);
        assert_eq!(whole, Ok((journal.clone(), None)));
    }
    let again = Journal::parse(journal.to_string().as_bytes(), &Limits::DEFAULT);
    assert_eq!(again, Ok((journal.clone(), None)));
    let compacted = journal.compacted();
    for name in journal.crates() {
        let memory = journal.memory(name, Time::LATEST);
        assert_eq!(compacted.memory(name, Time::LATEST), memory);
        assert_eq!(compacted.shown(name), journal.shown(name));
        for sighting in memory.sightings.values() {
            assert!(sighting.lacked_at.is_none_or(|lacked| lacked <= sighting.first_seen));
            assert!(sighting.yanks.iter().all(|yank| yank.until.is_none_or(|until| until >= yank.at)));
        }
        for gone in &memory.gone {
            assert!(gone.first_seen <= gone.gone_at && gone.gone_at <= gone.still_gone_at);
        }
    }
}

/// A configuration names an address for every release, on one line.
pub(crate) fn config_json(bytes: &[u8]) {
    match RegistryConfig::parse(bytes, &Limits::DEFAULT) {
        Err(error) => told(&error),
        Ok(config) => {
            let name: CrateName = "serde_json".parse().expect("a name");
            let address = config.download_url(&name, &semver::Version::new(1, 2, 3), &Digest([7; 32]));
            assert!(!address.chars().any(|c| c.is_whitespace() || c.is_control()), "{address:?}");
        }
    }
}

/// Whatever a stranger wrote, an error is one line that moves no cursor, and says what to do.
fn told(error: &Error) {
    let text = error.to_string();
    assert!(!text.chars().any(char::is_control) && text.len() < 4_000, "{text:?}");
    assert!(!error.hint().is_empty());
}
