//! Index files of the registry in use: from this machine while they are fresh, else from the registry.
//!
//! [`read_index`] answers for each wanted crate, in order, and one crate's failure is not another's. For each it
//! takes the first that holds:
//!
//! 1. what the caller already has, if the registry confirmed it within `fresh_for`; without one nothing is fresh;
//! 2. the fence's own copy or cargo's, the younger of the two, if it is that fresh;
//! 3. the registry's answer, asked with the validator of what the caller or the copies have;
//! 4. offline: the younger copy, whatever its age — its age is told, and is the judgement's to weigh.
//!
//! The registry's bytes are kept as they came, so that what is compiled from them can be made again offline.
//! Nothing is parsed here.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use fence_model::{CrateName, Digest, Span, Time};
use fence_registry::config::{Access, RegistryConfig};
use fence_registry::path::IndexPath;
use semver::Version;
use tame_index::index::cache::{Revision, ValidCacheEntry};
use tame_index::index::sparse::HttpRevision;

use crate::cache::{Cache, ContentDigest, Keep, Kept, Place};
use crate::cargo_config::{Credentials, IndexLocation, Registry};
use crate::http::{
    Answer, Ask, Http, HttpError, Network, Scheme, Secret, Transfer, is_loopback, scheme_of, shown,
};
use crate::limits::Limits;
use crate::process;
use crate::progress::Progress;
use crate::side_by_side;

/// Copies of any age will do.
pub(crate) const ANY_AGE: Span = Span::seconds(Time::LATEST.unix());

/// A crate whose index file is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The crate.
    pub name: &'a CrateName,
    /// What the caller has of it.
    pub known: Option<Known<'a>>,
}

/// What a caller has of an index file.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The digest of the file's bytes.
    pub digest: ContentDigest,
    /// The validator that came with them ([`IndexEntry::validator`]).
    pub validator: Option<&'a str>,
    /// When the registry last confirmed them.
    pub checked: Time,
}

/// An index file as the registry serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexEntry {
    /// Its bytes: one JSON object a line.
    pub bytes: Vec<u8>,
    /// What identifies this version of it to the registry, as cargo writes it (`etag: "…"`, `last-modified: …`);
    /// for a folder its size and time. To be handed back as [`Known::validator`].
    pub validator: Option<String>,
    /// When the registry last confirmed it.
    pub checked: Time,
}

/// What became of one wanted crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexOutcome {
    /// What the caller has is what there is.
    Unchanged {
        /// When the registry last confirmed it.
        checked: Time,
    },
    /// Here it is.
    Read(IndexEntry),
    /// The registry says that there is no such crate.
    DoesNotExist,
    /// Neither.
    Failed(IndexError),
}

/// Why an index file could not be had. Absent, unreachable and invalid stay apart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// Offline, and neither the fence nor cargo has a copy.
    #[error("no copy of the index file of {name} is on this machine")]
    NoCopy {
        /// The crate.
        name: CrateName,
    },
    /// There is no network to ask it over.
    #[error("{registry} is not asked: there is no network")]
    NoNetwork {
        /// The registry.
        registry: String,
    },
    /// The folder that should hold the index is not there.
    #[error("no index in {}: {cause}", folder.display())]
    NoFolder {
        /// The folder.
        folder: PathBuf,
        /// What the disk said.
        cause: String,
    },
    /// The registry could not be reached, or not wholly; nothing was learnt.
    #[error(transparent)]
    Unreachable(HttpError),
    /// The registry does not answer this user, or cannot be trusted.
    #[error(transparent)]
    Refused(HttpError),
    /// The registry's answer is not that of a registry.
    #[error(transparent)]
    Invalid(HttpError),
    /// What was sent is no index file.
    #[error("{place} is no index file: {cause}")]
    NotAnIndexFile {
        /// The address or path.
        place: String,
        /// What is wrong.
        cause: String,
    },
    /// The registry's `config.json` is none.
    #[error("{place}: {cause}")]
    Config {
        /// Its address.
        place: String,
        /// What is wrong.
        cause: String,
    },
    /// The registry wants a token, and only cargo can ask the provider of it.
    #[error("{registry} wants a token, and its credential provider `{provider}` is not asked by the fence")]
    OnlyCargo {
        /// The registry.
        registry: String,
        /// The provider.
        provider: String,
        /// The environment variable that gives the fence a token instead.
        variable: String,
    },
    /// The user's program gave no token.
    #[error("{registry} wants a token, and `{program}` gave none: {cause}")]
    NoToken {
        /// The registry.
        registry: String,
        /// The program.
        program: String,
        /// What it did instead.
        cause: String,
    },
    /// The registry wants a token over a connection on which anybody can read it.
    #[error("{registry} wants a token over plain http ({url})")]
    TokenInTheClear {
        /// The registry.
        registry: String,
        /// Its address.
        url: String,
    },
    /// The index is a git repository.
    #[error("the index of {registry} is a git repository ({url}), which the fence does not read")]
    Git {
        /// The registry.
        registry: String,
        /// Its address.
        url: String,
    },
    /// The source is a folder of unpacked crates.
    #[error("{registry} is replaced with the folder {}, which has no index", folder.display())]
    Vendored {
        /// The source.
        registry: String,
        /// The folder.
        folder: PathBuf,
    },
}

