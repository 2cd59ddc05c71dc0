//! The edge: reads the folder of real data that `FENCE_DATA` names, and tells a history of it.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use fence_evidence::advisories::read_database;
use fence_model::{CrateName, Time};
use fence_registry::index::IndexFile;
use fence_sim::history::{Change, Dependency, History, Publisher, Release};
use semver::Version;

use crate::table::Table;

/// Why the data could not be read, in a sentence.
pub(crate) type Failure = String;

/// Reads all of it.
pub(crate) fn history(folder: &Path) -> Result<History, Failure> {
    let data = Data { folder: folder.to_path_buf() };
    let mut history = History::default();
    index(&data, &mut history)?;
    births(&mut history)?;
    advisories(&data, &mut history)?;
    publishers(&data, &mut history)?;
    windows(&data, &mut history)?;
    audits(&data, &mut history)?;
    changes(&data, &mut history)?;
    Ok(history)
}

struct Data {
    folder: PathBuf,
}

impl Data {
    fn bytes(&self, path: &str) -> Result<Vec<u8>, Failure> {
        fs::read(self.folder.join(path)).map_err(|error| format!("cannot read {path} of FENCE_DATA: {error}"))
    }

    fn table(&self, path: &str) -> Result<Table, Failure> {
        Table::read(path, &self.bytes(path)?)
    }

    fn unpacked(&self, path: &str) -> Result<Vec<u8>, Failure> {
        let packed = self.bytes(path)?;
        let mut plain = Vec::new();
        ruzstd::decoding::StreamingDecoder::new(packed.as_slice())
            .map_err(|error| format!("{path} is no zstd stream: {error}"))?
            .read_to_end(&mut plain)
            .map_err(|error| format!("{path} is broken: {error}"))?;
        Ok(plain)
    }

    /// The files of an archive, with their paths in it.
    fn archive(&self, path: &str) -> Result<Vec<(String, Vec<u8>)>, Failure> {
        let plain = self.unpacked(path)?;
        let broken = |error: std::io::Error| format!("{path} is no tar archive: {error}");
        let mut files = Vec::new();
        for entry in tar::Archive::new(plain.as_slice()).entries().map_err(broken)? {
            let mut entry = entry.map_err(broken)?;
            if entry.header().entry_type().is_file() {
                let name = entry.path().map_err(broken)?.display().to_string();
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).map_err(broken)?;
                files.push((name.trim_start_matches("./").to_owned(), bytes));
            }
        }
        Ok(files)
    }
}

fn index(data: &Data, history: &mut History) -> Result<(), Failure> {
    let limits = fence_registry::Limits::default();
    for (path, bytes) in data.archive("index/index.tar.zst")? {
        if path.ends_with("config.json") {
            continue;
        }
        let name = name_in(&bytes).ok_or_else(|| format!("{path} in the index names no crate"))?;
        let file = IndexFile::parse(&name, &bytes, &limits).map_err(|error| format!("{path}: {error}"))?;
        for _ in &file.problems {
            history.leave_out("lines of the index that make no sense");
        }
        for line in &file.releases {
            let Some(published) = line.published else {
                history.leave_out("releases without a publish time");
                continue;
            };
            let dependencies = line.dependencies.iter().map(|dependency| Dependency {
                package: dependency.package_name(),
                requirement: &dependency.requirement,
                kind: dependency.kind,
                optional: dependency.optional,
            });
            let dependencies = dependencies.collect();
            history.tell(
                &name,
                Release { version: line.version.clone(), digest: line.digest, published, dependencies },
            );
        }
    }
    Ok(())
}

/// The crate that a file of the index is about, as it is spelled: the file's own name is in small letters.
fn name_in(file: &[u8]) -> Option<CrateName> {
    #[derive(serde::Deserialize)]
    struct Line<'a> {
        name: &'a str,
    }
    let line = file.split(|byte| *byte == b'\n').next()?;
    serde_json::from_slice::<Line<'_>>(line).ok()?.name.parse().ok()
}

/// When crates outside the index were born that releases in it depend on, as the registry told in November 2026
/// (`cargo run --release -p fence-client --example births`).
fn births(history: &mut History) -> Result<(), Failure> {
    for line in include_str!("../data/births.tsv").lines() {
        let told =
            line.split_once('\t').and_then(|(name, born)| Some((name.parse().ok()?, born.parse().ok()?)));
        let (name, born) = told.ok_or_else(|| format!("births.tsv: {line:?} is no name with a time"))?;
        history.born(name, born);
    }
    Ok(())
}

/// The advisories on crates of the index, known since the commit that brought them.
fn advisories(data: &Data, history: &mut History) -> Result<(), Failure> {
    let times = data.table("advisory-db/advisories.csv")?;
    let (id, first) = (times.column("id")?, times.column("first_commit_time")?);
    let known: std::collections::BTreeMap<&str, Time> =
        times.rows().filter_map(|row| Some((row[id].as_str(), row[first].parse().ok()?))).collect();
    let files = data.archive("advisory-db/advisory-db.tar.zst")?;
    let files = files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()));
    let limits = fence_evidence::Limits::default();
    let read = read_database("advisory-db", files, &limits).map_err(|problem| format!("{problem:?}"))?;
    for _ in &read.problems {
        history.leave_out("advisories that make no sense");
    }
    for mut record in read.value {
        if !history.has(&record.package) {
            history.leave_out("advisories on crates outside the index");
            continue;
        }
        match known.get(&*record.id) {
            Some(time) => record.known = *time,
            None => history.leave_out("advisories of which only the day is known"),
        }
        history.advise(record);
    }
    Ok(())
}

