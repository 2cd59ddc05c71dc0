//! How long attacks stayed that really happened, and how long the next one stays, drawn from that.
//!
//! The sample is small and its incidents are not independent; what was never found is not in it. So a share that rests on
//! it has an uncertainty of its own, [`Sample::staying`], beside that of the runs; and those of which no source tells how
//! long they stayed are told as a second bound, [`Sample::unknown`].

use fence_model::Span;

use super::intervals::{Interval, clopper_pearson};
use super::lots::Lots;
use crate::incidents::{Bound, Group, Incident};

/// Those of sister registries in which nothing was stolen: somebody who was trusted came first, and then the code.
const HANDED_OVER: [&str; 3] = ["event-stream", "xz", "postmark-mcp"];

/// Which attacks an attack is like, as far as being found is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Like {
    /// The account or the CI of an existing package was taken over.
    Takeover,
    /// A new package.
    NewCrate,
    /// An existing package whose maintainer turned out to be the attacker.
    HandOver,
}

impl Like {
    /// What tables call them.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Takeover => "takeovers",
            Self::NewCrate => "new crates",
            Self::HandOver => "hand-overs",
        }
    }
}

/// By what a victim hears that a release was found. Ordered by how little that helps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Heard {
    /// By an advisory alone.
    Advisory,
    /// By its removal.
    Removal,
}

/// After how long an attack was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    removed: Span,
    told: Span,
}

impl Found {
    /// The same, for whoever hears of it by this.
    pub fn by(self, heard: Heard) -> Span {
        match heard {
            Heard::Advisory => self.told,
            Heard::Removal => self.removed,
        }
    }
}

/// How long attacks of one kind stayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Each the shortest and the longest that sources allow; sorted by the longest.
    windows: Vec<(Found, Found)>,
    /// How many more are known of which no source tells it.
    pub unknown: usize,
}

/// The samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detections {
    takeovers: Sample,
    new_crates: Sample,
    hand_overs: Sample,
}

impl Detections {
    /// Those of incidents.
    pub fn of(incidents: &[Incident]) -> Self {
        let sample = |is_of: &dyn Fn(&&Incident) -> bool| {
            let all: Vec<&Incident> = incidents.iter().filter(is_of).collect();
            let mut windows: Vec<(Found, Found)> =
                all.iter().filter_map(|incident| found(incident)).collect();
            windows.sort_by_key(|(shortest, longest)| (*longest, *shortest));
            Sample { unknown: all.len() - windows.len(), windows }
        };
        Self {
            takeovers: sample(&|one| is_taken_over(one)),
            new_crates: sample(&|one| matches!(one.group, Group::NewCrate | Group::NoWindow)),
            hand_overs: sample(&|one| is_handed_over(one)),
        }
    }

    /// The sample of attacks like these.
    pub fn like(&self, like: Like) -> &Sample {
        match like {
            Like::Takeover => &self.takeovers,
            Like::NewCrate => &self.new_crates,
            Like::HandOver => &self.hand_overs,
        }
    }
}

fn is_handed_over(incident: &Incident) -> bool {
    HANDED_OVER.contains(&incident.id.as_str())
}

fn is_taken_over(incident: &Incident) -> bool {
    matches!(incident.group, Group::Takeover | Group::Sister) && !is_handed_over(incident)
}

/// The takeovers of which it is known how long they stayed, a line each, as the list has them that `cargo fence exposure` counts:
/// the id, the shortest and the longest time.
pub fn takeovers(incidents: &[Incident]) -> String {
    let line = |incident: &Incident| {
        let (shortest, longest) = incident.window?;
        Some(format!("{}\t{shortest}\t{longest}\n", incident.id))
    };
    incidents.iter().filter(|incident| is_taken_over(incident)).filter_map(line).collect()
}

/// The shortest and the longest after which an incident was found. Advisories came after the removal on crates.io. When
/// other registries told of what they had removed is in no source, so there it counts as told when it was removed.
fn found(incident: &Incident) -> Option<(Found, Found)> {
    let is_advised = incident.sources.iter().any(|source| source.starts_with("RUSTSEC-"));
    let advised = if is_advised { incident.known - incident.published } else { Span::ZERO };
    let of = |removed: Span| Found { removed, told: removed.max(advised) };
    incident.window.map(|(shortest, longest)| (of(shortest), of(longest)))
}

impl Sample {
    /// How many there are whose time is known.
    pub fn count(&self) -> usize {
        self.windows.len()
    }

    /// One of them, each as likely: the longest it may have stayed, or the shortest.
    ///
    /// # Panics
    /// Where there is none.
    pub fn draw(&self, lots: &mut Lots, bound: Bound) -> Found {
        let (shortest, longest) = self.windows[lots.below(self.windows.len())];
        match bound {
            Bound::Unfavourable | Bound::Told => longest,
            Bound::Favourable => shortest,
        }
    }

    /// The share of them that stayed at least so long before it was heard of, with what so small a sample leaves open.
    pub fn staying(&self, at_least: Span, heard: Heard) -> Interval {
        // What is admitted at once needs no luck, however small the sample.
        if at_least == Span::ZERO {
            return Interval { low: 1.0, high: 1.0 };
        }
        let stayed = self.windows.iter().filter(|(_, longest)| longest.by(heard) >= at_least).count();
        clopper_pearson(stayed, self.windows.len())
    }

    /// The part of all that are known of which no source tells how long they stayed.
    pub fn untold(&self) -> f64 {
        let all = self.windows.len() + self.unknown;
        if all == 0 { 1.0 } else { self.unknown as f64 / all as f64 }
    }
}
