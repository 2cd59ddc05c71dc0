//! One release: the decision on top, the facts as a time line, what can be done with the commands to copy.

use std::sync::Arc;

use fence_client::source::{Record, Told, Weight};
use fence_model::decision::{Decision, Verdict};
use fence_model::words::help::{self, Help, Named, Placed};
use fence_model::words::text::harmless;
use fence_model::words::{self, outlook, story};
use fence_model::{CrateName, ReleaseId, Span, Time};
use semver::Version;

use super::change::{compared, told_findings};
use super::html::{Element, Node, el, nothing, several};
use super::{Frame, Mark, code_link, command, day, moment, page, picture, pill, section, terms};
use crate::answer::{Change, Page};
use crate::change::Shown;

/// The page's values.
#[derive(Debug, Clone)]
pub(crate) struct Release {
    pub(crate) frame: Frame,
    pub(crate) registry: String,
    pub(crate) decision: Arc<Decision>,
    /// How it compares with its repository, where somebody looked.
    pub(crate) source: Option<Record>,
    /// What is admitted in its place.
    pub(crate) stay: Option<Version>,
    pub(crate) ground: Ground,
    /// Why the registry's word is its last and not its present one.
    pub(crate) stale: Option<String>,
    /// What can be read of its change; none where nobody reads packages.
    pub(crate) change: Option<Reviewed>,
}

/// What can be read of a release's change.
#[derive(Debug, Clone)]
pub(crate) struct Reviewed {
    /// Where.
    pub(crate) page: Change,
    /// With what it is compared, and why; or why with nothing.
    pub(crate) beside: Result<(Version, &'static str), &'static str>,
    /// What came of it, where it was read already.
    pub(crate) shown: Option<Arc<Shown>>,
}

/// Whether what a release needs was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ground {
    Whole,
    /// There was no time: what it needs may still hold it.
    Alone,
}

/// The page.
pub(crate) fn release(release: &Release) -> String {
    let Release { frame, registry, decision, source, stay, ground, stale, change } = release;
    let now = frame.now;
    let title = format!("{} {}", decision.release.name, decision.release.version);
    let facts = story::facts(decision, now);
    let mut content = vec![verdict(registry, decision, (*ground, stale.as_deref()), now)];
    if decision.verdict != Verdict::Admit {
        content.push(what_to_do(decision, stay.as_ref(), now));
    }
    content.extend(change.as_ref().map(what_changes));
    content.push(
        section("story", "How it came about")
            .with(picture::story(decision, &facts, now))
            .with(time_line(&facts, now)),
    );
    content.push(section("numbers", "Measured by").with(numbers(registry, decision, source.as_ref(), now)));
    page(frame, None, &title, content)
}

/// The decision, in one look.
fn verdict(
    registry: &str,
    decision: &Decision,
    (ground, stale): (Ground, Option<&str>),
    now: Time,
) -> Element {
    let mark = Mark::of(decision.verdict);
    let name = &decision.release.name;
    let all = Page::Crate { registry: registry.to_owned(), name: name.clone() };
    let alone = (ground == Ground::Alone).then(|| {
        el("p").class("explained").with(
            "What it needs could not be looked at in time: reload the page. A build is told once that is known.",
        )
    });
    let stale = stale.map(|why| {
        el("p").class("explained").with(format!(
            "The registry does not answer as it should, so this is by its last word: {}",
            harmless(why)
        ))
    });
    el("section")
        .set("id", "verdict")
        .set("class", format!("verdict {}", mark.class()))
        .with(
            el("p")
                .class("crumbs")
                .with(el("a").set("href", all.path()).with(format!("all releases of {name}")))
                .with(format!(" in {registry}")),
        )
        .with(
            el("h1")
                .with(name.to_string())
                .with(" ")
                .with(el("span").class("version").with(decision.release.version.to_string())),
        )
        .with(
            el("p")
                .class("says")
                .with(pill(mark, story::verdict(decision)))
                .with(" ")
                .with(el("span").class("outlook").with(outlook::line(decision, now))),
        )
        .with(alone)
        .with(stale)
}

/// The ways out, and what would admit it.
fn what_to_do(decision: &Decision, stay: Option<&Version>, now: Time) -> Element {
    // A page does not send its reader to the same page in the terminal.
    let why = help::why(&decision.release);
    let helps: Vec<Help> = help::helps(decision, stay, (Named::ByVersion, Placed::Newer), now)
        .into_iter()
        .map(|Help { what, mut commands }| {
            commands.retain(|command| *command != why);
            Help { what, commands }
        })
        .filter(|help| !help.commands.is_empty())
        .collect();
    let is_excepted =
        helps.iter().flat_map(|help| &help.commands).any(|command| command.starts_with("cargo fence except"));
    let steps = helps.into_iter().map(|Help { what, commands }| {
        el("li")
            .with(el("p").with(first_upper(what.strip_prefix("or ").unwrap_or(&what))))
            .with_all(commands.iter().map(|text| command(text)))
    });
    let ways = decision.clears.iter().map(|way| {
        let except = (way.is_override() && !is_excepted)
            .then(|| command(&help::except(decision, "…", &help::usual_end(decision, now))));
        let against = way.is_override().then_some(", against this judgement");
        el("li").with(harmless(&words::way(way, now))).with(against).with(except)
    });
    let none = decision.is_no_way().then(|| {
        el("p")
            .with("Nothing that anybody can vouch for admits it; what is left goes against this judgement.")
    });
    let admits = if decision.clears.is_empty() {
        nothing()
    } else {
        several([
            Node::from(el("h3").with("What would admit it")),
            none.into(),
            el("ul").class("ways").with_all(ways).into(),
        ])
    };
    let steps: Vec<Element> = steps.collect();
    let steps = if steps.is_empty() {
        el("p").with("Nothing but to wait.").into()
    } else {
        Node::from(el("ol").class("steps").with_all(steps))
    };
    section("ways", "What you can do").with(steps).with(admits)
}

