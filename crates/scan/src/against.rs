//! A package against its source: what is in the package, and not in the commit that it says it was made from.
//!
//! Cargo copies most files as they are. It makes `Cargo.toml` anew and keeps the author's as `Cargo.toml.orig`, makes or
//! changes `Cargo.lock`, adds `.cargo_vcs_info.json`, resolves links, and copies a readme or licence from outside of the
//! package's folder. What is left, and is not in the repository byte for byte, is a [`Difference`].

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::manifest::{Build, Manifest};
use crate::origin::{Counterpart, MANIFEST_AS_WRITTEN, VCS_INFO};
use crate::package::{Magic, Package, extension, is_of_tests};
use crate::scan::is_other_language;

/// What the repository has for a file of the package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// The package's path.
    pub path: String,
    /// What the repository has.
    pub counterpart: Counterpart,
    /// Whether its bytes were read: not where it is no file, or one beyond a limit.
    pub is_read: bool,
    /// Its bytes, which travel by themselves.
    #[serde(skip)]
    pub bytes: Option<Vec<u8>>,
}

impl Pair {
    /// A file of the package, what the repository has for it, and the bytes if they were read.
    pub fn of(path: String, counterpart: Counterpart, bytes: Option<Vec<u8>>) -> Self {
        Self { path, counterpart, is_read: bytes.is_some(), bytes }
    }
}

/// What came of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Against {
    /// What is not as in the repository: what is in the package alone first, and of a kind what runs first.
    pub differences: Vec<Difference>,
    /// How many files are byte for byte those of the repository.
    pub same: u64,
    /// Files that cargo makes, which the repository does not have or has otherwise.
    pub made_by_cargo: Vec<String>,
}

/// A file of the package that is not as in the repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Difference {
    /// In which way.
    pub kind: DifferenceKind,
    /// What the file is.
    pub file: FileKind,
    /// The package's path.
    pub path: String,
    /// The repository's, where it is there and is another one; else empty.
    pub in_repository: String,
    /// Bytes in the package.
    pub bytes: u64,
    /// Lines that the repository's file has not; zero where these were not counted.
    pub lines: u64,
    /// The first of them, from one; zero where there is none.
    pub line: u32,
    /// That line, or what is wrong, in words.
    pub what: String,
}

/// The ways in which a file is not as in the repository, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DifferenceKind {
    /// The repository has no such file.
    OnlyInPackage,
    /// `Cargo.toml` says something that `Cargo.toml.orig`, from which cargo makes it, does not.
    Manifest,
    /// The repository has other bytes.
    Differs,
    /// It is a link in the repository that leads out of it.
    Astray,
    /// It was not compared: it lies in a submodule, in Git LFS, or beyond a limit.
    NotCompared,
    /// Only the ends of lines are others.
    LineEnds,
}

/// What a file is, by what may become of it, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    /// A build script, or a manifest.
    Build,
    /// A program or library in binary form.
    Binary,
    /// Rust, C, assembly, scripts.
    Code,
    /// All else.
    Other,
    /// Something for the package's own tests, examples and benchmarks.
    Tests,
    /// A document.
    Document,
}

impl DifferenceKind {
    /// Its name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OnlyInPackage => "only-in-package",
            Self::Manifest => "manifest",
            Self::Differs => "differs",
            Self::Astray => "astray",
            Self::NotCompared => "not-compared",
            Self::LineEnds => "line-ends",
        }
    }

    /// Whether the package has something that the repository was seen not to have.
    pub const fn is_grave(self) -> bool {
        matches!(self, Self::OnlyInPackage | Self::Manifest | Self::Differs | Self::Astray)
    }
}

