//! A part of a file as a table: inline, or what is gone beside what is new.

use std::ops::Range;

use fence_model::words::text::visible;
use fence_scan::reading::{Fate, Hunk, Line, Tint, Weight};

use super::super::html::{Element, Node, el, several};
use super::{block, count, short};
use crate::answer::Layout;
use crate::change::Shown;

/// Bytes of a line that a finding's mark may take.
const MARKED_BYTES: usize = 200;

/// A part of a file. `delta` is how many lines more the newer has than the older, up to here.
pub(super) fn hunk(shown: &Shown, file: usize, hunk: &Hunk, layout: Layout, delta: &mut i64) -> Element {
    let first = |fate| hunk.lines.iter().find(|line| line.fate == fate);
    let line = first(Fate::New).or_else(|| first(Fate::Gone)).map_or(0, |line| line.number);
    let mut told = format!("line {line}");
    if !hunk.function.is_empty() {
        told += &format!(" in {}", short(&hunk.function));
    }
    let what = match hunk.weight {
        Weight::Read => None,
        Weight::Tests => Some("of tests"),
        Weight::Looks => Some("of comments or formatting"),
    };
    if let Some(what) = what {
        told += &format!(": {} {what}", count(hunk.changed(), "changed line"));
    }
    let has_findings = hunk.lines.iter().any(|line| !shown.found(file, line).is_empty());
    let lines = Lines { shown, file };
    let is_folded = what.is_some() && !has_findings;
    let caption = el("caption").class(if is_folded { "unseen" } else { "where" }).with(told.clone());
    let table = match layout {
        Layout::Inline => lines.inline(caption, &hunk.lines, delta),
        Layout::Side => lines.side(caption, &hunk.lines, delta),
    };
    match is_folded {
        true => el("details").class("hunk").with(el("summary").with(told)).with(table),
        false => el("div").class("hunk").with(table),
    }
}

/// Lines of a file.
struct Lines<'a> {
    shown: &'a Shown,
    file: usize,
}

impl Lines<'_> {
    fn inline(&self, caption: Element, lines: &[Line], delta: &mut i64) -> Element {
        let mut rows = Vec::with_capacity(lines.len());
        for line in lines {
            let (old, new) = match line.fate {
                Fate::Gone => {
                    *delta -= 1;
                    (Some(i64::from(line.number)), None)
                }
                Fate::New => {
                    *delta += 1;
                    (None, Some(i64::from(line.number)))
                }
                Fate::Kept => (Some(i64::from(line.number) - *delta), Some(i64::from(line.number))),
            };
            rows.push(
                el("tr").class(class(line.fate)).with(number(old)).with(number(new)).with(self.text(line)),
            );
            rows.extend(self.found(line, "3"));
        }
        table("text", caption, &["Older", "Newer", "Text"], rows)
    }

    fn side(&self, caption: Element, lines: &[Line], delta: &mut i64) -> Element {
        let mut rows = Vec::with_capacity(lines.len());
        let mut rest = lines;
        while let Some(line) = rest.first() {
            if line.fate == Fate::Kept {
                let old = number(Some(i64::from(line.number) - *delta));
                let cells = [old, self.text(line), number(Some(i64::from(line.number))), self.text(line)];
                rows.push(el("tr").class("kept").with_all(cells));
                rows.extend(self.found(line, "4"));
                rest = &rest[1..];
                continue;
            }
            let gone = rest.iter().take_while(|line| line.fate == Fate::Gone).count();
            let new = rest[gone..].iter().take_while(|line| line.fate == Fate::New).count();
            *delta += new as i64 - gone as i64;
            let (left, right) = (&rest[..gone], &rest[gone..gone + new]);
            for at in 0..gone.max(new) {
                let mut cells = self.half(left.get(at));
                cells.extend(self.half(right.get(at)));
                rows.push(el("tr").with_all(cells));
                rows.extend(right.get(at).and_then(|line| self.found(line, "4")));
            }
            rest = &rest[gone + new..];
        }
        table("text side", caption, &["Older", "What was", "Newer", "What is"], rows)
    }

    /// One side of a row; empty where it has nothing to pair.
    fn half(&self, line: Option<&Line>) -> Vec<Element> {
        match line {
            Some(line) => vec![number(Some(i64::from(line.number))), self.text(line)],
            None => vec![number(None), el("td").class("none")],
        }
    }

    /// A line's text, with its sign.
    fn text(&self, line: &Line) -> Element {
        let sign = match line.fate {
            Fate::Kept => " ",
            Fate::New => "+",
            Fate::Gone => "−",
        };
        let cut = (line.cut > 0)
            .then(|| el("span").class("line").with(format!(" … and {} more bytes of this line", line.cut)));
        let marks = self.marks(line);
        let pieces = pieces(line, &marks);
        el("td")
            .class(class(line.fate))
            .with(el("span").class("sign-of").with(sign))
            .with(el("code").with(pieces))
            .with(cut)
    }

    /// The bytes of a line that findings are about, in order, none twice.
    fn marks(&self, line: &Line) -> Vec<Range<usize>> {
        let mut marks: Vec<_> = self
            .shown
            .found(self.file, line)
            .iter()
            .map(|at| &self.shown.reading.comparison.findings[*at])
            .filter(|finding| finding.column > 0)
            .map(|finding| {
                let from = finding.column as usize - 1;
                from..from + (finding.length as usize).min(MARKED_BYTES)
            })
            .collect();
        marks.sort_by_key(|mark| (mark.start, mark.end));
        let mut end = 0;
        marks.retain(|mark| {
            let is_free = mark.start >= end && !mark.is_empty();
            end = if is_free { mark.end } else { end };
            is_free
        });
        marks
    }

    /// What is found in a line, below it.
    fn found(&self, line: &Line, columns: &'static str) -> Option<Element> {
        let found = self.shown.found(self.file, line);
        let blocks = found.iter().map(|at| block(self.shown, *at, None));
        (!found.is_empty())
            .then(|| el("tr").class("found").with(el("td").set("colspan", columns).with_all(blocks)))
    }
}

