//! What must hold of whatever bytes `fence-evidence` is given. The fuzz targets run these checks on invented bytes,
//! `crates/evidence/tests/corpus.rs` on the corpus.

#![allow(dead_code, reason = "each target uses its own check")]

use std::collections::BTreeMap;

use fence_evidence::cargo_vet::{
    SetFacts, Source, Standing, VetSet, format_version, parse_audits, parse_config, parse_imports,
    parse_version,
};
use fence_evidence::crev::{self, Content, WebOfTrust, parse_proofs};
use fence_evidence::osv::parse_record;
use fence_evidence::rustsec::{AdvisoryPath, parse_advisory};
use fence_evidence::statement;
use fence_evidence::{Limits, Parsed, Problem};
use fence_model::Time;
use fence_model::facts::{AuditedVersion, Bound, Claim};
use fence_model::policy::{Reach, Trust};
use fence_testkit::crev::{Reviewer, real};

/// An advisory is read whole or refused in printable words, and its ranges have a beginning and an end.
pub(crate) fn rustsec_advisory(bytes: &[u8]) {
    let path = AdvisoryPath::parse("crates/foo/RUSTSEC-2026-0001.md").expect("a path");
    match parse_advisory(&path, bytes, &Limits::default()) {
        Err(problem) => printable(&problem.to_string()),
        Ok(record) => {
            printable(&record.title);
            let fact = record.as_fact();
            for range in fact.patched.iter().chain(&fact.unaffected) {
                for (end, other) in [(&range.lower, &range.upper), (&range.upper, &range.lower)] {
                    // An end that is included is unaffected, and so is everything where nothing ends the range.
                    match (end, other) {
                        (Bound::Inclusive(version), _) => assert!(!fact.affects(version), "{version}"),
                        (Bound::Exclusive(version), _) => assert!(!range.contains(version), "{version}"),
                        (Bound::Unbounded, Bound::Unbounded) => {
                            assert!(!fact.affects(&semver::Version::new(1, 2, 3)));
                        }
                        (Bound::Unbounded, _) => {}
                    }
                }
            }
        }
    }
}

/// An OSV record is read whole or refused in printable words. What it says of versions parts them: at each end one
/// side is affected, and what is fixed is not.
pub(crate) fn osv(bytes: &[u8]) {
    match parse_record("any/record.json", bytes, &Limits::default()) {
        Err(problem) => printable(&problem.to_string()),
        Ok(records) => {
            for record in &records {
                printable(&record.title);
                let fact = record.as_fact();
                for range in fact.patched.iter().chain(&fact.unaffected) {
                    for end in [&range.lower, &range.upper] {
                        match end {
                            Bound::Inclusive(version) => assert!(!fact.affects(version), "{version}"),
                            Bound::Exclusive(version) => assert!(fact.affects(version), "{version}"),
                            Bound::Unbounded => {}
                        }
                    }
                    if let Bound::Inclusive(version) = &range.lower {
                        assert_eq!(fact.fixes(version), fact.patched.contains(range));
                    }
                }
            }
        }
    }
}

/// A set is understood under any map, and what it says of versions prints back.
pub(crate) fn vet_audits(bytes: &[u8]) {
    if let Some(set) = read(parse_audits("audits.toml", bytes, &Limits::default())) {
        understood(&set);
    }
}

/// A configuration is read whole or its problems are told.
pub(crate) fn vet_config(bytes: &[u8]) {
    if let Some(config) = read(parse_config("config.toml", bytes, &Limits::default())) {
        config.exemptions.values().flatten().for_each(|exemption| prints_back(&exemption.version));
    }
}

/// What was imported is understood like any set.
pub(crate) fn vet_imports(bytes: &[u8]) {
    if let Some(imports) = read(parse_imports("imports.lock", bytes, &Limits::default())) {
        imports.sets.values().for_each(understood);
        imports.unpublished.values().flatten().for_each(|record| prints_back(&record.audited_as));
    }
}

