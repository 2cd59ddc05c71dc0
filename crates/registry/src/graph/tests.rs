use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use fence_model::quorum::{Cluster, Enrolment, Rules, Voice, forgery, quorum, weight};
use fence_model::{CrateName, Level, Span, Time};
use proptest::prelude::*;
use semver::{Version, VersionReq};

use super::*;
use crate::{IndexFile, Limits, fence_data};

const AGE: Span = Span::days(90);

/// A day of the tests' calendar.
fn day(number: i64) -> Time {
    Time::from_unix(1_700_000_000) + Span::days(number)
}

/// A release of a registry of tests: `needs` has lines such as `b ^1 build`, with any of `build`, `dev`, `optional`,
/// `elsewhere` and a `cfg(…)` behind the requirement.
#[derive(Debug, Clone)]
struct Release {
    version: String,
    published: Option<Time>,
    yanked: bool,
    needs: Vec<String>,
}

fn release(version: &str, published: i64, needs: &[&str]) -> Release {
    let needs = needs.iter().map(ToString::to_string).collect();
    Release { version: version.to_owned(), published: Some(day(published)), yanked: false, needs }
}

impl Release {
    fn yanked(self) -> Self {
        Self { yanked: true, ..self }
    }

    fn line(&self, name: &str) -> String {
        let needs: Vec<String> = self.needs.iter().map(|need| dependency(need)).collect();
        let published = self.published.map_or_else(|| "null".to_owned(), |time| format!("\"{time}\""));
        format!(
            r#"{{"name":"{name}","vers":"{}","deps":[{}],"cksum":"{}","features":{{}},"yanked":{},"pubtime":{published}}}"#,
            self.version,
            needs.join(","),
            "ab".repeat(32),
            self.yanked,
        )
    }
}

