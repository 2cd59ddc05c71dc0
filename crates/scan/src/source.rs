//! One file of Rust, read once: its functions, what it imports, which paths it uses, and the signs that its tokens bear.
//!
//! This reads tokens, not a grammar: macro bodies, disabled `cfg` branches and code that does not parse are seen like all
//! else. Where the text allows several readings, all are taken: a sign too many is weighed later, one too few is lost.
//!
//! Everything is by position in the file; names are slices of it. What paths mean is found in [`crate::names`], once
//! all files of the package are read.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::lex::{Kind, Token, lex, lex_words};
use crate::literal;
use crate::sign::{self, Sign, Signs};
use crate::word::{self, Word, Words};

/// A function, constant, macro, foreign function, or what is left of the file.
#[derive(Clone, Debug)]
pub(crate) struct Unit {
    pub(crate) kind: UnitKind,
    pub(crate) name: Word,
    /// The type or trait whose it is.
    pub(crate) owner: Word,
    /// The trait that is implemented by it.
    pub(crate) of_trait: Word,
    /// Which of the file's modules it lies in.
    pub(crate) module: u32,
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) is_public: bool,
    pub(crate) is_test: bool,
    /// `#[proc_macro]` and its kin.
    pub(crate) is_macro_entry: bool,
    pub(crate) signs: Signs,
    /// How many marks it has.
    marks: u8,
    /// How many tokens it has, those of units within it not counted.
    pub(crate) tokens: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnitKind {
    File,
    Function,
    Constant,
    Macro,
    Foreign,
}

/// A sign at a place of a unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    pub(crate) unit: u32,
    pub(crate) sign: Sign,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// A module of the file: the file itself, or `mod name { … }`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Module {
    pub(crate) name: Word,
    pub(crate) parent: u32,
    pub(crate) is_test: bool,
}

/// `mod name;`
#[derive(Clone, Debug)]
pub(crate) struct Child {
    pub(crate) module: u32,
    pub(crate) name: Word,
    /// `#[path = "…"]`, each of them: which one counts may depend on `cfg_attr`.
    pub(crate) paths: Vec<String>,
    pub(crate) is_test: bool,
}

/// A name that stands for a path: `use`, `type`, `extern crate`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Import {
    pub(crate) module: u32,
    /// No word for all names of the path.
    pub(crate) name: Word,
    pub(crate) first: u32,
    pub(crate) count: u16,
}

/// A path, or a single name, as code uses it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PathUse {
    pub(crate) unit: u32,
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) first: u32,
    pub(crate) count: u16,
    pub(crate) form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `a::b(…)`
    Call,
    /// `.b(…)`
    Method,
    /// `a::b!…`
    Macro,
    /// Anything else.
    Value,
}

/// Where a unit names something.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named {
    pub(crate) unit: u32,
    pub(crate) start: u32,
    pub(crate) name: Word,
}

/// A literal that says something: a string, or an array of bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Literal {
    pub(crate) unit: u32,
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) is_array: bool,
}

/// A file that the code takes in.
#[derive(Clone, Debug)]
pub(crate) struct Include {
    pub(crate) unit: u32,
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// The path as far as literals tell it.
    pub(crate) path: String,
    /// As code, or as data.
    pub(crate) as_code: bool,
    /// It lies where the build script writes.
    pub(crate) is_built: bool,
    /// It is said from the package's root.
    pub(crate) from_root: bool,
}

/// A file that was read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Source<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) units: Vec<Unit>,
    /// Of all units; by unit, each unit's in their order, once [`Self::settle`] was called.
    marks: Vec<Mark>,
    pub(crate) modules: Vec<Module>,
    pub(crate) children: Vec<Child>,
    pub(crate) imports: Vec<Import>,
    pub(crate) paths: Vec<PathUse>,
    /// Of imports and paths.
    segments: Vec<Word>,
    /// Where each unit names something by a word that is a constant's, too; known once paths are forgotten.
    constants: Vec<Named>,
    pub(crate) literals: Vec<Literal>,
    pub(crate) includes: Vec<Include>,
    /// Tokens, so that an empty library can be told.
    pub(crate) tokens: u32,
    /// What other crates' macros are given: how often, and bytes.
    pub(crate) macro_input: (u64, u64),
}

impl Source<'_> {
    /// Where its tests are, in bytes: sorted and apart.
    pub(crate) fn tests(&self) -> Vec<std::ops::Range<u32>> {
        let of_tests = self.units.iter().filter(|unit| unit.is_test && unit.start < unit.end);
        let mut ranges: Vec<_> = of_tests.map(|unit| unit.start..unit.end).collect();
        ranges.sort_by_key(|range| range.start);
        ranges.dedup_by(|next, last| {
            let touches = next.start <= last.end;
            last.end = if touches { last.end.max(next.end) } else { last.end };
            touches
        });
        ranges
    }

    pub(crate) fn segments(&self, first: u32, count: u16) -> &[Word] {
        &self.segments[first as usize..first as usize + count as usize]
    }

    /// Notes a sign. Of common signs the first places tell enough; rules ask for one.
    pub(crate) fn mark(&mut self, unit: u32, sign: Sign, start: u32, end: u32) {
        let of = &mut self.units[unit as usize];
        if !of.signs.has(sign) || of.marks < 64 {
            of.marks = of.marks.saturating_add(1);
            self.marks.push(Mark { unit, sign, start, end });
        }
        of.signs.add(sign);
    }

    /// Notes that units which write where they have a connection send, and brings each unit's marks together.
    pub(crate) fn settle(&mut self) {
        const CONNECTED: Signs = Signs::of(&[Sign::Net, Sign::Listen]);
        let mut sends = Vec::new();
        for mark in self.marks.iter().filter(|mark| mark.sign == Sign::WriteAll) {
            let signs = self.units[mark.unit as usize].signs;
            if signs.any(CONNECTED) && !signs.has(Sign::Send) {
                self.units[mark.unit as usize].signs.add(Sign::Send);
                sends.push(Mark { sign: Sign::Send, ..*mark });
            }
        }
        self.marks.extend(sends);
        self.marks.sort_by_key(|mark| mark.unit);
    }

    /// All marks.
    pub(crate) fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// The marks of a unit, in their order.
    pub(crate) fn marks_of(&self, unit: u32) -> &[Mark] {
        let begin = self.marks.partition_point(|mark| mark.unit < unit);
        let length = self.marks[begin..].iter().take_while(|mark| mark.unit == unit).count();
        &self.marks[begin..begin + length]
    }

    /// The literals of a unit, in their order.
    pub(crate) fn literals_of(&self, unit: u32) -> &[Literal] {
        let begin = self.literals.partition_point(|literal| literal.unit < unit);
        let end = self.literals.partition_point(|literal| literal.unit <= unit);
        &self.literals[begin..end]
    }

    /// Lets go of paths and imports; keeps where words are named that are constants'.
    pub(crate) fn forget_paths(&mut self, is_constant: impl Fn(Word) -> bool) {
        let last = |path: &PathUse| {
            let name = self.segments(path.first, path.count).last().copied().unwrap_or_default();
            Named { unit: path.unit, start: path.start, name }
        };
        let named = self.paths.iter().map(last).filter(|named| is_constant(named.name));
        self.constants = named.collect();
        (self.paths, self.segments, self.imports) = Default::default();
    }

    /// Where a unit names what may be a constant, in the order of the code.
    pub(crate) fn constants_of(&self, unit: u32) -> &[Named] {
        let begin = self.constants.partition_point(|named| named.unit < unit);
        let end = self.constants.partition_point(|named| named.unit <= unit);
        &self.constants[begin..end]
    }

    /// The value of a literal.
    pub(crate) fn value(&self, literal: Literal) -> Vec<u8> {
        let mut tokens = Vec::new();
        let text = &self.text[literal.start as usize..literal.end as usize];
        lex(text, &mut tokens);
        if literal.is_array {
            tokens.iter().filter_map(|token| literal::byte(*token, text)).collect()
        } else {
            tokens.first().map(|token| literal::value(*token, text).into_owned()).unwrap_or_default()
        }
    }
}

