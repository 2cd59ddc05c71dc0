//! `build-writes-elsewhere`: A build that writes beside its own folder.

use crate::lex::lex;
use crate::report::{Place, Severity};
use crate::rules::{Explanation, Hit, Look, Rule, WAY, hit};
use crate::sign::Sign;
use crate::source::UnitKind;

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "build-writes-elsewhere",
        techniques: &["E10", "A10"],
        means: "A build script writes files that become executable or belong to cargo's home and never names the folder for what it makes, or goes up from that folder to one that others own.",
        look: "Where it writes. What a build makes belongs into OUT_DIR; what lies elsewhere stays, and may be run by something else.",
    },
    needs: &[Sign::FsWrite],
    judge,
};

fn judge(look: &Look<'_>) -> Option<Hit> {
    let writes = look.has(Sign::FsWrite) && look.scope.place == Place::BuildScript && look.scope.is_whole;
    if !writes {
        return None;
    }
    if climbs(look) {
        return hit(
            Severity::Medium,
            &[Sign::FsWrite],
            WAY,
            "the build script writes files, and looks for folders above its own".to_owned(),
        );
    }
    if look.has(Sign::OutDir) {
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

/// Whether a function goes up from folder to folder, as far as it takes to leave what a build may write.
fn climbs(look: &Look<'_>) -> bool {
    let functions =
        look.scope.units.iter().filter(|number| look.code.unit(**number).kind == UnitKind::Function);
    functions.into_iter().any(|number| {
        let (part, _) = look.code.units[*number as usize];
        let unit = look.code.unit(*number);
        let text = &look.code.parts[part as usize].source.text
            [unit.start as usize..unit.end.max(unit.start) as usize];
        let mut tokens = Vec::new();
        lex(text, &mut tokens);
        let calls = |name: &[u8]| {
            let pairs = tokens.iter().zip(tokens.iter().skip(1));
            pairs.filter(|(word, next)| word.text(text) == name && next.is(b'(')).count()
        };
        let loops = tokens.iter().any(|token| matches!(token.text(text), b"while" | b"loop"));
        calls(b"ancestors") > 0 || calls(b"parent") >= 3 || (loops && calls(b"parent") > 0)
    })
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
    fn it_fires_on_one_that_climbs() {
        fires(
            &RULE,
            "build.rs",
            r##"use std::path::Path as P;
fn main() {
    let out = std::env::var("OUT_DIR").unwrap();
    let root = P::ancestors(P::new(&out)).find(|at| at.join("Cargo.lock").exists()).unwrap();
    std::fs::write(root.join("notes"), "x").unwrap();
}"##,
            Severity::Medium,
        );
        is_quiet(
            &RULE,
            "build.rs",
            r##"fn main() {
    let out = std::path::PathBuf::from(std::env::var("OUT_DIR").unwrap()).join("a/b.rs");
    std::fs::create_dir_all(out.parent().unwrap()).unwrap();
    std::fs::write(out, "x").unwrap();
}"##,
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
