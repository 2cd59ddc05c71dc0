//! What cargo keeps, as one JSON document for machines. `docs/check-cache.schema.json` is made from these types.

use fence_client::cargo_cache::Odd;
use serde::Serialize;

use super::cache::{Bad, Looked, Place, oddness};
use super::json::{CheckVerdict, Feed, Problem, feed, problems_of};
use crate::commands::Outcome;
use crate::error::CliError;
use crate::stock::{Against, Charge};

/// The version of the format; changes only where a reader of the one before would be misled.
const SCHEMA_VERSION: u32 = 1;

/// What `cargo fence check --cache --format json` prints: always one document, also where nothing could be decided.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "cargo fence check --cache"))]
struct Document {
    /// The version of this format.
    schema_version: u32,
    /// The version of cargo-fence.
    fence_version: &'static str,
    /// What the exit code says: `pass` is 0, `fail` is 1, `undecided` is 2.
    verdict: CheckVerdict,
    /// The level that was judged by.
    level: Option<String>,
    /// The moment that was judged at, RFC 3339 in UTC.
    now: Option<String>,
    /// `$CARGO_HOME/registry`; none where cargo never used a registry.
    cache: Option<String>,
    /// How much came out how.
    counts: Counts,
    /// Releases that must not be built from there, the gravest first.
    findings: Vec<Finding>,
    /// Releases that the policy would hold if they came today.
    held: Vec<Told>,
    /// Releases of which nobody can tell.
    undecided: Vec<Told>,
    /// Registries that cargo's configuration here does not name: only feeds were asked about what comes from them.
    unknown: Vec<Folder>,
    /// What lies there and is neither a package nor an unpacked folder. It was not looked at.
    odd: Vec<OddLine>,
    /// What was removed, in order.
    removed: Vec<String>,
    /// Where the facts come from.
    feeds: Vec<Feed>,
    /// What went wrong.
    problems: Vec<Problem>,
}

/// How much came out how.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Counts {
    /// Packages.
    packages: usize,
    /// Unpacked folders.
    unpacked: usize,
    /// Of these, those whose package is gone, so that there is nothing to compare them with.
    without_package: usize,
    /// Bytes that were read of both.
    bytes: u64,
    /// Releases against which there is nothing to say. One that came from two registries counts twice.
    sound: usize,
    /// Releases that must not be built from there.
    findings: usize,
    /// Releases that the policy would hold.
    held: usize,
    /// Releases of which nobody can tell.
    undecided: usize,
    /// Releases of registries that nobody names here.
    unknown: usize,
    /// Lockfiles that were looked at; none where none were searched for.
    lockfiles: Option<usize>,
}

/// A release that must not be built from there.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Finding {
    /// The crate.
    name: String,
    /// The full version.
    version: String,
    /// The registry by whose facts it was judged: `crates.io`, or the address of its index.
    registry: String,
    /// The path of its package.
    package: Option<String>,
    /// SHA-256 of that, as 64 hexadecimal digits, if it could be read.
    digest: Option<String>,
    /// The path of the folder that it was unpacked into.
    unpacked: Option<String>,
    /// What speaks against it, the gravest first.
    reasons: Vec<ChargeLine>,
    /// The lockfiles that name it, of those that were searched.
    lockfiles: Vec<Locked>,
}

/// One reason.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ChargeLine {
    /// Its stable name: a code that blocks, or `unpacked-changed`.
    code: String,
    /// What is to go: `release`, package and folder, or `unpacked`, the folder alone.
    against: &'static str,
    /// What was found, in a sentence.
    sentence: String,
}

/// A line of a lockfile.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Locked {
    /// The file.
    file: String,
    /// The line, from 1.
    line: u32,
}

/// A release of which there is one thing to say.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Told {
    /// The crate.
    name: String,
    /// The full version.
    version: String,
    /// The registry by whose facts it was judged.
    registry: String,
    /// Why.
    because: String,
}

/// A registry that nobody names.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Folder {
    /// The name of its folder in the cache.
    folder: String,
    /// How many releases are in it.
    releases: usize,
}

