//! A review as people read it: what is known of a release, what is found in its change, and the change itself, what
//! matters most first.
//!
//! The page is lines with our own colours in them; every byte of the package was made visible before. It consists of
//! blocks, each with a heading that always stays and lines that can be folded away, so that the same page is printed or
//! paged through.

use fence_client::source::Record;
use fence_model::Time;
use fence_model::decision::{Decision, Need, Verdict};
use fence_model::words::{self, help, outlook, story};
use fence_scan::panics::PanicsChange;
use fence_scan::reading::{Fate, FileText, Group, Hunk, Line, Reading, Tint, Weight};
use fence_scan::{Finding, Place, Severity, Use};
use semver::Version;

use super::scan;
use super::text::{self, count, harmless, visible};
use crate::shell::{Colour, Ink, Shell};

/// All that is reviewed.
pub(crate) struct Review<'a> {
    /// What the reader calls the package.
    pub(crate) asked: &'a str,
    /// The change.
    pub(crate) reading: &'a Reading,
    /// Where it can panic and the other could not, where somebody asked.
    pub(crate) panics: Option<&'a PanicsChange>,
    /// How it compares with its repository, where somebody looked.
    pub(crate) source: Option<Record>,
    /// What the change is compared with, and why: `1.0.0, which Cargo.lock has`.
    pub(crate) base: String,
    /// The version of that, where it is a release of the same crate.
    pub(crate) base_version: Option<Version>,
    /// When the release was published, where somebody says so.
    pub(crate) published: Option<Time>,
    /// The fence's decision, where a project is at hand.
    pub(crate) decision: Option<&'a Decision>,
    /// Why there is none, where that needs to be said.
    pub(crate) undecided: Option<String>,
    /// Findings from this severity on are shown.
    pub(crate) least: Severity,
    /// Whether everything is unfolded.
    pub(crate) all: bool,
    /// As of when.
    pub(crate) now: Time,
}

/// A part of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// What it is about.
    pub(crate) kind: Kind,
    /// Lines that always stay.
    pub(crate) head: Vec<Row>,
    /// Lines that can be folded away.
    pub(crate) body: Vec<Row>,
    /// Whether they are.
    pub(crate) is_folded: bool,
}

/// What a block is about. A file's block holds those of its hunks: they fold with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The page itself.
    Page,
    /// A file.
    File,
    /// A part of a file.
    Hunk,
}

/// A line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Row {
    /// Its text, with our own colours.
    pub(crate) text: String,
    /// Blanks with which its other lines begin where it is too long for one.
    #[cfg_attr(not(unix), allow(dead_code, reason = "a pager folds lines, and what prints does not"))]
    pub(crate) indent: usize,
    /// Whether somebody who goes from finding to finding stops here.
    pub(crate) is_finding: bool,
}

/// A page, to be printed or paged through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    /// What it is about: `arrayref 0.3.9 -> 0.3.10`.
    pub(crate) title: String,
    /// Its parts.
    pub(crate) blocks: Vec<Block>,
}

/// Blanks before a line of source, its number and sign included.
const GUTTER: usize = 8;

/// The page of a review.
pub(crate) fn page(review: &Review<'_>, shell: &Shell) -> Page {
    let comparison = &review.reading.comparison;
    let title = harmless(&comparison.title());
    let mut blocks = vec![header(review, &title, shell)];
    let shown: Vec<&Finding> =
        comparison.findings.iter().filter(|finding| finding.severity >= review.least).collect();
    for finding in &shown {
        let mut rows = rows(&format!("\n{}", scan::one(finding, shell)));
        // Where the line is shown below, one stops there.
        rows[1].is_finding = !review.reading.files.iter().any(|file| shows(file, finding));
        blocks.push(Block { kind: Kind::Page, head: rows, body: Vec::new(), is_folded: false });
    }
    if let Some(change) = review.panics {
        let text = format!("\n{}", super::panics::change(change, shell));
        blocks.push(Block { kind: Kind::Page, head: rows(&text), body: Vec::new(), is_folded: false });
    }
    for group in Group::ALL {
        let of_group = review.reading.files.iter().filter(|file| file.group == group);
        for (at, file) in of_group.enumerate() {
            if at == 0 {
                let name = shell.colour.paint(Ink::Note, &format!("{:>12}", group.name()));
                let head = rows(&format!("\n{name} {}\n", group.says()));
                blocks.push(Block { kind: Kind::Page, head, body: Vec::new(), is_folded: false });
            }
            let gained: Vec<&Use> = comparison
                .uses
                .iter()
                .filter(|of| of.place != Place::Tests && of.span.file == file.file.path)
                .collect();
            blocks.extend(file_blocks(file, &shown, &gained, review.all, shell));
        }
    }
    blocks.push(footer(review, shell));
    Page { title, blocks }
}

