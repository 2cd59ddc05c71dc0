//! Feeds as paths and bytes: from a folder, an archive, a single file or a git repository.
//!
//! [`read_feed`] is the one way in. Whatever the source, it ends in a [`FeedOutcome`]: the same as the caller
//! has, all files that the feed's role uses, or a [`FeedError`] that says whether the feed is absent, unreachable
//! or invalid. Nothing is parsed here beyond the container, and nothing of a feed is ever written to disk but the
//! copy that is kept for the day when its source cannot be reached.

mod archive;
pub(crate) mod dump;
pub(crate) mod git;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use fence_evidence::osv;
use fence_model::Time;
use fence_model::policy::{FeedRole, FeedSource};
use sha2::{Digest as _, Sha256};

pub use archive::ArchiveError;
use git::{Address, GitError, Reach};

use crate::cache::{Cache, CacheError, ContentDigest, Keep, Kept, Place};
use crate::http::{Answer, Ask, Http, HttpError, HttpSettings, Network, Transfer, is_loopback, shown};
use crate::limits::Limits;
use crate::statements;

/// All files of a feed that its role uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedFiles {
    /// What this content is called: the same identity means the same content. One line of ASCII.
    pub identity: String,
    /// Until when the content is known to tell everything its source knew: the time of the commit; the newest
    /// file in an archive or folder; where that is not known, the server's `Last-Modified`; else `fetched`. Never
    /// later than `fetched`.
    pub as_of: Time,
    /// When it was read from its source.
    pub fetched: Time,
    /// Paths inside the feed, with `/` between the parts, sorted; and bytes.
    pub files: Vec<(String, Vec<u8>)>,
}

/// What became of a feed: absent, unreachable and invalid stay apart in [`FeedError`].
#[derive(Debug, PartialEq, Eq)]
pub enum FeedOutcome {
    /// The caller has this content already.
    Unchanged {
        /// What it is called now; sources may find a new name for the same content.
        identity: String,
        /// As [`FeedFiles::as_of`].
        as_of: Time,
    },
    /// Here it is.
    Read(FeedFiles),
    /// Neither.
    Failed(FeedError),
}

/// Why a feed could not be had. Addresses in here are fit to be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    /// There is no such thing: its source was asked, and has none.
    #[error("feed {feed} is not there: {place}: {cause}")]
    Absent {
        /// The feed.
        feed: String,
        /// The path or address.
        place: String,
        /// Who says so, and how.
        cause: String,
    },
    /// Offline, and no copy was kept.
    #[error("feed {feed} is not on this machine: it was never read from {place}")]
    NoCopy {
        /// The feed.
        feed: String,
        /// The address.
        place: String,
    },
    /// Its source could not be reached, or not wholly; nothing was learnt.
    #[error("feed {feed} cannot be reached: {cause}")]
    Unreachable {
        /// The feed.
        feed: String,
        /// What the network said.
        cause: String,
    },
    /// Its source does not answer this user, or cannot be trusted, or is not one to be asked.
    #[error("feed {feed} is refused: {place}: {cause}")]
    Refused {
        /// The feed.
        feed: String,
        /// The address.
        place: String,
        /// Why.
        cause: String,
    },
    /// What was sent, or lies there, is no archive to be used.
    #[error("feed {feed} is invalid: {place}: {error}")]
    Archive {
        /// The feed.
        feed: String,
        /// The archive.
        place: String,
        /// What is wrong with it, and with which entry.
        error: ArchiveError,
    },
    /// What was sent, or lies there, is no feed for another reason.
    #[error("feed {feed} is invalid: {place}: {cause}")]
    Invalid {
        /// The feed.
        feed: String,
        /// The path or address.
        place: String,
        /// What is wrong.
        cause: String,
    },
    /// What lies there is no database dump, or not all of one.
    #[error("feed {feed} is no database dump to be used: {place}: {cause}")]
    Dump {
        /// The feed.
        feed: String,
        /// The archive or folder.
        place: String,
        /// What is wrong.
        cause: String,
    },
    /// There is no `git`, or it cannot be started.
    #[error("feed {feed} needs git: {cause}")]
    NoGit {
        /// The feed.
        feed: String,
        /// What the system said.
        cause: String,
    },
    /// The cache cannot be written, and this source cannot be read without it.
    #[error("feed {feed} needs the cache, which cannot be written: {}: {cause}", path.display())]
    NoCache {
        /// The feed.
        feed: String,
        /// The folder.
        path: PathBuf,
        /// What the disk said.
        cause: String,
    },
}

