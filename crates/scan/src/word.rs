//! The words of a package's code, each kept once: two names are the same where their numbers are.
//!
//! The words that the scanner itself knows — those of Rust's grammar and those of its tables — have the first numbers, so
//! that a table is asked with a number instead of a text.

use std::sync::LazyLock;

use crate::sign;

/// A word of a package's code: a name, a keyword, or nothing at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Word(pub(crate) u32);

macro_rules! words {
    ($($name:ident = $text:literal,)*) => {
        #[derive(Clone, Copy)]
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "they count the words")]
        enum Number { $($name,)* }

        $(pub(crate) const $name: Word = Word(Number::$name as u32);)*

        /// The words that code here names, in the order of their numbers.
        const NAMED: &[&str] = &[$($text,)*];
    };
}

words! {
    NONE = "",
    ALL = "all", ALLOC = "alloc", ANY = "any", AS = "as", ASM = "asm", ASSERT = "assert", ASSERT_EQ = "assert_eq",
    ASSERT_NE = "assert_ne", ASYNC = "async", AUTO = "auto", AWAIT = "await", BENCH = "bench", BREAK = "break",
    BYTES = "bytes", CFG = "cfg", CHAR = "char", CHARS = "chars", COMPILE_ERROR = "compile_error", CONCAT = "concat",
    CONST = "const", CONSTRUCTOR = "constructor", CORE = "core", CRATE = "crate", CTOR = "ctor", DBG = "dbg",
    DEBUG_ASSERT = "debug_assert", DEBUG_ASSERT_EQ = "debug_assert_eq", DEFAULT = "default", DOC = "doc",
    DOCTEST = "doctest", DYN = "dyn", ELSE = "else", ENUM = "enum", ENV = "env", EPRINT = "eprint",
    EPRINTLN = "eprintln", EXPORT_NAME = "export_name", EXTERN = "extern", FILE = "file", FN = "fn", FOR = "for",
    FORMAT = "format", FORMAT_ARGS = "format_args", GLOBAL_ASM = "global_asm", IF = "if", IMPL = "impl", IN = "in",
    INCLUDE = "include", INCLUDE_BYTES = "include_bytes", INCLUDE_DIR = "include_dir", INCLUDE_STR = "include_str",
    LET = "let", LINE = "line", LINK_NAME = "link_name", LINK_SECTION = "link_section", LLVM_ASM = "llvm_asm",
    LOOP = "loop", MACRO_EXPORT = "macro_export", MACRO_RULES = "macro_rules", MAIN = "main", MATCH = "match",
    MATCHES = "matches", MEM = "mem", MOD = "mod", MOVE = "move", MUT = "mut", NAKED_ASM = "naked_asm", NET = "net",
    NO_MANGLE = "no_mangle", OPTION_ENV = "option_env", PANIC = "panic", PARSE = "parse", PATH = "path",
    PRINT = "print", PRINTLN = "println", PROC_MACRO = "proc_macro", PROC_MACRO_ATTRIBUTE = "proc_macro_attribute",
    PROC_MACRO_DERIVE = "proc_macro_derive", PUB = "pub", QUOTE = "quote", REF = "ref", RETURN = "return", REV = "rev",
    SELF = "self", SELF_TYPE = "Self", STARTUP = "startup", STATIC = "static", STD = "std", STR = "str",
    STRING = "string", STRINGIFY = "stringify", STRUCT = "struct", SUPER = "super", TEST = "test",
    THREAD_LOCAL = "thread_local", TODO = "todo", TRAIT = "trait", TRUE = "true", TYPE = "type",
    UNDERSCORE = "_", UNIMPLEMENTED = "unimplemented", UNREACHABLE = "unreachable", UNSAFE = "unsafe", USE = "use",
    VEC = "vec", WHERE = "where", WHILE = "while", WRITE = "write", WRITELN = "writeln",
}

/// The words with which every package begins.
static KNOWN: LazyLock<Words<'static>> = LazyLock::new(|| {
    let mut words = Words { texts: Vec::new(), slots: vec![FREE; 1 << 13], recent: Vec::new() };
    for text in NAMED.iter().copied().chain(sign::words_of_tables()) {
        words.number(text.as_bytes());
    }
    words
});

/// Which number a word of the tables has.
pub(crate) fn known(text: &[u8]) -> Option<Word> {
    KNOWN.find(text)
}

/// All words of a package.
#[derive(Clone)]
pub(crate) struct Words<'a> {
    texts: Vec<&'a [u8]>,
    /// Half of a text's hash, and its number, at the place that the other half says or behind it.
    slots: Vec<(u32, u32)>,
    /// The words that were met last, where they were met: code says the same again and again, and this is near at hand.
    recent: Vec<(&'a [u8], Word)>,
}

/// How many recent words are at hand.
const RECENT: usize = 1 << 11;

const FREE: (u32, u32) = (0, u32::MAX);

impl<'a> Words<'a> {
    /// Those that the scanner knows itself.
    pub(crate) fn known() -> Self {
        Self { recent: vec![(&[][..], NONE); RECENT], ..KNOWN.clone() }
    }

