//! What single changes of a policy would leave: each is made, and the same search is asked again.

use crate::code::Level;
use crate::facts::CrateFacts;
use crate::policy::{FeedRole, Policy, RegistryTreatment};
use crate::time::Span;

use super::Weakest;
use super::people::Sources;

/// A change of a policy. Ordered by what it asks of those who work with it, the cheapest first: whether somebody is believed
/// about others, then what waits longer, then whose word is lost.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// A feed is not believed about which accounts its signers have.
    NotEnrolled(String),
    /// A registry of one's own is judged as any other.
    Judged(String),
    /// A known publisher waits that long.
    FloorKnown(Span),
    /// What a quorum approves, or fixes an advisory, waits that long.
    FloorFix(Span),
    /// One audit shortens no wait.
    TwoAudits(Span),
    /// A feed whose word admits is read no more.
    WithoutFeed(String),
    /// What is unremarkable waits that long.
    Base(Span),
    /// A higher level.
    Level(Level),
}

/// A change, and what it leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The change.
    pub change: Change,
    /// The project's frontier after it.
    pub frontier: Vec<Weakest>,
    /// The lines of `fence.toml` that make it.
    pub lines: String,
    /// What it costs.
    pub cost: String,
}

impl Change {
    /// All that may be worth trying under a policy, of which `level` is asked.
    pub fn all(policy: &Policy, level: Level) -> Vec<Self> {
        let feeds = || policy.feeds.iter().filter(|(_, feed)| feed.enabled);
        let admits = |role| matches!(role, FeedRole::Audits | FeedRole::Crev | FeedRole::Statements);
        let admitting = || feeds().filter(|(_, feed)| admits(feed.role));
        let wait = &policy.wait;
        let base = policy.base_wait(level);
        let mut all: Vec<Self> = Vec::new();
        all.extend(admitting().map(|(name, _)| Self::WithoutFeed(name.clone())));
        all.extend(feeds().filter(|(_, feed)| feed.enrols).map(|(name, _)| Self::NotEnrolled(name.clone())));
        if wait.floor_audited_once < base && admitting().next().is_some() {
            all.push(Self::TwoAudits(wait.ceiling));
        }
        let own = policy.registries.iter().filter(|registry| registry.treat == RegistryTreatment::FirstParty);
        all.extend(own.map(|registry| Self::Judged(registry.index.clone())));
        if wait.floor_known < base {
            all.push(Self::FloorKnown(base));
        }
        // Wherever advisories are read somebody can make a fix of what comes next.
        let fix = wait.floor_known.min(base);
        if wait.floor_fix < fix {
            all.push(Self::FloorFix(fix));
        }
        let twice = base.times(2).min(wait.ceiling);
        if base < twice {
            all.push(Self::Base(twice));
        }
        all.extend(Level::ALL.into_iter().find(|higher| *higher > level).map(Self::Level));
        all
    }

    /// The policy with the change.
    pub fn made_to(&self, policy: &Policy) -> Policy {
        let mut policy = policy.clone();
        let feed = |policy: &mut Policy, name: &str, change: fn(&mut crate::policy::FeedSource)| {
            policy.feeds.get_mut(name).into_iter().for_each(change);
        };
        match self {
            Self::WithoutFeed(name) => feed(&mut policy, name, |feed| feed.enabled = false),
            Self::NotEnrolled(name) => feed(&mut policy, name, |feed| feed.enrols = false),
            Self::TwoAudits(wait) => policy.wait.floor_audited_once = *wait,
            Self::Judged(index) => {
                let own = policy.registries.iter_mut().filter(|registry| registry.index == *index);
                own.for_each(|registry| registry.treat = RegistryTreatment::Judged);
            }
            Self::FloorKnown(wait) => policy.wait.floor_known = *wait,
            Self::FloorFix(wait) => policy.wait.floor_fix = *wait,
            Self::Base(wait) => policy.wait.base = Some(*wait),
            Self::Level(level) => policy.level = *level,
        }
        policy
    }

    /// The level at which a package is judged after it, that was judged at `own` where `asked` is asked for. A level that the
    /// policy sets for the package's kind of use stays.
    pub(super) fn level_of(&self, asked: Level, own: Level) -> Level {
        match self {
            Self::Level(level) if own == asked => *level,
            _ => own,
        }
    }

