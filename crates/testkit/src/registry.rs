//! A registry that does what it is told: an HTTP server on loopback that serves files from memory, and breaks in
//! every way in which registries break.
//!
//! ```
//! use fence_testkit::registry::{Act, FakeRegistry};
//!
//! let registry = FakeRegistry::start();
//! registry.serve("index/se/rd/serde", "{}\n");
//! registry.next("index/se/rd/serde", [Act::status(500), Act::CloseMidBody]);
//! // The first request is answered with 500, the second breaks off, all others get the file.
//! let index = registry.url("index/");
//! # let _ = index;
//! ```
//!
//! Nothing here sleeps: what stalls waits until the registry is dropped. Every request is recorded.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// A server on a port of its own, which ends when it is dropped.
#[derive(Debug)]
pub struct FakeRegistry {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

/// A request as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, or `CONNECT` where the server is used as a proxy.
    pub method: String,
    /// The path without the leading `/`; for `CONNECT` the host and port.
    pub path: String,
    /// The headers, names in lower case.
    pub headers: BTreeMap<String, String>,
}

/// What identifies a version of a file to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Validators {
    /// Nothing: every answer is the whole file.
    #[default]
    None,
    /// An `ETag` made from the bytes, honoured in `If-None-Match`.
    ETag,
    /// A `Last-Modified` (see [`FakeRegistry::serve_dated`]), honoured in `If-Modified-Since`.
    LastModified,
}

/// What is done with one request in place of serving the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// This status, these headers, this body, and a right `Content-Length`.
    Answer {
        /// The status.
        status: u16,
        /// Names and values.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// The file, but not before so many requests have come in in all: who asks for one thing after the other
    /// waits in vain.
    AfterRequests(usize),
    /// The request is read and never answered.
    Silence,
    /// The head of an answer, half of the file, then silence.
    StallMidBody,
    /// The head of an answer, half of the file, then the end of the connection.
    CloseMidBody,
    /// The end of the connection before any answer.
    Close,
    /// Bytes that are not HTTP, then the end of the connection.
    Garbage,
    /// A `Content-Length` of one byte less than is sent.
    LengthTooSmall,
}

impl Act {
    /// An answer with an empty body.
    pub fn status(status: u16) -> Self {
        Self::Answer { status, headers: Vec::new(), body: Vec::new() }
    }

    /// An answer with one header and an empty body.
    pub fn status_with(status: u16, name: &str, value: &str) -> Self {
        Self::Answer { status, headers: vec![(name.to_owned(), value.to_owned())], body: Vec::new() }
    }

    /// `302 Found`.
    pub fn redirect(to: &str) -> Self {
        Self::status_with(302, "location", to)
    }
}

impl FakeRegistry {
    /// Starts a server that knows no file.
    ///
    /// # Panics
    /// If loopback has no free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared::default());
        let for_acceptor = Arc::clone(&shared);
        let acceptor = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if for_acceptor.is_over() {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let shared = Arc::clone(&for_acceptor);
                // A client that hangs up in the middle is not the server's trouble.
                std::thread::spawn(move || shared.converse(stream));
            }
        });
        Self { address, shared, acceptor: Some(acceptor) }
    }

    /// The address of `path` (without a leading `/`) on this server.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// Host and port, as proxies are written.
    pub fn host_and_port(&self) -> String {
        self.address.to_string()
    }

    /// Serves `bytes` at `path`.
    pub fn serve(&self, path: &str, bytes: impl Into<Vec<u8>>) {
        self.serve_dated(path, bytes, "Sat, 22 Aug 2026 12:00:00 GMT");
    }

    /// Serves `bytes` at `path`, last modified at `date` (as HTTP writes dates).
    pub fn serve_dated(&self, path: &str, bytes: impl Into<Vec<u8>>, date: &str) {
        let file = File { bytes: bytes.into(), date: date.to_owned() };
        self.shared.state().files.insert(path.to_owned(), file);
    }

    /// Serves nothing at `path` any more: 404.
    pub fn remove(&self, path: &str) {
        self.shared.state().files.remove(path);
    }

    /// From now on sends and honours these validators.
    pub fn send_validators(&self, validators: Validators) {
        self.shared.state().validators = validators;
    }

    /// From now on answers 401 to whoever does not send `token` as `Authorization`.
    pub fn require_token(&self, token: &str) {
        self.shared.state().token = Some(token.to_owned());
    }

    /// Does `acts` with the next requests for `path`, one each, before it serves the file again.
    pub fn next<const N: usize>(&self, path: &str, acts: [Act; N]) {
        self.shared.state().acts.entry(path.to_owned()).or_default().extend(acts);
    }

    /// Does `act` with every request from now on.
    pub fn always(&self, act: Act) {
        self.shared.state().always = Some(act);
    }

    /// The requests since the last call, in the order in which they came in.
    pub fn take_requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.shared.state().requests)
    }

    /// How many connections were ever made.
    pub fn connections(&self) -> usize {
        self.shared.state().connections
    }
}

