//! How much of one package's code is the code of another, whatever its names are.
//!
//! A [`Fingerprint`] has a number for every 20 tokens in a row of a function, a macro or an item. Names, literals,
//! lifetimes, comments, attributes, imports, visibility and formatting leave no trace in it, and neither does the order of
//! items. Tests, examples and benchmarks do not count.
//!
//! Of a known package a [`FingerprintSet`] keeps the smallest [`SKETCH`] numbers, which are a fair draw of all of them: the
//! share of these that a new package has is the share of the known code that it has. What the crates of [`COMMON`] families
//! have is nobody's own (`fmt`, builders, what macros of a time looked like), and counts nowhere.
//!
//! What is measured has an error: of 256 numbers drawn, 3 in 100 at worst (one standard deviation). Code that hardly has
//! functions, such as bindings and tables, has too few numbers to be compared, see [`FEWEST`].

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use crate::lex::{Kind, Token, lex};
use crate::manifest::Manifest;
use crate::names::Code;
use crate::package::Package;
use crate::report::Place;
use crate::scan::Scan;
use crate::source::UnitKind;

mod set;

pub use set::{FingerprintSet, Known, SetProblem};

/// Tokens that one number stands for. A smaller change leaves more of the rest alike; a larger number tells more apart.
const GRAM: usize = 20;
/// The fewest tokens of a function that has a number at all.
const SHORTEST: usize = 12;
/// Numbers that a set keeps of a package.
pub const SKETCH: usize = 256;
/// In how many families of crates code is nobody's own. A family are crates whose names begin with the same word.
pub const COMMON: usize = 5;
/// Fewer numbers than these tell nothing of a package.
pub const FEWEST: usize = 24;

/// The code of a package, as numbers: sorted, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fingerprint {
    grams: Vec<u32>,
}

/// How much two packages have of each other, each from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shares {
    /// The share of the known package's code that the new one has.
    pub of_known: f64,
    /// The share of the new package's code that the known one has.
    pub of_new: f64,
    /// What both have, as a share of what either has.
    pub both: f64,
}

impl Shares {
    /// Of three counts: what both have, what the known one has, and what the new one has; none where these are too few.
    fn of(both: usize, known: usize, new: usize) -> Self {
        // A share of fewer is chance: of a small package's numbers few lie where a large one's are kept.
        let share = |of: usize| if of < FEWEST { 0.0 } else { both as f64 / of as f64 };
        Self { of_known: share(known), of_new: share(new), both: share(known + new - both) }
    }

    /// What the two are to each other; nothing where they are not alike.
    pub fn relation(self) -> Option<Relation> {
        if self.both >= 0.3 || (self.of_known >= 0.5 && self.of_new >= 0.35) {
            Some(Relation::Copy)
        } else if self.of_known >= 0.5 {
            Some(Relation::Holds)
        } else if self.of_new >= 0.5 {
            Some(Relation::Part)
        } else {
            None
        }
    }
}

/// What a new package is to a known one whose code it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// Most of both is the same.
    Copy,
    /// It has most of the known one's code, and much beside.
    Holds,
    /// Most of it is a part of the known one's code.
    Part,
}

/// A known package whose code a new one has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Alike {
    /// The known crate.
    pub name: String,
    /// The release of it that was compared.
    pub version: String,
    /// What the new package is to it.
    pub relation: Relation,
    /// How much of the known package's code the new one has, in percent.
    pub of_known: u8,
    /// How much of the new package's code the known one has, in percent.
    pub of_new: u8,
}

/// The packages of `set` whose code a package has, the most alike first; its own crate is none of them.
pub fn alike(new: &Scan<'_>, set: &FingerprintSet) -> Vec<Alike> {
    let percent = |share: f64| (share * 100.0).round() as u8;
    let alike = set.alike(&Fingerprint::of_code(&new.code)).into_iter().filter_map(|(known, shares)| {
        Some(Alike {
            name: known.name.clone(),
            version: known.version.clone(),
            relation: shares.relation().filter(|_| known.name != new.manifest.name)?,
            of_known: percent(shares.of_known),
            of_new: percent(shares.of_new),
        })
    });
    alike.collect()
}

