//! Index files: which are read, which are parsed, and which are copied from the last snapshot.
//!
//! [`read`] asks for what is missing or old and gives each crate a [`Fate`]; [`compile`] turns the fates into one
//! new snapshot, together with what the feeds say of the same crates. In between lies a second round: where a
//! judged release needs a package that some lower release of its crate does without, its age counts, so the index
//! files of such packages are read for their first publish time, once, unless they are in the lockfile anyway.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use fence_model::facts::{Birth, DependencyKind};
use fence_model::policy::PublishTimes;
use fence_model::{CaretClass, CrateName, Span, Time, look_alike};
use fence_registry::lockfile::Source;
use fence_registry::{IndexFile, Limits};
use semver::Version;
use tame_index::{CRATES_IO_HTTP_INDEX, CRATES_IO_INDEX};

use super::feeds::{self, Contradicted, FeedNow};
use super::packages::Packages;
use super::{CRATES_IO, GatherError, LockedRegistry, Problem, Refresh, Request, Tally};
use crate::cache::ContentDigest;
use crate::cargo_config::IndexLocation;
use crate::http::Network;
use crate::index::{ANY_AGE, IndexEntry, IndexError, IndexOutcome, Known, Wanted, read_index};
use crate::snapshot::{
    self, Contents, CrateRecord, CrateView, DependencyRecord, ELSEWHERE, IndexRecord, KnownRecord,
    PackageRecord, Presence, ProblemRecord, ReleaseRecord, Snapshot, SourceKind, SourceRecord,
};

/// A release that has been in the open for so long is beyond doubt, whatever a policy's ceiling.
const BEYOND_DOUBT: Span = Span::days(365);

/// What becomes of one crate of the lockfile.
enum Fate {
    /// It stays what it was; the registry last confirmed it then.
    Kept(Time),
    /// Its index file was read, and is not what it was.
    Read(IndexEntry),
    /// The registry has no such crate, and never had as far as the last snapshot knows.
    Nonexistent,
    /// Nothing is known.
    Unread,
}

/// What reading came to.
pub(super) struct IndexRead {
    /// By registry and crate, as in the [`LockedRegistry`]s.
    fates: Vec<Vec<Fate>>,
    /// Whether anything differs from the last snapshot, be it a time.
    pub(super) is_news: bool,
    /// Whether something could not be had, or had shrunk.
    pub(super) is_failed: bool,
}

/// Reads what is missing or too old.
pub(super) fn read(
    request: &Request<'_>,
    old: Option<&Snapshot>,
    registries: &[LockedRegistry],
    problems: &mut Vec<Problem>,
    tally: &mut Tally,
) -> Result<IndexRead, GatherError> {
    let sources = old.map(Snapshot::sources).transpose()?.unwrap_or_default();
    let is_other_selection = |(old, new): (&SourceRecord<'_>, &LockedRegistry)| old.identity != new.locked;
    let is_news = match old {
        Some(old) => sources.iter().zip(registries).any(is_other_selection) || is_unanswered(request, old)?,
        None => true,
    };
    let mut all = IndexRead { fates: Vec::new(), is_news, is_failed: false };
    for (registry, number) in registries.iter().zip(0..) {
        let mut reader = Reader { request, registry, before: Vec::new(), failures: Failures::default() };
        for name in &registry.crates {
            let view = old.map(|old| old.crate_named(number, name.as_str())).transpose()?.flatten();
            let index =
                view.map(|view| Ok::<_, GatherError>((view.index()?, view.release_count()))).transpose()?;
            reader.before.push(index.filter(|(index, _)| index.presence != Presence::Unread));
        }
        let fates = reader.fates(tally);
        all.is_failed |= !reader.failures.is_empty();
        let unchanged = fates.iter().zip(&reader.before).all(|(fate, before)| match (fate, before) {
            (Fate::Kept(checked), Some((index, _))) => *checked == index.checked,
            (Fate::Unread, None) => true,
            // That a folder still lacks it is nothing to write down; that a registry does, with its time, is.
            (Fate::Nonexistent, Some((index, _))) => {
                index.presence == Presence::Nonexistent
                    && matches!(registry.registry.location, IndexLocation::Folder(_))
            }
            _ => false,
        });
        all.is_news |= !unchanged;
        all.fates.push(fates);
        reader.failures.told(&registry.registry.name, problems);
    }
    Ok(all)
}

/// The newest publish time among the index files that were just read, and of which crate it is; of registries whose
/// times are believed. Registries add lines at the end, so that one line of each file will do.
pub(super) fn newest_release<'a>(
    registries: &'a [LockedRegistry],
    read: &IndexRead,
) -> Option<(Time, &'a CrateName)> {
    let believed =
        registries.iter().zip(&read.fates).filter(|(registry, _)| registry.times == PublishTimes::Trusted);
    let files = believed.flat_map(|(registry, fates)| registry.crates.iter().zip(fates));
    files
        .filter_map(|(name, fate)| {
            let Fate::Read(entry) = fate else { return None };
            let last = entry.bytes.trim_ascii_end().rsplit(|byte| *byte == b'\n').next()?;
            Some((IndexFile::parse(name, last, &Limits::default()).ok()?.born()?, name))
        })
        .max()
}

