//! Reviewers in a replay: who is asked to read a release, and when the answer is there.
//!
//! History does not tell who would have answered. Either nobody ever does, which is the worst for cost; or whoever is asked has read
//! the release so long after the first project asked, and all projects share what he signed.

use std::collections::BTreeMap;

use fence_model::facts::{Audit, AuditedVersion, Claim};
use fence_model::{Level, Span, Time};

use super::upgrades::Upgrade;
use super::walk::Walk;
use crate::history::{Compiled, ReleaseNumber, audit_by};

/// What becomes of the reviews that a policy asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reviewers {
    /// Nobody answers.
    #[default]
    Nobody,
    /// The first project that asks has an answer so long afterwards, and so have all that ask later.
    Answer(Span),
}

/// The reviews that were given, and since when they are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reviews {
    known: BTreeMap<ReleaseNumber, Time>,
    /// How many sign each: as many as the level asks for.
    signers: usize,
}

/// Those who sign, as audits call them.
const SIGNERS: [&str; 2] = ["a reviewer", "another reviewer"];

impl Reviews {
    pub(super) fn at(level: Level) -> Self {
        Self { known: BTreeMap::new(), signers: if level == Level::High { 2 } else { 1 } }
    }

    pub(super) fn add(&mut self, of: ReleaseNumber, known: Time) {
        self.known.insert(of, known);
    }

    /// Since when the review of a release is known.
    pub(super) fn known(&self, of: ReleaseNumber) -> Option<Time> {
        self.known.get(&of).copied()
    }

    /// Those of a crate, as facts.
    pub(super) fn of<'h>(&self, compiled: &Compiled<'h>, krate: usize) -> Vec<Audit<'h>> {
        let full = |of: &ReleaseNumber| {
            Claim::Full(AuditedVersion { version: compiled.release(*of).version.clone(), git: None })
        };
        let by_all = |(of, known): (&ReleaseNumber, &Time)| {
            let (claim, known) = (full(of), *known);
            SIGNERS.iter().take(self.signers).map(move |who| audit_by(who, claim.clone(), known))
        };
        self.known.range(compiled.numbers_of(krate)).flat_map(by_all).collect()
    }
}

impl Walk<'_, '_> {
    /// Has releases reviewed: each that a project wanted while it asked for a reviewer, so long after the first did. In order of
    /// publication, since what was reviewed may be the base of what came later.
    pub(super) fn review(&self, within: Span, upgrades: &[Upgrade]) {
        let mut wanted: BTreeMap<(Time, ReleaseNumber), Vec<Time>> = BTreeMap::new();
        for upgrade in upgrades {
            let key = (self.compiled.published(upgrade.release), upgrade.release);
            wanted.entry(key).or_default().push(upgrade.at);
        }
        for ((_, number), mut moments) in wanted {
            moments.sort_unstable();
            let alone = self.alone(number);
            if let Some(asked) = moments.into_iter().find(|at| alone.asks_at(*at)) {
                self.reviewed(number, asked + within);
            }
        }
    }
}
