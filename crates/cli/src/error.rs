//! The one place where what went wrong gets its words.
//!
//! Libraries return typed errors; here each becomes `error: …` in lower case without a full stop, the cause after a
//! colon, the place where a person has to look, and a `hint: …` that says what to do. All of these end with exit
//! code 2: the fence could not decide.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use fence_client::cache::CacheError;
use fence_client::cargo_config::{ConfigError, IndexLocation, Place as ConfigPlace};
use fence_client::feed::FeedError;
use fence_client::gather::{GatherError, Problem};
use fence_client::http::{HttpError, is_loopback};
use fence_client::index::IndexError;
use fence_client::packages::PackageError;
use fence_client::project::ProjectError;
use fence_client::project::baseline::{BaselineError, BaselineFault};
use fence_client::project::edit::EditError;
use fence_client::project::policy::{Place, PolicyProblem};
use fence_client::revision::RevisionError;
use fence_client::scope::ScopeError;
use fence_client::signing::SigningError;
use fence_client::source::SourceError;
use fence_client::switch::SwitchError;
use fence_model::policy::LONGEST_EXCEPTION;
use fence_model::{Code, CrateName, Digest, Principal, ReleaseId, Span, Time};
use fence_proxy::fence::StartError;
use fence_proxy::server::{BindError, ServeError};

use crate::neighbour::NoNeighbour;
use crate::render::text::harmless;
use crate::shell::{Colour, Ink};
use crate::standing::{CRATES_IO, USUAL_ADDRESS};

/// What went wrong, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CliError {
    /// What, in one line.
    pub(crate) message: String,
    /// The file and the line that the message names, if it names one that has to change.
    pub(crate) at: Option<(PathBuf, usize)>,
    /// Where, and what is wrong there; may be several.
    pub(crate) places: Vec<Complaint>,
    /// What to do.
    pub(crate) hints: Vec<String>,
}

/// A stretch of a file, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Complaint {
    /// The file.
    pub(crate) file: PathBuf,
    /// Where in it.
    pub(crate) place: Place,
    /// What is wrong there.
    pub(crate) message: String,
    /// What to do there.
    pub(crate) help: Option<String>,
}

/// What somebody asked for that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Misuse {
    /// `except` without a version.
    BareName(CrateName, Vec<ReleaseId>),
    /// A code that there is not.
    UnknownCode(String),
    /// Neither a folder, nor a file, nor a release.
    NoPackage(String, String),
    /// What is no release of a registry, on a page of a fence.
    NotOnAPage(String),
    /// No code at all.
    NoCodes,
    /// No reason.
    NoReason,
    /// A statement without a comment.
    NoComment,
    /// A statement about a crate without a version.
    UnsignableName(CrateName),
    /// `--from` for several releases.
    OneBaseForMany,
    /// `--from` with the version itself.
    OwnBase(ReleaseId),
    /// `--rests-on diff` without `--from`.
    DiffOfNothing,
    /// `--from` for an approval that rests on something else.
    BaseOfNoDiff,
    /// No project here, and no `--to`.
    NowhereToWrite,
    /// No name under which somebody signs, or one that is none.
    NoSignerName(Option<String>),
    /// Nobody at a terminal, and no `--digest`.
    DigestNeeded(Vec<Digest>),
    /// A `--digest` that is not what would be signed.
    OtherDigest {
        /// What would be signed.
        what: String,
        /// What was named.
        named: Digest,
        /// What it is.
        is: Digest,
    },
    /// More or fewer `--digest` than is signed.
    DigestCount {
        /// How many were named.
        named: usize,
        /// How many are signed.
        signed: usize,
    },
    /// Somebody was asked, and did not want to sign.
    NotSigned,
    /// A statement of somebody else that is to be withdrawn.
    NotYours {
        /// Its file.
        file: PathBuf,
        /// Who signed it.
        signer: Principal,
    },
    /// A withdrawal that is to be withdrawn.
    WithdrawsWithdrawal(PathBuf),
    /// An audit set in which the signer made nothing that can be signed.
    NothingToImport {
        /// Its file.
        file: PathBuf,
        /// Who would sign.
        signer: Principal,
    },
    /// No file of allowed signers.
    NoSigners(PathBuf),
    /// An end that is no time.
    UnreadableEnd(String),
    /// An end that is past.
    EndsBeforeNow(String),
    /// An end that is too far ahead.
    EndsTooLate(String),
    /// A crate that the lockfile does not have.
    NotLocked(CrateName),
    /// A release that neither lockfile nor index has.
    UnknownRelease(ReleaseId),
    /// A release of a crate that is not locked, so that nothing of it was read.
    NotRead(ReleaseId),
    /// `--locked` forbids the writing that the command is for.
    Locked(&'static str),
    /// `init` where there is a baseline.
    AlreadySetUp(PathBuf),
    /// `init --level` where a policy says another.
    OtherLevel(PathBuf),
    /// A `--feed` that is not there.
    NoSuchFeed(String, PathBuf),
    /// `--format markdown` without `--compare`.
    NothingToCompare,
    /// `exposure --crate` for a crate of which no release is judged.
    NotJudged(CrateName),
    /// `--fail-on new` where nothing says what is new.
    NothingKnownBefore,
    /// `--compare` for a lockfile outside of the project's repository.
    LockfileElsewhere(PathBuf),
    /// `--panics` with a format that is for findings.
    PanicsFormat,
    /// `--compare` with another format.
    CompareIsForMarkdown,
    /// A format that `check --cache` does not have.
    CacheFormat,
    /// `--remove` where nobody can be asked.
    NobodyToAsk,
    /// An `--index` that is no folder.
    NoSuchIndex(PathBuf),
    /// No folder for what cannot be made again.
    NoStateFolder,
    /// A name that no registry has.
    NoRegistryName(String),
    /// Listening at all addresses, of which no client can ask one.
    NoUrl(SocketAddr),
    /// A file of tokens that is not there.
    NoSuchTokens(PathBuf),
    /// A file of tokens without any.
    NoTokens(PathBuf),
    /// `CARGO_FENCE_LISTEN` is no address.
    NoAddress(String),
    /// Others have all ports from this on.
    PortsTaken(SocketAddr),
    /// No folder of cargo's.
    NoCargoHome,
    /// A folder in which there is nothing that cargo builds.
    NoProject(PathBuf),
    /// A file of cargo's configuration under the name that it had once.
    OldConfig(PathBuf),
    /// A file or folder of cargo's configuration that is a link.
    LinkedConfig(PathBuf),
    /// A file that may not be written.
    ReadOnlyConfig(PathBuf),
    /// A file that is no longer what was shown.
    ChangedMeanwhile(PathBuf),
    /// A change that nobody agreed to.
    NoConsent,
    /// The address of a fence that is none.
    NoFenceUrl(String),
    /// The name for the fence is taken, there.
    NameTaken(String, ConfigPlace),
    /// What stands in for crates.io is nothing that a fence stands in front of.
    NotBehindAFence(IndexLocation, Option<ConfigPlace>),
    /// A system without systemd.
    NoSystemd,
    /// No folder for a user's configuration.
    NoConfigFolder,
    /// The file of a service that is a link.
    LinkedService(PathBuf),
    /// A service under the name of ours that somebody else wrote.
    ServiceTaken(PathBuf),
    /// No service at this address.
    NoSuchService {
        /// The file that is not there.
        file: PathBuf,
        /// Those that are.
        others: Vec<String>,
    },
    /// systemd did not do what it was asked for.
    ServiceFailed {
        /// What was run.
        line: String,
        /// What it said.
        said: String,
    },
    /// A word that cannot stand in a service's file.
    UnspeakableWord(String),
    /// A mirror of crates.io that is described as a registry.
    MirrorIsRegistry {
        /// Its name.
        name: String,
        /// Its address.
        index: String,
        /// Where it is told to stand in.
        place: ConfigPlace,
    },
}