impl FeedError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Absent { feed, .. } => {
                format!("correct the source in [feeds.{feed}] of fence.toml; paths are relative to it")
            }
            Self::NoCopy { .. } => "run once without `--offline`".into(),
            Self::Unreachable { .. } => {
                "look at the connection and at `http.proxy` in cargo's configuration".into()
            }
            Self::Refused { feed, .. } => format!(
                "let [feeds.{feed}] of fence.toml name an https address (a git feed also ssh:// or file://) \
                 that can be read without a prompt"
            ),
            Self::Archive { .. } => {
                "fetch or make the archive again; if it is the one that its publisher means, report it to them".into()
            }
            Self::Invalid { feed, .. } => {
                format!("let [feeds.{feed}] of fence.toml name what holds the feed, and little else")
            }
            Self::Dump { .. } => {
                "fetch it to another name, and put it in its place when all of it is there".into()
            }
            Self::NoGit { feed, .. } => {
                format!("install git, or let [feeds.{feed}] of fence.toml name an `archive` or a `path`")
            }
            Self::NoCache { .. } => "set CARGO_FENCE_CACHE to a folder that you can write to".into(),
        }
    }
}

/// Reads the feed `name` from `source`. Paths are relative to `root`, the folder of `fence.toml`.
///
/// Offline, what comes from other machines is taken from the copy that was kept when it was last read. A source
/// that cannot be reached is not worked around here: the caller sees it, and may ask once more with
/// [`Network::Offline`] for the copy.
pub fn read_feed(
    name: &str,
    source: &FeedSource,
    root: &Path,
    known_identity: Option<&str>,
    network: &Network,
    cache: &Cache,
    now: Time,
) -> FeedOutcome {
    let limits = match network {
        Network::Online(http) => http.limits(),
        Network::Offline => &Limits::DEFAULT,
    };
    let reader = Reader { name, role: source.role, network, cache, now, limits };
    let files = match Shape::of(source) {
        Some(Shape::Folder(path)) => reader.folder(&root.join(path)),
        Some(Shape::Packed(place, packing)) if place.contains("://") => reader.address(place, packing),
        Some(Shape::Packed(place, packing)) => reader.local(&root.join(place), packing),
        Some(Shape::Git(address)) => reader.git(address),
        None => Err(reader.invalid("fence.toml", "it has no source")),
    };
    match files {
        Err(error) => FeedOutcome::Failed(error),
        Ok(files) if known_identity == Some(files.identity.as_str()) => {
            FeedOutcome::Unchanged { identity: files.identity, as_of: files.as_of }
        }
        Ok(files) => FeedOutcome::Read(files),
    }
}

/// The files of the archive `packed` that a feed in `role` uses, by path. For those who have the bytes already;
/// [`read_feed`] fetches them first.
///
/// # Errors
/// [`ArchiveError`]: the first thing that is wrong with it.
pub fn unpack(
    packed: &[u8],
    role: FeedRole,
    limits: &Limits,
) -> Result<BTreeMap<String, Vec<u8>>, ArchiveError> {
    archive::unpack(packed, &|path| is_used(role, path), limits).map(|unpacked| unpacked.files)
}

/// All files of the archive `packed`, by path.
pub(crate) fn unpack_all(packed: &[u8], limits: &Limits) -> Result<BTreeMap<String, Vec<u8>>, ArchiveError> {
    archive::unpack(packed, &|_| true, limits).map(|unpacked| unpacked.files)
}

