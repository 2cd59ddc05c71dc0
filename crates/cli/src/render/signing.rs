//! What is signed, for those who are to sign it or were handed it.

use fence_client::statements::{Authority, Verified};
use fence_evidence::statement::{Content, Kind, Reader, RestsOn, Statement, Subject};
use fence_model::Time;
use fence_scan::Severity;

use super::scan::{gains, head};
use super::text::{count, harmless, visible, wrap};
use crate::commands::sign::Looked;
use crate::shell::{Ink, Shell};

/// The page that somebody agrees to: each release with its change, then what will be signed about all of them.
pub(crate) fn page(statement: &Statement, looked: &[Looked], shell: &Shell) -> String {
    let mut text = String::new();
    for of in looked {
        text += &head(&of.change.title(), shell);
        text += &gains(&of.change, shell);
        let graver =
            |severity| of.change.findings.iter().filter(move |finding| finding.severity == severity).count();
        let counts: Vec<String> =
            [(Severity::High, "high"), (Severity::Medium, "medium"), (Severity::Low, "low")]
                .into_iter()
                .map(|(severity, word)| (graver(severity), word))
                .filter(|(n, _)| *n > 0)
                .map(|(n, word)| format!("{n} {word}"))
                .collect();
        text +=
            &line("Findings", &if counts.is_empty() { "none".to_owned() } else { counts.join(", ") }, shell);
        text += &line("Look", &review_command(of), shell);
        text.push('\n');
    }
    text + &said(statement, shell)
}

/// How the change is seen that is signed about.
fn review_command(of: &Looked) -> String {
    let release = &of.subject.release;
    let from = of
        .base
        .as_ref()
        .map_or_else(|| " --whole".to_owned(), |base| format!(" --from {}", base.release.version));
    format!("cargo fence review {}@{}{from}", release.name, release.version)
}

/// What a statement says.
pub(crate) fn said(statement: &Statement, shell: &Shell) -> String {
    let mut text = String::new();
    for (verb, rest) in rows(statement) {
        text += &line(verb, &rest, shell);
    }
    text
}

/// What a statement says, as rows of a name and a value.
fn rows(statement: &Statement) -> Vec<(&'static str, String)> {
    let verb = verb(statement.kind());
    let mut rows = Vec::new();
    let bases = statement.bases();
    for (place, Subject { release, digest }) in statement.releases().iter().enumerate() {
        let from = bases.and_then(|bases| bases.get(place));
        let from = from.map_or_else(String::new, |base| {
            format!(", from {} with the digest {}", base.release.version, base.digest)
        });
        rows.push((
            if place == 0 { verb } else { "and" },
            format!("{release} with the digest {digest}{from}"),
        ));
    }
    if let Content::Withdraw { statements } = &statement.content {
        let named = |(place, id)| (if place == 0 { verb } else { "and" }, format!("the statement {id}"));
        rows.extend(statements.iter().enumerate().map(named));
    }
    if let Some(how) = how(&statement.content) {
        rows.push(("resting on", how));
    }
    if let Content::Audit { criteria, .. } = &statement.content {
        rows.push(("as", criteria.join(", ")));
    }
    if let Some(until) = until(&statement.content) {
        rows.push(("until", until.to_string()));
    }
    rows.push(("signer", statement.signer.to_string()));
    rows.push(("because", statement.comment.lines().collect::<Vec<_>>().join(" / ")));
    rows
}

/// What the signer does with a release, as a word that others wear.
pub(crate) fn verb(kind: Kind) -> &'static str {
    match kind {
        Kind::Approve => "Approve",
        Kind::Object => "Object to",
        Kind::Audit => "Audit",
        Kind::Revoke => "Revoke",
        Kind::Withdraw => "Withdraw",
    }
}

/// On what it rests, and who looked.
fn how(content: &Content) -> Option<String> {
    let by = |reader: &Reader| match reader {
        Reader::Person => "a person",
        Reader::Machine => "a machine, so that it counts for nothing but itself",
    };
    match content {
        Content::Approve { rests_on, reader, .. } => {
            let what = match rests_on {
                RestsOn::Trust => "trust in those who made it",
                RestsOn::Diff(_) => "a look at the change",
                RestsOn::Audit => "an audit of the code",
            };
            Some(format!("{what}, by {}", by(reader)))
        }
        Content::Audit { bases, reader, .. } => {
            let what = if bases.is_some() {
                "a reading of the change, which counts where the older release was admitted by its wait, or is audited too"
            } else {
                "a reading of all of its code"
            };
            Some(format!("{what}, by {}", by(reader)))
        }
        Content::Object { reader, .. } => Some(format!("a look, by {}", by(reader))),
        Content::Revoke { .. } | Content::Withdraw { .. } => None,
    }
}

fn until(content: &Content) -> Option<Time> {
    match content {
        Content::Approve { until, .. } | Content::Object { until, .. } | Content::Audit { until, .. } => {
            *until
        }
        Content::Revoke { .. } | Content::Withdraw { .. } => None,
    }
}

/// A statement that counts.
pub(crate) fn verified(of: &Verified, shell: &Shell) -> String {
    let mut text = format!(
        "{} {}\n",
        shell.colour.paint(Ink::Good, "good"),
        match of.authority {
            Authority::Signers => "this statement was signed by whom it names",
            Authority::Security => "this statement was signed by a key of the security role",
        }
    );
    text += &said(&of.statement, shell);
    text += &line("key", &key(of), shell);
    text + &line("id", &of.id.to_string(), shell)
}

/// The key that signed, and what a security key said beside.
pub(crate) fn key(of: &Verified) -> String {
    let mut key = format!("{} {}", of.key.kind().as_str(), of.key.fingerprint());
    if let Some(presence) = of.presence {
        let asked = if presence.verified { "with a PIN or finger" } else { "without a PIN" };
        key += &format!(", touched, {asked}, signature {} by its own count", presence.counter);
    }
    key
}

/// A statement that does not.
pub(crate) fn refused(file: &str, because: &str, shell: &Shell) -> String {
    format!("{} {}: {}\n", shell.colour.paint(Ink::Bad, "bad"), harmless(file), harmless(because))
}

/// `1 statement counts`.
pub(crate) fn counting(n: usize) -> String {
    format!("{} {}", count(n, "statement"), if n == 1 { "counts" } else { "count" })
}

/// A row of a name and a value. What is signed is shown whole, however long it is.
pub(super) fn line(name: &str, value: &str, shell: &Shell) -> String {
    let name = shell.colour.paint(Ink::Note, &format!("{name:>12}"));
    format!("{name} {}\n", wrap(&visible(value), 13, 13, shell.width))
}
