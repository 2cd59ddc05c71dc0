//! The journal on disk: what this machine's fence saw of a registry, and when.
//!
//! What is written down here cannot be asked for again: a registry tells what is, never what was. So what
//! [`JournalFile::record`] acknowledged survives a crash at any byte, and nothing is acknowledged that is not on disk.
//! Lines are only ever added at the end; what a crash leaves half written is cut off when the file is opened next.
//! Where a write fails, the file and what is held in memory go back to what was acknowledged last.
//!
//! One process writes; others may read. A lock beside the file sees to it, and ends with the process.

use std::fmt::Write as _;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fence_registry::journal::{Journal, Observation, Torn};
use fence_registry::{Error as Misread, Limits};

use crate::cache::{Disk, Keep, RealDisk, write_whole};

/// A journal that is rewritten when it has this many lines more than it needs. Most reads change nothing, and of those
/// in a row only the last says something.
const NEEDLESS_LINES: usize = 10_000;

/// A journal that is written to.
pub struct JournalFile {
    path: PathBuf,
    disk: Arc<dyn Disk>,
    journal: Journal,
    /// The length of the file up to what was acknowledged.
    length: u64,
    /// Whether the file may have more than that.
    tail: Tail,
    /// Held while this lives.
    _lock: File,
}

/// What lies behind the last acknowledged line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tail {
    Nothing,
    /// A part of what could not be written.
    Unknown,
}

/// Why a journal cannot be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The disk does not do what it should; what was acknowledged is still there.
    #[error("{}: {error}", path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// What the disk said.
        error: io::Error,
    },
    /// Another process writes to it.
    #[error("{} is written to by another fence", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// It is no journal, or one from which something was cut.
    #[error("{}: {error}", path.display())]
    Misread {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its line.
        error: Misread,
    },
    /// What was to be recorded does not follow on what is there; nothing was.
    #[error("{}: not written down: {error}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// Why.
        error: Misread,
    },
}

impl JournalError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Disk { .. } => {
                "make room, or make the folder writable; nothing that was acknowledged is lost"
            }
            Self::InUse { .. } => "stop the other fence, or give this one a journal of its own",
            Self::Misread { error, .. } => error.hint(),
            Self::Refused { .. } => "the machine's clock went back, or the index was read in two orders",
        }
    }
}

impl JournalFile {
    /// Opens the journal at `path`, which need not exist, and takes it for this process. What a crash left half
    /// written is cut off, and told.
    ///
    /// # Errors
    /// [`JournalError`]; the file is then as it was.
    pub fn open(path: &Path) -> Result<(Self, Option<Torn>), JournalError> {
        Self::open_on(path, Arc::new(RealDisk))
    }

