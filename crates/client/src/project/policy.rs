//! `fence.toml`: text in, [`Policy`] or everything that is wrong with it out.
//!
//! A feed that is built in may be spoken of with only the keys in which it is to differ: the others are filled in. Then
//! two steps. The text is walked along `POLICY`, a table of all keys with what each takes, which finds every
//! unknown key, missing key and unreadable value with its place. Only a text without such problems is read by
//! [`Policy`]'s own `Deserialize`, and then asked for its [problems](Policy::problems), such as an exception that
//! runs too long. A test keeps the table equal to the type.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use fence_model::policy::{
    FeedRole, Policy, PolicyError, PublishTimes, RUSTSEC, Reach, RegistryTreatment, Scan, Severity, Trust,
};
use fence_model::words::text::floor_char_boundary;
use fence_model::{Code, CrateName, Digest, Effect, Level, Principal, ReviewerId, Span, Time};
use fence_trust::PublicKey;
use serde::Deserialize;
use serde::de::{self, IntoDeserializer};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::gather::RUSTSEC as RUSTSEC_GIT;

/// One thing that is wrong with a policy, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyProblem {
    /// Where.
    pub place: Place,
    /// What.
    pub fault: PolicyFault,
}

/// A stretch of a line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The first character of it that is meant, from 1.
    pub column: usize,
    /// How many characters are meant, at least 1.
    pub width: usize,
    /// The whole line.
    pub text: String,
}

/// What can be wrong with a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyFault {
    /// Not TOML.
    Syntax(String),
    /// A key that a policy does not have.
    UnknownKey {
        /// The key.
        key: String,
        /// The table it stands in, such as `[wait]`; empty at the top.
        table: String,
        /// A key that was probably meant.
        nearest: Option<&'static str>,
        /// All keys that the table has; empty where they are free, as in `[codes]`, whose keys are codes.
        known: Vec<&'static str>,
    },
    /// Keys that have to be there.
    MissingKeys {
        /// The keys.
        keys: Vec<&'static str>,
        /// The table they are missing from.
        table: String,
        /// How they are written.
        examples: Vec<&'static str>,
    },
    /// A value that does not read.
    Value {
        /// The key.
        key: String,
        /// Why.
        why: String,
    },
    /// It reads, and asks for something that cannot be.
    Rule(PolicyError),
}

impl fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(why) => write!(f, "not TOML: {why}"),
            Self::UnknownKey { key, table, known, .. } if known.is_empty() => {
                write!(f, "{table} names `{key}`, which is not a code")
            }
            Self::UnknownKey { key, table, .. } if table.is_empty() => write!(f, "unknown key `{key}`"),
            Self::UnknownKey { key, table, .. } => write!(f, "unknown key `{key}` in {table}"),
            Self::MissingKeys { keys, table, .. } => write!(f, "{table} lacks `{}`", keys.join("`, `")),
            Self::Value { key, why } => write!(f, "`{key}`: {why}"),
            Self::Rule(rule) => write!(f, "{rule}"),
        }
    }
}

impl PolicyFault {
    /// What to do about it, where that can be told.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownKey { nearest: Some(nearest), .. } => Some(format!("did you mean `{nearest}`?")),
            Self::UnknownKey { known, .. } if !known.is_empty() => {
                Some(format!("known keys are {}", known.join(", ")))
            }
            Self::MissingKeys { examples, .. } => Some(format!("write `{}`", examples.join("`, `"))),
            Self::Rule(PolicyError::NeedlessCode(name, version, _)) => {
                Some(format!("`cargo fence why {name}@{version}` tells what stands against it"))
            }
            Self::UnknownKey { .. } | Self::Syntax(_) | Self::Value { .. } | Self::Rule(_) => None,
        }
    }
}

