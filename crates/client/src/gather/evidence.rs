//! What the feeds say, of any crate: for those who judge without a lockfile.
//!
//! [`Evidence::read`] reads the feeds of a policy as a check does, compiled once for all who use this machine;
//! [`Evidence::complete`] then adds to a crate's facts what they say of it.

use fence_model::Time;
use fence_model::facts::{CrateFacts, Feed};

use super::feeds::{self, Configured, FeedNow, source_of};
use super::knowledge::feed_age;
use super::packages::Packages;
use super::{Age, GatherError, Problem, Request, Tally};
use crate::cargo_config::Registry;
use crate::snapshot::{
    CrateView, EnrolledRecord, PublisherRecord, QUORUM_LASTS, Snapshot, SnapshotError, Voices, publisher_of,
};

/// The feeds of a policy, as they were read last.
#[derive(Debug, Default)]
pub struct Evidence {
    feeds: Vec<FeedNow>,
    ages: Vec<Age>,
    problems: Vec<Problem>,
}

impl Evidence {
    /// Reads what is missing or too old of the feeds that `request` asks for; its lockfile plays no part.
    ///
    /// # Errors
    ///
    /// [`GatherError`]; a feed that cannot be had is a [`Problem`], and its age says so.
    pub fn read(request: &Request<'_>) -> Result<Self, GatherError> {
        let configured: Vec<Configured> = feeds::configured(request);
        let (mut problems, mut tally) = (Vec::new(), Tally::default());
        let feeds = feeds::read(request, &configured, &mut problems, &mut tally)?;
        let mut ages = Vec::with_capacity(feeds.len());
        for feed in &feeds {
            ages.push(match feed.compiled.as_ref().map(source_of).transpose()? {
                Some(source) => feed_age(request, &source, feed.failed),
                None => Age {
                    name: feed.name.clone(),
                    kind: feed.kind,
                    state: feed.failed.unwrap_or(fence_model::facts::FeedState::Absent),
                    as_of: None,
                    read: None,
                },
            });
        }
        Ok(Self { feeds, ages, problems })
    }

    /// Equal words, equal evidence: what was judged by the one stands by the other, but for how old it is.
    pub fn identity(&self) -> Result<String, GatherError> {
        let mut identity = String::new();
        for feed in &self.feeds {
            let source = feed.compiled.as_ref().map(source_of).transpose()?;
            let content = source.map_or("", |source| source.identity);
            identity += &format!("{} {} {content}\n", feed.name, feed.settings);
        }
        Ok(identity)
    }

    /// How old each feed is.
    pub fn ages(&self) -> &[Age] {
        &self.ages
    }

    /// The feeds that speak against releases, as a judgement at `now` takes them.
    pub fn adverse(&self, now: Time) -> Vec<Feed> {
        let adverse = self.ages.iter().filter(|age| age.kind.is_adverse());
        let feed = |age: &Age| Feed {
            name: age.name.clone(),
            state: age.state,
            as_of: age.as_of.map(|as_of| as_of.min(now)),
        };
        adverse.map(feed).collect()
    }

    /// What went wrong, and what was done instead.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Adds what was known at `now` of the crate that `facts` are about, and who published its releases. Reviews of
    /// other content than the packages that cargo has of `registry` are left out.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Record`]: a compiled feed is damaged, and to be made again.
    pub fn complete<'a>(
        &'a self,
        facts: &mut CrateFacts<'a>,
        registry: &Registry,
        now: Time,
    ) -> Result<(), SnapshotError> {
        let packages = Packages::of(registry);
        let mut publishers: Vec<PublisherRecord<'a>> = Vec::new();
        for feed in &self.feeds {
            let Some(view) = feed.view(facts.name.as_str())? else { continue };
            facts.advisories.extend(view.advisories_at(now)?);
            let digest_of = |version: &semver::Version| {
                facts.releases.iter().find(|release| release.version == *version).map(|r| r.digest)
            };
            let mut audits = view.audits()?;
            audits.retain(|of| of.audit.known <= now);
            audits.retain(|of| packages.contradict(facts.name.as_str(), digest_of, of).is_none());
            facts.audits.extend(audits.into_iter().map(|of| of.audit));
            let windows = view.windows()?.into_iter().filter(|of| of.known <= now);
            facts.windows.extend(windows.map(|of| of.window));
            let mut statements = view.statements()?;
            statements.retain(|of| of.known <= now);
            facts.statements.extend(statements);
            if let Some(owners) = view.owners()? {
                facts.owners.get_or_insert_default().extend(owners);
            }
            facts.publishers_told |= view.publishers_told();
            publishers.extend(view.publishers()?);
            let mut voices = Voices::default();
            for release in &mut facts.releases {
                if release.appeared().is_some_and(|appeared| appeared > now - QUORUM_LASTS) {
                    let of_feed = voices.of(&view, &release.version, || self.enrolled())?;
                    release.voices = release.voices.take().or(of_feed);
                }
            }
        }
        // All of them at once, as a check does: what two feeds contradict no third decides.
        publishers.sort_by(|one, other| one.version.cmp(&other.version));
        for release in &mut facts.releases {
            release.publisher = publisher_of(&publishers, &release.version, &release.digest);
        }
        Ok(())
    }

    /// Who is bound to accounts, by all feeds that the policy believes about it.
    fn enrolled(&self) -> Result<Vec<EnrolledRecord<'_>>, SnapshotError> {
        let mut enrolled = Vec::new();
        for snapshot in self.feeds.iter().filter_map(|feed| feed.compiled.as_ref()) {
            enrolled.extend(snapshot.enrolled()?);
        }
        Ok(enrolled)
    }

    /// Whether a feed has an advisory on the crate `name`.
    pub fn may_be_advised(&self, name: &str) -> bool {
        // Damage is for `complete` to tell of.
        let is_advised = |feed: &FeedNow| {
            feed.view(name).map_or(true, |view| view.is_some_and(|view| view.evidence_counts()[0] > 0))
        };
        self.feeds.iter().any(is_advised)
    }
}

impl FeedNow {
    fn view(&self, name: &str) -> Result<Option<CrateView<'_>>, SnapshotError> {
        match &self.compiled {
            Some(compiled) => Snapshot::crate_named(compiled, 0, name),
            None => Ok(None),
        }
    }
}
