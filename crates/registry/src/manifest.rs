//! What a package declares: its dependencies with platforms and features, as its index line or cargo tells it.
//!
//! The judgement needs less than this ([`crate::IndexFile`] leaves out features), so it is read for locked releases
//! alone, and only where somebody asks for what is needed how: [`crate::reach`].

use std::collections::BTreeMap;

use fence_model::facts::DependencyKind;
use fence_model::{Digest, ReleaseId};
use semver::VersionReq;
use serde::Deserialize;

/// What a package declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Its dependencies, of all kinds.
    pub dependencies: Vec<Declared>,
    /// What its features switch on, in cargo's spelling.
    pub features: BTreeMap<String, Vec<String>>,
    /// Whether its library runs inside the compiler of its dependents.
    pub macros: Macros,
}

/// Whether a package is a proc macro.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Macros {
    /// It is one.
    Proc,
    /// It is none.
    None,
    /// Nobody told: no index does.
    Untold,
}

/// One declared dependency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// The name by which features speak of it.
    pub alias: String,
    /// The real name of its package.
    pub package: String,
    /// The releases that it takes; none where what was written is no requirement, which takes all.
    pub requirement: Option<VersionReq>,
    /// For what it is needed.
    pub kind: DependencyKind,
    /// Whether a feature switches it on.
    pub optional: bool,
    /// The platform for which it is needed, as written: a triple or `cfg(…)`.
    pub target: Option<String>,
    /// Whether its default features are asked for.
    pub default_features: bool,
    /// The features of it that are asked for.
    pub features: Vec<String>,
}

impl Manifest {
    /// What the index declares of a release: its line in the index file `bytes`, if there is one of that digest.
    /// What cannot be read declares nothing, so that all that is locked beneath it counts.
    pub fn of_release(bytes: &[u8], release: &ReleaseId, digest: Option<Digest>) -> Option<Self> {
        let version = format!("\"{}\"", release.version);
        let lines = std::str::from_utf8(bytes).ok()?.lines();
        // Most lines are of other releases, and need not be read to know it.
        lines.filter(|line| line.contains(&version)).find_map(|line| {
            let line: Line = serde_json::from_str(line).ok()?;
            let is_it = line.name == release.name.as_str() && line.vers == release.version.to_string();
            let same_bytes = digest.is_none() || line.cksum.parse().ok() == digest;
            (is_it && same_bytes).then(|| line.into())
        })
    }
}

#[derive(Deserialize)]
struct Line {
    name: String,
    vers: String,
    deps: Vec<LineDependency>,
    cksum: String,
    #[serde(default)]
    features: Option<BTreeMap<String, Vec<String>>>,
    #[serde(default)]
    features2: Option<BTreeMap<String, Vec<String>>>,
}

#[derive(Deserialize)]
struct LineDependency {
    name: String,
    req: String,
    #[serde(default)]
    features: Vec<String>,
    #[serde(default)]
    optional: bool,
    #[serde(default = "yes")]
    default_features: bool,
    target: Option<String>,
    kind: Option<String>,
    package: Option<String>,
}

fn yes() -> bool {
    true
}

impl From<Line> for Manifest {
    fn from(line: Line) -> Self {
        let mut features = line.features.unwrap_or_default();
        for (feature, values) in line.features2.unwrap_or_default() {
            features.entry(feature).or_default().extend(values);
        }
        let dependencies = line.deps.into_iter().map(|dependency| Declared {
            package: dependency.package.unwrap_or_else(|| dependency.name.clone()),
            alias: dependency.name,
            requirement: requirement(&dependency.req),
            kind: kind(dependency.kind.as_deref()),
            optional: dependency.optional,
            target: dependency.target,
            default_features: dependency.default_features,
            features: dependency.features,
        });
        Self { dependencies: dependencies.collect(), features, macros: Macros::Untold }
    }
}