impl IndexError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::NoCopy { .. } => {
                "run once without `--offline`, or name a copy of the index with `--index <folder>`".into()
            }
            Self::NoNetwork { .. } => "run without `--offline`".into(),
            Self::NoFolder { .. } => "name a folder in the layout of a sparse index".into(),
            Self::Unreachable(error) | Self::Refused(error) | Self::Invalid(error) => error.hint().into(),
            Self::NotAnIndexFile { .. } | Self::Config { .. } => {
                "compare the address with `[registries]` and `[source]` in cargo's configuration; \
                 a login page of a network may be in between"
                    .into()
            }
            Self::OnlyCargo { variable, .. } => {
                format!("set {variable} to a token that may read the registry")
            }
            Self::NoToken { program, .. } => {
                format!("run `{program}` by hand; it has to print a token in one line")
            }
            Self::TokenInTheClear { .. } => "give the registry an https address".into(),
            Self::Git { .. } => "use the registry's sparse index (`index = \"sparse+https://…/\"`); \
                 for crates.io remove `protocol = \"git\"` from cargo's configuration"
                .into(),
            Self::Vendored { .. } => {
                "name a copy of the index with `--index <folder>`, or run where the source is not replaced"
                    .into()
            }
        }
    }

    fn of(error: HttpError) -> Self {
        match error {
            HttpError::Unreachable { .. } | HttpError::Unavailable { .. } => Self::Unreachable(error),
            HttpError::Denied { .. } | HttpError::Untrusted { .. } => Self::Refused(error),
            _ => Self::Invalid(error),
        }
    }
}

