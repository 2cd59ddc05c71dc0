//! What people read of a fence, in a browser: pages of a few worlds as their text, and what no stranger makes of them.

#![allow(clippy::unwrap_used, reason = "what a test finds broken should stop it")]

mod world;

use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use fence_client::scanner::Scanner;
use fence_model::Span;
use fence_proxy::answer::{About, Answer};
use fence_proxy::fence::Fence;
use fence_testkit::publishing::release;
use world::World;

/// The takeover of arrayref, at the quarter of an hour at which the good releases are yanked and the bad one is held;
/// builds have asked for arrayref before and since, and for a crate of which a release only waits.
fn takeover() -> (World, Fence) {
    let world = World::at("2026-08-20T07:10:00Z");
    for (version, at) in [
        ("0.3.5", "2018-08-16T13:36:26Z"),
        ("0.3.6", "2020-01-26T13:28:30Z"),
        ("0.3.7", "2023-03-20T18:41:21Z"),
        ("0.3.8", "2024-07-20T22:13:30Z"),
        ("0.3.9", "2024-09-14T12:24:40Z"),
    ] {
        world.registry.publish(release("arrayref", version).at(at));
    }
    world.registry.publish(release("proc-macro2", "1.0.106").at("2025-08-18T00:00:00Z"));
    world.registry.publish(release("proc-macro1", "1.0.106").at("2026-08-20T02:11:00Z"));
    world.registry.publish(release("glob", "0.3.3").at("2026-01-01T00:00:00Z"));
    world.registry.publish(release("glob", "0.3.4").at("2026-08-18T07:00:00Z"));
    let fence = world.fence();
    world.page(&fence, "arrayref");
    world.page(&fence, "glob");
    world
        .registry
        .publish(release("arrayref", "0.3.10").needs("proc-macro1", "^1.0.106").at("2026-08-20T07:15:00Z"));
    for version in ["0.3.5", "0.3.6", "0.3.7", "0.3.8", "0.3.9"] {
        world.registry.yank("arrayref", version);
    }
    world.now("2026-08-20T07:30:00Z");
    world.page(&fence, "arrayref");
    (world, fence)
}

/// A fix that came an hour ago for what is in use, by an advisory of the day before; and the advisory has a title that
/// would like to be more than a title.
fn a_fix_that_is_held() -> (World, Fence) {
    let world = World::at("2026-08-20T08:00:00Z");
    let folder = world.folder.path();
    let advisories = folder.join("advisories/crates/parser");
    fs::create_dir_all(&advisories).unwrap();
    fs::write(
        advisories.join("RUSTSEC-2026-1001.md"),
        "```toml\n[advisory]\nid = \"RUSTSEC-2026-1001\"\npackage = \"parser\"\ndate = \"2026-08-19\"\n\n[versions]\n\
         patched = [\">= 1.2.4\"]\n```\n\n# Overflow in <script>alert('parser')</script> & \"friends\"\n\nText.\n",
    )
    .unwrap();
    fs::write(
        folder.join("fence.toml"),
        "level = \"medium\"\n\n[wait]\nbase = \"7 days\"\nfloor-audited-once = \"6 hours\"\n\n\
         [feeds.rustsec]\nrole = \"advisories\"\npath = \"advisories\"\n",
    )
    .unwrap();
    world.registry.publish(release("parser", "1.2.2").at("2025-06-01T00:00:00Z"));
    world.registry.publish(release("parser", "1.2.3").at("2026-06-01T00:00:00Z"));
    world.registry.publish(release("parser", "1.2.4").at("2026-08-20T07:00:00Z"));
    let fence = world.fence();
    world.page(&fence, "parser");
    (world, fence)
}

/// The text of a page as somebody reads it who cannot see it: a line for each block, headings, links and controls named.
fn read(world: &World, fence: &Fence, path: &str) -> String {
    outline(&html(world, fence, path))
}

