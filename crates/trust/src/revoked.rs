//! Keys that count no longer, in the plain form of `ssh-keygen -r`: one a line.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::SIGNERS_BYTES;
use crate::key::{KeyError, PublicKey};

/// Keys of which nothing counts, whenever it was signed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RevokedKeys(BTreeSet<Box<[u8]>>);

/// Why a list of revoked keys cannot be read. A key that is missing here would go on counting, so the list is read whole
/// or not at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RevokedKeysError {
    /// It is longer than any honest one.
    #[error("the list of revoked keys has {bytes} bytes, and at most {SIGNERS_BYTES} are read")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// It is no text.
    #[error("the list of revoked keys is not UTF-8")]
    NotUtf8,
    /// It is a list in binary form.
    #[error("binary lists of revoked keys (KRL) are not read: write one key a line, as in a .pub file")]
    Binary,
    /// A line is no key.
    #[error("line {line} of the revoked keys, so that none of them can be relied on: {error}")]
    Key {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        error: KeyError,
    },
}

/// Kinds of keys that OpenSSH has and that sign nothing here; certificates end with their own mark. A kind that nobody has is
/// a slip, and the key behind it may be one that counts.
const OTHER_KINDS: [&str; 5] = [
    "ssh-rsa",
    "ssh-dss",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "webauthn-sk-ecdsa-sha2-nistp256@openssh.com",
];
const CERTIFICATE: &str = "-cert-v01@openssh.com";

/// Whether a line begins with a kind that OpenSSH has, and then names that kind once more, in its blob.
fn is_of_openssh(line: &str) -> bool {
    let mut words = line.split_ascii_whitespace();
    let (Some(kind), Some(blob)) = (words.next(), words.next()) else { return false };
    let is_known = OTHER_KINDS.contains(&kind) || kind.ends_with(CERTIFICATE);
    let Ok(blob) = STANDARD.decode(blob) else { return false };
    let named = blob
        .split_first_chunk::<4>()
        .and_then(|(length, rest)| rest.get(..usize::try_from(u32::from_be_bytes(*length)).ok()?));
    is_known && named == Some(kind.as_bytes())
}

impl RevokedKeys {
    /// Reads a list. Blank lines and those that begin with `#` are passed over, and so are keys of kinds that sign nothing
    /// here.
    ///
    /// # Errors
    ///
    /// See [`RevokedKeysError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, RevokedKeysError> {
        if bytes.len() > SIGNERS_BYTES {
            return Err(RevokedKeysError::TooLong { bytes: bytes.len() });
        }
        if bytes.starts_with(b"SSHKRL\n") {
            return Err(RevokedKeysError::Binary);
        }
        let text = std::str::from_utf8(bytes).map_err(|_where| RevokedKeysError::NotUtf8)?;
        let mut keys = BTreeSet::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim_matches([' ', '\t', '\r']);
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match PublicKey::parse(line) {
                Ok(key) => drop(keys.insert(key.blob().into())),
                Err(KeyError::Kind { .. }) if is_of_openssh(line) => {}
                Err(KeyError::Application { .. }) => {}
                Err(error) => return Err(RevokedKeysError::Key { line: index + 1, error }),
            }
        }
        Ok(Self(keys))
    }

    /// Whether nothing counts that `key` signed.
    pub fn has(&self, key: &PublicKey) -> bool {
        self.0.contains(key.blob())
    }
}
