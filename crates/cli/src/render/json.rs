//! A check as one JSON document, for machines.
//!
//! These types are the published format, apart from the model's on purpose: the model may change its shape, the
//! document only adds keys, and counts up [`SCHEMA_VERSION`] where it must do more. `docs/check.schema.json` is
//! made from these types, and a test keeps it so.

use fence_client::gather::Age;
use fence_model::decision::{Decision, Need, Reason, Verdict, Way};
use fence_model::project::{AdmittedFix, Judged, Reach};
use fence_model::{Kind, Kinds, Time, words};
use serde::Serialize;

use super::{Checked, human};
use crate::commands::Outcome;
use crate::error::{CliError, shown};
use crate::judges::Judges;

/// The version of the format; changes only where a reader of the one before would be misled.
const SCHEMA_VERSION: u32 = 1;

/// What `cargo fence check --format json` prints: always one document, also where nothing could be decided.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "cargo fence check"))]
pub(crate) struct Document {
    /// The version of this format.
    schema_version: u32,
    /// The version of cargo-fence.
    fence_version: &'static str,
    /// What the exit code says: `pass` is 0, `fail` is 1, `undecided` is 2.
    verdict: CheckVerdict,
    /// The level that was judged by, but for kinds of use to which the policy gives another.
    level: Option<String>,
    /// Whose policy judged, and what a change alters of it; none where nothing was decided.
    policy: Option<PolicyUsed>,
    /// The moment that was judged at, RFC 3339 in UTC.
    now: Option<String>,
    /// The lockfile.
    lockfile: Option<String>,
    /// How many releases came out how.
    counts: Counts,
    /// Every registry release of the lockfile, in its order.
    releases: Vec<Release>,
    /// Packages of the lockfile that come from elsewhere and are not the project's own.
    unjudged: Vec<Unjudged>,
    /// Newer compatible releases that are not admitted.
    newer: Vec<Newer>,
    /// Vulnerable releases in use for which an admitted fix exists.
    fixes: Vec<Fix>,
    /// Where the facts come from.
    feeds: Vec<Feed>,
    /// What went wrong.
    problems: Vec<Problem>,
}

/// What the exit code says.
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(super) enum CheckVerdict {
    /// The policy is met.
    Pass,
    /// The policy says no.
    Fail,
    /// Nobody can say.
    Undecided,
}

impl From<Outcome> for CheckVerdict {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Pass => Self::Pass,
            Outcome::Fail => Self::Fail,
            Outcome::Undecided => Self::Undecided,
        }
    }
}

/// Whose policy judged.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct PolicyUsed {
    /// The git revision that it was taken from, as asked for; none for the one that lies here.
    from: Option<String>,
    /// What it was compared with: the commit that it was taken from, or where a CI job's change began.
    commit: Option<String>,
    /// What policy, baseline and the files of both have here otherwise than at that commit.
    changes: Vec<String>,
}

/// How many packages came out how.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Counts {
    /// Registry releases.
    releases: usize,
    /// Of these, admitted.
    admitted: usize,
    /// Of these, held.
    held: usize,
    /// Of these, blocked.
    blocked: usize,
    /// Packages from sources that cannot be judged.
    unjudged: usize,
    /// Packages of the project's own.
    own: usize,
    /// Packages that nothing of what was asked for needs, and that were not judged.
    aside: usize,
}

/// One judged release.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Release {
    /// The crate.
    name: String,
    /// The full version.
    version: String,
    /// SHA-256 of its `.crate`, as 64 hexadecimal digits.
    digest: Option<String>,
    /// The line of the lockfile that names it, from 1; none for newer releases.
    line: Option<u32>,
    /// The path from the project to it, itself included.
    path: Vec<String>,
    /// As what it is needed: `normal`, `build`, `dev`. Empty where nobody asked, as when no option and no policy
    /// makes a difference of it, or where nothing that is known needs it; then all kinds count.
    kinds: Vec<&'static str>,
    /// The level that it was judged at.
    level: String,
    /// `admit`, `hold` or `block`.
    verdict: Verdict,
    /// What admits it; none unless admitted.
    grounds: Option<fence_model::decision::Grounds>,
    /// The level whose rules it passes by itself, and what was unknown.
    attained: fence_model::decision::Attained,
    /// When it was published, RFC 3339 in UTC.
    published: Option<String>,
    /// How long it has been in the open, in seconds, as counted.
    age_seconds: i64,
    /// Up to when that was counted: `now`, or earlier where an advisory feed or the index stands still.
    counted_until: String,
    /// How long it has to be, in seconds.
    wait_seconds: i64,
    /// When its wait is over.
    wait_until: Option<String>,
    /// The version that it was compared with.
    base: Option<String>,
    /// How the quorum of those who maintain its dependents stands, in a sentence; none where they are not known, or where
    /// it is admitted without them.
    quorum: Option<String>,
    /// Everything found, the gravest first.
    reasons: Vec<ReasonLine>,
    /// What would admit it, the cheapest first.
    clears: Vec<Clear>,
}

