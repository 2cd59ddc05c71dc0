//! Where code can panic, recurse without end or allocate what its input says: an aid to find denial of service.
//!
//! Read by tokens, like all else here, when it is asked for and when two releases are compared:
//!
//! 1. The `sites` of each function that is no test: calls that panic, indexes, slices, arithmetic, allocations;
//! 2. how much each function's parameters look like input from outside (`&[u8]`, `&str`, `impl Read`, lengths), and
//!    which names in it come from those;
//! 3. from functions that take input, the public ones before others, along the calls to what each leads to;
//! 4. functions ranked by what is left of the input's weight where they are reached, and by their sites.
//!
//! Types are not known, so a call of a method leads to all of that name, and an index may be one of a map. What is ranked
//! is where to look first, never a verdict.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::lex::{Kind, Token, lex};
use crate::report::{Place, Span};
use crate::scan::Scan;
use crate::source::UnitKind;
use crate::word;

/// How a call may come to no good end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PanicKind {
    /// It calls itself, by itself or through others.
    Recursion,
    /// It asks for as much memory as a value says.
    Allocation,
    /// It takes a part of a text or slice by its bounds.
    Slice,
    /// It takes an element by its number.
    Index,
    /// `unwrap`, `expect`.
    Unwrap,
    /// A method that panics at bounds or lengths: `split_at`, `copy_from_slice`, `advance`.
    Bounds,
    /// It divides by a value.
    Division,
    /// It subtracts values.
    Subtraction,
    /// It adds, multiplies or shifts: a panic where checks for overflow are on.
    Overflow,
    /// `panic!`, `todo!`, `unimplemented!`, `unreachable!`.
    Panic,
    /// `assert!`, `assert_eq!`, `assert_ne!`.
    Assert,
}

impl PanicKind {
    /// Its name, in all formats.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recursion => "recursion",
            Self::Allocation => "allocation",
            Self::Slice => "slice",
            Self::Index => "index",
            Self::Unwrap => "unwrap",
            Self::Bounds => "bounds",
            Self::Division => "division",
            Self::Subtraction => "subtraction",
            Self::Overflow => "overflow",
            Self::Panic => "panic",
            Self::Assert => "assert",
        }
    }

    /// How much one of it weighs against others.
    const fn weight(self) -> u32 {
        match self {
            Self::Recursion => 60,
            Self::Allocation => 40,
            Self::Slice => 40,
            Self::Index | Self::Unwrap | Self::Bounds | Self::Panic => 30,
            Self::Division => 25,
            Self::Assert => 20,
            Self::Subtraction => 10,
            Self::Overflow => 4,
        }
    }
}

/// A place that may panic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Site {
    /// How.
    pub kind: PanicKind,
    /// Where.
    pub span: Span,
    /// The code, as far as it is shown.
    pub text: String,
    /// Whether a value in it comes from a parameter that looks like input.
    pub from_input: bool,
}

/// A function with places that may panic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Panicking {
    /// `Type::name` or `name`.
    pub function: String,
    /// Its file.
    pub file: String,
    /// Its first line.
    pub line: u32,
    /// Its last line.
    pub end: u32,
    /// The way to it from a function that takes input, that one first and itself last.
    pub path: Vec<String>,
    /// Whether the way begins in the public interface.
    pub is_public: bool,
    /// What the input looks like: `&[u8]`, `Read`; empty where nothing does.
    pub input: String,
    /// A number to rank by, which means nothing by itself.
    pub score: u32,
    /// Its places, those with values from input first.
    pub sites: Vec<Site>,
}

/// All functions of a package that may panic, those to look at first in front.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Panics {
    /// Its name, by its manifest.
    pub name: String,
    /// Its version, by its manifest.
    pub version: String,
    /// The functions.
    pub functions: Vec<Panicking>,
    /// How many functions were looked at.
    pub read: u64,
}

/// What a newer release has of it that an older had not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PanicsChange {
    /// Functions with places that the older did not have; only those places are in them.
    pub gained: Vec<Panicking>,
    /// How many places the older had that the newer has no more.
    pub lost: u64,
}

/// How many places a newer release has where it can panic and the older could not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NewPanics {
    /// All of them.
    pub places: u64,
    /// Those with a value that comes from a parameter that looks like input.
    pub from_input: u64,
}

impl PanicsChange {
    /// How many places are new.
    pub fn new_panics(&self) -> NewPanics {
        let sites = || self.gained.iter().flat_map(|of| &of.sites);
        NewPanics {
            places: sites().count() as u64,
            from_input: sites().filter(|site| site.from_input).count() as u64,
        }
    }
}

/// Steps from a function that takes input to one that is still reached.
const STEPS: u32 = 10;
/// How often all of a package's code may lie in functions, of which each is read by itself.
const MOST_NESTED: usize = 8;
/// Sites of one function that are kept; generated parsers have thousands.
const MOST_SITES: usize = 200;

