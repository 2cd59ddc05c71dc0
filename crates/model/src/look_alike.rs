//! Names that are easily taken for others, and the better-known crates that they are taken for.
//!
//! [`close`] says how two names are close: by what a finger, an eye or a memory does to a name. It finds all that
//! crates.io's own check finds (the `typomania` crate with the configuration that crates.io gives it), and one
//! character too many, which that lacks.
//!
//! Close names are common among honest crates, so being close is no reason alone. [`KnownNames`] adds who is known:
//! for each name when its crate was born and how many *clusters* of other crates need it. A cluster stands for an
//! owner; where owners are not known, for a family of names ([`family`]). [`KnownNames::better_known`] then asks for
//! an older crate, close in name, with at least ten times the clusters. Downloads are never counted: they can be
//! bought. A crate that the better-known one itself needs is its *kin*, and no look-alike: who takes it for the
//! other gets what the other's owners chose.
//!
//! The list that is shipped has one crate to a line, sorted by name: its name, the day it was born, its clusters,
//! and its kin, if any, with spaces between them; parted by tabs. Lines that start with `#` say what the list is.
//!
//! ```text
//! # known names, with \t for a tab
//! jiff\t2024-02-17\t18\tjiff-core
//! proc-macro2\t2017-07-06\t145
//! ```

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::time::Time;

/// How many times the clusters of a crate the better-known one has at least, and so the fewest that make a crate
/// known. Of two names that are needed about equally often neither lives on the mistakes of those who mean the other.
pub const BETTER_KNOWN: u32 = 10;

/// Names of up to so many characters come from other honest ones by one more character (`cc` and `cbc`), and there
/// are too few of them to choose from.
const SHORT: usize = 3;

/// How one name is close to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Likeness {
    /// Separators, or upper and lower case, are all that differs.
    Separators,
    /// The number at the end is another, or only one of the two has a number there.
    Number,
    /// A character stands twice where the other has it once.
    Doubled,
    /// It has a character more than the other.
    Added,
    /// It has a character less than the other.
    Omitted,
    /// Two neighbouring characters are swapped.
    Swapped,
    /// Characters are replaced by some that look the same: `rn` for `m`, `vv` for `w`.
    Confusable,
    /// A character is replaced by one whose key lies beside it.
    Key,
    /// A character is replaced by one that differs in a single bit, as memory errors make them.
    BitFlip,
    /// A character is replaced by some other.
    Replaced,
    /// Its words are those of the other in another order.
    Words,
    /// It has a common first or last word that the other lacks, such as `rs`.
    AffixAdded,
    /// It lacks a common first or last word that the other has.
    AffixOmitted,
}

impl Likeness {
    /// How the first name comes from the second, in a few words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Separators => "other separators",
            Self::Number => "another number",
            Self::Doubled => "one character doubled",
            Self::Added => "one character added",
            Self::Omitted => "one character left out",
            Self::Swapped => "two characters swapped",
            Self::Confusable => "characters that look the same",
            Self::Key => "a key beside the right one",
            Self::BitFlip => "one bit flipped",
            Self::Replaced => "one character replaced",
            Self::Words => "words in another order",
            Self::AffixAdded => "a common affix added",
            Self::AffixOmitted => "a common affix left out",
        }
    }
}

impl fmt::Display for Likeness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How `name` is close to `other`; `None` if it is not, or if they are the same.
///
/// Crate names are ASCII; other text is compared byte by byte.
pub fn close(name: &str, other: &str) -> Option<Likeness> {
    if name == other {
        return None;
    }
    let (a, b) = (folded(name), folded(other));
    let (a, b) = (a.as_slice(), b.as_slice());
    if a.iter().filter(|byte| **byte != b'-').eq(b.iter().filter(|byte| **byte != b'-')) {
        return Some(Likeness::Separators);
    }
    if differ_in_number(a, b) {
        return Some(Likeness::Number);
    }
    one_edit(a, b)
        .or_else(|| confusable(a, b).then_some(Likeness::Confusable))
        .or_else(|| same_words(a, b).then_some(Likeness::Words))
        .or_else(|| has_affix(a, b).then_some(Likeness::AffixAdded))
        .or_else(|| has_affix(b, a).then_some(Likeness::AffixOmitted))
}

