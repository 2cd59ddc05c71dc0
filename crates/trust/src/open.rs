//! Whether a message was signed, by whom and for what it is said to be.

use ed25519_dalek::VerifyingKey;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use ssh_key::public::KeyData;

use crate::key::PublicKey;
use crate::revoked::RevokedKeys;
use crate::signers::AllowedSigners;
use crate::sshsig::Signature;

/// Bits of a security key's flags (CTAP2, authenticator data).
const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;

/// What a signature has to be.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// What the message is, as the namespace under which it is signed.
    pub namespace: &'a str,
    /// Who signed, by the message's own word.
    pub principal: &'a str,
    /// The moment at which the key has to be valid, in seconds since 1970: when the message became known. What the signer
    /// says of the time would let a thief of an old key date back.
    pub at: i64,
    /// Who may sign.
    pub signers: &'a AllowedSigners,
    /// Whose signatures count no longer.
    pub revoked: &'a RevokedKeys,
}

/// A message that was signed as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened<'m> {
    /// The signed bytes.
    pub message: &'m [u8],
    /// The key that signed them.
    pub key: PublicKey,
    /// What a security key said of the one before it; none for other keys.
    pub presence: Option<Presence>,
}

/// What a security key says beside its signature. Somebody touched it, or the message would not have been opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presence {
    /// Whether it asked for a PIN or a finger.
    pub verified: bool,
    /// How often it signed before. Counters of two keys say nothing about each other, and some keys always say 0.
    pub counter: u32,
}

/// Why a message is not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It was signed as something else.
    #[error(
        "signed under the namespace {found:?} where {expected:?} is expected: \
         what was signed as one thing is no other"
    )]
    OtherNamespace {
        /// Under which it is signed.
        found: Box<str>,
        /// Under which it should be.
        expected: Box<str>,
    },
    /// The key counts no longer.
    #[error("the key {key} is revoked: nothing that it signed counts")]
    Revoked {
        /// The key's fingerprint.
        key: Box<str>,
    },
    /// Nobody knows the signer.
    #[error("{principal:?} is not among the allowed signers")]
    UnknownPrincipal {
        /// Who signed, by the message's word.
        principal: Box<str>,
    },
    /// The signer is known by other keys.
    #[error("the allowed signers give {principal:?} other keys than {key}, which signed")]
    OtherKey {
        /// Who signed, by the message's word.
        principal: Box<str>,
        /// The fingerprint of the key that signed.
        key: Box<str>,
    },
    /// The signer may not sign such things.
    #[error(
        "the allowed signers let {principal:?} sign nothing under {namespace:?} with this key (line {line})"
    )]
    Namespace {
        /// Who signed.
        principal: Box<str>,
        /// Under what.
        namespace: Box<str>,
        /// The line that says so.
        line: usize,
    },
    /// The key was too young.
    #[error("the key {key} is valid from {}, and this became known at {}", moment(*from), moment(*at))]
    NotYetValid {
        /// The key's fingerprint.
        key: Box<str>,
        /// Its first moment, in seconds since 1970.
        from: i64,
        /// When it had to be valid.
        at: i64,
    },
    /// The key was too old.
    #[error("the key {key} was valid until {}, and this became known at {}", moment(*until), moment(*at))]
    Expired {
        /// The key's fingerprint.
        key: Box<str>,
        /// Its last moment, in seconds since 1970.
        until: i64,
        /// When it had to be valid.
        at: i64,
    },
    /// The signature does not belong to message and key.
    #[error(
        "the signature is not by {key} over these bytes: they were changed after signing, or it is forged"
    )]
    Forged {
        /// The key's fingerprint.
        key: Box<str>,
    },
    /// Nobody was there.
    #[error(
        "the security key {key} signed without being touched, so any program on its machine could have asked it: \
         make the key without `-O no-touch-required`"
    )]
    NotPresent {
        /// The key's fingerprint.
        key: Box<str>,
    },
}

/// The message, if it was signed as `expected`.
///
/// # Errors
///
/// See [`Refusal`]; what costs least is looked at first.
pub fn open<'m>(
    message: &'m [u8],
    signature: &Signature,
    expected: &Expected<'_>,
) -> Result<Opened<'m>, Refusal> {
    let Expected { namespace, principal, at, signers, revoked } = *expected;
    let key = signature.key();
    if signature.namespace() != namespace {
        let found = crate::excerpt(signature.namespace());
        return Err(Refusal::OtherNamespace { found, expected: namespace.into() });
    }
    if revoked.has(key) {
        return Err(Refusal::Revoked { key: key.fingerprint() });
    }
    signers.allow(principal, key, namespace, at)?;
    if !verify(message, signature) {
        return Err(Refusal::Forged { key: key.fingerprint() });
    }
    let presence = match *signature.parts().1 {
        [] => None,
        [flags, ..] if flags & USER_PRESENT == 0 => {
            return Err(Refusal::NotPresent { key: key.fingerprint() });
        }
        [flags, a, b, c, d] => {
            Some(Presence { verified: flags & USER_VERIFIED != 0, counter: u32::from_be_bytes([a, b, c, d]) })
        }
        _ => return Err(Refusal::Forged { key: key.fingerprint() }),
    };
    Ok(Opened { message, key: key.clone(), presence })
}

/// Whether the signature is by its key over `message`, whoever may hold that key.
fn verify(message: &[u8], signature: &Signature) -> bool {
    let (proper, trailer) = signature.parts();
    match signature.key().data() {
        KeyData::Ed25519(key) => verify_ed25519(&key.0, &signature.signed_bytes(message), proper),
        KeyData::SkEd25519(key) => {
            // What a security key signs: it sees digests alone, and adds what it knows (PROTOCOL.u2f).
            let mut bytes = Sha256::digest(key.application()).to_vec();
            bytes.extend_from_slice(trailer);
            bytes.extend_from_slice(&Sha256::digest(signature.signed_bytes(message)));
            verify_ed25519(&key.public_key().0, &bytes, proper)
        }
        other => {
            let key = ssh_key::PublicKey::from(other.clone());
            key.verify(signature.namespace(), message, signature.parsed()).is_ok()
        }
    }
}

/// Strictly, which `ssh-key` does not: under a key of small order one signature would fit many texts.
fn verify_ed25519(key: &[u8; 32], bytes: &[u8], signature: &[u8]) -> bool {
    let Ok(signature) = signature.try_into() else { return false };
    VerifyingKey::from_bytes(key)
        .is_ok_and(|key| key.verify_strict(bytes, &ed25519_dalek::Signature::from_bytes(signature)).is_ok())
}

fn moment(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_beyond| format!("@{seconds}"), |moment| moment.to_string())
}
