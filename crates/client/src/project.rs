//! The project's own files: where they lie, what `fence.toml` asks for, what `fence.lock` records.
//!
//! The main path: [`find`] walks up from a folder to the project's `Cargo.lock` and `fence.toml`;
//! [`Project::read_policy`] and [`Project::read_baseline`] turn the files into values, or say everything that is
//! wrong with them, with line and column; [`edit`] writes an exception into a policy so that comments survive;
//! [`write`](write()) puts a file in place whole or not at all. Nothing here reads a clock or the environment.

pub mod baseline;
pub mod changes;
pub mod edit;
pub mod lockfile;
pub mod policy;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fence_model::Time;
use fence_model::policy::{Baseline, Policy};
use fence_registry::lockfile::Lockfile;

use baseline::BaselineError;
use policy::PolicyProblem;

use crate::cache::{self, RealDisk};
use crate::revision::{Files, Revision};

/// What a project's files may cost at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of `fence.toml`: a thousand exceptions take a quarter of this.
    pub policy_bytes: u64,
    /// Bytes of `fence.lock`: a line is some 120 bytes, and no known project locks 10,000 packages.
    pub baseline_bytes: u64,
    /// Bytes of `Cargo.lock`: the largest of 20 well-known projects has 250 KB.
    pub lockfile_bytes: u64,
    /// Bytes of a `Cargo.toml` that is only looked at to see whether it starts a workspace.
    pub manifest_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            policy_bytes: 1 << 20,
            baseline_bytes: 4 << 20,
            lockfile_bytes: 16 << 20,
            manifest_bytes: 1 << 20,
        }
    }
}

/// What went wrong with a project's files. Each variant names the file at fault.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// No `Cargo.lock` at or above the folder: the workspace's, in which cargo would write one, or where there is no manifest
    /// the one that was asked about.
    #[error("no Cargo.lock in {} or a folder above it", .0.display())]
    NoLockfile(PathBuf),
    /// A file that was asked for by name is not there.
    #[error("{} does not exist", .0.display())]
    NoSuchFile(PathBuf),
    /// `--manifest-path` names something else than a `Cargo.toml`.
    #[error("{} is not a path to a Cargo.toml", .0.display())]
    NotAManifest(PathBuf),
    /// A file is there and cannot be read.
    #[error("{} cannot be read: {why}", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the operating system said.
        why: io::Error,
    },
    /// A file is larger than its [limit](Limits).
    #[error("{} is larger than {limit} bytes", .file.display())]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// The limit.
        limit: u64,
    },
    /// A file is not UTF-8.
    #[error("{}, line {line}: not UTF-8 text", .file.display())]
    NotText {
        /// The file.
        file: PathBuf,
        /// The first line that is not, from 1.
        line: usize,
    },
    /// A file cannot be written; what was there before is still there.
    #[error("{} cannot be written: {why}", .file.display())]
    Unwritable {
        /// The file.
        file: PathBuf,
        /// What the operating system said.
        why: io::Error,
    },
    /// `fence.toml` is not a policy; all that is wrong with it.
    #[error("{} is not a policy", .file.display())]
    Policy {
        /// The file.
        file: PathBuf,
        /// What is wrong, in the order of lines; never empty.
        problems: Vec<PolicyProblem>,
    },
    /// `Cargo.lock` is not a lockfile.
    #[error("{} is not a lockfile: {problem}", .file.display())]
    Lockfile {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: fence_registry::Error,
    },
    /// `fence.lock` is not a baseline.
    #[error("{} is not a baseline", .file.display())]
    Baseline {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: BaselineError,
    },
    /// An edit of `fence.toml` would not have said what was meant, so that nothing was written.
    #[error("{} cannot be edited", .file.display())]
    Edit {
        /// The file.
        file: PathBuf,
        /// What stands in the way.
        problem: edit::EditError,
    },
}

/// What somebody asked to look at.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// The folder in which the command runs.
    pub start: PathBuf,
    /// The `Cargo.toml` of `--manifest-path`; its folder then counts instead of `start`.
    pub manifest: Option<PathBuf>,
    /// The lockfile of `--lockfile`; policy and baseline are still those of the folder, so that a stranger's
    /// lockfile cannot bring its own excuses.
    pub lockfile: Option<PathBuf>,
    /// The cargo to ask where several lockfiles are in reach; none means that nobody is asked.
    pub cargo: Option<PathBuf>,
}