/// The family of a crate: the first word of its name. `windows_x86_64_msvc` and `windows-sys` are of `windows`.
pub fn family(name: &str) -> &str {
    name.split(['-', '_']).find(|word| !word.is_empty()).unwrap_or(name)
}

/// Counts for each package the families, other than its own, among its dependents. `edges` are pairs of dependent
/// and package, in any order and as often as they like.
pub fn clusters<'n>(edges: impl IntoIterator<Item = (&'n str, &'n str)>) -> BTreeMap<&'n str, u32> {
    let mut families: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (dependent, package) in edges {
        if family(dependent) != family(package) {
            families.entry(package).or_default().insert(family(dependent));
        }
    }
    families.into_iter().map(|(package, families)| (package, families.len() as u32)).collect()
}

/// Names, with what is known of their crates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownNames {
    /// Sorted by name.
    listed: Vec<Known>,
    /// The places of those of `listed` that others can be taken for, in order: they are few, and asked about often.
    famous: Vec<usize>,
    /// What an index at hand told, by name.
    seen: BTreeMap<Box<str>, Known>,
}

/// A crate that names are compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    name: Cow<'static, str>,
    born: Time,
    clusters: u32,
    letters: Letters,
    /// Crates with names close to its own that it needs.
    kin: Vec<Cow<'static, str>>,
}

/// The older and better-known crate that a name is close to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BetterKnown<'n> {
    /// Its name.
    pub name: &'n str,
    /// When its first release was published, at the latest.
    pub born: Time,
    /// How many clusters need it, at least.
    pub clusters: u32,
    /// How the name in question is close to its.
    pub likeness: Likeness,
}

/// Why a text is no list of known names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KnownNamesError {
    /// A line that is not a name, a day, a number and perhaps kin, parted by tabs.
    Line(usize),
    /// A line whose name does not come after that of the line before.
    Order(usize),
}

impl fmt::Display for KnownNamesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => {
                write!(f, "known names, line {line}: expected a name, a day and a number, parted by tabs")
            }
            Self::Order(line) => {
                write!(f, "known names, line {line}: the name does not come after the one before")
            }
        }
    }
}

impl std::error::Error for KnownNamesError {}

/// The list that is shipped, made by `cargo xtask known-names`.
const SHIPPED: &str = include_str!("../data/known-names.tsv");

impl KnownNames {
    /// The list that is shipped.
    pub fn shipped() -> Self {
        match Self::parse(SHIPPED) {
            Ok(names) => names,
            // It is compiled in, and a test reads it.
            Err(error) => panic!("the shipped list: {error}"),
        }
    }

    /// Reads a list of the form that the module's comment shows.
    ///
    /// # Errors
    /// The first line that is not of this form.
    pub fn parse(list: &'static str) -> Result<Self, KnownNamesError> {
        let mut listed: Vec<Known> = Vec::with_capacity(list.len() / 24);
        for (line, text) in (1..).zip(list.lines()).filter(|(_, text)| !text.starts_with('#')) {
            let known = || {
                let mut fields = text.split('\t');
                let (name, born, clusters) = (fields.next()?, fields.next()?, fields.next()?);
                let kin = fields.next().map_or_else(Vec::new, |kin| kin.split(' ').map(Cow::from).collect());
                let (born, clusters) = (born.parse().ok()?, clusters.parse().ok()?);
                let is_whole = fields.next().is_none() && crate::names::is_crate_name(name);
                is_whole.then(|| Known { name: name.into(), born, clusters, letters: Letters::of(name), kin })
            };
            let known = known().ok_or(KnownNamesError::Line(line))?;
            if listed.last().is_some_and(|last| last.name >= known.name) {
                return Err(KnownNamesError::Order(line));
            }
            listed.push(known);
        }
        let famous = (0..listed.len()).filter(|&at| listed[at].clusters >= BETTER_KNOWN).collect();
        Ok(Self { listed, famous, seen: BTreeMap::new() })
    }

    /// The names on the list, sorted.
    pub fn listed(&self) -> impl Iterator<Item = &str> {
        self.listed.iter().map(|known| &*known.name)
    }

