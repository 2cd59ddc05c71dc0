//! Archives: `.tar`, `.tar.gz`, `.tar.zst` and `.zip`, told apart by their first bytes, unpacked in memory.
//!
//! An archive is whole or it is nothing: one that ends early would silently lack the newest advisories, so a
//! missing end is an error, as is a wrong checksum. Entries that could reach outside (`..`, absolute paths,
//! links, devices) are errors although nothing is written to disk: whoever makes such an archive does not make
//! advisories. A folder that everything lies in, as forges make them, is taken off the paths.

mod zip;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::{self, Read};

use fence_model::Time;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

use crate::limits::Limits;

/// What was in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unpacked {
    /// The files that were wanted, by path.
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// The newest time of any entry, where the archive tells times: those of a `.zip` have no time zone.
    pub(super) newest: Option<Time>,
}

/// Why bytes are no archive to be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// The first bytes are not those of any archive that is read.
    #[error("it is neither .tar nor .tar.gz nor .tar.zst nor .zip")]
    Unknown,
    /// It ends before its end.
    #[error("it is cut off")]
    CutOff,
    /// Its bytes contradict themselves.
    #[error("it is damaged: {cause}")]
    Damaged {
        /// What the decoder said.
        cause: String,
    },
    /// It unpacks to more than its size allows.
    #[error("it unpacks to more than {limit} bytes, which is too much for {packed} bytes of archive")]
    Bomb {
        /// The size of the archive.
        packed: usize,
        /// What may come out of it.
        limit: usize,
    },
    /// It wants more memory to be unpacked than is given.
    #[error("it was packed with a window of {window} bytes, more than {limit}")]
    Window {
        /// What it wants.
        window: u64,
        /// The limit.
        limit: u64,
    },
    /// It holds more entries than any feed.
    #[error("it holds more than {limit} entries")]
    TooManyEntries {
        /// The limit.
        limit: usize,
    },
    /// Its files together are larger than those of any feed.
    #[error("its files have more than {limit} bytes together")]
    TooMuch {
        /// The limit.
        limit: usize,
    },
    /// One file is larger than that of any feed.
    #[error("the file {entry:?} has more than {limit} bytes")]
    FileTooLarge {
        /// The file.
        entry: String,
        /// The limit.
        limit: usize,
    },
    /// A path that leads outside.
    #[error("the path {entry:?} leads outside the archive")]
    Outside {
        /// The path.
        entry: String,
    },
    /// A path that is too long, or is no text.
    #[error("the path {entry:?} is longer than {limit} bytes, or is no text")]
    Path {
        /// The path, cut.
        entry: String,
        /// The limit.
        limit: usize,
    },
    /// A link, a device, or another thing that is neither file nor folder.
    #[error("the entry {entry:?} is {kind}, not a file or folder")]
    NotAFile {
        /// The path.
        entry: String,
        /// What it is.
        kind: &'static str,
    },
    /// Two files of one path.
    #[error("the file {entry:?} is there twice")]
    Twice {
        /// The path.
        entry: String,
    },
}

/// Unpacks the files of `packed` that `wanted` says yes to.
pub(super) fn unpack(
    packed: &[u8],
    wanted: &dyn Fn(&str) -> bool,
    limits: &Limits,
) -> Result<Unpacked, ArchiveError> {
    let by_ratio = packed.len().saturating_mul(limits.unpacked_ratio).max(limits.unpacked_always);
    let limit = by_ratio.min(limits.unpacked_bytes);
    if let [b'P', b'K', 3 | 5, ..] = packed {
        return zip::unpack(packed, wanted, limit, limits);
    }
    let decoder: Box<dyn Read + '_> = match packed {
        [0x1f, 0x8b, ..] => Box::new(flate2::bufread::MultiGzDecoder::new(packed)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Box::new(ZstdFrames { rest: packed, frame: None, limits }),
        _ if packed.get(257..262) == Some(b"ustar") => Box::new(packed),
        _ => return Err(ArchiveError::Unknown),
    };
    let seen = Seen::default();
    let bounded = Bounded { inner: decoder, left: limit, seen: &seen };
    let mut archive = tar::Archive::new(bounded);
    let walked = walk(&mut archive, wanted, limits);
    // What a reader in between made of the error is not told: the bound was the cause.
    if seen.too_much.get() {
        return Err(ArchiveError::Bomb { packed: packed.len(), limit });
    }
    if let Some(window) = seen.window.get() {
        return Err(ArchiveError::Window { window, limit: limits.zstd_window_bytes });
    }
    let unpacked = walked?;
    // The rest is padding, and the checksum of what was read.
    let rest = io::copy(&mut archive.into_inner(), &mut io::sink());
    if seen.too_much.get() {
        return Err(ArchiveError::Bomb { packed: packed.len(), limit });
    }
    rest.map_err(broken)?;
    // An archive ends with two blocks of zeros; tools have forgotten the second.
    if seen.zeros_at_end.get() < BLOCK { Err(ArchiveError::CutOff) } else { Ok(unpacked) }
}

