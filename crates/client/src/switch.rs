//! A file of cargo's configuration, switched: a fence answers for crates.io, or no longer.
//!
//! Text in, text out. [`on`] adds what is missing, in whatever form the file writes its tables, and touches nothing else;
//! [`off`] takes out what [`on`] added and gives back the text that was there before, to the byte, also where other parts
//! were edited in between. Both read the new text again and compare it with what was meant before anybody gets to see
//! it, so that an oddly written file is refused, never mangled.
//!
//! What was added is known by what it looks like; nothing is kept elsewhere, so that a file can be moved, committed and
//! switched off by somebody else. Mostly it is a block at the end:
//!
//! ```toml
//! # `cargo fence enable` wrote this; `cargo fence disable` takes it out again.
//! # If cargo cannot connect, no fence answers there: start it, or let cargo ask without one by `cargo fence disable`.
//! [source.crates-io]
//! replace-with = "fence"
//!
//! [registries.fence]
//! index = "sparse+http://127.0.0.1:7343/crates-io/"
//! ```
//!
//! An empty line stands before it where something else does, and it ends as the file did: with a line end, or without.
//! Where a file has one of the two tables already, or writes it inline, its part goes there, and a line of the block says
//! so. The first line also says whether the file, or its folder, was made for it. Blocks from before the second line was
//! written are known without it.

use std::ops::Range;

use toml::{Table, Value};
use toml_edit::{Document, InlineTable, Item, Key, TableLike};

/// What cargo calls the fence in what is written.
pub const NAME: &str = "fence";

/// Which registry's place a fence takes, and where the fence is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switch {
    /// The source that it stands in for: `crates-io`, or a mirror that already stands in for that.
    pub source: String,
    /// Its index, as cargo writes it: `sparse+http://127.0.0.1:7343/crates-io/`.
    pub index: String,
    /// Whether it wants a token.
    pub access: Access,
    /// What there was before.
    pub made: Made,
}

/// Whom a fence serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Open,
    /// Who shows a token: cargo has to be told of a provider before it shows one.
    Tokens,
}

/// What did not exist, and was made to hold the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// The file was there.
    Nothing,
    /// The file.
    File,
    /// The file, and the folder in which it lies.
    FileAndFolder,
}

/// A file that no longer leads to a fence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Off {
    /// What it was before; the same text where nothing led to a fence.
    pub text: String,
    /// What was taken out.
    pub was: Was,
}

/// How a file led to a fence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Was {
    /// Not at all.
    Off,
    /// As [`on`] writes it.
    Written(Switch),
    /// Otherwise: by hand, or changed since it was written. Of such a file no more is known than what it says.
    ByHand,
}

/// Why a file was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SwitchError {
    /// It is not TOML.
    #[error("line {line}: {cause}")]
    NotToml {
        /// The line, from 1.
        line: usize,
        /// What the parser said.
        cause: String,
    },
    /// The name that cargo is to know the fence by is another registry's.
    #[error("line {line}: `{key}` is there, and is not this fence")]
    Taken {
        /// The line, from 1.
        line: usize,
        /// The key.
        key: String,
    },
    /// A key has a value that cargo does not take either.
    #[error("line {line}: `{key}` has to be a table")]
    NoTable {
        /// The line, from 1.
        line: usize,
        /// The key.
        key: String,
    },
    /// The source has a replacement already.
    #[error("line {line}: `source.{source_name}` is replaced with {with:?} already")]
    Replaced {
        /// The line, from 1.
        line: usize,
        /// The source.
        source_name: String,
        /// What stands in for it.
        with: String,
    },
    /// Written in a form that cannot be changed without changing more.
    #[error("line {line}: the tables for the fence are written in a form that cannot be changed here")]
    Form {
        /// The line, from 1.
        line: usize,
    },
    /// Something was added to what was written for the fence.
    #[error("line {line}: something was added to what leads to the fence")]
    AddedTo {
        /// The line, from 1.
        line: usize,
    },
}

