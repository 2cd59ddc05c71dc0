//! Reports of the scanner for people: findings look like those of rustc.
//!
//! Everything that comes from a package was chosen by a stranger: no control character of it reaches the terminal.

use std::collections::BTreeSet;

use fence_scan::likeness::{Alike, Relation};
use fence_scan::{Capability, Change, Comparison, Finding, Place, Report, Severity, Unanalyzed};

use crate::render::text::{count, harmless, size, visible, wrap};
use crate::shell::{Colour, Ink, Shell, Verbosity};

/// A report. `asked` is what its reader calls the package.
pub(crate) fn report(report: &Report, asked: &str, least: Severity, shell: &Shell) -> String {
    let mut text = head(&name(report), shell);
    text += &capabilities(report, shell);
    text += &alike(&report.alike, shell);
    text += &unanalyzed(&report.unanalyzed, shell);
    text += &findings(&report.findings, least, shell);
    text += &end(
        &report.findings,
        least,
        &format!(
            "{} of Rust read, {}",
            size(report.read.rust_bytes),
            count(usize::try_from(report.read.functions).unwrap_or(usize::MAX), "function")
        ),
        shell,
    );
    if let Some(original) = report.alike.iter().find(|of| of.relation == Relation::Copy) {
        let (what, command) = beside_original(asked, original);
        text += &format!("{}: {what}\n      {command}\n", shell.colour.paint(Ink::Note, "help"));
    }
    text
}

/// The known packages whose code it has.
fn alike(all: &[Alike], shell: &Shell) -> String {
    const SHOWN: usize = 3;
    let one = |of: &Alike| {
        let Alike { name, version, of_known, of_new, .. } = of;
        match of.relation {
            Relation::Copy => {
                format!(
                    "much like {name} {version}: {of_known} % of that is in it, {of_new} % of it is in that"
                )
            }
            Relation::Holds => format!("has {of_known} % of the code of {name} {version}, and much beside"),
            Relation::Part => format!("{of_new} % of it is in {name} {version}"),
        }
    };
    let mut told: Vec<String> = all.iter().take(SHOWN).map(one).collect();
    if all.len() > SHOWN {
        told.push(format!("and {} more", all.len() - SHOWN));
    }
    if told.is_empty() { String::new() } else { line("Alike", &told.join("; "), shell) }
}

/// How to see what is left of a package when what it has of another is taken away: what that is, and the command.
pub(super) fn beside_original(asked: &str, original: &Alike) -> (String, String) {
    let Alike { name, version, .. } = original;
    let (name, version) = (harmless(name), harmless(version));
    let what = format!("what differs from {name} {version}, and what that can do");
    (what, format!("cargo fence review {} --from {name}@{version}", harmless(asked)))
}

/// What the package calls itself.
fn name(report: &Report) -> String {
    if report.name.is_empty() {
        "a package without a name".to_owned()
    } else {
        format!("{} {}", report.name, report.version)
    }
}

/// Reports of a whole lockfile: only those with something to show, and copies of known packages.
pub(crate) fn reports(reports: &[Report], least: Severity, shell: &Shell) -> String {
    let mut text = String::new();
    let mut all = Vec::new();
    for report in reports {
        let of_report: Vec<Finding> =
            report.findings.iter().filter(|finding| finding.severity >= least).cloned().collect();
        if !of_report.is_empty() || report.alike.iter().any(|of| of.relation == Relation::Copy) {
            text += &head(&name(report), shell);
            text += &alike(&report.alike, shell);
            text += &findings(&of_report, least, shell);
        }
        all.extend(report.findings.iter().cloned());
    }
    text + &end(&all, least, &count(reports.len(), "release"), shell)
}

/// A comparison.
pub(crate) fn comparison(comparison: &Comparison, least: Severity, shell: &Shell) -> String {
    let mut text = head(&comparison.title(), shell);
    text += &gains(comparison, shell);
    text += &files(comparison, shell);
    text += &findings(&comparison.findings, least, shell);
    text + &end(&comparison.findings, least, "of the change", shell)
}

