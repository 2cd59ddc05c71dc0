//! cargo-vet's files: what they say, kept as they say it.
//!
//! [`parse_audits`] reads `audits.toml`, [`parse_imports`] reads `imports.lock`, [`parse_config`] reads
//! `config.toml`; format versions 0.4 to 0.10 of cargo-vet are understood. A record that cannot be used is left
//! out and reported; only a file that is not TOML at all is an error.
//!
//! [`SetFacts`] then says what a [`VetSet`] means to a policy: whose records they are, and which criteria in the
//! policy's words they meet; [`format_audits`] writes them again for others.

mod facts;
mod format;

use std::collections::BTreeMap;

use fence_model::facts::{AuditedVersion, Claim, Publisher};
use fence_model::{CrateName, Span, Time};
use semver::{Version, VersionReq};

use crate::document::{Document, Fault, Fields};
use crate::error::{Error, Problem, excerpt, message};
use crate::{Limits, Parsed};

pub(crate) use facts::words_met;
pub use facts::{CrateEvidence, SetFacts, Source, Standing, origin_of};
pub use format::{format_audits, format_records};

/// The criterion that a crate may be run on a developer's machine; every set knows it.
pub const SAFE_TO_RUN: &str = "safe-to-run";
/// The criterion that a crate may be shipped; every set knows it, and it implies [`SAFE_TO_RUN`].
pub const SAFE_TO_DEPLOY: &str = "safe-to-deploy";

/// An audit set: one `audits.toml`, or what an `imports.lock` keeps of one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VetSet {
    /// The set's own criteria by name, without the two that every set knows.
    pub criteria: BTreeMap<Box<str>, Criterion>,
    /// Audits of single releases and changes, in the order of the file.
    pub audits: BTreeMap<CrateName, Vec<AuditRecord>>,
    /// Audits of whatever a publisher publishes during some time.
    pub wildcard_audits: BTreeMap<CrateName, Vec<WindowRecord>>,
    /// Publishers that are trusted with a crate during some time, without an audit.
    pub trusted: BTreeMap<CrateName, Vec<WindowRecord>>,
}

/// What a set says of a criterion of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Criterion {
    /// Criteria that whatever meets this one meets too.
    pub implies: Vec<Box<str>>,
    /// What it asks for, for people.
    pub description: Option<Box<str>>,
    /// Addresses of the sets from which it was copied, the one that wrote it first.
    pub aggregated_from: Vec<Box<str>>,
}

/// An `[[audits.<crate>]]` record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// Who signed it, usually as `Name <address>`.
    pub who: Vec<Box<str>>,
    /// The criteria that it meets or, for a violation, fails; in the set's words, implied ones left out.
    pub criteria: Vec<Box<str>>,
    /// What was audited.
    pub claim: Claim,
    /// Whether other sets may use it.
    pub importable: Importable,
    /// What the auditors add, for people.
    pub notes: Option<Box<str>>,
    /// Addresses of the sets from which it was copied, the one that wrote it first.
    pub aggregated_from: Vec<Box<str>>,
}

/// Whether a record may be used by sets that import it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Importable {
    /// By everybody; what is meant where nothing is said.
    #[default]
    Everywhere,
    /// Only by the project that wrote it.
    AtHome,
}

/// A `[[wildcard-audits.<crate>]]` or `[[trusted.<crate>]]` record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowRecord {
    /// Who signed it; nobody for trusted publishers.
    pub who: Vec<Box<str>>,
    /// The criteria that the publisher's releases meet, in the set's words, implied ones left out.
    pub criteria: Vec<Box<str>>,
    /// Whose releases.
    pub publisher: PublisherId,
    /// The first second inside.
    pub start: Time,
    /// The last second inside; cargo-vet's `end` is the first day outside.
    pub end: Time,
    /// Whether its authors want to be reminded when it ends.
    pub renewal: Renewal,
    /// What they add, for people.
    pub notes: Option<Box<str>>,
    /// Addresses of the sets from which it was copied, the one that wrote it first.
    pub aggregated_from: Vec<Box<str>>,
}

/// Whether the authors of a window want to be reminded to renew it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Renewal {
    /// Yes; what is meant where nothing is said.
    #[default]
    Suggested,
    /// No.
    Declined,
}

/// Who publishes, as cargo-vet names them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PublisherId {
    /// A person's account on crates.io, by its number.
    User(u64),
    /// A trusted publisher: a repository's CI, such as `github:owner/repo`.
    Ci(Box<str>),
}

