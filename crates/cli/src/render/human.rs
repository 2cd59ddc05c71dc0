//! A check as a person reads it: what is refused, what waits, what else to know, and a last line that counts.

use std::collections::BTreeMap;
use std::time::Duration;

use fence_client::gather::Age;
use fence_model::decision::{Decision, Grounds, Reason, Unknown, Verdict};
use fence_model::facts::FeedState;
use fence_model::policy::{Policy, Severity};
use fence_model::project::{AdmittedFix, Judged, Reach, Waiting};
use fence_model::words::{self, help, outlook};
use fence_model::{Code, CodeClass, Effect, ReleaseId, Time};
use fence_registry::lockfile::{Lockfile, Package, Source};

use super::block::{self, Folding, Frame, Help, Named, Picture, Placed, Subject};
use super::findings::{self, PolicyTold, Weight};
use super::{Checked, SetUp, text};
use crate::error::shown;
use crate::judges::Judges;
use crate::shell::{Colour, Ink, Shell, Verbosity};

/// How many releases with the same reasons get a block of their own before they are folded into a line.
const BLOCKS_OF_A_KIND: usize = 3;

/// What is being checked: `583 releases at level medium (index 3 min old, rustsec 2 h)`.
pub(crate) fn header(checked: &Checked<'_>) -> String {
    let releases = checked.report.decisions().count();
    let ages: Vec<String> =
        checked.ages.iter().enumerate().map(|(at, age)| age_of(at, age, checked.now)).collect();
    let ages = if ages.is_empty() { String::new() } else { format!(" ({})", ages.join(", ")) };
    let from = match checked.judges {
        Judges::From(revision) => format!(", by the policy of {}", text::harmless(&revision.name)),
        Judges::Here | Judges::HereSince(_) | Judges::HereSinceUnknown(_) => String::new(),
    };
    format!("{} at level {}{from}{ages}", text::count(releases, "release"), checked.levels)
}

/// `index 3 min old`, and for those after the first `rustsec 2 h`.
pub(super) fn age_of(at: usize, age: &Age, now: Time) -> String {
    let name = text::harmless(&age.name);
    let old = if at == 0 { " old" } else { "" };
    match (age.state, age.as_of) {
        (FeedState::Absent, _) | (_, None) => format!("{name} never read"),
        (FeedState::Invalid, Some(as_of)) => format!("{name} unreadable, {}{old}", text::age(as_of, now)),
        (FeedState::Current | FeedState::Stale, Some(as_of)) => {
            format!("{name} {}{old}", text::age(as_of, now))
        }
    }
}

/// The whole report, with a line end; `took` is told in the last line.
pub(crate) fn check(checked: &Checked<'_>, shell: &Shell, took: Duration) -> String {
    let file = shown(&checked.project.lockfile);
    let folding = Folding::of(shell.verbosity);
    let frame = Frame { file: &file, now: checked.now, folding, colour: shell.colour, width: shell.width };
    let mut parts = held_fixes(checked, frame);
    parts.extend(blocks(checked, frame));
    parts.extend(unjudged(checked, frame));
    parts.extend(warnings(checked, frame));
    parts.extend(not_vouched_for(checked, frame));
    parts.extend(waiting(checked, frame));
    parts.extend(fixes(checked, frame));
    parts.extend(findings::policy(checked).map(|told| policy(told, frame)));
    parts.extend(unknown_ages(checked).map(|text| note(frame, &text)));
    parts.extend(problems(checked, frame));
    parts.extend(set_up(checked).map(|Help { what, commands }| {
        commands.iter().fold(note(frame, &what), |text, command| text + &format!("      {command}\n"))
    }));
    // Where all is well and nobody wants to hear it, nothing is said.
    if parts.is_empty() && shell.verbosity == Verbosity::Quiet {
        return String::new();
    }
    parts.join("\n") + &summary(checked, frame, took)
}

