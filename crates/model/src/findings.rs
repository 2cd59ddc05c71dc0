//! What is found about a release: each code, from the facts that raise it.
//!
//! [`Judge::findings`] lists everything; [`Judge::against`] is the part that compares a release with its base and
//! is fixed when the release is published, so that bases can be found with it. Effects are filled in afterwards,
//! since they depend on the level.

use std::cell::LazyCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use semver::{Comparator, Op, Version, VersionReq};

use crate::bases::NEAR;
use crate::clock;
use crate::code::{Code, Effect};
use crate::decision::{Because, Reason, Witness};
use crate::facts::{
    Advisory, AdvisoryKind, Birth, Claim, Dependency, DependencyKind, Gone, Publisher, ReleaseFacts, Remark,
    Sighting,
};
use crate::history::{new_dependencies, reaches_as};
use crate::judge::{Checksum, Judge, Moment, Neighbourhood, Treatment, counted};
use crate::names::CaretClass;
use crate::people::Word;
use crate::policy::{Severity, has_settled};
use crate::readings::{BuildCode, Looked, Reading};
use crate::time::{Span, Time};

/// Two reads this far apart that both lack a release mean that it was deleted; a single read may be torn.
const DELETION_IS_SURE_AFTER: Span = Span::minutes(5);
/// Yanks this close together are one act.
pub(crate) const YANKED_TOGETHER: Span = Span::days(1);
/// A release that appears later than this after a yank is not what the yank was for.
pub(crate) const LURE_FOLLOWS_WITHIN: Span = Span::days(7);
/// How many yanks make a lure: one yank is an ordinary withdrawal.
pub(crate) const YANKS_OF_A_LURE: usize = 2;
/// A crate older than this is no look-alike: it would have been found out or become known itself.
pub(crate) const LOOK_ALIKE_UNTIL: Span = Span::days(365);
/// How long after an advisory became known a release counts as its fix.
pub(crate) const FIX_FOLLOWS_WITHIN: Span = Span::days(7);

impl<'a> Judge<'a> {
    /// Everything found about the release of `version`; `position` is where the index shows it.
    pub(crate) fn findings(
        &self,
        version: &Version,
        position: Option<usize>,
        neighbours: &Neighbourhood,
        moment: Moment<'_>,
    ) -> Vec<Reason> {
        let mut found = Vec::new();
        if let Treatment::Foreign(registry) = self.context.treatment {
            found.push(reason(Code::ForeignRegistry, None, Because::Source(registry.to_owned())));
        }
        for (package, requirement) in &neighbours.unmet {
            let because =
                Because::RequirementHeld { package: package.clone(), requirement: requirement.clone() };
            found.push(reason(Code::NeedsHeld, None, because));
        }
        let Some(at) = position else {
            found.push(self.absence(version));
            self.advice(version, None, &mut found);
            return found;
        };
        let release = self.history.release(at);
        let base = self.base(at);
        let in_order = LazyCell::new(|| self.ask_in_order(at, moment));
        let is_late = |objected| {
            LazyCell::force(&in_order);
            self.was_admitted_before(at, objected, moment)
        };
        self.blocks(at, Word::StandsAt(moment.now), &is_late, &mut found);
        self.against(at, &mut found);
        // Without times, yanks only double a wait that the ceiling bounds: nothing to say of an older release.
        let ceiling = self.asked.policy.wait.ceiling;
        let is_past = self.opened(at, moment.now).is_some_and(|opened| moment.now - opened >= ceiling);
        found.retain(|reason| reason.code != Code::YankedAround || !is_past);
        self.unscanned(at, moment, &mut found);
        self.let_the_young_grow_up(moment, &mut found);
        self.youth_of_crate(moment, &mut found);
        self.unyanked(at, &mut found);
        self.objections(at, moment, &mut found);
        self.in_favour(at, base, neighbours, moment, &mut found);
        self.remarks(at, &mut found);
        self.advice(version, Some(at), &mut found);
        if release.yanked {
            let at = release.sighting.as_deref().and_then(Sighting::yanked_at);
            found.push(reason(Code::Yanked, at, Because::Withdrawn { at }));
        }
        found
    }

