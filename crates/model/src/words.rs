//! The wording that all programs share: one factual sentence per reason.
//!
//! Terminal, pages, proxies and machine formats say the same about the same reason. Nothing here decides, and the
//! judgement never calls it. Sentences are in lower case without a full stop, as they stand after `code: `.

use crate::decision::{Because, Need, Reason, Way, Witness};
use crate::facts::{DependencyKind, FeedState};
use crate::time::Time;

/// What was found, in one sentence.
pub fn sentence(reason: &Reason) -> String {
    match &reason.because {
        Because::Young { age, wait } => {
            format!("in the open for {}, {} are asked for", age.in_words(), wait.in_words())
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
        Because::DependencyAdded { package, kind } => {
            let of_kind = if *kind == DependencyKind::Build { "build dependency" } else { "dependency" };
            format!("new {of_kind} {package}")
        }
        Because::DependencyYoung { package, age } => {
            format!("new in this release, {package} was {} old when this was published", age.in_words())
        }
        Because::DependencyUnknown { package } => {
            format!("new in this release, {package} is not in the index at hand, so its age is not known")
        }
        Because::DependencyLookAlike { package, known_as, likeness } => {
            format!("new in this release, {package} looks like {known_as} ({likeness})")
        }
        Because::YankedTogether { first, last, count, at: Some(at) } => {
            format!("{count} older releases, {first} to {last}, were yanked around this one on {}", at.date())
        }
        Because::YankedTogether { first, last, count, at: None } => {
            format!(
                "the {count} newest older compatible releases, {first} to {last}, are yanked; since when is not known"
            )
        }
        Because::NameClose { known_as, likeness } => format!("looks like {known_as} ({likeness})"),
        Because::CrateYoung { born, age } => {
            format!("the crate is {} old, first published on {}", age.in_words(), born.date())
        }
        Because::Advisory { id, title, fixed_in, .. } => match fixed_in {
            Some(version) => format!("{id}: {title} (fixed in {version})"),
            None => format!("{id}: {title}"),
        },
        Because::RequirementRaised { package, requirement, id } => {
            format!("raises {package} to {requirement}, which fixes {id}; the index shows no other change")
        }
        Because::AuditViolation { origin, requirement } => {
            format!("{origin} says that {requirement} fails what is asked for")
        }
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
                .map(|chain| format!("{} ({})", chain.origins.join(" with "), chain.versions.join(" → ")))
                .collect();
            format!("audited by {}", chains.join(", and by "))
        }
        Because::PublisherVouched { publisher, origin, until } => {
            format!("{publisher}, vouched for by {origin} until {}", until.date())
        }
        Because::Recorded { recorded } => format!("locked when the fence was set up, on {}", recorded.date()),
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
        Because::Withdrawn { at: Some(at) } => format!("yanked by its publisher, seen on {}", at.date()),
        Because::Withdrawn { at: None } => "yanked by its publisher; since when is not known".to_owned(),
    }
}

fn feed_behind(feed: &str, state: FeedState, as_of: Option<Time>) -> String {
    match as_of {
        Some(as_of) => format!("{feed} is {} and speaks only up to {as_of}", state.as_str()),
        None => format!("{feed} was never read, so time does not count"),
    }
}

/// What a way out asks for, in a few words: `wait until 2026-09-03`, `one audit`, `an exception`.
pub fn way(way: &Way) -> String {
    let mut needs: Vec<String> = way
        .needs
        .iter()
        .filter_map(|need| match need {
            Need::Feed(_) => None,
            Need::Audits(1) => Some("one audit by a trusted set".to_owned()),
            Need::Audits(n) => Some(format!("{n} independent audits by trusted sets")),
            Need::Admitted { package, requirement } => {
                Some(format!("an admitted release of {package} {requirement}"))
            }
            Need::Exception(codes) => {
                let codes: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
                Some(format!("an exception for {}", codes.join(", ")))
            }
        })
        .collect();
    if way.is_wait() {
        needs.push(format!("wait until {}", way.earliest));
    } else if !way.is_override() {
        needs.push(format!("from {} on", way.earliest));
    }
    needs.join(", ")
}
