//! Another revision of the project's repository: what its policy was before a change.
//!
//! A change must not excuse itself, so its judge takes policy, baseline and all that these rest on from where the
//! change began. [`Revision`] names a commit of the repository that a folder lies in and reads files out of it, with
//! the installed `git`; nothing is checked out. [`merge_base`] finds where a change began, for those who did not say.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use fence_model::Time;

use crate::cache::{Cache, CacheError, ContentDigest, Keep, Place};
use crate::environment::Environment;
use crate::feed::git::{self, GitError};
use crate::limits::Limits;
use crate::process::{self, Bounds};

/// A commit of the repository that a folder lies in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// The top folder of the work tree.
    top: PathBuf,
    /// What it was asked for as.
    pub name: String,
    /// Its full hash.
    pub commit: String,
}

/// Why a revision cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RevisionError {
    /// The folder is in no repository, or `git` does not work there.
    #[error("{} is in no git repository that can be read: {why}", folder.display())]
    NoRepository {
        /// The folder.
        folder: PathBuf,
        /// What `git` said.
        why: String,
    },
    /// The repository has no such revision.
    #[error("the repository has no revision `{name}`: {why}")]
    NoRevision {
        /// What was asked for.
        name: String,
        /// What `git` said.
        why: String,
    },
    /// The name may mean several revisions.
    #[error("the name `{name}` is that of {}", refs.join(" and of "))]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// What it may mean, in full.
        refs: Vec<String>,
    },
    /// The repository is a part of another one, whose changes say which revision of it counts.
    #[error("{} is a submodule", top.display())]
    Submodule {
        /// The top folder of its work tree.
        top: PathBuf,
    },
    /// A file of it cannot be read.
    #[error("{name}:{} cannot be read: {why}", file.display())]
    Unreadable {
        /// The revision, as asked for.
        name: String,
        /// The file, from the top of the repository.
        file: PathBuf,
        /// What `git` said.
        why: String,
    },
    /// A copy of it cannot be kept.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

impl RevisionError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::NoRepository { .. } => {
                "`git status` has to work there; in a container it may want `git config --global safe.directory`".into()
            }
            Self::NoRevision { .. } => {
                "fetch it first: CI often has one commit only (`fetch-depth: 0` in actions/checkout)".into()
            }
            Self::Ambiguous { refs, .. } => {
                let full: Vec<String> = refs.iter().map(|name| format!("`{name}`")).collect();
                format!("write in full which is meant: {}", full.join(" or "))
            }
            Self::Submodule { .. } => {
                "a change of the repository that it is a part of could bring in any revision of it; check it in a checkout of its own"
                    .into()
            }
            Self::Unreadable { .. } => "`git fsck` tells whether the repository is whole".into(),
            Self::Cache(error) => error.hint().into(),
        }
    }
}

