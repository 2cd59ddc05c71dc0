//! Events as text: a line each, for people or for programs.
//!
//! ```text
//! 2026-08-20T07:15:00Z alarm   mass-yank: 12 releases of arrayref were yanked within an hour
//! {"at":"2026-08-20T07:15:00Z","weight":"alarm","what":"mass-yank","words":"…","fields":{"crate":"arrayref"}}
//! ```
//!
//! Whoever reads a line can rely on its being one event: what would begin another line, or move a terminal's cursor,
//! is written as an escape.

use std::fmt::{self, Write as _};
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};

use crate::event::{Event, Log, Weight};

/// Lines for people.
pub struct Lines<W> {
    from: Weight,
    writer: Mutex<W>,
}

/// A JSON object on each line.
pub struct JsonLines<W> {
    from: Weight,
    writer: Mutex<W>,
}

impl<W: Write> Lines<W> {
    /// Writes events that weigh at least `from`.
    pub const fn new(writer: W, from: Weight) -> Self {
        Self { from, writer: Mutex::new(writer) }
    }
}

impl<W: Write> JsonLines<W> {
    /// Writes events that weigh at least `from`.
    pub const fn new(writer: W, from: Weight) -> Self {
        Self { from, writer: Mutex::new(writer) }
    }
}

impl<W> fmt::Debug for Lines<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").field("from", &self.from).finish_non_exhaustive()
    }
}

impl<W> fmt::Debug for JsonLines<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonLines").field("from", &self.from).finish_non_exhaustive()
    }
}

impl<W: Write + Send + 'static> Log for Lines<W> {
    fn hears(&self, weight: Weight) -> bool {
        weight >= self.from
    }

    fn tell(&self, event: &Event) {
        if self.hears(event.weight) {
            let Event { at, weight, what, words, .. } = event;
            let mut line = format!("{at} {:7} {what}: ", weight.as_str());
            for c in words.chars() {
                if c.is_control() {
                    line.extend(c.escape_default());
                } else {
                    line.push(c);
                }
            }
            let _ = line.write_char('\n');
            write_whole(&self.writer, &line);
        }
    }
}

impl<W: Write + Send + 'static> Log for JsonLines<W> {
    fn hears(&self, weight: Weight) -> bool {
        weight >= self.from
    }

    fn tell(&self, event: &Event) {
        if self.hears(event.weight)
            && let Ok(mut line) = serde_json::to_string(&AsJson(event))
        {
            line.push('\n');
            write_whole(&self.writer, &line);
        }
    }
}

/// One call for one line, so that lines of other programs in the same file stand before or after it. Who cannot be
/// written to cannot be told so either.
fn write_whole<W: Write>(writer: &Mutex<W>, line: &str) {
    let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
    let _ = writer.write_all(line.as_bytes()).and_then(|()| writer.flush());
}

struct AsJson<'a>(&'a Event);

impl Serialize for AsJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Event { at, weight, what, fields, words } = self.0;
        let mut map = serializer.serialize_map(Some(5))?;
        map.serialize_entry("at", at)?;
        map.serialize_entry("weight", weight.as_str())?;
        map.serialize_entry("what", what)?;
        map.serialize_entry("words", words)?;
        map.serialize_entry("fields", &Fields(fields))?;
        map.end()
    }
}

struct Fields<'a>(&'a [(&'static str, String)]);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use super::*;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn event(weight: Weight, words: &str) -> Event {
        Event {
            at: "2026-08-20T07:15:00Z".parse().unwrap(),
            weight,
            what: "mass-yank",
            fields: vec![("crate", "arrayref".to_owned()), ("releases", "12".to_owned())],
            words: words.to_owned(),
        }
    }

    fn check<L: Log>(log: impl FnOnce(Paper) -> L, expected: &str) {
        let paper = Paper::default();
        let log = log(paper.clone());
        log.tell(&event(Weight::Alarm, "12 releases of \"arrayref\" were yanked"));
        log.tell(&event(Weight::Note, "left out"));
        log.tell(&event(Weight::Warning, "one\nline\r\u{1b}[2J\u{85}, and é"));
        assert!(!log.hears(Weight::Note) && log.hears(Weight::Warning));
        assert_eq!(String::from_utf8(paper.0.lock().unwrap().clone()).unwrap(), expected);
    }

    #[test]
    fn people_get_a_line_for_each_event() {
        check(
            |paper| Lines::new(paper, Weight::Warning),
            "2026-08-20T07:15:00Z alarm   mass-yank: 12 releases of \"arrayref\" were yanked\n\
             2026-08-20T07:15:00Z warning mass-yank: one\\nline\\r\\u{1b}[2J\\u{85}, and é\n",
        );
    }

    #[test]
    fn programs_get_an_object_for_each_event() {
        check(
            |paper| JsonLines::new(paper, Weight::Warning),
            "{\"at\":\"2026-08-20T07:15:00Z\",\"weight\":\"alarm\",\"what\":\"mass-yank\",\
             \"words\":\"12 releases of \\\"arrayref\\\" were yanked\",\
             \"fields\":{\"crate\":\"arrayref\",\"releases\":\"12\"}}\n\
             {\"at\":\"2026-08-20T07:15:00Z\",\"weight\":\"warning\",\"what\":\"mass-yank\",\
             \"words\":\"one\\nline\\r\\u001b[2J\u{85}, and é\",\
             \"fields\":{\"crate\":\"arrayref\",\"releases\":\"12\"}}\n",
        );
    }

    #[test]
    fn who_cannot_be_written_to_stops_nobody() {
        struct Broken;
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
        }
        Lines::new(Broken, Weight::Detail).tell(&event(Weight::Alarm, "unheard"));
        JsonLines::new(Broken, Weight::Detail).tell(&event(Weight::Alarm, "unheard"));
    }
}
