//! Texts that the source does not show: in pieces, turned around, encoded or under a key.
//!
//! Whatever decodes them in the code, their cleartext is one of few things: an address, a command, a path, code, a
//! program. So instead of running the decoder, the data is tried with the usual encodings, and what comes out is looked
//! up in the table of texts. Nothing is tried where the code has no decoder, but joining, which needs none.

use crate::sign::{self, Sign, Signs};

/// Signs of code that decodes, on which rests what is tried.
pub(crate) const DECODERS: Signs =
    Signs::of(&[Sign::Decode, Sign::Xor, Sign::ByteArithmetic, Sign::Reverse, Sign::Alphabet, Sign::ToText]);

/// What is tried at most, so that tables of data cost nothing.
const LONGEST: usize = 8192;
const MOST_KEYS: usize = 24;

/// What a text means that nobody was meant to read: an address, a command, a path, code or a program.
pub(crate) fn meaning(text: &[u8]) -> Signs {
    let mut meaning = Signs::NONE;
    if text.len() < 4 {
        return meaning;
    }
    if crate::package::Magic::of_program(text).is_some() && text.len() >= 16 {
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
    if signs.any(PATHS)
        || text.starts_with(b"/tmp/")
        || text.starts_with(b"/bin/")
        || text.starts_with(b"/usr/bin/")
    {
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
    address.parse::<std::net::Ipv4Addr>().is_ok() && address.len() > 8
}

fn starts_like_a_command(text: &[u8]) -> bool {
    const FIRST: [&[u8]; 18] = [
        b"python3",
        b"perl ",
        b"use IO::",
        b"import ",
        b"sh -c",
        b"bash ",
        b"curl ",
        b"wget ",
        b"echo ",
        b"cmd /c",
        b"powershell",
        b"python",
        b"chmod ",
        b"nohup ",
        b"touch ",
        b"cat /",
        b"/bin/sh",
        b"nc ",
    ];
    FIRST.iter().any(|first| text.len() >= first.len() && text[..first.len()].eq_ignore_ascii_case(first))
}

/// What one piece of data means after one or two of the usual encodings.
///
/// `signs` are those of the code around: which decoders it has. What is under a key is seldom written as words.
pub(crate) fn decoded(data: &[u8], form: Form, signs: Signs) -> Option<Cleartext> {
    let bytes = form != Form::Text;
    if data.len() < 6 || data.len() > LONGEST || !signs.any(DECODERS) {
        return None;
    }
    if let Some(found) = tried(data, bytes, signs) {
        return Some(found);
    }
    if signs.any(Signs::of(&[Sign::Decode, Sign::Alphabet, Sign::ToText, Sign::Xor])) {
        for text in [base64(data), hex(data)].into_iter().flatten() {
            if let Some(found) = cleartext(&text).or_else(|| tried(&text, true, signs)) {
                return Some(found);
            }
        }
    }
    // An array of letters.
    if form == Form::Array && signs.has(Sign::ToText) && data.len() >= 8 { cleartext(data) } else { None }
}

/// How data is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As a text of letters.
    Text,
    /// As bytes, or a text with bytes in it.
    Bytes,
    /// As an array.
    Array,
}

/// A text that nobody was meant to read, and what it means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cleartext {
    pub(crate) text: String,
    pub(crate) means: Signs,
}

/// The text, where it means something for sure.
fn cleartext(text: &[u8]) -> Option<Cleartext> {
    let means = sure(text);
    (means != Signs::NONE).then(|| Cleartext { text: String::from_utf8_lossy(text).into_owned(), means })
}

