//! `cargo xtask bench proxy`: the fence as a registry against nginx with the same index files, on the same cores.
//!
//! Both serve the 2,497 crates of FENCE_DATA: the fence filters them out of a folder that stands for crates.io, nginx
//! sends them as they are, from files that were compressed beforehand. After every path was asked once of both, they
//! are loaded in turn, round by round: as fast as they answer, for whole answers and for "not modified"; then at half
//! of the most that nginx reaches with the client that paces itself, for how long answers take. Memory of the fence is read beside. At last wasmtime's packages are
//! fetched by cargo over the network, direct and through the fence, if FENCE_CHECKOUTS has a checkout.
//!
//! [`noise`] puts a second nginx in the fence's place. It should come out as 1.00, and how far it does not is what a
//! figure of the fence may be off by.

use std::cell::RefCell;
use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::load::{self, Latencies, Pace, Throughput, Wanted};
use super::{report, rounds};
use crate::connection::{Coding, Connection, request};
use crate::fetch::{self, Route};
use crate::laid_out::{self, LaidOut, emptied, folder_entries, write};
use crate::measure::{self, Subject, percentile};
use crate::run;
use crate::server::{self, CORES, Fence, Memory, Server, Used};
use crate::setup;

/// How long each run under load takes.
const LOAD: Duration = Duration::from_secs(5);

/// How long each run at a rate takes, and how many of them a round has: a 99th percentile on two busy cores differs by
/// half from run to run, so that many short pairs say more than few long ones.
const PACED: Duration = Duration::from_secs(2);
const PACED_PER_ROUND: usize = 4;

/// The project whose packages are fetched, and whose lockfile the fence vouches for.
const PROJECT: &str = "wasmtime";

/// What a fence may have resident beside the page cache, in KiB: 30 MB and 100 MB.
const LIMIT_IDLE_KIB: u64 = 30_000_000 / 1024;
const LIMIT_SERVED_KIB: u64 = 100_000_000 / 1024;

/// The fence against nginx.
pub(crate) fn run(root: &Path, data: &Path, words: &[&str]) -> Result<(), String> {
    let rounds = rounds(words, 5)?;
    setup::is_ready_to_bench()?;
    let laid_out = LaidOut::of(root, data)?;
    let program = laid_out::program(root)?;
    let folder = laid_out.folder.join("proxy");
    let lockfile = data.join(format!("lockfiles/{PROJECT}.lock"));
    let upstream = fetch::vouching_fence(&program, &laid_out, &folder.join("fence"), &lockfile)?;
    let fence = Fence { index: Some(laid_out.index()), ..upstream.clone() };
    let registry = Registry::of(&laid_out)?;

    let server = fence.start()?;
    thread::sleep(Duration::from_secs(1));
    let idle = server.memory()?;
    let nginx = server::nginx("nginx", &registry.compressed(&folder)?, &folder.join("nginx"))?;
    compare(&registry, &folder, [&server, &nginx], rounds)?;
    println!("\nmemory of the fence");
    memory("nothing asked yet", idle, LIMIT_IDLE_KIB);
    memory("all index files served, under load", server.memory()?, LIMIT_SERVED_KIB);
    drop((server, nginx));

    first_filtering(root, &registry, &fence, rounds)?;
    fetches(&upstream, &folder, rounds.min(5))
}

/// nginx against nginx.
pub(crate) fn noise(root: &Path, data: &Path, words: &[&str]) -> Result<(), String> {
    let rounds = rounds(words, 5)?;
    setup::is_ready_to_bench()?;
    let laid_out = LaidOut::of(root, data)?;
    let folder = laid_out.folder.join("proxy");
    let registry = Registry::of(&laid_out)?;
    let files = registry.compressed(&folder)?;
    let other = server::nginx("nginx too", &files, &folder.join("nginx-too"))?;
    let nginx = server::nginx("nginx", &files, &folder.join("nginx"))?;
    compare(&registry, &folder, [&other, &nginx], rounds)
}

/// What is asked for as people do: the pages of which something is held, the longest first.
const PAGES: [(&str, &str); 11] = [
    ("waiting", "/"),
    ("waiting, older classes", "/older"),
    ("release, held", HELD),
    ("release, admitted", "/crates-io/crate/serde/1.0.228"),
    ("crate, 300 releases", "/crates-io/crate/serde"),
    ("the same, all of them", "/crates-io/crate/serde/all"),
    ("crate, the largest file", "/crates-io/crate/windows"),
    ("policy", "/policy"),
    ("status", "/status"),
    ("search", "/search?q=win"),
    ("style sheet", "/style.css"),
];

