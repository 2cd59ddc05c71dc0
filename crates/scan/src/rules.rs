//! The rules: each joins signs that hardly ever come together in honest code.
//!
//! One rule, one file, with its reason, its page for whoever meets the finding, and its fixtures: code on which it fires,
//! and code that looks alike on which it does not. A rule never rests on a name or a text alone.

use rustc_hash::FxHashMap;

use crate::manifest::Manifest;
use crate::names::Code;
use crate::report::{Clue, Finding, Place, Severity, Span};
use crate::scope::Scope;
use crate::sign::{Sign, Signs};
use crate::source::{Mark, Unit};

mod ai_tool;
mod build_reaches_out;
mod build_writes_elsewhere;
mod checks_off;
mod code_in_memory;
mod code_in_text;
mod decoder_with_sink;
mod dns_exfiltration;
mod embedded_program;
mod fetch_and_run;
mod gated_sink;
mod hidden_text;
mod host_facts_out;
mod key_harvest;
mod linker_takeover;
mod macro_in_consumer;
mod miner;
mod odd_include;
pub(crate) mod package_rules;
mod persistence;
mod pre_main;
mod process_memory;
mod renamed_ffi;
mod reverse_shell;
mod sabotage;
mod secrets_out;
mod self_propagation;
mod shell_command;
mod source_out;
mod symbol_interposition;
mod time_bomb;
mod toolchain_tampering;
mod unexpected_reach;
mod value_redirect;

/// A rule over scopes.
pub(crate) struct Rule {
    pub(crate) explanation: Explanation,
    /// Signs without any of which it cannot fire.
    pub(crate) needs: &'static [Sign],
    pub(crate) judge: fn(&Look<'_>) -> Option<Hit>,
}

/// What a code means, for whoever meets it.
#[derive(Clone, Copy, Debug)]
pub struct Explanation {
    /// The code, stable.
    pub code: &'static str,
    /// The techniques of the threat model.
    pub techniques: &'static [&'static str],
    /// What was seen, in a sentence.
    pub means: &'static str,
    /// What to look at, and when it is honest.
    pub look: &'static str,
}

const RULES: [&Rule; 33] = [
    &fetch_and_run::RULE,
    &build_reaches_out::RULE,
    &build_writes_elsewhere::RULE,
    &secrets_out::RULE,
    &host_facts_out::RULE,
    &hidden_text::RULE,
    &decoder_with_sink::RULE,
    &shell_command::RULE,
    &reverse_shell::RULE,
    &persistence::RULE,
    &toolchain_tampering::RULE,
    &pre_main::RULE,
    &gated_sink::RULE,
    &time_bomb::RULE,
    &process_memory::RULE,
    &code_in_memory::RULE,
    &code_in_text::RULE,
    &embedded_program::RULE,
    &linker_takeover::RULE,
    &symbol_interposition::RULE,
    &renamed_ffi::RULE,
    &key_harvest::RULE,
    &dns_exfiltration::RULE,
    &miner::RULE,
    &ai_tool::RULE,
    &checks_off::RULE,
    &sabotage::RULE,
    &self_propagation::RULE,
    &source_out::RULE,
    &macro_in_consumer::RULE,
    &odd_include::RULE,
    &value_redirect::RULE,
    &unexpected_reach::RULE,
];

/// What a finding may rest on beside its place, in the order in which it is shown.
pub(crate) const WAY: &[Sign] = &[
    Sign::Net,
    Sign::Downloader,
    Sign::Dns,
    Sign::Url,
    Sign::Process,
    Sign::CProcess,
    Sign::Load,
    Sign::Opaque,
    Sign::Xor,
    Sign::Decode,
    Sign::Reverse,
    Sign::CredentialPath,
    Sign::WalletPath,
    Sign::EnvAll,
    Sign::HostFact,
    Sign::HostCommand,
    Sign::FsWrite,
    Sign::FsRemoveTree,
    Sign::ExecutableMode,
    Sign::SetPermissions,
    Sign::Shell,
    Sign::Temporary,
    Sign::Send,
];

/// What all codes mean, in the order in which documents list them.
pub fn explanations() -> impl Iterator<Item = Explanation> {
    let of_scopes = RULES.iter().map(|rule| rule.explanation);
    of_scopes
        .chain(package_rules::EXPLANATIONS.iter().copied())
        .chain(crate::diff::EXPLANATIONS.iter().copied())
}

