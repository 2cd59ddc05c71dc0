//! Who is eligible for the releases of each crate, and with which weight.
//!
//! Eligible for a crate is who has owned one of its dependents for 90 days. What stands behind such an owner is counted
//! over the dependents through which it is eligible: the distinct clusters that have owned, for a year, a crate that
//! depends on one of these, or on one that does (the second and third generation). Itself it does not count. For dependents
//! of those the requirement does not matter: a crate that asks for an older line of another is still one of its users.
//!
//! Three passes make it for all crates, each exact, each one list per crate:
//!
//! | pass | list of a crate | from |
//! |---|---|---|
//! | near | who owns it for a year, or one of its dependents | the graph's rows |
//! | behind | who does of its dependents and theirs | the near lists of its dependents |
//! | ways, voices | owner and dependent through which it is eligible, in order of owners; one voice for each owner | the behind lists of its dependents |
//!
//! A pass touches each link once and copies the list at its other end, leaving out what is there already by a mark per
//! cluster. So near takes one step for each link and its owners; behind takes one for each pair of links that follow one
//! another, at most; voices take one for each link and each entry of the behind list at its end. For what is large, hubs,
//! behind lists are long but stand at few ends: a hub depends on little. Near and behind take 4 bytes for an entry, a way
//! 12, a voice 12; behind lists are most of it.

use std::collections::BTreeSet;

use fence_model::quorum::{Cluster, Voice, weight};
use fence_model::{Span, Time};
use semver::Version;

use super::lists::Lists;
use super::{CrateId, Graph, Owners, RequirementId, Vocabulary};

/// For how long somebody has to have owned a crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tenure {
    /// To be eligible through it.
    pub eligible: Span,
    /// To stand behind somebody else.
    pub behind: Span,
}

impl Default for Tenure {
    fn default() -> Self {
        Self { eligible: Span::days(90), behind: Span::days(365) }
    }
}

/// The voices of all crates at the moment of a graph.
#[derive(Debug)]
pub struct Weights {
    as_of: Time,
    behind: Lists<Cluster>,
    ways: Lists<Way>,
    voices: Lists<Voice>,
}

/// Through which of its crates an owner is eligible, and by what that asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Way {
    cluster: Cluster,
    through: CrateId,
    requirement: RequirementId,
}

impl Weights {
    /// Of all crates, on so many threads; the result is the same on any number.
    pub fn of(graph: &Graph, owners: &Owners, tenure: Tenure, threads: usize) -> Self {
        let work = (graph.crates(), threads);
        let (eligible, a_year) = (graph.as_of() - tenure.eligible, graph.as_of() - tenure.behind);
        let marks = || Marks::of(owners.clusters());

        let near: Lists<Cluster> = Lists::make(work, marks, |number, marks, list| {
            let id = CrateId(number as u32);
            marks.forget();
            list.extend(owners.since(id, a_year).filter(|cluster| marks.is_new(*cluster)));
            for link in graph.dependents(id) {
                list.extend(owners.since(link.with, a_year).filter(|cluster| marks.is_new(*cluster)));
            }
        });
        let behind = Lists::make(work, marks, |number, marks, list| {
            marks.forget();
            for link in graph.dependents(CrateId(number as u32)) {
                list.extend(near.of(link.with.at()).iter().filter(|cluster| marks.is_new(**cluster)));
            }
        });
        drop(near);
        let ways = Lists::make(
            work,
            || (),
            |number, (), list| {
                let start = list.len();
                for link in graph.dependents(CrateId(number as u32)) {
                    let (through, requirement) = (link.with, link.requirement);
                    let owners = owners.since(through, eligible);
                    list.extend(owners.map(|cluster| Way { cluster, through, requirement }));
                }
                list[start..].sort_unstable();
            },
        );
        let weights: Vec<u32> = (0..=owners.clusters() as u32).map(weight).collect();
        let voices = Lists::make(work, marks, |number, marks, list| {
            let of_one = ways.of(number).chunk_by(|a: &Way, b: &Way| a.cluster == b.cluster);
            list.extend(of_one.map(|ways| {
                let (cluster, reach) = (ways[0].cluster, reach(ways, &behind, marks));
                Voice { cluster, reach, weight: weights[reach as usize] }
            }));
        });
        Self { as_of: graph.as_of(), behind, ways, voices }
    }

