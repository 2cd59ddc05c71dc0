//! How fast the graph of a whole registry is made, weighed and asked, and in how much memory.
//!
//! ```sh
//! cargo run --release -p fence-testkit --example graph -- facts.json 250000        from index files
//! cargo run --release -p fence-testkit --example graph -- facts.json 10000000 rows  the graph alone, from rows
//! ```
//!
//! Making the registry up is not part of any time, but its peak of memory is: one index file at a time. `cargo xtask bench
//! graph` runs this.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use fence_model::quorum::{Cluster, Enrolment, Rules, Voice, quorum};
use fence_model::{CrateName, Level, Span, Time};
use fence_registry::graph::{Builder, CrateId, Growth, Link, Owners, Tenure, Weights};
use fence_registry::{IndexFile, Limits};
use fence_testkit::synthetic::{Shapes, Synthetic};

const THREADS: usize = 2;
const ASKED: u32 = 2_000;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [facts, crates, rest @ ..] = words.as_slice() else {
        panic!("facts.json and a number of crates are needed")
    };
    let facts = std::fs::read_to_string(facts).unwrap_or_else(|error| panic!("{facts}: {error}"));
    let crates = crates.parse().unwrap_or_else(|_| panic!("{crates} is a number of crates"));
    let as_of = Time::from_unix(1_795_000_000);
    let registry = Synthetic::of(Shapes::read(&facts), crates, as_of, 1);
    let (builder, taken) =
        if rest.is_empty() { from_files(&registry, as_of) } else { from_rows(&registry, as_of) };

    let (mut growth, building) = timed(|| builder.build());
    let graph = growth.graph();
    println!("  {} links, {} requirements", graph.links(), growth.vocabulary().requirements());
    line("graph built: taken in and laid out", taken + building, Some((Duration::from_secs(20), crates)));
    println!("  of which laid out: {:.2} s; peak so far {}", building.as_secs_f64(), peak());

    let (owners, collecting) =
        timed(|| Owners::collect((0..crates).flat_map(|number| registry.owners(number))));
    println!(
        "  {} clusters; made up and put in order in {:.1} s",
        owners.clusters(),
        collecting.as_secs_f64()
    );
    let (weights, weighing) = timed(|| Weights::of(growth.graph(), &owners, Tenure::default(), THREADS));
    line("all weights of all crates, two threads", weighing, Some((Duration::from_secs(2), crates)));
    let [behind, ways, voices] = weights.entries();
    println!("  {behind} entries behind crates, {ways} ways, {voices} voices; peak {}", peak());

    quorums(&registry, growth.vocabulary(), &weights);
    drop(weights);
    if rest.is_empty() {
        changes(&registry, &mut growth, as_of);
    }
    println!("  peak of all {}", peak());
}

fn from_files(registry: &Synthetic, as_of: Time) -> (Builder, Duration) {
    let mut builder = Builder::new(as_of, Span::days(90));
    let (mut parsing, mut reading, mut bytes, mut releases) = (Duration::ZERO, Duration::ZERO, 0, 0);
    for number in 0..registry.crates() {
        let (name, text) = (name(number), registry.index_file(number));
        let (file, time) = timed(|| parsed(&name, &text));
        parsing += time;
        reading += timed(|| builder.read(&file)).1;
        bytes += text.len();
        releases += file.releases.len();
    }
    println!(
        "  {} crates, {releases} releases, {:.0} MB of index files: parsed in {:.1} s, taken in in {:.2} s, one thread",
        registry.crates(),
        bytes as f64 / 1e6,
        parsing.as_secs_f64(),
        reading.as_secs_f64()
    );
    let last = registry.crates() - 1;
    assert_eq!(
        builder.vocabulary().id(&Synthetic::name(last)),
        Some(CrateId(last)),
        "numbers are those of owners"
    );
    (builder, parsing + reading)
}

fn from_rows(registry: &Synthetic, as_of: Time) -> (Builder, Duration) {
    let mut builder = Builder::new(as_of, Span::days(90));
    let mut reading = Duration::ZERO;
    for number in 0..registry.crates() {
        let (name, needs) = (Synthetic::name(number), registry.needs(number));
        reading += timed(|| {
            let id = builder.vocabulary().crate_named(&name);
            let mut row: Vec<Link> = needs
                .iter()
                .filter(|need| need.counts())
                .map(|need| Link {
                    with: CrateId(need.on),
                    requirement: builder.vocabulary().requirement_written(&need.requirement),
                })
                .collect();
            row.sort_unstable();
            builder.row(id, &row);
        })
        .1;
    }
    println!("  {} crates, rows taken in in {:.1} s", registry.crates(), reading.as_secs_f64());
    (builder, reading)
}

