//! Incidents: attacks that really happened, as data, and what the judgement would have made of them.
//!
//! [`Incident`]s are read from a file in which each fact has its source. What is not told gives [`Bound`]s: in the
//! unfavourable one the attack stayed as long as its sources allow and showed nothing but what the index would have shown; as told, it
//! stayed as long, and what its sources say that it did was seen; in the favourable one it was removed the soonest, too, and what they
//! do not tell of spoke against it.

mod scene;

use fence_model::{Span, Time};
use serde::Deserialize;

pub use scene::{Outcome, SINGLE_CODES, judge};

/// What kind of attack it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// A crate of crates.io was taken over.
    Takeover,
    /// A package of another registry was taken over.
    Sister,
    /// A new malicious crate, of which it is known how long it was there.
    NewCrate,
    /// A new malicious crate, of which it is not.
    NoWindow,
    /// A new malicious package of another registry.
    SisterNew,
}

impl Group {
    /// All groups.
    pub const ALL: [Self; 5] =
        [Self::Takeover, Self::Sister, Self::NewCrate, Self::NoWindow, Self::SisterNew];

    /// What tables call it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Takeover => "takeovers",
            Self::Sister => "sister takeovers",
            Self::NewCrate => "new crates",
            Self::NoWindow => "no window",
            Self::SisterNew => "sister new",
        }
    }
}

/// Who published the malicious release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hand {
    /// The crate's own account, or its CI.
    Own,
    /// An account that was new on the crate.
    New,
    /// Nobody tells.
    #[default]
    Unknown,
}

/// A dependency that came in with the malicious release.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Added {
    /// The package.
    pub name: String,
    /// When its crate was born; none where nobody tells.
    pub born: Option<Time>,
}

/// An attack that happened.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incident {
    /// What it is called.
    pub id: String,
    /// What kind it was.
    pub group: Group,
    /// The campaign that it was part of.
    pub campaign: String,
    /// The crate.
    #[serde(rename = "crate")]
    pub name: String,
    /// The malicious version.
    pub version: String,
    /// When that was published.
    pub published: Time,
    /// From then to its removal: the shortest and the longest that sources allow.
    pub window: Option<(Span, Span)>,
    /// Whether nobody tells if the crate was new.
    #[serde(default, rename = "shape-unknown")]
    pub is_shape_unknown: bool,
    /// Who published it.
    #[serde(default)]
    pub publisher: Hand,
    /// Whether sources speak of code that runs when it is built.
    #[serde(default)]
    pub build: bool,
    /// Whether sources speak of a capability that it had no use for.
    #[serde(default)]
    pub capability: bool,
    /// Whether the good releases were withdrawn around it.
    #[serde(default)]
    pub yanked: bool,
    /// The dependencies that came in with it.
    #[serde(default)]
    pub adds: Vec<Added>,
    /// Where all this is told.
    pub sources: Vec<String>,
    /// When it was known.
    pub known: Time,
    /// What else there is to say.
    pub note: Option<String>,
}

/// Which way what is not told is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bound {
    /// Against the fence; and nobody had a scanner, a journal or a dump of the registry that shows what is told.
    Unfavourable,
    /// Against the fence; what is told was seen.
    Told,
    /// For it.
    Favourable,
}

/// How long an attack is taken to have stayed of which nobody tells: as long as the longest of which somebody does.
pub const LONGEST_SEEN: Span = Span::days(245);

impl Incident {
    /// Reads a file of incidents.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn read(text: &str) -> Result<Vec<Self>, String> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct File {
            incident: Vec<Incident>,
        }
        let file: File = toml::from_str(text).map_err(|error| format!("incidents: {error}"))?;
        Ok(file.incident)
    }

    /// The incidents that come with the program.
    ///
    /// # Panics
    /// If they make no sense, which a test rules out.
    pub fn shipped() -> Vec<Self> {
        Self::read(include_str!("../data/incidents.toml")).unwrap_or_else(|error| panic!("{error}"))
    }

    /// When it was removed.
    pub fn removed(&self, bound: Bound) -> Time {
        let (shortest, longest) = self.window.unwrap_or((Span::ZERO, LONGEST_SEEN));
        match bound {
            Bound::Unfavourable | Bound::Told => self.published + longest,
            Bound::Favourable => self.published + shortest,
        }
    }

    fn is_new(&self, bound: Bound) -> bool {
        match self.group {
            Group::Takeover | Group::Sister => false,
            Group::NewCrate | Group::NoWindow | Group::SisterNew => {
                !self.is_shape_unknown || bound == Bound::Favourable
            }
        }
    }

    fn is_by_own_hand(&self, bound: Bound) -> bool {
        match self.publisher {
            Hand::Own => true,
            Hand::New => false,
            Hand::Unknown => bound != Bound::Favourable,
        }
    }
}
