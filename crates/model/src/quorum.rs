//! How much the maintainers of dependents weigh, and whether those who approve are enough.
//!
//! The way is [`Voice`]s → [`fill`] → [`quorum`]. A voice is a cluster of owners (a person, or an organisation, which is
//! one) that is eligible for a release, with its reach: how many other clusters stand behind it in the graph of
//! dependents. Who is eligible and how far it reaches is told by whoever has the graph; here is only arithmetic, in whole
//! numbers, so that it comes out the same on every machine and in any order.
//!
//! 1. A voice weighs `ln(1 + reach)` ([`weight`]). A voice that nobody stands behind weighs nothing.
//! 2. Only voices that are enrolled count: an identity is bound to the accounts, on both sides.
//! 3. No voice has more than a tenth of the whole; what is above is shared out to the others ([`fill`]).
//! 4. Approvals are added up ([`quorum`]). Where too few are enrolled there is no quorum at all.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;

use crate::Level;

/// Owners who count as one: a person with all accounts, or an organisation with all of its people. The number is the
/// caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cluster(pub u32);

/// Whether somebody can sign for a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Enrolment {
    /// A signing identity is bound to the accounts of the cluster.
    Enrolled,
    /// None is: it cannot be asked, and does not count.
    Unbound,
}

/// A cluster that is eligible for a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Voice {
    /// Who it is; a release has each cluster once.
    pub cluster: Cluster,
    /// How many other clusters stand behind it.
    pub reach: u32,
    /// What that weighs, in millionths.
    pub weight: u32,
}

impl Voice {
    /// A voice, weighed.
    pub fn of(cluster: Cluster, reach: u32) -> Self {
        Self { cluster, reach, weight: weight(reach) }
    }
}

/// A part of the whole, in billionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Share(u32);

impl Share {
    /// All of it.
    pub const WHOLE: Self = Self(1_000_000_000);
    /// Nothing.
    pub const NONE: Self = Self(0);

    /// `percent` hundredths, at most all.
    pub const fn percent(percent: u32) -> Self {
        Self(if percent < 100 { percent * 10_000_000 } else { Self::WHOLE.0 })
    }

    /// Billionths.
    pub const fn billionths(self) -> u32 {
        self.0
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Share {
    /// Whole percents, rounded down, so that what is not yet enough never looks so.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0 / 10_000_000)
    }
}

/// How much is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// The most that one cluster may have of the enrolled weight.
    pub cap: Share,
    /// The share that has to approve.
    pub needed: Share,
    /// How many clusters have to approve, whatever they weigh.
    pub clusters: usize,
    /// With fewer enrolled clusters of any weight there is no quorum.
    pub least_enrolled: usize,
    /// With a smaller part of the eligible weight enrolled there is no quorum.
    pub least_part: Share,
}

impl Rules {
    /// What a level asks for. That a fifth of the weight has to be enrolled is provisional.
    pub const fn at(level: Level) -> Self {
        let needed = match level {
            Level::Low | Level::Medium => Share::percent(30),
            Level::High => Share::percent(50),
        };
        Self {
            cap: Share::percent(10),
            needed,
            clusters: 3,
            least_enrolled: 10,
            least_part: Share::percent(20),
        }
    }
}

/// How a quorum stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Quorum {
    /// There is none to be had.
    Thin(Thin),
    /// Not yet.
    Open {
        /// The share that approved so far.
        share: Share,
        /// The share that has to.
        needed: Share,
        /// How many clusters approved so far.
        clusters: usize,
        /// How many have to.
        clusters_needed: usize,
        /// The fewest others that could complete it, heaviest first, each with its share.
        could: Vec<(Cluster, Share)>,
    },
    /// Enough approved.
    Reached {
        /// The share that approved.
        share: Share,
        /// The share that had to.
        needed: Share,
        /// How many clusters approved.
        clusters: usize,
    },
}

/// Why there is no quorum to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thin {
    /// Too few clusters are enrolled.
    Few {
        /// How many are.
        enrolled: usize,
        /// How many have to be.
        least: usize,
    },
    /// Too little of what the eligible weigh is enrolled.
    Light {
        /// The part that is.
        part: Share,
        /// The part that has to be.
        least: Share,
    },
}

