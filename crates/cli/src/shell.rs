//! The terminal: two streams, colour, width, and a bar that leaves no trace.
//!
//! Results go to stdout; progress and what went wrong go to stderr. Colours are a handful of escape codes that
//! every terminal of the last decade knows, so no library is needed for them; they are written only where a
//! terminal reads, or where somebody asked for them.

use std::io::{self, BufRead as _, IsTerminal, Read as _, Write};
use std::sync::Mutex;

use fence_client::Environment;
use fence_client::progress::Progress;

use crate::args::{ColourChoice, Global};
use crate::error::CliError;
use crate::render::text;

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// Results, and nothing where all is well.
    Quiet,
    /// What a person needs.
    Normal,
    /// Everything.
    Verbose,
}

/// Whether a stream gets colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colour {
    /// Escape codes are written.
    On,
    /// None are.
    Off,
}

/// What a piece of text is, for those who see colours. Its words always say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    /// Something is refused, or went wrong.
    Bad,
    /// Something waits.
    Waiting,
    /// All is well.
    Good,
    /// Where to look.
    Place,
    /// What else to know.
    Note,
    /// What matters in a line.
    Strong,
    /// A line that is new.
    Added,
    /// A line that is gone.
    Gone,
    /// In a source: a keyword.
    Keyword,
    /// In a source: a string or character.
    Text,
    /// In a source: a number.
    Number,
    /// In a source: a comment.
    Comment,
}

impl Colour {
    /// `text` in the colour of `ink`.
    pub(crate) fn paint(self, ink: Ink, text: &str) -> String {
        self.write(ink.code(), text)
    }

    /// `text` in the colour of `ink`, and underlined.
    pub(crate) fn underline(self, ink: Option<Ink>, text: &str) -> String {
        self.write(&ink.map_or_else(|| "4".to_owned(), |ink| format!("{};4", ink.code())), text)
    }

    /// `text` on a ground of its own.
    pub(crate) fn invert(self, text: &str) -> String {
        self.write("7", text)
    }

    fn write(self, code: &str, text: &str) -> String {
        match self {
            Self::On => format!("\x1b[{code}m{text}\x1b[0m"),
            Self::Off => text.to_owned(),
        }
    }
}

impl Ink {
    const fn code(self) -> &'static str {
        match self {
            Self::Bad => "1;31",
            Self::Waiting => "1;33",
            Self::Good => "1;32",
            Self::Place => "1;34",
            Self::Note => "1;36",
            Self::Strong => "1",
            Self::Added => "32",
            Self::Gone => "31",
            Self::Keyword => "35",
            Self::Text => "36",
            Self::Number => "33",
            Self::Comment => "2",
        }
    }
}

/// The terminal, or whatever stands in its place.
#[derive(Debug)]
pub(crate) struct Shell {
    /// How much is said.
    pub(crate) verbosity: Verbosity,
    /// Whether stdout gets colour.
    pub(crate) colour: Colour,
    /// The width of a line of results, in characters.
    pub(crate) width: usize,
    stderr_colour: Colour,
    bar: Mutex<Bar>,
}

/// The bar of the work that is under way.
#[derive(Debug)]
struct Bar {
    shown: Shown,
    /// How wide the terminal is: a bar that it wraps cannot be taken away again.
    width: usize,
    what: String,
    done: usize,
    total: usize,
    is_drawn: bool,
}

/// Whether bars can be seen at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    OnTerminal,
    Nowhere,
}

/// Lines are no longer than this even on a wider terminal: they are to be read.
const WIDEST: usize = 120;
/// The width where nobody says it.
const USUAL: usize = 100;
/// Below this, wrapping does more harm than good.
const NARROWEST: usize = 40;

/// Bytes of an answer that are read.
const LONGEST_ANSWER: u64 = 256;

/// What somebody answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answered {
    /// Yes.
    Yes,
    /// Anything else.
    No,
}

