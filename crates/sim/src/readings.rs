//! What scanners read of releases of history: measured for a sample, drawn by the measured rates for the others.
//!
//! The file has one line of JSON for each reading:
//!
//! ```json
//! {"release": "<SHA-256>", "base": "<SHA-256>", "reading": {"capabilities": [], "build-code": "as-before", "findings": [], "unchanged": false}}
//! ```
//!
//! `base` may be `null`, where the release was read alone. `reading` is a [`Reading`] as the fence keeps it.

use fence_model::Digest;
use fence_model::readings::{BuildCode, Finding, Looked, Pair, Reading, Readings};
use serde::Deserialize;

use crate::halves::lot;
use crate::history::{Compiled, ReleaseNumber};

/// How often a reading says what.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rates {
    /// How many readings there are.
    pub sample: usize,
    /// Build code that is new or acts.
    pub build_code: f64,
    /// Capabilities gained.
    pub capability: f64,
    /// Findings.
    pub finding: f64,
    /// All that is built is the same.
    pub unchanged: f64,
}

/// Reads a file of readings.
///
/// # Errors
/// The first line that makes no sense.
pub fn read(text: &str) -> Result<Vec<(Pair, Reading)>, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        release: Digest,
        base: Option<Digest>,
        reading: Reading,
    }
    let line = |(at, text): (usize, &str)| {
        let Line { release, base, reading } =
            serde_json::from_str(text).map_err(|error| format!("readings, line {}: {error}", at + 1))?;
        Ok((Pair { release, base }, reading))
    };
    text.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()).map(line).collect()
}

impl Rates {
    /// The rates of a sample, of which only readings beside a base count: all of a release that was read alone is new.
    pub fn of(sample: &[(Pair, Reading)]) -> Self {
        let beside: Vec<&Reading> =
            sample.iter().filter(|(pair, _)| pair.base.is_some()).map(|(_, r)| r).collect();
        let rate = |says: fn(&Reading) -> bool| {
            beside.iter().filter(|reading| says(reading)).count() as f64 / beside.len().max(1) as f64
        };
        Self {
            sample: beside.len(),
            build_code: rate(|reading| reading.build_code != BuildCode::AsBefore),
            capability: rate(|reading| !reading.capabilities.is_empty()),
            finding: rate(|reading| !reading.findings.is_empty()),
            unchanged: rate(|reading| reading.unchanged),
        }
    }

    /// A reading drawn for a release, the same for the same seed. Each thing is drawn by itself; what is unchanged has
    /// nothing new.
    fn draw(&self, seed: u64, release: Digest) -> Reading {
        let is_drawn = |what: u64, rate: f64| lot(seed.wrapping_add(what), &release.0) < rate;
        if is_drawn(0, self.unchanged) {
            return Reading { unchanged: true, ..Reading::default() };
        }
        let finding = Finding { code: "drawn".into(), severity: "high".into(), place: String::new() };
        // Among those that are not unchanged the rates are higher.
        let among = |rate: f64| rate / (1.0 - self.unchanged).max(f64::EPSILON);
        Reading {
            capabilities: if is_drawn(1, among(self.capability)) { vec!["drawn".into()] } else { Vec::new() },
            build_code: if is_drawn(2, among(self.build_code)) {
                BuildCode::New
            } else {
                BuildCode::AsBefore
            },
            findings: if is_drawn(3, among(self.finding)) { vec![finding] } else { Vec::new() },
            ..Reading::default()
        }
    }
}

/// The readings of all releases: those of the sample as they were measured, the others drawn.
pub fn complete(compiled: &Compiled<'_>, sample: Vec<(Pair, Reading)>, seed: u64) -> (Readings, Rates) {
    let rates = Rates::of(&sample);
    let mut readings = Readings::of_these(sample.iter().cloned());
    for number in 0..compiled.releases() {
        let release = compiled.release(ReleaseNumber(number as u32)).digest;
        readings.suppose(release, Looked::Read(rates.draw(seed, release)));
    }
    // Beside another base than that of its rule a release of the sample is still likelier to be what it was than anything drawn.
    for (pair, reading) in sample {
        readings.suppose(pair.release, Looked::Read(reading));
    }
    (readings, rates)
}
