//! What cargo prints where a download is refused: at most 512 characters, which is where it cuts.
//!
//! The first line says what and why, and until when; the second which command to run. Reasons follow as far as there is
//! room, and where to read on: a command, and the release's page, where a reason has room beside its address.

use fence_model::decision::Decision;
use fence_model::words::{self, outlook, text};
use fence_model::{Time, Verdict};
use semver::Version;

/// Where cargo cuts the text of an answer.
pub const MOST_CHARACTERS: usize = 512;

/// Why a release is not handed out. `stay` is the release that is admitted instead, `page` the address of the release's
/// page, if there will be one to look at.
pub(crate) fn refusal(
    decision: &Decision,
    stay: Option<&Version>,
    page: Option<String>,
    now: Time,
) -> String {
    let (name, version) = (&decision.release.name, &decision.release.version);
    let first = match decision.verdict {
        Verdict::Block => format!("the fence blocks {name} {version}, however long it waits"),
        Verdict::Hold | Verdict::Admit => {
            format!("the fence holds {name} {version}: {}", outlook::line(decision, now))
        }
    };
    let command = match stay {
        Some(stay) => format!("stay on {stay}: cargo update -p {name}@{version} --precise {stay}"),
        None => format!("see what would admit it: cargo fence why {name}@{version}"),
    };
    let more = stay.map(|_| format!("more: cargo fence why {name}@{version}"));
    let reasons = outlook::told(decision)
        .into_iter()
        .map(|reason| format!("{}: {}", reason.code, text::harmless(&words::sentence(reason))));
    fitted(vec![first, command], reasons.collect(), more, page.map(|page| format!("its page: {page}")))
}

/// Lines of which `first` and `last` are said in any case, and those between as long as there is room. `page` comes at the
/// end, where it takes the room of no more than what follows the first of those between.
fn fitted(first: Vec<String>, between: Vec<String>, last: Option<String>, page: Option<String>) -> String {
    let length = |line: &String| line.chars().count() + 1;
    let mut lines = first;
    // Nothing ends the last line.
    let mut left = (MOST_CHARACTERS + 1).saturating_sub(lines.iter().chain(&last).map(length).sum());
    let first_of_them = between.first().map_or(0, length);
    let page = page.filter(|page| length(page) + first_of_them <= left);
    left -= page.iter().map(length).sum::<usize>();
    for line in between {
        if length(&line) > left {
            break;
        }
        left -= length(&line);
        lines.push(line);
    }
    lines.extend(last.into_iter().chain(page));
    cut(&lines.join("\n"))
}

/// At most as much as cargo prints.
pub(crate) fn cut(text: &str) -> String {
    if text.chars().count() <= MOST_CHARACTERS {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(MOST_CHARACTERS - 1).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_said_as_long_as_there_is_room() {
        let lines = |n: usize| {
            fitted(
                vec!["what".into(), "do".into()],
                vec!["x".repeat(99); n],
                Some("more".into()),
                Some("page".into()),
            )
        };
        assert_eq!(lines(1), format!("what\ndo\n{}\nmore\npage", "x".repeat(99)));
        for n in 0..20 {
            assert!(lines(n).chars().count() <= MOST_CHARACTERS);
            assert!(lines(n).ends_with("\nmore\npage"));
        }
        assert_eq!(lines(4).lines().count(), 8);
        assert_eq!(lines(5).lines().count(), 8, "a fifth line would be cut");
    }

    #[test]
    fn the_page_is_named_where_a_reason_has_room_beside_it() {
        let lines = |reason: usize, page: usize| {
            fitted(vec!["what".into()], vec!["r".repeat(reason)], Some("more".into()), Some("p".repeat(page)))
        };
        // 4 + 1 + 4 + 1 + 400 + 1 + 101 = 512
        assert!(lines(400, 101).ends_with(&format!("\nmore\n{}", "p".repeat(101))));
        assert_eq!(lines(400, 101).chars().count(), MOST_CHARACTERS);
        assert!(lines(400, 102).ends_with("r\nmore"));
        assert!(lines(502, 1).ends_with("r\nmore"), "the reason comes first");
        assert!(lines(503, 1).ends_with("what\nmore"), "neither has room");
    }

    #[test]
    fn no_text_is_longer_than_what_cargo_prints() {
        assert_eq!(cut("short"), "short");
        let exact = "é".repeat(MOST_CHARACTERS);
        assert_eq!(cut(&exact), exact);
        let cut = cut(&"é".repeat(MOST_CHARACTERS + 1));
        assert_eq!((cut.chars().count(), cut.ends_with("é…")), (MOST_CHARACTERS, true));
    }
}
