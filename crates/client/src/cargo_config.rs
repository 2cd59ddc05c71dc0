//! Cargo's own configuration: which registry answers, with which token, and how the network is used.
//!
//! [`CargoConfig::read`] reads the files that cargo reads — `.cargo/config.toml` from a folder upwards, then
//! `$CARGO_HOME/config.toml`, each with its `include`s, and the credentials file. They stay layers: a value is
//! looked up in the environment, then in the nearest file that has it, so that whatever is wrong can be named
//! with its file. Then
//!
//! * [`CargoConfig::registry`] answers for a source id of a Cargo.lock: it follows source replacement to the
//!   [`Registry`] that is asked in its place, with what convinces it;
//! * [`CargoConfig::route_of_crates_io`] tells that way for crates.io, each step with the place that says so;
//! * [`CargoConfig::http_settings`] and [`CargoConfig::network_mode`] say how to ask.
//!
//! Only keys that matter to this are looked at; cargo itself tells about mistakes elsewhere.

mod folders;
mod way;

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tame_index::{CRATES_IO_HTTP_INDEX, CRATES_IO_INDEX};
use toml::{Table, Value};

use crate::environment::Environment;
use crate::http::{HttpSettings, Secret, is_loopback};
use crate::limits::Limits;
use crate::revision::Files;
use crate::switch;

pub use folders::FolderOf;
pub use way::{Located, Reach, Setting, Step, Way};

/// What cargo is told in one folder.
#[derive(Debug, Clone)]
pub struct CargoConfig {
    /// The nearest file first.
    layers: Vec<Layer>,
    credentials: Option<Layer>,
    environment: Environment,
    fences: Fences,
}

/// Whether a fence of this machine is asked where cargo would ask it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fences {
    /// It is.
    Asked,
    /// What it stands in front of is asked.
    Passed,
}

/// A registry that can be asked about crates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    /// What people call it: `crates.io`, the name in cargo's configuration, or its address.
    pub name: String,
    /// Where its index is: not always where Cargo.lock points, because cargo replaces sources.
    pub location: IndexLocation,
    /// How it is convinced, if it is not open to everybody.
    pub credentials: Credentials,
    /// Where cargo keeps its copies of this index's files, if it keeps any.
    pub cargo_copies: Option<PathBuf>,
    /// Where cargo keeps the packages that it downloaded from it, if it keeps any.
    pub cargo_packages: Option<PathBuf>,
}

/// Where an index is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexLocation {
    /// Files over HTTP below this address, which ends in `/`.
    Sparse(String),
    /// Files in a folder, in the layout of a sparse index; a `config.json` may lie at its root.
    Folder(PathBuf),
    /// A git repository, which the fence does not read.
    Git(String),
    /// A folder of unpacked crates (`cargo vendor`), which has no index.
    Vendored(PathBuf),
}

/// The way from a source to the registry that is asked in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Each replacement on the way, in order.
    pub replacements: Vec<Replacement>,
    /// What is asked in the end.
    pub registry: Registry,
}

/// A source that is not asked, because another stands in for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// The source.
    pub source: String,
    /// The source or registry that stands in for it.
    pub with: String,
    /// Where that is said.
    pub place: Place,
}

/// What is shown to a registry that wants to know who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Nothing is configured.
    None,
    /// A token.
    Token(Secret),
    /// A program of the user's that prints a token.
    FromStdout {
        /// The program.
        program: String,
        /// Its arguments.
        arguments: Vec<String>,
        /// What cargo calls the registry, for the program.
        registry: String,
    },
    /// A provider that the fence does not ask.
    OnlyCargo {
        /// The provider, as configured.
        provider: String,
        /// The environment variable that gives the fence a token instead.
        variable: String,
    },
}

/// Whether cargo may use the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkMode {
    /// It may.
    Online,
    /// `net.offline` says that it may not.
    Offline,
}

impl Registry {
    /// Whether it is crates.io itself, by whichever of its indexes.
    pub fn is_crates_io(&self) -> bool {
        match &self.location {
            IndexLocation::Sparse(url) => is_crates_io(&format!("sparse+{url}")),
            IndexLocation::Git(url) => is_crates_io(url),
            IndexLocation::Folder(_) | IndexLocation::Vendored(_) => false,
        }
    }

