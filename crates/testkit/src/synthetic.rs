//! A registry of any size that was never published: index files, rows of the graph and owners, each crate made from the
//! seed and its number alone.
//!
//! Shapes are those of `facts.json`, which counts 2,497 crates that real projects lock: releases and dependencies of
//! a crate, gaps between releases, what is yanked, how many need the most needed. A whole registry is not such a sample.
//! What had to be guessed:
//!
//! * crates have fewer releases, eight each in place of 33, by shrinking the curve of the sample;
//! * dependents fall off as `(rank + 5)^-1.1`, which fits the sample from its second crate to its median; that it goes on so
//!   to the last of the registry is a guess. The first crate is needed by a fifth of all others, as in the sample;
//! * owners, of which the index knows nothing: three crates to a cluster, the largest with about a hundredth of all crates; a
//!   quarter of the crates have a second owner, a twentieth a third.
//!
//! A crate depends on those of lower number alone, so that there are no circles, and low numbers are the needed ones.

use std::fmt::Write as _;

use fence_model::quorum::Cluster;
use fence_model::{Digest, Span, Time};
use fence_registry::graph::{CrateId, Ownership};
use serde_json::Value;

/// Releases of a crate: 2 million of 250,000.
const MEAN_RELEASES: f64 = 8.0;
/// Offset and exponent of the dependents' curve.
const OFFSET: f64 = 5.0;
const EXPONENT: f64 = 1.1;

/// The shapes of a registry.
#[derive(Debug, Clone)]
pub struct Shapes {
    releases: Curve,
    normal: Curve,
    build: Curve,
    dev: Curve,
    gap_days: Curve,
    days_since_newest: Curve,
    optional: f64,
    yanked: f64,
    pre_releases: f64,
    for_a_platform: f64,
    /// The part of all crates that need the first.
    first: f64,
}

/// What is at most so in which part of the cases, by percentiles with straight lines between them.
#[derive(Debug, Clone)]
struct Curve(Vec<(f64, f64)>);

impl Shapes {
    /// Reads them from the text of `facts.json`.
    ///
    /// # Panics
    /// If they are not there.
    pub fn read(facts: &str) -> Self {
        let facts: Value = serde_json::from_str(facts).expect("facts.json is JSON");
        let number = |path: &str| {
            facts.pointer(path).and_then(Value::as_f64).unwrap_or_else(|| panic!("facts.json has {path}"))
        };
        let curve = |path: &str| Curve::read(facts.pointer(path).unwrap_or(&Value::Null), path);
        let of_all = number("/dependencies/per_version_all/mean");
        let releases = curve("/index/versions_per_crate");
        let shrunk = (MEAN_RELEASES - 1.0) / (number("/index/versions_per_crate/mean") - 1.0);
        Self {
            releases: Curve(
                releases.0.into_iter().map(|(part, n)| (part, 1.0 + (n - 1.0) * shrunk)).collect(),
            ),
            normal: curve("/dependencies/newest_version_normal"),
            build: curve("/dependencies/per_version_build"),
            dev: curve("/dependencies/per_version_dev"),
            gap_days: curve("/releases/gap_days_between_successive_releases"),
            days_since_newest: curve("/releases/days_since_newest_release"),
            optional: number("/dependencies/per_version_optional/mean") / of_all,
            yanked: number("/releases/share_yanked"),
            pre_releases: number("/releases/share_prerelease"),
            for_a_platform: number("/dependencies/share_target_specific"),
            first: number("/dependencies/most_depended/0/1") / number("/index/crates"),
        }
    }
}

impl Shapes {
    /// A few of everything, for tests: up to a dozen releases and dependencies.
    pub fn few() -> Self {
        let curve = |points: [f64; 3]| Curve([0.0, 0.5, 1.0].into_iter().zip(points).collect());
        Self {
            releases: curve([1.0, 5.0, 12.0]),
            normal: curve([0.0, 3.0, 8.0]),
            build: curve([0.0, 0.2, 2.0]),
            dev: curve([0.0, 1.0, 2.0]),
            gap_days: curve([0.1, 40.0, 500.0]),
            days_since_newest: curve([0.0, 200.0, 2_000.0]),
            optional: 0.2,
            yanked: 0.05,
            pre_releases: 0.05,
            for_a_platform: 0.1,
            first: 0.2,
        }
    }
}

