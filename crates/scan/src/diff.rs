//! Two releases compared: what the new one can do that the old one could not, and what there is to read of it.
//!
//! Code is compared by tokens, so that formatting and comments count for nothing. A finding of the old release is none of
//! the change, wherever it moved; what is new in a release that had none of it weighs more than what it always did.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use crate::lex::{Kind, lex};
use crate::likeness::Alike;
use crate::manifest::{Dependency, Kind as Needed, Manifest};
use crate::names::{Code, Part};
use crate::package::{Magic, Package, extension, is_of_tests};
use crate::panics::NewPanics;
use crate::report::{Capability, Finding, Place, Report, Severity, Span, Use};
use crate::rules::{Explanation, package_rules::about, span_in};
use crate::scan::{Scan, settle};
use crate::sign::{self, Sign, Signs};
use crate::source::UnitKind;

const UNUSED: &str = "unused-dependency";
const LOOK_ALIKE: &str = "look-alike-dependency";
const DESTINATION: &str = "new-destination";
const CHECK: &str = "weakened-check";
const JUMP: &str = "new-jump-to-data";

pub(crate) const EXPLANATIONS: [Explanation; 6] = [
    Explanation {
        code: "scanner-failed",
        techniques: &[],
        means: "The scanner crashed at this package, or did not come to an end.",
        look: "Nothing is known of its code. Report it: no package should do that.",
    },
    Explanation {
        code: UNUSED,
        techniques: &["D8"],
        means: "The release needs a package that its code never names.",
        look: "What that package does when it is built. Some are needed for a feature of another, or for what they link.",
    },
    Explanation {
        code: LOOK_ALIKE,
        techniques: &["D1", "D8"],
        means: "The release needs a package whose name is one letter away from another that it needs or that is well known.",
        look: "Whether that is the package that was meant.",
    },
    Explanation {
        code: DESTINATION,
        techniques: &["A16"],
        means: "Code that uses the network has a new address.",
        look: "Whose address it is. No capability changes when data goes to somebody else.",
    },
    Explanation {
        code: CHECK,
        techniques: &["A15"],
        means: "A function that checks something does less than before, or agrees sooner.",
        look: "What it accepts now that it did not accept before.",
    },
    Explanation {
        code: JUMP,
        techniques: &["O11", "O12", "E9"],
        means: "A small change hands control to data or code that lies elsewhere in the package, or data that the build acts on gained a command.",
        look: "The file that it names.",
    },
];

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// What it says is another.
    Changed,
    /// It only looks different: formatting, comments.
    Reformatted,
}

/// A file that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FileChange {
    /// The file.
    pub path: String,
    /// What became of it.
    pub change: Change,
    /// Where it runs; nothing for what is no code.
    pub place: Option<Place>,
    /// Lines of it that a reviewer has to read.
    pub lines: u64,
}

/// Two releases, compared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Comparison {
    /// The older release's crate: another where a package is compared with what it is a copy of.
    pub from_name: String,
    /// The older release's version.
    pub from: String,
    /// The newer release's version.
    pub to: String,
    /// The crate's name.
    pub name: String,
    /// What the newer can do that the older could not.
    pub gained: Vec<Capability>,
    /// What it can do no more.
    pub lost: Vec<Capability>,
    /// Which functions can do something now that none of that name could; of build code, changed ones that act, too.
    pub uses: Vec<Use>,
    /// Findings of the change, the gravest first.
    pub findings: Vec<Finding>,
    /// Dependencies that the older had not, without those of tests.
    pub dependencies: Vec<String>,
    /// Features that it had not.
    pub features: Vec<String>,
    /// Whether a build script or procedural macro is new or not what it was.
    pub build_code: bool,
    /// Functions that went without checks or called into other languages, before and now.
    pub unsafe_functions: (u64, u64),
    /// The files, those that matter most first.
    pub files: Vec<FileChange>,
    /// Lines to read: changed or new, without tests, documents and formatting.
    pub review_lines: u64,
    /// Whether all that is built is the same but for the version.
    pub unchanged: bool,
    /// The known packages that the newer is a copy of, and the older was not; empty where that was not asked.
    pub copied: Vec<Alike>,
    /// Where the newer can panic and the older could not; nothing where that was not asked.
    pub panics: NewPanics,
}

impl Comparison {
    /// What is compared: `arrayref 0.3.9 -> 0.3.10`; with both names where they differ, and `arrayref 0.3.10` alone where all is
    /// new.
    pub fn title(&self) -> String {
        let Self { from_name, from, name, to, .. } = self;
        match from.is_empty() {
            true => format!("{name} {to}"),
            false if from_name == name => format!("{name} {from} -> {to}"),
            false => format!("{from_name} {from} -> {name} {to}"),
        }
    }
}

