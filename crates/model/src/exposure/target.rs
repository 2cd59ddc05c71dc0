//! A crate as somebody would attack it: facts that are not there, for the judgement to decide about.

use std::sync::Arc;

use semver::Version;

use crate::code::Level;
use crate::decision::{Decision, Verdict};
use crate::facts::{CrateFacts, Feed, FeedState, Publisher, ReleaseFacts, Sighting};
use crate::judge::{Asked, Context, InUse, Judge, Neighbourhood, Treatment};
use crate::names::{CaretClass, Digest};
use crate::people::{Account, Maintainer};
use crate::readings::{Looked, Reading, Readings};
use crate::time::{Span, Time};

use super::people::Helper;

/// How many accounts that may publish a crate are tried, those that published last before the others. Crates with more have
/// a team, of which the first of each kind speak for the others.
pub const MOST_PUBLISHERS: usize = 12;

/// How often readings may be asked for: what was read may give a release another base.
const MOST_ROUNDS: usize = 4;

/// The digest of the next release, which nobody has seen.
const NEXT: Digest = Digest([0xf3; 32]);

/// A crate, its next release, and all that decides about it.
pub struct Target<'a> {
    asked: Asked<'a>,
    context: Context<'a>,
    facts: CrateFacts<'a>,
    feeds: Vec<Feed>,
    readings: Readings,
    next: ReleaseFacts<'a>,
}

impl<'a> Target<'a> {
    /// A crate of which `in_use` is in use. Who is heard of the next release `voices` tells, where no release of its class
    /// does. None where there is no next version.
    pub fn new(
        asked: Asked<'a>,
        treatment: Treatment<'a>,
        in_use: Vec<InUse>,
        facts: CrateFacts<'a>,
        version: &Version,
        voices: impl FnOnce(&Version) -> Option<Arc<[Maintainer<'a>]>>,
    ) -> Option<Self> {
        let next = next(&facts, version, asked.now, voices)?;
        // The attacker publishes while all feeds speak: what they withhold stops the clock.
        let speaking =
            |feed: &Feed| Feed { state: FeedState::Current, as_of: Some(asked.now), ..feed.clone() };
        let feeds = asked.feeds.iter().map(speaking).collect();
        let digests = facts.releases.iter().map(|release| release.digest);
        let readings = asked.readings.among(digests);
        let context = Context { treatment, in_use };
        let mut target = Self { asked, context, facts, feeds, readings, next };
        // Whoever scans reads the release, and finds in it what was there before.
        for _ in 0..MOST_ROUNDS {
            let unread = target.decide(None, &[]).unread;
            if unread.is_empty() {
                break;
            }
            for one in unread {
                target.readings.add(one.pair, Looked::Read(Reading::default()));
            }
        }
        Some(target)
    }

    /// The version of the next release.
    pub fn next(&self) -> &Version {
        &self.next.version
    }

    /// The level at which it is judged.
    pub fn level(&self) -> Level {
        self.asked.level
    }

    /// How the policy treats the registry that it comes from.
    pub fn treatment(&self) -> Treatment<'a> {
        self.context.treatment
    }

