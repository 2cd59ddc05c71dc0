//! What attackers write: the corpus of the fuzz targets, and words of the formats in any order.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::fs;
use std::path::Path;

use fence_trust::{AllowedSigners, KeyKind, RevokedKeys, SIGNATURE_BYTES, SIGNERS_BYTES, Signature};
use proptest::prelude::*;

#[path = "../../../fuzz/checks/trust.rs"]
mod checks;
mod support;

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
    assert!(files.len() >= 5, "{target}");
    files
}

#[test]
fn the_corpus_of_the_fuzz_targets_holds() {
    corpus("allowed_signers").iter().for_each(|bytes| checks::allowed_signers(bytes));
    corpus("sshsig").iter().for_each(|bytes| checks::sshsig(bytes));
}

#[test]
fn what_is_too_long_is_not_read() {
    let long = vec![b'\n'; SIGNERS_BYTES + 1];
    let words = [
        AllowedSigners::parse(&long).problems[0].to_string(),
        RevokedKeys::parse(&long).unwrap_err().to_string(),
        Signature::parse(&long[..SIGNATURE_BYTES + 1]).unwrap_err().to_string(),
        RevokedKeys::parse(b"SSHKRL\n\0\0\0\0").unwrap_err().to_string(),
        RevokedKeys::parse(b"# one\nssh-ed25519 AAAA\n").unwrap_err().to_string(),
        RevokedKeys::parse(b"\xff").unwrap_err().to_string(),
    ];
    insta::assert_snapshot!(words.join("\n"));
}

/// Bytes that belong to nothing inside of an honest signature, with the armour of `ssh-keygen` around them.
#[test]
fn nothing_is_smuggled_into_a_signature() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    for key in [support::key(1), support::security_key(KeyKind::SkEcdsaP256, 2, 1)] {
        let honest = key.sign("n@example.org", b"message");
        let inside: String = honest.lines().filter(|line| !line.starts_with('-')).collect();
        let blob = STANDARD.decode(inside).unwrap();
        let mut variants = vec![[&blob[..], &b"x"[..]].concat()];
        // Each of the six lengths, one more and one byte more behind it.
        let mut at = 10;
        while at + 4 <= blob.len() {
            let length = u32::from_be_bytes(blob[at..at + 4].try_into().unwrap());
            let end = at + 4 + length as usize;
            let longer = [&blob[..at], &(length + 1).to_be_bytes(), &blob[at + 4..end], b"x", &blob[end..]];
            variants.push(longer.concat());
            at = end;
        }
        assert_eq!(variants.len(), 6);
        for version in [0u8, 2] {
            let mut other = blob.clone();
            other[9] = version;
            variants.push(other);
        }
        for (number, variant) in variants.iter().enumerate() {
            let text = STANDARD.encode(variant);
            let lines: Vec<_> =
                text.as_bytes().chunks(70).map(|line| std::str::from_utf8(line).unwrap()).collect();
            let armour =
                format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", lines.join("\n"));
            // A longer namespace is another namespace, which is no harm: nobody signed it.
            let is_namespace = number == 2;
            assert_eq!(Signature::parse(armour.as_bytes()).is_err(), !is_namespace, "{number}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn words_in_any_order_are_read_to_their_end(words in prop::collection::vec(prop::sample::select(WORDS), 0..40)) {
        checks::allowed_signers(words.concat().as_bytes());
    }

    #[test]
    fn bytes_in_any_order_are_read_to_their_end(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        checks::allowed_signers(&bytes);
        checks::sshsig(&bytes);
        checks::sshsig(armoured(&bytes).as_bytes());
        checks::sshsig(armoured(&[b"SSHSIG\0\0\0\x01\0\0\0\x33\0\0\0\x0bssh-ed25519\0\0\0\x20", &bytes[..]].concat()).as_bytes());
    }
}

fn armoured(bytes: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(bytes);
    let lines: Vec<_> = text.as_bytes().chunks(70).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", lines.join("\n"))
}

const WORDS: &[&str] = &[
    "ann@example.org",
    " ",
    "\t",
    "\n",
    "\r\n",
    "\"",
    "\\\"",
    ",",
    "=",
    "!",
    "*",
    "#",
    "ssh-ed25519",
    "ssh-rsa",
    "AAAAC3NzaC1lZDI1NTE5AAAAIIqIiqsTpTKPVFE5NZlCqzJ5dV1QZsQ6uDhjTMcmBjAh",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIqIiqsTpTKPVFE5NZlCqzJ5dV1QZsQ6uDhjTMcmBjAh",
    "namespaces=\"git\"",
    "namespaces",
    "cert-authority",
    "valid-after=\"20260101Z\"",
    "valid-before=\"",
    "20260101000000Z",
    "é",
];
