//! Where an index keeps a crate: `1/a`, `2/ab`, `3/a/abc`, `ab/cd/abcd…`, always in lower case.
//!
//! [`IndexPath::of`] makes the path of a name. [`IndexPath`] also parses: it takes the file name for the crate's,
//! makes the path anew and compares, so that one crate has exactly one path and `..` has none.

use std::fmt;
use std::str::FromStr;

use fence_model::CrateName;
use fence_model::names::is_crate_name;

use crate::Error;
use crate::error::shown;

/// The path of one crate's index file, relative to the index's root, with `/` between the parts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IndexPath(Box<str>);

impl IndexPath {
    /// Where the index keeps `name`.
    pub fn of(name: &CrateName) -> Self {
        let lower = name.as_str().to_ascii_lowercase();
        Self(format!("{}/{lower}", prefix(&lower)).into())
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The file's name: the crate's, in lower case. How the crate spells itself stands inside the file.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

/// The name of the file of a crate that lies at `path`, if an index can have such a path; without allocating, for who
/// looks many up.
pub fn file_name_at(path: &str) -> Option<&str> {
    let (folders, name) = path.rsplit_once('/')?;
    let is_its_own = is_crate_name(name)
        && !name.bytes().any(|byte| byte.is_ascii_uppercase())
        && match (name.len(), folders.split_once('/')) {
            (1, None) => folders == "1",
            (2, None) => folders == "2",
            (3, Some((first, second))) => first == "3" && second == &name[..1],
            (4.., Some((first, second))) => first == &name[..2] && second == &name[2..4],
            _ => false,
        };
    is_its_own.then_some(name)
}

impl fmt::Display for IndexPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for IndexPath {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let file_name = text.rsplit('/').next().unwrap_or_default();
        file_name
            .parse()
            .ok()
            .map(|name| Self::of(&name))
            .filter(|path| path.as_str() == text)
            .ok_or_else(|| Error::IndexPath { path: shown(text) })
    }
}

/// The folders above a crate's file, in the name's own case: `ab/cd` of `abcdef`, `3/a` of `abc`, `2`, `1`.
///
/// `name` must be a crate name, and so ASCII.
pub(crate) fn prefix(name: &str) -> String {
    match name.len() {
        1 => "1".into(),
        2 => "2".into(),
        3 => format!("3/{}", &name[..1]),
        _ => format!("{}/{}", &name[..2], &name[2..4]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_one_path_that_parses_back() {
        for (name, path) in [
            ("a", "1/a"),
            ("cc", "2/cc"),
            ("syn", "3/s/syn"),
            ("rand", "ra/nd/rand"),
            ("Inflector", "in/fl/inflector"),
            ("proc-macro2", "pr/oc/proc-macro2"),
            ("a_b", "3/a/a_b"),
        ] {
            let made = IndexPath::of(&name.parse().unwrap());
            assert_eq!(made.as_str(), path);
            assert_eq!(path.parse::<IndexPath>().unwrap(), made);
            assert_eq!(made.file_name(), name.to_ascii_lowercase());
            assert_eq!(file_name_at(path), Some(made.file_name()));
        }
    }

    #[test]
    fn any_other_spelling_is_refused() {
        for bad in [
            "",
            "/",
            "a",
            "rand",
            "ra/nd/",
            "/ra/nd/rand",
            "ra/nd/Rand",
            "ra/ne/rand",
            "../nd/rand",
            "ra//rand",
            "3/r/rand",
            "ra/nd/rand/",
            "ra/nd/./rand",
            "ra\\nd\\rand",
            "1/ab",
            "co/nf/config.json",
        ] {
            let error = bad.parse::<IndexPath>().unwrap_err();
            assert_eq!(error, Error::IndexPath { path: bad.into() });
            assert_eq!(file_name_at(bad), None, "{bad}");
        }
    }
}
