//! Real data, where `FENCE_DATA` names a folder with it: the index, the advisories, the audit sets, and the lockfiles of
//! 20 projects. A test that finds none says so, and passes.
//!
//! All of it is unpacked with the times that the archives name: a folder speaks up to when its files were written.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use fence_model::Time;

use crate::world::time;

/// The real data, unpacked to a folder that goes when it is dropped.
#[derive(Debug)]
pub struct RealData {
    root: PathBuf,
    folder: tempfile::TempDir,
}

/// The lockfile of a real project.
#[derive(Debug, Clone)]
pub struct RealLockfile {
    /// Its name: `ripgrep.lock`.
    pub file: String,
    /// What stands in it.
    pub text: String,
    /// When it was committed.
    pub committed: Time,
    /// How many packages it has of registries.
    pub packages: usize,
}

impl RealData {
    /// Unpacks it; none where `FENCE_DATA` is not set.
    ///
    /// # Panics
    /// If what lies there is not what it should be.
    pub fn unpacked() -> Option<Self> {
        let Some(root) = std::env::var_os("FENCE_DATA").map(PathBuf::from) else {
            println!("skipped: FENCE_DATA is not set");
            return None;
        };
        let data = Self { root, folder: tempfile::tempdir().expect("temporary files have room") };
        data.unpack("index/index.tar.zst", "index");
        data.unpack("advisory-db/advisory-db.tar.zst", "advisory-db");
        data.unpack("audits/files.tar.zst", "audits");
        Some(data)
    }

    /// The folder in which it lies, and in which a test may write.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The folder of index files.
    pub fn index(&self) -> PathBuf {
        self.folder.path().join("index")
    }

    /// The `fence.toml` of a project in [`Self::folder`]: the advisory database, and every audit set as of the day on
    /// which it was gathered.
    pub fn policy_text(&self) -> String {
        let mut text = "[feeds.rustsec]\nrole = \"advisories\"\npath = \"advisory-db\"\n".to_owned();
        let mut sets: Vec<PathBuf> = entries(&self.folder.path().join("audits"));
        sets.sort();
        for set in sets {
            let set = set.file_name().and_then(|name| name.to_str()).expect("a set has a plain name");
            let places =
                [format!("audits/{set}/audits.toml"), format!("audits/{set}/.supply-chain/audits.toml")];
            let Some(file) = places.iter().find(|file| self.folder.path().join(file).exists()) else {
                continue;
            };
            let name = set.replace(['+', '_', '.'], "-");
            let _ = write!(text, "\n[feeds.{name}]\nrole = \"audits\"\nfile = \"{file}\"\n");
        }
        text
    }

    /// The lockfiles, by name.
    ///
    /// # Panics
    /// If one of them is missing.
    pub fn lockfiles(&self) -> Vec<RealLockfile> {
        let folder = self.root.join("lockfiles");
        let manifest = read(&folder.join("manifest.csv"));
        let lockfile = |line: &str| {
            let fields: Vec<&str> = line.split(',').collect();
            RealLockfile {
                file: fields[0].to_owned(),
                text: read(&folder.join(fields[0])),
                committed: time(fields[4]),
                packages: fields[6].parse().expect("a number of packages"),
            }
        };
        let mut lockfiles: Vec<RealLockfile> = manifest.lines().skip(1).map(lockfile).collect();
        lockfiles.sort_by(|a, b| a.file.cmp(&b.file));
        lockfiles
    }

    fn unpack(&self, archive: &str, to: &str) {
        let archive = self.root.join(archive);
        let fails = |why: &dyn std::fmt::Display| -> ! { panic!("{}: {why}", archive.display()) };
        let file = File::open(&archive).unwrap_or_else(|error| fails(&error));
        let plain = ruzstd::decoding::StreamingDecoder::new(BufReader::new(file));
        let plain = plain.unwrap_or_else(|error| fails(&error));
        tar::Archive::new(plain).unpack(self.folder.path().join(to)).unwrap_or_else(|error| fails(&error));
    }
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries
        .map(|entry| entry.unwrap_or_else(|error| panic!("{}: {error}", folder.display())).path())
        .collect()
}