/// The text that leads cargo to the fence of `switch`; the same text, if it already does.
///
/// # Errors
/// [`SwitchError`], where the text is no configuration, says otherwise, or would come to say something else.
pub fn on(text: &str, switch: &Switch) -> Result<String, SwitchError> {
    let Off { text: before, was } = off_written(text)?;
    let switch = match was {
        // Whatever was made for a fence the first time was made for it.
        Was::Written(ref old) => Switch { made: old.made, ..switch.clone() },
        Was::Off | Was::ByHand => switch.clone(),
    };
    if was == Was::Written(switch.clone()) {
        return Ok(text.to_owned());
    }
    let document = parse(&before)?;
    let (parts, inserts) = missing(&document, &before, &switch)?;
    if parts.is_empty() {
        return Ok(text.to_owned());
    }
    let mut new = before.clone();
    for Insert { at, text, .. } in inserts {
        new.insert_str(at, &text);
    }
    let line_end = last_line_end(&before);
    let ends_a_line = new.is_empty() || new.ends_with('\n');
    if !new.is_empty() {
        new += &line_end.repeat(if ends_a_line { 1 } else { 2 });
    }
    new += &block(switch.made, Advice::Given, &parts, line_end);
    if ends_a_line {
        new += line_end;
    }
    let mut meant = table(&before)?;
    for part in &parts {
        for (key, line) in part.keys().zip(&part.lines) {
            let value = line.split_once(" = ").and_then(|(_, value)| value.parse::<Value>().ok());
            set(&mut meant, key, value.ok_or(SwitchError::Form { line: 1 })?);
        }
    }
    let is_meant = table(&new).is_ok_and(|new| new == meant);
    is_meant.then_some(new).ok_or(SwitchError::Form { line: 1 })
}

/// The text without what leads cargo to a fence.
///
/// What [`on`] wrote is taken out to the byte. Of what was written by hand only the replacement goes, not the
/// description of the registry, which by itself changes nothing.
///
/// # Errors
/// [`SwitchError`], where the text is no configuration, or nothing can be taken out without what was added to it.
pub fn off(text: &str) -> Result<Off, SwitchError> {
    let off = off_written(text)?;
    if off.was != Was::Off || sources(&table(text)?).is_empty() {
        return Ok(off);
    }
    by_hand(text)
}

/// The line, from 1, at which a key of the text stands.
pub fn line_of(text: &str, key: &[&str]) -> Option<usize> {
    let document = Document::parse(text).ok()?;
    let (last, tables) = key.split_last()?;
    let mut at: &dyn TableLike = document.as_table();
    for name in tables {
        at = at.get(name)?.as_table_like()?;
    }
    let (key, item) = at.get_key_value(last)?;
    Some(line_at(text, key.span().or(item.span())?.start))
}

/// One of the two tables, with what is written into it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    table: &'static str,
    name: String,
    lines: Vec<String>,
    place: Place,
}

/// Where a part stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In the block.
    Block,
    /// In the table, which was there.
    Into,
    /// As a table of its own within an inline one.
    Within,
}

/// Text that goes into the middle of a file.
struct Insert {
    at: usize,
    text: String,
    place: Place,
}

impl Part {
    /// The replacement of `source`.
    fn replacement(source: &str, place: Place) -> Self {
        let lines = vec![format!("replace-with = \"{NAME}\"")];
        Self { table: "source", name: source.to_owned(), lines, place }
    }

    /// The fence as a registry.
    fn registry(index: &str, access: Access, place: Place) -> Self {
        let mut lines = vec![format!("index = {}", Value::from(index))];
        if access == Access::Tokens {
            lines.push(format!("credential-provider = {}", provider()));
        }
        Self { table: "registries", name: NAME.to_owned(), lines, place }
    }

    /// The keys that its lines set.
    fn keys(&self) -> impl Iterator<Item = [&str; 3]> {
        let keys = self.lines.iter().filter_map(|line| line.split(' ').next());
        keys.map(|key| [self.table, &self.name, key])
    }

    /// Its table's name as a header has it.
    fn header(&self) -> String {
        format!("{}.{}", self.table, spelt(&self.name))
    }
}