/// `ln(1 + reach)` in millionths, rounded down: 0 for nobody, 693,147 for one, 22,180,709 at most.
///
/// By repeated squaring in whole numbers, since the last bit of a logarithm in floating point is the machine's choice.
pub fn weight(reach: u32) -> u32 {
    const LN_2_E12: u128 = 693_147_180_560;
    let number = u128::from(reach) + 1;
    let whole = number.ilog2();
    // Between 1 and 2, with 63 bits after the point.
    let mut rest = number << (63 - whole);
    let mut binary = u128::from(whole);
    for _ in 0..32 {
        rest = (rest * rest) >> 63;
        let bit = rest >> 64;
        rest >>= bit;
        binary = binary << 1 | bit;
    }
    // 22 digits before the last, so it fits.
    (((binary * LN_2_E12) >> 32) / 1_000_000) as u32
}

/// The share of each of `voices`, in their order: proportional to weight, none above `cap`.
///
/// What a voice would have above the cap goes to the others in proportion, until none is above. Where so few have any
/// weight that the cap cannot hold, they are equal. All shares together are [`Share::WHOLE`], or nothing where nobody has
/// weight. A few passes over the voices, without sorting them all.
pub fn fill(voices: &[Voice], cap: Share) -> Vec<Share> {
    let mut shares = vec![Share::NONE; voices.len()];
    let mut rest: u64 = voices.iter().map(|voice| u64::from(voice.weight)).sum();
    let mut order: Vec<usize> = (0..voices.len()).filter(|at| voices[*at].weight > 0).collect();
    let Ok(count @ 1..) = u32::try_from(order.len()) else { return shares };
    let cap = cap.0.max(Share::WHOLE.0.div_ceil(count));
    let heaviest_first = |a: &usize, b: &usize| {
        voices[*b].weight.cmp(&voices[*a].weight).then_with(|| voices[*a].cluster.cmp(&voices[*b].cluster))
    };

    // No more than these can be above.
    let top = order.len().min((Share::WHOLE.0 / cap) as usize + 1);
    if top < order.len() {
        order.select_nth_unstable_by(top, heaviest_first);
    }
    order[..top].sort_unstable_by(heaviest_first);
    let mut left = Share::WHOLE.0;
    let mut capped = 0;
    for &at in &order[..top] {
        let weight = voices[at].weight;
        if u128::from(weight) * u128::from(left) <= u128::from(cap) * u128::from(rest) {
            break;
        }
        shares[at] = Share(cap.min(left));
        left -= shares[at].0;
        rest -= u64::from(weight);
        capped += 1;
    }

    let mut broken = Vec::new();
    let mut given = 0;
    for &at in &order[capped..] {
        let exact = u64::from(voices[at].weight) * u64::from(left);
        shares[at] = Share((exact / rest) as u32);
        given += shares[at].0;
        if exact % rest > 0 {
            broken.push(at);
        }
    }
    // What rounding down left over, fewer than there are broken shares: a billionth to each of the heaviest.
    let over = (left - given) as usize;
    if over < broken.len() {
        broken.select_nth_unstable_by(over, heaviest_first);
    }
    for &at in &broken[..over.min(broken.len())] {
        shares[at].0 += 1;
    }
    shares
}

/// How the quorum of a release stands, among these voices and with these approvals.
///
/// More approvals never make it worse. An approval of a cluster that is not among the voices, or not enrolled, changes
/// nothing: involved clusters are none, so what they say has no weight here.
pub fn quorum(voices: &[(Voice, Enrolment)], approved: &BTreeSet<Cluster>, rules: &Rules) -> Quorum {
    let weight = |voices: &mut dyn Iterator<Item = &Voice>| -> u64 {
        voices.map(|voice| u64::from(voice.weight)).sum()
    };
    let eligible = weight(&mut voices.iter().map(|(voice, _)| voice));
    let enrolled: Vec<Voice> = voices
        .iter()
        .filter(|(voice, enrolment)| *enrolment == Enrolment::Enrolled && voice.weight > 0)
        .map(|(voice, _)| *voice)
        .collect();
    if enrolled.len() < rules.least_enrolled {
        return Quorum::Thin(Thin::Few { enrolled: enrolled.len(), least: rules.least_enrolled });
    }
    let part =
        u128::from(weight(&mut enrolled.iter())) * u128::from(Share::WHOLE.0) / u128::from(eligible.max(1));
    let part = Share(u32::try_from(part).unwrap_or(Share::WHOLE.0));
    if part < rules.least_part {
        return Quorum::Thin(Thin::Light { part, least: rules.least_part });
    }

    let shares = fill(&enrolled, rules.cap);
    let (mut share, mut clusters, mut others) = (Share::NONE, 0, Vec::new());
    for (voice, own) in enrolled.iter().zip(shares) {
        if approved.contains(&voice.cluster) {
            share = share.plus(own);
            clusters += 1;
        } else {
            others.push((voice.cluster, own));
        }
    }
    let (needed, clusters_needed) = (rules.needed, rules.clusters);
    if share >= needed && clusters >= clusters_needed {
        return Quorum::Reached { share, needed, clusters };
    }
    let could = completing(others, |reached, more| {
        share.plus(reached) >= needed && clusters + more >= clusters_needed
    });
    Quorum::Open { share, needed, clusters, clusters_needed, could }
}

