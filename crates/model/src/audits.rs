//! Audits: which chains of records lead to a release, and how many of them are independent.
//!
//! A release is audited when records of trusted sets lead to it: a full audit of it, or a full audit of another
//! release and deltas from there, each meeting the criteria that the policy asks for. Two chains are independent
//! when no origin and no person stands on both: one auditor counts once, through however many sets the record
//! arrives.
//!
//! All chains of a crate are found at once ([`Vouching::new`]), and only those kept that no other makes
//! superfluous: with the same or fewer people, known no later. So another record never makes a release worse off,
//! which a search that stops at the shortest chain could not promise.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use semver::Version;

use crate::decision::Chain;
use crate::facts::{Audit, AuditedVersion, Claim};
use crate::time::Time;

/// How many chains are kept per release. The audit sets of today lead to none with more than five; sets that are
/// made to be slow would have more, and what lies beyond does not count.
const MOST_CHAINS: usize = 64;

/// The chains of records that lead to the releases of one crate.
pub(crate) struct Vouching {
    chains: BTreeMap<AuditedVersion, Vec<Trail>>,
}

/// What audits say of one release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Vouched {
    /// Independent chains, at most two, the earliest known first.
    pub(crate) chains: Vec<Chain>,
    /// Since when a chain is known.
    pub(crate) once: Option<Time>,
    /// Since when two independent ones are.
    pub(crate) twice: Option<Time>,
}

/// A chain, with all on whom it rests. Ordered as chains are told: the earliest known, the shortest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Trail {
    known: Time,
    length: usize,
    origins: BTreeSet<String>,
    people: BTreeSet<String>,
    versions: Vec<String>,
}