/// Stands for the page of a release that is held at the time.
const HELD: &str = "held";

/// How long a page may take that was asked for before.
const LIMIT_PAGE: Duration = Duration::from_millis(5);

/// How fast pages for people are answered by a fence that was asked for all index files.
pub(crate) fn pages(root: &Path, data: &Path, words: &[&str]) -> Result<(), String> {
    let rounds = rounds(words, 100)?;
    let laid_out = LaidOut::of(root, data)?;
    let program = laid_out::program(root)?;
    let lockfile = data.join(format!("lockfiles/{PROJECT}.lock"));
    let upstream =
        fetch::vouching_fence(&program, &laid_out, &laid_out.folder.join("proxy/fence"), &lockfile)?;
    let registry = Registry::of(&laid_out)?;
    let server = Fence { index: Some(laid_out.index()), ..upstream }.start()?;
    ask_each_once(&server, &registry.paths)?;
    println!(
        "pages, each asked for {rounds} times on one connection, after {} index files",
        registry.paths.len()
    );
    let mut connection = Connection::open(server.address)?;
    let held = held_release(&mut connection, server.address)?;
    for (name, path) in PAGES {
        let wanted = request(server.address, if path == HELD { &held } else { path }, None);
        let mut ask = || {
            let start = Instant::now();
            let answer = connection.ask(&wanted)?;
            Ok::<_, String>((start.elapsed().as_secs_f64() * 1e3, answer))
        };
        let (first, answer) = ask()?;
        let times = (0..rounds).map(|_| ask().map(|(time, _)| time)).collect::<Result<Vec<f64>, String>>()?;
        println!(
            "  {name:<24} {} kB, {} | {:>6.2} ms (median), {:>6.2} ms (95th percentile), limit {} ms; {first:>7.2} ms at first",
            answer.length / 1000,
            answer.status,
            percentile(times.clone(), 50),
            percentile(times, 95),
            LIMIT_PAGE.as_millis(),
        );
    }
    Ok(())
}

/// The page of the first release that the fence says it holds.
fn held_release(connection: &mut Connection, address: SocketAddr) -> Result<String, String> {
    let mut status = Vec::new();
    connection.ask_into(&request(address, "/status.json", None), &mut status)?;
    let status: serde_json::Value = serde_json::from_slice(&status).map_err(|error| error.to_string())?;
    let field = |name: &str| status["held"][0][name].as_str().ok_or("the fence holds nothing");
    Ok(format!("/{}/crate/{}/{}", field("registry")?, field("name")?, field("version")?))
}