    /// Who may publish the next release, as far as is known: those who own the crate where that is told, and those who
    /// published it. None among them where it may be anybody; at most [`MOST_PUBLISHERS`].
    pub fn publishers(&self) -> Vec<Option<Publisher<'a>>> {
        let mut latest_first: Vec<&ReleaseFacts<'a>> = self.facts.releases.iter().collect();
        latest_first.sort_by_key(|release| (std::cmp::Reverse(release.appeared()), release.publisher));
        let published = latest_first.iter().filter_map(|release| release.publisher);
        let owners = || self.facts.owners.iter().flatten().filter(|owner| owner.until.is_none());
        let is_left_to_teams = owners().any(|owner| matches!(owner.account, Account::Team(_)));
        let may_publish = |publisher: &Publisher<'a>| match publisher {
            // A member of a team is not told.
            Publisher::User(id) => {
                self.facts.owners.is_none()
                    || is_left_to_teams
                    || owners().any(|owner| owner.account == Account::User(*id))
            }
            Publisher::Ci(_) => true,
        };
        let by_account = owners().filter_map(|owner| match owner.account {
            Account::User(id) => Some(Publisher::User(id)),
            Account::Team(_) => None,
        });
        let mut all: Vec<Option<Publisher<'a>>> = Vec::new();
        if !self.facts.publishers_told {
            all.push(None);
        }
        for publisher in published.filter(may_publish).chain(by_account) {
            if all.len() < MOST_PUBLISHERS && !all.contains(&Some(publisher)) {
                all.push(Some(publisher));
            }
        }
        // Nobody is known who may, and somebody can.
        if all.is_empty() {
            all.push(None);
        }
        all
    }

    /// The decision about the next release at the moment of its publication, by an account and with all that these can sign.
    pub fn decide(&self, publisher: Option<Publisher<'a>>, with: &[&Helper]) -> Decision {
        let now = self.asked.now;
        let mut facts: CrateFacts<'_> = self.facts.clone();
        let mut next = ReleaseFacts { publisher, ..self.next.clone() };
        for helper in with {
            helper.enrol(&mut next);
        }
        for helper in with {
            let criteria = &self.asked.policy.criteria;
            helper.vouch(&next, criteria, now, &mut facts);
            facts.statements.extend(helper.approve(&next, now));
        }
        facts.releases.push(next);
        let asked = Asked { feeds: &self.feeds, readings: &self.readings, ..self.asked };
        Judge::new(asked, self.context.clone(), facts).decide(&self.next.version, &Neighbourhood::default())
    }

    /// How long the next release waits as it is decided about, nothing being added; none if for ever.
    pub fn wait(&self, decision: &Decision) -> Option<Span> {
        match decision.verdict {
            Verdict::Admit => Some(Span::ZERO),
            Verdict::Hold | Verdict::Block => {
                let ways = decision.clears.iter().filter(|way| way.is_wait());
                ways.map(|way| way.earliest - self.asked.now).min()
            }
        }
    }

    /// How long a release waits at least for which an account's history speaks, or a window.
    pub(super) fn floor_known(&self) -> Span {
        self.asked.policy.wait.floor_known
    }

    /// How long from the publication until a moment.
    pub(super) fn until(&self, moment: Time) -> Span {
        moment - self.asked.now
    }

    /// Whether more is known here of somebody than to whom he belongs.
    pub(super) fn knows(&self, principal: &str, accounts: &[Account]) -> bool {
        let published = self.facts.releases.iter().filter_map(|release| match release.publisher? {
            Publisher::User(id) => Some(Account::User(id)),
            Publisher::Ci(_) => None,
        });
        let owners = self.facts.owners.iter().flatten().map(|owner| owner.account);
        let is_own = |account: Account| accounts.contains(&account);
        let mut voices = self.next.voices.iter().flat_map(|voices| voices.iter());
        published.chain(owners).any(is_own)
            || voices.any(|one| one.signer == Some(principal) || one.accounts.iter().copied().any(is_own))
    }

    /// Who signs for whom among those who are heard: the feed, and the principal.
    pub(super) fn voice(&self, name: &str, signer: &str) -> Helper {
        let voices = self.next.voices.iter().flat_map(|voices| voices.iter());
        let feed = voices.filter(|voice| voice.signer == Some(signer)).find_map(|voice| voice.feed);
        Helper::voice(name, feed.unwrap_or_default(), signer)
    }
}

/// The next release of a crate: above all that are there of those that may come in place of the one in use. It needs nothing, since
/// that is what gets in the soonest.
fn next<'a>(
    facts: &CrateFacts<'a>,
    in_use: &Version,
    now: Time,
    voices: impl FnOnce(&Version) -> Option<Arc<[Maintainer<'a>]>>,
) -> Option<ReleaseFacts<'a>> {
    let version = next_version(facts, in_use)?;
    let of_line = facts.releases.iter().filter(|release| are_of_one_line(&release.version, in_use));
    let told = of_line.filter(|release| release.voices.is_some()).max_by_key(|release| &release.version);
    let has_times =
        facts.releases.is_empty() || facts.releases.iter().any(|release| release.published.is_some());
    let is_seen = facts.journalled || !has_times;
    let sighting = is_seen.then(|| {
        Box::new(Sighting {
            first_seen: now,
            first_digest: NEXT,
            lacked_at: Some(now - Span::seconds(1)),
            first_seen_yanked: false,
            yanks: Vec::new(),
        })
    });
    Some(ReleaseFacts {
        voices: told.and_then(|release| release.voices.clone()).or_else(|| voices(&version)),
        version,
        digest: NEXT,
        published: has_times.then_some(now),
        yanked: false,
        dependencies: Arc::new([]),
        sighting,
        publisher: None,
    })
}

/// The version above all that are or were there; none where no higher one can be written.
fn next_version(facts: &CrateFacts<'_>, in_use: &Version) -> Option<Version> {
    let gone = facts.gone.iter().map(|gone| &gone.version);
    let there = facts.releases.iter().map(|release| &release.version);
    let taken = there.chain(gone).chain([in_use]).filter(|version| are_of_one_line(version, in_use));
    let highest = taken.max()?;
    match (highest.patch.checked_add(1), highest.major) {
        (Some(patch), _) => Some(Version::new(highest.major, highest.minor, patch)),
        (None, 0) => None,
        (None, major) => Some(Version::new(major, highest.minor.checked_add(1)?, 0)),
    }
}

/// Whether one comes in place of the other: by cargo's rules; and of 0.0.x, each of which is alone by these, by hand.
fn are_of_one_line(one: &Version, other: &Version) -> bool {
    CaretClass::of(one) == CaretClass::of(other)
        || [one, other].iter().all(|version| (version.major, version.minor) == (0, 0))
}
