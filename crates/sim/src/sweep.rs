//! Many policies: to choose defaults by what history shows, on one half, and to report them on the other.

use fence_model::code::Effect;
use fence_model::policy::Policy;
use fence_model::{Code, Level, Span};

use crate::backtest::Named;
use crate::backtest::cost::Cost;
use crate::protection::Stopped;

/// What a policy came to on one half.
#[derive(Debug, Clone)]
pub struct Score {
    /// What it costs, the single delays left out.
    pub cost: Cost,
    /// How long an upgrade would have waited in the mean, in days.
    pub mean_days: f64,
    /// What it stops.
    pub stopped: [Stopped; 6],
}

/// What the default policy has to reach on a half.
#[derive(Debug, Clone, Copy)]
pub struct Aim {
    /// The largest share of upgrades that waits: a third of that of a flat 7 days.
    pub wait: f64,
    /// What a flat 14 days stops.
    pub stopped: [Stopped; 6],
}

/// How many reviews a project may ask for in a month.
pub const MOST_REVIEWS: f64 = 2.0;

impl Score {
    /// A score that keeps no single delays: of a thousand policies they would take a gigabyte.
    pub fn of(mut cost: Cost, stopped: [Stopped; 6]) -> Self {
        let mean_days = cost.mean_days();
        cost.delays = Vec::new();
        Self { cost, mean_days, stopped }
    }

    /// How many incidents it lets in, group by group, beyond what the aim allows: as told, and surely. Where nothing but time
    /// speaks against an attack, no policy stops more than a flat age that waits as long.
    pub fn lacks(&self, aim: &Aim) -> (usize, usize) {
        let lacking = |count: fn(&Stopped) -> usize| {
            let groups = self.stopped.iter().zip(&aim.stopped);
            groups.map(|(own, aim)| count(aim).saturating_sub(count(own))).sum()
        };
        (lacking(|of| of.told), lacking(|of| of.surely))
    }

    /// In which points it misses the aim, in words.
    pub fn misses(&self, aim: &Aim) -> Vec<&'static str> {
        let (told, surely) = self.lacks(aim);
        let points = [
            (self.cost.share() > aim.wait, "wait"),
            (told > 0, "protection"),
            // What only a scanner, a journal or a dump of the registry stops.
            (told == 0 && surely > 0, "surely"),
            (self.cost.known_fixes.without_a_way > 0, "fixes"),
            (self.cost.reviews_per_month() > MOST_REVIEWS, "reviews"),
        ];
        points.into_iter().filter(|(misses, _)| *misses).map(|(_, what)| what).collect()
    }

    /// How many incidents it stops, as told, groups by group and each campaign once more.
    pub fn total(&self) -> usize {
        self.stopped.iter().map(|of| of.told).sum()
    }

    /// Whether another costs no more and stops no less, and is better in something.
    pub fn is_beaten_by(&self, other: &Self) -> bool {
        let key = |score: &Self| (score.cost.waited, score.cost.reviews);
        let (own, others) = (key(self), key(other));
        let is_no_worse = others.0 <= own.0 && others.1 <= own.1 && other.total() >= self.total();
        is_no_worse && (others != own || other.total() > self.total())
    }
}

/// Settings, and how a policy's name tells them.
type Choice<T> = &'static [(T, &'static str)];

const BASES: Choice<Span> = &[
    (Span::ZERO, "0"),
    (Span::hours(6), "6h"),
    (Span::hours(8), "8h"),
    (Span::hours(12), "12h"),
    (Span::days(1), "1d"),
    (Span::days(3), "3d"),
    (Span::days(7), "7d"),
];
const CEILINGS: Choice<Span> = &[(Span::days(7), "7d"), (Span::days(14), "14d"), (Span::days(30), "30d")];
const TENURES: Choice<Span> = &[(Span::days(30), "30d"), (Span::days(60), "60d"), (Span::days(90), "90d")];
const NEW_DEPENDENCY: Choice<Effect> = &[(Effect::Note, "note"), (Effect::Double, "x2")];
const DORMANT: Choice<Effect> = &[(Effect::Double, "x2"), (Effect::Review, "review")];
const YOUNG: Choice<Effect> = &[(Effect::Ceiling, "ceil"), (Effect::Review, "review")];
const BUILD: Choice<Effect> = &[(Effect::Double, "x2"), (Effect::Review, "review")];

/// All policies of the sweep: level medium, with what the choices set. Names are `base/ceiling/tenure of
/// crates/new-dependency/dormant/young-dependency/new-build-code`.
pub fn policies() -> Vec<Named> {
    let mut all = vec![(String::new(), Policy { level: Level::Medium, ..Policy::default() })];
    vary(&mut all, BASES, |policy, base| {
        policy.wait.base = Some(base);
        for floor in
            [&mut policy.wait.floor_fix, &mut policy.wait.floor_known, &mut policy.wait.floor_audited_once]
        {
            *floor = base.min(*floor);
        }
    });
    vary(&mut all, CEILINGS, |policy, ceiling| policy.wait.ceiling = ceiling);
    vary(&mut all, TENURES, |policy, tenure| policy.wait.crate_tenure = tenure);
    let codes = [
        (Code::NewDependency, NEW_DEPENDENCY),
        (Code::Dormant, DORMANT),
        (Code::YoungDependency, YOUNG),
        (Code::NewBuildCode, BUILD),
    ];
    for (code, effects) in codes {
        vary(&mut all, effects, |policy, effect| {
            if effect != code.effect(Level::Medium) {
                policy.supposed.insert(code, effect);
            }
        });
    }
    all.into_iter().map(|(name, policy)| Named::policy(name, policy)).collect()
}

/// Each policy with each choice.
fn vary<T: Copy>(all: &mut Vec<(String, Policy)>, choice: Choice<T>, set: impl Fn(&mut Policy, T)) {
    let with = |(name, policy): &(String, Policy), (value, word): &(T, &str)| {
        let mut policy = policy.clone();
        set(&mut policy, *value);
        let name = if name.is_empty() { (*word).to_owned() } else { format!("{name}/{word}") };
        (name, policy)
    };
    *all = all.iter().flat_map(|one| choice.iter().map(move |choice| with(one, choice))).collect();
}
