//! The policy in force, with the reason for each number.

use fence_model::policy::{Baseline, Exception, FeedRole, FeedSource, Policy};
use fence_model::words::policy::{Choice, Setting, freshness, level, reading, severities, waits};
use fence_model::words::story::effect_does;
use fence_model::words::text::{ahead, harmless};
use fence_model::{Code, CodeClass, Effect, Level, Time};

use super::html::{Element, Node, el, nothing, several};
use super::{Frame, code_link, count, day, page, prose, table};
use crate::answer::Page;

/// The page's values.
#[derive(Debug, Clone)]
pub(crate) struct Rules<'a> {
    pub(crate) frame: Frame,
    pub(crate) policy: &'a Policy,
    pub(crate) baseline: &'a Baseline,
    /// The feeds that are read: those of the policy, and those that are there without one.
    pub(crate) feeds: Vec<(String, FeedSource)>,
    /// The folder whose policy it is; none where it is nobody's.
    pub(crate) folder: Option<String>,
}

/// The page.
pub(crate) fn policy(rules: &Rules<'_>) -> String {
    let Rules { frame, policy, baseline, feeds, folder } = rules;
    let content = vec![
        head(policy, baseline, folder.as_deref()),
        section("waits", "How long a release waits")
            .with(el("p").class("explained").with(
                "A wait begins with the base. What speaks against a release doubles it or raises it to the ceiling; what \
                 speaks for it shortens it, and never below its floor.",
            ))
            .with(settings("The waits", waits(policy))),
        section("codes", "What is looked for, and what it does")
            .with(el("p").class("explained").with(prose(
                "Each reason has a name. What it does depends on the level; `[codes]` in the policy can only make it \
                 stronger.",
            )))
            .with_all(codes(policy)),
        section("feeds", "Where evidence comes from").with(feeds_of(feeds)),
        section("reading", "Which packages are read").with(settings("Reading", reading(policy))),
        section("freshness", "How old facts may be").with(settings("Freshness", freshness(policy))),
        section("in-use", "What cargo fence check says of releases in use")
            .with(settings("Severities", severities(policy))),
        section("exceptions", "Exceptions").with(exceptions(&policy.exceptions, frame.now)),
        section("sources", "Other registries and sources").with(sources(policy)),
    ];
    page(frame, Some(&Page::Policy), "Policy", content)
}

fn section(id: &'static str, title: &'static str) -> Element {
    el("section")
        .set("id", id)
        .set("aria-labelledby", format!("{id}-title"))
        .with(el("h2").set("id", format!("{id}-title")).with(title))
}

fn head(policy: &Policy, baseline: &Baseline, folder: Option<&str>) -> Element {
    let asked = policy.strictest_level();
    let kinds =
        [("normal", policy.levels.normal), ("build", policy.levels.build), ("dev", policy.levels.dev)];
    let kinds: Vec<String> =
        kinds.into_iter().filter_map(|(kind, own)| Some(format!("{kind} {}", own?))).collect();
    let kinds = (!kinds.is_empty()).then(|| {
        el("p").class("explained").with(format!(
            "It asks for {} in general, and by kind of use for {}. A fence cannot see what a release is used for, so it \
             judges at the strictest.",
            policy.level,
            kinds.join(", ")
        ))
    });
    let from = match folder {
        Some(folder) => several([
            Node::from("It is that of "),
            el("code").with(harmless(folder)).into(),
            ", read again whenever its files change.".into(),
        ]),
        None => "It is what the fence does without a policy.".into(),
    };
    let baseline = match baseline.entries.len() {
        0 => nothing(),
        n => el("p")
            .class("explained")
            .with(format!("{} locked when the fence was set up, on ", count(n, "release")))
            .with(day(baseline.since))
            .with(", and let in for that.")
            .into(),
    };
    el("section")
        .with(el("h1").with("Policy"))
        .with(
            el("p")
                .class("lead")
                .with("Level ")
                .with(el("strong").with(asked.as_str()))
                .with(format!(": {}. ", level(asked)))
                .with(from),
        )
        .with(kinds)
        .with(baseline)
}

fn settings(label: &str, settings: Vec<Setting>) -> Element {
    let row = |Setting { key, value, choice, what, why }: Setting| {
        let own = (choice == Choice::Own).then(|| el("span").class("own").with("chosen here"));
        vec![
            el("code").with(key).into(),
            several([Node::from(el("strong").with(value)), " ".into(), own.into()]),
            prose(what),
            why.map_or_else(nothing, prose),
        ]
    };
    let columns = ["Setting", "Value", "What it does", "Why so"];
    table("settings", label.to_owned(), &columns, settings.into_iter().map(row).collect())
}