/// What the newer can do and needs that the older could and did not, and how much there is to read.
pub(super) fn gains(comparison: &Comparison, shell: &Shell) -> String {
    let mut text = String::new();
    let mut row = |name: &str, value: String| {
        if !value.is_empty() {
            text += &line(name, &value, shell);
        }
    };
    let names = |all: &[Capability]| all.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(", ");
    row("Gained", names(&comparison.gained));
    row("Lost", names(&comparison.lost));
    row("Needs", comparison.dependencies.join(", "));
    row("Features", comparison.features.join(", "));
    let (before, now) = comparison.unsafe_functions;
    if before != now {
        row("Unsafe", format!("{before} functions without checks or in other languages before, {now} now"));
    }
    if comparison.build_code {
        row("Build", "the build script or procedural macro is not what it was".to_owned());
    }
    row("Copies", comparison.copies().unwrap_or_default());
    let panics = comparison.panics_more().map(|told| format!("{told}; `--panics` shows them"));
    row("Panics", panics.unwrap_or_default());
    let lines = usize::try_from(comparison.review_lines).unwrap_or(usize::MAX);
    row(
        "To read",
        if comparison.unchanged {
            "nothing: all that is built is the same but for the version".to_owned()
        } else {
            format!("{} of code", count(lines, "line"))
        },
    );
    text
}

fn files(comparison: &Comparison, shell: &Shell) -> String {
    const SHOWN: usize = 12;
    let matters = |file: &&fence_scan::FileChange| {
        shell.verbosity == Verbosity::Verbose || (file.place.is_some() && file.change != Change::Reformatted)
    };
    let all: Vec<_> = comparison.files.iter().filter(matters).collect();
    let most = if shell.verbosity == Verbosity::Verbose { all.len() } else { SHOWN };
    let mut text = String::new();
    for file in all.iter().take(most) {
        let change = match file.change {
            Change::Added => "new",
            Change::Removed => "gone",
            Change::Changed => "changed",
            Change::Reformatted => "reformatted",
        };
        let place = file.place.map_or("", Place::as_str);
        text += &format!("  {change:>11}  {:>5}  {:<12}  {}\n", file.lines, place, harmless(&file.path));
    }
    if all.len() > most {
        text += &format!("               and {} more; `-v` shows all\n", count(all.len() - most, "file"));
    }
    if text.is_empty() { text } else { format!("\n{text}") }
}

pub(super) fn head(what: &str, shell: &Shell) -> String {
    format!("{}\n", shell.colour.paint(Ink::Strong, &harmless(what)))
}

pub(super) fn line(name: &str, value: &str, shell: &Shell) -> String {
    let name = format!("{name:>12}");
    format!("{} {}\n", shell.colour.paint(Ink::Note, &name), wrap(&harmless(value), 13, 13, shell.width))
}

/// What the code can do, by where it runs.
fn capabilities(report: &Report, shell: &Shell) -> String {
    let mut text = String::new();
    for (place, name) in
        [(Place::BuildScript, "Build script"), (Place::ProcMacro, "Macro"), (Place::Normal, "Code")]
    {
        let all: BTreeSet<Capability> =
            report.uses.iter().filter(|of| of.place == place).map(|of| of.capability).collect();
        if !all.is_empty() {
            let names: Vec<&str> = all.iter().map(|one| one.as_str()).collect();
            text += &line(name, &names.join(", "), shell);
        }
    }
    if shell.verbosity == Verbosity::Verbose {
        for of in report.uses.iter().filter(|of| of.place != Place::Tests) {
            let function = if of.function.is_empty() { "outside of functions" } else { &of.function };
            text += &format!(
                "{:>15} {}  {}:{}  {}\n",
                of.capability.as_str(),
                harmless(function),
                harmless(&of.span.file),
                of.span.line,
                harmless(&of.through)
            );
        }
    }
    match (text.is_empty(), report.read.rust_files) {
        (false, _) => text,
        (true, 0) => line("Code", "none was read", shell),
        (true, _) => line("Code", "no capability seen", shell),
    }
}

/// What was not read.
pub(super) fn unanalyzed(all: &[Unanalyzed], shell: &Shell) -> String {
    let told: Vec<String> = all
        .iter()
        .map(|of| {
            let count = usize::try_from(of.count).unwrap_or(usize::MAX);
            let amount = if of.bytes > 0 { format!(", {}", size(of.bytes)) } else { String::new() };
            match of.why.as_str() {
                "built-code" => {
                    format!("code that the build makes ({})", crate::render::text::count(count, "place"))
                }
                "macro-output" => format!(
                    "what other crates' macros make ({}{amount})",
                    crate::render::text::count(count, "call")
                ),
                "binary" => format!("{} in binary form{amount}", crate::render::text::count(count, "file")),
                "other-language" => {
                    format!("{} in other languages{amount}", crate::render::text::count(count, "file"))
                }
                _ => format!("what is beyond a limit ({})", crate::render::text::count(count, "place")),
            }
        })
        .collect();
    if told.is_empty() { String::new() } else { line("Not read", &told.join("; "), shell) }
}

