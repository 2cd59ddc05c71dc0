//! The text of a change: what there is to read of each file, those that matter most first.
//!
//! Lines are compared as version control compares them; whether a change of lines has to be read is decided by tokens.
//! Where only comments or white space changed, or only what the package's own tests run, it says so, and whoever shows it
//! may fold it. In doubt a line has to be read.

mod words;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::diff::{Change, Comparison, FileChange, Hashed, compare, hashed, is_within, token_hunks};
use crate::lex::{Kind, lex};
use crate::names::{Code, Part};
use crate::package::{Magic, Package, extension, is_of_tests};
use crate::report::Place;
use crate::scan::{Scan, is_other_language};
use crate::source::UnitKind;

/// Lines around a change that are shown with it.
const AROUND: usize = 3;
/// Lines of one file; whoever reads more than this wants the file itself.
const FILE_LINES: usize = 10_000;
/// Lines of all files together.
const ALL_LINES: usize = 40_000;
/// Bytes of one line: generated and packed code has longer ones, which nobody reads.
const LINE_BYTES: usize = 1_000;

/// What kind of reading a file is, in the order of what it can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// Code that runs while dependents are built.
    Build,
    /// Code that gained capabilities, and whatever a finding is about.
    Suspect,
    /// Other code that runs in the programs that use the crate.
    Code,
    /// Code in other languages, and files that code takes in.
    Foreign,
    /// The manifest.
    Manifest,
    /// Tests, examples and benchmarks.
    Tests,
    /// What people read.
    Documents,
    /// All else.
    Other,
}

impl Group {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 8] = [
        Self::Build,
        Self::Suspect,
        Self::Code,
        Self::Foreign,
        Self::Manifest,
        Self::Tests,
        Self::Documents,
        Self::Other,
    ];

    /// Whether it may get into a build, so that a reviewer has to read it.
    pub const fn is_to_read(self) -> bool {
        matches!(self, Self::Build | Self::Suspect | Self::Code | Self::Foreign | Self::Manifest)
    }
}

/// Whether a part of a change has to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// It has.
    Read,
    /// Only what the package's own tests run changed.
    Tests,
    /// Only comments and formatting changed.
    Looks,
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It stays.
    Kept,
    /// It is gone.
    Gone,
    /// It is new.
    New,
}

/// What a piece of a line is, for those who see colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tint {
    /// Names, punctuation, white space, and whatever is in no language that is known.
    Plain,
    /// A keyword.
    Keyword,
    /// A string or character.
    Text,
    /// A number.
    Number,
    /// A comment.
    Comment,
}

/// A piece of a line: as the file has it, but for what is no UTF-8.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// What it is.
    pub tint: Tint,
    /// Whether it is what differs from the other side, in a line of which other things do not.
    pub differs: bool,
    /// Its text, without a line end.
    pub text: String,
}

/// A line of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What becomes of it.
    pub fate: Fate,
    /// Its number in the newer file, from one; in the older where it is gone.
    pub number: u32,
    /// Its text.
    pub pieces: Vec<Piece>,
    /// Bytes at its end that were left out.
    pub cut: u64,
}

/// A part of a file in which lines changed, with lines around them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hunk {
    /// Whether it has to be read.
    pub weight: Weight,
    /// The function, constant or macro in which its first change is; empty where it is in none.
    pub function: String,
    /// Its lines.
    pub lines: Vec<Line>,
}

impl Hunk {
    /// How many of its lines are new or gone.
    pub fn changed(&self) -> usize {
        self.lines.iter().filter(|line| line.fate != Fate::Kept).count()
    }
}

/// The text of a file that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileText {
    /// The file, where it runs, and how many lines of it count.
    pub file: FileChange,
    /// What kind of reading it is.
    pub group: Group,
    /// Lines that are new.
    pub added: u64,
    /// Lines that are gone.
    pub removed: u64,
    /// What it is where it is no text, with its size: `an ELF program or library, 12 bytes`.
    pub binary: Option<String>,
    /// What changed.
    pub hunks: Vec<Hunk>,
    /// Lines that were left out, of this file alone.
    pub left_out: u64,
}

