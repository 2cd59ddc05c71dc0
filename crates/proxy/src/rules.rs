//! The policy and baseline that the fence judges by, read again as soon as their files change.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use fence_client::project::{Project, ProjectError};
use fence_model::Time;
use fence_model::policy::{Baseline, Policy};

/// How often files are looked at, at most: a change by hand is never faster.
const LOOK_AT_MOST_EVERY: Duration = Duration::from_millis(50);

/// Whose policy counts.
#[derive(Debug, Clone)]
pub enum RulesOf {
    /// Nobody's: what the fence does without one.
    Default,
    /// A project's `fence.toml` and `fence.lock`, which need not exist.
    Project(Box<Project>),
}

/// What is judged by.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rules {
    pub(crate) policy: Policy,
    pub(crate) baseline: Baseline,
    /// Counts up with every change.
    pub(crate) edition: u64,
}

/// The rules in force, and where they come from.
#[derive(Debug)]
pub(crate) struct Rulebook {
    of: RulesOf,
    in_force: RwLock<Arc<Rules>>,
    /// [`Rules::edition`] of those: looked at for every request.
    edition: AtomicU64,
    looked: Mutex<Look>,
}

#[derive(Debug)]
struct Look {
    at: Instant,
    stamp: [Option<Stamp>; 2],
    /// Why the files as they are now are not in force.
    wrong: Option<String>,
}

/// By what a file is known to be the one that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    changed: Option<SystemTime>,
    bytes: u64,
}

impl Stamp {
    fn of(file: &Path) -> Option<Self> {
        let metadata = fs::metadata(file).ok()?;
        Some(Self { changed: metadata.modified().ok(), bytes: metadata.len() })
    }
}

/// What a look at the files came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Looked {
    /// They are what they were, or it is too soon to look again.
    Unchanged,
    /// They changed, and are in force.
    Changed,
    /// They changed, and are no policy: the last one stays in force.
    Wrong(String),
}

impl Rulebook {
    /// Reads the rules.
    ///
    /// # Errors
    /// What is wrong with the files.
    pub(crate) fn read(of: RulesOf, now: Time) -> Result<Self, ProjectError> {
        let stamp = stamps(&of);
        let (policy, baseline) = rules(&of, now)?;
        let rules = Arc::new(Rules { policy, baseline, edition: 0 });
        let look = Look { at: Instant::now(), stamp, wrong: None };
        let edition = AtomicU64::new(0);
        Ok(Self { of, in_force: RwLock::new(rules), edition, looked: Mutex::new(look) })
    }

    /// The rules in force.
    pub(crate) fn in_force(&self) -> Arc<Rules> {
        Arc::clone(&self.in_force.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Which rules are in force.
    pub(crate) fn edition(&self) -> u64 {
        self.edition.load(Ordering::Acquire)
    }

    /// Why the files as they are now are not in force, if they are not.
    pub(crate) fn wrong(&self) -> Option<String> {
        self.looked.lock().unwrap_or_else(PoisonError::into_inner).wrong.clone()
    }

    /// The folder to which paths in the policy are relative.
    pub(crate) fn folder(&self) -> PathBuf {
        match &self.of {
            RulesOf::Default => PathBuf::new(),
            RulesOf::Project(project) => project.policy_folder().to_owned(),
        }
    }

    /// Looks whether the files changed, and puts them in force if they did.
    pub(crate) fn look(&self, now: Time) -> Looked {
        // Somebody else is just looking: that will do.
        let Ok(mut looked) = self.looked.try_lock() else { return Looked::Unchanged };
        if looked.at.elapsed() < LOOK_AT_MOST_EVERY {
            return Looked::Unchanged;
        }
        looked.at = Instant::now();
        let stamp = stamps(&self.of);
        if stamp == looked.stamp {
            return Looked::Unchanged;
        }
        looked.stamp = stamp;
        match rules(&self.of, now) {
            Ok((policy, baseline)) => {
                looked.wrong = None;
                let mut in_force = self.in_force.write().unwrap_or_else(PoisonError::into_inner);
                let edition = in_force.edition + 1;
                *in_force = Arc::new(Rules { policy, baseline, edition });
                self.edition.store(edition, Ordering::Release);
                Looked::Changed
            }
            Err(error) => {
                let wrong = in_words(&error);
                looked.wrong = Some(wrong.clone());
                Looked::Wrong(wrong)
            }
        }
    }
}

fn stamps(of: &RulesOf) -> [Option<Stamp>; 2] {
    match of {
        RulesOf::Default => [None; 2],
        RulesOf::Project(project) => [Stamp::of(&project.policy), Stamp::of(&project.baseline)],
    }
}

/// What is wrong with the files, in one line.
fn in_words(error: &ProjectError) -> String {
    match error {
        ProjectError::Policy { problems, .. } => {
            let problems: Vec<String> = problems.iter().map(|problem| problem.fault.to_string()).collect();
            format!("{error}: {}", problems.join("; "))
        }
        _ => error.to_string(),
    }
}

fn rules(of: &RulesOf, now: Time) -> Result<(Policy, Baseline), ProjectError> {
    match of {
        RulesOf::Default => Ok((Policy::default(), Baseline::default())),
        RulesOf::Project(project) => {
            Ok((project.read_policy(now)?, project.read_baseline()?.unwrap_or_default()))
        }
    }
}