    /// An index in `folder`, in the layout of a sparse index: a copy that somebody carries along, or a test's.
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            name: folder.display().to_string(),
            location: IndexLocation::Folder(folder.to_owned()),
            credentials: Credentials::None,
            cargo_copies: None,
            cargo_packages: None,
        }
    }
}

impl CargoConfig {
    /// Reads the configuration that cargo has in `folder` under `environment`.
    ///
    /// # Errors
    /// [`ConfigError`] of a file that cannot be read or is not TOML. Values are looked at when they are asked for.
    pub fn read(folder: &Path, environment: &Environment) -> Result<Self, ConfigError> {
        Self::read_from(Files(None), folder, environment)
    }

    /// The same, with the project's files as they were at some revision.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_from(
        files: Files<'_>,
        folder: &Path,
        environment: &Environment,
    ) -> Result<Self, ConfigError> {
        let cargo_home = environment.cargo_home();
        let mut layers = Vec::new();
        for folder in folder.ancestors().map(|f| f.join(".cargo")) {
            // The user's own file is read below, as the user's: its programs are trusted, a project's are not.
            if cargo_home.as_ref() != Some(&folder) {
                read_layers(files, &folder, "config", Owner::Project, &mut layers)?;
            }
        }
        let mut credentials = Vec::new();
        if let Some(home) = &cargo_home {
            read_layers(Files(None), home, "config", Owner::User, &mut layers)?;
            read_layers(Files(None), home, "credentials", Owner::User, &mut credentials)?;
        }
        let credentials = credentials.into_iter().next();
        Ok(Self { layers, credentials, environment: environment.clone(), fences: Fences::Asked })
    }

    /// The same, for who judges himself: where a fence of this machine stands in for a registry, that registry is asked.
    /// What the fence shows of it is judged already: releases that it holds are yanked there.
    #[must_use]
    pub fn past_own_fence(self) -> Self {
        Self { fences: Fences::Passed, ..self }
    }

    /// The registry that is asked in place of `source`, a source id as Cargo.lock writes it
    /// (`registry+https://…`, `sparse+https://…/`).
    ///
    /// # Errors
    /// [`ConfigError::NoRegistry`] for a source that is none; otherwise what is wrong with the configuration.
    pub fn registry(&self, source: &str) -> Result<Registry, ConfigError> {
        let address = match source.split_once('+') {
            Some(("registry", address)) => address,
            Some(("sparse", _)) => source,
            _ => return Err(ConfigError::NoRegistry { source_id: source.to_owned() }),
        };
        if same_address(address, CRATES_IO_INDEX) || same_address(address, CRATES_IO_HTTP_INDEX) {
            return self.crates_io();
        }
        for name in self.names("source") {
            if self
                .text(&["source", &name, "registry"])?
                .is_some_and(|found| same_address(&found.value, address))
            {
                return self.follow(&name);
            }
        }
        self.at(address)
    }

    /// All that the project's own files say of registries, to be compared with what others say.
    pub fn of_registries(&self) -> Vec<toml::Value> {
        let own = self.layers.iter().filter(|layer| layer.owner == Owner::Project);
        let tables = own.flat_map(|layer| {
            ["source", "registries", "registry", "net", "http"].map(|table| layer.table.get(table))
        });
        tables.flatten().cloned().collect()
    }

    /// The registry that is asked in place of crates.io.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn crates_io(&self) -> Result<Registry, ConfigError> {
        self.follow("crates-io")
    }

    /// The way from crates.io to the registry that is asked in its place.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn route_of_crates_io(&self) -> Result<Route, ConfigError> {
        self.route("crates-io")
    }

    /// The registry that a fence stands in front of, which itself is the end of `route`: the last source before it, as
    /// that is described, or crates.io itself.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn registry_behind(&self, route: &Route) -> Result<Registry, ConfigError> {
        match route.replacements.last() {
            Some(last) if last.source != "crates-io" => self.source(&last.source),
            _ => Ok(self.crates_io_itself()),
        }
    }

    /// crates.io itself, whatever replaces it.
    pub fn crates_io_itself(&self) -> Registry {
        self.located("crates.io", CRATES_IO_HTTP_INDEX)
    }

    /// The registry that `[registries.NAME]` describes, and its index address as lockfiles write it.
    ///
    /// # Errors
    /// What is wrong with the configuration; [`ConfigError::UnknownRegistry`] where it names none.
    pub fn registry_named(&self, name: &str) -> Result<(Registry, String), ConfigError> {
        match self.text(&["registries", name, "index"])? {
            Some(index) => {
                let address = match index.value.starts_with("sparse+") {
                    true => index.value.clone(),
                    false => format!("registry+{}", index.value),
                };
                Ok((self.named(name, &index.value)?, address))
            }
            None => Err(ConfigError::UnknownRegistry { name: name.to_owned() }),
        }
    }

    /// The names of all registries that are configured, crates.io aside.
    pub fn registry_names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.names("registries").into_iter().filter(|name| name != "crates-io").collect();
        names.sort();
        names.dedup();
        names
    }

    /// Whether a source or a registry has this name.
    pub fn is_taken(&self, name: &str) -> bool {
        ["source", "registries"].iter().any(|table| self.names(table).contains(name))
    }

    /// The place that describes the source `name`, if it is one: a registry of the same name is none.
    pub fn place_of_source(&self, name: &str) -> Option<Place> {
        let layer = self.layers.iter().find(|layer| layer.get(&["source", name]).is_some());
        layer.map(|layer| Place::File(layer.path.clone()))
    }

    /// The index of `[registries.NAME]` as it is written, and where; a registry may have one in the environment.
    ///
    /// # Errors
    /// [`ConfigError::WrongType`].
    pub fn index_of_registry(&self, name: &str) -> Result<Option<(String, Place)>, ConfigError> {
        let found = self.text(&["registries", name, "index"])?;
        Ok(found.map(|found| (found.value, found.place)))
    }

    /// How cargo wants the network to be used.
    ///
    /// # Errors
    /// [`ConfigError::WrongType`].
    pub fn http_settings(&self) -> Result<HttpSettings, ConfigError> {
        let defaults = HttpSettings::default();
        let proxy = self.text(&["http", "proxy"])?.map(|found| found.value).filter(|proxy| !proxy.is_empty());
        // libcurl's order, which cargo leaves to it: small letters first, and never a large HTTP_PROXY, which a
        // web server would set from a request's header.
        let variable =
            |names: &[&str]| names.iter().find_map(|name| self.environment.var(name)).map(str::to_owned);
        let seconds = match self.whole_number(&["http", "timeout"])? {
            Some(seconds) => Some(seconds),
            None => self.environment.var("HTTP_TIMEOUT").and_then(|text| text.parse().ok()),
        };
        let retries = self.whole_number(&["net", "retry"])?;
        Ok(HttpSettings {
            https_proxy: proxy
                .clone()
                .or_else(|| variable(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])),
            http_proxy: proxy.or_else(|| variable(&["http_proxy", "all_proxy", "ALL_PROXY"])),
            no_proxy: variable(&["no_proxy", "NO_PROXY"]),
            cainfo: self.path(&["http", "cainfo"])?,
            timeout: seconds.filter(|s| *s > 0).map_or(defaults.timeout, Duration::from_secs),
            retries: retries.map_or(defaults.retries, |n| u32::try_from(n).unwrap_or(u32::MAX)),
            connections: defaults.connections,
        })
    }

    /// Whether cargo may use the network.
    ///
    /// # Errors
    /// [`ConfigError::WrongType`].
    pub fn network_mode(&self) -> Result<NetworkMode, ConfigError> {
        let offline = match self.find(&["net", "offline"]) {
            None => false,
            Some(Found { value: Value::Boolean(offline), .. }) => offline,
            Some(Found { value: Value::String(text), place: Place::Variable(_), .. }) if text == "true" => {
                true
            }
            Some(Found { value: Value::String(text), place: Place::Variable(_), .. }) if text == "false" => {
                false
            }
            Some(Found { place, .. }) => {
                return Err(ConfigError::WrongType {
                    place,
                    key: "net.offline".into(),
                    wanted: "true or false",
                });
            }
        };
        Ok(if offline { NetworkMode::Offline } else { NetworkMode::Online })
    }

    /// Follows `replace-with` from the source `name` to the one that answers.
    fn follow(&self, name: &str) -> Result<Registry, ConfigError> {
        let route = self.route(name)?;
        let is_own_fence = route.replacements.last().is_some_and(|last| last.with == switch::NAME)
            && matches!(&route.registry.location, IndexLocation::Sparse(url) if is_loopback(url));
        match self.fences {
            Fences::Passed if is_own_fence => {
                let behind = self.registry_behind(&route)?;
                // Packages cargo has from the fence all the same.
                Ok(Registry { cargo_packages: route.registry.cargo_packages, ..behind })
            }
            Fences::Asked | Fences::Passed => Ok(route.registry),
        }
    }

    fn route(&self, name: &str) -> Result<Route, ConfigError> {
        let mut chain = vec![name.to_owned()];
        let mut replacements = Vec::new();
        let mut name = name.to_owned();
        while let Some(next) = self.text(&["source", &name, "replace-with"])? {
            if chain.contains(&next.value) {
                chain.push(next.value);
                return Err(ConfigError::Cycle { place: next.place, chain });
            }
            let (source, with, place) = (name.clone(), next.value.clone(), next.place.clone());
            replacements.push(Replacement { source, with, place });
            let is_source = self.names("source").contains(&next.value);
            if !is_source && next.value != "crates-io" {
                let registry = match self.text(&["registries", &next.value, "index"])? {
                    Some(index) => self.named(&next.value, &index.value)?,
                    None => {
                        return Err(ConfigError::UnknownSource {
                            place: next.place,
                            name: next.value,
                            wanted_by: name,
                        });
                    }
                };
                return Ok(Route { replacements, registry });
            }
            chain.push(next.value.clone());
            name = next.value;
        }
        Ok(Route { replacements, registry: self.source(&name)? })
    }

    /// The registry that `[source.NAME]` describes, or crates.io.
    fn source(&self, name: &str) -> Result<Registry, ConfigError> {
        let registry = self.text(&["source", name, "registry"])?;
        let local = self.path(&["source", name, "local-registry"])?;
        let vendored = self.path(&["source", name, "directory"])?;
        let git = self.text(&["source", name, "git"])?;
        let named = |location| Registry {
            name: name.to_owned(),
            location,
            credentials: Credentials::None,
            cargo_copies: None,
            cargo_packages: None,
        };
        match (registry, local, vendored, git) {
            (Some(registry), None, None, None) => self.at(&registry.value),
            (None, Some(folder), None, None) => Ok(named(IndexLocation::Folder(folder.join("index")))),
            (None, None, Some(folder), None) => Ok(named(IndexLocation::Vendored(folder))),
            (None, None, None, None) if name == "crates-io" => {
                let protocol = self.text(&["registries", "crates-io", "protocol"])?;
                match protocol.as_ref().map(|found| found.value.as_str()) {
                    Some("git") => Ok(self.located("crates.io", CRATES_IO_INDEX)),
                    _ => Ok(self.located("crates.io", CRATES_IO_HTTP_INDEX)),
                }
            }
            _ => Err(ConfigError::SourceLocation { name: name.to_owned() }),
        }
    }

    /// The registry at `address`, under its name in `[registries]` if it has one.
    fn at(&self, address: &str) -> Result<Registry, ConfigError> {
        if same_address(address, CRATES_IO_HTTP_INDEX) {
            return Ok(self.located("crates.io", address));
        }
        for name in self.names("registries") {
            if self
                .text(&["registries", &name, "index"])?
                .is_some_and(|found| same_address(&found.value, address))
            {
                return self.named(&name, address);
            }
        }
        let url = address.strip_prefix("sparse+").unwrap_or(address);
        Ok(self.located(&crate::http::shown(url), address))
    }

    /// The registry that `[registries.NAME]` describes.
    fn named(&self, name: &str, address: &str) -> Result<Registry, ConfigError> {
        Ok(Registry { credentials: self.credentials(name)?, ..self.located(name, address) })
    }

    fn located(&self, name: &str, address: &str) -> Registry {
        let location = match address.strip_prefix("sparse+") {
            Some(url) if url.ends_with('/') => IndexLocation::Sparse(url.to_owned()),
            Some(url) => IndexLocation::Sparse(format!("{url}/")),
            None => IndexLocation::Git(address.to_owned()),
        };
        let folder = match &location {
            IndexLocation::Sparse(url) => {
                tame_index::utils::url_to_local_dir(&format!("sparse+{url}"), true).ok()
            }
            _ => None,
        };
        let kept_in = |what: &str| {
            let name = &folder.as_ref()?.dir_name;
            Some(self.environment.cargo_home()?.join("registry").join(what).join(name))
        };
        Registry {
            name: name.to_owned(),
            location,
            credentials: Credentials::None,
            cargo_copies: kept_in("index"),
            cargo_packages: kept_in("cache"),
        }
    }

    /// What convinces the registry `name`: a token from the environment, else the first of its providers that
    /// has one. The last of the global providers comes first, as in cargo.
    fn credentials(&self, name: &str) -> Result<Credentials, ConfigError> {
        let variable = variable_name(&["registries", name, "token"]);
        if let Some(token) = self.environment.var(&variable) {
            return Ok(Credentials::Token(Secret::new(token)));
        }
        let mut found = Credentials::None;
        for (provider, owner) in self.providers(name)? {
            let words: Vec<&str> = provider.iter().map(String::as_str).collect();
            match words.as_slice() {
                ["cargo:token"] => {
                    if let Some(token) = self.stored_token(name)? {
                        return Ok(Credentials::Token(token));
                    }
                }
                // Looking at a project must not start the programs that it names; cargo would, when it builds.
                ["cargo:token-from-stdout", program, arguments @ ..] if owner == Owner::User => {
                    return Ok(Credentials::FromStdout {
                        program: (*program).to_owned(),
                        arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
                        registry: name.to_owned(),
                    });
                }
                _ => {
                    if found == Credentials::None {
                        let provider = words.join(" ");
                        found = Credentials::OnlyCargo { provider, variable: variable.clone() };
                    }
                }
            }
        }
        Ok(found)
    }

    /// The providers to be asked for the registry `name`, in order, each as words.
    fn providers(&self, name: &str) -> Result<Vec<(Vec<String>, Owner)>, ConfigError> {
        let own = ["registries", name, "credential-provider"];
        if let Some(found) = self.find(&own) {
            let owner = found.owner;
            return Ok(vec![(self.expand(found.words(&own.join("."))?)?, owner)]);
        }
        let global = ["registry", "global-credential-providers"];
        if let Some(text) = self.environment.var(&variable_name(&global)) {
            let words = text.split_whitespace().map(str::to_owned).collect();
            return Ok(vec![(self.expand(words)?, Owner::User)]);
        }
        let mut providers = Vec::new();
        for layer in &self.layers {
            let Some(value) = layer.get(&global) else { continue };
            let error = || ConfigError::WrongType {
                place: Place::File(layer.path.clone()),
                key: global.join("."),
                wanted: "a list of texts",
            };
            for provider in value.as_array().ok_or_else(error)?.iter().rev() {
                let text = provider.as_str().ok_or_else(error)?;
                let words = text.split_whitespace().map(str::to_owned).collect();
                providers.push((self.expand(words)?, layer.owner));
            }
        }
        if providers.is_empty() {
            providers.push((vec!["cargo:token".to_owned()], Owner::User));
        }
        Ok(providers)
    }

    /// Replaces a provider that is an alias by what it stands for.
    fn expand(&self, words: Vec<String>) -> Result<Vec<String>, ConfigError> {
        match words.as_slice() {
            [alias] => {
                let key = ["credential-alias", alias];
                self.find(&key).map_or(Ok(words.clone()), |found| found.words(&key.join(".")))
            }
            _ => Ok(words),
        }
    }

    fn stored_token(&self, name: &str) -> Result<Option<Secret>, ConfigError> {
        let key = ["registries", name, "token"];
        let stored = self.credentials.as_ref().and_then(|layer| layer.get(&key)).and_then(Value::as_str);
        match stored {
            Some(token) => Ok(Some(Secret::new(token))),
            None => Ok(self.text(&key)?.map(|found| Secret::new(&found.value))),
        }
    }

    /// The names in the table `table`: those of every file and, for registries, of the environment.
    fn names(&self, table: &str) -> BTreeSet<String> {
        let in_files = self.layers.iter().filter_map(|layer| layer.table.get(table)?.as_table());
        let mut names: BTreeSet<String> = in_files.flat_map(|table| table.keys().cloned()).collect();
        if table == "registries" {
            let spelt: BTreeSet<String> = names.iter().map(|name| variable_part(name)).collect();
            let from_variables = self.environment.names().filter_map(|variable| {
                variable.strip_prefix("CARGO_REGISTRIES_")?.strip_suffix("_INDEX").map(str::to_owned)
            });
            names.extend(
                from_variables
                    .filter(|name| !spelt.contains(name))
                    .map(|name| name.to_lowercase().replace('_', "-")),
            );
        }
        names
    }

    fn find(&self, key: &[&str]) -> Option<Found<Value>> {
        let variable = variable_name(key);
        // Cargo has no variables for sources.
        if key[0] != "source"
            && let Some(text) = self.environment.var(&variable)
        {
            let value = Value::String(text.to_owned());
            return Some(Found { value, place: Place::Variable(variable), owner: Owner::User });
        }
        self.layers.iter().find_map(|layer| {
            let value = layer.get(key)?.clone();
            Some(Found { value, place: Place::File(layer.path.clone()), owner: layer.owner })
        })
    }

    fn text(&self, key: &[&str]) -> Result<Option<Found<String>>, ConfigError> {
        match self.find(key) {
            None => Ok(None),
            Some(Found { value: Value::String(value), place, owner }) => {
                Ok(Some(Found { value, place, owner }))
            }
            Some(Found { place, .. }) => {
                Err(ConfigError::WrongType { place, key: key.join("."), wanted: "a text" })
            }
        }
    }

    /// A path: relative ones are relative to the folder above `.cargo`, those of variables to the current one.
    fn path(&self, key: &[&str]) -> Result<Option<PathBuf>, ConfigError> {
        Ok(self.text(key)?.map(|found| match &found.place {
            Place::Variable(_) => self.environment.current_folder().join(&found.value),
            Place::File(file) => {
                let above = file.parent().and_then(Path::parent).unwrap_or(Path::new(""));
                above.join(&found.value)
            }
        }))
    }

    fn whole_number(&self, key: &[&str]) -> Result<Option<u64>, ConfigError> {
        let Some(found) = self.find(key) else { return Ok(None) };
        let number = match (&found.value, &found.place) {
            (Value::Integer(number), _) => u64::try_from(*number).ok(),
            (Value::String(text), Place::Variable(_)) => text.parse().ok(),
            _ => None,
        };
        let place = found.place;
        number.map(Some).ok_or(ConfigError::WrongType { place, key: key.join("."), wanted: "a whole number" })
    }
}

