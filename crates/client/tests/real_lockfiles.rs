//! The 20 real lockfiles of FENCE_DATA, judged from that folder alone: at the moments of their commits, and all on
//! one day with every audit set.
//!
//! The snapshots list what is not admitted and why. A reviewer has read them: no `look-alike`, `yank-lure` or
//! `reincarnated` stands among these 9,260 packages.

#![allow(clippy::unwrap_used, reason = "what a test finds broken should stop it")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use fence_client::Environment;
use fence_client::cache::Cache;
use fence_client::cargo_config::CargoConfig;
use fence_client::gather::{Knowledge, Problem, Refresh, Request, gather};
use fence_client::http::Network;
use fence_client::progress::Silent;
use fence_client::project::lockfile;
use fence_model::decision::Unknown;
use fence_model::judge::Asked;
use fence_model::policy::{Baseline, FeedRole, FeedSource, Policy};
use fence_model::project::{Judged, Report, judge_project, settlement};
use fence_model::{Code, Time, Verdict};

/// When the data were gathered, as the machine's clock.
const CLOCK: &str = "2026-11-22T18:00:00Z";
/// A day on which all lockfiles, advisories and audit sets were there.
const ONE_DAY: &str = "2026-08-22T12:00:00Z";

#[test]
fn at_the_moments_of_their_commits() {
    let Some(data) = Data::unpacked() else { return };
    insta::assert_snapshot!(data.judge_all(|commit| commit));
}

#[test]
fn all_on_one_day_with_every_audit_set() {
    let Some(data) = Data::unpacked() else { return };
    insta::assert_snapshot!(data.judge_all(|_| time(ONE_DAY)));
}

/// FENCE_DATA, unpacked to a folder that goes when the test ends.
struct Data {
    root: PathBuf,
    folder: tempfile::TempDir,
    policy: Policy,
}

