//! `pre-main-code`: Before `main`.

use crate::report::Severity;
use crate::rules::{Explanation, Hit, Look, Rule, WAY, hit};
use crate::sign::Sign;

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "pre-main-code",
        techniques: &["E3"],
        means: "Code that runs before `main` does more than register something.",
        look: "What it does, and why that cannot wait for a call.",
    },
    needs: &[Sign::PreMain],
    judge,
};

fn judge(look: &Look<'_>) -> Option<Hit> {
    let first = look.code.unit(look.scope.units[0]);
    if look.scope.is_whole || !first.signs.has(Sign::PreMain) {
        return None;
    }
    let severity = if look.any(&[Sign::Net, Sign::Process, Sign::CProcess, Sign::Load, Sign::Dns]) {
        Severity::High
    } else if look.any(&[
        Sign::FsWrite,
        Sign::FsRemove,
        Sign::FsRemoveTree,
        Sign::EnvAll,
        Sign::HostFact,
        Sign::CredentialPath,
        Sign::EnvSet,
        Sign::MapExecutable,
    ]) {
        Severity::Medium
    } else {
        Severity::Low
    };
    hit(
        severity,
        &[Sign::PreMain],
        WAY,
        "this runs before `main`, in every program that links the crate".to_owned(),
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
            r##"extern "C" fn go() { let _ = std::process::Command::new("x").spawn(); }
#[used]
#[cfg_attr(target_os = "linux", link_section = ".init_array")]
static START: extern "C" fn() = go;"##,
            Severity::High,
        );
    }

    #[test]
    fn look_alikes_are_left_alone() {
        is_quiet(
            &RULE,
            "src/lib.rs",
            r##"#[ctor::ctor]
fn register() { TABLE.lock().unwrap().push("a"); }
static TABLE: std::sync::Mutex<Vec<&str>> = std::sync::Mutex::new(Vec::new());"##,
        );
    }
}
