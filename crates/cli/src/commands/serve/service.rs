//! `cargo fence serve --install` and `--uninstall`: a service of the user's, which systemd starts at each login.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fence_client::Environment;
use fence_client::project;

use super::unit::{self, Unit};
use super::{Args, LogFormat};
use crate::args::Global;
use crate::commands::Outcome;
use crate::configuration::{Consent, Edit, Edited, FolderToo, is_link};
use crate::error::{CliError, Misuse, shown};
use crate::render::text;
use crate::session::{cargo, feeds_of};
use crate::shell::Shell;
use crate::standing::policy_of;

/// The most that is read of a service's file.
const UNIT_BYTES: u64 = 1 << 16;

/// Variables that say how the network is reached and where cargo is, and that a login does not always set.
const PASSED_ON: [&str; 11] = [
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// Writes the service's file and has systemd start it.
pub(super) fn install(
    listen: SocketAddr,
    args: &Args,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<Outcome, CliError> {
    let file = file(listen, environment)?;
    let name = unit::name(listen);
    let before = read(&file)?;
    if before.as_ref().is_some_and(|text| !text.starts_with(unit::MARK)) {
        return Err(Misuse::ServiceTaken(file).into());
    }
    let unit = describe(listen, args, global, environment)?;
    let after = unit::text(&unit).map_err(Misuse::UnspeakableWord)?;
    if before.as_deref() == Some(&after) {
        shell.status("Unchanged", &format!("{} is as it would be written", shown(&file)));
    } else {
        let edit = Edit { path: file.clone(), before, after: Some(after), folder: FolderToo::Never };
        edit.show(shell)?;
        let question = format!("write this to {} and start it?", shown(&file));
        if edit.make(&question, consent(args), shell)? == Edited::No {
            shell.status("Unchanged", "nothing was written");
            return Ok(Outcome::Undecided);
        }
        shell
            .status("Installed", &format!("{name}, which serves by the policy of {}", unit.folder.display()));
    }
    for words in [vec!["daemon-reload"], vec!["enable", &name], vec!["restart", &name]] {
        if let Some(why) = systemctl(&words, environment, shell)? {
            shell.warning(&format!(
                "systemd does not run for this user here ({why}); the service is written, and nothing is started\n         \
                 where it runs: systemctl --user daemon-reload && systemctl --user enable --now {name}"
            ));
            return Ok(Outcome::Pass);
        }
    }
    shell.status("Next", &format!("`journalctl --user -u {name} -f` shows what it does"));
    shell.status("Next", "`loginctl enable-linger` keeps it running while you are logged out");
    Ok(Outcome::Pass)
}

/// Stops the service and removes its file.
pub(super) fn uninstall(
    listen: SocketAddr,
    args: &Args,
    environment: &Environment,
    shell: &Shell,
) -> Result<Outcome, CliError> {
    let file = file(listen, environment)?;
    let name = unit::name(listen);
    let before = read(&file)?;
    match &before {
        None => {
            let others = others(&file);
            if !others.is_empty() {
                return Err(Misuse::NoSuchService { file, others }.into());
            }
            shell.status("Unchanged", &format!("there is no {}", shown(&file)));
            return Ok(Outcome::Pass);
        }
        Some(text) if !text.starts_with(unit::MARK) => return Err(Misuse::ServiceTaken(file).into()),
        Some(_) => {}
    }
    let edit = Edit { path: file.clone(), before, after: None, folder: FolderToo::Never };
    edit.show(shell)?;
    let question = format!("stop {name} and remove {}?", shown(&file));
    if crate::configuration::agreed(&question, consent(args), shell)? == crate::shell::Answered::No {
        shell.status("Unchanged", "nothing was removed");
        return Ok(Outcome::Undecided);
    }
    let refused = systemctl(&["disable", "--now", &name], environment, shell)?;
    edit.make(&question, Consent::Given, shell)?;
    tidy(&file, &name);
    let is_told = refused.is_none() && systemctl(&["daemon-reload"], environment, shell)?.is_none();
    if !is_told {
        let why = refused.unwrap_or_default();
        shell.warning(&format!(
            "systemd does not run for this user here ({why}); where it does, stop a fence that runs still:\n         \
             systemctl --user stop {name} && systemctl --user daemon-reload"
        ));
    }
    shell.status("Uninstalled", &name);
    Ok(Outcome::Pass)
}

fn consent(args: &Args) -> Consent {
    if args.yes { Consent::Given } else { Consent::Asked }
}

/// What the file of a service says; none where there is none. What is a link is refused before systemd is asked anything:
/// it could be stopped and not removed.
fn read(file: &Path) -> Result<Option<String>, CliError> {
    if is_link(file) {
        return Err(Misuse::LinkedService(file.to_owned()).into());
    }
    Ok(project::read_text(file, UNIT_BYTES)?)
}

/// Where the service is described.
fn file(listen: SocketAddr, environment: &Environment) -> Result<PathBuf, CliError> {
    if !cfg!(target_os = "linux") {
        return Err(Misuse::NoSystemd.into());
    }
    let config = environment.folder("XDG_CONFIG_HOME").or_else(|| Some(environment.home()?.join(".config")));
    let config = config.ok_or(Misuse::NoConfigFolder)?;
    Ok(config.join("systemd/user").join(unit::name(listen)))
}

/// The service of what was asked for: every path in full, since a service starts elsewhere.
fn describe(
    listen: SocketAddr,
    args: &Args,
    global: &Global,
    environment: &Environment,
) -> Result<Unit, CliError> {
    let here = environment.current_folder();
    let program = std::env::current_exe()
        .map_err(|why| CliError::new(format!("nobody can say where this program lies: {why}")))?;
    let full = |path: &Path| -> Result<String, CliError> {
        let path = here.join(path);
        path.to_str()
            .map(str::to_owned)
            .ok_or_else(|| Misuse::UnspeakableWord(path.to_string_lossy().into_owned()).into())
    };
    let mut words = vec!["serve".to_owned(), "--listen".to_owned(), listen.to_string()];
    let mut add = |option: &str, value: Option<String>| {
        if let Some(value) = value {
            words.extend([option.to_owned(), value]);
        }
    };
    add("--url", args.url.clone());
    for name in &args.registries {
        add("--registry", Some(name.clone()));
    }
    for (option, path) in [
        ("--certificate", &args.certificate),
        ("--key", &args.key),
        ("--tokens", &args.tokens),
        ("--index", &args.index),
        ("--manifest-path", &global.manifest_path),
    ] {
        add(option, path.as_deref().map(full).transpose()?);
    }
    for (name, path) in feeds_of(&args.feeds, environment)? {
        add("--feed", Some(format!("{name}={}", full(&path)?)));
    }
    if args.log == LogFormat::Json {
        add("--log", Some("json".to_owned()));
    }
    for (option, is_given) in [
        ("--quiet", global.quiet),
        ("--verbose", global.verbose),
        ("--locked", global.locked),
        ("--offline", global.offline),
        ("--frozen", global.frozen),
    ] {
        words.extend(is_given.then(|| option.to_owned()));
    }
    let cache = environment.cache_folder().ok_or(Misuse::NoStateFolder)?;
    let state = environment.state_folder().ok_or(Misuse::NoStateFolder)?;
    let mut variables = vec![
        ("CARGO_FENCE_CACHE".to_owned(), full(&cache)?),
        ("CARGO_FENCE_STATE".to_owned(), full(&state)?),
        // See `with_few_arenas`.
        ("MALLOC_ARENA_MAX".to_owned(), "2".to_owned()),
    ];
    if let Some(home) = environment.cargo_home() {
        variables.push(("CARGO_HOME".to_owned(), full(&home)?));
    }
    // Git is found there, and programs that print tokens.
    variables.extend(environment.var("PATH").map(|path| ("PATH".to_owned(), path.to_owned())));
    let cargo = cargo(environment);
    if cargo.is_absolute() {
        variables.push(("CARGO".to_owned(), full(&cargo)?));
    }
    for name in PASSED_ON {
        // What has a user's name and password in it is nothing to be written down.
        let value = environment.var(name).filter(|value| !value.contains('@'));
        variables.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    }
    Ok(Unit {
        program,
        words,
        folder: policy_of(global, environment)?.root,
        variables,
        // The state may lie in the cache's folder.
        writes: if state.starts_with(&cache) { vec![cache] } else { vec![cache, state] },
        mkdir: on_path("mkdir", environment).unwrap_or_else(|| "/bin/mkdir".into()),
    })
}

fn on_path(program: &str, environment: &Environment) -> Option<PathBuf> {
    let folders = std::env::split_paths(environment.var("PATH")?).collect::<Vec<_>>();
    folders
        .into_iter()
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(program))
        .find(|p| p.is_file())
}

/// Has systemd do something; in words why it cannot be asked, where it cannot.
///
/// # Errors
/// Where it can be asked, and what was asked for failed.
fn systemctl(words: &[&str], environment: &Environment, shell: &Shell) -> Result<Option<String>, CliError> {
    let line = format!("systemctl --user {}", words.join(" "));
    let Some(program) = on_path("systemctl", environment) else {
        return Ok(Some("there is no systemctl".to_owned()));
    };
    let mut command = Command::new(program);
    command.arg("--user").args(words).stdin(Stdio::null());
    let output = command.output().map_err(|why| CliError::new(format!("{line} cannot be started: {why}")))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let said = text::harmless(said.lines().next().unwrap_or_default().trim_end_matches('.'));
    if output.status.success() {
        shell.status("Ran", &format!("`{line}`"));
        return Ok(None);
    }
    // Everything else goes wrong behind the bus on which it is asked.
    if said.contains("connect to bus") || said.contains("not been booted with systemd") {
        return Ok(Some(said));
    }
    Err(Misuse::ServiceFailed { line, said }.into())
}

/// Services of ours beside `file`.
fn others(file: &Path) -> Vec<String> {
    let Some(Ok(entries)) = file.parent().map(fs::read_dir) else { return Vec::new() };
    let named = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut others: Vec<String> =
        named.filter(|name| name.starts_with("cargo-fence") && name.ends_with(".service")).collect();
    others.sort();
    others
}

/// Removes the link by which systemd starts the service, where systemd itself could not, and folders that are empty now.
fn tidy(file: &Path, name: &str) {
    let Some(folder) = file.parent() else { return };
    let wants = folder.join("default.target.wants");
    let link = wants.join(name);
    let removed = match fs::symlink_metadata(&link) {
        Ok(found) if found.is_symlink() => fs::remove_file(&link),
        _ => Err(io::ErrorKind::NotFound.into()),
    };
    // Of what cannot be removed systemd takes no notice.
    drop(removed);
    for folder in [Some(wants.as_path()), Some(folder), folder.parent()].into_iter().flatten() {
        // Goes only if it is empty.
        let _ = fs::remove_dir(folder);
    }
}
