//! `cargo fetch` with a home of its own, direct or through a fence, and what a fence needs to let it pass.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::laid_out::{LaidOut, emptied, write};
use crate::run;
use crate::server::Fence;

/// Where cargo gets packages.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Route {
    /// From crates.io.
    Direct,
    /// From the fence at this address, by cargo's own configuration.
    Through(SocketAddr),
}

/// An empty `CARGO_HOME` with this route.
pub(crate) fn empty_home(home: &Path, route: Route) -> Result<(), String> {
    emptied(home)?;
    let config = match route {
        Route::Direct => String::new(),
        Route::Through(address) => format!(
            "[registries.fence]\nindex = \"sparse+http://{address}/crates-io/\"\n\n\
             [source.crates-io]\nreplace-with = \"fence\"\n"
        ),
    };
    write(&home.join("config.toml"), config)
}

/// Cargo in `project`, with this home.
pub(crate) fn cargo(project: &Path, home: &Path) -> Command {
    let mut command = run::cargo(project);
    command.env("CARGO_HOME", home);
    command
}

/// A fence in front of crates.io that admits what `lockfile` has: a project beneath `folder` in which `fence init` has
/// recorded it, under the policy of the data that are laid out.
pub(crate) fn vouching_fence(
    program: &Path,
    laid_out: &LaidOut,
    folder: &Path,
    lockfile: &Path,
) -> Result<Fence, String> {
    let fence = Fence {
        program: program.to_owned(),
        project: folder.join("project"),
        cache: folder.join("cache"),
        home: folder.join("home"),
        index: None,
    };
    emptied(folder)?;
    let locked = std::fs::read(lockfile).map_err(|error| format!("{}: {error}", lockfile.display()))?;
    let file = |name: &str| -> PathBuf { fence.project.join(name) };
    write(&file("Cargo.lock"), locked)?;
    // A manifest, so that the folder is a project as cargo sees it.
    write(&file("Cargo.toml"), "[workspace]\n")?;
    write(&file("fence.toml"), laid_out.policy()?)?;
    let mut init = Command::new(program);
    init.args(["fence", "init", "--accept-young", "--quiet", "--index"]).arg(laid_out.index());
    init.current_dir(&fence.project);
    init.env("CARGO_FENCE_CACHE", &fence.cache).env("CARGO_HOME", &fence.home);
    run::command(&mut init)?;
    // What it learnt on the way is no part of what is measured.
    emptied(&fence.cache)?;
    Ok(fence)
}
