//! Feeds: read, compiled once for all projects of this machine, and joined by crate.
//!
//! A compiled feed is a snapshot of its own, named by feed and source. It remembers since when each record is
//! known: a record keeps that time through later compilations, a new one gets the time of the read that brought
//! it, and at first contact all get the time as of which the feed speaks.

use std::collections::BTreeMap;
use std::path::Path;

use fence_evidence::advisories::{self, AdvisoryRecord, Collection};
use fence_evidence::cargo_vet::{self, SetFacts, Standing, VetImports, VetSet};
use fence_evidence::crev::{self, CrateReviews, WebOfTrust};
use fence_evidence::dump::Skipped;
use fence_evidence::statement::{self, Bound, Enrolled, Evidence};
use fence_evidence::{Limits, Parsed, Problem as Misread};
use fence_model::facts::{Advisory, Audit, FeedState, Identity};
use fence_model::policy::{FeedRole, FeedSource, Policy};
use fence_model::{Digest, Principal, Time};
use fence_trust::PublicKey;

use super::packages::Packages;
use super::{FeedRead, FeedTally, GatherError, Problem, Refresh, Request, Tally, feeds_of, open};
use crate::cache::{ContentDigest, Keep, Place};
use crate::feed::dump::{DumpOutcome, read_dump};
use crate::feed::{FeedError, FeedFiles, FeedOutcome, read_feed};
use crate::http::{Network, shown};
use crate::side_by_side;
use crate::snapshot::{
    self, AuditRecord, Contents, CrateRecord, EnrolledRecord, ProblemRecord, PublisherRecord, SeenRecord,
    Snapshot, SnapshotError, SourceKind, SourceRecord, WindowRecord,
};
use crate::statements::{self, Folder, Since};

/// A feed that is to be read.
pub(super) struct Configured {
    pub(super) name: String,
    pub(super) kind: SourceKind,
    source: FeedSource,
    /// Where the policy says that it comes from, also where a local copy is read instead.
    origin: Option<String>,
    standing: Standing,
    /// Of a dump: whether somebody is enrolled, so that it matters who depends on what.
    with_graph: bool,
    /// The keys of the policy's security role.
    security: Vec<PublicKey>,
    /// All that the compilation depends on, but for the content.
    pub(super) settings: String,
    place: Place,
}

/// A feed as it is now.
#[derive(Debug)]
pub(super) struct FeedNow {
    pub(super) name: String,
    pub(super) kind: SourceKind,
    pub(super) settings: String,
    /// `None` if it was never read.
    pub(super) compiled: Option<Snapshot>,
    /// What the last try came to, if it did not end well.
    pub(super) failed: Option<FeedState>,
}

/// Whether a feed is read from another machine, as the policy says and no override changes.
pub(super) fn is_asked_elsewhere(request: &Request<'_>, name: &str) -> bool {
    let overridden = request.feeds.iter().any(|(feed, _)| feed == name);
    !overridden && feeds_of(request.policy).get(name).is_some_and(|source| address(source).is_some())
}

/// Whether a feed is a folder that the policy names, wherever a copy of it is read: that of another revision, or one that
/// somebody names.
pub(super) fn is_folder(request: &Request<'_>, name: &str) -> bool {
    feeds_of(request.policy).get(name).is_some_and(|source| source.path.is_some())
}

/// The feeds that the policy and the command line ask for, by name.
pub(super) fn configured(request: &Request<'_>) -> Vec<Configured> {
    let mut sources = feeds_of(request.policy);
    let origins: BTreeMap<String, Option<String>> =
        sources.iter().map(|(name, source)| (name.clone(), address(source).map(str::to_owned))).collect();
    // A copy of statements, such as that of another revision, is the same feed: since when they are known, one remembers for all.
    let meant: BTreeMap<String, FeedSource> = sources
        .iter()
        .filter(|(_, source)| source.role == FeedRole::Statements)
        .map(|(name, source)| (name.clone(), source.clone()))
        .collect();
    for (name, path) in request.feeds {
        let known = sources.remove(name);
        sources.insert(name.clone(), from_here(name, path, known));
    }
    // Who depends on whom matters where somebody is enrolled.
    let with_graph = sources.values().any(|source| source.enabled && source.enrols);
    sources
        .into_iter()
        .filter(|(_, source)| source.enabled)
        .map(|(name, source)| {
            let origin = origins.get(&name).cloned().flatten();
            let local = address(&source).is_none().then(|| request.root.display().to_string());
            let spot_of = |source: &FeedSource| {
                let places = [&source.git, &source.archive, &source.file, &source.path];
                format!("{name}\n{local:?}\n{places:?}")
            };
            let spot = spot_of(&source);
            let place = meant.get(&name).map_or_else(|| spot.clone(), spot_of);
            let settings = format!(
                "{spot}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{}\n{}\n{:?}\n{}",
                source.role,
                source.criteria_map,
                source.trust,
                source.reach,
                source.reviewers,
                source.enrols,
                with_graph && source.role == FeedRole::Dump,
                request.policy.security.keys,
                env!("CARGO_PKG_VERSION")
            );
            Configured {
                kind: match source.role {
                    FeedRole::Advisories => SourceKind::Advisories,
                    FeedRole::Audits | FeedRole::Crev => SourceKind::Audits,
                    FeedRole::Statements => SourceKind::Statements,
                    FeedRole::Dump => SourceKind::Dump,
                },
                with_graph,
                security: security_keys(request.policy),
                standing: if origin.is_some() { Standing::Foreign } else { Standing::Own },
                origin,
                settings: ContentDigest::of(settings.as_bytes()).short(),
                place: Place::of(&[
                    "compiled",
                    &format!("{name}-{}", ContentDigest::of(place.as_bytes()).short()),
                ]),
                name,
                source,
            }
        })
        .collect()
}