impl PublisherId {
    /// The same, borrowed, in the model's words.
    pub fn as_fact(&self) -> Publisher<'_> {
        match self {
            Self::User(id) => Publisher::User(*id),
            Self::Ci(name) => Publisher::Ci(name),
        }
    }
}

/// An `imports.lock`: what a project last fetched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VetImports {
    /// Who published which release.
    pub publishers: BTreeMap<CrateName, Vec<PublishedRecord>>,
    /// Versions that are not on crates.io, and which published one stands in for them.
    pub unpublished: BTreeMap<CrateName, Vec<UnpublishedRecord>>,
    /// The imported sets by the name the project gives them; their criteria are already in the project's words.
    pub sets: BTreeMap<Box<str>, VetSet>,
}

/// A `[[publisher.<crate>]]` record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedRecord {
    /// The release.
    pub version: Version,
    /// The first second of the UTC day on which it was published.
    pub when: Time,
    /// Who published it.
    pub publisher: PublisherId,
    /// The account's name for logging in, where a person published.
    pub login: Option<Box<str>>,
    /// The person's name, where the account tells.
    pub name: Option<Box<str>>,
}

/// An `[[unpublished.<crate>]]` record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnpublishedRecord {
    /// The version that is not on crates.io.
    pub version: AuditedVersion,
    /// The published one by whose audits it is judged.
    pub audited_as: AuditedVersion,
}

/// A `config.toml`: what a project imports, asks for, and exempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VetConfig {
    /// The version of cargo-vet that wrote the file, such as `0.10`.
    pub version: Option<Box<str>>,
    /// The criterion of new audits; not a requirement.
    pub default_criteria: Box<str>,
    /// The sets that the project imports, by the name it gives them.
    pub imports: BTreeMap<Box<str>, Import>,
    /// What is asked of the project's own and other crates.
    pub policy: BTreeMap<CrateName, PackagePolicy>,
    /// Releases that are let through without an audit.
    pub exemptions: BTreeMap<CrateName, Vec<Exemption>>,
}

impl Default for VetConfig {
    fn default() -> Self {
        Self {
            version: None,
            default_criteria: SAFE_TO_DEPLOY.into(),
            imports: BTreeMap::new(),
            policy: BTreeMap::new(),
            exemptions: BTreeMap::new(),
        }
    }
}

/// An `[imports.<name>]` table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Import {
    /// Where the set's files are.
    pub url: Vec<Box<str>>,
    /// Crates whose audits are not taken over.
    pub exclude: Vec<CrateName>,
    /// What the set's criteria count as here; one that is not listed counts as nothing, but for the two that every
    /// set knows.
    pub criteria_map: BTreeMap<Box<str>, Vec<Box<str>>>,
}

/// What is asked of one crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackagePolicy {
    /// Of all its versions: `[policy.<crate>]`.
    Every(PolicyEntry),
    /// Of each version on its own: `[policy."<crate>:<version>"]`.
    PerVersion(BTreeMap<AuditedVersion, PolicyEntry>),
}

impl PackagePolicy {
    /// What is asked of `version`, if anything is said.
    pub fn of(&self, version: &AuditedVersion) -> Option<&PolicyEntry> {
        match self {
            Self::Every(entry) => Some(entry),
            Self::PerVersion(entries) => entries.get(version),
        }
    }
}

/// One `[policy.…]` table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyEntry {
    /// Whether a crate of the project's own is audited.
    pub audit_as: AuditAs,
    /// What is asked of a crate of the project's own and all it builds with; `None` where nothing is said, which
    /// is not the same as an empty list: that asks for nothing.
    pub criteria: Option<Vec<Box<str>>>,
    /// The same for what it only needs for its tests.
    pub dev_criteria: Option<Vec<Box<str>>>,
    /// What is asked of single dependencies instead.
    pub dependency_criteria: BTreeMap<CrateName, Vec<Box<str>>>,
    /// What the authors add, for people.
    pub notes: Option<Box<str>>,
}

/// How a crate from the project's own tree is treated: `audit-as-crates-io`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum AuditAs {
    /// Nothing is said.
    #[default]
    Unsaid,
    /// As if it came from crates.io (`true`).
    Published,
    /// As the project's own, whatever crates.io has under its name (`false`).
    FirstParty,
}

/// An `[[exemptions.<crate>]]` record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exemption {
    /// The release.
    pub version: AuditedVersion,
    /// What it is taken to meet without an audit.
    pub criteria: Vec<Box<str>>,
    /// Whether cargo-vet proposes to audit it instead.
    pub suggestion: Suggestion,
    /// Why, for people.
    pub notes: Option<Box<str>>,
}

