//! RustSec advisories: Markdown files that begin with a TOML block.
//!
//! [`parse_advisory`] reads one. Only the TOML block and the title are read: what the text says to people is never evidence.
//!
//! ````text
//! ```toml
//! [advisory]
//! id = "RUSTSEC-2026-0001"
//! package = "foo"
//! date = "2026-01-31"
//! categories = ["memory-corruption"]
//!
//! [versions]
//! patched = [">= 1.2.3"]
//! unaffected = ["< 1.0.0"]
//! ```
//!
//! # Use after free in `Foo::bar`
//!
//! `bar` frees what `foo` …
//! ````
//!
//! What an advisory says of versions is read as the `rustsec` crate reads it; see [`ranges`]. Keys that are not
//! known here are left alone, as there.

pub mod ranges;

use std::borrow::Cow;
use std::fmt;

use fence_model::facts::AdvisoryKind;
use fence_model::{Span, Time};

use crate::Limits;
use crate::advisories::{AdvisoryRecord, Collection, clean, is_id};
use crate::document::{Document, Fault, Fields};
use crate::error::{Error, Problem, excerpt};

/// Where an advisory lies in its database: `crates/foo/RUSTSEC-2026-0001.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdvisoryPath<'a> {
    /// The first folder.
    pub collection: Collection,
    /// The second folder; the advisory's package.
    pub folder: &'a str,
    /// The name of the file, without its ending; the advisory's id.
    pub id: &'a str,
}

impl<'a> AdvisoryPath<'a> {
    /// What `path` says, relative to the database; `None` if no advisory lies there.
    pub fn parse(path: &'a str) -> Option<Self> {
        let (collection, rest) = path.split_once('/')?;
        let collection =
            [Collection::Crates, Collection::Rust].into_iter().find(|c| c.as_str() == collection)?;
        let (folder, file) = rest.split_once('/')?;
        let id = file.strip_suffix(".md")?;
        is_id(id).then_some(Self { collection, folder, id })
    }
}

impl fmt::Display for AdvisoryPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}.md", self.collection.as_str(), self.folder, self.id)
    }
}

/// Reads the advisory that lies at `path`.
///
/// # Errors
///
/// What keeps it from being used, with its line. The text is not read, so nothing in it is an error.
pub fn parse_advisory(
    path: &AdvisoryPath<'_>,
    bytes: &[u8],
    limits: &Limits,
) -> Result<AdvisoryRecord, Problem> {
    let file = path.to_string();
    let fail = |line, error| Problem { file: file.as_str().into(), line, record: "".into(), error };
    if bytes.len() > limits.advisory_bytes {
        return Err(fail(None, Error::TooLong { bytes: bytes.len(), limit: limits.advisory_bytes }));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| fail(Some(line_of(bytes, error.valid_up_to())), Error::NotUtf8))?;
    let parts = Parts::of(text).map_err(|(at, error)| fail(Some(line_of(bytes, at)), error))?;
    let (document, root) = Document::open_text(&file, &parts.front_matter, parts.first_line, limits)?;
    advisory(path, &Fields::root(&root), parts.title, limits).map_err(|fault| document.fail(fault))
}

/// An advisory file, taken apart.
struct Parts<'t> {
    /// The TOML block.
    front_matter: Cow<'t, str>,
    /// The line of the file on which it begins.
    first_line: u32,
    title: &'t str,
}

impl<'t> Parts<'t> {
    /// Takes `text` apart, or says what is wrong at which offset.
    fn of(text: &'t str) -> Result<Self, (usize, Error)> {
        const OPEN: &str = "```toml";
        const CLOSE: &str = "\n```";
        let no_front_matter = (0, Error::NoFrontMatter);
        let (Some(inner), Some(end)) = (text.strip_prefix(OPEN), text.find(CLOSE)) else {
            return Err(no_front_matter);
        };
        let Some(inner) = end.checked_sub(OPEN.len()).and_then(|end| inner.get(..end)) else {
            return Err(no_front_matter);
        };
        let inner = inner.trim_end();
        let front_matter = inner.trim_start();
        let first_line = line_of(text.as_bytes(), OPEN.len() + inner.len() - front_matter.len());
        // A later form of the format may leave the first table's heading out.
        let (front_matter, first_line) = match front_matter.starts_with("[advisory]") {
            true => (front_matter.into(), first_line),
            false => (format!("[advisory]\n{front_matter}").into(), first_line - 1),
        };
        let markdown = text[end + CLOSE.len()..].trim_start();
        let title = markdown.strip_prefix("# ").and_then(|rest| rest.split_once('\n'));
        let (title, _) = title.ok_or((text.len() - markdown.len(), Error::NoTitle))?;
        Ok(Self { front_matter, first_line, title })
    }
}

fn advisory(
    path: &AdvisoryPath<'_>,
    root: &Fields<'_, '_>,
    title: &str,
    limits: &Limits,
) -> Result<AdvisoryRecord, Fault> {
    let head = root.table("advisory")?.ok_or_else(|| root.fault(Error::Missing("advisory")))?;
    let versions = root.table("versions")?.ok_or_else(|| root.fault(Error::Missing("versions")))?;
    let id = head.required("id")?;
    if !is_id(id) {
        return Err(head.fault_at("id", Error::AdvisoryId { id: excerpt(id) }));
    }
    let same = |key: &str, inside: &str, outside: &str| {
        let misplaced = || Error::Misplaced { inside: excerpt(inside), outside: excerpt(outside) };
        if inside == outside { Ok(()) } else { Err(head.fault_at(key, misplaced())) }
    };
    same("id", id, path.id)?;
    let package: &str = head.required("package")?;
    same("package", package, path.folder)?;
    if let Some(collection) = head.text("collection")? {
        same("collection", collection, path.collection.as_str())?;
    }
    let categories = head.list("categories")?;
    let last_second = |key| Ok(head.day(key)?.map(|day: Time| day + Span::seconds(86_399)));
    let patched = versions.texts("patched")?.ok_or_else(|| versions.fault(Error::Missing("patched")))?;
    let unaffected = versions.texts("unaffected")?.unwrap_or_default();
    let (patched, unaffected) =
        ranges::parse(&patched, &unaffected, limits).map_err(|error| versions.fault(error))?;
    Ok(AdvisoryRecord {
        id: id.into(),
        package: package
            .parse()
            .map_err(|error: fence_model::names::NameError| head.fault_at("package", error.into()))?,
        collection: path.collection,
        kind: kind(head.text("informational")?, &categories),
        known: last_second("date")?.ok_or_else(|| head.fault(Error::Missing("date")))?,
        withdrawn: last_second("withdrawn")?,
        patched,
        unaffected,
        title: clean(title),
        url: head.owned("url")?,
        aliases: head.list("aliases")?,
        related: head.list("related")?,
        categories,
        cvss: head.owned("cvss")?,
    })
}

/// The gravest thing that the advisory says of itself.
fn kind(informational: Option<&str>, categories: &[Box<str>]) -> AdvisoryKind {
    match informational {
        _ if categories.iter().any(|category| &**category == "malicious") => AdvisoryKind::Malicious,
        None => AdvisoryKind::Vulnerability,
        Some("unsound") => AdvisoryKind::Unsound,
        Some("unmaintained") => AdvisoryKind::Unmaintained,
        Some(_) => AdvisoryKind::Notice,
    }
}

/// The line, from 1, of the byte at `offset`.
fn line_of(bytes: &[u8], offset: usize) -> u32 {
    let before = bytes[..offset.min(bytes.len())].iter().filter(|byte| **byte == b'\n').count();
    u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1)
}
