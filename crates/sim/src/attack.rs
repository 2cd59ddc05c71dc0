//! Attacks: adversaries who know the policy, run many times against a registry that was never published.
//!
//! The way is [`attack`]. It draws one crate for each run, lets each [`Adversary`] choose the best of his variants against
//! each rule by asking the judgement itself ([`mod@play`]), and draws when the attack is found from incidents that really happened
//! ([`detection`]). It reaches a build if it is admitted no later than it is found: builds are taken to update at every moment.
//!
//! A [`Script`] is what an adversary does, as facts over time; nothing in it says what a rule makes of them. For a crate and a
//! rule the moment of admission is no matter of chance, so it is found once; chance is which crate, and when it is found. All
//! rules face the same crates and the same luck, so that what is between two of them is not chance.
//!
//! Three things are uncertain, and are told apart: how many runs there were ([`intervals::wilson`]); how few incidents are
//! known ([`detection::Sample::staying`]); and how long those stayed of which nobody tells it.

pub mod adversaries;
pub mod detection;
pub mod intervals;
mod lots;
pub mod play;
pub mod registry;
pub mod report;
pub mod script;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use fence_model::quorum::Rules;
use fence_model::{Level, Span, Time};

pub use adversaries::{Adversary, Stage};
pub use registry::Registry;

use crate::backtest::{Named, Rule, side_by_side};
use crate::incidents::Bound;
use detection::{Detections, Heard, Like};
use intervals::{Interval, wilson};
use lots::Lots;
use play::play;
use registry::{Made, Target};
use script::{Price, Script};

/// Where a crate stands by those who need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rank {
    /// The first hundredth.
    Head,
    /// Up to a fifth.
    Middle,
    /// All others.
    Tail,
}

impl Rank {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Head, Self::Middle, Self::Tail];

    /// The word that tables use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Middle => "middle",
            Self::Tail => "tail",
        }
    }

    /// The ranks of it, in a registry of that size.
    fn numbers(self, crates: u32) -> std::ops::Range<u32> {
        let (head, middle) = ((crates / 100).max(1), (crates / 5).max(2));
        match self {
            Self::Head => 0..head,
            Self::Middle => head..middle,
            Self::Tail => middle..crates.max(middle + 1),
        }
    }
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// How many runs of each adversary.
    pub runs: usize,
    /// From what all lots are drawn.
    pub seed: u64,
    /// Whether the victim keeps a journal.
    pub has_journal: bool,
    /// Who attacks.
    pub adversaries: Vec<Adversary>,
    /// How many work at once; the answer is the same.
    pub hands: NonZeroUsize,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The rules, by name.
    pub rules: Vec<String>,
    /// How many runs of each adversary there were.
    pub runs: usize,
    /// From what all lots were drawn.
    pub seed: u64,
    /// How many crates the registry has.
    pub crates: u32,
    /// For each adversary a cell for each rule.
    pub rows: Vec<Row>,
    /// How many incidents each kind of attack was drawn from, and of how many more nobody tells how long they stayed.
    pub samples: Vec<(Like, usize, usize)>,
}

/// One adversary.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Who.
    pub adversary: Adversary,
    /// What came of him against each rule.
    pub cells: Vec<Cell>,
}

/// What came of one adversary against one rule.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Cell {
    /// How many runs there were.
    pub runs: usize,
    /// In how many the malicious release reached a build.
    pub reached: usize,
    /// The same, if each incident had been found as soon as its sources allow.
    pub reached_if_soonest: usize,
    /// The interval of the share that the number of runs leaves.
    pub by_runs: Interval,
    /// The interval that the number of known incidents leaves.
    pub by_sample: Interval,
    /// The share, if all of which nobody tells how long they stayed had stayed longer than any wait.
    pub if_untold_stay: f64,
    /// In how many runs it is ever admitted if nobody finds it.
    pub admitted: usize,
    /// Of those, how long it has to stay unnoticed: the median, in seconds.
    pub stays_seconds: Option<i64>,
    /// Of those, the price: the median of each part.
    pub price: Option<Price>,
    /// The share that reached a build, by rank of the crate: runs, and reached.
    pub by_rank: BTreeMap<&'static str, (usize, usize)>,
    /// The variants that were chosen, and how often.
    pub variants: BTreeMap<String, usize>,
}

/// What became of a crate.
#[derive(Debug, Clone)]
struct Plan {
    variant: String,
    like: Like,
    /// For how long it has to stay unnoticed; none if it is never admitted.
    stays: Option<Span>,
    /// By what the victim hears of it being found, if it does.
    heard: Option<Heard>,
    price: Price,
}

