//! One file of Rust, read once: its functions, what it imports, which paths it uses, and the signs that its tokens bear.
//!
//! This reads tokens, not a grammar: macro bodies, disabled `cfg` branches and code that does not parse are seen like all
//! else. Where the text allows several readings, all are taken: a sign too many is weighed later, one too few is lost.
//!
//! Everything is by position in the file; names are slices of it. What paths mean is found in [`crate::names`], once
//! all files of the package are read.

use rustc_hash::FxHashSet;

use crate::lex::{Kind, Token, lex};
use crate::literal;
use crate::sign::{self, Sign, Signs};

/// A function, constant, macro, foreign function, or what is left of the file.
#[derive(Clone, Debug)]
pub(crate) struct Unit<'a> {
    pub(crate) kind: UnitKind,
    pub(crate) name: &'a [u8],
    /// The type or trait whose it is.
    pub(crate) owner: &'a [u8],
    /// The trait that is implemented by it.
    pub(crate) of_trait: &'a [u8],
    /// Which of the file's modules it lies in.
    pub(crate) module: u32,
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) is_public: bool,
    pub(crate) is_test: bool,
    /// `#[proc_macro]` and its kin.
    pub(crate) is_macro_entry: bool,
    pub(crate) signs: Signs,
    pub(crate) marks: Vec<Mark>,
    /// How many tokens it has, those of units within it not counted.
    pub(crate) tokens: u32,
}

impl Unit<'_> {
    /// Notes a sign. Of common signs the first places tell enough; rules ask for one.
    pub(crate) fn mark(&mut self, sign: Sign, start: u32, end: u32) {
        if !self.signs.has(sign) || self.marks.len() < 64 {
            self.marks.push(Mark { sign, start, end });
        }
        self.signs.add(sign);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnitKind {
    File,
    Function,
    Constant,
    Macro,
    Foreign,
}

/// A sign at a place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    pub(crate) sign: Sign,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// A module of the file: the file itself, or `mod name { … }`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Module<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) parent: u32,
    pub(crate) is_test: bool,
}

/// `mod name;`
#[derive(Clone, Debug)]
pub(crate) struct Child<'a> {
    pub(crate) module: u32,
    pub(crate) name: &'a [u8],
    /// `#[path = "…"]`, each of them: which one counts may depend on `cfg_attr`.
    pub(crate) paths: Vec<String>,
    pub(crate) is_test: bool,
}

/// A name that stands for a path: `use`, `type`, `extern crate`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Import<'a> {
    pub(crate) module: u32,
    /// Empty for all names of the path.
    pub(crate) name: &'a [u8],
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
    pub(crate) units: Vec<Unit<'a>>,
    pub(crate) modules: Vec<Module<'a>>,
    pub(crate) children: Vec<Child<'a>>,
    pub(crate) imports: Vec<Import<'a>>,
    pub(crate) paths: Vec<PathUse>,
    /// Of imports and paths.
    pub(crate) segments: Vec<&'a [u8]>,
    pub(crate) literals: Vec<Literal>,
    pub(crate) includes: Vec<Include>,
    /// Tokens, so that an empty library can be told.
    pub(crate) tokens: u32,
    /// What other crates' macros are given: how often, and bytes.
    pub(crate) macro_input: (u64, u64),
}

impl<'a> Source<'a> {
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

    pub(crate) fn segments(&self, first: u32, count: u16) -> &[&'a [u8]] {
        &self.segments[first as usize..first as usize + count as usize]
    }

    /// The literals of a unit, in their order.
    pub(crate) fn literals_of(&self, unit: u32) -> &[Literal] {
        let begin = self.literals.partition_point(|literal| literal.unit < unit);
        let end = self.literals.partition_point(|literal| literal.unit <= unit);
        &self.literals[begin..end]
    }