/// A function that was read.
struct Function {
    unit: u32,
    sites: Vec<Found>,
    /// How much its parameters look like input, and what does.
    input: (u32, String),
    is_public: bool,
    is_bounded: bool,
    calls_itself: bool,
}

/// A site, before it is known where its file's lines begin.
struct Found {
    kind: PanicKind,
    start: u32,
    end: u32,
    from_input: bool,
}

/// Finds where a package's code may panic.
pub fn panics(scan: &Scan<'_>) -> Panics {
    let code = &scan.code;
    let mut tokens = Vec::new();
    let mut functions: Vec<Function> = Vec::new();
    // Functions lie in functions; where that is done by the thousand, the rest of the package is left out.
    let read: usize = code.parts.iter().map(|part| part.source.text.len()).sum();
    let mut left = read.saturating_mul(MOST_NESTED);
    for number in 0..code.units.len() as u32 {
        let unit = code.unit(number);
        let place = code.place(number);
        if unit.kind != UnitKind::Function
            || unit.end <= unit.start
            || !matches!(place, Place::Normal | Place::ProcMacro)
        {
            continue;
        }
        let (part, _) = code.units[number as usize];
        let source = &code.parts[part as usize].source;
        let text = &source.text[unit.start as usize..(unit.end as usize).min(source.text.len())];
        let Some(rest) = left.checked_sub(text.len()) else { break };
        left = rest;
        lex(text, &mut tokens);
        let name = code.words.shown(unit.name).into_owned();
        let (input, names) = parameters(&tokens, text, &name);
        let mut sites = sites(&tokens, text, names);
        for site in &mut sites {
            site.start += unit.start;
            site.end += unit.start;
        }
        let is_public = unit.is_public || unit.is_macro_entry || unit.of_trait != word::NONE;
        functions.push(Function {
            unit: number,
            sites,
            input,
            is_public,
            is_bounded: is_bounded(&tokens, text),
            // What implements a trait calls the type's own method of that name, or that of a field.
            calls_itself: unit.of_trait == word::NONE
                && calls_itself(&tokens, text, &name, unit.owner != word::NONE),
        });
    }
    let by_unit: BTreeMap<u32, usize> = functions.iter().enumerate().map(|(at, of)| (of.unit, at)).collect();
    mark_recursion(scan, &mut functions, &by_unit);
    let reached = reach(scan, &functions, &by_unit);
    let mut lines: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let mut ranked: Vec<Panicking> = Vec::new();
    for (at, function) in functions.iter().enumerate().filter(|(_, function)| !function.sites.is_empty()) {
        let (part, _) = code.units[function.unit as usize];
        let part_of = &code.parts[part as usize];
        let begins = lines.entry(part).or_insert_with(|| begins(part_of.source.text));
        let unit = code.unit(function.unit);
        let way = &reached[at];
        let span = |site: &Found| {
            let line = begins.partition_point(|begin| *begin <= site.start).max(1);
            Span {
                file: part_of.path.to_owned(),
                line: line as u32,
                column: site.start - begins[line - 1] + 1,
                length: site.end - site.start,
            }
        };
        let mut sites: Vec<Site> = function
            .sites
            .iter()
            .map(|site| Site {
                kind: site.kind,
                span: span(site),
                text: shown(&part_of.source.text[site.start as usize..site.end as usize]),
                from_input: site.from_input,
            })
            .collect();
        sites.sort_by_key(|site| (!site.from_input, std::cmp::Reverse(site.kind.weight()), site.span.line));
        let path = way.path.iter().map(|at| code.function_name(functions[*at].unit)).collect();
        let line_of = |at: u32| begins.partition_point(|begin| *begin <= at).max(1) as u32;
        ranked.push(Panicking {
            function: code.function_name(function.unit),
            file: part_of.path.to_owned(),
            line: line_of(unit.start),
            end: line_of(unit.end.saturating_sub(1)),
            path,
            is_public: way.path.first().is_some_and(|at| functions[*at].is_public),
            input: way.path.first().map(|at| functions[*at].input.1.clone()).unwrap_or_default(),
            score: score(&function.sites, way.weight),
            sites,
        });
    }
    ranked.sort_by(|a, b| {
        (b.score, &a.file, a.line, &a.function).cmp(&(a.score, &b.file, b.line, &b.function))
    });
    Panics {
        name: scan.report.name.clone(),
        version: scan.report.version.clone(),
        functions: ranked,
        read: functions.len() as u64,
    }
}

