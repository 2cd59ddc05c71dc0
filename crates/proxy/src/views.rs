//! What a registry said last of each crate, as it is kept on disk: what is served when it says nothing more.
//!
//! Bytes are kept as they came, under a digest, and can be fetched again; so a view that a crash tore is none.

use std::sync::Arc;

use fence_client::cache::{Cache, CacheError, Keep, Kept, Place};
use fence_model::{CrateName, Digest, Time};
use fence_registry::IndexPath;

use crate::packages::digest_of;

/// What a registry said last of one crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct View {
    /// Its index file; none where there is no such crate.
    pub(crate) file: Option<File>,
    /// As [`fence_client::index::IndexEntry::validator`].
    pub(crate) validator: Option<String>,
    /// Up to when it is known to be the registry's word.
    pub(crate) checked: Time,
    /// When the registry was asked last. A folder that is asked today may not have been brought up to date for weeks.
    pub(crate) read: Time,
}

/// An index file as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    /// Its bytes.
    pub(crate) bytes: Arc<[u8]>,
    /// Their digest: what was made from it is known by that.
    pub(crate) digest: Digest,
}

impl File {
    /// The file of these bytes.
    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        Self { digest: digest_of(&bytes), bytes: bytes.into() }
    }
}

/// The views of one registry.
#[derive(Debug, Clone)]
pub(crate) struct Views {
    cache: Cache,
    folder: String,
}

impl Views {
    /// Those that are kept for the registry with this folder name.
    pub(crate) fn of(cache: &Cache, folder: &str) -> Self {
        Self { cache: cache.clone(), folder: folder.to_owned() }
    }

    /// The view of a crate; none where there is none, or one that is damaged.
    pub(crate) fn read(&self, name: &CrateName) -> Option<View> {
        let bytes = self.cache.read(&self.place(name)).ok()??;
        let kept = Kept::parse(&bytes, &["checked", "validator"])?;
        let checked = kept.note("checked")?.parse().ok()?;
        Some(View {
            validator: kept.note("validator").map(str::to_owned),
            checked,
            read: checked,
            file: Some(File::of(kept.bytes)),
        })
    }

    /// Whether there is a view of a crate.
    pub(crate) fn has(&self, name: &CrateName) -> bool {
        self.cache.path(&self.place(name)).is_file()
    }

    /// Keeps the view of a crate that exists.
    pub(crate) fn write(&self, name: &CrateName, view: &View) -> Result<(), CacheError> {
        let Some(file) = &view.file else { return Ok(()) };
        let mut notes = vec![("checked", view.checked.to_string())];
        notes.extend(view.validator.clone().map(|validator| ("validator", validator)));
        let kept = Kept { notes, bytes: file.bytes.to_vec() };
        self.cache.write(&self.place(name), &kept.format(), Keep::ForNow)
    }

    fn place(&self, name: &CrateName) -> Place {
        let path = IndexPath::of(name);
        let mut parts = vec!["proxy", "index", &self.folder];
        parts.extend(path.as_str().split('/'));
        Place::of(&parts)
    }
}