/// Why what is known is not enough to decide by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Undecidable<'a> {
    /// Index files of locked crates could not be read, ever.
    Index(&'a Problem),
    /// The index does not show a locked release, but has a line that cannot be understood, which may be its own.
    IndexLine {
        /// The release.
        release: ReleaseId,
        /// What is wrong with the line.
        problem: &'a Problem,
    },
    /// No feed of advisories is in force, though none was switched off.
    NoAdvisories,
    /// A feed that speaks against releases was never read.
    NeverRead {
        /// Its name.
        name: &'a str,
        /// Why, where that is known.
        problem: Option<&'a Problem>,
    },
    /// Facts are older than the policy allows.
    TooOld {
        /// The feed, or `index`.
        name: &'a str,
        /// Up to when it speaks.
        as_of: Time,
        /// The moment asked about.
        now: Time,
        /// What the policy allows.
        limit: Span,
    },
}

impl CliError {
    /// An error with nothing but a message.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), at: None, places: Vec::new(), hints: Vec::new() }
    }

    /// The same, about a line of a file.
    fn at(mut self, file: &Path, line: usize) -> Self {
        self.at = Some((file.to_owned(), line));
        self
    }

    /// The same, with something to do.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        let hint = hint.into();
        if !hint.is_empty() {
            self.hints.push(hint);
        }
        self
    }

    /// The scanner's worker failed.
    pub(crate) fn of_worker(why: String) -> Self {
        Self::new(format!("the scanner did not come to an end with this package: {}", harmless(&why)))
    }

    /// Stdout cannot be written.
    pub(crate) fn output(why: &io::Error) -> Self {
        Self::new(format!("the result cannot be printed: {why}"))
    }

    /// As it is printed, with a line end.
    pub(crate) fn render(&self, colour: Colour) -> String {
        let mut text = format!("{}: {}\n", colour.paint(Ink::Bad, "error"), self.message);
        for complaint in &self.places {
            complaint.render(colour, &mut text);
        }
        for hint in &self.hints {
            text += &format!("{}: {hint}\n", colour.paint(Ink::Note, "hint"));
        }
        text
    }
}

