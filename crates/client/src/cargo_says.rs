//! What the installed cargo says of itself and of a project: its version, and what the manifests declare that no registry
//! answers for.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use fence_registry::manifest::manifest_paths;
use semver::Version;

use crate::limits::Limits;
use crate::process::{self, Bounds};
use crate::project::{self, read_text};
use crate::toml_lines::TomlLines;

/// Something that a manifest takes from elsewhere than a registry's crates.io.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Declared {
    /// The manifest.
    pub file: PathBuf,
    /// The line, from 1, where that can be told.
    pub line: Option<usize>,
    /// The name under which it is written.
    pub name: String,
    /// As what.
    pub part: Part,
    /// From where.
    pub from: From,
}

/// As what a manifest takes something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A dependency of any kind.
    Dependency,
    /// A `[patch]` of this source.
    Patch(String),
    /// A `[replace]`.
    Replace,
}

/// From where a manifest takes something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum From {
    /// A git repository.
    Git(String),
    /// A folder inside the workspace.
    Inside(PathBuf),
    /// A folder outside.
    Outside(PathBuf),
    /// A registry of this name or address.
    Registry(String),
    /// The source itself, in another version: only patches have it.
    Itself,
}

/// The version of the cargo that `program` is in `folder`.
///
/// # Errors
/// Why it does not tell.
pub fn version(program: &Path, folder: &Path) -> Result<Version, String> {
    let mut command = Command::new(program);
    command.arg("--version").current_dir(folder);
    let bounds = Bounds { seconds: Limits::DEFAULT.metadata_seconds, bytes: 16 << 10 };
    let said = process::run(command, Vec::new(), bounds).map_err(|error| error.to_string())?;
    version_of(&String::from_utf8_lossy(&said)).ok_or_else(|| "it names no version".to_owned())
}

/// `cargo 1.95.0 (f2d3ce0bd 2026-03-21)`.
fn version_of(said: &str) -> Option<Version> {
    Version::parse(said.trim().strip_prefix("cargo ")?.split(' ').next()?).ok()
}

/// What `cargo metadata --no-deps` prints of a manifest's workspace.
pub(crate) fn metadata(program: &Path, manifest: &Path) -> Result<Vec<u8>, String> {
    let mut command = Command::new(program);
    command.args(["metadata", "--no-deps", "--offline", "--format-version", "1", "--manifest-path"]);
    command.arg(manifest).current_dir(manifest.parent().unwrap_or(Path::new(".")));
    let Limits { metadata_seconds: seconds, metadata_bytes: bytes, .. } = Limits::DEFAULT;
    process::run(command, Vec::new(), Bounds { seconds, bytes }).map_err(|error| error.to_string())
}

/// What the manifests of the workspace at `root` take from elsewhere, sorted; and what could not be read. Where cargo does
/// not tell the members, the root manifest alone is read.
pub fn declared(program: &Path, root: &Path) -> (Vec<Declared>, Vec<String>) {
    let manifest = root.join("Cargo.toml");
    if !manifest.is_file() {
        return (Vec::new(), Vec::new());
    }
    let mut problems = Vec::new();
    let mut manifests = BTreeSet::from([manifest.clone()]);
    match metadata(program, &manifest).and_then(|printed| manifest_paths(&printed)) {
        Ok(members) => manifests.extend(members.into_iter().map(PathBuf::from)),
        Err(why) => problems.push(format!("cargo does not tell the members of the workspace: {why}")),
    }
    let mut found = Vec::new();
    for file in manifests {
        match read_text(&file, project::Limits::default().manifest_bytes) {
            Ok(Some(text)) => match TomlLines::read(&text) {
                Some(lines) => found.extend(declared_in(&file, root, &lines)),
                None => problems.push(format!("{} is not TOML", file.display())),
            },
            Ok(None) => {}
            Err(error) => problems.push(error.to_string()),
        }
    }
    found.sort();
    (found, problems)
}