/// Whether `old` was made from exactly these feeds, and all of them are young enough.
pub(super) fn are_fresh(
    request: &Request<'_>,
    old: &Snapshot,
    configured: &[Configured],
) -> Result<bool, GatherError> {
    let sources = old.sources()?;
    let feeds: Vec<_> = sources.iter().filter(|source| source.kind != SourceKind::Registry).collect();
    let same = feeds.len() == configured.len()
        && feeds
            .iter()
            .zip(configured)
            .all(|(old, new)| old.name == new.name && old.settings == new.settings);
    let is_fresh = |old: &SourceRecord<'_>, new: &Configured| match new.is_watched() {
        true => new.is_unchanged(request, old.identity),
        false => new.is_fresh(request, old.read),
    };
    Ok(same && feeds.iter().zip(configured).all(|(old, new)| is_fresh(old, new)))
}

/// How many feeds are read at a time. Most of the time of one is waiting for another machine; but each is held
/// whole, and an archive may have as much as [`crate::Limits`] lets it.
const AT_ONCE: usize = 8;

/// Reads and compiles what has to be, and opens the rest, side by side: one that is slow or dead does not hold up
/// the others. What is told of them is in their order.
pub(super) fn read(
    request: &Request<'_>,
    configured: &[Configured],
    problems: &mut Vec<Problem>,
    tally: &mut Tally,
) -> Result<Vec<FeedNow>, GatherError> {
    request.progress.begin("feeds", configured.len());
    let read = side_by_side::map(configured.iter().collect(), AT_ONCE, |feed: &Configured| {
        let mut problems = Vec::new();
        let read = feed.read(request, &mut problems);
        request.progress.advance();
        (read, problems)
    });
    request.progress.end();
    let mut feeds = Vec::with_capacity(configured.len());
    for (read, told) in read {
        problems.extend(told);
        let (now, counted) = read?;
        tally.feeds.push(counted);
        feeds.push(now);
    }
    Ok(feeds)
}

/// The statements of a feed, each with what comes of it.
#[derive(Debug)]
pub struct FeedStatements {
    /// The feed's name.
    pub name: String,
    /// What the policy says of it.
    pub source: FeedSource,
    /// What was read of it, or why nothing was.
    pub read: Result<StatementsRead, String>,
}

/// What was read of a feed of statements.
#[derive(Debug)]
pub struct StatementsRead {
    /// What counts, and what does not.
    pub outcome: statements::Outcome,
    /// What else is wrong with its files.
    pub warnings: Vec<statements::Refused>,
    /// Which accounts its signers have.
    pub enrolled: Enrolled,
}

/// The feeds of statements of a policy, read as a check reads them, with all that is in them.
pub(super) fn statements(
    request: &Request<'_>,
    problems: &mut Vec<Problem>,
) -> Result<Vec<FeedStatements>, GatherError> {
    let configured = configured(request).into_iter().filter(|feed| feed.kind == SourceKind::Statements);
    let mut told = Vec::new();
    for feed in configured {
        // It remembers since when each statement is known.
        let (now, _) = feed.read(request, problems)?;
        let seen = now.compiled.as_ref().map(Snapshot::seen).transpose()?.unwrap_or_default();
        let read = match feed.ask(request, &Network::Offline, None) {
            FeedOutcome::Read(files) => {
                feed.statements(&files, &seen, Since { known: files.as_of, here: files.fetched })
            }
            // Nothing was named that it could be equal to.
            FeedOutcome::Unchanged { .. } => Err("it was not read".to_owned()),
            FeedOutcome::Failed(error) => Err(error.to_string()),
        };
        told.push(FeedStatements { name: feed.name, source: feed.source, read });
    }
    Ok(told)
}

