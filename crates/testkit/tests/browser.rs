//! The browser: does it see what is wrong with a page? Pages of the fence are tested with it in `fence-proxy`.

use fence_testkit::browser::{Browser, Key, Look, Rules, Scheme, Scripts};
use fence_testkit::registry::{Act, FakeRegistry};

/// Serves this page, once.
fn page(server: &FakeRegistry, html: &str, policy: &str) -> String {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let headers =
        vec![header("content-type", "text/html; charset=utf-8"), header("content-security-policy", policy)];
    let html = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>\
         <link rel=icon href='data:,'><title>A page</title>{html}"
    );
    server.next("page", [Act::Answer { status: 200, headers, body: html.into_bytes() }]);
    server.url("page")
}

/// No policy but that of these tests.
const OPEN: &str = "object-src 'none'";

#[test]
fn it_sees_what_is_wrong_with_a_page() {
    let Some(browser) = Browser::start() else { return };
    let server = FakeRegistry::start();
    let go = |html: &str, policy: &str| browser.go(&page(&server, html, policy));

    go("<p id=p>good", OPEN);
    assert_eq!((browser.complaints(), browser.sticks_out()), (String::new(), String::new()));

    go("<script>console.error('bad')</script>", OPEN);
    assert!(browser.complaints().contains("\"bad\""));
    go("<p style='color: red'>red", "default-src 'none'; img-src data:");
    let forbidden = browser.complaints();
    assert!(forbidden.contains("violates the following Content Security Policy directive"), "{forbidden}");

    browser.look(Look { width: 390, scheme: Scheme::Dark });
    go("<p style='width: 1000px'>wide", OPEN);
    assert_eq!(browser.sticks_out(), "p");
    let dark: bool = browser.value("matchMedia('(prefers-color-scheme: dark)').matches");
    assert!(dark);
    assert_eq!(browser.value::<u32>("document.documentElement.clientWidth"), 390);
    browser.look(Look { width: 1280, scheme: Scheme::Light });
    assert_eq!(browser.sticks_out(), "");
    let light: bool = browser.value("matchMedia('(prefers-color-scheme: light)').matches");
    assert!(light);
    assert_eq!(&browser.picture()[..4], b"\x89PNG");
}

/// A stand-in for axe, whose own rules are not ours to test: it finds pictures without words.
const A_RULE: &str = "window.axe = { run: async (document, options) => {
    const nodes = [...document.querySelectorAll('img:not([alt])')].map(e => ({ target: [e.id], failureSummary: 'Say\nit.' }));
    const rules = [{ id: 'image-alt', help: 'Pictures have words', nodes }];
    return { violations: 'runOnly' in options ? [] : rules };
} }";

#[test]
fn it_tells_which_rules_are_broken() {
    let Some(browser) = Browser::start() else { return };
    let server = FakeRegistry::start();
    browser.go(&page(&server, "<img id=i src='data:,'>", "default-src 'none'; img-src data:"));
    assert_eq!(browser.barriers(A_RULE, Rules::All), "image-alt: Pictures have words: i: Say it.\n");
    assert_eq!(browser.barriers(A_RULE, Rules::OfColours), "");
    browser.go(&page(&server, "<p>", OPEN));
    assert_eq!(browser.barriers(A_RULE, Rules::All), "");
}

#[test]
fn it_types_and_waits() {
    let Some(browser) = Browser::start() else { return };
    let server = FakeRegistry::start();
    browser.go(&page(&server, "<a href=#a id=a>a</a><input id=i oninput='document.title = value'>", OPEN));
    browser.press(Key::Tab);
    browser.press(Key::Tab);
    assert_eq!(browser.value::<String>("document.activeElement.id"), "i");
    browser.type_in("né");
    browser.until("document.title == 'né'");
    browser.press(Key::ShiftTab);
    browser.press(Key::Enter);
    browser.until("location.hash == '#a'");
}

#[test]
fn scripts_can_be_switched_off_and_policies_ignored() {
    let Some(browser) = Browser::start() else { return };
    let server = FakeRegistry::start();
    let runs = "<p id=p>no</p><script>document.getElementById('p').textContent = 'runs'</script>";
    let says = |policy: &str| {
        browser.go(&page(&server, runs, policy));
        browser.value::<String>("document.getElementById('p').textContent")
    };
    assert_eq!(says(OPEN), "runs");
    assert_eq!(says("default-src 'none'; img-src data:"), "no");
    browser.scripts(Scripts::Off);
    assert_eq!(says(OPEN), "no");
    browser.scripts(Scripts::On);
    browser.ignore_policies();
    assert_eq!(says("default-src 'none'; img-src data:"), "runs");
}