/// Compares two releases.
pub fn compare(old: &Scan<'_>, new: &Scan<'_>) -> Comparison {
    let Scan { package: old, manifest: before, code: old_code, report: old_report } = old;
    let Scan { package: new, manifest: after, code: new_code, report: new_report } = new;
    let files = files(old, new, new_code, old_code);
    let dependencies = new_dependencies(before, after);
    let mut findings = new_findings(old_report, new_report);
    dependency_findings(new, before, after, new_code, &mut findings);
    destinations(old_code, new_code, &mut findings);
    checks(
        &Release { manifest: before, code: old_code },
        &Release { manifest: after, code: new_code },
        &mut findings,
    );
    jumps(old_code, new_code, &files, &mut findings);
    commands(old, new, new_code, &files, &mut findings);
    settle(&mut findings);
    crate::scan::show(new, &mut findings);
    let had: BTreeSet<Capability> = old_report.capabilities.iter().copied().collect();
    let has: BTreeSet<Capability> = new_report.capabilities.iter().copied().collect();
    let known: BTreeSet<(Capability, Place, &str)> =
        old_report.uses.iter().map(|of| (of.capability, of.place, of.function.as_str())).collect();
    let changed_build = changed_build_functions(old_code, new_code);
    let uses = new_report
        .uses
        .iter()
        .filter(|of| {
            let is_new = !known.contains(&(of.capability, of.place, of.function.as_str()));
            // Which program it starts is in its text: who may start one may start another.
            let acts = matches!(
                of.capability,
                Capability::Net | Capability::Dns | Capability::Process | Capability::DynamicLoad
            );
            of.place != Place::Tests && (is_new || (acts && changed_build.contains(&of.function)))
        })
        .cloned()
        .collect();
    let matters = |file: &&FileChange| {
        file.place.is_some_and(|place| place != Place::Tests) && file.change != Change::Reformatted
    };
    let build_code = files.iter().filter(matters).any(|file| file.place.is_some_and(Place::is_build));
    Comparison {
        from_name: old_report.name.clone(),
        from: old_report.version.clone(),
        to: new_report.version.clone(),
        name: new_report.name.clone(),
        gained: has.difference(&had).copied().collect(),
        lost: had.difference(&has).copied().collect(),
        uses,
        findings,
        dependencies,
        features: after
            .features
            .keys()
            .filter(|name| !before.features.contains_key(*name))
            .cloned()
            .collect(),
        build_code,
        unsafe_functions: (unsafe_functions(old_report), unsafe_functions(new_report)),
        review_lines: files.iter().filter(matters).map(|file| file.lines).sum(),
        unchanged: same_but_version(old, new)
            && files.iter().all(|file| is_for_people(&file.path) && !is_built_in(&file.path, new_code)),
        files,
        copied: Vec::new(),
        panics: NewPanics::default(),
    }
}

/// The names of functions that run where dependents are built, and are not what they were.
fn changed_build_functions(old: &Code<'_>, new: &Code<'_>) -> BTreeSet<String> {
    // By their texts: whoever writes both releases could make hashes meet.
    let of_build = |code: &Code<'_>| -> BTreeSet<(String, Vec<Vec<u8>>)> {
        functions(code)
            .filter(|number| code.place(*number).is_build())
            .map(|number| {
                let text = text_of(code, number);
                let tokens = hashed(text).into_iter().map(|token| token.text(text).to_owned());
                (code.function_name(number), tokens.collect())
            })
            .collect()
    };
    let before = of_build(old);
    of_build(new).into_iter().filter(|of| !before.contains(of)).map(|(name, _)| name).collect()
}

/// Whether the manifests are the same, line by line, but for the package's version.
fn same_but_version(old: &Package, new: &Package) -> bool {
    let lines = |package: &Package| -> Option<Vec<String>> {
        let text = String::from_utf8_lossy(package.file("Cargo.toml")?).into_owned();
        let mut table = String::new();
        let lines = text.lines().filter_map(|line| {
            if line.starts_with('[') {
                table = line.to_owned();
            }
            let is_version = table == "[package]" && line.starts_with("version = ");
            (!is_version).then(|| line.to_owned())
        });
        Some(lines.collect())
    };
    lines(old).is_some_and(|old| Some(old) == lines(new))
}

/// Whether a file is one that people read, and builds do not: a short list, since whatever is not on it may be built from.
fn is_for_people(path: &str) -> bool {
    let stem = path.split('.').next().unwrap_or(path).to_ascii_uppercase();
    let is_notice = ["README", "CHANGELOG", "CHANGES", "RELEASES", "LICENSE", "COPYING", "NOTICE", "AUTHORS"]
        .iter()
        .any(|notice| stem == *notice || stem.starts_with(&format!("{notice}-")));
    path.starts_with(".github/") || (!path.contains('/') && is_notice && extension(path) != "rs")
}

/// Whether code takes in that file.
fn is_built_in(path: &str, code: &Code<'_>) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    code.parts.iter().any(|part| part.source.includes.iter().any(|include| include.path.ends_with(name)))
}

fn unsafe_functions(report: &Report) -> u64 {
    let counts =
        |of: &&Use| matches!(of.capability, Capability::Unsafe | Capability::Ffi) && of.place != Place::Tests;
    let functions: BTreeSet<(&str, &str)> =
        report.uses.iter().filter(counts).map(|of| (of.span.file.as_str(), of.function.as_str())).collect();
    functions.len() as u64
}

/// Findings that the older release did not have, in whatever file or line.
fn new_findings(old: &Report, new: &Report) -> Vec<Finding> {
    // How often each was there, by what does not change when code moves.
    let mut known: BTreeMap<(&str, &str, Severity), usize> = BTreeMap::new();
    for finding in &old.findings {
        *known.entry((&finding.code, &finding.function, finding.severity)).or_default() += 1;
    }
    let mut fresh = Vec::new();
    for finding in &new.findings {
        if let Some(count) =
            known.get_mut(&(finding.code.as_str(), finding.function.as_str(), finding.severity))
            && *count > 0
        {
            *count -= 1;
            continue;
        }
        fresh.push(finding.clone());
    }
    fresh
}

