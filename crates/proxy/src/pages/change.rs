//! What a release changes: files by what they can do, lines with what differs in them, findings below their lines.
//!
//! All of it is a package's, and so a stranger's: text is shown as `cargo fence review` shows it, with what is not seen made
//! visible, and how much there is of it has a bound ([`crate::change`]).

mod text;

use fence_model::words::text::{and, harmless, visible};
use fence_scan::reading::{FileText, Group};
use fence_scan::{Capability, Finding, Severity};
use semver::Version;

use self::text::hunk;
use super::html::{Element, Node, el, several};
use super::{Frame, Mark, command, count, page_of_its_own, pill, section, terms};
use crate::answer::{Asset, Change, Layout, Page};
use crate::change::Shown;

/// Characters of a path that are shown, and of what a change needs: nobody reads more of either.
const LONGEST: usize = 300;

/// How many capabilities of a file's functions are named.
const USES_NAMED: usize = 6;

/// The page's values.
#[derive(Debug)]
pub(crate) struct Changed<'a> {
    pub(crate) frame: Frame,
    /// What was asked for.
    pub(crate) asked: &'a Change,
    /// With what it is compared, and why; or why with nothing.
    pub(crate) beside: Result<(Version, &'static str), &'static str>,
    pub(crate) state: State<'a>,
}

