//! `fence.lock`: what was locked when the fence was set up; written and read by machine.
//!
//! A header line, then one line per release, sorted by name and version; one that was younger than its wait says so:
//!
//! ```text
//! fence.lock format=1 codes=1 since=2026-08-20T07:15:00Z
//! anyhow 1.0.98 e16d2d3311acee920a9eb8d33b8cbc1787ce4a264e85f964c2404b969bdcd487 2026-08-20T07:15:00Z
//! glob 0.3.4 e4eba85e77c0a8ac24c5cb6dc3a6da2ff27caf2b76b5b6fb1b1b3f1e7b4a1f0e 2026-08-20T07:15:00Z young
//! ```
//!
//! There is one way to write each baseline, so that a review of a change sees every change and nothing else:
//! [`parse`] accepts exactly what [`format`](format()) writes.

use std::fmt::Write as _;

use fence_model::policy::{Baseline, BaselineEntry, Standing};
use fence_model::{Digest, Time};

/// The only format there is.
const FORMAT: u32 = 1;

/// What is wrong with a `fence.lock`, and in which line, from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct BaselineError {
    /// The line.
    pub line: usize,
    /// What is wrong with it.
    pub what: BaselineFault,
}

/// What can be wrong with a line of a `fence.lock`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaselineFault {
    /// The first line is not a header.
    #[error("the file does not start with `fence.lock format=…`")]
    Header,
    /// A later fence wrote it.
    #[error("format {0} is not known to this version of cargo-fence, which reads format {FORMAT}")]
    Format(u32),
    /// Git left a conflict.
    #[error("an unresolved merge conflict")]
    Conflict,
    /// Line ends are those of Windows.
    #[error("the line ends in CR LF, where LF alone is written")]
    CarriageReturn,
    /// The last line does not end.
    #[error("the last line does not end, so the file may be cut off")]
    Unended,
    /// Not four fields, nor five.
    #[error("a line is a name, a version, a digest and a time, and perhaps `young`, with one space between")]
    Fields,
    /// A field does not read.
    #[error("{0}")]
    Field(String),
    /// A field reads, and is not written as this file writes it.
    #[error("{found:?} is written as {expected:?} here")]
    Spelling {
        /// What stands there.
        found: String,
        /// What should.
        expected: String,
    },
    /// Out of order, or there twice.
    #[error("{0} is out of order or there twice")]
    Order(String),
}

/// Reads a baseline.
pub fn parse(text: &str) -> Result<Baseline, BaselineError> {
    let fault = |line: usize, what: BaselineFault| BaselineError { line: line + 1, what };
    if let Some(line) = text.split('\n').position(is_conflict_marker) {
        return Err(fault(line, BaselineFault::Conflict));
    }
    if let Some(line) = text.split('\n').position(|line| line.ends_with('\r')) {
        return Err(fault(line, BaselineFault::CarriageReturn));
    }
    let Some(body) = text.strip_suffix('\n') else {
        let what = if text.is_empty() { BaselineFault::Header } else { BaselineFault::Unended };
        return Err(fault(text.matches('\n').count(), what));
    };
    let mut lines = body.split('\n');
    let mut baseline = parse_header(lines.next().unwrap_or_default()).map_err(|what| fault(0, what))?;
    for (index, line) in lines.enumerate() {
        let entry = parse_entry(line).map_err(|what| fault(index + 1, what))?;
        let follows = |last: &BaselineEntry| (&last.name, &last.version) < (&entry.name, &entry.version);
        if !baseline.entries.last().is_none_or(follows) {
            let shown = format!("{} {}", entry.name, entry.version);
            return Err(fault(index + 1, BaselineFault::Order(shown)));
        }
        baseline.entries.push(entry);
    }
    Ok(baseline)
}

/// Writes a baseline; entries are sorted, and of two for one release the first stays.
pub fn format(baseline: &Baseline) -> String {
    let mut entries: Vec<&BaselineEntry> = baseline.entries.iter().collect();
    entries.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    entries.dedup_by(|a, b| (&a.name, &a.version) == (&b.name, &b.version));
    let mut text = header(baseline);
    text.push('\n');
    for BaselineEntry { name, version, digest, recorded, standing } in entries {
        let mark = match standing {
            Standing::Settled => "",
            Standing::Young => " young",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name} {version} {digest} {recorded}{mark}");
    }
    text
}

