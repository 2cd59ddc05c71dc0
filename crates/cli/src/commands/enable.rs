//! `cargo fence enable`: cargo is told, once and for all its commands, to ask the fence in place of crates.io.

use std::time::Duration;

use fence_client::Environment;
use fence_client::cargo_config::{CargoConfig, IndexLocation, Place, Route, is_crates_io, same_address};
use fence_client::http::{
    Answer, Ask, Http, HttpError, HttpSettings, Transfer, is_same_origin, shown as shown_address,
};
use fence_client::switch::{self, Access, Switch, Was};
use fence_registry::Limits;
use fence_registry::config::RegistryConfig;

use crate::args::{Global, Reach};
use crate::commands::Outcome;
use crate::configuration::{ConfigFile, Edited, Of, Whose, WhoseArgs};
use crate::error::{CliError, Misuse, shown, switching};
use crate::neighbour;
use crate::render::text;
use crate::shell::Shell;
use crate::standing::{CRATES_IO, policy_of};

/// The most that is read of where a fence sends those who download.
const ANSWER_BYTES: usize = 1 << 20;

/// Switch the fence on: tell cargo to ask it in place of crates.io
///
/// Writes a source replacement into cargo's configuration, in which everything else stays as it is; the change is shown
/// first, and asked for on a terminal. From then on plain `cargo build` gets what the policy admits, and it needs the
/// fence: `cargo fence serve` starts it. Cargo.lock does not change. Where a mirror stands in for crates.io, the fence
/// is put in front of that. `cargo fence disable` gives back the file as it was.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    whose: WhoseArgs,
    /// The address of a fence that others run, such as `https://fence.example.net`; without it, that of `cargo fence serve`
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

/// Writes the configuration, and says what else to do.
pub(crate) fn run(
    args: &Args,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<Outcome, CliError> {
    let base = base(args, environment)?;
    let index = format!("sparse+{base}/{CRATES_IO}/");
    let file = ConfigFile::find(args.whose.whose(), global, environment)?;
    if file.of == Of::Folder {
        return Err(Misuse::NoProject(file.root).into());
    }
    let config = CargoConfig::read(&file.root, environment)?;
    let source = stands_in_for(&config)?;
    names_are_free(&config, &file, &index)?;
    let found = match global.reach() {
        Reach::Online => Some(ask(&base, &config)?),
        Reach::Offline => None,
    };
    let access = if matches!(found, Some(Found::Closed)) { Access::Tokens } else { Access::Open };
    let wanted = Switch { source, index: index.clone(), access, made: file.lacks() };
    let before = file.text.as_deref().unwrap_or_default();
    let after = switch::on(before, &wanted).map_err(|problem| switching(&file.path, &problem))?;
    if after == before {
        shell.status("Unchanged", &format!("{} leads cargo to {base} already", shown(&file.path)));
    } else {
        let edit = file.edit(Some(after), wanted.made);
        edit.show(shell)?;
        if file.is_locked(global) {
            return Err(Misuse::Locked("cargo's configuration").into());
        }
        let question = format!("write this to {}?", shown(&file.path));
        if edit.make(&question, args.whose.consent(), shell)? == Edited::No {
            shell.status("Unchanged", "nothing was written");
            return Ok(Outcome::Undecided);
        }
        let scope = match file.whose {
            Whose::Project => "for this project",
            Whose::User => "for everything that you do with cargo",
        };
        shell.status("Enabled", &format!("the fence at {base}, {scope}, in {}", shown(&file.path)));
    }
    warn_of_others(&index, environment, shell)?;
    say_what_is_next(args, &base, found.as_ref(), global, environment, shell)?;
    Ok(Outcome::Pass)
}

/// The address of the fence, without a slash at its end.
fn base(args: &Args, environment: &Environment) -> Result<String, CliError> {
    let Some(url) = &args.url else { return Ok(format!("http://{}", neighbour::listen(environment)?)) };
    let base = url.strip_prefix("sparse+").unwrap_or(url).trim_end_matches('/');
    let base = base.strip_suffix(&format!("/{CRATES_IO}")).unwrap_or(base);
    let authority = base.strip_prefix("https://").or_else(|| base.strip_prefix("http://"));
    let is_plain =
        |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '\\' | '@' | '?' | '#' | '<' | '>');
    match authority {
        Some(rest) if !rest.is_empty() && rest.chars().all(is_plain) => Ok(base.to_owned()),
        _ => Err(Misuse::NoFenceUrl(url.clone()).into()),
    }
}

