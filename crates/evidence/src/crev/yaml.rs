//! The YAML that crev writes, and no more of it.
//!
//! Mappings and lists in block style; scalars on one line, plain or quoted; literal blocks. What YAML has beyond
//! that — anchors, tags, flow style, folding, comments, several documents — no crev ever wrote into a proof, so a
//! body that uses it is refused rather than understood by halves. See docs/decisions.md.

use std::borrow::Cow;

use crate::error::Error;

/// How deep a body may be nested. Real ones go four levels deep.
const MOST_LEVELS: u32 = 16;
/// How many keys one mapping may have; each is compared with those before it. Real ones have a dozen.
const MOST_KEYS: usize = 64;

/// A value, and the line on which it begins.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Node<'b> {
    pub(super) line: u32,
    pub(super) value: Value<'b>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Value<'b> {
    /// Any scalar; what it means is up to its reader.
    Text(Cow<'b, str>),
    List(Vec<Node<'b>>),
    /// Each key once, in the order of the text.
    Map(Vec<(&'b str, Node<'b>)>),
}

/// The body as one mapping or list. Its first line has the number `first_line`.
pub(super) fn parse(body: &str, first_line: u32) -> Result<Node<'_>, (u32, Error)> {
    let lines = body.lines().zip(first_line..).map(|(text, number)| Line::of(text, number)).collect();
    let mut reader = Reader { lines, at: 0, levels: 0 };
    let root = match reader.peek() {
        Some(line) => reader.block(line.indent)?,
        None => return Err(refused(first_line, "there is nothing in it")),
    };
    match reader.peek() {
        None => Ok(root),
        Some(line) => Err(refused(line.number, "a line is indented in an unexpected way")),
    }
}

fn refused(line: u32, why: &'static str) -> (u32, Error) {
    (line, Error::NotYaml(why))
}

#[derive(Clone, Copy)]
struct Line<'b> {
    number: u32,
    indent: usize,
    /// The whole line.
    text: &'b str,
}

impl<'b> Line<'b> {
    fn of(text: &'b str, number: u32) -> Self {
        Self { number, indent: text.len() - text.trim_start_matches(' ').len(), text }
    }

    fn content(&self) -> &'b str {
        self.text.get(self.indent..).unwrap_or_default()
    }

    fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }
}

struct Reader<'b> {
    lines: Vec<Line<'b>>,
    at: usize,
    levels: u32,
}

