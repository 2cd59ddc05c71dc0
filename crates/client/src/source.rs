//! The repository that a package says it was made from, read with the installed `git`.
//!
//! ```text
//! package ──> origin: commit, folder, address ──> Repository ──> tree, paired with the package ──> blobs ──> scanner
//!                                                     └──> tags, branches, authors
//! ```
//!
//! The address stands in a manifest, so a stranger chose it: it is asked over `https` alone, behind `--`, without prompts,
//! hooks, submodules and the user's configuration, and nothing is checked out. Somebody who names a repository may name a
//! clone on this machine or use `ssh` and `file`. What is fetched lies in a bare repository that is removed again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use fence_scan::against::{Against, Pair};
use fence_scan::origin::{self, Counterpart, ListingError, Origin, Stated, Tree, clone_address};
use serde::Serialize;

use crate::cache::{Cache, CacheError};
use crate::feed::git::{self, Address, GitError, Reach};
use crate::http::{HttpSettings, Network};
use crate::limits::Limits;
use crate::process::{self, Bounds, ProcessError};
use crate::scanner::{Packed, Scanner};

/// Where a repository is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A clone on this machine, bare or not.
    Clone(PathBuf),
    /// An address that `git` may be asked to fetch from.
    Address {
        /// The address, without what forges put behind it.
        url: String,
        /// Whose word it is.
        by: By,
    },
}

/// Whose word an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The package's.
    Manifest,
    /// The user's.
    User,
}

/// Why a repository gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The package names no repository, and nobody else did.
    #[error("the manifest names no repository")]
    NoAddress,
    /// An address that is not asked.
    #[error("{url:?} is not asked: {why}")]
    Refused {
        /// The address.
        url: String,
        /// Why.
        why: &'static str,
    },
    /// The network is not to be used.
    #[error("{0} is on another machine, and the network is not to be used")]
    Offline(String),
    /// A folder that is no repository.
    #[error("{} is no git repository that can be read: {why}", path.display())]
    NoRepository {
        /// The folder.
        path: PathBuf,
        /// What `git` said.
        why: String,
    },
    /// The repository could not be had.
    #[error("{place} cannot be fetched: {why}")]
    Unreachable {
        /// Where it is.
        place: String,
        /// What `git` said.
        why: String,
    },
    /// What it holds cannot be read.
    #[error("the repository cannot be read: {0}")]
    Unreadable(String),
    /// The program `git` cannot be started.
    #[error("git {0}")]
    NoGit(String),
    /// The package could not be read.
    #[error("the scanner did not come to an end with this package: {0}")]
    Package(String),
    /// There is no room for what is fetched.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

impl SourceError {
    /// What to do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoAddress | Self::Refused { .. } => {
                "name a clone or an address that you trust with `--repository`"
            }
            Self::Offline(_) => "leave `--offline` out, or name a clone with `--repository`",
            Self::NoRepository { .. } => "`--repository` takes the folder of a clone, or an address",
            Self::Unreachable { .. } => "clone it by other means, and name the clone with `--repository`",
            Self::NoGit(_) => "install git",
            Self::Unreadable(_) | Self::Package(_) => "",
            Self::Cache(error) => error.hint(),
        }
    }
}

impl Place {
    /// What somebody named: a folder that is there is a clone, all else is an address.
    ///
    /// # Errors
    /// [`SourceError::Refused`].
    pub fn named(text: &str, folder: &Path) -> Result<Self, SourceError> {
        let path = folder.join(text);
        if path.is_dir() {
            return Ok(Self::Clone(path));
        }
        let why = "it is neither a folder, nor an address of https, ssh or file";
        let url = Address::parse(text).ok_or_else(|| SourceError::Refused { url: text.to_owned(), why })?;
        Ok(Self::Address { url: url.as_str().to_owned(), by: By::User })
    }

    /// What a manifest has as `repository` ([`clone_address`]).
    ///
    /// # Errors
    /// [`SourceError::NoAddress`], [`SourceError::Refused`].
    pub fn of_manifest(text: &str) -> Result<Self, SourceError> {
        if text.is_empty() {
            return Err(SourceError::NoAddress);
        }
        match clone_address(text) {
            Ok(url) => Ok(Self::Address { url, by: By::Manifest }),
            Err(why) => Err(SourceError::Refused { url: text.to_owned(), why }),
        }
    }

