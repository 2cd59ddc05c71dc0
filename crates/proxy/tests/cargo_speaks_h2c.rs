//! Real cargo against the server: it offers HTTP/2 with its first request, over a connection in clear text, and all
//! that it asks after that it asks over HTTP/2.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::{Fake, Fence, index};
use fence_proxy::answer::{Answer, View};

/// The line of a release that needs `needs`.
fn release(name: &str, needs: &[&str]) -> String {
    let needs: Vec<_> = needs
        .iter()
        .map(|name| {
            format!(
                "{{\"name\":\"{name}\",\"req\":\"^1\",\"features\":[],\"optional\":false,\
                 \"default_features\":true,\"target\":null,\"kind\":\"normal\"}}"
            )
        })
        .collect();
    format!(
        "{{\"name\":\"{name}\",\"vers\":\"1.0.0\",\"deps\":[{}],\"cksum\":\"{}\",\"features\":{{}},\"yanked\":false}}\n",
        needs.join(","),
        "a".repeat(64)
    )
}

/// A project that needs `alpha`.
fn project(folder: &Path) {
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::write(folder.join("src/lib.rs"), "").unwrap();
    let manifest = "[package]\nname = \"project\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
                    [dependencies]\nalpha = \"1\"\n[workspace]\n";
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
}

#[test]
fn cargo_asks_over_http2_from_its_second_request_on() {
    let config = "{\"dl\":\"http://127.0.0.1:1/{crate}/{version}\"}";
    let fence = Fence::of(
        Fake::default()
            .says("/crates-io/config.json", Answer::Json(config.into()))
            .says("/crates-io/al/ph/alpha", index(&release("alpha", &["beta", "gamma"]), View::Current))
            .says("/crates-io/be/ta/beta", index(&release("beta", &["delta"]), View::Current))
            .says("/crates-io/ga/mm/gamma", index(&release("gamma", &["delta"]), View::Current))
            .says("/crates-io/de/lt/delta", index(&release("delta", &[]), View::Current)),
    );
    let folder = tempfile::tempdir().unwrap();
    project(&folder.path().join("project"));
    let mut cargo = Command::new(env!("CARGO"));
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().to_lowercase();
        if name.starts_with("cargo") || name.ends_with("_proxy") {
            cargo.env_remove(&name).env_remove(name.to_uppercase());
        }
    }
    let run = cargo
        .current_dir(folder.path().join("project"))
        .env("CARGO_HOME", folder.path().join("home"))
        .args(["--config", "source.crates-io.replace-with=\"fence\""])
        .args(["--config", &format!("registries.fence.index=\"sparse+http://{}/crates-io/\"", fence.address)])
        .arg("generate-lockfile")
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let lockfile = fs::read_to_string(folder.path().join("project/Cargo.lock")).unwrap();
    let locked: Vec<_> = lockfile.lines().filter_map(|line| line.strip_prefix("name = ")).collect();
    assert_eq!(locked, ["\"alpha\"", "\"beta\"", "\"delta\"", "\"gamma\"", "\"project\""]);

    let page = fence.get("/metrics").text();
    let requests = || page.lines().filter_map(|line| line.strip_prefix("fence_http_requests_total"));
    let (over_http1, others): (Vec<_>, Vec<_>) = requests().partition(|line| line.contains("protocol=\"1"));
    assert_eq!(
        others,
        [
            "{kind=\"config\",status=\"200\",protocol=\"2\"} 1",
            "{kind=\"index\",status=\"200\",protocol=\"2\"} 4",
        ]
    );
    // cargo is free to begin with more than one connection, if each turns into HTTP/2.
    let is_offer = |line: &&str| line.starts_with("{kind=\"upgrade\",status=\"101\",protocol=\"1.1\"} ");
    assert!(over_http1.len() == 1 && over_http1.iter().all(is_offer), "{over_http1:?}");
}
