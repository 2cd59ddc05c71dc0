//! Who may sign what, and when: OpenSSH's file of allowed signers (ssh-keygen(1), ALLOWED SIGNERS).
//!
//! A line has principals, options and a key. [`AllowedSigners::parse`] reads it as `ssh-keygen` does, and refuses what
//! that would read otherwise than it looks, or on another machine otherwise than here.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::key::{KeyError, PublicKey, looks_like_a_kind};
use crate::open::Refusal;
use crate::patterns::Patterns;
use crate::{SIGNERS_BYTES, excerpt};

/// OpenSSH compares patterns of up to 1,023 bytes, and takes longer ones for none.
const PATTERNS_BYTES: usize = 1_000;

/// Who may sign. Nobody, by default.
#[derive(Debug, Clone, Default)]
pub struct AllowedSigners {
    lines: Vec<Line>,
    /// Indices of `lines` by the key's bytes.
    by_key: BTreeMap<Box<[u8]>, Vec<usize>>,
}

/// One line: a key, and for whom, for what and for how long it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number in the file, from 1.
    pub number: usize,
    /// Whose key it is, as written: patterns, parted by commas.
    pub principals: Box<str>,
    /// What it may sign, as written; everything where this is none.
    pub namespaces: Option<Box<str>>,
    /// The first moment at which it counts, in seconds since 1970.
    pub valid_after: Option<i64>,
    /// The last moment at which it counts, in seconds since 1970.
    pub valid_before: Option<i64>,
    /// The key.
    pub key: PublicKey,
    matches_principal: Patterns,
    matches_namespace: Option<Patterns>,
}

/// What was read, and what had to be left out.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// Those of the lines that can be read.
    pub signers: AllowedSigners,
    /// The others, in their order.
    pub problems: Vec<LineProblem>,
}

/// A line that admits nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {error}", place(*line))]
pub struct LineProblem {
    /// Its number, from 1; 0 where the file as a whole is meant.
    pub line: usize,
    /// What is wrong with it.
    pub error: LineError,
}

fn place(line: usize) -> String {
    match line {
        0 => "the allowed signers, who are nobody so".to_owned(),
        line => format!("line {line} of the allowed signers, which admits nobody"),
    }
}

/// What can be wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// The file is longer than any honest one.
    #[error("the file has {bytes} bytes, and at most {SIGNERS_BYTES} are read")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// The line is no text.
    #[error("not UTF-8")]
    NotUtf8,
    /// There is nothing behind the principals.
    #[error("there is no key: a line has principals, options and a key, parted by blanks")]
    NoKey,
    /// A quotation mark is where OpenSSH reads it otherwise than it looks.
    #[error("a quotation mark stands at the beginning and at the end of the principals, or nowhere in them")]
    Quote,
    /// Principals or namespaces are longer than OpenSSH compares.
    #[error("a list of patterns has {bytes} bytes, and at most {PATTERNS_BYTES} are read")]
    PatternsTooLong {
        /// Its length.
        bytes: usize,
    },
    /// The key is none that may sign.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The key would vouch for others.
    #[error(
        "`cert-authority` lets one key vouch for any number of others, and certificates are not read: \
         list each signer's own key"
    )]
    CertAuthority,
    /// An option that nobody knows here.
    #[error("{option:?} is not an option: `namespaces`, `valid-after` and `valid-before` are")]
    UnknownOption {
        /// What was written.
        option: Box<str>,
    },
    /// An option that stands there twice.
    #[error("`{option}` is there twice")]
    Repeated {
        /// Which.
        option: &'static str,
    },
    /// An option without its value in quotation marks.
    #[error("`{option}` has no value in double quotes")]
    Unquoted {
        /// Which.
        option: &'static str,
    },
    /// A time that is none.
    #[error("{text:?} is no time: write it as 20260820Z, 202608200715Z or 20260820071500Z")]
    Time {
        /// What was written.
        text: Box<str>,
    },
    /// A time that depends on where it is read.
    #[error(
        "{text:?} is a time in the zone of whoever reads it, so it differs from machine to machine: end it with `Z`"
    )]
    TimeZone {
        /// What was written.
        text: Box<str>,
    },
    /// A key that never counts.
    #[error("`valid-before` is not later than `valid-after`")]
    Never,
}

