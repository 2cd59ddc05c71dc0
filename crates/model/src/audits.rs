//! Audits: which chains of records lead to a release, and how many of them are independent.
//!
//! A release is audited when records of trusted sets lead to it: a full audit of it, or a full audit of another
//! release and deltas from there, each meeting the criteria that the policy asks for. Two chains are independent
//! when no origin and no person stands on both: one auditor counts once, through however many sets the record
//! arrives.
//!
//! Chains are searched by breadth, shortest first, over the records of one crate: at most records × versions.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use semver::Version;

use crate::decision::Chain;
use crate::facts::{Audit, AuditedVersion, Claim};
use crate::time::Time;

/// The independent chains that lead to `version`, at most two, the shortest first.
///
/// Only records that became known at or after `seen` count: evidence without a digest binds to the bytes that
/// were known then, so what was written before the release appeared says nothing about it. `criteria` is what
/// each record must meet.
pub(crate) fn independent_chains(
    audits: &[Audit<'_>],
    version: &Version,
    criteria: &str,
    seen: Time,
) -> Vec<Chain> {
    let mut records: Vec<&Audit<'_>> = audits
        .iter()
        .filter(|audit| !matches!(audit.claim, Claim::Violation(_)) && audit.criteria.contains(&criteria))
        .collect();
    if records.is_empty() {
        return Vec::new();
    }
    // The order in which facts arrive must not show in the decision.
    records.sort_by(|a, b| key(a).cmp(&key(b)));
    let Some(first) = shortest(&records, version, seen) else {
        return Vec::new();
    };
    // A second chain has to avoid the first. The shortest first chain may stand in the way of two disjoint ones
    // (it may use both auditors), so each single auditor's own chain is tried as the first too.
    let mut firsts = vec![first.clone()];
    let origins: BTreeSet<&str> = records.iter().map(|audit| audit.origin).collect();
    for origin in origins {
        let own: Vec<&Audit<'_>> = records.iter().copied().filter(|audit| audit.origin == origin).collect();
        firsts.extend(shortest(&own, version, seen));
    }
    for one in firsts {
        let rest: Vec<&Audit<'_>> =
            records.iter().copied().filter(|audit| one.is_independent_of(audit)).collect();
        if let Some(two) = shortest(&rest, version, seen) {
            return vec![one.chain(), two.chain()];
        }
    }
    vec![first.chain()]
}

/// A path of records that leads to a release.
#[derive(Clone)]
struct Path<'r, 'a> {
    records: Vec<&'r Audit<'a>>,
}

impl Path<'_, '_> {
    fn is_independent_of(&self, other: &Audit<'_>) -> bool {
        self.records
            .iter()
            .all(|own| own.origin != other.origin && !own.who.iter().any(|person| other.who.contains(person)))
    }

    fn chain(&self) -> Chain {
        let origins: BTreeSet<String> = self.records.iter().map(|audit| audit.origin.to_owned()).collect();
        let versions =
            self.records.iter().map(|audit| reached(&audit.claim).map_or_else(String::new, spell)).collect();
        let known = self.records.iter().map(|audit| audit.known).max().unwrap_or(Time::EARLIEST);
        Chain { origins: origins.into_iter().collect(), versions, known }
    }
}

/// The shortest path from a full audit to `version`; the first in the records' order where several are.
fn shortest<'r, 'a>(records: &[&'r Audit<'a>], version: &Version, seen: Time) -> Option<Path<'r, 'a>> {
    let target = AuditedVersion { version: version.clone(), git: None };
    let mut from: BTreeMap<&AuditedVersion, &'r Audit<'a>> = BTreeMap::new();
    let mut queue = VecDeque::new();
    for &audit in records {
        if let Claim::Full(at) = &audit.claim
            && usable(audit, at, &target, seen)
            && !from.contains_key(at)
        {
            from.insert(at, audit);
            queue.push_back(at);
        }
    }
    while let Some(at) = queue.pop_front() {
        if *at == target {
            break;
        }
        for &audit in records {
            if let Claim::Delta { from: start, to } = &audit.claim
                && start == at
                && usable(audit, to, &target, seen)
                && !from.contains_key(to)
            {
                from.insert(to, audit);
                queue.push_back(to);
            }
        }
    }
    let mut path = vec![*from.get(&target)?];
    while let Claim::Delta { from: start, .. } = &path.last()?.claim {
        path.push(from.get(start)?);
    }
    path.reverse();
    Some(Path { records: path })
}

/// A record that reaches the release itself has to have become known after the release appeared.
fn usable(audit: &Audit<'_>, reaches: &AuditedVersion, target: &AuditedVersion, seen: Time) -> bool {
    reaches != target || audit.known >= seen
}

fn reached(claim: &Claim) -> Option<&AuditedVersion> {
    match claim {
        Claim::Full(at) | Claim::Delta { to: at, .. } => Some(at),
        Claim::Violation(_) => None,
    }
}

fn spell(version: &AuditedVersion) -> String {
    match &version.git {
        None => version.version.to_string(),
        Some(revision) => format!("{}@git:{revision}", version.version),
    }
}

fn key<'x>(audit: &'x Audit<'_>) -> (Time, &'x str, Option<&'x AuditedVersion>, bool, &'x [&'x str]) {
    (audit.known, audit.origin, reached(&audit.claim), matches!(audit.claim, Claim::Full(_)), &audit.who)
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
            independent_chains(audits, &target, "safe-to-deploy", SEEN)
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
