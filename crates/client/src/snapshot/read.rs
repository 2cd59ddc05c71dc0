//! Reading in place: a [`Snapshot`] owns the bytes, a [`CrateView`] decodes one crate when asked.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use fence_model::facts::{
    Advisory, Audit, AuditedVersion, Birth, Bound, Claim, CrateFacts, Dependency, Identity, Maintainer,
    Owner, Publisher, Range, ReleaseFacts, Statement, Window,
};
use fence_model::policy::PublishTimes;
use fence_model::quorum::Cluster;
use fence_model::{CaretClass, CrateName, Digest, Span, Time};
use semver::{Version, VersionReq};
use xxhash_rust::xxh3::xxh3_64;

use super::format::{
    AccountRow, AdvisoryRow, AuditRow, CHECKSUM_AT, COUNTS_AT, ClassRow, CrateRow, DependencyRow, End,
    EnrolledRow, EntryRow, FORMAT, Field, HEADER_BYTES, Id, IdentityRow, KnownRow, ListRow, MAGIC,
    MaintainerRow, OwnerRow, PackageRow, ProblemRow, PublisherRow, RangeRow, ReleaseRow, Row, Run, Section,
    SeenRow, SignedRow, SourceRow, StatementRow, Text, VersionRow, VoiceRow, WindowRow, WordRow,
};
use super::{
    AuditRecord, ClassRecord, Contents, CrateRecord, DependencyRecord, EnrolledRecord, IndexRecord,
    KnownRecord, PackageRecord, ProblemRecord, PublisherRecord, ReleaseRecord, SeenRecord, SnapshotError,
    SourceRecord, VoiceRecord, WindowRecord,
};

/// A snapshot in memory, as it lies on disk.
#[derive(Debug)]
pub struct Snapshot {
    /// Header and records.
    records: Vec<u8>,
    /// The last section.
    text: String,
    /// Where each section begins in `records`, and how many records it has.
    sections: [(usize, u32); Section::ALL.len()],
}

impl Snapshot {
    /// The snapshot in `bytes`, whose header, length, checksum and text are checked here; records are checked when
    /// they are read.
    ///
    /// # Errors
    ///
    /// All of [`SnapshotError`]: whatever it is, the snapshot is to be made again.
    pub fn open(bytes: Vec<u8>) -> Result<Self, SnapshotError> {
        let mut head = bytes.strip_prefix(&MAGIC).ok_or(SnapshotError::Foreign)?;
        let length = |expected: usize| SnapshotError::Length {
            expected: expected.try_into().unwrap_or(u64::MAX),
            found: bytes.len().try_into().unwrap_or(u64::MAX),
        };
        let found = u32::take(&mut head).ok_or_else(|| length(HEADER_BYTES))?;
        if found != FORMAT {
            return Err(SnapshotError::OtherFormat { found });
        }
        if bytes.len() < HEADER_BYTES {
            return Err(length(HEADER_BYTES));
        }
        if u32::take(&mut head) != Some(0) {
            return Err(SnapshotError::Foreign);
        }
        let checksum = u64::take(&mut head).ok_or_else(|| length(HEADER_BYTES))?;
        let mut sections = [(0, 0); Section::ALL.len()];
        let mut end = HEADER_BYTES;
        for (place, section) in sections.iter_mut().zip(Section::ALL) {
            let count = u32::take(&mut head).ok_or_else(|| length(HEADER_BYTES))?;
            *place = (end, count);
            end = usize::try_from(count)
                .ok()
                .and_then(|count| count.checked_mul(section.record_bytes()))
                .and_then(|size| end.checked_add(size))
                .ok_or_else(|| length(usize::MAX))?;
        }
        if bytes.len() != end {
            return Err(length(end));
        }
        debug_assert_eq!(CHECKSUM_AT + 8, COUNTS_AT);
        if xxh3_64(&bytes[COUNTS_AT..]) != checksum {
            return Err(SnapshotError::Checksum);
        }
        let mut records = bytes;
        let text = records.split_off(sections[Section::Text as usize].0);
        records.shrink_to_fit();
        let text = String::from_utf8(text)
            .map_err(|_| SnapshotError::Record { section: Section::Text, number: 0 })?;
        Ok(Self { records, text, sections })
    }

