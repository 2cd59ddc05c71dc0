//! A file that a command changes for its user: found, shown as a change, agreed to, and written whole or not at all.
//!
//! [`ConfigFile`] is cargo's own configuration, of a project or of its user; [`Edit`] is a change of any file. What is
//! odd about a file is refused before anything is shown: cargo may read another one, or somebody else owns it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use fence_client::Environment;
use fence_client::cache::{Disk, RealDisk, replace_file_as_it_is};
use fence_client::cargo_config::file_in;
use fence_client::project::{self, ProjectError};
use fence_client::switch::Made;

use crate::args::{Files, Global};
use crate::error::{CliError, Misuse, shown};
use crate::render::diff::{Sides, unified};
use crate::shell::{Answered, Shell, Verbosity};
use crate::standing::policy_of;

/// The most that is read of a file.
const MOST_BYTES: u64 = 1 << 20;

/// Whose configuration is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// That of the project: the file in its root.
    Project,
    /// The user's, for everything that cargo does, `cargo install` too.
    User,
}

/// `--global` and `--project`.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct WhoseArgs {
    /// In the configuration of this project, `.cargo/config.toml` in its root; so it is without an option
    #[arg(long, conflicts_with = "global")]
    project: bool,
    /// In your own configuration, `$CARGO_HOME/config.toml`: for all projects, and for `cargo install`
    #[arg(long)]
    global: bool,
    /// Write without a question
    #[arg(long, short)]
    yes: bool,
}

impl WhoseArgs {
    pub(crate) fn whose(self) -> Whose {
        if self.global { Whose::User } else { Whose::Project }
    }

    pub(crate) fn consent(self) -> Consent {
        if self.yes { Consent::Given } else { Consent::Asked }
    }
}

/// Whether somebody has agreed already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consent {
    /// `--yes`.
    Given,
    /// A person is asked.
    Asked,
}

/// To what a file of cargo's configuration belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// A project, or everything that its user does.
    Cargo,
    /// A folder without a manifest.
    Folder,
}

/// A file of cargo's configuration.
#[derive(Debug, Clone)]
pub(crate) struct ConfigFile {
    pub(crate) whose: Whose,
    /// The folder for which it counts first: the project's root, or cargo's home.
    pub(crate) root: PathBuf,
    /// Whether that is the folder of anything that cargo builds, or its home.
    pub(crate) of: Of,
    pub(crate) path: PathBuf,
    /// What is in it; none where there is none.
    pub(crate) text: Option<String>,
}

impl ConfigFile {
    /// The file that `whose` means here.
    pub(crate) fn find(whose: Whose, global: &Global, environment: &Environment) -> Result<Self, CliError> {
        let (root, folder, of) = match whose {
            Whose::Project => {
                let project = policy_of(global, environment)?;
                let of = if project.is_cargos() { Of::Cargo } else { Of::Folder };
                (project.root.clone(), project.root.join(".cargo"), of)
            }
            Whose::User => {
                let home = environment.cargo_home().ok_or(Misuse::NoCargoHome)?;
                (home.clone(), home, Of::Cargo)
            }
        };
        let path = folder.join("config.toml");
        if let Some(old) = file_in(&folder).filter(|read| *read != path) {
            return Err(Misuse::OldConfig(old).into());
        }
        // A project's files may come from anybody, and lead anywhere.
        if whose == Whose::Project && is_link(&folder) {
            return Err(Misuse::LinkedConfig(folder).into());
        }
        if is_link(&path) {
            return Err(Misuse::LinkedConfig(path).into());
        }
        let text = project::read_text(&path, MOST_BYTES)?;
        if text.is_some() && fs::metadata(&path).is_ok_and(|found| found.permissions().readonly()) {
            return Err(Misuse::ReadOnlyConfig(path).into());
        }
        Ok(Self { whose, root, of, path, text })
    }

    /// What has to be made to write it.
    pub(crate) fn lacks(&self) -> Made {
        match (&self.text, self.path.parent().is_some_and(Path::exists)) {
            (Some(_), _) => Made::Nothing,
            (None, true) => Made::File,
            (None, false) => Made::FileAndFolder,
        }
    }

    /// The change to `after`, by which the file goes if it is none. What was made for the file goes with it.
    pub(crate) fn edit(&self, after: Option<String>, made: Made) -> Edit {
        let folder = match (made, &self.text, &after) {
            (Made::FileAndFolder, Some(_), None) => FolderToo::IfEmpty,
            _ => FolderToo::Never,
        };
        Edit { path: self.path.clone(), before: self.text.clone(), after, folder }
    }

    /// Whether `--locked` forbids to change it.
    pub(crate) fn is_locked(&self, global: &Global) -> bool {
        self.whose == Whose::Project && global.files() == Files::Locked
    }
}

/// Whether the folder of a file goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FolderToo {
    Never,
    IfEmpty,
}

/// A change of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edit {
    pub(crate) path: PathBuf,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
    pub(crate) folder: FolderToo,
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edited {
    /// It was made.
    Yes,
    /// Somebody did not want it.
    No,
}

impl Edit {
    /// Shows the change.
    pub(crate) fn show(&self, shell: &Shell) -> Result<(), CliError> {
        let name = shown(&self.path);
        let sides = Sides { name: &name, before: self.before.as_deref(), after: self.after.as_deref() };
        match shell.verbosity {
            Verbosity::Quiet => Ok(()),
            Verbosity::Normal | Verbosity::Verbose => shell.print(&unified(&sides, shell.colour)),
        }
    }

