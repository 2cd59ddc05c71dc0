//! What is known: one snapshot, one moment, and what a journal adds.

use std::sync::{Arc, OnceLock};

use fence_model::exposure::people::Bound;
use fence_model::facts::{Birth, CrateFacts, Feed, FeedState, Gone, Maintainer};
use fence_model::look_alike::KnownNames;
use fence_model::policy::PublishTimes;
use fence_model::settle::{FactsOf, Known};
use fence_model::{CrateName, Span, Time};
use fence_registry::Journal;
use fence_registry::journal::Memory;
use fence_registry::lockfile::Source;
use semver::Version;

use super::feeds::{is_asked_elsewhere, is_folder};
use super::{Failed, GatherError, LockedRegistry, Problem, Request};
use crate::snapshot::{
    CrateView, EnrolledRecord, KnownRecord, PackageRecord, Presence, Snapshot, SnapshotError, SourceKind,
    SourceRecord, Voices,
};

/// A clock that is further ahead of all that was read is suspicious. In a replay it is not asked.
const SUSPICIOUSLY_AHEAD: Span = Span::days(1);

/// What is known about the crates of a lockfile at some moment.
#[derive(Debug)]
pub struct Knowledge {
    snapshot: Snapshot,
    /// By their number in the snapshot: how the lockfile names a registry, and whether its times are believed.
    registries: Vec<(Source, PublishTimes)>,
    now: Time,
    journal: Option<Journal>,
    feeds: Vec<Feed>,
    ages: Vec<Age>,
    problems: Vec<Problem>,
    damage: OnceLock<SnapshotError>,
}

/// How old a source is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Age {
    /// `index`, or the feed's name.
    pub name: String,
    /// What it is.
    pub kind: SourceKind,
    /// What the last try came to.
    pub state: FeedState,
    /// Up to when it is known to have told everything that it knew; `None` if it was never read.
    pub as_of: Option<Time>,
    /// When it was last read, or confirmed to be unchanged.
    pub read: Option<Time>,
}

impl Knowledge {
    pub(super) fn new(
        request: Request<'_>,
        snapshot: Snapshot,
        registries: Vec<LockedRegistry>,
        failed: &Failed,
        mut problems: Vec<Problem>,
    ) -> Result<Self, GatherError> {
        let mut ages = vec![index_age(&request, &snapshot, failed.index)?];
        let sources = snapshot.sources()?;
        for source in sources.iter().filter(|source| source.kind != SourceKind::Registry) {
            ages.push(feed_age(&request, source, failed.feeds.get(source.name).copied()));
        }
        problems.extend(snapshot.problems()?.into_iter().map(|problem| {
            let source = usize::try_from(problem.source).ok().and_then(|place| sources.get(place));
            Problem::Record {
                source: source.map_or("", |source| source.name).to_owned(),
                place: problem.place.to_owned(),
                line: problem.line,
                because: problem.because.to_owned(),
            }
        }));
        if let Some(newest) = ages.iter().filter_map(|age| age.as_of).max()
            && request.now.min(request.clock) > newest + SUSPICIOUSLY_AHEAD
        {
            problems.push(Problem::ClockAhead { clock: request.clock, newest });
        }
        let adverse = ages.iter().filter(|age| age.kind.is_adverse());
        let feeds = adverse
            .map(|age| Feed {
                name: age.name.clone(),
                state: age.state,
                as_of: age.as_of.map(|as_of| as_of.min(request.now)),
            })
            .collect();
        Ok(Self {
            snapshot,
            registries: registries.into_iter().map(|registry| (registry.source, registry.times)).collect(),
            now: request.now,
            journal: request.journal,
            feeds,
            ages,
            problems,
            damage: OnceLock::new(),
        })
    }

    /// The feeds that speak against releases, the index first.
    pub fn feeds(&self) -> &[Feed] {
        &self.feeds
    }

    /// How old everything is that was asked for, the index first.
    pub fn ages(&self) -> &[Age] {
        &self.ages
    }

    /// The names that others may be taken for: those of the shipped list, and those that the crates at hand show.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Record`]: the snapshot is to be made again.
    pub fn names(&self) -> Result<KnownNames, SnapshotError> {
        let mut names = KnownNames::shipped();
        for KnownRecord { name, born, clusters, kin } in self.snapshot.known()? {
            names.see(name, born, clusters);
            kin.iter().for_each(|package| names.vouch(name, package));
        }
        Ok(names)
    }

    /// What went wrong, and what was done instead.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// What turned out to be wrong with the snapshot while facts were taken from it. Then those facts are missing
    /// from the judgement, which held what it could not see; nothing of it is to be relied on.
    pub fn damage(&self) -> Option<SnapshotError> {
        self.damage.get().copied()
    }

