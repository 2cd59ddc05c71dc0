//! A fence that says what it is told, served on loopback, and clients that speak to it byte by byte.

#![allow(dead_code, reason = "each test program uses its part")]
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::num::NonZeroUsize;
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use fence_model::Time;
use fence_proxy::answer::{Answer, Answers, Ask, Figure, FigureKind, InTime, IndexPage, View};
use fence_proxy::event::{Event, Log};
use fence_proxy::server::{Certificate, Names, Server, Settings};
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::sync::{Semaphore, oneshot};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// Says what it is told, and knows nothing else.
#[derive(Default)]
pub(crate) struct Fake {
    at_hand: Mutex<HashMap<String, Answer>>,
    in_time: Mutex<HashMap<String, Thought>>,
    ill: Mutex<Option<String>>,
}

/// How an answer comes that is not at hand.
#[derive(Clone)]
pub(crate) enum Thought {
    /// At once.
    Says(Answer),
    /// When the gate has a permit to spend. That it was asked for is told.
    Waits(mpsc::Sender<()>, Arc<Semaphore>, Answer),
    /// Never.
    Never,
    /// Never. That it was asked for is told, and that nobody waits any more.
    Unwanted(mpsc::Sender<&'static str>),
    /// It has a mistake in it.
    Fails,
}

/// Says so when it is dropped.
struct Left(mpsc::Sender<&'static str>);

impl Drop for Left {
    fn drop(&mut self) {
        let _ = self.0.send("left");
    }
}

impl Fake {
    /// Has `answer` at hand for `path`.
    pub(crate) fn says(self, path: &str, answer: Answer) -> Self {
        self.at_hand.lock().unwrap().insert(path.to_owned(), answer);
        self
    }

    /// Thinks about `path`.
    pub(crate) fn thinks(self, path: &str, thought: Thought) -> Self {
        self.in_time.lock().unwrap().insert(path.to_owned(), thought);
        self
    }

    /// Cannot do its work.
    pub(crate) fn falls_ill(self, why: &str) -> Self {
        *self.ill.lock().unwrap() = Some(why.to_owned());
        self
    }
}

/// The path that asks for it: the parser's other direction.
pub(crate) fn path(ask: &Ask) -> String {
    match ask {
        Ask::Config { registry } => format!("/{registry}/config.json"),
        Ask::Index { registry, name } => format!("/{registry}/{}", fence_registry::IndexPath::of(name)),
        Ask::Package { registry, name, version, digest } => {
            format!("/{registry}/dl/{name}/{version}/{digest}")
        }
        Ask::Status => "/status.json".to_owned(),
        Ask::Page(page) => page.path(),
        Ask::Asset(asset) => asset.path().to_owned(),
    }
}

impl Answers for Fake {
    fn at_hand(&self, ask: &Ask) -> Option<Answer> {
        self.at_hand.lock().unwrap().get(&path(ask)).cloned()
    }

    fn in_time(&self, ask: Ask) -> InTime {
        let thought = self.in_time.lock().unwrap().get(&path(&ask)).cloned();
        Box::pin(async move {
            match thought {
                None => Answer::Absent("no such crate".to_owned()),
                Some(Thought::Says(answer)) => answer,
                Some(Thought::Waits(asked, gate, answer)) => {
                    asked.send(()).unwrap();
                    gate.acquire().await.unwrap().forget();
                    answer
                }
                Some(Thought::Never) => std::future::pending().await,
                Some(Thought::Unwanted(told)) => {
                    told.send("asked").unwrap();
                    let _left = Left(told);
                    std::future::pending().await
                }
                Some(Thought::Fails) => panic!("a mistake, made for a test"),
            }
        })
    }

    fn health(&self) -> Result<(), String> {
        self.ill.lock().unwrap().clone().map_or(Ok(()), Err)
    }

    fn figures(&self) -> Vec<Figure> {
        let figure = |registry: &str, value| Figure {
            name: "fence_journal_lines",
            help: "lines of the journal,\nby \"registry\"",
            kind: FigureKind::Counter,
            labels: vec![("registry", registry.to_owned())],
            value,
        };
        vec![
            figure("crates-io", 12.0),
            Figure {
                name: "fence_feed_age_seconds",
                help: "age of the oldest feed",
                kind: FigureKind::Gauge,
                labels: vec![],
                value: f64::INFINITY,
            },
            figure("a\"b\\c\nd", 0.5),
        ]
    }
}

/// An index file with this text.
pub(crate) fn index(text: &str, view: View) -> Answer {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(text.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap().into();
    Answer::Index(Arc::new(IndexPage { tag: "\"v1\"".to_owned(), gzip, length: text.len(), view }))
}

/// A package with these bytes.
pub(crate) fn package(bytes: impl Into<Bytes>) -> Answer {
    Answer::Package(bytes.into())
}

/// What was told, as it would be shown; ports are `PORT`.
#[derive(Default)]
pub(crate) struct Notebook {
    lines: Mutex<Vec<String>>,
    written: Condvar,
}

impl Notebook {
    /// Waits until there is a line with these words.
    fn wait_for(&self, what: &str) {
        let lines = self.lines.lock().unwrap();
        let is_missing = |lines: &mut Vec<String>| !lines.iter().any(|line| line.contains(what));
        let (_lines, waited) = self.written.wait_timeout_while(lines, PATIENCE, is_missing).unwrap();
        assert!(!waited.timed_out(), "nobody told of {what}");
    }
}

impl Log for Notebook {
    fn tell(&self, event: &Event) {
        let fields = event.fields.iter().fold(String::new(), |mut text, (name, value)| {
            let value = match value.parse::<SocketAddr>() {
                Ok(address) => format!("{}:PORT", address.ip()),
                Err(_) => value.clone(),
            };
            let _ = write!(text, " {name}={value}");
            text
        });
        let line = format!("{} {} | {} |{fields}", event.weight, event.what, event.words);
        self.lines.lock().unwrap().push(line);
        self.written.notify_all();
    }
}

/// A fence that is served, until it is dropped.
pub(crate) struct Fence {
    /// Where.
    pub(crate) address: SocketAddr,
    certificate: Option<Certificate>,
    log: Arc<Notebook>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Settings for a test: any port of loopback, two workers.
pub(crate) fn settings() -> Settings {
    Settings {
        workers: NonZeroUsize::new(2).unwrap(),
        names: Names::new(["fence"]),
        ..Settings::at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
    }
}

impl Fence {
    /// Serves `fake` with [`settings`].
    pub(crate) fn of(fake: Fake) -> Self {
        Self::with(settings(), fake)
    }

    /// Serves `fake` so.
    pub(crate) fn with(settings: Settings, fake: Fake) -> Self {
        let log = Arc::new(Notebook::default());
        let notebook = Arc::clone(&log);
        let (stop, stopped) = oneshot::channel();
        let (bound, told) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let server = Server::bind(settings).await.unwrap();
                bound.send((server.address(), server.certificate())).unwrap();
                let now: Time = "2026-08-20T07:15:00Z".parse().unwrap();
                let stop = async { drop(stopped.await) };
                server.serve(Arc::new(fake), notebook, move || now, stop).await.unwrap();
            });
        });
        let (address, certificate) = told.recv().unwrap();
        Self { address, certificate, log, stop: Some(stop), thread: Some(thread) }
    }

