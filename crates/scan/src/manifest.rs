//! What a package says of itself in `Cargo.toml`, as far as the scanner asks.
//!
//! Read leniently, as a table of TOML: a manifest that cargo would refuse is a finding elsewhere, not an end.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

/// A package's manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) description: String,
    pub(crate) keywords: Vec<String>,
    pub(crate) repository: String,
    pub(crate) authors: Vec<String>,
    /// The build script, if there may be one: `build`, or the file that cargo finds by itself.
    pub(crate) build: Build,
    pub(crate) is_proc_macro: bool,
    pub(crate) library: Option<String>,
    /// Paths of programs, then those of tests, examples and benchmarks, as written.
    pub(crate) programs: Vec<String>,
    pub(crate) tests: Vec<String>,
    pub(crate) links: Option<String>,
    /// Dependencies by the name that code uses.
    pub(crate) dependencies: BTreeMap<String, Dependency>,
    pub(crate) features: BTreeMap<String, Vec<String>>,
}

/// What the manifest says of a build script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Build {
    /// Nothing: `build.rs` is one where it exists.
    #[default]
    Found,
    /// `build = false`
    Off,
    /// These files.
    Files(Vec<String>),
}

/// What is needed of another package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dependency {
    /// Its real name.
    pub(crate) package: String,
    pub(crate) requirement: String,
    pub(crate) optional: bool,
    pub(crate) kind: Kind,
    /// The line of the manifest, from one; zero where unknown.
    pub(crate) line: u32,
}

/// For what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Normal,
    Build,
    Dev,
}

impl Manifest {
    /// # Errors
    /// What TOML it is not.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let table: Table = text.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
        let empty = Table::new();
        let package = section(&table, "package").or_else(|| section(&table, "project")).unwrap_or(&empty);
        let mut manifest = Self {
            name: word(package, "name"),
            version: word(package, "version"),
            description: word(package, "description"),
            keywords: words(package, "keywords"),
            repository: word(package, "repository"),
            authors: words(package, "authors"),
            build: match package.get("build") {
                None | Some(Value::Boolean(true)) => Build::Found,
                Some(Value::Boolean(false)) => Build::Off,
                Some(Value::String(path)) => Build::Files(vec![path.clone()]),
                Some(Value::Array(paths)) => Build::Files(strings(paths)),
                Some(_) => Build::Found,
            },
            links: package.get("links").and_then(Value::as_str).map(str::to_owned),
            ..Self::default()
        };
        if let Some(library) = section(&table, "lib") {
            let says = |key| library.get(key).and_then(Value::as_bool) == Some(true);
            let types = words(library, "crate-type");
            manifest.is_proc_macro =
                says("proc-macro") || says("proc_macro") || types.iter().any(|kind| kind == "proc-macro");
            manifest.library = library.get("path").and_then(Value::as_str).map(str::to_owned);
        }
        manifest.programs = paths(&table, "bin");
        for kind in ["test", "example", "bench"] {
            manifest.tests.extend(paths(&table, kind));
        }
        manifest.read_dependencies(&table);
        if let Some(targets) = section(&table, "target") {
            for target in targets.values().filter_map(Value::as_table) {
                manifest.read_dependencies(target);
            }
        }
        if let Some(features) = section(&table, "features") {
            let of = |(name, value): (&String, &Value)| {
                (name.clone(), value.as_array().map(|list| strings(list)).unwrap_or_default())
            };
            manifest.features = features.iter().map(of).collect();
        }
        manifest.find_lines(text);
        Ok(manifest)
    }

    /// The packages that a build of it needs, by their real names.
    pub(crate) fn built_from(&self) -> BTreeSet<&str> {
        let built = self.dependencies.values().filter(|of| of.kind != Kind::Dev);
        built.map(|of| of.package.as_str()).collect()
    }

    fn read_dependencies(&mut self, table: &Table) {
        let tables = [
            ("dependencies", Kind::Normal),
            ("build-dependencies", Kind::Build),
            ("build_dependencies", Kind::Build),
            ("dev-dependencies", Kind::Dev),
            ("dev_dependencies", Kind::Dev),
        ];
        for (key, kind) in tables {
            for (name, value) in section(table, key).into_iter().flatten() {
                let details = value.as_table();
                let word = |key| details.and_then(|details| details.get(key)).and_then(Value::as_str);
                let dependency = Dependency {
                    package: word("package").unwrap_or(name).to_owned(),
                    requirement: value.as_str().or_else(|| word("version")).unwrap_or("*").to_owned(),
                    optional: details.and_then(|details| details.get("optional")).and_then(Value::as_bool)
                        == Some(true),
                    kind,
                    line: 0,
                };
                let code_name = name.replace('-', "_");
                // One that is needed for two things counts for the graver.
                let known = self.dependencies.get(&code_name);
                if known.is_none_or(|known| known.kind == Kind::Dev) {
                    self.dependencies.insert(code_name, dependency);
                }
            }
        }
    }

    /// The line of each dependency: where its name stands first in a line, or in a header of its own.
    fn find_lines(&mut self, text: &str) {
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            let name = match line.strip_prefix('[') {
                Some(header) => header.trim_end_matches(']').rsplit('.').next().unwrap_or_default(),
                None => line.split(['=', '.', ' ']).next().unwrap_or_default(),
            };
            let name = name.trim().trim_matches('"').replace('-', "_");
            if let Some(dependency) = self.dependencies.get_mut(&name)
                && dependency.line == 0
            {
                dependency.line = u32::try_from(at + 1).unwrap_or(0);
            }
        }
    }
}

fn section<'a>(table: &'a Table, key: &str) -> Option<&'a Table> {
    table.get(key).and_then(Value::as_table)
}

fn word(table: &Table, key: &str) -> String {
    table.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn words(table: &Table, key: &str) -> Vec<String> {
    table.get(key).and_then(Value::as_array).map(|list| strings(list)).unwrap_or_default()
}

fn strings(list: &[Value]) -> Vec<String> {
    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn paths(table: &Table, key: &str) -> Vec<String> {
    let targets = table.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    targets.iter().filter_map(|target| target.get("path")?.as_str()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_says_what_is_built_and_needed() {
        let manifest = Manifest::parse(
            "[package]\nname = \"a\"\nversion = \"1.0.0\"\nbuild = \"b/main.rs\"\n[lib]\nproc-macro = true\n\
             [dependencies]\nlog = \"0.4\"\nhttp-client = { package = \"ureq\", version = \"3\", optional = true }\n\
             [target.'cfg(unix)'.build-dependencies.cc]\nversion = \"1\"\n[dev-dependencies]\nlog = \"0.4\"\n",
        )
        .unwrap();
        assert_eq!(manifest.build, Build::Files(vec!["b/main.rs".to_owned()]));
        assert!(manifest.is_proc_macro);
        let shown: Vec<_> = manifest
            .dependencies
            .iter()
            .map(|(name, of)| {
                format!(
                    "{name} {} {} {:?} {} line {}",
                    of.package, of.requirement, of.kind, of.optional, of.line
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                "cc cc 1 Build false line 10",
                "http_client ureq 3 Normal true line 9",
                "log log 0.4 Normal false line 8"
            ]
        );
    }
}
