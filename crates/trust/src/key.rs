//! Public keys, of the four kinds that sign statements.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest as _, Sha256};
use ssh_key::public::KeyData;
use ssh_key::{Algorithm, EcdsaCurve};

use crate::excerpt;

/// What a security key signs for when OpenSSH asks it. One that was made for another application, such as a web page, may
/// have signed bytes that somebody else chose.
const APPLICATION: &str = "ssh:";

/// A public key that may sign: one spelling each, so that equal keys are equal bytes.
#[derive(Clone)]
pub struct PublicKey {
    kind: KeyKind,
    /// As SSH sends it: the key's type, then its parts, each with its length before it.
    blob: Box<[u8]>,
    data: KeyData,
}

/// The kinds of keys that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// `ssh-ed25519`.
    Ed25519,
    /// `ecdsa-sha2-nistp256`.
    EcdsaP256,
    /// `sk-ssh-ed25519@openssh.com`, of a security key.
    SkEd25519,
    /// `sk-ecdsa-sha2-nistp256@openssh.com`, of a security key.
    SkEcdsaP256,
}

/// Why something is no key that may sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is no public key at all.
    #[error("{text:?} is no public key, such as `ssh-ed25519 AAAA…`")]
    NotAKey {
        /// What was written.
        text: Box<str>,
    },
    /// It is a key of another kind.
    #[error(
        "{kind:?} is not a kind of key that is read here: ssh-ed25519, ecdsa-sha2-nistp256, \
         sk-ssh-ed25519@openssh.com and sk-ecdsa-sha2-nistp256@openssh.com are"
    )]
    Kind {
        /// Its kind, by its own word.
        kind: Box<str>,
    },
    /// It is that of a security key, made for something else than SSH.
    #[error("the security key was made for {application:?}, and only those made for \"ssh:\" sign here")]
    Application {
        /// What it was made for.
        application: Box<str>,
    },
}

impl KeyKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ed25519, Self::EcdsaP256, Self::SkEd25519, Self::SkEcdsaP256];

    /// What OpenSSH calls it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ed25519 => "ssh-ed25519",
            Self::EcdsaP256 => "ecdsa-sha2-nistp256",
            Self::SkEd25519 => "sk-ssh-ed25519@openssh.com",
            Self::SkEcdsaP256 => "sk-ecdsa-sha2-nistp256@openssh.com",
        }
    }

    /// Whether it is a kind of security keys, by its name; nothing proves that hardware is behind it.
    pub const fn is_security_key(self) -> bool {
        matches!(self, Self::SkEd25519 | Self::SkEcdsaP256)
    }
}

impl PublicKey {
    /// Reads `ssh-ed25519 AAAA… comment`, as it stands in a `.pub` file; the comment is dropped.
    ///
    /// # Errors
    ///
    /// See [`KeyError`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let read = ssh_key::PublicKey::from_openssh(text.trim());
        match read {
            Ok(key) => Self::new(key.key_data().clone()),
            // A kind that is not known is told by its name: what follows may have any form.
            Err(_opaque) => match text.split_ascii_whitespace().next() {
                Some(kind) if looks_like_a_kind(kind) && !is_read(kind) => {
                    Err(KeyError::Kind { kind: excerpt(kind) })
                }
                _ => Err(KeyError::NotAKey { text: excerpt(text.trim()) }),
            },
        }
    }

    pub(crate) fn new(data: KeyData) -> Result<Self, KeyError> {
        let (kind, application) = match &data {
            KeyData::Ed25519(_) => (KeyKind::Ed25519, None),
            KeyData::Ecdsa(key) if key.curve() == EcdsaCurve::NistP256 => (KeyKind::EcdsaP256, None),
            KeyData::SkEd25519(key) => (KeyKind::SkEd25519, Some(key.application())),
            KeyData::SkEcdsaSha2NistP256(key) => (KeyKind::SkEcdsaP256, Some(key.application())),
            other => return Err(KeyError::Kind { kind: excerpt(other.algorithm().as_str()) }),
        };
        if let Some(other) = application.filter(|application| *application != APPLICATION) {
            return Err(KeyError::Application { application: excerpt(other) });
        }
        let blob = ssh_key::PublicKey::from(data.clone()).to_bytes();
        let blob = blob.map_err(|_too_long| KeyError::NotAKey { text: kind.as_str().into() })?;
        Ok(Self { kind, blob: blob.into(), data })
    }

    /// Its kind.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The key as SSH sends it.
    pub fn blob(&self) -> &[u8] {
        &self.blob
    }

    /// What people compare: `SHA256:` and 43 characters, as `ssh-keygen -l` prints it.
    pub fn fingerprint(&self) -> Box<str> {
        format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(&self.blob))).into()
    }

    pub(crate) fn data(&self) -> &KeyData {
        &self.data
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        self.data.algorithm()
    }
}

/// Whether `word` may be a key's type: options have other characters, and begin otherwise.
pub(crate) fn looks_like_a_kind(word: &str) -> bool {
    let characters = word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-@.".contains(&b));
    characters && ["ssh-", "ecdsa-", "sk-", "rsa-", "webauthn-"].iter().any(|start| word.starts_with(start))
}

fn is_read(kind: &str) -> bool {
    KeyKind::ALL.iter().any(|known| known.as_str() == kind)
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.blob == other.blob
    }
}

impl Eq for PublicKey {}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.as_str(), STANDARD.encode(&self.blob))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