/// What one feed came to.
fn counted(feed: &FeedNow, read: FeedRead) -> Result<FeedTally, GatherError> {
    let name = feed.name.clone();
    let mut tally = FeedTally { name, read, advisories: 0, audits: 0, windows: 0, statements: 0, owned: 0 };
    for view in feed.compiled.iter().flat_map(Snapshot::crates) {
        let view = view?;
        let [advisories, audits, windows, statements] = view.evidence_counts();
        tally.owned += usize::from(view.owners_told());
        tally.advisories += advisories;
        tally.audits += audits;
        tally.windows += windows;
        tally.statements += statements;
    }
    Ok(tally)
}

/// A review that does not count: the feed, by its place, the release and why.
pub(super) type Contradicted = (usize, String, String);

/// What all feeds say of the crate that `record` is about, added to it; and what of it `packages` contradict.
pub(super) fn join<'a>(
    feeds: &'a [FeedNow],
    packages: &Packages,
    record: &mut CrateRecord<'a>,
) -> Result<Vec<Contradicted>, GatherError> {
    let mut contradicted = Vec::new();
    for (place, feed) in feeds.iter().enumerate() {
        let Some(snapshot) = &feed.compiled else { continue };
        if let Some(view) = snapshot.crate_named(0, record.name)? {
            let releases = &record.releases;
            let digest_of = |version: &semver::Version| {
                releases.iter().find(|release| release.version == *version).map(|r| r.digest)
            };
            record.advisories.extend(view.advisories()?);
            for of in view.audits()? {
                match packages.contradict(record.name, digest_of, &of) {
                    Some((release, because)) => contradicted.push((place, release, because)),
                    None => record.audits.push(of.audit.into()),
                }
            }
            record.windows.extend(view.windows()?);
            record.publishers.extend(view.publishers()?);
            record.statements.extend(view.statements()?);
            if let Some(owners) = view.owners()? {
                record.owners.get_or_insert_default().extend(owners);
            }
            record.publishers_told |= view.publishers_told();
            record.classes.extend(view.classes()?);
        }
    }
    Ok(contradicted)
}

/// Who is bound to accounts, by all feeds that the policy believes about it.
pub(super) fn enrolled(feeds: &[FeedNow]) -> Result<Vec<EnrolledRecord<'_>>, GatherError> {
    let mut enrolled = Vec::new();
    for snapshot in feeds.iter().filter_map(|feed| feed.compiled.as_ref()) {
        enrolled.extend(snapshot.enrolled()?);
    }
    Ok(enrolled)
}

/// The address of another machine that the source names.
fn address(source: &FeedSource) -> Option<&str> {
    let places = [&source.git, &source.archive, &source.file];
    places
        .into_iter()
        .flatten()
        .map(String::as_str)
        .find(|place| place.contains("://") && !place.starts_with("file://"))
}

/// A feed that is read from this machine instead: the policy's in everything but where it is. What lies there is
/// told by the name alone, so that a feed is the same feed while it is away.
pub fn from_here(name: &str, path: &Path, known: Option<FeedSource>) -> FeedSource {
    let text = path.to_string_lossy().into_owned();
    let is_archive =
        [".tar", ".tar.gz", ".tgz", ".tar.zst", ".zip"].iter().any(|ending| text.ends_with(ending));
    let is_file = text.ends_with(".toml");
    let known = known.unwrap_or_else(|| {
        let is_advisories = matches!(name, "rustsec" | "osv");
        FeedSource::of(if is_advisories { FeedRole::Advisories } else { FeedRole::Audits })
    });
    FeedSource {
        git: None,
        archive: is_archive.then(|| text.clone()),
        file: is_file.then(|| text.clone()),
        path: (!is_archive && !is_file).then_some(text),
        enabled: true,
        ..known
    }
}

impl Configured {
    /// Whether it is looked at each time: what somebody signs here counts at once.
    fn is_watched(&self) -> bool {
        self.kind == SourceKind::Statements && self.source.path.is_some()
    }

    fn is_unchanged(&self, request: &Request<'_>, identity: &str) -> bool {
        matches!(self.ask(request, request.network, Some(identity)), FeedOutcome::Unchanged { .. })
    }

