//! The database dump of crates.io: who published each release, who owns what since when, and what depends on what.
//!
//! ```text
//! archive -> Reader::wants(path) -> Reader::read(part, bytes)   each table, in any order
//!                                   Reader::finish() -> Dump    joined, sorted, immutable
//! ```
//!
//! Whoever unpacks the archive asks for each of its files whether it is [wanted](Reader::wants), and hands in those that are as
//! they come out; nothing is held but what is kept. [`Reader::is_complete`] says when to stop: the largest table is last, and not
//! wanted.
//!
//! # Formats
//!
//! Tables are CSV as PostgreSQL writes it; columns are found by the names in the first line, so what is added later does no harm.
//! Read are the layouts since November 2024: `tar_sha256` (`\x…`) or `checksum` (plain digits), logins by `oauth_github`,
//! `users.username` or `users.gh_login`, times with an offset or without (which is UTC), with `trustpub_only` and `deleted_crates`
//! or without. NULL and the empty text look alike to the reader of CSV. It matters nowhere: where a number, a time or a digest
//! may be missing the empty text could not stand, and an empty name, login, version or platform is none.
//!
//! A row that cannot be read is counted and left out, as are rows about such: a few versions and requirements of early years
//! are malformed. Where it is more than [a few](crate::Limits::dump_malformed) the table is refused. What no database writes (two
//! rows of one key, two tables of one name, a row of another length) is refused at once.
//!
//! # Accounts
//!
//! An account is a number of `users` or of `teams`: 7 there and 7 here are different accounts. Logins are renamed and taken
//! by others; they are for showing alone.
//!
//! # Memory
//!
//! 64 bytes for a release, 16 for a dependency, 16 for an owner, and each text once. While it reads also: logins of
//! `oauth_github`, and 8 bytes for each release and crate to join by. [`Limits`] bounds rows, rows' lengths, and texts.

mod cells;
mod error;
mod join;
mod rows;
mod tables;
mod told;
mod words;

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;

use fence_model::Time;

pub use error::{DumpError, Fault};
pub use told::{Crate, DeletedCrate, Dependency, Dump, Release, Skipped, TRUSTED_PUBLISHING_SINCE};

use crate::limits::Limits;
use tables::Raw;

/// A table of the dump that is read. All others are passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Accounts of people.
    Users,
    /// The logins of their accounts on GitHub.
    OauthGithub,
    /// Teams of organisations on GitHub.
    Teams,
    /// Crates.
    Crates,
    /// Who owns which crate.
    CrateOwners,
    /// Names of crates that are gone.
    DeletedCrates,
    /// Releases.
    Versions,
    /// What each release depends on.
    Dependencies,
}

impl Table {
    /// All of them, in the order of the archive.
    pub const ALL: [Self; 8] = [
        Self::Crates,
        Self::OauthGithub,
        Self::Teams,
        Self::Users,
        Self::CrateOwners,
        Self::DeletedCrates,
        Self::Versions,
        Self::Dependencies,
    ];

    /// What the database calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::OauthGithub => "oauth_github",
            Self::Teams => "teams",
            Self::Crates => "crates",
            Self::CrateOwners => "crate_owners",
            Self::DeletedCrates => "deleted_crates",
            Self::Versions => "versions",
            Self::Dependencies => "dependencies",
        }
    }

    /// Whether every layout has it.
    const fn is_needed(self) -> bool {
        !matches!(self, Self::OauthGithub | Self::DeletedCrates)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A file of the archive that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// `metadata.json`.
    Metadata,
    /// `data/<table>.csv`.
    Table(Table),
}

/// Takes the files of one dump, in any order.
#[derive(Debug)]
pub struct Reader {
    limits: Limits,
    /// Whether what depends on what is kept.
    dependencies: bool,
    as_of: Option<Time>,
    read: BTreeMap<Table, Skipped>,
    raw: Raw,
}