fn new_dependencies(before: &Manifest, after: &Manifest) -> Vec<String> {
    after.built_from().difference(&before.built_from()).map(|name| (*name).to_owned()).collect()
}

/// New dependencies that the code never names, or whose names are nearly another's.
fn dependency_findings(
    package: &Package,
    before: &Manifest,
    after: &Manifest,
    code: &Code<'_>,
    findings: &mut Vec<Finding>,
) {
    let Some(text) = package.file("Cargo.toml") else {
        return;
    };
    let had = before.built_from();
    for (name, dependency) in &after.dependencies {
        if dependency.kind == Needed::Dev || had.contains(dependency.package.as_str()) {
            continue;
        }
        let span = dependency_span(text, dependency);
        let place = if dependency.kind == Needed::Build { Place::BuildScript } else { Place::Normal };
        let root = dependency.package.replace('-', "_");
        let is_named = code.outside.contains_key(&root)
            || code.outside.contains_key(name)
            || code.parts.iter().any(|part| names_word(part.source.text, name.as_bytes()));
        if !is_named && !dependency.optional {
            findings.push(about(
                UNUSED,
                Severity::Medium,
                span.clone(),
                place,
                format!(
                    "{} is needed from this release on, and nothing in the code names it",
                    dependency.package
                ),
            ));
        }
        if let Some(other) = look_alike(&dependency.package, after) {
            let severity = if is_named { Severity::Medium } else { Severity::High };
            findings.push(about(
                LOOK_ALIKE,
                severity,
                span,
                place,
                format!(
                    "{} is needed from this release on; its name is nearly that of {other}",
                    dependency.package
                ),
            ));
        }
    }
}

/// The well-known name that a package's is nearly; what it needs itself counts for well known.
fn look_alike(name: &str, manifest: &Manifest) -> Option<String> {
    let known = include_str!("../data/names.txt").lines();
    let needed = manifest.dependencies.values().map(|of| of.package.as_str());
    let plain = |name: &str| name.to_ascii_lowercase().replace(['-', '_'], "");
    let own = plain(name);
    if include_str!("../data/names.txt").lines().any(|known| plain(known) == own) {
        return None;
    }
    known.chain(needed).find(|other| *other != name && is_one_edit(&own, &plain(other))).map(str::to_owned)
}

/// One letter more, less or other, or two exchanged; or a last digit that counts on.
fn is_one_edit(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    if left == right || left.len().min(right.len()) < 4 || left.len().abs_diff(right.len()) > 1 {
        return false;
    }
    let same_front = left.iter().zip(right).take_while(|(left, right)| left == right).count();
    let (left, right) = (&left[same_front..], &right[same_front..]);
    let same_back =
        left.iter().rev().zip(right.iter().rev()).take_while(|(left, right)| left == right).count();
    let (left, right) = (&left[..left.len() - same_back], &right[..right.len() - same_back]);
    matches!((left, right), ([_], [_]) | ([_], []) | ([], [_]))
        || matches!((left, right), ([a, b], [c, d]) if a == d && b == c)
}

fn names_word(text: &[u8], word: &[u8]) -> bool {
    let of_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    memchr::memmem::find_iter(text, word).any(|at| {
        let before = at.checked_sub(1).is_none_or(|at| !of_word(text[at]));
        before && text.get(at + word.len()).is_none_or(|byte| !of_word(*byte))
    })
}

fn dependency_span(text: &[u8], dependency: &Dependency) -> Span {
    let at = if dependency.line > 1 {
        memchr::memchr_iter(b'\n', text).nth(dependency.line as usize - 2).map_or(0, |at| at + 1)
    } else {
        0
    };
    span_in("Cargo.toml", text, at, dependency.package.len())
}

/// Addresses in code that uses the network, which that code did not have.
fn destinations(old: &Code<'_>, new: &Code<'_>, findings: &mut Vec<Finding>) {
    let known: BTreeSet<Vec<u8>> = hosts(old).into_iter().map(|(host, _, _)| host).collect();
    let spoke = old
        .parts
        .iter()
        .flat_map(|part| &part.source.units)
        .any(|unit| unit.signs.has(Sign::Net) && !unit.is_test);
    if !spoke {
        return;
    }
    let fresh: Vec<_> = hosts(new).into_iter().filter(|(host, _, _)| !known.contains(host)).collect();
    for (host, part, at) in fresh {
        let part = &new.parts[part];
        let span = span_in(part.path, part.source.text, at as usize, host.len());
        // Who had no address of its own got the address from its user.
        let severity = if known.is_empty() { Severity::Low } else { Severity::Medium };
        findings.push(about(
            DESTINATION,
            severity,
            span,
            part.places.gravest(),
            format!("{} is an address that the older release did not have", String::from_utf8_lossy(&host)),
        ));
    }
}