    /// How people call it.
    pub fn shown(&self) -> String {
        match self {
            // Where on this machine a clone lies is nothing that others need.
            Self::Clone(path) => path.file_name().map_or_else(
                || "the clone".to_owned(),
                |name| format!("the clone {}", name.to_string_lossy()),
            ),
            Self::Address { url, .. } => crate::http::shown(url),
        }
    }
}

/// What is known of where a package comes from, beside what is in its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "fact", rename_all = "kebab-case")]
pub enum Fact {
    /// The package does not say which commit it was made from.
    NoCommitStated,
    /// What it says of its commit cannot be read.
    Unreadable {
        /// Why.
        why: String,
    },
    /// Files were changed and not committed when it was made.
    Dirty,
    /// The repository does not have the commit.
    NoSuchCommit,
    /// No branch and no tag of the repository leads to the commit: anybody's fork may be where it comes from.
    OnNoBranch,
    /// The package does not say its folder, as those of old cargos: it was taken to be the one with most of its files.
    FolderGuessed {
        /// The folder; empty for the root.
        folder: String,
    },
    /// The commit has nothing in the package's folder.
    NoSuchFolder {
        /// The folder.
        folder: String,
    },
    /// Nothing but the tag's commit could be compared with.
    ComparedWithTag {
        /// The tag.
        tag: String,
    },
    /// A tag of the release is on the commit.
    Tagged {
        /// The tag.
        tag: String,
    },
    /// A tag of the release is on another commit: it moved, or the package was made from elsewhere.
    TagElsewhere {
        /// The tag.
        tag: String,
        /// The commit that it is on.
        commit: String,
        /// Whether the package's folder is the same there; none where that is not known.
        same_files: Option<bool>,
    },
    /// The repository has no tag that is called like the release.
    NoTag,
    /// Tags, branches and authors are not known.
    NoHistory {
        /// Why.
        why: String,
    },
    /// Who is new cannot be told: the older release says no commit, or the repository does not have that.
    NoBase {
        /// The older release's version.
        version: String,
    },
}

/// Who has commits in a release, and none before the release that it is compared with. Names and addresses are the authors'
/// own words: git verifies none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Authors {
    /// The older release's version.
    pub since: String,
    /// Commits between the two.
    pub commits: u64,
    /// Their authors, by address.
    pub authors: u64,
    /// Those who are new.
    pub new: Vec<Author>,
}

/// An author of commits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Author {
    /// The name, as its first commit has it.
    pub name: String,
    /// The address.
    pub email: String,
    /// Commits between the two releases.
    pub commits: u64,
    /// Whether the same name has earlier commits under another address.
    pub is_known_name: bool,
}

/// A package beside its source.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// What the package says.
    pub origin: Origin,
    /// What is known beside its files.
    pub facts: Vec<Fact>,
    /// What came of comparing; none where there is nothing to compare with.
    pub against: Option<Against>,
    /// Files of the folder that the package has not.
    pub left_out: u64,
    /// Who is new; none where that was not asked or cannot be told.
    pub authors: Option<Authors>,
    /// What the scanner's process could not be kept from.
    pub open: Vec<String>,
}

/// Looks at a package's repository.
#[derive(Debug)]
pub struct Looker<'a> {
    /// Reads packages.
    pub scanner: &'a Scanner,
    /// Where what is fetched lies.
    pub cache: &'a Cache,
    /// How the network is used, if it is.
    pub network: &'a Network,
    /// How `git` is to use it.
    pub settings: &'a HttpSettings,
    /// Bounds.
    pub limits: Limits,
}

