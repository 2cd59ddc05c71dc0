//! What can be wrong with a dump, in words.

use std::fmt;

use super::Table;

/// Why a dump cannot be used. All but [`DumpError::Unreadable`] is the fault of whoever made it, or of the way it took.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DumpError {
    /// The archive stops giving bytes.
    #[error("data/{table}.csv cannot be read on: {cause}; fetch the dump again")]
    Unreadable {
        /// The table.
        table: Table,
        /// What whoever unpacks it said.
        cause: Box<str>,
    },
    /// The last row has no end, or a quote in it.
    #[error("data/{table}.csv is cut off: its last row or a quote does not end; fetch the dump again")]
    CutOff {
        /// The table.
        table: Table,
    },
    /// Nothing is in the file, not even the names of columns.
    #[error("data/{table}.csv is empty: it has no names of columns; fetch the dump again")]
    NoHeader {
        /// The table.
        table: Table,
    },
    /// A column that is needed is not there.
    #[error(
        "data/{table}.csv has no column {}: the layout of the dump has changed, or this is no dump of crates.io; \
         take an earlier dump, or a fence that knows this layout",
        list(columns)
    )]
    NoColumn {
        /// The table.
        table: Table,
        /// What it may be called.
        columns: &'static [&'static str],
    },
    /// Two columns of one name.
    #[error(
        "data/{table}.csv has the column {column:?} twice: no database writes that; fetch the dump again"
    )]
    ColumnTwice {
        /// The table.
        table: Table,
        /// The column.
        column: Box<str>,
    },
    /// More columns than any table has.
    #[error("line {line} of data/{table}.csv has more than {limit} fields")]
    TooManyFields {
        /// The table.
        table: Table,
        /// The line, from 1.
        line: u64,
        /// How many are read.
        limit: usize,
    },
    /// A row has another number of fields than there are columns.
    #[error(
        "line {line} of data/{table}.csv has {found} fields for {columns} columns: no database writes that; fetch the dump again"
    )]
    Fields {
        /// The table.
        table: Table,
        /// The line in which the row begins, from 1.
        line: u64,
        /// How many it has.
        found: usize,
        /// How many columns there are.
        columns: usize,
    },
    /// A row is longer than any honest one.
    #[error("the row before line {line} of data/{table}.csv has more than {limit} bytes")]
    RowTooLong {
        /// The table.
        table: Table,
        /// The line up to which it was read, from 1.
        line: u64,
        /// The limit of [`Limits`](crate::Limits).
        limit: usize,
    },
    /// There are more rows than crates.io will have in years.
    #[error("data/{table}.csv has more than {limit} rows, and no more are kept")]
    TooManyRows {
        /// The table.
        table: Table,
        /// The limit of [`Limits`](crate::Limits).
        limit: usize,
    },
    /// The file is longer than any honest one.
    #[error("data/{table}.csv has more than {limit} bytes, and no more are read")]
    TooLong {
        /// The table.
        table: Table,
        /// The limit of [`Limits`](crate::Limits).
        limit: u64,
    },
    /// There are more names, versions and requirements than fit.
    #[error(
        "in data/{table}.csv the different names, versions and requirements reach {limit} bytes, and no more are kept"
    )]
    TooMuchText {
        /// The table.
        table: Table,
        /// The limit of [`Limits`](crate::Limits).
        limit: usize,
    },
    /// Too many rows cannot be read: the layout means something else than it seems to.
    #[error(
        "data/{table}.csv: {count} of {rows} rows cannot be read, the first at line {line}: {fault}; \
         up to {allowed} are left out, so the layout must have changed: take an earlier dump, or a fence that knows this layout"
    )]
    Malformed {
        /// The table.
        table: Table,
        /// How many.
        count: usize,
        /// Of how many.
        rows: usize,
        /// How many would have been left out.
        allowed: usize,
        /// The line of the first, from 1.
        line: u64,
        /// What is wrong there.
        fault: Fault,
    },
    /// Too many rows speak of what is not there.
    #[error(
        "data/{table}.csv: {count} of {rows} rows speak of what is in no other table, such as {example}: \
         its tables are not of one dump; fetch the dump again"
    )]
    Dangling {
        /// The table.
        table: Table,
        /// How many.
        count: usize,
        /// Of how many.
        rows: usize,
        /// One of them.
        example: Box<str>,
    },
    /// Two rows of what there can be but one.
    #[error("data/{table}.csv has {what} twice: no database writes that; fetch the dump again")]
    Twice {
        /// The table.
        table: Table,
        /// What is there twice.
        what: Box<str>,
    },
    /// Two tables of one name.
    #[error("data/{table}.csv is there twice: no dump has that; fetch the dump again")]
    TableTwice {
        /// The table.
        table: Table,
    },
    /// A table is not there.
    #[error(
        "data/{table}.csv is missing: this is no dump of crates.io, or not all of it; fetch the dump again"
    )]
    NoTable {
        /// The table.
        table: Table,
    },
    /// Nothing says of which moment the dump is.
    #[error("metadata.json is missing, so nobody knows how old the dump is; fetch the dump again")]
    NoMetadata,
    /// What should say so does not.
    #[error("metadata.json cannot be used: {cause}")]
    Metadata {
        /// What is wrong with it.
        cause: Box<str>,
    },
}

/// What is wrong with one row: a field does not hold what its column has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The column.
    pub column: &'static str,
    /// The field, cut short.
    pub found: Box<str>,
    /// What it should be.
    pub expected: &'static str,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {:?}, and should be {}", self.column, self.found, self.expected)
    }
}

fn list(columns: &[&str]) -> String {
    let quoted: Vec<String> = columns.iter().map(|column| format!("`{column}`")).collect();
    quoted.join(" or ")
}
