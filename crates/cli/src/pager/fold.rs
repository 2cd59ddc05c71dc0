//! Long lines with our own colours in them.

use crate::render::text::columns;

/// A line with our own colours in it, in lines of at most `width` columns; each but the first begins with `indent` blanks.
/// They break behind a blank where one is near. Nothing is cut off: code that stands far to the right is meant not to be seen.
pub(super) fn fold(line: &str, indent: usize, width: usize) -> Vec<String> {
    let indent = if indent + 8 > width { 0 } else { indent };
    let mut lines = Vec::new();
    let mut at = 0;
    let mut now = String::new();
    // The colour that is on, to be taken up again on the next line.
    let mut colour = String::new();
    // The last blank: how much stands before its end, in bytes and columns, and the colour there.
    let mut blank: Option<(usize, usize, String)> = None;
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        if c == '\x1b' {
            let code: String = std::iter::once(c).chain(rest.by_ref().take_while(|c| *c != 'm')).collect();
            now += &format!("{code}m");
            colour = if code.ends_with("[0") { String::new() } else { format!("{code}m") };
            continue;
        }
        if at + columns(c) > width {
            let near = blank.take().filter(|(_, column, _)| column * 3 > width * 2);
            let (length, column, ink) = near.unwrap_or_else(|| (now.len(), at, colour.clone()));
            let rest = now.split_off(length);
            if !ink.is_empty() {
                now += "\x1b[0m";
            }
            lines.push(std::mem::replace(&mut now, format!("{}{ink}{rest}", " ".repeat(indent))));
            at = indent + at - column;
        }
        at += columns(c);
        now.push(c);
        if c == ' ' {
            blank = Some((now.len(), at, colour.clone()));
        }
    }
    lines.push(now);
    lines
}

/// A line without our own colours.
pub(super) fn plain(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        if c == '\x1b' {
            rest.by_ref().take_while(|c| *c != 'm').for_each(drop);
        } else {
            plain.push(c);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_folded_with_their_colours() {
        assert_eq!(fold("abcdef", 0, 4), ["abcd", "ef"]);
        assert_eq!(fold("漢漢漢", 0, 5), ["漢漢", "漢"]);
        assert_eq!(
            fold("a\x1b[31mbcdefghijkl\x1b[0m", 2, 10),
            ["a\x1b[31mbcdefghij\x1b[0m", "  \x1b[31mkl\x1b[0m"]
        );
        assert_eq!(fold("", 2, 4), [""]);
        assert_eq!(
            fold("ab \x1b[31mcdefghi jkl\x1b[0m", 0, 12),
            ["ab \x1b[31mcdefghi \x1b[0m", "\x1b[31mjkl\x1b[0m"]
        );
        assert_eq!(fold("ab cdefghijklmnop", 0, 12), ["ab cdefghijk", "lmnop"], "no blank is near");
        assert_eq!(plain("a\x1b[1;31mb\x1b[0mc"), "abc");
    }
}
