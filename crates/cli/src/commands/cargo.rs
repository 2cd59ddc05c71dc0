//! `cargo fence cargo`: runs cargo behind a fence, without changing anybody's configuration.

use std::ffi::{OsStr, OsString};
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, ExitCode, ExitStatus};
use std::sync::Arc;

use fence_client::Environment;
use fence_client::cargo_config::{CargoConfig, Credentials, IndexLocation};
use fence_client::project::Project;
use fence_model::{CaretClass, Time};
use fence_proxy::answer::Page;
use fence_proxy::event::{Event, Log, Weight};
use fence_proxy::fence::{Journals, Term};
use fence_registry::lockfile::Lockfile;

use crate::args::{Global, Reach};
use crate::error::{CliError, Misuse};
use crate::neighbour::{self, Held, Status};
use crate::render::text;
use crate::session::clock;
use crate::shell::{Shell, Verbosity};
use crate::standing::{CRATES_IO, Plan, Standing, policy_of};

/// What cargo calls the fence in what it is told on its command line.
const NAME: &str = "fence";

/// How many held releases are told of.
const HELD_TOLD: usize = 20;

/// Run cargo behind the fence: any command, as if typed without `fence`
///
/// Uses the fence that `cargo fence serve` started for this project, or stands one up for this run. Cargo's output and
/// exit code are passed through; afterwards it is told what was held back. All that stands behind the word is cargo's,
/// options too; `--quiet` before it keeps ours to itself.
///
/// Registries that want a token are asked past the fence, and so is what a program asks that cargo starts for a command
/// of its own (`cargo clippy`). Where cargo talks to a registry's owners (`publish`, `owner`, `search`), it wants to be
/// told which: `--registry crates-io`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What cargo is to do: `build --release`, `+nightly update`, `install ripgrep`
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    words: Vec<OsString>,
}

