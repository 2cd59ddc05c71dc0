//! Writing: [`Contents`] to bytes. Every text, version, dependency, list and range is written once and named by
//! number afterwards.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use fence_model::Time;
use fence_model::facts::{Account, Audit, AuditedVersion, Birth, Bound, Claim, Identity, Publisher, Range};
use semver::Version;
use xxhash_rust::xxh3::xxh3_64;

use super::format::{
    AccountRow, AdvisoryRow, AuditRow, CHECKSUM_AT, COUNTS_AT, ClassRow, CrateRow, DependencyRow, End,
    EnrolledRow, EntryRow, FORMAT, Field, HEADER_BYTES, Id, IdentityRow, KnownRow, ListRow, MAGIC,
    MaintainerRow, OwnerRow, PackageRow, ProblemRow, PublisherRow, RangeRow, ReleaseRow, Row, Run, Section,
    SeenRow, SignedRow, SourceRow, StatementRow, Text, VersionRow, VoiceRow, WindowRow, WordRow,
};
use super::{
    AuditRecord, Contents, CrateRecord, DependencyRecord, EnrolledRecord, KnownRecord, ReleaseRecord,
    SeenRecord, Snapshot, SnapshotError, VoiceRecord, WriteError,
};

/// The bytes of a snapshot that holds `contents`. Equal contents give equal bytes, in whatever order the crates
/// and their releases come.
///
/// # Errors
///
/// [`WriteError::TooMany`] where a section would outgrow its numbers, [`WriteError::Twice`] where two records are
/// about one crate.
pub fn write(contents: &Contents<'_>) -> Result<Vec<u8>, WriteError> {
    let mut writer = Writer::default();
    for source in &contents.sources {
        let row = SourceRow {
            kind: source.kind,
            name: writer.text(source.name)?,
            settings: writer.text(source.settings)?,
            identity: writer.text(source.identity)?,
            as_of: source.as_of,
            read: source.read,
        };
        writer.push(&row)?;
    }
    let mut packages: Vec<_> = contents.packages.iter().collect();
    packages.sort_by_key(|package| (package.registry, package.name));
    for package in packages {
        let name = writer.text(package.name)?;
        let (registry, birth, asked) = (package.registry, package.birth, package.asked);
        let id = writer.push(&PackageRow { registry, name, birth, asked })?;
        writer.packages.insert((registry, name), id);
    }
    let mut crates: Vec<_> = contents.crates.iter().collect();
    crates.sort_by_key(|record| (record.registry, record.name));
    if let Some(pair) = crates.windows(2).find(|w| (w[0].registry, w[0].name) == (w[1].registry, w[1].name)) {
        return Err(WriteError::Twice { name: pair[0].name.to_owned() });
    }
    for record in crates {
        let row = writer.crate_row(record)?;
        writer.push(&row)?;
    }
    for problem in &contents.problems {
        let row = ProblemRow {
            source: problem.source,
            place: writer.text(problem.place)?,
            line: problem.line,
            because: writer.text(problem.because)?,
        };
        writer.push(&row)?;
    }
    let mut seen: Vec<_> = contents.seen.iter().collect();
    seen.sort_unstable();
    for SeenRecord { id, known } in seen {
        writer.push(&SeenRow { id: *id, known: *known })?;
    }
    for EnrolledRecord { feed, identity } in &contents.enrolled {
        let row = EnrolledRow { feed: writer.text(feed)?, identity: writer.identity(identity)? };
        writer.push(&row)?;
    }
    for KnownRecord { name, born, clusters, kin } in &contents.known {
        let (name, kin) = (writer.text(name)?, writer.words(kin)?);
        writer.push(&KnownRow { name, born: *born, clusters: *clusters, kin })?;
    }
    Ok(writer.finish())
}