/// What files are read with, one after the other: space that is used again, and the words of all of them.
pub(crate) struct Scratch<'a> {
    pub(crate) words: Words<'a>,
    tokens: Vec<Token>,
    numbers: FxHashMap<(u32, Word), u32>,
    seen: FxHashSet<u64>,
    recent: Vec<u64>,
    /// For each word the last file, from one, whose imports or units are called so.
    named: Vec<u32>,
    files: u32,
}

impl Scratch<'_> {
    pub(crate) fn new() -> Self {
        Self {
            words: Words::known(),
            tokens: Vec::new(),
            numbers: FxHashMap::default(),
            seen: FxHashSet::default(),
            recent: vec![0; RECENT],
            named: Vec::new(),
            files: 0,
        }
    }
}

/// Paths of one word have the word's number; those of several have numbers from here on. There are fewer words than
/// bytes, of which the limits allow fewer than this.
const FIRST_PATH: u32 = 1 << 29;

/// How many of the paths that were seen last are at hand.
const RECENT: usize = 1 << 10;

/// Reads a file.
pub(crate) fn read<'a>(text: &'a [u8], scratch: &mut Scratch<'a>) -> Source<'a> {
    let Scratch { words, tokens, numbers, seen, recent, named, files } = scratch;
    lex_words(text, tokens, |text| words.number(text));
    seen.clear();
    recent.fill(0);
    *files += 1;
    let mut reader = Reader {
        text,
        tokens,
        words,
        at: 0,
        source: Source { text, tokens: u32::try_from(tokens.len()).unwrap_or(u32::MAX), ..Source::default() },
        unit: 0,
        module: 0,
        owner: word::NONE,
        of_trait: word::NONE,
        in_foreign: false,
        in_test: false,
        walked: 0,
        stack: Vec::new(),
        pending: None,
        statements: Vec::new(),
        attributes: Attributes::default(),
        singles: Vec::new(),
        numbers,
        seen,
        recent,
    };
    reader.source.modules.push(Module { name: word::NONE, parent: 0, is_test: false });
    reader.open_unit(UnitKind::File, word::NONE, 0, text.len() as u32);
    reader.walk();
    reader.finish(named, *files);
    let mut source = reader.source;
    source.units.shrink_to_fit();
    source.paths.shrink_to_fit();
    source.segments.shrink_to_fit();
    source.literals.shrink_to_fit();
    source
}

/// What brackets restore when they close.
#[derive(Clone, Copy)]
struct Frame {
    unit: u32,
    module: u32,
    owner: Word,
    of_trait: Word,
    in_foreign: bool,
    in_test: bool,
}

/// What the attributes before an item say.
#[derive(Clone, Default)]
struct Attributes {
    /// Whether there were any.
    is_any: bool,
    is_test: bool,
    is_macro_entry: bool,
    is_macro_export: bool,
    paths: Vec<String>,
    link_name: Option<Vec<u8>>,
    /// What they say of the item by themselves, and where.
    marks: Vec<(Sign, u32, u32)>,
    is_exported: bool,
    export_name: Option<Vec<u8>>,
}

/// What the next `{` opens.
enum Pending {
    Unit(u32),
    Module(u32),
    Owner { owner: Word, of_trait: Word, is_test: bool },
    Foreign,
}

struct Reader<'a, 't> {
    text: &'a [u8],
    tokens: &'t [Token],
    words: &'t mut Words<'a>,
    at: usize,
    source: Source<'a>,
    unit: u32,
    module: u32,
    owner: Word,
    of_trait: Word,
    in_foreign: bool,
    in_test: bool,
    /// Tokens of the unit that were walked since it was entered.
    walked: u32,
    stack: Vec<Frame>,
    pending: Option<(usize, Pending)>,
    /// Constants: they end with the `;` at their depth.
    statements: Vec<(usize, u32)>,
    attributes: Attributes,
    /// Names alone, which may stand for a function, a constant or an import: looked at when all of these are known.
    singles: Vec<PathUse>,
    /// Paths of several words by their numbers: that of the path without its last word, and that word.
    numbers: &'t mut FxHashMap<(u32, Word), u32>,
    /// Which unit has which path already, and how: the first place of each tells enough.
    seen: &'t mut FxHashSet<u64>,
    /// Those of them that came last; nothing is zero.
    recent: &'t mut [u64],
}