    /// The same on another disk: tests make each write fail in turn.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_on(path: &Path, disk: Arc<dyn Disk>) -> Result<(Self, Option<Torn>), JournalError> {
        let failed = |error| JournalError::Disk { path: path.to_owned(), error };
        disk.create_folders(path.parent().unwrap_or(Path::new("."))).map_err(failed)?;
        let lock = locked(path)?;
        let (journal, length, torn) = read(path, &*disk)?;
        let tail = if torn.is_some() { Tail::Unknown } else { Tail::Nothing };
        let mut file = Self { path: path.to_owned(), disk, journal, length, tail, _lock: lock };
        file.cut()?;
        Ok((file, torn))
    }

    /// What is written down.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Adds reads, all or none; they are on disk when this returns.
    ///
    /// # Errors
    /// [`JournalError::Refused`] for what does not follow on what is there, [`JournalError::Disk`] where it cannot be
    /// written. Both leave what was acknowledged before.
    pub fn record(&mut self, observations: Vec<Observation>) -> Result<(), JournalError> {
        self.cut()?;
        let mut lines = String::new();
        for observation in observations {
            // A line is text that was made here; writing to a string does not fail.
            let _ = writeln!(lines, "{observation}");
            if let Err(error) = self.journal.record(observation) {
                self.recover()?;
                return Err(JournalError::Refused { path: self.path.clone(), error });
            }
        }
        if let Err(error) = self.disk.append(&self.path, lines.as_bytes()) {
            self.tail = Tail::Unknown;
            self.recover()?;
            return Err(self.failed(error));
        }
        self.length += lines.len() as u64;
        Ok(())
    }

    /// Writes the file anew without what later reads made worthless, where that is much; true if it did.
    ///
    /// # Errors
    /// [`JournalError::Disk`]; the old file is then still there, or the new one is, whole.
    pub fn compact(&mut self) -> Result<bool, JournalError> {
        let compacted = self.journal.compacted();
        if self.journal.lines().saturating_sub(compacted.lines()) < NEEDLESS_LINES {
            return Ok(false);
        }
        let text = compacted.to_string();
        if let Err(error) = write_whole(&*self.disk, &self.path, text.as_bytes(), Keep::ForGood) {
            // Old or new, it says the same; how long it is has to be looked up.
            self.recover()?;
            return Err(self.failed(error));
        }
        (self.journal, self.length, self.tail) = (compacted, text.len() as u64, Tail::Nothing);
        Ok(true)
    }

    /// Cuts off what was never acknowledged.
    fn cut(&mut self) -> Result<(), JournalError> {
        if self.tail == Tail::Unknown {
            match self.disk.truncate(&self.path, self.length) {
                // The write failed before there was a file.
                Err(error) if error.kind() == io::ErrorKind::NotFound && self.length == 0 => {}
                cut => cut.map_err(|error| self.failed(error))?,
            }
            self.tail = Tail::Nothing;
        }
        Ok(())
    }

    /// Takes up what is on disk again, up to what was acknowledged.
    fn recover(&mut self) -> Result<(), JournalError> {
        // Where the tail cannot be cut now it is cut before the next write.
        let _ = self.cut();
        let bytes = bytes_of(&self.path, &*self.disk)?;
        let known = usize::try_from(self.length).map_or(bytes.len(), |length| length.min(bytes.len()));
        let (journal, torn) = parse(&self.path, &bytes[..known])?;
        let whole = torn.map_or(known, |torn| torn.offset);
        (self.journal, self.length) = (journal, whole as u64);
        if whole < bytes.len() {
            self.tail = Tail::Unknown;
        }
        Ok(())
    }

    fn failed(&self, error: io::Error) -> JournalError {
        JournalError::Disk { path: self.path.clone(), error }
    }
}

/// The journal at `path` as it is now, for those who do not write; an empty one where there is no file.
///
/// # Errors
/// [`JournalError`].
pub fn read_journal(path: &Path) -> Result<(Journal, Option<Torn>), JournalError> {
    let (journal, _, torn) = read(path, &RealDisk)?;
    Ok((journal, torn))
}

fn read(path: &Path, disk: &dyn Disk) -> Result<(Journal, u64, Option<Torn>), JournalError> {
    let bytes = bytes_of(path, disk)?;
    let (journal, torn) = parse(path, &bytes)?;
    let length = torn.map_or(bytes.len(), |torn| torn.offset);
    Ok((journal, length as u64, torn))
}

/// The bytes of a journal; of one that is not there, none.
fn bytes_of(path: &Path, disk: &dyn Disk) -> Result<Vec<u8>, JournalError> {
    match disk.read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        read => read.map_err(|error| JournalError::Disk { path: path.to_owned(), error }),
    }
}

fn parse(path: &Path, bytes: &[u8]) -> Result<(Journal, Option<Torn>), JournalError> {
    Journal::parse(bytes, &Limits::DEFAULT)
        .map_err(|error| JournalError::Misread { path: path.to_owned(), error })
}

/// The lock beside a journal. The file stays: who removes it while another takes it would let two in.
fn locked(path: &Path) -> Result<File, JournalError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock = File::options().write(true).create(true).truncate(false).open(&name);
    let lock = lock.map_err(|error| JournalError::Disk { path: name.into(), error })?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(JournalError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(JournalError::Disk { path: path.to_owned(), error }),
    }
}