    /// What blocks: bytes that changed, malware, violations, what people said; `is_late` as for [`Judge::objected`].
    pub(crate) fn blocks(
        &self,
        at: usize,
        word: Word,
        is_late: &dyn Fn(Time) -> bool,
        found: &mut Vec<Reason>,
    ) {
        let release = self.history.release(at);
        self.changed_bytes(release, found);
        let is_malware = |a: &Advisory<'_>| a.kind == AdvisoryKind::Malicious && !self.came_after(release, a);
        for advisory in self.told(&release.version, is_malware) {
            found.push(self.advised(Code::Malicious, advisory, &release.version));
        }
        for audit in &self.history.facts.audits {
            let Claim::Violation(requirement) = &audit.claim else { continue };
            // Who signed a warning of their own knew nothing of this policy's criteria.
            let is_asked_for =
                || audit.feed.is_none() || audit.criteria.iter().any(|c| *c == self.asked.policy.criteria);
            if is_asked_for() && is_violated(requirement, &release.version) {
                let because = Because::AuditViolation {
                    origin: audit.origin.to_owned(),
                    requirement: requirement.to_string(),
                };
                found.push(reason(Code::Violation, Some(audit.known), because));
            }
        }
        self.revoked(at, found);
        self.objected(at, word, is_late, found);
    }

    /// What reviewers said that counts for nothing.
    pub(crate) fn remarks(&self, at: usize, found: &mut Vec<Reason>) {
        let release = self.history.release(at);
        for audit in &self.history.facts.audits {
            let Claim::Remark(of, remark) = &audit.claim else { continue };
            if of.git.is_none() && of.version == release.version {
                let code = match remark {
                    Remark::Negative => Code::Disliked,
                    Remark::MachineReviewed | Remark::MachineWarned => Code::MachineReviewed,
                };
                let because = Because::Remarked { origin: audit.origin.to_owned(), remark: *remark };
                // One review may come by several feeds.
                if found.iter().all(|reason| reason.because != because) {
                    found.push(reason(code, Some(audit.known), because));
                }
            }
        }
    }

    /// What speaks against the release when compared with its base, and what its publication tells: all of it
    /// fixed from the day on which it was published.
    pub(crate) fn against(&self, at: usize, found: &mut Vec<Reason>) {
        let release = self.history.release(at);
        let policy = &self.asked.policy.wait;
        let was_malware = |a: &Advisory<'_>| a.kind == AdvisoryKind::Malicious && self.came_after(release, a);
        for advisory in self.told(&release.version, was_malware) {
            found.push(self.advised(Code::AfterTakeover, advisory, &release.version));
        }
        if let Some((published, lacked_at)) = clock::backdated(release, policy.publication_delay) {
            found.push(reason(
                Code::Backdated,
                Some(lacked_at),
                Because::PublishedBefore { published, lacked_at },
            ));
        }
        self.reincarnated(release, found);
        found.extend(self.new_publisher(at));
        if let Some(published) = release.published {
            let silence = self.history.silence_before(published, policy.silence, policy.after_silence);
            if let Some((length, ended)) = silence {
                found.push(reason(Code::Dormant, Some(ended), Because::Silence { length, ended }));
            }
        }
        self.dependencies_gained(at, found);
        self.read(at, found);
        self.yanked_older(at, found);
        self.name_close(release, found);
    }

    /// What was read in the package, beside that of its base.
    fn read(&self, at: usize, found: &mut Vec<Reason>) {
        let Some(Reading { capabilities, build_code, findings, copied, .. }) = self.reading(at) else {
            return;
        };
        let known = self.history.release(at).published;
        let base = self.base(at).map(|base| self.history.release(base).version.clone());
        // All of a crate's first release is new, which `new-crate` says; one whose earlier releases are all yanked or gone
        // gains whatever it has, so that withdrawing them hides nothing.
        if base.is_some() || self.history.has_earlier(at) {
            for capability in capabilities {
                let because =
                    Because::CapabilityGained { capability: capability.clone(), base: base.clone() };
                found.push(reason(Code::NewCapability, known, because));
            }
            let acts = match build_code {
                BuildCode::AsBefore => None,
                BuildCode::New => Some(Because::BuildCodeNew { base }),
                BuildCode::Acts(functions) => {
                    Some(Because::BuildCodeActs { functions: functions.clone(), base })
                }
            };
            found.extend(acts.map(|because| reason(Code::NewBuildCode, known, because)));
        }
        for finding in findings {
            let code = if finding.is_grave() { Code::UnreviewedFinding } else { Code::LesserFinding };
            found.push(reason(code, known, Because::Found(finding.clone())));
        }
        // Of several copies of one crate the most alike is enough to know.
        let because = copied.first().cloned().map(Because::CopyOf);
        found.extend(because.map(|because| reason(Code::Clone, known, because)));
    }

