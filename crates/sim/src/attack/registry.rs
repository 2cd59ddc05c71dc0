//! The registry that is attacked: one that was never published, with its graph, its owners and those of them who are
//! enrolled.
//!
//! Crates, releases and owners are those of [`fence_testkit::synthetic`], which says what of them is a guess. Rows of the graph
//! are those of newest releases. Whatever an attacker makes enters the graph as index files do, so that all rules of tenure
//! hold for it.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Arc;

use fence_model::facts::{
    Account, Birth, CrateFacts, Dependency, DependencyKind, Maintainer, Owner, Publisher, ReleaseFacts,
    Sighting, Yank,
};
use fence_model::quorum::{Cluster, Enrolment, Rules, Voice, to_be_made};
use fence_model::{CrateName, Level, Span, Time};
use fence_registry::graph::{Builder, CrateId, Growth, Link, Owners, Ownership, Tenure, Weights};
use fence_registry::{IndexFile, Limits};
use fence_testkit::synthetic::{Need, Release, Synthetic};
use semver::Version;

use super::lots::Lots;

/// From which age on a release speaks for its crate.
const SPEAKS_FROM: Span = Span::days(90);
/// For how long made clusters have owned their crates: a year, as the graph asks of whoever stands behind others.
pub const MADE_BEFORE: Span = Span::days(366);
/// Up to how many clusters an attacker is taken to make for one crate.
const MOST_MADE: usize = 1 << 14;

/// A registry, and who is enrolled in it.
pub struct Registry {
    synthetic: Synthetic,
    growth: Growth,
    weights: Weights,
    names: Vec<String>,
    enrolled_percent: u32,
    seed: u64,
    hands: NonZeroUsize,
}

/// What somebody made to be heard of some crates: clusters that own crates which depend on these.
pub struct Made {
    growth: Growth,
    weights: Weights,
    /// For each crate the first of its clusters, and how many there are.
    clusters: Vec<(u32, u32, usize)>,
    names: Vec<String>,
}

/// A crate that is attacked.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its number: its rank by those who need it.
    pub number: u32,
    /// Its name.
    pub name: CrateName,
    /// The version that comes next: a patch of the highest.
    pub next: Version,
    needs: Vec<(Need, String, Time)>,
    releases: Vec<(Release, Version)>,
    owners: Vec<(u32, Time)>,
    /// Since when a journal is kept.
    journal_from: Option<Time>,
}

impl Registry {
    /// Lays out the graph of a registry. Of 100 clusters `enrolled_percent` are enrolled, drawn by the seed.
    pub fn of(synthetic: Synthetic, (enrolled_percent, seed): (u32, u64), hands: NonZeroUsize) -> Self {
        let mut builder = Builder::new(synthetic.as_of(), SPEAKS_FROM);
        for number in 0..synthetic.crates() {
            let id = builder.vocabulary().crate_named(&Synthetic::name(number));
            let mut row: Vec<Link> = synthetic
                .needs(number)
                .iter()
                .filter(|need| need.counts())
                .map(|need| Link {
                    with: CrateId(need.on),
                    requirement: builder.vocabulary().requirement_written(&need.requirement),
                })
                .collect();
            row.sort_unstable();
            builder.row(id, &row);
        }
        let growth = builder.build();
        let owners = Owners::collect((0..synthetic.crates()).flat_map(|number| synthetic.owners(number)));
        let weights = Weights::of(growth.graph(), &owners, Tenure::default(), hands.get());
        let names = (0..synthetic.clusters()).map(|cluster| format!("owner-{cluster}")).collect();
        Self { synthetic, growth, weights, names, enrolled_percent, seed, hands }
    }

    /// The moment that no release is later than, and of which the graph is.
    pub fn as_of(&self) -> Time {
        self.synthetic.as_of()
    }

    /// How many crates there are.
    pub fn crates(&self) -> u32 {
        self.synthetic.crates()
    }

    /// How many dependencies the graph has.
    pub fn links(&self) -> usize {
        self.growth.graph().links()
    }

    /// A crate of it. With a journal, that is kept since the registry's moment.
    pub fn target(&self, number: u32, has_journal: bool) -> Target {
        let needs = self.synthetic.needs(number);
        let releases: Vec<(Release, Version)> = self
            .synthetic
            .history(number, &needs)
            .into_iter()
            .filter_map(|release| Some((Version::parse(&release.version).ok()?, release)))
            .map(|(version, release)| (release, version))
            .collect();
        let full = releases.iter().map(|(_, version)| version).filter(|version| version.pre.is_empty()).max();
        let next = match (full, releases.iter().map(|(_, version)| version).max()) {
            (Some(full), _) => Version::new(full.major, full.minor, full.patch + 1),
            (None, Some(pre)) => Version::new(pre.major, pre.minor, pre.patch),
            (None, None) => Version::new(0, 1, 0),
        };
        let born = |on: u32| self.synthetic.published(on).first().copied().unwrap_or(self.as_of());
        let needs = needs.into_iter().map(|need| (born(need.on), need));
        let owners = self.synthetic.owners(number).into_iter();
        Target {
            number,
            name: name(&Synthetic::name(number)),
            next,
            needs: needs.map(|(born, need)| (need.clone(), Synthetic::name(need.on), born)).collect(),
            releases,
            owners: owners.map(|(_, ownership)| (ownership.cluster.0, ownership.since)).collect(),
            journal_from: has_journal.then_some(self.as_of()),
        }
    }

