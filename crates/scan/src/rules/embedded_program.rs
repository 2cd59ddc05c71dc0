//! `embedded-program`: Programs that come along.

use crate::report::Severity;
use crate::rules::{Explanation, Hit, Look, Rule, WAY, hit};
use crate::sign::Sign;

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "embedded-program",
        techniques: &["A2"],
        means: "A file of the package is written out, made executable and run; or a program is part of the package.",
        look: "What the file is, and why it is not built from source.",
    },
    needs: &[Sign::Embedded, Sign::EmbeddedProgram],
    judge,
};

fn judge(look: &Look<'_>) -> Option<Hit> {
    let runs = look.any(&[Sign::Process, Sign::CProcess, Sign::Load]);
    if !look.any(&[Sign::Embedded, Sign::EmbeddedProgram]) || !runs || !look.has(Sign::FsWrite) {
        return None;
    }
    let program = look.has(Sign::EmbeddedProgram);
    let executable = look.any(&[Sign::ExecutableMode, Sign::SetPermissions, Sign::ChmodText]);
    let severity = match () {
        () if program && (look.is_close() || executable) => Severity::High,
        () if executable && look.is_build() => Severity::High,
        () if executable || (look.is_close() && look.has(Sign::Temporary)) || look.is_build() => {
            Severity::Medium
        }
        () => return None,
    };
    hit(
        severity,
        &[Sign::EmbeddedProgram, Sign::Embedded],
        WAY,
        format!("{} writes out a file of the package and runs a program", look.where_it_runs()),
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
            r##"use std::os::unix::fs::PermissionsExt as _;
static HELPER: &[u8] = include_bytes!("../data/h.bin");
pub fn f() {
    let at = std::env::temp_dir().join("h");
    std::fs::write(&at, HELPER).unwrap();
    std::fs::set_permissions(&at, std::fs::Permissions::from_mode(0o700)).unwrap();
    std::process::Command::new(at).spawn().unwrap();
}"##,
            Severity::Medium,
        );
    }

    #[test]
    fn look_alikes_are_left_alone() {
        is_quiet(
            &RULE,
            "src/lib.rs",
            r##"pub static LOGO: &[u8] = include_bytes!("logo.png");
pub fn save(to: &str) { std::fs::write(to, LOGO).unwrap(); }"##,
        );
    }
}
