//! Snapshots: what is written reads back equal, and whatever happens to the bytes is noticed or harmless.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::sync::Arc;

use fence_client::cache::ContentDigest;
use fence_client::snapshot::{
    AuditRecord, ClassRecord, Contents, CrateRecord, DependencyRecord, EnrolledRecord, FORMAT, IndexRecord,
    KnownRecord, PackageRecord, Presence, ProblemRecord, PublisherRecord, ReleaseRecord, Section, SeenRecord,
    Snapshot, SnapshotError, SourceKind, SourceRecord, VoiceRecord, WindowRecord, WriteError, write,
};
use fence_model::facts::{
    Account, Advisory, AdvisoryKind, Audit, AuditedVersion, Birth, Bound, Claim, DependencyKind, Identity,
    Owner, Publisher, Range, Reader, Remark, RestsOn, Says, Statement, Window,
};
use fence_model::policy::PublishTimes;
use fence_model::{Digest, Time};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use semver::{Version, VersionReq};
use xxhash_rust::xxh3::xxh3_64;

/// The example of the module's documentation, byte for byte.
#[test]
fn the_example_of_the_specification_is_what_is_written() {
    let contents = Contents { crates: vec![CrateRecord::new(0, "a")], ..Contents::default() };
    let mut expected = b"cgfence\n".to_vec();
    expected.extend([8, 0, 0, 0, 0, 0, 0, 0]);
    let mut rest = vec![0, 0, 0, 0, 1, 0, 0, 0];
    rest.extend([0; 4 * 24]);
    rest.extend([1, 0, 0, 0]);
    rest.extend([0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
    rest.extend([0, 0, 0, 0, 0, 0, 0, 0, 0]);
    rest.extend([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
    rest.extend([0; 32]);
    rest.extend([0; 9 * 8 + 2]);
    rest.push(b'a');
    expected.extend(xxh3_64(&rest).to_le_bytes());
    expected.extend(rest);
    assert_eq!(write(&contents), Ok(expected));
}

#[test]
fn one_crate_cannot_be_written_twice() {
    let twice = vec![CrateRecord::new(0, "a"), CrateRecord::new(0, "a")];
    let contents = Contents { crates: twice, ..Contents::default() };
    assert_eq!(write(&contents), Err(WriteError::Twice { name: "a".to_owned() }));
}

#[test]
fn crates_are_found_by_registry_and_name() {
    let names = ["serde", "a", "zz", "serde_json", "Inflector"];
    let crates = (0..2).flat_map(|registry| names.map(|name| CrateRecord::new(registry, name))).collect();
    let snapshot = open(&Contents { crates, ..Contents::default() });
    for registry in 0..2 {
        for name in names {
            let found = snapshot.crate_named(registry, name).unwrap().unwrap();
            assert_eq!((found.registry(), found.name()), (registry, name));
        }
        assert!(snapshot.crate_named(registry, "serd").unwrap().is_none());
    }
    assert!(snapshot.crate_named(2, "a").unwrap().is_none());
}

#[test]
fn what_was_not_known_yet_is_left_out() {
    let snapshot = open(&sample());
    let facts = |now: &str, times| {
        let view = snapshot.crate_named(0, "arrayref").unwrap().unwrap();
        let facts = view.facts(moment(now), times, |package| package.birth).unwrap();
        let released: Vec<_> = facts
            .releases
            .iter()
            .map(|release| {
                let needs = release.dependencies.iter().map(|d| format!(" {} born {:?}", d.package, d.birth));
                let by = release.publisher.map_or_else(String::new, |who| format!(" by {who}"));
                format!("{}{by}{}", release.version, needs.collect::<String>())
            })
            .collect();
        let advisories: Vec<_> =
            facts.advisories.iter().map(|advisory| (advisory.id, advisory.withdrawn)).collect();
        format!(
            "{released:?} {advisories:?} {} audits, {} windows, {} statements, first published {:?}",
            facts.audits.len(),
            facts.windows.len(),
            facts.statements.len(),
            facts.born()
        )
    };
    insta::assert_snapshot!(
        facts("2026-08-20T07:00:00Z", PublishTimes::Trusted),
        @r#"["0.3.9 by user 7"] [] 3 audits, 1 windows, 0 statements, first published Some(2024-09-14T12:24:40Z)"#
    );
    insta::assert_snapshot!(
        facts("2026-08-20T07:30:00Z", PublishTimes::Trusted),
        @r#"["0.3.9 by user 7", "0.3.10 proc-macro1 born At(2026-08-20T02:11:00Z)"] [] 3 audits, 1 windows, 0 statements, first published Some(2024-09-14T12:24:40Z)"#
    );
    insta::assert_snapshot!(
        facts("2026-08-21T07:30:00Z", PublishTimes::Trusted),
        @r#"["0.3.9 by user 7", "0.3.10 proc-macro1 born At(2026-08-20T02:11:00Z)"] [("RUSTSEC-2026-0260", None)] 3 audits, 1 windows, 1 statements, first published Some(2024-09-14T12:24:40Z)"#
    );
    // Withdrawn by then; and publish times that nobody believes are not told.
    insta::assert_snapshot!(
        facts("2026-09-01T00:00:00Z", PublishTimes::Untrusted),
        @r#"["0.3.9 by user 7", "0.3.10 proc-macro1 born At(2026-08-20T02:11:00Z)"] [("RUSTSEC-2026-0260", Some(2026-08-30T23:59:59Z))] 3 audits, 1 windows, 1 statements, first published None"#
    );
    insta::assert_snapshot!(
        facts("2020-01-01T00:00:00Z", PublishTimes::Trusted),
        @r#"[] [] 0 audits, 0 windows, 0 statements, first published None"#
    );
}

#[test]
fn every_flipped_bit_is_noticed() {
    let bytes = write(&sample()).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(Snapshot::open(flipped).is_err(), "bit {bit}");
    }
}

#[test]
fn every_truncation_and_every_addition_is_noticed() {
    let bytes = write(&sample()).unwrap();
    for length in 0..bytes.len() {
        assert!(Snapshot::open(bytes[..length].to_vec()).is_err(), "{length} bytes");
    }
    let mut longer = bytes;
    longer.push(0);
    assert!(matches!(Snapshot::open(longer), Err(SnapshotError::Length { .. })));
}

/// Even under a checksum that matches, a record that makes no sense is an error, never a panic and never an
/// allocation beyond what the file can pay for.
#[test]
fn damage_under_a_good_checksum_is_an_error_or_harmless() {
    let bytes = write(&sample()).unwrap();
    let mut errors = 0;
    for bit in 24 * 8..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        errors += usize::from(read_all(seal(flipped)).is_err());
    }
    for byte in 24..bytes.len() {
        for value in [0, 0x7f, 0xff] {
            let mut changed = bytes.clone();
            changed[byte] = value;
            errors += usize::from(read_all(seal(changed)).is_err());
        }
    }
    assert!(errors > bytes.len(), "only {errors} of the changes were noticed");
}

#[test]
fn errors_say_what_happened() {
    let good = write(&sample()).unwrap();
    let changed = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        Snapshot::open(bytes).unwrap_err().to_string()
    };
    let check = |found: String, expected: &str| assert_eq!(found, expected);
    check(Snapshot::open(Vec::new()).unwrap_err().to_string(), "not a snapshot");
    check(changed(7, b'\r'), "not a snapshot");
    check(changed(8, 9), &format!("a snapshot of format 9, and this fence reads format {FORMAT}"));
    check(changed(good.len() - 1, b'!'), "the snapshot is damaged: its checksum does not match");
    check(
        Snapshot::open(good[..good.len() - 1].to_vec()).unwrap_err().to_string(),
        &format!("the snapshot has {} bytes, and its header counts {}", good.len() - 1, good.len()),
    );
    check(
        SnapshotError::Record { section: Section::Releases, number: 3 }.to_string(),
        "the snapshot is damaged: record 3 of Releases makes no sense",
    );
}

proptest! {
    #[test]
    fn what_is_written_reads_back_equal(contents in contents()) {
        let snapshot = open(&contents);
        prop_assert_eq!(snapshot.contents().unwrap(), sorted(contents));
    }

    #[test]
    fn order_carries_no_meaning(contents in contents(), seed in any::<prop::sample::Selector>()) {
        let mut other = contents.clone();
        other.crates.sort_by_key(|record| std::cmp::Reverse((record.name, record.registry)));
        other.packages.reverse();
        for record in &mut other.crates {
            let middle = if record.releases.is_empty() { 0 } else { seed.select(0..record.releases.len()) };
            record.releases.rotate_left(middle);
            record.publishers.reverse();
        }
        prop_assert_eq!(write(&other), write(&contents));
    }

    #[test]
    fn strange_bytes_never_panic(bytes in vec(any::<u8>(), 0..400)) {
        let mut headed = b"cgfence\n\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
        headed.extend(&bytes);
        let _ = read_all(seal(headed));
        let _ = read_all(bytes);
    }
}

fn open(contents: &Contents<'_>) -> Snapshot {
    Snapshot::open(write(contents).unwrap()).unwrap()
}

/// The same bytes under a checksum that matches them.
fn seal(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Some(rest) = bytes.get(24..) {
        let checksum = xxh3_64(rest).to_le_bytes();
        bytes[16..24].copy_from_slice(&checksum);
    }
    bytes
}

/// Reads everything that can be read.
fn read_all(bytes: Vec<u8>) -> Result<(), SnapshotError> {
    let snapshot = Snapshot::open(bytes)?;
    for view in snapshot.crates() {
        drop(view?.facts(Time::LATEST, PublishTimes::Trusted, |package| package.birth)?);
    }
    snapshot.crate_named(0, "serde")?;
    drop(snapshot.contents()?);
    Ok(())
}

/// What reading gives back: crates, releases and publishers in order, packages without those of which nothing is
/// known.
fn sorted(mut contents: Contents<'_>) -> Contents<'_> {
    contents.crates.sort_by_key(|record| (record.registry, record.name));
    for record in &mut contents.crates {
        record.releases.sort_by(|a, b| {
            let key = |r: &ReleaseRecord<'_>| (r.version.clone(), r.digest, r.published, r.yanked);
            key(a).cmp(&key(b)).then_with(|| a.dependencies.cmp(&b.dependencies))
        });
        record
            .publishers
            .sort_by(|a, b| (&a.version, a.publisher, a.digest).cmp(&(&b.version, b.publisher, b.digest)));
    }
    contents.seen.sort_unstable();
    contents.packages.retain(|package| package.birth != Birth::Unread || package.asked.is_some());
    contents.packages.sort_by_key(|package| (package.registry, package.name));
    contents
}

fn moment(text: &str) -> Time {
    text.parse().unwrap()
}

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

/// A small snapshot in which every section has something.
fn sample() -> Contents<'static> {
    let mut arrayref = CrateRecord::new(0, "arrayref");
    arrayref.index = IndexRecord {
        presence: Presence::Listed,
        checked: moment("2026-08-20T07:30:00Z"),
        validator: Some("W/\"abc\""),
        digest: ContentDigest([42; 32]),
    };
    let release = |text: &str, published: &str, dependencies: &[DependencyRecord<'static>]| ReleaseRecord {
        version: version(text),
        digest: Digest([7; 32]),
        published: Some(moment(published)),
        yanked: text == "0.3.9",
        dependencies: dependencies.into(),
    };
    let needed = DependencyRecord {
        registry: 0,
        package: "proc-macro1",
        requirement: "^1.0.107",
        kind: DependencyKind::Normal,
        optional: false,
    };
    arrayref.releases = vec![
        release("0.3.9", "2024-09-14T12:24:40Z", &[]),
        release("0.3.10", "2026-08-20T07:15:00Z", &[needed]),
    ];
    let advisory = Advisory {
        id: "RUSTSEC-2026-0260",
        kind: AdvisoryKind::Malicious,
        known: moment("2026-08-20T23:59:59Z"),
        patched: vec![Range {
            lower: Bound::Exclusive(version("0.3.10")),
            upper: Bound::Inclusive(version("1.0.0-rc.1")),
        }],
        unaffected: vec![Range { lower: Bound::Unbounded, upper: Bound::Inclusive(version("0.3.9")) }],
        withdrawn: Some(moment("2026-08-30T23:59:59Z")),
        title: "arrayref 0.3.10 was malicious",
        aliases: vec!["MAL-2026-1", "GHSA-aaaa-bbbb-cccc"],
    };
    arrayref.advisories = vec![advisory];
    let audit = Audit {
        feed: Some("a-set"),
        origin: "https://example.org/audits.toml",
        who: vec!["A <a@example.org>", "B"],
        signer: None,
        digest: None,
        from_digest: None,
        known: moment("2025-01-01"),
        until: None,
        claim: Claim::Delta {
            from: AuditedVersion { version: version("0.3.8"), git: Some("00aa".into()) },
            to: AuditedVersion { version: version("0.3.9"), git: None },
        },
        criteria: vec!["safe-to-deploy", "safe-to-run"],
    };
    let signed = Audit {
        feed: None,
        origin: "crev:ann@FYlr8YoY",
        who: vec!["FYlr8YoYGVvDwHQxqEIs89reKKDy-oWisoO0qXXEfHE"],
        signer: None,
        digest: None,
        from_digest: None,
        known: moment("2025-01-01"),
        until: None,
        claim: Claim::Remark(AuditedVersion { version: version("0.3.9"), git: None }, Remark::Negative),
        criteria: Vec::new(),
    };
    let contents = vec!["VR-uiEXO2XbtT0LBETeRNM8wF6IxT9TI5KlOvO70rD4"];
    let ann = Identity {
        principal: "ann@example.org",
        accounts: vec![Account::User(189), Account::Team(12)],
        organisation: Some("example"),
        key: Some("SHA256:abc"),
    };
    let stated = Audit {
        origin: "ann@example.org",
        who: vec!["ann@example.org", "SHA256:abc"],
        signer: Some(ann.clone()),
        digest: Some(Digest([9; 32])),
        from_digest: Some(Digest([8; 32])),
        until: Some(moment("2027-01-01")),
        ..audit.clone()
    };
    arrayref.audits = vec![audit.into(), AuditRecord { audit: signed, contents }, stated.into()];
    arrayref.statements = vec![Statement {
        signer: ann.clone(),
        feed: "team",
        version: version("0.3.9"),
        digest: Digest([7; 32]),
        known: moment("2026-08-21"),
        until: None,
        says: Says::Approve(RestsOn::Diff),
        reader: Reader::Person,
        is_reviewer: true,
        is_believed: true,
        comment: "Read the change.",
    }];
    arrayref.owners = Some(vec![Owner {
        account: Account::Team(12),
        since: moment("2020-01-01"),
        until: Some(moment("2026-01-01")),
        organisation: Some("example"),
    }]);
    let window = Window {
        origin: "https://example.org/audits.toml",
        publisher: Publisher::Ci("github:a/b"),
        start: moment("2025-01-01"),
        end: moment("2027-01-01"),
        criteria: vec!["safe-to-deploy"],
    };
    arrayref.windows = vec![WindowRecord { window, known: moment("2025-02-01") }];
    arrayref.publishers = vec![PublisherRecord {
        version: version("0.3.9"),
        digest: Some(Digest([7; 32])),
        publisher: Publisher::User(7),
    }];
    arrayref.classes = vec![ClassRecord {
        newest: version("0.3.9"),
        voices: [VoiceRecord {
            cluster: 3,
            account: Account::User(189),
            name: "ann",
            organisation: None,
            reach: 12,
        }]
        .into(),
    }];
    Contents {
        sources: vec![SourceRecord {
            kind: SourceKind::Registry,
            name: "registry",
            settings: "",
            identity: "",
            as_of: Some(moment("2026-08-20T07:30:00Z")),
            read: None,
        }],
        crates: vec![arrayref],
        packages: vec![PackageRecord {
            registry: 0,
            name: "proc-macro1",
            birth: Birth::At(moment("2026-08-20T02:11:00Z")),
            asked: Some(moment("2026-08-20T07:30:00Z")),
        }],
        problems: vec![ProblemRecord { source: 0, place: "arrayref", line: 3, because: "not JSON" }],
        known: vec![KnownRecord {
            name: "arrayref",
            born: moment("2015-10-29T01:15:00Z"),
            clusters: 41,
            kin: vec!["arrayref-core"],
        }],
        enrolled: vec![EnrolledRecord { feed: "team", identity: ann }],
        seen: vec![SeenRecord { id: Digest([5; 32]), known: moment("2026-08-21") }],
    }
}

fn contents() -> impl Strategy<Value = Contents<'static>> {
    let sources = vec(source(), 0..3);
    let crates = prop::collection::btree_map((0..3_u32, name()), crate_record(), 0..6);
    let packages = prop::collection::btree_map((0..3_u32, name()), (option::of(time()), birth()), 0..6);
    let problems = vec((0..3_u32, text(), any::<u32>(), text()), 0..3);
    let known = vec((name(), time(), any::<u32>(), vec(name(), 0..3)), 0..3);
    let seen = vec((any::<[u8; 32]>(), time()), 0..3);
    let enrolled = vec((text(), identity()), 0..3);
    (sources, crates, packages, problems, known, seen, enrolled).prop_map(
        |(sources, crates, packages, problems, known, seen, enrolled)| Contents {
            enrolled: enrolled
                .into_iter()
                .map(|(feed, identity)| EnrolledRecord { feed, identity })
                .collect(),
            seen: seen.into_iter().map(|(id, known)| SeenRecord { id: Digest(id), known }).collect(),
            sources,
            crates: crates
                .into_iter()
                .map(|((registry, name), record)| CrateRecord { registry, name, ..record })
                .collect(),
            packages: packages
                .into_iter()
                .map(|((registry, name), (asked, birth))| PackageRecord { registry, name, birth, asked })
                .collect(),
            problems: problems
                .into_iter()
                .map(|(source, place, line, because)| ProblemRecord { source, place, line, because })
                .collect(),
            known: known
                .into_iter()
                .map(|(name, born, clusters, kin)| KnownRecord { name, born, clusters, kin })
                .collect(),
        },
    )
}