fn header(baseline: &Baseline) -> String {
    format!("fence.lock format={FORMAT} codes={} since={}", baseline.generation, baseline.since)
}

/// The markers that git writes between two sides; none of them can start a line of a baseline.
fn is_conflict_marker(line: &str) -> bool {
    ["<<<<<<<", "|||||||", "=======", ">>>>>>>"].iter().any(|marker| line.starts_with(marker))
}

fn parse_header(line: &str) -> Result<Baseline, BaselineFault> {
    let rest = line.strip_prefix("fence.lock format=").ok_or(BaselineFault::Header)?;
    let (format, rest) = rest.split_once(' ').ok_or(BaselineFault::Header)?;
    match format.parse() {
        Ok(FORMAT) => {}
        Ok(later) => return Err(BaselineFault::Format(later)),
        Err(_) => return Err(BaselineFault::Header),
    }
    let (generation, since) = rest
        .strip_prefix("codes=")
        .and_then(|rest| rest.split_once(" since="))
        .ok_or(BaselineFault::Header)?;
    let baseline = Baseline {
        since: field::<Time>(since)?,
        generation: generation.parse().map_err(|_| BaselineFault::Header)?,
        entries: Vec::new(),
    };
    spelt(line, header(&baseline))?;
    Ok(baseline)
}

fn parse_entry(line: &str) -> Result<BaselineEntry, BaselineFault> {
    let fields: Vec<&str> = line.splitn(6, ' ').collect();
    let (name, version, digest, recorded, standing) = match fields[..] {
        [name, version, digest, recorded] => (name, version, digest, recorded, Standing::Settled),
        [name, version, digest, recorded, "young"] => (name, version, digest, recorded, Standing::Young),
        _ => return Err(BaselineFault::Fields),
    };
    let entry = BaselineEntry {
        name: field(name)?,
        version: semver::Version::parse(version)
            .map_err(|why| BaselineFault::Field(format!("{version:?} is not a version: {why}")))?,
        digest: field::<Digest>(digest)?,
        recorded: field::<Time>(recorded)?,
        standing,
    };
    spelt(recorded, entry.recorded.to_string())?;
    Ok(entry)
}

fn field<T: std::str::FromStr<Err: ToString>>(text: &str) -> Result<T, BaselineFault> {
    text.parse().map_err(|why: T::Err| BaselineFault::Field(why.to_string()))
}

