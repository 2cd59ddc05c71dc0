//! The scanner in a process of its own: what attackers write is read where it can do nothing.
//!
//! This program starts itself with [`WORKER`] as its only argument. The worker shuts itself in ([`sandbox`]) before it reads
//! a byte, takes one job on its standard input, answers on its standard output, and ends. One that crashes, takes too
//! long or says too much is a finding about the package, never a clean report.
//!
//! A job is `scan`, `compare`, `read`, `panics`, `panics-change`, `origin` or `against` and one or two packages, each a `.crate` file or a list of files;
//! `against` goes on with what a repository has. Every length is a `u64` in little-endian order before the bytes that it
//! counts. The answer is JSON.

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::Command;

use fence_scan::against::{self, Against, Pair};
use fence_scan::likeness::{self, FingerprintSet};
use fence_scan::origin::Origin;
use fence_scan::panics::{self, Panics, PanicsChange};
use fence_scan::reading::{self, Reading};
use fence_scan::{
    Comparison, File, Finding, Limits, Package, Place, Report, Scan, Severity, compare, unpack,
};
use serde::{Deserialize, Serialize};

use crate::process::{self, Bounds};

pub mod sandbox;

/// The argument by which this program is told to be a worker.
pub const WORKER: &str = "__scan-worker";

/// The code of the finding that a scanner did not come to an end.
pub const FAILED: &str = "scanner-failed";

/// Seconds that a worker has. The largest package of wasmtime's lockfile takes five.
const SECONDS: u64 = 120;
/// Bytes that room is made for before they have come: who claims more than follows gets no more memory for it.
const MOST_AHEAD: u64 = 64 << 20;
/// Bytes of an answer: the report of a package in which everything is a finding.
const ANSWER_BYTES: usize = 256 << 20;

/// A package to read.
#[derive(Debug, Clone)]
pub enum Packed {
    /// A `.crate` file's bytes.
    Crate(Vec<u8>),
    /// The files of a folder.
    Files(Vec<File>),
}

/// What a worker answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Answer<T> {
    /// What the worker could not shut itself off from.
    open: Vec<String>,
    /// The report or comparison.
    result: T,
}

/// What came of a job, and what the worker that did it could not be kept from.
#[derive(Debug, Clone, PartialEq)]
pub struct Scanned<T> {
    /// The report or comparison.
    pub result: T,
    /// What this machine cannot keep a scanner from: empty where it is shut in as it should be.
    pub open: Vec<String>,
}

/// Starts workers.
#[derive(Debug, Clone)]
pub struct Scanner {
    program: PathBuf,
}

impl Scanner {
    /// One whose workers are this program.
    ///
    /// # Errors
    /// Where the system does not tell which program this is.
    pub fn of_process() -> io::Result<Self> {
        Ok(Self { program: std::env::current_exe()? })
    }

    /// One whose workers are that program.
    pub fn of(program: PathBuf) -> Self {
        Self { program }
    }

    /// Scans a package.
    pub fn scan(&self, package: &Packed) -> Scanned<Report> {
        let mut job = Vec::new();
        write_job(&mut job, b"scan", &[package]);
        self.run(job).unwrap_or_else(|why| Scanned { result: failed(&why), open: Vec::new() })
    }

    /// Scans two packages and compares them.
    pub fn compare(&self, old: &Packed, new: &Packed) -> Scanned<Comparison> {
        let mut job = Vec::new();
        write_job(&mut job, b"compare", &[old, new]);
        self.run(job).unwrap_or_else(|why| Scanned {
            result: Comparison { findings: failed(&why).findings, ..Comparison::default() },
            open: Vec::new(),
        })
    }

    /// Scans two packages, compares them, and takes the text of what changed.
    pub fn read(&self, old: &Packed, new: &Packed) -> Scanned<Reading> {
        let mut job = Vec::new();
        write_job(&mut job, b"read", &[old, new]);
        self.run(job).unwrap_or_else(|why| {
            let comparison = Comparison { findings: failed(&why).findings, ..Comparison::default() };
            Scanned { result: Reading { comparison, ..Reading::default() }, open: Vec::new() }
        })
    }