/// Runs cargo, and says what it did not get.
pub(crate) fn run(
    args: &Args,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<ExitCode, CliError> {
    let began = clock();
    if let Some(program) = past_the_fence(&args.words, environment) {
        shell.warning(&format!(
            "{program} is a program of its own, and cargo does not tell it of the fence: what it fetches is not judged\n\
             {:9}`cargo fence serve --help` says how everything gets behind a fence",
            ""
        ));
    }
    let project = policy_of(global, environment)?;
    let listen = neighbour::listen(environment)?;
    let (status, told, stays) = match behind(listen, &project, global, environment, shell)? {
        Behind::Another(base, mounts) => {
            let cargo = cargo(args, &base, &mounts, environment)?;
            let status = run_cargo(cargo)?;
            (status, neighbour::at(&base), Some(base))
        }
        Behind::Own(standing) => {
            let (base, fence) = (standing.base.clone(), standing.fence.clone());
            let mounts: Vec<String> = standing.mounts.iter().map(|(path, _)| path.clone()).collect();
            let cargo = cargo(args, &base, &mounts, environment)?;
            let (over, is_over) = tokio::sync::oneshot::channel::<()>();
            let runtime = standing.runtime.handle().clone();
            std::thread::scope(|scope| {
                let serving = scope.spawn(move || {
                    let stop = async { drop(is_over.await) };
                    standing.serve(stop)
                });
                let status = run_cargo(cargo);
                let told = runtime.block_on(fence.status());
                drop(fence);
                drop(over);
                let served = serving.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                let told = serde_json::to_vec(&told).ok().and_then(|json| neighbour::parse(&json));
                served.and(status.map(|status| (status, told, None)))
            })?
        }
    };
    if let Some(told) = told
        && shell.verbosity > Verbosity::Quiet
    {
        tell(&told, began, &project, stays.as_deref(), shell);
    }
    Ok(ExitCode::from(exit_code(status)))
}

/// Behind whose fence cargo runs.
enum Behind {
    /// One that stands already, at this address, in front of these registries.
    Another(String, Vec<String>),
    /// One that stands in this process.
    Own(Box<Standing>),
}

/// Options of cargo that stand before its command and take a word.
const WITH_A_WORD: [&str; 4] = ["--config", "--color", "-C", "-Z"];

/// Commands that cargo has itself though programs of the name may lie around from before it had them, and one that asks
/// no registry.
const HARMLESS: [&str; 6] = ["add", "fmt", "info", "remove", "rm", "vendor"];

/// The program that cargo starts for a command that it does not have itself: `cargo-clippy`. Such a program may start
/// cargo again, and that knows nothing of what this one was told.
fn past_the_fence(words: &[OsString], environment: &Environment) -> Option<String> {
    let mut words = words.iter().filter_map(|word| word.to_str());
    let command = loop {
        match words.next()? {
            option if WITH_A_WORD.contains(&option) => drop(words.next()),
            option if option.starts_with(['-', '+']) => {}
            command => break command,
        }
    };
    let program = format!("cargo-{command}");
    let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    let bin = environment.cargo_home().map(|home| home.join("bin"));
    let path = environment.var("PATH").map(OsStr::new).map(std::env::split_paths).into_iter().flatten();
    let is_there = bin.into_iter().chain(path).any(|folder| folder.join(&file).is_file());
    (is_there && !HARMLESS.contains(&command)).then_some(program)
}

/// Finds the fence that stands for this project, or stands one up.
fn behind(
    listen: SocketAddr,
    project: &Project,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<Behind, CliError> {
    for address in neighbour::addresses(listen) {
        if TcpListener::bind(address).is_ok() {
            let from = if shell.verbosity == Verbosity::Quiet { Weight::Alarm } else { Weight::Warning };
            let log = Arc::new(Told { from, reach: global.reach() });
            let plan = Plan {
                listen: address,
                url: None,
                index: None,
                registries: open_registries(environment)?,
                feeds: &[],
                certificate: None,
                tokens: None,
                journals: Journals::OwnIfNeedBe,
                term: Term::OneCommand,
                log,
            };
            return Ok(Behind::Own(Box::new(Standing::up(plan, global, environment)?)));
        }
        let base = format!("http://{address}");
        let policy = project.policy_folder().display().to_string();
        if let Some(status) = neighbour::at(&base).filter(|status| status.policy.as_ref() == Some(&policy)) {
            let mounts = status.registries.into_iter().map(|mounted| mounted.path).collect();
            return Ok(Behind::Another(base, mounts));
        }
    }
    Err(Misuse::PortsTaken(listen).into())
}

/// The registries of cargo's configuration, beside crates.io and what stands in for it, that anybody may ask.
fn open_registries(environment: &Environment) -> Result<Vec<String>, CliError> {
    let config = CargoConfig::read(environment.current_folder(), environment)?;
    let crates_io = config.crates_io()?;
    let mut open = Vec::new();
    for name in config.registry_names() {
        let (registry, _) = config.registry_named(&name)?;
        let is_sparse = matches!(registry.location, IndexLocation::Sparse(_));
        if is_sparse
            && registry.location != crates_io.location
            && registry.credentials == Credentials::None
            && fence_proxy::answer::is_registry_name(&name)
        {
            open.push(name);
        }
    }
    Ok(open)
}

/// Cargo as it is asked for, told where its registries are.
fn cargo(args: &Args, base: &str, mounts: &[String], environment: &Environment) -> Result<Command, CliError> {
    let (toolchain, words) = match args.words.split_first() {
        Some((first, rest)) if first.as_encoded_bytes().starts_with(b"+") => (Some(first), rest),
        _ => (None, &args.words[..]),
    };
    // Which toolchain is meant only the cargo in the path knows.
    let program = match (toolchain, environment.var("CARGO")) {
        (None, Some(cargo)) => OsStr::new(cargo),
        _ => OsStr::new("cargo"),
    };
    let config = CargoConfig::read(environment.current_folder(), environment)?;
    let mut command = Command::new(program);
    command.args(toolchain).env("no_proxy", past_proxies(base, environment));
    for mount in mounts {
        let (name, source) = match mount.as_str() {
            CRATES_IO => (NAME.to_owned(), "crates-io".to_owned()),
            other => (format!("{NAME}-{other}"), format!("{NAME}-in-front-of-{other}")),
        };
        let name = if stands_in_already(&name, &config)? { name } else { free_name(name, &config) };
        if mount != CRATES_IO {
            let (registry, _) = config.registry_named(mount)?;
            let IndexLocation::Sparse(index) = &registry.location else { continue };
            command.arg("--config").arg(format!("source.{source}.registry={:?}", format!("sparse+{index}")));
        }
        command.arg("--config").arg(format!("source.{source}.replace-with={name:?}"));
        let index = format!("sparse+{base}/{mount}/");
        command.arg("--config").arg(format!("registries.{name}.index={index:?}"));
    }
    command.args(words);
    Ok(command)
}

/// Whether cargo's configuration has the registry `name` in place of crates.io, as `cargo fence enable` writes it: then this
/// fence has that place and name for the command, and cargo calls it what it calls the other. A source of that name is
/// none: cargo would prefer it to what it is told.
fn stands_in_already(name: &str, config: &CargoConfig) -> Result<bool, CliError> {
    let replacements = config.route_of_crates_io()?.replacements;
    let is_last = replacements.last().is_some_and(|last| last.with == name);
    Ok(is_last && config.place_of_source(name).is_none())
}

/// `name`, or one like it that no configuration has: cargo prefers a `[source]` to a registry of the same name, so that a
/// project could lead it past the fence.
fn free_name(name: String, config: &CargoConfig) -> String {
    if !config.is_taken(&name) {
        return name;
    }
    let mut others = (2_u32..).map(|number| format!("{name}-{number}"));
    others.find(|other| !config.is_taken(other)).unwrap_or(name)
}

/// The hosts that cargo is to ask without a proxy, as curl reads them: the fence too, which speaks plain HTTP, and on this
/// machine. Whoever names the proxy, a project's configuration included, could say otherwise what it says.
fn past_proxies(base: &str, environment: &Environment) -> String {
    let host = base.rsplit_once("//").map_or(base, |(_, authority)| authority);
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    let mut told = ["no_proxy", "NO_PROXY"].iter().filter_map(|name| environment.var(name));
    match told.find(|hosts| !hosts.is_empty()) {
        Some("*") => "*".to_owned(),
        Some(hosts) => format!("{hosts},{host}"),
        None => host.to_owned(),
    }
}

fn run_cargo(mut cargo: Command) -> Result<ExitStatus, CliError> {
    // An interrupt ends both: cargo tidies up after itself, and what a fence wrote down survives any end.
    let program = cargo.get_program().to_string_lossy().into_owned();
    cargo.status().map_err(|why| CliError::new(format!("{program} cannot be started: {why}")))
}

/// As shells have it: what cargo ended with, or 128 and the signal that ended it.
fn exit_code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt as _;
        if let Some(signal) = status.signal() {
            return u8::try_from(128 + signal).unwrap_or(u8::MAX);
        }
    }
    status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

/// Says what was held back of what cargo asked for since `began`: newer releases of what is locked, or of whatever
/// where nothing is. The fence at `stays` goes on answering afterwards, so that its pages can be looked at.
fn tell(status: &Status, began: Time, project: &Project, stays: Option<&str>, shell: &Shell) {
    let lockfile = project.read_lockfile().ok();
    let refused = status.refused.iter().filter(|refused| refused.at >= began).count();
    let held: Vec<&Held> = status
        .held
        .iter()
        .filter(|held| held.asked >= began)
        .filter(|held| match &lockfile {
            Some(lockfile) => is_newer_than_locked(held, lockfile),
            // Nobody who names no version would get one of an older class.
            None => !held.older,
        })
        .collect();
    if held.is_empty() && refused == 0 {
        return;
    }
    if refused > 0 {
        // Cargo may ask for a package again.
        let mut told: Vec<&str> =
            status.refused.iter().filter(|r| r.at >= began).map(|r| r.release.as_str()).collect();
        told.sort_unstable();
        told.dedup();
        shell.status("Refused", &text::harmless(&told.join(", ")));
    }
    let folded = held.len().saturating_sub(HELD_TOLD);
    let most = if shell.verbosity == Verbosity::Verbose { held.len() } else { HELD_TOLD };
    for Held { name, version, instead, why, .. } in held.iter().take(most) {
        let instead = instead.as_ref().map(|instead| format!(" (instead: {instead})")).unwrap_or_default();
        shell.status("Held", &text::harmless(&format!("{name} {version}: {why}{instead}")));
    }
    if most < held.len() {
        shell.status("Held", &format!("and {folded} more (`--verbose` before `cargo` shows them)"));
    }
    if let Some(Held { registry, name, version, .. }) = held.first() {
        let of = Page::Release { registry: registry.clone(), name: name.clone(), version: version.clone() };
        let page = stays.map(|base| format!(", or look at {base}{}", of.path())).unwrap_or_default();
        let line = format!("`cargo fence why {name}@{version}` for all that is known of one{page}");
        shell.status("Ask", &text::harmless(&line));
    }
}

fn is_newer_than_locked(held: &Held, lockfile: &Lockfile) -> bool {
    lockfile.packages.iter().filter_map(|package| package.release()).any(|locked| {
        locked.name == held.name
            && locked.version < held.version
            && CaretClass::of(&locked.version) == CaretClass::of(&held.version)
    })
}

/// What a fence for one run tells: what somebody has to look at.
struct Told {
    from: Weight,
    reach: Reach,
}

impl Log for Told {
    fn hears(&self, weight: Weight) -> bool {
        weight >= self.from
    }

    fn tell(&self, event: &Event) {
        let is_wanted = match event.what {
            "request" => false,
            // Who wants no network need not be told that there is none; what is missing for it cargo tells.
            "upstream" => self.reach == Reach::Online,
            _ => true,
        };
        if self.hears(event.weight) && is_wanted {
            eprintln!("{}: {}", event.weight, text::harmless(&event.words));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_is_told_where_its_registries_are() {
        let folder = tempfile::tempdir().unwrap();
        let cargo_home = folder.path().to_str().unwrap();
        let environment =
            Environment::of([("CARGO", "the-cargo"), ("CARGO_HOME", cargo_home)], folder.path());
        std::fs::write(
            folder.path().join("config.toml"),
            "[registries.own]\nindex = \"sparse+https://r.example/index/\"\n",
        )
        .unwrap();
        let check = |words: &[&str], mounts: &[&str], expected: &str| {
            let args = Args { words: words.iter().map(OsString::from).collect() };
            let mounts: Vec<String> = mounts.iter().map(|mount| (*mount).to_owned()).collect();
            let command = cargo(&args, "http://127.0.0.1:7343", &mounts, &environment).unwrap();
            let told: Vec<_> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
            assert_eq!(format!("{} {}", command.get_program().to_string_lossy(), told.join(" ")), expected);
        };
        check(
            &["build", "--release"],
            &[CRATES_IO],
            "the-cargo --config source.crates-io.replace-with=\"fence\" \
             --config registries.fence.index=\"sparse+http://127.0.0.1:7343/crates-io/\" build --release",
        );
        check(
            &["+nightly", "build"],
            &["own"],
            "cargo +nightly \
             --config source.fence-in-front-of-own.registry=\"sparse+https://r.example/index/\" \
             --config source.fence-in-front-of-own.replace-with=\"fence-own\" \
             --config registries.fence-own.index=\"sparse+http://127.0.0.1:7343/own/\" build",
        );
    }

    #[test]
    fn no_configuration_leads_cargo_past_the_fence() {
        let folder = tempfile::tempdir().unwrap();
        let cargo_home = folder.path().to_str().unwrap();
        let check = |config: &str, variables: [(&str, &str); 2], expected: (&str, &str)| {
            std::fs::write(folder.path().join("config.toml"), config).unwrap();
            let [small, large] = variables;
            let environment = Environment::of([("CARGO_HOME", cargo_home), small, large], folder.path());
            let args = Args { words: vec!["build".into()] };
            let command =
                cargo(&args, "http://127.0.0.1:7343", &[CRATES_IO.to_owned()], &environment).unwrap();
            let told: Vec<_> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
            let past: Vec<_> = command.get_envs().map(|(name, value)| (name, value.unwrap())).collect();
            let index =
                format!("registries.{}.index=\"sparse+http://127.0.0.1:7343/crates-io/\"", expected.0);
            assert_eq!(told[1], format!("source.crates-io.replace-with={:?}", expected.0), "{config}");
            assert_eq!(told[3], index, "{config}");
            assert_eq!(past, [(OsStr::new("no_proxy"), OsStr::new(expected.1))], "{config}");
        };
        let no_variables = [("no_proxy", ""), ("NO_PROXY", "")];
        let elsewhere = "[source.fence]\nregistry = \"sparse+https://r.example/\"\n";
        check("", no_variables, ("fence", "127.0.0.1"));
        check(elsewhere, no_variables, ("fence-2", "127.0.0.1"));
        check(
            "[registries.fence]\nindex = \"sparse+https://r.example/\"\n",
            no_variables,
            ("fence-2", "127.0.0.1"),
        );
        // As `cargo fence enable` writes it.
        let enabled = "[source.crates-io]\nreplace-with = \"fence\"\n\n[registries.fence]\nindex = \"sparse+https://r.example/\"\n";
        check(enabled, no_variables, ("fence", "127.0.0.1"));
        check(&format!("{enabled}{elsewhere}"), no_variables, ("fence-2", "127.0.0.1"));
        check(
            &format!("{elsewhere}[source.fence-2]\ndirectory = \"vendor\"\n"),
            no_variables,
            ("fence-3", "127.0.0.1"),
        );
        check("[http]\nproxy = \"http://p.example\"\n", no_variables, ("fence", "127.0.0.1"));
        check("", [("no_proxy", ""), ("NO_PROXY", "a.example")], ("fence", "a.example,127.0.0.1"));
        check("", [("no_proxy", "*"), ("NO_PROXY", "a.example")], ("fence", "*"));
    }
}
