//! Audits: which chains of records lead to a release, and how many of them are independent.
//!
//! A release is audited when records of trusted sets lead to it: a full audit of it, or a full audit of another
//! release and deltas from there, each meeting the criteria that the policy asks for. Deltas may also begin at a lower
//! release that a full wait had admitted when this one appeared: what stands between that and this was read then, and
//! nobody builds anything that was not either read or out in the open for long. Two chains are independent
//! when no origin, no person and no feed stands on both: one auditor counts once, through however many sets the record
//! arrives, and one stolen set cannot speak with two voices by writing other origins into its records. A feed has no
//! part in a record whose signature was verified: what it cannot write does not rest on it. Of those who sign, accounts and
//! organisations count like people: two keys of one account are one, and so are two members of one organisation.
//!
//! All chains of a crate are found at once ([`Vouching::new`]), and only those kept that no other makes
//! superfluous: with the same or fewer people, known no later. So another record never makes a release worse off,
//! which a search that stops at the shortest chain could not promise.

use std::cmp::Ordering;
use std::collections::{BTreeSet, VecDeque};

use semver::Version;

use crate::decision::Chain;
use crate::facts::{Audit, AuditedVersion, Claim};
use crate::people::{Account, Identity};
use crate::time::Time;

/// How many chains are kept per release. The audit sets of today lead to none with more than five; sets that are
/// made to be slow would have more, and what lies beyond does not count.
const MOST_CHAINS: usize = 64;

/// The chains of records that lead to the releases of one crate.
pub(crate) struct Vouching {
    /// For each published version, in order, the chains that lead there in the order in which they are told.
    chains: Vec<(Version, Vec<Trail>)>,
    /// For each published version that a chain leads to, in order, when the last record became known that ends one.
    last: Vec<(Version, Time)>,
}

/// Since when audits vouch for a release.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct VouchedSince {
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
    rests_on: Members,
    start: Start,
    /// Places of records.
    records: Vec<usize>,
}

/// At what a chain begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Start {
    /// At a full audit, its first record.
    FullAudit,
    /// At a release that a full wait admitted, from which its first record leads on.
    Admitted,
}

