//! `code-in-text`: Texts that become code.

use crate::report::Severity;
use crate::rules::{Explanation, Hit, Look, Rule, WAY, hit};
use crate::sign::Sign;

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "code-in-text",
        techniques: &["O6", "E9"],
        means: "Code that starts programs or connects is in a text, which becomes code.",
        look: "Why it is not written as code.",
    },
    needs: &[Sign::ParseCode, Sign::CodeText, Sign::HiddenCode],
    judge,
};

fn judge(look: &Look<'_>) -> Option<Hit> {
    let code = look.any(&[Sign::CodeText, Sign::HiddenCode]);
    let becomes = look.has(Sign::ParseCode) || (look.is_build() && look.has(Sign::FsWrite));
    let decodes = look.is_close()
        && (look.hides()
            || (look.has(Sign::Reverse) && look.has(Sign::ToText))
            || (look.has(Sign::Opaque) && look.any(&[Sign::Xor, Sign::Decode])));
    if look.has(Sign::ParseCode) && decodes && !code {
        return hit(
            Severity::Medium,
            &[Sign::ParseCode],
            WAY,
            format!("{} makes code of a text that is decoded first", look.where_it_runs()),
        );
    }
    if !code || !becomes {
        return None;
    }
    let severity = if look.has(Sign::HiddenCode) { Severity::High } else { Severity::Medium };
    hit(
        severity,
        &[Sign::CodeText, Sign::ParseCode],
        WAY,
        format!(
            "{} makes code of a text in which programs are started or connections made",
            look.where_it_runs()
        ),
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
            r##"use std::str::FromStr;
pub fn f() -> proc_macro2::TokenStream { proc_macro2::TokenStream::from_str("std::process::Command::new(x)").unwrap() }"##,
            Severity::Medium,
        );
    }

    #[test]
    fn look_alikes_are_left_alone() {
        is_quiet(
            &RULE,
            "src/lib.rs",
            r##"/// Like `std::process::Command`.
pub const HELP: &str = "see std::process::Command";"##,
        );
    }
}