fn birth() -> impl Strategy<Value = Birth> {
    prop_oneof![
        Just(Birth::Unread),
        time().prop_map(Birth::At),
        Just(Birth::Untold),
        Just(Birth::Nonexistent)
    ]
}

fn source() -> impl Strategy<Value = SourceRecord<'static>> {
    let kind = select(vec![
        SourceKind::Registry,
        SourceKind::Advisories,
        SourceKind::Audits,
        SourceKind::Statements,
        SourceKind::Dump,
    ]);
    (kind, text(), text(), text(), option::of(time()), option::of(time())).prop_map(
        |(kind, name, settings, identity, as_of, read)| SourceRecord {
            kind,
            name,
            settings,
            identity,
            as_of,
            read,
        },
    )
}

fn crate_record() -> impl Strategy<Value = CrateRecord<'static>> {
    (
        index(),
        vec(release(), 0..8),
        vec(advisory(), 0..3),
        vec(audit(), 0..4),
        vec(window(), 0..3),
        vec(published(), 0..4),
        (any::<bool>(), vec(statement(), 0..3), option::of(vec(owner(), 0..3)), vec(class(), 0..3)),
    )
        .prop_map(|(index, releases, advisories, audits, windows, publishers, people)| {
            let (publishers_told, statements, owners, classes) = people;
            CrateRecord {
                registry: 0,
                name: "",
                index,
                releases,
                advisories,
                audits,
                windows,
                publishers,
                publishers_told,
                statements,
                owners,
                classes,
            }
        })
}