    /// What is known of a crate after it.
    pub(super) fn facts<'a>(
        &self,
        sources: &Sources,
        policy: &Policy,
        mut facts: CrateFacts<'a>,
    ) -> CrateFacts<'a> {
        let (Self::WithoutFeed(name) | Self::NotEnrolled(name)) = self else { return facts };
        let Some(feed) = policy.feeds.get(name) else { return facts };
        for release in &mut facts.releases {
            let Some(voices) = &release.voices else { continue };
            if voices.iter().any(|voice| voice.feed == Some(name)) {
                let mut voices = voices.to_vec();
                let own = voices.iter_mut().filter(|voice| voice.feed == Some(name));
                own.for_each(|voice| (voice.signer, voice.feed) = (None, None));
                release.voices = Some(voices.into());
            }
        }
        if *self == Self::WithoutFeed(name.clone()) {
            let is_signer = |who: &str| feed.reviewers.keys().any(|principal| principal.as_str() == who);
            let is_reviewer = |who: &str| feed.trust.keys().any(|id| id.to_string() == who);
            facts.audits.retain(|audit| match (audit.feed, feed.role) {
                (Some(feed), _) => feed != name,
                (None, FeedRole::Crev) => !audit.who.iter().any(|who| is_reviewer(who)),
                (None, _) => !audit.signer.as_ref().is_some_and(|signer| is_signer(signer.principal)),
            });
            facts.statements.retain(|statement| statement.feed != name);
            let keeper = sources.keepers.get(name).unwrap_or(name);
            facts.windows.retain(|window| window.origin != keeper && window.origin != name);
        }
        facts
    }

    /// The lines of `fence.toml` that make it.
    fn lines(&self) -> String {
        match self {
            Self::WithoutFeed(name) => format!("[feeds.{name}]\nenabled = false"),
            Self::NotEnrolled(name) => format!("[feeds.{name}]\nenrols = false"),
            Self::TwoAudits(wait) => format!("[wait]\nfloor-audited-once = \"{wait}\""),
            Self::Judged(index) => format!("[[registries]]\nindex = \"{index}\"\ntreat = \"judged\""),
            Self::FloorKnown(wait) => format!("[wait]\nfloor-known = \"{wait}\""),
            Self::FloorFix(wait) => format!("[wait]\nfloor-fix = \"{wait}\""),
            Self::Base(wait) => format!("[wait]\nbase = \"{wait}\""),
            Self::Level(level) => format!("level = \"{level}\""),
        }
    }

    /// What it costs, compared with a policy of which `level` is asked.
    fn cost(&self, (policy, level): (&Policy, Level)) -> String {
        let wait = &policy.wait;
        let base = policy.base_wait(level);
        match self {
            Self::WithoutFeed(name) => {
                let then = if level == Level::High { "is held" } else { "waits" };
                format!("what {name} vouches for {then} as if nobody did")
            }
            Self::NotEnrolled(name) => {
                format!(
                    "no quorum counts the signers of {name}, and their objections hold nothing as maintainers"
                )
            }
            Self::TwoAudits(to) => format!(
                "a release with one audit waits as without, where {} were enough; two audits still admit at once ({to} is the ceiling)",
                wait.floor_audited_once
            ),
            Self::Judged(index) => format!("releases of {index} wait as all others do"),
            Self::FloorKnown(to) => format!(
                "a release by a known publisher, or with unchanged code, waits {to} as all others do, in place of {} at least",
                wait.floor_known
            ),
            Self::FloorFix(to) => {
                format!(
                    "a release that fixes an advisory, or that a quorum approves, waits {to}, in place of {}",
                    wait.floor_fix
                )
            }
            Self::Base(to) => format!("an unremarkable release waits {to}, in place of {base}"),
            Self::Level(Level::High) => {
                "no release is admitted by age: each takes two independent audits".to_owned()
            }
            Self::Level(level) => format!(
                "an unremarkable release waits {}, in place of {base}, and what was doubled takes a reviewer",
                policy.base_wait(*level)
            ),
        }
    }
}

/// The changes that raise the frontier, those that raise it most first; of equal ones the cheapest.
///
/// A frontier is higher that asks for a longer wait of the fewest identities for which the two differ.
pub(super) fn ranked(
    asked: (&Policy, Level),
    before: &[Weakest],
    outcomes: impl Iterator<Item = (Change, Vec<Weakest>)>,
) -> Vec<Changed> {
    let raising = outcomes.filter(|(_, after)| height(after, before) > height(before, before));
    let mut changed: Vec<Changed> = raising
        .map(|(change, frontier)| Changed {
            lines: change.lines(),
            cost: change.cost(asked),
            change,
            frontier,
        })
        .collect();
    changed.sort_by(|one, other| {
        let height = |changed: &Changed| height(&changed.frontier, before);
        height(other).cmp(&height(one)).then_with(|| one.change.cmp(&other.change))
    });
    changed
}

/// How long each number of identities takes, for as many as either frontier tells of; for ever where they are never enough.
fn height(frontier: &[Weakest], before: &[Weakest]) -> Vec<Span> {
    let most =
        frontier.iter().chain(before).map(|point| point.identities).max().unwrap_or(0).max(MOST_COMPARED);
    let wait = |identities| {
        let enough = frontier.iter().filter(|point| point.identities <= identities);
        enough.map(|point| point.wait).min().unwrap_or(Span::seconds(i64::MAX))
    };
    (1..=most).map(wait).collect()
}

/// For how many identities frontiers are compared at least, so that all are compared for as many.
const MOST_COMPARED: usize = 64;