/// The page as text; what is folded is named and counted.
pub(crate) fn print(page: &Page) -> String {
    let mut text = String::new();
    for row in visible_rows(&page.blocks) {
        // An empty line of source is one.
        text += row.1.text.trim_end();
        text.push('\n');
    }
    text
}

/// The rows that are not folded away, each with its block's number. A block of which something is folded says so.
pub(crate) fn visible_rows(blocks: &[Block]) -> impl Iterator<Item = (usize, Row)> + '_ {
    let mut is_hidden = false;
    blocks.iter().enumerate().flat_map(move |(at, block)| {
        if block.kind != Kind::Hunk {
            is_hidden = block.kind == Kind::File && block.is_folded;
        }
        let is_shown = !is_hidden || block.kind != Kind::Hunk;
        let mut rows = if is_shown { block.head.clone() } else { Vec::new() };
        if let Some(last) = rows.last_mut().filter(|_| block.is_folded && has_more(blocks, at)) {
            last.text += ", folded";
        }
        rows.extend(block.body.iter().filter(|_| is_shown && !block.is_folded).cloned());
        rows.into_iter().map(move |row| (at, row))
    })
}

/// Whether there is something in a block that can be folded.
pub(crate) fn has_more(blocks: &[Block], at: usize) -> bool {
    !blocks[at].body.is_empty()
        || (blocks[at].kind == Kind::File && blocks.get(at + 1).is_some_and(|next| next.kind == Kind::Hunk))
}

fn rows(text: &str) -> Vec<Row> {
    text.lines().map(|line| Row { text: line.to_owned(), ..Row::default() }).collect()
}

/// What is known of the release, and of the change as a whole.
fn header(review: &Review<'_>, title: &str, shell: &Shell) -> Block {
    let Review { reading, now, .. } = review;
    let mut text = scan::head(title, shell);
    let mut row = |name: &str, value: &str| text += &scan::line(name, value, shell);
    if let Some(at) = review.published {
        row(
            "Published",
            &format!("on {}, {}; the index does not say by whom", at.date(), text::ago(at, *now)),
        );
    }
    row("Compared", &format!("with {}", review.base));
    if let Some(source) = reading.made_from() {
        row("Source", &source);
    }
    for told in review.source.iter().flat_map(Record::told) {
        row("", &told.words);
    }
    if let Some(decision) = review.decision {
        let verdict = story::verdict(decision);
        row("Verdict", &format!("{verdict}, level {}: {}", decision.level, outlook::line(decision, *now)));
        for reason in outlook::told(decision) {
            let told = format!("{}: {}", reason.code, harmless(&words::sentence(reason)));
            text += &format!("{:13}{}\n", "", text::wrap(&told, 13, 15, shell.width));
        }
    }
    if let Some(why) = &review.undecided {
        text += &scan::line("Verdict", why, shell);
    }
    text += &scan::gains(&reading.comparison, shell);
    text += &scan::line("Files", &reading.totals(), shell);
    text += &scan::unanalyzed(&reading.unanalyzed, shell);
    let findings = &reading.comparison.findings;
    text += &scan::counts(findings, review.least, "of the change", shell);
    Block { kind: Kind::Page, head: rows(&text), body: Vec::new(), is_folded: false }
}

/// The blocks of a file: its own, and one for each hunk.
fn file_blocks(
    file: &FileText,
    findings: &[&Finding],
    gained: &[&Use],
    all: bool,
    shell: &Shell,
) -> Vec<Block> {
    let colour = shell.colour;
    let of_file = findings.iter().filter(|finding| finding.file == file.file.path).count();
    let is_folded = !all && !file.is_to_read() && of_file == 0;
    let mut facts = file.facts();
    if of_file > 0 {
        facts.push(count(of_file, "finding"));
    }
    let name = colour.paint(Ink::Strong, &visible(&file.file.path));
    let head = Row { text: format!("{name}  {}", facts.join(", ")), indent: 4, ..Row::default() };
    let mut head = if is_folded { vec![head] } else { vec![Row::default(), head] };
    if !gained.is_empty() && !is_folded {
        head.push(Row { text: gains(gained, shell), indent: 6, ..Row::default() });
    }
    let mut blocks = vec![Block { kind: Kind::File, head, body: Vec::new(), is_folded }];
    blocks.extend(file.hunks.iter().map(|hunk| hunk_block(hunk, file, findings, all, shell)));
    if file.left_out > 0 {
        let told = format!("{:GUTTER$}… and {} more lines, which are left out here", "", file.left_out);
        let head = vec![Row { text: colour.paint(Ink::Waiting, &told), indent: GUTTER, ..Row::default() }];
        blocks.push(Block { kind: Kind::Hunk, head, body: Vec::new(), is_folded: false });
    }
    blocks
}

