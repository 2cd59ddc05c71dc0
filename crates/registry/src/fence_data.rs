//! The large real data that tests look at where it is to be had: the folder that `FENCE_DATA` names.

use std::io::Read;
use std::path::PathBuf;

/// The bytes of one file, or `None`, said aloud, where there is no such data.
pub(crate) fn file(path: &str) -> Option<Vec<u8>> {
    let Some(root) = std::env::var_os("FENCE_DATA") else {
        println!("skipped: FENCE_DATA is not set");
        return None;
    };
    let path = PathBuf::from(root).join(path);
    Some(std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// The files of one `.tar.zst`, with their paths in it.
pub(crate) fn archive(path: &str) -> Option<Vec<(String, Vec<u8>)>> {
    let packed = file(path)?;
    let tar = ruzstd::decoding::StreamingDecoder::new(packed.as_slice()).expect("a zstd stream");
    let mut archive = tar::Archive::new(tar);
    let mut files = Vec::new();
    for entry in archive.entries().expect("a tar archive") {
        let mut entry = entry.expect("an entry");
        if entry.header().entry_type().is_file() {
            let path = entry.path().expect("a path").display().to_string();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("a whole entry");
            files.push((path, bytes));
        }
    }
    Some(files)
}

/// The names and bytes of the 20 newest lockfiles and the 629 historic ones.
pub(crate) fn lockfiles() -> Option<Vec<(String, Vec<u8>)>> {
    let mut files = archive("lockfiles/history/history.tar.zst")?;
    files.retain(|(path, _)| path.ends_with(".lock"));
    let manifest = String::from_utf8(file("lockfiles/manifest.csv")?).expect("text");
    for line in manifest.lines().skip(1) {
        let path = format!("lockfiles/{}", line.split(',').next().unwrap_or_default());
        files.push((path.clone(), file(&path)?));
    }
    Some(files)
}

/// The names and bytes of all index files.
pub(crate) fn index() -> Option<Vec<(String, Vec<u8>)>> {
    let mut files = archive("index/index.tar.zst")?;
    files.retain(|(path, _)| !path.ends_with("config.json"));
    Some(files)
}