    /// Whether there is no need, or no way, to read it again.
    fn is_fresh(&self, request: &Request<'_>, read: Option<Time>) -> bool {
        let Some(read) = read.filter(|_| !self.is_watched()) else { return false };
        match request.refresh {
            Refresh::Missing => true,
            _ if self.is_out_of_reach(request) => true,
            Refresh::Old => request.clock - read <= request.policy.freshness.feeds,
            Refresh::All => false,
        }
    }

    /// Whether it comes from another machine, and none may be asked.
    fn is_out_of_reach(&self, request: &Request<'_>) -> bool {
        address(&self.source).is_some() && matches!(request.network, Network::Offline)
    }

    /// The feed as it is now, and what became of it.
    fn read(
        &self,
        request: &Request<'_>,
        problems: &mut Vec<Problem>,
    ) -> Result<(FeedNow, FeedTally), GatherError> {
        let before = open(request.cache, &self.place, problems)?;
        let (now, read) = self.renew(before, request, problems)?;
        let counted = counted(&now, read)?;
        Ok((now, counted))
    }

    /// What was compiled before if that will do; otherwise what is read now, or at least what there is.
    fn renew(
        &self,
        before: Option<Snapshot>,
        request: &Request<'_>,
        problems: &mut Vec<Problem>,
    ) -> Result<(FeedNow, FeedRead), GatherError> {
        // What was compiled under other settings only tells since when its records are known.
        let usable =
            before.as_ref().map(source_of).transpose()?.filter(|source| source.settings == self.settings);
        if usable.is_some_and(|source| self.is_fresh(request, source.read)) {
            return Ok((self.now(before, None), FeedRead::NotAsked));
        }
        let known_identity = usable.map(|source| source.identity.to_owned());
        if self.kind == SourceKind::Dump {
            return self.renew_dump(before, known_identity.as_deref(), request, problems);
        }
        match self.ask(request, request.network, known_identity.as_deref()) {
            FeedOutcome::Unchanged { identity, as_of } => {
                let compiled = match before {
                    Some(before) => Some(self.confirm(request, &before, &identity, as_of)?),
                    None => None,
                };
                Ok((self.now(compiled, None), FeedRead::Unchanged))
            }
            FeedOutcome::Read(files) => match self.compile(&files, before.as_ref())? {
                Ok(bytes) => Ok((self.now(Some(self.keep(request, bytes)?), None), FeedRead::Changed)),
                Err(because) => {
                    let compiled = match self.kind {
                        // Other settings may have trusted just whom these do not trust any more.
                        SourceKind::Audits | SourceKind::Statements if known_identity.is_none() => None,
                        SourceKind::Audits
                        | SourceKind::Statements
                        | SourceKind::Dump
                        | SourceKind::Advisories
                        | SourceKind::Registry => before,
                    };
                    let used = compiled.as_ref().map(source_of).transpose()?.and_then(|source| source.as_of);
                    problems.push(Problem::FeedInvalid { name: self.name.clone(), because, used });
                    Ok((self.now(compiled, Some(FeedState::Invalid)), FeedRead::Failed))
                }
            },
            FeedOutcome::Failed(error) => {
                let compiled = match known_identity {
                    Some(_) => before,
                    None => self.copy(request, before)?,
                };
                let used = compiled.as_ref().map(source_of).transpose()?.and_then(|source| source.as_of);
                let state = state_of(&error);
                problems.push(Problem::Feed { name: self.name.clone(), error, used });
                Ok((self.now(compiled, Some(state)), FeedRead::Failed))
            }
        }
    }

    /// The same of a database dump.
    fn renew_dump(
        &self,
        before: Option<Snapshot>,
        known: Option<&str>,
        request: &Request<'_>,
        problems: &mut Vec<Problem>,
    ) -> Result<(FeedNow, FeedRead), GatherError> {
        match read_dump(&self.name, &self.source, request.root, self.with_graph, known) {
            DumpOutcome::Unchanged => {
                let compiled = match before {
                    Some(before) => Some(self.keep(request, snapshot::read_again(&before, request.clock)?)?),
                    None => None,
                };
                Ok((self.now(compiled, None), FeedRead::Unchanged))
            }
            DumpOutcome::Read { identity, mut dump } => {
                let as_of = dump.as_of().min(request.clock);
                let files = FeedFiles { identity, as_of, fetched: request.clock, files: Vec::new() };
                let problems = dump.skipped().iter().filter_map(skipped).collect();
                let with = Compiled { problems, ..Compiled::default() };
                let graph = self.with_graph.then(|| super::dump::People::of(&dump, as_of));
                dump.forget_dependencies();
                let bytes = self.snapshot(&files, super::dump::crates(&dump, graph), with)?;
                drop(dump);
                Ok((self.now(Some(self.keep(request, bytes)?), None), FeedRead::Changed))
            }
            DumpOutcome::Failed(error) => {
                // Nothing that a policy says makes a dump tell something else.
                let compiled = before;
                let used = compiled.as_ref().map(source_of).transpose()?.and_then(|source| source.as_of);
                let state = state_of(&error);
                problems.push(Problem::Feed { name: self.name.clone(), error, used });
                Ok((self.now(compiled, Some(state)), FeedRead::Failed))
            }
        }
    }

