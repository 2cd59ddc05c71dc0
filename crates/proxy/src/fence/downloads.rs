//! Handing out packages: a release is decided with its neighbours, and its bytes are compared with their digest.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use bytes::Bytes;
use fence_model::decision::Decision;
use fence_model::readings::Unread;
use fence_model::{Code, CrateName, Digest, ReleaseId, Span, Time, Verdict};
use fence_registry::config::RegistryConfig;
use semver::Version;
use tokio::task::spawn_blocking;

use super::asking::{Trouble, Viewed};
use super::stall::{Admitted, lower};
use super::{Inner, Refusal, Term};
use crate::alarms::AlarmKind;
use crate::answer::{Answer, Page};
use crate::event::Weight;
use crate::judgement::{Case, Known, Lacking};
use crate::packages;
use crate::refusal::{cut, refusal};

/// How long a registry's `config.json` is good.
const CONFIG_FOR: Span = Span::minutes(10);

/// How long it is remembered which releases were found admitted with their neighbours.
pub(super) const ADMITTED_FOR: Span = Span::minutes(1);

/// How often somebody waits for more to be read: what was read may give a release another base.
const MOST_READINGS: usize = 4;

/// How many times as long as for a registry's word somebody waits for a package to be read.
const PATIENCE_TO_READ: u32 = 4;

/// A release that somebody wants the bytes of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Wanted {
    pub(super) name: CrateName,
    pub(super) version: Version,
    pub(super) digest: Digest,
}

/// What becomes of a download.
enum Ruling {
    Admitted(Vec<ReleaseId>),
    Refused {
        /// What cargo prints.
        why: String,
        /// What is to be read, where nothing else is in the way.
        unread: Vec<Unread>,
    },
    /// Nothing but that its package was not read is in the way, and that took longer than somebody waits.
    Unread,
    /// The registry shows no such release, and never did as far as anybody saw.
    NeverSeen,
    /// It shows it with this digest.
    OtherDigest(Digest),
}

impl Inner {
    /// The bytes of a release, or why not.
    pub(super) async fn download(self: Arc<Self>, at: usize, wanted: Wanted) -> Answer {
        let Wanted { name, version, digest } = &wanted;
        let stall = &self.stalls[at];
        // What changes while this is judged makes what is found worthless for others.
        let before = (self.editions(), stall.admitted_epoch());
        match self.ruled_when_read(at, &wanted).await {
            Err(trouble) => self.unavailable(&format!("{name} {version} cannot be judged"), &trouble),
            Ok(Ruling::Admitted(found)) => {
                stall.remember_admitted(found, before, self.now());
                let errand = || {
                    let (inner, wanted) = (Arc::clone(&self), wanted.clone());
                    async move { inner.bytes_of(at, wanted).await }
                };
                match self.fetching.join((at, wanted.clone()), errand).await {
                    Some(Ok(bytes)) => Answer::Package(bytes),
                    Some(Err(answer)) => answer,
                    None => self.unavailable(&format!("{name} {version}"), &Trouble::Lost),
                }
            }
            Ok(Ruling::Refused { why, .. }) => self.refused(at, &wanted, why),
            Ok(Ruling::Unread) => Answer::Unavailable {
                why: format!(
                    "the fence is still reading the package of {name} {version}\ntry again in a while"
                ),
                again: self.times.leave_alone,
            },
            Ok(Ruling::OtherDigest(shown)) => {
                let why = format!(
                    "the fence holds {name} {version}: the registry shows it with digest {}, and {} was asked for\n\
                     ask the index again: cargo update -p {name}",
                    shown.short(),
                    digest.short()
                );
                self.refused(at, &wanted, why)
            }
            Ok(Ruling::NeverSeen) => {
                Answer::Absent(format!("{} has no release {name} {version}", stall.source.registry().name))
            }
        }
    }

    fn refused(&self, at: usize, Wanted { name, version, .. }: &Wanted, why: String) -> Answer {
        let why = cut(&why);
        let registry = self.stalls[at].path.clone();
        self.remember_refusal(Refusal {
            at: self.now(),
            registry,
            release: format!("{name} {version}"),
            why: why.clone(),
        });
        Answer::Refused(why)
    }

    pub(super) fn unavailable(&self, what: &str, trouble: &Trouble) -> Answer {
        let why = format!("{what}: {trouble}\n{}", trouble.hint());
        Answer::Unavailable { why, again: self.times.leave_alone }
    }

    /// Where a release's page is, for who is told to look at it: at the address that this fence told cargo to download
    /// from, and nothing that a client says. That of a fence for one command would be gone when somebody looks.
    fn page_of(&self, registry: &str, Wanted { name, version, .. }: &Wanted) -> Option<String> {
        let page =
            Page::Release { registry: registry.to_owned(), name: name.clone(), version: version.clone() };
        (self.term == Term::Open).then(|| format!("{}{}", self.base, page.path()))
    }

