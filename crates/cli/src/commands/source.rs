//! `cargo fence source`: is a package what its repository has?

use fence_client::Environment;
use fence_client::Limits;
use fence_client::cache::Cache;
use fence_client::cargo_config::CargoConfig;
use fence_client::packages::Packages;
use fence_client::scanner::Packed;
use fence_client::source::{Looker, Place, Record, Records};
use fence_model::Digest;
use fence_model::beside::{Older, newest_usual};
use semver::Version;

use crate::args::{Global, Spec};
use crate::commands::Outcome;
use crate::commands::scan::{Opened, is_release, registry, warn_of_open};
use crate::error::{CliError, Misuse};
use crate::looking::scanner;
use crate::render::source as render;
use crate::session;
use crate::shell::Shell;

/// Compare a package with the commit of its repository that it says it was made from
///
/// What is in the package and not in the repository comes first, then what is otherwise there. What cargo itself changes is
/// allowed for: `Cargo.toml` is compared as its author wrote it, `Cargo.lock` not at all, links and a readme from outside
/// of the package by what is in them. A commit that the repository lacks, changes that nobody committed and a tag on another
/// commit are told, and who has commits in the release and none before.
///
/// The repository is fetched with the installed git, over https alone, into a folder that is removed again; nothing of it is
/// checked out or run. Which repository it is, the package itself says: look whether it is the one that you know.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A release as CRATE or CRATE@VERSION, a folder with a Cargo.toml, or a `.crate` file
    #[arg(value_name = "PACKAGE")]
    package: String,
    /// Compare with this clone, or this address of https, ssh or file, instead of what the package names
    #[arg(long, value_name = "PATH|URL")]
    repository: Option<String>,
    /// Tell who is new since this VERSION of the same crate, folder or `.crate` file instead of the newest older release
    #[arg(long, value_name = "PACKAGE")]
    from: Option<String>,
    /// How the result is written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Human)]
    format: Format,
    /// End with exit code 1 where the package has something that the repository has not, where something that is built could
    /// not be compared, and where its commit is not there or on no branch
    #[arg(long)]
    fail_on_difference: bool,
}

/// How the result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    Human,
    /// For machines: one document, as docs/source.schema.json describes it
    Json,
}

/// Compares, and prints.
pub(crate) fn run(
    args: &Args,
    global: &Global,
    environment: &Environment,
    shell: &Shell,
) -> Result<Outcome, CliError> {
    let folder = environment.current_folder();
    let place = args.repository.as_deref().map(|text| Place::named(text, folder)).transpose()?;
    let Asked { packed, digest, base } = Asked::of(args, global, environment, shell)?;
    let cargo = CargoConfig::read(folder, environment)?;
    let cache = Cache::of(environment)?;
    let looker = Looker {
        scanner: &scanner()?,
        cache: &cache,
        network: &session::network(global, &cargo)?,
        settings: &cargo.http_settings()?,
        limits: Limits::DEFAULT,
    };
    let base = base.as_ref().map(|(version, packed)| (version.as_str(), packed));
    let source = looker.look(&packed, place.as_ref(), base)?;
    warn_of_open(&source.open, shell);
    let named = place.map_or_else(|| Place::of_manifest(&source.origin.repository).ok(), Some);
    let text = match args.format {
        Format::Human => render::human(&source, named.as_ref(), shell),
        Format::Json => render::json(&source, named.as_ref()),
    };
    shell.print(&text)?;
    if let (Some(digest), Some(place)) = (digest, &named) {
        let record = Record { at: session::clock(), repository: place.shown(), source: source.clone() };
        if let Err(why) = Records::of(&cache).put(digest, &record) {
            shell.warning(&format!("what came of it is not kept: {why}"));
        }
    }
    Ok(if args.fail_on_difference && !source.matches() { Outcome::Fail } else { Outcome::Pass })
}

/// What is compared.
struct Asked {
    packed: Packed,
    /// Its digest, where it is a release of a registry.
    digest: Option<Digest>,
    /// The older one since which authors are new, by its name.
    base: Option<(String, Packed)>,
}

impl Asked {
    fn of(args: &Args, global: &Global, environment: &Environment, shell: &Shell) -> Result<Self, CliError> {
        let open = |text: &str| Opened::of(text, global, environment, shell);
        if !is_release(&args.package, environment) {
            let packed = open(&args.package)?.packed;
            let base = args.from.as_ref().map(|from| Ok::<_, CliError>((from.clone(), open(from)?.packed)));
            return Ok(Self { packed, digest: None, base: base.transpose()? });
        }
        let spec: Spec = args.package.parse().map_err(|why| Misuse::NoPackage(args.package.clone(), why))?;
        let registry = registry(global, environment)?;
        let packages = Packages { environment, registry: registry.as_ref() };
        let found = packages.release(&spec.name, spec.version.as_ref())?;
        let of_version = |version: &Version| {
            Ok::<_, CliError>((version.to_string(), packages.release(&spec.name, Some(version))?.package))
        };
        let base = match &args.from {
            Some(from) => match from.strip_prefix('@').unwrap_or(from).parse::<Version>() {
                Ok(version) => Some(of_version(&version)?),
                Err(_) => Some((from.clone(), open(from)?.packed)),
            },
            None => {
                let listed = packages.list(&spec.name)?;
                let listed = listed.iter().map(|one| Older { version: &one.version, yanked: one.yanked });
                newest_usual(&found.release.version, listed).map(of_version).transpose()?
            }
        };
        Ok(Self { packed: found.package, digest: Some(found.digest), base })
    }
}
