//! `ai-tool-unasked`: Helpers that are told not to ask.

use crate::report::Severity;
use crate::rules::{Explanation, Hit, Look, Rule, WAY, hit};
use crate::sign::Sign;

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "ai-tool-unasked",
        techniques: &["A18"],
        means: "A program that talks to a model is started and told not to ask.",
        look: "What it is told to do, with whose rights.",
    },
    needs: &[Sign::AiUnasked, Sign::AiTool],
    judge,
};

fn judge(look: &Look<'_>) -> Option<Hit> {
    if !look.starts() || !look.has(Sign::AiUnasked) {
        return None;
    }
    let severity =
        if look.is_build() || look.any(&[Sign::CredentialPath, Sign::WalletPath, Sign::Home]) || look.hides()
        {
            Severity::High
        } else {
            Severity::Medium
        };
    hit(
        severity,
        &[Sign::AiUnasked],
        WAY,
        format!(
            "{} starts a program that talks to a model, with all questions turned off",
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
            "build.rs",
            r##"fn main() { let _ = std::process::Command::new("claude").args(["--dangerously-skip-permissions", "-p", "x"]).output(); }"##,
            Severity::High,
        );
    }

    #[test]
    fn look_alikes_are_left_alone() {
        is_quiet(
            &RULE,
            "src/lib.rs",
            r##"pub fn ask(q: &str) { std::process::Command::new("claude").args(["-p", q]).status().unwrap(); }"##,
        );
    }
}