/// What a rule looks at.
pub(crate) struct Look<'a> {
    pub(crate) code: &'a Code<'a>,
    pub(crate) scope: &'a Scope,
    pub(crate) manifest: &'a Manifest,
}

/// That a rule fires.
pub(crate) struct Hit {
    severity: Severity,
    /// Where: the first of these that is there.
    at: &'static [Sign],
    /// What else it rests on.
    rests_on: &'static [Sign],
    reason: String,
}

impl Look<'_> {
    pub(crate) fn has(&self, sign: Sign) -> bool {
        self.scope.signs.has(sign)
    }

    pub(crate) fn any(&self, signs: &'static [Sign]) -> bool {
        self.scope.signs.any(Signs::of(signs))
    }

    pub(crate) fn is_build(&self) -> bool {
        self.scope.place.is_build()
    }

    /// A few functions, so that what is in them belongs together.
    pub(crate) fn is_close(&self) -> bool {
        self.scope.units.len() <= 12 && !self.scope.is_whole
    }

    /// The signs of the scope's first function and of those that it names.
    pub(crate) fn near(&self) -> Signs {
        let root = self.scope.units[0];
        let named = self.code.edges(root).iter();
        named.fold(self.code.unit(root).signs, |signs, unit| signs.and(self.code.unit(*unit).signs))
    }

    /// Whether the function in which a sign stands has a name in it with one of these words.
    pub(crate) fn names_near(&self, sign: Sign, words: &[&str]) -> bool {
        let Some((unit, _)) = self.code.first(self.scope, sign) else {
            return false;
        };
        let (part, _) = self.code.units[unit as usize];
        let of = self.code.unit(unit);
        let text =
            &self.code.parts[part as usize].source.text[of.start as usize..of.end.max(of.start) as usize];
        let text = String::from_utf8_lossy(text).to_ascii_lowercase();
        words.iter().any(|word| text.contains(word))
    }

    /// Whether what the package says of itself has one of these words.
    pub(crate) fn says(&self, words: &[&str]) -> bool {
        let text = format!(
            "{} {} {}",
            self.manifest.name,
            self.manifest.description,
            self.manifest.keywords.join(" ")
        );
        let text = text.to_ascii_lowercase();
        words.iter().any(|word| text.contains(word))
    }

    /// A connection out, however it is made.
    pub(crate) fn reaches_out(&self) -> bool {
        // The name of a program alone may be that of a library.
        const WHERE_TO: &[Sign] =
            &[Sign::Url, Sign::HiddenUrl, Sign::FetchPipe, Sign::Decoded, Sign::InPieces];
        self.has(Sign::Net) || (self.has(Sign::Downloader) && self.starts() && self.any(WHERE_TO))
    }

    /// A program is started.
    pub(crate) fn starts(&self) -> bool {
        self.any(&[Sign::Process, Sign::CProcess])
    }

    /// Something is hidden in the texts.
    pub(crate) fn hides(&self) -> bool {
        self.has(Sign::Decoded)
            || self.any(&[Sign::HiddenUrl, Sign::HiddenCommand, Sign::HiddenProgram, Sign::HiddenCode])
    }

    /// Where it runs, for a sentence.
    pub(crate) fn where_it_runs(&self) -> &'static str {
        match self.scope.place {
            Place::BuildScript => "the build script",
            Place::ProcMacro => "the procedural macro",
            Place::Normal => "the code",
            Place::Tests => "test code",
        }
    }
}

/// A rule's answer.
pub(crate) fn hit(
    severity: Severity,
    at: &'static [Sign],
    rests_on: &'static [Sign],
    reason: String,
) -> Option<Hit> {
    Some(Hit { severity, at, rests_on, reason })
}

/// Judges all scopes; what a smaller scope says, one around it does not say again.
pub(crate) fn judge(code: &Code<'_>, scopes: &[Scope], manifest: &Manifest) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in RULES {
        let needs = Signs::of(rule.needs);
        let mut said = Said::default();
        for scope in scopes.iter().filter(|scope| scope.signs.any(needs)) {
            if scope.is_whole && said.by_root.values().any(|severity| *severity >= Severity::Medium) {
                continue;
            }
            let graver = said.within(scope);
            if graver >= Some(Severity::High) {
                continue;
            }
            // So many of one kind tell nothing more.
            if said.by_root.len() >= 1000 {
                break;
            }
            let look = Look { code, scope, manifest };
            if let Some(hit) = (rule.judge)(&look)
                && Some(hit.severity) > graver
            {
                let finding = finding(rule, &look, hit);
                if Some(finding.severity) > graver {
                    said.say(scope, finding);
                }
            }
        }
        findings.extend(said.findings.into_iter().map(|(_, finding)| finding));
    }
    findings
}

