//! How the fence is: what the terminal's `cargo fence status` says.

use fence_model::Time;
use fence_model::words::text::{ago, harmless};

use super::html::{Element, Node, el, several};
use super::{Frame, Mark, count, moment, page, pill, since, table};
use crate::alarms::Alarm;
use crate::answer::Page;
use crate::fence::{FeedStatus, Refusal, RegistryStatus, Status};

/// How many refused downloads are shown.
const REFUSALS: usize = 30;

/// The page.
pub(crate) fn status(frame: &Frame, status: &Status) -> String {
    let content = vec![
        head(status),
        section("alarms", "Alarms").with(alarms(&status.alarms)),
        section("feeds", "Feeds").with(feeds(status)),
        section("clock", "The clock").with(clock(status)),
        section("registries", "Registries").with(registries(&status.registries)).with(kept(status)),
        section("refused", "Refused downloads").with(refused(status)),
    ];
    page(frame, Some(&Page::Status), "Status", content)
}

fn section(id: &'static str, title: &'static str) -> Element {
    el("section")
        .set("id", id)
        .set("aria-labelledby", format!("{id}-title"))
        .with(el("h2").set("id", format!("{id}-title")).with(title))
}

fn head(status: &Status) -> Element {
    let mut wrong = Vec::new();
    wrong.extend(status.policy_wrong.as_ref().map(|_| "the policy as it is now is not in force".to_owned()));
    let behind = status.feeds.iter().filter(|feed| feed.state != "current").count();
    wrong.extend((behind > 0).then(|| format!("{} not current", count(behind, "feed"))));
    wrong.extend((!status.behind.is_empty()).then(|| "time stands still for young releases".to_owned()));
    wrong.extend((!status.alarms.is_empty()).then(|| count(status.alarms.len(), "alarm")));
    let (mark, word, told) = if wrong.is_empty() {
        (
            Mark::Admitted,
            "all is well",
            "The policy is in force, the feeds are current, and there is no alarm.".to_owned(),
        )
    } else {
        (Mark::Warns, "somebody should look", format!("{}.", fence_model::words::text::and(&wrong)))
    };
    el("section").with(el("h1").with("Status")).with(
        el("p").class("says").with(pill(mark, word)).with(" ").with(el("span").class("outlook").with(told)),
    )
}

fn alarms(alarms: &[Alarm]) -> Node {
    if alarms.is_empty() {
        return el("p").with("None since the fence was started.").into();
    }
    let row = |alarm: &Alarm| {
        vec![
            pill(Mark::Warns, alarm.kind.as_str()).into(),
            about(&alarm.about),
            harmless(&alarm.words).into(),
            moment(alarm.since).into(),
        ]
    };
    let columns = ["Alarm", "About", "What happened", "Since"];
    table("alarms", "Alarms, the newest first".to_owned(), &columns, alarms.iter().map(row).collect()).into()
}

/// A registry and crate, as a link where there is a page of it.
fn about(about: &str) -> Node {
    let page = about.split_once('/').and_then(|(registry, name)| {
        Some(Page::Crate { registry: registry.to_owned(), name: name.parse().ok()? })
    });
    match page {
        Some(page) => el("a").set("href", page.path()).with(harmless(about)).into(),
        None => harmless(about).into(),
    }
}

fn feeds(status: &Status) -> Node {
    if status.feeds.is_empty() {
        return el("p").with("The policy names none: nothing but the index speaks.").into();
    }
    let row = |feed: &FeedStatus| {
        let mark = if feed.state == "current" { Mark::Admitted } else { Mark::Warns };
        let as_of = match feed.as_of {
            Some(as_of) => several([Node::from(moment(as_of)), ", ".into(), ago(as_of, status.now).into()]),
            None => "never read".into(),
        };
        vec![harmless(&feed.name).into(), pill(mark, feed.state).into(), as_of]
    };
    let columns = ["Feed", "State", "Speaks up to"];
    table("feeds", "Feeds".to_owned(), &columns, status.feeds.iter().map(row).collect()).into()
}

fn clock(status: &Status) -> Element {
    let stands = match status.counted_up_to {
        Some(spoken) if spoken < status.now => several([
            Node::from("Time counts up to "),
            moment(spoken).into(),
            format!(", {}: that is the last word of what is furthest behind.", ago(spoken, status.now))
                .into(),
        ]),
        Some(_) | None => "Time counts up to now.".into(),
    };
    el("p").with("It is ").with(moment(status.now)).with(" here. ").with(stands)
}

fn registries(registries: &[RegistryStatus]) -> Element {
    let row = |registry: &RegistryStatus| {
        vec![
            harmless(&registry.path).into(),
            harmless(&registry.name).into(),
            several([Node::from(format!(
                "{}, {}",
                count(registry.crates, "crate"),
                bytes(registry.page_bytes)
            ))]),
            registry.refused_releases.to_string().into(),
            count(registry.journal_lines, "line").into(),
        ]
    };
    let columns = ["Path", "Registry", "In memory", "Releases not admitted", "Journal"];
    table("registries", "Registries".to_owned(), &columns, registries.iter().map(row).collect())
}

fn kept(status: &Status) -> Element {
    let (stood, stock) = ((status.now - status.since).in_words(), status.kept);
    let [packages, size] = [stock.packages, stock.bytes].map(|n| usize::try_from(n).unwrap_or(usize::MAX));
    let told = format!(
        "The fence has stood for {stood}, and keeps {}, {}.",
        count(packages, "package"),
        bytes(size)
    );
    el("p").class("explained").with(told)
}

fn refused(status: &Status) -> Node {
    if status.refused.is_empty() {
        return el("p").with("None since the fence was started.").into();
    }
    let row = |refusal: &Refusal| {
        let Refusal { at, registry, release, why } = refusal;
        let page = release.split_once(' ').and_then(|(name, version)| {
            Some(Page::Release {
                registry: registry.clone(),
                name: name.parse().ok()?,
                version: version.parse().ok()?,
            })
        });
        let shown = match page {
            Some(page) => el("a").class("release").set("href", page.path()).with(release.clone()).into(),
            None => Node::from(harmless(release)),
        };
        let lines = why.lines().map(|line| el("div").with(line.to_owned()));
        vec![shown, since_in(*at, status.now), el("div").class("printed").with_all(lines).into()]
    };
    let columns = ["Release", "When", "What cargo printed"];
    let rows: Vec<Vec<Node>> = status.refused.iter().take(REFUSALS).map(row).collect();
    let more = status.refused.len().saturating_sub(REFUSALS);
    let more = (more > 0).then(|| el("p").class("explained").with(format!("and {more} before")));
    several([
        Node::from(table("refused", "Refused downloads, the newest first".to_owned(), &columns, rows)),
        more.into(),
    ])
}

fn since_in(at: Time, now: Time) -> Node {
    since(at, now).into()
}

/// `4 kB`, `1.2 MB`.
fn bytes(n: usize) -> String {
    match n {
        n if n >= 1_000_000 => format!("{:.1} MB", n as f64 / 1e6),
        n if n >= 1_000 => format!("{} kB", n / 1_000),
        n => format!("{n} bytes"),
    }
}
