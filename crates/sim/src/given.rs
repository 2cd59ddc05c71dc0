//! What is given on the command line, the same for whatever is done with it: a folder of data, and a policy.

use std::fs;
use std::path::{Path, PathBuf};

use fence_model::Time;
use fence_model::policy::Policy;

use crate::edge::Failure;

/// The moment of the data: that of its index. By it a policy is read.
pub(crate) const AS_OF: Time = Time::from_unix(1_795_000_000);

/// The folder of real data: the one that is named, or that of the environment variable `FENCE_DATA`.
pub(crate) fn folder(named: Option<&PathBuf>) -> Result<PathBuf, Failure> {
    let folder = named.cloned().or_else(|| std::env::var_os("FENCE_DATA").map(PathBuf::from));
    Ok(folder
        .ok_or("there is no data: name its folder with --data, or in the environment variable FENCE_DATA")?)
}

/// A policy that a project could have.
pub(crate) fn policy(file: &Path) -> Result<Policy, Failure> {
    sound(&text_of(file)?).map_err(|why| format!("{} is no policy: {why}", file.display()))
}

/// The policy that a text is, or all that is wrong with it.
fn sound(text: &str) -> Result<Policy, Failure> {
    let policy: Policy = toml::from_str(text).map_err(|error| error.to_string())?;
    let problems: Vec<String> = policy.problems(AS_OF).iter().map(ToString::to_string).collect();
    if problems.is_empty() { Ok(policy) } else { Err(problems.join("; ")) }
}

/// What a file says.
pub(crate) fn text_of(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_that_no_project_could_have_is_refused() {
        assert_eq!(sound("level = \"high\"\n").map(|policy| policy.level), Ok(fence_model::Level::High));
        let milder = sound("[codes]\nnew-crate = \"note\"\n[feeds.index]\nrole = \"audits\"\nfile = \"f\"\n");
        insta::assert_snapshot!(milder.expect_err("it is no policy"), @"[codes] makes `new-crate` milder (note) than the level has it (review); choose a lower level, or an exception for a single release; [feeds.index]: a feed's name is letters, digits and `-`, and not `index`");
    }
}
