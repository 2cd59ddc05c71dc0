//! The registry on a socket: HTTP in front of whoever [`Answers`].
//!
//! The main path, from the outside in:
//!
//! * [`Server::serve`] accepts connections and hands each to the worker that has the fewest;
//! * `worker` serves it on a thread of its own, beneath TLS if there is a certificate;
//! * `patience` is the stream under it, which ends when its peer keeps the server waiting;
//! * `connection` tells HTTP/1.1 from HTTP/2, and `upgrade` turns one into the other, as cargo wants it;
//! * `exchange` makes of a request an [`Ask`](crate::answer::Ask), and of the answer a response, with the help of
//!   `tokens`, `names`, `negotiate` and `body`;
//! * `tally` counts, for `/metrics`.
//!
//! Every number that limits a stranger stands in [`Limits`].

mod body;
mod certificate;
mod connection;
mod exchange;
mod limits;
mod names;
mod negotiate;
mod patience;
mod tally;
#[cfg(test)]
mod tests;
mod tokens;
mod upgrade;
mod worker;

use std::convert::Infallible;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::Poll;
use std::thread::available_parallelism;
use std::time::Duration;

use fence_model::Time;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio_rustls::rustls::{self, ServerConfig};

pub use certificate::{Certificate, CertificateError, CertificateFiles};
pub use limits::Limits;
pub use names::Names;
pub use tokens::{NoToken, Tokens};

use crate::answer::Answers;
use crate::event::{Event, Log, Weight};
use certificate::Renewal;
use tally::Tally;
use worker::Worker;

/// Where a fence listens unless it is told otherwise. Cargo keeps what it downloads by this address, so it stays.
pub const USUAL_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7343);

/// How long nothing is accepted after the system had no room for another connection.
const BREATH: Duration = Duration::from_secs(1);

/// How a registry is served.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where. Port 0 is any that is free.
    pub address: SocketAddr,
    /// With which certificate; without one, in clear text.
    pub certificate: Option<CertificateFiles>,
    /// To whom; without tokens, to whoever reaches it.
    pub tokens: Option<Tokens>,
    /// Under which names it answers, beside this machine's own and addresses.
    pub names: Names,
    /// On how many threads.
    pub workers: NonZeroUsize,
    /// Within which limits.
    pub limits: Limits,
}

impl Settings {
    /// At this address: in clear text, to everybody, on all cores.
    pub fn at(address: SocketAddr) -> Self {
        Self {
            address,
            certificate: None,
            tokens: None,
            names: Names::default(),
            workers: available_parallelism().unwrap_or(NonZeroUsize::MIN),
            limits: Limits::DEFAULT,
        }
    }
}

/// Why a server does not stand.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another program has the port.
    #[error("port {} is taken, by another fence or another program: stop that, or choose another port with --listen", address.port())]
    PortTaken {
        /// The address that was asked for.
        address: SocketAddr,
    },
    /// The port is for the system's own services.
    #[error("port {} is reserved: choose one from 1024 on with --listen, or give the fence the right to it", address.port())]
    PortReserved {
        /// The address that was asked for.
        address: SocketAddr,
    },
    /// No network of this machine has the address.
    #[error("this machine has no address {}: choose one that it has with --listen", address.ip())]
    NotOurs {
        /// The address that was asked for.
        address: SocketAddr,
    },
    /// The system does not let it be, for another reason.
    #[error("the fence cannot listen at {address}: {error}")]
    System {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
    /// The certificate is no use.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// TLS itself is not to be had: a mistake in how the fence was built.
    #[error("TLS cannot be set up: {0}: this is a mistake in the fence, please report it")]
    Tls(rustls::Error),
}

/// Why a server that stood did not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The system refused a thread, or the files that one needs.
    #[error(
        "no thread to serve on: {0}: raise the limits on processes and open files, or close other programs"
    )]
    NoThread(io::Error),
}

/// A registry's socket, bound but not yet served.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    certificate: Option<(Certificate, Arc<ServerConfig>)>,
    tokens: Option<Tokens>,
    names: Names,
    workers: NonZeroUsize,
    limits: Limits,
}

