//! `hidden-text`: What the source does not show.

use crate::report::Severity;
use crate::rules::{Explanation, Hit, Look, Rule, WAY, hit};
use crate::sign::Sign;

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "hidden-text",
        techniques: &["O1", "O2", "O3", "O4"],
        means: "A text that the source does not show is an address, a command, a path, code or a program.",
        look: "What it decodes to, and why nobody was meant to read it. Honest code that hides its texts says so.",
    },
    needs: &[Sign::HiddenUrl, Sign::HiddenCommand, Sign::HiddenPath, Sign::HiddenCode, Sign::HiddenProgram],
    judge,
};

fn judge(look: &Look<'_>) -> Option<Hit> {
    let used = look.any(&[
        Sign::Net,
        Sign::Process,
        Sign::CProcess,
        Sign::Load,
        Sign::FsWrite,
        Sign::FsRead,
        Sign::Env,
        Sign::Dns,
        Sign::MapExecutable,
        Sign::ParseCode,
        Sign::Transmute,
        Sign::RawSyscall,
        Sign::EnvSet,
        Sign::Send,
    ]);
    if !used {
        return None;
    }
    let decoded = look.has(Sign::Decoded);
    let acts = look.any(&[Sign::Process, Sign::CProcess, Sign::Load, Sign::MapExecutable, Sign::RawSyscall]);
    let runs = acts && look.any(&[Sign::HiddenCommand, Sign::HiddenProgram, Sign::HiddenUrl]);
    let severity = match () {
        () if decoded && runs => Severity::High,
        () if decoded && look.is_build() => Severity::High,
        () if decoded && look.has(Sign::HiddenUrl) && look.has(Sign::Net) => Severity::High,
        () if decoded => Severity::Medium,
        () if look.is_build() && runs => Severity::High,
        () if look.any(&[Sign::Net, Sign::Process, Sign::CProcess, Sign::Load, Sign::FsWrite]) => {
            Severity::Medium
        }
        () => Severity::Low,
    };
    let what = [
        (Sign::HiddenProgram, "a program"),
        (Sign::HiddenCommand, "a command"),
        (Sign::HiddenUrl, "an address"),
        (Sign::HiddenCode, "code"),
        (Sign::HiddenPath, "a path to secrets, or to what is run later"),
    ];
    let what = what.iter().find(|(sign, _)| look.has(*sign)).map_or("something", |(_, what)| what);
    let how = if decoded { "once it is decoded" } else { "once its pieces are joined" };
    hit(
        severity,
        &[
            Sign::Opaque,
            Sign::Xor,
            Sign::Decode,
            Sign::Reverse,
            Sign::ByteArithmetic,
            Sign::Alphabet,
            Sign::Process,
            Sign::Net,
        ],
        WAY,
        format!("a text in {} is {what} {how}", look.where_it_runs()),
    )
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
            "src/lib.rs",
            r##"const D: [u8; 20] = [50, 46, 46, 42, 96, 117, 117, 59, 116, 63, 34, 59, 55, 42, 54, 63, 117, 34, 117, 35];
fn plain() -> String { D.iter().map(|b| (b ^ 0x5a) as char).collect() }
pub fn f() { let _ = ureq::get(&plain()).call(); }"##,
            Severity::High,
        );
        fires(
            &RULE,
            "src/lib.rs",
            r##"pub fn f() {
    let parts = ["/b", "in", "/s", "h"];
    let _ = std::process::Command::new(parts.concat()).spawn();
}"##,
            Severity::Medium,
        );
    }

    #[test]
    fn look_alikes_are_left_alone() {
        is_quiet(
            &RULE,
            "src/lib.rs",
            r##"const TABLE: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 27, 54, 108, 216, 171, 77, 154, 47];
pub fn step(a: u8, b: usize) -> u8 { a ^ TABLE[b] }
pub fn load(p: &str) -> Vec<u8> { std::fs::read(p).unwrap() }"##,
        );
        is_quiet(
            &RULE,
            "src/lib.rs",
            r##"pub fn url(host: &str) -> String { format!("{}://{}/{}", "https", host, "v1") }
pub fn get(h: &str) { let _ = ureq::get(&url(h)).call(); }"##,
        );
    }
}