/// Which functions of a file can do something that no function of their names could.
fn gains(gained: &[&Use], shell: &Shell) -> String {
    const SHOWN: usize = 6;
    let one = |of: &&Use| {
        let function = if of.function.is_empty() { "outside of functions" } else { &of.function };
        format!("{} in {} (line {})", of.capability, harmless(function), of.span.line)
    };
    let mut told: Vec<String> = gained.iter().take(SHOWN).map(one).collect();
    if gained.len() > SHOWN {
        told.push(format!("and {} more", gained.len() - SHOWN));
    }
    shell.colour.paint(Ink::Waiting, &format!("    new: {}", told.join(", ")))
}

fn hunk_block(hunk: &Hunk, file: &FileText, findings: &[&Finding], all: bool, shell: &Shell) -> Block {
    let colour = shell.colour;
    let is_here = |finding: &&&Finding| shows_in(hunk, file, finding);
    let is_folded = !all && hunk.weight != Weight::Read && !findings.iter().any(|finding| is_here(&finding));
    // In the newer file, where one has it open; in the older where nothing came.
    let first = |fate| hunk.lines.iter().find(|line| line.fate == fate);
    let line = first(Fate::New).or_else(|| first(Fate::Gone)).map_or(0, |line| line.number);
    let mut told = format!("line {line}");
    if !hunk.function.is_empty() {
        told += &format!(" in {}", visible(&hunk.function));
    }
    match hunk.weight {
        Weight::Read => {}
        Weight::Tests => told += &format!(": {} of tests", count(hunk.changed(), "changed line")),
        Weight::Looks => {
            told += &format!(": {} of comments or formatting", count(hunk.changed(), "changed line"));
        }
    }
    let head =
        Row { text: colour.paint(Ink::Place, &format!("   ... {told}")), indent: GUTTER, ..Row::default() };
    let mut body = Vec::new();
    for line in &hunk.lines {
        body.push(source_row(line, colour));
        if line.fate == Fate::Gone {
            continue;
        }
        let on_line = |finding: &&&Finding| finding.file == file.file.path && finding.line == line.number;
        body.extend(findings.iter().filter(on_line).flat_map(|finding| mark(finding, line, shell)));
    }
    Block { kind: Kind::Hunk, head: vec![head], body, is_folded }
}

/// Whether the text of a file shows the line of a finding.
fn shows(file: &FileText, finding: &Finding) -> bool {
    file.hunks.iter().any(|hunk| shows_in(hunk, file, finding))
}

fn shows_in(hunk: &Hunk, file: &FileText, finding: &Finding) -> bool {
    let is_line = |line: &Line| line.fate != Fate::Gone && line.number == finding.line;
    finding.file == file.file.path && hunk.lines.iter().any(is_line)
}

/// A line of source with its number and sign.
fn source_row(line: &Line, colour: Colour) -> Row {
    let (sign, ink) = match line.fate {
        Fate::Kept => (' ', None),
        Fate::New => ('+', Some(Ink::Added)),
        Fate::Gone => ('-', Some(Ink::Gone)),
    };
    // Neighbours that look the same are painted at once.
    let mut runs: Vec<(Option<Ink>, bool, String)> =
        vec![(ink, false, format!("{:>5} {sign} ", line.number))];
    for piece in &line.pieces {
        let ink = match (line.fate, piece.tint) {
            // What is gone is to be recognised, not read.
            (Fate::Gone, _) => Some(Ink::Gone),
            (_, Tint::Plain) => None,
            (_, Tint::Keyword) => Some(Ink::Keyword),
            (_, Tint::Text) => Some(Ink::Text),
            (_, Tint::Number) => Some(Ink::Number),
            (_, Tint::Comment) => Some(Ink::Comment),
        };
        match runs.last_mut() {
            Some(last) if (last.0, last.1) == (ink, piece.differs) => last.2.push_str(&visible(&piece.text)),
            _ => runs.push((ink, piece.differs, visible(&piece.text))),
        }
    }
    let paint = |(ink, differs, text): &(Option<Ink>, bool, String)| match (differs, ink) {
        (true, ink) => colour.underline(*ink, text),
        (false, Some(ink)) => colour.paint(*ink, text),
        (false, None) => text.clone(),
    };
    let mut text: String = runs.iter().map(paint).collect();
    if line.cut > 0 {
        let cut = format!(" … and {} more bytes of this line", line.cut);
        text += &colour.paint(Ink::Waiting, &cut);
    }
    Row { text, indent: GUTTER, is_finding: false }
}

