//! Packages in cargo's own cache: whether what a reviewer read is what the registry serves.
//!
//! A review that names its content by a digest of its own kind, as crev's do, can be compared with the package itself
//! where cargo has downloaded it. Only packages whose bytes are those that the index names are looked at, and only
//! of releases that a counting review names. Nothing is unpacked to disk.

use std::path::PathBuf;

use fence_evidence::crev::{Entry, recursive_digest};
use fence_model::Digest;
use fence_model::facts::Claim;
use semver::Version;
use sha2::{Digest as _, Sha256};

use crate::cargo_config::Registry;
use crate::feed;
use crate::limits::Limits;
use crate::snapshot::AuditRecord;

/// The packages that cargo has of one registry.
pub(super) struct Packages {
    folder: Option<PathBuf>,
}

impl Packages {
    /// Those that cargo downloaded from `registry`.
    pub(super) fn of(registry: &Registry) -> Self {
        Self { folder: registry.cargo_packages.clone() }
    }

    /// Why a review of the crate `name` does not count: it was about other content than a package that is at hand. The
    /// release, and why. `digest_of` says under which digest the index shows a version.
    pub(super) fn contradict(
        &self,
        name: &str,
        digest_of: impl Fn(&Version) -> Option<Digest>,
        AuditRecord { audit, contents }: &AuditRecord<'_>,
    ) -> Option<(String, String)> {
        let versions = match &audit.claim {
            Claim::Full(at) => vec![&at.version],
            Claim::Delta { from, to } => vec![&to.version, &from.version],
            Claim::Violation(_) | Claim::Remark(..) => Vec::new(),
        };
        versions.into_iter().zip(contents).find_map(|(version, reviewed)| {
            let because = match self.content(name, version, digest_of(version)?)? {
                Ok(content) if content == **reviewed => return None,
                Ok(content) => format!(
                    "the review by {} is of content {reviewed}, and the package in cargo's cache has {content}",
                    audit.origin
                ),
                Err(cause) => format!(
                    "the review by {} cannot be compared with the package in cargo's cache: {cause}",
                    audit.origin
                ),
            };
            Some((format!("{name} {version}"), because))
        })
    }

    /// The digest of a package's content, or why it has none; `None` where the package is not at hand.
    fn content(&self, name: &str, version: &Version, served: Digest) -> Option<Result<String, String>> {
        let limits = Limits::DEFAULT;
        let path = self.folder.as_ref()?.join(format!("{name}-{version}.crate"));
        let length = std::fs::metadata(&path).ok()?.len();
        if length > limits.package_bytes as u64 {
            return Some(Err(format!("it has {length} bytes, more than {}", limits.package_bytes)));
        }
        let packed = std::fs::read(&path).ok()?;
        // Cargo makes sure of that before it builds; another file of this name is not the release.
        if Digest(Sha256::digest(&packed).into()) != served {
            return None;
        }
        let files = match feed::unpack_all(&packed, &limits) {
            Ok(files) => files,
            Err(error) => return Some(Err(error.to_string())),
        };
        let entries = files.iter().map(|(path, bytes)| (path.as_str(), Entry::File(bytes)));
        Some(Ok(recursive_digest(entries).to_string()))
    }
}
