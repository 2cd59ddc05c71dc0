//! Rust's tokens, as far as a scanner needs them, from bytes that may be anything.
//!
//! One walk over the bytes. Nothing is refused: what is no token becomes punctuation, and what is never closed ends with
//! the file. Comments and white space leave no token. The grammar is that of the Rust reference, chapter "Tokens";
//! bytes above ASCII count as letters.

use crate::word::{self, Word};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An identifier or keyword; `r#name` begins after the `r#`.
    Ident,
    /// `'a`
    Lifetime,
    /// `"…"` and `c"…"`, with escapes.
    Text,
    /// `r"…"`, `r#"…"#`, `cr"…"`.
    RawText,
    /// `b"…"`, with escapes.
    Bytes,
    /// `br"…"`.
    RawBytes,
    /// `'x'`
    Char,
    /// `b'x'`
    Byte,
    /// A number, with its suffix.
    Number,
    /// One of `( [ {`.
    Open,
    /// One of `) ] }`.
    Close,
    /// Any other single byte.
    Punct,
}

/// A token: `text[start..end]` in bytes; of a string that is all of it, with its prefix and quotes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    /// The first byte, which tells punctuation and brackets apart.
    pub(crate) first: u8,
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// Of an identifier, which word it is.
    pub(crate) word: Word,
}

impl Token {
    pub(crate) fn text<'a>(&self, source: &'a [u8]) -> &'a [u8] {
        &source[self.start as usize..self.end as usize]
    }

    /// Whether this is that punctuation or bracket.
    pub(crate) fn is(&self, byte: u8) -> bool {
        self.first == byte && matches!(self.kind, Kind::Punct | Kind::Open | Kind::Close)
    }

    pub(crate) fn is_text(&self) -> bool {
        matches!(self.kind, Kind::Text | Kind::RawText | Kind::Bytes | Kind::RawBytes)
    }
}

const SPACE: u8 = 1;
const LETTER: u8 = 2;
const DIGIT: u8 = 4;
/// A letter or digit of ASCII.
const PLAIN: u8 = 8;

/// The class of every byte.
const CLASS: [u8; 256] = {
    let mut class = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        class[byte] = match byte as u8 {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => SPACE,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => LETTER | PLAIN,
            0x80..=0xff => LETTER,
            b'0'..=b'9' => DIGIT | PLAIN,
            _ => 0,
        };
        byte += 1;
    }
    class
};

#[inline]
fn class(byte: u8) -> u8 {
    CLASS[byte as usize]
}

/// Reads all tokens of a file into `tokens`, which is emptied first.
///
/// A file of 4 GiB or more is cut there; the limits on files are far below.
pub(crate) fn lex(source: &[u8], tokens: &mut Vec<Token>) {
    lex_words(source, tokens, |_| word::NONE);
}

/// … and asks of each identifier which word it is.
pub(crate) fn lex_words<'a>(
    source: &'a [u8],
    tokens: &mut Vec<Token>,
    mut number: impl FnMut(&'a [u8]) -> Word,
) {
    tokens.clear();
    let source = &source[..source.len().min(u32::MAX as usize)];
    let mut at = first_byte_of_code(source);
    while let Some(&byte) = source.get(at) {
        if class(byte) == SPACE {
            at += 1;
            // Most of it are the blanks that lines begin with.
            while source.get(at..at + 4) == Some(b"    ") {
                at += 4;
            }
            continue;
        }
        if byte >= 0x80 && unicode_space(source, at) > 0 {
            at += unicode_space(source, at);
            continue;
        }
        let start = at;
        let kind;
        (kind, at) = match byte {
            _ if class(byte) & LETTER != 0 => word_or_literal(source, at),
            b'0'..=b'9' => (Kind::Number, number_end(source, at)),
            b'/' if source.get(at + 1) == Some(&b'/') => {
                at = memchr::memchr(b'\n', &source[at..]).map_or(source.len(), |length| at + length);
                continue;
            }
            b'/' if source.get(at + 1) == Some(&b'*') => {
                at = block_comment_end(source, at);
                continue;
            }
            b'"' => (Kind::Text, quoted_end(source, at)),
            b'\'' => tick(source, at),
            b'(' | b'[' | b'{' => (Kind::Open, at + 1),
            b')' | b']' | b'}' => (Kind::Close, at + 1),
            _ => (Kind::Punct, at + 1),
        };
        // `r#name` is the word without its mark.
        let is_raw = kind == Kind::Ident && byte == b'r' && source[start..at].starts_with(b"r#");
        let start = if is_raw { start + 2 } else { start };
        let word = if kind == Kind::Ident { number(&source[start..at]) } else { word::NONE };
        tokens.push(Token { kind, first: source[start], start: start as u32, end: at as u32, word });
    }
}

