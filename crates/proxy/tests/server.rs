//! The server as clients see it: whole answers, byte by byte, on loopback.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use std::fmt::Write as _;
use std::net::TcpStream;
use std::num::NonZeroUsize;
use std::sync::{Arc, LazyLock, mpsc};
use std::time::Duration;

use common::{Client, Fake, Fence, Thought, get, get_with, index, package, settings};
use fence_model::Span;
use fence_proxy::answer::{About, Answer, Asset, IndexPage, View};
use fence_proxy::server::{Limits, Names, Settings, Tokens};
use proptest::collection::vec;
use proptest::prelude::*;
use tokio::sync::Semaphore;

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
            .says("/status.json", Answer::Json("{}".into()))
            .says("/", page("waiting", About::Something))
            .says("/search?q=a+b%21", page("a search", About::Something))
            .says("/crates-io/crate/serde", page("a crate", About::Something))
            .says("/crates-io/crate/none", page("none", About::Nothing))
            .says("/crates-io/crate/gone/1.0.0", page("who knows", About::Unknown))
            .says("/style.css", Answer::Asset(Asset::Style)),
    )
}

fn page(text: &str, about: About) -> Answer {
    Answer::Page { html: format!("<!doctype html>\n<p>{text}</p>\n").into(), about }
}

#[test]
fn pages_are_confined() {
    let fence = fence();
    let tag = fence.get("/style.css").header("etag").unwrap().to_owned();
    let mut shown = String::new();
    for (name, request) in [
        ("a page", get("/")),
        ("a page, head", get("/").replace("GET", "HEAD")),
        ("a search", get("/search?q=a+b%21")),
        ("nothing", get("/crates-io/crate/none")),
        ("nobody knows", get("/crates-io/crate/gone/1.0.0")),
        ("a style sheet, head", get("/style.css").replace("GET", "HEAD")),
        ("a style sheet, known", get_with("/style.css", &format!("If-None-Match: {tag}"))),
    ] {
        let reply = fence.ask(&request).shown().replace(&tag, "\"TAG\"");
        let lines = reply.lines().map(|line| match line.strip_prefix("content-length: ") {
            Some(_) if name.starts_with("a style") => "content-length: LENGTH",
            _ => line,
        });
        let _ = writeln!(shown, "# {name}\n{}\n", lines.collect::<Vec<_>>().join("\n"));
    }
    insta::assert_snapshot!(shown);
}

/// A name that leads to this machine and is none of the fence's is that of somebody else's web page.
#[test]
fn a_fence_answers_to_its_names() {
    let fence = fence();
    let ask = |path: &str, host: &str| fence.ask(&get(path).replace("Host: fence", &format!("Host: {host}")));
    let package = format!("/crates-io/dl/serde/1.0.228/{DIGEST}");
    let paths = [
        "/",
        "/crates-io/crate/serde",
        "/style.css",
        "/status.json",
        "/metrics",
        "/crates-io/config.json",
        "/crates-io/se/rd/serde",
        &package,
    ];
    for host in ["fence", "fence:7343", "localhost:1", "127.0.0.1:7343", "[::1]:7343", "10.1.2.3"] {
        for path in paths {
            assert_eq!(ask(path, host).status, "HTTP/1.1 200 OK", "{host} {path}");
        }
    }
    for host in ["evil.example", "evil.example:7343", "127.0.0.1.evil.example", "fence.evil.example", ""] {
        for path in paths.into_iter().chain(["/search?q=a", "/nothing"]) {
            assert_eq!(ask(path, host).status, "HTTP/1.1 421 Misdirected Request", "{host} {path}");
        }
        assert_eq!(ask("/healthz", host).status, "HTTP/1.1 200 OK", "{host}");
    }
    // The target of a request counts more than its header.
    let absolute = "GET http://evil.example/ HTTP/1.1\r\nHost: fence\r\n\r\n";
    assert_eq!(fence.ask(absolute).status, "HTTP/1.1 421 Misdirected Request");
    // What names no host at all is no browser's, and is not answered either.
    assert_eq!(fence.ask("GET /metrics HTTP/1.0\r\n\r\n").status, "HTTP/1.0 421 Misdirected Request");
    // Nor does another protocol get around it: the request that offers it is answered in that.
    let offer = "Connection: Upgrade, HTTP2-Settings\nUpgrade: h2c\nHTTP2-Settings: AAMAAABk";
    let mut client = fence.connect();
    client.send(get_with("/crates-io/se/rd/serde", offer).replace("Host: fence", "Host: evil.example"));
    assert_eq!(client.reply().status, "HTTP/1.1 101 Switching Protocols");
    client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
    let stranger = ask("/", "evil.example");
    assert_eq!(answer_on(1, &mut client).1, stranger.body);
    insta::assert_snapshot!(stranger.shown());
}

