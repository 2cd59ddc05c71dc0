//! Markdown: a job's summary and a comment on a change are written in it.
//!
//! What is told was in part chosen by strangers, so every text goes through [`plain`].

use super::block::{Help, Picture};
use crate::commands::Outcome;
use crate::error::CliError;

/// What a check comes to.
pub(crate) const fn verdict(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "the policy is met",
        Outcome::Fail => "the policy says no",
        Outcome::Undecided => "could not decide",
    }
}

/// A row of a table of releases: which, why, and what to do.
pub(crate) fn row(Picture { label, name, version, told, facts, helps, .. }: &Picture) -> String {
    let facts = facts.iter().map(|(word, sentence)| format!("<br>{}: {}", plain(word), plain(sentence)));
    let why = format!("**{}** {}{}", plain(label), plain(told), facts.collect::<String>());
    let help = |Help { what, commands }: &Help| {
        let commands = commands.iter().map(|command| format!("<br>{}", code(command)));
        plain(what) + &commands.collect::<String>()
    };
    let helps: Vec<String> = helps.iter().map(help).collect();
    format!("| {} {} | {why} | {} |\n", plain(name), plain(version), helps.join("<br>"))
}

/// What there is to say of a check that came to nothing.
pub(crate) fn undecided(error: &CliError) -> String {
    let places =
        error.places.iter().flat_map(|complaint| std::iter::once(&complaint.message).chain(&complaint.help));
    let lines = std::iter::once(&error.message).chain(places).chain(&error.hints);
    let lines: Vec<String> = lines.map(|line| plain(line)).collect();
    format!("## cargo fence: could not decide\n\n{}\n\n", lines.join("<br>"))
}

/// Text that Markdown shows as it is: no link, no tag, no new cell, no new line. Nor does GitHub, which looks for
/// `@somebody` and `#1` in what is shown, find any: nobody is called, and nothing refers to anything.
pub(crate) fn plain(text: &str) -> String {
    escaped(text).replace(r"\@", r"\@&#8203;").replace(r"\#", r"\#&#8203;")
}

/// A command, to be copied as it is.
pub(crate) fn code(command: &str) -> String {
    format!("<code>{}</code>", escaped(command))
}

/// Any punctuation may be escaped (CommonMark 0.31.2, 2.4); what begins nothing inside a line is left alone.
fn escaped(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars() {
        match c {
            '\n' | '\r' => shown += "<br>",
            '-' | ',' | '"' | '=' => shown.push(c),
            c if c.is_ascii_punctuation() => shown.extend(['\\', c]),
            c => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_copied_as_it_was() {
        assert_eq!(code("cargo fence why a@1.0.0"), r"<code>cargo fence why a\@1\.0\.0</code>");
    }

    #[test]
    fn a_strangers_text_is_no_markup() {
        let check = |text, expected| assert_eq!(plain(text), expected);
        check("<img src=x>", r"\<img src=x\>");
        check("[a](https://b.example)", r"\[a\]\(https\:\/\/b\.example\)");
        check("a | b\\| c", r"a \| b\\\| c");
        check("one\n\n# two `x` **y** @you", r"one<br><br>\#&#8203; two \`x\` \*\*y\*\* \@&#8203;you");
        check(r"\@a\\#1", r"\\\@&#8203;a\\\\\#&#8203;1");
        check("arrayref 0.3.10, \"é\" = a-b", r#"arrayref 0\.3\.10, "é" = a-b"#);
    }
}