impl Shell {
    /// The shell of this process.
    pub(crate) fn of_process(environment: &Environment, global: &Global) -> Self {
        let width = environment
            .var("COLUMNS")
            .and_then(|columns| columns.parse().ok())
            .or_else(|| terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)))
            .unwrap_or(USUAL);
        let verbosity = match (global.quiet, global.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        };
        let colour = |stream: &dyn IsTerminalStream| colour(environment, global.color, stream);
        let bars = verbosity > Verbosity::Quiet
            && io::stderr().is_terminal()
            && environment.var("TERM") != Some("dumb")
            && environment.var("CI").is_none();
        Self {
            verbosity,
            colour: colour(&io::stdout()),
            width: width.clamp(NARROWEST, WIDEST),
            stderr_colour: colour(&io::stderr()),
            bar: Mutex::new(Bar {
                shown: if bars { Shown::OnTerminal } else { Shown::Nowhere },
                width,
                what: String::new(),
                done: 0,
                total: 0,
                is_drawn: false,
            }),
        }
    }

    /// Prints a result. Nobody reading it is no error: the exit code still tells.
    pub(crate) fn print(&self, text: &str) -> Result<(), CliError> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Err(why) if why.kind() != io::ErrorKind::BrokenPipe => Err(CliError::output(&why)),
            _ => Ok(()),
        }
    }

    /// Says what is being done, with cargo's right-aligned verb.
    pub(crate) fn status(&self, verb: &str, text: &str) {
        if self.verbosity > Verbosity::Quiet {
            let text = text::wrap(text, 13, 13, self.width);
            self.say(&format!("{} {text}\n", self.stderr_colour.paint(Ink::Good, &format!("{verb:>12}"))));
        }
    }

    /// Says what a person should know and that changes no result.
    pub(crate) fn warning(&self, text: &str) {
        self.say(&format!("{}: {text}\n", self.stderr_colour.paint(Ink::Waiting, "warning")));
    }

    /// Says why nothing could be decided, and what to do.
    pub(crate) fn error(&self, error: &CliError) {
        self.say(&error.render(self.stderr_colour));
    }

    /// Asks a question that yes and no answer; none where nobody sits at a terminal to be asked. Whoever says nothing says
    /// no.
    pub(crate) fn ask(&self, question: &str) -> Option<Answered> {
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return None;
        }
        self.say(&format!("{}: {question} [y/N] ", self.stderr_colour.paint(Ink::Note, "question")));
        let mut line = String::new();
        // What cannot be read is no yes.
        let _ = io::stdin().lock().take(LONGEST_ANSWER).read_line(&mut line);
        let is_yes = matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes");
        Some(if is_yes { Answered::Yes } else { Answered::No })
    }

    fn say(&self, text: &str) {
        self.with_bar(|bar| bar.clear());
        // There is nobody to tell that stderr is closed.
        drop(io::stderr().lock().write_all(text.as_bytes()));
    }

    fn with_bar(&self, act: impl FnOnce(&mut Bar)) {
        // A bar whose drawing panicked is drawn again; nothing depends on it.
        act(&mut self.bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    }
}

impl Progress for Shell {
    fn begin(&self, what: &str, total: usize) {
        self.with_bar(|bar| {
            (bar.what, bar.done, bar.total) = (what.to_owned(), 0, total);
            bar.draw();
        });
    }

    fn advance(&self) {
        self.with_bar(|bar| {
            bar.done += 1;
            bar.draw();
        });
    }

    fn end(&self) {
        self.with_bar(|bar| bar.clear());
    }

    fn warn(&self, text: &str) {
        self.warning(text);
    }
}

impl Bar {
    /// Draws the bar where it was drawn before. Long work is drawn a hundred times, not once
    /// per piece.
    fn draw(&mut self) {
        let step = (self.total / 100).max(1);
        if self.shown == Shown::OnTerminal && (self.done.is_multiple_of(step) || self.done == self.total) {
            drop(io::stderr().lock().write_all(format!("\r{}\x1b[K", self.line()).as_bytes()));
            self.is_drawn = true;
        }
    }

