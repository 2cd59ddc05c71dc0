//! `code-from-elsewhere`: Code where nobody looks.

use crate::report::Severity;
use crate::rules::{Explanation, Hit, Look, Rule, WAY, hit};
use crate::sign::Sign;

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "code-from-elsewhere",
        techniques: &["E9"],
        means: "Code is taken from a file that is no source file, or lies among tests, data or hidden files.",
        look: "That file: it is compiled like any other.",
    },
    needs: &[Sign::IncludesOdd],
    judge,
};

fn judge(look: &Look<'_>) -> Option<Hit> {
    let root = look.code.unit(look.scope.units[0]);
    if look.scope.is_whole || !root.signs.has(Sign::IncludesOdd) {
        return None;
    }
    hit(
        Severity::Medium,
        &[Sign::IncludesOdd],
        WAY,
        "code from a file that is no source file, or lies where none is looked for".to_owned(),
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
            r##"mod table { include!("../assets/table.dat"); }
pub fn f() { panic!() }"##,
            Severity::Medium,
        );
    }

    #[test]
    fn look_alikes_are_left_alone() {
        is_quiet(
            &RULE,
            "src/lib.rs",
            r##"include!(concat!(env!("OUT_DIR"), "/bindings.rs"));
#[cfg(unix)] #[path = "sys_unix.rs"] mod sys;
pub fn f() { panic!() }"##,
        );
    }
}
