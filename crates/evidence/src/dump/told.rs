//! What a dump tells.

use fence_model::facts::{DependencyKind, Publisher};
use fence_model::people::{Account, Owner};
use fence_model::{Digest, Time};
use semver::Version;

use super::tables::{AccountRow, CrateRow, DependencyRow, ReleaseRow};
use super::words::Word;
use super::{Fault, Table};

/// Since when a release without a publisher is one of CI: 2025-06-07.
///
/// On that day crates.io learned to publish by a token of Trusted Publishing, which has no user (`published_by` became
/// optional in its pull request 11294; announced in the Rust blog on 2025-07-11). Before, it stored a user with each release
/// since February 2019 at the latest, when it began to store their verified addresses beside. So nothing that lacks one lies
/// between, and the earliest day that is possible is the right one.
pub const TRUSTED_PUBLISHING_SINCE: Time = Time::from_unix(1_749_254_400);

/// A database dump, put together. Immutable; nothing in it depends on the order of rows.
#[derive(Debug)]
pub struct Dump {
    pub(super) as_of: Time,
    pub(super) texts: Box<[Box<str>]>,
    /// By name.
    pub(super) crates: Vec<CrateRow>,
    /// By crate, publication and number; where those of each crate begin, and the end.
    pub(super) releases: Vec<ReleaseRow>,
    pub(super) releases_of: Vec<u32>,
    /// By crate and account, likewise.
    pub(super) owners: Vec<(AccountRow, Time)>,
    pub(super) owners_of: Vec<u32>,
    /// By release, crate and requirement; none where they were not asked for.
    pub(super) dependencies: Option<Vec<DependencyRow>>,
    /// By number.
    pub(super) users: Vec<(u32, Option<Word>)>,
    /// By number.
    pub(super) teams: Vec<(u32, Option<Word>)>,
    /// By name and time; none where the layout is older than the table.
    pub(super) deleted: Option<Vec<(Word, Time, Time)>>,
    pub(super) skipped: Vec<Skipped>,
}

/// That a crate was deleted. Its name may have been taken since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeletedCrate<'a> {
    /// Its name.
    pub name: &'a str,
    /// When it was deleted.
    pub deleted: Time,
    /// From when on anybody may take the name.
    pub free: Time,
}

/// What a release depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dependency<'a> {
    /// The crate.
    pub on: &'a str,
    /// What is asked of it.
    pub requirement: &'a str,
    /// For what.
    pub kind: DependencyKind,
    /// Whether a feature switches it on.
    pub optional: bool,
    /// For which platform, as written; none for all.
    pub target: Option<&'a str>,
}

/// What was left out of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The table.
    pub table: Table,
    /// How many rows it has.
    pub rows: usize,
    /// How many of them cannot be read.
    pub malformed: usize,
    /// How many speak of what is in no other table. A release whose publisher is not there is kept all the same.
    pub dangling: usize,
    /// One of these.
    pub example: Option<Box<str>>,
    /// The line of the first that cannot be read, from 1, and what is wrong with it.
    pub first: Option<(u64, Fault)>,
}

impl Dump {
    /// Of which moment all of it is: when the dump was begun.
    pub fn as_of(&self) -> Time {
        self.as_of
    }

    /// All crates, by name.
    pub fn crates(&self) -> impl ExactSizeIterator<Item = Crate<'_>> {
        (0..self.crates.len()).map(|at| Crate { dump: self, at })
    }

    /// The crate of exactly this name.
    pub fn crate_named(&self, name: &str) -> Option<Crate<'_>> {
        let found = self.crates.binary_search_by(|row| self.text(row.name).cmp(name));
        found.ok().map(|at| Crate { dump: self, at })
    }

    /// How many releases there are.
    pub fn releases(&self) -> usize {
        self.releases.len()
    }

    /// How many dependencies there are; none where they were not asked for, or are forgotten.
    pub fn dependencies(&self) -> Option<usize> {
        self.dependencies.as_ref().map(Vec::len)
    }

    /// Forgets what depends on what, which is most of what it holds: for who has asked it that.
    pub fn forget_dependencies(&mut self) {
        self.dependencies = None;
    }

    /// The accounts that it knows, by number, users first.
    pub fn accounts(&self) -> impl Iterator<Item = Account> {
        let users = self.users.iter().map(|(id, _)| AccountRow::User(*id).told());
        users.chain(self.teams.iter().map(|(id, _)| AccountRow::Team(*id).told()))
    }

    /// What an account is called at the moment of the dump: for showing alone. Of a team, `github:org:team`. None where the
    /// dump does not tell, and for what is no login: longer than 255 bytes, or with blanks or control characters.
    pub fn login(&self, account: Account) -> Option<&str> {
        let (rows, id) = match account {
            Account::User(id) => (&self.users, id),
            Account::Team(id) => (&self.teams, id),
        };
        let id = u32::try_from(id).ok()?;
        let at = rows.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        rows[at].1.map(|word| self.text(word))
    }

    /// The organisation on GitHub that an account belongs to: that of a team. Of which organisations a user is, nobody tells.
    pub fn organisation(&self, account: Account) -> Option<&str> {
        let Account::Team(_) = account else { return None };
        let (organisation, team) = self.login(account)?.strip_prefix("github:")?.split_once(':')?;
        (!organisation.is_empty() && !team.is_empty()).then_some(organisation)
    }

    /// The crates that were deleted, by name and time; none where the layout is older than this table.
    pub fn deleted(&self) -> Option<impl ExactSizeIterator<Item = DeletedCrate<'_>>> {
        let told = |(name, deleted, free): &(Word, Time, Time)| DeletedCrate {
            name: self.text(*name),
            deleted: *deleted,
            free: *free,
        };
        self.deleted.as_ref().map(|deleted| deleted.iter().map(told))
    }

    /// What was left out, for each table that was read.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    pub(super) fn text(&self, word: Word) -> &str {
        &self.texts[word.0 as usize]
    }
}

