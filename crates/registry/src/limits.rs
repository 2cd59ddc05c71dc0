//! How much of anything is taken from a stranger.

/// The most that each parser reads; what is larger is refused before it is looked at.
///
/// The defaults leave at least a factor of ten above the largest real thing known in 2026, so that an honest
/// registry never meets them, and keep the worst case within what a laptop does not notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one index file. The largest of the 2,497 files at hand has 5 MB; a file at the limit parses in
    /// about a third of a second.
    pub index_file_bytes: usize,
    /// Bytes of one index line. The longest at hand has 153 kB.
    pub index_line_bytes: usize,
    /// Bytes of a `config.json`. Real ones have about a hundred.
    pub config_bytes: usize,
    /// Bytes of a Cargo.lock. 1,000 packages take 270 kB.
    pub lockfile_bytes: usize,
    /// Packages in a Cargo.lock. The largest of the 649 files at hand has 1,035.
    pub lockfile_packages: usize,
    /// Bytes of a journal. A fence that reads 1,000 crates once an hour writes under 1 GB in a year before
    /// compaction, and a few megabytes after it.
    pub journal_bytes: usize,
    /// Bytes of one line of a journal: the first read of a crate lists all of its releases, at 160 bytes each.
    pub journal_line_bytes: usize,
}

impl Limits {
    /// What programs use; tests may set narrower ones.
    pub const DEFAULT: Self = Self {
        index_file_bytes: 64 << 20,
        index_line_bytes: 4 << 20,
        config_bytes: 64 << 10,
        lockfile_bytes: 32 << 20,
        lockfile_packages: 100_000,
        journal_bytes: 1 << 30,
        journal_line_bytes: 16 << 20,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
