//! A registry that people publish to, for a real cargo to ask: on top of [`FakeRegistry`], with an index, `.crate`
//! files that build, and what owners and operators do to them afterwards.
//!
//! ```
//! use fence_testkit::publishing::{Publishing, release};
//!
//! let registry = Publishing::start();
//! registry.publish(release("arrayref", "0.3.9").at("2024-09-14T12:24:40Z"));
//! registry.publish(release("blake3", "1.8.2").needs("arrayref", "^0.3.5"));
//! registry.yank("arrayref", "0.3.9");
//! // What cargo's configuration names.
//! let index = registry.index_url();
//! # assert!(index.ends_with("/index/"));
//! ```
//!
//! An index line is written as crates.io writes it: compact, in its order of keys. A `.crate` is the same byte for byte
//! whenever the same release is made, so that digests can be compared. How the registry answers badly is
//! [`FakeRegistry`]'s part: see [`Publishing::server`].

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use fence_model::{CrateName, Digest, Time};
use fence_registry::IndexPath;
use flate2::Compression;
use flate2::write::GzEncoder;
use semver::{Version, VersionReq};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::registry::{FakeRegistry, Validators};
use crate::world::{name, time, version};

/// When a release appeared of which nothing else is said: long ago.
const LONG_AGO: &str = "2020-01-01T00:00:00Z";

/// The registry, which ends when it is dropped.
#[derive(Debug)]
pub struct Publishing {
    server: FakeRegistry,
    published: Mutex<Vec<Published>>,
}

/// A release as its author makes it.
#[derive(Debug, Clone)]
pub struct Release {
    name: CrateName,
    version: Version,
    at: Time,
    needs: Vec<Need>,
    target: Target,
    build_script: Option<String>,
    files: BTreeMap<String, String>,
}

/// A library of long ago that needs nothing, until its verbs say otherwise.
pub fn release(crate_name: &str, of: &str) -> Release {
    Release {
        name: name(crate_name),
        version: version(of),
        at: time(LONG_AGO),
        needs: Vec::new(),
        target: Target::Library,
        build_script: None,
        files: BTreeMap::new(),
    }
}

impl Release {
    /// Published at this moment.
    #[must_use]
    pub fn at(self, moment: &str) -> Self {
        Self { at: time(moment), ..self }
    }

    /// With a dependency.
    #[must_use]
    pub fn needs(self, crate_name: &str, requirement: &str) -> Self {
        self.needs_as(Kind::Normal, crate_name, requirement)
    }

    /// With a dependency of its build script.
    #[must_use]
    pub fn needs_to_build(self, crate_name: &str, requirement: &str) -> Self {
        self.needs_as(Kind::Build, crate_name, requirement)
    }

    /// With a dependency of its own tests, which who uses it never needs.
    #[must_use]
    pub fn needs_to_test(self, crate_name: &str, requirement: &str) -> Self {
        self.needs_as(Kind::Dev, crate_name, requirement)
    }

    /// With a build script: what stands in its `main`.
    #[must_use]
    pub fn build_script(self, statements: &str) -> Self {
        Self { build_script: Some(statements.to_owned()), ..self }
    }

    /// With a file, in place of the one that it would have there.
    #[must_use]
    pub fn file(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.to_owned(), text.to_owned());
        self
    }

    /// A program in place of a library, for `cargo install`. It says its name and version.
    #[must_use]
    pub fn program(self) -> Self {
        Self { target: Target::Program, ..self }
    }

    fn needs_as(mut self, kind: Kind, crate_name: &str, requirement: &str) -> Self {
        let requirement = VersionReq::parse(requirement).unwrap_or_else(|e| panic!("{requirement}: {e}"));
        self.needs.push(Need { name: name(crate_name), requirement, kind });
        self
    }
}

impl Publishing {
    /// Starts a registry without any release, which sends entity tags.
    pub fn start() -> Self {
        let server = FakeRegistry::start();
        server.send_validators(Validators::ETag);
        let registry = Self { server, published: Mutex::default() };
        registry.serve_config(&[]);
        registry
    }

    /// From now on index, configuration and downloads want `token` as `Authorization`.
    #[must_use]
    pub fn with_token(self, token: &str) -> Self {
        self.server.require_token(token);
        self.serve_config(&[("auth-required", true)]);
        self
    }

    /// The server beneath, for its faults and for what it was asked.
    pub fn server(&self) -> &FakeRegistry {
        &self.server
    }

    /// The index's address, as cargo's configuration takes it behind `sparse+`.
    pub fn index_url(&self) -> String {
        self.server.url("index/")
    }

    /// Publishes a release, behind all that were published before.
    ///
    /// # Panics
    /// If the registry has this release: like crates.io it takes a version once.
    pub fn publish(&self, release: Release) {
        let (crate_name, of) = (release.name.clone(), release.version.clone());
        let mut published = self.published();
        assert!(position(&published, &crate_name, &of).is_none(), "{crate_name} {of} was published before");
        let file = package(&release, Edition::First);
        self.server.serve(&package_path(&crate_name, &of), file.clone());
        published.push(Published { release, digest: sha256(&file), mark: Mark::Offered });
        self.serve_index_file(&published, &crate_name);
    }

