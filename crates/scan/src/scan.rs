//! A scan: a package in, its report out.

use std::collections::{BTreeMap, BTreeSet};

use crate::hidden;
use crate::manifest::Manifest;
use crate::names::Code;
use crate::package::{Magic, Package, extension, is_of_tests};
use crate::report::{Amount, Blind, Capability, Finding, Place, Report, Unanalyzed, Use};
use crate::rules;
use crate::sign::Sign;
use crate::source::UnitKind;
use crate::word;

/// The scanner's version: reports of another are not compared with its own, and made again.
pub const SCANNER: u32 = 3;

/// Scans a package.
pub fn scan(package: &Package) -> Report {
    Scan::of(package).report
}

/// A package that was scanned: its report, and what [`crate::compare`] needs of it beside.
pub struct Scan<'a> {
    pub(crate) package: &'a Package,
    pub(crate) manifest: Manifest,
    pub(crate) code: Code<'a>,
    /// What was seen.
    pub report: Report,
}

impl<'a> Scan<'a> {
    /// Scans a package.
    pub fn of(package: &'a Package) -> Self {
        let text = package.file("Cargo.toml").map(String::from_utf8_lossy);
        let (manifest, broken) = match text.map(|text| Manifest::parse(&text)) {
            None => (Manifest::default(), None),
            Some(Ok(manifest)) => (manifest, None),
            Some(Err(why)) => (Manifest::default(), Some(why)),
        };
        let mut code = Code::read(package, &manifest);
        mark_embedded(package, &mut code);
        mark_parsed(&mut code);
        for part in &mut code.parts {
            part.source.settle();
        }
        let report = report(package, &manifest, broken, &code);
        Self { package, manifest, code, report }
    }
}

fn report(package: &Package, manifest: &Manifest, broken: Option<String>, code: &Code<'_>) -> Report {
    let scopes = code.scopes();
    let mut findings = rules::judge(code, &scopes, manifest);
    findings.extend(rules::package_rules::judge(package, manifest, code));
    if let Some(error) = broken {
        findings.push(rules::package_rules::about(
            "package-tampering",
            crate::Severity::Medium,
            crate::Span { file: "Cargo.toml".to_owned(), line: 0, column: 0, length: 0 },
            Place::Normal,
            format!("the manifest cannot be read: {error}"),
        ));
    }
    settle(&mut findings);
    show(package, &mut findings);
    let uses = uses(code);
    let mut capabilities: BTreeSet<Capability> =
        uses.iter().filter(|of| of.place != Place::Tests).map(|of| of.capability).collect();
    if code.parts.iter().any(|part| part.places.gravest().is_build()) {
        capabilities.insert(Capability::BuildTimeExec);
    }
    if package.files().any(|(path, bytes)| Magic::is_linked_or_run(bytes) && !is_of_tests(path)) {
        capabilities.insert(Capability::EmbeddedBinary);
    }
    Report {
        scanner: SCANNER,
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        capabilities: capabilities.into_iter().collect(),
        uses,
        findings,
        unanalyzed: unanalyzed(package, code),
        read: amount(package, code),
        alike: Vec::new(),
    }
}

/// The gravest first; the same place once for each code.
pub(crate) fn settle(findings: &mut Vec<Finding>) {
    findings.sort_by(|left, right| {
        let key = |finding: &Finding| {
            (finding.place == Place::Tests, finding.file.clone(), finding.line, finding.code.clone())
        };
        right.severity.cmp(&left.severity).then_with(|| key(left).cmp(&key(right)))
    });
    let mut seen = BTreeSet::new();
    findings.retain(|finding| {
        seen.insert((finding.code.clone(), finding.file.clone(), finding.line, finding.function.clone()))
    });
}

/// Takes the line that each finding means from its file.
pub(crate) fn show(package: &Package, findings: &mut [Finding]) {
    const WIDEST: usize = 200;
    let mut lines: BTreeMap<String, Vec<&[u8]>> = BTreeMap::new();
    for finding in findings.iter_mut().filter(|finding| finding.line > 0) {
        let Some(text) = package.file(&finding.file) else {
            continue;
        };
        let lines =
            lines.entry(finding.file.clone()).or_insert_with(|| text.split(|byte| *byte == b'\n').collect());
        let line = lines.get(finding.line as usize - 1).copied().unwrap_or_default();
        // What stands far to the right is what is meant.
        let from = if finding.column as usize > WIDEST / 2 { finding.column as usize - 1 } else { 0 };
        let line = line.get(from..(from + WIDEST).min(line.len())).unwrap_or_default();
        finding.text = String::from_utf8_lossy(line).trim_end().to_owned();
    }
}

/// Marks code that takes in a program.
fn mark_embedded(package: &Package, code: &mut Code<'_>) {
    for part in &mut code.parts {
        let folder = part.path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        for include in part.source.includes.clone() {
            let base = if include.from_root { "" } else { folder.as_str() };
            let target = crate::names::joined(base, include.path.trim_start_matches('/'));
            if !include.as_code && package.file(&target).is_some_and(is_program) {
                part.source.mark(include.unit, Sign::EmbeddedProgram, include.start, include.end);
            }
        }
    }
}

/// Marks functions of procedural macros that make tokens of a text by `parse`, whose type no path tells.
fn mark_parsed(code: &mut Code<'_>) {
    for part in code.parts.iter_mut().filter(|part| part.places.has(Place::ProcMacro)) {
        for number in 0..part.source.units.len() as u32 {
            let unit = &part.source.units[number as usize];
            if unit.kind != UnitKind::Function {
                continue;
            }
            let text = &part.source.text[unit.start as usize..unit.end.max(unit.start) as usize];
            let parses = [&b".parse()"[..], b".parse::<"]
                .iter()
                .find_map(|call| memchr::memmem::find(text, call))
                .filter(|_| memchr::memmem::find(text, b"TokenStream").is_some());
            if let Some(at) = parses {
                let at = unit.start + at as u32 + 1;
                part.source.mark(number, Sign::ParseCode, at, at + 5);
            }
        }
    }
}

