//! Texts that the source does not show: in pieces, turned around, encoded or under a key.
//!
//! Whatever decodes them in the code, their cleartext is one of few things: an address, a command, a path, code, a
//! program. So instead of running the decoder, the data is tried with the usual encodings, and what comes out is looked
//! up in the table of texts. Nothing is tried where the code has no decoder, but joining, which needs none.

use crate::sign::{self, Sign, Signs};

/// What is tried at most, so that tables of data cost nothing.
const LONGEST: usize = 8192;
const MOST_KEYS: usize = 24;

/// What a text means that nobody was meant to read: an address, a command, a path, code or a program.
pub(crate) fn meaning(text: &[u8]) -> Signs {
    let mut meaning = Signs::NONE;
    if text.len() < 4 {
        return meaning;
    }
    if crate::package::Magic::of(text).is_program() && text.len() >= 16 {
        meaning.add(Sign::HiddenProgram);
    }
    // Most of it is what a person could type.
    let head = &text[..text.len().min(512)];
    let printable = head.iter().filter(|byte| matches!(byte, 0x20..0x7f | b'\n' | b'\t' | b'\r')).count();
    if printable * 100 < head.len() * 95 {
        return meaning;
    }
    let signs = sign::text(text);
    if signs.has(Sign::Url) || has_address(text) {
        meaning.add(Sign::HiddenUrl);
    }
    const COMMANDS: Signs = Signs::of(&[
        Sign::FetchPipe,
        Sign::ReverseShell,
        Sign::HiddenShell,
        Sign::DeleteAll,
        Sign::ChmodText,
        Sign::Shell,
        Sign::Downloader,
        Sign::AiUnasked,
        Sign::HostCommand,
    ]);
    if signs.any(COMMANDS) || starts_like_a_command(text) {
        meaning.add(Sign::HiddenCommand);
    }
    const PATHS: Signs = Signs::of(&[
        Sign::CredentialPath,
        Sign::WalletPath,
        Sign::PersistencePath,
        Sign::AuthorizedKeys,
        Sign::ToolchainPath,
        Sign::PreloadName,
        Sign::ProcessPath,
        Sign::SecretName,
    ]);
    if signs.any(PATHS) || text.starts_with(b"/tmp/") || text.starts_with(b"/bin/") || text.starts_with(b"/usr/bin/") {
        meaning.add(Sign::HiddenPath);
    }
    if signs.has(Sign::CodeText) {
        meaning.add(Sign::HiddenCode);
    }
    meaning
}

/// `192.0.2.7:4444`
fn has_address(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else {
        return false;
    };
    let address = text.split(':').next().unwrap_or_default();
    address.parse::<std::net::Ipv4Addr>().is_ok() && address.len() > 6
}

fn starts_like_a_command(text: &[u8]) -> bool {
    const FIRST: [&[u8]; 14] = [
        b"sh -c", b"bash ", b"curl ", b"wget ", b"echo ", b"cmd /c", b"powershell", b"python", b"chmod ", b"nohup ", b"touch ", b"cat /",
        b"/bin/sh", b"nc ",
    ];
    FIRST.iter().any(|first| text.len() >= first.len() && text[..first.len()].eq_ignore_ascii_case(first))
}

/// What one piece of data means after one or two of the usual encodings.
///
/// `signs` are those of the code around: which decoders it has.
pub(crate) fn decoded(data: &[u8], signs: Signs) -> Signs {
    const DECODERS: Signs = Signs::of(&[
        Sign::Decode,
        Sign::Xor,
        Sign::ByteArithmetic,
        Sign::Reverse,
        Sign::Alphabet,
        Sign::ToText,
        Sign::Decompress,
        Sign::Decrypt,
    ]);
    if data.len() < 6 || data.len() > LONGEST || !signs.any(DECODERS) {
        return Signs::NONE;
    }
    let mut meaning = tried(data, signs);
    for text in [base64(data), hex(data)].into_iter().flatten() {
        meaning = meaning.and(self::meaning(&text)).and(tried(&text, signs));
    }
    meaning
}

