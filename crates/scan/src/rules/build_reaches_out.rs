//! `build-reaches-out`: Builds that ask the network.

use crate::report::Severity;
use crate::rules::{Explanation, Hit, Look, Rule, hit};
use crate::sign::Sign;

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "build-reaches-out",
        techniques: &["E1", "E2"],
        means: "A build script or procedural macro uses the network.",
        look: "What is asked for, whether it can be given without the network, and whether its digest is checked. Some bindings download the library that they bind.",
    },
    needs: &[Sign::Net, Sign::Downloader, Sign::Dns, Sign::Listen, Sign::HiddenUrl],
    judge,
};

fn judge(look: &Look<'_>) -> Option<Hit> {
    if !look.is_build() || !(look.reaches_out() || look.any(&[Sign::Dns, Sign::Listen])) {
        return None;
    }
    hit(
        Severity::Medium,
        &[Sign::Net, Sign::Downloader, Sign::Dns, Sign::Listen],
        &[Sign::Url, Sign::Send, Sign::Env],
        format!("{} uses the network while a dependent is built", look.where_it_runs()),
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
            r##"use ::std::net as n;
fn main() { if let Ok(s) = n::TcpStream::connect("192.0.2.1:80") { drop(s); } }"##,
            Severity::Medium,
        );
    }

    #[test]
    fn look_alikes_are_left_alone() {
        is_quiet(&RULE, "build.rs", r##"fn main() { println!("cargo:rerun-if-changed=https.c"); }"##);
        is_quiet(
            &RULE,
            "src/lib.rs",
            r##"pub fn c() { let _ = std::net::TcpStream::connect("192.0.2.1:80"); }"##,
        );
    }
}
