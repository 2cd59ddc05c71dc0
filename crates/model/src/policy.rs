//! The policy: what a project or an organisation asks for, as it stands in `fence.toml`.
//!
//! The types here are the whole of the policy, with their defaults; reading TOML is the client's work, and
//! `docs/policy.md` is made from these types. Unknown keys are errors, because a misspelt protection protects
//! nobody. Numbers are provisional until backtests confirm them.

use std::collections::BTreeMap;

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::code::{Code, CodeClass, Effect, Level};
use crate::kind::Kind;
use crate::names::{CrateName, Digest, Principal, ReviewerId};
use crate::time::{Span, Time};

/// What a project asks of the releases that reach its build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Policy {
    /// How hard a release must be to forge: `low`, `medium` or `high`.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub level: Level,
    /// Levels for single kinds of use, where they are not `level`. What is used in several ways gets the strictest
    /// of theirs, and so does everything where only a lockfile is at hand to tell.
    #[serde(skip_serializing_if = "Levels::is_empty")]
    pub levels: Levels,
    /// Which packages are read by the scanner: `new`, releases that are held or younger than the ceiling; or `off`.
    pub scan: Scan,
    /// What `check` does about newer compatible releases that wait for approval: `warn` lists them, `error`
    /// fails, for those who take part in reviewing.
    pub newer_unapproved: Severity,
    /// What `check` does about a release in use with a known vulnerability.
    pub vulnerable: Severity,
    /// What `check` does about a release in use that is unsound.
    pub unsound: Severity,
    /// What `check` does about a release in use that nobody maintains.
    pub unmaintained: Severity,
    /// What `check` does about a release in use that its publisher withdrew.
    pub yanked: Severity,
    /// The criteria that an audit must meet to count, in cargo-vet's words.
    pub criteria: String,
    /// How long releases wait, and for what longer.
    pub wait: Wait,
    /// How old facts may be.
    pub freshness: Freshness,
    /// Stronger effects for single codes than the level asks for: `note`, `double`, `ceiling`, `hold`, `review`.
    /// A code that blocks cannot be changed, and none can be made milder than the level has it.
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, String>"))]
    pub codes: BTreeMap<Code, Effect>,
    /// Effects that a replay supposes in place of the level's and of `codes`, milder ones too: what would the fence be
    /// worth without this code? No file says so.
    #[serde(skip)]
    pub supposed: BTreeMap<Code, Effect>,
    /// Where evidence comes from, by name. `rustsec` is there unless it is switched off with `enabled = false`; its
    /// `role` and its source need not be given again.
    pub feeds: BTreeMap<String, FeedSource>,
    /// Who may take releases out of use.
    #[serde(skip_serializing_if = "SecurityRole::is_nobody")]
    pub security: SecurityRole,
    /// Registries that the policy names beside crates.io.
    pub registries: Vec<TrustedRegistry>,
    /// Git sources that the policy allows though the fence cannot judge them.
    pub sources: Vec<AllowedSource>,
    /// Releases that are let in against the judgement, each with digest, codes, reason and end.
    pub exceptions: Vec<Exception>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            level: Level::Medium,
            levels: Levels::default(),
            scan: Scan::default(),
            newer_unapproved: Severity::Warn,
            vulnerable: Severity::Warn,
            unsound: Severity::Warn,
            unmaintained: Severity::Warn,
            yanked: Severity::Warn,
            criteria: "safe-to-deploy".to_owned(),
            wait: Wait::default(),
            freshness: Freshness::default(),
            codes: BTreeMap::new(),
            supposed: BTreeMap::new(),
            feeds: BTreeMap::new(),
            security: SecurityRole::default(),
            registries: Vec::new(),
            sources: Vec::new(),
            exceptions: Vec::new(),
        }
    }
}

/// Levels for single kinds of use.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Levels {
    /// What ends up in the project's own programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub normal: Option<Level>,
    /// What runs while it is built: build scripts, proc macros, and all that these need.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub build: Option<Level>,
    /// What only its tests, examples and benchmarks need.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub dev: Option<Level>,
}

impl Levels {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Which packages are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Scan {
    /// Those of releases that are held, or younger than the ceiling; and of what they are compared with.
    #[default]
    New,
    /// None: what releases can do is not known.
    Off,
}

impl Scan {
    /// As `fence.toml` writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Off => "off",
        }
    }
}

