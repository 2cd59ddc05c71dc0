//! One small HTTP client: GET with a condition, and every way in which that can end.
//!
//! [`Http::fetch`] asks once for an [`Ask`], again where the failure may pass by itself (three times unless
//! `net.retry` says otherwise, with cargo's pauses), and gives an [`Answer`] or an [`HttpError`]. Absent is an answer
//! ([`Answer::DoesNotExist`]); unreachable and invalid are errors of their own.
//!
//! Addresses are shown to people without user names, passwords and queries, which may hold secrets.

use std::collections::HashMap;
use std::fmt;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use fence_model::Time;
use ureq::Timeout;
use ureq::config::{AutoHeaderValue, Config};
use ureq::http::Uri;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

use crate::limits::Limits;

/// Whether the network may be asked; a type, so that nothing has to remember to look at a flag.
#[derive(Debug, Clone)]
pub enum Network {
    /// It may, with this client.
    Online(Http),
    /// It may not: only what is kept on this machine is used.
    Offline,
}

/// How cargo's configuration wants the network to be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpSettings {
    /// The proxy for `https` addresses, as libcurl writes it: `[protocol://][user:password@]host[:port]`.
    pub https_proxy: Option<String>,
    /// The proxy for `http` addresses.
    pub http_proxy: Option<String>,
    /// Hosts that are asked without a proxy, separated by commas.
    pub no_proxy: Option<String>,
    /// A file of certificate authorities in PEM; those of the platform where there is none.
    pub cainfo: Option<PathBuf>,
    /// For how long a connection may be attempted, or be silent.
    pub timeout: Duration,
    /// How often a request that failed by chance is tried again.
    pub retries: u32,
    /// How many connections are kept to one host.
    pub connections: usize,
}

impl Default for HttpSettings {
    /// What cargo does without a configuration, and sixteen connections: a registry over HTTP/1.1 answers one
    /// request a round trip on each.
    fn default() -> Self {
        Self {
            https_proxy: None,
            http_proxy: None,
            no_proxy: None,
            cainfo: None,
            timeout: Duration::from_secs(30),
            retries: 3,
            connections: 16,
        }
    }
}

/// A client for HTTP/1.1 over TCP or TLS. Clones share their connections.
#[derive(Clone)]
pub struct Http(Arc<Client>);

struct Client {
    agent: ureq::Agent,
    https_proxy: Option<ureq::Proxy>,
    http_proxy: Option<ureq::Proxy>,
    settings: HttpSettings,
    limits: Limits,
    pause: Pause,
    /// What time it was at the server that answered last.
    date: Mutex<Option<Time>>,
}

/// How a client waits before it asks again.
pub type Pause = Arc<dyn Fn(Duration) + Send + Sync>;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The address, `https` or `http`.
    pub url: &'a str,
    /// The most bytes that are taken, decompressed.
    pub limit: usize,
    /// What the caller has: only something else is sent.
    pub unless: Option<&'a str>,
    /// Sent as `Authorization`, as it is; never to another host than that of `url`.
    pub token: Option<&'a Secret>,
    /// Whether the bytes may be compressed on their way.
    pub transfer: Transfer,
}

/// Whether bytes may be compressed on their way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transfer {
    /// They may (`Content-Encoding: gzip`), and are decompressed.
    Compressed,
    /// They are wanted as they lie on the server: archives, whose digest is compared.
    Plain,
}

/// How a server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// With the bytes.
    Found {
        /// All of them.
        bytes: Vec<u8>,
        /// What to send as [`Ask::unless`] next time, as cargo writes it: `etag: "…"` or `last-modified: …`.
        validator: Option<String>,
        /// When the server says that they were last changed.
        last_modified: Option<Time>,
    },
    /// What the caller has is what there is.
    NotModified,
    /// There is no such thing: 404, 410 or 451.
    DoesNotExist,
}

/// Text that must not be shown, such as a token.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides `text`.
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text, for a request.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

impl Http {
    /// A client as `settings` wants it, which pauses by letting the thread sleep.
    ///
    /// # Errors
    /// [`HttpError::Proxy`] and [`HttpError::Cainfo`]: cargo's configuration names something unusable.
    pub fn new(settings: &HttpSettings) -> Result<Self, HttpError> {
        Self::with(settings, Limits::DEFAULT, Arc::new(std::thread::sleep))
    }