/// The quorum of the newest release of many crates, and of the most needed one: all enrolled, three approve.
fn quorums(registry: &Synthetic, vocabulary: &fence_registry::graph::Vocabulary, weights: &Weights) {
    let ask = |number: u32| {
        let release = registry.releases(number) - 1;
        let version = format!("{}.{}.{}", release / 50, release / 5 % 10, release % 5);
        let version = version.parse().unwrap_or_else(|_| panic!("{version} is a version"));
        timed(|| {
            let voices = weights.of_release((CrateId(number), &version), vocabulary, &BTreeSet::new());
            let approved: BTreeSet<Cluster> = voices.iter().take(3).map(|voice| voice.cluster).collect();
            let voices: Vec<(Voice, Enrolment)> =
                voices.into_iter().map(|voice| (voice, Enrolment::Enrolled)).collect();
            (voices.len(), quorum(&voices, &approved, &Rules::at(Level::Medium)))
        })
    };
    let step = (registry.crates() / ASKED).max(1);
    let times = (0..ASKED).map(|at| ask(at * step % registry.crates()).1).collect();
    distribution("one release's quorum, crates of all ranks", times, Some(Duration::from_millis(1)));
    let times = (1..1_000).map(|number| ask(number).1).collect();
    distribution("… of the thousand most needed", times, None);
    let mut times: Vec<(Duration, usize)> =
        (0..5).map(|_| ask(0)).map(|((voices, _), time)| (time, voices)).collect();
    times.sort_unstable();
    println!("  … of the most needed, {} voices: {:.2} ms", times[2].1, times[2].0.as_secs_f64() * 1e3);
    let largest: Vec<usize> = (0..5).map(|number| weights.of_crate(CrateId(number)).len()).collect();
    println!("  voices of the five most needed, any release: {largest:?}");
}

/// One new release of many crates, then a day on which others come of age.
fn changes(registry: &Synthetic, growth: &mut Growth, as_of: Time) {
    let step = (registry.crates() / ASKED).max(1);
    let (mut parsing, mut reading) = (Vec::new(), Vec::new());
    for at in 0..ASKED {
        let number = at * step % registry.crates();
        let (name, mut text) = (name(number), registry.index_file(number));
        let (name_text, vers) = (format!("\"name\":\"{name}\",\"vers\":\""), "9.9.9\"");
        let file = String::from_utf8_lossy(&text).into_owned();
        let last = file.lines().last().unwrap_or_default();
        let tail = last[1 + name_text.len()..].split_once('"').map_or("", |(_, tail)| tail);
        text.extend_from_slice(format!("{{{name_text}{vers}{tail}\n").as_bytes());
        let (file, time) = timed(|| parsed(&name, &text));
        parsing.push(time);
        reading.push(timed(|| growth.read(&file)).1);
    }
    distribution("its crate's index file parsed", parsing, None);
    distribution("one new release taken in", reading, Some(Duration::from_millis(1)));
    // Each hour on its own; what a day brings of age is told by the sum.
    let hours: Vec<Duration> =
        (1..=24).map(|hour| timed(|| growth.until(as_of + Span::hours(hour))).1).collect();
    let day: Duration = hours.iter().sum();
    println!("  a day's releases come of age: {:.2} ms in all", day.as_secs_f64() * 1e3);
    let graph = growth.graph();
    let (kept, copying) = timed(|| graph.clone());
    let (merged, merging) = timed(|| kept.merged());
    println!(
        "  the graph kept: {:.2} ms; laid out anew with all changes: {:.0} ms; {} links",
        copying.as_secs_f64() * 1e3,
        merging.as_secs_f64() * 1e3,
        merged.links()
    );
}

fn name(number: u32) -> CrateName {
    let name = Synthetic::name(number);
    name.parse().unwrap_or_else(|_| panic!("{name} is a name"))
}

fn parsed<'a>(name: &CrateName, text: &'a [u8]) -> IndexFile<'a> {
    let file =
        IndexFile::parse(name, text, &Limits::DEFAULT).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(file.problems.is_empty(), "{:?}", file.problems);
    file
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let value = work();
    (value, start.elapsed())
}

/// A time beside its limit; the limits are those of 250,000 crates.
fn line(what: &str, time: Duration, limit: Option<(Duration, u32)>) {
    let limit = match limit {
        Some((limit, crates)) if crates <= 250_000 => {
            let met = if time <= limit { "met" } else { "MISSED" };
            format!("; limit {:.0} s: {met}", limit.as_secs_f64())
        }
        _ => String::new(),
    };
    println!("{what}: {:.2} s{limit}", time.as_secs_f64());
}

fn distribution(what: &str, mut times: Vec<Duration>, limit: Option<Duration>) {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1e3;
    let limit = limit.map_or_else(String::new, |limit| {
        let above = times.iter().filter(|time| **time > limit).count();
        format!("; limit {:.0} ms: {above} of {} above", limit.as_secs_f64() * 1e3, times.len())
    });
    println!("{what}: median {:.4} ms, p99 {:.3} ms, longest {:.2} ms{limit}", at(50), at(99), at(100));
}

/// The most memory that this process had, as Linux counts it.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: Option<u64> = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    kib.map_or_else(|| "unknown".to_owned(), |kib| format!("{:.0} MB", kib as f64 * 1.024e-3))
}