    /// The paths of a unit, in their order.
    pub(crate) fn paths_of(&self, unit: u32) -> &[PathUse] {
        let begin = self.paths.partition_point(|path| path.unit < unit);
        let end = self.paths.partition_point(|path| path.unit <= unit);
        &self.paths[begin..end]
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

/// Reads a file; `tokens` is scratch space.
pub(crate) fn read<'a>(text: &'a [u8], tokens: &mut Vec<Token>) -> Source<'a> {
    lex(text, tokens);
    let mut reader = Reader {
        text,
        tokens,
        at: 0,
        source: Source { text, tokens: u32::try_from(tokens.len()).unwrap_or(u32::MAX), ..Source::default() },
        unit: 0,
        module: 0,
        owner: b"",
        of_trait: b"",
        in_foreign: false,
        in_test: false,
        stack: Vec::new(),
        pending: None,
        statements: Vec::new(),
        attributes: Attributes::default(),
        singles: Vec::new(),
        seen: FxHashSet::default(),
    };
    reader.source.modules.push(Module { name: b"", parent: 0, is_test: false });
    reader.open_unit(UnitKind::File, b"", 0, text.len() as u32);
    reader.walk();
    reader.finish();
    reader.source
}

/// What brackets restore when they close.
#[derive(Clone, Copy)]
struct Frame<'a> {
    unit: u32,
    module: u32,
    owner: &'a [u8],
    of_trait: &'a [u8],
    in_foreign: bool,
    in_test: bool,
}

/// What the attributes before an item say.
#[derive(Clone, Default)]
struct Attributes {
    is_test: bool,
    is_macro_entry: bool,
    is_macro_export: bool,
    paths: Vec<String>,
    link_name: Option<Vec<u8>>,
    marks: Vec<Mark>,
    is_exported: bool,
    export_name: Option<Vec<u8>>,
}

/// What the next `{` opens.
enum Pending<'a> {
    Unit(u32),
    Module(u32),
    Owner { owner: &'a [u8], of_trait: &'a [u8], is_test: bool },
    Foreign,
}

struct Reader<'a, 't> {
    text: &'a [u8],
    tokens: &'t [Token],
    at: usize,
    source: Source<'a>,
    unit: u32,
    module: u32,
    owner: &'a [u8],
    of_trait: &'a [u8],
    in_foreign: bool,
    in_test: bool,
    stack: Vec<Frame<'a>>,
    pending: Option<(usize, Pending<'a>)>,
    /// Constants: they end with the `;` at their depth.
    statements: Vec<(usize, u32)>,
    attributes: Attributes,
    /// Names alone, which may stand for a function, a constant or an import: looked at when all of these are known.
    singles: Vec<PathUse>,
    /// Paths that a unit has already, by their hashes: the first place of each tells enough.
    seen: FxHashSet<u64>,
}

impl<'a> Reader<'a, '_> {
    fn token(&self, at: usize) -> Option<Token> {
        self.tokens.get(at).copied()
    }