/// What `new` has that `old` had not: by function, kind and the code itself, so that code which moved is none.
pub fn compare(old: &Panics, new: &Panics) -> PanicsChange {
    let mut known: BTreeMap<(String, PanicKind, String), u64> = BTreeMap::new();
    for (function, site) in all(old) {
        *known.entry((function.to_owned(), site.kind, site.text.clone())).or_default() += 1;
    }
    let mut gained = Vec::new();
    for function in &new.functions {
        let mut of = function.clone();
        of.sites.retain(|site| {
            match known.get_mut(&(function.function.clone(), site.kind, site.text.clone())) {
                Some(left) if *left > 0 => {
                    *left -= 1;
                    false
                }
                _ => true,
            }
        });
        if !of.sites.is_empty() {
            gained.push(of);
        }
    }
    PanicsChange { gained, lost: known.values().sum() }
}

fn all(panics: &Panics) -> impl Iterator<Item = (&str, &Site)> {
    panics.functions.iter().flat_map(|of| of.sites.iter().map(|site| (of.function.as_str(), site)))
}

/// The gravest site counts in full, each further one half of the one before; all by what is left of the input's weight.
fn score(sites: &[Found], weight: u32) -> u32 {
    let mut weights: Vec<u32> =
        sites.iter().map(|site| site.kind.weight() * if site.from_input { 3 } else { 1 }).collect();
    weights.sort_unstable_by_key(|weight| std::cmp::Reverse(*weight));
    let sum: u32 = weights.iter().enumerate().take(8).map(|(at, weight)| (weight * 16) >> at).sum();
    sum / 16 * weight / 16
}

/// The most that a function's input weighs, in sixteenths.
const FULL: u32 = 16 * 4;

/// How much the parameters look like input, what does, and their names.
fn parameters(tokens: &[Token], text: &[u8], name: &str) -> ((u32, String), BTreeSet<Vec<u8>>) {
    let mut names = BTreeSet::new();
    let mut best = (0, String::new());
    let is_word = |at: usize, word: &[u8]| {
        tokens.get(at).is_some_and(|token| token.kind == Kind::Ident && token.text(text) == word)
    };
    let Some(at) = (0..tokens.len()).find(|at| is_word(*at, b"fn")) else { return (best, names) };
    // Bounds that name a parameter's type: `fn f<R: Read>(…)`, and in a `where`.
    let Some(open) = (at..tokens.len()).find(|at| tokens[*at].is(b'(')) else { return (best, names) };
    let close = closing(tokens, open);
    let body = (close..tokens.len()).find(|at| tokens[*at].is(b'{')).unwrap_or(close);
    let mut input_types: BTreeSet<&[u8]> = BTreeSet::new();
    for at in (at..open).chain(close..body) {
        if tokens[at].kind == Kind::Ident && tokens.get(at + 1).is_some_and(|token| token.is(b':')) {
            let until =
                (at + 2..body).take(12).find(|at| tokens[*at].is(b',')).unwrap_or((at + 14).min(body));
            if (at + 2..until)
                .any(|at| is_reader(tokens[at].text(text)) || is_word(at, b"u8") || is_word(at, b"str"))
            {
                input_types.insert(tokens[at].text(text));
            }
        }
    }
    let mut from = open + 1;
    while from < close {
        let end = parameter_end(tokens, from, close);
        let parameter = &tokens[from..end];
        let colon = parameter.iter().position(|token| token.is(b':'));
        let words: Vec<&[u8]> = parameter
            .iter()
            .filter(|token| token.kind == Kind::Ident)
            .map(|token| token.text(text))
            .collect();
        let (weight, what) = match colon {
            None if words.contains(&&b"self"[..]) => (4, "self"),
            None => (0, ""),
            Some(colon) => {
                let of: Vec<&[u8]> = parameter[colon..]
                    .iter()
                    .filter(|token| token.kind == Kind::Ident)
                    .map(|token| token.text(text))
                    .collect();
                let has = |word: &str| of.contains(&word.as_bytes());
                let is_reader = of.iter().any(|one| is_reader(one));
                let is_bounded_type = of.iter().any(|one| input_types.contains(one));
                if has("Formatter") || has("Context") || has("Write") {
                    (1, "")
                } else if has("u8") && parameter[colon..].iter().any(|token| token.is(b'['))
                    || has("Vec") && has("u8")
                {
                    (FULL, "&[u8]")
                } else if is_reader {
                    (FULL, "a reader")
                } else if is_bounded_type {
                    (FULL, "generic bytes or text")
                } else if has("str") || has("String") || has("OsStr") || has("CStr") || has("Chars") {
                    (FULL * 7 / 8, "text")
                } else if has("Event")
                    || has("Request")
                    || has("Response")
                    || has("Packet")
                    || has("Header")
                    || has("HeaderMap")
                    || has("Value")
                    || has("Token")
                    || has("Frame")
                {
                    (FULL / 2, "parsed input")
                } else if ["usize", "u64", "u32", "u16", "i64", "i32", "u128", "char", "Duration", "f64"]
                    .iter()
                    .any(|word| has(word))
                {
                    (FULL / 3, "numbers")
                } else {
                    (FULL / 8, "other values")
                }
            }
        };
        if weight >= FULL / 3 {
            let until = colon.unwrap_or(0);
            let own = parameter[..until].iter().filter(|token| token.kind == Kind::Ident);
            names.extend(
                own.map(|token| token.text(text).to_vec()).filter(|name| name != b"mut" && name != b"ref"),
            );
        }
        if weight > best.0 {
            best = (weight, what.to_owned());
        }
        from = end + 1;
    }
    // A parser has its input in `self`, and is called by what it does.
    let is_parsing = [
        "parse",
        "decode",
        "read",
        "deserialize",
        "next",
        "from_",
        "unpack",
        "scan",
        "lex",
        "eat",
        "consume",
        "skip",
        "peek",
        "recv",
        "handle",
        "process",
        "visit",
        "poll",
        "load",
        "open",
        "inflate",
        "decompress",
        "unescape",
        "match",
    ]
    .iter()
    .any(|word| name.starts_with(word) || name.contains(&format!("_{word}")));
    if is_parsing && best.0 > 0 {
        best.0 = best.0.max(FULL / 2) + FULL / 8;
        if best.1 == "self" {
            names.insert(b"self".to_vec());
        }
    }
    (best, names)
}

