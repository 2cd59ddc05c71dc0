//! What can be wrong with a registry's bytes, a project's lockfile or a journal, and what to do about it.

use fence_model::{CrateName, Time};
use semver::Version;

/// What is wrong with the bytes. [`Error::hint`] says the way out.
///
/// Messages name the place inside the file; the file itself is named by whoever read it. Text that a stranger
/// chose is quoted, shortened and escaped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// More bytes than any honest file has.
    #[error("the {what} has {bytes} bytes, and at most {limit} are read")]
    TooLarge {
        /// Which kind of file.
        what: &'static str,
        /// Its size.
        bytes: usize,
        /// The most that is read.
        limit: usize,
    },

    /// A path that no index keeps a crate under.
    #[error("{path:?} is not the path of a crate in an index")]
    IndexPath {
        /// The path, shortened.
        path: String,
    },

    /// An index line that is not JSON, or not of the shape of an index line.
    #[error("index of {name}, line {line}, column {column}: not an index line: {why}")]
    IndexNotJson {
        /// The crate that was asked for.
        name: CrateName,
        /// The 1-based line of the file.
        line: u32,
        /// The 1-based byte of the line.
        column: usize,
        /// What was expected there.
        why: String,
    },
    /// An index line beyond the limit.
    #[error("index of {name}, line {line}: {bytes} bytes, and at most {limit} are read")]
    IndexLineTooLong {
        /// The crate that was asked for.
        name: CrateName,
        /// The 1-based line of the file.
        line: u32,
        /// The line's size.
        bytes: usize,
        /// The most that is read.
        limit: usize,
    },
    /// An index line of another crate.
    #[error("index of {name}, line {line}: the line is of another crate, {found:?}")]
    IndexOtherCrate {
        /// The crate that was asked for.
        name: CrateName,
        /// The 1-based line of the file.
        line: u32,
        /// The crate that the line names.
        found: String,
    },
    /// A version that is none.
    #[error("index of {name}, line {line}: {found:?} is not a version: {why}")]
    IndexVersion {
        /// The crate that was asked for.
        name: CrateName,
        /// The 1-based line of the file.
        line: u32,
        /// What stands there.
        found: String,
        /// What is wrong with it.
        why: String,
    },
    /// A checksum that is none.
    #[error(
        "index of {name}, line {line}: the checksum of {version} is not 64 lower-case hexadecimal digits: {found:?}"
    )]
    IndexChecksum {
        /// The crate that was asked for.
        name: CrateName,
        /// The 1-based line of the file.
        line: u32,
        /// The version that the line is of.
        version: String,
        /// What stands there.
        found: String,
    },
    /// A publish time that is none.
    #[error(
        "index of {name}, line {line}: the publish time of {version} is not like 2026-08-20T07:15:00Z: {found:?}"
    )]
    IndexPublishTime {
        /// The crate that was asked for.
        name: CrateName,
        /// The 1-based line of the file.
        line: u32,
        /// The version that the line is of.
        version: String,
        /// What stands there.
        found: String,
    },

    /// A `config.json` that is not JSON, or says nothing about downloads.
    #[error(
        "config.json of the registry, line {line}, column {column}: not a registry's configuration: {why}"
    )]
    ConfigNotJson {
        /// The 1-based line.
        line: usize,
        /// The 1-based column.
        column: usize,
        /// What was expected there.
        why: String,
    },
    /// An address in `config.json` that no request can carry.
    #[error("config.json of the registry: `{key}` is no address: {address:?}")]
    ConfigAddress {
        /// Which key.
        key: &'static str,
        /// What stands there.
        address: String,
    },

    /// A lockfile with the marks of a merge that was not finished.
    #[error("line {line}: a merge conflict was left unresolved")]
    LockfileConflict {
        /// The 1-based line of the first mark.
        line: u32,
    },
    /// A lockfile of a version that is not known here.
    #[error("line {line}: lockfile version {found}, and this fence knows 1 to 4")]
    LockfileVersion {
        /// The 1-based line of `version = `.
        line: u32,
        /// What stands there.
        found: u32,
    },
    /// A lockfile that is not TOML, not of the shape of a lockfile, or cut short.
    #[error("line {line}: not a lockfile: {why}")]
    LockfileSyntax {
        /// The 1-based line.
        line: u32,
        /// What was expected there.
        why: String,
    },
    /// A lockfile that holds nothing.
    #[error("the lockfile is empty")]
    LockfileEmpty,
    /// More packages than any honest lockfile has.
    #[error("line {line}: more than {limit} packages")]
    LockfilePackages {
        /// The 1-based line of the first package too many.
        line: u32,
        /// The most that are read.
        limit: usize,
    },
    /// A registry's package with a name that no registry accepts.
    #[error("line {line}: {found:?} comes from a registry and is not a crate name")]
    LockfileName {
        /// The 1-based line.
        line: u32,
        /// What stands there.
        found: String,
    },
    /// A package whose version is none.
    #[error("line {line}: the version of {name}, {found:?}, is not a version: {why}")]
    LockfilePackageVersion {
        /// The 1-based line of the package's name.
        line: u32,
        /// The package.
        name: String,
        /// What stands there.
        found: String,
        /// What is wrong with it.
        why: String,
    },
    /// A checksum that is none.
    #[error(
        "line {line}: the checksum of {name} {version} is not 64 lower-case hexadecimal digits: {found:?}"
    )]
    LockfileChecksum {
        /// The 1-based line of the checksum.
        line: u32,
        /// The package.
        name: String,
        /// Its version.
        version: String,
        /// What stands there.
        found: String,
    },
    /// The same package twice.
    #[error("line {line}: {name} {version} is here a second time, first in line {first}")]
    LockfileDuplicate {
        /// The 1-based line of the second.
        line: u32,
        /// The 1-based line of the first.
        first: u32,
        /// The package.
        name: String,
        /// Its version.
        version: String,
    },
    /// A dependency that names no package of the lockfile, or more than one.
    #[error("line {line}: {package} depends on {dependency:?}, {fault}")]
    LockfileDependency {
        /// The 1-based line of the dependency.
        line: u32,
        /// Whose dependency it is.
        package: String,
        /// The dependency, as written.
        dependency: String,
        /// What is wrong with it.
        fault: DependencyFault,
    },
    /// Checksums in the places of two lockfile versions at once: cargo then trusts neither.
    #[error(
        "line {line}: checksums stand in `[metadata]` as in lockfile version 1, and in the packages as in later ones"
    )]
    LockfileMixedChecksums {
        /// The 1-based line of the first checksum in `[metadata]`.
        line: u32,
    },

    /// A journal line that is not of the journal's format.
    #[error("line {line}, column {column}: not a line of a journal: {why}")]
    JournalSyntax {
        /// The 1-based line.
        line: u32,
        /// The 1-based byte of the line.
        column: usize,
        /// What was expected there.
        why: String,
    },
    /// A journal line beyond the limit.
    #[error("line {line}: {bytes} bytes, and at most {limit} are read")]
    JournalLineTooLong {
        /// The 1-based line.
        line: u32,
        /// The line's size.
        bytes: usize,
        /// The most that is read.
        limit: usize,
    },
    /// A read that lies before an earlier line's read of the same crate.
    #[error("line {line}: {name} was read at {at}, before the read of {earlier} that stands above it")]
    JournalOrder {
        /// The 1-based line.
        line: u32,
        /// The crate.
        name: CrateName,
        /// The line's time.
        at: Time,
        /// The time of the earlier line.
        earlier: Time,
    },
    /// A change that cannot follow on the lines before it.
    #[error("line {line}: {name} {version} {fault}")]
    JournalChange {
        /// The 1-based line.
        line: u32,
        /// The crate.
        name: CrateName,
        /// The release.
        version: Version,
        /// What does not follow.
        fault: ChangeFault,
    },
}