fn class() -> impl Strategy<Value = ClassRecord<'static>> {
    let voices = prop::collection::btree_map(0..50_u32, any::<u32>(), 0..4);
    (versions(), voices).prop_map(|(newest, voices)| {
        let voice = |(cluster, reach)| VoiceRecord {
            cluster,
            account: Account::User(u64::from(cluster)),
            name: "somebody",
            organisation: (cluster % 2 == 0).then_some("example"),
            reach,
        };
        ClassRecord { newest, voices: voices.into_iter().map(voice).collect() }
    })
}

fn account() -> impl Strategy<Value = Account> {
    prop_oneof![any::<u64>().prop_map(Account::User), any::<u64>().prop_map(Account::Team)]
}

fn identity() -> impl Strategy<Value = Identity<'static>> {
    (text(), vec(account(), 0..3), option::of(text()), option::of(text())).prop_map(
        |(principal, accounts, organisation, key)| Identity { principal, accounts, organisation, key },
    )
}

fn owner() -> impl Strategy<Value = Owner<'static>> {
    (account(), time(), option::of(time()), option::of(text()))
        .prop_map(|(account, since, until, organisation)| Owner { account, since, until, organisation })
}

fn statement() -> impl Strategy<Value = Statement<'static>> {
    let says = select(vec![
        Says::Object,
        Says::Revoke,
        Says::Approve(RestsOn::Trust),
        Says::Approve(RestsOn::Diff),
        Says::Approve(RestsOn::Audit),
    ]);
    let reader = select(vec![Reader::Person, Reader::Machine]);
    let times = (time(), option::of(time()));
    (identity(), text(), versions(), any::<[u8; 32]>(), times, says, reader, any::<bool>(), text()).prop_map(
        |(signer, feed, version, digest, (known, until), says, reader, is_reviewer, comment)| Statement {
            signer,
            feed,
            version,
            digest: Digest(digest),
            known,
            until,
            says,
            reader,
            is_reviewer,
            is_believed: !is_reviewer,
            comment,
        },
    )
}

