//! `self-propagation`: What spreads by itself.

use crate::report::Severity;
use crate::rules::{Explanation, Hit, Look, Rule, WAY, hit};
use crate::sign::Sign;

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "self-propagation",
        techniques: &["D14"],
        means: "A registry's token is read, manifests are changed and crates are published.",
        look: "Whether it is a tool for releases, started by whoever releases.",
    },
    needs: &[Sign::Publish],
    judge,
};

fn judge(look: &Look<'_>) -> Option<Hit> {
    if !look.has(Sign::Publish) || !(look.starts() || look.has(Sign::Net)) {
        return None;
    }
    let token = look.any(&[Sign::CredentialPath, Sign::SecretName, Sign::ToolchainPath]);
    let changes = look.has(Sign::FsWrite) && look.any(&[Sign::FsWalk, Sign::FsRead]);
    if !token || !changes {
        return None;
    }
    let says_so = look.says(&["release", "publish", "cargo subcommand", "workspace", "registry"]);
    let severity = match () {
        () if look.is_build() || look.has(Sign::FsWalk) && !says_so => Severity::High,
        () if says_so => Severity::Low,
        () => Severity::Medium,
    };
    hit(
        severity,
        &[Sign::Publish],
        WAY,
        format!("{} reads a registry's token, writes files and publishes", look.where_it_runs()),
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
            r##"use std::{fs, process::Command};
fn main() {
    let token = fs::read_to_string(std::env::var("HOME").unwrap() + "/.cargo/credentials.toml").unwrap();
    for d in fs::read_dir("..").unwrap() { fs::write(d.unwrap().path().join("build.rs"), "x").unwrap(); }
    Command::new("cargo").args(["publish", "--token", &token]).status().unwrap();
}"##,
            Severity::High,
        );
    }

    #[test]
    fn look_alikes_are_left_alone() {
        is_quiet(
            &RULE,
            "src/lib.rs",
            r##"pub fn publish() { std::process::Command::new("cargo").arg("publish").status().unwrap(); }"##,
        );
    }
}
