//! The environment as a value: read once at the edge, so that everything below is the same for a test.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// Environment variables and the current folder, as the process found them.
#[derive(Clone, PartialEq, Eq)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    current_folder: PathBuf,
}

impl fmt::Debug for Environment {
    /// Names only: values may be tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.variables.keys()).finish()
    }
}

impl Environment {
    /// What this process was started with. Variables that are not UTF-8 are left out: cargo reads none of those
    /// that the fence reads either.
    pub fn of_process() -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { variables, current_folder: std::env::current_dir().unwrap_or_default() }
    }

    /// An environment of exactly `variables`, in `current_folder`.
    pub fn of<const N: usize>(variables: [(&str, &str); N], current_folder: &Path) -> Self {
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Self { variables, current_folder: current_folder.to_owned() }
    }

    /// This, and one variable more.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The value of `name`; an empty one counts as not set, as cargo and curl have it.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The value of `name` as a folder; a relative one is relative to the current folder.
    pub fn folder(&self, name: &str) -> Option<PathBuf> {
        self.var(name).map(|value| self.current_folder.join(value))
    }

    /// The names of all variables.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// The folder that relative paths of variables are relative to.
    pub fn current_folder(&self) -> &Path {
        &self.current_folder
    }

    /// The user's home.
    pub fn home(&self) -> Option<PathBuf> {
        self.folder(if cfg!(windows) { "USERPROFILE" } else { "HOME" })
    }

    /// Where this user's programs keep what can be made again: `$CARGO_FENCE_CACHE`; else `cargo-fence` in
    /// `$XDG_CACHE_HOME`, or in `~/.cache` (`~/Library/Caches` on macOS, `%LOCALAPPDATA%` on Windows).
    pub fn cache_folder(&self) -> Option<PathBuf> {
        let platform = || {
            let caches = self.folder("XDG_CACHE_HOME").or_else(|| {
                if cfg!(windows) {
                    self.folder("LOCALAPPDATA")
                } else if cfg!(target_os = "macos") {
                    Some(self.home()?.join("Library/Caches"))
                } else {
                    Some(self.home()?.join(".cache"))
                }
            })?;
            Some(caches.join("cargo-fence"))
        };
        self.folder("CARGO_FENCE_CACHE").or_else(platform)
    }

    /// Where this user's programs keep what cannot be made again: `cargo-fence` in `$XDG_STATE_HOME` or `~/.local/state`
    /// (`~/Library/Application Support` on macOS, `%LOCALAPPDATA%` on Windows), unless `$CARGO_FENCE_STATE` names the
    /// folder. Who moves the fence's cache for a test or a container moves this along.
    pub fn state_folder(&self) -> Option<PathBuf> {
        let own = self.folder("CARGO_FENCE_STATE");
        let beside = || Some(self.folder("CARGO_FENCE_CACHE")?.join("state"));
        let platform = || {
            let states = self.folder("XDG_STATE_HOME").or_else(|| {
                if cfg!(windows) {
                    self.folder("LOCALAPPDATA")
                } else if cfg!(target_os = "macos") {
                    Some(self.home()?.join("Library/Application Support"))
                } else {
                    Some(self.home()?.join(".local/state"))
                }
            })?;
            Some(states.join("cargo-fence"))
        };
        own.or_else(beside).or_else(platform)
    }

    /// Cargo's home: `CARGO_HOME`, or `.cargo` in the user's home.
    pub fn cargo_home(&self) -> Option<PathBuf> {
        self.folder("CARGO_HOME").or_else(|| Some(self.home()?.join(".cargo")))
    }
}
