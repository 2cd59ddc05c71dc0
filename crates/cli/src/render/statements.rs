//! The statements of a project's feeds: what counts, and why the rest does not.

mod cargo_vet;

use fence_client::gather::FeedStatements;
use fence_client::statements::{Authority, Refused, Verified};
use fence_evidence::statement::{Content, Reader};
use fence_model::policy::{FeedSource, Trust};
use fence_model::{CrateName, Digest};
use semver::Version;
use serde::Serialize;

use super::scan::head;
use super::signing::{self, line};
use super::text::count;
use crate::shell::{Shell, Verbosity};

pub(crate) use cargo_vet::cargo_vet;

/// A feed, and those of its statements that were asked about.
pub(crate) struct Feed<'a> {
    name: &'a str,
    /// Why nothing of it counts.
    pub(crate) unreadable: Option<&'a str>,
    listed: Vec<Listed<'a>>,
    /// What does not count.
    pub(crate) refused: Vec<&'a Refused>,
}

/// A statement whose signature is good.
struct Listed<'a> {
    verified: &'a Verified,
    standing: Standing,
}

/// What a good statement is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// An audit by a reviewer of the policy.
    Reviewer(Trust),
    /// An audit by somebody else.
    NoReviewer,
    /// A program did the review.
    Machine,
    /// Counted where accounts tell whom it stands for.
    Voice,
    /// An approval of a feed that the policy does not believe about accounts.
    NoVoice,
    /// Of the security role.
    Security,
    /// It withdraws others.
    Withdrawal,
    /// Its signer withdrew it, by this statement.
    Withdrawn(Digest),
}

/// The feeds, with what is said of releases that were `asked` about.
pub(crate) fn list<'a>(
    feeds: &'a [FeedStatements],
    asked: &dyn Fn(&CrateName, &Version) -> bool,
) -> Vec<Feed<'a>> {
    feeds.iter().map(|feed| of_feed(feed, asked)).collect()
}

fn of_feed<'a>(feed: &'a FeedStatements, asked: &dyn Fn(&CrateName, &Version) -> bool) -> Feed<'a> {
    let name = feed.name.as_str();
    let read = match &feed.read {
        Ok(read) => read,
        Err(why) => return Feed { name, unreadable: Some(why), listed: Vec::new(), refused: Vec::new() },
    };
    let is_about =
        |of: &Verified| of.statement.releases().iter().any(|of| asked(&of.release.name, &of.release.version));
    let here = |id: &Digest| read.outcome.verified.iter().find(|other| other.id == *id);
    let is_asked = |of: &&Verified| match &of.statement.content {
        // It is about what it takes back, as far as that is here.
        Content::Withdraw { statements } => {
            let mut known = statements.iter().filter_map(here).peekable();
            known.peek().is_none() || known.any(is_about)
        }
        _ => is_about(of),
    };
    let listed = read.outcome.verified.iter().filter(is_asked).map(|of| {
        let withdrawn = read.outcome.withdrawn_by(of);
        let standing = withdrawn.map_or_else(|| standing(of, feed), Standing::Withdrawn);
        Listed { verified: of, standing }
    });
    Feed {
        name,
        unreadable: None,
        listed: listed.collect(),
        refused: read.warnings.iter().chain(&read.outcome.refused).collect(),
    }
}

fn standing(of: &Verified, feed: &FeedStatements) -> Standing {
    let FeedSource { reviewers, enrols, .. } = &feed.source;
    let enrolled = feed.read.as_ref().is_ok_and(|read| read.enrolled.of(&of.statement.signer).is_some());
    match (&of.statement.content, of.authority) {
        (Content::Withdraw { .. }, _) => Standing::Withdrawal,
        (_, Authority::Security) => Standing::Security,
        (
            Content::Approve { reader: Reader::Machine, .. } | Content::Audit { reader: Reader::Machine, .. },
            _,
        ) => Standing::Machine,
        (Content::Audit { .. }, _) => match reviewers.get(&of.statement.signer) {
            Some(Trust::Machine) => Standing::Machine,
            Some(trust) => Standing::Reviewer(*trust),
            None => Standing::NoReviewer,
        },
        (Content::Object { .. }, _)
            if reviewers.get(&of.statement.signer).is_some_and(|of| *of > Trust::Machine) =>
        {
            Standing::Reviewer(reviewers[&of.statement.signer])
        }
        (Content::Approve { .. } | Content::Object { .. } | Content::Revoke { .. }, _) => {
            if *enrols && enrolled { Standing::Voice } else { Standing::NoVoice }
        }
    }
}

