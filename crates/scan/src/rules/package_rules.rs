//! Rules over the package as such: its files, its characters, its manifest.

use rustc_hash::FxHashMap;

use crate::manifest::Manifest;
use crate::names::{Code, joined};
use crate::package::{Magic, Package, ProblemKind, extension, is_of_tests};
use crate::report::{Clue, Finding, Place, Severity, Span};
use crate::rules::{Explanation, span_in};
use crate::source::UnitKind;

const TAMPERING: &str = "package-tampering";
const LIMIT: &str = "beyond-limits";
const PROGRAM: &str = "program-in-package";
const DISGUISED: &str = "disguised-file";
const BIDI: &str = "bidi-characters";
const INVISIBLE: &str = "invisible-characters";
const MIXED: &str = "mixed-scripts";
const OFF_SCREEN: &str = "code-off-screen";
const CONFUSION: &str = "dependency-confusion";
const FORGED: &str = "forged-origin";
const CONFIGURED: &str = "cargo-configuration";

pub(crate) const EXPLANATIONS: [Explanation; 11] = [
    Explanation {
        code: TAMPERING,
        techniques: &["D11"],
        means: "The package is not as cargo makes packages: paths that lead out, links, files twice.",
        look: "Cargo makes no such package, so somebody did by hand.",
    },
    Explanation {
        code: LIMIT,
        techniques: &[],
        means: "The package is larger than the scanner reads.",
        look: "What lies beyond the limit was not read.",
    },
    Explanation {
        code: PROGRAM,
        techniques: &["A2", "O12"],
        means: "The package carries a program or library in binary form.",
        look: "What runs or links it, and whether it can be built from source. Fixtures for tests of linkers are honest.",
    },
    Explanation {
        code: DISGUISED,
        techniques: &["A2", "O11", "O12"],
        means: "A file's name promises one thing, and its contents are a program.",
        look: "What reads that file.",
    },
    Explanation {
        code: BIDI,
        techniques: &["O7"],
        means: "Invisible characters turn the direction of the text, so that code is not what it looks like.",
        look: "The line, as bytes. Honest code writes such characters as escapes.",
    },
    Explanation {
        code: INVISIBLE,
        techniques: &["O7"],
        means: "Many characters of a file cannot be seen, and can carry data.",
        look: "What reads them.",
    },
    Explanation {
        code: MIXED,
        techniques: &["O7"],
        means: "A name mixes letters of several scripts that look alike.",
        look: "Which of two look-alike names the code uses.",
    },
    Explanation {
        code: OFF_SCREEN,
        techniques: &["O8"],
        means: "Code stands far to the right of other code, behind a long run of blanks.",
        look: "That line's end.",
    },
    Explanation {
        code: CONFUSION,
        techniques: &["D4"],
        means: "A very high version of a package that hardly contains anything.",
        look: "Whether an internal package of that name exists in your organisation.",
    },
    Explanation {
        code: FORGED,
        techniques: &["D12", "D1"],
        means: "The manifest names the repository or authors of a crate with almost the same name.",
        look: "Whether the repository knows of this crate.",
    },
    Explanation {
        code: CONFIGURED,
        techniques: &["E10"],
        means: "The package carries a configuration of cargo that runs programs.",
        look: "It counts for whoever builds inside the unpacked package.",
    },
];

/// All findings over the package as such.
pub(crate) fn judge(package: &Package, manifest: &Manifest, code: &Code<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    problems(package, &mut findings);
    programs(package, code, &mut findings);
    for part in &code.parts {
        characters(part.path, part.source.text, part.places.gravest(), &mut findings);
        off_screen(part.path, part.source.text, part.places.gravest(), &mut findings);
    }
    mixed(code, &mut findings);
    origin(package, manifest, code, &mut findings);
    configuration(package, &mut findings);
    findings
}