const fn class(fate: Fate) -> &'static str {
    match fate {
        Fate::Kept => "kept",
        Fate::New => "new",
        Fate::Gone => "gone",
    }
}

fn number(number: Option<i64>) -> Element {
    el("td").class("no").with(number.map(|number| number.to_string()))
}

fn table(class: &'static str, caption: Element, columns: &[&'static str], rows: Vec<Element>) -> Element {
    let head = columns.iter().map(|column| el("th").set("scope", "col").with(*column));
    el("table")
        .class(class)
        .with(caption)
        .with(el("colgroup").with_all(columns.iter().map(|column| match *column {
            "Older" | "Newer" => el("col").class("no"),
            _ => el("col"),
        })))
        .with(el("thead").class("unseen").with(el("tr").with_all(head)))
        .with(el("tbody").with_all(rows))
}

/// A line's pieces: what they are, what differs in them, and what a finding is about.
fn pieces(line: &Line, marks: &[Range<usize>]) -> Node {
    let mut at = 0;
    let mut nodes = Vec::with_capacity(line.pieces.len());
    for piece in &line.pieces {
        let mut rest = piece.text.as_str();
        while !rest.is_empty() {
            let mark = marks.iter().find(|mark| mark.end > at);
            let (end, is_meant) = match mark {
                Some(mark) if mark.start <= at => (mark.end - at, true),
                Some(mark) => (mark.start - at, false),
                None => (rest.len(), false),
            };
            // What was no UTF-8 is longer here than in the file; a mark may then be beside what it means.
            let end = (end.min(rest.len())..=rest.len()).find(|end| rest.is_char_boundary(*end));
            let (part, behind) = rest.split_at(end.unwrap_or(rest.len()));
            (rest, at) = (behind, at + part.len());
            nodes.push(painted(part, piece.tint, piece.differs, is_meant));
        }
    }
    several(nodes)
}

fn painted(text: &str, tint: Tint, differs: bool, is_meant: bool) -> Node {
    let class = match tint {
        Tint::Plain => None,
        Tint::Keyword => Some("keyword"),
        Tint::Text => Some("string"),
        Tint::Number => Some("number"),
        Tint::Comment => Some("comment"),
    };
    let mut node = Node::from(visible(text));
    if let Some(class) = class {
        node = el("span").class(class).with(node).into();
    }
    if differs {
        node = el("mark").with(node).into();
    }
    if is_meant {
        node = el("span").class("meant").with(node).into();
    }
    node
}