/// What a finding does to the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Counted, not shown one by one.
    Allow,
    /// Shown; the check still passes.
    #[default]
    Warn,
    /// Shown; the check fails.
    Error,
}

impl Severity {
    /// The word that policies use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// How long releases wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Wait {
    /// The wait of an unremarkable release; a day, at level high 14, unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub base: Option<Span>,
    /// No release waits longer than this for age alone.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub ceiling: Span,
    /// The shortest wait of a release with one audit.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub floor_audited_once: Span,
    /// The shortest wait of a release that a quorum approved, or that fixes an advisory.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub floor_fix: Span,
    /// The shortest wait of a release by a known publisher or with unchanged code.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub floor_known: Span,
    /// A crate younger than this is `new-crate`, and a new dependency on it `young-dependency`.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub crate_tenure: Span,
    /// An account, or a way of publishing, whose first release of a crate is younger than this is `new-publisher`; one
    /// that published three admitted releases over a longer time is known.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub publisher_tenure: Span,
    /// A silence this long makes the releases after it `dormant`.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub silence: Span,
    /// How long after such a silence.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub after_silence: Span,
    /// How late an index may show a release without its publish time counting as `backdated`.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub publication_delay: Span,
}

impl Default for Wait {
    fn default() -> Self {
        Self {
            base: None,
            ceiling: Span::days(30),
            floor_audited_once: Span::days(1),
            floor_fix: Span::hours(24),
            floor_known: Span::days(3),
            crate_tenure: Span::days(90),
            publisher_tenure: Span::days(90),
            silence: Span::days(365),
            after_silence: Span::days(30),
            publication_delay: Span::hours(1),
        }
    }
}

/// How old facts may be before the fence fetches them again, and before it stops the clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Freshness {
    /// `check` asks the registry again when its index facts are older than this.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub index: Span,
    /// `check` asks a feed again when its facts are older than this.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub feeds: Span,
    /// Index facts or advisories older than this are too old to decide by: exit code 2. `0` allows any age,
    /// for old tags that must still build.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub limit: Span,
}

impl Default for Freshness {
    fn default() -> Self {
        Self { index: Span::minutes(10), feeds: Span::hours(6), limit: Span::ZERO }
    }
}

/// Where evidence comes from. Exactly one of `git`, `archive`, `file` and `path` is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FeedSource {
    /// What it is believed about: `advisories` (RustSec's format or OSV's, by what lies there), `audits` (cargo-vet's),
    /// `crev` (its proofs), `statements` (what people signed with their SSH keys) or `dump` (the
    /// database dump of crates.io).
    pub role: FeedRole,
    /// A git repository, read with the installed `git`: `https`, `ssh` or `file`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git: Option<String>,
    /// An archive (`.tar`, `.tar.gz`, `.tar.zst`, `.zip`) at an `https` address or a path relative to `fence.toml`; of a
    /// `dump` a path, and `.tar` or `.tar.gz`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<String>,
    /// A single file (an audit set) at an `https` address or a path relative to `fence.toml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// A folder, relative to `fence.toml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// For `audits` and `statements`: what criteria of others count as in the policy's words.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub criteria_map: BTreeMap<String, Vec<String>>,
    /// For `crev`: whose reviews count, by crev id, and for how much at most: `high`, `medium` or `low`; `machine`
    /// marks an id whose reviews are shown and count for nothing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, Trust>"))]
    pub trust: BTreeMap<ReviewerId, Trust>,
    /// For `crev`: who is trusted at least this much by somebody in `trust` counts too, as the voice of that
    /// somebody. Nobody unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Reach"))]
    pub reach: Option<Reach>,
    /// For `statements`: whose audits count, by the names that the feed's allowed signers give them, and for how much at
    /// most: `high`, `medium` or `low`; `machine` marks one whose audits are shown and count for nothing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, Trust>"))]
    pub reviewers: BTreeMap<Principal, Trust>,
    /// For `statements`: whether the feed is believed about which accounts of the registry its signers have. Then they
    /// count in quorums as the maintainers that they are, and nowhere for releases of their own.
    #[serde(default, skip_serializing_if = "is_no")]
    pub enrols: bool,
    /// Whether the feed is read at all.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub enabled: bool,
}

