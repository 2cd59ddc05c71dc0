//! Where things lie on disk, and how they get there: whole or not at all.
//!
//! ```text
//! $CARGO_FENCE_CACHE, else the platform's cache folder + cargo-fence
//! └── v1/
//!     ├── index/<registry>/<prefix>/<crate>   index files as served            [`Place::index`]
//!     ├── feeds/<name>                        feeds as read                     [`Place::feed`]
//!     └── …                                   what others keep                  [`Place::of`]
//! ```
//!
//! [`Cache::write`] writes a file of its own beside the place and renames it, so that a reader, or a machine that
//! loses power, finds the old bytes or the new ones. What is fetched is kept as a [`Kept`]: bytes under a digest,
//! so that a torn or damaged file is no file. Everything here can be deleted at any time and is fetched again.

use std::fmt;
use std::fs::Permissions;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fence_model::CrateName;
use fence_registry::IndexPath;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use crate::environment::Environment;

/// The version of the layout above; another layout gets another folder, and old ones are left to die.
const LAYOUT: &str = "v1";

/// A folder of this user's for things that can be made again.
#[derive(Clone)]
pub struct Cache {
    root: PathBuf,
    disk: Arc<dyn Disk>,
}

impl Cache {
    /// The cache in the folder that `environment` names ([`Environment::cache_folder`]). Nothing is created yet.
    ///
    /// # Errors
    /// [`CacheError::NoPlace`] if the environment names no home either.
    pub fn of(environment: &Environment) -> Result<Self, CacheError> {
        environment.cache_folder().map(|root| Self::at(&root)).ok_or(CacheError::NoPlace)
    }

    /// A cache in `root`, on the real disk.
    pub fn at(root: &Path) -> Self {
        Self::on(root, Arc::new(RealDisk))
    }

    /// A cache in `root` on another disk: tests make each write fail in turn.
    pub fn on(root: &Path, disk: Arc<dyn Disk>) -> Self {
        Self { root: root.join(LAYOUT), disk }
    }

    /// The disk that it lies on.
    pub fn disk(&self) -> Arc<dyn Disk> {
        Arc::clone(&self.disk)
    }

    /// Where `place` is on disk, for those who read it themselves and for messages.
    pub fn path(&self, place: &Place) -> PathBuf {
        self.root.join(&place.0)
    }

    /// The bytes at `place`, if anything is there.
    ///
    /// # Errors
    /// [`CacheError::Unreadable`].
    pub fn read(&self, place: &Place) -> Result<Option<Vec<u8>>, CacheError> {
        let path = self.path(place);
        match self.disk.read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(CacheError::Unreadable { path, error }),
        }
    }

    /// Puts `bytes` at `place`, in one step for whoever reads it: before it the old bytes, after it the new.
    ///
    /// # Errors
    /// [`CacheError::Unwritable`]; what was there before is still there, or the new bytes are, whole.
    pub fn write(&self, place: &Place, bytes: &[u8], keep: Keep) -> Result<(), CacheError> {
        let path = self.path(place);
        write_whole(&*self.disk, &path, bytes, keep).map_err(|error| CacheError::Unwritable { path, error })
    }

    /// The value that [`Self::write_value`] put at `place`, if one is there and whole.
    pub fn read_value<T: DeserializeOwned>(&self, place: &Place) -> Option<T> {
        let kept = Kept::parse(&self.read(place).ok()??, &[])?;
        serde_json::from_slice(&kept.bytes).ok()
    }

    /// Puts a value that can be made again at `place`, as a [`Kept`] of JSON without notes.
    ///
    /// # Errors
    /// What the disk says, in words.
    pub fn write_value(&self, place: &Place, value: &impl Serialize) -> Result<(), String> {
        let bytes = serde_json::to_vec(value).map_err(|error| error.to_string())?;
        let kept = Kept { notes: Vec::new(), bytes }.format();
        self.write(place, &kept, Keep::ForNow).map_err(|error| error.to_string())
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("root", &self.root).finish_non_exhaustive()
    }
}