/// One file.
#[derive(Clone)]
struct Layer {
    path: PathBuf,
    table: Table,
    owner: Owner,
}

/// Whose word it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// A file in the project's folder or above.
    Project,
    /// The user's own file, or the environment.
    User,
}

impl fmt::Debug for Layer {
    /// The path only: the file may hold tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())
    }
}

impl Layer {
    fn get(&self, key: &[&str]) -> Option<&Value> {
        let (last, tables) = key.split_last()?;
        tables.iter().try_fold(&self.table, |table, name| table.get(*name)?.as_table())?.get(*last)
    }
}

/// A value, and where it was found.
struct Found<T> {
    value: T,
    place: Place,
    owner: Owner,
}

impl Found<Value> {
    /// A program and its arguments: words in one text, or a list of texts.
    fn words(self, key: &str) -> Result<Vec<String>, ConfigError> {
        let words = match &self.value {
            Value::String(text) => Some(text.split_whitespace().map(str::to_owned).collect()),
            Value::Array(list) => list.iter().map(|word| word.as_str().map(str::to_owned)).collect(),
            _ => None,
        };
        let wanted = "a text or a list of texts";
        words.ok_or(ConfigError::WrongType { place: self.place, key: key.to_owned(), wanted })
    }
}

/// Where a value of cargo's configuration stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In this file.
    File(PathBuf),
    /// In this environment variable.
    Variable(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable(name) => write!(f, "the environment variable {name}"),
        }
    }
}