    /// Makes the change, if that is agreed to, and if the file is still what was shown.
    pub(crate) fn make(&self, question: &str, consent: Consent, shell: &Shell) -> Result<Edited, CliError> {
        if agreed(question, consent, shell)? == Answered::No {
            return Ok(Edited::No);
        }
        if project::read_text(&self.path, MOST_BYTES)? != self.before || is_link(&self.path) {
            return Err(Misuse::ChangedMeanwhile(self.path.clone()).into());
        }
        self.apply(&RealDisk).map_err(|why| ProjectError::Unwritable { file: self.path.clone(), why })?;
        Ok(Edited::Yes)
    }

    /// Makes the change, whole or not at all.
    fn apply(&self, disk: &dyn Disk) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        match &self.after {
            Some(after) => {
                let had_folder = folder.exists();
                let written = replace_file_as_it_is(disk, &self.path, after.as_bytes());
                if written.is_err() && !had_folder {
                    // Only tidiness; it goes only if it is empty.
                    let _ = fs::remove_dir(folder);
                }
                written
            }
            None => {
                disk.remove(&self.path)?;
                if self.folder == FolderToo::IfEmpty {
                    // Somebody may have put something else there, and then it stays.
                    let _ = fs::remove_dir(folder);
                }
                Ok(())
            }
        }
    }
}

/// Whether somebody wants what was shown.
pub(crate) fn agreed(question: &str, consent: Consent, shell: &Shell) -> Result<Answered, CliError> {
    match consent {
        Consent::Given => Ok(Answered::Yes),
        Consent::Asked => shell.ask(question).ok_or_else(|| Misuse::NoConsent.into()),
    }
}

pub(crate) fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink())
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use fence_client::cache::Keep;

    use super::*;

    /// A disk on which one step fails.
    struct Failing {
        /// Which, from 0.
        at: usize,
        /// Whether it was made all the same, and only the word of it was lost.
        is_made: bool,
        steps: AtomicUsize,
    }

    impl Failing {
        fn step(&self, apply: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
            if self.steps.fetch_add(1, Ordering::Relaxed) != self.at {
                return apply();
            }
            if self.is_made {
                apply()?;
            }
            Err(io::Error::other("the disk was pulled out"))
        }
    }

    impl Disk for Failing {
        fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
            RealDisk.read(path)
        }

        fn create_folders(&self, path: &Path) -> io::Result<()> {
            self.step(|| RealDisk.create_folders(path))
        }

        fn write_new(
            &self,
            path: &Path,
            bytes: &[u8],
            keep: Keep,
            permissions: Option<&Permissions>,
        ) -> io::Result<()> {
            self.step(|| RealDisk.write_new(path, bytes, keep, permissions))
        }

        fn rename(&self, from: &Path, to: &Path, keep: Keep) -> io::Result<()> {
            self.step(|| RealDisk.rename(from, to, keep))
        }

        fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
            self.step(|| RealDisk.append(path, bytes))
        }

        fn truncate(&self, path: &Path, length: u64) -> io::Result<()> {
            self.step(|| RealDisk.truncate(path, length))
        }

        fn remove(&self, path: &Path) -> io::Result<()> {
            self.step(|| RealDisk.remove(path))
        }
    }

    /// What lies there after `before` was to become `after`, and each step failed in turn; and that a second try does it.
    /// A folder that was made for the file goes with it.
    fn check(before: Option<&str>, after: Option<&str>, expected: &[&str]) {
        for is_made in [false, true] {
            let mut seen = Vec::new();
            for at in 0.. {
                let top = tempfile::tempdir().unwrap();
                let path = top.path().join(".cargo/config.toml");
                if let Some(before) = before {
                    fs::create_dir(top.path().join(".cargo")).unwrap();
                    fs::write(&path, before).unwrap();
                }
                let edit = |before: Option<&str>, after: Option<&str>| Edit {
                    path: path.clone(),
                    before: before.map(str::to_owned),
                    after: after.map(str::to_owned),
                    folder: FolderToo::IfEmpty,
                };
                let disk = Failing { at, is_made, steps: AtomicUsize::new(0) };
                let made = edit(before, after).apply(&disk);
                let found = fs::read_to_string(&path).ok();
                assert!(found.as_deref() == before || found.as_deref() == after, "{found:?}, {at} {is_made}");
                if disk.steps.load(Ordering::Relaxed) <= at {
                    made.unwrap();
                    assert_eq!(found.as_deref(), after);
                    assert_eq!(top.path().join(".cargo").exists(), after.is_some());
                    break;
                }
                made.unwrap_err();
                let left = fs::read_dir(top.path().join(".cargo")).map_or(0, Iterator::count);
                assert_eq!(left, usize::from(found.is_some()), "nothing lies beside it, {at} {is_made}");
                seen.push(if found.as_deref() == before { "before" } else { "after" });
                if found.as_deref() != after {
                    edit(before, after).apply(&RealDisk).unwrap();
                }
                assert_eq!(fs::read_to_string(&path).ok().as_deref(), after);
            }
            let last = if is_made { "after" } else { "before" };
            assert_eq!(seen, [expected, &[last]].concat(), "{is_made}");
        }
    }

    #[test]
    fn a_file_is_made_changed_and_removed_whole_or_not_at_all() {
        // The folder, the file beside it, the rename.
        check(None, Some("new"), &["before", "before"]);
        check(Some("old"), Some("new"), &["before", "before"]);
        // One step, which is the whole of it.
        check(Some("old"), None, &[]);
    }
}
