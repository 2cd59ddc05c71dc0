//! `shell-command`: Commands for shells and interpreters.

use crate::report::{Place, Severity};
use crate::rules::{Explanation, Hit, Look, Rule, WAY, hit};
use crate::sign::Sign;

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "shell-command",
        techniques: &["A3"],
        means: "A shell or interpreter is given a command that hides something, or a script that lies among tests or data.",
        look: "The command. Build scripts run configure scripts; commands whose output goes nowhere, or that are encoded, are another thing.",
    },
    needs: &[
        Sign::ScriptText,
        Sign::Shell,
        Sign::ShellFlag,
        Sign::HiddenShell,
        Sign::DeleteAll,
        Sign::CProcess,
        Sign::Downloader,
    ],
    judge,
};

fn judge(look: &Look<'_>) -> Option<Hit> {
    let build = look.is_build();
    let carries = look.any(&[Sign::Downloader, Sign::FetchPipe, Sign::HiddenShell, Sign::ReverseShell]);
    if look.has(Sign::ScriptText) && carries && look.has(Sign::FsWrite) {
        let severity = if build { Severity::High } else { Severity::Medium };
        return hit(
            severity,
            &[Sign::ScriptText],
            WAY,
            format!("{} writes a script that downloads or hides something", look.where_it_runs()),
        );
    }
    if !look.starts() {
        return None;
    }
    if look.has(Sign::HiddenShell) {
        let severity = if build { Severity::High } else { Severity::Medium };
        return hit(
            severity,
            &[Sign::HiddenShell],
            WAY,
            format!("{} runs a command that hides what it does", look.where_it_runs()),
        );
    }
    if build && look.any(&[Sign::Shell, Sign::ShellFlag]) && look.is_close() {
        if look.any(&[Sign::FixturePath, Sign::Detach, Sign::Temporary, Sign::Home, Sign::Embedded]) {
            return hit(
                Severity::Medium,
                &[Sign::Shell, Sign::ShellFlag],
                WAY,
                format!(
                    "{} has a shell run what lies among tests, data or temporary files",
                    look.where_it_runs()
                ),
            );
        }
        if look.scope.place == Place::ProcMacro || look.has(Sign::ShellFlag) {
            return hit(
                Severity::Medium,
                &[Sign::ShellFlag, Sign::Shell],
                WAY,
                format!("{} hands a text to a shell", look.where_it_runs()),
            );
        }
    }
    if look.has(Sign::CProcess) && look.any(&[Sign::Shell, Sign::ShellFlag, Sign::Downloader]) {
        return hit(
            Severity::Medium,
            &[Sign::CProcess],
            WAY,
            format!("{} starts a shell past the standard library", look.where_it_runs()),
        );
    }
    if look.any(&[Sign::Shell])
        && look.has(Sign::ShellFlag)
        && look.is_close()
        && !look.says(&[
            "shell", "command", "process", "terminal", "exec", "script", "task", "run", "cli", "editor",
            "build",
        ])
    {
        return hit(
            Severity::Medium,
            &[Sign::ShellFlag, Sign::Shell],
            WAY,
            format!(
                "{} hands a text to a shell, which its description does not lead one to expect",
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
            r##"use std::process::Command;
pub fn f() { let _ = Command::new("sh").args(["-c", "nohup x >/dev/null 2>&1 &"]).spawn(); }"##,
            Severity::Medium,
        );
        fires(
            &RULE,
            "build.rs",
            r##"type Run = std::process::Command;
fn main() { Run::new("bash").arg("tests/data/setup.sh").status().unwrap(); }"##,
            Severity::Medium,
        );
    }

    #[test]
    fn look_alikes_are_left_alone() {
        is_quiet(
            &RULE,
            "build.rs",
            r##"fn main() { std::process::Command::new("cmake").arg(".").status().unwrap(); }"##,
        );
        is_quiet(&RULE, "src/lib.rs", r##"pub const SHELLS: [&str; 2] = ["sh", "-c"];"##);
    }
}