impl Data {
    fn unpacked() -> Option<Self> {
        let Some(root) = std::env::var_os("FENCE_DATA").map(PathBuf::from) else {
            println!("skipped: FENCE_DATA is not set");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        unpack(&root.join("index/index.tar.zst"), &folder.path().join("index"));
        unpack(&root.join("advisory-db/advisory-db.tar.zst"), &folder.path().join("advisory-db"));
        unpack(&root.join("audits/files.tar.zst"), &folder.path().join("audits"));
        let policy = Policy { feeds: feeds(folder.path()), ..Policy::default() };
        Some(Self { root, folder, policy })
    }

    fn judge_all(&self, moment: impl Fn(Time) -> Time) -> String {
        let manifest = fs::read_to_string(self.root.join("lockfiles/manifest.csv")).unwrap();
        let mut text = String::new();
        let mut everywhere = Tally::default();
        let mut lines: Vec<&str> = manifest.lines().skip(1).collect();
        lines.sort_unstable();
        for line in lines {
            let fields: Vec<&str> = line.split(',').collect();
            let (file, commit, packages) = (fields[0], time(fields[4]), fields[6]);
            let now = moment(commit);
            let (report, knowledge) = self.judge(file, now);
            let decided = report.decisions().count();
            assert_eq!(decided.to_string(), packages, "{file}: every release of a registry is decided");
            show(&mut text, &mut everywhere, file, now, &report, &knowledge);
        }
        for code in [Code::LookAlike, Code::YankLure, Code::Reincarnated] {
            assert_eq!(everywhere.codes.get(code.as_str()), None, "{code} among real lockfiles");
        }
        let _ = write!(
            text,
            "\nall {} packages: {:?}\n{} with dependencies unknown\n{:#?}\n",
            everywhere.packages, everywhere.grounds, everywhere.dependencies_unknown, everywhere.codes
        );
        text
    }

    fn judge(&self, file: &str, now: Time) -> (Report, Knowledge) {
        let text = fs::read_to_string(self.root.join("lockfiles").join(file)).unwrap();
        let lockfile = lockfile::parse(&text).unwrap();
        let locked = lockfile::locked(&lockfile, |_| Some(self.policy.level));
        let environment = Environment::of([], self.folder.path());
        let cargo = CargoConfig::read(self.folder.path(), &environment).unwrap();
        let cache = Cache::at(&self.folder.path().join("cache"));
        let knowledge = gather(Request {
            lockfile: &lockfile,
            policy: &self.policy,
            root: self.folder.path(),
            cargo: &cargo,
            index: Some(&self.folder.path().join("index")),
            feeds: &[],
            refresh: Refresh::Missing,
            network: &Network::Offline,
            cache: &cache,
            now,
            clock: time(CLOCK),
            journal: None,
            progress: &Silent,
        })
        .unwrap();
        let asked = Asked {
            policy: &self.policy,
            level: self.policy.level,
            baseline: &Baseline::default(),
            feeds: knowledge.feeds(),
            names: &knowledge.names().unwrap(),
            now,
        };
        let hands = NonZeroUsize::MIN;
        (judge_project(&settlement(asked, &locked, &knowledge), &locked, hands), knowledge)
    }
}

/// What many reports come to.
#[derive(Default)]
struct Tally {
    packages: usize,
    grounds: BTreeMap<&'static str, usize>,
    codes: BTreeMap<&'static str, usize>,
    dependencies_unknown: usize,
}

fn show(
    text: &mut String,
    everywhere: &mut Tally,
    file: &str,
    now: Time,
    report: &Report,
    knowledge: &Knowledge,
) {
    let mut grounds: BTreeMap<&str, usize> = BTreeMap::new();
    let mut lines = Vec::new();
    for package in &report.packages {
        match package {
            Judged::Decided(decision) => {
                everywhere.packages += 1;
                let word = decision.grounds.map_or(decision.verdict.as_str(), |grounds| grounds.as_str());
                *grounds.entry(word).or_default() += 1;
                *everywhere.grounds.entry(word).or_default() += 1;
                for reason in decision.reasons.iter().filter(|reason| reason.stands) {
                    *everywhere.codes.entry(reason.code.as_str()).or_default() += 1;
                }
                if decision.attained.unknown.contains(&Unknown::Dependencies) {
                    everywhere.dependencies_unknown += 1;
                }
                if decision.verdict != Verdict::Admit {
                    lines.push(format!(
                        "  {} {}: {}",
                        decision.release,
                        decision.verdict.as_str(),
                        words(&decision.standing_codes())
                    ));
                }
            }
            Judged::Unjudged { reason, verdict } => {
                lines.push(format!("  {}: {}", reason.code, verdict.as_str()));
            }
            Judged::Own | Judged::Aside => {}
        }
    }
    let _ = writeln!(
        text,
        "{file} at {now}: {grounds:?}, {} newer wait, {} have an admitted fix",
        report.waiting.len(),
        report.fixes.len()
    );
    for line in lines {
        let _ = writeln!(text, "{line}");
    }
    for problem in knowledge.problems() {
        if !matches!(problem, Problem::Record { .. } | Problem::ClockAhead { .. }) {
            let _ = writeln!(text, "  problem: {problem:?}");
        }
    }
}

fn words(codes: &[Code]) -> String {
    codes.iter().map(|code| code.as_str()).collect::<Vec<_>>().join(", ")
}

/// The advisory database, and every audit set as of the day on which it was gathered.
fn feeds(folder: &Path) -> BTreeMap<String, FeedSource> {
    let local = |path: &Path| Some(path.to_string_lossy().into_owned());
    let mut feeds = BTreeMap::new();
    let advisories =
        FeedSource { path: local(&folder.join("advisory-db")), ..FeedSource::of(FeedRole::Advisories) };
    feeds.insert("rustsec".to_owned(), advisories);
    for set in fs::read_dir(folder.join("audits")).unwrap() {
        let set = set.unwrap().path();
        let places = [set.join("audits.toml"), set.join(".supply-chain/audits.toml")];
        let Some(file) = places.into_iter().find(|file| file.exists()) else { continue };
        let name = set.file_name().unwrap().to_string_lossy().replace(['+', '_', '.'], "-");
        feeds.insert(name, FeedSource { file: local(&file), ..FeedSource::of(FeedRole::Audits) });
    }
    feeds
}

/// Unpacks an archive with the times that it names.
fn unpack(archive: &Path, to: &Path) {
    let file = File::open(archive).unwrap_or_else(|error| panic!("{}: {error}", archive.display()));
    let plain = ruzstd::decoding::StreamingDecoder::new(std::io::BufReader::new(file)).unwrap();
    tar::Archive::new(plain).unpack(to).unwrap();
}

fn time(text: &str) -> Time {
    text.parse().unwrap()
}