/// Reads the index files of one registry's crates.
struct Reader<'a> {
    request: &'a Request<'a>,
    registry: &'a LockedRegistry,
    /// What the last snapshot knows of each crate: its index file, and how many releases it showed.
    before: Vec<Option<(IndexRecord<'a>, u32)>>,
    failures: Failures,
}

impl Reader<'_> {
    fn fates(&mut self, tally: &mut Tally) -> Vec<Fate> {
        let mut fates: Vec<Fate> = self.before.iter().map(|before| self.without_asking(*before)).collect();
        let asked: Vec<usize> = (0..fates.len()).filter(|&at| self.is_to_be_asked(at)).collect();
        if asked.is_empty() {
            return fates;
        }
        tally.crates_read += asked.len();
        let fresh_for = match self.request.refresh {
            Refresh::Missing => Some(ANY_AGE),
            Refresh::Old => Some(self.request.policy.freshness.index),
            Refresh::All => None,
        };
        let outcomes = self.ask(&asked, fresh_for, self.request.network);
        let mut again = Vec::new();
        for (&at, outcome) in asked.iter().zip(outcomes) {
            match self.fate(at, outcome) {
                Ok(fate) => fates[at] = fate,
                Err(error) if self.before[at].is_some() => self.failures.old.push((at, error)),
                Err(error) => again.push((at, error)),
            }
        }
        // Somebody may have left a copy of what cannot be reached: cargo, or another project's check.
        let places: Vec<usize> = again.iter().map(|(at, _)| *at).collect();
        let copies =
            if places.is_empty() { Vec::new() } else { self.ask(&places, Some(ANY_AGE), &Network::Offline) };
        for ((at, error), outcome) in again.into_iter().zip(copies) {
            match self.fate(at, outcome) {
                Ok(fate) => {
                    fates[at] = fate;
                    self.failures.old.push((at, error));
                }
                Err(_) => self.failures.unread.push((at, error)),
            }
        }
        self.failures.name(&self.registry.crates);
        tally.crates_changed +=
            fates.iter().filter(|fate| matches!(fate, Fate::Read(_) | Fate::Nonexistent)).count();
        fates
    }

    fn without_asking(&self, before: Option<(IndexRecord<'_>, u32)>) -> Fate {
        before.map_or(Fate::Unread, |(index, _)| Fate::Kept(index.checked))
    }

    fn is_to_be_asked(&self, at: usize) -> bool {
        let Some((index, _)) = self.before[at] else { return true };
        match (self.request.refresh, &self.registry.registry.location) {
            (Refresh::Missing, _) => false,
            // A look at a folder costs next to nothing, and who edits one wants to see what comes of it.
            (_, IndexLocation::Folder(_)) => true,
            _ if matches!(self.request.network, Network::Offline) => false,
            (Refresh::All, _) => true,
            (Refresh::Old, _) => self.request.clock - index.checked > self.request.policy.freshness.index,
        }
    }

    fn ask(&self, places: &[usize], fresh_for: Option<Span>, network: &Network) -> Vec<IndexOutcome> {
        let wanted: Vec<Wanted<'_>> = places
            .iter()
            .map(|&at| Wanted {
                name: &self.registry.crates[at],
                known: self.before[at].filter(|(index, _)| index.presence == Presence::Listed).map(
                    |(index, _)| Known {
                        digest: index.digest,
                        validator: index.validator,
                        checked: index.checked,
                    },
                ),
            })
            .collect();
        let Request { cache, clock, progress, .. } = self.request;
        read_index(&self.registry.registry, &wanted, fresh_for, network, cache, *clock, *progress)
    }

    fn fate(&mut self, at: usize, outcome: IndexOutcome) -> Result<Fate, IndexError> {
        let before = self.before[at];
        match outcome {
            IndexOutcome::Unchanged { checked } => Ok(Fate::Kept(checked)),
            IndexOutcome::Read(entry) => {
                let is_empty = entry.bytes.iter().all(u8::is_ascii_whitespace);
                Ok(if is_empty { self.vanished(at) } else { Fate::Read(entry) })
            }
            IndexOutcome::DoesNotExist if before.is_some_and(|(_, releases)| releases > 0) => {
                Ok(self.vanished(at))
            }
            IndexOutcome::DoesNotExist => Ok(Fate::Nonexistent),
            IndexOutcome::Failed(error) => Err(error),
        }
    }

    /// A whole file that vanishes says more about the index than about its releases: the last view stays, with an
    /// alarm. A crate that was never seen is not there.
    fn vanished(&mut self, at: usize) -> Fate {
        match self.before[at] {
            Some((index, releases)) if releases > 0 => {
                self.failures.shrunk.push(at);
                Fate::Kept(index.checked)
            }
            _ => Fate::Nonexistent,
        }
    }
}

