//! A registry's `config.json`: where releases are downloaded from.
//!
//! [`RegistryConfig::parse`] reads it once; [`RegistryConfig::download_url`] then names the `.crate` of a release
//! as cargo would.

use std::borrow::Cow;

use fence_model::{CrateName, Digest};
use semver::Version;
use serde::Deserialize;

use crate::path::prefix;
use crate::{Error, Limits};

/// What a registry says about itself in the `config.json` at its index's root. Unknown keys are left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryConfig {
    /// Where downloads are, with or without markers (see [`Self::download_url`]).
    pub dl: String,
    /// Where the registry's web API is, if it has one.
    pub api: Option<String>,
    /// Whether every request must carry a token.
    pub access: Access,
}

/// Whether a registry answers anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It does.
    Open,
    /// Reads and downloads need a token as well (`"auth-required": true`).
    TokenRequired,
}

/// What cargo replaces in `dl`.
const MARKERS: [&str; 5] = ["{crate}", "{version}", "{prefix}", "{lowerprefix}", "{sha256-checksum}"];

impl RegistryConfig {
    /// Reads the bytes of a `config.json`.
    ///
    /// # Errors
    /// [`Error::ConfigNotJson`] if it is not a JSON object with a text `dl`, [`Error::ConfigAddress`] if an
    /// address has white space or control characters in it, [`Error::TooLarge`].
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, Error> {
        if bytes.len() > limits.config_bytes {
            return Err(Error::TooLarge {
                what: "config.json",
                bytes: bytes.len(),
                limit: limits.config_bytes,
            });
        }
        let raw: RawConfig<'_> = serde_json::from_slice(bytes).map_err(|error| Error::ConfigNotJson {
            line: error.line(),
            column: error.column(),
            why: crate::error::without_place(&error),
        })?;
        for (key, address) in [("dl", Some(&raw.dl)), ("api", raw.api.as_ref())] {
            // An address ends up in a request line: what could split that is no address.
            if let Some(address) = address
                && (address.is_empty() || address.chars().any(|c| c.is_whitespace() || c.is_control()))
            {
                return Err(Error::ConfigAddress { key, address: crate::error::shown(address) });
            }
        }
        Ok(Self {
            dl: raw.dl.into_owned(),
            api: raw.api.map(Cow::into_owned),
            access: if raw.auth_required { Access::TokenRequired } else { Access::Open },
        })
    }

    /// The address of a release's `.crate`.
    ///
    /// In `dl` cargo replaces `{crate}`, `{version}`, `{prefix}` (the folders of the index path, in the name's
    /// case), `{lowerprefix}` and `{sha256-checksum}`; a `dl` without any of them is a folder, and
    /// `/{crate}/{version}/download` is added to it.
    pub fn download_url(&self, name: &CrateName, version: &Version, digest: &Digest) -> String {
        if !MARKERS.iter().any(|marker| self.dl.contains(marker)) {
            return format!("{}/{name}/{version}/download", self.dl);
        }
        self.dl
            .replace("{crate}", name.as_str())
            .replace("{version}", &version.to_string())
            .replace("{prefix}", &prefix(name.as_str()))
            .replace("{lowerprefix}", &prefix(name.as_str()).to_ascii_lowercase())
            .replace("{sha256-checksum}", &digest.to_string())
    }
}

#[derive(Deserialize)]
struct RawConfig<'a> {
    #[serde(borrow)]
    dl: Cow<'a, str>,
    api: Option<Cow<'a, str>>,
    #[serde(default, rename = "auth-required")]
    auth_required: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<RegistryConfig, Error> {
        RegistryConfig::parse(text.as_bytes(), &Limits::DEFAULT)
    }

    #[test]
    fn downloads_are_where_cargo_looks() {
        let digest: Digest = "ab".repeat(32).parse().unwrap();
        let check = |dl: &str, expected: &str| {
            let config = parse(&format!(r#"{{"dl": "{dl}"}}"#)).unwrap();
            let url =
                config.download_url(&"MyCrate".parse().unwrap(), &"1.0.0-rc.1+b".parse().unwrap(), &digest);
            assert_eq!(url, expected);
        };
        check("https://r.example/dl", "https://r.example/dl/MyCrate/1.0.0-rc.1+b/download");
        check("https://r.example/{crate}-{version}.crate", "https://r.example/MyCrate-1.0.0-rc.1+b.crate");
        check("https://r.example/{prefix}/{crate}", "https://r.example/My/Cr/MyCrate");
        check("https://r.example/{lowerprefix}/{crate}", "https://r.example/my/cr/MyCrate");
        check("https://r.example/{sha256-checksum}", &format!("https://r.example/{}", "ab".repeat(32)));
        check("https://r.example/{unknown}", "https://r.example/{unknown}/MyCrate/1.0.0-rc.1+b/download");
    }

    #[test]
    fn a_registry_says_whether_it_wants_a_token() {
        let open = parse(r#"{"dl": "https://r.example", "api": null, "unknown": [1]}"#).unwrap();
        assert_eq!((open.api, open.access), (None, Access::Open));
        let closed =
            parse(r#"{"dl": "https://r.example", "api": "https://r.example/api", "auth-required": true}"#)
                .unwrap();
        assert_eq!(
            (closed.api.as_deref(), closed.access),
            (Some("https://r.example/api"), Access::TokenRequired)
        );
    }

    #[test]
    fn what_is_no_configuration_is_refused() {
        let check = |text: &str, expected: &str| {
            let error = parse(text).unwrap_err();
            assert_eq!(format!("{error}; {}", error.hint()), expected);
        };
        let way_out = "the registry's address may be wrong, or what answers there is no registry: \
                       compare it with `[registries]` and `[source]` in cargo's configuration";
        check(
            "<html>",
            &format!(
                "config.json of the registry, line 1, column 1: not a registry's configuration: expected value; {way_out}"
            ),
        );
        check(
            "{}",
            &format!(
                "config.json of the registry, line 1, column 2: not a registry's configuration: missing field `dl`; {way_out}"
            ),
        );
        check(
            r#"{"dl": "https://r.example/a b"}"#,
            &format!("config.json of the registry: `dl` is no address: \"https://r.example/a b\"; {way_out}"),
        );
    }
}
