//! What a person sees: whole commands on whole projects, with everything that they print.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod bad_input;
mod cache;
mod cargo;
mod change;
mod clone;
mod completions;
mod crev;
mod doctor;
mod duplicates;
mod export;
mod exposure;
mod formats;
mod getting_started;
mod home;
mod project;
mod quorum;
mod readings;
mod registry;
mod review;
mod scan;
mod scope;
mod serve;
mod source;
mod standing;
mod statements;
mod status;

use project::Project;

/// A project like many: everything old and known.
fn calm() -> Project {
    Project::at(
        "2026-08-22T12:00:00Z",
        &[
            ("app", "0.1.0", &["glob", "lexopt"]),
            ("arrayref", "0.3.9", &[]),
            ("glob", "0.3.3", &[]),
            ("lexopt", "0.3.2", &["arrayref"]),
            ("shlex", "1.3.0", &[]),
        ],
    )
}

/// The morning of 2026-08-20, as far as the index shows it: arrayref was taken over, its good releases yanked.
fn taken_over() -> Project {
    let mut project = Project::at(
        "2026-08-20T07:30:00Z",
        &[("app", "0.1.0", &["lexopt"]), ("lexopt", "0.3.2", &["arrayref"])],
    );
    project.publish("proc-macro1", "1.0.106", "2026-08-20T02:11:00Z", &[]);
    project.publish("proc-macro1", "1.0.107", "2026-08-20T07:11:00Z", &[]);
    project.publish("arrayref", "0.3.10", "2026-08-20T07:15:00Z", &[("proc-macro1", "^1.0.107")]);
    project.yank("arrayref", &["0.3.5", "0.3.6", "0.3.7", "0.3.8", "0.3.9"]);
    project.lock(&("arrayref", "0.3.10", &["proc-macro1"]));
    project.lock(&("proc-macro1", "1.0.107", &[]));
    project
}

