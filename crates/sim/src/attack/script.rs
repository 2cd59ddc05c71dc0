//! Scripts: what an attacker does, as facts over time; and the scene, which is what the fence knows by some moment.

use std::collections::BTreeMap;
use std::fmt;

use fence_model::facts::{
    Advisory, Audit, CrateFacts, Feed, FeedState, Owner, ReleaseFacts, Sighting, Statement, Yank,
};
use fence_model::policy::Exception;
use fence_model::readings::{BuildCode, Finding, Reading};
use fence_model::settle::{FactsOf, Known};
use fence_model::{CrateName, Digest, ReleaseId, Span, Time};
use semver::Version;

use super::detection::Like;

/// What an attacker does to one crate.
#[derive(Debug, Clone)]
pub struct Script<'a> {
    /// Which of his variants it is.
    pub variant: String,
    /// What is known of crates before.
    pub before: Vec<CrateFacts<'a>>,
    /// What happens, in order of time.
    pub acts: Vec<(Time, Act<'a>)>,
    /// The malicious release.
    pub bad: ReleaseId,
    /// Other releases that have to be admitted for the malicious one to be reached.
    pub through: Vec<ReleaseId>,
    /// Since when it can be found: whoever may use it can look at it.
    pub open: Time,
    /// Which attacks it is found like.
    pub like: Like,
    /// What he controls for it.
    pub holdings: Vec<Holding>,
    /// What the victim hears.
    pub hears: Hears,
}

/// Something that happens.
#[derive(Debug, Clone)]
pub enum Act<'a> {
    /// A release is published; a scanner that reads it finds this.
    Publish(CrateName, Box<ReleaseFacts<'a>>, Reading),
    /// Releases are yanked.
    Yank(CrateName, Vec<Version>),
    /// A release is un-yanked.
    Unyank(CrateName, Version),
    /// Somebody becomes an owner.
    Join(CrateName, Owner<'a>),
    /// A reviewer whom the policy names vouches.
    Vouch(CrateName, Audit<'a>),
    /// Somebody who maintains dependents approves.
    Approve(CrateName, Statement<'a>),
    /// An advisory becomes known.
    Advise(CrateName, Advisory<'a>),
    /// Whoever has the fence writes an exception into its policy.
    Except(Exception),
}

/// What of feeds reaches the victim from when on it was cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hears {
    /// All.
    #[default]
    All,
    /// No advisories since then, and it knows that it hears none.
    NoAdvisories(Time),
    /// Neither index nor advisories since then, and it knows.
    Nothing(Time),
    /// An index that stands still since then and claims to be of today; advisories as they are.
    OldIndex(Time),
    /// Both stand still since then and claim to be of today.
    OldView(Time),
}

impl Hears {
    /// Whether the victim hears of a malicious release being found: the index drops it.
    pub fn index(self) -> bool {
        matches!(self, Self::All | Self::NoAdvisories(_))
    }

    /// Whether an advisory on it arrives.
    pub fn advisories(self) -> bool {
        matches!(self, Self::All | Self::OldIndex(_))
    }

    fn shows(self, act: &Act<'_>, at: Time) -> bool {
        let is_advice = matches!(act, Act::Advise(..));
        match self {
            Self::All => true,
            Self::NoAdvisories(since) => !is_advice || at <= since,
            Self::Nothing(since) | Self::OldView(since) => at <= since,
            Self::OldIndex(since) => is_advice || at <= since,
        }
    }

    fn feeds(self, now: Time) -> Vec<Feed> {
        let (index, advisories) = match self {
            Self::All | Self::OldIndex(_) | Self::OldView(_) => (now, now),
            Self::NoAdvisories(since) => (now, now.min(since)),
            Self::Nothing(since) => (now.min(since), now.min(since)),
        };
        let feed = |name: &str, as_of: Time| {
            let state = if as_of < now { FeedState::Stale } else { FeedState::Current };
            Feed { name: name.into(), state, as_of: Some(as_of) }
        };
        vec![feed("index", index), feed("rustsec", advisories)]
    }
}

/// Something that an attacker controls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// What.
    pub what: What,
    /// How many.
    pub count: usize,
    /// Since when.
    pub since: Time,
}

/// What an attacker can control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// An account that publishes the crate.
    Account,
    /// An account that he made, with crates of its own.
    Made,
    /// Somebody who maintains dependents, bribed or robbed of a key.
    Maintainer,
    /// A reviewer whom the policy names, bribed or robbed of a key.
    Reviewer,
    /// What lies between the victim and a feed, or a feed's belief.
    Feed,
    /// The fence, with its policy.
    Fence,
    /// A crate that he published or bought; no identity.
    Crate,
}

impl What {
    /// What tables call it, of one.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Made => "made account",
            Self::Maintainer => "maintainer",
            Self::Reviewer => "reviewer",
            Self::Feed => "feed",
            Self::Fence => "fence",
            Self::Crate => "crate",
        }
    }
}

