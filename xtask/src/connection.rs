//! The client that warms servers up and paces requests: one connection, one request after the other, nothing kept.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long a server may say nothing.
const PATIENCE: Duration = Duration::from_secs(30);

/// As much of an answer as one call reads: nearly all of them whole.
const READ_BYTES: usize = 64 * 1024;

/// A connection that is kept alive.
pub(crate) struct Connection {
    reader: BufReader<TcpStream>,
    line: String,
}

/// What was answered, but for the bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) tag: Option<String>,
    pub(crate) coding: Coding,
    pub(crate) length: u64,
}

/// How the bytes of an answer are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    Plain,
}

/// The bytes of a request as cargo makes it, on condition of `tag` where one is known.
pub(crate) fn request(address: SocketAddr, path: &str, tag: Option<&str>) -> Vec<u8> {
    let condition = tag.map_or_else(String::new, |tag| format!("if-none-match: {tag}\r\n"));
    format!("GET {path} HTTP/1.1\r\nhost: {address}\r\naccept-encoding: gzip\r\n{condition}\r\n").into_bytes()
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Result<Self, String> {
        let open = || {
            let stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            Ok(Self { reader: BufReader::with_capacity(READ_BYTES, stream), line: String::new() })
        };
        open().map_err(|error: io::Error| format!("cannot connect to {address}: {error}"))
    }

    /// Sends a request and reads its answer to the end.
    pub(crate) fn ask(&mut self, request: &[u8]) -> Result<Answer, String> {
        self.ask_into(request, &mut io::sink())
    }

    /// The same, with the bytes of the answer, as they were sent, written to `body`.
    pub(crate) fn ask_into(&mut self, request: &[u8], body: &mut impl Write) -> Result<Answer, String> {
        self.reader
            .get_mut()
            .write_all(request)
            .and_then(|()| read_answer(&mut self.reader, &mut self.line, body))
            .map_err(|error| {
                let first = String::from_utf8_lossy(request);
                format!("{}: {error}", first.lines().next().unwrap_or_default())
            })
    }
}

fn read_answer(reader: &mut impl BufRead, line: &mut String, body: &mut impl Write) -> io::Result<Answer> {
    let mut next = |reader: &mut dyn BufRead| {
        line.clear();
        if reader.read_line(line)? == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server hung up"));
        }
        Ok(line.trim_end().to_owned())
    };
    let nonsense = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let first = next(reader)?;
    let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| nonsense("the first line has no status"))?;
    let mut answer = Answer { status, tag: None, coding: Coding::Plain, length: 0 };
    let mut length = None;
    loop {
        let header = next(reader)?;
        let Some((name, value)) = header.split_once(':') else { break };
        match (name.to_ascii_lowercase().as_str(), value.trim()) {
            ("content-length", value) => length = value.parse().ok(),
            ("etag", value) => answer.tag = Some(value.to_owned()),
            ("content-encoding", "gzip") => answer.coding = Coding::Gzip,
            _ => {}
        }
    }
    if status != 304 {
        answer.length = length.ok_or_else(|| nonsense("the answer does not say how long it is"))?;
    }
    let read = io::copy(&mut reader.take(answer.length), body)?;
    if read == answer.length { Ok(answer) } else { Err(nonsense("the answer is shorter than it says")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &str, expected: Result<(u16, Option<&str>, Coding, u64), &str>) {
        let answer = read_answer(&mut bytes.as_bytes(), &mut String::new(), &mut io::sink());
        let expected = expected.map(|(status, tag, coding, length)| Answer {
            status,
            tag: tag.map(str::to_owned),
            coding,
            length,
        });
        assert_eq!(answer.map_err(|error| error.to_string()), expected.map_err(str::to_owned), "{bytes}");
    }

    #[test]
    fn answers_are_read_to_their_end() {
        let full = "HTTP/1.1 200 OK\r\nETag: \"a\"\r\nContent-Encoding: gzip\r\ncontent-length: 3\r\n\r\nabc";
        check(full, Ok((200, Some("\"a\""), Coding::Gzip, 3)));
        // A 304 says how long the answer would be, and has no body.
        check("HTTP/1.1 304 Not Modified\r\ncontent-length: 3\r\n\r\n", Ok((304, None, Coding::Plain, 0)));
        check("HTTP/1.1 200 OK\r\n\r\nabc", Err("the answer does not say how long it is"));
        check("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nabc", Err("the answer is shorter than it says"));
        check("HTTP/1.1\r\n\r\n", Err("the first line has no status"));
        check("", Err("the server hung up"));
    }
}
