//! What scanners read of releases of history: measured where somebody fetched them, drawn from those for others.
//!
//! The file has a line for each reading, of four columns with tabs between them: the crate, the version, the version of the base (`-`
//! where the release was read alone), and in JSON what a [`Reading`] as the fence keeps it has to tell; nothing where that is nothing:
//!
//! ```text
//! openssl-sys    0.9.108    0.9.107    {"build-code":{"acts":["run_bindgen in build/run_bindgen.rs"]}}
//! ```

use fence_model::readings::{BuildCode, Looked, Pair, Reading, Readings};
use semver::Version;
use serde_json::{Map, Value};

use crate::halves::lot;
use crate::history::{Compiled, ReleaseNumber};

/// How often a reading says what.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rates {
    /// How many readings there are.
    pub sample: usize,
    /// Any that asks for a reviewer.
    pub asks: f64,
    /// Build code that is new or acts.
    pub build_code: f64,
    /// Capabilities gained.
    pub capability: f64,
    /// Findings.
    pub finding: f64,
    /// Copies of crates that are better known.
    pub copied: f64,
    /// All that is built is the same.
    pub unchanged: f64,
}

/// Reads a file of readings, of releases that a history has.
///
/// # Errors
/// The first line that makes no sense.
pub fn read(text: &str, compiled: &Compiled<'_>) -> Result<Vec<(Pair, Reading)>, String> {
    let lines = (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty());
    lines
        .map(|(at, text)| line(text, compiled).map_err(|error| format!("readings, line {at}: {error}")))
        .collect()
}

fn line(text: &str, compiled: &Compiled<'_>) -> Result<(Pair, Reading), String> {
    let columns: Vec<&str> = text.split('\t').collect();
    let [name, version, base, told] = columns.as_slice() else {
        return Err(format!("{} columns are not four", columns.len()));
    };
    let digest = |version: &str| {
        let krate = compiled.crate_at(name).ok_or_else(|| format!("the index has no {name}"))?;
        let parsed: Version = version.parse().map_err(|error| format!("{version}: {error}"))?;
        let number =
            compiled.number(krate, &parsed).ok_or_else(|| format!("the index has no {name} {version}"))?;
        Ok::<_, String>(compiled.release(number).digest)
    };
    let base = if *base == "-" { None } else { Some(digest(base)?) };
    Ok((Pair { release: digest(version)?, base }, reading(told)?))
}

/// What a reading tells, and nothing else to tell.
fn reading(told: &str) -> Result<Reading, String> {
    let wrong = |error: serde_json::Error| error.to_string();
    let mut all = serde_json::to_value(Reading::default()).map_err(wrong)?;
    if let (false, Value::Object(all)) = (told.is_empty(), &mut all) {
        let told: Map<String, Value> = serde_json::from_str(told).map_err(wrong)?;
        if let Some(unknown) = told.keys().find(|key| !all.contains_key(*key)) {
            return Err(format!("a reading has no {unknown:?}"));
        }
        all.extend(told);
    }
    serde_json::from_value(all).map_err(wrong)
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
            asks: rate(Reading::asks),
            build_code: rate(|reading| reading.build_code != BuildCode::AsBefore),
            capability: rate(|reading| !reading.capabilities.is_empty()),
            finding: rate(|reading| !reading.findings.is_empty()),
            copied: rate(|reading| !reading.copied.is_empty()),
            unchanged: rate(|reading| reading.unchanged),
        }
    }
}

/// The readings of all releases: those that were measured, and for each other release, or beside another base, one drawn for it from
/// those that were, the same for the same seed.
pub fn complete(compiled: &Compiled<'_>, measured: Vec<(Pair, Reading)>, seed: u64) -> (Readings, Rates) {
    let rates = Rates::of(&measured);
    let mut readings = Readings::of_these(measured.iter().cloned());
    let beside: Vec<&Reading> =
        measured.iter().filter(|(pair, _)| pair.base.is_some()).map(|(_, reading)| reading).collect();
    for number in 0..compiled.releases() {
        let release = compiled.release(ReleaseNumber(number as u32)).digest;
        let drawn = (lot(seed, &release.0) * beside.len() as f64) as usize;
        let drawn = beside.get(drawn).map_or_else(Reading::default, |reading| (*reading).clone());
        readings.suppose(release, Looked::Read(drawn));
    }
    // A release that was read beside another base is still likelier to be what it was than anything drawn.
    for (pair, reading) in measured {
        readings.suppose(pair.release, Looked::Read(reading));
    }
    (readings, rates)
}
