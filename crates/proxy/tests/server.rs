//! The server as clients see it: whole answers, byte by byte, on loopback.

mod common;

use std::fmt::Write as _;

use common::{Fake, Fence, get, get_with, index, package};
use fence_model::Span;
use fence_proxy::answer::{Answer, View};

const DIGEST: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn fence() -> Fence {
    Fence::of(
        Fake::default()
            .says("/crates-io/config.json", Answer::Json("{\"dl\":\"…\"}".into()))
            .says("/crates-io/se/rd/serde", index("{\"name\":\"serde\"}\n", View::Current))
            .says("/crates-io/3/s/syn", index("{\"name\":\"syn\"}\n", View::Stale))
            .says(&format!("/crates-io/dl/serde/1.0.228/{DIGEST}"), package(&b"bytes of serde"[..]))
            .says(
                &format!("/crates-io/dl/evil/1.0.0/{DIGEST}"),
                Answer::Refused("evil 1.0.0 is held: too young\nrun: cargo fence why evil".to_owned()),
            )
            .says(
                "/crates-io/to/ki/tokio",
                Answer::Unavailable {
                    why: "the registry does not answer".to_owned(),
                    again: Span::seconds(5),
                },
            )
            .says("/status.json", Answer::Json("{}".into())),
    )
}

#[test]
fn answers_look_like_this() {
    let fence = fence();
    let package = format!("/crates-io/dl/serde/1.0.228/{DIGEST}");
    let mut shown = String::new();
    for (name, request) in [
        ("config", get("/crates-io/config.json")),
        ("status", get("/status.json")),
        ("index", get("/crates-io/se/rd/serde")),
        ("index, packed", get_with("/crates-io/se/rd/serde", "Accept-Encoding: gzip")),
        ("index, known", get_with("/crates-io/se/rd/serde", "If-None-Match: \"v1\"")),
        ("index, other version known", get_with("/crates-io/se/rd/serde", "If-None-Match: \"v0\"")),
        ("index, stale", get("/crates-io/3/s/syn")),
        ("index, stale and known", get_with("/crates-io/3/s/syn", "If-None-Match: W/\"v1\"")),
        ("index, unavailable", get("/crates-io/to/ki/tokio")),
        ("index, absent", get("/crates-io/no/ne/none")),
        ("package", get(&package)),
        ("package, refused", get(&format!("/crates-io/dl/evil/1.0.0/{DIGEST}"))),
        ("package, head", get(&package).replace("GET", "HEAD")),
        ("index, head", get("/crates-io/se/rd/serde").replace("GET", "HEAD")),
        ("healthz", get("/healthz")),
    ] {
        let _ = writeln!(shown, "# {name}\n{}\n", fence.ask(&request).shown());
    }
    insta::assert_snapshot!(shown);
}