impl<'b> Reader<'b> {
    /// The next line with something in it.
    fn peek(&mut self) -> Option<Line<'b>> {
        while self.lines.get(self.at).is_some_and(Line::is_blank) {
            self.at += 1;
        }
        self.lines.get(self.at).copied()
    }

    /// The mapping or list whose lines are indented by `indent`, the next line among them.
    fn block(&mut self, indent: usize) -> Result<Node<'b>, (u32, Error)> {
        let Some(first) = self.peek() else { return Err(refused(0, "it ends too early")) };
        self.levels += 1;
        if self.levels > MOST_LEVELS {
            return Err(refused(first.number, "it is nested too deep"));
        }
        let value = match item(first.content()) {
            Some(_) => Value::List(self.list(indent)?),
            None => Value::Map(self.map(indent)?),
        };
        self.levels -= 1;
        Ok(Node { line: first.number, value })
    }

    fn list(&mut self, indent: usize) -> Result<Vec<Node<'b>>, (u32, Error)> {
        let mut items = Vec::new();
        while let Some(line) = self.peek().filter(|line| line.indent == indent) {
            let Some(rest) = item(line.content()) else { break };
            let inner = line.text.len() - rest.len();
            if item(rest).is_some() || entry(rest).is_some() {
                // A mapping or list that begins beside its dash is indented like its first line.
                self.lines[self.at].indent = inner;
                items.push(self.block(inner)?);
            } else {
                self.at += 1;
                items.push(self.value(rest, indent, line.number)?);
            }
        }
        Ok(items)
    }

    fn map(&mut self, indent: usize) -> Result<Vec<(&'b str, Node<'b>)>, (u32, Error)> {
        let mut entries: Vec<(&str, Node<'_>)> = Vec::new();
        while let Some(line) = self.peek().filter(|line| line.indent == indent) {
            let Some((key, rest)) = entry(line.content()) else {
                if item(line.content()).is_some() {
                    break;
                }
                return Err(refused(
                    line.number,
                    "a line is neither a key with its value nor an item of a list",
                ));
            };
            if entries.iter().any(|(other, _)| *other == key) {
                return Err(refused(line.number, "a key stands there twice"));
            }
            if entries.len() == MOST_KEYS {
                return Err(refused(line.number, "it has too many keys"));
            }
            self.at += 1;
            let node = match (rest.is_empty(), self.peek()) {
                (true, Some(next)) if next.indent > indent => self.block(next.indent)?,
                // A list may stand right below its key.
                (true, Some(next)) if next.indent == indent && item(next.content()).is_some() => {
                    self.block(indent)?
                }
                _ => self.value(rest, indent, line.number)?,
            };
            entries.push((key, node));
        }
        Ok(entries)
    }

    /// The scalar that begins with `text` on a line of a block that is indented by `indent`.
    fn value(&mut self, text: &'b str, indent: usize, line: u32) -> Result<Node<'b>, (u32, Error)> {
        let value = match text.as_bytes() {
            b"[]" => Value::List(Vec::new()),
            b"{}" => Value::Map(Vec::new()),
            [b'|', ..] => Value::Text(self.literal(text, indent, line)?.into()),
            [b'"', ..] => Value::Text(double_quoted(text).map_err(|why| refused(line, why))?),
            [b'\'', ..] => Value::Text(single_quoted(text).map_err(|why| refused(line, why))?),
            _ => Value::Text(plain(text).map_err(|why| refused(line, why))?.into()),
        };
        Ok(Node { line, value })
    }

    /// The lines of a literal block, without those that are blank at its end: whether a comment ends with a line
    /// feed is of no interest here.
    fn literal(&mut self, header: &str, indent: usize, line: u32) -> Result<String, (u32, Error)> {
        let mut given = None;
        for mark in header.bytes().skip(1) {
            match mark {
                b'-' | b'+' => {}
                b'1'..=b'9' if given.is_none() => given = Some(indent + usize::from(mark - b'0')),
                _ => return Err(refused(line, "the first line of a literal block is not understood")),
            }
        }
        let mut text = String::new();
        let mut length = 0;
        let mut depth = given;
        while let Some(line) = self.lines.get(self.at) {
            if !line.is_blank() {
                let depth = *depth.get_or_insert(line.indent);
                if depth <= indent || line.indent < depth {
                    break;
                }
            }
            text.push_str(line.text.get(depth.unwrap_or(line.text.len())..).unwrap_or_default());
            if !line.is_blank() {
                length = text.len();
            }
            text.push('\n');
            self.at += 1;
        }
        text.truncate(length);
        Ok(text)
    }
}

/// What stands behind the dash of a list item.
fn item(text: &str) -> Option<&str> {
    match text.strip_prefix('-')? {
        "" => Some(""),
        rest => rest.strip_prefix(' ').map(str::trim_start),
    }
}

/// The key and what stands behind its colon.
fn entry(text: &str) -> Option<(&str, &str)> {
    let (key, rest) = text.split_once(':')?;
    let is_key = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    let rest = if rest.is_empty() { rest } else { rest.strip_prefix(' ')?.trim() };
    is_key.then_some((key, rest))
}

fn plain(text: &str) -> Result<&str, &'static str> {
    let text = text.trim_end();
    let begins_otherwise = text.starts_with(|c| "&*!>%@`#,[]{}?|\"'\t".contains(c)) || text.starts_with("- ");
    let goes_on_otherwise = text.contains(": ") || text.contains(" #") || text.ends_with(':');
    if begins_otherwise || goes_on_otherwise {
        return Err("a value has to stand in quotes, or uses what crev never writes");
    }
    Ok(text)
}

fn single_quoted(text: &str) -> Result<Cow<'_, str>, &'static str> {
    let inner = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
    let inner = inner.ok_or("a quoted value does not end on its line")?;
    if inner.replace("''", "").contains('\'') {
        return Err("something stands behind a quoted value");
    }
    Ok(if inner.contains('\'') { inner.replace("''", "'").into() } else { inner.into() })
}

fn double_quoted(text: &str) -> Result<Cow<'_, str>, &'static str> {
    const OPEN: &str = "a quoted value does not end on its line";
    let inner = text.strip_prefix('"').ok_or(OPEN)?;
    let mut chars = inner.chars();
    let mut value = String::new();
    loop {
        match chars.next().ok_or(OPEN)? {
            '"' if chars.as_str().is_empty() => return Ok(value.into()),
            '"' => return Err("something stands behind a quoted value"),
            '\\' => value.push(escaped(&mut chars).ok_or("an escape in a quoted value is not known")?),
            other => value.push(other),
        }
    }
}

