//! The wording that all programs share: one factual sentence per reason.
//!
//! Terminal, pages, proxies and machine formats say the same about the same reason. Nothing here decides, and the
//! judgement never calls it. Sentences are in lower case without a full stop, as they stand after `code: `.

pub mod help;
pub mod outlook;
pub mod policy;
pub mod quorum;
pub mod story;
pub mod text;

use crate::code::Code;
use crate::decision::{
    Approver, Because, Decision, Need, NewWay, ObjectionState, Objectors, Reason, Way, Witness,
};
use crate::facts::{DependencyKind, FeedState, Remark};
use crate::readings::{Copied, Finding, NewPanics};
use crate::time::{Span, Time};

/// How many names a line has before it counts the others.
const NAMES_IN_A_LINE: usize = 12;

/// How much of a comment a line has before it is cut.
const LONGEST_COMMENT: usize = 160;

/// `a, b, c and 4 more`.
pub fn line_of(names: &[String]) -> String {
    let more = names.len().saturating_sub(NAMES_IN_A_LINE);
    let named = names[..names.len() - more].join(", ");
    if more == 0 { named } else { format!("{named} and {more} more") }
}

/// What was found, in one sentence.
pub fn sentence(reason: &Reason) -> String {
    match &reason.because {
        Because::Young { age, wait } => {
            let wait = wait.in_words();
            let verb = if wait.starts_with("1 ") { "is" } else { "are" };
            format!("in the open for {}, {wait} {verb} asked for", age.in_words())
        }
        Because::AgeUnknown => "since when it is in the open is not known".to_owned(),
        Because::AuditsMissing { have } => format!(
            "level high asks for two independent audits; there {}",
            match have {
                0 => "is none".to_owned(),
                1 => "is one".to_owned(),
                n => format!("are {n}"),
            }
        ),
        Because::RequirementHeld { package, requirement } => {
            format!("needs {package} {requirement}, of which no release is admitted")
        }
        Because::FixHeld { in_use, advisories } => {
            format!("{in_use}, in use, is vulnerable ({}), and this release is not", advisories.join(", "))
        }
        Because::FeedBehind { feed, state, as_of } => feed_behind(feed, *state, *as_of),
        Because::Silence { length, ended } => {
            format!("no release for {} before {}", length.in_words(), ended.date())
        }
        Because::DependencyAdded { package, kind } => format!("new {} {package}", dependency(*kind)),
        Because::DependencyUnread { package, kind } => {
            format!("new {} {package}, of unknown age: its index file was not read", dependency(*kind))
        }
        Because::DependencyYoung { package, age } => {
            format!("new in this release, {package} was {} old when this was published", age.in_words())
        }
        Because::DependencyUntold { package } => {
            format!("new in this release, {package} counts as young: the index does not tell how old it is")
        }
        Because::DependencyNonexistent { package } => {
            format!("new in this release, {package} does not exist, and anybody may create it")
        }
        Because::DependencyLookAlike { package, known_as, likeness } => {
            format!("new in this release, {package} looks like {known_as} ({likeness})")
        }
        Because::YankedTogether { first, last, count, at } => {
            format!("{count} older releases, {first} to {last}, were yanked around this one on {}", at.date())
        }
        Because::YankedBelow { first, last, count, latest } => {
            let since = latest.map_or_else(
                || "; since when is not known".to_owned(),
                |latest| format!(", the last seen on {}", latest.date()),
            );
            format!("the {count} newest older compatible releases, {first} to {last}, are yanked{since}")
        }
        Because::NameClose { known_as, likeness } => format!("looks like {known_as} ({likeness})"),
        Because::CrateYoung { born, age } => {
            format!("the crate is {} old, first published on {}", age.in_words(), born.date())
        }
        Because::Advisory { id, also, title, fixed_in, .. } => {
            let fixed = fixed_in.as_ref().map(|version| format!(" (fixed in {version})")).unwrap_or_default();
            let also = if also.is_empty() { String::new() } else { format!(" (also {})", also.join(", ")) };
            format!("{id}{also}: {title}{fixed}")
        }
        Because::RequirementRaised { package, requirement, id } => {
            format!("raises {package} to {requirement}, which fixes {id}; the index shows no other change")
        }
        Because::AuditViolation { origin, requirement } => {
            format!("{origin} says that {requirement} fails what is asked for")
        }
        Because::Remarked { origin, remark } => match remark {
            Remark::Negative => format!("{origin} thinks badly of it, without calling it dangerous"),
            Remark::MachineReviewed => format!("{origin} had a machine review it, which found nothing bad"),
            Remark::MachineWarned => format!("{origin} had a machine review it, which thinks badly of it"),
        },
        Because::Vanished { first_seen: Some(first_seen), gone_at } => {
            format!("seen since {}, gone from the index since {}", first_seen, gone_at)
        }
        Because::Vanished { first_seen: None, gone_at } => format!("gone from the index since {gone_at}"),
        Because::DigestChanged { now, seen, by } => {
            let witness = match by {
                Witness::Journal => "first seen with",
                Witness::Lockfile => "locked with",
                Witness::Baseline => "recorded in the baseline with",
            };
            format!("the index names {}…, but it was {witness} {}…", now.short(), seen.short())
        }
        Because::DigestMissing => "the lockfile names no checksum for it".to_owned(),
        Because::DigestAmbiguous { one, other } if one == other => {
            "the index has two lines for it that do not agree".to_owned()
        }
        Because::DigestAmbiguous { one, other } => {
            format!("the index names two digests for it, {}… and {}…", one.short(), other.short())
        }
        Because::PublishedBefore { published, lacked_at } => {
            format!("claims to be published at {published}, but the index lacked it at {lacked_at}")
        }
        Because::YankTakenBack { yanked_at, unyanked_at } => {
            format!("yanked at {yanked_at} before it was ever admitted, back since {unyanked_at}")
        }
        Because::NameReused { count, gone_at } => {
            format!("all {count} earlier releases of this name vanished by {gone_at}")
        }
        Because::NotInIndex => "the index does not have it".to_owned(),
        Because::Source(source) => source.clone(),
        Because::Audits(chains) => {
            let chains: Vec<String> = chains
                .iter()
                .map(|chain| {
                    let (origins, versions) = (chain.origins.join(" with "), chain.versions.join(" → "));
                    let until = chain.until.map_or_else(String::new, |until| format!(" until {until}"));
                    let unbound = match chain.unbound.as_slice() {
                        [] => String::new(),
                        names if names == chain.origins => ", accounts unknown".to_owned(),
                        names => format!(", with unknown accounts of {}", line_of(names)),
                    };
                    let begins = chain.begins.as_ref();
                    let begins =
                        begins.map_or_else(String::new, |begins| format!("the change from {begins} to "));
                    format!("{origins} ({begins}{versions}{unbound}){until}")
                })
                .collect();
            format!("audited by {}", chains.join(", and by "))
        }
        Because::Approved { share, needed, who, until } => {
            let until = until.map_or_else(String::new, |until| format!(", until {until}"));
            format!(
                "approved by {share} of the weight of those who maintain dependents ({}), {needed} is asked for{until}",
                line_of(who)
            )
        }
        Because::PublisherNew { publisher, new: NewWay::Account, since } => {
            format!("published by {publisher}, whose first release of this crate is of {}", since.date())
        }
        Because::PublisherNew { publisher, new: NewWay::ByHand, since } => {
            format!(
                "published by hand, by {publisher}, where CI published before; first so on {}",
                since.date()
            )
        }
        Because::PublisherNew { publisher, new: NewWay::ByCi, since } => {
            format!("published by {publisher}, where people published before; first so on {}", since.date())
        }
        Because::PublisherKnown { publisher, since } => {
            format!("{publisher} published admitted releases of this crate since {}", since.date())
        }
        Because::Objected { weight, who, comment } => {
            let why = match weight {
                Objectors::Involved => "who is involved in it".to_owned(),
                Objectors::Reviewers => "reviewers of this policy".to_owned(),
                Objectors::Share(share) => {
                    format!("with {share} of the weight of those who maintain dependents")
                }
            };
            format!("{}, {why}, {}: {}", line_of(who), object(who.len()), first_line(comment))
        }
        Because::Objection { who, standing, comment } => {
            let comment = first_line(comment);
            let then = match standing {
                ObjectionState::Open(until) => format!("objects, which holds until {until}"),
                ObjectionState::Seconded => "objects, and was seconded".to_owned(),
                ObjectionState::Late => "objects, when it had been admitted already".to_owned(),
                ObjectionState::Lapsed => "objected, and nobody seconded it in time".to_owned(),
                ObjectionState::Answered => "objected, and others have looked since".to_owned(),
                ObjectionState::Muted => "objects, but let three objections lapse before".to_owned(),
                ObjectionState::Uncounted => {
                    "objects, neither as a reviewer nor as maintainer of a dependent".to_owned()
                }
            };
            format!("{who} {then}: {comment}")
        }
        Because::Revoked { keys, threshold, comment } => format!(
            "the security role took it out of use, with {} of {threshold} keys ({}): {}",
            keys.len(),
            line_of(keys),
            first_line(comment)
        ),
        Because::PublisherVouched { publisher, origin, until } => {
            format!("{publisher}, vouched for by {origin} until {}", until.date())
        }
        Because::Recorded { recorded } => format!("locked when the fence was set up, on {}", recorded.date()),
        Because::RecordedYoung { recorded } => {
            format!("locked when the fence was set up, on {}, younger than its wait then", recorded.date())
        }
        Because::RecordedTooEarly { recorded } => {
            format!(
                "the baseline's entry of {} is invalid: the release was published after it",
                recorded.date()
            )
        }
        Because::Excused { because, until, codes } => {
            let codes: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
            format!("{} until {}: {because}", codes.join(", "), until.date())
        }
        Because::CapabilityGained { capability, base } => {
            let before = base.as_ref().map_or_else(
                || "and all that came before is withdrawn".to_owned(),
                |base| format!("which {base} could not"),
            );
            format!("can {}, {before}", doing(capability))
        }
        Because::BuildCodeNew { base: Some(base) } => {
            format!("runs code where it is built, which {base} did not")
        }
        Because::BuildCodeNew { base: None } => {
            "runs code where it is built, and all that came before is withdrawn".to_owned()
        }
        Because::BuildCodeActs { functions, base } => {
            let since = base.as_ref().map_or_else(String::new, |base| format!(" or changed since {base}"));
            format!("what acts where it is built is new{since}: {}", line_of(functions))
        }
        Because::Found(Finding { code, severity, place }) => match place.as_str() {
            "" => format!("{code} ({severity}), which nobody has looked at"),
            place => format!("{code} ({severity}) at {place}, which nobody has looked at"),
        },
        Because::CopyOf(Copied { name, version, of_known, of_new }) => format!(
            "much like {name} {version}: {of_known} % of that is in it, {of_new} % of it is in that, whoever made them"
        ),
        Because::Unchanged { base } => format!("all that is built is as in {base}, but for the version"),
        Because::Unscanned { why: Some(why) } => format!("its package could not be read: {why}"),
        Because::Unscanned { why: None } => "its package has not been read yet".to_owned(),
        Because::Withdrawn { at: Some(at) } => format!("yanked by its publisher, seen on {}", at.date()),
        Because::Withdrawn { at: None } => "yanked by its publisher; since when is not known".to_owned(),
    }
}

