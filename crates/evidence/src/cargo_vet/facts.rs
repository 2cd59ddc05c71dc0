//! What a set means to a policy: the records' origin, and their criteria in the policy's words.
//!
//! [`SetFacts`] works out every origin and criterion of a set once, then hands out the model's types, crate by
//! crate, borrowing all text.

use std::collections::{BTreeMap, BTreeSet};

use fence_model::facts::{Audit, Claim, Window};
use fence_model::{CrateName, Time};

use super::{AuditRecord, Importable, SAFE_TO_DEPLOY, SAFE_TO_RUN, VetSet, WindowRecord};

/// Where a set comes from, and how its words are to be understood.
#[derive(Debug, Clone)]
pub struct Source<'a> {
    /// What the policy calls the feed; the origin of the set's own records where `url` is not known.
    pub feed: &'a str,
    /// The address of the set or its repository.
    pub url: Option<&'a str>,
    /// What the set's criteria count as in the policy's words. One that is not listed counts as nothing, but for
    /// [`SAFE_TO_RUN`] and [`SAFE_TO_DEPLOY`], which count as themselves.
    pub criteria_map: &'a BTreeMap<String, Vec<String>>,
    /// Whose set it is.
    pub standing: Standing,
    /// When this fence first had the records; the files do not say when they were written.
    pub known: Time,
}

/// Whose set it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// The project's own: all its records count.
    Own,
    /// Somebody else's: records that are marked as not for others do not count.
    Foreign,
}

/// What a set says of one crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrateEvidence<'a> {
    /// The crate.
    pub name: &'a CrateName,
    /// Audits, in the order of the file; those that meet none of the policy's criteria are left out.
    pub audits: Vec<Audit<'a>>,
    /// Wildcard audits, then trusted publishers; those that meet none of the policy's criteria are left out.
    pub windows: Vec<Window<'a>>,
}

/// A set, understood.
#[derive(Debug)]
pub struct SetFacts<'a> {
    set: &'a VetSet,
    known: Time,
    standing: Standing,
    feed: &'a str,
    own_origin: String,
    /// Origins by the address that the records give.
    origins: BTreeMap<&'a str, String>,
    /// Meanings by the set's criteria.
    meanings: BTreeMap<&'a str, Meaning<'a>>,
}

/// What one of the set's criteria says in the policy's words.
#[derive(Debug, Default)]
struct Meaning<'a> {
    /// What is met when it is met.
    met: BTreeSet<&'a str>,
    /// What is failed when it is failed.
    failed: BTreeSet<&'a str>,
}

impl<'a> SetFacts<'a> {
    /// Works out what `set` means, coming from `source`.
    pub fn new(set: &'a VetSet, source: &Source<'a>) -> Self {
        let records = set.audits.values().flatten().map(|record| &record.aggregated_from);
        let windows = set.wildcard_audits.values().chain(set.trusted.values()).flatten();
        let addresses = records.chain(windows.map(|record| &record.aggregated_from));
        let origins = addresses.filter_map(|list| list.first()).map(|url| (&**url, origin_of(url))).collect();
        Self {
            set,
            known: source.known,
            standing: source.standing,
            feed: source.feed,
            own_origin: source.url.map_or_else(|| source.feed.to_owned(), origin_of),
            origins,
            meanings: meanings(set, source.criteria_map),
        }
    }

    /// What the set says of each of its crates, sorted by name.
    pub fn crates(&self) -> impl Iterator<Item = CrateEvidence<'_>> {
        let set = self.set;
        let names: BTreeSet<&CrateName> =
            set.audits.keys().chain(set.wildcard_audits.keys()).chain(set.trusted.keys()).collect();
        names.into_iter().map(|name| self.of(name))
    }

    /// What the set says of `name`.
    pub fn of<'s>(&'s self, name: &'s CrateName) -> CrateEvidence<'s> {
        let audits = self.set.audits.get(name).into_iter().flatten();
        let wildcards = self.set.wildcard_audits.get(name).into_iter().flatten();
        let windows = wildcards.chain(self.set.trusted.get(name).into_iter().flatten());
        CrateEvidence {
            name,
            audits: audits.filter_map(|record| self.audit(record)).collect(),
            windows: windows.filter_map(|record| self.window(record)).collect(),
        }
    }

    fn audit<'s>(&'s self, record: &'s AuditRecord) -> Option<Audit<'s>> {
        if (record.importable, self.standing) == (Importable::AtHome, Standing::Foreign) {
            return None;
        }
        let criteria = match record.claim {
            Claim::Full(_) | Claim::Delta { .. } => self.words(&record.criteria, |meaning| &meaning.met),
            Claim::Violation(_) => self.words(&record.criteria, |meaning| &meaning.failed),
            // A set has none.
            Claim::Remark(..) => Vec::new(),
        };
        (!criteria.is_empty()).then(|| Audit {
            feed: Some(self.feed),
            origin: self.origin(&record.aggregated_from),
            who: record.who.iter().map(|who| &**who).collect(),
            signer: None,
            digest: None,
            from_digest: None,
            known: self.known,
            until: None,
            claim: record.claim.clone(),
            criteria,
        })
    }

    fn window<'s>(&'s self, record: &'s WindowRecord) -> Option<Window<'s>> {
        let criteria = self.words(&record.criteria, |meaning| &meaning.met);
        (!criteria.is_empty()).then(|| Window {
            origin: self.origin(&record.aggregated_from),
            publisher: record.publisher.as_fact(),
            start: record.start,
            end: record.end,
            criteria,
        })
    }

    /// The policy's words for all of `criteria`, sorted.
    fn words<'s>(
        &'s self,
        criteria: &[Box<str>],
        side: impl Fn(&'s Meaning<'a>) -> &'s BTreeSet<&'a str>,
    ) -> Vec<&'s str> {
        let meanings = criteria.iter().filter_map(|criterion| self.meanings.get(&**criterion));
        let words: BTreeSet<&str> = meanings.flat_map(side).copied().collect();
        words.into_iter().collect()
    }

    fn origin<'s>(&'s self, aggregated_from: &[Box<str>]) -> &'s str {
        let told = aggregated_from.first().and_then(|url| self.origins.get(&**url));
        told.map_or(&self.own_origin, String::as_str)
    }
}