/// Loads two servers in turn. The second is what the first is measured by.
fn compare(registry: &Registry, folder: &Path, servers: [&Server; 2], rounds: usize) -> Result<(), String> {
    println!("\n{} index files, {} MB, asked once of each", registry.paths.len(), registry.bytes / 1_000_000);
    let mut wanted = Vec::new();
    for server in servers {
        let (time, seen) = ask_each_once(server, &registry.paths)?;
        println!("  {:<22} {:>8.2} s, all answered with 200 and gzip", server.name, time.as_secs_f64());
        let unchanged = not_modified(server, &seen)?;
        println!("  {:<22} {unchanged:>8} of them answered with 304 when asked again", "");
        wanted.push(seen);
    }

    for (what, condition) in [("whole answers", Condition::None), ("answers 304", Condition::Tag)] {
        println!("\n{what}, wrk on the same {CORES} cores, {rounds} rounds of {} s each", LOAD.as_secs());
        let lists = servers.iter().zip(&wanted).map(|(server, wanted)| {
            let wanted: Vec<Wanted> = wanted.iter().map(|wanted| condition.put_on(wanted)).collect();
            load::list(folder, server.name, &wanted)
        });
        let lists: Vec<PathBuf> = lists.collect::<Result<_, String>>()?;
        let runs = in_turn(rounds, servers, |number, server| load::wrk(server, &lists[number], LOAD))?;
        for (server, runs) in servers.iter().zip(&runs) {
            let median = |of: fn(&Run<Throughput>) -> f64| percentile(runs.iter().map(of).collect(), 50);
            println!(
                "  {:<22} {:>8.0} answers/s, {:>6.1} µs of processor time each, {:>6.0} bytes each (medians)",
                server.name,
                median(|(run, _)| run.per_second),
                median(|run| processor_time_each(run) * 1e6),
                median(|(run, _)| run.bytes as f64),
            );
        }
        tell_ratio("answers/s", &runs, |(run, _)| run.per_second);
        tell_ratio("processor time", &runs, processor_time_each);
        tell_others(&runs);
    }

    let most = (0..rounds)
        .map(|_| load::asked(servers[1], &wanted[1], Pace::AsAnswered, PACED))
        .map(|run| run.map(|run| run.answers.len() as f64 / PACED.as_secs_f64()))
        .collect::<Result<Vec<f64>, _>>()?;
    let (rate, rounds) = (percentile(most, 50) / 2.0, rounds * PACED_PER_ROUND);
    println!(
        "\n{rate:.0} whole answers/s, half of the most that a paced client gets of {}, {rounds} rounds of {} s each",
        servers[1].name,
        PACED.as_secs()
    );
    let runs = in_turn(rounds, servers, |number, server| {
        load::asked(server, &wanted[number], Pace::PerSecond(rate), PACED)
    })?;
    for (server, runs) in servers.iter().zip(&runs) {
        let median =
            |of: fn(&Latencies) -> f64| percentile(runs.iter().map(|(run, _)| of(run)).collect(), 50);
        println!(
            "  {:<22} median {:>6.0} µs, p99 {:>6.0} µs, p99.9 {:>6.0} µs (medians); the asker itself late by {:.0} µs (p99)",
            server.name,
            median(|run| micros_at(&run.answers, 500)),
            median(|run| micros_at(&run.answers, 990)),
            median(|run| micros_at(&run.answers, 999)),
            median(|run| micros_at(&run.own, 990)),
        );
    }
    tell_ratio("p99", &runs, |(run, _)| micros_at(&run.answers, 990));
    tell_others(&runs);
    Ok(())
}

/// How fast everything is parsed, judged, hashed and compressed: by itself, in memory, and by a fence that knows nothing
/// yet, seen from outside. That also reads the files, asks its feeds about each crate, writes what it saw into the journal
/// and onto the disk, and judges what it lacked something for again.
fn first_filtering(root: &Path, registry: &Registry, fence: &Fence, rounds: usize) -> Result<(), String> {
    println!("\nfrom nothing, in memory (the limits are 500 MB/s, and 1 s)");
    let mut example = run::cargo(root);
    example.args(["run", "--quiet", "--release", "--locked", "--package=fence-proxy"]);
    example.args(["--example=first_filtering", "--"]).arg(&registry.index);
    for line in String::from_utf8_lossy(&run::output(&mut example)?).lines() {
        println!("  {line}");
    }
    println!("\nfrom nothing, as a client sees it, {rounds} rounds");
    let (mut times, mut used) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        emptied(&fence.cache)?;
        let server = fence.start()?;
        let ((time, _), its) = server.watched(|| ask_each_once(&server, &registry.paths))?;
        times.push(time.as_secs_f64());
        used.push(its.server.as_secs_f64());
    }
    let (time, used) = (percentile(times, 50), percentile(used, 50));
    println!(
        "  all index files answered after {time:.2} s; {used:.2} s of processor time, {:.0} MB/s per core",
        registry.bytes as f64 / 1e6 / used
    );
    Ok(())
}