/// A requirement as an index or cargo writes it. A folder or repository without one is written as `*`, and takes
/// pre-releases as well, which `*` does not.
fn requirement(text: &str) -> Option<VersionReq> {
    VersionReq::parse(text).ok().filter(|requirement| *requirement != VersionReq::STAR)
}

/// The kind that an index or cargo writes; what is not known reaches a build, the strictest reading.
pub fn kind(word: Option<&str>) -> DependencyKind {
    match word {
        Some("build") => DependencyKind::Build,
        Some("dev") => DependencyKind::Dev,
        _ => DependencyKind::Normal,
    }
}

/// A member of a workspace, as `cargo metadata --no-deps` tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The oldest Rust that it says it builds with.
    pub rust_version: Option<String>,
    /// What it declares.
    pub manifest: Manifest,
}

impl Member {
    /// Reads what `cargo metadata --no-deps --format-version 1` prints.
    ///
    /// # Errors
    /// Why it is not that.
    pub fn all(printed: &[u8]) -> Result<Vec<Self>, String> {
        let told: Metadata = serde_json::from_slice(printed).map_err(|why| why.to_string())?;
        Ok(told.packages.into_iter().map(Self::from).collect())
    }
}

/// The paths of the manifests of a workspace's members, as `cargo metadata --no-deps --format-version 1` prints them.
///
/// # Errors
/// Why it is not that.
pub fn manifest_paths(printed: &[u8]) -> Result<Vec<String>, String> {
    #[derive(Deserialize)]
    struct Told {
        packages: Vec<Placed>,
    }
    #[derive(Deserialize)]
    struct Placed {
        manifest_path: String,
    }
    let told: Told = serde_json::from_slice(printed).map_err(|why| why.to_string())?;
    Ok(told.packages.into_iter().map(|package| package.manifest_path).collect())
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<MetadataPackage>,
}

#[derive(Deserialize)]
struct MetadataPackage {
    name: String,
    version: String,
    #[serde(default)]
    rust_version: Option<String>,
    dependencies: Vec<MetadataDependency>,
    #[serde(default)]
    features: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    targets: Vec<MetadataTarget>,
}