impl Vouching {
    /// Finds all chains. `criteria` is what each record must meet; `seen` tells when a release appeared: evidence
    /// without a digest binds to the bytes that were known then, so what was written before says nothing of them.
    pub(crate) fn new(audits: &[Audit<'_>], criteria: &str, seen: impl Fn(&Version) -> Time) -> Self {
        let is_seen =
            |at: &AuditedVersion, audit: &Audit<'_>| at.git.is_some() || audit.known >= seen(&at.version);
        let mut starts = Vec::new();
        let mut onward: BTreeMap<&AuditedVersion, Vec<(&AuditedVersion, &Audit<'_>)>> = BTreeMap::new();
        for audit in audits.iter().filter(|audit| audit.criteria.contains(&criteria)) {
            match &audit.claim {
                Claim::Full(at) if is_seen(at, audit) => starts.push((at, audit)),
                Claim::Delta { from, to } if is_seen(to, audit) => {
                    onward.entry(from).or_default().push((to, audit));
                }
                _ => {}
            }
        }
        // The order in which facts arrive must not show in the decision.
        starts.sort_by_key(|(at, audit)| (*at, key(audit)));
        onward.values_mut().for_each(|ways| ways.sort_by_key(|(to, audit)| (*to, key(audit))));

        let mut chains: BTreeMap<AuditedVersion, Vec<Trail>> = BTreeMap::new();
        let mut queue: VecDeque<(&AuditedVersion, Trail)> =
            starts.into_iter().map(|(at, audit)| (at, Trail::start(at, audit))).collect();
        while let Some((at, trail)) = queue.pop_front() {
            let kept = chains.entry(at.clone()).or_default();
            if kept.len() >= MOST_CHAINS || kept.iter().any(|other| other.makes_superfluous(&trail)) {
                continue;
            }
            kept.retain(|other| !trail.makes_superfluous(other));
            kept.push(trail.clone());
            for (to, audit) in onward.get(at).into_iter().flatten() {
                queue.push_back((*to, trail.followed(to, audit)));
            }
        }
        chains.values_mut().for_each(|chains| chains.sort());
        Self { chains }
    }

    /// What the chains say of a release.
    pub(crate) fn of(&self, version: &Version) -> Vouched {
        // Most releases of most crates have no audit: no key is made for them.
        let found = self.chains.iter().find(|(at, _)| at.git.is_none() && at.version == *version);
        let Some((_, trails)) = found else { return Vouched::default() };
        let pairs = trails.iter().enumerate().flat_map(|(at, one)| {
            trails[at + 1..].iter().filter(|two| one.is_independent_of(two)).map(move |two| (one, two))
        });
        let pair = pairs.min_by_key(|(one, two)| (one.known.max(two.known), *one, *two));
        let chains = match pair {
            Some((one, two)) => vec![one.chain(), two.chain()],
            None => trails.first().map(Trail::chain).into_iter().collect(),
        };
        Vouched {
            chains,
            once: trails.iter().map(|trail| trail.known).min(),
            twice: pair.map(|(one, two)| one.known.max(two.known)),
        }
    }
}

impl Trail {
    fn start(at: &AuditedVersion, audit: &Audit<'_>) -> Self {
        let nothing = Self {
            known: audit.known,
            length: 0,
            origins: BTreeSet::new(),
            people: BTreeSet::new(),
            versions: Vec::new(),
        };
        nothing.followed(at, audit)
    }

    fn followed(&self, to: &AuditedVersion, audit: &Audit<'_>) -> Self {
        let mut longer = self.clone();
        longer.known = longer.known.max(audit.known);
        longer.length += 1;
        longer.versions.push(spell(to));
        longer.origins.insert(audit.origin.to_owned());
        longer.people.extend(audit.who.iter().map(|&person| person.to_owned()));
        longer
    }

    /// Whether whatever `other` is good for, this is good for too.
    fn makes_superfluous(&self, other: &Self) -> bool {
        self.known <= other.known
            && self.origins.is_subset(&other.origins)
            && self.people.is_subset(&other.people)
    }

    fn is_independent_of(&self, other: &Self) -> bool {
        self.origins.is_disjoint(&other.origins) && self.people.is_disjoint(&other.people)
    }

    fn chain(&self) -> Chain {
        let origins = self.origins.iter().cloned().collect();
        Chain { origins, versions: self.versions.clone(), known: self.known }
    }
}

fn spell(version: &AuditedVersion) -> String {
    match &version.git {
        None => version.version.to_string(),
        Some(revision) => format!("{}@git:{revision}", version.version),
    }
}

fn key<'x>(audit: &'x Audit<'_>) -> (Time, &'x str, &'x [&'x str]) {
    (audit.known, audit.origin, &audit.who)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEN: Time = Time::from_unix(1_000);

    fn version(text: &str) -> AuditedVersion {
        AuditedVersion { version: Version::parse(text).unwrap(), git: None }
    }

    fn audit(origin: &'static str, who: &'static str, claim: Claim) -> Audit<'static> {
        Audit {
            origin,
            who: vec![who],
            known: Time::from_unix(2_000),
            claim,
            criteria: vec!["safe-to-deploy"],
        }
    }

    fn full(origin: &'static str, who: &'static str, at: &str) -> Audit<'static> {
        audit(origin, who, Claim::Full(version(at)))
    }

    fn delta(origin: &'static str, who: &'static str, from: &str, to: &str) -> Audit<'static> {
        audit(origin, who, Claim::Delta { from: version(from), to: version(to) })
    }

    /// Expects `expected` as `origins: versions` of each chain that leads to 1.2.0.
    fn check(audits: &[Audit<'_>], expected: &[&str]) {
        let target = Version::new(1, 2, 0);
        let show = |audits: &[Audit<'_>]| -> Vec<String> {
            Vouching::new(audits, "safe-to-deploy", |_| SEEN)
                .of(&target)
                .chains
                .iter()
                .map(|chain| format!("{}: {}", chain.origins.join("+"), chain.versions.join(" > ")))
                .collect()
        };
        assert_eq!(show(audits), expected);
        let mut reversed = audits.to_vec();
        reversed.reverse();
        assert_eq!(show(&reversed), expected, "the order of records shows");
    }

    #[test]
    fn a_full_audit_is_a_chain() {
        check(&[full("mozilla", "ann", "1.2.0")], &["mozilla: 1.2.0"]);
    }

    #[test]
    fn deltas_need_a_full_audit_to_start_from() {
        check(&[delta("mozilla", "ann", "1.1.0", "1.2.0")], &[]);
        check(
            &[
                full("google", "bob", "1.0.0"),
                delta("google", "bob", "1.0.0", "1.1.0"),
                delta("mozilla", "ann", "1.1.0", "1.2.0"),
            ],
            &["google+mozilla: 1.0.0 > 1.1.0 > 1.2.0"],
        );
    }

    #[test]
    fn two_origins_are_independent_and_one_person_is_not() {
        check(
            &[full("google", "bob", "1.2.0"), full("mozilla", "ann", "1.2.0")],
            &["google: 1.2.0", "mozilla: 1.2.0"],
        );
        check(&[full("google", "ann", "1.2.0"), full("mozilla", "ann", "1.2.0")], &["google: 1.2.0"]);
        check(&[full("google", "ann", "1.2.0"), full("google", "bob", "1.2.0")], &["google: 1.2.0"]);
    }

    #[test]
    fn a_short_mixed_chain_does_not_hide_two_independent_ones() {
        let audits = [
            full("a", "x", "1.0.0"),
            delta("b", "y", "1.0.0", "1.2.0"),
            delta("a", "x", "1.0.0", "1.1.0"),
            delta("a", "x", "1.1.0", "1.2.0"),
            full("b", "y", "0.9.0"),
            delta("b", "y", "0.9.0", "1.1.0"),
            delta("b", "y", "1.1.0", "1.2.0"),
        ];
        check(&audits, &["a: 1.0.0 > 1.1.0 > 1.2.0", "b: 0.9.0 > 1.1.0 > 1.2.0"]);
    }

    #[test]
    fn another_record_never_takes_a_chain_away() {
        let mixed = [
            full("a", "ann", "1.0.0"),
            delta("b", "bob", "1.0.0", "1.2.0"),
            full("c", "cat", "1.1.0"),
            delta("d", "dan", "1.1.0", "1.2.0"),
        ];
        check(&mixed, &["a+b: 1.0.0 > 1.2.0", "c+d: 1.1.0 > 1.2.0"]);
        // A shorter chain that shares somebody with both of them.
        let mut more = mixed.to_vec();
        more.push(full("a", "cat", "1.2.0"));
        check(&more, &["a+b: 1.0.0 > 1.2.0", "c+d: 1.1.0 > 1.2.0"]);
    }

    #[test]
    fn what_is_known_later_does_not_push_back_since_when_a_release_is_vouched_for() {
        let at = |second, mut audit: Audit<'static>| {
            audit.known = Time::from_unix(second);
            audit
        };
        let early = at(2_000, delta("b", "bob", "1.0.0", "1.2.0"));
        let audits = [
            full("a", "ann", "1.0.0"),
            early,
            at(9_000, full("a", "ann", "1.2.0")),
            at(5_000, full("c", "cat", "1.2.0")),
        ];
        let vouched = Vouching::new(&audits, "safe-to-deploy", |_| SEEN).of(&Version::new(1, 2, 0));
        assert_eq!(vouched.once, Some(Time::from_unix(2_000)));
        assert_eq!(vouched.twice, Some(Time::from_unix(5_000)));
    }

    #[test]
    fn what_was_written_before_the_release_appeared_does_not_count() {
        let mut early = full("mozilla", "ann", "1.2.0");
        early.known = Time::from_unix(500);
        check(&[early], &[]);
    }

    #[test]
    fn other_criteria_do_not_count() {
        let mut other = full("mozilla", "ann", "1.2.0");
        other.criteria = vec!["safe-to-run"];
        check(&[other], &[]);
    }

    #[test]
    fn deltas_in_a_circle_end() {
        check(&[delta("a", "x", "1.1.0", "1.2.0"), delta("a", "x", "1.2.0", "1.1.0")], &[]);
    }
}
