//! Puts the tables together: numbers of the database become places, and what there can be but once is there once.
//!
//! Everything is sorted before it is joined, so the order of rows does not show.

use std::collections::BTreeMap;

use fence_model::Time;

use super::tables::{AccountRow, DependencyRow, Raw, ReleaseRow};
use super::{Dump, DumpError, Skipped, Table};
use crate::error::excerpt;
use crate::limits::Limits;

pub(super) fn join(
    raw: Raw,
    as_of: Time,
    has_deleted: bool,
    has_dependencies: bool,
    read: &mut BTreeMap<Table, Skipped>,
    limits: &Limits,
) -> Result<Dump, DumpError> {
    let Raw { mut words, mut users, mut on_github, mut teams, mut crates, mut deleted, .. } = raw;
    let (mut owners, mut releases, mut dependencies) = (raw.owners, raw.releases, raw.dependencies);
    let mut dangling = Dangling { read, limits };

    // Who there is. Accounts on GitHub are told of everybody, users of those who own or published something.
    sorted_once(&mut users, |(id, _)| *id, Table::Users, |id| format!("the id {id}"))?;
    sorted_once(&mut teams, |(id, _)| *id, Table::Teams, |id| format!("the id {id}"))?;
    sorted_once(
        &mut on_github,
        |(_, account, _)| *account,
        Table::OauthGithub,
        |account| format!("the account {account}"),
    )?;
    on_github.sort_by_key(|(user, account, _)| (*user, *account));
    on_github.dedup_by_key(|(user, ..)| *user);
    for (user, _, login) in on_github {
        if !login.is_empty()
            && let Ok(at) = users.binary_search_by_key(&user, |(id, _)| *id)
        {
            let word = words.word(&login);
            let too_much =
                DumpError::TooMuchText { table: Table::OauthGithub, limit: limits.dump_text_bytes };
            users[at].1 = Some(word.map_err(|_| too_much)?);
        }
    }
    let texts = words.into_texts();
    let text = |word: super::words::Word| &*texts[word.0 as usize];

    // Which crates there are, and what they are called.
    sorted_once(&mut crates, |row| row.id, Table::Crates, |id| format!("the id {id}"))?;
    let canonical = |name: &str| name.to_ascii_lowercase().replace('-', "_");
    let names: Vec<String> = crates.iter().map(|row| canonical(text(row.name))).collect();
    let mut by_name: Vec<&str> = names.iter().map(String::as_str).collect();
    sorted_once(&mut by_name, |name| *name, Table::Crates, |name| format!("the name {name:?}"))?;
    drop(names);
    crates.sort_by(|a, b| text(a.name).cmp(text(b.name)));
    let crate_places = Places::of(crates.iter().map(|row| row.id));
    let crate_at = |id: u32| crate_places.find(id);

    // Who owns what.
    owners.retain_mut(|(of, account, _)| {
        let known = match *account {
            AccountRow::User(id) => users.binary_search_by_key(&id, |(id, _)| *id).is_ok(),
            AccountRow::Team(id) => teams.binary_search_by_key(&id, |(id, _)| *id).is_ok(),
        };
        match crate_at(*of).filter(|_| known) {
            Some(at) => {
                *of = at;
                true
            }
            None => {
                dangling.count(Table::CrateOwners, || format!("{account}, who owns the crate {of}"));
                false
            }
        }
    });
    dangling.allowed(Table::CrateOwners)?;
    sorted_once(
        &mut owners,
        |(of, account, _)| (*of, *account),
        Table::CrateOwners,
        |(of, account)| format!("{account} as owner of the crate {:?}", text(crates[of as usize].name)),
    )?;
    let owners_of = starts(crates.len(), owners.iter().map(|(of, ..)| *of));
    let owners = owners.into_iter().map(|(_, account, since)| (account, since)).collect();

    // What was published. Whose row is missing is a publisher all the same: the number is told.
    sorted_once(&mut releases, |row| row.id, Table::Versions, |id| format!("the id {id}"))?;
    releases.retain_mut(|row| match crate_at(row.of) {
        Some(at) => {
            row.of = at;
            true
        }
        None => {
            let (of, id) = (row.of, row.id);
            dangling.count(Table::Versions, || format!("the crate {of}, whose version has the id {id}"));
            false
        }
    });
    for row in &releases {
        if let Some(user) = row.publisher
            && users.binary_search_by_key(&user.get(), |(id, _)| *id).is_err()
        {
            dangling.count(Table::Versions, || format!("the user {user}, who published"));
        }
    }
    dangling.allowed(Table::Versions)?;
    releases.sort_unstable_by_key(|row| (row.of, row.published, row.id));
    let mut versions = Vec::new();
    for of_one in releases.chunk_by(|a, b| a.of == b.of) {
        versions.clear();
        versions.extend(of_one.iter().map(|row| row.version));
        sorted_once(
            &mut versions,
            |version| *version,
            Table::Versions,
            |version| {
                format!("{:?} of the crate {:?}", text(version), text(crates[of_one[0].of as usize].name))
            },
        )?;
    }
    let releases_of = starts(crates.len(), releases.iter().map(|row| row.of));

    let dependencies = if has_dependencies {
        needs(&mut dependencies, &mut releases, &crate_places, &mut dangling)?;
        // By release first, which is all that the many rows need; the few of each release by what they say.
        dependencies.sort_unstable_by_key(|row| row.of);
        for of_one in dependencies.chunk_by_mut(|a, b| a.of == b.of) {
            let key = |row: &DependencyRow| (row.on, row.kind(), row.optional());
            let written = |row: &DependencyRow| (text(row.requirement), row.target().map(text));
            of_one.sort_unstable_by(|a, b| key(a).cmp(&key(b)).then_with(|| written(a).cmp(&written(b))));
        }
        Some(dependencies)
    } else {
        None
    };

    deleted.sort_unstable_by(|a, b| (text(a.0), a.1, a.2).cmp(&(text(b.0), b.1, b.2)));
    let skipped = dangling.read.values().cloned().collect();
    let deleted = has_deleted.then_some(deleted);
    Ok(Dump {
        as_of,
        texts,
        crates,
        releases,
        releases_of,
        owners,
        owners_of,
        dependencies,
        users,
        teams,
        deleted,
        skipped,
    })
}

