//! Each table, read: rows as they stand, with numbers of the database that nothing was looked up by yet.

use std::fmt;
use std::io::Read;
use std::num::NonZeroU32;

use fence_model::facts::DependencyKind;
use fence_model::names::is_crate_name;
use fence_model::people::Account;
use fence_model::{Digest, Time};
use semver::{Version, VersionReq};
use serde::Deserialize;

use super::cells::{may_be, needed};
use super::rows::{Stop, each};
use super::words::{Verdicts, Word, Words};
use super::{DumpError, Skipped, Table};
use crate::error::message;
use crate::limits::Limits;

/// All that was read.
#[derive(Debug, Default)]
pub(super) struct Raw {
    pub(super) words: Words,
    versions: Verdicts,
    requirements: Verdicts,
    /// Whether `users` has a column of logins; without rows nobody knows.
    pub(super) users_have_logins: bool,
    pub(super) users: Vec<(u32, Option<Word>)>,
    /// Who has which account with which login.
    pub(super) on_github: Vec<(u32, u64, Box<str>)>,
    pub(super) teams: Vec<(u32, Option<Word>)>,
    pub(super) crates: Vec<CrateRow>,
    /// Crate, account, and since when.
    pub(super) owners: Vec<(u32, AccountRow, Time)>,
    /// Name, when it was deleted, and when it is free again.
    pub(super) deleted: Vec<(Word, Time, Time)>,
    pub(super) releases: Vec<ReleaseRow>,
    pub(super) dependencies: Vec<DependencyRow>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct CrateRow {
    pub(super) id: u32,
    pub(super) name: Word,
    pub(super) trustpub_only: Option<bool>,
}

/// An account in 8 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum AccountRow {
    User(u32),
    Team(u32),
}

impl AccountRow {
    pub(super) fn told(self) -> Account {
        match self {
            Self::User(id) => Account::User(id.into()),
            Self::Team(id) => Account::Team(id.into()),
        }
    }
}