impl FileKind {
    fn of(path: &str, bytes: &[u8], build: &BTreeSet<String>) -> Self {
        if build.contains(path) || matches!(path, "Cargo.toml" | MANIFEST_AS_WRITTEN) {
            return Self::Build;
        }
        if is_of_tests(path) {
            return Self::Tests;
        }
        if Magic::is_linked_or_run(bytes) || matches!(extension(path), "o" | "obj" | "lib") {
            return Self::Binary;
        }
        let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
        let is_document = |name: &str| {
            ["readme", "changelog", "license", "licence", "copying", "contributing", "authors", "notice"]
                .iter()
                .any(|word| name.starts_with(word))
                || name.starts_with(".git")
        };
        match extension(path) {
            "rs" => Self::Code,
            "md" | "adoc" | "rst" => Self::Document,
            _ if is_other_language(path) => Self::Code,
            _ if path.starts_with(".github/") || is_document(&name) => Self::Document,
            _ => Self::Other,
        }
    }

    /// Its name in JSON, and for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Binary => "binary",
            Self::Code => "code",
            Self::Other => "other",
            Self::Tests => "tests",
            Self::Document => "document",
        }
    }
}

/// Compares a package with what its repository has. `workspaces` are the manifests above the package's folder in the
/// repository, the nearest first: its dependencies may be written there.
pub fn compare(package: &Package, pairs: &[Pair], workspaces: &[Vec<u8>]) -> Against {
    let text = |path| package.file(path).map(String::from_utf8_lossy).unwrap_or_default();
    let manifest = Manifest::parse(&text("Cargo.toml")).unwrap_or_default();
    let build: BTreeSet<String> = match &manifest.build {
        Build::Found => ["build.rs".to_owned()].into(),
        Build::Off => BTreeSet::new(),
        Build::Files(files) => files.iter().cloned().collect(),
    };
    let mut against = Against::default();
    let paired: BTreeSet<&str> = pairs.iter().map(|pair| pair.path.as_str()).collect();
    for (path, _) in package.files().filter(|(path, _)| !paired.contains(path)) {
        against.made_by_cargo.push(path.to_owned());
    }
    for Pair { path, counterpart, bytes, .. } in pairs {
        let Some(here) = package.file(path) else { continue };
        let mut difference = Difference {
            kind: DifferenceKind::OnlyInPackage,
            file: FileKind::of(path, here, &build),
            path: path.clone(),
            in_repository: String::new(),
            bytes: here.len() as u64,
            lines: 0,
            line: 0,
            what: String::new(),
        };
        match (counterpart, bytes) {
            (Counterpart::File { .. }, Some(there)) if there == here => {
                against.same += 1;
                continue;
            }
            (Counterpart::File { path: other, .. }, Some(there)) => {
                if other != path {
                    difference.in_repository.clone_from(other);
                }
                differing(&mut difference, here, there);
            }
            (Counterpart::File { path: other, size, .. }, None) => {
                difference.kind = DifferenceKind::NotCompared;
                difference.what =
                    format!("{other} of the repository was not read: it has {size} bytes, or is missing");
            }
            (Counterpart::Absent, _) => {
                let lines = String::from_utf8_lossy(here);
                difference.lines = if here.contains(&0) { 0 } else { lines.lines().count() as u64 };
            }
            (Counterpart::Submodule(at), _) => {
                difference.kind = DifferenceKind::NotCompared;
                difference.what = format!("{at} is another repository, which was not read");
            }
            (Counterpart::Astray(link), _) => {
                difference.kind = DifferenceKind::Astray;
                difference.what = format!("{link} is a link that leads out of the repository, or nowhere");
            }
        }
        against.differences.push(difference);
    }
    if package.file(MANIFEST_AS_WRITTEN).is_some() {
        let said = manifests(&text("Cargo.toml"), &text(MANIFEST_AS_WRITTEN), workspaces);
        against.differences.extend(said.into_iter().map(|what| Difference {
            kind: DifferenceKind::Manifest,
            file: FileKind::Build,
            path: "Cargo.toml".to_owned(),
            in_repository: String::new(),
            bytes: 0,
            lines: 0,
            line: 0,
            what,
        }));
    }
    against.made_by_cargo.retain(|path| path != VCS_INFO);
    let order = |of: &Difference| (of.kind, of.file, of.path.clone(), of.what.clone());
    against.differences.sort_by_cached_key(order);
    against
}