fn findings(findings: &[Finding], least: Severity, shell: &Shell) -> String {
    let shown = findings.iter().filter(|finding| finding.severity >= least);
    shown.map(|finding| format!("\n{}", one(finding, shell))).collect()
}

/// The ink of a severity.
pub(super) fn ink(severity: Severity) -> Ink {
    match severity {
        Severity::High => Ink::Bad,
        Severity::Medium => Ink::Waiting,
        Severity::Low | Severity::None => Ink::Note,
    }
}

/// A finding as rustc would show it.
pub(super) fn one(finding: &Finding, shell: &Shell) -> String {
    let ink = ink(finding.severity);
    let colour = shell.colour;
    let head = format!("{}[{}]", finding.severity.as_str(), harmless(&finding.code));
    let used = head.chars().count() + 2;
    let mut text =
        format!("{}: {}\n", colour.paint(ink, &head), wrap(&harmless(&finding.reason), used, 6, shell.width));
    let width = finding.line.to_string().len();
    let gutter = |text: &str| colour.paint(Ink::Place, text);
    let place = match (finding.file.is_empty(), finding.line) {
        (true, _) => "the package".to_owned(),
        (_, 0) => harmless(&finding.file),
        _ => format!("{}:{}:{}", harmless(&finding.file), finding.line, finding.column),
    };
    let function = if finding.function.is_empty() {
        String::new()
    } else {
        format!(" in `{}`", harmless(&finding.function))
    };
    text += &format!("{:width$}{} {place}{function} ({})\n", "", gutter("-->"), runs(finding.place));
    if !finding.text.is_empty() {
        text += &snippet(finding, width, colour);
    }
    for clue in &finding.clues {
        text += &format!(
            "{:width$} {} {}: {}:{}\n",
            "",
            gutter("="),
            harmless(&clue.what),
            harmless(&clue.span.file),
            clue.span.line
        );
    }
    text
}

fn snippet(finding: &Finding, width: usize, colour: Colour) -> String {
    let gutter = |text: &str| colour.paint(Ink::Place, text);
    // A tab is one byte of a column, and one blank here.
    let seen = |text: &str| visible(&text.replace('\t', " "));
    let text = seen(&finding.text);
    let blanks = text.chars().take_while(|character| *character == ' ').count().min(text.chars().count());
    // Deep indentation says nothing here.
    let cut = blanks.saturating_sub(4);
    let shown: String = text.chars().skip(cut).take(110).collect();
    let column = (finding.column as usize).saturating_sub(1);
    let bytes = finding.text.as_bytes();
    let wide = |from: usize, to: usize| {
        let part = bytes.get(from.min(bytes.len())..to.min(bytes.len())).unwrap_or_default();
        seen(&String::from_utf8_lossy(part)).chars().count()
    };
    let (from, begin) = if column > 100 { (0, 0) } else { (column, wide(0, column).saturating_sub(cut)) };
    let length = wide(from, from + finding.length as usize)
        .clamp(1, shown.chars().count().saturating_sub(begin).max(1));
    format!(
        "{:width$} {}\n{} {} {shown}\n{:width$} {} {:begin$}{}\n",
        "",
        gutter("|"),
        gutter(&format!("{:width$}", finding.line)),
        gutter("|"),
        "",
        gutter("|"),
        "",
        colour.paint(Ink::Bad, &"^".repeat(length)),
    )
}

pub(super) fn runs(place: Place) -> &'static str {
    match place {
        Place::BuildScript => "runs in the build of whoever depends on it",
        Place::ProcMacro => "runs in the compiler of whoever depends on it",
        Place::Normal => "runs in the programs that use it",
        Place::Tests => "runs in its own tests alone",
    }
}

fn end(findings: &[Finding], least: Severity, what: &str, shell: &Shell) -> String {
    let mut text = format!("\n{}", counts(findings, least, what, shell));
    if let Some(finding) = findings.iter().find(|finding| finding.severity >= least) {
        text += &format!("help: what a code means\n      cargo fence explain {}\n", harmless(&finding.code));
    }
    text
}

/// How many findings there are.
pub(super) fn counts(findings: &[Finding], least: Severity, what: &str, shell: &Shell) -> String {
    let number = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let hidden = findings.iter().filter(|finding| finding.severity < least).count();
    let mut told = format!(
        "{} high, {} medium, {} low ({what})",
        number(Severity::High),
        number(Severity::Medium),
        number(Severity::Low)
    );
    if hidden > 0 {
        told += &format!("; {} not shown", count(hidden, "finding"));
    }
    format!("{} {told}\n", shell.colour.paint(Ink::Good, "    Findings"))
}
