//! What a terminal sends when keys are pressed: characters, and the sequences of ECMA-48 and xterm.

use super::Key;

/// The keys in what was read at once. An escape that nothing follows is the key of that name.
pub(super) fn keys(read: &[u8]) -> Vec<Key> {
    let text = String::from_utf8_lossy(read);
    let mut rest = text.as_ref();
    let mut keys = Vec::new();
    while let Some(c) = rest.chars().next() {
        let (key, length) = match c {
            '\x1b' => escape(rest),
            '\r' | '\n' => (Some(Key::Enter), 1),
            '\x7f' | '\x08' => (Some(Key::Backspace), 1),
            '\x03' | '\x04' => (Some(Key::Interrupt), 1),
            c if c.is_control() => (None, c.len_utf8()),
            c => (Some(Key::Char(c)), c.len_utf8()),
        };
        keys.extend(key);
        rest = &rest[length..];
    }
    keys
}

/// The key of a sequence, and how long that is.
fn escape(text: &str) -> (Option<Key>, usize) {
    let bytes = text.as_bytes();
    if !matches!(bytes.get(1), Some(b'[' | b'O')) {
        return (Some(Key::Escape), 1);
    }
    let Some(end) = bytes.iter().skip(2).position(|byte| matches!(byte, b'@'..=b'~')).map(|at| at + 2) else {
        return (None, bytes.len().min(2));
    };
    let key = match (&bytes[2..end], bytes[end]) {
        (_, b'A') => Some(Key::Up),
        (_, b'B') => Some(Key::Down),
        (_, b'H') | (b"1" | b"7", b'~') => Some(Key::Home),
        (_, b'F') | (b"4" | b"8", b'~') => Some(Key::End),
        (b"5", b'~') => Some(Key::PageUp),
        (b"6", b'~') => Some(Key::PageDown),
        _ => None,
    };
    (key, end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_are_keys_and_what_is_unknown_is_none() {
        let check = |read: &[u8], expected: &[Key]| assert_eq!(keys(read), expected, "{read:?}");
        check(b"nf", &[Key::Char('n'), Key::Char('f')]);
        check(b"\x1b", &[Key::Escape]);
        check(b"\x1b[A\x1bOB\x1b[5~\x1b[6~", &[Key::Up, Key::Down, Key::PageUp, Key::PageDown]);
        check(b"\x1b[H\x1b[4~\r\x7f\x03", &[Key::Home, Key::End, Key::Enter, Key::Backspace, Key::Interrupt]);
        check(b"\x1b[1;5A\x1b[99~q", &[Key::Up, Key::Char('q')]);
        check(b"\x1b[", &[]);
        check("ü\u{9b}".as_bytes(), &[Key::Char('ü')]);
        check(&[0xff, 0x1b, b'['], &[Key::Char('\u{fffd}')]);
    }
}
