//! A page as it is sent: compressed once, under a tag of its own.

use std::io::{Read as _, Write as _};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use crate::answer::{IndexPage, View};

/// Fast, since a page is made while somebody waits for it.
const AT_FIRST: Compression = Compression::new(1);

/// For a page that stays: a third fewer bytes to keep and to send.
const SQUEEZED: Compression = Compression::new(6);

/// Hexadecimal digits of a tag. Half of a SHA-256 is more than anybody finds a second page for.
const TAG_BYTES: usize = 16;

/// The page with these bytes.
pub(crate) fn page_of(bytes: &[u8]) -> IndexPage {
    let digest = Sha256::digest(bytes);
    let digits: String = digest[..TAG_BYTES].iter().map(|byte| format!("{byte:02x}")).collect();
    IndexPage {
        tag: format!("\"{digits}\""),
        gzip: compressed(bytes, AT_FIRST),
        length: bytes.len(),
        view: View::Current,
    }
}

/// The same page in fewer bytes.
pub(crate) fn squeezed(page: &IndexPage) -> IndexPage {
    let mut bytes = Vec::with_capacity(page.length);
    match GzDecoder::new(&page.gzip[..]).read_to_end(&mut bytes) {
        Ok(_) => IndexPage { gzip: compressed(&bytes, SQUEEZED), ..page.clone() },
        // Not reached: it was made here.
        Err(_) => page.clone(),
    }
}

fn compressed(bytes: &[u8], level: Compression) -> Bytes {
    let mut gzip = GzEncoder::new(Vec::with_capacity(bytes.len() / 6), level);
    // Writing to memory does not fail.
    let compressed = gzip.write_all(bytes).and_then(|()| gzip.finish()).unwrap_or_default();
    // Not a byte more than it needs: thousands of them are kept.
    Bytes::from(compressed.into_boxed_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_squeezed_page_is_the_same_page() {
        let bytes: Vec<u8> = (0..50_000_u32).flat_map(|n| format!("{},", n * n % 977).into_bytes()).collect();
        let page = page_of(&bytes);
        let squeezed = squeezed(&page);
        assert!(squeezed.gzip.len() < page.gzip.len());
        assert_eq!(IndexPage { gzip: page.gzip.clone(), ..squeezed.clone() }, page);
        let mut back = Vec::new();
        GzDecoder::new(&squeezed.gzip[..]).read_to_end(&mut back).unwrap();
        assert_eq!(back, bytes);
    }
}
