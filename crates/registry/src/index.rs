//! A crate's index file: one line of JSON per release.
//!
//! [`IndexFile::parse`] takes the file's bytes and the name that was asked for, and returns every line as one of
//! three things: a release, a line that cargo skips too (its schema is newer than cargo knows), or a problem. A
//! line that cannot be read never vanishes silently: the release it stands for may be the one that is locked.
//! [`IndexFile::facts`] then turns the releases into what the judgement takes.
//!
//! Text is borrowed from the file's bytes. Keys that are not known are left alone, as cargo does.

mod line;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use fence_model::facts::{Birth, Dependency, DependencyKind, ReleaseFacts};
use fence_model::{CrateName, Digest, Time};
use semver::Version;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use crate::error::{shown, without_place};
use crate::manifest::kind;
use crate::{Error, Limits};

/// The newest line schema that cargo reads; lines of a newer one are skipped, by cargo and by the fence.
pub const NEWEST_SCHEMA: u32 = 2;

/// What one read of a crate's index file shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexFile<'a> {
    /// The crate that was asked for.
    pub name: CrateName,
    /// The lines that are releases of it, in the file's order. Two lines of one version are both here.
    pub releases: Vec<IndexLine<'a>>,
    /// The lines that cargo does not look at either.
    pub skipped: Vec<Skipped>,
    /// The lines that are not what an index holds: each is the registry's fault, and each may hide a release.
    pub problems: Vec<Error>,
}

/// One release, as its index line tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexLine<'a> {
    /// The full version.
    pub version: Version,
    /// The SHA-256 of its `.crate`.
    pub digest: Digest,
    /// Whether it is withdrawn from new resolutions; a line that does not say is not.
    pub yanked: bool,
    /// When the registry says that it was published.
    pub published: Option<Time>,
    /// What it depends on, in the line's order.
    pub dependencies: Vec<IndexDependency<'a>>,
    /// The line's schema (`v`), 1 if it does not say.
    pub schema: u32,
    /// The oldest Rust that it says it builds with.
    pub rust_version: Option<Text<'a>>,
    /// The native library that it links, of which a build holds one only.
    pub links: Option<Text<'a>>,
    /// The 1-based line of the file.
    pub line: u32,
    /// Where the line says whether it is yanked.
    pub(crate) yanked_value: YankedValue,
}

impl<'a> IndexLine<'a> {
    /// A release that somebody else than an index told: it has no line.
    pub fn told(
        version: Version,
        digest: Digest,
        yanked: bool,
        published: Option<Time>,
        dependencies: Vec<IndexDependency<'a>>,
    ) -> Self {
        Self {
            version,
            digest,
            yanked,
            published,
            dependencies,
            schema: 1,
            rust_version: None,
            links: None,
            line: 0,
            yanked_value: YankedValue::NotSought,
        }
    }
}

/// Where a line says whether its release is yanked, in bytes from its beginning.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum YankedValue {
    /// Here.
    At(Range<usize>),
    /// Nowhere.
    Absent,
    /// Nobody looked.
    #[default]
    NotSought,
}

/// One dependency of an index line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexDependency<'a> {
    /// The name under which the code uses it.
    pub alias: Text<'a>,
    /// The real name of its package, where that is another one.
    pub package: Option<Text<'a>>,
    /// The version requirement, as written.
    pub requirement: Text<'a>,
    /// For what it is needed. A kind that is not known counts as normal, as in cargo.
    pub kind: DependencyKind,
    /// Whether a feature switches it on.
    pub optional: bool,
    /// The platform for which it is needed, as written: a triple or `cfg(…)`.
    pub target: Option<Text<'a>>,
    /// The index of the registry that it comes from, where that is not this one.
    pub registry: Option<Text<'a>>,
}

impl IndexDependency<'_> {
    /// The real name of its package.
    pub fn package_name(&self) -> &str {
        self.package.as_ref().unwrap_or(&self.alias)
    }
}

/// A line that cargo skips without a word, because its schema is newer than cargo knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The 1-based line of the file.
    pub line: u32,
    /// The version that it says it is of.
    pub version: Version,
    /// Its schema, above [`NEWEST_SCHEMA`].
    pub schema: u32,
}