/// What could not be had of one registry, by place among its crates.
#[derive(Default)]
struct Failures {
    old: Vec<(usize, IndexError)>,
    unread: Vec<(usize, IndexError)>,
    shrunk: Vec<usize>,
    names: Vec<CrateName>,
}

impl Failures {
    fn is_empty(&self) -> bool {
        self.old.is_empty() && self.unread.is_empty() && self.shrunk.is_empty()
    }

    fn name(&mut self, names: &[CrateName]) {
        if !self.is_empty() {
            self.names = names.to_vec();
        }
    }

    /// One problem for all crates that failed alike: a registry that is out of reach is one fact, not a thousand.
    fn told(self, registry: &str, problems: &mut Vec<Problem>) {
        let registry = registry.to_owned();
        let names = |places: &[usize]| places.iter().map(|&at| self.names[at].clone()).collect::<Vec<_>>();
        for (places, error) in by_kind(self.old) {
            let (registry, crates) = (registry.clone(), names(&places));
            problems.push(Problem::IndexOld { registry, crates, error });
        }
        for (places, error) in by_kind(self.unread) {
            let (registry, crates) = (registry.clone(), names(&places));
            problems.push(Problem::IndexUnread { registry, crates, error });
        }
        if !self.shrunk.is_empty() {
            problems.push(Problem::IndexShrunk { crates: names(&self.shrunk), registry });
        }
    }
}