    /// Finds where a package can panic.
    ///
    /// # Errors
    /// Why the worker did not come to an end.
    pub fn panics(&self, package: &Packed) -> Result<Scanned<Panics>, String> {
        let mut job = Vec::new();
        write_job(&mut job, b"panics", &[package]);
        self.run(job)
    }

    /// Finds where a package can panic and an older could not.
    ///
    /// # Errors
    /// Why the worker did not come to an end.
    pub fn panics_change(&self, old: &Packed, new: &Packed) -> Result<Scanned<PanicsChange>, String> {
        let mut job = Vec::new();
        write_job(&mut job, b"panics-change", &[old, new]);
        self.run(job)
    }

    /// What a package says of where it comes from.
    ///
    /// # Errors
    /// Why the worker did not come to an end.
    pub fn origin(&self, package: &Packed) -> Result<Scanned<Origin>, String> {
        let mut job = Vec::new();
        write_job(&mut job, b"origin", &[package]);
        self.run(job)
    }

    /// Compares a package with what a repository has ([`against::compare`]).
    ///
    /// # Errors
    /// Why the worker did not come to an end.
    pub fn against(
        &self,
        package: &Packed,
        pairs: &[Pair],
        workspaces: &[Vec<u8>],
    ) -> Result<Scanned<Against>, String> {
        let mut job = Vec::new();
        write_job(&mut job, b"against", &[package]);
        write_bytes(&mut job, &serde_json::to_vec(pairs).map_err(|error| error.to_string())?);
        for pair in pairs.iter().filter(|pair| pair.is_read) {
            write_bytes(&mut job, pair.bytes.as_deref().unwrap_or_default());
        }
        write_number(&mut job, workspaces.len());
        for manifest in workspaces {
            write_bytes(&mut job, manifest);
        }
        self.run(job)
    }

    fn run<T: for<'a> Deserialize<'a>>(&self, job: Vec<u8>) -> Result<Scanned<T>, String> {
        let mut command = Command::new(&self.program);
        // A worker needs nothing of what its user has.
        command.arg(WORKER).env_clear();
        let bounds = Bounds { seconds: SECONDS, bytes: ANSWER_BYTES };
        let printed = process::run(command, job, bounds).map_err(|error| error.to_string())?;
        let Answer { open, result } =
            serde_json::from_slice(&printed).map_err(|error| format!("its answer is none: {error}"))?;
        Ok(Scanned { result, open })
    }
}

/// The report about a package at which the scanner failed.
fn failed(why: &str) -> Report {
    let finding = Finding {
        code: FAILED.to_owned(),
        severity: Severity::High,
        file: String::new(),
        line: 0,
        column: 0,
        length: 0,
        place: Place::Normal,
        function: String::new(),
        reason: format!("the scanner did not come to an end with this package: {why}"),
        text: String::new(),
        clues: Vec::new(),
    };
    Report { findings: vec![finding], ..Report::default() }
}