    fn ask(&self, request: &Request<'_>, network: &Network, known_identity: Option<&str>) -> FeedOutcome {
        let Request { root, cache, clock, .. } = *request;
        read_feed(&self.name, &self.source, root, known_identity, network, cache, clock)
    }

    /// The feed from a copy that lies on this machine, for want of better: from before its settings changed, or
    /// before what was compiled of it was damaged.
    fn copy(&self, request: &Request<'_>, before: Option<Snapshot>) -> Result<Option<Snapshot>, GatherError> {
        let FeedOutcome::Read(files) = self.ask(request, &Network::Offline, None) else { return Ok(None) };
        match self.compile(&files, before.as_ref())? {
            Ok(bytes) => Ok(Some(self.keep(request, bytes)?)),
            // The error that led here is the one to tell.
            Err(_unusable) => Ok(None),
        }
    }

    /// What was compiled before, with the word of its source that nothing has changed.
    fn confirm(
        &self,
        request: &Request<'_>,
        before: &Snapshot,
        identity: &str,
        as_of: Time,
    ) -> Result<Snapshot, GatherError> {
        let mut contents = before.contents()?;
        for source in &mut contents.sources {
            *source = SourceRecord { identity, as_of: Some(as_of), read: Some(request.clock), ..*source };
        }
        self.keep(request, snapshot::write(&contents)?)
    }

    fn keep(&self, request: &Request<'_>, bytes: Vec<u8>) -> Result<Snapshot, GatherError> {
        request.cache.write(&self.place, &bytes, Keep::ForNow)?;
        Ok(Snapshot::open(bytes)?)
    }

    fn now(&self, compiled: Option<Snapshot>, failed: Option<FeedState>) -> FeedNow {
        let (name, settings) = (self.name.clone(), self.settings.clone());
        FeedNow { name, kind: self.kind, settings, compiled, failed }
    }

    /// Where it comes from, fit to be shown.
    fn shown(&self) -> String {
        let FeedSource { git, archive, file, path, .. } = &self.source;
        let place = [git, archive, file, path].into_iter().flatten().next();
        place.map_or_else(String::new, |place| shown(place))
    }

    /// The compiled feed, or why the files are no such feed.
    fn compile(
        &self,
        files: &FeedFiles,
        before: Option<&Snapshot>,
    ) -> Result<Result<Vec<u8>, String>, GatherError> {
        match self.source.role {
            FeedRole::Advisories => self.compile_advisories(files, before),
            FeedRole::Audits => self.compile_audits(files, before),
            FeedRole::Crev => self.compile_proofs(files, before),
            FeedRole::Statements => self.compile_statements(files, before),
            FeedRole::Dump => Ok(Err("a dump is not read so".to_owned())),
        }
    }

