//! What of a lockfile is asked about, and as what it is needed.
//!
//! [`needed`] brings together what [`reach()`](fence_registry::reach::reach) asks for: what the project's own packages
//! declare, as cargo tells it (`cargo metadata --no-deps`, which reads manifests and nothing else); what the locked
//! releases declare, from the copies of the index on this machine; and which of them are proc macros, from the
//! manifests that cargo has unpacked. Nothing is fetched: what is not at hand is not known, and then more counts.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use fence_model::{CrateName, Kinds, Time};
use fence_registry::lockfile::{Lockfile, Package, Source};
use fence_registry::manifest::{Macros, Manifest, Member};
use fence_registry::reach::{Features, Resolver, Root, Target, Tests, Wanted as Reached, reach};

use crate::cache::Cache;
use crate::cargo_config::{CargoConfig, ConfigError};
use crate::cargo_says;
use crate::gather::registry_of;
use crate::http::Network;
use crate::index::{ANY_AGE, IndexOutcome, Wanted, read_index};
use crate::progress::Silent;
use crate::project::{self, read_text};

/// Which part of a project is asked about. The default is all of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// Members of the workspace, as `name` or `name@version`; none means all.
    pub packages: Vec<String>,
    /// Platforms by their triples; none means all.
    pub targets: Vec<String>,
    /// Which features of the members are on.
    pub features: Choice,
    /// Whether their tests, examples and benchmarks count.
    pub tests: Tests,
}

/// Which features are on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Choice {
    /// All of them, as a lockfile has them.
    #[default]
    All,
    /// These, and perhaps the default ones.
    These {
        /// Whether `default` is on.
        default: bool,
        /// The others, in cargo's spelling.
        named: Vec<String>,
    },
}

/// What is known of a project, and where more is to be found.
pub struct Project<'a> {
    /// Its lockfile.
    pub lockfile: &'a Lockfile,
    /// The folder of its root manifest.
    pub root: &'a Path,
    /// The program to ask about its manifests.
    pub cargo: &'a Path,
    /// What cargo is told: which registry answers.
    pub config: &'a CargoConfig,
    /// A folder that answers for crates.io instead.
    pub index: Option<&'a Path>,
    /// Cargo's home, where unpacked releases lie.
    pub cargo_home: Option<&'a Path>,
    /// Where copies of index files are kept.
    pub cache: &'a Cache,
    /// The machine's clock.
    pub clock: Time,
}

/// Why nobody can say what is needed.
#[derive(Debug)]
pub enum ScopeError {
    /// There is a lockfile and no manifest.
    NoManifest(PathBuf),
    /// Cargo did not tell what the project's packages declare.
    Cargo {
        /// The manifest that it was asked about.
        manifest: PathBuf,
        /// Why.
        why: String,
    },
    /// Cargo's configuration does not say which registry to ask.
    Config(ConfigError),
    /// The lockfile lacks one of the project's packages.
    OtherLockfile {
        /// The folder of the project.
        root: PathBuf,
        /// The package's name.
        lacks: String,
        /// Its version.
        version: String,
    },
    /// No member of the workspace goes by that name.
    UnknownPackage {
        /// What was asked for.
        asked: String,
        /// The members.
        members: Vec<String>,
    },
    /// No member that is asked about has that feature.
    UnknownFeature(String),
    /// The Rust project has no such platform.
    UnknownTarget(String),
}

impl fmt::Display for ScopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoManifest(root) => write!(f, "{} has no Cargo.toml", root.display()),
            Self::Cargo { manifest, why } => {
                write!(f, "cargo does not tell what {} declares: {why}", manifest.display())
            }
            Self::Config(error) => write!(f, "{error}"),
            Self::OtherLockfile { root, lacks, version } => {
                write!(
                    f,
                    "the lockfile lacks {lacks} {version}, a package of the workspace in {}",
                    root.display()
                )
            }
            Self::UnknownPackage { asked, .. } => write!(f, "the workspace has no package `{asked}`"),
            Self::UnknownFeature(feature) => {
                write!(f, "no package that is asked about has the feature `{feature}`")
            }
            Self::UnknownTarget(target) => write!(f, "there is no target `{target}`"),
        }
    }
}

impl std::error::Error for ScopeError {}