/// Where a publisher says that a release was made from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// The commit's id, as it stands there.
    pub id: String,
    /// Whether files were changed that no commit has.
    pub is_dirty: bool,
}

/// A change, and its text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// What changed.
    pub comparison: Comparison,
    /// The files, by group; in a group those of which most is to be read first.
    pub files: Vec<FileText>,
    /// From which commits the older and the newer were made, by their publishers' word; none that do not say.
    pub commits: (Option<Commit>, Option<Commit>),
    /// What was not read of the newer.
    pub unanalyzed: Vec<crate::Unanalyzed>,
}

/// Compares two releases as [`compare()`](crate::compare()) does, and takes the text of all that changed.
pub fn read(old: &Scan<'_>, new: &Scan<'_>) -> Reading {
    let comparison = compare(old, new);
    let sides = Sides { old, new };
    let mut files: Vec<(Group, FileChange)> = comparison
        .files
        .iter()
        .cloned()
        .chain(sides.of_cargo())
        .map(|file| (sides.group(&file, &comparison), file))
        .collect();
    // Stable: within a group they stand as they are compared.
    files.sort_by_key(|(group, _)| *group);
    let mut left = ALL_LINES;
    let files = files
        .into_iter()
        .map(|(group, file)| {
            let text = sides.text(file, group, left.min(FILE_LINES));
            left -= text.hunks.iter().map(|hunk| hunk.lines.len()).sum::<usize>().min(left);
            text
        })
        .collect();
    let commits = (commit(old.package), commit(new.package));
    Reading { comparison, files, commits, unanalyzed: new.report.unanalyzed.clone() }
}

/// What `cargo package` writes down of the commit that it is run on. Two values of a document that cargo makes are not worth
/// a parser of JSON; what looks otherwise says nothing.
fn commit(package: &Package) -> Option<Commit> {
    let text = String::from_utf8_lossy(package.file(".cargo_vcs_info.json")?);
    let value = |key: &str| {
        let (_, rest) = text.split_once(&format!("\"{key}\""))?;
        Some(rest.trim_start().strip_prefix(':')?.trim_start())
    };
    let id = value("sha1")?.strip_prefix('"')?.split('"').next()?;
    let is_id = (20..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_dirty = value("dirty").is_some_and(|value| value.starts_with("true"));
    is_id.then(|| Commit { id: id.to_owned(), is_dirty })
}

/// Both releases.
struct Sides<'a> {
    old: &'a Scan<'a>,
    new: &'a Scan<'a>,
}

