//! How much of anything is taken from a stranger: a registry, a feed, a mirror, or a disk that lost power.

/// The most that is read of each thing; what is larger is refused with its name and the number.
///
/// Defaults leave room for several times the largest real thing known in 2026, and keep the worst case below what
/// a small CI machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one index file as served, decompressed. The largest of 2,497 real ones has 4.6 MB, and grows by
    /// some 3 kB a release.
    pub index_file_bytes: usize,
    /// Bytes of a registry's `config.json`. Real ones have about a hundred.
    pub config_bytes: usize,
    /// Bytes of a feed's archive or file as fetched. The RustSec database has 0.3 MB as `.tar.zst` and 0.6 MB as
    /// `.tar.gz`; archives of whole repositories that hold audits have up to 40 MB.
    pub feed_bytes: usize,
    /// Bytes of an archive unpacked, headers included. The RustSec database has 3.5 MB.
    pub unpacked_bytes: usize,
    /// How many times larger than itself an archive may unpack. Text compresses to a twentieth at best, the
    /// headers of small files help it to a fortieth; bombs reach thousands.
    pub unpacked_ratio: usize,
    /// Archives may unpack to this whatever their ratio: an archive of a few short files is mostly headers.
    pub unpacked_always: usize,
    /// Bytes of the window that a zstd frame may ask for. `zstd --ultra -22` asks for this much; `--long` can ask
    /// for more, and who makes an archive for others does not use it.
    pub zstd_window_bytes: u64,
    /// Entries of an archive, of a folder or of a repository's tree, used or not. RustSec has 2,148; the largest
    /// repository with audits (a browser's aside) has 20,000.
    pub feed_entries: usize,
    /// Bytes of all files that are kept of a feed.
    pub feed_kept_bytes: usize,
    /// Bytes of one file of a feed. The largest real audit set has 0.9 MB, the longest advisory 11 kB.
    pub feed_file_bytes: usize,
    /// Bytes of a package (`.crate`). crates.io takes 10 MB unless it was asked for more.
    pub package_bytes: usize,
    /// Entries of one folder of cargo's cache, and files of one unpacked package. A machine that builds all day has some
    /// thousands of packages; the largest package has 20,000 files.
    pub cargo_cache_entries: usize,
    /// Bytes that one package may unpack to, where it is compared with what cargo unpacked. Cargo itself refuses more.
    pub package_unpacked_bytes: u64,
    /// Entries of the folders that are searched for lockfiles. A home with a hundred projects has a million.
    pub searched_entries: usize,
    /// How deep below a folder lockfiles are searched for.
    pub searched_depth: usize,
    /// Bytes of a path inside an archive or repository. Linux allows 4,096; real ones stay under 200.
    pub path_bytes: usize,
    /// Bytes of a validator (`ETag`, `Last-Modified`) that is kept and sent back. S3's have 34, and nobody needs
    /// a kilobyte.
    pub validator_bytes: usize,
    /// Bytes of the headers of one answer.
    pub header_bytes: usize,
    /// Redirects followed for one request. Downloads take one or two.
    pub redirects: u32,
    /// Seconds that a server may make a client wait (`Retry-After`); asked for more, it waits this long, as cargo.
    pub retry_after_seconds: u64,
    /// Seconds for one run of `git`. A shallow fetch of the RustSec database takes two.
    pub git_seconds: u64,
    /// Bytes on disk of a repository that is fetched to be compared with a package. One commit of the largest that has
    /// crates has some 300 MB.
    pub repository_bytes: u64,
    /// Bytes of what another program says about its failure that are shown to a person.
    pub message_bytes: usize,
    /// Bytes of one file of cargo's configuration.
    pub cargo_config_bytes: usize,
    /// Seconds for a program that prints a token.
    pub token_seconds: u64,
    /// Seconds for `cargo metadata --no-deps`. That of a workspace with 300 members takes a tenth of one.
    pub metadata_seconds: u64,
    /// Bytes of what it prints. A member has some ten thousand.
    pub metadata_bytes: usize,
}

impl Limits {
    /// What programs use; tests set narrower ones.
    pub const DEFAULT: Self = Self {
        index_file_bytes: 32 << 20,
        config_bytes: 64 << 10,
        feed_bytes: 128 << 20,
        unpacked_bytes: 512 << 20,
        unpacked_ratio: 200,
        unpacked_always: 1 << 20,
        zstd_window_bytes: 128 << 20,
        feed_entries: 200_000,
        feed_kept_bytes: 128 << 20,
        feed_file_bytes: 16 << 20,
        package_bytes: 64 << 20,
        cargo_cache_entries: 200_000,
        package_unpacked_bytes: 512 << 20,
        searched_entries: 4_000_000,
        searched_depth: 64,
        path_bytes: 1_024,
        validator_bytes: 1_024,
        header_bytes: 64 << 10,
        redirects: 5,
        retry_after_seconds: 10,
        git_seconds: 120,
        repository_bytes: 2 << 30,
        message_bytes: 600,
        cargo_config_bytes: 1 << 20,
        token_seconds: 60,
        metadata_seconds: 60,
        metadata_bytes: 64 << 20,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