impl Revision {
    /// The commit that `name` means in the repository of `folder`.
    ///
    /// # Errors
    /// [`RevisionError::NoRepository`], [`RevisionError::Submodule`], [`RevisionError::NoRevision`] and
    /// [`RevisionError::Ambiguous`].
    pub fn find(folder: &Path, name: &str) -> Result<Self, RevisionError> {
        let top = top(folder)?;
        let wanted = format!("{name}^{{commit}}");
        let said = git(&top, &["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted], &[], SHORT);
        let commit = said.map_err(|error| RevisionError::NoRevision {
            name: name.to_owned(),
            // `--quiet` says nothing where there is no such thing.
            why: match error.to_string() {
                text if text.contains("exit status: 1") => "git finds nothing of that name".to_owned(),
                text => text,
            },
        })?;
        let refs = refs_of(&top, name)?;
        if refs.len() > 1 {
            return Err(RevisionError::Ambiguous { name: name.to_owned(), refs });
        }
        Ok(Self { top, name: name.to_owned(), commit: line(&commit) })
    }

    /// The last commit in common with what is checked out: where a change that is checked out began, as a branch off
    /// this revision.
    ///
    /// # Errors
    /// [`RevisionError::NoRevision`] where there is none.
    pub fn common_with_head(self) -> Result<Self, RevisionError> {
        match git(&self.top, &["merge-base", "HEAD", &self.commit], &[], SHORT) {
            Ok(common) => Ok(Self { commit: line(&common), ..self }),
            Err(error) => Err(RevisionError::NoRevision {
                name: format!("HEAD and {}", self.name),
                why: error.to_string(),
            }),
        }
    }

    /// Whether the file or folder at `path` is one of the repository, there or not.
    pub fn covers(&self, path: &Path) -> bool {
        self.inside(path).is_some()
    }

    /// The bytes of the file at `path` in the work tree, as they were; none if there was no such file.
    ///
    /// # Errors
    /// [`RevisionError::Unreadable`], also for what lies outside of the repository.
    pub fn read(&self, path: &Path, limit: u64) -> Result<Option<Vec<u8>>, RevisionError> {
        let Some((kind, object)) = self.object(path)? else { return Ok(None) };
        if kind != "blob" {
            return Ok(None);
        }
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        self.ask(path, &["cat-file", "blob", &object], &[], limit).map(Some)
    }

    /// A copy in the cache of the file or folder at `path` in the work tree, as it was; a folder as an archive. None
    /// if there was neither.
    ///
    /// # Errors
    /// [`RevisionError::Unreadable`], [`RevisionError::Cache`].
    pub fn copy(&self, path: &Path, cache: &Cache) -> Result<Option<PathBuf>, RevisionError> {
        let Some((kind, object)) = self.object(path)? else { return Ok(None) };
        let limits = Limits::DEFAULT;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // Equal objects, equal bytes; the commit gives them their time.
        let key = ContentDigest::of(format!("{} {object}", self.commit).as_bytes()).short();
        let (name, bytes) = if kind == "tree" {
            let (ask, keep) = (self.asker(), |_: &str| true);
            let unreadable = |error: GitError| self.unreadable(path, error.to_string());
            let files = git::files(&ask, &object, &keep, &limits).map_err(unreadable)?;
            let archive = archive(&files, self.committed(path)?);
            (format!("{key}-{name}.tar"), archive.map_err(|error| self.unreadable(path, error.to_string()))?)
        } else {
            let bytes = self.ask(path, &["cat-file", "blob", &object], &[], limits.feed_bytes)?;
            (format!("{key}-{name}"), bytes)
        };
        let place = Place::of(&["revisions", &name]);
        cache.write(&place, &bytes, Keep::ForNow)?;
        Ok(Some(cache.path(&place)))
    }

    /// Whether the files at and below `path` in the work tree are as they were.
    ///
    /// # Errors
    /// [`RevisionError::Unreadable`].
    pub fn is_same(&self, path: &Path) -> Result<bool, RevisionError> {
        let Some(inside) = self.inside(path) else { return Ok(true) };
        let inside = if inside.is_empty() { "." } else { &inside };
        let listing = Limits::DEFAULT.feed_entries * Limits::DEFAULT.path_bytes;
        // A change's own .gitmodules may ask to hear nothing of submodules.
        let diff =
            ["diff", "--name-only", "--no-ext-diff", "--ignore-submodules=none", &self.commit, "--", inside];
        let changed = self.ask(path, &diff, &[], listing)?;
        let untracked =
            self.ask(path, &["ls-files", "--others", "--exclude-standard", "--", inside], &[], listing)?;
        Ok(changed.is_empty() && untracked.is_empty())
    }

    /// How people call a file of it: `origin/main:fence.toml`.
    pub fn shown(&self, path: &Path) -> PathBuf {
        format!("{}:{}", self.name, self.inside(path).unwrap_or_default()).into()
    }

    /// The kind and hash of what was at `path`. Links are followed, as the work tree's are, but not out of the
    /// repository.
    fn object(&self, path: &Path) -> Result<Option<(String, String)>, RevisionError> {
        let inside = self
            .inside(path)
            .ok_or_else(|| self.unreadable(path, "it lies outside of the repository".to_owned()))?;
        if inside.contains('\n') {
            return Err(self.unreadable(path, "its name has more than one line".to_owned()));
        }
        let follow = ["cat-file", "--batch-check=%(objecttype) %(objectname)", "--follow-symlinks"];
        let said = self.ask(path, &follow, format!("{}:{inside}\n", self.commit).as_bytes(), SHORT)?;
        let said = line(&said);
        if let Some((kind @ ("blob" | "tree"), hash)) = said.split_once(' ') {
            return Ok(Some((kind.to_owned(), hash.to_owned())));
        }
        // What leads nowhere, or to what the repository lacks, was meant to be something all the same.
        let named = self.ask(path, &["ls-tree", "--full-tree", &self.commit, "--", &inside], &[], SHORT)?;
        if named.is_empty() && !said.starts_with("symlink ") && !said.starts_with("loop ") {
            return Ok(None);
        }
        Err(self.unreadable(path, "it leads out of the repository, or to what is not there".to_owned()))
    }

    fn committed(&self, path: &Path) -> Result<Time, RevisionError> {
        let commit =
            self.ask(path, &["cat-file", "commit", &self.commit], &[], Limits::DEFAULT.feed_bytes)?;
        git::committed(&commit).ok_or_else(|| self.unreadable(path, "its commit has no time".to_owned()))
    }

    /// `path` from the top of the repository, with `/`; none if it lies outside.
    fn inside(&self, path: &Path) -> Option<String> {
        let inside = path.strip_prefix(&self.top).ok()?;
        let mut parts: Vec<&str> = Vec::new();
        for part in inside.components() {
            match part {
                std::path::Component::Normal(part) => parts.push(part.to_str()?),
                std::path::Component::ParentDir => drop(parts.pop()?),
                _ => {}
            }
        }
        Some(parts.join("/"))
    }

    fn ask(&self, path: &Path, words: &[&str], input: &[u8], bytes: usize) -> Result<Vec<u8>, RevisionError> {
        self.asker()(words, input, bytes).map_err(|error| self.unreadable(path, error.to_string()))
    }

    fn asker(&self) -> impl Fn(&[&str], &[u8], usize) -> Result<Vec<u8>, GitError> {
        |words, input, bytes| git(&self.top, words, input, bytes)
    }

    fn unreadable(&self, path: &Path, why: String) -> RevisionError {
        let file = self.inside(path).map_or_else(|| path.to_owned(), PathBuf::from);
        RevisionError::Unreadable { name: self.name.clone(), file, why }
    }
}

/// The project's files: those of the work tree, or those of a revision where one covers them.
#[derive(Debug, Clone, Copy)]
pub struct Files<'a>(pub Option<&'a Revision>);

impl Files<'_> {
    /// Whether there is a file at `path`.
    pub(crate) fn has(self, path: &Path) -> bool {
        match self.0.filter(|revision| revision.covers(path)) {
            None => path.is_file(),
            // What cannot be told is taken to be there: whoever reads it then hears why.
            Some(revision) => {
                revision.object(path).map_or(true, |found| found.is_some_and(|(kind, _)| kind == "blob"))
            }
        }
    }