    /// A client with other limits and another way to pause.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with(settings: &HttpSettings, limits: Limits, pause: Pause) -> Result<Self, HttpError> {
        let roots = match &settings.cainfo {
            Some(path) => RootCerts::Specific(Arc::new(read_certificates(path)?)),
            None => RootCerts::PlatformVerifier,
        };
        let timeout = Some(settings.timeout);
        let config = ureq::Agent::config_builder()
            .user_agent(concat!("cargo-fence/", env!("CARGO_PKG_VERSION")))
            .http_status_as_error(false)
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .proxy(None)
            .max_redirects(limits.redirects)
            .max_redirects_will_error(true)
            .max_response_header_size(limits.header_bytes)
            .max_idle_connections(settings.connections)
            .max_idle_connections_per_host(settings.connections)
            .timeout_resolve(timeout)
            .timeout_connect(timeout)
            .timeout_per_read(timeout)
            .timeout_per_write(timeout)
            .timeout_recv_response(timeout)
            // Silence ends a body by the limit per read; this ends one that drips.
            .timeout_recv_body(Some(settings.timeout * 20))
            .build();
        let no_proxy = settings.no_proxy.as_deref();
        Ok(Self(Arc::new(Client {
            agent: ureq::Agent::with_parts(config, DefaultConnector::default(), <RememberedNames>::default()),
            https_proxy: settings.https_proxy.as_deref().map(|p| parse_proxy(p, no_proxy)).transpose()?,
            http_proxy: settings.http_proxy.as_deref().map(|p| parse_proxy(p, no_proxy)).transpose()?,
            settings: settings.clone(),
            limits,
            pause,
            date: Mutex::default(),
        })))
    }

    /// How this client was set up.
    pub fn settings(&self) -> &HttpSettings {
        &self.0.settings
    }

    /// What time it was at the server that answered last, if it said so.
    pub fn date(&self) -> Option<Time> {
        *self.0.date.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How much this client takes.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Asks, and asks again where the failure may have been chance.
    ///
    /// # Errors
    /// Any [`HttpError`] but those of the settings.
    pub fn fetch(&self, ask: &Ask<'_>) -> Result<Answer, HttpError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let failure = match self.fetch_once(ask) {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            match failure.again {
                Again::After(asked) if tries <= self.0.settings.retries => {
                    (self.0.pause)(asked.unwrap_or_else(|| cargos_pause(tries, ask.url)));
                }
                _ => return Err(failure.error),
            }
        }
    }

    fn fetch_once(&self, ask: &Ask<'_>) -> Result<Answer, Failure> {
        let scheme = scheme_of(ask.url).map_err(Failure::for_good)?;
        let proxy = match scheme {
            Scheme::Https => &self.0.https_proxy,
            Scheme::Http => &self.0.http_proxy,
        };
        let encoding = match ask.transfer {
            Transfer::Compressed => AutoHeaderValue::Default,
            Transfer::Plain => AutoHeaderValue::from("identity"),
        };
        let mut request = self
            .0
            .agent
            .get(ask.url)
            .config()
            .https_only(scheme == Scheme::Https)
            .proxy(proxy.clone())
            .accept_encoding(encoding)
            .build();
        if let Some((header, value)) = ask.unless.and_then(condition) {
            request = request.header(header, value);
        }
        if let Some(token) = ask.token {
            request = request.header("authorization", token.reveal());
        }
        let mut response = request.call().map_err(|error| Failure::of(ask.url, ask.limit, error))?;

        let status = response.status().as_u16();
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        if let Some(date) = header("date").and_then(http_date) {
            *self.0.date.lock().unwrap_or_else(PoisonError::into_inner) = Some(date);
        }
        match status {
            200 => {
                let validator = ["etag", "last-modified"]
                    .iter()
                    .find_map(|name| Some(format!("{name}: {}", header(name)?)))
                    .filter(|text| text.len() <= self.0.limits.validator_bytes && condition(text).is_some());
                let last_modified = header("last-modified").and_then(http_date);
                let bytes = response
                    .body_mut()
                    .with_config()
                    .limit(ask.limit as u64)
                    .read_to_vec()
                    .map_err(|error| Failure::of(ask.url, ask.limit, error))?;
                Ok(Answer::Found { bytes, validator, last_modified })
            }
            304 if ask.unless.is_some() => Ok(Answer::NotModified),
            404 | 410 | 451 => {
                drain(&mut response);
                Ok(Answer::DoesNotExist)
            }
            401 | 403 => {
                drain(&mut response);
                Err(Failure::for_good(HttpError::Denied { url: shown(ask.url), status }))
            }
            429 | 500..=599 => {
                let asked = header("retry-after")
                    .and_then(|text| text.trim().parse().ok())
                    .map(|seconds: u64| Duration::from_secs(seconds.min(self.0.limits.retry_after_seconds)));
                drain(&mut response);
                let error = HttpError::Unavailable { url: shown(ask.url), status };
                Err(Failure { error, again: Again::After(asked) })
            }
            _ => Err(Failure::for_good(HttpError::Unexpected { url: shown(ask.url), status })),
        }
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("timeout", &self.0.settings.timeout).finish_non_exhaustive()
    }
}