/// Text inside an index file: borrowed, unless it was written with escapes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(transparent)]
pub struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl std::ops::Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'a> IndexFile<'a> {
    /// Reads the index file of the crate `name`, as it was asked for.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for a file beyond the limit. All else is told line by line in [`Self::problems`].
    pub fn parse(name: &CrateName, bytes: &'a [u8], limits: &Limits) -> Result<Self, Error> {
        if bytes.len() > limits.index_file_bytes {
            return Err(Error::TooLarge {
                what: "index file",
                bytes: bytes.len(),
                limit: limits.index_file_bytes,
            });
        }
        let mut file =
            Self { name: name.clone(), releases: Vec::new(), skipped: Vec::new(), problems: Vec::new() };
        for (line, bytes) in (1..).zip(lines(bytes)) {
            if bytes.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let like_the_last = file.releases.last().map_or(0, |release| release.dependencies.len());
            match parse_line(name, line, bytes, (like_the_last, limits)) {
                Ok(Line::Release(release)) => file.releases.push(release),
                Ok(Line::Skipped(skipped)) => file.skipped.push(skipped),
                Err(problem) => file.problems.push(problem),
            }
        }
        Ok(file)
    }

    /// The releases as facts, in the file's order. `birth` tells since when a package is there, by its name and, where
    /// it is not of this registry, the address of its registry's index.
    ///
    /// Neighbouring releases with equal dependencies share one list.
    pub fn facts(&self, birth: impl Fn(&str, Option<&str>) -> Birth) -> Vec<ReleaseFacts<'_>> {
        let mut latest: Arc<[Dependency<'_>]> = Arc::new([]);
        let mut collected = Vec::new();
        let mut facts = Vec::with_capacity(self.releases.len());
        let mut before: &[IndexDependency<'_>] = &[];
        for release in &self.releases {
            // Mostly nothing has changed, and births are looked up somewhere.
            if *before != *release.dependencies {
                before = &release.dependencies;
                collected.clear();
                collected.extend(before.iter().map(|dependency| Dependency {
                    package: dependency.package_name(),
                    requirement: &dependency.requirement,
                    kind: dependency.kind,
                    optional: dependency.optional,
                    birth: birth(dependency.package_name(), dependency.registry.as_deref()),
                }));
                if *latest != *collected {
                    latest = collected.as_slice().into();
                }
            }
            facts.push(ReleaseFacts {
                version: release.version.clone(),
                digest: release.digest,
                published: release.published,
                yanked: release.yanked,
                dependencies: Arc::clone(&latest),
                sighting: None,
                publisher: None,
                voices: None,
            });
        }
        facts
    }

    /// When the first release that the file shows was published, as far as its lines say.
    pub fn born(&self) -> Option<Time> {
        self.releases.iter().filter_map(|release| release.published).min()
    }
}

/// What one line of an index file is.
enum Line<'a> {
    Release(IndexLine<'a>),
    Skipped(Skipped),
}

/// The lines of a file, without their ends.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let bytes = rest?;
        let end = memchr::memchr(b'\n', bytes);
        rest = end.map(|end| &bytes[end + 1..]);
        Some(end.map_or(bytes, |end| &bytes[..end]))
    })
}

/// What one line is; it may have about so many dependencies.
fn parse_line<'a>(
    name: &CrateName,
    line: u32,
    bytes: &'a [u8],
    (dependencies, limits): (usize, &Limits),
) -> Result<Line<'a>, Error> {
    if bytes.len() > limits.index_line_bytes {
        let (bytes, limit) = (bytes.len(), limits.index_line_bytes);
        return Err(Error::IndexLineTooLong { name: name.clone(), line, bytes, limit });
    }
    let raw: RawLine<'a> = match read_line(bytes, dependencies) {
        Ok(raw) => raw,
        Err(error) => {
            // A newer schema may have changed any key but these three.
            return match serde_json::from_slice::<RawStub<'a>>(bytes) {
                Ok(stub) if stub.v > Some(NEWEST_SCHEMA) => skip(name, line, &stub),
                _ => Err(Error::IndexNotJson {
                    name: name.clone(),
                    line,
                    column: error.column(),
                    why: without_place(&error),
                }),
            };
        }
    };
    let schema = raw.v.unwrap_or(1);
    if schema > NEWEST_SCHEMA {
        return skip(name, line, &RawStub { name: raw.name, vers: raw.vers, v: raw.v });
    }
    Ok(Line::Release(IndexLine {
        version: version_of(name, line, &raw.name, &raw.vers)?,
        digest: raw.cksum.parse().map_err(|_| Error::IndexChecksum {
            name: name.clone(),
            line,
            version: shown(&raw.vers),
            found: shown(&raw.cksum),
        })?,
        yanked: raw.yanked.unwrap_or(false),
        published: raw.pubtime.map(|text| publish_time(name, line, &raw.vers, &text)).transpose()?,
        dependencies: raw.deps,
        schema,
        rust_version: raw.rust_version,
        links: raw.links,
        line,
        yanked_value: raw.place,
    }))
}

