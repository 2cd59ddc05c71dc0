//! The codes: every reason the fence can give, under a name that never changes its meaning.
//!
//! A code is what people search for, write into exceptions and read on pages, so it is stable: a code may be
//! retired, never reused. [`Code::effect`] is the table of decision.md: what each code does at each level.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How hard a release is to forge past the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Safe from script kiddies.
    Low,
    /// Safe from an experienced attacker who works mostly alone.
    #[default]
    Medium,
    /// Safe from most governments.
    High,
}

impl Level {
    /// All levels, the weakest first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// The word that policies and commands use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|level| level.as_str() == text)
            .ok_or_else(|| format!("{text:?} is not a level: low, medium or high"))
    }
}

/// What a code does to the release that it is found on, from the mildest to the gravest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Speaks for the release: admits it, or shortens its wait.
    Favour,
    /// Said, and changes nothing.
    Note,
    /// Said as a warning; the release is still admitted unless the policy makes it an error.
    Warn,
    /// Doubles the wait.
    Double,
    /// Sets the wait to the ceiling.
    Ceiling,
    /// Holds until it lapses, or until a neighbour or an audit clears it.
    Hold,
    /// Holds until an audit, a quorum or an exception clears it: a review code.
    Review,
    /// Blocks.
    Block,
}

impl Effect {
    /// The word that policies and outputs use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Favour => "favour",
            Self::Note => "note",
            Self::Warn => "warn",
            Self::Double => "double",
            Self::Ceiling => "ceiling",
            Self::Hold => "hold",
            Self::Review => "review",
            Self::Block => "block",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What kind of thing a code says; fixed for all levels, while its [`Effect`] is a policy's choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CodeClass {
    /// Blocks; nothing in a policy weakens it but an exception that names it.
    Block,
    /// Evidence against; its effect depends on the level.
    Against,
    /// Evidence for.
    For,
    /// Something to know about a release that is admitted.
    Warning,
    /// A condition of the fence itself: the clock, a feed.
    Condition,
}

macro_rules! codes {
    ($( $(#[doc = $doc:literal])+ $variant:ident = $text:literal, $class:ident, [$low:ident, $medium:ident, $high:ident]; )+) => {
        /// A reason's stable name, in kebab case everywhere.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $( $(#[doc = $doc])+ $variant, )+ }

        impl Code {
            /// All codes, in the order in which they are explained.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The stable name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// What kind of thing it says.
            pub const fn class(self) -> CodeClass {
                match self { $(Self::$variant => CodeClass::$class),+ }
            }

            /// What it does at `level`, before a policy's `[codes]` table.
            pub const fn effect(self, level: Level) -> Effect {
                let [low, medium, high] = match self { $(Self::$variant => [Effect::$low, Effect::$medium, Effect::$high]),+ };
                match level { Level::Low => low, Level::Medium => medium, Level::High => high }
            }

            /// What it means, in one sentence.
            pub fn summary(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii_start_str()),+ }
            }
        }
    };
}

/// `str::trim_start` for the text of doc comments, which begins with the space after `///`.
trait TrimDoc {
    fn trim_ascii_start_str(&self) -> &str;
}

impl TrimDoc for str {
    fn trim_ascii_start_str(&self) -> &str {
        self.trim_start()
    }
}