/// Why there is no answer. Addresses in here are fit to be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// No connection, or it broke or fell silent before the answer was whole.
    #[error("{url} cannot be reached: {cause}")]
    Unreachable {
        /// The address.
        url: String,
        /// What the network said.
        cause: String,
    },
    /// The server answered that it cannot answer now (429, 5xx).
    #[error("{url} cannot be reached: the server answered {status}")]
    Unavailable {
        /// The address.
        url: String,
        /// The status.
        status: u16,
    },
    /// The server's certificate is not one that this machine trusts.
    #[error("{url} cannot be trusted: {cause}")]
    Untrusted {
        /// The address.
        url: String,
        /// What is wrong with the certificate.
        cause: String,
    },
    /// The server wants a token, or another one (401, 403).
    #[error("{url} is not for everybody: the server answered {status}")]
    Denied {
        /// The address.
        url: String,
        /// The status.
        status: u16,
    },
    /// The server answered something that is no answer to a GET.
    #[error("{url} gave an answer that makes no sense: status {status}")]
    Unexpected {
        /// The address.
        url: String,
        /// The status.
        status: u16,
    },
    /// The answer is not HTTP, or not compressed as it says.
    #[error("{url} gave an answer that makes no sense: {cause}")]
    Garbled {
        /// The address.
        url: String,
        /// What is wrong.
        cause: String,
    },
    /// More bytes than anybody needs.
    #[error("{url} sends more than {limit} bytes")]
    TooLarge {
        /// The address.
        url: String,
        /// The limit.
        limit: usize,
    },
    /// An address that is not asked: neither `https` nor `http`, or no address at all.
    #[error("{url:?} is no address to ask: {why}")]
    Address {
        /// The address.
        url: String,
        /// Why.
        why: &'static str,
    },
    /// The proxy of cargo's configuration is no proxy.
    #[error("the proxy {proxy:?} is not to be understood")]
    Proxy {
        /// As configured, without user and password.
        proxy: String,
    },
    /// The certificate authorities of cargo's configuration cannot be used.
    #[error("the certificate authorities in {} cannot be used: {cause}", path.display())]
    Cainfo {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: String,
    },
}

impl HttpError {
    /// Whether nothing was learnt: the server may well have what is asked for.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Unavailable { .. })
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => {
                "look at the connection and at `http.proxy` in cargo's configuration, \
                 or use what is on this machine with `--offline`"
            }
            Self::Unavailable { .. } => {
                "try again in a while, or use what is on this machine with `--offline`"
            }
            Self::Untrusted { .. } => {
                "if a proxy of yours signs certificates, name its authority with `http.cainfo` in cargo's configuration"
            }
            Self::Denied { .. } => {
                "set the registry's token, as for cargo: `cargo login --registry <name>` or CARGO_REGISTRIES_<NAME>_TOKEN"
            }
            Self::Unexpected { .. } | Self::Garbled { .. } => {
                "compare the address with the registry's or feed's own words; a login page of a network may be in between"
            }
            Self::TooLarge { .. } => "compare the address; real files are far smaller",
            Self::Address { .. } => "write an address that begins with https://",
            Self::Proxy { .. } => {
                "write `http.proxy` or HTTPS_PROXY as [protocol://][user:password@]host[:port]"
            }
            Self::Cainfo { .. } => {
                "let `http.cainfo` in cargo's configuration name a file of PEM certificates"
            }
        }
    }
}

