//! `linker-takeover`: Orders to the linker.

use crate::report::Severity;
use crate::rules::{Explanation, Hit, Look, Rule, WAY, hit};
use crate::sign::Sign;

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "linker-takeover",
        techniques: &["E11"],
        means: "A build script has the linker replaced, or has it take in or redirect what it was not given.",
        look: "Which linker, object or symbol, and where it comes from.",
    },
    needs: &[Sign::LinkerTakeover, Sign::LinkerArgument],
    judge,
};

fn judge(look: &Look<'_>) -> Option<Hit> {
    if !look.is_build() || !look.has(Sign::LinkerArgument) {
        return None;
    }
    if look.has(Sign::FsWrite) && look.any(&[Sign::ExecutableMode, Sign::SetPermissions, Sign::ScriptText]) {
        return hit(
            Severity::High,
            &[Sign::LinkerArgument],
            WAY,
            "the build script writes a program and gives orders to the linker".to_owned(),
        );
    }
    if look.has(Sign::LinkerTakeover) {
        let severity = if look.any(&[Sign::Opaque, Sign::Xor, Sign::ExecutableMode, Sign::SetPermissions])
            && look.has(Sign::FsWrite)
        {
            Severity::High
        } else {
            Severity::Medium
        };
        return hit(
            severity,
            &[Sign::LinkerTakeover],
            WAY,
            "the build script has the linker replaced or symbols redirected".to_owned(),
        );
    }
    if look.has(Sign::FixturePath)
        || (look.has(Sign::FsWrite) && look.any(&[Sign::Xor, Sign::Opaque, Sign::Embedded, Sign::Decode]))
    {
        return hit(
            Severity::Medium,
            &[Sign::LinkerArgument],
            WAY,
            "the build script gives the linker something that was not compiled".to_owned(),
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
            "build.rs",
            r##"const FLAG: &str = "-Wl,--wrap=write";
fn main() { println!("cargo:rustc-link-arg={}", FLAG); }"##,
            Severity::Medium,
        );
    }

    #[test]
    fn look_alikes_are_left_alone() {
        is_quiet(&RULE, "build.rs", r##"fn main() { println!("cargo:rustc-link-arg=-Tmemory.x"); }"##);
    }
}