/// One reason.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ReasonLine {
    /// Its stable name; `cargo fence explain` has a page for each.
    code: String,
    /// What it does at this level.
    effect: String,
    /// Whether it counts: what an audit or an exception cleared does not.
    stands: bool,
    /// Since when it is so or has been known.
    known: Option<String>,
    /// What was found, in a sentence.
    sentence: String,
}

/// One way to be admitted.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Clear {
    /// The way in a sentence.
    sentence: String,
    /// What has to be added; nothing means that waiting is enough.
    needs: Vec<NeedLine>,
    /// The earliest moment at which that admits.
    earliest: String,
    /// Whether it goes against the judgement.
    #[serde(rename = "override")]
    is_override: bool,
}

/// Somebody who could approve.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Approver {
    /// What people call them.
    name: String,
    /// The principal under which they sign.
    signer: String,
}

/// One thing to add.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "kind")]
enum NeedLine {
    /// A newer word of a feed.
    Feed {
        /// Its name.
        name: String,
        /// Up to when it has to speak, at least: earlier than `earliest` where the wait is over by the clock on the wall,
        /// and the feed has stood still since before it was.
        as_of: String,
    },
    /// Independent audits by trusted reviewers or sets.
    Audits {
        /// How many.
        count: usize,
    },
    /// Approvals by people who maintain its dependents.
    Quorum {
        /// By whom.
        approvals: Vec<Approver>,
    },
    /// An admitted release of another crate.
    Admitted {
        /// The crate.
        package: String,
        /// The requirement it has to meet.
        requirement: String,
    },
    /// An exception.
    Exception {
        /// The codes that it has to name.
        codes: Vec<String>,
    },
}

/// A package that cannot be judged.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Unjudged {
    /// Its name.
    name: String,
    /// Its version.
    version: String,
    /// The line of the lockfile.
    line: u32,
    /// Where it comes from.
    source: String,
    /// `admit` where the policy lets it pass, otherwise `hold`.
    verdict: Verdict,
}

/// A newer release that waits.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Newer {
    /// The version in use.
    in_use: String,
    /// The newer release.
    release: Release,
}

/// An admitted fix.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Fix {
    /// The crate.
    name: String,
    /// The vulnerable version in use.
    in_use: String,
    /// The admitted version that is free of it.
    fix: String,
    /// Whether a requirement on the one also lets the other in.
    compatible: bool,
    /// The advisories.
    advisories: Vec<String>,
}

/// Where facts come from.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Feed {
    /// Its name: `index`, or as in the policy.
    name: String,
    /// `current`, `stale`, `absent` or `invalid`.
    state: &'static str,
    /// Up to when it speaks.
    as_of: Option<String>,
}

/// What went wrong.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Problem {
    /// What, in a line.
    pub(super) message: String,
    /// The file at fault.
    pub(super) file: Option<String>,
    /// The line of it, from 1.
    pub(super) line: Option<usize>,
    /// The column, from 1.
    pub(super) column: Option<usize>,
    /// What to do.
    pub(super) hints: Vec<String>,
}

/// The document of a check.
pub(crate) fn check(checked: &Checked<'_>) -> String {
    let Checked { report, lockfile, .. } = checked;
    let mut counts = Counts::default();
    let mut releases = Vec::new();
    let mut unjudged = Vec::new();
    for (at, package) in report.packages.iter().enumerate() {
        match package {
            Judged::Own => counts.own += 1,
            Judged::Aside => counts.aside += 1,
            Judged::Unjudged { reason, verdict } => {
                counts.unjudged += 1;
                let package = &lockfile.packages[at];
                unjudged.push(Unjudged {
                    name: package.name.to_string(),
                    version: package.version.to_string(),
                    line: package.line,
                    source: words::sentence(reason),
                    verdict: *verdict,
                });
            }
            Judged::Decided(decision) => {
                counts.releases += 1;
                match decision.verdict {
                    Verdict::Admit => counts.admitted += 1,
                    Verdict::Hold => counts.held += 1,
                    Verdict::Block => counts.blocked += 1,
                }
                // The path is long to find and of use only where somebody has to act.
                let path = match decision.verdict {
                    Verdict::Admit => Vec::new(),
                    Verdict::Hold | Verdict::Block => human::path(lockfile, at),
                };
                let kinds = checked.needed.map_or(Kinds::NONE, |needed| needed[at]);
                releases.push(release(decision, Some(lockfile.packages[at].line), path, kinds, checked.now));
            }
        }
    }
    let newer = report.waiting.iter().map(|waiting| Newer {
        in_use: waiting.in_use.to_string(),
        release: release(&waiting.decision, None, Vec::new(), Kinds::NONE, checked.now),
    });
    let problem = |text: &String| Problem { message: text.clone(), ..Problem::default() };
    print(&Document {
        verdict: checked.outcome.into(),
        level: Some(checked.level.to_string()),
        policy: Some(policy(checked)),
        now: Some(checked.now.to_string()),
        lockfile: Some(shown(&checked.project.lockfile)),
        counts,
        releases,
        unjudged,
        newer: newer.collect(),
        fixes: report.fixes.iter().map(fix).collect(),
        feeds: checked.ages.iter().map(feed).collect(),
        problems: checked.problems.iter().chain(&checked.others_problems).map(problem).collect(),
        ..empty()
    })
}