    /// What it was made from.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Record`], as for all reads below.
    pub fn sources(&self) -> Result<Vec<SourceRecord<'_>>, SnapshotError> {
        self.rows(self.all(Section::Sources))?
            .map(|row: Result<SourceRow, _>| {
                let row = row?;
                Ok(SourceRecord {
                    kind: row.kind,
                    name: self.text(row.name)?,
                    settings: self.text(row.settings)?,
                    identity: self.text(row.identity)?,
                    as_of: row.as_of,
                    read: row.read,
                })
            })
            .collect()
    }

    /// Its bytes, as they were opened.
    pub(super) fn bytes(&self) -> Vec<u8> {
        [self.records.as_slice(), self.text.as_bytes()].concat()
    }

    pub(super) fn source_rows(&self) -> Result<Vec<SourceRow>, SnapshotError> {
        self.rows(self.all(Section::Sources))?.collect()
    }

    /// How many crates it holds.
    pub fn crate_count(&self) -> u32 {
        self.all(Section::Crates).count
    }

    /// Its crates, by registry and name.
    pub fn crates(&self) -> impl Iterator<Item = Result<CrateView<'_>, SnapshotError>> {
        (0..self.crate_count()).map(|id| self.crate_at(id))
    }

    /// The crate `name` of a registry, which is named by its place among the sources.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Record`].
    pub fn crate_named(&self, registry: u32, name: &str) -> Result<Option<CrateView<'_>>, SnapshotError> {
        let (mut low, mut high) = (0, self.crate_count());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.crate_key(middle)?.cmp(&(registry, name)) {
                Ordering::Equal => return self.crate_at(middle).map(Some),
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
            }
        }
        Ok(None)
    }

    /// The packages of which something is known.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Record`].
    pub fn packages(&self) -> Result<Vec<PackageRecord<'_>>, SnapshotError> {
        let mut packages = Vec::new();
        for id in 0..self.all(Section::Packages).count {
            let package = self.package(id)?;
            if package.birth != Birth::Unread || package.asked.is_some() {
                packages.push(package);
            }
        }
        Ok(packages)
    }

    /// What could not be understood in the sources.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Record`].
    pub fn problems(&self) -> Result<Vec<ProblemRecord<'_>>, SnapshotError> {
        self.rows(self.all(Section::Problems))?
            .map(|row: Result<ProblemRow, _>| {
                let row = row?;
                Ok(ProblemRecord {
                    source: row.source,
                    place: self.text(row.place)?,
                    line: row.line,
                    because: self.text(row.because)?,
                })
            })
            .collect()
    }

    /// The names that others may be taken for.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Record`].
    pub fn known(&self) -> Result<Vec<KnownRecord<'_>>, SnapshotError> {
        self.rows(self.all(Section::Known))?
            .map(|row: Result<KnownRow, _>| {
                let KnownRow { name, born, clusters, kin } = row?;
                Ok(KnownRecord { name: self.text(name)?, born, clusters, kin: self.words(kin)? })
            })
            .collect()
    }

    /// Who is bound to accounts of the registry.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Record`].
    pub fn enrolled(&self) -> Result<Vec<EnrolledRecord<'_>>, SnapshotError> {
        let rows = self.rows::<EnrolledRow>(self.all(Section::Enrolled))?;
        let record = |row: Result<EnrolledRow, _>| {
            let EnrolledRow { feed, identity } = row?;
            Ok(EnrolledRecord { feed: self.text(feed)?, identity: self.identity(identity)? })
        };
        rows.map(record).collect()
    }

    /// Since when each statement of a feed is known.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Record`].
    pub fn seen(&self) -> Result<Vec<SeenRecord>, SnapshotError> {
        let row = |row: Result<SeenRow, _>| row.map(|SeenRow { id, known }| SeenRecord { id, known });
        self.rows(self.all(Section::Seen))?.map(row).collect()
    }

    /// All that it holds, decoded.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Record`].
    pub fn contents(&self) -> Result<Contents<'_>, SnapshotError> {
        Ok(Contents {
            sources: self.sources()?,
            crates: self.crates().map(|view| view?.record()).collect::<Result<_, _>>()?,
            packages: self.packages()?,
            problems: self.problems()?,
            known: self.known()?,
            seen: self.seen()?,
            enrolled: self.enrolled()?,
        })
    }

    fn crate_at(&self, id: Id) -> Result<CrateView<'_>, SnapshotError> {
        let row: CrateRow = self.row(id)?;
        Ok(CrateView { snapshot: self, id, name: self.text(row.name)?, row })
    }

    /// Registry and name of a crate: the first two fields of its row, and all that a search looks at.
    fn crate_key(&self, id: Id) -> Result<(u32, &str), SnapshotError> {
        let damaged = SnapshotError::Record { section: Section::Crates, number: id };
        let mut row = self.slice::<CrateRow>(Run { first: id, count: 1 }).ok_or(damaged)?;
        let registry = u32::take(&mut row).ok_or(damaged)?;
        let name = Text::take(&mut row).ok_or(damaged)?;
        Ok((registry, self.text(name)?))
    }

    fn all(&self, section: Section) -> Run {
        Run { first: 0, count: self.sections[section as usize].1 }
    }

    fn row<R: Row>(&self, id: Id) -> Result<R, SnapshotError> {
        self.slice::<R>(Run { first: id, count: 1 })
            .and_then(|mut bytes| R::take(&mut bytes))
            .ok_or(SnapshotError::Record { section: R::SECTION, number: id })
    }

    fn rows<R: Row>(
        &self,
        run: Run,
    ) -> Result<impl ExactSizeIterator<Item = Result<R, SnapshotError>> + use<'_, R>, SnapshotError> {
        let bytes =
            self.slice::<R>(run).ok_or(SnapshotError::Record { section: R::SECTION, number: run.first })?;
        Ok(bytes.chunks_exact(R::BYTES).enumerate().map(move |(n, mut bytes)| {
            R::take(&mut bytes).ok_or_else(|| SnapshotError::Record {
                section: R::SECTION,
                number: run.first.saturating_add(u32::try_from(n).unwrap_or(u32::MAX)),
            })
        }))
    }

    /// The bytes of neighbouring records, if the section has so many.
    fn slice<R: Row>(&self, run: Run) -> Option<&[u8]> {
        let (start, count) = self.sections[R::SECTION as usize];
        run.first.checked_add(run.count).filter(|end| *end <= count)?;
        let first = start + usize::try_from(run.first).ok()? * R::BYTES;
        self.records.get(first..first + usize::try_from(run.count).ok()? * R::BYTES)
    }

    fn text(&self, place: Text) -> Result<&str, SnapshotError> {
        let ends = usize::try_from(place.start).ok().zip(usize::try_from(place.length).ok());
        ends.and_then(|(start, length)| self.text.get(start..start.checked_add(length)?))
            .ok_or(SnapshotError::Record { section: Section::Text, number: place.start })
    }

    fn package(&self, id: Id) -> Result<PackageRecord<'_>, SnapshotError> {
        let PackageRow { registry, name, birth, asked } = self.row(id)?;
        Ok(PackageRecord { registry, name: self.text(name)?, birth, asked })
    }

    fn version(&self, id: Id) -> Result<Version, SnapshotError> {
        let row: VersionRow = self.row(id)?;
        match row.text {
            None => Ok(Version::new(row.major.into(), row.minor.into(), row.patch.into())),
            Some(text) => Version::parse(self.text(text)?)
                .map_err(|_| SnapshotError::Record { section: Section::Versions, number: id }),
        }
    }

    fn words(&self, run: Run) -> Result<Vec<&str>, SnapshotError> {
        self.rows::<WordRow>(run)?.map(|row| self.text(row?.text)).collect()
    }

    fn ranges(&self, run: Run) -> Result<Vec<Range>, SnapshotError> {
        let end = |end| {
            Ok(match end {
                End::Unbounded => Bound::Unbounded,
                End::Inclusive(version) => Bound::Inclusive(self.version(version)?),
                End::Exclusive(version) => Bound::Exclusive(self.version(version)?),
            })
        };
        self.rows::<RangeRow>(run)?
            .map(|row| {
                let row = row?;
                Ok(Range { lower: end(row.lower)?, upper: end(row.upper)? })
            })
            .collect()
    }

    fn identity(&self, id: Id) -> Result<Identity<'_>, SnapshotError> {
        let IdentityRow { principal, organisation, accounts, key } = self.row(id)?;
        Ok(Identity {
            principal: self.text(principal)?,
            organisation: organisation.map(|name| self.text(name)).transpose()?,
            key: key.map(|key| self.text(key)).transpose()?,
            accounts: self
                .rows::<AccountRow>(accounts)?
                .map(|row| row.map(|row| row.account))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Exactly one of an account and a CI is named.
    fn publisher(
        &self,
        user: Option<u64>,
        ci: Option<Text>,
        damaged: SnapshotError,
    ) -> Result<Publisher<'_>, SnapshotError> {
        match (user, ci) {
            (Some(user), None) => Ok(Publisher::User(user)),
            (None, Some(ci)) => Ok(Publisher::Ci(self.text(ci)?)),
            _ => Err(damaged),
        }
    }
}