fn read_line(bytes: &[u8], dependencies: usize) -> Result<RawLine<'_>, serde_json::Error> {
    let Some(usual) = line::read(bytes, dependencies) else { return serde_json::from_slice(bytes) };
    if cfg!(any(test, fuzzing)) {
        let whole: RawLine<'_> = serde_json::from_slice(bytes)?;
        assert_eq!(RawLine { place: YankedValue::NotSought, ..usual.clone() }, whole, "the readers differ");
    }
    Ok(usual)
}

fn skip<'a>(name: &CrateName, line: u32, stub: &RawStub<'_>) -> Result<Line<'a>, Error> {
    let version = version_of(name, line, &stub.name, &stub.vers)?;
    Ok(Line::Skipped(Skipped { line, version, schema: stub.v.unwrap_or(1) }))
}

/// The version of a line that is about the right crate.
fn version_of(name: &CrateName, line: u32, found: &str, version: &str) -> Result<Version, Error> {
    if found != name.as_str() {
        return Err(Error::IndexOtherCrate { name: name.clone(), line, found: shown(found) });
    }
    Version::parse(version).map_err(|error| Error::IndexVersion {
        name: name.clone(),
        line,
        found: shown(version),
        why: error.to_string(),
    })
}

/// `2026-08-20T07:15:00Z` and no other spelling: what cargo reads.
fn publish_time(name: &CrateName, line: u32, version: &str, text: &str) -> Result<Time, Error> {
    Some(text)
        .filter(|text| text.len() == 20 && text.ends_with('Z') && text.as_bytes()[10] == b'T')
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| Error::IndexPublishTime {
            name: name.clone(),
            line,
            version: shown(version),
            found: shown(text),
        })
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct RawLine<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    vers: Text<'a>,
    #[serde(borrow)]
    deps: Vec<IndexDependency<'a>>,
    #[serde(borrow)]
    cksum: Text<'a>,
    // Checked to be JSON, and not kept: what features switch on is in `deps` as well.
    #[serde(default, rename = "features")]
    _features: IgnoredAny,
    yanked: Option<bool>,
    #[serde(borrow)]
    links: Option<Text<'a>>,
    #[serde(borrow)]
    rust_version: Option<Text<'a>>,
    #[serde(borrow)]
    pubtime: Option<Text<'a>>,
    v: Option<u32>,
    #[serde(skip)]
    place: YankedValue,
}

#[derive(Deserialize)]
struct RawStub<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    vers: Text<'a>,
    v: Option<u32>,
}

#[derive(Deserialize)]
struct RawDependency<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    req: Text<'a>,
    #[serde(default)]
    optional: bool,
    #[serde(borrow)]
    target: Option<Text<'a>>,
    #[serde(borrow)]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    registry: Option<Text<'a>>,
    #[serde(borrow)]
    package: Option<Text<'a>>,
}

impl<'de: 'a, 'a> Deserialize<'de> for IndexDependency<'a> {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        RawDependency::deserialize(value).map(Self::from)
    }
}

impl<'a> From<RawDependency<'a>> for IndexDependency<'a> {
    fn from(raw: RawDependency<'a>) -> Self {
        Self {
            kind: kind(raw.kind.as_deref()),
            alias: raw.name,
            package: raw.package,
            requirement: raw.req,
            optional: raw.optional,
            target: raw.target,
            registry: raw.registry,
        }
    }
}