impl FeedSource {
    /// An enabled feed of that role which does not say yet where it lies: one of the four is still to be set.
    pub fn of(role: FeedRole) -> Self {
        Self {
            role,
            git: None,
            archive: None,
            file: None,
            path: None,
            criteria_map: BTreeMap::new(),
            trust: BTreeMap::new(),
            reach: None,
            reviewers: BTreeMap::new(),
            enrols: false,
            enabled: true,
        }
    }
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it by reference")]
fn is_yes(value: &bool) -> bool {
    *value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it by reference")]
fn is_no(value: &bool) -> bool {
    !*value
}

/// The security role: who may take releases out of use, by signed statements.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct SecurityRole {
    /// The keys, each as in OpenSSH's public key files: `ssh-ed25519 AAAA… name`.
    pub keys: Vec<String>,
    /// How many of them have to revoke a release before it is blocked.
    pub threshold: usize,
}

impl Default for SecurityRole {
    /// Nobody; of whoever is named, one is enough, since what is revoked is only held up.
    fn default() -> Self {
        Self { keys: Vec::new(), threshold: 1 }
    }
}

impl SecurityRole {
    fn is_nobody(&self) -> bool {
        *self == Self::default()
    }
}

/// The name of the feed of advisories that is there without being configured.
pub const RUSTSEC: &str = "rustsec";

/// What a feed is believed about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FeedRole {
    /// Advisories in RustSec's format or OSV's: they can block, and their absence stops the clock.
    Advisories,
    /// Audits in cargo-vet's format: they can admit.
    Audits,
    /// Signed crev proofs: reviews by those in `trust` count as audits of theirs.
    Crev,
    /// A database dump of crates.io: who published and who owns what; and, where a feed enrols, who depends on whom.
    Dump,
    /// Statements, signed with SSH keys: audits by those in `reviewers`, and what everybody else whom its allowed signers
    /// list says of releases.
    Statements,
}

/// How much a policy trusts a reviewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// A machine: its reviews are shown, and count for nothing.
    Machine,
    /// For `safe-to-run` at most.
    Low,
    /// For `safe-to-deploy`.
    Medium,
    /// For `safe-to-deploy`; those whom it trusts itself may be trusted as much.
    High,
}

/// How much reviewers must trust others for these to count too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// At least a little.
    Low,
    /// At least somewhat.
    Medium,
    /// Highly.
    High,
}

/// A registry beside crates.io.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TrustedRegistry {
    /// Its index address, as Cargo.lock writes it after `registry+` or with `sparse+`.
    pub index: String,
    /// `first-party` admits everything from it; `judged` applies the same rules as to crates.io.
    pub treat: RegistryTreatment,
    /// Whether its publish times are believed; otherwise age counts from first sight.
    #[serde(default)]
    pub publish_times: PublishTimes,
}

/// How a registry's releases are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RegistryTreatment {
    /// One's own: admitted, unless a block code stands.
    FirstParty,
    /// As crates.io.
    Judged,
}

/// Whether a registry's publish times are believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PublishTimes {
    /// Believed at first contact.
    Trusted,
    /// Age counts from first sight.
    #[default]
    Untrusted,
}

/// A git source that the fence cannot judge and the policy allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AllowedSource {
    /// The repository's address, as Cargo.lock writes it after `git+`, without query and fragment.
    pub git: String,
    /// The full revision.
    pub rev: String,
}

/// One release that is let in against the judgement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Exception {
    /// The crate.
    #[serde(rename = "crate")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub name: CrateName,
    /// The full version; there are no exceptions by bare name.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub version: Version,
    /// The digest of the release's `.crate`: another file under this version is not excused.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub digest: Digest,
    /// The codes that it overrides. Codes that appear later are not excused.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub codes: Vec<Code>,
    /// Why.
    pub because: String,
    /// The last moment of it: a day (`2026-09-30`, its first second) or a time, at most 180 days ahead.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub until: Time,
}

/// How far ahead an exception may end.
pub const LONGEST_EXCEPTION: Span = Span::days(180);