/// How far it is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum State<'a> {
    Read(&'a Shown),
    /// It is being read.
    UnderWay,
    /// It cannot be had, for this reason.
    Failed(&'a str),
}

/// The page.
pub(crate) fn change(changed: &Changed<'_>) -> String {
    let Changed { frame, asked, beside, state } = changed;
    let title = format!("What {} {} changes", asked.name, asked.version);
    let release = Page::Release {
        registry: asked.registry.clone(),
        name: asked.name.clone(),
        version: asked.version.clone(),
    };
    let head = el("section")
        .set("id", "summary")
        .with(
            el("p")
                .class("crumbs")
                .with(el("a").set("href", release.path()).with(format!("{} {}", asked.name, asked.version)))
                .with(format!(" in {}", asked.registry)),
        )
        .with(el("h1").with(title.clone()))
        .with(el("p").class("lead").with(compared(asked, beside)));
    let content = match state {
        State::Read(shown) => {
            let mut content = vec![head.with(facts(shown)).with(views(asked)).with(keys())];
            content.extend((shown.findings() > 0).then(|| findings(shown)));
            content.push(files(shown, asked));
            content
        }
        State::UnderWay => vec![
            head.with(
                el("p")
                    .set("role", "status")
                    .with("Both packages are fetched and read. This page asks again by itself."),
            ),
        ],
        State::Failed(why) => {
            let told = el("p").set("role", "status").with(format!("It cannot be shown: {}.", harmless(why)));
            vec![
                head.with(told)
                    .with(el("p").class("explained").with("In the terminal:"))
                    .with(terminal(asked)),
            ]
        }
    };
    page_of_its_own(frame, "change", Some(Asset::Keys), &title, content)
}

/// With what it is compared.
pub(super) fn compared(asked: &Change, beside: &Result<(Version, &'static str), &'static str>) -> Node {
    match beside {
        Ok((base, why)) => {
            let page = Page::Release {
                registry: asked.registry.clone(),
                name: asked.name.clone(),
                version: base.clone(),
            };
            several([
                Node::from("Compared with "),
                el("a").set("href", page.path()).with(base.to_string()).into(),
                format!(", {why}.").into(),
            ])
        }
        Err(why) => format!("Compared with nothing, {why}: all of it is new.").into(),
    }
}

/// The same in the terminal.
fn terminal(asked: &Change) -> Element {
    let from = asked.from.as_ref().map_or_else(String::new, |from| format!(" --from {from}"));
    command(&format!("cargo fence review {}@{}{from}", asked.name, asked.version))
}

/// What is known of the change as a whole.
fn facts(shown: &Shown) -> Element {
    let comparison = &shown.reading.comparison;
    let mut rows: Vec<(&'static str, Node)> = vec![("Files", shown.totals.clone().into())];
    let mut row = |name: &'static str, value: String| {
        if !value.is_empty() {
            rows.push((name, value.into()));
        }
    };
    row("Findings", told_findings(shown));
    let names = |all: &[Capability]| all.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(", ");
    row("Gained", names(&comparison.gained));
    row("Lost", names(&comparison.lost));
    row("Needs", short(&comparison.dependencies.join(", ")));
    row("Features", short(&comparison.features.join(", ")));
    if comparison.build_code {
        row("Build", "the build script or procedural macro is not what it was".to_owned());
    }
    row("Copies", short(&comparison.copies().unwrap_or_default()));
    row("Panics", comparison.panics_more().unwrap_or_default());
    row("Made from", shown.reading.made_from().unwrap_or_default());
    let unread: Vec<String> = shown.reading.unanalyzed.iter().map(fence_scan::Unanalyzed::told).collect();
    row("Not read", unread.join("; "));
    terms("numbers", rows)
}

/// How many findings there are, by severity.
pub(super) fn told_findings(shown: &Shown) -> String {
    let of = |severity: Severity| {
        let all = shown.reading.comparison.findings.iter();
        let count = all.filter(|finding| finding.severity == severity).count();
        (count > 0).then(|| format!("{count} {}", severity.as_str()))
    };
    let mut told: Vec<String> =
        [Severity::High, Severity::Medium, Severity::Low].into_iter().filter_map(of).collect();
    if shown.more_findings > 0 {
        told.push(format!("{} more", shown.more_findings));
    }
    if told.is_empty() { "none of the change".to_owned() } else { and(&told) }
}

/// The two ways to lay it out, as links.
fn views(asked: &Change) -> Element {
    let link = |layout: Layout, name: &'static str| {
        let page = Page::Change(Change { layout, ..asked.clone() });
        let link = el("a").set("href", page.path()).with(name);
        if asked.layout == layout { link.set("aria-current", "true") } else { link.set("id", "switch") }
    };
    el("nav").class("views").set("aria-label", "Layout").with(
        el("ul")
            .with(el("li").with(link(Layout::Inline, "Inline")))
            .with(el("li").with(link(Layout::Side, "Side by side"))),
    )
}

/// Which keys there are; shown where a script runs, without which they do nothing.
fn keys() -> Element {
    let key = |key: &'static str, does: &'static str| (key, Node::from(does));
    let all = vec![
        key("n, N", "next and previous finding"),
        key("f, F", "next and previous file"),
        key("s", "side by side, or inline"),
        key("?", "shows these keys"),
    ];
    let rows = all
        .into_iter()
        .map(|(key, does)| el("div").with(el("dt").with(el("code").with(key))).with(el("dd").with(does)));
    el("details")
        .set("id", "keys")
        .set("hidden", "")
        .with(el("summary").with("Keys"))
        .with(el("dl").class("terms").with_all(rows))
}

/// All findings, those without a line to stand below in full.
fn findings(shown: &Shown) -> Element {
    let all = shown.reading.comparison.findings.iter().enumerate();
    let one = |(at, finding): (usize, &Finding)| {
        let stop = shown.stops[at];
        let place = match (finding.file.is_empty(), finding.line) {
            (true, _) => "the package".to_owned(),
            (_, 0) => short(&finding.file),
            (_, line) => format!("{}:{line}", short(&finding.file)),
        };
        if stop.is_shown {
            let link = el("a").set("href", format!("#finding-{}", stop.number)).with(place);
            return el("li").with(says(finding)).with(" ").with(link);
        }
        el("li").with(block(shown, at, Some(place)))
    };
    let more = (shown.more_findings > 0).then(|| {
        el("p").class("explained").with(format!("and {}", count(shown.more_findings, "more finding")))
    });
    section("findings", "Findings").with(el("ol").class("findings").with_all(all.map(one))).with(more)
}

/// A finding where somebody stops at it, with the ways to its neighbours.
fn block(shown: &Shown, at: usize, place: Option<String>) -> Element {
    let (number, of) = (shown.stops[at].number, shown.stops.len());
    let to = |number: usize, what: &'static str| {
        let is_there = (1..=of).contains(&number);
        is_there.then(|| el("a").set("href", format!("#finding-{number}")).with(what))
    };
    let mut steps: Vec<Node> = Vec::new();
    steps.extend(to(number - 1, "previous finding").map(|link| several([Node::from(link), " · ".into()])));
    steps.push(format!("{number} of {of}").into());
    steps.extend(to(number + 1, "next finding").map(|link| several([Node::from(" · "), link.into()])));
    let finding = &shown.reading.comparison.findings[at];
    let place = place.map(|place| several([Node::from(" "), el("code").with(place).into()]));
    el("div")
        .set("id", format!("finding-{number}"))
        .set("class", format!("finding {}", mark(finding.severity).class()))
        .set("tabindex", "-1")
        .with(el("p").with(says(finding)).with(place))
        .with(el("p").class("line").with_all(steps))
}

/// A finding in a line.
fn says(finding: &Finding) -> Node {
    let code = match crate::answer::sign(&finding.code) {
        Some(page) => el("a").class("code").set("href", page.path()).with(finding.code.clone()),
        // A worker that was made to say something else.
        None => el("span").class("code").with(harmless(&finding.code)),
    };
    several([
        Node::from(pill(mark(finding.severity), finding.severity.as_str())),
        " ".into(),
        code.into(),
        " ".into(),
        harmless(&finding.reason).into(),
    ])
}

const fn mark(severity: Severity) -> Mark {
    match severity {
        Severity::High => Mark::Blocked,
        Severity::Medium => Mark::Warns,
        Severity::Low | Severity::None => Mark::Says,
    }
}