/// Hosts and mail addresses in texts of code that is no test.
fn hosts(code: &Code<'_>) -> Vec<(Vec<u8>, usize, u32)> {
    let mut hosts = Vec::new();
    for (index, part) in code.parts.iter().enumerate() {
        if part.places.gravest() == Place::Tests {
            continue;
        }
        for literal in part.source.literals.iter().filter(|literal| !literal.is_array) {
            let unit = &part.source.units[literal.unit as usize];
            if unit.is_test || literal.end - literal.start < 10 {
                continue;
            }
            let text = &part.source.text[literal.start as usize..literal.end as usize];
            if let Some(host) = host_in(text) {
                hosts.push((host.to_vec(), index, literal.start));
            }
        }
    }
    hosts
}

/// The host of the first address in a text, or what follows the `@` of a mail address.
fn host_in(text: &[u8]) -> Option<&[u8]> {
    let begin = memchr::memmem::find(text, b"://").map(|at| at + 3).or_else(|| {
        let at = memchr::memchr(b'@', text)?;
        (at > 2 && text[at - 1].is_ascii_alphanumeric()).then_some(at + 1)
    })?;
    let host = &text[begin..];
    let end = host
        .iter()
        .position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')))
        .unwrap_or(host.len());
    let host = &host[..end];
    (host.len() > 3 && host.contains(&b'.')).then_some(host)
}

/// Functions that check, and do less.
fn checks(old: &Release<'_>, new: &Release<'_>, findings: &mut Vec<Finding>) {
    let of_trust = old.is_of_trust();
    lost_crypto(old, new, findings);
    let new_code = new.code;
    let decides = |code: &Code<'_>, number: u32| {
        let (owner, name) = named(code, number);
        is_check(name, owner, of_trust)
    };
    let mut before: FxHashMap<_, Vec<Vec<u64>>> = FxHashMap::default();
    for number in functions(old.code).filter(|number| decides(old.code, *number)) {
        before.entry(named(old.code, number)).or_default().push(tokens_of(old.code, number));
    }
    // Of several functions of one name, those that stayed as they were tell nothing of the others.
    let mut changed = Vec::new();
    for number in functions(new_code) {
        let Some(known) = before.get_mut(&named(new_code, number)) else {
            continue;
        };
        let tokens = tokens_of(new_code, number);
        if let Some(same) = known.iter().position(|was| *was == tokens) {
            known.remove(same);
        } else {
            changed.push((number, tokens));
        }
    }
    for (number, is) in changed {
        let unit = new_code.unit(number);
        let (owner, name) = named(new_code, number);
        let left = before.get_mut(&(owner, name)).filter(|left| !left.is_empty());
        let Some(was) = left.map(|left| left.remove(0)) else {
            continue;
        };
        if new_code.place(number) == Place::Tests {
            continue;
        }
        let (part, _) = new_code.units[number as usize];
        let had: FxHashSet<u64> = was.iter().copied().collect();
        let has: FxHashSet<u64> = is.iter().copied().collect();
        let gone = had.difference(&has).count();
        let came = has.difference(&had).count();
        let shorter = is.len() + 3 < was.len();
        let more = |words: &[&str]| words.iter().any(|word| count(&is, word) > count(&was, word));
        // It agrees sooner, looks at less, or refuses less.
        let sooner = more(&["return", "true", "Ok", "|"]);
        let weaker = more(&["min", "take", "zip", "any", "starts_with", "unwrap_or", "is_none_or"]);
        let refusals = ["!", "Err", "ensure", "bail", "?", "false", "ct_eq", "constant_time_eq"];
        let fewer = refusals.iter().any(|word| count(&is, word) < count(&was, word));
        let small = gone + came <= 24;
        let severity = match () {
            () if sooner || weaker || fewer => Severity::Medium,
            () if shorter && small => Severity::Medium,
            () => Severity::Low,
        };
        let span = span_in(
            new_code.parts[part as usize].path,
            new_code.parts[part as usize].source.text,
            unit.start as usize,
            2 + 1 + name.len(),
        );
        let mut finding = about(
            CHECK,
            severity,
            span,
            new_code.place(number),
            format!("{} checks something, and does not do so as before", new_code.function_name(number)),
        );
        finding.function = new_code.function_name(number);
        findings.push(finding);
    }
}

/// A release as it is compared.
struct Release<'a> {
    manifest: &'a Manifest,
    code: &'a Code<'a>,
}

impl Release<'_> {
    /// The crates on which trust rests that its own code names: what only its tests need does not count.
    fn crypto(&self) -> impl Iterator<Item = &'static str> {
        let built: BTreeSet<String> =
            self.manifest.built_from().into_iter().map(|name| name.replace('-', "_")).collect();
        CRYPTO.into_iter().filter(move |name| built.contains(*name) && self.code.outside.contains_key(*name))
    }

    /// Whether somebody else's trust rests on what it decides.
    fn is_of_trust(&self) -> bool {
        const SAYS_SO: [&str; 12] = [
            "crypto",
            "cipher",
            "encrypt",
            "signature",
            "signed",
            "authenticat",
            "authoriz",
            "password",
            "jwt",
            "certificate",
            "tls",
            "secret",
        ];
        let says = format!("{} {}", self.manifest.description, self.manifest.keywords.join(" "));
        let says = says.to_ascii_lowercase();
        self.crypto().any(|name| !matches!(name, "rand" | "rand_core"))
            || SAYS_SO.iter().any(|word| says.contains(word))
    }

    /// Whether its code asks the operating system for randomness.
    fn draws_from_the_system(&self) -> bool {
        const DRAWS: [&str; 12] = [
            "OsRng",
            "SysRng",
            "getrandom",
            "thread_rng",
            "ThreadRng",
            "from_entropy",
            "from_os_rng",
            "EntropyRng",
            "SystemRandom",
            "arc4random",
            "BCryptGenRandom",
            "rand_bytes",
        ];
        let parts = self.code.parts.iter().filter(|part| part.places.gravest() != Place::Tests);
        parts.into_iter().any(|part| DRAWS.iter().any(|word| names_word(part.source.text, word.as_bytes())))
    }
}