impl<'a> Reader<'a, '_> {
    fn token(&self, at: usize) -> Option<Token> {
        self.tokens.get(at).copied()
    }

    fn is(&self, at: usize, byte: u8) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is(byte))
    }

    fn word(&self, at: usize) -> Option<Word> {
        self.tokens.get(at).filter(|token| token.kind == Kind::Ident).map(|token| token.word)
    }

    fn is_word(&self, at: usize, word: Word) -> bool {
        self.word(at) == Some(word)
    }

    /// `::`
    fn is_path_mark(&self, at: usize) -> bool {
        self.is(at, b':') && self.is(at + 1, b':') && self.tokens[at].end == self.tokens[at + 1].start
    }

    fn walk(&mut self) {
        while let Some(token) = self.token(self.at) {
            self.walked += 1;
            match token.kind {
                Kind::Ident => self.read_word(token),
                Kind::Open => self.open(token),
                Kind::Close => self.close(),
                Kind::Text | Kind::RawText | Kind::Bytes | Kind::RawBytes => {
                    self.read_text(token);
                    self.at += 1;
                }
                Kind::Number => {
                    self.read_number(token);
                    self.at += 1;
                }
                Kind::Punct => self.read_punctuation(token),
                Kind::Lifetime | Kind::Char | Kind::Byte => self.at += 1,
            }
        }
    }

    /// Goes on in another unit.
    fn enter(&mut self, unit: u32) {
        self.source.units[self.unit as usize].tokens += std::mem::take(&mut self.walked);
        self.unit = unit;
    }

    /// What was said by attributes is said of what ends here, or of nothing.
    fn forget_attributes(&mut self) {
        if self.attributes.is_any {
            self.attributes = Attributes::default();
        }
    }

    fn finish(&mut self, named: &mut Vec<u32>, file: u32) {
        self.enter(0);
        named.resize(self.words.len(), 0);
        let imports = self.source.imports.iter().map(|import| import.name);
        for name in imports.chain(self.source.units.iter().map(|unit| unit.name)) {
            named[name.0 as usize] = file;
        }
        let has_glob = self.source.imports.iter().any(|import| import.name == word::NONE);
        for single in std::mem::take(&mut self.singles) {
            let name = self.source.segments[single.first as usize];
            // What a glob brings in is not known here: types and constants are asked for later.
            let is_type = self.text[single.start as usize].is_ascii_uppercase();
            if named[name.0 as usize] == file || (has_glob && is_type) {
                self.source.paths.push(single);
            }
        }
        // Each unit's together, in their order.
        self.source.literals.sort_by_key(|literal| literal.unit);
        self.source.paths.sort_by_key(|path| (path.unit, path.start));
    }

    fn open_unit(&mut self, kind: UnitKind, name: Word, start: u32, end: u32) -> u32 {
        let attributes =
            if self.attributes.is_any { std::mem::take(&mut self.attributes) } else { Attributes::default() };
        let index = self.source.units.len() as u32;
        let is_exported = attributes.is_exported && kind == UnitKind::Function;
        self.source.units.push(Unit {
            kind,
            name,
            owner: self.owner,
            of_trait: self.of_trait,
            module: self.module,
            start,
            end,
            is_public: kind == UnitKind::Macro && attributes.is_macro_export,
            is_test: self.in_test || attributes.is_test,
            is_macro_entry: attributes.is_macro_entry,
            signs: Signs::NONE,
            marks: 0,
            tokens: 0,
        });
        for (sign, start, end) in attributes.marks {
            // Functions lie among the code anyway; data does not.
            if sign != Sign::MapExecutable || kind == UnitKind::Constant {
                self.source.mark(index, sign, start, end);
            }
        }
        if is_exported {
            let name = attributes.export_name.as_deref().unwrap_or(self.words.text(name));
            let sign = if is_system_symbol(name) { Sign::Interposed } else { Sign::Exported };
            self.source.mark(index, sign, start, start + 2);
        }
        if kind == UnitKind::Foreign {
            let name = self.words.text(name);
            let real = attributes.link_name.as_deref().unwrap_or(name);
            if let Some(signs) = sign::foreign(real) {
                for sign in signs.iter().chain((real != name).then_some(Sign::RenamedFfi)) {
                    self.source.mark(index, sign, start, start + 2);
                }
            }
        }
        index
    }

    fn mark(&mut self, sign: Sign, start: u32, end: u32) {
        self.source.mark(self.unit, sign, start, end);
    }

    fn marks(&mut self, signs: Signs, start: u32, end: u32) {
        for sign in signs.iter() {
            self.mark(sign, start, end);
        }
    }

    fn open(&mut self, token: Token) {
        if token.is(b'[') && self.read_array() {
            return;
        }
        let frame = Frame {
            unit: self.unit,
            module: self.module,
            owner: self.owner,
            of_trait: self.of_trait,
            in_foreign: self.in_foreign,
            in_test: self.in_test,
        };
        if token.is(b'{')
            && let Some((depth, pending)) = self.pending.take()
        {
            if depth == self.stack.len() {
                match pending {
                    Pending::Unit(unit) => {
                        self.enter(unit);
                        // What a test defines for itself is a test's, too.
                        self.in_test |= self.source.units[unit as usize].is_test;
                    }
                    Pending::Module(module) => {
                        self.module = module;
                        self.owner = word::NONE;
                        self.of_trait = word::NONE;
                        let is_test = self.source.modules[module as usize].is_test;
                        if is_test && !self.in_test {
                            // What lies in it outside of functions is a test's, too.
                            self.in_test = true;
                            let start = token.start;
                            let unit = self.open_unit(UnitKind::File, word::NONE, start, start);
                            self.enter(unit);
                        }
                        self.in_test = is_test;
                    }
                    Pending::Owner { owner, of_trait, is_test } => {
                        self.owner = owner;
                        self.of_trait = of_trait;
                        self.in_test |= is_test;
                    }
                    Pending::Foreign => self.in_foreign = true,
                }
            } else {
                self.pending = Some((depth, pending));
            }
        }
        self.stack.push(frame);
        self.at += 1;
    }

    fn close(&mut self) {
        if self.is(self.at, b'}') {
            self.forget_attributes();
        }
        if let Some(frame) = self.stack.pop() {
            if frame.unit != self.unit {
                let end = self.tokens[self.at].end;
                self.source.units[self.unit as usize].end = end;
                self.enter(frame.unit);
            }
            self.module = frame.module;
            self.owner = frame.owner;
            self.of_trait = frame.of_trait;
            self.in_foreign = frame.in_foreign;
            self.in_test = frame.in_test;
        }
        let depth = self.stack.len();
        while self.statements.last().is_some_and(|(of, _)| *of > depth) {
            self.end_statement();
        }
        if self.pending.as_ref().is_some_and(|(of, _)| *of > depth) {
            self.pending = None;
        }
        self.at += 1;
    }

    fn end_statement(&mut self) {
        if let Some((_, unit)) = self.statements.pop() {
            let end = self.tokens[self.at.min(self.tokens.len() - 1)].end;
            self.source.units[self.unit as usize].end = end;
            self.enter(unit);
        }
    }

    fn read_punctuation(&mut self, token: Token) {
        match token.first {
            b';' => {
                let depth = self.stack.len();
                if self.statements.last().is_some_and(|(of, _)| *of == depth) {
                    self.end_statement();
                }
                if self.pending.as_ref().is_some_and(|(of, _)| *of == depth) {
                    self.pending = None;
                }
                self.forget_attributes();
                self.at += 1;
            }
            b',' => {
                self.forget_attributes();
                self.at += 1;
            }
            b'#' => self.read_attribute(),
            b'^' => {
                self.mark(Sign::Xor, token.start, token.end);
                self.at += 1;
            }
            _ => self.at += 1,
        }
    }

    /// `#[…]` and `#![…]`: what counts of it is taken wherever it stands, in `cfg_attr` too.
    fn read_attribute(&mut self) {
        let mut at = self.at + 1;
        if self.is(at, b'!') {
            at += 1;
        }
        if !self.is(at, b'[') {
            self.at += 1;
            return;
        }
        self.attributes.is_any = true;
        let is_inner = at > self.at + 1;
        let mut depth = 0_u32;
        let start = at;
        // Only what nothing else is built with is a test.
        if !is_inner && self.is_word(at + 1, word::CFG) && self.is(at + 2, b'(') {
            let mut predicate = at + 3;
            self.attributes.is_test |= self.needs_test(&mut predicate, 0);
        }
        while let Some(token) = self.token(at) {
            match token.kind {
                Kind::Open => depth += 1,
                Kind::Close => {
                    depth -= 1;
                    if depth == 0 {
                        at += 1;
                        break;
                    }
                }
                Kind::Ident => {
                    let word = token.word;
                    let value = (self.is(at + 1, b'='))
                        .then(|| self.token(at + 2))
                        .flatten()
                        .filter(Token::is_text)
                        .map(|text| literal::value(text, self.text).into_owned());
                    let is_first = at == start + 1;
                    match word {
                        word::TEST | word::BENCH if is_first && !is_inner && self.is(at + 1, b']') => {
                            self.attributes.is_test = true;
                        }
                        word::PROC_MACRO | word::PROC_MACRO_DERIVE | word::PROC_MACRO_ATTRIBUTE => {
                            self.attributes.is_macro_entry = true;
                        }
                        word::MACRO_EXPORT => self.attributes.is_macro_export = true,
                        word::PATH => {
                            self.attributes
                                .paths
                                .extend(value.map(|value| String::from_utf8_lossy(&value).into_owned()));
                        }
                        word::LINK_NAME => self.attributes.link_name = value,
                        word::NO_MANGLE => self.attributes.is_exported = true,
                        word::EXPORT_NAME => {
                            self.attributes.is_exported = true;
                            self.attributes.export_name = value;
                        }
                        word::LINK_SECTION if value.as_deref().is_some_and(runs_before_main) => {
                            self.attributes.marks.push((Sign::PreMain, token.start, token.end));
                        }
                        word::LINK_SECTION if value.as_deref().is_some_and(is_section_of_code) => {
                            self.attributes.marks.push((Sign::MapExecutable, token.start, token.end));
                        }
                        word::CTOR | word::CONSTRUCTOR | word::STARTUP
                            if is_first || self.is(at + 1, b']') =>
                        {
                            self.attributes.marks.push((Sign::PreMain, token.start, token.end));
                        }
                        _ => {}
                    }
                }
                _ => {}
            }
            at += 1;
        }
        self.at = at;
    }

    /// Whether a predicate of `cfg` holds in tests and documents alone; `at` is moved past it.
    fn needs_test(&self, at: &mut usize, depth: u32) -> bool {
        let Some(word) = self.word(*at) else {
            *at += 1;
            return false;
        };
        *at += 1;
        if !self.is(*at, b'(') {
            // `feature = "x"`
            if self.is(*at, b'=') {
                *at += 2;
                return false;
            }
            return matches!(word, word::TEST | word::DOCTEST | word::DOC);
        }
        *at += 1;
        let mut parts = Vec::new();
        while *at < self.tokens.len() && !self.is(*at, b')') && depth < 16 && parts.len() < 64 {
            parts.push(self.needs_test(at, depth + 1));
            if self.is(*at, b',') {
                *at += 1;
            }
        }
        *at += 1;
        match word {
            word::ALL => parts.contains(&true),
            word::ANY => !parts.is_empty() && !parts.contains(&false),
            _ => false,
        }
    }

    fn read_text(&mut self, token: Token) {
        let literal = Literal { unit: self.unit, start: token.start, end: token.end, is_array: false };
        self.source.literals.push(literal);
        if token.end - token.start < 4 {
            return;
        }
        let value = literal::value(token, self.text);
        let signs = sign::text(&value);
        self.marks(signs, token.start, token.end);
        if value.starts_with(b"#!/") {
            self.mark(Sign::ScriptText, token.start, token.end);
        }
        if is_value_address(&value) {
            self.mark(Sign::ValueAddress, token.start, token.end);
        }
        if is_opaque(&value) {
            self.mark(Sign::Opaque, token.start, token.end);
        }
    }

    fn read_number(&mut self, token: Token) {
        let text = token.text(self.text);
        if text.len() < 5 {
            return;
        }
        if text.starts_with(b"0o") {
            if literal::number(text).is_some_and(|mode| mode & 0o111 != 0 && mode <= 0o7777) {
                self.mark(Sign::ExecutableMode, token.start, token.end);
            }
        } else if text.len() >= 10 && !text.starts_with(b"0x") && !text.starts_with(b"0b") {
            // From 2020 to 2050.
            let value = literal::number(text).unwrap_or(0);
            if (1_577_836_800..2_524_608_000).contains(&value)
                || (1_577_836_800_000..2_524_608_000_000).contains(&value)
            {
                self.mark(Sign::MomentNumber, token.start, token.end);
            }
        }
    }

    /// `[0x63, 0x75, …]`: an array of bytes or characters becomes one literal.
    fn read_array(&mut self) -> bool {
        let first = self.at + 1;
        let mut at = first;
        while let Some(token) = self.token(at) {
            if literal::byte(token, self.text).is_none() {
                break;
            }
            at += 1;
            // `99 as u8`
            if self.is_word(at, word::AS) {
                at += 2;
            }
            if self.is(at, b',') {
                at += 1;
            } else {
                break;
            }
        }
        if at - first < 6 || !self.is(at, b']') {
            return false;
        }
        let (start, end) = (self.tokens[self.at].start, self.tokens[at].end);
        self.source.literals.push(Literal { unit: self.unit, start, end, is_array: true });
        // Counted with the commas: a dozen bytes are enough for an address.
        if at - first >= 20 {
            self.mark(Sign::Opaque, start, end);
        }
        self.walked += (at - first) as u32;
        self.at = at + 1;
        true
    }

    fn read_word(&mut self, token: Token) {
        if !self.read_keyword(token.word, token) {
            self.read_path();
        }
    }

    /// Reads an item that begins with a keyword; says whether it was one.
    fn read_keyword(&mut self, word: Word, token: Token) -> bool {
        match word {
            word::FN => {
                if self.is(self.at + 1, b'[') && self.is(self.at + 2, b'<') {
                    self.read_pasted_function(token);
                    return true;
                }
                let Some(name) = self.word(self.at + 1) else {
                    self.at += 1;
                    return true;
                };
                let is_public = self.is_public(self.at);
                if self.in_foreign {
                    self.open_unit(UnitKind::Foreign, name, token.start, token.end);
                } else {
                    let unit = self.open_unit(UnitKind::Function, name, token.start, token.end);
                    self.source.units[unit as usize].is_public = is_public || self.of_trait != word::NONE;
                    self.pending = Some((self.stack.len(), Pending::Unit(unit)));
                }
                self.at += 2;
            }
            word::MOD if self.word(self.at + 1).is_some() => self.read_module(),
            word::USE if self.may_begin_item() => self.read_use(),
            word::IMPL | word::TRAIT if self.may_begin_item() => self.read_owner(word == word::TRAIT),
            word::CONST | word::STATIC if self.names_constant() => {
                let mut at = self.at + 1;
                if self.is_word(at, word::MUT) {
                    at += 1;
                }
                let name = self.word(at).unwrap_or(word::NONE);
                let is_public = self.is_public(self.at);
                let unit = self.open_unit(UnitKind::Constant, name, token.start, token.end);
                self.source.units[unit as usize].is_public = is_public;
                self.statements.push((self.stack.len(), self.unit));
                self.enter(unit);
                self.at = at + 1;
            }
            word::TYPE if self.word(self.at + 1).is_some() && self.may_begin_item() => self.read_alias(),
            word::EXTERN => self.read_extern(token),
            word::UNSAFE => {
                // `#[unsafe(no_mangle)]` is read as an attribute.
                self.mark(Sign::Unsafe, token.start, token.end);
                self.at += 1;
            }
            word::MACRO_RULES if self.is(self.at + 1, b'!') && self.word(self.at + 2).is_some() => {
                let name = self.word(self.at + 2).unwrap_or(word::NONE);
                let unit = self.open_unit(UnitKind::Macro, name, token.start, token.end);
                let depth = self.stack.len();
                // Some write `macro_rules! name ( … );`.
                self.at += 3;
                if self.is(self.at, b'{') {
                    self.pending = Some((depth, Pending::Unit(unit)));
                } else if self.token(self.at).is_some_and(|token| token.kind == Kind::Open) {
                    self.statements.push((depth, self.unit));
                    self.enter(unit);
                }
            }
            word::AS => {
                if self.is_word(self.at + 1, word::CHAR) {
                    self.mark(Sign::ToText, token.start, token.end);
                }
                self.at += 1;
            }
            word::LET
            | word::IF
            | word::IN
            | word::MUT
            | word::REF
            | word::PUB
            | word::FOR
            | word::ELSE
            | word::LOOP
            | word::MOVE
            | word::MATCH
            | word::WHILE
            | word::WHERE
            | word::RETURN
            | word::STRUCT
            | word::ENUM
            | word::ASYNC
            | word::AWAIT
            | word::BREAK
            | word::DYN => {
                if matches!(word, word::STRUCT | word::ENUM) {
                    self.forget_attributes();
                }
                self.at += 1;
            }
            _ => return false,
        }
        true
    }

    /// Whether an item may begin here, by what stands before.
    fn may_begin_item(&self) -> bool {
        let Some(before) = self.at.checked_sub(1).and_then(|at| self.token(at)) else {
            return true;
        };
        match before.kind {
            Kind::Punct => {
                matches!(before.first, b';' | b'>')
                    && !(before.first == b'>' && self.is(self.at.wrapping_sub(2), b'-'))
            }
            Kind::Open => before.first == b'{',
            // `pub(crate) use`, `#[…] use`
            Kind::Close => true,
            Kind::Ident => {
                matches!(before.word, word::PUB | word::UNSAFE | word::DEFAULT | word::AUTO | word::EXTERN)
            }
            Kind::Text => true,
            _ => false,
        }
    }

    fn is_public(&self, at: usize) -> bool {
        let mut at = at;
        for _ in 0..6 {
            let Some(before) = at.checked_sub(1) else {
                return false;
            };
            at = before;
            match self.word(at) {
                Some(word::PUB) => return true,
                Some(
                    word::CONST
                    | word::ASYNC
                    | word::UNSAFE
                    | word::EXTERN
                    | word::CRATE
                    | word::SUPER
                    | word::SELF
                    | word::IN,
                ) => {}
                Some(_) => return false,
                None if self
                    .token(at)
                    .is_some_and(|token| token.is_text() || token.is(b'(') || token.is(b')')) => {}
                None => return false,
            }
        }
        false
    }

    /// `const NAME:`, `static mut NAME:`; neither `const fn` nor `*const T`.
    fn names_constant(&self) -> bool {
        let at = if self.is_word(self.at + 1, word::MUT) { self.at + 2 } else { self.at + 1 };
        self.word(at).is_some()
            && self.is(at + 1, b':')
            && !self.is(at + 2, b':')
            && !self.is(self.at.wrapping_sub(1), b'*')
            && !self.is(self.at.wrapping_sub(1), b'<')
            && !self.is(self.at.wrapping_sub(1), b',')
    }

    /// `fn [<RSA_ $name>]`: what the name begins with is known.
    fn read_pasted_function(&mut self, token: Token) {
        let mut at = self.at + 3;
        let begin = self.token(at).map_or(token.end, |first| first.start);
        let end = self.token(at).map_or(token.end, |first| first.end);
        let prefix = self.words.number(&self.text[begin as usize..end as usize]);
        while at < self.tokens.len() && !self.is(at, b']') {
            at += 1;
        }
        let unit = self.open_unit(UnitKind::Function, prefix, token.start, token.end);
        self.pending = Some((self.stack.len(), Pending::Unit(unit)));
        self.at = at + 1;
    }

    fn read_module(&mut self) {
        let name = self.word(self.at + 1).unwrap_or(word::NONE);
        let attributes = std::mem::take(&mut self.attributes);
        let is_test = self.in_test || attributes.is_test;
        if self.is(self.at + 2, b';') {
            if !is_test && attributes.paths.iter().any(|path| is_odd_source(path)) {
                let token = self.tokens[self.at];
                self.mark(Sign::IncludesOdd, token.start, token.end);
            }
            self.source.children.push(Child { module: self.module, name, paths: attributes.paths, is_test });
            self.at += 3;
        } else if self.is(self.at + 2, b'{') {
            let module = self.source.modules.len() as u32;
            self.source.modules.push(Module { name, parent: self.module, is_test });
            self.pending = Some((self.stack.len(), Pending::Module(module)));
            self.at += 2;
        } else {
            self.at += 1;
        }
    }

    /// `use a::{b as c, d::*};`
    fn read_use(&mut self) {
        self.forget_attributes();
        self.at += 1;
        let mut prefix = Vec::new();
        self.read_use_tree(&mut prefix, 0);
        while self.at < self.tokens.len() && !self.is(self.at, b';') && !self.is(self.at, b'}') {
            self.at += 1;
        }
        if self.is(self.at, b';') {
            self.at += 1;
        }
    }

    fn read_use_tree(&mut self, prefix: &mut Vec<Word>, depth: u32) {
        let length = prefix.len();
        // No path that compiles is so deep.
        while prefix.len() < 64 {
            if self.is_path_mark(self.at) {
                self.at += 2;
            } else if self.is(self.at, b'$') {
                self.at += 1;
            } else if let Some(word) = self.word(self.at) {
                let at = self.tokens[self.at].start;
                self.at += 1;
                if self.is_path_mark(self.at) {
                    prefix.push(word);
                    continue;
                }
                let mut name = word;
                if self.is_word(self.at, word::AS) {
                    name = self.word(self.at + 1).unwrap_or(word::UNDERSCORE);
                    self.at += 2;
                }
                if word == word::SELF {
                    if name == word::SELF {
                        name = prefix.last().copied().unwrap_or(word::SELF);
                    }
                } else {
                    prefix.push(word);
                }
                // `use a::Trait as _` still makes its methods callable.
                self.import(name, prefix, at);
                break;
            } else if self.is(self.at, b'*') {
                let at = self.tokens[self.at].start;
                self.at += 1;
                self.import(word::NONE, prefix, at);
                break;
            } else if self.is(self.at, b'{') && depth < 32 {
                self.at += 1;
                while self.at < self.tokens.len() && !self.is(self.at, b'}') {
                    let before = self.at;
                    self.read_use_tree(prefix, depth + 1);
                    if self.is(self.at, b',') {
                        self.at += 1;
                    } else if self.at == before || self.is(self.at, b';') {
                        break;
                    }
                }
                if self.is(self.at, b'}') {
                    self.at += 1;
                }
                break;
            } else {
                break;
            }
        }
        prefix.truncate(length);
    }

    fn import(&mut self, name: Word, path: &[Word], at: u32) {
        if path.is_empty() {
            return;
        }
        let first = self.source.segments.len() as u32;
        self.source.segments.extend_from_slice(path);
        let count = path.len() as u16;
        self.source.imports.push(Import { module: self.module, name, first, count });
        // What is imported is used, or would not be.
        self.source.paths.push(PathUse {
            unit: self.unit,
            start: at,
            end: at + self.words.text(name).len().max(1) as u32,
            first,
            count,
            form: Form::Value,
        });
    }

    /// `type Name<…> = a::b;`
    fn read_alias(&mut self) {
        self.forget_attributes();
        let name = self.word(self.at + 1).unwrap_or(word::NONE);
        let mut at = self.at + 2;
        let limit = at + 24;
        while at < limit && !self.is(at, b'=') && !self.is(at, b';') && !self.is(at, b'{') {
            at += 1;
        }
        if !self.is(at, b'=') {
            self.at += 2;
            return;
        }
        self.at = at + 1;
        let mut path = Vec::new();
        let mut next = self.at;
        if self.is_path_mark(next) {
            next += 2;
        }
        while let Some(word) = self.word(next) {
            path.push(word);
            if !self.is_path_mark(next + 1) {
                break;
            }
            next += 3;
        }
        if !path.is_empty() && path != [word::SELF_TYPE] {
            let start = self.tokens[self.at.min(self.tokens.len() - 1)].start;
            self.import(name, &path, start);
        }
    }

    /// The type, and the trait, of an `impl` or `trait`.
    fn read_owner(&mut self, is_trait: bool) {
        let is_test = std::mem::take(&mut self.attributes).is_test;
        let mut at = self.at + 1;
        let mut angle = 0_i32;
        let mut owner = word::NONE;
        let mut of_trait = word::NONE;
        let limit = at + 400;
        let mut settled = false;
        while at < limit
            && let Some(token) = self.token(at)
        {
            match token.kind {
                Kind::Punct if token.first == b'<' => angle += 1,
                Kind::Punct
                    if token.first == b'>'
                        && !self.is(at.wrapping_sub(1), b'-')
                        && !self.is(at.wrapping_sub(1), b'=') =>
                {
                    angle -= 1;
                }
                Kind::Punct if token.first == b';' => break,
                Kind::Open if token.first == b'{' && angle <= 0 => break,
                Kind::Ident if angle == 0 && !settled => match token.word {
                    word::FOR => {
                        of_trait = owner;
                        owner = word::NONE;
                    }
                    word::WHERE => settled = true,
                    word::DYN | word::MUT | word::CONST | word::UNSAFE => {}
                    word => {
                        owner = word;
                        settled = is_trait;
                    }
                },
                _ => {}
            }
            at += 1;
        }
        // What stands in between is read as what it is.
        self.pending = Some((self.stack.len(), Pending::Owner { owner, of_trait, is_test }));
        self.at += 1;
    }

    /// `extern crate`, `extern "C" { … }`, `extern "C" fn`.
    fn read_extern(&mut self, token: Token) {
        let mut at = self.at + 1;
        if self.is_word(at, word::CRATE) {
            let Some(name) = self.word(at + 1) else {
                self.at += 2;
                return;
            };
            let alias = if self.is_word(at + 2, word::AS) { self.word(at + 3).unwrap_or(name) } else { name };
            let start = self.tokens[at + 1].start;
            self.import(alias, &[name], start);
            self.at = at + 2;
            return;
        }
        if self.token(at).is_some_and(|token| token.is_text()) {
            at += 1;
        }
        if self.is(at, b'{') {
            self.forget_attributes();
            self.mark(Sign::Ffi, token.start, token.end);
            self.pending = Some((self.stack.len(), Pending::Foreign));
        }
        self.at = at;
    }

    /// A path from here, and what is done with it.
    fn read_path(&mut self) {
        let begin = self.at;
        let is_member = begin > 0 && self.is(begin - 1, b'.') && !self.is(begin.wrapping_sub(2), b'.');
        let first = self.source.segments.len() as u32;
        let start = self.tokens[begin].start;
        self.source.segments.push(self.tokens[begin].word);
        self.at += 1;
        let mut end = self.tokens[begin].end;
        while self.is_path_mark(self.at) {
            let next = self.at + 2;
            if let Some(word) = self.word(next) {
                self.source.segments.push(word);
                end = self.tokens[next].end;
                self.at = next + 1;
            } else if self.is(next, b'<') {
                self.at = self.past_angles(next);
            } else if self.is(next, b'$') && self.word(next + 1).is_some() {
                // A macro's own part: what it is given is tried where it is called.
                self.at = next + 2;
            } else if self.is(next, b'[') && self.is(next + 1, b'<') {
                self.read_pasted(next);
                end = self.tokens[self.at.min(self.tokens.len()) - 1].end;
            } else {
                self.at = next;
                break;
            }
        }
        let count = (self.source.segments.len() as u32 - first).min(u32::from(u16::MAX)) as u16;
        let form = if self.is(self.at, b'(') {
            if is_member { Form::Method } else { Form::Call }
        } else if self.is(self.at, b'!')
            && !self.is(self.at + 1, b'=')
            && self.token(self.at + 1).is_some_and(|token| token.kind == Kind::Open)
        {
            Form::Macro
        } else {
            Form::Value
        };
        let path = PathUse { unit: self.unit, start, end, first, count, form };
        let is_kept = form == Form::Macro || (is_member && form == Form::Value) || self.is_new(&path);
        if form == Form::Method {
            self.read_method(path);
        }
        if !is_kept {
            self.source.segments.truncate(first as usize);
            return;
        }
        match form {
            Form::Macro => self.read_macro(path),
            Form::Value if count == 1 => {
                if is_member {
                    self.source.segments.truncate(first as usize);
                } else {
                    self.read_single(path);
                }
            }
            Form::Call | Form::Method | Form::Value => self.source.paths.push(path),
        }
    }

    /// Whether the unit has no such path yet.
    fn is_new(&mut self, path: &PathUse) -> bool {
        // A number for each path, never a hash: two paths that collide would let one hide behind the other.
        let mut words = self.source.segments[path.first as usize..].iter();
        let mut number = words.next().map_or(0, |word| word.0);
        for word in words {
            let next = FIRST_PATH + self.numbers.len() as u32;
            number = *self.numbers.entry((number, *word)).or_insert(next);
        }
        let key = u64::from(path.unit) << 32 | u64::from(number) << 2 | path.form as u64;
        // Most of what was seen was seen just now.
        let recent = &mut self.recent[(key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as usize % RECENT];
        if *recent == key {
            return false;
        }
        *recent = key;
        self.seen.insert(key)
    }

    /// A name alone: kept where it can stand for something.
    fn read_single(&mut self, path: PathUse) {
        let next = self.token(self.at);
        let is_value = next.is_none_or(|next| {
            matches!(next.first, b',' | b')' | b';' | b']' | b'}' | b'.') || next.kind == Kind::Ident
        });
        if self.text[path.start as usize].is_ascii_uppercase() || is_value {
            self.singles.push(path);
        } else {
            self.source.segments.truncate(path.first as usize);
        }
    }

    fn past_angles(&self, mut at: usize) -> usize {
        let mut depth = 0_i32;
        let limit = at + 200;
        while at < limit
            && let Some(token) = self.token(at)
        {
            match token.first {
                b'<' if token.kind == Kind::Punct => depth += 1,
                b'>' if token.kind == Kind::Punct && !self.is(at.wrapping_sub(1), b'-') => {
                    depth -= 1;
                    if depth == 0 {
                        return at + 1;
                    }
                }
                b';' | b'{' | b'}' if token.kind != Kind::Ident => break,
                _ => {}
            }
            at += 1;
        }
        at
    }

    /// `[<Com mand>]`: the parts are one name.
    fn read_pasted(&mut self, at: usize) {
        let mut at = at + 2;
        let begin = self.tokens[at.min(self.tokens.len() - 1)].start;
        let mut end = begin;
        let mut pasted = Vec::new();
        while at < self.tokens.len() && !self.is(at, b'>') && pasted.len() < 200 {
            let token = self.tokens[at];
            if token.kind == Kind::Ident {
                pasted.extend_from_slice(token.text(self.text));
            } else if token.is_text() {
                pasted.extend_from_slice(&literal::value(token, self.text));
            }
            end = token.end;
            at += 1;
        }
        // One that the scanner knows is kept as such; the source has no slice for it.
        let word = word::known(&pasted);
        let word = word.unwrap_or_else(|| self.words.number(&self.text[begin as usize..end as usize]));
        self.source.segments.push(word);
        self.at = (at + 2).min(self.tokens.len());
    }

    fn read_method(&mut self, path: PathUse) {
        let name = self.source.segments[path.first as usize];
        if let Some(signs) = sign::method(name) {
            self.marks(signs, path.start, path.end);
        }
        // `.chars().rev()`: a text is turned around.
        let before = self.at.checked_sub(5).and_then(|at| self.word(at));
        if name == word::REV && matches!(before, Some(word::CHARS | word::BYTES)) {
            self.mark(Sign::ToText, path.start, path.end);
        }
        if name == word::PARSE && self.reads_code() {
            self.mark(Sign::ParseCode, path.start, path.end);
        }
        if self.is_word(self.at + 1, word::TRUE) {
            let name = self.words.text(name);
            if name.starts_with(b"danger_accept_invalid") || name.starts_with(b"accept_invalid") {
                self.mark(Sign::TlsUnchecked, path.start, path.end);
            }
        }
    }

    /// Whether `.parse()` makes tokens of a text, as far as the same statement tells.
    fn reads_code(&self) -> bool {
        let from = self.at.saturating_sub(24);
        (from..(self.at + 4).min(self.tokens.len()))
            .rev()
            .any(|at| self.word(at).is_some_and(|word| self.words.text(word).ends_with(b"TokenStream")))
    }

    /// A macro: those of std that take files in are followed; what others are given is read as code.
    fn read_macro(&mut self, path: PathUse) {
        let name = self.source.segments[(path.first + u32::from(path.count)) as usize - 1];
        match name {
            word::INCLUDE => self.read_include(path, true),
            word::INCLUDE_BYTES | word::INCLUDE_STR => self.read_include(path, false),
            word::ASM | word::GLOBAL_ASM | word::NAKED_ASM | word::LLVM_ASM => {
                self.mark(Sign::Asm, path.start, path.end);
            }
            word::PANIC => self.mark(Sign::Panic, path.start, path.end),
            word::CONCAT
            | word::VEC
            | word::PRINTLN
            | word::FORMAT
            | word::ASSERT
            | word::ASSERT_EQ
            | word::WRITE
            | word::WRITELN
            | word::MATCHES
            | word::DEBUG_ASSERT
            | word::EPRINTLN
            | word::UNREACHABLE
            | word::ENV
            | word::OPTION_ENV
            | word::PRINT
            | word::ASSERT_NE
            | word::CFG
            | word::STRINGIFY
            | word::THREAD_LOCAL
            | word::TODO
            | word::UNIMPLEMENTED
            | word::FORMAT_ARGS
            | word::LINE
            | word::FILE
            | word::COMPILE_ERROR
            | word::INCLUDE_DIR
            | word::DEBUG_ASSERT_EQ
            | word::EPRINT
            | word::DBG
            | word::QUOTE => {}
            _ => {
                self.try_pasted_paths(path);
                let mut depth = 0_u32;
                let from = self.at + 1;
                let mut at = from;
                // Only measured: what it is given is walked as code afterwards.
                while let Some(token) = self.token(at)
                    && at < from + 4096
                {
                    match token.kind {
                        Kind::Open => depth += 1,
                        Kind::Close => {
                            depth = depth.saturating_sub(1);
                            if depth == 0 {
                                break;
                            }
                        }
                        _ => {}
                    }
                    at += 1;
                }
                let end = self.token(at).map_or(self.text.len() as u32, |token| token.end);
                self.source.macro_input.0 += 1;
                self.source.macro_input.1 += u64::from(end.saturating_sub(path.end));
            }
        }
        self.source.paths.push(path);
        // Past the `!`.
        self.at += 1;
    }

    /// `run!(process Command)`: the names that a macro is given may be joined to a path in it.
    fn try_pasted_paths(&mut self, path: PathUse) {
        self.try_pasted_names(path);
        let mut words: Vec<Word> = Vec::new();
        let mut at = self.at + 2;
        while words.len() < 8 && at < self.at + 24 {
            match self.token(at) {
                Some(token) if token.kind == Kind::Ident => words.push(token.word),
                Some(token) if token.kind == Kind::Close => break,
                Some(_) => {}
                None => break,
            }
            at += 1;
        }
        if words.len() < 2 {
            return;
        }
        for pair in words.windows(2) {
            if let Some(signs) = sign::pasted(&[self.words.text(pair[0]), self.words.text(pair[1])].concat())
            {
                self.marks(signs, path.start, path.end);
            }
        }
        let mut joined = Vec::new();
        for begin in 0..words.len() - 1 {
            for end in begin + 2..=words.len().min(begin + 4) {
                joined.clear();
                joined.push(word::STD);
                joined.extend(words[begin..end].iter().filter(|word| **word != word::STD));
                if let Some(signs) = sign::paths().line(&joined) {
                    self.marks(signs, path.start, path.end);
                }
            }
        }
    }

    /// `rows! { [std process::Com mand::new] }`: two to four names side by side that are one of the system's when joined.
    ///
    /// Words of a language of its own stand side by side, too, but do not spell `Command` or `RSA_verify`.
    fn try_pasted_names(&mut self, path: PathUse) {
        const FARTHEST: usize = 1024;
        let mut run = Vec::new();
        let mut begins: Vec<(usize, Word)> = Vec::new();
        let mut depth = 0_u32;
        let mut at = self.at + 1;
        while let Some(token) = self.token(at)
            && at < self.at + FARTHEST
        {
            at += 1;
            match token.kind {
                Kind::Ident => {
                    begins.push((run.len(), token.word));
                    run.extend_from_slice(token.text(self.text));
                    let ends = begins.windows(2).map(|pair| (pair[0], pair[1].0));
                    for ((begin, word), second) in ends.rev().take(3) {
                        let (first, joined) = (&run[begin..second], &run[begin..]);
                        if is_keyword(word) {
                            break;
                        }
                        if let Some(signs) = sign::pasted(joined) {
                            self.marks(signs, path.start, path.end);
                            self.mark(Sign::InPieces, path.start, path.end);
                        } else if joined.len() > 6 && is_system_symbol(joined) && !is_system_symbol(first) {
                            self.mark(Sign::Interposed, path.start, path.end);
                            self.mark(Sign::InPieces, path.start, path.end);
                        }
                    }
                    continue;
                }
                Kind::Open => depth += 1,
                Kind::Close => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        break;
                    }
                }
                _ => {}
            }
            run.clear();
            begins.clear();
        }
    }

    fn read_include(&mut self, path: PathUse, as_code: bool) {
        let mut at = self.at + 1;
        let mut depth = 0_u32;
        let mut target = Vec::new();
        let mut is_built = false;
        let mut from_root = false;
        while let Some(token) = self.token(at) {
            match token.kind {
                Kind::Open => depth += 1,
                Kind::Close => {
                    depth -= 1;
                    if depth == 0 {
                        break;
                    }
                }
                // What a build script hands over leads to what it wrote.
                Kind::Ident if token.word == word::ENV && self.is(at + 1, b'!') => {
                    if let Some(name) = self.token(at + 3).filter(Token::is_text) {
                        match &*literal::value(name, self.text) {
                            b"CARGO_MANIFEST_DIR" => from_root = true,
                            // What cargo says of the package leads nowhere that a build wrote.
                            name if name.starts_with(b"CARGO_") => {}
                            _ => is_built = true,
                        }
                        at += 4;
                        continue;
                    }
                }
                _ if token.is_text() => target.extend_from_slice(&literal::value(token, self.text)),
                _ => {}
            }
            at += 1;
        }
        let target = String::from_utf8_lossy(&target).into_owned();
        let sign = match (as_code, is_built) {
            (true, true) => Some(Sign::IncludesBuilt),
            (true, false) if is_odd_source(&target) => Some(Sign::IncludesOdd),
            (true, false) => None,
            (false, _) if is_to_be_read(&target) => None,
            (false, _) => Some(Sign::Embedded),
        };
        if let Some(sign) = sign {
            self.mark(sign, path.start, path.end);
        }
        self.source.includes.push(Include {
            unit: self.unit,
            start: path.start,
            end: path.end,
            path: target,
            as_code,
            is_built,
            from_root,
        });
    }
}

