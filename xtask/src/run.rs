//! Running other programs, and saying which one failed.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs a command, its output shown as it comes.
pub(crate) fn command(command: &mut Command) -> Result<(), String> {
    let shown = shown(command);
    let status = command.status().map_err(|error| format!("cannot start {shown}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{shown} failed ({status})")) }
}

/// Runs a command and gives back what it printed.
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>, String> {
    let shown = shown(command);
    let output = command.output().map_err(|error| format!("cannot start {shown}: {error}"))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(format!("{shown} failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr).trim()))
}

/// The program and its words, without what was set around them.
fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words = words.map(|word| word.to_string_lossy().into_owned());
    format!("`{}`", words.collect::<Vec<_>>().join(" "))
}

/// The cargo that runs this. What `cargo run` tells this program about itself is taken away: build scripts such as that
/// of ring ask to be run again when it changes, and all that rests on them would be built anew each time.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_about_a_package) {
            command.env_remove(name);
        }
    }
    command
}

/// Whether cargo sets this variable for the package that it builds or runs, rather than reading it.
fn is_about_a_package(name: &str) -> bool {
    const NAMES: [&str; 7] = [
        "CARGO_MANIFEST_DIR",
        "CARGO_MANIFEST_PATH",
        "CARGO_MANIFEST_LINKS",
        "CARGO_BIN_NAME",
        "CARGO_CRATE_NAME",
        "CARGO_PRIMARY_PACKAGE",
        "OUT_DIR",
    ];
    NAMES.contains(&name) || ["CARGO_PKG_", "CARGO_BIN_EXE_"].iter().any(|kin| name.starts_with(kin))
}

/// The folder in which cargo builds this workspace.
pub(crate) fn target_folder(root: &Path) -> Result<PathBuf, String> {
    let metadata = output(cargo(root).args(["metadata", "--format-version=1", "--no-deps", "--locked"]))?;
    let metadata: serde_json::Value =
        serde_json::from_slice(&metadata).map_err(|error| format!("cargo metadata: {error}"))?;
    let folder = metadata["target_directory"].as_str();
    folder.map(PathBuf::from).ok_or_else(|| "cargo metadata names no target folder".to_owned())
}

/// One of the workspace's programs: built for release, unless FENCE_BUILT names the folder in which programs lie that were just built,
/// as those for the tests are. CI builds nothing twice.
pub(crate) fn program(root: &Path, package: &str, name: &str) -> Command {
    match std::env::var_os("FENCE_BUILT") {
        Some(folder) => {
            let mut command = Command::new(root.join(folder).join(name));
            command.current_dir(root);
            command
        }
        None => {
            let mut command = cargo(root);
            command.args(["run", "--release", "--locked"]);
            command.args([format!("--package={package}"), format!("--bin={name}"), "--".to_owned()]);
            command
        }
    }
}

/// All tests of the workspace; further words go to `cargo test`. Some ask cargo, without a network, about packages of
/// other platforms too, so all of them are fetched before.
pub(crate) fn tests(root: &Path, words: &[&str]) -> Result<(), String> {
    command(cargo(root).args(["fetch", "--locked", "--quiet"]))?;
    command(cargo(root).args(["test", "--workspace", "--locked"]).args(words))
}

/// The fence on this workspace. Where the advisory database lies beside the checkout it is read from there, so that
/// a machine that cannot reach its repository checks too. Further words go to `check`.
pub(crate) fn check(root: &Path, data: Option<&Path>, words: &[&str]) -> Result<(), String> {
    let mut fence = program(root, "cargo-fence", "cargo-fence");
    fence.args(["fence", "check"]).args(words);
    let database = data.map(|data| data.join("advisory-db/advisory-db.tar.zst")).filter(|path| path.exists());
    if let Some(database) = database {
        fence.arg(format!("--feed=rustsec={}", database.display()));
    }
    command(&mut fence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_is_told_nothing_of_the_package_that_starts_it() {
        for name in
            ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PKG_VERSION", "CARGO_BIN_NAME", "OUT_DIR"]
        {
            assert!(is_about_a_package(name), "{name}");
        }
        for name in
            ["CARGO", "CARGO_HOME", "CARGO_TARGET_DIR", "CARGO_NET_OFFLINE", "CARGO_TERM_COLOR", "PATH"]
        {
            assert!(!is_about_a_package(name), "{name}");
        }
        let left = cargo(Path::new(".")).get_envs().filter(|(_, value)| value.is_some()).count();
        assert_eq!(left, 0);
    }
}
