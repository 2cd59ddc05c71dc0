//! The 59 real cargo-vet files of 22 repositories are read without a problem, and say what a reader of another
//! make counted in them. One record is truly broken: Google's sets audit a crate `0.7.11`, which is a version.

mod support;

use std::collections::BTreeMap;

use fence_evidence::cargo_vet::{
    PackagePolicy, PublisherId, SetFacts, Source, Standing, VetSet, format_version, parse_audits,
    parse_config, parse_imports,
};
use fence_evidence::{Limits, Parsed};
use fence_model::facts::Claim;
use fence_model::{CrateName, Time};

/// The name under which a real record stands that no crate can have.
const NO_NAME: &str = "0.7.11";

/// What a reader makes of a file that has no problems but the known one.
fn whole<T>(file: &str, parsed: Result<Parsed<T>, fence_evidence::Problem>) -> T {
    let parsed = parsed.unwrap_or_else(|problem| panic!("{problem}"));
    let problems: Vec<String> = parsed.problems.iter().map(ToString::to_string).collect();
    if file.starts_with("google+") && file.ends_with("/audits.toml") && !file.contains("manual") {
        let known = format!(
            "{file}:123: audits.{NO_NAME}: {NO_NAME:?} is not a crate name: letters, digits, `-` and `_`, at most 64, not starting with `-`"
        );
        assert_eq!(problems, [known]);
    } else {
        assert!(problems.is_empty(), "{file}: {problems:#?}");
    }
    parsed.value
}

#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord, Clone)]
struct AuditRow {
    path: String,
    crate_name: String,
    kind: String,
    version: String,
    delta_from: String,
    delta_to: String,
    criteria: String,
    who_count: String,
}

#[test]
fn every_audit_of_every_set_is_read_as_the_table_has_it() {
    let Some(data) = support::fence_data() else { return };
    let mut read = Vec::new();
    for (path, bytes) in support::archive(&data, "audits/files.tar.zst") {
        if !path.ends_with("audits.toml") {
            continue;
        }
        let set = whole(&path, parse_audits(&path, &bytes, &Limits::default()));
        for (name, record) in set.audits.iter().flat_map(|(name, list)| list.iter().map(move |r| (name, r))) {
            let mut row = AuditRow {
                path: path.clone(),
                crate_name: name.to_string(),
                criteria: record.criteria.join(";"),
                who_count: record.who.len().to_string(),
                ..AuditRow::default()
            };
            match &record.claim {
                Claim::Full(version) => {
                    (row.kind, row.version) = ("full".into(), format_version(version));
                }
                Claim::Delta { from, to } => {
                    row.kind = "delta".into();
                    (row.delta_from, row.delta_to) = (format_version(from), format_version(to));
                }
                Claim::Violation(requirement) => {
                    (row.kind, row.version) = ("violation".into(), requirement.to_string());
                }
                Claim::Remark(..) => panic!("a set has none"),
            }
            read.push(row);
        }
    }
    let mut told: Vec<AuditRow> = support::table(&data, "audits/audits.csv")
        .into_iter()
        .filter(|row| row["crate"] != NO_NAME)
        .map(|mut row| {
            let mut take = |column: &str| row.remove(column).unwrap_or_else(|| panic!("no column {column}"));
            let path = take("path");
            AuditRow {
                path: format!(
                    "{}/{}",
                    take("repo").replace('/', "+"),
                    path.trim_start_matches("supply-chain/")
                ),
                crate_name: take("crate"),
                kind: take("kind"),
                version: take("version"),
                delta_from: take("delta_from"),
                delta_to: take("delta_to"),
                criteria: take("criteria"),
                who_count: take("who_count"),
            }
        })
        .collect();
    read.sort();
    told.sort();
    assert_eq!(read.len(), told.len());
    for (read, told) in read.iter().zip(&told) {
        assert_eq!(read, told);
    }
    let count = |kind: &str| read.iter().filter(|row| row.kind == kind).count();
    assert_eq!((count("full"), count("delta"), count("violation")), (4494 - 2, 5756, 1));
}