/// Replaces the file at `path` in one step; for files that are not in the cache, such as `fence.lock` and cargo's
/// configuration. Not everybody may be to read it: the new one has the permissions of the old. Where there was none, the
/// folder is made too.
///
/// # Errors
/// Whatever the disk says. The old file is still there then, or the new one is, whole.
pub fn replace_file_as_it_is(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let permissions = match std::fs::metadata(path) {
        Ok(old) => Some(old.permissions()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    write_whole_with(disk, path, bytes, Keep::ForGood, permissions)
}

/// What a write must survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// A crash of the process. After a loss of power it may be gone or damaged: for what can be fetched or made
    /// again, and whose reader checks it. A thousand index files are written so in tens of milliseconds.
    ForNow,
    /// A loss of power too: the bytes are on disk before their name is, and the name before this returns.
    ForGood,
}

/// A place in the cache.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place(PathBuf);

impl Place {
    /// Where the index file of `name` is kept, of the registry with this folder name.
    pub fn index(registry: &str, name: &CrateName) -> Self {
        let mut parts = vec!["index", registry];
        let path = IndexPath::of(name);
        parts.extend(path.as_str().split('/'));
        Self::of(&parts)
    }

    /// Where the feed `name` is kept, read from the source with this digest.
    pub fn feed(name: &str, source: &ContentDigest) -> Self {
        Self::of(&["feeds", &format!("{name}-{}", source.short())])
    }

    /// A place by the names of its folders and its file. Anything but ASCII letters, digits, `.`, `_` and `-` is
    /// written as `_`, and so is a leading dot: a name that a stranger chose stays inside the cache.
    pub fn of(parts: &[&str]) -> Self {
        let safe = |part: &&str| -> String {
            let spelt = |(at, c): (usize, char)| {
                let plain = c.is_ascii_alphanumeric() || c == '_' || c == '-' || (c == '.' && at > 0);
                if plain { c } else { '_' }
            };
            part.chars().enumerate().map(spelt).collect()
        };
        Self(parts.iter().filter(|part| !part.is_empty()).map(safe).collect())
    }
}

/// SHA-256 of bytes that were fetched: equal digests, equal bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentDigest(pub [u8; 32]);

impl ContentDigest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Sixteen digits, for file names.
    pub fn short(&self) -> String {
        let mut text = self.to_string();
        text.truncate(16);
        text
    }
}

impl fmt::Display for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fence_model::Digest(self.0).fmt(f)
    }
}

impl fmt::Debug for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for ContentDigest {
    type Err = fence_model::names::DigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(|fence_model::Digest(bytes)| Self(bytes))
    }
}

/// Bytes that were fetched, with what was said about them, as they are kept.
///
/// Text lines, an empty line, then the bytes:
///
/// ```text
/// fence-kept 1
/// digest: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
/// checked: 2026-11-22T08:30:00Z
///
/// abc
/// ```
///
/// The digest covers the other lines and the bytes, so that a file that is damaged anywhere is no file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Keys and values, in order. Neither has control characters, and keys have no `: `.
    pub notes: Vec<(&'static str, String)>,
    /// The bytes.
    pub bytes: Vec<u8>,
}

const KEPT_FIRST_LINE: &str = "fence-kept 1\n";

impl Kept {
    /// As bytes, to be written.
    pub fn format(&self) -> Vec<u8> {
        let mut rest = Vec::with_capacity(self.bytes.len() + 256);
        for (key, value) in &self.notes {
            let one_line: String = value.chars().filter(|c| !c.is_control()).collect();
            rest.extend_from_slice(format!("{key}: {one_line}\n").as_bytes());
        }
        rest.push(b'\n');
        rest.extend_from_slice(&self.bytes);
        let mut all = format!("{KEPT_FIRST_LINE}digest: {}\n", ContentDigest::of(&rest)).into_bytes();
        all.append(&mut rest);
        all
    }

    /// Reads what [`Self::format`] wrote, with the values of `keys` (and of no others); `None` if it is anything
    /// else, or damaged.
    pub fn parse(all: &[u8], keys: &[&'static str]) -> Option<Self> {
        let after_first = all.strip_prefix(KEPT_FIRST_LINE.as_bytes())?;
        let (digest, rest) = split_line(after_first)?;
        let digest: ContentDigest = digest.strip_prefix("digest: ")?.parse().ok()?;
        if ContentDigest::of(rest) != digest {
            return None;
        }
        let mut notes = Vec::new();
        let mut left = rest;
        loop {
            let (line, after) = split_line(left)?;
            left = after;
            if line.is_empty() {
                return Some(Self { notes, bytes: left.to_vec() });
            }
            let (key, value) = line.split_once(": ")?;
            let key = keys.iter().find(|known| **known == key)?;
            notes.push((*key, value.to_owned()));
        }
    }

    /// The value under `key`.
    pub fn note(&self, key: &str) -> Option<&str> {
        self.notes.iter().find(|(known, _)| *known == key).map(|(_, value)| value.as_str())
    }
}

fn split_line(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.iter().position(|b| *b == b'\n')?;
    Some((std::str::from_utf8(&bytes[..end]).ok()?, &bytes[end + 1..]))
}

/// What the cache needs of a disk. Each write is one step that may fail, before or after it took effect.
pub trait Disk: Send + Sync {
    /// The bytes of a file.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] if there is none; whatever else the disk says.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Makes a folder and those above it, unless they are there.
    ///
    /// # Errors
    /// Whatever the disk says.
    fn create_folders(&self, path: &Path) -> io::Result<()>;

    /// Writes a file that was not there, and follows no link; with these permissions before there is anything in it, where
    /// some are named. Its bytes are on disk when this returns, if `keep` asks for it.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] where anything has the name, which stays as it is; whatever else the disk says, and
    /// the file may then be there with some of its bytes.
    fn write_new(
        &self,
        path: &Path,
        bytes: &[u8],
        keep: Keep,
        permissions: Option<&Permissions>,
    ) -> io::Result<()>;