impl fmt::Display for AccountRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "the user {id}"),
            Self::Team(id) => write!(f, "the team {id}"),
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct ReleaseRow {
    pub(super) digest: Digest,
    pub(super) published: Time,
    pub(super) id: u32,
    /// The crate: by its number in the database first, by its place once joined.
    pub(super) of: u32,
    pub(super) version: Word,
    pub(super) publisher: Option<NonZeroU32>,
    /// Where its dependencies begin, once joined.
    pub(super) needs: u32,
    pub(super) yanked: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct DependencyRow {
    /// The release: by its number in the database first, by its place once joined.
    pub(super) of: u32,
    /// The crate, likewise.
    pub(super) on: u32,
    pub(super) requirement: Word,
    how: How,
}

/// Kind, whether it is optional, and the platform, in 4 bytes: texts are bounded, so there are fewer than 2^29.
#[derive(Debug, Clone, Copy)]
struct How(u32);

// What `dump` and `Limits` say of memory.
const _: () = assert!(size_of::<ReleaseRow>() == 64 && size_of::<DependencyRow>() == 16);

impl DependencyRow {
    fn how(kind: DependencyKind, optional: bool, target: Option<Word>) -> How {
        let kind = match kind {
            DependencyKind::Normal => 0,
            DependencyKind::Build => 1,
            DependencyKind::Dev => 2,
        };
        How(kind | u32::from(optional) << 2 | target.map_or(0, |word| word.0 + 1) << 3)
    }

    pub(super) fn kind(&self) -> DependencyKind {
        match self.how.0 & 3 {
            0 => DependencyKind::Normal,
            1 => DependencyKind::Build,
            _ => DependencyKind::Dev,
        }
    }

    pub(super) fn optional(&self) -> bool {
        self.how.0 >> 2 & 1 == 1
    }

    pub(super) fn target(&self) -> Option<Word> {
        (self.how.0 >> 3).checked_sub(1).map(Word)
    }
}

impl Raw {
    pub(super) fn read(
        &mut self,
        table: Table,
        bytes: &mut dyn Read,
        limits: &Limits,
    ) -> Result<Skipped, DumpError> {
        self.words.keep_below(limits.dump_text_bytes);
        match table {
            Table::Users => self.users(bytes, limits),
            Table::OauthGithub => self.oauth_github(bytes, limits),
            Table::Teams => self.teams(bytes, limits),
            Table::Crates => self.crates(bytes, limits),
            Table::CrateOwners => self.crate_owners(bytes, limits),
            Table::DeletedCrates => self.deleted_crates(bytes, limits),
            Table::Versions => self.versions(bytes, limits),
            Table::Dependencies => self.dependencies(bytes, limits),
        }
    }

    fn users(&mut self, bytes: &mut dyn Read, limits: &Limits) -> Result<Skipped, DumpError> {
        let Self { words, users, users_have_logins, .. } = self;
        let columns = [needed(&["id"]), may_be(&["username"]), may_be(&["gh_login"])];
        each(Table::Users, bytes, (limits, limits.dump_accounts), columns, |[id, username, gh_login]| {
            *users_have_logins |= username.bytes.is_some() || gh_login.bytes.is_some();
            let login = username.login().or_else(|| gh_login.login());
            users.push((id.id()?, login.map(|login| words.word(login)).transpose()?));
            Ok(())
        })
    }

    fn oauth_github(&mut self, bytes: &mut dyn Read, limits: &Limits) -> Result<Skipped, DumpError> {
        let (on_github, mut room) = (&mut self.on_github, limits.dump_text_bytes);
        let columns = [needed(&["user_id"]), needed(&["account_id"]), needed(&["login"])];
        each(Table::OauthGithub, bytes, (limits, limits.dump_accounts), columns, |[user, account, login]| {
            let login = login.login().unwrap_or_default();
            room = room.checked_sub(login.len()).ok_or(Stop::Text)?;
            on_github.push((user.id()?, account.account()?, login.into()));
            Ok(())
        })
    }

    fn teams(&mut self, bytes: &mut dyn Read, limits: &Limits) -> Result<Skipped, DumpError> {
        let Self { words, teams, .. } = self;
        let columns = [needed(&["id"]), needed(&["login"])];
        each(Table::Teams, bytes, (limits, limits.dump_accounts), columns, |[id, login]| {
            teams.push((id.id()?, login.login().map(|login| words.word(login)).transpose()?));
            Ok(())
        })
    }

    fn crates(&mut self, bytes: &mut dyn Read, limits: &Limits) -> Result<Skipped, DumpError> {
        let Self { words, crates, .. } = self;
        let columns = [needed(&["id"]), needed(&["name"]), may_be(&["trustpub_only"])];
        each(Table::Crates, bytes, (limits, limits.dump_crates), columns, |[id, name, trustpub_only]| {
            let text = name.text(A_NAME)?;
            if !is_crate_name(text) {
                return Err(name.fault(A_NAME).into());
            }
            let (id, trustpub_only) = (id.id()?, trustpub_only.some_flag()?);
            crates.push(CrateRow { id, name: words.word(text)?, trustpub_only });
            Ok(())
        })
    }

    fn crate_owners(&mut self, bytes: &mut dyn Read, limits: &Limits) -> Result<Skipped, DumpError> {
        let owners = &mut self.owners;
        let columns =
            [needed(&["crate_id"]), needed(&["owner_id"]), needed(&["owner_kind"]), needed(&["created_at"])];
        each(Table::CrateOwners, bytes, (limits, limits.dump_accounts), columns, |[of, id, kind, since]| {
            let account = match kind.text("0 or 1")? {
                "0" => AccountRow::User(id.id()?),
                "1" => AccountRow::Team(id.id()?),
                _ => return Err(kind.fault("0 for a user, or 1 for a team").into()),
            };
            owners.push((of.id()?, account, since.time()?));
            Ok(())
        })
    }

    fn deleted_crates(&mut self, bytes: &mut dyn Read, limits: &Limits) -> Result<Skipped, DumpError> {
        let Self { words, deleted, .. } = self;
        let columns = [needed(&["name"]), needed(&["deleted_at"]), needed(&["available_at"])];
        each(Table::DeletedCrates, bytes, (limits, limits.dump_crates), columns, |[name, at, free]| {
            let text = name.text(A_NAME)?;
            if !is_crate_name(text) {
                return Err(name.fault(A_NAME).into());
            }
            let (at, free) = (at.time()?, free.time()?);
            deleted.push((words.word(text)?, at, free));
            Ok(())
        })
    }

    fn versions(&mut self, bytes: &mut dyn Read, limits: &Limits) -> Result<Skipped, DumpError> {
        let Self { words, versions, releases, .. } = self;
        let columns = [
            needed(&["id"]),
            needed(&["crate_id"]),
            needed(&["num"]),
            needed(&["tar_sha256", "checksum"]),
            needed(&["created_at"]),
            needed(&["published_by"]),
            needed(&["yanked"]),
        ];
        let most = limits.dump_releases;
        each(Table::Versions, bytes, (limits, most), columns, |[id, of, num, digest, at, by, yanked]| {
            let text = num.text(A_VERSION)?;
            let version = words.word(text)?;
            if !versions.of(version, || Version::parse(text).is_ok()) {
                return Err(num.fault(A_VERSION).into());
            }
            releases.push(ReleaseRow {
                digest: digest.digest()?,
                published: at.time()?,
                id: id.id()?,
                of: of.id()?,
                version,
                publisher: by.some_id()?,
                needs: 0,
                yanked: yanked.flag()?,
            });
            Ok(())
        })
    }

    fn dependencies(&mut self, bytes: &mut dyn Read, limits: &Limits) -> Result<Skipped, DumpError> {
        let Self { words, requirements, dependencies, .. } = self;
        let columns = [
            needed(&["version_id"]),
            needed(&["crate_id"]),
            needed(&["req"]),
            needed(&["kind"]),
            needed(&["optional"]),
            needed(&["target"]),
        ];
        let most = limits.dump_dependencies;
        each(Table::Dependencies, bytes, (limits, most), columns, |[of, on, req, kind, optional, target]| {
            let text = req.text(A_REQUIREMENT)?;
            let requirement = words.word(text)?;
            if !requirements.of(requirement, || VersionReq::parse(text).is_ok()) {
                return Err(req.fault(A_REQUIREMENT).into());
            }
            let kind = match kind.text("0, 1 or 2")? {
                "0" => DependencyKind::Normal,
                "1" => DependencyKind::Build,
                "2" => DependencyKind::Dev,
                _ => return Err(kind.fault("0 for normal, 1 for build, or 2 for dev").into()),
            };
            let target = target.some_text()?.map(|target| words.word(target)).transpose()?;
            let how = DependencyRow::how(kind, optional.flag()?, target);
            dependencies.push(DependencyRow { of: of.id()?, on: on.id()?, requirement, how });
            Ok(())
        })
    }
}

const A_NAME: &str = "the name of a crate";
const A_VERSION: &str = "a version";
const A_REQUIREMENT: &str = "a version requirement";

/// The moment of a dump, from its `metadata.json`.
pub(super) fn metadata(bytes: &[u8]) -> Result<Time, DumpError> {
    #[derive(Deserialize)]
    struct Metadata {
        timestamp: Time,
    }
    let read = serde_json::from_slice(bytes).map(|Metadata { timestamp }| timestamp);
    read.map_err(|error| DumpError::Metadata { cause: message(&error) })
}
