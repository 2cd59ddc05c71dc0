//! Crates by their names.

use fence_model::{CrateName, Time};

use super::html::{Node, el, nothing, several};
use super::{Frame, count, page, since};
use crate::answer::Page;

/// The page's values.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    pub(crate) frame: Frame,
    pub(crate) sought: String,
    /// The crates that were found, the likeliest first.
    pub(crate) found: Vec<Found>,
    /// How many more there are.
    pub(crate) more: usize,
    /// The name that was sought in the registries where nobody asked for it yet.
    pub(crate) unasked: Vec<(String, CrateName)>,
}

/// A crate that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) registry: String,
    pub(crate) name: CrateName,
    /// How many of its releases are held, those of older classes aside.
    pub(crate) held: usize,
    /// When a client asked for it last; none where none did.
    pub(crate) asked: Option<Time>,
}

/// The page. Its script takes the list out of it, as one types.
pub(crate) fn search(Search { frame, sought, found, more, unasked }: &Search) -> String {
    let now = frame.now;
    let path = |registry: &str, name: &CrateName| {
        Page::Crate { registry: registry.to_owned(), name: name.clone() }.path()
    };
    let rows = found.iter().map(|Found { registry, name, held, asked }| {
        let told: Node = match (held, asked) {
            (0, Some(asked)) => several([Node::from("asked for "), since(*asked, now).into()]),
            (0, None) => "not asked for yet".into(),
            (n, _) => el("span").class("count").with(format!("{n} held")).into(),
        };
        let told = el("span").class("line").with(told).with(format!(", {registry}"));
        el("li").with(el("a").set("href", path(registry, name)).with(name.to_string())).with(" ").with(told)
    });
    let unasked = unasked.iter().map(|(registry, name)| {
        let link = el("a").set("href", path(registry, name)).with(format!("look up {name} in {registry}"));
        el("li").class("unasked").with(link)
    });
    let list: Node = if found.is_empty() && unasked.len() == 0 {
        nothing()
    } else {
        el("ul").with_all(rows).with_all(unasked).into()
    };
    let told = match (sought.is_empty(), found.len() + more) {
        (true, _) => "Type the name of a crate, or a part of it.".to_owned(),
        (false, 0) => "No crate that the fence knows has that in its name.".to_owned(),
        (false, n) if *more > 0 => format!("{}, of which {more} are not shown.", count(n, "crate")),
        (false, n) => format!("{}.", count(n, "crate")),
    };
    let content = el("section")
        .with(el("h1").with("Find a crate"))
        .with(el("div").set("id", "found").with(el("p").class("told").with(told)).with(list));
    let here = Page::Search { sought: sought.clone() };
    page(frame, Some(&here), "Find a crate", vec![content])
}
