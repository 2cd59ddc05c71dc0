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

/// The change as a unified diff. Values of tokens in the lines around it are not shown.
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
    for line in &lines[start..end] {
        let (sign, text, ink) = match line {
            Line::Both(text) => (' ', text, None),
            Line::Gone(text) => ('-', text, Some(Ink::Bad)),
            Line::New(text) => ('+', text, Some(Ink::Good)),
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

/// A line fit for the eyes of whoever looks over one's shoulder.
fn shown(line: &str) -> String {
    let is_secret = |key: &str| ["token", "secret-key", "password"].iter().any(|word| key.ends_with(word));
    let line = match line.split_once('=') {
        Some((key, _)) if is_secret(key.trim().trim_matches(['"', '\''])) => format!("{key}= …"),
        _ => line.to_owned(),
    };
    text::harmless(&line.replace('\t', "    "))
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
        let before = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\n";
        let after = "a\nb\nc\nd\nE\nf\ng\nh\ni\nj\nk\nl\n\nm\n";
        assert_snapshot!(diff(Some(before), Some(after)), @"
        --- config.toml
        +++ config.toml
        @@ -2,7 +2,7 @@
         b
         c
         d
        -e
        +E
         f
         g
         h
        @@ -10,3 +10,5 @@
         j
         k
         l
        +
        +m
        ");
        let far = "0\n".to_owned() + &"x\n".repeat(20) + "1\n";
        let changed = far.replace('0', "2").replace('1', "3");
        assert_snapshot!(diff(Some(&far), Some(&changed)), @"
        --- config.toml
        +++ config.toml
        @@ -1,4 +1,4 @@
        -0
        +2
         x
         x
         x
        @@ -19,4 +19,4 @@
         x
         x
         x
        -1
        +3
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
        let before = "[registries.a]\ntoken = \"secret\"\n\"other-token\"='secret'\nx = \"\u{1b}[31m\"\n";
        let seen = diff(Some(before), Some(&format!("{before}b = 1\n")));
        assert!(!seen.contains("secret") && !seen.contains('\u{1b}'), "{seen}");
    }
}