impl Standing {
    fn says(self) -> String {
        match self {
            Self::Reviewer(Trust::Low) => {
                "counts for safe-to-run at most: fence.toml trusts its signer `low`".to_owned()
            }
            Self::Reviewer(trust) => {
                format!("counts: fence.toml names its signer as a reviewer ({})", trust_word(trust))
            }
            Self::NoReviewer => "shown only: fence.toml names its signer in no `reviewers`".to_owned(),
            Self::Machine => "shown only: a machine did the review".to_owned(),
            Self::Voice => "counts in quorums, for what its signer maintains".to_owned(),
            Self::NoVoice => {
                "shown only: nobody enrolled its signer, or the feed does not enrol (`enrols = true`)"
                    .to_owned()
            }
            Self::Security => "counts: a key of the security role signed it".to_owned(),
            Self::Withdrawal => "counts".to_owned(),
            Self::Withdrawn(by) => format!("withdrawn by its signer, by {by}"),
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Reviewer(_) => "reviewer",
            Self::NoReviewer => "no-reviewer",
            Self::Machine => "machine",
            Self::Voice => "voice",
            Self::NoVoice => "no-voice",
            Self::Security => "security",
            Self::Withdrawal => "withdrawal",
            Self::Withdrawn(_) => "withdrawn",
        }
    }
}

fn trust_word(trust: Trust) -> &'static str {
    match trust {
        Trust::Machine => "machine",
        Trust::Low => "low",
        Trust::Medium => "medium",
        Trust::High => "high",
    }
}

/// For people.
pub(crate) fn human(feeds: &[Feed<'_>], shell: &Shell) -> String {
    if feeds.is_empty() {
        return "fence.toml names no feed of statements: docs/reviewing.md tells how to have one\n"
            .to_owned();
    }
    let mut text = String::new();
    for feed in feeds {
        text += &head(&format!("[feeds.{}]", feed.name), shell);
        if let Some(why) = feed.unreadable {
            text += &line("unreadable", why, shell);
        }
        for of in &feed.listed {
            text.push('\n');
            text += &signing::said(&of.verified.statement, shell);
            text += &line("key", &signing::key(of.verified), shell);
            text += &line("known", &format!("since {}", of.verified.known), shell);
            text += &line("worth", &of.standing.says(), shell);
            text += &line("file", &of.verified.file, shell);
            if shell.verbosity == Verbosity::Verbose || matches!(of.standing, Standing::Withdrawal) {
                text += &line("id", &of.verified.id.to_string(), shell);
            }
        }
        for refused in &feed.refused {
            let place =
                refused.line.map_or_else(|| refused.file.clone(), |line| format!("{}:{line}", refused.file));
            text.push('\n');
            text += &line("not counted", &format!("{place}: {}", refused.because), shell);
        }
        text.push('\n');
    }
    let counted: usize = feeds.iter().map(|feed| feed.listed.iter().filter(|of| of.counts()).count()).sum();
    let listed: usize = feeds.iter().map(|feed| feed.listed.len()).sum();
    let refused: usize = feeds.iter().map(|feed| feed.refused.len()).sum();
    let rest = listed - counted;
    text += &format!(
        "{}, {rest} shown only or withdrawn, {}\n",
        signing::counting(counted),
        count(refused, "refusal")
    );
    text
}

impl Listed<'_> {
    fn counts(&self) -> bool {
        use Standing::{Machine, NoReviewer, NoVoice, Reviewer, Security, Voice, Withdrawal, Withdrawn};
        match self.standing {
            Reviewer(_) | Voice | Security | Withdrawal => true,
            NoReviewer | Machine | NoVoice | Withdrawn(_) => false,
        }
    }
}