/// Whether cargo-vet proposes an audit instead of an exemption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Suggestion {
    /// Yes; what is meant where nothing is said.
    #[default]
    Made,
    /// No.
    Withheld,
}

/// Reads an `audits.toml`, which messages call `file`.
///
/// # Errors
///
/// [`Error::TooLong`], [`Error::NotUtf8`] or [`Error::NotToml`], with its line.
pub fn parse_audits(file: &str, bytes: &[u8], limits: &Limits) -> Result<Parsed<VetSet>, Problem> {
    let (mut document, root) = Document::open(file, bytes, limits.vet_file_bytes, limits)?;
    let value = set(&mut document, &Fields::root(&root), "", limits);
    Ok(Parsed { value, problems: document.into_problems() })
}

/// Reads an `imports.lock`, which messages call `file`.
///
/// # Errors
///
/// As [`parse_audits`].
pub fn parse_imports(file: &str, bytes: &[u8], limits: &Limits) -> Result<Parsed<VetImports>, Problem> {
    let (mut document, root) = Document::open(file, bytes, limits.vet_file_bytes, limits)?;
    let root = Fields::root(&root);
    let value = VetImports {
        publishers: document.records(&root, "", "publisher", published),
        unpublished: document.records(&root, "", "unpublished", |fields| {
            Ok(UnpublishedRecord {
                version: version(fields, "version")?,
                audited_as: version(fields, "audited_as")?,
            })
        }),
        sets: imported_sets(&mut document, &root, limits),
    };
    Ok(Parsed { value, problems: document.into_problems() })
}

/// Reads a `config.toml`, which messages call `file`.
///
/// # Errors
///
/// As [`parse_audits`].
pub fn parse_config(file: &str, bytes: &[u8], limits: &Limits) -> Result<Parsed<VetConfig>, Problem> {
    let (mut document, root) = Document::open(file, bytes, limits.vet_file_bytes, limits)?;
    let root = Fields::root(&root);
    let mut value = VetConfig::default();
    let head = root.table("cargo-vet").and_then(|table| table.map_or(Ok(None), |t| t.owned("version")));
    match head {
        Ok(version) => value.version = version,
        Err(fault) => document.report("cargo-vet", fault),
    }
    match root.owned("default-criteria") {
        Ok(criterion) => value.default_criteria = criterion.unwrap_or(value.default_criteria),
        Err(fault) => document.report("", fault),
    }
    value.imports = document.tables(&root, "", "imports", |name| Ok(name.into()), |_, fields| import(fields));
    value.policy = policies(&mut document, &root);
    value.exemptions = document.records(&root, "", "exemptions", exemption);
    Ok(Parsed { value, problems: document.into_problems() })
}

/// Reads a version as cargo-vet writes it: `1.2.3`, or `1.2.3@git:<40 hexadecimal digits>` for a revision near it.
///
/// # Errors
///
/// [`Error::Version`] or [`Error::Revision`].
pub fn parse_version(text: &str) -> Result<AuditedVersion, Error> {
    let (number, git) = match text.split_once('@') {
        None => (text, None),
        Some((number, revision)) => {
            let hash = revision
                .trim_start()
                .strip_prefix("git:")
                .filter(|hash| hash.len() == 40 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
                .ok_or_else(|| Error::Revision { text: excerpt(text) })?;
            (number.trim_end(), Some(hash.into()))
        }
    };
    match Version::parse(number) {
        Ok(version) => Ok(AuditedVersion { version, git }),
        Err(cause) => Err(Error::Version { text: excerpt(text), cause: message(&cause) }),
    }
}

/// Writes a version as [`parse_version`] reads it.
pub fn format_version(version: &AuditedVersion) -> String {
    match &version.git {
        None => version.version.to_string(),
        Some(hash) => format!("{}@git:{hash}", version.version),
    }
}

fn imported_sets<'t>(
    document: &mut Document<'t>,
    root: &Fields<'_, 't>,
    limits: &Limits,
) -> BTreeMap<Box<str>, VetSet> {
    let mut sets = BTreeMap::new();
    let imports = match root.table("audits") {
        Ok(Some(imports)) => imports,
        Ok(None) => return sets,
        Err(fault) => {
            document.report("audits", fault);
            return sets;
        }
    };
    for name in imports.keys() {
        match imports.table(name) {
            Ok(Some(fields)) => {
                let path = format!("audits.{}.", excerpt(name));
                drop(sets.insert(name.into(), set(document, &fields, &path, limits)));
            }
            Ok(None) => {}
            Err(fault) => document.report(format!("audits.{}", excerpt(name)), fault),
        }
    }
    sets
}

