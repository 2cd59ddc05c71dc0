//! Pages for people: values in, HTML out.
//!
//! A page shows what was judged and never judges; what it says of a reason, a wait or a way out are the words of
//! [`fence_model::words`], the same as in the terminal. It is whole without a script, loads nothing from elsewhere, and
//! holds no style of its own, so that the server can forbid all of that to whatever a stranger smuggled in.
//!
//! What cargo reads is an *index page* ([`crate::page`]); a *page* is what people read.

mod change;
mod code;
mod crate_page;
mod html;
mod picture;
mod policy;
mod release;
mod search;
mod status;
#[cfg(test)]
mod tests;
mod waiting;

use std::sync::LazyLock;

use bytes::Bytes;
use fence_model::words::text::{ago, harmless};
use fence_model::{Code, CrateName, Time, Verdict};
use semver::Version;
use sha2::{Digest as _, Sha256};

pub(crate) use self::change::{Changed, State, change};
pub(crate) use self::code::{code, sign};
pub(crate) use self::crate_page::{Extent, crate_page};
use self::html::{Element, Node, document, el, several};
pub(crate) use self::policy::{Rules, policy};
pub(crate) use self::release::{Ground, Release, Reviewed, release};
pub(crate) use self::search::{Found, Search, search};
pub(crate) use self::status::status;
pub(crate) use self::waiting::{Held, Rank, Waiting, older, waiting};
use crate::answer::{Asset, Page};

/// What stands around every page.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// What time it is.
    pub(crate) now: Time,
    /// How many releases are held of the crates that were asked for, those of older classes aside.
    pub(crate) held: usize,
    /// How many alarms there are.
    pub(crate) alarms: usize,
    /// What anybody who looks has to know first, whatever they came for.
    pub(crate) notices: Vec<String>,
}

/// A page with this title, of which `here` is the place in the menu.
fn page(frame: &Frame, here: Option<&Page>, title: &str, content: Vec<Element>) -> String {
    written(frame, here, title, (None, None), content)
}

/// A page with a class of its own, and a script beside that of all pages.
fn page_of_its_own(
    frame: &Frame,
    class: &'static str,
    script: Option<Asset>,
    title: &str,
    content: Vec<Element>,
) -> String {
    written(frame, None, title, (Some(class), script), content)
}

