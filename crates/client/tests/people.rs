//! People: what a database dump, index files and signed statements come to together.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use fence_client::Environment;
use fence_client::cache::Cache;
use fence_client::cargo_config::CargoConfig;
use fence_client::gather::{About, FeedRead, Knowledge, Problem, Refresh, Request, Updated, update};
use fence_client::http::Network;
use fence_client::progress::Silent;
use fence_client::project::lockfile;
use fence_model::facts::{CrateFacts, Publisher};
use fence_model::judge::Asked;
use fence_model::look_alike::KnownNames;
use fence_model::people::{Account, Maintainer};
use fence_model::policy::{Baseline, FeedRole, FeedSource, Policy, RUSTSEC};
use fence_model::readings::Readings;
use fence_model::settle::{FactsOf, Settlement};
use fence_model::words;
use fence_model::{CrateName, Decision, Digest, Level, Span, Time, Verdict};
use fence_registry::IndexPath;
use fence_testkit::dump::{LAYOUTS, MadeUp};
use fence_testkit::people::MAINTAINERS;
use fence_testkit::ssh::Signer;
use fence_testkit::synthetic::{Shapes, Synthetic};
use tame_index::CRATES_IO_INDEX;

/// The moment of the dump.
const DUMPED: &str = "2026-11-25T12:00:00Z";
/// The moment of most tests.
const TODAY: &str = "2026-11-25T18:00:00Z";
/// The crate that a fifth of all others need.
const HUB: &str = "crate-0";

fn registry() -> Synthetic {
    Synthetic::of(Shapes::few(), 600, time(DUMPED), 39)
}