impl Vouching {
    /// Finds all chains. `criteria` is what each record must meet; `seen` tells when a release appeared: evidence
    /// without a digest binds to the bytes that were known then, so what was written before says nothing of them.
    /// `counts` tells of a record, by its place, whether it is looked at at all. `begins` are the releases at which deltas
    /// may begin without a full audit behind them.
    pub(crate) fn new(
        audits: &[Audit<'_>],
        criteria: &str,
        seen: impl Fn(&Version) -> Time,
        counts: impl Fn(usize, &Audit<'_>) -> bool,
        begins: &[&Version],
    ) -> Self {
        let ids = Ids::of(audits);
        let members: Vec<Members> = audits.iter().map(|audit| ids.of_record(audit)).collect();
        let mut starts: Vec<(usize, usize)> = Vec::new();
        let mut onward: Vec<(usize, usize, usize)> = Vec::new();
        for (place, audit) in audits.iter().enumerate() {
            let Some((from, to)) = audit.claim.versions() else { continue };
            let is_in_time = || to.git.is_some() || audit.known >= seen(&to.version);
            if !audit.criteria.contains(&criteria) || !is_in_time() || !counts(place, audit) {
                continue;
            }
            match from {
                None => starts.push((ids.version(to), place)),
                Some(from) => onward.push((ids.version(from), ids.version(to), place)),
            }
        }
        onward.sort_unstable();
        let nothing = Trail {
            known: Time::EARLIEST,
            length: 0,
            rests_on: ids.nobody(),
            start: Start::FullAudit,
            records: Vec::new(),
        };
        let mut chains: Vec<Vec<Trail>> = vec![Vec::new(); ids.versions.len()];
        let mut queue: VecDeque<(usize, Trail)> =
            starts.into_iter().map(|(at, place)| (at, nothing.followed(place, audits, &members))).collect();
        // They are vouched for by nobody: only what follows on them is a chain.
        for at in begins.iter().filter_map(|version| ids.published(version)) {
            let followed = onward.iter().filter(|(from, ..)| *from == at);
            let from_here = Trail { start: Start::Admitted, length: 1, ..nothing.clone() };
            queue.extend(followed.map(|&(_, to, place)| (to, from_here.followed(place, audits, &members))));
        }
        let mut last: Vec<Option<Time>> = vec![None; ids.versions.len()];
        while let Some((at, trail)) = queue.pop_front() {
            last[at] = last[at].max(trail.records.last().map(|place| audits[*place].known));
            let kept = &mut chains[at];
            if kept.len() >= MOST_CHAINS || kept.iter().any(|other| other.makes_superfluous(&trail)) {
                continue;
            }
            kept.retain(|other| !trail.makes_superfluous(other));
            let from_here = onward.partition_point(|(from, ..)| *from < at);
            for &(_, to, place) in onward[from_here..].iter().take_while(|(from, ..)| *from == at) {
                queue.push_back((to, trail.followed(place, audits, &members)));
            }
            kept.push(trail);
        }
        let published =
            ids.versions.iter().zip(chains).filter(|(at, kept)| at.git.is_none() && !kept.is_empty());
        let mut chains: Vec<(Version, Vec<Trail>)> =
            published.map(|(at, kept)| (at.version.clone(), kept)).collect();
        chains.iter_mut().for_each(|(_, kept)| kept.sort());
        let last = ids.versions.iter().zip(last).filter(|(at, _)| at.git.is_none());
        let last = last.filter_map(|(at, last)| Some((at.version.clone(), last?))).collect();
        Self { chains, last }
    }

    /// Since when a release is vouched for.
    pub(crate) fn since(&self, version: &Version) -> VouchedSince {
        let trails = self.trails(version);
        let twice = best_pair(trails).map(|(one, two)| one.known.max(two.known));
        VouchedSince { once: trails.first().map(|trail| trail.known), twice }
    }

    /// Independent chains that lead to a release, at most two, the earliest known first. `audits` are those that
    /// this was made of.
    pub(crate) fn chains(&self, audits: &[Audit<'_>], version: &Version) -> Vec<Chain> {
        let trails = self.trails(version);
        match best_pair(trails) {
            Some((one, two)) => vec![one.chain(audits), two.chain(audits)],
            None => trails.first().map(|trail| trail.chain(audits)).into_iter().collect(),
        }
    }

    /// When the last record became known that ends a chain to a release.
    pub(crate) fn last(&self, version: &Version) -> Option<Time> {
        let place = self.last.binary_search_by(|(at, _)| at.cmp(version)).ok()?;
        Some(self.last[place].1)
    }

    /// The places of all records that stand on some chain to a release, sorted.
    pub(crate) fn records(&self, version: &Version) -> BTreeSet<usize> {
        self.trails(version).iter().flat_map(|trail| trail.records.iter().copied()).collect()
    }

    fn trails(&self, version: &Version) -> &[Trail] {
        let place = self.chains.binary_search_by(|(at, _)| at.cmp(version));
        place.map_or(&[], |place| &self.chains[place].1)
    }
}

/// The two independent chains that are known the earliest.
fn best_pair(trails: &[Trail]) -> Option<(&Trail, &Trail)> {
    let pairs = trails.iter().enumerate().flat_map(|(at, one)| {
        trails[at + 1..].iter().filter(|two| one.is_independent_of(two)).map(move |two| (one, two))
    });
    pairs.min_by_key(|(one, two)| (one.known.max(two.known), *one, *two))
}

impl Trail {
    fn followed(&self, place: usize, audits: &[Audit<'_>], members: &[Members]) -> Self {
        let audit = &audits[place];
        let mut longer = self.clone();
        longer.known = longer.known.max(audit.known);
        longer.length += 1;
        longer.rests_on.add_all(&members[place]);
        longer.records.push(place);
        longer
    }

    /// Whether whatever `other` is good for, this is good for too. One with a full audit behind it tells more.
    fn makes_superfluous(&self, other: &Self) -> bool {
        self.start <= other.start && self.known <= other.known && self.rests_on.is_within(&other.rests_on)
    }

    fn is_independent_of(&self, other: &Self) -> bool {
        self.rests_on.is_apart_from(&other.rests_on)
    }

    fn chain(&self, audits: &[Audit<'_>]) -> Chain {
        let records = || self.records.iter().map(|&place| &audits[place]);
        let origins: BTreeSet<&str> = records().map(|audit| audit.origin).collect();
        Chain {
            origins: origins.into_iter().map(str::to_owned).collect(),
            begins: records().next().and_then(|first| match &first.claim {
                Claim::Delta { from, .. } => Some(spell(from)),
                Claim::Full(_) | Claim::Violation(_) | Claim::Remark(..) => None,
            }),
            versions: records().map(|audit| reached(&audit.claim)).collect(),
            known: self.known,
            until: records().filter_map(|audit| audit.until).min(),
            unbound: {
                let signers = records().filter_map(|audit| audit.signer.as_ref());
                let unbound = signers.filter(|signer| signer.accounts.is_empty());
                let unbound: BTreeSet<&str> = unbound.map(|signer| signer.principal).collect();
                unbound.into_iter().map(str::to_owned).collect()
            },
        }
    }
}

/// Numbers for what records name, each kind in its order: versions; and feeds, origins, people, accounts and
/// organisations, all of these in one row, the feeds first.
struct Ids<'x> {
    versions: Vec<&'x AuditedVersion>,
    feeds: Vec<&'x str>,
    origins: Vec<&'x str>,
    people: Vec<&'x str>,
    accounts: Vec<Account>,
    organisations: Vec<String>,
}

impl<'x> Ids<'x> {
    fn of(audits: &'x [Audit<'_>]) -> Self {
        let sorted = |mut names: Vec<&'x str>| {
            names.sort_unstable();
            names.dedup();
            names
        };
        let ends = audits.iter().filter_map(|audit| audit.claim.versions());
        let mut versions: Vec<&AuditedVersion> =
            ends.flat_map(|(from, to)| from.into_iter().chain([to])).collect();
        versions.sort_unstable();
        versions.dedup();
        let signers = || audits.iter().filter_map(|audit| audit.signer.as_ref());
        let mut accounts: Vec<Account> =
            signers().flat_map(|signer| signer.accounts.iter().copied()).collect();
        accounts.sort_unstable();
        accounts.dedup();
        let mut organisations: Vec<String> = signers().filter_map(organisation).collect();
        organisations.sort_unstable();
        organisations.dedup();
        Self {
            versions,
            feeds: sorted(audits.iter().filter_map(|audit| audit.feed).collect()),
            origins: sorted(audits.iter().map(|audit| audit.origin).collect()),
            people: sorted(audits.iter().flat_map(|audit| audit.people()).collect()),
            accounts,
            organisations,
        }
    }

    fn version(&self, version: &AuditedVersion) -> usize {
        self.versions.partition_point(|other| *other < version)
    }

    /// The place of a published version.
    fn published(&self, version: &Version) -> Option<usize> {
        self.versions.iter().position(|other| other.version == *version && other.git.is_none())
    }

    fn nobody(&self) -> Members {
        Members(vec![0; self.row()[5].div_ceil(64)])
    }

    /// Where each kind begins in the row, and where the row ends.
    fn row(&self) -> [usize; 6] {
        let lengths = [
            self.feeds.len(),
            self.origins.len(),
            self.people.len(),
            self.accounts.len(),
            self.organisations.len(),
        ];
        let mut row = [0; 6];
        for (kind, length) in lengths.into_iter().enumerate() {
            row[kind + 1] = row[kind] + length;
        }
        row
    }

    /// All on whom a record rests.
    fn of_record(&self, audit: &Audit<'_>) -> Members {
        let place = |names: &[&str], name: &str| names.partition_point(|other| *other < name);
        let mut members = self.nobody();
        if let Some(feed) = audit.feed {
            members.add(place(&self.feeds, feed));
        }
        let [_, origins, people, accounts, organisations, _] = self.row();
        members.add(origins + place(&self.origins, audit.origin));
        for person in audit.people() {
            members.add(people + place(&self.people, person));
        }
        let signer = audit.signer.as_ref();
        for account in signer.iter().flat_map(|signer| &signer.accounts) {
            members.add(accounts + self.accounts.partition_point(|other| other < account));
        }
        if let Some(own) = signer.and_then(organisation) {
            members.add(organisations + self.organisations.partition_point(|other| *other < own));
        }
        members
    }
}

/// A set of numbers, a bit for each; sets that are compared are of the same length. The smaller set comes first, then
/// the one with the lower numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Members(Vec<u64>);

impl Ord for Members {
    fn cmp(&self, other: &Self) -> Ordering {
        let size = |of: &Self| of.0.iter().map(|bits| bits.count_ones()).sum::<u32>();
        size(self).cmp(&size(other)).then_with(|| self.iter().cmp(other.iter()))
    }
}

impl PartialOrd for Members {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Members {
    fn iter(&self) -> impl Iterator<Item = usize> {
        let has = |member: &usize| self.0[member / 64] >> (member % 64) & 1 == 1;
        (0..self.0.len() * 64).filter(has)
    }

    fn add(&mut self, member: usize) {
        self.0[member / 64] |= 1 << (member % 64);
    }

    fn add_all(&mut self, others: &Self) {
        self.0.iter_mut().zip(&others.0).for_each(|(one, other)| *one |= other);
    }

    fn is_within(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(one, other)| one & !other == 0)
    }

    fn is_apart_from(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(one, other)| one & other == 0)
    }
}

/// An organisation as it is compared: case tells none apart.
fn organisation(signer: &Identity<'_>) -> Option<String> {
    signer.organisation.map(str::to_ascii_lowercase)
}

/// The version that a record leads to, as sets name it.
fn reached(claim: &Claim) -> String {
    match claim {
        Claim::Full(at) | Claim::Delta { to: at, .. } => spell(at),
        Claim::Violation(_) | Claim::Remark(..) => String::new(),
    }
}

fn spell(version: &AuditedVersion) -> String {
    match &version.git {
        None => version.version.to_string(),
        Some(revision) => format!("{}@git:{revision}", version.version),
    }
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
            feed: Some(origin),
            origin,
            who: vec![who],
            signer: None,
            digest: None,
            from_digest: None,
            known: Time::from_unix(2_000),
            until: None,
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
            Vouching::new(audits, "safe-to-deploy", |_| SEEN, |_, _| true, &[])
                .chains(audits, &target)
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
    fn deltas_begin_at_what_was_admitted_without_them() {
        let audits = [
            delta("mozilla", "ann", "1.1.0", "1.2.0"),
            delta("google", "bob", "1.0.0", "1.2.0"),
            delta("zcash", "cat", "1.0.5", "1.2.0"),
        ];
        let begins = [Version::new(1, 0, 0), Version::new(1, 1, 0), Version::new(1, 2, 0)];
        let begins: Vec<&Version> = begins.iter().collect();
        let vouching = Vouching::new(&audits, "safe-to-deploy", |_| SEEN, |_, _| true, &begins);
        let chains = vouching.chains(&audits, &Version::new(1, 2, 0));
        let told: Vec<_> = chains.iter().map(|chain| (chain.begins.as_deref(), &*chain.origins[0])).collect();
        assert_eq!(told, [(Some("1.0.0"), "google"), (Some("1.1.0"), "mozilla")]);
        // Nobody vouches for where they begin.
        assert_eq!(vouching.since(&Version::new(1, 1, 0)).once, None);
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
        let vouched = Vouching::new(&audits, "safe-to-deploy", |_| SEEN, |_, _| true, &[])
            .since(&Version::new(1, 2, 0));
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
    fn one_feed_is_one_voice_whatever_origins_it_writes() {
        let mut forged = full("google", "bob", "1.2.0");
        forged.feed = Some("mozilla");
        check(&[forged, full("mozilla", "ann", "1.2.0")], &["google: 1.2.0"]);
    }

    /// A signed record that vouches for 1.2.0: by the first of `who`, who counts through the others.
    fn signed(origin: &'static str, who: &[&'static str]) -> Audit<'static> {
        Audit { feed: None, who: who.to_vec(), ..full(origin, "", "1.2.0") }
    }