/// A finding about a file.
pub(crate) fn about(code: &str, severity: Severity, span: Span, place: Place, reason: String) -> Finding {
    let severity = if place == Place::Tests { severity.min(Severity::Low) } else { severity };
    Finding {
        code: code.to_owned(),
        severity,
        file: span.file,
        line: span.line,
        column: span.column,
        length: span.length,
        place,
        function: String::new(),
        reason,
        text: String::new(),
        clues: Vec::new(),
    }
}

fn whole(file: &str) -> Span {
    Span { file: file.to_owned(), line: 0, column: 0, length: 0 }
}

fn problems(package: &Package, findings: &mut Vec<Finding>) {
    for problem in &package.problems {
        let (code, severity) = match problem.kind {
            ProblemKind::Tampering => (TAMPERING, Severity::High),
            ProblemKind::Damage => (TAMPERING, Severity::Medium),
            ProblemKind::Limit => (LIMIT, Severity::Medium),
        };
        findings.push(about(code, severity, whole(&problem.path), Place::Normal, problem.what.clone()));
    }
}

/// Programs among the files, and what they are called.
fn programs(package: &Package, code: &Code<'_>, findings: &mut Vec<Finding>) {
    let taken = std::cell::LazyCell::new(|| taken_in(code));
    for (path, bytes) in package.files() {
        let Some(magic) = Magic::of_program(bytes) else {
            continue;
        };
        let promised = extension(path).to_ascii_lowercase();
        let tells = matches!(
            promised.as_str(),
            "" | "exe"
                | "dll"
                | "so"
                | "dylib"
                | "o"
                | "obj"
                | "elf"
                | "bin"
                | "ko"
                | "sys"
                | "efi"
                | "node"
                | "lib"
                | "a"
                | "coff"
                | "macho"
                | "out"
                | "pyd"
        ) || path.contains(".so.");
        let used = uses(code, &taken, path);
        let place = if is_of_tests(path) && used.is_none() { Place::Tests } else { Place::Normal };
        let (name, severity, reason) = if tells {
            let severity = if used.is_some_and(Place::is_build) { Severity::High } else { Severity::Medium };
            (PROGRAM, severity, format!("{path} is {}, which nobody can read", magic.name()))
        } else {
            (DISGUISED, Severity::High, format!("{path} is called .{promised} and is {}", magic.name()))
        };
        findings.push(about(name, severity, whole(path), used.unwrap_or(place), reason));
    }
}

/// The files that code takes in: for each the first part that does, and where that code runs.
fn taken_in(code: &Code<'_>) -> FxHashMap<String, (usize, Place)> {
    let mut taken = FxHashMap::default();
    for (index, part) in code.parts.iter().enumerate() {
        let folder = part.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for include in &part.source.includes {
            let base = if include.from_root { "" } else { folder };
            let path = joined(base, include.path.trim_start_matches('/'));
            taken.entry(path).or_insert((index, code.place(part.first_unit + include.unit)));
        }
    }
    taken
}

/// Where the first code runs that takes in a file, or is build code that names it.
fn uses(code: &Code<'_>, taken: &FxHashMap<String, (usize, Place)>, path: &str) -> Option<Place> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let taken = taken.get(path).copied();
    let before = taken.map_or(code.parts.len(), |(index, _)| index);
    let finder = memchr::memmem::Finder::new(name);
    let mut build = code.parts[..before].iter().filter(|part| part.places.gravest().is_build());
    let named = build.find(|part| name.len() > 3 && finder.find(part.source.text).is_some());
    named.map(|part| part.places.gravest()).or(taken.map(|(_, place)| place))
}