fn dependency(need: &str) -> String {
    let mut words = need.splitn(3, ' ');
    let (name, requirement) = (words.next().unwrap(), words.next().unwrap());
    let how = words.next().unwrap_or_default();
    let kind = ["build", "dev"].into_iter().find(|kind| how.contains(kind)).unwrap_or("normal");
    let target = how.find("cfg(").map_or_else(|| "null".to_owned(), |at| format!("\"{}\"", &how[at..]));
    let registry = if how.contains("elsewhere") { r#""https://r.example/index""# } else { "null" };
    format!(
        r#"{{"name":"{name}","req":"{requirement}","optional":{},"kind":"{kind}","target":{target},"registry":{registry}}}"#,
        how.contains("optional")
    )
}

/// Index files by name.
#[derive(Debug, Clone, Default)]
struct Registry(BTreeMap<String, Vec<Release>>);

impl Registry {
    fn with(mut self, name: &str, releases: &[Release]) -> Self {
        self.0.insert(name.to_owned(), releases.to_vec());
        self
    }

    /// What `take` makes of the index file of a crate.
    fn read<T>(&self, name: &str, take: impl FnOnce(&IndexFile<'_>) -> T) -> T {
        let lines: Vec<String> =
            self.0.get(name).into_iter().flatten().map(|release| release.line(name)).collect();
        let text = lines.join("\n");
        let name: CrateName = name.parse().unwrap();
        let file = IndexFile::parse(&name, text.as_bytes(), &Limits::DEFAULT).unwrap();
        assert!(file.problems.is_empty(), "{:?}", file.problems);
        take(&file)
    }

    fn graph(&self, as_of: Time) -> Growth {
        let mut builder = Builder::new(as_of, AGE);
        for name in self.0.keys() {
            self.read(name, |file| builder.read(file));
        }
        builder.build()
    }
}

/// Every dependency of a graph by both of its ends, in words.
fn written(growth: &Growth) -> BTreeSet<String> {
    let (graph, vocabulary) = (growth.graph(), growth.vocabulary());
    let name = |id| vocabulary.name(id);
    let ids = || (0..vocabulary.crates() as u32).map(CrateId);
    let link = |dependent, on, link: Link| {
        format!("{} -> {} {}", name(dependent), name(on), vocabulary.requirement(link.requirement))
    };
    let needs: BTreeSet<String> =
        ids().flat_map(|id| graph.needs(id).iter().map(move |to| link(id, to.with, *to))).collect();
    let dependents: BTreeSet<String> =
        ids().flat_map(|id| graph.dependents(id).map(move |from| link(from.with, id, from))).collect();
    assert_eq!(needs, dependents, "both ends tell the same");
    assert_eq!(graph.links(), needs.len(), "each once");
    needs
}

/// Which dependencies count: what a build needs, on some platform, of this registry.
#[test]
fn a_dependency_counts_if_whoever_builds_needs_it() {
    let needs = [
        "normal ^1",
        "built ^1 build",
        "tested ^1 dev",
        "optional ^1 optional",
        "other-registry ^1 elsewhere",
        "unix ^1 cfg(unix)",
        "flag ^1 cfg(some_flag)",
        "never ^1 cfg(any())",
        "nor-this ^1 cfg(all(unix, windows))",
        "nor-that ^1 cfg(not(all()))",
        "unreadable ^1 cfg(",
        "twice ^1",
        "twice ^2",
        "also-tested ^1 dev",
        "also-tested ^1",
        "a ^0.9",
    ];
    let growth = Registry::default().with("a", &[release("1.0.0", 0, &needs)]).graph(day(90));
    insta::assert_snapshot!(written(&growth).into_iter().collect::<Vec<_>>().join("\n"));
}

/// Which release speaks for a crate, day by day.
#[test]
fn the_newest_release_that_is_old_enough_speaks() {
    let unknown = Release { published: None, ..release("9.0.0", 0, &["unknown-time ^1"]) };
    let registry = Registry::default().with(
        "a",
        &[
            release("1.0.0-rc.1", 0, &["candidate ^1"]),
            release("1.0.0", 10, &["first ^1"]),
            release("2.0.0", 20, &["second ^1"]),
            release("2.1.0", 21, &["yanked ^1"]).yanked(),
            release("1.0.1", 30, &["backport ^1"]),
            release("3.0.0-rc.1", 40, &["next-candidate ^1"]),
            release("3.0.0", 60, &["third ^1"]),
            release("3.0.1", 60, &["third-again ^1"]),
            unknown,
        ],
    );
    let mut text = String::new();
    let mut growth = registry.graph(day(80));
    for days in [80, 90, 100, 109, 110, 120, 130, 149, 150, 400] {
        growth.until(day(days));
        assert_eq!(written(&growth), written(&registry.graph(day(days))), "day {days}");
        let _ = writeln!(text, "day {days}: {:?}", written(&growth));
    }
    insta::assert_snapshot!(text);
    assert_eq!(growth.next_due(), None);
}

/// A new release, a yank, a crate that is gone: each read anew.
#[test]
fn files_that_change_are_taken_in() {
    let mut registry = Registry::default()
        .with("a", &[release("1.0.0", 0, &["b ^1", "c ^1"])])
        .with("b", &[release("1.0.0", 0, &["c ^1"])]);
    let mut growth = registry.graph(day(100));
    let before = growth.graph().clone();
    let mut text = format!("at first: {:?}\n", written(&growth));
    let steps = [
        ("a new crate, too young", "d", vec![release("1.0.0", 99, &["a ^1"])]),
        ("a release more", "a", vec![release("1.0.0", 0, &["b ^1", "c ^1"]), release("1.1.0", 5, &["e ^2"])]),
        (
            "it is yanked",
            "a",
            vec![release("1.0.0", 0, &["b ^1", "c ^1"]), release("1.1.0", 5, &["e ^2"]).yanked()],
        ),
        ("a crate is gone", "b", vec![]),
    ];
    for (what, name, releases) in steps {
        registry = registry.with(name, &releases);
        registry.read(name, |file| growth.read(file));
        let _ = writeln!(text, "{what}: {:?}", written(&growth));
        assert_eq!(written(&growth), written(&registry.graph(day(100))));
    }
    growth.until(day(189));
    let _ = writeln!(text, "90 days after the new crate: {:?}", written(&growth));
    insta::assert_snapshot!(text);
    let b = growth.vocabulary().id("b").unwrap();
    assert_eq!(before.dependents(b).count(), 1, "the graph that was kept stays as it was");
    assert!(!growth.graph().has_grown());
}

/// Who is eligible, and who stands behind whom, told for one small registry.
///
/// `x` is needed by `d` and `e`, these by `f`, that by `g`.
fn chain() -> (Growth, Owners) {
    let growth = Registry::default()
        .with("x", &[release("1.0.0", 0, &[]), release("2.0.0", 90, &[])])
        .with("d", &[release("1.0.0", 0, &["x ^1"])])
        .with("e", &[release("1.0.0", 0, &["x ^2"])])
        .with("f", &[release("1.0.0", 0, &["d ^1", "e ^1"])])
        .with("g", &[release("1.0.0", 0, &["f ^1"])])
        .graph(day(400));
    let owned = [
        ("x", 0, 0),
        ("d", 1, 0),
        ("d", 2, 320),
        ("e", 1, 0),
        ("e", 0, 0),
        ("f", 3, 0),
        ("f", 1, 0),
        ("g", 4, 35),
        ("g", 5, 36),
    ];
    let owners = Owners::collect(owned.map(|(name, cluster, since)| {
        (growth.vocabulary().id(name).unwrap(), Ownership { cluster: Cluster(cluster), since: day(since) })
    }));
    (growth, owners)
}

#[test]
fn owners_of_dependents_are_eligible_and_weigh_by_who_stands_behind_them() {
    let (growth, owners) = chain();
    let vocabulary = growth.vocabulary();
    let weights = Weights::of(growth.graph(), &owners, Tenure::default(), 1);
    let x = vocabulary.id("x").unwrap();
    let mut text = String::new();
    let mut tell = |what: &str, voices: &[Voice]| {
        let voices: Vec<String> = voices
            .iter()
            .map(|voice| format!("owner {} with reach {}", voice.cluster.0, voice.reach))
            .collect();
        let _ = writeln!(text, "{what}: {}", voices.join(", "));
    };
    tell("any release", weights.of_crate(x));
    for (version, involved) in [("1.0.0", &[0][..]), ("2.0.0", &[0]), ("2.0.0", &[]), ("3.0.0", &[0])] {
        let involved_ones = involved.iter().map(|cluster| Cluster(*cluster)).collect();
        let voices = weights.of_release((x, &version.parse().unwrap()), vocabulary, &involved_ones);
        tell(&format!("{version}, involved {involved:?}"), &voices);
    }
    for (generation, crates) in (1..).zip(growth.graph().generations(x)) {
        let names: Vec<&str> = crates.into_iter().map(|id| vocabulary.name(id)).collect();
        let _ = writeln!(text, "generation {generation}: {}", names.join(", "));
    }
    insta::assert_snapshot!(text);
    let on_first = growth.graph().dependents_on(x, &Version::new(1, 0, 0), vocabulary);
    assert_eq!(on_first, [vocabulary.id("d").unwrap()]);
}

/// The real index of ripgrep's closure: who depends on memchr 2.8.0 of the day on which it was gathered.
#[test]
fn dependents_of_memchr_in_the_real_index() {
    let Some(files) = fence_data::archive("index/index-small.tar.zst") else { return };
    let growth = real(&files);
    let (graph, vocabulary) = (growth.graph(), growth.vocabulary());
    let memchr = vocabulary.id("memchr").unwrap();
    let names =
        |ids: Vec<CrateId>| ids.into_iter().map(|id| vocabulary.name(id).to_owned()).collect::<BTreeSet<_>>();
    let mut text = String::new();
    for version in ["1.0.2", "2.7.4"] {
        let dependents = graph.dependents_on(memchr, &version.parse().unwrap(), vocabulary);
        let _ = writeln!(text, "memchr {version}: {:?}", names(dependents));
    }
    for (generation, crates) in (1..).zip(graph.generations(memchr)) {
        let _ = writeln!(text, "generation {generation}: {:?}", names(crates));
    }
    insta::assert_snapshot!(text);
}

/// What an attacker must own to reach the quorum of some crates, among the 2,497 of the sample and with everybody
/// enrolled. Owners are not in the index, so each crate is taken as a cluster of its own. This is the table of docs/graph.md.
#[test]
fn what_an_attacker_must_own_in_the_real_index() {
    let Some(files) = fence_data::index() else { return };
    let growth = real(&files);
    let vocabulary = growth.vocabulary();
    let owners = Owners::collect(
        (0..vocabulary.crates() as u32)
            .map(|number| (CrateId(number), Ownership { cluster: Cluster(number), since: Time::EARLIEST })),
    );
    let weights = Weights::of(growth.graph(), &owners, Tenure::default(), 2);
    let mut text = String::new();
    for (name, version) in
        [("serde", "1.0.200"), ("memchr", "2.7.4"), ("hashbrown", "0.15.0"), ("arrayref", "0.3.9")]
    {
        let id = vocabulary.id(name).unwrap();
        let voices = weights.of_release((id, &version.parse().unwrap()), vocabulary, &BTreeSet::new());
        let sum: u64 = voices.iter().map(|voice| u64::from(voice.weight)).sum();
        let _ = writeln!(
            text,
            "{name} {version}: {} eligible, {} of weight, {} in all; behind it {}",
            voices.len(),
            voices.iter().filter(|voice| voice.weight > 0).count(),
            sum / 1_000_000,
            weights.behind(id)
        );
        let voices: Vec<_> = voices.into_iter().map(|voice| (voice, Enrolment::Enrolled)).collect();
        for level in [Level::Medium, Level::High] {
            let rules = Rules::at(level);
            match forgery(&voices, &rules) {
                Some(forged) => {
                    let _ = writeln!(
                        text,
                        "    {level:?}: {} taken over, or {:?} made",
                        forged.taken, forged.made
                    );
                }
                None => {
                    let _ = writeln!(text, "    {level:?}: {:?}", quorum(&voices, &BTreeSet::new(), &rules));
                }
            }
        }
    }
    insta::assert_snapshot!(text);
}

fn real(files: &[(String, Vec<u8>)]) -> Growth {
    let mut builder = Builder::new("2026-11-22".parse().unwrap(), AGE);
    for (path, bytes) in files {
        let name = path.rsplit('/').next().unwrap_or_default();
        if name == "config.json" {
            continue;
        }
        builder.read(&IndexFile::parse(&name.parse().unwrap(), bytes, &Limits::DEFAULT).unwrap());
    }
    builder.build()
}

/// The rules of docs/graph.md once more, by sets and from the releases, without graph, numbers or passes.
struct Reference<'a> {
    registry: &'a Registry,
    owned: &'a [(String, u32, i64)],
    as_of: Time,
}

impl Reference<'_> {
    /// What a crate asks for: name and requirement.
    fn needs(&self, name: &str) -> BTreeSet<(String, String)> {
        let old_enough = |release: &&Release| {
            !release.yanked && release.published.is_some_and(|published| published + AGE <= self.as_of)
        };
        let rank = |release: &&Release| {
            let version: Version = release.version.parse().unwrap();
            (version.pre.is_empty(), version)
        };
        let speaks = self.registry.0.get(name).into_iter().flatten().filter(old_enough).max_by_key(rank);
        let needs = speaks.map(|release| release.needs.as_slice()).unwrap_or_default();
        let counts =
            |need: &&String| !["dev", "optional", "elsewhere"].iter().any(|word| need.contains(word));
        let words = |need: &String| {
            let mut words = need.split(' ').map(str::to_owned);
            (words.next().unwrap(), words.next().unwrap())
        };
        needs.iter().filter(counts).map(words).filter(|(on, _)| on != name).collect()
    }

    /// Who depends on a crate, or on one release of it.
    fn dependents(&self, name: &str, version: Option<&Version>) -> BTreeSet<String> {
        let takes = |requirement: &str| {
            version.is_none_or(|version| VersionReq::parse(requirement).unwrap().matches(version))
        };
        let depends = |dependent: &&String| {
            self.needs(dependent).iter().any(|(on, requirement)| on == name && takes(requirement))
        };
        self.registry.0.keys().filter(depends).cloned().collect()
    }

    fn owners(&self, name: &str, days: i64) -> BTreeSet<u32> {
        let owned = self
            .owned
            .iter()
            .filter(|(owned, _, since)| owned == name && day(*since) + Span::days(days) <= self.as_of);
        owned.map(|(_, cluster, _)| *cluster).collect()
    }

    fn voices(&self, name: &str, version: Option<&Version>) -> Vec<(u32, u32)> {
        let mut through: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
        for dependent in self.dependents(name, version) {
            for cluster in self.owners(&dependent, 90) {
                through.entry(cluster).or_default().insert(dependent.clone());
            }
        }
        let reach = |(cluster, crates): (u32, BTreeSet<String>)| {
            let next = |of: &BTreeSet<String>| {
                of.iter().flat_map(|name| self.dependents(name, None)).collect::<BTreeSet<_>>()
            };
            let second = next(&crates);
            let third = next(&second);
            let behind: BTreeSet<u32> =
                second.union(&third).flat_map(|name| self.owners(name, 365)).collect();
            (cluster, behind.iter().filter(|other| **other != cluster).count() as u32)
        };
        through.into_iter().map(reach).collect()
    }
}