/// In which way the bytes are others.
fn differing(difference: &mut Difference, here: &[u8], there: &[u8]) {
    const LFS: &[u8] = b"version https://git-lfs.github.com/spec/";
    if there.starts_with(LFS) {
        difference.kind = DifferenceKind::NotCompared;
        difference.what = "the repository keeps it in Git LFS, which was not read".to_owned();
        return;
    }
    if unix(here) == unix(there) {
        difference.kind = DifferenceKind::LineEnds;
        return;
    }
    difference.kind = DifferenceKind::Differs;
    if here.contains(&0) {
        return;
    }
    let (here, there) = (unix(here), unix(there));
    let mut known: BTreeMap<&[u8], usize> = BTreeMap::new();
    for line in there.split(|byte| *byte == b'\n') {
        *known.entry(line).or_default() += 1;
    }
    for (at, line) in here.split(|byte| *byte == b'\n').enumerate() {
        match known.get_mut(line) {
            Some(count) if *count > 0 => *count -= 1,
            _ => {
                difference.lines += 1;
                if difference.line == 0 && !line.trim_ascii().is_empty() {
                    difference.line = u32::try_from(at + 1).unwrap_or(u32::MAX);
                    let shown = String::from_utf8_lossy(line.trim_ascii());
                    difference.what = shown.chars().take(200).collect();
                }
            }
        }
    }
}

/// The bytes with the line ends of Unix.
fn unix(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    for (at, byte) in bytes.iter().enumerate() {
        if *byte != b'\r' || bytes.get(at + 1) != Some(&b'\n') {
            plain.push(*byte);
        }
    }
    plain
}

/// What the manifest that cargo made says and the one that it was made from does not: what is needed, what runs in a build,
/// what is linked, and features.
fn manifests(made: &str, written: &str, workspaces: &[Vec<u8>]) -> Vec<String> {
    let table = |text: &str| text.parse::<Table>().unwrap_or_default();
    let (made_table, written_table) = (table(made), table(written));
    let workspaces: Vec<Table> =
        workspaces.iter().map(|bytes| table(&String::from_utf8_lossy(bytes))).collect();
    let shared = workspaces.iter().find_map(|table| table.get("workspace")?.as_table());
    // A package may be the root of its own workspace.
    let shared = written_table.get("workspace").and_then(Value::as_table).or(shared);
    let mut said = Vec::new();

    let known = dependencies(&written_table, shared);
    for (key, needed) in dependencies(&made_table, None) {
        let (kind, name) = &key;
        match known.get(&key) {
            None => said
                .push(format!("{kind} has `{name}` ({needed}), which Cargo.toml.orig does not name there")),
            Some(other) => {
                for one in needed.0.difference(&other.0) {
                    let others = other.0.iter().map(Needed::to_string).collect::<Vec<_>>().join(", ");
                    said.push(format!("{kind} has `{name}` as {one}, and Cargo.toml.orig as {others}"));
                }
            }
        }
    }

    let read = |text: &str| Manifest::parse(text).unwrap_or_default();
    let (made, written) = (read(made), read(written));
    if let Build::Files(files) = &made.build {
        let foreign = match &written.build {
            Build::Files(others) => files != others,
            Build::Found => files.iter().any(|file| plain(file) != "build.rs"),
            Build::Off => true,
        };
        if foreign {
            said.push(format!(
                "the build script is {}, which Cargo.toml.orig does not say",
                files.join(", ")
            ));
        }
    }
    if made.is_proc_macro && !written.is_proc_macro {
        said.push("it is a procedural macro, which Cargo.toml.orig does not say".to_owned());
    }
    if made.links != written.links {
        said.push(format!(
            "it links {:?}, which Cargo.toml.orig does not say",
            made.links.unwrap_or_default()
        ));
    }
    let usual = ["src/lib.rs".to_owned(), "lib.rs".to_owned()];
    if let Some(library) = &made.library
        && written.library.as_deref().map(plain) != Some(plain(library))
        && (written.library.is_some() || !usual.contains(library))
    {
        said.push(format!("the library begins in {library}, which Cargo.toml.orig does not say"));
    }
    for (name, parts) in &made.features {
        let Some(others) = written.features.get(name) else {
            said.push(format!("the feature `{name}` is none of Cargo.toml.orig"));
            continue;
        };
        for part in parts.iter().filter(|part| !others.contains(part)) {
            said.push(format!("the feature `{name}` has `{part}`, which it has not in Cargo.toml.orig"));
        }
    }
    said
}

