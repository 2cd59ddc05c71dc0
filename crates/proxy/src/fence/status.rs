//! What a fence says of itself: to who watches it, and to `cargo fence`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use fence_client::snapshot::SourceKind;
use fence_model::words::outlook;
use fence_model::{CrateName, Span, Time};
use semver::Version;
use serde::Serialize;

use super::reading::Wanted;
use super::stall::ShelfStock;
use super::{Inner, REFUSALS_SHOWN};
use crate::alarms::{Alarm, AlarmKind};
use crate::answer::{Figure, FigureKind};
use crate::packages::Stock;
use crate::pages;

/// Feeds are asked every minute or so: one that is further behind than this holds young releases back. A folder of index
/// files as well, which somebody has to bring up to date.
const SILENT: Span = Span::minutes(15);

/// `/status.json`. Times are RFC 3339, in UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The format of this document.
    pub format: u32,
    /// The fence's version.
    pub version: &'static str,
    /// The folder of the policy, if it is a project's.
    pub policy: Option<String>,
    /// The level that is asked for.
    pub level: String,
    /// Why the policy as it is now is not in force, if it is not.
    pub policy_wrong: Option<String>,
    /// What time it is there.
    pub now: Time,
    /// Since when it stands.
    pub since: Time,
    /// The last word of the advisory feed, or of the folder of index files, that is furthest behind: time counts up to it
    /// at most. None where there is neither.
    pub counted_up_to: Option<Time>,
    /// Which of those are so far behind that young releases wait for them.
    pub behind: Vec<String>,
    /// The registries in front of which it stands.
    pub registries: Vec<RegistryStatus>,
    /// How old the feeds are.
    pub feeds: Vec<FeedStatus>,
    /// The packages that it keeps.
    pub kept: Stock,
    /// What somebody has to look at, the newest first.
    pub alarms: Vec<Alarm>,
    /// Downloads that were refused, the newest first.
    pub refused: Vec<Refusal>,
    /// How many releases are held of crates that were asked for, those of older classes aside: the number that the pages
    /// and `cargo fence status` tell.
    pub held_releases: usize,
    /// Releases that are held of crates that were asked for, the newest of each class, those asked for last first; of the
    /// crates that were asked for longest ago they may be left out.
    pub held: Vec<Held>,
}

/// One registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RegistryStatus {
    /// The folder of the address under which it is reached.
    pub path: String,
    /// Its name.
    pub name: String,
    /// Crates of which a page is in memory.
    pub crates: usize,
    /// Releases of them that are not admitted.
    pub refused_releases: usize,
    /// How large these pages are in memory, compressed.
    pub page_bytes: usize,
    /// Lines of its journal.
    pub journal_lines: usize,
}

/// One feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FeedStatus {
    /// Its name.
    pub name: String,
    /// What it is believed about: `advisories`, whose silence stops the clock, or `audits`.
    pub role: &'static str,
    /// `current`, `stale`, `absent` or `invalid`.
    pub state: &'static str,
    /// Up to when it speaks.
    pub as_of: Option<Time>,
}

/// A download that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// When.
    pub at: Time,
    /// The registry.
    pub registry: String,
    /// The release.
    pub release: String,
    /// What cargo printed.
    pub why: String,
}

/// A release that is held, and that somebody would have got otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Held {
    /// The registry.
    pub registry: String,
    /// The crate.
    pub name: CrateName,
    /// The release.
    pub version: Version,
    /// What is admitted in its place, of the same class.
    pub instead: Option<Version>,
    /// When it was published, as far as that is known.
    pub published: Option<Time>,
    /// Whether it is of an older class, no build asked for it, and it fixes nothing that builds get instead: such have a
    /// page of their own where people read, and are counted apart.
    pub older: bool,
    /// What it is, in a word: `held[review]`, `blocked[malicious]`.
    pub label: String,
    /// When a client asked for the crate last.
    pub asked: Time,
    /// Why, in a line.
    pub why: String,
}

/// The versions of which a download was refused lately, by registry and crate; all in lower case, since not all who ask spell
/// a crate as it spells itself.
#[derive(Debug, Default)]
pub(super) struct RefusedLately(BTreeMap<String, BTreeMap<String, BTreeSet<String>>>);

impl RefusedLately {
    fn of<'a>(refusals: impl Iterator<Item = &'a Refusal>) -> Self {
        let mut all = Self::default();
        for Refusal { registry, release, .. } in refusals {
            if let Some((name, version)) = release.to_ascii_lowercase().split_once(' ') {
                let crates = all.0.entry(registry.clone()).or_default();
                crates.entry(name.to_owned()).or_default().insert(version.to_owned());
            }
        }
        all
    }

    /// The versions of a crate, whose name is in lower case as on the shelf.
    fn of_crate(&self, registry: &str, name: &CrateName) -> Option<&BTreeSet<String>> {
        self.0.get(registry)?.get(name.as_str())
    }

    /// Whether any release of this crate is among them.
    pub(super) fn has_any(&self, registry: &str, name: &CrateName) -> bool {
        self.of_crate(registry, name).is_some()
    }

    pub(super) fn has(&self, registry: &str, name: &CrateName, version: &Version) -> bool {
        let refused = self.of_crate(registry, name);
        refused.is_some_and(|versions| versions.contains(&version.to_string().to_ascii_lowercase()))
    }
}

/// Those who speak up to moments so far back that young releases wait for them. Whoever is told that the clock stands, in
/// the terminal or on a page, is told by this.
pub(super) fn behind(speaking: Vec<(String, Time)>, now: Time) -> impl Iterator<Item = (String, Time)> {
    speaking.into_iter().filter(move |(_, as_of)| now - *as_of > SILENT)
}

