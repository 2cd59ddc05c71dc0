//! A file that a command changes for its user: found, shown as a change, agreed to, and written whole or not at all.
//!
//! [`ConfigFile`] is cargo's own configuration, of a project or of its user; [`Edit`] is a change of any file. What is
//! odd about a file is refused before anything is shown: cargo may read another one, or somebody else owns it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use fence_client::Environment;
use fence_client::cache::{RealDisk, replace_file_as_it_is};
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
        // Cargo prefers the name that it had once.
        let old = folder.join("config");
        if is_there(&old)? && !is_same(&old, &path) {
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
        let unwritable = |why| ProjectError::Unwritable { file: self.path.clone(), why };
        let folder = self.path.parent().unwrap_or(Path::new(""));
        match &self.after {
            Some(after) => {
                let had_folder = folder.exists();
                let written = replace_file_as_it_is(&RealDisk, &self.path, after.as_bytes());
                if written.is_err() && !had_folder {
                    // Only tidiness; it goes only if it is empty.
                    let _ = fs::remove_dir(folder);
                }
                written.map_err(unwritable)?;
            }
            None => {
                fs::remove_file(&self.path).map_err(unwritable)?;
                if self.folder == FolderToo::IfEmpty {
                    // Somebody may have put something else there, and then it stays.
                    let _ = fs::remove_dir(folder);
                }
            }
        }
        Ok(Edited::Yes)
    }
}

/// Whether somebody wants what was shown.
pub(crate) fn agreed(question: &str, consent: Consent, shell: &Shell) -> Result<Answered, CliError> {
    match consent {
        Consent::Given => Ok(Answered::Yes),
        Consent::Asked => shell.ask(question).ok_or_else(|| Misuse::NoConsent.into()),
    }
}

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink())
}

fn is_there(path: &Path) -> Result<bool, CliError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(why) => Err(ProjectError::Unreadable { file: path.to_owned(), why }.into()),
    }
}

/// Some keep the old name as a link to the new one.
fn is_same(a: &Path, b: &Path) -> bool {
    matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}
