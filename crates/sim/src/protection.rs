//! What a rule protects from: which incidents it would have stopped, by group, in each bound.

use std::collections::BTreeMap;

use fence_model::code::Effect;
use fence_model::policy::Policy;
use fence_model::{Code, Span};

use crate::backtest::{Named, Rule};
use crate::history::Compiled;
use crate::incidents::{Bound, Group, Incident, Outcome, SINGLE_CODES, judge};

/// What a rule would have made of one incident.
#[derive(Debug, Clone)]
pub struct Judged<'i> {
    /// The incident.
    pub incident: &'i Incident,
    /// Against the fence: what reports count.
    pub unfavourable: Outcome,
    /// As told.
    pub told: Outcome,
    /// For it.
    pub favourable: Outcome,
}

/// How many incidents of a group there are, and how many were stopped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stopped {
    /// How many there are.
    pub all: usize,
    /// How many were stopped in the unfavourable bound.
    pub surely: usize,
    /// How many were stopped as told.
    pub told: usize,
    /// How many were stopped in the favourable one.
    pub perhaps: usize,
}

/// What tables call the groups, and the campaigns.
pub const GROUPS: [&str; 6] =
    ["takeovers", "sister takeovers", "new crates", "no window", "sister new", "campaigns"];

impl std::fmt::Display for Stopped {
    /// `2/5/7`: surely, as told, and perhaps; `7` where all three are the same.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { surely, told, perhaps, .. } = self;
        write!(f, "{surely}")?;
        if told != surely || perhaps != told {
            write!(f, "/{told}/{perhaps}")?;
        }
        Ok(())
    }
}

/// What a rule would have made of these incidents.
pub fn judged<'i>(compiled: &Compiled<'_>, incidents: &[&'i Incident], rule: &Rule) -> Vec<Judged<'i>> {
    let in_each_bound = |incident: &&'i Incident| {
        let in_bound = |bound| judge(compiled, incident, bound, rule);
        Judged {
            incident,
            unfavourable: in_bound(Bound::Unfavourable),
            told: in_bound(Bound::Told),
            favourable: in_bound(Bound::Favourable),
        }
    };
    incidents.iter().map(in_each_bound).collect()
}

/// Counts them by group, and the campaigns on crates.io of known windows by their longest member; in the order of [`GROUPS`].
pub fn by_group(judged: &[Judged<'_>]) -> [Stopped; 6] {
    let mut counts = [Stopped::default(); 6];
    let mut longest: BTreeMap<&str, &Judged<'_>> = BTreeMap::new();
    for one in judged {
        let place = Group::ALL.iter().position(|group| *group == one.incident.group).unwrap_or_default();
        count(&mut counts[place], one);
        if matches!(one.incident.group, Group::Takeover | Group::NewCrate) {
            let length = |one: &Judged<'_>| one.incident.window.map_or(Span::ZERO, |(_, longest)| longest);
            let member = longest.entry(&one.incident.campaign).or_insert(one);
            if length(one) > length(member) {
                *member = one;
            }
        }
    }
    longest.into_values().for_each(|one| count(&mut counts[5], one));
    counts
}

fn count(stopped: &mut Stopped, one: &Judged<'_>) {
    stopped.all += 1;
    stopped.surely += usize::from(one.unfavourable.is_stopped());
    stopped.told += usize::from(one.told.is_stopped());
    stopped.perhaps += usize::from(one.favourable.is_stopped());
}

/// A policy without each single code, and without the base wait; so that nobody takes one lucky rule for protection.
pub fn without_each(name: &str, policy: &Policy) -> Vec<Named> {
    let without = |code: &Code| {
        let mut policy = policy.clone();
        policy.supposed.insert(*code, Effect::Note);
        Named::policy(format!("{name} - {code}"), policy)
    };
    let mut all: Vec<Named> = SINGLE_CODES.iter().map(without).collect();
    let mut hasty = policy.clone();
    hasty.wait.base = Some(Span::ZERO);
    all.push(Named::policy(format!("{name} - base wait"), hasty));
    all
}