/// What a text lacks to lead to the fence, and what of it goes elsewhere than into the block.
fn missing(
    document: &Document<&str>,
    text: &str,
    switch: &Switch,
) -> Result<(Vec<Part>, Vec<Insert>), SwitchError> {
    let read = table(text)?;
    let line = |key: &[&str]| line_of(text, key).unwrap_or(1);
    // Cargo prefers a source to a registry of the same name.
    if lookup(&read, &["source", NAME]).is_some() {
        let line = line(&["source", NAME]);
        return Err(SwitchError::Taken { line, key: format!("source.{NAME}") });
    }
    let mut parts = Vec::new();
    match lookup(&read, &["source", &switch.source, "replace-with"]) {
        None => parts.push(Part::replacement(&switch.source, Place::Block)),
        Some(Value::String(with)) if with == NAME => {}
        Some(with) => {
            return Err(SwitchError::Replaced {
                line: line(&["source", &switch.source, "replace-with"]),
                source_name: switch.source.clone(),
                with: with.as_str().unwrap_or_default().to_owned(),
            });
        }
    }
    let registry = lookup(&read, &["registries", NAME]);
    match registry.map(|there| there.get("index")) {
        // Somebody may have written a token there, or who has it.
        None | Some(None) => {
            let has_provider = registry.is_some_and(|there| there.get("credential-provider").is_some());
            let access = if has_provider { Access::Open } else { switch.access };
            parts.push(Part::registry(&switch.index, access, Place::Block));
        }
        Some(Some(Value::String(index))) if *index == switch.index => {}
        Some(Some(_)) => {
            let line = line(&["registries", NAME]);
            return Err(SwitchError::Taken { line, key: format!("registries.{NAME}") });
        }
    }
    let mut inserts = Vec::new();
    for part in &mut parts {
        if let Some(insert) = insert(document, text, part)? {
            part.place = insert.place;
            inserts.push(insert);
        }
    }
    // From the end of the file to its beginning, so that none moves another.
    inserts.sort_by_key(|insert| std::cmp::Reverse(insert.at));
    Ok((parts, inserts))
}

/// The first line of a block.
fn mark(made: Made) -> &'static str {
    match made {
        Made::Nothing => "# `cargo fence enable` wrote this; `cargo fence disable` takes it out again.",
        Made::File => "# `cargo fence enable` made this file; `cargo fence disable` removes it.",
        Made::FileAndFolder => {
            "# `cargo fence enable` made this file and its folder; `cargo fence disable` removes them."
        }
    }
}

/// The second line of a block, for who finds cargo failing and looks into the file that it names.
const ADVICE: &str = "# If cargo cannot connect, no fence answers there: start it, or let cargo ask without one by `cargo fence disable`.";

/// Whether a block has the second line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Advice {
    Given,
    /// As the first versions wrote it.
    Missing,
}

const ELSEWHERE: &str = "# It also wrote ";

/// The block, without a line end after its last line.
fn block(made: Made, advice: Advice, parts: &[Part], line_end: &str) -> String {
    let mut lines = vec![mark(made).to_owned()];
    lines.extend((advice == Advice::Given).then(|| ADVICE.to_owned()));
    let (inside, elsewhere): (Vec<_>, Vec<_>) = parts.iter().partition(|part| part.place == Place::Block);
    if !elsewhere.is_empty() {
        let told = elsewhere.into_iter().map(|part| match part.place {
            Place::Into => format!("into `{}`", part.header()),
            Place::Within | Place::Block => format!("`{}`", part.header()),
        });
        lines.push(format!("{ELSEWHERE}{} above.", told.collect::<Vec<_>>().join(" and ")));
    }
    for (at, part) in inside.into_iter().enumerate() {
        lines.extend((at > 0).then(String::new));
        lines.push(format!("[{}]", part.header()));
        lines.extend(part.lines.iter().cloned());
    }
    lines.join(line_end)
}

