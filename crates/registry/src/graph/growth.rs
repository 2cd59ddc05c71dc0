//! The graph as time goes on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use fence_model::{Span, Time};

use super::declared::{Speaker, declared};
use super::{CrateId, Graph, Link, Vocabulary};
use crate::IndexFile;

/// Makes a graph of all index files of a registry, in any order.
///
/// While it reads it keeps the links of the releases that speak, at 8 bytes, and the releases of the last weeks that will.
#[derive(Debug)]
pub struct Builder {
    growth: Growth,
    links: Vec<Link>,
    /// Where in `links` the row of each crate is; of crates that were only named, nowhere.
    rows: Vec<(u32, u32)>,
}

/// A graph that goes on: it takes in index files as they change, and what comes of age.
#[derive(Debug, Clone)]
pub struct Growth {
    vocabulary: Vocabulary,
    graph: Graph,
    /// From which age on a release speaks for its crate.
    age: Span,
    /// The releases that will speak, in order of time.
    to_come: BTreeMap<CrateId, VecDeque<Speaker>>,
    /// When the next of each crate does.
    due: BTreeSet<(Time, CrateId)>,
}

impl Builder {
    /// For the graph of a moment in which releases speak from this age on; by decision 90 days.
    pub fn new(as_of: Time, age: Span) -> Self {
        let growth = Growth {
            vocabulary: Vocabulary::default(),
            graph: Graph::of(as_of, 0, |_| &[]),
            age,
            to_come: BTreeMap::new(),
            due: BTreeSet::new(),
        };
        Self { growth, links: Vec::new(), rows: Vec::new() }
    }

    /// Takes in the index file of one crate. If it was taken in before, this one counts.
    pub fn read(&mut self, file: &IndexFile<'_>) {
        let (id, needs) = self.growth.speaking(file);
        self.row(id, &needs);
    }

    /// Takes in what a crate depends on, by numbers of [`Self::vocabulary`], where no index file is at hand.
    pub fn row(&mut self, of: CrateId, needs: &[Link]) {
        let start = u32::try_from(self.links.len()).expect("a graph has fewer than 4 billion links");
        self.links.extend_from_slice(needs);
        if self.rows.len() <= of.at() {
            self.rows.resize(of.at() + 1, (0, 0));
        }
        self.rows[of.at()] = (start, self.links.len() as u32);
    }

    /// The numbers that are given out.
    pub fn vocabulary(&mut self) -> &mut Vocabulary {
        &mut self.growth.vocabulary
    }

    /// The graph.
    pub fn build(mut self) -> Growth {
        let crates = self.growth.vocabulary.crates().max(self.rows.len());
        self.growth.graph = Graph::of(self.growth.graph.as_of(), crates, |id| {
            let (start, end) = self.rows.get(id.at()).copied().unwrap_or((0, 0));
            &self.links[start as usize..end as usize]
        });
        self.growth
    }
}

impl Growth {
    /// The names and requirements of it.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// The graph of the moment that was reached. To keep it, copy it.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// When the next release comes of age.
    pub fn next_due(&self) -> Option<Time> {
        self.due.first().map(|(time, _)| *time)
    }

    /// Takes in an index file that has changed: a release is new, or yanked, or no longer so, or gone. A file without
    /// releases stands for a crate that is gone.
    pub fn read(&mut self, file: &IndexFile<'_>) {
        let (id, needs) = self.speaking(file);
        self.graph.replace(id, needs);
    }

    /// Goes on to a later moment: what comes of age until then, speaks. An earlier moment changes nothing.
    pub fn until(&mut self, moment: Time) {
        self.graph.move_to(moment);
        while let Some((due, id)) = self.due.first().copied().filter(|(due, _)| *due <= moment) {
            self.due.remove(&(due, id));
            let Some(to_come) = self.to_come.get_mut(&id) else { continue };
            if let Some(speaker) = to_come.pop_front() {
                self.graph.replace(id, speaker.needs);
            }
            match to_come.front() {
                Some(next) => {
                    self.due.insert((next.from, id));
                }
                None => {
                    self.to_come.remove(&id);
                }
            }
        }
    }

    /// Makes a new base, where the graph [has grown](Graph::has_grown): seldom, and not while somebody waits.
    pub fn merge(&mut self) {
        if self.graph.has_grown() {
            self.lay_out_anew();
        }
    }

    pub(super) fn lay_out_anew(&mut self) {
        self.graph = self.graph.merged();
    }

    /// What the file's crate depends on now. What will speak is put in place of what would have.
    fn speaking(&mut self, file: &IndexFile<'_>) -> (CrateId, Vec<Link>) {
        let (id, speakers) = declared(file, (self.graph.as_of(), self.age), &mut self.vocabulary);
        let mut to_come = VecDeque::from(speakers);
        let speaks = to_come.front().is_some_and(|first| first.from <= self.graph.as_of());
        let needs =
            if speaks { to_come.pop_front() } else { None }.map_or_else(Vec::new, |speaker| speaker.needs);
        if let Some(before) = self.to_come.remove(&id).and_then(|before| before.front().map(|next| next.from))
        {
            self.due.remove(&(before, id));
        }
        if let Some(next) = to_come.front() {
            self.due.insert((next.from, id));
            self.to_come.insert(id, to_come);
        }
        (id, needs)
    }
}
