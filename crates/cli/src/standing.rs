//! A fence that stands in this process: what the commands that stand one up have in common.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fence_client::Environment;
use fence_client::cache::Cache;
use fence_client::cargo_config::{CargoConfig, IndexLocation, Registry};
use fence_client::project::{self, Project};
use fence_client::readings;
use fence_client::scanner::Packed;
use fence_proxy::RulesOf;
use fence_proxy::answer::Answers;
use fence_proxy::event::Log;
use fence_proxy::fence::{Fence, Journals, Mount, Setup, Term, Times, Tokens};
pub(crate) use fence_proxy::server::USUAL_ADDRESS;
use fence_proxy::server::{CertificateFiles, Names, Server, Settings};
use tokio::runtime::Runtime;

use crate::args::{Global, NamedPath};
use crate::error::{self, CliError, Misuse};
use crate::explain;
use crate::looking::scanner;
use crate::session::{cargo, clock, feeds_of, network};

/// How many threads wait for disks and registries at a time. Each keeps some memory of its own.
const BLOCKING_THREADS: usize = 40;

/// The folder of crates.io below the fence's address.
pub(crate) const CRATES_IO: &str = "crates-io";

/// How a fence is to stand.
pub(crate) struct Plan<'a> {
    pub(crate) listen: SocketAddr,
    /// The address under which clients reach it, where that is not where it listens.
    pub(crate) url: Option<String>,
    /// A folder that answers for crates.io.
    pub(crate) index: Option<PathBuf>,
    /// Registries of cargo's configuration, by name, beside crates.io.
    pub(crate) registries: Vec<String>,
    pub(crate) feeds: &'a [NamedPath],
    pub(crate) certificate: Option<CertificateFiles>,
    pub(crate) tokens: Option<fence_proxy::server::Tokens>,
    pub(crate) journals: Journals,
    pub(crate) term: Term,
    pub(crate) log: Arc<dyn Log>,
}

/// A fence that listens, and does not serve yet.
pub(crate) struct Standing {
    pub(crate) runtime: Runtime,
    pub(crate) fence: Fence,
    /// The address under which clients reach it, without a slash at the end.
    pub(crate) base: String,
    /// The registries in front of which it stands: the folder of its address, and what people call it.
    pub(crate) mounts: Vec<(String, String)>,
    pub(crate) log: Arc<dyn Log>,
    server: Server,
}

impl Standing {
    /// Takes the port, reads rules and feeds.
    pub(crate) fn up(plan: Plan<'_>, global: &Global, environment: &Environment) -> Result<Self, CliError> {
        let no_runtime =
            |why: std::io::Error| CliError::new(format!("the fence cannot start its threads: {why}"));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .max_blocking_threads(BLOCKING_THREADS)
            .build()
            .map_err(no_runtime)?;
        let settings = Settings {
            certificate: plan.certificate,
            tokens: plan.tokens,
            names: plan.url.as_deref().map(Names::of_url).unwrap_or_default(),
            ..Settings::at(plan.listen)
        };
        let tokens = if settings.tokens.is_some() { Tokens::Required } else { Tokens::None };
        let scheme = if settings.certificate.is_some() { "https" } else { "http" };
        // The port first: whoever has it may be the fence that is wanted.
        let server = runtime.block_on(Server::bind(settings))?;
        let base = plan.url.unwrap_or_else(|| format!("{scheme}://{}", server.address()));
        let base = base.trim_end_matches('/').to_owned();
        let config = CargoConfig::read(environment.current_folder(), environment)?;
        let network = network(global, &config)?;
        let own = own_addresses(&base, scheme, server.address());
        let mounts = mounts(&config, plan.index.as_deref(), &plan.registries, &own)?;
        let told = mounts.iter().map(|mount| (mount.path.clone(), mount.registry.name.clone())).collect();
        let state = environment.state_folder().ok_or(Misuse::NoStateFolder)?;
        let scanner = scanner()?;
        let for_people = scanner.clone();
        let setup = Setup {
            mounts,
            rules: RulesOf::Project(Box::new(policy_of(global, environment)?)),
            feeds: feeds_of(plan.feeds, environment)?,
            cargo: config,
            network,
            cache: Cache::of(environment)?,
            state,
            journals: plan.journals,
            term: plan.term,
            base: base.clone(),
            tokens,
            clock: Arc::new(clock),
            log: Arc::clone(&plan.log),
            words: error::problems,
            explain: explain::body,
            reads: Some(Arc::new(move |base: Option<&Packed>, package: &Packed| {
                readings::read(&scanner, base, package)
            })),
            compares: Some(Arc::new(move |old: &Packed, new: &Packed| for_people.read(old, new).result)),
            times: Times::default(),
        };
        let fence = runtime.block_on(Fence::build(setup))?;
        Ok(Self { runtime, fence, base, mounts: told, server, log: plan.log })
    }

