//! `cargo fence serve`: what it says when it stands, when it does not, and when it ends.

use std::net::{Ipv4Addr, TcpListener};

use insta::assert_snapshot;

use crate::standing::Standing;

/// `text` without ports and folders of this run.
fn settled(standing: &Standing, text: &str) -> String {
    let output = std::process::Output { status: Default::default(), stdout: Vec::new(), stderr: text.into() };
    standing.cargo.told("", &output).stderr
}

#[cfg(unix)]
#[test]
fn it_says_where_it_listens_and_ends_when_it_is_asked_to() {
    let standing = Standing::before("");
    let said = standing.serve("serve --listen 127.0.0.1:0").terminate();
    assert_snapshot!(settled(&standing, &said), @"
       Listening sparse+http://127.0.0.1:[…]/crates-io/, in front of fence
         Showing http://127.0.0.1:[…]/ to people: what is held, and why
    [exit code 0]
    ");
}

#[cfg(unix)]
#[test]
fn a_folder_of_index_files_answers_for_crates_io() {
    let standing = Standing::before("");
    standing.cargo.write("index/3/b/bat", "{\"name\":\"bat\"}\n");
    let served = standing.serve("serve --listen 127.0.0.1:0 --index index");
    assert_snapshot!(settled(&standing, &served.terminate()), @"
       Listening sparse+http://127.0.0.1:[…]/crates-io/, in front of [project]/index
         Showing http://127.0.0.1:[…]/ to people: what is held, and why
    [exit code 0]
    ");
}

#[cfg(unix)]
#[test]
fn with_json_every_line_is_an_object() {
    let standing = Standing::before("");
    let served = standing.serve("serve --listen 127.0.0.1:0 --log json --verbose");
    assert!(served.get("/crates-io/gl/ob/glob").starts_with("HTTP/1.1 200 "));
    let said = served.terminate();
    let (lines, code) = said.rsplit_once('\n').unwrap();
    assert_eq!(code, "[exit code 0]");
    let events: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|why| panic!("{line}: {why}")))
        .collect();
    let what: Vec<&str> = events.iter().map(|event| event["what"].as_str().unwrap()).collect();
    assert!(what.contains(&"listening") && what.contains(&"request"), "{what:?}");
}

#[test]
fn what_keeps_it_from_standing_says_what_to_do() {
    let standing = Standing::before("");
    standing.cargo.write("tokens", "\n\n");
    standing.cargo.write("no.pem", "nothing\n");
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let taken = format!("--listen {}", taken.local_addr().unwrap());
    let free = "--listen 127.0.0.1:0";
    let mut told = String::new();
    for options in [
        taken.as_str(),
        "--listen 0.0.0.0:7343",
        "--listen nowhere",
        &format!("{free} --tokens tokens"),
        &format!("{free} --tokens none"),
        &format!("{free} --certificate none.pem --key none.pem"),
        &format!("{free} --certificate no.pem --key no.pem"),
        &format!("{free} --certificate no.pem"),
        &format!("{free} --index none"),
        &format!("{free} --registry none"),
        &format!("{free} --feed rustsec=none"),
    ] {
        let run = standing.run(&format!("serve {options}"));
        assert_eq!(run.code, Some(2), "{run}");
        told += &format!("{run}\n\n").replace(taken.rsplit_once(':').unwrap().1, "[…]");
    }
    standing.cargo.write("fence.toml", "level = \"huge\"\n");
    told += &standing.run(&format!("serve {free}")).to_string();
    assert_snapshot!(told);
}

#[test]
fn a_feed_that_was_never_read_keeps_it_from_standing() {
    let standing = Standing::before("");
    standing.cargo.write("fence.toml", "[feeds.rustsec]\nrole = \"advisories\"\npath = \"elsewhere\"\n");
    assert_snapshot!(standing.run("serve --listen 127.0.0.1:0"), @"
    $ cargo fence serve --listen 127.0.0.1:0
    warning feed: feed rustsec is not there: [project]/elsewhere: there is no such file or folder; nothing is known of it
    error: rustsec was never read, so nothing can be decided: feed rustsec is not there: [project]/elsewhere: there is no such file or folder; nothing is known of it
    hint: run it once where there is a network, or let `[feeds.rustsec]` of fence.toml name a copy
    [exit code 2]
    ");
}

/// One variable moves a fence and whoever looks for it.
#[test]
fn it_listens_where_the_environment_says() {
    let standing = Standing::before("");
    let served = standing.serve("serve");
    assert_eq!(served.address, standing.listen);
}