/// The document of `statements --format json`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Document<'a> {
    /// The version of this format.
    format: u32,
    /// The feeds of statements that the policy names, by name.
    feeds: Vec<JsonFeed<'a>>,
}

/// A feed of statements.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct JsonFeed<'a> {
    /// Its name in the policy.
    name: &'a str,
    /// Why nothing of it counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    unreadable: Option<&'a str>,
    /// Statements whose signatures are good.
    statements: Vec<JsonStatement<'a>>,
    /// Files that do not count.
    refused: Vec<JsonRefused<'a>>,
}

/// A statement whose signature is good.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct JsonStatement<'a> {
    /// Its file, as a path in the feed.
    file: &'a str,
    /// The SHA-256 of its bytes, by which it is withdrawn.
    id: String,
    /// `approve`, `object`, `audit`, `revoke` or `withdraw`.
    kind: &'static str,
    /// The releases that it is about.
    releases: Vec<JsonRelease>,
    /// The releases from which the changes were read, in the order of `releases`.
    #[serde(skip_serializing_if = "Option::is_none")]
    bases: Option<Vec<JsonRelease>>,
    /// Who signed, as the allowed signers call them.
    signer: &'a str,
    /// The key's fingerprint.
    key: String,
    /// Why, by the signer's word.
    comment: &'a str,
    /// When it was made, by the signer's word.
    made: String,
    /// Since when it is known here.
    known: String,
    /// `reviewer`, `voice`, `security` and `withdrawal` count; `no-reviewer`, `no-voice`, `machine` and `withdrawn` do not.
    worth: &'static str,
}

/// A release and its bytes.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct JsonRelease {
    /// The crate.
    name: String,
    /// The version.
    version: String,
    /// SHA-256 of its `.crate`.
    digest: String,
}

/// A file that does not count.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct JsonRefused<'a> {
    /// Its path in the feed.
    file: &'a str,
    /// The line.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    /// Why.
    because: &'a str,
}

/// For machines.
pub(crate) fn json(feeds: &[Feed<'_>]) -> String {
    let document = Document { format: 1, feeds: feeds.iter().map(json_of_feed).collect() };
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

fn json_of_feed<'a>(feed: &'a Feed<'a>) -> JsonFeed<'a> {
    let release = |of: &fence_evidence::statement::Subject| JsonRelease {
        name: of.release.name.to_string(),
        version: of.release.version.to_string(),
        digest: of.digest.to_string(),
    };
    let statement = |of: &'a Listed<'a>| JsonStatement {
        file: &of.verified.file,
        id: of.verified.id.to_string(),
        kind: of.verified.statement.kind().as_str(),
        releases: of.verified.statement.releases().iter().map(release).collect(),
        bases: of.verified.statement.bases().map(|bases| bases.iter().map(release).collect()),
        signer: of.verified.statement.signer.as_str(),
        key: of.verified.key.fingerprint().into(),
        comment: &of.verified.statement.comment,
        made: of.verified.statement.made.to_string(),
        known: of.verified.known.to_string(),
        worth: of.standing.word(),
    };
    JsonFeed {
        name: feed.name,
        unreadable: feed.unreadable,
        statements: feed.listed.iter().map(statement).collect(),
        refused: feed
            .refused
            .iter()
            .map(|of| JsonRefused { file: &of.file, line: of.line, because: &of.because })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docs::kept_in_docs;

    #[test]
    fn the_schema_is_the_one_in_docs() {
        let schema = serde_json::to_string_pretty(&schemars::schema_for!(Document<'_>)).unwrap() + "\n";
        kept_in_docs("statements.schema.json", &schema);
    }
}