/// Whose policy judged, and what the change alters of it.
fn policy(told: PolicyTold, frame: Frame<'_>) -> String {
    let (ink, word) = match told.weight {
        Weight::Note => (Ink::Note, "note"),
        Weight::Warning | Weight::Error => (Ink::Waiting, "warning"),
    };
    let label = format!("{}: ", frame.colour.paint(ink, word));
    let mut text = format!("{label}{}\n", text::wrap(&told.what, word.len() + 2, 6, frame.width));
    for change in told.changes {
        text += &format!("      {}\n", text::wrap(&change, 6, 8, frame.width));
    }
    if let Some(Help { what, commands }) = told.help {
        text += &format!("{}: {what}\n", frame.colour.paint(Ink::Note, "help"));
        text.extend(commands.iter().map(|command| format!("      {command}\n")));
    }
    text
}

/// Newer releases that would fix what is in use, and are held: two risks to weigh, so they lead.
fn held_fixes(checked: &Checked<'_>, frame: Frame<'_>) -> Vec<String> {
    let waiting = checked.report.waiting.iter().filter(|waiting| is_held_fix(&waiting.decision));
    waiting.map(|waiting| block::block(&newer(checked, waiting), frame)).collect()
}

/// What a block has to know about a newer release: it stands where the one in use does.
pub(crate) fn newer<'a>(checked: &Checked<'_>, Waiting { in_use, decision }: &'a Waiting) -> Subject<'a> {
    let is_in_use =
        |package: &&Package| *package.name == *decision.release.name.as_str() && package.version == *in_use;
    let line = checked.lockfile.packages.iter().find(is_in_use).map_or(1, |package| package.line);
    let path = Vec::new();
    Subject { decision, line, path, stay: None, named: Named::ByCrate, place: Placed::Newer }
}

/// Whether a newer release is shown before all others.
pub(crate) fn is_held_fix(decision: &Decision) -> bool {
    decision.verdict == Verdict::Hold && decision.has(Code::HeldFix)
}

/// The releases of the lockfile that were decided, with their places in it.
pub(crate) fn decided<'a>(checked: &Checked<'a>) -> impl Iterator<Item = (usize, &'a Decision)> + use<'a> {
    checked.report.packages.iter().enumerate().filter_map(|(at, package)| match package {
        Judged::Decided(decision) => Some((at, &**decision)),
        Judged::Own | Judged::Aside | Judged::Unjudged { .. } => None,
    })
}

/// The releases that are not admitted: blocks before holds, held fixes first among these; then as locked.
pub(crate) fn refused<'a>(checked: &Checked<'a>) -> Vec<(usize, &'a Decision)> {
    let mut refused: Vec<_> =
        decided(checked).filter(|(_, decision)| decision.verdict != Verdict::Admit).collect();
    let rank = |decision: &Decision| match decision.verdict {
        Verdict::Block => 0,
        Verdict::Hold if decision.has(Code::HeldFix) => 1,
        Verdict::Hold if decision.needs_review() => 2,
        Verdict::Hold | Verdict::Admit => 3,
    };
    refused.sort_by_key(|(_, decision)| rank(decision));
    refused
}

/// A block for each release that is not admitted; those of a kind are folded.
fn blocks(checked: &Checked<'_>, frame: Frame<'_>) -> Vec<String> {
    let refused = refused(checked);
    // What is held only because something else is needs no block of its own beside that.
    let is_cascade = |decision: &Decision| decision.standing_codes() == [Code::NeedsHeld];
    let has_roots = refused.iter().any(|(_, decision)| !is_cascade(decision));

    let mut blocks = Vec::new();
    let mut folded: BTreeMap<Vec<Code>, Vec<&Decision>> = BTreeMap::new();
    let mut drawn: BTreeMap<Vec<Code>, usize> = BTreeMap::new();
    for (at, decision) in refused {
        let kind = decision.standing_codes();
        let of_a_kind = drawn.entry(kind.clone()).or_default();
        let is_folded = frame.folding == Folding::Folded
            && decision.verdict == Verdict::Hold
            && (*of_a_kind >= BLOCKS_OF_A_KIND || (has_roots && is_cascade(decision)));
        if is_folded {
            folded.entry(kind).or_default().push(decision);
        } else {
            *of_a_kind += 1;
            blocks.push(block::block(&subject(checked, at, decision), frame));
        }
    }
    blocks.extend(folded.into_values().map(|decisions| fold(&decisions, frame)));
    blocks
}

