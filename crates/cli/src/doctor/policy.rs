//! The policy: whether it can do what it asks for, and what it lets in for a while.

use std::collections::BTreeMap;

use fence_client::snapshot::SourceKind;
use fence_model::facts::FeedState;
use fence_model::policy::{FeedRole, Policy};
use fence_model::words::help;
use fence_model::words::text::ahead;
use fence_model::{Level, Span};

use super::{Answer, Finding, Gravity, JudgedSeen, Seen, Spot, Wrong, while_silent};
use crate::render::text;

/// An exception that ends within this is told.
const ENDS_SOON: Span = Span::days(7);

/// How many releases are named; the others are counted.
const NAMED: usize = 5;

/// How many audits level high asks for.
const AUDITS_AT_HIGH: usize = 2;

pub(super) fn findings(seen: &Seen) -> Vec<Finding> {
    let project = &seen.project;
    let mut findings = Vec::new();
    match &project.policy {
        Err(wrong) => findings.push(
            Finding::new(
                "policy-invalid",
                Gravity::Broken,
                "fence.toml is no policy, so that nothing is judged by it",
            )
            .in_file(&project.policy_file, None)
            .wrong(wrong),
        ),
        Ok(policy) => {
            findings.extend(exceptions(policy, seen));
            findings.extend(reviewers(policy, seen));
        }
    }
    if !project.has_baseline {
        findings.push(
            Finding::new(
                "no-baseline",
                Gravity::Warning,
                "nothing says what was locked before there was a fence: fence.lock is missing",
            )
            .fix("record it", &["cargo fence init"]),
        );
    } else if !project.has_policy {
        findings.push(Finding::new(
            "no-policy",
            Gravity::Note,
            "there is no fence.toml: the default policy counts, level medium",
        ));
    }
    match &seen.judged {
        None => {}
        // Where nobody answers, that is the reason, and was told.
        Some(Err(_)) if matches!(seen.answer, Answer::Silent(_) | Answer::Denied(_)) => {}
        Some(Err(wrong)) => findings.push(undecided(wrong)),
        Some(Ok(judged)) => findings.extend(of_judged(judged, seen)),
    }
    findings
}

fn undecided(wrong: &Wrong) -> Finding {
    Finding::new("undecided", Gravity::Broken, "what is locked cannot be judged").wrong(wrong)
}

/// Exceptions that are over, or will be soon.
fn exceptions(policy: &Policy, seen: &Seen) -> Vec<Finding> {
    let lines = seen.project.exception_lines.iter().copied().chain(std::iter::repeat(None));
    let mut findings = Vec::new();
    for (exception, line) in policy.exceptions.iter().zip(lines) {
        let release = format!("{} {}", exception.name, exception.version);
        let finding = if exception.until <= seen.now {
            Finding::new(
                "exception-ended",
                Gravity::Warning,
                format!("the exception for {release} ended {}", text::ago(exception.until, seen.now)),
            )
            .fix("take it out, or make another one, for as long as it takes", &[])
        } else if exception.until - seen.now <= ENDS_SOON {
            Finding::new(
                "exception-ends",
                Gravity::Note,
                format!("the exception for {release} ends {}", ahead(exception.until, seen.now)),
            )
            .fix(
                "see what will be said of it then",
                &[&format!("cargo fence why {}@{}", exception.name, exception.version)],
            )
        } else {
            continue;
        };
        findings.push(finding.in_file(&seen.project.policy_file, line));
    }
    findings
}

