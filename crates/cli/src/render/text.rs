//! Small words: time as people say it, lists, lines that fit.

use fence_model::{Span, Time};

/// How long ago: `15 minutes ago`; what lies ahead is `in the future`.
pub(crate) fn ago(then: Time, now: Time) -> String {
    if then > now { "in the future".to_owned() } else { format!("{} ago", (now - then).in_words()) }
}

/// How far ahead, and the day: `in 6 days, on 2026-09-03`.
///
/// Rounded up, since whoever comes back after the time said must find what was promised.
pub(crate) fn ahead(then: Time, now: Time) -> String {
    if then <= now { "now".to_owned() } else { format!("in {}, on {}", left(then, now), then.date()) }
}

/// How long until then, rounded up: `6 days`, `3 hours`.
pub(crate) fn left(then: Time, now: Time) -> String {
    let seconds = (then - now).as_seconds();
    let unit = match seconds {
        s if s > 86_400 => 86_400,
        s if s > 3_600 => 3_600,
        _ => 60,
    };
    Span::seconds((seconds + unit - 1) / unit * unit).in_words()
}

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

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn and(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
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

/// Text that a stranger chose, fit for a terminal: control characters and what turns the direction of writing
/// are shown as escapes, and nobody's text is longer than 200 characters. So is `##[`, with which CI runners know a
/// command anywhere in a line.
pub(crate) fn harmless(text: &str) -> String {
    const LONGEST: usize = 200;
    let mut shown = String::new();
    for (at, c) in text.chars().enumerate() {
        if at == LONGEST {
            shown.push('…');
            break;
        }
        let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
        if c.is_control() || turns {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown.replace("##[", "#\\u{23}[")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_as_people_say_them() {
        let now: Time = "2026-08-20T12:00:00Z".parse().unwrap();
        assert_eq!(ago(now - Span::minutes(15), now), "15 minutes ago");
        assert_eq!(ago(now + Span::minutes(15), now), "in the future");
        assert_eq!(ahead(now + Span::days(6), now), "in 6 days, on 2026-08-26");
        assert_eq!(ahead(now + Span::hours(25), now), "in 2 days, on 2026-08-21", "rounded up");
        assert_eq!(ahead(now + Span::seconds(1), now), "in 1 minute, on 2026-08-20");
        assert_eq!(ahead(now, now), "now");
        assert_eq!(age(now - Span::minutes(3), now), "3 min");
        assert_eq!(age(now - Span::hours(30), now), "1 d");
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

    #[test]
    fn a_strangers_text_cannot_move_the_cursor() {
        assert_eq!(harmless("a\u{1b}[2Jb\u{202e}c\nd"), "a\\u{1b}[2Jb\\u{202e}c\\u{a}d");
        assert_eq!(harmless("##[stop-commands]x"), "#\\u{23}[stop-commands]x");
        assert_eq!(harmless(&"x".repeat(300)).chars().count(), 201);
    }
}