/// Where a part goes that cannot stand in the block, and as what; none if it can.
fn insert(document: &Document<&str>, text: &str, part: &Part) -> Result<Option<Insert>, SwitchError> {
    let Part { table, name, lines, .. } = part;
    let key = spelt(name);
    let no_table = |key: &str, at: Option<Range<usize>>| SwitchError::NoTable {
        line: line_at(text, at.map_or(0, |at| at.start)),
        key: key.to_owned(),
    };
    let Some((_, all)) = document.as_table().get_key_value(table) else { return Ok(None) };
    if let Some(inline) = all.as_inline_table() {
        return match inline.get(name) {
            None => {
                inside(inline, text, &format!("{key} = {{ {} }}", lines.join(", ")), Place::Within).map(Some)
            }
            Some(toml_edit::Value::InlineTable(one)) if one.is_dotted() => {
                let dotted: Vec<String> = lines.iter().map(|line| format!("{key}.{line}")).collect();
                inside(inline, text, &dotted.join(", "), Place::Into).map(Some)
            }
            Some(toml_edit::Value::InlineTable(one)) => {
                inside(one, text, &lines.join(", "), Place::Into).map(Some)
            }
            Some(other) => Err(no_table(&format!("{table}.{name}"), other.span())),
        };
    }
    let Some(all) = all.as_table() else { return Err(no_table(table, all.span())) };
    match all.get(name) {
        None => Ok(None),
        Some(Item::Value(toml_edit::Value::InlineTable(one))) => {
            inside(one, text, &lines.join(", "), Place::Into).map(Some)
        }
        Some(Item::Table(one)) if one.is_dotted() => {
            let prefix = if all.is_dotted() { format!("{table}.{key}.") } else { format!("{key}.") };
            let end = end_of(one).ok_or(SwitchError::Form { line: 1 })?;
            Ok(Some(after_line(text, end, &prefix, lines)))
        }
        Some(Item::Table(one)) if one.is_implicit() => Ok(None),
        Some(Item::Table(one)) => {
            let header = one.span().ok_or(SwitchError::Form { line: 1 })?;
            Ok(Some(after_line(text, header.end, "", lines)))
        }
        Some(other) => Err(no_table(&format!("{table}.{name}"), other.span())),
    }
}

/// Into an inline table, before all that it has.
fn inside(table: &InlineTable, text: &str, words: &str, place: Place) -> Result<Insert, SwitchError> {
    let span = table.span().filter(|span| text[span.clone()].starts_with('{'));
    let at = span.ok_or(SwitchError::Form { line: 1 })?.start + 1;
    let comma = if table.is_empty() { "" } else { "," };
    Ok(Insert { at, text: format!(" {words}{comma}"), place })
}

/// Lines of their own, after the line in which something ends.
fn after_line(text: &str, end: usize, prefix: &str, lines: &[String]) -> Insert {
    let rest = &text[end..];
    let at = end + rest.find('\n').unwrap_or(rest.len());
    let (at, line_end) = match text[..at].strip_suffix('\r') {
        Some(before) if at < text.len() => (before.len(), "\r\n"),
        _ if at < text.len() => (at, "\n"),
        _ => (at, last_line_end(text)),
    };
    let lines: String = lines.iter().map(|line| format!("{line_end}{prefix}{line}")).collect();
    Insert { at, text: lines, place: Place::Into }
}

/// Where the last value of a dotted table ends.
fn end_of(table: &toml_edit::Table) -> Option<usize> {
    let ends = table.iter().filter_map(|(_, item)| match item {
        Item::Table(inner) => end_of(inner),
        other => other.span().map(|span| span.end),
    });
    ends.max()
}

/// Takes out what [`on`] wrote, if it stands there as it was written.
fn off_written(text: &str) -> Result<Off, SwitchError> {
    let document = parse(text)?;
    let read = table(text)?;
    let unchanged = Off { text: text.to_owned(), was: Was::Off };
    let Some((start, made)) = marked(text, &document) else { return Ok(unchanged) };
    let line_end = if text[start..].split_inclusive('\n').next().is_some_and(|line| line.ends_with("\r\n")) {
        "\r\n"
    } else {
        "\n"
    };
    let advice = match text[start..].split(line_end).nth(1) {
        Some(ADVICE) => Advice::Given,
        Some(_) | None => Advice::Missing,
    };
    let mut added_to = None;
    for (switch, parts) in candidates(&read) {
        let block = block(made, advice, &parts, line_end);
        let end = start + block.len();
        let is_there =
            text[start..].starts_with(&block) && (end == text.len() || text[end..].starts_with(line_end));
        if !is_there {
            continue;
        }
        let changed = SwitchError::AddedTo { line: line_at(text, end) };
        let Some(rest) = without(text, start..end, line_end, made, &parts)? else {
            // The block does not tell what was written elsewhere: it may have been more, or less.
            added_to.get_or_insert(changed);
            continue;
        };
        let mut meant = read.clone();
        parts.iter().flat_map(Part::keys).for_each(|key| unset(&mut meant, key));
        if !table(&rest).is_ok_and(|rest| without_empty(rest) == without_empty(meant)) {
            return Err(changed);
        }
        return Ok(Off { text: rest, was: Was::Written(Switch { made, ..switch }) });
    }
    added_to.map_or(Ok(unchanged), Err)
}