/// What cargo did not put there.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct OddLine {
    /// Where it lies.
    path: String,
    /// What it is.
    what: String,
}

/// The document of a look at the cache, and of what went wrong while it was tidied.
pub(crate) fn document(looked: &Looked, outcome: Outcome, failed: Option<&CliError>) -> String {
    let path = |path: &std::path::PathBuf| path.display().to_string();
    let told = |(place, because): &(Place, String)| Told {
        name: place.kept.release.name.to_string(),
        version: place.kept.release.version.to_string(),
        registry: place.registry.clone(),
        because: because.clone(),
    };
    let problem = |text: &String| Problem { message: text.clone(), ..Problem::default() };
    let odd = |odd: &Odd| OddLine { path: odd.path.display().to_string(), what: oddness(&odd.what) };
    print(&Document {
        verdict: if failed.is_some() { CheckVerdict::Undecided } else { outcome.into() },
        level: Some(looked.level.clone()),
        now: Some(looked.now.to_string()),
        cache: looked.cache.as_ref().map(path),
        counts: Counts {
            packages: looked.packages,
            unpacked: looked.unpacked,
            without_package: looked.alone,
            bytes: looked.bytes,
            sound: looked.sound,
            findings: looked.bad.len(),
            held: looked.held.len(),
            undecided: looked.undecided.len(),
            unknown: looked.unknown.values().sum(),
            lockfiles: looked.searched,
        },
        findings: looked.bad.iter().map(finding).collect(),
        held: looked.held.iter().map(told).collect(),
        undecided: looked.undecided.iter().map(told).collect(),
        unknown: looked
            .unknown
            .iter()
            .map(|(folder, releases)| Folder { folder: folder.clone(), releases: *releases })
            .collect(),
        odd: looked.odd.iter().map(odd).collect(),
        removed: looked.removed.iter().map(path).collect(),
        feeds: looked.ages.iter().map(feed).collect(),
        problems: looked
            .problems
            .iter()
            .map(problem)
            .chain(failed.into_iter().flat_map(problems_of))
            .collect(),
        ..empty()
    })
}

/// The document where nothing could be decided.
pub(crate) fn undecided(error: &CliError) -> String {
    print(&Document { problems: problems_of(error), ..empty() })
}

fn finding(bad: &Bad) -> Finding {
    let kept = &bad.place.kept;
    let path = |path: &std::path::PathBuf| path.display().to_string();
    let reason = |charge: &Charge| ChargeLine {
        code: charge.code.to_string(),
        against: match charge.against {
            Against::Release => "release",
            Against::Unpacked => "unpacked",
        },
        sentence: charge.sentence.clone(),
    };
    Finding {
        name: kept.release.name.to_string(),
        version: kept.release.version.to_string(),
        registry: bad.place.registry.clone(),
        package: kept.package.as_ref().map(path),
        digest: bad.digest.map(|digest| digest.to_string()),
        unpacked: kept.unpacked.as_ref().map(path),
        reasons: bad.charges.iter().map(reason).collect(),
        lockfiles: bad
            .lockfiles
            .iter()
            .map(|(file, line)| Locked { file: file.display().to_string(), line: *line })
            .collect(),
    }
}

fn print(document: &Document) -> String {
    // Strings, numbers and lists of them: there is nothing that JSON cannot say.
    serde_json::to_string_pretty(document).unwrap_or_default() + "\n"
}

fn empty() -> Document {
    Document {
        schema_version: SCHEMA_VERSION,
        fence_version: env!("CARGO_PKG_VERSION"),
        verdict: CheckVerdict::Undecided,
        level: None,
        now: None,
        cache: None,
        counts: Counts::default(),
        findings: Vec::new(),
        held: Vec::new(),
        undecided: Vec::new(),
        unknown: Vec::new(),
        odd: Vec::new(),
        removed: Vec::new(),
        feeds: Vec::new(),
        problems: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docs::kept_in_docs;

    #[test]
    fn the_schema_is_the_one_in_docs() {
        let schema = serde_json::to_string_pretty(&schemars::schema_for!(Document)).unwrap() + "\n";
        kept_in_docs("check-cache.schema.json", &schema);
    }
}
