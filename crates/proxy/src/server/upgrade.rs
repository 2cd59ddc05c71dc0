//! HTTP/2 by upgrade from HTTP/1.1 in clear text (RFC 7540, 3.2), which is how cargo begins.
//!
//! cargo's library offers `Upgrade: h2c` with its first request. The server answers 101, and from then on both speak
//! HTTP/2, in which that first request, as stream 1, is still to be answered. The library that serves HTTP/2 here
//! knows nothing of this, so it is given what a client with prior knowledge would have sent:
//!
//! ```text
//! what the client sends           what is served
//! preface                         preface
//! SETTINGS                        SETTINGS, with those of the header `HTTP2-Settings` first
//!                                 HEADERS of stream 1: the request
//! all that follows                all that follows
//! ```
//!
//! [`Upgrade::offered`] takes a request for this, [`Upgrade::accepted`] is the answer, and [`Upgrade::open`] reads the
//! client's first two and writes the three. The request's headers are written as HPACK literals that enter no table
//! (RFC 7541, 6.2.2): the client's encoder and the server's decoder agree on what their tables hold, and the client
//! knows nothing of this frame.

use std::io;

use bytes::{Bytes, BytesMut};
use hyper::body::Body;
use hyper::header::{
    CONNECTION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHENTICATE, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use hyper::{Method, Request, Response, StatusCode, Version};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::body::Load;

/// With what every HTTP/2 client begins (RFC 9113, 3.4).
pub(super) const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Bytes before a frame's payload: its length, type, flags and stream.
const FRAME_HEAD: usize = 9;
/// The largest payload before anybody agreed on more.
const LARGEST_FRAME: usize = 16_384;
const SETTINGS: u8 = 0x4;
const HEADERS: u8 = 0x1;
const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;

/// Bytes that `HTTP2-Settings` may hold: ten times what there are settings. cargo sends three, of six bytes each.
const MOST_SETTINGS: usize = 360;

const HTTP2_SETTINGS: HeaderName = HeaderName::from_static("http2-settings");

/// A request that is to be answered in HTTP/2.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Upgrade {
    /// The client's settings, as a frame's payload.
    settings: Vec<u8>,
    /// The request, as the payload of one `HEADERS` frame.
    request: Vec<u8>,
}

impl Upgrade {
    /// The upgrade that `request` offers, if it offers one that can be taken; else it is to be answered as it is. One
    /// with a body is answered so, since the body would have to be read first, and one that does not fit a frame.
    pub(super) fn offered<B: Body>(request: &Request<B>) -> Option<Self> {
        let headers = request.headers();
        let is_offer = request.version() == Version::HTTP_11
            && (request.method() == Method::GET || request.method() == Method::HEAD)
            && names(headers, &UPGRADE, "h2c")
            && names(headers, &CONNECTION, "upgrade")
            && names(headers, &CONNECTION, HTTP2_SETTINGS.as_str())
            && request.body().is_end_stream();
        if !is_offer {
            return None;
        }
        let settings = base64url(only(headers, &HTTP2_SETTINGS)?.as_bytes())?;
        if settings.len() % 6 != 0 || settings.len() > MOST_SETTINGS {
            return None;
        }
        let request = header_block(request)?;
        (request.len() <= LARGEST_FRAME).then_some(Self { settings, request })
    }