/// A type or trait from which bytes come.
fn is_reader(word: &[u8]) -> bool {
    matches!(
        word,
        b"Read"
            | b"BufRead"
            | b"AsyncRead"
            | b"AsyncBufRead"
            | b"Buf"
            | b"Bytes"
            | b"BytesMut"
            | b"Cursor"
            | b"Reader"
            | b"Decoder"
            | b"Input"
            | b"Stream"
            | b"Source"
            | b"Parser"
            | b"Lexer"
            | b"Tokenizer"
            | b"Deserializer"
    )
}

/// The bracket that closes the one at `open`; where that is far away or nowhere, what is far enough. Brackets that are never
/// closed would be followed to the end of the file once for each of them.
fn closing(tokens: &[Token], open: usize) -> usize {
    const FAR: usize = 1000;
    let mut depth = 0_u32;
    for (at, token) in tokens.iter().enumerate().skip(open).take(FAR) {
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    tokens.len().min(open + FAR)
}

/// Where a parameter ends: at a comma outside of brackets of any kind.
fn parameter_end(tokens: &[Token], from: usize, close: usize) -> usize {
    let (mut depth, mut angles) = (0_i32, 0_i32);
    for at in from..close.min(tokens.len()) {
        let token = &tokens[at];
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close => depth -= 1,
            _ if token.is(b'<') => angles += 1,
            _ if token.is(b'>') && at > 0 && !tokens[at - 1].is(b'-') => angles -= 1,
            _ if token.is(b',') && depth == 0 && angles <= 0 => return at,
            _ => {}
        }
    }
    close.min(tokens.len())
}

/// Whether the function calls itself: by its name, or as a method of its own value.
fn calls_itself(tokens: &[Token], text: &[u8], name: &str, is_method: bool) -> bool {
    let is_word = |at: usize, word: &[u8]| tokens[at].kind == Kind::Ident && tokens[at].text(text) == word;
    (2..tokens.len().saturating_sub(1)).any(|at| {
        let of_itself = match tokens[at - 1].first {
            b'.' => is_word(at - 2, b"self"),
            b':' => at > 2 && is_word(at - 3, b"Self"),
            _ => !is_method && !is_word(at - 1, b"fn"),
        };
        of_itself && is_word(at, name.as_bytes()) && tokens[at + 1].is(b'(')
    })
}

/// Whether the function minds how deep it is.
fn is_bounded(tokens: &[Token], text: &[u8]) -> bool {
    tokens.iter().filter(|token| token.kind == Kind::Ident).any(|token| {
        let word = token.text(text).to_ascii_lowercase();
        [&b"depth"[..], b"recursion", b"nesting", b"fuel", b"remaining_depth", b"max_level", b"stacker"]
            .iter()
            .any(|mark| memchr::memmem::find(&word, mark).is_some())
    })
}

