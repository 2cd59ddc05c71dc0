//! 10,000 statements parsed and verified, as a client does that reads a feed: `cargo xtask bench statements`.
//!
//! Each has its own text, signed with one of 100 keys of Ed25519; the file of allowed signers names all of them. What is
//! timed begins with the bytes of files and ends with the release that a statement is about.

#![allow(clippy::unwrap_used, reason = "a bench that cannot go on says where")]

use std::fmt::Write as _;
use std::time::Instant;

use fence_evidence::Limits;
use fence_evidence::crev::Reader;
use fence_evidence::statement::{self, Content, RestsOn, Statement, Subject};
use fence_model::{ReleaseId, Time};
use semver::Version;

#[path = "../tests/support/mod.rs"]
mod support;

use support::{Known, digest, key};

const STATEMENTS: usize = 10_000;
const ROUNDS: usize = 5;

fn main() {
    let keys: Vec<_> = (1..=100).map(key).collect();
    let mut signers = String::new();
    for (number, key) in keys.iter().enumerate() {
        writeln!(signers, "reviewer{number}@example.org namespaces=\"fence-*@cargo-fence\" {}", key.line())
            .unwrap();
    }
    let known = Known::new(signers.as_bytes(), b"");
    let signed: Vec<_> = (0..STATEMENTS)
        .map(|number| {
            let statement = approval(number);
            let bytes = statement::write(&statement, &Limits::default()).unwrap();
            let signature = keys[number % keys.len()].sign(statement.kind().namespace(), &bytes).into_bytes();
            (bytes, signature)
        })
        .collect();
    let bytes: usize = signed.iter().map(|(bytes, signature)| bytes.len() + signature.len()).sum();
    println!(
        "{STATEMENTS} statements of {} keys, {} bytes each with its signature",
        keys.len(),
        bytes / STATEMENTS
    );
    for threads in [1, 2] {
        let mut seconds: Vec<f64> = (0..ROUNDS).map(|_| verify_all(&known, &signed, threads)).collect();
        seconds.sort_by(f64::total_cmp);
        println!(
            "{threads} thread{}: best {:.3} s, median of {ROUNDS} {:.3} s, worst {:.3} s",
            if threads == 1 { "" } else { "s" },
            seconds[0],
            seconds[ROUNDS / 2],
            seconds[ROUNDS - 1]
        );
    }
}

/// How many seconds it takes to parse and verify all of them on so many threads.
fn verify_all(known: &Known, signed: &[(Vec<u8>, Vec<u8>)], threads: usize) -> f64 {
    let start = Instant::now();
    std::thread::scope(|scope| {
        for (part, chunk) in signed.chunks(signed.len().div_ceil(threads)).enumerate() {
            let first = part * signed.len().div_ceil(threads);
            scope.spawn(move || {
                for (place, (bytes, signature)) in chunk.iter().enumerate() {
                    let version = version(first + place).to_string();
                    let release = Some(("itoa", version.as_str(), digest(1)));
                    known.open(bytes, signature, 1_796_040_000, release).unwrap();
                }
            });
        }
    });
    start.elapsed().as_secs_f64()
}

fn version(number: usize) -> Version {
    Version::new(1, number as u64, 0)
}

fn approval(number: usize) -> Statement {
    let release = ReleaseId { name: "itoa".parse().unwrap(), version: version(number) };
    Statement {
        signer: format!("reviewer{}@example.org", number % 100).parse().unwrap(),
        made: Time::from_unix(1_796_000_000),
        comment: "Read the change: one more table of digits, and tests for it.".into(),
        content: Content::Approve {
            releases: vec![Subject { release, digest: digest(1) }],
            rests_on: RestsOn::Trust,
            reader: Reader::Person,
            until: None,
        },
    }
}
