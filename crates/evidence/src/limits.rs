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
    /// Bytes of one row of the database dump. A description, a manifest's features and a readme have up to 1 MB each.
    pub dump_row_bytes: usize,
    /// Bytes of one table of the dump. The longest that is read, of releases, has some gigabytes.
    pub dump_table_bytes: u64,
    /// Crates, and names of deleted ones; crates.io has some 250,000.
    pub dump_crates: usize,
    /// Users, their accounts, teams, and owners of crates, each; there are several 100,000.
    pub dump_accounts: usize,
    /// Releases: some 2 million. Each takes 64 bytes.
    pub dump_releases: usize,
    /// Dependencies of all releases: some 15 million. Each takes 16 bytes.
    pub dump_dependencies: usize,
    /// Bytes of all names, logins, versions, requirements and platforms, each once.
    pub dump_text_bytes: usize,
    /// Of how many rows of a table of the dump one may be malformed, or speak of what is not there; 16 may be in any. Known
    /// are some ten in millions.
    pub dump_malformed: usize,
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
            dump_row_bytes: 16 << 20,
            dump_table_bytes: 16 << 30,
            dump_crates: 1_000_000,
            dump_accounts: 4_000_000,
            dump_releases: 8_000_000,
            dump_dependencies: 60_000_000,
            dump_text_bytes: 256 << 20,
            dump_malformed: 1_000,
            problems: 1_000,
        }
    }
}

impl Limits {
    /// How many of so many rows of a table of the dump may be left out.
    pub(crate) fn dump_allowed(&self, rows: usize) -> usize {
        const ALWAYS: usize = 16;
        ALWAYS.max(rows / self.dump_malformed.max(1))
    }
}
