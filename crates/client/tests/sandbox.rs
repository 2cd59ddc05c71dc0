//! A worker that is shut in can do nothing but read, compute and answer. The test starts itself anew to be that worker.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::process::Command;

const INSIDE: &str = "FENCE_TEST_INSIDE";

#[test]
fn a_worker_opens_nothing_connects_to_nothing_and_starts_nothing() {
    if std::env::var_os(INSIDE).is_some() {
        inside();
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, "secret").unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "a_worker_opens_nothing_connects_to_nothing_and_starts_nothing",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(INSIDE, format!("{} {}", file.display(), listener.local_addr().unwrap()))
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let told = printed
        .lines()
        .find_map(|line| line.split_once("told: "))
        .map_or_else(|| panic!("{output:?}"), |(_, told)| told);
    if told.starts_with("open") {
        // Said, and no silent pass: this kernel cannot do it.
        eprintln!("this machine cannot shut a worker in: {told}");
        return;
    }
    assert_eq!(told, "read denied; write denied; connect denied; listen denied; start denied; memory given");
    assert!(!folder.path().join("new").exists());
}

/// Shuts this process in, tries everything, says what happened, and ends.
fn inside() -> ! {
    let variable = std::env::var(INSIDE).unwrap();
    let (file, address) = variable.split_once(' ').unwrap();
    let new = std::path::Path::new(file).with_file_name("new");
    let open = fence_client::scanner::sandbox::enter();
    if !open.is_empty() {
        println!("told: open: {}", open.join("; "));
        std::process::exit(0);
    }
    let said = |is_ok: bool| if is_ok { "given" } else { "denied" };
    let told = [
        ("read", std::fs::read(file).is_ok()),
        ("write", std::fs::write(new, "x").is_ok()),
        ("connect", std::net::TcpStream::connect(address).is_ok()),
        ("listen", std::net::TcpListener::bind("127.0.0.1:0").is_ok()),
        ("start", Command::new("/bin/true").status().is_ok()),
        ("memory", vec![1_u8; 50 << 20].iter().map(|byte| u64::from(*byte)).sum::<u64>() == 50 << 20),
    ];
    let told: Vec<String> = told.iter().map(|(what, is_ok)| format!("{what} {}", said(*is_ok))).collect();
    println!("told: {}", told.join("; "));
    std::process::exit(0);
}
