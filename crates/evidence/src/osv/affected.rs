//! Which releases an OSV record calls affected, told by which it does not.
//!
//! OSV tells what is affected, as RustSec and the judgement tell what is not: what lies between is the same. A range
//! is a list of events in the order of their versions, pre-releases included; a release is affected from
//! `introduced` on, up to `fixed` (excluded) or `last_affected` (included), and never from the highest `limit` on.
//! A record's ranges and the versions that it lists are united.
//!
//! | events | unaffected | patched |
//! |---|---|---|
//! | introduced 1.0.0, fixed 1.2.0 | below 1.0.0 | from 1.2.0 on |
//! | introduced 0, last_affected 1.2.0 | above 1.2.0 | |
//! | introduced 0, fixed 1.2.0, introduced 2.0.0 | | from 1.2.0 to 2.0.0, excluded |
//!
//! Only what follows a `fixed` is patched: that something is not affected any more does not make it the fix.
//! Of events of one version, `introduced` and `fixed` keep the order in which they are written: RustSec's export has
//! empty ranges, introduced and fixed in one version. `last_affected` says something of what lies above, so it comes
//! after them.

use std::cmp::Ordering;
use std::fmt;

use fence_model::facts::{Bound, Range};
use semver::{Prerelease, Version};

use crate::error::{Error, excerpt, message};

/// One event of a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Affected from here on; `None` from the first release on.
    Introduced(Option<Version>),
    /// Not affected from here on, and the fix.
    Fixed(Version),
    /// Not affected after this one.
    LastAffected(Version),
    /// Nothing is affected from here on; `None` is no limit.
    Limit(Option<Version>),
}

impl Event {
    /// Reads what stands under `key`.
    ///
    /// # Errors
    ///
    /// [`Error::Event`] if there is no such event, [`Error::Version`] if `text` is no version.
    pub fn parse(key: &str, text: &str) -> Result<Self, Error> {
        match key {
            // Nothing lies before the lowest pre-release, as RustSec's export spells it.
            "introduced" if matches!(text, "0" | "0.0.0-0") => Ok(Self::Introduced(None)),
            "introduced" => Ok(Self::Introduced(Some(version(text)?))),
            "fixed" => Ok(Self::Fixed(version(text)?)),
            "last_affected" => Ok(Self::LastAffected(version(text)?)),
            "limit" if text == "*" => Ok(Self::Limit(None)),
            "limit" => Ok(Self::Limit(Some(version(text)?))),
            _ => Err(Error::Event),
        }
    }

    /// What it is called.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Introduced(_) => "introduced",
            Self::Fixed(_) => "fixed",
            Self::LastAffected(_) => "last_affected",
            Self::Limit(_) => "limit",
        }
    }

    /// Where it takes effect among the events of its range: at a version, or after it. A limit stands nowhere.
    fn place(&self) -> Option<(Option<&Version>, u8)> {
        match self {
            Self::Fixed(at) => Some((Some(at), 0)),
            Self::Introduced(at) => Some((at.as_ref(), 0)),
            Self::LastAffected(at) => Some((Some(at), 1)),
            Self::Limit(_) => None,
        }
    }
}

impl fmt::Display for Event {
    /// Where it is, as [`Event::parse`] reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (at, everywhere) = match self {
            Self::Introduced(at) => (at.as_ref(), "0"),
            Self::Limit(at) => (at.as_ref(), "*"),
            Self::Fixed(at) | Self::LastAffected(at) => (Some(at), ""),
        };
        match at {
            Some(at) => write!(f, "{at}"),
            None => f.write_str(everywhere),
        }
    }
}

/// Reads a version; numbers that are left out are zero, as some databases leave them.
///
/// # Errors
///
/// [`Error::Version`].
pub fn version(text: &str) -> Result<Version, Error> {
    let numbers = text.split(['-', '+']).next().unwrap_or_default();
    let zeros = match numbers.matches('.').count() {
        0 => ".0.0",
        1 => ".0",
        _ => "",
    };
    let whole = format!("{numbers}{zeros}{}", &text[numbers.len()..]);
    Version::parse(&whole).map_err(|cause| Error::Version { text: excerpt(text), cause: message(&cause) })
}

/// What is not affected: the complement of what is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Affected {
    /// What follows a fix.
    pub patched: Vec<Range>,
    /// Everything else that is not affected.
    pub unaffected: Vec<Range>,
}

impl Affected {
    /// What these ranges, each a list of events in any order, and these versions leave.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] where a range introduces nothing.
    pub fn of(ranges: &[Vec<Event>], versions: &[Version]) -> Result<Self, Error> {
        let mut stretches: Vec<Stretch> = versions
            .iter()
            .map(|at| Stretch { from: Some(at.clone()), to: Bound::Inclusive(at.clone()), end: End::Other })
            .collect();
        for events in ranges {
            if !events.iter().any(|event| matches!(event, Event::Introduced(_))) {
                return Err(Error::Missing("introduced"));
            }
            stretches.extend(stretches_of(events));
        }
        Ok(complement(&united(stretches)))
    }
}