/// What is found in a line, below it.
fn mark(finding: &Finding, line: &Line, shell: &Shell) -> Vec<Row> {
    let whole: String = line.pieces.iter().map(|piece| piece.text.as_str()).collect();
    let width = |from: usize, to: usize| {
        let bytes = whole.as_bytes();
        let part = &bytes[from.min(bytes.len())..to.min(bytes.len())];
        visible(&String::from_utf8_lossy(part)).chars().map(text::columns).sum::<usize>()
    };
    let from = (finding.column as usize).saturating_sub(1);
    // A line that is folded is not pointed into.
    let before = Some(width(0, from)).filter(|width| *width < 60).unwrap_or(0);
    let length = width(from, from + finding.length as usize).clamp(1, 60);
    let ink = scan::ink(finding.severity);
    let marks = format!("{:GUTTER$}{:before$}{}", "", "", shell.colour.paint(ink, &"^".repeat(length)));
    let label = format!("{}[{}]:", finding.severity.as_str(), harmless(&finding.code));
    let reason = harmless(&finding.reason);
    let painted = shell.colour.paint(ink, &label);
    let row = |text, is_finding| Row { text, indent: GUTTER, is_finding };
    let told = label.chars().count() + 1 + reason.chars().count();
    if GUTTER + before + length + 1 + told <= shell.width {
        return vec![row(format!("{marks} {painted} {reason}"), true)];
    }
    let used = GUTTER + label.chars().count() + 1;
    let reason = text::wrap(&reason, used, GUTTER + 2, shell.width);
    let lines = format!("{:GUTTER$}{painted} {reason}", "");
    std::iter::once(row(marks, true)).chain(lines.lines().map(|line| row(line.to_owned(), false))).collect()
}

/// What can be said of the release, and by which command.
fn footer(review: &Review<'_>, shell: &Shell) -> Block {
    let comparison = &review.reading.comparison;
    let mut text = String::new();
    let mut offer = |what: &str, command: &str| {
        let label = shell.colour.paint(Ink::Note, "help");
        text += &format!("{label}: {}\n      {command}\n", text::wrap(what, 6, 6, shell.width));
    };
    if let Some(decision) = review.decision {
        let release = &decision.release;
        let wants_audit =
            decision.clears.iter().flat_map(|way| &way.needs).any(|need| matches!(need, Need::Audits(_)));
        if wants_audit && let Some(from) = &review.base_version {
            offer(
                "to say so that you have read it, signed with your key, for all who name you as a reviewer",
                &format!("cargo fence audit {}@{} --from {from} -m \"…\"", release.name, release.version),
            );
            offer(
                "to say in an audit set of your own that you have read it, with cargo-vet",
                &format!("cargo vet certify {} {from} {}", release.name, release.version),
            );
        }
        if decision.clears.iter().any(|way| way.is_override()) {
            offer(
                "to let it in for a while, on your own word",
                &help::except(decision, "…", &help::usual_end(decision, review.now)),
            );
        }
        if decision.verdict != Verdict::Block {
            let what = if decision.verdict == Verdict::Admit {
                "nothing has to be said: it is admitted; all that is known of it"
            } else {
                "all that is known of it"
            };
            offer(what, &help::why(release));
        } else {
            offer("why it is blocked", &help::why(release));
        }
    }
    if let Some(original) = comparison.copied.first() {
        let (what, command) = scan::beside_original(review.asked, original);
        offer(&what, &command);
    }
    let shown = comparison.findings.iter().find(|finding| finding.severity >= review.least);
    if let Some(finding) = shown {
        offer(
            "what a code means, and what to look at",
            &format!("cargo fence explain {}", harmless(&finding.code)),
        );
    }
    let folded = "--all";
    let is_folded =
        review.reading.files.iter().any(|file| !file.group.is_to_read() && !file.hunks.is_empty());
    if is_folded && !review.all {
        text += &format!(
            "{}: `{folded}` unfolds tests, documents, comments and formatting\n",
            shell.colour.paint(Ink::Note, "note")
        );
    }
    let head = if text.is_empty() { Vec::new() } else { rows(&format!("\n{text}")) };
    Block { kind: Kind::Page, head, body: Vec::new(), is_folded: false }
}