/// Reads the index files of `wanted` from `registry`; the outcomes are in the same order.
///
/// A registry that cannot be reached is not worked around here: the caller sees it, and may ask once more with
/// [`Network::Offline`] for the copies. That the cache cannot be written is told through `progress` only.
pub fn read_index(
    registry: &Registry,
    wanted: &[Wanted<'_>],
    fresh_for: Option<Span>,
    network: &Network,
    cache: &Cache,
    now: Time,
    progress: &dyn Progress,
) -> Vec<IndexOutcome> {
    let all_fail = |error: IndexError| wanted.iter().map(|_| IndexOutcome::Failed(error.clone())).collect();
    match &registry.location {
        IndexLocation::Folder(folder) => read_folder(folder, wanted, now),
        IndexLocation::Sparse(url) => {
            let sparse =
                Sparse { registry, url, fresh_for, cache, now, progress, warned: AtomicBool::new(false) };
            sparse.read(wanted, network)
        }
        IndexLocation::Git(url) => {
            all_fail(IndexError::Git { registry: registry.name.clone(), url: shown(url) })
        }
        IndexLocation::Vendored(folder) => {
            all_fail(IndexError::Vendored { registry: registry.name.clone(), folder: folder.clone() })
        }
    }
}

/// Reads from a folder. It says what it knows as of the newest of the files read: a mirror's copy is touched when
/// it is brought up to date, and a forgotten one must not look young because it is read today.
fn read_folder(folder: &Path, wanted: &[Wanted<'_>], now: Time) -> Vec<IndexOutcome> {
    if let Err(error) = std::fs::read_dir(folder) {
        let failed = IndexError::NoFolder { folder: folder.to_owned(), cause: error.to_string() };
        return wanted.iter().map(|_| IndexOutcome::Failed(failed.clone())).collect();
    }
    let paths: Vec<PathBuf> = wanted.iter().map(|w| folder.join(IndexPath::of(w.name).as_str())).collect();
    let stats: Vec<io::Result<Stat>> = paths.iter().map(|path| Stat::of(path)).collect();
    let config = Stat::of(&folder.join("config.json")).ok();
    let newest = stats.iter().flatten().chain(&config).map(|stat| stat.changed).max();
    let checked = newest.unwrap_or(now).min(now);

    let outcome = |((wanted, path), stat): ((&Wanted<'_>, &PathBuf), &io::Result<Stat>)| {
        let failed = |cause: String| {
            IndexOutcome::Failed(IndexError::NotAnIndexFile { place: path.display().to_string(), cause })
        };
        let stat = match stat {
            Ok(stat) => stat,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return IndexOutcome::DoesNotExist,
            Err(error) => return failed(error.to_string()),
        };
        let limit = Limits::DEFAULT.index_file_bytes;
        if stat.bytes > limit as u64 {
            return failed(format!("it has {} bytes, more than {limit}", stat.bytes));
        }
        if wanted.known.is_some_and(|known| known.validator == Some(stat.validator.as_str())) {
            return IndexOutcome::Unchanged { checked };
        }
        match std::fs::read(path) {
            Ok(bytes) => {
                Copy { bytes, validator: Some(stat.validator.clone()), checked }.unless_known(wanted)
            }
            Err(error) => failed(error.to_string()),
        }
    };
    wanted.iter().zip(&paths).zip(&stats).map(outcome).collect()
}

/// What is known of a file without reading it.
struct Stat {
    bytes: u64,
    changed: Time,
    validator: String,
}

impl Stat {
    fn of(path: &Path) -> io::Result<Self> {
        let metadata = std::fs::metadata(path)?;
        let since = metadata.modified()?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let changed = Time::from_unix(i64::try_from(since.as_secs()).unwrap_or(i64::MAX));
        Ok(Self {
            bytes: metadata.len(),
            changed,
            validator: format!("{} {}", metadata.len(), since.as_nanos()),
        })
    }
}

/// A sparse index and everything that is needed to ask it.
struct Sparse<'a> {
    registry: &'a Registry,
    url: &'a str,
    fresh_for: Option<Span>,
    cache: &'a Cache,
    now: Time,
    progress: &'a dyn Progress,
    warned: AtomicBool,
}

/// A copy of an index file, on this machine.
struct Copy {
    bytes: Vec<u8>,
    validator: Option<String>,
    checked: Time,
}

impl Copy {
    /// The copy, unless the caller has the same bytes.
    fn unless_known(self, wanted: &Wanted<'_>) -> IndexOutcome {
        let same = wanted.known.is_some_and(|known| known.digest == ContentDigest::of(&self.bytes));
        if same {
            IndexOutcome::Unchanged { checked: self.checked }
        } else {
            IndexOutcome::Read(IndexEntry {
                bytes: self.bytes,
                validator: self.validator,
                checked: self.checked,
            })
        }
    }
}

impl Sparse<'_> {
    fn read(&self, wanted: &[Wanted<'_>], network: &Network) -> Vec<IndexOutcome> {
        let mut outcomes: Vec<Option<IndexOutcome>> = Vec::with_capacity(wanted.len());
        let mut to_ask = Vec::new();
        for (at, wanted) in wanted.iter().enumerate() {
            let outcome = match wanted.known {
                Some(known) if self.is_fresh(known.checked) => {
                    Some(IndexOutcome::Unchanged { checked: known.checked })
                }
                _ => {
                    let copy = self.younger_copy(wanted.name);
                    match network {
                        _ if copy.as_ref().is_some_and(|copy| self.is_fresh(copy.checked)) => {
                            copy.map(|copy| copy.unless_known(wanted))
                        }
                        Network::Offline => Some(offline(wanted, copy)),
                        Network::Online(_) => {
                            to_ask.push((at, copy));
                            None
                        }
                    }
                }
            };
            outcomes.push(outcome);
        }
        if let Network::Online(http) = network
            && !to_ask.is_empty()
        {
            for (at, outcome) in self.ask_all(http, wanted, to_ask) {
                outcomes[at] = Some(outcome);
            }
        }
        // Every place was filled above, by one pass or the other.
        outcomes.into_iter().flatten().collect()
    }

    /// Fresh is what was confirmed at most so long ago; what was confirmed in the future was under another clock.
    fn is_fresh(&self, checked: Time) -> bool {
        self.fresh_for.is_some_and(|span| self.now - checked <= span && checked - self.now <= span)
    }

    fn place(&self, name: &CrateName) -> Place {
        let folder =
            self.registry.cargo_copies.as_deref().and_then(Path::file_name).and_then(|name| name.to_str());
        match folder {
            Some(folder) => Place::index(folder, name),
            None => Place::index(&ContentDigest::of(self.url.as_bytes()).short(), name),
        }
    }

    fn younger_copy(&self, name: &CrateName) -> Option<Copy> {
        let (own, cargos) = (self.own_copy(name), self.cargos_copy(name));
        match (&own, &cargos) {
            (Some(a), Some(b)) if b.checked > a.checked => cargos,
            (None, _) => cargos,
            _ => own,
        }
    }

    /// The fence's own copy; one that cannot be read or is damaged is none, because the registry has it.
    fn own_copy(&self, name: &CrateName) -> Option<Copy> {
        let bytes = self.cache.read(&self.place(name)).ok()??;
        let kept = Kept::parse(&bytes, &["checked", "validator"])?;
        let checked = kept.note("checked")?.parse().ok()?;
        let validator = kept.note("validator").map(str::to_owned);
        Some(Copy { bytes: kept.bytes, validator, checked })
    }

    /// Cargo's copy. Cargo writes it when the registry sends the file, so the time of the file on disk is when the
    /// registry confirmed it, or earlier.
    fn cargos_copy(&self, name: &CrateName) -> Option<Copy> {
        let path = self.registry.cargo_copies.as_ref()?.join(".cache").join(IndexPath::of(name).as_str());
        let stat = Stat::of(&path).ok()?;
        if stat.bytes > Limits::DEFAULT.index_file_bytes as u64 {
            return None;
        }
        let all = std::fs::read(&path).ok()?;
        let entry = ValidCacheEntry::read(&all).ok()?;
        let validator = match entry.revision {
            Revision::Http(HttpRevision::Etag(tag)) => Some(format!("etag: {tag}")),
            Revision::Http(HttpRevision::LastModified(date)) => Some(format!("last-modified: {date}")),
            Revision::Git(_) | Revision::Unknown => None,
        };
        // Versions and lines take turns, each ended by a zero.
        let mut bytes = Vec::with_capacity(entry.version_entries.len());
        for line in entry.version_entries.split(|b| *b == 0).skip(1).step_by(2) {
            bytes.extend_from_slice(line);
            bytes.push(b'\n');
        }
        Some(Copy { bytes, validator, checked: stat.changed })
    }

    /// Asks the registry for all of `to_ask`, on as many connections as the client keeps.
    fn ask_all(
        &self,
        http: &Http,
        wanted: &[Wanted<'_>],
        to_ask: Vec<(usize, Option<Copy>)>,
    ) -> Vec<(usize, IndexOutcome)> {
        let token = match wanted_token(self.registry, self.url, http) {
            Ok(token) => token,
            Err(error) => {
                return to_ask.iter().map(|(at, _)| (*at, IndexOutcome::Failed(error.clone()))).collect();
            }
        };
        self.progress.begin("index files", to_ask.len());
        let workers = http.settings().connections;
        let line = Line::new(workers.min(to_ask.len()).max(LEAST_PATIENCE));
        let outcomes = side_by_side::map(to_ask, workers, |(at, copy)| {
            let outcome = match line.is_dead() {
                Some(error) => IndexOutcome::Failed(error),
                None => self.ask(http, token.as_ref(), &wanted[at], copy),
            };
            line.learn(&outcome);
            self.progress.advance();
            (at, outcome)
        });
        self.progress.end();
        outcomes
    }

    fn ask(
        &self,
        http: &Http,
        token: Option<&Secret>,
        wanted: &Wanted<'_>,
        copy: Option<Copy>,
    ) -> IndexOutcome {
        let known = wanted.known.and_then(|known| known.validator);
        let unless = known.or(copy.as_ref().and_then(|copy| copy.validator.as_deref()));
        match ask(http, self.url, token, wanted.name, unless) {
            Ok(IndexAnswer::Unchanged) => match copy {
                None => IndexOutcome::Unchanged { checked: self.now },
                Some(_) if known.is_some() => IndexOutcome::Unchanged { checked: self.now },
                Some(copy) => self.keep(wanted, Copy { checked: self.now, ..copy }),
            },
            Ok(IndexAnswer::Read { bytes, validator }) => {
                self.keep(wanted, Copy { bytes, validator, checked: self.now })
            }
            Ok(IndexAnswer::DoesNotExist) => IndexOutcome::DoesNotExist,
            Err(error) => IndexOutcome::Failed(error),
        }
    }

    /// Keeps what the registry just confirmed, and hands it on.
    fn keep(&self, wanted: &Wanted<'_>, copy: Copy) -> IndexOutcome {
        let mut notes = vec![("checked", copy.checked.to_string())];
        notes.extend(copy.validator.clone().map(|validator| ("validator", validator)));
        let kept = Kept { notes, bytes: copy.bytes };
        if let Err(error) = self.cache.write(&self.place(wanted.name), &kept.format(), Keep::ForNow)
            && !self.warned.swap(true, Ordering::Relaxed)
        {
            self.progress.warn(&error.to_string());
        }
        Copy { bytes: kept.bytes, ..copy }.unless_known(wanted)
    }
}

/// Asks a sparse index for one file.
fn ask(
    http: &Http,
    index: &str,
    token: Option<&Secret>,
    name: &CrateName,
    unless: Option<&str>,
) -> Result<IndexAnswer, IndexError> {
    let url = format!("{index}{}", IndexPath::of(name));
    let limit = http.limits().index_file_bytes;
    match http.fetch(&Ask { url: &url, limit, unless, token, transfer: Transfer::Compressed }) {
        Ok(Answer::NotModified) => Ok(IndexAnswer::Unchanged),
        Ok(Answer::Found { bytes, validator, .. }) => {
            // Not worth keeping, and a page for people is the usual reason.
            if !matches!(bytes.first(), None | Some(b'{' | b'\n')) {
                let cause = "it does not begin with a JSON object".to_owned();
                return Err(IndexError::NotAnIndexFile { place: shown(&url), cause });
            }
            Ok(IndexAnswer::Read { bytes, validator })
        }
        Ok(Answer::DoesNotExist) => Ok(IndexAnswer::DoesNotExist),
        Err(error) => Err(IndexError::of(error)),
    }
}

/// How a registry answers who asks for its `config.json`.
enum Introduced {
    /// With the file; none where it has no such file.
    Config(Option<RegistryConfig>),
    /// Not without a token.
    Denied,
}

/// Asks for a registry's `config.json`. As cargo does, it is asked for without a token first, so that no token goes to
/// a registry that does not want it.
fn introduced(http: &Http, index: &str, token: Option<&Secret>) -> Result<Introduced, IndexError> {
    let url = format!("{index}config.json");
    let limit = http.limits().config_bytes;
    match http.fetch(&Ask { url: &url, limit, unless: None, token, transfer: Transfer::Compressed }) {
        Ok(Answer::Found { bytes, .. }) => RegistryConfig::parse(&bytes, &fence_registry::Limits::DEFAULT)
            .map(|config| Introduced::Config(Some(config)))
            .map_err(|error| IndexError::Config { place: shown(&url), cause: error.to_string() }),
        Ok(Answer::NotModified | Answer::DoesNotExist) => Ok(Introduced::Config(None)),
        Err(HttpError::Denied { .. }) if token.is_none() => Ok(Introduced::Denied),
        Err(error) => Err(IndexError::of(error)),
    }
}

/// The user's token for a registry with this index, if there is one: for who asks its server for something else.
///
/// # Errors
/// [`IndexError`]: there is one that the fence does not get, or that must not be sent in the clear.
pub fn token(registry: &Registry, index: &str) -> Result<Option<Secret>, IndexError> {
    match registry.credentials {
        Credentials::None => Ok(None),
        _ => token_of(registry, index).map(Some),
    }
}

/// The token to send with every request, if the registry wants one.
fn wanted_token(registry: &Registry, index: &str, http: &Http) -> Result<Option<Secret>, IndexError> {
    if registry.credentials == Credentials::None {
        return Ok(None);
    }
    match introduced(http, index, None)? {
        Introduced::Config(Some(RegistryConfig { access: Access::TokenRequired, .. }))
        | Introduced::Denied => token_of(registry, index).map(Some),
        Introduced::Config(_) => Ok(None),
    }
}

/// The user's token for a registry.
fn token_of(registry: &Registry, index: &str) -> Result<Secret, IndexError> {
    let name = || registry.name.clone();
    if scheme_of(index) != Ok(Scheme::Https) && !is_loopback(index) {
        return Err(IndexError::TokenInTheClear { registry: name(), url: shown(index) });
    }
    match &registry.credentials {
        // Not reached: without credentials nothing asks.
        Credentials::None => Ok(Secret::new("")),
        Credentials::Token(token) => Ok(token.clone()),
        Credentials::OnlyCargo { provider, variable } => Err(IndexError::OnlyCargo {
            registry: name(),
            provider: provider.clone(),
            variable: variable.clone(),
        }),
        Credentials::FromStdout { program, arguments, registry } => {
            let error = |cause| IndexError::NoToken { registry: name(), program: program.clone(), cause };
            let mut command = std::process::Command::new(program);
            command
                .args(arguments)
                .env("CARGO_REGISTRY_INDEX_URL", format!("sparse+{index}"))
                .env("CARGO_REGISTRY_NAME_OPT", registry);
            let limits = process::Bounds { seconds: Limits::DEFAULT.token_seconds, bytes: 16 << 10 };
            let output = process::run(command, Vec::new(), limits).map_err(|e| error(e.to_string()))?;
            let text = String::from_utf8(output).map_err(|_| error("it did not print text".into()))?;
            match text.trim() {
                "" => Err(error("it printed nothing".into())),
                token if token.contains(char::is_control) => Err(error("it printed more than a line".into())),
                token => Ok(Secret::new(token)),
            }
        }
    }
}

/// What a registry says to who asks it himself and keeps what he gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexAnswer {
    /// What the asker has is what there is.
    Unchanged,
    /// The file.
    Read {
        /// Its bytes.
        bytes: Vec<u8>,
        /// As [`IndexEntry::validator`].
        validator: Option<String>,
    },
    /// There is no such crate.
    DoesNotExist,
}

/// A registry that is asked file by file, by who keeps views of his own: nothing is read from, or written to, the
/// copies of this machine.
#[derive(Debug)]
pub struct IndexSource {
    registry: Registry,
    network: Network,
    /// The token that it wants, once that is known.
    token: Mutex<Option<Option<Secret>>>,
    /// Of a folder, the newest time of a file that was looked at.
    newest: AtomicI64,
    /// What it says of itself, once a package was looked for.
    introduced: OnceLock<RegistryConfig>,
}

impl IndexSource {
    /// The registry, asked over `network`.
    pub fn new(registry: Registry, network: Network) -> Self {
        let newest = match &registry.location {
            IndexLocation::Folder(folder) => {
                Stat::of(&folder.join("config.json")).ok().map(|stat| stat.changed)
            }
            _ => None,
        };
        let newest = AtomicI64::new(newest.unwrap_or(Time::EARLIEST).unix());
        Self { registry, network, token: Mutex::default(), newest, introduced: OnceLock::new() }
    }

    /// The registry.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Asks for the index file of `name`, `unless` it is still the one with this validator.
    ///
    /// # Errors
    /// [`IndexError`]; [`IndexError::NoCopy`] where there is no network to ask.
    pub fn ask(&self, name: &CrateName, unless: Option<&str>) -> Result<IndexAnswer, IndexError> {
        match &self.registry.location {
            IndexLocation::Folder(folder) => {
                let (answer, changed) = ask_folder(folder, name, unless)?;
                self.newest.fetch_max(changed.unix(), Ordering::Relaxed);
                Ok(answer)
            }
            _ => {
                let (http, index) = self.line().map_err(|error| error.of(name))?;
                let token = self.token(http, index)?;
                let answer = ask(http, index, token.as_ref(), name, unless);
                if let Err(IndexError::Refused(_)) = &answer {
                    // A token that was changed meanwhile is asked for anew next time.
                    *self.token.lock().unwrap_or_else(PoisonError::into_inner) = None;
                }
                answer
            }
        }
    }

    /// Up to when an answer that came at `now` tells all there is. A folder speaks up to the newest of its files: a
    /// mirror's copy is touched when it is brought up to date, and a forgotten one must not look young.
    pub fn speaks_until(&self, now: Time) -> Time {
        match self.registry.location {
            IndexLocation::Folder(_) => now.min(Time::from_unix(self.newest.load(Ordering::Relaxed))),
            _ => now,
        }
    }

    /// What the registry says of itself; none where it has no `config.json`.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn config(&self) -> Result<Option<RegistryConfig>, IndexError> {
        if let IndexLocation::Folder(folder) = &self.registry.location {
            let path = folder.join("config.json");
            let failed = |cause: String| IndexError::Config { place: path.display().to_string(), cause };
            return match std::fs::read(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(failed(error.to_string())),
                Ok(bytes) => RegistryConfig::parse(&bytes, &fence_registry::Limits::DEFAULT)
                    .map(Some)
                    .map_err(|error| failed(error.to_string())),
            };
        }
        let (http, index) = self.line().map_err(Offline::of_all)?;
        let token = self.token(http, index)?;
        match introduced(http, index, token.as_ref())? {
            Introduced::Config(config) => Ok(config),
            Introduced::Denied => {
                let url = shown(&format!("{index}config.json"));
                Err(IndexError::of(HttpError::Denied { url, status: 401 }))
            }
        }
    }

    /// Where the registry says that the package of a release lies; none where it has no `config.json`. It is asked for
    /// that once.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn url_of(
        &self,
        name: &CrateName,
        version: &Version,
        digest: &Digest,
    ) -> Result<Option<String>, IndexError> {
        let config = match self.introduced.get() {
            Some(config) => Some(config),
            None => self.config()?.map(|config| self.introduced.get_or_init(|| config)),
        };
        Ok(config.map(|config| config.download_url(name, version, digest)))
    }

    /// The bytes at `url`, where this registry says that a package lies.
    ///
    /// # Errors
    /// [`IndexError`]; absent is `Ok(None)`.
    pub fn package(&self, url: &str) -> Result<Option<Vec<u8>>, IndexError> {
        let Network::Online(http) = &self.network else { return Err(Offline(&self.registry).of_all()) };
        let token = match &self.registry.location {
            IndexLocation::Sparse(index) => self.token(http, index)?,
            _ => None,
        };
        // Where packages are is the registry's word; a token does not go there in the clear.
        if token.is_some() && scheme_of(url) != Ok(Scheme::Https) && !is_loopback(url) {
            let registry = self.registry.name.clone();
            return Err(IndexError::TokenInTheClear { registry, url: shown(url) });
        }
        let limit = http.limits().package_bytes;
        let ask = Ask { url, limit, unless: None, token: token.as_ref(), transfer: Transfer::Plain };
        match http.fetch(&ask).map_err(IndexError::of)? {
            Answer::Found { bytes, .. } => Ok(Some(bytes)),
            Answer::DoesNotExist | Answer::NotModified => Ok(None),
        }
    }

    /// Whom to ask, and where.
    fn line(&self) -> Result<(&Http, &str), Offline<'_>> {
        match (&self.registry.location, &self.network) {
            (IndexLocation::Sparse(url), Network::Online(http)) => Ok((http, url)),
            _ => Err(Offline(&self.registry)),
        }
    }

    fn token(&self, http: &Http, index: &str) -> Result<Option<Secret>, IndexError> {
        let known = || self.token.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = &*known() {
            return Ok(token.clone());
        }
        // Nobody holds the lock while a registry is asked: one that does not answer would keep those who wait for it
        // waiting one after the other.
        let found = wanted_token(&self.registry, index, http)?;
        *known() = Some(found.clone());
        Ok(found)
    }
}