    /// Reads the certificate's files again.
    pub(crate) fn reload_certificate(&self) {
        self.certificate.as_ref().unwrap().reload().unwrap();
    }

    /// A connection.
    pub(crate) fn connect(&self) -> Client {
        Client::new(TcpStream::connect(self.address).unwrap())
    }

    /// What comes of one request, on a connection of its own.
    pub(crate) fn ask(&self, request: &str) -> Reply {
        let mut client = self.connect();
        client.send(request);
        client.reply_to(request)
    }

    /// The reply to `GET path`.
    pub(crate) fn get(&self, path: &str) -> Reply {
        self.ask(&get(path))
    }

    /// The value of a figure, as `/metrics` writes it with its labels; 0 if it is not there.
    pub(crate) fn figure(&self, name: &str) -> f64 {
        let page = self.get("/metrics").text();
        let value = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map_or(0.0, |value| value.parse().unwrap())
    }

    /// Tells it to stop; it may take its time.
    pub(crate) fn tell_to_stop(&mut self) {
        drop(self.stop.take());
    }

    /// Waits until it has told of `what`.
    pub(crate) fn waits_for(&self, what: &str) {
        self.log.wait_for(&format!(" {what} | "));
    }

    /// Waits until it has said `words`.
    pub(crate) fn waits_for_words(&self, words: &str) {
        self.log.wait_for(words);
    }