/// What a block has to know about the package at `at`.
pub(crate) fn subject<'a>(checked: &'a Checked<'_>, at: usize, decision: &'a Decision) -> Subject<'a> {
    let packages = &checked.lockfile.packages;
    let others = packages.iter().filter(|package| *package.name == *decision.release.name.as_str()).count();
    Subject {
        decision,
        line: packages[at].line,
        path: path(checked.lockfile, at),
        stay: (checked.stay)(decision),
        named: if others > 1 { Named::ByVersion } else { Named::ByCrate },
        place: Placed::Locked,
    }
}

/// The way to the package at `at`: names, with versions where a name is not enough.
pub(crate) fn path(lockfile: &Lockfile, at: usize) -> Vec<String> {
    let packages = &lockfile.packages;
    let way = lockfile.way_to(at);
    way.iter()
        .map(|&step| {
            let package = &packages[step];
            let is_local = package.source == Source::Path;
            let name = text::harmless(&package.name);
            if step == at || is_local { name } else { format!("{name} {}", package.version) }
        })
        .collect()
}

/// Releases that are held like those before them, or because of them.
fn fold(decisions: &[&Decision], frame: Frame<'_>) -> String {
    let label = outlook::label(decisions[0]);
    let n = decisions.len();
    let brief_of = |decision: &&Decision| brief(decision, frame.now);
    let first = brief_of(&decisions[0]);
    let (head, names): (String, Vec<String>) = if decisions.iter().all(|decision| brief_of(decision) == first)
    {
        let names = decisions.iter().map(|decision| decision.release.to_string());
        (format!("{label}: {n} more ({first}): "), names.collect())
    } else {
        let names = decisions.iter().map(|decision| format!("{} ({})", decision.release, brief_of(decision)));
        (format!("{label}: {n} more for the same reasons: "), names.collect())
    };
    let text = text::wrap(&words::line_of(&names), head.len(), 6, frame.width);
    format!("{}{text}\n      cargo fence list --held\n", frame.colour.paint(Ink::Waiting, &head))
}

/// What a held release waits for, in a few words.
pub(crate) fn brief(decision: &Decision, now: Time) -> String {
    match decision.clears.iter().find(|way| way.is_wait()) {
        _ if decision.verdict == Verdict::Block => "blocked".to_owned(),
        _ if decision.needs_review() => "needs a reviewer".to_owned(),
        Some(way) if way.earliest > now => format!("{} left", text::left(way.earliest, now)),
        // Old enough by the clock on the wall, not by the one that stands still.
        Some(way) => {
            let feeds: Vec<String> = way.needs.iter().filter_map(outlook::feed).collect();
            if feeds.is_empty() {
                "admitted now".to_owned()
            } else {
                format!("waits for {}", text::and(&feeds))
            }
        }
        None if decision.has(Code::NeedsHeld) => "needs a held release".to_owned(),
        None => "needs evidence".to_owned(),
    }
}