/// A registry that cannot be asked over a network.
struct Offline<'a>(&'a Registry);

impl Offline<'_> {
    fn of(self, name: &CrateName) -> IndexError {
        match &self.0.location {
            IndexLocation::Sparse(_) => IndexError::NoCopy { name: name.clone() },
            _ => self.of_all(),
        }
    }

    fn of_all(self) -> IndexError {
        let registry = self.0.name.clone();
        match &self.0.location {
            IndexLocation::Git(url) => IndexError::Git { registry, url: shown(url) },
            IndexLocation::Vendored(folder) => IndexError::Vendored { registry, folder: folder.clone() },
            IndexLocation::Sparse(_) | IndexLocation::Folder(_) => IndexError::NoNetwork { registry },
        }
    }
}

/// Asks a folder for one file; when that was changed.
fn ask_folder(
    folder: &Path,
    name: &CrateName,
    unless: Option<&str>,
) -> Result<(IndexAnswer, Time), IndexError> {
    let path = folder.join(IndexPath::of(name).as_str());
    let failed = |cause: String| IndexError::NotAnIndexFile { place: path.display().to_string(), cause };
    let stat = match Stat::of(&path) {
        Ok(stat) => stat,
        Err(error) if error.kind() == io::ErrorKind::NotFound && folder.is_dir() => {
            return Ok((IndexAnswer::DoesNotExist, Time::EARLIEST));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(IndexError::NoFolder { folder: folder.to_owned(), cause: error.to_string() });
        }
        Err(error) => return Err(failed(error.to_string())),
    };
    let limit = Limits::DEFAULT.index_file_bytes;
    if stat.bytes > limit as u64 {
        return Err(failed(format!("it has {} bytes, more than {limit}", stat.bytes)));
    }
    if unless == Some(stat.validator.as_str()) {
        return Ok((IndexAnswer::Unchanged, stat.changed));
    }
    let bytes = std::fs::read(&path).map_err(|error| failed(error.to_string()))?;
    Ok((IndexAnswer::Read { bytes, validator: Some(stat.validator) }, stat.changed))
}