impl Affected {
    /// The ranges of events that leave just this, one for each stretch without a gap: the way back of
    /// [`Affected::of`]. A range that was never affected ends one by a `limit`, so that it does not look like a fix.
    pub fn ranges(&self) -> Vec<Vec<Event>> {
        let mut left: Vec<(&Range, End)> = self.patched.iter().map(|range| (range, End::Fix)).collect();
        left.extend(self.unaffected.iter().map(|range| (range, End::Other)));
        left.sort_by(|(one, _), (other, _)| lower_order(&one.lower, &other.lower));
        let mut ranges = Vec::new();
        // From where on releases are affected, unless something that follows leaves them out; none above everything.
        let mut from = Some(None);
        for (range, end) in left {
            let Some(start) = &from else { break };
            if let Some(last) = last_event(start.as_ref(), &range.lower, end) {
                ranges.push(vec![Event::Introduced(start.clone()), last]);
            }
            let next = match &range.upper {
                Bound::Unbounded => None,
                Bound::Inclusive(to) => Some(Some(next_above(to))),
                Bound::Exclusive(to) => Some(Some(to.clone())),
            };
            let reaches_further = match (&next, start) {
                (Some(next), start) => precedence(next.as_ref(), start.as_ref()).is_gt(),
                (None, _) => true,
            };
            if reaches_further {
                from = next;
            }
        }
        ranges.extend(from.map(|start| vec![Event::Introduced(start)]));
        ranges
    }
}

/// What ends a stretch that begins at `start`, where what begins at `lower` is not affected; `None` if there is no
/// release in between.
fn last_event(start: Option<&Version>, lower: &Bound, end: End) -> Option<Event> {
    let (at, includes) = match lower {
        Bound::Unbounded => return None,
        Bound::Inclusive(at) => (at, false),
        Bound::Exclusive(at) => (at, true),
    };
    let is_empty = start.is_some_and(|start| match start.cmp_precedence(at) {
        Ordering::Less => false,
        Ordering::Equal => !includes,
        Ordering::Greater => true,
    });
    let event = match (end, includes) {
        (End::Fix, false) => Event::Fixed(at.clone()),
        (End::Fix, true) => Event::Fixed(next_above(at)),
        (End::Other, false) => Event::Limit(Some(at.clone())),
        (End::Other, true) => Event::LastAffected(at.clone()),
    };
    (!is_empty).then_some(event)
}

/// The lowest version above `version`, between which and it there is none: a pre-release.
fn next_above(version: &Version) -> Version {
    let above = match version.pre.is_empty() {
        true => version.patch.checked_add(1).zip(Prerelease::new("0").ok()),
        false => Some(version.patch).zip(Prerelease::new(&format!("{}.0", version.pre)).ok()),
    };
    match above {
        Some((patch, pre)) => Version { pre, ..Version::new(version.major, version.minor, patch) },
        // No number is higher: it counts with what lies above.
        None => version.clone(),
    }
}

/// Releases without a gap that are affected.
#[derive(Debug, Clone)]
struct Stretch {
    /// The first; `None` from the first release on.
    from: Option<Version>,
    to: Bound,
    end: End,
}

/// Why a stretch ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Fix,
    Other,
}

/// The stretches of one range.
fn stretches_of(events: &[Event]) -> Vec<Stretch> {
    let mut in_order: Vec<&Event> = events.iter().filter(|event| event.place().is_some()).collect();
    in_order.sort_by(|one, other| match (one.place(), other.place()) {
        (Some((one, rank)), Some((other, other_rank))) => precedence(one, other).then(rank.cmp(&other_rank)),
        _ => Ordering::Equal,
    });
    let mut stretches = Vec::new();
    let mut open: Option<Option<Version>> = None;
    let mut close = |open: &mut Option<Option<Version>>, to, end| {
        stretches.extend(open.take().map(|from| Stretch { from, to, end }));
    };
    for event in in_order {
        match event {
            Event::Introduced(from) => drop(open.get_or_insert_with(|| from.clone())),
            // Introduced and fixed in one version: nothing was affected.
            Event::Fixed(at) if matches!(&open, Some(Some(from)) if from.cmp_precedence(at).is_eq()) => {
                open = None;
            }
            Event::Fixed(at) => close(&mut open, Bound::Exclusive(at.clone()), End::Fix),
            Event::LastAffected(at) => close(&mut open, Bound::Inclusive(at.clone()), End::Other),
            Event::Limit(_) => {}
        }
    }
    close(&mut open, Bound::Unbounded, End::Other);
    match highest_limit(events) {
        Some(limit) => stretches.into_iter().filter_map(|stretch| stretch.below(limit)).collect(),
        None => stretches,
    }
}