/// Packages from elsewhere than a registry that the policy treats like this, with their places in the lockfile.
pub(crate) fn not_judged<'a>(
    checked: &Checked<'a>,
    wanted: Verdict,
) -> impl Iterator<Item = (usize, &'a Reason)> + use<'a> {
    checked.report.packages.iter().enumerate().filter_map(move |(at, package)| match package {
        Judged::Unjudged { reason, verdict } if *verdict == wanted => Some((at, reason)),
        _ => None,
    })
}

/// Packages from elsewhere than a registry, and whether the policy lets them pass.
fn unjudged(checked: &Checked<'_>, frame: Frame<'_>) -> Vec<String> {
    let mut parts: Vec<String> = not_judged(checked, Verdict::Hold)
        .map(|(at, reason)| unjudged_block(checked, at, reason).draw(frame))
        .collect();
    let passing: Vec<String> = not_judged(checked, Verdict::Admit)
        .map(|(at, reason)| {
            let package = &checked.lockfile.packages[at];
            format!(
                "{} {} ({})",
                text::harmless(&package.name),
                package.version,
                text::harmless(&words::sentence(reason))
            )
        })
        .collect();
    if !passing.is_empty() {
        let head = format!("{} not judged: ", are(passing.len(), "package"));
        parts.push(note(frame, &(head + &words::line_of(&passing))));
    }
    parts
}

/// The block of a package that the fence cannot judge.
pub(crate) fn unjudged_block(checked: &Checked<'_>, at: usize, reason: &Reason) -> Picture {
    let package = &checked.lockfile.packages[at];
    let helps = match &package.source {
        Source::Git { url, revision: Some(revision), .. } => vec![Help {
            what: "take a published release, or read this revision and allow it in fence.toml".to_owned(),
            commands: vec![
                "[[sources]]".to_owned(),
                format!("git = \"{}\"", text::harmless(url)),
                format!("rev = \"{}\"", text::harmless(revision)),
            ],
        }],
        _ => vec![Help {
            what: "take it from a registry; no policy can allow a source of this kind".to_owned(),
            commands: Vec::new(),
        }],
    };
    let mut facts = vec![(reason.code.to_string(), text::harmless(&words::sentence(reason)))];
    let path = path(checked.lockfile, at);
    if path.len() > 1 {
        facts.push(("through".to_owned(), path.join(" > ")));
    }
    Picture {
        ink: Ink::Waiting,
        label: format!("held[{}]", reason.code),
        name: text::harmless(&package.name),
        version: package.version.to_string(),
        line: package.line,
        told: "does not come from a registry, so the fence cannot judge it".to_owned(),
        facts,
        helps,
    }
}

fn are(n: usize, one: &str) -> String {
    format!("{} {}", text::count(n, one), if n == 1 { "is" } else { "are" })
}

fn note(frame: Frame<'_>, text: &str) -> String {
    format!("{}: {}\n", frame.colour.paint(Ink::Note, "note"), text::wrap(text, 6, 6, frame.width))
}

/// Admitted releases that an advisory or their publisher speaks against, by code.
fn warnings(checked: &Checked<'_>, frame: Frame<'_>) -> Vec<String> {
    let mut parts = Vec::new();
    for (code, severity, says) in warned_codes(checked.policy) {
        let (ink, word) = match severity {
            Severity::Allow => continue,
            Severity::Warn => (Ink::Waiting, "warning"),
            Severity::Error => (Ink::Bad, "error"),
        };
        let mut lines = Vec::new();
        for decision in checked.report.decisions().filter(|d| d.verdict == Verdict::Admit) {
            for reason in decision.reasons.iter().filter(|r| r.code == code && r.stands) {
                let sentence = text::harmless(&words::sentence(reason));
                let release = decision.release.to_string();
                lines.push((release, sentence));
            }
        }
        if lines.is_empty() {
            continue;
        }
        let mut releases: Vec<&String> = lines.iter().map(|(release, _)| release).collect();
        releases.dedup();
        let label = frame.colour.paint(ink, &format!("{word}[{code}]"));
        let head = format!("{} in use {says}", text::count(releases.len(), "release"));
        let head = text::wrap(&head, word.len() + code.as_str().len() + 4, 6, frame.width);
        let mut text = format!("{label}: {head}\n");
        for (release, sentence) in &lines {
            let sentence = text::wrap(sentence, 8 + release.len(), 8, frame.width);
            text += &format!("      {release}: {sentence}\n");
        }
        parts.push(text);
    }
    parts
}

/// Releases that were younger than their wait when the fence was set up, and what they would be held for.
fn not_vouched_for(checked: &Checked<'_>, frame: Frame<'_>) -> Option<String> {
    let mut releases = 0;
    // What is said of several is said once.
    let mut said: Vec<(String, Vec<String>)> = Vec::new();
    for decision in checked.report.decisions().filter(|decision| decision.verdict == Verdict::Admit) {
        let reasons: Vec<&Reason> = decision.reasons.iter().filter(|reason| is_excused(reason)).collect();
        releases += usize::from(!reasons.is_empty());
        for reason in reasons {
            let sentence = format!("{}: {}", reason.code, text::harmless(&words::sentence(reason)));
            let release = decision.release.to_string();
            match said.iter_mut().find(|(before, _)| *before == sentence) {
                Some((_, of)) => of.push(release),
                None => said.push((sentence, vec![release])),
            }
        }
    }
    let line = |(sentence, of): &(String, Vec<String>)| {
        let of = if of.len() > 1 && of.len() == releases { "all of them".to_owned() } else { of.join(", ") };
        format!("      {}\n", text::wrap(&format!("{of}: {sentence}"), 6, 8, frame.width))
    };
    let lines: String = said.iter().map(line).collect();
    const LABEL: &str = "warning[baseline]";
    let label = frame.colour.paint(Ink::Waiting, LABEL);
    let head = format!(
        "{} in use {} young when the fence was set up, and nothing vouches for {} yet",
        text::count(releases, "release"),
        if releases == 1 { "was" } else { "were" },
        if releases == 1 { "it" } else { "them" },
    );
    let head = text::wrap(&head, LABEL.len() + 2, 6, frame.width);
    (releases > 0).then(|| format!("{label}: {head}\n{lines}"))
}

/// Whether a reason would hold the release, had it not been there when the fence was set up.
pub(crate) fn is_excused(reason: &Reason) -> bool {
    reason.stands && reason.effect == Effect::Warn && reason.code.class() != CodeClass::Warning
}

/// The codes that warn about releases in use, what the policy does about each, and its words.
pub(crate) fn warned_codes(policy: &Policy) -> [(Code, Severity, &'static str); 5] {
    [
        (Code::Vulnerable, policy.vulnerable, "with a known vulnerability"),
        (Code::Unsound, policy.unsound, "with code that is unsound"),
        (Code::Unmaintained, policy.unmaintained, "that nobody maintains"),
        (Code::Yanked, policy.yanked, "that the publisher withdrew"),
        (Code::LateObjection, Severity::Warn, "that somebody objects to since it was admitted"),
    ]
}

/// Newer releases that are not admitted yet and fix nothing, unless the policy wants to hear of none.
pub(crate) fn not_approved<'a>(checked: &Checked<'a>) -> Vec<&'a Waiting> {
    let waiting = checked.report.waiting.iter().filter(|waiting| !is_held_fix(&waiting.decision));
    match checked.policy.newer_unapproved {
        Severity::Allow => Vec::new(),
        Severity::Warn | Severity::Error => waiting.collect(),
    }
}