/// What failed alike, together, with the first error of each kind.
fn by_kind<T>(failed: Vec<(T, IndexError)>) -> Vec<(Vec<T>, IndexError)> {
    let mut kinds: Vec<(Vec<T>, IndexError)> = Vec::new();
    for (what, error) in failed {
        let alike = |other: &IndexError| std::mem::discriminant(other) == std::mem::discriminant(&error);
        match kinds.iter_mut().find(|(_, other)| alike(other)) {
            Some((all, _)) => all.push(what),
            None => kinds.push((vec![what], error)),
        }
    }
    kinds
}

/// The bytes of the new snapshot.
pub(super) fn compile(
    request: &Request<'_>,
    old: Option<&Snapshot>,
    registries: &[LockedRegistry],
    feeds: &[FeedNow],
    read: &IndexRead,
    problems: &mut Vec<Problem>,
    tally: &mut Tally,
) -> Result<Vec<u8>, GatherError> {
    let labels: Vec<[String; 3]> =
        registries.iter().map(|r| [r.label(), r.settings(), r.locked.clone()]).collect();
    let parsed = parse(registries, read);
    let old_problems = old.map(Snapshot::problems).transpose()?.unwrap_or_default();
    let mut causes = Vec::new();
    let mut contradicted: Vec<Contradicted> = Vec::new();
    let (sources, enrolled) = (sources(&labels, feeds)?, feeds::enrolled(feeds)?);
    let mut contents = Contents { sources, enrolled, ..Contents::default() };
    for ((registry, number), (fates, files)) in registries.iter().zip(0..).zip(read.fates.iter().zip(&parsed))
    {
        for ((name, fate), file) in registry.crates.iter().zip(fates).zip(files) {
            let mut record = CrateRecord::new(number, name.as_str());
            let kept = old.map(|old| old.crate_named(number, name.as_str())).transpose()?.flatten();
            match (fate, file) {
                (Fate::Kept(checked), _) => {
                    if let Some(view) = kept {
                        keep(&mut record, &view, *checked)?;
                        contents.problems.extend(
                            old_problems
                                .iter()
                                .filter(|problem| problem.source == number && problem.place == name.as_str()),
                        );
                    }
                }
                (Fate::Read(entry), Some(Ok(file))) => {
                    let labels = |address: &str| place_of_registry(&labels, address);
                    index(&mut record, entry, file, labels);
                    causes
                        .extend(misread(file).map(|(line, because)| (number, name.as_str(), line, because)));
                }
                (Fate::Read(_), Some(Err(because))) => {
                    causes.push((number, name.as_str(), 0, because.clone()));
                    if let Some(view) = kept {
                        keep(&mut record, &view, view.index()?.checked)?;
                    }
                }
                (Fate::Nonexistent, _) => {
                    record.index.presence = Presence::Nonexistent;
                    record.index.checked = request.clock;
                }
                (Fate::Unread, _) | (Fate::Read(_), None) => {}
            }
            // Feeds speak of crates.io's crates; another registry's of the same name is another crate.
            if registry.source == Source::CratesIo {
                contradicted.extend(feeds::join(feeds, &Packages::of(&registry.registry), &mut record)?);
            }
            contents.crates.push(record);
        }
    }
    contents.problems.extend(causes.iter().map(|(source, place, line, because)| ProblemRecord {
        source: *source,
        place,
        line: *line,
        because,
    }));
    for ((feed, place), number) in feeds.iter().zip(0..).zip(registries.len()..) {
        let source = u32::try_from(number).unwrap_or(ELSEWHERE);
        let of_it = contradicted.iter().filter(|(of, ..)| *of == place);
        contents.problems.extend(of_it.map(|(_, release, because)| ProblemRecord {
            source,
            place: release,
            line: 0,
            because,
        }));
        for problem in feed.compiled.iter().map(Snapshot::problems) {
            contents.problems.extend(problem?.into_iter().map(|problem| ProblemRecord { source, ..problem }));
        }
    }
    let births = births(request, old, registries, &contents, problems, tally)?;
    for (registry, number) in registries.iter().zip(0..) {
        let of_it = contents.crates.iter().filter(|record| record.registry == number);
        contents.packages.extend(of_it.map(|record| PackageRecord {
            registry: number,
            name: record.name,
            birth: match (record.index.presence, first_published(record)) {
                (_, Some(born)) => Birth::At(born),
                (Presence::Listed, None) => Birth::Untold,
                (Presence::Nonexistent, None) => lacking(registry),
                (Presence::Unread, None) => unread(request),
            },
            asked: Some(record.index.checked).filter(|_| record.index.presence != Presence::Unread),
        }));
    }
    contents.packages.extend(births.iter().map(|((registry, name), (birth, asked))| PackageRecord {
        registry: *registry,
        name: name.as_str(),
        birth: *birth,
        asked: Some(*asked),
    }));
    contents.known = known(&contents.crates, request.clock);
    Ok(snapshot::write(&contents)?)
}

