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

/// The scanner's version: reports of another are not compared with its own, and made again.
pub const SCANNER: u32 = 1;

/// Scans a package.
pub fn scan(package: &Package) -> Report {
    let text = package.files.get("Cargo.toml").map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let manifest = text.as_deref().map(Manifest::parse);
    let broken = match &manifest {
        Some(Err(error)) => Some(error.clone()),
        _ => None,
    };
    let manifest = manifest.and_then(Result::ok).unwrap_or_default();
    let mut code = Code::read(package, &manifest);
    mark_embedded(package, &mut code);
    let scopes = code.scopes();
    let mut findings = rules::judge(&code, &scopes, &manifest);
    findings.extend(rules::package_rules::judge(package, &manifest, &code));
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
    let uses = uses(&code);
    let mut capabilities: BTreeSet<Capability> =
        uses.iter().filter(|of| of.place != Place::Tests).map(|of| of.capability).collect();
    if code.parts.iter().any(|part| part.places.gravest().is_build()) {
        capabilities.insert(Capability::BuildTimeExec);
    }
    if package.files.iter().any(|(path, bytes)| Magic::of(bytes).is_program() && !is_of_tests(path)) {
        capabilities.insert(Capability::EmbeddedBinary);
    }
    Report {
        scanner: SCANNER,
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        capabilities: capabilities.into_iter().collect(),
        uses,
        findings,
        unanalyzed: unanalyzed(package, &code),
        read: amount(package, &code),
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
        let Some(text) = package.files.get(&finding.file) else {
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
            if !include.as_code && package.files.get(&target).is_some_and(|bytes| is_program(bytes)) {
                let unit = &mut part.source.units[include.unit as usize];
                unit.mark(Sign::EmbeddedProgram, include.start, include.end);
            }
        }
    }
}

/// A program, as it is or as text.
fn is_program(bytes: &[u8]) -> bool {
    Magic::of(bytes).is_program() || hidden::plain(bytes).is_some_and(|bytes| Magic::of(&bytes).is_program())
}

/// Which function can do what, once for each capability.
fn uses(code: &Code<'_>) -> Vec<Use> {
    let reachable = code.reachable();
    let mut uses = Vec::new();
    for number in 0..code.units.len() as u32 {
        let unit = code.unit(number);
        let mut seen = BTreeSet::new();
        for mark in &unit.marks {
            let Some(capability) = mark.sign.capability() else {
                continue;
            };
            if !seen.insert(capability) {
                continue;
            }
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
        let name = String::from_utf8_lossy(unit.name);
        match unit.kind {
            UnitKind::File => String::new(),
            UnitKind::Macro => format!("{name}!"),
            _ if unit.owner.is_empty() => name.into_owned(),
            _ => format!("{}::{name}", String::from_utf8_lossy(unit.owner)),
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
                    || unit.name == b"main"
                    || unit.signs.has(Sign::PreMain)
                    || unit.signs.has(Sign::Exported)
                    || self.place(*number) == Place::BuildScript
            })
            .collect();
        while let Some(unit) = waiting.pop() {
            if !std::mem::replace(&mut reachable[unit as usize], true) {
                waiting.extend(self.edges[unit as usize].iter().copied());
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
    for (path, bytes) in &package.files {
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
        files: package.files.len() as u64,
        bytes: package.files.values().map(|bytes| bytes.len() as u64).sum(),
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
