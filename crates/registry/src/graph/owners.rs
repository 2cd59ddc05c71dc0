//! Who owns what, and since when.

use fence_model::Time;
use fence_model::quorum::Cluster;

use super::CrateId;

/// That a cluster owns a crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ownership {
    /// Who: a person with all accounts, or an organisation with its people.
    pub cluster: Cluster,
    /// Since when without a break.
    pub since: Time,
}

/// The owners of all crates at one moment: 16 bytes for each that a crate has, and 4 for a crate.
///
/// It is an input, made anew when the owners are read anew. Clusters are numbered from 0 without great gaps, since there
/// are tables with a place for each.
#[derive(Debug, Clone)]
pub struct Owners {
    starts: Vec<u32>,
    all: Vec<Ownership>,
    clusters: usize,
}

impl Owners {
    /// The table of these, in any order. Of a cluster that owns a crate by several accounts the earliest moment counts.
    pub fn collect(owned: impl IntoIterator<Item = (CrateId, Ownership)>) -> Self {
        let mut owned: Vec<(CrateId, Ownership)> = owned.into_iter().collect();
        owned.sort_unstable();
        owned.dedup_by_key(|(id, ownership)| (*id, ownership.cluster));
        let crates = owned.last().map_or(0, |(id, _)| id.at() + 1);
        let mut starts = vec![0u32; crates + 1];
        owned.iter().for_each(|(id, _)| starts[id.at() + 1] += 1);
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let all: Vec<Ownership> = owned.into_iter().map(|(_, ownership)| ownership).collect();
        let clusters = all.iter().map(|ownership| ownership.cluster.0 as usize + 1).max().unwrap_or(0);
        Self { starts, all, clusters }
    }

    /// The owners of a crate, by number; none where nobody knows.
    pub fn of(&self, id: CrateId) -> &[Ownership] {
        match (self.starts.get(id.at()), self.starts.get(id.at() + 1)) {
            (Some(start), Some(end)) => &self.all[*start as usize..*end as usize],
            _ => &[],
        }
    }

    /// Who owns a crate since `moment` or longer.
    pub fn since(&self, id: CrateId, moment: Time) -> impl Iterator<Item = Cluster> {
        let long_enough = move |ownership: &&Ownership| ownership.since <= moment;
        self.of(id).iter().filter(long_enough).map(|ownership| ownership.cluster)
    }

    /// One above the highest number of a cluster.
    pub fn clusters(&self) -> usize {
        self.clusters
    }
}