    /// The moment whose weights they are.
    pub fn as_of(&self) -> Time {
        self.as_of
    }

    /// How many clusters stand behind a crate.
    pub fn behind(&self, id: CrateId) -> usize {
        self.behind.of(id.at()).len()
    }

    /// Who is eligible for releases of a crate through dependents on any of them, by number of cluster.
    pub fn of_crate(&self, id: CrateId) -> &[Voice] {
        self.voices.of(id.at())
    }

    /// Who is eligible for one release: through dependents whose requirement takes it, and not `involved`; by number of
    /// cluster.
    ///
    /// It costs a step for each way. Only for an owner through several dependents, of which not all ask for this release,
    /// is the reach counted anew, over these.
    pub fn of_release(
        &self,
        (id, version): (CrateId, &Version),
        vocabulary: &Vocabulary,
        involved: &BTreeSet<Cluster>,
    ) -> Vec<Voice> {
        let mut answers = vec![None; vocabulary.requirements()];
        let mut takes = |requirement: RequirementId| {
            *answers[requirement.0 as usize].get_or_insert_with(|| vocabulary.takes(requirement, version))
        };
        let of_one = self.ways.of(id.at()).chunk_by(|a, b| a.cluster == b.cluster);
        let mut voices = Vec::new();
        for (voice, ways) in self.of_crate(id).iter().zip(of_one) {
            let taking = ways.iter().filter(|way| takes(way.requirement)).count();
            if taking == 0 || involved.contains(&voice.cluster) {
                continue;
            }
            if taking == ways.len() {
                voices.push(*voice);
                continue;
            }
            let of = ways.iter().filter(|way| takes(way.requirement));
            let mut behind: Vec<Cluster> =
                of.flat_map(|way| self.behind.of(way.through.at())).copied().collect();
            behind.sort_unstable();
            behind.dedup();
            behind.retain(|cluster| *cluster != voice.cluster);
            voices.push(Voice::of(voice.cluster, behind.len() as u32));
        }
        voices
    }

    /// How many entries there are of what takes most memory: clusters behind crates, ways and voices.
    pub fn entries(&self) -> [usize; 3] {
        [self.behind.total(), self.ways.total(), self.voices.total()]
    }
}

/// How many clusters other than its own stand behind the dependents on these ways of one owner.
fn reach(ways: &[Way], behind: &Lists<Cluster>, marks: &mut Marks) -> u32 {
    let own = ways[0].cluster;
    let first = behind.of(ways[0].through.at());
    let count = if ways.iter().all(|way| way.through == ways[0].through) {
        first.len() - usize::from(first.contains(&own))
    } else {
        marks.forget();
        marks.is_new(own);
        let all = ways.iter().flat_map(|way| behind.of(way.through.at()));
        all.filter(|cluster| marks.is_new(**cluster)).count()
    };
    count as u32
}

/// Which clusters were met: a place for each, with the round in which it was.
struct Marks {
    round: u32,
    rounds: Vec<u32>,
}

impl Marks {
    fn of(clusters: usize) -> Self {
        Self { round: 0, rounds: vec![0; clusters] }
    }

    fn forget(&mut self) {
        if self.round == u32::MAX {
            self.rounds.fill(0);
            self.round = 0;
        }
        self.round += 1;
    }

    fn is_new(&mut self, cluster: Cluster) -> bool {
        let met = &mut self.rounds[cluster.0 as usize];
        std::mem::replace(met, self.round) != self.round
    }
}