/// `cargo fetch --locked` into an empty home, over the network: direct, through a fence that knows nothing, and through
/// the same fence again.
fn fetches(fence: &Fence, folder: &Path, rounds: usize) -> Result<(), String> {
    let checkout =
        std::env::var_os("FENCE_CHECKOUTS").map(|checkouts| PathBuf::from(checkouts).join(PROJECT));
    let Some(checkout) = checkout.filter(|checkout| checkout.join("Cargo.toml").exists()) else {
        println!("\nno fetches: FENCE_CHECKOUTS names no folder with a checkout of {PROJECT}");
        return Ok(());
    };
    println!("\ncargo fetch --locked of {PROJECT}, empty home, over the network, {rounds} rounds");
    let home = folder.join("cargo-home");
    let running: Rc<RefCell<Option<Server>>> = Rc::default();
    let fetch = {
        let home = home.clone();
        move || {
            let mut command = fetch::cargo(&checkout, &home);
            command.args(["fetch", "--locked"]);
            command
        }
    };
    let direct = {
        let home = home.clone();
        move || fetch::empty_home(&home, Route::Direct)
    };
    let cold = {
        let (home, running, fence) = (home.clone(), Rc::clone(&running), fence.clone());
        move || {
            running.take();
            emptied(&fence.cache)?;
            let server = fence.start()?;
            fetch::empty_home(&home, Route::Through(server.address))?;
            running.replace(Some(server));
            Ok(())
        }
    };
    let warm = {
        let running = Rc::clone(&running);
        move || match &*running.borrow() {
            Some(server) => fetch::empty_home(&home, Route::Through(server.address)),
            None => Err("no fence runs".to_owned()),
        }
    };
    let subjects = [
        Subject::new("direct", &[0], fetch.clone()).before(direct),
        Subject::new("through a fence that knows nothing", &[0], fetch.clone()).before(cold),
        Subject::new("through the same fence again", &[0], fetch).before(warm),
    ];
    let times = measure::interleaved(&subjects, rounds)?;
    report(&subjects, &times);
    Ok(())
}

/// The index files that are asked for.
struct Registry {
    index: PathBuf,
    /// Such as `se/rd/serde`.
    files: Vec<PathBuf>,
    /// The same as servers know them.
    paths: Vec<String>,
    /// How much text they are.
    bytes: u64,
}

impl Registry {
    fn of(laid_out: &LaidOut) -> Result<Self, String> {
        let index = laid_out.index();
        let mut files = Vec::new();
        let mut folders = vec![index.clone()];
        while let Some(folder) = folders.pop() {
            for entry in folder_entries(&folder)? {
                if entry.is_dir() {
                    folders.push(entry);
                } else if folder != index {
                    files.push(entry.strip_prefix(&index).map_err(|error| error.to_string())?.to_owned());
                }
            }
        }
        files.sort();
        let paths = files.iter().map(|file| format!("/crates-io/{}", file.display())).collect();
        let length = |file: &PathBuf| fs::metadata(index.join(file)).map_or(0, |metadata| metadata.len());
        let bytes = files.iter().map(length).sum();
        Ok(Self { index, files, paths, bytes })
    }

    /// A copy of the files for nginx, each with its compressed twin, made once.
    fn compressed(&self, folder: &Path) -> Result<PathBuf, String> {
        let root = folder.join("files");
        if root.exists() {
            return Ok(root);
        }
        let half = folder.join("files.part");
        emptied(&half)?;
        let config = PathBuf::from("config.json");
        for file in self.files.iter().chain([&config]) {
            let from = self.index.join(file);
            let bytes = fs::read(&from).map_err(|error| format!("{}: {error}", from.display()))?;
            let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
            let gzip =
                gzip.write_all(&bytes).and_then(|()| gzip.finish()).map_err(|error| error.to_string())?;
            let to = half.join("crates-io").join(file);
            write(&to, bytes)?;
            // Behind the whole name: that of a crate may have no dot, but this is no crate's rule.
            let mut twin = to.into_os_string();
            twin.push(".gz");
            write(Path::new(&twin), gzip)?;
        }
        fs::rename(&half, &root).map_err(|error| error.to_string())?;
        Ok(root)
    }
}

/// Whether index files are asked for whatever they say, or only if they changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    None,
    Tag,
}

impl Condition {
    fn put_on(self, wanted: &Wanted) -> Wanted {
        match self {
            Self::None => Wanted { tag: None, ..wanted.clone() },
            Self::Tag => wanted.clone(),
        }
    }
}

/// Asks for every path, and gives back how long that took, and the tags. Any answer but a compressed, tagged 200 is an
/// error.
fn ask_each_once(server: &Server, paths: &[String]) -> Result<(Duration, Vec<Wanted>), String> {
    let start = Instant::now();
    let wanted = side_by_side(
        paths,
        |connection: &mut Connection, path: &String| {
            let answer = connection.ask(&request(server.address, path, None))?;
            match (answer.status, answer.coding, answer.tag) {
                (200, Coding::Gzip, Some(tag)) => Ok(Wanted { path: path.clone(), tag: Some(tag) }),
                (status, coding, tag) => {
                    Err(format!("{} answered {path} with {status}, {coding:?}, tag {tag:?}", server.name))
                }
            }
        },
        server,
    )?;
    Ok((start.elapsed(), wanted))
}