/// Turned around, or with one byte added, taken away or mixed in.
fn tried(data: &[u8], bytes: bool, signs: Signs) -> Option<Cleartext> {
    // What can be read as it is was not hidden.
    if meaning(data) != Signs::NONE {
        return None;
    }
    if signs.has(Sign::Reverse) {
        let turned: Vec<u8> = data.iter().rev().copied().collect();
        let found = cleartext(&turned).or_else(|| cleartext(&base64(&turned)?));
        if found.is_some() {
            return found;
        }
    }
    if bytes && signs.has(Sign::Xor) {
        for key in 0..=255_u8 {
            let found = with_key(data, |byte, _| byte ^ key)
                .or_else(|| with_key(data, |byte, at| byte ^ key.wrapping_add(at as u8)));
            if found.is_some() {
                return found;
            }
        }
    }
    if signs.has(Sign::ByteArithmetic) {
        for key in 1..=255_u8 {
            let found = with_key(data, |byte, _| byte.wrapping_sub(key));
            if found.is_some() {
                return found;
            }
        }
        return with_key(data, |byte, at| byte.wrapping_sub(at as u8))
            .or_else(|| with_key(data, |byte, _| !byte));
    }
    None
}

/// With a key of several bytes: another piece of data of the same code.
pub(crate) fn under_keys(data: &[&[u8]]) -> Option<Cleartext> {
    let keys: Vec<&&[u8]> = data.iter().filter(|key| (2..=64).contains(&key.len())).take(MOST_KEYS).collect();
    for piece in data.iter().filter(|piece| (6..=LONGEST).contains(&piece.len())).take(MOST_KEYS) {
        if meaning(piece) != Signs::NONE {
            continue;
        }
        let inner = base64(piece).or_else(|| hex(piece));
        for key in &keys {
            if std::ptr::eq(**key, *piece) {
                continue;
            }
            let found = with_key(piece, |byte, at| byte ^ key[at % key.len()])
                .or_else(|| with_key(piece, |byte, at| byte.wrapping_sub(key[at % key.len()])))
                .or_else(|| with_key(inner.as_deref()?, |byte, at| byte ^ key[at % key.len()]));
            if found.is_some() {
                return found;
            }
        }
    }
    None
}

/// What it means when each byte is changed; given up as soon as the first bytes are no text.
fn with_key(data: &[u8], change: impl Fn(u8, usize) -> u8) -> Option<Cleartext> {
    let is_text = |byte: u8| matches!(byte, 0x20..0x7f | b'\n' | b'\t');
    let head = data.len().min(8);
    if !(0..head).all(|at| is_text(change(data[at], at))) {
        return None;
    }
    let text: Vec<u8> = data.iter().enumerate().map(|(at, byte)| change(*byte, at)).collect();
    if text == data || !text.iter().all(|byte| is_text(*byte) || *byte == 0 || *byte == b'\r') {
        return None;
    }
    cleartext(&text)
}

/// What a text means that came out of a trial: with so many keys, short words come out of anything.
fn sure(text: &[u8]) -> Signs {
    let all = meaning(text);
    let mut sure = Signs::NONE;
    for sign in all.iter() {
        let holds = match sign {
            Sign::HiddenProgram | Sign::HiddenUrl => true,
            Sign::HiddenCommand => {
                let said = sign::text(text);
                let whole = [
                    &b"/bin/sh"[..],
                    b"/bin/bash",
                    b"powershell",
                    b"cmd.exe",
                    b"bash",
                    b"python3",
                    b"curl",
                    b"wget",
                ];
                starts_like_a_command(text)
                    || whole.iter().any(|word| text.eq_ignore_ascii_case(word))
                    || (text.contains(&b' ')
                        && text.len() >= 12
                        && said.any(Signs::of(&[
                            Sign::ReverseShell,
                            Sign::HiddenShell,
                            Sign::DeleteAll,
                            Sign::AiUnasked,
                        ])))
            }
            _ => {
                text.len() >= 8
                    || text.starts_with(b"/bin/")
                    || text.starts_with(b"/tmp/")
                    || text.starts_with(b".")
            }
        };
        if holds {
            sure.add(sign);
        }
    }
    sure
}