impl Looker<'_> {
    /// Compares `package` with its repository: the one at `place`, else the one that it names. With `base`, an older release
    /// and its version, it tells who is new since then.
    ///
    /// # Errors
    /// [`SourceError`]; what is wrong with the package's own words is a [`Fact`].
    pub fn look(
        &self,
        package: &Packed,
        place: Option<&Place>,
        base: Option<(&str, &Packed)>,
    ) -> Result<Source, SourceError> {
        let read = self.scanner.origin(package).map_err(SourceError::Package)?;
        let mut source = Source {
            origin: read.result,
            facts: Vec::new(),
            against: None,
            left_out: 0,
            authors: None,
            open: read.open,
        };
        let (commit, folder) = match &source.origin.commit {
            Stated::Nothing => {
                source.facts.push(Fact::NoCommitStated);
                return Ok(source);
            }
            Stated::Unreadable(why) => {
                source.facts.push(Fact::Unreadable { why: why.clone() });
                return Ok(source);
            }
            Stated::Commit { hash, folder, dirty } => {
                if *dirty {
                    source.facts.push(Fact::Dirty);
                }
                (hash.clone(), folder.clone())
            }
        };
        let named;
        let place = match place {
            Some(place) => place,
            None => {
                named = Place::of_manifest(&source.origin.repository)?;
                &named
            }
        };
        let repository = Repository::open(self, place, &commit)?;
        let tags = repository.history.as_ref().map_or_else(
            |why| {
                source.facts.push(Fact::NoHistory { why: why.clone() });
                Vec::new()
            },
            |history| history.tags_of(&source.origin.name, &source.origin.version),
        );
        let mut compared = commit.clone();
        let is_there = repository.files.has(&commit);
        if !is_there {
            source.facts.push(Fact::NoSuchCommit);
            match tags.first().filter(|(_, commit)| repository.files.has(commit)) {
                Some((tag, commit)) => {
                    source.facts.push(Fact::ComparedWithTag { tag: tag.clone() });
                    compared.clone_from(commit);
                }
                None => return Ok(source),
            }
        }
        let tree = repository.files.tree(&compared)?;
        let folder = folder.unwrap_or_else(|| {
            let folder = tree.folder_like(&source.origin);
            source.facts.push(Fact::FolderGuessed { folder: folder.clone() });
            folder
        });
        if is_there {
            tell_of_tags(&repository, &tags, &commit, &folder, &mut source.facts);
        }
        if !tree.has_folder(&folder) {
            source.facts.push(Fact::NoSuchFolder { folder });
            return Ok(source);
        }
        let plan = tree.plan(&source.origin, &folder);
        source.left_out = tree.left_out(&plan, &folder) as u64;
        let above = tree.manifests_above(&folder);
        let mut found = repository.files.blobs(plan.iter().map(|(_, of)| of).chain(&above))?;
        let object_of = |of: &Counterpart| match of {
            Counterpart::File { object, .. } => Some(object.clone()),
            _ => None,
        };
        let workspaces: Vec<Vec<u8>> =
            above.iter().filter_map(object_of).filter_map(|object| found.get(&object).cloned()).collect();
        let mut uses: BTreeMap<String, usize> = BTreeMap::new();
        for object in plan.iter().filter_map(|(_, of)| object_of(of)) {
            *uses.entry(object).or_default() += 1;
        }
        let pairs: Vec<Pair> = plan
            .into_iter()
            .map(|(path, of)| {
                let bytes = object_of(&of).and_then(|object| {
                    let left = uses.get_mut(&object)?;
                    *left -= 1;
                    // Most are one file's alone, and need not be copied.
                    if *left == 0 { found.remove(&object) } else { found.get(&object).cloned() }
                });
                Pair::of(path, of, bytes)
            })
            .collect();
        let compared_with =
            self.scanner.against(package, &pairs, &workspaces).map_err(SourceError::Package)?;
        source.against = Some(compared_with.result);
        if let (Some((version, base)), Ok(history)) = (base, &repository.history) {
            let older = self.scanner.origin(base).map_err(SourceError::Package)?.result;
            source.authors = match older.commit {
                Stated::Commit { hash, .. } if history.has(&hash) && history.has(&compared) => {
                    Some(history.authors(version, &hash, &compared)?)
                }
                _ => None,
            };
            if source.authors.is_none() {
                source.facts.push(Fact::NoBase { version: version.to_owned() });
            }
        }
        Ok(source)
    }
}

/// What branches and tags say of the commit.
fn tell_of_tags(
    repository: &Repository<'_>,
    tags: &[(String, String)],
    commit: &str,
    folder: &str,
    facts: &mut Vec<Fact>,
) {
    let Ok(history) = &repository.history else { return };
    if !history.is_led_to(commit) {
        facts.push(Fact::OnNoBranch);
    }
    if let Some((tag, _)) = tags.iter().find(|(_, on)| on == commit) {
        facts.push(Fact::Tagged { tag: tag.clone() });
        return;
    }
    match tags.first() {
        None => facts.push(Fact::NoTag),
        Some((tag, on)) => {
            let folder_at = |commit: &str| history.object(&format!("{commit}:{folder}"));
            let same_files = match (folder_at(commit), folder_at(on)) {
                (Some(here), Some(there)) => Some(here == there),
                _ => None,
            };
            facts.push(Fact::TagElsewhere { tag: tag.clone(), commit: on.clone(), same_files });
        }
    }
}