fn written(
    frame: &Frame,
    here: Option<&Page>,
    title: &str,
    (class, own_script): (Option<&'static str>, Option<Asset>),
    content: Vec<Element>,
) -> String {
    let script = |asset: Asset| el("script").set("src", asset.path()).set("defer", "");
    let head = el("head")
        .with(el("meta").set("charset", "utf-8"))
        .with(el("meta").set("name", "viewport").set("content", "width=device-width, initial-scale=1"))
        .with(el("meta").set("name", "color-scheme").set("content", "light dark"))
        .with(el("title").with(format!("{title} · the fence")))
        .with(link("stylesheet", Asset::Style))
        .with(link("icon", Asset::Icon))
        .with(script(Asset::Script))
        .with(own_script.map(script));
    let notices = frame.notices.iter().map(|notice| {
        el("p").class("notice").with(picture::glyph(Mark::Warns)).with(el("span").with(harmless(notice)))
    });
    let main = el("main").set("id", "main").set("tabindex", "-1").with_all(notices).with_all(content);
    let body = class.into_iter().fold(el("body"), Element::class);
    let body = body
        .with(el("a").class("skip").set("href", "#main").with("Skip to the content"))
        .with(picture::shapes())
        .with(header(frame, here))
        .with(main)
        .with(footer(frame));
    document(&el("html").set("lang", "en").with(head).with(body))
}

fn link(rel: &'static str, asset: Asset) -> Element {
    el("link").set("rel", rel).set("href", asset.path())
}

fn header(frame: &Frame, here: Option<&Page>) -> Element {
    let item = |page: Page, name: &'static str, count: usize, what: &'static str| {
        let mut link = el("a").set("href", page.path());
        if here == Some(&page) {
            link = link.set("aria-current", "page");
        }
        let count = (count > 0).then(|| {
            let spoken = el("span").class("unseen").with(what);
            el("span").class("count").with(count.to_string()).with(spoken)
        });
        el("li").with(link.with(name).with(count))
    };
    let menu = el("ul")
        .with(item(Page::Waiting, "Waiting", frame.held, " held"))
        .with(item(Page::Policy, "Policy", 0, ""))
        .with(item(Page::Status, "Status", frame.alarms, " alarms"));
    let sought = match here {
        Some(Page::Search { sought }) => sought.clone(),
        _ => String::new(),
    };
    let box_ = el("input")
        .set("type", "search")
        .set("name", "q")
        .set("id", "q")
        .set("value", sought)
        .set("placeholder", "Find a crate")
        .set("aria-label", "Find a crate by its name")
        .set("autocomplete", "off")
        .set("autocapitalize", "none")
        .set("spellcheck", "false")
        .set("maxlength", "64");
    let form = el("form")
        .set("id", "search")
        .set("role", "search")
        .set("action", "/search")
        .set("method", "get")
        .with(box_)
        .with(el("button").set("type", "submit").with("Search"));
    el("header").class("top").with(
        el("div")
            .class("wide")
            .with(el("a").class("brand").set("href", "/").with(picture::brand()).with("the fence"))
            .with(el("nav").set("aria-label", "Pages").with(menu))
            .with(form),
    )
}

fn footer(frame: &Frame) -> Element {
    el("footer").class("bottom").with(
        el("p")
            .class("wide")
            .with(concat!("cargo-fence ", env!("CARGO_PKG_VERSION"), ", "))
            .with(moment(frame.now))
            .with(". For programs: ")
            .with(el("a").set("href", "/status.json").with("status.json"))
            .with("."),
    )
}

/// A page that says that there is none.
pub(crate) fn absent(frame: &Frame, why: &str) -> String {
    let content = el("section")
        .with(el("h1").with("Nothing here"))
        .with(el("p").class("lead").with(harmless(why)))
        .with(el("p").with(el("a").set("href", "/").with("What is held")));
    page(frame, None, "Nothing here", vec![content])
}

/// A page that says that nobody can tell now.
pub(crate) fn unavailable(frame: &Frame, why: &str) -> String {
    let mut lines = why.lines();
    let first = lines.next().unwrap_or_default();
    let content = el("section")
        .with(el("h1").with("Nobody can tell now"))
        .with(el("p").class("lead").with(harmless(first)))
        .with_all(lines.map(|line| el("p").with(harmless(line))));
    page(frame, None, "Nobody can tell now", vec![content])
}

/// The bytes of what pages are dressed in, with their media type and entity tag.
pub(crate) fn asset(asset: Asset) -> (Bytes, &'static str, &'static str) {
    static TAGS: LazyLock<[String; 4]> = LazyLock::new(|| {
        Asset::ALL.map(|asset| {
            let digest = Sha256::digest(content(asset).0);
            let digits: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
            format!("\"{digits}\"")
        })
    });
    let (bytes, media) = content(asset);
    (Bytes::from_static(bytes.as_bytes()), media, &TAGS[asset as usize])
}

const fn content(asset: Asset) -> (&'static str, &'static str) {
    match asset {
        Asset::Style => (include_str!("pages/style.css"), "text/css; charset=utf-8"),
        Asset::Script => (include_str!("pages/page.js"), "text/javascript; charset=utf-8"),
        Asset::Keys => (include_str!("pages/change.js"), "text/javascript; charset=utf-8"),
        Asset::Icon => (include_str!("pages/icon.svg"), "image/svg+xml"),
    }
}

/// What a sign stands for. Each has a shape of its own, so that no colour has to be told from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Admitted,
    Held,
    Blocked,
    Warns,
    Says,
}

impl Mark {
    const fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Admit => Self::Admitted,
            Verdict::Hold => Self::Held,
            Verdict::Block => Self::Blocked,
        }
    }

    const ALL: [Self; 5] = [Self::Admitted, Self::Held, Self::Blocked, Self::Warns, Self::Says];

    /// Where on a page its shape is.
    const fn place(self) -> &'static str {
        match self {
            Self::Admitted => "#sign-admitted",
            Self::Held => "#sign-held",
            Self::Blocked => "#sign-blocked",
            Self::Warns => "#sign-warns",
            Self::Says => "#sign-says",
        }
    }

    /// The class that gives it its colour.
    const fn class(self) -> &'static str {
        match self {
            Self::Admitted => "admitted",
            Self::Held => "held",
            Self::Blocked => "blocked",
            Self::Warns => "warns",
            Self::Says => "says",
        }
    }
}

