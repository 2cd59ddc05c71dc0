//! Reading TOML that strangers wrote: record by record, with the line of everything that is wrong.
//!
//! A [`Document`] is the whole file, [`Fields`] one table of it. Readers of a record take what they know by key and
//! fail with a [`Fault`] at an offset; the document turns faults into [`Problem`]s with lines and keeps going.

use std::collections::BTreeMap;

use fence_model::{CrateName, Time};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::{Error, Problem, excerpt, message};
use crate::limits::Limits;

/// Something wrong at a byte offset.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) at: usize,
    pub(crate) error: Error,
}

/// Where a file's problems gather.
pub(crate) struct Document<'t> {
    file: &'t str,
    lines: Lines,
    limit: usize,
    problems: Vec<Problem>,
}

impl<'t> Document<'t> {
    /// Opens `bytes`, which messages call `file`: the document for its problems, and its root table.
    pub(crate) fn open(
        file: &'t str,
        bytes: &'t [u8],
        limit_bytes: usize,
        limits: &Limits,
    ) -> Result<(Self, DeTable<'t>), Problem> {
        let fail = |line, error| Problem { file: file.into(), line, record: "".into(), error };
        if bytes.len() > limit_bytes {
            return Err(fail(None, Error::TooLong { bytes: bytes.len(), limit: limit_bytes }));
        }
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let lines = Lines::of(&bytes[..error.valid_up_to()], 1);
            fail(Some(lines.line(error.valid_up_to())), Error::NotUtf8)
        })?;
        Self::open_text(file, text, 1, limits)
    }

    /// Opens text that begins at `first_line` of `file`.
    pub(crate) fn open_text(
        file: &'t str,
        text: &'t str,
        first_line: u32,
        limits: &Limits,
    ) -> Result<(Self, DeTable<'t>), Problem> {
        let lines = Lines::of(text.as_bytes(), first_line);
        match DeTable::parse(text) {
            Ok(root) => {
                Ok((Self { file, lines, limit: limits.problems, problems: Vec::new() }, root.into_inner()))
            }
            Err(error) => Err(Problem {
                file: file.into(),
                line: Some(lines.line(error.span().map_or(0, |span| span.start))),
                record: "".into(),
                error: Error::NotToml(message(&error.message())),
            }),
        }
    }

    /// Notes that `record` cannot be used.
    pub(crate) fn report(&mut self, record: impl Into<Box<str>>, fault: Fault) {
        use std::cmp::Ordering::{Equal, Greater, Less};
        let error = match self.problems.len().cmp(&self.limit) {
            Less => fault.error,
            Equal => Error::TooManyProblems { limit: self.limit },
            Greater => return,
        };
        let problem = Problem {
            file: self.file.into(),
            line: Some(self.lines.line(fault.at)),
            record: record.into(),
            error,
        };
        self.problems.push(problem);
    }

    /// One fault as the problem of the whole file.
    pub(crate) fn fail(&self, fault: Fault) -> Problem {
        let Fault { at, error } = fault;
        Problem { file: self.file.into(), line: Some(self.lines.line(at)), record: "".into(), error }
    }

    /// Reads the tables `[section.<name>]`, each under its own name.
    pub(crate) fn tables<K: Ord, T>(
        &mut self,
        root: &Fields<'_, 't>,
        path: &str,
        section: &'static str,
        name: impl Fn(&str) -> Result<K, Error>,
        mut read: impl FnMut(&mut Self, &Fields<'_, 't>) -> Result<T, Fault>,
    ) -> BTreeMap<K, T> {
        let mut tables = BTreeMap::new();
        for (key, value) in self.section(root, path, section) {
            let place = place(path, section, key.get_ref());
            let entry = name(key.get_ref())
                .map_err(|error| Fault { at: key.span().start, error })
                .and_then(|name| Ok((name, read(self, &Fields::of(key.get_ref(), value)?)?)));
            match entry {
                Ok((name, table)) => drop(tables.insert(name, table)),
                Err(fault) => self.report(place, fault),
            }
        }
        tables
    }

    /// Reads the records `[[section.<crate>]]`, in the order of the file for each crate.
    pub(crate) fn records<T>(
        &mut self,
        root: &Fields<'_, 't>,
        path: &str,
        section: &'static str,
        read: impl Fn(&Fields<'_, 't>) -> Result<T, Fault>,
    ) -> BTreeMap<CrateName, Vec<T>> {
        let mut records = BTreeMap::new();
        for (key, value) in self.section(root, path, section) {
            let name = match key.get_ref().parse::<CrateName>() {
                Ok(name) => name,
                Err(error) => {
                    let fault = Fault { at: key.span().start, error: error.into() };
                    self.report(place(path, section, key.get_ref()), fault);
                    continue;
                }
            };
            let Some(array) = value.get_ref().as_array() else {
                let fault = wrong_type(key.get_ref(), "a list of tables", value);
                self.report(place(path, section, key.get_ref()), fault);
                continue;
            };
            let mut of_crate = Vec::with_capacity(array.len());
            for value in array.iter() {
                match Fields::of(key.get_ref(), value).and_then(|fields| read(&fields)) {
                    Ok(record) => of_crate.push(record),
                    Err(fault) => self.report(place(path, section, key.get_ref()), fault),
                }
            }
            if !of_crate.is_empty() {
                records.insert(name, of_crate);
            }
        }
        records
    }

    /// The entries of a table of the root, none if it is absent.
    fn section<'a>(
        &mut self,
        root: &Fields<'a, 't>,
        path: &str,
        section: &'static str,
    ) -> impl Iterator<Item = (&'a Spanned<std::borrow::Cow<'t, str>>, &'a Spanned<DeValue<'t>>)> + use<'a, 't>
    {
        let table = match root.table(section) {
            Ok(table) => table,
            Err(fault) => {
                self.report(format!("{path}{section}"), fault);
                None
            }
        };
        table.into_iter().flat_map(|fields| fields.table.iter())
    }

    /// All problems, in the order of the file.
    pub(crate) fn into_problems(mut self) -> Vec<Problem> {
        let listed = self.problems.len().min(self.limit);
        self.problems[..listed].sort_by_key(|problem| problem.line);
        self.problems
    }
}