    /// What becomes of a download; where nothing but that holds it, when its package was read.
    async fn ruled_when_read(self: &Arc<Self>, at: usize, wanted: &Wanted) -> Result<Ruling, Trouble> {
        // Longer than for a registry's word: both packages come over the network, and are read.
        let deadline = tokio::time::Instant::now() + self.times.patience * PATIENCE_TO_READ;
        for _ in 0..MOST_READINGS {
            let ruled = self.ruled(at, wanted).await?;
            let Ruling::Refused { unread, .. } = &ruled else { return Ok(ruled) };
            if unread.iter().all(|unread| self.looking.is_left_alone(unread.pair, self.now())) {
                return Ok(ruled);
            }
            for unread in unread.clone() {
                if tokio::time::timeout_at(deadline, self.read_once(at, unread)).await.is_err() {
                    return Ok(Ruling::Unread);
                }
            }
        }
        self.ruled(at, wanted).await
    }

    async fn ruled(self: &Arc<Self>, at: usize, wanted: &Wanted) -> Result<Ruling, Trouble> {
        let stall = &self.stalls[at];
        let subject = lower(&wanted.name);
        let Viewed { view, .. } = self.view(at, &subject, self.times.fresh_for).await?;
        let now = self.now();
        let memory = stall.scribe.recall(subject.clone(), now).await;
        let admitted = stall.admitted_before(self.editions(), now);
        let crates = BTreeMap::from([(subject.clone(), Known { view, memory })]);
        let wanted = wanted.clone();
        let page = self.page_of(&stall.path, &wanted);
        let rule =
            move |case: &Case<'_>| ruling(case, &subject, &wanted, (admitted.clone(), page.clone()), now);
        Ok(self.with_all(at, crates, now, rule).await?.0)
    }

    /// The bytes of an admitted release, from this machine or from the registry.
    pub(super) async fn bytes_of(self: Arc<Self>, at: usize, wanted: Wanted) -> Result<Bytes, Answer> {
        let Wanted { name, version, digest } = &wanted;
        let (packages, digest) = (self.packages.clone(), *digest);
        match spawn_blocking(move || packages.read(digest)).await {
            Ok(Ok(Some(bytes))) => return Ok(bytes.into()),
            Ok(Ok(None)) => {}
            Ok(Err(error)) => self.tell(Weight::Warning, "cache", Vec::new(), error.to_string()),
            Err(_) => return Err(self.unavailable(&format!("{name} {version}"), &Trouble::Lost)),
        }
        let unavailable =
            |trouble: &Trouble| self.unavailable(&format!("{name} {version} cannot be had"), trouble);
        let permit = self.stalls[at].asked_at_once.acquire().await;
        let Ok(_permit) = permit else { return Err(unavailable(&Trouble::Lost)) };
        let (inner, sought) = (Arc::clone(&self), wanted.clone());
        let fetched = spawn_blocking(move || inner.fetch(at, &sought)).await;
        let bytes = match fetched {
            Ok(Ok(Some(bytes))) => bytes,
            Ok(Ok(None)) => {
                let registry = &self.stalls[at].source.registry().name;
                return Err(Answer::Absent(format!(
                    "{registry} shows {name} {version}, and has no package of it"
                )));
            }
            Ok(Err(error)) => {
                let trouble = Trouble::Upstream(error);
                self.tell(Weight::Warning, "upstream", Vec::new(), format!("{name} {version}: {trouble}"));
                return Err(unavailable(&trouble));
            }
            Err(_) => return Err(unavailable(&Trouble::Lost)),
        };
        if !packages::is_of(&bytes, digest) {
            let found = packages::digest_of(&bytes);
            let words = format!(
                "the package of {name} {version} that the registry sends has digest {}, and its index says {}",
                found.short(),
                digest.short()
            );
            self.alarm(AlarmKind::ChangedBytes, &format!("{}/{name}", self.stalls[at].path), words.clone());
            let why = format!("{words}\nnothing of it is kept or handed out; tell the registry's operators");
            return Err(self.refused(at, &wanted, why));
        }
        let bytes = Bytes::from(bytes);
        let (packages, kept) = (self.packages.clone(), bytes.clone());
        // Who waits for it does not wait for the disk; what a crash leaves half written is never read.
        let inner = Arc::clone(&self);
        self.in_background(move || {
            if let Err(error) = packages.write(digest, &kept) {
                inner.tell(Weight::Warning, "cache", Vec::new(), error.to_string());
            }
        });
        Ok(bytes)
    }

    fn fetch(
        &self,
        at: usize,
        Wanted { name, version, digest }: &Wanted,
    ) -> Result<Option<Vec<u8>>, fence_client::index::IndexError> {
        let stall = &self.stalls[at];
        match self.config_of(at)? {
            Some(config) => stall.source.package(&config.download_url(name, version, digest)),
            None => Ok(None),
        }
    }

