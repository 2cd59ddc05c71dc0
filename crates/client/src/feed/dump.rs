//! The database dump: an archive or folder of this machine, read as it is unpacked.
//!
//! It is too large to be held as bytes, so it takes a way of its own: no file of it is kept, and what is read is the
//! [`Dump`] that its tables make together. What it is called is its size and the time of its last change: to read it whole
//! only to find that nothing changed would take as long as to compile it.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek as _};
use std::path::Path;
use std::time::SystemTime;

use fence_evidence::dump::{Dump, Reader};
use fence_model::policy::FeedSource;

use super::FeedError;

/// What became of a dump.
pub(crate) enum DumpOutcome {
    /// The caller has this content already.
    Unchanged,
    /// Here it is.
    Read(Box<Dump>),
    /// Neither.
    Failed(FeedError),
}

/// How many entries an archive of a dump may have: it has some 30.
const ENTRIES: usize = 1_000;

/// Reads the dump of the feed `name`, with what each release depends on if `with_dependencies`, unless it is what `known`
/// says; and what it is called now.
pub(crate) fn read_dump(
    name: &str,
    source: &FeedSource,
    root: &Path,
    with_dependencies: bool,
    known: Option<&str>,
) -> (String, DumpOutcome) {
    let (path, is_folder) = match (&source.path, &source.archive) {
        (Some(path), _) => (root.join(path), true),
        (None, Some(archive)) => (root.join(archive), false),
        (None, None) => return (String::new(), DumpOutcome::Failed(invalid(name, root, "it has no source"))),
    };
    let limits = fence_evidence::Limits::default();
    let reader = if with_dependencies { Reader::with_dependencies(&limits) } else { Reader::new(&limits) };
    let identity = match identity(&path, is_folder) {
        Ok(identity) => format!("{identity} {with_dependencies}"),
        Err(error) => return (String::new(), DumpOutcome::Failed(of_disk(name, &path, &error))),
    };
    if known == Some(identity.as_str()) {
        return (identity, DumpOutcome::Unchanged);
    }
    let read = if is_folder { folder(&path, reader) } else { archive(&path, reader) };
    let outcome = match read {
        Ok(dump) => DumpOutcome::Read(Box::new(dump)),
        Err(Unread::Disk(error)) => DumpOutcome::Failed(of_disk(name, &path, &error)),
        Err(Unread::Content(why)) => DumpOutcome::Failed(invalid(name, &path, &why)),
    };
    (identity, outcome)
}

enum Unread {
    Disk(io::Error),
    Content(String),
}

impl From<io::Error> for Unread {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

/// Size and time of the archive, or of `metadata.json` in a folder, which every dump writes anew.
fn identity(path: &Path, is_folder: bool) -> io::Result<String> {
    let metadata = fs::metadata(if is_folder { path.join("metadata.json") } else { path.to_owned() })?;
    let changed = metadata.modified()?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Ok(format!("dump:{}:{}", metadata.len(), changed.as_nanos()))
}

/// A `.tar.gz`, as it is published; entries that nobody wants are passed over, and what follows the last wanted one is not
/// unpacked.
fn archive(path: &Path, mut reader: Reader) -> Result<Dump, Unread> {
    let content = |why: String| Unread::Content(why);
    let mut file = BufReader::with_capacity(1 << 20, File::open(path)?);
    let mut magic = [0; 2];
    let is_gzip = file.read_exact(&mut magic).is_ok() && magic == [0x1f, 0x8b];
    file.rewind()?;
    let unpacked: Box<dyn Read> =
        if is_gzip { Box::new(flate2::bufread::MultiGzDecoder::new(file)) } else { Box::new(file) };
    let mut archive = tar::Archive::new(unpacked);
    let broken = |error: io::Error| content(format!("it is no .tar.gz, or it is cut off: {error}"));
    for (count, entry) in archive.entries().map_err(broken)?.enumerate() {
        if count >= ENTRIES {
            return Err(content(format!("it has more than {ENTRIES} entries")));
        }
        let mut entry = entry.map_err(broken)?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if let Some(part) = reader.wants(path.trim_start_matches("./")) {
            reader.read(part, &mut entry).map_err(|error| content(error.to_string()))?;
        }
        if reader.is_complete() {
            break;
        }
    }
    reader.finish().map_err(|error| content(error.to_string()))
}

/// An unpacked dump.
fn folder(path: &Path, mut reader: Reader) -> Result<Dump, Unread> {
    let content = |error: fence_evidence::dump::DumpError| Unread::Content(error.to_string());
    let tables = fence_evidence::dump::Table::ALL.map(|table| format!("data/{}.csv", table.name()));
    for name in std::iter::once("metadata.json".to_owned()).chain(tables) {
        let Some(part) = reader.wants(&name) else { continue };
        match File::open(path.join(&name)) {
            // Which tables have to be there the reader knows.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Unread::Disk(error)),
            Ok(file) => {
                reader.read(part, &mut BufReader::with_capacity(1 << 20, file)).map_err(content)?;
            }
        }
    }
    reader.finish().map_err(content)
}

fn invalid(name: &str, path: &Path, cause: &str) -> FeedError {
    FeedError::Invalid { feed: name.to_owned(), place: path.display().to_string(), cause: cause.to_owned() }
}

fn of_disk(name: &str, path: &Path, error: &io::Error) -> FeedError {
    let (feed, place) = (name.to_owned(), path.display().to_string());
    match error.kind() {
        io::ErrorKind::NotFound => {
            FeedError::Absent { feed, place, cause: "there is no such file or folder".to_owned() }
        }
        _ => FeedError::Invalid { feed, place, cause: error.to_string() },
    }
}