codes! {
    /// A feed in the advisory role says that this release is malware.
    Malicious = "malicious", Block, [Block, Block, Block];
    /// A threshold of the security role withdrew this release.
    Revoked = "revoked", Block, [Block, Block, Block];
    /// A trusted audit set says that this release fails the criteria asked for.
    Violation = "violation", Block, [Block, Block, Block];
    /// The release was seen under this digest and then vanished from its index file.
    Deleted = "deleted", Block, [Block, Block, Block];
    /// The bytes are not those that were first seen, or not those that the index names.
    ChecksumChanged = "checksum-changed", Block, [Block, Block, Block];
    /// Enough people, or somebody involved, object to this release.
    Objected = "objected", Block, [Block, Block, Block];

    /// The release has not been in the open long enough for age to admit it.
    Young = "young", Condition, [Hold, Hold, Hold];
    /// At level high, age alone admits nothing: two independent audits are asked for.
    Unaudited = "unaudited", Condition, [Note, Note, Hold];
    /// No admitted release meets one of this release's requirements.
    NeedsHeld = "needs-held", Against, [Hold, Hold, Hold];
    /// The release in use is vulnerable and this held release fixes it: both risks are to be weighed.
    HeldFix = "held-fix", Condition, [Note, Note, Note];
    /// Nobody's scanner has read this new release, so it waits for the ceiling.
    Unscanned = "unscanned", Condition, [Note, Ceiling, Ceiling];
    /// A feed that speaks against releases is stale, absent or invalid, so the clock stands still.
    ClockStopped = "clock-stopped", Condition, [Note, Note, Note];

    /// The account, or the way of publishing, is new on this crate.
    NewPublisher = "new-publisher", Against, [Double, Review, Review];
    /// Published within 30 days after the crate had been silent for a year.
    Dormant = "dormant", Against, [Double, Double, Double];
    /// The release has a dependency that its base lacks.
    NewDependency = "new-dependency", Against, [Double, Double, Double];
    /// A new dependency is itself young, a look-alike, not there, or does not tell its age.
    YoungDependency = "young-dependency", Against, [Ceiling, Review, Review];
    /// A build script or procedural macro is new or changed.
    NewBuildCode = "new-build-code", Against, [Double, Review, Review];
    /// The code can do something that its base could not.
    NewCapability = "new-capability", Against, [Double, Review, Review];
    /// A grave finding of the scanner that nobody has looked at.
    UnreviewedFinding = "unreviewed-finding", Against, [Review, Review, Review];
    /// A finding of the scanner that is not grave by itself, and that nobody has looked at.
    LesserFinding = "lesser-finding", Against, [Note, Double, Review];
    /// The good older releases were yanked within a day, around this young one.
    YankLure = "yank-lure", Against, [Ceiling, Review, Review];
    /// The newest older compatible releases are yanked, as far as is known not around this one.
    YankedAround = "yanked-around", Against, [Double, Double, Double];
    /// The crate's name is close to that of an older, far better known one.
    LookAlike = "look-alike", Against, [Ceiling, Review, Review];
    /// The code is much like that of a better-known crate.
    Clone = "clone", Against, [Ceiling, Review, Review];
    /// The crate itself is under 90 days old.
    NewCrate = "new-crate", Against, [Ceiling, Review, Review];
    /// An advisory called this crate malicious before this release was published.
    AfterTakeover = "after-takeover", Against, [Review, Review, Review];
    /// The publish time lies before a read of the index that lacked the release.
    Backdated = "backdated", Against, [Review, Review, Review];
    /// The release was yanked for more than a day before it had ever been admitted.
    Unyanked = "unyanked", Against, [Review, Review, Review];
    /// All earlier releases under this name vanished before this one appeared.
    Reincarnated = "reincarnated", Against, [Review, Review, Review];
    /// The lockfile names a release that the index does not have.
    Missing = "missing", Against, [Review, Review, Review];
    /// Neither a registry nor a source that the policy allows: the fence cannot judge it.
    UnjudgedSource = "unjudged-source", Against, [Note, Hold, Hold];
    /// Somebody whose word counts objects: holds for 7 days, or until it is answered.
    Objection = "objection", Against, [Hold, Hold, Hold];
    /// A registry that the policy does not name.
    ForeignRegistry = "foreign-registry", Against, [Note, Hold, Hold];

    /// Two independent audits by sets that the policy trusts.
    Audited = "audited", For, [Favour, Favour, Favour];
    /// One audit by a set that the policy trusts.
    AuditedOnce = "audited-once", For, [Favour, Favour, Favour];
    /// Enough weight of dependents' maintainers approves.
    Quorum = "quorum", For, [Favour, Favour, Favour];
    /// The lowest release of its class that an advisory names as fixed, while the base is vulnerable.
    FixesAdvisory = "fixes-advisory", For, [Favour, Favour, Favour];
    /// A requirement was raised to a release that fixes an advisory, and the index shows no other change.
    CarriesFix = "carries-fix", For, [Favour, Favour, Favour];
    /// The publisher is inside a window that a trusted set vouches for, or has a history on this crate.
    KnownPublisher = "known-publisher", For, [Favour, Favour, Favour];
    /// The same repository and workflow published three admitted releases over 90 days.
    CiKnown = "ci-known", For, [Favour, Favour, Favour];
    /// Equal to the base but for version and lines that nothing builds.
    UnchangedCode = "unchanged-code", For, [Favour, Favour, Favour];
    /// It was locked when the fence was set up.
    Baseline = "baseline", For, [Favour, Favour, Favour];
    /// An exception of the policy names this release and these codes.
    Exception = "exception", For, [Favour, Favour, Favour];
    /// The policy names its registry or owner as one's own.
    FirstParty = "first-party", For, [Favour, Favour, Favour];

    /// A vulnerability is known.
    Vulnerable = "vulnerable", Warning, [Warn, Warn, Warn];
    /// Safe code can cause undefined behaviour.
    Unsound = "unsound", Warning, [Warn, Warn, Warn];
    /// Nobody maintains it.
    Unmaintained = "unmaintained", Warning, [Warn, Warn, Warn];
    /// A reviewer whom the policy trusts thinks badly of this release, short of calling it dangerous.
    Disliked = "disliked", Warning, [Note, Note, Note];
    /// Somebody whose word counts objects to a release that had been admitted by then.
    LateObjection = "late-objection", Warning, [Warn, Warn, Warn];
    /// An objection that lapsed, was answered, or is of somebody whose word does not count.
    ObjectionNoted = "objection-noted", Warning, [Note, Note, Note];
    /// A machine reviewed this release, which counts for nothing.
    MachineReviewed = "machine-reviewed", Warning, [Note, Note, Note];
    /// An advisory notice that is neither of the others.
    Notice = "notice", Warning, [Note, Note, Note];
    /// Its publisher withdrew it from new resolutions.
    Yanked = "yanked", Warning, [Warn, Warn, Warn];
}