/// What is wrong with a policy that reads well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyError {
    /// `[codes]` changes a code that cannot be changed.
    FixedCode(Code),
    /// `[codes]` makes a code milder than the level has it.
    MilderCode {
        /// The code.
        code: Code,
        /// What the policy wants.
        wanted: Effect,
        /// What the level has.
        level: Effect,
    },
    /// A feed names none, or more than one, of `git`, `archive`, `file` and `path`.
    FeedSource(String),
    /// The feed of advisories that is built in, [`RUSTSEC`], in another role.
    FeedRole(String),
    /// A feed's name is not of letters, digits and `-`, or is taken (`index`).
    FeedName(String),
    /// A database dump that does not lie on this machine.
    FeedElsewhere(String),
    /// A feed of many files given as a single one.
    FeedShape(String),
    /// A feed has a key that only feeds in another role take.
    FeedKey {
        /// The feed.
        feed: String,
        /// The key.
        key: &'static str,
        /// The role that takes it.
        role: &'static str,
    },
    /// A feed of crev proofs that trusts nobody.
    TrustsNobody(String),
    /// An exception without a reason.
    NoReason(CrateName, Version),
    /// An exception that names no code.
    NoCodes(CrateName, Version),
    /// An exception that names a code in favour of a release, which it cannot override.
    NeedlessCode(CrateName, Version, Code),
    /// An exception that ends more than [`LONGEST_EXCEPTION`] after now.
    TooLong(CrateName, Version, Time),
    /// A wait that contradicts itself, such as a base beyond the ceiling.
    Wait(&'static str),
    /// A threshold of the security role that no number of its keys reaches, or that none is needed for.
    Threshold {
        /// The threshold.
        threshold: usize,
        /// How many keys there are.
        keys: usize,
    },
    /// A key of the security role that is there twice.
    SameKey(String),
}

impl std::fmt::Display for PolicyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::FixedCode(code) => write!(
                f,
                "[codes] cannot change `{code}`: only codes against a release can be made stronger; use an exception for a single release"
            ),
            Self::MilderCode { code, wanted, level } => write!(
                f,
                "[codes] makes `{code}` milder ({wanted}) than the level has it ({level}); choose a lower level, or an exception for a single release"
            ),
            Self::FeedSource(name) => {
                write!(f, "[feeds.{name}] needs exactly one of `git`, `archive`, `file` and `path`")
            }
            Self::FeedRole(name) => write!(
                f,
                "[feeds.{name}] is the feed of advisories, and has no other role than `advisories`; call a feed in another role by another name"
            ),
            Self::FeedName(name) => {
                write!(f, "[feeds.{name}]: a feed's name is letters, digits and `-`, and not `index`")
            }
            Self::FeedElsewhere(name) => write!(
                f,
                "[feeds.{name}]: a database dump has gigabytes, and is read from this machine alone: fetch it, and name it as `archive` or, unpacked, as `path`"
            ),
            Self::FeedShape(name) => {
                write!(
                    f,
                    "[feeds.{name}]: advisories, crev proofs and statements come as `git`, `archive` or `path`, not as a single `file`"
                )
            }
            Self::FeedKey { feed, key, role } => {
                write!(f, "[feeds.{feed}] has `{key}`, which only feeds in the role `{role}` take")
            }
            Self::TrustsNobody(name) => {
                write!(f, "[feeds.{name}] trusts nobody: name ids with `trust = {{ \"<id>\" = \"medium\" }}`")
            }
            Self::NoReason(name, version) => {
                write!(f, "the exception for {name} {version} gives no reason: write `because = \"…\"`")
            }
            Self::NoCodes(name, version) => {
                write!(f, "the exception for {name} {version} names no code: write `codes = [\"…\"]`")
            }
            Self::NeedlessCode(name, version, code) => write!(
                f,
                "the exception for {name} {version} names `{code}`, which speaks for a release: name codes that stand against it"
            ),
            Self::TooLong(name, version, until) => write!(
                f,
                "the exception for {name} {version} runs until {}, but at most {} are allowed from today",
                until.date(),
                LONGEST_EXCEPTION
            ),
            Self::Wait(what) => write!(f, "[wait] {what}"),
            Self::Threshold { threshold: 0, .. } => f.write_str(
                "[security] `threshold` is 0: then releases would be revoked by nobody; write 1 or more",
            ),
            Self::Threshold { threshold, keys } => write!(
                f,
                "[security] asks for {threshold} keys to revoke a release and names {keys}: lower `threshold`, or add to `keys`"
            ),
            Self::SameKey(key) => {
                write!(
                    f,
                    "[security] names one key twice, and it counts once: `{}`",
                    key.chars().take(60).collect::<String>()
                )
            }
        }
    }
}