impl ScopeError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::NoManifest(_) => {
                "a lockfile alone does not say what is needed how: bring its Cargo.toml, or ask for all of it"
                    .into()
            }
            Self::Cargo { .. } => "`cargo metadata --no-deps` has to work in that folder".into(),
            Self::Config(error) => error.hint().into(),
            Self::OtherLockfile { .. } => {
                "`cargo update --workspace` makes it that of the project; `--manifest-path` says of which"
                    .into()
            }
            Self::UnknownPackage { members, .. } => format!("its packages are {}", members.join(", ")),
            Self::UnknownFeature(_) => "`cargo metadata --no-deps` lists the features of each package".into(),
            Self::UnknownTarget(_) => "`rustc --print target-list` lists them".into(),
        }
    }
}

impl Scope {
    /// Whether it is all of a project.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }
}

/// As what each package of the lockfile is needed by the part of the project that `scope` names.
///
/// # Errors
///
/// [`ScopeError`]: then all that is locked is to count, as all kinds, or nothing can be said.
pub fn needed(project: &Project<'_>, scope: &Scope) -> Result<Vec<Kinds>, ScopeError> {
    let targets = scope
        .targets
        .iter()
        .map(|triple| Target::named(triple).ok_or_else(|| ScopeError::UnknownTarget(triple.clone())));
    let targets = targets.collect::<Result<_, _>>()?;
    let members = project.members()?;
    let roots = roots(&members, scope)?;
    let mut manifests = project.released()?;
    for (place, member) in members {
        manifests[place] = Some(member.manifest);
    }
    let reached = Reached { roots, targets, tests: scope.tests, resolver: project.resolver() };
    Ok(reach(project.lockfile, &manifests, &reached))
}

/// The members that are asked about, with their features.
fn roots(members: &[(usize, Member)], scope: &Scope) -> Result<Vec<Root>, ScopeError> {
    let is_meant = |member: &Member, asked: &str| match asked.split_once('@') {
        Some((name, version)) => member.name == name && member.version == version,
        None => member.name == asked,
    };
    for asked in &scope.packages {
        if !members.iter().any(|(_, member)| is_meant(member, asked)) {
            let members = members.iter().map(|(_, member)| member.name.clone()).collect();
            return Err(ScopeError::UnknownPackage { asked: asked.clone(), members });
        }
    }
    let asked: Vec<&(usize, Member)> = members
        .iter()
        .filter(|(_, member)| {
            scope.packages.is_empty() || scope.packages.iter().any(|asked| is_meant(member, asked))
        })
        .collect();
    if let Choice::These { named, .. } = &scope.features {
        let unknown = named.iter().find(|feature| asked.iter().all(|(_, m)| of_member(m, feature).is_none()));
        if let Some(feature) = unknown {
            return Err(ScopeError::UnknownFeature(feature.clone()));
        }
    }
    let root = |(package, member): &(usize, Member)| Root {
        package: *package,
        features: match &scope.features {
            Choice::All => Features::All,
            Choice::These { default, named } => {
                let own = named.iter().filter_map(|feature| of_member(member, feature));
                Features::These(default.then(|| "default".to_owned()).into_iter().chain(own).collect())
            }
        },
    };
    Ok(asked.into_iter().map(root).collect())
}

/// A feature as a member has it: its own, that of an optional dependency, or one of a dependency.
fn of_member(member: &Member, feature: &str) -> Option<String> {
    let Manifest { dependencies, features, .. } = &member.manifest;
    let has = |feature: &str| {
        features.contains_key(feature) || dependencies.iter().any(|d| d.optional && d.alias == feature)
    };
    match feature.split_once('/') {
        Some((name, own)) if name == member.name => has(own).then(|| own.to_owned()),
        Some((alias, _)) => {
            let alias = alias.strip_suffix('?').unwrap_or(alias);
            dependencies.iter().any(|declared| declared.alias == alias).then(|| feature.to_owned())
        }
        None => has(feature).then(|| feature.to_owned()),
    }
}