/// Crates on which trust rests: randomness, comparison in constant time, signatures, ciphers.
const CRYPTO: [&str; 26] = [
    "getrandom",
    "rand",
    "rand_core",
    "subtle",
    "constant_time_eq",
    "ring",
    "ed25519_dalek",
    "hmac",
    "rsa",
    "p256",
    "p384",
    "k256",
    "ecdsa",
    "signature",
    "aws_lc_rs",
    "aes_gcm",
    "chacha20poly1305",
    "argon2",
    "bcrypt",
    "scrypt",
    "pbkdf2",
    "zeroize",
    "jsonwebtoken",
    "minisign_verify",
    "blake3",
    "openssl",
];

/// Crates on which trust rests, or randomness of the system, that the code no longer names, and nothing of their kind came
/// instead.
fn lost_crypto(old: &Release<'_>, new: &Release<'_>, findings: &mut Vec<Finding>) {
    let (had, has): (BTreeSet<_>, BTreeSet<_>) = (old.crypto().collect(), new.crypto().collect());
    let Some(part) = new.code.parts.iter().find(|part| part.places.has(Place::Normal)) else {
        return;
    };
    let mut say = |what: &str| {
        let span = Span { file: part.path.to_owned(), line: 0, column: 0, length: 0 };
        findings.push(about(
            CHECK,
            Severity::Medium,
            span,
            Place::Normal,
            format!("{what}, on which trust rests, is no longer used, and nothing of its kind came instead"),
        ));
    };
    if old.is_of_trust() && old.draws_from_the_system() && !new.draws_from_the_system() {
        say("randomness of the operating system");
    }
    if has.is_subset(&had) {
        had.difference(&has).for_each(|name| say(name));
    }
}

/// Whether a function's name says that it decides about trust, or makes what trust rests on.
///
/// Some names say so anywhere; others, such as `validate` or `seed`, only in a package that is about trust.
fn is_check(name: &[u8], owner: &[u8], of_trust: bool) -> bool {
    const ANYWHERE: [&str; 16] = [
        "verif",
        "check_sig",
        "authenticat",
        "authoriz",
        "ct_eq",
        "constant_time",
        "compare_mac",
        "random_key",
        "gen_key",
        "generate_key",
        "keygen",
        "password",
        "is_allowed",
        "can_access",
        "login",
        "mac_eq",
    ];
    const OF_TRUST: [&str; 8] =
        ["is_valid", "validate", "nonce", "seed", "permission", "token_valid", "hmac", "signature"];
    const WHOLE: [&str; 10] =
        ["open", "unseal", "accept", "check", "same", "equal", "eq", "compare", "decrypt", "trusted"];
    const MAKES: [&str; 5] = ["next", "next_u64", "fill_bytes", "fill", "generate"];
    const OWNERS: [&str; 8] = ["mac", "nonce", "tag", "token", "rng", "key", "digest", "secret"];
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    // At the beginning of a word: `invalidate` validates nothing.
    let has = |words: &[&str]| {
        words.iter().any(|word| name.starts_with(word) || name.contains(&format!("_{word}")))
    };
    let owner = words_of(&String::from_utf8_lossy(owner));
    has(&ANYWHERE)
        || (of_trust
            && (has(&OF_TRUST)
                || WHOLE.contains(&name.as_str())
                || (MAKES.contains(&name.as_str())
                    && owner.iter().any(|word| OWNERS.contains(&word.as_str())))))
}

/// The words of a type's name: `RawTokenIter` is made of three.
fn words_of(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for letter in name.chars() {
        match words.last_mut() {
            Some(word) if !letter.is_uppercase() && letter != '_' => word.push(letter),
            _ => words.push(letter.to_lowercase().filter(|letter| *letter != '_').collect()),
        }
    }
    words
}

fn count(tokens: &[u64], word: &str) -> usize {
    let hash = hash(word.as_bytes());
    tokens.iter().filter(|token| **token == hash).count()
}

/// All functions, by their numbers.
fn functions<'a>(code: &'a Code<'_>) -> impl Iterator<Item = u32> + 'a {
    (0..code.units.len() as u32).filter(|number| code.unit(*number).kind == UnitKind::Function)
}

/// Whose a unit is, and what it is called.
fn named<'a>(code: &'a Code<'_>, number: u32) -> (&'a [u8], &'a [u8]) {
    let unit = code.unit(number);
    (code.words.text(unit.owner), code.words.text(unit.name))
}

fn tokens_of(code: &Code<'_>, number: u32) -> Vec<u64> {
    hashes(&hashed(text_of(code, number)))
}

fn text_of<'a>(code: &'a Code<'_>, number: u32) -> &'a [u8] {
    let unit = code.unit(number);
    let (part, _) = code.units[number as usize];
    &code.parts[part as usize].source.text[unit.start as usize..unit.end.max(unit.start) as usize]
}