/// As much of what somebody wrote as a line takes.
fn first_line(comment: &str) -> String {
    let line = comment.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    let mut short: String = line.chars().take(LONGEST_COMMENT).collect();
    if short.len() < line.len() || comment.trim().lines().nth(1).is_some() {
        short = format!("{} …", short.trim_end_matches(['.', ' ']));
    }
    short.trim_end_matches('.').to_owned()
}

fn object(people: usize) -> &'static str {
    if people == 1 { "objects" } else { "object" }
}

/// Where a release can panic and its base could not.
pub fn new_panics(panics: NewPanics) -> String {
    let NewPanics { places, from_input } = panics;
    let more = if places == 1 { "1 more place".to_owned() } else { format!("{places} more places") };
    match from_input {
        0 => format!("it can panic in {more}, none with a value from input"),
        _ => format!("it can panic in {more}, {from_input} with a value from input"),
    }
}

/// What somebody does who has a capability.
fn doing(capability: &str) -> String {
    match capability {
        "net" => "use the network".to_owned(),
        "process" => "start programs".to_owned(),
        "dynamic-load" => "load libraries while it runs".to_owned(),
        "build-time-exec" => "run code where it is built".to_owned(),
        "pre-main-exec" => "run before main".to_owned(),
        other => format!("do {other}"),
    }
}