/// The packages of `set` that the newer of two packages is a copy of, and the older was not. The older's own crate is none, and
/// what is in the set itself is nobody's copy.
pub fn newly_copied(old: &Scan<'_>, new: &Scan<'_>, set: &FingerprintSet) -> Vec<Alike> {
    if set.has(&new.manifest.name) {
        return Vec::new();
    }
    let mut copied = alike(new, set);
    copied.retain(|of| of.relation == Relation::Copy && of.name != old.manifest.name);
    if !copied.is_empty() {
        let before = alike(old, set);
        copied.retain(|of| !before.iter().any(|was| was.name == of.name && was.relation == Relation::Copy));
    }
    copied
}

impl Fingerprint {
    /// The fingerprint of a package.
    pub fn of(package: &Package) -> Self {
        Self::of_code(&read(package))
    }

    fn of_code(code: &Code<'_>) -> Self {
        let mut grams = FxHashSet::default();
        pieces(code, |_, tokens| {
            each_gram(tokens, |gram| {
                grams.insert(gram);
            });
        });
        let mut grams: Vec<u32> = grams.into_iter().collect();
        grams.sort_unstable();
        Self { grams }
    }

    /// How many numbers it has.
    pub fn len(&self) -> usize {
        self.grams.len()
    }

    /// Whether nothing of the package has a number.
    pub fn is_empty(&self) -> bool {
        self.grams.is_empty()
    }
}

/// The functions and macros of a package that are not a known one's, in their order: less than half of what they have is in it.
///
/// Functions of fewer than 12 tokens are left out.
pub fn own_functions(new: &Package, known: &Fingerprint) -> Vec<String> {
    let mut own = Vec::new();
    pieces(&read(new), |name, tokens| {
        let (mut all, mut shared) = (0_usize, 0_usize);
        each_gram(tokens, |gram| {
            all += 1;
            shared += usize::from(known.grams.binary_search(&gram).is_ok());
        });
        if !name.is_empty() && shared * 2 < all {
            own.push(name.to_owned());
        }
    });
    let mut seen = FxHashSet::default();
    own.retain(|name| seen.insert(name.clone()));
    own
}

fn read(package: &Package) -> Code<'_> {
    let text = package.file("Cargo.toml").map(String::from_utf8_lossy);
    let manifest = text.and_then(|text| Manifest::parse(&text).ok()).unwrap_or_default();
    Code::read(package, &manifest)
}

/// Gives the tokens of each function, macro, constant and item, with its name, without tests.
fn pieces(code: &Code<'_>, mut piece: impl FnMut(&str, &[u8])) {
    let mut tokens = Vec::new();
    for part in code.parts.iter().filter(|part| part.places.gravest() != Place::Tests) {
        let units = &part.source.units;
        let mut order: Vec<u32> =
            (0..units.len() as u32).filter(|unit| units[*unit as usize].kind != UnitKind::File).collect();
        order.sort_by_key(|unit| (units[*unit as usize].start, std::cmp::Reverse(units[*unit as usize].end)));
        lex(part.source.text, &mut tokens);
        let mut left = order.into_iter().peekable();
        // The units around a token, the innermost last, with what was read of each; at the bottom lies the file.
        let mut open: Vec<(Option<u32>, Vec<u8>)> = vec![(None, Vec::new())];
        let mut close = |unit: Option<u32>, tokens: &[u8]| match unit {
            None => piece("", tokens),
            Some(unit) if units[unit as usize].is_test => {}
            Some(unit) => piece(&code.function_name(part.first_unit + unit), tokens),
        };
        normalised(part.source.text, &tokens, |at, symbol| {
            while open.last().and_then(|(unit, _)| *unit).is_some_and(|unit| units[unit as usize].end <= at) {
                if let Some((unit, tokens)) = open.pop() {
                    close(unit, &tokens);
                }
            }
            while let Some(unit) = left.next_if(|unit| units[*unit as usize].start <= at) {
                if units[unit as usize].end > at {
                    if let Some((None, tokens)) = open.last_mut() {
                        close(None, tokens);
                        tokens.clear();
                    }
                    open.push((Some(unit), Vec::new()));
                }
            }
            if let Some((unit, tokens)) = open.last_mut() {
                tokens.push(symbol);
                // Beside functions each item is a piece, so that their order does not count.
                if unit.is_none() && matches!(symbol, b';' | b'}') {
                    close(None, tokens);
                    tokens.clear();
                }
            }
        });
        while let Some((unit, tokens)) = open.pop() {
            close(unit, &tokens);
        }
    }
}