impl Curve {
    fn read(value: &Value, path: &str) -> Self {
        let fields = value.as_object().unwrap_or_else(|| panic!("facts.json has {path}"));
        let mut points: Vec<(f64, f64)> = fields
            .iter()
            .filter_map(|(key, value)| {
                Some((key.strip_prefix('p')?.parse::<f64>().ok()? / 100.0, value.as_f64()?))
            })
            .collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert!(points.len() > 2, "{path} of facts.json has percentiles");
        Self(points)
    }

    fn at(&self, part: f64) -> f64 {
        let above = self.0.iter().position(|(at, _)| *at >= part).unwrap_or(self.0.len() - 1).max(1);
        let ((low, from), (high, to)) = (self.0[above - 1], self.0[above]);
        from + (to - from) * ((part - low) / (high - low)).clamp(0.0, 1.0)
    }
}

/// A registry that was never published.
#[derive(Debug, Clone)]
pub struct Synthetic {
    seed: u64,
    crates: u32,
    as_of: Time,
    shapes: Shapes,
}

/// A dependency of a synthetic release.
#[derive(Debug, Clone)]
pub struct Need {
    /// The number of the crate.
    pub on: u32,
    /// What is asked for.
    pub requirement: String,
    /// `normal`, `build` or `dev`.
    pub kind: &'static str,
    /// Whether a feature switches it on.
    pub optional: bool,
    /// For which platform.
    pub target: Option<&'static str>,
}

impl Need {
    /// Whether it is a dependency for the graph.
    pub fn counts(&self) -> bool {
        self.kind != "dev" && !self.optional
    }
}

/// A release of a synthetic crate.
#[derive(Debug, Clone)]
pub struct Release {
    /// Its version.
    pub version: String,
    /// When it was published.
    pub published: Time,
    /// Whether it is yanked.
    pub yanked: bool,
    /// A digest that no other release has.
    pub digest: Digest,
    /// How many of the newest one's dependencies it has: the first so many.
    pub needs: usize,
}

impl Synthetic {
    /// `crates` crates, the last release of which is of `as_of` at the latest.
    pub fn of(shapes: Shapes, crates: u32, as_of: Time, seed: u64) -> Self {
        Self { seed, crates, as_of, shapes }
    }

    /// The moment that no release is later than.
    pub fn as_of(&self) -> Time {
        self.as_of
    }

    /// The numbers of one crate for one purpose: up to 5 are taken here.
    pub(crate) fn random(&self, number: u32, purpose: u64) -> Random {
        Random::of(self.seed, number, purpose)
    }

    /// How many crates there are.
    pub fn crates(&self) -> u32 {
        self.crates
    }

    /// The name of a crate.
    pub fn name(number: u32) -> String {
        format!("crate-{number}")
    }

    /// How many releases a crate has.
    pub fn releases(&self, number: u32) -> u32 {
        self.shapes.releases.at(self.random(number, 1).part()).round() as u32
    }

    /// What a crate's newest release depends on.
    pub fn needs(&self, number: u32) -> Vec<Need> {
        let shapes = &self.shapes;
        let mut random = self.random(number, 2);
        let mut needs: Vec<Need> = Vec::new();
        let counts = [("normal", &shapes.normal), ("build", &shapes.build), ("dev", &shapes.dev)];
        let counts = counts.map(|(kind, curve)| (kind, curve.at(random.part()).round() as usize));
        if number > 0 && random.part() < shapes.first {
            needs.push(self.need(0, "normal", &mut random));
        }
        for (kind, count) in counts {
            for _ in 0..count.min(number as usize / 2) {
                let on = ranked(random.part(), number);
                if needs.iter().all(|need| need.on != on) {
                    needs.push(self.need(on, kind, &mut random));
                }
            }
        }
        needs
    }

    fn need(&self, on: u32, kind: &'static str, random: &mut Random) -> Need {
        // One of its newer lines mostly, seldom an old one.
        let latest = self.releases(on).saturating_sub(1);
        let line = latest - (f64::from(latest) * random.part().powi(3)) as u32;
        let (major, minor, patch) = version(line);
        let requirement = if random.part() < 0.5 {
            format!("^{major}.{minor}")
        } else {
            format!("^{major}.{minor}.{patch}")
        };
        let optional = kind == "normal" && random.part() < self.shapes.optional;
        let target = (random.part() < self.shapes.for_a_platform).then_some("cfg(windows)");
        Need { on, requirement, kind, optional, target }
    }