impl Sides<'_> {
    /// What a comparison leaves out: the manifest as cargo reads it, and what cargo packs beside it.
    fn of_cargo(&self) -> impl Iterator<Item = FileChange> {
        let paths = ["Cargo.toml", "Cargo.toml.orig", "Cargo.lock", ".cargo_vcs_info.json"];
        paths.into_iter().filter_map(|path| {
            let sides = [self.old, self.new].map(|side| side.package.file(path));
            let change = match sides {
                [None, None] => return None,
                [Some(before), Some(after)] if before == after => return None,
                [Some(_), Some(_)] => Change::Changed,
                [None, Some(_)] => Change::Added,
                [Some(_), None] => Change::Removed,
            };
            Some(FileChange { path: path.to_owned(), change, place: None, lines: 0 })
        })
    }

    fn group(&self, file: &FileChange, comparison: &Comparison) -> Group {
        let path = file.path.as_str();
        if file.place.is_some_and(Place::is_build) {
            return Group::Build;
        }
        if path == "Cargo.toml" {
            return Group::Manifest;
        }
        let gains = comparison.uses.iter().any(|of| of.span.file == path && of.place != Place::Tests)
            || comparison
                .findings
                .iter()
                .any(|finding| finding.file == path && finding.place != Place::Tests);
        match file.place {
            _ if gains => Group::Suspect,
            Some(Place::Tests) => Group::Tests,
            Some(_) => Group::Code,
            None if matches!(path, "Cargo.toml.orig" | "Cargo.lock" | ".cargo_vcs_info.json") => Group::Other,
            None if is_of_people(path) => Group::Documents,
            None if self.takes_in(path) => Group::Foreign,
            None if is_of_tests(path) => Group::Tests,
            None if is_other_language(path) || self.is_program(path) => Group::Foreign,
            None => Group::Other,
        }
    }

    /// Whether code that is no test takes in a file of that name.
    fn takes_in(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        [self.old, self.new].into_iter().flat_map(|side| &side.code.parts).any(|part| {
            let source = &part.source;
            part.places.gravest() != Place::Tests
                && source.includes.iter().any(|include| {
                    include.path.ends_with(name) && !source.units[include.unit as usize].is_test
                })
        })
    }

    fn is_program(&self, path: &str) -> bool {
        let is_program = |bytes: &[u8]| Magic::is_linked_or_run(bytes) || Magic::of(bytes) == Magic::Script;
        [self.old, self.new].iter().filter_map(|side| side.package.file(path)).any(is_program)
    }

    /// The text of a file, no more than `most` lines of it.
    fn text(&self, file: FileChange, group: Group, most: usize) -> FileText {
        let [before, after] =
            [self.old, self.new].map(|side| side.package.file(&file.path).unwrap_or_default());
        let shown = if after.is_empty() { before } else { after };
        let is_text = |bytes: &[u8]| {
            bytes.is_empty()
                || file.place.is_some()
                || matches!(Magic::of(bytes), Magic::Text | Magic::Script)
        };
        if !is_text(before) || !is_text(after) {
            let binary = Some(format!("{}, {} bytes", Magic::of(shown).name(), shown.len()));
            return FileText { file, group, added: 0, removed: 0, binary, hunks: Vec::new(), left_out: 0 };
        }
        let old = Text::read(before, &file.path, &self.old.code);
        let new = Text::read(after, &file.path, &self.new.code);
        let difference = Difference::of(&old, &new);
        let count = |range: fn(&Changed) -> &Range<usize>| {
            difference.changes.iter().map(|change| range(change).len() as u64).sum()
        };
        let (added, removed) = (count(|change| &change.after), count(|change| &change.before));
        let (hunks, left_out) = difference.hunks(&old, &new, most);
        FileText { file, group, added, removed, binary: None, hunks, left_out }
    }
}

/// Whether people read it, and no build does.
fn is_of_people(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_named = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "README", "CHANGELOG", "AUTHORS"]
        .iter()
        .any(|known| name.to_ascii_uppercase().starts_with(known));
    is_named
        || matches!(
            extension(path).to_ascii_lowercase().as_str(),
            "md" | "rst" | "adoc" | "html" | "png" | "jpg" | "jpeg" | "gif" | "svg" | "webp" | "ico" | "pdf"
        )
}

/// A file of one side.
struct Text<'a> {
    bytes: &'a [u8],
    /// Each with its end.
    lines: Vec<Range<usize>>,
    /// What tells comments from code; none of what is in no language that is known.
    tokens: Vec<(Range<usize>, Tint)>,
    /// Of Rust: what is compared.
    words: Option<Vec<Hashed>>,
    /// Where its tests are.
    tests: Vec<Range<u32>>,
    /// The names of its functions with where they are.
    functions: Vec<(Range<usize>, String)>,
}