fn set<'t>(document: &mut Document<'t>, root: &Fields<'_, 't>, path: &str, limits: &Limits) -> VetSet {
    let limit = limits.criteria;
    let read = |_: &mut Document<'t>, fields: &Fields<'_, 't>| criterion(fields, limit);
    let mut criteria = document.tables(root, path, "criteria", |name| Ok(name.into()), read);
    if criteria.len() > limit {
        document
            .report(format!("{path}criteria"), root.fault_at("criteria", Error::TooManyCriteria { limit }));
        criteria = criteria.into_iter().take(limit).collect();
    }
    VetSet {
        criteria,
        audits: document.records(root, path, "audits", audit),
        wildcard_audits: document.records(root, path, "wildcard-audits", window),
        trusted: document.records(root, path, "trusted", window),
    }
}

fn criterion(fields: &Fields<'_, '_>, limit: usize) -> Result<Criterion, Fault> {
    fields.only(&["description", "description-url", "implies", "aggregated-from"])?;
    let implies = fields.list("implies")?;
    if implies.len() > limit {
        return Err(fields.fault_at("implies", Error::TooManyCriteria { limit }));
    }
    Ok(Criterion {
        implies,
        description: fields.owned("description")?,
        aggregated_from: fields.list("aggregated-from")?,
    })
}

fn audit(fields: &Fields<'_, '_>) -> Result<AuditRecord, Fault> {
    let claim = claim(fields)?;
    // An unknown key may take back what a record grants, as `importable` did when it was new. It can hardly make
    // a bad release good, so a violation is used whatever else it says.
    if !matches!(claim, Claim::Violation(_)) {
        let known =
            ["who", "criteria", "version", "delta", "violation", "importable", "notes", "aggregated-from"];
        fields.only(&known)?;
    }
    Ok(AuditRecord {
        who: fields.list("who")?,
        criteria: fields.list("criteria")?,
        claim,
        importable: match fields.flag("importable")? {
            Some(false) => Importable::AtHome,
            Some(true) | None => Importable::Everywhere,
        },
        notes: fields.owned("notes")?,
        aggregated_from: fields.list("aggregated-from")?,
    })
}

fn claim(fields: &Fields<'_, '_>) -> Result<Claim, Fault> {
    match (fields.has("version"), fields.text("delta")?, fields.text("violation")?) {
        (true, None, None) => Ok(Claim::Full(version(fields, "version")?)),
        (false, Some(delta), None) => {
            let (from, to) = delta
                .split_once("->")
                .ok_or_else(|| fields.fault_at("delta", Error::Delta { text: excerpt(delta) }))?;
            let read =
                |text: &str| parse_version(text.trim()).map_err(|error| fields.fault_at("delta", error));
            Ok(Claim::Delta { from: read(from)?, to: read(to)? })
        }
        (false, None, Some(violation)) => match VersionReq::parse(violation) {
            Ok(requirement) => Ok(Claim::Violation(requirement)),
            Err(cause) => {
                let error = Error::Requirement { text: excerpt(violation), cause: message(&cause) };
                Err(fields.fault_at("violation", error))
            }
        },
        _ => Err(fields.fault(Error::Claim)),
    }
}

fn window(fields: &Fields<'_, '_>) -> Result<WindowRecord, Fault> {
    let day = |key| fields.day(key)?.ok_or_else(|| fields.fault(Error::Missing(key)));
    Ok(WindowRecord {
        who: fields.list("who")?,
        criteria: fields.list("criteria")?,
        publisher: publisher(fields)?,
        start: day("start")?,
        end: day("end")? - Span::seconds(1),
        renewal: match fields.flag("renew")? {
            Some(false) => Renewal::Declined,
            Some(true) | None => Renewal::Suggested,
        },
        notes: fields.owned("notes")?,
        aggregated_from: fields.list("aggregated-from")?,
    })
}

fn publisher(fields: &Fields<'_, '_>) -> Result<PublisherId, Fault> {
    match (fields.number("user-id")?, fields.text("trusted-publisher")?) {
        (Some(id), None) => Ok(PublisherId::User(id)),
        (None, Some(name)) => Ok(PublisherId::Ci(name.into())),
        (Some(_), Some(_)) | (None, None) => Err(fields.fault(Error::Publisher)),
    }
}

