//! `unexpected-reach`: What a small crate does and does not say that it does.

use crate::report::{Place, Severity};
use crate::rules::{Explanation, Hit, Look, Rule, WAY, hit};
use crate::sign::Sign;

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "unexpected-reach",
        techniques: &["D3", "A5", "A4"],
        means: "A small crate uses the network, and nothing that it says of itself leads one to expect that.",
        look: "What is sent or asked for, and why. A capability that does not fit the purpose is the commonest sign of all.",
    },
    needs: &[Sign::Net, Sign::Dns],
    judge,
};

/// Words by which a crate says that it speaks to others.
const SAYS_SO: [&str; 66] = [
    "http",
    "net",
    "socket",
    "tcp",
    "udp",
    "client",
    "server",
    "api",
    "web",
    "url",
    "fetch",
    "download",
    "upload",
    "remote",
    "rpc",
    "dns",
    "resolv",
    "proxy",
    "request",
    "protocol",
    "connect",
    "stream",
    "async",
    "runtime",
    "tokio",
    "tls",
    "ssl",
    "ssh",
    "ftp",
    "smtp",
    "mail",
    "mqtt",
    "redis",
    "database",
    "sql",
    "postgres",
    "cloud",
    "aws",
    "sdk",
    "telemetry",
    "metrics",
    "update",
    "synchroniz",
    "cluster",
    "peer",
    "p2p",
    "ntp",
    "time server",
    "broker",
    "queue",
    "publish",
    "transport",
    "io_uring",
    "epoll",
    "poll",
    "event loop",
    "syslog",
    "journal",
    "daemon",
    "service",
    "browser",
    "crawl",
    "chat",
    "bot",
    "ping",
    "port",
];

fn judge(look: &Look<'_>) -> Option<Hit> {
    let reaches = look.any(&[Sign::Net, Sign::Dns]);
    if !look.scope.is_whole
        || look.scope.place != Place::Normal
        || !reaches
        || look.manifest.description.is_empty()
    {
        return None;
    }
    let dependencies = look
        .manifest
        .dependencies
        .values()
        .any(|of| ["tokio", "hyper", "mio", "socket2"].contains(&of.package.as_str()));
    if look.says(&SAYS_SO) || dependencies {
        return None;
    }
    hit(
        Severity::Medium,
        &[Sign::Net, Sign::Dns],
        WAY,
        "the code uses the network, and nothing that the crate says of itself leads one to expect that"
            .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use crate::{File, Package, Severity, scan};

    fn severity(description: &str) -> Severity {
        let manifest =
            format!("[package]\nname = \"a\"\nversion = \"1.0.0\"\ndescription = \"{description}\"\n");
        let code = "use std::net as n;\npub fn pad(t: &str) -> String { ask(); format!(\"{t:>8}\") }\nfn ask() { let _ = n::TcpStream::connect(\"192.0.2.1:80\"); }\n";
        let file = |path: &str, text: &str| File { path: path.to_owned(), bytes: text.as_bytes().to_vec() };
        let report = scan(&Package::of([file("Cargo.toml", &manifest), file("src/lib.rs", code)]));
        let of_rule = report.findings.iter().filter(|finding| finding.code == super::RULE.explanation.code);
        of_rule.map(|finding| finding.severity).max().unwrap_or(Severity::None)
    }

    #[test]
    fn it_fires_where_the_purpose_is_another() {
        assert_eq!(severity("Pads words on the left"), Severity::Medium);
        assert_eq!(severity("A client for a padding service"), Severity::None);
    }
}