/// What waits for approval, in a note.
fn waiting(checked: &Checked<'_>, frame: Frame<'_>) -> Option<String> {
    let waiting = not_approved(checked);
    if waiting.is_empty() {
        return None;
    }
    let (ink, word) = match checked.policy.newer_unapproved {
        Severity::Error => (Ink::Bad, "error"),
        Severity::Warn | Severity::Allow => (Ink::Note, "note"),
    };
    let names: Vec<String> = waiting
        .iter()
        .map(|Waiting { decision, .. }| format!("{} ({})", decision.release, brief(decision, frame.now)))
        .collect();
    let wait = if waiting.len() == 1 { "newer release waits" } else { "newer releases wait" };
    let head = format!("{} {wait} for approval: ", waiting.len());
    let text = text::wrap(&(head + &words::line_of(&names)), 6, 6, frame.width);
    let mut text = format!("{}: {text}\n", frame.colour.paint(ink, word));
    if let Some(command) = waiting.iter().flat_map(|waiting| help::reviews(&waiting.decision)).next() {
        text += &format!("      {command}\n");
    }
    Some(text)
}

/// Vulnerable releases in use, and the admitted release to go to.
fn fixes(checked: &Checked<'_>, frame: Frame<'_>) -> Option<String> {
    let fixes = &checked.report.fixes;
    if fixes.is_empty() {
        return None;
    }
    let has =
        if fixes.len() == 1 { "vulnerable release in use has" } else { "vulnerable releases in use have" };
    let head = text::wrap(&format!("{} {has} an admitted fix", fixes.len()), 6, 6, frame.width);
    let mut text = format!("{}: {head}\n", frame.colour.paint(Ink::Note, "help"));
    for fix in fixes {
        text += &format!("      {}\n", way_to(checked, fix));
    }
    Some(text)
}

