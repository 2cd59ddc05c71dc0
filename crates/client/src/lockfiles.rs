//! The lockfiles below some folders: whose builds a release would reach.
//!
//! No link is followed, what cargo and git keep for themselves is skipped, and there are bounds to how much is looked at.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::limits::Limits;

/// Folders that hold no project of anybody's: what cargo builds into, and what git keeps.
const SKIPPED: [&str; 2] = ["target", ".git"];

/// What a search found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The lockfiles, sorted.
    pub lockfiles: Vec<PathBuf>,
    /// Why the search is not complete, a line each.
    pub problems: Vec<String>,
}

/// Finds every `Cargo.lock` below each of `places`, which are folders or lockfiles themselves, but for what lies below
/// `aside`.
pub fn find(places: &[PathBuf], aside: &Path, limits: &Limits) -> Found {
    let mut lockfiles = BTreeSet::new();
    let mut problems = Vec::new();
    let mut left: Vec<(PathBuf, usize)> = Vec::new();
    for place in places.iter().rev() {
        // What somebody names may be a link; what lies below it may not.
        match fs::canonicalize(place) {
            Ok(real) if real.is_file() => drop(lockfiles.insert(real)),
            Ok(real) => left.push((real, 0)),
            Err(error) => problems.push(format!("{} cannot be searched: {error}", place.display())),
        }
    }
    let mut seen = 0_usize;
    let mut denied = 0_usize;
    let mut visited = BTreeSet::new();
    while let Some((folder, depth)) = left.pop() {
        if folder.starts_with(aside) || !visited.insert(folder.clone()) {
            continue;
        }
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            // Somebody else's folders below one's own are counted.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied && depth > 0 => {
                denied += 1;
                continue;
            }
            Err(error) => {
                problems.push(format!("{} cannot be searched: {error}", folder.display()));
                continue;
            }
        };
        for entry in entries.flatten() {
            seen += 1;
            if seen > limits.searched_entries {
                problems.push(format!(
                    "more than {} files and folders: the rest was not searched",
                    limits.searched_entries
                ));
                return Found { lockfiles: lockfiles.into_iter().collect(), problems };
            }
            let Ok(kind) = entry.file_type() else { continue };
            let name = entry.file_name();
            if kind.is_file() && name == "Cargo.lock" {
                lockfiles.insert(entry.path());
            } else if kind.is_dir() && !SKIPPED.iter().any(|skipped| name == *skipped) {
                if depth + 1 > limits.searched_depth {
                    problems.push(format!("{} lies too deep, and was not searched", entry.path().display()));
                } else {
                    left.push((entry.path(), depth + 1));
                }
            }
        }
    }
    if denied > 0 {
        problems.push(format!("{denied} folders cannot be searched: permission denied"));
    }
    Found { lockfiles: lockfiles.into_iter().collect(), problems }
}
