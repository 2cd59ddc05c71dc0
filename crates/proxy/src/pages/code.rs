//! What a code means: the page that `cargo fence explain` prints.

use fence_model::Code;
use fence_model::policy::Policy;
use fence_scan::Explanation;

use super::html::{Element, Node, el, several};
use super::policy::{CLASSES, at_levels};
use super::{Frame, page, prose, terms};
use crate::answer::Page;

/// The page. `explained` is what there is to read of it: paragraphs, parted by empty lines, in which `**` and backquotes
/// mark what is strong and what is code.
pub(crate) fn code(frame: &Frame, code: Code, policy: &Policy, explained: &str) -> String {
    let class = CLASSES.into_iter().find(|(class, _)| *class == code.class());
    let class = class.map(|(_, title)| title);
    let effects = at_levels(policy, code).into_iter().map(|(level, does)| (level.as_str(), Node::from(does)));
    let paragraphs = explained.split("\n\n").map(|paragraph| el("p").with(marked(paragraph)));
    let content = el("section")
        .class("code-page")
        .with(
            el("p")
                .class("crumbs")
                .with(el("a").set("href", Page::Policy.path()).with("Policy"))
                .with(" · ")
                .with(class),
        )
        .with(el("h1").with(code.as_str()))
        .with(el("p").class("lead").with(prose(code.summary())))
        .with(el("h2").with("What it does, by level"))
        .with(terms("levels", effects.collect()))
        .with(el("h2").with("What it means"))
        .with_all(paragraphs)
        .with(
            el("p")
                .class("explained")
                .with("In the terminal: ")
                .with(el("code").with(format!("cargo fence explain {code}"))),
        );
    page(frame, None, code.as_str(), vec![content])
}

/// The page of a code of the scanner; none where it has no such code.
pub(crate) fn sign(frame: &Frame, code: &str) -> Option<String> {
    let Explanation { code, means, look, techniques } =
        fence_scan::explanations().find(|of| of.code == code)?;
    let techniques = (!techniques.is_empty())
        .then(|| el("p").class("explained").with(format!("Techniques: {}.", techniques.join(", "))));
    let content = el("section")
        .class("code-page")
        .with(el("p").class("crumbs").with("What the scanner finds in packages"))
        .with(el("h1").with(code))
        .with(el("p").class("lead").with(prose(means)))
        .with(el("h2").with("What to look at"))
        .with(el("p").with(prose(look)))
        .with(techniques)
        .with(
            el("p")
                .class("explained")
                .with("In the terminal: ")
                .with(el("code").with(format!("cargo fence explain {code}"))),
        );
    Some(page(frame, None, code, vec![content]))
}

/// A paragraph with what is strong in it.
fn marked(paragraph: &str) -> Node {
    let parts = paragraph.split("**").enumerate().map(|(at, part)| -> Node {
        if at % 2 == 1 { Element::with(el("strong"), prose(part)).into() } else { prose(part) }
    });
    several(parts)
}
