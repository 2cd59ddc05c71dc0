//! How much of a stranger's file is read.

/// Limits on what strangers send, each far above what the real files of 2026 need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one cargo-vet file. The largest real one, Google's `audits.toml`, has 0.7 MB; parsed, a file takes
    /// some ten times its size in memory, so this keeps a hostile one below a gigabyte.
    pub vet_file_bytes: usize,
    /// Criteria that one set defines, and that one criterion implies. cargo-vet itself stops at 64; what follows from
    /// what is worked out for all of them.
    pub criteria: usize,
    /// Bytes of one advisory. The longest real one has 10 kB.
    pub advisory_bytes: usize,
    /// Bytes of one OSV record. It repeats the advisory's text and may list every affected version of every
    /// ecosystem; those on crates have up to some 30 kB.
    pub osv_bytes: usize,
    /// Events and versions that one OSV record has in all. One that lists versions lists at most all releases of a
    /// crate, and the busiest has some 1,400.
    pub osv_points: usize,
    /// Files that look like advisories in one database. The real one has 1,225 and gains some 300 a year.
    pub advisories: usize,
    /// Version requirements in `patched` and `unaffected` of one advisory, which are compared pairwise. The longest
    /// real list has 23.
    pub ranges: usize,
    /// Bytes of one file of crev proofs. The longest real one has 172 kB.
    pub crev_file_bytes: usize,
    /// Bytes of what one proof signs. crev itself reads no more.
    pub crev_proof_bytes: usize,
    /// Bytes of one statement. One about 200 releases, each with the one from which the change was read, has some 70,000.
    pub statement_bytes: usize,
    /// Releases or statements that one statement is about.
    pub statement_subjects: usize,
    /// Problems that are reported of one file or database; a file that is wrong everywhere is wrong enough.
    pub problems: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            vet_file_bytes: 16 << 20,
            criteria: 64,
            advisory_bytes: 256 << 10,
            osv_bytes: 1 << 20,
            osv_points: 4_000,
            advisories: 100_000,
            ranges: 200,
            crev_file_bytes: 16 << 20,
            crev_proof_bytes: 32_000,
            statement_bytes: 128 << 10,
            statement_subjects: 200,
            problems: 1_000,
        }
    }
}