/// One crate of a snapshot; nothing of it is decoded before it is asked for.
#[derive(Debug, Clone, Copy)]
pub struct CrateView<'a> {
    snapshot: &'a Snapshot,
    id: Id,
    name: &'a str,
    row: CrateRow,
}

impl<'a> CrateView<'a> {
    /// Its registry, by its place among the sources.
    pub fn registry(&self) -> u32 {
        self.row.registry
    }

    /// Its name.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Its index file when it was last read.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Record`].
    pub fn index(&self) -> Result<IndexRecord<'a>, SnapshotError> {
        Ok(IndexRecord {
            presence: self.row.presence,
            checked: self.row.checked,
            validator: self.row.validator.map(|id| self.snapshot.text(id)).transpose()?,
            digest: self.row.digest,
        })
    }

    /// How many releases its index file showed.
    pub fn release_count(&self) -> u32 {
        self.row.releases.count
    }

    /// How many advisories, audit records, windows and statements there are on it.
    pub fn evidence_counts(&self) -> [usize; 4] {
        let CrateRow { advisories, audits, windows, statements, .. } = self.row;
        [advisories, audits, windows, statements].map(|run| run.count.try_into().unwrap_or(0))
    }

    /// What was known of it at `now`: releases published later, and advisories, audits and windows first known
    /// later, are left out; so are publish times where `times` says that they are not to be believed, and no
    /// release is then too late. `birth` says since when a package is there, given what is kept of it.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Record`].
    pub fn facts(
        &self,
        now: Time,
        times: PublishTimes,
        birth: impl Fn(&PackageRecord<'a>) -> Birth,
    ) -> Result<CrateFacts<'a>, SnapshotError> {
        let name: CrateName = self.name.parse().map_err(|_| self.damaged())?;
        let lists = self.lists(|of: DependencyRow| {
            let package = self.snapshot.package(of.package)?;
            Ok(Dependency {
                package: package.name,
                requirement: self.snapshot.text(of.requirement)?,
                kind: of.kind,
                optional: of.optional,
                birth: birth(&package),
            })
        })?;
        let publishers = self.publishers()?;
        let mut voices = Voices::default();
        let rows = self.snapshot.rows::<ReleaseRow>(self.row.releases)?;
        let mut releases = Vec::with_capacity(rows.len());
        for row in rows {
            let row = row?;
            let published = row.published.filter(|_| times == PublishTimes::Trusted);
            if published.is_some_and(|published| published > now) {
                continue;
            }
            let version = self.snapshot.version(row.version)?;
            let publisher = publisher_of(&publishers, &version, &row.digest);
            let voices = match published {
                Some(published) if published > now - QUORUM_LASTS => {
                    voices.of(self, &version, || self.snapshot.enrolled())?
                }
                _ => None,
            };
            releases.push(ReleaseFacts {
                dependencies: self.list(&lists, row.list)?,
                version,
                digest: row.digest,
                published,
                yanked: row.yanked,
                sighting: None,
                publisher,
                voices,
            });
        }
        let advisories = self.advisories_at(now)?;
        let mut audits = self.audits()?;
        audits.retain(|of| of.audit.known <= now);
        let mut windows = self.windows()?;
        windows.retain(|of| of.known <= now);
        let mut statements = self.statements()?;
        statements.retain(|of| of.known <= now);
        Ok(CrateFacts {
            name,
            releases,
            gone: Vec::new(),
            advisories,
            audits: audits.into_iter().map(|of| of.audit).collect(),
            windows: windows.into_iter().map(|of| of.window).collect(),
            journalled: false,
            owners: self.owners()?,
            statements,
            publishers_told: self.row.publishers_told,
        })
    }

    /// The advisories on it that were known at `now`, as they were then.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Record`].
    pub fn advisories_at(&self, now: Time) -> Result<Vec<Advisory<'a>>, SnapshotError> {
        let mut advisories = self.advisories()?;
        advisories.retain(|advisory| advisory.known <= now);
        for advisory in &mut advisories {
            advisory.withdrawn = advisory.withdrawn.filter(|end| *end <= now);
        }
        Ok(advisories)
    }

    /// All that the snapshot holds of it, as it can be written again.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Record`].
    pub fn record(&self) -> Result<CrateRecord<'a>, SnapshotError> {
        Ok(CrateRecord {
            registry: self.row.registry,
            name: self.name,
            index: self.index()?,
            releases: self.releases()?,
            advisories: self.advisories()?,
            audits: self.audits()?,
            windows: self.windows()?,
            publishers: self.publishers()?,
            publishers_told: self.row.publishers_told,
            statements: self.statements()?,
            owners: self.owners()?,
            classes: self.classes()?,
        })
    }

    /// Its releases, in version order.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Record`].
    pub fn releases(&self) -> Result<Vec<ReleaseRecord<'a>>, SnapshotError> {
        let lists = self.lists(|of: DependencyRow| {
            let package = self.snapshot.package(of.package)?;
            Ok(DependencyRecord {
                registry: package.registry,
                package: package.name,
                requirement: self.snapshot.text(of.requirement)?,
                kind: of.kind,
                optional: of.optional,
            })
        })?;
        self.snapshot
            .rows::<ReleaseRow>(self.row.releases)?
            .map(|row| {
                let row = row?;
                Ok(ReleaseRecord {
                    version: self.snapshot.version(row.version)?,
                    digest: row.digest,
                    published: row.published,
                    yanked: row.yanked,
                    dependencies: self.list(&lists, row.list)?,
                })
            })
            .collect()
    }

    /// The advisories on it, whenever they became known.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Record`].
    pub fn advisories(&self) -> Result<Vec<Advisory<'a>>, SnapshotError> {
        self.snapshot
            .rows::<AdvisoryRow>(self.row.advisories)?
            .map(|row| {
                let row = row?;
                Ok(Advisory {
                    id: self.snapshot.text(row.id)?,
                    kind: row.kind,
                    known: row.known,
                    patched: self.snapshot.ranges(row.patched)?,
                    unaffected: self.snapshot.ranges(row.unaffected)?,
                    withdrawn: row.withdrawn,
                    title: self.snapshot.text(row.title)?,
                    aliases: self.snapshot.words(row.aliases)?,
                })
            })
            .collect()
    }

    /// The audit records on it, whenever they became known.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Record`].
    pub fn audits(&self) -> Result<Vec<AuditRecord<'a>>, SnapshotError> {
        self.snapshot
            .rows::<AuditRow>(self.row.audits)?
            .zip(self.row.audits.first..)
            .map(|(row, number)| {
                let row = row?;
                let damaged = SnapshotError::Record { section: Section::Audits, number };
                let signed: Option<SignedRow> = row.signed.map(|id| self.snapshot.row(id)).transpose()?;
                let audit = Audit {
                    feed: row.feed.map(|feed| self.snapshot.text(feed)).transpose()?,
                    origin: self.snapshot.text(row.origin)?,
                    who: self.snapshot.words(row.who)?,
                    known: row.known,
                    claim: self.claim(&row, damaged)?,
                    criteria: self.snapshot.words(row.criteria)?,
                    signer: signed.map(|of| self.snapshot.identity(of.signer)).transpose()?,
                    digest: signed.map(|of| of.digest),
                    from_digest: signed.and_then(|of| of.from_digest),
                    until: signed.and_then(|of| of.until),
                };
                Ok(AuditRecord { audit, contents: self.snapshot.words(row.contents)? })
            })
            .collect()
    }

    /// The windows on it, whenever they became known.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Record`].
    pub fn windows(&self) -> Result<Vec<WindowRecord<'a>>, SnapshotError> {
        self.snapshot
            .rows::<WindowRow>(self.row.windows)?
            .zip(self.row.windows.first..)
            .map(|(row, number)| {
                let row = row?;
                let damaged = SnapshotError::Record { section: Section::Windows, number };
                let window = Window {
                    origin: self.snapshot.text(row.origin)?,
                    publisher: self.snapshot.publisher(row.user, row.ci, damaged)?,
                    start: row.start,
                    end: row.end,
                    criteria: self.snapshot.words(row.criteria)?,
                };
                Ok(WindowRecord { window, known: row.known })
            })
            .collect()
    }

    /// Who published which version, in version order.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Record`].
    pub fn publishers(&self) -> Result<Vec<PublisherRecord<'a>>, SnapshotError> {
        self.snapshot
            .rows::<PublisherRow>(self.row.publishers)?
            .zip(self.row.publishers.first..)
            .map(|(row, number)| {
                let row = row?;
                let damaged = SnapshotError::Record { section: Section::Publishers, number };
                Ok(PublisherRecord {
                    version: self.snapshot.version(row.version)?,
                    digest: row.digest,
                    publisher: self.snapshot.publisher(row.user, row.ci, damaged)?,
                })
            })
            .collect()
    }

    /// Whether its publishers are those of all of its releases, as far as a publisher was ever told.
    pub fn publishers_told(&self) -> bool {
        self.row.publishers_told
    }

    /// What was signed of its releases, but audits, whenever it became known.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Record`].
    pub fn statements(&self) -> Result<Vec<Statement<'a>>, SnapshotError> {
        self.snapshot
            .rows::<StatementRow>(self.row.statements)?
            .map(|row| {
                let row = row?;
                Ok(Statement {
                    signer: self.snapshot.identity(row.signer)?,
                    feed: self.snapshot.text(row.feed)?,
                    version: self.snapshot.version(row.version)?,
                    digest: row.digest,
                    known: row.known,
                    until: row.until,
                    says: row.says,
                    reader: row.reader,
                    is_reviewer: row.is_reviewer,
                    is_believed: row.is_believed,
                    comment: self.snapshot.text(row.comment)?,
                })
            })
            .collect()
    }

    /// Who is eligible for the quorums of its releases, by caret class.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Record`].
    pub fn classes(&self) -> Result<Vec<ClassRecord<'a>>, SnapshotError> {
        self.snapshot
            .rows::<ClassRow>(self.row.classes)?
            .map(|row| {
                let row = row?;
                let voices = self.snapshot.rows::<VoiceRow>(row.voices)?.map(|row| self.voice(row?));
                Ok(ClassRecord {
                    newest: self.snapshot.version(row.newest)?,
                    voices: voices.collect::<Result<_, _>>()?,
                })
            })
            .collect()
    }

    fn voice(&self, row: VoiceRow) -> Result<VoiceRecord<'a>, SnapshotError> {
        let MaintainerRow { cluster, account, name, organisation } = self.snapshot.row(row.maintainer)?;
        Ok(VoiceRecord {
            cluster,
            account,
            name: self.snapshot.text(name)?,
            organisation: organisation.map(|name| self.snapshot.text(name)).transpose()?,
            reach: row.reach,
        })
    }

    /// Whether somebody told who owns it.
    pub fn owners_told(&self) -> bool {
        self.row.owners_told
    }

    /// Who owns it or did; none where nobody told.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Record`].
    pub fn owners(&self) -> Result<Option<Vec<Owner<'a>>>, SnapshotError> {
        let owner = |row: Result<OwnerRow, _>| {
            let OwnerRow { account, since, until, organisation } = row?;
            let organisation = organisation.map(|name| self.snapshot.text(name)).transpose()?;
            Ok(Owner { account, since, until, organisation })
        };
        let owners = self.snapshot.rows::<OwnerRow>(self.row.owners)?;
        self.row.owners_told.then(|| owners.map(owner).collect()).transpose()
    }

    /// The distinct dependency lists of this crate, each decoded once.
    fn lists<T: Copy>(
        &self,
        decode: impl Fn(DependencyRow) -> Result<T, SnapshotError>,
    ) -> Result<Vec<Arc<[T]>>, SnapshotError> {
        // The lists of a crate mostly repeat each other, so what was decoded a moment ago is kept at hand.
        const AT_HAND: usize = 64;
        let mut recent: [Option<(Id, T)>; AT_HAND] = [None; AT_HAND];
        let mut list = Vec::new();
        let rows = self.snapshot.rows::<ListRow>(self.row.lists)?;
        let mut lists = Vec::with_capacity(rows.len());
        for row in rows {
            list.clear();
            for entry in self.snapshot.rows::<EntryRow>(row?.entries)? {
                let id = entry?.dependency;
                let slot = &mut recent[id as usize % AT_HAND];
                let dependency = match slot {
                    Some((known, dependency)) if *known == id => *dependency,
                    _ => slot.insert((id, decode(self.snapshot.row(id)?)?)).1,
                };
                list.push(dependency);
            }
            lists.push(Arc::from(list.as_slice()));
        }
        Ok(lists)
    }

    fn list<T>(&self, lists: &[Arc<[T]>], number: u32) -> Result<Arc<[T]>, SnapshotError> {
        let place = usize::try_from(number).unwrap_or(usize::MAX);
        lists.get(place).cloned().ok_or_else(|| self.damaged())
    }

    fn claim(&self, row: &AuditRow, damaged: SnapshotError) -> Result<Claim, SnapshotError> {
        let audited = |version, git: Option<Text>| {
            let git = git.map(|id| self.snapshot.text(id)).transpose()?.map(Into::into);
            Ok(AuditedVersion { version: self.snapshot.version(version)?, git })
        };
        match (row.from, row.to, row.requirement, row.remark) {
            (None, Some(to), None, None) => Ok(Claim::Full(audited(to, row.to_git)?)),
            (None, Some(to), None, Some(remark)) => Ok(Claim::Remark(audited(to, row.to_git)?, remark)),
            (Some(from), Some(to), None, None) => {
                Ok(Claim::Delta { from: audited(from, row.from_git)?, to: audited(to, row.to_git)? })
            }
            (None, None, Some(requirement), None) => {
                let requirement = VersionReq::parse(self.snapshot.text(requirement)?).map_err(|_| damaged)?;
                Ok(Claim::Violation(requirement))
            }
            _ => Err(damaged),
        }
    }

    /// The error that blames this crate's own record.
    fn damaged(&self) -> SnapshotError {
        SnapshotError::Record { section: Section::Crates, number: self.id }
    }
}

