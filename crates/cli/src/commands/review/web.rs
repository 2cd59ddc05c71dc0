//! `cargo fence review --web`: the same change in a browser, as the fence that stands here shows it.

use std::io;
use std::process::{Command, Stdio};

use fence_client::Environment;
use fence_client::packages::Packages;
use fence_model::CrateName;
use fence_proxy::answer::{Change, Layout, Page};
use semver::Version;

use super::Args;
use crate::args::{Global, Spec};
use crate::commands::Outcome;
use crate::commands::scan::registry;
use crate::error::{CliError, Misuse};
use crate::neighbour;
use crate::shell::Shell;
use crate::standing::{CRATES_IO, policy_of};

/// Opens the page of a change, and prints where it is.
pub(super) fn open(
    args: &Args,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<Outcome, CliError> {
    let spec: Spec = args.package.parse().map_err(|_| Misuse::NotOnAPage(args.package.clone()))?;
    let from = args.from.as_deref().map(|from| base(from, &spec.name)).transpose()?;
    let project = policy_of(global, environment)?;
    let fence = neighbour::of(&project, global.reach(), environment)?;
    let version = match spec.version {
        Some(version) => version,
        None => newest(&spec.name, global, environment)?,
    };
    let page = Page::Change(Change {
        registry: CRATES_IO.to_owned(),
        name: spec.name,
        version,
        from,
        layout: Layout::Inline,
    });
    let url = format!("{}{}", fence.base, page.path());
    if let Err(why) = browse(&url, environment) {
        shell.warning(&format!("no browser can be started: {why}"));
    }
    shell.print(&format!("{url}\n"))?;
    Ok(Outcome::Pass)
}

/// The release to compare with that `--from` names.
fn base(from: &str, name: &CrateName) -> Result<Version, CliError> {
    let version = from.strip_prefix('@').unwrap_or(from).parse::<Version>().ok();
    let of_spec =
        || from.parse::<Spec>().ok().filter(|spec| spec.name == *name).and_then(|spec| spec.version);
    version.or_else(of_spec).ok_or_else(|| Misuse::NotOnAPage(from.to_owned()).into())
}

/// The newest release, as who reads it in the terminal gets it.
fn newest(name: &CrateName, global: &Global, environment: &Environment) -> Result<Version, CliError> {
    let registry = registry(global, environment)?;
    let packages = Packages { environment, registry: registry.as_ref() };
    let listed = packages.list(name)?.into_iter().filter(|one| !one.yanked && one.version.pre.is_empty());
    let newest = listed.map(|one| one.version).max();
    newest.ok_or_else(|| {
        CliError::new(format!("there is no release of {name} that is neither yanked nor a pre-release"))
    })
}

/// Has the user's browser show a page. Nobody waits for it: it may be the browser itself that was started.
fn browse(url: &str, environment: &Environment) -> io::Result<()> {
    let (program, before): (&str, &[&str]) = match environment.var("BROWSER") {
        Some(program) => (program, &[]),
        None if cfg!(target_os = "macos") => ("open", &[]),
        // The first word in quotes would be the title of a window.
        None if cfg!(windows) => ("cmd", &["/c", "start", ""]),
        None => ("xdg-open", &[]),
    };
    let mut command = Command::new(program);
    command.args(before).arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let told = |error: io::Error| io::Error::new(error.kind(), format!("{program}: {error}"));
    command.spawn().map(drop).map_err(told)
}
