//! Exposure as one JSON document, for machines. `docs/exposure.schema.json` is made from these types.

use fence_model::exposure::observed::unnoticed;
use fence_model::exposure::{Exposed, Next, Point as PointHere, Weakest as WeakestHere};
use fence_model::{CrateName, Span};
use serde::Serialize;

use crate::commands::exposure::Told;
use crate::error::shown;
use crate::render::exposure::NO_HIGHER;

/// The version of the format; changes only where a reader of the one before would be misled.
const SCHEMA_VERSION: u32 = 1;

/// What `cargo fence exposure --format json` prints.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "cargo fence exposure"))]
struct Document {
    /// The version of this format.
    schema_version: u32,
    /// The version of cargo-fence.
    fence_version: &'static str,
    /// The lockfile.
    lockfile: String,
    /// The level, in words: `medium`, or `medium, build high`.
    level: String,
    /// With how few identities a malicious next release of some crate is admitted how soon, the fewest first. Each point has
    /// more identities than the one before it, and a shorter wait.
    frontier: Vec<Weakest>,
    /// The same of each judged package, in the lockfile's order; with `--crate` of that one alone.
    packages: Vec<Package>,
    /// Who could help whoever holds an account, of those whom the policy trusts.
    helpers: Vec<Identity>,
    /// The change to begin with, as its place in `changes`; none where no change raises the frontier.
    advice: Option<usize>,
    /// Single changes of the policy that raise the frontier, those that raise it most first.
    changes: Vec<Change>,
    /// What is no part of the measure.
    not_covered: &'static str,
}

/// A point of a project's frontier.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Weakest {
    /// How many identities it takes.
    identities: usize,
    /// For how many seconds the release must stay unnoticed.
    wait_seconds: i64,
    /// How many takeovers of existing packages stayed unnoticed for as long.
    unnoticed: Unnoticed,
    /// The packages of which that holds.
    packages: Vec<String>,
}

/// How many of the takeovers that were found had stayed unnoticed for a time.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Unnoticed {
    /// How many did, or may have.
    longer: usize,
    /// Of how many.
    of: usize,
    /// The upper end of the 95 % interval of Clopper and Pearson, in percent, rounded up to a tenth.
    at_most_percent: f64,
}

/// A package, and what is left of it.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Package {
    /// Its name.
    name: String,
    /// The version in use.
    version: String,
    /// The level at which it is judged.
    level: &'static str,
    /// The version that the next release would have; none for what comes from no registry, and where no version is higher.
    next: Option<String>,
    /// Why nothing is told of it, where that is so: then its frontier is empty.
    untold: Option<&'static str>,
    /// How many accounts would each do for the first point.
    accounts: usize,
    /// Its frontier; empty where nobody whom the policy trusts can have the next release admitted.
    frontier: Vec<Point>,
}

/// A point of a package's frontier.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Point {
    /// For how many seconds the release must stay unnoticed.
    wait_seconds: i64,
    /// Whom it takes, whoever publishes first. Others may do as well.
    identities: Vec<Identity>,
}

/// Somebody, or something, that can be taken over.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Identity {
    /// `publisher`, `registry`, `source`, `audit-set`, `keeper`, `reviewer`, `voice` or `reporter`.
    kind: &'static str,
    /// What it is called.
    name: String,
}

/// A change of the policy, and what it leaves.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Change {
    /// The lines of `fence.toml` that make it.
    lines: String,
    /// What it costs.
    cost: String,
    /// The frontier after it.
    frontier: Vec<Weakest>,
}

/// The document.
pub(crate) fn told(told: &Told<'_>, name: Option<&CrateName>) -> String {
    let exposure = told.exposure;
    let is_asked_for = |one: &&Exposed| name.is_none_or(|name| one.release.name == *name);
    let identity =
        |of: &fence_model::exposure::Identity| Identity { kind: of.kind.as_str(), name: of.name.clone() };
    let point = |of: &PointHere| Point {
        wait_seconds: of.wait.as_seconds(),
        identities: of.identities.iter().map(identity).collect(),
    };
    let package = |of: &Exposed| Package {
        name: of.release.name.to_string(),
        version: of.release.version.to_string(),
        level: of.level.as_str(),
        next: match &of.next {
            Next::Release(next) => Some(next.to_string()),
            Next::Source | Next::Nothing => None,
        },
        untold: (of.next == Next::Nothing).then_some(NO_HIGHER),
        accounts: of.accounts,
        frontier: of.points.iter().map(point).collect(),
    };
    let document = Document {
        schema_version: SCHEMA_VERSION,
        fence_version: env!("CARGO_PKG_VERSION"),
        lockfile: shown(told.lockfile),
        level: told.level.clone(),
        frontier: exposure.frontier.iter().map(|of| told.weakest(of)).collect(),
        packages: exposure.packages.iter().filter(is_asked_for).map(package).collect(),
        helpers: exposure.helpers.iter().map(identity).collect(),
        advice: exposure.advice().and_then(|advice| exposure.changes.iter().position(|of| of == advice)),
        changes: exposure
            .changes
            .iter()
            .map(|of| Change {
                lines: of.lines.clone(),
                cost: of.cost.clone(),
                frontier: of.frontier.iter().map(|of| told.weakest(of)).collect(),
            })
            .collect(),
        not_covered: super::exposure::NOT_COVERED,
    };
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

impl Told<'_> {
    fn weakest(&self, of: &WeakestHere) -> Weakest {
        Weakest {
            identities: of.identities,
            wait_seconds: of.wait.as_seconds(),
            unnoticed: self.unnoticed(of.wait),
            packages: of.packages.iter().map(|at| self.exposure.packages[*at].release.to_string()).collect(),
        }
    }

    fn unnoticed(&self, wait: Span) -> Unnoticed {
        let unnoticed = unnoticed(self.takeovers, wait);
        Unnoticed {
            longer: unnoticed.longer,
            of: unnoticed.of,
            at_most_percent: f64::from(unnoticed.at_most) / 10.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docs::kept_in_docs;

    #[test]
    fn the_schema_is_the_one_in_docs() {
        let schema = serde_json::to_string_pretty(&schemars::schema_for!(Document)).unwrap() + "\n";
        kept_in_docs("exposure.schema.json", &schema);
    }
}
