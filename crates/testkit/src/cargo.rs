//! The installed cargo, with a home and a project of its own: what end-to-end tests drive.
//!
//! Such tests run cargo and the compiler for real and talk over loopback; no other network is there for them. They see
//! what a user sees, and cost about a second each, so that what can be shown lower down is shown there.
//!
//! ```no_run
//! use fence_testkit::cargo::Cargo;
//! use fence_testkit::publishing::{Publishing, release};
//!
//! let registry = Publishing::start();
//! registry.publish(release("a", "1.0.0"));
//! let cargo = Cargo::new().project("a = \"1\"").replace_crates_io(&registry.index_url());
//! println!("{}", cargo.run(["update"]));
//! assert_eq!(cargo.lockfile()["a"], ["1.0.0"]);
//! ```
//!
//! The cargo that runs is the one that runs the tests (`CARGO`). Of the environment it sees neither cargo's variables
//! nor those of HTTP proxies and compilers; its configuration is the home's alone.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// The name under which a replacement of crates.io is configured.
pub const REPLACEMENT: &str = "fence";

/// A home and a project, which go away when it is dropped.
#[derive(Debug)]
pub struct Cargo {
    /// Removed with all that is in it.
    _folder: TempDir,
    /// The same folder, as programs print it.
    root: PathBuf,
    variables: BTreeMap<String, String>,
}

/// What one command did, its machine's paths, ports and times replaced by words. Shown, it is fit for a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The command, as it would be typed.
    pub command: String,
    /// The exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// What it said on standard output.
    pub stdout: String,
    /// What it said on standard error.
    pub stderr: String,
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { command, code, stdout, stderr } = self;
        let code = code.map_or_else(|| "none".to_owned(), |code| code.to_string());
        write!(f, "$ {command}\n{stderr}{stdout}[exit code {code}]")
    }
}

impl Cargo {
    /// An empty home, and a project that depends on nothing.
    ///
    /// # Panics
    /// If there is no room for temporary files.
    #[expect(clippy::new_without_default, reason = "it makes folders: a default would hide that")]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("temporary files have room");
        let root = folder.path().canonicalize().expect("the folder was just made");
        let cargo = Self { _folder: folder, root, variables: BTreeMap::new() };
        fs::create_dir(cargo.home()).expect("the folder was just made");
        cargo.write("src/main.rs", "fn main() {}\n");
        cargo.project("")
    }

    /// A program that has these lines under `[dependencies]`, in place of the one before. Its lockfile stays.
    #[must_use]
    pub fn project(self, dependencies: &str) -> Self {
        self.depend_on(dependencies);
        self
    }

    /// The same in the middle of a story.
    pub fn depend_on(&self, dependencies: &str) {
        self.write(
            "Cargo.toml",
            &format!(
                "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[workspace]\n\n\
                 [dependencies]\n{dependencies}\n"
            ),
        );
    }

    /// The sparse index at `index` in place of crates.io, as users are told to configure it.
    #[must_use]
    pub fn replace_crates_io(self, index: &str) -> Self {
        self.configure(&format!("[source.crates-io]\nreplace-with = \"{REPLACEMENT}\"\n"));
        self.registry(REPLACEMENT, index)
    }

    /// Another registry beside crates.io.
    #[must_use]
    pub fn registry(self, name: &str, index: &str) -> Self {
        self.configure(&format!("[registries.{name}]\nindex = \"sparse+{index}\"\n"));
        self
    }

    /// A token for a registry, where `cargo login` puts it.
    #[must_use]
    pub fn token(self, registry: &str, token: &str) -> Self {
        append(
            &self.home().join("credentials.toml"),
            &format!("[registries.{registry}]\ntoken = \"{token}\"\n"),
        );
        // Without being told to, cargo looks into that file only for registries that do not insist on a token.
        self.set("CARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS", "cargo:token")
    }

    /// A variable of the environment of all commands.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Adds lines to the home's `config.toml`.
    pub fn configure(&self, lines: &str) {
        append(&self.home().join("config.toml"), lines);
    }

    /// `CARGO_HOME`.
    pub fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// The project's folder.
    pub fn folder(&self) -> PathBuf {
        self.root.join("project")
    }

    /// Writes a file of the project.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.folder().join(path);
        let folder = path.parent().expect("a file lies in a folder");
        fs::create_dir_all(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    /// Runs cargo with these words in the project.
    pub fn run<const N: usize>(&self, words: [&str; N]) -> Run {
        let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = self.command(program);
        let output = command.args(words).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        self.told(&format!("cargo {}", words.join(" ")), &output)
    }

    /// Another program in the same project and environment, such as one that calls cargo itself.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if is_unwanted(&name.to_string_lossy()) {
                command.env_remove(name);
            }
        }
        command.current_dir(self.folder()).stdin(Stdio::null());
        command.env("CARGO_HOME", self.home()).envs(&self.variables);
        command.envs([("CARGO_TERM_COLOR", "never"), ("CARGO_TERM_PROGRESS_WHEN", "never")]);
        command
    }

    /// What a program did that [`Self::command`] made, in the words of a snapshot.
    pub fn told(&self, command: &str, output: &Output) -> Run {
        let settled = |bytes: &[u8]| settled(&String::from_utf8_lossy(bytes), &self.root);
        Run {
            command: command.to_owned(),
            code: output.status.code(),
            stdout: settled(&output.stdout),
            stderr: settled(&output.stderr),
        }
    }

    /// The versions that `Cargo.lock` has of each crate of a registry.
    pub fn lockfile(&self) -> BTreeMap<String, Vec<String>> {
        let path = self.folder().join("Cargo.lock");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut locked: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for package in text.split("[[package]]").skip(1) {
            let field = |name: &str| {
                package
                    .lines()
                    .find_map(|line| line.strip_prefix(name)?.strip_prefix(" = \"")?.strip_suffix('"'))
            };
            if let (Some(name), Some(version), Some(_)) = (field("name"), field("version"), field("source")) {
                locked.entry(name.to_owned()).or_default().push(version.to_owned());
            }
        }
        locked
    }
}

