//! What people signed about a release: revocations, objections, and approvals with the quorum that they make.
//!
//! The way is [`Judge::said`], what somebody said about these bytes; then [`Judge::revoked`] and [`Judge::objected`], which
//! block; [`Judge::objections`], which hold for a while; and [`Judge::quorum`]. Audits are statements, too, and are in
//! `audits.rs`. A crate about which nobody said anything costs a look whether the list is empty.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::clock::Feeds;
use crate::code::Code;
use crate::decision::{Approver, Because, ObjectionState, Objectors, Reason, Support, Verdict};
use crate::facts::Remark;
use crate::findings::reason;
use crate::involved::Circle;
use crate::judge::{Judge, Moment, Neighbourhood, counted, vouchable_from};
use crate::people::{Identity, Reader, Says, Statement, Word};
use crate::quorum::{Cluster, Enrolment, Quorum, Rules, Share, fill, quorum};
use crate::time::{Span, Time};

/// How long one objection holds a release, unless somebody seconds it.
pub(crate) const OBJECTION_HOLDS: Span = Span::days(7);
/// Who let [`LAPSED_OF_THE_MUTED`] objections lapse in this time only notifies.
const MUTED_FOR: Span = Span::days(90);
const LAPSED_OF_THE_MUTED: usize = 3;
/// This much of the enrolled weight blocks, if it is that of so many: one voice alone may weigh as much, and so might whoever
/// has stolen its key.
const SHARE_THAT_BLOCKS: Share = Share::percent(10);
const MAINTAINERS_THAT_BLOCK: usize = 2;
/// So many reviewers block.
const REVIEWERS_THAT_BLOCK: usize = 2;

/// An objection whose signer is no stranger, and not involved.
struct Heard<'j, 'a> {
    by: &'j Statement<'a>,
    cluster: Option<Cluster>,
}

/// An approval that counts.
pub(crate) struct Approval {
    cluster: Cluster,
    known: Time,
    until: Option<Time>,
}

impl Approval {
    fn ends(&self) -> Time {
        self.until.unwrap_or(Time::LATEST)
    }
}

