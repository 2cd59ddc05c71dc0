//! One release that is not admitted, as a block of rustc's kind: what, where, why, and what to do.

use fence_model::decision::{Because, Decision, Need, Reason, Verdict};
use fence_model::words;
use fence_model::{Code, Effect, Time};
use semver::Version;

use super::text;
use crate::shell::{Colour, Ink, Verbosity};

/// Where and how a block is drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    /// The lockfile, as people write its path.
    pub(crate) file: &'a str,
    /// As of when.
    pub(crate) now: Time,
    /// Whether repeats are folded.
    pub(crate) folding: Folding,
    /// Colour.
    pub(crate) colour: Colour,
    /// Width in characters.
    pub(crate) width: usize,
}

/// Whether repeats are folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Folding {
    /// Three of a kind are shown, the others counted.
    Folded,
    /// All are shown.
    Unfolded,
}

impl Folding {
    /// What `--verbose` asks for.
    pub(crate) fn of(verbosity: Verbosity) -> Self {
        if verbosity == Verbosity::Verbose { Self::Unfolded } else { Self::Folded }
    }
}

/// How many reasons of one code are shown before they are folded.
const SHOWN_OF_A_KIND: usize = 3;

/// What a block needs to know beyond the decision.
#[derive(Debug, Clone)]
pub(crate) struct Subject<'a> {
    /// The decision.
    pub(crate) decision: &'a Decision,
    /// The line of the lockfile.
    pub(crate) line: u32,
    /// The path from the project to it, itself included.
    pub(crate) path: Vec<String>,
    /// The release to stay on.
    pub(crate) stay: Option<Version>,
    /// Whether the lockfile has another release of the crate, so that commands have to say which is meant.
    pub(crate) named: Named,
    /// Whether the lockfile has it already.
    pub(crate) place: Placed,
}

/// Whether a release is in the lockfile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Placed {
    /// It is.
    Locked,
    /// It is newer than the one that is.
    Newer,
}

/// How commands name the release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    /// The crate's name is enough.
    ByCrate,
    /// It takes the version too.
    ByVersion,
}

/// What stands between the release and the build, in a word.
pub(crate) fn label(decision: &Decision) -> String {
    let code = chief(decision);
    match decision.verdict {
        Verdict::Admit => "admitted".to_owned(),
        Verdict::Block => format!("blocked[{code}]"),
        Verdict::Hold if code != Code::HeldFix && decision.needs_review() => "held[review]".to_owned(),
        Verdict::Hold => format!("held[{code}]"),
    }
}

/// The code that says most about why a release is not admitted. That it is young says least.
pub(crate) fn chief(decision: &Decision) -> Code {
    let says_most = |code: &Code| match decision.verdict {
        Verdict::Block => is_block(decision, *code),
        Verdict::Admit | Verdict::Hold => *code != Code::Young,
    };
    match decision.verdict {
        Verdict::Hold if decision.has(Code::HeldFix) => Code::HeldFix,
        _ => decision.standing_codes().into_iter().find(says_most).unwrap_or(Code::Young),
    }
}

fn is_block(decision: &Decision, code: Code) -> bool {
    decision
        .reasons
        .iter()
        .any(|reason| reason.stands && reason.code == code && reason.effect == Effect::Block)
}

/// What it takes, and until when, in a line.
pub(crate) fn outlook(decision: &Decision, now: Time) -> String {
    let published = match decision.published {
        Some(time) => format!("published {}; ", text::ago(time, now)),
        None => String::new(),
    };
    let outlook = match decision.verdict {
        Verdict::Admit => "admitted".to_owned(),
        Verdict::Block => "blocked, however long it waits".to_owned(),
        Verdict::Hold => hold_outlook(decision, now),
    };
    published + &outlook
}

fn hold_outlook(decision: &Decision, now: Time) -> String {
    if decision.needs_review() {
        let wait = decision.clears.iter().find(|way| way.is_wait() && way.earliest > now);
        return if let Some(way) = wait {
            // What makes it ask for a reviewer ends by itself, as the youth of a crate does.
            format!("needs a reviewer until it is admitted {}", text::ahead(way.earliest, now))
        } else if decision.is_no_way() {
            "needs a reviewer, and nobody whom the policy trusts can be one".to_owned()
        } else {
            "needs a reviewer, age alone will not admit it".to_owned()
        };
    }
    if let Some(way) = decision.clears.iter().find(|way| way.is_wait()) {
        // A way that lies in the past waits for a clock that stands still.
        return if way.earliest > now {
            format!("admitted {}", text::ahead(way.earliest, now))
        } else {
            let feeds: Vec<String> = way.needs.iter().filter_map(feed).collect();
            format!("old enough, and waits for a newer {}", text::and(&feeds))
        };
    }
    let needed: Vec<String> = decision.clears.iter().flat_map(|way| &way.needs).filter_map(package).collect();
    if needed.is_empty() {
        "held until evidence speaks for it".to_owned()
    } else {
        format!("waits for {}", text::and(&needed))
    }
}

