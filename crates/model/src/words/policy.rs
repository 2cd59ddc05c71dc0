//! A policy in words: each number with what it does and why it is what it is.

use crate::code::Level;
use crate::policy::{Policy, Scan, Severity, Wait};
use crate::time::Span;

/// One setting of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its key, as `fence.toml` writes it: `wait.ceiling`.
    pub key: &'static str,
    /// Its value.
    pub value: String,
    /// Whether the policy chose it, or left it as the fence has it.
    pub choice: Choice,
    /// What it does.
    pub what: &'static str,
    /// Why the fence has the value that it has unless a policy chooses another; none where that is plain.
    pub why: Option<&'static str>,
}

/// Who chose a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// The policy did.
    Own,
    /// Nobody: it is what the fence does without a policy.
    Default,
}

/// What a level is meant to withstand.
pub const fn level(level: Level) -> &'static str {
    match level {
        Level::Low => "safe from script kiddies",
        Level::Medium => "safe from an experienced attacker who works mostly alone",
        Level::High => "safe from most governments",
    }
}

/// How long releases wait, and for what longer, at the strictest level that the policy asks for.
pub fn waits(policy: &Policy) -> Vec<Setting> {
    let (wait, usual) = (&policy.wait, Wait::default());
    let span = |key, value: Span, usual: Span, what, why| Setting {
        key,
        value: value.to_string(),
        choice: if value == usual { Choice::Default } else { Choice::Own },
        what,
        why: Some(why),
    };
    let base = Setting {
        key: "wait.base",
        value: policy.base_wait(policy.strictest_level()).to_string(),
        choice: if wait.base.is_some() { Choice::Own } else { Choice::Default },
        what: "how long a release that nothing is found about has to be in the open",
        why: Some(
            "takeovers of existing crates are found fast: all four on crates.io were removed within six hours, 20 \
             of 21 on other registries within seven days",
        ),
    };
    vec![
        base,
        span(
            "wait.ceiling",
            wait.ceiling,
            usual.ceiling,
            "no release waits longer than this for age alone",
            "what speaks against a release lengthens its wait up to here; beyond, it takes a person who looks, not \
             more time",
        ),
        span(
            "wait.floor-audited-once",
            wait.floor_audited_once,
            usual.floor_audited_once,
            "the shortest wait of a release with one audit",
            "one auditor's account can be stolen like any other; so a few hours remain, as long as the takeovers on \
             crates.io lasted",
        ),
        span(
            "wait.floor-fix",
            wait.floor_fix,
            usual.floor_fix,
            "the shortest wait of a release that fixes an advisory, or that a quorum approved",
            "a fix is wanted soon; what only pretends to be one still has to stay unnoticed for a day",
        ),
        span(
            "wait.floor-known",
            wait.floor_known,
            usual.floor_known,
            "the shortest wait of a release by a known publisher, or with unchanged code",
            "a known account may be in a thief's hands, and the account's owner needs time to notice",
        ),
        span(
            "wait.crate-tenure",
            wait.crate_tenure,
            usual.crate_tenure,
            "a crate younger than this is `new-crate`, and a new dependency on it `young-dependency`",
            "new malicious crates lasted longer than takeovers, up to 230 days, and honest releases seldom need a \
             young crate: of 2,449 that gained a dependency, 358 gained one younger than 90 days",
        ),
        span(
            "wait.silence",
            wait.silence,
            usual.silence,
            "a silence this long makes the releases after it `dormant`",
            "an account that nobody has used for a year is taken over unnoticed more easily: arrayref was silent \
             for 704 days before its takeover",
        ),
        span(
            "wait.after-silence",
            wait.after_silence,
            usual.after_silence,
            "for so long after such a silence releases are `dormant`",
            "whoever took an account over releases soon, and an owner who came back goes on",
        ),
        span(
            "wait.publication-delay",
            wait.publication_delay,
            usual.publication_delay,
            "so late may an index show a release before its publish time counts as `backdated`",
            "an index is published minutes after the release; whoever could choose an earlier time would skip the \
             wait",
        ),
    ]
}

/// Which packages are read.
pub fn reading(policy: &Policy) -> Vec<Setting> {
    vec![Setting {
        key: "scan",
        value: policy.scan.as_str().to_owned(),
        choice: if policy.scan == Scan::default() { Choice::Default } else { Choice::Own },
        what: "`new`: the scanner reads releases that are held or younger than the ceiling, beside what they are compared \
               with; `off`: what releases can do is not known",
        why: Some(
            "what a takeover adds, a build script that reaches out or a program that it starts, stands in the package \
             itself; older releases were in the open for long",
        ),
    }]
}

/// How old facts may be.
pub fn freshness(policy: &Policy) -> Vec<Setting> {
    let (freshness, usual) = (&policy.freshness, crate::policy::Freshness::default());
    let span = |key, value: Span, usual: Span, what, why| Setting {
        key,
        value: if value == Span::ZERO { "any age".to_owned() } else { value.to_string() },
        choice: if value == usual { Choice::Default } else { Choice::Own },
        what,
        why: Some(why),
    };
    vec![
        span(
            "freshness.index",
            freshness.index,
            usual.index,
            "an index whose word is older than this is stale",
            "a takeover may yank, delete and publish within minutes",
        ),
        span(
            "freshness.feeds",
            freshness.feeds,
            usual.feeds,
            "a feed whose word is older than this is asked again by `cargo fence check`; a fence that serves asks by itself",
            "advisories come a few times a day, and asking costs their operators something",
        ),
        span(
            "freshness.limit",
            freshness.limit,
            usual.limit,
            "facts older than this are too old for `cargo fence check` to decide by",
            "any age is allowed unless the policy says otherwise, so that old tags still build",
        ),
    ]
}

/// What `check` does about releases in use. A fence that serves lets such releases through, and says so.
pub fn severities(policy: &Policy) -> Vec<Setting> {
    let severity = |key, value: Severity, what| Setting {
        key,
        value: value.as_str().to_owned(),
        choice: if value == Severity::default() { Choice::Default } else { Choice::Own },
        what,
        why: None,
    };
    vec![
        severity("vulnerable", policy.vulnerable, "a release in use has a known vulnerability"),
        severity("unsound", policy.unsound, "a release in use is unsound"),
        severity("unmaintained", policy.unmaintained, "nobody maintains a release in use"),
        severity("yanked", policy.yanked, "its publisher withdrew a release in use"),
        severity("newer-unapproved", policy.newer_unapproved, "newer compatible releases wait for approval"),
    ]
}
