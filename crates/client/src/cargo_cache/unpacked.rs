//! An unpacked folder, compared with the package that it came from.
//!
//! The folder is walked first, without following any link; then the package is read once, entry by entry, and each file
//! compared with the one on disk a buffer at a time. Neither is ever in memory as a whole. What cargo writes itself
//! ([`CARGOS_MARK`]) is not looked at.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use fence_model::ReleaseId;
use flate2::read::MultiGzDecoder;

use super::{BUFFER, open_file};
use crate::limits::Limits;

/// The file by which cargo knows that it unpacked all of a package.
const CARGOS_MARK: &str = ".cargo-ok";

/// How many differences of a folder are told; the others are counted.
const TOLD: usize = 20;

/// How an unpacked folder compares with its package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unpacked {
    /// It is what was in the package.
    Same,
    /// It is not.
    Different {
        /// What differs, sorted by path; of many the first.
        differences: Vec<Difference>,
        /// How many more there are.
        more: usize,
    },
    /// There is no package that can be read to compare it with.
    NothingToCompare,
    /// One of both could not be read, or not wholly.
    Uncompared(String),
}

/// One file that differs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// Its path inside the folder, which a stranger chose.
    pub path: String,
    /// What became of it.
    pub change: Change,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Its bytes are others.
    Changed,
    /// The package does not have it.
    Added,
    /// The folder does not have it.
    Missing,
}

/// What lies on disk at a path.
enum OnDisk {
    File { bytes: u64 },
    Link { to: PathBuf },
    Other,
}

/// What a package has at a path, compared with the disk.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Compared {
    Same,
    Changed,
    Missing,
}

/// Compares `folder` with `package`; `read` counts the bytes that were read.
pub(super) fn compare(
    package: &Path,
    folder: &Path,
    release: &ReleaseId,
    limits: &Limits,
    read: &mut u64,
) -> Unpacked {
    let on_disk = match walk(folder, limits) {
        Ok(on_disk) => on_disk,
        Err(why) => return Unpacked::Uncompared(why),
    };
    let compared = match read_package(package, folder, release, &on_disk, limits, read) {
        Ok(compared) => compared,
        Err(why) => return Unpacked::Uncompared(format!("the package cannot be read: {why}")),
    };
    let differing = compared.iter().filter_map(|(path, compared)| {
        let change = match compared {
            Compared::Same => return None,
            Compared::Changed => Change::Changed,
            Compared::Missing => Change::Missing,
        };
        Some(Difference { path: path.to_string_lossy().into_owned(), change })
    });
    let added = on_disk
        .keys()
        .filter(|path| !compared.contains_key(*path))
        .map(|path| Difference { path: path.to_string_lossy().into_owned(), change: Change::Added });
    let mut differences: Vec<Difference> = differing.chain(added).collect();
    if differences.is_empty() {
        return Unpacked::Same;
    }
    differences.sort();
    let more = differences.len().saturating_sub(TOLD);
    differences.truncate(TOLD);
    Unpacked::Different { differences, more }
}

/// Everything below `folder` that is no folder, by its path inside.
fn walk(folder: &Path, limits: &Limits) -> Result<BTreeMap<PathBuf, OnDisk>, String> {
    let mut found = BTreeMap::new();
    let mut left = vec![PathBuf::new()];
    let mut seen = 0_usize;
    while let Some(inside) = left.pop() {
        let here = folder.join(&inside);
        let failed = |error: io::Error| format!("{} cannot be read: {error}", here.display());
        for entry in fs::read_dir(&here).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            seen += 1;
            if seen > limits.cargo_cache_entries {
                return Err(format!("the folder has more than {} entries", limits.cargo_cache_entries));
            }
            let path = inside.join(entry.file_name());
            if path.as_os_str().len() > limits.path_bytes {
                return Err(format!("a path in the folder has more than {} bytes", limits.path_bytes));
            }
            // Of a link this is the link itself.
            let metadata = entry.metadata().map_err(failed)?;
            let kind = if metadata.is_dir() {
                left.push(path);
                continue;
            } else if metadata.is_file() {
                OnDisk::File { bytes: metadata.len() }
            } else if metadata.is_symlink() {
                OnDisk::Link { to: fs::read_link(entry.path()).map_err(failed)? }
            } else {
                OnDisk::Other
            };
            if path != Path::new(CARGOS_MARK) {
                found.insert(path, kind);
            }
        }
    }
    Ok(found)
}

