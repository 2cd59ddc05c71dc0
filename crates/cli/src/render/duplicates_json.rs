//! Duplicates as one JSON document, for machines. `docs/duplicates.schema.json` is made from these types.

use fence_client::duplicates::{Alike as AlikeHere, AtBuild, Cost};
use fence_registry::duplicates::purposes::Found as FoundHere;
use fence_registry::duplicates::{
    Asker as AskerHere, Obstacle as ObstacleHere, Older, Step as StepHere, Way as WayHere,
};
use serde::Serialize;

use crate::commands::duplicates::Told;
use crate::error::shown;

/// The version of the format; changes only where a reader of the one before would be misled.
const SCHEMA_VERSION: u32 = 1;

/// What `cargo fence duplicates --format json` prints.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "cargo fence duplicates"))]
pub(crate) struct Document {
    /// The version of this format.
    schema_version: u32,
    /// The version of cargo-fence.
    fence_version: &'static str,
    /// The lockfile.
    lockfile: String,
    /// Crates that are locked in several versions, by name.
    duplicates: Vec<Duplicate>,
    /// Crates that the project asks for and the standard library replaces.
    replaced: Vec<Replaced>,
    /// Crates of one purpose.
    same_purpose: Vec<SamePurpose>,
    /// Crates of different names that are nearly the same code.
    alike: Vec<Alike>,
    /// Crates of which no index file was to be had, so that their other releases are not known.
    unread: Vec<String>,
}

/// A crate that is locked in several versions.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Duplicate {
    /// Its name.
    name: String,
    /// The newest version, which stays.
    newest: String,
    /// Who asks for the newest.
    asked_by: Vec<Asker>,
    /// The older ones, newest first.
    older: Vec<OlderVersion>,
}

/// An older version of a crate that is locked in several.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct OlderVersion {
    /// The version.
    version: String,
    /// Its line in the lockfile.
    line: u32,
    /// Whether it is new; none where nothing says what was there before.
    new: Option<bool>,
    /// Who asks for it.
    asked_by: Vec<Asker>,
    /// What leaves the lockfile with it, itself first.
    leaves: Vec<Leaving>,
    /// The lines of Rust that leave with it, as far as cargo has unpacked them; none where it has unpacked nothing of it.
    rust_lines: Option<u64>,
    /// How it may leave.
    way: Way,
}

/// A package.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Package {
    /// Its name.
    name: String,
    /// Its version.
    version: String,
}

/// A package that leaves with a version, and what it costs as far as that is at hand.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Leaving {
    #[serde(flatten)]
    package: Package,
    /// Its lines of Rust; none where cargo has not unpacked it.
    rust_lines: Option<u64>,
    /// What of it runs where it is built: `nothing`, `build-script` or `proc-macro`; none where that is not known.
    at_build: Option<&'static str>,
    /// What its code can do, in the words of `cargo fence scan`; none where no reading of it is kept.
    capabilities: Option<Vec<String>>,
    /// Who published it: an account's login or number, or a CI's name; none where cargo-vet has not written that down.
    publisher: Option<String>,
}

/// A package that asks for another.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Asker {
    #[serde(flatten)]
    package: Package,
    /// Its requirement; none where it is not known.
    requirement: Option<String>,
}

/// How a version may leave a lockfile.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Way {
    /// It goes with an older version of another crate.
    With {
        /// That one.
        package: Package,
    },
    /// By these changes, in this order.
    Steps {
        /// The changes.
        steps: Vec<Step>,
        /// What comes in by them and was not locked in any version.
        brings: Vec<Package>,
    },
    /// It cannot yet.
    Blocked {
        /// Because of these.
        obstacles: Vec<Obstacle>,
    },
}

/// One change.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Step {
    /// `cargo update -p … --precise …`.
    Update {
        /// What is locked.
        package: Package,
        /// The version to lock instead.
        to: String,
    },
    /// A manifest of the project asks for another version.
    Require {
        /// The package of the project.
        own: Package,
        /// The crate.
        name: String,
        /// The version.
        version: String,
    },
}

