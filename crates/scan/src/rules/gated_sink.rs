//! `gated-sink`: Guards that choose whom to hit.

use crate::report::Severity;
use crate::rules::{Explanation, Hit, Look, Rule, WAY, hit};
use crate::sign::Sign;

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "gated-sink",
        techniques: &["E6"],
        means: "What is done depends on whose machine it runs on.",
        look: "Why the guard is there: what happens on the machines where nobody looks?",
    },
    needs: &[Sign::CiName, Sign::HostCommand, Sign::HostFact],
    judge,
};

fn judge(look: &Look<'_>) -> Option<Hit> {
    let guard = (look.has(Sign::CiName) && look.has(Sign::Env))
        || (look.any(&[Sign::HostCommand]) && look.has(Sign::Env))
        || look.has(Sign::HostFact);
    if !guard || !look.is_close() {
        return None;
    }
    let destroys = look.any(&[Sign::FsRemoveTree, Sign::DeleteAll]);
    let fetches_and_starts = look.reaches_out() && look.starts();
    let shell = look.starts() && look.any(&[Sign::Shell, Sign::ShellFlag, Sign::Downloader]);
    let hidden = look.hides();
    if !(destroys || fetches_and_starts || shell || hidden) {
        return None;
    }
    let severity = if hidden || (look.is_build() && look.reaches_out() && shell) {
        Severity::High
    } else {
        Severity::Medium
    };
    hit(
        severity,
        &[Sign::CiName, Sign::HostCommand, Sign::HostFact],
        WAY,
        format!(
            "{} asks whose machine this is before it starts programs or removes files",
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
            r##"fn quiet() -> bool { std::env::var("GITLAB_CI").is_err() }
pub fn f() { if quiet() { return; } let _ = std::process::Command::new("sh").arg("-c").arg("true").spawn(); }"##,
            Severity::Medium,
        );
    }

    #[test]
    fn look_alikes_are_left_alone() {
        is_quiet(
            &RULE,
            "src/lib.rs",
            r##"pub fn on_ci() -> bool { std::env::var_os("CI").is_some() }
pub fn colour() -> bool { !on_ci() }"##,
        );
    }
}