/// What one rule has to say so far.
#[derive(Default)]
struct Said {
    /// The findings with the first unit of the scope that each is of, in their order.
    findings: Vec<(u32, Finding)>,
    /// How grave it is, by that unit.
    by_root: FxHashMap<u32, Severity>,
}

impl Said {
    /// How grave it is what was said of a scope's units.
    fn within(&self, scope: &Scope) -> Option<Severity> {
        if scope.is_whole {
            return self.by_root.values().max().copied();
        }
        scope.units.iter().filter_map(|unit| self.by_root.get(unit)).max().copied()
    }

    /// Says it of a scope, instead of what was said within.
    fn say(&mut self, scope: &Scope, finding: Finding) {
        let is_within = |unit: u32| scope.is_whole || scope.units.contains(&unit);
        let before = self.by_root.len();
        self.by_root.retain(|root, _| !is_within(*root));
        if self.by_root.len() < before {
            self.findings.retain(|(root, _)| !is_within(*root));
        }
        self.by_root.insert(scope.units[0], finding.severity);
        self.findings.push((scope.units[0], finding));
    }
}

fn finding(rule: &Rule, look: &Look<'_>, hit: Hit) -> Finding {
    let scope = look.scope;
    let place = scope.place;
    let found = hit.at.iter().find_map(|sign| look.code.first(scope, *sign));
    let (unit, mark) = found.unwrap_or_else(|| {
        let Unit { start, .. } = *look.code.unit(scope.units[0]);
        let (_, unit) = look.code.units[scope.units[0] as usize];
        (scope.units[0], Mark { unit, sign: Sign::Unsafe, start, end: start + 1 })
    });
    // What is hidden is shown, and where.
    let hidden =
        scope.cleartext.as_ref().filter(|_| rule.explanation.code == hidden_text::RULE.explanation.code);
    let (unit, mark) = hidden.map_or((unit, mark), |(unit, mark, _)| (*unit, *mark));
    let reason = hidden.map_or(hit.reason.clone(), |(_, _, text)| {
        let shown: String = text.chars().take(60).collect();
        format!("{}: {:?}{}", hit.reason, shown, if shown.len() < text.len() { "…" } else { "" })
    });
    let span = span(look.code, unit, mark);
    // The same line twice says nothing new.
    let mut clues: Vec<Clue> = Vec::new();
    for sign in hit.rests_on.iter().filter(|sign| scope.signs.has(**sign)) {
        if let Some((unit, mark)) = look.code.first(scope, *sign) {
            let clue = Clue { span: self::span(look.code, unit, mark), what: words(*sign).to_owned() };
            if clue.span != span && clues.len() < 6 {
                clues.push(clue);
            }
        }
    }
    // Who does not run the crate's tests is not met by what they do.
    let severity = if place == Place::Tests { hit.severity.min(Severity::Low) } else { hit.severity };
    // What nothing joins but the size of the place is a reason to look, no more.
    let severity =
        if scope.is_whole && !place.is_build() { severity.min(Severity::Medium) } else { severity };
    Finding {
        code: rule.explanation.code.to_owned(),
        severity,
        file: span.file,
        line: span.line,
        column: span.column,
        length: span.length,
        place,
        function: look.code.function_name(unit),
        reason,
        text: String::new(),
        clues,
    }
}

/// Where a mark of a unit is.
pub(crate) fn span(code: &Code<'_>, unit: u32, mark: Mark) -> Span {
    let (part, _) = code.units[unit as usize];
    let part = &code.parts[part as usize];
    part.lines.span(part.path, part.source.text, mark.start as usize, (mark.end - mark.start) as usize)
}

/// Where lines of a file begin, found when first asked for: each 64th, so that a table is small beside its text.
#[derive(Default)]
pub(crate) struct Lines(std::cell::OnceCell<Vec<u32>>);

