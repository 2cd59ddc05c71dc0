//! What must hold of whatever bytes `fence-evidence` is given. The fuzz targets run these checks on invented bytes,
//! `crates/evidence/tests/corpus.rs` on the corpus.

#![allow(dead_code, reason = "each target uses its own check")]

use std::collections::BTreeMap;

use fence_evidence::cargo_vet::{
    SetFacts, Source, Standing, VetSet, format_version, parse_audits, parse_config, parse_imports,
    parse_version,
};
use fence_evidence::crev::{self, Content, WebOfTrust, parse_proofs};
use fence_evidence::dump::{Dump, DumpError, Reader, Table};
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

/// The other tables of the dump of which one table is invented.
const OTHERS: [(Table, &[u8]); 8] = [
    (Table::Users, b"id,username\n1,ann\n7,ben\n"),
    (Table::OauthGithub, b"account_id,login,user_id\n99,ann,1\n"),
    (Table::Teams, b"id,login\n7,github:org:team\n"),
    (Table::Crates, b"id,name\n3,foo\n5,bar\n"),
    (Table::CrateOwners, b"crate_id,created_at,owner_id,owner_kind\n3,2020-01-01 00:00:00,7,1\n5,2020-01-01 00:00:00,1,0\n"),
    (Table::DeletedCrates, b"available_at,deleted_at,name\n2020-01-02 00:00:00,2020-01-01 00:00:00,gone\n"),
    (
        Table::Versions,
        b"crate_id,created_at,id,num,published_by,tar_sha256,yanked\n\
          3,2020-01-01 10:20:30,11,1.0.0,7,\\xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,f\n\
          5,2026-01-01 10:20:30,12,1.0.0,,\\xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb,t\n",
    ),
    (Table::Dependencies, b"crate_id,kind,optional,req,target,version_id\n5,0,f,^1,,11\n3,2,t,*,cfg(unix),12\n"),
];

/// A table of the database dump, which the first byte names, is taken beside tables that are right, or refused in printable
/// words. What is told belongs together.
pub(crate) fn dump_table(bytes: &[u8]) {
    let Some((which, invented)) = bytes.split_first() else { return };
    let which = Table::ALL[usize::from(*which) % Table::ALL.len()];
    let read = || -> Result<Dump, DumpError> {
        let mut reader = Reader::with_dependencies(&Limits::default());
        reader.metadata(br#"{"timestamp": "2026-10-12T02:00:11.5Z"}"#)?;
        for (table, text) in OTHERS {
            reader.table(table, &mut if table == which { invented } else { text })?;
        }
        reader.finish()
    };
    let dump = match read() {
        Err(error) => return printable(&error.to_string()),
        Ok(dump) => dump,
    };
    let accounts: Vec<_> = dump.accounts().collect();
    assert!(accounts.is_sorted_by(|a, b| a < b));
    accounts.iter().filter_map(|account| dump.login(*account)).for_each(printable);
    let (mut names, mut releases, mut dependencies) = (Vec::new(), 0, 0);
    for of in dump.crates() {
        names.push(of.name());
        assert_eq!(dump.crate_named(of.name()).map(|found| found.name()), Some(of.name()));
        assert!(of.owners().all(|owner| accounts.contains(&owner.account)));
        for release in of.releases() {
            releases += 1;
            let version = release.version().parse().expect("a version");
            assert!(of.release(&version, &release.digest()).is_some());
            dependencies += release.dependencies().len();
            for need in release.dependencies() {
                assert!(dump.crate_named(need.on).is_some());
                assert!(need.requirement.parse::<semver::VersionReq>().is_ok());
            }
        }
    }
    assert!(names.is_sorted_by(|a, b| a < b));
    assert_eq!((releases, Some(dependencies)), (dump.releases(), dump.dependencies()));
    for skipped in dump.skipped() {
        assert!(skipped.malformed <= skipped.rows);
        assert_eq!(skipped.malformed > 0, skipped.first.is_some());
        assert_eq!(skipped.dangling > 0, skipped.example.is_some());
        skipped.first.iter().for_each(|(_, fault)| printable(&fault.to_string()));
        skipped.example.iter().for_each(|example| printable(example));
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
