//! The fence next door: one that stands already, here or where cargo's configuration leads.
//!
//! [`of`] finds it for a command that wants to look at it: first where cargo itself asks, then at the ports of this
//! machine where `cargo fence serve` and `cargo fence cargo` stand one up. Whether something is a fence is told by one
//! thing: that it has a `/status.json` which [`parse`] understands; [`ask`] reads that for all commands. What it says of
//! itself is its own word, and a stranger's.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use fence_client::Environment;
use fence_client::cargo_config::{CargoConfig, IndexLocation, Registry};
use fence_client::http::{Answer, Ask, Http, HttpError, HttpSettings, Secret, Transfer, is_loopback, shown};
use fence_client::index;
use fence_client::project::Project;
use fence_model::{CrateName, Time};
use semver::Version;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::args::Reach;
use crate::error::{CliError, Misuse};
use crate::standing::{CRATES_IO, USUAL_ADDRESS};

/// How many ports beside the usual one are tried, where another project's fence has that.
const OTHER_PORTS: u16 = 8;

/// The most that is read of a fence's status.
const STATUS_BYTES: usize = 16 << 20;

/// How long a fence may take to say how it is.
const PATIENCE: Duration = Duration::from_secs(5);

/// The format of the status that is understood here.
const FORMAT: u32 = 1;

/// A fence that answers.
#[derive(Debug)]
pub(crate) struct Neighbour {
    /// Its address, without a slash at the end, fit to be shown.
    pub(crate) base: String,
    /// What it says of itself.
    pub(crate) status: Status,
    /// The same, as it came.
    pub(crate) document: Box<RawValue>,
    /// Who asks it from here.
    pub(crate) asked_by: AskedBy,
}

/// Who asks a fence from a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AskedBy {
    /// Cargo, as it is configured.
    Cargo,
    /// `cargo fence cargo` alone: cargo's own configuration leads to this registry.
    CargoFence(String),
}

/// Why there is no fence to look at.
#[derive(Debug)]
pub(crate) enum NoNeighbour {
    /// None stands for this policy on this machine.
    Nowhere {
        /// The policy's folder.
        policy: PathBuf,
        /// Those that stand for others: where, and the folder of their policy.
        others: Vec<(String, Option<String>)>,
    },
    /// Cargo is told to ask one, and it does not answer.
    Silent(String, HttpError),
    /// Cargo is told to ask one that is not on this machine, and the network is not to be used.
    Away(String),
}

/// What a fence says of itself. What came with a later version may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Status {
    format: u32,
    pub(crate) version: String,
    pub(crate) policy: Option<String>,
    pub(crate) level: String,
    pub(crate) policy_wrong: Option<String>,
    pub(crate) now: Time,
    pub(crate) since: Option<Time>,
    pub(crate) counted_up_to: Option<Time>,
    #[serde(default)]
    pub(crate) behind: Vec<String>,
    pub(crate) registries: Vec<Mounted>,
    pub(crate) feeds: Vec<Feed>,
    pub(crate) kept: Option<Kept>,
    pub(crate) alarms: Vec<Alarm>,
    pub(crate) refused: Vec<Refused>,
    pub(crate) held_releases: Option<usize>,
    pub(crate) held: Vec<Held>,
}

/// A registry in front of which it stands.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Mounted {
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) crates: usize,
    pub(crate) refused_releases: usize,
    pub(crate) journal_lines: usize,
}

/// A feed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Feed {
    pub(crate) name: String,
    /// `advisories` or `audits`; a fence of an older version does not tell.
    #[serde(default)]
    pub(crate) role: String,
    pub(crate) state: String,
    pub(crate) as_of: Option<Time>,
}

/// The packages that it keeps.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Kept {
    pub(crate) packages: u64,
    pub(crate) bytes: u64,
}

/// What somebody has to look at.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Alarm {
    pub(crate) kind: String,
    pub(crate) since: Time,
    pub(crate) at: Time,
    pub(crate) about: String,
    pub(crate) words: String,
}

/// A download that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Refused {
    pub(crate) at: Time,
    pub(crate) release: String,
    pub(crate) why: String,
}

/// A release that is held back.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Held {
    pub(crate) registry: String,
    pub(crate) name: CrateName,
    pub(crate) version: Version,
    pub(crate) instead: Option<Version>,
    pub(crate) published: Option<Time>,
    #[serde(default)]
    pub(crate) older: bool,
    pub(crate) label: Option<String>,
    pub(crate) asked: Time,
    pub(crate) why: String,
}

impl Feed {
    /// Whether it vouches for releases, rather than speaking against them.
    pub(crate) fn is_audits(&self) -> bool {
        self.role == "audits"
    }

    /// Whether it vouches for releases, and was never there to be read. What was there and made no sense is another thing.
    pub(crate) fn is_unread_audits(&self) -> bool {
        self.is_audits() && self.as_of.is_none() && self.state != "invalid"
    }
}

impl Neighbour {
    /// Whether its folders are those of this machine.
    pub(crate) fn is_on_this_machine(&self) -> bool {
        is_loopback(&self.base)
    }
}