/// What all workers share.
struct Shared {
    answers: Arc<dyn Answers>,
    log: Arc<dyn Log>,
    clock: Box<dyn Fn() -> Time + Send + Sync>,
    tokens: Option<Tokens>,
    names: Names,
    limits: Limits,
    /// One for each worker.
    tallies: Vec<Arc<Tally>>,
    /// Connections that were one too many.
    refused: AtomicU64,
    /// Where answers are thought about.
    runtime: Handle,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("tokens", &self.tokens)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Takes the port and reads the certificate. From here on clients can connect; they wait until
    /// [`Self::serve`] runs.
    ///
    /// # Errors
    /// Any [`BindError`].
    pub async fn bind(settings: Settings) -> Result<Self, BindError> {
        let Settings { address, certificate, tokens, names, workers, limits } = settings;
        let certificate = match certificate {
            Some(files) => {
                let certificate = Certificate::read(files)?;
                let config = certificate.config().map_err(BindError::Tls)?;
                Some((certificate, config))
            }
            None => None,
        };
        let listener = TcpListener::bind(address).await.map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => BindError::PortTaken { address },
            io::ErrorKind::PermissionDenied => BindError::PortReserved { address },
            io::ErrorKind::AddrNotAvailable => BindError::NotOurs { address },
            _ => BindError::System { address, error },
        })?;
        let address = listener.local_addr().map_err(|error| BindError::System { address, error })?;
        Ok(Self { listener, address, certificate, tokens, names, workers, limits })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate, which can be reloaded also while the server runs.
    pub fn certificate(&self) -> Option<Certificate> {
        self.certificate.as_ref().map(|(certificate, _)| certificate.clone())
    }

    /// Serves until `stop`, then closes the port and waits for running answers, as long as [`Limits::stop`] allows.
    ///
    /// Connections are served on threads of their own; answers that take time are thought about on the runtime that
    /// runs this.
    ///
    /// # Errors
    /// Any [`ServeError`].
    pub async fn serve(
        self,
        answers: Arc<dyn Answers>,
        log: Arc<dyn Log>,
        clock: impl Fn() -> Time + Send + Sync + 'static,
        stop: impl Future<Output = ()>,
    ) -> Result<(), ServeError> {
        let tallies = (0..self.workers.get()).map(|_| Arc::new(Tally::default())).collect();
        let shared = Arc::new(Shared {
            answers,
            log,
            clock: Box::new(clock),
            tokens: self.tokens,
            names: self.names,
            limits: self.limits,
            tallies,
            refused: AtomicU64::new(0),
            runtime: Handle::current(),
        });
        let (certificate, tls) = self.certificate.unzip();
        let workers = shared
            .tallies
            .iter()
            .map(|tally| Worker::start(Arc::clone(&shared), Arc::clone(tally), tls.clone()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(ServeError::NoThread)?;
        let door = Door { shared, workers, certificate };
        door.tell(Weight::Detail, "serving", format!("serving at {}", self.address));
        {
            let mut stop = pin!(stop);
            let mut open = pin!(door.open(self.listener));
            poll_fn(|cx| match stop.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(()),
                Poll::Pending => open.as_mut().poll(cx).map(|never| match never {}),
            })
            .await;
        }
        door.tell(Weight::Detail, "stopping", "no new connections; running answers are finished".to_owned());
        // All are told before one is waited for.
        let gone: Vec<_> = door.workers.into_iter().map(Worker::stop).collect();
        for gone in gone {
            let _ = gone.await;
        }
        Ok(())
    }
}

/// Where connections come in.
struct Door {
    shared: Arc<Shared>,
    workers: Vec<Worker>,
    certificate: Option<Certificate>,
}

impl Door {
    /// Accepts connections and hands them out, for ever.
    async fn open(&self, listener: TcpListener) -> Infallible {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => self.let_in(stream, peer),
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    self.tell(
                        Weight::Warning,
                        "no-room",
                        format!("no connection can be accepted: {error}: raise the limit on open files"),
                    );
                    tokio::time::sleep(BREATH).await;
                }
            }
        }
    }

    /// Hands a connection to the worker that has the fewest. One too many is told so and closed: who waited in the
    /// system's queue instead would look like a fence that hangs, to people and to whoever watches it, while cargo tries
    /// again after a 503.
    fn let_in(&self, stream: TcpStream, peer: SocketAddr) {
        self.renew_certificate();
        let open: u64 = self.workers.iter().map(Worker::open).sum();
        let fewest = self.workers.iter().min_by_key(|worker| worker.open());
        let Some(worker) = fewest.filter(|_| open < self.shared.limits.connections as u64) else {
            self.shared.refused.fetch_add(1, Relaxed);
            // Over TLS nobody could read it. It fits the empty buffer of a new socket, or is not worth waiting for.
            if self.certificate.is_none() {
                let _ = stream.try_write(TOO_MANY);
            }
            return;
        };
        // Answers go out whole: there is nothing to wait for that would fill up a packet.
        let _ = stream.set_nodelay(true);
        if let Ok(stream) = stream.into_std() {
            worker.take(stream, peer);
        }
    }

    /// Looks after the certificate; a new connection is a good moment, and without one it is not needed.
    fn renew_certificate(&self) {
        let Some(certificate) = &self.certificate else { return };
        match certificate.renew() {
            Ok(Renewal::Unchanged) => {}
            Ok(Renewal::Renewed) => {
                self.tell(Weight::Note, "certificate", "a new certificate is shown".to_owned());
            }
            Err(error) => {
                self.tell(
                    Weight::Warning,
                    "certificate",
                    format!("the old certificate is still shown: {error}"),
                );
            }
        }
    }

    fn tell(&self, weight: Weight, what: &'static str, words: String) {
        let at = (self.shared.clock)();
        self.shared.log.tell(&Event { at, weight, what, fields: vec![], words });
    }
}

/// What one connection too many is told.
const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: text/plain; charset=utf-8\r\n\
    content-length: 57\r\n\
    retry-after: 5\r\n\
    connection: close\r\n\
    \r\n\
    the fence has too many connections: try again in a moment";

/// Whether an error of `accept` is about the connection that would have been accepted, and says nothing of the next.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}