const NAME: u8 = 1;
const LITERAL: u8 = 2;
/// Keywords have the numbers from here on.
const KEYWORDS: u8 = 128;

/// Those that change what code does, or how it is made; `pub` and what is a name's part are not among them.
const KEPT: [&[u8]; 31] = [
    b"as",
    b"async",
    b"await",
    b"break",
    b"const",
    b"continue",
    b"dyn",
    b"else",
    b"enum",
    b"extern",
    b"fn",
    b"for",
    b"if",
    b"impl",
    b"in",
    b"let",
    b"loop",
    b"match",
    b"mod",
    b"move",
    b"mut",
    b"ref",
    b"return",
    b"self",
    b"static",
    b"struct",
    b"trait",
    b"type",
    b"unsafe",
    b"where",
    b"while",
];

/// Gives each token that counts as a symbol, with the place where it begins.
fn normalised(text: &[u8], tokens: &[Token], mut symbol: impl FnMut(u32, u8)) {
    let is = |at: usize, byte: u8| tokens.get(at).is_some_and(|token: &Token| token.is(byte));
    let mut last = b';';
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let found = match token.kind {
            Kind::Lifetime => {
                at += usize::from(is(at + 1, b',') || is(at + 1, b':'));
                None
            }
            Kind::Ident => match token.text(text) {
                b"pub" => {
                    if is(at + 1, b'(') {
                        at = end_of_brackets(tokens, at + 1);
                    }
                    None
                }
                b"use" if matches!(last, b';' | b'{' | b'}') => {
                    while at < tokens.len() && !is(at, b';') {
                        at += 1;
                    }
                    None
                }
                b"true" | b"false" => Some(LITERAL),
                b"_" => Some(b'_'),
                word => match KEPT.iter().position(|kept| *kept == word) {
                    Some(number) => Some(KEYWORDS + number as u8),
                    // A path is one name, however much of it is imported.
                    None if last == NAME => None,
                    None => Some(NAME),
                },
            },
            Kind::Punct | Kind::Open | Kind::Close => match token.first {
                b'<' if lifetimes_end(tokens, at).is_some() => {
                    at = lifetimes_end(tokens, at).unwrap_or(at);
                    None
                }
                b'#' if is(at + 1, b'[') => {
                    at = end_of_brackets(tokens, at + 1);
                    None
                }
                b'#' if is(at + 1, b'!') && is(at + 2, b'[') => {
                    at = end_of_brackets(tokens, at + 2);
                    None
                }
                b':' if is(at + 1, b':') => {
                    at += 1;
                    None
                }
                b',' if tokens.get(at + 1).is_some_and(|next| next.kind == Kind::Close) => None,
                byte => Some(byte & 0x7f),
            },
            _ => Some(LITERAL),
        };
        if let Some(found) = found {
            symbol(token.start, found);
            last = found;
        }
        at += 1;
    }
}

/// Where `<'a, 'b: 'a>` ends, which has lifetimes alone.
fn lifetimes_end(tokens: &[Token], at: usize) -> Option<usize> {
    let is_of_lifetimes = |token: &&Token| {
        token.kind == Kind::Lifetime || [b',', b':', b'+'].iter().any(|byte| token.is(*byte))
    };
    let end = at + 1 + tokens[at + 1..].iter().take_while(is_of_lifetimes).count();
    (end > at + 1 && tokens.get(end).is_some_and(|token| token.is(b'>'))).then_some(end)
}