/// Where a project's files lie. The lockfile exists; policy and baseline need not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The folder that was asked about.
    pub folder: PathBuf,
    /// The folder of the workspace's root manifest.
    pub root: PathBuf,
    /// Its `Cargo.lock`, or the one that was asked for.
    pub lockfile: PathBuf,
    /// Its `fence.toml`: the nearest one from `root` up to the top of the repository, or where it would be.
    pub policy: PathBuf,
    /// Its `fence.lock`, or where it would be.
    pub baseline: PathBuf,
    /// Lockfiles that were passed over, and that somebody may have meant.
    pub passed_over: Vec<PathBuf>,
    /// The revision whose policy and baseline count, where not those that lie here.
    pub revision: Option<Revision>,
}

/// Finds the project's files.
///
/// Reads no more than a few folder entries and the manifests on the way up: cargo is asked only where it alone
/// can tell, which is when several lockfiles are in reach, a workspace excludes some of its folders, or a package
/// names its workspace.
pub fn find(asked: &Asked) -> Result<Project, ProjectError> {
    let folder = match &asked.manifest {
        None => asked.start.clone(),
        Some(manifest) => manifest_folder(&asked.start, manifest)?,
    };
    let (root, lockfile, passed_over) = match &asked.lockfile {
        None => {
            let Located { root, passed_over } = locate(Files(None), &folder, asked.cargo.as_deref())?;
            (root.clone(), root.join("Cargo.lock"), passed_over)
        }
        Some(lockfile) => {
            let lockfile = asked.start.join(lockfile);
            if !lockfile.is_file() {
                return Err(ProjectError::NoSuchFile(lockfile));
            }
            let root = match locate(Files(None), &folder, None) {
                Ok(Located { root, .. }) | Err(ProjectError::NoLockfile(root)) => root,
                Err(_) => folder.clone(),
            };
            (root, lockfile, Vec::new())
        }
    };
    let policy = nearest_policy(&root, Path::is_file).unwrap_or_else(|| root.join("fence.toml"));
    let baseline = root.join("fence.lock");
    Ok(Project { folder, root, lockfile, policy, baseline, passed_over, revision: None })
}

/// Finds whose policy counts where nobody needs a lockfile: the project's, or that of the folder itself.
///
/// # Errors
/// [`ProjectError`], where a manifest was named that is none, or cannot be read.
pub fn find_policy(asked: &Asked) -> Result<Project, ProjectError> {
    let root = match find(asked) {
        Err(ProjectError::NoLockfile(root)) => root,
        found => return found,
    };
    let folder = match &asked.manifest {
        None => asked.start.clone(),
        Some(manifest) => manifest_folder(&asked.start, manifest)?,
    };
    let policy = nearest_policy(&root, Path::is_file).unwrap_or_else(|| root.join("fence.toml"));
    Ok(Project {
        lockfile: root.join("Cargo.lock"),
        baseline: policy.with_file_name("fence.lock"),
        policy,
        folder,
        root,
        passed_over: Vec::new(),
        revision: None,
    })
}

impl Project {
    /// The same project with policy and baseline as they were at `revision`, those of the root that it had there: a
    /// change that makes another folder the root must not leave its policy behind.
    #[must_use]
    pub fn as_of(&self, revision: &Revision) -> Self {
        let files = Files(Some(revision));
        let root = match locate(files, &self.folder, None) {
            Ok(located) if !located.passed_over.contains(&self.root.join("Cargo.lock")) => located.root,
            // Only cargo could tell, of what lies here.
            _ => self.root.clone(),
        };
        let policy = nearest_policy(&root, |file| files.has(file)).unwrap_or_else(|| root.join("fence.toml"));
        let baseline = root.join("fence.lock");
        Self { policy, baseline, revision: Some(revision.clone()), ..self.clone() }
    }

    /// Whether there is a manifest or a lockfile in its root: without either, it is a folder like any other.
    pub fn is_cargos(&self) -> bool {
        self.root.join("Cargo.toml").is_file() || self.lockfile.is_file()
    }

    /// Whether there is a `fence.toml`, or something that cannot be read in its place.
    pub fn has_policy(&self) -> bool {
        self.files().has(&self.policy)
    }