/// What is read must be what would be written: `2026-08-20` is a time, and not how this file writes it.
fn spelt(found: &str, expected: String) -> Result<(), BaselineFault> {
    if found == expected {
        Ok(())
    } else {
        Err(BaselineFault::Spelling { found: found.to_owned(), expected })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEADER: &str = "fence.lock format=1 codes=1 since=2026-08-20T07:15:00Z\n";

    fn line(name: &str, version: &str) -> String {
        format!("{name} {version} {} 2026-08-20T07:15:00Z\n", "a2".repeat(32))
    }

    /// What is wrong with the header and these lines, as a person reads it.
    fn check(lines: &[&str], expected: &str) {
        let text = HEADER.to_owned() + &lines.concat();
        let found = parse(&text).map_or_else(|e| e.to_string(), |b| format!("{} entries", b.entries.len()));
        assert_eq!(found, expected);
    }

    #[test]
    fn a_line_says_what_is_wrong_with_it() {
        check(&[], "0 entries");
        check(&[&line("a", "1.0.0"), &line("a", "1.0.1"), &line("b", "0.1.0")], "3 entries");
        check(&[&line("a", "1.0.0").replace("Z\n", "Z young\n"), &line("b", "0.1.0")], "2 entries");
        check(&[&line("b", "1.0.0"), &line("a", "1.0.0")], "line 3: a 1.0.0 is out of order or there twice");
        check(&[&line("a", "1.0.0"), &line("a", "1.0.0")], "line 3: a 1.0.0 is out of order or there twice");
        check(
            &["a 1.0.0 2026-08-20T07:15:00Z\n"],
            "line 2: a line is a name, a version, a digest and a time, and perhaps `young`, with one space between",
        );
        check(
            &[&line("a", "1.0.0").replace("Z\n", "Z old\n")],
            "line 2: a line is a name, a version, a digest and a time, and perhaps `young`, with one space between",
        );
        check(
            &["a 1.0 x y\n"],
            "line 2: \"1.0\" is not a version: unexpected end of input while parsing minor version number",
        );
        check(
            &["a 1.0.0 A2 y\n"],
            "line 2: not a SHA-256 digest: 64 lower-case hexadecimal digits are expected",
        );
        check(
            &[&line("a", "1.0.0").replace("T07:15:00Z", "")],
            "line 2: \"2026-08-20\" is written as \"2026-08-20T00:00:00Z\" here",
        );
        check(&["<<<<<<< HEAD\n", &line("a", "1.0.0")], "line 2: an unresolved merge conflict");
        check(&["a 1.0.0\r\n"], "line 2: the line ends in CR LF, where LF alone is written");
        check(&["a 1.0.0"], "line 2: the last line does not end, so the file may be cut off");
    }

    #[test]
    fn a_header_says_what_is_wrong_with_it() {
        let check = |text: &str, expected: &str| assert_eq!(parse(text).unwrap_err().to_string(), expected);
        check("", "line 1: the file does not start with `fence.lock format=…`");
        check("version = 4\n", "line 1: the file does not start with `fence.lock format=…`");
        check(
            "fence.lock format=2 anything\n",
            "line 1: format 2 is not known to this version of cargo-fence, which reads format 1",
        );
        check(
            "fence.lock format=1 codes=01 since=2026-08-20T07:15:00Z\n",
            "line 1: \"fence.lock format=1 codes=01 since=2026-08-20T07:15:00Z\" is written as \
             \"fence.lock format=1 codes=1 since=2026-08-20T07:15:00Z\" here",
        );
    }

    fn entries() -> impl Strategy<Value = Vec<BaselineEntry>> {
        let entry = (
            "[a-z][a-z0-9_-]{0,8}",
            0..3u64,
            0..40u64,
            "(-rc\\.[0-9])?",
            any::<[u8; 32]>(),
            0..4_000_000_000i64,
            prop_oneof![Just(Standing::Settled), Just(Standing::Young)],
        )
            .prop_map(
                |(name, major, minor, pre, digest, seconds, standing): (String, _, _, String, _, i64, _)| {
                    BaselineEntry {
                        name: name.parse().unwrap(),
                        version: semver::Version::parse(&format!("{major}.{minor}.0{pre}")).unwrap(),
                        digest: Digest(digest),
                        recorded: Time::from_unix(seconds),
                        standing,
                    }
                },
            );
        proptest::collection::vec(entry, 0..20)
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(entries in entries(), since in 0..4_000_000_000i64, generation: u32) {
            let baseline = Baseline { since: Time::from_unix(since), generation, entries };
            let text = format(&baseline);
            let read = parse(&text).unwrap();
            prop_assert_eq!(format(&read), text);
            prop_assert_eq!((read.since, read.generation), (baseline.since, baseline.generation));
            for entry in &baseline.entries {
                let first = baseline.entries.iter().filter(|e| e.name == entry.name && e.version == entry.version);
                prop_assert_eq!(read.entry(&entry.name, &entry.version), first.min());
            }
        }

        #[test]
        fn what_reads_is_what_would_be_written(lines in "(fence.lock format=1 codes=[01]{1,2} since=2026-08-20(T07:15:00Z)?\n)?([ab]{1,2} 1\\.0\\.[0-2] (a2){32} 2026-08-20T07:15:0[0-9]Z( young)?\n){0,3}") {
            if let Ok(baseline) = parse(&lines) {
                prop_assert_eq!(format(&baseline), lines);
            }
        }
    }
}