/// Up to where anything is affected, if there is an end: of several limits the highest.
fn highest_limit(events: &[Event]) -> Option<&Version> {
    let limits: Option<Vec<&Version>> = events
        .iter()
        .filter_map(|e| if let Event::Limit(at) = e { Some(at.as_ref()) } else { None })
        .collect();
    limits?.into_iter().max_by(|one, other| one.cmp_precedence(other))
}

impl Stretch {
    /// What of it lies below `limit`.
    fn below(self, limit: &Version) -> Option<Self> {
        let starts_below = self.from.as_ref().is_none_or(|from| from.cmp_precedence(limit).is_lt());
        let to = Bound::Exclusive(limit.clone());
        let cut = match upper_order(&self.to, &to) {
            Ordering::Greater => Self { to, end: End::Other, ..self },
            Ordering::Less | Ordering::Equal => self,
        };
        starts_below.then_some(cut)
    }

    /// Whether nothing lies between this one and `next`, which begins no earlier.
    fn reaches(&self, next: &Self) -> bool {
        match (&self.to, &next.from) {
            (Bound::Unbounded, _) | (_, None) => true,
            (Bound::Inclusive(to) | Bound::Exclusive(to), Some(from)) => from.cmp_precedence(to).is_le(),
        }
    }
}

/// The same releases in as few stretches as will do, in order.
fn united(mut stretches: Vec<Stretch>) -> Vec<Stretch> {
    stretches.sort_by(|one, other| {
        precedence(one.from.as_ref(), other.from.as_ref()).then_with(|| upper_order(&one.to, &other.to))
    });
    let mut united: Vec<Stretch> = Vec::new();
    for next in stretches {
        match united.last_mut() {
            Some(last) if last.reaches(&next) => match upper_order(&last.to, &next.to) {
                Ordering::Less => (last.to, last.end) = (next.to, next.end),
                Ordering::Equal if next.end == End::Fix => last.end = End::Fix,
                Ordering::Equal | Ordering::Greater => {}
            },
            _ => united.push(next),
        }
    }
    united
}

/// What lies before, between and after.
fn complement(stretches: &[Stretch]) -> Affected {
    let mut left = Affected { patched: Vec::new(), unaffected: Vec::new() };
    let mut lower = Some(Bound::Unbounded);
    let mut end = End::Other;
    for stretch in stretches {
        if let (Some(lower), Some(from)) = (lower.take(), &stretch.from) {
            left.put(end, Range { lower, upper: Bound::Exclusive(from.clone()) });
        }
        (lower, end) = (above(&stretch.to), stretch.end);
    }
    if let Some(lower) = lower {
        left.put(end, Range { lower, upper: Bound::Unbounded });
    }
    left
}

impl Affected {
    fn put(&mut self, after: End, range: Range) {
        match after {
            End::Fix => self.patched.push(range),
            End::Other => self.unaffected.push(range),
        }
    }
}

/// Where what lies above begins, if there can be anything.
fn above(to: &Bound) -> Option<Bound> {
    match to {
        Bound::Unbounded => None,
        Bound::Inclusive(to) => Some(Bound::Exclusive(to.clone())),
        Bound::Exclusive(to) => Some(Bound::Inclusive(to.clone())),
    }
}

/// By semver precedence; `None` comes before everything.
fn precedence(one: Option<&Version>, other: Option<&Version>) -> Ordering {
    match (one, other) {
        (Some(one), Some(other)) => one.cmp_precedence(other),
        (one, other) => one.is_some().cmp(&other.is_some()),
    }
}

/// Which of two lower ends lies higher.
fn lower_order(one: &Bound, other: &Bound) -> Ordering {
    let excludes = |bound: &Bound| matches!(bound, Bound::Exclusive(_));
    match (one, other) {
        (Bound::Unbounded, Bound::Unbounded) => Ordering::Equal,
        (Bound::Unbounded, _) => Ordering::Less,
        (_, Bound::Unbounded) => Ordering::Greater,
        (Bound::Inclusive(a) | Bound::Exclusive(a), Bound::Inclusive(b) | Bound::Exclusive(b)) => {
            a.cmp_precedence(b).then(excludes(one).cmp(&excludes(other)))
        }
    }
}

/// Which of two upper ends lies higher.
fn upper_order(one: &Bound, other: &Bound) -> Ordering {
    let includes = |bound: &Bound| !matches!(bound, Bound::Exclusive(_));
    match (one, other) {
        (Bound::Unbounded, Bound::Unbounded) => Ordering::Equal,
        (Bound::Unbounded, _) => Ordering::Greater,
        (_, Bound::Unbounded) => Ordering::Less,
        (Bound::Inclusive(a) | Bound::Exclusive(a), Bound::Inclusive(b) | Bound::Exclusive(b)) => {
            a.cmp_precedence(b).then(includes(one).cmp(&includes(other)))
        }
    }
}