#[test]
fn green_is_one_line() {
    insta::assert_snapshot!(calm().run("check"), @r#"
    $ cargo fence check
        Finished 4 admitted (4 by age), 1 of this project at level medium in […]s
    [exit code 0]
    "#);
}

/// Expected: no line is longer than the terminal, but for commands, which are copied whole.
#[test]
fn a_narrow_terminal_wraps_all_but_commands() {
    let mut project = taken_over();
    project.lock(&("shlex", "1.1.0", &[]));
    project.narrow_to(40);
    let seen = project.run("check");
    for line in seen.lines().filter(|line| !line.trim_start().starts_with("cargo ")) {
        assert!(line.chars().count() <= 40, "{line}\n{seen}");
    }
    insta::assert_snapshot!("a narrow terminal", seen);
}

#[test]
fn quiet_and_green_is_nothing() {
    insta::assert_snapshot!(calm().run("check --quiet"), @r#"
    $ cargo fence check --quiet

    [exit code 0]
    "#);
}

#[test]
fn a_takeover_is_held_with_reasons_and_ways_out() {
    insta::assert_snapshot!(taken_over().run("check"), @r#"
    $ cargo fence check
        Checking 3 releases at level medium (index 0 min old, rustsec 0 min)
    held[review]: arrayref 0.3.10
      --> Cargo.lock:13
       |
    13 | name = "arrayref"
       | ^^^^^^^^^^^^^^^^^ published 15 minutes ago; needs a reviewer, age alone will not admit it
       |
       = young-dependency: new in this release, proc-macro1 was 5 hours old when this was published
       = young-dependency: new in this release, proc-macro1 looks like proc-macro2 (another number)
       = needs-held: needs proc-macro1 ^1.0.107, of which no release is admitted
       = dormant: no release for 704 days before 2026-08-20
       = yanked-around: the 5 newest older compatible releases, 0.3.5 to 0.3.9, are yanked; since when
           is not known
       = through: app > lexopt 0.3.2 > arrayref
    help: stay on 0.3.9, which is admitted
          cargo update -p arrayref --precise 0.3.9
    help: or look at what is known about it, and at what it changes
          cargo fence why arrayref@0.3.10
          cargo fence review arrayref@0.3.10
    help: or let it in for a while, on your own word
          cargo fence except arrayref@0.3.10 --codes needs-held,young-dependency,young --because "…" --until 2026-08-27

    held[review]: proc-macro1 1.0.107
      --> Cargo.lock:31
       |
    31 | name = "proc-macro1"
       | ^^^^^^^^^^^^^^^^^^^^ published 19 minutes ago; needs a reviewer, age alone will not admit it
       |
       = look-alike: looks like proc-macro2 (another number)
       = new-crate: the crate is 5 hours old, first published on 2026-08-20
       = through: app > lexopt 0.3.2 > arrayref 0.3.10 > proc-macro1
    help: look at what is known about it, and at what it changes
          cargo fence why proc-macro1@1.0.107
          cargo fence review proc-macro1@1.0.107
    help: or let it in for a while, on your own word
          cargo fence except proc-macro1@1.0.107 --codes look-alike,new-crate,young --because "…" --until 2026-08-27
        Finished 1 admitted (1 by age), 2 held, 0 blocked, 1 of this project in […]s
    [exit code 1]
    "#);
}

#[test]
fn colour_says_nothing_that_words_do_not() {
    insta::assert_snapshot!(taken_over().run("check --verbose --color always"), @r#"
    $ cargo fence check --verbose --color always
    [1;32m    Checking[0m 3 releases at level medium (index 0 min old, rustsec 0 min)
    [1;33mheld[review][0m: [1marrayref 0.3.10[0m
      [1;34m-->[0m Cargo.lock:13
       [1;34m|[0m
    [1;34m13[0m [1;34m|[0m name = "arrayref"
       [1;34m|[0m [1;33m^^^^^^^^^^^^^^^^^[0m published 15 minutes ago; needs a reviewer, age alone will not admit it
       [1;34m|[0m
       [1;34m=[0m young-dependency: new in this release, proc-macro1 was 5 hours old when this was published
       [1;34m=[0m young-dependency: new in this release, proc-macro1 looks like proc-macro2 (another number)
       [1;34m=[0m needs-held: needs proc-macro1 ^1.0.107, of which no release is admitted
       [1;34m=[0m dormant: no release for 704 days before 2026-08-20
       [1;34m=[0m yanked-around: the 5 newest older compatible releases, 0.3.5 to 0.3.9, are yanked; since when
           is not known
       [1;34m=[0m through: app > lexopt 0.3.2 > arrayref
    [1;36mhelp[0m: stay on 0.3.9, which is admitted
          cargo update -p arrayref --precise 0.3.9
    [1;36mhelp[0m: or look at what is known about it, and at what it changes
          cargo fence why arrayref@0.3.10
          cargo fence review arrayref@0.3.10
    [1;36mhelp[0m: or let it in for a while, on your own word
          cargo fence except arrayref@0.3.10 --codes needs-held,young-dependency,young --because "…" --until 2026-08-27

    [1;33mheld[review][0m: [1mproc-macro1 1.0.107[0m
      [1;34m-->[0m Cargo.lock:31
       [1;34m|[0m
    [1;34m31[0m [1;34m|[0m name = "proc-macro1"
       [1;34m|[0m [1;33m^^^^^^^^^^^^^^^^^^^^[0m published 19 minutes ago; needs a reviewer, age alone will not admit it
       [1;34m|[0m
       [1;34m=[0m look-alike: looks like proc-macro2 (another number)
       [1;34m=[0m new-crate: the crate is 5 hours old, first published on 2026-08-20
       [1;34m=[0m through: app > lexopt 0.3.2 > arrayref 0.3.10 > proc-macro1
    [1;36mhelp[0m: look at what is known about it, and at what it changes
          cargo fence why proc-macro1@1.0.107
          cargo fence review proc-macro1@1.0.107
    [1;36mhelp[0m: or let it in for a while, on your own word
          cargo fence except proc-macro1@1.0.107 --codes look-alike,new-crate,young --because "…" --until 2026-08-27
    [1;33m    Finished[0m 1 admitted (1 by age), 2 held, 0 blocked, 1 of this project in […]s
    [exit code 1]
    "#);
}

#[test]
fn a_takeover_that_was_found_out_is_blocked() {
    let mut project = taken_over();
    project.delete("arrayref", "0.3.10");
    project.later("2026-08-22T12:00:00Z");
    insta::assert_snapshot!(project.run("check"), @r#"
    $ cargo fence check
        Checking 3 releases at level medium (index 0 min old, rustsec 0 min)
    blocked[malicious]: arrayref 0.3.10
      --> Cargo.lock:13
       |
    13 | name = "arrayref"
       | ^^^^^^^^^^^^^^^^^ blocked, however long it waits
       |
       = malicious: RUSTSEC-2026-0260: `arrayref` 0.3.10 was removed from crates.io due to a malicious
           dependency
       = missing: the index does not have it
       = through: app > lexopt 0.3.2 > arrayref
    help: stay on 0.3.9, which is admitted
          cargo update -p arrayref --precise 0.3.9
    help: or look at what is known about it
          cargo fence why arrayref@0.3.10

    held[review]: proc-macro1 1.0.107
      --> Cargo.lock:31
       |
    31 | name = "proc-macro1"
       | ^^^^^^^^^^^^^^^^^^^^ published 2 days ago; needs a reviewer, age alone will not admit it
       |
       = look-alike: looks like proc-macro2 (another number)
       = new-crate: the crate is 2 days old, first published on 2026-08-20
       = through: app > lexopt 0.3.2 > arrayref 0.3.10 > proc-macro1
    help: look at what is known about it, and at what it changes
          cargo fence why proc-macro1@1.0.107
          cargo fence review proc-macro1@1.0.107
    help: or let it in for a while, on your own word
          cargo fence except proc-macro1@1.0.107 --codes look-alike,new-crate --because "…" --until 2026-08-29

    note: this project is not set up; what is locked now and old enough can be its baseline
          cargo fence init
        Finished 1 admitted (1 by age), 1 held, 1 blocked, 1 of this project in […]s
    [exit code 1]
    "#);
}

#[test]
fn why_tells_everything_in_time_order() {
    insta::assert_snapshot!(taken_over().run("why arrayref"), @r#"
    $ cargo fence why arrayref
    arrayref 0.3.10 is held[review], level medium
      2026-08-20  young-dependency: new in this release, proc-macro1 was 5 hours old when this was
                  published  → asks for a reviewer
      2026-08-20  young-dependency: new in this release, proc-macro1 looks like proc-macro2 (another
                  number)
      2026-08-20  published 15 minutes ago
      2026-08-20  young: in the open for 15 minutes, 8 days are asked for  → holds
      2026-08-20  dormant: no release for 704 days before 2026-08-20  → doubles the wait
      2026-08-20  new-dependency: new dependency proc-macro1  → doubles the wait
                  needs-held: needs proc-macro1 ^1.0.107, of which no release is admitted  → holds
                  yanked-around: the 5 newest older compatible releases, 0.3.5 to 0.3.9, are yanked;
                  since when is not known  → doubles the wait
      wait        1 day (level medium), then 2 days (dormant), then 4 days (new-dependency), then 8 days
                  (yanked-around); in the open for 15 minutes, over in 8 days, on 2026-08-28
      compared    with 0.3.4
      source      not compared with its repository: `cargo fence source arrayref@0.3.10`
      attains     no level by itself; unknown: journal, publishers, capabilities, people
      digest      e1e1e1e1…
      through     app > lexopt 0.3.2 > arrayref
      ways out
                  - an admitted release of proc-macro1 ^1.0.107, one audit by a trusted reviewer or set,
                  from 2026-08-21T07:15:00Z on
                  - an admitted release of proc-macro1 ^1.0.107, 2 independent audits by trusted
                  reviewers or sets
                  - an exception for needs-held, young-dependency, young (override)
                  cargo fence review arrayref@0.3.10
                  cargo fence except arrayref@0.3.10 --codes needs-held,young-dependency,young --because "…" --until 2026-08-27
    [exit code 0]
    "#);
    insta::assert_snapshot!(taken_over().run("why arrayref@0.3.9"), @r"
    $ cargo fence why arrayref@0.3.9
    arrayref 0.3.9 is admitted: by age, level medium
      2024-09-14  published 704 days ago
                  yanked: yanked by its publisher; since when is not known  → warns
      wait        1 day (level medium); in the open for 704 days, over since 2024-09-15
      compared    with 0.3.4
      source      not compared with its repository: `cargo fence source arrayref@0.3.9`
      attains     level medium by itself; unknown: journal, publishers, capabilities, people
      digest      76a2e812…
      through     not in the lockfile
    [exit code 0]
    ");
    insta::assert_snapshot!(taken_over().run("why arrayref@9.9.9"), @r#"
    $ cargo fence why arrayref@9.9.9
    error: neither the lockfile nor the index has arrayref 9.9.9, and no fence here saw it
    hint: `cargo fence why arrayref` shows what is locked
    [exit code 2]
    "#);
    insta::assert_snapshot!(taken_over().run("why serde"), @r#"
    $ cargo fence why serde
    error: the lockfile has no release of serde
    hint: `cargo fence list` prints all releases that it has
    [exit code 2]
    "#);
}

#[test]
fn list_has_a_line_for_each_release() {
    insta::assert_snapshot!(taken_over().run("list"), @r#"
    $ cargo fence list
    hold   arrayref     0.3.10   needs a reviewer: young-dependency, young, needs-held
    admit  lexopt       0.3.2    by age
    hold   proc-macro1  1.0.107  needs a reviewer: look-alike, new-crate, young
    [exit code 0]
    "#);
    insta::assert_snapshot!(taken_over().run("list --held"), @r#"
    $ cargo fence list --held
    hold   arrayref     0.3.10   needs a reviewer: young-dependency, young, needs-held
    hold   proc-macro1  1.0.107  needs a reviewer: look-alike, new-crate, young
    [exit code 0]
    "#);
}

#[test]
fn a_young_release_waits_and_says_until_when() {
    let mut project = calm();
    project.later("2026-07-22T06:00:00Z");
    insta::assert_snapshot!(project.run("check"), @r"
    $ cargo fence check
    note: 1 newer release waits for approval: glob 0.3.4 (9 hours left)
        Finished 4 admitted (4 by age), 1 of this project at level medium in […]s
    [exit code 0]
    ");
    let mut project =
        Project::at("2026-07-22T06:00:00Z", &[("app", "0.1.0", &["glob"]), ("glob", "0.3.4", &[])]);
    insta::assert_snapshot!(project.run("check"), @r#"
    $ cargo fence check
        Checking 1 release at level medium (index 0 min old, rustsec 0 min)
    held[young]: glob 0.3.4
      --> Cargo.lock:13
       |
    13 | name = "glob"
       | ^^^^^^^^^^^^^ published 15 hours ago; admitted in 9 hours, on 2026-07-22
       |
       = through: app > glob
    help: stay on 0.3.3, which is admitted
          cargo update -p glob --precise 0.3.3
    help: or look at what is known about it
          cargo fence why glob@0.3.4
        Finished 0 admitted, 1 held, 0 blocked, 1 of this project in […]s
    [exit code 1]
    "#);
    project.later("2026-07-30T12:00:00Z");
    insta::assert_snapshot!(project.run("check"), @r#"
    $ cargo fence check
        Finished 1 admitted (1 by age), 1 of this project at level medium in […]s
    [exit code 0]
    "#);
}

/// The index keeps no trace of what was deleted; a fence that served while it was there does.
#[test]
fn what_is_gone_from_the_index_is_told_by_the_fence_that_saw_it() {
    let mut project = taken_over();
    let state = project.path("state").display().to_string();
    project.set("CARGO_FENCE_STATE", &state);
    let seen = |version: &str, published: &str| {
        let cksum = project.digest("arrayref", version);
        format!(r#"{{"version":"{version}","cksum":"{cksum}","yanked":false,"published":"{published}"}}"#)
    };
    let (old, new) = (seen("0.3.9", "2024-09-14T12:24:40Z"), seen("0.3.10", "2026-08-20T07:15:00Z"));
    let journal = format!(
        r#"{{"at":"2026-08-20T07:16:00Z","crate":"arrayref","seen":[{old},{new}]}}
{{"at":"2026-08-20T08:46:00Z","crate":"arrayref","gone":["0.3.10"]}}
{{"at":"2026-08-20T08:52:00Z","crate":"arrayref"}}
"#
    );
    project.delete("arrayref", "0.3.10");
    project.later("2026-08-21T12:00:00Z");
    project.write("state/journal/own-0123abcd.jsonl", &journal);
    let without = project.run("why arrayref@0.3.10");
    assert!(without.contains("missing: the index does not have it"), "{without}");
    project.write("state/journal/crates-io-0123abcd.jsonl", &journal);
    insta::assert_snapshot!(project.run("why arrayref@0.3.10"), @r#"
    $ cargo fence why arrayref@0.3.10
    arrayref 0.3.10 is blocked[malicious], level medium
      2026-08-20  deleted: seen since 2026-08-20T07:16:00Z, gone from the index since
                  2026-08-20T08:46:00Z  → blocks
      2026-08-20  malicious: RUSTSEC-2026-0260: `arrayref` 0.3.10 was removed from crates.io due to a
                  malicious dependency  → blocks
      wait        1 day (level medium); not in the open
      source      not compared with its repository: `cargo fence source arrayref@0.3.10`
      attains     no level by itself; unknown: publishers, capabilities, people
      digest      e1e1e1e1…
      through     app > lexopt 0.3.2 > arrayref
      seen by     a fence of this machine, in state/journal/crates-io-0123abcd.jsonl
      to do       `cargo update -p arrayref` takes an admitted one, before anything is built again
                  `cargo fence check --cache` says whether cargo keeps it;
                  `cargo fence explain deleted`, what it means
      ways out    none but an override
                  - an exception for deleted, malicious (override)
                  cargo fence except arrayref@0.3.10 --codes deleted,malicious --because "…" --until 2026-08-28
    [exit code 0]
    "#);
    // It is the same where the lockfile was mended, or never had any of it.
    project.unlock("proc-macro1");
    project.relock(&("arrayref", "0.3.9", &[]));
    insta::assert_snapshot!(project.run("why arrayref@0.3.10"), @r"
    $ cargo fence why arrayref@0.3.10
    arrayref 0.3.10 is blocked[malicious], level medium
      2026-08-20  deleted: seen since 2026-08-20T07:16:00Z, gone from the index since
                  2026-08-20T08:46:00Z  → blocks
      2026-08-20  malicious: RUSTSEC-2026-0260: `arrayref` 0.3.10 was removed from crates.io due to a
                  malicious dependency  → blocks
      wait        1 day (level medium); not in the open
      attains     no level by itself; unknown: publishers, capabilities, people
      digest      unknown
      through     not in the lockfile
      seen by     a fence of this machine, in state/journal/crates-io-0123abcd.jsonl
      to do       `cargo fence check --cache` says whether cargo keeps it;
                  `cargo fence explain deleted`, what it means
      ways out    none but an override
    [exit code 0]
    ");
    project.unlock("arrayref");
    project.relock(&("lexopt", "0.3.2", &[]));
    let never_locked = project.run("why arrayref@0.3.10");
    assert!(never_locked.contains("deleted: seen since 2026-08-20T07:16:00Z"), "{never_locked}");
    insta::assert_snapshot!(project.run("why arrayref@0.3.11"), @"
    $ cargo fence why arrayref@0.3.11
    error: the lockfile has no release of arrayref, so its index file was not read
    hint: a fence that stands tells of all releases: `cargo fence serve`, and then http://127.0.0.1:7343/crates-io/crate/arrayref/0.3.11
    hint: `cargo fence scan arrayref@0.3.11` looks at the package itself
    [exit code 2]
    ");
}

#[test]
fn a_clock_that_stands_still_says_where_and_what_would_move_it() {
    let project = Project::at("2026-08-22T12:00:00Z", &[("app", "0.1.0", &["glob"]), ("glob", "0.3.4", &[])]);
    project.date_facts("2026-07-22");
    insta::assert_snapshot!(project.run("check"), @r#"
    $ cargo fence check
        Checking 1 release at level medium (index 31 d old, rustsec 31 d)
    held[young]: glob 0.3.4
      --> Cargo.lock:13
       |
    13 | name = "glob"
       | ^^^^^^^^^^^^^ published 31 days ago; old enough, and waits for a newer index and rustsec
       |
       = clock-stopped: index is stale, as of 2026-07-22T00:00:00Z, and the clock stands still there
       = through: app > glob
    help: stay on 0.3.3, which is admitted
          cargo update -p glob --precise 0.3.3
    help: or ask the feeds again that stand still
          cargo fence update
    help: or look at what is known about it
          cargo fence why glob@0.3.4

    warning: the clock shows […], long after all that was read, 2026-07-22T00:00:00Z at
          the latest; `cargo fence update` asks again, if the clock is right
        Finished 0 admitted, 1 held, 0 blocked, 1 of this project in […]s
    [exit code 1]
    "#);
    insta::assert_snapshot!(project.run("why glob"), @r#"
    $ cargo fence why glob
    glob 0.3.4 is held[young], level medium
      2026-07-21  published 31 days ago
      2026-07-21  young: in the open for 31 days, of which 9 hours count: index ends on 2026-07-22; the
                  wait is 1 day  → holds
      2026-07-22  clock-stopped: index is stale, as of 2026-07-22T00:00:00Z, and the clock stands still
                  there
      wait        1 day (level medium); in the open for 9 hours, over since 2026-07-22; counted up to
                  2026-07-22T00:00:00Z only
      compared    with 0.3.3
      source      not compared with its repository: `cargo fence source glob@0.3.4`
      attains     no level by itself; unknown: journal, publishers, capabilities, people
      digest      e4eba85e…
      through     app > glob
      ways out
                  - index and rustsec as of 2026-07-22T14:53:49Z or later: `cargo fence update`
                  - an exception for young (override)
                  cargo fence except glob@0.3.4 --codes young --because "…" --until 2026-08-29
    [exit code 0]
    "#);
    // Programs are told the same: how much of its age counts, and what would move the clock.
    let document: serde_json::Value = serde_json::from_str(&project.stdout("check --format json")).unwrap();
    let release = &document["releases"][0];
    insta::assert_snapshot!(serde_json::to_string_pretty(&serde_json::json!({
        "age_seconds": release["age_seconds"],
        "counted_until": release["counted_until"],
        "sentences": release["reasons"].as_array().unwrap().iter().map(|r| &r["sentence"]).collect::<Vec<_>>(),
        "way": release["clears"][0],
    })).unwrap(), @r#"
    {
      "age_seconds": 32771,
      "counted_until": "2026-07-22T00:00:00Z",
      "sentences": [
        "in the open for 31 days, of which 9 hours count: index ends on 2026-07-22; the wait is 1 day",
        "index is stale, as of 2026-07-22T00:00:00Z, and the clock stands still there"
      ],
      "way": {
        "earliest": "2026-08-22T12:00:00Z",
        "needs": [
          {
            "as_of": "2026-07-22T14:53:49Z",
            "kind": "feed",
            "name": "index"
          },
          {
            "as_of": "2026-07-22T14:53:49Z",
            "kind": "feed",
            "name": "rustsec"
          }
        ],
        "override": false,
        "sentence": "index and rustsec as of 2026-07-22T14:53:49Z or later"
      }
    }
    "#);
}

#[test]
fn newer_releases_that_wait_fail_those_who_take_part() {
    let mut project = calm();
    project.later("2026-07-22T06:00:00Z");
    project.write("fence.toml", "newer-unapproved = \"error\"\n");
    insta::assert_snapshot!(project.run("check"), @r"
    $ cargo fence check
        Checking 4 releases at level medium (index 0 min old, rustsec 0 min)
    error: 1 newer release waits for approval: glob 0.3.4 (9 hours left)
        Finished 4 admitted (4 by age), 1 of this project at level medium in […]s
    [exit code 1]
    ");
}

#[test]
fn a_vulnerable_release_is_a_warning_with_its_fix() {
    let mut project =
        Project::at("2026-08-22T12:00:00Z", &[("app", "0.1.0", &["shlex"]), ("shlex", "1.1.0", &[])]);
    insta::assert_snapshot!(project.run("check"), @r#"
    $ cargo fence check
    warning[vulnerable]: 1 release in use with a known vulnerability
          shlex 1.1.0: RUSTSEC-2024-0006: Multiple issues involving quote API (fixed in 1.3.0)

    help: 1 vulnerable release in use has an admitted fix
          cargo update -p shlex --precise 1.3.0
        Finished 1 admitted (1 by age), 1 of this project at level medium in […]s
    [exit code 0]
    "#);
    project.write("fence.toml", "vulnerable = \"error\"\n");
    insta::assert_snapshot!(project.run("check"), @r#"
    $ cargo fence check
        Checking 1 release at level medium (index 0 min old, rustsec 0 min)
    error[vulnerable]: 1 release in use with a known vulnerability
          shlex 1.1.0: RUSTSEC-2024-0006: Multiple issues involving quote API (fixed in 1.3.0)

    help: 1 vulnerable release in use has an admitted fix
          cargo update -p shlex --precise 1.3.0
        Finished 1 admitted (1 by age), 1 of this project at level medium in […]s
    [exit code 1]
    "#);
}

#[test]
fn what_two_databases_tell_is_told_once() {
    let mut project =
        Project::at("2026-08-22T12:00:00Z", &[("app", "0.1.0", &["shlex"]), ("shlex", "1.2.0", &[])]);
    project.write(
        "advisories/GHSA-aaaa-bbbb-cccc.json",
        r#"{"id": "GHSA-aaaa-bbbb-cccc", "modified": "2024-01-23T10:00:00Z", "aliases": ["RUSTSEC-2024-0006"],
        "summary": "Quoting escapes", "affected": [{"package": {"ecosystem": "crates.io", "name": "shlex"},
        "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"last_affected": "1.2.0"}]}]}]}"#,
    );
    let told = |line: &str| {
        project
            .run(line)
            .lines()
            .filter(|line| line.contains("2024-0006"))
            .map(str::trim)
            .collect::<Vec<_>>()
            .join("\n")
    };
    insta::assert_snapshot!(told("why shlex"), @"2024-01-21  vulnerable: RUSTSEC-2024-0006 (also GHSA-aaaa-bbbb-cccc): Multiple issues involving");
}

#[test]
fn a_held_fix_shows_both_risks() {
    let project =
        Project::at("2024-01-22T12:00:00Z", &[("app", "0.1.0", &["shlex"]), ("shlex", "1.2.0", &[])]);
    insta::assert_snapshot!(project.run("check"), @r#"
    $ cargo fence check
    held[held-fix]: shlex 1.3.0
      --> Cargo.lock:13
       |
    13 | name = "shlex"
       | ^^^^^^^^^^^^^^ published 6 hours ago; admitted in 18 hours, on 2024-01-23
       |
       = held-fix: 1.2.0, in use, is vulnerable (RUSTSEC-2024-0006), and this release is not
    help: weigh both risks; if the fix matters more, let it in for 7 days
          cargo fence except shlex@1.3.0 --codes young --because "fixes RUSTSEC-2024-0006" --until "7 days"
          cargo update -p shlex --precise 1.3.0
    help: or look at what is known about it
          cargo fence why shlex@1.3.0

    warning[vulnerable]: 1 release in use with a known vulnerability
          shlex 1.2.0: RUSTSEC-2024-0006: Multiple issues involving quote API (fixed in 1.3.0)
        Finished 1 admitted (1 by age), 1 of this project at level medium in […]s
    [exit code 0]
    "#);
}

#[test]
fn a_project_that_was_never_set_up_is_told_where_to_start() {
    let mut project = calm();
    project.publish("helper", "1.0.0", "2026-07-01T12:00:00Z", &[]);
    project.lock(&("helper", "1.0.0", &[]));
    insta::assert_snapshot!(project.run("check"), @r#"
    $ cargo fence check
        Checking 5 releases at level medium (index 0 min old, rustsec 0 min)
    held[review]: helper 1.0.0
      --> Cargo.lock:26
       |
    26 | name = "helper"
       | ^^^^^^^^^^^^^^^ published 52 days ago; needs a reviewer until it is admitted in 38 days, on
       | 2026-09-29
       |
       = new-crate: the crate is 52 days old, first published on 2026-07-01
    help: look at what is known about it, and at what it changes
          cargo fence why helper@1.0.0
          cargo fence review helper@1.0.0
    help: or let it in for a while, on your own word
          cargo fence except helper@1.0.0 --codes new-crate --because "…" --until 2026-08-29

    note: this project is not set up; what is locked now and old enough can be its baseline
          cargo fence init
        Finished 4 admitted (4 by age), 1 held, 0 blocked, 1 of this project in […]s
    [exit code 1]
    "#);
    project.run("init");
    insta::assert_snapshot!(project.run("list --excused"), @r#"
    $ cargo fence list --excused
    admit  helper  1.0.0  baseline
    [exit code 0]
    "#);
}

#[test]
fn what_no_registry_has_is_held_or_listed() {
    let mut project = calm();
    project.lock_from(
        "patched",
        "0.2.0",
        "source = \"git+https://git.example/patched?branch=main#0123456789012345678901234567890123456789\"\n",
        &[],
    );
    insta::assert_snapshot!(project.run("check"), @r#"
    $ cargo fence check
        Checking 4 releases at level medium (index 0 min old, rustsec 0 min)
    held[unjudged-source]: patched 0.2.0
      --> Cargo.lock:35
       |
    35 | name = "patched"
       | ^^^^^^^^^^^^^^^^ does not come from a registry, so the fence cannot judge it
       |
       = unjudged-source: git https://git.example/patched at 0123456789012345678901234567890123456789
    help: take a published release, or read this revision and allow it in fence.toml
          [[sources]]
          git = "https://git.example/patched"
          rev = "0123456789012345678901234567890123456789"
        Finished 4 admitted (4 by age), 1 held, 0 blocked, 1 of this project in […]s
    [exit code 1]
    "#);
    insta::assert_snapshot!(project.run("check --level low"), @r#"
    $ cargo fence check --level low
    note: 1 package is not judged: patched 0.2.0 (git https://git.example/patched at
          0123456789012345678901234567890123456789)
        Finished 4 admitted (4 by age), 1 not judged, 1 of this project at level low in […]s
    [exit code 0]
    "#);
}

/// What `init` was given is what `check` goes by, without being given it again.
#[test]
fn init_writes_down_the_feeds_that_it_was_given() {
    let mut project = calm();
    project.run("init");
    project.read_advisories_as_configured();
    let seen = project.run("check");
    assert!(seen.ends_with("[exit code 0]"), "{seen}");
    assert!(project.read("fence.toml").ends_with("[feeds.rustsec]\npath = \"advisories\"\n"));
}

/// A policy that is there is the project's own: it is not changed, and what it lacks is told.
#[test]
fn init_says_what_a_policy_that_is_there_lacks() {
    let mut project = calm();
    project.write("fence.toml", "level = \"medium\"\n");
    insta::assert_snapshot!(project.run("init"), @r#"
    $ cargo fence init
    warning: fence.toml is there and stays as it is, so what `--feed` names counted for this run alone; to keep it, write there

          [feeds.rustsec]
          path = "advisories"

         Created fence.lock (4 releases)
    [exit code 0]
    "#);
    assert_eq!(project.read("fence.toml"), "level = \"medium\"\n");
    project.write("fence.toml", "[feeds.rustsec]\npath = \"advisories\"\n");
    std::fs::remove_file(project.path("fence.lock")).unwrap();
    assert!(!project.run("init").contains("warning"));
}

/// The index is a folder, which need not hold all of it; so nobody was asked about what it lacks.
#[test]
fn what_was_not_looked_for_is_told() {
    let mut project = Project::at("2026-08-22T12:00:00Z", &[("app", "0.1.0", &["shlex"])]);
    project.publish("shlex", "1.3.1", "2026-06-01T12:00:00Z", &[("far", "^1")]);
    project.make_optional("shlex");
    project.lock(&("shlex", "1.3.1", &[]));
    insta::assert_snapshot!(project.run("check"), @"
    $ cargo fence check
    note: 1 release has new dependencies of unknown age, since their index files were not read: shlex
          1.3.1
        Finished 1 admitted (1 by age), 1 of this project at level medium in […]s
    [exit code 0]
    ");
    insta::assert_snapshot!(project.run("why shlex"), @r"
    $ cargo fence why shlex
    shlex 1.3.1 is admitted: by age, level medium
      2026-05-16  dormant: no release for 845 days before 2026-05-16  → doubles the wait
      2026-06-01  published 82 days ago
      2026-06-01  new-dependency: new dependency far, of unknown age: its index file was not read  →
                  doubles the wait
      wait        1 day (level medium), then 2 days (dormant), then 4 days (new-dependency); in the open
                  for 82 days, over since 2026-06-05
      compared    with 1.3.0
      source      not compared with its repository: `cargo fence source shlex@1.3.1`
      attains     level medium by itself; unknown: journal, dependencies, publishers, capabilities,
                  people
      digest      e1e1e1e1…
      through     app > shlex
    [exit code 0]
    ");
}

#[test]
fn init_is_green_at_once() {
    let project = calm();
    insta::assert_snapshot!(project.run("init"), @r#"
    $ cargo fence init
         Created fence.toml (level medium)
         Created fence.lock (4 releases)
    [exit code 0]
    "#);
    insta::assert_snapshot!(project.read("fence.toml"), @r#"
    # What this project asks of the releases that reach its build; `cargo fence check` judges by it.
    # Everything that is left out has its default.

    # level = "medium"

    # Whose audits count. Each set may admit releases: remove those that you do not trust.
    # Advisories come from RustSec without being named here.
    [feeds.bytecode-alliance]
    role = "audits"
    file = "https://raw.githubusercontent.com/bytecodealliance/wasmtime/main/supply-chain/audits.toml"

    [feeds.embark-studios]
    role = "audits"
    file = "https://raw.githubusercontent.com/EmbarkStudios/rust-ecosystem/main/audits.toml"

    [feeds.google]
    role = "audits"
    file = "https://raw.githubusercontent.com/google/rust-crate-audits/main/audits.toml"

    [feeds.isrg]
    role = "audits"
    file = "https://raw.githubusercontent.com/divviup/libprio-rs/main/supply-chain/audits.toml"

    [feeds.mozilla]
    role = "audits"
    file = "https://raw.githubusercontent.com/mozilla/supply-chain/main/audits.toml"

    [feeds.zcash]
    role = "audits"
    file = "https://raw.githubusercontent.com/zcash/rust-ecosystem/main/supply-chain/audits.toml"

    # As `--feed` gave them to `cargo fence init`.
    [feeds.rustsec]
    path = "advisories"
    "#);
    insta::assert_snapshot!(project.read("fence.lock"), @r#"
    fence.lock format=1 codes=2 since=2026-08-22T12:00:00Z
    arrayref 0.3.9 76a2e8124351fda1ef8aaaa3bbd7ebbcb486bbcd4225aca0aa0d84bb2db8fecb 2026-08-22T12:00:00Z
    glob 0.3.3 0cc23270f6e1808e30a928bdc84dea0b9b4136a8bc82338574f23baf47bbd280 2026-08-22T12:00:00Z
    lexopt 0.3.2 803ec87c9cfb29b9d2633f20cba1f488db3fd53f2158b1024cbefb47ba05d413 2026-08-22T12:00:00Z
    shlex 1.3.0 0fda2ff0d084019ba4d7c6f371c95d8fd75ce3524c3cb8fb653a3023f6323e64 2026-08-22T12:00:00Z
    "#);
    insta::assert_snapshot!(project.run("check"), @r#"
    $ cargo fence check
        Checking 4 releases at level medium (index 0 min old, bytecode-alliance never read,
                 embark-studios never read, google never read, isrg never read, mozilla never read,
                 rustsec 0 min, zcash never read)
    warning: never read, so nothing is known of what they say: bytecode-alliance, embark-studios,
          google, isrg, mozilla, zcash; run once without `--offline`
        Finished 4 admitted (4 by age), 1 of this project at level medium in […]s
    [exit code 0]
    "#);
    insta::assert_snapshot!(project.run("init"), @r#"
    $ cargo fence init
    error: fence.lock is there: this project is set up
    hint: to record a new baseline, and excuse all that is locked now, delete fence.lock first
    [exit code 2]
    "#);
}

/// What nobody vouches for passes, and goes on being said until somebody does or its wait is over.
#[test]
fn init_marks_what_is_young_and_check_warns_of_it() {
    let mut project = Project::at(
        "2026-07-22T06:00:00Z",
        &[("app", "0.1.0", &["glob"]), ("glob", "0.3.4", &[]), ("lexopt", "0.3.2", &[])],
    );
    project.publish("helper", "1.0.0", "2026-07-21T18:00:00Z", &[]);
    project.lock(&("helper", "1.0.0", &[]));
    project.write("fence.toml", "");
    insta::assert_snapshot!(project.run("init"), @r#"
    $ cargo fence init
    warning: fence.toml is there and stays as it is, so what `--feed` names counted for this run alone; to keep it, write there

          [feeds.rustsec]
          path = "advisories"

         Created fence.lock (3 releases)
    warning: 2 releases are younger than the wait, and nothing vouches for them yet: glob 0.3.4 (9 hours left), helper 1.0.0 (needs a reviewer)
          `cargo fence check` lets them pass, and warns until something does
    [exit code 0]
    "#);
    insta::assert_snapshot!(project.read("fence.lock"), @r"
    fence.lock format=1 codes=2 since=2026-07-22T06:00:00Z
    glob 0.3.4 e4eba85ea1d0a966a983acd07deee566e67395d2d96b6fb39e62b5a833f1eb0b 2026-07-22T06:00:00Z young
    helper 1.0.0 e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1 2026-07-22T06:00:00Z young
    lexopt 0.3.2 803ec87c9cfb29b9d2633f20cba1f488db3fd53f2158b1024cbefb47ba05d413 2026-07-22T06:00:00Z
    ");
    insta::assert_snapshot!(project.run("check"), @r"
    $ cargo fence check
    warning[baseline]: 2 releases in use were young when the fence was set up, and nothing vouches for
          them yet
          glob 0.3.4: young: in the open for 15 hours, 1 day is asked for
          helper 1.0.0: young: in the open for 12 hours, 1 day is asked for
          helper 1.0.0: new-crate: the crate is 12 hours old, first published on 2026-07-21
        Finished 3 admitted (1 by age, 2 baseline), 1 of this project at level medium in […]s
    [exit code 0]
    ");
    insta::assert_snapshot!(project.run("list --excused"), @"
    $ cargo fence list --excused
    admit  glob    0.3.4  baseline; young
    admit  helper  1.0.0  baseline; young, new-crate
    [exit code 0]
    ");
    insta::assert_snapshot!(project.run("why helper"), @r"
    $ cargo fence why helper
    helper 1.0.0 is admitted: baseline, level medium
      2026-07-21  published 12 hours ago
      2026-07-21  young: in the open for 12 hours, 1 day is asked for  → warns
      2026-07-21  new-crate: the crate is 12 hours old, first published on 2026-07-21  → warns
      2026-07-22  baseline: locked when the fence was set up, on 2026-07-22, younger than its wait then 
                  → speaks for it
      wait        1 day (level medium); in the open for 12 hours, over in 12 hours, on 2026-07-22
      source      not compared with its repository: `cargo fence source helper@1.0.0`
      attains     no level by itself; unknown: journal, publishers, capabilities, people
      digest      e1e1e1e1…
    [exit code 0]
    ");
    project.later("2026-08-22T12:00:00Z");
    insta::assert_snapshot!(project.run("check"), @r"
    $ cargo fence check
    warning[baseline]: 1 release in use was young when the fence was set up, and nothing vouches for it
          yet
          helper 1.0.0: new-crate: the crate is 31 days old, first published on 2026-07-21
        Finished 3 admitted (2 by age, 1 baseline), 1 of this project at level medium in […]s
    [exit code 0]
    ");
    project.later("2026-10-22T12:00:00Z");
    insta::assert_snapshot!(project.run("check"), @"
    $ cargo fence check
        Finished 3 admitted (3 by age), 1 of this project at level medium in […]s
    [exit code 0]
    ");
}

/// A reason that several releases have is told once, with their names.
#[test]
fn what_is_excused_for_one_reason_is_told_together() {
    let mut project =
        Project::at("2026-07-22T06:00:00Z", &[("app", "0.1.0", &["lexopt"]), ("lexopt", "0.3.2", &[])]);
    for (name, hour) in [("apple", 18), ("banana", 16), ("cherry", 18)] {
        project.publish(name, "1.0.0", &format!("2026-07-21T{hour}:00:00Z"), &[]);
        project.lock(&(name, "1.0.0", &[]));
    }
    project.write("fence.toml", "");
    project.run("init");
    insta::assert_snapshot!(project.run("check"), @r"
    $ cargo fence check
    warning[baseline]: 3 releases in use were young when the fence was set up, and nothing vouches for
          them yet
          apple 1.0.0, cherry 1.0.0: young: in the open for 12 hours, 1 day is asked for
          apple 1.0.0, cherry 1.0.0: new-crate: the crate is 12 hours old, first published on 2026-07-21
          banana 1.0.0: young: in the open for 14 hours, 1 day is asked for
          banana 1.0.0: new-crate: the crate is 14 hours old, first published on 2026-07-21
        Finished 4 admitted (1 by age, 3 baseline), 1 of this project at level medium in […]s
    [exit code 0]
    ");
}

#[test]
fn init_takes_young_releases_for_known_where_it_is_told_to() {
    let mut project =
        Project::at("2026-07-22T06:00:00Z", &[("app", "0.1.0", &["glob"]), ("glob", "0.3.4", &[])]);
    project.write("fence.toml", "");
    insta::assert_snapshot!(project.run("init --accept-young"), @r#"
    $ cargo fence init --accept-young
    warning: fence.toml is there and stays as it is, so what `--feed` names counted for this run alone; to keep it, write there

          [feeds.rustsec]
          path = "advisories"

         Created fence.lock (1 release)
    [exit code 0]
    "#);
    insta::assert_snapshot!(project.run("check"), @"
    $ cargo fence check
        Finished 1 admitted (1 baseline), 1 of this project at level medium in […]s
    [exit code 0]
    ");
}

#[test]
fn init_never_excuses_what_blocks() {
    let mut project = taken_over();
    project.later("2026-08-22T12:00:00Z");
    insta::assert_snapshot!(project.run("init --level low"), @"
    $ cargo fence init --level low
         Created fence.toml (level low)
         Created fence.lock (2 releases)
    warning: 1 release is younger than the wait, and nothing vouches for it yet: proc-macro1 1.0.107 (28 days left)
          `cargo fence check` lets it pass, and warns until something does
    warning: 1 release blocked, which no baseline excuses: arrayref 0.3.10
          cargo fence check
    [exit code 0]
    ");
    insta::assert_snapshot!(project.read("fence.lock"), @"
    fence.lock format=1 codes=2 since=2026-08-22T12:00:00Z
    lexopt 0.3.2 803ec87c9cfb29b9d2633f20cba1f488db3fd53f2158b1024cbefb47ba05d413 2026-08-22T12:00:00Z
    proc-macro1 1.0.107 e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1 2026-08-22T12:00:00Z young
    ");
}

#[test]
fn init_changes_nothing_where_files_are_locked_or_say_otherwise() {
    let mut project = calm();
    insta::assert_snapshot!(project.run("init --locked"), @r#"
    $ cargo fence init --locked
    error: fence.lock has to be written, and `--locked` or `--frozen` forbids it
    [exit code 2]
    "#);
    project.write("fence.toml", "level = \"low\"\n");
    insta::assert_snapshot!(project.run("init --level high"), @r#"
    $ cargo fence init --level high
    error: fence.toml is there and says another level
    hint: change the level in the file, or leave `--level` out
    [exit code 2]
    "#);
    assert!(!project.path("fence.lock").exists());
}

#[test]
fn an_exception_is_written_and_lets_the_release_in() {
    let mut project =
        Project::at("2026-07-22T06:00:00Z", &[("app", "0.1.0", &["glob"]), ("glob", "0.3.4", &[])]);
    project.write("fence.toml", "# Ours.\nlevel = \"medium\" # for now\n");
    let except = "except glob@0.3.4 --codes young --because \"read by two of us\" --until 2026-08-01";
    insta::assert_snapshot!(project.run(except), @r#"
    $ cargo fence except glob@0.3.4 --codes young --because "read by two of us" --until 2026-08-01
           Added exception for glob 0.3.4 (e4eba85e…) until 2026-08-01 in fence.toml
    [exit code 0]
    "#);
    insta::assert_snapshot!(project.read("fence.toml"), @r#"
    # Ours.
    level = "medium" # for now

    [[exceptions]]
    crate = "glob"
    version = "0.3.4"
    digest = "e4eba85ea1d0a966a983acd07deee566e67395d2d96b6fb39e62b5a833f1eb0b"
    codes = ["young"]
    because = "read by two of us"
    until = "2026-08-01"
    "#);
    insta::assert_snapshot!(project.run("check"), @r#"
    $ cargo fence check
        Finished 1 admitted (1 by exception), 1 of this project at level medium in […]s
    [exit code 0]
    "#);
    project.later("2026-07-22T12:00:00Z");
    insta::assert_snapshot!(project.run("list"), @r#"
    $ cargo fence list
    admit  glob  0.3.4  by exception
    [exit code 0]
    "#);
}

#[test]
fn an_exception_that_says_too_little_is_refused() {
    let mut project = calm();
    project.write("fence.toml", "level = \"medium\"\n");
    for (name, refused) in [
        ("bare name", "except glob --codes young --because x --until \"7 days\""),
        ("unknown code", "except glob@0.3.3 --codes yuong --because x --until \"7 days\""),
        ("too long", "except glob@0.3.3 --codes young --because x --until \"200 days\""),
        ("no end", "except glob@0.3.3 --codes young --because x --until soon"),
        ("no reason", "except glob@0.3.3 --codes young --because … --until \"7 days\""),
        ("unknown release", "except glob@0.3.99 --codes young --because x --until \"7 days\""),
        ("locked files", "except glob@0.3.3 --codes young --because x --until \"7 days\" --frozen"),
        ("code in favour", "except glob@0.3.3 --codes audited --because x --until \"7 days\""),
        ("missing argument", "except glob@0.3.3 --codes young --until \"7 days\""),
    ] {
        insta::assert_snapshot!(format!("refused {name}"), project.run(refused));
    }
    assert_eq!(project.read("fence.toml"), "level = \"medium\"\n");
}

#[test]
fn update_says_what_is_new() {
    let mut project = calm();
    let update = |project: &Project| {
        let seen = project.run("update");
        // The files were written a moment ago, by the clock of this machine.
        let lines: Vec<&str> = seen.lines().map(|line| line.split(", as of ").next().unwrap()).collect();
        lines.join("\n")
    };
    insta::assert_snapshot!(update(&project), @r#"
    $ cargo fence update
           Index 4 crates read, 4 changed
            Feed rustsec: changed, 2 advisory records
    [exit code 0]
    "#);
    project.publish("glob", "0.3.5", "2026-08-22T11:00:00Z", &[]);
    insta::assert_snapshot!(update(&project), @r#"
    $ cargo fence update
           Index 4 crates read, 1 changed
            Feed rustsec: unchanged, 2 advisory records
    [exit code 0]
    "#);
}

#[test]
fn facts_that_are_too_old_decide_nothing() {
    let mut project = calm();
    project.write("fence.toml", "[freshness]\nlimit = \"1 day\"\n");
    project.later("2036-08-22T12:00:00Z");
    let seen = project.run("check");
    // How old the files of this test are depends on the day it runs.
    let lines: Vec<&str> =
        seen.lines().filter(|line| !line.contains("before the moment asked about")).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    $ cargo fence check
    hint: `cargo fence update` asks again; `limit` in `[freshness]` of fence.toml says what is allowed
    [exit code 2]
    "#);
}

#[test]
fn json_says_what_the_terminal_says_and_fits_its_schema() {
    let schema = include_str!("../../../../docs/check.schema.json");
    let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut blocked = taken_over();
    blocked.delete("arrayref", "0.3.10");
    blocked.later("2026-08-22T12:00:00Z");
    let mut broken = calm();
    broken.write("fence.toml", "levle = 1\n");
    for (project, verdict) in
        [(calm(), "pass"), (taken_over(), "fail"), (blocked, "fail"), (broken, "undecided")]
    {
        let text = project.stdout("check --format json");
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        let problems: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(document["verdict"], verdict);
    }
}

#[test]
fn json_of_a_takeover() {
    let mut document: serde_json::Value =
        serde_json::from_str(&taken_over().stdout("check --format json")).unwrap();
    // The files of the index were read a moment ago, by the clock of this machine.
    for feed in document["feeds"].as_array_mut().unwrap() {
        feed["as_of"] = "[…]".into();
    }
    insta::assert_snapshot!("takeover as json", serde_json::to_string_pretty(&document).unwrap());
}

#[test]
fn help_is_short_and_names_what_there_is() {
    insta::assert_snapshot!(calm().run("--help"), @"
    $ cargo fence --help
    Judges what a build would let in: every locked release, with reasons

    Exit codes: 0 the policy is met, 1 the policy says no, 2 the fence could not decide.

    Usage: cargo fence [OPTIONS] <COMMAND>

    Commands:
      check        Judge every release of Cargo.lock
      why          Explain the verdict on a release: every fact in time order, the wait step by step, the ways out
      list         List the locked releases, each with its verdict and what it rests on
      init         Set this project up: write fence.toml and fence.lock
      except       Let one release in, against the judgement, for a while and for a reason
      update       Ask the registry and all feeds again, and say what changed
      scan         Say what the code of a package can do, and what in it a reviewer should look at
      diff         Compare two packages: what the newer can do that the older could not, and how much there is to read
      review       Show what a release changes, for somebody who is to vouch for it
      approve      Sign that a release may be used
      object       Sign that a release should not be used
      audit        Sign that a release's code was read, all of it or the change from another, and what it meets
      revoke       Sign, for the security role, that a release is taken out of use
      withdraw     Sign that earlier statements of yours no longer hold
      statements   List what people signed about releases, whether it counts, and why not
      verify       Say whether a statement was signed by whom it names, and what it says
      source       Compare a package with the commit of its repository that it says it was made from
      duplicates   Say which crates are locked in several versions, and what would unite them
      exposure     Say what a malicious release would take: how many identities, and how long unnoticed
      explain      Explain a code: what it means, why it matters, what to do
      enable       Switch the fence on: tell cargo to ask it in place of crates.io
      disable      Switch the fence off: cargo asks crates.io itself again
      doctor       Ask what answers for crates.io here, and name every way around the fence
      serve        Stand between cargo and its registry: serve what the policy admits
      status       Show how the fence is that stands here: policy, feeds, clock, alarms, what is held
      cargo        Run cargo behind the fence: any command, as if typed without `fence`
      export       Print what was judged in a format that other tools read
      completions  Print a script that completes commands and options in a shell

    Options:
      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    Options of all commands:
          --manifest-path <PATH>
              Path to the Cargo.toml of the project

          --color <WHEN>
              When to use colour: auto, always or never

      -q, --quiet
              Print results only, and nothing where all is well

      -v, --verbose
              Print all repeats, whole digests, and how old facts are

          --locked
              Change no file of the project

          --offline
              Use no network

          --frozen
              Both --locked and --offline
    [exit code 0]
    ");
    for command in
        ["check", "why", "list", "init", "except", "update", "explain", "serve", "cargo", "completions"]
    {
        insta::assert_snapshot!(format!("help of {command}"), calm().run(&format!("{command} --help")));
    }
}

#[test]
fn explain_prints_a_page() {
    insta::assert_snapshot!(calm().run("explain yank-lure"), @r"
    $ cargo fence explain yank-lure
    # yank-lure

    The good older releases were yanked within a day, around this young one.

    Effect at level low: ceiling; medium: review; high: review.

    The newest older compatible releases, at least two, were yanked within a day: up to a week before this
    young release, or since. One that is about as young and was not yanked changes nothing about that. Yanks
    that an advisory explains do not count.

    **Why it matters.** On 2026-08-20 the attacker yanked arrayref 0.3.5 to 0.3.9 right after publishing
    0.3.10, so that cargo's own warning about yanked releases sent people to the bad one.

    **What to do.** Stay where you are: a yanked release in a lockfile still builds. Look for a
    statement of the maintainers outside the registry before you follow the yank.
    [exit code 0]
    ");
    insta::assert_snapshot!(calm().run("explain yank-lur"), @r#"
    $ cargo fence explain yank-lur
    error: "yank-lur" is not a code
    hint: did you mean `yank-lure`?
    hint: all codes: `cargo fence explain --list`
    [exit code 2]
    "#);
}
