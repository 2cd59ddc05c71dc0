//! What the tests of this folder share.

use std::fs::Permissions;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fence_client::Limits;
use fence_client::cache::{Disk, Keep, RealDisk};
use fence_client::http::{Http, HttpSettings, Network};
use fence_client::progress::Progress;
use fence_model::Time;

/// A moment; the tests' present.
pub(crate) fn time(text: &str) -> Time {
    text.parse().unwrap()
}

/// The pauses that a client made, in milliseconds, without making them.
pub(crate) type Pauses = Arc<Mutex<Vec<u128>>>;

/// A client on one connection that is patient with slow machines, and writes down when it would wait.
pub(crate) fn online() -> (Network, Pauses) {
    online_with(settings(), Limits::DEFAULT)
}

pub(crate) fn settings() -> HttpSettings {
    HttpSettings { connections: 1, timeout: Duration::from_secs(20), ..HttpSettings::default() }
}

/// Settings under which silence is noticed at once.
pub(crate) fn impatient() -> HttpSettings {
    HttpSettings { timeout: Duration::from_millis(50), retries: 1, ..settings() }
}

pub(crate) fn online_with(settings: HttpSettings, limits: Limits) -> (Network, Pauses) {
    let pauses = Pauses::default();
    let kept = Arc::clone(&pauses);
    let pause = Arc::new(move |pause: Duration| kept.lock().unwrap().push(pause.as_millis()));
    (Network::Online(Http::with(&settings, limits, pause).unwrap()), pauses)
}

/// Sets when the file at `path` was last changed.
pub(crate) fn set_changed(path: &Path, when: Time) {
    let seconds = u64::try_from(when.unix()).unwrap();
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
}

/// Writes a file and the folders above it.
pub(crate) fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// The folder of real data, if it is there.
pub(crate) fn real_data() -> Option<PathBuf> {
    let folder = std::env::var_os("FENCE_DATA").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: FENCE_DATA is not set");
    }
    folder
}

/// Keeps what it is told.
#[derive(Default)]
pub(crate) struct Recorded(pub(crate) Mutex<Vec<String>>);

impl Recorded {
    fn note(&self, text: String) {
        self.0.lock().unwrap().push(text);
    }

    /// What was told, each event once in a row with its count.
    pub(crate) fn text(&self) -> String {
        self.0.lock().unwrap().join(", ")
    }
}

impl Progress for Recorded {
    fn begin(&self, what: &str, total: usize) {
        self.note(format!("{total} {what}"));
    }

    fn advance(&self) {
        self.note("one".into());
    }

    fn end(&self) {
        self.note("end".into());
    }

    fn warn(&self, text: &str) {
        self.note(format!("warning: {text}"));
    }
}

/// What a fault leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The step was not made.
    Before,
    /// The step was made, and its success was lost on the way.
    After,
    /// Of a write, half of the bytes.
    Halfway,
    /// Of a new file, somebody planted a link to `victim` under its name.
    Planted,
}

/// A disk on which the `n`-th step that changes anything fails.
pub(crate) struct FaultyDisk {
    pub(crate) fails_at: usize,
    pub(crate) fault: Fault,
    pub(crate) steps: AtomicUsize,
}

impl FaultyDisk {
    pub(crate) fn new(fails_at: usize, fault: Fault) -> Self {
        Self { fails_at, fault, steps: AtomicUsize::new(0) }
    }

    fn step(&self, apply: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let failed = || Err(io::Error::other("the disk was pulled out"));
        match (self.steps.fetch_add(1, Ordering::Relaxed) == self.fails_at, self.fault) {
            (false, _) | (true, Fault::Planted) => apply(),
            (true, Fault::Before | Fault::Halfway) => failed(),
            (true, Fault::After) => apply().and_then(|()| failed()),
        }
    }
}

impl Disk for FaultyDisk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        RealDisk.read(path)
    }

    fn create_folders(&self, path: &Path) -> io::Result<()> {
        self.step(|| RealDisk.create_folders(path))
    }

    fn write_new(
        &self,
        path: &Path,
        bytes: &[u8],
        keep: Keep,
        permissions: Option<&Permissions>,
    ) -> io::Result<()> {
        match self.fault {
            _ if self.steps.load(Ordering::Relaxed) != self.fails_at => {}
            Fault::Halfway => RealDisk.write_new(path, &bytes[..bytes.len() / 2], keep, permissions)?,
            #[cfg(unix)]
            Fault::Planted => std::os::unix::fs::symlink("victim", path)?,
            _ => {}
        }
        self.step(|| RealDisk.write_new(path, bytes, keep, permissions))
    }

    fn rename(&self, from: &Path, to: &Path, keep: Keep) -> io::Result<()> {
        self.step(|| RealDisk.rename(from, to, keep))
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        if self.steps.load(Ordering::Relaxed) == self.fails_at && self.fault == Fault::Halfway {
            RealDisk.append(path, &bytes[..bytes.len() / 2])?;
        }
        self.step(|| RealDisk.append(path, bytes))
    }

    fn truncate(&self, path: &Path, length: u64) -> io::Result<()> {
        self.step(|| RealDisk.truncate(path, length))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step(|| RealDisk.remove(path))
    }
}
