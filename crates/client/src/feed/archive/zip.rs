//! The `.zip` kind of archive, which lists its entries at its end.
//!
//! The list is what counts; an entry has to bear the name that it has there, and what lies between the entries is
//! never looked at. An entry that is wanted is read to its end, so that its checksum is compared, and may have no
//! more bytes than the list says.

use std::io::{Cursor, Read as _};

use zip::ZipArchive;
use zip::result::ZipError;

use super::{ArchiveError, Found, Unpacked, broken, inside};
use crate::limits::Limits;

/// Unpacks the files of `packed` that `wanted` says yes to, `limit` bytes at most. Times are left aside: a `.zip`
/// tells them without a time zone.
pub(super) fn unpack(
    packed: &[u8],
    wanted: &dyn Fn(&str) -> bool,
    limit: usize,
    limits: &Limits,
) -> Result<Unpacked, ArchiveError> {
    let mut archive = ZipArchive::new(Cursor::new(packed)).map_err(of_zip)?;
    if archive.len() > limits.feed_entries {
        return Err(ArchiveError::TooManyEntries { limit: limits.feed_entries });
    }
    // The library keeps one entry per name; what was said to be there and is not was there twice.
    if listed(packed, archive.comment().len()).is_some_and(|listed| listed != archive.len()) {
        return Err(damaged("it does not list as many entries as it says, or one twice"));
    }
    let mut found = Found::default();
    let mut left = limit;
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).map_err(of_zip)?;
        let path = inside(entry.name_raw(), limits)?;
        if !is_called(packed, entry.header_start(), entry.name_raw()) {
            return Err(damaged("an entry has another name than the list says"));
        }
        if entry.is_symlink() {
            return Err(ArchiveError::NotAFile { entry: path, kind: "a link" });
        }
        if entry.is_dir() || path.is_empty() {
            continue;
        }
        let size = entry.size();
        if wanted(&path) {
            found.keep(&path, size, limits, |bytes| {
                // One byte more than there may be, to see whether there is one.
                (&mut entry).take(size + 1).read_to_end(bytes).map_err(broken)?;
                left = left
                    .checked_sub(bytes.len())
                    .ok_or(ArchiveError::Bomb { packed: packed.len(), limit })?;
                if bytes.len() as u64 == size {
                    Ok(())
                } else {
                    Err(damaged("an entry has another size than it says"))
                }
            })?;
        }
        found.paths.push(path);
    }
    Ok(found.unpacked(None))
}

/// How many entries the end of the archive says that there are; `None` where there are too many for it to say. The
/// end has 22 bytes, a comment follows it, and what lies behind that would be no part of the archive.
fn listed(packed: &[u8], comment: usize) -> Option<usize> {
    const END: usize = 22;
    let end = packed.len().checked_sub(END + comment).and_then(|at| packed.get(at..))?;
    match end {
        [b'P', b'K', 5, 6, _, _, _, _, _, _, low, high, ..] => {
            Some(usize::from(u16::from_le_bytes([*low, *high])))
                .filter(|count| *count < usize::from(u16::MAX))
        }
        // No end where it has to be: no count is right.
        _ => Some(usize::MAX),
    }
}

/// Whether the entry at `at` bears this name itself: no checksum covers names.
fn is_called(packed: &[u8], at: u64, name: &[u8]) -> bool {
    const NAME_AT: usize = 30;
    let entry = usize::try_from(at).ok().and_then(|at| packed.get(at..)).unwrap_or_default();
    let length = entry.get(26..28).map_or(0, |bytes| usize::from(u16::from_le_bytes([bytes[0], bytes[1]])));
    entry.get(NAME_AT..NAME_AT + length) == Some(name)
}

fn of_zip(error: ZipError) -> ArchiveError {
    match error {
        ZipError::Io(error) => broken(error),
        // What stands at the end was not found.
        ZipError::InvalidArchive(why)
            if ["EOCD", "Unexpected end"].iter().any(|words| why.contains(words)) =>
        {
            ArchiveError::CutOff
        }
        ZipError::InvalidArchive(why) => damaged(&why),
        ZipError::UnsupportedArchive(why) => damaged(why),
        ZipError::FileNotFound | ZipError::InvalidPassword => damaged("an entry cannot be opened"),
        other => damaged(&other.to_string()),
    }
}

fn damaged(why: &str) -> ArchiveError {
    ArchiveError::Damaged { cause: why.chars().filter(|c| !c.is_control()).take(200).collect() }
}
