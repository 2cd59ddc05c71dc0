//! Plays a script before a rule: what is said of the malicious release from moment to moment, and when it is admitted.
//!
//! The fence's answer is that of [`Settlement::decide`], asked anew at each moment at which it may change: when something
//! happens, when its clock runs out, and at each moment that its own ways out name. Nothing of its rules is written down here.

use std::collections::BTreeMap;
use std::fmt;

use fence_model::facts::{Advisory, AdvisoryKind, Bound, Feed, Range};
use fence_model::judge::{Asked, Checksum, InUse};
use fence_model::look_alike::KnownNames;
use fence_model::policy::{Baseline, Policy};
use fence_model::readings::{BuildCode, Looked, Pair, Reading, Readings};
use fence_model::settle::{FactsOf as _, InUseByCrate, Settlement};
use fence_model::{Code, Decision, ReleaseId, Span, Time, Verdict};

use super::script::{Act, Scene, Script};
use crate::backtest::Rule;

/// For how long a script is followed: what is not admitted by then never is.
const HORIZON: Span = Span::days(730);

/// What was said of the malicious release, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// What happened and what was said, in order.
    pub events: Vec<(Time, String)>,
    /// Since when the release, and whatever it is reached through, is admitted.
    pub admitted: Option<Time>,
    /// The codes that stood when it was first judged.
    pub codes: Vec<Code>,
}

/// Plays a script. If the release is found, that is at `found`: the index drops it, and an advisory tells of it.
pub fn play(script: &Script<'_>, rule: &Rule, found: Option<Time>) -> Timeline {
    let mut scene = Scene::before(script);
    let mut timeline = Timeline { events: Vec::new(), admitted: None, codes: Vec::new() };
    let mut acts = script.acts.iter().peekable();
    let Some(mut now) = acts.peek().map(|(at, _)| *at) else { return timeline };
    let end = script.open + HORIZON;
    let mut readings = Readings::NONE_YET;
    let (mut said, mut is_told): (Option<String>, bool) = (None, false);
    loop {
        while let Some((at, act)) = acts.next_if(|(at, _)| *at <= now) {
            scene.take(*at, act);
            timeline.events.push((*at, act.to_string()));
        }
        let is_found = found.is_some_and(|found| found <= now);
        if is_found && script.hears.index() {
            timeline.events.push((now, "found, and gone from the index".into()));
            return timeline;
        }
        if is_found && script.hears.advisories() && !is_told {
            scene.take(now, &Act::Advise(script.bad.name.clone(), malware(script, now)));
            timeline.events.push((now, "found, and told by an advisory".into()));
            is_told = true;
        }
        let mut next: Vec<Time> = acts.peek().map(|(at, _)| *at).into_iter().chain(found).collect();
        if scene.release(&script.bad).is_some() {
            let answer = match rule {
                Rule::FlatAge(age) => by_age(&scene, script, *age),
                Rule::Fence(policy) => by_fence(&scene, script, policy, &mut readings, now),
            };
            if timeline.codes.is_empty() {
                timeline.codes.clone_from(&answer.codes);
            }
            let is_admitted = answer.is_admitted && answer.moments.iter().all(|moment| *moment <= now);
            if said.as_ref() != Some(&answer.says) {
                timeline.events.push((now, answer.says.clone()));
                said = Some(answer.says);
            }
            if is_admitted {
                timeline.admitted = Some(now);
                return timeline;
            }
            next.extend(answer.moments);
        }
        match next.into_iter().filter(|moment| *moment > now).min() {
            Some(moment) if moment <= end => now = moment,
            _ => return timeline,
        }
    }
}

/// What a rule says at one moment.
struct Answer {
    is_admitted: bool,
    says: String,
    codes: Vec<Code>,
    /// When it may say something else; of what is admitted none is later.
    moments: Vec<Time>,
}

/// Cargo's own setting: so old by its publish time, and in the index.
fn by_age(scene: &Scene<'_>, script: &Script<'_>, age: Span) -> Answer {
    let gates = gates(script).filter_map(|id| scene.release(id));
    let (mut old, mut yanked) = (Vec::new(), false);
    for release in gates {
        old.extend(release.published.map(|published| published + age));
        yanked |= release.yanked;
    }
    let is_there = gates_are_there(scene, script) && !yanked;
    let says = if is_there { "by age alone" } else { "yanked" };
    Answer { is_admitted: is_there, says: says.into(), codes: Vec::new(), moments: old }
}