/// What somebody must have to reach the quorum of a release alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forgery {
    /// How many of the enrolled clusters he would have to take over, the heaviest.
    pub taken: usize,
    /// How many clusters of his own would do, made for it: each owns a crate that depends on this one, and one that depends
    /// on all of those. None where [`MOST_MADE`] do not do.
    pub made: Option<usize>,
}

/// Up to how many made clusters [`forgery`] looks.
pub const MOST_MADE: usize = 1 << 20;

/// What it takes to reach the quorum among these voices with nobody's consent; none where there is no quorum. There made
/// clusters may still open one, by being enrolled: as many as [`Rules::least_enrolled`], which this does not tell.
///
/// Made clusters stand behind each other: of `m` each has a reach of `m - 1`, and so `m * ln(m)` in all, which has to be the
/// needed share `q` of it and the honest weight `W` together: `m * ln(m) = W * q / (1 - q)`. How long they must have owned
/// their crates before is the graph's rule, not the arithmetic's.
pub fn forgery(voices: &[(Voice, Enrolment)], rules: &Rules) -> Option<Forgery> {
    let taken = match quorum(voices, &BTreeSet::new(), rules) {
        Quorum::Open { could, .. } => could.len(),
        Quorum::Thin(_) | Quorum::Reached { .. } => return None,
    };
    Some(Forgery { taken, made: to_be_made(voices, rules, MOST_MADE) })
}

/// How many clusters somebody has to make to reach the quorum of a release with these alone, where made ones stand behind each
/// other as [`forgery`] has it, at most `most`; none where so many do not do. They may open a quorum that was none.
pub fn to_be_made(voices: &[(Voice, Enrolment)], rules: &Rules, most: usize) -> Option<usize> {
    let highest = voices.iter().map(|(voice, _)| voice.cluster.0 + 1).max().unwrap_or(0);
    let does = |made: usize| {
        let clusters = || (highest..).map(Cluster).take(made);
        let reach = u32::try_from(made.saturating_sub(1)).unwrap_or(u32::MAX);
        let with_them = clusters().map(|cluster| (Voice::of(cluster, reach), Enrolment::Enrolled));
        let all: Vec<_> = voices.iter().copied().chain(with_them).collect();
        matches!(quorum(&all, &clusters().collect(), rules), Quorum::Reached { .. })
    };
    // Doubled until it does, then halved.
    let enough = std::iter::successors(Some(1), |made| Some(made * 2))
        .take_while(|made| *made <= most)
        .find(|made| does(*made))?;
    let (mut too_few, mut enough) = (enough / 2, enough);
    while enough - too_few > 1 {
        let middle = (too_few + enough) / 2;
        if does(middle) { enough = middle } else { too_few = middle }
    }
    Some(enough)
}

/// The fewest of `others` with which it is enough, heaviest first. All of them are, if `least_enrolled` is no less than
/// the clusters that are needed.
fn completing(
    others: Vec<(Cluster, Share)>,
    is_enough: impl Fn(Share, usize) -> bool,
) -> Vec<(Cluster, Share)> {
    let by_share = |(cluster, share)| (share, std::cmp::Reverse(cluster));
    let mut heap: std::collections::BinaryHeap<_> = others.into_iter().map(by_share).collect();
    let (mut could, mut reached) = (Vec::new(), Share::NONE);
    while !is_enough(reached, could.len()) {
        let Some((share, std::cmp::Reverse(cluster))) = heap.pop() else { break };
        could.push((cluster, share));
        reached = reached.plus(share);
    }
    could
}