fn index() -> impl Strategy<Value = IndexRecord<'static>> {
    let presence = select(vec![Presence::Unread, Presence::Listed, Presence::Nonexistent]);
    (presence, time(), option::of(text()), any::<[u8; 32]>()).prop_map(
        |(presence, checked, validator, digest)| IndexRecord {
            presence,
            checked,
            validator,
            digest: ContentDigest(digest),
        },
    )
}

fn release() -> impl Strategy<Value = ReleaseRecord<'static>> {
    let shared: Vec<Arc<[DependencyRecord<'static>]>> = vec![
        Arc::new([]),
        Arc::new([DependencyRecord {
            registry: 1,
            package: "serde",
            requirement: "^1",
            kind: DependencyKind::Build,
            optional: true,
        }]),
    ];
    let list = prop_oneof![select(shared), vec(dependency(), 0..4).prop_map(Arc::from)];
    (versions(), any::<[u8; 32]>(), option::of(time()), any::<bool>(), list).prop_map(
        |(version, digest, published, yanked, dependencies)| ReleaseRecord {
            version,
            digest: Digest(digest),
            published,
            yanked,
            dependencies,
        },
    )
}

fn dependency() -> impl Strategy<Value = DependencyRecord<'static>> {
    let kind = select(vec![DependencyKind::Normal, DependencyKind::Build, DependencyKind::Dev]);
    (0..3_u32, name(), text(), kind, any::<bool>()).prop_map(
        |(registry, package, requirement, kind, optional)| DependencyRecord {
            registry,
            package,
            requirement,
            kind,
            optional,
        },
    )
}

