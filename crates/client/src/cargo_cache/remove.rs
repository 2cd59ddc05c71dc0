//! Taking a bad release out of cargo's cache, and nothing else.
//!
//! While cargo works it holds locks in its home, and reads what lies here. So both of its locks are taken first, the way
//! cargo takes them to tidy up: one says that nobody downloads, the other that nobody builds from here.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::{CargoCache, Kept};

/// Cargo's locks, in the order in which it takes them.
const LOCKS: [&str; 2] = [".package-cache-mutate", ".package-cache"];

/// Why something was not removed.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// Some cargo works with it.
    #[error("a cargo is at work with {}", home.display())]
    InUse {
        /// Cargo's home.
        home: PathBuf,
    },
    /// It is no longer what was looked at, or leads out of the cache.
    #[error("{} is no longer what was looked at", path.display())]
    Exchanged {
        /// Where it lies.
        path: PathBuf,
    },
    /// The disk does not do it.
    #[error("{} cannot be removed: {error}", path.display())]
    Disk {
        /// Where it lies.
        path: PathBuf,
        /// What the disk said.
        error: io::Error,
    },
}

impl RemoveError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::InUse { .. } => "wait until it is done, and run this again",
            Self::Exchanged { .. } => {
                "run this again; what lies there now was not looked at, and was left alone"
            }
            Self::Disk { .. } => "remove it by hand; cargo builds from it as long as it is there",
        }
    }
}

/// Cargo's locks, held for as long as this lives.
pub(super) struct Quiet(#[expect(dead_code, reason = "held, not read")] Vec<File>);

impl CargoCache {
    /// Removes packages and unpacked folders of `condemned`, each of which names what it wants removed; the others it may
    /// have as none. Says what was removed, and stops at the first that cannot be.
    ///
    /// # Errors
    /// [`RemoveError`], with what was removed before it.
    pub fn remove(&self, condemned: &[Kept]) -> (Vec<PathBuf>, Result<(), RemoveError>) {
        let mut removed = Vec::new();
        let outcome = self.remove_all(condemned, &mut removed);
        (removed, outcome)
    }

    fn remove_all(&self, condemned: &[Kept], removed: &mut Vec<PathBuf>) -> Result<(), RemoveError> {
        let _quiet = self.quiet()?;
        for kept in condemned {
            // The folder first: without its package cargo would ask the registry again, and without the folder alone it
            // would unpack the package.
            for path in kept.unpacked.iter().chain(&kept.package) {
                self.remove_one(path, kept)?;
                removed.push(path.clone());
            }
        }
        Ok(())
    }

    fn remove_one(&self, path: &Path, kept: &Kept) -> Result<(), RemoveError> {
        let exchanged = || RemoveError::Exchanged { path: path.to_owned() };
        let failed = |error| RemoveError::Disk { path: path.to_owned(), error };
        let is_unpacked = kept.unpacked.as_deref() == Some(path);
        let part = if is_unpacked { "src" } else { "cache" };
        let folder = self.root.join(part).join(&kept.folder);
        // The folder may have become a link since it was listed.
        let is_inside =
            path.parent() == Some(&*folder) && fs::canonicalize(&folder).is_ok_and(|real| real == folder);
        if !is_inside {
            return Err(exchanged());
        }
        let found = fs::symlink_metadata(path).map_err(failed)?;
        match (is_unpacked, found.is_dir(), found.is_file()) {
            // It follows no link, not even one that is put there meanwhile.
            (true, true, _) => fs::remove_dir_all(path).map_err(failed),
            (false, _, true) => fs::remove_file(path).map_err(failed),
            _ => Err(exchanged()),
        }
    }

    /// Keeps every cargo from working with the cache, if none does.
    fn quiet(&self) -> Result<Quiet, RemoveError> {
        let mut held = Vec::new();
        for name in LOCKS {
            let path = self.home.join(name);
            let failed = |error| RemoveError::Disk { path: path.clone(), error };
            let lock =
                OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
            match lock.try_lock() {
                Ok(()) => held.push(lock),
                Err(TryLockError::WouldBlock) => {
                    return Err(RemoveError::InUse { home: self.home.clone() });
                }
                // As cargo does where a file system has no locks.
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
        Ok(Quiet(held))
    }
}