    /// The answer that takes the offer.
    pub(super) fn accepted() -> Response<Load> {
        let mut response = Response::new(Load::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        response.headers_mut().insert(UPGRADE, HeaderValue::from_static("h2c"));
        response
    }

    /// Reads the client's preface and its first frame from `io`, of which `begun` was read before, and returns what
    /// is to be served in their place. What is neither is returned as it came: who serves it will say so.
    ///
    /// # Errors
    /// Those of `io`.
    pub(super) async fn open<IO: AsyncRead + Unpin>(self, io: &mut IO, begun: Bytes) -> io::Result<Bytes> {
        let mut sent = BytesMut::from(&begun[..]);
        loop {
            match self.rewrite(&sent) {
                Rewrite::Done(bytes) => return Ok(bytes),
                Rewrite::NotHttp2 => return Ok(sent.freeze()),
                Rewrite::More => {
                    if io.read_buf(&mut sent).await? == 0 {
                        return Ok(sent.freeze());
                    }
                }
            }
        }
    }

    /// What is served in place of what was `sent` so far.
    fn rewrite(&self, sent: &[u8]) -> Rewrite {
        let begun = sent.len().min(PREFACE.len());
        if sent[..begun] != PREFACE[..begun] {
            return Rewrite::NotHttp2;
        }
        let Some((head, rest)) = sent[begun..].split_at_checked(FRAME_HEAD) else { return Rewrite::More };
        let [a, b, c, kind, flags, stream @ ..] = head else { return Rewrite::More };
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        let is_settings = *kind == SETTINGS && *flags == 0 && stream == [0; 4];
        if !is_settings || self.settings.len() + length > LARGEST_FRAME {
            return Rewrite::NotHttp2;
        }
        let Some((settings, rest)) = rest.split_at_checked(length) else { return Rewrite::More };
        let mut bytes = BytesMut::with_capacity(sent.len() + self.settings.len() + self.request.len() + 64);
        bytes.extend_from_slice(PREFACE);
        // The client has one acknowledgement coming, for its own frame: 101 was the one for the header's.
        frame_head(&mut bytes, self.settings.len() + length, SETTINGS, 0, 0);
        bytes.extend_from_slice(&self.settings);
        bytes.extend_from_slice(settings);
        frame_head(&mut bytes, self.request.len(), HEADERS, END_STREAM | END_HEADERS, 1);
        bytes.extend_from_slice(&self.request);
        bytes.extend_from_slice(rest);
        Rewrite::Done(bytes.freeze())
    }
}

/// What came of the client's first bytes.
#[derive(Debug, PartialEq, Eq)]
enum Rewrite {
    /// The bytes to serve.
    Done(Bytes),
    /// There are too few to tell.
    More,
    /// They do not begin as HTTP/2 does.
    NotHttp2,
}

fn frame_head(bytes: &mut BytesMut, length: usize, kind: u8, flags: u8, stream: u8) {
    bytes.extend_from_slice(&(length as u32).to_be_bytes()[1..]);
    bytes.extend_from_slice(&[kind, flags, 0, 0, 0, stream]);
}

/// A request in HPACK, without what was meant for the connection alone.
fn header_block<B>(request: &Request<B>) -> Option<Vec<u8>> {
    let headers = request.headers();
    let host = only(headers, &HOST)?;
    let path = request.uri().path_and_query().filter(|path| path.as_str().starts_with('/'))?;
    let mut block = Vec::with_capacity(512);
    literal(&mut block, b":method", request.method().as_str().as_bytes());
    literal(&mut block, b":scheme", b"http");
    literal(&mut block, b":authority", host.as_bytes());
    literal(&mut block, b":path", path.as_str().as_bytes());
    for (name, value) in headers {
        let is_for_connection =
            [CONNECTION, UPGRADE, HTTP2_SETTINGS, HOST, TE, TRAILER, TRANSFER_ENCODING, CONTENT_LENGTH]
                .contains(name)
                || [PROXY_AUTHENTICATE.as_str(), "keep-alive", "proxy-connection"].contains(&name.as_str())
                || names(headers, &CONNECTION, name.as_str());
        if !is_for_connection {
            literal(&mut block, name.as_str().as_bytes(), value.as_bytes());
        }
    }
    Some(block)
}

/// A field that enters no table, with its name spelt out (RFC 7541, 6.2.2).
fn literal(block: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    block.push(0);
    for text in [name, value] {
        integer(block, text.len());
        block.extend_from_slice(text);
    }
}

/// A length with a prefix of seven bits; the eighth says that the text is not compressed (RFC 7541, 5.1 and 5.2).
fn integer(block: &mut Vec<u8>, mut length: usize) {
    const PREFIX: usize = 0x7f;
    if length < PREFIX {
        block.push(length as u8);
        return;
    }
    block.push(PREFIX as u8);
    length -= PREFIX;
    while length >= 0x80 {
        block.push((length % 0x80) as u8 | 0x80);
        length /= 0x80;
    }
    block.push(length as u8);
}

/// Whether a header that is a list names `token`.
fn names(headers: &HeaderMap, header: &HeaderName, token: &str) -> bool {
    headers
        .get_all(header)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .any(|named| named.trim().eq_ignore_ascii_case(token))
}

/// The value of a header that must stand there once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

/// What `text` stands for, in the alphabet for URLs and without padding (RFC 4648, 5).
fn base64url(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    for group in text.chunks(4) {
        let mut bits = 0u32;
        for byte in group {
            let digit = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'-' => 62,
                b'_' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(digit);
        }
        let whole = match group.len() {
            4 => 3,
            3 => 2,
            2 => 1,
            _ => return None,
        };
        bits <<= 6 * (4 - group.len());
        bytes.extend_from_slice(&bits.to_be_bytes()[1..=whole]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What cargo 1.95 sends first.
    fn cargos() -> Request<Load> {
        offer(&[
            ("host", "127.0.0.1:8080"),
            ("accept", "*/*"),
            ("connection", "Upgrade, HTTP2-Settings"),
            ("upgrade", "h2c"),
            ("http2-settings", "AAMAAABkAAQAAQAAAAIAAAAA"),
            ("user-agent", "cargo/1.95.0"),
        ])
    }

    fn offer(headers: &[(&str, &str)]) -> Request<Load> {
        let mut request = Request::get("/crates-io/config.json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Load::empty()).unwrap()
    }

    fn with(change: impl FnOnce(&mut Request<Load>)) -> Option<Upgrade> {
        let mut request = cargos();
        change(&mut request);
        Upgrade::offered(&request)
    }

    fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = BytesMut::new();
        frame_head(&mut bytes, payload.len(), kind, flags, stream);
        bytes.extend_from_slice(payload);
        bytes.to_vec()
    }

    #[test]
    fn cargos_offer_is_taken() {
        let upgrade = Upgrade::offered(&cargos()).unwrap();
        // At most 100 streams, a window of 65,536 bytes, no pushing.
        assert_eq!(upgrade.settings, [0, 3, 0, 0, 0, 100, 0, 4, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0]);
        let expected = b"\x00\x07:method\x03GET\
            \x00\x07:scheme\x04http\
            \x00\x0a:authority\x0e127.0.0.1:8080\
            \x00\x05:path\x16/crates-io/config.json\
            \x00\x06accept\x03*/*\
            \x00\x0auser-agent\x0ccargo/1.95.0";
        assert_eq!(upgrade.request.escape_ascii().to_string(), expected.escape_ascii().to_string());
    }

    #[test]
    fn what_can_be_answered_as_it_is_is_no_offer() {
        let value = HeaderValue::from_static;
        assert!(with(|_| ()).is_some());
        assert_eq!(with(|r| *r.version_mut() = Version::HTTP_10), None);
        assert_eq!(with(|r| *r.method_mut() = Method::POST), None);
        assert_eq!(with(|r| *r.uri_mut() = "*".parse().unwrap()), None);
        assert_eq!(with(|r| *r.uri_mut() = "elsewhere:80".parse().unwrap()), None);
        for header in [UPGRADE, CONNECTION, HTTP2_SETTINGS, HOST] {
            assert_eq!(with(|r| drop(r.headers_mut().remove(&header))), None, "without {header}");
        }
        for (header, other) in [
            (UPGRADE, "websocket"),
            (UPGRADE, "h2"),
            (CONNECTION, "upgrade"),
            (CONNECTION, "http2-settings, keep-alive"),
            (HTTP2_SETTINGS, "AAMAAABk*"),
            (HTTP2_SETTINGS, "AAMAAAB"),
            (HTTP2_SETTINGS, "AAMAAABkAA=="),
        ] {
            assert_eq!(
                with(|r| drop(r.headers_mut().insert(&header, value(other)))),
                None,
                "{header}: {other}"
            );
        }
        for (header, again) in [(HTTP2_SETTINGS, "AAMAAABk"), (HOST, "elsewhere")] {
            assert_eq!(
                with(|r| assert!(r.headers_mut().append(&header, value(again)))),
                None,
                "{header} twice"
            );
        }
        let many = "AAMAAABk".repeat(61);
        assert_eq!(with(|r| drop(r.headers_mut().insert(HTTP2_SETTINGS, many.parse().unwrap()))), None);
    }

    #[test]
    fn an_offer_must_fit_one_frame() {
        let long = |length: usize| {
            with(|r| drop(r.headers_mut().insert("x-long", "a".repeat(length).parse().unwrap())))
        };
        let room =
            LARGEST_FRAME - Upgrade::offered(&cargos()).unwrap().request.len() - "\0\x06x-long".len() - 3;
        assert_eq!(long(room).unwrap().request.len(), LARGEST_FRAME);
        assert_eq!(long(room + 1), None);
    }

    #[test]
    fn words_for_the_connection_stay_with_it() {
        let upgrade = with(|r| {
            let headers = r.headers_mut();
            headers.insert(CONNECTION, HeaderValue::from_static("upgrade, HTTP2-Settings, X-Hop"));
            headers.insert("x-hop", HeaderValue::from_static("1"));
            headers.insert("keep-alive", HeaderValue::from_static("300"));
            headers.insert(TE, HeaderValue::from_static("trailers"));
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        });
        assert_eq!(upgrade, Upgrade::offered(&cargos()));
    }

    #[test]
    fn the_request_comes_after_the_clients_settings() {
        let upgrade = Upgrade::offered(&cargos()).unwrap();
        let own = [0, 4, 0, 2, 0, 0];
        let ping = frame(6, 0, 0, &[7; 8]);
        let sent = [&PREFACE[..], &frame(SETTINGS, 0, 0, &own), &ping].concat();
        let served = [
            &PREFACE[..],
            &frame(SETTINGS, 0, 0, &[&upgrade.settings[..], &own].concat()),
            &frame(HEADERS, END_STREAM | END_HEADERS, 1, &upgrade.request),
            &ping,
        ]
        .concat();
        assert_eq!(upgrade.rewrite(&sent), Rewrite::Done(served.into()));
        for length in 0..sent.len() - ping.len() {
            assert_eq!(upgrade.rewrite(&sent[..length]), Rewrite::More, "{length} bytes");
        }
    }

    #[test]
    fn what_does_not_begin_as_http2_is_served_as_it_is() {
        let upgrade = Upgrade::offered(&cargos()).unwrap();
        let after = |frame: &[u8]| [&PREFACE[..], frame].concat();
        for sent in [
            b"GET / HTTP/1.1\r\n".to_vec(),
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r ".to_vec(),
            after(&frame(6, 0, 0, &[7; 8])),
            after(&frame(SETTINGS, 1, 0, &[])),
            after(&frame(SETTINGS, 0, 1, &[])),
            after(&frame(SETTINGS, 0, 0, &[0; LARGEST_FRAME])),
        ] {
            assert_eq!(
                upgrade.rewrite(&sent),
                Rewrite::NotHttp2,
                "{}",
                sent[..sent.len().min(40)].escape_ascii()
            );
        }
    }

    #[test]
    fn lengths_are_those_of_the_standard() {
        let check = |length, expected: &[u8]| {
            let mut block = Vec::new();
            integer(&mut block, length);
            assert_eq!(block, expected, "{length}");
        };
        check(0, &[0]);
        check(126, &[126]);
        check(127, &[127, 0]);
        check(254, &[127, 127]);
        check(255, &[127, 128, 1]);
        check(16_384, &[127, 129, 127]);
    }

    #[test]
    fn base64_is_that_of_urls() {
        for (text, bytes) in [
            ("", Some(&b""[..])),
            ("Zg", Some(b"f")),
            ("Zm8", Some(b"fo")),
            ("Zm9v", Some(b"foo")),
            ("-_-_", Some(&[251, 255, 191])),
            ("Z", None),
            ("Zg==", None),
            ("+/+/", None),
        ] {
            assert_eq!(base64url(text.as_bytes()).as_deref(), bytes, "{text}");
        }
    }
}