    pub(crate) fn text(&self, word: Word) -> &'a [u8] {
        self.texts[word.0 as usize]
    }

    pub(crate) fn shown(&self, word: Word) -> std::borrow::Cow<'a, str> {
        String::from_utf8_lossy(self.text(word))
    }

    /// All of them, those that the scanner knows itself included.
    pub(crate) fn all(&self) -> impl Iterator<Item = &'a [u8]> {
        self.texts.iter().copied()
    }

    /// How many there are: all numbers are below that.
    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }

    /// The number of a text, which it is given when it is first met.
    pub(crate) fn number(&mut self, text: &'a [u8]) -> Word {
        let hash = hash(text);
        let recent = hash as usize % RECENT;
        match self.recent.get(recent) {
            Some((met, word)) if is_same(met, text) => return *word,
            _ => {}
        }
        let word = self.number_of(text, hash);
        if let Some(recent) = self.recent.get_mut(recent) {
            *recent = (text, word);
        }
        word
    }

    fn number_of(&mut self, text: &'a [u8], hash: u64) -> Word {
        let (tag, mut at) = self.place(hash);
        loop {
            let (other, number) = self.slots[at];
            if number == FREE.1 {
                break;
            }
            if other == tag && is_same(self.texts[number as usize], text) {
                return Word(number);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        let number = self.texts.len() as u32;
        self.texts.push(text);
        self.slots[at] = (tag, number);
        if self.texts.len() * 4 > self.slots.len() * 3 {
            self.grow();
        }
        Word(number)
    }

    /// The number of a text that was met before.
    pub(crate) fn find(&self, text: &[u8]) -> Option<Word> {
        let (tag, mut at) = self.place(hash(text));
        loop {
            let (other, number) = self.slots[at];
            if number == FREE.1 {
                return None;
            }
            if other == tag && self.texts[number as usize] == text {
                return Some(Word(number));
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    /// What is compared before a text is, and where to look first.
    fn place(&self, hash: u64) -> (u32, usize) {
        (hash as u32, (hash >> 32) as usize & (self.slots.len() - 1))
    }

    fn grow(&mut self) {
        self.slots = vec![FREE; self.slots.len() * 2];
        for (number, text) in self.texts.iter().enumerate() {
            let (tag, mut at) = self.place(hash(text));
            while self.slots[at].1 != FREE.1 {
                at = (at + 1) & (self.slots.len() - 1);
            }
            self.slots[at] = (tag, number as u32);
        }
    }
}

/// Whether two texts are the same; most are short, and a call for each costs more than that.
#[inline]
fn is_same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    match (left.first_chunk::<8>(), right.first_chunk::<8>()) {
        (Some(first), Some(other)) if left.len() <= 16 => {
            first == other && left.last_chunk::<8>() == right.last_chunk::<8>()
        }
        (Some(_), Some(_)) => left == right,
        _ => match (left.first_chunk::<4>(), right.first_chunk::<4>()) {
            (Some(first), Some(other)) => first == other && left.last_chunk::<4>() == right.last_chunk::<4>(),
            _ => left.iter().eq(right),
        },
    }
}

/// A hash of a text. Whoever makes texts collide only slows the scan of his own package down.
fn hash(text: &[u8]) -> u64 {
    const KEYS: [u64; 2] = [0x9e37_79b9_7f4a_7c15, 0xe703_7ed1_a0b4_28db];
    let mixed = |left: u64, right: u64| {
        let product = u128::from(left ^ KEYS[0]) * u128::from(right ^ KEYS[1]);
        product as u64 ^ (product >> 64) as u64
    };
    let length = text.len() as u64;
    if let Some(last) = text.last_chunk::<8>() {
        let mut hash = length;
        let mut rest = text;
        while let Some((first, more)) = rest.split_first_chunk::<8>().filter(|(_, more)| !more.is_empty()) {
            hash = mixed(hash, u64::from_le_bytes(*first));
            rest = more;
        }
        // They may overlap those before.
        return mixed(hash, u64::from_le_bytes(*last));
    }
    if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        let both = u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last));
        return mixed(length, both);
    }
    let all = text.iter().fold(0, |all, byte| all << 8 | u64::from(*byte));
    mixed(length, all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_number() {
        let texts: Vec<String> = (0..40_000).map(|number| format!("name_{number}")).collect();
        let mut words = Words::known();
        let numbers: Vec<Word> = texts.iter().map(|text| words.number(text.as_bytes())).collect();
        for (text, number) in texts.iter().zip(numbers) {
            assert_eq!(words.number(text.as_bytes()), number);
            assert_eq!(words.find(text.as_bytes()), Some(number));
            assert_eq!(words.text(number), text.as_bytes());
        }
        assert_eq!(words.find(b"name"), None);
        for (number, text) in NAMED.iter().enumerate() {
            assert_eq!(words.find(text.as_bytes()), Some(Word(number as u32)), "{text}");
        }
    }
}
