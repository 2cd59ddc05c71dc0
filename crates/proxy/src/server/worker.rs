//! The threads on which connections are served.
//!
//! Each has a runtime of its own for one thread: a connection stays where it began, nothing is handed from core to
//! core, and nobody waits for a lock. What takes long is thought about elsewhere
//! ([`exchange`](super::exchange)), so that a worker only ever moves bytes.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread;

use tokio::sync::{mpsc, oneshot, watch};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use super::Shared;
use super::connection::{End, Http, unless};
use super::exchange::{Clerk, Desk, Transport};
use super::patience::{Cut, Patient, Pulse};
use super::tally::Tally;
use crate::event::{Event, Weight};

/// A thread that serves the connections that it is handed.
#[derive(Debug)]
pub(super) struct Worker {
    tally: Arc<Tally>,
    queue: mpsc::UnboundedSender<(TcpStream, SocketAddr)>,
    /// Told when the last connection has ended.
    gone: oneshot::Receiver<()>,
}

impl Worker {
    /// Starts a thread that counts in `tally`.
    ///
    /// # Errors
    /// The system has no thread, or no more files, for it.
    pub(super) fn start(
        shared: Arc<Shared>,
        tally: Arc<Tally>,
        tls: Option<Arc<ServerConfig>>,
    ) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (queue, incoming) = mpsc::unbounded_channel();
        let (end, gone) = oneshot::channel();
        let post = Post {
            http: Http::new(shared.limits),
            shared,
            tally: Arc::clone(&tally),
            tls: tls.map(TlsAcceptor::from),
        };
        thread::Builder::new().name("fence-http".to_owned()).spawn(move || {
            runtime.block_on(post.work(incoming));
            // What did not come to its end is cut off here.
            drop(runtime);
            let _ = end.send(());
        })?;
        Ok(Self { tally, queue, gone })
    }

    /// How many connections it has.
    pub(super) fn open(&self) -> u64 {
        self.tally.open()
    }

    /// Hands it a connection, which counts from now on.
    pub(super) fn take(&self, stream: TcpStream, peer: SocketAddr) {
        self.tally.opened();
        if self.queue.send((stream, peer)).is_err() {
            self.tally.closed();
        }
    }

    /// Tells it that no more will come; what is returned is told when its connections have ended or run out of time.
    pub(super) fn stop(self) -> oneshot::Receiver<()> {
        self.gone
    }
}

/// What a worker needs for its work.
struct Post {
    shared: Arc<Shared>,
    tally: Arc<Tally>,
    http: Http,
    tls: Option<TlsAcceptor>,
}

impl Post {
    async fn work(self, mut incoming: mpsc::UnboundedReceiver<(TcpStream, SocketAddr)>) {
        let post = Arc::new(self);
        let (stop, stopped) = watch::channel(());
        while let Some((stream, peer)) = incoming.recv().await {
            // Dropped with the connection, however that ends.
            let open = Open(Arc::clone(&post.tally));
            let work = Arc::clone(&post).serve(stream, peer, stopped.clone());
            tokio::spawn(async move {
                work.await;
                drop(open);
            });
        }
        drop(stopped);
        let _ = stop.send(());
        let _ = tokio::time::timeout(post.shared.limits.stop, stop.closed()).await;
    }

    async fn serve(self: Arc<Self>, stream: TcpStream, peer: SocketAddr, stop: watch::Receiver<()>) {
        let Ok(stream) = tokio::net::TcpStream::from_std(stream) else { return };
        let pulse = Arc::new(Pulse::default());
        let io = Patient::new(stream, Arc::clone(&pulse), Arc::clone(&self.tally), self.shared.limits);
        let clerk = Arc::new(Clerk {
            shared: Arc::clone(&self.shared),
            tally: Arc::clone(&self.tally),
            pulse: Arc::clone(&pulse),
            peer,
        });
        let end = match &self.tls {
            None => self.http.serve(io, Desk::new(clerk, Transport::Clear), stop).await,
            Some(tls) => match unless(stop.clone(), tls.accept(io)).await {
                Some(Ok(io)) => self.http.serve(io, Desk::new(clerk, Transport::Tls), stop).await,
                // No friend of our certificate, or no TLS at all: the alert has told the peer.
                Some(Err(_)) | None => pulse.overdue().map_or(End::Done, End::Cut),
            },
        };
        let End::Cut(why) = end else { return };
        self.tally.cut(why);
        // What is no HTTP may be a client that was set up wrongly; the others are everyday.
        let weight = if why == Cut::Garbled { Weight::Note } else { Weight::Detail };
        if self.shared.log.hears(weight) {
            self.shared.log.tell(&Event {
                at: (self.shared.clock)(),
                weight,
                what: "connection-cut",
                fields: vec![("peer", peer.to_string()), ("why", why.as_str().to_owned())],
                words: format!("the connection from {} was ended: {}", peer.ip(), why.as_str()),
            });
        }
    }
}

/// A connection that is open.
struct Open(Arc<Tally>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.closed();
    }
}