impl Project<'_> {
    /// The members of the workspace, each with its place in the lockfile.
    pub(crate) fn members(&self) -> Result<Vec<(usize, Member)>, ScopeError> {
        let manifest = self.root.join("Cargo.toml");
        if !manifest.is_file() {
            return Err(ScopeError::NoManifest(self.root.to_owned()));
        }
        let printed = cargo_says::metadata(self.cargo, &manifest)
            .and_then(|printed| Member::all(&printed))
            .map_err(|why| ScopeError::Cargo { manifest, why })?;
        let place = |member: &Member| {
            let is_it = |package: &Package| {
                package.source == Source::Path
                    && *package.name == *member.name
                    && package.version.to_string() == member.version
            };
            self.lockfile.packages.iter().position(is_it)
        };
        // Cargo locks every member. A lockfile that lacks one is made anew by the next build, and what it has of that
        // member's needs must not go unjudged until then.
        let placed = printed.into_iter().map(|member| match place(&member) {
            Some(place) => Ok((place, member)),
            None => Err(ScopeError::OtherLockfile {
                root: self.root.to_owned(),
                lacks: member.name,
                version: member.version,
            }),
        });
        placed.collect()
    }

    /// Which resolver the root manifest asks for, by itself or by its edition.
    fn resolver(&self) -> Resolver {
        let manifest = self.root.join("Cargo.toml");
        let text = read_text(&manifest, project::Limits::default().manifest_bytes).ok().flatten();
        let manifest = text.and_then(|text| text.parse::<toml::Table>().ok()).unwrap_or_default();
        let of = |table: &str, key: &str| manifest.get(table)?.get(key)?.as_str().map(str::to_owned);
        match of("workspace", "resolver").or_else(|| of("package", "resolver")) {
            Some(resolver) if resolver != "1" => Resolver::Later,
            Some(_) => Resolver::First,
            None => match of("package", "edition").as_deref() {
                None | Some("2015" | "2018") => Resolver::First,
                Some(_) => Resolver::Later,
            },
        }
    }

    /// What the locked releases declare, in the lockfile's order.
    fn released(&self) -> Result<Vec<Option<Manifest>>, ScopeError> {
        let packages = &self.lockfile.packages;
        let mut manifests: Vec<Option<Manifest>> = vec![None; packages.len()];
        let mut of_registry: BTreeMap<&Source, BTreeMap<CrateName, Vec<usize>>> = BTreeMap::new();
        for (place, package) in packages.iter().enumerate() {
            if let Some(release) = package.release() {
                of_registry.entry(&package.source).or_default().entry(release.name).or_default().push(place);
            }
        }
        let unpacked = self.unpacked();
        for (source, crates) in of_registry {
            let registry = registry_of(source, self.index, self.config).map_err(ScopeError::Config)?;
            let wanted: Vec<Wanted<'_>> = crates.keys().map(|name| Wanted { name, known: None }).collect();
            let copies = read_index(
                &registry,
                &wanted,
                Some(ANY_AGE),
                &Network::Offline,
                self.cache,
                self.clock,
                &Silent,
            );
            for (places, copy) in crates.values().zip(copies) {
                let IndexOutcome::Read(entry) = copy else { continue };
                for &place in places {
                    let Some(release) = packages[place].release() else { continue };
                    let declared = Manifest::of_release(&entry.bytes, &release, packages[place].checksum);
                    manifests[place] = declared
                        .map(|manifest| Manifest { macros: macros(&unpacked, &packages[place]), ..manifest });
                }
            }
        }
        Ok(manifests)
    }

    /// The folders, one per registry, into which cargo has unpacked releases.
    pub(crate) fn unpacked(&self) -> Vec<PathBuf> {
        let Some(home) = self.cargo_home else { return Vec::new() };
        let Ok(folders) = std::fs::read_dir(home.join("registry/src")) else { return Vec::new() };
        folders.filter_map(|folder| Some(folder.ok()?.path())).collect()
    }
}

/// Whether a release is a proc macro, as its unpacked manifests say; it is one if any of them says so.
fn macros(unpacked: &[PathBuf], package: &Package) -> Macros {
    let folder = format!("{}-{}", package.name, package.version);
    let texts = unpacked.iter().filter_map(|registry| {
        read_text(&registry.join(&folder).join("Cargo.toml"), project::Limits::default().manifest_bytes)
            .ok()?
    });
    let mut macros = Macros::Untold;
    for text in texts {
        let Ok(manifest) = text.parse::<toml::Table>() else { return Macros::Untold };
        macros = macros_of(&manifest);
        if macros == Macros::Proc {
            break;
        }
    }
    macros
}

/// Whether a manifest is that of a proc macro, in any of the ways that cargo takes.
pub(crate) fn macros_of(manifest: &toml::Table) -> Macros {
    let library = manifest.get("lib").and_then(toml::Value::as_table);
    let of_library = |key: &str| library.and_then(|library| library.get(key));
    let says = |key: &str| of_library(key).and_then(toml::Value::as_bool).unwrap_or_default();
    let lists = |key: &str| {
        let types = of_library(key).and_then(toml::Value::as_array);
        types.is_some_and(|types| types.iter().any(|kind| kind.as_str() == Some("proc-macro")))
    };
    if says("proc-macro") || says("proc_macro") || lists("crate-type") || lists("crate_type") {
        Macros::Proc
    } else {
        Macros::None
    }
}
