//! What a fence hands out, `check` admits: every release of the 20 real lockfiles of FENCE_DATA, asked of both at one
//! moment, by the same policy, feeds and index.
//!
//! The index is a folder without packages, so what a fence admits ends there: it answers that there is no package.

#![allow(clippy::unwrap_used, reason = "what a test finds broken should stop it")]

mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use fence_client::Environment;
use fence_client::cache::Cache;
use fence_client::cargo_config::{CargoConfig, Registry};
use fence_client::gather::{About, Refresh, Request, gather};
use fence_client::http::Network;
use fence_client::journal::read_journal;
use fence_client::progress::Silent;
use fence_client::project::{Project, baseline, lockfile};
use fence_model::code::GENERATION;
use fence_model::decision::Decision;
use fence_model::judge::Asked;
use fence_model::policy::{Baseline, BaselineEntry, Policy, Standing};
use fence_model::project::{judge_project, settlement};
use fence_model::readings::Readings;
use fence_model::{Code, CrateName, Digest, Effect, Verdict};
use fence_proxy::RulesOf;
use fence_proxy::answer::{Answer, Answers, Ask};
use fence_proxy::fence::Fence;
use fence_registry::Journal;
use fence_testkit::real::{RealData, RealLockfile};
use semver::Version;
use world::{World, time};

/// When the data were gathered, as the machine's clock.
const CLOCK: &str = "2026-11-22T18:00:00Z";
/// A day on which all lockfiles, advisories and audit sets were there.
const ONE_DAY: &str = "2026-08-22T12:00:00Z";

#[test]
fn a_fence_and_check_on_real_lockfiles() {
    let Some(both) = Both::unpacked() else { return };
    what_a_fence_hands_out_check_admits(&both);
    with_the_baseline_of_a_project_its_fence_hands_out_all_that_is_locked(&both);
}

/// What `check` admits and a fence does not hand out would be in the snapshot: there is nothing.
///
/// With the fence's journal `check` decides as the fence does, about every release. Kinds, which could tell them apart,
/// the policy does not ask for.
fn what_a_fence_hands_out_check_admits(both: &Both) {
    let lockfiles = both.data.lockfiles();
    let fence = both.fence("fence.lock");
    let fenced = both.ask_for_all(&fence, both.releases(&lockfiles));
    let journal = both.journal();
    let mut differ = Differences::default();
    let checked = in_two_threads(&lockfiles, |lockfile| {
        [None, Some(&journal)].map(|journal| both.check(lockfile, &Baseline::default(), journal))
    });
    for (RealLockfile { file, .. }, [alone, journalled]) in lockfiles.iter().zip(&checked) {
        for decision in alone {
            let fenced = &fenced[&release(decision)];
            differ.note(file, decision, fenced);
            check_mark(decision, fenced);
        }
        for decision in journalled {
            let Fenced { outcome, .. } = &fenced[&release(decision)];
            let is_same = outcome.is_ok() == (decision.verdict == Verdict::Admit);
            assert!(is_same, "{file} {}: {outcome:?}", decision.release);
        }
    }
    assert_eq!(differ.only_the_fence_admits, BTreeSet::new());
    insta::assert_snapshot!("check alone admits", differ.told());
}

fn with_the_baseline_of_a_project_its_fence_hands_out_all_that_is_locked(both: &Both) {
    let mut lockfiles = both.data.lockfiles();
    lockfiles.retain(|lockfile| ["ripgrep.lock", "tough.lock"].contains(&&*lockfile.file));
    for lockfile in lockfiles {
        let before = both.check(&lockfile, &Baseline::default(), None);
        let baseline = baseline_of(&before);
        let file = format!("{}.fence", lockfile.file);
        fs::write(both.data.folder().join(&file), baseline::format(&baseline)).unwrap();
        let fence = both.fence(&file);
        let fenced = both.ask_for_all(&fence, both.releases(std::slice::from_ref(&lockfile)));
        for decision in both.check(&lockfile, &baseline, None) {
            let Fenced { outcome, .. } = &fenced[&release(&decision)];
            assert_eq!(decision.verdict, Verdict::Admit, "{} {}", lockfile.file, decision.release);
            assert_eq!(outcome.as_ref().err(), None, "{} {}", lockfile.file, decision.release);
        }
    }
}

/// What `work` makes of each.
fn in_two_threads<T: Send>(lockfiles: &[RealLockfile], work: impl Fn(&RealLockfile) -> T + Sync) -> Vec<T> {
    let work_on = |some: &[RealLockfile]| some.iter().map(&work).collect::<Vec<T>>();
    let (one, other) = lockfiles.split_at(lockfiles.len() / 2);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| work_on(other));
        let mut all = work_on(one);
        all.extend(other.join().unwrap());
        all
    })
}

/// Where the two differ.
#[derive(Default)]
struct Differences {
    /// By what the fence holds against a release: the release, and who locks it.
    only_check_admits: BTreeMap<BTreeSet<Code>, BTreeMap<String, Vec<String>>>,
    only_the_fence_admits: BTreeSet<String>,
}