fn html(world: &World, fence: &Fence, path: &str) -> String {
    match world.ask(fence, path) {
        Answer::Page { html, .. } => String::from_utf8(html.to_vec()).unwrap(),
        other => panic!("{path}: {other:?}"),
    }
}

/// The pieces of a page: tags and texts in turn.
fn pieces(html: &str) -> impl Iterator<Item = (&str, &str)> {
    html.split('<').skip(1).map(|piece| piece.split_once('>').unwrap_or_else(|| panic!("{piece}")))
}

fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    tag[start..].split('"').next()
}

fn plain(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
    text.replace("&amp;", "&")
}

fn outline(html: &str) -> String {
    let main = html.split_once("<main").unwrap().1.split_once("</main>").unwrap().0;
    let mut lines = vec![String::new()];
    for (tag, text) in pieces(&format!("<main{main}")) {
        let name = tag.split(' ').next().unwrap();
        let begin = match name {
            "h1" => Some("# "),
            "h2" => Some("\n## "),
            "h3" => Some("\n### "),
            "li" => Some("- "),
            "p" | "tr" | "dt" | "pre" | "summary" | "caption" | "article" => Some(""),
            _ => None,
        };
        if let Some(begin) = begin {
            lines.push(begin.to_owned());
        }
        let line = lines.last_mut().unwrap();
        match name {
            "a" => *line += "[",
            "/a" => *line += "]",
            "th" | "td" | "/dt" => *line += " | ",
            "svg" => {
                if let Some(label) = attribute(tag, "aria-label") {
                    lines.push(format!("(picture: {})", plain(label)));
                    lines.push(String::new());
                    continue;
                }
            }
            _ => {}
        }
        *lines.last_mut().unwrap() += &plain(text).replace('\n', " ");
        if name == "a" && attribute(tag, "href").is_some_and(|href| href.contains("://")) {
            panic!("a page leads elsewhere: {tag}");
        }
    }
    let lines = lines
        .iter()
        .map(|line| line.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_fence_that_nobody_has_asked_says_how_to() {
    let world = World::at("2026-08-20T08:00:00Z");
    let fence = world.fence();
    insta::assert_snapshot!(read(&world, &fence, "/"));
}

#[test]
fn a_takeover_as_people_read_it() {
    let (world, fence) = takeover();
    for (name, path) in [
        ("waiting", "/"),
        ("release", "/crates-io/crate/arrayref/0.3.10"),
        ("release, admitted", "/crates-io/crate/arrayref/0.3.9"),
        ("release, waiting", "/crates-io/crate/glob/0.3.4"),
        ("crate", "/crates-io/crate/arrayref"),
        ("status", "/status"),
        ("search", "/search?q=arr"),
    ] {
        insta::assert_snapshot!(format!("takeover, {name}"), read(&world, &fence, path));
    }
}

#[test]
fn the_source_of_a_page_looks_like_this() {
    let (world, fence) = takeover();
    insta::assert_snapshot!(html(&world, &fence, "/"));
}

/// What nobody sees, and what moves other text; what looks like markup; and what a runner takes for a command.
const HOSTILE: [&str; 2] = ["\u{1b}[2J\u{202e}gpj\u{200b}", "<script>alert('x')</script>"];

/// A world in which pad-words 1.0.1 came an hour ago.
fn an_update() -> (World, Fence) {
    let world = World::at("2026-08-22T12:00:00Z");
    world::publish_an_update(&world.registry, "2026-08-22T11:00:00Z", &HOSTILE);
    let fence = world.fence();
    (world, fence)
}

const UPDATE: &str = "/crates-io/crate/pad-words/1.0.1/change";

#[test]
fn a_change_is_read_with_its_findings_in_place() {
    let (world, fence) = an_update();
    let before = read(&world, &fence, "/crates-io/crate/pad-words/1.0.1");
    assert!(
        before.contains("Both packages are fetched and read when somebody opens the change."),
        "{before}"
    );
    insta::assert_snapshot!("change", read(&world, &fence, UPDATE));
    insta::assert_snapshot!("change, side", read(&world, &fence, &format!("{UPDATE}?view=side")));
    insta::assert_snapshot!("change, release", read(&world, &fence, "/crates-io/crate/pad-words/1.0.1"));
    let source = html(&world, &fence, UPDATE);
    assert!(!source.contains("<script>alert") && !source.contains(['\u{1b}', '\u{202e}', '\u{200b}']));
    insta::assert_snapshot!("change, source", source);
}

#[test]
fn a_change_is_compared_with_what_somebody_asks_for() {
    let (world, fence) = an_update();
    let lead = |path: &str| {
        let text = read(&world, &fence, path);
        text.lines().find(|line| line.contains("Compared with")).unwrap_or(&text).to_owned()
    };
    world.registry.publish(release("pad-words", "1.0.2+a.b").at("2026-08-22T11:30:00Z"));
    world.later(Span::minutes(2));
    assert_eq!(
        lead("/crates-io/crate/pad-words/1.0.2+a.b/change"),
        "Compared with [1.0.0], by which the fence judges it: the newest older release that was admitted when it appeared."
    );
    assert_eq!(
        lead("/crates-io/crate/pad-words/1.0.2+a.b/change?from=1.0.1&view=side"),
        "Compared with [1.0.1], as you asked."
    );
    assert_eq!(lead(&format!("{UPDATE}?from=1.0.2%2Ba.b")), "Compared with [1.0.2+a.b], as you asked.");
    assert_eq!(
        lead("/crates-io/crate/pad-words/1.0.0/change"),
        "Compared with nothing, since there is no older release: all of it is new."
    );
    insta::assert_snapshot!(read(&world, &fence, &format!("{UPDATE}?from=0.9.0")), @"
    # Nothing here
    crates.io has no release pad-words 0.9.0 to compare with.
    [What is held]
    ");
}

/// What takes longer than a reader waits is told so, and is done once however often somebody asks meanwhile.
#[test]
fn a_change_that_is_being_read_says_so() {
    let mut world = World::at("2026-08-22T12:00:00Z");
    world::publish_an_update(&world.registry, "2026-08-22T11:00:00Z", &[]);
    let (go, gate) = mpsc::channel::<()>();
    let (gate, runs) = (Mutex::new(gate), Arc::new(AtomicUsize::new(0)));
    let (compares, counted) = (world.compares.clone().unwrap(), Arc::clone(&runs));
    world.compares = Some(Arc::new(move |old, new| {
        counted.fetch_add(1, Ordering::SeqCst);
        gate.lock().unwrap().recv().unwrap();
        compares(old, new)
    }));
    world.times.reader_waits = Duration::ZERO;
    let fence = world.fence();
    let about = || match world.ask(&fence, UPDATE) {
        Answer::Page { about, .. } => about,
        other => panic!("{other:?}"),
    };
    assert_eq!(about(), About::UnderWay);
    insta::assert_snapshot!(read(&world, &fence, UPDATE), @"
    [pad-words 1.0.1] in crates-io
    # What pad-words 1.0.1 changes
    Compared with [1.0.0], by which the fence judges it: the newest older release that was admitted when it appeared.
    Both packages are fetched and read. This page asks again by itself.
    ");
    // Builds do not wait for it.
    assert_eq!(world.page(&fence, "pad-words"), "Current: 1.0.0, 1.0.1 yanked");
    assert_eq!(about(), About::UnderWay);
    go.send(()).unwrap();
    while about() == About::UnderWay {
        std::thread::yield_now();
    }
    assert_eq!((about(), runs.load(Ordering::SeqCst)), (About::Something, 1));
    assert_eq!(about(), About::Something);
}

#[test]
fn what_cannot_be_compared_is_told_in_a_sentence() {
    let told = |change: fn(&mut World), path: &str| {
        let mut world = World::at("2026-08-22T12:00:00Z");
        world::publish_an_update(&world.registry, "2026-08-22T11:00:00Z", &[]);
        change(&mut world);
        let fence = world.fence();
        let Answer::Page { html, about } = world.ask(&fence, path) else { panic!("{path}") };
        let text = outline(std::str::from_utf8(&html).unwrap());
        let line = text.lines().find(|line| line.contains("cannot be shown")).unwrap_or(&text);
        format!("{about:?}: {line}")
    };
    let damages: fn(&mut World) = |world| {
        world.registry.publish(release("glob", "0.3.3").at("2026-01-01T00:00:00Z"));
        world.registry.publish(release("glob", "0.3.4").at("2026-08-22T11:00:00Z"));
        world.registry.damage("glob", "0.3.4");
    };
    insta::assert_snapshot!(told(damages, "/crates-io/crate/glob/0.3.4/change"), @"Unknown: It cannot be shown: the package of glob 0.3.4 that the registry sends has digest c0a141b7, and its index says 7a09326d.");
    insta::assert_snapshot!(told(|world| world.compares = None, UPDATE), @"Unknown: It cannot be shown: this fence reads no packages.");
    let panics: fn(&mut World) = |world| world.compares = Some(Arc::new(|_, _| panic!("on purpose")));
    insta::assert_snapshot!(told(panics, UPDATE), @"Unknown: It cannot be shown: the scanner failed in the middle of it.");
    let fails: fn(&mut World) = |world| {
        // A program that is no scanner.
        let scanner = Scanner::of("no-such-program".into());
        world.compares = Some(Arc::new(move |old, new| scanner.read(old, new).result));
    };
    insta::assert_snapshot!(told(fails, UPDATE), @"Unknown: It cannot be shown: the scanner did not come to an end with this package: it cannot be started: No such file or directory (os error 2).");
}

/// A code of the scanner has a page as those of the judgement have.
#[test]
fn a_finding_is_explained_where_it_is_linked() {
    let (world, fence) = an_update();
    let page = html(&world, &fence, UPDATE);
    let links = page.split("href=\"/codes/").skip(1).map(|rest| rest.split('"').next().unwrap());
    let codes: BTreeSet<&str> = links.collect();
    assert!(!codes.is_empty());
    for code in codes {
        let text = read(&world, &fence, &format!("/codes/{code}"));
        assert!(text.contains("## What to look at"), "{text}");
    }
    assert!(fence_proxy::answer::Ask::parse("/codes/no-such-code").is_none());
}

#[test]
fn a_held_fix_comes_first_and_shows_both_risks() {
    let (world, fence) = a_fix_that_is_held();
    world.registry.publish(release("fresh", "1.0.0").at("2026-08-20T07:50:00Z"));
    world.page(&fence, "fresh");
    insta::assert_snapshot!("fix, waiting", read(&world, &fence, "/"));
    insta::assert_snapshot!("fix, release", read(&world, &fence, "/crates-io/crate/parser/1.2.4"));
    insta::assert_snapshot!("fix, status", read(&world, &fence, "/status"));
}

/// The number beside the link, that of the page, that of a search, that for programs and that of the terminal are one: what
/// is of an older class is counted apart, unless a build was refused it or it fixes what builds get instead.
#[test]
fn what_is_held_is_counted_in_one_way() {
    let (world, fence) = a_fix_that_is_held();
    for (name, version, at) in [
        ("parser", "2.0.0", "2026-01-01T00:00:00Z"),
        ("glob", "0.2.9", "2026-08-20T07:00:00Z"),
        ("glob", "0.3.4", "2026-08-20T07:00:00Z"),
        ("Old", "1.0.0", "2026-08-20T07:00:00Z"),
        ("Old", "2.0.0", "2026-08-20T07:00:00Z"),
        ("Old", "3.0.0", "2026-08-20T07:00:00Z"),
    ] {
        world.registry.publish(release(name, version).at(at));
    }
    world.later(Span::minutes(20));
    for name in ["glob", "parser", "old"] {
        world.page(&fence, name);
    }
    let counted = || {
        let page = html(&world, &fence, "/");
        let beside =
            page.split_once("<span class=\"count\">").unwrap().1.split('<').next().unwrap().to_owned();
        let status: serde_json::Value = serde_json::from_str(&world.told(&fence, "/status.json")).unwrap();
        let listed = |older: bool| {
            let held = status["held"].as_array().unwrap().iter().filter(|held| held["older"] == older);
            held.map(|held| {
                format!("{} {}", held["name"].as_str().unwrap(), held["version"].as_str().unwrap())
            })
            .collect::<Vec<_>>()
        };
        let of = |name: &str| {
            let found = read(&world, &fence, &format!("/search?q={name}"));
            found
                .split_once(" held")
                .and_then(|(before, _)| before.split(' ').next_back()?.parse::<usize>().ok())
        };
        let found: usize = ["glob", "parser", "old"].into_iter().filter_map(of).sum();
        let text = outline(&page);
        let lead = text.split_once("# Waiting\n").unwrap().1.split(' ').next().unwrap().to_owned();
        assert_eq!(beside, lead, "{text}");
        assert_eq!(beside, status["held_releases"].to_string(), "{status}");
        assert_eq!(beside, listed(false).len().to_string(), "{status}");
        assert_eq!(beside, found.to_string());
        let aside = format!("{} held releases of older classes", listed(true).len());
        assert!(text.contains(&aside), "{aside}: {text}");
        (listed(false).join(", "), listed(true).join(", "))
    };
    insta::assert_debug_snapshot!(counted(), @r#"
    (
        "glob 0.3.4, Old 3.0.0, parser 1.2.4, parser 2.0.0",
        "glob 0.2.9, Old 1.0.0, Old 2.0.0",
    )
    "#);
    world.download(&fence, "Old", "2.0.0");
    insta::assert_debug_snapshot!(counted(), @r#"
    (
        "glob 0.3.4, Old 2.0.0, Old 3.0.0, parser 1.2.4, parser 2.0.0",
        "glob 0.2.9, Old 1.0.0",
    )
    "#);
}

/// What people seldom want has a page of its own: held releases of older classes, and the older releases of a crate.
#[test]
fn what_is_older_is_one_link_away() {
    let (world, fence) = a_fix_that_is_held();
    for patch in 0..45 {
        let at = format!("2026-01-01T00:{patch:02}:00Z");
        world.registry.publish(release("busy", &format!("1.0.{patch}")).at(&at));
    }
    for version in ["1.0.0", "2.0.0"] {
        world.registry.publish(release("old", version).at("2026-08-20T07:00:00Z"));
    }
    world.later(Span::minutes(20));
    for name in ["busy", "old"] {
        world.page(&fence, name);
    }
    let waiting = html(&world, &fence, "/");
    assert!(waiting.contains("<a href=\"/older\">1 held release of older classes"), "{waiting}");
    insta::assert_snapshot!("older classes", read(&world, &fence, "/older"));
    let latest = html(&world, &fence, "/crates-io/crate/busy");
    assert!(latest.contains("<a href=\"/crates-io/crate/busy/all\">5 older releases</a>"), "{latest}");
    assert!(latest.contains(">1.0.5<") && !latest.contains(">1.0.4<"), "{latest}");
    let all = html(&world, &fence, "/crates-io/crate/busy/all");
    assert!((0..45).all(|patch| all.contains(&format!(">1.0.{patch}<"))), "{all}");
    assert!(!all.contains("older release"), "{all}");
}

/// What nobody is shown first is not lost where there is too much of the other.
#[test]
fn what_is_older_is_told_of_however_much_else_is_held() {
    let world = World::at("2026-08-20T08:00:00Z");
    world.registry.publish(release("old", "2.0.0").at("2025-01-01T00:00:00Z"));
    world.registry.publish(release("old", "1.0.1").at("2026-08-20T07:00:00Z"));
    let fence = world.fence();
    world.page(&fence, "old");
    for n in 0..125 {
        let name = format!("crate-{n:03}");
        world.registry.publish(release(&name, "1.0.0").at("2026-08-20T07:00:00Z"));
        world.page(&fence, &name);
        world.later(Span::seconds(1));
    }
    assert!(read(&world, &fence, "/").contains("1 held release of older classes"));
    let older = read(&world, &fence, "/older");
    assert!(older.contains("1 held release of older classes") && older.contains("[old 1.0.1]"), "{older}");
    assert!(!older.contains("more crate"), "{older}");
}

#[test]
fn the_policy_is_shown_with_its_reasons() {
    let world = World::at("2026-08-20T08:00:00Z").with_policy(
        "level = \"medium\"\n[levels]\nbuild = \"high\"\n[wait]\nbase = \"10 days\"\n[codes]\ndormant = \"review\"\n\
         [[exceptions]]\ncrate = \"glob\"\nversion = \"0.3.4\"\n\
         digest = \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"\ncodes = [\"young\"]\n\
         because = \"</td><script>alert(1)</script>\"\nuntil = \"2026-09-01\"\n",
    );
    let fence = world.fence();
    let text = read(&world, &fence, "/policy");
    insta::assert_snapshot!(text.replace(&world.folder.path().display().to_string(), "[project]"));
}

#[test]
fn a_code_is_explained_where_it_is_linked() {
    let world = World::at("2026-08-20T08:00:00Z");
    let fence = world.fence();
    insta::assert_snapshot!(read(&world, &fence, "/codes/yank-lure"));
}

#[test]
fn what_there_is_not_is_told_so() {
    let (world, fence) = takeover();
    for (path, about) in [
        ("/crates-io/crate/nothing", About::Nothing),
        ("/crates-io/crate/arrayref/9.9.9", About::Nothing),
        ("/other/crate/arrayref", About::Nothing),
        ("/other/crate/arrayref/0.3.9", About::Nothing),
        ("/", About::Something),
    ] {
        let Answer::Page { about: told, .. } = world.ask(&fence, path) else { panic!("{path}") };
        assert_eq!(told, about, "{path}");
    }
    insta::assert_snapshot!(read(&world, &fence, "/crates-io/crate/nothing"), @"
    # Nothing here
    crates.io has no crate nothing.
    [What is held]
    ");
    world.registry.server().next("index/ne/ve/never-seen", [fence_testkit::registry::Act::status(500)]);
    let Answer::Page { about, .. } = world.ask(&fence, "/crates-io/crate/never-seen") else { panic!() };
    assert_eq!(about, About::Unknown);
}

#[test]
fn what_is_read_is_not_asked_for() {
    let (world, fence) = takeover();
    let held = html(&world, &fence, "/");
    assert!(!held.contains("proc-macro1 1.0.106"));
    html(&world, &fence, "/crates-io/crate/proc-macro1");
    html(&world, &fence, "/crates-io/crate/proc-macro1/1.0.106");
    assert_eq!(html(&world, &fence, "/"), held, "nobody builds with it");
}

/// What was told before is not told again where it is not so any more.
#[test]
fn what_is_held_is_held_now() {
    let (world, fence) = takeover();
    let shown = |fence: &Fence| html(&world, fence, "/").contains("/crates-io/crate/glob/0.3.4");
    assert!(shown(&fence));
    world.now("2026-08-25T06:59:59Z");
    world.page(&fence, "glob");
    assert!(shown(&fence), "a second before its wait is over");
    // The index has to say so, too.
    world.now("2026-08-25T07:02:00Z");
    world.page(&fence, "glob");
    assert!(!shown(&fence), "its wait is over");
    let (world, fence) = takeover();
    let shown = || html(&world, &fence, "/").contains("/crates-io/crate/glob/0.3.4");
    assert!(shown());
    let changed = std::time::Instant::now();
    world.policy("level = \"medium\"\n[wait]\nbase = \"0 days\"");
    while shown() {
        assert!(changed.elapsed() < std::time::Duration::from_secs(20), "the policy is not read again");
    }
}

/// The words of the terminal are those of the page.
#[test]
fn a_page_gives_the_reasons_that_cargo_prints() {
    let (world, fence) = takeover();
    let refused = world.download(&fence, "arrayref", "0.3.10");
    let page = read(&world, &fence, "/crates-io/crate/arrayref/0.3.10");
    for line in
        refused.lines().skip(2).filter(|line| !line.starts_with("more: ") && !line.starts_with("its page: "))
    {
        let (code, sentence) = line.split_once(": ").unwrap();
        assert!(page.contains(code) && page.contains(sentence), "{line}\n{page}");
    }
}

/// No page has a style of its own, a handler, a script but the one file, or anything from elsewhere.
#[test]
fn a_page_holds_nothing_that_its_policy_forbids() {
    let (world, fence) = takeover();
    let (fix, held_fix) = a_fix_that_is_held();
    for (world, fence, paths) in [
        (
            &world,
            &fence,
            &[
                "/",
                "/older",
                "/policy",
                "/status",
                "/search?q=%3Cscript%3E",
                "/codes/young",
                "/crates-io/crate/arrayref",
                "/crates-io/crate/arrayref/all",
            ][..],
        ),
        (&fix, &held_fix, &["/", "/crates-io/crate/parser/1.2.4", "/crates-io/crate/parser/1.2.3"][..]),
    ] {
        for path in paths {
            let html = html(world, fence, path);
            let mut ids = std::collections::BTreeSet::new();
            let mut open = Vec::new();
            for (tag, text) in pieces(html.strip_prefix("<!doctype html>\n").unwrap()) {
                let name = tag.split(' ').next().unwrap();
                assert!(!text.contains('>'), "{path}: {text}");
                match name.strip_prefix('/') {
                    Some(name) => assert_eq!(open.pop(), Some(name), "{path}: </{name}>"),
                    None if ["meta", "link", "input", "br"].contains(&name) => {}
                    None => open.push(name),
                }
                if name == "script" {
                    assert_eq!(tag, "script src=\"/page.js\" defer=\"\"", "{path}");
                }
                for forbidden in ["style", "onclick", "onload", "onerror", "srcdoc", "formaction"] {
                    assert_eq!(attribute(tag, forbidden), None, "{path}: {tag}");
                }
                for place in ["href", "src", "action"] {
                    let is_own = attribute(tag, place)
                        .is_none_or(|to| to.starts_with(['/', '#']) && !to.starts_with("//"));
                    assert!(is_own, "{path}: {tag}");
                }
                if let Some(id) = attribute(tag, "id") {
                    assert!(ids.insert(id.to_owned()), "{path}: two have the id {id}");
                }
            }
            assert_eq!(open, Vec::<&str>::new(), "{path}");
        }
    }
}

#[test]
fn many_crates_are_told_of_those_asked_for_last() {
    let world = World::at("2026-08-20T08:00:00Z");
    for n in 0..125 {
        world.registry.publish(release(&format!("crate-{n:03}"), "1.0.0").at("2026-08-20T07:00:00Z"));
    }
    let fence = world.fence();
    for n in 0..125 {
        world.page(&fence, &format!("crate-{n:03}"));
        world.later(Span::seconds(1));
    }
    let page = read(&world, &fence, "/");
    assert!(page.contains("125 releases are held"), "{}", &page[..400]);
    assert!(page.contains("of which 120 are told of here: 120 for"), "{}", &page[..400]);
    assert!(page.contains("5 more crates have something held"), "{}", &page[..400]);
    assert!(page.contains("crate-124 1.0.0") && !page.contains("crate-004 1.0.0"));
}
