//! Many policies: to choose defaults by what history shows, on one half, and to report them on the other.

use fence_model::code::Effect;
use fence_model::policy::{Policy, Wait};
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

    /// Whether it stops at least as much as `aim` in every group, in the unfavourable bound.
    pub fn protects(&self, aim: &Aim) -> bool {
        self.stopped.iter().zip(aim.stopped).all(|(own, aim)| own.surely >= aim.surely)
    }

    /// How many incidents it lets in, group by group, beyond what the aim allows.
    pub fn lacks(&self, aim: &Aim) -> usize {
        let groups = self.stopped.iter().zip(aim.stopped);
        groups.map(|(own, aim)| aim.surely.saturating_sub(own.surely)).sum()
    }

    /// In which points it misses the aim, in words.
    pub fn misses(&self, aim: &Aim) -> Vec<&'static str> {
        let perhaps = self.stopped.iter().zip(aim.stopped).all(|(own, aim)| own.perhaps >= aim.surely);
        let points = [
            (self.cost.share() > aim.wait, "wait"),
            // What only scanners and publishers that nobody told of would have stopped.
            (!self.protects(aim), if perhaps { "protection?" } else { "protection" }),
            (self.cost.known_fixes.without_a_way > 0, "fixes"),
            (self.cost.reviews_per_month() > MOST_REVIEWS, "reviews"),
        ];
        points.into_iter().filter(|(misses, _)| *misses).map(|(_, what)| what).collect()
    }

    /// How many incidents it stops, surely, groups by group and each campaign once more.
    pub fn total(&self) -> usize {
        self.stopped.iter().map(|of| of.surely).sum()
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
    (Span::hours(4), "4h"),
    (Span::hours(6), "6h"),
    (Span::hours(8), "8h"),
    (Span::hours(12), "12h"),
    (Span::days(1), "1d"),
    (Span::days(3), "3d"),
];
const CEILINGS: Choice<Span> = &[(Span::days(7), "7d"), (Span::days(14), "14d"), (Span::days(30), "30d")];
const TENURES: Choice<Span> = &[(Span::days(30), "30d"), (Span::days(60), "60d"), (Span::days(90), "90d")];
const NEW_DEPENDENCY: Choice<Effect> = &[(Effect::Note, "note"), (Effect::Double, "x2")];
const DORMANT: Choice<Effect> = &[(Effect::Double, "x2"), (Effect::Review, "review")];
const YOUNG: Choice<Effect> = &[(Effect::Ceiling, "ceil"), (Effect::Review, "review")];

/// All policies of the sweep: level medium, with what the choices set. Names are `base/ceiling/tenure of
/// crates/new-dependency/dormant/young-dependency`.
pub fn policies() -> Vec<Named> {
    let mut all = Vec::new();
    for (base, base_name) in BASES {
        for (ceiling, ceiling_name) in CEILINGS {
            for (tenure, tenure_name) in TENURES {
                for (needs, needs_name) in NEW_DEPENDENCY {
                    for (dormant, dormant_name) in DORMANT {
                        for (young, young_name) in YOUNG {
                            let wait = Wait {
                                base: Some(*base),
                                ceiling: *ceiling,
                                crate_tenure: *tenure,
                                floor_fix: (*base).min(Span::hours(24)),
                                floor_known: (*base).min(Span::days(3)),
                                ..Wait::default()
                            };
                            let mut policy = Policy { level: Level::Medium, wait, ..Policy::default() };
                            for (code, effect) in [
                                (Code::NewDependency, *needs),
                                (Code::Dormant, *dormant),
                                (Code::YoungDependency, *young),
                            ] {
                                if effect != code.effect(Level::Medium) {
                                    policy.supposed.insert(code, effect);
                                }
                            }
                            let name = format!(
                                "{base_name}/{ceiling_name}/{tenure_name}/{needs_name}/{dormant_name}/{young_name}"
                            );
                            all.push(Named::policy(name, policy));
                        }
                    }
                }
            }
        }
    }
    all
}