/// The source that the fence is to stand in for: crates.io, or a mirror that already does.
fn stands_in_for(config: &CargoConfig) -> Result<String, CliError> {
    let Route { replacements, registry } = config.route_of_crates_io()?;
    let Some(last) = replacements.last() else {
        return match &registry.location {
            IndexLocation::Sparse(_) => Ok("crates-io".to_owned()),
            IndexLocation::Git(address) if is_crates_io(address) => Ok("crates-io".to_owned()),
            other => Err(Misuse::NotBehindAFence(other.clone(), None).into()),
        };
    };
    if last.with == switch::NAME {
        return Ok(last.source.clone());
    }
    match &registry.location {
        // Of a registry's own description cargo follows no replacement.
        IndexLocation::Sparse(url)
            if config.place_of_source(&last.with).is_none() && last.with != "crates-io" =>
        {
            Err(Misuse::MirrorIsRegistry {
                name: last.with.clone(),
                index: url.clone(),
                place: last.place.clone(),
            }
            .into())
        }
        IndexLocation::Sparse(_) => Ok(last.with.clone()),
        other => Err(Misuse::NotBehindAFence(other.clone(), Some(last.place.clone())).into()),
    }
}

/// Whether nobody but a fence has the name by which cargo is to know it, in any file that counts here.
fn names_are_free(config: &CargoConfig, file: &ConfigFile, index: &str) -> Result<(), CliError> {
    let key = |table: &str| format!("{table}.{}", switch::NAME);
    if let Some(place) = config.place_of_source(switch::NAME)
        && !is_file(&place, file)
    {
        return Err(Misuse::NameTaken(key("source"), place).into());
    }
    match config.index_of_registry(switch::NAME)? {
        Some((other, place)) if !same_address(&other, index) && !is_file(&place, file) => {
            // What was written for the user stands back behind what is written for the project.
            let is_ours = matches!(&place, Place::File(path) if is_written_by_us(path));
            if is_ours { Ok(()) } else { Err(Misuse::NameTaken(key("registries"), place).into()) }
        }
        _ => Ok(()),
    }
}

fn is_file(place: &Place, file: &ConfigFile) -> bool {
    matches!(place, Place::File(path) if *path == file.path)
}

fn is_written_by_us(path: &std::path::Path) -> bool {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    switch::off(&text).is_ok_and(|off| matches!(off.was, Was::Written(_)))
}

/// What answers at an address.
enum Found {
    /// A fence, with the folder of its policy where it says so.
    Open(Option<String>),
    /// A fence that sends cargo elsewhere for packages: there.
    Elsewhere(String),
    /// Something that wants a token.
    Closed,
    /// Something that is no fence in front of crates.io.
    Other,
    /// Nothing.
    Nobody(HttpError),
}

/// Asks as cargo would.
fn ask(base: &str, config: &CargoConfig) -> Result<Found, CliError> {
    let settings = HttpSettings { timeout: Duration::from_secs(5), retries: 0, ..config.http_settings()? };
    let http = Http::new(&settings)?;
    Ok(match neighbour::ask(&http, base, None) {
        Ok(Some((status, _))) if status.registries.iter().any(|mounted| mounted.path == CRATES_IO) => {
            match downloads(&http, base).filter(|downloads| !is_same_origin(downloads, base)) {
                Some(elsewhere) => Found::Elsewhere(elsewhere),
                None => Found::Open(status.policy),
            }
        }
        Ok(_) => Found::Other,
        Err(HttpError::Denied { status: 401, .. }) => Found::Closed,
        Err(
            error @ (HttpError::Unreachable { .. }
            | HttpError::Unavailable { .. }
            | HttpError::Untrusted { .. }),
        ) => Found::Nobody(error),
        Err(_) => Found::Other,
    })
}