fn published(fields: &Fields<'_, '_>) -> Result<PublishedRecord, Fault> {
    let version = fields.required("version")?;
    Ok(PublishedRecord {
        version: Version::parse(version).map_err(|cause| {
            let error = Error::Version { text: excerpt(version), cause: message(&cause) };
            fields.fault_at("version", error)
        })?,
        when: fields.day("when")?.ok_or_else(|| fields.fault(Error::Missing("when")))?,
        publisher: publisher(fields)?,
        login: fields.owned("user-login")?,
        name: fields.owned("user-name")?,
    })
}

fn import(fields: &Fields<'_, '_>) -> Result<Import, Fault> {
    let exclude = fields.texts("exclude")?.unwrap_or_default();
    let exclude: Result<_, _> = exclude.into_iter().map(str::parse).collect();
    Ok(Import {
        url: fields.list("url")?,
        exclude: exclude
            .map_err(|error: fence_model::names::NameError| fields.fault_at("exclude", error.into()))?,
        criteria_map: criteria_map(fields, "criteria-map", |name| Ok(name.into()))?,
    })
}

fn policies<'t>(document: &mut Document<'t>, root: &Fields<'_, 't>) -> BTreeMap<CrateName, PackagePolicy> {
    type Key = (CrateName, Option<AuditedVersion>);
    let key = |text: &str| -> Result<Key, Error> {
        match text.split_once(':') {
            None => Ok((text.parse()?, None)),
            Some((name, version)) => Ok((name.parse()?, Some(parse_version(version)?))),
        }
    };
    let read = |_: &mut Document<'t>, fields: &Fields<'_, 't>| Ok((fields.at, policy_entry(fields)?));
    let entries = document.tables(root, "", "policy", key, read);
    let mut policies: BTreeMap<CrateName, PackagePolicy> = BTreeMap::new();
    // Sorted, so that the entry for all versions of a crate comes before those for single ones.
    for ((name, version), (at, entry)) in entries {
        match (policies.get_mut(&name), version) {
            (None, None) => drop(policies.insert(name, PackagePolicy::Every(entry))),
            (None, Some(version)) => {
                let single = PackagePolicy::PerVersion(BTreeMap::from([(version, entry)]));
                drop(policies.insert(name, single));
            }
            (Some(PackagePolicy::PerVersion(entries)), Some(version)) => drop(entries.insert(version, entry)),
            (Some(_), _) => {
                document.report(format!("policy.{name}"), Fault { at, error: Error::MixedPolicy });
            }
        }
    }
    policies
}

fn policy_entry(fields: &Fields<'_, '_>) -> Result<PolicyEntry, Fault> {
    let criteria = |key| -> Result<Option<Vec<Box<str>>>, Fault> {
        Ok(fields.texts(key)?.map(|list| list.into_iter().map(Into::into).collect()))
    };
    Ok(PolicyEntry {
        audit_as: match fields.flag("audit-as-crates-io")? {
            None => AuditAs::Unsaid,
            Some(true) => AuditAs::Published,
            Some(false) => AuditAs::FirstParty,
        },
        criteria: criteria("criteria")?,
        dev_criteria: criteria("dev-criteria")?,
        dependency_criteria: criteria_map(fields, "dependency-criteria", |name| Ok(name.parse()?))?,
        notes: fields.owned("notes")?,
    })
}

fn criteria_map<K: Ord>(
    fields: &Fields<'_, '_>,
    key: &str,
    name: impl Fn(&str) -> Result<K, Error>,
) -> Result<BTreeMap<K, Vec<Box<str>>>, Fault> {
    let Some(map) = fields.table(key)? else { return Ok(BTreeMap::new()) };
    map.keys().map(|key| Ok((name(key).map_err(|error| map.fault_at(key, error))?, map.list(key)?))).collect()
}

fn exemption(fields: &Fields<'_, '_>) -> Result<Exemption, Fault> {
    Ok(Exemption {
        version: version(fields, "version")?,
        criteria: fields.list("criteria")?,
        suggestion: match fields.flag("suggest")? {
            Some(false) => Suggestion::Withheld,
            Some(true) | None => Suggestion::Made,
        },
        notes: fields.owned("notes")?,
    })
}

fn version(fields: &Fields<'_, '_>, key: &'static str) -> Result<AuditedVersion, Fault> {
    parse_version(fields.required(key)?).map_err(|error| fields.fault_at(key, error))
}