/// A repository that can be read.
struct Repository<'a> {
    /// The one that has the files of the commit.
    files: Objects<'a>,
    /// The one that has all commits; else why there is none.
    history: Result<Objects<'a>, String>,
    /// What was fetched, and goes with this value.
    _fetched: Vec<git::Repository>,
}

/// A folder of objects that `git` reads.
#[derive(Clone)]
struct Objects<'a> {
    folder: PathBuf,
    settings: &'a HttpSettings,
    limits: Limits,
}

/// Bytes of answers that are a line.
const SHORT: usize = 64 << 10;

impl<'a> Repository<'a> {
    fn open(looker: &Looker<'a>, place: &Place, commit: &str) -> Result<Self, SourceError> {
        let objects = |folder: PathBuf| Objects { folder, settings: looker.settings, limits: looker.limits };
        match place {
            Place::Clone(path) => {
                let no_repository = |why: String| SourceError::NoRepository { path: path.clone(), why };
                let mut command = git::git(looker.settings);
                command.arg("-C").arg(path).args(["rev-parse", "--absolute-git-dir"]);
                let bounds = Bounds { seconds: looker.limits.git_seconds, bytes: SHORT };
                let said = process::run(command, Vec::new(), bounds)
                    .map_err(|error| no_git(&error).unwrap_or_else(|| no_repository(error.to_string())))?;
                let files = objects(line(&said).into());
                let is_shallow = files.ask(&["rev-parse", "--is-shallow-repository"], &[], SHORT)?;
                let history = match line(&is_shallow).as_str() {
                    "false" => Ok(files.clone()),
                    _ => Err("the clone is shallow".to_owned()),
                };
                Ok(Self { files, history, _fetched: Vec::new() })
            }
            Place::Address { url, by } => {
                let address = Address::parse(url).ok_or_else(|| SourceError::Refused {
                    url: url.clone(),
                    why: "it is no address of https, ssh or file",
                })?;
                if matches!(looker.network, Network::Offline) && address.reach() == Reach::Remote {
                    return Err(SourceError::Offline(place.shown()));
                }
                let create = || {
                    git::Repository::create(looker.cache).map_err(|error| match error {
                        GitError::Cache(error) => SourceError::Cache(error),
                        error => SourceError::Unreadable(error.to_string()),
                    })
                };
                let (first, second) = (create()?, create()?);
                let (files, history) = (objects(first.0.clone()), objects(second.0.clone()));
                files.create(commit)?;
                match files.fetch(&address, *by, &["--depth=1"], &[&format!("{commit}:refs/fence")]) {
                    // Where the commit is not there, what follows says so.
                    Ok(_) => {}
                    Err(GitError::NotStarted(why)) => return Err(SourceError::NoGit(why)),
                    Err(error) => {
                        return Err(SourceError::Unreachable {
                            place: place.shown(),
                            why: error.to_string(),
                        });
                    }
                }
                history.create(commit)?;
                let all = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"];
                // Commits without their files.
                let told = history.fetch(&address, *by, &["--filter=tree:0"], &all);
                let history = told.map(|_| history).map_err(|error| error.to_string());
                Ok(Self { files, history, _fetched: vec![first, second] })
            }
        }
    }
}