/// How to get to a fix: a command, or what to change.
pub(crate) fn way_to(checked: &Checked<'_>, fix: &AdmittedFix) -> String {
    let release = &fix.in_use;
    match fix.reach {
        Reach::Compatible => {
            let others = checked.report.decisions().filter(|d| d.release.name == release.name).count();
            let spec = if others > 1 {
                format!("{}@{}", release.name, release.version)
            } else {
                release.name.to_string()
            };
            format!("cargo update -p {spec} --precise {}", fix.fix)
        }
        Reach::Breaking => {
            format!("{release}: raise the requirement to {}, which is not compatible", fix.fix)
        }
    }
}

/// Admitted releases of which one thing was not looked for that usually is. What nobody knows yet of any release is
/// told by `why`, not here.
pub(crate) fn unknown_ages(checked: &Checked<'_>) -> Option<String> {
    let admitted = checked.report.decisions().filter(|decision| decision.verdict == Verdict::Admit);
    let names: Vec<String> = admitted
        .filter(|decision| decision.attained.unknown.contains(&Unknown::Dependencies))
        .map(|decision| decision.release.to_string())
        .collect();
    let has = if names.len() == 1 { "has" } else { "have" };
    let head = format!(
        "{} {has} new dependencies of unknown age, since their index files were not read: ",
        text::count(names.len(), "release")
    );
    (!names.is_empty()).then(|| head + &words::line_of(&names))
}

/// What else to know about the facts themselves.
fn problems(checked: &Checked<'_>, frame: Frame<'_>) -> Vec<String> {
    let label = frame.colour.paint(Ink::Waiting, "warning");
    let wrapped = |problem: &String| text::wrap(&text::harmless(problem), 9, 6, frame.width);
    let others: &[String] = if frame.folding == Folding::Unfolded { &checked.others_problems } else { &[] };
    checked.problems.iter().chain(others).map(|problem| format!("{label}: {}\n", wrapped(problem))).collect()
}

/// The way to start from what there is, for a project that never did.
pub(crate) fn set_up(checked: &Checked<'_>) -> Option<Help> {
    let would_be_excused =
        |decision: &Decision| decision.verdict == Verdict::Hold && !decision.has(Code::Young);
    let helps = checked.report.decisions().any(would_be_excused);
    (helps && checked.set_up == SetUp::NotYet).then(|| Help {
        what: "this project is not set up; what is locked now and old enough can be its baseline".to_owned(),
        commands: vec!["cargo fence init".to_owned()],
    })
}

