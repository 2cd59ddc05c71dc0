//! Small words: time as people say it, lists, lines that fit.

use fence_model::Time;
pub(crate) use fence_model::words::text::{ago, and, harmless, left, some, visible};

/// The age of facts, short: `3 min`, `2 h`, `1 d`.
pub(crate) fn age(then: Time, now: Time) -> String {
    match (now - then).as_seconds() {
        s if s >= 86_400 => format!("{} d", s / 86_400),
        s if s >= 3_600 => format!("{} h", s / 3_600),
        s => format!("{} min", s / 60),
    }
}

/// `1 release`, `2 releases`.
pub(crate) fn count(n: usize, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}

/// A number of bytes, as disks count: `41.3 MB`.
pub(crate) fn size(bytes: u64) -> String {
    let scaled = |unit: u64| format!("{}.{}", bytes / unit, bytes % unit / (unit / 10));
    match bytes {
        n if n >= 1_000_000_000 => format!("{} GB", scaled(1_000_000_000)),
        n if n >= 1_000_000 => format!("{} MB", scaled(1_000_000)),
        n if n >= 1_000 => format!("{} kB", scaled(1_000)),
        n => format!("{n} bytes"),
    }
}

/// `text` in lines of at most `width` characters, where its words allow; each but the first begins with `indent`
/// blanks, and the first has `used` characters before it. What stands between backquotes is to be copied, and stays
/// in one piece. No line begins with `::`, which a CI runner would take for a command.
pub(crate) fn wrap(text: &str, used: usize, indent: usize, width: usize) -> String {
    let mut lines = String::new();
    let mut at = used;
    let mut is_first = true;
    let is_paired = text.matches('`').count().is_multiple_of(2);
    let mut is_quoted = false;
    let ends_word = |c: char| {
        is_quoted ^= c == '`' && is_paired;
        c == ' ' && !is_quoted
    };
    for word in text.split(ends_word) {
        let length = word.chars().count();
        let may_begin = !word.trim_start().starts_with("::");
        if !is_first && may_begin && at + 1 + length > width {
            lines.push('\n');
            lines.extend(std::iter::repeat_n(' ', indent));
            at = indent;
        } else if !is_first {
            lines.push(' ');
            at += 1;
        }
        lines.push_str(word);
        at += length;
        is_first = false;
    }
    lines
}

/// How many columns of a terminal a character takes: two of those that East Asian type sets wide, and of most pictures.
pub(crate) fn columns(c: char) -> usize {
    let is_wide = matches!(c,
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{303e}' | '\u{3041}'..='\u{a4cf}' | '\u{a960}'..='\u{a97c}'
        | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}' | '\u{1f300}'..='\u{1f64f}' | '\u{1f680}'..='\u{1faff}' | '\u{20000}'..='\u{3fffd}');
    if is_wide { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use fence_model::Span;

    use super::*;

    #[test]
    fn ages_are_short() {
        let now: Time = "2026-08-20T12:00:00Z".parse().unwrap();
        assert_eq!(age(now - Span::minutes(3), now), "3 min");
        assert_eq!(age(now - Span::hours(30), now), "1 d");
    }

    #[test]
    fn sizes_are_short() {
        let told: Vec<_> = [0, 999, 1_000, 41_350_000, 2_000_000_000].map(size).into();
        assert_eq!(told, ["0 bytes", "999 bytes", "1.0 kB", "41.3 MB", "2.0 GB"]);
    }

    #[test]
    fn lines_break_between_words_and_nowhere_else() {
        assert_eq!(wrap("one two three", 0, 2, 8), "one two\n  three");
        assert_eq!(wrap("one two three", 6, 2, 8), "one\n  two\n  three");
        assert_eq!(wrap("unbreakable", 0, 2, 4), "unbreakable");
        assert_eq!(wrap("", 0, 2, 4), "");
        assert_eq!(
            wrap("one ::two three", 0, 2, 8),
            "one ::two\n  three",
            "a stranger commands no CI runner"
        );
        assert_eq!(wrap("run `a b c` now", 0, 2, 8), "run\n  `a b c`\n  now");
        assert_eq!(
            wrap("half a ` b c", 0, 2, 6),
            "half a\n  ` b\n  c",
            "quotes that do not close quote nothing"
        );
    }
}