/// What is wrong with cargo's configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A file is there and cannot be read.
    #[error("{} cannot be read: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the disk said.
        cause: String,
    },
    /// A file is not TOML.
    #[error("{}, line {line}: {cause}", path.display())]
    NotToml {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What the parser said.
        cause: String,
    },
    /// A file is larger than anybody writes.
    #[error("{} has {bytes} bytes, more than the {limit} that are read", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// Files include one another.
    #[error("{} includes itself", path.display())]
    Include {
        /// The file.
        path: PathBuf,
    },
    /// A value is of another type.
    #[error("{place}: `{key}` has to be {wanted}")]
    WrongType {
        /// Where it stands.
        place: Place,
        /// The key, with its tables.
        key: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// A source says in two ways where it is, or in none that leads to a registry.
    #[error(
        "[source.{name}] has to have exactly one of `registry`, `local-registry` and `directory` to stand in for a registry"
    )]
    SourceLocation {
        /// The source.
        name: String,
    },
    /// A source is replaced with one that nobody describes.
    #[error(
        "{place}: `source.{wanted_by}` is replaced with `{name}`, which is neither a source nor a registry"
    )]
    UnknownSource {
        /// Where the replacement stands.
        place: Place,
        /// The unknown name.
        name: String,
        /// The source that is replaced.
        wanted_by: String,
    },
    /// No registry is configured under this name.
    #[error("cargo's configuration has no registry {name:?}")]
    UnknownRegistry {
        /// The name.
        name: String,
    },
    /// Sources replace one another in a circle.
    #[error("{place}: sources are replaced in a circle: {}", chain.join(" -> "))]
    Cycle {
        /// Where the last replacement stands.
        place: Place,
        /// The names, the first again at the end.
        chain: Vec<String>,
    },
    /// A source id that names no registry.
    #[error("{source_id:?} is not the source of a registry")]
    NoRegistry {
        /// As it was given.
        source_id: String,
    },
}