    /// What the registry says of itself, as far as a client waits for it: all but the address to publish at is known
    /// without. Asked once for all who want to know, since cargo asks for it before all else: a registry that does not
    /// answer would keep every thread busy otherwise.
    pub(super) async fn introduced(self: &Arc<Self>, at: usize) -> Option<RegistryConfig> {
        let stall = &self.stalls[at];
        if let Some(config) = stall.config_known(Some(self.now() - CONFIG_FOR)) {
            return config;
        }
        let errand = || {
            let inner = Arc::clone(self);
            async move {
                let Ok(_permit) = inner.stalls[at].asked_at_once.acquire().await else {
                    return Err(Trouble::Lost);
                };
                let asking = Arc::clone(&inner);
                let config = spawn_blocking(move || asking.config_of(at)).await;
                config.map_err(|_| Trouble::Lost)?.map_err(Trouble::Upstream)
            }
        };
        let asked = tokio::time::timeout(self.times.patience, self.introducing.join(at, errand)).await;
        asked.unwrap_or(Some(Err(Trouble::Slow))).unwrap_or(Err(Trouble::Lost)).unwrap_or_else(|trouble| {
            self.tell(Weight::Warning, "upstream", Vec::new(), format!("{}: {trouble}", stall.path));
            stall.config_known(None).flatten()
        })
    }

    /// What the registry says of itself, asked for now and then.
    fn config_of(&self, at: usize) -> Result<Option<RegistryConfig>, fence_client::index::IndexError> {
        let stall = &self.stalls[at];
        let now = self.now();
        if let Some(config) = stall.config_known(Some(now - CONFIG_FOR)) {
            return Ok(config);
        }
        match (stall.source.config(), stall.config_known(None)) {
            (Ok(config), _) => {
                *stall.config.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, config.clone()));
                Ok(config)
            }
            // Where packages are changes once in years.
            (Err(_), Some(config)) => Ok(config),
            (Err(error), None) => Err(error),
        }
    }
}

/// What becomes of a download, and what might change that.
fn ruling(
    case: &Case<'_>,
    subject: &CrateName,
    Wanted { version, digest, .. }: &Wanted,
    (admitted, page): (Vec<ReleaseId>, Option<String>),
    now: Time,
) -> (Ruling, Lacking) {
    match case.digests(subject, version).as_slice() {
        [] if !case.remembers(subject, version) => return (Ruling::NeverSeen, Lacking::default()),
        [] => {}
        shown if shown.contains(digest) => {}
        shown => return (Ruling::OtherDigest(shown[0]), Lacking::default()),
    }
    let (decision, found, lacking) = case.decide(subject, version, admitted);
    let ruling = match decision.verdict {
        Verdict::Admit => Ruling::Admitted(found),
        Verdict::Hold | Verdict::Block => {
            let why = refusal(&decision, case.stay(subject, &decision).as_ref(), page, now);
            let unread = if is_held_unread(&decision) { decision.unread } else { Vec::new() };
            Ruling::Refused { why, unread }
        }
    };
    (ruling, lacking)
}

/// Whether a release is held for nothing but that nobody read it: it would be old enough.
fn is_held_unread(decision: &Decision) -> bool {
    let steps = &decision.clock.steps;
    let unscanned = steps.iter().position(|step| step.code == Some(Code::Unscanned));
    // The wait before that one was counted in.
    let wait = unscanned.and_then(|at| at.checked_sub(1)).map(|before| steps[before].wait);
    decision.standing_codes() == [Code::Young] && wait.is_some_and(|wait| decision.clock.age >= wait)
}

impl super::stall::Stall {
    /// What the registry said of itself, where that was not before `since`.
    fn config_known(&self, since: Option<Time>) -> Option<Option<RegistryConfig>> {
        let known = self.config.lock().unwrap_or_else(PoisonError::into_inner).clone();
        known.filter(|(asked, _)| since.is_none_or(|since| since <= *asked)).map(|(_, config)| config)
    }

    pub(super) fn admitted_before(&self, editions: super::Editions, now: Time) -> Vec<ReleaseId> {
        let admitted = self.admitted.lock().unwrap_or_else(PoisonError::into_inner);
        let is_good = admitted.editions == editions
            && admitted.since.is_some_and(|since| since <= now && now - since <= ADMITTED_FOR);
        if is_good { admitted.releases.clone() } else { Vec::new() }
    }

    /// Counts up whenever what was found is forgotten.
    pub(super) fn admitted_epoch(&self) -> u64 {
        self.admitted.lock().unwrap_or_else(PoisonError::into_inner).epoch
    }

    pub(super) fn remember_admitted(
        &self,
        found: Vec<ReleaseId>,
        (editions, epoch): (super::Editions, u64),
        now: Time,
    ) {
        let mut admitted = self.admitted.lock().unwrap_or_else(PoisonError::into_inner);
        if admitted.epoch != epoch {
            return;
        }
        let is_good = admitted.editions == editions
            && admitted.since.is_some_and(|since| since <= now && now - since <= ADMITTED_FOR);
        if !is_good {
            *admitted = Admitted { editions, epoch, since: Some(now), releases: Vec::new() };
        }
        // What was found includes what was known; meanwhile others may have found more.
        admitted.releases.extend(found);
        admitted.releases.sort_unstable();
        admitted.releases.dedup();
    }

    /// Forgets which releases were found admitted with their neighbours.
    pub(super) fn forget_admitted(&self) {
        let mut admitted = self.admitted.lock().unwrap_or_else(PoisonError::into_inner);
        *admitted = Admitted { epoch: admitted.epoch + 1, ..Admitted::default() };
    }
}
