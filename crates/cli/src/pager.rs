//! Turning the pages of a review: keys in, screens out.
//!
//! [`Pager`] is a value: [`Pager::press`] takes a key, [`Pager::screen`] says what the screen shows. Nothing here knows a
//! terminal; [`terminal`] is the edge, where there is one. Lines that are too long are folded, never cut: code that stands
//! far to the right is meant not to be seen.

#![cfg_attr(not(unix), allow(dead_code, reason = "nothing else has a terminal to show it on yet"))]

mod fold;
#[cfg(unix)]
mod keys;
#[cfg(unix)]
mod terminal;
#[cfg(test)]
mod tests;

use fence_client::Environment;

use self::fold::{fold, plain};
use crate::error::CliError;
use crate::render::review::{Kind, Page, has_more, visible_rows};
use crate::shell::{Colour, Shell};

/// A key, as far as a pager has a use for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    Char(char),
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
    Enter,
    Backspace,
    Escape,
    /// What ends a program: Ctrl-C and Ctrl-D.
    Interrupt,
}

/// Whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    GoOn,
    End,
}

/// A line of the screen, and where it comes from.
#[derive(Debug, Clone)]
struct Drawn {
    text: String,
    /// The number of its block.
    block: usize,
    /// Whether it is the first of a file's block.
    is_file: bool,
    is_finding: bool,
}

/// A page that somebody looks at.
#[derive(Debug, Clone)]
pub(crate) struct Pager {
    page: Page,
    colour: Colour,
    columns: usize,
    rows: usize,
    /// All lines, as this screen is wide.
    lines: Vec<Drawn>,
    /// The first line that is shown.
    top: usize,
    /// The line to which a key went last: the next key of that kind goes on from there.
    at: Option<usize>,
    /// What is being typed to search for.
    typed: Option<String>,
    /// What was searched for last.
    sought: String,
    /// What to say in the last row, until the next key.
    word: Option<String>,
    is_helping: bool,
}

/// The keys, as `h` tells them.
const HELP: [(&str, &str); 11] = [
    ("n  N", "next, previous finding"),
    ("f  F", "next, previous file"),
    ("j  k", "a line down, up; also the arrows"),
    ("space  b", "a screen down, up"),
    ("d  u", "half a screen down, up"),
    ("g  G", "to the beginning, to the end"),
    ("o", "fold or unfold what is at the mark or on top"),
    ("O", "unfold all, or fold all again"),
    ("/", "search; / and Enter: the next place"),
    ("h", "these keys; any key goes back"),
    ("q", "end"),
];

/// Shows a page on the terminal, with keys. False where there is none, or nothing to turn: then it is to be printed.
pub(crate) fn show(page: &Page, environment: &Environment, shell: &Shell) -> Result<bool, CliError> {
    #[cfg(unix)]
    {
        terminal::show(page, environment, shell)
    }
    #[cfg(not(unix))]
    {
        let _ = (page, environment, shell);
        Ok(false)
    }
}

impl Pager {
    /// A pager at the beginning of a page.
    pub(crate) fn new(page: Page, colour: Colour, columns: usize, rows: usize) -> Self {
        let mut pager = Self {
            page,
            colour,
            columns: columns.max(1),
            rows: rows.max(2),
            lines: Vec::new(),
            top: 0,
            at: None,
            typed: None,
            sought: String::new(),
            word: None,
            is_helping: false,
        };
        pager.lay_out();
        pager
    }

    /// Whether all of it fits on the screen at once, so that there is nothing to turn.
    pub(crate) fn fits(&self) -> bool {
        self.lines.len() < self.rows && self.page.blocks.iter().all(|block| !block.is_folded)
    }

    /// The screen has another size: what one looked at stays in sight.
    pub(crate) fn resize(&mut self, columns: usize, rows: usize) {
        (self.columns, self.rows) = (columns.max(1), rows.max(2));
        self.lay_out_around(self.at.unwrap_or(self.top));
    }

    /// The rows of the screen, as many as it has.
    pub(crate) fn screen(&self) -> Vec<String> {
        let room = self.rows - 1;
        let mut rows: Vec<String> = if self.is_helping {
            let of = |(keys, what): &(&str, &str)| fold(&format!("  {keys:<9} {what}"), 12, self.columns);
            HELP.iter().flat_map(of).take(room).collect()
        } else {
            let shown = self.lines.iter().enumerate().skip(self.top).take(room);
            shown
                .map(|(at, line)| if self.at == Some(at) { marked(&line.text) } else { line.text.clone() })
                .collect()
        };
        rows.resize(room, String::new());
        rows.push(self.status());
        rows
    }

    fn status(&self) -> String {
        let (text, is_typed) = match (&self.typed, &self.word) {
            (Some(typed), _) => (format!("/{typed}"), true),
            (None, Some(word)) => (format!(" {word}"), false),
            (None, None) => (format!(" {}", self.place()), false),
        };
        let text: String = text.chars().take(self.columns.saturating_sub(1)).collect();
        if is_typed { text } else { self.colour.invert(&format!("{text:<width$}", width = self.columns - 1)) }
    }