/// The places in a function that may panic. `from_input` are names that hold input, to which those are added that are made of
/// them.
fn sites(tokens: &[Token], text: &[u8], mut from_input: BTreeSet<Vec<u8>>) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let Some(open) = tokens.iter().position(|token| token.is(b'{')) else { return found };
    let word = |at: usize| {
        tokens.get(at).filter(|token| token.kind == Kind::Ident).map_or(&b""[..], |token| token.text(text))
    };
    let is = |at: usize, byte: u8| tokens.get(at).is_some_and(|token| token.is(byte));
    let mut at = open;
    while at < tokens.len() && found.len() < MOST_SITES {
        let token = &tokens[at];
        // `let x = …;` and `for x in … {`: what is made of input is input.
        if matches!(word(at), b"let" | b"for") {
            let limit = (at + 60).min(tokens.len());
            let stop = |at: &usize| is(*at, b';') || is(*at, b'{');
            let middle = (at..limit).find(|at| is(*at, b'=') && !is(*at + 1, b'=') || word(*at) == b"in");
            if let Some(middle) = middle {
                let end = (middle..limit).find(stop).unwrap_or(limit);
                let is_tainted = (middle..end).any(|at| from_input.contains(word(at)));
                if is_tainted {
                    let pattern = (at + 1..middle).take_while(|at| !is(*at, b':'));
                    let names = pattern.map(word).filter(|name| {
                        name.first().is_some_and(u8::is_ascii_lowercase) && !matches!(*name, b"mut" | b"ref")
                    });
                    let names: Vec<Vec<u8>> = names.map(<[u8]>::to_vec).collect();
                    from_input.extend(names);
                }
            }
        }
        let mut add = |kind: PanicKind, begin: usize, end: usize| {
            let end = end.min(tokens.len() - 1);
            let tainted = (begin..=end).any(|at| from_input.contains(word(at)));
            found.push(Found { kind, start: tokens[begin].start, end: tokens[end].end, from_input: tainted });
        };
        match token.kind {
            Kind::Ident if at > 0 && is(at - 1, b'.') && (is(at + 1, b'(') || is(at + 1, b':')) => {
                let name = token.text(text);
                let args = (at + 1..(at + 12).min(tokens.len())).find(|at| is(*at, b'(')).unwrap_or(at + 1);
                let close = closing(tokens, args);
                let begin = receiver(tokens, at - 1);
                match name {
                    b"unwrap" | b"expect" | b"unwrap_err" | b"expect_err" => {
                        // A lock that is poisoned, or a thread that panicked, did so before.
                        let of = (begin..at)
                            .map(word)
                            .any(|word| matches!(word, b"lock" | b"join" | b"write" | b"borrow"));
                        if !of {
                            add(PanicKind::Unwrap, begin, close);
                        }
                    }
                    b"split_at" | b"split_at_mut" | b"split_to" | b"split_off" | b"copy_from_slice"
                    | b"clone_from_slice" | b"advance" | b"swap_remove" | b"copy_within" | b"rotate_left"
                    | b"rotate_right" | b"put_slice" | b"get_u8" | b"get_u16" | b"get_u32" | b"get_u64"
                    | b"get_u16_le" | b"get_u32_le" | b"get_u64_le" | b"get_i8" | b"get_i16" | b"get_i32"
                    | b"get_i64" | b"copy_to_slice" | b"copy_to_bytes" | b"drain" | b"replace_range"
                    | b"chunks" | b"chunks_exact" | b"windows" | b"step_by" | b"clamp" => {
                        let is_literal = close == args + 2 && tokens[args + 1].kind == Kind::Number;
                        let is_all = close == args + 3 && is(args + 1, b'.');
                        if !(is_all
                            || is_literal
                                && matches!(name, b"chunks" | b"chunks_exact" | b"windows" | b"step_by"))
                        {
                            add(PanicKind::Bounds, begin, close);
                        }
                    }
                    b"reserve" | b"reserve_exact" | b"resize" | b"resize_with" | b"repeat"
                        if !is_constant(tokens, text, args, close) =>
                    {
                        add(PanicKind::Allocation, begin, close);
                    }
                    b"read_to_end" | b"read_to_string" => add(PanicKind::Allocation, begin, close),
                    _ => {}
                }
            }
            Kind::Ident
                if is(at + 1, b'(')
                    && matches!(
                        token.text(text),
                        b"with_capacity" | b"with_capacity_and_hasher" | b"zeroed" | b"from_elem"
                    ) =>
            {
                let close = closing(tokens, at + 1);
                if !is_constant(tokens, text, at + 1, close) {
                    add(PanicKind::Allocation, at, close);
                }
            }
            Kind::Ident if is(at + 1, b'!') => match token.text(text) {
                b"panic" | b"todo" | b"unimplemented" | b"unreachable" => {
                    add(PanicKind::Panic, at, closing(tokens, at + 2));
                }
                b"assert" | b"assert_eq" | b"assert_ne" => {
                    add(PanicKind::Assert, at, closing(tokens, at + 2));
                }
                b"vec" => {
                    let close = closing(tokens, at + 2);
                    let semicolon = (at + 2..close).find(|at| is(*at, b';'));
                    if let Some(semicolon) = semicolon
                        && !is_constant(tokens, text, semicolon, close)
                    {
                        add(PanicKind::Allocation, at, close);
                    }
                }
                _ => {}
            },
            Kind::Open
                if token.is(b'[')
                    && at > 0
                    && is_value(&tokens[at - 1], text)
                    && !is_attribute(tokens, at) =>
            {
                let close = closing(tokens, at);
                let is_range = (at + 1..close).any(|at| is(at, b'.') && is(at + 1, b'.'));
                let is_all = close == at + 3 && is_range;
                let begin = receiver(tokens, at);
                if is_range && !is_all {
                    add(PanicKind::Slice, begin, close);
                } else if !is_all && close > at + 1 {
                    add(PanicKind::Index, begin, close);
                }
            }
            Kind::Punct => {
                if let Some((kind, length)) = operator(tokens, text, at) {
                    let begin = receiver(tokens, at);
                    let end = operand_end(tokens, at + length);
                    let divides_by_number = matches!(kind, PanicKind::Division)
                        && tokens.get(at + length).is_some_and(|token| {
                            token.kind == Kind::Number || is_screaming(token.text(text))
                        });
                    if !divides_by_number {
                        add(kind, begin, end);
                    }
                }
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// A binary operator that may overflow, and how many tokens it has. Formatted code has blanks around those, which tells them
/// from signs, bounds and references.
fn operator(tokens: &[Token], text: &[u8], at: usize) -> Option<(PanicKind, usize)> {
    let token = &tokens[at];
    let before = tokens.get(at.checked_sub(1)?)?;
    if !is_value(before, text) || before.end == token.start {
        return None;
    }
    let is_twice = tokens.get(at + 1).is_some_and(|next| next.is(token.first) && next.start == token.end);
    let length = if is_twice && matches!(token.first, b'<' | b'>') { 2 } else { 1 };
    let assigns = tokens.get(at + length).is_some_and(|next| next.is(b'='));
    let length = if assigns { length + 1 } else { length };
    let after = tokens.get(at + length)?;
    let last = tokens.get(at + length - 1)?;
    if last.end == after.start
        || is_type(before.text(text))
        || is_type(after.text(text))
        || after.kind == Kind::Lifetime
    {
        return None;
    }
    if before.kind == Kind::Number && after.kind == Kind::Number || after.is_text() {
        return None;
    }
    let kind = match token.first {
        b'/' | b'%' => PanicKind::Division,
        b'-' => PanicKind::Subtraction,
        b'+' | b'*' => PanicKind::Overflow,
        b'<' | b'>' if length >= 2 && is_twice => PanicKind::Overflow,
        _ => return None,
    };
    Some((kind, length))
}

/// A name of a type or trait, as Rust writes them: one letter, or not all in capitals, which constants are.
fn is_type(word: &[u8]) -> bool {
    word.first().is_some_and(u8::is_ascii_uppercase)
        && (word.len() == 1 || word.iter().any(u8::is_ascii_lowercase))
}

fn is_screaming(word: &[u8]) -> bool {
    word.first().is_some_and(u8::is_ascii_uppercase) && !word.iter().any(u8::is_ascii_lowercase)
}

/// Whether a token may end a value.
fn is_value(token: &Token, text: &[u8]) -> bool {
    match token.kind {
        Kind::Ident => !matches!(
            token.text(text),
            b"mut"
                | b"in"
                | b"return"
                | b"match"
                | b"if"
                | b"else"
                | b"break"
                | b"move"
                | b"as"
                | b"dyn"
                | b"impl"
                | b"where"
                | b"const"
                | b"static"
                | b"ref"
                | b"let"
                | b"for"
                | b"while"
                | b"loop"
                | b"unsafe"
                | b"yield"
                | b"box"
        ),
        Kind::Number => true,
        Kind::Close => !token.is(b'}'),
        Kind::Punct => token.is(b'?'),
        _ => false,
    }
}

/// `#[…]` and `#![…]`.
fn is_attribute(tokens: &[Token], at: usize) -> bool {
    let is = |back: usize, byte: u8| at.checked_sub(back).is_some_and(|at| tokens[at].is(byte));
    is(1, b'#') || is(1, b'!')
}

/// Whether all between two brackets is known when it is compiled: numbers, constants and lengths of what is there.
fn is_constant(tokens: &[Token], text: &[u8], open: usize, close: usize) -> bool {
    let inside = tokens.get(open + 1..close.min(tokens.len())).unwrap_or_default();
    let is_sized =
        inside.iter().any(|token| matches!(token.text(text), b"len" | b"size_hint" | b"capacity" | b"min"));
    is_sized
        || inside.iter().all(|token| match token.kind {
            Kind::Ident => {
                is_screaming(token.text(text))
                    || matches!(token.text(text), b"u8" | b"Self" | b"Default" | b"default")
            }
            _ => true,
        })
}

/// The first token of the value that ends before `at`: names, calls and indexes that hang together.
fn receiver(tokens: &[Token], at: usize) -> usize {
    let mut begin = at;
    while begin > 0 && at - begin < 40 {
        let before = &tokens[begin - 1];
        begin = match before.kind {
            Kind::Close => {
                let mut depth = 0_i32;
                let mut open = begin - 1;
                loop {
                    match tokens[open].kind {
                        Kind::Close => depth += 1,
                        Kind::Open => depth -= 1,
                        _ => {}
                    }
                    if depth == 0 || open == 0 {
                        break open;
                    }
                    open -= 1;
                }
            }
            Kind::Ident | Kind::Number
                if begin == at || !matches!(tokens[begin].kind, Kind::Ident | Kind::Number) =>
            {
                begin - 1
            }
            Kind::Punct if before.is(b'.') || before.is(b'?') || before.is(b':') => begin - 1,
            _ => break,
        };
    }
    begin.min(at)
}

/// The last token of the value that begins at `at`.
fn operand_end(tokens: &[Token], at: usize) -> usize {
    let mut end = at;
    while let Some(next) = tokens.get(end + 1) {
        if end - at > 24
            || !(next.is(b'.')
                || next.is(b'(')
                || next.is(b'[')
                || next.is(b':')
                || tokens[end].is(b'.')
                || tokens[end].is(b':'))
        {
            break;
        }
        end = if next.kind == Kind::Open { closing(tokens, end + 1) } else { end + 1 };
    }
    end.min(tokens.len().saturating_sub(1))
}

/// Adds a site to functions that call themselves, by themselves or over a few others of the same type in the same file: calls of
/// methods are followed by their names, so that a cycle over several types is mostly none.
fn mark_recursion(scan: &Scan<'_>, functions: &mut [Function], by_unit: &BTreeMap<u32, usize>) {
    const FEW: usize = 3;
    let code = &scan.code;
    let is_near = |one: u32, other: u32| {
        let (a, b) = (code.unit(one), code.unit(other));
        code.units[one as usize].0 == code.units[other as usize].0 && a.owner == b.owner
    };
    for function in functions.iter_mut() {
        let mut level = vec![function.unit];
        let mut seen = BTreeSet::new();
        let mut is_recursive = function.calls_itself;
        'steps: for step in 0..FEW {
            let mut next = Vec::new();
            for unit in level {
                let near = |to: &&u32| by_unit.contains_key(to) && is_near(function.unit, **to);
                for to in code.edges(unit).iter().filter(near) {
                    if *to == function.unit {
                        if step > 0 {
                            is_recursive = true;
                            break 'steps;
                        }
                    } else if code.unit(*to).name != code.unit(function.unit).name && seen.insert(*to) {
                        next.push(*to);
                    }
                }
            }
            level = next;
        }
        if is_recursive && !function.is_bounded {
            let unit = code.unit(function.unit);
            let (part, _) = code.units[function.unit as usize];
            let text = code.parts[part as usize].source.text;
            let head = &text[unit.start as usize..(unit.end as usize).min(unit.start as usize + 120)];
            let length = head.iter().position(|byte| matches!(byte, b'\n' | b'{')).unwrap_or(head.len());
            function.sites.push(Found {
                kind: PanicKind::Recursion,
                start: unit.start,
                end: unit.start + length as u32,
                from_input: function.input.0 >= FULL / 2,
            });
        }
    }
}

/// How a function is reached.
#[derive(Clone, Default)]
struct Way {
    /// What is left of the input's weight.
    weight: u32,
    /// Functions by their numbers, from the one that takes input.
    path: Vec<usize>,
}

/// The best way to each function: from those that take input, public ones before others, a fifth less at each step.
fn reach(scan: &Scan<'_>, functions: &[Function], by_unit: &BTreeMap<u32, usize>) -> Vec<Way> {
    let mut ways: Vec<Way> = functions
        .iter()
        .enumerate()
        .map(|(at, of)| {
            let weight = if of.is_public { of.input.0 } else { of.input.0 / 2 };
            Way { weight: weight.max(1), path: vec![at] }
        })
        .collect();
    let mut waiting: VecDeque<usize> = (0..functions.len()).collect();
    let mut steps = functions.len().saturating_mul(STEPS as usize * 4);
    while let Some(at) = waiting.pop_front() {
        if steps == 0 {
            break;
        }
        steps -= 1;
        let way = ways[at].clone();
        if way.path.len() > STEPS as usize {
            continue;
        }
        for to in scan.code.edges(functions[at].unit).iter().filter_map(|to| by_unit.get(to)) {
            let weight = way.weight * 4 / 5;
            if weight > ways[*to].weight && !way.path.contains(to) {
                let path = way.path.iter().copied().chain([*to]).collect();
                ways[*to] = Way { weight, path };
                waiting.push_back(*to);
            }
        }
    }
    ways
}

/// Where each line begins.
fn begins(text: &[u8]) -> Vec<u32> {
    std::iter::once(0).chain(memchr::memchr_iter(b'\n', text).map(|at| at as u32 + 1)).collect()
}

/// Code in one line, as far as it is shown.
fn shown(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(&text[..text.len().min(400)]);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::{File, Package};

    fn of(code: &str) -> Panics {
        let file = |path: &str, text: &str| File { path: path.into(), bytes: text.into() };
        let package = Package::of([
            file("Cargo.toml", "[package]\nname = \"a\"\nversion = \"1.0.0\"\n"),
            file("src/lib.rs", code),
        ]);
        panics(&Scan::of(&package))
    }

    /// The sites of a function with this body, which is given bytes and a number.
    fn check(body: &str, expected: &[&str]) {
        let panics = of(&format!("pub fn f(input: &[u8], n: usize, own: Own) {{ {body} }}"));
        let one = |site: &Site| {
            format!("{}{} {}", site.kind.as_str(), if site.from_input { "*" } else { "" }, site.text)
        };
        let sites: Vec<_> = panics.functions.iter().flat_map(|of| of.sites.iter().map(one)).collect();
        assert_eq!(sites, expected, "{body}");
    }

    #[test]
    fn what_may_panic_is_found() {
        check("let x = input.first().unwrap();", &["unwrap* input.first().unwrap()"]);
        check("own.get().expect(\"there\");", &["unwrap own.get().expect(\"there\")"]);
        check("input[n]; input[1..n];", &["slice* input[1..n]", "index* input[n]"]);
        check("own.list[0];", &["index own.list[0]"]);
        check("let at = input.len(); let b = own.a[at];", &["index* own.a[at]"]);
        check("let a = n / own.size();", &["division* n / own.size()"]);
        check("let a = n - 1; let b = n << 3;", &["subtraction* n - 1", "overflow* n << 3"]);
        check("Vec::<u8>::with_capacity(n);", &["allocation* with_capacity(n)"]);
        check("let v: Vec<u8> = Vec::with_capacity(n);", &["allocation* with_capacity(n)"]);
        check(
            "vec![0; n]; own.list.reserve(n);",
            &["allocation* vec![0; n]", "allocation* own.list.reserve(n)"],
        );
        check("input.split_at(n);", &["bounds* input.split_at(n)"]);
        check("todo!(); unreachable!(\"{n}\");", &["panic todo!()", "panic unreachable!(\"{n}\")"]);
        check("assert_eq!(n, 3);", &["assert* assert_eq!(n, 3)"]);
    }

    #[test]
    fn what_does_not_is_not() {
        for harmless in [
            "let a: [u8; 4] = [0; 4]; let b: &[u8] = &input[..];",
            "#[cfg(a)] let b = vec![1, 2]; matches!(n, 1);",
            "let v: Vec<u8> = Vec::with_capacity(input.len()); vec![0; 16]; vec![0; SIZE];",
            "fn g<T: A + B>(x: impl A + 'static) -> Box<dyn A + Send> { x }",
            "let x = -1; let y = *own; let z = &own; let r = n / 2;",
            "own.lock().unwrap();",
            "input.get(n); input.chunks(4); n.checked_sub(1);",
        ] {
            check(harmless, &[]);
        }
    }

    #[test]
    fn what_input_reaches_comes_first_with_the_way_to_it() {
        let panics = of("
            pub fn parse(text: &str) -> u8 { inner(text.as_bytes(), 0) }
            fn inner(bytes: &[u8], at: usize) -> u8 { deep(bytes, at) }
            fn deep(bytes: &[u8], at: usize) -> u8 { bytes[at] }
            fn alone(own: &Own) { own.a.unwrap(); }
            pub fn nest(text: &str) -> u8 { nest(text) }
            pub fn bounded(text: &str, depth: u8) -> u8 { if depth > 9 { 0 } else { bounded(text, depth) } }
            #[cfg(test)] mod tests { fn t() { None::<u8>.unwrap(); } }
        ");
        let shown: Vec<_> = panics
            .functions
            .iter()
            .map(|of| format!("{} by {} {}", of.path.join(" > "), of.input, of.sites[0].kind.as_str()))
            .collect();
        assert_eq!(
            shown,
            ["nest by text recursion", "parse > inner > deep by text index", "alone by other values unwrap"]
        );
    }

    #[test]
    fn of_a_change_only_what_is_new_is_told() {
        let old = of("pub fn f(a: &[u8]) { a[0]; }\npub fn g(a: &[u8]) { a[1]; }");
        let new = of("// moved\n\npub fn f(a: &[u8]) { a[0]; a[0]; a[2]; }");
        let change = compare(&old, &new);
        let gained: Vec<_> =
            change.gained.iter().flat_map(|of| of.sites.iter().map(|s| s.text.as_str())).collect();
        assert_eq!((gained, change.lost), (vec!["a[0]", "a[2]"], 1));
    }

    proptest::proptest! {
        #[test]
        fn nothing_that_a_stranger_writes_ends_it(code in "[a-z(){}\\[\\].;:!&<>+*/=#' 0-9-]{0,200}") {
            of(&format!("pub fn f(input: &[u8]) {{ {code} }}"));
            of(&code);
        }
    }
}