    fn is(&self, at: usize, byte: u8) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is(byte))
    }

    fn word(&self, at: usize) -> Option<&'a [u8]> {
        self.tokens.get(at).filter(|token| token.kind == Kind::Ident).map(|token| token.text(self.text))
    }

    fn is_word(&self, at: usize, word: &[u8]) -> bool {
        self.word(at) == Some(word)
    }

    /// `::`
    fn is_path_mark(&self, at: usize) -> bool {
        self.is(at, b':') && self.is(at + 1, b':') && self.tokens[at].end == self.tokens[at + 1].start
    }

    fn walk(&mut self) {
        while let Some(token) = self.token(self.at) {
            self.source.units[self.unit as usize].tokens += 1;
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

    fn finish(&mut self) {
        let mut names: FxHashSet<&[u8]> = FxHashSet::default();
        names.extend(self.source.imports.iter().map(|import| import.name));
        names.extend(self.source.units.iter().map(|unit| unit.name));
        let has_glob = self.source.imports.iter().any(|import| import.name.is_empty());
        for single in std::mem::take(&mut self.singles) {
            let name = self.source.segments[single.first as usize];
            // What a glob brings in is not known here: types and constants are asked for later.
            if names.contains(name) || (has_glob && name[0].is_ascii_uppercase()) {
                self.source.paths.push(single);
            }
        }
        // Each unit's together, in their order.
        self.source.literals.sort_by_key(|literal| literal.unit);
        self.source.paths.sort_by_key(|path| (path.unit, path.start));
    }

    fn open_unit(&mut self, kind: UnitKind, name: &'a [u8], start: u32, end: u32) -> u32 {
        let attributes = std::mem::take(&mut self.attributes);
        let index = self.source.units.len() as u32;
        let mut unit = Unit {
            kind,
            name,
            owner: self.owner,
            of_trait: self.of_trait,
            module: self.module,
            start,
            end,
            is_public: false,
            is_test: self.in_test || attributes.is_test,
            is_macro_entry: attributes.is_macro_entry,
            signs: Signs::NONE,
            marks: Vec::new(),
            tokens: 0,
        };
        for mark in attributes.marks {
            unit.mark(mark.sign, mark.start, mark.end);
        }
        if attributes.is_exported && kind == UnitKind::Function {
            let name = attributes.export_name.as_deref().unwrap_or(name);
            let sign = if is_system_symbol(name) { Sign::Interposed } else { Sign::Exported };
            unit.mark(sign, start, start + 2);
        }
        if kind == UnitKind::Macro {
            unit.is_public = attributes.is_macro_export;
        }
        if kind == UnitKind::Foreign {
            let real = attributes.link_name.as_deref().unwrap_or(name);
            if let Some(signs) = sign::foreign(real) {
                for sign in signs.iter().chain((real != name).then_some(Sign::RenamedFfi)) {
                    unit.mark(sign, start, start + 2);
                }
            }
        }
        self.source.units.push(unit);
        index
    }

    fn mark(&mut self, sign: Sign, start: u32, end: u32) {
        self.source.units[self.unit as usize].mark(sign, start, end);
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
                    Pending::Unit(unit) => self.unit = unit,
                    Pending::Module(module) => {
                        self.module = module;
                        self.owner = b"";
                        self.of_trait = b"";
                        let is_test = self.source.modules[module as usize].is_test;
                        if is_test && !self.in_test {
                            // What lies in it outside of functions is a test's, too.
                            self.in_test = true;
                            let start = token.start;
                            self.unit = self.open_unit(UnitKind::File, b"", start, start);
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
            self.attributes = Attributes::default();
        }
        if let Some(frame) = self.stack.pop() {
            if frame.unit != self.unit {
                let end = self.tokens[self.at].end;
                self.source.units[self.unit as usize].end = end;
            }
            self.unit = frame.unit;
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
            self.unit = unit;
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
                self.attributes = Attributes::default();
                self.at += 1;
            }
            b',' => {
                self.attributes = Attributes::default();
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
        let is_inner = at > self.at + 1;
        let mut depth = 0_u32;
        let start = at;
        // Only what nothing else is built with is a test.
        if !is_inner && self.is_word(at + 1, b"cfg") && self.is(at + 2, b'(') {
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
                    let word = token.text(self.text);
                    let value = (self.is(at + 1, b'='))
                        .then(|| self.token(at + 2))
                        .flatten()
                        .filter(Token::is_text)
                        .map(|text| literal::value(text, self.text).into_owned());
                    let is_first = at == start + 1;
                    match word {
                        b"test" | b"bench" if is_first && !is_inner && self.is(at + 1, b']') => {
                            self.attributes.is_test = true;
                        }
                        b"proc_macro" | b"proc_macro_derive" | b"proc_macro_attribute" => {
                            self.attributes.is_macro_entry = true;
                        }
                        b"macro_export" => self.attributes.is_macro_export = true,
                        b"path" => {
                            self.attributes
                                .paths
                                .extend(value.map(|value| String::from_utf8_lossy(&value).into_owned()));
                        }
                        b"link_name" => self.attributes.link_name = value,
                        b"no_mangle" => self.attributes.is_exported = true,
                        b"export_name" => {
                            self.attributes.is_exported = true;
                            self.attributes.export_name = value;
                        }
                        b"link_section" if value.as_deref().is_some_and(runs_before_main) => {
                            let mark = Mark { sign: Sign::PreMain, start: token.start, end: token.end };
                            self.attributes.marks.push(mark);
                        }
                        b"ctor" | b"constructor" | b"startup" if is_first || self.is(at + 1, b']') => {
                            let mark = Mark { sign: Sign::PreMain, start: token.start, end: token.end };
                            self.attributes.marks.push(mark);
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
            return matches!(word, b"test" | b"doctest" | b"doc");
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
            b"all" => parts.contains(&true),
            b"any" => !parts.is_empty() && !parts.contains(&false),
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
            if self.is_word(at, b"as") {
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
        self.source.units[self.unit as usize].tokens += (at - first) as u32;
        self.at = at + 1;
        true
    }

    fn read_word(&mut self, token: Token) {
        let word = token.text(self.text);
        // All keywords that matter here are short.
        if word.len() <= 11 && self.read_keyword(word, token) {
            return;
        }
        self.read_path();
    }

    /// Reads an item that begins with a keyword; says whether it was one.
    fn read_keyword(&mut self, word: &'a [u8], token: Token) -> bool {
        match word {
            b"fn" => {
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
                    self.source.units[unit as usize].is_public = is_public || !self.of_trait.is_empty();
                    self.pending = Some((self.stack.len(), Pending::Unit(unit)));
                }
                self.at += 2;
            }
            b"mod" if self.word(self.at + 1).is_some() => self.read_module(),
            b"use" if self.may_begin_item() => self.read_use(),
            b"impl" | b"trait" if self.may_begin_item() => self.read_owner(word == b"trait"),
            b"const" | b"static" if self.names_constant() => {
                let mut at = self.at + 1;
                if self.is_word(at, b"mut") {
                    at += 1;
                }
                let name = self.word(at).unwrap_or(b"");
                let is_public = self.is_public(self.at);
                let unit = self.open_unit(UnitKind::Constant, name, token.start, token.end);
                self.source.units[unit as usize].is_public = is_public;
                self.statements.push((self.stack.len(), self.unit));
                self.unit = unit;
                self.at = at + 1;
            }
            b"type" if self.word(self.at + 1).is_some() && self.may_begin_item() => self.read_alias(),
            b"extern" => self.read_extern(token),
            b"unsafe" => {
                // `#[unsafe(no_mangle)]` is read as an attribute.
                self.mark(Sign::Unsafe, token.start, token.end);
                self.at += 1;
            }
            b"macro_rules" if self.is(self.at + 1, b'!') && self.word(self.at + 2).is_some() => {
                let name = self.word(self.at + 2).unwrap_or(b"");
                let unit = self.open_unit(UnitKind::Macro, name, token.start, token.end);
                let depth = self.stack.len();
                // Some write `macro_rules! name ( … );`.
                self.at += 3;
                if self.is(self.at, b'{') {
                    self.pending = Some((depth, Pending::Unit(unit)));
                } else if self.token(self.at).is_some_and(|token| token.kind == Kind::Open) {
                    self.statements.push((depth, self.unit));
                    self.unit = unit;
                }
            }
            b"as" => {
                if self.is_word(self.at + 1, b"char") {
                    self.mark(Sign::ToText, token.start, token.end);
                }
                self.at += 1;
            }
            b"let" | b"if" | b"in" | b"mut" | b"ref" | b"pub" | b"for" | b"else" | b"loop" | b"move"
            | b"match" | b"while" | b"where" | b"return" | b"struct" | b"enum" | b"async" | b"await"
            | b"break" | b"dyn" => {
                if matches!(word, b"struct" | b"enum") {
                    self.attributes = Attributes::default();
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
                matches!(before.text(self.text), b"pub" | b"unsafe" | b"default" | b"auto" | b"extern")
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
                Some(b"pub") => return true,
                Some(b"const" | b"async" | b"unsafe" | b"extern" | b"crate" | b"super" | b"self" | b"in") => {
                }
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
        let at = if self.is_word(self.at + 1, b"mut") { self.at + 2 } else { self.at + 1 };
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
        let prefix = &self.text[begin as usize..end as usize];
        while at < self.tokens.len() && !self.is(at, b']') {
            at += 1;
        }
        let unit = self.open_unit(UnitKind::Function, prefix, token.start, token.end);
        self.pending = Some((self.stack.len(), Pending::Unit(unit)));
        self.at = at + 1;
    }

    fn read_module(&mut self) {
        let name = self.word(self.at + 1).unwrap_or(b"");
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
        self.attributes = Attributes::default();
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

    fn read_use_tree(&mut self, prefix: &mut Vec<&'a [u8]>, depth: u32) {
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
                if self.is_word(self.at, b"as") {
                    name = self.word(self.at + 1).unwrap_or(b"_");
                    self.at += 2;
                }
                if word == b"self" {
                    if name == b"self" {
                        name = prefix.last().copied().unwrap_or(b"self");
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
                self.import(b"", prefix, at);
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

    fn import(&mut self, name: &'a [u8], path: &[&'a [u8]], at: u32) {
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
            end: at + name.len().max(1) as u32,
            first,
            count,
            form: Form::Value,
        });
    }

    /// `type Name<…> = a::b;`
    fn read_alias(&mut self) {
        self.attributes = Attributes::default();
        let name = self.word(self.at + 1).unwrap_or(b"");
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
        if !path.is_empty() && path != [b"Self"] {
            let start = self.tokens[self.at.min(self.tokens.len() - 1)].start;
            self.import(name, &path, start);
        }
    }

    /// The type, and the trait, of an `impl` or `trait`.
    fn read_owner(&mut self, is_trait: bool) {
        let is_test = std::mem::take(&mut self.attributes).is_test;
        let mut at = self.at + 1;
        let mut angle = 0_i32;
        let mut owner: &[u8] = b"";
        let mut of_trait: &[u8] = b"";
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
                Kind::Ident if angle == 0 && !settled => match token.text(self.text) {
                    b"for" => {
                        of_trait = owner;
                        owner = b"";
                    }
                    b"where" => settled = true,
                    b"dyn" | b"mut" | b"const" | b"unsafe" => {}
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
        if self.is_word(at, b"crate") {
            let Some(name) = self.word(at + 1) else {
                self.at += 2;
                return;
            };
            let alias = if self.is_word(at + 2, b"as") { self.word(at + 3).unwrap_or(name) } else { name };
            let start = self.tokens[at + 1].start;
            self.import(alias, &[name], start);
            self.at = at + 2;
            return;
        }
        if self.token(at).is_some_and(|token| token.is_text()) {
            at += 1;
        }
        if self.is(at, b'{') {
            self.attributes = Attributes::default();
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
        self.source.segments.push(self.tokens[begin].text(self.text));
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
        use std::hash::{Hash as _, Hasher as _};
        let mut hasher = rustc_hash::FxHasher::default();
        (path.unit, path.form as u8).hash(&mut hasher);
        for segment in &self.source.segments[path.first as usize..] {
            segment.hash(&mut hasher);
        }
        self.seen.insert(hasher.finish())
    }

    /// A name alone: kept where it can stand for something.
    fn read_single(&mut self, path: PathUse) {
        let name = self.source.segments[path.first as usize];
        let next = self.token(self.at);
        let is_value = next.is_none_or(|next| {
            matches!(next.first, b',' | b')' | b';' | b']' | b'}' | b'.') || next.kind == Kind::Ident
        });
        if name[0].is_ascii_uppercase() || is_value {
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
        // One that the table knows is kept as such; the source has no slice for it.
        let known = sign::known_segment(&pasted);
        self.source.segments.push(known.unwrap_or(&self.text[begin as usize..end as usize]));
        self.at = (at + 2).min(self.tokens.len());
    }

    fn read_method(&mut self, path: PathUse) {
        let name = self.source.segments[path.first as usize];
        if let Some(signs) = sign::method(name) {
            self.marks(signs, path.start, path.end);
        }
        // `.chars().rev()`: a text is turned around.
        let before = self.at.checked_sub(5).and_then(|at| self.word(at));
        if name == b"rev" && matches!(before, Some(b"chars" | b"bytes")) {
            self.mark(Sign::ToText, path.start, path.end);
        }
        if name == b"parse" && self.reads_code() {
            self.mark(Sign::ParseCode, path.start, path.end);
        }
        let is_careless = name.starts_with(b"danger_accept_invalid") || name.starts_with(b"accept_invalid");
        if is_careless && self.is_word(self.at + 1, b"true") {
            self.mark(Sign::TlsUnchecked, path.start, path.end);
        }
    }

    /// Whether `.parse()` makes tokens of a text, as far as the same statement tells.
    fn reads_code(&self) -> bool {
        let from = self.at.saturating_sub(24);
        (from..(self.at + 4).min(self.tokens.len()))
            .rev()
            .any(|at| self.word(at).is_some_and(|word| word.ends_with(b"TokenStream")))
    }

    /// A macro: those of std that take files in are followed; what others are given is read as code.
    fn read_macro(&mut self, path: PathUse) {
        let name = self.source.segments[(path.first + u32::from(path.count)) as usize - 1];
        match name {
            b"include" => self.read_include(path, true),
            b"include_bytes" | b"include_str" => self.read_include(path, false),
            b"asm" | b"global_asm" | b"naked_asm" | b"llvm_asm" => self.mark(Sign::Asm, path.start, path.end),
            b"panic" => self.mark(Sign::Panic, path.start, path.end),
            b"concat" | b"vec" | b"println" | b"format" | b"assert" | b"assert_eq" | b"write"
            | b"writeln" | b"matches" | b"debug_assert" | b"eprintln" | b"unreachable" | b"env"
            | b"option_env" | b"print" | b"assert_ne" | b"cfg" | b"stringify" | b"thread_local" | b"todo"
            | b"unimplemented" | b"format_args" | b"line" | b"file" | b"compile_error" | b"include_dir"
            | b"debug_assert_eq" | b"eprint" | b"dbg" | b"quote" => {}
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
        let mut words: Vec<&[u8]> = Vec::new();
        let mut at = self.at + 2;
        while words.len() < 8 && at < self.at + 24 {
            match self.token(at) {
                Some(token) if token.kind == Kind::Ident => words.push(token.text(self.text)),
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
            if let Some(signs) = sign::pasted(&[pair[0], pair[1]].concat()) {
                self.marks(signs, path.start, path.end);
            }
        }
        for begin in 0..words.len() - 1 {
            for end in begin + 2..=words.len().min(begin + 4) {
                let mut joined = String::from("std");
                for word in &words[begin..end] {
                    if *word == b"std" {
                        continue;
                    }
                    joined.push_str("::");
                    joined.push_str(&String::from_utf8_lossy(word));
                }
                if sign::paths().knows(&joined)
                    && let Some(signs) = sign::paths().signs(&joined)
                {
                    self.marks(signs, path.start, path.end);
                }
            }
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
                Kind::Ident if token.text(self.text) == b"env" && self.is(at + 1, b'!') => {
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
