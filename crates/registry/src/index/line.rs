//! A line as registries write it, read in one pass.
//!
//! A registry's index is gigabytes of lines that one program wrote: JSON with no white space but behind colons and
//! commas, nearly all of it keys that a fence does not keep. [`read`] knows that form and no other. Whatever else a
//! line is — spaced elsewhere, escaped in another way than `\"` and `\\`, beyond ASCII, broken, with a key twice — it
//! says nothing about, and the line is read by `serde_json`, which decides. So this reader may refuse what it likes; but what it returns is what
//! `serde_json` would return. Tests and a fuzz target hold the two against each other.

use std::borrow::Cow;
use std::ops::Range;

use fence_model::facts::DependencyKind;

use super::{IndexDependency, RawLine, Text, YankedValue};
use crate::manifest;

/// How deep brackets may stand in what is passed over; `serde_json` takes 128, and lines have four.
const DEEPEST: usize = 16;

/// What the line says; none where it is not of the usual form. It may have about so many `dependencies`.
pub(super) fn read(line: &[u8], dependencies: usize) -> Option<RawLine<'_>> {
    // From here on each byte is a character, and none has to be escaped. Looked at in one sweep, without a way out, the
    // bytes are compared many at a time.
    if !line.iter().fold(true, |plain, byte| plain & (b' '..=b'~').contains(byte)) {
        return None;
    }
    let mut reader = Reader { text: std::str::from_utf8(line).ok()?, at: 0, dependencies };
    let raw = reader.line()?;
    (reader.at == line.len()).then_some(raw)
}

/// The keys of a line and of a dependency that are kept. Each may come once.
#[derive(Clone, Copy)]
enum Key {
    Name,
    Version,
    Dependencies,
    Checksum,
    Features,
    Yanked,
    Links,
    RustVersion,
    PublishTime,
    Schema,
}

#[derive(Clone, Copy)]
enum DependencyKey {
    Name,
    Requirement,
    Optional,
    Target,
    Kind,
    Registry,
    Package,
}

/// The keys that were there.
#[derive(Default)]
struct Once(u16);

impl Once {
    /// Takes down a key; none if it was there before.
    fn note(&mut self, key: u16) -> Option<()> {
        let bit = 1 << key;
        let is_new = self.0 & bit == 0;
        self.0 |= bit;
        is_new.then_some(())
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    dependencies: usize,
}

impl<'a> Reader<'a> {
    fn line(&mut self) -> Option<RawLine<'a>> {
        let mut once = Once::default();
        let (mut name, mut vers, mut deps, mut cksum) = (None, None, None, None);
        let (mut yanked, mut links, mut rust_version, mut pubtime, mut v) = (None, None, None, None, None);
        let mut place = YankedValue::Absent;
        self.take(b'{')?;
        loop {
            let key = match self.plain()? {
                "name" => Key::Name,
                "vers" => Key::Version,
                "deps" => Key::Dependencies,
                "cksum" => Key::Checksum,
                "features" => Key::Features,
                "yanked" => Key::Yanked,
                "links" => Key::Links,
                "rust_version" => Key::RustVersion,
                "pubtime" => Key::PublishTime,
                "v" => Key::Schema,
                _ => {
                    self.colon()?;
                    self.pass(DEEPEST)?;
                    match self.more(b'}')? {
                        More::Yes => continue,
                        More::No => break,
                    }
                }
            };
            once.note(key as u16)?;
            self.colon()?;
            match key {
                Key::Name => name = Some(self.string()?),
                Key::Version => vers = Some(self.string()?),
                Key::Dependencies => deps = Some(self.dependencies()?),
                Key::Checksum => cksum = Some(self.string()?),
                Key::Features => self.pass(DEEPEST)?,
                Key::Yanked => {
                    let begin = self.at;
                    yanked = if self.null() { None } else { Some(self.truth()?) };
                    place = YankedValue::At(Range { start: begin, end: self.at });
                }
                Key::Links => links = self.string_or_null()?,
                Key::RustVersion => rust_version = self.string_or_null()?,
                Key::PublishTime => pubtime = self.string_or_null()?,
                Key::Schema => v = if self.null() { None } else { Some(self.small_number()?) },
            }
            if let More::No = self.more(b'}')? {
                break;
            }
        }
        Some(RawLine {
            name: name?,
            vers: vers?,
            deps: deps?,
            cksum: cksum?,
            _features: Default::default(),
            yanked,
            links,
            rust_version,
            pubtime,
            v,
            place,
        })
    }