    /// Where policy and baseline are read.
    pub fn files(&self) -> Files<'_> {
        Files(self.revision.as_ref())
    }

    /// The policy, or the default policy where there is no `fence.toml`; everything that is wrong otherwise.
    /// `now` is needed because an exception may not end too far ahead.
    pub fn read_policy(&self, now: Time) -> Result<Policy, ProjectError> {
        let Some(text) = read_text_of(self.files(), &self.policy, Limits::default().policy_bytes)? else {
            return Ok(Policy::default());
        };
        policy::parse(&text, now)
            .map_err(|problems| ProjectError::Policy { file: self.files().shown(&self.policy), problems })
    }

    /// The baseline; none where there is no `fence.lock`.
    pub fn read_baseline(&self) -> Result<Option<Baseline>, ProjectError> {
        let Some(text) = read_text_of(self.files(), &self.baseline, Limits::default().baseline_bytes)? else {
            return Ok(None);
        };
        let baseline = baseline::parse(&text).map_err(|problem| ProjectError::Baseline {
            file: self.files().shown(&self.baseline),
            problem,
        })?;
        Ok(Some(baseline))
    }

    /// The lockfile.
    pub fn read_lockfile(&self) -> Result<Lockfile, ProjectError> {
        self.read_lockfile_of(Files(None))?.ok_or_else(|| ProjectError::NoSuchFile(self.lockfile.clone()))
    }

    /// The lockfile, as `files` have it; none if they have none.
    pub fn read_lockfile_of(&self, files: Files<'_>) -> Result<Option<Lockfile>, ProjectError> {
        let Some(text) = read_text_of(files, &self.lockfile, Limits::default().lockfile_bytes)? else {
            return Ok(None);
        };
        let unreadable = |problem| ProjectError::Lockfile { file: files.shown(&self.lockfile), problem };
        lockfile::parse(&text).map(Some).map_err(unreadable)
    }

    /// The folder that a policy's relative paths start from.
    pub fn policy_folder(&self) -> &Path {
        self.policy.parent().unwrap_or(&self.root)
    }
}

/// The text of `file`; none if it does not exist.
pub fn read_text(file: &Path, limit: u64) -> Result<Option<String>, ProjectError> {
    read_text_of(Files(None), file, limit)
}

/// The same, as `files` have it.
fn read_text_of(files: Files<'_>, file: &Path, limit: u64) -> Result<Option<String>, ProjectError> {
    let shown = || files.shown(file);
    let read = files.read(file, limit).map_err(|why| ProjectError::Unreadable { file: shown(), why })?;
    let Some(bytes) = read else { return Ok(None) };
    if bytes.len() as u64 > limit {
        return Err(ProjectError::TooLarge { file: shown(), limit });
    }
    String::from_utf8(bytes).map(Some).map_err(|error| {
        let whole = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + whole.iter().filter(|byte| **byte == b'\n').count();
        ProjectError::NotText { file: shown(), line }
    })
}

/// Puts `text` in place of `file`, whole or not at all.
///
/// # Errors
///
/// [`ProjectError::Unwritable`], also where something stands there that is no file: put in place of a device or a
/// pipe, the text would reach nobody, and they would be gone.
pub fn write(file: &Path, text: &str) -> Result<(), ProjectError> {
    let unwritable = |why| ProjectError::Unwritable { file: file.to_owned(), why };
    if fs::metadata(file).is_ok_and(|found| !found.is_file()) {
        return Err(unwritable(io::Error::other("what stands there is no file")));
    }
    // A link is followed: people who keep one policy for many projects want it to stay a link.
    let target = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    cache::replace_file_as_it_is(&RealDisk, &target, text.as_bytes()).map_err(unwritable)
}

fn manifest_folder(start: &Path, manifest: &Path) -> Result<PathBuf, ProjectError> {
    let manifest = start.join(manifest);
    match (manifest.file_name(), manifest.parent()) {
        (Some(name), Some(folder)) if name == "Cargo.toml" => {
            if !manifest.is_file() {
                return Err(ProjectError::NoSuchFile(manifest));
            }
            Ok(folder.to_owned())
        }
        _ => Err(ProjectError::NotAManifest(manifest)),
    }
}

struct Located {
    root: PathBuf,
    passed_over: Vec<PathBuf>,
}

