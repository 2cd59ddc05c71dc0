//! A check for GitHub's workflows: annotations, which are commands on stdout, and a job summary in Markdown.
//!
//! Both are languages, and what is told in them was in part chosen by strangers: names of git repositories, titles
//! of advisories. So every text goes through [`data`] and [`property`] in the one, and through [`plain`] in the
//! other.

use super::Checked;
use super::block::Folding;
use super::findings::{self, Finding, Remark, Root, Weight};
use super::human;
use super::markdown::{self, plain, row};
use crate::error::{CliError, Complaint};

/// How many rows a job summary has at most: GitHub takes no more than a mebibyte, and nobody reads so many.
const ROWS_OF_A_SUMMARY: usize = 200;

/// A command per finding and remark.
pub(crate) fn annotations(checked: &Checked<'_>, root: &Root, folding: Folding) -> String {
    let file = root.place(&checked.project.lockfile);
    let mut commands = String::new();
    for Finding { weight, picture, .. } in findings::all(checked, folding) {
        let place = place(&file, picture.line);
        commands += &command(weight, &place, &picture.heading(), &picture.body());
    }
    for Remark { weight, text } in findings::remarks(checked) {
        commands += &command(weight, "", "cargo fence", &text);
    }
    commands
}

/// The commands of a check that came to nothing.
pub(crate) fn undecided(error: &CliError, root: &Root) -> String {
    let place = error.at.as_ref().map(|(file, line)| place(&root.place(file), line));
    let mut commands = command(
        Weight::Error,
        &place.unwrap_or_default(),
        "cargo fence could not decide",
        &hinted(&error.message, &error.hints),
    );
    for Complaint { file, place, message, help } in &error.places {
        let place = format!("{},col={}", self::place(&root.place(file), place.line), place.column);
        commands += &command(Weight::Error, &place, &error.message, &hinted(message, help.as_slice()));
    }
    commands
}

fn hinted(message: &str, hints: &[String]) -> String {
    hints.iter().fold(message.to_owned(), |text, hint| text + "\nhint: " + hint)
}

/// The properties that say where.
fn place(file: &str, line: impl std::fmt::Display) -> String {
    format!("file={},line={line}", property(file))
}

fn command(weight: Weight, place: &str, title: &str, message: &str) -> String {
    let word = match weight {
        Weight::Error => "error",
        Weight::Warning => "warning",
        Weight::Note => "notice",
    };
    let comma = if place.is_empty() { "" } else { "," };
    format!("::{word} {place}{comma}title={}::{}\n", property(title), data(message))
}

/// The text of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// The summary of a job: what it comes to, and a row for all that fails the check or should be looked at.
pub(crate) fn summary(checked: &Checked<'_>, folding: Folding) -> String {
    let verdict = markdown::verdict(checked.outcome);
    let counts = human::counts(checked);
    let mut text = format!("## cargo fence: {verdict}\n\n{} at level {}\n", plain(&counts), checked.levels);
    let mut findings = findings::all(checked, folding);
    findings.retain(|finding| finding.weight != Weight::Note);
    if !findings.is_empty() {
        text += "\n| release | why | what to do |\n|---|---|---|\n";
    }
    text.extend(findings.iter().take(ROWS_OF_A_SUMMARY).map(|finding| row(&finding.picture)));
    let more = findings.len().saturating_sub(ROWS_OF_A_SUMMARY);
    if more > 0 {
        text += &format!("\nand {more} more, as `cargo fence check` shows them\n");
    }
    let remarks = findings::remarks(checked);
    if !remarks.is_empty() {
        text += "\n";
    }
    text.extend(remarks.iter().map(|remark| format!("* {}\n", plain(&remark.text))));
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_text_is_no_command() {
        let line = command(
            Weight::Error,
            "file=Cargo.lock,line=1",
            "a,b::c%",
            "100 %\n::stop-commands::x\r\n::error::y",
        );
        assert_eq!(
            line,
            "::error file=Cargo.lock,line=1,title=a%2Cb%3A%3Ac%25::100 %25%0A::stop-commands::x%0D%0A::error::y\n"
        );
        assert_eq!(command(Weight::Note, "", "t", "m"), "::notice title=t::m\n");
    }
}