    fn compile_advisories(
        &self,
        files: &FeedFiles,
        before: Option<&Snapshot>,
    ) -> Result<Result<Vec<u8>, String>, GatherError> {
        let all = files.files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()));
        let database = match advisories::read_database(&self.name, all, &Limits::default()) {
            Ok(database) => database,
            // What is wrong with all of it has no file, but a place.
            Err(problem) => return Ok(Err(format!("{}: {}", self.shown(), problem.error))),
        };
        let mut crates: BTreeMap<&str, CrateRecord<'_>> = BTreeMap::new();
        for record in &database.value {
            if record.collection == Collection::Crates {
                let name = record.package.as_str();
                let of = crates.entry(name).or_insert_with(|| CrateRecord::new(0, name));
                of.advisories.push(first_known(record, before, files.as_of)?);
            }
        }
        self.write(files, crates, Compiled { problems: told(&database.problems), ..Compiled::default() })
    }

    fn compile_audits(
        &self,
        files: &FeedFiles,
        before: Option<&Snapshot>,
    ) -> Result<Result<Vec<u8>, String>, GatherError> {
        let limits = Limits::default();
        let mut sets: Vec<VetSet> = Vec::new();
        let mut imports: Vec<VetImports> = Vec::new();
        let mut misread = Vec::new();
        for (path, bytes) in &files.files {
            let read = match path.rsplit('/').next() {
                Some("config.toml") => continue,
                Some("imports.lock") => cargo_vet::parse_imports(path, bytes, &limits)
                    .map(|parsed| (imports.push(parsed.value), parsed.problems).1),
                // Whatever a single file is called, it is the set.
                _ => cargo_vet::parse_audits(path, bytes, &limits)
                    .map(|parsed| (sets.push(parsed.value), parsed.problems).1),
            };
            match read {
                Ok(problems) => misread.extend(problems),
                Err(problem) => return Ok(Err(problem.to_string())),
            }
        }
        if sets.is_empty() {
            return Ok(Err(format!("{}: it has no audits.toml", self.shown())));
        }
        // At first contact nobody can say when a record was written: it is as old as the content at most.
        let known = if before.is_some() { files.fetched } else { files.as_of };
        let source = cargo_vet::Source {
            feed: &self.name,
            url: self.origin.as_deref(),
            criteria_map: &self.source.criteria_map,
            standing: self.standing,
            known,
        };
        let understood: Vec<SetFacts<'_>> = sets.iter().map(|set| SetFacts::new(set, &source)).collect();
        let mut crates: BTreeMap<&str, CrateRecord<'_>> = BTreeMap::new();
        for evidence in understood.iter().flat_map(SetFacts::crates) {
            let name = evidence.name.as_str();
            let of = crates.entry(name).or_insert_with(|| CrateRecord::new(0, name));
            let earlier = before.map(|before| before.crate_named(0, name)).transpose()?.flatten();
            let (audits, windows) = match earlier {
                Some(view) => (view.audits()?, view.windows()?),
                None => (Vec::new(), Vec::new()),
            };
            of.audits.extend(evidence.audits.into_iter().map(|audit| {
                let mut earlier = audits.iter().map(|before| &before.audit);
                let since = earlier.find(|before| same_record(before, &audit)).map(|before| before.known);
                Audit { known: since.unwrap_or(known), ..audit }.into()
            }));
            of.windows.extend(evidence.windows.into_iter().map(|window| {
                let same = |before: &&WindowRecord<'_>| {
                    (before.window.origin, before.window.publisher, before.window.start, before.window.end)
                        == (window.origin, window.publisher, window.start, window.end)
                };
                let since = windows.iter().find(same).map(|before| before.known);
                WindowRecord { window, known: since.unwrap_or(known) }
            }));
        }
        for (name, published) in imports.iter().flat_map(|imports| &imports.publishers) {
            let name = name.as_str();
            let of = crates.entry(name).or_insert_with(|| CrateRecord::new(0, name));
            of.publishers.extend(published.iter().map(|record| PublisherRecord {
                digest: None,
                version: record.version.clone(),
                publisher: record.publisher.as_fact(),
            }));
        }
        self.write(files, crates, Compiled { problems: told(&misread), ..Compiled::default() })
    }

    fn compile_proofs(
        &self,
        files: &FeedFiles,
        before: Option<&Snapshot>,
    ) -> Result<Result<Vec<u8>, String>, GatherError> {
        if files.files.is_empty() {
            return Ok(Err(format!("{}: it has no file that ends in .proof.crev", self.shown())));
        }
        let all = files.files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()));
        let source = crev::Source { trust: &self.source.trust, reach: self.source.reach };
        let Parsed { value: proofs, problems: misread } =
            crev::read_feed(&self.name, all, &Limits::default(), source);
        let web = WebOfTrust::new(&proofs, source);
        let said: Vec<(CrateReviews<'_>, Vec<Vec<String>>)> = web
            .crates()
            .map(|of| {
                let contents = of
                    .reviews
                    .iter()
                    .map(|review| review.contents.iter().map(|(_, digest)| digest.to_string()).collect());
                let contents = contents.collect();
                (of, contents)
            })
            .collect();
        let mut crates: BTreeMap<&str, CrateRecord<'_>> = BTreeMap::new();
        for (of, contents) in &said {
            let name = of.name.as_str();
            let earlier = match before.map(|before| before.crate_named(0, name)).transpose()?.flatten() {
                Some(view) => view.audits()?,
                None => Vec::new(),
            };
            let record = crates.entry(name).or_insert_with(|| CrateRecord::new(0, name));
            for (review, contents) in of.reviews.iter().zip(contents) {
                let contents: Vec<&str> = contents.iter().map(String::as_str).collect();
                // What its author changed is another review.
                let is_same = |old: &&AuditRecord<'_>| {
                    same_record(&old.audit, &review.audit)
                        && old.audit.criteria == review.audit.criteria
                        && old.contents == contents
                };
                // At first contact the word of who signed is taken, but for nothing later than the content.
                let known = match (before, earlier.iter().find(is_same)) {
                    (_, Some(old)) => old.audit.known,
                    (Some(_), None) => files.fetched,
                    (None, None) => review.audit.known.min(files.as_of),
                };
                record.audits.push(AuditRecord { audit: Audit { known, ..review.audit.clone() }, contents });
            }
        }
        self.write(files, crates, Compiled { problems: told(&misread), ..Compiled::default() })
    }

    /// What the files of a feed of statements are, those of them that are `seen` known since then. `new` is since when the
    /// others are.
    fn statements(
        &self,
        files: &FeedFiles,
        seen: &[SeenRecord],
        new: Since,
    ) -> Result<StatementsRead, String> {
        let all = files.files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()));
        let folder = Folder::read(all).map_err(|unusable| format!("{}: {unusable}", self.shown()))?;
        let seen: BTreeMap<Digest, Time> = seen.iter().map(|of| (of.id, of.known)).collect();
        let outcome = folder.verify(&self.security, |id| seen.get(id).map_or(new, |time| Since::at(*time)));
        Ok(StatementsRead { outcome, warnings: folder.warnings, enrolled: folder.enrolled })
    }

    fn compile_statements(
        &self,
        files: &FeedFiles,
        before: Option<&Snapshot>,
    ) -> Result<Result<Vec<u8>, String>, GatherError> {
        let seen = before.map(Snapshot::seen).transpose()?.unwrap_or_default();
        // At first contact nobody can say when a statement was made: it is as old as the content at most.
        let known = if before.is_some() { files.fetched } else { files.as_of };
        let new = Since { known, here: files.fetched };
        let StatementsRead { outcome, warnings, enrolled } = match self.statements(files, &seen, new) {
            Ok(read) => read,
            Err(unusable) => return Ok(Err(unusable)),
        };
        let source = statement::Source {
            feed: &self.name,
            reviewers: &self.source.reviewers,
            criteria_map: &self.source.criteria_map,
            enrolled: &enrolled,
            enrols: self.source.enrols,
        };
        let voices: Vec<(Box<str>, Vec<String>)> = outcome
            .verified
            .iter()
            .map(|of| {
                let (key, signer) = (of.key.fingerprint(), &of.statement.signer);
                let voice = statement::voice(signer, &key, enrolled.of(signer));
                (key, voice)
            })
            .collect();
        let mut crates: BTreeMap<&str, CrateRecord<'_>> = BTreeMap::new();
        for (of, (key, voice)) in outcome.verified.iter().zip(&voices) {
            if outcome.withdrawn_by(of).is_some() {
                continue;
            }
            let signed = statement::Signed { statement: &of.statement, key, voice, known: of.known };
            for (name, evidence) in source.evidence(signed) {
                let name = name.as_str();
                let record = crates.entry(name).or_insert_with(|| CrateRecord::new(0, name));
                match evidence {
                    Evidence::Audit(audit) => record.audits.push(audit.into()),
                    Evidence::Statement(statement) => record.statements.push(statement),
                }
            }
        }
        // What is away today may be back tomorrow, as old as it was.
        let mut known: BTreeMap<Digest, Time> =
            seen.iter().take(MOST_REMEMBERED).map(|of| (of.id, of.known)).collect();
        known.extend(outcome.verified.iter().map(|of| (of.id, of.known)));
        let seen = known.into_iter().map(|(id, known)| SeenRecord { id, known }).collect();
        let refused = warnings.into_iter().chain(outcome.refused);
        let problems = refused.map(|of| Told { file: of.file, line: of.line, because: of.because }).collect();
        let enrolled = match self.source.enrols {
            true => enrolled.signers().map(|(signer, bound)| self.enrolled(signer, bound)).collect(),
            false => Vec::new(),
        };
        self.write(files, crates, Compiled { seen, enrolled, problems })
    }

    fn enrolled<'a>(&'a self, signer: &'a Principal, bound: &'a Bound) -> EnrolledRecord<'a> {
        let organisation = bound.organisation.as_deref();
        let identity = Identity {
            principal: signer.as_str(),
            accounts: bound.accounts.clone(),
            organisation,
            key: None,
        };
        EnrolledRecord { feed: &self.name, identity }
    }

    fn write(
        &self,
        files: &FeedFiles,
        crates: BTreeMap<&str, CrateRecord<'_>>,
        with: Compiled<'_>,
    ) -> Result<Result<Vec<u8>, String>, GatherError> {
        self.snapshot(files, crates.into_values().collect(), with).map(Ok)
    }

    fn snapshot(
        &self,
        files: &FeedFiles,
        crates: Vec<CrateRecord<'_>>,
        Compiled { seen, enrolled, problems }: Compiled<'_>,
    ) -> Result<Vec<u8>, GatherError> {
        let problems = problems.iter().map(|problem| ProblemRecord {
            source: 0,
            place: &problem.file,
            line: problem.line.unwrap_or(0),
            because: &problem.because,
        });
        Ok(snapshot::write(&Contents {
            sources: vec![SourceRecord {
                kind: self.kind,
                name: &self.name,
                settings: &self.settings,
                identity: &files.identity,
                as_of: Some(files.as_of),
                read: Some(files.fetched),
            }],
            problems: problems.collect(),
            crates,
            seen,
            enrolled,
            ..Contents::default()
        })?)
    }
}