/// One table of a file.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a, 't> {
    table: &'a DeTable<'t>,
    /// Where it begins.
    pub(crate) at: usize,
}

impl<'a, 't> Fields<'a, 't> {
    /// The root of a file.
    pub(crate) fn root(table: &'a DeTable<'t>) -> Self {
        Self { table, at: 0 }
    }

    fn of(key: &str, value: &'a Spanned<DeValue<'t>>) -> Result<Self, Fault> {
        match value.get_ref().as_table() {
            Some(table) => Ok(Self { table, at: value.span().start }),
            None => Err(wrong_type(key, "a table", value)),
        }
    }

    /// A fault of this table as a whole.
    pub(crate) fn fault(&self, error: Error) -> Fault {
        Fault { at: self.at, error }
    }

    /// A fault of the value under `key`.
    pub(crate) fn fault_at(&self, key: &str, error: Error) -> Fault {
        Fault { at: self.table.get(key).map_or(self.at, |value| value.span().start), error }
    }

    /// Whether there is anything under `key`.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Fails on the first key that is not among `known`.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), Fault> {
        match self.table.keys().find(|key| !known.contains(&key.get_ref().as_ref())) {
            None => Ok(()),
            Some(key) => {
                Err(Fault { at: key.span().start, error: Error::UnknownKey { key: excerpt(key.get_ref()) } })
            }
        }
    }

    /// The string under `key`, if there is one.
    pub(crate) fn text(&self, key: &str) -> Result<Option<&'a str>, Fault> {
        self.read(key, "a string", |value| value.as_str())
    }

    /// The string under `key`.
    pub(crate) fn required(&self, key: &'static str) -> Result<&'a str, Fault> {
        self.text(key)?.ok_or_else(|| self.fault(Error::Missing(key)))
    }

    /// The string under `key`, kept.
    pub(crate) fn owned(&self, key: &str) -> Result<Option<Box<str>>, Fault> {
        Ok(self.text(key)?.map(Into::into))
    }

    /// The string or strings under `key`: `"a"` and `["a"]` mean the same; none if it is absent.
    pub(crate) fn texts(&self, key: &str) -> Result<Option<Vec<&'a str>>, Fault> {
        const EXPECTED: &str = "a string or a list of strings";
        let Some(value) = self.table.get(key) else { return Ok(None) };
        match value.get_ref() {
            DeValue::String(text) => Ok(Some(vec![text])),
            DeValue::Array(array) => array
                .iter()
                .map(|item| item.get_ref().as_str().ok_or_else(|| wrong_type(key, EXPECTED, item)))
                .collect::<Result<_, _>>()
                .map(Some),
            _ => Err(wrong_type(key, EXPECTED, value)),
        }
    }

    /// The string or strings under `key`, kept; empty if it is absent.
    pub(crate) fn list(&self, key: &str) -> Result<Vec<Box<str>>, Fault> {
        Ok(self.texts(key)?.unwrap_or_default().into_iter().map(Into::into).collect())
    }

    /// The truth value under `key`, if there is one.
    pub(crate) fn flag(&self, key: &str) -> Result<Option<bool>, Fault> {
        self.read(key, "`true` or `false`", |value| value.as_bool())
    }

    /// The whole number from 0 under `key`, if there is one.
    pub(crate) fn number(&self, key: &str) -> Result<Option<u64>, Fault> {
        self.read(key, "a whole number from 0 to 18446744073709551615", |value| {
            let number = value.as_integer()?;
            u64::from_str_radix(number.as_str(), number.radix()).ok()
        })
    }

    /// The first second of the UTC day under `key`, if there is one.
    pub(crate) fn day(&self, key: &str) -> Result<Option<Time>, Fault> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        let day = if text.len() == 10 { text.parse().ok() } else { None };
        day.map(Some).ok_or_else(|| self.fault_at(key, Error::Day { text: excerpt(text) }))
    }

    /// The table under `key`, if there is one.
    pub(crate) fn table(&self, key: &str) -> Result<Option<Self>, Fault> {
        self.table.get(key).map(|value| Self::of(key, value)).transpose()
    }

    /// All keys of this table, sorted.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &'a str> + use<'a, 't> {
        self.table.keys().map(|key| key.get_ref().as_ref())
    }

    fn read<T>(
        &self,
        key: &str,
        expected: &'static str,
        read: impl FnOnce(&'a DeValue<'t>) -> Option<T>,
    ) -> Result<Option<T>, Fault> {
        let Some(value) = self.table.get(key) else { return Ok(None) };
        read(value.get_ref()).map(Some).ok_or_else(|| wrong_type(key, expected, value))
    }
}

fn wrong_type(key: &str, expected: &'static str, value: &Spanned<DeValue<'_>>) -> Fault {
    let found = match value.get_ref() {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "a truth value",
        DeValue::Datetime(_) => "a date without quotes",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    Fault { at: value.span().start, error: Error::Type { key: excerpt(key), expected, found } }
}

fn place(path: &str, section: &str, name: &str) -> Box<str> {
    format!("{path}{section}.{}", excerpt(name)).into()
}

/// Where lines begin, so that offsets can be told as lines.
struct Lines {
    first: u32,
    /// Offsets of the line feeds.
    breaks: Vec<usize>,
}

impl Lines {
    fn of(bytes: &[u8], first: u32) -> Self {
        let breaks = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at).collect();
        Self { first, breaks }
    }

    fn line(&self, offset: usize) -> u32 {
        let before = self.breaks.partition_point(|at| *at < offset);
        self.first.saturating_add(u32::try_from(before).unwrap_or(u32::MAX))
    }
}
