//! Locked crates of different names that are nearly the same code, by the fingerprints that the scanner ships.
//!
//! Only crates of that set are compared, as of the release that the set has. Two that are locked in one version are told
//! nothing of: they are released together, as parts of one work. The same holds where one of them needs the other, whose
//! code it then is.

use std::collections::BTreeMap;

use fence_registry::lockfile::{Lockfile, Source};
use fence_scan::likeness::{FingerprintSet, Relation};
use semver::Version;

/// Two locked crates that are nearly the same code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alike {
    /// The newest locked version of each, by place in the lockfile; by name.
    pub packages: [usize; 2],
    /// How much of the code of each the other has, in percent.
    pub percent: [u8; 2],
    /// The versions that were compared.
    pub compared: [String; 2],
}

/// The pairs of a lockfile, by name.
pub fn alike(lockfile: &Lockfile, set: &FingerprintSet) -> Vec<Alike> {
    let mut locked: BTreeMap<&str, usize> = BTreeMap::new();
    let version = |at: usize| -> &Version { &lockfile.packages[at].version };
    for (at, package) in lockfile.packages.iter().enumerate() {
        if package.source == Source::CratesIo {
            let newest = locked.entry(&package.name).or_insert(at);
            if version(*newest) < version(at) {
                *newest = at;
            }
        }
    }
    let percent = |share: f64| (share * 100.0).round() as u8;
    let pairs = set.pairs().into_iter().filter_map(|(one, other, shares)| {
        if one.name == other.name || shares.relation() != Some(Relation::Copy) {
            return None;
        }
        let packages = [*locked.get(&*one.name)?, *locked.get(&*other.name)?];
        let [left, right] = packages;
        let is_one_work =
            version(left) == version(right) || needs(lockfile, left, right) || needs(lockfile, right, left);
        (!is_one_work).then(|| Alike {
            packages,
            percent: [percent(shares.of_known), percent(shares.of_new)],
            compared: [one.version.clone(), other.version.clone()],
        })
    });
    pairs.collect()
}

/// Whether a package needs another, be it by way of others.
fn needs(lockfile: &Lockfile, package: usize, other: usize) -> bool {
    let mut is_seen = vec![false; lockfile.packages.len()];
    let mut left = vec![package];
    while let Some(at) = left.pop() {
        if !std::mem::replace(&mut is_seen[at], true) {
            left.extend(&lockfile.packages[at].dependencies);
        }
    }
    is_seen[other]
}

#[cfg(test)]
mod tests {
    use super::*;
    use fence_registry::Limits;
    use fence_registry::lockfile::CratesIo;

    /// The pairs of a lockfile with these packages, `name version` and what each needs, by the set that is shipped.
    fn told(packages: &[(&str, &str)]) -> Vec<String> {
        let mut text = "version = 4\n".to_owned();
        for (package, needs) in packages {
            let (name, version) = package.split_once(' ').unwrap();
            text += &format!(
                "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"registry+id\"\n"
            );
            text += &format!("dependencies = [{needs}]\n");
        }
        let crates_io = CratesIo { source_ids: &["registry+id"] };
        let lockfile = Lockfile::parse(text.as_bytes(), crates_io, &Limits::default()).unwrap();
        let shown = |alike: Alike| {
            let [one, other] = alike
                .packages
                .map(|at| format!("{} {}", lockfile.packages[at].name, lockfile.packages[at].version));
            format!("{one}, {other}: {:?} of {:?}", alike.percent, alike.compared)
        };
        alike(&lockfile, FingerprintSet::shipped()).into_iter().map(shown).collect()
    }

    #[test]
    fn a_fork_is_told_in_the_newest_version_of_each() {
        let told =
            told(&[("paste 0.1.18", ""), ("paste 1.0.15", ""), ("pastey 0.1.1", ""), ("quote 1.0.0", "")]);
        assert_eq!(told, ["paste 1.0.15, pastey 0.1.1: [91, 80] of [\"1.0.7\", \"0.2.1\"]"]);
    }

    #[test]
    fn parts_of_one_work_are_not_told() {
        assert_eq!(told(&[("serde 1.0.229", ""), ("serde_core 1.0.229", "")]), [""; 0]);
        assert_eq!(told(&[("serde 1.0.230", "\"serde_core\""), ("serde_core 1.0.229", "")]), [""; 0]);
    }
}