/// For how long after its publication a release may wait for a quorum. Who is eligible is many people for a crate that many
/// use, and is told of nothing older.
pub(crate) const QUORUM_LASTS: Span = Span::days(90);

/// The maintainers that are eligible, by caret class, each told once.
#[derive(Default)]
pub(crate) struct Voices<'a> {
    told: Option<(Vec<ClassRecord<'a>>, Vec<EnrolledRecord<'a>>)>,
    classes: BTreeMap<CaretClass, Arc<[Maintainer<'a>]>>,
}

impl<'a> Voices<'a> {
    /// Those for a release: of its class as the graph has it, whether or not the graph has the release.
    pub(crate) fn of(
        &mut self,
        view: &CrateView<'a>,
        version: &Version,
        enrolled: impl FnOnce() -> Result<Vec<EnrolledRecord<'a>>, SnapshotError>,
    ) -> Result<Option<Arc<[Maintainer<'a>]>>, SnapshotError> {
        if view.row.classes.count == 0 || !version.pre.is_empty() {
            return Ok(None);
        }
        let class = CaretClass::of(version);
        if let Some(known) = self.classes.get(&class) {
            return Ok(Some(Arc::clone(known)));
        }
        let (classes, enrolled) = match &self.told {
            Some(told) => told,
            None => self.told.insert((view.classes()?, enrolled()?)),
        };
        let Some(record) = classes.iter().find(|of| CaretClass::of(&of.newest) == class) else {
            return Ok(None);
        };
        let maintainers: Arc<[Maintainer<'a>]> =
            record.voices.iter().map(|voice| maintainer(voice, enrolled)).collect();
        self.classes.insert(class, Arc::clone(&maintainers));
        Ok(Some(maintainers))
    }
}

fn maintainer<'a>(voice: &VoiceRecord<'a>, enrolled: &[EnrolledRecord<'a>]) -> Maintainer<'a> {
    let bound = enrolled.iter().find(|of| of.identity.accounts.contains(&voice.account));
    let signer = bound.map(|bound| &bound.identity);
    Maintainer {
        cluster: Cluster(voice.cluster),
        reach: voice.reach,
        name: voice.name,
        accounts: vec![voice.account],
        organisation: voice.organisation.or(signer.and_then(|signer| signer.organisation)),
        signer: signer.map(|signer| signer.principal),
        feed: bound.map(|bound| bound.feed),
    }
}

/// Who published a release, as far as all agree who tell: one that tells the repository of a CI tells more than one that
/// does not.
pub(crate) fn publisher_of<'a>(
    records: &[PublisherRecord<'a>],
    version: &Version,
    digest: &Digest,
) -> Option<Publisher<'a>> {
    let start = records.partition_point(|record| record.version < *version);
    let own = records[start..].iter().take_while(|record| record.version == *version);
    let mut told: Option<Publisher<'a>> = None;
    for record in own.filter(|record| record.digest.is_none_or(|of| of == *digest)) {
        let both = told.map_or(Some(record.publisher), |told| agreed(told, record.publisher));
        told = Some(both?);
    }
    told
}

/// The publisher that two sources tell, if they do not contradict each other.
fn agreed<'a>(one: Publisher<'a>, other: Publisher<'a>) -> Option<Publisher<'a>> {
    match (one, other) {
        (Publisher::UNKNOWN_CI, Publisher::Ci(name)) | (Publisher::Ci(name), Publisher::UNKNOWN_CI) => {
            Some(Publisher::Ci(name))
        }
        _ => (one == other).then_some(one),
    }
}
