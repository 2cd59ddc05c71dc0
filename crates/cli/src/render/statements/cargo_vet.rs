//! What people audited, as an `audits.toml` of cargo-vet.

use std::collections::{BTreeMap, BTreeSet};

use fence_client::statements::Verified;
use fence_evidence::cargo_vet::{AuditRecord, format_records};
use fence_evidence::statement::Content;
use fence_evidence::statement::vet::{NoRecord, records};
use fence_model::{CrateName, Digest, Time};
use semver::Version;

use super::{Feed, Listed, Standing};

/// What is known of a criterion that cargo-vet does not have.
const CRITERION: &str = "A criterion of those who signed these audits; ask them what it means.";

/// The audits of people that hold as of `now`, for the releases that were `asked` about. What is left out stands in
/// comments at the top.
pub(crate) fn cargo_vet(
    feeds: &[Feed<'_>],
    asked: &dyn Fn(&CrateName, &Version) -> bool,
    now: Time,
) -> String {
    let mut remarks = vec![
        "Audits that people signed, made by `cargo fence statements --format cargo-vet`. cargo-vet has no place for the"
            .to_owned(),
        "digests of what was read, the keys, and the ends of audits: `cargo fence statements` tells them.".to_owned(),
    ];
    let mut audits: BTreeMap<CrateName, Vec<AuditRecord>> = BTreeMap::new();
    let mut left = Vec::new();
    // What lies in two feeds is one statement, and withdrawn where only one of them has the withdrawal.
    let withdrawn: BTreeMap<Digest, Digest> = all(feeds)
        .filter_map(|(_, of)| match of.standing {
            Standing::Withdrawn(by) => Some((of.verified.id, by)),
            _ => None,
        })
        .collect();
    let mut seen = BTreeSet::new();
    for (feed, of) in all(feeds) {
        if !seen.insert(of.verified.id) {
            continue;
        }
        match records_of(of, &withdrawn, now) {
            Ok(records) => {
                for ((name, record), subject) in records.into_iter().zip(of.verified.statement.releases()) {
                    if asked(name, &subject.release.version) {
                        audits.entry(name.clone()).or_default().push(record);
                    }
                }
                if let Content::Audit { until: Some(until), .. } = &of.verified.statement.content {
                    left.push(format!("  {feed}: {}: it ends at {until}", of.verified.file));
                }
            }
            Err(because) => left.push(format!("  {feed}: {}: {because}", of.verified.file)),
        }
    }
    for feed in feeds {
        left.extend(feed.unreadable.iter().map(|why| format!("  {}: all of it: {why}", feed.name)));
        let refused = feed.refused.iter();
        left.extend(refused.map(|of| format!("  {}: {}: {}", feed.name, of.file, of.because)));
    }
    if !left.is_empty() {
        remarks.push("What cargo-vet does not learn, by feed and file:".to_owned());
        remarks.extend(left);
    }
    format_records(&remarks, CRITERION, &audits)
}

fn all<'f>(feeds: &'f [Feed<'f>]) -> impl Iterator<Item = (&'f str, &'f Listed<'f>)> {
    feeds.iter().flat_map(|feed| feed.listed.iter().map(|of| (feed.name, of)))
}

/// The records of a statement that holds, or why there are none.
fn records_of<'v>(
    of: &Listed<'v>,
    withdrawn: &BTreeMap<Digest, Digest>,
    now: Time,
) -> Result<Vec<(&'v CrateName, AuditRecord)>, String> {
    let verified: &'v Verified = of.verified;
    match (withdrawn.get(&verified.id), of.standing) {
        (Some(by), _) => Err(format!("withdrawn by its signer, by {by}")),
        // The policy says that its signer is one.
        (None, Standing::Machine) => Err(NoRecord::Machine.to_string()),
        (None, _) => records(&verified.statement, now).map_err(|because| because.to_string()),
    }
}