/// Whether a feed in `role` uses the file at `path`; what nobody reads is not kept.
fn is_used(role: FeedRole, path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or_default();
    match role {
        FeedRole::Advisories => file.ends_with(".md") || osv::id_of(path).is_some(),
        FeedRole::Audits => matches!(file, "audits.toml" | "imports.lock" | "config.toml"),
        FeedRole::Crev => file.ends_with(".proof.crev"),
        FeedRole::Statements => statements::is_used(file),
        // It is read as it is unpacked, and not kept.
        FeedRole::Dump => false,
    }
}

/// The one source that a feed names.
enum Shape<'a> {
    Folder(&'a str),
    Packed(&'a str, Packing),
    Git(&'a str),
}

/// What lies at an address or path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    /// An archive of files.
    Archive,
    /// The one file that is the feed.
    Bare,
}

impl<'a> Shape<'a> {
    fn of(source: &'a FeedSource) -> Option<Self> {
        match (&source.path, &source.archive, &source.file, &source.git) {
            (Some(path), None, None, None) => Some(Self::Folder(path)),
            (None, Some(archive), None, None) => Some(Self::Packed(archive, Packing::Archive)),
            (None, None, Some(file), None) => Some(Self::Packed(file, Packing::Bare)),
            (None, None, None, Some(git)) => Some(Self::Git(git)),
            _ => None,
        }
    }
}

/// A feed's times below this are those of tools that write none (1970, 1980): no feed is older than Rust 1.0.
const FIRST_PLAUSIBLE: Time = Time::from_unix(1_431_648_000);

/// Everything that is needed to read one feed.
struct Reader<'a> {
    name: &'a str,
    role: FeedRole,
    network: &'a Network,
    cache: &'a Cache,
    now: Time,
    limits: &'a Limits,
}