impl Differences {
    fn note(&mut self, file: &str, decision: &Decision, Fenced { outcome, .. }: &Fenced) {
        match (decision.verdict, outcome) {
            (Verdict::Admit, Err(why)) => {
                let codes = holding(why);
                let because = why.lines().find(|line| codes.iter().any(|code| is_told(*code, line)));
                let because =
                    because.and_then(|line| line.split_once(": ")).map_or(&**why, |(_, because)| because);
                let release = format!("{}: {because}", decision.release);
                let group = self.only_check_admits.entry(codes).or_default();
                group.entry(release).or_default().push(file.trim_end_matches(".lock").to_owned());
            }
            (Verdict::Hold | Verdict::Block, Ok(())) => {
                let codes = decision.standing_codes();
                self.only_the_fence_admits.insert(format!("{file} {}: {codes:?}", decision.release));
            }
            (Verdict::Admit, Ok(())) | (Verdict::Hold | Verdict::Block, Err(_)) => {}
        }
    }

    fn told(&self) -> String {
        let mut told = String::new();
        for (codes, releases) in &self.only_check_admits {
            let codes: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
            let _ = writeln!(told, "{}", codes.join(", "));
            for (release, files) in releases {
                let _ = writeln!(told, "  {release} ({})", files.join(", "));
            }
        }
        told
    }
}

fn is_told(code: Code, line: &str) -> bool {
    line.starts_with(&format!("{code}: "))
}

/// The codes for which a fence refuses a release, as it tells them.
fn holding(why: &str) -> BTreeSet<Code> {
    let level = Policy::default().level;
    let holds = |code: &Code| Policy::default().effect(*code, level) >= Effect::Hold;
    let told = |code: &Code| why.lines().any(|line| is_told(*code, line));
    Code::ALL.iter().copied().filter(holds).filter(told).collect()
}

/// A page shows what is handed out as the registry does, and all else as yanked: but for a release that is only refused
/// for what it needs, which cargo finds out itself.
fn check_mark(decision: &Decision, Fenced { outcome, is_yanked }: &Fenced) {
    let is_yanked_upstream = decision.reasons.iter().any(|reason| reason.code == Code::Yanked);
    match (outcome, is_yanked) {
        (Ok(()), mark) => assert_eq!(*mark, Some(is_yanked_upstream), "{}", decision.release),
        (Err(_), None | Some(true)) => {}
        (Err(why), Some(false)) => assert_eq!(holding(why), [Code::NeedsHeld].into(), "{}", decision.release),
    }
}

/// What `cargo fence init --accept-young` records.
fn baseline_of(decisions: &[Decision]) -> Baseline {
    let recorded = time(ONE_DAY);
    let entry = |decision: &Decision| {
        let (name, version, digest) = release(decision);
        BaselineEntry { name, version, digest, recorded, standing: Standing::Settled }
    };
    Baseline::new(recorded, GENERATION, decisions.iter().map(entry).collect())
}

/// A release as a lockfile names it.
type Release = (CrateName, Version, Digest);

fn release(decision: &Decision) -> Release {
    let digest = decision.digest.unwrap_or_else(|| panic!("{}: no digest", decision.release));
    (decision.release.name.clone(), decision.release.version.clone(), digest)
}

/// What a fence makes of a release.
#[derive(Debug)]
struct Fenced {
    /// Handed out, or why not.
    outcome: Result<(), String>,
    /// The mark on the index page; none where that does not have it.
    is_yanked: Option<bool>,
}

/// Both sides of the comparison, and the world that they share.
struct Both {
    data: RealData,
    world: World,
}

impl Both {
    fn unpacked() -> Option<Self> {
        let data = RealData::unpacked()?;
        fs::write(data.folder().join("fence.toml"), data.policy_text()).unwrap();
        // Where packages are, which it has none of.
        fs::remove_file(data.index().join("config.json")).unwrap();
        Some(Self { data, world: World::at(ONE_DAY) })
    }

    /// The project with this baseline.
    fn project(&self, baseline: &str) -> Project {
        let file = |name: &str| self.data.folder().join(name);
        Project {
            folder: self.data.folder().to_owned(),
            root: self.data.folder().to_owned(),
            lockfile: file("Cargo.lock"),
            policy: file("fence.toml"),
            baseline: file(baseline),
            passed_over: Vec::new(),
            revision: None,
        }
    }

    fn cache(&self) -> Cache {
        Cache::at(&self.data.folder().join("cache"))
    }

    /// The registry's releases of all lockfiles, each once, those that it needs before it: what a fence found admitted
    /// it need not look at again.
    fn releases(&self, lockfiles: &[RealLockfile]) -> Vec<Release> {
        let (mut order, mut met) = (Vec::new(), BTreeSet::new());
        for lockfile in lockfiles {
            let packages = lockfile::parse(&lockfile.text).unwrap().packages;
            let mut stack: Vec<(usize, bool)> = (0..packages.len()).map(|at| (at, false)).collect();
            let mut walked = BTreeSet::new();
            while let Some((at, is_done)) = stack.pop() {
                if is_done {
                    let package = &packages[at];
                    if let (Some(release), Some(digest)) = (package.release(), package.checksum) {
                        let release = (release.name, release.version, digest);
                        if met.insert(release.clone()) {
                            order.push(release);
                        }
                    }
                } else if walked.insert(at) {
                    stack.push((at, true));
                    stack.extend(packages[at].dependencies.iter().map(|&at| (at, false)));
                }
            }
        }
        order
    }