    /// Adds a crate of an index at hand. What is known of a name already stays where it says more: the earlier
    /// birth and the greater number count, for two counts may be of the same dependents.
    ///
    /// Such a crate may be what others are taken for; it never clears itself, since whoever squats a name can
    /// publish ten dependents under ten names.
    pub fn see(&mut self, name: &str, born: Time, clusters: u32) {
        let known = match self.find(name) {
            Ok(at) => {
                if let Err(place) = self.famous.binary_search(&at)
                    && clusters >= BETTER_KNOWN
                {
                    self.famous.insert(place, at);
                }
                &mut self.listed[at]
            }
            Err(_) => self.seen.entry(name.into()).or_insert_with(|| Known {
                name: name.to_owned().into(),
                born,
                clusters,
                letters: Letters::of(name),
                kin: Vec::new(),
            }),
        };
        known.born = known.born.min(born);
        known.clusters = known.clusters.max(clusters);
    }

    /// Notes that the crate `name` needs `package`, which thereby is its kin.
    ///
    /// Only a release that is beyond doubt may vouch so: one that is not yanked and has been in the open for longer
    /// than any wait. Else who takes a crate over could let it vouch for its own look-alike.
    pub fn vouch(&mut self, name: &str, package: &str) {
        let known = match self.find(name) {
            Ok(at) => Some(&mut self.listed[at]),
            Err(_) => self.seen.get_mut(name),
        };
        if let Some(known) = known
            && close(package, name).is_some()
            && !known.kin.iter().any(|kin| kin == package)
        {
            known.kin.push(package.to_owned().into());
        }
    }

    /// The best-known of the crates to which `name` is close, and which were born before it and are needed by at
    /// least ten times as many clusters. Its own count is that of the list, or one.
    ///
    /// `born` is when the crate `name` was; where that is not known, all others count as older.
    pub fn better_known(&self, name: &str, born: Option<Time>) -> Option<BetterKnown<'_>> {
        let own = self.find(name).map_or(1, |at| self.listed[at].clusters.max(1));
        let letters = Letters::of(name);
        // Of a name with many words, another may have any part.
        let has_many_words = name.split(['-', '_']).count() > PERMUTED_WORDS;
        let mut best: Option<BetterKnown<'_>> = None;
        for known in self.famous.iter().map(|&at| &self.listed[at]).chain(self.seen.values()) {
            let is_better = known.clusters / BETTER_KNOWN >= own
                && known.clusters > best.map_or(0, |best| best.clusters)
                && born.is_none_or(|born| known.born < born)
                && (has_many_words || known.letters.may_be_close(letters));
            if is_better
                && let Some(likeness) = close(name, &known.name)
                && !(likeness == Likeness::Added && known.name.len() <= SHORT)
                && !known.kin.iter().any(|kin| kin == name)
            {
                let Known { born, clusters, .. } = *known;
                best = Some(BetterKnown { name: &known.name, born, clusters, likeness });
            }
        }
        best
    }

    fn find(&self, name: &str) -> Result<usize, usize> {
        self.listed.binary_search_by(|known| (*known.name).cmp(name))
    }
}

/// Which letters a name has, a bit for each: most pairs of names are told apart by this alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Letters(u32);

impl Letters {
    fn of(name: &str) -> Self {
        let letters = name.bytes().filter(u8::is_ascii_alphabetic);
        Self(letters.fold(0, |bits, byte| bits | 1 << (byte.to_ascii_lowercase() - b'a')))
    }

    /// Whether [`close`] may find names with these letters close: an affix brings up to four new ones, `rn` for `m`
    /// three, an edit two, all else none.
    fn may_be_close(self, other: Self) -> bool {
        (self.0 ^ other.0).count_ones() <= 4
    }
}

/// Words that crates often begin or end with and that say little, as in `foo-rs`: those that crates.io looks at.
const AFFIXES: [&str; 7] = ["api", "cli", "core", "lib", "rs", "rust", "sys"];

/// In lower case, and with one kind of separator: registries take names that differ in these for the same.
fn folded(name: &str) -> Vec<u8> {
    name.bytes().map(|byte| if byte == b'_' { b'-' } else { byte.to_ascii_lowercase() }).collect()
}

/// Whether one is the other with another number at its end, or none.
fn differ_in_number(a: &[u8], b: &[u8]) -> bool {
    let of_one_stem = |a: &[u8], b: &[u8]| a == b && !a.is_empty();
    let (a_bare, b_bare) = (without_number(a), without_number(b));
    let (a_stem, b_stem) = (without_separators(a_bare), without_separators(b_bare));
    of_one_stem(a_bare, b_bare)
        || of_one_stem(a_stem, b_stem)
        || of_one_stem(a_stem, b)
        || of_one_stem(b_stem, a)
}

