//! `build-writes-elsewhere`: A build that writes beside its own folder.

use crate::report::{Place, Severity};
use crate::rules::{Explanation, Hit, Look, Rule, WAY, hit};
use crate::sign::Sign;

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "build-writes-elsewhere",
        techniques: &["E10", "A10"],
        means: "A build script writes files that become executable or belong to cargo's home, and never names the folder for what it makes.",
        look: "Where it writes. What a build makes belongs into OUT_DIR; what lies elsewhere stays, and may be run by something else.",
    },
    needs: &[Sign::FsWrite],
    judge,
};

fn judge(look: &Look<'_>) -> Option<Hit> {
    let writes = look.has(Sign::FsWrite) && look.scope.place == Place::BuildScript && look.scope.is_whole;
    if !writes || look.has(Sign::OutDir) {
        return None;
    }
    let odd = look.any(&[
        Sign::ExecutableMode,
        Sign::SetPermissions,
        Sign::CargoHome,
        Sign::Home,
        Sign::ScriptText,
    ]);
    if !odd {
        return None;
    }
    hit(
        Severity::Medium,
        &[Sign::FsWrite],
        WAY,
        "the build script writes files, and not where a build's files belong".to_owned(),
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
            "build.rs",
            "use std::os::unix::fs::PermissionsExt as _;\nfn put(t: &str) { std::fs::write(\"../../../run\", t).unwrap(); std::fs::set_permissions(\"../../../run\", std::fs::Permissions::from_mode(0o755)).unwrap(); }\nfn main() { put(\"x\") }",
            Severity::Medium,
        );
    }

    #[test]
    fn look_alikes_are_left_alone() {
        is_quiet(
            &RULE,
            "build.rs",
            "fn at() -> String { std::env::var(\"OUT_DIR\").unwrap() + \"/t.rs\" }\nfn main() { std::fs::write(at(), \"x\").unwrap(); }",
        );
    }
}