    /// `unscanned`: lapses with the ceiling, which is as long as it makes a release wait. Beside a base that nobody read
    /// either a reading tells nothing: what came in with that would seem to have been there.
    fn unscanned(&self, at: usize, moment: Moment<'_>, found: &mut Vec<Reason>) {
        if !self.asked.readings.is_asked() || self.is_past_the_ceiling(at, moment) || self.is_read(at) {
            return;
        }
        let why = match self.looked(at) {
            Some(Looked::InVain(why)) => Some(why.clone()),
            Some(Looked::Read(_)) | None => None,
        };
        let known = self.history.release(at).published;
        found.push(reason(Code::Unscanned, known, Because::Unscanned { why }));
    }

    /// Whether a release was read, beside a base that was read or is old.
    pub(crate) fn is_read(&self, at: usize) -> bool {
        matches!(self.looked(at), Some(Looked::Read(_))) && self.unread_base(at).is_none()
    }

    /// Whether no wait is longer than the release has been in the open.
    fn is_past_the_ceiling(&self, at: usize, moment: Moment<'_>) -> bool {
        let ceiling = self.asked.policy.wait.ceiling;
        let counted = counted(Some(self.history.release(at)), moment);
        self.opened(at, counted).is_some_and(|opened| counted - opened >= ceiling)
    }

    fn dependencies_gained(&self, at: usize, found: &mut Vec<Reason>) {
        let release = self.history.release(at);
        for dependency in self.new_to(at) {
            let (package, kind) = (dependency.package.to_owned(), dependency.kind);
            let because = match dependency.birth {
                Birth::Unread => Because::DependencyUnread { package: package.clone(), kind },
                Birth::At(_) | Birth::Untold | Birth::Nonexistent => {
                    Because::DependencyAdded { package: package.clone(), kind }
                }
            };
            found.push(reason(Code::NewDependency, release.published, because));

            let young = |known, because| reason(Code::YoungDependency, known, because);
            let born = match dependency.birth {
                Birth::At(born) => born,
                Birth::Unread => continue,
                Birth::Untold => {
                    found.push(young(release.published, Because::DependencyUntold { package }));
                    continue;
                }
                Birth::Nonexistent => {
                    found.push(young(release.published, Because::DependencyNonexistent { package }));
                    continue;
                }
            };
            // As of the release: to be the measure for later ones, it would have to have been old then.
            let age = release.appeared().map_or(Span::ZERO, |appeared| appeared - born);
            if age < self.asked.policy.wait.crate_tenure {
                found.push(young(Some(born), Because::DependencyYoung { package: package.clone(), age }));
            }
            if age < LOOK_ALIKE_UNTIL
                && !self.asked.baseline.has_crate(dependency.package)
                && let Some(known) = self.asked.names.better_known(dependency.package, Some(born))
            {
                let (known_as, likeness) = (known.name.to_string(), known.likeness.as_str());
                let because = Because::DependencyLookAlike { package, known_as, likeness };
                found.push(young(Some(born), because));
            }
        }
    }