impl Complaint {
    fn render(&self, colour: Colour, text: &mut String) {
        let Place { line, column, width, text: source } = &self.place;
        let number = line.to_string();
        let gutter = " ".repeat(number.len());
        let bar = colour.paint(Ink::Place, "|");
        let arrow = colour.paint(Ink::Place, "-->");
        // Tabs count as one character on both lines, so that the marks stand under what they mean.
        let source = source.replace('\t', " ");
        let (before, marks) = (" ".repeat(column - 1), "^".repeat(*width));
        let marks = colour.paint(Ink::Bad, &format!("{marks} {}", self.message));
        *text += &format!("{gutter}{arrow} {}:{line}:{column}\n{gutter} {bar}\n", shown(&self.file));
        *text += &format!("{} {bar} {source}\n", colour.paint(Ink::Place, &number));
        *text += &format!("{gutter} {bar} {before}{marks}\n");
        if let Some(help) = &self.help {
            *text += &format!("{gutter} {} help: {help}\n", colour.paint(Ink::Place, "="));
        }
    }
}

/// A path as people write it: relative to the current folder where it lies inside.
pub(crate) fn shown(path: &Path) -> String {
    let inside =
        std::env::current_dir().ok().and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned));
    match inside {
        Some(inside) if inside.as_os_str().is_empty() => ".".to_owned(),
        Some(inside) => inside.display().to_string(),
        None => path.display().to_string(),
    }
}

impl From<ProjectError> for CliError {
    fn from(error: ProjectError) -> Self {
        match error {
            ProjectError::NoLockfile(folder) => {
                let here = shown(&folder);
                let here = if here == "." { "the current folder".to_owned() } else { here };
                Self::new(format!("no Cargo.lock in {here} or above it"))
                    .hint("write one with `cargo generate-lockfile`, or name one with `--lockfile`")
            }
            ProjectError::NoSuchFile(file) => Self::new(format!("{} does not exist", shown(&file))),
            ProjectError::NotAManifest(file) => Self::new(format!(
                "`--manifest-path` is {}, and has to be the path of a Cargo.toml",
                shown(&file)
            )),
            ProjectError::Unreadable { file, why } => {
                Self::new(format!("{} cannot be read: {why}", shown(&file)))
            }
            ProjectError::TooLarge { file, limit } => Self::new(format!(
                "{} has more than {limit} bytes, which no honest file of its kind has",
                shown(&file)
            ))
            .hint("restore it from version control, or look at what wrote it"),
            ProjectError::NotText { file, line } => {
                Self::new(format!("{}, line {line}: not UTF-8 text", shown(&file)))
                    .at(&file, line)
                    .hint("restore it from version control, or save it as UTF-8")
            }
            ProjectError::Unwritable { file, why } => {
                Self::new(format!("{} cannot be written: {why}", shown(&file)))
                    .hint("nothing was changed; what was there before is still there")
            }
            ProjectError::Lockfile { file, problem } => {
                let error = Self::new(in_file(&file, &problem)).hint(problem.hint());
                let line = problem.lockfile_line().and_then(|line| usize::try_from(line).ok());
                match line {
                    Some(line) => error.at(&file, line),
                    None => error,
                }
            }
            ProjectError::Policy { file, problems } => policy(&file, problems),
            ProjectError::Baseline { file, problem } => baseline(&file, &problem),
            ProjectError::Edit { file, problem: EditError::Rule(problems) } => policy(&file, problems),
            ProjectError::Edit { file, problem: problem @ EditError::Form } => {
                Self::new(format!("{} was not changed: {problem}", shown(&file)))
                    .hint("write them as `[[exceptions]]` tables, one for each release, and run this again")
            }
        }
    }
}

/// `Cargo.lock, line 3: …`, and where no line is meant `Cargo.lock: …`.
pub(crate) fn in_file(file: &Path, problem: &fence_registry::Error) -> String {
    let problem = problem.to_string();
    let joint = if problem.starts_with("line ") { "," } else { ":" };
    format!("{}{joint} {problem}", shown(file))
}

fn policy(file: &Path, problems: Vec<PolicyProblem>) -> CliError {
    let counted = match problems.len() {
        1 => "there is a problem".to_owned(),
        n => format!("there are {n} problems"),
    };
    let mut error = CliError::new(format!("{} is not a policy: {counted}", shown(file)));
    error.places = problems
        .into_iter()
        .map(|PolicyProblem { place, fault }| Complaint {
            file: file.to_owned(),
            place,
            message: fault.to_string(),
            help: fault.hint(),
        })
        .collect();
    error
}

fn baseline(file: &Path, problem: &BaselineError) -> CliError {
    let BaselineError { line, what } = problem;
    let (path, file) = (file, shown(file));
    let error = CliError::new(format!("{file}, line {line}: {what}")).at(path, *line);
    match what {
        BaselineFault::Conflict => error.hint(format!(
            "take either side whole with `git checkout --ours {file}` or `git checkout --theirs {file}`; it is \
             written by machine"
        )),
        BaselineFault::CarriageReturn => {
            error.hint(format!("let git leave it alone: put `{file} -text` into .gitattributes"))
        }
        BaselineFault::Format(_) => error.hint("use the version of cargo-fence that wrote it, or a later one"),
        _ => error.hint(
            "it is written by machine: restore it from version control, or delete it and run `cargo fence init`",
        ),
    }
}