/// `url` without what may be secret: user, password, query and fragment.
pub fn shown(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.chars().take(200).collect();
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}{path}").chars().take(200).collect()
}

/// The two ways to carry HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Https,
    Http,
}

pub(crate) fn scheme_of(url: &str) -> Result<Scheme, HttpError> {
    let error = |why| HttpError::Address { url: shown(url), why };
    let uri: Uri = url.parse().map_err(|_| error("it is not written as an address"))?;
    match (uri.scheme_str(), uri.host()) {
        (_, None | Some("")) => Err(error("it names no host")),
        (Some("https"), _) => Ok(Scheme::Https),
        (Some("http"), _) => Ok(Scheme::Http),
        _ => Err(error("it is neither https nor http")),
    }
}

/// Whether `url` names this machine itself, where a plain connection has no one in between.
pub fn is_loopback(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let host = uri.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Whether two addresses lead to one server: by the same scheme, host and port, where all names that this machine has for
/// itself are one host.
pub fn is_same_origin(one: &str, other: &str) -> bool {
    let origin = |url: &str| {
        let uri = url.parse::<Uri>().ok()?;
        let scheme = uri.scheme_str()?.to_ascii_lowercase();
        let port = uri.port_u16().or(match scheme.as_str() {
            "http" => Some(80),
            "https" => Some(443),
            _ => None,
        })?;
        let host = if is_loopback(url) { "localhost".to_owned() } else { uri.host()?.to_ascii_lowercase() };
        Some((scheme, host, port))
    };
    // What a registry has filled in, such as the name of a crate, is no address yet.
    let [one, other] = [one, other].map(|url| origin(url.split('{').next().unwrap_or_default()));
    one.is_some() && one == other
}

/// Asks for each host's addresses once in the life of a client. The library asks for every request, also where it
/// has a connection: a thousand index files were a thousand lookups, and one that is lost costs five seconds.
#[derive(Default)]
struct RememberedNames<R = DefaultResolver> {
    inner: R,
    names: Mutex<HashMap<String, Arc<Mutex<Option<Lookup>>>>>,
}

/// How the last lookup of a name ended.
enum Lookup {
    Found(Vec<SocketAddr>),
    FailedAt(Instant),
}

impl<R: Resolver> Resolver for RememberedNames<R> {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let name = format!(
            "{}://{}",
            uri.scheme_str().unwrap_or_default(),
            uri.authority().map_or("", |a| a.as_str())
        );
        let asked = Instant::now();
        let lookup =
            Arc::clone(self.names.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default());
        // Held during the lookup: workers who start together wait for the first one's answer, and share it. Those
        // who look for another name do not wait.
        let mut lookup = lookup.lock().unwrap_or_else(PoisonError::into_inner);
        match &*lookup {
            Some(Lookup::Found(remembered)) => {
                let mut addresses = self.empty();
                remembered.iter().for_each(|address| addresses.push(*address));
                return Ok(addresses);
            }
            Some(Lookup::FailedAt(moment)) if *moment >= asked => return Err(ureq::Error::HostNotFound),
            _ => {}
        }
        let addresses = self.inner.resolve(uri, config, timeout).map_err(|error| match error {
            // Systems word it as they please, and mean that there is no such host, or nobody to ask for it.
            ureq::Error::Io(_) => ureq::Error::HostNotFound,
            error => error,
        });
        *lookup = Some(match &addresses {
            Ok(addresses) => Lookup::Found(addresses.to_vec()),
            Err(_) => Lookup::FailedAt(Instant::now()),
        });
        addresses
    }
}

impl<R> fmt::Debug for RememberedNames<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RememberedNames")
    }
}

/// A failure, and whether asking again may help.
struct Failure {
    error: HttpError,
    again: Again,
}

/// Whether to ask again.
enum Again {
    /// Yes, after as long as the server asked for.
    After(Option<Duration>),
    No,
}

impl Failure {
    fn for_good(error: HttpError) -> Self {
        Self { error, again: Again::No }
    }

