//! Tables as comma-separated values, with a first row that names the columns.

use csv_core::{ReadRecordResult, Reader};

/// A table in memory.
pub(crate) struct Table {
    file: String,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Reads the bytes of `file`, which is how messages call it.
    pub(crate) fn read(file: &str, bytes: &[u8]) -> Result<Self, String> {
        let mut reader = Reader::new();
        let (mut input, mut text, mut ends) = (bytes, vec![0; 1 << 20], vec![0; 256]);
        let (mut written, mut ended) = (0, 0);
        let mut rows: Vec<Vec<String>> = Vec::new();
        loop {
            let (result, read, wrote, ends_written) =
                reader.read_record(input, &mut text[written..], &mut ends[ended..]);
            input = &input[read..];
            written += wrote;
            ended += ends_written;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    return Err(format!(
                        "{file} has a row that is too long, the one after row {}",
                        rows.len()
                    ));
                }
                ReadRecordResult::Record => {
                    let mut start = 0;
                    let mut row = Vec::with_capacity(ended);
                    for &end in &ends[..ended] {
                        row.push(String::from_utf8_lossy(&text[start..end]).into_owned());
                        start = end;
                    }
                    rows.push(row);
                    (written, ended) = (0, 0);
                }
                ReadRecordResult::End => break,
            }
        }
        if rows.is_empty() {
            return Err(format!("{file} is empty: a first row has to name its columns"));
        }
        let columns = rows.remove(0);
        if let Some(at) = rows.iter().position(|row| row.len() != columns.len()) {
            let (has, wants) = (rows[at].len(), columns.len());
            return Err(format!("{file} row {} has {has} values, and there are {wants} columns", at + 2));
        }
        Ok(Self { file: file.to_owned(), columns, rows })
    }

    /// The place of a column.
    pub(crate) fn column(&self, name: &str) -> Result<usize, String> {
        let found = self.columns.iter().position(|column| column == name);
        found.ok_or_else(|| format!("{} has no column `{name}`", self.file))
    }

    /// The rows, without the first.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &[String]> {
        self.rows.iter().map(Vec::as_slice)
    }
}