    /// Waits until it has stopped.
    pub(crate) fn stopped(&mut self) {
        self.tell_to_stop();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    /// Stops it, and returns what it told.
    pub(crate) fn told(mut self) -> String {
        self.stopped();
        self.log.lines.lock().unwrap().join("\n").replace(&format!(":{}", self.address.port()), ":PORT")
    }
}

impl Drop for Fence {
    fn drop(&mut self) {
        self.tell_to_stop();
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            if !std::thread::panicking() {
                ended.unwrap();
            }
        }
    }
}

/// A request as a browser would send it, but for what a test adds.
pub(crate) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: fence\r\n\r\n")
}

/// The same with more headers, one a line.
pub(crate) fn get_with(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: fence\r\n{}\r\n\r\n", headers.trim().replace('\n', "\r\n"))
}

/// A connection, byte by byte.
pub(crate) struct Client(BufReader<TcpStream>);

impl Client {
    fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self(BufReader::new(stream))
    }

    /// Sends these bytes; that the peer has closed shows when reading.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.0.get_mut().write_all(bytes.as_ref());
    }

    /// Says that nothing more will be sent.
    pub(crate) fn finish(&mut self) {
        let _ = self.0.get_mut().shutdown(std::net::Shutdown::Write);
    }

    /// Reads the reply to `request`, which tells whether there is a body.
    pub(crate) fn reply_to(&mut self, request: &str) -> Reply {
        self.read_reply(!request.starts_with("HEAD ")).unwrap()
    }

    /// Reads a reply.
    pub(crate) fn reply(&mut self) -> Reply {
        self.read_reply(true).unwrap()
    }

    /// Reads a reply, or why there is none.
    pub(crate) fn read_reply(&mut self, with_body: bool) -> io::Result<Reply> {
        let mut line = || -> io::Result<String> {
            let mut line = String::new();
            if self.0.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Ok(line.trim_end().to_owned())
        };
        let status = line()?;
        let mut headers = Vec::new();
        loop {
            let line = line()?;
            let Some((name, value)) = line.split_once(": ") else { break };
            headers.push((name.to_owned(), value.to_owned()));
        }
        headers.sort();
        let mut reply = Reply { status, headers, body: Vec::new() };
        let length = reply.header("content-length").map_or(0, |length| length.parse().unwrap());
        if with_body {
            reply.body = vec![0; length];
            self.0.read_exact(&mut reply.body)?;
        }
        Ok(reply)
    }

    /// Reads exactly this many bytes.
    pub(crate) fn read(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.0.read_exact(&mut bytes).unwrap();
        bytes
    }

    /// Reads until the server closes; a connection that is cut hard counts as closed.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self.0.read_to_end(&mut bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => panic!("the server does not close"),
            _ => bytes,
        }
    }
}

/// A reply as it came over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    /// The first line.
    pub(crate) status: String,
    /// Names and values, sorted.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| &value[..])
    }

    /// The body as text, unpacked if it was packed.
    pub(crate) fn text(&self) -> String {
        if self.header("content-encoding") == Some("gzip") && !self.body.is_empty() {
            let mut text = String::new();
            flate2::read::GzDecoder::new(&self.body[..]).read_to_string(&mut text).unwrap();
            return text;
        }
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// All of it but what changes with the clock and the compressor.
    pub(crate) fn shown(&self) -> String {
        let packed = self.header("content-encoding").is_some();
        let mut shown = format!("{}\n", self.status);
        for (name, value) in &self.headers {
            match &name[..] {
                "date" => shown.push_str("date: NOW\n"),
                "content-length" if packed => shown.push_str("content-length: PACKED\n"),
                _ => {
                    let _ = writeln!(shown, "{name}: {value}");
                }
            }
        }
        shown.push('\n');
        shown.push_str(&self.text());
        shown
    }
}