fn name_of(number: u8) -> String {
    char::from(b'a' + number).to_string()
}

/// A release of any version, day and needs; requirements of several kinds.
fn any_release() -> impl Strategy<Value = Release> {
    let version = prop_oneof![
        Just("1.0.0"),
        Just("1.1.0"),
        Just("1.2.0"),
        Just("2.0.0"),
        Just("2.0.0-rc.1"),
        Just("3.0.0")
    ];
    let requirement = prop_oneof![Just("^1"), Just("^1.1"), Just("^2"), Just("*"), Just(">=2")];
    let how = prop_oneof![8 => Just(""), 1 => Just(" dev"), 1 => Just(" optional"), 1 => Just(" build"), 1 => Just(" elsewhere")];
    let need = (0u8..8, requirement, how)
        .prop_map(|(on, requirement, how)| format!("{} {requirement}{how}", name_of(on)));
    let needs = prop::collection::vec(need, 0..4);
    (version, 0i64..500, prop::bool::weighted(0.1), needs).prop_map(|(version, published, yanked, needs)| {
        Release { version: version.to_owned(), published: Some(day(published)), yanked, needs }
    })
}

fn any_file() -> impl Strategy<Value = Vec<Release>> {
    prop::collection::vec(any_release(), 0..4).prop_map(|mut releases| {
        let mut seen = BTreeSet::new();
        releases.retain(|release| seen.insert(release.version.clone()));
        releases
    })
}

