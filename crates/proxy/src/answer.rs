//! What is asked of a fence, and what it says: a registry's words, before anybody thinks of HTTP.
//!
//! ```text
//! /{registry}/config.json                          Ask::Config
//! /{registry}/se/rd/serde                          Ask::Index
//! /{registry}/dl/serde/1.0.228/{64 hex digits}     Ask::Package
//!
//! /                                                Ask::Page, for people: what is held
//! /search?q=serde                                  Ask::Page
//! /{registry}/crate/serde/1.0.228                  Ask::Page
//! /{registry}/crate/serde/1.0.228/change           Ask::Page, with `from=1.0.227` and `view=side` as it likes
//! /style.css                                       Ask::Asset, what pages are dressed in
//! ```
//!
//! Whatever is spelt otherwise is nothing that anybody asks for: no escapes, no capitals in an index path, no dots, and
//! no query but that of a search and of a change. No page has the path of an index file: those have one or two characters before their
//! first slash, or three parts of which the first has two.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use fence_model::{Code, CrateName, Digest, Span};
use fence_registry::path::file_name_at;
use semver::Version;

/// The folder of downloads below a registry: no index path has four parts.
const DOWNLOADS: &str = "dl";

/// The folder of pages below a registry: no index path begins so.
const CRATES: &str = "crate";

/// All releases of a crate, where a page about one has its version: no version is spelt so.
const ALL: &str = "all";

/// What a release changes, below its page.
const CHANGE: &str = "change";

/// The folder of pages about codes.
const CODES: &str = "codes";

/// Characters of what is sought that count: the longest name of a crate has as many.
const SOUGHT_CHARS: usize = 64;

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
    /// A page for people.
    Page(Page),
    /// What a page needs to look and to work as it should.
    Asset(Asset),
}

/// A page for people.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Page {
    /// What is held, and why.
    Waiting,
    /// What is held of older classes, and no build asked for.
    Older,
    /// The policy in force.
    Policy,
    /// How the fence is.
    Status,
    /// The crates whose name has this in it; nothing in particular where nothing is sought.
    Search {
        /// What is sought, as it was typed.
        sought: String,
    },
    /// What a code means.
    Code(Code),
    /// What a code of the scanner means.
    Sign(&'static str),
    /// A crate, with its latest releases.
    Crate {
        /// The registry.
        registry: String,
        /// The crate.
        name: CrateName,
    },
    /// All releases of a crate.
    Releases {
        /// The registry.
        registry: String,
        /// The crate.
        name: CrateName,
    },
    /// One release.
    Release {
        /// The registry.
        registry: String,
        /// The crate.
        name: CrateName,
        /// The version.
        version: Version,
    },
    /// What a release changes.
    Change(Change),
}

/// What somebody wants to read of the change that a release is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Change {
    /// The registry.
    pub registry: String,
    /// The crate.
    pub name: CrateName,
    /// The version.
    pub version: Version,
    /// The release to compare it with, where somebody says which.
    pub from: Option<Version>,
    /// How it is laid out.
    pub layout: Layout,
}

/// How a change is laid out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Layout {
    /// What is gone above what is new.
    #[default]
    Inline,
    /// What is gone beside what is new.
    Side,
}

/// What pages are dressed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Asset {
    /// The style sheet.
    Style,
    /// The script, without which all pages work.
    Script,
    /// The script of the page of a change, for those who go through it by keys.
    Keys,
    /// The icon.
    Icon,
}

impl Asset {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Style, Self::Script, Self::Keys, Self::Icon];

    /// Where it is.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Style => "/style.css",
            Self::Script => "/page.js",
            Self::Keys => "/change.js",
            Self::Icon => "/icon.svg",
        }
    }
}

impl Page {
    /// Where it is.
    pub fn path(&self) -> String {
        match self {
            Self::Waiting => "/".to_owned(),
            Self::Older => "/older".to_owned(),
            Self::Policy => "/policy".to_owned(),
            Self::Status => "/status".to_owned(),
            Self::Search { sought } => format!("/search?q={}", encoded(sought)),
            Self::Code(code) => format!("/codes/{code}"),
            Self::Sign(code) => format!("/codes/{code}"),
            Self::Crate { registry, name } => format!("/{registry}/{CRATES}/{name}"),
            Self::Releases { registry, name } => format!("/{registry}/{CRATES}/{name}/{ALL}"),
            Self::Release { registry, name, version } => format!("/{registry}/{CRATES}/{name}/{version}"),
            Self::Change(change) => change.path(),
        }
    }

    fn parse(path: &str) -> Option<Self> {
        match path {
            "/" => return Some(Self::Waiting),
            "/older" => return Some(Self::Older),
            "/policy" => return Some(Self::Policy),
            "/status" => return Some(Self::Status),
            "/search" => return Some(Self::Search { sought: String::new() }),
            _ => {}
        }
        let parts: Vec<&str> = path.strip_prefix('/')?.splitn(6, '/').collect();
        match parts[..] {
            [CODES, code] => code.parse().map(Self::Code).ok().or_else(|| sign(code)),
            [registry, CRATES, name] if is_registry_name(registry) => {
                Some(Self::Crate { registry: registry.to_owned(), name: name.parse().ok()? })
            }
            [registry, CRATES, name, ALL] if is_registry_name(registry) => {
                Some(Self::Releases { registry: registry.to_owned(), name: name.parse().ok()? })
            }
            [registry, CRATES, name, version] if is_registry_name(registry) => Some(Self::Release {
                registry: registry.to_owned(),
                name: name.parse().ok()?,
                version: Version::parse(version).ok()?,
            }),
            [registry, CRATES, name, version, CHANGE] if is_registry_name(registry) => {
                Some(Self::Change(Change {
                    registry: registry.to_owned(),
                    name: name.parse().ok()?,
                    version: Version::parse(version).ok()?,
                    from: None,
                    layout: Layout::Inline,
                }))
            }
            _ => None,
        }
    }
}

