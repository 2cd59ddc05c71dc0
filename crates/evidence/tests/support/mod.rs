//! The real data of 2026, where the environment variable `FENCE_DATA` says that it lies.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

/// The folder with real data; says on standard error that the test was skipped where there is none.
pub(crate) fn fence_data() -> Option<PathBuf> {
    let folder = std::env::var_os("FENCE_DATA").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: FENCE_DATA is not set");
    }
    folder
}

/// The files of a `.tar.zst` of the folder, by path.
pub(crate) fn archive(folder: &std::path::Path, path: &str) -> BTreeMap<String, Vec<u8>> {
    let compressed = std::fs::File::open(folder.join(path)).expect("FENCE_DATA has this archive");
    let plain = ruzstd::decoding::StreamingDecoder::new(std::io::BufReader::new(compressed)).expect("zstd");
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(plain).entries().expect("tar") {
        let mut entry = entry.expect("tar");
        if entry.header().entry_type().is_file() {
            let path =
                entry.path().expect("path").to_str().expect("UTF-8").trim_start_matches("./").to_owned();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("whole");
            files.insert(path, bytes);
        }
    }
    files
}

/// The rows of a CSV table of the folder, fields by column; quoted fields are understood.
#[allow(dead_code, reason = "not every test reads tables")]
pub(crate) fn table(folder: &std::path::Path, path: &str) -> Vec<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(folder.join(path)).expect("FENCE_DATA has this table");
    let mut rows = rows(&text).into_iter();
    let head = rows.next().expect("a head");
    rows.map(|row| head.iter().cloned().zip(row).collect()).collect()
}

fn rows(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, quoted) {
            ('"', true) if chars.peek() == Some(&'"') => field.extend(chars.next()),
            ('"', _) => quoted = !quoted,
            (',', false) => row.push(std::mem::take(&mut field)),
            ('\n', false) => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            (c, _) => field.push(c),
        }
    }
    rows
}