/// Whether a file is one that people write and read.
fn is_to_be_read(path: &str) -> bool {
    let extension = crate::package::extension(path).to_ascii_lowercase();
    matches!(
        extension.as_str(),
        "rs" | "c"
            | "h"
            | "cc"
            | "cpp"
            | "md"
            | "toml"
            | "html"
            | "css"
            | "js"
            | "json"
            | "sql"
            | "glsl"
            | "wgsl"
            | "vert"
            | "frag"
            | "hlsl"
            | "metal"
            | "proto"
            | "csv"
            | "yaml"
            | "yml"
            | "xml"
            | "svg"
            | "hbs"
            | "tera"
            | "ftl"
            | "pest"
            | "lalrpop"
            | "wit"
            | "wat"
            | "asm"
            | "s"
            | "py"
            | "lua"
            | "scm"
            | "graphql"
    )
}

/// Whether code is taken from where no source file lies.
fn is_odd_source(path: &str) -> bool {
    let extension = crate::package::extension(path);
    let is_source = matches!(extension, "rs" | "in" | "inc" | "rsi") || path.contains(".rs.");
    let is_hidden = path.split('/').any(|part| part.len() > 1 && part.starts_with('.') && part != "..");
    !path.is_empty() && (!is_source || is_hidden || crate::package::is_of_tests(path))
}

