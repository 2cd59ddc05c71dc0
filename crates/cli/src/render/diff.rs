//! What changes in a small text file, as everybody knows it from version control.

use crate::render::text;
use crate::shell::{Colour, Ink};

/// Lines around a change that are shown with it.
const AROUND: usize = 3;

/// More pairs of lines than this are not compared with each other: what changed is then shown as a whole.
const MOST_PAIRS: usize = 1 << 22;

/// What there was, and what there is to be; none for a file that does not exist.
pub(crate) struct Sides<'a> {
    pub(crate) name: &'a str,
    pub(crate) before: Option<&'a str>,
    pub(crate) after: Option<&'a str>,
}

/// A line of both texts, or of one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line<'a> {
    Both(&'a str),
    Gone(&'a str),
    New(&'a str),
}

/// The change as a unified diff, fit for the eyes of whoever looks over one's shoulder, and for the log of a CI: what looks
/// like a secret is not shown, and of the lines around a change nothing is that may be one.
pub(crate) fn unified(sides: &Sides<'_>, colour: Colour) -> String {
    let mut out = String::new();
    for (sign, text) in [("---", sides.before), ("+++", sides.after)] {
        let name = text.map_or_else(|| "/dev/null".to_owned(), |_| text::harmless(sides.name));
        out += &colour.paint(Ink::Strong, &format!("{sign} {name}"));
        out.push('\n');
    }
    let (before, after) = (sides.before.unwrap_or_default(), sides.after.unwrap_or_default());
    let lines = compare(&split(before), &split(after));
    let mut at = 0;
    while let Some(first) = next_change(&lines, at) {
        let start = first.saturating_sub(AROUND).max(at);
        let mut end = first;
        while let Some(change) = next_change(&lines, end).filter(|change| *change <= end + 2 * AROUND) {
            end = change + 1;
        }
        let end = (end + AROUND).min(lines.len());
        out += &hunk(&lines, start, end, colour);
        at = end;
    }
    out
}

fn next_change(lines: &[Line<'_>], from: usize) -> Option<usize> {
    let rest = lines.get(from..)?;
    rest.iter().position(|line| !matches!(line, Line::Both(_))).map(|at| from + at)
}

fn hunk(lines: &[Line<'_>], start: usize, end: usize, colour: Colour) -> String {
    let count = |range: std::ops::Range<usize>, is_there: fn(&Line<'_>) -> bool| {
        lines[range].iter().filter(|line| is_there(line)).count()
    };
    let is_old = |line: &Line<'_>| !matches!(line, Line::New(_));
    let is_new = |line: &Line<'_>| !matches!(line, Line::Gone(_));
    let side = |is_there: fn(&Line<'_>) -> bool| {
        let (above, shown) = (count(0..start, is_there), count(start..end, is_there));
        format!("{},{shown}", if shown == 0 { above } else { above + 1 })
    };
    let mut out = colour.paint(Ink::Place, &format!("@@ -{} +{} @@", side(is_old), side(is_new))) + "\n";
    for (at, line) in lines.iter().enumerate().take(end).skip(start) {
        let (sign, text, ink) = match line {
            Line::Both(text) => (' ', text, None),
            Line::Gone(text) => ('-', text, Some(Ink::Bad)),
            Line::New(text) => ('+', text, Some(Ink::Good)),
        };
        let shown = |text: &str| {
            let text = match line {
                Line::Both(_) => guarded(text, table_around(&lines[..at])),
                Line::Gone(_) | Line::New(_) => without_secrets(text),
            };
            text::harmless(&text.replace('\t', "    "))
        };
        let text = match text.strip_suffix('\n') {
            Some(text) => shown(text.strip_suffix('\r').unwrap_or(text)),
            None => shown(text) + "\n\\ No newline at end of file",
        };
        let line = format!("{sign}{text}");
        let line = line.trim_end();
        out += &ink.map_or_else(|| line.to_owned(), |ink| colour.paint(ink, line));
        out.push('\n');
    }
    out
}

/// What the key of a secret has in it.
const SECRETS: [&str; 5] = ["token", "secret", "passw", "passphrase", "auth"];

/// What else a line has in it that may hand a secret on, in words of a command for example.
const HINTS: [&str; 3] = ["key", "credential", "bearer"];

fn has_any(text: &str, words: &[&str]) -> bool {
    let text = text.to_ascii_lowercase();
    words.iter().any(|word| text.contains(word))
}

/// Whether a key names a secret: `api-key` does, and the `KeyringMode` of a service does not.
fn names_secret(key: &str) -> bool {
    let bare = key.trim().trim_matches(['"', '\'']);
    has_any(bare, &SECRETS) || bare.to_ascii_lowercase().ends_with("key")
}

/// A line that changes, without the values of keys that name a secret, wherever in it they stand, and without names and
/// passwords in addresses. All else of it is for whoever has to agree.
fn without_secrets(line: &str) -> String {
    let (mut out, mut key, mut rest) = (String::with_capacity(line.len()), String::new(), line);
    while let Some(c) = rest.chars().next() {
        let taken = match c {
            '=' if names_secret(&key) => {
                out += "= …";
                key.clear();
                rest = &rest[1 + value(&rest[1..])..];
                continue;
            }
            '"' | '\'' => quoted(rest),
            c => c.len_utf8(),
        };
        match c {
            '=' | ',' | '{' | '[' => key.clear(),
            _ => key += &rest[..taken],
        }
        out += &rest[..taken];
        rest = &rest[taken..];
    }
    without_names(&out)
}

/// A line beside a change, in this table: its key where it has one, and its value where neither looks like that of a secret.
/// What continues a value from a line above is not shown at all.
fn guarded(line: &str, table: &str) -> String {
    let bare = line.trim_start();
    let indent = &line[..line.len() - bare.len()];
    if bare.is_empty() || is_header(bare) {
        return line.to_owned();
    }
    let key = bare.split('=').next().unwrap_or_default();
    let is_comment = bare.starts_with('#');
    let is_pair = bare.contains('=') && (is_comment || is_key(key));
    // Variables have names of their own, and any may be a secret.
    let is_env = |key: &str| key.trim().split(['.', ' ', ']']).next() == Some("env");
    let may_be = |text: &str| has_any(text, &SECRETS) || has_any(text, &HINTS);
    let is_secret = may_be(line) || may_be(table) || is_env(table) || is_env(key);
    match (is_pair, is_secret) {
        (true, true) => format!("{indent}{key}= …"),
        (true, false) => without_secrets(line),
        (false, false) if is_comment => without_secrets(line),
        (false, _) if is_comment => format!("{indent}# …"),
        (false, _) => format!("{indent}…"),
    }
}

/// The name of the table that the next line is in.
fn table_around<'a>(above: &[Line<'a>]) -> &'a str {
    let header = above.iter().rev().find_map(|line| {
        let (Line::Both(text) | Line::Gone(text) | Line::New(text)) = *line;
        is_header(text.trim()).then_some(text)
    });
    header.unwrap_or_default().trim().trim_start_matches('[')
}

/// Whether a line is the head of a table. One that begins with a text in quotes may as well be a part of a list.
fn is_header(line: &str) -> bool {
    let name = line.split('#').next().unwrap_or_default().trim();
    let inside = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    let inside = inside.map(|name| name.strip_prefix('[').unwrap_or(name).trim_end_matches(']').trim());
    inside.is_some_and(|name| is_key(name) && !name.starts_with(['"', '\'']))
}

/// Whether a text is a key, dotted or in quotes.
fn is_key(text: &str) -> bool {
    let is_plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ' | '\t' | '"' | '\'');
    let is_whole = |quote: char| text.matches(quote).count().is_multiple_of(2);
    !text.trim().is_empty() && text.chars().all(is_plain) && is_whole('"') && is_whole('\'')
}

/// How long the value is with which a text begins: up to what ends it on this line.
fn value(text: &str) -> usize {
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(c) = text[at..].chars().next() {
        match c {
            '"' | '\'' => {
                at += quoted(&text[at..]);
                continue;
            }
            '[' | '{' => depth += 1,
            ']' | '}' if depth > 0 => depth -= 1,
            ',' | '}' | ']' | '#' if depth == 0 => break,
            _ => {}
        }
        at += c.len_utf8();
    }
    text[..at].trim_end().len()
}

/// How long the text in quotes is with which a text begins, with both of them; all of it where it does not end.
fn quoted(text: &str) -> usize {
    let quote = text.chars().next().unwrap_or('"');
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if quote == '"' => is_escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// A line without what stands before the `@` of an address. Without `://` it takes a colon to make one of it.
fn without_names(line: &str) -> String {
    let is_end = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '=');
    let word = |word: &str| {
        let Some((before, host)) = word.rsplit_once('@') else { return word.to_owned() };
        match before.split_once("://") {
            Some((scheme, _)) => format!("{scheme}://…@{host}"),
            None if before.contains(':') => format!("…@{host}"),
            None => word.to_owned(),
        }
    };
    line.split_inclusive(is_end)
        .map(|part| match part.char_indices().next_back() {
            Some((at, end)) if is_end(end) => word(&part[..at]) + &part[at..],
            _ => word(part),
        })
        .collect()
}

/// The lines of a text, each with its end.
fn split(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

fn compare<'a>(before: &[&'a str], after: &[&'a str]) -> Vec<Line<'a>> {
    let same = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let rest = before[same..].iter().rev().zip(after[same..].iter().rev());
    let tail = rest.take_while(|(a, b)| a == b).count();
    let (gone, new) = (&before[same..before.len() - tail], &after[same..after.len() - tail]);
    let mut lines: Vec<Line<'_>> = before[..same].iter().map(|line| Line::Both(line)).collect();
    if gone.len().saturating_mul(new.len()) > MOST_PAIRS {
        lines.extend(gone.iter().map(|line| Line::Gone(line)));
        lines.extend(new.iter().map(|line| Line::New(line)));
    } else {
        lines.extend(middle(gone, new));
    }
    lines.extend(before[before.len() - tail..].iter().map(|line| Line::Both(line)));
    lines
}

/// By the longest common subsequence.
fn middle<'a>(gone: &[&'a str], new: &[&'a str]) -> Vec<Line<'a>> {
    let width = new.len() + 1;
    let mut longest = vec![0_u32; (gone.len() + 1) * width];
    for a in (0..gone.len()).rev() {
        for b in (0..new.len()).rev() {
            longest[a * width + b] = match gone[a] == new[b] {
                true => longest[(a + 1) * width + b + 1] + 1,
                false => longest[(a + 1) * width + b].max(longest[a * width + b + 1]),
            };
        }
    }
    let (mut a, mut b) = (0, 0);
    let mut lines = Vec::new();
    while a < gone.len() || b < new.len() {
        if a < gone.len() && b < new.len() && gone[a] == new[b] {
            lines.push(Line::Both(gone[a]));
            (a, b) = (a + 1, b + 1);
        } else if b == new.len()
            || (a < gone.len() && longest[(a + 1) * width + b] >= longest[a * width + b + 1])
        {
            lines.push(Line::Gone(gone[a]));
            a += 1;
        } else {
            lines.push(Line::New(new[b]));
            b += 1;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    fn diff(before: Option<&str>, after: Option<&str>) -> String {
        unified(&Sides { name: "config.toml", before, after }, Colour::Off)
    }

    #[test]
    fn changes_stand_among_the_lines_around_them() {
        let lines = |keys: &str| keys.chars().map(|key| format!("{key} = 1\n")).collect::<String>();
        let (before, after) = (lines("abcdefghijkl"), lines("abcdEfghijkl") + "\n" + &lines("m"));
        assert_snapshot!(diff(Some(&before), Some(&after)), @"
        --- config.toml
        +++ config.toml
        @@ -2,7 +2,7 @@
         b = 1
         c = 1
         d = 1
        -e = 1
        +E = 1
         f = 1
         g = 1
         h = 1
        @@ -10,3 +10,5 @@
         j = 1
         k = 1
         l = 1
        +
        +m = 1
        ");
        let far = lines(&format!("y{}z", "x".repeat(20)));
        let changed = far.replace('y', "Y").replace('z', "Z");
        assert_snapshot!(diff(Some(&far), Some(&changed)), @"
        --- config.toml
        +++ config.toml
        @@ -1,4 +1,4 @@
        -y = 1
        +Y = 1
         x = 1
         x = 1
         x = 1
        @@ -19,4 +19,4 @@
         x = 1
         x = 1
         x = 1
        -z = 1
        +Z = 1
        ");
    }

    #[test]
    fn files_come_and_go() {
        assert_snapshot!(diff(None, Some("a\n")), @"
        --- /dev/null
        +++ config.toml
        @@ -0,0 +1,1 @@
        +a
        ");
        assert_snapshot!(diff(Some("a"), None), @r"
        --- config.toml
        +++ /dev/null
        @@ -1,1 +0,0 @@
        -a
        \ No newline at end of file
        ");
    }

    #[test]
    fn neither_tokens_nor_control_characters_are_shown() {
        let before = "[registries.a]\ntoken = \"hidden\"\n\"other-token\"='hidden'\nx = \"\u{1b}[31m\"\n";
        let seen = diff(Some(before), Some(&format!("{before}b = 1\n")));
        assert!(!seen.contains("hidden") && !seen.contains('\u{1b}'), "{seen}");
    }

    /// Expected: beside a change nothing that may be a secret, and in it no value of a key that names one.
    #[test]
    fn what_may_be_a_secret_is_not_shown() {
        let beside = |lines: &str| {
            let seen = diff(Some(lines), Some(&format!("{lines}new = 1\n")));
            let lines = seen.lines().skip(3).filter(|line| !line.starts_with('+'));
            lines.map(|line| line.trim_start().to_owned()).collect::<Vec<_>>().join(" | ")
        };
        let check = |line: &str, expected: &str| assert_eq!(beside(&format!("{line}\n")), expected, "{line}");
        check("retry = 3 # slow", "retry = 3 # slow");
        check("# Ours, ask me@example.org", "# Ours, ask me@example.org");
        check("GITHUB_TOKEN = \"hidden\"", "GITHUB_TOKEN = …");
        check("API_Key=\"hidden\"", "API_Key= …");
        check("registries = { a = { Token = \"hidden\" } }", "registries = …");
        check("registries.a.token = \"hidden\"", "registries.a.token = …");
        check("a = [\"prog\", \"--password\", \"hidden\"]", "a = …");
        check("credential-provider = [\"prog\", \"hidden\"]", "credential-provider = …");
        check("env.A = \"hidden\"", "env.A = …");
        check("env = { A = \"hidden\" }", "env = …");
        check("[env]\nA = { value = \"hidden\" }", "[env] | A = …");
        check("[env.A_TOKEN]\nvalue = \"hidden\"", "[env.A_TOKEN] | value = …");
        check("[registries.'a'] # ours\nindex = \"x\"", "[registries.'a'] # ours | index = \"x\"");
        check("a = [\n  \"--token\",\n  \"hidden\",", "a = [ | … | …");
        check("a = \"\"\"\nhidden\n\"\"\"", "a = \"\"\" | … | …");
        check("[\"hidden\"]", "…");
        check("# token = \"hidden\"", "# token = …");
        check("# the token is hidden", "# …");
        check("proxy = \"http://me:hidden@host:80/\"", "proxy = \"http://…@host:80/\"");
        check("proxy = \"http://me:hid/den@host:80\"", "proxy = \"http://…@host:80\"");
        check("proxy = 'me:hidden@host:80'", "proxy = '…@host:80'");
        check("url = \"https://hidden@host/?a=b\"", "url = \"https://…@host/?a=b\"");

        let changed = |line: &str, expected: &str| {
            let seen = diff(None, Some(line));
            let seen = seen.lines().nth(3).unwrap_or_default().trim_start_matches('+');
            assert_eq!(seen, expected);
        };
        changed(
            "registries = { fence = { index = \"x\" }, a = { index = 'y', Token = \"hid, \\\"den\" } } # c\n",
            "registries = { fence = { index = \"x\" }, a = { index = 'y', Token = … } } # c",
        );
        changed("env = { A_SECRET = { value = [\"hidden\"] }, B = 1 }\n", "env = { A_SECRET = …, B = 1 }");
        changed("a = 1, \"api-key\" = 'hidden'\n", "a = 1, \"api-key\" = …");
        changed("credential-provider = [\"cargo:token\"]\n", "credential-provider = [\"cargo:token\"]");
        changed("http = { proxy = \"http://me:hidden@host\" }\n", "http = { proxy = \"http://…@host\" }");
        changed(
            "ExecStart=/bin/x serve --tokens /etc/tokens\n",
            "ExecStart=/bin/x serve --tokens /etc/tokens",
        );
        changed("KeyringMode=private\n", "KeyringMode=private");
    }
}