/// What a file of base64 or hex holds.
pub(crate) fn plain(text: &[u8]) -> Option<Vec<u8>> {
    let head = text.trim_ascii();
    base64(head).or_else(|| hex(head))
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
    // A long piece speaks for itself.
    const SHORT: usize = 24;
    let mut found = Signs::NONE;
    for run in pieces.split(|piece| piece.is_empty() || piece.len() > SHORT) {
        if run.len() < 2 {
            continue;
        }
        let whole: Vec<u8> = run.concat();
        let mut start = 0;
        for piece in run {
            found = found.and(strict(&whole[start..], piece.len()));
            start += piece.len();
        }
        found = found.and(across(run, &whole));
    }
    found
}

/// What begins with a piece and goes beyond it, where that could hardly mean anything else.
fn strict(text: &[u8], alone: usize) -> Signs {
    let starts = |with: &[u8]| {
        text.len() >= with.len() && alone < with.len() && text[..with.len()].eq_ignore_ascii_case(with)
    };
    let mut found = Signs::NONE;
    const ADDRESSES: [&[u8]; 3] = [b"http://", b"https://", b"tcp://"];
    const COMMANDS: [&[u8]; 8] =
        [b"/bin/sh", b"/bin/bash", b"powershell", b"curl ", b"wget ", b"sh -c", b"bash -c", b"cmd.exe"];
    if ADDRESSES.iter().any(|with| starts(with)) && text.len() >= 12 {
        found.add(Sign::HiddenUrl);
    }
    if COMMANDS.iter().any(|with| starts(with)) {
        found.add(Sign::HiddenCommand);
    }
    found
}

/// Paths and code that lie across the border of two pieces.
fn across(run: &[&[u8]], whole: &[u8]) -> Signs {
    const PATHS: Signs = Signs::of(&[
        Sign::CredentialPath,
        Sign::WalletPath,
        Sign::AuthorizedKeys,
        Sign::PreloadName,
        Sign::PersistencePath,
        Sign::AiUnasked,
    ]);
    let together = sign::text(whole);
    if !together.any(PATHS) && !together.has(Sign::CodeText) {
        return Signs::NONE;
    }
    let alone = run.iter().fold(Signs::NONE, |signs, piece| signs.and(sign::text(piece)));
    let mut found = Signs::NONE;
    for sign in together.iter().filter(|sign| !alone.has(*sign)) {
        match sign {
            Sign::CodeText => found.add(Sign::HiddenCode),
            Sign::AiUnasked => found.add(Sign::HiddenCommand),
            _ if Signs::of(&[sign]).any(PATHS) => found.add(Sign::HiddenPath),
            _ => {}
        }
    }
    found
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
        let rolled: Vec<u8> = b"/bin/sh -c ls"
            .iter()
            .enumerate()
            .map(|(at, byte)| byte ^ (7_u8.wrapping_add(at as u8)))
            .collect();
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
            assert_eq!(
                decoded(data, Form::Bytes, all).map(|found| shown(found.means)).unwrap_or_default(),
                expected,
                "{}",
                String::from_utf8_lossy(data)
            );
        }
        assert_eq!(
            decoded(b"aHR0cDovL2EuZXhhbXBsZS94", Form::Text, Signs::of(&[Sign::Net])),
            None,
            "nothing decodes it"
        );
    }

    #[test]
    fn keys_and_pieces_are_put_together() {
        let key = b"k3y";
        let data: Vec<u8> =
            b"https://a.example".iter().enumerate().map(|(at, byte)| byte ^ key[at % 3]).collect();
        assert_eq!(under_keys(&[&data, key]).unwrap().text, "https://a.example");
        assert_eq!(shown(in_pieces(&[b"htt", b"ps:", b"//a.exa", b"mple"])), "hidden-url");
        assert_eq!(shown(in_pieces(&[b"/b", b"in/", b"sh"])), "hidden-command");
        assert_eq!(shown(in_pieces(&[b"name", b"version", b"edition"])), "");
        assert_eq!(shown(in_pieces(&[b"https://a.example", b"/path"])), "", "it is there to be read");
    }
}
