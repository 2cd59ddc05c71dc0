//! Timing whole processes, in alternating pairs, on machines that are shared and noisy.
//!
//! What is quoted is a median, a 95th percentile, or a ratio within pairs; never a single run. Memory is sampled
//! from the running process in runs of its own, so that looking does not disturb the clock.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A command to be measured again and again.
pub(crate) struct Subject {
    /// What the table calls it.
    pub(crate) name: String,
    /// Makes the command; what it prints is thrown away.
    pub(crate) command: Box<dyn Fn() -> Command>,
    /// What has to be done before each run, outside the measured time.
    pub(crate) before: Box<dyn Fn() -> Result<(), String>>,
    /// Exit codes that mean it did its work.
    pub(crate) good: &'static [i32],
}

impl Subject {
    pub(crate) fn new(name: &str, good: &'static [i32], command: impl Fn() -> Command + 'static) -> Self {
        Self { name: name.to_owned(), command: Box::new(command), before: Box::new(|| Ok(())), good }
    }

    pub(crate) fn before(mut self, before: impl Fn() -> Result<(), String> + 'static) -> Self {
        self.before = Box::new(before);
        self
    }
}

/// The times of one subject's runs, in the order in which they were made.
pub(crate) struct Times(pub(crate) Vec<Duration>);

impl Times {
    /// The value below which `percent` of the runs lie, in milliseconds.
    pub(crate) fn percentile_ms(&self, percent: usize) -> f64 {
        percentile(self.0.iter().map(|time| time.as_secs_f64() * 1e3).collect(), percent)
    }

    /// The percentile of the differences to another subject's runs of the same round, in milliseconds.
    pub(crate) fn above_ms(&self, other: &Self, percent: usize) -> f64 {
        let pairs = self.0.iter().zip(&other.0);
        percentile(pairs.map(|(a, b)| (a.as_secs_f64() - b.as_secs_f64()) * 1e3).collect(), percent)
    }

    /// The median of the ratios to another subject's runs of the same round.
    pub(crate) fn ratio(&self, other: &Self) -> f64 {
        percentile(self.0.iter().zip(&other.0).map(|(a, b)| a.as_secs_f64() / b.as_secs_f64()).collect(), 50)
    }
}

/// The value below which `percent` of `values` lie.
pub(crate) fn percentile(mut values: Vec<f64>, percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values.get((last * percent).div_ceil(100)).copied().unwrap_or(f64::NAN)
}

/// Runs all subjects in turn, `rounds` times after one round that does not count.
pub(crate) fn interleaved(subjects: &[Subject], rounds: usize) -> Result<Vec<Times>, String> {
    let mut times: Vec<Times> = subjects.iter().map(|_| Times(Vec::with_capacity(rounds))).collect();
    for round in 0..=rounds {
        for (subject, times) in subjects.iter().zip(&mut times) {
            let time = once(subject)?;
            if round > 0 {
                times.0.push(time);
            }
        }
    }
    Ok(times)
}

fn once(subject: &Subject) -> Result<Duration, String> {
    (subject.before)()?;
    let mut command = (subject.command)();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let status = command.status().map_err(|error| format!("cannot start {command:?}: {error}"))?;
    let time = start.elapsed();
    if status.code().is_some_and(|code| subject.good.contains(&code)) {
        return Ok(time);
    }
    // Once more with its words, for whoever has to mend it.
    let output = (subject.command)().stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    Err(format!(
        "{}: {command:?} ended with {status}:\n{}",
        subject.name,
        String::from_utf8_lossy(&output.stderr)
    ))
}

/// The largest anonymous and whole resident memory that a run was seen to have, in KiB, over `runs` runs. Linux
/// only; elsewhere nothing is seen.
pub(crate) fn peak_kib(subject: &Subject, runs: usize) -> Result<(u64, u64), String> {
    let mut peak = (0, 0);
    for _ in 0..runs {
        (subject.before)()?;
        let mut command = (subject.command)();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| format!("cannot start {command:?}: {error}"))?;
        let status = format!("/proc/{}/status", child.id());
        while child.try_wait().map_err(|error| error.to_string())?.is_none() {
            let Ok(text) = std::fs::read_to_string(&status) else { break };
            peak.0 = peak.0.max(kib(&text, "RssAnon:"));
            peak.1 = peak.1.max(kib(&text, "VmHWM:"));
        }
        child.wait().map_err(|error| error.to_string())?;
    }
    Ok(peak)
}

/// A field of `/proc/PID/status` that counts KiB; 0 where it is not there.
pub(crate) fn kib(status: &str, field: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_runs() {
        let times = Times((1..=100).map(Duration::from_millis).collect());
        assert!((times.percentile_ms(50) - 51.0).abs() < 0.01, "{}", times.percentile_ms(50));
        assert!((times.percentile_ms(95) - 96.0).abs() < 0.01, "{}", times.percentile_ms(95));
        let twice = Times((1..=100).map(|ms| Duration::from_millis(2 * ms)).collect());
        assert!((twice.ratio(&times) - 2.0).abs() < 1e-9);
    }

    #[test]
    fn memory_is_read_from_its_field() {
        let status = "VmHWM:\t    5120 kB\nVmRSS:\t    4096 kB\nRssAnon:\t     100 kB\n";
        assert_eq!([kib(status, "VmRSS:"), kib(status, "RssAnon:"), kib(status, "RssFile:")], [4096, 100, 0]);
    }
}