/// Small changes that hand control to data or code elsewhere in the package.
fn jumps(old: &Code<'_>, new: &Code<'_>, files: &[FileChange], findings: &mut Vec<Finding>) {
    let known: BTreeSet<&str> = old
        .parts
        .iter()
        .flat_map(|part| &part.source.includes)
        .map(|include| include.path.as_str())
        .collect();
    for (index, part) in new.parts.iter().enumerate() {
        let is_changed = files
            .iter()
            .any(|file| file.path == part.path && matches!(file.change, Change::Changed | Change::Added));
        if !is_changed || part.places.gravest() == Place::Tests {
            continue;
        }
        for include in part
            .source
            .includes
            .iter()
            .filter(|include| !include.is_built && !known.contains(include.path.as_str()))
        {
            let number = new.parts[index].first_unit + include.unit;
            if new.place(number) == Place::Tests {
                continue;
            }
            let acts = new.unit(number).signs;
            let odd = include.as_code || is_of_tests(&include.path);
            let runs = acts.has(Sign::Process)
                || acts.has(Sign::Load)
                || acts.has(Sign::MapExecutable)
                || acts.has(Sign::Transmute)
                || acts.has(Sign::Xor)
                || acts.has(Sign::Decode);
            if odd && extension(&include.path) != "rs" || runs {
                let span = span_in(
                    part.path,
                    part.source.text,
                    include.start as usize,
                    (include.end - include.start) as usize,
                );
                findings.push(about(
                    JUMP,
                    Severity::Medium,
                    span,
                    new.place(number),
                    format!("{} is taken in from this release on", include.path),
                ));
            }
        }
        // A build script that names what lies among tests or data.
        if part.places.gravest().is_build() {
            let was = old.parts.iter().find(|old| old.path == part.path);
            let fixtures = |code: &crate::names::Part<'_>| -> BTreeSet<Vec<u8>> {
                code.source
                    .marks()
                    .iter()
                    .filter(|mark| mark.sign == Sign::FixturePath)
                    .map(|mark| code.source.text[mark.start as usize..mark.end as usize].to_vec())
                    .collect()
            };
            let had = was.map(fixtures).unwrap_or_default();
            for path in fixtures(part).difference(&had) {
                let at = memchr::memmem::find(part.source.text, path).unwrap_or(0);
                let span = span_in(part.path, part.source.text, at, path.len());
                findings.push(about(
                    JUMP,
                    Severity::Medium,
                    span,
                    part.places.gravest(),
                    format!("build code names {} from this release on", String::from_utf8_lossy(path)),
                ));
            }
        }
    }
}

/// Files that are no code, which gained what a shell or cargo would run, in a package whose build acts on files.
///
/// A build script that copies templates or runs a list of probes does something else when these say something else.
fn commands(
    old: &Package,
    new: &Package,
    code: &Code<'_>,
    files: &[FileChange],
    findings: &mut Vec<Finding>,
) {
    const RUNS: Signs = Signs::of(&[Sign::FetchPipe, Sign::ReverseShell, Sign::HiddenShell]);
    let builds = code.parts.iter().filter(|part| part.places.gravest().is_build());
    let build =
        builds.flat_map(|part| &part.source.units).fold(Signs::NONE, |signs, unit| signs.and(unit.signs));
    if !build.any(Signs::of(&[Sign::FsRead, Sign::FsWrite]))
        || !build.any(Signs::of(&[Sign::FsWrite, Sign::Process]))
    {
        return;
    }
    // What people read, and what only the repository's own machines run.
    let is_of_people = |path: &str| {
        path.starts_with('.')
            || matches!(extension(path), "md" | "rst" | "adoc" | "yml" | "yaml")
            || is_of_tests(path)
    };
    for file in files.iter().filter(|file| {
        file.place.is_none()
            && matches!(file.change, Change::Added | Change::Changed)
            && extension(&file.path) != "rs"
            && !is_of_people(&file.path)
    }) {
        let Some(text) = new.file(&file.path).filter(|text| text.len() < 100_000 && is_text(text)) else {
            continue;
        };
        let was = old.file(&file.path).map_or(Signs::NONE, sign::text);
        let is = sign::text(text);
        let gained = |of: Signs| is.any(of) && !was.any(of);
        let fetches = is.any(Signs::of(&[Sign::Downloader, Sign::Url]));
        let wraps = extension(&file.path) == "toml"
            && [&b"rustc-wrapper"[..], b"rustc-workspace-wrapper", b"replace-with"]
                .iter()
                .any(|key| memchr::memmem::find(text, key).is_some());
        if (gained(RUNS) && fetches) || (wraps && file.change == Change::Added) {
            let at = [&b"curl"[..], b"wget", b"| sh", b"rustc-wrapper", b"replace-with"]
                .iter()
                .find_map(|word| memchr::memmem::find(text, word))
                .unwrap_or(0);
            findings.push(about(
                JUMP,
                Severity::Medium,
                span_in(&file.path, text, at, 4),
                Place::BuildScript,
                format!(
                    "{} has a command from this release on, and the package's build acts on files",
                    file.path
                ),
            ));
        }
    }
}

