//! Feeds as paths and bytes: from a folder, an archive, a single file or a git repository.
//!
//! [`read_feed`] is the one way in. Whatever the source, it ends in a [`FeedOutcome`]: the same as the caller
//! has, all files that the feed's role uses, or a [`FeedError`] that says whether the feed is absent, unreachable
//! or invalid. Nothing is parsed here beyond the container, and nothing of a feed is ever written to disk but the
//! copy that is kept for the day when its source cannot be reached.

use std::path::Path;

use fence_model::Time;
use fence_model::policy::FeedSource;

use crate::cache::Cache;
use crate::http::Network;

/// All files of a feed that its role uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedFiles {
    /// What this content is called: the same identity means the same content. One line of ASCII.
    pub identity: String,
    /// Until when the content is known to tell everything its source knew: the time of the commit; the newest
    /// file in an archive or folder; where that is not known, the server's `Last-Modified`; else `fetched`. Never
    /// later than `fetched`.
    pub as_of: Time,
    /// When it was read from its source.
    pub fetched: Time,
    /// Paths inside the feed, with `/` between the parts, sorted; and bytes.
    pub files: Vec<(String, Vec<u8>)>,
}

/// What became of a feed.
#[derive(Debug)]
pub enum FeedOutcome {
    /// The caller has this content already.
    Unchanged {
        /// What it is called now; sources may find a new name for the same content.
        identity: String,
        /// As [`FeedFiles::as_of`].
        as_of: Time,
    },
    /// Here it is.
    Read(FeedFiles),
    /// Neither.
    Failed(FeedError),
}

/// Why a feed could not be had.
#[derive(Debug)]
pub enum FeedError {
    /// (being written)
    Being,
}

/// Reads the feed `name` from `source`. Paths are relative to `root`, the folder of `fence.toml`.
pub fn read_feed(
    name: &str,
    source: &FeedSource,
    root: &Path,
    known_identity: Option<&str>,
    network: &Network,
    cache: &Cache,
    now: Time,
) -> FeedOutcome {
    let _ = (name, source, root, known_identity, network, cache, now);
    FeedOutcome::Failed(FeedError::Being)
}