impl From<Undecidable<'_>> for CliError {
    fn from(undecidable: Undecidable<'_>) -> Self {
        match undecidable {
            Undecidable::Index(problem) => {
                let hint = match problem {
                    Problem::IndexUnread { error, .. } => error.hint(),
                    _ => String::new(),
                };
                Self::new(problem_words(problem)).hint(hint)
            }
            Undecidable::IndexLine { release, problem } => Self::new(format!(
                "{release} is in no line of the index that can be understood: {}",
                record_words(problem)
            ))
            .hint(
                "the registry, or a mirror on the way, served this line: `cargo fence update` asks again; tell its \
                 operators if it stays, or use a newer fence if its schema is newer",
            ),
            Undecidable::NeverRead { name, problem } => {
                let (cause, hint) = match problem {
                    Some(problem @ Problem::Feed { error, .. }) => (problem_words(problem), error.hint()),
                    Some(problem @ Problem::FeedInvalid { .. }) => (
                        problem_words(problem),
                        format!("let [feeds.{name}] of fence.toml name what holds the feed, and little else"),
                    ),
                    Some(problem) => (problem_words(problem), String::new()),
                    None => (format!("{name} was never read"), String::new()),
                };
                let copy = format!(
                    "to read a copy of it, give `--feed {name}=PATH`, or write `archive = \"…\"` or `path = \"…\"` under \
                     `[feeds.{name}]` of fence.toml"
                );
                let off = format!("to judge without it, write `enabled = false` under `[feeds.{name}]`");
                let error = Self::new(format!("nothing can be said against releases without {name}: {cause}"));
                let error = error.hint(hint);
                if name == "index" { error } else { error.hint(copy).hint(off) }
            }
            Undecidable::NoAdvisories => Self::new("no feed of advisories is in force").hint(
                "let a feed of fence.toml have `role = \"advisories\"`, or switch the built-in one off by `enabled = false` \
                 under `[feeds.rustsec]`",
            ),
            Undecidable::TooOld { name, as_of, now, limit } => Self::new(format!(
                "{name} is as of {as_of}, {} before the moment asked about, and the policy allows {limit}",
                (now - as_of).in_words()
            ))
            .hint("`cargo fence update` asks again; `limit` in `[freshness]` of fence.toml says what is allowed"),
        }
    }
}

impl From<GatherError> for CliError {
    fn from(error: GatherError) -> Self {
        Self::new(error.to_string()).hint(error.hint())
    }
}

impl From<NoNeighbour> for CliError {
    fn from(none: NoNeighbour) -> Self {
        match none {
            NoNeighbour::Nowhere { policy, others } => {
                let error = Self::new(format!("no fence stands for the policy of {}", policy.display())).hint(
                    "`cargo fence serve` stands one up here; `cargo fence cargo …` does so for one command",
                );
                others.into_iter().fold(error, |error, (base, folder)| {
                    let whose =
                        folder.map_or("another policy".to_owned(), |f| format!("that of {}", harmless(&f)));
                    error.hint(format!("the one at {base} stands for {whose}"))
                })
            }
            NoNeighbour::Silent(base, error) => {
                let what = match error {
                    HttpError::Denied { .. } => "wants a token",
                    _ => "does not answer",
                };
                let told = Self::new(format!("cargo is told to ask a fence that {what}: {error}"));
                match error {
                    HttpError::Unreachable { .. } if is_loopback(&base) => told.hint(
                        "start it with `cargo fence serve`; until then cargo can neither resolve nor download",
                    ),
                    error => told.hint(error.hint()),
                }
            }
            NoNeighbour::Away(base) => Self::new(format!(
                "{base} is not on this machine, and `--offline` or `--frozen` forbids to ask it"
            )),
        }
    }
}

impl From<IndexError> for CliError {
    fn from(error: IndexError) -> Self {
        Self::new(error.to_string()).hint(error.hint())
    }
}

impl From<PackageError> for CliError {
    fn from(error: PackageError) -> Self {
        match error {
            PackageError::Index(error) => error.into(),
            PackageError::NoManifest(_) => Self::new(error.to_string())
                .hint("a package's folder has its Cargo.toml at the top".to_owned()),
            PackageError::NotHere(_) => Self::new(error.to_string())
                .hint("`cargo fetch` brings what a project needs there; or leave `--offline` out".to_owned()),
            PackageError::OtherBytes { .. } => Self::new(error.to_string())
                .hint("do not build from it: whoever sent these bytes changed them".to_owned()),
            error => Self::new(error.to_string()),
        }
    }
}