/// Characters that turn, hide or imitate.
fn characters(path: &str, text: &[u8], place: Place, findings: &mut Vec<Finding>) {
    // All of them are beyond ASCII, which most files are not.
    if text.is_ascii() {
        return;
    }
    let shown = String::from_utf8_lossy(text);
    let shown = &*shown;
    let mut invisible = 0_usize;
    let (mut run, mut longest, mut last_end) = (0_usize, 0_usize, 0_usize);
    let mut first_invisible = None;
    let mut bidi = None;
    for (at, character) in beyond_ascii(shown) {
        match character {
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => bidi = bidi.or(Some(at)),
            // A character of a table, by itself.
            _ if shown[..at].ends_with('\'') && shown[at + character.len_utf8()..].starts_with('\'') => {}
            '\u{200b}'
            | '\u{200c}'
            | '\u{2060}'..='\u{2064}'
            | '\u{fe00}'..='\u{fe0e}'
            | '\u{e0000}'..='\u{e01ef}'
            | '\u{3164}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{ffa0}'
            | '\u{180e}' => {
                invisible += 1;
                first_invisible = first_invisible.or(Some(at));
                run = if at == last_end { run + 1 } else { 1 };
                last_end = at + character.len_utf8();
                longest = longest.max(run);
            }
            '\u{feff}' if at > 0 => {
                invisible += 1;
                first_invisible = first_invisible.or(Some(at));
            }
            _ => {}
        }
    }
    // Positions are those of the lossy text, whose lines are the same.
    if let Some(at) = bidi {
        let span = span_in(path, shown.as_bytes(), at, 3);
        findings.push(about(
            BIDI,
            Severity::High,
            span,
            place,
            "a character that cannot be seen turns the direction of the text".to_owned(),
        ));
    }
    if let (Some(at), true) = (first_invisible, invisible >= 8) {
        // Scripts and emoji have one here and there; data has them in a row.
        let span = span_in(path, shown.as_bytes(), at, 3);
        let severity = match longest {
            12.. => Severity::High,
            4.. => Severity::Medium,
            _ => Severity::Low,
        };
        findings.push(about(
            INVISIBLE,
            severity,
            span,
            place,
            format!("{invisible} characters of this file cannot be seen"),
        ));
    }
}

/// The characters of a text that are not of ASCII, with where they are.
fn beyond_ascii(text: &str) -> impl Iterator<Item = (usize, char)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while bytes.get(at..at + 32).is_some_and(<[u8]>::is_ascii) {
            at += 32;
        }
        at += bytes[at..].iter().position(|byte| !byte.is_ascii())?;
        let found = (at, text[at..].chars().next()?);
        at += found.1.len_utf8();
        Some(found)
    })
}

/// Names whose letters are of several scripts: the first of each file.
fn mixed(code: &Code<'_>, findings: &mut Vec<Finding>) {
    if !code.words.all().any(is_mixed) {
        return;
    }
    let mut tokens = Vec::new();
    for part in &code.parts {
        let text = part.source.text;
        crate::lex::lex(text, &mut tokens);
        let mut names = tokens.iter().filter(|token| token.kind == crate::lex::Kind::Ident);
        let Some(token) = names.find(|token| is_mixed(token.text(text))) else {
            continue;
        };
        let name = String::from_utf8_lossy(token.text(text));
        let span = span_in(part.path, text, token.start as usize, token.text(text).len());
        findings.push(about(
            MIXED,
            Severity::High,
            span,
            part.places.gravest(),
            format!(
                "the name {} has letters that only look like Latin ones",
                name.escape_unicode().to_string().chars().take(120).collect::<String>()
            ),
        ));
    }
}

/// Whether a name has letters of Latin and some that imitate them, or of these alone.
fn is_mixed(name: &[u8]) -> bool {
    if name.is_ascii() {
        return false;
    }
    let name = String::from_utf8_lossy(name);
    let latin = name.chars().any(|character| character.is_ascii_alphabetic());
    let imitates = name.chars().any(imitates_latin);
    latin && imitates
        || (!latin && name.chars().all(|character| imitates_latin(character) || character == '_'))
}

