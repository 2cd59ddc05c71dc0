//! The lockfile as a CycloneDX 1.6 document, with what was decided as properties.
//!
//! Everything in it comes from the lockfile, the judgement and the moment that was judged at, the serial number too:
//! it is a digest of the rest. So the same check gives the same document, byte for byte.
//!
//! Properties have names that begin with `cargo-fence:`; docs/export.md lists them. Of vulnerabilities the fence
//! knows who says what of which release, and not whether the project can be attacked through it: so there is an
//! analysis only where an exception in the policy gives a reason, it says no more than that somebody looks at it
//! (`in_triage`), and `not_affected`, which others would rely on, is never claimed.

use std::collections::{BTreeMap, BTreeSet};

use fence_client::cache::ContentDigest;
use fence_model::decision::{Because, Decision, Reason};
use fence_model::facts::AdvisoryKind;
use fence_model::project::{AdmittedFix, Judged};
use fence_model::{Code, words};
use fence_registry::lockfile::{Package, Source};
use serde::Serialize;

use super::Checked;

/// The document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bom {
    bom_format: &'static str,
    spec_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial_number: Option<String>,
    version: u32,
    metadata: Metadata,
    components: Vec<Component>,
    dependencies: Vec<Dependency>,
    vulnerabilities: Vec<Vulnerability>,
}

#[derive(Serialize)]
struct Metadata {
    timestamp: String,
    tools: Tools,
    #[serde(skip_serializing_if = "Option::is_none")]
    component: Option<Component>,
    properties: Vec<Property>,
}

#[derive(Serialize)]
struct Tools {
    components: [Tool; 1],
}

#[derive(Serialize)]
struct Tool {
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Component {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "bom-ref")]
    reference: String,
    name: String,
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<Property>,
}

#[derive(Serialize)]
struct Hash {
    alg: &'static str,
    content: String,
}

#[derive(Serialize)]
struct Property {
    name: String,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dependency {
    #[serde(rename = "ref")]
    reference: String,
    depends_on: BTreeSet<String>,
}

#[derive(Serialize)]
struct Vulnerability {
    #[serde(rename = "bom-ref")]
    reference: String,
    id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    references: Vec<Reference>,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    recommendation: Option<String>,
    published: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    analysis: Option<Analysis>,
    affects: [Affected; 1],
    properties: Vec<Property>,
}

/// The same in another database.
#[derive(Serialize)]
struct Reference {
    id: String,
    source: Database,
}

#[derive(Serialize)]
struct Database {
    name: String,
}

#[derive(Serialize)]
struct Analysis {
    state: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    response: &'static [&'static str],
    detail: String,
}

#[derive(Serialize)]
struct Affected {
    #[serde(rename = "ref")]
    reference: String,
}

/// What a check comes to, as a document.
pub(crate) fn document(checked: &Checked<'_>) -> String {
    let packages = &checked.lockfile.packages;
    let references = references(packages);
    let mut components: Vec<Component> = packages
        .iter()
        .zip(&references)
        .zip(&checked.report.packages)
        .map(|((package, reference), judged)| component(package, reference, judged))
        .collect();
    let dependencies = packages.iter().zip(&references).map(|(package, reference)| Dependency {
        reference: reference.clone(),
        depends_on: package.dependencies.iter().map(|&at| references[at].clone()).collect(),
    });
    let vulnerabilities = references
        .iter()
        .zip(&checked.report.packages)
        .filter_map(|(reference, judged)| match judged {
            Judged::Decided(decision) => Some((reference, &**decision)),
            _ => None,
        })
        .flat_map(|(reference, decision)| vulnerabilities(checked, reference, decision));
    // A project of one package is what the document is about; of a workspace all are components.
    let own: Vec<usize> = (0..packages.len()).filter(|&at| packages[at].source == Source::Path).collect();
    let mut bom = Bom {
        bom_format: "CycloneDX",
        spec_version: "1.6",
        serial_number: None,
        version: 1,
        dependencies: dependencies.collect(),
        vulnerabilities: vulnerabilities.collect(),
        metadata: Metadata {
            timestamp: checked.now.to_string(),
            tools: Tools {
                components: [Tool {
                    kind: "application",
                    name: env!("CARGO_PKG_NAME"),
                    version: env!("CARGO_PKG_VERSION"),
                }],
            },
            component: match own.as_slice() {
                [one] => Some(components.remove(*one)),
                _ => None,
            },
            properties: about_the_check(checked),
        },
        components,
    };
    bom.serial_number = Some(format!("urn:uuid:{}", uuid_of(&print(&bom))));
    print(&bom)
}

fn print(bom: &Bom) -> String {
    // Strings, numbers and lists of them: there is nothing that JSON cannot say.
    serde_json::to_string_pretty(bom).unwrap_or_default() + "\n"
}

/// A UUID of the kind that anybody may fill (version 8 of RFC 9562), filled with a digest of `text`.
fn uuid_of(text: &str) -> String {
    let ContentDigest(digest) = ContentDigest::of(text.as_bytes());
    let digest = u128::from_be_bytes(std::array::from_fn(|at| digest[at]));
    let uuid = (digest & !(0xf << 76) & !(0b11 << 62)) | (8 << 76) | (0b10 << 62);
    let digits = format!("{uuid:032x}");
    format!("{}-{}-{}-{}-{}", &digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..])
}

fn property(name: &str, value: impl ToString) -> Property {
    Property { name: format!("cargo-fence:{name}"), value: value.to_string() }
}

fn about_the_check(checked: &Checked<'_>) -> Vec<Property> {
    let feeds = checked.ages.iter().map(|age| {
        let as_of = age.as_of.map_or_else(|| "never".to_owned(), |time| time.to_string());
        property(&format!("feed:{}", age.name), format!("{}, as of {as_of}", age.state.as_str()))
    });
    std::iter::once(property("level", &checked.levels)).chain(feeds).collect()
}

