//! What the doctor saw and found, as one JSON document for machines. `docs/doctor.schema.json` is made from these types.

use fence_client::cargo_config::{IndexLocation, Located};
use fence_client::http::shown as shown_address;
use serde::Serialize;

use super::json::{CheckVerdict, Problem, problems_of};
use crate::commands::Outcome;
use crate::doctor::{Answer, Finding, Seen, Spot};
use crate::error::CliError;

/// The version of the format; changes only where a reader of the one before would be misled.
const SCHEMA_VERSION: u32 = 1;

/// What `cargo fence doctor --format json` prints: always one document, also where nothing could be looked at.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "cargo fence doctor"))]
struct Document {
    /// The version of this format.
    schema_version: u32,
    /// The version of cargo-fence.
    fence_version: &'static str,
    /// What the exit code says: `pass` is 0, nothing gets around the fence; `fail` is 1, something does; `undecided` is 2.
    verdict: CheckVerdict,
    /// How cargo comes from crates.io to what answers for it; none where its configuration does not say.
    route: Option<RouteLine>,
    /// The fence that answers; none where none does, or nobody was asked.
    fence: Option<FenceLine>,
    /// What was found, the gravest first.
    findings: Vec<FindingLine>,
    /// What went wrong, where nothing could be looked at.
    problems: Vec<Problem>,
}

/// The way from crates.io to what answers for it.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct RouteLine {
    /// Each replacement on the way; none where crates.io is asked itself.
    steps: Vec<StepLine>,
    /// What answers: `sparse`, `git`, `folder` or `vendored`.
    kind: &'static str,
    /// Its address or path; `crates.io` where that is asked itself.
    place: String,
    /// Whether it was asked, and answered: `yes`, `no`, `denied`, or `not-asked`.
    answers: &'static str,
    /// Where it says that packages are.
    packages: Option<String>,
}

/// One replacement.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct StepLine {
    /// The source that is replaced.
    from: String,
    /// What stands in for it.
    to: String,
    /// Where that is written.
    place: PlaceLine,
}

/// The fence that answers.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct FenceLine {
    /// Its version.
    version: String,
    /// The level that it asks for.
    level: String,
    /// The folder of its policy, on its machine.
    policy: Option<String>,
}

/// Where something stands.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct PlaceLine {
    /// The file; none where it is an environment variable.
    file: Option<String>,
    /// The line of it, from 1, where that can be told.
    line: Option<usize>,
    /// The environment variable.
    variable: Option<String>,
}

/// One finding.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct FindingLine {
    /// Its stable name.
    code: &'static str,
    /// `open`: something reaches a build past the fence. `broken`: the fence, or what should tell, does not work.
    /// `warning` and `note` change no exit code.
    gravity: &'static str,
    /// What it is, in a sentence.
    what: String,
    /// Where it stands.
    places: Vec<PlaceLine>,
    /// What more is known.
    because: Vec<String>,
    /// What to do, the best first.
    fixes: Vec<FixLine>,
}

/// Something to do.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct FixLine {
    /// What.
    what: String,
    /// Commands to run, or lines to write.
    lines: Vec<String>,
}

/// The document.
pub(crate) fn document(seen: &Seen, findings: &[Finding], outcome: Outcome) -> String {
    let fence = match &seen.answer {
        Answer::Answered(answered) => answered.fence.as_ref(),
        Answer::NotAsked(_) | Answer::Silent(_) | Answer::Denied(_) => None,
    };
    print(&Document {
        verdict: outcome.into(),
        route: route(seen),
        fence: fence.map(|fence| FenceLine {
            version: fence.version.clone(),
            level: fence.level.clone(),
            policy: fence.policy.clone(),
        }),
        findings: findings.iter().map(finding).collect(),
        ..empty()
    })
}

/// The document where nothing could be looked at.
pub(crate) fn undecided(error: &CliError) -> String {
    print(&Document { problems: problems_of(error), ..empty() })
}

fn route(seen: &Seen) -> Option<RouteLine> {
    let route = seen.route.as_ref().ok()?;
    let (kind, place) = match &route.registry.location {
        IndexLocation::Sparse(_) if route.registry.is_crates_io() => ("sparse", "crates.io".to_owned()),
        IndexLocation::Sparse(url) => ("sparse", shown_address(url)),
        IndexLocation::Git(url) => ("git", shown_address(url)),
        IndexLocation::Folder(folder) => ("folder", folder.display().to_string()),
        IndexLocation::Vendored(folder) => ("vendored", folder.display().to_string()),
    };
    let (answers, packages) = match &seen.answer {
        Answer::NotAsked(_) => ("not-asked", None),
        Answer::Silent(_) => ("no", None),
        Answer::Denied(_) => ("denied", None),
        Answer::Answered(answered) => ("yes", answered.downloads.clone()),
    };
    let step = |step: &fence_client::cargo_config::Step| StepLine {
        from: step.from.clone(),
        to: step.to.clone(),
        place: match &step.at {
            Located::File(file, line) => {
                PlaceLine { file: Some(file.display().to_string()), line: *line, ..PlaceLine::default() }
            }
            Located::Variable(name) => PlaceLine { variable: Some(name.clone()), ..PlaceLine::default() },
        },
    };
    Some(RouteLine { steps: route.steps.iter().map(step).collect(), kind, place, answers, packages })
}

fn finding(finding: &Finding) -> FindingLine {
    let place = |spot: &Spot| match spot {
        Spot::File(file, line) => {
            PlaceLine { file: Some(file.display().to_string()), line: *line, ..PlaceLine::default() }
        }
        Spot::Variable(name) => PlaceLine { variable: Some(name.clone()), ..PlaceLine::default() },
    };
    FindingLine {
        code: finding.code,
        gravity: finding.gravity.as_str(),
        what: finding.what.clone(),
        places: finding.places.iter().map(place).collect(),
        because: finding.because.clone(),
        fixes: finding
            .fixes
            .iter()
            .map(|fix| FixLine { what: fix.what.clone(), lines: fix.lines.clone() })
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
        route: None,
        fence: None,
        findings: Vec::new(),
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
        kept_in_docs("doctor.schema.json", &schema);
    }
}
