//! Signers in software, and the join of signature and statement that a client makes.

#![allow(dead_code, reason = "each test uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use ed25519_dalek::Signer as _;
use fence_evidence::Limits;
use fence_evidence::statement::{self, Statement};
use fence_model::{Digest, Time};
use fence_trust::{AllowedSigners, Expected, KeyKind, PublicKey, RevokedKeys, Signature, open, to_sign};
use p256::ecdsa::signature::Signer as _;
use sha2::Digest as _;

/// A key of any kind, from a seed; security keys say what they are told to (PROTOCOL.u2f).
pub(crate) struct Key {
    kind: KeyKind,
    seed: [u8; 32],
    application: &'static str,
    flags: u8,
    counter: u32,
}

/// An Ed25519 key.
pub(crate) fn key(seed: u8) -> Key {
    Key { kind: KeyKind::Ed25519, seed: [seed; 32], application: "", flags: 0, counter: 0 }
}

/// A security key that says these flags.
pub(crate) fn security_key(kind: KeyKind, seed: u8, flags: u8) -> Key {
    Key { kind, seed: [seed; 32], application: "ssh:", flags, counter: 7 }
}

impl Key {
    pub(crate) fn made_for(self, application: &'static str) -> Self {
        Self { application, ..self }
    }

    /// The key as SSH sends it.
    fn blob(&self) -> Vec<u8> {
        let mut blob = Vec::new();
        put(&mut blob, self.kind.as_str().as_bytes());
        match self.kind {
            KeyKind::Ed25519 | KeyKind::SkEd25519 => {
                put(&mut blob, ed25519_dalek::SigningKey::from_bytes(&self.seed).verifying_key().as_bytes());
            }
            KeyKind::EcdsaP256 | KeyKind::SkEcdsaP256 => {
                put(&mut blob, b"nistp256");
                let key = p256::ecdsa::SigningKey::from_bytes(&self.seed.into()).unwrap();
                put(&mut blob, key.verifying_key().to_encoded_point(false).as_bytes());
            }
        }
        if self.kind.is_security_key() {
            put(&mut blob, self.application.as_bytes());
        }
        blob
    }

    /// The line of its `.pub` file.
    pub(crate) fn line(&self) -> String {
        use base64::Engine as _;
        format!("{} {}", self.kind.as_str(), base64::engine::general_purpose::STANDARD.encode(self.blob()))
    }

    pub(crate) fn public(&self) -> PublicKey {
        PublicKey::parse(&self.line()).unwrap()
    }

    /// What an agent answers that is asked to sign these bytes.
    pub(crate) fn answer(&self, bytes: &[u8]) -> Vec<u8> {
        let mut trailer = Vec::new();
        let mut bytes = bytes.to_vec();
        if self.kind.is_security_key() {
            trailer.push(self.flags);
            trailer.extend_from_slice(&self.counter.to_be_bytes());
            let mut seen = sha2::Sha256::digest(self.application).to_vec();
            seen.extend_from_slice(&trailer);
            seen.extend_from_slice(&sha2::Sha256::digest(&bytes));
            bytes = seen;
        }
        let mut proper = Vec::new();
        match self.kind {
            KeyKind::Ed25519 | KeyKind::SkEd25519 => {
                let key = ed25519_dalek::SigningKey::from_bytes(&self.seed);
                proper.extend_from_slice(&key.sign(&bytes).to_bytes());
            }
            KeyKind::EcdsaP256 | KeyKind::SkEcdsaP256 => {
                let key = p256::ecdsa::SigningKey::from_bytes(&self.seed.into()).unwrap();
                let signature: p256::ecdsa::Signature = key.sign(&bytes);
                let (r, s) = signature.split_bytes();
                put_number(&mut proper, &r);
                put_number(&mut proper, &s);
            }
        }
        let mut answer = Vec::new();
        put(&mut answer, self.kind.as_str().as_bytes());
        put(&mut answer, &proper);
        answer.extend_from_slice(&trailer);
        answer
    }