    #[test]
    fn two_who_sign_are_two_voices_in_one_feed_and_one_who_signs_is_one_in_two() {
        let (ann, bob) = (signed("crev:ann", &["id-ann"]), signed("crev:bob", &["id-bob"]));
        check(&[ann.clone(), bob], &["crev:ann: 1.2.0", "crev:bob: 1.2.0"]);
        // Under another address, the id is the same.
        check(&[ann.clone(), signed("crev:moved", &["id-ann"])], &["crev:ann: 1.2.0"]);
        check(&[ann, full("mozilla", "bob", "1.2.0")], &["crev:ann: 1.2.0", "mozilla: 1.2.0"]);
    }

    #[test]
    fn who_counts_through_others_is_independent_of_none_of_them() {
        let through = signed("crev:cat", &["id-cat", "id-ann", "id-bob"]);
        for sponsor in ["id-ann", "id-bob"] {
            check(&[through.clone(), signed("crev:sponsor", &[sponsor])], &["crev:sponsor: 1.2.0"]);
        }
        check(&[through.clone(), signed("crev:dan", &["id-dan", "id-ann"])], &["crev:dan: 1.2.0"]);
        check(&[through, signed("crev:eve", &["id-eve"])], &["crev:eve: 1.2.0", "crev:cat: 1.2.0"]);
    }

    #[test]
    fn deltas_in_a_circle_end() {
        check(&[delta("a", "x", "1.1.0", "1.2.0"), delta("a", "x", "1.2.0", "1.1.0")], &[]);
    }
}
