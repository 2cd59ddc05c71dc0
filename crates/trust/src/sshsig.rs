//! SSHSIG, the signatures that `ssh-keygen -Y sign` makes: their armour, and the bytes that they are over.
//!
//! Inside the armour stand the text `SSHSIG`, a version, and five strings, each with its length before it: public key,
//! namespace, a reserved one, the hash's name, and the signature. Signed is the same text with namespace, reserved, hash
//! and the message's digest (PROTOCOL.sshsig). `ssh-key` reads them, and lets some bytes pass that belong to nothing; so
//! what was read is written again and compared.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ssh_key::{HashAlg, SshSig};

use crate::key::{KeyError, KeyKind, PublicKey};
use crate::{SIGNATURE_BYTES, excerpt};

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----\n";
const END: &str = "-----END SSH SIGNATURE-----\n";
/// Characters of base64 in a line, as `ssh-keygen` has them.
const LINE_CHARS: usize = 70;
/// What follows the signature proper of a security key, outside of its string: flags and counter.
pub(crate) const TRAILER_BYTES: usize = 5;

/// A signature that was read, and not verified: anybody could have made it. [`crate::open()`] verifies it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    parsed: SshSig,
    key: PublicKey,
}

/// Why bytes are no signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It is longer than any honest one.
    #[error("the signature has {bytes} bytes, and at most {SIGNATURE_BYTES} are read")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// It is not of the format at all.
    #[error("the signature is no SSHSIG, as `ssh-keygen -Y sign` writes it: {cause}")]
    NotSshsig {
        /// What stands in the way.
        cause: Box<str>,
    },
    /// The key is none that may sign.
    #[error("the signature's key: {0}")]
    Key(#[from] KeyError),
    /// The signature is of another kind than its key.
    #[error("the signature is a {signature:?} by a key of the kind {}", key.as_str())]
    Mixed {
        /// The signature's kind.
        signature: Box<str>,
        /// The kind of its key.
        key: KeyKind,
    },
    /// There is more in it than can be read, or it is written in another way than `ssh-keygen` writes it.
    #[error(
        "the signature is not in canonical form: as `ssh-keygen -Y sign` writes it, and nothing before or after"
    )]
    NotCanonical,
}

impl Signature {
    /// Reads an armoured signature.
    ///
    /// # Errors
    ///
    /// See [`Malformed`]; always the fault of whoever made it, or of what changed it on the way.
    pub fn parse(armoured: &[u8]) -> Result<Self, Malformed> {
        if armoured.len() > SIGNATURE_BYTES {
            return Err(Malformed::TooLong { bytes: armoured.len() });
        }
        let signature = Self::new(SshSig::from_pem(armoured).map_err(not_sshsig)?)?;
        if signature.format().as_bytes() == armoured { Ok(signature) } else { Err(Malformed::NotCanonical) }
    }

    /// The signature of `key` under `namespace`, of what a signer such as `ssh-agent` answered when it was given
    /// [`to_sign`]: an algorithm's name and the signature proper.
    ///
    /// # Errors
    ///
    /// The answer is no signature, or of another kind of key.
    pub fn of(key: &PublicKey, namespace: &str, answer: &[u8]) -> Result<Self, Malformed> {
        let raw = ssh_key::Signature::try_from(answer).map_err(not_sshsig)?;
        let parsed = SshSig::new(key.data().clone(), namespace, HashAlg::Sha512, raw).map_err(not_sshsig)?;
        let signature = Self::new(parsed)?;
        if signature.raw_blob() == answer { Ok(signature) } else { Err(Malformed::NotCanonical) }
    }

    fn new(parsed: SshSig) -> Result<Self, Malformed> {
        let key = PublicKey::new(parsed.public_key().clone())?;
        if parsed.algorithm() != key.algorithm() {
            return Err(Malformed::Mixed {
                signature: excerpt(parsed.algorithm().as_str()),
                key: key.kind(),
            });
        }
        Ok(Self { parsed, key })
    }

    /// The key that made it, by its own word.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// What it was made for, by its own word.
    pub fn namespace(&self) -> &str {
        self.parsed.namespace()
    }

    /// The armour, as `ssh-keygen -Y sign` writes it.
    pub fn format(&self) -> String {
        let mut blob = b"SSHSIG\0\0\0\x01".to_vec();
        put(&mut blob, self.key.blob());
        put(&mut blob, self.namespace().as_bytes());
        put(&mut blob, b"");
        put(&mut blob, self.parsed.hash_alg().as_str().as_bytes());
        put(&mut blob, &self.raw_blob());
        let base64 = STANDARD.encode(blob);
        let mut armour = String::with_capacity(base64.len() + base64.len() / LINE_CHARS + 64);
        armour.push_str(BEGIN);
        let mut rest = base64.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at(rest.len().min(LINE_CHARS));
            armour.push_str(line);
            armour.push('\n');
            rest = after;
        }
        armour.push_str(END);
        armour
    }

    /// The signature with its algorithm's name, as an agent answers it.
    fn raw_blob(&self) -> Vec<u8> {
        let (proper, trailer) = self.parts();
        let mut blob = Vec::new();
        put(&mut blob, self.key.kind().as_str().as_bytes());
        put(&mut blob, proper);
        blob.extend_from_slice(trailer);
        blob
    }

    /// The signature proper, and what of flags and counter follows it.
    pub(crate) fn parts(&self) -> (&[u8], &[u8]) {
        let raw = self.parsed.signature_bytes();
        let trailer = if self.key.kind().is_security_key() { TRAILER_BYTES } else { 0 };
        raw.split_at(raw.len().saturating_sub(trailer))
    }

    pub(crate) fn parsed(&self) -> &SshSig {
        &self.parsed
    }

    /// What is signed when `message` is, under this signature's namespace and hash.
    pub(crate) fn signed_bytes(&self, message: &[u8]) -> Vec<u8> {
        signed_bytes(self.namespace(), self.parsed.hash_alg(), message)
    }
}

/// What a key has to sign so that [`Signature::of`] is its signature over `message` under `namespace`.
pub fn to_sign(namespace: &str, message: &[u8]) -> Vec<u8> {
    signed_bytes(namespace, HashAlg::Sha512, message)
}

fn signed_bytes(namespace: &str, hash: HashAlg, message: &[u8]) -> Vec<u8> {
    let mut bytes = b"SSHSIG".to_vec();
    put(&mut bytes, namespace.as_bytes());
    put(&mut bytes, b"");
    put(&mut bytes, hash.as_str().as_bytes());
    put(&mut bytes, &hash.digest(message));
    bytes
}

/// One of SSH's strings: its length in four bytes, the highest first, and itself.
fn put(blob: &mut Vec<u8>, string: &[u8]) {
    let length = u32::try_from(string.len()).unwrap_or(u32::MAX);
    blob.extend_from_slice(&length.to_be_bytes());
    blob.extend_from_slice(string);
}

fn not_sshsig(error: ssh_key::Error) -> Malformed {
    Malformed::NotSshsig { cause: excerpt(&error.to_string()) }
}
