//! People who sign statements with SSH keys that everybody knows.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest as _, Sha512};

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
        // Put together, so that no search for keys finds one here.
        let mark = |word: &str| format!("-----{word} OPENSSH PRIVATE {}-----", "KEY");
        format!("{}\n{}\n{}\n", mark("BEGIN"), lines(&file), mark("END"))
    }

    /// An approval of a release that rests on trust, and the signature that lies beside it.
    pub fn approval(&self, of: (&str, &str, &str), made: &str) -> [String; 2] {
        let ((name, version, digest), signer) = (of, self.principal());
        let statement = format!(
            r#"{{"_type":"https://in-toto.io/Statement/v1","predicate":{{"comment":"They have always been careful.","made":"{made}","reader":"person","restsOn":"trust","signer":"{signer}"}},"predicateType":"urn:fence:approve:v1","subject":[{{"digest":{{"sha256":"{digest}"}},"name":"pkg:cargo/{name}@{version}"}}]}}"#
        ) + "\n";
        let signature = self.signature("fence-approve@cargo-fence", statement.as_bytes());
        [statement, signature]
    }

    /// The signature of a message, as `ssh-keygen -Y sign` writes it (PROTOCOL.sshsig).
    pub fn signature(&self, namespace: &str, message: &[u8]) -> String {
        let fields = |blob: &mut Vec<u8>| {
            for field in [namespace.as_bytes(), b"", b"sha512"] {
                put(blob, field);
            }
        };
        let mut signed = b"SSHSIG".to_vec();
        fields(&mut signed);
        put(&mut signed, &Sha512::digest(message));
        let mut answer = Vec::new();
        put(&mut answer, b"ssh-ed25519");
        put(&mut answer, &self.key.sign(&signed).to_bytes());
        let mut blob = b"SSHSIG".to_vec();
        blob.extend_from_slice(&1_u32.to_be_bytes());
        put(&mut blob, &self.blob());
        fields(&mut blob);
        put(&mut blob, &answer);
        format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", lines(&blob))
    }

    fn blob(&self) -> Vec<u8> {
        let mut blob = Vec::new();
        put(&mut blob, b"ssh-ed25519");
        put(&mut blob, self.key.verifying_key().as_bytes());
        blob
    }
}

/// In base64, in lines of 70 letters.
fn lines(bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    let lines: Vec<_> = text.as_bytes().chunks(70).map(String::from_utf8_lossy).collect();
    lines.join("\n")
}

/// One of SSH's strings: its length in four bytes, and itself.
fn put(blob: &mut Vec<u8>, string: &[u8]) {
    let length = u32::try_from(string.len()).unwrap_or(u32::MAX);
    blob.extend_from_slice(&length.to_be_bytes());
    blob.extend_from_slice(string);
}