/// The text without a block and the parts of it that stand elsewhere; none where one of these does not.
fn without(
    text: &str,
    block: Range<usize>,
    line_end: &str,
    made: Made,
    parts: &[Part],
) -> Result<Option<String>, SwitchError> {
    let mut rest = without_block(text, block, line_end, made);
    for part in parts.iter().filter(|part| part.place != Place::Block) {
        let Some(cut) = part.cut_from(&rest)? else { return Ok(None) };
        rest.replace_range(cut, "");
    }
    Ok(Some(rest))
}

/// Where the last block of ours begins, by its first line, and what that says. A text in quotes is no line of ours.
fn marked(text: &str, document: &Document<&str>) -> Option<(usize, Made)> {
    let mut start = 0;
    let mut found = None;
    for line in text.split_inclusive('\n') {
        let words = line.trim_end_matches(['\r', '\n']);
        let made =
            [Made::Nothing, Made::File, Made::FileAndFolder].into_iter().find(|made| mark(*made) == words);
        if let Some(made) = made
            && !is_in_value(document.as_table(), start)
        {
            found = Some((start, made));
        }
        start += line.len();
    }
    found
}

fn is_in_value(table: &dyn TableLike, at: usize) -> bool {
    table.iter().any(|(_, item)| match item {
        Item::Value(value) => value.span().is_some_and(|span| span.contains(&at)),
        Item::Table(inner) => is_in_value(inner, at),
        Item::ArrayOfTables(all) => all.iter().any(|inner| is_in_value(inner, at)),
        Item::None => false,
    })
}

/// What a block may consist of, by what the text says. Of the two parts one may have been there before.
fn candidates(read: &Table) -> Vec<(Switch, Vec<Part>)> {
    let index = lookup(read, &["registries", NAME, "index"]).and_then(Value::as_str).unwrap_or_default();
    let places = [None, Some(Place::Block), Some(Place::Into), Some(Place::Within)];
    let mut sources = sources(read);
    if sources.is_empty() {
        // Somebody took out the replacement alone.
        sources.push("crates-io".to_owned());
    }
    let mut candidates = Vec::new();
    for source in sources {
        for (replacement, registry) in places.iter().flat_map(|one| places.map(|other| (*one, other))) {
            for access in [Access::Open, Access::Tokens] {
                let replacement = replacement.map(|place| Part::replacement(&source, place));
                let registry = registry.map(|place| Part::registry(index, access, place));
                let parts: Vec<Part> = replacement.into_iter().chain(registry).collect();
                let switch =
                    Switch { source: source.clone(), index: index.to_owned(), access, made: Made::Nothing };
                if !parts.is_empty() {
                    candidates.push((switch, parts));
                }
            }
        }
    }
    // The longest first: one block may begin with all of another.
    let lines = |parts: &[Part]| parts.iter().map(|part| part.lines.len() + 1).sum::<usize>();
    candidates.sort_by_key(|(_, parts)| std::cmp::Reverse(lines(parts)));
    candidates
}

