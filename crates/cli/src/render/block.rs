//! One release that is not admitted, as a block of rustc's kind: what, where, why, and what to do.

use fence_model::Time;
use fence_model::decision::{Decision, Verdict};
pub(crate) use fence_model::words::help::{Help, Named, Placed};
use fence_model::words::{self, help, outlook};
use semver::Version;

use super::text;
use crate::shell::{Colour, Ink, Verbosity};

/// Where and how a block is drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    /// The lockfile, as people write its path.
    pub(crate) file: &'a str,
    /// As of when.
    pub(crate) now: Time,
    /// Whether repeats are folded.
    pub(crate) folding: Folding,
    /// Colour.
    pub(crate) colour: Colour,
    /// Width in characters.
    pub(crate) width: usize,
}

/// Whether repeats are folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Folding {
    /// Three of a kind are shown, the others counted.
    Folded,
    /// All are shown.
    Unfolded,
}

impl Folding {
    /// What `--verbose` asks for.
    pub(crate) fn of(verbosity: Verbosity) -> Self {
        if verbosity == Verbosity::Verbose { Self::Unfolded } else { Self::Folded }
    }
}

/// How many reasons of one code are shown before they are folded.
const SHOWN_OF_A_KIND: usize = 3;

/// What a block needs to know beyond the decision.
#[derive(Debug, Clone)]
pub(crate) struct Subject<'a> {
    /// The decision.
    pub(crate) decision: &'a Decision,
    /// The line of the lockfile.
    pub(crate) line: u32,
    /// The path from the project to it, itself included.
    pub(crate) path: Vec<String>,
    /// The release to stay on.
    pub(crate) stay: Option<Version>,
    /// Whether the lockfile has another release of the crate, so that commands have to say which is meant.
    pub(crate) named: Named,
    /// Whether the lockfile has it already.
    pub(crate) place: Placed,
}

/// The whole block, with a line end.
pub(crate) fn block(subject: &Subject<'_>, frame: Frame<'_>) -> String {
    picture(subject, frame.folding, frame.now).draw(frame)
}

/// What a block says, however it is drawn.
pub(crate) fn picture(subject: &Subject<'_>, folding: Folding, now: Time) -> Picture {
    let Subject { decision, line, path, .. } = subject;
    let mut facts = facts(decision, folding);
    if path.len() > 1 {
        facts.push(("through".to_owned(), path.join(" > ")));
    }
    Picture {
        ink: if decision.verdict == Verdict::Block { Ink::Bad } else { Ink::Waiting },
        label: outlook::label(decision),
        name: decision.release.name.to_string(),
        version: decision.release.version.to_string(),
        line: *line,
        told: outlook::line(decision, now),
        facts,
        helps: help::helps(decision, subject.stay.as_ref(), (subject.named, subject.place), now),
    }
}

/// The parts of a block. All of its text is fit for a terminal.
pub(crate) struct Picture {
    pub(crate) ink: Ink,
    pub(crate) label: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) line: u32,
    pub(crate) told: String,
    pub(crate) facts: Vec<(String, String)>,
    pub(crate) helps: Vec<Help>,
}

impl Picture {
    /// `held[young]: glob 0.3.4`.
    pub(crate) fn heading(&self) -> String {
        let Self { label, name, version, .. } = self;
        format!("{label}: {name} {version}")
    }

    /// Everything below the heading in lines of any length, without a drawing.
    pub(crate) fn body(&self) -> String {
        let facts = self.facts.iter().map(|(word, sentence)| format!("{word}: {sentence}"));
        let helps = self.helps.iter().map(|Help { what, commands }| {
            let commands = commands.iter().map(|command| format!("\n  {command}"));
            format!("help: {what}{}", commands.collect::<String>())
        });
        std::iter::once(self.told.clone()).chain(facts).chain(helps).collect::<Vec<_>>().join("\n")
    }

    /// The block, with a line end.
    pub(crate) fn draw(&self, frame: Frame<'_>) -> String {
        let Self { ink, label, name, version, line, told, facts, helps } = self;
        let Frame { file, colour, width, .. } = frame;
        let number = line.to_string();
        let gutter = " ".repeat(number.len());
        let [bar, arrow, equals] = ["|", "-->", "="].map(|sign| colour.paint(Ink::Place, sign));
        let source = format!("name = \"{name}\"");
        let marks = "^".repeat(source.chars().count());
        let indent = number.len() + 3;
        let told = text::wrap(told, indent + marks.len() + 1, indent, width);
        // What does not fit beside the marks goes on below, behind the bar.
        let told = told.replace(&format!("\n{}", " ".repeat(indent)), &format!("\n{gutter} {bar} "));

        let mut lines = vec![
            format!(
                "{}: {}",
                colour.paint(*ink, label),
                colour.paint(Ink::Strong, &format!("{name} {version}"))
            ),
            format!("{gutter}{arrow} {file}:{line}"),
            format!("{gutter} {bar}"),
            format!("{} {bar} {source}", colour.paint(Ink::Place, &number)),
            format!("{gutter} {bar} {} {told}", colour.paint(*ink, &marks)),
            format!("{gutter} {bar}"),
        ];
        for (word, sentence) in facts {
            let sentence = text::wrap(sentence, indent + word.len() + 2, indent + 2, width);
            lines.push(format!("{gutter} {equals} {word}: {sentence}"));
        }
        for Help { what, commands } in helps {
            let what = text::wrap(what, 6, 6, width);
            lines.push(format!("{}: {what}", colour.paint(Ink::Note, "help")));
            lines.extend(commands.iter().map(|command| format!("      {command}")));
        }
        lines.join("\n") + "\n"
    }
}

/// The reasons that stand against the release, as code and sentence.
fn facts(decision: &Decision, folding: Folding) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    for kind in outlook::told(decision).chunk_by(|a, b| a.code == b.code) {
        let shown = match folding {
            Folding::Folded => kind.len().min(SHOWN_OF_A_KIND),
            Folding::Unfolded => kind.len(),
        };
        let code = kind[0].code.as_str().to_owned();
        facts.extend(kind[..shown].iter().map(|r| (code.clone(), text::harmless(&words::sentence(r)))));
        if shown < kind.len() {
            let more =
                format!("and {} more for the same reason (`--verbose` shows them)", kind.len() - shown);
            facts.push((code, more));
        }
    }
    facts
}
