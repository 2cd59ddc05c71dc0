//! Which advisories are one: databases tell of the same thing, each under an id of its own.
//!
//! Advisories that share an id, be it their own or an alias, are kin, and so are the kin of kin. What speaks against
//! a release is heard from each of them, so that of two that contradict each other the worse counts: affected is what
//! any that stands calls affected. What speaks for a release, that it is a fix, all have to say, withdrawn ones too.
//! So an advisory that names the ids of others can make nothing better; see [`Kin::agreed`].

use std::collections::BTreeMap;

use crate::facts::Advisory;

/// A crate's advisories, parted into kin, by their places.
pub(crate) struct Kin {
    /// To each, the first of its kin.
    first: Vec<usize>,
    /// To each first, all of its kin, in order; to others nothing.
    all: Vec<Vec<usize>>,
}

impl Kin {
    /// Parts `advisories`.
    pub(crate) fn of(advisories: &[Advisory<'_>]) -> Self {
        let mut first: Vec<usize> = (0..advisories.len()).collect();
        let mut by_id: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, advisory) in advisories.iter().enumerate() {
            for id in std::iter::once(&advisory.id).chain(&advisory.aliases) {
                let known = *by_id.entry(id).or_insert(at);
                let (one, other) = (root(&mut first, known), root(&mut first, at));
                first[one.max(other)] = one.min(other);
            }
        }
        let mut all: Vec<Vec<usize>> = vec![Vec::new(); first.len()];
        for at in 0..first.len() {
            first[at] = root(&mut first, at);
            all[first[at]].push(at);
        }
        Self { first, all }
    }

    /// The first of the kin of the advisory at `at`.
    pub(crate) fn first(&self, at: usize) -> usize {
        self.first[at]
    }

    /// The kin of the advisory at `at`, itself among them, in order.
    pub(crate) fn all(&self, at: usize) -> &[usize] {
        &self.all[self.first[at]]
    }

    /// The places of those of `advisories`, which were parted here, of which all kin have what is asked for.
    pub(crate) fn agreed<'a>(
        &self,
        advisories: &[Advisory<'a>],
        has: impl Fn(&Advisory<'a>) -> bool,
    ) -> impl Iterator<Item = usize> {
        let mut agree = vec![true; advisories.len()];
        for (advisory, first) in advisories.iter().zip(&self.first) {
            agree[*first] = agree[*first] && has(advisory);
        }
        (0..advisories.len()).filter(move |at| agree[self.first[*at]])
    }
}

/// The first of the kin of `at`, as far as they have met; the way there is halved for the next to ask.
fn root(first: &mut [usize], mut at: usize) -> usize {
    while first[at] != at {
        first[at] = first[first[at]];
        at = first[at];
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::AdvisoryKind;
    use crate::time::Time;

    fn check(advisories: &[(&'static str, &[&'static str])], expected: &[usize]) {
        let advisories: Vec<Advisory<'_>> = advisories
            .iter()
            .map(|(id, aliases)| Advisory {
                id,
                kind: AdvisoryKind::Vulnerability,
                known: Time::EARLIEST,
                patched: vec![],
                unaffected: vec![],
                withdrawn: None,
                title: "a title",
                aliases: aliases.to_vec(),
            })
            .collect();
        assert_eq!(Kin::of(&advisories).first, expected);
    }

    #[test]
    fn whoever_shares_an_id_is_kin() {
        check(&[("RUSTSEC-1", &[]), ("GHSA-1", &["CVE-1"]), ("GHSA-2", &["CVE-2"])], &[0, 1, 2]);
        check(&[("RUSTSEC-1", &["GHSA-1"]), ("GHSA-1", &[])], &[0, 0]);
        check(&[("RUSTSEC-1", &[]), ("GHSA-1", &["RUSTSEC-1"])], &[0, 0]);
        check(&[("RUSTSEC-1", &["CVE-1"]), ("RUSTSEC-2", &[]), ("GHSA-1", &["CVE-1"])], &[0, 1, 0]);
        check(&[("RUSTSEC-1", &[]), ("RUSTSEC-1", &[])], &[0, 0]);
    }

    #[test]
    fn kin_of_kin_are_kin() {
        check(&[("A-1", &["C-1"]), ("A-2", &["C-2"]), ("A-3", &["C-2", "C-1"]), ("A-4", &["A-3"])], &[0; 4]);
    }
}
