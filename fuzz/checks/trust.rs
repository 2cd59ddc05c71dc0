//! What must hold of whatever bytes `fence-trust` is given. The fuzz targets run these checks on invented bytes,
//! `crates/trust/tests/hostile.rs` on the corpus and on what it makes up itself.

#![allow(dead_code, reason = "each target uses its own check")]

use fence_trust::{AllowedSigners, Expected, PublicKey, RevokedKeys, Signature, open};

/// Lines are read or refused in printable words; a key prints back, and a list of revoked keys has what is in it.
pub(crate) fn allowed_signers(bytes: &[u8]) {
    let parsed = AllowedSigners::parse(bytes);
    parsed.problems.iter().for_each(|problem| printable(&problem.to_string()));
    let count = parsed.signers.lines().len() + parsed.problems.len();
    assert!(count <= bytes.iter().filter(|byte| **byte == b'\n').count() + 1);
    for line in parsed.signers.lines() {
        assert_eq!(PublicKey::parse(&line.key.to_string()).as_ref(), Ok(&line.key));
        assert!(
            RevokedKeys::parse(line.key.to_string().as_bytes()).is_ok_and(|revoked| revoked.has(&line.key))
        );
        if let (Some(after), Some(before)) = (line.valid_after, line.valid_before) {
            assert!(after < before);
        }
    }
    match RevokedKeys::parse(bytes) {
        Ok(revoked) => {
            for line in parsed.signers.lines() {
                let _ = revoked.has(&line.key);
            }
        }
        Err(error) => printable(&error.to_string()),
    }
}

/// What is accepted has one spelling, and fits at most one of two texts, whoever may sign.
pub(crate) fn sshsig(bytes: &[u8]) {
    let signature = match Signature::parse(bytes) {
        Ok(signature) => signature,
        Err(error) => return printable(&error.to_string()),
    };
    assert_eq!(signature.format().as_bytes(), bytes);
    let signers = AllowedSigners::parse(format!("* {}", signature.key()).as_bytes());
    assert_eq!(signers.problems, []);
    let expected = Expected {
        namespace: signature.namespace(),
        principal: "ann@example.org",
        at: 0,
        signers: &signers.signers,
        revoked: &RevokedKeys::default(),
    };
    let opened = [&b"one"[..], b"other"].map(|message| open(message, &signature, &expected));
    for refusal in opened.iter().filter_map(|outcome| outcome.as_ref().err()) {
        printable(&refusal.to_string());
    }
    assert!(opened.iter().filter(|outcome| outcome.is_ok()).count() <= 1);
}

/// Whatever a stranger wrote, it moves no cursor and turns no line.
fn printable(text: &str) {
    assert!(!text.chars().any(char::is_control), "{text:?}");
}