#[test]
fn a_browser_is_asked_for_a_token_as_browsers_know_it() {
    let settings = Settings {
        tokens: Some(Tokens::new(["first"]).unwrap()),
        names: Names::of_url("https://fence/"),
        ..settings()
    };
    let fence = Fence::with(settings, Fake::default().says("/", page("waiting", About::Something)));
    for (path, scheme) in [
        ("/", "Basic realm=\"fence\", charset=\"UTF-8\""),
        ("/style.css", "Basic realm=\"fence\", charset=\"UTF-8\""),
        ("/crates-io/crate/serde", "Basic realm=\"fence\", charset=\"UTF-8\""),
        ("/crates-io/config.json", "Cargo"),
        ("/crates-io/se/rd/serde", "Cargo"),
        ("/nothing/of/the/kind", "Cargo"),
    ] {
        let reply = fence.get(path);
        assert_eq!(reply.status, "HTTP/1.1 401 Unauthorized", "{path}");
        assert_eq!(reply.header("www-authenticate"), Some(scheme), "{path}");
    }
    // `me:first`, as a browser sends it.
    let reply = fence.ask(&get_with("/", "Authorization: Basic bWU6Zmlyc3Q="));
    assert_eq!(reply.status, "HTTP/1.1 200 OK");
    let reply = fence.ask(&get_with("/", "Authorization: Basic bWU6c2Vjb25k"));
    assert_eq!(reply.status, "HTTP/1.1 401 Unauthorized");
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

/// The first lines of what comes of these requests, each on a connection of its own, without the headers that all have.
fn check(fence: &Fence, requests: &[(&str, &str)], snapshot: impl FnOnce(&str)) {
    let mut shown = String::new();
    for (name, request) in requests {
        let reply = fence.ask(request);
        let _ = writeln!(shown, "{name}\n    {} | {}", reply.status, reply.text());
    }
    snapshot(&shown);
}

#[test]
fn whatever_is_no_path_of_a_registry_is_not_found() {
    let fence = fence();
    let long = format!("/crates-io/{}", "a".repeat(10_000));
    let mut shown = String::new();
    for path in [
        "/?",
        "/policy?x",
        "/policy/",
        "/codes/nothing",
        "/codes/young/",
        "/crates-io/crate/",
        "/crates-io/crate/serde/",
        "/crates-io/crate/serde?q=a",
        "/crates-io/crate/serde/1.0",
        "/crates-io/crate/serde/1.0.0/x",
        "/crates-io/crate/%3Cscript%3E",
        "/style.css?x",
        "/favicon.ico",
        "/crates-io",
        "/crates-io/",
        "/config.json",
        "/crates-io/config.json/",
        "/crates-io/config.json?",
        "/crates-io/config.json?a=b",
        "//crates-io/config.json",
        "/crates-io//config.json",
        "/crates-io/../crates-io/config.json",
        "/crates-io/%2e%2e/config.json",
        "/crates-io/%63onfig.json",
        "/crates-io/se/rd/SERDE",
        "/crates-io/SE/RD/serde",
        "/crates-io/aa/bb/serde",
        "/crates-io/se/rd/serde.json",
        "/crates-io/se/rd/../rd/serde",
        "/crates-io/se\\rd\\serde",
        "/crates-io/dl/serde/1.0.228",
        "/crates-io/dl/serde/1.0.228/AAAA",
        "/crates-io/dl/serde/1.0.x/aaaa",
        "/crates%2dio/config.json",
        "/crätes/config.json",
        "/healthz/",
        "/Metrics",
        "/status.json?x",
        "/healthz?x",
        &long,
    ] {
        let shown_path = if path.len() > 100 { "/crates-io/aaa… (10 kB)" } else { path };
        let _ = writeln!(shown, "{shown_path} | {}", fence.get(path).status);
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn a_request_that_is_none_of_ours_is_told_so() {
    let many = (0..200).map(|n| format!("X-{n}: 1\r\n")).collect::<String>();
    check(
        &fence(),
        &[
            ("absolute form", "GET http://fence/healthz HTTP/1.1\r\nHost: fence\r\n\r\n"),
            ("HTTP/1.0", "GET /healthz HTTP/1.0\r\n\r\n"),
            ("no host", "GET /healthz HTTP/1.1\r\n\r\n"),
            ("two hosts", "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
            ("POST", "POST /healthz HTTP/1.1\r\nHost: fence\r\nContent-Length: 0\r\n\r\n"),
            (
                "PUT with a body",
                "PUT /api/v1/crates/new HTTP/1.1\r\nHost: fence\r\nContent-Length: 4\r\n\r\nbody",
            ),
            ("OPTIONS", "OPTIONS * HTTP/1.1\r\nHost: fence\r\n\r\n"),
            ("CONNECT", "CONNECT elsewhere:443 HTTP/1.1\r\nHost: elsewhere:443\r\n\r\n"),
            ("TRACE", "TRACE /healthz HTTP/1.1\r\nHost: fence\r\n\r\n"),
            ("a method of their own", "STEAL /healthz HTTP/1.1\r\nHost: fence\r\n\r\n"),
            ("NUL in the path", "GET /heal\0thz HTTP/1.1\r\nHost: fence\r\n\r\n"),
            ("NUL in a header", "GET /healthz HTTP/1.1\r\nHost: fence\r\nX: a\0b\r\n\r\n"),
            ("no version", "GET /healthz\r\nHost: fence\r\n\r\n"),
            ("two spaces", "GET  /healthz HTTP/1.1\r\nHost: fence\r\n\r\n"),
            ("a space in the path", "GET /heal thz HTTP/1.1\r\nHost: fence\r\n\r\n"),
            (
                "two lengths",
                "GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            ),
            ("a folded header", "GET /healthz HTTP/1.1\r\nHost: fence\r\n folded\r\n\r\n"),
            ("many headers", &format!("GET /healthz HTTP/1.1\r\nHost: fence\r\n{many}\r\n")),
            ("a long header", &get_with("/healthz", &format!("X: {}", "a".repeat(100_000)))),
            ("a very long path", &get(&format!("/{}", "a".repeat(100_000)))),
        ],
        |shown| insta::assert_snapshot!(shown),
    );
}

#[test]
fn connections_are_kept() {
    let fence = fence();
    let mut client = fence.connect();
    for path in ["/healthz", "/crates-io/se/rd/serde", "/crates-io/no/ne/none", "/nothing", "/healthz"] {
        client.send(get(path));
        assert_eq!(client.reply().status, fence.get(path).status, "{path}");
    }
    client.send(get_with("/healthz", "Connection: close"));
    assert_eq!(client.reply().header("connection"), Some("close"));
    assert_eq!(client.rest(), b"");
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let fence = fence();
    let paths = ["/crates-io/se/rd/serde", "/crates-io/no/ne/none", "/crates-io/3/s/syn", "/healthz"];
    let mut client = fence.connect();
    client.send(paths.map(get).concat().repeat(50));
    for n in 0..50 {
        for path in paths {
            let (reply, alone) = (client.reply(), fence.get(path));
            assert_eq!((reply.status, reply.body), (alone.status, alone.body), "{path}, round {n}");
        }
    }
}

#[test]
fn a_body_is_no_second_request() {
    let fence = fence();
    let hidden = get("/status.json");
    let last = get_with("/healthz", "Connection: close");
    let mut shown = String::new();
    for (name, request) in [
        (
            "with a length",
            get_with("/healthz", &format!("Content-Length: {}", hidden.len())) + &hidden + &last,
        ),
        (
            "in chunks",
            get_with("/healthz", "Transfer-Encoding: chunked")
                + &format!("{:x}\r\n{hidden}\r\n0\r\n\r\n", hidden.len())
                + &last,
        ),
        ("expected", get_with("/healthz", "Content-Length: 5\nExpect: 100-continue")),
        ("larger than anything", get_with("/healthz", "Content-Length: 5000000") + &"a".repeat(200_000)),
    ] {
        let mut client = fence.connect();
        client.send(request);
        let rest = String::from_utf8(client.rest()).unwrap();
        let statuses: Vec<_> = rest.lines().filter(|line| line.contains("HTTP/")).collect();
        let _ = writeln!(shown, "{name}: {statuses:?}");
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn a_refusal_is_cut_where_cargo_would_cut_it() {
    let path = format!("/crates-io/dl/evil/1.0.0/{DIGEST}");
    let check = |said: String, expected: String| {
        let reply = Fence::of(Fake::default().says(&path, Answer::Refused(said))).get(&path);
        assert_eq!(reply.text(), expected);
    };
    check("é".repeat(512), "é".repeat(512));
    check("é".repeat(513), "é".repeat(512));
}

#[test]
fn an_index_file_comes_whole_in_either_coding() {
    let text = "{\"name\":\"serde\",\"vers\":\"1.0.0\"}\n".repeat(20_000);
    let fence = Fence::of(Fake::default().says("/crates-io/se/rd/serde", index(&text, View::Current)));
    for headers in ["Accept-Encoding: gzip", "Accept-Encoding: identity", "Accept-Encoding: gzip;q=0, br"] {
        assert!(fence.ask(&get_with("/crates-io/se/rd/serde", headers)).text() == text, "{headers}");
    }
}

#[test]
fn a_damaged_index_file_breaks_the_connection() {
    let damaged = |change: fn(&mut IndexPage)| {
        let Answer::Index(page) = index("{\"name\":\"serde\"}\n", View::Current) else { unreachable!() };
        let mut page = IndexPage::clone(&page);
        change(&mut page);
        Fence::of(Fake::default().says("/crates-io/se/rd/serde", Answer::Index(Arc::new(page))))
    };
    let check = |fence: Fence| {
        let mut client = fence.connect();
        client.send(get("/crates-io/se/rd/serde"));
        assert_eq!(client.read_reply(true).unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
    };
    check(damaged(|page| page.gzip.truncate(12)));
    check(damaged(|page| page.length += 1));
}

#[test]
fn a_large_package_comes_whole() {
    let path = format!("/crates-io/dl/large/1.0.0/{DIGEST}");
    let bytes: Vec<u8> = (0..5_000_000_u32).map(|n| (n % 251) as u8).collect();
    let fence = Fence::of(Fake::default().says(&path, package(bytes.clone())));
    assert!(fence.get(&path).body == bytes);
    // A connection that ends with it, whatever else was offered.
    for last in ["Connection: close", "Connection: close, Upgrade\nUpgrade: websocket"] {
        let mut client = fence.connect();
        client.send(get_with(&path, last));
        assert!(client.reply().body == bytes, "{last}");
        assert_eq!(client.rest(), b"");
    }
}

#[test]
fn with_tokens_nobody_gets_in_without() {
    let tokens = Tokens::new(["first", "second"]).unwrap();
    let fence = Fence::with(
        Settings { tokens: Some(tokens), ..settings() },
        Fake::default().says("/crates-io/config.json", Answer::Json("{}".into())),
    );
    let mut shown = String::new();
    for (name, request) in [
        ("none", get("/crates-io/config.json")),
        ("wrong", get_with("/crates-io/config.json", "Authorization: third")),
        ("bare", get_with("/crates-io/config.json", "Authorization: first")),
        ("bearer", get_with("/crates-io/config.json", "Authorization: Bearer second")),
        ("none, for nothing", get("/nothing")),
        ("right, for nothing", get_with("/nothing", "Authorization: first")),
        ("none, for health", get("/healthz")),
    ] {
        let _ = writeln!(shown, "# {name}\n{}\n", fence.ask(&request).shown());
    }
    assert_eq!(fence.get("/metrics").status, "HTTP/1.1 200 OK");
    let told = fence.told();
    assert!(!told.contains("first") && !told.contains("third"), "{told}");
    insta::assert_snapshot!(shown);
}

#[test]
fn health_is_told() {
    let fence = Fence::of(Fake::default().falls_ill("the disk is full: make room in the cache's folder"));
    insta::assert_snapshot!(fence.get("/healthz").shown());
}

#[test]
fn figures_are_told() {
    let fence = fence();
    let mut client = fence.connect();
    for request in [
        get("/crates-io/se/rd/serde"),
        get_with("/crates-io/se/rd/serde", "If-None-Match: \"v1\""),
        get("/crates-io/se/rd/serde"),
        get("/crates-io/no/ne/none"),
        get("/nothing"),
        get("/metrics"),
    ] {
        client.send(request);
        client.reply();
    }
    client.send(get("/metrics"));
    let page = client.reply();
    // How long an answer took, and how long the date is, are nobody's to say.
    let without_times = |line: &str| match line.rsplit_once(' ') {
        Some((name, _)) if name.starts_with("fence_http_wait_seconds") && !name.ends_with("_count") => {
            format!("{name} …")
        }
        Some((name @ "fence_http_sent_bytes_total", _)) => format!("{name} …"),
        _ => line.to_owned(),
    };
    let shown: Vec<_> = page.shown().lines().map(without_times).collect();
    insta::assert_snapshot!(shown.join("\n").replace(&page.body.len().to_string(), "LENGTH"));
}

#[test]
fn requests_are_told_of() {
    let fence = fence();
    for path in [
        "/healthz",
        "/crates-io/se/rd/serde",
        "/crates-io/no/ne/none",
        &format!("/crates-io/dl/evil/1.0.0/{DIGEST}"),
        "/crates-io/to/ki/tokio",
        "/it's\"nothing\"{é}",
        "/crates-io/config.json?token=secret",
        &format!("/{}", "a".repeat(2_000)),
    ] {
        fence.get(path);
    }
    let mut client = fence.connect();
    client.send("no HTTP\r\n\r\n");
    client.rest();
    fence.waits_for("connection-cut");
    insta::assert_snapshot!(fence.told());
}

#[test]
fn an_answer_that_does_not_come_is_not_waited_for() {
    let limits = Limits { answer: Duration::from_millis(50), ..Limits::DEFAULT };
    let fake = Fake::default()
        .thinks("/crates-io/se/rd/serde", Thought::Never)
        .thinks("/crates-io/3/s/syn", Thought::Fails);
    let fence = Fence::with(Settings { limits, ..settings() }, fake);
    let shown = ["/crates-io/se/rd/serde", "/crates-io/3/s/syn"].map(|path| fence.get(path).shown());
    insta::assert_snapshot!(shown.join("\n\n"));
}

#[test]
fn an_answer_that_nobody_waits_for_any_more_is_let_go() {
    let (told, what) = mpsc::channel();
    let fence = Fence::of(Fake::default().thinks("/crates-io/se/rd/serde", Thought::Unwanted(told)));
    let mut client = fence.connect();
    client.send(get("/crates-io/se/rd/serde"));
    assert_eq!(what.recv(), Ok("asked"));
    drop(client);
    assert_eq!(what.recv_timeout(Duration::from_secs(20)), Ok("left"));
}

#[test]
fn one_connection_too_many_is_told_so() {
    let limits = Limits { connections: 2, ..Limits::DEFAULT };
    let fence = Fence::with(Settings { limits, ..settings() }, Fake::default());
    let open = || {
        let mut client = fence.connect();
        client.send(get("/healthz"));
        client.reply();
        client
    };
    let (mut first, second) = (open(), open());
    let mut third = fence.connect();
    let refused = third.reply();
    assert_eq!(third.rest(), b"");
    drop(second);
    // That the second has gone shows to the server in its own time.
    let mut figures = || {
        first.send(get("/metrics"));
        first.reply().text()
    };
    let mut page = figures();
    while !page.contains("fence_http_connections 1\n") {
        page = figures();
    }
    assert!(page.contains("fence_http_connections_refused_total 1\n"), "{page}");
    open();
    insta::assert_snapshot!(refused.shown());
}

#[test]
fn who_keeps_the_server_waiting_is_cut_off() {
    let short = Duration::from_millis(40);
    let path = format!("/crates-io/dl/large/1.0.0/{DIGEST}");
    let cut = |limits: Limits, sent: &str, why: &str| {
        let fake = Fake::default().says(&path, package(vec![7; 50_000_000]));
        let fence = Fence::with(Settings { limits, ..settings() }, fake);
        let mut client = fence.connect();
        client.send(sent);
        fence.waits_for_words(&format!("was ended: {why}"));
        // What was in the buffers still comes.
        assert!(client.rest().len() < 50_000_000);
        fence
    };
    let defaults = Limits::DEFAULT;
    cut(Limits { head: short, ..defaults }, "GET /healthz HTTP/1.1\r\nHos", "slow-request");
    let fence = cut(Limits { idle: short, ..defaults }, &get("/healthz"), "idle");
    assert_eq!(fence.figure("fence_http_connections_cut_total{why=\"idle\"}"), 1.0);
    let fence = cut(Limits { stall: short, ..defaults }, &get(&path), "slow-reader");
    assert_eq!(fence.figure("fence_http_connections_cut_total{why=\"slow-reader\"}"), 1.0);
}

#[test]
fn a_stop_waits_for_running_answers() {
    let (asked, is_asked) = mpsc::channel();
    let gate = Arc::new(Semaphore::new(0));
    let answer = index("{\"name\":\"serde\"}\n", View::Current);
    let fake =
        Fake::default().thinks("/crates-io/se/rd/serde", Thought::Waits(asked, Arc::clone(&gate), answer));
    // With one worker, both connections have heard of the stop once one is closed.
    let mut fence = Fence::with(Settings { workers: NonZeroUsize::MIN, ..settings() }, fake);
    let mut idle = fence.connect();
    idle.send(get("/healthz"));
    idle.reply();
    let mut running = fence.connect();
    running.send(get("/crates-io/se/rd/serde"));
    is_asked.recv().unwrap();
    fence.tell_to_stop();
    fence.waits_for("stopping");
    assert_eq!(idle.rest(), b"", "an idle connection is closed at once");
    assert!(TcpStream::connect(fence.address).is_err(), "nobody new gets in");
    gate.add_permits(1);
    let reply = running.reply();
    assert_eq!(
        (reply.text(), reply.header("connection")),
        ("{\"name\":\"serde\"}\n".to_owned(), Some("close"))
    );
    fence.stopped();
}

#[test]
fn a_stop_does_not_wait_for_ever() {
    let limits = Limits { stop: Duration::from_millis(50), ..Limits::DEFAULT };
    let (asked, is_asked) = mpsc::channel();
    let waits = Thought::Waits(asked, Arc::new(Semaphore::new(0)), Answer::Absent(String::new()));
    let fake = Fake::default().thinks("/crates-io/se/rd/serde", waits);
    let mut fence = Fence::with(Settings { limits, ..settings() }, fake);
    let mut client = fence.connect();
    client.send(get("/crates-io/se/rd/serde"));
    is_asked.recv().unwrap();
    fence.stopped();
    assert_eq!(client.rest(), b"");
}

/// How many files this process may open, as far as the system says so.
fn open_files() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(256)
}

#[test]
fn two_thousand_clients_at_once_get_right_answers() {
    const CLIENTS: usize = 2_000;
    let path = |n: usize| format!("/crates-io/cr/at/crate{n}");
    let text = |n: usize| format!("{{\"name\":\"crate{n}\"}}\n");
    let fake = (0..CLIENTS).fold(Fake::default(), |fake, n| match n % 2 {
        0 => fake.says(&path(n), index(&text(n), View::Current)),
        _ => fake.thinks(&path(n), Thought::Says(index(&text(n), View::Current))),
    });
    let fence = Fence::of(fake);
    // Both ends are in this process.
    let at_once = CLIENTS.min(open_files().saturating_sub(100) / 2);
    for wave in (0..CLIENTS).collect::<Vec<_>>().chunks(at_once) {
        let mut clients: Vec<_> = wave.iter().map(|n| (*n, fence.connect())).collect();
        for _ in 0..3 {
            for (n, client) in &mut clients {
                client.send(get_with(&path(*n), if *n % 3 == 0 { "Accept-Encoding: gzip" } else { "X: y" }));
            }
            for (n, client) in &mut clients {
                assert_eq!(client.reply().text(), text(*n));
            }
        }
    }
    let answered = "fence_http_requests_total{kind=\"index\",status=\"200\",protocol=\"1.1\"}";
    assert_eq!(fence.figure(answered), 3.0 * CLIENTS as f64);
}

/// A frame's head, and its payload.
fn frame(client: &mut Client) -> ([u8; 3], Vec<u8>) {
    let head = client.read(9);
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
    ([head[3], head[4], head[8]], client.read(length))
}

/// The next frames of a stream, up to its end: the heads' block, and the data.
fn answer_on(stream: u8, client: &mut Client) -> (Vec<u8>, Vec<u8>) {
    let (mut head, mut data) = (Vec::new(), Vec::new());
    loop {
        let ([kind, flags, of], payload) = frame(client);
        match kind {
            0 if of == stream => data.extend(payload),
            1 if of == stream => head.extend(payload),
            _ => continue,
        }
        if flags & 1 == 1 {
            return (head, data);
        }
    }
}

#[test]
fn an_offered_upgrade_is_taken_and_its_request_answered() {
    let fence = fence();
    let offer = "Connection: Upgrade, HTTP2-Settings\nUpgrade: h2c\nHTTP2-Settings: AAMAAABkAAQAAQAAAAIAAAAA";
    let mut client = fence.connect();
    client.send(get_with("/crates-io/se/rd/serde", offer));
    insta::assert_snapshot!(client.reply().shown(), @r"
    HTTP/1.1 101 Switching Protocols
    connection: Upgrade
    date: NOW
    upgrade: h2c
    x-content-type-options: nosniff
    ");
    // The preface in two parts, and settings.
    client.send("PRI * HTTP/2.0\r\n");
    client.send(b"\r\nSM\r\n\r\n\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0d");
    assert_eq!(frame(&mut client).0, [4, 0, 0], "the server begins with its settings");
    let (head, data) = answer_on(1, &mut client);
    assert_eq!(head[0], 0x88, "status 200 has a number of its own");
    assert_eq!(data, b"{\"name\":\"serde\"}\n");
    // The next request uses both tables: `:method: GET`, `:scheme: http`, and a new entry for the authority, which the
    // one after that takes from the table: what the first request was written in has not put the two out of step.
    let paths = ["/crates-io/3/s/syn", "/crates-io/se/rd/serde"];
    let blocks = [
        [&b"\x82\x86\x41\x05fence\x04"[..], &[paths[0].len() as u8], paths[0].as_bytes()].concat(),
        [&b"\x82\x86\xbe\x04"[..], &[paths[1].len() as u8], paths[1].as_bytes()].concat(),
    ];
    for (stream, block) in [3, 5].into_iter().zip(&blocks) {
        client.send([&[0, 0, block.len() as u8, 1, 5, 0, 0, 0, stream], &block[..]].concat());
    }
    for (stream, path) in [3, 5].into_iter().zip(paths) {
        assert_eq!(answer_on(stream, &mut client).1, fence.get(path).body, "{path}");
    }
}

#[test]
fn an_offered_upgrade_that_cannot_be_taken_is_passed_over() {
    let offer = "Connection: Upgrade, HTTP2-Settings\nUpgrade: h2c\nHTTP2-Settings: AAMAAABk";
    let fence = fence();
    let mut shown = String::new();
    for (name, request) in [
        ("other settings", get_with("/healthz", &offer.replace("AAMAAABk", "?"))),
        ("a body", get_with("/healthz", &format!("{offer}\nContent-Length: 4")) + "body"),
        ("another protocol", get_with("/healthz", "Connection: Upgrade\nUpgrade: websocket")),
        ("no host", get_with("/healthz", offer).replace("Host: fence\r\n", "")),
        ("POST", get_with("/healthz", offer).replace("GET", "POST")),
    ] {
        let _ = writeln!(shown, "{name}: {}", fence.ask(&request).status);
    }
    // Only a connection's first request, before anything is in flight.
    let mut client = fence.connect();
    client.send(get("/healthz") + &get_with("/healthz", offer));
    client.reply();
    let _ = writeln!(shown, "the second request: {}", client.reply().status);
    insta::assert_snapshot!(shown);
}

#[test]
fn after_the_upgrade_comes_http2_or_nothing() {
    let fence = fence();
    let offer = "Connection: Upgrade, HTTP2-Settings\nUpgrade: h2c\nHTTP2-Settings: AAMAAABk";
    for sent in
        [&b"GET /healthz HTTP/1.1\r\nHost: fence\r\n\r\n"[..], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nGET "]
    {
        let mut client = fence.connect();
        client.send(get_with("/healthz", offer));
        client.reply();
        client.send(sent);
        client.finish();
        let rest = String::from_utf8_lossy(&client.rest()).into_owned();
        assert!(!rest.contains("HTTP/1.1"), "{rest}");
    }
    assert_eq!(fence.get("/healthz").text(), "ok");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_take_the_server_down(pieces in vec(piece(), 0..6)) {
        static FENCE: LazyLock<Fence> = LazyLock::new(fence);
        let mut client = FENCE.connect();
        client.send(pieces.concat());
        client.finish();
        client.rest();
        prop_assert_eq!(FENCE.get("/healthz").text(), "ok");
    }
}

/// Bytes as a stranger could send them: what begins like a protocol, and what does not.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let offer = "Connection: Upgrade, HTTP2-Settings\nUpgrade: h2c\nHTTP2-Settings: AAMAAABk";
    let frame = (0..12_u8, any::<u8>(), 0..4_u8, vec(any::<u8>(), 0..40)).prop_map(
        |(kind, flags, stream, payload)| {
            [&[0, 0, payload.len() as u8, kind, flags, 0, 0, 0, stream], &payload[..]].concat()
        },
    );
    prop_oneof![
        vec(any::<u8>(), 0..300),
        "[ -~]{0,40}( HTTP/1.1)?\r\n([A-Za-z-]{1,10}: [ -~]{0,20}\r\n){0,4}(\r\n)?"
            .prop_map(String::into_bytes),
        Just(get("/crates-io/se/rd/serde").into_bytes()),
        Just(get_with("/crates-io/no/ne/none", offer).into_bytes()),
        Just(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec()),
        frame,
    ]
}
