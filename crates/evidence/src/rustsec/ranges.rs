//! What an advisory's version requirements mean.
//!
//! They are spelt like cargo's and mean something else. A cargo requirement passes over pre-releases that it does
//! not name, so that `>= 1.2.0` would leave 1.3.0-beta.1 out and call it affected. Here each requirement is one range
//! by semver precedence, pre-releases included:
//!
//! | requirement | from | to |
//! |---|---|---|
//! | `> 1.2`, `>= 1.2` | 1.2.0, excluded or included | |
//! | `< 1.2`, `<= 1.2` | | 1.2.0, excluded or included |
//! | `>= 1.2, < 1.5` | 1.2.0, included | 1.5.0, excluded |
//! | `= 1.2` | 1.2.0 | 1.2.0, included |
//! | `^1.2`, `1.2` | 1.2.0, included | 2.0.0-0, excluded: before every 2.0.0 |
//! | `~1.2` | 1.2.0, included | 1.3.0-0, excluded |
//! | `*` | | |
//!
//! This is how the `rustsec` crate reads them, and what it rejects is rejected: a requirement that is no such range
//! (three comparators, two lower ends, `1.*`, an end before its start), and two ranges of one advisory that overlap.

use std::cmp::Ordering;

use fence_model::facts::{Bound, Range};
use semver::{Comparator, Op, Prerelease, Version, VersionReq};

use crate::Limits;
use crate::error::{Error, excerpt, message};

/// Reads the requirements of one advisory: the ranges of `patched` and those of `unaffected`.
///
/// # Errors
///
/// [`Error::Requirement`], [`Error::Range`], [`Error::Overlap`] or [`Error::TooManyRanges`].
pub fn parse(
    patched: &[&str],
    unaffected: &[&str],
    limits: &Limits,
) -> Result<(Vec<Range>, Vec<Range>), Error> {
    let count = patched.len().saturating_add(unaffected.len());
    if count > limits.ranges {
        return Err(Error::TooManyRanges { count, limit: limits.ranges });
    }
    let texts: Vec<&str> = patched.iter().chain(unaffected).copied().collect();
    let mut ranges = texts.iter().map(|text| parse_range(text)).collect::<Result<Vec<_>, _>>()?;
    for (index, later) in ranges.iter().enumerate() {
        if let Some(earlier) = ranges[..index].iter().position(|earlier| overlap(earlier, later)) {
            return Err(Error::Overlap { one: excerpt(texts[earlier]), other: excerpt(texts[index]) });
        }
    }
    let unaffected = ranges.split_off(patched.len());
    Ok((ranges, unaffected))
}

/// Reads one requirement.
///
/// # Errors
///
/// [`Error::Requirement`] if it is none, [`Error::Range`] if it is not a single range.
pub fn parse_range(text: &str) -> Result<Range, Error> {
    let requirement = VersionReq::parse(text)
        .map_err(|cause| Error::Requirement { text: excerpt(text), cause: message(&cause) })?;
    let range = match requirement.comparators.as_slice() {
        [] => Ok(Range { lower: Bound::Unbounded, upper: Bound::Unbounded }),
        [one] => range_of(one),
        [one, two] => intersect(range_of_end(one), range_of_end(two)),
        _ => Err("it has more than two parts"),
    };
    let ordered = range.and_then(|range| match can_reach(&range.lower, &range.upper) {
        true => Ok(range),
        false => Err("it ends before it begins"),
    });
    ordered.map_err(|why| Error::Range { text: excerpt(text), why })
}

/// The range of a requirement with one part.
fn range_of(part: &Comparator) -> Result<Range, &'static str> {
    let start = version_of(part);
    let upper = match part.op {
        Op::Exact => Bound::Inclusive(start.clone()),
        Op::Caret => Bound::Exclusive(first_incompatible(part).ok_or(TOO_BIG)?),
        Op::Tilde => Bound::Exclusive(first_beyond_tilde(part).ok_or(TOO_BIG)?),
        _ => return range_of_end(part),
    };
    Ok(Range { lower: Bound::Inclusive(start), upper })
}

const TOO_BIG: &str = "its numbers are too big";

/// The range of a part that sets one end.
fn range_of_end(part: &Comparator) -> Result<Range, &'static str> {
    let version = version_of(part);
    let (lower, upper) = match part.op {
        Op::Greater => (Bound::Exclusive(version), Bound::Unbounded),
        Op::GreaterEq => (Bound::Inclusive(version), Bound::Unbounded),
        Op::Less => (Bound::Unbounded, Bound::Exclusive(version)),
        Op::LessEq => (Bound::Unbounded, Bound::Inclusive(version)),
        Op::Exact | Op::Caret | Op::Tilde => return Err("a part that sets both ends must be alone"),
        _ => return Err("only >, >=, <, <=, =, ^ and ~ are understood"),
    };
    Ok(Range { lower, upper })
}

fn intersect(
    one: Result<Range, &'static str>,
    two: Result<Range, &'static str>,
) -> Result<Range, &'static str> {
    match (one?, two?) {
        (Range { lower, upper: Bound::Unbounded }, Range { lower: Bound::Unbounded, upper })
        | (Range { lower: Bound::Unbounded, upper }, Range { lower, upper: Bound::Unbounded }) => {
            Ok(Range { lower, upper })
        }
        _ => Err("it sets the same end twice"),
    }
}

/// The version that a part names, with zeros for what it leaves out.
fn version_of(part: &Comparator) -> Version {
    let mut version = Version::new(part.major, part.minor.unwrap_or(0), part.patch.unwrap_or(0));
    version.pre = part.pre.clone();
    version
}

/// The lowest version that is no longer compatible with `part`; `None` if there is none.
fn first_incompatible(part: &Comparator) -> Option<Version> {
    match (part.major, part.minor, part.patch) {
        (0, Some(0), Some(patch)) => lowest_of(0, 0, patch.checked_add(1)?),
        (0, Some(minor), _) => lowest_of(0, minor.checked_add(1)?, 0),
        (major, _, _) => lowest_of(major.checked_add(1)?, 0, 0),
    }
}

fn first_beyond_tilde(part: &Comparator) -> Option<Version> {
    match part.minor {
        Some(minor) => lowest_of(part.major, minor.checked_add(1)?, 0),
        None => lowest_of(part.major.checked_add(1)?, 0, 0),
    }
}

/// The lowest pre-release of a version: nothing lies between it and the versions before.
fn lowest_of(major: u64, minor: u64, patch: u64) -> Option<Version> {
    let pre = Prerelease::new("0").ok()?;
    Some(Version { pre, ..Version::new(major, minor, patch) })
}

/// Whether two ranges have a version in common. Each must itself have one.
fn overlap(one: &Range, other: &Range) -> bool {
    can_reach(&one.lower, &other.upper) && can_reach(&other.lower, &one.upper)
}

/// Whether something can lie above `lower` and below `upper`.
fn can_reach(lower: &Bound, upper: &Bound) -> bool {
    let (Bound::Inclusive(start) | Bound::Exclusive(start)) = lower else { return true };
    let (Bound::Inclusive(end) | Bound::Exclusive(end)) = upper else { return true };
    match start.cmp_precedence(end) {
        Ordering::Less => true,
        Ordering::Equal => matches!((lower, upper), (Bound::Inclusive(_), Bound::Inclusive(_))),
        Ordering::Greater => false,
    }
}