/// The bytes of a snapshot that was read again now, with nothing new: only when its sources were read is another. It need
/// not be decoded for that.
///
/// # Errors
///
/// [`SnapshotError::Record`]: the snapshot is to be made again.
pub(crate) fn read_again(snapshot: &Snapshot, read: Time) -> Result<Vec<u8>, SnapshotError> {
    let mut out = snapshot.bytes();
    let mut rows = Vec::new();
    for row in snapshot.source_rows()? {
        SourceRow { read: Some(read), ..row }.put(&mut rows);
    }
    // They are the first section.
    out[HEADER_BYTES..HEADER_BYTES + rows.len()].copy_from_slice(&rows);
    seal(&mut out);
    Ok(out)
}

/// Writes the checksum of what follows it.
fn seal(out: &mut [u8]) {
    let checksum = xxh3_64(&out[COUNTS_AT..]);
    out[CHECKSUM_AT..COUNTS_AT].copy_from_slice(&checksum.to_le_bytes());
}

/// What has been written so far, section by section, and under which numbers.
#[derive(Default)]
struct Writer<'a> {
    sections: [Vec<u8>; Section::ALL.len()],
    counts: [u32; Section::ALL.len()],
    texts: HashMap<Box<str>, Text>,
    versions: HashMap<Version, Id>,
    packages: HashMap<(u32, Text), Id>,
    dependencies: HashMap<DependencyRecord<'a>, Id>,
    words: HashMap<Vec<Text>, Run>,
    identities: BTreeMap<Identity<'a>, Id>,
    maintainers: HashMap<(u32, Account), Id>,
}

impl<'a> Writer<'a> {
    fn push<R: Row>(&mut self, row: &R) -> Result<Id, WriteError> {
        let section = R::SECTION as usize;
        let id = self.counts[section];
        // The last number stands for "none".
        self.counts[section] =
            id.checked_add(1).filter(|n| *n < u32::MAX).ok_or(WriteError::TooMany { section: R::SECTION })?;
        row.put(&mut self.sections[section]);
        Ok(id)
    }

    fn run<R: Row>(&mut self, rows: impl IntoIterator<Item = R>) -> Result<Run, WriteError> {
        let first = self.counts[R::SECTION as usize];
        let mut count = 0;
        for row in rows {
            self.push(&row)?;
            count += 1;
        }
        Ok(Run { first, count })
    }

    fn text(&mut self, text: &str) -> Result<Text, WriteError> {
        if let Some(&id) = self.texts.get(text) {
            return Ok(id);
        }
        let all = &mut self.sections[Section::Text as usize];
        let too_many = WriteError::TooMany { section: Section::Text };
        let (start, end) = (u32::try_from(all.len()), u32::try_from(all.len().saturating_add(text.len())));
        let (Ok(start), Ok(end)) = (start, end) else { return Err(too_many) };
        // The last number stands for "none".
        if end == u32::MAX {
            return Err(too_many);
        }
        all.extend_from_slice(text.as_bytes());
        self.counts[Section::Text as usize] = end;
        let place = Text { start, length: end - start };
        self.texts.insert(text.into(), place);
        Ok(place)
    }

    fn words(&mut self, words: &[&str]) -> Result<Run, WriteError> {
        let ids = words.iter().map(|word| self.text(word)).collect::<Result<Vec<_>, _>>()?;
        if let Some(&run) = self.words.get(&ids) {
            return Ok(run);
        }
        let run = self.run(ids.iter().map(|&text| WordRow { text }))?;
        self.words.insert(ids, run);
        Ok(run)
    }

    fn version(&mut self, version: &Version) -> Result<Id, WriteError> {
        if let Some(&id) = self.versions.get(version) {
            return Ok(id);
        }
        let small = |number: u64| u32::try_from(number).ok();
        let row = match (small(version.major), small(version.minor), small(version.patch)) {
            (Some(major), Some(minor), Some(patch)) if version.pre.is_empty() && version.build.is_empty() => {
                VersionRow { major, minor, patch, text: None }
            }
            _ => VersionRow { major: 0, minor: 0, patch: 0, text: Some(self.text(&version.to_string())?) },
        };
        let id = self.push(&row)?;
        self.versions.insert(version.clone(), id);
        Ok(id)
    }