impl Reader<'_> {
    fn wants(&self, path: &str) -> bool {
        is_used(self.role, path)
    }

    /// A folder, without what begins with a dot, and without following links.
    fn folder(&self, folder: &Path) -> Result<FeedFiles, FeedError> {
        let mut files = BTreeMap::new();
        let mut newest = None;
        let mut entries = 0;
        let mut kept = 0;
        let mut left = vec![(folder.to_owned(), String::new())];
        while let Some((folder, prefix)) = left.pop() {
            for entry in std::fs::read_dir(&folder).map_err(|error| self.of_disk(&folder, &error))? {
                let entry = entry.map_err(|error| self.of_disk(&folder, &error))?;
                let (path, file_name) = (entry.path(), entry.file_name());
                let Some(file_name) = file_name.to_str().filter(|name| !name.starts_with('.')) else {
                    continue;
                };
                entries += 1;
                if entries > self.limits.feed_entries {
                    let cause = format!("it holds more than {} entries", self.limits.feed_entries);
                    return Err(self.invalid(&folder.display().to_string(), &cause));
                }
                let name = format!("{prefix}{file_name}");
                let kind = entry.file_type().map_err(|error| self.of_disk(&path, &error))?;
                if kind.is_dir() {
                    left.push((path, format!("{name}/")));
                } else if kind.is_file() && self.wants(&name) {
                    let (bytes, changed) = self.read_file(&path, self.limits.feed_file_bytes)?;
                    kept += bytes.len();
                    if kept > self.limits.feed_kept_bytes {
                        let cause = format!(
                            "its files have more than {} bytes together",
                            self.limits.feed_kept_bytes
                        );
                        return Err(self.invalid(&folder.display().to_string(), &cause));
                    }
                    newest = newest.max(Some(changed));
                    files.insert(name, bytes);
                }
            }
        }
        let identity = digest_of(&files);
        Ok(self.files(identity, newest, files))
    }

    /// An archive or file of this machine.
    fn local(&self, path: &Path, packing: Packing) -> Result<FeedFiles, FeedError> {
        let limit = match packing {
            Packing::Archive => self.limits.feed_bytes,
            Packing::Bare => self.limits.feed_file_bytes,
        };
        let (bytes, changed) = self.read_file(path, limit)?;
        self.opened(&path.display().to_string(), packing, bytes, Some(changed))
    }

    /// An archive or file of another machine.
    fn address(&self, url: &str, packing: Packing) -> Result<FeedFiles, FeedError> {
        let is_private = url.starts_with("https://") || (url.starts_with("http://") && is_loopback(url));
        if !is_private {
            let cause =
                if url.starts_with("file://") { "write it as a path" } else { "it is not an https address" };
            return Err(self.refused(url, cause));
        }
        let place = self.place(url);
        let copy = self.copy(&place);
        let http = match self.network {
            Network::Offline => return copy.map(|copy| copy.files).ok_or_else(|| self.no_copy(url)),
            Network::Online(http) => http,
        };
        let (files, validator) = match self.fetch(http, url, packing, copy.as_ref())? {
            Fetched::Same(copy) => (FeedFiles { fetched: self.now, ..copy.files }, copy.validator),
            Fetched::New { bytes, validator, last_modified } => {
                (self.opened(&shown(url), packing, bytes, last_modified)?, validator)
            }
        };
        self.keep(&place, &files, validator.as_deref());
        Ok(files)
    }

    fn fetch(
        &self,
        http: &Http,
        url: &str,
        packing: Packing,
        copy: Option<&FeedCopy>,
    ) -> Result<Fetched, FeedError> {
        let (limit, transfer) = match packing {
            Packing::Archive => (self.limits.feed_bytes, Transfer::Plain),
            Packing::Bare => (self.limits.feed_file_bytes, Transfer::Compressed),
        };
        let unless = copy.and_then(|copy| copy.validator.as_deref());
        match (http.fetch(&Ask { url, limit, unless, token: None, transfer }), copy) {
            (Ok(Answer::Found { bytes, validator, last_modified }), _) => {
                Ok(Fetched::New { bytes, validator, last_modified })
            }
            (Ok(Answer::NotModified), Some(copy)) => Ok(Fetched::Same(copy.clone())),
            (Ok(Answer::NotModified | Answer::DoesNotExist), _) => {
                Err(self.absent(&shown(url), "the server says that there is no such file"))
            }
            (Err(error), _) => Err(self.of_http(error)),
        }
    }

    /// A git repository.
    fn git(&self, text: &str) -> Result<FeedFiles, FeedError> {
        let Some(address) = Address::parse(text) else {
            return Err(self.refused(text, "git is asked over https, ssh and file only"));
        };
        let place = self.place(text);
        let copy = self.copy(&place);
        let own_settings;
        let settings = match (self.network, address.reach()) {
            (Network::Online(http), _) => http.settings(),
            (Network::Offline, Reach::Local) => {
                own_settings = HttpSettings::default();
                &own_settings
            }
            (Network::Offline, Reach::Remote) => {
                return copy.map(|copy| copy.files).ok_or_else(|| self.no_copy(text));
            }
        };
        let wants = |path: &str| self.wants(path);
        let head = git::head(&address, settings, self.limits).map_err(|error| self.of_git(text, error))?;
        let files = match copy {
            Some(copy) if copy.files.identity == identity_of(&head) => {
                FeedFiles { fetched: self.now, ..copy.files }
            }
            _ => {
                let tree = git::read(&address, &head, &wants, settings, self.cache, self.limits)
                    .map_err(|error| self.of_git(text, error))?;
                self.files(identity_of(&tree.commit), Some(tree.committed), tree.files.into_iter().collect())
            }
        };
        self.keep(&place, &files, None);
        Ok(files)
    }

    /// The files in `bytes`; `changed` is when its place says that they were last changed.
    fn opened(
        &self,
        place: &str,
        packing: Packing,
        bytes: Vec<u8>,
        changed: Option<Time>,
    ) -> Result<FeedFiles, FeedError> {
        let identity = format!("sha256:{}", ContentDigest::of(&bytes));
        match packing {
            Packing::Bare => {
                let name = place.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
                Ok(self.files(identity, changed, BTreeMap::from([(name, bytes)])))
            }
            Packing::Archive => {
                let unpacked =
                    archive::unpack(&bytes, &|path| self.wants(path), self.limits).map_err(|error| {
                        FeedError::Archive { feed: self.name.to_owned(), place: place.to_owned(), error }
                    })?;
                let newest = unpacked.newest.filter(|time| *time >= FIRST_PLAUSIBLE);
                Ok(self.files(identity, newest.or(changed), unpacked.files))
            }
        }
    }

    fn files(&self, identity: String, newest: Option<Time>, files: BTreeMap<String, Vec<u8>>) -> FeedFiles {
        let as_of = newest.filter(|time| *time >= FIRST_PLAUSIBLE).unwrap_or(self.now).min(self.now);
        FeedFiles { identity, as_of, fetched: self.now, files: files.into_iter().collect() }
    }

    fn read_file(&self, path: &Path, limit: usize) -> Result<(Vec<u8>, Time), FeedError> {
        let metadata = std::fs::metadata(path).map_err(|error| self.of_disk(path, &error))?;
        if metadata.len() > limit as u64 {
            let cause = format!("it has {} bytes, more than {limit}", metadata.len());
            return Err(self.invalid(&path.display().to_string(), &cause));
        }
        let bytes = std::fs::read(path).map_err(|error| self.of_disk(path, &error))?;
        let modified = metadata.modified().map_err(|error| self.of_disk(path, &error))?;
        let since = modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Ok((bytes, Time::from_unix(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))))
    }

    /// A copy is kept under the feed's name and its source, so that another source never finds it.
    fn place(&self, address: &str) -> Place {
        let role = match self.role {
            FeedRole::Advisories => "advisories",
            FeedRole::Audits => "audits",
            FeedRole::Crev => "crev",
            FeedRole::Statements => "statements",
            FeedRole::Dump => "dump",
        };
        Place::feed(self.name, &ContentDigest::of(format!("{role} {address}").as_bytes()))
    }

    /// The copy that was kept; one that is damaged is none.
    fn copy(&self, place: &Place) -> Option<FeedCopy> {
        let kept =
            Kept::parse(&self.cache.read(place).ok()??, &["identity", "as-of", "fetched", "validator"])?;
        Some(FeedCopy {
            validator: kept.note("validator").map(str::to_owned),
            files: FeedFiles {
                identity: kept.note("identity")?.to_owned(),
                as_of: kept.note("as-of")?.parse().ok()?,
                fetched: kept.note("fetched")?.parse().ok()?,
                files: parse_files(&kept.bytes)?,
            },
        })
    }

    fn keep(&self, place: &Place, files: &FeedFiles, validator: Option<&str>) {
        let mut notes = vec![
            ("identity", files.identity.clone()),
            ("as-of", files.as_of.to_string()),
            ("fetched", files.fetched.to_string()),
        ];
        notes.extend(validator.map(|validator| ("validator", validator.to_owned())));
        let kept = Kept { notes, bytes: format_files(&files.files) };
        // The feed was read, which is what was asked for; who writes the snapshot next tells that the cache
        // cannot be written.
        let _ = self.cache.write(place, &kept.format(), Keep::ForNow);
    }

    fn absent(&self, place: &str, cause: &str) -> FeedError {
        FeedError::Absent { feed: self.name.to_owned(), place: place.to_owned(), cause: cause.to_owned() }
    }

    fn invalid(&self, place: &str, cause: &str) -> FeedError {
        FeedError::Invalid { feed: self.name.to_owned(), place: place.to_owned(), cause: cause.to_owned() }
    }

    fn refused(&self, url: &str, cause: &str) -> FeedError {
        FeedError::Refused { feed: self.name.to_owned(), place: shown(url), cause: cause.to_owned() }
    }

    fn no_copy(&self, url: &str) -> FeedError {
        FeedError::NoCopy { feed: self.name.to_owned(), place: shown(url) }
    }

    fn of_disk(&self, path: &Path, error: &std::io::Error) -> FeedError {
        let place = path.display().to_string();
        match error.kind() {
            std::io::ErrorKind::NotFound => self.absent(&place, "there is no such file or folder"),
            _ => self.invalid(&place, &error.to_string()),
        }
    }

    fn of_http(&self, error: HttpError) -> FeedError {
        let feed = self.name.to_owned();
        match error {
            HttpError::Unreachable { url, cause } => {
                FeedError::Unreachable { feed, cause: format!("{url}: {cause}") }
            }
            HttpError::Unavailable { url, status } => {
                FeedError::Unreachable { feed, cause: format!("{url}: the server answered {status}") }
            }
            HttpError::Untrusted { url, cause } => FeedError::Refused { feed, place: url, cause },
            HttpError::Denied { url, status } => {
                FeedError::Refused { feed, place: url, cause: format!("the server answered {status}") }
            }
            HttpError::Unexpected { url, status } => {
                FeedError::Invalid { feed, place: url, cause: format!("the server answered {status}") }
            }
            HttpError::Garbled { url, cause } => FeedError::Invalid { feed, place: url, cause },
            HttpError::TooLarge { url, limit } => {
                FeedError::Invalid { feed, place: url, cause: format!("it has more than {limit} bytes") }
            }
            HttpError::Address { url, why } => FeedError::Refused { feed, place: url, cause: why.to_owned() },
            HttpError::Proxy { .. } | HttpError::Cainfo { .. } => {
                FeedError::Unreachable { feed, cause: error.to_string() }
            }
        }
    }

    fn of_git(&self, url: &str, error: GitError) -> FeedError {
        let feed = self.name.to_owned();
        match error {
            GitError::NotStarted(cause) => FeedError::NoGit { feed, cause },
            GitError::Unreachable(cause) => {
                FeedError::Unreachable { feed, cause: format!("{}: {cause}", shown(url)) }
            }
            GitError::Absent(cause) => self.absent(&shown(url), &cause),
            GitError::Refused(cause) => self.refused(url, &cause),
            GitError::Invalid(cause) => self.invalid(&shown(url), &cause),
            GitError::Cache(
                CacheError::Unwritable { path, error } | CacheError::Unreadable { path, error },
            ) => FeedError::NoCache { feed, path, cause: error.to_string() },
            GitError::Cache(CacheError::NoPlace) => {
                FeedError::NoCache { feed, path: PathBuf::new(), cause: "it has no place".into() }
            }
        }
    }
}