/// Past a byte-order mark and a `#!` line, which is none where `[` follows.
fn first_byte_of_code(source: &[u8]) -> usize {
    let at = if source.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let line = &source[at..];
    if !line.starts_with(b"#!") {
        return at;
    }
    // `#![…]` is an attribute, whatever stands between.
    let mut next = at + 2;
    loop {
        let rest = &source[next..];
        match rest.first() {
            Some(byte) if class(*byte) == SPACE => next += 1,
            Some(_) if unicode_space(source, next) > 0 => next += unicode_space(source, next),
            Some(b'/') if rest.starts_with(b"/*") => next = block_comment_end(source, next),
            Some(b'/') if rest.starts_with(b"//") => {
                next = memchr::memchr(b'\n', rest).map_or(source.len(), |length| next + length);
            }
            Some(b'[') => return at,
            _ => return memchr::memchr(b'\n', line).map_or(source.len(), |length| at + length),
        }
    }
}

/// The length of white space beyond ASCII, as Rust has it; zero where there is none.
fn unicode_space(source: &[u8], at: usize) -> usize {
    match &source[at..source.len().min(at + 3)] {
        [0xc2, 0x85, ..] => 2,
        [0xe2, 0x80, 0x8e | 0x8f | 0xa8 | 0xa9] => 3,
        _ => 0,
    }
}

/// Whether a word goes on here.
fn is_of_word(source: &[u8], at: usize) -> bool {
    source.get(at).is_some_and(|byte| {
        class(*byte) & (LETTER | DIGIT) != 0 && (*byte < 0x80 || unicode_space(source, at) == 0)
    })
}

/// Where a word ends of which the bytes before `at` are.
fn word_end(source: &[u8], mut at: usize) -> usize {
    loop {
        while source.get(at).is_some_and(|byte| class(*byte) & PLAIN != 0) {
            at += 1;
        }
        if !is_of_word(source, at) {
            return at;
        }
        at += 1;
    }
}

/// A word, or the literal that its first letters are the prefix of.
fn word_or_literal(source: &[u8], start: usize) -> (Kind, usize) {
    let at = word_end(source, start + 1);
    if at - start > 2 || !matches!(source.get(at), Some(b'"' | b'#' | b'\'')) {
        return (Kind::Ident, at);
    }
    match (&source[start..at], source.get(at)) {
        (b"r" | b"br" | b"cr", Some(b'"' | b'#')) => raw_or_word(source, start, at),
        (b"b", Some(b'"')) => (Kind::Bytes, quoted_end(source, at)),
        (b"c", Some(b'"')) => (Kind::Text, quoted_end(source, at)),
        (b"b", Some(b'\'')) => (Kind::Byte, char_end(source, at).unwrap_or(at + 1)),
        _ => (Kind::Ident, at),
    }
}

fn raw_or_word(source: &[u8], start: usize, mut at: usize) -> (Kind, usize) {
    let after_prefix = at;
    while source.get(at) == Some(&b'#') {
        at += 1;
    }
    let hashes = at - after_prefix;
    if source.get(at) != Some(&b'"') {
        let is_raw_name = hashes == 1
            && source[start] == b'r'
            && after_prefix == start + 1
            && source.get(at).is_some_and(|byte| class(*byte) & LETTER != 0);
        if !is_raw_name {
            return (Kind::Ident, after_prefix);
        }
        return (Kind::Ident, word_end(source, at));
    }
    let kind = if source[start] == b'b' { Kind::RawBytes } else { Kind::RawText };
    at += 1;
    loop {
        let Some(length) = memchr::memchr(b'"', &source[at..]) else {
            return (kind, source.len());
        };
        at += length + 1;
        let closing = &source[at..(at + hashes).min(source.len())];
        if closing.len() == hashes && closing.iter().all(|byte| *byte == b'#') {
            return (kind, at + hashes);
        }
    }
}

