//! The file that describes a fence to systemd, as one of a user's services.
//!
//! The service can do what a fence does: read what its user reads, write its cache and its journal, listen and ask. All
//! that systemd can take from it beyond that is taken. `systemd-analyze --user security` rates it.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::standing::USUAL_ADDRESS;

/// The first line: what has it is ours to replace and to remove.
pub(super) const MARK: &str =
    "# `cargo fence serve --install` wrote this; `cargo fence serve --uninstall` removes it.";

/// What a service needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) program: PathBuf,
    /// What follows the program's name.
    pub(super) words: Vec<String>,
    /// The project whose policy counts.
    pub(super) folder: PathBuf,
    /// Variables of its environment.
    pub(super) variables: Vec<(String, String)>,
    /// The folders that it writes to.
    pub(super) writes: Vec<PathBuf>,
    /// The program that makes folders.
    pub(super) mkdir: PathBuf,
}

/// The name of the service of a fence that listens at `listen`: on one machine every port is one fence's.
pub(super) fn name(listen: SocketAddr) -> String {
    match listen.port() {
        port if port == USUAL_ADDRESS.port() => "cargo-fence.service".to_owned(),
        port => format!("cargo-fence-{port}.service"),
    }
}

/// The file, or a text that cannot stand in one.
pub(super) fn text(unit: &Unit) -> Result<String, String> {
    let Unit { program, words, folder, variables, writes, mkdir } = unit;
    // What lies there a service with a folder of its own in that place would not find. A word may be `name=path`, a
    // variable a list of paths.
    let is_shared = |path: &Path| ["/tmp", "/var/tmp"].iter().any(|tmp| path.starts_with(tmp));
    let named = words.iter().chain(variables.iter().map(|(_, value)| value));
    let mut named = named.flat_map(|text| text.split(['=', ':'])).map(Path::new);
    let uses_tmp = is_shared(program)
        || is_shared(folder)
        || writes.iter().any(|path| is_shared(path))
        || named.any(is_shared);
    let private_tmp = if uses_tmp { "no" } else { "yes" };
    let folder = plain(folder)?;
    let writes: Vec<String> = writes.iter().map(|path| quoted(plain(path)?)).collect::<Result<_, _>>()?;
    let mut environment = String::new();
    for (name, value) in variables {
        let _ = writeln!(environment, "Environment={}", quoted(&format!("{name}={value}"))?);
    }
    let command = std::iter::once(plain(program)?).chain(words.iter().map(String::as_str));
    let command: Vec<String> = command.map(argument).collect::<Result<_, _>>()?;
    let (mkdir, command, writes) = (argument(plain(mkdir)?)?, command.join(" "), writes.join(" "));
    // These take the rest of the line as it is, but for what begins with `%`.
    let folder = speakable(folder)?.replace('%', "%%");
    Ok(format!(
        "{MARK}\n\
         [Unit]\n\
         Description=Security fence for crates, by the policy of {folder}\n\
         \n\
         [Service]\n\
         Type=exec\n\
         WorkingDirectory={folder}\n\
         {environment}\
         # Whoever deletes the cache gets a new one. Out here, since inside nothing else can be written.\n\
         ExecStartPre=+{mkdir} -p {writes}\n\
         ExecStart={command}\n\
         Restart=on-failure\n\
         RestartSec=10\n\
         # Running answers get ten seconds to end.\n\
         TimeoutStopSec=15\n\
         \n\
         # Without a namespace of its own a user's service gets no view of its own of files, and can give nothing up.\n\
         PrivateUsers=yes\n\
         # It reads what its user reads, and writes to its cache and its journal alone.\n\
         ProtectSystem=strict\n\
         ProtectHome=read-only\n\
         ReadWritePaths={writes}\n\
         PrivateTmp={private_tmp}\n\
         PrivateDevices=yes\n\
         UMask=0077\n\
         # It asks and is asked over the network, and starts nothing but git and what prints a token.\n\
         RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX\n\
         NoNewPrivileges=yes\n\
         CapabilityBoundingSet=\n\
         SystemCallFilter=@system-service\n\
         SystemCallFilter=~@privileged @resources\n\
         # With these what reads packages gives up files, network and other programs.\n\
         SystemCallFilter=landlock_create_ruleset landlock_add_rule landlock_restrict_self seccomp\n\
         SystemCallErrorNumber=EPERM\n\
         SystemCallArchitectures=native\n\
         MemoryDenyWriteExecute=yes\n\
         LockPersonality=yes\n\
         RestrictNamespaces=yes\n\
         RestrictRealtime=yes\n\
         RestrictSUIDSGID=yes\n\
         ProtectClock=yes\n\
         ProtectHostname=yes\n\
         ProtectKernelTunables=yes\n\
         ProtectKernelModules=yes\n\
         ProtectKernelLogs=yes\n\
         ProtectControlGroups=yes\n\
         ProtectProc=invisible\n\
         ProcSubset=pid\n\
         KeyringMode=private\n\
         \n\
         [Install]\n\
         WantedBy=default.target\n"
    ))
}