/// A feed as it was kept.
#[derive(Clone)]
struct FeedCopy {
    files: FeedFiles,
    validator: Option<String>,
}

enum Fetched {
    Same(FeedCopy),
    New { bytes: Vec<u8>, validator: Option<String>, last_modified: Option<Time> },
}

fn identity_of(commit: &git::Commit) -> String {
    format!("git:{}", commit.as_str())
}

/// A digest over paths and bytes, each with its length before it, so that no two feeds have the same.
fn digest_of(files: &BTreeMap<String, Vec<u8>>) -> String {
    let mut hasher = Sha256::new();
    for (path, bytes) in files {
        for part in [path.as_bytes(), bytes] {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
    }
    format!("files:{}", ContentDigest(hasher.finalize().into()))
}

/// Each file as a line `<bytes of path> <bytes of file>`, the path, the bytes.
fn format_files(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut all = Vec::with_capacity(files.iter().map(|(path, bytes)| path.len() + bytes.len() + 16).sum());
    for (path, bytes) in files {
        all.extend_from_slice(format!("{} {}\n{path}", path.len(), bytes.len()).as_bytes());
        all.extend_from_slice(bytes);
    }
    all
}

fn parse_files(mut all: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    while !all.is_empty() {
        let end = all.iter().position(|b| *b == b'\n')?;
        let (path, bytes) = std::str::from_utf8(&all[..end]).ok()?.split_once(' ')?;
        let (path, bytes): (usize, usize) = (path.parse().ok()?, bytes.parse().ok()?);
        let rest = &all[end + 1..];
        let name = std::str::from_utf8(rest.get(..path)?).ok()?.to_owned();
        let content = rest.get(path..path.checked_add(bytes)?)?.to_vec();
        all = &rest[path + bytes..];
        files.push((name, content));
    }
    Some(files)
}
