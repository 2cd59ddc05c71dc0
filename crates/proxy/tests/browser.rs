//! The pages in a real browser: every page on a phone and on a desk, by day and by night, with and without scripts, by
//! keyboard, and with all that strangers may have written.
//!
//! Pictures of all of them are in `target/screenshots` afterwards, for people to look at. `cargo xtask setup` installs the
//! browser and axe; where there is none these tests say that they are skipped, but in CI they fail.

#![allow(clippy::unwrap_used, reason = "what a test finds broken should stop it")]

mod world;

use std::fs;
use std::path::{Path, PathBuf};

use fence_client::gather::Refresh;
use fence_testkit::browser::{Browser, Key, Look, Rules, Scheme, Scripts};
use fence_testkit::publishing::release;
use world::{Served, World};

/// A name as long as one may be, and a version that does not end.
const LONG_NAME: &str = "a-crate-whose-name-is-as-long-as-any-may-be-and-has-64-letters-x";
const LONG_VERSION: &str = "10.200.3000-alpha.of-something.20260820.the-second+built.by.somebody";

/// What a stranger would write who hopes that it is taken for more than text. Each says on its own that it was.
const HOSTILE: [&str; 4] = [
    "<script>window.hostile = 'title'</script>",
    "</td></table><img src=x onerror=\"window.hostile = 'reason'\">",
    "\"><svg onload=\"window.hostile = 'notes'\">",
    "<b class=hostile>&lt;script&gt;</b>",
];

/// The page of a change in which all kinds of things changed.
const CHANGE: &str = "/crates-io/crate/pad-words/1.0.1/change";

/// All pages, and what their pictures are called.
fn pages() -> Vec<(&'static str, String)> {
    let of = |name: &'static str, path: &str| (name, path.to_owned());
    vec![
        of("waiting", "/"),
        of("older", "/older"),
        of("policy", "/policy"),
        of("status", "/status"),
        of("search", "/search?q=ar"),
        of("search-nothing", "/search?q=nobody-has-this"),
        of("code", "/codes/yank-lure"),
        of("crate", "/crates-io/crate/arrayref"),
        of("crate-all", "/crates-io/crate/arrayref/all"),
        of("crate-long", &format!("/crates-io/crate/{LONG_NAME}")),
        of("release-held", "/crates-io/crate/arrayref/0.3.10"),
        of("release-admitted", "/crates-io/crate/arrayref/0.3.9"),
        of("release-waiting", "/crates-io/crate/glob/0.3.4"),
        of("release-fix", "/crates-io/crate/parser/1.2.4"),
        of("release-long", &format!("/crates-io/crate/{LONG_NAME}/{LONG_VERSION}")),
        of("change", CHANGE),
        of("change-side", &format!("{CHANGE}?view=side")),
        of("change-nothing", "/crates-io/crate/pad-words/1.0.0/change"),
        of("sign", "/codes/fetch-and-run"),
        of("nothing", "/crates-io/crate/nothing"),
    ]
}