fn advisory() -> impl Strategy<Value = Advisory<'static>> {
    let kind = select(vec![
        AdvisoryKind::Malicious,
        AdvisoryKind::Vulnerability,
        AdvisoryKind::Unsound,
        AdvisoryKind::Unmaintained,
        AdvisoryKind::Notice,
    ]);
    let ranges = || vec(range(), 0..3);
    (text(), kind, time(), option::of(time()), ranges(), ranges(), text(), vec(text(), 0..3)).prop_map(
        |(id, kind, known, withdrawn, patched, unaffected, title, aliases)| Advisory {
            id,
            kind,
            known,
            patched,
            unaffected,
            withdrawn,
            title,
            aliases,
        },
    )
}

fn range() -> impl Strategy<Value = Range> {
    let bound = || {
        prop_oneof![
            Just(Bound::Unbounded),
            versions().prop_map(Bound::Inclusive),
            versions().prop_map(Bound::Exclusive)
        ]
    };
    (bound(), bound()).prop_map(|(lower, upper)| Range { lower, upper })
}

fn audit() -> impl Strategy<Value = AuditRecord<'static>> {
    let audited = || {
        (versions(), option::of(text()))
            .prop_map(|(version, git)| AuditedVersion { version, git: git.map(Into::into) })
    };
    let claim = prop_oneof![
        audited().prop_map(Claim::Full),
        (audited(), audited()).prop_map(|(from, to)| Claim::Delta { from, to }),
        select(vec!["*", ">=1.2, <2", "=0.3.10", "^1.0.0-rc.1"])
            .prop_map(|text| Claim::Violation(VersionReq::parse(text).unwrap())),
        (audited(), select(vec![Remark::Negative, Remark::MachineReviewed, Remark::MachineWarned]))
            .prop_map(|(of, remark)| Claim::Remark(of, remark)),
    ];
    let audit = (option::of(text()), text(), vec(text(), 0..3), time(), claim, vec(text(), 0..3)).prop_map(
        |(feed, origin, who, known, claim, criteria)| Audit {
            feed,
            origin,
            who,
            signer: None,
            digest: None,
            from_digest: None,
            known,
            until: None,
            claim,
            criteria,
        },
    );
    let digest = || any::<[u8; 32]>().prop_map(Digest);
    let signed = option::of((identity(), digest(), option::of(digest()), option::of(time())));
    (audit, vec(text(), 0..3), signed).prop_map(|(audit, contents, signed)| {
        let audit = match signed {
            None => audit,
            Some((signer, digest, from_digest, until)) => {
                Audit { signer: Some(signer), digest: Some(digest), from_digest, until, ..audit }
            }
        };
        AuditRecord { audit, contents }
    })
}

