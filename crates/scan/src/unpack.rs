//! Opening a `.crate` file: a tar archive under gzip, from somebody who may wish us ill.
//!
//! Cargo makes archives of plain files below one folder, `name-version/`. Everything else in one is a problem that the
//! report says: links, devices, paths that lead out, names twice. What is beyond a limit is not read, and that is said.

use std::ops::Range;

use crate::package::{Package, Problem, ProblemKind};

/// How much of a package is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all files together. The largest package of crates.io is allowed 10 MiB compressed by default; the largest
    /// of wasmtime's lockfile, windows, unpacks to 150 MB.
    pub bytes: u64,
    /// Bytes of one file.
    pub file_bytes: u64,
    /// Files; the largest packages have some 20,000.
    pub files: u64,
    /// Unpacked bytes for each packed one; text seldom reaches 20.
    pub ratio: u64,
    /// Bytes of a path.
    pub path_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 512_000_000, file_bytes: 64_000_000, files: 50_000, ratio: 200, path_bytes: 1024 }
    }
}

/// Opens a `.crate` file. There is always a package: what could not be read is among its problems.
pub fn unpack(archive: &[u8], limits: &Limits) -> Package {
    // So small an archive may be mostly headers.
    let allowed = limits.bytes.min((archive.len() as u64).saturating_mul(limits.ratio).max(1_000_000));
    let (unpacked, damaged) = inflate(archive, usize::try_from(allowed + 1).unwrap_or(usize::MAX));
    let length = unpacked.len() as u64;
    let mut package = Package::within(unpacked);
    let mut problem = |kind, what| package.problems.push(Problem { kind, path: String::new(), what });
    if let Some(why) = damaged {
        let what = format!("the archive is damaged after {length} bytes: {why}");
        problem(ProblemKind::Damage, what);
    }
    if length > allowed {
        let what = format!("the archive of {} bytes unpacks to more than {allowed} bytes", archive.len());
        problem(ProblemKind::Limit, what);
    }
    let (files, problems) = entries(package.texts(), limits);
    package.problems.extend(problems);
    for (path, lies) in files {
        package.add(path, lies);
    }
    twins(&mut package);
    package
}

/// What the members of a gzip file unpack to, up to `most` bytes, and why that may not be all.
///
/// Straight into one piece of memory, which is also what the decoder looks back into: nothing is copied.
fn inflate(archive: &[u8], most: usize) -> (Vec<u8>, Option<String>) {
    // A gzip file ends with how much it unpacks to. That may be a lie, so it is believed within reason.
    let hint = archive.last_chunk().map_or(0, |length| u32::from_le_bytes(*length) as usize);
    let mut unpacked = Vec::with_capacity(hint.min(archive.len().saturating_mul(32)).min(most) + 1);
    let mut rest = archive;
    let mut member = flate2::Decompress::new_gzip(15);
    while unpacked.len() < most {
        if unpacked.len() == unpacked.capacity() {
            unpacked.reserve(unpacked.len().max(1 << 16).min(most - unpacked.len()));
        }
        let (read, written) = (member.total_in(), unpacked.len());
        let status = member.decompress_vec(rest, &mut unpacked, flate2::FlushDecompress::None);
        rest = &rest[(member.total_in() - read) as usize..];
        match status {
            Err(error) => return (unpacked, Some(error.to_string())),
            Ok(flate2::Status::StreamEnd) if rest.is_empty() => break,
            // Another member follows.
            Ok(flate2::Status::StreamEnd) => member = flate2::Decompress::new_gzip(15),
            Ok(_) if rest.is_empty() && unpacked.len() < unpacked.capacity() && unpacked.len() == written => {
                return (unpacked, Some("it is cut short".to_owned()));
            }
            Ok(_) => {}
        }
    }
    unpacked.truncate(most);
    (unpacked, None)
}

type Files = Vec<(String, Range<usize>)>;

/// The files of a tar archive, each with where it lies in it.
fn entries(unpacked: &[u8], limits: &Limits) -> (Files, Vec<Problem>) {
    let mut files = Vec::new();
    let mut problems = Vec::new();
    if let Err(what) = read_entries(unpacked, limits, &mut files, &mut problems) {
        problems.push(damage(&what));
    }
    (files, problems)
}

fn read_entries(
    unpacked: &[u8],
    limits: &Limits,
    files: &mut Files,
    problems: &mut Vec<Problem>,
) -> Result<(), String> {
    let mut archive = tar::Archive::new(std::io::Cursor::new(unpacked));
    let mut root: Option<String> = None;
    let mut count = 0;
    for entry in archive.entries_with_seek().map_err(|error| error.to_string())? {
        let entry = entry.map_err(|error| error.to_string())?;
        count += 1;
        if count > limits.files {
            let what = format!("the archive has more than {} entries", limits.files);
            problems.push(Problem { kind: ProblemKind::Limit, path: String::new(), what });
            return Ok(());
        }
        let raw = entry.path_bytes();
        let path = String::from_utf8_lossy(&raw).into_owned();
        let mut tampering = |what: String| {
            problems.push(Problem { kind: ProblemKind::Tampering, path: path.clone(), what });
        };
        let kind = entry.header().entry_type();
        if kind.is_dir() || kind.is_pax_global_extensions() {
            continue;
        }
        if !kind.is_file() {
            tampering(format!("{path} is a link or device, which cargo never packs"));
            continue;
        }
        if raw.len() > limits.path_bytes {
            tampering(format!("a path of {} bytes", raw.len()));
            continue;
        }
        if raw.contains(&0)
            || raw.contains(&b'\\')
            || path.starts_with('/')
            || path.split('/').any(|part| matches!(part, "" | "." | ".."))
        {
            tampering(format!("{path} leads out of the package, or says its path in two ways"));
            continue;
        }
        let Some((folder, rest)) = path.split_once('/') else {
            tampering(format!("{path} lies outside of the package's folder"));
            continue;
        };
        match &root {
            None => root = Some(folder.to_owned()),
            Some(root) if root != folder => {
                let what = format!("{path} lies outside of the package's folder {root}");
                tampering(what);
                continue;
            }
            Some(_) => {}
        }
        let size = entry.size();
        if size > limits.file_bytes {
            let what = format!("{rest} has {size} bytes; {} are read", limits.file_bytes);
            problems.push(Problem { kind: ProblemKind::Limit, path: rest.to_owned(), what });
        }
        let begin = usize::try_from(entry.raw_file_position()).unwrap_or(usize::MAX).min(unpacked.len());
        let wanted = usize::try_from(size.min(limits.file_bytes)).unwrap_or(usize::MAX);
        let length = wanted.min(unpacked.len() - begin);
        if length < wanted {
            problems.push(damage(&format!("{rest} is cut short")));
        }
        files.push((rest.to_owned(), begin..begin + length));
    }
    Ok(())
}

/// Files that are one where letters of either case are the same.
fn twins(package: &mut Package) {
    let mut seen = std::collections::BTreeMap::new();
    let mut problems = Vec::new();
    for (path, _) in package.files() {
        if let Some(other) = seen.insert(path.to_lowercase(), path) {
            problems.push(Problem {
                kind: ProblemKind::Tampering,
                path: path.to_owned(),
                what: format!("{other} and {path} are one file on some systems"),
            });
        }
    }
    package.problems.extend(problems);
}

fn damage(what: &str) -> Problem {
    let what = format!("the archive cannot be read to its end: {what}");
    Problem { kind: ProblemKind::Damage, path: String::new(), what }
}
