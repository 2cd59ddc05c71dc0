//! The clock: since when a release is in the open, and up to when time counts.
//!
//! Age is time in the open: in the index, not yanked, as this fence or its feeds saw it. Two questions are
//! answered here, both without a clock: when did a release's time begin (`first_open`), and up to when may time
//! be counted ([`Feeds::counted`]), given that a feed which stands still must stop the clock, never admit.

use crate::facts::{Feed, FeedState, ReleaseFacts, Sighting, Yank};
use crate::time::{Span, Time};

/// Yanks that last longer than this in all, and are taken back, start the clock again.
pub(crate) const LONG_YANK: Span = Span::days(1);

/// When the release's time in the open began, leaving yanks after its first sight aside.
///
/// `None` when neither publish time nor first sight is known, or when it appeared yanked and still is.
pub(crate) fn first_open(release: &ReleaseFacts<'_>) -> Option<Time> {
    let Some(sighting) = release.sighting.as_deref() else {
        return release.published;
    };
    let unyanked_at = sighting.yanks.first().and_then(|yank| yank.until);
    match (sighting.first_seen_yanked, unyanked_at, sighting.lacked_at) {
        (true, Some(unyanked_at), _) => return Some(unyanked_at),
        (true, None, Some(_)) => return None,
        // At first contact nobody knows how long it was in the open before it was yanked, with a journal as without: as
        // long as the yank stands, which keeps it from whoever has not locked it, the publish time counts.
        (true, None, None) | (false, _, _) => {}
    }
    match (release.published, sighting.lacked_at) {
        // First contact: the publish time counts, but for one in the future, which counts as first sight.
        (Some(published), None) => Some(published.min(sighting.first_seen)),
        // An earlier read lacked it: age starts when it was seen, whatever time it claims.
        _ => Some(sighting.first_seen),
    }
}

/// The publish time that lies before a read which lacked the release, and that read, if they contradict.
///
/// `delay` is how late an honest index may show a release.
pub(crate) fn backdated(release: &ReleaseFacts<'_>, delay: Span) -> Option<(Time, Time)> {
    let published = release.published?;
    let lacked_at = release.sighting.as_deref()?.lacked_at?;
    (published + delay < lacked_at).then_some((published, lacked_at))
}

/// When the yank began with which a release had been yanked for longer than [`LONG_YANK`] in all, and when it came
/// back from the latest such one. After each the sum begins anew, as its time in the open does.
pub(crate) fn long_yank(release: &ReleaseFacts<'_>) -> Option<(Time, Time)> {
    let mut long: Option<(Time, Time)> = None;
    let mut yanked = Span::ZERO;
    for (at, until) in yanks(release).iter().filter_map(|yank| Some((yank.at, yank.until?))) {
        yanked = yanked + (until - at);
        if yanked > LONG_YANK {
            long = Some((long.map_or(at, |(first, _)| first), until));
            yanked = Span::ZERO;
        }
    }
    long
}

/// For how long of the time between two moments a release was yanked.
pub(crate) fn yanked_for(release: &ReleaseFacts<'_>, from: Time, until: Time) -> Span {
    let later = yanks(release).iter().filter(|yank| yank.at >= from);
    let lasted = later.map(|yank| yank.until.unwrap_or(until).min(until) - yank.at);
    lasted.fold(Span::ZERO, |all, one| all + one)
}

/// When a release that is in the open since `opened` has been so for `span`, which being yanked does not add to; none if a
/// yank stands before that.
pub(crate) fn aged(release: &ReleaseFacts<'_>, opened: Time, span: Span) -> Option<Time> {
    let mut aged = opened + span;
    for yank in yanks(release).iter().filter(|yank| yank.at >= opened) {
        if aged <= yank.at {
            break;
        }
        aged = aged + (yank.until? - yank.at);
    }
    Some(aged)
}

/// What the journal saw of yanks.
fn yanks<'r>(release: &'r ReleaseFacts<'_>) -> &'r [Yank] {
    release.sighting.as_deref().map_or(&[], |sighting| &sighting.yanks)
}

/// When the yank that stands, or the latest one, was seen to happen; none for one that was there at first sight,
/// of which nobody knows how old it is.
pub(crate) fn yank_seen(release: &ReleaseFacts<'_>) -> Option<Time> {
    yanks_seen(release).last()
}

/// When each of its yanks was seen to happen; not the one that was there at first sight.
pub(crate) fn yanks_seen(release: &ReleaseFacts<'_>) -> impl Iterator<Item = Time> {
    let was_there = |sighting: &&Sighting| sighting.first_seen_yanked;
    let skipped = release.sighting.as_deref().filter(was_there).map_or(0, |_| 1);
    yanks(release).iter().skip(skipped).map(|yank| yank.at)
}

/// When it was seen to be yanked for the first time; none where it may have been before.
pub(crate) fn first_yanked(release: &ReleaseFacts<'_>) -> Option<Time> {
    let sighting = release.sighting.as_deref()?;
    sighting.yanks.first().filter(|_| !sighting.first_seen_yanked).map(|yank| yank.at)
}

/// The feeds that speak against releases: the index, and advisories.
#[derive(Debug, Clone, Copy)]
pub struct Feeds<'a>(pub &'a [Feed]);

impl<'a> Feeds<'a> {
    /// Up to when time counts: now, or what the stalest of the feeds speaks for. Nothing counts where one was
    /// never read.
    pub fn counted(self, now: Time) -> Time {
        self.0.iter().map(|feed| feed.as_of.unwrap_or(Time::EARLIEST)).fold(now, Time::min)
    }

    /// The stalest feed, if it is behind `moment`.
    pub fn behind(self, moment: Time) -> Option<&'a Feed> {
        self.0
            .iter()
            .filter(|feed| feed.as_of.unwrap_or(Time::EARLIEST) < moment)
            .min_by_key(|feed| (feed.as_of.unwrap_or(Time::EARLIEST), feed.name.as_str()))
    }

    /// A feed that was never read; the first by name.
    pub(crate) fn never_read(self) -> Option<&'a Feed> {
        self.0.iter().filter(|feed| feed.as_of.is_none()).min_by_key(|feed| feed.name.as_str())
    }

    /// Whether some feed was never read.
    pub fn any_absent(self) -> bool {
        self.0.iter().any(|feed| feed.as_of.is_none() || feed.state == FeedState::Absent)
    }
}
