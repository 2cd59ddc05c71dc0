//! Real data where programs can read it: FENCE_DATA laid out under `target/bench`, once for all tasks.
//!
//! The index as a folder, the advisory database as a git repository (cargo-audit and cargo-deny want one), and the
//! audit sets; [`LaidOut::policy`] names all of them. The program that is measured is [`program`].

use std::fs::{self, File};
use std::io::{BufReader, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run;

/// The folder in which everything lies.
pub(crate) struct LaidOut {
    /// `target/bench`, for what tasks add.
    pub(crate) folder: PathBuf,
}

impl LaidOut {
    /// Lays out what is not there yet.
    pub(crate) fn of(root: &Path, data: &Path) -> Result<Self, String> {
        let laid_out = Self { folder: target(root)?.join("bench") };
        unpack(&data.join("index/index.tar.zst"), &laid_out.index())?;
        let repository = laid_out.advisories();
        unpack(&data.join("advisory-db/advisory-db.tar.zst"), &repository)?;
        unpack(&data.join("audits/files.tar.zst"), &laid_out.folder.join("audits"))?;
        if !repository.join(".git").exists() {
            let git = |words: &[&str]| {
                let identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.invalid"];
                run::output(Command::new("git").current_dir(&repository).args(identity).args(words)).map(drop)
            };
            git(&["init", "--quiet", "--initial-branch=main"])?;
            git(&["add", "--all"])?;
            git(&["commit", "--quiet", "--message=the database"])?;
        }
        Ok(laid_out)
    }

    /// The index, in sparse layout.
    pub(crate) fn index(&self) -> PathBuf {
        self.folder.join("index")
    }

    /// The advisory database, a git repository.
    pub(crate) fn advisories(&self) -> PathBuf {
        self.folder.join("advisory-db")
    }

    /// The advisory database alone, as a folder.
    pub(crate) fn policy_without_audits(&self) -> String {
        format!(
            "[feeds.rustsec]\nrole = \"advisories\"\npath = {:?}\n",
            self.advisories().display().to_string()
        )
    }

    /// The advisory database and every audit set, as folders and files.
    pub(crate) fn policy(&self) -> Result<String, String> {
        let mut policy = self.policy_without_audits();
        for set in folder_entries(&self.folder.join("audits"))? {
            let plain = set.join("audits.toml");
            let hidden = set.join(".supply-chain/audits.toml");
            let Some(file) = [plain, hidden].into_iter().find(|file| file.exists()) else { continue };
            let name = set.file_name().unwrap_or_default().to_string_lossy().replace(['+', '_', '.'], "-");
            policy +=
                &format!("\n[feeds.{name}]\nrole = \"audits\"\nfile = {:?}\n", file.display().to_string());
        }
        Ok(policy)
    }
}

/// The `cargo-fence` that is measured: the one that FENCE_PROGRAM names, else this checkout's, built for release.
pub(crate) fn program(root: &Path) -> Result<PathBuf, String> {
    if let Some(program) = std::env::var_os("FENCE_PROGRAM") {
        let program = absolute(PathBuf::from(program))?;
        if program.is_file() {
            return Ok(program);
        }
        return Err(format!("FENCE_PROGRAM names {}, which is no file", program.display()));
    }
    run::command(run::cargo(root).args(["build", "--release", "--locked", "--package=cargo-fence"]))?;
    Ok(target(root)?.join("release/cargo-fence"))
}

fn target(root: &Path) -> Result<PathBuf, String> {
    absolute(std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from))
}

/// Programs are started in folders of their own.
fn absolute(path: PathBuf) -> Result<PathBuf, String> {
    std::path::absolute(&path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Takes a folder away with all that is in it.
pub(crate) fn emptied(folder: &Path) -> Result<(), String> {
    match fs::remove_dir_all(folder) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(format!("cannot empty {}: {error}", folder.display())),
    }
}

/// Writes a file, and the folders above it.
pub(crate) fn write(path: &Path, bytes: impl AsRef<[u8]>) -> Result<(), String> {
    path.parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::write(path, bytes))
        .map_err(|error| format!("{}: {error}", path.display()))
}

/// What is in a folder, in order.
pub(crate) fn folder_entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    Ok(paths)
}

fn unpack(archive: &Path, to: &Path) -> Result<(), String> {
    if to.exists() {
        return Ok(());
    }
    let failed = |error: &dyn std::fmt::Display| format!("cannot unpack {}: {error}", archive.display());
    let file = File::open(archive).map_err(|error| failed(&error))?;
    let plain =
        ruzstd::decoding::StreamingDecoder::new(BufReader::new(file)).map_err(|error| failed(&error))?;
    let half = to.with_extension("part");
    emptied(&half)?;
    tar::Archive::new(plain).unpack(&half).map_err(|error| failed(&error))?;
    fs::rename(&half, to).map_err(|error| failed(&error))
}