/// Runs the adversaries against the rules.
pub fn attack(registry: &Registry, rules: &[Named], detections: &Detections, question: &Question) -> Report {
    let runs = question.runs;
    let drawn: Vec<(Rank, u32)> = (0..runs).map(|run| draw(registry, question, run)).collect();
    let mut numbers: Vec<u32> = drawn.iter().map(|(_, number)| *number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let targets: Vec<Target> =
        numbers.iter().map(|number| registry.target(*number, question.has_journal)).collect();
    let mut faced: Vec<Faced<'_>> = rules.iter().map(|rule| Faced::of(&rule.rule)).collect();
    faced.sort_unstable();
    faced.dedup();
    let made = made(registry, &faced, question, &targets);

    let plans: Vec<Vec<Vec<Plan>>> = side_by_side(&targets, question.hands, |target| {
        let stage = |Faced { level, criteria }| {
            let made = made.iter().find(|(own, _)| *own == quorum_level(level)).map(|(_, made)| made);
            Stage { made, level, criteria, ..Stage::of(registry, target) }
        };
        let of_adversary = |adversary: &Adversary| {
            let scripts = faced.iter().map(|faced| (*faced, adversary.variants(&stage(*faced))));
            let scripts: BTreeMap<Faced<'_>, Vec<Script<'_>>> = scripts.collect();
            let of_rule = |rule: &Named| plan(&scripts[&Faced::of(&rule.rule)], &rule.rule);
            rules.iter().map(of_rule).collect::<Vec<Plan>>()
        };
        question.adversaries.iter().map(of_adversary).collect()
    });

    let place = |number: u32| numbers.partition_point(|other| *other < number);
    let cell = |adversary: usize, rule: usize| {
        let runs = drawn.iter().map(|(rank, number)| (*rank, &plans[place(*number)][adversary][rule]));
        counted(&runs.collect::<Vec<_>>(), detections, question)
    };
    let rows = question.adversaries.iter().enumerate().map(|(at, adversary)| Row {
        adversary: *adversary,
        cells: (0..rules.len()).map(|rule| cell(at, rule)).collect(),
    });
    Report {
        rules: rules.iter().map(|rule| rule.name.clone()).collect(),
        runs,
        seed: question.seed,
        crates: registry.crates(),
        rows: rows.collect(),
        samples: [Like::Takeover, Like::NewCrate, Like::HandOver]
            .map(|like| (like, detections.like(like).count(), detections.like(like).unknown))
            .into(),
    }
}

/// The crate of a run: each rank in turn, and any of it as likely.
fn draw(registry: &Registry, question: &Question, run: usize) -> (Rank, u32) {
    let rank = Rank::ALL[run % Rank::ALL.len()];
    let numbers = rank.numbers(registry.crates());
    let mut lots = Lots::of(question.seed, 1, run as u64);
    (rank, numbers.start + lots.below(numbers.len()) as u32)
}

/// The clusters that are made for all of these crates, for each size of quorum.
fn made(
    registry: &Registry,
    faced: &[Faced<'_>],
    question: &Question,
    targets: &[Target],
) -> Vec<(Level, Made)> {
    if !question.adversaries.contains(&Adversary::Sybils) {
        return Vec::new();
    }
    let mut levels: Vec<Level> = faced.iter().map(|faced| quorum_level(faced.level)).collect();
    levels.dedup();
    let wanted = |level: Level| {
        let one = |target| Some((target, registry.to_be_made(target, level)?));
        targets.iter().filter_map(one).collect::<Vec<_>>()
    };
    levels.into_iter().map(|level| (level, registry.make(&wanted(level)))).collect()
}

/// The lowest level at which a quorum is what it is at this one.
fn quorum_level(level: Level) -> Level {
    if Rules::at(level) == Rules::at(Level::Low) { Level::Low } else { level }
}

/// What an attacker has to know of a rule before he acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Faced<'r> {
    level: Level,
    criteria: &'r str,
}

impl<'r> Faced<'r> {
    /// What a rule asks for; one that knows no levels is at the lowest, and reads no audits.
    fn of(rule: &'r Rule) -> Self {
        match rule {
            Rule::FlatAge(_) => Self { level: Level::Low, criteria: "" },
            Rule::Fence(policy) => Self { level: policy.level, criteria: &policy.criteria },
        }
    }
}

/// The best of an adversary's variants: the one that has to stay unnoticed for the shortest time, then the cheapest. One that
/// the victim never hears of being found is better than any.
fn plan(variants: &[Script<'_>], rule: &Rule) -> Plan {
    let key = |plan: &Plan| (plan.stays.is_none(), plan.heard, plan.stays, plan.price);
    let best = variants.iter().map(|script| tried(script, rule)).min_by(|a, b| key(a).cmp(&key(b)));
    best.unwrap_or(Plan {
        variant: "none".into(),
        like: Like::Takeover,
        stays: None,
        heard: Some(Heard::Removal),
        price: Price::default(),
    })
}

fn tried(script: &Script<'_>, rule: &Rule) -> Plan {
    let admitted = play(script, rule, None).admitted;
    let heard = match rule {
        _ if script.hears.index() => Some(Heard::Removal),
        Rule::Fence(_) if script.hears.advisories() => Some(Heard::Advisory),
        Rule::Fence(_) | Rule::FlatAge(_) => None,
    };
    Plan {
        variant: script.variant.clone(),
        like: script.like,
        stays: admitted.map(|admitted: Time| admitted.max(script.open) - script.open),
        heard,
        price: script.price(admitted.unwrap_or(script.open)),
    }
}

/// Counts what comes of the runs of one adversary against one rule.
fn counted(runs: &[(Rank, &Plan)], detections: &Detections, question: &Question) -> Cell {
    let (mut reached, mut reached_if_soonest) = (0, 0);
    let (mut low, mut high, mut untold) = (0.0, 0.0, 0.0);
    let mut by_rank: BTreeMap<&'static str, (usize, usize)> = BTreeMap::new();
    let mut variants: BTreeMap<String, usize> = BTreeMap::new();
    for (run, (rank, plan)) in runs.iter().enumerate() {
        let sample = detections.like(plan.like);
        let reaches = |bound| {
            let mut lots = Lots::of(question.seed, 2, run as u64);
            let found = sample.draw(&mut lots, bound);
            plan.stays.is_some_and(|stays| plan.heard.is_none_or(|heard| stays <= found.by(heard)))
        };
        let has_reached = reaches(Bound::Unfavourable);
        reached += usize::from(has_reached);
        reached_if_soonest += usize::from(reaches(Bound::Favourable));
        let of_rank = by_rank.entry(rank.as_str()).or_default();
        *of_rank = (of_rank.0 + 1, of_rank.1 + usize::from(has_reached));
        let staying = match (plan.stays, plan.heard) {
            (None, _) => Interval { low: 0.0, high: 0.0 },
            (Some(_), None) => Interval { low: 1.0, high: 1.0 },
            (Some(stays), Some(heard)) => sample.staying(stays, heard),
        };
        low += staying.low;
        high += staying.high;
        let is_ever = if plan.stays.is_some() { sample.untold() } else { 0.0 };
        untold += is_ever + (1.0 - is_ever) * f64::from(u8::from(has_reached));
        *variants.entry(plan.variant.clone()).or_default() += 1;
    }
    let count = runs.len().max(1) as f64;
    let admitted: Vec<&Plan> =
        runs.iter().map(|(_, plan)| *plan).filter(|plan| plan.stays.is_some()).collect();
    let median = |of: &dyn Fn(&Plan) -> i64| {
        let mut all: Vec<i64> = admitted.iter().map(|plan| of(plan)).collect();
        all.sort_unstable();
        all.get(all.len() / 2).copied()
    };
    let whole = |of: &dyn Fn(&Price) -> usize| median(&|plan| of(&plan.price) as i64).unwrap_or(0) as usize;
    let price = (!admitted.is_empty()).then(|| Price {
        identities: whole(&|price| price.identities),
        held_seconds: median(&|plan| plan.price.held_seconds).unwrap_or(0),
        crates: whole(&|price| price.crates),
        aged_seconds: median(&|plan| plan.price.aged_seconds).unwrap_or(0),
        reviewers: whole(&|price| price.reviewers),
    });
    Cell {
        runs: runs.len(),
        reached,
        reached_if_soonest,
        by_runs: wilson(reached, runs.len()),
        by_sample: Interval { low: low / count, high: high / count },
        if_untold_stay: untold / count,
        admitted: admitted.len(),
        stays_seconds: median(&|plan| plan.stays.map_or(0, Span::as_seconds)),
        price,
        by_rank,
        variants: if variants.len() > 12 { BTreeMap::new() } else { variants },
    }
}