impl<'a> Text<'a> {
    fn read(bytes: &'a [u8], path: &str, code: &Code<'_>) -> Self {
        let part = code.parts.iter().find(|part| part.path == path);
        let is_code = part.is_some() || extension(path) == "rs";
        let mut start = 0;
        let ends = memchr::memchr_iter(b'\n', bytes).map(|at| at + 1).chain([bytes.len()]);
        let lines = ends.map(|end| std::mem::replace(&mut start, end)..end).filter(|line| !line.is_empty());
        Self {
            bytes,
            lines: lines.collect(),
            tokens: if is_code || is_other_language(path) { tinted(bytes) } else { Vec::new() },
            words: is_code.then(|| hashed(bytes)),
            tests: part.map(|part| part.source.tests()).unwrap_or_default(),
            functions: part.map(|part| functions(part, code)).unwrap_or_default(),
        }
    }

    /// The bytes of some lines.
    fn span(&self, lines: &Range<usize>) -> Range<usize> {
        let start = self.lines.get(lines.start).map_or(self.bytes.len(), |line| line.start);
        let end = if lines.is_empty() { start } else { self.lines[lines.end - 1].end };
        start..end
    }

    /// The words that lie in some lines, if only in part.
    fn words_in(&self, lines: &Range<usize>) -> &[Hashed] {
        let Some(words) = &self.words else { return &[] };
        let span = self.span(lines);
        let begin = words.partition_point(|word| word.end as usize <= span.start);
        let end = words.partition_point(|word| (word.start as usize) < span.end);
        &words[begin..end.max(begin)]
    }

    /// The words that lie in some lines with all that they are.
    fn words_within(&self, lines: &Range<usize>) -> &[Hashed] {
        let span = self.span(lines);
        let mut words = self.words_in(lines);
        while let [word, rest @ ..] = words
            && (word.start as usize) < span.start
        {
            words = rest;
        }
        while let [rest @ .., word] = words
            && word.end as usize > span.end
        {
            words = rest;
        }
        words
    }

    /// The innermost function, constant or macro at a line.
    fn function(&self, line: usize) -> String {
        let Some(line) = self.lines.get(line) else { return String::new() };
        let around =
            self.functions.iter().filter(|(range, _)| range.start < line.end && line.end <= range.end);
        around.max_by_key(|(range, _)| range.start).map(|(_, name)| name.clone()).unwrap_or_default()
    }
}

fn functions(part: &Part<'_>, code: &Code<'_>) -> Vec<(Range<usize>, String)> {
    let units = part.source.units.iter().enumerate().filter(|(_, unit)| unit.kind != UnitKind::File);
    units
        .map(|(at, unit)| {
            let name = code.function_name(part.first_unit + at as u32);
            (unit.start as usize..unit.end.max(unit.start) as usize, name)
        })
        .collect()
}

/// What each part of a source is; parts that are plain are left out.
fn tinted(bytes: &[u8]) -> Vec<(Range<usize>, Tint)> {
    let mut tokens = Vec::new();
    lex(bytes, &mut tokens);
    let mut tinted = Vec::new();
    let mut at = 0;
    let ends = tokens.iter().map(|token| (token.start as usize..token.end as usize, Some(token)));
    for (range, token) in ends.chain([(bytes.len()..bytes.len(), None)]) {
        let gap = &bytes[at..range.start];
        let blanks = gap.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        if gap[blanks..].starts_with(b"//") || gap[blanks..].starts_with(b"/*") || gap.starts_with(b"#!") {
            tinted.push((at + blanks..range.start, Tint::Comment));
        }
        at = range.end;
        let tint = match token.map(|token| token.kind) {
            Some(Kind::Ident) if is_keyword(&bytes[range.clone()]) => Tint::Keyword,
            Some(Kind::Text | Kind::RawText | Kind::Bytes | Kind::RawBytes | Kind::Char | Kind::Byte) => {
                Tint::Text
            }
            Some(Kind::Number) => Tint::Number,
            _ => continue,
        };
        tinted.push((range, tint));
    }
    tinted
}