/// The folder of the lockfile that cargo would use in `folder`.
fn locate(files: Files<'_>, folder: &Path, cargo: Option<&Path>) -> Result<Located, ProjectError> {
    let mut nearest_manifest = None;
    let mut workspace_folder = None;
    let mut candidates = Vec::new();
    let mut certain = true;
    for dir in folder.ancestors() {
        let manifest = dir.join("Cargo.toml");
        let Some(text) = read_text_of(files, &manifest, Limits::default().manifest_bytes)? else {
            // In a container that got no more than the lockfile, it stands alone.
            if dir == folder && files.has(&dir.join("Cargo.lock")) {
                candidates.push(dir.to_owned());
            }
            continue;
        };
        let is_nearest = nearest_manifest.is_none();
        nearest_manifest.get_or_insert(manifest);
        if files.has(&dir.join("Cargo.lock")) {
            candidates.push(dir.to_owned());
        }
        // What is no manifest to us may be one to cargo.
        let manifest = text.parse::<toml::Table>();
        certain &= manifest.is_ok();
        let manifest = manifest.unwrap_or_default();
        let names_root = manifest.get("package").is_some_and(|package| package.get("workspace").is_some());
        certain &= !(is_nearest && names_root);
        if let Some(workspace) = manifest.get("workspace") {
            certain &= is_nearest || workspace.get("exclude").is_none();
            workspace_folder = Some(dir);
            break;
        }
    }
    certain &= candidates.len() == 1;
    if let (false, Some(cargo), Some(manifest)) = (certain, cargo, &nearest_manifest)
        && let Some(root) = ask_cargo(cargo, manifest)
    {
        if !root.join("Cargo.lock").is_file() {
            return Err(ProjectError::NoLockfile(root));
        }
        return Ok(Located { root, passed_over: Vec::new() });
    }
    let mut candidates = candidates.into_iter();
    let root = candidates.next().ok_or_else(|| {
        let package_folder = nearest_manifest.as_deref().and_then(Path::parent);
        ProjectError::NoLockfile(workspace_folder.or(package_folder).unwrap_or(folder).to_owned())
    })?;
    Ok(Located { root, passed_over: candidates.map(|dir| dir.join("Cargo.lock")).collect() })
}

/// The workspace's root as cargo sees it; none where cargo cannot say.
fn ask_cargo(cargo: &Path, manifest: &Path) -> Option<PathBuf> {
    let output = Command::new(cargo)
        .args(["locate-project", "--workspace", "--message-format", "plain", "--manifest-path"])
        .arg(manifest)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let answer = String::from_utf8(output.stdout).ok()?;
    let root = Path::new(answer.trim_end());
    (output.status.success() && root.is_absolute()).then(|| root.parent().map(Path::to_owned)).flatten()
}

