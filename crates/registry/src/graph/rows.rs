//! The graph itself: rows of links, in a base that never changes and in what has changed since.

use std::collections::BTreeMap;
use std::sync::Arc;

use fence_model::Time;
use semver::Version;

use super::{CrateId, RequirementId, Vocabulary};

/// A dependency, seen from one of its two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Link {
    /// The crate at the other end.
    pub with: CrateId,
    /// What the dependent asks for.
    pub requirement: RequirementId,
}

/// Who depends on whom at one moment. A copy shares all but what has changed of late.
#[derive(Debug, Clone)]
pub struct Graph {
    as_of: Time,
    base: Arc<Base>,
    changed: Changed,
}

/// Changes a graph may carry before it [has grown](Graph::has_grown), where it has few crates.
const LEAST_CHANGES: usize = 4_096;

impl Graph {
    /// The graph of `crates` crates at a moment; `needs` gives the row of each.
    pub(super) fn of<'a>(as_of: Time, crates: usize, needs: impl Fn(CrateId) -> &'a [Link]) -> Self {
        Self { as_of, base: Arc::new(Base::of(crates, needs)), changed: Changed::default() }
    }

    /// The moment whose graph it is.
    pub fn as_of(&self) -> Time {
        self.as_of
    }

    /// One above the highest number of a crate that it has met.
    pub fn crates(&self) -> usize {
        let changed = [self.changed.rows.keys().next_back(), self.changed.dependents.keys().next_back()];
        let changed = changed.into_iter().flatten().map(|id| id.at() + 1);
        changed.fold(self.base.dependents.len(), usize::max)
    }

    /// How many dependencies there are.
    pub fn links(&self) -> usize {
        let changed = self.changed.rows.iter();
        changed.fold(self.base.needs.links.len(), |links, (id, row)| {
            links - self.base.needs.row(*id).len() + row.len()
        })
    }

    /// What the newest release of a crate that is old enough depends on, by number.
    pub fn needs(&self, of: CrateId) -> &[Link] {
        match self.changed.rows.get(&of) {
            Some(row) => row,
            None => self.base.needs.row(of),
        }
    }

    /// Which crates depend on this one, in any of its releases. One that asks for two of its releases is here twice.
    pub fn dependents(&self, of: CrateId) -> impl Iterator<Item = Link> {
        let unchanged = self.base.dependents.row(of).iter().filter(|link| !self.changed.has(link.with));
        unchanged.chain(self.changed.dependents.get(&of).into_iter().flatten()).copied()
    }

    /// Which crates depend on one release of this one: each once, by number.
    pub fn dependents_on(&self, of: CrateId, version: &Version, vocabulary: &Vocabulary) -> Vec<CrateId> {
        let takes = |link: &Link| vocabulary.takes(link.requirement, version);
        in_order(self.dependents(of).filter(takes).map(|link| link.with))
    }

    /// The crates that depend on this one in one step, in two and in three: each generation by number, each crate once in
    /// it; a crate may be in several.
    pub fn generations(&self, of: CrateId) -> [Vec<CrateId>; 3] {
        let next = |these: &[CrateId]| {
            in_order(these.iter().flat_map(|id| self.dependents(*id)).map(|link| link.with))
        };
        let first = next(&[of]);
        let second = next(&first);
        let third = next(&second);
        [first, second, third]
    }

    /// Whether so much has changed that a new base is worth its time: more than a sixteenth of all rows.
    pub fn has_grown(&self) -> bool {
        self.changed.rows.len() > LEAST_CHANGES.max(self.base.needs.len() / 16)
    }

    /// The same graph, with a base of its own.
    #[must_use]
    pub fn merged(&self) -> Self {
        Self::of(self.as_of, self.crates(), |id| self.needs(id))
    }

    /// Puts another row in the place of a crate's.
    pub(super) fn replace(&mut self, of: CrateId, needs: Vec<Link>) {
        if *self.needs(of) != *needs {
            self.changed.replace(of, needs);
        }
    }

    pub(super) fn move_to(&mut self, moment: Time) {
        self.as_of = self.as_of.max(moment);
    }
}

fn in_order(ids: impl Iterator<Item = CrateId>) -> Vec<CrateId> {
    let mut ids: Vec<CrateId> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// All rows, by either end.
#[derive(Debug)]
struct Base {
    needs: Rows,
    dependents: Rows,
}

impl Base {
    fn of<'a>(crates: usize, needs: impl Fn(CrateId) -> &'a [Link]) -> Self {
        let ids = || (0..u32::try_from(crates).expect("crates have numbers")).map(CrateId);
        let mut forward = Rows { starts: Vec::with_capacity(crates + 1), links: Vec::new() };
        forward.links.reserve_exact(ids().map(|id| needs(id).len()).sum());
        let width = ids().flat_map(&needs).map(|link| link.with.at() + 1).max().unwrap_or(0).max(crates);
        let mut starts = vec![0u32; width + 1];
        for id in ids() {
            forward.starts.push(forward.links.len() as u32);
            forward.links.extend_from_slice(needs(id));
            needs(id).iter().for_each(|link| starts[link.with.at() + 1] += 1);
        }
        forward
            .starts
            .push(u32::try_from(forward.links.len()).expect("a graph has fewer than 4 billion links"));

        // Counted, summed, and filled in order of dependents; while filling, a start is where the next one goes.
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let none = Link { with: CrateId(0), requirement: RequirementId(0) };
        let mut links = vec![none; forward.links.len()];
        for dependent in ids() {
            for link in forward.row(dependent) {
                let place = &mut starts[link.with.at()];
                links[*place as usize] = Link { with: dependent, requirement: link.requirement };
                *place += 1;
            }
        }
        starts.rotate_right(1);
        starts[0] = 0;
        Self { needs: forward, dependents: Rows { starts, links } }
    }
}

/// Links of all crates one behind the other, and where those of each begin.
#[derive(Debug)]
struct Rows {
    starts: Vec<u32>,
    links: Vec<Link>,
}

impl Rows {
    fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The links of one crate; none where it is not known.
    fn row(&self, of: CrateId) -> &[Link] {
        let at = of.at();
        if at >= self.len() {
            return &[];
        }
        &self.links[self.starts[at] as usize..self.starts[at + 1] as usize]
    }
}

/// The rows that differ from the base.
#[derive(Debug, Clone, Default)]
struct Changed {
    rows: BTreeMap<CrateId, Arc<[Link]>>,
    /// The same links by the other end.
    dependents: BTreeMap<CrateId, Vec<Link>>,
    /// Which crates have a row here, as bits.
    has: Vec<u64>,
}

impl Changed {
    fn has(&self, of: CrateId) -> bool {
        self.has.get(of.at() / 64).is_some_and(|bits| bits >> (of.0 % 64) & 1 == 1)
    }

    fn replace(&mut self, of: CrateId, needs: Vec<Link>) {
        if let Some(before) = self.rows.get(&of) {
            for link in before.iter() {
                if let Some(dependents) = self.dependents.get_mut(&link.with) {
                    dependents.retain(|dependent| dependent.with != of);
                }
            }
        }
        for link in &needs {
            let dependent = Link { with: of, requirement: link.requirement };
            self.dependents.entry(link.with).or_default().push(dependent);
        }
        if self.has.len() <= of.at() / 64 {
            self.has.resize(of.at() / 64 + 1, 0);
        }
        self.has[of.at() / 64] |= 1 << (of.0 % 64);
        self.rows.insert(of, needs.into());
    }
}