/// All files that are not what they were, those that matter most first.
fn files(old: &Package, new: &Package, new_code: &Code<'_>, old_code: &Code<'_>) -> Vec<FileChange> {
    let parts = |code: &Code<'_>, path: &str| code.parts.iter().position(|part| part.path == path);
    let places =
        |code: &Code<'_>, path: &str| parts(code, path).map(|part| code.parts[part].places.gravest());
    let mut changes = Vec::new();
    for (path, bytes) in new.files() {
        if is_of_cargo(path) {
            continue;
        }
        match old.file(path) {
            None => {
                let lines = match parts(new_code, path) {
                    Some(part) => lines_of_code(bytes, &new_code.parts[part]),
                    None if is_text(bytes) => memchr::memchr_iter(b'\n', bytes).count() as u64,
                    None => 0,
                };
                changes.push(FileChange {
                    path: path.to_owned(),
                    change: Change::Added,
                    place: places(new_code, path),
                    lines,
                });
            }
            Some(before) if before == bytes => {}
            Some(before) => {
                let place = places(new_code, path);
                let (change, lines) = match parts(new_code, path) {
                    Some(part) => changed_lines(before, bytes, &new_code.parts[part].source.tests()),
                    None if is_text(bytes) => (Change::Changed, changed_text_lines(before, bytes)),
                    None => (Change::Changed, 0),
                };
                changes.push(FileChange { path: path.to_owned(), change, place, lines });
            }
        }
    }
    for (path, _) in old.files().filter(|(path, _)| new.file(path).is_none() && !is_of_cargo(path)) {
        changes.push(FileChange {
            path: path.to_owned(),
            change: Change::Removed,
            place: places(old_code, path),
            lines: 0,
        });
    }
    changes.sort_by(|left, right| {
        let key = |file: &FileChange| {
            (file.place.is_none(), file.place, std::cmp::Reverse(file.lines), file.path.clone())
        };
        key(left).cmp(&key(right))
    });
    changes
}

/// What cargo writes into every package.
fn is_of_cargo(path: &str) -> bool {
    matches!(path, ".cargo_vcs_info.json" | "Cargo.toml.orig" | "Cargo.lock" | "Cargo.toml")
}

fn is_text(bytes: &[u8]) -> bool {
    Magic::of(bytes) == Magic::Text
}

/// Lines of a new file that have tokens, those of tests within it left out.
fn lines_of_code(bytes: &[u8], part: &Part<'_>) -> u64 {
    let tests = part.source.tests();
    let counted = hashed(bytes).into_iter().filter(|word| !is_within(word.start, &tests));
    counted.map(|word| word.line).collect::<BTreeSet<u32>>().len() as u64
}

/// A token, but for what formatting changes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hashed {
    pub(crate) hash: u64,
    /// The line in which it begins.
    pub(crate) line: u32,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Hashed {
    /// What stands there.
    fn text<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        &text[self.start as usize..self.end as usize]
    }
}

/// The tokens of a file, without commas that formatting puts before a closing bracket.
pub(crate) fn hashed(text: &[u8]) -> Vec<Hashed> {
    let mut tokens = Vec::new();
    lex(text, &mut tokens);
    let mut line = 1;
    let mut at = 0;
    let mut all = Vec::with_capacity(tokens.len());
    for (index, token) in tokens.iter().enumerate() {
        line += memchr::memchr_iter(b'\n', &text[at..token.start as usize]).count() as u32;
        at = token.start as usize;
        let closes_next = tokens.get(index + 1).is_some_and(|next| next.kind == Kind::Close);
        if token.is(b',') && closes_next {
            continue;
        }
        all.push(Hashed { hash: hash(token.text(text)), line, start: token.start, end: token.end });
    }
    all
}

/// Whether a place lies in one of these ranges, which are sorted and apart.
pub(crate) fn is_within(at: u32, ranges: &[Range<u32>]) -> bool {
    ranges.get(ranges.partition_point(|range| range.end <= at)).is_some_and(|range| range.contains(&at))
}

fn hash(bytes: &[u8]) -> u64 {
    use std::hash::Hasher as _;
    let mut hasher = rustc_hash::FxHasher::default();
    hasher.write(bytes);
    hasher.write_usize(bytes.len());
    hasher.finish()
}

/// What became of a file of code, and how many lines of it there are to read: those of the new text that have tokens which
/// the old had not there, and those from which some are gone; tests within it left out.
fn changed_lines(old: &[u8], new: &[u8], tests: &[Range<u32>]) -> (Change, u64) {
    let (before, after) = (hashed(old), hashed(new));
    let hunks = token_hunks(&before, &after);
    let mut lines = BTreeSet::new();
    for (_, added) in &hunks {
        // Where something was only taken out, the place is one line to read.
        let gone = if added.is_empty() { after.get(added.start).or_else(|| after.last()) } else { None };
        let to_read = gone.into_iter().chain(&after[added.clone()]);
        lines.extend(to_read.filter(|word| !is_within(word.start, tests)).map(|word| word.line));
    }
    if hunks.is_empty() && !same_texts((old, &before), (new, &after)) {
        // Hashes that meet were made to: all of it is to be read.
        lines.extend(after.iter().map(|token| token.line));
        return (Change::Changed, lines.len() as u64);
    }
    let change = if hunks.is_empty() { Change::Reformatted } else { Change::Changed };
    (change, lines.len() as u64)
}