fn any_registry() -> impl Strategy<Value = Registry> {
    prop::collection::vec(any_file(), 1..9)
        .prop_map(|files| Registry((0..).zip(files).map(|(number, file)| (name_of(number), file)).collect()))
}

fn any_owners() -> impl Strategy<Value = Vec<(String, u32, i64)>> {
    prop::collection::vec((0u8..8, 0u32..6, 0i64..500), 0..16).prop_map(|owned| {
        owned.into_iter().map(|(name, cluster, since)| (name_of(name), cluster, since)).collect()
    })
}

fn owners_of(growth: &Growth, owned: &[(String, u32, i64)]) -> Owners {
    Owners::collect(owned.iter().filter_map(|(name, cluster, since)| {
        let id = growth.vocabulary().id(name)?;
        Some((id, Ownership { cluster: Cluster(*cluster), since: day(*since) }))
    }))
}

/// Cluster and reach of each voice of each crate, for any release and for some.
fn all_voices(
    growth: &Growth,
    owners: &Owners,
    threads: usize,
) -> BTreeMap<(String, String), Vec<(u32, u32)>> {
    let weights = Weights::of(growth.graph(), owners, Tenure::default(), threads);
    let mut all = BTreeMap::new();
    for number in 0..growth.vocabulary().crates() as u32 {
        let (id, name) = (CrateId(number), growth.vocabulary().name(CrateId(number)).to_owned());
        let told = |voices: &[Voice]| {
            assert!(voices.iter().all(|voice| voice.weight == weight(voice.reach)));
            voices.iter().map(|voice| (voice.cluster.0, voice.reach)).collect::<Vec<_>>()
        };
        for version in VERSIONS {
            let voices =
                weights.of_release((id, &version.parse().unwrap()), growth.vocabulary(), &BTreeSet::new());
            all.insert((name.clone(), version.to_owned()), told(&voices));
        }
        all.insert((name, "any".to_owned()), told(weights.of_crate(id)));
    }
    all
}

