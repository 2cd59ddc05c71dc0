//! The database dump: an archive or folder of this machine, read as it is unpacked.
//!
//! It is too large to be held as bytes, so it takes a way of its own: no file of it is kept, and what is read is the
//! [`Dump`] that its tables make together. What it is called is the sizes of its files and the times of their last change: to
//! read it whole only to find that nothing changed would take as long as to compile it.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use fence_evidence::dump::{Dump, DumpError, Reader, Table};
use fence_model::policy::FeedSource;

use super::FeedError;

/// What became of a dump.
pub(crate) enum DumpOutcome {
    /// The caller has this content already.
    Unchanged,
    /// Here it is, and what it is called.
    Read {
        /// Equal identity, equal content.
        identity: String,
        /// The content.
        dump: Box<Dump>,
    },
    /// Neither.
    Failed(FeedError),
}

/// How many entries an archive of a dump may have: it has some 30.
const ENTRIES: usize = 1_000;

/// Bytes of a file that are read at once.
const BUFFER: usize = 1 << 20;

/// Reads the dump of the feed `name`, with what each release depends on if `with_dependencies`, unless it is what `known`
/// says; and what it is called now.
pub(crate) fn read_dump(
    name: &str,
    source: &FeedSource,
    root: &Path,
    with_dependencies: bool,
    known: Option<&str>,
) -> DumpOutcome {
    let (path, is_folder) = match (&source.path, &source.archive) {
        (Some(path), _) => (root.join(path), true),
        (None, Some(archive)) => (root.join(archive), false),
        (None, None) => {
            let cause = "a database dump is an `archive` or a `path` of this machine".to_owned();
            return DumpOutcome::Failed(failed(name, root, Unread::Content(cause)));
        }
    };
    let limits = fence_evidence::Limits::default();
    let reader = if with_dependencies { Reader::with_dependencies(&limits) } else { Reader::new(&limits) };
    let read = identity(&path, is_folder).and_then(|identity| {
        if known == Some(identity.as_str()) {
            return Ok(DumpOutcome::Unchanged);
        }
        let dump = if is_folder { folder(&path, reader) } else { archive(&path, reader) }?;
        Ok(DumpOutcome::Read { identity, dump: Box::new(dump) })
    });
    read.unwrap_or_else(|unread| DumpOutcome::Failed(failed(name, &path, unread)))
}

/// Why a dump was not read.
enum Unread {
    Disk(PathBuf, io::Error),
    Content(String),
}

impl From<DumpError> for Unread {
    fn from(error: DumpError) -> Self {
        Self::Content(error.to_string())
    }
}

/// Size and time of the archive, or of each file in a folder that may be read: one that is just being unpacked over an older one
/// is another dump with each file.
fn identity(path: &Path, is_folder: bool) -> Result<String, Unread> {
    let mut identity = "dump".to_owned();
    let files = if is_folder { files_of(path) } else { vec![path.to_owned()] };
    for (at, file) in files.iter().enumerate() {
        let written = fs::metadata(file).and_then(|of| Ok((of.len(), of.modified()?)));
        match written {
            Ok((length, changed)) => {
                let changed = changed.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                identity += &format!(" {at}:{length}:{}", changed.as_nanos());
            }
            // Which have to be there the reader knows; without the first there is no dump.
            Err(error) if error.kind() == io::ErrorKind::NotFound && at > 0 => {}
            Err(error) => return Err(Unread::Disk(file.clone(), error)),
        }
    }
    Ok(identity)
}

/// The files of an unpacked dump that may be read, `metadata.json` first.
fn files_of(folder: &Path) -> Vec<PathBuf> {
    let tables = Table::ALL.map(|table| format!("data/{table}.csv"));
    std::iter::once("metadata.json")
        .chain(tables.iter().map(String::as_str))
        .map(|name| folder.join(name))
        .collect()
}

/// A `.tar.gz`, as it is published, or a `.tar`; entries that nobody wants are passed over, and what follows the last wanted one
/// is not unpacked.
fn archive(path: &Path, mut reader: Reader) -> Result<Dump, Unread> {
    let disk = |error| Unread::Disk(path.to_owned(), error);
    let mut file = BufReader::with_capacity(BUFFER, File::open(path).map_err(disk)?);
    let unpacked: Box<dyn Read> = match file.fill_buf().map_err(disk)? {
        [0x1f, 0x8b, ..] => Box::new(flate2::bufread::MultiGzDecoder::new(file)),
        plain if plain.get(257..262) == Some(b"ustar") => Box::new(file),
        _ => {
            return Err(Unread::Content(
                "it is no .tar.gz, as crates.io publishes it, nor a .tar".to_owned(),
            ));
        }
    };
    let mut archive = tar::Archive::new(unpacked);
    for (count, entry) in archive.entries().map_err(broken)?.enumerate() {
        if count >= ENTRIES {
            return Err(Unread::Content(format!("it holds more than {ENTRIES} entries")));
        }
        let mut entry = entry.map_err(broken)?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if let Some(part) = reader.wants(path.trim_start_matches("./")) {
            reader.read(part, &mut entry)?;
        }
        if reader.is_complete() {
            break;
        }
    }
    Ok(reader.finish()?)
}

/// What is wrong with an archive that cannot be read on.
fn broken(error: io::Error) -> Unread {
    Unread::Content(format!("it is damaged, or not all of it is there: {error}"))
}

/// An unpacked dump.
fn folder(path: &Path, mut reader: Reader) -> Result<Dump, Unread> {
    for file in files_of(path) {
        let name = file.strip_prefix(path).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        let Some(part) = reader.wants(&name) else { continue };
        match File::open(&file) {
            // Which have to be there the reader knows.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Unread::Disk(file, error)),
            Ok(bytes) => reader.read(part, &mut BufReader::with_capacity(BUFFER, bytes))?,
        }
    }
    Ok(reader.finish()?)
}

/// Why a dump could not be had, to be told.
fn failed(name: &str, path: &Path, unread: Unread) -> FeedError {
    let (feed, place) = (name.to_owned(), path.display().to_string());
    match unread {
        Unread::Disk(file, error) if error.kind() == io::ErrorKind::NotFound => {
            let (place, cause) = (file.display().to_string(), "there is no such file".to_owned());
            FeedError::Absent { feed, place, cause }
        }
        Unread::Disk(file, error) => {
            FeedError::Invalid { feed, place: file.display().to_string(), cause: error.to_string() }
        }
        Unread::Content(cause) => FeedError::Dump { feed, place, cause },
    }
}
