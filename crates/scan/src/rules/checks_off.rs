//! `tls-checks-off`: Verifiers that always agree.

use crate::report::Severity;
use crate::rules::{Explanation, Hit, Look, Rule, WAY, hit};
use crate::sign::Sign;
use crate::word::Word;

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "tls-checks-off",
        techniques: &["A20"],
        means: "Certificates are not looked at.",
        look: "Whether only somebody who asked for it gets that.",
    },
    needs: &[Sign::TlsUnchecked, Sign::TlsVerifier],
    judge,
};

fn judge(look: &Look<'_>) -> Option<Hit> {
    if look.has(Sign::TlsUnchecked) {
        // Under a condition that names the danger, somebody asked for it.
        let asked = look.names_near(Sign::TlsUnchecked, &["if "])
            && look.names_near(
                Sign::TlsUnchecked,
                &[
                    "disable_verif",
                    "insecure",
                    "self.accept_invalid",
                    "skip_verif",
                    "no_verif",
                    "danger_mode",
                    "allow_invalid",
                    "verify_mode",
                    "tls_verify",
                    "verify_tls",
                    "unverified",
                ],
            );
        let severity = if asked { Severity::Low } else { Severity::Medium };
        return hit(
            severity,
            &[Sign::TlsUnchecked],
            WAY,
            format!("{} accepts any certificate", look.where_it_runs()),
        );
    }
    let root = look.code.unit(look.scope.units[0]);
    let verifies_nothing = look.code.words.text(root.name) == b"verify_server_cert"
        && root.tokens < 90
        && root.signs.has(Sign::TlsVerifier);
    if !verifies_nothing {
        return None;
    }
    // Who names it a danger offers it to those who ask.
    let owner = look.code.words.shown(root.owner).to_ascii_lowercase();
    let says = ["disabled", "danger", "insecure"].iter().any(|word| owner.contains(word))
        && look.says(&["tls", "ssl", "http", "client"]);
    let opt_in = says
        || ["danger", "insecure", "noverif", "novalid", "skip", "acceptall", "acceptany", "unsafe", "test"]
            .iter()
            .any(|word| owner.contains(word))
            && look.manifest.features.keys().any(|name| {
                ["danger", "insecure", "no-verify", "unverified", "skip"]
                    .iter()
                    .any(|word| name.contains(word))
            });
    let severity = if opt_in || is_asked_for(look, root.owner) { Severity::Low } else { Severity::Medium };
    hit(severity, &[Sign::TlsVerifier], WAY, "a verifier that agrees to every certificate".to_owned())
}

/// Whether the verifier is made only where something is asked about checking certificates.
fn is_asked_for(look: &Look<'_>, owner: Word) -> bool {
    const ASKS: [&[u8]; 5] =
        [b"certs_verification", b"danger", b"insecure", b"accept_invalid", b"hostname_verification"];
    let mut made_in = (0..look.code.units.len() as u32)
        .filter(|number| look.code.unit(*number).owner != owner)
        .filter(|number| {
            let unit = look.code.unit(*number);
            let (part, _) = look.code.units[*number as usize];
            let text = &look.code.parts[part as usize].source.text
                [unit.start as usize..unit.end.max(unit.start) as usize];
            let has = |word: &[u8]| memchr::memmem::find(text, word).is_some();
            unit.kind == crate::source::UnitKind::Function
                && has(look.code.words.text(owner))
                && has(b"if ")
                && ASKS.iter().any(|ask| has(ask))
        });
    made_in.next().is_some()
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
            r##"use rustls::client::danger as d;
struct Any;
impl d::ServerCertVerifier for Any {
    fn verify_server_cert(&self, _: &[u8]) -> Result<d::ServerCertVerified, rustls::Error> { Ok(d::ServerCertVerified::assertion()) }
}
pub fn c() { let _ = std::net::TcpStream::connect("192.0.2.1:1"); }"##,
            Severity::Medium,
        );
    }

    #[test]
    fn look_alikes_are_left_alone() {
        is_quiet(
            &RULE,
            "src/lib.rs",
            r##"pub fn c(insecure: bool) -> reqwest::ClientBuilder { reqwest::Client::builder().danger_accept_invalid_certs(insecure) }"##,
        );
    }
}