/// What there is without a network: the younger of what the caller has and the copy, whatever its age.
fn offline(wanted: &Wanted<'_>, copy: Option<Copy>) -> IndexOutcome {
    match (wanted.known, copy) {
        (Some(known), copy) if copy.as_ref().is_none_or(|copy| copy.checked <= known.checked) => {
            IndexOutcome::Unchanged { checked: known.checked }
        }
        (_, Some(copy)) => copy.unless_known(wanted),
        (_, None) => IndexOutcome::Failed(IndexError::NoCopy { name: wanted.name.clone() }),
    }
}

/// One broken file is not a broken line.
const LEAST_PATIENCE: usize = 3;

/// Whether the line to the registry is worth another try: when as many crates in a row as there are workers got no
/// whole answer, with every retry spent, the others are not made to wait for theirs.
struct Line {
    silent: AtomicUsize,
    patience: usize,
    last: Mutex<Option<IndexError>>,
}

impl Line {
    fn new(patience: usize) -> Self {
        Self { silent: AtomicUsize::new(0), patience, last: Mutex::new(None) }
    }

    fn is_dead(&self) -> Option<IndexError> {
        if self.silent.load(Ordering::Relaxed) < self.patience {
            return None;
        }
        self.last.lock().ok()?.clone()
    }

    fn learn(&self, outcome: &IndexOutcome) {
        match outcome {
            IndexOutcome::Failed(error @ IndexError::Unreachable(HttpError::Unreachable { .. })) => {
                if let Ok(mut last) = self.last.lock() {
                    *last = Some(error.clone());
                }
                self.silent.fetch_add(1, Ordering::Relaxed);
            }
            _ => self.silent.store(0, Ordering::Relaxed),
        }
    }
}
