//! What is said of a reading, in the terminal and on a page alike.

use super::{Commit, FileText, Group, Reading};
use crate::diff::{Change, Comparison, FileChange};
use crate::panics::NewPanics;
use crate::report::{Blind, Unanalyzed};

impl Group {
    /// Its name, in a word or two.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Build => "Build code",
            Self::Suspect => "Look first",
            Self::Code => "Code",
            Self::Foreign => "Taken in",
            Self::Manifest => "Manifest",
            Self::Tests => "Tests",
            Self::Documents => "Documents",
            Self::Other => "Other files",
        }
    }

    /// What is in it: the end of a sentence that begins with its name.
    pub const fn says(self) -> &'static str {
        match self {
            Self::Build => "runs while dependents are built",
            Self::Suspect => "gained capabilities, or has findings",
            Self::Code => "runs in the programs that use the crate",
            Self::Foreign => "other languages, programs, and what code takes in",
            Self::Manifest => "as cargo reads it",
            Self::Tests => "examples and benchmarks, which dependents do not build",
            Self::Documents => "which no build reads",
            Self::Other => "which nothing is known to read",
        }
    }
}

impl FileText {
    /// Whether somebody who vouches for the release reads it, findings aside.
    pub fn is_to_read(&self) -> bool {
        self.group.is_to_read() && !matches!(self.file.change, Change::Removed | Change::Reformatted)
    }

    /// What became of it, and how much of it there is to read: `changed`, `12 lines to read`, `+14 -3`.
    pub fn facts(&self) -> Vec<String> {
        let mut facts = vec![self.file.told().to_owned()];
        if self.file.place.is_some() && self.is_to_read() {
            facts.push(format!("{} to read", count(self.file.lines, "line")));
        }
        facts.push(match &self.binary {
            Some(what) => what.clone(),
            None => format!("+{} -{}", self.added, self.removed),
        });
        facts
    }
}

impl FileChange {
    /// What became of it.
    pub const fn told(&self) -> &'static str {
        match self.change {
            Change::Added => "new",
            Change::Removed => "gone",
            Change::Changed => "changed",
            Change::Reformatted => "comments and formatting",
        }
    }
}

impl Reading {
    /// From where the newer was made, by its publisher's own word.
    pub fn made_from(&self) -> Option<String> {
        let short = |commit: &Commit| commit.id.chars().take(12).collect::<String>();
        let dirty = |commit: &Commit| if commit.is_dirty { ", with changes that no commit has" } else { "" };
        match &self.commits {
            (None, None) => None,
            (_, None) => Some("of no commit; the older release was".to_owned()),
            (Some(before), Some(now)) if before.id == now.id => {
                Some(format!("commit {} like the older{}, by the publisher's word", short(now), dirty(now)))
            }
            (_, Some(now)) => Some(format!("commit {}{}, by the publisher's word", short(now), dirty(now))),
        }
    }

    /// How many files changed how much.
    pub fn totals(&self) -> String {
        let to_read = self.files.iter().filter(|file| file.group.is_to_read()).count();
        let added: u64 = self.files.iter().map(|file| file.added).sum();
        let removed: u64 = self.files.iter().map(|file| file.removed).sum();
        let files = count(self.files.len() as u64, "file");
        format!("{files} changed, {to_read} to read; +{added} -{removed} lines in all")
    }
}

impl Comparison {
    /// Which known packages the newer became a copy of.
    pub fn copies(&self) -> Option<String> {
        let copied: Vec<String> =
            self.copied.iter().map(|of| format!("{} {}", of.name, of.version)).collect();
        (!copied.is_empty()).then(|| format!("much of {}, which it did not before", copied.join(", ")))
    }

    /// In how many places the newer can panic and the older could not.
    pub fn panics_more(&self) -> Option<String> {
        let NewPanics { places, from_input } = self.panics;
        let told = || format!("{}, {from_input} of them with a value from input", count(places, "new place"));
        (places > 0).then(told)
    }
}

impl Unanalyzed {
    /// What was not read: `2 files in binary form`.
    pub fn told(&self) -> String {
        match self.why {
            Blind::BuiltCode => format!("code that the build makes ({})", count(self.count, "place")),
            Blind::MacroOutput => format!("what other crates' macros make ({})", count(self.count, "call")),
            Blind::Binary => format!("{} in binary form", count(self.count, "file")),
            Blind::OtherLanguage => format!("{} in other languages", count(self.count, "file")),
            Blind::Limit => format!("what is beyond a limit ({})", count(self.count, "place")),
        }
    }
}

/// `1 line`, `2 lines`.
fn count(n: u64, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}
