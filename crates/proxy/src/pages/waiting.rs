//! What is held, and why, and who can let it in: what needs a person first, what needs only time last.

use std::cmp::Reverse;
use std::sync::Arc;

use fence_model::decision::Decision;
use fence_model::words::text::harmless;
use fence_model::words::{self, help, outlook};
use fence_model::{Code, ReleaseId, Time, Verdict};
use semver::Version;

use super::html::{Element, Node, el, nothing, several};
use super::picture::{self, Wait};
use super::{Frame, Mark, code_link, count, day, page, pill, release_link, since, table, terms};
use crate::answer::Page;
use crate::server::USUAL_ADDRESS;

/// How many reasons of a release are told before the others are counted.
const REASONS_TOLD: usize = 4;

/// How many releases of a kind are told of in full; the others get a row each.
const CARDS: usize = 20;

/// What leads cargo to a fence.
const ENABLE: &str = "cargo fence enable";

/// The page's values.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    pub(crate) frame: Frame,
    pub(crate) held: Vec<Held>,
    /// How many releases are held of older classes, told of here or not.
    pub(crate) older: usize,
    /// How many more crates have something held; on the page of older classes, of those.
    pub(crate) more: usize,
    /// The address under which clients reach the fence, without a slash at the end.
    pub(crate) base: String,
}

/// One release that is held.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) registry: String,
    pub(crate) decision: Arc<Decision>,
    /// What is admitted in its place.
    pub(crate) stay: Option<Version>,
    /// When a client asked for the crate last.
    pub(crate) asked: Time,
    /// Whether people are shown it first.
    pub(crate) rank: Rank,
}

/// Which of the held releases people are shown first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// A build asked for it and did not get it.
    Refused,
    /// It is of its crate's newest class, or fixes what builds get instead.
    First,
    /// It is the newest of an older class, and no build asked for it: such are folded away, and counted apart.
    Older,
}

impl Rank {
    pub(crate) const fn of(was_refused: bool, is_first: bool) -> Self {
        match (was_refused, is_first) {
            (true, _) => Self::Refused,
            (false, true) => Self::First,
            (false, false) => Self::Older,
        }
    }
}

/// What a held release waits for, in the order in which people want to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum For {
    /// Somebody who weighs two risks: it fixes what is in use.
    Fix,
    /// Somebody who looks at it.
    Reviewer,
    /// A neighbour, a feed, an audit.
    Others,
    /// Nothing but time.
    Time,
    /// Nothing at all.
    Nothing,
}

impl For {
    const ALL: [Self; 5] = [Self::Fix, Self::Reviewer, Self::Others, Self::Time, Self::Nothing];

    fn of(decision: &Decision, now: Time) -> Self {
        let is_waiting = decision.clears.iter().any(|way| way.is_wait() && way.earliest > now);
        match decision.verdict {
            Verdict::Block => Self::Nothing,
            _ if decision.has(Code::HeldFix) => Self::Fix,
            _ if decision.needs_review() => Self::Reviewer,
            _ if is_waiting => Self::Time,
            _ => Self::Others,
        }
    }

    const fn id(self) -> &'static str {
        match self {
            Self::Fix => "fixes",
            Self::Reviewer => "reviews",
            Self::Others => "others",
            Self::Time => "waits",
            Self::Nothing => "blocked",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Fix => "Fixes that are held",
            Self::Reviewer => "Needs a reviewer",
            Self::Others => "Waits for something else",
            Self::Time => "Needs only time",
            Self::Nothing => "Blocked",
        }
    }

    const fn explained(self) -> &'static str {
        match self {
            Self::Fix => {
                "What is in use is vulnerable, and the release that is not is held: weigh both risks."
            }
            Self::Reviewer => {
                "Age alone does not admit these. Somebody has to look at the change, and vouch for it."
            }
            Self::Others => "These are old enough, or need what is held itself.",
            Self::Time => "Nothing has to be done: each is admitted when its wait is over.",
            Self::Nothing => "No passing of time admits these.",
        }
    }

    /// `1 fix`, `3 for a reviewer`.
    fn counted(self, n: usize) -> String {
        match self {
            Self::Fix if n == 1 => "1 fix".to_owned(),
            Self::Fix => format!("{n} fixes"),
            Self::Reviewer => format!("{n} for a reviewer"),
            Self::Others => format!("{n} for something else"),
            Self::Time => format!("{n} for time"),
            Self::Nothing => format!("{n} blocked"),
        }
    }
}

