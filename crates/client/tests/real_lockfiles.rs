//! The 20 real lockfiles of FENCE_DATA, judged from that folder alone: at the moments of their commits, and all on
//! one day with every audit set.
//!
//! The snapshots list what is not admitted and why. A reviewer has read them: no `look-alike`, `yank-lure` or
//! `reincarnated` stands among these 9,260 packages.

#![allow(clippy::unwrap_used, reason = "what a test finds broken should stop it")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::num::NonZeroUsize;

use fence_client::Environment;
use fence_client::cache::Cache;
use fence_client::cargo_config::CargoConfig;
use fence_client::gather::{About, Knowledge, Problem, Refresh, Request, gather};
use fence_client::http::Network;
use fence_client::progress::Silent;
use fence_client::project::{lockfile, policy};
use fence_model::decision::Unknown;
use fence_model::judge::Asked;
use fence_model::policy::{Baseline, Policy};
use fence_model::project::{Judged, Report, judge_project, settlement};
use fence_model::readings::Readings;
use fence_model::{Code, Time, Verdict};
use fence_testkit::real::{RealData, RealLockfile};
use fence_testkit::world::time;

/// When the data were gathered, as the machine's clock.
const CLOCK: &str = "2026-11-22T18:00:00Z";
/// A day on which all lockfiles, advisories and audit sets were there.
const ONE_DAY: &str = "2026-08-22T12:00:00Z";

#[test]
fn at_the_moments_of_their_commits() {
    let Some(data) = RealData::unpacked() else { return };
    insta::assert_snapshot!(judge_all(&data, |commit| commit));
}

#[test]
fn all_on_one_day_with_every_audit_set() {
    let Some(data) = RealData::unpacked() else { return };
    insta::assert_snapshot!(judge_all(&data, |_| time(ONE_DAY)));
}

/// The policy of a project that lies in the data's folder.
fn policy(data: &RealData) -> Policy {
    policy::parse(&data.policy_text(), time(CLOCK)).unwrap()
}

fn judge_all(data: &RealData, moment: impl Fn(Time) -> Time) -> String {
    let policy = policy(data);
    let mut text = String::new();
    let mut everywhere = Tally::default();
    for lockfile in data.lockfiles() {
        let now = moment(lockfile.committed);
        let (report, knowledge) = judge(data, &policy, &lockfile, now);
        let RealLockfile { file, packages, .. } = lockfile;
        assert_eq!(report.decisions().count(), packages, "{file}: every release of a registry is decided");
        show(&mut text, &mut everywhere, &file, now, &report, &knowledge);
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

fn judge(data: &RealData, policy: &Policy, lockfile: &RealLockfile, now: Time) -> (Report, Knowledge) {
    let lockfile = lockfile::parse(&lockfile.text).unwrap();
    let locked = lockfile::locked(&lockfile, |_| Some(policy.level));
    let environment = Environment::of([], data.folder());
    let cargo = CargoConfig::read(data.folder(), &environment).unwrap();
    let cache = Cache::at(&data.folder().join("cache"));
    let knowledge = gather(Request {
        lockfile: &lockfile,
        about: About::Project,
        policy,
        root: data.folder(),
        cargo: &cargo,
        index: Some(&data.index()),
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
        policy,
        level: policy.level,
        baseline: &Baseline::default(),
        feeds: knowledge.feeds(),
        names: &knowledge.names().unwrap(),
        readings: &Readings::NOT_ASKED,
        now,
    };
    let hands = NonZeroUsize::MIN;
    (judge_project(&settlement(asked, &locked, &knowledge), &locked, hands), knowledge)
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