/// Letters of Cyrillic, Greek and others that look like those of Latin.
fn imitates_latin(character: char) -> bool {
    matches!(
        character,
        'а' | 'е'
            | 'о'
            | 'р'
            | 'с'
            | 'у'
            | 'х'
            | 'і'
            | 'ј'
            | 'ѕ'
            | 'һ'
            | 'ԁ'
            | 'ԛ'
            | 'ԝ'
            | 'ɡ'
            | 'ɑ'
            | 'ο'
            | 'ν'
            | 'α'
            | 'ι'
            | 'ρ'
            | 'υ'
            | 'κ'
            | 'А'
            | 'В'
            | 'Е'
            | 'К'
            | 'М'
            | 'Н'
            | 'О'
            | 'Р'
            | 'С'
            | 'Т'
            | 'Х'
            | 'Ι'
            | 'Ο'
            | 'Ρ'
            | 'Α'
            | 'Β'
            | 'Ε'
            | 'Ζ'
            | 'Η'
            | 'Κ'
            | 'Μ'
            | 'Ν'
            | 'Τ'
            | 'Υ'
            | 'Χ'
            | 'ｅ'
            | 'ａ'
            | 'ｏ'
            | 'ӏ'
            | 'ｉ'
            | 'ꓲ'
            | 'օ'
            | 'ո'
            | 'ս'
            | 'հ'
    )
}

