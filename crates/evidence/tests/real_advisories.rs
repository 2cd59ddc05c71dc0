//! The RustSec database of 2026-08-21 is read whole, and every advisory says of every version what the `rustsec`
//! crate takes it to say.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use fence_evidence::Limits;
use fence_evidence::advisories::{AdvisoryRecord, Collection, read_database};
use fence_evidence::osv::parse_record;
use fence_evidence::rustsec::{AdvisoryPath, ranges};
use fence_model::facts::{Advisory, AdvisoryKind, Bound};
use rustsec::advisory::{Category, Informational, Versions};
use rustsec::osv::ranges_for_advisory;
use semver::{Version, VersionReq};
use serde_json::{Value, json};

/// The database as both read it, in the order of the ids.
fn database(data: &std::path::Path) -> Vec<(AdvisoryRecord, rustsec::Advisory)> {
    let files = support::archive(data, "advisory-db/advisory-db.tar.zst");
    let ours =
        read_database("RustSec", files.iter().map(|(path, bytes)| (path, &**bytes)), &Limits::default())
            .unwrap_or_else(|problem| panic!("{problem}"));
    assert_eq!(ours.problems, []);
    let mut theirs: BTreeMap<String, rustsec::Advisory> = files
        .iter()
        .filter(|(path, _)| AdvisoryPath::parse(path).is_some())
        .map(|(_, bytes)| {
            let text = std::str::from_utf8(bytes).expect("UTF-8");
            let advisory: rustsec::Advisory = text.parse().expect("the crate reads its own database");
            (advisory.id().to_string(), advisory)
        })
        .collect();
    assert_eq!(ours.value.len(), theirs.len());
    ours.value
        .into_iter()
        .map(|record| {
            let advisory = theirs.remove(&*record.id).expect("the same ids");
            (record, advisory)
        })
        .collect()
}