/// Does one job: what this program is when it is started with [`WORKER`].
///
/// # Errors
/// What is wrong with the job, or with the pipes.
pub fn work() -> io::Result<()> {
    let open = sandbox::enter();
    let mut job = io::stdin().lock();
    let kind = read_bytes(&mut job)?;
    let limits = Limits::default();
    let answer = match kind.as_slice() {
        b"scan" => {
            let package = read_package(&mut job, &limits)?;
            let scan = Scan::of(&package);
            let alike = likeness::alike(&scan, FingerprintSet::shipped());
            serde_json::to_vec(&Answer { open, result: Report { alike, ..scan.report } })
        }
        b"compare" => {
            let old = read_package(&mut job, &limits)?;
            let new = read_package(&mut job, &limits)?;
            let (old, new) = (Scan::of(&old), Scan::of(&new));
            let result = beside(compare(&old, &new), &old, &new);
            serde_json::to_vec(&Answer { open, result })
        }
        b"read" => {
            let old = read_package(&mut job, &limits)?;
            let new = read_package(&mut job, &limits)?;
            let (old, new) = (Scan::of(&old), Scan::of(&new));
            let mut result = reading::read(&old, &new);
            result.comparison = beside(result.comparison, &old, &new);
            serde_json::to_vec(&Answer { open, result })
        }
        b"panics" => {
            let package = read_package(&mut job, &limits)?;
            serde_json::to_vec(&Answer { open, result: panics::panics(&Scan::of(&package)) })
        }
        b"panics-change" => {
            let old = read_package(&mut job, &limits)?;
            let new = read_package(&mut job, &limits)?;
            let [old, new] = [old, new].map(|package| panics::panics(&Scan::of(&package)));
            serde_json::to_vec(&Answer { open, result: panics::compare(&old, &new) })
        }
        b"origin" => {
            let package = read_package(&mut job, &limits)?;
            serde_json::to_vec(&Answer { open, result: Origin::of(&package) })
        }
        b"against" => {
            let package = read_package(&mut job, &limits)?;
            let mut pairs: Vec<Pair> = serde_json::from_slice(&read_bytes(&mut job)?)?;
            for pair in pairs.iter_mut().filter(|pair| pair.is_read) {
                pair.bytes = Some(read_bytes(&mut job)?);
            }
            let count = read_number(&mut job)?;
            let workspaces: Vec<Vec<u8>> =
                (0..count).map(|_| read_bytes(&mut job)).collect::<io::Result<_>>()?;
            let result = against::compare(&package, &pairs, &workspaces);
            serde_json::to_vec(&Answer { open, result })
        }
        _ => return Err(io::Error::other("a worker is started by the fence alone")),
    };
    let mut out = io::stdout().lock();
    out.write_all(&answer.map_err(io::Error::other)?)?;
    out.flush()
}

/// A comparison with what is asked beside it: whose copy the newer became, and where it can panic now.
fn beside(comparison: Comparison, old: &Scan<'_>, new: &Scan<'_>) -> Comparison {
    let copied = likeness::newly_copied(old, new, FingerprintSet::shipped());
    let panics = panics::compare(&panics::panics(old), &panics::panics(new)).new_panics();
    Comparison { copied, panics, ..comparison }
}

fn write_job(job: &mut Vec<u8>, kind: &[u8], packages: &[&Packed]) {
    write_bytes(job, kind);
    for package in packages {
        match package {
            Packed::Crate(bytes) => {
                write_bytes(job, b"crate");
                write_bytes(job, bytes);
            }
            Packed::Files(files) => {
                write_bytes(job, b"files");
                write_number(job, files.len());
                for file in files {
                    write_bytes(job, file.path.as_bytes());
                    write_bytes(job, &file.bytes);
                }
            }
        }
    }
}

fn write_bytes(job: &mut Vec<u8>, bytes: &[u8]) {
    write_number(job, bytes.len());
    job.extend_from_slice(bytes);
}

fn write_number(job: &mut Vec<u8>, number: usize) {
    job.extend_from_slice(&(number as u64).to_le_bytes());
}

fn read_number(job: &mut impl Read) -> io::Result<u64> {
    let mut number = [0; 8];
    job.read_exact(&mut number)?;
    Ok(u64::from_le_bytes(number))
}

fn read_bytes(job: &mut impl Read) -> io::Result<Vec<u8>> {
    let length = read_number(job)?;
    let mut bytes = Vec::with_capacity(usize::try_from(length.min(MOST_AHEAD)).unwrap_or_default());
    job.take(length).read_to_end(&mut bytes)?;
    let is_whole = bytes.len() as u64 == length;
    if is_whole { Ok(bytes) } else { Err(io::Error::other("the job is cut short")) }
}

/// One package of a job. Its archive is gone once it is unpacked, before the next is read.
fn read_package(job: &mut impl Read, limits: &Limits) -> io::Result<Package> {
    if read_bytes(job)? == b"crate" {
        return Ok(unpack(&read_bytes(job)?, limits));
    }
    let count = read_number(job)?;
    let mut files = Vec::new();
    for _ in 0..count {
        let path = String::from_utf8_lossy(&read_bytes(job)?).into_owned();
        files.push(File { path, bytes: read_bytes(job)? });
    }
    Ok(Package::of(files))
}
