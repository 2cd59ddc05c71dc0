//! A registry that does not answer: the last verified view speaks, and says so.

use fence_testkit::registry::{Act, FakeRegistry};

use super::calm;

#[test]
fn the_last_view_speaks_while_the_registry_is_down() {
    let mut project = calm();
    let registry = FakeRegistry::start();
    project.read_index_at(&registry);
    insta::assert_snapshot!(settled(&project.run("check")), @"
    $ cargo fence check
        Finished 4 admitted (4 by age), 1 of this project at level medium in […]s
    [exit code 0]
    ");
    drop(registry);
    insta::assert_snapshot!(settled(&project.run("update")), @"
    $ cargo fence update
    warning: 4 index files (arrayref, glob, lexopt, …) of http://127.0.0.1:[…]/index/ cannot be read again, older facts are used: http://127.0.0.1:[…]/index/ar/ra/arrayref cannot be reached: nobody listens the…
           Index 4 crates read, 0 changed, as of […]
            Feed rustsec: unchanged, 2 advisory records, as of […]
    [exit code 0]
    ");
    insta::assert_snapshot!(settled(&project.run("check")), @"
    $ cargo fence check
        Finished 4 admitted (4 by age), 1 of this project at level medium in […]s
    [exit code 0]
    ");
    // With nothing to speak from, nobody can say.
    project.set("CARGO_FENCE_CACHE", project.path("other-cache").to_str().unwrap());
    insta::assert_snapshot!(settled(&project.run("check")), @"
    $ cargo fence check
    error: 4 index files (arrayref, glob, lexopt, …) of http://127.0.0.1:[…]/index/ cannot be read: http://127.0.0.1:[…]/index/ar/ra/arrayref cannot be reached: nobody listens there
    hint: look at the connection and at `http.proxy` in cargo's configuration, or use what is on this machine with `--offline`
    [exit code 2]
    ");
}

#[test]
fn the_last_view_speaks_while_the_registry_answers_nonsense() {
    let mut project = calm();
    let registry = FakeRegistry::start();
    project.read_index_at(&registry);
    project.run("check");
    registry.next("index/gl/ob/glob", [Act::Garbage, Act::Garbage]);
    registry.next("index/le/xo/lexopt", [Act::CloseMidBody, Act::CloseMidBody]);
    registry.next("index/sh/le/shlex", [Act::status(404)]);
    insta::assert_snapshot!(settled(&project.run("update")), @"
    $ cargo fence update
    warning: the index file of glob of http://127.0.0.1:[…]/index/ cannot be read again, older facts are used: http://127.0.0.1:[…]/index/gl/ob/glob gave an answer that makes no sense: protocol: http parse fai…
    warning: the index file of lexopt of http://127.0.0.1:[…]/index/ cannot be read again, older facts are used: http://127.0.0.1:[…]/index/le/xo/lexopt cannot be reached: the connection was closed before the …
    warning: all releases vanished from the index file of shlex of http://127.0.0.1:[…]/index/; what was there before is used, and time stands still
           Index 4 crates read, 0 changed, as of […]
            Feed rustsec: unchanged, 2 advisory records, as of […]
    [exit code 0]
    ");
    insta::assert_snapshot!(settled(&project.run("check")), @"
    $ cargo fence check
        Finished 4 admitted (4 by age), 1 of this project at level medium in […]s
    [exit code 0]
    ");
}

/// Ports change from run to run, and so does the time.
fn settled(text: &str) -> String {
    let mut parts = text.split("127.0.0.1:");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out += "127.0.0.1:[…]";
        out += part.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    let line = |line: &str| match line.split_once("as of ") {
        Some((before, _)) => format!("{before}as of […]"),
        None => line.to_owned(),
    };
    out.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn feeds_that_are_out_of_reach_for_one_reason_are_told_together() {
    let mut project = calm();
    let registry = FakeRegistry::start();
    project.read_index_at(&registry);
    let nowhere = FakeRegistry::start().url("");
    let feed = |name: &str| format!("[feeds.{name}]\nrole = \"audits\"\nfile = \"{nowhere}{name}.toml\"\n\n");
    project.write("fence.toml", ["a", "b", "c"].map(feed).concat());
    insta::assert_snapshot!(settled(&project.run("check")), @"
    $ cargo fence check
        Checking 4 releases at level medium (index 0 min old, a never read, b never read, c never read,
                 rustsec 0 min)
    warning: feed a cannot be reached: http://127.0.0.1:[…]/a.toml: nobody listens there; nothing is
          known of it

    warning: nor can these feeds be reached, and nothing is known of them: b, c
        Finished 4 admitted (4 by age), 1 of this project at level medium in […]s
    [exit code 0]
    ");
}