    fn dependencies(&mut self) -> Option<Vec<IndexDependency<'a>>> {
        self.take(b'[')?;
        if self.next_is(b']') {
            self.at += 1;
            return Some(Vec::new());
        }
        let mut all = Vec::with_capacity(self.dependencies);
        loop {
            all.push(self.dependency()?);
            if let More::No = self.more(b']')? {
                return Some(all);
            }
        }
    }

    fn dependency(&mut self) -> Option<IndexDependency<'a>> {
        let mut once = Once::default();
        let (mut name, mut req, mut optional) = (None, None, false);
        let (mut target, mut registry, mut package) = (None, None, None);
        let mut kind = DependencyKind::Normal;
        self.take(b'{')?;
        loop {
            let key = match self.plain()? {
                "name" => DependencyKey::Name,
                "req" => DependencyKey::Requirement,
                "optional" => DependencyKey::Optional,
                "target" => DependencyKey::Target,
                "kind" => DependencyKey::Kind,
                "registry" => DependencyKey::Registry,
                "package" => DependencyKey::Package,
                _ => {
                    self.colon()?;
                    self.pass(DEEPEST)?;
                    match self.more(b'}')? {
                        More::Yes => continue,
                        More::No => break,
                    }
                }
            };
            once.note(key as u16)?;
            self.colon()?;
            match key {
                DependencyKey::Name => name = Some(self.string()?),
                DependencyKey::Requirement => req = Some(self.string()?),
                DependencyKey::Optional => optional = self.truth()?,
                DependencyKey::Target => target = self.string_or_null()?,
                DependencyKey::Kind => kind = manifest::kind(self.string_or_null()?.as_deref()),
                DependencyKey::Registry => registry = self.string_or_null()?,
                DependencyKey::Package => package = self.string_or_null()?,
            }
            if let More::No = self.more(b'}')? {
                break;
            }
        }
        let (alias, requirement) = (name?, req?);
        Some(IndexDependency { alias, package, requirement, kind, optional, target, registry })
    }

    /// Passes over a value of any kind, at most `depth` brackets deep.
    fn pass(&mut self, depth: usize) -> Option<()> {
        match self.peek()? {
            b'"' => self.pass_string(),
            b'{' => {
                let depth = depth.checked_sub(1)?;
                self.at += 1;
                if self.next_is(b'}') {
                    self.at += 1;
                    return Some(());
                }
                loop {
                    self.pass_string()?;
                    self.colon()?;
                    self.pass(depth)?;
                    if let More::No = self.more(b'}')? {
                        return Some(());
                    }
                }
            }
            b'[' => {
                let depth = depth.checked_sub(1)?;
                self.at += 1;
                if self.next_is(b']') {
                    self.at += 1;
                    return Some(());
                }
                loop {
                    self.pass(depth)?;
                    if let More::No = self.more(b']')? {
                        return Some(());
                    }
                }
            }
            b't' | b'f' => self.truth().map(drop),
            b'n' => self.null().then_some(()),
            b'0'..=b'9' => self.small_number().map(drop),
            _ => None,
        }
    }

    fn pass_string(&mut self) -> Option<()> {
        self.take(b'"')?;
        loop {
            if self.end_or_escape()? == b'"' {
                return Some(());
            }
            self.escape()?;
        }
    }

    /// A string in which nothing is escaped.
    fn plain(&mut self) -> Option<&'a str> {
        self.take(b'"')?;
        let begin = self.at;
        (self.end_or_escape()? == b'"').then(|| &self.text[begin..self.at - 1])
    }

    fn string(&mut self) -> Option<Text<'a>> {
        self.take(b'"')?;
        let begin = self.at;
        if self.end_or_escape()? == b'"' {
            return Some(Text(Cow::Borrowed(&self.text[begin..self.at - 1])));
        }
        let mut unescaped = self.text[begin..self.at - 1].to_owned();
        loop {
            unescaped.push(self.escape()?);
            let begin = self.at;
            let found = self.end_or_escape()?;
            unescaped.push_str(&self.text[begin..self.at - 1]);
            if found == b'"' {
                return Some(Text(Cow::Owned(unescaped)));
            }
        }
    }

    fn string_or_null(&mut self) -> Option<Option<Text<'a>>> {
        if self.null() { Some(None) } else { self.string().map(Some) }
    }

    /// Goes behind the next quote or backslash, whichever comes first, and tells which.
    fn end_or_escape(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        let length = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        self.at += length + 1;
        Some(rest[length])
    }

    /// What stands behind a backslash.
    fn escape(&mut self) -> Option<char> {
        let escaped = self.peek().filter(|byte| matches!(byte, b'"' | b'\\'))?;
        self.at += 1;
        Some(char::from(escaped))
    }

    fn truth(&mut self) -> Option<bool> {
        if self.word("true") { Some(true) } else { self.word("false").then_some(false) }
    }

    fn null(&mut self) -> bool {
        self.word("null")
    }

    /// A whole number of at most nine digits.
    fn small_number(&mut self) -> Option<u32> {
        let rest = &self.text.as_bytes()[self.at..];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let is_usual = matches!(digits, 1..=9) && (digits == 1 || rest[0] != b'0');
        // A fraction or an exponent would stand here.
        if !is_usual || !matches!(rest.get(digits), Some(b',' | b'}' | b']')) {
            return None;
        }
        self.at += digits;
        self.text[self.at - digits..self.at].parse().ok()
    }

    /// Whether another entry follows in what `close` ends.
    fn more(&mut self, close: u8) -> Option<More> {
        let next = self.peek()?;
        self.at += 1;
        if next == b',' {
            self.spaces();
            return Some(More::Yes);
        }
        (next == close).then_some(More::No)
    }

    fn colon(&mut self) -> Option<()> {
        self.take(b':')?;
        self.spaces();
        Some(())
    }

    fn spaces(&mut self) {
        while self.next_is(b' ') {
            self.at += 1;
        }
    }

    fn word(&mut self, word: &str) -> bool {
        let is_here = self.text.as_bytes()[self.at..].starts_with(word.as_bytes());
        self.at += if is_here { word.len() } else { 0 };
        is_here
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        let is_here = self.next_is(byte);
        self.at += usize::from(is_here);
        is_here.then_some(())
    }

    fn next_is(&self, byte: u8) -> bool {
        self.peek() == Some(byte)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

enum More {
    Yes,
    No,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fence_data;
    use crate::serve::sought;

    const USUAL: &str = r#"{"name":"a","vers":"1.0.0","deps":[{"name":"b","req":"^1, <\"2\\","features":["x"],"optional":true,"default_features":true,"target":"cfg(target_os = \"linux\")","kind":"dev"},{"name":"c","req":"*","package":"d","registry":null}],"cksum":"00","features":{"x":["b/y"],"z":[]},"yanked":false,"links":"l","rust_version":null,"pubtime":"2026-08-20T07:15:00Z","v":2,"later":[{},{"a":[1,true,null]}]}"#;

    /// What this reader says of a line, after it was held against `serde_json`.
    fn check(line: &[u8]) -> Option<RawLine<'_>> {
        let usual = read(line, 2)?;
        let whole: RawLine<'_> = serde_json::from_slice(line)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(line)));
        let place = match sought(line).unwrap() {
            Some(place) => YankedValue::At(place),
            None => YankedValue::Absent,
        };
        assert_eq!(usual, RawLine { place, ..whole }, "{}", String::from_utf8_lossy(line));
        Some(usual)
    }

    #[test]
    fn the_usual_form_is_known() {
        let raw = check(USUAL.as_bytes()).unwrap();
        assert_eq!((&*raw.name, raw.deps.len(), raw.v), ("a", 2, Some(2)));
        assert_eq!(raw.deps[0].target.as_deref(), Some("cfg(target_os = \"linux\")"));
        assert_eq!(&*raw.deps[0].requirement, "^1, <\"2\\");
        let spaced = USUAL.replace("\":", "\": ").replace(",\"", ",  \"");
        assert_eq!(RawLine { place: raw.place.clone(), ..check(spaced.as_bytes()).unwrap() }, raw);
    }

    #[test]
    fn other_forms_are_left_to_the_other_reader() {
        let change = |from: &str, to: &str| {
            assert!(USUAL.contains(from), "{from}");
            USUAL.replacen(from, to, 1)
        };
        for line in [
            change("\"name\":\"a\"", "\"name\" :\"a\""),
            change("\"name\":\"a\"", " \"name\":\"a\""),
            change("\"name\":\"a\"", "\"n\\u0061me\":\"a\""),
            change("\"a\"", "\"\\u0061\""),
            change("\"a\"", "\"\u{e4}\""),
            change("\"a\"", "\"\u{7f}\""),
            change("\"a\"", "\"\t\""),
            change("\"v\":2", "\"v\":2,\"v\":2"),
            change("\"v\":2", "\"v\":02"),
            change("\"v\":2", "\"v\":2.0"),
            change("\"v\":2", "\"v\":-2"),
            change("\"v\":2", "\"v\":9999999999"),
            change("\"optional\":true", "\"optional\":null"),
            change("[{},", "[{},,"),
            change("[{},", "[{}"),
            change("\"later\":", "\"later\""),
            format!("{USUAL} "),
            format!("{USUAL}}}"),
            format!("{{\"x\":{}1{},{}", "[".repeat(40), "]".repeat(40), &USUAL[1..]),
        ] {
            assert_eq!(check(line.as_bytes()), None, "{line}");
        }
        (0..USUAL.len()).for_each(|end| assert_eq!(check(&USUAL.as_bytes()[..end]), None));
    }

    #[test]
    fn real_lines_have_the_usual_form() {
        let Some(files) = fence_data::index() else { return };
        let (mut usual, mut all) = (0, 0);
        for (_, bytes) in &files {
            for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                all += 1;
                usual += usize::from(check(line).is_some());
            }
        }
        assert!(all > 80_000 && usual * 1_000 > all * 999, "{usual} of {all}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn a_damaged_line_says_the_same_to_both_or_nothing(
            changes in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..3, prop::sample::select(
                br#"{}[]",:\tfn019-. aevdns"#.to_vec(),
            )), 1..4),
        ) {
            let mut line = USUAL.as_bytes().to_vec();
            for (at, how, byte) in changes {
                let at = at.index(line.len());
                match how {
                    0 => line[at] = byte,
                    1 => line.insert(at, byte),
                    _ => drop(line.remove(at)),
                }
            }
            check(&line);
        }
    }
}