fn append(path: &Path, lines: &str) {
    let before = fs::read_to_string(path).unwrap_or_default();
    fs::write(path, before + lines + "\n").unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// Whether a variable of the machine's would make two machines' cargos differ.
fn is_unwanted(variable: &str) -> bool {
    let variable = variable.to_ascii_uppercase();
    variable.starts_with("CARGO")
        || variable.starts_with("RUSTC")
        || variable.starts_with("RUSTDOC")
        || variable == "RUSTFLAGS"
        || variable.ends_with("_PROXY")
}

/// Lines with these words in front come in the order in which threads end.
const UNORDERED: [&str; 3] = ["Downloaded", "Compiling", "Checking"];

/// `text` as every machine prints it.
fn settled(text: &str, root: &Path) -> String {
    let text = text.replace(&root.join("home").display().to_string(), "[home]");
    let text = text.replace(&root.join("project").display().to_string(), "[project]");
    let text = without_digits(&text, "127.0.0.1:");
    let verb = |line: &str| UNORDERED.iter().find(|verb| line.trim_start().starts_with(**verb)).copied();
    let mut lines: Vec<String> = text.lines().map(without_duration).collect();
    for neighbours in lines.chunk_by_mut(|a, b| verb(a).is_some() && verb(a) == verb(b)) {
        neighbours.sort();
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

/// `text` without the digits behind each `mark`.
fn without_digits(text: &str, mark: &str) -> String {
    let mut parts = text.split(mark);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |before, part| {
        before + mark + "[…]" + part.trim_start_matches(|c: char| c.is_ascii_digit())
    })
}

/// A line without the time that something took: `in 0.52s` at its end.
fn without_duration(line: &str) -> String {
    let is_duration = |word: &str| {
        word.strip_suffix('s').is_some_and(|number| number.parse::<f64>().is_ok())
            || word.contains("m ") && word.ends_with('s')
    };
    match line.rsplit_once(" in ") {
        Some((before, time)) if is_duration(time) => format!("{before} in […]"),
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(settled(text, Path::new("/machine/x1")), expected);
    }

    #[test]
    fn what_machines_differ_in_is_told_in_words() {
        check("  Installing /machine/x1/home/bin/a\n", "  Installing [home]/bin/a\n");
        check("   Compiling app v0.1.0 (/machine/x1/project)\n", "   Compiling app v0.1.0 ([project])\n");
        check(
            "from http://127.0.0.1:4711/index/ and http://127.0.0.1:80/\n",
            "from http://127.0.0.1:[…]/index/ and http://127.0.0.1:[…]/\n",
        );
        check("    Finished `dev` profile in 0.52s\n", "    Finished `dev` profile in […]\n");
        check("    Finished `dev` profile in 1m 02s\n", "    Finished `dev` profile in […]\n");
        check("error: no matching package in parts\n", "error: no matching package in parts\n");
    }

    #[test]
    fn only_what_threads_order_is_sorted() {
        check(
            "Downloading crates ...\n  Downloaded b v1\n  Downloaded a v1\nB\nA\n   Compiling b\n   Compiling a\n",
            "Downloading crates ...\n  Downloaded a v1\n  Downloaded b v1\nB\nA\n   Compiling a\n   Compiling b\n",
        );
    }
}