/// Turned around, or with one byte added, taken away or mixed in.
fn tried(data: &[u8], signs: Signs) -> Signs {
    let mut found = Signs::NONE;
    if signs.has(Sign::Reverse) {
        let turned: Vec<u8> = data.iter().rev().copied().collect();
        // What reads the same way forwards was not hidden.
        if meaning(data) == Signs::NONE {
            found = found.and(meaning(&turned));
            if let Some(text) = base64(&turned) {
                found = found.and(meaning(&text));
            }
        }
    }
    let readable = meaning(data) != Signs::NONE;
    if readable {
        return found;
    }
    if signs.has(Sign::Xor) {
        for key in 1..=255_u8 {
            found = found.and(with_key(data, |byte, _| byte ^ key));
            found = found.and(with_key(data, |byte, at| byte ^ key.wrapping_add(at as u8)));
        }
        found = found.and(with_key(data, |byte, at| byte ^ (at as u8)));
    }
    if signs.has(Sign::ByteArithmetic) || signs.has(Sign::Xor) || signs.has(Sign::ToText) {
        for key in 1..=255_u8 {
            found = found.and(with_key(data, |byte, _| byte.wrapping_sub(key)));
        }
        found = found.and(with_key(data, |byte, at| byte.wrapping_sub(at as u8)));
        found = found.and(with_key(data, |byte, _| !byte));
    }
    found
}

/// With a key of several bytes: another piece of data of the same code.
pub(crate) fn under_keys(data: &[&[u8]]) -> Signs {
    let mut found = Signs::NONE;
    let keys: Vec<&&[u8]> = data.iter().filter(|key| (2..=64).contains(&key.len())).take(MOST_KEYS).collect();
    for piece in data.iter().filter(|piece| (6..=LONGEST).contains(&piece.len())).take(MOST_KEYS) {
        if meaning(piece) != Signs::NONE {
            continue;
        }
        for key in &keys {
            if std::ptr::eq(**key, *piece) {
                continue;
            }
            found = found.and(with_key(piece, |byte, at| byte ^ key[at % key.len()]));
            found = found.and(with_key(piece, |byte, at| byte.wrapping_sub(key[at % key.len()])));
            // Encoded before.
            if let Some(inner) = base64(piece).or_else(|| hex(piece)) {
                found = found.and(with_key(&inner, |byte, at| byte ^ key[at % key.len()]));
            }
        }
    }
    found
}

/// What it means when each byte is changed; given up as soon as the first bytes are no text.
fn with_key(data: &[u8], change: impl Fn(u8, usize) -> u8) -> Signs {
    let is_text = |byte: u8| matches!(byte, 0x20..0x7f | b'\n' | b'\t');
    let head = data.len().min(8);
    if !(0..head).all(|at| is_text(change(data[at], at))) {
        return Signs::NONE;
    }
    let text: Vec<u8> = data.iter().enumerate().map(|(at, byte)| change(*byte, at)).collect();
    if text == data || !text.iter().all(|byte| is_text(*byte) || *byte == 0 || *byte == b'\r') {
        return Signs::NONE;
    }
    meaning(&text)
}

/// Base64 in either alphabet, with or without padding and line breaks.
fn base64(data: &[u8]) -> Option<Vec<u8>> {
    let mut bits = 0_u32;
    let mut count = 0;
    let mut decoded = Vec::with_capacity(data.len() * 3 / 4);
    for byte in data {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' | b'\n' | b'\r' => continue,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            decoded.push((bits >> count) as u8);
        }
    }
    (decoded.len() >= 4).then_some(decoded)
}

fn hex(data: &[u8]) -> Option<Vec<u8>> {
    let digits: Vec<u8> = data.iter().filter(|byte| !matches!(byte, b' ' | b'\n' | b':')).copied().collect();
    if digits.len() < 8 || digits.len() % 2 == 1 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let value = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0) as u8;
    Some(digits.chunks_exact(2).map(|pair| value(pair[0]) << 4 | value(pair[1])).collect())
}

