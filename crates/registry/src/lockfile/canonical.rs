//! The lockfile as cargo writes it, read line by line.
//!
//! This is a part of TOML that needs no look-ahead: a head of comments and `version = N`, then `[[package]]`
//! tables with their keys in cargo's order, one to a line, strings without escapes. Whatever differs, in spelling
//! or in fault, is left to the general reader, so that there is one judge of odd files and one wording of errors.
//! What is read here the general reader reads alike; a test holds the two together.

use std::ops::ControlFlow;

use super::{Entries, Entry, Located};

/// The entries of `text`, or `None` if it is not of cargo's own form.
pub(super) fn read(text: &str) -> Option<Entries<'_>> {
    if !is_plain(text) {
        return None;
    }
    let mut lines = Lines { rest: text, number: 0 };
    let mut entries = Entries::default();
    let mut line = head(&mut lines, &mut entries)?;
    // A package takes about 250 bytes, and has four dependencies.
    entries.packages.reserve(text.len() / 256);
    entries.dependencies.reserve(text.len() / 64);
    while let Some(table) = line {
        line = match table {
            "[[package]]" => package(&mut lines, &mut entries)?,
            "[[patch.unused]]" => {
                // Nothing uses it, but it has to be of a package's form.
                let dependencies = entries.dependencies.len();
                let line = package(&mut lines, &mut entries)?;
                entries.packages.pop();
                entries.dependencies.truncate(dependencies);
                line
            }
            _ => return None,
        };
    }
    Some(entries)
}

/// Comments and `version = N`, up to the first table. The outer `None` stands for another form, the inner one for
/// the end of the file.
fn head<'a>(lines: &mut Lines<'a>, entries: &mut Entries<'a>) -> Option<Option<&'a str>> {
    while let Some(line) = lines.next() {
        if let Some(number) = line.strip_prefix("version = ") {
            let digits =
                number.len() <= 4 && number.bytes().all(|b| b.is_ascii_digit()) && !number.starts_with('0');
            if entries.version.is_some() || !digits {
                return None;
            }
            entries.version = Some((number.parse().ok()?, lines.number));
        } else if line.starts_with('[') {
            return Some(Some(line));
        } else if !(line.is_empty() || line.starts_with('#') && !line.contains('\r')) {
            return None;
        }
    }
    Some(None)
}

/// The keys of one package; gives the line after it, in the sense of [`head`].
fn package<'a>(lines: &mut Lines<'a>, entries: &mut Entries<'a>) -> Option<Option<&'a str>> {
    let name = string(lines.next()?.strip_prefix("name = ")?)?;
    let name = Located { text: name.into(), line: lines.number };
    let version = string(lines.next()?.strip_prefix("version = ")?)?;
    let start = entries.dependencies.len();
    let mut entry = Entry {
        name,
        version: version.into(),
        source: None,
        checksum: None,
        dependencies: start..start,
        replace: None,
    };
    let mut line = lines.next();
    if let Some(value) = line.and_then(|line| line.strip_prefix("source = ")) {
        entry.source = Some(string(value)?.into());
        line = lines.next();
    }
    if let Some(value) = line.and_then(|line| line.strip_prefix("checksum = ")) {
        entry.checksum = Some(Located { text: string(value)?.into(), line: lines.number });
        line = lines.next();
    }
    if line == Some("dependencies = [") {
        while let ControlFlow::Continue(dependency) = dependency(lines.next()?)? {
            entries.dependencies.push(Located { text: dependency.into(), line: lines.number });
        }
        entry.dependencies.end = entries.dependencies.len();
        line = lines.next();
    } else if let Some(value) = line.and_then(|line| line.strip_prefix("replace = ")) {
        entry.replace = Some(Located { text: string(value)?.into(), line: lines.number });
        line = lines.next();
    }
    entries.packages.push(entry);
    while line == Some("") {
        line = lines.next();
    }
    Some(line)
}

/// ` "name",`, or `]` after the last.
fn dependency(line: &str) -> Option<ControlFlow<(), &str>> {
    if line == "]" {
        return Some(ControlFlow::Break(()));
    }
    string(line.strip_prefix(' ')?.strip_suffix(',')?).map(ControlFlow::Continue)
}

/// The inside of `"…"`, if it says what it means.
fn string(value: &str) -> Option<&str> {
    let inside = value.strip_prefix('"')?.strip_suffix('"')?;
    (!inside.bytes().any(|byte| byte == b'"' || byte == b'\r')).then_some(inside)
}

/// Whether `text` has no escapes, and no control characters but for line ends: TOML allows the rest in strings
/// and comments. Without a way out of the loop the compiler looks at many bytes at once.
fn is_plain(text: &str) -> bool {
    let odd = |byte: u8| (byte < b' ' && byte != b'\n' && byte != b'\r') | (byte == 0x7f) | (byte == b'\\');
    !text.bytes().fold(false, |found, byte| found | odd(byte))
}

/// Lines without their end, which is `\n` or `\r\n`, counted from 1.
struct Lines<'a> {
    rest: &'a str,
    number: u32,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        self.number += 1;
        match self.rest.bytes().position(|byte| byte == b'\n') {
            Some(end) => {
                let line = &self.rest[..end];
                self.rest = &self.rest[end + 1..];
                Some(line.strip_suffix('\r').unwrap_or(line))
            }
            None => Some(std::mem::take(&mut self.rest)),
        }
    }
}