    /// Where one is, and which keys there are.
    fn place(&self) -> String {
        let here = self.at.unwrap_or(self.top);
        let before =
            |is: fn(&Drawn) -> bool| self.lines.iter().take(here + 1).filter(|line| is(line)).count();
        let all = |is: fn(&Drawn) -> bool| self.lines.iter().filter(|line| is(line)).count();
        let end = (self.top + self.rows - 1).min(self.lines.len());
        let percent = (end * 100).checked_div(self.lines.len()).unwrap_or(100);
        let mut parts = vec![format!("{percent}%")];
        let findings = all(|line| line.is_finding);
        if findings > 0 {
            parts.push(format!("finding {}/{findings}", before(|line| line.is_finding)));
        }
        let files = all(|line| line.is_file);
        if files > 0 {
            parts.push(format!("file {}/{files}", before(|line| line.is_file)));
        }
        let keys = "n finding  f file  o unfold  / search  h keys  q end";
        let place = format!("{}  {}", self.page.title, parts.join("  "));
        let free = self.columns.saturating_sub(2);
        match () {
            () if place.chars().count() + 3 + keys.len() <= free => format!("{place}   {keys}"),
            () if place.chars().count() + 16 <= free => format!("{place}   h keys  q end"),
            () => format!("{}  h keys  q end", parts.join("  ")),
        }
    }

    /// Does what a key asks for.
    pub(crate) fn press(&mut self, key: Key) -> Flow {
        self.word = None;
        if key == Key::Interrupt {
            return Flow::End;
        }
        if self.typed.is_some() {
            self.type_on(key);
            return Flow::GoOn;
        }
        if std::mem::take(&mut self.is_helping) {
            return Flow::GoOn;
        }
        let screen = self.rows - 1;
        match key {
            Key::Char('q' | 'Q') => return Flow::End,
            Key::Char('j') | Key::Down | Key::Enter => self.scroll(1),
            Key::Char('k') | Key::Up => self.scroll(-1),
            Key::Char(' ') | Key::PageDown => self.scroll(screen.saturating_sub(1).max(1) as isize),
            Key::Char('b') | Key::PageUp => self.scroll(-(screen.saturating_sub(1).max(1) as isize)),
            Key::Char('d') => self.scroll((screen / 2).max(1) as isize),
            Key::Char('u') => self.scroll(-((screen / 2).max(1) as isize)),
            Key::Char('g' | '<') | Key::Home => self.scroll(isize::MIN),
            Key::Char('G' | '>') | Key::End => self.scroll(isize::MAX),
            Key::Char('n') => self.step(|line| line.is_finding, true, "finding"),
            Key::Char('N') => self.step(|line| line.is_finding, false, "finding"),
            Key::Char('f') => self.step(|line| line.is_file, true, "file"),
            Key::Char('F') => self.step(|line| line.is_file, false, "file"),
            Key::Char('o') => self.fold_here(),
            Key::Char('O') => self.fold_all(),
            Key::Char('/') => self.typed = Some(String::new()),
            Key::Char('h' | '?') => self.is_helping = true,
            Key::Char(_) | Key::Backspace | Key::Escape | Key::Interrupt => {}
        }
        Flow::GoOn
    }

    fn last_top(&self) -> usize {
        self.lines.len().saturating_sub(self.rows - 1)
    }

    fn scroll(&mut self, by: isize) {
        self.at = None;
        let to = self.top.saturating_add_signed(by).min(self.last_top());
        self.top = if by < 0 { self.top.saturating_add_signed(by) } else { to };
    }

    /// Shows a line, with some before it.
    fn go(&mut self, line: usize) {
        self.at = Some(line);
        self.top = line.saturating_sub((self.rows - 1) / 4).min(self.last_top());
    }

    /// Goes to the next or previous line of a kind.
    fn step(&mut self, is: impl Fn(&Drawn) -> bool, forward: bool, what: &str) {
        let found = if forward {
            let from = self.at.map_or(self.top, |at| at + 1);
            (from..self.lines.len()).find(|at| is(&self.lines[*at]))
        } else {
            (0..self.at.unwrap_or(self.top)).rev().find(|at| is(&self.lines[*at]))
        };
        match found {
            Some(line) => self.go(line),
            None => self.word = Some(format!("no {what} {} this", if forward { "after" } else { "before" })),
        }
    }

    /// Folds or unfolds what the mark or the first line is in.
    fn fold_here(&mut self) {
        let here = self.at.unwrap_or(self.top);
        let Some(block) = self.lines.get(here).map(|line| line.block) else { return };
        // What can be folded neither here nor around here may follow on the screen.
        let is_foldable = |at: &usize| has_more(&self.page.blocks, *at);
        let shown = self.lines.iter().skip(here).take(self.rows - 1).map(|line| line.block);
        let Some(block) = std::iter::once(block).chain(shown).find(is_foldable) else {
            self.word = Some("nothing to unfold here".to_owned());
            return;
        };
        let is_folded = !self.page.blocks[block].is_folded;
        self.page.blocks[block].is_folded = is_folded;
        // A file that is opened shows something.
        let is_file = self.page.blocks[block].kind == Kind::File;
        let of_file = self.page.blocks[block + 1..].iter_mut();
        let hunks: Vec<_> = of_file.take_while(|next| is_file && next.kind == Kind::Hunk).collect();
        if !is_folded && hunks.iter().all(|hunk| hunk.is_folded) {
            hunks.into_iter().for_each(|hunk| hunk.is_folded = false);
        }
        self.lay_out_around(here);
        if let Some(line) = self.lines.iter().position(|line| line.block == block) {
            self.at = Some(line);
            let is_shown = (self.top..self.top + self.rows - 1).contains(&line);
            if !is_shown {
                self.go(line);
            }
        }
    }

