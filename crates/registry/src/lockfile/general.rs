//! Any lockfile that is TOML: version 1 with its `[root]` and `[metadata]`, other spellings, other orders.
//!
//! Keys that are not known are left alone, as cargo does.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::{Entries, Entry, Located, conflict};
use crate::Error;
use crate::error::shown;

/// The entries of `text`, or what is wrong with it and where.
pub(super) fn read(text: &str) -> Result<Entries<'_>, Error> {
    let lines = LineNumbers::of(text);
    let raw: RawLockfile<'_> = toml::from_str(text).map_err(|error| fault(text, &lines, &error))?;
    let mut entries = Entries {
        version: raw.version.map(|version| (*version.get_ref(), lines.of_span(version.span()))),
        ..Entries::default()
    };
    for package in raw.root.into_iter().chain(raw.package) {
        let start = entries.dependencies.len();
        entries.dependencies.extend(package.dependencies.into_iter().map(|text| lines.locate(text)));
        entries.packages.push(Entry {
            name: lines.locate(package.name),
            version: package.version.0,
            source: package.source.map(|text| text.0),
            checksum: package.checksum.map(|text| lines.locate(text)),
            dependencies: start..entries.dependencies.len(),
            replace: package.replace.map(|text| lines.locate(text)),
        });
    }
    for (key, value) in raw.metadata {
        if let Some(package) = key.get_ref().0.strip_prefix("checksum ") {
            let line = lines.of_span(key.span());
            entries.checksums.push((Located { text: package.to_owned().into(), line }, lines.locate(value)));
        }
    }
    Ok(entries)
}

/// What to say of a file that is no lockfile, the likeliest cause first.
fn fault(text: &str, lines: &LineNumbers, error: &toml::de::Error) -> Error {
    #[derive(Deserialize)]
    struct Head {
        version: Spanned<u32>,
    }
    if let Some(line) = conflict(text) {
        return Error::LockfileConflict { line };
    }
    // A newer version may have any shape.
    if let Ok(Head { version }) = toml::from_str(text)
        && *version.get_ref() > 4
    {
        return Error::LockfileVersion { found: *version.get_ref(), line: lines.of_span(version.span()) };
    }
    let line = error.span().map_or(1, |span| lines.of_span(span));
    Error::LockfileSyntax { line, why: shown(error.message()) }
}

#[derive(Deserialize)]
struct RawLockfile<'a> {
    version: Option<Spanned<u32>>,
    #[serde(borrow)]
    root: Option<RawPackage<'a>>,
    #[serde(borrow, default)]
    package: Vec<RawPackage<'a>>,
    #[serde(borrow, default)]
    metadata: BTreeMap<Spanned<Text<'a>>, Spanned<Text<'a>>>,
    // Read for its shape alone, as cargo does.
    #[serde(borrow, default, rename = "patch")]
    _patch: RawPatch<'a>,
}

#[derive(Deserialize)]
struct RawPackage<'a> {
    #[serde(borrow)]
    name: Spanned<Text<'a>>,
    #[serde(borrow)]
    version: Text<'a>,
    #[serde(borrow)]
    source: Option<Text<'a>>,
    #[serde(borrow)]
    checksum: Option<Spanned<Text<'a>>>,
    #[serde(borrow, default)]
    dependencies: Vec<Spanned<Text<'a>>>,
    #[serde(borrow)]
    replace: Option<Spanned<Text<'a>>>,
}

#[derive(Deserialize, Default)]
struct RawPatch<'a> {
    #[serde(borrow, default, rename = "unused")]
    _unused: Vec<RawPackage<'a>>,
}

#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Which line an offset lies in.
struct LineNumbers {
    /// The offsets of all line ends.
    ends: Vec<usize>,
}

impl LineNumbers {
    fn of(text: &str) -> Self {
        Self { ends: text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect() }
    }

    /// The 1-based line in which `span` begins.
    fn of_span(&self, span: std::ops::Range<usize>) -> u32 {
        1 + self.ends.partition_point(|end| *end < span.start) as u32
    }

    fn locate<'a>(&self, text: Spanned<Text<'a>>) -> Located<'a> {
        let line = self.of_span(text.span());
        Located { text: text.into_inner().0, line }
    }
}
