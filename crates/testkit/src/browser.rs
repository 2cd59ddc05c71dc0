//! A real browser that a test drives: headless Chromium, over WebDriver.
//!
//! ```no_run
//! use fence_testkit::browser::{Browser, Look, Scheme};
//!
//! let Some(browser) = Browser::start() else { return };
//! browser.look(Look { width: 390, scheme: Scheme::Dark });
//! browser.go("http://127.0.0.1:7343/");
//! assert_eq!(browser.complaints(), "");
//! ```
//!
//! Of WebDriver a test needs a dozen requests, each a JSON document over loopback, and of Chromium's own protocol what
//! WebDriver passes on: to look as on a phone, in the dark, without scripts. Nothing here sleeps: what takes time is
//! asked for again and again ([`Browser::until`]), and not for ever.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long the browser may take for one thing.
const PATIENCE: Duration = Duration::from_secs(30);

/// Chromium, alone on its machine: without a sandbox, since tests run as root in containers, and without anything that
/// it does on its own account.
const FLAGS: [&str; 8] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// A browser with one window, which ends when it is dropped.
#[derive(Debug)]
pub struct Browser {
    driver: Child,
    address: SocketAddr,
    session: String,
    /// Everything that it writes down: gone with it.
    _profile: TempDir,
}

/// What a person sees it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// The width of the window, in CSS pixels.
    pub width: u32,
    /// The colours that the person's system asks for.
    pub scheme: Scheme,
}

/// The colours that a system asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Dark text on a light ground.
    Light,
    /// Light text on a dark ground.
    Dark,
}

/// Whether pages may run scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scripts {
    /// They may.
    On,
    /// The person switched them off.
    Off,
}

/// Which rules of axe a page is looked at by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// All of them.
    All,
    /// Those that another colour scheme can break.
    OfColours,
}

/// A key that has no character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// To the next thing that can be reached.
    Tab,
    /// To the one before.
    ShiftTab,
    /// Does what stands in focus.
    Enter,
    /// Leaves.
    Escape,
    /// Up.
    Up,
    /// Down.
    Down,
}

impl fmt::Display for Look {
    /// As file names have it: `390-dark`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Light => "light",
            Scheme::Dark => "dark",
        };
        write!(f, "{}-{scheme}", self.width)
    }
}