/// The names that others may be taken for, as the crates at hand show: enough families of them need it.
///
/// What a crate needs is what its newest release beyond doubt needs: one that has been in the open for longer than
/// any policy waits. So who takes a crate over cannot let it vouch for its own look-alike.
fn known<'a>(crates: &[CrateRecord<'a>], clock: Time) -> Vec<KnownRecord<'a>> {
    let is_beyond_doubt = |release: &&ReleaseRecord<'a>| {
        let is_old = release.published.is_some_and(|published| published + BEYOND_DOUBT <= clock);
        is_old && !release.yanked && release.version.pre.is_empty()
    };
    let needs = |record: &CrateRecord<'a>| -> Vec<&'a str> {
        let newest = record.releases.iter().filter(is_beyond_doubt).max_by(|a, b| a.version.cmp(&b.version));
        let all = newest.map_or(&[][..], |release| &release.dependencies);
        all.iter().filter(|d| d.kind != DependencyKind::Dev).map(|d| d.package).collect()
    };
    let needs: Vec<(&CrateRecord<'a>, Vec<&str>)> =
        crates.iter().map(|record| (record, needs(record))).collect();
    let edges = needs.iter().flat_map(|(record, needs)| needs.iter().map(|package| (record.name, *package)));
    let clusters = look_alike::clusters(edges);
    let mut known: Vec<KnownRecord<'a>> = needs
        .iter()
        .filter_map(|(record, needs)| {
            let clusters = clusters.get(record.name).copied().filter(|c| *c >= look_alike::BETTER_KNOWN)?;
            let mut kin: Vec<&str> =
                needs.iter().copied().filter(|n| look_alike::close(n, record.name).is_some()).collect();
            kin.sort_unstable();
            kin.dedup();
            Some(KnownRecord { name: record.name, born: first_published(record)?, clusters, kin })
        })
        .collect();
    known.sort_by_key(|known| (known.name, known.born));
    known
}

/// What the new snapshot is made from: registries in their order, then feeds.
fn sources<'a>(
    labels: &'a [[String; 3]],
    feeds: &'a [FeedNow],
) -> Result<Vec<SourceRecord<'a>>, GatherError> {
    let registry = |[name, settings, identity]: &'a [String; 3]| SourceRecord {
        kind: SourceKind::Registry,
        name,
        settings,
        identity,
        as_of: None,
        read: None,
    };
    let mut sources: Vec<SourceRecord<'a>> = labels.iter().map(registry).collect();
    for feed in feeds {
        let compiled = feed.compiled.as_ref().map(feeds::source_of).transpose()?;
        sources.push(SourceRecord {
            kind: feed.kind,
            name: &feed.name,
            settings: &feed.settings,
            identity: compiled.map_or("", |source| source.identity),
            as_of: compiled.and_then(|source| source.as_of),
            read: compiled.and_then(|source| source.read),
        });
    }
    Ok(sources)
}

