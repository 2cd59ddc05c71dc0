//! The backtest: under a policy, since when would each release have been admitted, and who would have waited?
//!
//! Admission is a matter of the release, not of the project, so [`admissions`] finds it once per release and [`cost`] joins the
//! answers with the upgrades that projects made. `walk` asks the judgement itself; what a release's requirements add is
//! arithmetic on its answers (`needs`).

pub mod check;
pub mod cost;
mod needs;
pub mod reviews;
pub mod upgrades;
mod walk;

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

use fence_model::Level;
use fence_model::policy::Policy;
use fence_model::readings::Readings;
use fence_model::{Span, Time};

use crate::history::{Compiled, ReleaseNumber};
use reviews::{Reviewers, Reviews};
use upgrades::Upgrades;

pub(crate) use walk::{Alone, AsOf, speaking_feeds, step};
pub use walk::{Codes, Fate, Phase, Walk};

/// What decides when a release is let in.
#[derive(Debug, Clone)]
pub enum Rule {
    /// As cargo's own setting has it: so long after publication, whatever is known.
    FlatAge(Span),
    /// The fence, by a policy.
    Fence(Box<Policy>),
}

/// A rule under the name by which reports call it.
#[derive(Debug, Clone)]
pub struct Named {
    /// The name.
    pub name: String,
    /// The rule.
    pub rule: Rule,
}

impl Named {
    /// A flat age, in days.
    pub fn flat(days: i64) -> Self {
        Self { name: format!("flat {days} d"), rule: Rule::FlatAge(Span::days(days)) }
    }

    /// The default policy at a level.
    pub fn fence(level: Level) -> Self {
        Self::policy(format!("fence {level}"), Policy { level, ..Policy::default() })
    }

    /// A policy.
    pub fn policy(name: String, policy: Policy) -> Self {
        Self { name, rule: Rule::Fence(Box::new(policy)) }
    }
}

/// What became of releases under a rule.
#[derive(Debug)]
pub struct Admissions {
    /// By [`ReleaseNumber`]; none where nobody asked.
    of: Vec<Option<Fate>>,
    /// What reviewers added to history on the way.
    pub reviews: Reviews,
}

impl Admissions {
    /// What became of a release.
    pub fn of(&self, number: ReleaseNumber) -> Option<&Fate> {
        self.of[number.0 as usize].as_ref()
    }
}

/// Since when each release that upgrades brought in, or could have, is admitted under a rule.
pub fn admissions(
    compiled: &Compiled<'_>,
    rule: &Rule,
    readings: &Readings,
    (upgrades, reviewers): (&Upgrades, Reviewers),
) -> Admissions {
    let wanted = upgrades.releases();
    let mut reviews = Reviews::default();
    let mut of: Vec<Option<Fate>> = vec![None; compiled.releases()];
    match rule {
        Rule::FlatAge(age) => {
            for number in &wanted {
                let published = compiled.published(*number);
                of[number.0 as usize] = Some(Fate::by_age(published, published + *age));
            }
        }
        Rule::Fence(policy) => walk::walk(compiled, policy, readings, |walk| {
            if let Reviewers::Answer(within) = reviewers {
                walk.review(within, &upgrades.all);
            }
            reviews = walk.reviews();
            for number in &wanted {
                of[number.0 as usize] = Some(walk.fate(*number));
            }
        }),
    }
    Admissions { of, reviews }
}

/// The stack of a thread that looks down requirements of requirements.
const STACK: usize = 64 << 20;

/// Does `work` for each item, several at a time, and returns what came of them in their order.
///
/// # Panics
/// If the work does.
pub fn side_by_side<T: Sync, R: Send>(
    items: &[T],
    hands: NonZeroUsize,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let mut done: Vec<(usize, R)> = std::thread::scope(|scope| {
        let hand = || {
            let mut done = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(item) = items.get(at) else { return done };
                done.push((at, work(item)));
            }
        };
        let start = |_| std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, hand);
        let threads: Vec<_> = (0..hands.get().min(items.len()))
            .map(|at| start(at).unwrap_or_else(|error| panic!("no thread to work in: {error}")))
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_else(|p| std::panic::resume_unwind(p)))
            .collect()
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Far enough in the future that whatever time alone admits is admitted.
pub(crate) const HORIZON: Time = Time::LATEST;
