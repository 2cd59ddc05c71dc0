//! A database dump as facts: who published each release, who owns each crate, and who may speak for those who depend on it.
//!
//! ```text
//! Dump -> publishers, owners                         by crate
//!      -> index files -> Graph -+-> Weights -> voices by crate and caret class
//!         owners -> clusters ---+
//! ```
//!
//! The graph is that of [`FROZEN`] before the dump: no later than a day before the publication of any release that still
//! waits, so that nobody who came after it can speak for it. Voices are made for the newest release of each caret class, and
//! stand for those that follow it: whoever asks for one of a class will take the next.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use fence_evidence::dump::{Crate, Dump, Release};
use fence_model::facts::{Account, Owner};
use fence_model::quorum::{Cluster, Voice};
use fence_model::{CaretClass, CrateName, Span, Time};
use fence_registry::IndexFile;
use fence_registry::graph::{Builder, CrateId, Growth, Owners, Ownership, Tenure, Weights};
use fence_registry::index::{IndexDependency, IndexLine};
use semver::Version;

use crate::snapshot::{ClassRecord, CrateRecord, PublisherRecord, VoiceRecord};

/// How long before the dump the graph is: the ceiling of a usual policy, and a day.
const FROZEN: Span = Span::days(31);

/// What a dump says of each of its crates. `graph` is what was made of it, where somebody asks who depends on whom.
pub(super) fn crates(dump: &Dump, graph: Option<People>) -> Vec<CrateRecord<'_>> {
    dump.crates()
        .map(move |of| {
            let mut record = CrateRecord::new(0, of.name());
            record.owners = Some(of.owners().collect());
            record.publishers_told = true;
            let releases: Vec<(Version, Release<'_>)> = of.releases().filter_map(read).collect();
            record.publishers = releases
                .iter()
                .filter_map(|(version, release)| {
                    Some(PublisherRecord {
                        version: version.clone(),
                        digest: Some(release.digest()),
                        publisher: release.publisher()?,
                    })
                })
                .collect();
            if let Some(people) = &graph {
                record.classes = people.classes(dump, of.name(), &releases);
            }
            record
        })
        .collect()
}

/// A release whose version is one. Those of early years that are none are in no index either.
fn read(release: Release<'_>) -> Option<(Version, Release<'_>)> {
    Some((Version::parse(release.version()).ok()?, release))
}

/// Who stands behind whom.
pub(super) struct People {
    growth: Growth,
    weights: Weights,
    /// An account of each cluster, by its number.
    clusters: Vec<Account>,
}

impl People {
    /// As of that moment. What depends on what has then told all that is asked of it.
    pub(super) fn of(dump: &Dump, as_of: Time) -> Self {
        let mut builder = Builder::new(as_of - FROZEN, Tenure::default().eligible);
        for of in dump.crates() {
            if let Some(file) = index_file(of) {
                builder.read(&file);
            }
        }
        let growth = builder.build();
        let mut numbers: BTreeMap<(Option<&str>, Account), u32> = BTreeMap::new();
        let mut clusters: Vec<Account> = Vec::new();
        let mut owned: Vec<(CrateId, Ownership)> = Vec::new();
        for of in dump.crates() {
            let Some(id) = growth.vocabulary().id(of.name()) else { continue };
            for Owner { account, since, organisation, .. } in of.owners() {
                // An organisation is one, whichever of its teams own what.
                let key = (organisation, organisation.map_or(account, |_| Account::Team(0)));
                let number = *numbers.entry(key).or_insert_with(|| {
                    clusters.push(account);
                    u32::try_from(clusters.len() - 1).unwrap_or(u32::MAX)
                });
                owned.push((id, Ownership { cluster: Cluster(number), since }));
            }
        }
        let owners = Owners::collect(owned);
        let hands = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let weights = Weights::of(growth.graph(), &owners, Tenure::default(), hands);
        Self { growth, weights, clusters }
    }

    /// Who is eligible for the crate's releases, by caret class.
    fn classes<'d>(
        &self,
        dump: &'d Dump,
        name: &str,
        releases: &[(Version, Release<'d>)],
    ) -> Vec<ClassRecord<'d>> {
        let Some(id) = self.growth.vocabulary().id(name) else { return Vec::new() };
        if self.weights.of_crate(id).is_empty() {
            return Vec::new();
        }
        let mut newest: BTreeMap<CaretClass, &Version> = BTreeMap::new();
        for (version, _) in releases.iter().filter(|(version, of)| version.pre.is_empty() && !of.yanked()) {
            let own = newest.entry(CaretClass::of(version)).or_insert(version);
            *own = (*own).max(version);
        }
        let voices = |version: &Version| -> Arc<[VoiceRecord<'d>]> {
            let nobody = Default::default();
            let of_release = self.weights.of_release((id, version), self.growth.vocabulary(), &nobody);
            of_release.iter().filter_map(|voice| self.told(dump, voice)).collect()
        };
        newest
            .into_values()
            .map(|version| ClassRecord { newest: version.clone(), voices: voices(version) })
            .filter(|class| !class.voices.is_empty())
            .collect()
    }

    fn told<'d>(&self, dump: &'d Dump, voice: &Voice) -> Option<VoiceRecord<'d>> {
        let account = *self.clusters.get(voice.cluster.0 as usize)?;
        // An account that is of an organisation stands for all of it.
        let organisation = dump.organisation(account);
        // A login is for showing; an account without one is told by nobody.
        let name = organisation.or_else(|| dump.login(account)).unwrap_or("somebody without a login");
        Some(VoiceRecord { cluster: voice.cluster.0, account, name, organisation, reach: voice.reach })
    }
}

/// What the index says of a crate, as the dump has it.
fn index_file(of: Crate<'_>) -> Option<IndexFile<'_>> {
    let name: CrateName = of.name().parse().ok()?;
    let releases = of.releases().filter_map(read).map(line).collect();
    Some(IndexFile { name, releases, skipped: Vec::new(), problems: Vec::new() })
}

fn line<'d>((version, release): (Version, Release<'d>)) -> IndexLine<'d> {
    let needs = release.dependencies().map(dependency).collect();
    IndexLine::told(version, release.digest(), release.yanked(), Some(release.published()), needs)
}

fn dependency(of: fence_evidence::dump::Dependency<'_>) -> IndexDependency<'_> {
    IndexDependency {
        alias: of.on.into(),
        package: None,
        requirement: of.requirement.into(),
        kind: of.kind,
        optional: of.optional,
        target: of.target.map(Into::into),
        registry: None,
    }
}
