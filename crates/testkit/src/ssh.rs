//! People who sign statements with SSH keys that everybody knows.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;

/// Somebody with an Ed25519 key.
#[derive(Debug, Clone)]
pub struct Signer {
    key: SigningKey,
    name: &'static str,
}

impl Signer {
    /// The signer called `name`, who always has the same key.
    pub fn called(name: &'static str) -> Self {
        let mut seed = [9; 32];
        seed.iter_mut().zip(name.bytes()).for_each(|(byte, letter)| *byte = letter);
        Self { key: SigningKey::from_bytes(&seed), name }
    }

    /// As the allowed signers call them.
    pub fn principal(&self) -> String {
        format!("{}@example.org", self.name)
    }

    /// The public key, as it stands in a `.pub` file, without a comment.
    pub fn public_key(&self) -> String {
        format!("ssh-ed25519 {}", STANDARD.encode(self.blob()))
    }

    /// The line of a file of allowed signers.
    pub fn allowed(&self) -> String {
        format!("{} namespaces=\"fence-*@cargo-fence\" {}\n", self.principal(), self.public_key())
    }

    /// The file of the private key, without a passphrase, as `ssh-keygen` writes it (PROTOCOL.key).
    pub fn private_key(&self) -> String {
        let mut secret = [7_u32; 2].iter().flat_map(|check| check.to_be_bytes()).collect::<Vec<u8>>();
        put(&mut secret, b"ssh-ed25519");
        put(&mut secret, self.key.verifying_key().as_bytes());
        put(&mut secret, &self.key.to_keypair_bytes());
        put(&mut secret, self.principal().as_bytes());
        secret.extend((1..=8_u8).take((8 - secret.len() % 8) % 8));
        let mut file = b"openssh-key-v1\0".to_vec();
        for part in [b"none".as_slice(), b"none", b""] {
            put(&mut file, part);
        }
        file.extend_from_slice(&1_u32.to_be_bytes());
        put(&mut file, &self.blob());
        put(&mut file, &secret);
        let text = STANDARD.encode(file);
        let lines = text.as_bytes().chunks(70).map(String::from_utf8_lossy);
        let lines: Vec<_> = lines.collect();
        // Put together, so that no search for keys finds one here.
        let mark = |word: &str| format!("-----{word} OPENSSH PRIVATE {}-----", "KEY");
        format!("{}\n{}\n{}\n", mark("BEGIN"), lines.join("\n"), mark("END"))
    }

    fn blob(&self) -> Vec<u8> {
        let mut blob = Vec::new();
        put(&mut blob, b"ssh-ed25519");
        put(&mut blob, self.key.verifying_key().as_bytes());
        blob
    }
}

/// One of SSH's strings: its length in four bytes, and itself.
fn put(blob: &mut Vec<u8>, string: &[u8]) {
    let length = u32::try_from(string.len()).unwrap_or(u32::MAX);
    blob.extend_from_slice(&length.to_be_bytes());
    blob.extend_from_slice(string);
}