/// What a script costs, up to some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, serde::Serialize)]
pub struct Price {
    /// Identities controlled.
    pub identities: usize,
    /// Each for how long, in all; in seconds.
    pub held_seconds: i64,
    /// Crates published or bought.
    pub crates: usize,
    /// The longest that one of them had to age, in seconds.
    pub aged_seconds: i64,
    /// Of the identities, reviewers and maintainers, bribed or robbed.
    pub reviewers: usize,
}

impl Script<'_> {
    /// What it has cost by `until`.
    pub fn price(&self, until: Time) -> Price {
        let mut price = Price::default();
        for Holding { what, count, since } in &self.holdings {
            let held = (until.max(*since) - *since).as_seconds();
            if *what == What::Crate {
                price.crates += count;
                price.aged_seconds = price.aged_seconds.max(held);
                continue;
            }
            price.identities += count;
            price.held_seconds += held * *count as i64;
            if matches!(what, What::Maintainer | What::Reviewer) {
                price.reviewers += count;
            }
        }
        price
    }
}

impl fmt::Display for Act<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Publish(of, release, reading) => {
                let shows = if reading.asks() { "shows" } else { "shows nothing" };
                write!(f, "published {of} {}, {shows}", release.version)?;
                reading.capabilities.iter().try_for_each(|one| write!(f, " {one}"))?;
                if reading.build_code != BuildCode::AsBefore {
                    write!(f, " build-code")?;
                }
                reading.findings.iter().try_for_each(|one| write!(f, " {}", one.code))
            }
            Self::Yank(of, versions) => {
                write!(f, "yanked {of}")?;
                versions.iter().try_for_each(|version| write!(f, " {version}"))
            }
            Self::Unyank(of, version) => write!(f, "un-yanked {of} {version}"),
            Self::Join(of, owner) => write!(f, "{:?} joins the owners of {of}", owner.account),
            Self::Vouch(of, audit) => write!(f, "{} vouches for {of}", audit.origin),
            Self::Approve(of, statement) => {
                write!(f, "{} approves {of} {}", statement.signer.principal, statement.version)
            }
            Self::Advise(of, advisory) => write!(f, "advisory {} on {of}", advisory.id),
            Self::Except(exception) => write!(f, "exception for {} {}", exception.name, exception.version),
        }
    }
}

/// What the fence knows by some moment.
#[derive(Debug, Clone)]
pub struct Scene<'a> {
    crates: BTreeMap<CrateName, CrateFacts<'a>>,
    /// What a scanner finds in releases, by their bytes; nothing in those that are not here.
    shows: BTreeMap<Digest, Reading>,
    /// What was published since the beginning.
    pub published: Vec<ReleaseId>,
    /// Exceptions that were written.
    pub exceptions: Vec<Exception>,
    hears: Hears,
}

impl<'a> Scene<'a> {
    /// The scene before a script.
    pub fn before(script: &Script<'a>) -> Self {
        let crates = script.before.iter().map(|facts| (facts.name.clone(), facts.clone())).collect();
        Self {
            crates,
            shows: BTreeMap::new(),
            published: Vec::new(),
            exceptions: Vec::new(),
            hears: script.hears,
        }
    }

