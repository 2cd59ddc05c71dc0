//! The vectors come to what `cases.txt` says of them, and to nothing else when one bit is another.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::fs;
use std::path::PathBuf;

use fence_model::Digest;

mod support;

use support::{Known, seconds};

/// One line of `cases.txt`.
struct Case {
    name: String,
    at: i64,
    release: Option<(String, String, Digest)>,
    outcome: String,
    bytes: Vec<u8>,
    signature: Vec<u8>,
}

fn read(name: &str) -> Vec<u8> {
    fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name)).unwrap()
}

fn cases() -> Vec<Case> {
    let text = String::from_utf8(read("cases.txt")).unwrap();
    let of_line = |line: &str| {
        let [name, at, release, outcome] = line.splitn(4, " | ").collect::<Vec<_>>().try_into().unwrap();
        let release = match release.split(' ').collect::<Vec<_>>().as_slice() {
            [name, version, digest] => {
                Some(((*name).to_owned(), (*version).to_owned(), digest.parse().unwrap()))
            }
            _ => None,
        };
        Case {
            at: seconds(at),
            release,
            outcome: outcome.to_owned(),
            bytes: read(&format!("{name}.json")),
            signature: read(&format!("{name}.json.sig")),
            name: name.to_owned(),
        }
    };
    text.lines().filter(|line| !line.starts_with('#')).map(of_line).collect()
}

fn known() -> Known {
    Known::new(&read("allowed_signers"), &read("revoked_keys"))
}

impl Case {
    fn opened(&self, known: &Known, bytes: &[u8], signature: &[u8]) -> Result<String, String> {
        let release =
            self.release.as_ref().map(|(name, version, digest)| (name.as_str(), version.as_str(), *digest));
        let (statement, how) = known.open(bytes, signature, self.at, release)?;
        Ok(format!("{}: {how}", statement.kind()))
    }
}

#[test]
fn each_case_comes_to_what_is_written_of_it() {
    let known = known();
    for case in cases() {
        let outcome = case.opened(&known, &case.bytes, &case.signature);
        let outcome = outcome.unwrap_or_else(|words| format!("refused: {words}"));
        assert_eq!(outcome, case.outcome, "{}", case.name);
    }
}

#[test]
fn the_words_of_each_refusal() {
    let lines: Vec<_> = cases().iter().map(|case| format!("{}\n    {}", case.name, case.outcome)).collect();
    // Fingerprints change when the vectors are made anew.
    let text = lines.join("\n");
    let mut shown = String::new();
    for part in text.split("SHA256:").enumerate() {
        match part {
            (0, first) => shown.push_str(first),
            (_, after) => shown += &format!("SHA256:…{}", after.get(43..).unwrap_or_default()),
        }
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn a_bit_more_or_less_is_refused() {
    let known = known();
    for case in cases().iter().filter(|case| !case.outcome.starts_with("refused")) {
        for at in 0..case.bytes.len() {
            let mut bytes = case.bytes.clone();
            bytes[at] ^= 1 << (at % 8);
            assert!(case.opened(&known, &bytes, &case.signature).is_err(), "{} byte {at}", case.name);
        }
        for at in 0..case.signature.len() {
            let mut signature = case.signature.clone();
            signature[at] ^= 1 << (at % 8);
            assert!(case.opened(&known, &case.bytes, &signature).is_err(), "{} signature {at}", case.name);
        }
        for signature in [&case.signature[1..], &case.signature[..case.signature.len() - 1], b""] {
            assert!(case.opened(&known, &case.bytes, signature).is_err(), "{}", case.name);
        }
    }
}

#[test]
fn nobody_is_let_in_by_nobody() {
    for case in cases() {
        assert!(case.opened(&Known::new(b"", b""), &case.bytes, &case.signature).is_err(), "{}", case.name);
    }
}
