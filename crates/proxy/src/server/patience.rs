//! How long a connection may keep the server waiting.
//!
//! [`Patient`] is the stream beneath a connection, TLS included. Whenever it has to wait for its peer, it looks at
//! its watch from time to time: if nothing has moved since the last look, the time counts against the limit of what
//! the connection is at, and past the limit the stream breaks. What the connection is at, it is told by those who
//! serve it, through the [`Pulse`].
//!
//! Bytes alone are no movement, or a peer could hold a connection by sending or taking one byte now and then, or with
//! HTTP/2's pings. A whole request is, and a piece of an answer that was taken. No clock is read while things move.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::Limits;
use super::tally::Tally;

/// What happens on one connection. All of it is told within one thread; the atomics only say so to the compiler.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    /// Counts whole requests, and pieces of answers that were taken.
    steps: AtomicU64,
    /// Answers that are being thought about.
    thinking: AtomicUsize,
    /// Answers that are being sent.
    sending: AtomicUsize,
    /// Whether frames of many requests come mixed, so that no byte can be said to begin a request.
    mixed: AtomicBool,
    /// The limit that the connection broke.
    overdue: OnceLock<Cut>,
}

/// Why the server ended a connection before its peer did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// A request, or a handshake, did not come to its end.
    SlowRequest,
    /// Nothing was asked.
    Idle,
    /// Nothing of an answer was taken.
    SlowReader,
    /// What came was not HTTP, or more than the limits allow.
    Garbled,
}

impl Cut {
    /// All of them, in order.
    pub(super) const ALL: [Self; 4] = [Self::SlowRequest, Self::Idle, Self::SlowReader, Self::Garbled];

    /// The word for logs and figures.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::SlowRequest => "slow-request",
            Self::Idle => "idle",
            Self::SlowReader => "slow-reader",
            Self::Garbled => "garbled",
        }
    }
}

impl Pulse {
    /// A whole request came in, or a piece of an answer was taken.
    pub(super) fn step(&self) {
        self.steps.fetch_add(1, Relaxed);
    }

    /// How many steps there were.
    pub(super) fn steps(&self) -> u64 {
        self.steps.load(Relaxed)
    }

    /// From here on, the connection speaks HTTP/2.
    pub(super) fn mix(&self) {
        self.mixed.store(true, Relaxed);
    }

    /// Which limit ended the connection, if one did.
    pub(super) fn overdue(&self) -> Option<Cut> {
        self.overdue.get().copied()
    }

    /// Counts an answer as being thought about, until what is returned is dropped.
    pub(super) fn think(self: &Arc<Self>) -> Busy {
        Busy::new(self, |pulse| &pulse.thinking)
    }

    /// Counts an answer as being sent, until what is returned is dropped.
    pub(super) fn send(self: &Arc<Self>) -> Busy {
        Busy::new(self, |pulse| &pulse.sending)
    }
}

/// An answer at some stage, for as long as this is kept. Its end is a step.
#[derive(Debug)]
pub(super) struct Busy {
    pulse: Arc<Pulse>,
    count: fn(&Pulse) -> &AtomicUsize,
}

impl Busy {
    fn new(pulse: &Arc<Pulse>, count: fn(&Pulse) -> &AtomicUsize) -> Self {
        count(pulse).fetch_add(1, Relaxed);
        Self { pulse: Arc::clone(pulse), count }
    }

    /// A piece was taken.
    pub(super) fn step(&self) {
        self.pulse.step();
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        (self.count)(&self.pulse).fetch_sub(1, Relaxed);
        self.pulse.step();
    }
}

/// A stream that breaks when its peer keeps it waiting for too long.
#[derive(Debug)]
pub(super) struct Patient<IO> {
    io: IO,
    pulse: Arc<Pulse>,
    tally: Arc<Tally>,
    limits: Limits,
    /// Whether a write waits for the peer.
    blocked: bool,
    /// The step at which something was read last.
    read_at: Option<u64>,
    watch: Pin<Box<Sleep>>,
    /// What was waited for at the last look, and for how long by then.
    seen: Option<Wait>,
    waited: Duration,
}

/// What is waited for: two looks that see the same have seen nothing move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wait {
    steps: u64,
    limit: Duration,
    or: Cut,
}

impl<IO> Patient<IO> {
    pub(super) fn new(io: IO, pulse: Arc<Pulse>, tally: Arc<Tally>, limits: Limits) -> Self {
        Self {
            io,
            pulse,
            tally,
            limits,
            blocked: false,
            read_at: None,
            watch: Box::pin(tokio::time::sleep(limits.look())),
            seen: None,
            waited: Duration::ZERO,
        }
    }

    /// What the peer is waited for; nothing while an answer is thought about, which has a limit of its own.
    fn wait(&self) -> Option<Wait> {
        let steps = self.pulse.steps();
        let (limit, or) = if self.blocked || self.pulse.sending.load(Relaxed) > 0 {
            (self.limits.stall, Cut::SlowReader)
        } else if self.pulse.thinking.load(Relaxed) > 0 {
            return None;
        } else if steps == 0 || (self.read_at == Some(steps) && !self.pulse.mixed.load(Relaxed)) {
            (self.limits.head, Cut::SlowRequest)
        } else {
            (self.limits.idle, Cut::Idle)
        };
        Some(Wait { steps, limit, or })
    }

    /// Looks at the watch; ready when it is too late. Called whenever the peer has to be waited for.
    fn poll_overdue(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            ready!(self.watch.as_mut().poll(cx));
            let look = self.limits.look();
            self.watch.as_mut().reset(Instant::now() + look);
            let wait = self.wait();
            let Some(Wait { limit, or, .. }) = wait.filter(|_| wait == self.seen) else {
                self.seen = wait;
                self.waited = Duration::ZERO;
                continue;
            };
            self.waited += look;
            if self.waited >= limit {
                let _ = self.pulse.overdue.set(or);
                return Poll::Ready(io::Error::new(io::ErrorKind::TimedOut, or.as_str()));
            }
        }
    }

    /// What came of a write: progress, or a wait.
    fn after_write(
        &mut self,
        cx: &mut Context<'_>,
        outcome: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match outcome {
            Poll::Pending => {
                self.blocked = true;
                self.poll_overdue(cx).map(Err)
            }
            Poll::Ready(Ok(bytes)) => {
                self.blocked = false;
                self.tally.sent(bytes);
                Poll::Ready(Ok(bytes))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
        }
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Patient<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.io).poll_read(cx, buffer) {
            Poll::Pending => self.poll_overdue(cx).map(Err),
            Poll::Ready(outcome) => {
                self.read_at = Some(self.pulse.steps());
                Poll::Ready(outcome)
            }
        }
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Patient<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.after_write(cx, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = match slices {
            // A head without a body, mostly: the system takes one piece faster than a list of one.
            [piece] => Pin::new(&mut self.io).poll_write(cx, piece),
            _ => Pin::new(&mut self.io).poll_write_vectored(cx, slices),
        };
        self.after_write(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
