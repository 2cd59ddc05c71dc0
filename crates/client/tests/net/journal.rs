//! The journal on disk: what was acknowledged is there, whatever happened.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fence_client::journal::{JournalError, JournalFile, read_journal};
use fence_model::{Digest, Span, Time};
use fence_registry::journal::{Journal, Observation, Seen};

use crate::support::{Fault, FaultyDisk, time};

/// A read of a crate at some minute, which showed one more release.
fn saw(name: &str, minute: i64) -> Observation {
    let at = at(minute);
    let mut read = Observation::unchanged(name.parse().unwrap(), at);
    let version = format!("1.0.{minute}").parse().unwrap();
    let digest = Digest([u8::try_from(minute % 256).unwrap(); 32]);
    read.seen.push(Seen { version, digest, yanked: false, published: Some(at) });
    read
}

fn at(minute: i64) -> Time {
    time("2026-08-20T00:00:00Z") + Span::minutes(minute)
}

fn nothing_new(name: &str, minute: i64) -> Observation {
    Observation::unchanged(name.parse().unwrap(), at(minute))
}

fn journal_in(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("journals/crates.journal")
}

fn on_disk(path: &Path) -> Journal {
    read_journal(path).unwrap().0
}

#[test]
fn what_was_recorded_is_there_when_it_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = journal_in(&folder);
    assert_eq!(on_disk(&path), Journal::default(), "where there is no file");
    let (mut file, torn) = JournalFile::open(&path).unwrap();
    assert_eq!(torn, None);
    file.record(vec![saw("serde", 1), saw("syn", 1)]).unwrap();
    file.record(vec![]).unwrap();
    file.record(vec![saw("serde", 2)]).unwrap();
    let before = file.journal().clone();
    drop(file);
    assert_eq!(on_disk(&path), before);
    assert_eq!(JournalFile::open(&path).unwrap().0.journal(), &before);
}

/// A crash leaves the file at any length: what is whole counts, and goes on.
#[test]
fn a_crash_at_any_byte_loses_no_whole_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = journal_in(&folder);
    JournalFile::open(&path).unwrap().0.record((1..5).map(|minute| saw("serde", minute)).collect()).unwrap();
    let whole = fs::read(&path).unwrap();
    for length in 0..=whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let lines = whole[..length].iter().filter(|byte| **byte == b'\n').count();
        let (mut file, torn) = JournalFile::open(&path).unwrap();
        let is_whole = length == 0 || whole[length - 1] == b'\n';
        assert_eq!((file.journal().lines(), torn.is_none()), (lines, is_whole), "{length} bytes");
        file.record(vec![saw("syn", 9)]).unwrap();
        assert_eq!(file.journal().lines(), lines + 1);
        assert_eq!(on_disk(&path), *file.journal(), "{length} bytes");
    }
}

/// Every write fails in turn, before, halfway and after: what was acknowledged is on disk, and what was not is not.
#[test]
fn a_write_that_fails_leaves_what_was_acknowledged() {
    for fault in [Fault::Before, Fault::Halfway, Fault::After] {
        for fails_at in 0.. {
            let folder = tempfile::tempdir().unwrap();
            let path = journal_in(&folder);
            let disk = Arc::new(FaultyDisk::new(fails_at, fault));
            let mut acknowledged = Journal::default();
            let mut failures = 0;
            match JournalFile::open_on(&path, disk.clone()) {
                Err(JournalError::Disk { .. }) => failures += 1,
                Err(other) => panic!("{other}"),
                Ok((mut file, _)) => {
                    for minute in 1..4 {
                        match file.record(vec![saw("serde", minute), nothing_new("syn", minute)]) {
                            Ok(()) => acknowledged = file.journal().clone(),
                            Err(JournalError::Disk { .. }) => failures += 1,
                            Err(other) => panic!("{other}"),
                        }
                        assert_eq!(*file.journal(), acknowledged, "{fault:?} at {fails_at}");
                    }
                    // One step fails, so one of two tries does not.
                    let is_written = (0..2).any(|_| file.record(vec![saw("last", 9)]).is_ok());
                    assert!(is_written, "{fault:?} at {fails_at}");
                    acknowledged = file.journal().clone();
                }
            }
            assert_eq!(on_disk(&path), acknowledged, "{fault:?} at {fails_at}");
            if failures == 0 {
                assert!(fails_at > 3, "every step was made to fail");
                break;
            }
        }
    }
}

#[test]
fn what_does_not_follow_is_refused_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = journal_in(&folder);
    let (mut file, _) = JournalFile::open(&path).unwrap();
    file.record(vec![saw("serde", 5)]).unwrap();
    let before = file.journal().clone();
    let error = file.record(vec![saw("syn", 6), saw("serde", 4)]).unwrap_err();
    assert!(matches!(error, JournalError::Refused { .. }), "{error}");
    assert_eq!(*file.journal(), before);
    assert_eq!(on_disk(&path), before);
    file.record(vec![saw("syn", 6)]).unwrap();
    assert_eq!(on_disk(&path), *file.journal());
}

#[test]
fn one_process_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = journal_in(&folder);
    let (first, _) = JournalFile::open(&path).unwrap();
    let second = JournalFile::open(&path).map(drop).unwrap_err();
    assert!(matches!(second, JournalError::InUse { .. }), "{second}");
    assert_eq!(on_disk(&path), Journal::default(), "others may read");
    drop(first);
    JournalFile::open(&path).unwrap();
}

#[test]
fn a_journal_from_which_something_was_cut_is_not_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let path = journal_in(&folder);
    JournalFile::open(&path).unwrap().0.record(vec![saw("serde", 1), nothing_new("serde", 2)]).unwrap();
    let text = fs::read_to_string(&path).unwrap().replacen("{\"at\"", "{\"when\"", 1);
    fs::write(&path, &text).unwrap();
    let error = JournalFile::open(&path).map(drop).unwrap_err();
    assert!(matches!(error, JournalError::Misread { .. }), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), text, "it is left as it was");
}

#[test]
fn reads_that_changed_nothing_are_let_go_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = journal_in(&folder);
    let (mut file, _) = JournalFile::open(&path).unwrap();
    file.record(vec![saw("serde", 0)]).unwrap();
    assert!(!file.compact().unwrap());
    file.record((1..10_003).map(|minute| nothing_new("serde", minute)).collect()).unwrap();
    let memory = file.journal().memory(&"serde".parse().unwrap(), at(20_000));
    assert!(file.compact().unwrap());
    assert_eq!(file.journal().lines(), 2);
    assert_eq!(file.journal().memory(&"serde".parse().unwrap(), at(20_000)), memory);
    file.record(vec![saw("serde", 10_004)]).unwrap();
    assert_eq!(on_disk(&path), *file.journal());
    // A compaction that fails leaves one file or the other.
    for fault in [Fault::Before, Fault::Halfway, Fault::After] {
        for fails_at in 1..4 {
            let folder = tempfile::tempdir().unwrap();
            let path = journal_in(&folder);
            let reads: Vec<Observation> = (1..10_003).map(|minute| nothing_new("serde", minute)).collect();
            JournalFile::open(&path).unwrap().0.record(reads).unwrap();
            let disk = Arc::new(FaultyDisk::new(fails_at, fault));
            let (mut file, _) = JournalFile::open_on(&path, disk).unwrap();
            let _ = file.compact();
            file.record(vec![saw("serde", 10_004)]).unwrap();
            assert_eq!(on_disk(&path).compacted(), file.journal().compacted(), "{fault:?} at {fails_at}");
            assert_eq!(on_disk(&path), *file.journal(), "{fault:?} at {fails_at}");
        }
    }
}