    fn is_enrolled(&self, cluster: Cluster) -> bool {
        Lots::of(self.seed, 7, u64::from(cluster.0)).below(100) < self.enrolled_percent as usize
    }

    /// Who is eligible for a release of a crate, as voices.
    fn voices(&self, target: &Target, weights: &Weights, growth: &Growth) -> Vec<Voice> {
        let of = (CrateId(target.number), &target.next);
        weights.of_release(of, growth.vocabulary(), &BTreeSet::new())
    }

    /// Who is eligible for the next release of a crate.
    pub fn maintainers<'a>(&'a self, target: &Target) -> Vec<Maintainer<'a>> {
        let one = |voice: Voice| self.maintainer(voice, &self.names[voice.cluster.0 as usize]);
        self.voices(target, &self.weights, &self.growth).into_iter().map(one).collect()
    }

    fn maintainer<'a>(&'a self, Voice { cluster, reach, .. }: Voice, name: &'a str) -> Maintainer<'a> {
        let is_made = cluster.0 >= self.synthetic.clusters();
        Maintainer {
            cluster,
            reach,
            name,
            accounts: vec![Account::User(u64::from(cluster.0))],
            organisation: None,
            signer: (is_made || self.is_enrolled(cluster)).then_some(name),
            feed: None,
        }
    }

    /// How many clusters have to be made to have the quorum of a crate's next release; none where not even the most that are tried do.
    ///
    /// The attacker asks the same arithmetic as the judgement.
    pub fn to_be_made(&self, target: &Target, level: Level) -> Option<usize> {
        let own: BTreeSet<u32> = target.owners.iter().map(|(cluster, _)| *cluster).collect();
        let voices = self.voices(target, &self.weights, &self.growth);
        let honest = voices.into_iter().filter(|voice| !own.contains(&voice.cluster.0)).map(|voice| {
            let is_enrolled = self.is_enrolled(voice.cluster);
            (voice, if is_enrolled { Enrolment::Enrolled } else { Enrolment::Unbound })
        });
        to_be_made(&honest.collect::<Vec<_>>(), &Rules::at(level), MOST_MADE)
    }

    /// Makes clusters for these crates, so many for each, and weighs all of the registry anew.
    ///
    /// Each cluster owns a crate that depends on the target, and one that depends on a hub, which depends on all of the first
    /// kind. So all stand behind each, with three dependencies for a cluster.
    pub fn make(&self, wanted: &[(&Target, usize)]) -> Made {
        let mut growth = self.growth.clone();
        let since = self.as_of() - MADE_BEFORE;
        let (mut owned, mut clusters) = (Vec::new(), Vec::new());
        let mut next = self.synthetic.clusters();
        for (target, count) in wanted {
            clusters.push((target.number, next, *count));
            let of = |kind: &str, at: usize| format!("{kind}-{}-{at}", target.number);
            let hub = of("hub", 0);
            for at in 0..*count {
                let cluster = Cluster(next);
                next += 1;
                let near = of("near", at);
                let far = of("far", at);
                take_in(
                    &mut growth,
                    &near,
                    since,
                    &[(target.name.as_str(), &format!("^{}", class(&target.next)))],
                );
                take_in(&mut growth, &far, since, &[(&hub, "^0.1")]);
                for own in [near, far] {
                    owned.push((own, Ownership { cluster, since }));
                }
            }
            let near: Vec<String> = (0..*count).map(|at| of("near", at)).collect();
            let needs: Vec<(&str, &str)> = near.iter().map(|name| (name.as_str(), "^0.1")).collect();
            take_in(&mut growth, &hub, since, &needs);
        }
        growth.merge();
        let vocabulary = growth.vocabulary();
        let own = owned.iter().filter_map(|(name, ownership)| Some((vocabulary.id(name)?, *ownership)));
        let honest = (0..self.synthetic.crates()).flat_map(|number| self.synthetic.owners(number));
        let owners = Owners::collect(honest.chain(own));
        let weights = Weights::of(growth.graph(), &owners, Tenure::default(), self.hands.get());
        let names = (self.synthetic.clusters()..next).map(|cluster| format!("made-{cluster}")).collect();
        Made { growth, weights, clusters, names }
    }

    /// Who is eligible for the next release of a crate where clusters were made; and the names of those made for it.
    pub fn maintainers_with<'a>(
        &'a self,
        made: &'a Made,
        target: &Target,
    ) -> (Vec<Maintainer<'a>>, Vec<Maintainer<'a>>) {
        let first = self.synthetic.clusters();
        let one = |voice: Voice| match voice.cluster.0.checked_sub(first) {
            Some(at) => self.maintainer(voice, &made.names[at as usize]),
            None => self.maintainer(voice, &self.names[voice.cluster.0 as usize]),
        };
        let all: Vec<Maintainer<'a>> =
            self.voices(target, &made.weights, &made.growth).into_iter().map(one).collect();
        let own = made.clusters.iter().find(|(number, ..)| *number == target.number);
        let is_own = |cluster: u32| {
            own.is_some_and(|(_, first, count)| (*first..*first + *count as u32).contains(&cluster))
        };
        let own = all.iter().filter(|one| is_own(one.cluster.0)).cloned().collect();
        (all, own)
    }
}