    /// Serves until `stop`, and lets what is under way end.
    pub(crate) fn serve(self, stop: impl Future<Output = ()>) -> Result<(), CliError> {
        let Self { runtime, fence, server, log, .. } = self;
        let served = runtime.block_on(async {
            fence.start();
            let served = server.serve(Arc::new(fence.clone()) as Arc<dyn Answers>, log, clock, stop).await;
            fence.rest().await;
            served
        });
        // What is still read is read again by the next.
        drop(fence);
        runtime.shutdown_timeout(Duration::from_secs(1));
        Ok(served?)
    }
}

/// All addresses under which a fence reaches itself: asking there it would ask for ever.
fn own_addresses(base: &str, scheme: &str, listens: SocketAddr) -> Vec<String> {
    let mut own = vec![base.to_owned(), format!("{scheme}://{listens}")];
    if listens.ip().is_unspecified() || listens.ip().is_loopback() {
        let port = listens.port();
        own.extend(["127.0.0.1", "[::1]", "localhost"].map(|host| format!("{scheme}://{host}:{port}")));
    }
    own
}

/// Whose policy counts here: the project's, or that of the folder.
pub(crate) fn policy_of(global: &Global, environment: &Environment) -> Result<Project, CliError> {
    Ok(project::find_policy(&project::Asked {
        start: environment.current_folder().to_owned(),
        manifest: global.manifest_path.clone(),
        lockfile: None,
        cargo: Some(cargo(environment)),
    })?)
}

/// The registries in front of which the fence stands, crates.io first. Where cargo is told that the fence itself stands
/// in for crates.io, it is crates.io that is asked, or the mirror for which it stands in.
fn mounts(
    config: &CargoConfig,
    index: Option<&std::path::Path>,
    registries: &[String],
    own: &[String],
) -> Result<Vec<Mount>, CliError> {
    let is_ours = |registry: &Registry| match &registry.location {
        IndexLocation::Sparse(url) => own.iter().any(|base| url.starts_with(&format!("{base}/"))),
        IndexLocation::Folder(_) | IndexLocation::Git(_) | IndexLocation::Vendored(_) => false,
    };
    let crates_io = match index {
        Some(folder) => Registry::in_folder(folder),
        None => {
            let route = config.route_of_crates_io()?;
            if is_ours(&route.registry) { config.registry_behind(&route)? } else { route.registry }
        }
    };
    let mut mounts = vec![Mount { path: CRATES_IO.to_owned(), registry: crates_io, index: None }];
    for name in registries {
        if !fence_proxy::answer::is_registry_name(name) {
            return Err(Misuse::NoRegistryName(name.clone()).into());
        }
        let (registry, index) = config.registry_named(name)?;
        mounts.push(Mount { path: name.clone(), registry, index: Some(index) });
    }
    Ok(mounts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_knows_itself_by_all_its_addresses() {
        let listens = |address: &str| {
            own_addresses("https://fence.example", "http", address.parse().unwrap()).join(" ")
        };
        assert_eq!(
            listens("0.0.0.0:7343"),
            "https://fence.example http://0.0.0.0:7343 http://127.0.0.1:7343 http://[::1]:7343 http://localhost:7343"
        );
        assert_eq!(listens("192.0.2.1:7343"), "https://fence.example http://192.0.2.1:7343");
    }
}