/// A crate of a dump.
#[derive(Debug, Clone, Copy)]
pub struct Crate<'d> {
    dump: &'d Dump,
    at: usize,
}

impl<'d> Crate<'d> {
    /// Its name.
    pub fn name(&self) -> &'d str {
        self.dump.text(self.dump.crates[self.at].name)
    }

    /// Whether only CI may publish it; none where the layout does not tell.
    pub fn trustpub_only(&self) -> Option<bool> {
        self.dump.crates[self.at].trustpub_only
    }

    /// Its owners at the moment of the dump, users by number, then teams. Who owned it before, no dump tells.
    pub fn owners(&self) -> impl ExactSizeIterator<Item = Owner<'d>> + use<'d> {
        let owners = &self.dump.owners[range(&self.dump.owners_of, self.at)];
        let dump = self.dump;
        owners.iter().map(move |(account, since)| {
            let account = account.told();
            Owner { account, since: *since, until: None, organisation: dump.organisation(account) }
        })
    }

    /// Its releases, the oldest first, yanked ones too.
    pub fn releases(&self) -> impl ExactSizeIterator<Item = Release<'d>> + use<'d> {
        let dump = self.dump;
        range(&dump.releases_of, self.at).map(move |at| Release { dump, at })
    }

    /// The release of this version with these bytes. One of other bytes is another release: a dump that is older or newer than
    /// what is asked about tells nothing of it.
    pub fn release(&self, version: &Version, digest: &Digest) -> Option<Release<'d>> {
        let written = version.to_string();
        self.releases().find(|release| release.digest() == *digest && release.version() == written)
    }
}

/// A release of a dump.
#[derive(Debug, Clone, Copy)]
pub struct Release<'d> {
    dump: &'d Dump,
    at: usize,
}

impl<'d> Release<'d> {
    fn row(&self) -> &'d ReleaseRow {
        &self.dump.releases[self.at]
    }

    /// Its version, as published: semver reads it.
    pub fn version(&self) -> &'d str {
        self.dump.text(self.row().version)
    }

    /// SHA-256 of its bytes.
    pub fn digest(&self) -> Digest {
        self.row().digest
    }

    /// When it was published.
    pub fn published(&self) -> Time {
        self.row().published
    }

    /// Whether it is yanked.
    pub fn yanked(&self) -> bool {
        self.row().yanked
    }

    /// Who published it: a user, or CI of a repository that the dump does not tell ([`Publisher::UNKNOWN_CI`]). None where
    /// crates.io did not write it down yet: it may be anybody.
    pub fn publisher(&self) -> Option<Publisher<'static>> {
        match self.row().publisher {
            Some(id) => Some(Publisher::User(id.get().into())),
            None => (self.row().published >= TRUSTED_PUBLISHING_SINCE).then_some(Publisher::UNKNOWN_CI),
        }
    }

    /// What it depends on, in order; nothing where dependencies were not asked for, or are forgotten.
    pub fn dependencies(&self) -> impl ExactSizeIterator<Item = Dependency<'d>> + use<'d> {
        let dump = self.dump;
        let all = dump.dependencies.as_deref().unwrap_or_default();
        let end = dump.releases.get(self.at + 1).map_or(all.len(), |next| next.needs as usize);
        let own = all.get(self.row().needs as usize..end).unwrap_or_default();
        own.iter().map(move |row| Dependency {
            on: dump.text(dump.crates[row.on as usize].name),
            requirement: dump.text(row.requirement),
            kind: row.kind(),
            optional: row.optional(),
            target: row.target().map(|target| dump.text(target)),
        })
    }
}

fn range(starts: &[u32], at: usize) -> std::ops::Range<usize> {
    starts[at] as usize..starts[at + 1] as usize
}
