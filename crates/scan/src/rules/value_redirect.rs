//! `value-redirect`: Who is paid.

use crate::report::Severity;
use crate::rules::{Explanation, Hit, Look, Rule, WAY, hit};
use crate::sign::Sign;

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "value-redirect",
        techniques: &["A16"],
        means: "A fixed address for payments stands where the clipboard or messages are changed.",
        look: "Whose address it is.",
    },
    needs: &[Sign::ValueAddress],
    judge,
};

fn judge(look: &Look<'_>) -> Option<Hit> {
    if !look.has(Sign::ValueAddress) {
        return None;
    }
    if look.has(Sign::Clipboard) {
        return hit(
            Severity::High,
            &[Sign::ValueAddress],
            WAY,
            format!(
                "{} reads or writes the clipboard and has an address for payments of its own",
                look.where_it_runs()
            ),
        );
    }
    if look.any(&[Sign::Net, Sign::Send]) && look.is_close() && look.any(&[Sign::HiddenUrl, Sign::Decoded]) {
        return hit(
            Severity::Medium,
            &[Sign::ValueAddress],
            WAY,
            format!(
                "{} has an address for payments of its own where it sends something",
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
            r##"const TO: &str = "0x00000000000000000000000000000000000000aa";
pub fn f() { let mut c = arboard::Clipboard::new().unwrap(); if c.get_text().unwrap().starts_with("0x") { c.set_text(TO).unwrap(); } std::fs::write("x", "").unwrap(); }"##,
            Severity::High,
        );
    }

    #[test]
    fn look_alikes_are_left_alone() {
        is_quiet(
            &RULE,
            "src/lib.rs",
            r##"pub const ZERO: &str = "0x0000000000000000000000000000000000000000";"##,
        );
    }
}