/// The Rust reference's strict keywords, and those that are keywords where they matter.
fn is_keyword(word: &[u8]) -> bool {
    const WORDS: [&[u8]; 39] = [
        b"as",
        b"async",
        b"await",
        b"break",
        b"const",
        b"continue",
        b"crate",
        b"dyn",
        b"else",
        b"enum",
        b"extern",
        b"false",
        b"fn",
        b"for",
        b"if",
        b"impl",
        b"in",
        b"let",
        b"loop",
        b"match",
        b"mod",
        b"move",
        b"mut",
        b"pub",
        b"ref",
        b"return",
        b"self",
        b"Self",
        b"static",
        b"struct",
        b"super",
        b"trait",
        b"true",
        b"type",
        b"union",
        b"unsafe",
        b"use",
        b"where",
        b"while",
    ];
    WORDS.contains(&word)
}

/// Lines that differ.
struct Changed {
    before: Range<usize>,
    after: Range<usize>,
    weight: Weight,
}

/// In what two texts differ.
struct Difference {
    changes: Vec<Changed>,
    /// Where the words begin that the older has and the newer has not, sorted.
    gone: Vec<u32>,
    /// Where those begin that the newer has and the older has not.
    came: Vec<u32>,
}

impl Difference {
    fn of(old: &Text<'_>, new: &Text<'_>) -> Self {
        let mut input = imara_diff::InternedInput::default();
        input.update_before(old.lines.iter().map(|line| &old.bytes[line.clone()]));
        input.update_after(new.lines.iter().map(|line| &new.bytes[line.clone()]));
        let mut diff = imara_diff::Diff::compute(imara_diff::Algorithm::Histogram, &input);
        diff.postprocess_lines(&input);
        let range = |range: Range<u32>| range.start as usize..range.end as usize;
        let changed = |hunk: imara_diff::Hunk| Changed {
            before: range(hunk.before),
            after: range(hunk.after),
            weight: Weight::Read,
        };
        let mut difference =
            Self { changes: diff.hunks().map(changed).collect(), gone: Vec::new(), came: Vec::new() };
        if let (Some(was), Some(is)) = (&old.words, &new.words) {
            for (gone, came) in token_hunks(was, is) {
                difference.gone.extend(was[gone].iter().map(|word| word.start));
                difference.came.extend(is[came].iter().map(|word| word.start));
            }
            difference.weigh(old, new);
        }
        difference
    }

    /// Says of each change of a source whether it has to be read.
    fn weigh(&mut self, old: &Text<'_>, new: &Text<'_>) {
        let same = |was: &[Hashed], is: &[Hashed]| {
            was.iter().map(|word| word.hash).eq(is.iter().map(|word| word.hash))
        };
        let (mut before, mut after) = (0, 0);
        let mut is_even = true;
        for change in &mut self.changes {
            let (was, is) = (old.words_in(&change.before), new.words_in(&change.after));
            let in_tests = was.iter().all(|word| is_within(word.start, &old.tests))
                && is.iter().all(|word| is_within(word.start, &new.tests));
            change.weight = match () {
                () if same(was, is) => Weight::Looks,
                () if in_tests => Weight::Tests,
                () => Weight::Read,
            };
            let kept = (before..change.before.start, after..change.after.start);
            is_even &= same(old.words_within(&kept.0), new.words_within(&kept.1));
            (before, after) = (change.before.end, change.after.end);
        }
        is_even &=
            same(old.words_within(&(before..old.lines.len())), new.words_within(&(after..new.lines.len())));
        // Code can change where no line does: what opens a comment hides what follows it. Then nothing is mere looks.
        if !is_even {
            for change in &mut self.changes {
                change.weight = Weight::Read;
            }
        }
    }