/// Where a fence listens here, or is to listen.
pub(crate) fn listen(environment: &Environment) -> Result<SocketAddr, CliError> {
    match environment.var("CARGO_FENCE_LISTEN") {
        None => Ok(USUAL_ADDRESS),
        Some(text) => text.parse().map_err(|_| Misuse::NoAddress(text.to_owned()).into()),
    }
}

/// The addresses at which a fence may stand, the usual one first.
pub(crate) fn addresses(listen: SocketAddr) -> impl Iterator<Item = SocketAddr> {
    let ports = (0..=OTHER_PORTS).filter_map(move |more| listen.port().checked_add(more));
    ports.map(move |port| SocketAddr::new(listen.ip(), port))
}

/// What the fence at `base`, on this machine, says of itself; none where there is none that can be understood.
pub(crate) fn at(base: &str) -> Option<Status> {
    let http = Http::new(&on_this_machine()).ok()?;
    ask(&http, base, None).ok()?.map(|(status, _)| status)
}

/// What a fence wrote of itself.
pub(crate) fn parse(json: &[u8]) -> Option<Status> {
    serde_json::from_slice::<Status>(json).ok().filter(|status| status.format == FORMAT)
}

/// The fence that stands for a project: the one that cargo asks there, else the one of its policy on this machine.
pub(crate) fn of(project: &Project, reach: Reach, environment: &Environment) -> Result<Neighbour, CliError> {
    let config = CargoConfig::read(environment.current_folder(), environment)?;
    let crates_io = config.crates_io()?;
    if let Some(base) = base_of(&crates_io)
        && let Some((status, document)) = configured(&config, &crates_io, base, reach)?
    {
        return Ok(Neighbour { base: shown(base), status, document, asked_by: AskedBy::Cargo });
    }
    let policy = project.policy_folder().display().to_string();
    let http = Http::new(&on_this_machine())?;
    let mut others = Vec::new();
    for address in addresses(listen(environment)?) {
        let base = format!("http://{address}");
        match ask(&http, &base, None) {
            Ok(Some((status, document))) if status.policy.as_ref() == Some(&policy) => {
                let asked_by = AskedBy::CargoFence(crates_io.name);
                return Ok(Neighbour { base, status, document, asked_by });
            }
            Ok(Some((status, _))) => others.push((base, status.policy)),
            // Whoever listens there is no fence, or one that is not for everybody.
            Ok(None) | Err(_) => {}
        }
    }
    Err(NoNeighbour::Nowhere { policy: project.policy_folder().to_owned(), others }.into())
}

/// The address of the fence that answers for a registry, if it can be one: a fence has crates.io in a folder of that name.
fn base_of(registry: &Registry) -> Option<&str> {
    match &registry.location {
        IndexLocation::Sparse(url) => url.strip_suffix('/')?.strip_suffix(CRATES_IO)?.strip_suffix('/'),
        IndexLocation::Folder(_) | IndexLocation::Git(_) | IndexLocation::Vendored(_) => None,
    }
}

/// What the fence says that cargo asks; none where that is a registry of another kind.
fn configured(
    config: &CargoConfig,
    registry: &Registry,
    base: &str,
    reach: Reach,
) -> Result<Option<(Status, Box<RawValue>)>, CliError> {
    let settings = match is_loopback(base) {
        true => on_this_machine(),
        false if reach == Reach::Offline => return Err(NoNeighbour::Away(shown(base)).into()),
        false => HttpSettings { timeout: PATIENCE, retries: 0, ..config.http_settings()? },
    };
    answering(&Http::new(&settings)?, registry)
}

/// What the fence says that answers for a registry, which is asked for its token where it wants one; none where that is a
/// registry of another kind.
pub(crate) fn answering(
    http: &Http,
    registry: &Registry,
) -> Result<Option<(Status, Box<RawValue>)>, CliError> {
    let Some(base) = base_of(registry) else { return Ok(None) };
    let told = match ask(http, base, None) {
        Err(HttpError::Denied { .. }) => {
            let token = index::token(registry, &format!("{base}/{CRATES_IO}/"))?;
            ask(http, base, token.as_ref())
        }
        told => told,
    };
    told.map_err(|error| NoNeighbour::Silent(shown(base), error).into())
}

/// Asks what is at `base` for its status; none where it is no fence that can be understood.
pub(crate) fn ask(
    http: &Http,
    base: &str,
    token: Option<&Secret>,
) -> Result<Option<(Status, Box<RawValue>)>, HttpError> {
    let url = format!("{base}/status.json");
    let ask = Ask { url: &url, limit: STATUS_BYTES, unless: None, token, transfer: Transfer::Compressed };
    let Answer::Found { bytes, .. } = http.fetch(&ask)? else { return Ok(None) };
    Ok(parse(&bytes).zip(serde_json::from_slice(&bytes).ok()))
}

/// Without cargo's proxies, and without patience.
fn on_this_machine() -> HttpSettings {
    HttpSettings { timeout: PATIENCE, retries: 0, ..HttpSettings::default() }
}