/// Reads a policy, or says everything that is wrong with it, in the order of lines. `now` is needed because an
/// exception may not end too far ahead.
pub fn parse(text: &str, now: Time) -> Result<Policy, Vec<PolicyProblem>> {
    let (mut table, errors) = DeTable::parse_recoverable(text);
    fill_in(table.get_mut());
    let mut walk = Walk { text, problems: Vec::new() };
    // What a parser makes of text after its first error is a guess; complaints about a guess help nobody.
    match errors.first() {
        Some(error) => walk.say(error.span().unwrap_or(0..0), PolicyFault::Syntax(one_line(error.message()))),
        None => walk.table(table.get_ref(), POLICY, "", 0..0),
    }
    if walk.problems.is_empty() {
        match Policy::deserialize(toml::de::Deserializer::from(table.clone())) {
            Err(error) => {
                walk.say(error.span().unwrap_or(0..0), PolicyFault::Syntax(one_line(error.message())));
            }
            Ok(policy) => {
                for rule in policy.problems(now) {
                    walk.say(place_of(&rule, table.get_ref(), &policy), PolicyFault::Rule(rule));
                }
                if walk.problems.is_empty() {
                    return Ok(policy);
                }
            }
        }
    }
    walk.problems.sort_by(|a, b| a.place.cmp(&b.place));
    Err(walk.problems)
}

/// Writes into `[feeds.rustsec]`, where it is there, the role and the source that it does not give: so whoever only
/// switches that feed off, or reads it elsewhere, need not say again what it is.
fn fill_in(policy: &mut DeTable<'_>) {
    let feed = policy.get_mut("feeds").and_then(|feeds| table_mut(feeds)?.get_mut(RUSTSEC));
    let Some(feed) = feed.and_then(table_mut) else { return };
    let lacks_role = !feed.contains_key("role");
    let lacks_source = !["git", "archive", "file", "path"].iter().any(|source| feed.contains_key(*source));
    let given = [lacks_role.then_some(("role", "advisories")), lacks_source.then_some(("git", RUSTSEC_GIT))];
    for (key, value) in given.into_iter().flatten() {
        feed.insert(Spanned::new(0..0, key.into()), Spanned::new(0..0, DeValue::String(value.into())));
    }
}

fn table_mut<'v, 't>(value: &'v mut Spanned<DeValue<'t>>) -> Option<&'v mut DeTable<'t>> {
    match value.get_mut() {
        DeValue::Table(table) => Some(table),
        _ => None,
    }
}

/// One key of a table: its name, what it takes, and whether it has to be there.
struct Key {
    name: &'static str,
    takes: Takes,
    /// How the key is written, where it has to be there.
    required: Option<&'static str>,
}