impl From<BindError> for CliError {
    fn from(error: BindError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<ServeError> for CliError {
    fn from(error: ServeError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<StartError> for CliError {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Rules(error) => error.into(),
            StartError::Evidence(error) => error.into(),
            StartError::Journal(error) => Self::new(error.to_string()).hint(error.hint()),
            StartError::NeverRead { ref feed, .. } => Self::new(error.to_string()).hint(format!(
                "run it once where there is a network, or let `[feeds.{feed}]` of fence.toml name a copy"
            )),
            StartError::Thread(_) => Self::new(error.to_string()),
        }
    }
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        Self::new(error.to_string()).hint(error.hint())
    }
}

impl From<ScopeError> for CliError {
    fn from(error: ScopeError) -> Self {
        Self::new(error.to_string()).hint(error.hint())
    }
}

impl From<SigningError> for CliError {
    fn from(error: SigningError) -> Self {
        Self::new(harmless(&error.to_string())).hint(error.hint())
    }
}

impl From<SourceError> for CliError {
    fn from(error: SourceError) -> Self {
        Self::new(harmless(&error.to_string())).hint(error.hint())
    }
}

impl From<RevisionError> for CliError {
    fn from(error: RevisionError) -> Self {
        Self::new(error.to_string()).hint(error.hint())
    }
}

impl From<HttpError> for CliError {
    fn from(error: HttpError) -> Self {
        Self::new(error.to_string()).hint(error.hint())
    }
}

impl From<CacheError> for CliError {
    fn from(error: CacheError) -> Self {
        Self::new(error.to_string()).hint(error.hint())
    }
}

/// Why a file of cargo's configuration cannot be switched.
pub(crate) fn switching(file: &Path, problem: &SwitchError) -> CliError {
    let error = CliError::new(format!("{}, {problem}", shown(file)));
    match problem {
        SwitchError::NotToml { line, .. } => {
            error.at(file, *line).hint("correct it first; cargo reads the same file")
        }
        SwitchError::Taken { line, .. } => error
            .at(file, *line)
            .hint("rename it, or name its own address with `--url` if it is the fence that is meant"),
        SwitchError::NoTable { line, .. } => error.at(file, *line).hint("cargo does not take it either"),
        SwitchError::Replaced { line, .. } => error
            .at(file, *line)
            .hint("take that out first, or let it describe a source that a fence can stand in for"),
        SwitchError::Form { line } => error
            .at(file, *line)
            .hint("what has to be there, or not, is in docs/operating.md; change it by hand"),
        SwitchError::AddedTo { line } => error.at(file, *line).hint(
            "move what was added out of `[source]` and `[registries.fence]`, or take out all of it by hand",
        ),
    }
}

fn place_shown(place: &ConfigPlace) -> String {
    match place {
        ConfigPlace::File(path) => shown(path),
        ConfigPlace::Variable(_) => place.to_string(),
    }
}

/// What went wrong while facts were gathered, one line each; of many records of one source three are told.
pub(crate) fn problems(problems: &[Problem]) -> Vec<String> {
    const TOLD_OF_A_SOURCE: usize = 3;
    let mut records: BTreeMap<&str, usize> = BTreeMap::new();
    let mut words = Vec::new();
    let never_read = |problem: &Problem| match problem {
        Problem::Feed { name, error: FeedError::NoCopy { .. }, .. } => Some(name.clone()),
        _ => None,
    };
    let unread: Vec<String> = problems.iter().filter_map(never_read).collect();
    if !unread.is_empty() {
        words.push(format!(
            "never read, so nothing is known of what they say: {}; run once without `--offline`",
            unread.join(", ")
        ));
    }
    // Of feeds that are out of reach the first says why: mostly it is one reason for all.
    let mut beyond: Vec<&str> = Vec::new();
    let mut is_first = true;
    for problem in problems.iter().filter(|problem| never_read(problem).is_none()) {
        if let Problem::Feed { name, error: FeedError::Unreachable { .. }, used: None } = problem
            && !std::mem::take(&mut is_first)
        {
            beyond.push(name);
            continue;
        }
        if let Problem::Record { source, .. } = problem {
            let told = records.entry(source).or_default();
            *told += 1;
            if *told > TOLD_OF_A_SOURCE {
                continue;
            }
        }
        words.push(problem_words(problem));
    }
    if !beyond.is_empty() {
        words.push(format!(
            "nor can these feeds be reached, and nothing is known of them: {}",
            beyond.join(", ")
        ));
    }
    for (source, told) in records.into_iter().filter(|(_, told)| *told > TOLD_OF_A_SOURCE) {
        words.push(format!(
            "{source}: and {} more records that cannot be understood",
            told - TOLD_OF_A_SOURCE
        ));
    }
    words
}

fn problem_words(problem: &Problem) -> String {
    let used = |used: &Option<Time>| match used {
        Some(as_of) => format!("; what it said up to {as_of} is used"),
        None => "; nothing is known of it".to_owned(),
    };
    match problem {
        Problem::Feed { error, used: known, .. } => format!("{error}{}", used(known)),
        Problem::FeedInvalid { name, because, used: known } => {
            format!("feed {name} cannot be understood: {because}{}", used(known))
        }
        Problem::Record { .. } => format!("{}; the rest is used", record_words(problem)),
        Problem::IndexOld { registry, crates, error } => format!(
            "{} of {registry} cannot be read again, older facts are used: {error}",
            index_files(crates)
        ),
        Problem::IndexUnread { registry, crates, error } => {
            format!("{} of {registry} cannot be read: {error}", index_files(crates))
        }
        Problem::AgesUntold { registry, crates, error } => format!(
            "{} of {registry} cannot be read, so as new dependencies they count as young: {error}",
            index_files(crates)
        ),
        Problem::IndexShrunk { registry, crates } => format!(
            "all releases vanished from {} of {registry}; what was there before is used, and time stands still",
            index_files(crates)
        ),
        Problem::SharedName { name, judged_by } => {
            format!("{name} is locked from two registries; both are judged by the facts of {judged_by}")
        }
        Problem::Snapshot { path, error } => {
            format!("{} is damaged and was made again: {error}", shown(path))
        }
        Problem::ClockAhead { clock, newest } => {
            format!(
                "the clock shows {clock}, long after all that was read, {newest} at the latest; \
                 `cargo fence update` asks again, if the clock is right"
            )
        }
    }
}

/// Where a record that cannot be understood stands, and why.
fn record_words(problem: &Problem) -> String {
    match problem {
        // What is wrong with an index line says itself of which crate it is.
        Problem::Record { source, because, line: 0, .. } if because.starts_with("index of ") => {
            format!("{source}: {because}")
        }
        Problem::Record { source, place, because, line: 0 } => format!("{source}: {place}: {because}"),
        Problem::Record { source, place, because, line } => {
            format!("{source}: {place}, line {line}: {because}")
        }
        other => problem_words(other),
    }
}

/// `the index file of serde`, `12 index files (serde, syn, quote, …)`.
fn index_files(crates: &[CrateName]) -> String {
    const NAMED: usize = 3;
    match crates {
        [one] => format!("the index file of {one}"),
        many => {
            let mut names: Vec<&str> = many.iter().take(NAMED).map(CrateName::as_str).collect();
            if many.len() > NAMED {
                names.push("…");
            }
            format!("{} index files ({})", many.len(), names.join(", "))
        }
    }
}

impl From<Misuse> for CliError {
    fn from(misuse: Misuse) -> Self {
        match misuse {
            Misuse::BareName(name, locked) => {
                let error =
                    Self::new(format!("an exception is for one release of {name}, not for all of them"));
                match locked.as_slice() {
                    [] => error.hint(format!("write {name}@ and a full version")),
                    locked => {
                        let specs: Vec<_> = locked.iter().map(|r| format!("{name}@{}", r.version)).collect();
                        error.hint(format!("the lockfile has {}", specs.join(", ")))
                    }
                }
            }
            Misuse::NoPackage(word, why) => {
                Self::new(format!("{word:?} is neither a folder, nor a `.crate` file, nor a release: {why}"))
                    .hint("a release is written CRATE or CRATE@VERSION".to_owned())
            }
            Misuse::NotOnAPage(word) => {
                Self::new(format!("a fence shows releases of a crate, and {word:?} is none"))
                    .hint("a folder or a `.crate` file is read without `--web`".to_owned())
            }
            Misuse::UnknownCode(word) => {
                let of_scanner = fence_scan::explanations().map(|of| of.code);
                let words: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).chain(of_scanner).collect();
                let error = Self::new(format!("{word:?} is not a code"));
                let error = match fence_client::project::policy::nearest(&word, &words) {
                    Some(nearest) => error.hint(format!("did you mean `{nearest}`?")),
                    None => error,
                };
                error.hint("all codes: `cargo fence explain --list`")
            }
            Misuse::NoCodes => Self::new("an exception names the codes that it overrides").hint(
                "`cargo fence why` names those that stand against a release; write them after `--codes`",
            ),
            Misuse::NoReason => Self::new("an exception gives a reason")
                .hint("write what makes this release safe enough for you after `--because`"),
            Misuse::NoComment => Self::new("a statement says why")
                .hint("write after `-m` what you looked at, and what makes you say so"),
            Misuse::UnsignableName(name) => {
                Self::new(format!("{name} alone is no release, and only what has bytes is signed"))
                    .hint(format!("write `{name}@VERSION`"))
            }
            Misuse::OneBaseForMany => Self::new("`--from` names one version, and several releases are to be signed")
                .hint("sign each release by itself where the change was read"),
            Misuse::OwnBase(release) => Self::new(format!("`--from` names {release} itself"))
                .hint("write the version from which you read the change"),
            Misuse::DiffOfNothing => Self::new("`--rests-on diff` does not say from which release the change was read")
                .hint("write `--from VERSION`"),
            Misuse::BaseOfNoDiff => Self::new("`--from` is for approvals that rest on a diff")
                .hint("leave out `--rests-on`, or `--from`; an audit with `--from` says that a change was audited"),
            Misuse::NowhereToWrite => Self::new("there is no project here to keep the statement")
                .hint("run this in the project, or name a folder with `--to FOLDER`"),
            Misuse::NoSignerName(None) => Self::new("nobody says who signs")
                .hint("write `--as NAME`, as the allowed signers call you, or set git's `user.email`"),
            Misuse::NoSignerName(Some(email)) => {
                Self::new(format!("git's `user.email` is {email:?}, and no signer can be called so"))
                    .hint("write `--as NAME`, as the allowed signers call you")
            }
            Misuse::DigestNeeded(digests) => {
                let named: Vec<String> = digests.iter().map(|digest| format!("--digest {digest}")).collect();
                Self::new("nobody sits at a terminal to agree to this, so nothing was signed")
                    .hint(format!("look at what is shown above; if it is what you want to sign, add `{}`", named.join(" ")))
            }
            Misuse::OtherDigest { what, named, is } => {
                Self::new(format!("`--digest` names {named}, and {what} has {is}: nothing was signed"))
                    .hint("what you looked at is not what is here now: look again")
            }
            Misuse::DigestCount { named, signed } => {
                Self::new(format!("`--digest` names {named}, and {signed} would be signed: nothing was"))
                    .hint("write `--digest` once for each, in their order")
            }
            Misuse::NotSigned => Self::new("nothing was signed, as you said"),
            Misuse::NotYours { file, signer } => {
                Self::new(format!("{} is a statement of {signer}, who alone can withdraw it", shown(&file)))
                    .hint("to say that you think otherwise, sign an objection")
            }
            Misuse::WithdrawsWithdrawal(file) => {
                Self::new(format!("{} is a withdrawal, and to withdraw one changes nothing", shown(&file)))
                    .hint("sign anew what you now think again")
            }
            Misuse::NothingToImport { file, signer } => {
                Self::new(format!("{} has no audit that {signer} can sign", shown(&file)))
                    .hint(format!("its `who` has to be `{signer}` or `Name <{signer}>`; `--as NAME` signs as somebody else"))
            }
            Misuse::NoSigners(folder) => {
                Self::new(format!("there is no `allowed_signers` in {} or above, so nobody can say", shown(&folder)))
                    .hint("name the file with `--signers FILE`")
            }
            Misuse::UnreadableEnd(text) => {
                Self::new(format!("{text:?} is neither a day nor a length of time"))
                    .hint("write `--until 2026-12-01` or `--until \"7 days\"`")
            }
            Misuse::EndsBeforeNow(text) => {
                Self::new(format!("the end, {text}, is past"))
            }
            Misuse::EndsTooLate(text) => Self::new(format!(
                "the exception would end on {text}, and none lasts longer than {LONGEST_EXCEPTION}"
            ))
            .hint("choose an earlier end; the exception can be renewed then, by somebody who looks again"),
            Misuse::NotLocked(name) => Self::new(format!("the lockfile has no release of {name}"))
                .hint("`cargo fence list` prints all releases that it has"),
            Misuse::UnknownRelease(release) => {
                Self::new(format!("neither the lockfile nor the index has {release}, and no fence here saw it"))
                    .hint(format!("`cargo fence why {}` shows what is locked", release.name))
            }
            Misuse::NotRead(release) => {
                let ReleaseId { name, version } = &release;
                Self::new(format!("the lockfile has no release of {name}, so its index file was not read"))
                    .hint(format!(
                        "a fence that stands tells of all releases: `cargo fence serve`, and then \
                         http://{USUAL_ADDRESS}/{CRATES_IO}/crate/{name}/{version}"
                    ))
                    .hint(format!("`cargo fence scan {name}@{version}` looks at the package itself"))
            }
            Misuse::Locked(what) => {
                Self::new(format!("{what} has to be written, and `--locked` or `--frozen` forbids it"))
            }
            Misuse::AlreadySetUp(file) => {
                let file = shown(&file);
                Self::new(format!("{file} is there: this project is set up")).hint(format!(
                    "to record a new baseline, and excuse all that is locked now, delete {file} first"
                ))
            }
            Misuse::OtherLevel(file) => {
                Self::new(format!("{} is there and says another level", shown(&file)))
                    .hint("change the level in the file, or leave `--level` out")
            }
            Misuse::NoSuchFeed(name, path) => {
                Self::new(format!("--feed {name}: {} does not exist", shown(&path)))
                    .hint("name a folder, an archive (.tar, .tar.gz, .tar.zst, .zip) or a file")
            }
            Misuse::NothingToCompare => Self::new("--format markdown tells what came in with a change")
                .hint("`--compare origin/main` says where the change began"),
            Misuse::NotJudged(name) => Self::new(format!("no release of {name} is judged"))
                .hint("name a crate of Cargo.lock that is not the project's own; `cargo fence list` has them"),
            Misuse::NothingKnownBefore => Self::new("nothing says which duplicates were there before")
                .hint("`cargo fence init` records what is locked today; `--compare origin/main` compares with a change's beginning"),
            Misuse::LockfileElsewhere(path) => {
                Self::new(format!("{} is not in the project's repository, so it has no past there", shown(&path)))
                    .hint("`--manifest-path` says which project is meant")
            }
            Misuse::PanicsFormat => Self::new("where code can panic is told for people and as JSON only")
                .hint("leave out `--format`, or write `--format json`"),
            Misuse::CompareIsForMarkdown => Self::new("--compare is told in one format only")
                .hint("add `--format markdown`"),
            Misuse::CacheFormat => Self::new("what --cache finds is told for people and as JSON only")
                .hint("leave out `--format`, or write `--format json`"),
            Misuse::NobodyToAsk => Self::new("nothing was removed: there is no terminal to ask on")
                .hint("add `--yes` to remove it without a question"),
            Misuse::NoSuchIndex(path) => Self::new(format!("--index: {} is not a folder", shown(&path)))
                .hint("name a folder of index files, laid out as a sparse index: 1/a, 2/ab, 3/a/abc, ab/cd/abcd"),
            Misuse::NoStateFolder => Self::new("there is no folder for what the fence sees of registries")
                .hint("set HOME, or CARGO_FENCE_STATE to a folder that is kept"),
            Misuse::NoRegistryName(name) => {
                Self::new(format!("--registry {name:?}: no registry can have this name"))
                    .hint("name one of `[registries]` in cargo's configuration: letters, digits, `-` and `_`")
            }
            Misuse::NoUrl(address) => {
                Self::new(format!("--listen {address} means every address of this machine, and clients ask one"))
                    .hint("add `--url` with the address under which they reach the fence")
            }
            Misuse::NoSuchTokens(file) => Self::new(format!("--tokens {}: there is no such file", shown(&file)))
                .hint("write a token on each line of it, or leave `--tokens` out to serve everybody"),
            Misuse::NoTokens(file) => Self::new(format!("--tokens {}: there is no token in it", shown(&file)))
                .hint("write one on each line, or leave `--tokens` out to serve everybody"),
            Misuse::NoAddress(text) => {
                Self::new(format!("CARGO_FENCE_LISTEN is {text:?}, which is no address and port"))
                    .hint("write it as 127.0.0.1:7343")
            }
            Misuse::PortsTaken(address) => {
                Self::new(format!("other programs listen at {address} and at the ports after it"))
                    .hint("set CARGO_FENCE_LISTEN to an address and port that is free")
            }
            Misuse::NoCargoHome => Self::new("there is no folder for cargo's configuration")
                .hint("set HOME, or CARGO_HOME to cargo's folder"),
            Misuse::NoProject(folder) => {
                let here = shown(&folder);
                let here = if here == "." { "the current folder".to_owned() } else { here };
                Self::new(format!("no Cargo.toml in {here} or above it, so that no project is meant"))
                    .hint("`--global` is for all that you do with cargo; `--manifest-path` names a project")
            }
            Misuse::OldConfig(file) => Self::new(format!(
                "{} is there, and cargo prefers it to config.toml: what would be written there has no effect",
                shown(&file)
            ))
            .hint("cargo reads config.toml as well by now: rename the file, and run this again"),
            Misuse::LinkedConfig(path) => Self::new(format!(
                "{} is a link, and what it leads to is not changed from here",
                shown(&path)
            ))
            .hint("what has to be written is in docs/operating.md; write it where the link leads"),
            Misuse::ReadOnlyConfig(file) => Self::new(format!("{} is read-only", shown(&file)))
                .hint("make it writable, and run this again"),
            Misuse::ChangedMeanwhile(file) => {
                Self::new(format!("{} was changed by somebody else meanwhile, and was left alone", shown(&file)))
                    .hint("run this again to see the change that it takes now")
            }
            Misuse::NoConsent => Self::new("nothing was changed: there is no terminal to ask on")
                .hint("add `--yes` to change it without a question"),
            Misuse::NoFenceUrl(url) => Self::new(format!("--url {url:?} is no address of a fence"))
                .hint("write it as https://fence.example.net; names and tokens do not belong there"),
            Misuse::NameTaken(key, place) => {
                Self::new(format!("`{key}` is taken by {}, and is not this fence", place_shown(&place)))
                    .hint("rename it there, or name its own address with `--url` if it is the fence that is meant")
            }
            Misuse::NotBehindAFence(location, place) => {
                let by = place.map(|place| format!(", says {}", place_shown(&place))).unwrap_or_default();
                match location {
                    IndexLocation::Vendored(folder) => Self::new(format!(
                        "crates.io is replaced with the folder {}{by}: cargo downloads nothing, and asks no fence",
                        shown(&folder)
                    ))
                    .hint("`cargo fence check` judges what is locked; a fence is for those who vendor it"),
                    IndexLocation::Folder(folder) => Self::new(format!(
                        "crates.io is replaced with the local registry {}{by}: cargo asks no fence",
                        shown(&folder)
                    ))
                    .hint("`cargo fence check` judges what is locked"),
                    IndexLocation::Git(url) | IndexLocation::Sparse(url) => Self::new(format!(
                        "crates.io is replaced with {url}{by}, and a fence cannot read an index in git"
                    ))
                    .hint("if the mirror has a sparse index, name that: an address that begins with `sparse+`"),
                }
            }
            Misuse::NoSystemd => Self::new("services are described to systemd, which this system does not have")
                .hint("let what starts programs here start `cargo fence serve` in the project's folder"),
            Misuse::NoConfigFolder => Self::new("there is no folder for the configuration of services")
                .hint("set HOME, or XDG_CONFIG_HOME"),
            Misuse::LinkedService(file) => Self::new(format!(
                "{} is a link, and neither it nor what it leads to is changed from here",
                shown(&file)
            ))
            .hint("`systemctl --user mask` makes such a link, and `unmask` removes it; remove any other one by hand"),
            Misuse::ServiceTaken(file) => {
                Self::new(format!("{} is there, and was written by somebody else", shown(&file)))
                    .hint("rename it, or serve at another port with `--listen`: its service has another name")
            }
            Misuse::NoSuchService { file, others } => Self::new(format!("there is no {}", shown(&file)))
                .hint(format!(
                    "{} is there; `--listen 127.0.0.1:PORT` says which is meant, by its port",
                    others.join(", ")
                )),
            Misuse::ServiceFailed { line, said } => Self::new(format!("`{line}` failed: {said}"))
                .hint("`journalctl --user -u 'cargo-fence*'` shows what the fence said"),
            Misuse::UnspeakableWord(word) => {
                Self::new(format!("{word:?} cannot be written into the file of a service"))
                    .hint("rename what it names: control characters, and all but UTF-8, have no place there")
            }
            Misuse::MirrorIsRegistry { name, index, place } => Self::new(format!(
                "crates.io is replaced with the registry {name:?}, says {}, and cargo lets nothing stand in for a \
                 registry",
                place_shown(&place)
            ))
            .hint(format!(
                "describe it as a source as well, and the fence is put in front of it: \
                 `[source.{name}-mirror]` with `registry = \"sparse+{index}\"`, and `replace-with = \"{name}-mirror\"`"
            )),
        }
    }
}
