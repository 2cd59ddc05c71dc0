//! `decoder-with-sink`: Data that becomes a program or code.

use crate::report::Severity;
use crate::rules::{Explanation, Hit, Look, Rule, WAY, hit};
use crate::sign::Sign;

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "decoder-with-sink",
        techniques: &["O2", "O3", "O4", "E9"],
        means: "Data that says nothing to a reader is decoded where programs are started, loaded or written.",
        look: "What the data is after decoding. Compressed assets and test vectors are honest; nothing honest decodes a program only to run it.",
    },
    needs: &[
        Sign::Opaque,
        Sign::Embedded,
        Sign::EmbeddedProgram,
        Sign::FixturePath,
        Sign::Xor,
        Sign::Decode,
        Sign::Decrypt,
    ],
    judge,
};

fn judge(look: &Look<'_>) -> Option<Hit> {
    let decodes = look.any(&[Sign::Xor, Sign::Decode, Sign::Decrypt, Sign::ByteArithmetic, Sign::Alphabet]);
    let data = look.any(&[Sign::Opaque, Sign::Embedded, Sign::FixturePath]);
    if !decodes || !data || !(look.is_close() || look.scope.is_whole) {
        return None;
    }
    let runs = look.any(&[Sign::Process, Sign::CProcess, Sign::Load, Sign::MapExecutable, Sign::MemoryFile]);
    let writes = look.has(Sign::FsWrite);
    let plain_decoder = look.any(&[Sign::Xor, Sign::Decode, Sign::Decrypt, Sign::Alphabet]);
    if runs && look.is_close() && plain_decoder {
        let severity = if look.is_build()
            || (writes && look.any(&[Sign::ExecutableMode, Sign::SetPermissions]))
            || look.any(&[Sign::MemoryFile, Sign::MapExecutable])
        {
            Severity::High
        } else {
            Severity::Medium
        };
        return hit(
            severity,
            &[Sign::Process, Sign::CProcess, Sign::Load, Sign::MapExecutable, Sign::MemoryFile],
            WAY,
            format!("{} decodes data and runs something, all in a few functions", look.where_it_runs()),
        );
    }
    let hides_names = look.has(Sign::Xor) && look.has(Sign::ToText) && look.has(Sign::Opaque);
    if hides_names
        && look.any(&[Sign::Net, Sign::Dns])
        && look.any(&[Sign::Env, Sign::FsRead, Sign::HostFact, Sign::Process])
        && look.is_close()
    {
        return hit(
            Severity::Medium,
            &[Sign::Xor],
            WAY,
            format!(
                "{} decodes names of what it reads, or to whom it connects, in a few functions",
                look.where_it_runs()
            ),
        );
    }
    if look.is_build()
        && plain_decoder
        && (writes || runs)
        && (look.has(Sign::Xor) || look.any(&[Sign::IncludesBuilt, Sign::FixturePath, Sign::Opaque]))
    {
        return hit(
            Severity::Medium,
            &[Sign::Xor, Sign::Decode, Sign::Decrypt, Sign::Alphabet],
            WAY,
            format!("{} decodes data and writes what comes out", look.where_it_runs()),
        );
    }
    None
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::Severity;
    use crate::rules::fixture::{fires, is_quiet};

    #[test]
    fn it_fires() {
        fires(
            &RULE,
            "build.rs",
            r##"fn main() {
    let d = std::fs::read("tests/fixtures/icon.bin").unwrap();
    let d: Vec<u8> = d.iter().map(|b| b ^ 0x21).collect();
    std::fs::write(std::env::var("OUT_DIR").unwrap() + "/t.rs", d).unwrap();
}"##,
            Severity::Medium,
        );
    }

    #[test]
    fn look_alikes_are_left_alone() {
        is_quiet(
            &RULE,
            "src/lib.rs",
            r##"pub fn mix(a: &[u8], b: &[u8]) -> Vec<u8> { a.iter().zip(b).map(|(a, b)| a ^ b).collect() }
const SEED: &str = "6a09e667f3bcc908bb67ae8584caa73b";
pub fn seed() -> Vec<u8> { hex::decode(SEED).unwrap() }"##,
        );
    }
}