fn window() -> impl Strategy<Value = WindowRecord<'static>> {
    (text(), publisher(), time(), time(), time(), vec(text(), 0..3)).prop_map(
        |(origin, publisher, start, end, known, criteria)| WindowRecord {
            window: Window { origin, publisher, start, end, criteria },
            known,
        },
    )
}

fn published() -> impl Strategy<Value = PublisherRecord<'static>> {
    (versions(), option::of(any::<[u8; 32]>()), publisher()).prop_map(|(version, digest, publisher)| {
        PublisherRecord { version, digest: digest.map(Digest), publisher }
    })
}

fn publisher() -> impl Strategy<Value = Publisher<'static>> {
    prop_oneof![(0..1_000_000_u64).prop_map(Publisher::User), text().prop_map(Publisher::Ci)]
}

fn versions() -> impl Strategy<Value = Version> {
    let parts = select(vec!["", "-rc.1", "-alpha", "+build.7", "-beta.2+x"]);
    prop_oneof![
        (0..3_u64, 0..3_u64, 0..20_u64, parts)
            .prop_map(|(major, minor, patch, rest)| version(&format!("{major}.{minor}.{patch}{rest}"))),
        Just(version("20240101123456.0.18446744073709551615")),
        Just(version("4294967295.4294967296.0")),
    ]
}

fn time() -> impl Strategy<Value = Time> {
    (Time::EARLIEST.unix()..=Time::LATEST.unix()).prop_map(Time::from_unix)
}

fn name() -> impl Strategy<Value = &'static str> {
    select(vec!["serde", "serde_json", "Inflector", "a", "proc-macro2", "libc"])
}

fn text() -> impl Strategy<Value = &'static str> {
    select(vec!["", "^1.0", "safe-to-deploy", "naïve ☂", "a", "https://example.org/audits.toml"])
}