impl Drop for FakeRegistry {
    fn drop(&mut self) {
        self.shared.state().over = true;
        self.shared.changed.notify_all();
        // Wakes the acceptor, which then sees that it is over.
        let _ = TcpStream::connect(self.address);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

/// Whether a conversation goes on.
enum Next {
    Request,
    Hangup,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// A request came in, or it is over.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    files: BTreeMap<String, File>,
    validators: Validators,
    token: Option<String>,
    acts: BTreeMap<String, VecDeque<Act>>,
    always: Option<Act>,
    requests: Vec<Request>,
    received: usize,
    connections: usize,
    over: bool,
}

#[derive(Debug, Clone)]
struct File {
    bytes: Vec<u8>,
    date: String,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self) -> bool {
        self.state().over
    }

    fn converse(&self, stream: TcpStream) -> io::Result<()> {
        self.state().connections += 1;
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut stream = stream;
        while let Some(request) = read_request(&mut reader)? {
            if self.is_over() {
                return Ok(());
            }
            match self.answer(request, &mut stream)? {
                Next::Request => {}
                Next::Hangup => return Ok(()),
            }
        }
        Ok(())
    }

    fn answer(&self, request: Request, stream: &mut TcpStream) -> io::Result<Next> {
        let (act, file, validators, allowed) = {
            let mut state = self.state();
            let act = state.acts.get_mut(&request.path).and_then(VecDeque::pop_front);
            let act = act.or_else(|| state.always.clone());
            let file = state.files.get(&request.path).cloned();
            let sent = request.headers.get("authorization");
            let allowed = state.token.is_none() || state.token.as_ref() == sent;
            state.requests.push(request.clone());
            state.received += 1;
            self.changed.notify_all();
            (act, file, state.validators, allowed)
        };
        if request.method == "CONNECT" {
            // The tunnel leads back here.
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
            return Ok(Next::Request);
        }
        let Some(act) = act else {
            if !allowed {
                return write_answer(stream, 401, &[], b"who are you?");
            }
            let Some(file) = file else { return write_answer(stream, 404, &[], b"no such file") };
            return serve(stream, &request, &file, validators);
        };
        let bytes = file.map(|file| file.bytes).unwrap_or_else(|| b"{}\n{}\n".to_vec());
        let head = |length: usize| format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
        match act {
            Act::Answer { status, headers, body } => return write_answer(stream, status, &headers, &body),
            Act::AfterRequests(count) => {
                self.wait_until(|state| state.received >= count);
                return write_answer(stream, 200, &[], &bytes);
            }
            Act::Silence => self.wait_until(|_| false),
            Act::StallMidBody => {
                stream.write_all(head(bytes.len()).as_bytes())?;
                stream.write_all(&bytes[..bytes.len() / 2])?;
                self.wait_until(|_| false);
            }
            Act::CloseMidBody => {
                stream.write_all(head(bytes.len()).as_bytes())?;
                stream.write_all(&bytes[..bytes.len() / 2])?;
            }
            Act::Close => {}
            Act::Garbage => stream.write_all(b"\x00\x01\x02 this is not HTTP\r\n\r\n")?,
            Act::LengthTooSmall => {
                stream.write_all(head(bytes.len() - 1).as_bytes())?;
                stream.write_all(&bytes)?;
                return Ok(Next::Request);
            }
        }
        Ok(Next::Hangup)
    }

    /// Waits until something is so, or all is over.
    fn wait_until(&self, is_so: impl Fn(&State) -> bool) {
        let mut state = self.state();
        while !state.over && !is_so(&state) {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn serve(stream: &mut TcpStream, request: &Request, file: &File, validators: Validators) -> io::Result<Next> {
    let (name, value, condition) = match validators {
        Validators::None => return write_answer(stream, 200, &[], &file.bytes),
        Validators::ETag => ("etag", etag(&file.bytes), "if-none-match"),
        Validators::LastModified => ("last-modified", file.date.clone(), "if-modified-since"),
    };
    let same = request.headers.get(condition) == Some(&value);
    let headers = [(name.to_owned(), value)];
    if same {
        write_answer(stream, 304, &headers, b"")
    } else {
        write_answer(stream, 200, &headers, &file.bytes)
    }
}

/// A tag that differs where the bytes differ, for tests: FNV-1a.
fn etag(bytes: &[u8]) -> String {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("\"{hash:016x}\"")
}

fn write_answer(
    stream: &mut TcpStream,
    status: u16,
    headers: &[(String, String)],
    body: &[u8],
) -> io::Result<Next> {
    let mut answer = format!("HTTP/1.1 {status} As Told\r\n");
    for (name, value) in headers {
        answer.push_str(&format!("{name}: {value}\r\n"));
    }
    if status != 304 {
        answer.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    answer.push_str("\r\n");
    let mut all = answer.into_bytes();
    all.extend_from_slice(body);
    stream.write_all(&all)?;
    Ok(Next::Request)
}

fn read_request(reader: &mut impl BufRead) -> io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(None) };
    // A proxy is asked with the whole address.
    let path = target
        .split_once("://")
        .map_or(target, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    let mut request = Request {
        method: method.to_owned(),
        path: path.trim_start_matches('/').to_owned(),
        headers: BTreeMap::new(),
    };
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        match header.trim_end().split_once(':') {
            Some((name, value)) => {
                request.headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
            }
            None => return Ok(Some(request)),
        }
    }
}