impl ConfigError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "make the file readable, or set CARGO_HOME to your own folder",
            Self::NotToml { .. } | Self::WrongType { .. } | Self::TooLarge { .. } | Self::Include { .. } => {
                "correct it as the page on cargo's configuration has it; cargo reads the same file"
            }
            Self::SourceLocation { .. } | Self::UnknownSource { .. } | Self::Cycle { .. } => {
                "correct `[source]` in cargo's configuration, so that the chain of `replace-with` ends at a registry"
            }
            Self::UnknownRegistry { .. } => {
                "name one of `[registries]`, or write the address of its index there as cargo wants it"
            }
            Self::NoRegistry { .. } => "git and path sources have no index; the fence lists them as they are",
        }
    }
}

/// How deep files may include files; cargo's own users get by with one.
const DEEPEST_INCLUDE: usize = 8;

/// Reads `folder/stem.toml` or, of those who never renamed it, `folder/stem`, and what it includes.
fn read_layers(
    files: Files<'_>,
    folder: &Path,
    stem: &str,
    owner: Owner,
    layers: &mut Vec<Layer>,
) -> Result<(), ConfigError> {
    chosen(files, folder, stem).map_or(Ok(()), |path| read_layer(files, &path, owner, 0, layers))
}

/// The file of its configuration that cargo reads in `folder`, a `.cargo` or its home: the one of the older name, without an
/// extension, where both are there. None where neither is.
pub fn file_in(folder: &Path) -> Option<PathBuf> {
    chosen(Files(None), folder, "config")
}