/// Words of the language that stand beside a name in any code.
fn is_keyword(word: Word) -> bool {
    matches!(
        word,
        word::AS
            | word::ASYNC
            | word::CONST
            | word::DYN
            | word::ELSE
            | word::ENUM
            | word::EXTERN
            | word::FN
            | word::FOR
            | word::IF
            | word::IMPL
            | word::IN
            | word::LET
            | word::MATCH
            | word::MOD
            | word::MOVE
            | word::MUT
            | word::PUB
            | word::REF
            | word::RETURN
            | word::STATIC
            | word::STRUCT
            | word::TRAIT
            | word::TYPE
            | word::UNSAFE
            | word::USE
            | word::WHERE
            | word::WHILE
    )
}

/// Whether what lies in that section can be run.
fn is_section_of_code(section: &[u8]) -> bool {
    section.starts_with(b".text") || section.starts_with(b"__TEXT,__text")
}

/// Sections whose contents the loader calls.
fn runs_before_main(section: &[u8]) -> bool {
    [
        &b".init"[..],
        b".ctors",
        b".CRT$",
        b"__mod_init",
        b".preinit",
        b"__init_offsets",
        b".fini",
        b"__DATA,__mod_term",
    ]
    .iter()
    .any(|known| section.windows(known.len()).any(|part| part == *known))
}

