//! Does [`vet_verdict`] say what the real cargo-vet says?
//!
//! First of whole projects, against what was recorded (tests/data/vet/README.md); then rule by rule.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;

use fence_evidence::Limits;
use fence_evidence::cargo_vet::{
    VetConfig, VetImports, VetSet, format_version, parse_audits, parse_config, parse_imports, parse_version,
};
use fence_evidence::vet_verdict::{
    Basis, Conclusion, Conflict, Contradicted, Criteria, CriteriaSet, Dependency, Finding, Graph, Origin,
    Package, Place, Refusal, ReleaseVerdict, Source, Store, VetVerdict, verdict,
};
use fence_model::facts::{Claim, DependencyKind};
use insta::assert_snapshot;

// Whole projects.

#[test]
fn cargo_vet_agrees_about_itself() {
    agrees("cargo-vet", "cargo-vet", &own_files("cargo-vet"));
}

#[test]
fn cargo_vet_agrees_about_libprio_rs() {
    with_real_files("divviup+libprio-rs", |files| agrees("libprio-rs", "libprio-rs", files));
}

#[test]
fn cargo_vet_agrees_about_wasmtime() {
    with_real_files("bytecodealliance+wasmtime", |files| agrees("wasmtime", "wasmtime", files));
}

#[test]
fn cargo_vet_agrees_about_zebra() {
    with_real_files("ZcashFoundation+zebra", |files| agrees("zebra", "zebra", files));
}

/// Own criteria, policies of all kinds, git revisions, windows, stand-ins and violations: more than any real store.
#[test]
fn cargo_vet_agrees_about_invented_stores() {
    for name in ["invented-1", "invented-2", "invented-3"] {
        agrees(name, "libprio-rs", &own_files(name));
    }
}

/// Agreement about releases that all pass would show little.
#[test]
fn recorded_verdicts_are_of_every_kind() {
    let mut kinds: BTreeSet<String> = BTreeSet::new();
    for project in ["cargo-vet", "libprio-rs", "wasmtime", "zebra", "invented-1", "invented-2", "invented-3"]
    {
        let recorded = fixture(&format!("{project}.verdicts"));
        for row in recorded.lines().filter(|line| !line.starts_with('#')) {
            let cells: Vec<&str> = row.split('\t').collect();
            let told = |cell: &str| if cell == "-" { "no" } else { "yes" };
            kinds.insert(format!("rests on {}", cells[2]));
            kinds.insert(format!("missing: {}", told(cells[3])));
            kinds.insert(format!("missing without exemptions: {}", told(cells[4])));
            kinds.insert(format!("conflicts: {}", told(cells[7])));
        }
    }
    let kinds: Vec<String> = kinds.into_iter().collect();
    assert_snapshot!(kinds.join("\n"), @r"
    conflicts: no
    conflicts: yes
    missing without exemptions: no
    missing without exemptions: yes
    missing: no
    missing: yes
    rests on -
    rests on audits
    rests on exemption
    rests on partly
    ");
}

/// Compares with the recording, cell by cell.
fn agrees(recording: &str, graph: &str, files: &Files) {
    let graph = graph_of(&fixture(&format!("{graph}.graph")));
    let recorded = fixture(&format!("{recording}.verdicts"));
    let ours = table(&graph, files);
    let (ours, recorded): (Vec<&str>, Vec<&str>) = (ours.lines().collect(), recorded.lines().collect());
    assert!(recorded.len() > 100, "{recording}: the recording is cut short");
    let differences: Vec<String> = recorded
        .iter()
        .filter(|line| !ours.contains(line))
        .map(|line| format!("cargo-vet: {line}"))
        .chain(ours.iter().filter(|line| !recorded.contains(line)).map(|line| format!("we:        {line}")))
        .collect();
    assert!(differences.is_empty(), "{recording}:\n{}", differences.join("\n"));
    assert_eq!(ours.len(), recorded.len(), "{recording}: lines");
}

/// The table that record.py makes of cargo-vet's answers, made of ours.
fn table(graph: &Graph, files: &Files) -> String {
    let mut files = files.clone();
    let mut table = String::new();
    let as_is = files.verdict(graph);
    writeln!(table, "# as it is: {}", words(as_is.conclusion())).expect("a String takes all");
    let conflicts: BTreeMap<String, String> = as_is
        .releases
        .iter()
        .filter_map(|release| match &release.finding {
            Finding::Conflicts(conflicts) => {
                let exempted =
                    conflicts.iter().filter(|c| matches!(c.contradicts, Contradicted::Exemption(_))).count();
                let cell = format!("{exempted}+{}", conflicts.len() - exempted);
                Some((title(&graph.packages()[release.package]), cell))
            }
            Finding::Paths(_) => None,
        })
        .collect();
    drop(as_is);
    if !conflicts.is_empty() {
        files.drop_violations();
        let conclusion = files.verdict(graph).conclusion();
        writeln!(table, "# without its violations: {}", words(conclusion)).expect("a String takes all");
    }
    let mut unexempted = files.clone();
    unexempted.config.exemptions.clear();
    let (as_is, unexempted) = (files.verdict(graph), unexempted.verdict(graph));

    let criteria = &as_is.criteria;
    writeln!(table, "# criteria: {}", criteria.names().join(" ")).expect("a String takes all");
    table.push_str(
        "# columns: release, required, rests on, missing, missing without exemptions, fails, \
         fails without exemptions, conflicts\n",
    );
    let failing: BTreeSet<&str> = as_is
        .releases
        .iter()
        .filter(|release| !release.missing().is_empty())
        .map(|release| &*graph.packages()[release.package].name)
        .collect();
    let every =
        criteria.names().iter().fold(CriteriaSet::default(), |set, name| set.and(criteria.closure(&[*name])));
    let mut rows: Vec<String> = as_is
        .releases
        .iter()
        .zip(&unexempted.releases)
        .map(|(release, unexempted)| {
            let package = &graph.packages()[release.package];
            let basis = release.basis().filter(|_| !failing.contains(&*package.name));
            let title = title(package);
            let conflicts = conflicts.get(&title).cloned().unwrap_or("-".into());
            [
                title,
                cell(criteria.strongest_of(release.required)),
                basis.map_or("-", basis_word).to_owned(),
                cell(criteria.strongest_of(release.missing())),
                cell(criteria.strongest_of(unexempted.missing())),
                cell(criteria.all_of(every.without(release.met()))),
                cell(criteria.all_of(every.without(unexempted.met()))),
                conflicts,
            ]
            .join("\t")
        })
        .collect();
    rows.sort_by(|a, b| a.split('\t').next().cmp(&b.split('\t').next()));
    rows.iter().for_each(|row| table.extend([row, "\n"]));
    table
}

fn words(conclusion: Conclusion) -> &'static str {
    match conclusion {
        Conclusion::Success => "success",
        Conclusion::Missing => "fail (vetting)",
        Conclusion::Conflict => "fail (violation)",
    }
}