/// The nearest `fence.toml` from `root` upwards. Outside a repository only `root` itself counts: a file that
/// somebody left in a shared folder above must not decide.
fn nearest_policy(root: &Path, is_file: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let top = root.ancestors().position(|dir| dir.join(".git").exists()).unwrap_or(0);
    root.ancestors().take(top + 1).map(|dir| dir.join("fence.toml")).find(|file| is_file(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes a tree of files; a path that ends in `/` makes an empty folder.
    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let top = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = top.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            if text.is_empty() && path.ends_with("") && path.to_str().unwrap().ends_with('/') {
                fs::create_dir_all(path).unwrap();
            } else {
                fs::write(path, text).unwrap();
            }
        }
        top
    }

    const PACKAGE: &str = "[package]\nname = \"p\"\n";
    const WORKSPACE: &str = "[workspace]\nmembers = [\"a\"]\n";

    /// What is found from `start`, relative to the top: lockfile, policy, and what was passed over.
    fn check(files: &[(&str, &str)], start: &str, expected: &str) {
        let top = tree(files);
        let asked = Asked { start: top.path().join(start), ..Asked::default() };
        let shown = |path: &Path| path.strip_prefix(top.path()).unwrap().to_str().unwrap().to_owned();
        let found = match find(&asked) {
            Ok(project) => {
                let over: Vec<String> = project.passed_over.iter().map(|path| shown(path)).collect();
                format!("{} {} {}", shown(&project.lockfile), shown(&project.policy), over.join(" "))
            }
            Err(ProjectError::NoLockfile(folder)) => format!("none in {}", shown(&folder)),
            Err(other) => other.to_string(),
        };
        assert_eq!(found.trim_end(), expected);
    }

    #[test]
    fn a_lockfile_is_found_at_or_above_the_folder() {
        let files =
            [("Cargo.toml", WORKSPACE), ("Cargo.lock", "v"), ("a/Cargo.toml", PACKAGE), ("a/src/", "")];
        check(&files, "", "Cargo.lock fence.toml");
        check(&files, "a", "Cargo.lock fence.toml");
        check(&files, "a/src", "Cargo.lock fence.toml");
    }

    #[test]
    fn a_workspace_of_its_own_never_takes_the_lockfile_above_it() {
        let files =
            [("Cargo.toml", WORKSPACE), ("Cargo.lock", "v"), ("fuzz/Cargo.toml", "[package]\n[workspace]\n")];
        check(&files, "fuzz", "none in fuzz");
    }

    #[test]
    fn a_lockfile_alone_counts_only_where_one_stands() {
        check(&[("x/Cargo.lock", "v")], "x", "x/Cargo.lock x/fence.toml");
        check(&[("Cargo.lock", "v"), ("x/", "")], "x", "none in x");
    }

    #[test]
    fn what_was_passed_over_is_told_where_cargo_cannot_be_asked() {
        let files = [
            ("Cargo.toml", WORKSPACE),
            ("Cargo.lock", "v"),
            ("a/Cargo.toml", PACKAGE),
            ("a/Cargo.lock", "v"),
        ];
        check(&files, "a", "a/Cargo.lock a/fence.toml Cargo.lock");
    }

    #[test]
    fn without_a_lockfile_the_project_is_where_cargo_would_write_one() {
        let files = [("Cargo.toml", WORKSPACE), ("a/Cargo.toml", PACKAGE), ("a/src/", ""), ("x/", "")];
        check(&files, "a/src", "none in");
        check(&[files[1], ("a/src/b/", "")], "a/src/b", "none in a");
        check(&[files[3]], "x", "none in x");
        let top = tree(&files);
        for cargo in [None, std::env::var_os("CARGO").map(PathBuf::from)] {
            fs::write(top.path().join("a/src/lib.rs"), "//").unwrap();
            let project =
                find_policy(&Asked { start: top.path().join("a/src"), cargo, ..Asked::default() }).unwrap();
            let top = top.path().canonicalize().unwrap();
            assert_eq!(project.root.canonicalize().unwrap(), top);
            assert_eq!(project.folder.canonicalize().unwrap(), top.join("a/src"));
            assert!(project.is_cargos());
        }
        let nowhere = tree(&[("x/", "")]);
        let asked = Asked { start: nowhere.path().join("x"), ..Asked::default() };
        let project = find_policy(&asked).unwrap();
        assert_eq!((project.root.clone(), project.is_cargos()), (nowhere.path().join("x"), false));
    }

    #[test]
    fn text_that_looks_like_a_workspace_starts_none() {
        let describes = "[package]\nname = \"p\"\ndescription = \"\"\"\n[workspace]\n\"\"\"\n";
        let files = [
            ("Cargo.toml", WORKSPACE),
            ("Cargo.lock", "v"),
            ("a/Cargo.toml", describes),
            ("a/Cargo.lock", "v"),
        ];
        check(&files, "a", "a/Cargo.lock a/fence.toml Cargo.lock");
        let quoted = "[package]\nname = \"p\"\n[ \"workspace\" ]\n";
        check(&[("a/Cargo.toml", quoted), files[0], files[1]], "a", "none in a");
    }

    /// Cargo reads the lockfile of the workspace that a package names, whatever lies beside the package.
    #[test]
    fn cargo_tells_where_the_workspace_is_that_a_package_names() {
        let top = tree(&[
            ("a/Cargo.toml", "[package]\nname = \"p\"\nworkspace = \"../b\"\n"),
            ("a/src/lib.rs", "//"),
            ("a/Cargo.lock", "v"),
            ("b/Cargo.toml", "[workspace]\nmembers = [\"../a\"]\n"),
            ("b/Cargo.lock", "v"),
        ]);
        let cargo = std::env::var_os("CARGO").map(PathBuf::from);
        let project = find(&Asked { start: top.path().join("a"), cargo, ..Asked::default() }).unwrap();
        assert_eq!(
            project.lockfile.strip_prefix(top.path().canonicalize().unwrap()).unwrap(),
            Path::new("b/Cargo.lock")
        );
    }

    #[test]
    fn a_policy_above_counts_up_to_the_top_of_the_repository() {
        let package = [("p/q/Cargo.toml", PACKAGE), ("p/q/Cargo.lock", "v"), ("fence.toml", "")];
        check(&package, "p/q", "p/q/Cargo.lock p/q/fence.toml");
        let inside: Vec<_> = package.iter().copied().chain([(".git/HEAD", "")]).collect();
        check(&inside, "p/q", "p/q/Cargo.lock fence.toml");
        let below: Vec<_> = package.iter().copied().chain([("p/.git/HEAD", "")]).collect();
        check(&below, "p/q", "p/q/Cargo.lock p/q/fence.toml");
    }

    #[test]
    fn what_was_asked_for_by_name_must_be_there() {
        let top =
            tree(&[("Cargo.toml", PACKAGE), ("Cargo.lock", "v"), ("fence.toml", ""), ("x/other.lock", "v")]);
        let asked = |manifest: Option<&str>, lockfile: Option<&str>| Asked {
            start: top.path().to_owned(),
            manifest: manifest.map(PathBuf::from),
            lockfile: lockfile.map(PathBuf::from),
            cargo: None,
        };
        let project = find(&asked(None, Some("x/other.lock"))).unwrap();
        assert_eq!(project.lockfile, top.path().join("x/other.lock"));
        assert_eq!(project.policy, top.path().join("fence.toml"), "the policy stays one's own");
        assert_eq!(project.baseline, top.path().join("fence.lock"));
        assert!(matches!(find(&asked(None, Some("x/none.lock"))), Err(ProjectError::NoSuchFile(_))));
        assert!(matches!(find(&asked(Some("x/Cargo.toml"), None)), Err(ProjectError::NoSuchFile(_))));
        assert!(matches!(find(&asked(Some("x"), None)), Err(ProjectError::NotAManifest(_))));
    }

    #[test]
    fn writing_replaces_the_whole_file_and_leaves_nothing_behind() {
        let top = tree(&[("fence.toml", "old and longer")]);
        let file = top.path().join("fence.toml");
        write(&file, "new").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(fs::read_dir(top.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_written_leaves_the_old_file() {
        let top = tree(&[("folder/fence.toml", "old")]);
        let error = write(&top.path().join("folder/fence.toml/below"), "new").unwrap_err();
        assert!(matches!(error, ProjectError::Unwritable { .. }), "{error}");
        let error = write(&top.path().join("folder"), "new").unwrap_err();
        assert!(matches!(error, ProjectError::Unwritable { .. }), "{error}");
        assert_eq!(fs::read_dir(top.path()).unwrap().count(), 1, "nothing is left beside");
        assert_eq!(fs::read_to_string(top.path().join("folder/fence.toml")).unwrap(), "old");
    }

    /// Whoever may write in its folder, as root in a container may, could otherwise put a file in place of a device.
    #[cfg(unix)]
    #[test]
    fn what_is_no_file_stays_what_it_is() {
        let top = tree(&[]);
        let socket = top.path().join("socket");
        let _open = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let link = top.path().join("link");
        std::os::unix::fs::symlink(&socket, &link).unwrap();
        for place in [&socket, &link] {
            let error = write(place, "new").unwrap_err().to_string();
            assert_eq!(error, format!("{} cannot be written: what stands there is no file", place.display()));
        }
        assert!(!fs::metadata(&socket).unwrap().is_file());
        assert_eq!(fs::read_dir(top.path()).unwrap().count(), 2, "nothing is left beside");
    }

    #[test]
    fn files_beyond_their_limit_are_not_read() {
        let top = tree(&[("fence.toml", "12345")]);
        let file = top.path().join("fence.toml");
        assert_eq!(read_text(&file, 5).unwrap().as_deref(), Some("12345"));
        assert!(matches!(read_text(&file, 4), Err(ProjectError::TooLarge { limit: 4, .. })));
        assert!(read_text(&top.path().join("none"), 4).unwrap().is_none());
        fs::write(&file, [0xff]).unwrap();
        assert!(matches!(read_text(&file, 5), Err(ProjectError::NotText { line: 1, .. })));
    }
}