/// The end of a string with escapes whose quote is at `at`.
fn quoted_end(source: &[u8], mut at: usize) -> usize {
    at += 1;
    loop {
        let Some(length) = memchr::memchr2(b'"', b'\\', &source[at.min(source.len())..]) else {
            return source.len();
        };
        at += length;
        if source[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
}

/// A lifetime or a character.
fn tick(source: &[u8], at: usize) -> (Kind, usize) {
    if let Some(end) = char_end(source, at) {
        return (Kind::Char, end);
    }
    (Kind::Lifetime, word_end(source, at + 1))
}

/// The end of a character whose `'` is at `at`; nothing where that is no character.
fn char_end(source: &[u8], at: usize) -> Option<usize> {
    match *source.get(at + 1)? {
        b'\\' => {
            // The longest is `'\u{10_ffff}'`, with as many `_` as one likes.
            let rest = source.get(at + 3..)?;
            let end = memchr::memchr2(b'\'', b'\n', rest)?;
            (rest[end] == b'\'').then_some(at + 3 + end + 1)
        }
        b'\'' | b'\n' => None,
        first => {
            let width = match first {
                0xf0.. => 4,
                0xe0.. => 3,
                0xc0.. => 2,
                _ => 1,
            };
            (source.get(at + 1 + width) == Some(&b'\'')).then_some(at + 2 + width)
        }
    }
}

fn number_end(source: &[u8], mut at: usize) -> usize {
    let is_hex = source[at] == b'0' && matches!(source.get(at + 1), Some(b'x' | b'X'));
    loop {
        match source.get(at) {
            Some(byte) if is_of_word(source, at) => {
                let is_exponent = !is_hex && matches!(byte, b'e' | b'E');
                at += 1;
                if is_exponent
                    && matches!(source.get(at), Some(b'+' | b'-'))
                    && source.get(at + 1).is_some_and(u8::is_ascii_digit)
                {
                    at += 1;
                }
            }
            // `1.5`, but neither `1..2` nor `1.max(2)`.
            Some(b'.') if source.get(at + 1).is_some_and(u8::is_ascii_digit) => at += 1,
            _ => return at,
        }
    }
}

/// Past a block comment, which may hold others.
fn block_comment_end(source: &[u8], mut at: usize) -> usize {
    let mut depth = 0_u32;
    loop {
        let Some(length) = memchr::memchr2(b'/', b'*', &source[at..]) else {
            return source.len();
        };
        at += length;
        match (source[at], source.get(at + 1)) {
            (b'/', Some(b'*')) => {
                depth += 1;
                at += 2;
            }
            (b'*', Some(b'/')) => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(source: &str) -> String {
        let mut tokens = Vec::new();
        lex(source.as_bytes(), &mut tokens);
        let shown = |token: &Token| {
            let text = String::from_utf8_lossy(token.text(source.as_bytes())).into_owned();
            match token.kind {
                Kind::Punct | Kind::Open | Kind::Close => text,
                kind => format!("{kind:?}:{text}"),
            }
        };
        tokens.iter().map(shown).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn tokens_are_told_apart() {
        for (source, expected) in [
            ("fn r#loop<'a>() {}", "Ident:fn Ident:loop < Lifetime:'a > ( ) { }"),
            (
                r##"r#"a"b"# br"c" b"\"" c"d" b'\'' '\u{41}' 'é'"##,
                r##"RawText:r#"a"b"# RawBytes:br"c" Bytes:b"\"" Text:c"d" Byte:b'\'' Char:'\u{41}' Char:'é'"##,
            ),
            (
                "1..2 1.5e-3 0xe+1 1.max(2)",
                "Number:1 . . Number:2 Number:1.5e-3 Number:0xe + Number:1 Number:1 . Ident:max ( Number:2 )",
            ),
            ("a /* /* b */ c */ d // e\nf", "Ident:a Ident:d Ident:f"),
            ("#!/usr/bin/env x\nfn", "Ident:fn"),
            ("#!/* x */[allow(x)] fn", "# ! [ Ident:allow ( Ident:x ) ] Ident:fn"),
            ("use\u{85}std\u{2028}::\u{200e}x", "Ident:use Ident:std : : Ident:x"),
            ("#![allow(x)]", "# ! [ Ident:allow ( Ident:x ) ]"),
            ("'a: loop { break 'a }", "Lifetime:'a : Ident:loop { Ident:break Lifetime:'a }"),
            ("\"never closed", "Text:\"never closed"),
            ("r#\"never closed\"", "RawText:r#\"never closed\""),
            ("br#x", "Ident:br # Ident:x"),
            ("/* never closed", ""),
            ("\\ @ \"\\", "\\ @ Text:\"\\"),
            ("b'", "Byte:b'"),
        ] {
            assert_eq!(shown(source), expected, "{source}");
        }
    }

    proptest::proptest! {
        #[test]
        fn every_text_ends_and_tokens_follow_each_other(source in "[ -~\n]{0,200}") {
            let mut tokens = Vec::new();
            lex(source.as_bytes(), &mut tokens);
            let mut last = 0;
            for token in tokens {
                assert!(token.start >= last && token.end > token.start && token.end as usize <= source.len());
                last = token.end;
            }
        }
    }
}
