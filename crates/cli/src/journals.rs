//! The journals that fences keep on this machine: what they saw of a registry, and when.

use std::path::{Path, PathBuf};

use fence_client::Environment;
use fence_client::journal::read_journal;
use fence_model::{ReleaseId, Time};
use fence_registry::Journal;

use crate::standing::CRATES_IO;

/// How many are looked at: one for each registry, and some for runs beside one another.
const MOST: usize = 64;

/// All of them that are there.
pub(crate) fn all(environment: &Environment) -> Vec<PathBuf> {
    let Some(state) = environment.state_folder() else { return Vec::new() };
    let Ok(entries) = std::fs::read_dir(state.join("journal")) else { return Vec::new() };
    let is_journal = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "jsonl");
    let mut journals: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(is_journal).take(MOST).collect();
    journals.sort();
    journals
}

/// The journal of a fence in front of crates.io, or of a mirror of it, that saw a release: of several the one that was
/// written last. What cannot be read has nothing to tell here; `cargo fence doctor` names it.
pub(crate) fn that_saw(
    release: &ReleaseId,
    environment: &Environment,
    now: Time,
) -> Option<(PathBuf, Journal)> {
    let name = release.name.as_str().to_ascii_lowercase().parse().ok()?;
    let read = |path: PathBuf| {
        let (journal, _) = read_journal(&path).ok()?;
        let memory = journal.memory(&name, now);
        memory.has(&release.version).then_some((memory.latest_read, path, journal))
    };
    let of_crates_io = all(environment).into_iter().filter(|path| is_of_crates_io(path));
    let latest = of_crates_io.filter_map(read).max_by_key(|(read, ..)| *read);
    latest.map(|(_, path, journal)| (path, journal))
}

/// A fence calls a journal by the folder of its address, and by what tells registries in the same folder apart.
fn is_of_crates_io(path: &Path) -> bool {
    let rest = path.file_stem().and_then(|stem| stem.to_str()?.strip_prefix(CRATES_IO)?.strip_prefix('-'));
    let mark = rest.map(|rest| rest.split_once('-').map_or(rest, |(mark, _)| mark));
    mark.is_some_and(|mark| mark.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journals_of_crates_io_are_known_by_their_names() {
        for (name, expected) in [
            ("crates-io-0123abcd.jsonl", true),
            ("crates-io-0123abcd-2.jsonl", true),
            ("crates-io-mine-0123abcd.jsonl", false),
            ("own-0123abcd.jsonl", false),
            ("crates-io.jsonl", false),
        ] {
            assert_eq!(is_of_crates_io(&PathBuf::from(name)), expected, "{name}");
        }
    }
}