/// What is wrong with a lockfile's dependency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DependencyFault {
    /// No package has this name, version and source.
    #[error("which the lockfile does not have")]
    Absent,
    /// Several packages could be meant.
    #[error("which could be any of several packages")]
    Ambiguous,
}

/// Why a change cannot follow on a journal's earlier lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChangeFault {
    /// Yanked, un-yanked or gone without ever having been seen.
    #[error("changes without having been seen")]
    NeverSeen,
    /// Yanked while it was yanked.
    #[error("is yanked a second time")]
    AlreadyYanked,
    /// Un-yanked while it was not yanked.
    #[error("is un-yanked without having been yanked")]
    NotYanked,
}

impl Error {
    /// The line of a lockfile that is at fault, from 1.
    pub fn lockfile_line(&self) -> Option<u32> {
        match self {
            Self::LockfileConflict { line }
            | Self::LockfileVersion { line, .. }
            | Self::LockfileSyntax { line, .. }
            | Self::LockfilePackages { line, .. }
            | Self::LockfileName { line, .. }
            | Self::LockfilePackageVersion { line, .. }
            | Self::LockfileChecksum { line, .. }
            | Self::LockfileDuplicate { line, .. }
            | Self::LockfileDependency { line, .. }
            | Self::LockfileMixedChecksums { line, .. } => Some(*line),
            _ => None,
        }
    }

