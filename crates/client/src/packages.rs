//! Packages to read: a folder, a `.crate` file, or a release from cargo's cache or its registry.
//!
//! A release's bytes are those of which its index file has the digest, or none: what lies in cargo's cache under its name
//! and is something else is not it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use fence_model::{CrateName, Digest, ReleaseId, Time};
use fence_registry::IndexFile;
use fence_registry::index::IndexLine;
use fence_scan::File;
use semver::Version;
use sha2::{Digest as _, Sha256};

use crate::cargo_cache::{CargoCache, Kept};
use crate::environment::Environment;
use crate::index::{IndexAnswer, IndexError, IndexSource};
use crate::limits::Limits;
use crate::scanner::Packed;

/// Why there is no package.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// A file or folder cannot be read.
    #[error("{} cannot be read: {cause}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// More than is read.
    #[error("{} is larger than is read: {what}", path.display())]
    TooLarge {
        /// Which.
        path: PathBuf,
        /// The limit.
        what: String,
    },
    /// A folder that is no package.
    #[error("{} has no Cargo.toml", .0.display())]
    NoManifest(PathBuf),
    /// The registry does not have it.
    #[error("{registry} has no {wanted}")]
    DoesNotExist {
        /// The registry.
        registry: String,
        /// What was asked for.
        wanted: String,
    },
    /// The index could not be asked.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The index file says nothing that can be read.
    #[error("the index file of {name} cannot be read: {cause}")]
    IndexFile {
        /// The crate.
        name: CrateName,
        /// Why.
        cause: String,
    },
    /// The bytes that came are not those of the index.
    #[error("the package of {release} has the digest {got}, and the index says {wanted}")]
    OtherBytes {
        /// The release.
        release: ReleaseId,
        /// What came.
        got: Digest,
        /// What the index says.
        wanted: Digest,
    },
    /// It is not on this machine, and the network is not to be used.
    #[error("{0} is not in cargo's cache, and the network is not to be used")]
    NotHere(ReleaseId),
}

/// A package that lies in a folder.
#[derive(Debug, Clone)]
pub struct Folder {
    /// Its files, as cargo would pack them: all but what version control and builds leave there.
    pub packed: Packed,
    /// What else lies there and is not read: links, the folder in which cargo builds, and folders of version control but for
    /// the package's own; as paths within, sorted.
    pub unread: Vec<String>,
}

/// The package in a folder. Links are not followed.
///
/// # Errors
/// [`PackageError`].
pub fn of_folder(folder: &Path) -> Result<Folder, PackageError> {
    if !folder.join("Cargo.toml").is_file() {
        return Err(PackageError::NoManifest(folder.to_owned()));
    }
    let limits = Limits::DEFAULT;
    let (mut files, mut unread) = (Vec::new(), Vec::new());
    let mut bytes = 0_u64;
    let mut waiting = vec![folder.to_owned()];
    while let Some(at) = waiting.pop() {
        let unreadable = |cause| PackageError::Unreadable { path: at.clone(), cause };
        for entry in fs::read_dir(&at).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let path = entry.path();
            let unreadable = |cause| PackageError::Unreadable { path: path.clone(), cause };
            let kind = entry.file_type().map_err(unreadable)?;
            let name = entry.file_name();
            let inside = path.strip_prefix(folder).unwrap_or(&path);
            let inside = inside.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
            if kind.is_dir() {
                let is_of_builds = name == "target" && at == folder;
                let is_of_versions = name == ".git" || name == ".hg" || name == ".jj";
                if is_of_builds || (is_of_versions && at != folder) {
                    unread.push(inside);
                } else if !is_of_versions {
                    waiting.push(path);
                }
            } else if kind.is_file() {
                bytes += entry.metadata().map_err(unreadable)?.len();
                if bytes > limits.package_unpacked_bytes || files.len() >= limits.cargo_cache_entries {
                    let what = format!(
                        "{} bytes, {} files",
                        limits.package_unpacked_bytes, limits.cargo_cache_entries
                    );
                    return Err(PackageError::TooLarge { path: folder.to_owned(), what });
                }
                files.push(File { path: inside, bytes: fs::read(&path).map_err(unreadable)? });
            } else {
                unread.push(inside);
            }
        }
    }
    files.sort_by(|left, right| left.path.cmp(&right.path));
    unread.sort();
    Ok(Folder { packed: Packed::Files(files), unread })
}