/// What each file of the package is on disk. Of two entries of one path the later counts, as where it is unpacked.
fn read_package(
    package: &Path,
    folder: &Path,
    release: &ReleaseId,
    on_disk: &BTreeMap<PathBuf, OnDisk>,
    limits: &Limits,
    read: &mut u64,
) -> io::Result<BTreeMap<PathBuf, Compared>> {
    let (file, packed) = open_file(package)?;
    let by_ratio = packed.saturating_mul(limits.unpacked_ratio as u64).max(limits.unpacked_always as u64);
    let limit = by_ratio.min(limits.package_unpacked_bytes);
    let bounded = Bounded { inner: MultiGzDecoder::new(io::BufReader::new(file)), left: limit, limit };
    let mut archive = tar::Archive::new(bounded);
    let top = format!("{}-{}", release.name, release.version);
    let mut compared = BTreeMap::new();
    for (count, entry) in archive.entries()?.enumerate() {
        if count >= limits.cargo_cache_entries {
            return Err(io::Error::other(format!("it has more than {} entries", limits.cargo_cache_entries)));
        }
        let mut entry = entry?;
        let kind = entry.header().entry_type();
        if kind.is_pax_global_extensions() || kind.is_dir() {
            continue;
        }
        let Some(path) = inside(&entry.path()?, &top) else {
            return Err(io::Error::other("it has a file that lies outside of its folder"));
        };
        if path == Path::new(CARGOS_MARK) {
            continue;
        }
        *read += entry.size();
        let became = match on_disk.get(&path) {
            None => Compared::Missing,
            Some(OnDisk::File { bytes }) if kind.is_file() => {
                if *bytes == entry.size() && is_same(&mut entry, &folder.join(&path))? {
                    Compared::Same
                } else {
                    Compared::Changed
                }
            }
            Some(OnDisk::Link { to }) if kind.is_symlink() => match entry.link_name()? {
                Some(name) if *name == **to => Compared::Same,
                _ => Compared::Changed,
            },
            // No package that cargo made has anything else.
            Some(OnDisk::File { .. } | OnDisk::Link { .. } | OnDisk::Other) => Compared::Changed,
        };
        compared.insert(path, became);
    }
    Ok(compared)
}

/// The path of an entry below the folder of its package; none where it lies elsewhere.
fn inside(path: &Path, top: &str) -> Option<PathBuf> {
    let below = path.strip_prefix(top).ok()?;
    let is_plain = below.components().all(|part| matches!(part, Component::Normal(_)));
    (is_plain && below != Path::new("")).then(|| below.to_owned())
}

/// Whether `entry` has the bytes of the file at `path`, which is as long.
fn is_same(entry: &mut impl Read, path: &Path) -> io::Result<bool> {
    let (mut file, _) = open_file(path)?;
    let (mut packed, mut lying) = (vec![0; BUFFER], vec![0; BUFFER]);
    loop {
        let read = entry.read(&mut packed)?;
        if read == 0 {
            // Longer by now than it was when it was seen.
            return Ok(file.read(&mut lying)? == 0);
        }
        match file.read_exact(&mut lying[..read]) {
            Ok(()) if lying[..read] == packed[..read] => {}
            Ok(()) => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            Err(error) => return Err(error),
        }
    }
}

/// A reader that gives so many bytes and fails at the next.
struct Bounded<R> {
    inner: R,
    left: u64,
    limit: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            None => {
                return Err(io::Error::other(format!("it unpacks to more than {} bytes", self.limit)));
            }
        }
        Ok(read)
    }
}
