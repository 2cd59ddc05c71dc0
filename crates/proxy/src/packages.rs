//! The packages that were handed out, by the digest of their bytes: what lies under another digest is never served.

use std::fs;
use std::sync::{Arc, Mutex, PoisonError};

use fence_client::cache::{Cache, CacheError, Keep, Place};
use fence_model::Digest;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// The packages on disk, of all registries: bytes are the same wherever they come from.
#[derive(Debug, Clone)]
pub(crate) struct Packages {
    cache: Cache,
    /// What lies there, from the first time on that somebody asked.
    stock: Arc<Mutex<Option<Stock>>>,
}

/// How much lies on disk. Others may put something there meanwhile: it is a figure for people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Stock {
    /// How many packages.
    pub packages: u64,
    /// How many bytes they have.
    pub bytes: u64,
}

impl Packages {
    pub(crate) fn of(cache: &Cache) -> Self {
        Self { cache: cache.clone(), stock: Arc::default() }
    }

    /// The package with this digest, compared with it; none where there is none, or a damaged one.
    pub(crate) fn read(&self, digest: Digest) -> Result<Option<Vec<u8>>, CacheError> {
        let bytes = self.cache.read(&place(digest))?;
        Ok(bytes.filter(|bytes| is_of(bytes, digest)))
    }

    /// Keeps a package whose digest was compared.
    pub(crate) fn write(&self, digest: Digest, bytes: &[u8]) -> Result<(), CacheError> {
        let place = place(digest);
        let was_there = self.cache.path(&place).exists();
        self.cache.write(&place, bytes, Keep::ForGood)?;
        let mut stock = self.stock.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stock) = stock.as_mut().filter(|_| !was_there) {
            stock.packages += 1;
            stock.bytes += bytes.len() as u64;
        }
        Ok(())
    }

    /// How much there is. The folders are read once, for whoever asks first; then it is counted along.
    pub(crate) fn stock(&self) -> Stock {
        let mut stock = self.stock.lock().unwrap_or_else(PoisonError::into_inner);
        *stock.get_or_insert_with(|| {
            let folders = entries(&self.cache.path(&Place::of(&FOLDER)));
            let files = folders.flat_map(|folder| entries(&folder.path())).filter_map(|file| {
                let metadata = file.metadata().ok().filter(fs::Metadata::is_file)?;
                Some(Stock { packages: 1, bytes: metadata.len() })
            });
            files.fold(Stock::default(), |all, one| Stock {
                packages: all.packages + one.packages,
                bytes: all.bytes + one.bytes,
            })
        })
    }
}

/// What is in a folder; nothing where there is none.
fn entries(folder: &std::path::Path) -> impl Iterator<Item = fs::DirEntry> + use<> {
    fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok)
}

/// Whether `bytes` have this digest.
pub(crate) fn is_of(bytes: &[u8], digest: Digest) -> bool {
    digest_of(bytes) == digest
}

/// The digest of `bytes`.
pub(crate) fn digest_of(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

/// The folder of packages in the cache.
const FOLDER: [&str; 2] = ["proxy", "packages"];

fn place(digest: Digest) -> Place {
    let text = digest.to_string();
    let [proxy, packages] = FOLDER;
    Place::of(&[proxy, packages, &text[..2], &text])
}