/// A `.crate` file.
///
/// # Errors
/// [`PackageError`].
pub fn of_file(path: &Path) -> Result<Packed, PackageError> {
    let unreadable = |cause| PackageError::Unreadable { path: path.to_owned(), cause };
    let limit = Limits::DEFAULT.package_bytes;
    let length = fs::metadata(path).map_err(unreadable)?.len();
    if length > limit as u64 {
        return Err(PackageError::TooLarge { path: path.to_owned(), what: format!("{limit} bytes") });
    }
    Ok(Packed::Crate(fs::read(path).map_err(unreadable)?))
}

/// Where releases come from.
#[derive(Debug)]
pub struct Packages<'a> {
    /// Cargo's cache, where there is one.
    pub environment: &'a Environment,
    /// The registry; none where the network is not to be used.
    pub registry: Option<&'a IndexSource>,
}

/// A release's package.
#[derive(Debug, Clone)]
pub struct Found {
    /// The release.
    pub release: ReleaseId,
    /// The digest of its bytes.
    pub digest: Digest,
    /// Its bytes.
    pub package: Packed,
}

/// A release that there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its version.
    pub version: Version,
    /// Whether it is withdrawn; not known of what lies in cargo's cache.
    pub yanked: bool,
    /// When the registry says that it was published; not known of what lies in cargo's cache.
    pub published: Option<Time>,
}