/// Gives dependencies the places of release and crate, and releases that of their first.
fn needs(
    dependencies: &mut Vec<DependencyRow>,
    releases: &mut [ReleaseRow],
    crate_places: &Places,
    dangling: &mut Dangling<'_>,
) -> Result<(), DumpError> {
    let release_places = Places::of(releases.iter().map(|row| row.id));
    let mut counts = vec![0u32; releases.len()];
    dependencies.retain_mut(|row| match (release_places.find(row.of), crate_places.find(row.on)) {
        (Some(of), Some(on)) => {
            (row.of, row.on) = (of, on);
            counts[of as usize] += 1;
            true
        }
        _ => {
            let (of, on) = (row.of, row.on);
            dangling.count(Table::Dependencies, || {
                format!("the version {of}, or the crate {on} that it depends on")
            });
            false
        }
    });
    dangling.allowed(Table::Dependencies)?;
    let mut start = 0;
    for (release, count) in releases.iter_mut().zip(counts) {
        release.needs = start;
        start += count;
    }
    Ok(())
}

/// Sorts rows by a key, of which there may be but one each.
fn sorted_once<T, K: Ord>(
    rows: &mut [T],
    key: impl Fn(&T) -> K,
    table: Table,
    what: impl Fn(K) -> String,
) -> Result<(), DumpError> {
    rows.sort_unstable_by_key(&key);
    match rows.windows(2).find(|pair| key(&pair[0]) == key(&pair[1])) {
        None => Ok(()),
        Some(pair) => Err(DumpError::Twice { table, what: excerpt(&what(key(&pair[0]))) }),
    }
}

/// Where the rows of each of `count` begin, and the end; they are sorted by it.
fn starts(count: usize, of: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut starts = vec![0u32; count + 1];
    of.for_each(|of| starts[of as usize + 1] += 1);
    for at in 1..starts.len() {
        starts[at] += starts[at - 1];
    }
    starts
}

/// The place of each number of the database.
struct Places(Vec<(u32, u32)>);

impl Places {
    fn of(ids: impl Iterator<Item = u32>) -> Self {
        let mut places: Vec<(u32, u32)> = ids.zip(0..).collect();
        places.sort_unstable();
        Self(places)
    }

    fn find(&self, id: u32) -> Option<u32> {
        self.0.binary_search_by_key(&id, |(id, _)| *id).ok().map(|at| self.0[at].1)
    }
}

/// Counts rows that speak of what is not there.
struct Dangling<'a> {
    read: &'a mut BTreeMap<Table, Skipped>,
    limits: &'a Limits,
}

impl Dangling<'_> {
    fn count(&mut self, table: Table, example: impl FnOnce() -> String) {
        if let Some(skipped) = self.read.get_mut(&table) {
            skipped.dangling += 1;
            skipped.example.get_or_insert_with(|| excerpt(&example()));
        }
    }

    fn allowed(&self, table: Table) -> Result<(), DumpError> {
        let Some(Skipped { rows, dangling, example, .. }) = self.read.get(&table) else { return Ok(()) };
        if *dangling <= self.limits.dump_allowed(*rows) {
            return Ok(());
        }
        let example = example.clone().unwrap_or_default();
        Err(DumpError::Dangling { table, count: *dangling, rows: *rows, example })
    }
}