/// A fence with something of everything: the takeover of arrayref, a fix that is held, a release that only waits, names
/// that are too long for a phone; and strangers wrote all texts.
fn some_of_everything() -> (World, Served) {
    let world = World::at("2026-08-20T07:10:00Z");
    let folder = world.folder.path();
    let [title, because, notes, who] = HOSTILE;
    let advisories = folder.join("advisories/crates/parser");
    fs::create_dir_all(&advisories).unwrap();
    let advisory = format!(
        "```toml\n[advisory]\nid = \"RUSTSEC-2026-1001\"\npackage = \"parser\"\ndate = \"2026-08-19\"\n\n[versions]\n\
         patched = [\">= 1.2.4\"]\n```\n\n# Overflow in {title}\n\nText.\n"
    );
    fs::write(advisories.join("RUSTSEC-2026-1001.md"), advisory).unwrap();
    let (who, notes) = (quoted(who), quoted(notes));
    let audits = format!(
        "[[audits.parser]]\nwho = {who}\ncriteria = \"safe-to-deploy\"\nversion = \"1.2.3\"\nnotes = {notes}\n\n\
         [[audits.glob]]\nwho = {who}\ncriteria = \"safe-to-deploy\"\nviolation = \"=0.3.2\"\nnotes = {notes}\n"
    );
    fs::create_dir(folder.join("people")).unwrap();
    fs::write(folder.join("people/audits.toml"), audits).unwrap();
    fs::write(folder.join("fence.toml"), policy("medium", because)).unwrap();
    for (version, at) in [
        ("0.3.5", "2018-08-16T13:36:26Z"),
        ("0.3.6", "2020-01-26T13:28:30Z"),
        ("0.3.7", "2023-03-20T18:41:21Z"),
        ("0.3.8", "2024-07-20T22:13:30Z"),
        ("0.3.9", "2024-09-14T12:24:40Z"),
    ] {
        world.registry.publish(release("arrayref", version).at(at));
    }
    for (name, version, at) in [
        ("proc-macro2", "1.0.106", "2025-08-18T00:00:00Z"),
        ("proc-macro1", "1.0.106", "2026-08-20T02:11:00Z"),
        ("glob", "0.3.2", "2025-06-01T00:00:00Z"),
        ("glob", "0.3.3", "2026-01-01T00:00:00Z"),
        ("glob", "0.3.4", "2026-08-18T07:00:00Z"),
        ("parser", "1.2.2", "2025-06-01T00:00:00Z"),
        ("parser", "1.2.3", "2026-06-01T00:00:00Z"),
        ("parser", "1.2.4", "2026-08-20T07:00:00Z"),
        (LONG_NAME, "1.0.0", "2024-01-01T00:00:00Z"),
        (LONG_NAME, "1.0.1", "2026-08-20T07:00:00Z"),
        (LONG_NAME, LONG_VERSION, "2026-08-20T07:00:00Z"),
    ] {
        world.registry.publish(release(name, version).at(at));
    }
    world::publish_an_update(&world.registry, "2026-08-20T07:00:00Z", &HOSTILE);
    let served = world.serve();
    for name in ["arrayref", "glob", "parser", LONG_NAME] {
        world.page(&served.fence, name);
    }
    world
        .registry
        .publish(release("arrayref", "0.3.10").needs("proc-macro1", "^1.0.106").at("2026-08-20T07:15:00Z"));
    for version in ["0.3.5", "0.3.6", "0.3.7", "0.3.8", "0.3.9"] {
        world.registry.yank("arrayref", version);
    }
    world.now("2026-08-20T07:30:00Z");
    world.block_on(served.fence.renew_evidence(Refresh::All)).unwrap();
    for name in ["arrayref", "glob", "parser", LONG_NAME] {
        world.page(&served.fence, name);
    }
    world.download(&served.fence, "arrayref", "0.3.10");
    (world, served)
}

/// A text as TOML and JavaScript write it.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn policy(level: &str, because: &str) -> String {
    let (level, because) = (quoted(level), quoted(because));
    format!(
        "level = {level}\n\n[wait]\nbase = \"7 days\"\nfloor-audited-once = \"6 hours\"\n\n[feeds.rustsec]\nrole = \"advisories\"\npath = \"advisories\"\n\n\
         [feeds.people]\nrole = \"audits\"\npath = \"people\"\n\n\
         [[exceptions]]\ncrate = \"other\"\nversion = \"1.0.0\"\ndigest = \"{}\"\ncodes = [\"young\"]\n\
         because = {because}\nuntil = \"2026-09-01\"\n",
        "a".repeat(64)
    )
}

/// The folder in which cargo builds.
fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap()
}

/// The script of axe, where `cargo xtask setup` has put it.
fn axe() -> Option<String> {
    let file = target().join("axe-core/axe.min.js");
    if let Ok(script) = fs::read_to_string(file) {
        return Some(script);
    }
    assert!(std::env::var_os("CI").is_none(), "axe is not there: `cargo xtask setup` fetches it");
    println!("skipped: axe is not there; `cargo xtask setup` fetches it");
    None
}