    /// The bytes of the file at `path`, one more than `limit` if it is longer; none if there is no such file.
    pub(crate) fn read(self, path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
        match self.0.filter(|revision| revision.covers(path)) {
            None => read_file(path, limit),
            // Whoever reads names the file.
            Some(revision) => revision.read(path, limit).map_err(|error| match error {
                RevisionError::Unreadable { why, .. } => io::Error::other(why),
                error => io::Error::other(error),
            }),
        }
    }

    /// How people call the file at `path`.
    pub(crate) fn shown(self, path: &Path) -> PathBuf {
        let revision = self.0.filter(|revision| revision.covers(path));
        revision.map_or_else(|| path.to_owned(), |revision| revision.shown(path))
    }
}

fn read_file(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    use io::Read;
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(why),
    };
    let mut bytes = Vec::new();
    // One byte more than allowed, so that a file that grows while it is read is caught too.
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Where the change that is checked out in `folder` began, as far as the environment or the repository tells: its last
/// commit in common with the branch that it is for. None where nobody says what that is.
///
/// # Errors
/// Where a job says which branch its change is for, and that cannot be found: [`RevisionError::NoRevision`].
pub fn merge_base(folder: &Path, environment: &Environment) -> Result<Option<Revision>, RevisionError> {
    let (name, is_told) = match told_by_job(environment) {
        Some(name) => (name, true),
        None => ("origin/HEAD".to_owned(), false),
    };
    match Revision::find(folder, &name).and_then(Revision::common_with_head) {
        Ok(revision) => Ok(Some(revision)),
        Err(error) if is_told => Err(error),
        Err(_) => Ok(None),
    }
}