/// The one name of the set at `url`, by whatever address it is reached: the repository that it lies in.
///
/// Who can write to a repository can write to every branch and file of it, so two sets in one repository are one
/// voice. Of addresses of files at GitHub, GitLab, Gitea, Gitiles and Mercurial servers the repository is left;
/// of others, host and path.
///
/// ```
/// use fence_evidence::cargo_vet::origin_of;
///
/// for url in [
///     "https://raw.githubusercontent.com/mozilla/supply-chain/main/audits.toml",
///     "https://github.com/Mozilla/supply-chain.git",
/// ] {
///     assert_eq!(origin_of(url), "github.com/mozilla/supply-chain");
/// }
/// ```
pub fn origin_of(url: &str) -> String {
    let url = url.trim();
    let address = url.split_once("://").map_or(url, |(_, address)| address);
    let address = address.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = address.split_once('/').unwrap_or((address, ""));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host).to_ascii_lowercase();
    let mut parts = path.split('/').filter(|part| !part.is_empty() && *part != ".");
    let repository: Vec<&str> = match host.as_str() {
        "github.com" | "www.github.com" | "raw.githubusercontent.com" | "codeberg.org" => {
            parts.take(2).collect()
        }
        // Where a server can nest repositories, its own mark tells where the file begins.
        _ => parts.by_ref().take_while(|part| !["-", "+", "raw-file", "raw"].contains(part)).collect(),
    };
    let repository = repository.join("/");
    let repository = repository.strip_suffix(".git").unwrap_or(&repository);
    match host.as_str() {
        // GitHub does not tell upper case from lower.
        "github.com" | "www.github.com" | "raw.githubusercontent.com" => {
            format!("github.com/{}", repository.to_ascii_lowercase())
        }
        _ if repository.is_empty() => host,
        _ => format!("{host}/{repository}"),
    }
}

/// What each criterion says in the policy's words: the set's own, the two that every set knows, and any other that
/// the policy maps, since an `imports.lock` keeps only some of the definitions.
fn meanings<'a>(
    set: &'a VetSet,
    criteria_map: &'a BTreeMap<String, Vec<String>>,
) -> BTreeMap<&'a str, Meaning<'a>> {
    let mut meanings: BTreeMap<&str, Meaning<'_>> = BTreeMap::new();
    let own = set.criteria.keys().map(|name| &**name);
    let mapped = criteria_map.keys().map(String::as_str);
    let criteria: BTreeSet<&str> = own.chain(mapped).chain([SAFE_TO_RUN, SAFE_TO_DEPLOY]).collect();
    for criterion in criteria {
        for implied in closure(set, criterion) {
            let words = words_for(implied, criteria_map);
            // Meeting a criterion means meeting all that it implies, and so failing an implied one means failing
            // all that imply it: the same pairs, read the other way.
            meanings.entry(criterion).or_default().met.extend(words.iter().flat_map(|word| met(word)));
            let stronger = words_for(criterion, criteria_map);
            meanings.entry(implied).or_default().failed.extend(stronger.iter().flat_map(|word| failed(word)));
        }
    }
    meanings
}

/// `criterion` and all that it implies in the set, directly or not. Sets that imply in circles are understood too.
fn closure<'a>(set: &'a VetSet, criterion: &'a str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut pending = vec![criterion];
    while let Some(criterion) = pending.pop() {
        if !reached.insert(criterion) {
            continue;
        }
        if criterion == SAFE_TO_DEPLOY {
            pending.push(SAFE_TO_RUN);
        }
        let own = set.criteria.get(criterion);
        pending.extend(own.iter().flat_map(|own| &own.implies).map(|implied| &**implied));
    }
    reached
}

/// The policy's words for criteria of somebody who has no other definitions than the two that everybody knows, sorted.
pub(crate) fn words_met<'a>(
    criteria: impl Iterator<Item = &'a str>,
    criteria_map: &'a BTreeMap<String, Vec<String>>,
) -> Vec<&'a str> {
    let words = criteria.flat_map(|criterion| words_for(criterion, criteria_map));
    words.flat_map(met).collect::<BTreeSet<_>>().into_iter().collect()
}

fn words_for<'a>(criterion: &'a str, criteria_map: &'a BTreeMap<String, Vec<String>>) -> Vec<&'a str> {
    match criteria_map.get(criterion) {
        Some(words) => words.iter().map(String::as_str).collect(),
        None if [SAFE_TO_RUN, SAFE_TO_DEPLOY].contains(&criterion) => vec![criterion],
        None => Vec::new(),
    }
}

/// `word` of the policy and what it implies there.
fn met(word: &str) -> impl Iterator<Item = &str> + use<'_> {
    std::iter::once(word).chain((word == SAFE_TO_DEPLOY).then_some(SAFE_TO_RUN))
}

/// `word` of the policy and what implies it there.
fn failed(word: &str) -> impl Iterator<Item = &str> + use<'_> {
    std::iter::once(word).chain((word == SAFE_TO_RUN).then_some(SAFE_TO_DEPLOY))
}