#[test]
fn all_advisories_are_read_as_the_rustsec_crate_reads_them() {
    let Some(data) = support::fence_data() else { return };
    let mut kinds: BTreeMap<(&str, AdvisoryKind), usize> = BTreeMap::new();
    let mut cleaned = Vec::new();
    for (ours, theirs) in database(&data) {
        let theirs_of = &theirs.metadata;
        *kinds.entry((ours.collection.as_str(), ours.kind)).or_default() += 1;
        assert_eq!(ours.package.as_str(), theirs_of.package.as_str());
        assert_eq!(ours.known.date(), theirs_of.date.as_str());
        assert_eq!(
            ours.withdrawn.map(|time| time.date()),
            theirs_of.withdrawn.as_ref().map(ToString::to_string)
        );
        assert_eq!(&*ours.aliases.join(" "), join(theirs_of.aliases.iter().map(ToString::to_string)));
        assert_eq!(&*ours.related.join(" "), join(theirs_of.related.iter().map(ToString::to_string)));
        assert_eq!(&*ours.categories.join(" "), join(theirs_of.categories.iter().map(ToString::to_string)));
        assert_eq!(ours.url.is_some(), theirs_of.url.is_some());
        assert_eq!(ours.cvss.as_deref().map(str::to_owned), theirs_of.cvss.as_ref().map(ToString::to_string));
        assert_eq!(ours.patched.len(), theirs.versions.patched().len());
        assert_eq!(ours.unaffected.len(), theirs.versions.unaffected().len());
        let kind = match &theirs_of.informational {
            _ if theirs_of.categories.contains(&Category::Malicious) => AdvisoryKind::Malicious,
            None => AdvisoryKind::Vulnerability,
            Some(Informational::Unsound) => AdvisoryKind::Unsound,
            Some(Informational::Unmaintained) => AdvisoryKind::Unmaintained,
            Some(_) => AdvisoryKind::Notice,
        };
        assert_eq!(ours.kind, kind);
        if *ours.title != *theirs.title() {
            cleaned.push(format!("{}: {}", ours.id, ours.title));
        }
    }
    insta::assert_debug_snapshot!(kinds, @r#"
    {
        (
            "crates",
            Malicious,
        ): 73,
        (
            "crates",
            Vulnerability,
        ): 656,
        (
            "crates",
            Unsound,
        ): 203,
        (
            "crates",
            Unmaintained,
        ): 267,
        (
            "crates",
            Notice,
        ): 6,
        (
            "rust",
            Vulnerability,
        ): 20,
    }
    "#);
    insta::assert_snapshot!(cleaned.join("\n"), @r#"
    CVE-2017-20004: MutexGuard<Cell<i32>> must not be Sync
    CVE-2020-36323: API soundness issue in join() implementation of [Borrow<str>]
    RUSTSEC-2021-0103: Partial read is incorrect in molecule
    RUSTSEC-2022-0067: Invalid use of `mem::uninitialized` causes `use-of-uninitialized-value`
    RUSTSEC-2022-0099: Use after free with `externref`s and epoch interruption in Wasmtime
    RUSTSEC-2023-0090: Guest-controlled out-of-bounds read/write on x86_64
    RUSTSEC-2023-0091: Miscompilation of wasm `i64x2.shr_s` instruction with constant input on x86_64
    RUSTSEC-2023-0093: Miscompilation of `i8x16.select` with the same inputs on x86_64
    RUSTSEC-2024-0354: Usage of non-constant time base64 decoder could lead to leakage of secret key material
    RUSTSEC-2024-0434: Missing facility to signal rotation of a verified cryptographic identity
    RUSTSEC-2026-0185: Remote memory exhaustion in quinn-proto from unbounded out-of-order stream reassembly
    "#);
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(" ")
}

/// Issue 2, real input 2: no difference on any (advisory, package) pair of the 20 newest and the 629 historic
/// lockfiles.
#[test]
fn matching_agrees_with_the_rustsec_crate_on_all_lockfiles() {
    let Some(data) = support::fence_data() else { return };
    let (lockfiles, packages) = locked(&data);
    let (mut pairs, mut hits, mut fixes, mut differences) = (0, 0, 0, Vec::new());
    for (ours, theirs) in database(&data).iter().filter(|(ours, _)| ours.collection == Collection::Crates) {
        let fact = ours.as_fact();
        for version in packages.get(ours.package.as_str()).into_iter().flatten() {
            let (affected, told) = (fact.affects(version), theirs.versions.is_vulnerable(version));
            pairs += 1;
            hits += usize::from(affected);
            fixes += usize::from(fact.fixes(version));
            if affected != told {
                differences.push(format!("{} {} {version}: {affected}, {told}", ours.id, ours.package));
            }
        }
    }
    assert_eq!(differences, [] as [String; 0]);
    let releases: usize = packages.values().map(BTreeSet::len).sum();
    insta::assert_snapshot!(
        format!(
            "{lockfiles} lockfiles, {} packages, {releases} releases; {pairs} pairs, {hits} affected, {fixes} fixed",
            packages.len()
        ),
        @"649 lockfiles, 2962 packages, 20936 releases; 6324 pairs, 1980 affected, 3939 fixed"
    );
}

/// How many lockfiles there are, and the releases that any of them locks.
fn locked(data: &std::path::Path) -> (usize, BTreeMap<String, BTreeSet<Version>>) {
    let newest = std::fs::read_dir(data.join("lockfiles")).expect("lockfiles").filter_map(|entry| {
        let path = entry.expect("an entry").path();
        (path.extension()? == "lock").then(|| std::fs::read(&path).expect("a lockfile"))
    });
    let historic = support::archive(data, "lockfiles/history/history.tar.zst");
    let historic = historic.into_iter().filter(|(path, _)| path.ends_with(".lock")).map(|(_, bytes)| bytes);

    let mut lockfiles = 0;
    let mut packages: BTreeMap<String, BTreeSet<Version>> = BTreeMap::new();
    for bytes in newest.chain(historic) {
        let text = String::from_utf8(bytes).expect("UTF-8");
        let lockfile: rustsec::Lockfile = text.parse().expect("a lockfile");
        for package in lockfile.packages {
            packages.entry(package.name.into()).or_default().insert(package.version);
        }
        lockfiles += 1;
    }
    (lockfiles, packages)
}

/// The record that the `rustsec` crate's own exporter makes of an advisory: its ranges come from the crate, the rest
/// from the exporter's source (0.33.0, `osv/advisory.rs`), which only builds together with a git implementation.
fn exported(advisory: &rustsec::Advisory) -> Vec<u8> {
    let of = &advisory.metadata;
    let noon = |date: &str| format!("{date}T12:00:00Z");
    let events: Vec<Value> = ranges_for_advisory(&advisory.versions)
        .into_iter()
        .flat_map(|range| {
            let introduced = range.introduced.unwrap_or_else(|| "0.0.0-0".parse().expect("a version"));
            let fixed = range.fixed.map(|fixed| json!({ "fixed": fixed.to_string() }));
            std::iter::once(json!({ "introduced": introduced.to_string() })).chain(fixed)
        })
        .collect();
    let texts = |texts: &mut dyn Iterator<Item = String>| texts.collect::<Vec<_>>();
    let record = json!({
        "id": of.id.as_str(),
        "modified": "2026-08-21T00:00:00Z",
        "published": noon(of.date.as_str()),
        "withdrawn": of.withdrawn.as_ref().map(|date| noon(date.as_str())),
        "aliases": texts(&mut of.aliases.iter().map(ToString::to_string)),
        "related": texts(&mut of.related.iter().map(ToString::to_string)),
        "summary": of.title,
        "details": of.description,
        "severity": [],
        "affected": [{
            "package": {
                "ecosystem": "crates.io",
                "name": of.package.as_str(),
                "purl": format!("pkg:cargo/{}", of.package),
            },
            "ecosystem_specific": { "affects": { "arch": [], "os": [], "functions": [] }, "affected_functions": null },
            "database_specific": {
                "categories": texts(&mut of.categories.iter().map(ToString::to_string)),
                "cvss": of.cvss.as_ref().map(ToString::to_string),
                "informational": of.informational.as_ref().map(Informational::as_str),
            },
            "ranges": [{ "type": "SEMVER", "events": events }],
            "versions": [],
        }],
        "references": [],
        "database_specific": { "license": of.license.spdx() },
    });
    serde_json::to_vec(&record).expect("it can be written")
}

/// Everything that the judgement knows of an advisory is the same through RustSec's own files and through its OSV
/// export: kind, times, aliases, and for each locked release and every end of every range whether it is affected.
/// Only the fix is told less exactly: the export calls fixed whatever follows what is affected, also where RustSec
/// says that it never was, and nothing that lies before, also where RustSec calls that patched.
#[test]
fn the_osv_export_says_what_the_database_says() {
    let Some(data) = support::fence_data() else { return };
    let (_, packages) = locked(&data);
    let (mut advisories, mut pairs, mut ends, mut inexact) = (0, 0, 0, Vec::new());
    for (ours, theirs) in database(&data).iter().filter(|(ours, _)| ours.collection == Collection::Crates) {
        let path = format!("crates/{}.json", ours.id);
        let records = parse_record(&path, &exported(theirs), &Limits::default());
        let records = records.unwrap_or_else(|problem| panic!("{problem}"));
        let [record] = records.as_slice() else { panic!("{path} is about one crate") };
        let (one, other) = (ours.as_fact(), record.as_fact());
        let rest = |fact: &Advisory<'_>| {
            (fact.kind, fact.known, fact.withdrawn, fact.title.to_owned(), fact.aliases.join(" "))
        };
        assert_eq!(rest(&one), rest(&other), "{path}");
        let bounds = one.patched.iter().chain(&one.unaffected).flat_map(|range| [&range.lower, &range.upper]);
        let at_ends: BTreeSet<Version> = bounds.flat_map(neighbours).collect();
        let locked = packages.get(ours.package.as_str());
        for version in locked.into_iter().flatten().chain(&at_ends) {
            assert_eq!(one.affects(version), other.affects(version), "{path} {version}");
        }
        if locked.into_iter().flatten().any(|version| one.fixes(version) != other.fixes(version)) {
            inexact.push(ours.id.to_string());
        }
        advisories += 1;
        pairs += locked.map_or(0, BTreeSet::len);
        ends += at_ends.len();
    }
    insta::assert_snapshot!(
        format!("{advisories} advisories, {pairs} pairs, {ends} ends; inexact about fixes: {}", inexact.join(" ")),
        @"1205 advisories, 6324 pairs, 14955 ends; inexact about fixes: RUSTSEC-2018-0015 RUSTSEC-2019-0031 RUSTSEC-2020-0051 RUSTSEC-2025-0010 RUSTSEC-2026-0006"
    );
}

/// Every version that an advisory names, and its neighbours on both sides, pre-releases and build metadata
/// included: where ranges begin and end is where readings differ.
#[test]
fn matching_agrees_with_the_rustsec_crate_at_every_end_of_every_range() {
    let Some(data) = support::fence_data() else { return };
    let mut compared = 0;
    for (ours, theirs) in database(&data) {
        let fact = ours.as_fact();
        let ends = fact.patched.iter().chain(&fact.unaffected).flat_map(|range| [&range.lower, &range.upper]);
        let versions: BTreeSet<Version> = ends.flat_map(neighbours).collect();
        for version in versions {
            let id = &ours.id;
            assert_eq!(fact.affects(&version), theirs.versions.is_vulnerable(&version), "{id} {version}");
            compared += 1;
        }
    }
    assert!(compared > 10_000, "{compared}");
}

fn neighbours(end: &Bound) -> Vec<Version> {
    let (Bound::Inclusive(version) | Bound::Exclusive(version)) = end else { return Vec::new() };
    let Version { major, minor, patch, pre, .. } = version.clone();
    let near = [
        format!("{major}.{minor}.{patch}"),
        format!("{major}.{minor}.{patch}-0"),
        format!("{major}.{minor}.{patch}-alpha.1"),
        format!("{major}.{minor}.{patch}-rc.1.0"),
        format!("{major}.{minor}.{patch}+build.1"),
        format!("{major}.{minor}.{}", patch + 1),
        format!("{major}.{minor}.{}-0", patch + 1),
        format!("{major}.{}.0-beta", minor + 1),
        format!("{}.0.0-0", major + 1),
        format!("{major}.{minor}.{}", patch.saturating_sub(1)),
        format!("{major}.{}.9", minor.saturating_sub(1)),
        format!("{version}{}", if pre.is_empty() { "-z" } else { ".0" }),
    ];
    near.iter().map(|text| text.parse().expect("a version")).collect()
}

/// All requirements of one or two parts over a few versions: the same are rejected, the others say the same.
#[test]
fn requirements_mean_what_they_mean_to_the_rustsec_crate() {
    let numbers = [
        "0",
        "0.0",
        "0.0.3",
        "0.2",
        "0.2.3",
        "1",
        "1.2",
        "1.2.3",
        "1.2.3-alpha.1",
        "1.2.3+b",
        "1.*",
        "2.0.0-0",
    ];
    let signs = ["", "=", "^", "~", ">", ">=", "<", "<="];
    let mut parts: Vec<String> =
        signs.iter().flat_map(|sign| numbers.iter().map(move |number| format!("{sign}{number}"))).collect();
    parts.extend(["*".to_owned(), String::new(), "nonsense".to_owned()]);
    let pairs = parts.iter().flat_map(|one| parts.iter().map(move |two| format!("{one}, {two}")));
    let grid: BTreeSet<Version> = numbers
        .iter()
        .filter_map(|number| VersionReq::parse(number).ok()?.comparators.first().cloned())
        .flat_map(|part| {
            let text = format!("{}.{}.{}", part.major, part.minor.unwrap_or(0), part.patch.unwrap_or(0));
            let version = Version { pre: part.pre, ..text.parse().expect("a version") };
            neighbours(&Bound::Inclusive(version))
        })
        .collect();

    let (mut accepted, mut rejected) = (0, 0);
    for text in pairs.chain(parts.iter().cloned()).chain([">1, >2, <3".to_owned()]) {
        let ours = ranges::parse_range(&text);
        let theirs = VersionReq::parse(&text).ok().and_then(|req| Versions::new(vec![req], vec![]).ok());
        assert_eq!(ours.is_ok(), theirs.is_some(), "{text}: {ours:?}");
        let (Ok(range), Some(versions)) = (ours, theirs) else {
            rejected += 1;
            continue;
        };
        accepted += 1;
        for version in &grid {
            assert_eq!(!range.contains(version), versions.is_vulnerable(version), "{text} and {version}");
        }
    }
    insta::assert_snapshot!(format!("{accepted} accepted, {rejected} rejected, {} versions", grid.len()), @"636 accepted, 9265 rejected, 79 versions");
}

/// Two ranges of one advisory: the same overlaps are rejected, but for one pair: `=1.0.0` and `>1.0.0` touch and do
/// not overlap, and trip an assertion of the `rustsec` crate (0.33.0, `osv/ranges_for_advisory.rs`), which orders
/// ranges by their lower ends and takes these for equal. No advisory has them; here they are read.
#[test]
fn ranges_overlap_where_they_overlap_to_the_rustsec_crate() {
    let all =
        ["<1.0.0", "<=1.0.0", "=1.0.0", ">1.0.0", ">=1.0.0", "^1.0", "~1.0", ">=1.0.0-rc.1, <1.0.0", "*"];
    let touching = |one, other| [one, other] == ["=1.0.0", ">1.0.0"] || [other, one] == ["=1.0.0", ">1.0.0"];
    let (mut apart, limits) = (Vec::new(), Limits::default());
    for one in all {
        for other in all {
            let requirement = |text| VersionReq::parse(text).expect("a requirement");
            let ours = ranges::parse(&[one], &[other], &limits);
            if touching(one, other) {
                assert!(ours.is_ok(), "{one} and {other}: {ours:?}");
                continue;
            }
            let theirs = Versions::new(vec![requirement(one)], vec![requirement(other)]);
            assert_eq!(ours.is_ok(), theirs.is_ok(), "{one} and {other}: {ours:?}");
            apart.extend(ours.is_ok().then(|| format!("{one} | {other}")));
        }
    }
    insta::assert_snapshot!(apart.join("\n"), @r#"
    <1.0.0 | =1.0.0
    <1.0.0 | >1.0.0
    <1.0.0 | >=1.0.0
    <1.0.0 | ^1.0
    <1.0.0 | ~1.0
    <=1.0.0 | >1.0.0
    =1.0.0 | <1.0.0
    =1.0.0 | >=1.0.0-rc.1, <1.0.0
    >1.0.0 | <1.0.0
    >1.0.0 | <=1.0.0
    >1.0.0 | >=1.0.0-rc.1, <1.0.0
    >=1.0.0 | <1.0.0
    >=1.0.0 | >=1.0.0-rc.1, <1.0.0
    ^1.0 | <1.0.0
    ^1.0 | >=1.0.0-rc.1, <1.0.0
    ~1.0 | <1.0.0
    ~1.0 | >=1.0.0-rc.1, <1.0.0
    >=1.0.0-rc.1, <1.0.0 | =1.0.0
    >=1.0.0-rc.1, <1.0.0 | >1.0.0
    >=1.0.0-rc.1, <1.0.0 | >=1.0.0
    >=1.0.0-rc.1, <1.0.0 | ^1.0
    >=1.0.0-rc.1, <1.0.0 | ~1.0
    "#);
}

/// What takeovers say of versions is kept as it stands. That later honest releases are not malicious for it is for
/// the judgement to say, which knows when they were published.
#[test]
fn takeovers_are_matched_to_the_letter() {
    let Some(data) = support::fence_data() else { return };
    let takeovers: Vec<String> = database(&data)
        .into_iter()
        .filter(|(ours, _)| ours.kind == AdvisoryKind::Malicious)
        .filter(|(ours, _)| !ours.unaffected.is_empty() || !ours.patched.is_empty())
        .map(|(ours, theirs)| {
            let later: Version = "99.0.0".parse().expect("a version");
            let affected = ours.as_fact().affects(&later);
            assert_eq!(affected, theirs.versions.is_vulnerable(&later));
            let later = if affected { "condemned" } else { "free" };
            format!("{} {}: a later release is {later}, known {}", ours.id, ours.package, ours.known)
        })
        .collect();
    insta::assert_snapshot!(takeovers.join("\n"), @r#"
    RUSTSEC-2026-0175 onering: a later release is free, known 2026-06-10T23:59:59Z
    RUSTSEC-2026-0260 arrayref: a later release is condemned, known 2026-08-20T23:59:59Z
    RUSTSEC-2026-0262 append-only-vec: a later release is condemned, known 2026-08-20T23:59:59Z
    RUSTSEC-2026-0266 internment: a later release is condemned, known 2026-08-20T23:59:59Z
    "#);
}