/// An index file that was read, parsed; or why it cannot be.
type ParsedFile<'a> = Option<Result<IndexFile<'a>, String>>;

fn parse<'a>(registries: &[LockedRegistry], read: &'a IndexRead) -> Vec<Vec<ParsedFile<'a>>> {
    let limits = Limits::default();
    let file = |(name, fate): (&CrateName, &'a Fate)| match fate {
        Fate::Read(entry) => {
            Some(IndexFile::parse(name, &entry.bytes, &limits).map_err(|error| error.to_string()))
        }
        Fate::Kept(_) | Fate::Nonexistent | Fate::Unread => None,
    };
    registries
        .iter()
        .zip(&read.fates)
        .map(|(r, fates)| r.crates.iter().zip(fates).map(file).collect())
        .collect()
}

/// What the last snapshot had, confirmed at `checked`.
fn keep<'a>(record: &mut CrateRecord<'a>, view: &CrateView<'a>, checked: Time) -> Result<(), GatherError> {
    record.index = IndexRecord { checked, ..view.index()? };
    record.releases = view.releases()?;
    Ok(())
}

/// What an index file says.
fn index<'a>(
    record: &mut CrateRecord<'a>,
    entry: &'a IndexEntry,
    file: &'a IndexFile<'_>,
    place_of: impl Fn(&str) -> u32,
) {
    record.index = IndexRecord {
        presence: Presence::Listed,
        checked: entry.checked,
        validator: entry.validator.as_deref(),
        digest: ContentDigest::of(&entry.bytes),
    };
    let mut latest: Arc<[DependencyRecord<'a>]> = Arc::new([]);
    let mut list = Vec::new();
    record.releases.reserve(file.releases.len());
    for release in &file.releases {
        list.clear();
        list.extend(release.dependencies.iter().map(|dependency| DependencyRecord {
            registry: dependency.registry.as_deref().map_or(record.registry, &place_of),
            package: dependency.package_name(),
            requirement: &dependency.requirement,
            kind: dependency.kind,
            optional: dependency.optional,
        }));
        // One package may be needed for several targets; which, plays no part here.
        list.sort_unstable();
        list.dedup();
        if *latest != *list {
            latest = list.as_slice().into();
        }
        record.releases.push(ReleaseRecord {
            version: release.version.clone(),
            digest: release.digest,
            published: release.published,
            yanked: release.yanked,
            dependencies: Arc::clone(&latest),
        });
    }
}

/// The lines of an index file that cannot be used, each with why.
fn misread(file: &IndexFile<'_>) -> impl Iterator<Item = (u32, String)> {
    let skipped = file.skipped.iter().map(|skipped| {
        let why =
            format!("{} has schema {}, which cargo does not read either", skipped.version, skipped.schema);
        (skipped.line, why)
    });
    // These errors name crate and line themselves.
    file.problems.iter().map(|problem| (0, problem.to_string())).chain(skipped)
}

/// The number of the registry with this index address, if the lockfile names it. crates.io has two.
fn place_of_registry(labels: &[[String; 3]], address: &str) -> u32 {
    let bare = |address: &str| -> String {
        let address =
            address.strip_prefix("registry+").or(address.strip_prefix("sparse+")).unwrap_or(address);
        address.trim_end_matches('/').to_owned()
    };
    let is_crates_io =
        [CRATES_IO_INDEX, CRATES_IO_HTTP_INDEX].iter().any(|index| bare(index) == bare(address));
    let wanted = if is_crates_io { CRATES_IO.to_owned() } else { bare(address) };
    let place = labels.iter().position(|[label, ..]| bare(label) == wanted);
    place.and_then(|place| u32::try_from(place).ok()).unwrap_or(ELSEWHERE)
}

/// What a registry says by not having a crate. A folder may hold a part of an index, so it says nothing.
fn lacking(registry: &LockedRegistry) -> Birth {
    match registry.registry.location {
        IndexLocation::Folder(_) => Birth::Unread,
        IndexLocation::Sparse(_) | IndexLocation::Git(_) | IndexLocation::Vendored(_) => Birth::Nonexistent,
    }
}

/// What it means that an index file could not be had. Who is offline asked nobody, and chose to; an answer that
/// fails to come may be somebody's doing.
fn unread(request: &Request<'_>) -> Birth {
    match request.network {
        Network::Offline => Birth::Unread,
        Network::Online(_) => Birth::Untold,
    }
}

/// Whether the last snapshot lacks the age of a package that nobody could tell then, and somebody may now.
fn is_unanswered(request: &Request<'_>, old: &Snapshot) -> Result<bool, GatherError> {
    if matches!(request.network, Network::Offline) {
        return Ok(false);
    }
    Ok(old.packages()?.iter().any(|package| package.asked == Some(PackageRecord::IN_VAIN)))
}

/// Since when packages outside the lockfile are there, by registry and name, and when that was told.
type Births = BTreeMap<(u32, CrateName), (Birth, Time)>;

/// The second round.
fn births(
    request: &Request<'_>,
    old: Option<&Snapshot>,
    registries: &[LockedRegistry],
    contents: &Contents<'_>,
    problems: &mut Vec<Problem>,
    tally: &mut Tally,
) -> Result<Births, GatherError> {
    let mut known: BTreeMap<(u32, &str), PackageRecord<'_>> = BTreeMap::new();
    for package in old.map(Snapshot::packages).transpose()?.unwrap_or_default() {
        known.insert((package.registry, package.name), package);
    }
    let locked = locked_versions(request);
    let mut wanted: BTreeSet<(u32, &str)> = BTreeSet::new();
    for record in &contents.crates {
        if let Some(lowest) = locked.get(record.name) {
            wanted.extend(needs_of_later_releases(record, lowest, request.policy.wait.ceiling));
        }
    }
    let mut births = Births::new();
    for (registry, number) in registries.iter().zip(0..) {
        let mut asked: Vec<CrateName> = Vec::new();
        for (_, name) in wanted.range((number, "")..).take_while(|(of, _)| *of == number) {
            let Ok(name) = name.parse::<CrateName>() else { continue };
            if registry.crates.binary_search(&name).is_ok() {
                continue;
            }
            let settled = known.get(&(number, name.as_str())).filter(|package| is_settled(request, package));
            match settled.and_then(|package| Some((package.birth, package.asked?))) {
                Some(answer) => drop(births.insert((number, name), answer)),
                None => asked.push(name),
            }
        }
        if asked.is_empty() {
            continue;
        }
        tally.packages_asked += asked.len();
        let wanted: Vec<Wanted<'_>> = asked.iter().map(|name| Wanted { name, known: None }).collect();
        // A first publish time never changes, so a copy of any age tells it.
        let Request { network, cache, clock, progress, .. } = *request;
        let outcomes =
            read_index(&registry.registry, &wanted, Some(ANY_AGE), network, cache, clock, progress);
        let mut failed = Vec::new();
        for (name, outcome) in asked.into_iter().zip(outcomes) {
            let answer = match outcome {
                IndexOutcome::Read(entry) => {
                    let file = IndexFile::parse(&name, &entry.bytes, &Limits::default());
                    let born = file.ok().and_then(|file| file.born());
                    (born.map_or(Birth::Untold, Birth::At), clock)
                }
                IndexOutcome::DoesNotExist => (lacking(registry), clock),
                IndexOutcome::Failed(error) => {
                    if matches!(network, Network::Online(_)) {
                        failed.push((name.clone(), error));
                    }
                    // Asking nobody now takes nothing back of what asking came to before.
                    let before = known.get(&(number, name.as_str())).map(|package| package.birth);
                    (before.into_iter().fold(unread(request), Birth::max), PackageRecord::IN_VAIN)
                }
                // Nothing was known that could be unchanged.
                IndexOutcome::Unchanged { .. } => (Birth::Untold, PackageRecord::IN_VAIN),
            };
            births.insert((number, name), answer);
        }
        problems.extend(by_kind(failed).into_iter().map(|(crates, error)| Problem::AgesUntold {
            registry: registry.registry.name.clone(),
            crates,
            error,
        }));
    }
    Ok(births)
}

/// Whether there is no point in asking again.
fn is_settled(request: &Request<'_>, package: &PackageRecord<'_>) -> bool {
    let is_recent = |asked: Time| request.clock - asked <= request.policy.freshness.index;
    matches!(package.birth, Birth::At(_))
        || (request.refresh != Refresh::All && package.asked.is_some_and(is_recent))
}

/// The lowest version that is locked of each crate.
fn locked_versions<'a>(request: &Request<'a>) -> BTreeMap<&'a str, &'a Version> {
    let mut lowest: BTreeMap<&str, &Version> = BTreeMap::new();
    for package in &request.lockfile.packages {
        let of = lowest.entry(&package.name).or_insert(&package.version);
        *of = (*of).min(&package.version);
    }
    lowest
}