    /// Changes with the lines around them, those that lie near each other together; and how many lines were left out
    /// beyond `most`.
    fn hunks(&self, old: &Text<'_>, new: &Text<'_>, most: usize) -> (Vec<Hunk>, u64) {
        let mut hunks = Vec::new();
        let mut room = most;
        let mut left_out = 0;
        let mut rest = self.changes.as_slice();
        while let Some(first) = rest.first() {
            let are_near = |two: &&[Changed]| two[1].after.start - two[0].after.end <= 2 * AROUND;
            let near = 1 + rest.windows(2).take_while(are_near).count();
            let (now, later) = rest.split_at(near);
            rest = later;
            let mut plan = Vec::new();
            let mut at = first.after.start.saturating_sub(AROUND);
            for change in now {
                plan.extend((at..change.after.start).map(|line| (Fate::Kept, line)));
                plan.extend(change.before.clone().map(|line| (Fate::Gone, line)));
                plan.extend(change.after.clone().map(|line| (Fate::New, line)));
                at = change.after.end;
            }
            plan.extend((at..(at + AROUND).min(new.lines.len())).map(|line| (Fate::Kept, line)));
            left_out += plan.len().saturating_sub(room) as u64;
            plan.truncate(room);
            room -= plan.len();
            if plan.is_empty() {
                continue;
            }
            let lines = plan.into_iter().map(|(fate, line)| match fate {
                Fate::Gone => old.line(line, fate, &self.gone),
                Fate::Kept | Fate::New => new.line(line, fate, &self.came),
            });
            let chief = now.iter().min_by_key(|change| change.weight).unwrap_or(first);
            let function = match chief.after.is_empty() {
                true => old.function(chief.before.start),
                false => new.function(chief.after.start),
            };
            hunks.push(Hunk { weight: chief.weight, function, lines: lines.collect() });
        }
        (hunks, left_out)
    }
}

impl Text<'_> {
    /// A line in pieces.
    fn line(&self, at: usize, fate: Fate, differs: &[u32]) -> Line {
        let whole = self.lines[at].clone();
        let text = &self.bytes[whole.clone()];
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let shown = floor(text, LINE_BYTES);
        let range = whole.start..whole.start + shown;
        let mut pieces: Vec<Piece> = Vec::new();
        let mut add = |part: Range<usize>, tint: Tint, differs: bool| {
            let part = part.start.max(range.start)..part.end.min(range.end);
            if part.is_empty() {
                return;
            }
            let text = String::from_utf8_lossy(&self.bytes[part]);
            match pieces.last_mut() {
                Some(last) if last.tint == tint && last.differs == differs => last.text.push_str(&text),
                _ => pieces.push(Piece { tint, differs, text: text.into_owned() }),
            }
        };
        // What differs is marked only where something does not.
        let words = self.words_in(&(at..at + 1));
        let is_marked = |word: &Hashed| differs.binary_search(&word.start).is_ok();
        let marks = fate != Fate::Kept && words.iter().any(is_marked) && !words.iter().all(is_marked);
        let mut places = vec![range.start, range.end];
        let first = self.tokens.partition_point(|(token, _)| token.end <= range.start);
        let tokens = self.tokens[first..].iter().take_while(|(token, _)| token.start < range.end);
        let tokens: Vec<_> = tokens.collect();
        places.extend(tokens.iter().flat_map(|(token, _)| [token.start, token.end]));
        if marks {
            places.extend(words.iter().flat_map(|word| [word.start as usize, word.end as usize]));
        }
        places.retain(|place| range.contains(place) || *place == range.end);
        places.sort_unstable();
        places.dedup();
        for two in places.windows(2) {
            let part = two[0]..two[1];
            let holds = |of: &Range<usize>| of.start <= part.start && part.end <= of.end;
            let tint = tokens.iter().find(|(token, _)| holds(token)).map_or(Tint::Plain, |(_, tint)| *tint);
            let differs = marks
                && words
                    .iter()
                    .any(|word| is_marked(word) && holds(&(word.start as usize..word.end as usize)));
            add(part, tint, differs);
        }
        Line { fate, number: at as u32 + 1, pieces, cut: (text.len() - shown) as u64 }
    }
}

/// At most `most` bytes, and no part of a character.
fn floor(text: &[u8], most: usize) -> usize {
    if text.len() <= most {
        return text.len();
    }
    (most.saturating_sub(3)..=most).rev().find(|at| text[*at] & 0xc0 != 0x80).unwrap_or(most)
}

#[cfg(test)]
mod tests;