/// What was found, in one sentence; of an age that a feed keeps from being counted also how much of it counts.
pub fn sentence_in(reason: &Reason, decision: &Decision, now: Time) -> String {
    let stopped = decision.reason(Code::ClockStopped).map(|stopped| &stopped.because);
    let (Because::Young { age, wait }, Some(Because::FeedBehind { feed, as_of, .. }), Some(opened)) =
        (&reason.because, stopped, decision.clock.opened)
    else {
        return sentence(reason);
    };
    let counts =
        if *age > Span::ZERO { format!("{} count", age.in_words()) } else { "nothing counts".to_owned() };
    let ends = as_of.map_or_else(|| "was never read".to_owned(), |as_of| format!("ends on {}", as_of.date()));
    format!(
        "in the open for {}, of which {counts}: {feed} {ends}; the wait is {}",
        (now - opened).in_words(),
        wait.in_words()
    )
}

fn dependency(kind: DependencyKind) -> &'static str {
    match kind {
        DependencyKind::Normal | DependencyKind::Dev => "dependency",
        DependencyKind::Build => "build dependency",
    }
}

fn feed_behind(feed: &str, state: FeedState, as_of: Option<Time>) -> String {
    match (as_of, state) {
        (None, _) => format!("{feed} was never read, so time does not count"),
        // Nothing went wrong: it is a copy that nobody brought up to date.
        (Some(as_of), FeedState::Current) => {
            format!("{feed} is as of {as_of}, and the clock stands still there")
        }
        (Some(as_of), FeedState::Stale | FeedState::Absent | FeedState::Invalid) => {
            format!("{feed} is {}, as of {as_of}, and the clock stands still there", state.as_str())
        }
    }
}

