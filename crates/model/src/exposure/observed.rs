//! How long takeovers of existing packages did stay unnoticed, as far as they were found.
//!
//! The list has one takeover to a line: its id, the registry, what was taken over, the day, the shortest and the longest time from
//! the malicious release to its removal that the sources allow, and the source; parted by tabs. The longest counts, since it is the
//! one that flatters no policy. Lines that start with `#` say what the list is.
//!
//! A share comes with its bound: with `k` of `n` at least that long, the upper end of the 95 % interval of Clopper and Pearson.
//! It bounds what a sample of this size can hide, and not that only what was found is in the sample, nor that some of these are
//! one campaign.

use crate::time::Span;

/// A takeover that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Takeover {
    /// What it is called among all incidents.
    pub id: &'static str,
    /// The registry.
    pub registry: &'static str,
    /// What was taken over.
    pub what: &'static str,
    /// When the malicious release came out, by the day.
    pub day: &'static str,
    /// It was there at least so long.
    pub shortest: Span,
    /// It was there at most so long.
    pub longest: Span,
    /// Who says so.
    pub source: &'static str,
}

/// How many of those that were found had stayed unnoticed for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unnoticed {
    /// How many did, or may have.
    pub longer: usize,
    /// Of how many.
    pub of: usize,
    /// The upper end of the interval, in tenths of a percent, rounded up.
    pub at_most: u32,
}

impl Unnoticed {
    /// The bound in percent, as people read it: `13.8 %`.
    pub fn bound(&self) -> String {
        match (self.at_most / 10, self.at_most % 10) {
            (whole, 0) => format!("{whole} %"),
            (whole, tenth) => format!("{whole}.{tenth} %"),
        }
    }
}

/// The shipped list.
pub fn takeovers() -> Vec<Takeover> {
    parse(include_str!("takeovers.txt"))
}

/// The takeovers of a list; lines that make no sense are left out, and a test says that there are none.
fn parse(list: &'static str) -> Vec<Takeover> {
    let lines = list.lines().filter(|line| !line.starts_with('#'));
    let takeover = |line: &'static str| {
        let mut fields = line.split('\t');
        Some(Takeover {
            id: fields.next()?,
            registry: fields.next()?,
            what: fields.next()?,
            day: fields.next()?,
            shortest: fields.next()?.parse().ok()?,
            longest: fields.next()?.parse().ok()?,
            source: fields.next()?,
        })
    };
    lines.filter_map(takeover).collect()
}

/// How many takeovers stayed, or may have stayed, unnoticed for a time.
pub fn unnoticed(takeovers: &[Takeover], wait: Span) -> Unnoticed {
    let longer = takeovers.iter().filter(|takeover| takeover.longest >= wait).count();
    Unnoticed { longer, of: takeovers.len(), at_most: upper_bound(longer, takeovers.len()) }
}

/// The upper end of the 95 % interval of Clopper and Pearson for `k` of `n`, in tenths of a percent, rounded up: the share with
/// which at most `k` of `n` would have a probability of 2.5 %.
///
/// By halving, with additions, multiplications and divisions alone, which come out the same on every machine.
fn upper_bound(k: usize, n: usize) -> u32 {
    if k >= n {
        return 1_000;
    }
    let (mut low, mut high) = (0, 1_000);
    while high - low > 1 {
        let middle = (low + high) / 2;
        if at_most(k, n, f64::from(middle) / 1_000.0) > 0.025 { low = middle } else { high = middle }
    }
    high
}

/// The probability of at most `k` of `n`, each with probability `p`, for samples as small as those of incidents.
pub fn at_most(k: usize, n: usize, p: f64) -> f64 {
    let power = |base: f64, times: usize| (0..times).fold(1.0, |product, _| product * base);
    let mut choices = 1.0;
    let mut sum = 0.0;
    for i in 0..=k {
        sum += choices * power(p, i) * power(1.0 - p, n - i);
        choices = choices * (n - i) as f64 / (i + 1) as f64;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_whole() {
        let all = takeovers();
        let lines = include_str!("takeovers.txt").lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(all.len(), lines);
        assert_eq!(all.iter().filter(|one| one.registry == "crates.io").count(), 4);
        assert!(all.iter().all(|one| one.shortest <= one.longest && !one.source.is_empty()));
    }

    #[test]
    fn longer_waits_leave_fewer() {
        let all = takeovers();
        let told = |days: i64| {
            let unnoticed = unnoticed(&all, Span::days(days));
            format!("{} of {}, at most {}", unnoticed.longer, unnoticed.of, unnoticed.bound())
        };
        assert_eq!(
            [0, 1, 3, 7, 14].map(told),
            [
                "27 of 27, at most 100 %",
                "6 of 27, at most 42.3 %",
                "5 of 27, at most 38.1 %",
                "3 of 27, at most 29.2 %",
                "0 of 27, at most 12.8 %",
            ]
        );
    }

    /// Against tables: 0 of 25 is 1 - 0.025^(1/25) = 13.72 %, 5 of 10 is 81.29 %, 1 of 4 is 80.59 %, 0 of 2 is 84.19 %.
    #[test]
    fn bounds_are_those_of_the_tables() {
        assert_eq!(
            [(0, 25), (5, 10), (1, 4), (4, 4), (0, 2)].map(|(k, n)| upper_bound(k, n)),
            [138, 813, 806, 1_000, 842]
        );
    }
}