    /// What the library says, in the fence's classes.
    fn of(url: &str, limit: usize, error: ureq::Error) -> Self {
        use ureq::Error as E;
        let url = shown(url);
        match error {
            E::BodyExceedsLimit(_) => Self::for_good(HttpError::TooLarge { url, limit }),
            E::BadUri(_) | E::Http(_) => {
                Self::for_good(HttpError::Address { url, why: "it is not written as an address" })
            }
            E::RequireHttpsOnly(_) => Self::for_good(HttpError::Address {
                url,
                why: "the server sends on to an address that is not https",
            }),
            E::Tls(_) | E::Rustls(_) | E::Pem(_) => {
                Self::for_good(HttpError::Untrusted { url, cause: error.to_string() })
            }
            E::Io(error) if error.kind() == ErrorKind::InvalidData && is_about_certificates(&error) => {
                Self::for_good(HttpError::Untrusted { url, cause: error.to_string() })
            }
            E::Protocol(_) | E::Decompress(..) | E::LargeResponseHeader(..) => Self {
                error: HttpError::Garbled { url, cause: error.to_string() },
                // A connection that was kept open may hold what another answer left over.
                again: Again::After(None),
            },
            E::TooManyRedirects | E::RedirectFailed => {
                Self::for_good(HttpError::Garbled { url, cause: error.to_string() })
            }
            error => {
                let again = if may_pass(&error) { Again::After(None) } else { Again::No };
                let cause = match error {
                    E::Timeout(Timeout::Resolve | Timeout::Connect) => "no connection in time".to_owned(),
                    E::Timeout(_) => "it fell silent".to_owned(),
                    E::HostNotFound => "the name of its host does not resolve".to_owned(),
                    E::Io(error) => match error.kind() {
                        ErrorKind::ConnectionRefused => "nobody listens there".to_owned(),
                        ErrorKind::UnexpectedEof => {
                            "the connection was closed before the answer was whole".to_owned()
                        }
                        _ => error.to_string(),
                    },
                    error => error.to_string(),
                };
                Self { error: HttpError::Unreachable { url, cause }, again }
            }
        }
    }
}

/// Whether a failure to get through may pass by itself, within the seconds that retries take. A name that does not
/// resolve, a host where nobody listens and a network that is not there do not: who has no network would wait
/// eleven seconds for every address.
fn may_pass(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::Timeout(_) => true,
        ureq::Error::Io(error) => matches!(
            error.kind(),
            ErrorKind::ConnectionReset
                | ErrorKind::ConnectionAborted
                | ErrorKind::BrokenPipe
                | ErrorKind::UnexpectedEof
                | ErrorKind::TimedOut
                | ErrorKind::Interrupted
        ),
        _ => false,
    }
}

fn is_about_certificates(error: &std::io::Error) -> bool {
    let text = error.to_string();
    text.contains("certificate") || text.contains("UnknownIssuer")
}

/// The header that asks for anything but what `validator` describes.
fn condition(validator: &str) -> Option<(&'static str, &str)> {
    let (kind, value) = validator.split_once(": ")?;
    let printable = !value.is_empty() && value.bytes().all(|b| (b' '..=b'~').contains(&b));
    match kind {
        "etag" if printable => Some(("if-none-match", value)),
        "last-modified" if printable => Some(("if-modified-since", value)),
        _ => None,
    }
}

fn http_date(text: &str) -> Option<Time> {
    let stamp = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Time::from_unix(stamp.as_second()))
}

/// Reads what is left of a small answer, so that its connection can be used again.
fn drain(response: &mut ureq::http::Response<ureq::Body>) {
    const SMALL: u64 = 16 << 10;
    let _ = response.body_mut().with_config().limit(SMALL).read_to_vec();
}

/// How long cargo waits before the `n`-th new try: half a second and up to one more, then 3.5 s, 6.5 s, at most 10.
/// What cargo draws by lot comes from the address here, which spreads requests as well.
fn cargos_pause(n: u32, url: &str) -> Duration {
    let millis = match n {
        1 => 500 + url.bytes().fold(7_u64, |sum, b| sum.wrapping_mul(31).wrapping_add(b.into())) % 1_000,
        n => (u64::from(n - 1) * 3_000 + 500).min(10_000),
    };
    Duration::from_millis(millis)
}

