//! What cargo keeps of registries on this machine: packages, and what it unpacked of them.
//!
//! Cargo never asks again for what lies here, so a release that was withdrawn meanwhile still builds. The main path:
//! [`CargoCache::list`] names what there is, one [`Kept`] for each release of each registry; [`CargoCache::examine`]
//! reads it, the digest of each package and how its unpacked folder differs from it, on as many threads as there are
//! cores and with a few buffers each; [`CargoCache::remove`] takes away what somebody judged to be bad.
//!
//! Whatever lies here may have been put here by code that ran in a build. No link is followed, names are taken for
//! releases only where they print back what was read, and nothing is looked at or removed that is not a package or an
//! unpacked folder directly below a registry's folder.

mod remove;
mod unpacked;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use fence_model::{Digest, ReleaseId};
use fence_registry::config::RegistryConfig;
use semver::Version;
use sha2::{Digest as _, Sha256};

use crate::environment::Environment;
use crate::limits::Limits;
use crate::progress::Progress;
use crate::side_by_side;

pub use remove::RemoveError;
pub use unpacked::{Change, Difference, Unpacked};

/// Bytes that are read at a time.
const BUFFER: usize = 64 << 10;

/// The packages and unpacked folders of one `$CARGO_HOME/registry`.
#[derive(Debug, Clone)]
pub struct CargoCache {
    /// Cargo's home, where its locks lie.
    home: PathBuf,
    /// `$CARGO_HOME/registry`, links resolved: people move it to a larger disk.
    root: PathBuf,
    limits: Limits,
}

/// What lies there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    /// The releases, by the name of their registry's folder, then by name and version.
    pub kept: Vec<Kept>,
    /// What lies where a package or an unpacked folder should, and is neither.
    pub odd: Vec<Odd>,
}

/// One release of one registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The name of the registry's folder, such as `registry.example-1a2b3c`.
    pub folder: String,
    /// The release, by the name of its file or folder.
    pub release: ReleaseId,
    /// The package, as it was downloaded.
    pub package: Option<PathBuf>,
    /// The folder into which it was unpacked, which is what a build reads.
    pub unpacked: Option<PathBuf>,
}

/// Something that cargo did not put there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Odd {
    /// Where it lies.
    pub path: PathBuf,
    /// What it is.
    pub what: Oddness,
}

/// What is odd about a thing in cargo's cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Oddness {
    /// A symbolic link, which is not followed.
    Link,
    /// Neither a file nor a folder, or the one where the other should be.
    Kind,
    /// Its name is not that of a release.
    Name,
    /// It cannot be read.
    Unreadable(String),
    /// There is more beside it than is looked at.
    TooMany(usize),
}

/// What reading one release came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// The digest of the package, or why there is none; none where there is no package.
    pub digest: Option<Result<Digest, String>>,
    /// How the unpacked folder compares with the package; none where there is no such folder.
    pub unpacked: Option<Unpacked>,
    /// Bytes that were read of both.
    pub bytes: u64,
}