    /// Takes in what happened, if the victim hears of it.
    pub fn take(&mut self, at: Time, act: &Act<'a>) {
        if !self.hears.shows(act, at) {
            return;
        }
        match act {
            Act::Publish(of, release, reading) => {
                let facts = self.facts(of);
                let mut release = release.as_ref().clone();
                release.sighting = facts.journalled.then(|| {
                    Box::new(Sighting {
                        first_seen: at,
                        first_digest: release.digest,
                        // The fence looks at the index all the time.
                        lacked_at: Some(at - Span::minutes(1)),
                        first_seen_yanked: false,
                        yanks: Vec::new(),
                    })
                });
                let id = ReleaseId { name: of.clone(), version: release.version.clone() };
                let digest = release.digest;
                facts.releases.push(release);
                self.shows.insert(digest, reading.clone());
                self.published.push(id);
            }
            Act::Yank(of, versions) => {
                let releases = &mut self.facts(of).releases;
                for release in releases.iter_mut().filter(|release| versions.contains(&release.version)) {
                    release.yanked = true;
                    if let Some(sighting) = release.sighting.as_mut().filter(|sighting| !sighting.is_yanked())
                    {
                        sighting.yanks.push(Yank { at, until: None });
                    }
                }
            }
            Act::Unyank(of, version) => {
                let releases = &mut self.facts(of).releases;
                for release in releases.iter_mut().filter(|release| release.version == *version) {
                    release.yanked = false;
                    if let Some(yank) = release.sighting.as_mut().and_then(|s| s.yanks.last_mut()) {
                        yank.until = Some(at);
                    }
                }
            }
            Act::Join(of, owner) => self.facts(of).owners.get_or_insert_default().push(owner.clone()),
            Act::Vouch(of, audit) => self.facts(of).audits.push(audit.clone()),
            Act::Approve(of, statement) => self.facts(of).statements.push(statement.clone()),
            Act::Advise(of, advisory) => self.facts(of).advisories.push(advisory.clone()),
            Act::Except(exception) => self.exceptions.push(exception.clone()),
        }
    }

    fn facts(&mut self, of: &CrateName) -> &mut CrateFacts<'a> {
        self.crates.entry(of.clone()).or_insert_with(|| CrateFacts {
            publishers_told: true,
            journalled: true,
            owners: Some(Vec::new()),
            ..CrateFacts::unknown(of.clone())
        })
    }

    /// A release that the index shows.
    pub fn release(&self, id: &ReleaseId) -> Option<&ReleaseFacts<'a>> {
        self.crates.get(&id.name)?.releases.iter().find(|release| release.version == id.version)
    }

    /// What a scanner finds in these bytes.
    pub fn reading(&self, digest: Digest) -> Reading {
        self.shows.get(&digest).cloned().unwrap_or_default()
    }

    /// The feeds at a moment.
    pub fn feeds(&self, now: Time) -> Vec<Feed> {
        self.hears.feeds(now)
    }
}

impl FactsOf for Scene<'_> {
    fn facts_of(&self, name: &CrateName) -> CrateFacts<'_> {
        self.crates.get(name).cloned().unwrap_or_else(|| CrateFacts::unknown(name.clone()))
    }

    fn known(&self, name: &CrateName) -> Known {
        // What the target needs besides is honest, and in use for long.
        if self.crates.contains_key(name) { Known::Something } else { Known::NotAskedFor }
    }

    fn may_be_advised(&self, name: &CrateName) -> bool {
        self.crates.get(name).is_some_and(|facts| !facts.advisories.is_empty())
    }
}

/// What code shows that does what it wants at night: a build script that fetches and runs.
pub fn plain() -> Reading {
    Reading {
        capabilities: vec!["net".into(), "process".into()],
        build_code: BuildCode::New,
        findings: vec![Finding {
            code: "fetch-and-run".into(),
            severity: "high".into(),
            place: "build.rs:1".into(),
        }],
        ..Reading::default()
    }
}

/// What code shows that can do no more than what was there before could.
pub fn quiet() -> Reading {
    Reading::default()
}

/// What code shows that may use the network, for an honest reason as it seems.
pub fn networking() -> Reading {
    Reading { capabilities: vec!["net".into()], ..Reading::default() }
}