/// A path without the parts that say nothing.
fn plain(path: &str) -> &str {
    path.strip_prefix("./").unwrap_or(path)
}

/// A package that is needed under a name, by its real name and requirement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Needed {
    package: String,
    requirement: String,
}

impl std::fmt::Display for Needed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.package, self.requirement)
    }
}

/// All that is needed under one name of one kind: for several targets it may be several things.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct All(BTreeSet<Needed>);

impl std::fmt::Display for All {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let all: Vec<String> = self.0.iter().map(Needed::to_string).collect();
        f.write_str(&all.join(", "))
    }
}

/// What a manifest needs, by kind and name; what it takes from its workspace is looked up in `shared`.
fn dependencies(table: &Table, shared: Option<&Table>) -> BTreeMap<(&'static str, String), All> {
    let kinds = [
        ("dependencies", "dependencies"),
        ("build-dependencies", "build-dependencies"),
        ("build_dependencies", "build-dependencies"),
        ("dev-dependencies", "dev-dependencies"),
        ("dev_dependencies", "dev-dependencies"),
    ];
    let shared = shared.and_then(|shared| shared.get("dependencies")).and_then(Value::as_table);
    let targets = table.get("target").and_then(Value::as_table).into_iter().flat_map(|all| all.values());
    let mut found: BTreeMap<(&'static str, String), All> = BTreeMap::new();
    for place in std::iter::once(table).chain(targets.filter_map(Value::as_table)) {
        for (key, kind) in kinds {
            for (name, value) in place.get(key).and_then(Value::as_table).into_iter().flatten() {
                let is_shared = value.get("workspace").and_then(Value::as_bool) == Some(true);
                let value = if is_shared { shared.and_then(|all| all.get(name)) } else { Some(value) };
                let word = |key| value.and_then(|value| value.get(key)).and_then(Value::as_str);
                let requirement = value.and_then(Value::as_str).or_else(|| word("version")).unwrap_or("*");
                let needed = Needed {
                    package: word("package").unwrap_or(name).to_owned(),
                    requirement: requirement.split_whitespace().collect(),
                };
                found.entry((kind, name.clone())).or_default().0.insert(needed);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::File;

    fn file(path: &str, text: &str) -> File {
        File { path: path.into(), bytes: text.into() }
    }

    fn pair(path: &str, there: Option<&str>) -> Pair {
        let counterpart = match there {
            Some(text) => {
                Counterpart::File { path: path.into(), object: "0".repeat(40), size: text.len() as u64 }
            }
            None => Counterpart::Absent,
        };
        Pair::of(path.into(), counterpart, there.map(Into::into))
    }

    fn shown(against: &Against) -> Vec<String> {
        let one = |of: &Difference| {
            let (kind, file) = (of.kind.as_str(), of.file.as_str());
            format!("{kind} {file} {}:{} +{} {}", of.path, of.line, of.lines, of.what).trim_end().to_owned()
        };
        against.differences.iter().map(one).collect()
    }

    #[test]
    fn what_is_in_the_package_alone_comes_first() {
        let package = Package::of([
            file("Cargo.toml", "[package]\nname = \"a\"\n"),
            file("Cargo.lock", ""),
            file("build.rs", "fn main() {}\n"),
            file("README.md", "one\r\ntwo\r\n"),
            file("data.bin", "large"),
            file("src/lib.rs", "fn a() {}\nfn b() { evil() }\nfn c() {}\n"),
            file("src/same.rs", "fn same() {}\n"),
            file("tests/t.rs", "fn t() {}\n"),
        ]);
        let mut pairs = vec![
            pair("Cargo.toml", Some("[package]\nname = \"a\"\n")),
            pair("build.rs", None),
            pair("README.md", Some("one\ntwo\n")),
            pair("data.bin", Some("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")),
            pair("src/lib.rs", Some("fn a() {}\nfn b() {}\nfn c() {}\n")),
            pair("src/same.rs", Some("fn same() {}\n")),
        ];
        pairs.push(pair("tests/t.rs", None));
        let against = compare(&package, &pairs, &[]);
        assert_eq!(
            shown(&against),
            [
                "only-in-package build build.rs:0 +1",
                "only-in-package tests tests/t.rs:0 +1",
                "differs code src/lib.rs:2 +1 fn b() { evil() }",
                "not-compared other data.bin:0 +0 the repository keeps it in Git LFS, which was not read",
                "line-ends document README.md:0 +0",
            ]
        );
        assert_eq!((against.same, against.made_by_cargo), (2, vec!["Cargo.lock".to_owned()]));
    }

    #[test]
    fn a_manifest_has_nothing_that_its_author_did_not_write() {
        let check = |made: &str, written: &str, workspace: &str| {
            let package = Package::of([file("Cargo.toml", made), file(MANIFEST_AS_WRITTEN, written)]);
            let pairs = [pair(MANIFEST_AS_WRITTEN, Some(written))];
            let against = compare(&package, &pairs, &[workspace.as_bytes().to_vec()]);
            against.differences.into_iter().map(|one| one.what).collect::<Vec<_>>()
        };
        let written = "[package]\nname = \"a\"\n[dependencies]\nlog = \"0.4\"\nhttp.workspace = true\nown = { path = \"../own\", version = \"1.2\" }\n\
                       [target.'cfg(unix)'.dev-dependencies]\nlibc = \"0.2\"\n[features]\nstd = [\"log/std\"]\n";
        let workspace = "[workspace.dependencies]\nhttp = { version = \"1\", default-features = false }\n";
        let honest = "[package]\nname = \"a\"\nbuild = \"build.rs\"\n[lib]\npath = \"src/lib.rs\"\n[dependencies.log]\nversion = \"0.4\"\n\
                      [dependencies.http]\nversion = \"1\"\n[dependencies.own]\nversion = \"1.2\"\n\
                      [target.\"cfg(unix)\".dev-dependencies.libc]\nversion = \"0.2\"\n[features]\nstd = [\"log/std\"]\n";
        assert_eq!(check(honest, written, workspace), [""; 0]);
        let hostile = honest
            .replace("\"0.4\"", "\"0.4.99\"")
            .replace("src/lib.rs", "src/other.rs")
            .replace("build.rs", "b.rs")
            + "[dependencies.evil]\nversion = \"1\"\n[dependencies.http2]\npackage = \"http\"\nversion = \"2\"\n";
        assert_eq!(
            check(&hostile.replace("[\"log/std\"]\n", "[\"log/std\", \"evil\"]\n"), written, workspace),
            [
                "dependencies has `evil` (evil 1), which Cargo.toml.orig does not name there",
                "dependencies has `http2` (http 2), which Cargo.toml.orig does not name there",
                "dependencies has `log` as log 0.4.99, and Cargo.toml.orig as log 0.4",
                "the build script is b.rs, which Cargo.toml.orig does not say",
                "the feature `std` has `evil`, which it has not in Cargo.toml.orig",
                "the library begins in src/other.rs, which Cargo.toml.orig does not say",
            ]
        );
    }
}