impl Reader {
    /// For people: publishers and owners. What depends on what is passed over.
    pub fn new(limits: &Limits) -> Self {
        Self {
            limits: limits.clone(),
            dependencies: false,
            as_of: None,
            read: BTreeMap::new(),
            raw: Raw::default(),
        }
    }

    /// For people and the graph of dependents.
    pub fn with_dependencies(limits: &Limits) -> Self {
        Self { dependencies: true, ..Self::new(limits) }
    }

    /// Which part a file of the archive is, if it is to be handed to [`Self::read`]. `path` may begin with one folder,
    /// as in a `.tar.gz`, or not, as in a `.zip`.
    pub fn wants(&self, path: &str) -> Option<Part> {
        let parts: Vec<&str> = path.split('/').collect();
        let file = match parts.as_slice() {
            ["metadata.json"] | [_, "metadata.json"] => return Some(Part::Metadata),
            ["data", file] | [_, "data", file] => *file,
            _ => return None,
        };
        let table = Table::ALL.into_iter().find(|table| file.strip_suffix(".csv") == Some(table.name()))?;
        self.takes(table).then_some(Part::Table(table))
    }

    /// Reads one file of the dump to its end.
    ///
    /// # Errors
    ///
    /// [`DumpError`] where the file cannot be trusted; the dump is then of no use.
    pub fn read(&mut self, part: Part, bytes: &mut dyn Read) -> Result<(), DumpError> {
        match part {
            Part::Table(table) => self.table(table, bytes),
            Part::Metadata => {
                let mut text = Vec::new();
                let limit = self.limits.dump_row_bytes as u64;
                bytes
                    .take(limit)
                    .read_to_end(&mut text)
                    .map_err(|error| DumpError::Metadata { cause: crate::error::message(&error) })?;
                self.metadata(&text)
            }
        }
    }

    /// Reads `metadata.json`: of which moment the dump is.
    ///
    /// # Errors
    ///
    /// [`DumpError::Metadata`].
    pub fn metadata(&mut self, bytes: &[u8]) -> Result<(), DumpError> {
        if self.as_of.is_some() {
            return Err(DumpError::Metadata { cause: "it is there twice".into() });
        }
        self.as_of = Some(tables::metadata(bytes)?);
        Ok(())
    }

    /// Reads a table.
    ///
    /// # Errors
    ///
    /// [`DumpError`] where the table cannot be trusted; the dump is then of no use.
    pub fn table(&mut self, table: Table, bytes: &mut dyn Read) -> Result<(), DumpError> {
        if self.read.contains_key(&table) {
            return Err(DumpError::TableTwice { table });
        }
        let skipped = self.raw.read(table, bytes, &self.limits)?;
        self.read.insert(table, skipped);
        Ok(())
    }

    /// Whether all was read that is wanted, so that the rest of the archive needs not be unpacked.
    pub fn is_complete(&self) -> bool {
        let all = Table::ALL.into_iter().filter(|table| self.takes(*table));
        self.as_of.is_some() && all.into_iter().all(|table| self.read.contains_key(&table))
    }

    /// Puts the tables together.
    ///
    /// # Errors
    ///
    /// [`DumpError`] where one is missing, or where they do not belong together.
    pub fn finish(mut self) -> Result<Dump, DumpError> {
        let as_of = self.as_of.ok_or(DumpError::NoMetadata)?;
        let needed = Table::ALL.into_iter().filter(|table| table.is_needed() && self.takes(*table));
        if let Some(table) = needed.into_iter().find(|table| !self.read.contains_key(table)) {
            return Err(DumpError::NoTable { table });
        }
        let has_deleted = self.read.contains_key(&Table::DeletedCrates);
        let no_logins = !self.raw.users.is_empty() && !self.raw.users_have_logins;
        if no_logins && !self.read.contains_key(&Table::OauthGithub) {
            return Err(DumpError::NoColumn { table: Table::Users, columns: &["username", "gh_login"] });
        }
        join::join(self.raw, as_of, has_deleted, self.dependencies, &mut self.read, &self.limits)
    }

    fn takes(&self, table: Table) -> bool {
        self.dependencies || table != Table::Dependencies
    }
}