impl std::error::Error for PolicyError {}

impl Policy {
    /// Everything that is wrong with this policy at `now`; all of it, not the first.
    pub fn problems(&self, now: Time) -> Vec<PolicyError> {
        let mut problems = Vec::new();
        for (&code, &wanted) in &self.codes {
            let level = code.effect(self.level);
            let changeable = code.class() == CodeClass::Against
                && matches!(
                    wanted,
                    Effect::Note | Effect::Double | Effect::Ceiling | Effect::Hold | Effect::Review
                );
            if !changeable {
                problems.push(PolicyError::FixedCode(code));
            } else if wanted < level {
                problems.push(PolicyError::MilderCode { code, wanted, level });
            }
        }
        for (name, feed) in &self.feeds {
            let spelt = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            if !spelt || name == "index" {
                problems.push(PolicyError::FeedName(name.clone()));
            }
            let sources = [&feed.git, &feed.archive, &feed.file, &feed.path];
            if sources.iter().filter(|s| s.is_some()).count() != 1 {
                problems.push(PolicyError::FeedSource(name.clone()));
            }
            // As anything else it would be silent, and silence would be taken for nothing to be said.
            if name == RUSTSEC && feed.role != FeedRole::Advisories {
                problems.push(PolicyError::FeedRole(name.clone()));
            }
            if feed.role != FeedRole::Audits && feed.file.is_some() {
                problems.push(PolicyError::FeedShape(name.clone()));
            }
            let foreign = |key, role| PolicyError::FeedKey { feed: name.clone(), key, role };
            match feed.role {
                FeedRole::Crev if feed.trust.is_empty() => {
                    problems.push(PolicyError::TrustsNobody(name.clone()));
                }
                FeedRole::Crev if !feed.criteria_map.is_empty() => {
                    problems.push(foreign("criteria-map", "audits"));
                }
                FeedRole::Crev => {}
                FeedRole::Advisories | FeedRole::Audits | FeedRole::Statements | FeedRole::Dump => {
                    problems.extend((!feed.trust.is_empty()).then(|| foreign("trust", "crev")));
                    problems.extend(feed.reach.map(|_| foreign("reach", "crev")));
                }
            }
            let is_elsewhere = |place: &String| place.contains("://");
            if feed.role == FeedRole::Dump
                && (feed.git.is_some() || feed.archive.as_ref().is_some_and(is_elsewhere))
            {
                problems.push(PolicyError::FeedElsewhere(name.clone()));
            }
            if feed.role != FeedRole::Statements {
                problems.extend((!feed.reviewers.is_empty()).then(|| foreign("reviewers", "statements")));
                problems.extend(feed.enrols.then(|| foreign("enrols", "statements")));
            }
        }
        for Exception { name, version, codes, because, until, .. } in &self.exceptions {
            if because.trim().is_empty() {
                problems.push(PolicyError::NoReason(name.clone(), version.clone()));
            }
            if codes.is_empty() {
                problems.push(PolicyError::NoCodes(name.clone(), version.clone()));
            }
            let needless = codes.iter().filter(|code| code.class() == CodeClass::For);
            problems
                .extend(needless.map(|code| PolicyError::NeedlessCode(name.clone(), version.clone(), *code)));
            if *until > now + LONGEST_EXCEPTION + Span::days(1) {
                problems.push(PolicyError::TooLong(name.clone(), version.clone(), *until));
            }
        }
        let SecurityRole { keys, threshold } = &self.security;
        if *threshold == 0 || (*threshold > keys.len() && self.security != SecurityRole::default()) {
            problems.push(PolicyError::Threshold { threshold: *threshold, keys: keys.len() });
        }
        // The comment plays no part.
        let key = |line: &str| line.split_whitespace().take(2).map(str::to_owned).collect::<Vec<_>>();
        for (place, line) in keys.iter().enumerate() {
            if keys[..place].iter().any(|other| key(other) == key(line)) {
                problems.push(PolicyError::SameKey(line.clone()));
            }
        }
        if self.wait.base.is_some_and(|base| base > self.wait.ceiling) {
            problems.push(PolicyError::Wait("`base` lies beyond `ceiling`"));
        }
        if self.wait.floor_audited_once > self.wait.ceiling
            || self.wait.floor_fix > self.wait.ceiling
            || self.wait.floor_known > self.wait.ceiling
        {
            problems.push(PolicyError::Wait("a floor lies beyond `ceiling`"));
        }
        problems
    }

