//! `symbol-interposition`: Symbols under others' names.

use crate::report::Severity;
use crate::rules::{Explanation, Hit, Look, Rule, WAY, hit};
use crate::sign::Sign;

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "symbol-interposition",
        techniques: &["E12"],
        means: "The crate defines a symbol that programs expect from the system or from a library for secrets.",
        look: "Whether the crate is meant to replace it, in all of the program.",
    },
    needs: &[Sign::Interposed],
    judge,
};

fn judge(look: &Look<'_>) -> Option<Hit> {
    if look.scope.is_whole || !look.code.unit(look.scope.units[0]).signs.has(Sign::Interposed) {
        return None;
    }
    let replaces = look.says(&[
        "libc", "alloc", "no_std", "no-std", "shim", "interpos", "preload", "embedded", "kernel", "libm",
        "compiler",
    ]);
    let severity = match () {
        () if look.any(&[Sign::Net, Sign::Process, Sign::FsWrite, Sign::Load]) => Severity::High,
        // Who means to replace a function has no need to put its name together.
        () if look.code.unit(look.scope.units[0]).signs.has(Sign::InPieces) => Severity::Medium,
        () if replaces => Severity::Low,
        () => Severity::Medium,
    };
    let severity = if replaces { severity.min(Severity::Medium) } else { severity };
    hit(
        severity,
        &[Sign::Interposed],
        WAY,
        "this takes the place of a function of the system in every program that links the crate".to_owned(),
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
            r##"#[unsafe(no_mangle)]
pub extern "C" fn getrandom(buf: *mut u8, len: usize, flags: u32) -> isize { unsafe { std::ptr::write_bytes(buf, 4, len) }; len as isize }
pub fn use_it() { if false { panic!() } }"##,
            Severity::Medium,
        );
    }

    #[test]
    fn look_alikes_are_left_alone() {
        is_quiet(
            &RULE,
            "src/lib.rs",
            r##"#[no_mangle]
pub extern "C" fn mylib_version() -> u32 { 1 }"##,
        );
    }
}