fn parse_proxy(text: &str, no_proxy: Option<&str>) -> Result<ureq::Proxy, HttpError> {
    let error = |_| {
        let host = text.rsplit('@').next().unwrap_or_default();
        HttpError::Proxy { proxy: host.chars().take(200).collect() }
    };
    let proxy = ureq::Proxy::new(text).map_err(error)?;
    let mut builder = ureq::Proxy::builder(proxy.protocol())
        .host(proxy.host())
        .port(proxy.port())
        .resolve_target(proxy.resolve_target());
    if let Some(user) = proxy.username() {
        builder = builder.username(user);
    }
    if let Some(password) = proxy.password() {
        builder = builder.password(password);
    }
    for host in no_proxy.into_iter().flat_map(|list| list.split(',')).map(str::trim).filter(|h| !h.is_empty())
    {
        // curl: a name covers its subdomains, with or without the leading dot.
        let bare = host.trim_start_matches('.');
        builder = builder.no_proxy(bare);
        if !bare.contains('*') {
            builder = builder.no_proxy(&format!(".{bare}"));
        }
    }
    builder.build().map_err(error)
}

fn read_certificates(path: &std::path::Path) -> Result<Vec<Certificate<'static>>, HttpError> {
    let error = |cause: String| HttpError::Cainfo { path: path.to_owned(), cause };
    let bytes = std::fs::read(path).map_err(|e| error(e.to_string()))?;
    let mut certificates = Vec::new();
    for item in parse_pem(&bytes) {
        if let PemItem::Certificate(certificate) = item.map_err(|e| error(e.to_string()))? {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() { Err(error("it holds no certificate".into())) } else { Ok(certificates) }
}

#[cfg(test)]
mod tests {
    use std::sync::Condvar;

    use super::*;

    /// Answers no lookup before two are under way.
    #[derive(Debug, Default)]
    struct InPairs {
        lookups: Mutex<usize>,
        changed: Condvar,
    }

    impl Resolver for InPairs {
        fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
            let mut lookups = self.lookups.lock().unwrap();
            *lookups += 1;
            self.changed.notify_all();
            // The bound ends a test that fails; one that passes never reaches it.
            let bound = Duration::from_secs(20);
            let (lookups, _) = self.changed.wait_timeout_while(lookups, bound, |count| *count < 2).unwrap();
            let mut addresses = self.empty();
            if *lookups == 2 {
                addresses.push(([127, 0, 0, 1], 80).into());
            }
            Ok(addresses)
        }
    }

    #[test]
    fn one_name_is_looked_up_once_and_two_side_by_side() {
        let names = RememberedNames::<InPairs>::default();
        let found = |url: &'static str| {
            let found = names.resolve(&Uri::from_static(url), &Config::default(), NextTimeout::default());
            found.map(|addresses| addresses.len()).ok()
        };
        std::thread::scope(|scope| {
            let asked = ["http://a.example/1", "http://a.example/2", "http://b.example/1"];
            let asked = asked.map(|url| scope.spawn(move || found(url)));
            assert_eq!(asked.map(|answer| answer.join().unwrap()), [Some(1); 3]);
        });
        assert_eq!(*names.inner.lookups.lock().unwrap(), 2);
    }

    #[test]
    fn one_server_has_one_origin_and_this_machine_many_names() {
        let check = |one: &str, other: &str, expected: bool| {
            assert_eq!(is_same_origin(one, other), expected, "{one} {other}");
            assert_eq!(is_same_origin(other, one), expected, "{other} {one}");
        };
        check("http://127.0.0.1:7343/crates-io/", "http://localhost:7343/a/dl/{crate}/{version}", true);
        check("http://[::1]:7343", "http://localhost:7343/", true);
        check("https://fence.example/x/", "HTTPS://Fence.example:443", true);
        check("http://127.0.0.1:7343/", "http://127.0.0.1:7344/", false);
        check("http://127.0.0.1:7343/", "https://127.0.0.1:7343/", false);
        check("https://fence.example/", "https://static.example/", false);
        check("https://fence.example/", "https://localhost.fence.example/", false);
        check("ftp://fence.example/", "ftp://fence.example/", false);
        check("no address", "no address", false);
    }
}