/// Symbols that programs expect from the system, or from a library for secrets.
fn is_system_symbol(name: &[u8]) -> bool {
    const OTHERS: [&[u8]; 36] = [
        b"open",
        b"openat",
        b"open64",
        b"read",
        b"write",
        b"close",
        b"stat",
        b"lstat",
        b"fstat",
        b"ioctl",
        b"readdir",
        b"getrandom",
        b"getentropy",
        b"rand",
        b"srand",
        b"random",
        b"arc4random",
        b"pthread_create",
        b"pthread_mutex_lock",
        b"strcmp",
        b"strncmp",
        b"memcmp",
        b"timingsafe_bcmp",
        b"crypt",
        b"printf",
        b"puts",
        b"fwrite",
        b"fread",
        b"__libc_start_main",
        b"getuid",
        b"geteuid",
        b"sleep",
        b"nanosleep",
        b"clock_gettime",
        b"pam_authenticate",
        b"getpass",
    ];
    const PREFIXES: [&[u8]; 9] =
        [b"SSL_", b"EVP_", b"RSA_", b"EC_", b"ECDSA_", b"HMAC_", b"CRYPTO_", b"RAND_", b"crypto_"];
    let known = sign::foreign(name).is_some_and(|signs| signs != Signs::NONE) || OTHERS.contains(&name);
    known || PREFIXES.iter().any(|prefix| name.starts_with(prefix)) && name.len() >= 4
}