    fn crate_row(&mut self, record: &CrateRecord<'a>) -> Result<CrateRow, WriteError> {
        let (releases, lists) = self.releases(&record.releases)?;
        Ok(CrateRow {
            registry: record.registry,
            name: self.text(record.name)?,
            presence: record.index.presence,
            checked: record.index.checked,
            validator: record.index.validator.map(|text| self.text(text)).transpose()?,
            digest: record.index.digest,
            releases,
            lists,
            advisories: self.advisories(record)?,
            audits: self.audits(record)?,
            windows: self.windows(record)?,
            publishers: self.publishers(record)?,
            statements: self.statements(record)?,
            owners: self.owners(record)?,
            classes: self.classes(record)?,
            owners_told: record.owners.is_some(),
            publishers_told: record.publishers_told,
        })
    }

    /// The releases of one crate, in version order, and their distinct dependency lists.
    fn releases(&mut self, releases: &[ReleaseRecord<'a>]) -> Result<(Run, Run), WriteError> {
        let mut sorted: Vec<_> = releases.iter().collect();
        sorted.sort_by(|a, b| {
            let rest = |r: &ReleaseRecord<'a>| (r.digest, r.published, r.yanked);
            a.version
                .cmp(&b.version)
                .then_with(|| rest(a).cmp(&rest(b)))
                .then_with(|| a.dependencies.cmp(&b.dependencies))
        });
        let mut lists: Vec<Run> = Vec::new();
        let mut written: HashMap<Vec<Id>, u32> = HashMap::new();
        // Releases mostly share the list of a neighbour: then its elements need no second look.
        let mut shared: HashMap<*const DependencyRecord<'a>, u32> = HashMap::new();
        let mut rows = Vec::with_capacity(sorted.len());
        for release in sorted {
            let place = Arc::as_ptr(&release.dependencies).cast();
            let list = match shared.get(&place).filter(|_| !release.dependencies.is_empty()) {
                Some(&list) => list,
                None => {
                    let ids = self.dependencies(&release.dependencies)?;
                    let list = match written.get(&ids) {
                        Some(&list) => list,
                        None => {
                            let run = self.run(ids.iter().map(|&dependency| EntryRow { dependency }))?;
                            let list = u32::try_from(lists.len())
                                .map_err(|_| WriteError::TooMany { section: Section::Lists })?;
                            lists.push(run);
                            written.insert(ids, list);
                            list
                        }
                    };
                    shared.insert(place, list);
                    list
                }
            };
            rows.push(ReleaseRow {
                version: self.version(&release.version)?,
                list,
                published: release.published,
                yanked: release.yanked,
                digest: release.digest,
            });
        }
        Ok((self.run(rows)?, self.run(lists.into_iter().map(|entries| ListRow { entries }))?))
    }

    fn dependencies(&mut self, list: &[DependencyRecord<'a>]) -> Result<Vec<Id>, WriteError> {
        list.iter()
            .map(|dependency| match self.dependencies.get(dependency) {
                Some(&id) => Ok(id),
                None => {
                    let row = DependencyRow {
                        package: self.package(dependency.registry, dependency.package)?,
                        requirement: self.text(dependency.requirement)?,
                        kind: dependency.kind,
                        optional: dependency.optional,
                    };
                    let id = self.push(&row)?;
                    self.dependencies.insert(*dependency, id);
                    Ok(id)
                }
            })
            .collect()
    }

    fn package(&mut self, registry: u32, name: &str) -> Result<Id, WriteError> {
        let name = self.text(name)?;
        if let Some(&id) = self.packages.get(&(registry, name)) {
            return Ok(id);
        }
        let id = self.push(&PackageRow { registry, name, birth: Birth::Unread, asked: None })?;
        self.packages.insert((registry, name), id);
        Ok(id)
    }

    fn advisories(&mut self, record: &CrateRecord<'a>) -> Result<Run, WriteError> {
        let mut rows = Vec::with_capacity(record.advisories.len());
        for advisory in &record.advisories {
            rows.push(AdvisoryRow {
                id: self.text(advisory.id)?,
                title: self.text(advisory.title)?,
                kind: advisory.kind,
                known: advisory.known,
                withdrawn: advisory.withdrawn,
                patched: self.ranges(&advisory.patched)?,
                unaffected: self.ranges(&advisory.unaffected)?,
                aliases: self.words(&advisory.aliases)?,
            });
        }
        self.run(rows)
    }

    fn ranges(&mut self, ranges: &[Range]) -> Result<Run, WriteError> {
        let rows = ranges
            .iter()
            .map(|range| Ok(RangeRow { lower: self.end(&range.lower)?, upper: self.end(&range.upper)? }))
            .collect::<Result<Vec<_>, _>>()?;
        self.run(rows)
    }

    fn end(&mut self, bound: &Bound) -> Result<End, WriteError> {
        Ok(match bound {
            Bound::Unbounded => End::Unbounded,
            Bound::Inclusive(version) => End::Inclusive(self.version(version)?),
            Bound::Exclusive(version) => End::Exclusive(self.version(version)?),
        })
    }

    fn audits(&mut self, record: &CrateRecord<'a>) -> Result<Run, WriteError> {
        let mut rows = Vec::with_capacity(record.audits.len());
        for AuditRecord { audit, contents } in &record.audits {
            let mut row = AuditRow {
                feed: audit.feed.map(|feed| self.text(feed)).transpose()?,
                origin: self.text(audit.origin)?,
                who: self.words(&audit.who)?,
                criteria: self.words(&audit.criteria)?,
                known: audit.known,
                from: None,
                from_git: None,
                to: None,
                to_git: None,
                requirement: None,
                remark: None,
                contents: self.words(contents)?,
                signed: self.signed(audit)?,
            };
            match &audit.claim {
                Claim::Full(to) => (row.to, row.to_git) = self.audited(to)?,
                Claim::Delta { from, to } => {
                    (row.from, row.from_git) = self.audited(from)?;
                    (row.to, row.to_git) = self.audited(to)?;
                }
                Claim::Violation(requirement) => row.requirement = Some(self.text(&requirement.to_string())?),
                Claim::Remark(to, remark) => {
                    (row.to, row.to_git) = self.audited(to)?;
                    row.remark = Some(*remark);
                }
            }
            rows.push(row);
        }
        self.run(rows)
    }

    fn audited(&mut self, audited: &AuditedVersion) -> Result<(Option<Id>, Option<Text>), WriteError> {
        let git = audited.git.as_deref().map(|revision| self.text(revision)).transpose()?;
        Ok((Some(self.version(&audited.version)?), git))
    }

    fn windows(&mut self, record: &CrateRecord<'a>) -> Result<Run, WriteError> {
        let mut rows = Vec::with_capacity(record.windows.len());
        for of in &record.windows {
            let (user, ci) = self.publisher(of.window.publisher)?;
            rows.push(WindowRow {
                origin: self.text(of.window.origin)?,
                user,
                ci,
                start: of.window.start,
                end: of.window.end,
                known: of.known,
                criteria: self.words(&of.window.criteria)?,
            });
        }
        self.run(rows)
    }

    fn publishers(&mut self, record: &CrateRecord<'a>) -> Result<Run, WriteError> {
        let mut sorted: Vec<_> = record.publishers.iter().collect();
        sorted.sort_by(|a, b| (&a.version, a.publisher, a.digest).cmp(&(&b.version, b.publisher, b.digest)));
        let mut rows = Vec::with_capacity(sorted.len());
        for of in sorted {
            let (user, ci) = self.publisher(of.publisher)?;
            rows.push(PublisherRow { version: self.version(&of.version)?, digest: of.digest, user, ci });
        }
        self.run(rows)
    }

    /// What only statements have.
    fn signed(&mut self, audit: &Audit<'a>) -> Result<Option<Id>, WriteError> {
        let (Some(signer), Some(digest)) = (&audit.signer, audit.digest) else { return Ok(None) };
        let signer = self.identity(signer)?;
        let (from_digest, until) = (audit.from_digest, audit.until);
        self.push(&SignedRow { signer, digest, from_digest, until }).map(Some)
    }

    fn identity(&mut self, of: &Identity<'a>) -> Result<Id, WriteError> {
        if let Some(&id) = self.identities.get(of) {
            return Ok(id);
        }
        let row = IdentityRow {
            principal: self.text(of.principal)?,
            organisation: of.organisation.map(|name| self.text(name)).transpose()?,
            key: of.key.map(|key| self.text(key)).transpose()?,
            accounts: self.run(of.accounts.iter().map(|account| AccountRow { account: *account }))?,
        };
        let id = self.push(&row)?;
        self.identities.insert(of.clone(), id);
        Ok(id)
    }

    fn statements(&mut self, record: &CrateRecord<'a>) -> Result<Run, WriteError> {
        let mut rows = Vec::with_capacity(record.statements.len());
        for of in &record.statements {
            rows.push(StatementRow {
                signer: self.identity(&of.signer)?,
                feed: self.text(of.feed)?,
                version: self.version(&of.version)?,
                digest: of.digest,
                known: of.known,
                until: of.until,
                says: of.says,
                reader: of.reader,
                is_reviewer: of.is_reviewer,
                is_believed: of.is_believed,
                comment: self.text(of.comment)?,
            });
        }
        self.run(rows)
    }

    fn owners(&mut self, record: &CrateRecord<'a>) -> Result<Run, WriteError> {
        let mut rows = Vec::new();
        for of in record.owners.iter().flatten() {
            let organisation = of.organisation.map(|name| self.text(name)).transpose()?;
            rows.push(OwnerRow { account: of.account, since: of.since, until: of.until, organisation });
        }
        self.run(rows)
    }

    fn classes(&mut self, record: &CrateRecord<'a>) -> Result<Run, WriteError> {
        let mut rows = Vec::with_capacity(record.classes.len());
        for class in &record.classes {
            let mut voices = Vec::with_capacity(class.voices.len());
            for voice in class.voices.iter() {
                voices.push(VoiceRow { maintainer: self.maintainer(voice)?, reach: voice.reach });
            }
            rows.push(ClassRow { newest: self.version(&class.newest)?, voices: self.run(voices)? });
        }
        self.run(rows)
    }

    fn maintainer(&mut self, of: &VoiceRecord<'a>) -> Result<Id, WriteError> {
        let key = (of.cluster, of.account);
        if let Some(&id) = self.maintainers.get(&key) {
            return Ok(id);
        }
        let organisation = of.organisation.map(|name| self.text(name)).transpose()?;
        let name = self.text(of.name)?;
        let row = MaintainerRow { cluster: of.cluster, account: of.account, name, organisation };
        let id = self.push(&row)?;
        self.maintainers.insert(key, id);
        Ok(id)
    }

    fn publisher(&mut self, publisher: Publisher<'_>) -> Result<(Option<u64>, Option<Text>), WriteError> {
        Ok(match publisher {
            Publisher::User(user) => (Some(user), None),
            Publisher::Ci(name) => (None, Some(self.text(name)?)),
        })
    }

    fn finish(self) -> Vec<u8> {
        let Self { sections, counts, .. } = self;
        let length = HEADER_BYTES + sections.iter().map(Vec::len).sum::<usize>();
        let mut out = Vec::with_capacity(length);
        out.extend_from_slice(&MAGIC);
        FORMAT.put(&mut out);
        out.resize(COUNTS_AT, 0);
        for count in counts {
            count.put(&mut out);
        }
        // A section is freed as soon as it is copied.
        for section in sections {
            out.extend_from_slice(&section);
        }
        seal(&mut out);
        out
    }
}