/// What it changes, as far as that is known: nobody waits for packages here.
fn what_changes(Reviewed { page, beside, shown }: &Reviewed) -> Element {
    let known = match shown {
        Some(shown) => {
            let findings = told_findings(shown);
            let findings = if shown.findings() == 0 {
                "no findings".to_owned()
            } else {
                format!("findings: {findings}")
            };
            format!("{}; {findings}.", shown.totals)
        }
        None => "Both packages are fetched and read when somebody opens the change.".to_owned(),
    };
    section("change", "What changes").with(el("p").with(compared(page, beside)).with(" ").with(known)).with(
        el("p").with(
            el("a").class("onward").set("href", Page::Change(page.clone()).path()).with("Read the change"),
        ),
    )
}

/// From when on the time of the day is told beside the day: what happened lately may be a matter of minutes.
const BY_THE_MINUTE: Span = Span::days(30);

/// The facts in the order of time.
fn time_line(facts: &[story::Fact<'_>], now: Time) -> Element {
    let fact = |fact: &story::Fact<'_>| {
        let mark = picture::mark_of(fact);
        let when = match fact.at {
            Some(at) if now - at < BY_THE_MINUTE => {
                let text = at.to_string();
                let shown = format!("{} {}", &text[..10], &text[11..16]);
                el("time").class("when").set("datetime", text).with(shown)
            }
            Some(at) => day(at).set("class", "when"),
            None => el("span").class("when").with("now"),
        };
        let code = fact.reason.map(|reason| several([Node::from(code_link(reason.code)), " ".into()]));
        let sentence =
            if fact.reason.is_some() { fact.sentence.clone() } else { first_upper(&fact.sentence) };
        let does = (!fact.does.is_empty()).then(|| el("span").class("does").with(fact.does));
        el("li")
            .set("class", mark.class())
            .with(when)
            .with(picture::glyph(mark))
            .with(el("div").with(code).with(sentence).with(" ").with(does))
    };
    el("ol").class("timeline").with_all(facts.iter().map(fact))
}

fn numbers(registry: &str, decision: &Decision, source: Option<&Record>, now: Time) -> Element {
    let mut rows: Vec<(&'static str, Node)> =
        vec![("Level", decision.level.as_str().into()), ("Wait", story::wait(decision, now).into())];
    if let Some(published) = decision.published {
        rows.push(("Published", moment(published).into()));
    }
    if let Some(base) = &decision.base {
        rows.push(("Compared with", link_to(registry, &decision.release.name, base).into()));
    }
    let ReleaseId { name, version } = &decision.release;
    if decision.panics.places > 0 {
        let shown = command(&format!("cargo fence review {name}@{version} --panics"));
        rows.push(("Panics", several([Node::from(words::new_panics(decision.panics)), shown.into()])));
    }
    match source {
        Some(record) => {
            rows.push(("Source", el("ul").class("sources").with_all(record.told().iter().map(told)).into()));
        }
        None if decision.digest.is_some() => {
            let compare = command(&format!("cargo fence source {name}@{version}"));
            rows.push(("Source", several([Node::from("not compared with its repository"), compare.into()])));
        }
        None => {}
    }
    if let Some(support) = &decision.quorum {
        rows.push(("Quorum", harmless(&words::quorum::support_sentence(support)).into()));
    }
    if let Some(attained) = story::attained(decision) {
        rows.push(("Attains", attained.into()));
    }
    let digest = decision.digest.map_or_else(|| "unknown".to_owned(), |digest| digest.to_string());
    rows.push(("Digest", el("code").class("digest").with(digest).into()));
    terms("numbers", rows)
}

/// A sentence about the source. What it says of names and paths is a stranger's word.
fn told(told: &Told) -> Element {
    let mark = if told.weight == Weight::Plain { Mark::Says } else { Mark::Warns };
    el("li").set("class", mark.class()).with(picture::glyph(mark)).with(" ").with(harmless(&told.words))
}

fn link_to(registry: &str, name: &CrateName, version: &Version) -> Element {
    let page = Page::Release { registry: registry.to_owned(), name: name.clone(), version: version.clone() };
    el("a").set("href", page.path()).with(version.to_string())
}

/// A sentence as it stands on its own.
fn first_upper(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + chars.as_str())
}