const BLOCK: usize = 512;

fn walk<R: Read>(
    archive: &mut tar::Archive<R>,
    wanted: &dyn Fn(&str) -> bool,
    limits: &Limits,
) -> Result<Unpacked, ArchiveError> {
    let mut found = Found::default();
    let mut newest = None;
    for (count, entry) in archive.entries().map_err(broken)?.enumerate() {
        if count >= limits.feed_entries {
            return Err(ArchiveError::TooManyEntries { limit: limits.feed_entries });
        }
        let mut entry = entry.map_err(broken)?;
        let kind = entry.header().entry_type();
        if kind.is_pax_global_extensions() {
            continue;
        }
        let path = inside(&entry.path_bytes(), limits)?;
        if let Some(kind) = neither_file_nor_folder(kind) {
            return Err(ArchiveError::NotAFile { entry: path, kind });
        }
        let changed = entry.header().mtime().ok().and_then(|seconds| i64::try_from(seconds).ok());
        newest = newest.max(changed.map(Time::from_unix));
        if kind.is_dir() || path.is_empty() {
            continue;
        }
        let size = entry.size();
        if wanted(&path) {
            found.keep(&path, size, limits, |bytes| {
                entry.read_to_end(bytes).map_err(broken)?;
                if bytes.len() as u64 == size { Ok(()) } else { Err(ArchiveError::CutOff) }
            })?;
        }
        found.paths.push(path);
    }
    Ok(found.unpacked(newest))
}

/// What a walk through an archive has come upon.
#[derive(Default)]
struct Found {
    /// All files, kept or not.
    paths: Vec<String>,
    files: BTreeMap<String, Vec<u8>>,
    kept: usize,
}

impl Found {
    /// Keeps the file at `path`, which `read` reads; the archive says that it has `size` bytes.
    fn keep(
        &mut self,
        path: &str,
        size: u64,
        limits: &Limits,
        read: impl FnOnce(&mut Vec<u8>) -> Result<(), ArchiveError>,
    ) -> Result<(), ArchiveError> {
        if size > limits.feed_file_bytes as u64 {
            return Err(ArchiveError::FileTooLarge { entry: path.to_owned(), limit: limits.feed_file_bytes });
        }
        let mut bytes = Vec::new();
        read(&mut bytes)?;
        self.kept += bytes.len();
        if self.kept > limits.feed_kept_bytes {
            return Err(ArchiveError::TooMuch { limit: limits.feed_kept_bytes });
        }
        match self.files.insert(path.to_owned(), bytes) {
            None => Ok(()),
            Some(_) => Err(ArchiveError::Twice { entry: path.to_owned() }),
        }
    }

    /// The files, without the folder that they all lie in.
    fn unpacked(mut self, newest: Option<Time>) -> Unpacked {
        if let Some(folder) = folder_of_all(&self.paths) {
            let shorter = |(path, bytes): (String, Vec<u8>)| (path[folder.len() + 1..].to_owned(), bytes);
            self.files = self.files.into_iter().map(shorter).collect();
        }
        Unpacked { files: self.files, newest }
    }
}

fn neither_file_nor_folder(kind: tar::EntryType) -> Option<&'static str> {
    match kind {
        tar::EntryType::Regular | tar::EntryType::Continuous | tar::EntryType::Directory => None,
        tar::EntryType::Link | tar::EntryType::Symlink => Some("a link"),
        tar::EntryType::Char | tar::EntryType::Block => Some("a device"),
        tar::EntryType::Fifo => Some("a pipe"),
        _ => Some("of an unknown kind"),
    }
}