    /// Yanks a release.
    pub fn yank(&self, crate_name: &str, of: &str) {
        self.change(crate_name, of, |published| published.mark = Mark::Yanked);
    }

    /// Takes a yank back.
    pub fn unyank(&self, crate_name: &str, of: &str) {
        self.change(crate_name, of, |published| published.mark = Mark::Offered);
    }

    /// Deletes a release: neither a line nor a `.crate` is left of it. A crate's last one takes the index file along.
    pub fn delete(&self, crate_name: &str, of: &str) {
        let (crate_name, of) = (name(crate_name), version(of));
        let mut published = self.published();
        let at = known(&published, &crate_name, &of);
        published.remove(at);
        self.server.remove(&package_path(&crate_name, &of));
        self.serve_index_file(&published, &crate_name);
    }

    /// Puts other bytes in a release's place, and their digest into its line, as an operator could.
    pub fn change_bytes(&self, crate_name: &str, of: &str) {
        self.change(crate_name, of, |published| {
            let file = package(&published.release, Edition::Second);
            published.digest = sha256(&file);
            self.server.serve(&package_path(&published.release.name, &published.release.version), file);
        });
    }

    /// Puts other bytes in a release's place and leaves its line alone, as a broken store or mirror does.
    pub fn damage(&self, crate_name: &str, of: &str) {
        self.change(crate_name, of, |published| {
            let file = package(&published.release, Edition::Second);
            self.server.serve(&package_path(&published.release.name, &published.release.version), file);
        });
    }

    /// The digest that the index has of a release.
    pub fn digest(&self, crate_name: &str, of: &str) -> Digest {
        let published = self.published();
        published[known(&published, &name(crate_name), &version(of))].digest
    }

    fn published(&self) -> MutexGuard<'_, Vec<Published>> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, crate_name: &str, of: &str, what: impl FnOnce(&mut Published)) {
        let (crate_name, of) = (name(crate_name), version(of));
        let mut published = self.published();
        let at = known(&published, &crate_name, &of);
        what(&mut published[at]);
        self.serve_index_file(&published, &crate_name);
    }

    fn serve_index_file(&self, published: &[Published], crate_name: &CrateName) {
        let lines: String =
            published.iter().filter(|published| published.release.name == *crate_name).map(line).collect();
        let path = index_path(crate_name);
        if lines.is_empty() {
            self.server.remove(&path);
        } else {
            self.server.serve(&path, lines);
        }
    }

    /// Downloads lie where only `config.json` says, and cargo's default template does not lead.
    fn serve_config(&self, more: &[(&str, bool)]) {
        let dl = self.server.url("packages/{lowerprefix}/{crate}-{version}.crate");
        let mut config = serde_json::json!({ "dl": dl, "api": self.server.url("api") });
        for (key, value) in more {
            config[*key] = (*value).into();
        }
        self.server.serve("index/config.json", config.to_string());
    }
}

/// The path of a crate's index file on the server, for [`FakeRegistry::next`] and its kin.
pub fn index_path(crate_name: &CrateName) -> String {
    format!("index/{}", IndexPath::of(crate_name))
}

/// The path of a release's `.crate` on the server.
pub fn package_path(crate_name: &CrateName, of: &Version) -> String {
    let path = IndexPath::of(crate_name);
    let (prefix, _) = path.as_str().rsplit_once('/').expect("an index path has folders");
    format!("packages/{prefix}/{crate_name}-{of}.crate")
}

#[derive(Debug)]
struct Published {
    release: Release,
    digest: Digest,
    mark: Mark,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Offered,
    Yanked,
}

#[derive(Debug, Clone)]
struct Need {
    name: CrateName,
    requirement: VersionReq,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Normal,
    Build,
    Dev,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Library,
    Program,
}

/// Which of two contents a `.crate` has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edition {
    First,
    Second,
}

fn position(published: &[Published], crate_name: &CrateName, of: &Version) -> Option<usize> {
    published
        .iter()
        .position(|published| published.release.name == *crate_name && published.release.version == *of)
}

fn known(published: &[Published], crate_name: &CrateName, of: &Version) -> usize {
    position(published, crate_name, of).unwrap_or_else(|| panic!("{crate_name} {of} is not published"))
}

/// The keys of an index line, in the order of crates.io.
#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    vers: &'a Version,
    deps: Vec<Dependency<'a>>,
    cksum: Digest,
    features: BTreeMap<String, Vec<String>>,
    yanked: bool,
    pubtime: Time,
}

#[derive(Serialize)]
struct Dependency<'a> {
    name: &'a str,
    req: &'a VersionReq,
    features: [&'a str; 0],
    optional: bool,
    default_features: bool,
    target: Option<&'a str>,
    kind: Kind,
}

impl<'a> From<&'a Need> for Dependency<'a> {
    fn from(need: &'a Need) -> Self {
        Self {
            name: need.name.as_str(),
            req: &need.requirement,
            features: [],
            optional: false,
            default_features: true,
            target: None,
            kind: need.kind,
        }
    }
}

