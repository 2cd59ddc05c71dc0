//! Load on a server, in two ways, both for random paths over connections that are kept.
//!
//! [`wrk`] asks as fast as it is answered, and costs little: how much is possible. [`asked`] can keep to a rate, whatever
//! the answers do, and counts from when a request was due: how long each takes. It needs a thread for each connection,
//! so that it takes more of the cores than `wrk`; what a server can do at most for it, it has to be asked itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::connection::{Connection, request};
use crate::run;
use crate::server::{CORES, Server};

/// How many connections ask at a time.
const CONNECTIONS: usize = 64;

/// A path and, where it is to be asked for on condition, the tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) path: String,
    pub(crate) tag: Option<String>,
}

/// How much was answered in one run of [`wrk`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Throughput {
    /// Answers per second.
    pub(crate) per_second: f64,
    /// All answers of the run.
    pub(crate) answers: u64,
    /// Bytes per answer, heads included.
    pub(crate) bytes: u64,
}

/// The script for `wrk`: the list of what is wanted is its argument.
const SCRIPT: &str = r#"
local threads = 0
function setup(thread)
    threads = threads + 1
    thread:set("seed", threads)
end

local requests = {}
function init(args)
    math.randomseed(seed)
    for line in io.lines(args[1]) do
        local path, tag = line:match("^(%S+) ?(.*)$")
        local headers = { ["Accept-Encoding"] = "gzip" }
        if tag ~= "" then headers["If-None-Match"] = tag end
        requests[#requests + 1] = wrk.format("GET", path, headers)
    end
end

function request()
    return requests[math.random(#requests)]
end

function done(summary)
    local e = summary.errors
    local wrong = e.connect + e.read + e.write + e.status + e.timeout
    io.write(string.format("\nsummary %d %d %d %d\n", summary.requests, summary.duration, summary.bytes, wrong))
end
"#;

/// Writes down what `wrk` is to ask for, and how; gives back the list's place. The script lies beside it.
pub(crate) fn list(folder: &Path, name: &str, wanted: &[Wanted]) -> Result<PathBuf, String> {
    let line = |Wanted { path, tag }: &Wanted| format!("{path} {}\n", tag.as_deref().unwrap_or_default());
    let list = folder.join(name).with_extension("paths");
    for (path, text) in [(&list, wanted.iter().map(line).collect()), (&script(&list), SCRIPT.to_owned())] {
        fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(list)
}

fn script(list: &Path) -> PathBuf {
    list.with_file_name("ask.lua")
}

/// Asks for what stands in `list` as fast as the server answers.
pub(crate) fn wrk(server: &Server, list: &Path, time: Duration) -> Result<Throughput, String> {
    let mut command = Command::new("wrk");
    command.arg(format!("--threads={CORES}")).arg(format!("--connections={CONNECTIONS}"));
    command.arg(format!("--duration={}s", time.as_secs())).arg("--script").arg(script(list));
    command.arg(format!("http://{}", server.address)).arg("--").arg(list);
    let output = run::output(&mut command)?;
    let output = String::from_utf8_lossy(&output);
    let [requests, microseconds, bytes, wrong] =
        summary(&output).ok_or_else(|| format!("{command:?} gave no summary:\n{output}"))?;
    if wrong > 0 || requests == 0 {
        return Err(format!("{}: {wrong} of {requests} requests failed", server.name));
    }
    Ok(Throughput {
        per_second: requests as f64 * 1e6 / microseconds as f64,
        answers: requests,
        bytes: bytes / requests,
    })
}

fn summary(output: &str) -> Option<[u64; 4]> {
    let words = output.lines().find_map(|line| line.strip_prefix("summary "))?.split(' ');
    words.map(|word| word.parse().ok()).collect::<Option<Vec<u64>>>()?.try_into().ok()
}

/// When [`asked`] asks.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// So many times a second in all, each connection evenly.
    PerSecond(f64),
    /// As soon as the last answer is there.
    AsAnswered,
}

/// How long answers took in one run of [`asked`], in order of size.
pub(crate) struct Latencies {
    /// From the moment at which the request was due, so that one slow answer counts for all who wait behind it.
    pub(crate) answers: Vec<Duration>,
    /// How late this program itself was where nothing was in its way: what the machine, not the server, adds.
    pub(crate) own: Vec<Duration>,
}

/// Asks at this pace for so long, over as many connections as `wrk` has.
pub(crate) fn asked(
    server: &Server,
    wanted: &[Wanted],
    pace: Pace,
    time: Duration,
) -> Result<Latencies, String> {
    let requests: Vec<Vec<u8>> =
        wanted.iter().map(|wanted| request(server.address, &wanted.path, None)).collect();
    let connections: Vec<Connection> =
        (0..CONNECTIONS).map(|_| Connection::open(server.address)).collect::<Result<_, _>>()?;
    // All threads are there by then.
    let start = Instant::now() + Duration::from_millis(50);
    let parts: Vec<Result<Latencies, String>> = thread::scope(|scope| {
        let askers: Vec<_> = connections
            .into_iter()
            .enumerate()
            .map(|(number, connection)| {
                let requests = &requests;
                scope.spawn(move || asked_by_one(connection, requests, number, pace, start, time))
            })
            .collect();
        askers
            .into_iter()
            .map(|asker| asker.join().unwrap_or_else(|_| Err("a thread ended".into())))
            .collect()
    });
    let mut all = Latencies { answers: Vec::new(), own: Vec::new() };
    for part in parts {
        let part = part?;
        all.answers.extend(part.answers);
        all.own.extend(part.own);
    }
    all.answers.sort();
    all.own.sort();
    Ok(all)
}

/// The requests of one connection. At a rate, those of all connections are spread evenly over each interval.
fn asked_by_one(
    mut connection: Connection,
    requests: &[Vec<u8>],
    number: usize,
    pace: Pace,
    start: Instant,
    time: Duration,
) -> Result<Latencies, String> {
    let interval = match pace {
        Pace::PerSecond(rate) => Some(Duration::from_secs_f64(CONNECTIONS as f64 / rate)),
        Pace::AsAnswered => None,
    };
    let mut random = Random(number as u64 + 1);
    let mut latencies = Latencies { answers: Vec::new(), own: Vec::new() };
    let mut due = start + interval.unwrap_or_default().mul_f64(number as f64 / CONNECTIONS as f64);
    // A server that is behind by as much again has shown that it cannot keep up; all that was due would take hours.
    while due < start + time && Instant::now() < start + time * 2 {
        let ahead = due.saturating_duration_since(Instant::now());
        if !ahead.is_zero() {
            thread::sleep(ahead);
            latencies.own.push(due.elapsed());
        }
        let answer = connection.ask(&requests[random.below(requests.len())])?;
        if answer.status != 200 {
            return Err(format!("answered {} under load", answer.status));
        }
        latencies.answers.push(due.elapsed());
        due = interval.map_or_else(Instant::now, |interval| due + interval);
    }
    Ok(latencies)
}

/// Marsaglia's xorshift: the same paths in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_is_found_in_what_wrk_prints() {
        let check = |output, expected| assert_eq!(summary(output), expected, "{output}");
        check("Running 5s test\n  2 threads\n\nsummary 10 5000000 1234 0\n", Some([10, 5_000_000, 1234, 0]));
        check("summary 10 x 1234 0\n", None);
        check("unable to connect\n", None);
    }

    #[test]
    fn every_path_has_its_turn() {
        let mut random = Random(1);
        let mut seen = [0; 7];
        (0..7000).for_each(|_| seen[random.below(7)] += 1);
        assert!(seen.iter().all(|times| (850..1150).contains(times)), "{seen:?}");
    }
}
