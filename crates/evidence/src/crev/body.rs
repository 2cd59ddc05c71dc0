//! What a proof's body says: mappings and lists in, [`Content`] out, with the line of what is wrong.
//!
//! A key that is not known here may give a review another meaning, so a body that has one is refused. Keys that can
//! make no difference — comments, alternatives, revisions — are known and passed over.

use fence_model::{ReviewerId, Time};

use super::armour::Armoured;
use super::yaml::{Node, Value};
use super::{
    Author, Content, Grade, Opinion, PackageReview, Proof, Rating, Reader, RecursiveDigest, Registry,
    ReviewedPackage, Trust, TrustProof, from_base64,
};
use crate::error::{Error, excerpt};

type Fault = (u32, Error);

/// Keys of every proof.
const COMMON: [&str; 6] = ["kind", "version", "date", "from", "original", "comment"];
/// The format that is understood: crev has had no other.
const VERSION: &str = "-1";

/// Whose the proof says that it is.
pub(super) fn author(body: &Node<'_>) -> Result<Author, Fault> {
    of_author(Fields::of(body, "a proof")?.required("from")?)
}

/// What the proof is about, to name it in messages.
pub(super) fn about(body: &Node<'_>) -> Option<Box<str>> {
    let package = Fields::of(Fields::of(body, "a proof").ok()?.get("package")?, "package").ok()?;
    let (name, version) = (package.text("name").ok()??, package.text("version").ok()??);
    Some(excerpt(&format!("{name} {version}")))
}

/// The proof with this body, whose signature holds.
pub(super) fn read(body: &Node<'_>, from: Author, proof: &Armoured<'_>) -> Result<Proof, Fault> {
    let fields = Fields::of(body, "a proof")?;
    let version = fields.required_text("version")?;
    if version != VERSION {
        return Err(fields.fault("version", Error::ProofVersion { version: excerpt(version) }));
    }
    let date = fields.required_text("date")?;
    let date: Time = date.parse().map_err(|_| fields.fault("date", Error::Moment { text: excerpt(date) }))?;
    let kind = match (fields.text("kind")?, proof.legacy_kind) {
        (Some(kind), None) => kind.to_owned(),
        (None, Some(kind)) => kind.to_ascii_lowercase(),
        (None, None) => return Err((body.line, Error::Missing("kind"))),
        (Some(kind), Some(_)) => {
            return Err(fields.fault("kind", Error::ProofKind { kind: excerpt(kind) }));
        }
    };
    let content = match kind.as_str() {
        "package review" => Content::Review(Box::new(review(&fields)?)),
        "trust" => Content::Trust(trust(&fields)?),
        "code review" => Content::CodeReview,
        _ => return Err(fields.fault("kind", Error::ProofKind { kind: excerpt(&kind) })),
    };
    Ok(Proof { line: proof.line, from, date, content })
}

fn review(fields: &Fields<'_, '_>) -> Result<PackageReview, Fault> {
    const KEYS: [&str; 9] = [
        "package",
        "package-diff-base",
        "review",
        "issues",
        "advisories",
        // Of 2018 and 2019: that earlier releases had a fault, without an id.
        "advisory",
        "flags",
        "alternatives",
        "override",
    ];
    const MACHINE: &str = "llm-agent";
    fields.only(&[&COMMON, &KEYS, &[MACHINE]])?;
    let package = package(fields.required("package")?)?;
    let diff_base = fields.get("package-diff-base").map(self::package).transpose()?;
    if diff_base.as_ref().is_some_and(|base| (base.source, &base.name) != (package.source, &package.name)) {
        return Err(fields.fault("package-diff-base", Error::DiffBase));
    }
    let advisories = fields.list("advisories")?;
    Ok(PackageReview {
        package,
        diff_base,
        opinion: fields.get("review").map(opinion).transpose()?,
        issues: fields.list("issues")?.iter().map(issue).collect::<Result<_, _>>()?,
        advisories: advisories.iter().map(advisory).collect::<Result<Vec<_>, _>>()?.concat(),
        reader: if fields.get(MACHINE).is_some() { Reader::Machine } else { Reader::Person },
    })
}

fn package(node: &Node<'_>) -> Result<ReviewedPackage, Fault> {
    let fields = Fields::of(node, "package")?;
    fields.only(&[&["source", "name", "version", "revision", "revision-type", "digest", "digest-type"]])?;
    let (name, version) = (fields.required_text("name")?, fields.required_text("version")?);
    let (digest, source) = (fields.required_text("digest")?, fields.required_text("source")?);
    if fields.text("digest-type")?.is_some_and(|kind| kind != "blake2b") {
        return Err(fields.fault("digest-type", Error::ContentDigest { text: excerpt(digest) }));
    }
    let host = source.strip_prefix("https://").map(|address| address.trim_end_matches('/'));
    Ok(ReviewedPackage {
        source: if host == Some("crates.io") { Registry::CratesIo } else { Registry::Other },
        name: name
            .parse()
            .map_err(|error: fence_model::names::NameError| fields.fault("name", error.into()))?,
        version: version.parse().map_err(|error: semver::Error| {
            let cause = error.to_string().into();
            fields.fault("version", Error::Version { text: excerpt(version), cause })
        })?,
        digest: from_base64(digest)
            .map(RecursiveDigest)
            .ok_or_else(|| fields.fault("digest", Error::ContentDigest { text: excerpt(digest) }))?,
    })
}

