//! How cargo comes from crates.io to what answers for it, and what else its configuration says, each with its place.

use std::path::{Path, PathBuf};

use toml::Value;

use super::{
    CargoConfig, ConfigError, Found, Layer, Owner, Place, Registry, Replacement, Route, file_in,
    variable_part,
};
use crate::limits::Limits;
use crate::project::read_text;
use crate::toml_lines::TomlLines;

/// The way from crates.io to what answers for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Each replacement on the way; none where crates.io is asked itself.
    pub steps: Vec<Step>,
    /// What answers.
    pub registry: Registry,
}

/// One `replace-with`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The source that is replaced.
    pub from: String,
    /// The source or registry that stands in for it.
    pub to: String,
    /// Where that is written.
    pub at: Located,
    /// Whose word it is.
    pub reach: Reach,
}

/// Where in cargo's configuration something stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Located {
    /// In a file, at this line where that can be told.
    File(PathBuf, Option<usize>),
    /// In an environment variable.
    Variable(String),
}

/// For which commands a setting counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// For those in one folder and below, which `cargo install` is not.
    Folder,
    /// For all of this user's.
    User,
}

/// One setting, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its last key.
    pub key: String,
    /// What it says: the words of a text, or the texts of a list; nothing where it is a table.
    pub words: Vec<String>,
    /// Where.
    pub at: Located,
}

impl CargoConfig {
    /// The way from crates.io to what answers for it.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn way(&self) -> Result<Way, ConfigError> {
        let Route { replacements, registry } = self.route_of_crates_io()?;
        let step = |Replacement { source, with, place }: Replacement| {
            let key = ["source", &source, "replace-with"];
            // What the user says himself counts elsewhere too, also where a project says it before him.
            let says_so = |layer: &Layer| layer.get(&key).and_then(Value::as_str) == Some(with.as_str());
            let is_users = self.layers.iter().any(|layer| layer.owner == Owner::User && says_so(layer));
            let reach = if is_users { Reach::User } else { Reach::Folder };
            let at = self.located_at(&place, &key);
            Step { from: source, to: with, at, reach }
        };
        Ok(Way { steps: replacements.into_iter().map(step).collect(), registry })
    }

    /// What a key says, the nearest that is said.
    pub fn setting(&self, path: &[&str]) -> Option<Setting> {
        let Found { value, place, .. } = self.find(path)?;
        let at = self.located_at(&place, path);
        Some(Setting { key: (*path.last()?).to_owned(), words: words_of(&value), at })
    }

    /// What the files say below a table, each file by itself, the nearest first; and the variables that stand for keys of
    /// it, where cargo reads such.
    pub fn settings_below(&self, table: &str) -> Vec<Setting> {
        let mut settings = Vec::new();
        let prefix = format!("CARGO_{}_", variable_part(table));
        if table != "source" && table != "patch" {
            for name in self.environment.names() {
                if let (Some(key), Some(value)) = (name.strip_prefix(&prefix), self.environment.var(name)) {
                    settings.push(Setting {
                        key: key.to_lowercase().replace('_', "-"),
                        words: value.split_whitespace().map(str::to_owned).collect(),
                        at: Located::Variable(name.to_owned()),
                    });
                }
            }
        }
        for layer in &self.layers {
            let Some(found) = layer.table.get(table).and_then(Value::as_table) else { continue };
            let lines = lines_of(&layer.path);
            for (key, value) in found {
                let line = lines.as_ref().and_then(|lines| lines.line(&[table, key]));
                settings.push(Setting {
                    key: key.clone(),
                    words: words_of(value),
                    at: Located::File(layer.path.clone(), line),
                });
            }
        }
        settings
    }

    /// Files that cargo does not read, because one of the older name without an extension lies beside them; each with that
    /// one. `folder` is where the configuration was read.
    pub fn shadowed(&self, folder: &Path) -> Vec<(PathBuf, PathBuf)> {
        let folders =
            folder.ancestors().map(|folder| folder.join(".cargo")).chain(self.environment.cargo_home());
        let mut shadowed: Vec<(PathBuf, PathBuf)> = folders
            .filter_map(|folder| Some((folder.join("config.toml"), file_in(&folder)?)))
            .filter(|(new, read)| new != read && new.is_file())
            .collect();
        shadowed.dedup();
        shadowed
    }

    fn located_at(&self, place: &Place, path: &[&str]) -> Located {
        match place {
            Place::Variable(name) => Located::Variable(name.clone()),
            Place::File(file) => {
                Located::File(file.clone(), lines_of(file).and_then(|lines| lines.line(path)))
            }
        }
    }
}

fn words_of(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => text.split_whitespace().map(str::to_owned).collect(),
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::Boolean(answer) => vec![answer.to_string()],
        _ => Vec::new(),
    }
}

fn lines_of(file: &Path) -> Option<TomlLines> {
    TomlLines::read(&read_text(file, Limits::DEFAULT.cargo_config_bytes as u64).ok()??)
}
