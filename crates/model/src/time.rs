//! Time as the fence uses it: whole seconds in UTC, and durations in cargo's words.
//!
//! Nothing here reads a clock: `now` is always an argument.

use std::borrow::Cow;
use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A moment: whole seconds since 1970-01-01T00:00:00Z. Written as RFC 3339 in UTC (`2026-08-20T07:15:00Z`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    /// Earlier than anything that was ever published.
    pub const EARLIEST: Self = Self(0);
    /// Later than anything that will be published: 9999-12-30T22:00:00Z, the last hour that can be written.
    pub const LATEST: Self = Self(253_402_207_200);

    /// The moment `seconds` after 1970, brought into what can be written.
    pub const fn from_unix(seconds: i64) -> Self {
        if seconds < Self::EARLIEST.0 {
            Self::EARLIEST
        } else if seconds > Self::LATEST.0 {
            Self::LATEST
        } else {
            Self(seconds)
        }
    }

    /// Whole seconds since 1970.
    pub const fn unix(self) -> i64 {
        self.0
    }

    /// The last second of the UTC day `text` (`2026-08-20`): when a thing dated by day was certainly known.
    pub fn end_of_day(text: &str) -> Option<Self> {
        let date: jiff::civil::Date = text.parse().ok()?;
        if text.len() != 10 {
            return None;
        }
        let end = date.at(23, 59, 59, 0).to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(Self::from_unix(end.timestamp().as_second()))
    }

    /// The UTC day, as `2026-08-20`.
    pub fn date(self) -> String {
        self.to_string()[..10].to_owned()
    }
}

/// Why a string is no moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeError(String);

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a time: write it as 2026-08-20T07:15:00Z or 2026-08-20", self.0)
    }
}

impl std::error::Error for TimeError {}

impl FromStr for Time {
    type Err = TimeError;

    /// RFC 3339, or a bare day, which stands for its first second.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let error = || TimeError(text.chars().take(40).collect());
        if text.len() == 10 {
            return Self::end_of_day(text).map(|end| Self::from_unix(end.0 - 86_399)).ok_or_else(error);
        }
        let stamp: jiff::Timestamp = text.parse().map_err(|_| error())?;
        Ok(Self::from_unix(stamp.as_second()))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_second(self.0) {
            Ok(stamp) => write!(f, "{stamp}"),
            Err(_) => write!(f, "@{}", self.0),
        }
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for Time {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A length of time in whole seconds, never negative. Written in cargo's words: `7 days`, `12 hours`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(i64);

/// What cargo calls units, and their seconds; a month is 30 days, as in cargo.
const UNITS: [(&str, i64); 6] = [
    ("month", 30 * 86_400),
    ("week", 7 * 86_400),
    ("day", 86_400),
    ("hour", 3_600),
    ("minute", 60),
    ("second", 1),
];

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// `seconds`, or none if negative.
    pub const fn seconds(seconds: i64) -> Self {
        Self(if seconds < 0 { 0 } else { seconds })
    }

    /// `minutes` of 60 seconds.
    pub const fn minutes(minutes: i64) -> Self {
        Self::seconds(minutes.saturating_mul(60))
    }

    /// `hours` of 3,600 seconds.
    pub const fn hours(hours: i64) -> Self {
        Self::seconds(hours.saturating_mul(3_600))
    }

    /// `days` of 86,400 seconds.
    pub const fn days(days: i64) -> Self {
        Self::seconds(days.saturating_mul(86_400))
    }

    /// Whole seconds.
    pub const fn as_seconds(self) -> i64 {
        self.0
    }

    /// This, times `n`.
    pub const fn times(self, n: i64) -> Self {
        Self::seconds(self.0.saturating_mul(n))
    }

    /// Half of this, rounded up to the second.
    pub const fn half(self) -> Self {
        Self(self.0 / 2 + self.0 % 2)
    }

    /// In the words of a person, one unit: `15 minutes`, `1 day`, `705 days`. Weeks and months are not used,
    /// since people compare waits in days.
    pub fn in_words(self) -> String {
        let (count, unit) = match self.0 {
            s if s >= 86_400 => (s / 86_400, "day"),
            s if s >= 3_600 => (s / 3_600, "hour"),
            s if s >= 60 => (s / 60, "minute"),
            s => (s, "second"),
        };
        format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
    }
}

/// Why a string is no length of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpanError(String);

impl fmt::Display for SpanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is not a length of time: write a whole number and a unit, such as \"7 days\" or \"12 hours\"",
            self.0
        )
    }
}