fn opinion(node: &Node<'_>) -> Result<Opinion, Fault> {
    let fields = Fields::of(node, "review")?;
    fields.only(&[&["thoroughness", "understanding", "rating"]])?;
    Ok(Opinion {
        thoroughness: fields.word("thoroughness", &GRADES)?,
        understanding: fields.word("understanding", &GRADES)?,
        rating: fields.word(
            "rating",
            &[
                ("strong", Rating::Strong),
                ("positive", Rating::Positive),
                ("neutral", Rating::Neutral),
                ("negative", Rating::Negative),
                ("dangerous", Rating::Dangerous),
            ],
        )?,
    })
}

const GRADES: [(&str, Grade); 4] =
    [("none", Grade::None), ("low", Grade::Low), ("medium", Grade::Medium), ("high", Grade::High)];

fn issue(node: &Node<'_>) -> Result<Box<str>, Fault> {
    let fields = Fields::of(node, "an issue")?;
    fields.only(&[&["id", "severity", "range", "comment"]])?;
    Ok(fields.required_text("id")?.into())
}

fn advisory(node: &Node<'_>) -> Result<Vec<Box<str>>, Fault> {
    let fields = Fields::of(node, "an advisory")?;
    fields.only(&[&["ids", "severity", "range", "comment"]])?;
    fields.list("ids")?.iter().map(|id| Ok(text(id, "ids")?.into())).collect()
}

fn trust(fields: &Fields<'_, '_>) -> Result<TrustProof, Fault> {
    fields.only(&[&COMMON, &["ids", "trust", "override"]])?;
    fields.required("ids")?;
    let [none, low, medium, high] = GRADES.map(|(word, grade)| (word, Trust::Grade(grade)));
    Ok(TrustProof {
        ids: fields.list("ids")?.iter().map(of_author).collect::<Result<_, _>>()?,
        trust: fields.word("trust", &[none, low, medium, high, ("distrust", Trust::Distrust)])?,
    })
}

fn of_author(node: &Node<'_>) -> Result<Author, Fault> {
    let fields = Fields::of(node, "an id")?;
    fields.only(&[&["id-type", "id", "url", "url-type"]])?;
    fields.word("id-type", &[("crev", ())])?;
    let id: ReviewerId =
        fields.required_text("id")?.parse().map_err(|error| fields.fault("id", Error::ReviewerId(error)))?;
    Ok(Author { id, url: fields.text("url")?.map(Into::into) })
}

/// A mapping of a body.
struct Fields<'n, 'b> {
    line: u32,
    entries: &'n [(&'b str, Node<'b>)],
}

impl<'n, 'b> Fields<'n, 'b> {
    fn of(node: &'n Node<'b>, what: &str) -> Result<Self, Fault> {
        match &node.value {
            Value::Map(entries) => Ok(Self { line: node.line, entries }),
            other => Err((node.line, wrong_type(what, "a table", other))),
        }
    }

    fn get(&self, key: &str) -> Option<&'n Node<'b>> {
        self.entries.iter().find(|(other, _)| *other == key).map(|(_, node)| node)
    }

    fn required(&self, key: &'static str) -> Result<&'n Node<'b>, Fault> {
        self.get(key).ok_or((self.line, Error::Missing(key)))
    }

    fn text(&self, key: &str) -> Result<Option<&'n str>, Fault> {
        self.get(key).map(|node| text(node, key)).transpose()
    }

    fn required_text(&self, key: &'static str) -> Result<&'n str, Fault> {
        text(self.required(key)?, key)
    }

    /// The items under `key`; none if it is absent.
    fn list(&self, key: &str) -> Result<&'n [Node<'b>], Fault> {
        match self.get(key).map(|node| (node.line, &node.value)) {
            None => Ok(&[]),
            Some((_, Value::List(items))) => Ok(items),
            Some((line, other)) => Err((line, wrong_type(key, "a list", other))),
        }
    }

    /// What the word under `key` stands for.
    fn word<T: Copy>(&self, key: &'static str, words: &[(&'static str, T)]) -> Result<T, Fault> {
        let text = self.required_text(key)?;
        let known = words.iter().find(|(word, _)| *word == text);
        known.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let known = words.iter().map(|(word, _)| *word).collect();
            self.fault(key, Error::Word { key, text: excerpt(text), known })
        })
    }

    /// Fails on the first key that is in none of these lists.
    fn only(&self, known: &[&[&str]]) -> Result<(), Fault> {
        match self.entries.iter().find(|(key, _)| !known.iter().any(|keys| keys.contains(key))) {
            None => Ok(()),
            Some((key, node)) => Err((node.line, Error::UnknownKey { key: excerpt(key) })),
        }
    }

    /// A fault of the value under `key`.
    fn fault(&self, key: &str, error: Error) -> Fault {
        (self.get(key).map_or(self.line, |node| node.line), error)
    }
}

fn text<'n>(node: &'n Node<'_>, key: &str) -> Result<&'n str, Fault> {
    match &node.value {
        Value::Text(text) => Ok(text),
        other => Err((node.line, wrong_type(key, "a string", other))),
    }
}

fn wrong_type(key: &str, expected: &'static str, found: &Value<'_>) -> Error {
    let found = match found {
        Value::Text(_) => "a string",
        Value::List(_) => "a list",
        Value::Map(_) => "a table",
    };
    Error::Type { key: excerpt(key), expected, found }
}
