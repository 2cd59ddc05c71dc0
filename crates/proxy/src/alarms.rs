//! What somebody has to look at: kept for the status, counted for the metrics, told to the log.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use fence_model::{CrateName, Span, Time};
use serde::Serialize;

use crate::scribe::{Known, Noted};

/// How many alarms the status shows.
const REMEMBERED: usize = 100;

/// So many releases of one crate yanked within a day are worth a look: most honest crates never yank two.
const MASS_YANK: usize = 3;
const WITHIN: Span = Span::days(1);

/// The kinds of alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlarmKind {
    /// Many releases of one crate were yanked at a time.
    MassYank,
    /// A release has another digest than it had, or its bytes have another than the index says.
    ChangedBytes,
    /// All releases of a crate vanished from the index.
    IndexShrunk,
    /// An index file came damaged.
    IndexDamaged,
    /// A release vanished from the index.
    Deleted,
    /// The journal cannot be written.
    Journal,
    /// A release that was admitted is shown though the registry marks it as yanked, since that looks like a lure.
    Lure,
}

impl AlarmKind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::MassYank,
        Self::ChangedBytes,
        Self::IndexShrunk,
        Self::IndexDamaged,
        Self::Deleted,
        Self::Journal,
        Self::Lure,
    ];

    /// The word that outputs use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MassYank => "mass-yank",
            Self::ChangedBytes => "changed-bytes",
            Self::IndexShrunk => "index-shrunk",
            Self::IndexDamaged => "index-damaged",
            Self::Deleted => "deleted",
            Self::Journal => "journal",
            Self::Lure => "lure",
        }
    }
}

/// One alarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alarm {
    /// What it is.
    pub kind: AlarmKind,
    /// When it was first raised.
    pub since: Time,
    /// When it was raised last.
    pub at: Time,
    /// The registry and crate.
    pub about: String,
    /// What happened, in a sentence.
    pub words: String,
}

/// All alarms of a fence since it was started.
#[derive(Debug, Default)]
pub(crate) struct Alarms(Mutex<Raised>);

#[derive(Debug, Default)]
struct Raised {
    latest: VecDeque<Alarm>,
    counts: BTreeMap<AlarmKind, u64>,
}

/// Whether an alarm was raised before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It is a new one.
    New,
    /// The same was raised before, and nothing came of it yet.
    Before,
}

impl Alarms {
    /// Raises an alarm; one that is repeated is counted once.
    pub(crate) fn raise(&self, alarm: Alarm) -> Heard {
        let mut raised = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |other: &&mut Alarm| {
            other.kind == alarm.kind && other.about == alarm.about && other.words == alarm.words
        };
        if let Some(same) = raised.latest.iter_mut().find(is_same) {
            same.at = alarm.at;
            return Heard::Before;
        }
        *raised.counts.entry(alarm.kind).or_default() += 1;
        raised.latest.push_front(alarm);
        raised.latest.truncate(REMEMBERED);
        Heard::New
    }

    /// The latest alarms, the newest first.
    pub(crate) fn latest(&self) -> Vec<Alarm> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).latest.iter().cloned().collect()
    }

    /// How many there were of a kind.
    pub(crate) fn count(&self, kind: AlarmKind) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).counts.get(&kind).copied().unwrap_or_default()
    }
}

/// What a read that was written down gives reason to look at.
pub(crate) fn raised_by(registry: &str, name: &CrateName, noted: &Noted) -> Vec<Alarm> {
    let Noted { change, known, memory } = noted;
    if *known == Known::FirstContact {
        return Vec::new();
    }
    let alarm = |kind, words| {
        let about = format!("{registry}/{name}");
        Alarm { kind, since: change.at, at: change.at, about, words }
    };
    let mut alarms = Vec::new();
    if !change.yanked.is_empty() {
        let recent = memory.sightings.iter().filter(|(_, sighting)| {
            sighting.is_yanked() && sighting.yanked_at().is_some_and(|at| change.at - at <= WITHIN)
        });
        let yanked: Vec<String> = recent.map(|(version, _)| version.to_string()).collect();
        if yanked.len() >= MASS_YANK {
            let words = format!(
                "{} releases of {name} were yanked within a day: {}",
                yanked.len(),
                yanked.join(", ")
            );
            alarms.push(alarm(AlarmKind::MassYank, words));
        }
    }
    for seen in &change.seen {
        let before = memory.sightings.get(&seen.version).map(|sighting| sighting.first_digest);
        if before.is_some_and(|before| before != seen.digest) {
            let words = format!("{name} {} has another digest than when it was first seen", seen.version);
            alarms.push(alarm(AlarmKind::ChangedBytes, words));
        }
    }
    for version in &change.gone {
        alarms.push(alarm(AlarmKind::Deleted, format!("{name} {version} vanished from the index")));
    }
    alarms
}
