//! Feeds in git repositories, read with the installed `git`.
//!
//! [`head`] asks what the newest commit is; [`read`] fetches that one commit into a repository of its own, reads
//! the files out of it, and removes it: there is no work tree, and nothing stays that could be damaged. `git` runs
//! with an environment of the fence's making: no configuration of the user's or the system's, no hooks, no
//! submodules, no prompts, no protocols but https, ssh and file. So keys of an ssh agent work; credential helpers,
//! which are programs, do not.

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

use fence_model::Time;

use crate::cache::{Cache, CacheError, Place};
use crate::http::HttpSettings;
use crate::limits::Limits;
use crate::process::{self, Bounds, ProcessError};

/// Whose repository it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address(String);

/// Where a repository's bytes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// A folder of this machine (`file://`).
    Local,
    /// Another machine.
    Remote,
}

impl Address {
    /// An address that may be asked: `https`, `ssh` or `file`, and nothing that `git` could take for an option or
    /// a program to start.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let rest = ["https://", "ssh://", "file://"].iter().find_map(|scheme| text.strip_prefix(scheme))?;
        let plain = text.bytes().all(|b| b.is_ascii_graphic());
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        (plain && !rest.is_empty() && !rest.starts_with('-') && !host.starts_with('-'))
            .then(|| Self(text.to_owned()))
    }

    /// Where it is.
    pub(crate) fn reach(&self) -> Reach {
        if self.0.starts_with("file://") { Reach::Local } else { Reach::Remote }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A commit's hash, in hexadecimal digits: 40 or 64 of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Commit(String);

impl Commit {
    fn parse(text: &str) -> Option<Self> {
        let digits = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        (digits && matches!(text.len(), 40 | 64)).then(|| Self(text.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a commit holds.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) commit: Commit,
    /// When it was committed, by the committer's word.
    pub(super) committed: Time,
    /// The files that were wanted, sorted by path.
    pub(super) files: Vec<(String, Vec<u8>)>,
}

/// Why a repository gave nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GitError {
    #[error("{0}")]
    NotStarted(String),
    #[error("{0}")]
    Unreachable(String),
    #[error("{0}")]
    Absent(String),
    #[error("{0}")]
    Refused(String),
    #[error("{0}")]
    Invalid(String),
    #[error(transparent)]
    Cache(CacheError),
}

/// The newest commit of the repository's default branch.
pub(super) fn head(address: &Address, settings: &HttpSettings, limits: &Limits) -> Result<Commit, GitError> {
    let mut command = git(settings);
    command.args(["ls-remote", "--quiet", "--", address.as_str(), "HEAD"]);
    // Little is sent, so that the bound is that of a connection: a host that swallows packets ends it.
    let bounds = Bounds { seconds: settings.timeout.as_secs().clamp(1, limits.git_seconds), bytes: 64 << 10 };
    let said = process::run(command, Vec::new(), bounds).map_err(|error| remote(error, limits))?;
    let said = String::from_utf8_lossy(&said);
    let commit = said.lines().find_map(|line| Commit::parse(line.strip_suffix("\tHEAD")?));
    commit.ok_or_else(|| GitError::Invalid("the repository has no commit".into()))
}

/// Fetches the newest commit and reads the files that `wanted` says yes to.
pub(super) fn read(
    address: &Address,
    expected: &Commit,
    wanted: &dyn Fn(&str) -> bool,
    settings: &HttpSettings,
    cache: &Cache,
    limits: &Limits,
) -> Result<Tree, GitError> {
    let repository = Repository::create(cache)?;
    let run = |arguments: &[&str], input: &[u8], bytes: usize| {
        let mut command = git(settings);
        command.arg("--git-dir").arg(&repository.0).args(arguments);
        process::run(command, input.to_owned(), Bounds { seconds: limits.git_seconds, bytes })
    };
    let small = 64 << 10;
    let format =
        if expected.as_str().len() == 64 { "--object-format=sha256" } else { "--object-format=sha1" };
    run(&["init", "--quiet", "--bare", "--template=", format], &[], small).map_err(|e| own(e, limits))?;
    let fetch = [
        "fetch",
        "--quiet",
        "--depth=1",
        "--no-tags",
        "--no-recurse-submodules",
        "--no-write-fetch-head",
        "--",
        address.as_str(),
        "HEAD:refs/fence",
    ];
    run(&fetch, &[], small).map_err(|error| remote(error, limits))?;

    let ask =
        |arguments: &[&str], input: &[u8], bytes| run(arguments, input, bytes).map_err(|e| own(e, limits));
    let said = ask(&["rev-parse", "--verify", "refs/fence^{commit}"], &[], small)?;
    let commit = Commit::parse(String::from_utf8_lossy(&said).trim())
        .ok_or_else(|| GitError::Invalid("the repository has no commit".into()))?;
    let committed = committed(&ask(&["cat-file", "commit", commit.as_str()], &[], small)?)
        .ok_or_else(|| GitError::Invalid("its newest commit has no time".into()))?;
    let files = files(&ask, commit.as_str(), wanted, limits)?;
    Ok(Tree { commit, committed, files })
}

/// Runs `git` with arguments and input, and with a bound on the bytes of its answer.
pub(crate) type Ask<'a> = &'a dyn Fn(&[&str], &[u8], usize) -> Result<Vec<u8>, GitError>;

/// The files of a tree that are `wanted`, sorted by path.
pub(crate) fn files(
    ask: Ask<'_>,
    tree: &str,
    wanted: &dyn Fn(&str) -> bool,
    limits: &Limits,
) -> Result<Vec<(String, Vec<u8>)>, GitError> {
    let listing = limits.feed_entries.saturating_mul(limits.path_bytes);
    let blobs = blobs(&ask(&["ls-tree", "-r", "-z", "-l", "--full-tree", tree], &[], listing)?, limits)?;
    let blobs: Vec<Blob> = blobs.into_iter().filter(|blob| wanted(&blob.path)).collect();
    if let Some(blob) = blobs.iter().find(|blob| blob.size > limits.feed_file_bytes) {
        let limit = limits.feed_file_bytes;
        return Err(GitError::Invalid(format!("the file {:?} has more than {limit} bytes", blob.path)));
    }
    let all: usize = blobs.iter().map(|blob| blob.size).sum();
    if all > limits.feed_kept_bytes {
        let limit = limits.feed_kept_bytes;
        return Err(GitError::Invalid(format!("its files have more than {limit} bytes together")));
    }
    let asked: String = blobs.iter().map(|blob| format!("{}\n", blob.hash)).collect();
    // Each answer has a line of hash, kind and size before it, and a line's end after it.
    let answers = ask(&["cat-file", "--batch"], asked.as_bytes(), all + blobs.len() * 128)?;
    let mut files =
        contents(&answers, blobs).ok_or_else(|| GitError::Invalid("a file of it is missing".into()))?;
    files.sort();
    Ok(files)
}

/// `git` with an environment of the fence's making.
pub(crate) fn git(settings: &HttpSettings) -> Command {
    let mut command = Command::new("git");
    command.env_clear();
    // What programs need to run at all, an ssh agent, and where certificates are.
    let kept = [
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "TMPDIR",
        "SSH_AUTH_SOCK",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "GIT_SSL_CAINFO",
        "GIT_SSL_CAPATH",
        "CURL_CA_BUNDLE",
        "SYSTEMROOT",
        "USERPROFILE",
        "TEMP",
        "TMP",
        "PATHEXT",
    ];
    for name in kept {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    let proxies = [
        ("https_proxy", &settings.https_proxy),
        ("http_proxy", &settings.http_proxy),
        ("no_proxy", &settings.no_proxy),
    ];
    command.envs(proxies.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))));
    if let Some(path) = &settings.cainfo {
        command.env("GIT_SSL_CAINFO", path);
    }
    command
        // Messages are read below, to tell absent from unreachable.
        .env("LC_ALL", "C")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", if cfg!(windows) { "NUL" } else { "/dev/null" })
        .env("GIT_ATTR_NOSYSTEM", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ASKPASS", "")
        .env("SSH_ASKPASS", "")
        .env(
            "GIT_SSH_COMMAND",
            format!("ssh -o BatchMode=yes -o ConnectTimeout={}", settings.timeout.as_secs()),
        )
        .env("GIT_ALLOW_PROTOCOL", "https:ssh:file")
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_NO_REPLACE_OBJECTS", "1");
    let seconds = settings.timeout.as_secs().max(1);
    for setting in [
        "core.hooksPath=/dev/null",
        "core.fsmonitor=false",
        "credential.helper=",
        "fetch.fsckObjects=true",
        "fetch.recurseSubmodules=false",
        "gc.auto=0",
        "maintenance.auto=false",
        "http.followRedirects=initial",
        "http.lowSpeedLimit=10",
        &format!("http.lowSpeedTime={seconds}"),
    ] {
        command.args(["-c", setting]);
    }
    command
}

/// A bare repository that is removed again.
pub(crate) struct Repository(pub(crate) PathBuf);

static NEXT: AtomicU64 = AtomicU64::new(0);

impl Repository {
    pub(crate) fn create(cache: &Cache) -> Result<Self, GitError> {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = cache.path(&Place::of(&["git", &format!("{}-{number}", std::process::id())]));
        // One that a process of the same number left behind when it was ended.
        let _ = std::fs::remove_dir_all(&path);
        match std::fs::create_dir_all(&path) {
            Ok(()) => Ok(Self(path)),
            Err(error) => Err(GitError::Cache(CacheError::Unwritable { path, error })),
        }
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next process of this number, or with the cache.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A file of a commit, before its bytes are read.
struct Blob {
    hash: String,
    size: usize,
    path: String,
}

/// Reads `ls-tree -r -z -l`: `<mode> <kind> <hash> <size>\t<path>`, each ended by a zero. Links and submodules are
/// passed over: repositories have them for their own ends, and nothing here follows them.
fn blobs(listing: &[u8], limits: &Limits) -> Result<Vec<Blob>, GitError> {
    let mut blobs = Vec::new();
    for (count, line) in listing.split(|b| *b == 0).filter(|line| !line.is_empty()).enumerate() {
        if count >= limits.feed_entries {
            return Err(GitError::Invalid(format!("it holds more than {} files", limits.feed_entries)));
        }
        // A name that is no text is that of no file of a feed.
        let Some((about, path)) = std::str::from_utf8(line).ok().and_then(|line| line.split_once('\t'))
        else {
            continue;
        };
        let about: Vec<&str> = about.split_ascii_whitespace().collect();
        if let ["100644" | "100755", "blob", hash, size] = about.as_slice()
            && let Ok(size) = size.parse()
        {
            blobs.push(Blob { hash: (*hash).to_owned(), size, path: path.to_owned() });
        }
    }
    Ok(blobs)
}

/// Reads `cat-file --batch`: for each blob `<hash> blob <size>`, a line's end, the bytes, a line's end.
fn contents(mut answers: &[u8], blobs: Vec<Blob>) -> Option<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::with_capacity(blobs.len());
    for blob in blobs {
        let head = format!("{} blob {}\n", blob.hash, blob.size);
        let rest = answers.strip_prefix(head.as_bytes())?;
        let bytes = rest.get(..blob.size)?.to_vec();
        answers = rest[blob.size..].strip_prefix(b"\n")?;
        files.push((blob.path, bytes));
    }
    Some(files)
}

/// The time of a commit: `committer <name> <<mail>> <seconds> <zone>`, before the empty line.
pub(crate) fn committed(commit: &[u8]) -> Option<Time> {
    let text = String::from_utf8_lossy(commit);
    let line =
        text.lines().take_while(|line| !line.is_empty()).find(|line| line.starts_with("committer "))?;
    let mut words = line.rsplit(' ');
    let _zone = words.next()?;
    words.next()?.parse().ok().map(Time::from_unix)
}

/// What went wrong where another machine, or another repository, had a part.
pub(crate) fn remote(error: ProcessError, limits: &Limits) -> GitError {
    let text = words(&error, limits);
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| text.contains(phrase));
    match error {
        ProcessError::NotStarted(_) => GitError::NotStarted(text),
        ProcessError::Failed { .. }
            if says(&[
                "not found",
                "does not exist",
                "not appear to be a git repository",
                "couldn't find remote ref",
            ]) =>
        {
            GitError::Absent(text)
        }
        ProcessError::Failed { .. }
            if says(&[
                "could not read Username",
                "Authentication failed",
                "Permission denied",
                "certificate",
                "dubious ownership",
                "Host key verification failed",
            ]) =>
        {
            GitError::Refused(text)
        }
        ProcessError::Failed { .. }
            if says(&["fsck", "index-pack failed", "bad object", "did not send all"]) =>
        {
            GitError::Invalid(text)
        }
        _ => GitError::Unreachable(text),
    }
}

/// What went wrong on this machine, with what was fetched.
pub(crate) fn own(error: ProcessError, limits: &Limits) -> GitError {
    let text = words(&error, limits);
    match error {
        ProcessError::NotStarted(_) => GitError::NotStarted(text),
        _ => GitError::Invalid(text),
    }
}

/// What `git` said, without control characters, which a hostile server may send.
fn words(error: &ProcessError, limits: &Limits) -> String {
    let plain: String = error.to_string().chars().filter(|c| !c.is_control()).collect();
    plain.chars().take(limits.message_bytes).collect()
}
