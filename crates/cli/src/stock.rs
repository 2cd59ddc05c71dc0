//! What cargo keeps, judged: which releases in its cache must not be built from there.
//!
//! Three things speak for themselves: what the policy blocks, bytes that are not those of the index, and unpacked
//! folders that are not what was in their package. What is only held is no finding: it was let in once, or came before
//! there was a fence. [`told`] brings together what was read ([`Examined`]), what the index shows ([`Shown`]) and the
//! judgement; nothing here reads anything.

use std::fmt;

use fence_client::cargo_cache::{Change, Examined, Unpacked};
use fence_model::decision::{Decision, Verdict};
use fence_model::words::{self, outlook};
use fence_model::{Code, CodeClass, Digest};

/// What the registry's index says of a release that cargo keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// It shows it, with this digest.
    As(Digest),
    /// It does not have it.
    Not,
    /// Nobody can tell: it could not be read, or not wholly.
    Unread,
}

/// Whose package it is, as far as the name of its folder tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// That of the registry whose facts judged it.
    Known,
    /// A registry that nobody names here; it was judged by the facts of crates.io.
    Unknown,
}

/// What one release in the cache comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// There is nothing to say against it.
    Sound,
    /// The policy would hold it; why, in a line.
    Held(String),
    /// It must not be built from.
    Bad(Vec<Charge>),
    /// Nobody can tell; why.
    Undecided(String),
    /// It comes from a registry that nobody names here, and no feed speaks against it.
    Unknown,
}

/// One thing that speaks against a release in the cache.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Charge {
    /// Against what.
    pub(crate) against: Against,
    /// Its stable name.
    pub(crate) code: ChargeCode,
    /// What was found, in a sentence that is fit for a terminal.
    pub(crate) sentence: String,
}

/// What is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Against {
    /// The release: its package, and what was unpacked of it.
    Release,
    /// The unpacked folder alone: cargo unpacks the package again.
    Unpacked,
}

/// The names of what is found: those of the judgement, and one that only a cache can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ChargeCode {
    /// A code that blocks.
    Code(Code),
    /// The unpacked folder is not what was in the package.
    UnpackedChanged,
}

impl fmt::Display for ChargeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => code.fmt(f),
            Self::UnpackedChanged => f.write_str("unpacked-changed"),
        }
    }
}

/// What is known about one release in the cache.
pub(crate) struct Known<'a> {
    pub(crate) examined: &'a Examined,
    pub(crate) origin: Origin,
    pub(crate) shown: Shown,
    /// The judgement of the release; none where it could not be judged.
    pub(crate) decision: Option<&'a Decision>,
    /// Why not, and why the index could not be read.
    pub(crate) because: &'a str,
}

/// What a release in the cache comes to.
pub(crate) fn told(known: &Known<'_>) -> Standing {
    let mut charges = charges(known);
    if !charges.is_empty() {
        // The gravest first; what differs keeps its order.
        charges.sort_by_key(|charge| (charge.against, charge.code));
        return Standing::Bad(charges);
    }
    if let Some(why) = unreadable(known.examined) {
        return Standing::Undecided(why);
    }
    match (known.origin, known.shown, known.decision) {
        (Origin::Unknown, Shown::As(digest), Some(decision)) if is_of(known.examined, digest) => {
            judged(decision)
        }
        (Origin::Unknown, ..) => Standing::Unknown,
        (Origin::Known, Shown::As(_) | Shown::Not, Some(decision)) => judged(decision),
        (Origin::Known, ..) => Standing::Undecided(known.because.to_owned()),
    }
}

fn judged(decision: &Decision) -> Standing {
    match decision.verdict {
        Verdict::Admit => Standing::Sound,
        Verdict::Hold => {
            let codes: Vec<String> = decision.standing_codes().iter().map(ToString::to_string).collect();
            Standing::Held(format!("{} ({})", outlook::label(decision), codes.join(", ")))
        }
        // Each reason that blocks was a charge already.
        Verdict::Block => Standing::Held(outlook::label(decision)),
    }
}

fn charges(known: &Known<'_>) -> Vec<Charge> {
    let Known { examined, origin, shown, decision, .. } = known;
    let mut charges = Vec::new();
    let mut release = |code, sentence| {
        charges.push(Charge { against: Against::Release, code: ChargeCode::Code(code), sentence });
    };
    let blocking = decision.iter().flat_map(|decision| &decision.reasons).filter(|reason| {
        let is_about_bytes = matches!(reason.code, Code::Deleted | Code::ChecksumChanged);
        // Another registry may well have a release of that name, with other bytes.
        reason.stands
            && reason.code.class() == CodeClass::Block
            && !(*origin == Origin::Unknown && is_about_bytes)
    });
    for reason in blocking {
        release(reason.code, words::sentence(reason));
    }
    match (shown, &examined.digest, origin) {
        (Shown::As(wanted), Some(Ok(found)), Origin::Known) if found != wanted => {
            let sentence = format!(
                "the package's bytes have digest {}, and the index names {}",
                found.short(),
                wanted.short()
            );
            release(Code::ChecksumChanged, sentence);
        }
        // Cargo downloads nothing that the index does not show: it was there once.
        (Shown::Not, _, Origin::Known) if !is_told_or_excused(*decision) => {
            release(Code::Deleted, "the index does not have it any more".to_owned());
        }
        _ => {}
    }
    if let Some(Unpacked::Different { differences, more }) = &examined.unpacked {
        let told = differences.iter().map(|difference| {
            let path = words::text::harmless(&difference.path);
            match difference.change {
                Change::Changed => format!("{path} is not as it was packed"),
                Change::Added => format!("{path} is not in the package"),
                Change::Missing => format!("{path} of the package is missing"),
            }
        });
        let rest = (*more > 0).then(|| format!("and {more} more files differ"));
        charges.extend(told.chain(rest).map(|sentence| Charge {
            against: Against::Unpacked,
            code: ChargeCode::UnpackedChanged,
            sentence,
        }));
    }
    charges
}