    /// What to do about it, for a person, without a full stop.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } | Self::LockfilePackages { .. } => {
                "nothing honest is known to be as large: look at where it came from"
            }
            Self::IndexPath { .. } => {
                "an index keeps crates under 1/a, 2/ab, 3/a/abc and ab/cd/abcd, in lower case"
            }
            Self::IndexNotJson { .. }
            | Self::IndexLineTooLong { .. }
            | Self::IndexOtherCrate { .. }
            | Self::IndexVersion { .. }
            | Self::IndexChecksum { .. }
            | Self::IndexPublishTime { .. } => {
                "the registry, or a mirror or proxy on the way, served a bad line: try again, and tell its operators \
                 if it stays"
            }
            Self::ConfigNotJson { .. } | Self::ConfigAddress { .. } => {
                "the registry's address may be wrong, or what answers there is no registry: compare it with \
                 `[registries]` and `[source]` in cargo's configuration"
            }
            Self::LockfileConflict { .. } => {
                "take one side with `git checkout --ours Cargo.lock` or `--theirs`, then run `cargo metadata` to \
                 bring it up to date"
            }
            Self::LockfileVersion { .. } => "use a fence that is as new as the cargo that wrote it",
            Self::LockfileSyntax { .. }
            | Self::LockfileEmpty
            | Self::LockfileName { .. }
            | Self::LockfilePackageVersion { .. }
            | Self::LockfileChecksum { .. }
            | Self::LockfileDuplicate { .. }
            | Self::LockfileDependency { .. }
            | Self::LockfileMixedChecksums { .. } => {
                "cargo did not leave it so: restore it with `git checkout Cargo.lock`, or write a new one with \
                 `cargo generate-lockfile`"
            }
            Self::JournalSyntax { .. }
            | Self::JournalLineTooLong { .. }
            | Self::JournalOrder { .. }
            | Self::JournalChange { .. } => {
                "the journal was changed by something else: restore it from a backup, or move it away and start a \
                 new one; what it saw of yanks and deletions is then unknown"
            }
        }
    }
}

/// What serde_json has to say, without the place, which our own messages tell in their own words.
pub(crate) fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    shown(text.rfind(" at line ").map_or(&*text, |end| &text[..end]))
}

/// A stranger's text, fit for a message: short, on one line, and without what moves a terminal's cursor or turns
/// the direction of writing.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 200;
    let mut shown = String::new();
    for character in text.chars().take(LONGEST) {
        if character == ' ' || character.is_ascii_graphic() {
            shown.push(character);
        } else {
            shown.extend(character.escape_debug());
        }
    }
    shown
}