/// Whether there is anybody who could review, where somebody has to.
fn reviewers(policy: &Policy, seen: &Seen) -> Option<Finding> {
    let feeds = policy.feeds.values().filter(|feed| feed.enabled);
    let voices: usize = feeds
        .map(|feed| match feed.role {
            FeedRole::Advisories | FeedRole::Dump => 0,
            FeedRole::Audits => 1,
            FeedRole::Crev => feed.trust.len(),
            FeedRole::Statements => feed.reviewers.len(),
        })
        .sum();
    let level = policy.strictest_level();
    let finding = if level == Level::High && voices < AUDITS_AT_HIGH {
        let what = format!(
            "level high asks for {AUDITS_AT_HIGH} independent audits of every release, and the policy knows {} who could give one: \
             only what is in fence.lock, or excepted, is admitted",
            match voices {
                0 => "nobody".to_owned(),
                n => format!("only {n}"),
            }
        );
        Finding::new("no-audits", Gravity::Warning, what)
    } else if level >= Level::Medium && voices == 0 {
        let what = "what needs a reviewer waits for an exception: the policy knows nobody whose audits count";
        Finding::new("no-reviewers", Gravity::Note, what)
    } else {
        return None;
    };
    let finding = match seen.project.has_policy {
        true => finding.in_file(&seen.project.policy_file, None),
        false => finding,
    };
    Some(finding.fix(
        "name sets of audits that you trust, in fence.toml",
        &["[feeds.NAME]", "role = \"audits\"", "file = \"https://…/audits.toml\""],
    ))
}

/// What the judgement of what is locked tells about the policy.
fn of_judged(judged: &JudgedSeen, seen: &Seen) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut unread = Vec::new();
    for age in &judged.ages {
        let name = text::harmless(&age.name);
        let as_of = age.as_of.map_or("never read".to_owned(), |time| format!("as of {time}"));
        let code = match (age.state, age.kind, age.as_of) {
            (FeedState::Current, ..) => continue,
            (FeedState::Stale | FeedState::Absent, SourceKind::Audits, None) => {
                unread.push(name);
                continue;
            }
            (FeedState::Stale, ..) => "feed-stale",
            (FeedState::Absent, ..) => "feed-absent",
            (FeedState::Invalid, ..) => "feed-invalid",
        };
        let what = format!(
            "{name} is {}, {as_of}: {} meanwhile",
            age.state.as_str(),
            while_silent(!age.kind.is_adverse())
        );
        findings.push(Finding::new(code, Gravity::Warning, what).fix("ask again", &["cargo fence update"]));
    }
    if !unread.is_empty() {
        let what = format!("audits that were never read count for nothing: {}", text::and(&unread));
        findings.push(
            Finding::new("feed-absent", Gravity::Warning, what).fix("ask again", &["cargo fence update"]),
        );
    }
    if !judged.problems.is_empty() {
        let mut finding =
            Finding::new("feed-problems", Gravity::Note, "not all that was read could be understood");
        finding.because.extend(judged.problems.iter().map(|problem| text::harmless(problem)));
        findings.push(finding);
    }
    for index in &judged.times_untold {
        let shown =
            fence_client::http::shown(index.trim_start_matches("registry+").trim_start_matches("sparse+"));
        let what = format!(
            "nobody vouches for publish times of {shown}: without a journal nothing from there gets older"
        );
        findings.push(
            Finding::new("times-untold", Gravity::Warning, what)
                .in_file(&seen.project.policy_file, None)
                .fix(
                    "say in fence.toml whether its times are believed, or that it is your own",
                    &["[[registries]]", "index = \"…\"", "treat = \"judged\"", "publish-times = \"trusted\""],
                ),
        );
    }
    if !judged.no_way_out.is_empty() {
        let names: Vec<String> = judged.no_way_out.iter().map(|(release, _)| release.to_string()).collect();
        let named = text::some(&names, NAMED);
        let what = format!("only an exception would ever admit what is locked: {named}");
        let mut finding = Finding::new("no-way-out", Gravity::Warning, what);
        if let Some((file, _)) = &seen.lockfile {
            let lines: BTreeMap<_, _> =
                judged.no_way_out.iter().take(NAMED).map(|(r, line)| (line, r)).collect();
            let spot = |line: &u32| Spot::File(file.clone(), usize::try_from(*line).ok());
            finding.places = lines.keys().map(|line| spot(line)).collect();
        }
        if let Some((release, _)) = judged.no_way_out.first() {
            let why = help::why(release);
            finding = finding.fix("see what stands against it, and what would change that", &[&why]);
        }
        findings.push(finding);
    } else if judged.refused > 0 {
        let what = format!(
            "the policy refuses {} of what is locked: a build that has to fetch it fails",
            text::count(judged.refused, "release")
        );
        findings.push(Finding::new("refused", Gravity::Warning, what).fix("see why", &["cargo fence check"]));
    }
    findings
}
