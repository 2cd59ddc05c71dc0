//! `toolchain-tampering`: What all builds use.

use crate::report::Severity;
use crate::rules::{Explanation, Hit, Look, Rule, WAY, hit};
use crate::sign::Sign;

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "toolchain-tampering",
        techniques: &["E10"],
        means: "A build writes into cargo's configuration, the registry's sources or the toolchain.",
        look: "What is written there. It changes all later builds of that user.",
    },
    needs: &[Sign::ToolchainPath, Sign::WrapperName],
    judge,
};

fn judge(look: &Look<'_>) -> Option<Hit> {
    if look.is_build() && look.has(Sign::EnvSet) && look.has(Sign::WrapperName) && look.is_close() {
        return hit(
            Severity::Medium,
            &[Sign::WrapperName],
            WAY,
            format!("{} sets a variable by which cargo is given another compiler", look.where_it_runs()),
        );
    }
    let writes = look.any(&[Sign::FsWrite, Sign::EnvSet]);
    if !writes || !look.has(Sign::ToolchainPath) {
        return None;
    }
    let severity = match () {
        () if look.is_build() && look.has(Sign::FsWrite) && look.has(Sign::ToolchainFile) => Severity::High,
        () if look.is_build() => Severity::Medium,
        () if look.is_close()
            && look.any(&[Sign::Home, Sign::Shell])
            && !look.says(&["cargo", "rustup", "toolchain", "rust"]) =>
        {
            Severity::Medium
        }
        () => Severity::Low,
    };
    hit(
        severity,
        &[Sign::ToolchainPath],
        WAY,
        format!("{} writes files, and names cargo's configuration or the toolchain", look.where_it_runs()),
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
    let home = std::env::var_os("CARGO_HOME").unwrap();
    std::fs::write(std::path::Path::new(&home).join("config.toml"), "[build]\nrustc-wrapper = 'x'").unwrap();
}"##,
            Severity::High,
        );
    }

    #[test]
    fn look_alikes_are_left_alone() {
        is_quiet(
            &RULE,
            "src/lib.rs",
            r##"pub fn home() -> Option<std::ffi::OsString> { std::env::var_os("CARGO_HOME") }"##,
        );
    }
}