    /// The armoured signature.
    pub(crate) fn sign(&self, namespace: &str, message: &[u8]) -> String {
        let answer = self.answer(&to_sign(namespace, message));
        Signature::of(&self.public(), namespace, &answer).unwrap().format()
    }

    /// The armoured signature, by hand: also where nobody would read it.
    pub(crate) fn armour(&self, namespace: &str, message: &[u8]) -> String {
        use base64::Engine as _;
        let mut blob = b"SSHSIG\0\0\0\x01".to_vec();
        put(&mut blob, &self.blob());
        put(&mut blob, namespace.as_bytes());
        put(&mut blob, b"");
        put(&mut blob, b"sha512");
        put(&mut blob, &self.answer(&to_sign(namespace, message)));
        let text = base64::engine::general_purpose::STANDARD.encode(blob);
        let lines: Vec<_> =
            text.as_bytes().chunks(70).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", lines.join("\n"))
    }
}

pub(crate) fn put(blob: &mut Vec<u8>, string: &[u8]) {
    blob.extend_from_slice(&u32::try_from(string.len()).unwrap().to_be_bytes());
    blob.extend_from_slice(string);
}

/// A positive number: no zeros before it but one where its first bit would make it negative.
fn put_number(blob: &mut Vec<u8>, bytes: &[u8]) {
    let start = bytes.iter().position(|byte| *byte != 0).unwrap();
    let mut number = bytes[start..].to_vec();
    if number[0] & 0x80 != 0 {
        number.insert(0, 0);
    }
    put(blob, &number);
}

/// What everybody knows who verifies.
pub(crate) struct Known {
    pub(crate) signers: AllowedSigners,
    pub(crate) revoked: RevokedKeys,
}

impl Known {
    pub(crate) fn new(signers: &[u8], revoked: &[u8]) -> Self {
        let parsed = AllowedSigners::parse(signers);
        assert_eq!(parsed.problems, []);
        Self { signers: parsed.signers, revoked: RevokedKeys::parse(revoked).unwrap() }
    }

    /// The checks of docs/statements.md in their order: what is said, or why it does not count.
    pub(crate) fn open(
        &self,
        bytes: &[u8],
        signature: &[u8],
        at: i64,
        release: Option<(&str, &str, Digest)>,
    ) -> Result<(Statement, String), String> {
        let signature = Signature::parse(signature).map_err(|error| error.to_string())?;
        let statement = statement::read("statement", bytes, &Limits::default());
        let statement = statement.map_err(|problem| problem.error.to_string())?;
        let expected = Expected {
            namespace: statement.kind().namespace(),
            principal: statement.signer.as_str(),
            at,
            signers: &self.signers,
            revoked: &self.revoked,
        };
        let opened = open(bytes, &signature, &expected).map_err(|refusal| refusal.to_string())?;
        if let Some((name, version, digest)) = release {
            let about = statement.about(&name.parse().unwrap(), &version.parse().unwrap(), &digest);
            about.map_err(|error| error.to_string())?;
        }
        let mut how = opened.key.kind().as_str().to_owned();
        if let Some(presence) = opened.presence {
            how += &format!(", touched, verified {}, counter {}", presence.verified, presence.counter);
        }
        Ok((statement, how))
    }
}

pub(crate) fn seconds(time: &str) -> i64 {
    time.parse::<Time>().unwrap().unix()
}

/// A digest that is easy to recognise.
pub(crate) fn digest(byte: u8) -> Digest {
    Digest([byte; 32])
}

/// The installed `ssh-keygen`, if it is there.
pub(crate) fn ssh_keygen() -> Option<std::process::Command> {
    let found = std::process::Command::new("ssh-keygen").arg("-?").output().is_ok();
    if !found {
        eprintln!("skipped: ssh-keygen is not installed, so nothing is compared with it");
    }
    found.then(|| std::process::Command::new("ssh-keygen"))
}