    fn line(&self) -> String {
        const CELLS: usize = 20;
        let filled = (self.done * CELLS).checked_div(self.total).unwrap_or(CELLS).min(CELLS);
        let (full, empty) = ("=".repeat(filled), " ".repeat(CELLS - filled));
        let what: String = self.what.chars().take(18).collect();
        let line = format!("    Fetching [{full}{empty}] {}/{} {what}", self.done, self.total);
        // Some terminals wrap as soon as the last column is written to.
        line.chars().take(self.width.saturating_sub(1)).collect()
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.is_drawn) {
            drop(io::stderr().lock().write_all(b"\r\x1b[K"));
        }
    }
}

/// A stream that knows whether a terminal is at its other end.
trait IsTerminalStream {
    fn is_a_terminal(&self) -> bool;
}

impl<T: IsTerminal> IsTerminalStream for T {
    fn is_a_terminal(&self) -> bool {
        self.is_terminal()
    }
}

/// Who decides on colour: the flag, then cargo's variable, then <https://no-color.org>, then the stream.
fn colour(environment: &Environment, flag: Option<ColourChoice>, stream: &dyn IsTerminalStream) -> Colour {
    let choice = flag.unwrap_or_else(|| match environment.var("CARGO_TERM_COLOR") {
        Some("always") => ColourChoice::Always,
        Some("never") => ColourChoice::Never,
        _ if environment.var("NO_COLOR").is_some() => ColourChoice::Never,
        _ => ColourChoice::Auto,
    });
    let on = match choice {
        ColourChoice::Always => true,
        ColourChoice::Never => false,
        ColourChoice::Auto => stream.is_a_terminal() && environment.var("TERM") != Some("dumb"),
    };
    if on { Colour::On } else { Colour::Off }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    struct Terminal;

    impl IsTerminalStream for Terminal {
        fn is_a_terminal(&self) -> bool {
            true
        }
    }

    #[test]
    fn colour_is_decided_by_flag_then_cargo_then_custom_then_terminal() {
        let check = |flag, variables: [(&str, &str); 3], expected| {
            let environment = Environment::of(variables, Path::new(""));
            assert_eq!(colour(&environment, flag, &Terminal), expected, "{flag:?} {variables:?}");
        };
        let unset = ("TERM", "xterm");
        check(None, [unset; 3], Colour::On);
        check(None, [unset, unset, ("TERM", "dumb")], Colour::Off);
        check(None, [unset, ("NO_COLOR", "1"), unset], Colour::Off);
        check(None, [("CARGO_TERM_COLOR", "always"), ("NO_COLOR", "1"), unset], Colour::On);
        check(None, [("CARGO_TERM_COLOR", "never"), unset, unset], Colour::Off);
        check(Some(ColourChoice::Never), [("CARGO_TERM_COLOR", "always"), unset, unset], Colour::Off);
        check(Some(ColourChoice::Always), [unset, ("NO_COLOR", "1"), unset], Colour::On);
    }

    #[test]
    fn a_bar_fits_into_the_terminal() {
        let wide = |width, done, total| {
            let what = "index files of some registry".to_owned();
            Bar { shown: Shown::Nowhere, width, what, done, total, is_drawn: false }.line()
        };
        let bar = |done, total| wide(100, done, total);
        assert_eq!(wide(40, 3, 12), "    Fetching [=====               ] 3/1");
        assert_eq!(wide(0, 3, 12), "");
        assert_eq!(bar(3, 12), "    Fetching [=====               ] 3/12 index files of som");
        assert_eq!(bar(0, 0), "    Fetching [====================] 0/0 index files of som");
        assert!(bar(99_999, 99_999).len() < 72);
    }
}