/// The files: a tree of links, and their texts.
fn files(shown: &Shown, asked: &Change) -> Element {
    let more = (shown.more_files > 0)
        .then(|| el("p").class("explained").with(format!("and {}", count(shown.more_files, "more file"))));
    let is_cut = shown.more_files > 0 || shown.reading.files.iter().any(|file| file.left_out > 0);
    let rest = is_cut.then(|| {
        several([
            Node::from(
                el("p").class("explained").with("It is longer than a page. The terminal shows more of it:"),
            ),
            terminal(asked).into(),
        ])
    });
    let groups =
        || Group::ALL.into_iter().filter(|group| shown.reading.files.iter().any(|file| file.group == *group));
    let of =
        |group: Group| shown.reading.files.iter().enumerate().filter(move |(_, file)| file.group == group);
    let tree = groups().map(|group| {
        let link = |(at, file): (usize, &FileText)| {
            let findings = shown.findings_of(file);
            let findings = (findings > 0).then(|| {
                let spoken =
                    el("span").class("unseen").with(if findings == 1 { " finding" } else { " findings" });
                el("span").class("count").with(findings.to_string()).with(spoken)
            });
            el("li")
                .with(el("a").set("href", format!("#file-{}", at + 1)).with(short(&file.file.path)))
                .with(" ")
                .with(sums(file))
                .with(" ")
                .with(findings)
        };
        several([
            Node::from(el("h3").with(group.name())),
            el("p").class("line").with(group.says()).into(),
            el("ul").with_all(of(group).map(link)).into(),
        ])
    });
    let texts = groups().map(|group| {
        let id = format!("group-{}", group.name().to_ascii_lowercase().replace(' ', "-"));
        el("section")
            .class("group")
            .set("aria-labelledby", id.clone())
            .with(el("h2").set("id", id).with(group.name()))
            .with(el("p").class("explained").with(group.says()))
            .with_all(of(group).map(|(at, file)| self::file(shown, at, file, asked.layout)))
    });
    el("div")
        .class("change")
        .with(
            el("nav")
                .class("tree")
                .set("aria-label", "Changed files")
                .with(el("h2").with("By risk"))
                .with_all(tree)
                .with(more),
        )
        .with(el("div").class("texts").with_all(texts).with(rest))
}

/// How many lines came and went, or what it is where it is no text.
fn sums(file: &FileText) -> Node {
    match &file.binary {
        Some(_) => el("span").class("line").with("no text").into(),
        None => several([
            Node::from(el("span").class("plus").with(format!("+{}", file.added))),
            " ".into(),
            el("span").class("minus").with(format!("−{}", file.removed)).into(),
        ]),
    }
}

/// A file; folded where nobody has to read it.
fn file(shown: &Shown, at: usize, file: &FileText, layout: Layout) -> Element {
    let findings = shown.findings_of(file);
    let mut told = file.facts();
    if findings > 0 {
        told.push(count(findings, "finding"));
    }
    let id = format!("file-{}", at + 1);
    let heading = el("h3").with(el("code").with(short(&file.file.path)));
    let facts = el("span").class("line").with(harmless(&told.join(", ")));
    let mut delta = 0;
    let hunks = file.hunks.iter().map(|of| hunk(shown, at, of, layout, &mut delta)).collect::<Vec<_>>();
    let left_out = (file.left_out > 0).then(|| {
        let told = format!("… and {} more lines, which are left out here", file.left_out);
        el("p").class("explained").with(told)
    });
    let body = several([gains(shown, file).into(), several(hunks), left_out.into()]);
    if file.is_to_read() || findings > 0 {
        let head = el("header").with(heading).with(el("p").with(facts));
        return el("article").class("file").set("id", id).set("tabindex", "-1").with(head).with(body);
    }
    el("details")
        .class("file")
        .set("id", id)
        .with(el("summary").with(heading).with(" ").with(facts))
        .with(body)
}

/// Which functions of a file can do something that none of their names could.
fn gains(shown: &Shown, file: &FileText) -> Option<Element> {
    let gained: Vec<_> =
        shown.reading.comparison.uses.iter().filter(|of| of.span.file == file.file.path).collect();
    let mut told: Vec<String> = gained
        .iter()
        .take(USES_NAMED)
        .map(|of| {
            let function = if of.function.is_empty() { "outside of functions" } else { &of.function };
            format!("{} in {} (line {})", of.capability, harmless(function), of.span.line)
        })
        .collect();
    if gained.len() > USES_NAMED {
        told.push(format!("{} more", gained.len() - USES_NAMED));
    }
    (!told.is_empty()).then(|| el("p").class("gained").with(format!("New: {}", told.join(", "))))
}

/// A stranger's text on one line, visible, and not for ever.
fn short(text: &str) -> String {
    let shown = visible(text);
    match shown.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown,
    }
}