/// Why a dependent keeps a version in a lockfile.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Obstacle {
    /// The dependent.
    package: Package,
    /// `no-release`: none of its releases asks for another version; `rust`: those that do want a newer Rust than the project;
    /// `trades`: they bring in another version of something else; `unknown`: its releases are not known; `pinned`: a manifest of
    /// the project asks for exactly this version, or for both; `too-far`: too much would have to follow.
    kind: &'static str,
    /// For `no-release`, what it asks for: the version itself, or what stands between the two.
    asks_for: Option<Package>,
    /// Its newest release, the Rust that is wanted, or what is brought in.
    because: Option<String>,
}

/// A crate that the standard library replaces.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Replaced {
    #[serde(flatten)]
    package: Package,
    /// Whether it is new; none where nothing says what was there before.
    new: Option<bool>,
    /// Packages of the project that ask for it.
    asked_by: Vec<Package>,
    /// What takes its place.
    instead: &'static str,
    /// Since which Rust.
    since: &'static str,
    /// What has no counterpart.
    unless: Option<&'static str>,
}

/// Crates of one purpose.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct SamePurpose {
    /// What they are for.
    purpose: &'static str,
    /// Whether it is new; none where nothing says what was there before.
    new: Option<bool>,
    /// Those that the project asks for, each with its packages that do.
    crates: Vec<Asked>,
    /// The one to stay with; without it, any one.
    prefer: Option<Package>,
    /// Why.
    because: &'static str,
}

/// A crate that packages of the project ask for.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Asked {
    #[serde(flatten)]
    package: Package,
    /// These packages.
    asked_by: Vec<Package>,
}

/// Two crates of different names that are nearly the same code.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Alike {
    /// The one, in its newest locked version.
    package: Package,
    /// The other.
    other: Package,
    /// Whether one of them was not there before; none where nothing says what was there before.
    new: Option<bool>,
    /// How much of the code of the one is in the other, in percent.
    percent: u8,
    /// How much of the code of the other is in the one, in percent.
    percent_of_other: u8,
    /// The versions of both that were compared.
    compared: Vec<String>,
}

