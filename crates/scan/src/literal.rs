//! The values of literals: what a string, a byte string, a character or a number of the source stands for.

use std::borrow::Cow;

use crate::lex::{Kind, Token};

/// The bytes that a string literal stands for; a string that is not closed ends where the file does.
pub(crate) fn value<'a>(token: Token, source: &'a [u8]) -> Cow<'a, [u8]> {
    let text = token.text(source);
    let Some(quote) = text.iter().position(|byte| *byte == b'"') else {
        return Cow::Borrowed(&[]);
    };
    match token.kind {
        Kind::RawText | Kind::RawBytes => {
            let hashes = text[..quote].iter().filter(|byte| **byte == b'#').count();
            let body = text.get(quote + 1..).unwrap_or_default();
            let closed = body.len().checked_sub(hashes + 1).filter(|end| body[*end] == b'"');
            Cow::Borrowed(&body[..closed.unwrap_or(body.len())])
        }
        _ => {
            let end =
                if text.len() > quote + 1 && text.ends_with(b"\"") { text.len() - 1 } else { text.len() };
            unescaped(text.get(quote + 1..end).unwrap_or_default())
        }
    }
}

/// What stands for itself, and what escapes stand for; an escape that Rust does not know stays as it is.
fn unescaped(text: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = memchr::memchr(b'\\', text) else {
        return Cow::Borrowed(text);
    };
    let mut value = text[..first].to_vec();
    let mut at = first;
    while at < text.len() {
        if text[at] != b'\\' {
            value.push(text[at]);
            at += 1;
            continue;
        }
        at = escape(text, at, &mut value);
    }
    Cow::Owned(value)
}

/// Appends what the escape at `at` stands for; returns where it ends.
fn escape(text: &[u8], at: usize, value: &mut Vec<u8>) -> usize {
    match text.get(at + 1) {
        Some(b'n') => value.push(b'\n'),
        Some(b't') => value.push(b'\t'),
        Some(b'r') => value.push(b'\r'),
        Some(b'0') => value.push(0),
        Some(b'x') => {
            let digits = text.get(at + 2..at + 4).and_then(|digits| std::str::from_utf8(digits).ok());
            if let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                value.push(byte);
                return at + 4;
            }
            value.extend_from_slice(b"\\x");
        }
        Some(b'u') => {
            // Six digits, and as many `_` as people write.
            let end = text[at..].iter().take(20).position(|byte| *byte == b'}').map(|length| at + length);
            let digits = end.and_then(|end| std::str::from_utf8(text.get(at + 3..end)?).ok());
            let code = digits.and_then(|digits| u32::from_str_radix(&digits.replace('_', ""), 16).ok());
            if let (Some(end), Some(character)) = (end, code.and_then(char::from_u32)) {
                value.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                return end + 1;
            }
            value.extend_from_slice(b"\\u");
        }
        // The rest of the line, and the blanks that the next begins with, are not there.
        Some(b'\n' | b'\r') => {
            let blanks = text[at + 1..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            return at + 1 + blanks;
        }
        None => value.push(b'\\'),
        Some(other) => value.push(*other),
    }
    at + 2
}

/// The byte that an element of an array stands for: `0x63`, `99u8`, `b'c'`, `'c'`; nothing where it is none.
pub(crate) fn byte(token: Token, source: &[u8]) -> Option<u8> {
    match token.kind {
        Kind::Number => u8::try_from(number(token.text(source))?).ok(),
        Kind::Byte | Kind::Char => {
            let text = token.text(source);
            let tick = text.iter().position(|byte| *byte == b'\'')?;
            match *unescaped(text.get(tick + 1..text.len().checked_sub(1)?)?) {
                [byte] => Some(byte),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The value of a whole number; nothing where it has a fraction or is too large.
pub(crate) fn number(text: &[u8]) -> Option<u64> {
    let (radix, digits) = match text {
        [b'0', b'x' | b'X', rest @ ..] => (16, rest),
        [b'0', b'o', rest @ ..] => (8, rest),
        [b'0', b'b', rest @ ..] => (2, rest),
        digits => (10, digits),
    };
    let mut value = 0_u64;
    let mut any = false;
    for (at, byte) in digits.iter().enumerate() {
        match char::from(*byte).to_digit(radix) {
            Some(digit) => {
                value = value.checked_mul(u64::from(radix))?.checked_add(u64::from(digit))?;
                any = true;
            }
            None if *byte == b'_' => {}
            // A suffix: `u8`, `i64`, `usize`.
            None if matches!(byte, b'u' | b'i') && any => {
                let is_suffix = digits[at + 1..].iter().all(u8::is_ascii_alphanumeric);
                return is_suffix.then_some(value);
            }
            None => return None,
        }
    }
    any.then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lex::lex;

    #[test]
    fn strings_stand_for_their_bytes() {
        for (source, expected) in [
            (r#""a\n\x41\u{1F_600}\\\"""#, "a\nA\u{1F600}\\\"".as_bytes()),
            ("\"a\\\n   b\"", b"ab"),
            (r###"r##"a"#\n"##"###, br##"a"#\n"##),
            (r#"b"\xff\0""#, b"\xff\0"),
            (r#"c"x""#, b"x"),
            (r#""open"#, b"open"),
            (r#"r#"open"#, b"open"),
            (r#""\"#, b"\\"),
            (r#""\u{zz}""#, b"\\u{zz}"),
        ] {
            let mut tokens = Vec::new();
            lex(source.as_bytes(), &mut tokens);
            assert_eq!(value(tokens[0], source.as_bytes()), expected, "{source}");
        }
    }

    #[test]
    fn numbers_and_bytes_have_values() {
        for (source, expected) in [
            ("0x63", Some(99)),
            ("99u8", Some(99)),
            ("0o755", Some(0o755)),
            ("0b1_1", Some(3)),
            ("1_700_000_000i64", Some(1_700_000_000)),
            ("1.5", None),
            ("1e9", None),
            ("0xffff_ffff_ffff_ffff_f", None),
        ] {
            assert_eq!(number(source.as_bytes()), expected, "{source}");
        }
        for (source, expected) in
            [("b'c'", Some(b'c')), (r"'\n'", Some(b'\n')), ("300", None), ("'é'", None), ("b'", None)]
        {
            let mut tokens = Vec::new();
            lex(source.as_bytes(), &mut tokens);
            assert_eq!(byte(tokens[0], source.as_bytes()), expected, "{source}");
        }
    }
}