/// The branch or commit that the change of a job is for, as the well-known CI systems say it.
fn told_by_job(environment: &Environment) -> Option<String> {
    let commits = ["CI_MERGE_REQUEST_DIFF_BASE_SHA"];
    let branches = [
        "GITHUB_BASE_REF",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
        "BUILDKITE_PULL_REQUEST_BASE_BRANCH",
        "BITBUCKET_PR_DESTINATION_BRANCH",
        "CHANGE_TARGET",
        "DRONE_TARGET_BRANCH",
        "CI_COMMIT_TARGET_BRANCH",
    ];
    let commit = commits.into_iter().find_map(|name| environment.var(name));
    let branch = || branches.into_iter().find_map(|name| environment.var(name));
    commit.map(str::to_owned).or_else(|| Some(format!("origin/{}", branch()?)))
}

/// The bytes of answers that are a line.
const SHORT: usize = 64 << 10;

fn line(said: &[u8]) -> String {
    String::from_utf8_lossy(said).trim().to_owned()
}

/// The top folder of the work tree that `folder` lies in, spelt as `folder` is.
fn top(folder: &Path) -> Result<PathBuf, RevisionError> {
    let no_repository = |why: String| RevisionError::NoRepository { folder: folder.to_owned(), why };
    let said =
        git(folder, &["rev-parse", "--show-cdup"], &[], SHORT).map_err(|e| no_repository(e.to_string()))?;
    let up = line(&said).matches("..").count();
    let top = folder.ancestors().nth(up).filter(|top| top.join(".git").exists());
    let top = top.ok_or_else(|| no_repository("it has no work tree here".to_owned()))?;
    // A change may put a submodule, with a history of its own making, where the project was.
    let above = git(top, &["rev-parse", "--show-superproject-working-tree"], &[], SHORT);
    if above.map_err(|error| no_repository(error.to_string()))?.is_empty() {
        Ok(top.to_owned())
    } else {
        Err(RevisionError::Submodule { top: top.to_owned() })
    }
}

/// The refs that `name` may mean. Git takes the first of them, so that whoever may push a tag, but not to a branch,
/// could call one `origin/main` and speak for that branch.
fn refs_of(top: &Path, name: &str) -> Result<Vec<String>, RevisionError> {
    let until = ["~", "^", "@{", ":"].iter().filter_map(|mark| name.find(mark)).min();
    let name = &name[..until.unwrap_or(name.len())];
    let full: Vec<String> =
        ["refs", "refs/tags", "refs/heads", "refs/remotes"].map(|above| format!("{above}/{name}")).into();
    let words: Vec<&str> = ["for-each-ref", "--format=%(refname)", "--"]
        .into_iter()
        .chain(full.iter().map(String::as_str))
        .collect();
    let said = git(top, &words, &[], Limits::DEFAULT.feed_bytes)
        .map_err(|error| RevisionError::NoRevision { name: name.to_owned(), why: error.to_string() })?;
    // It names what lies below these, too.
    let said = String::from_utf8_lossy(&said);
    Ok(said.lines().filter(|line| full.iter().any(|name| name == line)).map(str::to_owned).collect())
}

/// Runs the user's `git` in a folder of the project. Nothing that it is asked starts a program of the repository's.
fn git(folder: &Path, words: &[&str], input: &[u8], bytes: usize) -> Result<Vec<u8>, GitError> {
    let limits = Limits::DEFAULT;
    let mut command = Command::new("git");
    command
        .args(["--literal-pathspecs", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"])
        .args(words);
    command.current_dir(folder).env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0");
    let bounds = Bounds { seconds: limits.git_seconds, bytes };
    process::run(command, input.to_owned(), bounds).map_err(|error| git::own(error, &limits))
}

/// An archive of these files, all of one time.
fn archive(files: &[(String, Vec<u8>)], time: Time) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(time.unix().unsigned_abs());
        archive.append_data(&mut header, path, bytes.as_slice())?;
    }
    archive.into_inner()
}