/// What a failure makes of a feed that is there.
fn state_of(error: &FeedError) -> FeedState {
    match error {
        FeedError::Absent { .. } | FeedError::NoCopy { .. } => FeedState::Absent,
        FeedError::Archive { .. } | FeedError::Invalid { .. } | FeedError::Dump { .. } => FeedState::Invalid,
        FeedError::Unreachable { .. }
        | FeedError::Refused { .. }
        | FeedError::NoGit { .. }
        | FeedError::NoCache { .. } => FeedState::Stale,
    }
}

/// The one source of a compiled feed.
pub(super) fn source_of(compiled: &Snapshot) -> Result<SourceRecord<'_>, GatherError> {
    let missing = SnapshotError::Record { section: snapshot::Section::Sources, number: 0 };
    compiled.sources()?.into_iter().next().ok_or(GatherError::Snapshot(missing))
}

/// An advisory is known from the end of the day that it is dated by, or from when it was had if that is earlier:
/// today's count today.
fn first_known<'a>(
    record: &'a AdvisoryRecord,
    before: Option<&Snapshot>,
    as_of: Time,
) -> Result<Advisory<'a>, GatherError> {
    let view = before.map(|before| before.crate_named(0, record.package.as_str())).transpose()?.flatten();
    let earlier = match view {
        Some(view) => view.advisories()?.into_iter().find(|a| *a.id == *record.id).map(|a| a.known),
        None => None,
    };
    let advisory = record.as_fact();
    Ok(Advisory { known: advisory.known.min(earlier.unwrap_or(as_of)), ..advisory })
}