impl<'a> Judge<'a> {
    /// What people said about these very bytes.
    fn said(&self, at: usize, word: Word) -> impl Iterator<Item = &Statement<'a>> {
        let release = self.history.release(at);
        let all = &self.history.facts.statements;
        let start = all.partition_point(|one| one.version < release.version);
        let own = all[start..].iter().take_while(|one| one.version == release.version);
        own.filter(move |one| one.digest == release.digest && word.takes(one.known, one.until))
    }

    fn says_nobody(&self) -> bool {
        self.history.facts.statements.is_empty()
    }

    /// `revoked`: enough keys of the security role took it out of use. What is revoked has no end.
    pub(crate) fn revoked(&self, at: usize, found: &mut Vec<Reason>) {
        if self.says_nobody() {
            return;
        }
        let mut by: Vec<&Statement<'a>> =
            self.said(at, Word::EVER).filter(|one| one.says == Says::Revoke).collect();
        by.sort_by_key(|one| (one.known, one.signer.principal));
        let mut keys: Vec<String> = Vec::new();
        let threshold = self.asked.policy.security.threshold.max(1);
        let (mut since, mut comment) = (None, "");
        for one in by {
            let key = one.signer.principal.to_owned();
            if !keys.contains(&key) {
                keys.push(key);
                if keys.len() == 1 {
                    comment = one.comment;
                }
                if keys.len() == threshold {
                    since = Some(one.known);
                }
            }
        }
        if since.is_some() {
            let because = Because::Revoked { keys, threshold, comment: comment.to_owned() };
            found.push(reason(Code::Revoked, since, because));
        }
    }

    /// `objected`: somebody involved, two reviewers, or enough of the enrolled weight. `is_late` tells of the moment of an
    /// objection whether it came after the release had been admitted: then maintainers of dependents only alarm.
    pub(crate) fn objected(
        &self,
        at: usize,
        word: Word,
        is_late: &dyn Fn(Time) -> bool,
        found: &mut Vec<Reason>,
    ) {
        if self.says_nobody() {
            return;
        }
        let circle = self.circle(at);
        let is_objection = |one: &&Statement<'_>| one.says == Says::Object && one.reader == Reader::Person;
        let is_believed = |one: &&Statement<'_>| one.is_believed || one.is_reviewer;
        let involved = self.said(at, word).filter(is_objection).filter(is_believed);
        let involved = involved.filter(|one| circle.involves(&one.signer));
        found.extend(blocking(Objectors::Involved, &involved.collect::<Vec<_>>()));
        let heard = self.heard(at, &circle, word);
        if heard.is_empty() {
            return;
        }
        let reviewers: Vec<&Statement<'a>> =
            heard.iter().map(|one| one.by).filter(|one| one.is_reviewer).collect();
        if has_distinct(&reviewers, REVIEWERS_THAT_BLOCK) {
            found.extend(blocking(Objectors::Reviewers, &reviewers));
        }
        let mut maintainers: Vec<&Heard<'_, 'a>> = heard.iter().filter(|one| one.cluster.is_some()).collect();
        if self.blocking_share(&circle, &maintainers).is_none() {
            return;
        }
        maintainers.retain(|one| !is_late(one.by.known));
        if let Some(share) = self.blocking_share(&circle, &maintainers) {
            let by: Vec<&Statement<'a>> = maintainers.iter().map(|one| one.by).collect();
            found.extend(blocking(Objectors::Share(share), &by));
        }
    }

    /// The share of the enrolled weight that these have, if it blocks.
    fn blocking_share(&self, circle: &Circle<'_>, maintainers: &[&Heard<'_, 'a>]) -> Option<Share> {
        let by: Vec<&Statement<'a>> = maintainers.iter().map(|one| one.by).collect();
        let clusters = maintainers.iter().filter_map(|one| one.cluster).collect();
        let share = self.share_of(circle, &clusters)?;
        (share >= SHARE_THAT_BLOCKS && has_distinct(&by, MAINTAINERS_THAT_BLOCK)).then_some(share)
    }

    /// The share of the enrolled weight that these have; none where too few are enrolled for a quorum. There one
    /// dependent would be all of the weight, and whoever has it could block.
    fn share_of(&self, circle: &Circle<'_>, of: &BTreeSet<Cluster>) -> Option<Share> {
        let rules = Rules::at(self.asked.level);
        if of.is_empty() || matches!(quorum(&circle.voices, of, &rules), Quorum::Thin(_)) {
            return None;
        }
        let enrolled = circle.voices.iter().filter(|(_, enrolment)| *enrolment == Enrolment::Enrolled);
        let enrolled: Vec<_> = enrolled.map(|(voice, _)| *voice).collect();
        let shares = fill(&enrolled, rules.cap);
        let own = enrolled.iter().zip(shares).filter(|(voice, _)| of.contains(&voice.cluster));
        Some(own.map(|(_, share)| share).fold(Share::NONE, Share::plus))
    }

    /// The objections that count though their signers are not involved: of reviewers whom the policy names and of
    /// maintainers of dependents, but of those who only notify.
    fn heard<'j>(&'j self, at: usize, circle: &Circle<'a>, word: Word) -> Vec<Heard<'j, 'a>> {
        let cluster = |one: &Statement<'_>| circle.maintainer(one).map(|by| by.cluster);
        self.said(at, word)
            .filter(|one| one.says == Says::Object && one.reader == Reader::Person)
            .filter(|one| !circle.involves(&one.signer))
            .map(|by| Heard { by, cluster: cluster(by) })
            .filter(|one| (one.by.is_reviewer || one.cluster.is_some()) && !self.is_muted(one.by))
            .collect()
    }

    /// Whether the signer of an objection let so many lapse, on this crate, that it only notifies.
    fn is_muted(&self, objection: &Statement<'_>) -> bool {
        let objects = |one: &&Statement<'a>| one.says == Says::Object && one.reader == Reader::Person;
        let all = || self.history.facts.statements.iter().filter(objects);
        let is_heard = |one: &Statement<'a>| {
            let at = self.history.position(&one.version);
            one.is_reviewer || at.is_some_and(|at| self.circle(at).maintainer(one).is_some())
        };
        // As the signers of this release are told apart: of an older one nobody may know any more who was eligible.
        let at = self.history.position(&objection.version);
        let is_own = |one: &Statement<'a>| {
            one.is_reviewer || at.is_some_and(|at| self.circle(at).maintainer(one).is_some())
        };
        let has_lapsed = |one: &&Statement<'a>| {
            let end = one.known + OBJECTION_HOLDS;
            // Who keeps another feed can neither speak nor fall silent for those of this one.
            one.feed == objection.feed
                && one.signer.is_same(&objection.signer)
                && is_own(one)
                && end <= objection.known
                && end > objection.known - MUTED_FOR
                && !all().any(|other| seconds(other, one) && is_heard(other))
        };
        // One that several feeds bring is one.
        let mut lapsed: Vec<_> =
            all().filter(has_lapsed).map(|one| (&one.version, one.digest, one.known)).collect();
        lapsed.sort_unstable();
        lapsed.dedup();
        lapsed.len() >= LAPSED_OF_THE_MUTED
    }

    /// Each objection that does not block by itself, and what comes of it; and what machines said.
    pub(crate) fn objections(&self, at: usize, moment: Moment<'_>, found: &mut Vec<Reason>) {
        if self.says_nobody() {
            return;
        }
        let circle = self.circle(at);
        let mut told = Vec::new();
        for one in self.said(at, Word::StandsAt(moment.now)) {
            match (one.reader, one.says) {
                (Reader::Machine, Says::Object | Says::Approve(_)) => {
                    let remark = match one.says {
                        Says::Object => Remark::MachineWarned,
                        Says::Approve(_) | Says::Revoke => Remark::MachineReviewed,
                    };
                    let because = Because::Remarked { origin: one.signer.principal.to_owned(), remark };
                    told.push(reason(Code::MachineReviewed, Some(one.known), because));
                }
                (Reader::Person, Says::Object) if !circle.involves(&one.signer) => {
                    let is_heard = one.is_reviewer || circle.maintainer(one).is_some();
                    if !is_heard {
                        told.push(objection(one, ObjectionState::Uncounted));
                    } else if self.is_muted(one) {
                        told.push(objection(one, ObjectionState::Muted));
                    }
                }
                _ => {}
            }
        }
        self.ask_in_order(at, moment);
        let heard = self.heard(at, &circle, Word::StandsAt(moment.now));
        for one in &heard {
            let is_seconded = heard.iter().any(|other| seconds(other.by, one.by));
            let lapses = one.by.known + OBJECTION_HOLDS;
            let standing = if self.is_answered(at, one.by.known, moment) {
                ObjectionState::Answered
            } else if self.was_admitted_before(at, one.by.known, moment) {
                ObjectionState::Late
            } else if is_seconded {
                ObjectionState::Seconded
            } else if counted(Some(self.history.release(at)), moment) >= lapses {
                ObjectionState::Lapsed
            } else {
                ObjectionState::Open(lapses)
            };
            told.push(objection(one.by, standing));
        }
        told.sort();
        told.dedup_by(|one, other| one.because == other.because);
        found.extend(told);
    }

    /// Whether an objection from before age admitted a release, at `admitted`, held it at a later moment. Without feeds, since
    /// that is asked as of the past.
    pub(crate) fn is_objected_to(&self, at: usize, admitted: Time, then: Time) -> bool {
        if self.says_nobody() {
            return false;
        }
        let moment = Moment { now: then, feeds: Feeds(&[]), more_audits: 0, more_approvals: &[] };
        let heard = self.heard(at, &self.circle(at), Word::StandsAt(then));
        heard.iter().filter(|one| one.by.known <= admitted).any(|one| {
            let is_open =
                then < one.by.known + OBJECTION_HOLDS || heard.iter().any(|other| seconds(other.by, one.by));
            is_open && !self.is_answered(at, one.by.known, moment)
        })
    }

    /// Whether somebody read the release no earlier than an objection became known, or a quorum approved since. What ended
    /// by its own word answered it all the same.
    fn is_answered(&self, at: usize, objected: Time, moment: Moment<'_>) -> bool {
        let word = Word::KnownBy(moment.now);
        let is_audited = (moment.more_audits > 0 && moment.now >= vouchable_from(self.history.release(at)))
            || self.last_read(at, word).is_some_and(|read| read >= objected);
        is_audited
            || matches!(self.quorum(at, Some(objected), word, moment), Some((Quorum::Reached { .. }, _)))
    }

    /// Asks of each objection whether the release had been admitted before it: the earliest first, and also those that ended
    /// since. It rests on all that were there by then, and so the answers for those are at hand.
    pub(crate) fn ask_in_order(&self, at: usize, moment: Moment<'_>) {
        let mut ever = self.heard(at, &self.circle(at), Word::KnownBy(moment.now));
        ever.sort_by_key(|one| one.by.known);
        for one in &ever {
            self.was_admitted_before(at, one.by.known, moment);
        }
    }

    /// Whether evidence and age had admitted the release just before an objection, whatever the project excused.
    pub(crate) fn was_admitted_before(&self, at: usize, objected: Time, moment: Moment<'_>) -> bool {
        let then = objected - Span::seconds(1);
        let feeds: Vec<_> =
            moment.feeds.0.iter().map(|feed| (feed.state, feed.as_of.min(Some(then)))).collect();
        let key = (at, then, feeds);
        if let Some(known) = self.admitted_before.borrow().get(&key) {
            return *known;
        }
        let past = Moment { now: then, feeds: moment.feeds, more_audits: 0, more_approvals: &[] };
        let version = &self.history.release(at).version;
        let admitted = self.by_evidence(version, &Neighbourhood::default(), past) == Verdict::Admit;
        self.admitted_before.borrow_mut().insert(key, admitted);
        admitted
    }

    /// When what is said of a release, or was counted of it, may come to something else.
    pub(crate) fn statements_turn(&self, at: usize) -> Vec<Time> {
        if self.says_nobody() {
            return Vec::new();
        }
        let circle = self.circle(at);
        let counts = |one: &&Statement<'_>| {
            one.is_reviewer || circle.involves(&one.signer) || circle.maintainer(one).is_some()
        };
        self.said(at, Word::EVER)
            .filter(counts)
            .filter_map(|one| one.until)
            .map(|until| until + Span::seconds(1))
            .collect()
    }

    /// Up to when feeds have to speak for an objection to be late, or to have lapsed.
    pub(crate) fn objections_lapse(&self, at: usize) -> Vec<Time> {
        if self.says_nobody() {
            return Vec::new();
        }
        let heard = self.heard(at, &self.circle(at), Word::EVER);
        heard.iter().flat_map(|one| [one.by.known, one.by.known + OBJECTION_HOLDS]).collect()
    }

    /// How the quorum of a release stands, with the approvals from `since` on, and who approves; none where nobody tells
    /// who owns the crate, or who maintains what depends on it.
    pub(crate) fn quorum(
        &self,
        at: usize,
        since: Option<Time>,
        word: Word,
        moment: Moment<'_>,
    ) -> Option<(Quorum, Vec<Approval>)> {
        let release = self.history.release(at);
        // Most crates have none.
        release.voices.as_ref()?;
        let circle = self.circle(at);
        circle.maintainers.as_ref()?;
        let from = vouchable_from(release).max(since.unwrap_or(Time::EARLIEST));
        let mut approved: Vec<Approval> = Vec::new();
        if !self.says_nobody() {
            let took_back = |approval: &Statement<'_>| {
                self.said(at, word).any(|one| {
                    one.says == Says::Object
                        && one.feed == approval.feed
                        && one.known > approval.known
                        && one.signer.is_same(&approval.signer)
                })
            };
            for one in self.said(at, word) {
                let counts = matches!(one.says, Says::Approve(_))
                    && one.reader == Reader::Person
                    && one.known >= from
                    && !circle.involves(&one.signer)
                    && !took_back(one);
                if let Some(by) = circle.maintainer(one).filter(|_| counts) {
                    approved.push(Approval { cluster: by.cluster, known: one.known, until: one.until });
                }
            }
        }
        if moment.now >= from {
            let more = moment.more_approvals.iter();
            approved.extend(more.map(|cluster| Approval {
                cluster: *cluster,
                known: moment.now,
                until: None,
            }));
        }
        // Of two approvals by one the one that lasts longer counts.
        approved.sort_by_key(|one| (one.cluster, Reverse(one.ends()), one.known));
        approved.dedup_by_key(|one| one.cluster);
        let clusters = approved.iter().map(|one| one.cluster).collect();
        Some((quorum(&circle.voices, &clusters, &Rules::at(self.asked.level)), approved))
    }

    /// The quorum that is reached, as a reason for the release.
    pub(crate) fn quorum_reason(&self, at: usize, moment: Moment<'_>) -> Option<Reason> {
        if self.says_nobody() && moment.more_approvals.is_empty() {
            return None;
        }
        let (Quorum::Reached { share, needed, .. }, mut approved) =
            self.quorum(at, None, Word::StandsAt(moment.now), moment)?
        else {
            return None;
        };
        let circle = self.circle(at);
        let named = |cluster| circle.named(cluster).map(|one| one.name.to_owned());
        let who = approved.iter().filter_map(|one| named(one.cluster)).collect();
        let known = approved.iter().map(|one| one.known).max();
        // Those that end first are taken away until it is not enough.
        approved.sort_by_key(Approval::ends);
        let rules = Rules::at(self.asked.level);
        let ends = (0..approved.len()).find(|ended| {
            let left = approved[ended + 1..].iter().map(|one| one.cluster).collect();
            !matches!(quorum(&circle.voices, &left, &rules), Quorum::Reached { .. })
        });
        let until = ends.and_then(|ended| approved[ended].until);
        Some(reason(Code::Quorum, known, Because::Approved { share, needed, who, until }))
    }

    /// How the quorum of a release stands, to be told.
    pub(crate) fn support(&self, at: usize, moment: Moment<'_>) -> Option<Support> {
        let (quorum, _) = self.quorum(at, None, Word::StandsAt(moment.now), moment)?;
        let circle = self.circle(at);
        let could = match &quorum {
            Quorum::Open { could, .. } => could.as_slice(),
            Quorum::Thin(_) | Quorum::Reached { .. } => &[],
        };
        let name =
            |(cluster, _): &(Cluster, Share)| Some((*cluster, circle.named(*cluster)?.name.to_owned()));
        let names = could.iter().filter_map(name).collect();
        Some(Support { quorum, names })
    }

    /// Sets of maintainers of whom each, by approving, could complete the quorum: with the approvals that are there, with
    /// those that came after the last objection, and without any.
    pub(crate) fn completing(&self, at: usize, moment: Moment<'_>) -> Vec<Vec<Approver>> {
        let last = match self.says_nobody() {
            true => None,
            false => self
                .heard(at, &self.circle(at), Word::StandsAt(moment.now))
                .iter()
                .map(|one| one.by.known)
                .max(),
        };
        let mut sets: Vec<Vec<Approver>> = Vec::new();
        for since in [None, last, Some(Time::LATEST)] {
            let Some((Quorum::Open { could, .. }, _)) =
                self.quorum(at, since, Word::StandsAt(moment.now), moment)
            else {
                continue;
            };
            let circle = self.circle(at);
            let approver = |(cluster, share): &(Cluster, Share)| {
                let one = circle.named(*cluster)?;
                Some(Approver { name: one.name.to_owned(), signer: one.signer?.to_owned(), share: *share })
            };
            let set: Vec<Approver> = could.iter().filter_map(approver).collect();
            if !sets.contains(&set) {
                sets.push(set);
            }
        }
        sets
    }

    /// The clusters for which these sign.
    pub(crate) fn clusters_of(&self, at: usize, approvers: &[Approver]) -> Vec<Cluster> {
        let circle = self.circle(at);
        approvers.iter().filter_map(|by| circle.enrolled(&by.signer)).map(|one| one.cluster).collect()
    }

    /// Whether somebody is involved in a release.
    pub(crate) fn is_involved(&self, at: usize, identity: &Identity<'_>) -> bool {
        self.circle(at).involves(identity)
    }
}