    /// Gives a file another name, in place of the file that had it; the name is on disk when this returns, if
    /// `keep` asks for it. Never shows a reader anything between the two.
    ///
    /// # Errors
    /// Whatever the disk says.
    fn rename(&self, from: &Path, to: &Path, keep: Keep) -> io::Result<()>;

    /// Adds bytes at the end of a file, which is made if it is not there; they are on disk when this returns.
    ///
    /// # Errors
    /// Whatever the disk says; the file may then have some of the bytes.
    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Cuts a file to `length` bytes; it is on disk when this returns.
    ///
    /// # Errors
    /// Whatever the disk says.
    fn truncate(&self, path: &Path, length: u64) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// Whatever the disk says.
    fn remove(&self, path: &Path) -> io::Result<()>;
}

/// The disk of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn create_folders(&self, path: &Path) -> io::Result<()> {
        std::fs::create_dir_all(path)
    }

    fn write_new(
        &self,
        path: &Path,
        bytes: &[u8],
        keep: Keep,
        permissions: Option<&Permissions>,
    ) -> io::Result<()> {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        if permissions.is_some() {
            // Who opened it before they are set could read all that is written afterwards.
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        let mut file = options.open(path)?;
        if let Some(permissions) = permissions {
            file.set_permissions(permissions.clone())?;
        }
        io::Write::write_all(&mut file, bytes)?;
        match keep {
            Keep::ForNow => Ok(()),
            Keep::ForGood => file.sync_all(),
        }
    }

    fn rename(&self, from: &Path, to: &Path, keep: Keep) -> io::Result<()> {
        std::fs::rename(from, to)?;
        match (keep, to.parent()) {
            (Keep::ForGood, Some(folder)) => synced(folder),
            _ => Ok(()),
        }
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let is_new = !path.try_exists()?;
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path)?;
        io::Write::write_all(&mut file, bytes)?;
        file.sync_all()?;
        match path.parent() {
            Some(folder) if is_new => synced(folder),
            _ => Ok(()),
        }
    }

    fn truncate(&self, path: &Path, length: u64) -> io::Result<()> {
        let file = std::fs::OpenOptions::new().write(true).open(path)?;
        file.set_len(length)?;
        file.sync_all()
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }
}

/// Brings the names in a folder to disk. A folder can be opened and synced on Unix only; elsewhere the file system orders
/// it by itself.
fn synced(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { std::fs::File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Why something is not in the cache, or cannot be put there.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The environment names neither a cache nor a home.
    #[error("no folder for the cache: neither CARGO_FENCE_CACHE nor a home folder is set")]
    NoPlace,
    /// It is there and cannot be read.
    #[error("the cache cannot be read: {}: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the disk said.
        error: io::Error,
    },
    /// It cannot be written.
    #[error("the cache cannot be written: {}: {error}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the disk said.
        error: io::Error,
    },
}

impl CacheError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoPlace => "set CARGO_FENCE_CACHE to a folder that you can write to",
            Self::Unreadable { .. } | Self::Unwritable { .. } => {
                "make the folder yours, free some space, or set CARGO_FENCE_CACHE to another folder; \
                 everything in it can be deleted"
            }
        }
    }
}

/// Two writers of one place, in this process or another, must not share a file: the later rename wins.
static NEXT_NEW_FILE: AtomicU64 = AtomicU64::new(0);

/// So many names may be taken before one is free: by what processes left behind that crashed. Somebody who plants more in
/// a folder of his keeps files from being written there, and could do so anyway.
const MOST_TAKEN_NAMES: usize = 100;

pub(crate) fn write_whole(disk: &dyn Disk, path: &Path, bytes: &[u8], keep: Keep) -> io::Result<()> {
    write_whole_with(disk, path, bytes, keep, None)
}

fn write_whole_with(
    disk: &dyn Disk,
    path: &Path,
    bytes: &[u8],
    keep: Keep,
    permissions: Option<Permissions>,
) -> io::Result<()> {
    let (folder, name) = match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) => (folder, name),
        _ => return Err(io::Error::new(io::ErrorKind::InvalidInput, "not the path of a file")),
    };
    let named = || {
        let number = NEXT_NEW_FILE.fetch_add(1, Ordering::Relaxed);
        let mut new_name = std::ffi::OsString::from(".new-");
        new_name.push(format!("{}-{number}-", std::process::id()));
        new_name.push(name);
        folder.join(new_name)
    };

    disk.create_folders(folder)?;
    let mut taken = 0;
    let (new, written) = loop {
        let new = named();
        match disk.write_new(&new, bytes, keep, permissions.as_ref()) {
            // What has the name is somebody else's, and may be a link to any file: it is neither followed nor removed.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                taken += 1;
                if taken == MOST_TAKEN_NAMES {
                    return Err(error);
                }
            }
            written => break (new, written),
        }
    };
    let written = written.and_then(|()| disk.rename(&new, path, keep));
    if written.is_err() {
        // Only tidiness: a reader never looks at this name. The first error is the one to tell.
        let _ = disk.remove(&new);
    }
    written
}
