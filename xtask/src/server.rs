//! The servers that are compared: a child process each, its processor time and memory read from `/proc`.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::connection::{Connection, request};
use crate::measure;

/// How many workers nginx gets, and cores the whole bench is meant for.
pub(crate) const CORES: usize = 2;

/// How long a server may take until it is ready: the fence may read its feeds first.
const PATIENCE: Duration = Duration::from_secs(120);

/// A server that runs until it is dropped.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    process: Child,
}

/// What a fence is started with. It sees no configuration of cargo but its own.
#[derive(Debug, Clone)]
pub(crate) struct Fence {
    /// The binary `cargo-fence`.
    pub(crate) program: PathBuf,
    /// The project whose policy judges.
    pub(crate) project: PathBuf,
    /// Its cache.
    pub(crate) cache: PathBuf,
    /// Its `CARGO_HOME`.
    pub(crate) home: PathBuf,
    /// The folder that stands for crates.io; none for crates.io itself.
    pub(crate) index: Option<PathBuf>,
}

/// Who used processors while something was done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Used {
    /// The time of the server.
    pub(crate) server: Duration,
    /// The share of [`CORES`] that went to processes that have nothing to do with the bench.
    pub(crate) others: f64,
}

/// Memory of a server, in KiB.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    pub(crate) resident: u64,
    pub(crate) anonymous: u64,
}

impl Fence {
    /// Starts it, and waits until it says that it is ready.
    pub(crate) fn start(&self) -> Result<Server, String> {
        let address = free_address()?;
        fs::create_dir_all(&self.home).map_err(|error| format!("{}: {error}", self.home.display()))?;
        let mut command = Command::new(&self.program);
        command.args(["fence", "serve", "--quiet", "--listen"]).arg(address.to_string());
        if let Some(index) = &self.index {
            command.arg("--index").arg(index);
        }
        command.current_dir(&self.project);
        command.env("CARGO_FENCE_CACHE", &self.cache).env("CARGO_HOME", &self.home);
        Server::start("fence", address, command, &self.project.join("fence.log"), "/healthz")
    }
}

/// Starts nginx over the files beneath `root`, which are compressed already; its own files go to `folder`.
pub(crate) fn nginx(name: &'static str, root: &Path, folder: &Path) -> Result<Server, String> {
    let address = free_address()?;
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let config = folder.join("nginx.conf");
    fs::write(&config, nginx_config(address, root))
        .map_err(|error| format!("{}: {error}", config.display()))?;
    let mut command = Command::new("nginx");
    command.arg("-p").arg(folder).arg("-e").arg(folder.join("error.log")).arg("-c").arg(&config);
    Server::start(name, address, command, &folder.join("nginx.log"), "/crates-io/config.json")
}

/// As fast as nginx goes with files: whole answers by `sendfile` from compressed files whose handles are kept, without
/// logs, on connections that are never closed.
fn nginx_config(address: SocketAddr, root: &Path) -> String {
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|what| format!("    {what}_temp_path {what};\n"))
        .concat();
    format!(
        "daemon off;
user root;
pid nginx.pid;
worker_processes {CORES};
events {{
    worker_connections 4096;
}}
http {{
{temporary}    access_log off;
    default_type text/plain;
    sendfile on;
    tcp_nopush on;
    tcp_nodelay on;
    etag on;
    gzip_static on;
    gzip_vary on;
    keepalive_timeout 1h;
    keepalive_requests 1000000000;
    open_file_cache max=10000 inactive=1h;
    open_file_cache_valid 1h;
    open_file_cache_min_uses 1;
    open_file_cache_errors on;
    server {{
        listen {address} reuseport backlog=4096;
        root {root};
    }}
}}
",
        root = root.display()
    )
}