impl Browser {
    /// A browser that shows nothing yet. Where there is none, the test says that it is skipped; in CI that is a failure,
    /// so that a green run cannot hide it.
    ///
    /// # Panics
    /// In CI without a browser; and where the browser does not start.
    pub fn start() -> Option<Self> {
        let (Some(chromium), Some(chromedriver)) = (in_path("chromium"), in_path("chromedriver")) else {
            assert!(
                std::env::var_os("CI").is_none(),
                "no chromium and chromedriver: `cargo xtask setup` installs them"
            );
            println!("skipped: there is no chromium and chromedriver; `cargo xtask setup` installs them");
            return None;
        };
        let profile = tempfile::tempdir().expect("temporary files have room");
        let mut driver = Command::new(&chromedriver)
            .args(["--port=0", "--log-level=SEVERE"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", chromedriver.display()));
        let stdout = driver.stdout.take().expect("it was piped");
        let port = BufReader::new(stdout).lines().map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        let port = port.expect("chromedriver says at which port it listens");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut browser = Self { driver, address, session: String::new(), _profile: profile };
        let profile = format!("--user-data-dir={}", browser._profile.path().display());
        let flags: Vec<&str> = FLAGS.into_iter().chain([profile.as_str()]).collect();
        let session = browser.ask(
            "POST",
            "/session",
            &json!({ "capabilities": { "alwaysMatch": {
                "browserName": "chrome",
                "goog:chromeOptions": { "binary": chromium, "args": flags },
                "goog:loggingPrefs": { "browser": "ALL" },
            } } }),
        );
        browser.session = session["sessionId"].as_str().expect("a session has an id").to_owned();
        Some(browser)
    }

    /// Looks at pages as on another screen, from now on.
    pub fn look(&self, look: Look) {
        let scheme = match look.scheme {
            Scheme::Light => "light",
            Scheme::Dark => "dark",
        };
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.devtools("Emulation.setEmulatedMedia", &json!({ "features": features }));
        // As phones do it: a page that does not say otherwise is laid out for a desk, and shrunk.
        let metrics =
            json!({ "width": look.width, "height": 800, "deviceScaleFactor": 1, "mobile": look.width < 600 });
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics);
    }

    /// Lets pages run scripts, or not, from the next one on. What a test asks of a page it can ask all the same.
    pub fn scripts(&self, scripts: Scripts) {
        self.devtools("Emulation.setScriptExecutionDisabled", &json!({ "value": scripts == Scripts::Off }));
    }

    /// Ignores what pages say of where scripts and styles may come from, from the next one on: what keeps a stranger's
    /// text from becoming markup must not be that alone.
    pub fn ignore_policies(&self) {
        self.devtools("Page.enable", &json!({}));
        self.devtools("Page.setBypassCSP", &json!({ "enabled": true }));
    }

    /// Goes to a page, and waits until it is there.
    pub fn go(&self, url: &str) {
        self.post("url", &json!({ "url": url }));
    }

    /// Where it is.
    pub fn url(&self) -> String {
        self.value("location.href")
    }

    /// What an expression comes to in the page; what a promise comes to, if it is one.
    ///
    /// # Panics
    /// If it fails, or comes to something else than a `T`.
    pub fn value<T: serde::de::DeserializeOwned>(&self, expression: &str) -> T {
        self.run(&format!("return {expression}"))
    }

    /// What a script returns that runs in the page.
    ///
    /// # Panics
    /// As [`Self::value`].
    pub fn run<T: serde::de::DeserializeOwned>(&self, script: &str) -> T {
        let value = self.post("execute/sync", &json!({ "script": script, "args": [] }));
        serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{script}: {value}: {error}"))
    }

    /// Waits until a condition holds in the page, or in the one that comes.
    ///
    /// # Panics
    /// If it does not come to hold.
    pub fn until(&self, condition: &str) {
        let began = Instant::now();
        while !self.value::<bool>(condition) {
            let url = self.url();
            assert!(began.elapsed() < PATIENCE, "it never came to this at {url}: {condition}");
        }
    }

    /// Types text where the focus is.
    pub fn type_in(&self, text: &str) {
        let strokes = text.chars().flat_map(|c| stroke(&c.to_string())).collect();
        self.strokes(strokes);
    }

    /// Presses a key.
    pub fn press(&self, key: Key) {
        let code = match key {
            Key::Tab | Key::ShiftTab => "\u{e004}",
            Key::Enter => "\u{e007}",
            Key::Escape => "\u{e00c}",
            Key::Up => "\u{e013}",
            Key::Down => "\u{e015}",
        };
        let shift = |what: &str| json!({ "type": what, "value": "\u{e008}" });
        let mut strokes = stroke(code).to_vec();
        if key == Key::ShiftTab {
            strokes.insert(0, shift("keyDown"));
            strokes.push(shift("keyUp"));
        }
        self.strokes(strokes);
    }

    fn strokes(&self, strokes: Vec<Value>) {
        self.post("actions", &json!({ "actions": [{ "type": "key", "id": "keys", "actions": strokes }] }));
    }

    /// What the browser complained about since it was asked last, a line each: mistakes of scripts, things that are not
    /// there, things that the page's own policy forbids.
    pub fn complaints(&self) -> String {
        let entries = self.post("se/log", &json!({ "type": "browser" }));
        let entries = entries.as_array().map(Vec::as_slice).unwrap_or_default();
        let line = |entry: &Value| {
            let word = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
            format!("{} {}: {}\n", word("level"), word("source"), word("message"))
        };
        entries.iter().map(line).collect()
    }

    /// What sticks out of the window's side, so that people would have to scroll for each line; nothing where all fits.
    pub fn sticks_out(&self) -> String {
        self.run(
            "const room = document.documentElement.clientWidth;
             if (document.documentElement.scrollWidth <= room) return '';
             const all = [...document.body.querySelectorAll('*')];
             const wide = all.filter(e => e.getBoundingClientRect().right > room + 0.5);
             const name = e => e.tagName.toLowerCase() + [...e.classList].map(c => '.' + c).join('');
             return wide.map(name).slice(0, 8).join(', ') || 'something without a box';",
        )
    }

    /// What keeps people from reading or using the page, by the rules of axe, whose script is `axe`: a rule, what it asks
    /// for, and where it is broken, a line each.
    pub fn barriers(&self, axe: &str, rules: Rules) -> String {
        let only = match rules {
            Rules::All => "{}",
            Rules::OfColours => "{ runOnly: ['color-contrast', 'link-in-text-block'] }",
        };
        if !self.value::<bool>("'axe' in window") {
            self.post("execute/sync", &json!({ "script": axe, "args": [] }));
        }
        self.run(&format!(
            "return axe.run(document, {{ resultTypes: ['violations'], ...{only} }}).then(found =>
                 found.violations.flatMap(rule => rule.nodes.map(node =>
                     rule.id + ': ' + rule.help + ': ' + node.target.join(' ') + ': '
                         + (node.failureSummary || '').replaceAll('\\n', ' ') + '\\n')).join(''))"
        ))
    }

    /// A picture of the whole page, as PNG.
    pub fn picture(&self) -> Vec<u8> {
        let metrics = self.devtools("Page.getLayoutMetrics", &json!({}));
        let size = &metrics["cssContentSize"];
        let clip = json!({ "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1 });
        let picture = self.devtools(
            "Page.captureScreenshot",
            &json!({ "format": "png", "captureBeyondViewport": true, "clip": clip }),
        );
        BASE64.decode(picture["data"].as_str().unwrap_or_default()).expect("a picture is in base64")
    }

    /// A command of Chromium's own protocol.
    pub fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.post("goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }

    fn post(&self, command: &str, body: &Value) -> Value {
        self.ask("POST", &format!("/session/{}/{command}", self.session), body)
    }

    /// The value of an answer.
    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let answer =
            self.answer(method, path, body).unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let value = answer["value"].clone();
        if let Some(error) = value["error"].as_str().filter(|_| value["message"].is_string()) {
            let message = value["message"].as_str().unwrap_or_default();
            panic!("{method} {path}: {error}: {}", message.lines().next().unwrap_or_default());
        }
        value
    }

    fn answer(&self, method: &str, path: &str, body: &Value) -> io::Result<Value> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let body = body.to_string();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        stream.write_all((head + &body).as_bytes())?;
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        for line in reader.by_ref().lines() {
            let line = line?.to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        serde_json::from_slice(&body).map_err(io::Error::other)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A browser that is gone cannot be asked to go.
        let _ = self.answer("DELETE", &format!("/session/{}", self.session), &json!({}));
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn stroke(key: &str) -> [Value; 2] {
    ["keyDown", "keyUp"].map(|what| json!({ "type": what, "value": key }))
}

/// A program that a shell would find.
fn in_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| Path::is_file(file))
}
