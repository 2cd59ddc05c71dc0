//! Peers that keep the server waiting, on a clock that only moves when everybody waits.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use fence_model::Time;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::connection::{End, Http};
use super::exchange::{Clerk, Desk, Transport};
use super::patience::{Cut, Patient, Pulse};
use super::tally::Tally;
use super::upgrade::PREFACE;
use super::{Limits, Shared};
use crate::answer::{Answer, Answers, Ask, Figure, InTime};
use crate::event::{Event, Log};

/// A connection may be idle for less time than a thought takes, so that the two can be told apart.
const LIMITS: Limits = Limits { idle: Duration::from_secs(40), ..Limits::DEFAULT };

/// Has one large package, and thinks for fifty seconds about index files.
struct Library;

const PACKAGE: &str = "/r/dl/a/1.0.0/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const PACKAGE_BYTES: usize = 300_000;
const THOUGHT: Duration = Duration::from_secs(50);

impl Answers for Library {
    fn at_hand(&self, ask: &Ask) -> Option<Answer> {
        matches!(ask, Ask::Package { .. }).then(|| Answer::Package(vec![7; PACKAGE_BYTES].into()))
    }

    fn in_time(&self, _: Ask) -> InTime {
        Box::pin(async {
            sleep(THOUGHT).await;
            Answer::Absent("no such crate".to_owned())
        })
    }

    fn health(&self) -> Result<(), String> {
        Ok(())
    }

    fn figures(&self) -> Vec<Figure> {
        Vec::new()
    }
}

struct Deaf;

impl Log for Deaf {
    fn tell(&self, _: &Event) {}
}

/// Serves what comes through `pipe`.
async fn serve(pipe: DuplexStream) -> End {
    let tally = Arc::new(Tally::default());
    let pulse = Arc::new(Pulse::default());
    let io = Patient::new(pipe, Arc::clone(&pulse), Arc::clone(&tally), LIMITS);
    let shared = Shared {
        answers: Arc::new(Library),
        log: Arc::new(Deaf),
        clock: Box::new(|| Time::EARLIEST),
        tokens: None,
        names: super::Names::new(["fence"]),
        limits: LIMITS,
        tallies: vec![Arc::clone(&tally)],
        refused: AtomicU64::new(0),
        runtime: Handle::current(),
    };
    let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let clerk = Arc::new(Clerk { shared: Arc::new(shared), tally, pulse, peer });
    let (_stop, stopped) = watch::channel(());
    Http::new(LIMITS).serve(io, Desk::new(clerk, Transport::Clear), stopped).await
}

/// Runs `work` on a clock that moves when it has nothing to do.
fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(work)
}

/// Runs `peer` on one end of a narrow pipe with the server on the other, and checks that the server has had enough
/// after `limit` for this reason; it may be late by two looks at its watch.
fn check<F>(limit: Duration, why: Cut, peer: impl FnOnce(DuplexStream) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    run(async {
        let began = Instant::now();
        let (ours, theirs) = duplex(4_096);
        tokio::spawn(peer(theirs));
        let end = timeout(Duration::from_secs(1_000), serve(ours)).await;
        let after = began.elapsed();
        assert!(matches!(end, Ok(End::Cut(cut)) if cut == why), "{end:?} after {after:?}");
        let latest = limit + LIMITS.look() * 2;
        assert!(
            (limit..=latest).contains(&after),
            "after {after:?}, and not between {limit:?} and {latest:?}"
        );
    });
}

/// Writes each of these, then waits for ever.
async fn says(mut pipe: DuplexStream, words: &[&[u8]]) {
    for words in words {
        let _ = pipe.write_all(words).await;
    }
    std::future::pending::<()>().await;
}

/// Reads what comes, as fast as it comes.
async fn reads(pipe: &mut DuplexStream, bytes: usize) {
    let _ = pipe.take(bytes as u64).read_to_end(&mut Vec::new()).await;
}

fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: fence\r\n\r\n").into_bytes()
}

fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    [&(payload.len() as u32).to_be_bytes()[1..], &[kind, flags, 0, 0, 0, stream], payload].concat()
}

const EVERY_SO_OFTEN: Duration = Duration::from_secs(3);

#[test]
fn who_says_nothing_is_cut_off() {
    check(LIMITS.head, Cut::SlowRequest, |pipe| says(pipe, &[]));
}

#[test]
fn half_a_request_is_not_waited_for() {
    check(LIMITS.head, Cut::SlowRequest, |pipe| says(pipe, &[b"GET /healthz HTTP/1.1\r\nHo"]));
    check(LIMITS.head, Cut::SlowRequest, |pipe| says(pipe, &[b"PRI * HTTP/2"]));
}

#[test]
fn a_request_that_comes_byte_by_byte_is_not_waited_for() {
    check(LIMITS.head, Cut::SlowRequest, |mut pipe| async move {
        for byte in b"GET /healthz HTTP/1.1\r\nHost: somewhere.example".iter().cycle() {
            sleep(EVERY_SO_OFTEN).await;
            let _ = pipe.write_u8(*byte).await;
        }
    });
}