/// An address to which value is sent: of Ethereum, of Bitcoin in either form, of others in base58.
fn is_value_address(value: &[u8]) -> bool {
    let of_base58 = |byte: &u8| byte.is_ascii_alphanumeric() && !matches!(byte, b'0' | b'O' | b'I' | b'l');
    match value {
        [b'0', b'x', rest @ ..] => {
            rest.len() == 40
                && rest.iter().all(u8::is_ascii_hexdigit)
                && rest.iter().any(|byte| *byte != b'0')
        }
        [b'b', b'c', b'1', rest @ ..] | [b't', b'b', b'1', rest @ ..] => {
            (25..=70).contains(&rest.len())
                && rest.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        }
        [b'1' | b'3', ..] | [b'T', ..] | [b'4', ..] => {
            (26..=35).contains(&value.len())
                && value.iter().all(of_base58)
                && value.iter().filter(|byte| byte.is_ascii_digit()).count() >= 3
                && value.iter().any(u8::is_ascii_uppercase)
                && value.iter().any(u8::is_ascii_lowercase)
        }
        _ => false,
    }
}

/// Whether a text says nothing to a reader: base64 or hex of some length.
fn is_opaque(value: &[u8]) -> bool {
    if value.len() < 24 {
        return false;
    }
    let head = &value[..value.len().min(256)];
    let of_base64 =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_' | b'\n');
    if !head.iter().all(of_base64) {
        return false;
    }
    let digits = head.iter().filter(|byte| byte.is_ascii_digit()).count();
    let upper = head.iter().filter(|byte| byte.is_ascii_uppercase()).count();
    let lower = head.iter().filter(|byte| byte.is_ascii_lowercase()).count();
    let is_hex = head.iter().all(u8::is_ascii_hexdigit);
    // A path has many `/`, a name many `_` or `-`.
    let marks = head.iter().filter(|byte| matches!(byte, b'/' | b'_' | b'-')).count();
    (is_hex && head.len() >= 32 && digits > 0)
        || (digits >= 2 && upper >= 3 && lower >= 3 && marks * 8 <= head.len())
}
