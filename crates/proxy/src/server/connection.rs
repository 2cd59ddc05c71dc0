//! One connection, from its first byte to its last.
//!
//! `Http::serve` tells by the first bytes which protocol is spoken. HTTP/1.1 may turn into HTTP/2 on the way
//! ([`upgrade`](super::upgrade)). When the server is told to stop, running answers are finished and no new ones begun.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes, BytesMut};
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::sync::watch;

use super::Limits;
use super::exchange::Desk;
use super::patience::Cut;
use super::upgrade::PREFACE;

/// How HTTP is spoken, the same on all connections.
#[derive(Debug, Clone)]
pub(super) struct Http {
    one: http1::Builder,
    two: http2::Builder<TokioExecutor>,
    limits: Limits,
}

/// How a connection came to its end.
#[derive(Debug)]
pub(super) enum End {
    /// As it should, or its peer went away.
    Done,
    /// The server ended it.
    Cut(Cut),
}

impl Http {
    pub(super) fn new(limits: Limits) -> Self {
        let mut one = http1::Builder::new();
        // The stream beneath knows how long to wait. Answers are written from where they lie, not put together in a
        // buffer first, as `pipeline_flush` would: a package is large, and nobody who installs crates pipelines.
        one.header_read_timeout(None)
            .max_header_size(limits.head_bytes)
            .max_buf_size(limits.head_bytes.max(8_192))
            .keep_alive(true);
        let mut two = http2::Builder::new(TokioExecutor::new());
        two.max_concurrent_streams(limits.streams)
            .initial_stream_window_size(limits.window_bytes)
            .initial_connection_window_size(limits.window_bytes)
            .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX))
            .max_send_buf_size(limits.piece_bytes);
        Self { one, two, limits }
    }

    /// Serves what comes over `io` until it ends, or until `stop` and the end of what is running.
    pub(super) async fn serve<IO>(&self, mut io: IO, desk: Desk, stop: watch::Receiver<()>) -> End
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let pulse = Arc::clone(&desk.clerk.pulse);
        let begun = unless(stop.clone(), opening(&mut io)).await;
        if let Some(Ok(begun)) = begun {
            let io = Begun { begun, io };
            if io.begun.starts_with(PREFACE) {
                self.http2(io, desk, stop).await;
            } else if let Err(Garbled) = self.http1(io, desk, stop).await {
                return End::Cut(Cut::Garbled);
            }
        }
        pulse.overdue().map_or(End::Done, End::Cut)
    }

    async fn http1<IO>(&self, io: Begun<IO>, desk: Desk, stop: watch::Receiver<()>) -> Result<(), Garbled>
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut connection = self.one.serve_connection(TokioIo::new(io), desk);
        let mut stopping = Stopping::of(&stop);
        let end = poll_fn(|cx| {
            if stopping.is_told_now(cx) {
                Pin::new(&mut connection).graceful_shutdown();
            }
            Pin::new(&mut connection).poll(cx)
        })
        .await;
        let is_stopping = stopping.is_told();
        let http1::Parts { io, read_buf, service: desk, .. } = connection.into_parts();
        let Begun { begun, mut io } = io.into_inner();
        if let Some(upgrade) = desk.upgrade() {
            let begun = [read_buf, begun].concat().into();
            if let Some(Ok(begun)) = unless(stop.clone(), upgrade.open(&mut io, begun)).await {
                self.http2(Begun { begun, io }, desk, stop).await;
            }
            return Ok(());
        }
        let garbled = end.is_err_and(|error| error.is_parse());
        if !is_stopping && desk.clerk.pulse.overdue().is_none() {
            unless(stop, linger(io, self.limits)).await;
        }
        if garbled { Err(Garbled) } else { Ok(()) }
    }

    async fn http2<IO>(&self, io: Begun<IO>, desk: Desk, stop: watch::Receiver<()>)
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        desk.clerk.pulse.mix();
        let mut connection = pin!(self.two.serve_connection(TokioIo::new(io), desk));
        let mut stopping = Stopping::of(&stop);
        poll_fn(|cx| {
            if stopping.is_told_now(cx) {
                connection.as_mut().graceful_shutdown();
            }
            // What goes wrong here concerns one peer, who is told in HTTP/2's own words.
            connection.as_mut().poll(cx).map(drop)
        })
        .await;
    }
}

/// What came was not HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Garbled;

/// The end of a connection, for which it waits beside all else.
struct Stopping<'s> {
    stop: &'s watch::Receiver<()>,
    /// None once it is told.
    waiting: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// Whether the task that serves the connection is woken when it is told.
    is_awaited: bool,
}

impl<'s> Stopping<'s> {
    fn of(stop: &'s watch::Receiver<()>) -> Self {
        Self { stop, waiting: Some(Box::pin(told(stop.clone()))), is_awaited: false }
    }

    fn is_told(&self) -> bool {
        self.waiting.is_none()
    }

    /// Whether this is the moment at which it is told. Asked with every read and write of a connection, which stays in
    /// one task with one waker: so what was once polled need not be until something has changed.
    fn is_told_now(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(waiting) = &mut self.waiting else { return false };
        if self.is_awaited && self.stop.has_changed().is_ok_and(|changed| !changed) {
            return false;
        }
        self.is_awaited = true;
        let is_now = waiting.as_mut().poll(cx).is_ready();
        if is_now {
            self.waiting = None;
        }
        is_now
    }
}

/// Waits until the server is told to stop, or is gone.
async fn told(mut stop: watch::Receiver<()>) {
    let _ = stop.changed().await;
}

/// What comes of `work`, unless the server is told to stop before.
pub(super) async fn unless<T>(stop: watch::Receiver<()>, work: impl Future<Output = T>) -> Option<T> {
    let mut stopped = pin!(told(stop));
    let mut work = pin!(work);
    poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => stopped.as_mut().poll(cx).map(|()| None),
    })
    .await
}

/// Reads until it is clear whether a client with prior knowledge of HTTP/2 begins here; returns all that was read.
async fn opening<IO: AsyncRead + Unpin>(io: &mut IO) -> io::Result<Bytes> {
    let mut begun = BytesMut::with_capacity(1_024);
    while begun.len() < PREFACE.len() && PREFACE.starts_with(&begun) {
        if io.read_buf(&mut begun).await? == 0 {
            break;
        }
    }
    Ok(begun.freeze())
}

/// Says that nothing more will come, and reads what the peer still sends, for a while, to throw it away.
async fn linger<IO: AsyncRead + AsyncWrite + Unpin>(mut io: IO, limits: Limits) {
    // Mostly it has been said; not where an upgrade was offered and passed over, since hyper leaves the end of such a
    // connection to whoever would have taken it.
    let _ = io.shutdown().await;
    let rest = async {
        let mut left = limits.linger_bytes;
        let mut scrap = [0; 4_096];
        while left > 0 {
            match io.read(&mut scrap).await {
                Ok(0) | Err(_) => return,
                Ok(bytes) => left = left.saturating_sub(bytes),
            }
        }
    };
    // Whether the peer came to an end or not, the connection does.
    let _ = tokio::time::timeout(limits.linger, rest).await;
}

/// A stream of which some bytes were read before.
#[derive(Debug)]
struct Begun<IO> {
    begun: Bytes,
    io: IO,
}

impl<IO: AsyncRead + Unpin> AsyncRead for Begun<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.begun.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, buffer);
        }
        let bytes = self.begun.len().min(buffer.remaining());
        buffer.put_slice(&self.begun[..bytes]);
        self.begun.advance(bytes);
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Begun<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
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