#[derive(Deserialize)]
struct MetadataTarget {
    #[serde(default)]
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct MetadataDependency {
    name: String,
    req: String,
    kind: Option<String>,
    rename: Option<String>,
    #[serde(default)]
    optional: bool,
    #[serde(default = "yes")]
    uses_default_features: bool,
    #[serde(default)]
    features: Vec<String>,
    target: Option<String>,
}

impl From<MetadataPackage> for Member {
    fn from(package: MetadataPackage) -> Self {
        let is_macro =
            package.targets.iter().any(|target| target.kind.iter().any(|kind| kind == "proc-macro"));
        let dependencies = package.dependencies.into_iter().map(|dependency| Declared {
            alias: dependency.rename.unwrap_or_else(|| dependency.name.clone()),
            package: dependency.name,
            requirement: requirement(&dependency.req),
            kind: kind(dependency.kind.as_deref()),
            optional: dependency.optional,
            target: dependency.target,
            default_features: dependency.uses_default_features,
            features: dependency.features,
        });
        let manifest = Manifest {
            dependencies: dependencies.collect(),
            features: package.features,
            macros: if is_macro { Macros::Proc } else { Macros::None },
        };
        Self { name: package.name, version: package.version, rust_version: package.rust_version, manifest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_declares_what_its_line_says() {
        let digest = Digest([7; 32]);
        let line = |cksum: &str| {
            format!(
                r#"{{"name":"a","vers":"1.0.0","deps":[{{"name":"old","package":"b","req":"^1","features":["x"],"optional":true,"default_features":false,"target":"cfg(unix)","kind":"build"}},{{"name":"c","req":"^2","kind":null}}],"cksum":"{cksum}","features":{{"f":["dep:old"]}},"features2":{{"f":["g"],"h":["c?/x"]}},"yanked":false}}"#
            )
        };
        let file = format!("not json\n{}\n{}\n", line(&"0".repeat(64)), line(&digest.to_string()));
        let release = ReleaseId { name: "a".parse().unwrap(), version: "1.0.0".parse().unwrap() };
        let manifest = Manifest::of_release(file.as_bytes(), &release, Some(digest)).unwrap();
        insta::assert_debug_snapshot!(manifest, @r#"
        Manifest {
            dependencies: [
                Declared {
                    alias: "old",
                    package: "b",
                    requirement: Some(
                        VersionReq {
                            comparators: [
                                Comparator {
                                    op: Caret,
                                    major: 1,
                                    minor: None,
                                    patch: None,
                                    pre: Prerelease(""),
                                },
                            ],
                        },
                    ),
                    kind: Build,
                    optional: true,
                    target: Some(
                        "cfg(unix)",
                    ),
                    default_features: false,
                    features: [
                        "x",
                    ],
                },
                Declared {
                    alias: "c",
                    package: "c",
                    requirement: Some(
                        VersionReq {
                            comparators: [
                                Comparator {
                                    op: Caret,
                                    major: 2,
                                    minor: None,
                                    patch: None,
                                    pre: Prerelease(""),
                                },
                            ],
                        },
                    ),
                    kind: Normal,
                    optional: false,
                    target: None,
                    default_features: true,
                    features: [],
                },
            ],
            features: {
                "f": [
                    "dep:old",
                    "g",
                ],
                "h": [
                    "c?/x",
                ],
            },
            macros: Untold,
        }
        "#);
        assert_eq!(
            Manifest::of_release(file.as_bytes(), &release, Some(Digest([8; 32]))),
            None,
            "of other bytes"
        );
        let other = ReleaseId { version: "1.0.1".parse().unwrap(), ..release };
        assert_eq!(Manifest::of_release(file.as_bytes(), &other, None), None);
    }

    #[test]
    fn members_declare_what_cargo_prints() {
        let printed = br#"{"packages":[{"name":"m","version":"0.1.0","rust_version":"1.85","dependencies":[{"name":"b","req":"^1","kind":"dev","rename":"old","optional":false,"uses_default_features":true,"features":[],"target":null},{"name":"p","req":"*","kind":null,"rename":null,"path":"p"}],"features":{"default":["old/x"]},"targets":[{"kind":["proc-macro"]},{"kind":["test"]}]}],"workspace_root":"w"}"#;
        insta::assert_debug_snapshot!(Member::all(printed).unwrap(), @r#"
        [
            Member {
                name: "m",
                version: "0.1.0",
                rust_version: Some(
                    "1.85",
                ),
                manifest: Manifest {
                    dependencies: [
                        Declared {
                            alias: "old",
                            package: "b",
                            requirement: Some(
                                VersionReq {
                                    comparators: [
                                        Comparator {
                                            op: Caret,
                                            major: 1,
                                            minor: None,
                                            patch: None,
                                            pre: Prerelease(""),
                                        },
                                    ],
                                },
                            ),
                            kind: Dev,
                            optional: false,
                            target: None,
                            default_features: true,
                            features: [],
                        },
                        Declared {
                            alias: "p",
                            package: "p",
                            requirement: None,
                            kind: Normal,
                            optional: false,
                            target: None,
                            default_features: true,
                            features: [],
                        },
                    ],
                    features: {
                        "default": [
                            "old/x",
                        ],
                    },
                    macros: Proc,
                },
            },
        ]
        "#);
        assert!(Member::all(b"error: nothing").unwrap_err().contains("expected value"));
        let printed =
            br#"{"packages":[{"name":"m","manifest_path":"/w/m/Cargo.toml"}],"workspace_root":"/w"}"#;
        assert_eq!(manifest_paths(printed).unwrap(), ["/w/m/Cargo.toml"]);
    }
}