/// Everything that the real `imports.lock` files say of publishers and windows is in the tables that another
/// reader made of all their revisions.
#[test]
fn windows_and_publishers_are_those_of_the_tables() {
    let Some(data) = support::fence_data() else { return };
    let known: std::collections::BTreeSet<Vec<String>> = support::table(&data, "audits/wildcard_trust.csv")
        .into_iter()
        .map(|row| {
            ["crate", "kind", "user_id", "trusted_publisher", "start", "end"].map(|c| row[c].clone()).to_vec()
        })
        .collect();
    let published: std::collections::BTreeSet<Vec<String>> = support::table(&data, "audits/publishers.csv")
        .into_iter()
        .map(|row| {
            ["crate", "version", "date", "user_id", "trusted_publisher"].map(|c| row[c].clone()).to_vec()
        })
        .collect();
    let unpublished: std::collections::BTreeSet<Vec<String>> =
        support::table(&data, "audits/unpublished.csv")
            .into_iter()
            .map(|row| ["crate", "version"].map(|c| row[c].clone()).to_vec())
            .collect();

    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let ids = |publisher: &PublisherId| match publisher {
        PublisherId::User(id) => (id.to_string(), String::new()),
        PublisherId::Ci(name) => (String::new(), name.to_string()),
    };
    let mut windows = |set: &VetSet, _of: &str| {
        for (kind, map) in [("wildcard-audits", &set.wildcard_audits), ("trusted", &set.trusted)] {
            for (name, record) in map.iter().flat_map(|(name, list)| list.iter().map(move |r| (name, r))) {
                let (user, ci) = ids(&record.publisher);
                let end = (record.end + fence_model::Span::seconds(1)).date();
                let row = vec![name.to_string(), kind.into(), user, ci, record.start.date(), end];
                assert!(known.contains(&row), "{row:?}");
                *counts.entry(kind).or_default() += 1;
            }
        }
    };
    let mut publishers = 0;
    let mut not_published = 0;
    for (path, bytes) in support::archive(&data, "audits/files.tar.zst") {
        if path.ends_with("audits.toml") {
            windows(&whole(&path, parse_audits(&path, &bytes, &Limits::default())), &path);
        } else if path.ends_with("imports.lock") {
            let imports = whole(&path, parse_imports(&path, &bytes, &Limits::default()));
            for (import, set) in &imports.sets {
                windows(set, import);
            }
            for (name, record) in
                imports.publishers.iter().flat_map(|(n, list)| list.iter().map(move |r| (n, r)))
            {
                let (user, ci) = ids(&record.publisher);
                let row = vec![name.to_string(), record.version.to_string(), record.when.date(), user, ci];
                assert!(published.contains(&row), "{row:?}");
                publishers += 1;
            }
            for (name, record) in
                imports.unpublished.iter().flat_map(|(n, list)| list.iter().map(move |r| (n, r)))
            {
                let row = vec![name.to_string(), format_version(&record.version)];
                assert!(unpublished.contains(&row), "{row:?}");
                not_published += 1;
            }
        }
    }
    insta::assert_debug_snapshot!((counts, publishers, not_published), @r#"
    (
        {
            "trusted": 1483,
            "wildcard-audits": 555,
        },
        1179,
        127,
    )
    "#);
}

#[test]
fn every_configuration_is_read() {
    let Some(data) = support::fence_data() else { return };
    let mut summary = Vec::new();
    for (path, bytes) in support::archive(&data, "audits/files.tar.zst") {
        if !path.ends_with("config.toml") {
            continue;
        }
        let config = whole(&path, parse_config(&path, &bytes, &Limits::default()));
        let versioned =
            config.policy.values().filter(|policy| matches!(policy, PackagePolicy::PerVersion(_))).count();
        summary.push(format!(
            "{path}: cargo-vet {}, {} imports ({} criteria mapped), {} policies ({versioned} by version), {} exemptions",
            config.version.as_deref().unwrap_or("of no version"),
            config.imports.len(),
            config.imports.values().map(|import| import.criteria_map.len()).sum::<usize>(),
            config.policy.len(),
            config.exemptions.values().map(Vec::len).sum::<usize>(),
        ));
    }
    insta::assert_snapshot!(summary.join("\n"), @r#"
    EmbarkStudios+cargo-deny/config.toml: cargo-vet 0.8, 7 imports (0 criteria mapped), 8 policies (0 by version), 216 exemptions
    Nitrokey+nitrokey-3-firmware/config.toml: cargo-vet 0.10, 3 imports (0 criteria mapped), 7 policies (0 by version), 234 exemptions
    OpenDevicePartnership+embedded-services/config.toml: cargo-vet 0.10, 4 imports (0 criteria mapped), 2 policies (0 by version), 0 exemptions
    OpenDevicePartnership+patina/config.toml: cargo-vet 0.10, 4 imports (0 criteria mapped), 0 policies (0 by version), 129 exemptions
    ZcashFoundation+zebra/config.toml: cargo-vet 0.10, 8 imports (0 criteria mapped), 12 policies (0 by version), 515 exemptions
    ariel-os+ariel-os/config.toml: cargo-vet 0.10, 6 imports (0 criteria mapped), 37 policies (0 by version), 338 exemptions
    bytecodealliance+wasmtime/config.toml: cargo-vet 0.10, 5 imports (0 criteria mapped), 69 policies (0 by version), 79 exemptions
    divviup+libprio-rs/config.toml: cargo-vet 0.10, 7 imports (0 criteria mapped), 2 policies (0 by version), 38 exemptions
    mozilla+cargo-vet/config.toml: cargo-vet 0.10, 5 imports (0 criteria mapped), 1 policies (0 by version), 94 exemptions
    mozilla+glean/config.toml: cargo-vet 0.10, 5 imports (0 criteria mapped), 4 policies (0 by version), 56 exemptions
    nautechsystems+nautilus_trader/.supply-chain/config.toml: cargo-vet 0.10, 6 imports (0 criteria mapped), 42 policies (0 by version), 737 exemptions
    rosenpass+rosenpass/config.toml: cargo-vet 0.10, 8 imports (0 criteria mapped), 3 policies (0 by version), 254 exemptions
    spinframework+spin/config.toml: cargo-vet 0.7, 5 imports (0 criteria mapped), 11 policies (2 by version), 492 exemptions
    tauri-apps+tauri/config.toml: cargo-vet 0.9, 6 imports (0 criteria mapped), 8 policies (0 by version), 228 exemptions
    zcash+librustzcash/config.toml: cargo-vet 0.10, 7 imports (0 criteria mapped), 23 policies (0 by version), 404 exemptions
    zcash+wallet/config.toml: cargo-vet 0.10, 6 imports (0 criteria mapped), 28 policies (0 by version), 469 exemptions
    zcash+zcash/qa/supply-chain/config.toml: cargo-vet 0.10, 6 imports (0 criteria mapped), 0 policies (0 by version), 190 exemptions
    "#);
}

/// The origins that the real sets show, and how many records of each meet `safe-to-deploy` or `safe-to-run`
/// without any mapping.
#[test]
fn origins_are_the_repositories_that_wrote_the_records() {
    let Some(data) = support::fence_data() else { return };
    let no_map = BTreeMap::new();
    let mut summary: BTreeMap<String, (usize, usize, usize)> = BTreeMap::new();
    for (path, bytes) in support::archive(&data, "audits/files.tar.zst") {
        if !path.ends_with("audits.toml") {
            continue;
        }
        let set = whole(&path, parse_audits(&path, &bytes, &Limits::default()));
        let repository = path.split('/').next().expect("a folder").replace('+', "/");
        let url = format!("https://github.com/{repository}");
        let source = Source {
            feed: &repository,
            url: Some(&url),
            criteria_map: &no_map,
            standing: Standing::Foreign,
            known: Time::EARLIEST,
        };
        let facts = SetFacts::new(&set, &source);
        for evidence in facts.crates() {
            for audit in &evidence.audits {
                let counts = summary.entry(audit.origin.to_owned()).or_default();
                counts.0 += usize::from(audit.criteria.contains(&"safe-to-deploy"));
                counts.1 += usize::from(audit.criteria.contains(&"safe-to-run"));
            }
            for window in &evidence.windows {
                summary.entry(window.origin.to_owned()).or_default().2 += 1;
            }
        }
        let serde: CrateName = "serde".parse().expect("a name");
        assert_eq!(facts.crates().find(|evidence| *evidence.name == serde).is_some(), {
            let of = facts.of(&serde);
            set.audits.contains_key(&serde) || set.trusted.contains_key(&serde) || !of.windows.is_empty()
        });
    }
    let lines: Vec<String> = summary
        .into_iter()
        .map(|(origin, (deploy, run, windows))| {
            format!("{origin}: {deploy} deploy, {run} run, {windows} windows")
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    chromium.googlesource.com/chromium/src: 637 deploy, 1012 run, 0 windows
    chromium.googlesource.com/chromiumos/third_party/rust_crates: 112 deploy, 1895 run, 0 windows
    fuchsia.googlesource.com/fuchsia: 74 deploy, 80 run, 0 windows
    github.com/ariel-os/ariel-os: 38 deploy, 38 run, 95 windows
    github.com/bytecodealliance/wasmtime: 703 deploy, 771 run, 392 windows
    github.com/divviup/libprio-rs: 183 deploy, 245 run, 53 windows
    github.com/embarkstudios/cargo-deny: 0 deploy, 0 run, 58 windows
    github.com/embarkstudios/rust-ecosystem: 107 deploy, 129 run, 71 windows
    github.com/google/rust-crate-audits: 34 deploy, 34 run, 0 windows
    github.com/mozilla/cargo-vet: 60 deploy, 60 run, 158 windows
    github.com/mozilla/glean: 208 deploy, 234 run, 128 windows
    github.com/nautechsystems/nautilus_trader: 109 deploy, 109 run, 18 windows
    github.com/nitrokey/nitrokey-3-firmware: 30 deploy, 31 run, 32 windows
    github.com/opendevicepartnership/embedded-services: 212 deploy, 287 run, 39 windows
    github.com/opendevicepartnership/patina: 0 deploy, 0 run, 84 windows
    github.com/rosenpass/rosenpass: 4 deploy, 5 run, 0 windows
    github.com/spinframework/spin: 5 deploy, 7 run, 0 windows
    github.com/tauri-apps/tauri: 0 deploy, 0 run, 145 windows
    github.com/zcash/librustzcash: 621 deploy, 669 run, 174 windows
    github.com/zcash/wallet: 200 deploy, 206 run, 110 windows
    github.com/zcash/zcash: 1064 deploy, 1066 run, 113 windows
    github.com/zcashfoundation/zebra: 158 deploy, 162 run, 60 windows
    hg.mozilla.org/mozilla-central: 1290 deploy, 1368 run, 205 windows
    "#);
}
