//! What the server counts, and `/metrics`: the text format 0.0.4 of Prometheus.
//!
//! Each worker has a [`Tally`] of its own, so that counting costs no core another's cache; [`page`] adds them up.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use hyper::{StatusCode, Version};

use super::patience::Cut;
use crate::answer::{Figure, FigureKind};

/// What a request was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A registry's `config.json`.
    Config,
    /// An index file.
    Index,
    /// A `.crate`.
    Package,
    /// `/status.json`.
    Status,
    /// A page for people, or what it is dressed in.
    Page,
    /// `/healthz`.
    Health,
    /// `/metrics`.
    Metrics,
    /// Another protocol, in which the request is then answered.
    Upgrade,
    /// Nothing that there is.
    Other,
}

const KINDS: [(Kind, &str); 9] = [
    (Kind::Config, "config"),
    (Kind::Index, "index"),
    (Kind::Package, "package"),
    (Kind::Status, "status"),
    (Kind::Page, "page"),
    (Kind::Health, "health"),
    (Kind::Metrics, "metrics"),
    (Kind::Upgrade, "upgrade"),
    (Kind::Other, "other"),
];

impl Kind {
    /// The word for logs and figures.
    pub(super) fn as_str(self) -> &'static str {
        KINDS[self as usize].1
    }
}

/// The statuses that the server answers with.
const STATUSES: [StatusCode; 12] = [
    StatusCode::SWITCHING_PROTOCOLS,
    StatusCode::OK,
    StatusCode::NOT_MODIFIED,
    StatusCode::BAD_REQUEST,
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::NOT_FOUND,
    StatusCode::METHOD_NOT_ALLOWED,
    StatusCode::URI_TOO_LONG,
    StatusCode::MISDIRECTED_REQUEST,
    StatusCode::INTERNAL_SERVER_ERROR,
    StatusCode::SERVICE_UNAVAILABLE,
];

const VERSIONS: [Version; 3] = [Version::HTTP_10, Version::HTTP_11, Version::HTTP_2];

/// How a version of HTTP is called.
pub(super) const fn version_name(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "1.0",
        Version::HTTP_11 => "1.1",
        Version::HTTP_2 => "2",
        _ => "other",
    }
}

/// The upper ends of the buckets for waits, in seconds: one upstream answer takes a tenth, a cold crate with its
/// feeds some seconds.
const BUCKETS: [f64; 6] = [0.01, 0.1, 0.5, 2.0, 10.0, 60.0];

/// What one worker counted.
#[derive(Debug, Default)]
pub(super) struct Tally {
    requests: [[[AtomicU64; VERSIONS.len()]; STATUSES.len()]; KINDS.len()],
    bytes_sent: AtomicU64,
    opened: AtomicU64,
    closed: AtomicU64,
    cut: [AtomicU64; Cut::ALL.len()],
    /// Waits by bucket, not added up; the last is for what is longer than all.
    waits: [AtomicU64; BUCKETS.len() + 1],
    waited_us: AtomicU64,
}

impl Tally {
    /// A request was answered.
    pub(super) fn answered(&self, kind: Kind, status: StatusCode, version: Version) {
        let status = STATUSES.iter().position(|known| *known == status);
        let version = VERSIONS.iter().position(|known| *known == version);
        if let (Some(status), Some(version)) = (status, version) {
            self.requests[kind as usize][status][version].fetch_add(1, Relaxed);
        }
    }

    /// Bytes were written to a socket.
    pub(super) fn sent(&self, bytes: usize) {
        self.bytes_sent.fetch_add(bytes as u64, Relaxed);
    }

    /// An answer that was not at hand took so long.
    pub(super) fn waited(&self, time: Duration) {
        let bucket = BUCKETS.iter().position(|end| time.as_secs_f64() <= *end).unwrap_or(BUCKETS.len());
        self.waits[bucket].fetch_add(1, Relaxed);
        self.waited_us.fetch_add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX), Relaxed);
    }

    /// A connection was opened.
    pub(super) fn opened(&self) {
        self.opened.fetch_add(1, Relaxed);
    }

    /// A connection was closed.
    pub(super) fn closed(&self) {
        self.closed.fetch_add(1, Relaxed);
    }

    /// How many connections are open.
    pub(super) fn open(&self) -> u64 {
        self.opened.load(Relaxed).saturating_sub(self.closed.load(Relaxed))
    }

    /// The server ended a connection.
    pub(super) fn cut(&self, why: Cut) {
        self.cut[why as usize].fetch_add(1, Relaxed);
    }
}

