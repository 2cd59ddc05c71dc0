//! What a proof proves: SSH signatures, who may sign what, and which keys count no longer.
//!
//! Nothing here knows what is signed, opens files or asks the time. The main path: [`Signature::parse`] reads the
//! armour, [`AllowedSigners::parse`] and [`RevokedKeys::parse`] read who may sign, and [`open()`] says whether a message
//! was signed as [`Expected`]. There is no other way to an [`Opened`]. To sign, [`to_sign`] gives the bytes for an agent
//! and [`Signature::of`] takes its answer.
//!
//! Formats are OpenSSH's, read more strictly than `ssh-keygen` does: what is accepted here, it accepts too. They are
//! told in `docs/statements.md`, with vectors in `tests/vectors`.

mod key;
mod open;
mod patterns;
mod revoked;
mod signers;
mod sshsig;

pub use key::{KeyError, KeyKind, PublicKey};
pub use open::{Expected, Opened, Presence, Refusal, open};
pub use revoked::{RevokedKeys, RevokedKeysError};
pub use signers::{AllowedSigners, Line, LineError, LineProblem, Parsed};
pub use sshsig::{Malformed, Signature, to_sign};

/// Bytes of an armoured signature. That of a security key with ECDSA has some 500; the largest part that a signer is free
/// to choose is the namespace.
pub const SIGNATURE_BYTES: usize = 4_096;

/// Bytes of a file of allowed signers, or of revoked keys. A line has some 150, so this is enough for 7,000 people.
pub const SIGNERS_BYTES: usize = 1 << 20;

/// Foreign text, short enough to be quoted; whoever prints it escapes it.
fn excerpt(text: &str) -> Box<str> {
    const SHOWN_CHARS: usize = 64;
    match text.char_indices().nth(SHOWN_CHARS) {
        None => text.into(),
        Some((end, _)) => format!("{}…", &text[..end]).into(),
    }
}
