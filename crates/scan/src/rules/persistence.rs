//! `persistence`: What is run again later.

use crate::report::Severity;
use crate::rules::{Explanation, Hit, Look, Rule, WAY, hit};
use crate::sign::Sign;

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "persistence",
        techniques: &["A10"],
        means: "Something is written where it is run again later, or lets somebody in.",
        look: "Whether the user asked for it, and how it is undone. Installers of completions, hooks and services do this on request.",
    },
    needs: &[Sign::PersistencePath, Sign::AuthorizedKeys, Sign::HiddenPath],
    judge,
};

fn judge(look: &Look<'_>) -> Option<Hit> {
    let writes =
        look.has(Sign::FsWrite) || (look.starts() && look.any(&[Sign::Shell, Sign::PersistencePath]));
    if !writes {
        return None;
    }
    let build = look.is_build();
    if look.has(Sign::AuthorizedKeys) && look.has(Sign::FsWrite) {
        let severity = if build || !look.says(&["ssh", "key"]) { Severity::High } else { Severity::Medium };
        return hit(
            severity,
            &[Sign::AuthorizedKeys],
            WAY,
            format!("{} writes to the keys that may log in", look.where_it_runs()),
        );
    }
    if !look.has(Sign::PersistencePath) || !(look.is_close() || look.scope.is_whole) {
        return None;
    }
    let severity = if build {
        Severity::High
    } else if look.has(Sign::FsWrite) {
        Severity::Medium
    } else {
        Severity::Low
    };
    hit(
        severity,
        &[Sign::PersistencePath],
        WAY,
        format!(
            "{} writes files, and names one that is run when a user, a machine or a tool starts",
            look.where_it_runs()
        ),
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
            r##"use std::fs::OpenOptions as O;
use std::io::Write;
fn at() -> String { std::env::var("HOME").unwrap() + "/.bashrc" }
pub fn f() { O::new().append(true).open(at()).unwrap().write_all(b"x").unwrap(); }"##,
            Severity::Medium,
        );
        fires(
            &RULE,
            "build.rs",
            r##"fn main() { std::fs::write("../../.git/hooks/pre-commit", "x").unwrap(); }"##,
            Severity::High,
        );
    }

    #[test]
    fn look_alikes_are_left_alone() {
        is_quiet(
            &RULE,
            "src/lib.rs",
            r##"pub fn is_rc(name: &str) -> bool { name == ".bashrc" || name == ".zshrc" }"##,
        );
        is_quiet(&RULE, "src/lib.rs", r##"pub fn save(t: &str) { std::fs::write("out.txt", t).unwrap(); }"##);
    }
}