/// The bracket that closes the one at `at`; the last token where none does.
fn end_of_brackets(tokens: &[Token], at: usize) -> usize {
    let mut depth = 0_usize;
    for (number, token) in tokens.iter().enumerate().skip(at) {
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return number;
                }
            }
            _ => {}
        }
    }
    tokens.len()
}

/// The numbers of all runs of tokens, of a short piece that of the whole.
fn each_gram(tokens: &[u8], mut gram: impl FnMut(u32)) {
    const BASE: u64 = 0x9e37_79b9_7f4a_7c15;
    /// What the first of a run weighs when the next is taken in.
    const FIRST: u64 = {
        let mut weight = 1_u64;
        let mut step = 0;
        while step < GRAM {
            weight = weight.wrapping_mul(BASE);
            step += 1;
        }
        weight
    };
    let with = |hash: u64, token: u8| hash.wrapping_mul(BASE).wrapping_add(u64::from(token) + 1);
    if tokens.len() < SHORTEST {
        return;
    }
    let (head, rest) = tokens.split_at(tokens.len().min(GRAM));
    let mut hash = head.iter().fold(0, |hash, token| with(hash, *token));
    gram(mixed(hash));
    for (gone, token) in tokens.iter().zip(rest) {
        hash = with(hash, *token).wrapping_sub(FIRST.wrapping_mul(u64::from(*gone) + 1));
        gram(mixed(hash));
    }
}

/// Spreads a hash evenly, so that the smallest numbers are a fair draw.
fn mixed(hash: u64) -> u32 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (hash >> 32) as u32
}

/// A family of crates: those whose names begin with the same word.
fn family(name: &str) -> &str {
    name.split(['-', '_']).next().unwrap_or(name)
}