/// The path as parts joined by `/`, if it stays inside; empty for the root.
fn inside(path: &[u8], limits: &Limits) -> Result<String, ArchiveError> {
    let shown = || String::from_utf8_lossy(path).chars().take(200).collect::<String>();
    if path.len() > limits.path_bytes {
        return Err(ArchiveError::Path { entry: shown(), limit: limits.path_bytes });
    }
    let text = std::str::from_utf8(path)
        .map_err(|_| ArchiveError::Path { entry: shown(), limit: limits.path_bytes })?;
    // A backslash, a colon and a leading slash lead elsewhere on some system or other.
    let drive = text.as_bytes().get(1) == Some(&b':');
    if text.starts_with(['/', '\\']) || drive || text.split(['/', '\\']).any(|part| part == "..") {
        return Err(ArchiveError::Outside { entry: shown() });
    }
    let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    Ok(parts.join("/"))
}

/// Folders that mean something at the root of a feed, and so are never taken off.
const ROOT_FOLDERS: [&str; 3] = ["crates", "rust", "supply-chain"];

fn folder_of_all(paths: &[String]) -> Option<String> {
    let (folder, _) = paths.first()?.split_once('/')?;
    let common = paths.iter().all(|path| path.split_once('/').is_some_and(|(first, _)| first == folder));
    (common && !ROOT_FOLDERS.contains(&folder)).then(|| folder.to_owned())
}

/// What the lowest reader noticed, whatever the readers above it make of it.
#[derive(Default)]
struct Seen {
    too_much: Cell<bool>,
    window: Cell<Option<u64>>,
    zeros_at_end: Cell<usize>,
}

/// Ends with an error once more than `left` bytes come out.
struct Bounded<'a> {
    inner: Box<dyn Read + 'a>,
    left: usize,
    seen: &'a Seen,
}

impl Read for Bounded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer).inspect_err(|error| {
            if let Some(TooWide(window)) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
                self.seen.window.set(Some(*window));
            }
        })?;
        match self.left.checked_sub(count) {
            Some(left) => self.left = left,
            None => {
                self.seen.too_much.set(true);
                return Err(io::Error::other("more than may be unpacked"));
            }
        }
        let zeros = buffer[..count].iter().rev().take_while(|b| **b == 0).count();
        let before = if zeros == count { self.seen.zeros_at_end.get() } else { 0 };
        self.seen.zeros_at_end.set(before + zeros);
        Ok(count)
    }
}

/// All frames of a zstd stream, one after the other; the library reads one.
struct ZstdFrames<'a> {
    rest: &'a [u8],
    frame: Option<StreamingDecoder<&'a [u8], FrameDecoder>>,
    limits: &'a Limits,
}

#[derive(Debug, thiserror::Error)]
#[error("a window of {0} bytes")]
struct TooWide(u64);

impl Read for ZstdFrames<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(mut frame) = self.frame.take() {
                let count = frame.read(buffer)?;
                if count > 0 || buffer.is_empty() {
                    self.frame = Some(frame);
                    return Ok(count);
                }
                let (rest, decoder) = frame.into_parts();
                let said = decoder.get_checksum_from_data();
                if said.is_some() && said != decoder.get_calculated_checksum() {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, "its checksum is wrong"));
                }
                self.rest = rest;
            }
            if self.rest.is_empty() {
                return Ok(0);
            }
            let mut decoder = FrameDecoder::new();
            decoder.set_max_window_size(self.limits.zstd_window_bytes);
            match StreamingDecoder::new_with_decoder(self.rest, decoder) {
                Ok(frame) => self.frame = Some(frame),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    // Magic number and length take eight bytes.
                    let skipped = usize::try_from(length).ok().and_then(|length| length.checked_add(8));
                    self.rest = skipped
                        .and_then(|skipped| self.rest.get(skipped..))
                        .ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
                }
                Err(FrameDecoderError::WindowSizeTooBig { requested, .. }) => {
                    return Err(io::Error::other(TooWide(requested)));
                }
                Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error.to_string())),
            }
        }
    }
}

fn broken(error: io::Error) -> ArchiveError {
    let text = error.to_string();
    // Decoders word a missing end as they please.
    let cut = error.kind() == io::ErrorKind::UnexpectedEof
        || ["unexpected end", "failed to fill whole buffer", "failed to read entire block", "UnexpectedEof"]
            .iter()
            .any(|words| text.contains(words));
    // Some errors quote the archive, whose bytes may be meant for a terminal.
    let plain = || text.chars().filter(|c| !c.is_control()).take(200).collect();
    if cut { ArchiveError::CutOff } else { ArchiveError::Damaged { cause: plain() } }
}