/// What the browser complained about, but for a page that is not there being not there.
fn complaints(browser: &Browser, name: &str) -> String {
    let complaints = browser.complaints();
    let is_meant = |line: &&str| name == "nothing" && line.contains("404 (Not Found)");
    complaints.lines().filter(|line| !is_meant(line)).map(|line| format!("{name}: {line}\n")).collect()
}

#[test]
fn every_page_is_whole_and_open_to_all_in_every_look() {
    let (Some(browser), Some(axe)) = (Browser::start(), axe()) else { return };
    let (_world, served) = some_of_everything();
    let pictures: PathBuf = target().join("screenshots");
    fs::create_dir_all(&pictures).unwrap();
    let mut wrong = String::new();
    for (name, path) in pages() {
        for width in [1280, 390, 320] {
            browser.look(Look { width, scheme: Scheme::Light });
            browser.go(&format!("{}{path}", served.base));
            wrong += &complaints(&browser, name);
            let wide = browser.sticks_out();
            if !wide.is_empty() {
                wrong += &format!("{name} at {width}: wider than the window: {wide}\n");
            }
            for (scheme, rules) in [(Scheme::Light, Rules::All), (Scheme::Dark, Rules::OfColours)] {
                let look = Look { width, scheme };
                browser.look(look);
                fs::write(pictures.join(format!("{name}-{look}.png")), browser.picture()).unwrap();
                for barrier in browser.barriers(&axe, rules).lines() {
                    wrong += &format!("{name} at {look}: {barrier}\n");
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// A name is read as one, where there is room for it: `crates-io` has a place to break that is none.
#[test]
fn what_an_alarm_is_about_stays_on_one_line() {
    let Some(browser) = Browser::start() else { return };
    let (_world, served) = some_of_everything();
    for width in [320, 390, 720, 1280] {
        browser.look(Look { width, scheme: Scheme::Light });
        browser.go(&format!("{}/status", served.base));
        let lines: Vec<usize> = browser.run(
            "return [...document.querySelectorAll('.alarms td:nth-child(2) a')].map(a => a.getClientRects().length)",
        );
        assert_eq!(lines, [1, 1], "at {width}");
    }
}

#[test]
fn a_keyboard_reaches_everything_in_order_and_shows_where_it_is() {
    let Some(browser) = Browser::start() else { return };
    let (_world, served) = some_of_everything();
    // The others have no stops but those that one of these has.
    let alike = [
        "change-nothing",
        "search-nothing",
        "crate-long",
        "release-long",
        "release-waiting",
        "release-admitted",
    ];
    for (name, path) in pages().into_iter().filter(|(name, _)| !alike.contains(name)) {
        browser.look(Look { width: 1280, scheme: Scheme::Light });
        browser.go(&format!("{}{path}", served.base));
        let all: usize = browser.run(
            "window.stops = [...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
                 .filter(e => e.checkVisibility());
             return window.stops.length",
        );
        let mut reached = Vec::new();
        // What scrolls by itself is a stop too.
        for _ in 0..all + 20 {
            browser.press(Key::Tab);
            let (at, is_seen): (i64, bool) = browser.run(
                "const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
                 const isOutlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
                 const isInWindow = box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
                 return [window.stops.indexOf(e), isOutlined && isInWindow]",
            );
            let Ok(at) = usize::try_from(at) else { continue };
            assert!(is_seen, "{name}: {}: nobody sees that it has the focus", stop(&browser));
            reached.push(at);
            if at + 1 == all {
                break;
            }
        }
        assert_eq!(reached, (0..all).collect::<Vec<_>>(), "{name}");
        // The first stop leads past the menu.
        browser.go(&format!("{}{path}", served.base));
        browser.press(Key::Tab);
        browser.press(Key::Enter);
        browser.until("location.hash === '#main' && document.activeElement.id === 'main'");
    }
}

/// What has the focus.
fn stop(browser: &Browser) -> String {
    browser.value("document.activeElement.outerHTML.slice(0, 200)")
}

#[test]
fn keys_go_from_finding_to_finding_and_from_file_to_file() {
    let Some(browser) = Browser::start() else { return };
    let (_world, served) = some_of_everything();
    browser.look(Look { width: 1280, scheme: Scheme::Light });
    browser.go(&format!("{}{CHANGE}", served.base));
    let at =
        || -> String { browser.value("(document.activeElement.closest('.finding, .file') ?? {}).id ?? ''") };
    let is_seen = || -> bool {
        browser.run(
            "const box = document.activeElement.getBoundingClientRect();
             return box.height > 0 && box.top >= 0 && box.top < innerHeight",
        )
    };
    let all: usize = browser.value("document.querySelectorAll('.finding').length");
    assert!(all >= 2, "{all}");
    for number in (1..=all).chain([all]) {
        browser.type_in("n");
        assert_eq!(at(), format!("finding-{number}"));
        assert!(is_seen(), "finding {number}");
    }
    assert_eq!(
        browser.value::<String>("document.querySelector('#keys + p').textContent"),
        "no finding behind this one"
    );
    browser.type_in("N");
    assert_eq!(at(), format!("finding-{}", all - 1));
    browser.go(&format!("{}{CHANGE}", served.base));
    let files: usize = browser.value("document.querySelectorAll('.file').length");
    for number in 1..=files {
        browser.type_in("f");
        assert_eq!(at(), format!("file-{number}"));
        assert!(is_seen(), "file {number}");
    }
    browser.type_in("F");
    assert_eq!(at(), format!("file-{}", files - 1));
    // One stays where one is.
    browser.type_in("s");
    browser.until("location.search === '?view=side'");
    assert_eq!(browser.value::<String>("location.hash"), format!("#file-{}", files - 1));
    browser.type_in("s");
    browser.until("location.search === ''");
    browser.type_in("?");
    assert!(browser.value::<bool>("document.getElementById('keys').open"));
    // Who types means what is typed.
    browser.run::<()>("document.getElementById('q').focus()");
    browser.type_in("sn");
    assert!(browser.value::<bool>("document.activeElement.id === 'q' && location.search === ''"));
    // And who does not want them has none.
    browser
        .run::<()>("document.querySelector('#keys button').click(); document.getElementById('main').focus()");
    browser.type_in("n");
    assert_eq!(at(), "");
    assert_eq!(browser.complaints(), "");
}

#[test]
fn without_scripts_all_of_it_works() {
    let Some(browser) = Browser::start() else { return };
    let (_world, served) = some_of_everything();
    browser.scripts(Scripts::Off);
    browser.go(&served.base);
    // From one finding to the next and back.
    browser.go(&format!("{}{CHANGE}", served.base));
    assert!(
        !browser.value::<bool>("document.getElementById('keys').checkVisibility()"),
        "keys would do nothing"
    );
    for (link, at) in [("finding-1", "#finding-2"), ("finding-2", "#finding-1")] {
        browser.run::<()>(&format!("document.querySelector('#{link} a[href=\"{at}\"]').focus()"));
        browser.press(Key::Enter);
        browser.until(&format!("location.hash === '{at}'"));
    }
    browser.go(&served.base);
    // By the links alone, from what is held to why.
    for (link, title) in [
        ("/crates-io/crate/arrayref/0.3.10", "arrayref 0.3.10"),
        ("/crates-io/crate/arrayref", "arrayref"),
        ("/policy", "Policy"),
        ("/status", "Status"),
    ] {
        follow(&browser, link);
        browser.until(&format!("location.pathname === '{link}'"));
        let heading: String = browser.value("document.querySelector('h1').textContent");
        assert!(heading.to_lowercase().contains(&title.to_lowercase()), "{link}: {heading}");
    }
    browser.run::<()>("document.getElementById('q').focus()");
    browser.type_in("arr");
    assert!(browser.value::<bool>("location.pathname === '/status'"), "no script is there to look");
    browser.press(Key::Enter);
    browser.until("location.pathname === '/search' && location.search === '?q=arr'");
    follow(&browser, "/crates-io/crate/arrayref");
    browser.until("location.pathname === '/crates-io/crate/arrayref'");
    assert_eq!(browser.complaints(), "");
}

/// Follows a link with the keyboard.
fn follow(browser: &Browser, link: &str) {
    browser.run::<()>(&format!("document.querySelector('a[href=\"{link}\"]').focus()"));
    browser.press(Key::Enter);
}

#[test]
fn crates_are_found_while_one_types() {
    let Some(browser) = Browser::start() else { return };
    let (_world, served) = some_of_everything();
    browser.go(&format!("{}/policy", served.base));
    browser.run::<()>("document.getElementById('q').focus()");
    browser.type_in("arr");
    let found = "document.querySelector('#found a[href=\"/crates-io/crate/arrayref\"]')";
    browser.until(&format!("{found} !== null && {found}.checkVisibility()"));
    assert!(browser.value::<bool>("location.pathname === '/policy'"), "the page stays");
    browser.press(Key::Escape);
    browser.until(&format!("!{found}.checkVisibility()"));
    browser.type_in("a");
    browser.until(&format!("{found} !== null && {found}.checkVisibility()"));
    browser.press(Key::Down);
    browser.press(Key::Enter);
    browser.until("location.pathname === '/crates-io/crate/arrayref'");
    assert_eq!(browser.complaints(), "");
}

/// Expected: what strangers wrote is read as they wrote it, and nothing of it is an element, a handler or a script; also
/// where the browser would let it, so that not the page's policy alone keeps it from that.
#[test]
fn what_strangers_write_never_becomes_markup() {
    let Some(browser) = Browser::start() else { return };
    let (world, served) = some_of_everything();
    browser.ignore_policies();
    let mut read = String::new();
    let look = |path: &str| -> String {
        browser.go(&format!("{}{path}", served.base));
        assert_eq!(smuggled(&browser), Vec::<String>::new(), "{path}");
        browser.value("document.body.textContent")
    };
    for (_, path) in pages() {
        read += &look(&path);
    }
    read += &look("/crates-io/crate/parser/1.2.3");
    read += &look("/crates-io/crate/glob/0.3.2");
    // What is sought is a stranger's too: whoever sets a link chose it.
    for hostile in HOSTILE {
        let text = quoted(hostile);
        let q: String = browser.value(&format!("encodeURIComponent({text})"));
        look(&format!("/search?q={q}"));
        assert!(
            browser.value::<bool>(&format!("document.getElementById('q').value === {text}")),
            "{hostile}"
        );
        browser.run::<()>("document.getElementById('q').select()");
        browser.type_in(&format!("{hostile}."));
        browser.until(&format!("new URLSearchParams(location.search).get('q') === {text} + '.'"));
        assert_eq!(smuggled(&browser), Vec::<String>::new(), "{hostile}");
    }
    for hostile in &HOSTILE[..2] {
        assert!(read.contains(hostile), "nobody reads {hostile}");
    }
    // A policy that is none is told of on every page, in its own words.
    fs::write(world.folder.path().join("fence.toml"), policy("<img src=x onerror=alert(1)>", "b")).unwrap();
    browser.go(&served.base);
    browser.until("(location.reload(), document.body.textContent.includes('<img src=x'))");
    assert_eq!(smuggled(&browser), Vec::<String>::new());
}

/// What is in a page that no page of ours has.
fn smuggled(browser: &Browser) -> Vec<String> {
    browser.run(
        "const own = 'script[src=\"/page.js\"], script[src=\"/change.js\"], link[rel=stylesheet][href=\"/style.css\"], link[rel=icon], form#search';
         const kinds = 'script, style, link, form, img, image, iframe, frame, object, embed, base, video, audio, math, \
             marquee, template, foreignObject, .hostile';
         const alien = [...document.querySelectorAll(kinds)].filter(e => !e.matches(own));
         const isHandler = a => a.name.startsWith('on') || a.name === 'style' || /^\\s*(javascript|data):/i.test(a.value);
         const handled = [...document.querySelectorAll('*')].filter(e => !e.matches(own) && [...e.attributes].some(isHandler));
         const ran = window.hostile === undefined ? [] : ['a script ran: ' + window.hostile];
         return ran.concat([...alien, ...handled].map(e => e.outerHTML.slice(0, 200)))",
    )
}