impl Objects<'_> {
    fn ask(&self, words: &[&str], input: &[u8], bytes: usize) -> Result<Vec<u8>, SourceError> {
        self.run(words, input, bytes).map_err(|error| {
            no_git(&error).unwrap_or_else(|| SourceError::Unreadable(plain(&error, &self.limits)))
        })
    }

    fn run(&self, words: &[&str], input: &[u8], bytes: usize) -> Result<Vec<u8>, ProcessError> {
        let mut command = git::git(self.settings);
        command.arg("--git-dir").arg(&self.folder).arg("--literal-pathspecs").args(words);
        process::run(command, input.to_vec(), Bounds { seconds: self.limits.git_seconds, bytes })
    }

    fn create(&self, commit: &str) -> Result<(), SourceError> {
        let format = if commit.len() == 64 { "--object-format=sha256" } else { "--object-format=sha1" };
        self.ask(&["init", "--quiet", "--bare", "--template=", format], &[], SHORT).map(|_| ())
    }

    /// Fetches, and says whether what was asked for is there. A server that gives no single commits is one that cannot be
    /// asked: the commit may be there.
    fn fetch(&self, address: &Address, by: By, how: &[&str], what: &[&str]) -> Result<bool, GitError> {
        let mut command = git::git(self.settings);
        if by == By::Manifest {
            command.env("GIT_ALLOW_PROTOCOL", "https");
        }
        command.arg("--git-dir").arg(&self.folder).args([
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-recurse-submodules",
            "--no-write-fetch-head",
        ]);
        command.args(how).args(["--", address.as_str()]).args(what);
        let bounds = Bounds { seconds: self.limits.git_seconds, bytes: SHORT };
        let most = self.limits.repository_bytes;
        let may_go_on = || match takes_at_most(&self.folder, most) {
            true => Ok(()),
            false => Err(format!("more than {most} bytes came")),
        };
        match process::run_while(command, Vec::new(), bounds, &may_go_on) {
            Ok(_) => Ok(true),
            Err(error) => {
                let text = error.to_string();
                match ["not our ref", "couldn't find remote ref"].iter().any(|phrase| text.contains(phrase)) {
                    true => Ok(false),
                    false => Err(git::remote(error, &self.limits)),
                }
            }
        }
    }

    /// The object that a name leads to.
    fn object(&self, name: &str) -> Option<String> {
        let said = self.run(&["rev-parse", "--verify", "--quiet", "--end-of-options", name], &[], SHORT);
        said.ok().map(|said| line(&said)).filter(|hash| origin::is_hash(hash))
    }

    /// Whether a commit is there.
    fn has(&self, commit: &str) -> bool {
        self.run(&["cat-file", "-e", &format!("{commit}^{{commit}}")], &[], SHORT).is_ok()
    }

    /// Whether a branch or a tag leads to a commit.
    fn is_led_to(&self, commit: &str) -> bool {
        let words = ["for-each-ref", "--count=1", "--format=%(refname)", "--contains", commit];
        self.run(&words, &[], SHORT).is_ok_and(|said| !said.is_empty())
    }

    /// The tags that are called like a release, those with the crate's name first, each with its commit.
    fn tags_of(&self, name: &str, version: &str) -> Vec<(String, String)> {
        // What stands behind a plus is left out by many.
        let short = version.split('+').next().unwrap_or(version);
        let versions = if short == version { vec![version] } else { vec![version, short] };
        let named: Vec<String> = versions
            .iter()
            .flat_map(|version| {
                ["-v", "-", "@", "@v", "/v", "/", "_v", "_"]
                    .map(|between| format!("{name}{between}{version}"))
            })
            .collect();
        let plain: Vec<String> = versions
            .iter()
            .flat_map(|version| {
                ["v", "", "v/", "release-", "release/"].map(|before| format!("{before}{version}"))
            })
            .collect();
        let find = |tags: &[String]| -> Vec<(String, String)> {
            let find =
                |tag: &String| Some((tag.clone(), self.object(&format!("refs/tags/{tag}^{{commit}}"))?));
            tags.iter().filter_map(find).collect()
        };
        let found = find(&named);
        if found.is_empty() { find(&plain) } else { found }
    }

    fn tree(&self, commit: &str) -> Result<Tree, SourceError> {
        let most = self.limits.feed_entries;
        let listing = most.saturating_mul(self.limits.path_bytes);
        let listing = self.ask(&["ls-tree", "-r", "-z", "-l", "--full-tree", commit], &[], listing)?;
        let mut tree = Tree::parse(&listing, most).map_err(|error| {
            SourceError::Unreadable(match error {
                ListingError::TooMany(most) => format!("it holds more than {most} files"),
                ListingError::Unreadable(line) => format!("line {line} of what git lists is none"),
            })
        })?;
        let links = tree.unread_links();
        let wanted: Vec<Counterpart> = links
            .iter()
            .map(|(path, entry)| Counterpart::File {
                path: path.clone(),
                object: entry.object.clone(),
                size: entry.size,
            })
            .collect();
        let targets = self.blobs(&wanted)?;
        for (path, entry) in links {
            if let Some(target) = targets.get(&entry.object) {
                tree.lead(path, target);
            }
        }
        Ok(tree)
    }

    /// The bytes of files, by their objects. What is larger than the limits allow, or is missing, is not among them.
    fn blobs<'b>(
        &self,
        wanted: impl IntoIterator<Item = &'b Counterpart>,
    ) -> Result<BTreeMap<String, Vec<u8>>, SourceError> {
        let mut left = self.limits.feed_kept_bytes;
        let mut asked = BTreeSet::new();
        for of in wanted {
            if let Counterpart::File { object, size, .. } = of
                && let Ok(size) = usize::try_from(*size)
                && size <= left
                && asked.insert(object.as_str())
            {
                left -= size;
            }
        }
        let input: String = asked.iter().map(|object| format!("{object}\n")).collect();
        let most = self.limits.feed_kept_bytes - left + asked.len() * 128;
        let answers = self.ask(&["cat-file", "--batch"], input.as_bytes(), most)?;
        contents(&answers).ok_or_else(|| SourceError::Unreadable("what git printed is cut short".to_owned()))
    }

    /// Who has commits after `base` and none up to it.
    fn authors(&self, since: &str, base: &str, commit: &str) -> Result<Authors, SourceError> {
        let log = |range: &str| -> Result<Vec<(String, String)>, SourceError> {
            let words =
                ["log", "-z", "--no-show-signature", "--no-mailmap", "--format=%an%x00%ae", range, "--"];
            let said = self.ask(&words, &[], self.limits.feed_bytes)?;
            let said = String::from_utf8_lossy(&said).into_owned();
            let mut parts = said.split('\0');
            let mut all = Vec::new();
            while let (Some(name), Some(email)) = (parts.next(), parts.next()) {
                all.push((name.to_owned(), email.to_lowercase()));
            }
            Ok(all)
        };
        let newer = log(&format!("{base}..{commit}"))?;
        let older = log(base)?;
        let names: BTreeSet<&str> = older.iter().map(|(name, _)| name.as_str()).collect();
        let emails: BTreeSet<&str> = older.iter().map(|(_, email)| email.as_str()).collect();
        let mut found: BTreeMap<&str, Author> = BTreeMap::new();
        // The first commit comes last.
        for (name, email) in newer.iter().rev() {
            let author = found.entry(email).or_insert_with(|| Author {
                name: name.clone(),
                email: email.clone(),
                commits: 0,
                is_known_name: names.contains(name.as_str()),
            });
            author.commits += 1;
        }
        let authors = found.len() as u64;
        let is_new = |author: &Author| !emails.contains(author.email.as_str());
        let mut new: Vec<Author> = found.into_values().filter(is_new).collect();
        new.sort_by(|a, b| (b.commits, &a.email).cmp(&(a.commits, &b.email)));
        Ok(Authors { since: since.to_owned(), commits: newer.len() as u64, authors, new })
    }
}

