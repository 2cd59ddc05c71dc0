//! The repository that a package says it was made from, read with the installed `git`.
//!
//! ```text
//! package ──> origin: commit, folder, address ──> Repository ──> tree, paired with the package ──> blobs ──> scanner
//!                                                     └──> tags, branches, authors                            │
//!                                                                      Records, by the package's digest <─────┘
//! ```
//!
//! The address stands in a manifest, so a stranger chose it: it is asked over `https` alone, behind `--`, without prompts,
//! hooks, submodules and the user's configuration, and nothing is checked out. Somebody who names a repository may name a
//! clone on this machine or use `ssh` and `file`. What is fetched lies in a bare repository that is removed again.

mod record;
mod repository;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fence_scan::against::{Against, Difference, DifferenceKind, FileKind, Pair};
use fence_scan::origin::{Counterpart, Origin, Stated, clone_address, is_hash};
use serde::{Deserialize, Serialize};

use crate::cache::{Cache, CacheError};
use crate::feed::git::Address;
use crate::http::{HttpSettings, Network};
use crate::limits::Limits;
use crate::scanner::{Packed, Scanner};

pub use record::{Record, Records, Told, Weight};
use repository::Repository;

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

impl Source {
    /// Whether all of a package that a build reads was seen to be its repository's, in a commit to which a branch or tag leads.
    pub fn matches(&self) -> bool {
        let is_doubted =
            |fact: &Fact| matches!(fact, Fact::NoSuchCommit | Fact::OnNoBranch | Fact::NoHistory { .. });
        let is_in_doubt = |one: &Difference| {
            let is_built = matches!(one.file, FileKind::Build | FileKind::Binary | FileKind::Code);
            one.kind.is_grave() || (one.kind == DifferenceKind::NotCompared && is_built)
        };
        let against = self.against.as_ref();
        against.is_some_and(|of| !of.differences.iter().any(is_in_doubt))
            && !self.facts.iter().any(is_doubted)
    }
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
        // A worker read it, and whatever it read may have told it what to say.
        if !is_hash(&commit) {
            return Err(SourceError::Package("it names a commit that is none".to_owned()));
        }
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
            match tags.first().filter(|(_, commit)| repository.brings(commit)) {
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
    match history.is_led_to(commit) {
        Ok(true) => {}
        Ok(false) => facts.push(Fact::OnNoBranch),
        Err(why) => facts.push(Fact::NoHistory { why: why.to_string() }),
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
