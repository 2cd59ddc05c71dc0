//! `cargo fence serve`: a registry for unmodified cargo, which has what the policy admits.

mod service;
mod unit;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use fence_client::Environment;
use fence_client::project;
use fence_proxy::event::{Event, Log, Weight};
use fence_proxy::fence::{Journals, Term};
use fence_proxy::log::{JsonLines, Lines};
use fence_proxy::server::{CertificateFiles, Tokens};

use crate::args::{Global, NamedPath, named_path};
use crate::commands::Outcome;
use crate::error::{CliError, Misuse};
use crate::neighbour;
use crate::render::text;
use crate::session::clock;
use crate::shell::{Shell, Verbosity};
use crate::standing::{Plan, Standing};

/// Tells the allocator of glibc how many arenas it may have.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const ARENAS: &str = "MALLOC_ARENA_MAX";

/// The most that is read of a file of tokens.
const TOKENS_BYTES: u64 = 1 << 20;

/// Stand between cargo and its registry: serve what the policy admits
///
/// Runs until it is stopped. Cargo asks it in place of crates.io where it is told so, with
/// `source.crates-io.replace-with`; `cargo fence cargo` does that by itself. Releases that are not admitted are shown as
/// yanked, and their packages are refused with the reason. The policy is that of the current folder, and is read again
/// when it changes. A browser at the same address shows people what is held, and why.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Listen at this address and port; else at that of CARGO_FENCE_LISTEN, else at 127.0.0.1:7343
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// The address under which clients reach the fence, where that is not where it listens
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Stand in front of this registry of cargo's configuration too; can be repeated
    #[arg(long = "registry", value_name = "NAME")]
    registries: Vec<String>,
    /// Serve over TLS with this certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,
    /// The certificate's private key, in PEM
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
    /// Serve those only who show a token of this file, which has one on each line
    #[arg(long, value_name = "FILE")]
    tokens: Option<PathBuf>,
    /// How events are written to stderr
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    log: LogFormat,
    /// Let a folder of index files answer for crates.io
    #[arg(long, value_name = "FOLDER")]
    index: Option<PathBuf>,
    /// Read a feed from a folder, an archive or a file instead of where the policy says; can be repeated
    #[arg(long = "feed", value_name = "NAME=PATH", value_parser = named_path)]
    feeds: Vec<NamedPath>,
    /// Have systemd serve with these options whenever you log in, instead of serving now
    #[arg(long, conflicts_with = "uninstall")]
    install: bool,
    /// Remove what --install wrote
    #[arg(long)]
    uninstall: bool,
    /// With --install and --uninstall: write without a question
    #[arg(long, short)]
    yes: bool,
}

/// How events are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum LogFormat {
    /// A line for people
    Human,
    /// A JSON object
    Json,
}

/// Serves until somebody stops it.
pub(crate) fn run(
    args: &Args,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<Outcome, CliError> {
    let listen = args.listen.map_or_else(|| neighbour::listen(environment), Ok)?;
    if args.uninstall {
        return service::uninstall(listen, args, environment, shell);
    }
    if listen.ip().is_unspecified() && args.url.is_none() {
        return Err(Misuse::NoUrl(listen).into());
    }
    let here = environment.current_folder();
    let tokens = args.tokens.as_ref().map(|file| read_tokens(&here.join(file))).transpose()?;
    let files = |(certificate, key): (&PathBuf, &PathBuf)| CertificateFiles {
        certificate: here.join(certificate),
        key: here.join(key),
    };
    let from = match shell.verbosity {
        Verbosity::Quiet => Weight::Warning,
        Verbosity::Normal => Weight::Note,
        Verbosity::Verbose => Weight::Detail,
    };
    let log: Arc<dyn Log> = match args.log {
        LogFormat::Human => Arc::new(Lines::new(io::stderr(), from)),
        LogFormat::Json => Arc::new(JsonLines::new(io::stderr(), from)),
    };
    let index = args.index.as_ref().map(|folder| here.join(folder));
    if let Some(folder) = index.as_ref().filter(|folder| !folder.is_dir()) {
        return Err(Misuse::NoSuchIndex(folder.clone()).into());
    }
    if args.install {
        return service::install(listen, args, global, environment, shell);
    }
    with_few_arenas(environment);
    let plan = Plan {
        listen,
        url: args.url.clone(),
        index,
        registries: args.registries.clone(),
        feeds: &args.feeds,
        certificate: args.certificate.as_ref().zip(args.key.as_ref()).map(files),
        tokens,
        journals: Journals::Shared,
        term: Term::Open,
        log,
    };
    let standing = Standing::up(plan, global, environment)?;
    // Before anybody is told that it stands, and may ask it to end.
    let stopped = {
        let _runtime = standing.runtime.enter();
        stopped()
    };
    for (path, registry) in &standing.mounts {
        let index = format!("sparse+{}/{path}/", standing.base);
        let words = format!("{index}, in front of {registry}");
        match args.log {
            LogFormat::Human => shell.status("Listening", &text::harmless(&words)),
            // Who reads JSON reads nothing else.
            LogFormat::Json => standing.log.tell(&Event {
                at: clock(),
                weight: Weight::Note,
                what: "listening",
                fields: vec![("index", index), ("registry", registry.clone())],
                words,
            }),
        }
    }
    if args.log == LogFormat::Human {
        let words = format!("{}/ to people: what is held, and why", standing.base);
        shell.status("Showing", &text::harmless(&words));
    }
    standing.serve(stopped)?;
    Ok(Outcome::Pass)
}

/// Ends when somebody asks the process to end. Called where a runtime is: from then on such a request is heard.
fn stopped() -> impl Future<Output = ()> {
    #[cfg(unix)]
    {
        use std::task::Poll;
        use tokio::signal::unix::{Signal, SignalKind, signal};
        let kinds = [SignalKind::interrupt(), SignalKind::terminate()];
        // Where there is no such signal, there is another way to end it.
        let mut signals: Vec<Signal> = kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect();
        std::future::poll_fn(move |context| {
            let is_asked = signals.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
            if is_asked { Poll::Ready(()) } else { Poll::Pending }
        })
    }
    #[cfg(not(unix))]
    async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Starts this program anew, as the same process, where the system's allocator would keep what each of many threads had
/// at its worst: with the two arenas that are asked for here a fence that has served a registry holds a third of the
/// memory. Where that fails the fence serves all the same.
fn with_few_arenas(environment: &Environment) {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    if environment.var(ARENAS).is_none()
        && environment.var("GLIBC_TUNABLES").is_none()
        && let Ok(program) = std::env::current_exe()
    {
        use std::os::unix::process::CommandExt as _;
        let mut words = std::env::args_os();
        let name = words.next().unwrap_or_default();
        let failed = std::process::Command::new(program).arg0(name).args(words).env(ARENAS, "2").exec();
        drop(failed);
    }
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    let _ = environment;
}

fn read_tokens(file: &std::path::Path) -> Result<Tokens, CliError> {
    let text =
        project::read_text(file, TOKENS_BYTES)?.ok_or_else(|| Misuse::NoSuchTokens(file.to_owned()))?;
    Tokens::new(text.lines()).map_err(|_| Misuse::NoTokens(file.to_owned()).into())
}
