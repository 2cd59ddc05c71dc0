//! How much of anything a stranger on a socket may ask for, send, or make the server wait for.

use std::time::Duration;

/// The most of each thing; who wants more is answered so, or cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request's head, over HTTP/1 with its first line. Those of cargo have 200 to 400, and a token at
    /// most a few thousand. Never less than 8,192, the smallest buffer that HTTP/1 is read with.
    pub head_bytes: usize,
    /// Bytes of a path. The longest that cargo asks for holds a registry's name and a crate's (64 each), a version and
    /// a digest; semver allows long versions, but nobody writes them.
    pub path_bytes: usize,
    /// Connections at a time. cargo opens two, so that four thousand builds may start at once; each connection costs
    /// some twenty kilobytes. One more is told so, and closed.
    pub connections: usize,
    /// How long the head of a request may take from its first byte, a TLS handshake included. It fits one packet.
    pub head: Duration,
    /// How long a connection may stay open on which nobody asks for anything. cargo asks in bursts, and goes on
    /// asking for as long as it resolves.
    pub idle: Duration,
    /// How long a reader may take nothing of an answer. cargo itself gives up after 30 seconds without a byte.
    pub stall: Duration,
    /// How long an answer may take that is not at hand: four tries of an upstream, each of which may ask for ten
    /// seconds of patience.
    pub answer: Duration,
    /// How long running answers get to finish once the server is told to stop. An init system waits longer.
    pub stop: Duration,
    /// How long a connection that the server ends is read from, so that the peer gets to see why: closing on unread
    /// bytes takes back what is on its way (RFC 9112, 9.6).
    pub linger: Duration,
    /// Bytes that are read and thrown away meanwhile, of bodies that nobody asked for, too.
    pub linger_bytes: usize,
    /// Answers at a time on one HTTP/2 connection. cargo's library asks for at most a hundred.
    pub streams: u32,
    /// Bytes of a request's body that an HTTP/2 client may send unasked: what the protocol starts with, since a
    /// request here has none.
    pub window_bytes: u32,
    /// Bytes of an answer that are handed on in one piece. A reader that takes less in `stall` is cut off: two
    /// kilobytes a second.
    pub piece_bytes: usize,
    /// Characters of a refusal: cargo prints no more.
    pub refusal_chars: usize,
}

impl Limits {
    /// What programs use; tests set narrower ones.
    pub const DEFAULT: Self = Self {
        head_bytes: 16 << 10,
        path_bytes: 1 << 10,
        connections: 8_192,
        head: Duration::from_secs(15),
        idle: Duration::from_secs(90),
        stall: Duration::from_secs(30),
        answer: Duration::from_secs(60),
        stop: Duration::from_secs(10),
        linger: Duration::from_secs(2),
        linger_bytes: 256 << 10,
        streams: 128,
        window_bytes: 65_535,
        piece_bytes: 64 << 10,
        refusal_chars: 512,
    };

    /// How often a connection that waits is looked at: four times within the shortest limit.
    pub(super) fn look(&self) -> Duration {
        self.head.min(self.idle).min(self.stall) / 4
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