/// Whether two records are one that was read twice. What its criteria count as may have changed meanwhile.
fn same_record(a: &Audit<'_>, b: &Audit<'_>) -> bool {
    a.feed == b.feed && a.origin == b.origin && a.claim == b.claim && a.who == b.who
}

/// Of how many statements that a feed had once it is remembered since when they were known.
const MOST_REMEMBERED: usize = 100_000;

/// What a compiled feed has beside its crates.
#[derive(Default)]
struct Compiled<'a> {
    seen: Vec<SeenRecord>,
    enrolled: Vec<EnrolledRecord<'a>>,
    problems: Vec<Told>,
}

/// What was left out of a table of a dump, where it is anything.
fn skipped(of: &Skipped) -> Option<Told> {
    let Skipped { table, rows, malformed, dangling, first, .. } = of;
    (malformed + dangling > 0).then(|| Told {
        file: format!("data/{table}.csv"),
        line: first.as_ref().and_then(|(line, _)| u32::try_from(*line).ok()),
        because: match first {
            Some((_, fault)) => format!("{malformed} of {rows} rows cannot be read, such as this: {fault}"),
            None => format!("{dangling} of {rows} rows speak of what is in no other table"),
        },
    })
}

/// Something of a feed that does not count, and where it stands.
struct Told {
    file: String,
    line: Option<u32>,
    because: String,
}

fn told(misread: &[Misread]) -> Vec<Told> {
    let because = |problem: &Misread| match problem.record.is_empty() {
        true => problem.error.to_string(),
        false => format!("{}: {}", problem.record, problem.error),
    };
    misread
        .iter()
        .map(|problem| Told { file: problem.file.to_string(), line: problem.line, because: because(problem) })
        .collect()
}

/// The keys of the security role; a policy that was read has no others.
fn security_keys(policy: &Policy) -> Vec<PublicKey> {
    policy.security.keys.iter().filter_map(|key| PublicKey::parse(key).ok()).collect()
}