/// What a way out asks for at `now`, in a few words: `wait until 2026-09-03`, `one audit`, `an exception`.
pub fn way(way: &Way, now: Time) -> String {
    let mut needs: Vec<String> = way
        .needs
        .iter()
        .filter_map(|need| match need {
            Need::Feed(_) => None,
            Need::Audits(1) => Some("one audit by a trusted reviewer or set".to_owned()),
            Need::Audits(n) => Some(format!("{n} independent audits by trusted reviewers or sets")),
            Need::Quorum(approvers) => Some(approvals(approvers)),
            Need::Admitted { package, requirement } => {
                Some(format!("an admitted release of {package} {requirement}"))
            }
            Need::Exception(codes) => {
                let codes: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
                Some(format!("an exception for {}", codes.join(", ")))
            }
        })
        .collect();
    if way.earliest <= now {
        // No time is missing, but word of the feeds that stand still.
        let feeds: Vec<&str> = way.needs.iter().filter_map(feed).collect();
        if !feeds.is_empty() {
            needs.push(format!("{} as of {} or later", feeds.join(" and "), way.as_of));
        }
    } else if way.is_wait() {
        needs.push(format!("wait until {}", way.earliest));
    } else if !way.is_override() {
        needs.push(format!("from {} on", way.earliest));
    }
    needs.join(", ")
}

/// `approvals by 3 who maintain dependents: a, b, c`.
fn approvals(approvers: &[Approver]) -> String {
    let names: Vec<String> = approvers.iter().map(|by| by.name.clone()).collect();
    match names.as_slice() {
        [name] => format!("approval by {name}, who maintains a dependent"),
        names => format!("approvals by {} who maintain dependents: {}", names.len(), line_of(names)),
    }
}