const VERSIONS: [&str; 3] = ["1.0.0", "1.2.0", "2.0.0"];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Dependencies, voices and reach are those of the reference, on any number of threads.
    #[test]
    fn the_graph_tells_what_the_reference_tells(registry in any_registry(), owned in any_owners(), now in 0i64..900) {
        let growth = registry.graph(day(now));
        let reference = Reference { registry: &registry, owned: &owned, as_of: day(now) };
        let expected: BTreeSet<String> = registry.0.keys()
            .flat_map(|name| reference.needs(name).into_iter().map(move |(on, requirement)| format!("{name} -> {on} {requirement}")))
            .collect();
        prop_assert_eq!(written(&growth), expected);
        let owners = owners_of(&growth, &owned);
        let voices = all_voices(&growth, &owners, 1);
        for ((name, version), voices) in &voices {
            let version: Option<Version> = version.parse().ok();
            prop_assert_eq!(voices, &reference.voices(name, version.as_ref()), "{} {:?}", name, version);
        }
        prop_assert_eq!(all_voices(&growth, &owners, 3), voices);
    }

    /// Files that change and time that passes, one after the other, make the graph that is built of the last files at the
    /// last moment; with a new base in between or without. A graph that was kept stays as it was.
    #[test]
    fn updates_make_what_building_anew_makes(
        registry in any_registry(),
        owned in any_owners(),
        steps in prop::collection::vec((0u8..8, any_file(), 0i64..120, any::<bool>()), 0..12),
    ) {
        let (mut registry, mut now) = (registry, 200);
        let mut growth = registry.graph(day(now));
        let (kept, at_first) = (growth.clone(), written(&growth));
        for (number, file, later, merge) in steps {
            registry = registry.with(&name_of(number), &file);
            registry.read(&name_of(number), |file| growth.read(file));
            now += later;
            growth.until(day(now));
            if merge {
                growth.lay_out_anew();
            }
            let anew = registry.graph(day(now));
            prop_assert_eq!(written(&growth), written(&anew));
            prop_assert_eq!(growth.next_due(), anew.next_due());
        }
        let known = |growth: &Growth| {
            let voices = all_voices(growth, &owners_of(growth, &owned), 1);
            voices.into_iter().filter(|(_, voices)| !voices.is_empty()).collect::<BTreeMap<_, _>>()
        };
        prop_assert_eq!(known(&growth), known(&registry.graph(day(now))));
        prop_assert_eq!(written(&kept), at_first);
    }

    /// Whatever somebody publishes that is younger than the tenure, with any number of fresh accounts: no voice of anybody
    /// else gains, and the fresh accounts are none.
    #[test]
    fn what_is_younger_than_the_tenure_gives_nobody_weight(
        registry in any_registry(),
        owned in any_owners(),
        fresh in prop::collection::vec((prop::collection::vec(0u8..13, 1..5), 100u32..110), 1..6),
    ) {
        let now = 1_000;
        let before = registry.graph(day(now));
        let voices = all_voices(&before, &owners_of(&before, &owned), 1);
        let (mut with_fresh, mut all_owned) = (registry, owned);
        for (number, (on, cluster)) in (0u8..).zip(fresh) {
            let name = format!("fresh-{number}");
            // Crates of others, or the fresh ones before.
            let on = on.into_iter().filter(|on| *on < 8 + number);
            let on = on.map(|on| if on < 8 { name_of(on) } else { format!("fresh-{}", on - 8) });
            let needs: Vec<String> = on.map(|on| format!("{on} *")).collect();
            let needs: Vec<&str> = needs.iter().map(String::as_str).collect();
            with_fresh = with_fresh.with(&name, &[release("1.0.0", now - 89, &needs)]);
            all_owned.push((name, cluster, now - 89));
        }
        let after = with_fresh.graph(day(now));
        let after = all_voices(&after, &owners_of(&after, &all_owned), 1);
        for (of, voices) in voices {
            prop_assert_eq!(&after[&of], &voices);
        }
        // Old enough to be eligible, but nobody stands behind anybody by them for a year.
        let later = with_fresh.graph(day(now + 200));
        let with = all_voices(&later, &owners_of(&later, &all_owned), 1);
        for ((name, version), voices) in with {
            for (cluster, reach) in voices {
                prop_assert!(cluster < 100 || reach == 0, "{name} {version}: {cluster} has {reach}");
            }
        }
    }
}