fn line(Published { release, digest, mark }: &Published) -> String {
    let line = Line {
        name: release.name.as_str(),
        vers: &release.version,
        deps: release.needs.iter().map(Dependency::from).collect(),
        cksum: *digest,
        features: BTreeMap::new(),
        yanked: *mark == Mark::Yanked,
        pubtime: release.at,
    };
    serde_json::to_string(&line).expect("a line is plain JSON") + "\n"
}

/// The `.crate`: a normalized manifest and sources that build, in an archive without times and owners.
fn package(release: &Release, edition: Edition) -> Vec<u8> {
    let (crate_name, of) = (&release.name, &release.version);
    let mut source = match release.target {
        Target::Library => format!("//! A library.\n\npub const VERSION: &str = \"{of}\";\n"),
        Target::Program => format!("fn main() {{\n    println!(\"{crate_name} {of}\");\n}}\n"),
    };
    if edition == Edition::Second {
        source += "// Other bytes.\n";
    }
    let source_path = match release.target {
        Target::Library => "src/lib.rs",
        Target::Program => "src/main.rs",
    };
    let mut files = vec![("Cargo.toml", manifest(release, source_path)), (source_path, source)];
    if let Some(statements) = &release.build_script {
        files.push(("build.rs", format!("fn main() {{\n    {statements}\n}}\n")));
    }
    files.retain(|(path, _)| !release.files.contains_key(*path));
    files.extend(release.files.iter().map(|(path, text)| (path.as_str(), text.clone())));
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        // A time that every file system can hold, and always the same.
        header.set_mtime(1);
        let path = format!("{crate_name}-{of}/{path}");
        archive.append_data(&mut header, path, text.as_bytes()).expect("memory takes every byte");
    }
    archive.into_inner().and_then(GzEncoder::finish).expect("memory takes every byte")
}

fn manifest(release: &Release, source_path: &str) -> String {
    let (crate_name, of) = (&release.name, &release.version);
    let build = if release.build_script.is_some() { "\"build.rs\"" } else { "false" };
    let target = match release.target {
        Target::Library => format!("[lib]\nname = \"{}\"", crate_name.as_str().replace('-', "_")),
        Target::Program => format!("[[bin]]\nname = \"{crate_name}\""),
    };
    let mut manifest = format!(
        "[package]\nedition = \"2021\"\nname = \"{crate_name}\"\nversion = \"{of}\"\nbuild = {build}\n\n\
         {target}\npath = \"{source_path}\"\n"
    );
    for Need { name, requirement, kind } in &release.needs {
        let table = match kind {
            Kind::Normal => "dependencies",
            Kind::Build => "build-dependencies",
            Kind::Dev => "dev-dependencies",
        };
        manifest += &format!("\n[{table}.{name}]\nversion = \"{requirement}\"\n");
    }
    manifest
}

/// The digest of these bytes, as an index has it.
pub fn sha256(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published(release: Release, mark: Mark) -> Published {
        Published { release, digest: Digest([0xab; 32]), mark }
    }

    #[test]
    fn a_line_is_written_as_crates_io_writes_it() {
        let check = |release, mark, expected: &str| {
            let digest = "ab".repeat(32);
            assert_eq!(line(&published(release, mark)), expected.replace("DIGEST", &digest) + "\n");
        };
        check(
            release("a", "1.0.0"),
            Mark::Offered,
            r#"{"name":"a","vers":"1.0.0","deps":[],"cksum":"DIGEST","features":{},"yanked":false,"pubtime":"2020-01-01T00:00:00Z"}"#,
        );
        check(
            release("Inflector", "0.1.0-rc.1+build").at("2026-08-20T07:15:00Z").needs_to_test("b", ">=1, <3"),
            Mark::Yanked,
            r#"{"name":"Inflector","vers":"0.1.0-rc.1+build","deps":[{"name":"b","req":">=1, <3","features":[],"optional":false,"default_features":true,"target":null,"kind":"dev"}],"cksum":"DIGEST","features":{},"yanked":true,"pubtime":"2026-08-20T07:15:00Z"}"#,
        );
    }

    #[test]
    fn a_package_has_the_same_bytes_each_time_and_others_in_its_second_edition() {
        let a = || release("a", "1.0.0").needs("b", "^1").build_script("println!();");
        assert_eq!(package(&a(), Edition::First), package(&a(), Edition::First));
        assert_ne!(package(&a(), Edition::First), package(&a(), Edition::Second));
    }

    #[test]
    #[should_panic(expected = "a 1.0.0 was published before")]
    fn a_version_is_published_once() {
        let registry = Publishing::start();
        registry.publish(release("a", "1.0.0"));
        registry.publish(release("a", "1.0.0"));
    }

    #[test]
    #[should_panic(expected = "a 1.0.1 is not published")]
    fn what_is_not_there_cannot_be_yanked() {
        let registry = Publishing::start();
        registry.publish(release("a", "1.0.0"));
        registry.yank("a", "1.0.1");
    }
}