impl std::error::Error for SpanError {}

impl FromStr for Span {
    type Err = SpanError;

    /// As cargo reads `min-publish-age`: a number, a unit, and `0` alone for none.
    fn from_str(text: &str) -> Result<Self, SpanError> {
        let error = || SpanError(text.chars().take(40).collect());
        if text == "0" {
            return Ok(Self::ZERO);
        }
        let (number, unit) = text.split_once(' ').ok_or_else(error)?;
        if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(error());
        }
        let number: i64 = number.parse().map_err(|_| error())?;
        let unit = unit.trim_start();
        let seconds = UNITS
            .iter()
            .find(|(name, _)| unit == *name || unit.strip_suffix('s') == Some(name))
            .map(|(_, seconds)| *seconds)
            .ok_or_else(error)?;
        Ok(Self(number.checked_mul(seconds).filter(|s| *s <= Time::LATEST.0).ok_or_else(error)?))
    }
}

impl fmt::Display for Span {
    /// Exact: the largest unit up to days that divides it, so that it reads back the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, seconds) =
            UNITS[2..].iter().find(|(_, seconds)| self.0 % seconds == 0).copied().unwrap_or(("second", 1));
        let count = self.0 / seconds;
        write!(f, "{count} {unit}{}", if count == 1 { "" } else { "s" })
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for Span {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Sub for Time {
    type Output = Span;

    /// The time from `earlier` to this; none if `earlier` is later.
    fn sub(self, earlier: Self) -> Span {
        Span::seconds(self.0 - earlier.0)
    }
}

impl Add for Span {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::seconds(self.0.saturating_add(other.0))
    }
}

impl Add<Span> for Time {
    type Output = Self;

    fn add(self, span: Span) -> Self {
        Self::from_unix(self.0.saturating_add(span.0))
    }
}

impl Sub<Span> for Time {
    type Output = Self;

    fn sub(self, span: Span) -> Self {
        Self::from_unix(self.0.saturating_sub(span.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_print_back_what_was_read() {
        let time: Time = "2026-08-20T07:15:00Z".parse().unwrap();
        assert_eq!(time.to_string(), "2026-08-20T07:15:00Z");
        assert_eq!(time.date(), "2026-08-20");
        assert_eq!("2026-08-20".parse::<Time>().unwrap().to_string(), "2026-08-20T00:00:00Z");
        assert_eq!(Time::end_of_day("2026-08-20").unwrap().to_string(), "2026-08-20T23:59:59Z");
        assert_eq!(Time::LATEST.to_string(), "9999-12-30T22:00:00Z");
        for bad in ["", "yesterday", "2026-13-01", "2026-08-20T07:15:00", "20260820"] {
            assert!(bad.parse::<Time>().is_err(), "{bad}");
        }
    }

    #[test]
    fn spans_are_cargos_words() {
        for (text, seconds) in
            [("7 days", 604_800), ("1 day", 86_400), ("12 hours", 43_200), ("2 weeks", 1_209_600), ("0", 0)]
        {
            assert_eq!(text.parse::<Span>().unwrap(), Span::seconds(seconds), "{text}");
        }
        for bad in
            ["7", "7days", "seven days", "-1 day", "1.5 days", "7 fortnights", "", "99999999999999 months"]
        {
            assert!(bad.parse::<Span>().is_err(), "{bad}");
        }
        for span in [Span::days(14), Span::hours(36), Span::seconds(61), Span::ZERO] {
            assert_eq!(span.to_string().parse::<Span>().unwrap(), span);
        }
        assert_eq!(Span::seconds(705 * 86_400 + 5).in_words(), "705 days");
    }
}