    fn fold_all(&mut self) {
        let unfolds = self.page.blocks.iter().any(|block| block.is_folded);
        for block in self.page.blocks.iter_mut().filter(|block| block.kind == Kind::File || unfolds) {
            block.is_folded = !unfolds;
        }
        self.lay_out_around(self.at.unwrap_or(self.top));
    }

    fn type_on(&mut self, key: Key) {
        let Some(typed) = &mut self.typed else { return };
        match key {
            Key::Char(c) => typed.push(c),
            Key::Backspace if !typed.is_empty() => _ = typed.pop(),
            Key::Backspace | Key::Escape => self.typed = None,
            Key::Enter => {
                let typed = self.typed.take().unwrap_or_default();
                if !typed.is_empty() {
                    self.sought = typed;
                }
                self.search();
            }
            _ => {}
        }
    }

    /// Goes to the next line that has what is sought; in what is folded, too. Without capitals letters of either case are
    /// one.
    fn search(&mut self) {
        let sought = self.sought.clone();
        let is_exact = sought.chars().any(char::is_uppercase);
        let has = |text: &str| {
            let text = plain(text);
            if is_exact { text.contains(&sought) } else { text.to_lowercase().contains(&sought) }
        };
        if sought.is_empty() {
            return;
        }
        let here = self.at.map_or(self.top, |at| at + 1);
        let block = self.lines.get(here).map_or(usize::MAX, |line| line.block);
        let next = (here..self.lines.len()).find(|at| has(&self.lines[*at].text));
        let end = next.map_or(usize::MAX, |at| self.lines[at].block);
        // What is folded before that comes first.
        let mut of_file = None;
        let hidden = self.page.blocks.iter().enumerate().find_map(|(at, folded)| {
            if folded.kind == Kind::File {
                of_file = folded.is_folded.then_some(at);
            }
            let is_hidden = folded.is_folded || (folded.kind == Kind::Hunk && of_file.is_some());
            let is_between = at >= block && at <= end;
            (is_hidden && is_between && folded.body.iter().any(|row| has(&row.text))).then_some((of_file, at))
        });
        if let Some((file, hunk)) = hidden {
            if let Some(file) = file {
                self.page.blocks[file].is_folded = false;
            }
            self.page.blocks[hunk].is_folded = false;
            self.lay_out_around(here.min(self.lines.len().saturating_sub(1)));
            let found = (0..self.lines.len()).find(|at| {
                let line = &self.lines[*at];
                line.block == hunk && has(&line.text)
            });
            if let Some(line) = found {
                return self.go(line);
            }
        }
        match next {
            Some(line) => self.go(line),
            None => self.word = Some(format!("nothing after this has {sought}")),
        }
    }

    fn lay_out(&mut self) {
        let mut lines = Vec::new();
        let mut last = usize::MAX;
        for (block, row) in visible_rows(&self.page.blocks) {
            let is_head = block != last && !row.text.is_empty();
            if is_head {
                last = block;
            }
            let is_file = is_head && self.page.blocks[block].kind == Kind::File;
            for (at, text) in fold(&row.text, row.indent, self.columns).into_iter().enumerate() {
                let is_first = at == 0;
                lines.push(Drawn {
                    text,
                    block,
                    is_file: is_file && is_first,
                    is_finding: row.is_finding && is_first,
                });
            }
        }
        self.lines = lines;
        self.top = self.top.min(self.last_top());
    }

    /// Lays out anew, so that what is shown at `line` stays where it is.
    fn lay_out_around(&mut self, line: usize) {
        let shift = line.saturating_sub(self.top);
        let (block, at) = match self.lines.get(line) {
            Some(drawn) => {
                let first = self.lines.iter().position(|other| other.block == drawn.block).unwrap_or(line);
                (drawn.block, line - first)
            }
            None => (0, 0),
        };
        self.lay_out();
        let first = self.lines.iter().position(|drawn| drawn.block >= block).unwrap_or(self.lines.len());
        let of_block = self.lines.iter().skip(first).take_while(|drawn| drawn.block == block).count();
        let line = first + at.min(of_block.saturating_sub(1));
        self.top = line.saturating_sub(shift).min(self.last_top());
        self.at = self.at.map(|_| line);
    }
}

/// A line to which a key went: an arrow stands where it begins with a blank.
fn marked(line: &str) -> String {
    match plain(line).starts_with(' ') {
        true => line.replacen(' ', ">", 1),
        false => line.to_owned(),
    }
}