/// What is read of proofs was signed, whoever is trusted; and what it says can be told. Since nobody invents
/// signatures, somebody also signs what the bytes say.
pub(crate) fn crev_proofs(bytes: &[u8]) {
    signed(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let text = &real(text);
        signed(text.as_bytes());
        let ann = Reviewer::called("ann");
        for kind in ["package review", "trust"] {
            signed(ann.proof(kind, "2026-01-02T00:00:00Z", text).as_bytes());
        }
    }
}

fn signed(bytes: &[u8]) {
    let Some(proofs) = read(parse_proofs("x.proof.crev", bytes, &Limits::default())) else { return };
    let trust: BTreeMap<_, _> = proofs.iter().map(|proof| (proof.from.id, Trust::High)).collect();
    for proof in &proofs {
        if let Content::Review(review) = &proof.content {
            let package = &review.package;
            assert!(review.diff_base.as_ref().is_none_or(|base| base.name == package.name));
        }
    }
    let web = WebOfTrust::new(&proofs, crev::Source { trust: &trust, reach: Some(Reach::Low) });
    for review in web.crates().flat_map(|of| of.reviews) {
        printable(review.audit.origin);
        let ships = review.audit.criteria.contains(&"safe-to-deploy");
        match &review.audit.claim {
            Claim::Full(version) => prints_back(version),
            Claim::Delta { from, to } => [from, to].into_iter().for_each(prints_back),
            Claim::Violation(_) => assert!(ships, "what is dangerous is fit for nothing"),
            Claim::Remark(..) => assert_eq!(review.audit.criteria, [""; 0], "a remark counts for nothing"),
        }
    }
}

/// A statement is read or refused in printable words, and what is read has one spelling.
pub(crate) fn statement(bytes: &[u8]) {
    match statement::read("x.json", bytes, &Limits::default()) {
        Err(problem) => printable(&problem.to_string()),
        Ok(read) => {
            assert_eq!(statement::write(&read, &Limits::default()).as_deref(), Ok(bytes));
            let name = read.file_name(bytes);
            assert!(
                name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.+".contains(&byte)),
                "{name}"
            );
            assert!(read.bases().is_none_or(|bases| bases.len() == read.releases().len()));
            for (place, subject) in read.releases().iter().enumerate() {
                let release = &subject.release;
                assert_eq!(read.about(&release.name, &release.version, &subject.digest), Ok(place));
            }
        }
    }
}

fn read<T>(parsed: Result<Parsed<T>, Problem>) -> Option<T> {
    let limit = Limits::default().problems;
    match parsed {
        Ok(Parsed { value, problems }) => {
            assert!(problems.len() <= limit + 1);
            problems.iter().for_each(|problem| printable(&problem.to_string()));
            Some(value)
        }
        Err(problem) => {
            printable(&problem.to_string());
            None
        }
    }
}

fn understood(set: &VetSet) {
    let first = set.criteria.keys().next().map_or("crypto-safe", |name| name);
    let criteria_map = BTreeMap::from([(first.to_owned(), vec!["safe-to-deploy".to_owned()])]);
    let source = Source {
        feed: "feed",
        url: None,
        criteria_map: &criteria_map,
        standing: Standing::Foreign,
        known: Time::EARLIEST,
    };
    let facts = SetFacts::new(set, &source);
    for evidence in facts.crates() {
        for audit in &evidence.audits {
            let ships = audit.criteria.contains(&"safe-to-deploy");
            let runs = audit.criteria.contains(&"safe-to-run");
            match &audit.claim {
                Claim::Violation(_) => assert!(ships || !runs, "what is not fit to run is not fit to ship"),
                Claim::Full(version) => prints_back(version),
                Claim::Delta { from, to } => [from, to].into_iter().for_each(prints_back),
                Claim::Remark(..) => panic!("a set has none"),
            }
            if !matches!(audit.claim, Claim::Violation(_)) {
                assert!(runs || !ships, "what is fit to ship is fit to run");
            }
        }
        for window in &evidence.windows {
            assert!(window.criteria.contains(&"safe-to-run"));
        }
    }
}

fn prints_back(version: &AuditedVersion) {
    assert_eq!(parse_version(&format_version(version)).as_ref(), Ok(version));
}

/// Whatever a stranger wrote, it moves no cursor and turns no line.
fn printable(text: &str) {
    assert!(!text.chars().any(char::is_control), "{text:?}");
}
