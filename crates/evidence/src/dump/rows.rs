//! Rows of one table, as they come out of the archive.
//!
//! The rules of CSV are `csv-core`'s; what is kept of a row lies in two buffers of this reader, so a row has a limit. A table
//! whose last row or quote does not end is cut off, and a row of another length than the first is not left out as one that
//! is malformed: a stray quote may have swallowed any number of others.

use std::io::{ErrorKind, Read};

use csv_core::ReadRecordResult;

use super::cells::{Cell, Column};
use super::{DumpError, Fault, Skipped, Table};
use crate::error::{excerpt, message};
use crate::limits::Limits;

/// Columns of one table; the widest of 2026 has 27.
const COLUMNS: usize = 256;
const INPUT_BYTES: usize = 64 << 10;
/// A row to begin with.
const ROW_BYTES: usize = 16 << 10;

/// Hands each row of a table to `take`, as the cells of `columns` in their order, and tells what was left out.
pub(super) fn each<const N: usize>(
    table: Table,
    bytes: &mut dyn Read,
    (limits, most): (&Limits, usize),
    columns: [Column; N],
    mut take: impl FnMut([Cell<'_>; N]) -> Result<(), Stop>,
) -> Result<Skipped, DumpError> {
    let mut rows = Rows::of(table, bytes, limits);
    if !rows.next()? {
        return Err(DumpError::NoHeader { table });
    }
    let places = rows.places(columns)?;
    let width = rows.fields;
    let mut skipped = Skipped { table, rows: 0, malformed: 0, dangling: 0, example: None, first: None };
    while rows.next()? {
        skipped.rows += 1;
        if skipped.rows > most {
            return Err(DumpError::TooManyRows { table, limit: most });
        }
        if rows.fields != width {
            return Err(DumpError::Fields { table, line: rows.line, found: rows.fields, columns: width });
        }
        let cell = |at: usize| {
            let (name, place) = places[at];
            Cell { column: name, bytes: place.map(|place| rows.field(place)) }
        };
        match take(std::array::from_fn(cell)) {
            Ok(()) => {}
            Err(Stop::Row(fault)) => {
                skipped.malformed += 1;
                if skipped.first.is_none() {
                    skipped.first = Some((rows.line, fault));
                }
            }
            Err(Stop::Text) => return Err(DumpError::TooMuchText { table, limit: limits.dump_text_bytes }),
        }
    }
    let allowed = limits.dump_allowed(skipped.rows);
    match &skipped.first {
        Some((line, fault)) if skipped.malformed > allowed => Err(DumpError::Malformed {
            table,
            count: skipped.malformed,
            rows: skipped.rows,
            allowed,
            line: *line,
            fault: fault.clone(),
        }),
        _ => Ok(skipped),
    }
}

/// Why a row is not taken.
#[derive(Debug)]
pub(super) enum Stop {
    /// It cannot be read, and is left out.
    Row(Fault),
    /// There is no more room for texts, and the dump is left.
    Text,
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Row(fault)
    }
}

struct Rows<'a> {
    table: Table,
    limits: &'a Limits,
    bytes: &'a mut dyn Read,
    csv: csv_core::Reader,
    input: Vec<u8>,
    /// Where in `input` what was not looked at yet begins and ends.
    rest: (usize, usize),
    seen: u64,
    /// The last byte, and whether a quote is open.
    last: (u8, bool),
    row: Vec<u8>,
    ends: [usize; COLUMNS],
    fields: usize,
    /// Where the row begins.
    line: u64,
}

impl<'a> Rows<'a> {
    fn of(table: Table, bytes: &'a mut dyn Read, limits: &'a Limits) -> Self {
        Self {
            table,
            limits,
            bytes,
            csv: csv_core::Reader::new(),
            input: vec![0; INPUT_BYTES],
            rest: (0, 0),
            seen: 0,
            last: (b'\n', false),
            row: vec![0; ROW_BYTES.min(limits.dump_row_bytes)],
            ends: [0; COLUMNS],
            fields: 0,
            line: 1,
        }
    }

    /// Goes to the next row, if there is one.
    fn next(&mut self) -> Result<bool, DumpError> {
        let (table, limit) = (self.table, self.limits.dump_row_bytes);
        let (mut length, mut fields) = (0, 0);
        self.line = self.csv.line();
        loop {
            if self.rest.0 == self.rest.1 {
                self.fill()?;
            }
            let input = &self.input[self.rest.0..self.rest.1];
            let (result, read, written, ended) =
                self.csv.read_record(input, &mut self.row[length..], &mut self.ends[fields..]);
            self.rest.0 += read;
            length += written;
            fields += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if self.row.len() < limit => {
                    self.row.resize((self.row.len() * 2).min(limit), 0);
                }
                ReadRecordResult::OutputFull => {
                    return Err(DumpError::RowTooLong { table, line: self.csv.line(), limit });
                }
                ReadRecordResult::OutputEndsFull => {
                    return Err(DumpError::TooManyFields { table, line: self.line, limit: COLUMNS });
                }
                ReadRecordResult::Record => {
                    self.fields = fields;
                    return Ok(true);
                }
                ReadRecordResult::End => return Ok(false),
            }
        }
    }

    /// Reads on; at the end of the file nothing comes, which is what ends the last row.
    fn fill(&mut self) -> Result<(), DumpError> {
        let table = self.table;
        self.rest = (0, 0);
        // A mark of byte order is only known when its three bytes are there.
        while self.rest.1 < INPUT_BYTES {
            match self.bytes.read(&mut self.input[self.rest.1..]) {
                Ok(0) => break,
                Ok(read) => self.rest.1 += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(DumpError::Unreadable { table, cause: message(&error) }),
            }
        }
        self.seen += self.rest.1 as u64;
        if self.seen > self.limits.dump_table_bytes {
            return Err(DumpError::TooLong { table, limit: self.limits.dump_table_bytes });
        }
        let input = &self.input[..self.rest.1];
        match input.last() {
            Some(last) => {
                let odd = input.iter().filter(|byte| **byte == b'"').count() % 2 == 1;
                self.last = (*last, self.last.1 ^ odd);
            }
            None if self.last != (b'\n', false) => return Err(DumpError::CutOff { table }),
            None => {}
        }
        Ok(())
    }

    fn field(&self, at: usize) -> &[u8] {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.row[start..self.ends[at]]
    }

    /// Where each column is, by the row of names.
    fn places<const N: usize>(
        &self,
        columns: [Column; N],
    ) -> Result<[(&'static str, Option<usize>); N], DumpError> {
        let table = self.table;
        let mut places = [("", None); N];
        for (place, column) in places.iter_mut().zip(columns) {
            let named = |name: &str| {
                let mut all = (0..self.fields).filter(|at| self.field(*at) == name.as_bytes());
                match (all.next(), all.next()) {
                    (_, Some(_)) => Err(DumpError::ColumnTwice { table, column: excerpt(name) }),
                    (at, None) => Ok(at),
                }
            };
            *place = (column.names[0], None);
            for name in column.names {
                if let Some(at) = named(name)? {
                    *place = (name, Some(at));
                    break;
                }
            }
            if column.needed && place.1.is_none() {
                return Err(DumpError::NoColumn { table, columns: column.names });
            }
        }
        Ok(places)
    }
}
