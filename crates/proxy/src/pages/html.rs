//! HTML as a value: elements with attributes and children, and text.
//!
//! Names of elements and attributes are literals of this program; all else, whoever chose it, gets in as text or as the
//! value of an attribute, and is escaped when it is written. So no string can become markup, and there is no other way in.
//! Characters that turn the direction of writing, and control characters, are shown as what they are: they would make a
//! version or a command look like another.

use std::borrow::Cow;

/// What stands in an element.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Element(Element),
    Text(Cow<'static, str>),
    /// Several, one behind the other, without an element around them; or nothing.
    Several(Vec<Self>),
}

/// An element.
#[derive(Debug, Clone)]
pub(crate) struct Element {
    name: &'static str,
    attributes: Vec<(&'static str, Cow<'static, str>)>,
    children: Vec<Node>,
}

/// Elements that have no end tag, and nothing in them.
const VOID: [&str; 5] = ["br", "col", "input", "link", "meta"];

/// An element with this name.
pub(crate) fn el(name: &'static str) -> Element {
    Element { name, attributes: Vec::new(), children: Vec::new() }
}

/// Nothing.
pub(crate) const fn nothing() -> Node {
    Node::Several(Vec::new())
}

/// Nodes, one behind the other.
pub(crate) fn several<T: Into<Node>>(nodes: impl IntoIterator<Item = T>) -> Node {
    Node::Several(nodes.into_iter().map(Into::into).collect())
}

impl Element {
    /// With an attribute.
    pub(crate) fn set(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    /// With a class.
    pub(crate) fn class(self, class: &'static str) -> Self {
        self.set("class", class)
    }

    /// With something in it, behind what is in it already.
    pub(crate) fn with(mut self, child: impl Into<Node>) -> Self {
        self.children.push(child.into());
        self
    }

    /// With each of these in it.
    pub(crate) fn with_all<T: Into<Node>>(mut self, children: impl IntoIterator<Item = T>) -> Self {
        self.children.extend(children.into_iter().map(Into::into));
        self
    }

    fn write(&self, html: &mut String) {
        html.push('<');
        html.push_str(self.name);
        for (name, value) in &self.attributes {
            html.push(' ');
            html.push_str(name);
            html.push_str("=\"");
            escape(value, html);
            html.push('"');
        }
        html.push('>');
        if VOID.contains(&self.name) {
            return;
        }
        self.children.iter().for_each(|child| child.write(html));
        html.push_str("</");
        html.push_str(self.name);
        html.push('>');
        if is_block(self.name) {
            // So that the source can be read, and compared line by line.
            html.push('\n');
        }
    }
}

impl Node {
    fn write(&self, html: &mut String) {
        match self {
            Self::Element(element) => element.write(html),
            Self::Text(text) => escape(text, html),
            Self::Several(nodes) => nodes.iter().for_each(|node| node.write(html)),
        }
    }
}

/// The document of this root element.
pub(crate) fn document(root: &Element) -> String {
    let mut html = String::with_capacity(16 << 10);
    html.push_str("<!doctype html>\n");
    root.write(&mut html);
    html
}

impl From<Element> for Node {
    fn from(element: Element) -> Self {
        Self::Element(element)
    }
}

impl From<String> for Node {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<&'static str> for Node {
    fn from(text: &'static str) -> Self {
        Self::Text(text.into())
    }
}

impl<T: Into<Self>> From<Option<T>> for Node {
    fn from(node: Option<T>) -> Self {
        node.map_or_else(nothing, Into::into)
    }
}

/// Elements behind which a line may end without a blank becoming visible.
fn is_block(name: &str) -> bool {
    !matches!(
        name,
        "a" | "abbr"
            | "b"
            | "button"
            | "code"
            | "mark"
            | "path"
            | "span"
            | "strong"
            | "text"
            | "time"
            | "title"
            | "use"
    )
}

/// Writes text so that it stays text, in an element and in an attribute between double quotes.
fn escape(text: &str, html: &mut String) {
    // Nearly all text is plain, and goes over in one piece.
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && !b"&<>\"'".contains(byte);
    let mut rest = text;
    while !rest.is_empty() {
        let plain = rest.bytes().take_while(is_plain).count();
        html.push_str(&rest[..plain]);
        let mut chars = rest[plain..].chars();
        match chars.next() {
            Some('&') => html.push_str("&amp;"),
            Some('<') => html.push_str("&lt;"),
            Some('>') => html.push_str("&gt;"),
            Some('"') => html.push_str("&quot;"),
            Some('\'') => html.push_str("&#39;"),
            Some(c @ ('\n' | '\t')) => html.push(c),
            Some(c) if c.is_control() || turns(c) => html.extend(c.escape_unicode()),
            Some(c) => html.push(c),
            None => {}
        }
        rest = chars.as_str();
    }
}

/// Whether a character changes the direction of what is written behind it, or cannot be seen.
fn turns(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_strangers_text_stays_text() {
        let hostile = "</p><script>alert('1' & \"2\")</script>\u{202e}\u{1b}\u{200b}";
        let html = document(&el("p").set("title", hostile.to_owned()).with(hostile.to_owned()));
        insta::assert_snapshot!(html, @r#"
        <!doctype html>
        <p title="&lt;/p&gt;&lt;script&gt;alert(&#39;1&#39; &amp; &quot;2&quot;)&lt;/script&gt;\u{202e}\u{1b}\u{200b}">&lt;/p&gt;&lt;script&gt;alert(&#39;1&#39; &amp; &quot;2&quot;)&lt;/script&gt;\u{202e}\u{1b}\u{200b}</p>
        "#);
    }

    proptest! {
        /// Whatever is written between the tags of this program, no other tag and no attribute comes of it.
        #[test]
        fn no_text_is_markup(text in any::<String>()) {
            let html = document(&el("p").set("title", text.clone()).with(text).with(el("b")));
            let inside = html.strip_prefix("<!doctype html>\n<p title=\"").unwrap();
            let (attribute, inside) = inside.split_once("\">").unwrap();
            let (content, end) = inside.split_once("<b>").unwrap();
            prop_assert_eq!(end, "</b></p>\n");
            for part in [attribute, content] {
                prop_assert!(!part.contains(['<', '>', '"', '\'']), "{}", part);
            }
            prop_assert_eq!(attribute, content);
        }
    }
}