fn by<'t>(user: &str, ci: &'t str) -> Option<Publisher<'t>> {
    match (user.parse(), ci) {
        (Ok(id), _) => Some(Publisher::User(id)),
        (Err(_), "") => None,
        (Err(_), ci) => Some(Publisher::Ci(ci)),
    }
}

fn publishers(data: &Data, history: &mut History) -> Result<(), Failure> {
    let table = data.table("audits/publishers.csv")?;
    let [name, version, user, ci] =
        ["crate", "version", "user_id", "trusted_publisher"].map(|key| table.column(key));
    let (name, version, user, ci) = (name?, version?, user?, ci?);
    for row in table.rows() {
        let at: Option<(CrateName, Version)> = row[name].parse().ok().zip(Version::parse(&row[version]).ok());
        match (at, by(&row[user], &row[ci])) {
            (Some((name, version)), Some(by)) => history.published_by(&name, &version, by),
            _ => history.leave_out("publishers that make no sense"),
        }
    }
    Ok(())
}

fn windows(data: &Data, history: &mut History) -> Result<(), Failure> {
    let table = data.table("audits/wildcard_trust.csv")?;
    let keys =
        ["crate", "user_id", "trusted_publisher", "start", "end", "criteria"].map(|key| table.column(key));
    let [name, user, ci, start, end, criteria] = keys;
    let (name, user, ci, start, end, criteria) = (name?, user?, ci?, start?, end?, criteria?);
    for row in table.rows().filter(|row| is_fit(&row[criteria])) {
        let window = (|| {
            let start: Time = format!("{}T00:00:00Z", row[start]).parse().ok()?;
            Some((row[name].parse().ok()?, by(&row[user], &row[ci])?, start, Time::end_of_day(&row[end])?))
        })();
        match window {
            Some((name, by, start, end)) if history.has(&name) => history.trusted(&name, by, start, end),
            Some(_) => history.leave_out("windows on crates outside the index"),
            None => history.leave_out("windows that make no sense"),
        }
    }
    Ok(())
}

/// Whether criteria, as a record lists them, are those that the default policy asks for.
fn is_fit(criteria: &str) -> bool {
    criteria.split([';', ' ', ',']).any(|one| one == "safe-to-deploy")
}

fn audits(data: &Data, history: &mut History) -> Result<(), Failure> {
    let table = data.table("audits/audits.csv")?;
    let keys = ["repo", "crate", "kind", "version", "delta_from", "delta_to", "criteria"]
        .map(|key| table.column(key));
    let [repo, name, kind, version, from, to, criteria] = keys;
    let (repo, name, kind, version, from, to, criteria) =
        (repo?, name?, kind?, version?, from?, to?, criteria?);
    for row in table.rows().filter(|row| is_fit(&row[criteria])) {
        let Some(of) = row[name].parse::<CrateName>().ok().filter(|name| history.has(name)) else {
            history.leave_out("audits of crates outside the index");
            continue;
        };
        // The newer set repeats what the older one has.
        let origin = if row[repo] == "google/supply-chain" { "google/rust-crate-audits" } else { &row[repo] };
        let version_of = |text: &str| Version::parse(text).ok();
        match row[kind].as_str() {
            "full" => match version_of(&row[version]) {
                Some(to) => history.audited(&of, origin, None, to),
                None => history.leave_out("audits of revisions"),
            },
            "delta" => match version_of(&row[from]).zip(version_of(&row[to])) {
                Some((from, to)) => history.audited(&of, origin, Some(from), to),
                None => history.leave_out("audits of revisions"),
            },
            _ => history.leave_out("violations, which are not dated"),
        }
    }
    Ok(())
}

fn changes(data: &Data, history: &mut History) -> Result<(), Failure> {
    let path = "lockfiles/history/events.csv.zst";
    let table = Table::read(path, &data.unpacked(path)?)?;
    let keys =
        ["project", "commit_time", "actor", "change", "crate", "old", "new"].map(|key| table.column(key));
    let [project, time, actor, change, name, old, new] = keys;
    let (project, time, actor, change, name, old, new) =
        (project?, time?, actor?, change?, name?, old?, new?);
    for row in table.rows().filter(|row| row[change] != "remove") {
        let told = (|| {
            Some(Change {
                project: row[project].clone(),
                at: row[time].parse().ok()?,
                actor: row[actor].clone(),
                name: row[name].parse().ok()?,
                old: Version::parse(&row[old]).ok(),
                new: Version::parse(&row[new]).ok()?,
            })
        })();
        match told {
            Some(change) => history.changes.push(change),
            None => history.leave_out("changes that make no sense"),
        }
    }
    Ok(())
}