/// Whether an objection seconds another: by somebody else, within its time.
fn seconds(other: &Statement<'_>, one: &Statement<'_>) -> bool {
    let apart = if other.known > one.known { other.known - one.known } else { one.known - other.known };
    other.says == Says::Object
        && other.reader == Reader::Person
        && (&other.version, other.digest) == (&one.version, one.digest)
        && apart <= OBJECTION_HOLDS
        && !other.signer.is_same(&one.signer)
}

/// Whether there are so many, of whom no two are one person.
fn has_distinct(all: &[&Statement<'_>], least: usize) -> bool {
    match least {
        0 => true,
        _ => all.iter().enumerate().any(|(place, one)| {
            let others: Vec<&Statement<'_>> =
                all[place + 1..].iter().filter(|other| !other.signer.is_same(&one.signer)).copied().collect();
            has_distinct(&others, least - 1)
        }),
    }
}

fn blocking(weight: Objectors, by: &[&Statement<'_>]) -> Option<Reason> {
    let first = by.iter().min_by_key(|one| (one.known, one.signer.principal))?;
    let mut who: Vec<String> = by.iter().map(|one| one.signer.principal.to_owned()).collect();
    who.sort();
    who.dedup();
    let because = Because::Objected { weight, who, comment: first.comment.to_owned() };
    Some(reason(Code::Objected, Some(first.known), because))
}

fn objection(by: &Statement<'_>, standing: ObjectionState) -> Reason {
    let code = match standing {
        ObjectionState::Open(_) | ObjectionState::Seconded => Code::Objection,
        ObjectionState::Late => Code::LateObjection,
        ObjectionState::Lapsed
        | ObjectionState::Answered
        | ObjectionState::Muted
        | ObjectionState::Uncounted => Code::ObjectionNoted,
    };
    let because =
        Because::Objection { who: by.signer.principal.to_owned(), standing, comment: by.comment.to_owned() };
    reason(code, Some(by.known), because)
}