/// The character that an escape stands for, whose backslash was just taken.
fn escaped(chars: &mut std::str::Chars<'_>) -> Option<char> {
    let digits = match chars.next()? {
        '0' => return Some('\0'),
        'a' => return Some('\x07'),
        'b' => return Some('\x08'),
        't' => return Some('\t'),
        'n' => return Some('\n'),
        'v' => return Some('\x0b'),
        'f' => return Some('\x0c'),
        'r' => return Some('\r'),
        'e' => return Some('\x1b'),
        other @ (' ' | '"' | '/' | '\\') => return Some(other),
        'N' => return Some('\u{85}'),
        '_' => return Some('\u{a0}'),
        'L' => return Some('\u{2028}'),
        'P' => return Some('\u{2029}'),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => return None,
    };
    let (code, rest) = chars.as_str().split_at_checked(digits)?;
    let value = u32::from_str_radix(code, 16).ok().filter(|_| !code.starts_with('+'))?;
    *chars = rest.chars();
    char::from_u32(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expects `body` to read as `expected`: lists in brackets, mappings in braces, all text in quotes.
    fn check(body: &str, expected: &str) {
        let shown = match parse(body, 1) {
            Ok(node) => show(&node),
            Err((line, error)) => format!("{line}: {error}"),
        };
        assert_eq!(shown, expected, "{body}");
    }

    fn show(node: &Node<'_>) -> String {
        match &node.value {
            Value::Text(text) => format!("{text:?}"),
            Value::List(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", ")),
            Value::Map(entries) => {
                let shown = entries.iter().map(|(key, value)| format!("{key}: {}", show(value)));
                format!("{{{}}}", shown.collect::<Vec<_>>().join(", "))
            }
        }
    }

    #[test]
    fn what_crev_writes_is_read() {
        check("a: 1\nb: x y\n", r#"{a: "1", b: "x y"}"#);
        check("a:\n  b: c\nd:\n  - e\n  - f: g\n    h: i\n", r#"{a: {b: "c"}, d: ["e", {f: "g", h: "i"}]}"#);
        check("a:\n- b: c\n- d\ne: f\n", r#"{a: [{b: "c"}, "d"], e: "f"}"#);
        check("a:\n- b:\n  - c\n  d: e\n", r#"{a: [{b: ["c"], d: "e"}]}"#);
        check("a:\n  - - b\n    - c\n", r#"{a: [["b", "c"]]}"#);
        check("a: []\nb: {}\nc: \"\"\nd:\n", r#"{a: [], b: {}, c: "", d: ""}"#);
        check("a: https://x.example/y#z\n", r#"{a: "https://x.example/y#z"}"#);
    }

    #[test]
    fn quotes_are_taken_off() {
        check(r#"a: "b: \"c\" \\ \n\t\x41\u00e9\U0001F600""#, r#"{a: "b: \"c\" \\ \n\tAé😀"}"#);
        check("a: 'it''s'\n", r#"{a: "it's"}"#);
    }

    #[test]
    fn literal_blocks_keep_their_lines() {
        check("a: |-\n  one\n    two\n\n  three\nb: c\n", r#"{a: "one\n  two\n\nthree", b: "c"}"#);
        check("a: |+\n  one\n\n", r#"{a: "one"}"#);
        check("a: |2-\n    one\n  two\n", r#"{a: "  one\ntwo"}"#);
        check("a:\n  - |\n    one: two\n  - b\n", r#"{a: ["one: two", "b"]}"#);
        check("a: |\nb: c\n", r#"{a: "", b: "c"}"#);
    }

    #[test]
    fn what_crev_never_writes_is_refused() {
        const PLAIN: &str =
            "not the YAML that crev writes: a value has to stand in quotes, or uses what crev never writes";
        for body in ["a: &b c", "a: *b", "a: !!str c", "a: > ", "a: [b]", "a: {b: c}", "a: b # c", "a: b: c"]
        {
            check(body, &format!("1: {PLAIN}"));
        }
        const LINE: &str =
            "not the YAML that crev writes: a line is neither a key with its value nor an item of a list";
        for body in ["---\na: b", "# a\n", "a", "? a\n: b", "\ta: b", "a :b", "\"a\": b"] {
            check(body, &format!("1: {LINE}"));
        }
        check("a: b\n  c: d", "2: not the YAML that crev writes: a line is indented in an unexpected way");
        check(
            "a:\n  b: c\n d: e",
            "3: not the YAML that crev writes: a line is indented in an unexpected way",
        );
        check("a: b\na: c", "2: not the YAML that crev writes: a key stands there twice");
        check("a: b\n- c", "2: not the YAML that crev writes: a line is indented in an unexpected way");
        check("", "1: not the YAML that crev writes: there is nothing in it");
        check("a: \"b", "1: not the YAML that crev writes: a quoted value does not end on its line");
        check("a: \"b\" c", "1: not the YAML that crev writes: something stands behind a quoted value");
        check("a: 'b' c'", "1: not the YAML that crev writes: something stands behind a quoted value");
        check("a: \"\\q\"", "1: not the YAML that crev writes: an escape in a quoted value is not known");
        check("a: \"\\uD800\"", "1: not the YAML that crev writes: an escape in a quoted value is not known");
        check(
            "a: |x\n  b",
            "1: not the YAML that crev writes: the first line of a literal block is not understood",
        );
        check(&"- ".repeat(10_000), "1: not the YAML that crev writes: it is nested too deep");
        let many: String = (0..100).map(|n| format!("k{n}: v\n")).collect();
        check(&many, "65: not the YAML that crev writes: it has too many keys");
    }
}