/// The feed that a need names.
pub(crate) fn feed(need: &Need) -> Option<String> {
    match need {
        Need::Feed(name) => Some(text::harmless(name)),
        Need::Audits(_) | Need::Admitted { .. } | Need::Exception(_) => None,
    }
}

fn package(need: &Need) -> Option<String> {
    match need {
        Need::Admitted { package, requirement } => {
            Some(format!("{} {}", text::harmless(package), text::harmless(requirement)))
        }
        Need::Feed(_) | Need::Audits(_) | Need::Exception(_) => None,
    }
}

/// The whole block, with a line end.
pub(crate) fn block(subject: &Subject<'_>, frame: Frame<'_>) -> String {
    picture(subject, frame.folding, frame.now).draw(frame)
}

/// What a block says, however it is drawn.
pub(crate) fn picture(subject: &Subject<'_>, folding: Folding, now: Time) -> Picture {
    let Subject { decision, line, path, .. } = subject;
    let mut facts = facts(decision, folding);
    if path.len() > 1 {
        facts.push(("through".to_owned(), path.join(" > ")));
    }
    Picture {
        ink: if decision.verdict == Verdict::Block { Ink::Bad } else { Ink::Waiting },
        label: label(decision),
        name: decision.release.name.to_string(),
        version: decision.release.version.to_string(),
        line: *line,
        told: outlook(decision, now),
        facts,
        helps: helps(subject, now),
    }
}

/// The parts of a block. All of its text is fit for a terminal.
pub(crate) struct Picture {
    pub(crate) ink: Ink,
    pub(crate) label: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) line: u32,
    pub(crate) told: String,
    pub(crate) facts: Vec<(String, String)>,
    pub(crate) helps: Vec<Help>,
}

impl Picture {
    /// `held[young]: glob 0.3.4`.
    pub(crate) fn heading(&self) -> String {
        let Self { label, name, version, .. } = self;
        format!("{label}: {name} {version}")
    }

    /// Everything below the heading in lines of any length, without a drawing.
    pub(crate) fn body(&self) -> String {
        let facts = self.facts.iter().map(|(word, sentence)| format!("{word}: {sentence}"));
        let helps = self.helps.iter().map(|Help { what, commands }| {
            let commands = commands.iter().map(|command| format!("\n  {command}"));
            format!("help: {what}{}", commands.collect::<String>())
        });
        std::iter::once(self.told.clone()).chain(facts).chain(helps).collect::<Vec<_>>().join("\n")
    }

    /// The block, with a line end.
    pub(crate) fn draw(&self, frame: Frame<'_>) -> String {
        let Self { ink, label, name, version, line, told, facts, helps } = self;
        let Frame { file, colour, width, .. } = frame;
        let number = line.to_string();
        let gutter = " ".repeat(number.len());
        let [bar, arrow, equals] = ["|", "-->", "="].map(|sign| colour.paint(Ink::Place, sign));
        let source = format!("name = \"{name}\"");
        let marks = "^".repeat(source.chars().count());
        let indent = number.len() + 3;
        let told = text::wrap(told, indent + marks.len() + 1, indent, width);
        // What does not fit beside the marks goes on below, behind the bar.
        let told = told.replace(&format!("\n{}", " ".repeat(indent)), &format!("\n{gutter} {bar} "));

        let mut lines = vec![
            format!(
                "{}: {}",
                colour.paint(*ink, label),
                colour.paint(Ink::Strong, &format!("{name} {version}"))
            ),
            format!("{gutter}{arrow} {file}:{line}"),
            format!("{gutter} {bar}"),
            format!("{} {bar} {source}", colour.paint(Ink::Place, &number)),
            format!("{gutter} {bar} {} {told}", colour.paint(*ink, &marks)),
            format!("{gutter} {bar}"),
        ];
        for (word, sentence) in facts {
            let sentence = text::wrap(sentence, indent + word.len() + 2, indent + 2, width);
            lines.push(format!("{gutter} {equals} {word}: {sentence}"));
        }
        for Help { what, commands } in helps {
            let what = text::wrap(what, 6, 6, width);
            lines.push(format!("{}: {what}", colour.paint(Ink::Note, "help")));
            lines.extend(commands.iter().map(|command| format!("      {command}")));
        }
        lines.join("\n") + "\n"
    }
}