fn component(package: &Package, reference: &str, judged: &Judged) -> Component {
    let hashes = package.checksum.map(|digest| Hash { alg: "SHA-256", content: digest.to_string() });
    Component {
        kind: if package.source == Source::Path { "application" } else { "library" },
        reference: reference.to_owned(),
        name: package.name.to_string(),
        version: package.version.to_string(),
        purl: purl(package),
        hashes: hashes.into_iter().collect(),
        properties: match judged {
            Judged::Decided(decision) => about_the_release(decision),
            Judged::Unjudged { reason, verdict } => {
                vec![property("verdict", verdict.as_str()), because(reason)]
            }
            Judged::Aside => vec![property("verdict", "not judged")],
            Judged::Own => Vec::new(),
        },
    }
}

fn about_the_release(decision: &Decision) -> Vec<Property> {
    let mut properties = vec![
        property("verdict", decision.verdict.as_str()),
        property("level", decision.level),
        property(
            "attained",
            decision.attained.level.map_or_else(|| "none".to_owned(), |level| level.to_string()),
        ),
    ];
    let unknown = decision.attained.unknown.iter().map(|unknown| property("unknown", unknown.as_str()));
    properties.extend(unknown);
    properties.extend(decision.grounds.map(|grounds| property("grounds", grounds.as_str())));
    properties.extend(decision.reasons.iter().filter(|reason| reason.stands).map(because));
    properties
}

/// `cargo-fence:reason:CODE`, and the sentence.
fn because(reason: &Reason) -> Property {
    property(&format!("reason:{}", reason.code), words::sentence(reason))
}

/// What is told of one release, an entry each: what an exception says of it is about this release alone.
fn vulnerabilities(checked: &Checked<'_>, reference: &str, decision: &Decision) -> Vec<Vulnerability> {
    let fix = checked.report.fixes.iter().find(|fix| fix.in_use == decision.release);
    let mut by_id: BTreeMap<&str, Vulnerability> = BTreeMap::new();
    for reason in &decision.reasons {
        let Because::Advisory { id, also, kind, title, known, .. } = &reason.because else { continue };
        // That one fixes what an advisory says of its base is no word against it.
        if reason.code == Code::FixesAdvisory {
            continue;
        }
        let fix = fix.filter(|fix| fix.advisories.contains(id));
        by_id.entry(id).or_insert_with(|| Vulnerability {
            reference: format!("{id}:{reference}"),
            id: id.clone(),
            references: also.iter().map(|id| Reference { id: id.clone(), source: database(id) }).collect(),
            description: title.clone(),
            recommendation: fix.map(|AdmittedFix { in_use, fix, .. }| {
                format!("update {} to {fix}, which is admitted", in_use.name)
            }),
            published: known.to_string(),
            analysis: analysis(decision, reason, fix),
            affects: [Affected { reference: reference.to_owned() }],
            properties: vec![property("advisory", word(*kind))],
        });
    }
    by_id.into_values().collect()
}

/// What an exception that names this code says.
fn analysis(decision: &Decision, reason: &Reason, fix: Option<&AdmittedFix>) -> Option<Analysis> {
    let excused = decision.reasons.iter().find_map(|other| match &other.because {
        Because::Excused { because, until, codes } if codes.contains(&reason.code) => Some((because, until)),
        _ => None,
    });
    excused.map(|(because, until)| Analysis {
        state: "in_triage",
        response: if fix.is_some() { &["update"] } else { &[] },
        detail: format!("excepted until {until}: {because}"),
    })
}

/// Whose id it is, by what it begins with.
fn database(id: &str) -> Database {
    Database { name: id.split('-').next().unwrap_or_default().to_owned() }
}

fn word(kind: AdvisoryKind) -> &'static str {
    match kind {
        AdvisoryKind::Malicious => "malicious",
        AdvisoryKind::Vulnerability => "vulnerability",
        AdvisoryKind::Unsound => "unsound",
        AdvisoryKind::Unmaintained => "unmaintained",
        AdvisoryKind::Notice => "notice",
    }
}

/// What the document calls each package: its package address, or for the project's own, which have none, their name.
/// Where two have one address, as when a commit is locked by a branch and by a tag, the later ones have a number.
fn references(packages: &[Package]) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let reference = |package: &Package| {
        let own = || format!("own:{}@{}", package.name, package.version);
        let address = purl(package).unwrap_or_else(own);
        let count = seen.entry(address.clone()).or_default();
        *count += 1;
        match *count {
            1 => address,
            // No address has this sign in it.
            number => format!("{address}#{number}"),
        }
    };
    packages.iter().map(reference).collect()
}

/// A package address (purl). A bare one is a release of crates.io; the project's own packages have none.
fn purl(package: &Package) -> Option<String> {
    let qualifier = match &package.source {
        Source::Path => return None,
        Source::CratesIo => String::new(),
        Source::Registry { url, .. } => format!("?repository_url={}", escaped(url)),
        Source::Git { url, revision, .. } => {
            let revision = revision.as_deref().map(|revision| format!("@{revision}")).unwrap_or_default();
            format!("?vcs_url={}", escaped(&format!("git+{url}{revision}")))
        }
        Source::Unknown { id } => format!("?repository_url={}", escaped(id)),
    };
    Some(format!("pkg:cargo/{}@{}{qualifier}", escaped(&package.name), escaped(&package.version.to_string())))
}

/// What an address may hold as it is; the rest in hexadecimal digits.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' | b'/' => {
                escaped.push(byte.into());
            }
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}