impl Part {
    /// The stretch of `text` that it is, where it was not written into the block.
    fn cut_from(&self, text: &str) -> Result<Option<Range<usize>>, SwitchError> {
        let Self { table, name, lines, .. } = self;
        let key = spelt(name);
        let document = parse(text)?;
        let Some(start) = self.keys().next().and_then(|first| key_start(document.as_table(), &first)) else {
            return Ok(None);
        };
        let is_at = |from: usize, words: &str| text.get(from..).is_some_and(|rest| rest.starts_with(words));
        let inline = |words: String, lead: usize| {
            let (from, words) = (start.checked_sub(lead)?, format!("{{ {words}"));
            let to = from + words.len();
            let comma = || usize::from(text[to..].starts_with(','));
            is_at(from, &words).then(|| from + 1..to + comma())
        };
        if self.place == Place::Within {
            let words = format!("{key} = {{ {} }}", lines.join(", "));
            return Ok(inline(words, "{  = { ".len() + key.len()));
        }
        // As lines of its own.
        for prefix in [String::new(), format!("{key}."), format!("{table}.{key}.")] {
            for line_end in ["\r\n", "\n"] {
                let words: String = lines.iter().map(|line| format!("{line_end}{prefix}{line}")).collect();
                let Some(from) = start.checked_sub(prefix.len() + line_end.len()) else { continue };
                let to = from + words.len();
                if is_at(from, &words) && (to == text.len() || text[to..].starts_with(line_end)) {
                    return Ok(Some(from..to));
                }
            }
        }
        // Or the first in an inline table.
        let dotted: Vec<String> = lines.iter().map(|line| format!("{key}.{line}")).collect();
        let plain = inline(lines.join(", "), "{ ".len());
        Ok(plain.or_else(|| inline(dotted.join(", "), "{ .".len() + key.len())))
    }
}

fn key_start(table: &dyn TableLike, key: &[&str]) -> Option<usize> {
    let (last, tables) = key.split_last()?;
    let mut at = table;
    for name in tables {
        at = at.get(name)?.as_table_like()?;
    }
    at.get_key_value(last)?.0.span().map(|span| span.start)
}

/// The text without its block and what was written with it: the empty line before, and the line end that was the
/// text's own before.
fn without_block(text: &str, block: Range<usize>, line_end: &str, made: Made) -> String {
    let (before, after) = (&text[..block.start], &text[block.end..]);
    let empty_line = before.strip_suffix(line_end).filter(|rest| rest.ends_with('\n'));
    let is_first = before.is_empty();
    let before = empty_line.unwrap_or(before);
    match after.strip_prefix(line_end) {
        // What was added behind a block that was the whole file begins with an empty line, mostly.
        Some(after) if is_first && made != Made::Nothing => after.trim_start_matches(['\r', '\n']).to_owned(),
        Some(after) => before.to_owned() + after,
        None => before.strip_suffix(line_end).unwrap_or(before).to_owned(),
    }
}

/// Takes out what leads to a fence and is not as [`on`] writes it: whole lines, and the header of a table that nothing is
/// left in. A block's first lines, where they still stand, go too, and with them the registry that they speak of.
fn by_hand(text: &str) -> Result<Off, SwitchError> {
    let document = parse(text)?;
    let read = table(text)?;
    let mut meant = read.clone();
    let mut cuts: Vec<Range<usize>> = Vec::new();
    for source in sources(&read) {
        let key = ["source", source.as_str(), "replace-with"];
        cuts.extend(lines_of(text, &document, key)?);
        unset(&mut meant, key);
    }
    if let Some((start, _)) = marked(text, &document) {
        let ours = [ELSEWHERE, ADVICE, "# `cargo fence enable` "];
        let words = text[start..]
            .split_inclusive('\n')
            .take_while(|line| ours.iter().any(|words| line.starts_with(words)));
        cuts.push(start..start + words.map(str::len).sum::<usize>());
        for key in ["index", "credential-provider"] {
            let key = ["registries", NAME, key];
            if lookup(&read, &key).is_some() {
                cuts.extend(lines_of(text, &document, key)?);
                unset(&mut meant, key);
            }
        }
    }
    cuts.sort_by_key(|cut| (cut.start, cut.end));
    cuts.dedup();
    let mut rest = text.to_owned();
    for cut in cuts.into_iter().rev() {
        rest.replace_range(cut, "");
    }
    let is_meant = table(&rest).is_ok_and(|rest| without_empty(rest) == without_empty(meant));
    let line = sources(&read).first().and_then(|source| line_of(text, &["source", source, "replace-with"]));
    let line = line.unwrap_or(1);
    is_meant.then_some(Off { text: rest, was: Was::ByHand }).ok_or(SwitchError::AddedTo { line })
}