/// The page of a code of the scanner; none where it has no such code.
pub(crate) fn sign(code: &str) -> Option<Page> {
    fence_scan::explanations().find(|of| of.code == code).map(|of| Page::Sign(of.code))
}

impl Change {
    fn path(&self) -> String {
        let Self { registry, name, version, from, layout } = self;
        let from = from.as_ref().map(|from| format!("from={}", encoded(&from.to_string())));
        let side = (*layout == Layout::Side).then(|| "view=side".to_owned());
        let query: Vec<String> = from.into_iter().chain(side).collect();
        let question = if query.is_empty() { "" } else { "?" };
        format!("/{registry}/{CRATES}/{name}/{version}/{CHANGE}{question}{}", query.join("&"))
    }

    /// The same, as a query says; none where it says something else.
    fn asked(self, query: &str) -> Option<Self> {
        query.split('&').filter(|pair| !pair.is_empty()).try_fold(self, |change, pair| {
            match pair.split_once('=')? {
                // A blank is a `+` that was not escaped: no version has one.
                ("from", "") => Some(change),
                ("from", from) => {
                    let from = decoded(from).trim().replace(' ', "+");
                    Some(Self { from: Some(Version::parse(&from).ok()?), ..change })
                }
                ("view", "side") => Some(Self { layout: Layout::Side, ..change }),
                ("view", "inline") => Some(Self { layout: Layout::Inline, ..change }),
                _ => None,
            }
        })
    }
}

impl Ask {
    /// What the path of a request asks for, with its leading `/` and its query; none where nobody would ask so.
    pub fn parse(path: &str) -> Option<Self> {
        if let Some((path, query)) = path.split_once('?') {
            // Nothing that cargo asks for has a query, and no other page.
            return match Page::parse(path)? {
                Page::Search { .. } => Some(Self::Page(Page::Search { sought: sought(query) })),
                Page::Change(change) => Some(Self::Page(Page::Change(change.asked(query)?))),
                _ => None,
            };
        }
        // What cargo asks for comes first, since it is asked a thousand times as often.
        Self::of_a_registry(path).or_else(|| Self::for_people(path))
    }

    fn of_a_registry(path: &str) -> Option<Self> {
        let (registry, rest) = path.strip_prefix('/')?.split_once('/')?;
        if !is_registry_name(registry) {
            return None;
        }
        if rest == "config.json" {
            return Some(Self::Config { registry: registry.to_owned() });
        }
        let mut parts = rest.split('/');
        if let (Some(DOWNLOADS), Some(name), Some(version), Some(digest), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        {
            return Some(Self::Package {
                registry: registry.to_owned(),
                name: name.parse().ok()?,
                version: Version::parse(version).ok()?,
                digest: digest.parse().ok()?,
            });
        }
        let name = file_name_at(rest)?.parse().ok()?;
        Some(Self::Index { registry: registry.to_owned(), name })
    }

    fn for_people(path: &str) -> Option<Self> {
        if path == "/status.json" {
            return Some(Self::Status);
        }
        let asset = Asset::ALL.into_iter().find(|asset| asset.path() == path);
        asset.map(Self::Asset).or_else(|| Page::parse(path).map(Self::Page))
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

/// What a form sent as `q`, without what surrounds it; what is no text in UTF-8 is shown as such.
fn sought(query: &str) -> String {
    let q = query.split('&').find_map(|pair| pair.strip_prefix("q=")).unwrap_or_default();
    decoded(q).trim().chars().take(SOUGHT_CHARS).collect()
}

/// A value as a form sends it.
fn decoded(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = match (first, after) {
            (b'%', [high, low, ..]) => char::from(*high).to_digit(16).zip(char::from(*low).to_digit(16)),
            _ => None,
        };
        let (byte, left) = match escaped {
            Some((high, low)) => ((high * 16 + low) as u8, &after[2..]),
            None if *first == b'+' => (b' ', after),
            None => (*first, after),
        };
        bytes.push(byte);
        rest = left;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The same text as a form sends it.
fn encoded(text: &str) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(byte);
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        match byte {
            b' ' => encoded.push('+'),
            byte if is_plain(&byte) => encoded.push(char::from(byte)),
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
        encoded
    })
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
    /// A page for people.
    Page {
        /// Its HTML.
        html: Bytes,
        /// What it is about.
        about: About,
    },
    /// What pages are dressed in.
    Asset(Asset),
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

/// Whether there is what a page is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// There is.
    Something,
    /// There is no such thing.
    Nothing,
    /// Nobody can tell now.
    Unknown,
    /// It is being made: whoever asks again in a while gets it.
    UnderWay,
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