/// A word with the sign of what it stands for.
fn pill(mark: Mark, word: impl Into<Node>) -> Element {
    el("span")
        .set("class", format!("pill {}", mark.class()))
        .with(picture::glyph(mark))
        .with(el("span").with(word))
}

/// A code, as a link to what it means.
fn code_link(code: Code) -> Element {
    el("a")
        .class("code")
        .set("href", Page::Code(code).path())
        .set("title", code.summary())
        .with(code.as_str())
}

/// A release, as a link to its page.
fn release_link(registry: &str, name: &CrateName, version: &Version) -> Element {
    let (registry, page_name, page_version) = (registry.to_owned(), name.clone(), version.clone());
    let page = Page::Release { registry, name: page_name, version: page_version };
    el("a").class("release").set("href", page.path()).with(format!("{name} {version}"))
}

/// A part of a page with a heading.
fn section(id: &'static str, title: &'static str) -> Element {
    el("section")
        .set("id", id)
        .set("aria-labelledby", format!("{id}-title"))
        .with(el("h2").set("id", format!("{id}-title")).with(title))
}

/// A moment in full.
fn moment(at: Time) -> Element {
    let text = at.to_string();
    let shown = text.replace('T', " ").replace(":00Z", "Z").replace('Z', " UTC");
    el("time").set("datetime", text).with(shown)
}

/// A day, with the moment for who asks for it.
fn day(at: Time) -> Element {
    el("time").set("datetime", at.to_string()).set("title", at.to_string()).with(at.date())
}

/// How long ago.
fn since(at: Time, now: Time) -> Element {
    el("time").set("datetime", at.to_string()).set("title", at.to_string()).with(ago(at, now))
}

/// A command to copy. It is never cut, since half a command is another one.
fn command(text: &str) -> Element {
    el("pre").class("command").with(el("code").with(text.to_owned()))
}

/// `a`, `b` and `c` between backquotes are code; all else is text.
fn prose(text: &str) -> Node {
    let parts = text.split('`').enumerate();
    several(parts.filter(|(_, part)| !part.is_empty()).map(|(at, part)| {
        let part = part.to_owned();
        if at % 2 == 1 { Node::from(el("code").with(part)) } else { Node::from(part) }
    }))
}

/// `1 release`, `2 releases`.
fn count(n: usize, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}

/// A table whose rows become blocks where there is no room, each cell with the name of its column.
fn table(class: &'static str, label: String, columns: &[&'static str], rows: Vec<Vec<Node>>) -> Element {
    // The roles are what a table has anyway; but one that is folded into blocks loses them without these.
    let head =
        columns.iter().map(|column| el("th").set("scope", "col").set("role", "columnheader").with(*column));
    let row = |cells: Vec<Node>| {
        let cells = cells.into_iter().zip(columns).enumerate().map(|(at, (cell, column))| {
            let cell_of = match at {
                0 => el("th").set("scope", "row").set("role", "rowheader"),
                _ => el("td").set("role", "cell").set("data-label", *column),
            };
            cell_of.with(el("div").with(cell))
        });
        el("tr").set("role", "row").with_all(cells)
    };
    el("table")
        .set("class", format!("folds {class}"))
        .set("role", "table")
        .with(el("caption").class("unseen").with(label))
        .with(el("thead").set("role", "rowgroup").with(el("tr").set("role", "row").with_all(head)))
        .with(el("tbody").set("role", "rowgroup").with_all(rows.into_iter().map(row)))
}

/// A list of terms and what there is to say of each.
fn terms(class: &'static str, rows: Vec<(&'static str, Node)>) -> Element {
    let row =
        |(term, what): (&'static str, Node)| el("div").with(el("dt").with(term)).with(el("dd").with(what));
    el("dl").set("class", format!("terms {class}")).with_all(rows.into_iter().map(row))
}