/// What pieces mean together that none means alone.
///
/// `pieces` are literals in the order in which the code has them.
pub(crate) fn in_pieces(pieces: &[&[u8]]) -> Signs {
    const LONGEST_RUN: usize = 12;
    let mut found = Signs::NONE;
    let alone: Vec<Signs> = pieces.iter().map(|piece| meaning(piece)).collect();
    for begin in 0..pieces.len() {
        let mut joined = Vec::new();
        for end in begin..pieces.len().min(begin + LONGEST_RUN) {
            // A long piece speaks for itself, and blanks are a sentence's.
            if pieces[end].is_empty() || pieces[end].len() > 24 || alone[end] != Signs::NONE {
                break;
            }
            joined.extend_from_slice(pieces[end]);
            if end > begin && joined.len() >= 6 {
                found = found.and(strict(&joined));
            }
        }
    }
    found
}

/// Joined texts mean something only where they could hardly mean anything else.
fn strict(text: &[u8]) -> Signs {
    let mut strict = Signs::NONE;
    let all = meaning(text);
    let starts = |with: &[u8]| text.len() >= with.len() && text[..with.len()].eq_ignore_ascii_case(with);
    if all.has(Sign::HiddenUrl) && (starts(b"http://") || starts(b"https://") || starts(b"tcp://")) && text.len() >= 12 {
        strict.add(Sign::HiddenUrl);
    }
    if starts(b"/bin/sh") || starts(b"/bin/bash") || starts(b"powershell") || starts(b"curl ") || starts(b"wget ") || starts(b"sh -c") || starts(b"bash -c") || starts(b"cmd.exe") {
        strict.add(Sign::HiddenCommand);
    }
    if all.has(Sign::HiddenPath) {
        let signs = sign::text(text);
        const SURE: Signs = Signs::of(&[Sign::CredentialPath, Sign::WalletPath, Sign::AuthorizedKeys, Sign::PreloadName, Sign::PersistencePath]);
        if signs.any(SURE) {
            strict.add(Sign::HiddenPath);
        }
    }
    if all.has(Sign::HiddenCode) {
        strict.add(Sign::HiddenCode);
    }
    strict
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(signs: Signs) -> String {
        signs.iter().map(Sign::word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_usual_encodings_are_seen_through() {
        let all = Signs::of(&[Sign::Decode, Sign::Xor, Sign::Reverse, Sign::ByteArithmetic]);
        let xored: Vec<u8> = b"http://a.example/x".iter().map(|byte| byte ^ 0x5a).collect();
        let rolled: Vec<u8> = b"/bin/sh -c ls".iter().enumerate().map(|(at, byte)| byte ^ (7_u8.wrapping_add(at as u8))).collect();
        let shifted: Vec<u8> = b"curl a.example".iter().map(|byte| byte.wrapping_add(3)).collect();
        for (data, expected) in [
            (&b"aHR0cDovL2EuZXhhbXBsZS94"[..], "hidden-url"),
            (b"687474703a2f2f612e6578616d706c65", "hidden-url"),
            (b"x/elpmaxe.a//:ptth", "hidden-url"),
            (&xored, "hidden-url"),
            (&rolled, "hidden-command hidden-path"),
            (&shifted, "hidden-command"),
            (b"an ordinary sentence, nothing else", ""),
            (b"0123456789abcdef0123456789abcdef", ""),
        ] {
            assert_eq!(shown(decoded(data, all)), expected, "{}", String::from_utf8_lossy(data));
        }
        assert_eq!(decoded(b"aHR0cDovL2EuZXhhbXBsZS94", Signs::of(&[Sign::Net])), Signs::NONE, "nothing decodes it");
    }

    #[test]
    fn keys_and_pieces_are_put_together() {
        let key = b"k3y";
        let data: Vec<u8> = b"https://a.example".iter().enumerate().map(|(at, byte)| byte ^ key[at % 3]).collect();
        assert_eq!(shown(under_keys(&[&data, key])), "hidden-url");
        assert_eq!(shown(in_pieces(&[b"htt", b"ps:", b"//a.exa", b"mple"])), "hidden-url");
        assert_eq!(shown(in_pieces(&[b"/b", b"in/", b"sh"])), "hidden-command");
        assert_eq!(shown(in_pieces(&[b"name", b"version", b"edition"])), "");
        assert_eq!(shown(in_pieces(&[b"https://a.example", b"/path"])), "", "it is there to be read");
    }
}