/// The reasons that stand against the release, as code and sentence: both risks of a held fix first, then as the
/// decision orders them. That it is young is said by the outlook already.
fn facts(decision: &Decision, folding: Folding) -> Vec<(String, String)> {
    let (first, then): (Vec<_>, Vec<_>) = decision
        .reasons
        .iter()
        .filter(|reason| tells(reason))
        .partition(|reason| reason.code == Code::HeldFix);
    let told: Vec<&Reason> =
        first.into_iter().chain(then).filter(|reason| !is_told_by_another(reason, decision)).collect();
    let mut facts = Vec::new();
    for kind in told.chunk_by(|a, b| a.code == b.code) {
        let shown = match folding {
            Folding::Folded => kind.len().min(SHOWN_OF_A_KIND),
            Folding::Unfolded => kind.len(),
        };
        let code = kind[0].code.as_str().to_owned();
        facts.extend(kind[..shown].iter().map(|r| (code.clone(), text::harmless(&words::sentence(r)))));
        if shown < kind.len() {
            let more =
                format!("and {} more for the same reason (`--verbose` shows them)", kind.len() - shown);
            facts.push((code, more));
        }
    }
    facts
}

fn tells(reason: &Reason) -> bool {
    let is_against = reason.stands && reason.effect >= Effect::Warn;
    let is_said_anyway = matches!(reason.because, Because::Young { .. });
    (is_against && !is_said_anyway) || matches!(reason.code, Code::HeldFix | Code::ClockStopped)
}

/// Whether a reason that is told says the same and more: what is new and young needs no second line for being new.
fn is_told_by_another(reason: &Reason, decision: &Decision) -> bool {
    let Because::DependencyAdded { package: added, .. } = &reason.because else { return false };
    decision.reasons.iter().any(|other| match &other.because {
        Because::DependencyYoung { package, .. }
        | Because::DependencyUntold { package }
        | Because::DependencyNonexistent { package }
        | Because::DependencyLookAlike { package, .. } => package == added,
        _ => false,
    })
}

/// A way out: what it is, and the commands for it.
pub(crate) struct Help {
    pub(crate) what: String,
    pub(crate) commands: Vec<String>,
}

/// The ways out, the cheapest first: stay, wait, look, vouch, except.
pub(crate) fn helps(subject: &Subject<'_>, now: Time) -> Vec<Help> {
    let Subject { decision, stay, named, place, .. } = subject;
    let (name, version) = (&decision.release.name, &decision.release.version);
    let spec = format!("{name}@{version}");
    let mut helps = Vec::new();
    let fixes = decision.reason(Code::HeldFix).filter(|_| decision.verdict == Verdict::Hold);
    if let Some(reason) = fixes {
        let mut commands = vec![except(decision, &spec, &fix_reason(reason), "\"7 days\"")];
        if *place == Placed::Newer {
            commands.push(format!("cargo update -p {name} --precise {version}"));
        }
        let what = "weigh both risks; if the fix matters more, let it in for 7 days".to_owned();
        helps.push(Help { what, commands });
    }
    if let Some(stay) = stay {
        let package = match named {
            Named::ByCrate => name.as_str(),
            Named::ByVersion => &spec,
        };
        helps.push(Help {
            what: format!("stay on {stay}, which is admitted"),
            commands: vec![format!("cargo update -p {package} --precise {stay}")],
        });
    }
    let or =
        |helps: &[Help], what: &str| if helps.is_empty() { what.to_owned() } else { format!("or {what}") };
    if decision.clears.iter().any(|way| way.is_wait() && way.earliest <= now) {
        let what = or(&helps, "ask the feeds again that stand still");
        helps.push(Help { what, commands: vec!["cargo fence update".to_owned()] });
    }
    let what = or(&helps, "look at what is known about it");
    helps.push(Help { what, commands: vec![format!("cargo fence why {spec}")] });
    // Nobody has to vouch for what time clears, or for what waits for somebody else.
    if decision.verdict == Verdict::Hold && fixes.is_none() && decision.needs_review() {
        let until = (now + fence_model::Span::days(7)).date();
        helps.push(Help {
            what: "or let it in for a while, on your own word".to_owned(),
            commands: vec![except(decision, &spec, "…", &until)],
        });
    }
    helps
}

/// The exception that the decision itself says would admit the release.
pub(crate) fn except(decision: &Decision, spec: &str, because: &str, until: &str) -> String {
    let needed = decision.clears.iter().flat_map(|way| &way.needs).find_map(|need| match need {
        Need::Exception(codes) => Some(codes.clone()),
        Need::Feed(_) | Need::Audits(_) | Need::Admitted { .. } => None,
    });
    let codes = needed.unwrap_or_else(|| decision.standing_codes());
    let codes: Vec<_> = codes.iter().map(|code| code.as_str()).collect();
    format!("cargo fence except {spec} --codes {} --because \"{because}\" --until {until}", codes.join(","))
}

fn fix_reason(reason: &Reason) -> String {
    match &reason.because {
        Because::FixHeld { advisories, .. } => format!("fixes {}", advisories.join(", ")),
        _ => "…".to_owned(),
    }
}
