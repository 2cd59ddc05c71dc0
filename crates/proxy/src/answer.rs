//! What is asked of a fence, and what it says: a registry's words, before anybody thinks of HTTP.
//!
//! ```text
//! /{registry}/config.json                          Ask::Config
//! /{registry}/se/rd/serde                          Ask::Index
//! /{registry}/dl/serde/1.0.228/{64 hex digits}     Ask::Package
//! ```
//!
//! Whatever is spelt otherwise is nothing that cargo asks for: no escapes, no capitals in an index path, no dots.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use fence_model::{CrateName, Digest, Span};
use fence_registry::path::file_name_at;
use semver::Version;

/// The folder of downloads below a registry: no index path has four parts.
const DOWNLOADS: &str = "dl";

/// What one request asks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Ask {
    /// A registry's `config.json`.
    Config {
        /// The registry, as the path names it.
        registry: String,
    },
    /// A crate's index file.
    Index {
        /// The registry.
        registry: String,
        /// The crate, in the path's lower case.
        name: CrateName,
    },
    /// The `.crate` of a release.
    Package {
        /// The registry.
        registry: String,
        /// The crate, as its index lines spell it.
        name: CrateName,
        /// The version.
        version: Version,
        /// The digest that the index named: other bytes are another release.
        digest: Digest,
    },
    /// What the fence knows of itself, for `cargo fence` and for people who read JSON.
    Status,
}

impl Ask {
    /// What the path of a request, with its leading `/`, asks for; none where no client of a registry would ask so.
    pub fn parse(path: &str) -> Option<Self> {
        if path == "/status.json" {
            return Some(Self::Status);
        }
        let (registry, rest) = path.strip_prefix('/')?.split_once('/')?;
        if !is_registry_name(registry) {
            return None;
        }
        let registry = registry.to_owned();
        if rest == "config.json" {
            return Some(Self::Config { registry });
        }
        let mut parts = rest.split('/');
        if let (Some(DOWNLOADS), Some(name), Some(version), Some(digest), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        {
            return Some(Self::Package {
                registry,
                name: name.parse().ok()?,
                version: Version::parse(version).ok()?,
                digest: digest.parse().ok()?,
            });
        }
        Some(Self::Index { registry, name: file_name_at(rest)?.parse().ok()? })
    }
}

/// Whether `name` can name a registry, as cargo's configuration does: letters, digits, `-` and `_`.
pub fn is_registry_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=64).contains(&name.len()) && name.chars().all(is_plain)
}

/// The path of `dl` in a registry's `config.json`, as cargo fills it in.
pub fn download_template(registry: &str) -> String {
    format!("/{registry}/{DOWNLOADS}/{{crate}}/{{version}}/{{sha256-checksum}}")
}

/// What the fence says.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A JSON document, which says something else from one moment to the next.
    Json(Bytes),
    /// An index file, filtered.
    Index(Arc<IndexPage>),
    /// A `.crate`, of whose bytes the digest was compared.
    Package(Bytes),
    /// There is no such thing, says the registry. Never said for any other reason.
    Absent(String),
    /// The policy does not let it through: at most 512 characters, which cargo prints.
    Refused(String),
    /// Nobody can tell now.
    Unavailable {
        /// Why, whose fault it is, and what to do.
        why: String,
        /// After what time it is worth another try.
        again: Span,
    },
}

/// An index file as it is served: made once, sent often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexPage {
    /// The entity tag, quotes included: made from the bytes that are served, never the upstream's.
    pub tag: String,
    /// The bytes, compressed with gzip: nearly all clients ask for them so.
    pub gzip: Bytes,
    /// The length of the bytes before compression.
    pub length: usize,
    /// Whether the upstream confirmed it lately.
    pub view: View,
}

/// Whether what is served is the registry's last word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum View {
    /// The registry confirmed it lately.
    Current,
    /// The registry was asked and did not answer as it should: it is its last word that could be verified.
    Stale,
}

/// An answer that takes time.
pub type InTime = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// Who answers. Called for every request, from several threads at once.
pub trait Answers: Send + Sync + 'static {
    /// The answer, if it is at hand: never waits, for disk, network or another request.
    fn at_hand(&self, ask: &Ask) -> Option<Answer>;

    /// The answer, whatever it takes. Goes on working for others when this one is dropped.
    fn in_time(&self, ask: Ask) -> InTime;

    /// Whether the fence can do its work; if not, why.
    ///
    /// # Errors
    /// What is wrong, for whoever watches it.
    fn health(&self) -> Result<(), String>;

    /// What is counted, for `/metrics`.
    fn figures(&self) -> Vec<Figure>;
}

/// One figure of `/metrics`.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Its name, such as `fence_journal_lines`.
    pub name: &'static str,
    /// What it counts, in a sentence.
    pub help: &'static str,
    /// How it moves.
    pub kind: FigureKind,
    /// What tells it from others of its name.
    pub labels: Vec<(&'static str, String)>,
    /// The figure.
    pub value: f64,
}

/// How a figure moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FigureKind {
    /// Only up.
    Counter,
    /// Up and down.
    Gauge,
}