    /// What `check` decides of a lockfile.
    fn check(
        &self,
        lockfile: &RealLockfile,
        baseline: &Baseline,
        journal: Option<&Journal>,
    ) -> Vec<Decision> {
        let now = time(ONE_DAY);
        let folder = self.data.folder();
        let policy = self.project("fence.lock").read_policy(now).unwrap();
        let lockfile = lockfile::parse(&lockfile.text).unwrap();
        let locked = lockfile::locked(&lockfile, |_| Some(policy.level));
        let knowledge = gather(Request {
            lockfile: &lockfile,
            about: About::Project,
            policy: &policy,
            root: folder,
            cargo: &CargoConfig::read(folder, &Environment::of([], folder)).unwrap(),
            index: Some(&self.data.index()),
            feeds: &[],
            refresh: Refresh::Missing,
            network: &Network::Offline,
            cache: &self.cache(),
            now,
            clock: time(CLOCK),
            journal: journal.cloned(),
            progress: &Silent,
        })
        .unwrap();
        let asked = Asked {
            policy: &policy,
            level: policy.level,
            baseline,
            feeds: knowledge.feeds(),
            names: &knowledge.names().unwrap(),
            readings: &Readings::NOT_ASKED,
            now,
        };
        let report = judge_project(&settlement(asked, &locked, &knowledge), &locked, NonZeroUsize::MIN);
        report.decisions().cloned().collect()
    }

    /// A fence in front of the index, for the project with this baseline. It keeps a journal of its own.
    fn fence(&self, baseline: &str) -> Fence {
        let fence = self.world.fence_with(|setup| {
            setup.mounts[0].registry = Registry::in_folder(&self.data.index());
            setup.rules = RulesOf::Project(Box::new(self.project(baseline)));
            setup.state = self.state(baseline);
            setup.network = Network::Offline;
            setup.cache = self.cache();
        });
        fence.unwrap()
    }

    fn state(&self, baseline: &str) -> PathBuf {
        self.data.folder().join(format!("state of {baseline}"))
    }

    /// What the fence without a baseline wrote down.
    fn journal(&self) -> Journal {
        let mut files = fs::read_dir(self.state("fence.lock").join("journal"))
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let journal = files.find(|file| file.extension().is_some_and(|ending| ending == "jsonl")).unwrap();
        read_journal(&journal).unwrap().0
    }

    /// Asks for the page and the package of every release, many at a time.
    fn ask_for_all(&self, fence: &Fence, releases: Vec<Release>) -> BTreeMap<Release, Fenced> {
        let registry = || "crates-io".to_owned();
        let names: BTreeSet<CrateName> = releases.iter().map(|(name, ..)| lower(name)).collect();
        let ask_for_page = |name: CrateName| {
            let page = fence.in_time(Ask::Index { registry: registry(), name: name.clone() });
            async { (name, marks(&page.await)) }
        };
        let marks: BTreeMap<CrateName, BTreeMap<Version, bool>> =
            self.world.all(names.into_iter().map(ask_for_page)).into_iter().collect();
        let ask_for_package = |release: Release| {
            let (name, version, digest) = release.clone();
            let package = fence.in_time(Ask::Package { registry: registry(), name, version, digest });
            async { (release, package.await) }
        };
        let packages = self.world.all(releases.into_iter().map(ask_for_package));
        let found = |(release, answer): (Release, Answer)| {
            let is_yanked = marks[&lower(&release.0)].get(&release.1).copied();
            let outcome = outcome(&release, answer);
            (release, Fenced { outcome, is_yanked })
        };
        packages.into_iter().map(found).collect()
    }
}

fn lower(name: &CrateName) -> CrateName {
    name.as_str().to_ascii_lowercase().parse().unwrap()
}

/// Whether a fence whose registry has no packages lets a release through to the point where it lacks it.
fn outcome((name, version, _): &Release, answer: Answer) -> Result<(), String> {
    match answer {
        Answer::Absent(why)
            if why.ends_with(&format!("shows {name} {version}, and has no package of it")) =>
        {
            Ok(())
        }
        Answer::Refused(why) => Err(why),
        other => panic!("{name} {version}: {}", world::told(&other)),
    }
}

/// Which releases an index page shows as yanked.
fn marks(answer: &Answer) -> BTreeMap<Version, bool> {
    #[derive(serde::Deserialize)]
    struct Line {
        vers: Version,
        yanked: bool,
    }
    let Answer::Index(page) = answer else { panic!("{}", world::told(answer)) };
    let lines = world::text(page);
    let lines = lines.lines().map(|line| serde_json::from_str::<Line>(line).unwrap());
    lines.map(|line| (line.vers, line.yanked)).collect()
}