/// Asks for everything again on condition that it changed, and counts what did not. Anything else is an error: tags
/// that change by themselves would make cargo load everything each time.
fn not_modified(server: &Server, wanted: &[Wanted]) -> Result<usize, String> {
    let answers = side_by_side(
        wanted,
        |connection: &mut Connection, wanted: &Wanted| {
            let answer = connection.ask(&request(server.address, &wanted.path, wanted.tag.as_deref()))?;
            match answer.status {
                304 => Ok(()),
                other => Err(format!("{} answered {} with {other} on its own tag", server.name, wanted.path)),
            }
        },
        server,
    )?;
    Ok(answers.len())
}

/// Does something with each of `all` over a few connections to `server`; what comes out is in the same order.
fn side_by_side<A: Sync, B: Send>(
    all: &[A],
    what: impl Fn(&mut Connection, &A) -> Result<B, String> + Sync,
    server: &Server,
) -> Result<Vec<B>, String> {
    let part = all.len().div_ceil(4 * CORES).max(1);
    let what = &what;
    thread::scope(|scope| {
        let askers: Vec<_> = all
            .chunks(part)
            .map(|part| {
                scope.spawn(move || {
                    let mut connection = Connection::open(server.address)?;
                    part.iter().map(|one| what(&mut connection, one)).collect::<Result<Vec<B>, String>>()
                })
            })
            .collect();
        let parts =
            askers.into_iter().map(|asker| asker.join().unwrap_or_else(|_| Err("a thread ended".into())));
        parts.collect::<Result<Vec<_>, _>>().map(|parts| parts.into_iter().flatten().collect())
    })
}

/// What one run found, and who used processors meanwhile.
type Run<R> = (R, Used);

/// Runs both servers in turn, `rounds` times; who begins changes from round to round.
fn in_turn<R>(
    rounds: usize,
    servers: [&Server; 2],
    mut run: impl FnMut(usize, &Server) -> Result<R, String>,
) -> Result<[Vec<Run<R>>; 2], String> {
    let mut runs = [Vec::new(), Vec::new()];
    for round in 0..rounds {
        for number in [round % 2, (round + 1) % 2] {
            let server = servers[number];
            runs[number].push(server.watched(|| run(number, server))?);
        }
    }
    Ok(runs)
}

/// How the first server stands to the second: by their medians, and within each round.
fn tell_ratio<R>(what: &str, runs: &[Vec<R>; 2], of: impl Fn(&R) -> f64) {
    let [first, second] = runs.each_ref().map(|runs| runs.iter().map(&of).collect::<Vec<f64>>());
    let pairs = pairs(&first, &second);
    let at = |percent| percentile(pairs.clone(), percent);
    println!(
        "  {what}: ratio of the medians {:.2}; of the pairs, median {:.2}, {:.2} to {:.2}",
        percentile(first, 50) / percentile(second, 50),
        at(50),
        at(0),
        at(100)
    );
}

fn pairs(first: &[f64], second: &[f64]) -> Vec<f64> {
    first.iter().zip(second).map(|(first, second)| first / second).collect()
}

/// Where others use the cores, the figures say less.
fn tell_others<R>(runs: &[Vec<Run<R>>; 2]) {
    let shares: Vec<f64> = runs.iter().flatten().map(|(_, used)| used.others * 100.0).collect();
    println!(
        "  other processes had {:.0} % of the cores (median), at most {:.0} %",
        percentile(shares.clone(), 50),
        percentile(shares, 100)
    );
}

/// The server's processor time for an answer, in seconds.
fn processor_time_each((run, used): &Run<Throughput>) -> f64 {
    used.server.as_secs_f64() / run.answers as f64
}

fn memory(when: &str, memory: Memory, limit: u64) {
    println!(
        "  {when:<36} {:>7} KiB anonymous, {} KiB resident, limit {limit}",
        memory.anonymous, memory.resident
    );
}

/// The time below which so many of a thousand lie.
fn micros_at(sorted: &[Duration], per_mille: usize) -> f64 {
    sorted.get(sorted.len() * per_mille / 1000).map_or(f64::NAN, |time| time.as_secs_f64() * 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_of_one_round() {
        assert_eq!(pairs(&[1.0, 9.0], &[2.0, 3.0]), [0.5, 3.0]);
    }
}