/// The page.
pub(crate) fn waiting(Waiting { frame, held, older, more, base }: &Waiting) -> String {
    let (now, older) = (frame.now, *older);
    let first = held.iter().filter(|held| held.rank != Rank::Older);
    let mut sorted: Vec<(For, &Held)> = first.map(|held| (For::of(&held.decision, now), held)).collect();
    sorted.sort_by_key(|(what, held)| (*what, held.rank, newest_first(held)));
    let groups: Vec<(For, Vec<&Held>)> = For::ALL
        .into_iter()
        .map(|what| (what, sorted.iter().filter(|(of, _)| *of == what).map(|(_, held)| *held).collect()))
        .filter(|(_, held): &(For, Vec<&Held>)| !held.is_empty())
        .collect();
    let mut content = vec![head(&groups, older, (frame.held, *more))];
    if groups.is_empty() && older == 0 {
        content.push(nothing_held(base));
    }
    for (what, held) in groups {
        let section = el("section")
            .set("id", what.id())
            .set("aria-labelledby", format!("{}-title", what.id()))
            .with(
                el("h2")
                    .set("id", format!("{}-title", what.id()))
                    .with(what.title())
                    .with(" ")
                    .with(el("span").class("count").with(held.len().to_string())),
            )
            .with(el("p").class("explained").with(what.explained()));
        content.push(match what {
            For::Time => section.with(rows(what.title(), &held, now)),
            _ => {
                let (first, rest) = held.split_at(held.len().min(CARDS));
                let section = section.with_all(first.iter().map(|held| card(held, now)));
                if rest.is_empty() { section } else { section.with(rows(what.title(), rest, now)) }
            }
        });
    }
    content.extend((older > 0).then(|| {
        el("section")
            .set("id", "older")
            .with(el("p").with(el("a").set("href", Page::Older.path()).with(of_older_classes(older))))
    }));
    page(frame, Some(&Page::Waiting), "Waiting", content)
}

/// The page of what nobody asked for: the newest releases of older classes.
pub(crate) fn older(Waiting { frame, held, older: all, more, .. }: &Waiting) -> String {
    let mut older: Vec<&Held> = held.iter().filter(|held| held.rank == Rank::Older).collect();
    older.sort_by_key(|held| newest_first(held));
    let lead = match all {
        0 => "Nothing is held of the older classes of the crates that were asked for.".to_owned(),
        n => format!("{}.", of_older_classes(*n)),
    };
    let waiting = el("a").set("href", Page::Waiting.path()).with("Waiting");
    let head = el("section")
        .with(el("p").class("crumbs").with("in ").with(waiting))
        .with(el("h1").with("Older classes"))
        .with(el("p").class("lead").with(lead))
        .with(left_out(*more));
    let rows = (!older.is_empty()).then(|| rows("Of older classes", &older, frame.now));
    page(frame, Some(&Page::Waiting), "Older classes", vec![head, el("section").with(rows)])
}

fn of_older_classes(n: usize) -> String {
    format!("{} of older classes, which no build asked for", count(n, "held release"))
}

fn newest_first(held: &Held) -> (Reverse<Option<Time>>, &ReleaseId) {
    (Reverse(held.decision.published.or(held.decision.clock.opened)), &held.decision.release)
}

fn head(groups: &[(For, Vec<&Held>)], older: usize, (all, more): (usize, usize)) -> Element {
    let counted: Vec<String> = groups.iter().map(|(what, held)| what.counted(held.len())).collect();
    let told: usize = groups.iter().map(|(_, held)| held.len()).sum();
    let lead = match told {
        0 if older > 0 => {
            "Of the crates that were asked for, only releases of older classes are held.".to_owned()
        }
        0 => "Nothing is held of the crates that were asked for.".to_owned(),
        // Of crates beyond those that are told of nothing more is known here than their number.
        told if all > told => format!(
            "{} held of the crates that were asked for, of which {told} {} told of here: {}.",
            if all == 1 { "1 release is".to_owned() } else { format!("{all} releases are") },
            if told == 1 { "is" } else { "are" },
            words::text::and(&counted)
        ),
        1 => format!("1 release is held of the crates that were asked for: {}.", words::text::and(&counted)),
        n => format!(
            "{n} releases are held of the crates that were asked for: {}.",
            words::text::and(&counted)
        ),
    };
    el("section").with(el("h1").with("Waiting")).with(el("p").class("lead").with(lead)).with(left_out(more))
}