#[test]
fn a_dump_tells_who_published_and_who_owns() {
    let registry = registry();
    let dump = MadeUp::of(&registry, LAYOUTS[LAYOUTS.len() - 1]);
    let world = World::with(&dump, &[3, 4]);
    world.pack(&dump);
    let packed = world.gather();
    insta::assert_snapshot!(people(&packed, "crate-3") + &people(&packed, "crate-4"), @r"
    crate-3: all are told
      owned by User(147) since 2017-07-07
      owned by Team(1) of org-0 since 2017-07-07
      0.0.0 by nobody who is told on 2017-07-07
      0.0.1 by nobody who is told on 2017-07-16
      0.0.2 by nobody who is told on 2017-08-12
      0.0.3 by nobody who is told on 2017-09-07
      0.0.4 by nobody who is told on 2017-10-09
      0.1.0 by nobody who is told on 2018-09-24
      0.1.1 by nobody who is told on 2018-11-28
      0.1.2 by user 147 on 2020-03-31
      0.1.3 by user 147 on 2020-06-24
      0.1.4 by user 147 on 2020-10-02
      0.2.0 by user 147 on 2021-07-30
      0.2.1 by user 147 on 2022-04-25
    crate-4: all are told
      owned by User(138) since 2019-11-12
      0.0.0 by user 138 on 2019-11-12
      0.0.1 by user 138 on 2019-11-17
      0.0.2-rc.1 by user 138 on 2020-12-13
      0.0.3-rc.1 by user 138 on 2021-01-11
      0.0.4 by user 138 on 2021-06-13
      0.1.0 by user 138 on 2021-06-21
      0.1.1 by user 138 on 2021-07-05
      0.1.2 by user 138 on 2021-07-12
      0.1.3 by user 138 on 2021-08-07
    ");
    // However it lies there, and in whatever layout.
    let world = World::with(&dump, &[3, 4]).reading_a_folder();
    dump.unpack(&world.path("dump")).unwrap();
    let unpacked = world.gather();
    let old = MadeUp::of(&registry, LAYOUTS[0]);
    let world = World::with(&old, &[3, 4]);
    world.pack(&old);
    let of_old = world.gather();
    for name in ["crate-3", "crate-4"] {
        assert_eq!(people(&unpacked, name), people(&packed, name));
        assert_eq!(people(&of_old, name), people(&packed, name));
    }
}

#[test]
fn a_publisher_is_that_of_these_bytes() {
    let registry = registry();
    let dump = MadeUp::of(&registry, LAYOUTS[0]);
    let world = World::with(&dump, &[4]);
    world.pack(&dump);
    let of_newest = |knowledge: &Knowledge| {
        let facts = knowledge.facts_of(&name("crate-4"));
        let newest = facts.releases.iter().max_by_key(|release| release.published).unwrap();
        (newest.digest, newest.publisher.is_some())
    };
    let (digest, is_known) = of_newest(&world.gather());
    assert!(is_known);
    let index = String::from_utf8(registry.index_file(4)).unwrap();
    let of_other_bytes = index.replace(&digest.to_string(), &"ab".repeat(32));
    world.index("crate-4", of_other_bytes.as_bytes(), "2026-12-25");
    assert_eq!(of_newest(&world.gather()), (Digest([0xab; 32]), false));
}

#[test]
fn an_unchanged_dump_is_not_read_again() {
    let registry = registry();
    let mut dump = MadeUp::of(&registry, LAYOUTS[0]);
    let world = World::with(&dump, &[4]);
    world.pack(&dump);
    let read = |updated: &Updated| updated.tally.feeds[0].read;
    let first = world.update(TODAY);
    assert_eq!(read(&first), FeedRead::Changed);
    let second = world.update("2026-11-25T19:00:00Z");
    assert_eq!(read(&second), FeedRead::Unchanged);
    assert_eq!(people(&second.knowledge, "crate-4"), people(&first.knowledge, "crate-4"));
    insta::assert_snapshot!(ages(&second.knowledge), @r"
    index: current, as of 2026-11-25T19:00:00Z, read 2026-11-25T19:00:00Z
    people: current, as of 2026-11-25T12:00:00Z, read 2026-11-25T19:00:00Z
    ");
    // Another one in its place is.
    dump.publish(4, "9.9.9", time("2026-11-20"), Some(1));
    world.pack(&dump);
    world.index("crate-4", &dump.index_file(4), "2026-12-25");
    let third = world.update("2026-11-25T20:00:00Z");
    assert_eq!(read(&third), FeedRead::Changed);
    assert!(people(&third.knowledge, "crate-4").contains("9.9.9 by user 1"));
}

/// A table that is unpacked over that of an older dump makes another dump, though `metadata.json` was there before.
#[test]
fn each_file_of_a_folder_counts() {
    let registry = registry();
    let mut dump = MadeUp::of(&registry, LAYOUTS[0]);
    let world = World::with(&dump, &[4]).reading_a_folder();
    dump.unpack(&world.path("dump")).unwrap();
    world.update(TODAY);
    dump.publish(4, "9.9.9", time("2026-11-20"), Some(1));
    let mut versions = Vec::new();
    dump.table("versions", &mut versions).unwrap();
    fs::write(world.path("dump/data/versions.csv"), versions).unwrap();
    assert_eq!(world.update(TODAY).tally.feeds[0].read, FeedRead::Changed);
}

#[test]
fn the_clock_counts_up_to_the_dump() {
    let registry = registry();
    let dump = MadeUp::of(&registry, LAYOUTS[0]);
    let world = World::with(&dump, &[4]);
    world.pack(&dump);
    let knowledge = world.update("2026-12-24").knowledge;
    let feeds: Vec<_> = knowledge.feeds().iter().map(|feed| (feed.name.as_str(), feed.as_of)).collect();
    assert_eq!(feeds, [("index", Some(time("2026-12-24"))), ("people", Some(time(DUMPED)))]);
    insta::assert_snapshot!(ages(&knowledge), @r"
    index: current, as of 2026-12-24T00:00:00Z, read 2026-12-24T00:00:00Z
    people: current, as of 2026-11-25T12:00:00Z, read 2026-12-24T00:00:00Z
    ");
}

#[test]
fn what_is_no_dump_is_told() {
    let registry = registry();
    let dump = MadeUp::of(&registry, LAYOUTS[LAYOUTS.len() - 1]);
    let mut told = String::new();
    let packed = |change: fn(Vec<u8>) -> Vec<u8>| {
        move |world: &World, dump: &MadeUp<'_>| {
            world.pack(dump);
            let file = world.path("db-dump.tar.gz");
            fs::write(&file, change(fs::read(&file).unwrap())).unwrap();
        }
    };
    let unpacked = |change: fn(&Path)| {
        move |world: &World, dump: &MadeUp<'_>| {
            dump.unpack(&world.path("dump")).unwrap();
            change(&world.path("dump"));
        }
    };
    type Spoil<'a> = &'a dyn Fn(&World, &MadeUp<'_>);
    let archives: [(&str, Spoil<'_>); 5] = [
        ("no file", &|_, _| {}),
        ("a page", &packed(|_| b"<html>Not found</html>\n".repeat(100))),
        ("an empty file", &packed(|_| Vec::new())),
        ("cut off", &packed(|bytes| bytes[..bytes.len() / 2].to_vec())),
        (
            "damaged",
            &packed(|mut bytes| {
                let middle = bytes.len() / 2;
                bytes[middle..middle + 64].fill(0x55);
                bytes
            }),
        ),
    ];
    let folders: [(&str, Spoil<'_>); 5] = [
        ("no folder", &|_, _| {}),
        ("no metadata", &unpacked(|dump| fs::remove_file(dump.join("metadata.json")).unwrap())),
        ("no owners", &unpacked(|dump| fs::remove_file(dump.join("data/crate_owners.csv")).unwrap())),
        (
            "half of the releases",
            &unpacked(|dump| {
                let file = dump.join("data/versions.csv");
                let bytes = fs::read(&file).unwrap();
                fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
            }),
        ),
        (
            "another layout",
            &unpacked(|dump| {
                let file = dump.join("data/crate_owners.csv");
                let text = fs::read_to_string(&file).unwrap();
                fs::write(file, text.replace("owner_kind", "kind_of_owner")).unwrap();
            }),
        ),
    ];
    for (is_folder, cases) in [(false, archives), (true, folders)] {
        for (what, spoil) in cases {
            let world = World::with(&dump, &[4]);
            let world = if is_folder { world.reading_a_folder() } else { world };
            spoil(&world, &dump);
            let knowledge = world.gather();
            writeln!(told, "{what}: {}\n{}", world.problems(&knowledge), ages(&knowledge)).unwrap();
        }
    }
    insta::assert_snapshot!(told);
}

#[test]
fn what_a_dump_said_counts_while_it_is_away() {
    let registry = registry();
    let dump = MadeUp::of(&registry, LAYOUTS[0]);
    let world = World::with(&dump, &[4]);
    world.pack(&dump);
    let before = people(&world.gather(), "crate-4");
    fs::remove_file(world.path("db-dump.tar.gz")).unwrap();
    let after = world.update(TODAY).knowledge;
    assert_eq!(people(&after, "crate-4"), before);
    insta::assert_snapshot!(world.problems(&after) + "\n" + &ages(&after), @r#"
    feed people is not there: <folder>/db-dump.tar.gz: there is no such file; what it said up to 2026-11-25T12:00:00Z is used; correct the source in [feeds.people] of fence.toml; paths are relative to it
    Record { source: "people", place: "data/versions.csv", line: 23, because: "4 of 3555 rows cannot be read, such as this: num is \"0.0.1-001\", and should be a version" }
    index: current, as of 2026-11-25T18:00:00Z, read 2026-11-25T18:00:00Z
    people: stale, as of 2026-11-25T12:00:00Z, read 2026-11-25T18:00:00Z
    "#);
}

#[test]
fn rows_that_nobody_can_read_are_told() {
    let registry = registry();
    let dump = MadeUp::of(&registry, LAYOUTS[0]);
    let mut world = World::with(&dump, &[4]);
    world.pack(&dump);
    world.team(true, &[]);
    let records = |problem: &Problem| match problem {
        Problem::Record { place, line, because, .. } => Some(format!("{place}, line {line}: {because}")),
        _ => None,
    };
    let told: Vec<String> = world.gather().problems().iter().filter_map(records).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    data/versions.csv, line 23: 4 of 3555 rows cannot be read, such as this: num is "0.0.1-001", and should be a version
    data/dependencies.csv, line 14: 3 of 14919 rows cannot be read, such as this: req is "^0-.11.0", and should be a version requirement
    "#);
}

#[test]
fn who_depends_on_whom_matters_where_a_feed_enrols() {
    let registry = registry();
    let mut dump = MadeUp::of(&registry, LAYOUTS[LAYOUTS.len() - 1]);
    dump.publish(0, UPDATE, time("2026-11-23"), Some(owner_of_the_hub(&registry)));
    let mut world = World::with(&dump, &[0]);
    world.pack(&dump);
    assert_eq!(heard(&world.gather()), []);
    world.team(false, &[]);
    assert_eq!(heard(&world.gather()), []);
    // At once, though the dump was read a moment ago.
    world.team(true, &[]);
    let knowledge = world.gather();
    insta::assert_snapshot!(told(&heard(&knowledge)), @r"
    100 are heard, such as
    person-0, [User(1)], of None, with 17 behind them
    person-48, [User(49)], of None, with 3 behind them
    person-15, [User(16)], of None, with 53 behind them
    person-42, [User(43)], of None, with 5 behind them
    ");
    let first = &heard(&knowledge)[0];
    let Account::User(ann) = first.accounts[0] else { panic!("{first:?}") };
    world.team(true, &[("ann", ann)]);
    let now = world.update("2026-11-25T20:00:00Z").knowledge;
    assert_eq!(heard(&now)[0].signer, Some("ann@example.org"));
    assert_eq!(heard(&now).iter().filter(|one| one.signer.is_some()).count(), 1);
}

#[test]
fn enough_of_those_who_depend_admit_a_release() {
    let registry = registry();
    let mut dump = MadeUp::of(&registry, LAYOUTS[LAYOUTS.len() - 1]);
    let digest = dump.publish(0, UPDATE, time("2026-11-23"), Some(owner_of_the_hub(&registry)));
    let mut world = World::with(&dump, &[0]);
    world.pack(&dump);
    world.team(true, &[]);
    let knowledge = world.gather();
    let (owners, others) = maintainers(&knowledge);
    let named = others.iter().chain(&owners).take(MAINTAINERS.len());
    let enrolled: Vec<(&'static str, u64)> = MAINTAINERS.into_iter().zip(named.copied()).collect();
    world.team(true, &enrolled);
    let mut story = vec![world.judged("nobody approves")];
    for (name, _) in &enrolled[..4] {
        world.approve(name, UPDATE, digest);
        story.push(world.judged(&format!("{name} approves")));
    }
    insta::assert_snapshot!(story.join("\n"), @r"
    nobody approves: held
      young: in the open for 2 days, 3 days are asked for
      known-publisher: user 49 published admitted releases of this crate since 2023-03-11
      0 of 30 % and 0 of 3 maintainers so far; these 4 could complete it: person-2, person-23, person-28, person-161

    ada approves: held
      young: in the open for 2 days, 3 days are asked for
      known-publisher: user 49 published admitted releases of this crate since 2023-03-11
      7 of 30 % and 1 of 3 maintainers so far; these 3 could complete it: person-23, person-28, person-161

    ben approves: held
      young: in the open for 2 days, 3 days are asked for
      known-publisher: user 49 published admitted releases of this crate since 2023-03-11
      15 of 30 % and 2 of 3 maintainers so far; these 2 could complete it: person-28, person-161

    cleo approves: held
      young: in the open for 2 days, 3 days are asked for
      known-publisher: user 49 published admitted releases of this crate since 2023-03-11
      22 of 30 % so far, from 3 maintainers; this one could complete it: person-161

    dora approves: admitted
      quorum: approved by 30 % of the weight of those who maintain dependents (person-2, person-28, person-23, person-161), 30 % is asked for
      known-publisher: user 49 published admitted releases of this crate since 2023-03-11
      30 % approve, from 4 maintainers; 30 % are asked for
    ");
}

#[test]
fn owners_do_not_admit_what_is_theirs() {
    let registry = registry();
    let mut dump = MadeUp::of(&registry, LAYOUTS[LAYOUTS.len() - 1]);
    let digest = dump.publish(0, UPDATE, time("2026-11-23"), Some(owner_of_the_hub(&registry)));
    let mut world = World::with(&dump, &[0]);
    world.pack(&dump);
    world.team(true, &[]);
    let (owners, others) = maintainers(&world.gather());
    let own = owners.iter().chain(&others).take(MAINTAINERS.len());
    let enrolled: Vec<(&'static str, u64)> = MAINTAINERS.into_iter().zip(own.copied()).collect();
    world.team(true, &enrolled);
    for (name, _) in &enrolled[..owners.len()] {
        world.approve(name, UPDATE, digest);
    }
    // Two of the others are too few.
    for (name, _) in &enrolled[owners.len()..owners.len() + 2] {
        world.approve(name, UPDATE, digest);
    }
    insta::assert_snapshot!(world.judged(&format!("{} owners and two others approve", owners.len())), @r"
    2 owners and two others approve: held
      young: in the open for 2 days, 3 days are asked for
      known-publisher: user 49 published admitted releases of this crate since 2023-03-11
      16 of 30 % and 2 of 3 maintainers so far; these 2 could complete it: person-28, person-161
    ");
}

#[test]
fn who_takes_a_crate_over_is_new() {
    let registry = registry();
    let mut dump = MadeUp::of(&registry, LAYOUTS[LAYOUTS.len() - 1]);
    dump.publish(0, UPDATE, time("2026-10-01"), Some(stranger(&registry)));
    let world = World::with(&dump, &[0]);
    world.pack(&dump);
    insta::assert_snapshot!(world.judged("a stranger published it eight weeks ago"), @r"
    a stranger published it eight weeks ago: held
      new-publisher: published by user 201, whose first release of this crate is of 2026-10-01
    ");
}

/// An update of the hub within its newest class.
const UPDATE: &str = "0.1.4";

struct World {
    folder: tempfile::TempDir,
    policy: Policy,
    locked: Vec<String>,
}

impl World {
    /// A project that locks these crates of a registry, and reads a packed dump.
    fn with(dump: &MadeUp<'_>, crates: &[u32]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut policy = Policy::default();
        // These stories are told in weeks.
        policy.wait.base = Some(Span::days(7));
        let rustsec = fence_client::gather::feeds_of(&policy).remove(RUSTSEC).unwrap();
        policy.feeds.insert(RUSTSEC.to_owned(), FeedSource { enabled: false, ..rustsec });
        let archive = Some("db-dump.tar.gz".to_owned());
        policy.feeds.insert("people".to_owned(), FeedSource { archive, ..FeedSource::of(FeedRole::Dump) });
        let locked = crates.iter().map(|number| Synthetic::name(*number)).collect();
        let world = Self { folder, policy, locked };
        for number in crates {
            world.index(&Synthetic::name(*number), &dump.index_file(*number), "2026-12-24");
        }
        world
    }

    fn reading_a_folder(mut self) -> Self {
        let path = Some("dump".to_owned());
        self.policy.feeds.insert("people".to_owned(), FeedSource { path, ..FeedSource::of(FeedRole::Dump) });
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The dump lies where the policy says.
    fn pack(&self, dump: &MadeUp<'_>) {
        dump.archive(fs::File::create(self.path("db-dump.tar.gz")).unwrap()).unwrap();
    }

    /// The index shows a crate since the moment `changed`.
    fn index(&self, name: &str, file: &[u8], changed: &str) {
        let path = self.path("index").join(IndexPath::of(&name.parse().unwrap()).as_str());
        write(&path, std::str::from_utf8(file).unwrap(), changed);
    }

    /// A feed of statements, which may enrol its signers, with these accounts.
    fn team(&mut self, enrols: bool, signers: &[(&'static str, u64)]) {
        let path = Some("team".to_owned());
        let source = FeedSource { path, enrols, ..FeedSource::of(FeedRole::Statements) };
        self.policy.feeds.insert("team".to_owned(), source);
        let allowed: String = signers.iter().map(|(name, _)| Signer::called(name).allowed()).collect();
        let enrolled: String = signers
            .iter()
            .map(|(name, id)| format!("{} user:{id}\n", Signer::called(name).principal()))
            .collect();
        self.put("team/allowed_signers", &allowed);
        self.put("team/enrolled", &enrolled);
    }

    fn approve(&self, signer: &'static str, version: &str, digest: Digest) {
        let signed =
            Signer::called(signer).approval((HUB, version, &digest.to_string()), "2026-11-24T10:00:00Z");
        for (ending, text) in [".json", ".json.sig"].into_iter().zip(signed) {
            self.put(&format!("team/statements/approve-{signer}{ending}"), &text);
        }
    }

    /// Writes a file that was last changed the day before the dump.
    fn put(&self, file: &str, text: &str) {
        write(&self.path(file), text, "2026-11-24");
    }

    fn gather(&self) -> Knowledge {
        self.ask(TODAY, Refresh::Old, fence_client::gather::gather)
    }

    fn update(&self, clock: &str) -> Updated {
        self.ask(clock, Refresh::All, update)
    }

    fn ask<T, E: std::fmt::Display>(
        &self,
        clock: &str,
        refresh: Refresh,
        ask: impl Fn(Request<'_>) -> Result<T, E>,
    ) -> T {
        let locked = |name: &String| {
            format!(
                "\n[[package]]\nname = \"{name}\"\nversion = \"0.0.0\"\nsource = \"registry+{CRATES_IO_INDEX}\"\n"
            )
        };
        let text: String = self.locked.iter().map(locked).collect();
        let root = self.folder.path();
        let asked = ask(Request {
            lockfile: &lockfile::parse(&format!("version = 4\n{text}")).unwrap(),
            about: About::Project,
            policy: &self.policy,
            root,
            cargo: &CargoConfig::read(root, &Environment::of([], root)).unwrap(),
            index: Some(&self.path("index")),
            feeds: &[],
            refresh,
            network: &Network::Offline,
            cache: &Cache::at(&self.path("cache")),
            now: time(clock),
            clock: time(clock),
            journal: None,
            progress: &Silent,
        });
        asked.unwrap_or_else(|error| panic!("{error}"))
    }

    /// What becomes of the update of the hub, now.
    fn judged(&self, what: &str) -> String {
        let knowledge = self.gather();
        let (policy, now) = (&self.policy, time(TODAY));
        let asked = Asked {
            policy,
            level: Level::Medium,
            baseline: &Baseline::default(),
            feeds: knowledge.feeds(),
            names: &KnownNames::shipped(),
            readings: &Readings::NOT_ASKED,
            now,
        };
        let settlement = Settlement::new(asked, &knowledge, BTreeMap::new(), BTreeMap::new());
        let decision = settlement.decide(&settlement.judge(&name(HUB)), &UPDATE.parse().unwrap());
        format!("{what}: {}", told_of(&decision, now))
    }

    fn problems(&self, knowledge: &Knowledge) -> String {
        let told = |problem: &Problem| match problem {
            Problem::Feed { error, used, .. } => {
                let used =
                    used.map_or_else(|| "nothing".to_owned(), |used| format!("what it said up to {used}"));
                format!("{error}; {used} is used; {}", error.hint())
            }
            other => format!("{other:?}"),
        };
        let told: Vec<String> = knowledge.problems().iter().map(told).collect();
        told.join("\n").replace(self.folder.path().to_str().unwrap(), "<folder>")
    }
}

fn told_of(decision: &Decision, now: Time) -> String {
    let mut text = match decision.verdict {
        Verdict::Admit => "admitted\n".to_owned(),
        Verdict::Hold => "held\n".to_owned(),
        Verdict::Block => "blocked\n".to_owned(),
    };
    for reason in &decision.reasons {
        writeln!(text, "  {}: {}", reason.code, words::sentence_in(reason, decision, now)).unwrap();
    }
    if let Some(support) = &decision.quorum {
        writeln!(text, "  {}", words::quorum::support_sentence(support)).unwrap();
    }
    text
}

/// The accounts of those who are heard of the hub's update, the heaviest first: those who own the hub, and the others.
fn maintainers(knowledge: &Knowledge) -> (Vec<u64>, Vec<u64>) {
    let facts = knowledge.facts_of(&name(HUB));
    let mut all = heard(knowledge);
    all.sort_by_key(|one| (std::cmp::Reverse(one.reach), one.cluster));
    let users = all.iter().filter_map(|one| match one.accounts[0] {
        Account::User(id) => Some(id),
        Account::Team(_) => None,
    });
    let owns = |id: &u64| facts.owners.iter().flatten().any(|owner| owner.account == Account::User(*id));
    users.partition(owns)
}

/// Who is heard of the newest release of the hub's class.
fn heard(knowledge: &Knowledge) -> Vec<Maintainer<'_>> {
    let facts: CrateFacts<'_> = knowledge.facts_of(&name(HUB));
    let newest =
        facts.releases.iter().filter(|release| release.voices.is_some()).max_by_key(|one| one.published);
    newest.and_then(|newest| newest.voices.as_deref().map(<[_]>::to_vec)).unwrap_or_default()
}

fn told(maintainers: &[Maintainer<'_>]) -> String {
    let mut text = format!("{} are heard, such as\n", maintainers.len());
    for Maintainer { name, accounts, organisation, reach, .. } in maintainers.iter().take(4) {
        writeln!(text, "{name}, {accounts:?}, of {organisation:?}, with {reach} behind them").unwrap();
    }
    text
}

fn owner_of_the_hub(registry: &Synthetic) -> u32 {
    registry.owners(0)[0].1.cluster.0 + 1
}

/// Somebody with an account, who does not own the hub.
fn stranger(registry: &Synthetic) -> u32 {
    registry.clusters()
}

/// Who owns a crate and who published it.
fn people(knowledge: &Knowledge, crate_name: &str) -> String {
    let facts = knowledge.facts_of(&name(crate_name));
    let told = if facts.publishers_told { "all are told" } else { "some may be missing" };
    let mut text = format!("{crate_name}: {told}\n");
    for owner in facts.owners.iter().flatten() {
        let organisation = owner.organisation.map_or_else(String::new, |name| format!(" of {name}"));
        writeln!(text, "  owned by {:?}{organisation} since {}", owner.account, owner.since.date()).unwrap();
    }
    for release in &facts.releases {
        let by = release
            .publisher
            .map_or_else(|| "nobody who is told".to_owned(), |by: Publisher<'_>| by.to_string());
        let published = release.published.map(Time::date).unwrap_or_default();
        writeln!(text, "  {} by {by} on {published}", release.version).unwrap();
    }
    text
}

fn ages(knowledge: &Knowledge) -> String {
    let or_never = |time: Option<Time>| time.map_or_else(|| "never".to_owned(), |time| time.to_string());
    let age = |age: &fence_client::gather::Age| {
        format!(
            "{}: {}, as of {}, read {}\n",
            age.name,
            age.state.as_str(),
            or_never(age.as_of),
            or_never(age.read)
        )
    };
    knowledge.ages().iter().map(age).collect()
}

fn write(path: &Path, text: &str, changed: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(time(changed).unix().unsigned_abs());
    fs::File::options().write(true).open(path).unwrap().set_modified(changed).unwrap();
}

fn time(text: &str) -> Time {
    text.parse().unwrap()
}

fn name(text: &str) -> CrateName {
    text.parse().unwrap()
}