/// A program, as it is or as text.
fn is_program(bytes: &[u8]) -> bool {
    Magic::of_program(bytes).is_some()
        || hidden::plain(bytes).is_some_and(|bytes| Magic::of_program(&bytes).is_some())
}

/// Which function can do what, once for each capability.
fn uses(code: &Code<'_>) -> Vec<Use> {
    let reachable = code.reachable();
    let mut uses = Vec::new();
    for number in 0..code.units.len() as u32 {
        let mut seen = 0_u32;
        for mark in code.marks(number) {
            let Some(capability) = mark.sign.capability() else {
                continue;
            };
            let bit = 1 << capability as u8;
            if seen & bit != 0 {
                continue;
            }
            seen |= bit;
            let (part, _) = code.units[number as usize];
            let through = code.through.get(&(part, mark.start)).cloned();
            uses.push(Use {
                capability,
                place: code.place(number),
                function: code.function_name(number),
                span: rules::span(code, number, *mark),
                through: through.unwrap_or_else(|| {
                    let text = code.parts[part as usize].source.text;
                    let text = &text[mark.start as usize..(mark.end as usize).min(mark.start as usize + 80)];
                    String::from_utf8_lossy(text).into_owned()
                }),
                reachable: reachable[number as usize],
            });
        }
    }
    uses.sort();
    uses
}

impl Code<'_> {
    /// What a person calls a unit: `Type::name`, `name`, `name!`; nothing for what lies outside of all.
    pub(crate) fn function_name(&self, number: u32) -> String {
        let unit = self.unit(number);
        let name = self.words.shown(unit.name);
        match unit.kind {
            UnitKind::File => String::new(),
            UnitKind::Macro => format!("{name}!"),
            _ if unit.owner == word::NONE => name.into_owned(),
            _ => format!("{}::{name}", self.words.shown(unit.owner)),
        }
    }

    /// Which units the public interface, a program's start or build code leads to.
    fn reachable(&self) -> Vec<bool> {
        let mut reachable = vec![false; self.units.len()];
        let mut waiting: Vec<u32> = (0..self.units.len() as u32)
            .filter(|number| {
                let unit = self.unit(*number);
                unit.is_public
                    || unit.is_macro_entry
                    || matches!(unit.kind, UnitKind::File)
                    || unit.name == word::MAIN
                    || unit.signs.has(Sign::PreMain)
                    || unit.signs.has(Sign::Exported)
                    || self.place(*number) == Place::BuildScript
            })
            .collect();
        while let Some(unit) = waiting.pop() {
            if !std::mem::replace(&mut reachable[unit as usize], true) {
                waiting.extend_from_slice(self.edges(unit));
            }
        }
        reachable
    }
}

/// What was not read.
fn unanalyzed(package: &Package, code: &Code<'_>) -> Vec<Unanalyzed> {
    let mut all: BTreeMap<Blind, Unanalyzed> = BTreeMap::new();
    let mut add = |why: Blind, file: &str, count: u64, bytes: u64| {
        let entry =
            all.entry(why).or_insert_with(|| Unanalyzed { why, file: file.to_owned(), count: 0, bytes: 0 });
        entry.count += count;
        entry.bytes += bytes;
    };
    for part in &code.parts {
        for include in &part.source.includes {
            if include.as_code && include.is_built {
                add(Blind::BuiltCode, part.path, 1, 0);
            }
        }
        let (count, bytes) = part.source.macro_input;
        if count > 0 && part.places.gravest() != Place::Tests {
            add(Blind::MacroOutput, part.path, count, bytes);
        }
    }
    for (path, bytes) in package.files() {
        if is_of_tests(path) {
            continue;
        }
        let magic = Magic::of(bytes);
        if !matches!(magic, Magic::Text | Magic::Image | Magic::Script) {
            add(Blind::Binary, path, 1, bytes.len() as u64);
        } else if is_other_language(path) {
            add(Blind::OtherLanguage, path, 1, bytes.len() as u64);
        }
    }
    for problem in &package.problems {
        if problem.kind == crate::ProblemKind::Limit {
            add(Blind::Limit, &problem.path, 1, 0);
        }
    }
    all.into_values().collect()
}

/// Whether a file's name says that it is code in another language.
pub(crate) fn is_other_language(path: &str) -> bool {
    matches!(
        extension(path),
        "c" | "h"
            | "cc"
            | "cpp"
            | "hpp"
            | "cxx"
            | "s"
            | "S"
            | "asm"
            | "js"
            | "py"
            | "sh"
            | "pl"
            | "go"
            | "java"
            | "m"
            | "mm"
            | "ps1"
            | "bat"
            | "cmake"
    )
}

fn amount(package: &Package, code: &Code<'_>) -> Amount {
    Amount {
        files: package.files().len() as u64,
        bytes: package.files().map(|(_, bytes)| bytes.len() as u64).sum(),
        rust_files: code.parts.len() as u64,
        rust_bytes: code.parts.iter().map(|part| part.source.text.len() as u64).sum(),
        functions: code
            .units
            .iter()
            .filter(|(part, unit)| {
                code.parts[*part as usize].source.units[*unit as usize].kind != UnitKind::File
            })
            .count() as u64,
    }
}