/// Reads `cat-file --batch`: `<hash> <kind> <size>`, a line's end, the bytes, a line's end; `<hash> missing` for what is not
/// there.
fn contents(mut answers: &[u8]) -> Option<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    while !answers.is_empty() {
        let end = answers.iter().position(|byte| *byte == b'\n')?;
        let head = std::str::from_utf8(&answers[..end]).ok()?;
        answers = &answers[end + 1..];
        let words: Vec<&str> = head.split(' ').collect();
        match words.as_slice() {
            [_, "missing"] => {}
            [hash, _, size] => {
                let size: usize = size.parse().ok()?;
                found.insert((*hash).to_owned(), answers.get(..size)?.to_vec());
                answers = answers[size..].strip_prefix(b"\n")?;
            }
            _ => return None,
        }
    }
    Some(found)
}

/// Whether what is in a folder has no more bytes than these.
fn takes_at_most(folder: &Path, most: u64) -> bool {
    let mut bytes = 0_u64;
    let mut waiting = vec![folder.to_owned()];
    while let Some(at) = waiting.pop() {
        // What goes while it is counted does not count.
        for entry in fs::read_dir(at).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(about) if about.is_dir() => waiting.push(entry.path()),
                Ok(about) => bytes = bytes.saturating_add(about.len()),
                Err(_) => {}
            }
        }
        if bytes > most {
            return false;
        }
    }
    true
}

/// Where `git` itself is what is missing.
fn no_git(error: &ProcessError) -> Option<SourceError> {
    match error {
        ProcessError::NotStarted(why) => Some(SourceError::NoGit(format!("cannot be started: {why}"))),
        _ => None,
    }
}

/// What `git` said, without control characters.
fn plain(error: &ProcessError, limits: &Limits) -> String {
    error.to_string().chars().filter(|c| !c.is_control()).take(limits.message_bytes).collect()
}

fn line(said: &[u8]) -> String {
    String::from_utf8_lossy(said).trim_end_matches(['\n', '\r']).to_owned()
}