impl CargoCache {
    /// That of cargo in `environment`; none where cargo has no home, or has never used a registry.
    ///
    /// # Errors
    /// What the disk says, where it is there and cannot be found out about.
    pub fn of(environment: &Environment) -> io::Result<Option<Self>> {
        let Some(home) = environment.cargo_home() else { return Ok(None) };
        match fs::canonicalize(home.join("registry")) {
            Ok(root) => Ok(Some(Self { home, root, limits: Limits::DEFAULT })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// `$CARGO_HOME/registry`, links resolved.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Everything that lies there, without reading any of it.
    ///
    /// # Errors
    /// What the disk says of `registry/cache` and `registry/src` themselves; below them it is an [`Odd`].
    pub fn list(&self) -> io::Result<Inventory> {
        let mut found: BTreeMap<(String, ReleaseId), Kept> = BTreeMap::new();
        let mut odd = Vec::new();
        for part in [Part::Packages, Part::Unpacked] {
            for (folder, path) in self.folders(part, &mut odd)? {
                for (release, path) in self.entries(part, &path, &mut odd) {
                    let kept = found.entry((folder.clone(), release.clone())).or_insert_with(|| Kept {
                        folder: folder.clone(),
                        release,
                        package: None,
                        unpacked: None,
                    });
                    match part {
                        Part::Packages => kept.package = Some(path),
                        Part::Unpacked => kept.unpacked = Some(path),
                    }
                }
            }
        }
        odd.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Inventory { kept: found.into_values().collect(), odd })
    }

    /// Reads each of `kept`, `hands` at a time, and says in their order what they came to.
    pub fn examine(&self, kept: &[Kept], hands: NonZeroUsize, progress: &dyn Progress) -> Vec<Examined> {
        progress.begin("packages", kept.len());
        let examined = side_by_side::map(kept.iter().collect(), hands.get(), |kept: &Kept| {
            let examined = self.examine_one(kept);
            progress.advance();
            examined
        });
        progress.end();
        examined
    }

    /// Where a registry's packages are downloaded from: the `dl` of the `config.json` that cargo kept of the registry with
    /// this folder. It is what that registry said of itself.
    pub fn download_address(&self, folder: &str) -> Option<String> {
        let (file, _) = open_file(&self.root.join("index").join(folder).join("config.json")).ok()?;
        let mut bytes = Vec::new();
        file.take(self.limits.config_bytes as u64 + 1).read_to_end(&mut bytes).ok()?;
        RegistryConfig::parse(&bytes, &fence_registry::Limits::DEFAULT).ok().map(|config| config.dl)
    }

    fn examine_one(&self, kept: &Kept) -> Examined {
        let mut bytes = 0;
        let digest = kept.package.as_ref().map(|path| {
            let (digest, length) = digest_of(path).map_err(|error| error.to_string())?;
            bytes += length;
            Ok(digest)
        });
        let unpacked = kept.unpacked.as_ref().map(|folder| match (&kept.package, &digest) {
            (Some(package), Some(Ok(_))) => {
                unpacked::compare(package, folder, &kept.release, &self.limits, &mut bytes)
            }
            _ => Unpacked::NothingToCompare,
        });
        Examined { digest, unpacked, bytes }
    }

    /// The registries' folders of one part.
    fn folders(&self, part: Part, odd: &mut Vec<Odd>) -> io::Result<Vec<(String, PathBuf)>> {
        let top = self.root.join(part.name());
        match fs::symlink_metadata(&top) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
            Ok(found) if found.is_dir() => {}
            Ok(found) => {
                odd.push(Odd { path: top, what: oddness_of(found.file_type()) });
                return Ok(Vec::new());
            }
        }
        let mut folders = Vec::new();
        for entry in fs::read_dir(&top)? {
            let entry = entry?;
            let path = entry.path();
            match (entry.file_type(), entry.file_name().into_string()) {
                (Err(error), _) => odd.push(Odd { path, what: Oddness::Unreadable(error.to_string()) }),
                // Cargo keeps files of its own beside them, such as `CACHEDIR.TAG`.
                (Ok(kind), _) if kind.is_file() => {}
                (Ok(kind), _) if !kind.is_dir() => odd.push(Odd { path, what: oddness_of(kind) }),
                (Ok(_), Err(_)) => odd.push(Odd { path, what: Oddness::Name }),
                (Ok(_), Ok(name)) => folders.push((name, path)),
            }
        }
        folders.sort();
        Ok(folders)
    }

    /// The releases in a registry's folder.
    fn entries(&self, part: Part, folder: &Path, odd: &mut Vec<Odd>) -> Vec<(ReleaseId, PathBuf)> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                odd.push(Odd { path: folder.to_owned(), what: Oddness::Unreadable(error.to_string()) });
                return Vec::new();
            }
        };
        let mut found = Vec::new();
        for (count, entry) in entries.enumerate() {
            if count >= self.limits.cargo_cache_entries {
                let what = Oddness::TooMany(self.limits.cargo_cache_entries);
                odd.push(Odd { path: folder.to_owned(), what });
                break;
            }
            let (path, kind) = match entry.and_then(|entry| Ok((entry.path(), entry.file_type()?))) {
                Ok(read) => read,
                Err(error) => {
                    odd.push(Odd { path: folder.to_owned(), what: Oddness::Unreadable(error.to_string()) });
                    continue;
                }
            };
            let is_wanted = match part {
                Part::Packages => kind.is_file(),
                Part::Unpacked => kind.is_dir(),
            };
            let name = path.file_name().and_then(OsStr::to_str);
            let release = name.and_then(|name| match part {
                Part::Packages => release_of(name.strip_suffix(".crate")?),
                Part::Unpacked => release_of(name),
            });
            match release {
                _ if !is_wanted => odd.push(Odd { path, what: oddness_of(kind) }),
                None => odd.push(Odd { path, what: Oddness::Name }),
                Some(release) => found.push((release, path)),
            }
        }
        found
    }
}

/// The two things that are kept of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Packages,
    Unpacked,
}

impl Part {
    /// Cargo's name for their folder.
    fn name(self) -> &'static str {
        match self {
            Self::Packages => "cache",
            Self::Unpacked => "src",
        }
    }
}

fn oddness_of(kind: fs::FileType) -> Oddness {
    if kind.is_symlink() { Oddness::Link } else { Oddness::Kind }
}

/// The release that `name-version` means: no crate's name has a dot, so that the version begins behind the last dash
/// before the first one. Only what prints back as it was read is one.
fn release_of(text: &str) -> Option<ReleaseId> {
    let dot = text.find('.')?;
    let dash = text.get(..dot)?.rfind('-')?;
    let (name, version) = (text.get(..dash)?.parse().ok()?, Version::parse(text.get(dash + 1..)?).ok()?);
    let release = ReleaseId { name, version };
    (format!("{}-{}", release.name, release.version) == text).then_some(release)
}

/// The file at `path` and its length, if it is a file and no link to one. Between the look and the opening somebody may
/// have put something else there; then it is not read.
fn open_file(path: &Path) -> io::Result<(File, u64)> {
    let seen = fs::symlink_metadata(path)?;
    if !seen.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let file = File::open(path)?;
    let opened = file.metadata()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        if (seen.dev(), seen.ino()) != (opened.dev(), opened.ino()) {
            return Err(io::Error::other("it was exchanged while it was read"));
        }
    }
    Ok((file, opened.len()))
}

/// The SHA-256 of a file, and how many bytes it has.
fn digest_of(path: &Path) -> io::Result<(Digest, u64)> {
    let (mut file, _) = open_file(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    let mut length = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok((Digest(hasher.finalize().into()), length)),
            Ok(read) => {
                hasher.update(&buffer[..read]);
                length += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