/// Takes in a crate with one release.
fn take_in(growth: &mut Growth, name: &str, published: Time, needs: &[(&str, &str)]) {
    let need = |(on, requirement): &(&str, &str)| {
        format!(
            r#"{{"name":"{on}","req":"{requirement}","features":[],"optional":false,"default_features":true,"target":null,"kind":"normal"}}"#
        )
    };
    let needs: Vec<String> = needs.iter().map(need).collect();
    let line = format!(
        r#"{{"name":"{name}","vers":"0.1.0","deps":[{}],"cksum":"{}","features":{{}},"yanked":false,"pubtime":"{published}"}}"#,
        needs.join(","),
        "0".repeat(64)
    );
    let name = self::name(name);
    let file = IndexFile::parse(&name, line.as_bytes(), &Limits::DEFAULT)
        .unwrap_or_else(|error| panic!("an index file was made: {error}"));
    growth.read(&file);
}

/// A requirement that takes whatever cargo takes for a version.
fn class(version: &Version) -> String {
    match (version.major, version.minor) {
        (0, 0) => format!("0.0.{}", version.patch),
        (0, minor) => format!("0.{minor}"),
        (major, _) => major.to_string(),
    }
}

/// The crate of that name.
///
/// # Panics
/// If it is none; names are made here.
pub fn name(text: &str) -> CrateName {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

impl Target {
    /// What is known of it before anything happens.
    pub fn facts(&self) -> CrateFacts<'_> {
        let account = |cluster: u32| u64::from(cluster);
        let mut facts = CrateFacts::unknown(self.name.clone());
        facts.journalled = self.journal_from.is_some();
        facts.publishers_told = true;
        facts.owners = Some(
            self.owners
                .iter()
                .map(|(cluster, since)| Owner {
                    account: Account::User(account(*cluster)),
                    since: *since,
                    until: None,
                    organisation: None,
                })
                .collect(),
        );
        facts.releases = self
            .releases
            .iter()
            .map(|(release, version)| ReleaseFacts {
                version: version.clone(),
                digest: release.digest,
                published: Some(release.published),
                yanked: release.yanked,
                dependencies: self.dependencies(release.needs),
                sighting: self.journal_from.map(|first_seen| {
                    Box::new(Sighting {
                        first_seen,
                        first_digest: release.digest,
                        lacked_at: None,
                        first_seen_yanked: release.yanked,
                        yanks: Vec::from_iter(release.yanked.then_some(Yank { at: first_seen, until: None })),
                    })
                }),
                publisher: Some(self.publisher()),
                voices: None,
            })
            .collect();
        facts
    }

    /// The account that publishes it: its first owner's.
    pub fn publisher(&self) -> Publisher<'static> {
        Publisher::User(self.owners.first().map_or(0, |(cluster, _)| u64::from(*cluster)))
    }

    /// The first so many of what its newest release depends on.
    fn dependencies(&self, count: usize) -> Arc<[Dependency<'_>]> {
        fn one((need, package, born): &(Need, String, Time)) -> Dependency<'_> {
            Dependency {
                package,
                requirement: &need.requirement,
                kind: match need.kind {
                    "build" => DependencyKind::Build,
                    "dev" => DependencyKind::Dev,
                    _ => DependencyKind::Normal,
                },
                optional: need.optional,
                birth: Birth::At(*born),
            }
        }
        self.needs[..count.min(self.needs.len())].iter().map(one).collect()
    }

    /// What its newest release depends on.
    pub fn newest_dependencies(&self) -> Arc<[Dependency<'_>]> {
        self.dependencies(self.needs.len())
    }

    /// Whether the fence keeps a journal.
    pub fn has_journal(&self) -> bool {
        self.journal_from.is_some()
    }

    /// The highest version that is no pre-release.
    pub fn newest(&self) -> Option<&Version> {
        self.releases.iter().map(|(_, version)| version).filter(|version| version.pre.is_empty()).max()
    }

    /// The versions that a project could have in place of the next one, by cargo's rules.
    pub fn compatible(&self) -> impl Iterator<Item = &Version> {
        let own = fence_model::CaretClass::of(&self.next);
        let versions =
            self.releases.iter().filter(|(release, _)| !release.yanked).map(|(_, version)| version);
        versions.filter(move |version| fence_model::CaretClass::of(version) == own && version.pre.is_empty())
    }
}
