//! What was decided, as text for people, as JSON for machines, and in the formats that others draw. Nothing here
//! decides.

pub(crate) mod block;
pub(crate) mod cache;
pub(crate) mod cache_json;
pub(crate) mod comment;
pub(crate) mod cyclonedx;
pub(crate) mod diff;
pub(crate) mod doctor;
pub(crate) mod doctor_json;
pub(crate) mod duplicates;
pub(crate) mod duplicates_json;
pub(crate) mod exposure;
pub(crate) mod exposure_json;
pub(crate) mod findings;
pub(crate) mod github;
pub(crate) mod human;
pub(crate) mod json;
pub(crate) mod markdown;
pub(crate) mod panics;
pub(crate) mod picture;
pub(crate) mod review;
pub(crate) mod sarif;
pub(crate) mod scan;
pub(crate) mod scan_formats;
pub(crate) mod signing;
pub(crate) mod source;
pub(crate) mod statements;
pub(crate) mod status;
pub(crate) mod text;
pub(crate) mod why;

use fence_client::gather::Age;
use fence_client::project::Project;
use fence_client::project::changes::Change;
use fence_model::decision::Decision;
use fence_model::policy::Policy;
use fence_model::project::Report;
use fence_model::{Kinds, Level, Time};
use fence_registry::lockfile::Lockfile;
use semver::Version;

use crate::commands::Outcome;
use crate::judges::Judges;

/// A checked project: all that a renderer needs.
pub(crate) struct Checked<'a> {
    /// Where its files lie.
    pub(crate) project: &'a Project,
    /// What was judged, in the order of `report.packages`.
    pub(crate) lockfile: &'a Lockfile,
    /// The judgement.
    pub(crate) report: &'a Report,
    /// Where to stay instead of a release that is not admitted; asked only for what is shown.
    pub(crate) stay: &'a dyn Fn(&Decision) -> Option<Version>,
    /// By which policy.
    pub(crate) policy: &'a Policy,
    /// At which level, but for single kinds of use.
    pub(crate) level: Level,
    /// At which levels, in words.
    pub(crate) levels: String,
    /// As what each package of the lockfile is needed, where that was asked.
    pub(crate) needed: Option<&'a [Kinds]>,
    /// Whose policy judged.
    pub(crate) judges: &'a Judges,
    /// What a change alters of it.
    pub(crate) changes: &'a [Change],
    /// As of when.
    pub(crate) now: Time,
    /// How old the facts are.
    pub(crate) ages: &'a [Age],
    /// What else to know: records that did not parse, feeds that could not be reached.
    pub(crate) problems: Vec<String>,
    /// What nobody here can mend: records of other people's audit sets that did not parse. It is the same in every run, so
    /// `init` and `update` tell it; a check tells programs, and people who ask for all.
    pub(crate) others_problems: Vec<String>,
    /// What it comes to.
    pub(crate) outcome: Outcome,
    /// Whether the project was set up.
    pub(crate) set_up: SetUp,
}

/// Whether a project was set up, so that what was locked then is its baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SetUp {
    /// There is a `fence.lock`.
    Done,
    /// There is none.
    NotYet,
}