/// How many crates are not told of.
fn left_out(more: usize) -> Option<Element> {
    (more > 0).then(|| {
        el("p").class("explained").with(format!(
            "{} more {} something held; these are those that were asked for last.",
            more,
            if more == 1 { "crate has" } else { "crates have" }
        ))
    })
}

fn nothing_held(base: &str) -> Element {
    // There `cargo fence enable` looks by itself.
    let is_usual = base == format!("http://{USUAL_ADDRESS}");
    let command = if is_usual { ENABLE.to_owned() } else { format!("{ENABLE} --url {base}") };
    el("section")
        .set("id", "empty")
        .with(el("p").with(
            "What is held shows here as soon as a build asks for a crate that has it. This leads cargo to this fence, in a \
             project or with --global in all of them:",
        ))
        .with(super::command(&command))
}

/// A release that somebody has to do something about.
fn card(held: &Held, now: Time) -> Element {
    let Held { registry, decision, stay, asked, .. } = held;
    let release = &decision.release;
    let mark = Mark::of(decision.verdict);
    let told = outlook::told(decision);
    let reasons = told.iter().take(REASONS_TOLD).map(|reason| {
        el("li").with(code_link(reason.code)).with(" ").with(harmless(&words::sentence(reason)))
    });
    let rest = told.len().saturating_sub(REASONS_TOLD);
    let rest = (rest > 0).then(|| el("li").with(format!("and {} more", count(rest, "reason"))));
    let reasons = if told.is_empty() {
        nothing()
    } else {
        el("ul").class("reasons").with_all(reasons).with(rest).into()
    };
    let picture = Wait::of(decision).map(|wait| picture::wait(&wait));
    let facts = terms(
        "",
        vec![
            ("Who can let it in", help::who_clears(decision, now).into()),
            ("Until then", instead(registry, decision, stay.as_ref())),
            ("Asked for", several([Node::from(since(*asked, now)), Node::from(format!(", in {registry}"))])),
        ],
    );
    el("article")
        .set("class", format!("card {}", mark.class()))
        .with(
            el("header")
                .with(el("h3").with(release_link(registry, &release.name, &release.version)))
                .with(" ")
                .with(pill(mark, outlook::label(decision))),
        )
        .with(el("p").class("outlook").with(outlook::line(decision, now)))
        .with(reasons)
        .with(picture)
        .with(facts)
}

/// What builds get meanwhile.
fn instead(registry: &str, decision: &Decision, stay: Option<&Version>) -> Node {
    match stay {
        Some(stay) => {
            let name = &decision.release.name;
            let page =
                Page::Release { registry: registry.to_owned(), name: name.clone(), version: stay.clone() };
            several([
                Node::from("builds get "),
                el("a").set("href", page.path()).with(stay.to_string()).into(),
            ])
        }
        None => "there is no release of its class that is admitted".into(),
    }
}

/// Releases, a row each.
fn rows(title: &str, held: &[&Held], now: Time) -> Element {
    let row = |held: &&Held| {
        let Held { registry, decision, stay, .. } = *held;
        let release = &decision.release;
        let mut codes: Vec<Code> = outlook::told(decision).iter().map(|reason| reason.code).collect();
        codes.dedup();
        let codes = codes.into_iter().flat_map(|code| [Node::from(code_link(code)), " ".into()]);
        vec![
            release_link(registry, &release.name, &release.version).into(),
            decision.published.map_or_else(|| "unknown".into(), |published| since(published, now).into()),
            several([outcome(decision, now), Wait::of(decision).map(|wait| picture::wait(&wait)).into()]),
            several(codes),
            stay.as_ref().map_or_else(|| "nothing of its class".into(), |stay| stay.to_string().into()),
        ]
    };
    let columns = ["Release", "Published", "Admitted", "Because of", "Until then"];
    table("waits", format!("{title}, the newest first"), &columns, held.iter().map(row).collect())
}

/// When it is admitted, or what that takes.
fn outcome(decision: &Decision, now: Time) -> Node {
    let ways = decision.clears.iter().filter(|way| way.is_wait()).map(|way| way.earliest);
    match ways.min().filter(|earliest| *earliest > now) {
        Some(earliest) => several([
            Node::from(format!("in {}, ", words::text::left(earliest, now))),
            Node::from(day(earliest)),
        ]),
        None => format!("by {}", help::who_clears(decision, now)).into(),
    }
}
