//! What releases and reviewers are called: crate names, digests, ids, and the one spelling of each.
//!
//! Everything here is parsed once, from bytes a stranger may have chosen, and printed back to the same bytes.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// Longest crate name that crates.io accepts; other registries follow it.
pub const MAX_NAME_BYTES: usize = 64;

/// The name of a crate, as its registry spells it.
///
/// ASCII letters, digits, `-` and `_`, at most [`MAX_NAME_BYTES`], starting with a letter or digit
/// (a leading `_` is allowed because old crates have it).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct CrateName(Box<str>);

/// Why a string is no crate name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameError(String);

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: String = self.0.chars().take(MAX_NAME_BYTES).collect();
        write!(
            f,
            "{shown:?} is not a crate name: letters, digits, `-` and `_`, at most {MAX_NAME_BYTES}, not starting with `-`"
        )
    }
}

impl std::error::Error for NameError {}

/// Whether `text` is a crate name; the rule of [`CrateName`], without allocating.
pub fn is_crate_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    matches!(bytes.first(), Some(b) if b.is_ascii_alphanumeric() || *b == b'_')
        && bytes.len() <= MAX_NAME_BYTES
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-' || *b == b'_')
}

impl FromStr for CrateName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if is_crate_name(text) { Ok(Self(text.into())) } else { Err(NameError(text.into())) }
    }
}

impl CrateName {
    /// The name as its registry spells it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for CrateName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CrateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CrateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl<'de> Deserialize<'de> for CrateName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// SHA-256 of a release's `.crate` file: 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

/// Why a string is no digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DigestError;

impl fmt::Display for DigestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a SHA-256 digest: 64 lower-case hexadecimal digits are expected")
    }
}

impl std::error::Error for DigestError {}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let bytes: &[u8; 64] = text.as_bytes().try_into().map_err(|_| DigestError)?;
        let nibble = |b: u8| match b {
            b'0'..=b'9' => Ok(b - b'0'),
            b'a'..=b'f' => Ok(b - b'a' + 10),
            _ => Err(DigestError),
        };
        let mut digest = [0; 32];
        for (byte, pair) in digest.iter_mut().zip(bytes.chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Ok(Self(digest))
    }
}

impl Digest {
    /// The first eight digits, for people who compare by eye.
    pub fn short(&self) -> String {
        let mut text = self.to_string();
        text.truncate(8);
        text
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Who signs reviews: an Ed25519 public key, as crev writes it, in 43 characters of URL-safe base64.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReviewerId(pub [u8; 32]);

/// Why a string is no reviewer's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewerIdError(String);

impl fmt::Display for ReviewerIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a crev id: 43 letters, digits, `-` and `_`, which stand for 32 bytes", self.0)
    }
}

impl std::error::Error for ReviewerIdError {}

impl FromStr for ReviewerId {
    type Err = ReviewerIdError;

    fn from_str(text: &str) -> Result<Self, ReviewerIdError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| ReviewerIdError(text.chars().take(64).collect()))
    }
}

impl ReviewerId {
    /// The first eight characters, for people who compare by eye.
    pub fn short(&self) -> String {
        let mut text = self.to_string();
        text.truncate(8);
        text
    }
}

impl fmt::Display for ReviewerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for ReviewerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Who signs statements, as a file of allowed signers calls them: mostly an address such as `ann@example.org`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Principal(Box<str>);

/// Why a string names nobody who signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrincipalError(String);

impl fmt::Display for PrincipalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is not a signer's name: up to 255 letters, digits and signs, without blanks, commas, quotes, \
             backslashes, `*`, `?`, `!` and `#`",
            self.0
        )
    }
}

impl std::error::Error for PrincipalError {}

impl FromStr for Principal {
    type Err = PrincipalError;

    fn from_str(text: &str) -> Result<Self, PrincipalError> {
        // What files of allowed signers give another meaning, or end a word at, would name somebody else there.
        let is_plain = |b: u8| b.is_ascii_graphic() && !b",\"'\\*?!#".contains(&b);
        if (1..=255).contains(&text.len()) && text.bytes().all(is_plain) {
            Ok(Self(text.into()))
        } else {
            Err(PrincipalError(text.chars().take(64).collect()))
        }
    }
}

impl Principal {
    /// As the allowed signers spell it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::borrow::Borrow<str> for Principal {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Serialize for Principal {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Principal {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for ReviewerId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ReviewerId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// One published version of a crate.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReleaseId {
    /// The crate.
    pub name: CrateName,
    /// The full version, build metadata included.
    pub version: semver::Version,
}

impl fmt::Display for ReleaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

impl fmt::Debug for ReleaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The releases that cargo takes for one another: what a caret requirement on the first would also accept.
///
/// `1.2.3` and `1.9.0` are of one class, `0.2.1` and `0.3.0` are not, `0.0.1` and `0.0.2` are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CaretClass {
    /// `1`, `2`, …
    Major(u64),
    /// `0.1`, `0.2`, …
    Minor(u64),
    /// `0.0.1`, `0.0.2`, …: each is alone.
    Patch(u64),
}

impl CaretClass {
    /// The class of `version`.
    pub fn of(version: &semver::Version) -> Self {
        match (version.major, version.minor, version.patch) {
            (0, 0, patch) => Self::Patch(patch),
            (0, minor, _) => Self::Minor(minor),
            (major, _, _) => Self::Major(major),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_print_back_what_was_read() {
        let text = "a2".repeat(32);
        assert_eq!(text.parse::<Digest>().unwrap().to_string(), text);
        for bad in ["", "a2", &"A2".repeat(32), &"g2".repeat(32), &"a2".repeat(33)] {
            assert_eq!(bad.parse::<Digest>(), Err(DigestError), "{bad}");
        }
    }

    #[test]
    fn reviewers_print_back_what_was_read() {
        let text = "FYlr8YoYGVvDwHQxqEIs89reKKDy-oWisoO0qXXEfHE";
        let id: ReviewerId = text.parse().unwrap();
        assert_eq!((id.to_string().as_str(), id.short().as_str()), (text, "FYlr8YoY"));
        // The last character stands for four bits only: another spelling of the same bytes is none.
        let other_spelling = format!("{}F", &text[..42]);
        for bad in
            ["", "FYlr8YoY", &text[..42], &format!("{text}A"), &text.replace('-', "+"), &other_spelling]
        {
            assert!(bad.parse::<ReviewerId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_signer_is_one_word_that_no_file_of_signers_reads_otherwise() {
        for good in ["ann@example.org", "bob", "x"] {
            assert_eq!(good.parse::<Principal>().unwrap().as_str(), good);
        }
        for bad in
            ["", "ann,bob", "*@example.org", "a b", "!ann", "\"ann\"", "#ann", "ännchen", &"x".repeat(256)]
        {
            assert!(bad.parse::<Principal>().is_err(), "{bad}");
        }
    }

    #[test]
    fn names_are_what_registries_accept() {
        for good in ["a", "serde_json", "proc-macro2", "_private", "3d", &"x".repeat(64)] {
            assert_eq!(good.parse::<CrateName>().unwrap().as_str(), good);
        }
        for bad in ["", "-a", "a/b", "..", "a.b", "naïve", "a b", &"x".repeat(65)] {
            assert!(bad.parse::<CrateName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn caret_classes_are_cargos() {
        let class = |v: &str| CaretClass::of(&semver::Version::parse(v).unwrap());
        assert_eq!(class("1.2.3"), class("1.9.0"));
        assert_ne!(class("0.2.1"), class("0.3.0"));
        assert_ne!(class("0.0.1"), class("0.0.2"));
    }
}