/// The document.
pub(crate) fn told(told: &Told<'_>) -> String {
    let duplicates = told.duplicates.iter().map(|duplicate| Duplicate {
        name: duplicate.name.to_string(),
        newest: told.lockfile.packages[duplicate.newest].version.to_string(),
        asked_by: told.askers_here(&duplicate.asked_by),
        older: duplicate.older.iter().map(|older| told.older(older, duplicate.newest)).collect(),
    });
    let mut document = Document {
        schema_version: SCHEMA_VERSION,
        fence_version: env!("CARGO_PKG_VERSION"),
        lockfile: shown(told.file),
        duplicates: duplicates.collect(),
        replaced: Vec::new(),
        same_purpose: Vec::new(),
        alike: told.alike.iter().map(|alike| told.alike_here(alike)).collect(),
        unread: told.known.unread.iter().map(ToString::to_string).collect(),
    };
    for found in &told.found {
        let new = told.is_found_new(found);
        match found {
            FoundHere::Replaced { package, asked_by, row } => document.replaced.push(Replaced {
                package: told.package(*package),
                new,
                asked_by: told.packages(asked_by),
                instead: &row.instead,
                since: &row.since,
                unless: row.unless.as_deref(),
            }),
            FoundHere::SamePurpose { crates, prefer, row } => document.same_purpose.push(SamePurpose {
                purpose: &row.what,
                new,
                crates: crates
                    .iter()
                    .map(|(at, asked_by)| Asked {
                        package: told.package(*at),
                        asked_by: told.packages(asked_by),
                    })
                    .collect(),
                prefer: prefer.map(|at| told.package(at)),
                because: &row.because,
            }),
        }
    }
    // Strings, numbers and lists of them: there is nothing that JSON cannot say.
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

fn package(name: &str, version: &semver::Version) -> Package {
    Package { name: name.to_owned(), version: version.to_string() }
}

impl Told<'_> {
    fn package(&self, at: usize) -> Package {
        package(&self.lockfile.packages[at].name, &self.lockfile.packages[at].version)
    }

    fn leaving(&self, at: usize) -> Leaving {
        let Cost { lines, at_build, capabilities, publisher } = self.known.cost(at);
        let at_build = at_build.map(|at_build| match at_build {
            AtBuild::Nothing => "nothing",
            AtBuild::Script => "build-script",
            AtBuild::Macro => "proc-macro",
        });
        Leaving {
            package: self.package(at),
            rust_lines: lines,
            at_build,
            capabilities,
            publisher: publisher.map(|of| of.to_string()),
        }
    }

    fn alike_here(&self, alike: &AlikeHere) -> Alike {
        let [at, other] = alike.packages;
        let ([percent, percent_of_other], [compared, compared_other]) =
            (alike.percent, alike.compared.clone());
        Alike {
            package: self.package(at),
            other: self.package(other),
            new: self.is_any_new(alike.packages),
            percent,
            percent_of_other,
            compared: [compared, compared_other].into(),
        }
    }

    fn packages(&self, all: &[usize]) -> Vec<Package> {
        all.iter().map(|at| self.package(*at)).collect()
    }

    fn askers_here(&self, askers: &[AskerHere]) -> Vec<Asker> {
        let asker = |asker: &AskerHere| Asker {
            package: self.package(asker.package),
            requirement: asker.requirement.clone(),
        };
        askers.iter().map(asker).collect()
    }

    fn older(&self, older: &Older, newest: usize) -> OlderVersion {
        let locked = &self.lockfile.packages[older.package];
        let leaves: Vec<Leaving> = older.leaves.iter().map(|at| self.leaving(*at)).collect();
        let lines: Vec<u64> = leaves.iter().filter_map(|leaving| leaving.rust_lines).collect();
        OlderVersion {
            version: locked.version.to_string(),
            line: locked.line,
            new: self.is_new(older.package, newest),
            asked_by: self.askers_here(&older.asked_by),
            leaves,
            rust_lines: (!lines.is_empty()).then(|| lines.iter().sum()),
            way: match &older.way {
                WayHere::With(at) => Way::With { package: self.package(*at) },
                WayHere::Steps { steps, brings } => Way::Steps {
                    steps: steps.iter().map(|step| self.step(step)).collect(),
                    brings: brings.iter().map(|(name, version)| package(name, version)).collect(),
                },
                WayHere::Blocked(obstacles) => Way::Blocked {
                    obstacles: obstacles.iter().map(|obstacle| self.obstacle_here(obstacle)).collect(),
                },
            },
        }
    }

    fn step(&self, step: &StepHere) -> Step {
        match step {
            StepHere::Update { package, to } => {
                Step::Update { package: self.package(*package), to: to.to_string() }
            }
            StepHere::Require { own, name, version } => Step::Require {
                own: self.package(*own),
                name: name.to_string(),
                version: version.to_string(),
            },
        }
    }

    fn obstacle_here(&self, obstacle: &ObstacleHere) -> Obstacle {
        let (package, kind, because) = match obstacle {
            ObstacleHere::NoRelease { package, newest, .. } => {
                (package, "no-release", Some(newest.to_string()))
            }
            ObstacleHere::Rust { package, wants } => (package, "rust", Some(wants.to_string())),
            ObstacleHere::Trades { package, brings, .. } => (package, "trades", Some(brings.clone())),
            ObstacleHere::Unknown { package } => (package, "unknown", None),
            ObstacleHere::Pinned { package } => (package, "pinned", None),
            ObstacleHere::TooFar { package } => (package, "too-far", None),
        };
        let asks_for = match obstacle {
            ObstacleHere::NoRelease { of, .. } => Some(self.package(*of)),
            _ => None,
        };
        Obstacle { package: self.package(*package), kind, asks_for, because }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docs::kept_in_docs;

    #[test]
    fn the_schema_is_the_one_in_docs() {
        let schema = serde_json::to_string_pretty(&schemars::schema_for!(Document)).unwrap() + "\n";
        kept_in_docs("duplicates.schema.json", &schema);
    }
}