/// Without the digits at the end.
fn without_number(name: &[u8]) -> &[u8] {
    let digits = name.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    &name[..name.len() - digits]
}

/// Without the separators at the end, but for one where there is nothing else: `_` is a name.
fn without_separators(name: &[u8]) -> &[u8] {
    let separators = name.iter().skip(1).rev().take_while(|byte| **byte == b'-').count();
    &name[..name.len() - separators]
}

/// One character more, less or other, or two neighbours swapped.
fn one_edit(a: &[u8], b: &[u8]) -> Option<Likeness> {
    let start = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let before = start.checked_sub(1).map(|before| a[before]);
    let (a, b) = (&a[start..], &b[start..]);
    let end = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    match (&a[..a.len() - end], &b[..b.len() - end]) {
        // Of a doubled character the first counts as equal, and the second is left over.
        ([more], []) if before == Some(*more) => Some(Likeness::Doubled),
        ([_], []) => Some(Likeness::Added),
        ([], [_]) => Some(Likeness::Omitted),
        ([a], [b]) if are_neighbouring_keys(*a, *b) => Some(Likeness::Key),
        ([a], [b]) if (a ^ b).is_power_of_two() => Some(Likeness::BitFlip),
        ([_], [_]) => Some(Likeness::Replaced),
        ([a, b], [c, d]) if a == d && b == c => Some(Likeness::Swapped),
        _ => None,
    }
}

/// Whether the keys lie side by side, in one row or in two, on the most common keyboard.
fn are_neighbouring_keys(a: u8, b: u8) -> bool {
    const ROWS: [&[u8]; 4] = [b"1234567890-", b"qwertyuiop", b"asdfghjkl", b"zxcvbnm"];
    let place =
        |key| ROWS.iter().enumerate().find_map(|(y, row)| Some((row.iter().position(|k| *k == key)?, y)));
    let (Some((ax, ay)), Some((bx, by))) = (place(a), place(b)) else { return false };
    match by as isize - ay as isize {
        0 => ax.abs_diff(bx) == 1,
        // Each row lies half a key to the right of the one above.
        1 => bx == ax || bx + 1 == ax,
        -1 => ax == bx || ax + 1 == bx,
        _ => false,
    }
}

/// Whether one is the other with an `m` or `w` drawn by two characters.
fn confusable(a: &[u8], b: &[u8]) -> bool {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    long.len() == short.len() + 1
        && (0..short.len()).any(|at| {
            let drawn: &[u8] = match short[at] {
                b'm' => b"rn",
                b'w' => b"vv",
                _ => return false,
            };
            long[..at] == short[..at] && long[at..at + 2] == *drawn && long[at + 2..] == short[at + 1..]
        })
}

/// How many words of a name crates.io's check permutes: of longer names it looks at so many of their words.
const PERMUTED_WORDS: usize = 5;

/// Whether `b` has the words of `a`, or [`PERMUTED_WORDS`] of its more, in any order.
fn same_words(a: &[u8], b: &[u8]) -> bool {
    let sorted = |name: &[u8]| {
        let mut words: Vec<Vec<u8>> = name.split(|byte| *byte == b'-').map(<[u8]>::to_vec).collect();
        words.sort_unstable();
        words
    };
    let (mut a, b) = (sorted(a), sorted(b));
    if a.len() > PERMUTED_WORDS && b.len() == PERMUTED_WORDS {
        let mut wanted = b.iter().peekable();
        a.retain(|word| wanted.next_if_eq(&word).is_some());
    }
    a == b
}

/// Whether `a` is `b` with a word of [`AFFIXES`] at its beginning or end.
fn has_affix(a: &[u8], b: &[u8]) -> bool {
    let is_affix = |word: &[u8]| AFFIXES.iter().any(|affix| affix.as_bytes() == word);
    a.strip_suffix(b).and_then(|word| word.strip_suffix(b"-")).is_some_and(is_affix)
        || a.strip_prefix(b).and_then(|word| word.strip_prefix(b"-")).is_some_and(is_affix)
}