    /// When each release of a crate was published, the first one first.
    pub fn published(&self, number: u32) -> Vec<Time> {
        let mut random = self.random(number, 3);
        let second = |days: f64| Span::seconds((days * 86_400.0) as i64);
        let mut at = self.as_of - second(self.shapes.days_since_newest.at(random.part()));
        let mut times = vec![at];
        for _ in 1..self.releases(number) {
            at = at - second(self.shapes.gap_days.at(random.part()));
            times.push(at);
        }
        times.reverse();
        times
    }

    /// All releases of a crate, the first one first. Each has what the next one has, and sometimes one less.
    pub fn history(&self, number: u32, needs: &[Need]) -> Vec<Release> {
        let mut random = self.random(number, 4);
        let times = self.published(number);
        let count = times.len();
        let release = |(at, published): (usize, Time)| {
            let (major, minor, patch) = version(at as u32);
            let pre = if random.part() < self.shapes.pre_releases { "-rc.1" } else { "" };
            let mut digest = [0; 32];
            digest[24..28].copy_from_slice(&number.to_be_bytes());
            digest[28..].copy_from_slice(&(at as u32).to_be_bytes());
            Release {
                version: format!("{major}.{minor}.{patch}{pre}"),
                published,
                yanked: random.part() < self.shapes.yanked,
                digest: Digest(digest),
                needs: needs.len() - ((count - 1 - at) / 4).min(needs.len() / 2),
            }
        };
        times.into_iter().enumerate().map(release).collect()
    }

    /// The index file of a crate, as crates.io writes it.
    pub fn index_file(&self, number: u32) -> Vec<u8> {
        let (needs, name) = (self.needs(number), Self::name(number));
        let mut file = String::new();
        for release in self.history(number, &needs) {
            let Release { version, published, yanked, digest, .. } = release;
            let _ = write!(file, r#"{{"name":"{name}","vers":"{version}","deps":["#);
            for (at, need) in needs[..release.needs].iter().enumerate() {
                let comma = if at > 0 { "," } else { "" };
                let target = need.target.map_or_else(|| "null".to_owned(), |target| format!("\"{target}\""));
                let _ = write!(
                    file,
                    r#"{comma}{{"name":"{}","req":"{}","features":[],"optional":{},"default_features":true,"target":{target},"kind":"{}"}}"#,
                    Self::name(need.on),
                    need.requirement,
                    need.optional,
                    need.kind
                );
            }
            let _ = writeln!(
                file,
                r#"],"cksum":"{digest}","features":{{"default":["std"],"std":[]}},"yanked":{yanked},"pubtime":"{published}"}}"#
            );
        }
        file.into_bytes()
    }

    /// How many clusters own crates.
    pub fn clusters(&self) -> u32 {
        self.crates / 3 + 1
    }

    /// Who owns a crate: the first since its first release, others since some later one.
    pub fn owners(&self, number: u32) -> Vec<(CrateId, Ownership)> {
        let mut random = self.random(number, 5);
        let times = self.published(number);
        let count = match random.part() {
            part if part < 0.75 => 1,
            part if part < 0.95 => 2,
            _ => 3,
        };
        (0..count)
            .map(|at| {
                let cluster = Cluster((f64::from(self.clusters()) * random.part().powf(2.5)) as u32);
                let since = if at == 0 { 0 } else { (random.part() * times.len() as f64) as usize };
                (CrateId(number), Ownership { cluster, since: times[since] })
            })
            .collect()
    }
}

/// The version of a release by its place: five to a line, ten lines to a major one.
fn version(release: u32) -> (u32, u32, u32) {
    (release / 50, release / 5 % 10, release % 5)
}

/// A crate below `end`, by the curve of dependents.
fn ranked(part: f64, end: u32) -> u32 {
    let exponent = 1.0 - EXPONENT;
    let (from, to) = (OFFSET.powf(exponent), (OFFSET + f64::from(end)).powf(exponent));
    let rank = (from + (to - from) * part).powf(1.0 / exponent) - OFFSET;
    (rank as u32).min(end - 1)
}

/// Numbers from a seed: Steele's SplitMix64.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    fn of(seed: u64, number: u32, purpose: u64) -> Self {
        let mut random = Self(seed ^ u64::from(number) << 8 ^ purpose);
        random.next();
        Self(random.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// From 0 to below 1.
    pub(crate) fn part(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}