/// Whether a journal told that it was deleted, or the policy lets it in all the same: by an exception for `missing`, or
/// as a registry's of one's own.
fn is_told_or_excused(decision: Option<&Decision>) -> bool {
    decision.is_some_and(|decision| decision.has(Code::Deleted) || decision.verdict == Verdict::Admit)
}

/// Whether the package has this digest.
fn is_of(examined: &Examined, digest: Digest) -> bool {
    matches!(&examined.digest, Some(Ok(found)) if *found == digest)
}

/// Why something of it could not be read.
fn unreadable(examined: &Examined) -> Option<String> {
    if let Some(Err(why)) = &examined.digest {
        return Some(format!("the package cannot be read: {why}"));
    }
    match &examined.unpacked {
        Some(Unpacked::Uncompared(why)) => Some(format!("the unpacked folder cannot be compared: {why}")),
        // Whoever can change it can take the package away as well; and cargo builds from it all the same.
        Some(Unpacked::NothingToCompare) => Some(
            "there is no package to compare the unpacked folder with: remove the folder, and cargo downloads it again"
                .to_owned(),
        ),
        Some(Unpacked::Same | Unpacked::Different { .. }) | None => None,
    }
}

#[cfg(test)]
mod tests {
    use fence_client::cargo_cache::Difference;

    use super::*;

    const BYTES: Digest = Digest([7; 32]);
    const OTHERS: Digest = Digest([8; 32]);

    /// What is said of a release without a judgement of it.
    fn check(origin: Origin, shown: Shown, examined: Examined, expected: &str) {
        let because = "its index file could not be read";
        let known = Known { examined: &examined, origin, shown, decision: None, because };
        let told = match told(&known) {
            Standing::Sound => "sound".to_owned(),
            Standing::Held(why) => format!("held: {why}"),
            Standing::Undecided(why) => format!("undecided: {why}"),
            Standing::Unknown => "unknown".to_owned(),
            Standing::Bad(charges) => charges
                .iter()
                .map(|Charge { against, code, sentence }| format!("{against:?} {code}: {sentence}"))
                .collect::<Vec<_>>()
                .join("; "),
        };
        assert_eq!(told, expected, "{origin:?} {shown:?} {examined:?}");
    }

    fn package(digest: Digest) -> Examined {
        Examined { digest: Some(Ok(digest)), unpacked: Some(Unpacked::Same), bytes: 0 }
    }

    #[test]
    fn bytes_are_those_of_the_index_or_another_registry_s() {
        let changed = "Release checksum-changed: the package's bytes have digest 08080808, and the index names 07070707";
        check(Origin::Known, Shown::As(BYTES), package(OTHERS), changed);
        check(Origin::Unknown, Shown::As(BYTES), package(OTHERS), "unknown");
        check(Origin::Unknown, Shown::Not, package(BYTES), "unknown");
    }

    #[test]
    fn what_the_index_does_not_show_was_deleted_if_it_was_read() {
        let deleted = "Release deleted: the index does not have it any more";
        check(Origin::Known, Shown::Not, package(BYTES), deleted);
        check(Origin::Known, Shown::Unread, package(BYTES), "undecided: its index file could not be read");
    }

    #[test]
    fn what_cannot_be_read_is_undecided_and_what_was_changed_is_told_first() {
        let unread = Examined { digest: Some(Err("it is gone".to_owned())), ..package(BYTES) };
        check(Origin::Known, Shown::As(BYTES), unread, "undecided: the package cannot be read: it is gone");
        let uncompared = Unpacked::Uncompared("it is a bomb".to_owned());
        let told = "undecided: the unpacked folder cannot be compared: it is a bomb";
        check(
            Origin::Known,
            Shown::As(BYTES),
            Examined { unpacked: Some(uncompared), ..package(BYTES) },
            told,
        );
        let alone = Examined { digest: None, unpacked: Some(Unpacked::NothingToCompare), bytes: 0 };
        let told = "undecided: there is no package to compare the unpacked folder with: remove the folder, and cargo \
                    downloads it again";
        check(Origin::Known, Shown::As(BYTES), alone.clone(), told);
        check(Origin::Unknown, Shown::Unread, alone, told);
        let difference = |path: &str, change| Difference { path: path.to_owned(), change };
        let different = Unpacked::Different {
            differences: vec![
                difference("build.rs", Change::Added),
                difference("src/lib.rs", Change::Changed),
            ],
            more: 3,
        };
        check(
            Origin::Unknown,
            Shown::Unread,
            Examined { unpacked: Some(different), ..package(BYTES) },
            "Unpacked unpacked-changed: build.rs is not in the package; Unpacked unpacked-changed: src/lib.rs is not as it \
             was packed; Unpacked unpacked-changed: and 3 more files differ",
        );
    }
}