fn by_fence(
    scene: &Scene<'_>,
    script: &Script<'_>,
    policy: &Policy,
    readings: &mut Readings,
    now: Time,
) -> Answer {
    let exceptions = policy.exceptions.iter().chain(&scene.exceptions).cloned().collect();
    let policy = &Policy { exceptions, ..policy.clone() };
    let feeds = scene.feeds(now);
    // Whoever looks reads all that is asked for, of whatever was published in the script.
    let mut look = |id: &ReleaseId| loop {
        let (decision, changes) = settled(scene, policy, &feeds, readings, now, id);
        if decision.unread.is_empty() {
            return (decision, changes);
        }
        for one in decision.unread {
            readings.add(one.pair, Looked::Read(beside(scene, one.pair)));
        }
    };
    let others = scene.published.iter().filter(|id| !gates(script).any(|gate| gate == *id));
    others.for_each(|id| {
        look(id);
    });
    let decided: Vec<(Decision, Option<Time>)> = gates(script).map(look).collect();
    let mut moments: Vec<Time> = Vec::new();
    for (decision, changes) in decided.iter().filter(|(decision, _)| decision.verdict != Verdict::Admit) {
        moments.extend(decision.clears.iter().map(|way| way.earliest));
        moments.extend(decision.clock.until);
        moments.extend(*changes);
    }
    moments.retain(|moment| *moment > now);
    let is_admitted = decided.iter().all(|(decision, _)| decision.verdict == Verdict::Admit);
    let says: Vec<String> = decided.iter().map(|(decision, _)| says(decision, decided.len() > 1)).collect();
    let codes = decided.first().map_or_else(Vec::new, |(decision, _)| decision.standing_codes());
    Answer { is_admitted, says: says.join("; "), codes, moments }
}

fn says(decision: &Decision, is_one_of_several: bool) -> String {
    let mut text = String::new();
    if is_one_of_several {
        text.push_str(&format!("{} {}: ", decision.release.name, decision.release.version));
    }
    text.push_str(decision.verdict.as_str());
    match decision.grounds {
        Some(grounds) => text.push_str(&format!(", {}", grounds.as_str())),
        None => {
            let codes: Vec<&str> = decision.standing_codes().into_iter().map(Code::as_str).collect();
            text.push_str(&format!(": {}", codes.join(", ")));
        }
    }
    text
}

/// What a scanner finds in a release beside its base: what the base shows as well is nothing new.
fn beside(scene: &Scene<'_>, pair: Pair) -> Reading {
    let mut reading = scene.reading(pair.release);
    if let Some(base) = pair.base {
        let base = scene.reading(base);
        reading.capabilities.retain(|capability| !base.capabilities.contains(capability));
        if reading.build_code == base.build_code {
            reading.build_code = BuildCode::AsBefore;
        }
    }
    reading
}

/// The decision on a release, and when time may change it.
fn settled(
    scene: &Scene<'_>,
    policy: &Policy,
    feeds: &[Feed],
    readings: &Readings,
    now: Time,
    id: &ReleaseId,
) -> (Decision, Option<Time>) {
    let (baseline, names) = (Baseline::default(), KnownNames::default());
    let asked =
        Asked { policy, level: policy.level, baseline: &baseline, feeds, names: &names, readings, now };
    let settlement = Settlement::new(asked, scene, in_use(scene, id), BTreeMap::new());
    let judge = settlement.judge(&id.name);
    let decision = settlement.decide(&judge, &id.version);
    let changes = settlement.outlook(&judge, &id.version).changes;
    (decision, changes)
}

/// A project uses the highest release below.
fn in_use(scene: &Scene<'_>, id: &ReleaseId) -> InUseByCrate {
    let facts = scene.facts_of(&id.name);
    let lower =
        facts.releases.iter().map(|release| &release.version).filter(|version| **version < id.version);
    let version = lower.filter(|version| version.pre.is_empty()).max().cloned();
    let in_use = version.map(|version| vec![InUse { version, checksum: Checksum::NotAsked }]);
    in_use.map(|in_use| (id.name.clone(), in_use)).into_iter().collect()
}

fn gates<'s>(script: &'s Script<'_>) -> impl Iterator<Item = &'s ReleaseId> {
    std::iter::once(&script.bad).chain(&script.through)
}

fn gates_are_there(scene: &Scene<'_>, script: &Script<'_>) -> bool {
    gates(script).all(|id| scene.release(id).is_some())
}

fn malware<'a>(script: &Script<'_>, known: Time) -> Advisory<'a> {
    let below = Range { lower: Bound::Unbounded, upper: Bound::Exclusive(script.bad.version.clone()) };
    Advisory {
        id: "RUSTSEC-0000-0001",
        kind: AdvisoryKind::Malicious,
        known,
        patched: Vec::new(),
        unaffected: vec![below],
        withdrawn: None,
        title: "it was malicious",
        aliases: Vec::new(),
    }
}

impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.events.iter().try_for_each(|(at, what)| writeln!(f, "{at}  {what}"))
    }
}