    /// The dependencies of a release that neither its base nor any earlier admitted release had, by package.
    fn new_to(&self, at: usize) -> Vec<&Dependency<'a>> {
        let gains_nothing = self.surely_gains_nothing(at);
        // Where tests run, the glance is held against the full answer.
        if gains_nothing && !cfg!(debug_assertions) {
            return Vec::new();
        }
        let new = self.new_to_all_admitted(at);
        debug_assert!(
            new.is_empty() || !gains_nothing,
            "{} {}",
            self.name(),
            self.history.release(at).version
        );
        new
    }

    fn new_to_all_admitted(&self, at: usize) -> Vec<&Dependency<'a>> {
        let base = self.base(at);
        // A crate's first release has nothing that could be new in it; one whose earlier releases are all yanked,
        // gone or pre-releases has everything new, so that withdrawing them hides nothing.
        if base.is_none() && !self.history.has_earlier(at) {
            return Vec::new();
        }
        let release = self.history.release(at);
        let mut new = new_dependencies(release, base.map(|base| self.history.release(base)));
        let Some(then) = self.appeared(at) else { return new };
        // What an earlier admitted release already had is nothing new either. So admitting more of the releases
        // below, by an audit or at a lower level, never makes this one worse.
        let mut passed_over = 0;
        // Neighbours mostly share a list: one that had none of them need not be gone through again.
        let mut has_none: Option<&Arc<[Dependency<'a>]>> = None;
        for lower in self.history.comparable(at, then) {
            if new.is_empty() {
                break;
            }
            let list = &self.history.release(lower).dependencies;
            // `new` is sorted by package.
            let is_new =
                |old: &Dependency<'a>| new.binary_search_by(|new| new.package.cmp(old.package)).is_ok();
            let mut has_any = || {
                let found = !has_none.is_some_and(|none| Arc::ptr_eq(none, list))
                    && list.iter().any(|old| old.kind != DependencyKind::Dev && is_new(old));
                if !found {
                    has_none = Some(list);
                }
                found
            };
            let was_admitted = match self.cheap_admission(lower, then) {
                Some(was_admitted) => was_admitted && has_any(),
                // To ask takes long. Most of those near by have none of the dependencies, and need not be asked.
                None if passed_over < NEAR && !has_any() => {
                    passed_over += 1;
                    false
                }
                None => self.was_admitted_for_later(lower, then) && has_any(),
            };
            if was_admitted {
                new.retain(|dependency| !list.iter().any(|old| reaches_as(old, dependency.package)));
            }
        }
        new
    }

    /// `yank-lure` and `yanked-around`: the good older releases were withdrawn, so that cargo walks to this one.
    ///
    /// What counts are the newest older compatible releases, down to the first that is not yanked: in the takeover
    /// that this is made for, the five newest of ten were yanked. One that is about as young as this one is passed over,
    /// since whoever publishes one can publish two. Where older ones are left, a withdrawal of fresh mistakes is
    /// ordinary, so two of the yanked have to have been around for the ceiling.
    pub(crate) fn yanked_older(&self, at: usize, found: &mut Vec<Reason>) {
        let release = self.history.release(at);
        if release.yanked || !release.version.pre.is_empty() {
            return;
        }
        let class = CaretClass::of(&release.version);
        let opened = clock::first_open(release);
        let ceiling = self.asked.policy.wait.ceiling;
        let is_good = |lower: &ReleaseFacts<'a>| {
            lower.appeared().zip(opened).is_some_and(|(appeared, opened)| appeared + ceiling <= opened)
        };
        let is_young = |lower: &ReleaseFacts<'a>| {
            clock::first_open(lower).zip(opened).is_some_and(|(lower, opened)| lower + ceiling > opened)
        };
        // Releases are sorted by version, so those of one class are neighbours.
        let older = || {
            self.history.facts.releases[..at]
                .iter()
                .rev()
                .take_while(|lower| CaretClass::of(&lower.version) == class)
                .filter(|lower| lower.version.pre.is_empty())
                .filter(|lower| lower.yanked || !is_young(lower))
                .filter(|lower| !self.is_fixed_by(&lower.version, &release.version))
        };
        let run: Vec<&ReleaseFacts<'a>> = older().take_while(|lower| lower.yanked).collect();
        let (Some(last), Some(first)) = (run.first(), run.last()) else { return };
        let leaves_nothing = older().nth(run.len()).is_none();
        // What was yanked long after this one was there is not what it was measured against.
        let was_before = |yank: Time| opened.is_none_or(|opened| yank < opened + ceiling);
        let counts = |lower: &&&ReleaseFacts<'a>| {
            (leaves_nothing || is_good(lower)) && clock::first_yanked(lower).is_none_or(was_before)
        };
        let good: Vec<&ReleaseFacts<'a>> = run.iter().filter(counts).copied().collect();
        if good.len() < YANKS_OF_A_LURE {
            return;
        }
        let seen = |(place, lower): (usize, &&'_ ReleaseFacts<'a>)| {
            clock::yanks_seen(lower).map(move |yanked_at| (yanked_at, place)).collect::<Vec<_>>()
        };
        let mut yanks: Vec<(Time, usize)> = good.iter().enumerate().flat_map(seen).collect();
        yanks.sort_unstable();
        // How many were yanked within a day from one of the yanks on, be it for the first time or once more.
        let act = |from: usize| {
            let end = yanks[from].0 + YANKED_TOGETHER;
            let together = yanks[from..].iter().take_while(|(yanked_at, _)| *yanked_at <= end);
            together.map(|(_, place)| place).collect::<BTreeSet<_>>().len()
        };
        let is_around = |yanked_at: Time| {
            opened.is_some_and(|opened| yanked_at + LURE_FOLLOWS_WITHIN >= opened && was_before(yanked_at))
        };
        let lure = (0..yanks.len()).find(|from| is_around(yanks[*from].0) && act(*from) >= YANKS_OF_A_LURE);
        let (first, last) = (first.version.clone(), last.version.clone());
        if let Some(from) = lure {
            let at = yanks[from].0;
            let because = Because::YankedTogether { first, last, count: act(from), at };
            found.push(reason(Code::YankLure, Some(at), because));
        } else {
            let latest = yanks.last().map(|(yanked_at, _)| *yanked_at);
            let because = Because::YankedBelow { first, last, count: run.len(), latest };
            found.push(reason(Code::YankedAround, latest, because));
        }
    }

    /// Whether a vulnerability affects `older` and not `newer`; where several advisories are one, all say so.
    fn is_fixed_by(&self, older: &Version, newer: &Version) -> bool {
        let is_fixed = |a: &Advisory<'_>| {
            a.kind == AdvisoryKind::Vulnerability
                && a.withdrawn.is_none()
                && a.affects(older)
                && !a.affects(newer)
        };
        self.history.kin.agreed(&self.history.facts.advisories, is_fixed).next().is_some()
    }

    pub(crate) fn name_close(&self, release: &ReleaseFacts<'a>, found: &mut Vec<Reason>) {
        let (Some(born), Some(appeared)) = (self.history.born, release.appeared()) else { return };
        if appeared - born >= LOOK_ALIKE_UNTIL || has_settled(self.recorded) {
            return;
        }
        let better_known = || self.asked.names.better_known(self.name().as_str(), Some(born));
        if let Some(known) = self.known_as.get_or_init(better_known) {
            let because =
                Because::NameClose { known_as: known.name.to_string(), likeness: known.likeness.as_str() };
            found.push(reason(Code::LookAlike, Some(born), because));
        }
    }

    /// An account or a way of publishing that was new lapses as a reason when it is new no more, and a dependency as below.
    ///
    /// A dependency that was young lapses as a reason when its crate has been there for the tenure, as time is counted: then
    /// it is no more of a risk than in a release that comes out now. Whether it is admitted itself, `needs-held` asks. What
    /// looks like another, does not exist, or does not tell its age stays.
    fn let_the_young_grow_up(&self, moment: Moment<'_>, found: &mut Vec<Reason>) {
        let counted = moment.feeds.counted(moment.now);
        let is_grown_up = |reason: &Reason| self.grows_up(reason).is_some_and(|grown_up| grown_up <= counted);
        found.retain(|reason| !is_grown_up(reason));
    }

    /// When the young dependency, or the new publisher, that is a reason is so no more.
    pub(crate) fn grows_up(&self, reason: &Reason) -> Option<Time> {
        if reason.code == Code::NewPublisher {
            return self.publisher_settles(reason);
        }
        let born = reason.known.filter(|_| matches!(reason.because, Because::DependencyYoung { .. }))?;
        Some(born + self.asked.policy.wait.crate_tenure)
    }

    /// `new-crate`: lapses when the crate has been there for its tenure, as time is counted.
    fn youth_of_crate(&self, moment: Moment<'_>, found: &mut Vec<Reason>) {
        let Some(born) = self.history.born else { return };
        let age = moment.feeds.counted(moment.now) - born;
        if age < self.asked.policy.wait.crate_tenure {
            found.push(reason(Code::NewCrate, Some(born), Because::CrateYoung { born, age }));
        }
    }

    fn unyanked(&self, at: usize, found: &mut Vec<Reason>) {
        if let Some((yanked_at, unyanked_at)) = clock::long_yank(self.history.release(at))
            && !self.was_admitted_by(at, yanked_at)
        {
            let because = Because::YankTakenBack { yanked_at, unyanked_at };
            found.push(reason(Code::Unyanked, Some(unyanked_at), because));
        }
    }

    /// All releases that were there before are gone, and this one came after: another hand may hold the name.
    fn reincarnated(&self, release: &ReleaseFacts<'a>, found: &mut Vec<Reason>) {
        let gone = &self.history.facts.gone;
        let Some(last_gone) = gone.iter().map(|g| g.gone_at).max() else { return };
        // First sight before publish time, unlike elsewhere: it is the journal that saw the others vanish.
        let appeared = |r: &ReleaseFacts<'_>| r.sighting.as_deref().map(|s| s.first_seen).or(r.published);
        let all_came_after =
            self.history.facts.releases.iter().all(|r| appeared(r).is_none_or(|time| time > last_gone));
        if all_came_after && gone.iter().all(|g| g.version != release.version || g.digest != release.digest) {
            let because = Because::NameReused { count: gone.len(), gone_at: last_gone };
            found.push(reason(Code::Reincarnated, Some(last_gone), because));
        }
    }

    fn changed_bytes(&self, release: &ReleaseFacts<'a>, found: &mut Vec<Reason>) {
        let mut changed = |known, because| found.push(reason(Code::ChecksumChanged, known, because));
        let now = release.digest;
        if let Some(sighting) = release.sighting.as_deref().filter(|s| s.first_digest != now) {
            let because = Because::DigestChanged { now, seen: sighting.first_digest, by: Witness::Journal };
            changed(Some(sighting.first_seen), because);
        }
        let same_version = |gone: &&Gone| gone.version == release.version && gone.digest != now;
        for gone in self.history.facts.gone.iter().filter(same_version) {
            changed(
                Some(gone.first_seen),
                Because::DigestChanged { now, seen: gone.digest, by: Witness::Journal },
            );
        }
        for checksum in self.checksums(&release.version) {
            match checksum {
                Checksum::Locked(seen) if seen != now => {
                    changed(None, Because::DigestChanged { now, seen, by: Witness::Lockfile });
                }
                Checksum::Missing => changed(None, Because::DigestMissing),
                Checksum::Locked(_) | Checksum::NotAsked => {}
            }
        }
        if let Some(entry) =
            self.recorded.iter().find(|e| e.version == release.version).filter(|e| e.digest != now)
        {
            let because = Because::DigestChanged { now, seen: entry.digest, by: Witness::Baseline };
            changed(Some(entry.recorded), because);
        }
        for (version, one, other) in &self.history.ambiguous {
            if *version == release.version {
                changed(None, Because::DigestAmbiguous { one: *one, other: *other });
            }
        }
    }

    /// The index does not show the release: deleted, or never there as far as anybody saw.
    fn absence(&self, version: &Version) -> Reason {
        let is_sure = |gone: &Gone| gone.still_gone_at - gone.gone_at >= DELETION_IS_SURE_AFTER;
        let gone = self.history.facts.gone.iter().filter(|g| g.version == *version);
        match gone.max_by_key(|gone| (is_sure(gone), gone.still_gone_at)) {
            Some(gone) if is_sure(gone) => {
                let because = Because::Vanished { first_seen: Some(gone.first_seen), gone_at: gone.gone_at };
                reason(Code::Deleted, Some(gone.gone_at), because)
            }
            gone => reason(Code::Missing, gone.map(|g| g.gone_at), Because::NotInIndex),
        }
    }

    /// What shortens the wait.
    fn in_favour(
        &self,
        at: usize,
        base: Option<usize>,
        neighbours: &Neighbourhood,
        moment: Moment<'_>,
        found: &mut Vec<Reason>,
    ) {
        let release = self.history.release(at);
        if let Some(advisory) = base.and_then(|base| self.fixed_advisory(at, base)) {
            found.push(self.advised(Code::FixesAdvisory, advisory, &release.version));
        }
        if let Some(raised) = neighbours.raised.clone() {
            let because = Because::RequirementRaised {
                package: raised.package,
                requirement: raised.requirement,
                id: raised.id,
            };
            found.push(reason(Code::CarriesFix, release.published, because));
        }
        if let Some(base) = base
            && self.reading(at).is_some_and(|reading| reading.unchanged)
        {
            let because = Because::Unchanged { base: self.history.release(base).version.clone() };
            found.push(reason(Code::UnchangedCode, release.published, because));
        }
        // A window and a history vouch for an account, and it may be another hand that has it now.
        if found.iter().any(|reason| reason.code == Code::NewPublisher) {
            return;
        }
        // Nor for one under which something bad was published, as far as is known.
        let Some(publisher) = release.publisher.filter(|publisher| !self.has_tainted(*publisher)) else {
            return;
        };
        if let Some(published) = release.published
            && let Some(because) = self.in_window(publisher, published)
        {
            found.push(reason(Code::KnownPublisher, Some(published), because));
        } else if !self.is_past_the_ceiling(at, moment) {
            found.extend(self.known_publisher(at));
        }
    }

    /// The place of the vulnerability of the base that the release at `at` is the fix of, if it is the lowest of its
    /// class, and something of that class is affected, or it is the lowest above the base: an open-ended range names all later
    /// classes as well, and whoever has a fix already is in no hurry for those.
    fn fixed_advisory(&self, at: usize, base: usize) -> Option<usize> {
        let release = self.history.release(at);
        let published = release.published?;
        let base = &self.history.release(base).version;
        let class = CaretClass::of(&release.version);
        // One that is published later, below it, takes nothing from it.
        let lower = || {
            let lower = self.history.facts.releases[..at].iter().rev();
            lower.filter(|r| r.version.pre.is_empty() && r.published.is_none_or(|then| then <= published))
        };
        let is_first = |advisory: &Advisory<'_>| {
            let of_class = || lower().take_while(|r| CaretClass::of(&r.version) == class);
            let is_needed = || {
                of_class().any(|r| advisory.affects(&r.version))
                    || !lower().take_while(|r| r.version > *base).any(|r| advisory.fixes(&r.version))
            };
            !of_class().any(|r| advisory.fixes(&r.version)) && is_needed()
        };
        let is_fix = |a: &Advisory<'_>| {
            a.kind == AdvisoryKind::Vulnerability
                && a.withdrawn.is_none()
                && a.affects(base)
                && a.fixes(&release.version)
                && published <= a.known + FIX_FOLLOWS_WITHIN
                && is_first(a)
        };
        // Where several advisories are one, all have to say so.
        let all = &self.history.facts.advisories;
        self.history.kin.agreed(all, is_fix).min_by_key(|at| (all[*at].known, *at))
    }

    fn in_window(&self, publisher: Publisher<'a>, published: Time) -> Option<Because> {
        self.history
            .facts
            .windows
            .iter()
            .filter(|w| w.publisher == publisher && w.start <= published && published <= w.end)
            .filter(|w| w.criteria.iter().any(|c| *c == self.asked.policy.criteria))
            .max_by_key(|w| (w.end, w.origin))
            .map(|w| Because::PublisherVouched {
                publisher: publisher.to_string(),
                origin: w.origin.to_owned(),
                until: w.end,
            })
    }

    /// What advisories say that does not block: vulnerable, unsound, unmaintained, notices. For a release that the
    /// index does not show, malware too.
    fn advice(&self, version: &Version, at: Option<usize>, found: &mut Vec<Reason>) {
        let policy = self.asked.policy;
        let mut kinds = vec![
            (policy.vulnerable, AdvisoryKind::Vulnerability, Code::Vulnerable),
            (policy.unsound, AdvisoryKind::Unsound, Code::Unsound),
            (policy.unmaintained, AdvisoryKind::Unmaintained, Code::Unmaintained),
            (Severity::Allow, AdvisoryKind::Notice, Code::Notice),
        ];
        kinds.extend(at.is_none().then_some((Severity::Error, AdvisoryKind::Malicious, Code::Malicious)));
        kinds.sort_by_key(|(severity, kind, _)| (Reverse(*severity), *kind));
        // Where databases call one thing by different kinds, it is told as what the policy minds most; and as whatever
        // else fails the check, so that an exception for the one kind silences no other.
        let mut told = BTreeSet::new();
        for (severity, kind, code) in kinds {
            for advisory in self.told(version, |a| a.kind == kind) {
                let is_news = told.insert(self.history.kin.first(advisory));
                if is_news || severity == Severity::Error {
                    found.push(self.advised(code, advisory, version));
                }
            }
        }
    }

    /// Whether the release came after a takeover's advisory became known; one of unknown time did not, nor one of
    /// which the index tells two stories.
    fn came_after(&self, release: &ReleaseFacts<'a>, advisory: &Advisory<'_>) -> bool {
        release.published.is_some_and(|published| published > advisory.known)
            && !self.history.ambiguous.iter().any(|(version, ..)| *version == release.version)
    }

    /// The advisories that stand and affect `version`.
    pub(crate) fn advisories(&self, version: &Version) -> impl Iterator<Item = &Advisory<'a>> {
        self.history.facts.advisories.iter().filter(move |a| stands(a) && a.affects(version))
    }

    /// The places of those advisories that stand, affect `version` and are `wanted`; of kin the first.
    pub(crate) fn told(&self, version: &Version, wanted: impl Fn(&Advisory<'a>) -> bool) -> Vec<usize> {
        let mut told: BTreeMap<usize, usize> = BTreeMap::new();
        for (at, advisory) in self.history.facts.advisories.iter().enumerate() {
            if wanted(advisory) && stands(advisory) && advisory.affects(version) {
                told.entry(self.history.kin.first(at)).or_insert(at);
            }
        }
        told.into_values().collect()
    }

    /// The advisory at `at` and its kin, those that stand.
    fn kin_of(&self, at: usize) -> impl Iterator<Item = &Advisory<'a>> {
        let kin = self.history.kin.all(at).iter().map(|at| &self.history.facts.advisories[*at]);
        kin.filter(|advisory| stands(advisory))
    }

    /// What the advisory at `at` and its kin say of `version`.
    fn advised(&self, code: Code, at: usize, version: &Version) -> Reason {
        let advisory = &self.history.facts.advisories[at];
        let is_affected = |version: &Version| self.kin_of(at).any(|a| a.affects(version));
        let from_here = self
            .history
            .facts
            .releases
            .iter()
            .filter(|r| r.version >= *version && r.version.pre.is_empty() && !r.yanked);
        let mut also: Vec<String> =
            self.kin_of(at).filter(|a| a.id != advisory.id).map(|a| a.id.to_owned()).collect();
        also.dedup();
        let because = Because::Advisory {
            id: advisory.id.to_owned(),
            also,
            kind: advisory.kind,
            title: advisory.title.to_owned(),
            known: advisory.known,
            fixed_in: from_here.map(|r| &r.version).find(|version| !is_affected(version)).cloned(),
        };
        reason(code, Some(advisory.known), because)
    }

    /// For a held release: the release in use is vulnerable, and this one is not.
    pub(crate) fn held_fix(&self, version: &Version) -> Option<Reason> {
        let is_fixed = |at: &usize| !self.kin_of(*at).any(|a| is_vulnerability(a) && a.affects(version));
        let mut fixes: Vec<(&Version, Vec<usize>)> = self
            .context
            .in_use
            .iter()
            .filter(|in_use| in_use.version < *version)
            .map(|in_use| {
                let mut fixed = self.told(&in_use.version, is_vulnerability);
                fixed.retain(is_fixed);
                (&in_use.version, fixed)
            })
            .filter(|(_, advisories)| !advisories.is_empty())
            .collect();
        fixes.sort_by_key(|(in_use, _)| *in_use);
        let (in_use, fixed) = fixes.pop()?;
        let fixed = || fixed.iter().map(|at| &self.history.facts.advisories[*at]);
        let known = fixed().map(|a| a.known).min();
        let mut ids: Vec<String> = fixed().map(|a| a.id.to_owned()).collect();
        ids.sort();
        ids.dedup();
        let because = Because::FixHeld { in_use: in_use.clone(), advisories: ids };
        Some(Reason { effect: Effect::Note, ..reason(Code::HeldFix, known, because) })
    }
}

/// Whether nobody took it back.
fn stands(advisory: &Advisory<'_>) -> bool {
    advisory.withdrawn.is_none()
}

fn is_vulnerability(advisory: &Advisory<'_>) -> bool {
    advisory.kind == AdvisoryKind::Vulnerability
}

pub(crate) fn reason(code: Code, known: Option<Time>, because: Because) -> Reason {
    Reason { code, effect: Effect::Note, stands: true, known, because }
}

/// Whether a violation covers a release. A requirement passes over pre-releases that it does not name; a violation
/// must not: a pre-release is covered where the version that it leads to is, and where everything before that version
/// is.
fn is_violated(requirement: &VersionReq, version: &Version) -> bool {
    let ordinary = Version::new(version.major, version.minor, version.patch);
    let covers = |comparator: &Comparator| {
        let end = (comparator.major, comparator.minor.unwrap_or(0), comparator.patch.unwrap_or(0));
        let is_end = end == (ordinary.major, ordinary.minor, ordinary.patch) && comparator.pre.is_empty();
        comparator.matches(&ordinary) || (comparator.op == Op::Less && is_end)
    };
    requirement.matches(version) || (!version.pre.is_empty() && requirement.comparators.iter().all(covers))
}