/// The numbers that crates of [`COMMON`] families and more have, sorted.
fn common(packages: &[(String, String, Fingerprint)]) -> Vec<u32> {
    let mut families: FxHashMap<&str, u32> = FxHashMap::default();
    let mut met: Vec<(u32, u32)> = Vec::new();
    for (name, _, fingerprint) in packages {
        let next = families.len() as u32;
        let family = *families.entry(family(name)).or_insert(next);
        met.extend(fingerprint.grams.iter().map(|gram| (*gram, family)));
    }
    met.sort_unstable();
    met.dedup();
    let of_one = met.chunk_by(|left, right| left.0 == right.0);
    of_one.filter(|met| met.len() >= COMMON).map(|met| met[0].0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::File;

    const CODE: &str = "
        use std::fmt; mod other { pub fn f(a: u8) -> u8 { let mut sum = 0; for b in 0..a { sum += b * 2; } sum } }
        /// Finds it.
        pub fn find(text: &[u8], what: u8) -> Option<usize> {
            let mut at = 0;
            while at < text.len() { if text[at] == what { return Some(at); } at += 1; }
            None
        }
        impl fmt::Display for Shown { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            for (a, b) in self.parts.iter().zip(&self.others) { if a != b { write!(f, \"{a} {b}\")?; } } Ok(()) } }
        #[cfg(test)] mod tests { #[test] fn t() { let a = 1; let b = 2; let c = 3; assert_eq!(a + b, c); assert!(a < b) } }";

    const RENAMED: &str = "
        #[inline] pub(crate) fn search<'x>(haystack: &'x [u8], n: u8,) -> std::option::Option<usize>
        { let mut i = 0x0; while i < haystack.len() { if haystack[i] == n { return Some(i,); } i += 1_usize; } /* no */ None }
        use std::fmt::*; use std::fmt::{Display, Formatter};
        impl Display for Fancy { fn fmt(&self, out: &mut Formatter<'_>) -> Result {
            for (l, r) in self.lefts.iter().zip(&self.rights) { if l != r { write!(out, \"{}-{}\")?; } } Ok(()) } }
        mod deep { fn doubled(up_to: u8) -> u8 { let mut n = 1; for i in 3..up_to { n += i * 7; } n } }";

    fn package(source: &str) -> Package {
        let file = |path: &str, text: &str| File { path: path.to_owned(), bytes: text.into() };
        Package::of([file("Cargo.toml", "[package]\nname = \"a\"\n"), file("src/lib.rs", source)])
    }

    #[test]
    fn names_order_and_form_do_not_count() {
        let [one, other] = [CODE, RENAMED].map(|source| Fingerprint::of(&package(source)));
        assert!(one.len() > FEWEST, "{}", one.len());
        assert_eq!(one, other);
    }

    #[test]
    fn what_is_added_is_named() {
        let added = "pub fn install() { let path = home().join(\".config\"); if path.exists() { send(&read(path), 443); } }";
        let known = Fingerprint::of(&package(CODE));
        let new = package(&format!("{RENAMED} {added}"));
        assert_eq!(own_functions(&new, &known), ["install"]);
        assert_eq!(own_functions(&package(RENAMED), &known), [""; 0]);
    }

    #[test]
    fn a_clone_is_found_and_what_it_is_part_of() {
        let numbered = |from: u32| Fingerprint {
            // Spread evenly, as hashes are.
            grams: {
                let mut grams: Vec<u32> =
                    (from..from + 1000).map(|number| mixed(u64::from(number))).collect();
                grams.sort_unstable();
                grams
            },
        };
        let known = vec![("known".to_owned(), "1.0.0".to_owned(), numbered(0))];
        let set = FingerprintSet::of(known);
        let found = |new: Fingerprint| {
            set.alike(&new).first().map(|(known, shares)| (known.name.clone(), shares.relation()))
        };
        assert_eq!(found(numbered(0)), Some(("known".to_owned(), Some(Relation::Copy))));
        assert_eq!(found(numbered(100)), Some(("known".to_owned(), Some(Relation::Copy))));
        assert_eq!(found(numbered(900)), Some(("known".to_owned(), None)));
        assert_eq!(found(numbered(2000)), None);
        let mut grams =
            [numbered(0).grams, numbered(1000).grams, numbered(2000).grams, numbered(3000).grams].concat();
        grams.sort_unstable();
        assert_eq!(found(Fingerprint { grams }), Some(("known".to_owned(), Some(Relation::Holds))));
    }

    #[test]
    fn what_many_families_have_is_common() {
        let packages = |names: [&str; 5]| {
            names.map(|name| (name.to_owned(), "1.0.0".to_owned(), Fingerprint { grams: vec![1, 2] }))
        };
        assert_eq!(common(&packages(["a", "b", "c", "d", "e"])), [1, 2]);
        assert_eq!(common(&packages(["a", "b", "c", "d", "d-e"])), [0; 0]);
    }

    fn named(name: &str, code: &str) -> Package {
        let manifest = format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\n");
        Package::of([
            File { path: "Cargo.toml".into(), bytes: manifest.into_bytes() },
            File { path: "src/lib.rs".into(), bytes: code.as_bytes().to_vec() },
        ])
    }

    #[test]
    fn a_copy_says_whose_it_is_until_it_is_known_as_that() {
        let (original, copy, own) =
            (named("found", CODE), named("fetched", RENAMED), named("empty", "fn f() {}"));
        let known = |package| ("found".to_owned(), "1.0.0".to_owned(), Fingerprint::of(package));
        let set = FingerprintSet::of(vec![known(&original)]);
        let scans = [&original, &copy, &own].map(Scan::of);
        let [original, copy, own] = &scans;
        let names =
            |alike: &[Alike]| alike.iter().map(|of| (of.name.clone(), of.relation)).collect::<Vec<_>>();
        assert_eq!(names(&alike(copy, &set)), [("found".to_owned(), Relation::Copy)]);
        assert!(alike(copy, &set)[0].of_known > 60, "{:?}", alike(copy, &set));
        // Nobody copies himself.
        assert_eq!(alike(original, &set), []);
        assert_eq!(names(&newly_copied(own, copy, &set)), [("found".to_owned(), Relation::Copy)]);
        assert_eq!(newly_copied(copy, copy, &set), []);
        // Held beside the original it is seen what it is a copy of.
        assert_eq!(newly_copied(original, copy, &set), []);
    }
}