/// Whether two texts have the same tokens.
fn same_texts((old, before): (&[u8], &[Hashed]), (new, after): (&[u8], &[Hashed])) -> bool {
    before.len() == after.len()
        && before.iter().zip(after).all(|(before, after)| before.text(old) == after.text(new))
}

/// The parts in which the tokens of two files differ.
pub(crate) fn token_hunks(old: &[Hashed], new: &[Hashed]) -> Vec<(Range<usize>, Range<usize>)> {
    let mut found = Vec::new();
    add_hunks((old, 0..old.len()), (new, 0..new.len()), &mut found);
    found
}

/// Tokens or lines that are compared at a time: where a few kinds come again and again, as in tables of numbers, the
/// differ's time grows with the square.
const COMPARED: usize = 30_000;

/// A part of a text, by its tokens.
type Stretch<'a> = (&'a [Hashed], Range<usize>);

fn add_hunks(
    (old, of_old): Stretch<'_>,
    (new, of_new): Stretch<'_>,
    found: &mut Vec<(Range<usize>, Range<usize>)>,
) {
    let (before, after) = (&old[of_old.clone()], &new[of_new.clone()]);
    let shift = |range: &Range<usize>, by: usize| range.start + by..range.end + by;
    if before.len().max(after.len()) <= COMPARED {
        let hunks = hunks(&hashes(before), &hashes(after));
        found.extend(
            hunks.iter().map(|(gone, added)| (shift(gone, of_old.start), shift(added, of_new.start))),
        );
        return;
    }
    // First by lines, then by the tokens of those that differ.
    let (old_lines, new_lines) = (by_line(before), by_line(after));
    if old_lines.len().max(new_lines.len()) > COMPARED {
        found.push((of_old, of_new));
        return;
    }
    let hash_of = |of: &[Hashed], line: &Range<usize>| {
        let hashes = of[line.clone()].iter().map(|token| token.hash);
        hashes.fold(line.len() as u64, |all, hash| {
            (all.rotate_left(5) ^ hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        })
    };
    let old_hashes: Vec<u64> = old_lines.iter().map(|line| hash_of(before, line)).collect();
    let new_hashes: Vec<u64> = new_lines.iter().map(|line| hash_of(after, line)).collect();
    let tokens = |lines: &[Range<usize>], of: Range<usize>, all: usize| {
        let begin = lines.get(of.start).map_or(all, |line| line.start);
        begin..lines.get(of.end).map_or(all, |line| line.start)
    };
    for (gone, added) in hunks(&old_hashes, &new_hashes) {
        let gone = tokens(&old_lines, gone, before.len());
        let added = tokens(&new_lines, added, after.len());
        let is_same = hashes(&before[gone.clone()]) == hashes(&after[added.clone()]);
        let is_large = gone.len().max(added.len()) > COMPARED;
        let (gone, added) = (shift(&gone, of_old.start), shift(&added, of_new.start));
        match () {
            () if is_same => {}
            () if is_large || added.is_empty() => found.push((gone, added)),
            () => add_hunks((old, gone), (new, added), found),
        }
    }
}

fn hashes(tokens: &[Hashed]) -> Vec<u64> {
    tokens.iter().map(|token| token.hash).collect()
}

/// Which tokens each line has.
fn by_line(tokens: &[Hashed]) -> Vec<Range<usize>> {
    let mut end = 0;
    let lines = tokens.chunk_by(|token, next| token.line == next.line);
    lines
        .map(|line| {
            end += line.len();
            end - line.len()..end
        })
        .collect()
}

fn changed_text_lines(old: &[u8], new: &[u8]) -> u64 {
    let split = |text: &[u8]| -> Vec<u64> { text.split(|byte| *byte == b'\n').map(hash).collect() };
    let (old, new) = (split(old), split(new));
    if old.len().max(new.len()) > COMPARED {
        return if old == new { 0 } else { old.len().max(new.len()) as u64 };
    }
    hunks(&old, &new).into_iter().map(|(removed, added)| removed.len().max(added.len()) as u64).sum()
}

/// The parts in which two sequences differ.
fn hunks(old: &[u64], new: &[u64]) -> Vec<(Range<usize>, Range<usize>)> {
    let mut input = imara_diff::InternedInput::default();
    input.update_before(old.iter().copied());
    input.update_after(new.iter().copied());
    let diff = imara_diff::Diff::compute(imara_diff::Algorithm::Histogram, &input);
    let range = |range: Range<u32>| range.start as usize..range.end as usize;
    diff.hunks().map(|hunk| (range(hunk.before), range(hunk.after))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_table_is_compared_by_lines_first() {
        let table = |changed: usize| {
            let row = |at: usize| if at == changed { "1, 2, 3, 4, 9,\n" } else { "1, 2, 3, 4, 5,\n" };
            let rows: String = (0..12_000).map(row).collect();
            format!("const A: [u8; 60_000] = [\n{rows}];\nfn a() {{ b() }}\n")
        };
        let (old, new) = (table(12_000), table(7));
        assert_eq!(changed_lines(old.as_bytes(), new.as_bytes(), &[]).1, 1);
        assert_eq!(changed_lines(old.as_bytes(), old.replace("b()", "c()").as_bytes(), &[]).1, 1);
        assert_eq!(
            changed_lines(old.as_bytes(), old.replace(",\n1", ", 1").as_bytes(), &[]),
            (Change::Reformatted, 0)
        );
    }
}
