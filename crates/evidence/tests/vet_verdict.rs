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
    Basis, Conclusion, Contradicted, Criteria, CriteriaSet, Dependency, Finding, Graph, Package, Place,
    Refusal, Source, Store, VetVerdict, verdict,
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

/// The fixtures would agree with a cargo-vet that always says the same; they must not.
#[test]
fn recorded_verdicts_are_of_every_kind() {
    let mut cells: BTreeSet<String> = BTreeSet::new();
    for project in ["cargo-vet", "libprio-rs", "wasmtime", "zebra", "invented-1", "invented-2", "invented-3"]
    {
        let recorded = fixture(&format!("{project}.verdicts"));
        for row in recorded.lines().filter(|line| !line.starts_with('#')) {
            let cells_of_row: Vec<&str> = row.split('\t').collect();
            let fails = |cell: &str| if cell == "-" { "no" } else { "yes" };
            cells.insert(format!("rests on {}", cells_of_row[2]));
            cells.insert(format!("missing {}", fails(cells_of_row[3])));
            cells.insert(format!("missing without exemptions {}", fails(cells_of_row[4])));
            cells.insert(format!("conflicts {}", fails(cells_of_row[7])));
        }
    }
    let cells: Vec<String> = cells.into_iter().collect();
    assert_snapshot!(cells.join("\n"), @"");
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