impl AllowedSigners {
    /// Reads a file of allowed signers. A line that cannot be read admits nobody, and does not spoil the others: no line
    /// can take away what another gives.
    pub fn parse(bytes: &[u8]) -> Parsed {
        let mut parsed = Parsed { signers: Self::default(), problems: Vec::new() };
        if bytes.len() > SIGNERS_BYTES {
            let error = LineError::TooLong { bytes: bytes.len() };
            parsed.problems.push(LineProblem { line: 0, error });
            return parsed;
        }
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let number = index + 1;
            let read = std::str::from_utf8(line).map_err(|_where| LineError::NotUtf8);
            match read.and_then(|line| line_of(number, line)) {
                Ok(Some(line)) => parsed.signers.add(line),
                Ok(None) => {}
                Err(error) => parsed.problems.push(LineProblem { line: number, error }),
            }
        }
        parsed
    }

    fn add(&mut self, line: Line) {
        self.by_key.entry(line.key.blob().into()).or_default().push(self.lines.len());
        self.lines.push(line);
    }

    /// The lines, in their order.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Whether `principal` may sign under `namespace` with `key` at the moment `at`. One line that allows it is enough.
    pub(crate) fn allow(
        &self,
        principal: &str,
        key: &PublicKey,
        namespace: &str,
        at: i64,
    ) -> Result<(), Refusal> {
        let of_key = self.by_key.get(key.blob()).into_iter().flatten().map(|index| &self.lines[*index]);
        let mut refusal = None;
        for line in of_key.filter(|line| line.matches_principal.match_text(principal)) {
            match line.allow(principal, namespace, at) {
                Ok(()) => return Ok(()),
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        Err(refusal.unwrap_or_else(|| {
            if self.lines.iter().any(|line| line.matches_principal.match_text(principal)) {
                Refusal::OtherKey { principal: excerpt(principal), key: key.fingerprint() }
            } else {
                Refusal::UnknownPrincipal { principal: excerpt(principal) }
            }
        }))
    }
}

impl Line {
    fn allow(&self, principal: &str, namespace: &str, at: i64) -> Result<(), Refusal> {
        if self.matches_namespace.as_ref().is_some_and(|patterns| !patterns.match_text(namespace)) {
            return Err(Refusal::Namespace {
                principal: excerpt(principal),
                namespace: excerpt(namespace),
                line: self.number,
            });
        }
        let key = || self.key.fingerprint();
        match (self.valid_after, self.valid_before) {
            (Some(from), _) if at < from => Err(Refusal::NotYetValid { key: key(), from, at }),
            (_, Some(until)) if at > until => Err(Refusal::Expired { key: key(), until, at }),
            _ => Ok(()),
        }
    }
}

/// What blanks are in this format.
const BLANKS: [char; 3] = [' ', '\t', '\r'];

/// Reads one line; none if it is blank or a comment.
fn line_of(number: usize, line: &str) -> Result<Option<Line>, LineError> {
    let line = line.trim_matches(BLANKS);
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let (principals, rest) = principals(line)?;
    let starts_with_key = rest.split(BLANKS).next().is_some_and(looks_like_a_kind);
    let (options, key) = if starts_with_key { ("", rest) } else { split_options(rest)? };
    let Options { namespaces, valid_after, valid_before } = Options::parse(options)?;
    if key.is_empty() {
        return Err(LineError::NoKey);
    }
    Ok(Some(Line {
        number,
        matches_principal: patterns(principals)?,
        matches_namespace: namespaces.as_deref().map(patterns).transpose()?,
        principals: principals.into(),
        namespaces: namespaces.map(Into::into),
        valid_after,
        valid_before,
        key: PublicKey::parse(key)?,
    }))
}

fn patterns(text: &str) -> Result<Patterns, LineError> {
    if text.len() > PATTERNS_BYTES {
        return Err(LineError::PatternsTooLong { bytes: text.len() });
    }
    Ok(Patterns::new(text))
}

/// The principals without their quotation marks, and what follows.
fn principals(line: &str) -> Result<(&str, &str), LineError> {
    let (principals, rest) = match line.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').ok_or(LineError::Quote)?,
        None => line.split_once(BLANKS).unwrap_or((line, "")),
    };
    // OpenSSH takes a mark out of the middle of a word, and begins the next word right behind a closing one.
    if principals.contains('"') || line.starts_with('"') && !rest.is_empty() && !rest.starts_with(BLANKS) {
        return Err(LineError::Quote);
    }
    match rest.trim_start_matches(BLANKS) {
        "" => Err(LineError::NoKey),
        rest => Ok((principals, rest)),
    }
}

