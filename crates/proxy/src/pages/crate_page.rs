//! A crate: its releases with their verdicts over time. The latest are on its page, all of them on a page of their own: people
//! seldom want those, and some crates have a thousand.

use fence_model::facts::Gone;
use fence_model::view::Mark as Shown;
use fence_model::words::text::{self, harmless};
use fence_model::{Time, Verdict};

use super::html::{Element, Node, el, several};
use super::picture::{self, Dot};
use super::{Frame, Mark, count, day, moment, page, pill, since, table};
use crate::alarms::Alarm;
use crate::answer::Page;
use crate::judgement::{Chronicle, Entry};

/// How many are its latest releases.
const LATEST: usize = 40;

/// How many releases a page has at most. The busiest crate has some 1,400.
const MOST: usize = 2_000;

/// Which releases of a crate a page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    Latest,
    All,
}

/// The page.
pub(crate) fn crate_page(
    frame: &Frame,
    registry: &str,
    chronicle: &Chronicle,
    extent: Extent,
    alarms: &[Alarm],
    stale: Option<&str>,
) -> String {
    let Chronicle { name, releases, gone } = chronicle;
    let now = frame.now;
    let of = |verdict| releases.iter().filter(|entry| entry.judged.verdict == verdict).count();
    let (held, blocked) = (of(Verdict::Hold), of(Verdict::Block));
    let mut counted = vec![format!("{} admitted", of(Verdict::Admit))];
    counted.extend((held > 0).then(|| format!("{held} held")));
    counted.extend((blocked > 0).then(|| format!("{blocked} blocked")));
    counted.extend((!gone.is_empty()).then(|| format!("{} gone from the index", gone.len())));
    let stale = stale.map(|why| {
        el("p").class("explained").with(format!(
            "The registry does not answer as it should, so this is by its last word: {}",
            harmless(why)
        ))
    });
    let dots: Vec<Dot> = {
        let mut dots: Vec<Dot> = releases
            .iter()
            .filter_map(|entry| Some(Dot { at: entry.appeared?, verdict: entry.judged.verdict }))
            .collect();
        dots.sort_by_key(|dot| dot.at);
        dots
    };
    let head = el("section")
        .with(el("p").class("crumbs").with(format!("in {registry}")))
        .with(el("h1").with(name.to_string()))
        .with(el("p").class("lead").with(format!(
            "{}: {}.",
            count(releases.len(), "release"),
            text::and(&counted)
        )))
        .with(stale)
        .with(picture::releases(&dots, now))
        .with(el("p").class("explained line").with("On the line: admitted. Above it: held or blocked."));
    let shown = match extent {
        Extent::Latest => LATEST,
        Extent::All => MOST,
    };
    let older = releases.len().saturating_sub(shown);
    let path = |entry: &Entry| Page::Release {
        registry: registry.to_owned(),
        name: name.clone(),
        version: entry.judged.version.clone(),
    };
    let rows = releases.iter().rev().take(shown).map(|entry| row(entry, &path(entry), now)).collect();
    let columns = ["Release", "Published", "Verdict", "What cargo sees"];
    let which = if extent == Extent::All { "All" } else { "Latest" };
    let label = format!("{which} releases of {name}, the newest first");
    let older = (older > 0).then(|| count(older, "older release")).map(|older| match extent {
        Extent::Latest => {
            let all = Page::Releases { registry: registry.to_owned(), name: name.clone() };
            el("p").with(el("a").set("href", all.path()).with(older))
        }
        Extent::All => el("p").with(format!("{older}, too many to be told of here")),
    });
    let list = el("section")
        .set("id", "releases")
        .set("aria-labelledby", "releases-title")
        .with(el("h2").set("id", "releases-title").with("Releases"))
        .with(table("releases", label, &columns, rows))
        .with(older);
    let mut content = vec![head];
    content.extend((!alarms.is_empty()).then(|| alarms_of(alarms)));
    content.push(list);
    content.extend((!gone.is_empty()).then(|| gone_of(registry, chronicle)));
    page(frame, None, name.as_str(), content)
}

fn row(entry: &Entry, page: &Page, now: Time) -> Vec<Node> {
    let Entry { judged, appeared, yanked, mark, why } = entry;
    let (label, line) = match why {
        Some((label, line)) => (label.clone(), Some(line.clone())),
        None => (
            match judged.verdict {
                Verdict::Admit => "admitted",
                Verdict::Hold => "held",
                Verdict::Block => "blocked",
            }
            .to_owned(),
            None,
        ),
    };
    let line = line.map(|line| el("span").class("line").with(line));
    let shown = match (mark, yanked) {
        (Shown::AsUpstream, false) => "offered",
        (Shown::AsUpstream, true) => "yanked, as in the registry",
        (Shown::Yanked, _) => "yanked by the fence; its package is refused",
        (Shown::UnYanked, _) => "offered, though it was yanked: that looks like a lure",
    };
    vec![
        el("a").class("release").set("href", page.path()).with(judged.version.to_string()).into(),
        match appeared {
            Some(at) => several([
                Node::from(day(*at)),
                " ".into(),
                el("span").class("line").with(since(*at, now)).into(),
            ]),
            None => "unknown".into(),
        },
        several([Node::from(pill(Mark::of(judged.verdict), label)), " ".into(), line.into()]),
        shown.into(),
    ]
}

fn alarms_of(alarms: &[Alarm]) -> Element {
    let alarm = |alarm: &Alarm| {
        el("li")
            .with(pill(Mark::Warns, alarm.kind.as_str()))
            .with(" ")
            .with(harmless(&alarm.words))
            .with(", ")
            .with(moment(alarm.since))
    };
    el("section")
        .set("id", "alarms")
        .set("aria-labelledby", "alarms-title")
        .with(el("h2").set("id", "alarms-title").with("Alarms"))
        .with(el("ul").class("plain").with_all(alarms.iter().map(alarm)))
}

fn gone_of(registry: &str, chronicle: &Chronicle) -> Element {
    let row = |gone: &Gone| {
        let page = Page::Release {
            registry: registry.to_owned(),
            name: chronicle.name.clone(),
            version: gone.version.clone(),
        };
        vec![
            el("a").class("release").set("href", page.path()).with(gone.version.to_string()).into(),
            moment(gone.first_seen).into(),
            moment(gone.gone_at).into(),
        ]
    };
    let columns = ["Release", "First seen", "Gone since"];
    let label = format!("Releases of {} that are gone from the index", chronicle.name);
    el("section")
        .set("id", "gone")
        .set("aria-labelledby", "gone-title")
        .with(el("h2").set("id", "gone-title").with("Gone from the index"))
        .with(table("gone", label, &columns, chronicle.gone.iter().rev().map(row).collect()))
}
