//! With which older release a release is compared when people read what it changes.
//!
//! The judgement has bases of its own, which change for nobody. A reader may have another release in use; and of what
//! nobody judged there is no base, yet something to read.

use semver::Version;

/// An older release that there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Older<'a> {
    /// Its version.
    pub version: &'a Version,
    /// Whether it is withdrawn.
    pub yanked: bool,
}

/// The release to read `version` beside, and why it is that; or why there is none. The one in use comes first, then
/// the base of the judgement, then the newest older one of all that are `listed`.
///
/// # Errors
/// There is no older release. Says why, as the end of a sentence.
pub fn beside<'a>(
    version: &Version,
    in_use: &[Version],
    base: Option<&Version>,
    listed: impl Iterator<Item = Older<'a>> + Clone,
) -> Result<(Version, &'static str), &'static str> {
    if let Some(used) = in_use.iter().filter(|used| *used < version).max() {
        return Ok((used.clone(), "which Cargo.lock has"));
    }
    if let Some(base) = base {
        let why = "by which the fence judges it: the newest older release that was admitted when it appeared";
        return Ok((base.clone(), why));
    }
    if let Some(newest) = newest_usual(version, listed.clone()) {
        return Ok((newest.clone(), "the newest older release"));
    }
    match listed.filter(|one| one.version < version).map(|one| one.version).max() {
        Some(newest) => Ok((
            newest.clone(),
            "the newest older release, which is yanked or a pre-release like all of them",
        )),
        None => Err("since there is no older release"),
    }
}

/// The newest of those `listed` that is older than `version` and not withdrawn; a pre-release only where `version` is one.
pub fn newest_usual<'a>(version: &Version, listed: impl Iterator<Item = Older<'a>>) -> Option<&'a Version> {
    let is_usual = |one: &Older<'_>| !one.yanked && (one.version.pre.is_empty() || !version.pre.is_empty());
    listed.filter(|one| one.version < version && is_usual(one)).map(|one| one.version).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_use_comes_first_and_then_what_is_usual() {
        let version = |text: &str| text.parse::<Version>().unwrap_or_else(|e| panic!("{text}: {e}"));
        let check = |of: &str,
                     in_use: &[&str],
                     base: Option<&str>,
                     listed: &[(&str, bool)],
                     expected: &str| {
            let listed: Vec<(Version, bool)> =
                listed.iter().map(|(of, yanked)| (version(of), *yanked)).collect();
            let older = listed.iter().map(|(version, yanked)| Older { version, yanked: *yanked });
            let in_use: Vec<Version> = in_use.iter().map(|of| version(of)).collect();
            let found = beside(&version(of), &in_use, base.map(version).as_ref(), older);
            assert_eq!(found.map_or_else(str::to_owned, |(found, _)| found.to_string()), expected, "{of}");
        };
        let listed =
            [("1.0.0", false), ("1.1.0", false), ("1.2.0", true), ("1.3.0-rc.1", false), ("2.0.0", false)];
        check("1.4.0", &["1.0.0", "3.0.0"], Some("1.1.0"), &listed, "1.0.0");
        check("1.4.0", &["3.0.0"], Some("1.0.0"), &listed, "1.0.0");
        check("1.4.0", &[], None, &listed, "1.1.0");
        check("1.4.0-rc.1", &[], None, &listed, "1.3.0-rc.1");
        check("1.0.0", &[], None, &listed, "since there is no older release");
        check("1.4.0", &[], None, &[("1.2.0", true)], "1.2.0");
    }
}
