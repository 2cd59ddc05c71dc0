//! `sabotage`: What destroys.

use crate::report::Severity;
use crate::rules::{Explanation, Hit, Look, Rule, WAY, hit};
use crate::sign::Sign;

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "sabotage",
        techniques: &["A14"],
        means: "Files are removed or overwritten that are not the code's own.",
        look: "Which files, and when.",
    },
    needs: &[Sign::FsRemoveTree, Sign::DeleteAll, Sign::FsRemove, Sign::FsWalk],
    judge,
};

fn judge(look: &Look<'_>) -> Option<Hit> {
    let close = look.is_close();
    let elsewhere = look.any(&[Sign::Home, Sign::CredentialPath]);
    if look.has(Sign::DeleteAll) && look.starts() {
        let severity = if look.is_build() || elsewhere { Severity::High } else { Severity::Medium };
        return hit(
            severity,
            &[Sign::DeleteAll],
            WAY,
            format!("{} runs a command that deletes much", look.where_it_runs()),
        );
    }
    if look.has(Sign::FsRemoveTree) && elsewhere && close {
        let severity = if look.is_build() { Severity::High } else { Severity::Medium };
        return hit(
            severity,
            &[Sign::FsRemoveTree],
            WAY,
            format!("{} removes a folder, and names the user's home", look.where_it_runs()),
        );
    }
    let guard =
        look.any(&[Sign::HostFact, Sign::CiName, Sign::MomentNumber, Sign::DateMade, Sign::HostCommand]);
    let overwrites = look.has(Sign::FsWalk) && look.any(&[Sign::FsRemove, Sign::FsRemoveTree, Sign::FsWrite]);
    if overwrites
        && guard
        && close
        && look.any(&[
            Sign::FsRemove,
            Sign::FsRemoveTree,
            Sign::Xor,
            Sign::Encode,
            Sign::Clock,
            Sign::HostFact,
        ])
    {
        return hit(
            Severity::Medium,
            &[Sign::FsRemoveTree, Sign::FsRemove, Sign::FsWalk],
            WAY,
            format!(
                "{} walks through a folder and changes or removes files under a guard",
                look.where_it_runs()
            ),
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
            "src/lib.rs",
            r##"fn h() -> std::path::PathBuf { std::env::home_dir().unwrap() }
pub fn f() { let _ = std::fs::remove_dir_all(h().join("Documents")); }"##,
            Severity::Medium,
        );
    }

    #[test]
    fn look_alikes_are_left_alone() {
        is_quiet(
            &RULE,
            "src/lib.rs",
            r##"pub fn clean(d: &std::path::Path) { let _ = std::fs::remove_dir_all(d.join("cache")); }"##,
        );
    }
}