/// How many generations of codes there are. A code that a later fence adds gets a higher [`Code::generation`],
/// and then applies only to releases published after the project's `since`, so that an upgrade of the fence
/// never turns a green project red.
pub const GENERATION: u32 = 2;

impl Code {
    /// In which generation this code came in, from 1.
    pub const fn generation(self) -> u32 {
        match self {
            Self::Unscanned => 2,
            _ => 1,
        }
    }

    /// Whether somebody who read the release answers it: then an audit clears it, where it holds or asks for a
    /// reviewer. Nobody's reading makes a requirement met, or a registry known.
    pub const fn is_answered_by_audits(self) -> bool {
        matches!(self.class(), CodeClass::Against)
            && !matches!(
                self,
                Self::NeedsHeld
                    | Self::Missing
                    | Self::UnjudgedSource
                    | Self::ForeignRegistry
                    // Only by a reading that came after it, which is looked at where it is found.
                    | Self::Objection
            )
    }

    /// Whether only an audit, a quorum or an exception clears it at `level`.
    pub fn is_review(self, level: Level) -> bool {
        self.effect(level) == Effect::Review
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a string is no code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeError(String);

impl fmt::Display for CodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a code", self.0)
    }
}

impl std::error::Error for CodeError {}

impl FromStr for Code {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.as_str() == text)
            .ok_or_else(|| CodeError(text.chars().take(40).collect()))
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_print_back_what_was_read_and_are_kebab_case() {
        for code in Code::ALL {
            assert_eq!(code.as_str().parse::<Code>(), Ok(*code));
            assert!(code.as_str().bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{code}");
            assert!(code.summary().ends_with('.'), "{code}: {}", code.summary());
        }
    }

    #[test]
    fn no_level_asks_for_less_than_the_one_below() {
        for code in Code::ALL.iter().filter(|c| c.class() == CodeClass::Against) {
            assert!(code.effect(Level::Low) <= code.effect(Level::Medium), "{code}");
            assert!(code.effect(Level::Medium) <= code.effect(Level::High), "{code}");
        }
    }
}