/// Code behind a long run of blanks.
fn off_screen(path: &str, text: &[u8], place: Place, findings: &mut Vec<Finding>) {
    const FAR: usize = 120;
    // Few files have so many blanks in a row at all.
    let blanks = [b' '; FAR];
    let mut from = 0;
    let finder = memchr::memmem::Finder::new(&blanks);
    while let Some(found) = finder.find(&text[from..]) {
        let begin = from + found;
        let run = text[begin..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let end = begin + run;
        from = end.max(begin + 1);
        let line_begin = memchr::memrchr(b'\n', &text[..begin]).map_or(0, |at| at + 1);
        let before = &text[line_begin..begin];
        let line_end = memchr::memchr(b'\n', &text[end..]).map_or(text.len(), |length| end + length);
        let behind = &text[end..line_end];
        let is_code = |part: &[u8]| {
            let part = part.trim_ascii();
            !part.is_empty()
                && !part.starts_with(b"//")
                && !part.starts_with(b"*")
                && !part.starts_with(b"/*")
        };
        // Deep nesting and tables begin a line with blanks, or end it with a word.
        let acts =
            [&b"("[..], b"!", b"::", b";"].iter().any(|mark| memchr::memmem::find(behind, mark).is_some());
        if before.iter().any(|byte| !byte.is_ascii_whitespace())
            && is_code(behind)
            && acts
            && !before.trim_ascii().starts_with(b"//")
        {
            let span = span_in(path, text, end, behind.len());
            findings.push(about(
                OFF_SCREEN,
                Severity::High,
                span,
                place,
                format!("code stands behind {run} blanks on its line"),
            ));
            return;
        }
    }
}

/// Who it claims to be.
fn origin(package: &Package, manifest: &Manifest, code: &Code<'_>, findings: &mut Vec<Finding>) {
    let Some(text) = package.file("Cargo.toml") else {
        return;
    };
    let major = manifest.version.split('.').next().and_then(|major| major.parse::<u64>().ok()).unwrap_or(0);
    let tokens: u64 = code
        .parts
        .iter()
        .filter(|part| part.places.has(Place::Normal) || part.places.has(Place::ProcMacro))
        .map(|part| u64::from(part.source.tokens))
        .sum();
    let functions = code
        .parts
        .iter()
        .flat_map(|part| &part.source.units)
        .filter(|unit| unit.kind == UnitKind::Function)
        .count();
    if major >= 90 && tokens < 600 {
        let at = memchr::memmem::find(text, b"version").unwrap_or(0);
        let severity = if functions > 0
            || manifest.build != crate::manifest::Build::Off && package.file("build.rs").is_some()
        {
            Severity::Medium
        } else {
            Severity::Low
        };
        findings.push(about(
            CONFUSION,
            severity,
            span_in("Cargo.toml", text, at, 7),
            Place::Normal,
            format!("version {} of a package with hardly any code", manifest.version),
        ));
    }
    let repository = manifest.repository.trim_end_matches('/').trim_end_matches(".git");
    let named = repository.rsplit('/').next().unwrap_or_default();
    if is_near(&manifest.name, named) {
        let at = memchr::memmem::find(text, manifest.repository.as_bytes()).unwrap_or(0);
        let span = span_in("Cargo.toml", text, at, manifest.repository.len());
        let acts = package.file("build.rs").is_some() || manifest.is_proc_macro;
        let severity = if acts { Severity::Medium } else { Severity::Low };
        findings.push(about(
            FORGED,
            severity,
            span,
            Place::Normal,
            format!("{} names the repository of {named} as its own, and is not called so", manifest.name),
        ));
    }
}

/// Whether one name is the other with one or two letters changed, and is not just written otherwise.
fn is_near(name: &str, other: &str) -> bool {
    let plain = |name: &str| name.to_ascii_lowercase().replace(['-', '_', '.'], "");
    let stem = |name: &str| {
        let name = name.to_ascii_lowercase();
        let name = name.strip_prefix("rust-").or_else(|| name.strip_prefix("lib")).unwrap_or(&name);
        let name = ["-rs", "_rs", "-sys", "_sys", "-rust", "-core", "-derive", ".rs"]
            .iter()
            .find_map(|end| name.strip_suffix(end))
            .unwrap_or(name);
        plain(name)
    };
    if stem(name) == stem(other) {
        return false;
    }
    let (name, other) = (plain(name), plain(other));
    if name == other || name.len() < 6 || other.len() < 5 || name.len() > 64 || other.len() > 64 {
        return false;
    }
    // `serde-rs`, `rust-serde`: the usual ways to call a repository.
    if name.contains(&other) && name.len() > other.len() + 1 || other.contains(&name) {
        return false;
    }
    distance(name.as_bytes(), other.as_bytes()) <= if name.len() > 8 { 2 } else { 1 }
}

fn distance(left: &[u8], right: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (at, byte) in left.iter().enumerate() {
        let mut corner = row[0];
        row[0] = at + 1;
        for (to, other) in right.iter().enumerate() {
            let next = (corner + usize::from(byte != other)).min(row[to] + 1).min(row[to + 1] + 1);
            corner = std::mem::replace(&mut row[to + 1], next);
        }
    }
    row[right.len()]
}

/// A configuration of cargo in the package.
fn configuration(package: &Package, findings: &mut Vec<Finding>) {
    const RUNS: [&str; 6] =
        ["rustc-wrapper", "rustc-workspace-wrapper", "runner", "linker", "rustc =", "rustc="];
    for (path, bytes) in package.files() {
        let is_config = path.ends_with(".cargo/config.toml") || path.ends_with(".cargo/config");
        if !is_config {
            continue;
        }
        let text = String::from_utf8_lossy(bytes);
        let line = text
            .lines()
            .enumerate()
            .find(|(_, line)| RUNS.iter().any(|word| line.trim_start().starts_with(word)));
        let (line, severity) = line.map_or((0, Severity::Low), |(at, line)| {
            (at + 1, if line.contains("wrapper") { Severity::Medium } else { Severity::Low })
        });
        let span = Span {
            file: path.to_owned(),
            line: u32::try_from(line).unwrap_or(0),
            column: u32::from(line > 0),
            length: 0,
        };
        let mut finding = about(
            CONFIGURED,
            severity,
            span,
            Place::Normal,
            "a configuration of cargo lies in the package".to_owned(),
        );
        if line > 0 {
            finding.clues.push(Clue { span: whole(path), what: "it has cargo run a program".to_owned() });
        }
        findings.push(finding);
    }
}