#[test]
fn the_second_request_is_waited_for_longer_than_its_end() {
    check(LIMITS.idle, Cut::Idle, |pipe| says(pipe, &[b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"]));
    check(EVERY_SO_OFTEN * 8 + LIMITS.head, Cut::SlowRequest, |mut pipe| async move {
        let _ = pipe.write_all(&get("/healthz")).await;
        sleep(EVERY_SO_OFTEN * 8).await;
        says(pipe, &[b"GET /healthz HTTP/1.1"]).await;
    });
}

#[test]
fn an_answer_that_nobody_reads_is_taken_back() {
    check(LIMITS.stall, Cut::SlowReader, |pipe| async { says(pipe, &[&get(PACKAGE)]).await });
}

#[test]
fn an_answer_that_is_read_byte_by_byte_is_taken_back() {
    check(LIMITS.stall, Cut::SlowReader, |mut pipe| async move {
        let _ = pipe.write_all(&get(PACKAGE)).await;
        loop {
            sleep(EVERY_SO_OFTEN).await;
            reads(&mut pipe, 1).await;
        }
    });
}

#[test]
fn who_reads_slowly_gets_it_all() {
    // Three kilobytes a second. The last of them are in the pipe before they are read.
    let pauses = 33;
    check(EVERY_SO_OFTEN * (pauses - 1) + LIMITS.idle, Cut::Idle, move |mut pipe| async move {
        let _ = pipe.write_all(&get(PACKAGE)).await;
        for _ in 0..pauses {
            sleep(EVERY_SO_OFTEN).await;
            reads(&mut pipe, PACKAGE_BYTES.div_ceil(pauses as usize)).await;
        }
        reads(&mut pipe, 4_096).await;
        says(pipe, &[]).await;
    });
}

#[test]
fn what_takes_the_fence_long_is_not_the_peers_fault() {
    check(THOUGHT + LIMITS.idle, Cut::Idle, |pipe| async { says(pipe, &[&get("/r/se/rd/serde")]).await });
    check(THOUGHT + LIMITS.idle, Cut::Idle, |mut pipe| async move {
        let _ = pipe.write_all(&over_http2("/r/se/rd/serde", OPEN)).await;
        pings(pipe).await;
    });
}

#[test]
fn who_sends_too_much_gets_to_read_why() {
    let head = format!("GET /healthz HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "a".repeat(100_000));
    let reply = run(async {
        let (ours, mut theirs) = duplex(4_096);
        tokio::spawn(serve(ours));
        theirs.write_all(head.as_bytes()).await.unwrap();
        let mut reply = String::new();
        theirs.read_to_string(&mut reply).await.unwrap();
        reply
    });
    assert!(reply.starts_with("HTTP/1.1 431 "), "{reply}");
}

/// Settings of HTTP/2 with the window for answers as it is by default, or so that nothing gets through.
const OPEN: &[u8] = &[];
const CLOSED: &[u8] = &[0, 4, 0, 0, 0, 0];

/// A client's first bytes over HTTP/2: its settings, and a request for `path`.
fn over_http2(path: &str, settings: &[u8]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in [(":method", "GET"), (":scheme", "http"), (":authority", "fence"), (":path", path)] {
        block.extend([0, name.len() as u8]);
        block.extend(name.bytes());
        block.push(value.len() as u8);
        block.extend(value.bytes());
    }
    [&PREFACE[..], &frame(4, 0, 0, settings), &frame(1, 5, 1, &block)].concat()
}

/// Keeps a connection busy with pings, and reads what comes.
async fn pings(pipe: DuplexStream) {
    let (mut from, mut to) = tokio::io::split(pipe);
    tokio::spawn(async move { from.read_to_end(&mut Vec::new()).await });
    loop {
        let _ = to.write_all(&frame(6, 0, 0, b"busybusy")).await;
        sleep(EVERY_SO_OFTEN).await;
    }
}

#[test]
fn pings_keep_no_window_closed() {
    check(LIMITS.stall, Cut::SlowReader, |mut pipe| async move {
        let _ = pipe.write_all(&over_http2(PACKAGE, CLOSED)).await;
        pings(pipe).await;
    });
}

#[test]
fn pings_keep_no_connection_open() {
    check(LIMITS.head, Cut::SlowRequest, |mut pipe| async move {
        let _ = pipe.write_all(&[&PREFACE[..], &frame(4, 0, 0, OPEN)].concat()).await;
        pings(pipe).await;
    });
    check(LIMITS.idle, Cut::Idle, |mut pipe| async move {
        let _ = pipe.write_all(&over_http2("/nothing", OPEN)).await;
        pings(pipe).await;
    });
}

#[test]
fn an_offer_of_http2_must_be_followed_by_it() {
    const OFFER: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n\
                  Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n";
    check(LIMITS.idle, Cut::Idle, |pipe| says(pipe, &[OFFER]));
}

#[test]
fn an_answer_comes_whole_whatever_else_was_offered() {
    for last in ["Connection: close", "Connection: close, Upgrade\r\nUpgrade: websocket"] {
        let request = format!("GET {PACKAGE} HTTP/1.1\r\nHost: fence\r\n{last}\r\n\r\n");
        let reply = run(async {
            let (ours, mut theirs) = duplex(4_096);
            let server = tokio::spawn(serve(ours));
            theirs.write_all(request.as_bytes()).await.unwrap();
            let mut reply = Vec::new();
            theirs.read_to_end(&mut reply).await.unwrap();
            drop(theirs);
            assert!(matches!(server.await, Ok(End::Done)));
            reply
        });
        let head = reply.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4;
        assert_eq!(reply.len() - head, PACKAGE_BYTES, "{last}");
    }
}
