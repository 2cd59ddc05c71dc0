//! Whose policy judges: the one that lies here, or the one from before a change, so that a change cannot excuse itself.
//!
//! [`Judges::of`] finds out what was asked for, [`Judges::project`] gives the project with the files that count, and
//! [`Judges::compare`] tells what a change alters of them.

use std::path::{Path, PathBuf};

use fence_client::Environment;
use fence_client::cargo_config::CargoConfig;
use fence_client::project::Project;
use fence_client::project::changes::{self, Change};
use fence_client::revision::{self, Revision};
use fence_model::Time;
use fence_model::policy::{FeedSource, Policy};

use crate::error::CliError;

/// Whose policy judges a change.
#[derive(Debug)]
pub(crate) enum Judges {
    /// What lies here; nobody asked for more.
    Here,
    /// What lies here, though a job may look at a change that began at this revision.
    HereSince(Revision),
    /// What lies here, and where the change began cannot be found out.
    HereSinceUnknown(String),
    /// What was there at this revision.
    From(Revision),
}

impl Judges {
    /// Who judges `project`: whom somebody asked for, or whoever lies here; in a CI job the latter is held against
    /// where its change began.
    pub(crate) fn of(
        project: &Project,
        policy_from: Option<&str>,
        environment: &Environment,
    ) -> Result<Self, CliError> {
        let is_job = environment.var("CI").is_some_and(|value| value != "false" && value != "0");
        Ok(match policy_from {
            Some(name) => Self::From(Revision::find(&project.root, name)?),
            None if is_job => match revision::merge_base(&project.root, environment) {
                Ok(Some(base)) => Self::HereSince(base),
                Ok(None) => Self::Here,
                Err(error) => Self::HereSinceUnknown(error.to_string()),
            },
            None => Self::Here,
        })
    }

    /// The project as it is judged.
    pub(crate) fn project(&self, here: &Project) -> Project {
        match self {
            Self::From(revision) => here.as_of(revision),
            Self::Here | Self::HereSince(_) | Self::HereSinceUnknown(_) => here.clone(),
        }
    }

    /// This, and what a change alters. What nobody asked for and cannot be found out is told, and no error.
    pub(crate) fn compare(
        self,
        here: &Project,
        environment: &Environment,
        now: Time,
    ) -> Result<(Self, Vec<Change>), CliError> {
        match (self.changes(here, environment, now), self) {
            (Ok(changes), judges) => Ok((judges, changes)),
            (Err(error), Self::HereSince(_)) => Ok((Self::HereSinceUnknown(error.message), Vec::new())),
            (Err(error), _) => Err(error),
        }
    }

    /// What of policy, baseline, feeds and cargo's registries is not as it was.
    fn changes(&self, here: &Project, environment: &Environment, now: Time) -> Result<Vec<Change>, CliError> {
        let revision = match self {
            Self::HereSince(revision) | Self::From(revision) => revision,
            Self::Here | Self::HereSinceUnknown(_) => return Ok(Vec::new()),
        };
        let before = here.as_of(revision);
        let (old, new) = (before.read_policy(now)?, here.read_policy(now)?);
        let mut changes = changes::of_policy(&old, &new);
        let baseline = |project: &Project| Ok::<_, CliError>(project.read_baseline()?.unwrap_or_default());
        changes.extend(changes::of_baseline(&baseline(&before)?, &baseline(here)?));
        for (name, place) in local_feeds(&new, here) {
            if !revision.is_same(&place)? {
                let path = place.strip_prefix(&here.root).map(Path::to_owned).unwrap_or(place);
                changes.push(Change::Files { what: format!("the feed {name}"), path });
            }
        }
        let folder = environment.current_folder();
        let registries = |project: &Project| {
            Ok::<_, CliError>(CargoConfig::read_from(project.files(), folder, environment)?.of_registries())
        };
        if registries(&before)? != registries(here)? {
            let what = "cargo's configuration, which says who answers for a registry,".to_owned();
            changes.push(Change::Files { what, path: ".cargo".into() });
        }
        Ok(changes)
    }
}

/// The feeds of a policy that lie on this machine, by name, each with its place.
pub(crate) fn local_feeds(policy: &Policy, project: &Project) -> Vec<(String, PathBuf)> {
    let place = |source: &FeedSource| {
        let place = [&source.archive, &source.file, &source.path].into_iter().flatten().next()?;
        (!place.contains("://")).then(|| project.policy_folder().join(place))
    };
    let enabled = policy.feeds.iter().filter(|(_, source)| source.enabled);
    enabled.filter_map(|(name, source)| Some((name.clone(), place(source)?))).collect()
}
