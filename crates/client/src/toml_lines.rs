//! Where in a TOML file something stands, for people who have to change it.

use toml_edit::{Document, Item, TableLike};

/// A TOML file that can be asked for lines.
#[derive(Debug)]
pub struct TomlLines {
    document: Document<String>,
}

impl TomlLines {
    /// Reads `text`; none where it is not TOML, so that nobody can say where anything stands.
    pub fn read(text: &str) -> Option<Self> {
        Some(Self { document: Document::parse(text.to_owned()).ok()? })
    }

    /// The line, from 1, of the key that this path of keys leads to, in whatever form it is written: tables, dotted keys or
    /// inline tables. A number leads into a list.
    pub fn line(&self, path: &[&str]) -> Option<usize> {
        let (last, tables) = path.split_last()?;
        let mut item = self.document.as_item();
        for key in tables {
            item = step(item, key)?;
        }
        let span = match item.as_table_like().and_then(|table| table.get_key_value(last)) {
            // The key of `[a.b]` stands in its own place, that of an implied table where the first of its children does.
            Some((key, found)) => key.span().or_else(|| found.span()).or_else(|| first_inside(found))?,
            None => step(item, last).and_then(|found| found.span().or_else(|| first_inside(found)))?,
        };
        let before = self.document.raw().get(..span.start)?;
        Some(before.matches('\n').count() + 1)
    }

    /// The keys below a path.
    pub fn keys(&self, path: &[&str]) -> Vec<String> {
        let table = self.table(path);
        table.map(|table| table.iter().map(|(key, _)| key.to_owned()).collect()).unwrap_or_default()
    }

    /// The text at a path.
    pub fn text(&self, path: &[&str]) -> Option<&str> {
        self.item(path)?.as_str()
    }

    /// How many entries the list at a path has.
    pub fn length(&self, path: &[&str]) -> usize {
        let Some(item) = self.item(path) else { return 0 };
        let tables = item.as_array_of_tables().map(toml_edit::ArrayOfTables::len);
        tables.or_else(|| item.as_array().map(toml_edit::Array::len)).unwrap_or(0)
    }

    fn item(&self, path: &[&str]) -> Option<&Item> {
        path.iter().try_fold(self.document.as_item(), |item, key| step(item, key))
    }

    fn table(&self, path: &[&str]) -> Option<&dyn TableLike> {
        self.item(path)?.as_table_like()
    }
}

fn step<'a>(item: &'a Item, key: &str) -> Option<&'a Item> {
    match (item.as_table_like(), key.parse::<usize>()) {
        (Some(table), _) => table.get(key),
        (None, Ok(at)) => item.get(at),
        (None, Err(_)) => None,
    }
}

fn first_inside(item: &Item) -> Option<std::ops::Range<usize>> {
    let table = item.as_table_like()?;
    let spans = table.iter().filter_map(|(key, inner)| {
        let (key, _) = table.get_key_value(key)?;
        key.span().or_else(|| inner.span()).or_else(|| first_inside(inner))
    });
    spans.min_by_key(|span| span.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_its_line_however_it_is_written() {
        let check = |text: &str, path: &[&str], expected: Option<usize>| {
            assert_eq!(TomlLines::read(text).unwrap().line(path), expected, "{text:?} {path:?}");
        };
        check("a = 1\nb = 2\n", &["b"], Some(2));
        check(
            "\n[source.crates-io]\nreplace-with = \"x\"\n",
            &["source", "crates-io", "replace-with"],
            Some(3),
        );
        check("\n[source.crates-io]\nreplace-with = \"x\"\n", &["source", "crates-io"], Some(2));
        check(
            "# a\nsource.crates-io.replace-with = \"x\"\n",
            &["source", "crates-io", "replace-with"],
            Some(2),
        );
        check(
            "[source]\n\ncrates-io = { replace-with = \"x\" }\n",
            &["source", "crates-io", "replace-with"],
            Some(3),
        );
        check("[[e]]\na = 1\n\n[[e]]\na = 2\n", &["e", "1", "a"], Some(5));
        check("e = [{ a = 1 },\n{ a = 2 }]\n", &["e", "1", "a"], Some(2));
        check("a = 1\n", &["b"], None);
        check("a = 1\n", &["a", "b"], None);
        assert!(TomlLines::read("a = ").is_none());
    }
}
