//! `cargo fence status`: the fence that stands here, where cargo leads, or nowhere.

use std::net::{Ipv4Addr, TcpListener};

use fence_testkit::registry::FakeRegistry;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::standing::{Standing, settled};

/// Tells cargo that the sparse index at `index` stands in for crates.io.
fn lead_cargo_to(standing: &Standing, index: &str) {
    let config = format!("[registries.fence]\nindex = \"sparse+{index}\"\n");
    standing.cargo.write(".cargo/config.toml", &config);
}

/// What a run says, without what the clock of this machine has to do with.
fn told(standing: &Standing, line: &str) -> String {
    settled(&standing.run(line).to_string())
}

#[test]
fn without_a_fence_it_says_how_to_start_one() {
    let standing = Standing::before("");
    assert_snapshot!(told(&standing, "status"), @"
    $ cargo fence status
    error: no fence stands for the policy of [project]
    hint: `cargo fence serve` stands one up here; `cargo fence cargo …` does so for one command
    [exit code 2]
    ");
}

#[test]
fn the_fence_of_another_project_is_named_as_such() {
    let mut standing = Standing::before("");
    let other = Standing::before("");
    let served = other.serve("serve --listen 127.0.0.1:0");
    standing.listen = served.address;
    let told =
        told(&standing, "status").replace(&other.cargo.folder().display().to_string(), "[other project]");
    assert_snapshot!(told, @"
    $ cargo fence status
    error: no fence stands for the policy of [project]
    hint: `cargo fence serve` stands one up here; `cargo fence cargo …` does so for one command
    hint: the one at http://127.0.0.1:[…] stands for that of [other project]
    [exit code 2]
    ");
}

#[test]
fn a_fence_that_is_well_has_a_line_for_each_thing() {
    let mut standing = Standing::before("");
    let served = standing.serve("serve --listen 127.0.0.1:0");
    standing.listen = served.address;
    assert_snapshot!(told(&standing, "status"), @"
    $ cargo fence status
    the fence at http://127.0.0.1:[…] is well
      version     0.1.0, up for […]
      policy      level medium, of [project]
      asked by    `cargo fence cargo` alone; what cargo is told here leads to fence
      registry    crates-io: in front of fence; 0 crates asked for, 0 releases of them not admitted;
                  journal of 0 lines
      feeds       rustsec current, as of […] ago
      clock       runs
      kept        0 packages, 0 bytes
      alarms      none
      held        nothing of what was asked for
      refused     no downloads
    [exit code 0]
    ");
    assert_snapshot!(told(&standing, "status --quiet"), @"
    $ cargo fence status --quiet
    [exit code 0]
    ");
    // What is held is what a fence is for: nobody has to look at it.
    assert!(served.get("/crates-io/gl/ob/glob").starts_with("HTTP/1.1 200 "));
    assert_snapshot!(told(&standing, "status"), @"
    $ cargo fence status
    the fence at http://127.0.0.1:[…] is well
      version     0.1.0, up for […]
      policy      level medium, of [project]
      asked by    `cargo fence cargo` alone; what cargo is told here leads to fence
      registry    crates-io: in front of fence; 1 crate asked for, 1 release of them not admitted;
                  journal of 2 lines
      feeds       rustsec current, as of […] ago
      clock       runs
      kept        0 packages, 0 bytes
      alarms      none
      held        1 release of crates that were asked for
                  held[review] glob 0.3.4: published […] years ago; needs a reviewer, age alone will not
                    admit it (instead: 0.3.3)
      refused     no downloads
    [exit code 0]
    ");
    assert_snapshot!(told(&standing, "status --quiet"), @"
    $ cargo fence status --quiet
    [exit code 0]
    ");
    let run = standing.run("status --format json");
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.code, document["format"].as_u64()), (Some(0), Some(1)));
    let held = &document["held"][0];
    assert_eq!((held["name"].as_str(), held["label"].as_str()), (Some("glob"), Some("held[review]")));
}

/// As on the page: what nobody asked for is counted apart, and told of only where all of it is asked for.
#[test]
fn what_is_held_of_older_classes_is_folded() {
    let standing = Standing::before("");
    let fence = FakeRegistry::start();
    lead_cargo_to(&standing, &fence.url("crates-io/"));
    let mut status = some_status();
    for at in 0..3 {
        let mut held = status["held"][0].clone();
        held["version"] = format!("0.{at}.9").into();
        held["older"] = true.into();
        status["held"].as_array_mut().unwrap().push(held);
    }
    status["held_releases"] = 3.into();
    fence.serve("status.json", status.to_string());
    let held = |line: &str| {
        let told = told(&standing, line);
        let start = told.find("\n  held").unwrap() + 1;
        told[start..told.find("\n  refused").unwrap() + 1].to_owned()
    };
    assert_snapshot!(held("status"), @r#"
    held        3 releases of crates that were asked for; and 3 releases of older classes, which no
                build asked for
                held[young] own 2.0.0 of own: published 2 hours ago; admitted in 7 days
                held[review] arrayref 0.3.10: published 5 hours ago; needs a \u{7}reviewer (instead:
                  0.3.9)
                held[review] glob 0.3.4: published 1 day ago; admitted in 6 days (instead: 0.3.9)
    "#);
    assert_snapshot!(held("status --verbose"), @r#"
    held        3 releases of crates that were asked for; and 3 releases of older classes, which no
                build asked for
                held[young] own 2.0.0 of own: published 2 hours ago; admitted in 7 days
                held[review] arrayref 0.3.10: published 5 hours ago; needs a \u{7}reviewer (instead:
                  0.3.9)
                held[review] glob 0.3.4: published 1 day ago; admitted in 6 days (instead: 0.3.9)
                held[review] glob 0.0.9: published 1 day ago; admitted in 6 days (instead: 0.3.9)
                held[review] glob 0.1.9: published 1 day ago; admitted in 6 days (instead: 0.3.9)
                held[review] glob 0.2.9: published 1 day ago; admitted in 6 days (instead: 0.3.9)
    "#);
    let only_older: Vec<Value> = status["held"].as_array().unwrap()[3..].to_vec();
    status["held"] = only_older.into();
    status["held_releases"] = 0.into();
    fence.serve("status.json", status.to_string());
    assert_snapshot!(held("status"), @"
    held        nothing of what was asked for; and 3 releases of older classes, which no build asked
                for
    ");
}

#[test]
fn the_fence_that_cargo_asks_comes_first() {
    let standing = Standing::before("");
    let other = Standing::before("");
    let served = other.serve("serve --listen 127.0.0.1:0");
    lead_cargo_to(&standing, &format!("http://{}/crates-io/", served.address));
    let told =
        told(&standing, "status").replace(&other.cargo.folder().display().to_string(), "[other project]");
    assert_snapshot!(told, @"
    $ cargo fence status
    the fence at http://127.0.0.1:[…] is well
      version     0.1.0, up for […]
      policy      level medium, of [other project], not of this project
      asked by    cargo, as it is configured here
      registry    crates-io: in front of fence; 0 crates asked for, 0 releases of them not admitted;
                  journal of 0 lines
      feeds       rustsec current, as of […] ago
      clock       runs
      kept        0 packages, 0 bytes
      alarms      none
      held        nothing of what was asked for
      refused     no downloads
    [exit code 0]
    ");
}

#[test]
fn one_that_asks_for_a_token_gets_it() {
    let standing = Standing::before("");
    standing.cargo.write("tokens", "open sesame\n");
    let served = standing.serve("serve --listen 127.0.0.1:0 --tokens tokens");
    lead_cargo_to(&standing, &format!("http://{}/crates-io/", served.address));
    assert_snapshot!(told(&standing, "status"), @"
    $ cargo fence status
    error: cargo is told to ask a fence that wants a token: http://127.0.0.1:[…]/status.json is not for everybody: the server answered 401
    hint: set the registry's token, as for cargo: `cargo login --registry <name>` or CARGO_REGISTRIES_<NAME>_TOKEN
    [exit code 2]
    ");
    let with_token = standing.run_with("status", |command| {
        command.env("CARGO_REGISTRIES_FENCE_TOKEN", "open sesame");
    });
    assert_eq!(with_token.code, Some(0), "{with_token}");
}

#[test]
fn one_that_cargo_is_told_to_ask_and_that_is_down_is_told() {
    let standing = Standing::before("");
    let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    lead_cargo_to(&standing, &format!("http://{nobody}/crates-io/"));
    assert_snapshot!(told(&standing, "status"), @"
    $ cargo fence status
    error: cargo is told to ask a fence that does not answer: http://127.0.0.1:[…]/status.json cannot be reached: nobody listens there
    hint: start it with `cargo fence serve`; until then cargo can neither resolve nor download
    [exit code 2]
    ");
    lead_cargo_to(&standing, "https://fence.example/crates-io/");
    assert_snapshot!(told(&standing, "status --offline"), @"
    $ cargo fence status --offline
    error: https://fence.example is not on this machine, and `--offline` or `--frozen` forbids to ask it
    [exit code 2]
    ");
}

/// A mirror of crates.io may be laid out as a fence is.
#[test]
fn a_registry_that_is_no_fence_is_passed_over() {
    let standing = Standing::before("");
    let mirror = FakeRegistry::start();
    lead_cargo_to(&standing, &mirror.url("crates-io/"));
    assert_snapshot!(told(&standing, "status"), @"
    $ cargo fence status
    error: no fence stands for the policy of [project]
    hint: `cargo fence serve` stands one up here; `cargo fence cargo …` does so for one command
    [exit code 2]
    ");
    mirror.serve("status.json", "{\"format\":1}");
    assert_eq!(standing.run("status").code, Some(2));
}

fn some_status() -> Value {
    let feed = |name: &str, state: &str, as_of: Option<&str>| json!({ "name": name, "state": state, "as_of": as_of });
    let held = |name: &str, version: &str, published: &str, why: &str| {
        json!({ "registry": "crates-io", "name": name, "version": version, "instead": "0.3.9", "published": published,
                "label": "held[review]", "asked": "2026-08-20T11:00:00Z", "why": why })
    };
    let mut of_another =
        held("own", "2.0.0", "2026-08-20T10:00:00Z", "published 2 hours ago; admitted in 7 days");
    of_another["registry"] = "own".into();
    of_another["instead"] = Value::Null;
    of_another["label"] = "held[young]".into();
    json!({
        "format": 1, "version": "9.9.9", "policy": "/srv/fence", "level": "medium",
        "policy_wrong": "\u{1b}[2Jfence.toml is not a policy",
        "now": "2026-08-20T12:00:00Z", "since": "2026-08-17T11:00:00Z",
        "counted_up_to": "2026-08-18T12:00:00Z", "behind": ["rustsec\u{202e}"],
        "registries": [
            { "path": "crates-io", "name": "crates.io", "crates": 214, "refused_releases": 37, "journal_lines": 412 },
            { "path": "own", "name": "own", "crates": 1, "refused_releases": 1, "journal_lines": 1 },
        ],
        "feeds": [
            feed("rustsec\u{202e}", "stale", Some("2026-08-18T12:00:00Z")),
            feed("mozilla", "current", Some("2026-08-20T11:59:30Z")),
            feed("crev", "absent", None),
            json!({ "name": "google", "role": "audits", "state": "stale", "as_of": null }),
            json!({ "name": "zcash", "role": "audits", "state": "absent", "as_of": null }),
        ],
        "kept": { "packages": 96, "bytes": 41_350_000 },
        "alarms": [
            { "kind": "mass-yank", "since": "2026-08-20T07:15:00Z", "at": "2026-08-20T11:00:00Z",
              "about": "crates-io/arrayref", "words": "5 releases were yanked\n::error::gone" },
            { "kind": "journal", "since": "2026-08-20T12:00:00Z", "at": "2026-08-20T12:00:00Z",
              "about": "own", "words": "the journal cannot be written" },
        ],
        "refused": [
            { "at": "2026-08-20T11:58:00Z", "registry": "crates-io", "release": "arrayref 0.3.10",
              "why": "the fence holds arrayref 0.3.10: published 5 hours ago\nstay on 0.3.9" },
            { "at": "2026-08-20T11:00:00Z", "registry": "own", "release": "own 2.0.0", "why": "##[error]no" },
        ],
        "held": [
            held("glob", "0.3.4", "2026-08-19T12:00:00Z", "published 1 day ago; admitted in 6 days"),
            held("arrayref", "0.3.10", "2026-08-20T07:15:00Z", "published 5 hours ago; needs a \u{7}reviewer"),
            of_another,
        ],
    })
}

#[test]
fn all_that_somebody_has_to_look_at_is_told_and_none_of_it_is_believed() {
    let standing = Standing::before("");
    let fence = FakeRegistry::start();
    lead_cargo_to(&standing, &fence.url("crates-io/"));
    fence.serve("status.json", some_status().to_string());
    assert_snapshot!("all that a fence can tell", told(&standing, "status"));
    assert_snapshot!("only what somebody has to look at", told(&standing, "status --quiet"));
    let mut many = some_status();
    for at in 0..30 {
        let mut held = many["held"][0].clone();
        held["version"] = format!("0.4.{at}").into();
        many["held"].as_array_mut().unwrap().push(held);
    }
    fence.serve("status.json", many.to_string());
    let told = told(&standing, "status");
    assert!(told.contains("and 13 more (`--verbose` shows them)"), "{told}");
    // Of another time: the format counts up where a reader would be misled.
    fence.serve("status.json", some_status().to_string().replace("\"format\":1", "\"format\":2"));
    assert_eq!(standing.run("status").code, Some(2));
}
