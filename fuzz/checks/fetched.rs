//! What must hold of whatever bytes a feed's source sends, or the cache gives back. The fuzz targets run these checks
//! on invented bytes, `crates/client/tests/net/corpus.rs` on the corpus.

#![allow(dead_code, reason = "each target uses its own check")]

use fence_client::Limits;
use fence_client::cache::Kept;
use fence_client::feed::unpack;
use fence_model::policy::FeedRole;

/// An archive gives files within the limits whose paths stay inside, or an error that can be shown.
pub(crate) fn archive(bytes: &[u8]) {
    let limits = Limits {
        unpacked_bytes: 1 << 20,
        feed_entries: 100,
        feed_kept_bytes: 100_000,
        feed_file_bytes: 50_000,
        zstd_window_bytes: 1 << 20,
        ..Limits::DEFAULT
    };
    for role in [FeedRole::Advisories, FeedRole::Audits, FeedRole::Crev] {
        match unpack(bytes, role, &limits) {
            Ok(files) => {
                assert!(files.len() <= limits.feed_entries);
                assert!(files.values().map(Vec::len).sum::<usize>() <= limits.feed_kept_bytes);
                assert!(files.values().all(|file| file.len() <= limits.feed_file_bytes));
                for path in files.keys() {
                    assert!(path.len() <= limits.path_bytes, "{path:?}");
                    assert!(path.split('/').all(|part| !matches!(part, "" | "." | "..")), "{path:?}");
                }
                assert_eq!(unpack(bytes, role, &limits), Ok(files));
            }
            Err(error) => {
                let text = error.to_string();
                assert!(!text.is_empty() && !text.contains(char::is_control), "{text:?}");
            }
        }
    }
}

/// What reads as kept is written back to the same bytes.
pub(crate) fn kept(bytes: &[u8]) {
    if let Some(kept) = Kept::parse(bytes, &["checked", "validator", "identity", "as-of", "fetched"]) {
        assert_eq!(kept.format(), bytes);
    }
}