fn chosen(files: Files<'_>, folder: &Path, stem: &str) -> Option<PathBuf> {
    let (old, new) = (folder.join(stem), folder.join(format!("{stem}.toml")));
    // Some keep the older name as a link to the newer one, for a cargo that knows only that. What is a link here says
    // nothing about another revision.
    let is_one = || matches!((old.canonicalize(), new.canonicalize()), (Ok(old), Ok(new)) if old == new);
    if files.has(&old) && !(files.0.is_none() && is_one()) {
        return Some(old);
    }
    files.has(&new).then_some(new)
}

fn read_layer(
    files: Files<'_>,
    path: &Path,
    owner: Owner,
    depth: usize,
    layers: &mut Vec<Layer>,
) -> Result<(), ConfigError> {
    if depth > DEEPEST_INCLUDE {
        return Err(ConfigError::Include { path: path.to_owned() });
    }
    let unreadable = |cause: String| ConfigError::Unreadable { path: files.shown(path), cause };
    let limit = Limits::DEFAULT.cargo_config_bytes;
    let bytes = files.read(path, limit as u64).map_err(|error| unreadable(error.to_string()))?;
    let bytes = bytes.ok_or_else(|| unreadable("it does not exist".to_owned()))?;
    if bytes.len() > limit {
        return Err(ConfigError::TooLarge { path: files.shown(path), bytes: bytes.len(), limit });
    }
    let text = String::from_utf8(bytes).map_err(|error| unreadable(error.to_string()))?;
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let before = error.span().map_or("", |span| text.get(..span.start).unwrap_or_default());
        let line = before.matches('\n').count() + 1;
        ConfigError::NotToml { path: files.shown(path), line, cause: error.message().to_owned() }
    })?;
    let includes = included(path, &table)?;
    layers.push(Layer { path: path.to_owned(), table, owner });
    // What includes stands over what is included, and the last include over those before it.
    for include in includes.into_iter().rev() {
        if files.has(&include.path) || include.needed == Needed::Always {
            read_layer(files, &include.path, owner, depth + 1, layers)?;
        }
    }
    Ok(())
}