/// The document of a check that came to nothing.
pub(crate) fn undecided(error: &CliError) -> String {
    print(&Document { problems: problems_of(error), ..empty() })
}

/// What an error says: itself, then each place where something is wrong.
pub(super) fn problems_of(error: &CliError) -> Vec<Problem> {
    let places = error.places.iter().map(|complaint| Problem {
        message: complaint.message.clone(),
        file: Some(shown(&complaint.file)),
        line: Some(complaint.place.line),
        column: Some(complaint.place.column),
        hints: complaint.help.iter().cloned().collect(),
    });
    let itself = Problem {
        message: error.message.clone(),
        file: error.at.as_ref().map(|(file, _)| shown(file)),
        line: error.at.as_ref().map(|(_, line)| *line),
        hints: error.hints.clone(),
        ..Problem::default()
    };
    std::iter::once(itself).chain(places).collect()
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
        policy: None,
        now: None,
        lockfile: None,
        counts: Counts::default(),
        releases: Vec::new(),
        unjudged: Vec::new(),
        newer: Vec::new(),
        fixes: Vec::new(),
        feeds: Vec::new(),
        problems: Vec::new(),
    }
}

fn policy(checked: &Checked<'_>) -> PolicyUsed {
    let (from, commit) = match checked.judges {
        Judges::From(revision) => (Some(revision.name.clone()), Some(revision.commit.clone())),
        Judges::HereSince(revision) => (None, Some(revision.commit.clone())),
        Judges::Here | Judges::HereSinceUnknown(_) => (None, None),
    };
    PolicyUsed { from, commit, changes: checked.changes.iter().map(ToString::to_string).collect() }
}

fn release(decision: &Decision, line: Option<u32>, path: Vec<String>, kinds: Kinds, now: Time) -> Release {
    Release {
        name: decision.release.name.to_string(),
        version: decision.release.version.to_string(),
        digest: decision.digest.map(|digest| digest.to_string()),
        line,
        path,
        kinds: kinds.iter().map(Kind::as_str).collect(),
        level: decision.level.to_string(),
        verdict: decision.verdict,
        grounds: decision.grounds,
        attained: decision.attained.clone(),
        published: decision.published.map(|time| time.to_string()),
        age_seconds: decision.clock.age.as_seconds(),
        counted_until: decision.clock.counted.to_string(),
        wait_seconds: decision.clock.wait.as_seconds(),
        wait_until: decision.clock.until.map(|time| time.to_string()),
        base: decision.base.as_ref().map(ToString::to_string),
        quorum: decision.quorum.as_ref().map(words::quorum::support_sentence),
        reasons: decision.reasons.iter().map(|line| reason(line, decision, now)).collect(),
        clears: decision.clears.iter().map(|way| clear(way, now)).collect(),
    }
}

fn reason(reason: &Reason, decision: &Decision, now: Time) -> ReasonLine {
    ReasonLine {
        code: reason.code.to_string(),
        effect: reason.effect.as_str().to_owned(),
        stands: reason.stands,
        known: reason.known.map(|time| time.to_string()),
        sentence: words::sentence_in(reason, decision, now),
    }
}

fn clear(way: &Way, now: Time) -> Clear {
    let need = |need: &Need| match need {
        Need::Feed(name) => NeedLine::Feed { name: name.clone(), as_of: way.as_of.to_string() },
        Need::Audits(count) => NeedLine::Audits { count: *count },
        Need::Quorum(approvers) => NeedLine::Quorum {
            approvals: approvers
                .iter()
                .map(|by| Approver { name: by.name.clone(), signer: by.signer.clone() })
                .collect(),
        },
        Need::Admitted { package, requirement } => {
            NeedLine::Admitted { package: package.clone(), requirement: requirement.clone() }
        }
        Need::Exception(codes) => {
            NeedLine::Exception { codes: codes.iter().map(ToString::to_string).collect() }
        }
    };
    Clear {
        sentence: words::way(way, now),
        needs: way.needs.iter().map(need).collect(),
        earliest: way.earliest.to_string(),
        is_override: way.is_override(),
    }
}

fn fix(fix: &AdmittedFix) -> Fix {
    Fix {
        name: fix.in_use.name.to_string(),
        in_use: fix.in_use.version.to_string(),
        fix: fix.fix.to_string(),
        compatible: fix.reach == Reach::Compatible,
        advisories: fix.advisories.clone(),
    }
}

pub(super) fn feed(feed: &Age) -> Feed {
    Feed {
        name: feed.name.clone(),
        state: feed.state.as_str(),
        as_of: feed.as_of.map(|time| time.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docs::kept_in_docs;

    #[test]
    fn the_schema_is_the_one_in_docs() {
        let schema = serde_json::to_string_pretty(&schemars::schema_for!(Document)).unwrap() + "\n";
        kept_in_docs("check.schema.json", &schema);
    }
}