/// Where the fence at `base` sends those who download, if it says so.
fn downloads(http: &Http, base: &str) -> Option<String> {
    let url = format!("{base}/{CRATES_IO}/config.json");
    let (limit, transfer) = (ANSWER_BYTES, Transfer::Compressed);
    let answer = http.fetch(&Ask { url: &url, limit, unless: None, token: None, transfer });
    let Ok(Answer::Found { bytes, .. }) = answer else { return None };
    RegistryConfig::parse(&bytes, &Limits::DEFAULT).ok().map(|config| config.dl)
}

/// Tells where something nearer says otherwise in the current folder.
fn warn_of_others(index: &str, environment: &Environment, shell: &Shell) -> Result<(), CliError> {
    let Route { replacements, registry } =
        CargoConfig::read(environment.current_folder(), environment)?.route_of_crates_io()?;
    let is_asked = matches!(&registry.location, IndexLocation::Sparse(url) if same_address(&format!("sparse+{url}"), index));
    if !is_asked {
        let by = replacements.last().map(|last| format!(", by {}", place(&last.place))).unwrap_or_default();
        shell.warning(&format!(
            "in this folder cargo asks {} all the same{by}; `cargo fence disable` there, or take that out by hand",
            registry.name
        ));
    }
    Ok(())
}

fn place(place: &Place) -> String {
    match place {
        Place::File(path) => shown(path),
        Place::Variable(_) => place.to_string(),
    }
}

fn say_what_is_next(
    args: &Args,
    base: &str,
    found: Option<&Found>,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<(), CliError> {
    let project = policy_of(global, environment)?;
    let without = "without it cargo can neither resolve nor download";
    match found {
        Some(Found::Open(policy)) => {
            let policy =
                policy.as_ref().map(|folder| format!(", by the policy of {}", text::harmless(folder)));
            shell.status("Answers", &format!("{base}{}", policy.unwrap_or_default()));
        }
        Some(Found::Elsewhere(downloads)) => shell.warning(&format!(
            "the fence at {base} sends cargo elsewhere for packages, to {}\n         \
             whoever runs it says with `cargo fence serve --url URL` where its clients reach it",
            shown_address(downloads.split('{').next().unwrap_or_default())
        )),
        Some(Found::Closed) => shell.status(
            "Next",
            &format!("`cargo login --registry {}` with a token: the fence wants one", switch::NAME),
        ),
        Some(Found::Other) => shell.warning(&format!(
            "what answers at {base} is no fence in front of crates.io, and {without}\n         \
             `cargo fence serve --help` says how one is started"
        )),
        Some(Found::Nobody(why)) => {
            let why = match why {
                HttpError::Unreachable { cause, .. } | HttpError::Untrusted { cause, .. } => cause.clone(),
                other => other.to_string(),
            };
            let next = match args.url {
                Some(_) => "who runs it can say why; `cargo fence disable` takes this back",
                None => {
                    "`cargo fence serve` starts one; `cargo fence serve --install` lets systemd start it whenever you \
                     log in"
                }
            };
            shell.warning(&format!("no fence answers at {base} yet, and {without}: {why}\n         {next}"));
        }
        None => shell.status("Next", &format!("a fence has to answer at {base}: {without}")),
    }
    if project.lockfile.is_file() && !project.baseline.exists() {
        shell.status(
            "Next",
            "`cargo fence init` records what Cargo.lock pins today, so that none of it is refused",
        );
    }
    Ok(())
}