    /// Which accounts the signers of feeds have that are believed about it.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Record`]: the snapshot is to be made again.
    pub fn enrolled(&self) -> Result<Vec<Bound>, SnapshotError> {
        let bound = |EnrolledRecord { feed, identity }: EnrolledRecord<'_>| Bound {
            feed: feed.to_owned(),
            principal: identity.principal.to_owned(),
            accounts: identity.accounts,
            organisation: identity.organisation.map(str::to_owned),
        };
        Ok(self.snapshot.enrolled()?.into_iter().map(bound).collect())
    }

    /// Adds what a fence saw, where no journal was given when the facts were gathered; before anything is judged.
    pub fn recall(&mut self, journal: Journal) {
        self.journal = Some(journal);
    }

    /// What was known at the moment asked about of the crate `name` of a registry, as the lockfile names that.
    /// Of a crate that nobody could read, nothing is known: see [`Problem::IndexUnread`].
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Record`]: the snapshot is to be made again.
    pub fn crate_facts(&self, registry: &Source, name: &CrateName) -> Result<CrateFacts<'_>, SnapshotError> {
        match self.registries.iter().zip(0..).find(|((source, _), _)| source == registry) {
            Some(((_, times), number)) => {
                let view = self.snapshot.crate_named(number, name.as_str())?;
                self.facts_in(view.as_ref(), *times, name)
            }
            None => Ok(CrateFacts::unknown(name.clone())),
        }
    }

    fn facts_in<'a>(
        &'a self,
        view: Option<&CrateView<'a>>,
        times: PublishTimes,
        name: &CrateName,
    ) -> Result<CrateFacts<'a>, SnapshotError> {
        let mut facts = match view {
            Some(view) => view.facts(self.now, times, |package| self.birth(package))?,
            None => CrateFacts::unknown(name.clone()),
        };
        if let Some(journal) = &self.journal {
            let index = view.map(CrateView::index).transpose()?;
            let checked = index.filter(|index| index.presence == Presence::Listed).map(|index| index.checked);
            remember(&mut facts, checked, memory(journal, name, self.now), self.now);
        }
        Ok(facts)
    }

    /// Since when a package is there, as far as was known at the moment asked about.
    fn birth(&self, package: &PackageRecord<'_>) -> Birth {
        let place = usize::try_from(package.registry).ok();
        let told = match (package.birth, place.and_then(|place| self.registries.get(place))) {
            // Of a registry from which nothing is locked nobody knows what it is, nor whether it answers truly.
            (_, None) => return Birth::Untold,
            (_, Some((_, PublishTimes::Untrusted))) => Birth::Untold,
            (Birth::At(born), Some(_)) if born > self.now => Birth::Nonexistent,
            (Birth::At(born), Some(_)) => return Birth::At(born),
            // No release in use or above needs it newly, so it was not looked up. A release below that does must not
            // look better for that: it may be the one to stay on.
            (Birth::Unread, Some(_)) if package.asked.is_none() => Birth::Untold,
            (told, Some(_)) => told,
        };
        self.remembered(package.name).map_or(told, Birth::At)
    }

    /// When the journal first saw a package.
    fn remembered(&self, package: &str) -> Option<Time> {
        let memory = self.journal.as_ref()?.memory(&package.parse().ok()?, self.now);
        let shown = memory.sightings.values().map(|sighting| sighting.first_seen);
        let gone = memory.gone.iter().map(|gone| gone.published.unwrap_or(gone.first_seen));
        shown.chain(gone).min()
    }
}

impl FactsOf for Knowledge {
    /// As [`Knowledge::crate_facts`], of the first registry that has a crate of this name in the lockfile. Where
    /// the snapshot makes no sense, nothing is known of the crate, and [`Knowledge::damage`] tells.
    fn facts_of(&self, name: &CrateName) -> CrateFacts<'_> {
        let facts = self.first_with(name).and_then(|found| match found {
            Some((view, times)) => self.facts_in(Some(&view), times, name),
            // No index file of it was read, but a fence may have seen it.
            None => self.facts_in(None, PublishTimes::Trusted, name),
        });
        facts.unwrap_or_else(|error| {
            self.damage.get_or_init(|| error);
            CrateFacts::unknown(name.clone())
        })
    }

    fn known(&self, name: &CrateName) -> Known {
        match self.first_with(name) {
            Ok(Some(_)) => Known::Something,
            // Of the crates of the lockfile each is in the snapshot, even one that could not be read.
            Ok(None) => Known::NotAskedFor,
            // Damage is for `facts_of` to tell of.
            Err(_) => Known::Nothing,
        }
    }

    fn may_be_advised(&self, name: &CrateName) -> bool {
        // Damage is for `facts_of` to tell of.
        self.first_with(name)
            .map_or(true, |found| found.is_some_and(|(view, _)| view.evidence_counts()[0] > 0))
    }

    fn voices_of(&self, name: &CrateName, version: &Version) -> Option<Arc<[Maintainer<'_>]>> {
        // Damage is for `facts_of` to tell of.
        let (view, _) = self.first_with(name).ok()??;
        Voices::default().of(&view, version, || self.snapshot.enrolled()).ok()?
    }
}

impl Knowledge {
    /// The crate of this name of the first registry from which the lockfile has one, and whether its publish times
    /// are believed.
    fn first_with(&self, name: &CrateName) -> Result<Option<(CrateView<'_>, PublishTimes)>, SnapshotError> {
        for ((_, times), number) in self.registries.iter().zip(0..) {
            if let Some(view) = self.snapshot.crate_named(number, name.as_str())? {
                return Ok(Some((view, *times)));
            }
        }
        Ok(None)
    }
}

/// What a journal knew of a crate. A fence writes down names as the paths of an index have them.
fn memory(journal: &Journal, name: &CrateName, now: Time) -> Memory {
    let memory = journal.memory(name, now);
    let lower: Option<CrateName> = name.as_str().to_ascii_lowercase().parse().ok();
    match lower.filter(|lower| memory.latest_read.is_none() && lower != name) {
        Some(lower) => journal.memory(&lower, now),
        None => memory,
    }
}

/// Adds what a journal knew at `now`. `checked` is when the registry last confirmed the index file that the facts are
/// from; none where it has none.
pub fn remember(facts: &mut CrateFacts<'_>, checked: Option<Time>, memory: Memory, now: Time) {
    let Some(latest_read) = memory.latest_read else { return };
    facts.journalled = true;
    for release in &mut facts.releases {
        let Some(sighting) = memory.sightings.get(&release.version) else { continue };
        // The index at hand is of a later day than the moment asked about: what it marks now, it may not have
        // marked then.
        if checked.is_some_and(|checked| checked > now) {
            release.yanked = sighting.is_yanked();
        }
        release.sighting = Some(Box::new(sighting.clone()));
    }
    let shows = |version: &semver::Version| facts.releases.iter().any(|release| release.version == *version);
    let mut gone: Vec<Gone> = memory.gone.into_iter().filter(|gone| !shows(&gone.version)).collect();
    // What the journal saw last, and the index at hand lacks: this read is the first to miss it.
    if let Some(checked) = checked.filter(|checked| latest_read < *checked && *checked <= now) {
        for gone in &mut gone {
            gone.still_gone_at = checked;
        }
        let missed = memory.sightings.iter().filter(|(version, _)| !shows(version));
        gone.extend(missed.map(|(version, sighting)| Gone {
            version: version.clone(),
            digest: sighting.first_digest,
            published: None,
            first_seen: sighting.first_seen,
            gone_at: checked,
            still_gone_at: checked,
        }));
    }
    facts.gone = gone;
}

/// The index is as old as the oldest view of any crate.
fn index_age(request: &Request<'_>, snapshot: &Snapshot, failed: bool) -> Result<Age, GatherError> {
    let mut oldest: Option<Time> = None;
    let mut unread = false;
    for view in snapshot.crates() {
        let index = view?.index()?;
        match index.presence {
            Presence::Unread => unread = true,
            Presence::Listed | Presence::Nonexistent => {
                oldest = Some(oldest.map_or(index.checked, |oldest| oldest.min(index.checked)));
            }
        }
    }
    let state = match oldest {
        None if unread => FeedState::Absent,
        // Nothing was asked for, so nothing is unknown.
        None => FeedState::Current,
        Some(as_of) if as_of >= request.now => FeedState::Current,
        Some(_) if failed || unread => FeedState::Stale,
        Some(as_of) if request.now - as_of > request.policy.freshness.index => FeedState::Stale,
        Some(_) => FeedState::Current,
    };
    let as_of = if oldest.is_none() && !unread { Some(request.clock) } else { oldest };
    Ok(Age { name: "index".to_owned(), kind: SourceKind::Registry, state, as_of, read: as_of })
}

/// Up to when a feed speaks. A source on another machine that was just asked has said all that it knows, however
/// long it has been quiet: else a quiet week would stop every clock. A folder or archive of this machine speaks up
/// to what is in it, since nobody knows whether it is all.
pub(super) fn feed_age(request: &Request<'_>, source: &SourceRecord<'_>, failed: Option<FeedState>) -> Age {
    // Statements in a folder are the project's own words, and there are no others until it writes them.
    let speaks_now = source.kind == SourceKind::Statements && is_folder(request, source.name);
    let state = match (source.read, failed) {
        (None, Some(FeedState::Invalid)) => FeedState::Invalid,
        (None, _) => FeedState::Absent,
        (Some(_), Some(FeedState::Invalid)) => FeedState::Invalid,
        // There was such a feed; that its source has none now makes it stale, not absent.
        (Some(_), Some(_)) => FeedState::Stale,
        (Some(_), None) if speaks_now => FeedState::Current,
        (Some(read), None) if request.clock - read > request.policy.freshness.feeds => FeedState::Stale,
        (Some(_), None) => FeedState::Current,
    };
    let as_of = if speaks_now {
        source.read.map(|_| request.clock)
    } else if is_asked_elsewhere(request, source.name) {
        source.read
    } else {
        source.as_of
    };
    Age { name: source.name.to_owned(), kind: source.kind, state, as_of, read: source.read }
}