impl Inner {
    pub(super) fn remember_refusal(&self, refusal: Refusal) {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.insert(0, refusal);
        refusals.truncate(REFUSALS_SHOWN);
    }

    /// The releases of which a download was refused lately.
    pub(super) fn refused_lately(&self) -> RefusedLately {
        let refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        RefusedLately::of(refusals.iter())
    }

    pub(super) async fn status(self: Arc<Self>) -> Status {
        let (held, _) = Arc::clone(&self).held(Wanted::First).await;
        self.status_telling_of(held).await
    }

    /// How the fence is. Of what is held it tells what it is given, and the number.
    pub(super) async fn status_telling_of(self: Arc<Self>, held: Vec<pages::Held>) -> Status {
        let (rules, now) = (self.rulebook.in_force(), self.now());
        let mut registries = Vec::new();
        for stall in &self.stalls {
            let ShelfStock { crates, refused_releases, page_bytes } = stall.stock();
            registries.push(RegistryStatus {
                path: stall.path.clone(),
                name: stall.source.registry().name.clone(),
                crates,
                refused_releases,
                page_bytes,
                journal_lines: stall.scribe.lines().await,
            });
        }
        let told = |held: pages::Held| Held {
            registry: held.registry,
            published: held.decision.published,
            older: held.rank == pages::Rank::Older,
            label: outlook::label(&held.decision),
            why: outlook::line(&held.decision, now),
            instead: held.stay,
            asked: held.asked,
            name: held.decision.release.name.clone(),
            version: held.decision.release.version.clone(),
        };
        let packages = self.packages.clone();
        // Folders that cannot be read have nothing to tell of.
        let kept = tokio::task::spawn_blocking(move || packages.stock()).await.unwrap_or_default();
        let evidence = self.evidence();
        let feed = |age: &fence_client::gather::Age| FeedStatus {
            name: age.name.clone(),
            role: match age.kind {
                SourceKind::Audits => "audits",
                SourceKind::Statements => "statements",
                SourceKind::Dump => "dump",
                SourceKind::Advisories | SourceKind::Registry => "advisories",
            },
            state: age.state.as_str(),
            as_of: age.as_of,
        };
        let folder = self.rulebook.folder();
        let speaking = self.speaking(now);
        let held_releases = self.held_in_all();
        Status {
            format: 1,
            version: env!("CARGO_PKG_VERSION"),
            policy: (!folder.as_os_str().is_empty()).then(|| folder.display().to_string()),
            level: rules.policy.strictest_level().to_string(),
            policy_wrong: self.rulebook.wrong(),
            now,
            since: self.since,
            counted_up_to: speaking.iter().map(|(_, as_of)| *as_of).min(),
            behind: behind(speaking, now).map(|(name, _)| name).collect(),
            registries,
            feeds: evidence.ages().iter().map(feed).collect(),
            kept,
            alarms: self.alarms.latest(),
            refused: self.refusals.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            held_releases,
            held: held.into_iter().map(told).collect(),
        }
    }

    pub(super) fn figures(&self) -> Vec<Figure> {
        let gauge = |name, help, labels, value| Figure { name, help, kind: FigureKind::Gauge, labels, value };
        let counter =
            |name, help, labels, value| Figure { name, help, kind: FigureKind::Counter, labels, value };
        let mut figures = Vec::new();
        for stall in &self.stalls {
            let labels = || vec![("registry", stall.path.clone())];
            let ShelfStock { crates, refused_releases, page_bytes } = stall.stock();
            figures.extend([
                gauge("fence_pages", "Crates of which a page is in memory.", labels(), crates as f64),
                gauge("fence_page_bytes", "Bytes of these pages, compressed.", labels(), page_bytes as f64),
                gauge(
                    "fence_refused_releases",
                    "Releases of these crates that are not admitted.",
                    labels(),
                    refused_releases as f64,
                ),
            ]);
        }
        for kind in AlarmKind::ALL {
            let labels = vec![("kind", kind.as_str().to_owned())];
            let count = self.alarms.count(kind) as f64;
            figures.push(counter("fence_alarms_total", "Alarms since the fence was started.", labels, count));
        }
        let now = self.now();
        for age in self.evidence().ages() {
            let labels = || vec![("feed", age.name.clone())];
            let is_current = f64::from(u8::from(age.state == fence_model::facts::FeedState::Current));
            figures.push(gauge(
                "fence_feed_current",
                "Whether a feed was read, whole and lately.",
                labels(),
                is_current,
            ));
            if let Some(as_of) = age.as_of {
                let seconds = (now - as_of).as_seconds() as f64;
                figures.push(gauge(
                    "fence_feed_age_seconds",
                    "How far back the last word of a feed lies.",
                    labels(),
                    seconds,
                ));
            }
        }
        let is_in_force = f64::from(u8::from(self.rulebook.wrong().is_none()));
        figures.push(gauge(
            "fence_policy_in_force",
            "Whether the policy as it is now is in force.",
            Vec::new(),
            is_in_force,
        ));
        figures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_not_spoken_for_long_is_waited_for() {
        let now: Time = "2026-08-20T12:00:00Z".parse().unwrap();
        let speaking = |name: &str, as_of: Time| (name.to_owned(), as_of);
        let fresh = speaking("a", now - Span::seconds(40));
        assert_eq!(behind(vec![fresh.clone()], now).count(), 0);
        let late = [speaking("b", now - Span::minutes(16)), speaking("c", Time::EARLIEST)];
        let all = [vec![fresh], late.to_vec()].concat();
        assert_eq!(behind(all, now).collect::<Vec<_>>(), late);
    }
}