fn feed(need: &Need) -> Option<&str> {
    match need {
        Need::Feed(name) => Some(name),
        Need::Audits(_) | Need::Quorum(_) | Need::Admitted { .. } | Need::Exception(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use semver::Version;

    use super::*;
    use crate::code::Effect;
    use crate::decision::Chain;
    use crate::facts::AdvisoryKind;
    use crate::names::Digest;
    use crate::quorum::Share;

    const AT: Time = Time::from_unix(1_787_000_000);

    fn say(because: Because) -> String {
        sentence(&Reason { code: Code::Young, effect: Effect::Note, stands: true, known: None, because })
    }

    fn text(text: &str) -> String {
        text.to_owned()
    }

    /// Every kind of reason, with what it tells left out where that changes the sentence.
    fn all() -> Vec<Because> {
        let (one, other) = (Digest([0x1a; 32]), Digest([0x2b; 32]));
        let advisory = |also: &[&str], fixed_in| Because::Advisory {
            also: also.iter().map(|id| text(id)).collect(),
            id: text("RUSTSEC-2026-0001"),
            kind: AdvisoryKind::Vulnerability,
            title: text("a title"),
            known: AT,
            fixed_in,
        };
        let added = |kind| Because::DependencyAdded { package: text("core"), kind };
        let changed = |by| Because::DigestChanged { now: one, seen: other, by };
        let behind = |state, as_of| Because::FeedBehind { feed: text("rustsec"), state, as_of };
        let below = |latest| Because::YankedBelow {
            first: Version::new(1, 0, 0),
            last: Version::new(1, 0, 4),
            count: 3,
            latest,
        };
        let chain = |origins: &[&str], versions: &[&str]| Chain {
            origins: origins.iter().map(|origin| text(origin)).collect(),
            versions: versions.iter().map(|version| text(version)).collect(),
            begins: None,
            known: AT,
            until: None,
            unbound: vec![],
        };
        let changed_since = Chain { begins: Some(text("1.0.0")), ..chain(&["mozilla"], &["1.1.0"]) };
        let signed = Chain {
            until: Some(AT),
            unbound: vec![text("ann@example.org")],
            ..chain(&["ann@example.org"], &["1.0.0"])
        };
        let objection = |standing| Because::Objection {
            who: text("bob@example.org"),
            standing,
            comment: text("It writes to the cache of others.\n\nSee build.rs."),
        };
        let objected = |weight, who: &[&str]| Because::Objected {
            weight,
            who: who.iter().map(|who| text(who)).collect(),
            comment: text("This release is not ours."),
        };
        let new = |new| Because::PublisherNew { publisher: text("user 7"), new, since: AT };
        let approved = |until| Because::Approved {
            share: Share::percent(34),
            needed: Share::percent(30),
            who: vec![text("ann"), text("bob"), text("cat"), text("dan")],
            until,
        };
        vec![
            Because::Young { age: Span::hours(5), wait: Span::days(7) },
            Because::Young { age: Span::hours(5), wait: Span::days(1) },
            Because::AgeUnknown,
            Because::AuditsMissing { have: 0 },
            Because::AuditsMissing { have: 1 },
            Because::RequirementHeld { package: text("core"), requirement: text("^1.2") },
            Because::FixHeld { in_use: Version::new(1, 0, 0), advisories: vec![text("A"), text("B")] },
            behind(FeedState::Current, Some(AT)),
            behind(FeedState::Stale, Some(AT)),
            behind(FeedState::Absent, None),
            Because::Silence { length: Span::days(704), ended: AT },
            added(DependencyKind::Normal),
            added(DependencyKind::Build),
            Because::DependencyYoung { package: text("core"), age: Span::hours(5) },
            Because::DependencyUnread { package: text("core"), kind: DependencyKind::Build },
            Because::DependencyUntold { package: text("core") },
            Because::DependencyNonexistent { package: text("core") },
            Because::DependencyLookAlike {
                package: text("cores"),
                known_as: text("core"),
                likeness: "a letter more",
            },
            Because::YankedTogether {
                first: Version::new(1, 0, 0),
                last: Version::new(1, 0, 4),
                count: 3,
                at: AT,
            },
            below(Some(AT)),
            below(None),
            Because::NameClose { known_as: text("core"), likeness: "a letter more" },
            Because::CrateYoung { born: AT, age: Span::days(3) },
            advisory(&[], None),
            advisory(&["GHSA-1", "MAL-1"], Some(Version::new(1, 0, 1))),
            Because::RequirementRaised { package: text("core"), requirement: text("^1.2"), id: text("A") },
            Because::AuditViolation { origin: text("mozilla"), requirement: text("=1.0.1") },
            Because::Remarked { origin: text("crev:ann@FYlr8YoY"), remark: Remark::Negative },
            Because::Remarked { origin: text("crev:ann@FYlr8YoY"), remark: Remark::MachineReviewed },
            Because::Remarked { origin: text("crev:ann@FYlr8YoY"), remark: Remark::MachineWarned },
            Because::Vanished { first_seen: Some(AT), gone_at: AT },
            Because::Vanished { first_seen: None, gone_at: AT },
            changed(Witness::Journal),
            changed(Witness::Lockfile),
            changed(Witness::Baseline),
            Because::DigestMissing,
            Because::DigestAmbiguous { one, other },
            Because::DigestAmbiguous { one, other: one },
            Because::PublishedBefore { published: AT, lacked_at: AT },
            Because::YankTakenBack { yanked_at: AT, unyanked_at: AT },
            Because::NameReused { count: 2, gone_at: AT },
            Because::NotInIndex,
            Because::Source(text("git https://git.example/tidy at aaaa")),
            Because::Audits(vec![chain(&["mozilla"], &["1.0.0"]), chain(&["a", "b"], &["0.9.0", "1.0.0"])]),
            Because::Audits(vec![changed_since]),
            Because::Audits(vec![signed]),
            approved(None),
            approved(Some(AT)),
            new(NewWay::Account),
            new(NewWay::ByHand),
            new(NewWay::ByCi),
            Because::PublisherKnown { publisher: text("CI of github:a/b"), since: AT },
            objected(Objectors::Involved, &["ann@example.org"]),
            objected(Objectors::Reviewers, &["ann@example.org", "bob@example.org"]),
            objected(Objectors::Share(Share::percent(12)), &["ann@example.org", "bob@example.org"]),
            objection(ObjectionState::Open(AT)),
            objection(ObjectionState::Seconded),
            objection(ObjectionState::Late),
            objection(ObjectionState::Lapsed),
            objection(ObjectionState::Answered),
            objection(ObjectionState::Muted),
            objection(ObjectionState::Uncounted),
            Because::Revoked {
                keys: vec![text("SHA256:one"), text("SHA256:two")],
                threshold: 2,
                comment: text("It steals keys."),
            },
            Because::PublisherVouched { publisher: text("user 7"), origin: text("mozilla"), until: AT },
            Because::Recorded { recorded: AT },
            Because::RecordedYoung { recorded: AT },
            Because::RecordedTooEarly { recorded: AT },
            Because::Excused {
                because: text("it is ours"),
                until: AT,
                codes: vec![Code::Young, Code::Deleted],
            },
            Because::CapabilityGained { capability: text("net"), base: Some(Version::new(1, 0, 0)) },
            Because::CapabilityGained { capability: text("asm"), base: Some(Version::new(1, 0, 0)) },
            Because::CapabilityGained { capability: text("net"), base: None },
            Because::BuildCodeNew { base: Some(Version::new(1, 0, 0)) },
            Because::BuildCodeNew { base: None },
            Because::BuildCodeActs {
                functions: vec![text("main in build.rs")],
                base: Some(Version::new(1, 0, 0)),
            },
            Because::Found(Finding {
                code: text("fetch-and-run"),
                severity: text("high"),
                place: text("build.rs:12"),
            }),
            Because::Found(Finding { code: text("scanner-failed"), severity: text("high"), place: text("") }),
            Because::CopyOf(Copied {
                name: text("paste"),
                version: text("1.0.15"),
                of_known: 94,
                of_new: 88,
            }),
            Because::Unchanged { base: Version::new(1, 0, 0) },
            Because::Unscanned { why: None },
            Because::Unscanned { why: Some(text("there is no network")) },
            Because::Withdrawn { at: Some(AT) },
            Because::Withdrawn { at: None },
        ]
    }

    #[test]
    fn every_reason_has_a_sentence() {
        let sentences: Vec<String> = all().into_iter().map(say).collect();
        insta::assert_snapshot!(sentences.join("\n"), @"
        in the open for 5 hours, 7 days are asked for
        in the open for 5 hours, 1 day is asked for
        since when it is in the open is not known
        level high asks for two independent audits; there is none
        level high asks for two independent audits; there is one
        needs core ^1.2, of which no release is admitted
        1.0.0, in use, is vulnerable (A, B), and this release is not
        rustsec is as of 2026-08-17T20:53:20Z, and the clock stands still there
        rustsec is stale, as of 2026-08-17T20:53:20Z, and the clock stands still there
        rustsec was never read, so time does not count
        no release for 704 days before 2026-08-17
        new dependency core
        new build dependency core
        new in this release, core was 5 hours old when this was published
        new build dependency core, of unknown age: its index file was not read
        new in this release, core counts as young: the index does not tell how old it is
        new in this release, core does not exist, and anybody may create it
        new in this release, cores looks like core (a letter more)
        3 older releases, 1.0.0 to 1.0.4, were yanked around this one on 2026-08-17
        the 3 newest older compatible releases, 1.0.0 to 1.0.4, are yanked, the last seen on 2026-08-17
        the 3 newest older compatible releases, 1.0.0 to 1.0.4, are yanked; since when is not known
        looks like core (a letter more)
        the crate is 3 days old, first published on 2026-08-17
        RUSTSEC-2026-0001: a title
        RUSTSEC-2026-0001 (also GHSA-1, MAL-1): a title (fixed in 1.0.1)
        raises core to ^1.2, which fixes A; the index shows no other change
        mozilla says that =1.0.1 fails what is asked for
        crev:ann@FYlr8YoY thinks badly of it, without calling it dangerous
        crev:ann@FYlr8YoY had a machine review it, which found nothing bad
        crev:ann@FYlr8YoY had a machine review it, which thinks badly of it
        seen since 2026-08-17T20:53:20Z, gone from the index since 2026-08-17T20:53:20Z
        gone from the index since 2026-08-17T20:53:20Z
        the index names 1a1a1a1a…, but it was first seen with 2b2b2b2b…
        the index names 1a1a1a1a…, but it was locked with 2b2b2b2b…
        the index names 1a1a1a1a…, but it was recorded in the baseline with 2b2b2b2b…
        the lockfile names no checksum for it
        the index names two digests for it, 1a1a1a1a… and 2b2b2b2b…
        the index has two lines for it that do not agree
        claims to be published at 2026-08-17T20:53:20Z, but the index lacked it at 2026-08-17T20:53:20Z
        yanked at 2026-08-17T20:53:20Z before it was ever admitted, back since 2026-08-17T20:53:20Z
        all 2 earlier releases of this name vanished by 2026-08-17T20:53:20Z
        the index does not have it
        git https://git.example/tidy at aaaa
        audited by mozilla (1.0.0), and by a with b (0.9.0 → 1.0.0)
        audited by mozilla (the change from 1.0.0 to 1.1.0)
        audited by ann@example.org (1.0.0, accounts unknown) until 2026-08-17T20:53:20Z
        approved by 34 % of the weight of those who maintain dependents (ann, bob, cat, dan), 30 % is asked for
        approved by 34 % of the weight of those who maintain dependents (ann, bob, cat, dan), 30 % is asked for, until 2026-08-17T20:53:20Z
        published by user 7, whose first release of this crate is of 2026-08-17
        published by hand, by user 7, where CI published before; first so on 2026-08-17
        published by user 7, where people published before; first so on 2026-08-17
        CI of github:a/b published admitted releases of this crate since 2026-08-17
        ann@example.org, who is involved in it, objects: This release is not ours
        ann@example.org, bob@example.org, reviewers of this policy, object: This release is not ours
        ann@example.org, bob@example.org, with 12 % of the weight of those who maintain dependents, object: This release is not ours
        bob@example.org objects, which holds until 2026-08-17T20:53:20Z: It writes to the cache of others …
        bob@example.org objects, and was seconded: It writes to the cache of others …
        bob@example.org objects, when it had been admitted already: It writes to the cache of others …
        bob@example.org objected, and nobody seconded it in time: It writes to the cache of others …
        bob@example.org objected, and others have looked since: It writes to the cache of others …
        bob@example.org objects, but let three objections lapse before: It writes to the cache of others …
        bob@example.org objects, neither as a reviewer nor as maintainer of a dependent: It writes to the cache of others …
        the security role took it out of use, with 2 of 2 keys (SHA256:one, SHA256:two): It steals keys
        user 7, vouched for by mozilla until 2026-08-17
        locked when the fence was set up, on 2026-08-17
        locked when the fence was set up, on 2026-08-17, younger than its wait then
        the baseline's entry of 2026-08-17 is invalid: the release was published after it
        young, deleted until 2026-08-17: it is ours
        can use the network, which 1.0.0 could not
        can do asm, which 1.0.0 could not
        can use the network, and all that came before is withdrawn
        runs code where it is built, which 1.0.0 did not
        runs code where it is built, and all that came before is withdrawn
        what acts where it is built is new or changed since 1.0.0: main in build.rs
        fetch-and-run (high) at build.rs:12, which nobody has looked at
        scanner-failed (high), which nobody has looked at
        much like paste 1.0.15: 94 % of that is in it, 88 % of it is in that, whoever made them
        all that is built is as in 1.0.0, but for the version
        its package has not been read yet
        its package could not be read: there is no network
        yanked by its publisher, seen on 2026-08-17
        yanked by its publisher; since when is not known
        ");
        for sentence in &sentences {
            assert!(!sentence.ends_with('.') && !sentence.contains('\n'), "{sentence}");
        }
    }

    #[test]
    fn every_way_has_words() {
        let (before, after) = (AT - Span::days(1), AT + Span::days(1));
        let way_of = |needs| way(&Way { needs, earliest: AT, as_of: AT }, before);
        let way_now = |needs| way(&Way { needs, earliest: AT, as_of: AT }, after);
        let admitted = Need::Admitted { package: text("core"), requirement: text("^1.2") };
        let by = |name: &str| Approver { name: text(name), signer: text(name), share: Share::percent(10) };
        let ways = [
            way_of(vec![Need::Quorum(vec![by("ann")])]),
            way_of(vec![Need::Quorum(vec![by("ann"), by("bob"), by("cat")])]),
            way_of(vec![]),
            way_of(vec![Need::Feed(text("rustsec"))]),
            way_of(vec![Need::Audits(1)]),
            way_of(vec![admitted.clone(), Need::Audits(2), Need::Feed(text("rustsec"))]),
            way_of(vec![admitted.clone()]),
            way_of(vec![Need::Exception(vec![Code::Young, Code::LookAlike])]),
            way_now(vec![Need::Feed(text("index")), Need::Feed(text("rustsec"))]),
            way_now(vec![admitted, Need::Audits(2), Need::Feed(text("rustsec"))]),
            way_now(vec![Need::Audits(1)]),
            way_now(vec![Need::Exception(vec![Code::Young])]),
        ];
        insta::assert_snapshot!(ways.join("\n"), @"
        approval by ann, who maintains a dependent, from 2026-08-17T20:53:20Z on
        approvals by 3 who maintain dependents: ann, bob, cat, from 2026-08-17T20:53:20Z on
        wait until 2026-08-17T20:53:20Z
        wait until 2026-08-17T20:53:20Z
        one audit by a trusted reviewer or set, from 2026-08-17T20:53:20Z on
        an admitted release of core ^1.2, 2 independent audits by trusted reviewers or sets, from 2026-08-17T20:53:20Z on
        an admitted release of core ^1.2, from 2026-08-17T20:53:20Z on
        an exception for young, look-alike
        index and rustsec as of 2026-08-17T20:53:20Z or later
        an admitted release of core ^1.2, 2 independent audits by trusted reviewers or sets, rustsec as of 2026-08-17T20:53:20Z or later
        one audit by a trusted reviewer or set
        an exception for young
        ");
    }
}
