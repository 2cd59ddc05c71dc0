//! Opening a `.crate` file: a tar archive under gzip, from somebody who may wish us ill.
//!
//! Cargo makes archives of plain files below one folder, `name-version/`. Everything else in one is a problem that the
//! report says: links, devices, paths that lead out, names twice. What is beyond a limit is not read, and that is said.

use std::io::Read as _;

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
    let mut package = Package::default();
    // So small an archive may be mostly headers.
    let allowed = limits.bytes.min((archive.len() as u64).saturating_mul(limits.ratio).max(1_000_000));
    let mut unpacked = Vec::new();
    let mut reader = flate2::read::MultiGzDecoder::new(archive).take(allowed + 1);
    if let Err(error) = reader.read_to_end(&mut unpacked) {
        package.problems.push(Problem {
            kind: ProblemKind::Damage,
            path: String::new(),
            what: format!("the archive is damaged after {} bytes: {error}", unpacked.len()),
        });
    }
    if unpacked.len() as u64 > allowed {
        package.problems.push(Problem {
            kind: ProblemKind::Limit,
            path: String::new(),
            what: format!("the archive of {} bytes unpacks to more than {allowed} bytes", archive.len()),
        });
    }
    entries(&unpacked, limits, &mut package);
    package
}

fn entries(unpacked: &[u8], limits: &Limits, package: &mut Package) {
    let mut archive = tar::Archive::new(unpacked);
    let mut root: Option<String> = None;
    let entries = match archive.entries() {
        Ok(entries) => entries,
        Err(error) => return damage(package, &error.to_string()),
    };
    let mut count = 0;
    for entry in entries {
        let mut entry = match entry {
            Ok(entry) => entry,
            Err(error) => return damage(package, &error.to_string()),
        };
        count += 1;
        if count > limits.files {
            let what = format!("the archive has more than {} entries", limits.files);
            package.problems.push(Problem { kind: ProblemKind::Limit, path: String::new(), what });
            return;
        }
        let raw = entry.path_bytes().into_owned();
        let path = String::from_utf8_lossy(&raw).into_owned();
        let mut tampering = |what: String| {
            package.problems.push(Problem { kind: ProblemKind::Tampering, path: path.clone(), what });
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
        let rest = rest.to_owned();
        let size = entry.size();
        if size > limits.file_bytes {
            let what = format!("{rest} has {size} bytes; {} are read", limits.file_bytes);
            package.problems.push(Problem { kind: ProblemKind::Limit, path: rest.clone(), what });
        }
        let mut bytes = Vec::with_capacity(size.min(limits.file_bytes).min(unpacked.len() as u64) as usize);
        match (&mut entry).take(limits.file_bytes).read_to_end(&mut bytes) {
            Ok(_) if (bytes.len() as u64) < size.min(limits.file_bytes) => {
                damage(package, &format!("{rest} is cut short"));
            }
            Ok(_) => {}
            Err(error) => damage(package, &format!("{rest}: {error}")),
        }
        package.add(rest, bytes);
    }
    twins(package);
}

/// Files that are one where letters of either case are the same.
fn twins(package: &mut Package) {
    let mut seen = std::collections::BTreeMap::new();
    for path in package.files.keys() {
        let folded = path.to_lowercase();
        if let Some(other) = seen.insert(folded, path.clone()) {
            package.problems.push(Problem {
                kind: ProblemKind::Tampering,
                path: path.clone(),
                what: format!("{other} and {path} are one file on some systems"),
            });
        }
    }
}

fn damage(package: &mut Package, what: &str) {
    let what = format!("the archive cannot be read to its end: {what}");
    package.problems.push(Problem { kind: ProblemKind::Damage, path: String::new(), what });
}