struct Include {
    path: PathBuf,
    needed: Needed,
}

#[derive(PartialEq)]
enum Needed {
    Always,
    IfThere,
}

/// The files that `include` names: a path, or a list of paths and of tables with `path` and `optional`.
fn included(path: &Path, table: &Table) -> Result<Vec<Include>, ConfigError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let one = |value: &Value| {
        let named = value.as_str().or_else(|| value.get("path")?.as_str())?;
        let optional = value.get("optional").and_then(Value::as_bool) == Some(true);
        let needed = if optional { Needed::IfThere } else { Needed::Always };
        Some(Include { path: folder.join(named), needed })
    };
    let all = match table.get("include") {
        None => Some(Vec::new()),
        Some(Value::Array(list)) => list.iter().map(one).collect(),
        Some(value) => one(value).map(|include| vec![include]),
    };
    all.ok_or_else(|| ConfigError::WrongType {
        place: Place::File(path.to_owned()),
        key: "include".to_owned(),
        wanted: "a path or a list of paths",
    })
}

/// `registries.my-own.index` as a variable: `CARGO_REGISTRIES_MY_OWN_INDEX`.
fn variable_name(key: &[&str]) -> String {
    let parts: Vec<String> = key.iter().map(|part| variable_part(part)).collect();
    format!("CARGO_{}", parts.join("_"))
}

fn variable_part(name: &str) -> String {
    name.to_uppercase().replace('-', "_")
}

/// Whether an address is one of those of crates.io's index.
pub fn is_crates_io(address: &str) -> bool {
    same_address(address, CRATES_IO_INDEX) || same_address(address, CRATES_IO_HTTP_INDEX)
}

/// Whether two spellings of an index address mean the same.
pub fn same_address(a: &str, b: &str) -> bool {
    let canonical = |url: &str| {
        let url = url.strip_suffix('/').unwrap_or(url);
        tame_index::utils::canonicalize_url(url).unwrap_or_else(|_| url.to_owned())
    };
    canonical(a) == canonical(b)
}
