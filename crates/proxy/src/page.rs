//! A page as it is sent: compressed once, under a tag of its own.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use crate::answer::{IndexPage, View};

/// Fast, since a page is made as soon as somebody waits for it; twice the time saves a tenth of the bytes.
const LEVEL: Compression = Compression::new(1);

/// Hexadecimal digits of a tag. Half of a SHA-256 is more than anybody finds a second page for.
const TAG_BYTES: usize = 16;

/// The page with these bytes.
pub(crate) fn page_of(bytes: &[u8]) -> IndexPage {
    let digest = Sha256::digest(bytes);
    let digits: String = digest[..TAG_BYTES].iter().map(|byte| format!("{byte:02x}")).collect();
    let mut gzip = GzEncoder::new(Vec::with_capacity(bytes.len() / 6), LEVEL);
    // Writing to memory does not fail.
    let compressed = gzip.write_all(bytes).and_then(|()| gzip.finish()).unwrap_or_default();
    IndexPage {
        tag: format!("\"{digits}\""),
        // Not a byte more than it needs: thousands of them are kept.
        gzip: Bytes::from(compressed.into_boxed_slice()),
        length: bytes.len(),
        view: View::Current,
    }
}