const KINDS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// What one manifest takes from elsewhere.
fn declared_in(file: &Path, root: &Path, lines: &TomlLines) -> Vec<Declared> {
    let mut tables: Vec<(Vec<String>, Part)> = Vec::new();
    let owned = |path: &[&str]| path.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
    tables.extend(KINDS.iter().map(|kind| (owned(&[kind]), Part::Dependency)));
    tables.push((owned(&["workspace", "dependencies"]), Part::Dependency));
    for target in lines.keys(&["target"]) {
        tables.extend(KINDS.iter().map(|kind| (owned(&["target", &target, kind]), Part::Dependency)));
    }
    for source in lines.keys(&["patch"]) {
        tables.push((owned(&["patch", &source]), Part::Patch(source)));
    }
    tables.push((owned(&["replace"]), Part::Replace));
    let folder = file.parent().unwrap_or(root);
    let mut found = Vec::new();
    for (table, part) in tables {
        let table: Vec<&str> = table.iter().map(String::as_str).collect();
        for name in lines.keys(&table) {
            let at = |key: &str| {
                let path: Vec<&str> = table.iter().copied().chain([&*name, key]).collect();
                lines.text(&path).map(str::to_owned)
            };
            let from = if let Some(url) = at("git") {
                From::Git(url)
            } else if let Some(path) = at("path") {
                let path = plain(&folder.join(path));
                let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
                let inside = real(&path).starts_with(real(root));
                if inside { From::Inside(path) } else { From::Outside(path) }
            } else if let Some(registry) = at("registry").or_else(|| at("registry-index")) {
                From::Registry(registry)
            } else if part == Part::Dependency {
                continue;
            } else {
                From::Itself
            };
            if part == Part::Dependency && matches!(from, From::Inside(_)) {
                continue;
            }
            let path: Vec<&str> = table.iter().copied().chain([&*name]).collect();
            let line = lines.line(&path);
            found.push(Declared {
                file: file.to_owned(),
                line,
                name: name.clone(),
                part: part.clone(),
                from,
            });
        }
    }
    found
}

/// A path without `..`, as far as it can be told without looking.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => _ = plain.pop(),
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_tells_its_version() {
        let check = |said: &str, expected: Option<&str>| {
            assert_eq!(version_of(said).map(|version| version.to_string()).as_deref(), expected, "{said}");
        };
        check("cargo 1.95.0 (f2d3ce0bd 2026-03-21)\n", Some("1.95.0"));
        check("cargo 1.97.0-nightly (01f6ddf75 2026-04-11)", Some("1.97.0-nightly"));
        check("cargo 1.60.0\n", Some("1.60.0"));
        check("rustc 1.95.0", None);
        check("", None);
    }

    #[test]
    fn a_manifest_tells_what_it_takes_from_elsewhere() {
        let lines = TomlLines::read(
            "[dependencies]\n\
             plain = \"1\"\n\
             far = { git = \"https://git.example/far\", rev = \"1234\" }\n\
             inner = { path = \"inner\" }\n\
             outer = { path = \"../outer\" }\n\
             other = { version = \"1\", registry = \"own\" }\n\
             [target.'cfg(unix)'.build-dependencies.deep]\n\
             git = \"https://git.example/deep\"\n\
             [patch.crates-io]\n\
             glob = { path = \"glob\" }\n\
             lexopt = { git = \"https://git.example/lexopt\" }\n\
             [replace]\n\
             \"shlex:1.0.0\" = { path = \"../shlex\" }\n",
        );
        let found = declared_in(Path::new("/w/Cargo.toml"), Path::new("/w"), &lines.unwrap());
        let told: Vec<String> = found
            .iter()
            .map(|Declared { line, name, part, from, .. }| {
                format!("{}: {name} {part:?} {from:?}", line.unwrap_or_default())
            })
            .collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
        3: far Dependency Git("https://git.example/far")
        5: outer Dependency Outside("/outer")
        6: other Dependency Registry("own")
        7: deep Dependency Git("https://git.example/deep")
        10: glob Patch("crates-io") Inside("/w/glob")
        11: lexopt Patch("crates-io") Git("https://git.example/lexopt")
        13: shlex:1.0.0 Replace Outside("/shlex")
        "#);
    }
}