/// The last line, which counts everything.
fn summary(checked: &Checked<'_>, frame: Frame<'_>, took: Duration) -> String {
    let is_refused = !refused(checked).is_empty() || not_judged(checked, Verdict::Hold).next().is_some();
    let (ink, level) = if is_refused {
        (Ink::Waiting, String::new())
    } else {
        (Ink::Good, format!(" at level {}", checked.levels))
    };
    let verb = frame.colour.paint(ink, "    Finished");
    let text = format!("{}{level} in {:.2}s", counts(checked), took.as_secs_f64());
    format!("{verb} {}\n", text::wrap(&text, 13, 13, frame.width))
}

/// How many releases came out how, by what admits them.
pub(crate) fn counts(checked: &Checked<'_>) -> String {
    let count = |wanted: Verdict| checked.report.decisions().filter(|d| d.verdict == wanted).count();
    let unjudged = |wanted: Verdict| not_judged(checked, wanted).count();
    let mut by_grounds: BTreeMap<Grounds, usize> = BTreeMap::new();
    for grounds in checked.report.decisions().filter_map(|d| d.grounds) {
        *by_grounds.entry(grounds).or_default() += 1;
    }
    let grounds: Vec<String> = by_grounds.iter().map(|(g, n)| format!("{n} {}", g.as_str())).collect();
    let grounds = if grounds.is_empty() { String::new() } else { format!(" ({})", grounds.join(", ")) };
    let (held, blocked) = (count(Verdict::Hold) + unjudged(Verdict::Hold), count(Verdict::Block));
    let mut parts = vec![format!("{} admitted{grounds}", count(Verdict::Admit))];
    if held > 0 || blocked > 0 {
        parts.push(format!("{held} held, {blocked} blocked"));
    }
    if unjudged(Verdict::Admit) > 0 {
        parts.push(format!("{} not judged", unjudged(Verdict::Admit)));
    }
    let packages = || checked.report.packages.iter();
    let own = packages().filter(|package| matches!(package, Judged::Own)).count();
    if own > 0 {
        parts.push(format!("{own} of this project"));
    }
    let aside = packages().filter(|package| matches!(package, Judged::Aside)).count();
    if aside > 0 {
        parts.push(format!("{aside} not asked for"));
    }
    parts.join(", ")
}

/// A table of all releases, or of those that `wanted` picks.
pub(crate) fn list(checked: &Checked<'_>, colour: Colour, wanted: impl Fn(&Decision) -> bool) -> String {
    let rows: Vec<[String; 4]> = checked
        .report
        .decisions()
        .filter(|decision| wanted(decision))
        .map(|decision| {
            let why = match (decision.verdict, decision.grounds) {
                (Verdict::Admit, Some(grounds)) => {
                    let warnings = codes(decision, |reason| reason.effect == Effect::Warn);
                    let but = if warnings.is_empty() { "" } else { "; " };
                    format!("{}{but}{warnings}", grounds.as_str())
                }
                _ => {
                    let codes = codes(decision, |reason| reason.effect >= Effect::Hold);
                    format!("{}: {codes}", brief(decision, checked.now))
                }
            };
            let ReleaseId { name, version } = &decision.release;
            [decision.verdict.as_str().to_owned(), name.to_string(), version.to_string(), why]
        })
        .collect();
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let (names, versions) = (width(1), width(2));
    rows.iter()
        .map(|[verdict, name, version, why]| {
            let ink = match verdict.as_str() {
                "admit" => Ink::Good,
                "hold" => Ink::Waiting,
                _ => Ink::Bad,
            };
            let verdict = colour.paint(ink, &format!("{verdict:<5}"));
            format!("{verdict}  {name:<names$}  {version:<versions$}  {why}\n")
        })
        .collect()
}

/// The distinct codes that stand and that `wanted` picks.
fn codes(decision: &Decision, wanted: impl Fn(&Reason) -> bool) -> String {
    let mut codes: Vec<&str> =
        decision.reasons.iter().filter(|r| r.stands && wanted(r)).map(|r| r.code.as_str()).collect();
    codes.dedup();
    codes.join(", ")
}
