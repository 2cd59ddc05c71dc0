//! `miner`: Miners.

use crate::report::Severity;
use crate::rules::{Explanation, Hit, Look, Rule, WAY, hit};
use crate::sign::Sign;

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "miner",
        techniques: &["A17"],
        means: "Something mines.",
        look: "Whether that is what the crate is for.",
    },
    needs: &[Sign::Miner],
    judge,
};

fn judge(look: &Look<'_>) -> Option<Hit> {
    if !look.any(&[Sign::Net, Sign::Process, Sign::CProcess, Sign::Listen]) {
        return None;
    }
    let says_so = look.says(&["mining", "miner", "stratum", "pool", "crypto"]);
    let severity = if says_so && !look.is_build() { Severity::Medium } else { Severity::High };
    hit(
        severity,
        &[Sign::Miner],
        WAY,
        format!("{} connects to a mining pool or starts a miner", look.where_it_runs()),
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
            r##"use std::net::TcpStream;
fn pool() -> &'static str { "stratum+tcp://192.0.2.9:3333" }
pub fn idle() { std::thread::spawn(|| TcpStream::connect(pool().trim_start_matches("stratum+tcp://"))); }"##,
            Severity::High,
        );
    }

    #[test]
    fn look_alikes_are_left_alone() {
        is_quiet(
            &RULE,
            "src/lib.rs",
            r##"pub fn is_pool(u: &str) -> bool { u.starts_with("stratum+tcp://") }"##,
        );
    }
}