/// What a key takes.
enum Takes {
    /// A value that this can read.
    Value(fn(Spanned<DeValue<'_>>) -> Result<(), toml::de::Error>),
    /// A table with these keys.
    Table(&'static [Key]),
    /// Tables with these keys, each under a name of its own.
    Named(&'static [Key]),
    /// An array of tables with these keys.
    List(&'static [Key]),
    /// Effects under codes.
    Codes,
}

const fn key(name: &'static str, takes: Takes) -> Key {
    Key { name, takes, required: None }
}

const fn must(name: &'static str, takes: Takes, example: &'static str) -> Key {
    Key { name, takes, required: Some(example) }
}

const fn value<T: for<'de> Deserialize<'de>>() -> Takes {
    Takes::Value(|value| T::deserialize(value.into_deserializer()).map(drop))
}

/// A length of time; a bare number is one without its unit.
const fn span() -> Takes {
    Takes::Value(|value| match value.get_ref() {
        DeValue::Integer(_) | DeValue::Float(_) => {
            Err(de::Error::custom("a length of time has a unit and stands in quotes, as \"7 days\""))
        }
        _ => Span::deserialize(value.into_deserializer()).map(drop),
    })
}

/// Public keys that can sign.
const fn keys() -> Takes {
    Takes::Value(|value| {
        let keys = Vec::<String>::deserialize(value.into_deserializer())?;
        keys.iter().try_for_each(|key| PublicKey::parse(key).map(drop)).map_err(de::Error::custom)
    })
}

const POLICY: &[Key] = &[
    key("level", value::<Level>()),
    key("levels", Takes::Table(LEVELS)),
    key("scan", value::<Scan>()),
    key("newer-unapproved", value::<Severity>()),
    key("vulnerable", value::<Severity>()),
    key("unsound", value::<Severity>()),
    key("unmaintained", value::<Severity>()),
    key("yanked", value::<Severity>()),
    key("criteria", value::<String>()),
    key("wait", Takes::Table(WAIT)),
    key("freshness", Takes::Table(FRESHNESS)),
    key("codes", Takes::Codes),
    key("security", Takes::Table(SECURITY)),
    key("feeds", Takes::Named(FEED)),
    key("registries", Takes::List(REGISTRY)),
    key("sources", Takes::List(SOURCE)),
    key("exceptions", Takes::List(EXCEPTION)),
];

const LEVELS: &[Key] =
    &[key("normal", value::<Level>()), key("build", value::<Level>()), key("dev", value::<Level>())];

const WAIT: &[Key] = &[
    key("base", span()),
    key("ceiling", span()),
    key("floor-audited-once", span()),
    key("floor-fix", span()),
    key("floor-known", span()),
    key("crate-tenure", span()),
    key("publisher-tenure", span()),
    key("silence", span()),
    key("after-silence", span()),
    key("publication-delay", span()),
];

const FRESHNESS: &[Key] = &[key("index", span()), key("feeds", span()), key("limit", span())];

const SECURITY: &[Key] = &[key("keys", keys()), key("threshold", value::<usize>())];

const FEED: &[Key] = &[
    must(
        "role",
        value::<FeedRole>(),
        "role = \"advisories\"`, `\"audits\"`, `\"crev\"`, `\"statements\"` or `\"dump\"",
    ),
    key("git", value::<String>()),
    key("archive", value::<String>()),
    key("file", value::<String>()),
    key("path", value::<String>()),
    key("criteria-map", value::<BTreeMap<String, Vec<String>>>()),
    key("trust", value::<BTreeMap<ReviewerId, Trust>>()),
    key("reach", value::<Reach>()),
    key("reviewers", value::<BTreeMap<Principal, Trust>>()),
    key("enrols", value::<bool>()),
    key("enabled", value::<bool>()),
];

const REGISTRY: &[Key] = &[
    must("index", value::<String>(), "index = \"…\""),
    must("treat", value::<RegistryTreatment>(), "treat = \"judged\""),
    key("publish-times", value::<PublishTimes>()),
];

const SOURCE: &[Key] =
    &[must("git", value::<String>(), "git = \"https://…\""), must("rev", value::<String>(), "rev = \"…\"")];

const EXCEPTION: &[Key] = &[
    must("crate", value::<CrateName>(), "crate = \"…\""),
    must("version", value::<semver::Version>(), "version = \"1.2.3\""),
    must("digest", value::<Digest>(), "digest = \"<checksum in Cargo.lock>\""),
    must("codes", value::<Vec<Code>>(), "codes = [\"young\"]"),
    must("because", value::<String>(), "because = \"…\""),
    must("until", value::<Time>(), "until = \"2026-12-01\""),
];

struct Walk<'t> {
    text: &'t str,
    problems: Vec<PolicyProblem>,
}

impl Walk<'_> {
    fn say(&mut self, span: Range<usize>, fault: PolicyFault) {
        self.problems.push(PolicyProblem { place: place(self.text, span), fault });
    }

    /// `name` is the table as people call it, `span` where it begins.
    fn table(&mut self, table: &DeTable<'_>, keys: &'static [Key], name: &str, span: Range<usize>) {
        for (found, value) in table {
            let word = found.get_ref().as_ref();
            match keys.iter().find(|key| key.name == word) {
                Some(key) => self.value(word, &key.takes, value, name),
                None => {
                    let known: Vec<_> = keys.iter().map(|key| key.name).collect();
                    let nearest = nearest(word, &known);
                    let (key, table) = (word.to_owned(), name.to_owned());
                    self.say(found.span(), PolicyFault::UnknownKey { key, table, nearest, known });
                }
            }
        }
        let missing = keys.iter().filter_map(|key| Some((key.name, key.required?)));
        let (missing, examples): (Vec<_>, Vec<_>) =
            missing.filter(|(key, _)| !table.contains_key(*key)).unzip();
        if !missing.is_empty() {
            self.say(span, PolicyFault::MissingKeys { keys: missing, table: name.to_owned(), examples });
        }
    }

    fn value(&mut self, word: &str, takes: &Takes, value: &Spanned<DeValue<'_>>, table: &str) {
        match (takes, value.get_ref()) {
            (Takes::Value(read), _) => self.read(word, *read, value),
            (Takes::Table(keys), DeValue::Table(inner)) => {
                self.table(inner, keys, &format!("[{word}]"), value.span());
            }
            (Takes::Named(keys), DeValue::Table(inner)) => {
                for (name, value) in inner {
                    let path = format!("[{word}.{}]", name.get_ref());
                    match value.get_ref() {
                        DeValue::Table(inner) => self.table(inner, keys, &path, name.span()),
                        other => self.mistaken(name.get_ref(), "a table", other, value.span()),
                    }
                }
            }
            (Takes::List(keys), DeValue::Array(items)) => {
                for item in items.iter() {
                    match item.get_ref() {
                        DeValue::Table(inner) => {
                            self.table(inner, keys, &described(word, inner), item.span());
                        }
                        other => self.mistaken(word, "tables", other, item.span()),
                    }
                }
            }
            (Takes::Codes, DeValue::Table(inner)) => {
                for (code, effect) in inner {
                    let word = code.get_ref().as_ref();
                    if word.parse::<Code>().is_err() {
                        let codes: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
                        let fault = PolicyFault::UnknownKey {
                            key: word.to_owned(),
                            table: "[codes]".to_owned(),
                            nearest: nearest(word, &codes),
                            known: Vec::new(),
                        };
                        self.say(code.span(), fault);
                    }
                    self.read(word, |value| Effect::deserialize(value.into_deserializer()).map(drop), effect);
                }
            }
            (Takes::List(_), other) => {
                let wanted = format!("tables that begin with `[[{word}]]`");
                self.mistaken(word, &wanted, other, value.span());
            }
            (Takes::Table(_) | Takes::Named(_) | Takes::Codes, other) => {
                debug_assert!(table.is_empty(), "tables stand at the top");
                self.mistaken(word, "a table", other, value.span());
            }
        }
    }

    fn read(
        &mut self,
        word: &str,
        read: fn(Spanned<DeValue<'_>>) -> Result<(), toml::de::Error>,
        value: &Spanned<DeValue<'_>>,
    ) {
        if let DeValue::Datetime(_) = value.get_ref() {
            let why = "a time is written in quotes, as \"2026-12-01\"".to_owned();
            return self.say(value.span(), PolicyFault::Value { key: word.to_owned(), why });
        }
        if let Err(error) = read(value.clone()) {
            let span = error.span().filter(|span| !span.is_empty()).unwrap_or(value.span());
            let why = one_line(error.message());
            self.say(span, PolicyFault::Value { key: word.to_owned(), why });
        }
    }

    fn mistaken(&mut self, word: &str, wanted: &str, found: &DeValue<'_>, span: Range<usize>) {
        let why = format!(
            "{wanted} belong{} here, not {}",
            if wanted.starts_with("a ") { "s" } else { "" },
            kind(found)
        );
        self.say(span, PolicyFault::Value { key: word.to_owned(), why });
    }
}

/// An entry of a list in words that let people find it: `the exception for serde 1.0.0`.
fn described(list: &str, entry: &DeTable<'_>) -> String {
    let text = |key: &str| entry.get(key).and_then(|value| value.get_ref().as_str());
    match (list, text("crate"), text("version")) {
        ("exceptions", Some(name), Some(version)) => format!("the exception for {name} {version}"),
        ("exceptions", Some(name), None) => format!("the exception for {name}"),
        _ => format!("[[{list}]]"),
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}

/// Where a rule is broken: the key, feed or exception that breaks it.
fn place_of(rule: &PolicyError, table: &DeTable<'_>, policy: &Policy) -> Range<usize> {
    let inner = |name: &str| table.get(name).and_then(|value| value.get_ref().as_table());
    let key = |table: Option<&DeTable<'_>>, word: &str| {
        table.and_then(|table| table.iter().find(|(key, _)| key.get_ref() == word)).map(|(key, _)| key.span())
    };
    let exception = |name: &CrateName, version: &semver::Version, key: &str| {
        let index = policy.exceptions.iter().position(|e| e.name == *name && e.version == *version)?;
        let entry = table.get("exceptions")?.get_ref().as_array()?.get(index)?;
        Some(entry.get_ref().as_table()?.get(key)?.span())
    };
    let found = match rule {
        PolicyError::FixedCode(code) | PolicyError::MilderCode { code, .. } => {
            key(inner("codes"), code.as_str())
        }
        PolicyError::FeedSource(name)
        | PolicyError::FeedName(name)
        | PolicyError::FeedShape(name)
        | PolicyError::FeedElsewhere(name)
        | PolicyError::TrustsNobody(name) => key(inner("feeds"), name),
        PolicyError::FeedRole(name) => {
            key(inner("feeds").and_then(|feeds| feeds.get(name.as_str())?.get_ref().as_table()), "role")
        }
        PolicyError::FeedKey { feed, key: word, .. } => {
            key(inner("feeds").and_then(|feeds| feeds.get(feed.as_str())?.get_ref().as_table()), word)
        }
        PolicyError::NoReason(name, version) => exception(name, version, "because"),
        PolicyError::NoCodes(name, version) | PolicyError::NeedlessCode(name, version, _) => {
            exception(name, version, "codes")
        }
        PolicyError::TooLong(name, version, _) => exception(name, version, "until"),
        PolicyError::Wait(_) => key(Some(table), "wait"),
        PolicyError::Threshold { .. } => key(Some(table), "security"),
        PolicyError::SameKey(_) => key(inner("security"), "keys"),
    };
    found.unwrap_or(0..0)
}

/// The line of `span`, and which part of it is meant. What runs over several lines is shown by its first.
fn place(text: &str, span: Range<usize>) -> Place {
    let start = floor_char_boundary(text, span.start);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let end = floor_char_boundary(text, span.end).clamp(start, line_end);
    Place {
        line: text[..start].matches('\n').count() + 1,
        column: text[line_start..start].chars().count() + 1,
        width: text[start..end].chars().count().max(1),
        text: text[line_start..line_end].trim_end_matches('\r').to_owned(),
    }
}

fn one_line(message: &str) -> String {
    message.lines().map(str::trim).collect::<Vec<_>>().join(", ")
}

/// The known word that `word` most probably stands for: at most a third of it mistyped.
pub fn nearest(word: &str, known: &[&'static str]) -> Option<&'static str> {
    let close = |candidate: &&'static str| {
        let distance = distance(word, candidate);
        (distance <= candidate.len() / 3).then_some((distance, *candidate))
    };
    known.iter().filter_map(close).min().map(|(_, candidate)| candidate)
}

/// How many insertions, deletions, replacements and swaps of neighbours lead from `a` to `b`; for more than 64
/// characters, too many.
fn distance(a: &str, b: &str) -> usize {
    if a.len() > 64 {
        return usize::MAX;
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let best = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                let is_swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                if is_swap { best.min(rows[i - 2][j - 2] + 1) } else { best }
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use fence_model::policy::FeedSource;

    use super::*;

    fn now() -> Time {
        "2026-08-20T12:00:00Z".parse().unwrap()
    }

    /// A policy that has every key.
    const EVERY_KEY: &str = r#"
level = "high"
scan = "off"
newer-unapproved = "error"
vulnerable = "error"
unsound = "allow"
unmaintained = "allow"
yanked = "warn"
criteria = "safe-to-run"

[levels]
normal = "medium"
build = "high"
dev = "low"

[wait]
base = "2 days"
ceiling = "20 days"
floor-audited-once = "1 hour"
floor-fix = "1 day"
floor-known = "2 days"
crate-tenure = "60 days"
silence = "300 days"
after-silence = "20 days"
publication-delay = "2 hours"

[freshness]
index = "1 hour"
feeds = "1 day"
limit = "14 days"

[codes]
dormant = "review"

[feeds.ours]
role = "audits"
git = "https://git.example/audits"
enabled = true
criteria-map = { ours = ["safe-to-deploy"] }

[feeds.a]
role = "audits"
archive = "a.tar.zst"

[feeds.b]
role = "audits"
file = "audits.toml"

[feeds.rustsec]
role = "advisories"
path = "db"
enabled = false

[feeds.crev]
role = "crev"
git = "https://git.example/crev-proofs"
trust = { FYlr8YoYGVvDwHQxqEIs89reKKDy-oWisoO0qXXEfHE = "medium" }
reach = "high"

[feeds.team]
role = "statements"
path = "fence"
reviewers = { "ann@example.org" = "high" }
enrols = true

[security]
keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICohEP2yj4a5x/E4DmmzndOxI8RtWqPxc4yGIAfjOk+u"]
threshold = 1

[[registries]]
index = "sparse+https://registry.example/"
treat = "judged"
publish-times = "trusted"

[[sources]]
git = "https://git.example/x"
rev = "0123456789012345678901234567890123456789"

[[exceptions]]
crate = "serde"
version = "1.0.229"
digest = "a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2"
codes = ["young"]
because = "read by two of us"
until = "2026-09-30"
"#;

    #[test]
    fn the_table_of_keys_is_that_of_the_type() {
        let policy = parse(EVERY_KEY, now()).unwrap();
        let written: toml::Table = toml::from_str(&toml::to_string(&policy).unwrap()).unwrap();
        same_keys(&written, POLICY);
    }

    /// Every key that `table` has is in `keys`, and the other way round.
    fn same_keys(table: &toml::Table, keys: &'static [Key]) {
        let mut names: Vec<_> = keys.iter().map(|key| key.name.to_owned()).collect();
        names.sort();
        let mut found: Vec<_> = table.keys().cloned().collect();
        found.sort();
        assert_eq!(found, names);
        for key in keys {
            match (&key.takes, &table[key.name]) {
                (Takes::Table(keys), toml::Value::Table(inner)) => same_keys(inner, keys),
                (Takes::List(keys), toml::Value::Array(list)) => same_keys(list[0].as_table().unwrap(), keys),
                (Takes::Named(keys), toml::Value::Table(tables)) => {
                    // No single feed may have all keys, and `enabled` is written only where it is off.
                    let mut all = toml::Table::new();
                    tables.values().for_each(|table| all.extend(table.as_table().unwrap().clone()));
                    same_keys(&all, keys);
                }
                (Takes::Value(_) | Takes::Codes, _) => {}
                (_, other) => panic!("{} is {other}", key.name),
            }
        }
    }

    #[test]
    fn the_empty_policy_is_the_default_one() {
        assert_eq!(parse("", now()).unwrap(), Policy::default());
    }

    /// Everything that is wrong with `text`: place, fault, hint.
    fn problems(text: &str) -> String {
        let problems = parse(text, now()).unwrap_err();
        let shown = problems.iter().map(|PolicyProblem { place, fault }| {
            let Place { line, column, width, .. } = place;
            let hint = fault.hint().map(|hint| format!("\n    {hint}")).unwrap_or_default();
            format!("{line}:{column}+{width} {fault}{hint}\n")
        });
        shown.collect()
    }

    /// What is built in need not be said again: one key that differs is enough, and the feed keeps its role.
    #[test]
    fn the_built_in_feed_is_changed_by_the_keys_in_which_it_differs() {
        let feed = |keys: &str| {
            let policy = parse(&format!("[feeds.rustsec]\n{keys}\n"), now()).unwrap();
            policy.feeds["rustsec"].clone()
        };
        let built_in =
            FeedSource { git: Some(RUSTSEC_GIT.to_owned()), ..FeedSource::of(FeedRole::Advisories) };
        assert_eq!(feed(""), built_in);
        assert_eq!(feed("enabled = false"), FeedSource { enabled: false, ..built_in.clone() });
        let elsewhere = FeedSource { git: None, ..built_in };
        let place = || Some("db".to_owned());
        assert_eq!(feed("archive = \"db\""), FeedSource { archive: place(), ..elsewhere.clone() });
        assert_eq!(feed("path = \"db\""), FeedSource { path: place(), ..elsewhere });
        insta::assert_snapshot!(
            problems("[feeds.other]\nenabled = false\n"),
            @r#"
            1:8+5 [feeds.other] lacks `role`
                write `role = "advisories"`, `"audits"`, `"crev"`, `"statements"` or `"dump"`
            "#
        );
        insta::assert_snapshot!(
            problems("[feeds.rustsec]\nrole = \"audits\"\npath = \"db\"\n"),
            @"2:1+4 [feeds.rustsec] is the feed of advisories, and has no other role than `advisories`; call a feed in another role by another name"
        );
    }

    #[test]
    fn all_problems_are_told_at_once() {
        insta::assert_snapshot!(problems(
            r#"levle = "low"
newer-unaproved = "warn"
frobnicate = 1
level = "lowest"
vulnerable = true
wait = "7 days"
exceptions = "none"

[freshness]
index = "10"
feeds = 6

[codes]
dormnt = "review"
dormant = "milder"

[feeds]
rustsec = "off"

[feeds.mozilla]
url = "https://git.example/audits.toml"

[feeds.crev]
role = "crev"
path = "x"
trust = { FYlr8YoY = "medium", FYlr8YoYGVvDwHQxqEIs89reKKDy-oWisoO0qXXEfHE = "full" }
reach = "machine"
"#), @r#"
1:1+5 unknown key `levle`
    did you mean `level`?
2:1+15 unknown key `newer-unaproved`
    did you mean `newer-unapproved`?
3:1+10 unknown key `frobnicate`
    known keys are level, levels, scan, newer-unapproved, vulnerable, unsound, unmaintained, yanked, criteria, wait, freshness, codes, security, feeds, registries, sources, exceptions
4:9+8 `level`: unknown variant `lowest`, expected one of `low`, `medium`, `high`
5:14+4 `vulnerable`: wanted string or table
6:8+8 `wait`: a table belongs here, not a string
7:14+6 `exceptions`: tables that begin with `[[exceptions]]` belong here, not a string
10:9+4 `index`: "10" is not a length of time: write a whole number and a unit, such as "7 days" or "12 hours"
11:9+1 `feeds`: a length of time has a unit and stands in quotes, as "7 days"
14:1+6 [codes] names `dormnt`, which is not a code
    did you mean `dormant`?
15:11+8 `dormant`: unknown variant `milder`, expected one of `favour`, `note`, `warn`, `double`, `ceiling`, `hold`, `review`, `block`
18:11+5 `rustsec`: a table belongs here, not a string
20:8+7 [feeds.mozilla] lacks `role`
    write `role = "advisories"`, `"audits"`, `"crev"`, `"statements"` or `"dump"`
21:1+3 unknown key `url` in [feeds.mozilla]
    known keys are role, git, archive, file, path, criteria-map, trust, reach, reviewers, enrols, enabled
26:11+8 `trust`: "FYlr8YoY" is not a crev id: 43 letters, digits, `-` and `_`, which stand for 32 bytes
27:9+9 `reach`: unknown variant `machine`, expected one of `low`, `medium`, `high`
"#);
    }

    #[test]
    fn an_exception_needs_digest_codes_reason_and_end() {
        insta::assert_snapshot!(problems(
            r#"[[exceptions]]
crate = "serde"
version = "1.0.229"

[[exceptions]]
crate = "-x"
version = "1.0"
digest = "a2"
codes = ["yuong"]
because = 1
until = 2026-09-30
"#), @r#"
        1:1+14 the exception for serde 1.0.229 lacks `digest`, `codes`, `because`, `until`
            write `digest = "<checksum in Cargo.lock>"`, `codes = ["young"]`, `because = "…"`, `until = "2026-12-01"`
        6:9+4 `crate`: "-x" is not a crate name: letters, digits, `-` and `_`, at most 64, not starting with `-`
        7:11+5 `version`: unexpected end of input while parsing minor version number
        8:10+4 `digest`: not a SHA-256 digest: 64 lower-case hexadecimal digits are expected
        9:9+9 `codes`: "yuong" is not a code
        10:11+1 `because`: invalid type: integer `1`, expected a string
        11:9+10 `until`: a time is written in quotes, as "2026-12-01"
        "#);
    }

    #[test]
    fn what_reads_and_cannot_be_is_told_with_its_place() {
        insta::assert_snapshot!(problems(
            r#"[wait]
base = "40 days"

[codes]
malicious = "note"
young-dependency = "note"

[feeds.both]
role = "audits"
git = "https://git.example/x"
path = "x"

[feeds.index]
role = "advisories"
file = "x.toml"

[feeds.nobody]
role = "crev"
file = "x.proof.crev"

[feeds.mixed]
role = "audits"
path = "x"
trust = { FYlr8YoYGVvDwHQxqEIs89reKKDy-oWisoO0qXXEfHE = "machine" }
reach = "low"

[feeds.other]
role = "crev"
path = "x"
trust = { FYlr8YoYGVvDwHQxqEIs89reKKDy-oWisoO0qXXEfHE = "low" }
criteria-map = { ours = ["safe-to-deploy"] }

[[exceptions]]
crate = "serde"
version = "1.0.229"
digest = "a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2"
codes = []
because = " "
until = "2027-09-30"

[[exceptions]]
crate = "syn"
version = "2.0.0"
digest = "a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2"
codes = ["young", "audited"]
because = "we read it"
until = "2026-09-30"
"#), @r#"
1:2+4 [wait] `base` lies beyond `ceiling`
5:1+9 [codes] cannot change `malicious`: only codes against a release can be made stronger; use an exception for a single release
6:1+16 [codes] makes `young-dependency` milder (note) than the level has it (review); choose a lower level, or an exception for a single release
8:8+4 [feeds.both] needs exactly one of `git`, `archive`, `file` and `path`
13:8+5 [feeds.index]: a feed's name is letters, digits and `-`, and not `index`
13:8+5 [feeds.index]: advisories, crev proofs and statements come as `git`, `archive` or `path`, not as a single `file`
17:8+6 [feeds.nobody]: advisories, crev proofs and statements come as `git`, `archive` or `path`, not as a single `file`
17:8+6 [feeds.nobody] trusts nobody: name ids with `trust = { "<id>" = "medium" }`
24:1+5 [feeds.mixed] has `trust`, which only feeds in the role `crev` take
25:1+5 [feeds.mixed] has `reach`, which only feeds in the role `crev` take
31:1+12 [feeds.other] has `criteria-map`, which only feeds in the role `audits` take
37:9+2 the exception for serde 1.0.229 names no code: write `codes = ["…"]`
38:11+3 the exception for serde 1.0.229 gives no reason: write `because = "…"`
39:9+12 the exception for serde 1.0.229 runs until 2027-09-30, but at most 180 days are allowed from today
45:9+20 the exception for syn 2.0.0 names `audited`, which speaks for a release: name codes that stand against it
    `cargo fence why syn@2.0.0` tells what stands against it
"#);
    }

    #[test]
    fn what_is_not_toml_says_where() {
        insta::assert_snapshot!(problems("level = \"low\"\nwait = [\n\n[freshness\nx = naïve\n"), @"5:1+1 not TOML: missing comma between array elements, expected `,`");
    }
}
