//! The packages that were handed out, by the digest of their bytes: what lies under another digest is never served.

use fence_client::cache::{Cache, CacheError, Keep, Place};
use fence_model::Digest;
use sha2::{Digest as _, Sha256};

/// The packages on disk, of all registries: bytes are the same wherever they come from.
#[derive(Debug, Clone)]
pub(crate) struct Packages(Cache);

impl Packages {
    pub(crate) fn of(cache: &Cache) -> Self {
        Self(cache.clone())
    }

    /// The package with this digest, compared with it; none where there is none, or a damaged one.
    pub(crate) fn read(&self, digest: Digest) -> Result<Option<Vec<u8>>, CacheError> {
        let bytes = self.0.read(&place(digest))?;
        Ok(bytes.filter(|bytes| is_of(bytes, digest)))
    }

    /// Keeps a package whose digest was compared.
    pub(crate) fn write(&self, digest: Digest, bytes: &[u8]) -> Result<(), CacheError> {
        self.0.write(&place(digest), bytes, Keep::ForGood)
    }
}

/// Whether `bytes` have this digest.
pub(crate) fn is_of(bytes: &[u8], digest: Digest) -> bool {
    digest_of(bytes) == digest
}

/// The digest of `bytes`.
pub(crate) fn digest_of(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

fn place(digest: Digest) -> Place {
    let text = digest.to_string();
    Place::of(&["proxy", "packages", &text[..2], &text])
}
