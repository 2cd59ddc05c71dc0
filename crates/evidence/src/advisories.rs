//! Advisories: what databases of them say, in whichever of two formats.
//!
//! [`read_database`] takes the files of a database and gives its [`AdvisoryRecord`]s. What a file is, its name
//! tells: RustSec's Markdown lies under `crates/` or `rust/` ([`rustsec`]), a record of the OSV format is a `.json`
//! called by its id ([`osv`]). A database may have both, and both are heard: an advisory only ever speaks against.

use fence_model::facts::{Advisory, AdvisoryKind, Range};
use fence_model::{CrateName, Time};

use crate::error::{Error, Problem};
use crate::rustsec::AdvisoryPath;
use crate::{Limits, Parsed, osv, rustsec};

/// What one advisory says of one package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdvisoryRecord {
    /// Its id, such as `RUSTSEC-2026-0260`.
    pub id: Box<str>,
    /// What it is about.
    pub package: CrateName,
    /// Which kind of package that is.
    pub collection: Collection,
    /// What it says.
    pub kind: AdvisoryKind,
    /// When it became known: the last second of the day it is dated by, unless the reader knows better and says so.
    pub known: Time,
    /// The last second of the day on which it was taken back.
    pub withdrawn: Option<Time>,
    /// Releases that it says are fixed.
    pub patched: Vec<Range>,
    /// Releases that it says were never affected.
    pub unaffected: Vec<Range>,
    /// Its title, without control characters.
    pub title: Box<str>,
    /// Where to read more.
    pub url: Option<Box<str>>,
    /// Other databases' ids of the same thing, such as `CVE-2026-12345`.
    pub aliases: Vec<Box<str>>,
    /// Ids of related advisories.
    pub related: Vec<Box<str>>,
    /// What kinds of flaw it is, such as `memory-corruption`.
    pub categories: Vec<Box<str>>,
    /// Its severity as a CVSS vector, unread.
    pub cvss: Option<Box<str>>,
}

impl AdvisoryRecord {
    /// The same, borrowed, in the model's words.
    pub fn as_fact(&self) -> Advisory<'_> {
        Advisory {
            id: &self.id,
            kind: self.kind,
            known: self.known,
            withdrawn: self.withdrawn,
            patched: self.patched.clone(),
            unaffected: self.unaffected.clone(),
            title: &self.title,
            aliases: self.aliases.iter().map(AsRef::as_ref).collect(),
        }
    }
}

/// What an advisory can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Collection {
    /// A crate that is published at crates.io.
    Crates,
    /// A part of Rust itself: `std`, `cargo`, `rustdoc`. No lockfile names these, but crates of the same names.
    Rust,
}

impl Collection {
    /// The folder of the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Crates => "crates",
            Self::Rust => "rust",
        }
    }
}

/// Reads a database: `files` are its files with their paths from its root, in any order; those that are no
/// advisories are passed over. The advisories come sorted by id, the problems by file.
///
/// # Errors
///
/// [`Error::NoAdvisories`], because nothing to say is not the same as nothing said, and
/// [`Error::TooManyAdvisories`]; each as the problem of `name`, which is what messages call the database.
pub fn read_database<'a, P: AsRef<str>>(
    name: &str,
    files: impl IntoIterator<Item = (P, &'a [u8])>,
    limits: &Limits,
) -> Result<Parsed<Vec<AdvisoryRecord>>, Problem> {
    let fail = |error| Problem { file: name.into(), line: None, record: "".into(), error };
    let mut advisories: Vec<(Box<str>, AdvisoryRecord)> = Vec::new();
    let mut problems = Vec::new();
    let mut count = 0;
    for (path, bytes) in files {
        let path = path.as_ref();
        let read = match (AdvisoryPath::parse(path), osv::id_of(path)) {
            (Some(place), _) => rustsec::parse_advisory(&place, bytes, limits).map(|record| vec![record]),
            (None, Some(_)) => osv::parse_record(path, bytes, limits),
            (None, None) => continue,
        };
        if count == limits.advisories {
            return Err(fail(Error::TooManyAdvisories { limit: limits.advisories }));
        }
        count += 1;
        match read {
            Ok(records) => advisories.extend(
                // The placeholder of advisories that are being written is none.
                records.into_iter().filter(|r| &*r.id != "RUSTSEC-0000-0000").map(|r| (path.into(), r)),
            ),
            Err(problem) => problems.push(problem),
        }
    }
    if advisories.is_empty() {
        return Err(fail(Error::NoAdvisories));
    }
    advisories.sort_by(|(a_path, a), (b_path, b)| {
        (&a.id, a_path, a.package.as_str()).cmp(&(&b.id, b_path, b.package.as_str()))
    });
    for pair in advisories.windows(2) {
        let [(file, one), (other, two)] = pair else { continue };
        if one.id == two.id && file != other {
            let error = Error::Twice { id: one.id.clone(), file: file.clone() };
            problems.push(Problem { file: other.clone(), line: None, record: "".into(), error });
        }
    }
    problems.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    if problems.len() > limits.problems {
        problems.truncate(limits.problems);
        problems.push(fail(Error::TooManyProblems { limit: limits.problems }));
    }
    Ok(Parsed { value: advisories.into_iter().map(|(_, record)| record).collect(), problems })
}

/// A title fit for a terminal: one line without Markdown's escapes, no control characters, none that turn the
/// direction of writing.
pub(crate) fn clean(title: &str) -> Box<str> {
    const SHOWN_CHARS: usize = 200;
    let turns =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut shown = String::new();
    let mut chars =
        title.trim().chars().filter(|c| !c.is_control() && !turns(*c)).take(SHOWN_CHARS).peekable();
    while let Some(c) = chars.next() {
        let escapes = c == '\\' && chars.peek().is_some_and(char::is_ascii_punctuation);
        shown.extend(if escapes { chars.next() } else { Some(c) });
    }
    shown.into()
}

/// Whether `text` looks like an advisory's id: capitals, then parts of letters and digits. RustSec's own ids have
/// a year and a number.
pub(crate) fn is_id(text: &str) -> bool {
    const LONGEST: usize = 64;
    let mut parts = text.split('-');
    let database = parts.next().unwrap_or_default();
    let word = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let numbers: Vec<&str> = parts.collect();
    let spelt = match database {
        "RUSTSEC" => numbers.len() == 2 && numbers.iter().all(|part| number(part)),
        _ => !numbers.is_empty() && numbers.iter().all(|part| word(part)),
    };
    spelt
        && text.len() <= LONGEST
        && !database.is_empty()
        && database.bytes().all(|byte| byte.is_ascii_uppercase())
}