    /// How long an unremarkable release waits at `level`.
    pub fn base_wait(&self, level: Level) -> Span {
        self.wait.base.unwrap_or(match level {
            Level::Low | Level::Medium => Span::days(1),
            Level::High => Span::days(14),
        })
    }

    /// Whether it asks more or less of some kinds of use than of others.
    pub fn has_levels(&self) -> bool {
        Kind::ALL.into_iter().any(|kind| self.level_of(kind) != self.level)
    }

    /// The level that it asks of what is used as one kind.
    pub fn level_of(&self, kind: Kind) -> Level {
        let own = match kind {
            Kind::Normal => self.levels.normal,
            Kind::Build => self.levels.build,
            Kind::Dev => self.levels.dev,
        };
        own.unwrap_or(self.level)
    }

    /// The strictest level that it asks of any kind: that of whatever may be used in any way.
    pub fn strictest_level(&self) -> Level {
        Kind::ALL.into_iter().map(|kind| self.level_of(kind)).max().unwrap_or(self.level)
    }

    /// What `code` does at `level` under this policy.
    pub fn effect(&self, code: Code, level: Level) -> Effect {
        if let Some(supposed) = self.supposed.get(&code) {
            return *supposed;
        }
        let table = code.effect(level);
        self.codes.get(&code).map_or(table, |&own| own.max(table))
    }
}

/// One release of the baseline: it was locked when the fence was set up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BaselineEntry {
    /// The crate.
    pub name: CrateName,
    /// Its full version.
    pub version: Version,
    /// The digest that was locked.
    pub digest: Digest,
    /// When it was recorded.
    pub recorded: Time,
    /// What was known of it then.
    pub standing: Standing,
}

/// What was known of a release when it was recorded in the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// It had been in use or in the open for long enough: it counts as known from then on.
    Settled,
    /// It was younger than its wait. It passes, and what stands against it is said as a warning, until it would be
    /// admitted without the baseline; nothing else rests on it.
    Young,
}

/// What `fence.lock` records: machine-written, one sorted line per release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Baseline {
    /// When the fence was set up; codes of a later generation apply to releases published after it.
    pub since: Time,
    /// The generation of codes that was known then.
    pub generation: u32,
    /// The releases, sorted by name and version, as [`Baseline::new`] leaves them.
    pub entries: Vec<BaselineEntry>,
}

impl Default for Baseline {
    /// No baseline: every code applies to every release.
    fn default() -> Self {
        Self { since: Time::EARLIEST, generation: crate::code::GENERATION, entries: Vec::new() }
    }
}

impl Baseline {
    /// A baseline of these releases, in whatever order they come.
    pub fn new(since: Time, generation: u32, mut entries: Vec<BaselineEntry>) -> Self {
        entries.sort();
        Self { since, generation, entries }
    }

    /// The entry of a release, if it is there.
    pub fn entry(&self, name: &CrateName, version: &Version) -> Option<&BaselineEntry> {
        self.entries_of(name.as_str()).iter().find(|entry| entry.version == *version)
    }

    /// Whether some settled release of the crate is in it.
    pub fn has_crate(&self, name: &str) -> bool {
        has_settled(self.entries_of(name))
    }

    /// The entries of a crate.
    pub fn entries_of(&self, name: &str) -> &[BaselineEntry] {
        let start = self.entries.partition_point(|entry| entry.name.as_str() < name);
        let length = self.entries[start..].partition_point(|entry| entry.name.as_str() == name);
        &self.entries[start..start + length]
    }
}

/// Whether one of these releases was settled when it was recorded.
pub(crate) fn has_settled(entries: &[BaselineEntry]) -> bool {
    entries.iter().any(|entry| entry.standing == Standing::Settled)
}