/// The codes by class, each with what it does at the level asked for.
fn codes(policy: &Policy) -> Vec<Element> {
    let asked = policy.strictest_level();
    let row = |code: &Code| {
        let (effect, usual) = (policy.effect(*code, asked), code.effect(asked));
        let own = (effect != usual).then(|| el("span").class("own").with("chosen here"));
        vec![
            code_link(*code).into(),
            several([Node::from(effect_in_words(effect)), " ".into(), own.into()]),
            prose(code.summary()),
        ]
    };
    let of = |(class, title): (CodeClass, &'static str)| {
        let codes = Code::ALL.iter().filter(|code| code.class() == class);
        let columns = ["Code", "Effect", "What it is"];
        several([
            Node::from(el("h3").with(title)),
            table("codes", title.to_owned(), &columns, codes.map(row).collect()).into(),
        ])
    };
    CLASSES.into_iter().map(|class| el("div").with(of(class))).collect()
}

/// The classes of codes in the order in which they are explained, and their titles.
pub(super) const CLASSES: [(CodeClass, &str); 5] = [
    (CodeClass::Block, "What blocks"),
    (CodeClass::Condition, "What the clock and the feeds say"),
    (CodeClass::Against, "What speaks against a release"),
    (CodeClass::For, "What speaks for a release"),
    (CodeClass::Warning, "What to know about a release in use"),
];

pub(super) const fn effect_in_words(effect: Effect) -> &'static str {
    match effect {
        Effect::Note => "is said",
        other => effect_does(other),
    }
}

fn feeds_of(feeds: &[(String, FeedSource)]) -> Node {
    if feeds.is_empty() {
        return el("p").with("None: nothing but the index speaks.").into();
    }
    let row = |(name, feed): &(String, FeedSource)| {
        let role = match feed.role {
            FeedRole::Advisories => "advisories: can block, and their silence stops the clock",
            FeedRole::Audits => "audits: can admit",
            FeedRole::Crev => "reviews signed by those whom the policy trusts: can admit",
            FeedRole::Dump => "the database dump: who published and owns what; its silence stops the clock",
            FeedRole::Statements => {
                "statements that people signed: can admit and block, and their silence stops the clock"
            }
        };
        let places = [&feed.git, &feed.archive, &feed.file, &feed.path];
        let place = places.into_iter().flatten().next().cloned().unwrap_or_default();
        let is_read = if feed.enabled { "read" } else { "switched off" };
        vec![harmless(name).into(), role.into(), el("code").with(harmless(&place)).into(), is_read.into()]
    };
    let columns = ["Feed", "What it is believed about", "From", "State"];
    table("feeds", "Feeds".to_owned(), &columns, feeds.iter().map(row).collect()).into()
}

fn exceptions(exceptions: &[Exception], now: Time) -> Node {
    if exceptions.is_empty() {
        return el("p").with("None.").into();
    }
    let row = |exception: &Exception| {
        let Exception { name, version, codes, because, until, .. } = exception;
        let codes = codes.iter().flat_map(|code| [Node::from(code_link(*code)), " ".into()]);
        let over = if *until < now { "over".to_owned() } else { ahead(*until, now) };
        vec![format!("{name} {version}").into(), several(codes), harmless(because).into(), over.into()]
    };
    let columns = ["Release", "In spite of", "Because", "Ends"];
    table("exceptions", "Exceptions".to_owned(), &columns, exceptions.iter().map(row).collect()).into()
}

fn sources(policy: &Policy) -> Node {
    use fence_model::policy::{PublishTimes, RegistryTreatment};
    if policy.registries.is_empty() && policy.sources.is_empty() {
        return el("p").with("None is named: what comes from elsewhere is held from level medium on.").into();
    }
    let registries = policy.registries.iter().map(|registry| {
        let treat = match registry.treat {
            RegistryTreatment::FirstParty => "one's own: all of it is admitted that nothing blocks",
            RegistryTreatment::Judged => "judged as crates.io is",
        };
        let times = match registry.publish_times {
            PublishTimes::Trusted => "its publish times are believed",
            PublishTimes::Untrusted => "time counts from when the fence first saw a release",
        };
        vec![el("code").with(harmless(&registry.index)).into(), treat.into(), times.into()]
    });
    let sources = policy.sources.iter().map(|source| {
        vec![
            el("code").with(harmless(&source.git)).into(),
            "allowed, though the fence cannot judge it".into(),
            el("code").with(harmless(&source.rev)).into(),
        ]
    });
    let columns = ["Source", "How it is treated", "Particulars"];
    table("sources", "Other registries and sources".to_owned(), &columns, registries.chain(sources).collect())
        .into()
}

/// What a code does at each level.
pub(super) fn at_levels(policy: &Policy, code: Code) -> Vec<(Level, &'static str)> {
    Level::ALL.into_iter().map(|level| (level, effect_in_words(policy.effect(code, level)))).collect()
}