fn basis_word(basis: Basis) -> &'static str {
    match basis {
        Basis::Audits => "audits",
        Basis::AuditsUponExemption => "partly",
        Basis::Exemption => "exemption",
    }
}

fn title(package: &Package) -> String {
    format!("{} {}", package.name, format_version(&package.version))
}

fn cell<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() { "-".to_owned() } else { names.join("+") }
}

// Rule by rule.

/// A member that is built from `tokio`, which is built from `mio`; its build script from `cc`; its tests from `rand`.
const SHOP: &str = "\
shop 1.0.0 path member normal=1 build=3 dev=4
tokio 1.2.0 crates.io dependency normal=2
mio 0.8.0 crates.io dependency
cc 1.0.0 crates.io dependency
rand 0.9.0 crates.io dependency";

/// A member that is built from `mio` alone.
const TILL: &str = "\
till 1.0.0 path member normal=1
mio 0.8.0 crates.io dependency";

#[test]
fn what_is_shipped_must_be_fit_for_it_and_what_tests_need_must_run() {
    assert_snapshot!(project(SHOP).says(), @r"
    tokio 1.2.0 needs safe-to-deploy: misses safe-to-deploy
    mio 0.8.0 needs safe-to-deploy: misses safe-to-deploy
    cc 1.0.0 needs safe-to-deploy: misses safe-to-deploy
    rand 0.9.0 needs safe-to-run: misses safe-to-run
    ");
}

#[test]
fn what_is_shipped_and_tested_with_must_be_fit_for_shipping() {
    let both = "shop 1.0.0 path member normal=1 dev=1\nmio 0.8.0 crates.io dependency";
    assert_snapshot!(project(both).says(), @"mio 0.8.0 needs safe-to-deploy: misses safe-to-deploy");
}

#[test]
fn a_member_that_others_are_built_from_asks_for_nothing_itself() {
    let library_for_tests = "\
shop 1.0.0 path member dev=1
till 1.0.0 path member normal=2
drawer 1.0.0 path member normal=3
mio 0.8.0 crates.io dependency";
    // Only tests need `till`, so it asks for itself; `drawer` does not, and passes on what is asked of it.
    assert_snapshot!(project(library_for_tests).says(), @"mio 0.8.0 needs safe-to-deploy: misses safe-to-deploy");
    let asks_little = project(library_for_tests).config("[policy.till]\ncriteria = \"safe-to-run\"");
    assert_snapshot!(asks_little.says(), @"mio 0.8.0 needs safe-to-run: misses safe-to-run");
}

#[test]
fn policies_replace_what_is_asked() {
    let of_itself = "[policy.shop]\ncriteria = \"safe-to-run\"\ndev-criteria = \"safe-to-deploy\"";
    assert_snapshot!(project(SHOP).config(of_itself).says(), @r"
    tokio 1.2.0 needs safe-to-run: misses safe-to-run
    mio 0.8.0 needs safe-to-run: misses safe-to-run
    cc 1.0.0 needs safe-to-run: misses safe-to-run
    rand 0.9.0 needs safe-to-deploy: misses safe-to-deploy
    ");

    let of_nothing = "[policy.shop]\ncriteria = []\ndev-criteria = []";
    assert_snapshot!(project(SHOP).config(of_nothing).says(), @r"
    tokio 1.2.0 needs -: audits
    mio 0.8.0 needs -: audits
    cc 1.0.0 needs -: audits
    rand 0.9.0 needs -: audits
    ");

    let of_one_dependency = "\
[policy.shop.dependency-criteria]
tokio = \"safe-to-run\"
rand = [\"safe-to-deploy\"]
cc = []";
    assert_snapshot!(project(SHOP).config(of_one_dependency).says(), @r"
    tokio 1.2.0 needs safe-to-run: misses safe-to-run
    mio 0.8.0 needs safe-to-run: misses safe-to-run
    cc 1.0.0 needs -: audits
    rand 0.9.0 needs safe-to-deploy: misses safe-to-deploy
    ");

    let of_somebody_else = "[policy.\"tokio:1.2.0\"]\ncriteria = \"safe-to-run\"";
    assert_snapshot!(project(SHOP).config(of_somebody_else).says(), @r"
    tokio 1.2.0 needs safe-to-run: misses safe-to-run
    mio 0.8.0 needs safe-to-run: misses safe-to-run
    cc 1.0.0 needs safe-to-deploy: misses safe-to-deploy
    rand 0.9.0 needs safe-to-run: misses safe-to-run
    ");
}

#[test]
fn only_crates_io_and_what_is_audited_as_such_needs_audits() {
    let patched = "\
shop 1.0.0 path member normal=1,2
mio 0.8.0 git:0123456789012345678901234567890123456789 dependency
tokio 1.2.0 path dependency";
    assert_snapshot!(project(patched).says(), @"nothing needs audits");
    let audited = project(patched).config("[policy.mio]\naudit-as-crates-io = true");
    assert_snapshot!(audited.says(), @"mio 0.8.0@git:0123456789012345678901234567890123456789 needs safe-to-deploy: misses safe-to-deploy");
}

#[test]
fn an_audit_meets_what_its_criterion_implies() {
    let criteria = "\
[criteria.strict]
description = \"all lines read\"
implies = \"safe-to-deploy\"

[criteria.strictest]
description = \"twice\"
implies = [\"strict\"]

";
    let strict = |asked: &str, met: &str| {
        project(TILL)
            .config(&format!("[policy.till]\ncriteria = {asked:?}"))
            .audits(&format!("{criteria}[[audits.mio]]\nversion = \"0.8.0\"\ncriteria = {met:?}"))
            .says()
    };
    assert_snapshot!(strict("safe-to-run", "strictest"), @"mio 0.8.0 needs safe-to-run: audits by own 0");
    assert_snapshot!(strict("strict", "strictest"), @"mio 0.8.0 needs strict: audits by own 0");
    assert_snapshot!(strict("strictest", "strict"), @"mio 0.8.0 needs strictest: misses strictest");
    assert_snapshot!(strict("strictest", "safe-to-run"), @"mio 0.8.0 needs strictest: misses strictest");
}

#[test]
fn changes_lead_from_a_full_audit_to_the_release() {
    let chain = |records: &[(&str, &str)]| project(TILL).audits(&audits_of_mio(records)).says();
    assert_snapshot!(
        chain(&[("version", "0.7.0"), ("delta", "0.7.0 -> 0.7.9"), ("delta", "0.7.9 -> 0.8.0")]), @"mio 0.8.0 needs safe-to-deploy: audits by own 0, own 1, own 2");
    // Backwards is as good as forwards.
    assert_snapshot!(chain(&[("version", "0.9.0"), ("delta", "0.9.0 -> 0.8.0")]), @"mio 0.8.0 needs safe-to-deploy: audits by own 0, own 1");
    // A gap, a wrong direction, a circle: nothing leads there.
    assert_snapshot!(chain(&[("version", "0.7.0"), ("delta", "0.7.1 -> 0.8.0")]), @"mio 0.8.0 needs safe-to-deploy: misses safe-to-deploy");
    assert_snapshot!(chain(&[("version", "0.7.0"), ("delta", "0.8.0 -> 0.7.0")]), @"mio 0.8.0 needs safe-to-deploy: misses safe-to-deploy");
    assert_snapshot!(chain(&[("delta", "0.7.0 -> 0.8.0"), ("delta", "0.8.0 -> 0.7.0")]), @"mio 0.8.0 needs safe-to-deploy: misses safe-to-deploy");
    // A revision is not the release of its version, and neither is another build.
    assert_snapshot!(chain(&[("version", "0.8.0@git:0123456789012345678901234567890123456789")]), @"mio 0.8.0 needs safe-to-deploy: misses safe-to-deploy");
    assert_snapshot!(chain(&[("version", "0.8.0+build")]), @"mio 0.8.0 needs safe-to-deploy: misses safe-to-deploy");
}

#[test]
fn every_step_must_carry_the_criterion() {
    let audits = "\
[[audits.mio]]
version = \"0.7.0\"
criteria = \"safe-to-deploy\"

[[audits.mio]]
delta = \"0.7.0 -> 0.8.0\"
criteria = \"safe-to-run\"";
    assert_snapshot!(project(TILL).audits(audits).says(), @"mio 0.8.0 needs safe-to-deploy: misses safe-to-deploy");
    let run = project(TILL).audits(audits).config("[policy.till]\ncriteria = \"safe-to-run\"");
    assert_snapshot!(run.says(), @"mio 0.8.0 needs safe-to-run: audits by own 0, own 1");
}

#[test]
fn imported_audits_count_like_own_ones_and_own_ones_come_first() {
    let imported = "[[audits.friend.audits.mio]]\nversion = \"0.8.0\"\ncriteria = \"safe-to-deploy\"";
    assert_snapshot!(project(TILL).imports(imported).says(), @"mio 0.8.0 needs safe-to-deploy: audits by import 0's 0");
    let both = project(TILL).imports(imported).audits(&audits_of_mio(&[("version", "0.8.0")]));
    assert_snapshot!(both.says(), @"mio 0.8.0 needs safe-to-deploy: audits by own 0");
}

#[test]
fn a_window_covers_its_first_day_and_not_its_last() {
    let published = |day: &str, publisher: &str| {
        let window =
            "criteria = \"safe-to-deploy\"\nuser-id = 7\nstart = \"2026-03-01\"\nend = \"2026-04-01\"";
        project(TILL)
            .audits(&format!("[[wildcard-audits.mio]]\n{window}"))
            .imports(&format!("[[publisher.mio]]\nversion = \"0.8.0\"\nwhen = {day:?}\n{publisher}"))
            .says()
    };
    const SEVEN: &str = "user-id = 7\nuser-login = \"seven\"";
    assert_snapshot!(published("2026-02-28", SEVEN), @"mio 0.8.0 needs safe-to-deploy: misses safe-to-deploy");
    assert_snapshot!(published("2026-03-01", SEVEN), @"mio 0.8.0 needs safe-to-deploy: audits by own wildcard 0 for 0");
    assert_snapshot!(published("2026-03-31", SEVEN), @"mio 0.8.0 needs safe-to-deploy: audits by own wildcard 0 for 0");
    assert_snapshot!(published("2026-04-01", SEVEN), @"mio 0.8.0 needs safe-to-deploy: misses safe-to-deploy");
    assert_snapshot!(published("2026-03-15", "user-id = 8\nuser-login = \"eight\""), @"mio 0.8.0 needs safe-to-deploy: misses safe-to-deploy");
    assert_snapshot!(published("2026-03-15", "trusted-publisher = \"github:seven/mio\""), @"mio 0.8.0 needs safe-to-deploy: misses safe-to-deploy");
}

#[test]
fn only_the_projects_own_trust_counts() {
    let window = "criteria = \"safe-to-deploy\"\ntrusted-publisher = \"github:tokio-rs/mio\"\n\
                  start = \"2026-03-01\"\nend = \"2026-04-01\"";
    let published = "[[publisher.mio]]\nversion = \"0.8.0\"\nwhen = \"2026-03-15\"\n\
                     trusted-publisher = \"github:tokio-rs/mio\"\n\n";
    let own = project(TILL).audits(&format!("[[trusted.mio]]\n{window}")).imports(published);
    assert_snapshot!(own.says(), @"mio 0.8.0 needs safe-to-deploy: audits by trust for 0");
    let theirs = project(TILL).imports(&format!("{published}[[audits.friend.trusted.mio]]\n{window}"));
    assert_snapshot!(theirs.says(), @"mio 0.8.0 needs safe-to-deploy: misses safe-to-deploy");
}

#[test]
fn exemptions_are_used_where_audits_do_not_reach() {
    let rests_on = |exempted: &[&str], records: &[(&str, &str)]| {
        project(TILL).config(&exemptions_of_mio(exempted)).audits(&audits_of_mio(records)).says()
    };
    assert_snapshot!(rests_on(&["0.8.0"], &[]), @"mio 0.8.0 needs safe-to-deploy: exemption by exemption 0");
    assert_snapshot!(rests_on(&["0.8.0"], &[("version", "0.8.0")]), @"mio 0.8.0 needs safe-to-deploy: audits by own 0");
    assert_snapshot!(rests_on(&["0.7.0"], &[("delta", "0.7.0 -> 0.8.0")]), @"mio 0.8.0 needs safe-to-deploy: partly by exemption 0, own 0");
    // The exemption of the lower version is preferred, though the path is longer.
    assert_snapshot!(rests_on(&["0.8.0", "0.7.0"], &[("delta", "0.7.0 -> 0.8.0")]), @"mio 0.8.0 needs safe-to-deploy: partly by exemption 1, own 0");
    assert_snapshot!(rests_on(&["0.7.0"], &[]), @"mio 0.8.0 needs safe-to-deploy: misses safe-to-deploy");
}

#[test]
fn an_audit_for_home_use_counts_at_home_after_all_others() {
    let at_home =
        "[[audits.mio]]\nversion = \"0.8.0\"\ncriteria = \"safe-to-deploy\"\nimportable = false\n\n";
    let alone = project(TILL).audits(at_home).config(&exemptions_of_mio(&["0.8.0"]));
    assert_snapshot!(alone.says(), @"mio 0.8.0 needs safe-to-deploy: audits by own 0");
    let others = audits_of_mio(&[("version", "0.7.0"), ("delta", "0.7.0 -> 0.8.0")]);
    assert_snapshot!(project(TILL).audits(&format!("{at_home}{others}")).says(), @"mio 0.8.0 needs safe-to-deploy: audits by own 1, own 2");
}

#[test]
fn an_unpublished_version_is_judged_by_the_published_one() {
    let ahead = "[[unpublished.mio]]\nversion = \"0.8.0\"\naudited_as = \"0.7.0\"";
    let by_audit = project(TILL).imports(ahead).audits(&audits_of_mio(&[("version", "0.7.0")]));
    assert_snapshot!(by_audit.says(), @"mio 0.8.0 needs safe-to-deploy: audits by own 0, stand-in 0");
    let by_exemption = project(TILL).imports(ahead).config(&exemptions_of_mio(&["0.7.0"]));
    assert_snapshot!(by_exemption.says(), @"mio 0.8.0 needs safe-to-deploy: exemption by exemption 0, stand-in 0");
    // An exemption is preferred to the stand-in, and an audit to both.
    let exempted = project(TILL).imports(ahead).config(&exemptions_of_mio(&["0.8.0"]));
    let known = exempted.audits(&audits_of_mio(&[("version", "0.7.0")]));
    assert_snapshot!(known.says(), @"mio 0.8.0 needs safe-to-deploy: exemption by exemption 0");
    let audited = known.audits(&audits_of_mio(&[("version", "0.7.0"), ("version", "0.8.0")]));
    assert_snapshot!(audited.says(), @"mio 0.8.0 needs safe-to-deploy: audits by own 1");
    assert_snapshot!(project(TILL).imports(ahead).says(), @"mio 0.8.0 needs safe-to-deploy: misses safe-to-deploy");
}

#[test]
fn a_violation_conflicts_with_whoever_vouches_for_as_much() {
    let audits = |violated: &str, vouched: &str| {
        let text = format!(
            "[[audits.mio]]\nviolation = \"<0.9\"\ncriteria = {violated}\n\n\
             [[audits.mio]]\nversion = \"0.8.0\"\ncriteria = {vouched}"
        );
        project(TILL).config("[policy.till]\ncriteria = \"safe-to-run\"").audits(&text).says()
    };
    const RUN: &str = "\"safe-to-run\"";
    const DEPLOY: &str = "\"safe-to-deploy\"";
    assert_snapshot!(audits(DEPLOY, DEPLOY), @"mio 0.8.0 needs safe-to-run: the project forbids <0.9, against an audit of 0.8.0 by the project");
    assert_snapshot!(audits(DEPLOY, RUN), @"mio 0.8.0 needs safe-to-run: audits by own 1");
    assert_snapshot!(audits(RUN, DEPLOY), @"mio 0.8.0 needs safe-to-run: the project forbids <0.9, against an audit of 0.8.0 by the project");
    // Failing either is enough: both together are not "all of both".
    assert_snapshot!(audits("[\"safe-to-run\", \"safe-to-deploy\"]", RUN), @"mio 0.8.0 needs safe-to-run: the project forbids <0.9, against an audit of 0.8.0 by the project");
    assert_snapshot!(audits("[]", DEPLOY), @"mio 0.8.0 needs safe-to-run: audits by own 1");
}

#[test]
fn a_violation_conflicts_with_both_ends_of_a_change_and_with_exemptions_of_any_version() {
    let violation = "[[audits.friend.audits.mio]]\nviolation = \"=0.7.0\"\ncriteria = \"safe-to-run\"";
    let against = |records: &[(&str, &str)], exempted: &[&str]| {
        let project = project(TILL).imports(violation).audits(&audits_of_mio(records));
        project.config(&exemptions_of_mio(exempted)).says()
    };
    assert_snapshot!(against(&[("version", "0.8.0")], &[]), @"mio 0.8.0 needs safe-to-deploy: audits by own 0");
    assert_snapshot!(against(&[("version", "0.8.0"), ("delta", "0.7.0 -> 0.8.0")], &[]), @"mio 0.8.0 needs safe-to-deploy: friend forbids =0.7.0, against an audit of 0.7.0 -> 0.8.0 by the project");
    assert_snapshot!(against(&[("version", "0.8.0"), ("delta", "0.8.0 -> 0.7.0")], &[]), @"mio 0.8.0 needs safe-to-deploy: friend forbids =0.7.0, against an audit of 0.8.0 -> 0.7.0 by the project");
    assert_snapshot!(against(&[("version", "0.8.0")], &["0.7.0"]), @"mio 0.8.0 needs safe-to-deploy: friend forbids =0.7.0, against the exemption of 0.7.0");
}

#[test]
fn a_violation_does_not_look_at_windows() {
    let audits = "\
[[audits.mio]]
violation = \"*\"
criteria = \"safe-to-run\"

[[wildcard-audits.mio]]
criteria = \"safe-to-deploy\"
user-id = 7
start = \"2026-03-01\"
end = \"2026-04-01\"";
    let published = "\
[[publisher.mio]]
version = \"0.8.0\"
when = \"2026-03-15\"
user-id = 7
user-login = \"seven\"";
    assert_snapshot!(project(TILL).audits(audits).imports(published).says(), @"mio 0.8.0 needs safe-to-deploy: audits by own wildcard 0 for 0");
}

/// cargo's rule for requirements: pre-releases meet only those that name one.
#[test]
fn a_violation_passes_over_pre_releases() {
    let candidate = "till 1.0.0 path member normal=1\nmio 0.8.0-rc.1 crates.io dependency";
    let audits = |requirement: &str| {
        let violation =
            format!("[[audits.mio]]\nviolation = {requirement:?}\ncriteria = \"safe-to-run\"\n\n");
        project(candidate).audits(&(violation + &audits_of_mio(&[("version", "0.8.0-rc.1")]))).says()
    };
    assert_snapshot!(audits("*"), @"mio 0.8.0-rc.1 needs safe-to-deploy: audits by own 1");
    assert_snapshot!(audits("<=0.8.0"), @"mio 0.8.0-rc.1 needs safe-to-deploy: audits by own 1");
    assert_snapshot!(
        audits("<=0.8.0-rc.2"),
        @"mio 0.8.0-rc.1 needs safe-to-deploy: the project forbids <=0.8.0-rc.2, against an audit of 0.8.0-rc.1 by the project"
    );
}

#[test]
fn a_store_that_cannot_be_understood_is_refused_with_all_that_is_wrong() {
    let criteria = "\
[criteria.safe-to-run]
description = \"mine\"

[criteria.hen]
description = \"first\"
implies = \"egg\"

[criteria.egg]
description = \"first\"
implies = [\"hen\", \"omelette\"]";
    assert_snapshot!(project(TILL).audits(criteria).says(), @r#"
    audits.toml: the criterion "safe-to-run" is built in: give yours another name
    audits.toml: criteria.egg: "omelette" is not a criterion: define it in audits.toml, or correct the name
    audits.toml: the criterion "egg" implies itself: break the circle of `implies`
    audits.toml: the criterion "hen" implies itself: break the circle of `implies`
    "#);

    let many: String = (0..63).map(|n| format!("[criteria.c{n}]\ndescription = \"\"\n")).collect();
    assert_snapshot!(project(TILL).audits(&many).says(), @"audits.toml: 65 criteria, and cargo-vet can tell only 64 apart: remove some");

    let window = "criteria = \"d\"\nuser-id = 7\nstart = \"2026-03-01\"\nend = \"2026-04-01\"\n";
    let unknown = project(TILL)
        .config(
            "[policy.till]\ncriteria = \"a\"\n\n[[exemptions.mio]]\nversion = \"0.8.0\"\ncriteria = \"b\"",
        )
        .audits(&format!(
            "[[audits.mio]]\nversion = \"0.8.0\"\ncriteria = [\"safe-to-run\", \"c\"]\n\n\
             [[wildcard-audits.mio]]\n{window}\n[[trusted.mio]]\n{window}"
        ))
        .imports(&format!("[[audits.friend.wildcard-audits.mio]]\n{window}"));
    assert_snapshot!(unknown.says(), @r#"
    config.toml: exemptions.mio: "b" is not a criterion: define it in audits.toml, or correct the name
    config.toml: policy.till: "a" is not a criterion: define it in audits.toml, or correct the name
    audits.toml: audits.mio: "c" is not a criterion: define it in audits.toml, or correct the name
    audits.toml: wildcard-audits.mio: "d" is not a criterion: define it in audits.toml, or correct the name
    imports.lock: audits.friend.wildcard-audits.mio: "d" is not a criterion: define it in audits.toml, or correct the name
    audits.toml: trusted.mio: "d" is not a criterion: define it in audits.toml, or correct the name
    "#);

    let policies = project(&format!("{TILL}\nmio 0.9.0 crates.io dependency")).config(
        "[policy.tokio]\ncriteria = []\n\n[policy.\"mio:0.9.0\"]\ndependency-criteria = { libc = [] }\n\n\
         [policy.\"mio:1.0.0\"]\ncriteria = []",
    );
    assert_snapshot!(policies.says(), @r#"
    config.toml: the policy "mio:1.0.0" is for nothing in the build: remove it
    config.toml: "mio" comes from crates.io, so its policies are per version, and version 0.8.0 has none: write [policy."mio:0.8.0"]
    config.toml: the policy "tokio" is for nothing in the build: remove it
    "#);
    let for_all = project(TILL).config("[policy.mio]\ncriteria = []");
    assert_snapshot!(for_all.says(), @r#"config.toml: "mio" comes from crates.io, so its policies are per version, and version 0.8.0 has none: write [policy."mio:0.8.0"]"#);
}

#[test]
fn a_graph_that_cargo_cannot_have_made_is_refused() {
    let refusal =
        |text: &str| Graph::new(text.lines().map(package).collect()).expect_err("refused").to_string();
    assert_snapshot!(refusal("till 1.0.0 path member normal=1"), @r#"package "till" needs package number 1, and there are only 1"#);
    assert_snapshot!(
        refusal("a 1.0.0 path member normal=1\nb 1.0.0 path member build=2\nc 1.0.0 path dependency normal=1"),
        @r#"package "b" is built from itself by way of its dependencies"#
    );
    // Through tests it is no circle.
    let tested_with_itself = "a 1.0.0 path member normal=1\nb 1.0.0 path member dev=0";
    assert_eq!(graph_of(tested_with_itself).packages().len(), 2);
}

#[test]
fn deep_graphs_and_long_chains_are_no_trouble() {
    let depth = 50_000;
    let deep: Vec<Package> = (0..depth)
        .map(|number| {
            let next = if number + 1 < depth { format!(" normal={}", number + 1) } else { String::new() };
            let place = if number == 0 { "path member" } else { "path dependency" };
            package(&format!("p{number} 1.0.0 {place}{next}"))
        })
        .collect();
    assert_eq!(Graph::new(deep).expect("no circle").packages().len(), depth);

    let steps: Vec<(String, String)> =
        (0..2_000).map(|n| (format!("0.7.{n}"), format!("0.7.{}", n + 1))).collect();
    let mut records: String =
        steps.iter().map(|(from, to)| audits_of_mio(&[("delta", &format!("{from} -> {to}"))])).collect();
    records += &audits_of_mio(&[("version", "0.7.0"), ("delta", "0.7.2000 -> 0.8.0")]);
    let said = project(TILL).audits(&records).says();
    assert!(said.starts_with("mio 0.8.0 needs safe-to-deploy: audits by own 2000, own 0, own 1,"), "{said}");
}

struct Project {
    graph: String,
    config: String,
    audits: String,
    imports: String,
}

fn project(graph: &str) -> Project {
    Project { graph: graph.into(), config: String::new(), audits: String::new(), imports: String::new() }
}

impl Project {
    fn config(mut self, text: &str) -> Self {
        self.config = text.into();
        self
    }

    fn audits(mut self, text: &str) -> Self {
        self.audits = text.into();
        self
    }

    fn imports(mut self, text: &str) -> Self {
        self.imports = text.into();
        self
    }

    /// A line per release, or per refusal.
    fn says(&self) -> String {
        let files = Files::read(self.config.as_bytes(), self.audits.as_bytes(), self.imports.as_bytes());
        let graph = graph_of(&self.graph);
        match verdict(&graph, files.store()) {
            Err(refusals) => lines(refusals.iter().map(Refusal::to_string)),
            Ok(verdict) if verdict.releases.is_empty() => "nothing needs audits".to_owned(),
            Ok(verdict) => lines(verdict.releases.iter().map(|release| {
                let asked = cell(verdict.criteria.strongest_of(release.required));
                let title = title(&graph.packages()[release.package]);
                format!("{title} needs {asked}: {}", found(release, &verdict.criteria))
            })),
        }
    }
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}

fn found(release: &ReleaseVerdict<'_>, criteria: &Criteria<'_>) -> String {
    let paths = match &release.finding {
        Finding::Conflicts(conflicts) => {
            return conflicts.iter().map(conflict).collect::<Vec<_>>().join("; ");
        }
        Finding::Paths(paths) => paths,
    };
    let Some(basis) = release.basis() else {
        return format!("misses {}", cell(criteria.strongest_of(release.missing())));
    };
    let strongest = criteria.strongest_of(release.required).next();
    let path = criteria.names().iter().zip(paths).find(|(name, _)| Some(**name) == strongest);
    match path.and_then(|(_, path)| path.as_ref()) {
        None => basis_word(basis).to_owned(),
        Some(path) => {
            let path: Vec<String> = path.iter().map(origin).collect();
            format!("{} by {}", basis_word(basis), path.join(", "))
        }
    }
}

fn origin(origin: &Origin) -> String {
    match origin {
        Origin::Own(audit) => format!("own {audit}"),
        Origin::Imported { import, audit } => format!("import {import}'s {audit}"),
        Origin::Wildcard { import: None, audit, published } => {
            format!("own wildcard {audit} for {published}")
        }
        Origin::Wildcard { import: Some(import), audit, published } => {
            format!("import {import}'s wildcard {audit} for {published}")
        }
        Origin::Trusted { published } => format!("trust for {published}"),
        Origin::Exemption(exemption) => format!("exemption {exemption}"),
        Origin::Unpublished(unpublished) => format!("stand-in {unpublished}"),
    }
}

fn conflict(conflict: &Conflict<'_>) -> String {
    let whose = |name: Option<&str>| name.unwrap_or("the project").to_owned();
    let against = match conflict.contradicts {
        Contradicted::Exemption(exemption) => {
            format!("the exemption of {}", format_version(&exemption.version))
        }
        Contradicted::Audit(by, audit) => match &audit.claim {
            Claim::Full(version) => format!("an audit of {} by {}", format_version(version), whose(by)),
            Claim::Delta { from, to } => {
                format!("an audit of {} -> {} by {}", format_version(from), format_version(to), whose(by))
            }
            Claim::Violation(_) | Claim::Remark(..) => panic!("violations do not contradict each other"),
        },
    };
    format!("{} forbids {}, against {against}", whose(conflict.told_by), conflict.violation)
}

/// `[[audits.mio]]` records for deployment, each a key and its value.
fn audits_of_mio(records: &[(&str, &str)]) -> String {
    let record = |(key, value): &(&str, &str)| {
        format!("[[audits.mio]]\n{key} = {value:?}\ncriteria = \"safe-to-deploy\"\n\n")
    };
    records.iter().map(record).collect()
}

fn exemptions_of_mio(versions: &[&str]) -> String {
    let record = |v: &&str| format!("[[exemptions.mio]]\nversion = {v:?}\ncriteria = \"safe-to-deploy\"\n\n");
    versions.iter().map(record).collect()
}

// Where the files come from.

/// The three files of a store, read.
#[derive(Clone)]
struct Files {
    config: VetConfig,
    audits: VetSet,
    imports: VetImports,
}

impl Files {
    fn read(config: &[u8], audits: &[u8], imports: &[u8]) -> Self {
        let limits = Limits::default();
        let config = parse_config("config.toml", config, &limits).expect("TOML");
        let audits = parse_audits("audits.toml", audits, &limits).expect("TOML");
        let imports = parse_imports("imports.lock", imports, &limits).expect("TOML");
        assert_eq!((config.problems, audits.problems, imports.problems), (vec![], vec![], vec![]));
        Self { config: config.value, audits: audits.value, imports: imports.value }
    }

    fn store(&self) -> Store<'_> {
        Store { config: &self.config, audits: &self.audits, imports: &self.imports }
    }

    fn verdict(&self, graph: &Graph) -> VetVerdict<'_> {
        verdict(graph, self.store()).expect("cargo-vet accepted the store")
    }

    fn drop_violations(&mut self) {
        for set in self.imports.sets.values_mut().chain([&mut self.audits]) {
            for records in set.audits.values_mut() {
                records.retain(|record| !matches!(record.claim, Claim::Violation(_)));
            }
        }
    }
}

fn own_files(folder: &str) -> Files {
    let read = |file: &str| fixture(&format!("{folder}/{file}")).into_bytes();
    Files::read(&read("config.toml"), &read("audits.toml"), &read("imports.lock"))
}

fn with_real_files(folder: &str, test: impl FnOnce(&Files)) {
    let Some(data) = support::fence_data() else { return };
    let archive = support::archive(&data, "audits/files.tar.zst");
    let file = |name: &str| &*archive[&format!("{folder}/{name}")];
    test(&Files::read(file("config.toml"), file("audits.toml"), file("imports.lock")));
}

fn fixture(path: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/vet");
    std::fs::read_to_string(folder.join(path)).expect("the fixture is there")
}

/// Reads `name version source place normal=… build=… dev=…`, a line per package, packages named by line from 0.
fn graph_of(text: &str) -> Graph {
    Graph::new(text.lines().map(package).collect()).expect("cargo made this graph")
}

fn package(line: &str) -> Package {
    let mut fields = line.split(' ');
    let mut next = || fields.next().expect("name, version, source, place");
    let (name, version, source, place) = (next(), next(), next(), next());
    let (source, version) = match source.split_once(':') {
        Some(("git", revision)) => (Source::Elsewhere, format!("{version}@git:{revision}")),
        _ if source == "crates.io" => (Source::CratesIo, version.to_owned()),
        _ => (Source::Elsewhere, version.to_owned()),
    };
    let dependencies = fields.flat_map(|field| {
        let (kind, list) = field.split_once('=').expect("kind=numbers");
        let kind = match kind {
            "normal" => DependencyKind::Normal,
            "build" => DependencyKind::Build,
            "dev" => DependencyKind::Dev,
            other => panic!("{other} is no kind"),
        };
        list.split(',').map(move |number| Dependency { package: number.parse().expect("a number"), kind })
    });
    Package {
        name: name.into(),
        version: parse_version(&version).expect("a version"),
        source,
        place: if place == "member" { Place::Member } else { Place::Dependency },
        dependencies: dependencies.collect(),
    }
}