impl Lines {
    const STEP: usize = 64;

    /// The line and column of a place.
    fn span(&self, file: &str, text: &[u8], at: usize, length: usize) -> Span {
        let begins = self.0.get_or_init(|| {
            let newlines = memchr::memchr_iter(b'\n', text).map(|at| at as u32 + 1);
            std::iter::once(0).chain(newlines).step_by(Self::STEP).collect()
        });
        let known = begins.partition_point(|begin| *begin as usize <= at) - 1;
        span_from(file, text, (begins[known] as usize, known * Self::STEP), at, length)
    }
}

/// The line and column of a place in a file.
pub(crate) fn span_in(file: &str, text: &[u8], at: usize, length: usize) -> Span {
    span_from(file, text, (0, 0), at.min(text.len()), length)
}

/// … and before it the beginning of a line is known, and how many lines are before that.
fn span_from(file: &str, text: &[u8], (begin, lines): (usize, usize), at: usize, length: usize) -> Span {
    let line = lines + memchr::memchr_iter(b'\n', &text[begin..at]).count() + 1;
    let begin = memchr::memrchr(b'\n', &text[begin..at]).map_or(begin, |newline| begin + newline + 1);
    let line_end = memchr::memchr(b'\n', &text[at..]).unwrap_or(text.len() - at);
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Span {
        file: file.to_owned(),
        line: number(line),
        column: number(at - begin + 1),
        length: number(length.min(line_end)),
    }
}

/// What a sign is, in a few words.
fn words(sign: Sign) -> &'static str {
    match sign {
        Sign::Net => "a connection",
        Sign::Dns => "a name is looked up",
        Sign::Process | Sign::CProcess => "a program is started",
        Sign::Load => "a library is loaded",
        Sign::FsWrite => "a file is written",
        Sign::FsRemoveTree => "a folder is removed",
        Sign::Env => "a variable is read",
        Sign::EnvAll => "the whole environment",
        Sign::SetPermissions | Sign::ExecutableMode | Sign::ChmodText => "it becomes executable",
        Sign::Temporary => "the folder for temporary files",
        Sign::Downloader => "a program that downloads",
        Sign::Url => "an address",
        Sign::Send => "something is sent",
        Sign::Opaque => "data that says nothing to a reader",
        Sign::Xor | Sign::ByteArithmetic | Sign::Decode | Sign::Reverse | Sign::Alphabet => "a decoder",
        Sign::CredentialPath => "a file of credentials",
        Sign::WalletPath => "a wallet, or what a browser keeps",
        Sign::HostFact | Sign::HostCommand => "which machine and user this is",
        Sign::Home => "the user's home folder",
        Sign::Shell => "a shell or an interpreter",
        other => other.word(),
    }
}

#[cfg(test)]
pub(crate) mod fixture {
    //! Rules are tried on small packages.

    use crate::{File, Package, Severity, scan};

    fn severity(rule: &super::Rule, files: &[(&str, &str)]) -> Severity {
        let mut files: Vec<File> = files
            .iter()
            .map(|(path, text)| File { path: (*path).to_owned(), bytes: text.as_bytes().to_vec() })
            .collect();
        if files.iter().all(|file| file.path != "Cargo.toml") {
            let manifest = "[package]\nname = \"a\"\nversion = \"1.0.0\"\n";
            files.push(File { path: "Cargo.toml".to_owned(), bytes: manifest.as_bytes().to_vec() });
        }
        let report = scan(&Package::of(files));
        let of_rule = report.findings.iter().filter(|finding| finding.code == rule.explanation.code);
        of_rule.map(|finding| finding.severity).max().unwrap_or(Severity::None)
    }

    /// The rule fires on the file with at least that severity.
    pub(crate) fn fires(rule: &super::Rule, path: &str, text: &str, at_least: Severity) {
        let severity = severity(rule, &[(path, text)]);
        assert!(severity >= at_least, "{} is {severity:?} on\n{text}", rule.explanation.code);
    }

    /// The rule says nothing that would hold the release up.
    pub(crate) fn is_quiet(rule: &super::Rule, path: &str, text: &str) {
        let severity = severity(rule, &[(path, text)]);
        assert!(severity < Severity::Medium, "{} is {severity:?} on\n{text}", rule.explanation.code);
    }
}