/// Options end at the first blank outside of quotation marks; `\"` does not end them.
fn split_options(text: &str) -> Result<(&str, &str), LineError> {
    let bytes = text.as_bytes();
    let (mut quoted, mut end) = (false, 0);
    while end < bytes.len() && (quoted || !matches!(bytes[end], b' ' | b'\t' | b'\r')) {
        match bytes[end] {
            b'\\' if bytes.get(end + 1) == Some(&b'"') => end += 1,
            b'"' => quoted = !quoted,
            _ => {}
        }
        end += 1;
    }
    Ok((&text[..end], text[end..].trim_start_matches(BLANKS)))
}

#[derive(Default)]
struct Options {
    namespaces: Option<String>,
    valid_after: Option<i64>,
    valid_before: Option<i64>,
}

impl Options {
    fn parse(text: &str) -> Result<Self, LineError> {
        let mut options = Self::default();
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(['=', ',']).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            // As OpenSSH says: names of options have no case.
            rest = match name.to_ascii_lowercase().as_str() {
                "cert-authority" => return Err(LineError::CertAuthority),
                "namespaces" => {
                    let (value, rest) = value("namespaces", after)?;
                    once("namespaces", &mut options.namespaces, value)?;
                    rest
                }
                "valid-after" => {
                    let (value, rest) = value("valid-after", after)?;
                    once("valid-after", &mut options.valid_after, time(&value)?)?;
                    rest
                }
                "valid-before" => {
                    let (value, rest) = value("valid-before", after)?;
                    once("valid-before", &mut options.valid_before, time(&value)?)?;
                    rest
                }
                _ => return Err(LineError::UnknownOption { option: excerpt(name) }),
            };
            // After an option comes a comma and the next one, or nothing.
            rest = match rest.strip_prefix(',') {
                Some(next) if !next.is_empty() => next,
                None if rest.is_empty() => rest,
                _ => return Err(LineError::UnknownOption { option: excerpt(rest) }),
            };
        }
        match (options.valid_after, options.valid_before) {
            (Some(after), Some(before)) if before <= after => Err(LineError::Never),
            _ => Ok(options),
        }
    }
}

/// The value behind `="`, without its marks, and what follows them.
fn value<'a>(option: &'static str, text: &'a str) -> Result<(String, &'a str), LineError> {
    let unquoted = || LineError::Unquoted { option };
    let inside = text.strip_prefix("=\"").ok_or_else(unquoted)?;
    let mut value = String::new();
    let mut characters = inside.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Ok((value, &inside[at + 1..])),
            '\\' if characters.next_if(|(_, next)| *next == '"').is_some() => value.push('"'),
            other => value.push(other),
        }
    }
    Err(unquoted())
}

fn once<T>(option: &'static str, place: &mut Option<T>, value: T) -> Result<(), LineError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(LineError::Repeated { option }),
    }
}

/// `20260820Z`, `202608200715Z` or `20260820071500Z`, in seconds since 1970.
fn time(text: &str) -> Result<i64, LineError> {
    let wrong = || LineError::Time { text: excerpt(text) };
    let digits = text.strip_suffix('Z').unwrap_or(text);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || !matches!(digits.len(), 8 | 12 | 14) {
        return Err(wrong());
    }
    if digits.len() == text.len() {
        return Err(LineError::TimeZone { text: excerpt(text) });
    }
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or("0").parse::<i8>();
    let fields = (|| {
        let year = digits[..4].parse::<i16>()?;
        Ok::<_, std::num::ParseIntError>((
            year,
            part(4, 6)?,
            part(6, 8)?,
            part(8, 10)?,
            part(10, 12)?,
            part(12, 14)?,
        ))
    })();
    let (year, month, day, hour, minute, second) = fields.map_err(|_not_a_number| wrong())?;
    let moment = DateTime::new(year, month, day, hour, minute, second, 0)
        .and_then(|moment| moment.to_zoned(TimeZone::UTC))
        .map_err(|_no_such_moment| wrong())?;
    // OpenSSH takes 1970-01-01T00:00:00Z for no time at all.
    match moment.timestamp().as_second() {
        second if second > 0 => Ok(second),
        _ => Err(wrong()),
    }
}