/// What of a release's needs may be new in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    None,
    /// What some release below it does without.
    BeyondCommon,
    All,
}

fn first_published(record: &CrateRecord<'_>) -> Option<Time> {
    record.releases.iter().filter_map(|release| release.published).min()
}

/// The packages that some release from the class of `lowest` on needs to run or build, and some release below it does
/// without: to whichever release it is compared, these are all that can be new. The class counts as a whole, since
/// whoever is not to use the newest of it falls back on an older one. Of a release that may be compared with
/// nothing, because no good one was older by `ceiling`, all that it needs is new, unless it was the first.
fn needs_of_later_releases<'r, 'a>(
    record: &'r CrateRecord<'a>,
    lowest: &Version,
    ceiling: Span,
) -> HashSet<(u32, &'a str)> {
    let mut sorted: Vec<&'r ReleaseRecord<'a>> = record.releases.iter().collect();
    sorted.sort_by(|a, b| a.version.cmp(&b.version));
    let first = first_published(record);
    let mut found = HashSet::new();
    // What all releases so far need, and when the first of those that can be a base was published.
    let mut common: Option<HashSet<(u32, &'a str)>> = None;
    let mut oldest: Option<Time> = None;
    let mut before: Option<(&Arc<[DependencyRecord<'a>]>, Needs)> = None;
    for release in sorted {
        let has_base = oldest.zip(release.published).is_some_and(|(old, new)| old + ceiling <= new);
        let is_first = release.published.is_some() && release.published == first;
        let may_be_used =
            release.version >= *lowest || CaretClass::of(&release.version) == CaretClass::of(lowest);
        let new = match may_be_used {
            true if has_base => Needs::BeyondCommon,
            true if !is_first => Needs::All,
            _ => Needs::None,
        };
        if release.version.pre.is_empty() && !release.yanked {
            oldest = oldest.into_iter().chain(release.published).min();
        }
        let is_same =
            |(list, as_new): (&Arc<_>, Needs)| Arc::ptr_eq(list, &release.dependencies) && as_new == new;
        if before.replace((&release.dependencies, new)).is_some_and(is_same) {
            continue;
        }
        let needs: HashSet<(u32, &'a str)> = release
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind != DependencyKind::Dev && dependency.registry != ELSEWHERE)
            .map(|dependency| (dependency.registry, dependency.package))
            .collect();
        match (new, &common) {
            (Needs::BeyondCommon, Some(common)) => found.extend(needs.difference(common)),
            (Needs::All, _) | (Needs::BeyondCommon, None) => found.extend(&needs),
            (Needs::None, _) => {}
        }
        common = Some(match common {
            None => needs,
            Some(common) => common.intersection(&needs).copied().collect(),
        });
    }
    found
}