/// The page for Prometheus: what all workers counted and how many connections were `refused`, then `figures`, which may come in any order.
pub(super) fn page(tallies: &[Arc<Tally>], refused: u64, figures: Vec<Figure>) -> String {
    let mut page = String::with_capacity(4 << 10);
    for family in families(own_figures(tallies, refused).into_iter().chain(figures)) {
        let Figure { name, help, kind, .. } = &family[0];
        let kind = match kind {
            FigureKind::Counter => "counter",
            FigureKind::Gauge => "gauge",
        };
        head(&mut page, name, help, kind);
        for Figure { name, labels, value, .. } in &family {
            sample(&mut page, name, labels, *value);
        }
    }
    waits(&mut page, tallies);
    page
}

/// The figures of one name stand together, where the first of them stood.
fn families(figures: impl Iterator<Item = Figure>) -> Vec<Vec<Figure>> {
    let mut families: Vec<Vec<Figure>> = Vec::new();
    for figure in figures {
        match families.iter_mut().find(|family| family[0].name == figure.name) {
            Some(family) => family.push(figure),
            None => families.push(vec![figure]),
        }
    }
    families
}

fn own_figures(tallies: &[Arc<Tally>], refused: u64) -> Vec<Figure> {
    let sum = |count: &dyn Fn(&Tally) -> u64| tallies.iter().map(|tally| count(tally)).sum::<u64>() as f64;
    let mut figures = Vec::new();
    for (k, kind) in KINDS.iter().enumerate() {
        for (s, status) in STATUSES.iter().enumerate() {
            for (v, version) in VERSIONS.iter().enumerate() {
                let value = sum(&|tally| tally.requests[k][s][v].load(Relaxed));
                if value > 0.0 {
                    figures.push(Figure {
                        name: "fence_http_requests_total",
                        help: "requests that were answered",
                        kind: FigureKind::Counter,
                        labels: vec![
                            ("kind", kind.1.to_owned()),
                            ("status", status.as_str().to_owned()),
                            ("protocol", version_name(*version).to_owned()),
                        ],
                        value,
                    });
                }
            }
        }
    }
    let mut plain =
        |name, help, kind, value| figures.push(Figure { name, help, kind, labels: vec![], value });
    plain(
        "fence_http_connections_total",
        "connections that were opened",
        FigureKind::Counter,
        sum(&|tally| tally.opened.load(Relaxed)),
    );
    plain("fence_http_connections", "connections that are open", FigureKind::Gauge, sum(&Tally::open));
    plain(
        "fence_http_connections_refused_total",
        "connections that were one too many",
        FigureKind::Counter,
        refused as f64,
    );
    plain(
        "fence_http_sent_bytes_total",
        "bytes written to sockets, with all that protocols add",
        FigureKind::Counter,
        sum(&|tally| tally.bytes_sent.load(Relaxed)),
    );
    figures.extend(Cut::ALL.map(|why| Figure {
        name: "fence_http_connections_cut_total",
        help: "connections that the server ended because of their peer",
        kind: FigureKind::Counter,
        labels: vec![("why", why.as_str().to_owned())],
        value: sum(&|tally| tally.cut[why as usize].load(Relaxed)),
    }));
    figures
}

/// The histogram of waits: buckets add up, and the last is all.
fn waits(page: &mut String, tallies: &[Arc<Tally>]) {
    const NAME: &str = "fence_http_wait_seconds";
    head(page, NAME, "how long answers took that were not at hand", "histogram");
    let mut count = 0;
    for (bucket, end) in BUCKETS.into_iter().chain([f64::INFINITY]).enumerate() {
        count += tallies.iter().map(|tally| tally.waits[bucket].load(Relaxed)).sum::<u64>();
        sample(page, "fence_http_wait_seconds_bucket", &[("le", number(end))], count as f64);
    }
    let micros: u64 = tallies.iter().map(|tally| tally.waited_us.load(Relaxed)).sum();
    sample(page, "fence_http_wait_seconds_sum", &[], micros as f64 / 1e6);
    sample(page, "fence_http_wait_seconds_count", &[], count as f64);
}

fn head(page: &mut String, name: &str, help: &str, kind: &str) {
    let help = help.replace('\\', r"\\").replace('\n', r"\n");
    let _ = writeln!(page, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn sample(page: &mut String, name: &str, labels: &[(&str, String)], value: f64) {
    page.push_str(name);
    for (n, (label, text)) in labels.iter().enumerate() {
        let text = text.replace('\\', r"\\").replace('"', r#"\""#).replace('\n', r"\n");
        let _ = write!(page, "{}{label}=\"{text}\"", if n == 0 { '{' } else { ',' });
    }
    let _ = writeln!(page, "{} {}", if labels.is_empty() { "" } else { "}" }, number(value));
}

/// As Prometheus writes numbers, which are Go's.
fn number(value: f64) -> String {
    match value {
        f64::INFINITY => "+Inf".to_owned(),
        f64::NEG_INFINITY => "-Inf".to_owned(),
        _ => value.to_string(),
    }
}
