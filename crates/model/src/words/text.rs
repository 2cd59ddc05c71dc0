//! Small words that all programs say alike: times as people say them, lists, a stranger's text made harmless.

use crate::time::{Span, Time};

/// From how many days on ages are said in years.
const IN_YEARS_FROM: i64 = 731;

/// How long ago: `15 minutes ago`, `4 years ago`; what lies ahead is `in the future`.
pub fn ago(then: Time, now: Time) -> String {
    let days = (now - then).as_seconds() / 86_400;
    if then > now {
        "in the future".to_owned()
    } else if days >= IN_YEARS_FROM {
        format!("{} years ago", days * 4 / 1461)
    } else {
        format!("{} ago", (now - then).in_words())
    }
}

/// How far ahead, and the day: `in 6 days, on 2026-09-03`.
///
/// Rounded up, since whoever comes back after the time said must find what was promised.
pub fn ahead(then: Time, now: Time) -> String {
    if then <= now { "now".to_owned() } else { format!("in {}, on {}", left(then, now), then.date()) }
}

/// How long until then, rounded up: `6 days`, `3 hours`.
pub fn left(then: Time, now: Time) -> String {
    let seconds = (then - now).as_seconds();
    let unit = match seconds {
        s if s > 86_400 => 86_400,
        s if s > 3_600 => 3_600,
        _ => 60,
    };
    Span::seconds((seconds + unit - 1) / unit * unit).in_words()
}

/// `a`, `a and b`, `a, b and c`.
pub fn and(words: &[String]) -> String {
    joined(words, "and")
}

/// The same; of more words than `most` the first, and how many are left: `a, b and 4 more`.
pub fn some(words: &[String], most: usize) -> String {
    let (named, left) = words.split_at(words.len().min(most));
    match left.len() {
        0 => and(named),
        left => and(&[named, &[format!("{left} more")]].concat()),
    }
}

/// `a`, `a or b`, `a, b or c`.
pub fn or(words: &[String]) -> String {
    joined(words, "or")
}

fn joined(words: &[String], with: &str) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} {with} {last}", most.join(", ")),
    }
}

/// Text that a stranger chose, fit for a terminal: control characters and what turns the direction of writing
/// are shown as escapes, and nobody's text is longer than 200 characters. So is `##[`, with which CI runners know a
/// command anywhere in a line.
pub fn harmless(text: &str) -> String {
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

/// The last place up to `at` where no character of a text is parted.
pub fn floor_char_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

/// A stranger's line of source, fit for a terminal or a page, and whole: what is not seen, or changes how other text is seen, is shown
/// as an escape. So are control characters, what turns the direction of writing, and characters without width; and `##[`,
/// with which CI runners know a command.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => shown.push_str("    "),
            c if c.is_control() || is_unseen(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    if shown.contains("##[") { shown.replace("##[", "#\\u{23}[") } else { shown }
}

/// Whether a character has no shape of its own: Unicode's default ignorable and format characters, and separators of lines.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_as_people_say_them() {
        let now: Time = "2026-08-20T12:00:00Z".parse().unwrap();
        assert_eq!(ago(now - Span::minutes(15), now), "15 minutes ago");
        assert_eq!(ago(now + Span::minutes(15), now), "in the future");
        assert_eq!(ago(now - Span::days(730), now), "730 days ago");
        assert_eq!(ago(now - Span::days(731), now), "2 years ago");
        assert_eq!(ago(now - Span::days(1460), now), "3 years ago", "four have a leap day");
        assert_eq!(ago(now - Span::days(1461), now), "4 years ago");
        assert_eq!(ahead(now + Span::days(6), now), "in 6 days, on 2026-08-26");
        assert_eq!(ahead(now + Span::hours(25), now), "in 2 days, on 2026-08-21", "rounded up");
        assert_eq!(ahead(now + Span::seconds(1), now), "in 1 minute, on 2026-08-20");
        assert_eq!(ahead(now, now), "now");
    }

    #[test]
    fn a_strangers_text_cannot_move_the_cursor() {
        assert_eq!(harmless("a\u{1b}[2Jb\u{202e}c\nd"), "a\\u{1b}[2Jb\\u{202e}c\\u{a}d");
        assert_eq!(harmless("##[stop-commands]x"), "#\\u{23}[stop-commands]x");
        assert_eq!(harmless(&"x".repeat(300)).chars().count(), 201);
    }

    #[test]
    fn nothing_in_a_line_of_source_is_unseen() {
        assert_eq!(
            visible("\ta\u{1b}[2Jb\u{202e}c\u{200b}\u{e0041}\u{9b}d"),
            "    a\\u{1b}[2Jb\\u{202e}c\\u{200b}\\u{e0041}\\u{9b}d"
        );
        assert_eq!(visible("##[x] ü 漢"), "#\\u{23}[x] ü 漢");
        assert_eq!(visible(&"x".repeat(500)).len(), 500);
    }
}
