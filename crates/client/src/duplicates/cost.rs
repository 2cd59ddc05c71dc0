//! What a release costs whoever builds it, as far as that is at hand: nothing is fetched, run or scanned for it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use fence_evidence::Limits;
use fence_evidence::cargo_vet::{self, PublishedRecord, PublisherId};
use fence_model::readings::Pair;
use fence_model::{CrateName, ReleaseId};
use fence_registry::lockfile::Package;
use fence_registry::manifest::Macros;

use crate::project::{self, read_text};
use crate::readings::Shelf;
use crate::scope::macros_of;

/// Bytes of Rust that are counted of one release: the largest that are known have 20 MB.
const MOST_SOURCE_BYTES: u64 = 64 << 20;
/// Entries of folders that are looked at in one release.
const MOST_ENTRIES: usize = 100_000;

/// What is known of the cost of a locked release.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cost {
    /// Lines of Rust, but for tests, examples and benchmarks; none where cargo has not unpacked it.
    pub lines: Option<u64>,
    /// What of it runs on the machine that builds it; none where nobody here knows.
    pub at_build: Option<AtBuild>,
    /// What its code can do, in the scanner's words; none where no reading of the whole release is kept.
    pub capabilities: Option<Vec<String>>,
    /// Who published it; none where cargo-vet has not written that down.
    pub publisher: Option<Publisher>,
}

/// Who published a release, as cargo-vet keeps it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Publisher {
    /// The account or the CI.
    pub id: PublisherId,
    /// What people call the account.
    pub login: Option<Box<str>>,
}

/// Who published which release: what the project's `supply-chain/imports.lock` says, which cargo-vet writes.
#[derive(Debug, Default)]
pub(super) struct Publishers(BTreeMap<CrateName, Vec<PublishedRecord>>);

impl Publishers {
    /// Of a project in this folder; nobody where cargo-vet is not used, or what it wrote cannot be read: `check` says so.
    pub(super) fn of(root: &Path) -> Self {
        let limits = Limits::default();
        let path = root.join("supply-chain").join("imports.lock");
        let text = read_text(&path, limits.vet_file_bytes as u64).ok().flatten().unwrap_or_default();
        let parsed = cargo_vet::parse_imports("imports.lock", text.as_bytes(), &limits);
        Self(parsed.map(|parsed| parsed.value.publishers).unwrap_or_default())
    }

    fn get(&self, release: &ReleaseId) -> Option<Publisher> {
        let record = self.0.get(&release.name)?.iter().find(|record| record.version == release.version)?;
        Some(Publisher { id: record.publisher.clone(), login: record.login.clone() })
    }
}

impl fmt::Display for Publisher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.id, &self.login) {
            (PublisherId::User(_), Some(login)) => formatter.write_str(login),
            (PublisherId::User(id), None) => write!(formatter, "user {id}"),
            (PublisherId::Ci(name), _) => formatter.write_str(name),
        }
    }
}

/// What of a release runs where it is built. Other crates wait for it, and it is built for that machine besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtBuild {
    /// Nothing.
    Nothing,
    /// A build script.
    Script,
    /// A procedural macro, perhaps with a build script.
    Macro,
}

impl Cost {
    /// Of a locked release: as cargo has unpacked it into one of these folders, and as the scanner has read it.
    /// Only a build script may name a library to link, as `links` of an index line does.
    pub(super) fn of(
        package: &Package,
        links: bool,
        unpacked: &[PathBuf],
        shelf: &Shelf,
        publishers: &Publishers,
    ) -> Self {
        let Some(release) = package.release() else { return Self::default() };
        let folder = format!("{}-{}", release.name, release.version);
        let folder = unpacked.iter().map(|registry| registry.join(&folder)).find(|folder| folder.is_dir());
        let reading = package.checksum.and_then(|release| shelf.get(Pair { release, base: None }));
        Self {
            lines: folder.as_deref().and_then(lines_of),
            at_build: folder.as_deref().and_then(at_build).or(links.then_some(AtBuild::Script)),
            capabilities: reading.map(|reading| reading.capabilities),
            publisher: publishers.get(&release),
        }
    }
}

/// What runs where an unpacked release is built, as its manifest says.
fn at_build(folder: &Path) -> Option<AtBuild> {
    let limit = project::Limits::default().manifest_bytes;
    let manifest = read_text(&folder.join("Cargo.toml"), limit).ok()??.parse::<toml::Table>().ok()?;
    let build = manifest.get("package").and_then(|package| package.get("build"));
    let has_script = match build {
        Some(toml::Value::Boolean(is_on)) => *is_on,
        Some(_) => true,
        None => folder.join("build.rs").is_file(),
    };
    Some(match macros_of(&manifest) {
        Macros::Proc => AtBuild::Macro,
        _ if has_script => AtBuild::Script,
        _ => AtBuild::Nothing,
    })
}

/// The lines of the `.rs` files below a folder; none where they cannot all be read.
fn lines_of(folder: &Path) -> Option<u64> {
    let mut left = vec![folder.to_owned()];
    let (mut lines, mut bytes, mut entries) = (0, 0, 0);
    while let Some(at) = left.pop() {
        for entry in fs::read_dir(&at).ok()? {
            let entry = entry.ok()?;
            entries += 1;
            let (kind, path) = (entry.file_type().ok()?, entry.path());
            let is_aside = at == folder
                && ["tests", "examples", "benches"].iter().any(|name| entry.file_name() == *name);
            if kind.is_dir() && !is_aside {
                left.push(path);
            } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "rs") {
                bytes += entry.metadata().ok()?.len();
                if bytes > MOST_SOURCE_BYTES {
                    return None;
                }
                let text = fs::read(path).ok()?;
                lines += text.iter().filter(|byte| **byte == b'\n').count() as u64;
            }
            if entries > MOST_ENTRIES {
                return None;
            }
        }
    }
    Some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(manifest: &str, files: &[&str]) -> Option<AtBuild> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
        for file in files {
            fs::write(folder.path().join(file), "").unwrap();
        }
        at_build(folder.path())
    }

    #[test]
    fn what_runs_at_build_is_what_the_manifest_says() {
        assert_eq!(told("[package]\nname = \"a\"\n", &[]), Some(AtBuild::Nothing));
        assert_eq!(told("[package]\nname = \"a\"\n", &["build.rs"]), Some(AtBuild::Script));
        assert_eq!(told("[package]\nbuild = false\n", &["build.rs"]), Some(AtBuild::Nothing));
        assert_eq!(told("[package]\nbuild = \"src/make.rs\"\n", &[]), Some(AtBuild::Script));
        assert_eq!(
            told("[package]\nbuild = \"b.rs\"\n[lib]\nproc-macro = true\n", &[]),
            Some(AtBuild::Macro)
        );
        assert_eq!(told("[package", &["build.rs"]), None);
    }
}