impl Packages<'_> {
    /// The releases of a crate: those of the registry, or those in cargo's cache where the network is not to be used.
    ///
    /// # Errors
    /// [`PackageError`].
    pub fn list(&self, name: &CrateName) -> Result<Vec<Listed>, PackageError> {
        let Some(registry) = self.registry else {
            let kept = self.inventory().filter(|kept| kept.release.name == *name && kept.package.is_some());
            return Ok(kept
                .map(|kept| Listed { version: kept.release.version, yanked: false, published: None })
                .collect());
        };
        let of_line = |line: &IndexLine<'_>| Listed {
            version: line.version.clone(),
            yanked: line.yanked,
            published: line.published,
        };
        with_index(registry, name, |file| Ok(file.releases.iter().map(of_line).collect()))
    }

    /// The package of a release; without a version, of the newest that is neither yanked nor a pre-release.
    ///
    /// # Errors
    /// [`PackageError`].
    pub fn release(&self, name: &CrateName, version: Option<&Version>) -> Result<Found, PackageError> {
        let Some(registry) = self.registry else {
            return self.kept(name, version);
        };
        let lacks = |wanted: String| lacks(registry, wanted);
        let (release, digest) = with_index(registry, name, |file| {
            let line = match version {
                Some(version) => file.releases.iter().find(|line| line.version == *version),
                None => file
                    .releases
                    .iter()
                    .filter(|line| !line.yanked && line.version.pre.is_empty())
                    .max_by(|left, right| left.version.cmp(&right.version)),
            };
            let line = line.ok_or_else(|| {
                lacks(version.map_or_else(
                    || format!("release of {name} that is neither yanked nor a pre-release"),
                    |version| format!("{name} {version}"),
                ))
            })?;
            Ok((ReleaseId { name: name.clone(), version: line.version.clone() }, line.digest))
        })?;
        let package = self.of_digest(&release, digest)?;
        Ok(Found { release, digest, package })
    }

    /// The package of a release whose digest is known: nobody has to be asked what it is.
    ///
    /// # Errors
    /// [`PackageError`].
    pub fn of_digest(&self, release: &ReleaseId, digest: Digest) -> Result<Packed, PackageError> {
        if let Some(found) = self.in_cache(release).into_iter().find(|found| found.digest == digest) {
            return Ok(found.package);
        }
        let registry = self.registry.ok_or_else(|| PackageError::NotHere(release.clone()))?;
        Self::fetch(registry, release, digest)
    }

    /// The package of a release from its registry, compared with its digest.
    fn fetch(registry: &IndexSource, release: &ReleaseId, digest: Digest) -> Result<Packed, PackageError> {
        let ReleaseId { name, version } = release;
        let lacks = |wanted: String| lacks(registry, wanted);
        let url = registry
            .url_of(name, version, &digest)?
            .ok_or_else(|| lacks("config.json, which says where packages lie".to_owned()))?;
        let bytes = registry.package(&url)?.ok_or_else(|| lacks(format!("package of {release}")))?;
        let got = Digest(Sha256::digest(&bytes).into());
        if got != digest {
            return Err(PackageError::OtherBytes { release: release.clone(), got, wanted: digest });
        }
        Ok(Packed::Crate(bytes))
    }

    /// What cargo keeps under that name; the newest version where none is asked for.
    fn kept(&self, name: &CrateName, version: Option<&Version>) -> Result<Found, PackageError> {
        let of_name = self.inventory().filter(|kept| kept.release.name == *name);
        let matching = of_name.filter(|kept| {
            kept.package.is_some() && version.is_none_or(|version| kept.release.version == *version)
        });
        let newest = matching.max_by(|left, right| left.release.version.cmp(&right.release.version));
        let wanted =
            ReleaseId { name: name.clone(), version: version.cloned().unwrap_or(Version::new(0, 0, 0)) };
        let kept = newest.ok_or_else(|| PackageError::NotHere(wanted))?;
        let found = self.in_cache(&kept.release).into_iter().next();
        found.ok_or_else(|| PackageError::NotHere(kept.release.clone()))
    }

    /// What cargo keeps, where that can be listed.
    fn inventory(&self) -> impl Iterator<Item = Kept> + use<> {
        let kept = CargoCache::of(self.environment).ok().flatten().and_then(|cache| cache.list().ok());
        kept.into_iter().flat_map(|inventory| inventory.kept)
    }

    /// All packages in cargo's cache that are called so.
    fn in_cache(&self, release: &ReleaseId) -> Vec<Found> {
        let Some(home) = self.environment.cargo_home() else {
            return Vec::new();
        };
        let Ok(folders) = fs::read_dir(home.join("registry/cache")) else {
            return Vec::new();
        };
        let name = format!("{}-{}.crate", release.name, release.version);
        folders
            .flatten()
            .filter_map(|folder| of_file(&folder.path().join(&name)).ok())
            .filter_map(|package| {
                let Packed::Crate(bytes) = &package else { return None };
                let digest = Digest(Sha256::digest(bytes).into());
                Some(Found { release: release.clone(), digest, package })
            })
            .collect()
    }
}

/// What is asked of the index file of a crate.
fn with_index<T>(
    registry: &IndexSource,
    name: &CrateName,
    ask: impl FnOnce(&IndexFile<'_>) -> Result<T, PackageError>,
) -> Result<T, PackageError> {
    let IndexAnswer::Read { bytes, .. } = registry.ask(name, None)? else {
        return Err(lacks(registry, format!("crate {name}")));
    };
    let file = IndexFile::parse(name, &bytes, &fence_registry::Limits::DEFAULT)
        .map_err(|error| PackageError::IndexFile { name: name.clone(), cause: error.to_string() })?;
    ask(&file)
}

fn lacks(registry: &IndexSource, wanted: String) -> PackageError {
    PackageError::DoesNotExist { registry: registry.registry().name.clone(), wanted }
}