/// The lines of a key and its value, and of the header above them if they are all of its table.
fn lines_of(text: &str, document: &Document<&str>, key: [&str; 3]) -> Result<Vec<Range<usize>>, SwitchError> {
    let start = key_start(document.as_table(), &key);
    let [table, name, key] = key;
    let form = SwitchError::Form { line: line_at(text, start.unwrap_or(0)) };
    let one = document.as_table().get(table).and_then(Item::as_table).and_then(|all| all.get(name));
    let one = one.and_then(Item::as_table).ok_or_else(|| form.clone())?;
    let value = one.get(key).and_then(Item::span);
    let (Some(start), Some(value)) = (start, value) else { return Err(form) };
    let whole_lines = |from: usize, to: usize| {
        let start = text[..from].rfind('\n').map_or(0, |at| at + 1);
        let end = text[to..].find('\n').map_or(text.len(), |at| to + at + 1);
        start..end
    };
    let mut lines = vec![whole_lines(start, value.end)];
    let ours = |key: &str| matches!(key, "replace-with" | "index" | "credential-provider");
    if !one.is_dotted()
        && one.iter().all(|(key, _)| ours(key))
        && let Some(header) = one.span()
    {
        lines.push(whole_lines(header.start, header.end));
    }
    Ok(lines)
}

/// The sources that the fence stands in for.
fn sources(read: &Table) -> Vec<String> {
    let all = read.get("source").and_then(Value::as_table);
    let all = all.into_iter().flatten();
    let replaced = all.filter(|(_, source)| source.get("replace-with").and_then(Value::as_str) == Some(NAME));
    replaced.map(|(name, _)| name.clone()).collect()
}

fn parse(text: &str) -> Result<Document<&str>, SwitchError> {
    Document::parse(text).map_err(|error| SwitchError::NotToml {
        line: line_at(text, error.span().map_or(0, |span| span.start)),
        cause: error.message().to_owned(),
    })
}

fn table(text: &str) -> Result<Table, SwitchError> {
    text.parse().map_err(|error: toml::de::Error| SwitchError::NotToml {
        line: line_at(text, error.span().map_or(0, |span| span.start)),
        cause: error.message().to_owned(),
    })
}

fn line_at(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}

fn last_line_end(text: &str) -> &'static str {
    match text.rfind('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// A name as a key of TOML: in quotes where it needs them.
fn spelt(name: &str) -> String {
    Key::new(name).display_repr().into_owned()
}

fn provider() -> Value {
    Value::Array(vec!["cargo:token".into()])
}

fn lookup<'a>(read: &'a Table, key: &[&str]) -> Option<&'a Value> {
    let (last, tables) = key.split_last()?;
    tables.iter().try_fold(read, |table, name| table.get(*name)?.as_table())?.get(*last)
}

fn set(read: &mut Table, [table, name, key]: [&str; 3], value: Value) {
    let all = read.entry(table).or_insert_with(|| Table::new().into());
    let one = all.as_table_mut().map(|all| all.entry(name).or_insert_with(|| Table::new().into()));
    if let Some(one) = one.and_then(Value::as_table_mut) {
        one.insert(key.to_owned(), value);
    }
}

fn unset(read: &mut Table, [table, name, key]: [&str; 3]) {
    let one = read.get_mut(table).and_then(|all| all.get_mut(name)).and_then(Value::as_table_mut);
    if let Some(one) = one {
        one.remove(key);
    }
}

/// What a table says, apart from tables that say nothing.
fn without_empty(mut read: Table) -> Table {
    for table in ["source", "registries"] {
        if let Some(all) = read.get_mut(table).and_then(Value::as_table_mut) {
            all.retain(|_, one| one.as_table().is_none_or(|one| !one.is_empty()));
            if all.is_empty() {
                read.remove(table);
            }
        }
    }
    read
}