fn plain(path: &Path) -> Result<&str, String> {
    path.to_str().ok_or_else(|| path.to_string_lossy().into_owned())
}

fn speakable(text: &str) -> Result<&str, String> {
    let is_odd = text.chars().any(char::is_control) || text.trim() != text || text.ends_with('\\');
    if is_odd { Err(text.to_owned()) } else { Ok(text) }
}

/// One word of a list, where `%` begins what systemd fills in.
fn quoted(text: &str) -> Result<String, String> {
    if text.chars().any(char::is_control) {
        return Err(text.to_owned());
    }
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%");
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@%".contains(c);
    let needs_quotes = text.is_empty() || !text.chars().all(is_plain);
    Ok(if needs_quotes { format!("\"{escaped}\"") } else { escaped })
}

/// One word of a command, where `$` too begins what systemd fills in.
fn argument(text: &str) -> Result<String, String> {
    Ok(quoted(text)?.replace('$', "$$"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    fn unit() -> Unit {
        Unit {
            program: "/home/a/.cargo/bin/cargo-fence".into(),
            words: ["serve", "--listen", "127.0.0.1:7343"].map(str::to_owned).into(),
            folder: "/home/a/project".into(),
            variables: vec![("CARGO_HOME".to_owned(), "/home/a/.cargo".to_owned())],
            writes: vec!["/home/a/.cache/cargo-fence".into(), "/home/a/.local/state/cargo-fence".into()],
            mkdir: "/usr/bin/mkdir".into(),
        }
    }

    #[test]
    fn a_service_is_described_in_full() {
        assert_snapshot!(text(&unit()).unwrap());
    }

    #[test]
    fn every_word_is_the_one_that_was_given() {
        let mut odd = unit();
        odd.folder = "/home/a/50% done".into();
        odd.words = ["--feed", "a=/home/a/$x \"y\" \\ %h", ""].map(str::to_owned).into();
        odd.writes = vec!["/home/a/my cache".into()];
        let text = text(&odd).unwrap();
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| ["Exec", "Working", "ReadWrite"].iter().any(|key| line.starts_with(key)))
            .collect();
        assert_snapshot!(lines.join("\n"), @r#"
        WorkingDirectory=/home/a/50%% done
        ExecStartPre=+/usr/bin/mkdir -p "/home/a/my cache"
        ExecStart=/home/a/.cargo/bin/cargo-fence --feed "a=/home/a/$$x \"y\" \\ %%h" ""
        ReadWritePaths="/home/a/my cache"
        "#);
    }

    #[test]
    fn what_lies_in_a_shared_folder_stays_in_sight() {
        assert!(text(&unit()).unwrap().contains("\nPrivateTmp=yes\n"));
        let variable = |value: &str| vec![("PATH".to_owned(), value.to_owned())];
        for passing in [
            Unit { folder: "/tmp/project".into(), ..unit() },
            Unit { words: ["--tokens", "/tmp/tokens"].map(str::to_owned).into(), ..unit() },
            Unit { words: ["--feed", "own=/var/tmp/feed"].map(str::to_owned).into(), ..unit() },
            Unit { variables: variable("/usr/bin:/tmp/bin"), ..unit() },
        ] {
            assert!(text(&passing).unwrap().contains("\nPrivateTmp=no\n"), "{passing:?}");
        }
        let elsewhere = Unit { variables: variable("/usr/tmp:/home/a/tmp"), ..unit() };
        assert!(text(&elsewhere).unwrap().contains("\nPrivateTmp=yes\n"));
    }

    #[test]
    fn what_cannot_stand_in_a_line_is_refused() {
        let mut unit = unit();
        unit.words.push("a\nExecStart=/bin/evil".to_owned());
        assert_eq!(text(&unit).unwrap_err(), "a\nExecStart=/bin/evil");
        let odd = Unit { folder: "/home/a/b\n".into(), ..self::unit() };
        assert_eq!(text(&odd).unwrap_err(), "/home/a/b\n");
    }

    #[test]
    fn every_port_has_a_service_of_its_own() {
        assert_eq!(name(USUAL_ADDRESS), "cargo-fence.service");
        assert_eq!(name("0.0.0.0:7344".parse().unwrap()), "cargo-fence-7344.service");
    }
}