impl Server {
    /// Starts `command` and waits until it answers 200 at `path`. What it says goes to `log`.
    fn start(
        name: &'static str,
        address: SocketAddr,
        mut command: Command,
        log: &Path,
        path: &str,
    ) -> Result<Self, String> {
        let file = File::create(log).map_err(|error| format!("{}: {error}", log.display()))?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
        let process = command.spawn().map_err(|error| format!("cannot start {command:?}: {error}"))?;
        let mut server = Self { name, address, process };
        let start = Instant::now();
        let ready = request(address, path, None);
        loop {
            let answer = Connection::open(address).and_then(|mut connection| connection.ask(&ready));
            if answer.as_ref().is_ok_and(|answer| answer.status == 200) {
                return Ok(server);
            }
            let ended = server.process.try_wait().map_err(|error| error.to_string())?;
            if ended.is_some() || start.elapsed() > PATIENCE {
                let state = ended.map_or_else(|| format!("{answer:?}"), |status| status.to_string());
                let said = fs::read_to_string(log).unwrap_or_default();
                return Err(format!("{command:?} is not ready at {path}: {state}\n{said}"));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The processor time that it and its children have used.
    pub(crate) fn processor_time(&self) -> Result<Duration, String> {
        Ok(time(self.family()?.iter().map(|process| process.ticks).sum()))
    }

    /// Does something, and says who used processors meanwhile.
    pub(crate) fn watched<R>(&self, what: impl FnOnce() -> Result<R, String>) -> Result<(R, Used), String> {
        let (start, machine, ours, own) =
            (Instant::now(), machine_time()?, our_time()?, self.processor_time()?);
        let done = what()?;
        let server = self.processor_time()?.saturating_sub(own);
        let ours = our_time()?.saturating_sub(ours) + server;
        let others = machine_time()?.saturating_sub(machine).saturating_sub(ours);
        Ok((done, Used { server, others: others.div_duration_f64(start.elapsed() * CORES as u32) }))
    }

    /// The memory that it and its children have now.
    pub(crate) fn memory(&self) -> Result<Memory, String> {
        let mut memory = Memory { resident: 0, anonymous: 0 };
        for process in self.family()? {
            let status = fs::read_to_string(format!("/proc/{}/status", process.id)).unwrap_or_default();
            memory.resident += measure::kib(&status, "VmRSS:");
            memory.anonymous += measure::kib(&status, "RssAnon:");
        }
        Ok(memory)
    }

    fn family(&self) -> Result<Vec<Process>, String> {
        let entries = fs::read_dir("/proc").map_err(|error| format!("/proc: {error}"))?;
        let stats = entries.filter_map(|entry| fs::read_to_string(entry.ok()?.path().join("stat")).ok());
        let all: Vec<Process> = stats.filter_map(|stat| Process::parse(&stat)).collect();
        let mut family: Vec<Process> =
            all.iter().filter(|process| process.id == self.process.id()).copied().collect();
        let mut at = 0;
        while let Some(parent) = family.get(at).map(|process| process.id) {
            family.extend(all.iter().filter(|process| process.parent == parent));
            at += 1;
        }
        if family.is_empty() { Err(format!("{} has ended", self.name)) } else { Ok(family) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Whoever has ended may have left its number to somebody else.
        if !matches!(self.process.try_wait(), Ok(None)) {
            return;
        }
        // By SIGTERM, which std cannot send: killed outright, nginx would leave its workers behind.
        let asked = Command::new("sh").arg("-c").arg(format!("kill {}", self.process.id())).status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}

/// Linux counts processor time for its users in hundredths of a second, whatever its own clock is.
const TICKS_PER_SECOND: u64 = 100;

fn time(ticks: u64) -> Duration {
    Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND)
}

/// What this process used, and the children that have ended.
fn our_time() -> Result<Duration, String> {
    let stat = fs::read_to_string("/proc/self/stat").map_err(|error| format!("/proc/self/stat: {error}"))?;
    let process = Process::parse(&stat).ok_or("/proc/self/stat makes no sense")?;
    Ok(time(process.ticks + process.waited_for))
}

/// What was used on the whole machine.
fn machine_time() -> Result<Duration, String> {
    let stat = fs::read_to_string("/proc/stat").map_err(|error| format!("/proc/stat: {error}"))?;
    busy(&stat).map(time).ok_or_else(|| "/proc/stat makes no sense".to_owned())
}

/// All that the first line of `/proc/stat` counts but idling, and waiting for disks; the time of guests stands in
/// their hosts' already.
fn busy(stat: &str) -> Option<u64> {
    let fields = stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace();
    let fields: Vec<u64> = fields.map(str::parse).collect::<Result<_, _>>().ok()?;
    let [user, nice, system, _idle, _disks, interrupts, soft_interrupts, stolen, ..] = fields[..] else {
        return None;
    };
    Some(user + nice + system + interrupts + soft_interrupts + stolen)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Process {
    id: u32,
    parent: u32,
    ticks: u64,
    /// Those of its children that have ended.
    waited_for: u64,
}

impl Process {
    /// A line of `/proc/PID/stat`. The program's name, in brackets, may have anything in it.
    fn parse(stat: &str) -> Option<Self> {
        let (before, after) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = after.split_whitespace().collect();
        let ticks = |field: usize| fields.get(field)?.parse::<u64>().ok();
        Some(Self {
            id: before.split(' ').next()?.parse().ok()?,
            parent: fields.get(1)?.parse().ok()?,
            ticks: ticks(11)? + ticks(12)?,
            waited_for: ticks(13)? + ticks(14)?,
        })
    }
}

/// An address on loopback where nobody listens now.
fn free_address() -> Result<SocketAddr, String> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map_err(|error| format!("loopback has no free port: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_are_read_whatever_their_name() {
        let stat = "4711 (a) b (c) S 42 4711 4711 0 -1 4194560 1 2 3 4 150 25 7 8 20 0 1 0 123 456";
        assert_eq!(Process::parse(stat), Some(Process { id: 4711, parent: 42, ticks: 175, waited_for: 15 }));
        assert_eq!(Process::parse("4711 (a"), None);
    }

    #[test]
    fn a_machine_is_busy_with_all_but_idling() {
        let check = |stat, expected| assert_eq!(busy(stat), expected, "{stat}");
        check("cpu  1 2 4 1000 2000 8 16 32 64 128\ncpu0 9\n", Some(63));
        check("cpu  1 2 4\n", None);
        check("intr 1 2 4 1000 2000 8 16 32\n", None);
    }
}
